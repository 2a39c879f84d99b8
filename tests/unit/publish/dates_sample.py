"""A plan with dates: the small plan with the made-up generation of the tests of deployment."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "deployment"))
from movement_inputs import made_generation

from truceline.plan.date_questions import DateQuestion
from truceline.plan.dates import PlanDates, find_dates
from truceline.plan.model import Plan
from truceline.scenario.catalogue import load_catalogue


@cache
def made_dates(days: int = 300, samples: int = 16, case: str = "") -> PlanDates:
    """Return dates of the made-up force, with few draws."""
    return find_dates(
        made_generation(), load_catalogue(), DateQuestion(days=days, samples=samples, case=case)
    )


def with_dates(plan: Plan, days: int = 300, samples: int = 16, case: str = "") -> Plan:
    """Return a plan to which the made-up generation and its dates were put."""
    dates = made_dates(days, samples, case)
    return replace(plan, generation=made_generation(), dates=dates)
