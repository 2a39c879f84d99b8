"""Which fixed means reaches which place and sees it: shared by the event table and the rate fields.

Metres and probabilities. Means at one place and height share their pairs; pairs are made in batches to bound
memory. It asks a `Sight` for visibility and knows nothing of terrain itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from . import _kernels
from ._arrays import FloatArray
from .kinds import KINDS, N_KINDS, N_STATES
from .means import ALL_ROUND_DEG, IntArray, Means
from .parameters import DetectionParameters
from .performance import radar_reach_m, sight_height_m
from .sensors import Sensor
from .tables import RangeTables

PAIRS_PER_BATCH: Final = 4_000_000
"""Pairs held at once: about 100 MB with the visibilities of six target heights (memory, not modelling)."""
NO_ARC: Final = -2.0
"""In place of a cosine: no direction is outside."""
CELLS_PER_BLOCK: Final = 64
"""Consecutive cells that share a bounding box in the search (speed only)."""


class Sight(Protocol):
    """What detection needs of `truceline.geo.sight`."""

    def p_visible(
        self,
        observer_xy_m: FloatArray,
        eye_height_m: FloatArray,
        target_xy_m: FloatArray,
        target_heights_m: Sequence[float],
        observer_index: IntArray,
        target_index: IntArray,
        *,
        target_width_m: float = 0.0,
        wanted: NDArray[np.bool_] | None = None,
    ) -> NDArray[np.float32]:
        """Return P(visible), (heights, k), of observers (n, 2) and square targets (m, 2); see `geo.sight`."""
        ...


@dataclass(frozen=True)
class Places:
    """Points to be watched, with bounding boxes of blocks of consecutive points."""

    xy_m: FloatArray
    """(m, 2)."""
    boxes: FloatArray
    """(blocks, 4): x min, x max, y min, y max."""


def places_from_points(x_m: FloatArray, y_m: FloatArray) -> Places:
    """Return the points (m,) with the boxes of their blocks."""
    starts = np.arange(0, len(x_m), CELLS_PER_BLOCK)
    if len(starts) == 0:
        return Places(np.empty((0, 2)), np.empty((0, 4)))
    reduce = (np.minimum.reduceat, np.maximum.reduceat)
    boxes = np.stack([function(values, starts) for values in (x_m, y_m) for function in reduce], axis=1)
    return Places(np.ascontiguousarray(np.stack([x_m, y_m], axis=1)), np.ascontiguousarray(boxes))


@dataclass(frozen=True)
class FixedMeans:
    """The fixed candidates as kernel arrays, ordered by observer (place, eye height and arc)."""

    sensors: tuple[Sensor, ...]
    candidate: IntArray
    """Position of each among all candidates."""
    sensor: IntArray
    """Index into `sensors`."""
    observer: IntArray
    """Index into `observer_xy_m`; ascending."""
    observer_xy_m: FloatArray
    eye_height_m: FloatArray
    """Per observer."""
    arc: FloatArray
    """(observers, 3): unit vector of the direction faced, and the cosine of half the arc (-2: all round)."""
    heights_m: FloatArray
    """Distinct target heights that must be in sight."""
    height_slot: IntArray
    """(sensors, kinds) index into `heights_m`, -1 when no line of sight is needed."""
    horizon_m: FloatArray
    """(candidates, kinds)."""


@dataclass(frozen=True)
class Batch:
    """Pairs of some observers and the fixed means that stand there."""

    members: slice
    """Slice of `FixedMeans` entries."""
    observer: IntArray
    """(members,) observer numbered within the batch."""
    indptr: IntArray
    pair_cell: NDArray[np.int32]
    pair_distance_m: NDArray[np.float32]
    visible: NDArray[np.float32]
    """(heights, pairs)."""


def collect_fixed(means: Means, sensors: Mapping[str, Sensor], parameters: DetectionParameters) -> FixedMeans:
    """Return the fixed candidates of `means` as kernel arrays."""
    fixed = np.flatnonzero(~means.is_area)
    names = sorted({means.sensor_id[i] for i in fixed})
    records = tuple(sensors[name] for name in names)
    arc = _describe_arcs(means.facing_deg[fixed], means.arc_deg[fixed])
    where = np.column_stack([means.x_m[fixed], means.y_m[fixed], means.eye_height_m[fixed], arc])
    observers, observer = np.unique(where, axis=0, return_inverse=True)
    observer = observer.reshape(-1).astype(np.int64)
    order = np.argsort(observer, kind="stable")
    numbers = {name: number for number, name in enumerate(names)}
    sensor = np.array([numbers[means.sensor_id[i]] for i in fixed[order]], dtype=np.int64)
    needed = [[sight_height_m(record, kind, parameters) for kind in KINDS] for record in records]
    heights = sorted({height for row in needed for height in row if height is not None})
    slot = [[-1 if height is None else heights.index(height) for height in row] for row in needed]
    eye = np.ascontiguousarray(observers[:, 2])
    horizon = np.full((len(fixed), N_KINDS), np.inf)
    for number, record in enumerate(records):
        mine = np.flatnonzero(sensor == number)
        for k, kind in enumerate(KINDS):
            horizon[mine, k] = radar_reach_m(record, kind, parameters, eye[observer[order][mine]])
    return FixedMeans(
        sensors=records,
        candidate=fixed[order].astype(np.int64),
        sensor=sensor,
        observer=observer[order],
        observer_xy_m=np.ascontiguousarray(observers[:, :2]),
        eye_height_m=eye,
        arc=np.ascontiguousarray(observers[:, 3:]),
        heights_m=np.array(heights, dtype=np.float64),
        height_slot=np.array(slot, dtype=np.int64).reshape(len(records), N_KINDS),
        horizon_m=horizon,
    )


def _describe_arcs(facing_deg: FloatArray, arc_deg: FloatArray) -> FloatArray:
    """Return (n, 3): where each faces as a unit vector (east, north), and the cosine of half its arc."""
    all_round = arc_deg >= ALL_ROUND_DEG
    bearing = np.radians(np.where(all_round, 0.0, facing_deg))
    half = np.where(all_round, NO_ARC, np.cos(np.radians(arc_deg) / 2))
    return np.stack([np.sin(bearing), np.cos(bearing), half], axis=1)


def iterate_batches(
    fixed: FixedMeans, tables: RangeTables, places: Places, sight: Sight, width_m: float
) -> Iterator[Batch]:
    """Yield batches of whole observers with all pairs within reach and their visibilities.

    width_m: side of the square around each place of which the visible share counts; 0 for the point.
    """
    reach_by_height, reach = _observer_reach(fixed, tables)
    n_observers = len(reach)
    counts = np.zeros(n_observers + 1, dtype=np.int64)
    _run_pairs(False, fixed, slice(0, n_observers), reach, places, counts)
    total = np.cumsum(counts)
    start = 0
    while start < n_observers:
        stop = int(np.searchsorted(total, total[start] + PAIRS_PER_BATCH, side="right")) - 1
        stop = min(max(stop, start + 1), n_observers)
        indptr = np.ascontiguousarray(total[start : stop + 1] - total[start])
        members = slice(*(int(value) for value in np.searchsorted(fixed.observer, [start, stop])))
        cell, distance = _run_pairs(True, fixed, slice(start, stop), reach, places, indptr)
        pair_observer = np.repeat(np.arange(stop - start, dtype=np.int64), np.diff(indptr))
        visible = _look(
            fixed,
            slice(start, stop),
            reach_by_height[start:stop],
            places,
            sight,
            pair_observer,
            cell,
            distance,
            width_m,
        )
        yield Batch(members, fixed.observer[members] - start, indptr, cell, distance, visible)
        start = stop


def _observer_reach(fixed: FixedMeans, tables: RangeTables) -> tuple[FloatArray, FloatArray]:
    """Return each observer's reach by target height (observers, heights) and over all (observers,)."""
    by_kind = tables.reach_m.reshape(len(fixed.sensors), N_KINDS, N_STATES).max(axis=2)
    mine = np.minimum(by_kind[fixed.sensor], fixed.horizon_m)
    n = len(fixed.observer_xy_m)
    reach, by_height = np.zeros(n), np.zeros((n, len(fixed.heights_m)))
    np.maximum.at(reach, fixed.observer, mine.max(axis=1, initial=0.0))
    for slot in range(len(fixed.heights_m)):
        uses = fixed.height_slot[fixed.sensor] == slot
        np.maximum.at(by_height[:, slot], fixed.observer, np.where(uses, mine, 0.0).max(axis=1, initial=0.0))
    return by_height, reach


