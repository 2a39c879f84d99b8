"""Published estimates of a force for this line, as typed records with the bound each author gave.

Units: people, metres, months; money in the currency of the row. Only what the table says is here;
what would make an estimate right is worked out in `benchmarks`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from truceline.errors import ProblemList
from truceline.scenario.assumption import Evidence
from truceline.scenario.reference import grade_confidence, parse_rows, read_number, read_table
from truceline.units import format_people

TABLE = "expert_estimates"

THIS_LINE = "ukraine_line_of_contact"
"""Value of the `scenario` column for the line this tool plans."""

DEPLOYED = "deployed"
"""Value of the `count_basis` column for people in the field at one time."""


class Bound(StrEnum):
    """What an author said about the number."""

    point = "point"
    range = "range"
    at_least = "at_least"
    at_most = "at_most"
    unknown = "unknown"


_NEEDS = {  # bound: whether it needs a low and a high number
    Bound.point: (True, True),
    Bound.range: (True, True),
    Bound.at_least: (True, False),
    Bound.at_most: (False, True),
    Bound.unknown: (False, False),
}


@dataclass(frozen=True)
class Estimate:
    """One published estimate."""

    key: str
    author: str
    affiliation: str
    date: str
    scenario: str
    role: str
    """Role concept, as the table names it: what the force would be for."""
    force_kind: str
    count_basis: str
    bound: Bound
    people_low: float | None
    people_high: float | None
    line_length_m: float | None
    """Line the density uses: the author's own, or the length the table assumes."""
    rotation_low: float | None
    """People in the pool for each one deployed, where the author gave it."""
    rotation_high: float | None
    cost: float | None
    currency: str
    cost_years: float | None
    conditions: str
    notes: str
    general_fields: tuple[str, ...]
    source: str
    source_url: str
    evidence: Evidence

    @property
    def label(self) -> str:
        """Author and date, for tables."""
        return f"{self.author}, {self.date}" if self.date else self.author

    @property
    def has_number(self) -> bool:
        """Tell whether the author gave any number of people."""
        return self.people_low is not None or self.people_high is not None

    def targets(self) -> tuple[tuple[str, float], ...]:
        """Return the numbers to explain, each named: the point, the one bound, or low, mid and high."""
        low, high = self.people_low, self.people_high
        if self.bound is Bound.range and low is not None and high is not None and low < high:
            return ("low", low), ("mid", (low + high) / 2), ("high", high)
        if self.bound is Bound.at_most:
            return (("high", high),) if high is not None else ()
        name = "low" if self.bound is Bound.at_least else "point"
        return ((name, low),) if low is not None else ()

    def admits(self, people_min: float, people_max: float) -> bool:
        """Tell whether some strength between the two is one that the author's words allow."""
        low, high = self.limits()
        return people_max >= low and people_min <= high

    def limits(self) -> tuple[float, float]:
        """Return the lowest and highest strength that the author's words allow; infinite where open."""
        low = self.people_low if self.people_low is not None else 0.0
        high = self.people_high if self.people_high is not None else float("inf")
        if self.bound is Bound.at_least:
            high = float("inf")
        if self.bound is Bound.at_most:
            low = 0.0
        return low, high

    def phrase(self) -> str:
        """Return the number as the author bounded it."""
        low = "" if self.people_low is None else format_people(self.people_low)
        high = "" if self.people_high is None else format_people(self.people_high)
        return {
            Bound.point: low,
            Bound.range: f"{low} to {high}",
            Bound.at_least: f"at least {low}",
            Bound.at_most: f"at most {high}",
            Bound.unknown: "no number",
        }[self.bound]

    def people_per_km(self) -> tuple[float | None, float | None]:
        """Return the lowest and highest density on the line the estimate is about."""
        length_m = self.line_length_m
        if not length_m:
            return None, None
        low, high = self.people_low, self.people_high
        return (
            None if low is None else low / (length_m / 1000),
            None if high is None else high / (length_m / 1000),
        )

    @property
    def cost_per_person_year(self) -> float | None:
        """Cost of one person for one year in `currency`, or None; only where the strength is one number."""
        if self.cost is None or not self.cost_years or not self.people_low or self.bound is not Bound.point:
            return None
        return self.cost / self.cost_years / self.people_low if self.count_basis == DEPLOYED else None


@cache
def read_estimates() -> tuple[Estimate, ...]:
    """Return every estimate of the packaged table.

    Raises
    ------
    TableError
        When a cell is not a number, a bound lacks its number, or a derived column does not follow.
    """
    return estimates_from_rows(read_table(TABLE))


