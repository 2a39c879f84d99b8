"""Crossing belts: for each sector a raster window of the zone, to seek paths from side a to side b.

Cells of one lattice (`lattice.py`), metres; rasters are indexed [row, column] with row 0 in the south. A
belt is the zone abreast of its sector and a margin at each end; nothing outside `inside` may be walked, so
no path leaks round an end. Only geometry: what a path costs is the solver's business.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from truceline.errors import GeometryError, ProblemList
from truceline.geo.lattice import cells_near_line, centres_of, split_keys
from truceline.geo.line import LineOfContact
from truceline.geo.polyline import BoolArray, FloatArray, IntArray, Located, freeze
from truceline.geo.sectors import Interval, Section, Sector, is_water_at

N_BELT_CELLS_MAX = 20_000_000
N_WINDOW_CELLS_MAX = 50_000_000
_RIM_CELLS = 2.0  # ring of cells kept outside the zone, to tell its long edges from its ends
_WITH_CORNERS = np.ones((3, 3), dtype=bool)
_DEEP_SHARE = 0.9  # where a pocket is too narrow to have an edge, this share of its depth is its far side


@dataclass(frozen=True, eq=False)
class CrossingBelt:
    """A raster window of the zone abreast of one sector."""

    sector: int
    """Index of the sector."""
    cell_m: float
    origin_x_m: float
    """West edge of column 0."""
    origin_y_m: float
    """South edge of row 0."""
    shape: tuple[int, int]
    """(rows, columns)."""
    inside: BoolArray
    """Cells a path may use: within the half-width, abreast of the sector or its margins."""
    entry: BoolArray
    """Inside cells along the edge of side a, margins included."""
    exit: BoolArray
    """Inside cells along the edge of side b, of the sector alone."""
    far_edge: BoolArray
    """The same, margins included."""
    chainage_m: FloatArray
    """Chainage of the nearest place on the line; NaN outside."""
    offset_m: FloatArray
    """Distance from the line, positive on side a; NaN outside."""
    is_water: BoolArray
    """Inside cells over water: in a water section and within the water's half-width of the line."""
    x_m: FloatArray
    """Centre of each column (columns,)."""
    y_m: FloatArray
    """Centre of each row (rows,)."""
    notes: tuple[str, ...] = ()
    """What a reader of results has to know, such as a pocket without a far edge."""

    @property
    def n_inside(self) -> int:
        """Number of cells a path may use."""
        return int(self.inside.sum())

    def inside_xy_m(self) -> FloatArray:
        """Return centres (n_inside, 2) of the inside cells in the order of `numpy.nonzero(inside)`."""
        row, column = np.nonzero(self.inside)
        return np.column_stack([self.x_m[column], self.y_m[row]])


@dataclass(frozen=True)
class _Strip:
    """All lattice cells of the zone and its rim, located once for all sectors."""

    column: IntArray
    row: IntArray
    located: Located
    in_zone: BoolArray
    is_water: BoolArray


def belts_from_sectors(
    line: LineOfContact,
    half_width_m: float,
    sectors: Sequence[Sector],
    sections: Sequence[Section] = (),
    *,
    cell_m: float = 250.0,
    margin_m: float,
    water_half_width_m: float = 0.0,
) -> tuple[CrossingBelt, ...]:
    """Cut the zone into one raster window for each sector.

    Parameters
    ----------
    half_width_m
        Distance from the line to the edge of the zone.
    margin_m
        Length of line added at each end of each stretch of a sector, since a crossing may slant and sensors
        of the next sector see in; twice the longest sensor range is safe. It stops at open ends and goes
        round rings.
    water_half_width_m
        Half the width of water along water sections.

    Raises
    ------
    GeometryError
        With all problems: sizes out of range, cells too coarse for the zone, too many cells.
    """
    _check_arguments(half_width_m, cell_m, margin_m, water_half_width_m)
    reach_m = half_width_m + _RIM_CELLS * cell_m
    keys = cells_near_line(line, reach_m, cell_m, n_max=N_BELT_CELLS_MAX, what="crossing belts")
    located = line.locate(centres_of(keys, cell_m))
    near = located.distance_m <= reach_m
    located = Located(
        located.chainage_m[near],
        located.offset_m[near],
        located.distance_m[near],
        located.part[near],
        located.beyond_end[near],
    )
    column, row = split_keys(keys[near])
    strip = _Strip(
        column,
        row,
        located,
        in_zone=(located.distance_m <= half_width_m) & ~located.beyond_end,
        is_water=is_water_at(sections, located.chainage_m) & (located.distance_m <= water_half_width_m),
    )
    return tuple(_cut_belt(line, strip, sector, half_width_m, cell_m, margin_m) for sector in sectors)


