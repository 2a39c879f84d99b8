"""Siting within a plan: budget, limits and least numbers hold; what is seen only grows with what watches."""

from __future__ import annotations

import numpy as np
import pytest

from truceline.detection.kinds import KINDS, STATES
from truceline.plan import Plan
from truceline.plan.ground import Ground
from truceline.plan.parameters import detection_parameters
from truceline.plan.watch import (
    Watch,
    choose_watch,
    drop_weightless,
    keep_rows,
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
    table = tabulate(watch.candidates, ground, small_plan.sensors, parameters)
    kept = keep_rows(table, np.flatnonzero(left))
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


def test_keeping_no_row_keeps_the_events(watch: Watch) -> None:
    empty = keep_rows(watch.table, np.empty(0, dtype=np.int64))
    assert empty.n_events == watch.table.n_events
    assert len(empty.indices) == 0
    assert empty.indptr.tolist() == [0]


def test_events_without_weight_are_dropped_row_by_row(watch: Watch) -> None:
    weight = np.zeros(watch.table.n_events)
    weight[watch.table.indices[::3]] = 1
    dropped = drop_weightless(watch.table, weight)
    assert (weight[dropped.indices] > 0).all()
    for row in range(len(dropped.indptr) - 1):
        old = watch.table.indices[watch.table.indptr[row] : watch.table.indptr[row + 1]]
        new = dropped.indices[dropped.indptr[row] : dropped.indptr[row + 1]]
        assert np.array_equal(new, old[weight[old] > 0])
    assert drop_weightless(watch.table, np.ones(watch.table.n_events)) is watch.table


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
            n_bounds=0,
        )
        found.append(watch.detected_share)
    assert found == sorted(found)
    assert found[-1] > found[0]
