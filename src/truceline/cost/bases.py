"""What a figure counts: three bases of cost that are never added together, and every word of the tables.

A budget is on one basis. A price of a thing bought is money out in whichever budget takes it; a rate per
person-year belongs to one basis alone; what belongs to none stands beside and is never summed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from truceline.errors import Problem, ScenarioError

CostBasis = Literal["incremental", "full", "reimbursement"]
"""Extra cost of being sent; everything its payers count as the cost of the force; what is paid back."""
BASES: tuple[CostBasis, ...] = get_args(CostBasis)


@dataclass(frozen=True)
class BasisRule:
    """Where a word of the tables belongs."""

    counts_in: tuple[CostBasis, ...]
    """Bases in whose total such a figure may stand; none for one that is never summed."""
    why: str


_OUTLAY: tuple[CostBasis, ...] = ("incremental", "full")
_THING = "money paid for a thing or a service: extra, so it is in the whole too; not paid back by anybody"

RULES: Mapping[str, BasisRule] = {
    "incremental": BasisRule(("incremental",), "what being sent costs beyond staying home; no base pay"),
    "full_mission": BasisRule(
        ("full",), "a mission's whole budget for a year, over its people; pay at home beyond it is not in it"
    ),
    "planning_estimate": BasisRule(
        ("full",), "an author's whole cost of a force; what it holds is not said, so it is taken as whole"
    ),
    "operating": BasisRule(
        ("full",), "a year of running a unit or a machine, pay in it as far as reports tell; no buildings"
    ),
    "reimbursement": BasisRule(("reimbursement",), "what an organisation pays a government for each person"),
    "organisation_only": BasisRule((), "leaves out what contributors pay for their own troops"),
    "budget_share": BasisRule((), "a share of a budget over people, with equipment and aid in it"),
    "analysis": BasisRule((), "a ratio or a comparison, not a price"),
    "statement": BasisRule((), "a politician's lower bound"),
    "nato_definition": BasisRule((), "a nation's whole defence budget: bills are put against it"),
    "appropriation": BasisRule((), "a total of many missions"),
    "actual": BasisRule(_OUTLAY, _THING),
    "actual_and_forecast": BasisRule(_OUTLAY, _THING),
    "contract": BasisRule(_OUTLAY, _THING),
    "acquisition": BasisRule(_OUTLAY, _THING),
    "budget": BasisRule(_OUTLAY, _THING),
    "plan": BasisRule(_OUTLAY, _THING),
    "estimate": BasisRule(_OUTLAY, _THING),
}
"""Every word of `unit_costs.csv`."""

HELD: Mapping[CostBasis, Mapping[str, str]] = {
    "full": {
        "sustainment": "a budget over its people already feeds, fuels and waters them",
    },
    "incremental": {
        "sustainment": "the extra cost of being sent is above all supply, fuel and allowances",
    },
    "reimbursement": {},
}
"""Headings that a rate per person-year on each basis already holds, with the reason."""


def check_basis(word: str) -> CostBasis:
    """Return a basis by its word; raises ScenarioError where it is none."""
    for basis in BASES:
        if basis == word:
            return basis
    found = f"'{word[:40]}' is not a basis of cost"
    raise ScenarioError("cost", [Problem("cost basis", found, f"choose among {', '.join(BASES)}")])


def counts_in(word: str, basis: CostBasis) -> bool:
    """Tell whether a figure of that word may stand in a total on `basis`; an unknown word may in none."""
    return word in RULES and basis in RULES[word].counts_in
