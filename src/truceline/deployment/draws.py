"""How far the dates may be off: many draws of every lead time, load and capacity within its range.

Days from the ceasefire, people. Each range is a triangle with its peak at the value, drawn in a Latin
hypercube from a seed that is kept; draws are independent of each other, so that the answer is the same on any
number of threads. What is not drawn: whether a condition comes true at all, what the force needs, and how a
case allots people. Movement is by the fast allocation, a few per cent behind the exact one at worst.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from truceline.deployment._flow_arrays import FlowArrays, lay_out, whole_days
from truceline.deployment.flow import check_movements, days_until, run_forward
from truceline.deployment.loads import read_loads
from truceline.deployment.make import MovementPlan
from truceline.deployment.model import FloatArray, add_people
from truceline.deployment.readiness import approval_days, list_leads, read_movement_classes
from truceline.deployment.timeline import STAGES, Criterion, Stage, measure
from truceline.deployment.what_ifs import NEXT_DOOR
from truceline.errors import Problem, ScenarioError
from truceline.generation.model import WatchOutcomes
from truceline.scenario.assumption import AssumptionSet
from truceline.trace import Traced

Progress = Callable[[int, int], None]
"""Told how many draws are done, and of how many."""
DRAWS_MAX = 20_000
CARRIERS = 5
"""Assumptions that are named as carrying the spread."""
LEAST_CARRIED = 0.02
"""Share of the spread below which an assumption is not named: chance alone gives as much."""
PERCENT = (0.1, 0.5, 0.9)
_STAGING = "deployment.staging_days"
_RELEASE = "deployment.release_days"
_LOADS = (
    "generation.cargo_per_person",
    "deployment.cargo_medium",
    "deployment.cargo_light",
    "deployment.cargo_observers",
    "deployment.railcars_heavy",
    "deployment.railcars_medium",
    "deployment.railcars_light",
    "deployment.railcars_observers",
    "deployment.kit_per_person",
    "deployment.cargo_per_railcar",
    "sustainment.water",
    "generation.water_by_road_share",
    "sustainment.fuel",
    "generation.fuel_density",
    "sustainment.supplies",
)
"""Assumptions on loads and supplies that are drawn."""


@dataclass(frozen=True)
class DrawnInput:
    """One number that is drawn."""

    name: str
    group: str
    """Assumption it is an instance of; its own name where it is one."""
    label: str
    low: float
    value: float
    high: float


@dataclass(frozen=True)
class DayBand:
    """When something happens, over all draws."""

    p10: float
    """inf where it does not happen in so many draws."""
    p50: float
    p90: float
    never_share: float
    """Draws in which it does not happen within the days looked at."""
    ours: bool
    """Whether it rests on people of whom nobody stated how many."""


@dataclass(frozen=True)
class Carrier:
    """An assumption and how much of the spread goes with it."""

    name: str
    label: str
    share: float
    """Of the squared rank correlations of all inputs with the day."""
    later: bool
    """Whether more of it makes the force later."""


@dataclass(frozen=True, eq=False)
class Draws:
    """What the draws gave."""

    seed: int
    n: int
    horizon: int
    strength: Mapping[float, FloatArray]
    """(days + 1,) people in place that a tenth, half and nine tenths of the draws stay below."""
    stages: Mapping[Stage, DayBand]
    half: DayBand
    """Half of the people planned are in place."""
    criteria: Mapping[str, DayBand]
    carriers: tuple[Carrier, ...]
    """What the spread of `carried` rests on, most first."""
    carried: str
    """Day whose spread was asked for, in words."""
    inputs: tuple[DrawnInput, ...]
    days: Mapping[str, FloatArray]
    """(n,) day by stage, criterion and "half"; inf for never."""


def draw(
    plan: MovementPlan,
    criteria: Sequence[Criterion],
    assumptions: AssumptionSet,
    *,
    outcomes: WatchOutcomes | None = None,
    n: int = 1000,
    seed: int = 1,
    days: int = 365,
    workers: int = 2,
    progress: Progress | None = None,
) -> Draws:
    """Return bands of strength and dates over `n` draws.

    workers: threads; the answer does not depend on it. progress: told after each draw, in order.

    Raises ScenarioError for a number of draws that is not possible, and as `flow.move` does.
    """
    if not 1 <= n <= DRAWS_MAX:
        problem = Problem("draws", f"{n} is not a number of draws", f"write 1 to {DRAWS_MAX:,}")
        raise ScenarioError("deployment", [problem])
    check_movements(plan.movements, plan.network, days, plan.losses)
    inputs = list_inputs(plan, assumptions)
    values = sample(inputs, n, seed)
    ready = _ready_days(plan, inputs, values, n)
    base = lay_out(
        plan.movements,
        plan.network,
        read_loads(plan.network, assumptions),
        days,
        assumptions.value(_STAGING),
        plan.losses,
    )
    needs = {one.capability.key: one.units for one in plan.requirements if one.capability.kind == "people"}
    planned = plan.people
    column = {one.name: j for j, one in enumerate(inputs)}

    def once(i: int) -> tuple[FloatArray, FloatArray]:
        arrays = _drawn_arrays(plan, base, assumptions, column, values[i], ready[i], days)
        _, placed, *_ = run_forward(arrays)
        in_place = np.cumsum(placed, axis=1)[np.argsort(arrays.group_order)]
        by_capability: dict[str, FloatArray] = {}
        for one, row in zip(plan.movements, in_place, strict=True):
            by_capability[one.capability] = by_capability.get(one.capability, 0.0) + row
        strength = in_place.sum(axis=0)
        met = [days_until(measure(one, by_capability, needs, outcomes), one.share.value) for one in criteria]
        half = days_until(strength, planned / 2) if planned > 0 else math.inf
        return strength, np.array([*met, half])

    curves, dates = np.zeros((n, days + 1)), np.zeros((n, len(criteria) + 1))
    with ThreadPoolExecutor(max_workers=max(1, workers)) as pool:
        for i, (strength, met) in enumerate(pool.map(once, range(n))):
            curves[i], dates[i] = strength, met
            if progress is not None:
                progress(i + 1, n)
    return _sum_up(plan, criteria, inputs, values, curves, dates, seed, days)


def list_inputs(plan: MovementPlan, assumptions: AssumptionSet) -> tuple[DrawnInput, ...]:
    """Return every number with a range that the dates of a plan rest on, by name."""
    found: list[DrawnInput] = []

    def add(number: Traced, name: str = "", label: str = "") -> None:
        low, high = number.bounds
        if high > low:
            found.append(
                DrawnInput(name or number.name, number.name, label or number.label, low, number.value, high)
            )

    leads = list_leads(list(plan.schedules), plan.gates, plan.book, plan.case_met)
    for key, lead in leads.items():
        if key not in plan.met:
            add(lead, key)
    classes = read_movement_classes()
    notices = sorted({(one.nation, classes[one.capability].notice) for one in plan.movements})
    for nation, notice in notices:
        add(assumptions.trace(notice), f"{notice}.{nation}")
    for nation in sorted({one.nation for one in plan.movements}):
        add(assumptions.trace(_RELEASE), f"{_RELEASE}.{nation}")
        people = [one for one in plan.movements if one.nation == nation]
        total = sum(one.people for one in people)
        low, high = add_people(people)
        if total > 0 and high > low:
            whose = "ours, nobody stated it" if any(one.is_ours for one in people) else "stated"
            name = f"people.{nation}"
            label = f"People of {people[0].name or nation} ({whose})"
            found.append(DrawnInput(name, name, label, low / total, 1.0, high / total))
    add(assumptions.trace(_STAGING))
    for name in _LOADS:
        add(assumptions.trace(name))
    origins = {one.origin or plan.network.origin_of(one.nation) for one in plan.movements}
    routes = [route for route in plan.network.routes if origins & set(route.origins)]
    for route in routes:
        add(route.days)
    passed = {name for route in routes for name in route.path}
    for node in plan.network.passed:
        if node.key in passed and node.capacity is not None:
            add(node.capacity)
    return tuple(sorted(found, key=lambda one: one.name))


def sample(inputs: Sequence[DrawnInput], n: int, seed: int) -> FloatArray:
    """Return (n, inputs) draws from triangles between low and high with the peak at the value.

    A Latin hypercube (McKay, Beckman and Conover 1979): each input has one draw in every n-th of its chance.
    """
    rng = np.random.default_rng(seed)
    drawn = np.zeros((n, len(inputs)))
    for j, one in enumerate(inputs):
        chance = (rng.permutation(n) + rng.random(n)) / n
        width, rise = one.high - one.low, one.value - one.low
        peak = rise / width
        left = one.low + np.sqrt(chance * width * rise)
        right = one.high - np.sqrt((1 - chance) * width * (width - rise))
        drawn[:, j] = np.where(chance < peak, left, right)
    return drawn


def _ready_days(plan: MovementPlan, inputs: Sequence[DrawnInput], values: FloatArray, n: int) -> FloatArray:
    """Return (n, movements) the day from which each can start."""
    column = {one.name: j for j, one in enumerate(inputs)}
    all_leads = list_leads(list(plan.schedules), plan.gates, plan.book, plan.case_met)
    leads = {
        key: (values[:, column[key]] if key in column else np.full(n, lead.value))
        + plan.what_if.delays.get(key, 0.0)
        for key, lead in all_leads.items()
    }
    by_nation = {
        nation: approval_days(
            nation,
            leads,
            plan.gates,
            plan.book,
            plan.case_met,
            met=plan.met,
            early_days=plan.what_if.early_days,
        )
        for nation in plan.schedules
    }
    classes = read_movement_classes()
    ready = np.zeros((n, len(plan.movements)))
    for g, one in enumerate(plan.movements):
        name = f"{classes[one.capability].notice}.{one.nation}"
        central = one.ready_day - one.approved_day
        notice = values[:, column[name]] if name in column else np.full(n, central)
        waits = np.zeros(n) if one.origin == NEXT_DOOR else notice
        ready[:, g] = np.maximum(0.0, by_nation[one.nation] + waits)
    return ready


def _drawn_arrays(
    plan: MovementPlan,
    base: FlowArrays,
    assumptions: AssumptionSet,
    column: Mapping[str, int],
    row: FloatArray,
    ready: FloatArray,
    days: int,
) -> FlowArrays:
    """Return the arrays of one draw: groups in the order of their drawn days, routes in that of the plan."""
    network = plan.network

    def drawn(name: str, value: float) -> float:
        return float(row[column[name]]) if name in column else value

    changes = {name: float(row[column[name]]) for name in (*_LOADS, _STAGING) if name in column}
    loads = read_loads(network, assumptions.replaced(changes))
    movements = plan.movements
    people = np.array([one.people * drawn(f"people.{one.nation}", 1.0) for one in movements])
    release = np.array(
        [
            0.0 if one.origin == NEXT_DOOR else drawn(f"{_RELEASE}.{one.nation}", one.release_days)
            for one in movements
        ]
    )
    priority = np.array([one.priority for one in movements], np.int64)
    order = np.lexsort((np.arange(len(movements)), ready, priority))
    staging = whole_days(drawn(_STAGING, assumptions.value(_STAGING)))
    of_beds = np.array([node.unit == "bed" for node in network.passed], bool)
    factor = np.array(
        [
            drawn(node.capacity.name, node.capacity.value) / node.capacity.value
            if node.capacity is not None and node.capacity.value > 0
            else 1.0
            for node in network.passed
        ]
    )
    back = np.argsort(base.group_order)
    routes = base.route_order
    return replace(
        base,
        people=people[order],
        ready=ready[order],
        release=release[order],
        load=base.load[back][order],
        priority=priority[order],
        allowed=base.allowed[back][order],
        lag=np.array(
            [whole_days(drawn(network.routes[r].days.name, network.routes[r].days.value)) for r in routes]
        ),
        delay=np.where(base.delay > 0, staging, 0).astype(np.int64),
        need=loads.per_person[:, routes],
        per_tonne=loads.per_tonne[routes],
        capacity=base.capacity * factor[:, None],
        hold=np.where(of_beds, max(1, staging), 1).astype(np.int64),
        per_person_t=loads.supplies.value,
        group_order=order,
    )


def _sum_up(
    plan: MovementPlan,
    criteria: Sequence[Criterion],
    inputs: tuple[DrawnInput, ...],
    values: FloatArray,
    curves: FloatArray,
    dates: FloatArray,
    seed: int,
    horizon: int,
) -> Draws:
    ours = plan.people_ours > 0
    by_key = {one.key: dates[:, j] for j, one in enumerate(criteria)}
    stages: dict[Stage, FloatArray] = {}
    for stage in STAGES:
        of_stage = [by_key[one.key] for one in criteria if one.stage == stage]
        stages[stage] = np.maximum.reduce(of_stage) if of_stage else np.full(len(dates), math.inf)
    half = dates[:, -1]
    carried, what = half, "half of the people planned are in place"
    for stage, words in STAGES.items():
        if np.isfinite(stages[stage]).mean() >= 0.5:
            carried, what = stages[stage], words
            break
    return Draws(
        seed=seed,
        n=len(dates),
        horizon=horizon,
        strength={share: np.quantile(curves, share, axis=0) for share in PERCENT},
        stages={stage: _band(series, ours) for stage, series in stages.items()},
        half=_band(half, ours),
        criteria={key: _band(series, ours) for key, series in by_key.items()},
        carriers=find_carriers(inputs, values, np.minimum(carried, horizon + 1.0)),
        carried=what,
        inputs=inputs,
        days={**by_key, **{str(stage): series for stage, series in stages.items()}, "half": half},
    )


def _band(series: FloatArray, ours: bool) -> DayBand:
    p10, p50, p90 = np.quantile(series, PERCENT, method="inverted_cdf")
    return DayBand(float(p10), float(p50), float(p90), float(np.isinf(series).mean()), ours)


def find_carriers(inputs: Sequence[DrawnInput], values: FloatArray, days: FloatArray) -> tuple[Carrier, ...]:
    """Return the assumptions that go with the spread of a day: squared rank correlations, shared out to one.

    Instances of one assumption (the notice of each nation) count together. Correlation is not cause, and
    inputs that matter only together are missed; never counts as one day after the horizon.
    """
    if len(days) < 3 or np.ptp(days) == 0:
        return ()
    ranks = _rank(days)
    squares: dict[str, float] = {}
    signs: dict[str, float] = {}
    labels: dict[str, str] = {}
    for j, one in enumerate(inputs):
        r = float(np.corrcoef(_rank(values[:, j]), ranks)[0, 1])
        squares[one.group] = squares.get(one.group, 0.0) + max(0.0, r * r - 1.0 / len(days))
        signs[one.group] = signs.get(one.group, 0.0) + r
        labels[one.group] = one.label
    total = sum(squares.values())
    named = sorted(squares, key=lambda key: (-round(squares[key], 9), key))[:CARRIERS]
    return tuple(
        Carrier(key, labels[key], squares[key] / total, signs[key] > 0)
        for key in named
        if total > 0 and squares[key] / total >= LEAST_CARRIED
    )


def _rank(series: FloatArray) -> FloatArray:
    """Return ranks, equal ones sharing their mean."""
    _, place, counts = np.unique(series, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts - 1) / 2.0)[place])


def trace_day(
    name: str, label: str, day: float, band: DayBand | None, parts: Sequence[Traced] = (), *, note: str = ""
) -> Traced | None:
    """Return a date as a number with its range of the draws; None where it never comes.

    The range is from the tenth to the ninetieth of a hundred draws; an end that never comes is left open.
    """
    if not math.isfinite(day):
        return None
    ours = "ours: rests on sizes nobody stated" if band is not None and band.ours else ""
    low = None if band is None else min(band.p10, day)
    high = None if band is None or not math.isfinite(band.p90) else max(band.p90, day)
    return Traced(
        name=name,
        value=day,
        unit="day",
        label=label,
        formula="the last of its criteria, from approvals, notice and movement through the network",
        parts=tuple(parts),
        low=low,
        high=high,
        evidence="computed",
        note="; ".join(words for words in (ours, note) if words),
    )
