"""Positions from range and bearing: where something was that a post heard or saw in that direction.

Metres and degrees; azimuths clockwise from north; WGS 84. An observer's range is taken as even between its
ends, and the direction as even over the sector: no more is known.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from truceline.geo.ellipsoid import open_geod

FloatArray = NDArray[np.float64]
FULL_CIRCLE = 360.0


class SectorMoments(NamedTuple):
    """Mean and standard deviations of a point in a sector."""

    distance_m: FloatArray
    """Distance of the mean from the post, along the bearing."""
    along_m: FloatArray
    """Standard deviation along the bearing."""
    across_m: FloatArray
    """Standard deviation across it."""


class SectorPositions(NamedTuple):
    """Mean positions with their ellipses."""

    lon: FloatArray
    lat: FloatArray
    sigma_m: FloatArray
    """Standard deviation along `axis_deg`: the greater one."""
    sigma_across_m: FloatArray
    axis_deg: FloatArray


def sector_moments(range_min_m: FloatArray, range_max_m: FloatArray, width_deg: FloatArray) -> SectorMoments:
    """Return the moments of r*cos(t) and r*sin(t), r even in the range and t even over the sector.

    With w the width in radians: mean = E[r] sin(w/2)/(w/2), variance across = E[r^2] (1 - sin(w)/w)/2,
    variance along = E[r^2] (1 + sin(w)/w)/2 - mean^2, where E[r^2] = (a^2 + ab + b^2)/3. For a narrow sector
    that is (b-a)/sqrt(12) along and r*w/sqrt(12) across.
    """
    width = np.deg2rad(width_deg)
    mean_square = (range_min_m**2 + range_min_m * range_max_m + range_max_m**2) / 3.0
    distance = (range_min_m + range_max_m) / 2.0 * np.sinc(width / (2.0 * np.pi))
    flatness = np.sinc(width / np.pi)
    across = np.sqrt(np.maximum(mean_square * (1.0 - flatness) / 2.0, 0.0))
    along = np.sqrt(np.maximum(mean_square * (1.0 + flatness) / 2.0 - distance**2, 0.0))
    return SectorMoments(distance, along, across)


def locate_in_sectors(
    post_lon: FloatArray,
    post_lat: FloatArray,
    bearing_deg: FloatArray,
    width_deg: FloatArray,
    range_min_m: FloatArray,
    range_max_m: FloatArray,
) -> SectorPositions:
    """Return the position of each sighting; NaN where the post's is not known.

    Without a bearing (NaN) it is anywhere around the post: the mean is the post itself.
    """
    is_around = np.isnan(bearing_deg)
    bearing = np.where(is_around, 0.0, bearing_deg)
    moments = sector_moments(range_min_m, range_max_m, np.where(is_around, FULL_CIRCLE, width_deg))
    known = ~(np.isnan(post_lon) | np.isnan(post_lat) | np.isnan(moments.distance_m))
    lon, lat = (np.full(len(post_lon), np.nan) for _ in range(2))
    if known.any():
        lon[known], lat[known], _ = open_geod().fwd(
            post_lon[known], post_lat[known], bearing[known], moments.distance_m[known]
        )
    is_long = moments.along_m >= moments.across_m
    axis = np.where(is_around, 0.0, np.where(is_long, bearing, bearing + 90.0) % 180.0)
    return SectorPositions(
        lon,
        lat,
        np.where(known, np.maximum(moments.along_m, moments.across_m), np.nan),
        np.where(known, np.minimum(moments.along_m, moments.across_m), np.nan),
        np.where(known, axis, np.nan),
    )
