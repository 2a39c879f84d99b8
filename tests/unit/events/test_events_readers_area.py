"""The spread over an area agrees with points strewn over it."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from truceline.events.readers.area import long_axis, spread_over

SQUARE = np.array([[0.0, 0.0], [0.02, 0.0], [0.02, 0.02], [0.0, 0.02], [0.0, 0.0]])
HOLE = SQUARE * 0.5 + 0.004
SLANTED = np.array([[30.0, 48.0], [30.3, 48.1], [30.29, 48.14], [29.99, 48.04], [30.0, 48.0]])


def strewn(polygons: list[list[np.ndarray]], n: int = 60_000) -> tuple[np.ndarray, np.ndarray]:
    """The slow way: points drawn over the box, those inside kept; mean in degrees, covariance in metres."""
    shape = shapely.MultiPolygon([(rings[0], rings[1:]) for rings in polygons])
    west, south, east, north = shape.bounds
    points = np.random.default_rng(7).uniform((west, south), (east, north), (n, 2))
    inside = points[shapely.contains_xy(shape, points[:, 0], points[:, 1])]
    lat = np.deg2rad(south)
    metres = np.array([111_320.0 * np.cos(lat), 111_132.95 - 559.8 * np.cos(2 * lat)])
    return inside.mean(axis=0), np.cov(((inside - inside.mean(axis=0)) * metres).T)


@pytest.mark.parametrize(
    "polygons",
    [[[SQUARE]], [[SQUARE, HOLE]], [[SQUARE[::-1], HOLE]], [[SLANTED]], [[SQUARE], [SQUARE + 0.05]]],
    ids=["square", "with a hole", "turned the other way", "slanted", "two parts"],
)
def test_spread_agrees_with_strewn_points(polygons: list[list[np.ndarray]]) -> None:
    spread = spread_over(polygons)
    mean, ((xx, xy), (_, yy)) = strewn(polygons)
    along, across, axis = long_axis(xx, yy, xy)
    assert (spread.lon, spread.lat) == pytest.approx(tuple(mean), abs=2e-3)
    assert spread.along_m == pytest.approx(along, rel=0.02)
    assert spread.across_m == pytest.approx(across, rel=0.02)
    if along > 1.2 * across:
        assert spread.axis_deg == pytest.approx(axis, abs=2)


def test_an_area_of_nothing_spreads_as_its_corners() -> None:
    line = np.array([[0.0, 0.0], [0.01, 0.0], [0.0, 0.0]])
    spread = spread_over([[line]])
    assert spread.lat == 0.0
    assert spread.axis_deg == pytest.approx(90.0)
    assert spread.across_m == pytest.approx(0.0, abs=1e-6)
    point = spread_over([[np.array([[5.0, 6.0]])]])
    assert (point.lon, point.lat, point.along_m) == (5.0, 6.0, 0.0)


@given(st.floats(1, 1e4), st.floats(1, 1e4), st.floats(0, 179.9))
def test_the_long_axis_of_an_ellipse_is_found(a: float, b: float, azimuth: float) -> None:
    along, across = max(a, b), min(a, b)
    if along < 1.01 * across:
        return
    t = np.deg2rad(azimuth)
    east, north = np.array([np.sin(t), -np.cos(t)]), np.array([np.cos(t), np.sin(t)])
    xx, yy = (along**2, across**2) @ np.array([east**2, north**2]).T
    xy = along**2 * east[0] * north[0] + across**2 * east[1] * north[1]
    got = long_axis(xx, yy, xy)
    assert got[:2] == pytest.approx((along, across), rel=1e-5)
    assert min(abs(got[2] - azimuth), 180 - abs(got[2] - azimuth)) < 0.1
