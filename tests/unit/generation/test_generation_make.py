"""Force generation put together, on the packaged register and a made-up force."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from functools import cache

import numpy as np
import pytest
from generation_inputs import make_basis
from register_inputs import pledge_row

from truceline.errors import ScenarioError, TableError
from truceline.generation.make import Question, generate
from truceline.generation.model import WatchOutcomes
from truceline.generation.result import Generation
from truceline.scenario.assumption import Assumption
from truceline.scenario.catalogue import load_catalogue
from truceline.scenario.model import Contributors

ASSUMPTIONS = load_catalogue()
PACKAGED = Contributors(pledges="ukraine-2025")
DAYS = (date(2025, 2, 17), date(2025, 4, 10), date(2025, 9, 5), date(2026, 1, 31))
QUICK = Question(backstop=False, unlock=False, claims=False)
TASKS = ("isr-space", "isr-air", "isr-sea")


@cache
def seen_basis(mission="reassurance", brigades=4.0):
    gains = np.array(
        [sum(gain for bit, gain in enumerate((0.002, 0.008, 0.0)) if mask >> bit & 1) for mask in range(8)]
    )
    detect = np.array([[0.0], [0.6]]) + np.array([[0.0], [1.0]]) * gains
    outcomes = WatchOutcomes(TASKS, np.array([0.0, 1.0]), detect, detect / 2, detect / 10)
    return replace(make_basis(mission, brigades=brigades), outcomes=outcomes)


@cache
def whole(day=DAYS[-1], mission="reassurance", brigades=4.0) -> Generation:
    return generate(seen_basis(mission, brigades), PACKAGED, day, ASSUMPTIONS)


def people_on(day: date, **changes) -> float:
    return generate(seen_basis(), PACKAGED, day, ASSUMPTIONS, replace(QUICK, **changes)).shown.people.value


def test_the_same_question_gives_the_same_answer() -> None:
    again = generate(seen_basis(), PACKAGED, DAYS[-1], ASSUMPTIONS)
    first = whole()
    assert [trace.to_dict() for trace in again.headlines.values()] == [
        trace.to_dict() for trace in first.headlines.values()
    ]
    assert json.dumps([one.sentence for one in again.claims]) == json.dumps(
        [one.sentence for one in first.claims]
    )
    assert [one.sets for one in again.unlocking] == [one.sets for one in first.unlocking]


@pytest.mark.parametrize("day", DAYS)
def test_on_each_of_the_four_days_nobody_stands_in_the_country_and_more_met_brings_more(day: date) -> None:
    cases = generate(seen_basis(), PACKAGED, day, ASSUMPTIONS, QUICK).cases
    assert cases["today"].people.value == 0
    assert cases["no-backstop"].people.value <= cases["coalition"].people.value
    assert cases["coalition"].people.value <= cases["everyone-decides"].people.value


def test_only_two_nations_had_spoken_of_sending_people_by_the_day_of_the_paris_meeting() -> None:
    found = generate(seen_basis(), PACKAGED, DAYS[0], ASSUMPTIONS, QUICK)
    assert {one.code for one in found.shown.contributions if one.people.value > 0} == {"FRA", "GBR"}
    assert found.offers["GBR"].basis == "ours"
    assert found.offers["FRA"].basis == "stated"


def test_the_backstop_brings_nobody_more_where_those_without_conditions_are_enough() -> None:
    cases = whole().cases
    assert cases["no-backstop"].people.value == cases["coalition"].people.value
    worth = {one.task.key: one for one in whole().backstop.worth}
    assert worth["guarantee"].shapley["people"] == pytest.approx(0)
    assert worth["isr-air"].shapley["detect"] > 0


def test_where_more_are_wanted_than_come_without_it_the_backstop_brings_people() -> None:
    found = whole(mission="reassurance", brigades=12.0)
    gained = found.cases["coalition"].people.value - found.cases["no-backstop"].people.value
    assert gained > 0
    shapley = sum(one.shapley["people"] for one in found.backstop.worth)
    carried = found.backstop.value_with([task.key for task in found.backstop.tasks], "people")
    without = found.backstop.value_with([], "people")
    assert shapley == pytest.approx(carried - without)


def test_tasks_the_force_has_no_need_of_change_nothing() -> None:
    found = whole(day=DAYS[0], mission="observation", brigades=0.0)
    idle = {one.task.key for one in found.backstop.worth if one.changes_nothing}
    assert {"combat-air", "refuelling", "air-defence"} <= idle
    assert "guarantee" not in idle


def test_a_partial_supply_is_worth_less_than_a_whole_one() -> None:
    half = Contributors(pledges="ukraine-2025", supplied={"isr-air": Assumption(value=0.5, unit="1")})
    found = generate(seen_basis(), half, DAYS[-1], ASSUMPTIONS, replace(QUICK, backstop=True))
    worth = {one.task.key: one for one in found.backstop.worth}
    full = {one.task.key: one for one in whole().backstop.worth}
    assert 0 < worth["isr-air"].last["detect"] < full["isr-air"].last["detect"]


def test_meeting_and_unmeeting_conditions_makes_a_case_of_its_own() -> None:
    found = generate(
        seen_basis(), PACKAGED, DAYS[-1], ASSUMPTIONS, replace(QUICK, unmeet=("parliament.TUR",))
    )
    assert found.case_key == "coalition -parliament.TUR"
    assert "TUR" not in found.shown.codes
    assert "TUR" in found.cases["coalition"].codes


def test_without_a_target_of_its_own_the_largest_quarter_within_reach_is_sought() -> None:
    found = whole(mission="reassurance", brigades=12.0)
    assert any(one.reachable for one in found.unlocking)
    assert [one.joint for one in found.unlocking] == [False, True]
    assert found.unlocking[0].target < found.basis.deployed.value


def test_every_headline_unfolds_to_leaves_that_name_a_source_or_are_computed() -> None:
    for name, traced in whole().headlines.items():
        assert traced.name == name
        for leaf in traced.leaves():
            assert leaf.source or leaf.evidence in ("computed", "stated"), (name, leaf.name)


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ({"burden": "by lot"}, "is not a rule"),
        ({"meet": ("peace on earth",)}, "not a known condition"),
        ({"meet": ("mandate.un",)}, "cannot hold together"),
        ({"case": "utopia"}, "is not a case"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused(question: dict, found: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        generate(seen_basis(), PACKAGED, DAYS[-1], ASSUMPTIONS, replace(QUICK, **question))
    assert any(found in problem.found for problem in caught.value.problems)


def test_a_supply_of_a_task_that_is_none_is_refused() -> None:
    wrong = Contributors(pledges="ukraine-2025", supplied={"moonlight": Assumption(value=1, unit="1")})
    with pytest.raises(ScenarioError, match="is not a task"):
        generate(seen_basis(), wrong, DAYS[-1], ASSUMPTIONS, QUICK)


def test_a_users_register_is_used_and_its_mistakes_are_gathered(tmp_path) -> None:
    rows = [
        pledge_row(1, "GBR", "2026-01-01", size_low="300", size_high="300"),
        pledge_row(2, "FRA", "2026-01-02", size_low="400", size_high="400"),
    ]
    path = tmp_path / "mine.csv"
    lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = generate(seen_basis(), Contributors(pledges=path), DAYS[-1], ASSUMPTIONS, QUICK)
    assert {one.code: one.people.value for one in found.shown.contributions if one.people.value} == {
        "GBR": 300,
        "FRA": 390,
    }
    broken = "\n".join([*lines, ",".join(pledge_row(3, "ATL", "2026-01-02", size_low="-4").values())])
    path.write_text(broken, encoding="utf-8")
    with pytest.raises(TableError) as caught:
        generate(seen_basis(), Contributors(pledges=path), DAYS[-1], ASSUMPTIONS, QUICK)
    assert len(caught.value.problems) == 2


def test_fewer_people_were_on_offer_in_winter_2025_than_a_year_later() -> None:
    assert people_on(DAYS[0]) < people_on(DAYS[-1])
