"""What more money would see: postures chosen by their cost beside those chosen by their people.

Money a year in one currency; the expected share of incidents detected. The siting problem of the posture is
traced a second time with the yearly cost of each candidate in place of its people. Costs are those of a
middle year: people, posts, masts and drones; lift, camps, start-up, contingency and vehicles are not in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from truceline.cost.bases import CostBasis
from truceline.cost.exchange import PostureCount, PricedPoint, price_frontier
from truceline.cost.money_tables import MoneyTables
from truceline.detection.measures import event_weights
from truceline.detection.parameters import DetectionParameters
from truceline.detection.sensors import Sensor
from truceline.plan.candidates import Candidates
from truceline.plan.ground import Ground
from truceline.plan.people import People, deployed_at
from truceline.plan.watch import FRONTIER_REACH, Progress, Watch, kind_weights, state_weights, tabulate
from truceline.scenario.assumption import AssumptionSet
from truceline.scenario.model import Incidents
from truceline.siting.frontier import Frontier, trace_frontier
from truceline.siting.problems import build_siting_problem

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
ChosenBy = Literal["people", "cost", "plan"]
"""What a posture was chosen by: most seen for its people, most for its cost, or the posture as planned."""
N_POINTS = 80
"""Points kept of each curve: enough to draw it, few enough to unfold."""
KEPT_DECIMALS = 9
"""Of people and shares seen: a finished plan keeps as many, so that its points are priced again alike."""
N_ROUNDS = 2
"""Rounds of the bound at the cost of the plan: each takes some seconds on a long line."""
_THING_OF_KIND = {"post": "posts", "unarmed_post": "posts", "mast": "masts", "orbit": "orbits"}


@dataclass(frozen=True)
class FrontierPoint:
    """A posture somewhere on the curves."""

    chosen_by: ChosenBy
    priced: PricedPoint


@dataclass(frozen=True)
class CostFrontier:
    """The posture planned in full, and others of its kind by their cost and by their people."""

    points: tuple[FrontierPoint, ...]
    """By cost chosen first, then by people, then the plan; each with the people of the whole force."""
    gap: float | None = None
    """At the cost of the plan, the share of what any choice of these sites could detect at most that the
    choices found do not; None where the curve was priced again and not traced."""

    @property
    def plan(self) -> FrontierPoint:
        """The posture as planned."""
        return next(point for point in self.points if point.chosen_by == "plan")

    def of(self, chosen_by: ChosenBy) -> tuple[FrontierPoint, ...]:
        """Return the points of one curve, cheapest first."""
        found = [point for point in self.points if point.chosen_by == chosen_by]
        return tuple(sorted(found, key=lambda point: point.priced.per_year.value))

    def cheapest_seeing(self, detected: float) -> FrontierPoint | None:
        """Return the cheapest point that detects at least so much; None where none does."""
        found = [one for one in self.points if one.priced.point.coverage >= detected]
        return min(found, key=lambda one: one.priced.per_year.value, default=None)

    def fewest_seeing(self, detected: float) -> FrontierPoint | None:
        """Return the point with the fewest people that detects at least so much; None where none does."""
        found = [one for one in self.points if one.priced.point.coverage >= detected]
        return min(found, key=lambda one: one.priced.point.people, default=None)

    @property
    def cheapest(self) -> tuple[FrontierPoint, ...]:
        """The cost-coverage frontier: points than which none sees as much for less, cheapest first."""
        found = [point for point in self.points if point.priced.is_cheapest]
        return tuple(sorted(found, key=lambda point: point.priced.per_year.value))


@dataclass(frozen=True)
class Pricing:
    """How points are priced."""

    basis: CostBasis
    kind: str
    currency: str
    price_year: int
    tables: MoneyTables
    assumptions: AssumptionSet

    def price(self, points: Sequence[PostureCount]) -> tuple[PricedPoint, ...]:
        """Return each posture with its cost in a middle year."""
        return price_frontier(
            points,
            self.assumptions,
            basis=self.basis,
            kind=self.kind,
            currency=self.currency,
            price_year=self.price_year,
            tables=self.tables,
        )


def trace_cost_frontier(
    watch: Watch,
    people: People,
    incidents: Incidents,
    ground: Ground,
    sensors: dict[str, Sensor],
    parameters: DetectionParameters,
    pricing: Pricing,
    progress: Progress | None = None,
) -> CostFrontier:
    """Return the curves by cost and by people of a sited posture, with the posture itself.

    Raises ScenarioError for a basis on which things have no price, and for a missing rate or index.
    """
    candidates = watch.candidates
    weight = event_weights(ground.cells.weight, kind_weights(incidents), state_weights(incidents)).ravel()
    table = tabulate(candidates, ground, sensors, parameters, counts=weight > 0)
    cost = price_candidates(candidates, people, pricing)
    problem = build_siting_problem(
        weight,
        table.indptr,
        table.indices,
        table.log_miss,
        cost,
        copies_max=candidates.copies_max,
        forced=candidates.forced,
        group=candidates.group,
        group_limit=candidates.group_limit,
        labels=candidates.labels(),
    )
    planned = float(cost @ watch.copies)
    most = max(float(cost @ watch.frontier.copies_at(np.inf)), FRONTIER_REACH * planned)
    traced = trace_frontier(
        problem, most, n_bounds=0, anchors=(planned,), n_rounds=N_ROUNDS, progress=progress
    )
    families: list[tuple[ChosenBy, PostureCount]] = []
    for name, curve in (("cost", traced), ("people", watch.frontier)):
        families += [(name, point) for point in count_points(curve, candidates, people)]  # type: ignore[misc]
    families.append(("plan", count_posture(watch.copies, watch.detected_share, candidates, people)))
    return price_points(families, pricing, find_gap(traced, planned, watch.detected_share))


def find_gap(traced: Frontier, cost: float, planned_share: float) -> float:
    """Return the share of the bound that neither the curve nor the posture as planned reaches at a cost."""
    at = traced.point_at(cost)
    bound = float(traced.bound[at])
    found = max(float(traced.reached[at]), planned_share)
    return max(0.0, 1.0 - found / bound) if bound > 0 else 0.0


def price_points(
    points: Sequence[tuple[ChosenBy, PostureCount]], pricing: Pricing, gap: float | None = None
) -> CostFrontier:
    """Return postures priced, each beside all others; also for those of a finished plan."""
    priced = pricing.price([point for _, point in points])
    found = tuple(FrontierPoint(name, one) for (name, _), one in zip(points, priced, strict=True))
    return CostFrontier(found, gap)


def price_candidates(candidates: Candidates, people: People, pricing: Pricing) -> FloatArray:
    """Return (n,) what a copy of each candidate costs a year, with the support that its people take."""
    ones = [
        PostureCount(1, 0, 0, 0, 0.0),
        PostureCount(0, 1, 0, 0, 0.0),
        PostureCount(0, 0, 1, 0, 0.0),
        PostureCount(0, 0, 0, 1, 0.0),
    ]
    soldier, post, mast, orbit = (one.per_year.value for one in pricing.price(ones))
    of_thing = {"posts": post, "masts": mast, "orbits": orbit}
    things = np.array([of_thing.get(_THING_OF_KIND.get(kind, ""), 0.0) for kind in candidates.kind])
    none, one = deployed_at(people, np.array([0.0, 1.0]))
    cost: FloatArray = candidates.cost * (one - none) * soldier + things
    return cost


def count_points(curve: Frontier, candidates: Candidates, people: People) -> list[PostureCount]:
    """Return what stands at points spread evenly over a curve, the first and the last among them."""
    n = len(curve.objective)
    kept = np.unique(np.round(np.linspace(0, n - 1, min(n, N_POINTS))).astype(np.int64))
    copies = np.bincount(curve.order[: curve.n_forced], minlength=candidates.n).astype(np.int64)
    found, done = [], 0
    for point in kept.tolist():
        later = curve.order[curve.n_forced + done : curve.n_forced + point]
        copies = copies + np.bincount(later, minlength=candidates.n)
        done = point
        found.append(count_posture(copies, float(curve.objective[point]), candidates, people))
    return found


def count_posture(copies: IntArray, detected: float, candidates: Candidates, people: People) -> PostureCount:
    """Return the whole force and the things of a choice, everything else of the posture as planned."""
    n = {"posts": 0, "masts": 0, "orbits": 0}
    for kind, thing in _THING_OF_KIND.items():
        n[thing] += int(copies[np.array([each == kind for each in candidates.kind])].sum())
    watchers = np.array([float(candidates.cost @ copies)])
    deployed = round(float(deployed_at(people, watchers)[0]), KEPT_DECIMALS)
    return PostureCount(deployed, **n, coverage=round(detected, KEPT_DECIMALS))
