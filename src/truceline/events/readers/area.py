"""How a point spread evenly over an area lies: mean and standard deviations of polygons on the globe.

Degrees in, degrees and metres out. An area is small beside the Earth: it is measured on the plane that
touches the ellipsoid at its first corner.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from truceline.geo.ellipsoid import metres_per_degree

FloatArray = NDArray[np.float64]


class Spread(NamedTuple):
    """A position with its uncertainty."""

    lon: float
    lat: float
    along_m: float
    """Standard deviation along `axis_deg`, the greater one, metres."""
    across_m: float
    axis_deg: float
    """Azimuth of the long axis, degrees from 0 to 180; 0 where the area is round."""


def spread_over(polygons: Sequence[Sequence[FloatArray]]) -> Spread:
    """Return the spread of a point that is anywhere in `polygons` with the same chance.

    Each polygon is its outer ring and its holes, each ring an array (corner, 2) of longitude and latitude.
    The moments of a ring about the first corner follow from Green's theorem, with c = x0*y1 - x1*y0 for
    each side: area = sum c/2, first moment of x = sum (x0+x1)c/6, second = sum (x0^2+x0*x1+x1^2)c/12,
    mixed = sum (x0*y1+2*x0*y0+2*x1*y1+x1*y0)c/24. An area of nothing spreads as its corners do.
    """
    first = polygons[0][0][0]
    scale = np.array(metres_per_degree(first[1]))
    total = np.zeros(6)
    for rings in polygons:
        for at, ring in enumerate(rings):
            moments = _ring_moments((ring - first) * scale)
            total += math.copysign(1.0, moments[0]) * moments * (1.0 if at == 0 else -1.0)
    corners = (np.concatenate([rings[0] for rings in polygons]) - first) * scale
    extent = float(np.ptp(corners, axis=0).max())
    if total[0] > 1e-9 * extent**2:
        mean = total[1:3] / total[0]
        xx, yy, xy = total[3:] / total[0] - np.array([mean[0] ** 2, mean[1] ** 2, mean[0] * mean[1]])
    else:
        mean = corners.mean(axis=0)
        (xx, xy), (_, yy) = np.cov(corners.T, bias=True)
    along, across, axis = long_axis(float(xx), float(yy), float(xy))
    lon, lat = first + mean / scale
    return Spread(float(lon), float(lat), along, across, axis)


def long_axis(xx: float, yy: float, xy: float) -> tuple[float, float, float]:
    """Return both standard deviations, greater first, and the azimuth of the greater, from a covariance.

    `xx`, `yy`, `xy` are in square metres, x to the east and y to the north.
    """
    middle, half = (xx + yy) / 2, math.hypot((xx - yy) / 2, xy)
    along, across = math.sqrt(max(middle + half, 0.0)), math.sqrt(max(middle - half, 0.0))
    if half <= 1e-9 * middle:
        return along, across, 0.0
    return along, across, math.degrees(0.5 * math.atan2(2 * xy, yy - xx)) % 180.0


def _ring_moments(ring: FloatArray) -> FloatArray:
    """Return area, first moments of x and y, second moments of xx, yy and xy; signed by the turn."""
    (x0, y0), (x1, y1) = ring.T, np.roll(ring, -1, axis=0).T
    c = x0 * y1 - x1 * y0
    return np.array(
        [
            c.sum() / 2,
            ((x0 + x1) * c).sum() / 6,
            ((y0 + y1) * c).sum() / 6,
            ((x0**2 + x0 * x1 + x1**2) * c).sum() / 12,
            ((y0**2 + y0 * y1 + y1**2) * c).sum() / 12,
            ((x0 * y1 + 2 * x0 * y0 + 2 * x1 * y1 + x1 * y0) * c).sum() / 24,
        ]
    )
