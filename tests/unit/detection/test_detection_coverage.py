"""The event table, fusion, averages and rate fields: by hand, against the slow twins, and by property."""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import Any

import numpy as np
import pytest
from detection_cases import FlatSight, HalfSight, make_parameters, make_sensor
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.detection import _kernels, _pairs, _reference
from truceline.detection.coverage import DetectionTable, detection_table
from truceline.detection.fusion import fuse_at_least, fuse_averaged, mix_states
from truceline.detection.kinds import KIND_INDEX, N_KINDS, N_STATES, STATES
from truceline.detection.means import (
    EventIndex,
    Means,
    area_means,
    attribution_of,
    fixed_means,
    join_means,
    select_means,
)
from truceline.detection.measures import average, event_weights, find_blind_share, fuse, measure_alarms
from truceline.detection.moving import area_rate_per_s, p_event_area
from truceline.detection.parameters import DetectionParameters
from truceline.detection.performance import look_rate_per_s, p_event
from truceline.detection.rates import rate_field, rate_fields
from truceline.detection.sensors import load_sensors
from truceline.errors import GeometryError, ScenarioError

SENSORS = load_sensors()
PARAMETERS = make_parameters()
DISC = make_sensor("disc", availability_share=0.8)
SPY = make_sensor("spy", availability_share=0.5, attributes=True)


def table_of(means: Means, x: Any, y: Any, sensors: dict[str, Any], **changes: Any) -> DetectionTable:
    arguments: dict[str, Any] = {
        "cell_sector": np.zeros(len(x), dtype=int),
        "sector_area_m2": [1e9],
        "cell_m": 0.0,
    }
    sight = changes.pop("sight", FlatSight())
    parameters = changes.pop("parameters", PARAMETERS)
    return detection_table(means, x, y, sight, sensors, parameters, **(arguments | changes))


def dense(table: DetectionTable) -> np.ndarray:
    """(candidates, cells, 7, 3) probabilities."""
    p = np.zeros((table.n_candidates, table.n_events))
    for i in range(table.n_candidates):
        part = slice(table.indptr[i], table.indptr[i + 1])
        p[i, table.indices[part]] = -np.expm1(-table.log_miss[part].astype(float))
    return p.reshape(table.n_candidates, -1, N_KINDS, N_STATES)


def test_events_are_numbered_by_cell_kind_and_state() -> None:
    index = EventIndex(4)
    assert index.n_events == 84
    assert index.number(0, "person", "day") == 0
    assert index.number(2, "mortar", "bad") == (2 * 7 + 3) * 3 + 2
    cell, kind, state = index.unravel([53])
    assert (cell[0], kind[0], state[0]) == (2, 3, 2)
    with pytest.raises(IndexError):
        index.number(4, "person", "day")


def test_two_posts_and_three_cells_by_hand() -> None:
    # posts at 0 and 1500 m, definite range 1 km with 0.95; cells at 0, 800 and 2600 m
    means = fixed_means(["disc", "spy"], [0, 1500], [0, 0], 5.0)
    table = table_of(means, [0, 800, 2600], [0, 0, 0], {"disc": DISC, "spy": SPY})
    p = dense(table)
    seen = np.zeros((2, 3))
    seen[0, :2] = 0.95 * 0.8
    seen[1, 1] = 0.95 * 0.5
    for kind in ("person", "small_arms"):
        for state in range(N_STATES):
            assert p[:, :, KIND_INDEX[kind], state] == pytest.approx(seen, abs=1e-6)
    assert p[:, :, KIND_INDEX["vehicle"]].max() == 0
    fused = fuse(table, [1, 1], [False, True])
    a, b = 0.76, 0.475
    assert fused.p_detect[:, 0, 0] == pytest.approx([a, 1 - (1 - a) * (1 - b), 0], abs=1e-6)
    assert fused.p_verify[:, 0, 0] == pytest.approx([0, b, 0], abs=1e-6)
    assert fused.p_attribute[:, 0, 0] == pytest.approx([0, b, 0], abs=1e-6)
    twins = fuse(table, [2, 0], [False, True])
    assert twins.p_verify[:, 0, 0] == pytest.approx([a * a, a * a, 0], abs=1e-6)
    averages = average(fused, [1, 1, 2], np.eye(N_KINDS)[0], [0.5, 0.3, 0.2], [0, 0, 2])
    all_of_one = (a + 1 - (1 - a) * (1 - b)) / 4
    assert averages.detect.total == pytest.approx(all_of_one, abs=1e-6)
    assert averages.detect.by_state == pytest.approx([all_of_one] * 3, abs=1e-6)
    assert averages.detect.by_kind[[0, 1, 2]] == pytest.approx([all_of_one, 0, all_of_one], abs=1e-6)
    assert averages.detect.by_sector == pytest.approx([2 * all_of_one, math.nan, 0], abs=1e-6, nan_ok=True)
    blind = find_blind_share(fused, 0.8, np.eye(N_KINDS)[0])
    assert blind.overall == pytest.approx(2 / 3)
    assert blind.by_kind[[0, 1]] == pytest.approx([2 / 3, 1])