def _run_pairs(
    fill: bool, fixed: FixedMeans, part: slice, reach: FloatArray, places: Places, indptr: IntArray
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Count the pairs of some observers into `indptr`, or return the cells and distances of the pairs."""
    size = int(indptr[-1]) if fill else 0
    cell, distance = np.empty(size, dtype=np.int32), np.empty(size, dtype=np.float32)
    x, y = (np.ascontiguousarray(fixed.observer_xy_m[part, axis]) for axis in (0, 1))
    cell_x, cell_y = (np.ascontiguousarray(places.xy_m[:, axis]) for axis in (0, 1))
    reach_part = np.ascontiguousarray(reach[part])
    arc = np.ascontiguousarray(fixed.arc[part])
    _kernels.list_pairs(
        fill, x, y, reach_part, arc, cell_x, cell_y, places.boxes, CELLS_PER_BLOCK, indptr, cell, distance
    )
    return cell, distance


def _look(
    fixed: FixedMeans,
    part: slice,
    reach_by_height: FloatArray,
    places: Places,
    sight: Sight,
    pair_observer: IntArray,
    pair_cell: NDArray[np.int32],
    pair_distance_m: NDArray[np.float32],
    width_m: float,
) -> NDArray[np.float32]:
    """Return visibility (heights, pairs), 0 where no means of the observer reaches with that height."""
    visible = np.zeros((len(fixed.heights_m), len(pair_cell)), dtype=np.float32)
    wanted = np.zeros(visible.shape, dtype=np.bool_)
    for slot in range(len(fixed.heights_m)):
        wanted[slot] = pair_distance_m <= reach_by_height[pair_observer, slot]
    asked = np.flatnonzero(wanted.any(axis=0))
    if not len(asked):
        return visible
    visible[:, asked] = sight.p_visible(
        fixed.observer_xy_m[part],
        fixed.eye_height_m[part],
        places.xy_m,
        [float(height) for height in fixed.heights_m],
        pair_observer[asked],
        pair_cell[asked].astype(np.int64),
        target_width_m=width_m,
        wanted=wanted[:, asked],
    )
    return visible
