"""What one loss leaves of the weakest crossing, against solving everything again without the sensor."""

import math

import numpy as np
import pytest
from crossing_fields import belt
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.errors import GeometryError
from truceline.siting import _crossing_reference
from truceline.siting.eikonal import solve_eikonal
from truceline.siting.losses import NO_GROUP, LossScorer, SensorCells, rescore_losses

CELL_M = 100.0


def sensor_belt(seed, n_rows, n_columns, n_sensors, *, blocked_share=0.1, bare=False):
    """Return slowness, sensors and exit groups of a random belt with round, patchy sensors."""
    random = np.random.default_rng(seed)
    base = np.zeros((n_rows, n_columns)) if bare else random.uniform(0, 2e-5, (n_rows, n_columns))
    row, column = np.mgrid[0:n_rows, 0:n_columns]
    cells, values = [], []
    for _ in range(n_sensors):
        r, c = random.uniform(0, n_rows), random.uniform(0, n_columns)
        distance = np.hypot(row - r, column - c)
        seen = (distance < random.uniform(1, 7)) & (random.random(base.shape) < 0.8)
        cells.append(np.flatnonzero(seen))
        values.append(random.uniform(0.2, 1.0) * 1e-3 / (1 + distance[seen] ** 2))
    indptr = np.concatenate([[0], np.cumsum([len(part) for part in cells])]).astype(np.int64)
    sensors = SensorCells(indptr, np.concatenate(cells), np.concatenate(values))
    slowness = base + np.bincount(sensors.cell, sensors.slowness, base.size).reshape(base.shape)
    slowness[(random.random(base.shape) < blocked_share) & (row > 0)] = np.inf
    group = np.full(base.shape, NO_GROUP)
    group[-1] = np.arange(n_columns) * 3 // n_columns
    return slowness, sensors, group


def without(slowness, sensors, s):
    part = slice(sensors.indptr[s], sensors.indptr[s + 1])
    left = slowness.ravel().copy()
    left[sensors.cell[part]] -= sensors.slowness[part]
    return np.maximum(left, 0.0).reshape(slowness.shape)


def least_by_group(field, group):
    return [field[group == g].min() for g in range(group.max() + 1)]


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 100_000),
    n_rows=st.integers(3, 14),
    n_columns=st.integers(3, 30),
    n_sensors=st.integers(1, 5),
    blocked_share=st.sampled_from([0.0, 0.1, 0.4]),
    bare=st.booleans(),
)
def test_a_loss_leaves_what_a_full_solve_finds(seed, n_rows, n_columns, n_sensors, blocked_share, bare):
    slowness, sensors, group = sensor_belt(
        seed, n_rows, n_columns, n_sensors, blocked_share=blocked_share, bare=bare
    )
    entry, _, inside = belt(n_rows, n_columns)
    present, left = rescore_losses(slowness, CELL_M, entry, group, inside, sensors)
    np.testing.assert_array_equal(
        present, least_by_group(solve_eikonal(slowness, CELL_M, entry, inside), group)
    )
    for s in range(sensors.n_sensors):
        field = solve_eikonal(without(slowness, sensors, s), CELL_M, entry, inside)
        np.testing.assert_allclose(left[s], least_by_group(field, group), rtol=1e-9, atol=1e-12)
    assert (left <= present).all()


def test_a_loss_leaves_what_the_plain_twin_finds():
    slowness, sensors, group = sensor_belt(5, 7, 11, 3)
    entry, _, inside = belt(7, 11)
    _, left = rescore_losses(slowness, CELL_M, entry, group, inside, sensors)
    for s in range(3):
        plain = _crossing_reference.solve_eikonal(
            without(slowness, sensors, s), CELL_M, inside & ~entry, np.where(entry, 0.0, np.inf)
        )
        np.testing.assert_allclose(left[s], least_by_group(plain, group), rtol=1e-9)


