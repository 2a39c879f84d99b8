"""Heights for a plan: which elevation files are meant, the ground cut out of them along the line, its gaps.

Metres in the line's projection. The scenario names files, or somebody names a ground folder or files in their
place. It chooses no sight and places nobody; it only says what the heights can carry.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from truceline.errors import Problem, ProblemList, TerrainError
from truceline.geo.cells import DemandCells
from truceline.geo.lattice import cells_near_line, split_keys
from truceline.geo.line import LineOfContact
from truceline.geo.sweep import HeightError
from truceline.geo.terrain import (
    HeightFile,
    Reach,
    Surface,
    Terrain,
    check_terrain_covers,
    locate_on_grid,
    name_files,
    sample_heights,
    terrain_from_mosaic,
)
from truceline.provenance import DIGEST_CHARACTERS, hash_file, hash_text, name_shortly
from truceline.scenario.assumption import Assumption
from truceline.scenario.model import Scenario
from truceline.units import format_share, format_value

CROSSING_MARGIN_M = 15_000.0
"""How far past a sector's ends a crossing may swing, and watchers count: twice the longest ground range."""
DRAWS_SEED = 0
"""Seed of the draws of height errors: one for all plans, so that postures and variants stand on the same."""
LATTICE_M = 500.0
"""Distance between the points at which the ground within reach is looked at for heights, on a short line."""
LATTICE_POINTS_MAX = 100_000
STATION_M = 1000.0
"""Distance between the places along the line where the elevation model must have a height."""


@dataclass(frozen=True)
class HeightSources:
    """The elevation files of a plan, before anything is read from them."""

    files: tuple[HeightFile, ...]
    surface: Surface
    name: str
    """What they are, for people."""
    n_stored: int = 0
    """How many of the files, the first ones, come from ground folders."""
    error_m: float | None = None
    """Standard deviation of the heights stated with the files; None where nobody stated one."""
    footprints_deg: tuple[tuple[float, float, float, float], ...] = ()
    """West, south, east, north of each stored file whose place is known."""
    cuts: Path | None = None
    """Where cuts are kept; None where the files lie in no ground folder."""
    tables: Path | None = None
    """Where detection tables are kept; None as for `cuts`."""
    warnings: tuple[Problem, ...] = ()

    @property
    def hashes(self) -> dict[str, str]:
        """Hash of every file by name, for the record of inputs; one for all of a ground folder."""
        stored, loose = self.files[: self.n_stored], self.files[self.n_stored :]
        named = name_shortly([file.path for file in loose])
        hashes = {name: file.content[:DIGEST_CHARACTERS] for name, file in zip(named, loose, strict=True)}
        if stored:
            contents = " ".join(file.content for file in stored)
            hashes[f"ground of {len(stored):,} file(s)"] = hash_text(contents)
        return hashes


