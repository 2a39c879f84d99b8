"""Candidates of a posture: where they stand, what they cost, how their sensors are kept together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_inputs import write_scenario

from truceline.errors import InfeasibleError
from truceline.force.sizing import post_cycle
from truceline.plan import Plan
from truceline.plan.candidates import (
    Candidates,
    list_candidates,
    merge_parts,
    select_candidates,
    share_out,
    trace_unit_people,
)
from truceline.plan.ground import Ground, lay_out_ground
from truceline.plan.parameters import detection_parameters
from truceline.plan.watch import tabulate
from truceline.scenario.load import load_scenario
from truceline.scenario.model import Posture


@pytest.fixture(scope="module")
def ground(small_plan: Plan) -> Ground:
    assert small_plan.ground is not None
    return small_plan.ground


@pytest.fixture(scope="module")
def candidates(small_plan: Plan, ground: Ground) -> Candidates:
    return list_candidates(small_plan.chosen.posture, ground, small_plan.sensors, small_plan.assumptions)


def change_means(posture: Posture, key: str, **changes: Any) -> Posture:
    means = {**posture.means, key: posture.means[key].model_copy(update=changes)}
    return posture.model_copy(update={"means": means})


def test_fixed_means_stand_where_the_rules_say(candidates: Candidates, ground: Ground) -> None:
    fixed = np.isfinite(candidates.x_m)
    places = np.column_stack([candidates.x_m[fixed], candidates.y_m[fixed]])
    located = ground.line.locate(places)
    assert np.allclose(located.offset_m, candidates.offset_m[fixed])
    near = np.abs(np.abs(located.offset_m)[:, None] - [1000, 3000]).min(axis=1)
    assert (near < 0.5 * 3000).all()
    assert (np.abs(located.offset_m) >= 500).all()  # half of the nearest row at least
    assert {*np.sign(located.offset_m)} == {-1.0, 1.0}


def test_moving_means_have_no_place_and_every_sector(candidates: Candidates, ground: Ground) -> None:
    moving = np.isnan(candidates.x_m)
    assert {candidates.kind[i] for i in np.flatnonzero(moving)} == {"patrol"}
    assert candidates.sector[moving].tolist() == list(range(len(ground.sectors)))


def test_one_side_means_one_side(small_plan: Plan, ground: Ground) -> None:
    technical = small_plan.postures["technical"].posture
    found = list_candidates(technical, ground, small_plan.sensors, small_plan.assumptions)
    assert (found.offset_m[np.isfinite(found.x_m)] > 0).all()


def test_the_least_number_of_patrols_is_shared_among_sectors(candidates: Candidates, ground: Ground) -> None:
    assert candidates.forced.sum() == round(0.05 * ground.length_km) == 2
    patrol = candidates.means_key.index("patrol")
    assert candidates.group_limit[candidates.group[patrol]] == round(0.3 * ground.length_km)
    mast = candidates.means_key.index("mast")
    assert candidates.group_limit[candidates.group[mast]] == round(0.1 * ground.length_km)


def test_labels_are_all_different_and_name_place_and_side(candidates: Candidates) -> None:
    labels = candidates.labels()
    assert len({*labels}) == candidates.n
    assert "post km 2.0 a, 1.00 km off" in labels
    assert "post km 2.0 b, 3.00 km off" in labels
    assert "patrol S01" in labels


class TestCost:
    def test_a_post_takes_its_crew_times_the_cycle(self, small_plan: Plan) -> None:
        assumptions = small_plan.assumptions
        post = small_plan.chosen.posture.means["post"]
        traced = trace_unit_people(post, "post", small_plan.sensors, assumptions)
        expected = assumptions.value("staffing.post_crew") * post_cycle(assumptions).value
        assert traced.value == pytest.approx(expected)

    def test_a_second_sensor_brings_its_own_crew(self, small_plan: Plan) -> None:
        posture = change_means(
            small_plan.chosen.posture, "post", sensors=("op_human_thermal", "gsr_portable")
        )
        one, two = (
            trace_unit_people(each.means["post"], "post", small_plan.sensors, small_plan.assumptions)
            for each in (small_plan.chosen.posture, posture)
        )
        assert two.value - one.value == pytest.approx(small_plan.sensors["gsr_portable"].crew_24_7)

    def test_a_mast_takes_its_sensors_and_its_upkeep(self, small_plan: Plan) -> None:
        mast = small_plan.chosen.posture.means["mast"]
        traced = trace_unit_people(mast, "mast", small_plan.sensors, small_plan.assumptions)
        upkeep = small_plan.assumptions.value("staffing.mast_upkeep_crew")
        assert traced.value == pytest.approx(upkeep + small_plan.sensors["camera_mast"].crew_24_7)

    def test_an_unarmed_post_takes_its_own_crew(self, small_plan: Plan) -> None:
        posture = change_means(small_plan.chosen.posture, "post", kind="unarmed_post")
        traced = trace_unit_people(posture.means["post"], "post", small_plan.sensors, small_plan.assumptions)
        assert traced.parts[0].name == "staffing.unarmed_post_crew"


class TestRefusals:
    def test_every_missing_limit_is_named_at_once(self, small_plan: Plan, ground: Ground) -> None:
        posture = change_means(small_plan.chosen.posture, "patrol", at_most=None)
        posture = change_means(posture, "mast", kind="orbit", at_most=None)
        with pytest.raises(InfeasibleError) as caught:
            list_candidates(posture, ground, small_plan.sensors, small_plan.assumptions)
        assert [problem.where for problem in caught.value.problems] == [
            "means.mast.at_most",
            "means.patrol.at_most",
        ]

    def test_rules_that_leave_no_place_name_the_means(self, small_plan: Plan, ground: Ground) -> None:
        posture = small_plan.chosen.posture
        nowhere = posture.model_copy(update={"rules": posture.rules.model_copy(update={"distances": ()})})
        with pytest.raises(InfeasibleError, match="no place where post, mast may stand"):
            list_candidates(nowhere, ground, small_plan.sensors, small_plan.assumptions)


def test_nobody_stands_in_the_river(tmp_path: Path) -> None:
    half = [[2.7, 0.8], [2.96, 0.8], [2.96, 1.2], [2.7, 1.2]]
    changes = {
        "water": {"polygon": half, "half_width": "1500 m"},
        "postures.watch.rules": {"sides": ["a", "b"], "spacing": "2 km", "distances": ["1 km", "3 km"]},
    }
    scenario = load_scenario(write_scenario(tmp_path, changes))
    ground = lay_out_ground(scenario)
    from truceline.detection.sensors import load_sensors

    found = list_candidates(scenario.chosen_posture, ground, load_sensors(), scenario.assumptions)
    fixed = np.isfinite(found.x_m)
    shore = np.interp(found.chainage_m[fixed], [0, 17_500, 18_500, 42_000], [1500, 1500, 0, 0])
    assert (np.abs(found.offset_m[fixed]) > shore - 1e-6).all()
    on_water = found.chainage_m[fixed] < 17_000
    assert on_water.any()
    assert (~on_water).sum() > on_water.sum()


@given(
    st.integers(0, 1000),
    st.lists(st.floats(0.1, 1e6), min_size=1, max_size=30).map(np.array),
)
def test_shares_are_whole_sum_to_the_total_and_are_fair(total: int, weight: np.ndarray) -> None:
    shares = share_out(total, weight)
    assert shares.sum() == total
    assert (np.abs(shares - total * weight / weight.sum()) < 1 + 1e-6).all()


class TestSelecting:
    def test_rows_keep_their_sensors_in_the_order_asked_for(self, small_plan: Plan, ground: Ground) -> None:
        posture = change_means(small_plan.chosen.posture, "mast", sensors=("camera_mast", "gsr_portable"))
        whole = list_candidates(posture, ground, small_plan.sensors, small_plan.assumptions)
        mast, post = whole.means_key.index("mast"), whole.means_key.index("post")
        chosen = select_candidates(whole, np.array([mast, post]))
        assert chosen.means_key == ("mast", "post")
        assert chosen.owner.tolist() == [0, 0, 1]
        assert list(chosen.parts.sensor_id) == ["camera_mast", "gsr_portable", "op_human_thermal"]
        assert chosen.x_m.tolist() == [whole.x_m[mast], whole.x_m[post]]

    def test_sensors_of_one_means_add_up_in_one_row(self, small_plan: Plan, ground: Ground) -> None:
        single = select_candidates(
            list_candidates(small_plan.chosen.posture, ground, small_plan.sensors, small_plan.assumptions),
            np.array([0, 1]),
        )
        posture = change_means(
            small_plan.chosen.posture, "post", sensors=("op_human_thermal", "gsr_portable")
        )
        double = select_candidates(
            list_candidates(posture, ground, small_plan.sensors, small_plan.assumptions), np.array([0, 1])
        )
        parameters = detection_parameters(small_plan.assumptions)
        one, two = (tabulate(each, ground, small_plan.sensors, parameters) for each in (single, double))
        assert len(one.indptr) == len(two.indptr) == 3
        assert two.n_events == one.n_events
        assert two.log_miss.sum() > one.log_miss.sum() > 0
        assert merge_parts(one, single) is one
