"""Reaction bases in numbers."""

from __future__ import annotations

import pytest

from truceline.errors import InfeasibleError
from truceline.force.reaction import SitedReaction, reach_in_time, required_bases
from truceline.scenario.catalogue import load_catalogue

ASSUMPTIONS = load_catalogue()


def test_the_reach_starts_when_the_column_rolls():
    reach = reach_in_time(3600, ASSUMPTIONS)
    assert reach.value == pytest.approx((3600 - 900) * 11.1 / 1.35)
    assert reach.value < reach_in_time(3601, ASSUMPTIONS).value


def test_a_time_shorter_than_the_notice_cannot_be_met():
    with pytest.raises(InfeasibleError, match="15 min is over before a column rolls at 15 min"):
        reach_in_time(900, ASSUMPTIONS)
    with pytest.raises(InfeasibleError):
        reach_in_time(float("nan"), ASSUMPTIONS)


def test_the_summary_says_people_and_proof():
    found = required_bases(24, ASSUMPTIONS, n_bases_bound=24, reaction_time_s=3600, reached_share=1)
    assert found.people == 24 * 130
    assert found.to_reaction() == SitedReaction(24, 130)
    assert found.sentence() == (
        "24 reaction bases (the fewest possible) reach 100 % of the places within 60 min: "
        "3,120 people at 130 a base."
    )
    unproved = required_bases(25, ASSUMPTIONS, n_bases_bound=24, reaction_time_s=3600, reached_share=0.97)
    assert "(at least 24 are needed) reach 97 %" in unproved.sentence()
