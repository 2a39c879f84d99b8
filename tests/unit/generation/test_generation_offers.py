"""Offers: a stated size is the nation's word, every other number is ours and says so."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.generation.capabilities import list_from_outside
from truceline.generation.holdings import list_holdings
from truceline.generation.model import Offer
from truceline.generation.nations import read_nations, sustained_people
from truceline.generation.offers import (
    ENABLER_POSITIONS,
    LAND_POSITIONS,
    OTHER_POSITIONS,
    OUTSIDE_POSITIONS,
    list_offers,
    make_offer,
)
from truceline.generation.pledges import POSITIONS
from truceline.generation.register import read_register
from truceline.scenario.catalogue import load_catalogue

CATALOGUE = load_catalogue()
HELD = list_holdings(CATALOGUE)


@dataclass(frozen=True)
class Word:
    """A stance without a register."""

    nation: str
    position: str = "will_send_conditional"
    size_low: float | None = None
    size_high: float | None = None
    caveats: tuple[str, ...] = ()
    name: str = "Somewhere"


def offer_of(word: Word) -> Offer:
    return make_offer(read_nations()[word.nation], word, HELD, CATALOGUE)


def test_every_position_of_the_register_has_its_place() -> None:
    groups = (LAND_POSITIONS, ENABLER_POSITIONS, OUTSIDE_POSITIONS, OTHER_POSITIONS)
    assert frozenset().union(*groups) == set(POSITIONS)
    assert sum(len(group) for group in groups) == len(POSITIONS)


def test_a_stated_size_is_taken_as_it_was_stated() -> None:
    found = offer_of(Word("LTU", size_low=150, size_high=200))
    assert found.basis == "stated"
    assert (found.people.low, found.people.value, found.people.high) == (150, 200, 200)
    assert [leaf.evidence for leaf in found.people.leaves()] == ["stated"]


def test_a_bound_from_above_has_a_low_end_of_ours_and_says_so() -> None:
    found = offer_of(Word("GBR", size_high=7500))
    assert (found.people.low, found.people.value, found.people.high) == (3750, 7500, 7500)
    assert "the low end is ours" in found.people.note
    assert "generation.at_most_low_share" in {leaf.name for leaf in found.people.leaves()}


def test_a_bound_from_below_has_no_upper_end_made_up() -> None:
    found = offer_of(Word("FRA", size_low=3000))
    assert (found.people.low, found.people.value, found.people.high) == (3000, 3000, None)
    assert "at least" in found.people.note


@pytest.mark.parametrize("position", sorted(LAND_POSITIONS))
def test_without_a_stated_size_the_number_is_ours(position: str) -> None:
    found = offer_of(Word("FRA", position))
    capacity = sustained_people(read_nations()["FRA"], CATALOGUE)
    assert capacity is not None
    assert found.basis == "ours"
    assert found.people.value == capacity.value
    assert (found.people.low, found.people.high) == (capacity.low, capacity.high)
    assert "our estimate; it stated no number" in found.people.label


@pytest.mark.parametrize("position", sorted(set(POSITIONS) - LAND_POSITIONS))
def test_who_sends_nobody_inside_has_no_people_even_with_a_size(position: str) -> None:
    found = offer_of(Word("BEL", position, size_high=500))
    assert (found.people.value, found.basis) == (0, "none")
    assert found.sustained is not None


def test_enablers_come_by_position() -> None:
    everything = {key for key, by_code in HELD.items() if "DEU" in by_code}
    assert set(offer_of(Word("DEU")).units) == everything
    assert set(offer_of(Word("DEU", "air_sea_only")).units) == everything
    outside = set(offer_of(Word("DEU", "neighbouring_territory_only")).units)
    assert outside == everything & set(list_from_outside())
    assert "air-defence" not in outside
    for position in OTHER_POSITIONS:
        assert offer_of(Word("DEU", position)).units == {}


def test_caveats_rule_out_what_they_name() -> None:
    assert offer_of(Word("GBR", caveats=("no-front-line",))).refuses == ("observation", "reaction")
    caveats = ("peacekeeping-not-deterrence", "no-front-line", "only-if-asked")
    assert offer_of(Word("IRL", caveats=caveats)).refuses == ("manoeuvre", "observation", "reaction")
    assert offer_of(Word("GBR")).refuses == ()


def test_the_pool_of_nato_is_an_offer_without_people_and_the_us_is_none() -> None:
    words = {code: Word(code) for code in ("USA", "UKR", "RUS", "COA", "GBR", "FRA")}
    found = list_offers(words, CATALOGUE, HELD)
    assert list(found) == ["FRA", "GBR", "NAT"]
    assert found["NAT"].people.value == 0
    assert found["NAT"].units["early-warning"].value == 2
    assert found["NAT"].sustained is None


def test_a_nation_without_armed_forces_has_no_estimate_to_send() -> None:
    found = offer_of(Word("ISL"))
    assert (found.people.value, found.basis, found.sustained, found.pool) == (0, "none", None, None)


@pytest.mark.parametrize("day", [date(2025, 2, 17), date(2025, 4, 10), date(2025, 9, 5), date(2026, 1, 31)])
def test_on_every_day_of_the_debate_a_number_is_stated_or_ours(day: date) -> None:
    stances = read_register(known_nations=(*read_nations(), "COA")).on(day)
    offers = list_offers(stances, CATALOGUE, HELD)
    assert offers
    for code, offer in offers.items():
        stated = code in stances and stances[code].basis == "stated"
        if offer.basis == "ours":
            assert not stated
            assert offer.people.low is not None
            assert offer.people.high is not None
            assert offer.people.low < offer.people.high
            assert "our estimate" in offer.people.label
        elif offer.basis == "stated":
            assert stated
        else:
            assert offer.people.value == 0
        assert offer.note


def test_in_january_2026_the_stated_sizes_are_those_of_the_register() -> None:
    stances = read_register(known_nations=(*read_nations(), "COA")).on(date(2026, 1, 31))
    offers = list_offers(stances, CATALOGUE, HELD)
    stated = {code: offer.people.value for code, offer in offers.items() if offer.basis == "stated"}
    assert stated["GBR"] == 7500
    assert stated["CHE"] == 200
    assert "FRA" not in stated
    assert "P0" in offers["GBR"].note


@settings(max_examples=40)
@given(
    st.sampled_from(sorted(read_nations())),
    st.sampled_from(sorted(POSITIONS)),
    st.none() | st.integers(0, 10_000),
    st.none() | st.integers(0, 10_000),
)
def test_people_are_never_negative_and_lie_in_their_range(
    code: str, position: str, low: int | None, high: int | None
) -> None:
    if low is not None and high is not None:
        low, high = sorted((low, high))
    people = offer_of(Word(code, position, low, high)).people
    assert 0 <= (people.low or 0) <= people.value <= (math.inf if people.high is None else people.high)


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_a_larger_pledge_is_a_larger_offer(one: int, two: int) -> None:
    small, large = (offer_of(Word("GBR", size_high=size)).people for size in sorted((one, two)))
    assert small.value <= large.value
    assert (small.low or 0) <= (large.low or 0)
