"""Travel time by road from bases to cells, by the circuity model, and the table of cells reached in time.

time = notice + circuity * straight distance / road speed; metres, seconds, metres per second. Circuity (road
distance over straight distance) and speed are the caller's assumptions with their own sources: no road
network is read, so a blown bridge or a missing road is not seen. The one barrier known is water along the
line: cells beside a water section cannot be reached from the other side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from truceline.errors import GeometryError, ProblemList
from truceline.geo.polyline import freeze

FloatArray = NDArray[np.float64]

_REACH_SLACK = 1e-9  # a cell exactly at the limit counts as reached, whatever the rounding


@dataclass(frozen=True, eq=False)
class ReachTable:
    """Cells each base reaches in time, in compressed rows.

    The cells of base k are indices[indptr[k]:indptr[k + 1]].
    """

    indptr: NDArray[np.int64]
    """(n_bases + 1,)."""
    indices: NDArray[np.int32]
    """Cell of each entry, increasing within a base."""
    time_s: NDArray[np.float32]
    """Travel time of each entry, notice included."""
    n_cells: int

    @property
    def n_bases(self) -> int:
        """Number of bases."""
        return len(self.indptr) - 1

    def cells_of(self, base: int) -> NDArray[np.int32]:
        """Return the cells one base reaches."""
        return self.indices[self.indptr[base] : self.indptr[base + 1]]

    def unreached(self) -> NDArray[np.int64]:
        """Return the cells no base reaches."""
        reached = np.zeros(self.n_cells, dtype=bool)
        reached[self.indices] = True
        return np.flatnonzero(~reached)


def travel_time_s(
    base_xy_m: ArrayLike, cell_xy_m: ArrayLike, speed_m_per_s: float, circuity: float, notice_s: float = 0.0
) -> FloatArray:
    """Return seconds (n_bases, n_cells) from each base (n, 2) to each cell (m, 2); water is no bar here.

    Raises
    ------
    GeometryError
        If speed is not positive, circuity is below one or notice is negative.
    """
    _check_arguments(speed_m_per_s, circuity, notice_s, 0.0)
    base, cell = _points(base_xy_m), _points(cell_xy_m)
    straight_m = np.hypot(base[:, None, 0] - cell[None, :, 0], base[:, None, 1] - cell[None, :, 1])
    seconds: FloatArray = notice_s + circuity * straight_m / speed_m_per_s
    return seconds


def reach_table(
    base_xy_m: ArrayLike,
    cell_xy_m: ArrayLike,
    *,
    time_limit_s: float,
    speed_m_per_s: float,
    circuity: float,
    notice_s: float = 0.0,
    base_side: ArrayLike | None = None,
    cell_side: ArrayLike | None = None,
    cell_is_water: ArrayLike | None = None,
) -> ReachTable:
    """Return which cells each base reaches within the time limit.

    Parameters
    ----------
    base_xy_m, cell_xy_m
        Metric points (n, 2) and (m, 2).
    time_limit_s, notice_s
        Time from the call to the arrival, and the part of it before the wheels turn.
    base_side, cell_side
        +1 on side a, -1 on side b, 0 on neither (never blocked); the sign of an offset will do.
    cell_is_water
        True for cells beside a water section: those are blocked from the other side.

    Raises
    ------
    GeometryError
        With all problems: sizes out of range, sides and water not given together or of the wrong length.
    """
    _check_arguments(speed_m_per_s, circuity, notice_s, time_limit_s)
    base, cell = _points(base_xy_m), _points(cell_xy_m)
    sides = _check_sides(base_side, cell_side, cell_is_water, len(base), len(cell))
    radius_m = max(time_limit_s - notice_s, -1.0) * speed_m_per_s / circuity
    found: list[NDArray[np.int64]] = []
    if radius_m >= 0.0 and len(cell):
        near = cKDTree(cell).query_ball_point(base, radius_m * (1.0 + _REACH_SLACK), return_sorted=True)
        found = [np.asarray(row, dtype=np.int64) for row in near]
    else:
        found = [np.empty(0, dtype=np.int64) for _ in range(len(base))]
    if sides is not None:
        of_base, of_cell, wet = sides
        found = [row[~(wet[row] & (of_cell[row] * of_base[k] < 0))] for k, row in enumerate(found)]
    counts = np.array([len(row) for row in found], dtype=np.int64)
    indices = np.concatenate([*found, np.empty(0, dtype=np.int64)])
    gap = base[np.repeat(np.arange(len(base)), counts)] - cell[indices]
    seconds = notice_s + circuity * np.hypot(gap[:, 0], gap[:, 1]) / speed_m_per_s
    return ReachTable(
        indptr=freeze(np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)),
        indices=freeze(indices.astype(np.int32)),
        time_s=freeze(seconds.astype(np.float32)),
        n_cells=len(cell),
    )


def _points(xy_m: ArrayLike) -> FloatArray:
    return np.asarray(xy_m, dtype=float).reshape(-1, 2)


def _check_arguments(speed_m_per_s: float, circuity: float, notice_s: float, time_limit_s: float) -> None:
    problems = ProblemList()
    if not (np.isfinite(speed_m_per_s) and speed_m_per_s > 0.0):
        problems.add("access.road_speed", f"{speed_m_per_s!r} m/s is not a speed", "give more than zero")
    if not (np.isfinite(circuity) and circuity >= 1.0):
        problems.add("access.circuity", f"{circuity!r}: no road is shorter than straight", "give 1 or more")
    for parameter, value_s in (("notice", notice_s), ("time_limit", time_limit_s)):
        if not (np.isfinite(value_s) and value_s >= 0.0):
            problems.add(f"access.{parameter}", f"{value_s!r} s is not a duration", "give zero or more")
    problems.raise_if_any(GeometryError, "travel times cannot be taken")


def _check_sides(
    base_side: ArrayLike | None,
    cell_side: ArrayLike | None,
    cell_is_water: ArrayLike | None,
    n_bases: int,
    n_cells: int,
) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]] | None:
    if base_side is None and cell_side is None and cell_is_water is None:
        return None
    problems = ProblemList()
    for name, given, wanted in (
        ("base_side", base_side, n_bases),
        ("cell_side", cell_side, n_cells),
        ("cell_is_water", cell_is_water, n_cells),
    ):
        if given is None:
            problems.add(
                f"access.{name}", "is missing", "give base_side, cell_side and cell_is_water together"
            )
        elif np.shape(given) != (wanted,):
            problems.add(f"access.{name}", f"has shape {np.shape(given)}", f"give {wanted} values")
    problems.raise_if_any(GeometryError, "travel times cannot be taken")
    return (
        np.sign(np.asarray(base_side, dtype=float)),
        np.sign(np.asarray(cell_side, dtype=float)),
        np.asarray(cell_is_water, dtype=bool),
    )
