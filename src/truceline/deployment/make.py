"""From who comes in a case to who can move when: the movements of a generation, with all that they rest on.

People, days from the ceasefire. A nation that stated no size keeps its mark and its range. Enablers counted
in aircraft, beds or batteries have dates of their own and no load: the people who bring them carry it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from truceline.deployment._flow_arrays import Loss
from truceline.deployment.flow import Method, move
from truceline.deployment.model import Flow, Movement, Network
from truceline.deployment.network import set_capacities
from truceline.deployment.readiness import (
    Schedule,
    check_classes,
    list_leads,
    read_movement_classes,
    schedule_nation,
)
from truceline.deployment.what_ifs import (
    AS_PLANNED,
    NATIONS_LIFT_NODE,
    US_LIFT,
    US_LIFT_NODE,
    WhatIf,
    check_what_if,
    wait_next_door,
)
from truceline.errors import Problem, ScenarioError
from truceline.generation.condition_book import PARLIAMENT, ConditionBook
from truceline.generation.formula import add_range, compute
from truceline.generation.gating import Gate
from truceline.generation.model import Requirement
from truceline.generation.result import CaseResult, Generation
from truceline.scenario.assumption import AssumptionSet
from truceline.trace import Traced

LIFT = "strategic-lift"
"""Capability whose units fly for everybody."""


@dataclass(frozen=True, eq=False)
class EnablerDate:
    """Units of an enabler and the day they can be there: after approval and notice, without a journey."""

    nation: str
    capability: str
    units: float
    day: float


@dataclass(frozen=True, eq=False)
class MovementPlan:
    """Everything needed to move who comes in a case."""

    case: str
    case_met: frozenset[str]
    met: frozenset[str]
    """Conditions that held on the day asked about."""
    movements: tuple[Movement, ...]
    enablers: tuple[EnablerDate, ...]
    schedules: Mapping[str, Schedule]
    """Calendar of approvals by nation."""
    requirements: tuple[Requirement, ...]
    network: Network
    losses: tuple[Loss, ...]
    book: ConditionBook
    gates: Mapping[str, Gate]
    what_if: WhatIf
    lift: Traced | None
    """Tonnes a day by aircraft of those who come, ``movement.airlift-nations``; None without such a node."""
    generation: Generation | None = None

    @property
    def people(self) -> float:
        """People who will come."""
        return sum(one.people for one in self.movements)

    @property
    def people_ours(self) -> float:
        """Part of them that rests on sizes nobody stated."""
        return sum(one.people for one in self.movements if one.is_ours)


def plan_movement(
    result: CaseResult,
    gates: Mapping[str, Gate],
    book: ConditionBook,
    network: Network,
    assumptions: AssumptionSet,
    *,
    met: Collection[str] = (),
    what_if: WhatIf = AS_PLANNED,
) -> MovementPlan:
    """Return who can move when, for one case of a generation.

    met: conditions that hold already on the day asked about; they take no time.

    Raises
    ------
    ScenarioError, TableError
        With every nation without a rule of approval or an origin, every capability without a class of
        movement, and everything that the what-if names and that is not there.
    """
    classes = read_movement_classes()
    codes = [one.code for one in result.contributions]
    check_classes({key for one in result.contributions for key in one.units}, classes)
    waited = list_leads(codes, gates, book, result.case.met)
    check_what_if(what_if, network, list(waited))
    kinds = {fill.requirement.capability.key: fill.requirement.capability for fill in result.fills}
    schedules = {
        code: schedule_nation(
            code,
            gates,
            book,
            result.case.met,
            met=met,
            early_days=what_if.early_days,
            delays=what_if.delays,
        )
        for code in sorted(codes)
    }
    release = assumptions.value("deployment.release_days")
    movements: list[Movement] = []
    enablers: list[EnablerDate] = []
    for one in result.contributions:
        approved = schedules[one.code].approved_day
        low = 1.0 if one.people.low is None or not one.people.value else one.people.low / one.people.value
        high = 1.0 if one.people.high is None or not one.people.value else one.people.high / one.people.value
        for key, units in sorted(one.units.items()):
            capability, how = kinds[key], classes[key]
            ready = max(0.0, approved + assumptions.value(how.notice))
            if capability.kind == "enabler":
                enablers.append(EnablerDate(one.code, key, units, ready))
                continue
            movements.append(
                Movement(
                    nation=one.code,
                    capability=key,
                    people=units,
                    load_class=how.load_class,
                    ready_day=ready,
                    release_days=release,
                    approved_day=approved,
                    priority=capability.priority,
                    basis=one.basis,
                    people_low=units * low,
                    people_high=units * high,
                    name=one.name,
                    origin=network.origin_of(one.code),
                )
            )
    if what_if.next_door > 0:
        movements = wait_next_door(movements, what_if.next_door)
    changed, lift, losses = _set_lift(result, network, book, assumptions, met, what_if, enablers)
    return MovementPlan(
        case=result.case.key,
        case_met=result.case.met,
        met=frozenset(met),
        movements=tuple(movements),
        enablers=tuple(enablers),
        schedules=schedules,
        requirements=tuple(fill.requirement for fill in result.fills),
        network=changed,
        losses=(*what_if.losses, *losses),
        book=book,
        gates=gates,
        what_if=what_if,
        lift=lift,
    )


def plan_generation(
    generation: Generation,
    network: Network,
    assumptions: AssumptionSet,
    *,
    case: str = "",
    what_if: WhatIf = AS_PLANNED,
) -> MovementPlan:
    """Return who can move when, for a case of a whole generation; empty for the case it shows in full.

    Raises ScenarioError for an unknown case, and as `plan_movement` does.
    """
    key = case or generation.case_key
    if key not in generation.cases:
        problem = Problem("case", f"{key!r} is not a case", f"one of {', '.join(generation.cases)}")
        raise ScenarioError("deployment", [problem])
    met = [name for name, state in generation.states.items() if state == "met"]
    made = plan_movement(
        generation.cases[key],
        generation.gates,
        generation.book,
        network,
        assumptions,
        met=met,
        what_if=what_if,
    )
    return replace(made, generation=generation)


def find_parliament(plan: MovementPlan) -> str:
    """Return the vote whose delay holds back most people: a parliament that its nation waits for last.

    Where none is last, that of the nation with most people; empty where nobody waits for one.
    """
    people: dict[str, float] = {}
    for one in plan.movements:
        people[one.nation] = people.get(one.nation, 0.0) + one.people
    found = []
    for nation, schedule in plan.schedules.items():
        for step in schedule.steps:
            if step.key == PARLIAMENT + nation and not step.met:
                is_last = step.end >= schedule.approved_day
                found.append((is_last, people.get(nation, 0.0), step.key))
    return max(found)[2] if found else ""


def move_plan(
    plan: MovementPlan, assumptions: AssumptionSet, *, days: int = 365, method: Method = "exact"
) -> Flow:
    """Return the movement of a plan, day by day; raises as `flow.move` does."""
    return move(plan.movements, plan.network, assumptions, days=days, method=method, losses=plan.losses)


def _set_lift(
    result: CaseResult,
    network: Network,
    book: ConditionBook,
    assumptions: AssumptionSet,
    met: Collection[str],
    what_if: WhatIf,
    enablers: list[EnablerDate],
) -> tuple[Network, Traced | None, list[Loss]]:
    """Return the network with the aircraft that come in this case: those of the nations, and the guarantor's.

    Aircraft fly from the day their nation is ready; before, their node passes nothing.
    """
    losses: list[Loss] = []
    lift: Traced | None = None
    keys = {node.key for node in network.passed}
    flying = [one for one in enablers if one.capability == LIFT]
    if NATIONS_LIFT_NODE in keys:
        aircraft = Traced(
            name=f"deployment.{result.case.key}.aircraft",
            value=sum(one.units for one in flying),
            unit="aircraft",
            label="Strategic transport aircraft of those who come",
            evidence="computed",
            note="ours: readiness and release are our priors",
        )
        parts = [aircraft]
        parts += [
            assumptions.trace(name)
            for name in ("generation.lift_sorties_per_aircraft", "generation.cargo_per_sortie")
        ]
        lift = add_range(
            compute(
                f"movement.{NATIONS_LIFT_NODE}",
                "Tonnes a day by the strategic aircraft of those who come",
                "t/day",
                " * ".join(part.name for part in parts),
                parts,
            )
        )
        network = set_capacities(network, {NATIONS_LIFT_NODE: lift.value})
        nodes = dict(network.nodes)
        nodes[NATIONS_LIFT_NODE] = replace(nodes[NATIONS_LIFT_NODE], capacity=lift)
        network = replace(network, nodes=nodes)
        first = min((one.day for one in flying), default=0.0)
        if first >= 1:
            losses.append(Loss(NATIONS_LIFT_NODE, 0, int(first)))
    if US_LIFT_NODE in keys:
        brought = US_LIFT in result.case.met if what_if.us_lift is None else what_if.us_lift
        if not brought:
            network = set_capacities(network, {US_LIFT_NODE: 0.0}, note="not brought in this case")
        elif US_LIFT not in met and US_LIFT in book:
            days = book.lead_days([US_LIFT], met=met)
            if days >= 1:
                losses.append(Loss(US_LIFT_NODE, 0, int(days)))
    return network, lift, losses
