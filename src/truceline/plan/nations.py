"""Ask who would come for the posture planned in full: its watch with more above it, then generation.

Shares and chances in [0, 1]; people. The watch is solved at every strength and with the whole need of each
intelligence task or none of it; generation reads between these. It changes nothing of the plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from truceline.detection.parameters import DetectionParameters
from truceline.detection.sensors import Sensor
from truceline.generation.make import ASK_ALL, Question, generate
from truceline.generation.requirements import list_requirements
from truceline.generation.result import Generation
from truceline.plan.backstop_days import deploying_of
from truceline.plan.basis import describe_basis
from truceline.plan.date_questions import question_of
from truceline.plan.ground import Ground
from truceline.plan.isr_means import ISR_TASKS
from truceline.plan.isr_watch import find_outcomes
from truceline.plan.model import PosturePlan
from truceline.plan.money import claim_prices
from truceline.plan.watch import Progress
from truceline.scenario.assumption import AssumptionSet
from truceline.scenario.model import Scenario


def ask_nations(
    scenario: Scenario,
    planned: Mapping[str, PosturePlan],
    chosen: str,
    length_m: float,
    ground: Ground | None,
    sensors: dict[str, Sensor],
    assumptions: AssumptionSet,
    parameters: DetectionParameters,
    *,
    question: Question = ASK_ALL,
    progress: Progress | None = None,
) -> Generation | None:
    """Return who would come on the scenario's day; None for a scenario without contributors.

    Raises TrucelineError where the register, the conditions or the question cannot be used.
    """
    if scenario.contributors is None:
        return None
    one = planned[chosen]
    n_sectors = 1 if ground is None else len(ground.sectors)
    basis = describe_basis(scenario, one, length_m, n_sectors, None, tuple(planned.values()))
    if ground is not None and one.watch is not None:
        units = {each.capability.key: each.units for each in list_requirements(basis, assumptions)}
        outcomes = find_outcomes(
            one.watch,
            ground,
            scenario.watched,
            sensors,
            assumptions,
            parameters,
            held={},
            needed={task: units[task] for task in ISR_TASKS},
            progress=progress,
        )
        basis = replace(basis, outcomes=outcomes)
    prices = claim_prices(basis.mission, assumptions) if question.claims else None
    deploying = None
    if question.backstop and scenario.movement is not None:
        deploying = deploying_of(question_of(scenario.movement), assumptions)
    contributors = scenario.contributors
    return generate(basis, contributors, scenario.as_of, assumptions, question, progress, prices, deploying)
