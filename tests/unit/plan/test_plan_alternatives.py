"""The same posture in other hands: people change as the tasks do, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from truceline.force.tasks import WatchCounts
from truceline.plan import Plan
from truceline.plan.alternatives import MASTS_PER_POST, POSTS_REPLACED_SHARE, list_alternatives
from truceline.plan.people import size_people


def test_masts_for_posts_save_the_crews_less_the_upkeep_and_their_support(small_plan: Plan) -> None:
    one = small_plan.postures["observers"]
    found = list_alternatives(one.people, one.posture.brigades.value, small_plan.assumptions)[0]
    value = small_plan.assumptions.value
    n_posts = POSTS_REPLACED_SHARE * one.people.counts.armed_posts
    days_on, days_off = value("staffing.days_on_post"), value("staffing.days_off_post")
    cycle = (days_on + days_off) / days_on
    fewer = n_posts * value("staffing.post_crew") * cycle
    more = n_posts * MASTS_PER_POST * value("staffing.mast_upkeep_crew")
    shares = ("logistics", "engineers", "medical", "headquarters", "aviation")
    left_share = 1 - sum(value(f"support.{name}_share") for name in shares)
    assert found.change_people == pytest.approx(-(fewer - more) / left_share)
    assert found.deployed_people == pytest.approx(one.people.force.deployed_people + found.change_people)


def test_a_posture_without_posts_or_drones_has_no_alternatives(small_plan: Plan) -> None:
    one = small_plan.postures["technical"]
    assert one.people.counts.armed_posts == 0
    assert not one.people.counts.area_means
    assert one.alternatives == ()


def test_drones_in_military_hands_take_more_people_than_contracted_ones(length_plan: Plan) -> None:
    one = length_plan.chosen
    drone = ("drone", "Drone", 3.0, 18.0)
    counts = replace(one.people.counts, area_means=(drone,))
    assert isinstance(counts, WatchCounts)
    people = size_people(one.posture, counts, None, length_plan.assumptions)
    by_label = {other.label: other for other in list_alternatives(people, 0.0, length_plan.assumptions)}
    contracted = next(other for label, other in by_label.items() if "Contracted" in label)
    military = next(other for label, other in by_label.items() if "military" in label)
    assert contracted.change_people < 0 < military.change_people
    assert military.deployed_people - people.force.deployed_people == pytest.approx(military.change_people)
