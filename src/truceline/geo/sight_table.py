"""List what many observers see, as a sparse table: observer by target, with distance and height needed.

Metres; positions in the terrain's projection. A target of any height up to the table's greatest is answered
by one pass: it is seen where the height needed is at most its own. No raster is made for an observer, and
memory is bounded by what is kept. It knows geometry only: not sensors, not weather (see `detection`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truceline.geo.sweep import Mode, SweptGroup, find_posts, sort_targets, sweep_to_targets
from truceline.geo.terrain import Terrain
from truceline.geo.visibility import (
    EARTH_RADIUS_M,
    OPTICAL_REFRACTION,
    curvature_drop_m,
    minimum_visible_heights,
)

PAIRS_PER_SLICE = 4_000_000
"""Pairs looked along at once in exact mode (memory)."""


@dataclass(frozen=True, eq=False)
class SightTable:
    """What each observer sees; within an observer the targets rise."""

    indptr: NDArray[np.int64]
    """(observers + 1,) start of each observer's entries."""
    target: NDArray[np.int32]
    """(entries,) target seen."""
    distance_m: NDArray[np.float32]
    """(entries,) horizontal distance."""
    height_m: NDArray[np.float32]
    """(entries,) least height above ground at which the target shows, 0 where the ground itself does."""

    def keep_up_to(self, target_height_m: float) -> SightTable:
        """Return the entries that a target of this height makes: one table answers every lower height."""
        kept = self.height_m <= target_height_m
        before = np.concatenate([[0], np.cumsum(kept, dtype=np.int64)])
        return SightTable(before[self.indptr], self.target[kept], self.distance_m[kept], self.height_m[kept])


def build_sight_table(
    terrain: Terrain,
    observer_xy_m: ArrayLike,
    eye_height_m: ArrayLike,
    target_xy_m: ArrayLike,
    *,
    max_distance_m: ArrayLike,
    height_max_m: float,
    mode: Mode = "accurate",
    refraction: float = OPTICAL_REFRACTION,
    earth_radius_m: float = EARTH_RADIUS_M,
    progress: Callable[[float], None] | None = None,
) -> SightTable:
    """Return which targets (m, 2) each observer (n, 2) sees within its greatest distance (one or (n,)).

    eye_height_m: above ground, one or (n,). height_max_m: greatest height of a target that will be asked for;
    what needs more is left out. Observers and targets without ground have no entries. In the modes `accurate`
    and `fast` both stand on the nearest grid post; distances are between the positions given. progress:
    called with the share done; an exception from it stops the work.
    """
    observer_xy = np.asarray(observer_xy_m, dtype=np.float64).reshape(-1, 2)
    target_xy = np.asarray(target_xy_m, dtype=np.float64).reshape(-1, 2)
    eye_m = np.broadcast_to(np.asarray(eye_height_m, np.float64), (len(observer_xy),))
    reach_m = np.broadcast_to(np.asarray(max_distance_m, np.float64), (len(observer_xy),))
    if mode == "exact":
        return _look_along_every_line(
            terrain, observer_xy, eye_m, target_xy, reach_m, height_max_m, refraction, earth_radius_m
        )
    from truceline.geo import _sweep_kernels as kernels

    observers = find_posts(terrain, observer_xy)
    targets = sort_targets(terrain, find_posts(terrain, target_xy))
    # Both ends move by up to half a cell's diagonal: one step more, and the true distance decides.
    reach = np.ceil(reach_m / terrain.cell_m).astype(np.int64) + 1
    x, y = (np.ascontiguousarray(observer_xy[:, axis]) for axis in (0, 1))
    target_x, target_y = (np.ascontiguousarray(target_xy[:, axis]) for axis in (0, 1))
    limit_m = np.ascontiguousarray(reach_m)
    rows: list[tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.float32]] | None]
    rows = [None] * len(observer_xy)

    def keep(group: SweptGroup) -> None:
        count = np.zeros(group.lanes.size, dtype=np.int64)
        found = (np.empty(0, np.int32), np.empty(0, np.float32), np.empty(0, np.float32))
        for fill in (False, True):
            kernels.list_seen(
                fill, group.lanes, group.row, group.col, x, y, limit_m, target_x, target_y, group.reach,
                group.window.start, group.window.other, group.window.target, group.need_m, height_max_m,
                count, *found,
            )  # fmt: skip
            if not fill:
                size = int(count.sum())
                found = (np.empty(size, np.int32), np.empty(size, np.float32), np.empty(size, np.float32))
        end = np.cumsum(count)
        lane_of = np.repeat(np.arange(count.size), count)
        if ((np.diff(found[0]) < 0) & (np.diff(lane_of) == 0)).any():  # targets not numbered along the grid
            order = np.lexsort((found[0], lane_of))
            found = (found[0][order], found[1][order], found[2][order])
        for lane, observer in enumerate(group.lanes):
            part = slice(end[lane] - count[lane], end[lane])
            rows[observer] = (found[0][part], found[1][part], found[2][part])

    sweep_to_targets(
        terrain,
        observers,
        eye_m,
        reach,
        targets,
        keep,
        mode=mode,
        drop_per_step2_m=float(
            curvature_drop_m(terrain.cell_m, refraction=refraction, earth_radius_m=earth_radius_m)
        ),
        progress=progress,
    )
    return _join(rows)


def _join(
    rows: list[tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.float32]] | None],
) -> SightTable:
    """Put the rows of all observers into one table."""
    indptr = np.zeros(len(rows) + 1, dtype=np.int64)
    np.cumsum([0 if row is None else row[0].size for row in rows], out=indptr[1:])
    target = np.empty(indptr[-1], np.int32)
    distance_m, height_m = np.empty(indptr[-1], np.float32), np.empty(indptr[-1], np.float32)
    for i, row in enumerate(rows):
        if row is not None:
            part = slice(indptr[i], indptr[i + 1])
            target[part], distance_m[part], height_m[part] = row
    return SightTable(indptr, target, distance_m, height_m)


def _look_along_every_line(
    terrain: Terrain,
    observer_xy: NDArray[np.float64],
    eye_m: NDArray[np.float64],
    target_xy: NDArray[np.float64],
    reach_m: NDArray[np.float64],
    height_max_m: float,
    refraction: float,
    earth_radius_m: float,
) -> SightTable:
    """Return the table by exact lines of sight between the positions given: slow, the judge of the sweeps."""
    from scipy.spatial import cKDTree

    rows: list[tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.float32]] | None] = []
    tree = cKDTree(target_xy) if len(target_xy) else None
    step = max(1, PAIRS_PER_SLICE // max(1, len(target_xy)))
    for first in range(0, len(observer_xy), step):
        part = slice(first, first + step)
        near = [
            np.sort(np.asarray([] if tree is None else tree.query_ball_point(xy, reach), dtype=np.int64))
            for xy, reach in zip(observer_xy[part], reach_m[part], strict=True)
        ]
        observer = np.repeat(np.arange(len(near)), [one.size for one in near])
        target = np.concatenate([np.zeros(0, np.int64), *near])
        height = minimum_visible_heights(
            terrain,
            observer_xy[part],
            eye_m[part],
            target_xy,
            observer,
            target,
            refraction=refraction,
            earth_radius_m=earth_radius_m,
        )
        distance = np.hypot(*(observer_xy[part][observer] - target_xy[target]).T).astype(np.float32)
        seen = height <= height_max_m
        for i in range(len(near)):
            mine = seen & (observer == i)
            rows.append((target[mine].astype(np.int32), distance[mine], height[mine]))
    return _join(rows)
