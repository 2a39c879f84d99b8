"""A small sound scenario with a map and one without, to be spoilt one thing at a time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from truceline.errors import Problem, ScenarioError
from truceline.scenario.load import LoadedScenario, read_scenario

WITH_MAP = """\
format: 1
name: small
title: A small line
as_of: 2025-02-17
line: {places: ukraine-2025-02-17}
zone:
  half_width: 5 km
  limitation:
    - {name: artillery, start: 5 km, end: 15 km}
incidents:
  kinds: {person: 0.5, vehicle: 0.5}
  states: {day: 0.6, night: 0.4}
  decay: 2 km
posture: observers
postures:
  observers:
    label: Observers
    watch: 4 person/km
    rules: {sides: [a, b], spacing: 1 km, distances: [1 km, 3 km]}
    means:
      post: {label: Post, kind: post, sensors: [op_human]}
      patrol: {label: Patrol, kind: patrol, sensors: [patrol_vehicle], at_least: 0.1 / km, at_most: 0.3 / km}
    reaction: {time: 90 min}
variants:
  wide:
    zone.half_width: 8 km
    zone.limitation.0.start: 8 km
"""

WITHOUT_MAP = """\
format: 1
name: counted
title: A counted line
as_of: 2004-12-01
line: {length: 80 km}
posture: as-it-was
postures:
  as-it-was:
    label: As it was
    given: {posts: 19, people: 1000 people}
"""


def load(
    tmp_path: Path, text: str, *, variant: str | None = None, overrides: Sequence[str] = ()
) -> LoadedScenario:
    """Write `text` as a file and load it."""
    path = tmp_path / "case.yaml"
    path.write_text(text, encoding="utf-8")
    return read_scenario(path, variant=variant, overrides=overrides)


def refusals(
    tmp_path: Path, text: str, *, variant: str | None = None, overrides: Sequence[str] = ()
) -> tuple[Problem, ...]:
    """Return the problems for which `text` is refused; each must have a place and a hint."""
    with pytest.raises(ScenarioError) as caught:
        load(tmp_path, text, variant=variant, overrides=overrides)
    for problem in caught.value.problems:
        assert problem.where
        assert problem.found
        assert problem.hint, f"no hint: {problem}"
    return caught.value.problems


def only_refusal(
    tmp_path: Path, text: str, *, variant: str | None = None, overrides: Sequence[str] = ()
) -> str:
    """Return the one line for which `text` is refused."""
    problems = refusals(tmp_path, text, variant=variant, overrides=overrides)
    assert len(problems) == 1, problems
    return str(problems[0])
