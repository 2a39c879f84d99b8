"""Paths down a field and what each sensor contributes along them."""

import math

import numpy as np
import pytest
from crossing_fields import belt

from truceline.errors import GeometryError
from truceline.siting.crossing import least_exposed_crossing
from truceline.siting.paths import path_exposure, path_length_m, sensor_shares, trace_path

CELL_M = 50.0
SENSORS = np.array([[20.0, 10.0], [20.0, 50.0], [10.0, 33.0]])  # row, column


def slowness_by_sensor(points):
    r2_m2 = ((points[None, :, :] - SENSORS[:, None, :]) ** 2).sum(axis=2) * CELL_M**2
    return 0.002 / (1 + r2_m2 / 400.0**2) ** 1.5


@pytest.fixture
def crossing():
    row, column = np.mgrid[0:41, 0:61]
    points = np.column_stack([row.ravel(), column.ravel()]).astype(float)
    slowness = slowness_by_sensor(points).sum(axis=0).reshape(row.shape)
    return slowness, least_exposed_crossing(slowness, CELL_M, *belt(41, 61))


def test_shares_sum_to_the_exposure_of_the_path(crossing):
    slowness, found = crossing
    shares = sensor_shares(found.path, CELL_M, slowness_by_sensor)
    assert shares.exposure.sum() == pytest.approx(found.exposure, rel=0.02)
    assert shares.share.sum() == pytest.approx(1.0)
    assert shares.hurts_most == int(np.argmax(shares.exposure))
    assert path_exposure(slowness, CELL_M, found.path) == pytest.approx(shares.exposure.sum(), rel=0.01)


def test_losing_the_sensor_that_hurts_most_lowers_the_least_exposure_at_least_that_much(crossing):
    slowness, found = crossing
    shares = sensor_shares(found.path, CELL_M, slowness_by_sensor)
    row, column = np.mgrid[0:41, 0:61]
    points = np.column_stack([row.ravel(), column.ravel()]).astype(float)
    lost = slowness - slowness_by_sensor(points)[shares.hurts_most].reshape(slowness.shape)
    after = least_exposed_crossing(lost, CELL_M, *belt(41, 61))
    assert after.exposure <= (found.exposure - shares.exposure[shares.hurts_most]) * 1.02


def test_no_sensor_hurts_when_nothing_is_met():
    path = np.array([[3.0, 1.0], [0.0, 1.0]])
    shares = sensor_shares(path, 10.0, lambda points: np.zeros((2, points.shape[0])))
    assert (shares.hurts_most, shares.share.tolist()) == (-1, [0.0, 0.0])
    with pytest.raises(GeometryError, match="returned shape"):
        sensor_shares(path, 10.0, lambda points: np.zeros(points.shape[0]))


def test_length_and_exposure_of_a_straight_path():
    path = np.array([[4.0, 0.0], [0.0, 3.0]])
    assert path_length_m(path, 20.0) == 100.0
    assert path_exposure(np.full((5, 4), 0.01), 20.0, path) == pytest.approx(1.0)
    assert path_exposure(np.full((5, 4), 0.01), 20.0, path[:1]) == 0.0


def test_path_in_a_uniform_field_is_straight_from_any_side():
    n = 81
    source = np.zeros((n, n), dtype=bool)
    source[40, 40] = True
    row, column = np.mgrid[0:n, 0:n]
    field = np.hypot(row - 40, column - 40)
    for start in ((0, 0), (0, 63), (80, 17), (25, 80), (40, 2)):
        path = trace_path(field, source, start)
        assert path[-1].tolist() == [40, 40]
        true = math.dist(start, (40, 40))
        assert path_length_m(path, 1.0) == pytest.approx(true, rel=0.01)


def test_start_on_the_source_is_a_single_point():
    source = np.zeros((3, 3), dtype=bool)
    source[1, 1] = True
    field = np.where(source, 0.0, 1.0)
    assert trace_path(field, source, (1, 1)).tolist() == [[1.0, 1.0]]
