"""Siting within a plan: budget, limits and least numbers hold; what is seen only grows with what watches."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from truceline.detection.kinds import KINDS, STATES
from truceline.geo.sight import TerrainSight
from truceline.geo.terrain import Terrain
from truceline.plan import Plan
from truceline.plan.candidates import select_candidates
from truceline.plan.ground import Ground
from truceline.plan.parameters import detection_parameters
from truceline.plan.watch import (
    Watch,
    choose_watch,
    kind_weights,
    measure,
    state_weights,
    tabulate,
)


@pytest.fixture(scope="module")
def ground(small_plan: Plan) -> Ground:
    assert small_plan.ground is not None
    return small_plan.ground


@pytest.fixture(scope="module", params=["observers", "technical"])
def watch(request: pytest.FixtureRequest, small_plan: Plan) -> Watch:
    found = small_plan.postures[request.param].watch
    assert found is not None
    return found


def test_the_budget_is_kept_and_nearly_spent(watch: Watch) -> None:
    dearest = watch.candidates.cost.max()
    assert watch.budget_people - dearest < watch.spent_people <= watch.budget_people


def test_the_budget_is_the_density_times_the_length(small_plan: Plan, ground: Ground) -> None:
    watch = small_plan.chosen.watch
    assert watch is not None
    assert watch.budget_people == pytest.approx(4.4 * ground.line.length_m / 1000, rel=1e-12)


def test_group_limits_and_least_numbers_hold(watch: Watch) -> None:
    candidates, copies = watch.candidates, watch.copies
    assert (copies >= candidates.forced).all()
    assert (copies <= candidates.copies_max).all()
    by_group = np.bincount(candidates.group, copies, minlength=len(candidates.group_limit))
    assert (by_group <= candidates.group_limit).all()


def test_no_more_is_detected_than_the_bound(watch: Watch) -> None:
    assert 0 < watch.detected_share <= watch.bound_share + 1e-9 <= 1 + 1e-9
    assert (watch.frontier.objective <= watch.frontier.bound + 1e-9).all()


def test_siting_and_measuring_agree(watch: Watch) -> None:
    assert watch.averages.detect.total == pytest.approx(watch.detected_share, abs=1e-6)


def test_detected_is_never_less_than_verified_is_never_below_zero(watch: Watch) -> None:
    for name in ("total", "by_kind", "by_state"):
        detect, verify, attribute = (
            np.asarray(getattr(getattr(watch.averages, measure), name))
            for measure in ("detect", "verify", "attribute")
        )
        assert (detect <= 1).all()
        assert (verify <= detect + 1e-9).all()
        assert (attribute <= verify + 1e-9).all()
        assert (attribute >= 0).all()


def test_averages_are_the_weighted_sums_of_their_parts(watch: Watch, small_plan: Plan) -> None:
    incidents = small_plan.scenario.watched
    detect = watch.averages.detect
    assert kind_weights(incidents) @ detect.by_kind == pytest.approx(detect.total, rel=1e-9)
    assert state_weights(incidents) @ detect.by_state == pytest.approx(detect.total, rel=1e-9)


@pytest.mark.parametrize("lost", ["patrol", "mast", "post"])
def test_losing_means_never_raises_what_is_seen(lost: str, small_plan: Plan, ground: Ground) -> None:
    watch = small_plan.chosen.watch
    assert watch is not None
    kinds = np.array(watch.candidates.kind)
    left = np.where(kinds == lost, 0, watch.copies)
    assert left.sum() < watch.copies.sum()
    parameters = detection_parameters(small_plan.assumptions)
    remaining = select_candidates(watch.candidates, np.flatnonzero(left))
    kept = tabulate(remaining, ground, small_plan.sensors, parameters)
    incidents = small_plan.scenario.watched
    fused, averages = measure(kept, left, watch.candidates, incidents, ground, small_plan.sensors)
    assert (fused.p_detect <= watch.fused.p_detect + 1e-6).all()
    assert (fused.p_verify <= watch.fused.p_verify + 1e-6).all()
    assert averages.detect.total < watch.averages.detect.total


def test_the_rows_kept_are_those_of_the_whole_table(small_plan: Plan, ground: Ground) -> None:
    watch = small_plan.chosen.watch
    assert watch is not None
    table = tabulate(
        watch.candidates, ground, small_plan.sensors, detection_parameters(small_plan.assumptions)
    )
    assert watch.table.n_events == table.n_events == len(ground.cells) * len(KINDS) * len(STATES)
    for position, row in enumerate(watch.chosen):
        here = slice(watch.table.indptr[position], watch.table.indptr[position + 1])
        there = slice(table.indptr[row], table.indptr[row + 1])
        assert np.array_equal(watch.table.indices[here], table.indices[there])
        assert np.array_equal(watch.table.log_miss[here], table.log_miss[there])


def test_with_a_ground_folder_a_second_plan_does_not_look_again(
    small_plan: Plan, ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = small_plan.chosen.watch
    assert watch is not None
    height = np.zeros((900, 900), np.float32)
    corner = ground.cells.xy_m.mean(axis=0) + np.array([-40_000.0, 40_000.0])
    terrain = Terrain(height, corner[0], corner[1], 90.0, None, "bare_earth", "flat")
    kept = dataclasses.replace(ground, sight=TerrainSight(terrain), terrain=terrain, tables=tmp_path)
    parameters = detection_parameters(small_plan.assumptions)
    first = tabulate(watch.candidates, kept, small_plan.sensors, parameters)
    assert len(list(tmp_path.iterdir())) == 1

    def look(*args: object, **kwargs: object) -> np.ndarray:
        raise AssertionError("looked again")

    monkeypatch.setattr(TerrainSight, "p_visible", look)
    again = tabulate(watch.candidates, kept, small_plan.sensors, parameters)
    for name in ("indptr", "indices", "log_miss"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    hill = Terrain(height + 1.0, corner[0], corner[1], 90.0, None, "bare_earth", "higher")
    other = dataclasses.replace(kept, sight=TerrainSight(hill), terrain=hill)
    with pytest.raises(AssertionError, match="looked again"):
        tabulate(watch.candidates, other, small_plan.sensors, parameters)


def test_the_gap_is_what_the_bound_leaves(watch: Watch) -> None:
    assert watch.detected_share <= watch.bound_share <= 1.0
    assert watch.gap_share == pytest.approx(1 - watch.detected_share / watch.bound_share)
    assert watch.detected_share == pytest.approx(watch.averages.detect.total, rel=1e-4)
    assert (
        watch.detected_share >= watch.frontier.objective[watch.frontier.point_at(watch.budget_people)] - 1e-9
    )


def test_weights_are_shares_in_the_order_of_the_kinds(small_plan: Plan) -> None:
    incidents = small_plan.scenario.watched
    weights = kind_weights(incidents)
    assert weights.sum() == pytest.approx(1)
    assert weights[KINDS.index("small_arms")] == pytest.approx(0.3)
    assert weights[KINDS.index("uav")] == 0
    assert state_weights(incidents).tolist() == pytest.approx([0.45, 0.40, 0.15])


def test_more_people_never_detect_less(small_plan: Plan, ground: Ground) -> None:
    posture = small_plan.postures["technical"].posture
    assert posture.watch is not None
    found = []
    for density in (1.0, 2.0, 4.0):
        richer = posture.model_copy(update={"watch": posture.watch.model_copy(update={"value": density})})
        watch = choose_watch(
            richer,
            small_plan.scenario.watched,
            ground,
            small_plan.sensors,
            small_plan.assumptions,
            detection_parameters(small_plan.assumptions),
            in_full=False,
        )
        found.append(watch.detected_share)
    assert found == sorted(found)
    assert found[-1] > found[0]
