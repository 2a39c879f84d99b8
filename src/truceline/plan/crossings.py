"""The weakest crossing of every sector: who could pass unseen, and where.

Three intruders, three numbers: one who knows nothing and goes straight (average), one who knows the posts but
not the schedules (least-exposed on the time-averaged field), and one who also waits until every patrol and
drone is elsewhere (least-exposed on the fixed means alone). Never printed without saying which. What one loss
or one more means would change is found in `weak_points`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from truceline.detection.kinds import STATES
from truceline.detection.parameters import DetectionParameters
from truceline.detection.rate_shares import RateEntries, RateShares
from truceline.detection.rates import rate_fields
from truceline.detection.sensors import Sensor
from truceline.geo.belt import CrossingBelt
from truceline.geo.sectors import sector_at
from truceline.plan.candidates import Candidates, select_candidates
from truceline.plan.ground import Ground
from truceline.plan.weak_points import (
    CrossingCase,
    OneMore,
    WorstLoss,
    find_one_more,
    find_worst_loss,
    free_candidates,
)
from truceline.scenario.assumption import AssumptionSet
from truceline.siting.crossing import (
    Crossing,
    ExposureProfile,
    average_straight_crossing,
    exposure_profile,
    least_exposed_crossing,
)
from truceline.siting.eikonal import solve_eikonal
from truceline.siting.paths import path_length_m

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Intruder = Literal["knows the posts", "waits for the gap"]

CROSSERS = ("person", "vehicle")
"""Kinds that cross the line on the ground or water."""
PROFILE_BIN_M = 2000.0
"""Length of line for which the profile gives one number."""
INTRUDERS: tuple[Intruder, ...] = ("knows the posts", "waits for the gap")
CLEAR_STATES = ("day", "night")
"""States in which losses and additions are judged: bad weather blinds most fixed means alike."""


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


@dataclass(frozen=True, eq=False)
class Crossings:
    """Everything about crossing the line against one posture."""

    weak: tuple[WeakCrossing, ...]
    """Every sector, kind, state and intruder."""
    profiles: dict[Intruder, CrossingProfile]
    worst_loss: dict[int, WorstLoss]
    """By sector: the loss of one fixed means that leaves its weakest crossing in clear weather weakest."""
    one_more: dict[int, OneMore]
    """By sector: the fixed means that would raise its weakest crossing in clear weather most."""
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

    @property
    def worst_loss_anywhere(self) -> WorstLoss | None:
        """Return the loss after which a sector's weakest crossing has fallen most, None when none matters."""
        named = [loss for loss in self.worst_loss.values() if loss.candidate >= 0]
        return max(named, key=lambda loss: (loss.drop, -loss.candidate), default=None)

    def weakest_in_clear_weather(self, sector: int) -> WeakCrossing | None:
        """Return a sector's weakest crossing by day or night: bad weather blinds most fixed means alike."""
        found = [self.weakest("knows the posts", sector=sector, state=state) for state in CLEAR_STATES]
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
    *,
    with_changes: bool = True,
) -> Crossings:
    """Return the weakest crossings for every sector, kind, state and intruder, and what would change them.

    with_changes: False leaves out the worst losses and the best additions, to save their time.
    """
    labels = candidates.labels()
    free = free_candidates(candidates, copies)
    chosen_shares, free_shares = (
        _shares_of(candidates, units, ground, sensors, parameters)
        for units in (copies, np.isin(np.arange(candidates.n), free).astype(np.int64))
    )
    weak: list[WeakCrossing] = []
    worst_loss: dict[int, WorstLoss] = {}
    one_more: dict[int, OneMore] = {}
    profiles: dict[Intruder, _ProfileBuilder] = {
        who: _ProfileBuilder(ground.line.length_m) for who in INTRUDERS
    }
    for belt in ground.belts:
        place = belt.inside_xy_m()
        entries = chosen_shares.gather(place[:, 0], place[:, 1])
        fixed = _sum_of_shares(entries, len(place))
        moving = _moving_rates(belt, candidates, copies, ground, sensors, parameters)
        rates: dict[Intruder, FloatArray] = {"knows the posts": fixed + moving, "waits for the gap": fixed}
        for intruder in INTRUDERS:
            cases = _list_cases(belt, rates[intruder], assumptions)
            for case in cases:
                found, profile = _cross(belt, case.slowness, case.kind, case.state, intruder)
                weak.append(found)
                if profile is not None:
                    profiles[intruder].add(case.kind_index, case.state_index, profile)
            if with_changes and intruder == "knows the posts":
                clear = [case for case in cases if case.state in CLEAR_STATES]
                loss = find_worst_loss(belt, clear, entries, labels)
                more = find_one_more(belt, clear, free_shares, free, candidates, labels)
                worst_loss |= {belt.sector: loss} if loss is not None else {}
                one_more |= {belt.sector: more} if more is not None else {}
    return Crossings(
        tuple(weak),
        {who: builder.build() for who, builder in profiles.items()},
        worst_loss,
        one_more,
        assumptions.value("detection.open_threshold"),
    )


def _shares_of(
    candidates: Candidates,
    copies: IntArray,
    ground: Ground,
    sensors: dict[str, Sensor],
    parameters: DetectionParameters,
) -> RateShares:
    """Return what each fixed candidate adds to the rates when `copies` (n,) of each stand."""
    return RateShares(
        candidates.parts,
        candidates.owner,
        candidates.part_copies(copies),
        ground.sight,
        sensors,
        parameters,
        cell_m=0.0,
        kinds=CROSSERS,
    )


def _sum_of_shares(entries: RateEntries, n_places: int) -> FloatArray:
    """Return the field of all owners together, (kinds, states, places)."""
    n_kinds, n_states = entries.rate_per_s.shape[:2]
    field = np.zeros((n_kinds, n_states, n_places))
    for k in range(n_kinds):
        for state in range(n_states):
            field[k, state] = np.bincount(entries.place, entries.rate_per_s[k, state], n_places)
    return field


def _moving_rates(
    belt: CrossingBelt,
    candidates: Candidates,
    copies: IntArray,
    ground: Ground,
    sensors: dict[str, Sensor],
    parameters: DetectionParameters,
) -> FloatArray:
    """Return the rates of the moving means at the inside cells of a belt, (kinds, states, places)."""
    rows = np.flatnonzero((copies > 0) & np.isnan(candidates.x_m))
    kept = select_candidates(candidates, rows)
    place = belt.inside_xy_m()
    return rate_fields(
        kept.parts,
        kept.part_copies(copies[rows]),
        place[:, 0],
        place[:, 1],
        ground.sight,
        sensors,
        parameters,
        grid_sector=_sector_of_cells(belt, ground),
        sector_area_m2=ground.sector_area_m2,
        cell_m=0.0,
        kinds=CROSSERS,
    )


def _list_cases(
    belt: CrossingBelt, rate_per_s: FloatArray, assumptions: AssumptionSet
) -> tuple[CrossingCase, ...]:
    """Return every kind and state against rates (kinds, states, places)."""
    cases = []
    for k, kind in enumerate(CROSSERS):
        speed = crossing_speed(belt, kind, assumptions)
        cases += [
            CrossingCase(kind, state, k, s, slowness_of(belt, rate_per_s[k, s], speed), speed)
            for s, state in enumerate(STATES)
        ]
    return tuple(cases)


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
