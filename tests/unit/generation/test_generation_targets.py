"""Targets as users write them, and the sets of conditions that reach them in the packaged case."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache

import numpy as np
import pytest
from generation_inputs import make_basis
from hypothesis import given, settings
from hypothesis import strategies as st
from test_generation_matching import offer

from truceline.errors import ScenarioError
from truceline.generation.matching import match_offers
from truceline.generation.model import WatchOutcomes
from truceline.generation.requirements import list_requirements
from truceline.generation.situation import read_situation
from truceline.generation.targets import count_fitting, read_target, seek_target
from truceline.scenario.catalogue import load_catalogue
from truceline.scenario.model import Contributors

ASSUMPTIONS = load_catalogue()
WINTER = date(2026, 1, 31)
BASIS = make_basis()
DETECT = np.array([[0.0] * 8, [0.6] * 8])
SEEN = replace(
    BASIS,
    outcomes=WatchOutcomes(
        ("isr-space", "isr-air", "isr-sea"), np.array([0.0, 1.0]), DETECT, DETECT / 2, DETECT / 10
    ),
)
REQUIREMENTS = list_requirements(BASIS, ASSUMPTIONS)


@cache
def the_situation(day=WINTER):
    return read_situation(Contributors(pledges="ukraine-2025"), day, BASIS.mission, ASSUMPTIONS, REQUIREMENTS)


def seek(text, basis=BASIS, *, joint=False, day=WINTER):
    target = read_target(text, REQUIREMENTS, basis)
    return seek_target(target, REQUIREMENTS, the_situation(day), basis, "stated-first", joint=joint)


@pytest.mark.parametrize(
    ("text", "measure", "value"),
    [
        ("", "people", BASIS.deployed.value),
        ("people=12,500", "people", 12500),
        ("people = 50%", "people", BASIS.deployed.value / 2),
        ("detect=0.5", "detect", 0.5),
        ("detect=35%", "detect", 0.35),
        ("fill=0.8", "fill", 0.8),
        ("fill.air-defence=1", "fill.air-defence", 1),
    ],
)
def test_a_target_is_read_as_it_is_written(text: str, measure: str, value: float) -> None:
    target = read_target(text, REQUIREMENTS, SEEN)
    assert (target.measure, target.value) == (measure, pytest.approx(value))
    assert target.words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("people", "is not a target"),
        ("people=-5", "is not a target"),
        ("people=1e9", "is not a target"),
        ("money=3", "is not a target"),
        ("detect=60", "60 is not a share"),
        ("people.drones=3", "people has no parts"),
        ("fill.tanks=1", "'tanks' is not a capability"),
    ],
)
def test_what_is_no_target_is_refused_with_an_example(text: str, found: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        read_target(text, REQUIREMENTS, SEEN)
    (problem,) = caught.value.problems
    assert found in problem.found
    assert problem.hint


def test_detection_is_no_target_without_a_map() -> None:
    with pytest.raises(ScenarioError, match="has no map"):
        read_target("detect=0.5", REQUIREMENTS, BASIS)


def test_every_set_reaches_its_target_and_none_has_a_condition_to_spare() -> None:
    found = seek("people=6000")
    assert found.sets
    commitments = the_situation()
    from truceline.generation.commitments import Commitments

    solver = Commitments(commitments.list_actors())
    for one in found.sets[:40]:
        met = {*found.always, *one.conditions}
        offers = [the_situation().offers[code] for code in solver.settle(met)]
        assert count_fitting(REQUIREMENTS, offers) >= 6000
        for key in one.conditions:
            fewer = [the_situation().offers[code] for code in solver.settle(met - {key})]
            assert count_fitting(REQUIREMENTS, fewer) < 6000 or key in {
                need for other in met - {key} for need in the_situation().book.needs.get(other, ())
            }


def test_a_ceasefire_and_the_hosts_consent_are_in_every_set() -> None:
    assert {"ceasefire", "host-consent"} <= set(seek("people=6000").fragile)


def test_lead_times_rise_from_set_to_set_and_grow_at_their_high_end() -> None:
    found = seek("people=6000")
    days = [one.lead_days for one in found.sets]
    assert days == sorted(days)
    target = read_target("people=6000", REQUIREMENTS, BASIS)
    slow = seek_target(
        target, REQUIREMENTS, the_situation(), BASIS, "stated-first", joint=False, bound="high"
    )
    assert slow.quickest.lead_days > found.quickest.lead_days


def test_detection_and_fill_are_targets_too() -> None:
    assert seek("detect=0.2", SEEN).reachable
    assert not seek("detect=0.7", SEEN).reachable
    one = seek("fill.medical=1")
    assert one.reachable
    assert one.best_value == 1
    assert not seek("fill=1").reachable


def test_more_people_than_anybody_offers_are_out_of_reach_and_the_best_is_told() -> None:
    found = seek("people=10,000,000")
    assert not found.reachable
    assert (
        0
        < found.best_value
        <= sum(each.units for each in REQUIREMENTS if each.capability.kind == "people") + 20
    )
    assert found.shortfall == pytest.approx(10_000_000 - found.best_value)


def test_an_enabler_that_nobody_holds_is_named() -> None:
    with pytest.raises(ScenarioError, match="holds any"):
        seek("fill.air-defence=1", day=date(2025, 3, 1)) if not _held(
            "air-defence", date(2025, 3, 1)
        ) else seek("fill.isr-space=1", day=date(2024, 12, 31))


def _held(capability, day):
    situation = the_situation(day)
    return any(
        situation.offers[code].units.get(capability) and situation.offers[code].units[capability].value > 0
        for code, gate in situation.gates.items()
        if gate.may_come
    )


sizes = st.lists(st.tuples(st.integers(0, 4000), st.booleans()), min_size=1, max_size=5)


@settings(max_examples=40)
@given(sizes)
def test_people_that_fit_never_fall_when_one_more_comes_and_are_at_least_those_allocated(rows) -> None:
    offers = [
        offer(f"N{n}", people, ("observation", "reaction") if refuses else ())
        for n, (people, refuses) in enumerate(rows)
    ]
    counts = [count_fitting(REQUIREMENTS, offers[: n + 1]) for n in range(len(offers))]
    assert counts == sorted(counts)
    assert counts[-1] <= sum(people for people, _ in rows)
    found = match_offers(REQUIREMENTS, {one.code: one for one in offers}, "stated-first")
    least = [each.units for each in REQUIREMENTS if each.capability.kind == "people"]
    overshoot = sum(each.capability.block for each in REQUIREMENTS if each.capability.kind == "people")
    assert found is not None
    assert float(found.people.sum()) <= counts[-1] + overshoot
    assert counts[-1] <= sum(least) + len(least)
