from __future__ import annotations

import numpy as np
import pytest
import shapely
from geo_lines import line_of, ring_xy, smooth_lines, wave_xy
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.errors import GeometryError
from truceline.geo.zone import make_zones

STRAIGHT = np.array([[0.0, 0.0], [100_000.0, 0.0]])


def test_a_straight_zone_is_two_rectangles():
    zones = make_zones(
        line_of(STRAIGHT), 5_000.0, [("artillery", 5_000.0, 30_000.0), ("rockets", 30_000.0, 75_000.0)]
    )
    areas = zones.area_km2()
    assert areas == pytest.approx(
        {
            "separation/a": 500.0,
            "separation/b": 500.0,
            "artillery/a": 2_500.0,
            "artillery/b": 2_500.0,
            "rockets/a": 4_500.0,
            "rockets/b": 4_500.0,
        },
        rel=1e-3,
    )
    assert shapely.contains_xy(zones.side_a, 50_000.0, 4_000.0)
    assert shapely.contains_xy(zones.side_b, 50_000.0, -4_000.0)
    assert shapely.contains_xy(zones.bands[0].side_b, 50_000.0, -29_000.0)
    assert zones.separation.bounds == pytest.approx((0.0, -5_000.0, 100_000.0, 5_000.0), abs=10.0)


def test_a_ring_has_one_side_inside():
    zones = make_zones(line_of(ring_xy(20_000.0, clockwise=True)), 5_000.0, [("band", 5_000.0, 10_000.0)])
    areas = zones.area_km2()
    assert areas["separation/a"] == pytest.approx(np.pi * (25.0**2 - 20.0**2), rel=0.01)
    assert areas["separation/b"] == pytest.approx(np.pi * (20.0**2 - 15.0**2), rel=0.01)
    assert areas["band/b"] == pytest.approx(np.pi * (15.0**2 - 10.0**2), rel=0.01)
    small = make_zones(line_of(ring_xy(3_000.0, clockwise=True)), 5_000.0).area_km2()
    assert small["separation/b"] == pytest.approx(np.pi * 3.0**2, rel=0.01)


@given(smooth_lines(), st.floats(500.0, 8_000.0), st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_polygons_agree_with_distance_and_sign(line, half_width_m, seed):
    zones = make_zones(line, half_width_m)
    near = np.repeat(line.stations(2_000.0).xy_m, 10, axis=0)
    points = near + np.random.default_rng(seed).uniform(-1.5, 1.5, near.shape) * half_width_m
    located = line.locate(points)
    in_a, in_b = (shapely.contains_xy(side, points) for side in (zones.side_a, zones.side_b))
    assert not (in_a & in_b).any()
    clear = (np.abs(located.distance_m - half_width_m) > 0.01 * half_width_m) & (located.distance_m > 1.0)
    # near an end that bends, the polygon's square cut and the nearest-place rule part ways by a sliver
    for end in line.open_ends():
        clear &= np.hypot(*(points - end.xy_m).T) > 2.0 * half_width_m
    inside = located.distance_m <= half_width_m
    assert (inside == (in_a | in_b))[clear].all()
    assert ((located.offset_m > 0.0) == in_a)[clear & inside].all()


def test_a_wide_band_behind_a_short_crooked_line_still_has_two_sides():
    line = line_of(wave_xy(40_000.0, 8_000.0))
    zones = make_zones(line, 5_000.0, [("rockets", 30_000.0, 75_000.0)])
    band = zones.bands[0]
    assert band.side_a.area > 0.0
    assert band.side_a.area == pytest.approx(band.side_b.area, rel=0.25)
    assert shapely.intersection(band.side_a, band.side_b).area < 1.0


def test_parts_near_each_other_share_the_ground():
    zones = make_zones(line_of([STRAIGHT, STRAIGHT * 0.5 + [0.0, 6_000.0]]), 5_000.0)
    assert zones.separation.area / 1e6 == pytest.approx(
        100.0 * 5.0 + 50.0 * 5.0 + 50.0 * 6.0 + 50.0 * 5.0, rel=0.02
    )


def test_all_problems_with_widths_are_told_at_once():
    with pytest.raises(GeometryError) as caught:
        make_zones(
            line_of(STRAIGHT),
            5_000.0,
            [("near", 4_000.0, 9_000.0), ("thin", 9_000.0, 9_000.0), ("near", 6_000.0, 9_000.0)],
        )
    said = str(caught.value)
    assert "inside the separation zone" in said
    assert "let it end farther out" in said
    assert "is there twice" in said
    with pytest.raises(GeometryError, match="is not a width"):
        make_zones(line_of(STRAIGHT), 0.0)
