"""What a part of the backstop is worth in days: how soon so many people are in place with it and without.

Days from the ceasefire, people. By the fast allocation, every lead time at its middle; what carries people
(hospitals, trucks) is counted by generation, which asks here.
"""

from __future__ import annotations

from truceline.deployment.flow import days_until
from truceline.deployment.make import move_plan, plan_movement
from truceline.deployment.network import read_network
from truceline.generation.result import CaseResult
from truceline.generation.situation import Situation
from truceline.generation.worth import Deploying
from truceline.plan.date_questions import DateQuestion
from truceline.scenario.assumption import AssumptionSet


def deploying_of(question: DateQuestion, assumptions: AssumptionSet) -> Deploying:
    """Return how generation asks for days, on the network and with the horizon of a question.

    Raises TableError with all that is wrong with the network.
    """
    network = read_network(question.nodes, question.routes)

    def days_of(result: CaseResult, situation: Situation, people: float) -> float:
        met = [key for key, state in situation.states.items() if state == "met"]
        plan = plan_movement(result, situation.gates, situation.book, network, assumptions, met=met)
        flow = move_plan(plan, assumptions, days=question.days, method="forward")
        return days_until(flow.strength, people)

    return Deploying(days_of, question.days)
