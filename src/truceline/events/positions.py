"""Positions as Gaussian ellipses and sectors: from range and bearing, compared, and fused to one.

An ellipse is longitude and latitude of its centre (degrees, WGS 84), standard deviations along and across
its long axis (metres) and the azimuth of that axis (degrees from north, clockwise). A sector is what a post
states: from its own place, a bearing with a width and a least and greatest distance. Sectors of some ten
kilometres and ellipses a few dozen kilometres apart are meant: the plane is the tangent at each place.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truceline.geo.ellipsoid import metres_per_degree, open_geod

if TYPE_CHECKING:
    from shapely import Polygon
    from shapely.geometry.base import BaseGeometry

FloatArray = NDArray[np.float64]

_ARC_STEP_DEG = 3.0
_LEAST_VARIANCE_M2 = 1.0
"""A metre: a stated error of nothing would outweigh every other report."""


class Ellipses(NamedTuple):
    """Positions of as many things as the arrays are long."""

    lon: FloatArray
    lat: FloatArray
    sigma_m: FloatArray
    sigma_across_m: FloatArray
    axis_deg: FloatArray


def covariance_from_ellipse(
    sigma_m: ArrayLike, sigma_across_m: ArrayLike, axis_deg: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the covariance (east-east, east-north, north-north; m2) of ellipses; no azimuth is north."""
    along = np.asarray(sigma_m, dtype=float) ** 2
    across = np.asarray(sigma_across_m, dtype=float) ** 2
    axis = np.radians(np.nan_to_num(np.asarray(axis_deg, dtype=float)))
    sine, cosine = np.sin(axis), np.cos(axis)
    return (
        along * sine**2 + across * cosine**2,
        (along - across) * sine * cosine,
        along * cosine**2 + across * sine**2,
    )


def ellipse_from_covariance(
    xx: ArrayLike, xy: ArrayLike, yy: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return standard deviations along and across the long axis (m) and its azimuth (below 180 degrees)."""
    xx, xy, yy = (np.asarray(each, dtype=float) for each in (xx, xy, yy))
    middle = (xx + yy) / 2.0
    half = np.sqrt(((xx - yy) / 2.0) ** 2 + xy**2)
    azimuth = np.degrees(0.5 * np.arctan2(2.0 * xy, yy - xx)) % 180.0
    round_ = half <= 1e-9 * np.maximum(middle, 1e-12)
    along, across = np.sqrt(middle + half), np.sqrt(np.maximum(middle - half, 0.0))
    # A hair below 180 degrees is rounding of an axis that points north.
    return along, across, np.where(round_ | (azimuth > 180.0 - 1e-9), 0.0, azimuth)


def sector_polygon(
    observer_lon: float,
    observer_lat: float,
    bearing_deg: float,
    bearing_width_deg: float,
    range_min_m: float,
    range_max_m: float,
) -> Polygon:
    """Return a sector as a polygon in degrees; a whole ring where the width is 360 degrees or more."""
    import shapely

    geod = open_geod()
    width = min(bearing_width_deg, 360.0)
    n = max(2, int(np.ceil(width / _ARC_STEP_DEG)) + 1)
    azimuths = bearing_deg + np.linspace(-width / 2.0, width / 2.0, n)

    def arc(distance_m: float, azimuths: FloatArray) -> NDArray[np.float64]:
        lon, lat, _ = geod.fwd(
            np.full(n, observer_lon), np.full(n, observer_lat), azimuths, np.full(n, distance_m)
        )
        return np.column_stack([lon, lat])

    outer, inner = arc(range_max_m, azimuths), arc(max(range_min_m, 0.0), azimuths[::-1])
    if width >= 360.0:
        return shapely.Polygon(outer, [inner] if range_min_m > 0 else [])
    if range_min_m <= 0:
        inner = inner[:1]
    return shapely.Polygon(np.concatenate([outer, inner]))


def intersect_sectors(sectors: Iterable[BaseGeometry]) -> BaseGeometry:
    """Return the area common to all sectors; an empty polygon where they have none."""
    import shapely

    common: BaseGeometry | None = None
    for sector in sectors:
        common = sector if common is None else shapely.intersection(common, sector)
    return shapely.Polygon() if common is None else common


def fuse_positions(positions: Ellipses, group: NDArray[np.int64], n_groups: int) -> Ellipses:
    """Return one position for each group: the information filter over its members' ellipses.

    Each member counts by the inverse of its covariance, so two narrow bearings meet where they cross. Where
    members disagree by more than they state, the result is widened by the ratio (Birge 1932), never
    narrowed. Members without position do not count; a group without any is NaN.
    """
    has = ~(np.isnan(positions.lon) | np.isnan(positions.lat))
    lon, lat, along, across, axis = (np.asarray(each, dtype=float)[has] for each in positions)
    group = np.asarray(group)[has]
    along = np.where(np.isnan(along), 1000.0, along)
    across = np.where(np.isnan(across), along, across)
    n = np.bincount(group, minlength=n_groups)
    with np.errstate(invalid="ignore", divide="ignore"):
        lon0 = np.bincount(group, lon, n_groups) / n
        lat0 = np.bincount(group, lat, n_groups) / n
    per_lon, per_lat = metres_per_degree(lat0)
    east, north = (lon - lon0[group]) * per_lon[group], (lat - lat0[group]) * per_lat[group]
    xx, xy, yy = covariance_from_ellipse(along, across, axis)
    xx, yy = xx + _LEAST_VARIANCE_M2, yy + _LEAST_VARIANCE_M2
    root = xx * yy - xy**2
    a, b, c = yy / root, -xy / root, xx / root
    sum_a, sum_b, sum_c, sum_u, sum_v = (
        np.bincount(group, each, n_groups) for each in (a, b, c, a * east + b * north, b * east + c * north)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        whole = sum_a * sum_c - sum_b**2
        out_xx, out_xy, out_yy = sum_c / whole, -sum_b / whole, sum_a / whole
        x, y = out_xx * sum_u + out_xy * sum_v, out_xy * sum_u + out_yy * sum_v
        off_x, off_y = east - x[group], north - y[group]
        squared = np.bincount(group, a * off_x**2 + 2 * b * off_x * off_y + c * off_y**2, n_groups)
        freedom = 2.0 * (n - 1)
        wider = np.where(freedom > 0, np.maximum(squared / np.maximum(freedom, 1.0), 1.0), 1.0)
        long, short, azimuth = ellipse_from_covariance(out_xx * wider, out_xy * wider, out_yy * wider)
        made_lon, made_lat = lon0 + x / per_lon, lat0 + y / per_lat
    none = n == 0
    return Ellipses(*(np.where(none, np.nan, each) for each in (made_lon, made_lat, long, short, azimuth)))
