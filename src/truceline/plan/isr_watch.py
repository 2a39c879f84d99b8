"""What the watch sees with and without the intelligence of the backstop, and with fewer people in place.

Shares and chances in [0, 1], rates in 1/s; units of a task are satellites and aircraft. The posts, masts,
patrols and drones are those of the plan; satellites and aircraft of `isr_means` come on top. It does not move
a post because there is a satellite, and it says nothing of what intelligence is worth beyond the incidents
on the line.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from truceline.detection.measures import Averages, Fused, average, fuse
from truceline.detection.parameters import DetectionParameters
from truceline.detection.rate_shares import RateEntries, RateShares
from truceline.detection.rates import rate_fields
from truceline.detection.sensors import Sensor
from truceline.errors import ProblemList, ScenarioError
from truceline.generation.model import WatchOutcomes
from truceline.geo.belt import CrossingBelt
from truceline.geo.sectors import sector_at
from truceline.plan.candidates import attributes_of, select_candidates
from truceline.plan.crossings import CROSSERS, crossing_speed, slowness_of
from truceline.plan.ground import Ground
from truceline.plan.isr_means import (
    ISR_TASKS,
    SEEING_TASKS,
    Overhead,
    check_units,
    fuse_overhead,
    look_from_above,
)
from truceline.plan.watch import Progress, Watch, kind_weights, state_weights
from truceline.scenario.assumption import AssumptionSet
from truceline.scenario.model import Incidents
from truceline.siting.eikonal import solve_eikonal

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Shares of the watching people for which the watch is measured."""
_SAME_PEOPLE = 1e-9  # of the people in place: sums of costs are not exact


def find_outcomes(
    watch: Watch,
    ground: Ground,
    incidents: Incidents,
    sensors: dict[str, Sensor],
    assumptions: AssumptionSet,
    parameters: DetectionParameters,
    *,
    held: Mapping[str, float],
    needed: Mapping[str, float],
    strengths: Sequence[float] = STRENGTHS,
    progress: Progress | None = None,
) -> WatchOutcomes:
    """Return detection, verification and the weakest crossing for every strength and combination of tasks.

    held, needed: units by task, satellites and aircraft; a task left out is 0. Combination j has what others
    hold and, for each task whose bit is set, the gap filled up to what is needed. strengths: see
    `WatchOutcomes`; the copies in place are the first of `watch.picks`, so that fewer people never see more.
    The weakest crossing is that of `crossings.weakest("knows the posts")`, its path sought anew for every
    case; nan where nobody can pass. With nothing held, full strength and column 0 are the plan's own
    numbers, bit by bit.

    Raises ScenarioError for tasks, units and strengths that cannot be.
    """
    _check(held, needed, strengths)
    tell = progress or (lambda stage, share: None)
    tell("intelligence", 0.0)
    levels, column = _list_levels(held, needed)
    overheads = [
        look_from_above(units, ground.sector_area_m2, sensors, assumptions, parameters, CROSSERS)
        for units in levels
    ]
    copies = [man_watch(watch, share) for share in strengths]
    shape = (len(strengths), len(levels))
    detect, verify = np.zeros(shape), np.zeros(shape)
    for k, units in enumerate(copies):
        fused = _fuse_manned(watch, units, sensors)
        for j, overhead in enumerate(overheads):
            averages = _average(fuse_overhead(fused, overhead, ground.cells.sector), incidents, ground)
            detect[k, j], verify[k, j] = averages.detect.total, averages.verify.total
    least = np.full(shape, np.inf)
    for n, belt in enumerate(ground.belts):
        tell("intelligence", (n + 1) / (len(ground.belts) + 1))
        found = _least_exposures(belt, watch, copies, overheads, ground, sensors, assumptions, parameters)
        np.minimum(least, found, out=least)
    tell("intelligence", 1.0)
    weakest = np.where(np.isinf(least), math.nan, -np.expm1(-least))
    return WatchOutcomes(
        tasks=ISR_TASKS,
        strength=np.array(strengths, dtype=np.float64),
        detect=detect[:, column],
        verify=verify[:, column],
        weakest=weakest[:, column],
        note=_describe(overheads[0], overheads[column[-1]]),
    )


def man_watch(watch: Watch, share: float) -> IntArray:
    """Return (candidates,) copies in place with this share of the watching people: the first by use."""
    cost = np.cumsum(watch.candidates.cost[watch.picks.order])
    people = share * watch.spent_people
    n = int(np.searchsorted(cost, people + _SAME_PEOPLE * watch.spent_people, side="right"))
    return watch.picks.copies(n, watch.candidates.n)


def _check(held: Mapping[str, float], needed: Mapping[str, float], strengths: Sequence[float]) -> None:
    """Raise ScenarioError with everything that cannot be."""
    problems = ProblemList()
    check_units(held, "held", problems)
    check_units(needed, "needed", problems)
    rising = all(a < b for a, b in itertools.pairwise(strengths))
    if not strengths or not rising or strengths[0] < 0 or strengths[-1] != 1:
        problems.add("strengths", f"are {list(strengths)}", "give rising shares of the people, the last 1")
    problems.raise_if_any(ScenarioError, "intelligence cannot be counted")


