"""Exact line of sight over a Terrain: who sees what above which height, and how far the horizon is.

Metres everywhere; positions in the terrain's own projection. A line of sight is straight; the earth's
curvature less refraction lowers the ground by (1 - k) d² / (2 R). It knows geometry only: not weather, not
sensors, and not the trees or houses that a bare-earth model leaves out.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truceline.geo.terrain import Terrain, locate_on_grid, sample_heights

EARTH_RADIUS_M = 6_371_000.0
"""Mean radius of the earth (IUGG mean 6,371,008.8 m, rounded as surveyors do)."""

OPTICAL_REFRACTION = 0.13
"""Coefficient k for light by day: surveying convention (Gauss, 0.13); GDAL uses 1/7."""

RADAR_REFRACTION = 0.25
"""Coefficient k for radar: 1 - 1/(4/3), the standard 4/3-earth (Schelleng, Burrows and Ferrell, 1933)."""

RADAR_EARTH_FACTOR = 4.0 / 3.0
"""Ratio of effective to true earth radius for radar in the standard atmosphere."""

OUT_OF_RANGE = np.uint8(255)

PAIRS_PER_THREAD_MIN = 50_000
"""Fewer pairs than this are not worth a thread."""


def curvature_drop_m(
    distance_m: ArrayLike, *, refraction: float = OPTICAL_REFRACTION, earth_radius_m: float = EARTH_RADIUS_M
) -> NDArray[np.float64]:
    """Return how far (m) the ground falls below a level line at a distance: d² (1 - k) / (2 R)."""
    distance = np.asarray(distance_m, dtype=np.float64)
    return np.asarray(distance**2 * (1.0 - refraction) / (2.0 * earth_radius_m))


def optical_horizon_m(
    height_m: ArrayLike, *, refraction: float = OPTICAL_REFRACTION, earth_radius_m: float = EARTH_RADIUS_M
) -> NDArray[np.float64]:
    """Return the distance (m) to the horizon of a smooth earth from a height: sqrt(2 R h / (1 - k)).

    Two heights see each other to the sum of their horizons.
    """
    height = np.maximum(np.asarray(height_m, dtype=np.float64), 0.0)
    return np.asarray(np.sqrt(2.0 * earth_radius_m * height / (1.0 - refraction)))


def radar_horizon_m(
    antenna_height_m: ArrayLike,
    target_height_m: ArrayLike,
    *,
    earth_factor: float = RADAR_EARTH_FACTOR,
    earth_radius_m: float = EARTH_RADIUS_M,
) -> NDArray[np.float64]:
    """Return the radar horizon (m) between two heights: the sum of sqrt(2 k R h + h²), k the earth factor."""
    total = np.float64(0.0)
    for height_m in (antenna_height_m, target_height_m):
        height = np.maximum(np.asarray(height_m, dtype=np.float64), 0.0)
        total = total + np.sqrt(2.0 * earth_factor * earth_radius_m * height + height**2)
    return np.asarray(total)


def minimum_visible_heights(
    terrain: Terrain,
    observer_xy_m: ArrayLike,
    eye_height_m: ArrayLike,
    target_xy_m: ArrayLike,
    observer_index: ArrayLike,
    target_index: ArrayLike,
    *,
    refraction: float = OPTICAL_REFRACTION,
    earth_radius_m: float = EARTH_RADIUS_M,
) -> NDArray[np.float32]:
    """Return for each pair (k,) the least height above ground (m) at which the target shows.

    Pair p joins observer `observer_index[p]` (position (n, 2), eye above its ground (n,)) with target
    `target_index[p]` (position (m, 2)). One pass answers every target height: a target of height h is seen
    when the result is at most h. Positions are used as they are, not moved to cell centres: the ground under
    both ends is bilinear, the ground between is read at every crossing of the line with grid rows and grid
    columns through cell centres, linear between the two posts crossed (R3). 0 inside one cell; NaN when
    either end has no ground. Fastest when pairs of one observer lie together.
    """
    observer_xy = np.asarray(observer_xy_m, dtype=np.float64).reshape(-1, 2)
    target_xy = np.asarray(target_xy_m, dtype=np.float64).reshape(-1, 2)
    observers, targets = check_pairs(observer_index, target_index, len(observer_xy), len(target_xy))
    eye = np.broadcast_to(np.asarray(eye_height_m, dtype=np.float64), (len(observer_xy),))
    return _pair_heights(
        terrain,
        (*locate_on_grid(terrain, observer_xy)[:2], sample_heights(terrain, observer_xy) + eye),
        (*locate_on_grid(terrain, target_xy)[:2], sample_heights(terrain, target_xy)),
        observers,
        targets,
        (1.0 - refraction) / (2.0 * earth_radius_m),
    )


def viewshed(
    terrain: Terrain,
    row: int,
    col: int,
    *,
    eye_height_m: float,
    target_height_m: float,
    max_distance_m: float,
    curvature_coefficient: float = 1.0 - OPTICAL_REFRACTION,
    earth_radius_m: float = EARTH_RADIUS_M,
) -> NDArray[np.uint8]:
    """Return what an observer at the centre of one cell sees: 1 visible, 0 hidden, 255 out of range.

    Every cell centre within `max_distance_m` (inclusive) is a target; exact (R3), so meant for one observer,
    a map or a check. Cells of unknown height are hidden. The curvature coefficient is 1 - k, 0 for a flat
    earth. Raises IndexError for an observer off the grid.
    """
    n_rows, n_cols = terrain.height_m.shape
    if not (0 <= row < n_rows and 0 <= col < n_cols):
        raise IndexError(f"observer at row {row}, column {col} of a grid of {n_rows} x {n_cols}")
    rows, cols = np.arange(n_rows, dtype=np.float64)[:, None], np.arange(n_cols, dtype=np.float64)[None, :]
    distance2_m2 = ((rows - row) ** 2 + (cols - col) ** 2) * terrain.cell_m**2
    target_rows, target_cols = np.nonzero(distance2_m2 <= max_distance_m**2)
    ground_m = terrain.height_m[target_rows, target_cols].astype(np.float64)
    eye_m = np.array([float(terrain.height_m[row, col]) + eye_height_m])
    needed_m = _pair_heights(
        terrain,
        (np.array([float(row)]), np.array([float(col)]), eye_m),
        (target_rows.astype(np.float64), target_cols.astype(np.float64), ground_m),
        np.zeros(target_rows.size, np.int32),
        np.arange(target_rows.size, dtype=np.int32),
        curvature_coefficient / (2.0 * earth_radius_m),
    )
    seen = np.full(terrain.height_m.shape, OUT_OF_RANGE, np.uint8)
    seen[target_rows, target_cols] = needed_m <= target_height_m
    return seen


def check_pairs(
    observer_index: ArrayLike, target_index: ArrayLike, n_observers: int, n_targets: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return both index arrays as int32 (k,), or raise: compiled loops do not look where they step."""
    observers, targets = np.asarray(observer_index), np.asarray(target_index)
    if observers.shape != targets.shape or observers.ndim != 1:
        raise ValueError(f"pairs need two index arrays of one length, got {observers.shape}, {targets.shape}")
    for name, index, n in (("observer", observers, n_observers), ("target", targets, n_targets)):
        if index.size and (int(index.min()) < 0 or int(index.max()) >= n):
            raise IndexError(f"{name}_index runs from {index.min()} to {index.max()}, but there are {n}")
    return observers.astype(np.int32, copy=False), targets.astype(np.int32, copy=False)


