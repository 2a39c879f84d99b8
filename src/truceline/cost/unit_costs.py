"""Read the packaged unit costs: what somebody paid or said, each with its currency, year and basis.

Money in the currency and prices of each row. Rows are as published; two that contradict each other both stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from truceline.cost.bases import RULES
from truceline.cost.money import Price
from truceline.cost.money_tables import YEARS
from truceline.errors import Problem, ProblemList, ScenarioError
from truceline.generation.spending import parse_number
from truceline.scenario.assumption import Evidence
from truceline.scenario.reference import Row, grade_confidence, parse_rows, read_table

TABLE = "unit_costs"
RATIO = "ratio"
"""Stands where other rows name a currency; such a row is not a price."""


@dataclass(frozen=True)
class UnitCost:
    """One row: a price, and what it is of."""

    key: str
    category: str
    item: str
    price: Price
    unit: str
    """As the table says: per person-year, each, total."""
    applies_to: str
    derivation: str


@cache
def read_unit_costs() -> Mapping[str, UnitCost]:
    """Return every row by its id. Raises TableError with every problem of the table."""
    return {row.key: row for row in parse_rows(read_table(TABLE), _parse, TABLE)}


def find_cost(key: str, costs: Mapping[str, UnitCost] | None = None) -> UnitCost:
    """Return one row; raises ScenarioError where there is none of that id."""
    known = read_unit_costs() if costs is None else costs
    if key not in known:
        raise ScenarioError("unit costs", [Problem(key, "is not a row", "see unit_costs.csv")])
    return known[key]


def _parse(row: Row, problems: ProblemList) -> UnitCost | None:
    where = f"{TABLE} {row['cost_id']}"
    values = {
        which: parse_number(row[f"value_{which}"], f"{where} value_{which}", problems)
        for which in ("low", "typical", "high")
        if row[f"value_{which}"]
    }
    if any(value is None for value in values.values()):
        return None
    low, typical, high = (values.get(which) for which in ("low", "typical", "high"))
    if typical is None:
        problems.add(where, "has no typical value", "write one; a range may stand beside it")
        return None
    if not (typical if low is None else low) <= typical <= (typical if high is None else high):
        problems.add(where, "is outside its own range", "write low <= typical <= high")
    if row["cost_basis"] not in RULES:
        found = f"'{row['cost_basis']}' is not a known basis"
        problems.add(where, found, f"one of {', '.join(RULES)}")
    if not (row["price_year"].isdecimal() and int(row["price_year"]) in YEARS):
        problems.add(where, f"'{row['price_year']}' is not a year", "write four digits")
        return None
    confidence = grade_confidence(row["confidence"])
    evidence = Evidence.derived if row["source_quality"] == "derived" else confidence
    price = Price(
        key=row["cost_id"],
        value=typical,
        low=typical if low is None and high is not None else low,
        high=typical if high is None and low is not None else high,
        currency=row["currency"],
        year=int(row["price_year"]),
        basis=row["cost_basis"],
        per=row["unit"].removeprefix("per ") if row["unit"].startswith("per ") else "",
        label=f"{row['item'].replace('_', ' ')}: {row['applies_to']}",
        evidence=evidence.value,
        source=row["source"],
        note=row["derivation_or_note"],
    )
    return UnitCost(
        price.key,
        row["category"],
        row["item"],
        price,
        row["unit"],
        row["applies_to"],
        row["derivation_or_note"],
    )
