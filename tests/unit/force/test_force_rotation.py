"""The pool behind a force: exact identities, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truceline.errors import ScenarioError
from truceline.force.rotation import rotate_force
from truceline.scenario.catalogue import load_catalogue

ASSUMPTIONS = load_catalogue()


def test_the_packaged_cycle_binds_four_for_each_one_out():
    rotation = rotate_force(12_026, ASSUMPTIONS)
    assert rotation.multiplier == 4
    assert rotation.pool_people == 48_104
    assert {leaf.name for leaf in rotation.traced.leaves()} == {
        "force.deployed",
        "rotation.tour",
        "rotation.dwell",
    }


@given(
    st.floats(1, 1e5),
    st.floats(1, 24),
    st.floats(0, 60),
    st.floats(0, 240),
)
def test_people_who_serve_lie_between_the_force_and_its_pool(deployed, tour, dwell, period):
    cycle = ASSUMPTIONS.replaced({"rotation.tour": tour, "rotation.dwell": dwell})
    rotation = rotate_force(deployed, cycle)
    served = rotation.distinct_people(period)
    assert deployed <= served <= rotation.pool_people * (1 + 1e-12)
    assert rotation.distinct_people(period + tour) >= served
    assert rotation.pool_people == pytest.approx(rotation.multiplier * deployed)


def test_a_tour_begun_brings_its_people():
    rotation = rotate_force(100, ASSUMPTIONS)
    assert [rotation.distinct_people(months) for months in (0, 6, 6.5, 12, 18.1, 400)] == [
        100,
        100,
        200,
        200,
        400,
        400,
    ]


def test_a_strength_of_nobody_bears_no_share():
    with pytest.raises(ScenarioError, match="0 is not above zero"):
        rotate_force(7500, ASSUMPTIONS).share_of(0)


def test_all_problems_of_a_cycle_are_told_at_once():
    broken = ASSUMPTIONS.replaced({"rotation.tour": 0, "rotation.dwell": -1})
    with pytest.raises(ScenarioError) as caught:
        rotate_force(-1, broken)
    assert [problem.where for problem in caught.value.problems] == [
        "force.deployed",
        "rotation.tour",
        "rotation.dwell",
    ]
