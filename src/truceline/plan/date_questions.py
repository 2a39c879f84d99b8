"""What is asked about dates: a horizon, what was done before the ceasefire, losses, delays, and the what-ifs.

Days from the ceasefire, people. Questions of ours, not forecasts: nothing says how likely any of them is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from truceline.deployment.draws import DRAWS_MAX
from truceline.deployment.flow import DAYS_MAX, Loss
from truceline.deployment.make import MovementPlan, find_parliament
from truceline.deployment.model import Flow, Network
from truceline.deployment.readiness import APPROVAL
from truceline.deployment.what_ifs import NEXT_DOOR, US_LIFT_NODE, WhatIf, lose
from truceline.errors import ProblemList, ScenarioError
from truceline.generation.condition_book import DECISION, PARLIAMENT
from truceline.scenario.model import MovementOptions

DAY_S = 86_400.0
"""Seconds of a day: scenarios keep times in seconds."""
PLAN_DRAWS = 400
"""Draws of a plan: the ends of an 80 % band are settled to a few days, in about a second."""
SEED = 1
EARLY_DAYS, DELAY_DAYS = 90.0, 90.0
"""What-ifs of a plan: approvals begun so many days before the ceasefire, a parliament so many later."""
NEXT_DOOR_SHARE = 0.25
"""Part of those who come that waits next door in the what-if of a plan."""


@dataclass(frozen=True)
class DateQuestion:
    """What is asked about dates."""

    days: int = 365
    """Days looked at."""
    early_days: float = 0.0
    """Days before the ceasefire from which approvals are worked on."""
    next_door: float = 0.0
    """People who wait next door on the day of the ceasefire."""
    losses: tuple[Loss, ...] = ()
    delays: Mapping[str, float] = field(default_factory=dict)
    """Days that a nation's approval takes longer, by its code."""
    us_lift: bool | None = None
    """Whether the United States bring strategic lift; None as the case says."""
    nodes: Path | None = None
    routes: Path | None = None
    case: str = ""
    """Case of the generation; empty for the one it shows in full."""
    samples: int = PLAN_DRAWS
    """Draws for the bands; 0 for none."""
    seed: int = SEED
    what_ifs: bool = True
    """Whether the what-ifs are set beside it."""


def question_of(options: MovementOptions) -> DateQuestion:
    """Return what a scenario asks about movement as a question."""
    return DateQuestion(
        days=options.days,
        early_days=0.0 if options.approvals_before is None else options.approvals_before.value / DAY_S,
        next_door=0.0 if options.prepositioned is None else options.prepositioned.value,
        nodes=options.nodes,
        routes=options.routes,
    )


def check_question(question: DateQuestion, network: Network) -> None:
    """Raise ScenarioError with every lost node, time and number of people or draws that cannot be."""
    problems = ProblemList()
    if not 1 <= question.days <= DAYS_MAX:
        problems.add("days", f"{question.days} is not a horizon", f"write 1 to {DAYS_MAX:,} days")
    if not 0 <= question.samples <= DRAWS_MAX:
        problems.add("samples", f"{question.samples} is not a number of draws", f"write 0 to {DRAWS_MAX:,}")
    if question.seed < 0:
        problems.add("seed", f"{question.seed} is not a seed", "write a whole number from 0")
    keys = [node.key for node in network.passed]
    for loss in question.losses:
        if loss.node not in keys:
            found = "is not a node that anything passes"
            problems.add(f"lost node {loss.node}", found, f"one of {', '.join(keys)}")
        if loss.from_day < 0:
            found = f"is lost from day {loss.from_day}, before the ceasefire"
            problems.add(f"lost node {loss.node}", found, "count days from the ceasefire, which is day 0")
        elif loss.to_day < loss.from_day:
            found = f"is lost from day {loss.from_day} to day {loss.to_day}"
            problems.add(f"lost node {loss.node}", found, "write the first day first")
    for nation, days in sorted(question.delays.items()):
        if not 0 <= days < 1e5:
            problems.add(f"delay of {nation}", f"{days:g} days is not a delay", "write zero days or more")
    if not 0 <= question.early_days < 1e5:
        found = f"{question.early_days:g} days before the ceasefire is not possible"
        problems.add("approvals before", found, "write zero or more; the ceasefire itself is day 0")
    if not 0 <= question.next_door < 1e7:
        found = f"{question.next_door:g} is not a number of people"
        problems.add("prepositioned", found, "write zero or more")
    problems.raise_if_any(ScenarioError, "deployment")


