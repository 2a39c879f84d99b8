"""Range and bearing: the moments of a sector agree with points strewn over it."""

from __future__ import annotations

import math

import numpy as np
import pyproj
import pytest

from truceline.events.feeds.sectors import locate_in_sectors, sector_moments

SECTORS = [
    (0.0, 4000.0, 22.5),
    (3000.0, 5000.0, 22.5),
    (100.0, 200.0, 120.0),
    (0.0, 8000.0, 360.0),
    (10.0, 10.0, 1.0),
]


def strewn(range_min: float, range_max: float, width: float) -> tuple[float, float, float]:
    """The slow way: ranges and directions drawn evenly."""
    random = np.random.default_rng(3)
    r = random.uniform(range_min, range_max, 200_000)
    t = np.deg2rad(random.uniform(-width / 2, width / 2, 200_000))
    along, across = r * np.cos(t), r * np.sin(t)
    return along.mean(), along.std(), across.std()


@pytest.mark.parametrize(("range_min", "range_max", "width"), SECTORS)
def test_moments_agree_with_strewn_points(range_min: float, range_max: float, width: float) -> None:
    got = sector_moments(*(np.array([value]) for value in (range_min, range_max, width)))
    expected = strewn(range_min, range_max, width)
    assert [float(part[0]) for part in got] == pytest.approx(expected, rel=0.01, abs=0.01 * range_max)


def test_narrow_sectors_have_the_simple_formula() -> None:
    _, along, across = sector_moments(np.array([3000.0]), np.array([5000.0]), np.array([2.0]))
    assert along[0] == pytest.approx(2000 / math.sqrt(12), rel=1e-3)
    r = math.sqrt((3000**2 + 3000 * 5000 + 5000**2) / 3)  # root mean square
    assert across[0] == pytest.approx(r * math.radians(2.0) / math.sqrt(12), rel=1e-3)


def test_positions_lie_along_the_bearing() -> None:
    n = 16
    bearing = np.arange(n) * 22.5
    found = locate_in_sectors(
        np.full(n, 37.5), np.full(n, 48.0), bearing, np.full(n, 1.0), np.full(n, 4000.0), np.full(n, 4100.0)
    )
    azimuth, _, distance = pyproj.Geod(ellps="WGS84").inv(
        np.full(n, 37.5), np.full(n, 48.0), found.lon, found.lat
    )
    np.testing.assert_allclose(azimuth % 360, bearing, atol=1e-6)
    np.testing.assert_allclose(distance, 4050.0, rtol=1e-4)
    assert (found.sigma_m >= found.sigma_across_m).all()
    assert ((found.axis_deg >= 0) & (found.axis_deg < 180)).all()


def test_posts_without_a_position_give_none() -> None:
    nan = np.array([np.nan])
    found = locate_in_sectors(nan, nan, np.array([10.0]), np.array([22.5]), np.array([1.0]), np.array([2.0]))
    assert all(np.isnan(part[0]) for part in found)
