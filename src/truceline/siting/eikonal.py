"""Solve |grad U| = slowness over a raster: the least exposure from an entry to every cell.

Slowness in exposure per metre, inf where nobody can pass; cell size in metres; exposures are pure numbers.
Swept on rows padded with inf, laid along the longer side of the raster. First order in the cell size
(Zhao, Math. Comp. 74, 2005). It knows no exits and no paths: see `crossing`, `paths` and `losses`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from truceline.errors import GeometryError, ProblemList
from truceline.siting import _crossing_kernels
from truceline.siting.problems import BoolArray, FloatArray, IntArray

Number = TypeVar("Number", bound=np.generic)

KEEP_SHARE = 1.0 - 1e-12
"""A new value above this share of the old one counts as no change (rounding, not modelling)."""
N_PASSES_MAX = 40_000
"""Passes over the raster; a maze needs as many as its path has turns."""


@dataclass(frozen=True, eq=False)
class SweepGround:
    """A raster made ready for the sweeps; every array is padded by one cell on each side."""

    step: FloatArray
    """Slowness times cell size: the exposure of crossing one cell straight; inf where nobody can pass."""
    source: BoolArray
    """Cells where U is 0."""
    turned: bool
    """True when rows and columns have changed places, so that rows run along the longer side."""

    def pad(self, raster: NDArray[Number], rim: float) -> NDArray[Number]:
        """Return a raster laid and padded like this ground, with `rim` around it."""
        return _pad(raster, rim, self.turned)

    def cut(self, padded: FloatArray) -> FloatArray:
        """Return a padded raster as the caller knows it."""
        inner = padded[1:-1, 1:-1]
        return np.ascontiguousarray(inner.T if self.turned else inner)


@dataclass(eq=False)
class Awake:
    """Which cells wait for an update, with bounds by row."""

    cells: BoolArray
    first: IntArray
    last: IntArray
    top: int
    bottom: int


def lay_ground(slowness: FloatArray, cell_m: float, entry: BoolArray, inside: BoolArray) -> SweepGround:
    """Return the ground of a solve; cells outside `inside` cannot be passed. No checks."""
    turned = slowness.shape[0] > slowness.shape[1]
    step = np.where(inside, slowness, np.inf) * float(cell_m)
    return SweepGround(
        step=_pad(step, math.inf, turned),
        source=_pad(entry & np.isfinite(step), False, turned),
        turned=turned,
    )


def sleep(shape: tuple[int, int]) -> Awake:
    """Return a raster of this shape in which no cell waits."""
    n_rows, n_columns = shape
    first, last = np.full(n_rows, n_columns, dtype=np.int64), np.full(n_rows, -1, dtype=np.int64)
    return Awake(np.zeros(shape, dtype=bool), first, last, n_rows, -1)


def sweep_from_source(ground: SweepGround) -> FloatArray:
    """Return U on the padded ground. Raises GeometryError when the sweeps do not settle."""
    field = np.where(ground.source, 0.0, np.inf)
    awake = _wake_neighbours(ground)
    nothing = np.empty(0, dtype=np.int64)
    found = _crossing_kernels.settle(
        ground.step,
        field,
        awake.cells,
        awake.first,
        awake.last,
        awake.top,
        awake.bottom,
        field,
        nothing,
        math.inf,
        KEEP_SHARE,
        N_PASSES_MAX,
    )
    raise_if_unsettled(int(found))
    return field


def solve_eikonal(slowness: FloatArray, cell_m: float, entry: BoolArray, inside: BoolArray) -> FloatArray:
    """Return U (rows, cols): the least exposure from the entry to each cell, inf where it cannot be reached.

    slowness: exposure per metre, >= 0, inf = not passable. entry: cells where the crossing starts (U = 0).
    inside: cells that may be used. Raises GeometryError.
    """
    problems = ProblemList()
    check_raster(problems, slowness, cell_m, {"entry": entry, "inside": inside})
    problems.raise_if_any(GeometryError, "crossing")
    ground = lay_ground(slowness, cell_m, entry, inside)
    if not ground.source.any():
        hint = "mark at least one entry cell that lies inside and can be passed"
        problems.add("entry", "no cell can be entered", hint)
        problems.raise_if_any(GeometryError, "crossing")
    return ground.cut(sweep_from_source(ground))


def raise_if_unsettled(found: int) -> None:
    """Raise GeometryError when a kernel tells by a negative number that its passes ran out."""
    if found >= 0:
        return
    problems = ProblemList()
    problems.add("slowness", f"the sweeps did not settle in {N_PASSES_MAX} passes", "use a coarser raster")
    problems.raise_if_any(GeometryError, "crossing")


def check_raster(
    problems: ProblemList,
    raster: FloatArray,
    size_m: float,
    masks: dict[str, BoolArray],
    *,
    size_name: str = "cell_m",
) -> None:
    """Gather what is wrong with a raster of slowness or exposure, its cell size and its masks."""
    if raster.ndim != 2 or raster.size == 0:
        problems.add("slowness", f"has shape {raster.shape}", "give a raster of rows and columns")
        return
    n_bad = int(np.count_nonzero(np.isnan(raster) | (raster < 0)))
    if n_bad:
        problems.add(
            "slowness", f"{n_bad} cells are negative or not a number", "use inf where nobody can pass"
        )
    if not (math.isfinite(size_m) and size_m > 0):
        problems.add(size_name, f"{size_m:g} is not above 0", "give metres")
    for name, mask in masks.items():
        check_shape(problems, name, mask, raster.shape)
        if mask.dtype != np.bool_:
            problems.add(name, f"has type {mask.dtype}", "give a mask of true and false")


def check_shape(
    problems: ProblemList, name: str, found: FloatArray | BoolArray | IntArray, shape: tuple[int, ...]
) -> None:
    """Gather a problem when an array does not have one value for each cell."""
    if found.shape != shape:
        problems.add(name, f"has shape {found.shape}, the raster has {shape}", "give one value for each cell")


def _pad(raster: NDArray[Number], rim: float, turned: bool) -> NDArray[Number]:
    laid = raster.T if turned else raster
    padded = np.full((laid.shape[0] + 2, laid.shape[1] + 2), rim, dtype=raster.dtype)
    padded[1:-1, 1:-1] = laid
    return padded


def _wake_neighbours(ground: SweepGround) -> Awake:
    """Return what waits at the start: every passable cell beside the source."""
    awake = sleep(ground.step.shape)
    cells, source = awake.cells, ground.source
    cells[1:] |= source[:-1]
    cells[:-1] |= source[1:]
    cells[:, 1:] |= source[:, :-1]
    cells[:, :-1] |= source[:, 1:]
    cells &= ~source & np.isfinite(ground.step)
    rows = np.flatnonzero(cells.any(axis=1))
    if rows.size:
        awake.first[rows] = cells[rows].argmax(axis=1)
        awake.last[rows] = cells.shape[1] - 1 - cells[rows, ::-1].argmax(axis=1)
        awake.top, awake.bottom = int(rows[0]), int(rows[-1])
    return awake
