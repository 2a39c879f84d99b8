"""Ellipses from ranges and bearings, fused; sectors as polygons."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from truceline.events.feeds.sectors import locate_in_sectors
from truceline.events.positions import (
    Ellipses,
    covariance_from_ellipse,
    ellipse_from_covariance,
    fuse_positions,
    intersect_sectors,
    sector_polygon,
)
from truceline.geo.ellipsoid import metres_per_degree

GEOD = Geod(ellps="WGS84")
POST = (37.0, 48.0)


def fuse(*rows: tuple[float, float, float, float, float]) -> tuple[float, ...]:
    columns = Ellipses(*(np.array(column, dtype=float) for column in zip(*rows, strict=True)))
    made = fuse_positions(columns, np.zeros(len(rows), dtype=np.int64), 1)
    return tuple(float(each[0]) for each in made)


@given(along=st.floats(10, 5_000), share=st.floats(0.05, 0.95), axis=st.floats(0.0, 179.9))
def test_an_ellipse_survives_the_way_through_its_covariance(along: float, share: float, axis: float) -> None:
    back = ellipse_from_covariance(*covariance_from_ellipse(along, along * share, axis))
    assert float(back[0]) == pytest.approx(along, rel=1e-6)
    assert float(back[1]) == pytest.approx(along * share, rel=1e-5)
    turned = abs(float(back[2]) - axis) % 180
    assert min(turned, 180 - turned) < 1e-3


def test_bearings_of_two_posts_meet_where_they_cross() -> None:
    """Posts 4 km apart, both with a narrow bearing on one point and hardly any range."""
    target = GEOD.fwd(*POST, 45.0, 2_828.427)[:2]
    other = GEOD.fwd(*POST, 90.0, 4_000.0)[:2]
    azimuth = GEOD.inv(*other, *target)[0]
    columns = (
        [POST[0], other[0]],
        [POST[1], other[1]],
        [45.0, azimuth],
        [2.0] * 2,
        [500.0] * 2,
        [6_000.0] * 2,
    )
    made = locate_in_sectors(*(np.array(each) for each in columns))
    fused = fuse(*zip(*made, strict=True))
    alone = GEOD.inv(float(made.lon[0]), float(made.lat[0]), *target)[2]
    assert GEOD.inv(fused[0], fused[1], *target)[2] < 0.2 * alone
    assert fused[2] < 0.2 * float(made.sigma_m[0])


def test_equal_points_fuse_to_the_point_with_the_information_of_both() -> None:
    lon, lat, along, across, _ = fuse((37, 48, 100, 100, 0), (37, 48, 100, 100, 0))
    assert (lon, lat) == pytest.approx((37, 48))
    assert along == pytest.approx(100 / np.sqrt(2), rel=1e-3)
    assert across == pytest.approx(100 / np.sqrt(2), rel=1e-3)


def test_the_more_precise_report_counts_more_and_disagreement_widens() -> None:
    per_lon, _ = metres_per_degree(48.0)
    away = 37 + 1_000 / float(per_lon)
    lon, _, along, _, _ = fuse((37, 48, 10, 10, 0), (away, 48, 1_000, 1_000, 0))
    assert abs(lon - 37) * float(per_lon) < 1
    _, _, wide, _, _ = fuse((37, 48, 10, 10, 0), (away, 48, 10, 10, 0))
    assert wide > 300 > along


def test_a_group_without_positions_has_none_and_a_missing_one_is_left_aside() -> None:
    nowhere = (np.nan, np.nan, 100, 100, 0)
    assert np.isnan(fuse(nowhere)[0])
    assert fuse(nowhere, (37, 48, 100, 100, 0))[:2] == pytest.approx((37, 48))


def test_a_sector_has_the_area_of_its_ring_share() -> None:
    polygon = sector_polygon(*POST, 90.0, 22.5, 1_000.0, 3_000.0)
    area = abs(GEOD.geometry_area_perimeter(polygon)[0])
    assert area == pytest.approx(np.pi * (9e6 - 1e6) * 22.5 / 360, rel=2e-3)
    ring = sector_polygon(*POST, 0.0, 360.0, 1_000.0, 3_000.0)
    assert abs(GEOD.geometry_area_perimeter(ring)[0]) == pytest.approx(np.pi * 8e6, rel=2e-3)
    assert not ring.covers(shapely.Point(POST))


def test_sectors_share_the_area_both_state() -> None:
    target = GEOD.fwd(*POST, 45.0, 2_828.427)[:2]
    other = GEOD.fwd(*POST, 90.0, 4_000.0)[:2]
    one = sector_polygon(*POST, 45.0, 22.5, 0.0, 5_000.0)
    two = sector_polygon(*other, 315.0, 22.5, 0.0, 5_000.0)
    behind = sector_polygon(*other, 135.0, 22.5, 0.0, 5_000.0)
    common = intersect_sectors([one, two])
    assert common.covers(shapely.Point(target))
    assert common.area < 0.5 * one.area
    assert intersect_sectors([one, behind]).is_empty
    assert intersect_sectors([]).is_empty