def _list_levels(
    held: Mapping[str, float], needed: Mapping[str, float]
) -> tuple[list[dict[str, float]], IntArray]:
    """Return the levels that differ in what is seen, and the one of every combination; the first is `held`.

    Combinations that differ only in maritime patrol share a level: it adds nothing that is counted.
    """
    levels: list[dict[str, float]] = []
    column = []
    for mask in range(1 << len(ISR_TASKS)):
        brought = {task for bit, task in enumerate(ISR_TASKS) if mask >> bit & 1}
        units = {
            task: max(held.get(task, 0.0), needed.get(task, 0.0) if task in brought else 0.0)
            for task in SEEING_TASKS
        }
        if units not in levels:
            levels.append(units)
        column.append(levels.index(units))
    return levels, np.array(column, dtype=np.int64)


def _fuse_manned(watch: Watch, copies: IntArray, sensors: dict[str, Sensor]) -> Fused:
    """Return what the copies in place see; with all of them, the plan's own result."""
    if np.array_equal(copies, watch.copies):
        return watch.fused
    attributes = attributes_of(watch.candidates, sensors)
    return fuse(watch.table, copies[watch.chosen], attributes[watch.chosen])


def _average(fused: Fused, incidents: Incidents, ground: Ground) -> Averages:
    """Return the averages as the plan makes them."""
    cells = ground.cells
    kinds, states = kind_weights(incidents), state_weights(incidents)
    return average(fused, cells.weight, kinds, states, cells.sector, len(ground.sectors))


def _least_exposures(
    belt: CrossingBelt,
    watch: Watch,
    copies: Sequence[IntArray],
    overheads: Sequence[Overhead],
    ground: Ground,
    sensors: dict[str, Sensor],
    assumptions: AssumptionSet,
    parameters: DetectionParameters,
) -> FloatArray:
    """Return (strengths, levels) least exposure of a crossing of one belt, inf where nobody can pass."""
    candidates, place = watch.candidates, belt.inside_xy_m()
    sector = sector_at(ground.sectors, belt.chainage_m[belt.inside]).astype(np.int64)
    shares = RateShares(
        candidates.parts,
        candidates.owner,
        candidates.part_copies(watch.copies),
        ground.sight,
        sensors,
        parameters,
        cell_m=0.0,
        kinds=CROSSERS,
    )
    entries = shares.gather(place[:, 0], place[:, 1])
    speeds = [crossing_speed(belt, kind, assumptions) for kind in CROSSERS]
    least = np.full((len(copies), len(overheads)), np.inf)
    for k, units in enumerate(copies):
        rows = np.flatnonzero((units > 0) & np.isnan(candidates.x_m))
        moving = select_candidates(candidates, rows)
        rate = _sum_in_place(entries, units / np.maximum(watch.copies, 1), len(place)) + rate_fields(
            moving.parts,
            moving.part_copies(units[rows]),
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
        for j, overhead in enumerate(overheads):
            least[k, j] = _least_exposure(belt, rate + overhead.rate_per_s[:, :, sector], speeds)
    return least


def _sum_in_place(entries: RateEntries, in_place: FloatArray, n_places: int) -> FloatArray:
    """Return rates (kinds, states, places) of the fixed means with shares (candidates,) of them in place."""
    n_kinds, n_states = entries.rate_per_s.shape[:2]
    weight = np.repeat(in_place[entries.owner], np.diff(entries.indptr))
    field = np.zeros((n_kinds, n_states, n_places))
    for k in range(n_kinds):
        for state in range(n_states):
            field[k, state] = np.bincount(entries.place, entries.rate_per_s[k, state] * weight, n_places)
    return field


def _least_exposure(belt: CrossingBelt, rate_per_s: FloatArray, speeds: Sequence[FloatArray]) -> float:
    """Return the least exposure from side a to side b over kinds and states; inf where nobody can pass."""
    least = math.inf
    ends = belt.exit & belt.inside
    for k, speed in enumerate(speeds):
        for rate in rate_per_s[k]:
            slowness = slowness_of(belt, rate, speed)
            if (belt.entry & np.isfinite(slowness)).any():
                exposure = solve_eikonal(slowness, belt.cell_m, belt.entry, belt.inside)
                least = min(least, float(exposure[ends].min(initial=math.inf)))
    return least


def _describe(held: Overhead, full: Overhead) -> str:
    """Return what was assumed, for readers."""
    return (
        f"Others hold {held.looks_per_day:.1f} looks from space a day at any one place, before cloud and"
        f" darkness, and {held.orbits:.1f} aircraft over the zone at a time; with every gap filled it is"
        f" {full.looks_per_day:.1f} and {full.orbits:.1f}."
        " Posts stay where they are; orbits are shared along the line by area."
        " Maritime patrol changes nothing: no kind of incident is at sea."
        " An aircraft is the medium drone of the table of means: a radar that follows every vehicle over a"
        " hundred kilometres is not in it."
        " Weapons that stand in a limitation band and warning of attack are no incidents and are not counted."
    )