def as_asked(question: DateQuestion, plan: MovementPlan) -> WhatIf:
    """Return the question as the one change that all its dates start from."""
    problems, delays = ProblemList(), {}
    for nation, days in sorted(question.delays.items()):
        schedule = plan.schedules.get(nation)
        if schedule is None:
            known = ", ".join(plan.schedules) or "nobody"
            problems.add(f"delay of {nation}", f"does not come in case {plan.case}", f"who comes: {known}")
            continue
        waited = [step.key for step in schedule.steps if not step.met]
        own = [kind + nation for kind in (PARLIAMENT, DECISION, APPROVAL) if kind + nation in waited]
        if not own:
            problems.add(
                f"delay of {nation}",
                "waits for no approval of its own in this case",
                f"it waits for {', '.join(waited) or 'nothing'}",
            )
            continue
        delays[own[0]] = days
    problems.raise_if_any(ScenarioError, "deployment")
    said = []
    if question.early_days > 0:
        said.append(f"approvals begun {question.early_days:g} days before the ceasefire")
    if question.next_door > 0:
        said.append(f"{question.next_door:,.0f} people waiting next door")
    said += [_say_loss(loss, question.days) for loss in question.losses]
    said += [f"{_name_vote(key, plan)} {days:g} days later" for key, days in delays.items()]
    if question.us_lift is False:
        said.append("no strategic lift of the United States")
    label = "; ".join(said)
    return WhatIf(
        "as-asked" if label else "as-planned",
        label[:1].upper() + label[1:] or "As planned",
        early_days=question.early_days,
        next_door=min(question.next_door, plan.people),
        losses=question.losses,
        delays=delays,
        us_lift=question.us_lift,
    )


def list_changes(base: WhatIf, plan: MovementPlan, flow: Flow) -> tuple[WhatIf, ...]:
    """Return changes to a plan, each added to what was asked."""
    found: list[WhatIf] = []
    early = base.early_days + EARLY_DAYS
    found.append(
        replace(
            base,
            key="early",
            label=f"Approvals begun {early:g} days before the ceasefire",
            early_days=early,
        )
    )
    near = _round_people(NEXT_DOOR_SHARE * plan.people)
    if NEXT_DOOR in plan.network.nodes and near > base.next_door:
        label = f"{near:,.0f} people waiting next door"
        found.append(replace(base, key="next-door", label=label, next_door=near))
        both = f"Approvals {early:g} days before, and {near:,.0f} people waiting next door"
        found.append(replace(base, key="early-and-near", label=both, early_days=early, next_door=near))
    lost = {loss.node for loss in base.losses}
    port, busiest = _busiest_port(flow), _most_binding(flow)
    for key, node in (("lost-port", port), ("lost-busiest", busiest)):
        if node and node not in lost:
            lost.add(node)
            gone = lose(node, 0, flow.days).losses
            label = f"{plan.network.nodes[node].label} lost for the whole time"
            found.append(replace(base, key=key, label=label, losses=(*base.losses, *gone)))
    parliament = find_parliament(plan)
    if parliament:
        days = base.delays.get(parliament, 0.0) + DELAY_DAYS
        label = f"{_name_vote(parliament, plan)} {DELAY_DAYS:g} days later"
        delays = {**base.delays, parliament: days}
        found.append(replace(base, key="late-parliament", label=label, delays=delays))
    if base.us_lift is not False and US_LIFT_NODE in plan.network.nodes:
        label = "No strategic lift of the United States"
        found.append(replace(base, key="no-us-lift", label=label, us_lift=False))
    return tuple(found)


def _busiest_port(flow: Flow) -> str:
    """Return the port that carries most, else the first of the network; empty where it has none."""
    ports = [
        (-float(flow.used[row].sum()), row, node.key)
        for row, node in enumerate(flow.network.passed)
        if node.kind == "port"
    ]
    return min(ports)[2] if ports else ""


def _most_binding(flow: Flow) -> str:
    """Return the node that held back most people for most weeks; empty where none did."""
    held: dict[str, float] = {}
    for week in flow.weeks:
        if week.node:
            held[week.node] = held.get(week.node, 0.0) + week.share * week.waiting
    return max(held, key=lambda key: (held[key], key)) if held else ""


def _round_people(people: float) -> float:
    """Return people to the hundred below; all of them where there are fewer."""
    return math.floor(people / 100) * 100.0 if people >= 100 else people


def _say_loss(loss: Loss, horizon: int) -> str:
    when = f"from day {loss.from_day} to day {min(loss.to_day, horizon)}"
    if loss.from_day <= 1 and loss.to_day >= horizon:
        when = "for the whole time"
    return f"{loss.node} lost {when}"


def _name_vote(key: str, plan: MovementPlan) -> str:
    for schedule in plan.schedules.values():
        for step in schedule.steps:
            if step.key == key:
                return step.label
    return key


def read_loss(text: str, days: int) -> Loss | None:
    """Return the loss that a text names: ``NODE`` for the whole time, or ``NODE=FROM..TO`` in days.

    None for a text that is neither.
    """
    node, sign, span = text.partition("=")
    if not sign:
        return Loss(node.strip(), 0, days)
    first, dots, last = span.partition("..")
    try:
        return Loss(node.strip(), int(first), int(last)) if dots else None
    except ValueError:
        return None
