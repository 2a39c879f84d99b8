"""The packaged tables of facts: read, check and turn rows into assumption records.

Tables are CSV with a header, one fact a row, an id in the first column, and columns for source and
confidence. They hold what was published; how the model uses them is in the catalogue.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import TypeVar

from truceline.errors import Problem, ProblemList, TableError
from truceline.scenario.assumption import Assumption, Evidence, Source

TABLES = (
    "staffing_factors",
    "expert_estimates",
    "historical_missions",
    "sensors",
    "settlement_control_2025-02-17",
    "pledges",
    "approvals",
    "conditions",
    "condition_states",
    "positions",
    "talks_actors",
    "talks_issues",
    "talks_standing",
    "talks_terms",
    "talks_agreements",
    "capabilities",
    "nations",
    "nations_deployments",
    "nations_spending",
    "enablers",
    "backstop",
    "backstop_substitutes",
    "claims",
    "unit_costs",
    "person_year_rates",
    "exchange_rates",
    "price_indices",
    "un_scale",
    "deployment_rates",
    "movement_nodes",
    "movement_routes",
    "movement_classes",
)
"""Names of the packaged tables."""

Row = Mapping[str, str]
_Record = TypeVar("_Record")

_EVIDENCE_OF_CONFIDENCE = {
    "seen": Evidence.published,
    "high": Evidence.published,
    "medium": Evidence.published,
    "two_sources": Evidence.published,
    "one_source": Evidence.published,
    "low": Evidence.published,
    "derived": Evidence.derived,
    "mixed": Evidence.general,  # a row of mixed confidence is as weak as its weakest part
    "inference": Evidence.judgement,
    "general": Evidence.general,
    "none": Evidence.general,
}


@cache
def read_table(name: str) -> tuple[Row, ...]:
    """Return the rows of a packaged table as mappings from column to text.

    Raises TableError for an unknown table name.
    """
    if name not in TABLES:
        problem = Problem(name, "is not a packaged table", f"one of {', '.join(TABLES)}")
        raise TableError("reference tables", [problem])
    text = files("truceline.scenario").joinpath("reference", f"{name}.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines(keepends=True)))


def find_row(reference: str) -> Row:
    """Return the row that `table/id` names, for example ``staffing_factors/SF008``.

    Raises TableError when the table or the row does not exist.
    """
    table, _, row_id = reference.partition("/")
    rows = read_table(table)
    for row in rows:
        if next(iter(row.values())) == row_id:
            return row
    raise TableError("reference tables", [Problem(reference, "there is no such row", f"look in {table}.csv")])


def parse_rows(
    rows: Iterable[Row], parse: Callable[[Row, ProblemList], _Record | None], table: str
) -> tuple[_Record, ...]:
    """Return rows as records, in their order; all problems of all rows are gathered in one TableError.

    parse: turns a row into a record, or notes what is wrong with it and returns None.
    """
    problems = ProblemList()
    records = [record for row in rows if (record := parse(row, problems)) is not None]
    problems.raise_if_any(TableError, table)
    return tuple(records)


def grade_confidence(confidence: str) -> Evidence:
    """Return the evidence grade for a `confidence` word of the tables; an unknown word counts as general."""
    return _EVIDENCE_OF_CONFIDENCE.get(confidence.strip(), Evidence.general)


def read_number(text: str | None) -> float | None:
    """Return a cell as a number, or None where it is empty."""
    return float(text) if text and text.strip() else None


def staffing_assumption(reference: str, *, unit: str, label: str, scale: float = 1.0) -> Assumption:
    """Return a row of the staffing factors as an assumption, its values multiplied by `scale`.

    A field that the row lists under `general_fields` makes the whole record `general`. Where the row
    has a range but no typical value, the middle is taken.
    """
    row = find_row(reference)
    low, typical, high = (read_number(row[f"value_{which}"]) for which in ("low", "typical", "high"))
    if typical is None:
        known = [value for value in (low, high) if value is not None]
        if not known:
            raise TableError("reference tables", [Problem(reference, "has no value", "name another row")])
        typical = sum(known) / len(known)
    evidence = grade_confidence(row["confidence"])
    if "value_typical" in row["general_fields"]:
        evidence = Evidence.general
    return Assumption(
        value=typical * scale,
        low=None if low is None else low * scale,
        high=None if high is None else high * scale,
        unit=unit,
        label=label,
        evidence=evidence,
        source=Source(title=row["source"], locator=reference, url=row["source_url"]),
        note=row["formula_or_note"],
    )
