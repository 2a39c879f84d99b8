"""What a person costs for a year, by kind of force, basis and nation: published rows brought to one year.

Money per person-year. A rate is the mean of the rows that count the same thing, and its range runs from the
lowest to the highest of them; few rows mean a narrow range and not a sure one. Which rows speak of which
force is our reading, in `person_year_rates.csv`, with a reason for each. Rows on different bases never meet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

from truceline.cost.bases import BASES, RULES, CostBasis, counts_in
from truceline.cost.money import Price, check_prices, convert, money_unit
from truceline.cost.money_tables import MoneyTables, read_money_tables
from truceline.cost.unit_costs import UnitCost, read_unit_costs
from truceline.errors import Problem, ProblemList, ScenarioError
from truceline.generation.formula import add_range, compute
from truceline.scenario.reference import Row, parse_rows, read_table
from truceline.trace import Traced

Kind = Literal["un-line", "civilian-monitors", "reassurance", "combat"]
"""Line force of the UN; unarmed civilian monitors; European force in the rear; deployment to fight."""
KINDS: Mapping[Kind, str] = {
    "un-line": "line force on the pattern of the UN",
    "civilian-monitors": "unarmed civilian monitors",
    "reassurance": "European force of reassurance",
    "combat": "deployment to fight",
}
TABLE = "person_year_rates"
MONTHS = 12
"""In a year; rows per person-month are brought to a year."""
PERSON_YEAR = "person-year"
_PERSON_MONTH = "person-month"


@dataclass(frozen=True)
class RateRow:
    """One row of the unit costs, read as speaking of a kind of force."""

    key: str
    cost: UnitCost
    kind: Kind
    nations: tuple[str, ...]
    """Nations whose own figure it is."""
    for_others: bool
    """Whether it stands for nations without a figure of their own."""
    why: str


@cache
def read_rate_rows() -> tuple[RateRow, ...]:
    """Return every row of the table that says which figure speaks of which force.

    Raises TableError with its problems.
    """
    return parse_rows(read_table(TABLE), _parse, TABLE)


def person_year_rate(
    kind: str,
    basis: CostBasis,
    nation: str = "",
    *,
    currency: str = "EUR",
    price_year: int = 2025,
    tables: MoneyTables | None = None,
    rows: tuple[RateRow, ...] | None = None,
) -> Traced:
    """Return what one person of a nation costs for a year: mean of the rows, range from lowest to highest.

    A nation's own rows are taken where there are some, else those that stand for others.

    Raises
    ------
    ScenarioError
        For a kind that is none, a basis nobody published for that kind, a rate or index that is missing.
    """
    known = read_rate_rows() if rows is None else rows
    money = read_money_tables() if tables is None else tables
    found, own = _choose(kind, basis, nation, known)
    prices = [row.cost.price for row in found]
    check_prices(prices, currency, price_year, money)
    parts = tuple(_to_year(convert(price, currency, price_year, money), price) for price in prices)
    values = [part.value for part in parts]
    name = f"rate.{kind}.{basis}" + (f".{nation}" if own else "")
    whose = f" of {nation}" if own else ""
    return Traced(
        name=name,
        value=sum(values) / len(values),
        unit=money_unit(currency, PERSON_YEAR),
        label=f"Person-year, {KINDS[found[0].kind]}{whose}, {basis}, {currency} of {price_year}",
        formula=f"mean of {len(values)} rows; the range runs from the lowest to the highest",
        parts=parts,
        low=min(part.at("low") for part in parts),
        high=max(part.at("high") for part in parts),
        evidence="computed",
        note=RULES[prices[0].basis].why,
    )


def spread_total(total: float, people: float, years: float = 1.0) -> float:
    """Return a total as money per person-year: how the published totals become rates.

    Raises
    ------
    ScenarioError
        When the total is negative, or people or years are not above zero.
    """
    problems = ProblemList()
    if not total >= 0:
        problems.add("total", f"is {total:g}", "write zero or more")
    for name, value in (("people", people), ("years", years)):
        if not value > 0:
            problems.add(name, f"are {value:g}", "write a number above zero")
    problems.raise_if_any(ScenarioError, "cost per person-year")
    return total / people / years


def list_bases(kind: str, rows: tuple[RateRow, ...] | None = None) -> tuple[CostBasis, ...]:
    """Return the bases on which somebody published a rate for a kind of force.

    Raises ScenarioError for a kind that is none.
    """
    _check_kind(kind)
    known = read_rate_rows() if rows is None else rows
    return tuple(
        basis
        for basis in BASES
        if any(row.kind == kind and counts_in(row.cost.price.basis, basis) for row in known)
    )


def list_prices(kind: str, basis: CostBasis) -> tuple[Price, ...]:
    """Return the prices behind the rates of a kind of force on a basis, whichever nation asks."""
    return tuple(
        row.cost.price
        for row in read_rate_rows()
        if row.kind == kind and counts_in(row.cost.price.basis, basis)
    )


def _choose(
    kind: str, basis: CostBasis, nation: str, rows: tuple[RateRow, ...]
) -> tuple[tuple[RateRow, ...], bool]:
    """Return the rows for a nation, and whether they are its own."""
    _check_kind(kind)
    of_kind = [row for row in rows if row.kind == kind and counts_in(row.cost.price.basis, basis)]
    own = tuple(row for row in of_kind if nation in row.nations)
    found = own or tuple(row for row in of_kind if row.for_others)
    if not found:
        has = ", ".join(list_bases(kind, rows)) or "no basis"
        problem = Problem(
            f"rate of {kind}",
            f"nobody published one on the basis '{basis}'",
            f"it is known on: {has}; or choose another kind of force",
        )
        raise ScenarioError("cost", [problem])
    return found, bool(own)


def _check_kind(kind: str) -> None:
    if kind not in KINDS:
        problem = Problem("kind of force", f"'{kind[:40]}' is not one", f"choose among {', '.join(KINDS)}")
        raise ScenarioError("cost", [problem])


def _to_year(converted: Traced, price: Price) -> Traced:
    """Return a rate per person-month as one per person-year; others as they are."""
    if price.per != _PERSON_MONTH:
        return converted
    unit = converted.unit.replace(_PERSON_MONTH, PERSON_YEAR)
    formula = f"{MONTHS} * {converted.name}"
    return add_range(compute(f"{converted.name}.year", converted.label, unit, formula, (converted,)))


def _parse(row: Row, problems: ProblemList) -> RateRow | None:
    where = f"{TABLE} {row['rate_id']}"
    costs = read_unit_costs()
    kind = next((kind for kind in get_args(Kind) if kind == row["kind"]), None)
    if kind is None:
        problems.add(where, f"'{row['kind']}' is not a kind of force", f"one of {', '.join(KINDS)}")
    if row["cost_id"] not in costs:
        problems.add(where, f"'{row['cost_id']}' is not a row of unit_costs", "name one")
        return None
    if row["for_others"] not in ("yes", "no"):
        problems.add(where, f"for_others '{row['for_others']}' is neither yes nor no", "write one of them")
    cost = costs[row["cost_id"]]
    if cost.price.per not in (PERSON_YEAR, _PERSON_MONTH):
        problems.add(where, f"{cost.key} is {cost.unit}, not a rate of people", "name another row")
    if kind is None:
        return None
    nations = tuple(word for word in row["nations"].split("|") if word)
    return RateRow(row["rate_id"], cost, kind, nations, row["for_others"] == "yes", row["why"])
