"""What would make an estimate right: solved on the real sizing, checked by putting the answer back."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.force.benchmarks import EstimateModel, explain_estimate, explain_estimates, read_model
from truceline.force.densities import (
    densities_of_estimates,
    densities_of_missions,
    density_of_plan,
    nearest_mission,
    sort_densities,
)
from truceline.force.estimates import Bound, Estimate, deployed_estimates, read_estimates
from truceline.force.missions import read_missions
from truceline.force.reaction import ShareReaction
from truceline.force.sizing import size_force, watch_force_at_spacing
from truceline.force.tasks import WatchCounts
from truceline.scenario.catalogue import load_catalogue

ASSUMPTIONS = load_catalogue()
LENGTH_M = 1_200_000.0
WATCHING = watch_force_at_spacing(LENGTH_M, 3500, ASSUMPTIONS)
MODEL = read_model("observers", LENGTH_M, WATCHING, ASSUMPTIONS)
BY_KEY = {estimate.key: estimate for estimate in read_estimates()}
READINGS = {reading.estimate.key: reading for reading in explain_estimates(deployed_estimates(), MODEL)}


def make_estimate(bound: Bound, low: float | None, high: float | None) -> Estimate:
    return dataclasses.replace(
        BY_KEY["EE04"], bound=bound, people_low=low, people_high=high, line_length_m=LENGTH_M
    )


def people_given(assumption: str, value: float) -> float:
    """Put a value back into the model."""
    if assumption == "posts.spacing":
        return watch_force_at_spacing(LENGTH_M, value, ASSUMPTIONS).deployed_people
    if assumption == "deterrence.brigades":
        return WATCHING.watching_people + value * ASSUMPTIONS.value("deterrence.brigade_people")
    if assumption == "rotation.multiplier":
        return WATCHING.deployed_people * value
    return WATCHING.front_people / value


def test_ranges_come_from_the_tables():
    assert (MODEL.spacing_m.low, MODEL.spacing_m.high) == (1000, 17_500)
    assert (MODEL.brigades.low, MODEL.brigades.high) == (0, 20)
    assert (MODEL.rotation.low, MODEL.rotation.high) == (3, 5)
    assert MODEL.spacing_m.source == "staffing_factors/SF020 to SF025"


@settings(max_examples=40, deadline=None)
@given(st.floats(3000, 400_000))
def test_an_implied_value_put_back_gives_the_estimate(people):
    reading = explain_estimate(make_estimate(Bound.point, people, people), MODEL)
    for implied in reading.implied:
        if implied.value is None:
            continue
        assert people_given(implied.assumption, implied.value) == pytest.approx(people, rel=1e-6)
        near = min(abs(implied.value / end - 1) for end in (implied.range_low, implied.range_high) if end)
        if near > 1e-6:  # right on the edge, rounding decides
            assert implied.within_range == (implied.range_low <= implied.value <= implied.range_high)


@settings(max_examples=25, deadline=None)
@given(st.floats(3000, 400_000), st.floats(1, 3))
def test_a_wider_claim_is_never_harder_to_explain(people, factor):
    point = explain_estimate(make_estimate(Bound.point, people, people), MODEL)
    wide = explain_estimate(make_estimate(Bound.range, people, people * factor), MODEL)
    least = explain_estimate(make_estimate(Bound.at_least, people, None), MODEL)
    most = explain_estimate(make_estimate(Bound.at_most, None, people), MODEL)
    for wider in (wide, least, most):
        assert set(point.explained_by) <= set(wider.explained_by)


def test_a_hundred_thousand_by_posts_is_out_of_range_and_says_why():
    implied = READINGS["EE19"].implied[0]
    assert implied.assumption == "posts.spacing"
    assert implied.value == pytest.approx(356.3, abs=0.1)
    assert not implied.within_range
    assert implied.sentence == (
        "A post every 0.36 km would give 100,000 people; the densest mission read (UNFICYP 1975) had one "
        "every 1.2 km: out of range (1.00 km to 17.5 km)."
    )
    assert READINGS["EE19"].explained_by == ("deterrence.brigades",)


def test_two_hundred_thousand_has_no_single_explanation():
    reading = READINGS["EE01"]
    assert reading.explained_by == ()
    assert reading.verdict.startswith("No single assumption within its range gives at least 200,000 people")
    assert "37.6 deterrence brigades" in reading.verdict


def test_gcsp_is_explained_by_a_spacing_that_past_missions_had():
    reading = READINGS["EE13"]
    assert "posts.spacing" in reading.explained_by
    assert reading.verdict.startswith("15,000 people would be right with a post every 2.70 km; or ")


def test_a_range_is_explained_by_the_part_that_can_be_reached():
    assert READINGS["EE02"].verdict == (
        "100,000 to 150,000 people would be right with 17.6 deterrence brigades beside the watching force "
        "(for the low end, 100,000)."
    )


def test_an_open_bound_is_met_by_values_beyond_the_one_that_just_gives_it():
    pool = next(each for each in READINGS["EE22"].implied if each.assumption == "rotation.multiplier")
    assert pool.value is not None
    assert pool.value < 3
    assert pool.within_range
    assert "any value in range (3 to 5) satisfies 'at least 25,000'" in pool.sentence
    assert "a pool of 3 for each one deployed" in READINGS["EE22"].verdict


def test_an_estimate_the_plan_already_meets_needs_nothing():
    reading = READINGS["EE11"]
    assert reading.fits_as_planned
    assert reading.verdict == (
        "At most 30,000 people fits the plan as it is: observers comes to 12,026 on 1,200 km."
    )


def test_a_number_below_the_watchers_admits_no_brigade():
    brigades = next(each for each in READINGS["EE17"].implied if each.assumption == "deterrence.brigades")
    assert brigades.value is None
    assert not brigades.within_range
    assert "the watching force alone is 12,026" in brigades.sentence


def test_the_planned_force_is_scaled_to_the_line_of_the_estimate():
    half = EstimateModel(
        **{
            **{field.name: getattr(MODEL, field.name) for field in dataclasses.fields(MODEL)},
            "length_m": LENGTH_M / 2,
            "force": watch_force_at_spacing(LENGTH_M / 2, 3500, ASSUMPTIONS),
        }
    )
    for key in ("EE02", "EE04", "EE17"):
        for one, other in zip(
            READINGS[key].implied, explain_estimate(BY_KEY[key], half).implied, strict=True
        ):
            assert one.value == other.value or one.value == pytest.approx(other.value, rel=1e-9)


def test_a_force_without_watchers_is_read_for_posts_and_brigades_only():
    rear = size_force(WatchCounts(), ASSUMPTIONS, reaction=ShareReaction(), brigades=0)
    reading = explain_estimate(BY_KEY["EE15"], read_model("none", LENGTH_M, rear, ASSUMPTIONS))
    assert {each.assumption for each in reading.implied} == {"posts.spacing", "deterrence.brigades"}
    assert "5 deterrence brigades" in reading.verdict


def test_unarmed_posts_stand_closer_for_the_same_people():
    unarmed = read_model("observers", LENGTH_M, WATCHING, ASSUMPTIONS, unarmed_posts=True)
    closer = explain_estimate(BY_KEY["EE12"], unarmed).implied[0]
    assert closer.value is not None
    assert closer.value < (READINGS["EE12"].implied[0].value or 0)
    assert closer.sentence.startswith("An unarmed post every")


def test_an_estimate_without_a_number_says_so():
    reading = explain_estimate(BY_KEY["EE35"], MODEL)
    assert (reading.implied, reading.explained_by, reading.fits_as_planned) == ((), (), False)
    assert reading.verdict == "Matthew Parish gave no number."


def test_densities_stand_in_one_order():
    plan = density_of_plan("observers", WATCHING, LENGTH_M, posts=LENGTH_M / 3500)
    rows = sort_densities(
        (plan, *densities_of_missions(read_missions()), *densities_of_estimates(deployed_estimates()))
    )
    per_km = [row.people_per_km for row in rows]
    assert per_km == sorted(per_km)
    assert plan.people_per_km == pytest.approx(10.02, abs=0.01)
    ranges = [each for each in deployed_estimates() if each.bound is Bound.range]
    assert sum(row.kind == "estimate" for row in rows) == 27 + len(ranges)  # a range stands at both ends
    assert any(row.is_weak for row in rows)


def test_the_nearest_mission_is_nearest_by_ratio():
    nearest = nearest_mission(100_000 / 1200, read_missions())
    assert nearest is not None
    assert nearest.label == "UNIFIL 2024-07/2025-06"
    assert nearest_mission(0, read_missions()) is None
    assert nearest_mission(5, []) is None


def test_a_range_reached_only_between_its_named_numbers_shows_the_whole_range():
    reading = explain_estimate(make_estimate(Bound.range, 30_000, 100_000), MODEL)
    assert "rotation.multiplier" in reading.explained_by
    assert not any(each.within_range for each in reading.implied if each.assumption == "rotation.multiplier")
    assert "the number read as a pool of 3 to 5 for each one deployed" in reading.verdict
