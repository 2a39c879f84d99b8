"""Make cities: points with weights in the plane, where every point is also a candidate.

A city is harder than a line: everything lies within reach of everything around it. Ours are drawn: points on
the corners of a bent street grid, thicker around a few centres, weights falling from the centres with a long
tail. Kilometres; no place is meant.
"""

from __future__ import annotations

import numpy as np
from line_cases import LineCase

from truceline.siting.instances import find_within

CITIES = {"city-3000": (3_000, 50, 100), "city-10000": (10_000, 100)}
"""Points, and the numbers of observers asked for."""

SIDE_KM = 12.0
STREET_KM = 0.08
"""Distance between corners where streets are thickest."""
N_CENTRES, CENTRE_SPREAD_KM = 7, 2.2
BEND_KM, BEND_WAVE_KM = 0.35, 4.0
"""Streets bend by so much over such a length, as grown cities do."""
POINTS_WITHIN_REACH = 60.0
"""The radius is chosen so that a candidate covers about so many points."""
WEIGHT_TAIL = 1.1
"""Deviation of the logarithm of a point's weight."""


def make_city(name: str, *, seed: int = 3) -> LineCase:
    """Return a city by its name in `CITIES`."""
    n_points = CITIES[name][0]
    random = np.random.default_rng(seed)
    corners = np.arange(0.0, SIDE_KM, STREET_KM)
    x, y = (axis.ravel() for axis in np.meshgrid(corners, corners, indexing="ij"))
    centres = random.uniform(0.15, 0.85, (N_CENTRES, 2)) * SIDE_KM
    size = random.uniform(0.3, 1.0, N_CENTRES)
    away_km = np.hypot(x[:, None] - centres[:, 0], y[:, None] - centres[:, 1])
    density = (size * np.exp(-((away_km / CENTRE_SPREAD_KM) ** 2))).sum(axis=1) + 0.03
    kept = np.sort(random.choice(x.size, n_points, replace=False, p=density / density.sum()))
    bend = 2 * np.pi / BEND_WAVE_KM
    xy = np.column_stack(
        [x[kept] + BEND_KM * np.sin(bend * y[kept]), y[kept] + BEND_KM * np.sin(bend * x[kept] + 1.0)]
    )
    weight = np.ceil(100.0 * density[kept] * np.exp(random.normal(0.0, WEIGHT_TAIL, n_points)))
    area_km2 = SIDE_KM**2 * float(density.sum() ** 2 / (density**2).sum() / density.size)
    radius_km = float(np.sqrt(POINTS_WITHIN_REACH * area_km2 / n_points / np.pi))
    indptr, indices = find_within(xy, xy, radius_km)
    return LineCase(
        name,
        indptr,
        indices,
        np.full(indices.size, 1.0, dtype=np.float32),
        weight,
        np.ones(n_points, dtype=np.int64),
        xy[:, 0],
    )
