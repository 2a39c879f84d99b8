"""Choose who watches: the detection table of a posture's candidates, siting within the budget, what is seen.

The objective is the expected share of incidents detected: cells weighted by where incidents are expected,
kinds and states by the scenario's weights; means fused within a state, states averaged afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from truceline.detection.coverage import DetectionTable, detection_table
from truceline.detection.kinds import KINDS, STATES
from truceline.detection.measures import Averages, Fused, average, event_weights, find_blind_share, fuse
from truceline.detection.parameters import DetectionParameters
from truceline.detection.sensors import Sensor
from truceline.detection.table_files import describe_inputs, keep_quietly, read_table
from truceline.errors import InfeasibleError, Problem
from truceline.geo.sight import TerrainSight
from truceline.plan.candidates import (
    Candidates,
    attributes_of,
    list_candidates,
    merge_parts,
    select_candidates,
)
from truceline.plan.ground import Ground
from truceline.scenario.assumption import AssumptionSet
from truceline.scenario.model import Incidents, Posture
from truceline.siting.frontier import Frontier, trace_frontier
from truceline.siting.greedy import GreedyPath, order_by_use
from truceline.siting.problems import build_siting_problem

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
Progress = Callable[[str, float], None]
"""Called with the stage and how far it is, 0 to 1."""

N_ROUNDS = 2
"""Rounds of the bound at one budget: each takes some seconds on a long line and gives less than the last."""
N_PASSES = 1
"""Passes of swaps over the planned posture: the first brings most of what there is to gain."""
SWAPPED_ENTRIES_MAX = 8_000_000
"""Entries of the detection table up to which swaps are worth their time: beyond, a pass takes many seconds
and brings one part in five hundred."""
N_BOUNDS_IN_FULL = 3
"""Budgets at which the curve of the posture planned in full is bounded closely."""
FRONTIER_REACH = 2.0
"""The curve is drawn up to this many times the budget, so that the next person's worth can be seen."""
BLIND_BELOW = 0.1
"""A cell with less chance of detection than this, averaged over kinds, is called blind."""


@dataclass(frozen=True, eq=False)
class Watch:
    """The posture chosen and what it sees."""

    candidates: Candidates
    copies: IntArray
    """(n,) copies chosen of each candidate."""
    budget_people: float
    picks: GreedyPath
    """The copies chosen, the most useful first after those that had to be in, with what each adds."""
    frontier: Frontier
    """What fewer or more people would buy."""
    table: DetectionTable
    """Rows of the chosen candidates only, in the order of `numpy.flatnonzero(copies)`."""
    fused: Fused
    averages: Averages
    blind_share: float
    """Share of cell-state pairs with hardly any detection."""

    @property
    def chosen(self) -> IntArray:
        """Indices of the candidates chosen."""
        return np.flatnonzero(self.copies)

    @property
    def spent_people(self) -> float:
        """People in watching tasks."""
        return float(self.candidates.cost @ self.copies)

    @property
    def detected_share(self) -> float:
        """Expected share of incidents detected, from siting."""
        return float(self.picks.gain.sum())

    @property
    def bound_share(self) -> float:
        """No choice of that many people among these candidates detects more."""
        return max(
            float(self.frontier.bound[self.frontier.point_at(self.budget_people)]), self.detected_share
        )

    @property
    def gap_share(self) -> float:
        """Share of the bound that the choice does not reach."""
        return 1.0 - self.detected_share / self.bound_share if self.bound_share > 0 else 0.0


def kind_weights(incidents: Incidents) -> FloatArray:
    """Return (7,) weights of the kinds, summing to one."""
    return _normalised([incidents.kinds[kind].value if kind in incidents.kinds else 0.0 for kind in KINDS])


def state_weights(incidents: Incidents) -> FloatArray:
    """Return (3,) shares of time in each state, summing to one."""
    return _normalised(
        [incidents.states[state].value if state in incidents.states else 0.0 for state in STATES]
    )


def _normalised(values: list[float]) -> FloatArray:
    weights = np.array(values)
    scaled: FloatArray = weights / weights.sum()
    return scaled