def _cut_belt(
    line: LineOfContact, strip: _Strip, sector: Sector, half_width_m: float, cell_m: float, margin_m: float
) -> CrossingBelt:
    chainage, offset = strip.located.chainage_m, strip.located.offset_m
    selected = strip.in_zone & _abreast(line, strip.located, sector.pieces, margin_m)
    in_sector = selected & _abreast(line, strip.located, sector.pieces, 0.0)
    if not in_sector.any():
        problems = ProblemList()
        problems.add(
            f"sector {sector.name}", f"holds no cell of {cell_m:g} m", "use smaller cells or longer sectors"
        )
        problems.raise_if_any(GeometryError, "crossing belts cannot be laid out")
    # one cell of rim on each side, so that every inside cell has all its neighbours in the window
    west, east = int(strip.column[selected].min()) - 1, int(strip.column[selected].max()) + 1
    south, north = int(strip.row[selected].min()) - 1, int(strip.row[selected].max()) + 1
    shape = (north - south + 1, east - west + 1)
    _check_window(shape, sector, cell_m)
    here = (strip.column >= west) & (strip.column <= east) & (strip.row >= south) & (strip.row <= north)

    def paint(cells: BoolArray) -> BoolArray:
        raster = np.zeros(shape, dtype=bool)
        raster[strip.row[here] - south, strip.column[here] - west] = cells[here]
        return raster

    inside, own = paint(selected), paint(in_sector)
    rasters = []
    for values in (chainage, offset):
        raster = np.full(shape, np.nan)
        raster[strip.row[selected] - south, strip.column[selected] - west] = values[selected]
        rasters.append(raster)
    notes: list[str] = []
    past_a, past_b = paint(offset > half_width_m), paint(offset < -half_width_m)
    ground = ndimage.label(inside, structure=_WITH_CORNERS)[0]
    entry = _edge(inside & (rasters[1] > 0.0), past_a, rasters[1], ground, "side a", notes)
    far_edge = _edge(inside & (rasters[1] < 0.0), past_b, -rasters[1], ground, "side b", [])
    exit_cells = _edge(own & (rasters[1] < 0.0), past_b, -rasters[1], ground, "side b", notes)
    return CrossingBelt(
        sector=sector.index,
        cell_m=float(cell_m),
        origin_x_m=west * float(cell_m),
        origin_y_m=south * float(cell_m),
        shape=shape,
        inside=freeze(inside),
        entry=freeze(entry),
        exit=freeze(exit_cells),
        far_edge=freeze(far_edge),
        chainage_m=freeze(rasters[0]),
        offset_m=freeze(rasters[1]),
        is_water=freeze(inside & paint(strip.is_water)),
        x_m=freeze((west + 0.5 + np.arange(shape[1])) * cell_m),
        y_m=freeze((south + 0.5 + np.arange(shape[0])) * cell_m),
        notes=tuple(notes),
    )


def _check_window(shape: tuple[int, int], sector: Sector, cell_m: float) -> None:
    if shape[0] * shape[1] <= N_WINDOW_CELLS_MAX:
        return
    problems = ProblemList()
    problems.add(
        f"sector {sector.name}",
        f"needs a window of {shape[0] * shape[1]:,} cells of {cell_m:g} m; {N_WINDOW_CELLS_MAX:,} at most",
        "cut the line into more sectors, or use larger cells",
    )
    problems.raise_if_any(GeometryError, "crossing belts cannot be laid out")


def _abreast(line: LineOfContact, located: Located, pieces: Sequence[Interval], margin_m: float) -> BoolArray:
    """Tell which places lie abreast of the stretches, each widened by the margin within its own part."""
    found = np.zeros(len(located.chainage_m), dtype=bool)
    bounds = line.polylines.part_start_m
    for from_m, to_m in pieces:
        for part, is_ring in enumerate(line.polylines.closed):
            start_m, stop_m = max(from_m, float(bounds[part])), min(to_m, float(bounds[part + 1]))
            if stop_m <= start_m:
                continue
            on_part = located.part == part
            if is_ring:
                length_m = float(bounds[part + 1] - bounds[part])
                ahead_m = (located.chainage_m - (start_m - margin_m)) % length_m
                wide_m = stop_m - start_m + 2.0 * margin_m
                found |= on_part & ((ahead_m <= wide_m) | (wide_m >= length_m))
            else:
                # open parts stop at their ends: `in_zone` has cut off what lies beyond
                found |= (
                    on_part
                    & (located.chainage_m >= start_m - margin_m)
                    & (located.chainage_m <= stop_m + margin_m)
                )
    return found


def _edge(
    side: BoolArray, past: BoolArray, depth_m: FloatArray, ground: IntArray, name: str, notes: list[str]
) -> BoolArray:
    """Return cells of a side that touch (by side or corner) ground past the long edge on that side.

    A connected piece of `ground` (labels, 0 outside) where the side is too narrow to have an edge, such as a
    pocket, gets its deepest cells instead and a note.
    """
    edge: BoolArray = side & ndimage.binary_dilation(past, structure=_WITH_CORNERS)
    for piece in np.setdiff1d(np.unique(ground[side]), np.unique(ground[edge])).tolist():
        of_piece = side & (ground == piece)
        deepest_m = float(depth_m[of_piece].max())
        notes.append(
            f"{name} of a pocket is narrower than the zone: its edge is the ground {deepest_m:.0f} m in"
        )
        edge |= of_piece & (np.nan_to_num(depth_m, nan=-np.inf) >= _DEEP_SHARE * deepest_m)
    return edge


def _check_arguments(half_width_m: float, cell_m: float, margin_m: float, water_half_width_m: float) -> None:
    problems = ProblemList()
    for parameter, value_m, smallest in (
        ("half_width", half_width_m, "more than zero"),
        ("cell", cell_m, "more than zero"),
        ("margin", margin_m, "zero or more"),
        ("water_half_width", water_half_width_m, "zero or more"),
    ):
        if not np.isfinite(value_m) or value_m < 0.0 or (value_m == 0.0 and smallest == "more than zero"):
            problems.add(f"belt.{parameter}", f"{value_m!r} is not a length", f"give metres, {smallest}")
    if not problems.has_errors() and cell_m > half_width_m / 2.0:
        problems.add(
            "belt.cell",
            f"{cell_m:g} m is too coarse for a half-width of {half_width_m:g} m",
            f"use {half_width_m / 2.0:g} m or less, so that the edges stay apart",
        )
    problems.raise_if_any(GeometryError, "crossing belts cannot be laid out")