def test_the_same_bytes_on_any_number_of_threads_and_in_any_batches():
    slowness, sensors, group = sensor_belt(1, 40, 90, 50, blocked_share=0.05)
    entry, _, inside = belt(40, 90)
    scorer = LossScorer(slowness, CELL_M, entry, group, inside)
    together = scorer.score(sensors, n_threads=1)
    assert together.tobytes() == scorer.score(sensors, n_threads=3).tobytes()
    for s in (0, 17, 49):
        part = slice(sensors.indptr[s], sensors.indptr[s + 1])
        alone = SensorCells(np.array([0, part.stop - part.start]), sensors.cell[part], sensors.slowness[part])
        assert scorer.score(alone).tobytes() == together[s : s + 1].tobytes()


def test_a_tall_belt_and_a_wide_one_lose_the_same():
    slowness, sensors, group = sensor_belt(2, 30, 60, 8)
    entry, _, inside = belt(30, 60)
    row, column = np.divmod(sensors.cell, 60)
    turned = SensorCells(sensors.indptr, column * 30 + row, sensors.slowness)
    wide = rescore_losses(slowness, CELL_M, entry, group, inside, sensors)
    tall = rescore_losses(slowness.T, CELL_M, entry.T, group.T, inside.T, turned)
    np.testing.assert_array_equal(wide[0], tall[0])
    np.testing.assert_array_equal(wide[1], tall[1])


def test_the_loss_of_the_only_sensor_opens_the_line_and_a_loss_far_away_changes_nothing():
    slowness = np.zeros((5, 9))
    slowness[2] = 1e-3
    sensors = SensorCells(np.array([0, 9, 10]), np.array([*range(18, 27), 0]), np.full(10, 1e-3))
    group = np.full((5, 9), NO_GROUP)
    group[-1] = 0
    entry, _, inside = belt(5, 9)
    present, left = rescore_losses(slowness, CELL_M, entry, group, inside, sensors)
    assert present[0] == pytest.approx(1e-3 * CELL_M)
    assert left[0, 0] == 0.0
    assert left[1, 0] == present[0]


def test_no_loss_opens_what_cannot_be_passed():
    slowness, sensors, group = sensor_belt(3, 9, 12, 2)
    slowness[4] = np.inf
    entry, _, inside = belt(9, 12)
    present, left = rescore_losses(slowness, CELL_M, entry, group, inside, sensors)
    assert np.isinf(present).all()
    assert np.isinf(left).all()


def test_a_group_without_an_exit_cannot_be_reached():
    slowness, sensors, group = sensor_belt(4, 9, 12, 2, blocked_share=0.0)
    entry, _, inside = belt(9, 12)
    scorer = LossScorer(slowness, CELL_M, entry, group, inside, n_groups=5)
    assert np.isinf(scorer.least).tolist() == [False, False, False, True, True]
    assert scorer.score(sensors).shape == (2, 5)
    np.testing.assert_array_equal(scorer.field, solve_eikonal(slowness, CELL_M, entry, inside))


def test_mistakes_in_sensors_are_gathered():
    slowness, _, group = sensor_belt(0, 5, 6, 1, blocked_share=0.0)
    entry, _, inside = belt(5, 6)
    scorer = LossScorer(slowness, CELL_M, entry, group, inside)
    wrong = SensorCells(np.array([0, 3]), np.array([0, 30]), np.array([-1.0, math.nan, 0.1]))
    with pytest.raises(GeometryError, match="4 problems") as caught:
        scorer.score(wrong)
    assert {problem.where for problem in caught.value.problems} == {"indptr", "slowness", "cell"}
    with pytest.raises(GeometryError, match="does not fit 2 groups"):
        LossScorer(slowness, CELL_M, entry, group, inside, n_groups=2)
    with pytest.raises(GeometryError, match="no cell can be entered"):
        LossScorer(slowness, CELL_M, np.zeros_like(entry), group, inside)
