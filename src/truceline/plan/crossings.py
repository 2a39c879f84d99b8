"""The weakest crossing of every sector: who could pass unseen, where, and which loss would hurt most.

Three intruders, three numbers: one who knows nothing and goes straight (average), one who knows the posts but
not the schedules (least-exposed on the time-averaged field), and one who also waits until every patrol and
drone is elsewhere (least-exposed on the fixed means alone). Never printed without saying which.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from truceline.detection.kinds import STATES
from truceline.detection.parameters import DetectionParameters
from truceline.detection.rates import rate_fields
from truceline.detection.sensors import Sensor
from truceline.geo.belt import CrossingBelt
from truceline.geo.sectors import sector_at
from truceline.plan.candidates import Candidates, select_candidates
from truceline.plan.ground import Ground
from truceline.scenario.assumption import AssumptionSet
from truceline.siting.crossing import (
    Crossing,
    ExposureProfile,
    average_straight_crossing,
    exposure_profile,
    least_exposed_crossing,
)
from truceline.siting.eikonal import solve_eikonal
from truceline.siting.paths import path_length_m, sensor_shares

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Intruder = Literal["knows the posts", "waits for the gap"]

CROSSERS = ("person", "vehicle")
"""Kinds that cross the line on the ground or water."""
PROFILE_BIN_M = 2000.0
"""Length of line for which the profile gives one number."""
INTRUDERS: tuple[Intruder, ...] = ("knows the posts", "waits for the gap")
N_NEAREST = 12
"""Fixed means nearest to a path that are tried as its worst loss."""
_WIDEST_LOSS = 1e-12  # exposures below this are no exposure worth a share


@dataclass(frozen=True, eq=False)
class WeakCrossing:
    """The least-exposed crossing of one sector by one kind in one state, for one intruder."""

    sector: int
    kind: str
    state: str
    intruder: Intruder
    passable: bool
    open_width_m: float
    """Length of the far edge that can be reached without meeting any watch."""
    p_least: float
    """Chance of being noticed at least once; nan when not passable."""
    p_average: float
    """The same for straight crossings by someone who knows nothing; nan when not passable."""
    chainage_m: float
    """Where the path comes out; nan when not passable."""
    length_m: float
    path_xy_m: FloatArray
    """(k, 2) metric, from side a to side b; empty when not passable."""


@dataclass(frozen=True, eq=False)
class CrossingProfile:
    """Chance of being noticed on the weakest crossing of each stretch, by where it passes the line."""

    start_m: FloatArray
    """(bins,) chainage where each bin starts."""
    p_least: FloatArray
    """(kinds, states, bins); nan where nobody can pass."""


@dataclass(frozen=True)
class WorstLoss:
    """The one fixed means whose loss weakens a crossing most."""

    candidate: int
    """Index of the candidate, -1 when the path meets no fixed means."""
    label: str
    p_without: float
    """Chance of being noticed on the same path without it: a better path may open, so at most this."""


@dataclass(frozen=True, eq=False)
class Crossings:
    """Everything about crossing the line against one posture."""

    weak: tuple[WeakCrossing, ...]
    """Every sector, kind, state and intruder."""
    profiles: dict[Intruder, CrossingProfile]
    worst_loss: dict[int, WorstLoss]
    """By sector, for its weakest crossing in clear weather by someone who knows the posts."""
    open_threshold_p: float

    def weakest(
        self,
        intruder: Intruder,
        *,
        sector: int | None = None,
        state: str | None = None,
        kind: str | None = None,
    ) -> WeakCrossing | None:
        """Return the passable crossing with the least chance of being noticed, None when none is passable."""
        fitting = [
            one
            for one in self.weak
            if one.intruder == intruder
            and one.passable
            and sector in (None, one.sector)
            and state in (None, one.state)
            and kind in (None, one.kind)
        ]
        return min(fitting, key=lambda one: (one.p_least, one.sector, one.kind, one.state), default=None)

    def weakest_in_clear_weather(self, sector: int) -> WeakCrossing | None:
        """Return a sector's weakest crossing by day or night: bad weather blinds most fixed means alike."""
        found = [self.weakest("knows the posts", sector=sector, state=state) for state in ("day", "night")]
        return min((one for one in found if one is not None), key=lambda one: one.p_least, default=None)

    def open_share(self, intruder: Intruder, *, state: str | None = None, kind: str | None = None) -> float:
        """Return the share of line where the weakest crossing is noticed with less than the open threshold.

        Over the kinds and states asked for, the worst counts; line that nobody can pass is not open.
        """
        profile = self.profiles[intruder]
        kinds = [i for i, name in enumerate(CROSSERS) if kind in (None, name)]
        states = [i for i, name in enumerate(STATES) if state in (None, name)]
        chosen = profile.p_least[np.ix_(kinds, states)]
        worst = np.where(np.isnan(chosen), np.inf, chosen).min(axis=(0, 1))
        return float((worst < self.open_threshold_p).mean()) if worst.size else math.nan

    def p_average(self, *, state: str, kind: str) -> float:
        """Return the mean over sectors of the average straight crossing, moving means in."""
        found = [
            one.p_average
            for one in self.weak
            if one.intruder == "knows the posts" and one.state == state and one.kind == kind and one.passable
        ]
        return float(np.mean(found)) if found else math.nan


