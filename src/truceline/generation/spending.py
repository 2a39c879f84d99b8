"""Read tables of what nations spend on defence, packaged or brought by a user, and check every row.

Values in the unit of their metric: per cent of GDP, or millions of US dollars. Definitions differ from source
to source (NATO's, SIPRI's), and series of one metric are never joined with those of another.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from truceline.errors import ProblemList, TableError
from truceline.scenario.tables import Row, read_rows

METRICS: Mapping[str, str] = {
    "defence_share_gdp": "pct_gdp",
    "milex_share_gdp": "pct_gdp",
    "milex_current": "usd_m",
    "milex_constant_2023": "usd_2023_m",
}
"""Unit of each metric that can be read."""
COLUMNS = ("iso3", "year", "metric", "value", "unit")
"""Columns that a user's file has; others are left alone."""
YEARS = range(1900, 2101)
"""Years that can be meant."""
_MOST_SHARE_PCT = 100.0
_CODE = re.compile("[A-Z]{3}")


@dataclass(frozen=True)
class Spending:
    """One nation's spending in one year, in one definition."""

    code: str
    year: int
    metric: str
    value: float
    unit: str


def read_spending_rows(path: Path) -> tuple[tuple[str, Row], ...]:
    """Return the rows of a user's file, each with its place for messages.

    Raises TableError where the file cannot be read as a table at all.
    """
    rows = read_rows(path, "nations_spending", COLUMNS)
    return tuple((where, {**row, "code": row["iso3"]}) for where, row in rows)


def parse_spending(
    rows: Iterable[tuple[str, Row]], nations: Collection[str], title: str
) -> tuple[Spending, ...]:
    """Return rows (code, year, metric, value, unit), each with its place, sorted by nation, metric and year.

    Raises TableError with the problems of all rows.
    """
    problems = ProblemList()
    found: dict[tuple[str, str, int], Spending] = {}
    for place, row in rows:
        record = _parse(row, place, nations, problems)
        if record is None:
            continue
        key = (record.code, record.metric, record.year)
        if key in found:
            problems.add(place, f"{record.code} {record.year} {record.metric} is there twice", "keep one row")
        found[key] = record
    problems.raise_if_any(TableError, title)
    return tuple(found[key] for key in sorted(found))


def parse_number(text: str, where: str, problems: ProblemList) -> float | None:
    """Return a cell as a finite number of zero or more, or note what it is and return None."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < 0:
        problems.add(where, f"'{text[:40]}' is not a number of zero or more", "write a plain number")
        return None
    return value


def check_code(code: str, where: str, problems: ProblemList) -> bool:
    """Tell whether a code has the form of ISO 3166, three capital letters; note it where not."""
    if _CODE.fullmatch(code):
        return True
    problems.add(
        where, f"'{code[:20]}' is not a code of three capital letters", "write ISO 3166, such as GBR"
    )
    return False


def _parse(row: Row, place: str, nations: Collection[str], problems: ProblemList) -> Spending | None:
    code, metric, unit = row["code"].strip(), row["metric"].strip(), row["unit"].strip()
    known = check_code(code, place, problems)
    if known and code not in nations:
        problems.add(place, f"{code} is not a nation of nations.csv", "leave the row out")
        known = False
    if metric not in METRICS:
        problems.add(place, f"'{metric[:40]}' is not a metric", f"use one of {', '.join(METRICS)}")
    elif unit != METRICS[metric]:
        problems.add(place, f"'{unit[:20]}' is not the unit of {metric}", f"give it in {METRICS[metric]}")
    year = row["year"].strip()
    if not (year.isascii() and year.isdecimal() and int(year[:9]) in YEARS):
        problems.add(place, f"'{year[:20]}' is not a year", "write four digits")
        return None
    value = parse_number(row["value"].strip(), place, problems)
    if value is None or not known or METRICS.get(metric) != unit:
        return None
    if unit == "pct_gdp" and value > _MOST_SHARE_PCT:
        problems.add(place, f"{value:g} per cent of GDP is more than all of it", "give the share in per cent")
        return None
    return Spending(code, int(year), metric, value, unit)
