"""Who brings what in a case, what is short, and how many people the enablers in hand can carry."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache

import pytest
from generation_inputs import make_basis

from truceline.generation.cases import list_cases
from truceline.generation.matching import carry_people, fill_enabler, match_offers, settle_case, tasks_in
from truceline.generation.model import Basis, Offer, Requirement
from truceline.generation.requirements import list_requirements
from truceline.generation.result import CaseResult
from truceline.generation.situation import Situation, read_situation
from truceline.scenario.catalogue import load_catalogue
from truceline.scenario.model import Contributors
from truceline.trace import ENDS, Traced

ASSUMPTIONS = load_catalogue()
WINTER = date(2026, 1, 31)
PACKAGED = Contributors(pledges="ukraine-2025")


@cache
def the_basis() -> Basis:
    return make_basis()


@cache
def the_requirements() -> tuple[Requirement, ...]:
    return list_requirements(the_basis(), ASSUMPTIONS)


@cache
def the_situation(day: date = WINTER) -> Situation:
    return read_situation(PACKAGED, day, the_basis().mission, ASSUMPTIONS, the_requirements())


@cache
def settled(key: str) -> CaseResult:
    situation = the_situation()
    cases = {case.key: case for case in list_cases(situation.book, WINTER, situation.stances)}
    return settle_case(
        cases[key], situation, the_requirements(), the_basis(), "stated-first", ASSUMPTIONS, {}
    )


def number(name: str, value: float, low: float | None = None, high: float | None = None) -> Traced:
    return Traced(name, value, "person", low=low, high=high, evidence="computed")


def offer(code: str, people: float, refuses: tuple[str, ...] = (), **units: float) -> Offer:
    named = {key.replace("_", "-"): number(f"offer.{key}.{code}", value) for key, value in units.items()}
    sustained = number("sustained", 1000.0)
    return Offer(
        code, code, number(f"offer.people.{code}", people), "stated", sustained, sustained, named, refuses
    )


def filled(result: CaseResult, key: str) -> float:
    return next(one.share for one in result.fills if one.requirement.capability.key == key)


def test_nobody_comes_while_fighting_goes_on() -> None:
    today = settled("today")
    assert (today.codes, today.people.value, today.supported.value) == ((), 0.0, 0.0)
    assert all(one.why for one in today.fills if one.requirement.units > 0)


def test_a_case_with_more_met_never_has_fewer_people() -> None:
    people = [settled(key).people.value for key in ("today", "no-backstop", "coalition", "everyone-decides")]
    assert people == sorted(people)
    assert people[-1] > 0


def test_the_people_of_a_case_are_those_of_its_contributions_and_within_their_range() -> None:
    result = settled("coalition")
    total = sum(one.people.value for one in result.contributions)
    assert total == pytest.approx(result.people.value)
    assert result.people.low is not None
    assert result.people.high is not None
    assert result.people.low <= result.people.value <= result.people.high
    ours = sum(one.people.value for one in result.contributions if one.basis == "ours")
    assert result.people_ours == pytest.approx(ours)
    assert sum(one.people_share for one in result.contributions) == pytest.approx(1)


def test_what_nobody_stated_carries_a_range_and_says_that_it_is_ours() -> None:
    ours = [one for one in settled("coalition").contributions if one.basis == "ours"]
    assert ours
    for one in ours:
        assert one.people.low is not None
        assert one.people.high is not None
        assert one.people.low < one.people.value < one.people.high
        assert "ours" in one.people.label


def test_a_nation_sends_no_more_than_it_stated_and_to_nothing_it_refuses() -> None:
    result = settled("coalition")
    by_code = {one.code: one for one in result.contributions}
    uk = by_code["GBR"]
    assert uk.basis == "stated"
    assert uk.people.value <= 7500
    assert not {"observation", "reaction"} & set(uk.units)
    assert uk.endurance is not None
    assert uk.endurance.tied_up_people == pytest.approx(4 * uk.people.value)


def test_every_person_of_a_fill_is_brought_by_somebody() -> None:
    result = settled("coalition")
    for one in result.fills:
        key = one.requirement.capability.key
        brought = sum(each.units.get(key, 0.0) for each in result.contributions)
        assert one.given == pytest.approx(brought)
        assert one.short == pytest.approx(max(0.0, one.requirement.units - brought))


def test_no_offers_and_no_requirements_match_nothing() -> None:
    assert match_offers(the_requirements(), {}, "stated-first") is None
    assert match_offers((), {"AAA": offer("AAA", 100)}, "stated-first") is None


def test_an_offer_at_its_low_end_brings_no_more_than_at_its_value() -> None:
    wide = replace(offer("AAA", 900), people=number("offer.people.AAA", 900, 300, 1200))
    people = [
        float(found.people.sum())
        for end in ("low", "value", "high")
        if (found := match_offers(the_requirements(), {"AAA": wide}, "stated-first", end)) is not None
    ]
    assert people == [300, 900, 1200]


def test_half_an_essential_enabler_carries_two_thirds_of_the_force_at_three_quarters_wanted() -> None:
    essential = [one for one in the_requirements() if one.capability.essential and one.units > 0]
    assert essential
    units = {one.capability.key: one.units * (0.5 if one is essential[0] else 1) for one in essential}
    held = offer("AAA", 0, **{key.replace("-", "_"): value for key, value in units.items()})
    deployed = the_basis().deployed.value
    found = carry_people(deployed, deployed, the_requirements(), {"AAA": held}, (), ASSUMPTIONS)
    assert found.people == pytest.approx(deployed * 0.5 / 0.75)
    assert found.binding == essential[0].capability.key


def test_the_guarantor_fills_the_gap_of_a_task_it_brings_or_the_share_it_supplies() -> None:
    deployed = the_basis().deployed.value
    tasks = {one.capability.backstop_task for one in the_requirements() if one.capability.essential}
    arguments = (deployed, deployed, the_requirements(), {})
    assert carry_people(*arguments, (), ASSUMPTIONS).people == 0
    assert carry_people(*arguments, tasks, ASSUMPTIONS).people == deployed
    supplied = dict.fromkeys(tasks, 0.3)
    found = carry_people(*arguments, tasks, ASSUMPTIONS, supplied).people
    assert found == pytest.approx(deployed * 0.3 / 0.75)


def test_an_enabler_is_filled_by_what_is_held_at_one_end_then_by_the_guarantor() -> None:
    need = next(one for one in the_requirements() if one.capability.backstop_task and one.units > 0)
    key, task = need.capability.key, need.capability.backstop_task
    held = number("held", need.units / 2, need.units / 4, need.units * 2)
    offers = {"AAA": replace(offer("AAA", 0), units={key: held}), "BBB": offer("BBB", 100)}
    assert [fill_enabler(need, offers, (), end=end) for end in ENDS] == [0.5, 0.25, 1.0]
    assert fill_enabler(need, offers, {task}) == 1.0
    assert fill_enabler(need, offers, {task}, {task: 0.5}) == 0.75
    assert fill_enabler(Requirement(need.capability, number("need", 0)), offers, {task}) == 0.0


def test_tasks_of_the_backstop_are_told_from_other_conditions() -> None:
    assert tasks_in({"us.refuelling", "ceasefire", "us.guarantee"}) == {"refuelling", "guarantee"}
