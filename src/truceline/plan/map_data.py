"""What maps and tables by sector show: detection by cell, means by sector, towns for orientation.

Metres in the projection of the line; shares between 0 and 1. It gathers from results; nothing is sited here.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from truceline.detection.kinds import STATES
from truceline.plan.crossings import WeakCrossing
from truceline.plan.ground import Ground
from truceline.plan.model import PosturePlan
from truceline.plan.watch import Watch, kind_weights, state_weights
from truceline.plan.weak_points import OneMore, WorstLoss
from truceline.scenario.load import PACKAGED_PLACES
from truceline.scenario.model import Incidents, Scenario
from truceline.scenario.reference import read_table

FloatArray = NDArray[np.float64]

PLACES_TABLE = "settlement_control_2025-02-17"
"""Packaged table of towns that a map may name."""
TOWN_SPACING_M = 45_000.0
"""Towns nearer than this to a larger one are not named: it keeps city districts and clutter off the map."""


@dataclass(frozen=True)
class SectorWatch:
    """What stands in one sector and what it sees."""

    index: int
    name: str
    length_m: float
    counts: dict[str, int]
    """Units of each kind of means: post, unarmed_post, mast, patrol, orbit."""
    p_detect: float
    """Expected share of incidents detected."""
    weakest: dict[str, WeakCrossing | None]
    """By state, for someone who knows the posts but not the schedules; None where nobody can pass."""
    worst_loss: WorstLoss | None
    one_more: OneMore | None


@dataclass(frozen=True)
class Town:
    """A town to find one's way by."""

    name: str
    x_m: float
    y_m: float


def detection_by_cell(watch: Watch, incidents: Incidents) -> FloatArray:
    """Return (n_cells,) the share of incidents detected in each cell, over kinds and states by weight."""
    detected: FloatArray = np.einsum(
        "cks,k,s->c", watch.fused.p_detect, kind_weights(incidents), state_weights(incidents)
    )
    return detected


def list_sectors(planned: PosturePlan, ground: Ground) -> tuple[SectorWatch, ...]:
    """Return every sector of a sited posture; empty where the posture is counted, not sited."""
    watch, crossings = planned.watch, planned.crossings
    if watch is None or crossings is None:
        return ()
    counts: list[Counter[str]] = [Counter() for _ in ground.sectors]
    for candidate in watch.chosen.tolist():
        counts[watch.candidates.sector[candidate]][watch.candidates.kind[candidate]] += int(
            watch.copies[candidate]
        )
    return tuple(
        SectorWatch(
            index=i,
            name=sector.name,
            length_m=sector.length_m,
            counts=dict(counts[i]),
            p_detect=float(watch.averages.detect.by_sector[i]),
            weakest={state: crossings.weakest("knows the posts", sector=i, state=state) for state in STATES},
            worst_loss=crossings.worst_loss.get(i),
            one_more=crossings.one_more.get(i),
        )
        for i, sector in enumerate(ground.sectors)
    )


def list_towns(scenario: Scenario, ground: Ground, n_max: int = 14) -> tuple[Town, ...]:
    """Return the largest towns of the packaged table, spaced apart; none for a line from other sources."""
    if scenario.line.places != PACKAGED_PLACES:
        return ()
    rows = sorted(read_table(PLACES_TABLE), key=lambda row: (-float(row["population"] or 0), row["name"]))
    x, y = ground.line.projection.lonlat_to_xy(
        [float(row["lon"]) for row in rows], [float(row["lat"]) for row in rows]
    )
    towns: list[Town] = []
    for row, x_m, y_m in zip(rows, x.tolist(), y.tolist(), strict=True):
        if all(math.hypot(x_m - town.x_m, y_m - town.y_m) >= TOWN_SPACING_M for town in towns):
            towns.append(Town(row["name"], x_m, y_m))
        if len(towns) == n_max:
            break
    return tuple(towns)
