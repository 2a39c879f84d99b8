from __future__ import annotations

import numpy as np
import pytest
from geo_lines import line_of, ring_xy, smooth_lines
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.errors import GeometryError
from truceline.geo.lattice import cells_near_line, centres_of, join_keys, keys_at, length_by_cell, split_keys


@given(st.integers(-(2**28), 2**28), st.integers(-(2**28), 2**28))
def test_keys_hold_column_and_row(column, row):
    key = join_keys(np.array([column]), np.array([row]))
    assert [int(part[0]) for part in split_keys(key)] == [column, row]
    assert keys_at(centres_of(key, 250.0), 250.0) == key


@given(smooth_lines(), st.floats(100.0, 9_000.0), st.floats(200.0, 2_000.0))
@settings(max_examples=20, deadline=None)
def test_no_cell_within_reach_is_missing(line, reach_m, cell_m):
    keys = cells_near_line(line, reach_m, cell_m, n_max=10_000_000, what="cells")
    assert len(np.unique(keys)) == len(keys)
    vertices = line.polylines.vertices_xy_m[0]
    low = np.floor((vertices.min(axis=0) - reach_m) / cell_m).astype(int)
    high = np.ceil((vertices.max(axis=0) + reach_m) / cell_m).astype(int)
    rng = np.random.default_rng(0)
    sample = join_keys(rng.integers(low[0], high[0] + 1, 3_000), rng.integers(low[1], high[1] + 1, 3_000))
    within = line.locate(centres_of(sample, cell_m)).distance_m <= reach_m
    assert np.isin(sample[within], keys).all()


@given(smooth_lines(), st.floats(50.0, 5_000.0))
@settings(max_examples=30, deadline=None)
def test_length_in_cells_sums_to_the_line(line, cell_m):
    keys, length_m = length_by_cell(line, cell_m)
    assert length_m.sum() == pytest.approx(line.length_m, rel=1e-12)
    assert (length_m >= 0.0).all()
    stations = line.stations(cell_m)
    assert np.isin(keys_at(stations.xy_m, cell_m), keys).mean() > 0.99  # one on an edge may round either way


def test_length_by_hand():
    line = line_of(np.array([[-1_500.0, 500.0], [1_500.0, 500.0]]), lon=0.0, lat=0.0)
    keys, length_m = length_by_cell(line, 1_000.0)
    column, row = split_keys(keys)
    assert column.tolist() == [-2, -1, 0, 1]
    assert row.tolist() == [0, 0, 0, 0]
    assert length_m == pytest.approx([500.0, 1_000.0, 1_000.0, 500.0], abs=0.1)


def test_too_many_cells_say_which_size_would_do():
    line = line_of(ring_xy(10_000.0))
    with pytest.raises(
        GeometryError, match=r"cells of 10 m make about 6,28\d,\d+ .*use cells of 100 m or larger"
    ):
        cells_near_line(line, 5_000.0, 10.0, n_max=100_000, what="demand cells")
