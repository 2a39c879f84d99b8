"""The table of capabilities: complete, consistent, and every task of a plan has one place in it."""

from __future__ import annotations

import pytest

from truceline.errors import ProblemList, ScenarioError
from truceline.generation import capabilities as module
from truceline.generation.capabilities import (
    find_capability,
    list_from_outside,
    read_capabilities,
    read_ruled_out,
)
from truceline.generation.model import TaskNeed
from truceline.generation.pledges import CAVEATS
from truceline.scenario.catalogue import load_catalogue
from truceline.scenario.reference import read_table

ROWS = {row["capability"]: row for row in read_table("capabilities")}


def task(key: str, group: str, unit: str = "unit") -> TaskNeed:
    return TaskNeed(key, group, key, 1, unit, 1)


def test_there_are_people_and_enablers_and_every_row_says_why() -> None:
    found = read_capabilities()
    assert [c.kind for c in found] == ["people"] * 9 + ["enabler"] * 13
    assert all(row["why"] for row in ROWS.values())
    assert all(capability.tasks for capability in found if capability.kind == "people")


def test_every_material_task_of_the_backstop_brings_something() -> None:
    tasks = {c.backstop_task for c in read_capabilities() if c.kind == "enabler"}
    assert tasks == {
        "isr-space",
        "isr-air",
        "isr-sea",
        "refuelling",
        "combat-air",
        "air-defence",
        "strategic-lift",
        "theatre-logistics",
        "medevac",
        "satcom-command",
    }


def test_the_backstop_brings_no_people() -> None:
    assert not any(c.backstop_task for c in read_capabilities() if c.kind == "people")


def test_a_block_follows_the_assumption() -> None:
    changed = load_catalogue().replaced({"generation.platoon_people": 40, "generation.battalion_people": 700})
    blocks = {c.key: c.block for c in read_capabilities(changed)}
    assert (blocks["observation"], blocks["manoeuvre"], blocks["combat-air"]) == (40, 700, 1)


@pytest.mark.parametrize(
    ("need", "key"),
    [
        (task("armed_posts", "watch"), "observation"),
        (task("anything.new", "watch"), "observation"),
        (task("drone", "watch", "orbit or cell"), "drones"),
        (task("eyes in the sky", "watch", "orbit or cell"), "drones"),
        (task("reaction", "reaction"), "reaction"),
        (task("brigades", "deterrence"), "manoeuvre"),
        (task("medical", "support"), "medical"),
        (task("bakery", "support"), "aviation"),
    ],
)
def test_a_task_finds_its_capability(need: TaskNeed, key: str) -> None:
    assert find_capability(read_capabilities(), need).key == key


def test_a_task_of_an_unknown_group_is_refused() -> None:
    with pytest.raises(ScenarioError, match="the group 'leisure' belongs to no capability"):
        find_capability(read_capabilities(), task("golf", "leisure"))


def test_caveats_that_rule_out_are_caveats_of_the_register() -> None:
    ruled_out = read_ruled_out()
    assert set(ruled_out) <= set(CAVEATS)
    assert ruled_out["no-front-line"] == ("observation", "reaction")
    people = {c.key for c in read_capabilities() if c.kind == "people"}
    assert {key for keys in ruled_out.values() for key in keys} <= people


def test_what_serves_from_outside_is_an_enabler_that_can() -> None:
    outside = set(list_from_outside())
    assert outside <= {c.key for c in read_capabilities() if c.kind == "enabler"}
    assert not outside & {"air-defence", "medevac", "hospital", "theatre-logistics"}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"kind": "magic"}, "is not a kind"),
        ({"priority": "9"}, "is not a priority"),
        ({"tasks": ""}, "people need tasks"),
        ({"block": "generation.nothing"}, "neither 1 nor an assumption"),
    ],
)
def test_a_row_that_is_wrong_is_named(change: dict[str, str], says: str) -> None:
    problems = ProblemList()
    assert module._parse({**ROWS["observation"], **change}, load_catalogue(), problems) is None
    assert says in str(problems.problems[0])
    assert "capabilities observation" in problems.problems[0].where