def find_crossings(
    candidates: Candidates,
    copies: IntArray,
    ground: Ground,
    sensors: dict[str, Sensor],
    assumptions: AssumptionSet,
    parameters: DetectionParameters,
) -> Crossings:
    """Return the weakest crossings of every sector for kinds, states and intruders."""
    place = np.concatenate([belt.inside_xy_m() for belt in ground.belts])
    sector = np.concatenate([_sector_of_cells(belt, ground) for belt in ground.belts])
    starts = np.cumsum([0, *(belt.n_inside for belt in ground.belts)])

    def rates_of(rows: IntArray) -> FloatArray:
        kept = select_candidates(candidates, rows)
        return rate_fields(
            kept.parts,
            kept.part_copies(copies[rows]),
            place[:, 0],
            place[:, 1],
            ground.sight,
            sensors,
            parameters,
            grid_sector=sector,
            sector_area_m2=ground.sector_area_m2,
            cell_m=0.0,
            kinds=CROSSERS,
        )

    # Rates add up, so the costly field of the fixed means serves both intruders.
    fixed = rates_of(np.flatnonzero((copies > 0) & np.isfinite(candidates.x_m)))
    moving = rates_of(np.flatnonzero((copies > 0) & np.isnan(candidates.x_m)))
    fields: dict[Intruder, FloatArray] = {"knows the posts": fixed + moving, "waits for the gap": fixed}
    weak: list[WeakCrossing] = []
    profiles: dict[Intruder, _ProfileBuilder] = {
        who: _ProfileBuilder(ground.line.length_m) for who in INTRUDERS
    }
    for index, belt in enumerate(ground.belts):
        speed = {kind: crossing_speed(belt, kind, assumptions) for kind in CROSSERS}
        part = slice(starts[index], starts[index + 1])
        for intruder in INTRUDERS:
            for k, kind in enumerate(CROSSERS):
                for s, state in enumerate(STATES):
                    slowness = slowness_of(belt, fields[intruder][k, s, part], speed[kind])
                    found, profile = _cross(belt, slowness, kind, state, intruder)
                    weak.append(found)
                    if profile is not None:
                        profiles[intruder].add(k, s, profile)
    result = Crossings(
        tuple(weak),
        {who: builder.build() for who, builder in profiles.items()},
        {},
        assumptions.value("detection.open_threshold"),
    )
    for belt in ground.belts:
        weakest = result.weakest_in_clear_weather(belt.sector)
        if weakest is not None:
            result.worst_loss[belt.sector] = _worst_loss(
                weakest, belt, candidates, copies, ground, sensors, assumptions, parameters
            )
    return result


