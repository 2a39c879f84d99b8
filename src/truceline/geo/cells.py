"""Demand cells: squares of ground to be watched, with their length of line and share of incidents.

A square grid in the line's metric projection over the separation zone. Arrays are parallel and read-only,
one entry for each cell, ordered by sector, then chainage, then offset. Distances in metres; weights sum to
one. What happens in a cell and who can see it is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from truceline.errors import GeometryError, ProblemList
from truceline.geo.lattice import cells_near_line, centres_of, length_by_cell
from truceline.geo.line import LineOfContact
from truceline.geo.polyline import freeze
from truceline.geo.sectors import Section, Sector, is_water_at, sector_at
from truceline.geo.zone import Zones

FloatArray = NDArray[np.float64]

N_CELLS_MAX = 2_000_000


@dataclass(frozen=True, eq=False)
class DemandCells:
    """Cells of the separation zone; all arrays have one entry for each cell."""

    cell_m: float
    """Side of a cell."""
    x_m: FloatArray
    """Centre, metric."""
    y_m: FloatArray
    chainage_m: FloatArray
    """Chainage of the nearest place on the line."""
    offset_m: FloatArray
    """Distance of the centre from the line, positive on side a."""
    sector: NDArray[np.int32]
    """Index of the sector, by chainage."""
    is_water_section: NDArray[np.bool_]
    """True when the line abreast of the cell runs over water."""
    line_length_m: FloatArray
    """Length of line that runs through the cell; sums to the length of the line."""
    weight: FloatArray
    """Expected share of incidents; sums to one."""

    def __len__(self) -> int:
        """Return the number of cells."""
        return len(self.x_m)

    @property
    def xy_m(self) -> FloatArray:
        """Centres (n, 2)."""
        return np.column_stack([self.x_m, self.y_m])

    def ids(self) -> list[str]:
        """Return a name for each cell: sector number and number within the sector, `S03-01042`."""
        first_of_sector = np.searchsorted(self.sector, self.sector, side="left")
        number = np.arange(len(self)) - first_of_sector + 1
        return [
            f"S{sector + 1:02d}-{n:05d}"
            for sector, n in zip(self.sector.tolist(), number.tolist(), strict=True)
        ]

    def squares(self) -> NDArray[np.object_]:
        """Return the outline of each cell as a metric polygon (n,)."""
        half_m = self.cell_m / 2.0
        outlines: NDArray[np.object_] = shapely.box(
            self.x_m - half_m, self.y_m - half_m, self.x_m + half_m, self.y_m + half_m
        )
        return outlines


def cells_from_line(
    line: LineOfContact,
    zones: Zones,
    *,
    cell_m: float = 1_000.0,
    sectors: Sequence[Sector],
    sections: Sequence[Section] = (),
    weight_decay_m: float,
    sector_multipliers: Sequence[float] | None = None,
) -> DemandCells:
    """Cover the separation zone with square cells.

    A cell belongs to the zone when its centre is within the half-width of the line and abreast of it, or
    when the line runs through it. weight = multiplier[sector] * exp(-|offset| / weight_decay_m), scaled to
    sum to one: incidents gather at the line.

    Parameters
    ----------
    cell_m
        Side of a cell.
    sectors, sections
        From `sectors.py`; without sections all is land.
    weight_decay_m
        Distance from the line over which the expected number of incidents falls by 63 %.
    sector_multipliers
        Relative incident rate of each sector; None takes all equal.

    Raises
    ------
    GeometryError
        With all problems: sizes that are not positive, multipliers that do not match, more than two million
        cells.
    """
    multipliers = _check_arguments(cell_m, weight_decay_m, sectors, sector_multipliers)
    line_keys, length_m = length_by_cell(line, cell_m)
    near = cells_near_line(line, zones.half_width_m, cell_m, n_max=N_CELLS_MAX, what="demand cells")
    keys = np.union1d(near, line_keys)
    centres = centres_of(keys, cell_m)
    located = line.locate(centres)
    line_length = np.zeros(len(keys))
    line_length[np.searchsorted(keys, line_keys)] = length_m
    kept = (located.distance_m <= zones.half_width_m) & ~located.beyond_end | (line_length > 0.0)
    sector = sector_at(sectors, located.chainage_m)
    rows = np.flatnonzero(kept)
    rows = rows[np.lexsort((located.offset_m[rows], located.chainage_m[rows], sector[rows]))]
    weight = multipliers[sector[rows]] * np.exp(-located.distance_m[rows] / weight_decay_m)
    return DemandCells(
        cell_m=float(cell_m),
        x_m=freeze(centres[rows, 0]),
        y_m=freeze(centres[rows, 1]),
        chainage_m=freeze(located.chainage_m[rows]),
        offset_m=freeze(located.offset_m[rows]),
        sector=freeze(sector[rows]),
        is_water_section=freeze(is_water_at(sections, located.chainage_m[rows])),
        line_length_m=freeze(line_length[rows]),
        weight=freeze(weight / weight.sum()),
    )


def _check_arguments(
    cell_m: float, weight_decay_m: float, sectors: Sequence[Sector], multipliers: Sequence[float] | None
) -> FloatArray:
    problems = ProblemList()
    for parameter, value_m in (("cell", cell_m), ("weight_decay", weight_decay_m)):
        if not (np.isfinite(value_m) and value_m > 0.0):
            problems.add(f"cells.{parameter}", f"{value_m!r} is not a length", "give metres, more than zero")
    if not sectors:
        problems.add("cells.sectors", "there are none", "cut the line into at least one sector")
    rates = np.ones(len(sectors)) if multipliers is None else np.asarray(multipliers, dtype=float)
    if rates.shape != (len(sectors),):
        problems.add(
            "cells.sector_multipliers", f"{rates.size} for {len(sectors)} sectors", "give one for each"
        )
    elif len(sectors) and not (np.isfinite(rates).all() and (rates >= 0.0).all() and rates.max() > 0.0):
        problems.add(
            "cells.sector_multipliers",
            f"{rates.tolist()} are not rates",
            "give numbers of zero or more, not all zero",
        )
    problems.raise_if_any(GeometryError, "demand cells cannot be laid out")
    return rates
