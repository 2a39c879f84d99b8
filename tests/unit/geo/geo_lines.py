"""Lines the geometry tests share: straight, wavy, ringed and random ones, anywhere on earth."""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import strategies as st
from shapely.geometry import LineString

from truceline.geo.line import LineLimits, LineOfContact, make_line
from truceline.geo.projection import Projection, projection_for

QUIET = LineLimits(chord_warning_m=1e9)


def line_of(
    xy_m, *, lon: float = 36.0, lat: float = 48.0, limits: LineLimits = QUIET, **options
) -> LineOfContact:
    """Make a line from metric vertices (one array, or a list of arrays) around a place on earth."""
    projection = projection_at(lon, lat)
    parts = [np.asarray(part, dtype=float) for part in (xy_m if isinstance(xy_m, list) else [xy_m])]
    metric = shapely.multilinestrings([shapely.linestrings(part) for part in parts])
    options = {"name": "test line", "tolerance_m": 0.0, "limits": limits, "projection": projection} | options
    return make_line(projection.to_lonlat(metric), **options)


def projection_at(lon: float, lat: float) -> Projection:
    return projection_for(LineString([(lon - 0.01, lat - 0.01), (lon + 0.01, lat + 0.01)]))


def not_finite(value: float) -> LineString:
    """Return a line whose second vertex has a longitude that is not a finite number, as files may hold."""
    with np.errstate(invalid="ignore"):
        return LineString([(36.0, 48.0), (value, 48.0)])


def ring_xy(radius_m: float, n: int = 200, *, clockwise: bool = False) -> np.ndarray:
    angle = np.linspace(0.0, 2.0 * np.pi, n + 1) * (-1.0 if clockwise else 1.0)
    xy = radius_m * np.column_stack([np.cos(angle), np.sin(angle)])
    xy[-1] = xy[0]
    return xy


def shifted(xy_m: np.ndarray, east_m: float, north_m: float) -> np.ndarray:
    return np.asarray(xy_m) + np.array([east_m, north_m])


def wave_xy(length_m: float = 60_000.0, height_m: float = 3_000.0, n: int = 300) -> np.ndarray:
    x = np.linspace(-length_m / 2.0, length_m / 2.0, n)
    return np.column_stack([x, height_m * np.sin(x / 4_000.0)])


@st.composite
def smooth_lines(draw) -> LineOfContact:
    """Draw a smooth line that runs east (turned by any angle), in any hemisphere."""
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    length_m = draw(st.floats(20_000.0, 120_000.0))
    x = np.linspace(-length_m / 2.0, length_m / 2.0, 80)
    y = sum(
        rng.uniform(0.0, 2_000.0) * np.sin(x / rng.uniform(3_000.0, 20_000.0) + rng.uniform(0.0, 6.0))
        for _ in range(3)
    )
    turn = draw(st.floats(0.0, 2.0 * np.pi))
    xy = np.column_stack([x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)])
    return line_of(xy, lon=draw(st.floats(-170.0, 170.0)), lat=draw(st.floats(-70.0, 70.0)))
