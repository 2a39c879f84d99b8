"""The size of the earth: how long a degree is, and the geodesics of WGS 84.

Degrees and metres. Light to import: the library behind the geodesics is loaded when they are first asked for.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    import pyproj

FloatArray = NDArray[np.float64]

SEMI_MAJOR_M = 6_378_137.0
ECCENTRICITY_SQUARED = 0.006_694_379_990_14
SPHERE_KM_PER_DEGREE = 111.195
"""Length of a degree on a sphere of 6,371 km: for cells, drawings and rounding, where that is near enough."""


@cache
def open_geod() -> pyproj.Geod:
    """Return what measures and walks geodesics on WGS 84."""
    import pyproj

    return pyproj.Geod(ellps="WGS84")


def metres_per_degree(lat: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return metres in a degree of longitude and of latitude at each latitude, on WGS 84.

    From the radii of curvature in the prime vertical and in the meridian; at the poles a degree of longitude
    is a little more than nothing, so that it can be divided by.
    """
    phi = np.radians(np.asarray(lat, dtype=float))
    shape = 1.0 - ECCENTRICITY_SQUARED * np.sin(phi) ** 2
    east = SEMI_MAJOR_M * np.cos(phi) / np.sqrt(shape)
    north = SEMI_MAJOR_M * (1.0 - ECCENTRICITY_SQUARED) / shape**1.5
    return np.radians(1.0) * np.maximum(east, 1.0), np.radians(1.0) * north
