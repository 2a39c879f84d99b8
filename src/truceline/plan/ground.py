"""From the scenario to the ground: line, zones, sectors, cells, belts and the way sight is computed.

The only place where a scenario's geometry is turned into metres. Nobody stands anywhere yet.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from truceline.errors import GeometryError, Problem
from truceline.geo.belt import CrossingBelt, belts_from_sectors
from truceline.geo.cells import DemandCells, cells_from_line
from truceline.geo.line import LineOfContact
from truceline.geo.line_parts import LineLimits
from truceline.geo.line_sources import line_from_control, line_from_places, read_line
from truceline.geo.sectors import (
    Section,
    Sector,
    sections_by_intervals,
    sections_by_polygon,
    sectors_by_breaks,
    sectors_by_length,
    sectors_by_polygons,
)
from truceline.geo.sight import Sight, choose_sight
from truceline.geo.terrain import Terrain
from truceline.geo.vector_files import read_features, read_places
from truceline.geo.zone import Zones, make_zones
from truceline.plan.heights import (
    CROSSING_MARGIN_M,
    HeightDoubt,
    check_line_is_covered,
    cut_heights,
    doubt_of,
    find_sources,
)
from truceline.provenance import hash_files
from truceline.scenario.load import PACKAGED_PLACES
from truceline.scenario.model import Scenario
from truceline.scenario.reference import read_table

DEFAULT_SECTOR_M = 100_000.0
"""Length of a sector where the scenario names no sectors: about a brigade's stretch."""
_SHOWN_MAX = 8


@dataclass(frozen=True, eq=False)
class Ground:
    """Where everything happens."""

    line: LineOfContact
    zones: Zones
    sectors: tuple[Sector, ...]
    sections: tuple[Section, ...]
    cells: DemandCells
    belts: tuple[CrossingBelt, ...]
    water_half_width_m: float
    """Half the width of the water along water sections."""
    sight: Sight
    terrain: Terrain | None
    doubt: HeightDoubt | None
    """How wrong the heights may be; None without an elevation model."""
    tables: Path | None
    """Where detection tables are kept for the next plan; None where there is no ground folder."""
    warnings: tuple[Problem, ...]
    inputs: dict[str, str]
    """Hash of every file read."""

    @property
    def length_km(self) -> float:
        """Geodesic length of the line."""
        return self.line.length_m / 1000

    @property
    def sector_area_m2(self) -> NDArray[np.float64]:
        """Area of the separation zone in each sector."""
        counts = np.bincount(self.cells.sector, minlength=len(self.sectors))
        area: NDArray[np.float64] = counts * self.cells.cell_m**2.0
        return area


@dataclass(frozen=True, eq=False)
class Frame:
    """The line and what is measured along it: enough to know where heights matter."""

    line: LineOfContact
    zones: Zones
    sectors: tuple[Sector, ...]
    sections: tuple[Section, ...]
    cells: DemandCells


def lay_frame(scenario: Scenario) -> Frame:
    """Read the scenario's geometry and lay out line, zones, sectors and cells.

    Raises GeometryError with all problems of the stage that failed.
    """
    line = _read_line_of_contact(scenario)
    if scenario.line.simplify.value > 0:
        line = line.simplify(scenario.line.simplify.value)
    bands = [(band.name, band.start.value, band.end.value) for band in scenario.zone.limitation]
    sectors, sections = _divide(scenario, line)
    zones = make_zones(line, scenario.zone.half_width.value, bands)
    cells = _lay_cells(scenario, line, zones, sectors, sections)
    return Frame(line, zones, sectors, sections, cells)


def lay_out_ground(scenario: Scenario, heights: Sequence[Path] = ()) -> Ground:
    """Read the scenario's geometry and lay out everything that does not depend on a posture.

    `heights` are ground folders or elevation rasters that stand in for the scenario's own.

    Raises GeometryError or TerrainError with all problems of the stage that failed.
    """
    frame = lay_frame(scenario)
    line = frame.line
    belts = belts_from_sectors(
        line,
        scenario.zone.half_width.value,
        frame.sectors,
        frame.sections,
        cell_m=scenario.grid.crossing_cell.value,
        margin_m=CROSSING_MARGIN_M,
        water_half_width_m=scenario.water.half_width.value,
    )
    sources = find_sources(scenario, heights)
    cut = None if sources is None else cut_heights(scenario, line, frame.cells, sources)
    if cut is not None:
        check_line_is_covered(cut.terrain, line)
    terrain = None if cut is None else cut.terrain
    doubt = None if sources is None else doubt_of(scenario, sources)
    sight = choose_sight(
        terrain,
        scenario.terrain.landscape,
        optimism=scenario.assumptions.value("sight.optimism"),
        error=None if doubt is None else doubt.drawn,
    )
    warnings = () if cut is None else cut.warnings
    if terrain is not None and sight.mode == "statistical":
        warnings = (_warn_of_coarse_heights(terrain),)
    return Ground(
        line=line,
        zones=frame.zones,
        sectors=frame.sectors,
        sections=frame.sections,
        cells=frame.cells,
        belts=belts,
        water_half_width_m=scenario.water.half_width.value,
        sight=sight,
        terrain=terrain,
        doubt=doubt,
        tables=None if sources is None else sources.tables,
        warnings=(*line.warnings, *warnings),
        inputs=hash_files(_files_of(scenario)) | ({} if sources is None else sources.hashes),
    )