def deployed_estimates() -> tuple[Estimate, ...]:
    """Return the estimates of people deployed on this line that give a number."""
    return tuple(
        estimate
        for estimate in read_estimates()
        if estimate.scenario == THIS_LINE and estimate.count_basis == DEPLOYED and estimate.has_number
    )


def estimates_from_rows(rows: Iterable[Mapping[str, str]]) -> tuple[Estimate, ...]:
    """Return table rows as estimates; all problems of all rows are gathered in one TableError."""
    return parse_rows(rows, _estimate_from_row, TABLE)


_NUMBER_COLUMNS = (
    "force_low_persons",
    "force_high_persons",
    "line_length_km_used_for_derived",
    "rotation_multiplier_low",
    "rotation_multiplier_high",
    "cost_value",
    "cost_period_years",
    "persons_per_km_low_derived",
    "persons_per_km_high_derived",
    "cost_per_person_year_derived",
)


def _estimate_from_row(row: Mapping[str, str], problems: ProblemList) -> Estimate | None:
    where = f"{TABLE}/{row['estimate_id']}"
    numbers: dict[str, float | None] = {}
    for column in _NUMBER_COLUMNS:
        try:
            numbers[column] = read_number(row[column])
        except ValueError:
            problems.add(f"{where}.{column}", f"'{row[column]}' is not a number", "write digits or nothing")
            return None
    if row["bound"] not in set(Bound):
        problems.add(f"{where}.bound", f"'{row['bound']}' is not a bound", f"one of {', '.join(Bound)}")
        return None
    length_km = numbers["line_length_km_used_for_derived"]
    estimate = Estimate(
        key=row["estimate_id"],
        author=row["author"],
        affiliation=row["affiliation"],
        date=row["statement_date"],
        scenario=row["scenario"],
        role=row["role_concept"],
        force_kind=row["force_kind"],
        count_basis=row["count_basis"],
        bound=Bound(row["bound"]),
        people_low=numbers["force_low_persons"],
        people_high=numbers["force_high_persons"],
        line_length_m=None if length_km is None else length_km * 1000,
        rotation_low=numbers["rotation_multiplier_low"],
        rotation_high=numbers["rotation_multiplier_high"],
        cost=numbers["cost_value"],
        currency=row["cost_currency"],
        cost_years=numbers["cost_period_years"],
        conditions=row["conditions"],
        notes=row["notes"],
        general_fields=tuple(name for name in row["general_fields"].split(";") if name),
        source=row["source"],
        source_url=row["source_url"],
        evidence=grade_confidence(row["confidence"]),
    )
    _check_bound(where, estimate, problems)
    _check_derived(where, estimate, numbers, problems)
    return estimate


def _check_bound(where: str, estimate: Estimate, problems: ProblemList) -> None:
    low, high = estimate.people_low, estimate.people_high
    needs_low, needs_high = _NEEDS[estimate.bound]
    if (needs_low and low is None) or (needs_high and high is None):
        problems.add(
            f"{where}.bound", f"'{estimate.bound}' lacks its number", "fill the low or the high strength"
        )
    if low is not None and high is not None and low > high:
        problems.add(
            f"{where}.force_low_persons", f"{low:g} is above {high:g}", "put the smaller number first"
        )
    if estimate.bound is Bound.point and low != high:
        problems.add(
            f"{where}.bound",
            f"a point from {low:g} to {high:g}" if low and high else "half a point",
            "write the same number twice or call it a range",
        )
    if any(number is not None and number <= 0 for number in (low, high)):
        problems.add(f"{where}.force_low_persons", "a strength is not above zero", "write people")


def _check_derived(
    where: str, estimate: Estimate, numbers: Mapping[str, float | None], problems: ProblemList
) -> None:
    low, high = estimate.people_per_km()
    computed = {
        "persons_per_km_low_derived": (low, 0.05),
        "persons_per_km_high_derived": (high, 0.05),
        "cost_per_person_year_derived": (estimate.cost_per_person_year, 0.5),
    }
    for column, (value, rounding) in computed.items():
        stated = numbers[column]
        if stated is None:
            continue
        if value is None or abs(value - stated) > rounding * (1 + 1e-6):
            found = f"{stated:g}, but the row gives {'nothing' if value is None else format(value, '.6g')}"
            problems.add(f"{where}.{column}", found, "correct one of them")