def run_over_pairs(
    kernel: Callable[..., NDArray[np.float32]],
    arguments: tuple[Any, ...],
    observers: NDArray[np.int32],
    targets: NDArray[np.int32],
) -> NDArray[np.float32]:
    """Run a kernel whose last two arguments are the pairs, a slice of them in each thread.

    Arrays are handed over read-only and contiguous, whatever the caller holds, so that the kernel has one
    signature. The answer does not depend on the number of threads.
    """
    plain = tuple(_as_plain(one) if isinstance(one, np.ndarray) else one for one in arguments)
    n_threads = max(1, min(os.cpu_count() or 1, observers.size // PAIRS_PER_THREAD_MIN))
    cuts = np.linspace(0, observers.size, n_threads + 1).astype(np.int64)
    slices = [slice(int(a), int(b)) for a, b in pairwise(cuts)]

    def run(part: slice) -> NDArray[np.float32]:
        return kernel(*plain, _as_plain(observers[part]), _as_plain(targets[part]))

    if n_threads == 1:
        return run(slices[0])
    with ThreadPoolExecutor(n_threads) as pool:
        return np.concatenate(list(pool.map(run, slices)))


def _pair_heights(
    terrain: Terrain,
    observer: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    target: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    observers: NDArray[np.int32],
    targets: NDArray[np.int32],
    drop_per_m2: float,
) -> NDArray[np.float32]:
    """Call the compiled loop; `observer` and `target` are rows, columns and elevations (eye, ground)."""
    from truceline.geo import _kernels  # late: brings in the compiler

    arguments = (terrain.height_m, drop_per_m2 * terrain.cell_m**2, *observer, *target)
    return run_over_pairs(_kernels.minimum_visible_heights, arguments, observers, targets)


def _as_plain(array: NDArray[Any]) -> NDArray[Any]:
    plain = np.ascontiguousarray(array).view()
    plain.flags.writeable = False
    return plain