def choose_watch(
    posture: Posture,
    incidents: Incidents,
    ground: Ground,
    sensors: dict[str, Sensor],
    assumptions: AssumptionSet,
    parameters: DetectionParameters,
    *,
    in_full: bool = True,
    progress: Progress | None = None,
) -> Watch:
    """Site a posture within its budget of people and measure what it sees.

    in_full: bound its curve at several budgets; otherwise at its own alone, which is some seconds quicker.
    The choice is the same.

    Raises InfeasibleError when the budget does not pay for what must be in, ScenarioError when the detection
    assumptions cannot be used.
    """
    candidates = list_candidates(posture, ground, sensors, assumptions)
    budget = posture.watch_density * ground.length_km
    _check_budget(posture, candidates, budget, ground.length_km)
    weight = event_weights(ground.cells.weight, kind_weights(incidents), state_weights(incidents)).ravel()
    counted = tabulate(candidates, ground, sensors, parameters, counts=weight > 0)
    problem = build_siting_problem(
        weight,
        counted.indptr,
        counted.indices,
        counted.log_miss,
        candidates.cost,
        copies_max=candidates.copies_max,
        forced=candidates.forced,
        group=candidates.group,
        group_limit=candidates.group_limit,
        labels=candidates.labels(),
    )
    frontier = trace_frontier(
        problem,
        FRONTIER_REACH * budget,
        n_bounds=N_BOUNDS_IN_FULL if in_full else 0,
        anchors=(budget,),
        swap_anchors=problem.n_nonzero <= SWAPPED_ENTRIES_MAX,
        n_rounds=N_ROUNDS,
        n_passes=N_PASSES,
        progress=progress,
    )
    chosen = frontier.best_at(budget)
    picks = order_by_use(problem, chosen.copies)
    del problem, counted  # hundreds of megabytes on a long line
    copies = chosen.copies
    kept = tabulate(select_candidates(candidates, np.flatnonzero(copies)), ground, sensors, parameters)
    fused, averages = measure(kept, copies, candidates, incidents, ground, sensors)
    blind = find_blind_share(fused, BLIND_BELOW, kind_weights(incidents))
    return Watch(candidates, copies, budget, picks, frontier, kept, fused, averages, blind.overall)


def _check_budget(posture: Posture, candidates: Candidates, budget_people: float, length_km: float) -> None:
    """Raise InfeasibleError, naming the means, when the least numbers asked for cost more than there are."""
    forced = candidates.forced > 0
    least_people = float(candidates.cost[forced] @ candidates.forced[forced])
    if least_people <= budget_people:
        return
    asked = ", ".join(sorted({candidates.means_key[i] for i in np.flatnonzero(forced)}))
    found = (
        f"{budget_people / length_km:.3g} person/km is {budget_people:,.1f} people;"
        f" the least numbers of {asked} take {least_people:,.1f}"
    )
    enough = np.ceil(least_people / length_km * 100) / 100
    problem = Problem("watch", found, f"raise it to {enough:.2f} person/km, or lower `at_least`")
    raise InfeasibleError(f"posture {posture.label}", [problem])


def tabulate(
    candidates: Candidates,
    ground: Ground,
    sensors: dict[str, Sensor],
    parameters: DetectionParameters,
    *,
    counts: BoolArray | None = None,
) -> DetectionTable:
    """Return what every candidate detects of every event, or of those that count (n_events,).

    Where the ground is kept in a folder, a table made before from the same inputs is read instead, and a new
    one is left for the next plan.
    """
    cells = ground.cells
    key, sight = "", ground.sight
    if ground.tables is not None and isinstance(sight, TerrainSight):
        places = (cells.x_m, cells.y_m, cells.sector, ground.sector_area_m2, cells.cell_m)
        asked = np.ones(0, dtype=np.bool_) if counts is None else counts
        arrays = (*places, candidates.owner, asked)
        key = describe_inputs(candidates.parts, sensors, parameters, arrays, sight.fingerprint())
        known = read_table(ground.tables, key)
        if known is not None:
            return known
    table = detection_table(
        candidates.parts,
        cells.x_m,
        cells.y_m,
        sight,
        sensors,
        parameters,
        cell_sector=cells.sector,
        sector_area_m2=ground.sector_area_m2,
        cell_m=cells.cell_m,
        counts=counts,
    )
    merged = merge_parts(table, candidates)
    if ground.tables is not None and key:
        keep_quietly(
            merged, ground.tables, key, f"{candidates.n} candidates, {len(cells.x_m)} cells; {sight.note}"
        )
    return merged


def measure(
    kept: DetectionTable,
    copies: IntArray,
    candidates: Candidates,
    incidents: Incidents,
    ground: Ground,
    sensors: dict[str, Sensor],
) -> tuple[Fused, Averages]:
    """Return detection, verification and attribution by cell, kind and state, and their averages."""
    chosen = np.flatnonzero(copies)
    fused = fuse(kept, copies[chosen], attributes_of(candidates, sensors)[chosen])
    averages = average(
        fused,
        ground.cells.weight,
        kind_weights(incidents),
        state_weights(incidents),
        ground.cells.sector,
        len(ground.sectors),
    )
    return fused, averages
