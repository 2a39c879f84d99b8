"""The (candidate, event) table: which means would detect which event in which cell, kind and state.

Probabilities; positions in metres of one projection. Rows are candidates, columns events, values
-ln(1 - a v p): availability a, visibility v, detection p. Fusing and averaging are in `measures`, rate fields
for crossings in `rates`; choosing among candidates is `siting`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truceline.errors import GeometryError, ProblemList

from . import _kernels
from ._arrays import FloatArray, as_floats
from ._pairs import FixedMeans, Sight, collect_fixed, iterate_batches, places_from_points
from .kinds import KINDS, N_KINDS, N_STATES, STATES
from .means import EventIndex, IntArray, Means, check_means
from .moving import p_event_area
from .parameters import DetectionParameters
from .sensors import Sensor
from .tables import tabulate_events

P_MIN: Final = 1e-4
"""Entries below this are dropped: together they move no reported figure (memory, not modelling)."""
P_MAX: Final = 1 - 1e-6
"""Largest probability stored: keeps -ln(1 - p) finite."""
BoolArray = NDArray[np.bool_]
_Rows = list[tuple[NDArray[np.int32], NDArray[np.float32]]]
_NO_ENTRIES: Final = (np.empty(0, np.int32), np.empty(0, np.float32))


@dataclass(frozen=True, eq=False)
class DetectionTable:
    """Sparse rows by candidate; within a row the events ascend."""

    indptr: IntArray
    """(n_candidates + 1,)."""
    indices: NDArray[np.int32]
    """Event numbers, see EventIndex."""
    log_miss: NDArray[np.float32]
    """-ln(1 - a v p) of one unit of the candidate."""
    n_events: int

    @property
    def n_candidates(self) -> int:
        """Number of rows."""
        return len(self.indptr) - 1

    @property
    def n_cells(self) -> int:
        """Number of cells behind the events."""
        return self.n_events // (N_KINDS * N_STATES)


def check_places(
    x_m: FloatArray, y_m: FloatArray, sector: IntArray, sector_area_m2: FloatArray, cell_m: float, name: str
) -> None:
    """Raise GeometryError when places, their sectors and their size do not fit together."""
    problems = ProblemList()
    if x_m.ndim != 1 or not len(x_m) == len(y_m) == len(sector):
        found = f"has {x_m.shape} x, {y_m.shape} y and {sector.shape} sectors"
        problems.add(name, found, "give one of each per place")
    if not (np.isfinite(x_m).all() and np.isfinite(y_m).all()):
        problems.add(name, "has coordinates that are not finite", "project them to metres first")
    if len(sector) and (sector.min() < -1 or sector.max() >= len(sector_area_m2)):
        problems.add(
            f"{name}.sector", f"goes up to {sector.max()}", f"there are {len(sector_area_m2)} sectors"
        )
    if not 0 <= cell_m < np.inf:
        problems.add(f"{name}.cell_m", f"is {cell_m:g}", "give the side of a cell in metres, 0 for points")
    problems.raise_if_any(GeometryError, "the places to be watched cannot be used")


def detection_table(
    means: Means,
    cells_x_m: ArrayLike,
    cells_y_m: ArrayLike,
    sight: Sight,
    sensors: Mapping[str, Sensor],
    parameters: DetectionParameters,
    *,
    cell_sector: ArrayLike,
    sector_area_m2: ArrayLike,
    cell_m: float,
    counts: ArrayLike | None = None,
    p_min: float = P_MIN,
) -> DetectionTable:
    """Return the table of all candidates against all events of the cells.

    Cells are squares of side `cell_m` around (cells_x_m, cells_y_m) (m,): detection is averaged over their
    area, visibility taken at the centre. `cell_sector` (m,) is the sector of each cell (-1 none),
    `sector_area_m2` the area each sector's moving means share. Moving means cover every cell of their sector
    alike. counts: (n_events,) False for events that nobody asks about (no weight, water, forbidden ground):
    they are left out while the table is made and cost no memory. Raises ScenarioError (means, assumptions)
    and GeometryError (cells), each with all problems.
    """
    x, y, areas = as_floats(cells_x_m), as_floats(cells_y_m), np.atleast_1d(as_floats(sector_area_m2))
    sector = np.asarray(cell_sector, dtype=np.int64)
    check_places(x, y, sector, areas, cell_m, "cells")
    check_means(means, sensors, areas)
    index = EventIndex(len(x))
    rows: _Rows = [_NO_ENTRIES] * means.n
    asked = _check_counts(counts, index.n_events)
    _fill_area_rows(rows, means, sensors, parameters, sector, areas, asked, p_min)
    fixed = collect_fixed(means, sensors, parameters)
    if len(fixed.candidate) and len(x):
        _fill_fixed_rows(rows, fixed, x, y, sight, parameters, cell_m, asked, p_min)
    indptr = np.zeros(means.n + 1, dtype=np.int64)
    np.cumsum([len(indices) for indices, _ in rows], out=indptr[1:])
    indices, log_miss = np.empty(indptr[-1], np.int32), np.empty(indptr[-1], np.float32)
    for i in range(means.n):
        part = slice(indptr[i], indptr[i + 1])
        indices[part], log_miss[part] = rows[i]
        rows[i] = _NO_ENTRIES  # frees each batch as soon as its last row is copied
    return DetectionTable(indptr, indices, log_miss, index.n_events)


def _check_counts(counts: ArrayLike | None, n_events: int) -> BoolArray:
    """Return (n_events,) which events are asked for; GeometryError for another length."""
    if counts is None:
        return np.ones(n_events, dtype=np.bool_)
    asked = np.ascontiguousarray(counts, dtype=np.bool_)
    problems = ProblemList()
    if asked.shape != (n_events,):
        problems.add("counts", f"has the shape {asked.shape}", f"give one for each of the {n_events} events")
    problems.raise_if_any(GeometryError, "the events to be counted cannot be used")
    return asked


def _fill_fixed_rows(
    rows: _Rows,
    fixed: FixedMeans,
    x_m: FloatArray,
    y_m: FloatArray,
    sight: Sight,
    parameters: DetectionParameters,
    cell_m: float,
    asked: BoolArray,
    p_min: float,
) -> None:
    """Put the entries of every fixed candidate into `rows`, batch by batch."""
    tables = tabulate_events(fixed.sensors, parameters, cell_m)
    availability = np.array([sensor.availability_share for sensor in fixed.sensors])
    for batch in iterate_batches(fixed, tables, places_from_points(x_m, y_m), sight, cell_m):
        horizon = np.ascontiguousarray(fixed.horizon_m[batch.members])
        sensor = np.ascontiguousarray(fixed.sensor[batch.members])
        indptr = np.zeros(len(sensor) + 1, dtype=np.int64)
        indices, log_miss = np.empty(0, np.int32), np.empty(0, np.float32)
        for fill in (False, True):
            _kernels.fill_entries(
                fill,
                batch.observer,
                sensor,
                availability,
                batch.indptr,
                batch.pair_cell,
                batch.pair_distance_m,
                batch.visible,
                fixed.height_slot,
                tables.values,
                tables.reach_m,
                horizon,
                N_STATES,
                asked,
                p_min,
                P_MAX,
                indptr,
                indices,
                log_miss,
            )
            if not fill:
                np.cumsum(indptr, out=indptr)
                indices, log_miss = np.empty(indptr[-1], np.int32), np.empty(indptr[-1], np.float32)
        for k, candidate in enumerate(fixed.candidate[batch.members]):
            part = slice(indptr[k], indptr[k + 1])
            rows[candidate] = (indices[part], log_miss[part])


def _fill_area_rows(
    rows: _Rows,
    means: Means,
    sensors: Mapping[str, Sensor],
    parameters: DetectionParameters,
    cell_sector: IntArray,
    sector_area_m2: FloatArray,
    asked: BoolArray,
    p_min: float,
) -> None:
    """Put the entries of every area candidate into `rows`; equal candidates share one array."""
    known: dict[tuple[str, int, float], tuple[NDArray[np.int32], NDArray[np.float32]]] = {}
    for i in np.flatnonzero(means.is_area):
        key = (means.sensor_id[i], int(means.sector[i]), float(means.hours_per_day[i]))
        if key not in known:
            p = area_probabilities(sensors[key[0]], sector_area_m2[key[1]], key[2], parameters).ravel()
            kept = np.flatnonzero(p >= p_min)
            cells = np.flatnonzero(cell_sector == key[1])
            events = (cells[:, None] * p.size + kept[None, :]).astype(np.int32).ravel()
            values = np.tile(-np.log1p(-np.minimum(p[kept], P_MAX)), len(cells)).astype(np.float32)
            kept_events = asked[events]
            known[key] = (events[kept_events], values[kept_events])
        rows[i] = known[key]


def area_probabilities(
    sensor: Sensor, area_m2: float, hours_per_day: float, parameters: DetectionParameters
) -> FloatArray:
    """Return (7, 3) event probabilities of one moving unit in `area_m2`, availability included."""
    return np.array(
        [
            [
                float(p_event_area(sensor, kind, state, area_m2, parameters, hours_per_day=hours_per_day))
                for state in STATES
            ]
            for kind in KINDS
        ]
    )
