"""Sweep the ground from many observers at once: which grid posts show, above which height.

Metres, and steps of the grid (row, column; row grows southward). Rays run outwards from each observer to the
posts of the outermost row, keep the steepest slope met so far, and every post on the way is judged against
the rays on either side of it (R2, interpolated back). Each visit costs the same few operations whatever the
distance, where an exact line of sight (`visibility`, R3) grows with it. Observers and targets stand on the
grid post nearest to them: for points that must not be moved, ask `visibility`. This module decides nothing
about targets or tables; `viewsheds`, `sight_table` and `sight` use it.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truceline.geo.heights_error import error_window
from truceline.geo.terrain import Terrain, locate_on_grid

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

Mode = Literal["accurate", "fast", "exact"]
"""`accurate` and `fast` sweep; `exact` looks along every line (slow: the judge of the other two)."""

RAYS_PER_STEP = {"accurate": 1.5, "fast": 0.5}
"""Rays to each post of the outermost row: more are slower and truer (docs/benchmarks.md says by how much)."""
N_OBSERVERS_PER_TASK = 512
"""Most observers that share one window of ground: bounds a task, for progress and for memory."""
TILE_STEPS_MIN = 128
"""Least side of the tiles that gather observers: a short reach shall not cut many windows."""
NO_GROUND = -1
"""Row of a point that lies off the grid or on unknown ground."""


@dataclass(frozen=True, eq=False)
class GridPosts:
    """Points moved to the nearest grid post."""

    row: IntArray
    """(n,) row, NO_GROUND where there is none."""
    col: IntArray
    """(n,) column, NO_GROUND where there is none."""


@dataclass(frozen=True)
class HeightError:
    """How wrong the elevation model may be, and which of its possible errors are drawn."""

    error_m: float
    """Standard deviation of the height error."""
    correlation_m: float
    """Distance at which two errors correlate by 1/e."""
    n_draws: int
    """Possible grounds to look at."""
    seed: int
    """Seed of the draws."""


@dataclass(frozen=True, eq=False)
class SweptGroup:
    """Observers swept together, and what they need to see each target near them."""

    lanes: IntArray
    """(n <= N_LANES,) observers."""
    need_m: NDArray[np.float32]
    """(N_LANES, slots) least height above ground at which each slot's target shows; may be below 0."""
    window: Window
    row: IntArray
    """(n,) rows of the observers in the window."""
    col: IntArray
    """(n,) columns of the observers in the window."""
    reach: int
    """Steps swept."""


@dataclass(frozen=True, eq=False)
class Window:
    """A piece of ground with the targets on it, row by row and column by column."""

    row0: int
    col0: int
    ground: NDArray[np.float32]
    has_unknown: bool
    ground_across: NDArray[np.float32]
    start: IntArray
    """(rows + 1,) first slot of each row."""
    other: NDArray[np.int32]
    """(slots,) column of each slot, rising within a row."""
    start_across: IntArray
    other_across: NDArray[np.int32]
    slot_across: NDArray[np.int32]
    target: NDArray[np.int32]
    """(slots,) number of the target."""
    skip: IntArray
    """(rows,) rank of a target less skip[its row] is its slot."""


@dataclass(frozen=True, eq=False)
class SortedTargets:
    """Targets in the order of the grid, so that those of any window are found by bisection."""

    posts: GridPosts
    order: NDArray[np.int32]
    """Targets that have ground, by row and column."""
    rank: IntArray
    """(targets,) place of each in that order; -1 where it has no ground."""
    key: IntArray
    """Row x columns + column, rising."""
    n_cols: int


def find_posts(terrain: Terrain, xy_m: ArrayLike) -> GridPosts:
    """Return the post nearest to each metric position (n, 2); NO_GROUND off the grid or where unknown."""
    row, col, inside = locate_on_grid(terrain, xy_m)
    rows, cols = np.rint(row).astype(np.int64), np.rint(col).astype(np.int64)
    usable = inside & np.isfinite(terrain.height_m[rows, cols])
    return GridPosts(np.where(usable, rows, NO_GROUND), np.where(usable, cols, NO_GROUND))


def sort_targets(terrain: Terrain, posts: GridPosts) -> SortedTargets:
    """Return the targets in the order of the grid."""
    n_cols = terrain.height_m.shape[1]
    on_ground = np.flatnonzero(posts.row >= 0)
    key = posts.row[on_ground] * n_cols + posts.col[on_ground]
    order = np.argsort(key, kind="stable")
    rank = np.full(posts.row.size, -1, dtype=np.int64)
    rank[on_ground[order]] = np.arange(on_ground.size)
    return SortedTargets(posts, on_ground[order].astype(np.int32), rank, key[order], n_cols)


