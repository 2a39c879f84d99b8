"""When the force is there: approvals, movement and dates of who comes, for a plan or a question beside it.

Days from the ceasefire, people. It puts the parts of `truceline.deployment` together for one case of a
generation. What-ifs are questions of ours, not forecasts; lead times are estimates, and a date that rests on
sizes nobody stated carries that mark.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from truceline.deployment.draws import Draws, draw
from truceline.deployment.flow import days_until
from truceline.deployment.make import MovementPlan, move_plan, plan_generation
from truceline.deployment.model import Flow
from truceline.deployment.network import read_network
from truceline.deployment.readiness import Schedule
from truceline.deployment.timeline import Criterion, Stage, Timeline, follow, list_criteria
from truceline.deployment.what_ifs import WhatIf
from truceline.generation.result import Generation
from truceline.plan.date_headlines import list_date_headlines
from truceline.plan.date_questions import (
    DateQuestion,
    as_asked,
    check_question,
    list_changes,
    question_of,
)
from truceline.scenario.assumption import AssumptionSet
from truceline.scenario.model import Scenario
from truceline.trace import Traced

Progress = Callable[[str, float], None]

EXACT_GROUPS = 60
"""Groups of people up to which the exact allocation takes a second and is asked beside the fast one."""
MOST_SHARE = 0.9
"""Part of the people who come that counts as most of them being there."""
SHOWN_DAYS = (30, 60, 90, 180, 365)
"""Days at which people in place are set side by side."""


@dataclass(frozen=True, eq=False)
class Outlook:
    """Dates of one what-if."""

    what_if: WhatIf
    days: Mapping[Stage, float]
    """Day of first and of full capability; inf for never."""
    half_day: float
    """Day on which half of the people who come are in place."""
    most_day: float
    """The same for nine tenths of them."""
    at: Mapping[int, float]
    """People in place at some days."""


@dataclass(frozen=True, eq=False)
class PlanDates:
    """When the force of one case is there."""

    case: str
    case_label: str
    question: DateQuestion
    movement: MovementPlan
    flow: Flow
    timeline: Timeline
    criteria: tuple[Criterion, ...]
    half_day: float
    most_day: float
    exact_half_day: float | None
    """Half of them by the exact allocation, beside the fast one of all other dates; None unasked."""
    draws: Draws | None
    what_ifs: tuple[Outlook, ...]
    """The plan as it is first, then one change each; empty where they were not asked for."""
    names: Mapping[str, str]
    """Names of the contributors, by code."""
    headlines: Mapping[str, Traced]

    @property
    def people(self) -> float:
        """People who will come."""
        return self.movement.people

    @property
    def people_ours(self) -> float:
        """Part of them that rests on sizes nobody stated."""
        return self.movement.people_ours

    @property
    def calendar(self) -> tuple[Schedule, ...]:
        """Calendars of approval, those approved first first."""
        return tuple(sorted(self.movement.schedules.values(), key=lambda one: (one.approved_day, one.nation)))


def date_plan(
    scenario: Scenario,
    generation: Generation | None,
    assumptions: AssumptionSet,
    progress: Progress | None = None,
) -> PlanDates | None:
    """Return when the force of a scenario is there; None where it asks nothing of movement or of nations.

    Raises TrucelineError with all that is wrong with the network, the approvals or the question.
    """
    if scenario.movement is None or generation is None:
        return None
    return find_dates(generation, assumptions, question_of(scenario.movement), progress)


def check_dates(scenario: Scenario) -> None:
    """Raise what would be raised after planning, which takes long: tables of movement that cannot be used."""
    if scenario.movement is not None and scenario.contributors is not None:
        question = question_of(scenario.movement)
        check_question(question, read_network(question.nodes, question.routes))


def find_dates(
    generation: Generation,
    assumptions: AssumptionSet,
    question: DateQuestion,
    progress: Progress | None = None,
) -> PlanDates:
    """Return when the force of one case of a generation is there.

    progress: told the stage and how far it is; may raise KeyboardInterrupt.

    Raises TrucelineError with all that is wrong with the network, the approvals or the question.
    """
    tell = progress or (lambda stage, share: None)
    tell("dates", 0.0)
    network = read_network(question.nodes, question.routes)
    check_question(question, network)
    as_planned = plan_generation(generation, network, assumptions, case=question.case)
    base = as_asked(question, as_planned)
    movement = plan_generation(generation, network, assumptions, case=question.case, what_if=base)
    outcomes = generation.basis.outcomes
    criteria = list_criteria(movement.requirements, assumptions, outcomes)

    def move_on(plan: MovementPlan) -> tuple[Flow, Timeline]:
        flow = move_plan(plan, assumptions, days=question.days, method="forward")
        return flow, follow(flow, plan.requirements, criteria, outcomes)

    flow, timeline = move_on(movement)
    exact_half_day = None
    if 0 < len(movement.movements) <= EXACT_GROUPS:
        exact = move_plan(movement, assumptions, days=question.days, method="exact")
        exact_half_day = _day_of_share(exact, movement.people, 0.5)
    tell("dates", 0.2)
    draws = None
    if question.samples > 0:
        draws = draw(
            movement,
            criteria,
            assumptions,
            outcomes=outcomes,
            n=question.samples,
            seed=question.seed,
            days=question.days,
            progress=lambda done, of: tell("draws", done / of),
        )
    outlooks = [_look_out(base, flow, timeline, movement.people)] if question.what_ifs else []
    asked = list_changes(base, movement, flow) if question.what_ifs else ()
    for number, what_if in enumerate(asked):
        tell("what-ifs", number / len(asked))
        changed = plan_generation(generation, network, assumptions, case=question.case, what_if=what_if)
        outlooks.append(_look_out(what_if, *move_on(changed), movement.people))
    result = generation.cases[movement.case]
    found = PlanDates(
        case=movement.case,
        case_label=result.case.label,
        question=question,
        movement=movement,
        flow=flow,
        timeline=timeline,
        criteria=criteria,
        half_day=_day_of_share(flow, movement.people, 0.5),
        most_day=_day_of_share(flow, movement.people, MOST_SHARE),
        exact_half_day=exact_half_day,
        draws=draws,
        what_ifs=tuple(outlooks),
        names={one.code: one.name for one in result.contributions},
        headlines={},
    )
    return replace(found, headlines={one.name: one for one in list_date_headlines(found)})


def _look_out(what_if: WhatIf, flow: Flow, timeline: Timeline, people: float) -> Outlook:
    strength = flow.strength
    return Outlook(
        what_if=what_if,
        days=timeline.days,
        half_day=_day_of_share(flow, people, 0.5),
        most_day=_day_of_share(flow, people, MOST_SHARE),
        at={day: float(strength[day]) for day in SHOWN_DAYS if day <= flow.days},
    )


def _day_of_share(flow: Flow, people: float, share: float) -> float:
    return days_until(flow.strength, share * people) if people > 0 else math.inf
