"""Find the least-exposed way across a belt: where the watch is weakest.

Rasters of slowness = sensing rate / crossing speed (exposure per metre), inf where nobody can pass; cell size
in metres; exposures are pure numbers, P = 1 - exp(-exposure). Distances run between cell centres, so a belt
of depth D has its entry and exit rows D apart. Fields come from the eikonal equation (`eikonal`), not from a
grid graph: eight neighbours are up to 8.2 % wrong on the unsafe side. It says nothing of who knows what:
three intruders, three functions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from truceline.errors import GeometryError, ProblemList
from truceline.siting import _crossing_kernels
from truceline.siting.eikonal import check_raster, check_shape, lay_ground, solve_eikonal, sweep_from_source
from truceline.siting.paths import trace_path
from truceline.siting.problems import BoolArray, FloatArray

ROUTING_FLOOR_SHARE = 1e-7
"""Exposure of ground without any watch, as a share of E* over the raster: gives the path a direction."""


@dataclass(frozen=True, eq=False)
class Crossing:
    """The least-exposed crossing of a belt. Look at `passable` and `open` before printing `p_least`."""

    exposure: float
    """E*: least integral of slowness from entry to exit; inf when not passable."""
    p_least: float
    """1 - exp(-E*); nan when not passable: nobody crosses, so there is nothing to detect."""
    path: FloatArray
    """(k, 2) row and column, exit first; empty when not passable."""
    exit_index: tuple[int, int]
    """Row and column of the exit cell, (-1, -1) when not passable."""
    passable: bool
    """False when no path leads from entry to exit."""
    open: bool
    """True when some path meets no watch at all (E* = 0): a gap, not a low probability."""
    open_width_m: float
    """Length of exit reached without any exposure: number of such cells times the cell size."""


@dataclass(frozen=True, eq=False)
class ExposureProfile:
    """The weakest crossing by stretch of line."""

    start_m: FloatArray
    """(n_bins,) chainage where each bin starts."""
    exposure: FloatArray
    """(n_bins,) least E* of the exit cells in the bin; inf: not passable, nan: no exit cell there."""

    @property
    def p_least(self) -> FloatArray:
        """(n_bins,) 1 - exp(-exposure); nan where nobody can pass or no exit cell lies."""
        p_least: FloatArray = -np.expm1(-self.exposure)
        p_least[np.isinf(self.exposure)] = np.nan
        return p_least


@dataclass(frozen=True)
class AverageCrossing:
    """What meets an intruder who knows nothing and goes straight."""

    p_average: float
    """Mean of 1 - exp(-E) over straight crossings that can be passed; nan when there are none."""
    exposure_average: float
    """Mean E of the same crossings."""
    n_passable: int
    """Straight crossings that can be passed."""
    n_blocked: int
    """Straight crossings that meet ground that cannot be passed."""


def least_exposed_crossing(
    slowness: FloatArray,
    cell_m: float,
    entry: BoolArray,
    exit_cells: BoolArray,
    inside: BoolArray,
    *,
    exposure: FloatArray | None = None,
) -> Crossing:
    """Return the least-exposed crossing from `entry` to `exit_cells`: the intruder who knows every post.

    Rasters as in `solve_eikonal`; exposure: its result, when the caller has it already. Raises GeometryError.
    """
    problems = ProblemList()
    check_raster(problems, slowness, cell_m, {"entry": entry, "exit": exit_cells, "inside": inside})
    if not problems.has_errors() and not (exit_cells & inside).any():
        problems.add("exit", "no exit cell lies inside", "mark the far edge of the belt")
    problems.raise_if_any(GeometryError, "crossing")
    field = solve_eikonal(slowness, cell_m, entry, inside) if exposure is None else exposure
    at_exit = np.where(exit_cells & inside, field, np.inf)
    exit_index = _first_least(at_exit)
    least = float(at_exit[exit_index])
    if math.isinf(least):
        return Crossing(least, math.nan, np.zeros((0, 2)), (-1, -1), False, False, 0.0)
    free = inside & np.isfinite(slowness)
    source = entry & free
    routing = _routing_field(slowness, cell_m, source, free, field, least)
    if least == 0.0:  # of all open ways show the shortest
        exit_index = _first_least(np.where(at_exit == 0.0, routing, np.inf))
    return Crossing(
        exposure=least,
        p_least=-math.expm1(-least),
        path=trace_path(routing, source, exit_index),
        exit_index=exit_index,
        passable=True,
        open=least == 0.0,
        open_width_m=float(np.count_nonzero(at_exit == 0.0)) * cell_m,
    )


def exposure_profile(
    exposure: FloatArray, exit_cells: BoolArray, chainage_m: FloatArray, bin_m: float
) -> ExposureProfile:
    """Return the least exposure of the exit cells in each bin of chainage: the weakness of the line as a map.

    exposure: result of `solve_eikonal`. chainage_m: (rows, cols) chainage of each cell, nan where it has
    none. Bins start at the multiple of bin_m at or below the least chainage. Raises GeometryError.
    """
    problems = ProblemList()
    check_raster(problems, exposure, bin_m, {"exit": exit_cells}, size_name="bin_m")
    check_shape(problems, "chainage_m", chainage_m, exposure.shape)
    problems.raise_if_any(GeometryError, "exposure profile")
    used = exit_cells & np.isfinite(chainage_m)
    if not used.any():
        problems.add("exit", "no exit cell has a chainage", "give chainage for the far edge of the belt")
        problems.raise_if_any(GeometryError, "exposure profile")
    number = np.floor(chainage_m[used] / bin_m).astype(np.int64)
    first = int(number.min())
    n_bins = int(number.max()) - first + 1
    least = np.full(n_bins, np.inf)
    np.minimum.at(least, number - first, exposure[used])
    least[np.bincount(number - first, minlength=n_bins) == 0] = np.nan
    start_m = np.asarray((first + np.arange(n_bins)) * bin_m, dtype=np.float64)
    return ExposureProfile(start_m, least)


def best_straight_crossing(
    slowness: FloatArray, cell_m: float, entry: BoolArray, exit_cells: BoolArray, inside: BoolArray
) -> Crossing:
    """Return the least-exposed of the straight crossings: from each exit cell to the nearest entry cell.

    An upper bound on `least_exposed_crossing`. Rasters as in `solve_eikonal`. Raises GeometryError.
    """
    start, end, exposure = _straight_exposures(slowness, cell_m, entry, exit_cells, inside)
    best = int(np.argmin(exposure))
    least = float(exposure[best])
    if math.isinf(least):
        return Crossing(least, math.nan, np.zeros((0, 2)), (-1, -1), False, False, 0.0)
    width_m = float(np.count_nonzero(exposure == 0.0)) * cell_m
    path = np.stack([start[best], end[best]])
    exit_index = (int(start[best, 0]), int(start[best, 1]))
    return Crossing(least, -math.expm1(-least), path, exit_index, True, least == 0.0, width_m)


def average_straight_crossing(
    slowness: FloatArray, cell_m: float, entry: BoolArray, exit_cells: BoolArray, inside: BoolArray
) -> AverageCrossing:
    """Return the mean over straight crossings: the intruder who knows nothing and takes the nearest way.

    Each exit cell counts once. Rasters as in `solve_eikonal`. Raises GeometryError.
    """
    _, _, exposure = _straight_exposures(slowness, cell_m, entry, exit_cells, inside)
    passed = exposure[np.isfinite(exposure)]
    if not passed.size:
        return AverageCrossing(math.nan, math.inf, 0, int(exposure.size))
    p_average = float(-np.expm1(-passed).mean())
    return AverageCrossing(
        p_average, float(passed.mean()), int(passed.size), int(exposure.size - passed.size)
    )


def routing_slowness(
    slowness: FloatArray, cell_m: float, free: BoolArray, field: FloatArray, least: float
) -> FloatArray:
    """Return a slowness above 0 whose field falls strictly towards the entry, also over unwatched ground.

    field, least: U and E* of `slowness`. An open crossing (E* = 0) stays on open ground; else ground with
    hardly any watch gets a floor too small to move the crossing.
    """
    if least == 0.0:
        return np.where(free & (field == 0.0), 1.0, np.inf)
    floor = ROUTING_FLOOR_SHARE * least / (sum(slowness.shape) * cell_m)
    return np.where(free, np.maximum(slowness, floor), np.inf)


def _routing_field(
    slowness: FloatArray, cell_m: float, source: BoolArray, free: BoolArray, field: FloatArray, least: float
) -> FloatArray:
    routing = routing_slowness(slowness, cell_m, free, field, least)
    if np.array_equal(routing[free], slowness[free]):
        return field
    ground = lay_ground(routing, cell_m, source, free)
    return ground.cut(sweep_from_source(ground))


def _straight_exposures(
    slowness: FloatArray, cell_m: float, entry: BoolArray, exit_cells: BoolArray, inside: BoolArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return (start, end, exposure) of the straight way from each exit cell to its nearest entry cell."""
    problems = ProblemList()
    check_raster(problems, slowness, cell_m, {"entry": entry, "exit": exit_cells, "inside": inside})
    problems.raise_if_any(GeometryError, "crossing")
    exits = np.argwhere(exit_cells & inside)
    for name, found in (("entry", (entry & inside).any()), ("exit", exits.size > 0)):
        if not found:
            problems.add(name, "no cell lies inside", "mark the edges of the belt")
    problems.raise_if_any(GeometryError, "crossing")
    nearest = ndimage.distance_transform_edt(~(entry & inside), return_distances=False, return_indices=True)
    start = exits.astype(np.float64)
    end = np.ascontiguousarray(nearest[:, exits[:, 0], exits[:, 1]].T, dtype=np.float64)
    allowed = inside & np.isfinite(slowness)
    filled = np.where(allowed, slowness, 0.0)
    return start, end, _crossing_kernels.integrate_segments(filled, float(cell_m), start, end, allowed)


def _first_least(values: FloatArray) -> tuple[int, int]:
    row, column = np.unravel_index(int(np.argmin(values)), values.shape)
    return int(row), int(column)