def columns_within(reach: int) -> IntArray:
    """Return (reach + 1,) how many columns either side of the axis belong to each row of a quadrant."""
    k = np.arange(reach + 1, dtype=np.int64)
    return np.asarray(np.minimum(k, np.floor(np.sqrt(float(reach) ** 2 - k**2.0)).astype(np.int64)))


def sweep_to_targets(
    terrain: Terrain,
    observers: GridPosts,
    eye_height_m: FloatArray,
    reach: IntArray,
    targets: SortedTargets,
    use: Callable[[SweptGroup], None],
    *,
    mode: Mode,
    drop_per_step2_m: float,
    error: HeightError | None = None,
    progress: Callable[[float], None] | None = None,
) -> None:
    """Sweep from every observer that has ground and hand each group of them, swept, to `use`.

    eye_height_m: (n,) above ground. reach: (n,) steps each observer looks, 0 to leave it out; those that
    share a window are swept as far as the farthest of them. `use` is called from several threads, once for
    every group (and draw of `error`), and must write only what belongs to its observers. progress: called
    with the share done; what it raises stops the work.
    """
    tasks = list(_split_observers(observers, reach))
    draws = range(error.n_draws) if error is not None else (None,)

    def run(members: IntArray) -> None:
        farthest = int(reach[members].max())
        window = cut_window(terrain, observers, members, farthest, targets)
        for draw in draws:
            ground = (
                window if draw is None or error is None else _disturb(window, terrain.cell_m, error, draw)
            )
            _sweep_window(
                ground, observers, members, eye_height_m, farthest, use, RAYS_PER_STEP[mode], drop_per_step2_m
            )

    run_tasks(run, tasks, progress)


def run_tasks(
    run: Callable[[IntArray], None], tasks: list[IntArray], progress: Callable[[float], None] | None
) -> None:
    """Run the tasks on every core; an exception, or one from `progress`, drops those not yet begun."""
    with ThreadPoolExecutor(max(1, min(os.cpu_count() or 1, len(tasks)))) as pool:
        futures: list[Future[None]] = [pool.submit(run, task) for task in tasks]
        try:
            for done, future in enumerate(futures):
                future.result()
                if progress is not None:
                    progress((done + 1) / len(futures))
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def cut_window(
    terrain: Terrain,
    observers: GridPosts,
    members: IntArray,
    reach: int,
    targets: SortedTargets | None = None,
) -> Window:
    """Return the ground within reach of some observers, unknown beyond the grid, with the targets on it."""
    from truceline.geo._sweep_kernels import UNKNOWN_M

    margin = reach + 2
    row0, row1 = (int(f(observers.row[members])) for f in (np.min, np.max))
    col0, col1 = (int(f(observers.col[members])) for f in (np.min, np.max))
    row0, row1, col0, col1 = row0 - margin, row1 + margin + 1, col0 - margin, col1 + margin + 1
    n_rows, n_cols = terrain.height_m.shape
    ground = np.full((row1 - row0, col1 - col0), UNKNOWN_M, dtype=np.float32)
    rows, cols = slice(max(row0, 0), min(row1, n_rows)), slice(max(col0, 0), min(col1, n_cols))
    known = terrain.height_m[rows, cols]
    part = ground[rows.start - row0 : rows.stop - row0, cols.start - col0 : cols.stop - col0]
    np.copyto(part, known, where=np.isfinite(known))
    across = np.ascontiguousarray(ground.T)
    has_unknown = bool(ground.min() <= UNKNOWN_M)
    if targets is None:
        none, no_slots = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int32)
        return Window(
            row0, col0, ground, has_unknown, across, none, no_slots, none, no_slots, no_slots, no_slots, none
        )
    edge = np.arange(row0, row1, dtype=np.int64) * targets.n_cols
    low = np.searchsorted(targets.key, edge + max(col0, 0))
    high = np.maximum(np.searchsorted(targets.key, edge + min(col1, n_cols)), low)
    start = np.concatenate([[0], np.cumsum(high - low)]).astype(np.int64)
    skip = low - start[:-1]
    at = np.repeat(skip, high - low) + np.arange(start[-1])
    target = targets.order[at]
    row = (targets.posts.row[target] - row0).astype(np.int32)
    col = (targets.posts.col[target] - col0).astype(np.int32)
    slot_across = np.argsort(col, kind="stable").astype(np.int32)
    start_across = np.searchsorted(col[slot_across], np.arange(col1 - col0 + 1)).astype(np.int64)
    return Window(
        row0,
        col0,
        ground,
        has_unknown,
        across,
        start,
        col,
        start_across,
        row[slot_across],
        slot_across,
        target,
        skip,
    )