def crossing_speed(belt: CrossingBelt, kind: str, assumptions: AssumptionSet) -> FloatArray:
    """Return (n_inside,) speed of a kind in m/s; 0 where it cannot go: vehicles do not cross water."""
    over_water = assumptions.value("crossing.water_speed") if kind == "person" else 0.0
    water = belt.is_water[belt.inside]
    return np.where(water, over_water, assumptions.value(f"detection.speed.{kind}"))


def slowness_of(belt: CrossingBelt, rate_per_s: FloatArray, speed_m_per_s: FloatArray) -> FloatArray:
    """Return the raster of exposure per metre, inf where nobody can go."""
    slowness = np.full(belt.shape, np.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        slowness[belt.inside] = np.where(speed_m_per_s > 0, rate_per_s / speed_m_per_s, np.inf)
    return slowness


def _sector_of_cells(belt: CrossingBelt, ground: Ground) -> IntArray:
    """Return the sector whose moving means watch each inside cell, by chainage."""
    return sector_at(ground.sectors, belt.chainage_m[belt.inside]).astype(np.int64)


def _cross(
    belt: CrossingBelt, slowness: FloatArray, kind: str, state: str, intruder: Intruder
) -> tuple[WeakCrossing, ExposureProfile | None]:
    if not (belt.entry & np.isfinite(slowness)).any():
        return _blocked(belt, kind, state, intruder), None
    exposure = solve_eikonal(slowness, belt.cell_m, belt.entry, belt.inside)
    least = least_exposed_crossing(
        slowness, belt.cell_m, belt.entry, belt.exit, belt.inside, exposure=exposure
    )
    profile = _profile_by_place(belt, slowness, exposure)
    if not least.passable:
        return _blocked(belt, kind, state, intruder), profile
    average = average_straight_crossing(slowness, belt.cell_m, belt.entry, belt.exit, belt.inside)
    found = WeakCrossing(
        sector=belt.sector,
        kind=kind,
        state=state,
        intruder=intruder,
        passable=True,
        open_width_m=least.open_width_m,
        p_least=least.p_least,
        p_average=average.p_average,
        chainage_m=float(belt.chainage_m[least.exit_index]),
        length_m=path_length_m(least.path, belt.cell_m),
        path_xy_m=_path_in_metres(belt, least),
    )
    return found, profile


def _profile_by_place(belt: CrossingBelt, slowness: FloatArray, from_a: FloatArray) -> ExposureProfile:
    """Return the least exposure of a crossing by the stretch of line where it passes the line itself.

    Exposure from side a's edge to a cell on the line plus from there to side b's edge. By the place where it
    comes out instead, one gap would weaken the whole sector: behind the posts one can walk on unseen.
    """
    to_b = solve_eikonal(slowness, belt.cell_m, belt.far_edge, belt.inside)
    on_line = belt.inside & (np.abs(belt.offset_m) <= belt.cell_m)
    return exposure_profile(from_a + to_b, on_line, belt.chainage_m, PROFILE_BIN_M)


def _blocked(belt: CrossingBelt, kind: str, state: str, intruder: Intruder) -> WeakCrossing:
    nowhere = np.zeros((0, 2))
    return WeakCrossing(
        belt.sector, kind, state, intruder, False, 0.0, math.nan, math.nan, math.nan, math.nan, nowhere
    )


def _path_in_metres(belt: CrossingBelt, crossing: Crossing) -> FloatArray:
    row, column = crossing.path[::-1, 0], crossing.path[::-1, 1]
    return np.column_stack(
        [
            belt.origin_x_m + (column + 0.5) * belt.cell_m,
            belt.origin_y_m + (row + 0.5) * belt.cell_m,
        ]
    )


class _ProfileBuilder:
    """Collects the profiles of sectors into one for the line: where two share a bin, the weaker counts.

    A bin without a cell of its own takes the value of the nearest bin that has one.
    """

    def __init__(self, length_m: float) -> None:
        self._n = max(1, math.ceil(length_m / PROFILE_BIN_M))
        self._least = np.full((len(CROSSERS), len(STATES), self._n), np.nan)

    def add(self, kind: int, state: int, profile: ExposureProfile) -> None:
        bins = np.clip((profile.start_m / PROFILE_BIN_M).round().astype(np.int64), 0, self._n - 1)
        known = ~np.isnan(profile.exposure)
        np.fmin.at(self._least[kind, state], bins[known], profile.exposure[known])

    def build(self) -> CrossingProfile:
        for row in self._least.reshape(-1, self._n):
            known = np.flatnonzero(~np.isnan(row))
            if known.size:
                missing = np.flatnonzero(np.isnan(row))
                row[missing] = row[known[np.abs(missing[:, None] - known[None, :]).argmin(axis=1)]]
        p_least: FloatArray = np.where(np.isinf(self._least), np.nan, -np.expm1(-self._least))
        return CrossingProfile(np.arange(self._n, dtype=np.float64) * PROFILE_BIN_M, p_least)


def _worst_loss(
    weakest: WeakCrossing,
    belt: CrossingBelt,
    candidates: Candidates,
    copies: IntArray,
    ground: Ground,
    sensors: dict[str, Sensor],
    assumptions: AssumptionSet,
    parameters: DetectionParameters,
) -> WorstLoss:
    """Return the fixed candidate that adds most exposure along the path, and the chance left without it."""
    near = _nearest_to_path(candidates, copies, weakest.path_xy_m)
    total = -math.log1p(-min(weakest.p_least, 1 - 1e-15))
    if not near.size or total <= _WIDEST_LOSS:
        return WorstLoss(-1, "no fixed means", weakest.p_least)
    s = STATES.index(weakest.state)
    speed = assumptions.value(f"detection.speed.{weakest.kind}")

    def slowness_by_sensor(points: FloatArray) -> FloatArray:
        x = belt.origin_x_m + (points[:, 1] + 0.5) * belt.cell_m
        y = belt.origin_y_m + (points[:, 0] + 0.5) * belt.cell_m
        rows = []
        for candidate in near:
            alone = select_candidates(candidates, np.array([candidate]))
            rate = rate_fields(
                alone.parts,
                alone.part_copies(copies[[candidate]]),
                x,
                y,
                ground.sight,
                sensors,
                parameters,
                grid_sector=np.full(len(x), belt.sector),
                sector_area_m2=ground.sector_area_m2,
                cell_m=0.0,
                kinds=(weakest.kind,),
                include_moving=False,
            )
            rows.append(rate[0, s] / speed)
        return np.array(rows)

    path = np.column_stack(
        [
            (weakest.path_xy_m[:, 1] - belt.origin_y_m) / belt.cell_m - 0.5,
            (weakest.path_xy_m[:, 0] - belt.origin_x_m) / belt.cell_m - 0.5,
        ]
    )
    shares = sensor_shares(path, belt.cell_m, slowness_by_sensor)
    if shares.hurts_most < 0:
        return WorstLoss(-1, "no fixed means", weakest.p_least)
    candidate = int(near[shares.hurts_most])
    left = max(total - float(shares.exposure[shares.hurts_most]), 0.0)
    return WorstLoss(candidate, candidates.labels()[candidate], -math.expm1(-left))


def _nearest_to_path(candidates: Candidates, copies: IntArray, path_xy_m: FloatArray) -> IntArray:
    """Return the chosen fixed candidates nearest to a path, nearest first."""
    fixed = np.flatnonzero((copies > 0) & np.isfinite(candidates.x_m))
    distance_m = np.hypot(
        candidates.x_m[fixed, None] - path_xy_m[None, :, 0],
        candidates.y_m[fixed, None] - path_xy_m[None, :, 1],
    ).min(axis=1)
    nearest: IntArray = fixed[np.argsort(distance_m, kind="stable")[:N_NEAREST]]
    return nearest
