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
from truceline.errors import InfeasibleError, Problem
from truceline.plan.candidates import Candidates, attributes_of, list_candidates, merge_parts
from truceline.plan.ground import Ground
from truceline.scenario.assumption import AssumptionSet
from truceline.scenario.model import Incidents, Posture
from truceline.siting.frontier import Frontier, trace_frontier
from truceline.siting.problems import build_siting_problem

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Progress = Callable[[str, float], None]
"""Called with the stage and how far it is, 0 to 1."""

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
    frontier: Frontier
    point: int
    """Point of the frontier that was taken."""
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
        return float(self.frontier.objective[self.point])

    @property
    def bound_share(self) -> float:
        """No choice of that many people among these candidates detects more."""
        return float(self.frontier.bound[self.point])


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
    n_bounds: int = 8,
    progress: Progress | None = None,
) -> Watch:
    """Site a posture within its budget of people and measure what it sees.

    Raises InfeasibleError when the budget does not pay for what must be in, ScenarioError when the detection
    assumptions cannot be used.
    """
    candidates = list_candidates(posture, ground, sensors, assumptions)
    budget = posture.watch_density * ground.length_km
    _check_budget(posture, candidates, budget, ground.length_km)
    table = tabulate(candidates, ground, sensors, parameters)
    weight = event_weights(ground.cells.weight, kind_weights(incidents), state_weights(incidents)).ravel()
    counted = drop_weightless(table, weight)
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
        problem, FRONTIER_REACH * budget, n_bounds=n_bounds, anchors=(budget,), progress=progress
    )
    copies = frontier.copies_at(budget)
    kept = keep_rows(table, np.flatnonzero(copies))
    fused, averages = measure(kept, copies, candidates, incidents, ground, sensors)
    blind = find_blind_share(fused, BLIND_BELOW, kind_weights(incidents))
    return Watch(
        candidates, copies, budget, frontier, frontier.point_at(budget), kept, fused, averages, blind.overall
    )


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
    candidates: Candidates, ground: Ground, sensors: dict[str, Sensor], parameters: DetectionParameters
) -> DetectionTable:
    """Return what every candidate detects of every event."""
    cells = ground.cells
    table = detection_table(
        candidates.parts,
        cells.x_m,
        cells.y_m,
        ground.sight,
        sensors,
        parameters,
        cell_sector=cells.sector,
        sector_area_m2=ground.sector_area_m2,
        cell_m=cells.cell_m,
    )
    return merge_parts(table, candidates)


def drop_weightless(table: DetectionTable, weight: FloatArray) -> DetectionTable:
    """Return the table without entries for events of no weight: siting need not carry what does not count."""
    counts = weight[table.indices] > 0
    if counts.all():
        return table
    before = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
    return DetectionTable(before[table.indptr], table.indices[counts], table.log_miss[counts], table.n_events)


def keep_rows(table: DetectionTable, rows: IntArray) -> DetectionTable:
    """Return a table with these rows only."""
    lengths = np.diff(table.indptr)[rows]
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    spans = [slice(table.indptr[row], table.indptr[row + 1]) for row in rows]
    empty_i, empty_v = np.empty(0, np.int32), np.empty(0, np.float32)
    return DetectionTable(
        indptr,
        np.concatenate([empty_i, *(table.indices[span] for span in spans)]),
        np.concatenate([empty_v, *(table.log_miss[span] for span in spans)]),
        table.n_events,
    )


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
