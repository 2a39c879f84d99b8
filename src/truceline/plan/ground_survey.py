"""Look at the ground before planning on it: how much of the corridor has heights, where the line has none.

Metres in the line's projection. It uses the very cut a plan would use (and leaves it for the plan), so what
it says is what the plan will meet. It refuses nothing that a plan would not refuse, and plans nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from truceline.errors import Problem
from truceline.geo.sight import choose_sight
from truceline.geo.terrain import Gap, find_gaps, name_gap
from truceline.plan.ground import lay_frame
from truceline.plan.heights import (
    STATION_M,
    HeightDoubt,
    cut_heights,
    doubt_of,
    find_sources,
    label_stations,
    reach_of,
)
from truceline.scenario.model import Scenario


@dataclass(frozen=True)
class GroundSurvey:
    """What heights there are along a line."""

    length_m: float
    reach_m: float
    """How far from the line heights matter."""
    covered_share: float
    """Share of the corridor with heights."""
    gaps: tuple[tuple[str, str], ...]
    """Stretches of line without heights: where, and why."""
    length_without_m: float
    """Their length together, to the spacing of the places looked at."""
    cell_m: float
    """Cell of the grid the plan would use."""
    resolution_m: float
    """What the heights behind it resolve."""
    sight_mode: str
    sight_note: str
    doubt: HeightDoubt
    """How wrong the heights may be."""
    was_kept: bool
    """True when the ground had been cut before."""
    warnings: tuple[Problem, ...]


def survey_ground(scenario: Scenario, places: Sequence[Path] = ()) -> GroundSurvey | None:
    """Cut the ground along the scenario's line and say what it holds; None where no heights are named.

    `places` are ground folders or rasters in place of the scenario's own. Raises GeometryError for a line
    that cannot be laid and TerrainError for files that cannot be used or do not reach it.
    """
    sources = find_sources(scenario, places)
    if sources is None:
        return None
    frame = lay_frame(scenario)
    line, cut = frame.line, cut_heights(scenario, frame.line, frame.cells, sources)
    stations = line.stations(STATION_M)
    gaps = find_gaps(cut.terrain, stations.xy_m)
    labels = label_stations(stations.chainage_m)
    lonlat = np.column_stack(line.projection.xy_to_lonlat(*stations.xy_m.T))
    inside = _lies_in_a_file(lonlat, sources.footprints_deg)
    doubt = doubt_of(scenario, sources)
    sight = choose_sight(
        cut.terrain,
        scenario.terrain.landscape,
        optimism=scenario.assumptions.value("sight.optimism"),
        error=doubt.drawn,
    )
    return GroundSurvey(
        length_m=line.length_m,
        reach_m=reach_of(scenario),
        covered_share=cut.covered_share,
        gaps=tuple((name_gap(gap, labels), _explain(gap, inside)) for gap in gaps),
        length_without_m=line.length_m * sum(gap.n for gap in gaps) / len(labels),
        cell_m=cut.terrain.cell_m,
        resolution_m=cut.terrain.resolution_m,
        sight_mode=sight.mode,
        sight_note=sight.note,
        doubt=doubt,
        was_kept=cut.was_kept,
        warnings=cut.about_files,
    )


def _lies_in_a_file(
    lonlat: NDArray[np.float64], footprints_deg: Sequence[tuple[float, float, float, float]]
) -> NDArray[np.bool_]:
    """Return which places (n, 2) lie inside the bounds of some file; all where no bounds are known."""
    if not footprints_deg:
        return np.ones(len(lonlat), dtype=np.bool_)
    inside = np.zeros(len(lonlat), dtype=np.bool_)
    for west, south, east, north in footprints_deg:
        inside |= (
            (lonlat[:, 0] >= west)
            & (lonlat[:, 0] <= east)
            & (lonlat[:, 1] >= south)
            & (lonlat[:, 1] <= north)
        )
    return inside


def _explain(gap: Gap, inside: NDArray[np.bool_]) -> str:
    """Return why a stretch has no heights: its files are missing, or the files have voids."""
    n_inside = int(inside[gap.first : gap.last + 1].sum())
    if n_inside == 0:
        return "no file reaches there"
    return "voids in the files" if n_inside == gap.n else "no file reaches part of it, voids in the rest"
