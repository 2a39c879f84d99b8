"""Sustainment, cost context, substitution and drones."""

from __future__ import annotations

import pytest

from truceline.errors import ScenarioError
from truceline.force.costs import cost_per_year, list_cost_context
from truceline.force.drones import crew_drones
from truceline.force.estimates import read_estimates
from truceline.force.missions import read_missions
from truceline.force.sizing import counts_at_spacing
from truceline.force.substitution import replace_posts_by_masts
from truceline.force.sustainment import size_sustainment
from truceline.scenario.catalogue import load_catalogue

ASSUMPTIONS = load_catalogue()
COUNTS = counts_at_spacing(180_500, 3500, ASSUMPTIONS)


def test_supplies_follow_the_people():
    day = size_sustainment(10_000, ASSUMPTIONS)
    assert [line.value for line in day.lines()] == pytest.approx([291, 197, 52])
    assert [line.unit for line in day.lines()] == ["m^3/day", "m^3/day", "t/day"]
    assert all(line.parts[1].source for line in day.lines())
    with pytest.raises(ScenarioError, match="-1 is not a number of people"):
        size_sustainment(-1, ASSUMPTIONS)


def test_costs_of_others_are_listed_and_never_mixed():
    rows = list_cost_context(1000, read_missions(), read_estimates())
    assert {row.currency for row in rows} == {"USD", "EUR"}
    assert all(row.basis for row in rows)
    assert all(row.per_year == pytest.approx(1000 * row.per_person_year) for row in rows)
    assert rows[-1].key == "EE04"  # the one estimate comes after the missions
    rates = [row.per_person_year for row in rows[:-1]]
    assert rates == sorted(rates)
    with pytest.raises(ScenarioError):
        cost_per_year(-1, 50_000)


def test_masts_take_fewer_people_and_leave_the_reaction_force():
    change = replace_posts_by_masts(COUNTS, ASSUMPTIONS, n_posts=30, masts_per_post=2)
    assert change.after.table.find("masts").count == 60
    assert change.reaction_people == pytest.approx(change.before.table.people_in("reaction"))
    assert 0 < change.people_saved < change.before.watching_people
    assert "stand ready to go where a mast gives an alarm" in change.sentence()


def test_too_many_masts_save_nobody():
    assert replace_posts_by_masts(COUNTS, ASSUMPTIONS, n_posts=30, masts_per_post=20).people_saved < 0


@pytest.mark.parametrize(("n_posts", "masts"), [(52, 1), (-1, 1), (5, -1)])
def test_only_posts_that_exist_can_be_replaced(n_posts, masts):
    with pytest.raises(ScenarioError, match="armed posts"):
        replace_posts_by_masts(COUNTS, ASSUMPTIONS, n_posts=n_posts, masts_per_post=masts)


def test_drones_bring_their_source():
    means = crew_drones("male_orbit", 2, ASSUMPTIONS)
    assert (means.units, means.people_per_unit) == (2, 179)
    assert means.traced is not None
    assert "SF043" in means.traced.source
