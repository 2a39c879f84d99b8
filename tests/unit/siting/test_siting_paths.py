"""Paths down a field: their way, length and exposure."""

import math

import numpy as np
import pytest

from truceline.siting.paths import path_exposure, path_length_m, trace_path


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