def _read_line_of_contact(scenario: Scenario) -> LineOfContact:
    source = scenario.line
    tolerance_m = source.tolerance.value
    if source.places is not None:
        lonlat, side, names, origin = _read_places(source.places)
        return line_from_places(
            lonlat,
            side,
            names=names,
            tolerance_m=tolerance_m or None,
            name=scenario.name,
            source=origin,
            # Between towns far apart the line is straight by construction; its tolerance says so already.
            limits=LineLimits(chord_warning_m=math.inf),
        )
    if source.file is not None:
        return read_line(
            source.file,
            tolerance_m=tolerance_m,
            name=scenario.name,
            layer=source.layer,
            crs=source.crs,
            columns=source.where or None,
            side_a_is=source.side_a_is,
        )
    control = source.control
    if control is None:
        raise GeometryError(
            scenario.name, [Problem("line", "is only a length", "there is no map to plan on")]
        )

    def read(path: Path | None) -> tuple[shapely.Geometry, ...] | None:
        return None if path is None else read_features(path).geometries

    return line_from_control(
        read_features(control.side_b).geometries,
        read(control.border),
        read(control.coast),
        held_by_a=read(control.side_a),
        border_buffer_m=control.border_buffer.value,
        tolerance_m=tolerance_m,
        name=scenario.name,
    )


def _read_places(places: Path | str) -> tuple[NDArray[np.float64], list[str], list[str], str]:
    """Return lonlat (n, 2), sides, names and a source line of the packaged table or a user's CSV file."""
    if str(places) == PACKAGED_PLACES:
        rows = read_table("settlement_control_2025-02-17")
        lonlat = np.array([[float(row["lon"]), float(row["lat"])] for row in rows])
        origin = (
            f"{len(rows)} towns with the side that held them on 17 February 2025"
            " (places GeoNames, CC BY 4.0; sides checked against VIINA 2.0, ODbL 1.0)"
        )
        return lonlat, [row["side"] for row in rows], [row["name"] for row in rows], origin
    found = read_places(Path(places))
    return found.lonlat, list(found.side), list(found.name), Path(places).name


def _divide(scenario: Scenario, line: LineOfContact) -> tuple[tuple[Sector, ...], tuple[Section, ...]]:
    """Return sectors and sections as the scenario asks."""
    asked = scenario.sectors
    if asked.polygons is not None:
        features = read_features(asked.polygons)
        names = features.fields.get(asked.name_field)
        if names is None:
            known = ", ".join(features.fields) or "none"
            problem = Problem(
                asked.polygons.name, f"has no attribute '{asked.name_field}'", f"it has {known}"
            )
            raise GeometryError("sectors", [problem])
        sectors = sectors_by_polygons(line, list(zip(names, features.geometries, strict=True)))
    elif asked.breaks:
        sectors = sectors_by_breaks(line, [record.value for record in asked.breaks])
    else:
        sectors = sectors_by_length(line, asked.length.value if asked.length else DEFAULT_SECTOR_M)
    if scenario.water.file is not None:
        outline = shapely.union_all(list(read_features(scenario.water.file).geometries))
        return sectors, sections_by_polygon(line, outline)
    if scenario.water.polygon:
        return sectors, sections_by_polygon(line, shapely.Polygon(scenario.water.polygon))
    return sectors, sections_by_intervals(line, [])


def _lay_cells(
    scenario: Scenario,
    line: LineOfContact,
    zones: Zones,
    sectors: tuple[Sector, ...],
    sections: tuple[Section, ...],
) -> DemandCells:
    """Return the demand cells; GeometryError when they are wider than the zone or a sector has none.

    A sector without a cell would have no area to patrol and no incident to notice.
    """
    cell_m, zone_m = scenario.grid.cell.value, 2 * scenario.zone.half_width.value
    if cell_m > zone_m:
        found = f"{cell_m:g} m is wider than the whole zone of {zone_m:g} m"
        hint = f"use {zone_m / 2:g} m or less"
        raise GeometryError("demand cells", [Problem("grid.cell", found, hint)])
    cells = cells_from_line(
        line,
        zones,
        cell_m=cell_m,
        sectors=sectors,
        sections=sections,
        weight_decay_m=scenario.watched.decay.value,
    )
    empty = np.flatnonzero(np.bincount(cells.sector, minlength=len(sectors)) == 0)
    if empty.size:
        first = ", ".join(sectors[i].name for i in empty[:_SHOWN_MAX]) + (", ..." * (empty.size > _SHOWN_MAX))
        found = f"{empty.size} of {len(sectors)} sectors hold no cell of {cell_m:g} m: {first}"
        hint = "use longer sectors, or smaller cells in `grid.cell`"
        raise GeometryError("sectors", [Problem("sectors", found, hint)])
    return cells


def _warn_of_coarse_heights(terrain: Terrain) -> Problem:
    """Return the warning that stands in place of the model's own: heights nobody uses need no tiles."""
    found = f"the elevation model resolves {terrain.resolution_m:.0f} m, too coarse: its heights are not used"
    return Problem("terrain", found, "give finer tiles; until then sight is statistical", warning=True)


def _files_of(scenario: Scenario) -> list[Path]:
    """Return every file the scenario names and we read, less the heights."""
    line, control = scenario.line, scenario.line.control
    named = [line.places, line.file, scenario.sectors.polygons, scenario.water.file]
    if control is not None:
        named += [control.side_a, control.side_b, control.border, control.coast]
    return [path for path in named if isinstance(path, Path) and path.is_file()]
