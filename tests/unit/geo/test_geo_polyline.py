from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import shapely
from geo_lines import line_of, ring_xy, shifted, smooth_lines, wave_xy
from hypothesis import given, settings
from hypothesis import strategies as st


def nearest_slowly(parts, point):
    """Plain-Python twin of locate's distance: the least over all segments."""
    best = math.inf
    for vertices in parts:
        for (x0, y0), (x1, y1) in pairwise(vertices):
            dx, dy = x1 - x0, y1 - y0
            share = ((point[0] - x0) * dx + (point[1] - y0) * dy) / (dx * dx + dy * dy)
            share = min(1.0, max(0.0, share))
            best = min(best, math.hypot(point[0] - x0 - share * dx, point[1] - y0 - share * dy))
    return best


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_distance_is_the_least_over_all_segments(seed):
    rng = np.random.default_rng(seed)
    parts = [wave_xy(), shifted(wave_xy(20_000.0, 500.0, 40), 0.0, 15_000.0)]
    line = line_of(parts)
    points = rng.uniform([-40_000, -20_000], [40_000, 30_000], (40, 2))
    located = line.locate(points)
    slow = [nearest_slowly(line.polylines.vertices_xy_m, point) for point in points]
    assert np.allclose(located.distance_m, slow, atol=1e-6)
    assert np.allclose(np.abs(located.offset_m), located.distance_m)


@given(st.integers(0, 2**32 - 1), st.booleans())
@settings(max_examples=60, deadline=None)
def test_sign_in_a_ring_is_that_of_the_polygon_even_at_spikes(seed, clockwise):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(5, 40))
    angle = np.sort(rng.uniform(0.0, 2.0 * np.pi, n))
    radius = rng.uniform(
        1_000.0, 20_000.0, n
    )  # a star with sharp spikes: the hard case for signs at vertices
    ring = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    if np.diff(np.append(angle, angle[0] + 2.0 * np.pi)).max() >= np.pi:
        return  # the origin is outside: not a star, may cross itself
    ring = np.concatenate([ring, ring[:1]])
    line = line_of(ring[::-1] if clockwise else ring)
    points = rng.uniform(-25_000.0, 25_000.0, (400, 2))
    located = line.locate(points)
    inside = shapely.contains_xy(shapely.Polygon(line.polylines.vertices_xy_m[0]), points)
    clear = located.distance_m > 0.01
    assert ((located.offset_m > 0.0) == (inside != clockwise))[clear].all()
    assert not located.beyond_end.any()


@given(smooth_lines(), st.floats(-1.0, 1.0), st.floats(0.02, 0.98))
@settings(max_examples=40, deadline=None)
def test_chainage_and_offset_round_trip(line, offset_share, along_share):
    chainage_m = along_share * line.length_m
    offset_m = 300.0 * offset_share
    there = line.point_at(chainage_m, offset_m)
    back = line.locate(there)
    assert back.chainage_m[0] == pytest.approx(chainage_m, abs=400.0)
    assert back.distance_m[0] <= abs(offset_m) + 1e-6
    on_line = line.locate(line.point_at(chainage_m))
    assert on_line.chainage_m[0] == pytest.approx(chainage_m, abs=0.01)
    assert on_line.distance_m[0] < 1e-6


def test_offset_is_positive_on_the_left():
    line = line_of(np.array([[0.0, 0.0], [10_000.0, 0.0]]))
    located = line.locate([[5_000.0, 700.0], [5_000.0, -700.0]])
    assert located.offset_m == pytest.approx([700.0, -700.0], abs=0.1)


def test_a_point_is_beyond_an_end_only_when_ahead_of_it():
    line = line_of(np.array([[0.0, 0.0], [10_000.0, 0.0]]))
    located = line.locate([[10_500.0, 100.0], [9_900.0, 100.0], [-1.0, 5.0], [5_000.0, 9_000.0]])
    assert located.beyond_end.tolist() == [True, False, True, False]


def test_a_last_wiggle_does_not_turn_the_end():
    """The end is cut square to the smoothed direction, not to the last short segment."""
    line = line_of(np.array([[0.0, 0.0], [20_000.0, 0.0], [20_000.0, 50.0]]))
    located = line.locate([[20_500.0, 1_000.0], [19_500.0, 1_000.0]])
    assert located.beyond_end.tolist() == [True, False]
    assert located.offset_m[0] > 0.0


def test_direction_of_a_ring_turns_all_round():
    line = line_of(ring_xy(5_000.0))
    direction = line.polylines.direction_at(np.array([0.0, line.length_m / 4.0, line.length_m / 2.0]))
    assert direction[:, 1] == pytest.approx([1.0, 0.0, -1.0], abs=0.02)
    assert np.hypot(*direction.T) == pytest.approx(1.0)


def test_arrays_cannot_be_changed():
    located = line_of(wave_xy()).locate([[0.0, 0.0]])
    with pytest.raises(ValueError, match="read-only"):
        located.chainage_m[0] = 1.0


def test_no_points_give_empty_answers():
    assert len(line_of(wave_xy()).locate(np.empty((0, 2))).chainage_m) == 0