def test_visibility_multiplies_what_is_seen_and_not_what_is_heard() -> None:
    means = fixed_means(["op_human"], 0.0, 0.0, 5.0)
    clear, hidden, half = (
        dense(table_of(means, [500.0], [0.0], SENSORS, sight=FlatSight(p))) for p in (1, 0, 0.5)
    )
    person, mortar = KIND_INDEX["person"], KIND_INDEX["mortar"]
    assert hidden[0, 0, person].max() == 0
    assert half[0, 0, person] == pytest.approx(clear[0, 0, person] / 2, rel=1e-5)
    assert (hidden[0, 0, mortar] == clear[0, 0, mortar]).all()
    assert clear[0, 0, mortar, 0] > 0.5


def test_entries_equal_availability_times_the_event_law() -> None:
    names = ["op_human", "camera_mast", "gsr_portable", "acoustic_small", "wlr_light", "air_radar_medium"]
    x = np.array([0.0, 300.0, 2_000.0, 9_000.0, 90_000.0])
    eye = [SENSORS[name].platform_height_m for name in names]
    p = dense(table_of(fixed_means(names, 0.0, 0.0, eye), x, np.zeros(5), SENSORS))
    for i, name in enumerate(names):
        sensor = SENSORS[name]
        for kind in sensor.detects:
            for s, state in enumerate(STATES):
                law = sensor.availability_share * p_event(sensor, kind, state, x, PARAMETERS)
                law[law < 1e-4] = 0
                assert p[i, :, KIND_INDEX[kind], s] == pytest.approx(law, abs=2e-3), (name, kind, state)


def test_moving_means_cover_their_sector_alike() -> None:
    means = area_means(["patrol_vehicle", "uav_male", "patrol_vehicle"], [1, 0, 1], [24, 24, 8])
    sector = np.array([0, 1, 1, -1])
    x = np.arange(4) * 1e4
    p = dense(table_of(means, x, x, SENSORS, cell_sector=sector, sector_area_m2=[2e8, 1e8], p_min=0.0))
    expected = [
        [float(p_event_area(SENSORS["patrol_vehicle"], kind, state, 1e8, PARAMETERS)) for state in STATES]
        for kind in KIND_INDEX
    ]
    assert p[0, 1] == pytest.approx(np.array(expected), abs=1e-6)
    assert (p[0, 1] == p[0, 2]).all()
    assert p[0, [0, 3]].max() == 0
    assert p[1, [1, 2, 3]].max() == 0
    assert p[1, 0].max() > 0.1
    assert p[2, 1] == pytest.approx(p[0, 1] / 3, abs=1e-6)


def test_sites_that_share_a_place_share_their_pairs() -> None:
    sight = FlatSight()
    means = fixed_means(["disc", "spy", "disc"], [0.0, 0.0, 50.0], 0.0, 5.0)
    table_of(means, [100.0], [0.0], {"disc": DISC, "spy": SPY}, sight=sight)
    assert sorted(sight.asked) == [(1.5, 2), (1.7, 2)]


def test_sight_is_told_which_pairs_matter_for_each_height() -> None:
    means = fixed_means(["op_human"], 0.0, 0.0, 5.0)
    x = np.array([100.0, 2_000.0, 7_000.0])
    sight = FlatSight()
    table_of(means, x, 0 * x, SENSORS, sight=sight)
    assert {n for _, n in sight.asked} == {1, 2, 3}


