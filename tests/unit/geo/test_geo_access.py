from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.errors import GeometryError
from truceline.geo.access import reach_table, travel_time_s

ROAD = {"speed_m_per_s": 10.0, "circuity": 1.5}


def test_travel_time_by_hand():
    seconds = travel_time_s([[0.0, 0.0]], [[3_000.0, 4_000.0], [0.0, 0.0]], 10.0, 1.5, 60.0)
    assert seconds.tolist() == [[60.0 + 1.5 * 5_000.0 / 10.0, 60.0]]


@given(st.integers(0, 2**32 - 1), st.floats(0.0, 4_000.0), st.floats(0.0, 2_000.0))
@settings(max_examples=40, deadline=None)
def test_the_table_is_the_matrix_within_the_limit(seed, limit_s, notice_s):
    rng = np.random.default_rng(seed)
    base, cell = rng.uniform(0, 30_000, (6, 2)), rng.uniform(0, 30_000, (50, 2))
    base_side, cell_side = rng.choice([-1, 0, 1], 6), rng.choice([-1, 1], 50)
    water = rng.random(50) < 0.3
    table = reach_table(
        base,
        cell,
        time_limit_s=limit_s,
        notice_s=notice_s,
        base_side=base_side,
        cell_side=cell_side,
        cell_is_water=water,
        **ROAD,
    )
    seconds = travel_time_s(base, cell, 10.0, 1.5, notice_s)
    for k in range(6):
        blocked = water & (base_side[k] * cell_side < 0)
        expected = np.flatnonzero((seconds[k] <= limit_s) & ~blocked)
        assert np.array_equal(table.cells_of(k), expected)
        assert np.allclose(table.time_s[table.indptr[k] : table.indptr[k + 1]], seconds[k, expected])
    assert set(table.unreached()) == set(range(50)) - set(table.indices.tolist())


def test_a_cell_exactly_at_the_limit_is_reached():
    table = reach_table([[0.0, 0.0]], [[6_000.0, 0.0]], time_limit_s=900.0, **ROAD)
    assert table.indices.tolist() == [0]


def test_no_time_after_notice_reaches_nothing():
    table = reach_table([[0.0, 0.0]], [[0.0, 0.0]], time_limit_s=100.0, notice_s=200.0, **ROAD)
    assert table.indptr.tolist() == [0, 0]
    assert table.unreached().tolist() == [0]


def test_nothing_to_reach_or_nobody_to_go():
    assert reach_table(np.empty((0, 2)), [[0.0, 0.0]], time_limit_s=100.0, **ROAD).n_bases == 0
    assert reach_table([[0.0, 0.0]], np.empty((0, 2)), time_limit_s=100.0, **ROAD).indptr.tolist() == [0, 0]


def test_water_is_no_bar_on_ones_own_side():
    table = reach_table(
        [[0.0, 1.0], [0.0, -1.0]],
        [[0.0, 2.0], [0.0, 3.0]],
        time_limit_s=100.0,
        base_side=[1, -1],
        cell_side=[1, 1],
        cell_is_water=[True, False],
        **ROAD,
    )
    assert table.cells_of(0).tolist() == [0, 1]
    assert table.cells_of(1).tolist() == [1]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"speed_m_per_s": 0.0}, "is not a speed"),
        ({"circuity": 0.9}, "no road is shorter than straight"),
        ({"notice_s": -1.0}, "access.notice"),
        ({"time_limit_s": float("nan")}, "access.time_limit"),
        ({"base_side": [1]}, "access.cell_side  is missing"),
        (
            {"base_side": [1, 1], "cell_side": [1], "cell_is_water": [True]},
            r"access.base_side  has shape \(2,\)",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(options, said):
    with pytest.raises(GeometryError, match=said):
        reach_table([[0.0, 0.0]], [[1.0, 1.0]], **({"time_limit_s": 100.0} | ROAD | options))
