"""From a case of generation to movements, and what named changes do to them."""

from __future__ import annotations

import math

import pytest
from movement_inputs import made_generation

from truceline.deployment.make import find_parliament, move_plan, plan_generation, plan_movement
from truceline.deployment.model import Movement
from truceline.deployment.network import read_network
from truceline.deployment.timeline import follow, list_criteria
from truceline.deployment.what_ifs import NEXT_DOOR, WhatIf, list_what_ifs, lose, wait_next_door
from truceline.errors import ScenarioError
from truceline.scenario.catalogue import load_catalogue

ASSUMPTIONS = load_catalogue()
NETWORK = read_network()
GENERATION = made_generation()
CASE = "everyone-decides"


def plan(**changes: object):
    what_if = WhatIf("changed", "A change", **changes)  # type: ignore[arg-type]
    return plan_generation(GENERATION, NETWORK, ASSUMPTIONS, case=CASE, what_if=what_if)


def strength_days(made) -> float:
    return float(move_plan(made, ASSUMPTIONS, method="forward").in_place.sum())


def test_everybody_who_comes_moves_with_mark_and_range() -> None:
    made, result = plan(), GENERATION.cases[CASE]
    assert made.people == pytest.approx(result.people.value)
    assert made.people_ours == pytest.approx(result.people_ours)
    for one in made.movements:
        assert one.basis in ("ours", "stated")
        if one.is_ours:
            assert one.people_low < one.people < one.people_high  # type: ignore[operator]


def test_nobody_starts_before_notice_is_over() -> None:
    for one in plan().movements:
        assert one.ready_day >= one.approved_day + ASSUMPTIONS["deployment.notice_quick"].bounds[0]


def test_enablers_have_dates_and_no_load() -> None:
    made = plan()
    assert made.enablers
    assert not {one.capability for one in made.enablers} & {one.capability for one in made.movements}


def test_the_aircraft_that_come_are_the_lift_there_is() -> None:
    made = plan()
    aircraft = sum(one.units for one in made.enablers if one.capability == "strategic-lift")
    assert made.lift is not None
    assert made.lift.value == pytest.approx(aircraft * 0.8 * 30)
    assert made.network.nodes["airlift-nations"].capacity is made.lift


def test_without_lift_of_the_united_states_its_node_passes_nothing() -> None:
    assert plan(us_lift=False).network.nodes["airlift-us"].capacity.value == 0
    assert plan(us_lift=True).network.nodes["airlift-us"].capacity.value == 1200
    today = plan_generation(GENERATION, NETWORK, ASSUMPTIONS, case="today")
    assert today.network.nodes["airlift-us"].capacity.value == 0  # type: ignore[union-attr]


def test_each_what_if_moves_the_force_the_way_it_should() -> None:
    plain = strength_days(plan())
    assert strength_days(plan(early_days=90.0)) > plain
    assert strength_days(plan(next_door=3000.0)) > plain
    assert strength_days(plan(us_lift=False)) <= plain
    key = find_parliament(plan())
    assert key.startswith("parliament.")
    assert strength_days(plan(delays={key: 90.0})) < plain
    lost = plan_generation(GENERATION, NETWORK, ASSUMPTIONS, case=CASE, what_if=lose("buses-north", 1, 365))
    assert strength_days(lost) < plain


def test_the_most_urgent_wait_next_door() -> None:
    moving = [
        Movement("A", "manoeuvre", 500, "heavy", 40, 10, 20, priority=3, people_low=100, people_high=900),
        Movement("B", "observation", 300, "light", 50, 10, 25, priority=1),
    ]
    near = wait_next_door(moving, 400)
    assert sum(one.people for one in near) == 800
    waiting = [one for one in near if one.origin == NEXT_DOOR]
    assert [(one.nation, one.people, one.ready_day, one.release_days) for one in waiting] == [
        ("A", 100, 20, 0), ("B", 300, 25, 0),
    ]  # fmt: skip
    assert waiting[0].people_high == pytest.approx(180)
    assert wait_next_door(moving, 0) == moving


def test_mistakes_of_a_what_if_are_gathered() -> None:
    with pytest.raises(ScenarioError) as caught:
        plan(delays={"parliament.ATL": 5.0}, early_days=-1.0, next_door=math.nan)
    assert str(caught.value).count("\n") == 3
    with pytest.raises(ScenarioError, match="'moon' is not a node"):
        move_plan(
            plan_generation(GENERATION, NETWORK, ASSUMPTIONS, case=CASE, what_if=lose("moon", 1, 2)),
            ASSUMPTIONS,
        )
    with pytest.raises(ScenarioError, match="are not a time"):
        lose("gauge-west", 9, 3)
    with pytest.raises(ScenarioError, match="'dream' is not a case"):
        plan_generation(GENERATION, NETWORK, ASSUMPTIONS, case="dream")


def test_the_listed_what_ifs_all_work() -> None:
    listed = list_what_ifs(
        next_door=2000,
        early_days=60,
        delay_days=60,
        horizon=365,
        port="port-constanta",
        parliament=find_parliament(plan()),
    )
    assert [one.key for one in listed] == [
        "as-planned", "early", "next-door", "lost-port", "late-parliament", "no-us-lift",
    ]  # fmt: skip
    for what_if in listed:
        made = plan_generation(GENERATION, NETWORK, ASSUMPTIONS, case=CASE, what_if=what_if)
        move_plan(made, ASSUMPTIONS, method="forward")


def test_a_case_in_which_nobody_comes_says_so() -> None:
    made = plan_movement(GENERATION.cases["today"], GENERATION.gates, GENERATION.book, NETWORK, ASSUMPTIONS)
    flow = move_plan(made, ASSUMPTIONS)
    criteria = list_criteria(made.requirements, ASSUMPTIONS, GENERATION.basis.outcomes)
    timeline = follow(flow, made.requirements, criteria, GENERATION.basis.outcomes)
    assert {week.label for week in flow.weeks} == {"nobody comes"}
    assert math.isinf(timeline.days["first"])
    assert "nobody brings more" in timeline.missing("first")[0]