def test_small_batches_and_scattered_sites_give_the_same_table(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    x, y = rng.uniform(0, 2e4, (2, 300))
    place = rng.integers(0, 12, 40)
    sx, sy = rng.uniform(0, 2e4, (2, 12))
    names = [("op_human", "camera_mast", "gsr_portable")[i % 3] for i in range(40)]
    means = fixed_means(names, sx[place], sy[place], 6.0)
    whole = table_of(means, x, y, SENSORS, sight=HalfSight())
    monkeypatch.setattr(_pairs, "PAIRS_PER_BATCH", 100)
    parts = table_of(means, x, y, SENSORS, sight=HalfSight())
    for name in ("indptr", "indices", "log_miss"):
        assert (getattr(whole, name) == getattr(parts, name)).all()
    for i in range(40):
        assert (np.diff(whole.indices[whole.indptr[i] : whole.indptr[i + 1]]) > 0).all()


def use_twins(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("list_pairs", "fill_entries", "add_rates"):
        monkeypatch.setattr(_kernels, name, getattr(_reference, name))


CROWD = [
    "op_human",
    "camera_mast",
    "gsr_portable",
    "acoustic_small",
    "wlr_light",
    "ugs_seismic",
    "tower_autonomous",
]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_kernels_agree_with_their_twins(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(-6e3, 6e3, (2, 150))
    sx, sy = rng.uniform(-6e3, 6e3, (2, len(CROWD)))
    sx[1], sy[1] = sx[0], sy[0]
    x[0], y[0] = sx[0], sy[0]
    means = fixed_means(CROWD, sx, sy, rng.choice([3.0, 12.0], len(CROWD)))
    grid = {"grid_sector": np.zeros(150, dtype=int), "sector_area_m2": [1e9], "cell_m": 250.0}

    def run() -> tuple[DetectionTable, np.ndarray]:
        table = table_of(means, x, y, SENSORS, sight=HalfSight(0.7), cell_m=1000.0)
        return table, rate_fields(means, np.ones(means.n), x, y, HalfSight(0.7), SENSORS, PARAMETERS, **grid)

    fast_table, fast_field = run()
    use_twins(monkeypatch)
    slow_table, slow_field = run()
    assert (fast_table.indptr == slow_table.indptr).all()
    assert (fast_table.indices == slow_table.indices).all()
    assert fast_table.log_miss == pytest.approx(slow_table.log_miss, rel=1e-5, abs=1e-7)
    assert fast_field == pytest.approx(slow_field, rel=1e-5, abs=1e-12)
    assert fast_field.max() > 0


def random_table(rng: np.random.Generator, n: int, n_cells: int) -> DetectionTable:
    p = rng.uniform(0, 1, (n, n_cells * 21)) * (rng.random((n, n_cells * 21)) < 0.6)
    rows = [np.flatnonzero(row) for row in p]
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    values = np.concatenate([-np.log1p(-p[i, row]) for i, row in enumerate(rows)]).astype(np.float32)
    return DetectionTable(indptr, np.concatenate(rows).astype(np.int32), values, n_cells * 21)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_fusion_agrees_with_enumeration(seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = random_table(rng, 4, 1)
    copies, attributes = rng.integers(0, 3, 4), rng.random(4) < 0.4
    p = dense(table).reshape(4, -1)
    units = [i for i in range(4) for _ in range(copies[i])]
    detect, verify, attribute = np.zeros((3, 21))
    for outcome in itertools.product((0, 1), repeat=len(units)):
        chance = np.ones(21)
        for unit, hit in zip(units, outcome, strict=True):
            chance = chance * (p[unit] if hit else 1 - p[unit])
        by_attributing = any(hit and attributes[unit] for unit, hit in zip(units, outcome, strict=True))
        detect += chance * (sum(outcome) >= 1)
        verify += chance * (sum(outcome) >= 2 or by_attributing)
        attribute += chance * by_attributing
    fused = fuse(table, copies, attributes)
    for got, expected in ((fused.p_detect, detect), (fused.p_verify, verify), (fused.p_attribute, attribute)):
        assert got.ravel() == pytest.approx(expected, abs=2e-6)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), extra=st.integers(0, 4))
def test_measures_are_ordered_probabilities_and_more_means_never_lower_them(seed: int, extra: int) -> None:
    rng = np.random.default_rng(seed)
    table = random_table(rng, 5, 2)
    copies, attributes = rng.integers(0, 4, 5), rng.random(5) < 0.4
    before = fuse(table, copies, attributes)
    more = copies.copy()
    more[extra] += 1
    after = fuse(table, more, attributes)
    assert (before.p_detect <= 1).all()
    assert (before.p_detect >= before.p_verify).all()
    assert (before.p_verify >= before.p_attribute - 1e-12).all()
    assert (before.p_attribute >= 0).all()
    for name in ("p_detect", "p_verify", "p_attribute"):
        assert (getattr(after, name) >= getattr(before, name) - 1e-12).all()
    weights = (rng.random(2) + 0.1, rng.random(7) + 0.1, [0.5, 0.3, 0.2])
    assert average(after, *weights).detect.total >= average(before, *weights).detect.total - 1e-12


def test_no_choice_detects_nothing_and_certainty_stays_finite() -> None:
    sure = make_sensor("sure", "definite_range")
    certain = make_parameters(p_definite_range=1 - 1e-9)
    table = table_of(fixed_means(["sure"], 0.0, 0.0, 5.0), [0.0], [0.0], {"sure": sure}, parameters=certain)
    assert np.isfinite(table.log_miss).all()
    assert fuse(table, [0], [False]).p_detect.max() == 0
    many = fuse(table, [50], [False])
    assert many.p_detect.max() <= 1
    assert many.p_verify[0, 0, 0] == pytest.approx(1)
    alone = fuse(table, [1], [False])
    assert alone.p_verify[0, 0, 0] == pytest.approx(0, abs=1e-6)


def test_averaging_comes_after_fusing() -> None:
    # vectors K3 and K4: two means in good (0.7) and bad (0.3) weather; here they stand for day and bad
    values = -np.log1p(-np.array([[0.6, 0.1], [0.5, 0.05]])).astype(np.float32)
    table = DetectionTable(np.array([0, 2, 4]), np.array([0, 2, 0, 2], dtype=np.int32), values.ravel(), 21)
    averages = average(fuse(table, [1, 1], [False, False]), [1.0], np.eye(N_KINDS)[0], [0.7, 0.0, 0.3])
    weather, p = [0.7, 0.3], [[0.6, 0.5], [0.1, 0.05]]
    assert averages.detect.total == pytest.approx(float(mix_states(weather, p)), abs=1e-6)
    assert averages.detect.total == pytest.approx(0.6035, abs=1e-6)
    assert float(fuse_averaged(weather, p)) > averages.detect.total + 0.04
    both = 0.7 * float(fuse_at_least(p[0], 2)) + 0.3 * float(fuse_at_least(p[1], 2))
    assert averages.verify.total == pytest.approx(both, abs=1e-6)


def test_weights_may_differ_by_cell_and_are_refused_when_wrong() -> None:
    by_cell_state = np.array([[1.0, 0, 0], [0, 0, 1.0]])
    weights = event_weights([1.0, 3.0], np.eye(N_KINDS)[1], by_cell_state)
    assert weights.sum() == pytest.approx(1)
    assert weights[0, 1, 0] == pytest.approx(0.25)
    assert weights[1, 1, 2] == pytest.approx(0.75)
    by_cell_kind = np.zeros((2, N_KINDS))
    by_cell_kind[1, 4] = 2.0
    assert event_weights(by_cell_kind, np.ones(N_KINDS), [0, 1, 0])[1, 4, 1] == pytest.approx(1)
    for wrong in (
        ([1.0], np.ones(6), [1, 1, 1]),
        ([-1.0, 2.0], np.ones(7), [1, 1, 1]),
        ([0.0], np.ones(7), [1, 1, 1]),
    ):
        with pytest.raises(ScenarioError, match="weights"):
            event_weights(*wrong)


def test_alarms_by_hand() -> None:
    means = join_means(
        [fixed_means(["op_human", "gsr_portable"], 0.0, 0.0, 5.0), area_means(["sat_vhr_sar"], 0, 24)]
    )
    burden = measure_alarms(means, [2, 1, 3], SENSORS, incidents_per_day=10.0, p_detect=0.4)
    assert burden.false_per_day == pytest.approx(2 * 1 + 6)
    assert burden.n_unknown == 3
    assert burden.ppv == pytest.approx(4 / 12)
    assert attribution_of(means, SENSORS).tolist() == [False, False, False]


def grid_of(x: np.ndarray, sector: Any = None, **changes: Any) -> dict[str, Any]:
    sectors = np.zeros(len(x), dtype=int) if sector is None else np.asarray(sector)
    return {"grid_sector": sectors, "sector_area_m2": [1e9, 1e9], "cell_m": 0.0} | changes


def test_rate_field_by_hand() -> None:
    means = join_means(
        [fixed_means(["op_human", "op_human"], [0.0, 400.0], 0.0, 5.0), area_means(["patrol_vehicle"], 1, 12)]
    )
    x = np.array([700.0, 1_200.0, 50_000.0])
    sector = [0, 1, 1]
    post, patrol = SENSORS["op_human"], SENSORS["patrol_vehicle"]
    fields = rate_fields(
        means, [2, 1, 3], x, 0 * x, FlatSight(0.5), SENSORS, PARAMETERS, **grid_of(x, sector)
    )
    assert fields.shape == (2, 3, 3)
    for k, kind in enumerate(("person", "vehicle")):
        for s, state in enumerate(STATES):
            fixed = (
                0.98
                * 0.5
                * (
                    2 * look_rate_per_s(post, kind, state, x, PARAMETERS)
                    + look_rate_per_s(post, kind, state, np.abs(x - 400), PARAMETERS)
                )
            )
            moving = 3 * float(area_rate_per_s(patrol, kind, state, 1e9, PARAMETERS, hours_per_day=12))
            expected = fixed + moving * np.array(sector)
            assert fields[k, s] == pytest.approx(expected, rel=5e-3, abs=1e-9)
    still = rate_field(
        means, [2, 1, 3], x, 0 * x, "person", "day", FlatSight(0.5), SENSORS, PARAMETERS,
        **grid_of(x, sector, include_moving=False),
    )  # fmt: skip
    assert still[2] == 0
    assert still[0] == pytest.approx(fields[0, 0, 0])
    nothing = rate_fields(means, [0, 0, 0], x, 0 * x, FlatSight(), SENSORS, PARAMETERS, **grid_of(x, sector))
    assert nothing.max() == 0


def test_rate_field_refuses_instants_and_wrong_counts() -> None:
    x = np.array([0.0])
    means = fixed_means(["op_human"], 0.0, 0.0, 5.0)
    with pytest.raises(ScenarioError) as caught:
        rate_fields(means, [1, 2], x, x, FlatSight(), SENSORS, PARAMETERS, kinds=("mortar",), **grid_of(x))
    assert [problem.where for problem in caught.value.problems] == ["kinds", "copies"]


def test_unusable_candidates_are_named_all_at_once() -> None:
    means = join_means(
        [
            fixed_means(
                ["nobody", "patrol_foot", "op_human", "op_human"], [0, 0, math.nan, 0], 0.0, [5, 5, 5, -1]
            ),
            area_means(["op_human", "uav_male", "uav_male", "uav_male"], [0, 7, 1, 0], [24, 24, 24, 30]),
        ]
    )
    with pytest.raises(ScenarioError) as caught:
        table_of(means, [0.0], [0.0], SENSORS, sector_area_m2=[1e9, 0.0])
    assert len(caught.value.problems) == 8
    assert {problem.where.split()[0] for problem in caught.value.problems} == {
        f"means[{i}]" for i in range(8)
    }


def test_unusable_cells_are_refused() -> None:
    means = fixed_means(["op_human"], 0.0, 0.0, 5.0)
    with pytest.raises(GeometryError, match="not finite"):
        table_of(means, [math.nan], [0.0], SENSORS)
    with pytest.raises(GeometryError, match="give one of each"):
        table_of(means, [0.0, 1.0], [0.0], SENSORS)
    with pytest.raises(GeometryError, match="sectors") as caught:
        table_of(means, [0.0], [0.0], SENSORS, cell_sector=[4], cell_m=-1.0)
    assert len(caught.value.problems) == 2


def test_wrong_choice_is_refused() -> None:
    table = table_of(fixed_means(["op_human"], 0.0, 0.0, 5.0), [0.0], [0.0], SENSORS)
    for copies in ([1, 1], [-1]):
        with pytest.raises(ScenarioError, match="cannot be fused"):
            fuse(table, copies, [False] * len(copies))


def test_empty_inputs_give_empty_results() -> None:
    none = fixed_means([], [], [], [])
    table = table_of(none, [0.0], [0.0], SENSORS)
    assert (table.n_candidates, table.n_cells, len(table.indices)) == (0, 1, 0)
    assert fuse(table, [], []).p_detect.max() == 0
    post = fixed_means(["op_human"], 0.0, 0.0, 5.0)
    assert table_of(post, [], [], SENSORS).n_events == 0
    far = table_of(post, [1e6], [0.0], SENSORS)
    assert len(far.indices) == 0


def test_longer_ranges_never_lower_an_entry() -> None:
    names = ["op_human", "camera_mast", "gsr_portable", "tower_autonomous"]
    means = fixed_means(names, 0.0, 0.0, 10.0)
    x = np.linspace(0, 12_000, 60)
    longer = dataclasses.replace(PARAMETERS, range_multiplier=1.3)
    assert isinstance(longer, DetectionParameters)
    low, high = (
        dense(table_of(means, x, 0 * x, SENSORS, parameters=p, cell_m=1000.0)) for p in (PARAMETERS, longer)
    )
    assert (high >= low - 2e-3).all()
    assert high.sum() > low.sum() * 1.1


def test_what_lies_outside_its_arc_a_means_does_not_watch() -> None:
    bearings = np.radians(np.arange(0, 360, 15))
    x, y = 500.0 * np.sin(bearings), 500.0 * np.cos(bearings)
    for facing, arc in ((0.0, 92.0), (90.0, 103.0), (350.0, 42.0), (200.0, 357.0), (77.0, 360.0)):
        means = fixed_means(["disc"], 0.0, 0.0, 5.0, facing_deg=facing, arc_deg=arc)
        table = table_of(means, x, y, {"disc": DISC})
        seen = np.unique(table.indices // 21)
        off = np.abs((np.degrees(bearings) - facing + 180) % 360 - 180)
        assert seen.tolist() == np.flatnonzero(off <= arc / 2 + 1e-6).tolist()


def test_two_means_of_one_place_may_face_apart() -> None:
    means = fixed_means(["disc", "disc"], 0.0, 0.0, 5.0, facing_deg=[90.0, 270.0], arc_deg=60.0)
    table = table_of(means, [400.0, -400.0], [0.0, 0.0], {"disc": DISC})
    rows = [np.unique(table.indices[a:b] // 21).tolist() for a, b in itertools.pairwise(table.indptr)]
    assert rows == [[0], [1]]
    grid = {"grid_sector": np.zeros(2, dtype=int), "sector_area_m2": [1e9], "cell_m": 0.0}
    one = select_means(means, np.array([0]))
    x = [400.0, -400.0]
    field = rate_fields(one, [1], x, [0.0, 0.0], FlatSight(), {"disc": DISC}, PARAMETERS, **grid)
    assert (field[:, 0, 0] > 0).any()
    assert (field[:, :, 1] == 0).all()


def test_events_nobody_asks_about_are_left_out_while_the_table_is_made() -> None:
    rng = np.random.default_rng(4)
    x, y = rng.uniform(-4e3, 4e3, (2, 60))
    means = join_means(
        [fixed_means(["op_human", "acoustic_small"], 0.0, 0.0, 5.0), area_means(["patrol_vehicle"], [0], 8.0)]
    )
    counts = rng.random(60 * 21) < 0.5
    whole, asked = table_of(means, x, y, SENSORS), table_of(means, x, y, SENSORS, counts=counts)
    for row in range(means.n):
        a, b = (slice(one.indptr[row], one.indptr[row + 1]) for one in (whole, asked))
        kept = counts[whole.indices[a]]
        assert asked.indices[b].tolist() == whole.indices[a][kept].tolist()
        assert asked.log_miss[b].tolist() == whole.log_miss[a][kept].tolist()
        assert 0 < kept.sum() < kept.size
    with pytest.raises(GeometryError, match=r"counts  has the shape \(3,\)"):
        table_of(means, x, y, SENSORS, counts=[True] * 3)
