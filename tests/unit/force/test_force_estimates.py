"""Published estimates: which are read, what their words allow, and how a spoiled row is named."""

from __future__ import annotations

import math

import pytest

from truceline.errors import TableError
from truceline.force.estimates import Bound, deployed_estimates, estimates_from_rows, read_estimates
from truceline.scenario.reference import find_row

BY_KEY = {estimate.key: estimate for estimate in read_estimates()}


def test_the_packaged_table_reads_whole():
    assert len(BY_KEY) == 35


def test_only_people_deployed_on_this_line_are_compared():
    keys = {estimate.key for estimate in deployed_estimates()}
    assert len(keys) == 27
    assert keys.isdisjoint({"EE07", "EE09", "EE27", "EE31", "EE34"})  # shares, pools, ceilings, structures
    assert keys.isdisjoint({"EE32", "EE33"})  # another line
    assert "EE35" not in keys  # its number was not visible


@pytest.mark.parametrize(
    ("key", "targets", "phrase"),
    [
        ("EE01", (("low", 200_000),), "at least 200,000"),
        ("EE02", (("low", 100_000), ("mid", 125_000), ("high", 150_000)), "100,000 to 150,000"),
        ("EE04", (("point", 40_000),), "40,000"),
        ("EE11", (("high", 30_000),), "at most 30,000"),
        ("EE35", (), "no number"),
    ],
)
def test_the_numbers_to_explain_follow_the_bound(key, targets, phrase):
    assert BY_KEY[key].targets() == targets
    assert BY_KEY[key].phrase() == phrase


@pytest.mark.parametrize(
    ("key", "limits"),
    [
        ("EE01", (200_000, math.inf)),
        ("EE02", (100_000, 150_000)),
        ("EE04", (40_000, 40_000)),
        ("EE11", (0, 30_000)),
    ],
)
def test_the_words_bound_what_is_allowed(key, limits):
    estimate = BY_KEY[key]
    assert estimate.limits() == limits
    assert estimate.admits(limits[0], limits[0])
    assert not estimate.admits(-2, -1)
    assert estimate.admits(limits[1] + 1, limits[1] + 2) == (limits[1] == math.inf)


def test_an_estimate_keeps_its_own_line():
    assert BY_KEY["EE03"].line_length_m == 1_000_000
    assert BY_KEY["EE03"].people_per_km() == (40, 50)


def test_only_one_estimate_has_a_cost():
    assert {e.key: e.cost_per_person_year for e in BY_KEY.values() if e.cost_per_person_year} == {
        "EE04": 75_000
    }


def test_every_problem_of_a_spoiled_table_is_named():
    def spoil(key: str, **cells: str) -> dict[str, str]:
        return {**find_row(f"expert_estimates/{key}"), **cells}

    rows = [
        spoil("EE01", bound="about"),
        spoil("EE02", force_high_persons=""),
        spoil("EE03", force_low_persons="60000", persons_per_km_low_derived=""),
        spoil("EE04", force_high_persons="50000", persons_per_km_high_derived=""),
        spoil("EE05", force_low_persons="lots"),
        spoil("EE06", persons_per_km_low_derived="14.7"),
        spoil("EE14", force_low_persons="-1", force_high_persons="-1", persons_per_km_low_derived=""),
    ]
    with pytest.raises(TableError) as caught:
        estimates_from_rows(rows)
    text = str(caught.value)
    assert "EE01.bound  'about' is not a bound" in text
    assert "EE02.bound  'range' lacks its number" in text
    assert "EE03.force_low_persons  60000 is above 50000" in text
    assert "EE04.bound  a point from 40000 to 50000" in text
    assert "EE05.force_low_persons  'lots' is not a number" in text
    assert "EE06.persons_per_km_low_derived  14.7, but the row gives 41.6667" in text
    assert "EE14.force_low_persons  a strength is not above zero" in text


def test_bounds_are_those_of_the_table():
    assert {estimate.bound for estimate in BY_KEY.values()} == set(Bound)
