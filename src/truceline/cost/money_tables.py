"""Read the tables that money is converted by: rates of exchange and price indices, packaged or a user's own.

Units: units of a currency for one euro, mean of a year; consumer prices at the base of each series. Rows say
where they were read and how well they are known; years still to come are our assumption and say so. No rate
or year is made up between rows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from truceline.errors import ProblemList, TableError
from truceline.generation.spending import parse_number
from truceline.scenario.reference import grade_confidence
from truceline.scenario.tables import Row, read_rows
from truceline.trace import Traced

RATES_TABLE, INDICES_TABLE = "exchange_rates", "price_indices"
RATE_COLUMNS = ("currency", "year", "units_per_eur", "source", "confidence")
"""Columns that a user's table of rates has."""
INDEX_COLUMNS = ("currency", "year", "index", "source", "confidence")
"""Columns that a user's table of indices has."""
YEARS = range(1950, 2101)
"""Years that a price can be of."""
_CODE = re.compile("[A-Z]{3}")

YearKey = tuple[str, int]
"""A currency and a year."""


@dataclass(frozen=True)
class MoneyTables:
    """Every rate and index by currency and year, each with its source."""

    rates: Mapping[YearKey, Traced]
    """Units of the currency for one euro; none for the euro itself."""
    indices: Mapping[YearKey, Traced]

    @property
    def currencies(self) -> tuple[str, ...]:
        """Currencies that have an index, sorted."""
        return tuple(sorted({currency for currency, _ in self.indices}))


def read_money_tables(rates: Path | None = None, indices: Path | None = None) -> MoneyTables:
    """Return rates and indices; a path takes the place of the packaged table.

    Raises
    ------
    TableError
        With every problem of both: a file that is none, a code that is not three capital letters, a year or a
        value that is not one above zero, two rows for one currency and year.
    """
    if rates is None and indices is None:
        return _read_packaged()
    return _read(rates, indices)


@cache
def _read_packaged() -> MoneyTables:
    return _read(None, None)


def _read(rates: Path | None, indices: Path | None) -> MoneyTables:
    problems = ProblemList()
    found: list[dict[YearKey, Traced]] = []
    for path, packaged, columns, kind in (
        (rates, RATES_TABLE, RATE_COLUMNS, "rate"),
        (indices, INDICES_TABLE, INDEX_COLUMNS, "index"),
    ):
        records: dict[YearKey, Traced] = {}
        try:
            rows = read_rows(path, packaged, columns)
        except TableError as error:
            problems.extend(error.problems)
            rows = ()
        for where, row in rows:
            _add_row(row, where, kind, columns[2], records, problems)
        found.append(records)
    problems.raise_if_any(TableError, "tables of money cannot be used")
    return MoneyTables(*found)


def _add_row(
    row: Row, where: str, kind: str, column: str, records: dict[YearKey, Traced], problems: ProblemList
) -> None:
    currency, year = row["currency"], row["year"]
    if not _CODE.fullmatch(currency):
        problems.add(
            where, f"'{currency[:20]}' is not a currency", "write three capital letters, such as USD"
        )
    if not (year.isascii() and year.isdecimal() and int(year[:9]) in YEARS):
        problems.add(where, f"'{year[:20]}' is not a year", "write four digits")
        return
    value = parse_number(row[column], f"{where} {column}", problems)
    if value is None:
        return
    if not value > 0:
        problems.add(where, f"{column} {value:g} is not above zero", "write what the source says")
        return
    key = (currency, int(year))
    if key in records:
        problems.add(where, f"{currency} {year} is there twice", "keep one row")
    what = f"{currency} for one EUR" if kind == "rate" else f"consumer prices, {currency}"
    records[key] = Traced(
        f"{kind}.{currency}.{year}",
        value,
        f"{currency}/EUR" if kind == "rate" else "1",
        f"{what}, mean of {year}",
        evidence=grade_confidence(row["confidence"]).value,
        source=row["source"],
    )