@dataclass(frozen=True, eq=False)
class CutHeights:
    """The ground along the line."""

    terrain: Terrain
    was_kept: bool
    """True when it had been cut before and no file was opened."""
    covered_share: float
    """Share of the ground within reach of the line that has heights."""
    about_files: tuple[Problem, ...]
    """What was odd about the files or keeping the cut."""
    about_voids: tuple[Problem, ...]
    """What is missing."""

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Everything a plan should say: the files, and how much ground has no heights."""
        return (*self.about_files, *self.about_voids)


def find_sources(scenario: Scenario, places: Sequence[Path] = ()) -> HeightSources | None:
    """Return the files to take heights from; None where neither the scenario nor anybody names any.

    `places` (ground folders, raster files) stand in for the scenario's own `terrain.files`. Raises
    TerrainError when a folder is no ground, or its files are gone or changed.
    """
    from truceline.geo.ground_store import INDEX_NAME, check_files, read_store  # late: a plan may need none

    given = scenario.terrain
    paths = list(places) or list(given.files)
    if not paths:
        return None
    folders = [path for path in paths if path.is_dir() or path.name == INDEX_NAME]
    rasters = [path for path in paths if path not in folders]
    stores = [read_store(path.parent if path.name == INDEX_NAME else path) for path in folders]
    problems = ProblemList()
    for store in stores:
        problems.extend(check_files(store))
    for path in rasters:
        if not path.is_file():
            problems.add(str(path), "there is no such file or ground folder", "check the path")
    problems.raise_if_any(TerrainError, "The ground cannot be used")
    loose = tuple(HeightFile(path, hash_file(path), given.crs) for path in dict.fromkeys(rasters))
    stored = tuple(file for store in stores for file in store.height_files())
    kinds = {store.surface for store in stores} | ({given.surface} if loose else set())
    stated = [store.error_m for store in stores if store.error_m is not None]
    sources = dict.fromkeys(file.source for store in stores for file in store.files if file.source)
    return HeightSources(
        files=(*stored, *loose),
        surface="surface" if kinds == {"surface"} else "bare_earth",
        name="; ".join(sources) or name_files([file.path for file in (*stored, *loose)]),
        n_stored=len(stored),
        error_m=max(stated, default=None),
        footprints_deg=tuple(
            file.bounds_deg for store in stores for file in store.files if file.bounds_deg is not None
        ),
        cuts=stores[0].corridors if stores and not loose else None,
        tables=stores[0].tables if stores and not loose else None,
        warnings=tuple(problem for store in stores for problem in store.describe_mixtures()),
    )


def cut_heights(
    scenario: Scenario, line: LineOfContact, cells: DemandCells, sources: HeightSources
) -> CutHeights:
    """Return the ground along the line, cut or found cut; whether it covers the line is not judged.

    Raises TerrainError when the files cannot be read or hold no height there.
    """
    from truceline.geo.corridor import CorridorCut, cut_corridor  # late: brings in GDAL

    given = scenario.terrain
    low, high = cells.xy_m.min(axis=0) - CROSSING_MARGIN_M, cells.xy_m.max(axis=0) + CROSSING_MARGIN_M
    crs = line.projection.crs.to_wkt()
    cut = CorridorCut(
        files=sources.files,
        crs=crs,
        bounds_m=(float(low[0]), float(low[1]), float(high[0]), float(high[1])),
        reach=Reach(line.metric, reach_of(scenario)),
        cell_m=given.cell.value if given.cell else None,
    )
    result = cut_corridor(cut, sources.cuts)
    terrain = terrain_from_mosaic(
        result.mosaic,
        crs=crs,
        surface=sources.surface,
        source=sources.name,
        fill_unknown_m=given.fill_unknown.value if given.fill_unknown else None,
    )
    covered = measure_cover(terrain, line, cut.reach.distance_m)
    if given.fill_unknown:
        about_voids = tuple(one for one in terrain.warnings if one not in result.mosaic.warnings)
    else:
        about_voids = _tell_voids(covered, cut.reach.distance_m)
    about_files = (*sources.warnings, *result.warnings, *result.mosaic.warnings)
    return CutHeights(terrain, result.was_kept, covered, about_files, about_voids)


def _tell_voids(covered_share: float, reach_m: float) -> tuple[Problem, ...]:
    """Return the warning that some of the ground that matters has no heights, if it is so.

    Measured within reach of the line, where the terrain's own figure counts whole tiles.
    """
    if covered_share == 1:
        return ()
    missing = format_share(max(1 - covered_share, 0.001), 1)
    found = (
        f"{missing} of the ground within {format_value(reach_m, 'm')} of the line has no heights: "
        "it hides nothing and is never seen"
    )
    hint = "give more tiles, or `fill_unknown: 0 m` if it is sea"
    return (Problem("terrain", found, hint, warning=True),)


def measure_cover(terrain: Terrain, line: LineOfContact, reach_m: float) -> float:
    """Return the share of the ground within reach of the line that has heights, by points on a lattice.

    Ground beyond the ends of the line that no plan looks at is left out.
    """
    expected = line.length_m * 2 * reach_m / LATTICE_M**2
    spacing_m = LATTICE_M * max(1.0, math.sqrt(expected / LATTICE_POINTS_MAX))
    keys = cells_near_line(line, reach_m, spacing_m, n_max=2 * LATTICE_POINTS_MAX, what="the corridor")
    column, row = split_keys(keys)
    xy = np.column_stack([(column + 0.5) * spacing_m, (row + 0.5) * spacing_m])
    asked = locate_on_grid(terrain, xy)[2] & (line.locate(xy).distance_m <= reach_m)
    return float(np.isfinite(sample_heights(terrain, xy[asked])).mean())


@dataclass(frozen=True)
class HeightDoubt:
    """How wrong the heights may be, for sight as a chance over several grounds that the error allows."""

    error: Assumption
    """Standard deviation of the heights (m)."""
    correlation: Assumption
    """Distance over which errors are alike (m)."""
    n_draws: int
    """Grounds to look at; 0 takes the heights as they are."""

    @property
    def drawn(self) -> HeightError | None:
        """The draws sight is to take; None where heights are taken as they are."""
        if not self.n_draws or not self.error.value:
            return None
        return HeightError(self.error.value, self.correlation.value, self.n_draws, DRAWS_SEED)


def doubt_of(scenario: Scenario, sources: HeightSources) -> HeightDoubt:
    """Return what is assumed about the error of the heights.

    The scenario's own word counts first, then what was stated when the files were added, then the catalogue's
    figure for the kind of model.
    """
    given, known = scenario.terrain, scenario.assumptions
    error = given.error
    if error is None and sources.error_m is not None:
        note = "stated when the elevation files were added"
        error = Assumption(value=sources.error_m, unit="m", label="Error of the heights", note=note)
    return HeightDoubt(
        error=error or known[f"terrain.error.{given.model}"],
        correlation=given.error_correlation or known["terrain.error_correlation"],
        n_draws=int(given.draws.value),
    )


def check_line_is_covered(terrain: Terrain, line: LineOfContact) -> None:
    """Raise TerrainError with the stretches of line at which there is no height, if there are any."""
    stations = line.stations(STATION_M)
    check_terrain_covers(terrain, stations.xy_m, label_stations(stations.chainage_m), unit="km")


def label_stations(chainage_m: NDArray[np.float64]) -> list[str]:
    """Return a name for each place along the line."""
    return [f"km {chainage / 1000:.0f}" for chainage in chainage_m]


def reach_of(scenario: Scenario) -> float:
    """Return how far from the line heights matter (m): the zone or the farthest post, and the margin."""
    farthest_m = [
        distance.value
        for posture in scenario.postures.values()
        if posture.given is None
        for distance in posture.rules.distances
    ]
    return max([scenario.zone.half_width.value, *farthest_m]) + CROSSING_MARGIN_M