def _split_observers(observers: GridPosts, reach: IntArray) -> Iterator[IntArray]:
    """Yield observers that lie near each other, at most N_OBSERVERS_PER_TASK at a time."""
    used = np.flatnonzero((observers.row >= 0) & (reach > 0))
    if not used.size:
        return
    side = max(TILE_STEPS_MIN, 2 * int(reach[used].max()))
    row, col = observers.row[used], observers.col[used]
    order = np.lexsort((col, row, col // side, row // side))
    tile = (row // side * (int(col.max()) // side + 1) + col // side)[order]
    for part in np.split(used[order], np.flatnonzero(np.diff(tile)) + 1):
        for first in range(0, part.size, N_OBSERVERS_PER_TASK):
            yield part[first : first + N_OBSERVERS_PER_TASK]


def _disturb(window: Window, cell_m: float, error: HeightError, draw: int) -> Window:
    """Return the window with one draw of height errors on its known ground."""
    from truceline.geo._sweep_kernels import UNKNOWN_M

    n_rows, n_cols = window.ground.shape
    wrong = error_window(
        window.row0,
        window.col0,
        n_rows,
        n_cols,
        cell_m,
        error_m=error.error_m,
        correlation_m=error.correlation_m,
        draw=draw,
        seed=error.seed,
    )
    ground = np.where(window.ground > UNKNOWN_M, window.ground + wrong, UNKNOWN_M)
    return Window(
        window.row0,
        window.col0,
        ground,
        window.has_unknown,
        np.ascontiguousarray(ground.T),
        window.start,
        window.other,
        window.start_across,
        window.other_across,
        window.slot_across,
        window.target,
        window.skip,
    )


def _sweep_window(
    window: Window,
    observers: GridPosts,
    members: IntArray,
    eye_height_m: FloatArray,
    reach: int,
    use: Callable[[SweptGroup], None],
    rays_per_step: float,
    drop_per_step2_m: float,
) -> None:
    """Sweep all four quadrants of every member, N_LANES at a time."""
    from truceline.geo import _sweep_kernels as kernels  # late: brings in the compiler

    n_rays = max(1, math.ceil(rays_per_step * reach))
    half_width = columns_within(reach)
    slope = np.empty((2 * reach + 6, kernels.N_LANES), dtype=np.float32)
    horizon = np.empty((2 * n_rays + 2, kernels.N_LANES), dtype=np.float32)
    need = np.empty((kernels.N_LANES, max(1, window.target.size)), dtype=np.float32)
    for lanes, row, col, eye in iterate_lanes(window, observers, members, eye_height_m):
        need.fill(np.nan)
        upright = (window.start, window.other, np.arange(window.target.size, dtype=np.int32))
        across = (window.start_across, window.other_across, window.slot_across)
        for ground, r, c, listed in (
            (window.ground, row, col, upright),
            (window.ground_across, col, row, across),
        ):
            for sign in (-1, 1):
                kernels.sweep_targets(
                    ground, r, c, eye, sign, reach, half_width, n_rays, drop_per_step2_m, *listed,
                    slope, horizon, need,
                )  # fmt: skip
        use(SweptGroup(lanes, need, window, row[: lanes.size], col[: lanes.size], reach))


def iterate_lanes(
    window: Window, observers: GridPosts, members: IntArray, eye_height_m: FloatArray
) -> Iterator[tuple[IntArray, IntArray, IntArray, NDArray[np.float32]]]:
    """Yield (observers, row, column, eye elevation): full lanes, the last observer repeated to fill them."""
    from truceline.geo._sweep_kernels import N_LANES

    for first in range(0, members.size, N_LANES):
        lanes = members[first : first + N_LANES]
        full = np.concatenate([lanes, np.repeat(lanes[-1:], N_LANES - lanes.size)])
        row, col = observers.row[full] - window.row0, observers.col[full] - window.col0
        eye = (window.ground[row, col] + eye_height_m[full]).astype(np.float32)
        yield lanes, row, col, eye
