"""How long rotations last: cases a staff officer can check, the closed form played relief by relief."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truceline.errors import ScenarioError
from truceline.force.rotation import rotate_force
from truceline.generation._endurance_reference import play_rotation
from truceline.generation.endurance import count_contingents, find_break, trace_endurance
from truceline.generation.model import Offer
from truceline.scenario.catalogue import load_catalogue
from truceline.trace import Traced

ASSUMPTIONS = load_catalogue()


def make_offer(pool, low=None, high=None):
    traced = None if pool is None else Traced("offer.gbr.pool", pool, "person", low=low, high=high)
    return Offer("GBR", "United Kingdom", Traced("offer.gbr.people", 7_500, "person"), "stated", None, traced)


def cycle(tour, dwell):
    return ASSUMPTIONS.replaced({"rotation.tour": tour, "rotation.dwell": dwell})


CASES = [
    (
        "A British 7,500 on six months out and eighteen at home ties up 30,000, 42 % of 71,000, and lasts",
        {"people": 7_500, "pool": 71_000, "tour": 6, "dwell": 18},
        {"tied_up_people": 30_000, "tied_up_share": 30 / 71, "breaks_at_months": math.inf, "multiplier": 4},
    ),
    (
        "From exactly 30,000 people 7,500 last for ever",
        {"people": 7_500, "pool": 30_000, "tour": 6, "dwell": 18},
        {"breaks_at_months": math.inf, "sustained_people": 7_500, "tied_up_share": 1},
    ),
    (
        "From one person fewer the fourth tour is not full",
        {"people": 7_500, "pool": 29_999, "tour": 6, "dwell": 18},
        {"breaks_at_months": 18, "sustained_people": 7_499},
    ),
    (
        "Radakin's 64,000 for two years are 256,000 people: from 200,000 they break after a year and a half",
        {"people": 64_000, "pool": 200_000, "tour": 6, "dwell": 18},
        {"breaks_at_months": 18, "tied_up_people": 256_000, "sustained_people": 50_000},
    ),
    (
        "More people than the pool holds cannot be sent at all",
        {"people": 1_000, "pool": 999, "tour": 6, "dwell": 18},
        {"breaks_at_months": 0},
    ),
    (
        "With twenty months at home a contingent sits out four tours: five take turns, 4.33 are tied up",
        {"people": 3_000, "pool": 13_500, "tour": 6, "dwell": 20},
        {"contingents": 5, "tied_up_people": 13_000, "breaks_at_months": 24, "sustained_people": 2_700},
    ),
    (
        "Without rest at home one contingent serves for ever",
        {"people": 500, "pool": 500, "tour": 6, "dwell": 0},
        {"contingents": 1, "breaks_at_months": math.inf, "tied_up_share": 1},
    ),
    (
        "Nobody deployed is never missed",
        {"people": 0, "pool": 0, "tour": 6, "dwell": 18},
        {"breaks_at_months": math.inf, "tied_up_people": 0},
    ),
]


@pytest.mark.parametrize(("sentence", "given_", "expected"), CASES, ids=[case[0] for case in CASES])
def test_sentence(sentence, given_, expected):
    assumptions = cycle(given_["tour"], given_["dwell"])
    endurance = trace_endurance(make_offer(given_["pool"]), given_["people"], assumptions)
    for name, value in expected.items():
        assert getattr(endurance, name) == pytest.approx(value), sentence


months = st.fractions(1, 24, max_denominator=8)


@given(
    st.integers(0, 60),
    st.integers(0, 400),
    months,
    st.one_of(st.just(Fraction(0)), st.fractions(0, 48, max_denominator=8)),
)
def test_the_closed_form_is_what_happens_relief_by_relief(deployed, pool, tour, dwell):
    closed = find_break(deployed, pool, float(tour), float(dwell))
    assert closed == pytest.approx(play_rotation(deployed, pool, tour, dwell))


@given(st.integers(1, 400), st.fractions(1, 24, max_denominator=8), st.fractions(0, 48, max_denominator=8))
def test_the_sustained_strength_lasts_and_one_more_person_does_not(pool, tour, dwell):
    endurance = trace_endurance(make_offer(pool), 1.0, cycle(float(tour), float(dwell)))
    strength = round(endurance.sustained_people)
    assert play_rotation(strength, pool, tour, dwell) == math.inf
    assert play_rotation(strength + 1, pool, tour, dwell) < math.inf


@given(st.floats(0.5, 24), st.floats(0, 60))
def test_whole_contingents_are_never_fewer_than_people_passing_through(tour, dwell):
    whole, steady = count_contingents(tour, dwell), (tour + dwell) / tour
    assert steady - 1e-6 <= whole < steady + 1


@given(st.floats(0.5, 24), st.integers(0, 8))
def test_the_two_counts_agree_for_a_dwell_of_whole_tours(tour, tours_home):
    assert count_contingents(tour, tour * tours_home) == tours_home + 1


def test_people_tied_up_are_the_pool_of_the_rotation():
    endurance = trace_endurance(make_offer(71_000), 7_500, ASSUMPTIONS)
    rotation = rotate_force(7_500, ASSUMPTIONS)
    assert endurance.tied_up_people == rotation.pool_people
    assert endurance.tied_up_share == pytest.approx(rotation.share_of(71_000))


def test_the_range_of_the_pool_becomes_a_range_of_months():
    endurance = trace_endurance(make_offer(25_000, 12_000, 40_000), 7_500, ASSUMPTIONS)
    assert (endurance.breaks_low, endurance.breaks_at_months, endurance.breaks_high) == (6, 18, math.inf)
    assert (endurance.sustained.low, endurance.sustained.value, endurance.sustained.high) == (
        3_000,
        6_250,
        10_000,
    )
    assert (endurance.breaks.low, endurance.breaks.value, endurance.breaks.high) == (6, 18, None)
    assert endurance.breaks.note == "It lasts for ever at the high end of the pool"
    assert not endurance.lasts


def test_every_number_can_be_unfolded_to_the_pool_and_the_cycle():
    endurance = trace_endurance(make_offer(25_000, 12_000, 40_000), 7_500, ASSUMPTIONS)
    assert {leaf.name for leaf in endurance.breaks.leaves()} == {
        "endurance.gbr.deployed",
        "offer.gbr.pool",
        "rotation.tour",
        "rotation.dwell",
    }
    for number in (endurance.traced, endurance.sustained, endurance.breaks):
        assert Traced.from_dict(number.to_dict()) == number


def test_what_lasts_has_no_month_and_no_infinite_number_in_its_explanation():
    endurance = trace_endurance(make_offer(71_000), 7_500, ASSUMPTIONS)
    assert endurance.lasts
    assert endurance.breaks is None
    assert all(math.isfinite(node.value) for node in (*endurance.traced.walk(), *endurance.sustained.walk()))


def test_an_unknown_pool_has_no_endurance():
    assert trace_endurance(make_offer(None), 7_500, ASSUMPTIONS) is None


def test_everything_wrong_is_told_at_once():
    with pytest.raises(ScenarioError) as caught:
        trace_endurance(make_offer(-5), math.nan, cycle(0, -1))
    assert [problem.where for problem in caught.value.problems] == [
        "GBR.people",
        "offer.gbr.pool",
        "rotation.tour",
        "rotation.dwell",
    ]
