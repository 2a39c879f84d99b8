"""Rate fields for crossings: how often a mover at a place would be noticed, by kind and state.

1/s at places in metres. Time-averaged: availability, visibility and moving means multiply the rate, so the
field is what someone meets who knows the posts but not their schedules. Paths through it are solved in
`siting.crossing`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from truceline.errors import Problem, ScenarioError

from . import _kernels
from ._arrays import FloatArray, as_floats
from ._pairs import FixedMeans, Sight, collect_fixed, iterate_batches, places_from_points
from .coverage import check_places
from .kinds import KIND_INDEX, MOVERS, N_STATES, STATE_INDEX, STATES
from .means import IntArray, Means, check_means, select_means
from .moving import area_rate_per_s
from .parameters import DetectionParameters
from .sensors import Sensor
from .tables import tabulate_rates


def rate_fields(
    means: Means,
    copies: ArrayLike,
    grid_x_m: ArrayLike,
    grid_y_m: ArrayLike,
    sight: Sight,
    sensors: Mapping[str, Sensor],
    parameters: DetectionParameters,
    *,
    grid_sector: ArrayLike,
    sector_area_m2: ArrayLike,
    cell_m: float,
    kinds: Sequence[str] = ("person", "vehicle"),
    include_moving: bool = True,
) -> FloatArray:
    """Return Gamma (n_kinds, 3, n) in 1/s at n places: sum of a v gamma(r) over units, plus moving means.

    `copies` (means,) units of each candidate; only those above 0 count. Places are squares of side `cell_m`
    (0: points); `grid_sector` (n,) is their sector (-1 none). Pairs are shared by all kinds and states.
    Raises ScenarioError and GeometryError with all problems; ScenarioError for kinds that do not stay.
    """
    x, y, areas = as_floats(grid_x_m), as_floats(grid_y_m), np.atleast_1d(as_floats(sector_area_m2))
    sector, counts = np.asarray(grid_sector, dtype=np.int64), as_floats(copies)
    check_places(x, y, sector, areas, cell_m, "grid")
    check_means(means, sensors, areas)
    _check_request(means, counts, kinds)
    field = np.zeros((len(kinds), N_STATES, len(x)))
    chosen = select_means(means, np.flatnonzero(counts > 0))
    chosen_counts = counts[counts > 0]
    fixed = collect_fixed(chosen, sensors, parameters)
    if len(fixed.candidate) and len(x):
        _add_fixed(field, fixed, chosen_counts, x, y, sight, parameters, kinds, cell_m)
    if include_moving:
        _add_moving(field, chosen, chosen_counts, sensors, parameters, kinds, sector, areas)
    return field


def rate_field(
    means: Means,
    copies: ArrayLike,
    grid_x_m: ArrayLike,
    grid_y_m: ArrayLike,
    kind: str,
    state: str,
    sight: Sight,
    sensors: Mapping[str, Sensor],
    parameters: DetectionParameters,
    *,
    grid_sector: ArrayLike,
    sector_area_m2: ArrayLike,
    cell_m: float,
    include_moving: bool = True,
) -> FloatArray:
    """Return Gamma (n,) in 1/s for one kind and state; see `rate_fields`, which is cheaper for several."""
    fields = rate_fields(
        means,
        copies,
        grid_x_m,
        grid_y_m,
        sight,
        sensors,
        parameters,
        grid_sector=grid_sector,
        sector_area_m2=sector_area_m2,
        cell_m=cell_m,
        kinds=(kind,),
        include_moving=include_moving,
    )
    return as_floats(fields[0, STATE_INDEX[state]])


def _check_request(means: Means, counts: FloatArray, kinds: Sequence[str]) -> None:
    """Refuse kinds that do not stay, and counts that do not fit."""
    problems = [
        Problem("kinds", f"{kind!r} is no mover", f"use {', '.join(MOVERS)}")
        for kind in kinds
        if kind not in MOVERS
    ]
    if counts.shape != (means.n,) or (counts < 0).any():
        found = f"have the shape {counts.shape} for {means.n} candidates, or are negative"
        problems.append(Problem("copies", found, "give one count of 0 or more for each"))
    if problems:
        raise ScenarioError("the rate field cannot be computed", problems)


def _add_fixed(
    field: FloatArray,
    fixed: FixedMeans,
    counts: FloatArray,
    x_m: FloatArray,
    y_m: FloatArray,
    sight: Sight,
    parameters: DetectionParameters,
    kinds: Sequence[str],
    cell_m: float,
) -> None:
    """Add the fixed means to `field`, batch by batch."""
    tables = tabulate_rates(fixed.sensors, kinds, parameters, cell_m)
    availability = np.array([sensor.availability_share for sensor in fixed.sensors])
    weight = counts[fixed.candidate] * availability[fixed.sensor]
    rows = np.array(
        [KIND_INDEX[kind] * N_STATES + s for kind in kinds for s in range(N_STATES)], dtype=np.int64
    )
    flat = field.reshape(len(rows), -1)
    for batch in iterate_batches(fixed, tables, places_from_points(x_m, y_m), sight, cell_m):
        _kernels.add_rates(
            batch.observer,
            np.ascontiguousarray(fixed.sensor[batch.members]),
            np.ascontiguousarray(weight[batch.members]),
            batch.indptr,
            batch.pair_cell,
            batch.pair_distance_m,
            batch.visible,
            fixed.height_slot,
            tables.values,
            tables.reach_m,
            np.ascontiguousarray(fixed.horizon_m[batch.members]),
            rows,
            N_STATES,
            flat,
        )


def _add_moving(
    field: FloatArray,
    means: Means,
    counts: FloatArray,
    sensors: Mapping[str, Sensor],
    parameters: DetectionParameters,
    kinds: Sequence[str],
    grid_sector: IntArray,
    sector_area_m2: FloatArray,
) -> None:
    """Add moving means: one rate over the whole sector of each."""
    by_sector = np.zeros((len(kinds), N_STATES, len(sector_area_m2)))
    for i in np.flatnonzero(means.is_area):
        sensor, sector = sensors[means.sensor_id[i]], int(means.sector[i])
        for k, kind in enumerate(kinds):
            for s, state in enumerate(STATES):
                by_sector[k, s, sector] += area_rate_per_s(
                    sensor,
                    kind,
                    state,
                    sector_area_m2[sector],
                    parameters,
                    n_units=float(counts[i]),
                    hours_per_day=float(means.hours_per_day[i]),
                )
    inside = grid_sector >= 0
    field[:, :, inside] += by_sector[:, :, grid_sector[inside]]
