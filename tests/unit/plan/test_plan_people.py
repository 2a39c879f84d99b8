"""The people of a plan: what siting spends is what the troop-to-task table holds, bases reach in time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_inputs import write_scenario

from truceline.errors import InfeasibleError
from truceline.plan import Plan, make_plan
from truceline.plan.ground import Ground
from truceline.plan.people import count_given, count_watch, deployed_at, site_bases, size_people
from truceline.scenario.load import load_scenario
from truceline.scenario.model import GivenPosts


@pytest.fixture(scope="module")
def ground(small_plan: Plan) -> Ground:
    assert small_plan.ground is not None
    return small_plan.ground


@pytest.mark.parametrize("key", ["observers", "technical"])
def test_siting_spends_exactly_the_people_who_watch(small_plan: Plan, key: str) -> None:
    one = small_plan.postures[key]
    assert one.watch is not None
    spent = float(one.watch.candidates.cost @ one.watch.copies)
    assert one.people.force.front_people == pytest.approx(spent, rel=1e-12)
    assert one.people.force.table.people_in("watch") == pytest.approx(spent, rel=1e-12)


@pytest.mark.parametrize("key", ["observers", "technical"])
def test_the_table_adds_up_to_the_force(small_plan: Plan, key: str) -> None:
    force = small_plan.postures[key].people.force
    assert sum(force.table.totals().values()) == pytest.approx(force.deployed_people, rel=1e-12)
    assert force.deployed_people == pytest.approx(force.watching_people + force.deterrence_people)


def test_counts_are_the_copies_chosen(small_plan: Plan) -> None:
    one = small_plan.chosen
    assert one.watch is not None
    kinds = np.array(one.watch.candidates.kind)
    counts = one.people.counts
    assert counts.armed_posts == one.watch.copies[kinds == "post"].sum() > 0
    assert counts.masts == one.watch.copies[kinds == "mast"].sum()
    assert counts.patrols_per_day == one.watch.copies[kinds == "patrol"].sum() >= 2
    assert counts.unarmed_posts == 0


def test_an_orbit_and_a_mast_with_two_sensors_are_counted_with_every_crew(tmp_path: Path) -> None:
    means = {
        "tower": {"label": "Tower", "kind": "mast", "sensors": ["camera_mast", "gsr_portable"]},
        "drone": {
            "label": "Drone",
            "kind": "orbit",
            "sensors": ["uav_vtol_tactical"],
            "at_least": "0.03 / km",
            "at_most": "0.1 / km",
        },
    }
    changes = {"postures.watch.means": means, "postures.watch.watch": "3 person/km"}
    plan = make_plan(load_scenario(write_scenario(tmp_path, changes)))
    watch = plan.chosen.watch
    assert watch is not None
    counts = count_watch(plan.chosen.posture, watch, plan.sensors, plan.assumptions)
    assert {crew.key for crew in counts.sensor_crews} == {"tower.camera_mast", "tower.gsr_portable"}
    (orbits,) = counts.area_means
    assert orbits.units >= 1
    assert plan.chosen.people.force.front_people == pytest.approx(watch.spent_people, rel=1e-12)


class TestBases:
    def test_every_cell_counted_as_reached_lies_within_the_reach(
        self, small_plan: Plan, ground: Ground
    ) -> None:
        bases = small_plan.chosen.people.bases
        assert bases is not None
        cells = ground.cells.xy_m
        apart_m = np.hypot(*(cells[:, None, :] - bases.xy_m[None, :, :]).transpose(2, 0, 1)).min(axis=1)
        within = float((apart_m <= bases.reach.value).mean())
        assert bases.required.reached_share <= within
        assert bases.required.reached_share == pytest.approx(1.0)

    def test_less_time_takes_more_bases(self, small_plan: Plan, ground: Ground) -> None:
        posture = small_plan.chosen.posture
        needed = []
        for time_s in (5400.0, 2400.0, 1800.0):
            time = posture.reaction.time
            assert time is not None
            hurried = posture.model_copy(
                update={
                    "reaction": posture.reaction.model_copy(
                        update={"time": time.model_copy(update={"value": time_s})}
                    )
                }
            )
            bases = site_bases(hurried, ground, small_plan.assumptions)
            assert bases is not None
            assert len(bases.xy_m) == bases.required.n_bases >= bases.required.n_bases_bound
            needed.append(bases.required.n_bases)
        assert needed == sorted(needed)
        assert needed[-1] > needed[0]

    def test_no_time_means_a_share_and_no_bases(self, small_plan: Plan, ground: Ground) -> None:
        technical = small_plan.postures["technical"]
        assert site_bases(technical.posture, ground, small_plan.assumptions) is None
        assert technical.people.force.table.people_in("reaction") > 0

    def test_no_side_leaves_no_place_for_a_base(self, small_plan: Plan, ground: Ground) -> None:
        posture = small_plan.chosen.posture
        nowhere = posture.model_copy(update={"rules": posture.rules.model_copy(update={"sides": ()})})
        with pytest.raises(InfeasibleError, match="no place for a reaction base"):
            site_bases(nowhere, ground, small_plan.assumptions)

    def test_a_base_too_far_is_refused_instead_of_planned_empty(
        self, small_plan: Plan, ground: Ground
    ) -> None:
        posture = small_plan.chosen.posture
        far = posture.reaction.distance.model_copy(update={"value": 300_000.0})
        distant = posture.model_copy(
            update={"reaction": posture.reaction.model_copy(update={"distance": far})}
        )
        with pytest.raises(InfeasibleError, match="300 km away no place"):
            site_bases(distant, ground, small_plan.assumptions)


def test_deployed_at_the_planned_number_is_the_plan(small_plan: Plan) -> None:
    for one in small_plan.postures.values():
        front = one.people.force.front_people
        at = deployed_at(one.people, np.array([front, front + 10]))
        assert at[0] == pytest.approx(one.people.force.deployed_people, rel=1e-12)
        assert at[1] > at[0] + 10  # support grows with the watchers


def test_given_counts_default_to_the_usual_patrols(length_plan: Plan) -> None:
    given = length_plan.chosen.posture.given
    assert given is not None
    rate = length_plan.assumptions.value("patrol.rate")
    counts = count_given(given, 180_500.0, length_plan.assumptions)
    assert counts.patrols_per_day == pytest.approx(rate * 180.5)
    stated = GivenPosts.model_validate({"posts": 150, "patrols_per_day": 7})
    assert count_given(stated, 180_500.0, length_plan.assumptions).patrols_per_day == 7


def test_brigades_are_declared_apart_and_change_nothing_else(length_plan: Plan) -> None:
    posture = length_plan.chosen.posture
    counts = length_plan.chosen.people.counts
    more = posture.model_copy(update={"brigades": posture.brigades.model_copy(update={"value": 2.0})})
    with_brigades = size_people(more, counts, None, length_plan.assumptions).force
    without = length_plan.chosen.people.force
    assert without.deterrence_people == 0
    assert with_brigades.watching_people == without.watching_people
    per_brigade = length_plan.assumptions.value("deterrence.brigade_people")
    assert with_brigades.deployed_people == pytest.approx(without.deployed_people + 2 * per_brigade)


def test_the_pool_follows_the_rotation(small_plan: Plan) -> None:
    one = small_plan.chosen
    home = small_plan.assumptions.replaced({"rotation.dwell": small_plan.assumptions.value("rotation.tour")})
    people = size_people(one.posture, one.people.counts, one.people.bases, home)
    assert people.rotation.pool_people == pytest.approx(2 * people.force.deployed_people)
    assert replace(one.people, rotation=people.rotation).force is one.people.force
