"""A plan with talks: the small plan with the made-up generation and the packaged tables, with few draws."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "deployment"))
from movement_inputs import made_generation

from truceline.plan.model import Plan
from truceline.plan.talks import PlanTalks, ask_talks
from truceline.scenario.catalogue import load_catalogue
from truceline.scenario.model import Contributors, TalksOptions
from truceline.talks.make import TalksQuestion

DAY = date(2025, 2, 17)


@cache
def made_plan_talks(samples: int = 20, *, day: date = DAY, since: date | None = None) -> PlanTalks:
    """Return talks on the packaged tables, with the forces of the made-up watch and its neighbour."""
    first = made_generation().basis
    second = replace(
        first, posture="line", posture_label="A made-up line", mission="observation", outcomes=None
    )
    return ask_talks(
        TalksOptions(folder="ukraine-2025", samples=samples),
        day,
        Contributors(pledges="ukraine-2025"),
        [first, second],
        load_catalogue(),
        TalksQuestion(samples=samples, since=since, want=("troop_deployment=60..80",) if since else ()),
    )


def with_talks(plan: Plan, plan_talks: PlanTalks | None = None) -> Plan:
    """Return a plan to which the made-up generation and talks were put."""
    return replace(plan, generation=made_generation(), talks=plan_talks or made_plan_talks())
