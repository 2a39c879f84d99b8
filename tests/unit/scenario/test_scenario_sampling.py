"""Numbers drawn inside their ranges, and what carries a spread."""

from __future__ import annotations

import numpy as np
import pytest

from truceline.scenario.sampling import Range, draw_ranges, find_band, rank_points, share_spread

RANGES = [Range(0.0, 2.0, 10.0), Range(-5.0, -5.0, 5.0), Range(1.0, 3.0, 3.0)]


def test_points_follow_the_triangle_of_each_range() -> None:
    points = draw_ranges(RANGES, 2000, seed=7)
    for column, one in zip(points.T, RANGES, strict=True):
        assert one.low <= column.min() < column.max() <= one.high
        assert column.mean() == pytest.approx((one.low + one.value + one.high) / 3, abs=0.05)


def test_every_slice_of_a_range_is_drawn_once() -> None:
    flat = draw_ranges([Range(0.0, 1.0, 1.0)], 100, seed=1)[:, 0]
    slices = np.floor(flat**2 * 100).astype(int)
    assert sorted(slices.tolist()) == list(range(100)), "the chance below x is x squared for this triangle"


def test_the_same_seed_gives_the_same_points_and_another_one_others() -> None:
    assert np.array_equal(draw_ranges(RANGES, 30, seed=3), draw_ranges(RANGES, 30, seed=3))
    assert not np.array_equal(draw_ranges(RANGES, 30, seed=3), draw_ranges(RANGES, 30, seed=4))


def test_nothing_to_draw_gives_no_column() -> None:
    assert draw_ranges([], 5, seed=1).shape == (5, 0)


def test_a_number_that_follows_one_range_is_carried_by_it() -> None:
    points = draw_ranges(RANGES, 500, seed=5)
    share = share_spread(rank_points(points), points[:, 0] ** 3)
    assert share[0] == pytest.approx(1)
    assert share[1:].max() < 0.05
    assert share_spread(rank_points(points), np.ones(500)).tolist() == [0, 0, 0]


def test_a_band_holds_eight_of_ten_values() -> None:
    band = find_band(np.arange(101.0))
    assert (band.low, band.median, band.high) == pytest.approx((10, 50, 90))
