"""Strength over time and the days on which written criteria are met."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from movement_inputs import made_generation

from truceline.deployment.make import move_plan, plan_generation
from truceline.deployment.network import read_network
from truceline.deployment.timeline import Criterion, follow, list_criteria, measure
from truceline.errors import ScenarioError
from truceline.scenario.catalogue import load_catalogue
from truceline.trace import Traced

ASSUMPTIONS = load_catalogue()
GENERATION = made_generation()
OUTCOMES = GENERATION.basis.outcomes
PLAN = plan_generation(GENERATION, read_network(), ASSUMPTIONS, case="everyone-decides")
FLOW = move_plan(PLAN, ASSUMPTIONS, days=300, method="forward")
CRITERIA = list_criteria(PLAN.requirements, ASSUMPTIONS, OUTCOMES)


def share(value: float) -> Traced:
    return Traced("share", value, "1")


def test_strength_is_the_same_by_nation_by_capability_and_in_all() -> None:
    timeline = follow(FLOW, PLAN.requirements, CRITERIA, OUTCOMES)
    assert np.sum(list(timeline.by_nation.values()), axis=0) == pytest.approx(timeline.total)
    assert np.sum(list(timeline.by_capability.values()), axis=0) == pytest.approx(timeline.total)
    assert np.all(timeline.ours <= timeline.total + 1e-9)
    assert timeline.ours[-1] > 0


def test_a_stage_is_reached_with_its_last_criterion() -> None:
    timeline = follow(FLOW, PLAN.requirements, CRITERIA, OUTCOMES)
    first = [one.day for one in timeline.criteria if one.criterion.stage == "first"]
    assert timeline.days["first"] == max(first)
    assert timeline.days["full"] >= 0
    for one in timeline.criteria:
        assert math.isinf(one.day) == bool(one.missing)
        if math.isfinite(one.day):
            series = measure(
                one.criterion,
                timeline.by_capability,
                {
                    each.capability.key: each.units
                    for each in PLAN.requirements
                    if each.capability.kind == "people"
                },
                OUTCOMES,
            )
            assert series[math.ceil(one.day)] >= one.criterion.share.value * (1 - 1e-5)
            assert one.day == 0 or series[math.ceil(one.day) - 1] < one.criterion.share.value


def test_detection_follows_the_watch_and_not_its_strength() -> None:
    criterion = Criterion("watch", "first", "x", "detection", share(0.6), "observation")
    series = measure(
        criterion, {"observation": np.array([0.0, 25.0, 50.0, 200.0])}, {"observation": 100}, OUTCOMES
    )
    assert series == pytest.approx([0, 1 / 3, 2 / 3, 1])


def test_a_criterion_that_is_out_of_reach_says_what_is_missing() -> None:
    criterion = Criterion("hq", "full", "Headquarters run", "capability", share(1), "headquarters")
    wanted = [replace(one, need=replace(one.need, value=one.need.value * 3)) for one in PLAN.requirements]
    timeline = follow(FLOW, wanted, [criterion])
    assert math.isinf(timeline.days["full"])
    assert "headquarters, signals and staff" in timeline.missing("full")[0]
    assert timeline.missing("first") == ()
    short = move_plan(PLAN, ASSUMPTIONS, days=20, method="forward")
    late = follow(short, PLAN.requirements, [replace(criterion, share=share(0.5))])
    assert "still on the way" in late.missing("full")[0]


def test_a_criterion_nobody_can_answer_is_refused() -> None:
    with pytest.raises(ScenarioError, match="needs no 'balloons'"):
        follow(FLOW, PLAN.requirements, [Criterion("b", "first", "x", "capability", share(1), "balloons")])
    with pytest.raises(ScenarioError, match="without a map"):
        follow(FLOW, PLAN.requirements, [Criterion("w", "first", "x", "detection", share(1), "observation")])


def test_without_a_map_the_watch_counts_by_its_people() -> None:
    plain = list_criteria(PLAN.requirements, ASSUMPTIONS)
    assert {one.measure for one in plain} == {"capability", "people", "every"}
    assert [one.key for one in plain] == [one.key for one in CRITERIA]
