"""What a year of such a force has cost others: past rates put beside this strength, as context only.

Units: money in the currency and prices of each row, people. Rates that count different things
(`basis`) stand in a list side by side; they are never added, averaged or converted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from truceline.errors import Problem, ScenarioError
from truceline.force.estimates import Estimate
from truceline.force.missions import PastMission


@dataclass(frozen=True)
class CostContext:
    """A published cost of one person for one year, and what this strength would cost at that rate."""

    key: str
    """Row of the table it comes from."""
    label: str
    per_person_year: float
    currency: str
    basis: str
    """What the figure counts."""
    per_year: float
    """Cost of the whole strength for a year at this rate, in `currency`."""
    source: str


def list_cost_context(
    people: float, missions: Iterable[PastMission], estimates: Iterable[Estimate]
) -> tuple[CostContext, ...]:
    """Return the cost of `people` for a year at every published rate, missions first, by rate."""
    known = [
        (each.cost_per_person_year, each.key, each.label, each.currency, each.budget_basis, each.source)
        for each in missions
    ]
    planned = [
        (each.cost_per_person_year, each.key, each.label, each.currency, "planning_estimate", each.source)
        for each in estimates
    ]
    return tuple(
        CostContext(key, label, rate, currency, basis, cost_per_year(people, rate), source)
        for group in (known, planned)
        for rate, key, label, currency, basis, source in sorted(row for row in group if row[0] is not None)
        if rate is not None
    )


def cost_per_year(people: float, per_person_year: float) -> float:
    """Return what `people` cost in a year at a rate per person-year, in the currency of the rate.

    Raises
    ------
    ScenarioError
        When either is negative.
    """
    if not (people >= 0 and per_person_year >= 0):
        found = f"{people:g} people at {per_person_year:g} a year"
        raise ScenarioError("cost", [Problem("cost per year", found, "write zero or more")])
    return people * per_person_year
