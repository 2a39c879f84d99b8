"""Prices know their currency, their year and what they count; conversion shows both of its steps.

Units: money in the currency named. A price moves first to the prices of another year, by the index of its
own currency, and then to another currency, at the rate of that year. Nothing is converted where a rate or an
index is missing, and nothing is converted unasked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from truceline.cost.money_tables import MoneyTables
from truceline.errors import Problem, ProblemList, ScenarioError
from truceline.generation.formula import add_range, compute
from truceline.trace import Traced

EURO = "EUR"
"""Rates are units of a currency for one of these."""


@dataclass(frozen=True)
class Price:
    """An amount of money with all that makes it comparable."""

    key: str
    """Row it comes from, or a name for it."""
    value: float
    currency: str
    year: int
    """Year whose prices it is in."""
    basis: str
    """What it counts, in the word of its table; see `bases`."""
    low: float | None = None
    high: float | None = None
    per: str = ""
    """What it is the price of one of: person-year, km; empty for a sum."""
    label: str = ""
    evidence: str = "stated"
    source: str = ""
    note: str = ""

    def trace(self) -> Traced:
        """Return the price as a leaf of an explanation."""
        label = f"{self.label or self.key}, {self.currency} of {self.year} ({self.basis})"
        return Traced(
            self.key,
            self.value,
            money_unit(self.currency, self.per),
            label,
            low=self.low,
            high=self.high,
            evidence=self.evidence,
            source=self.source,
            note=self.note,
        )


def money_unit(currency: str, per: str = "") -> str:
    """Return the unit of an amount of money, for example ``EUR/km``."""
    return f"{currency}/{per}" if per else currency


def convert(price: Price, currency: str, year: int, tables: MoneyTables) -> Traced:
    """Return a price in another currency and in the prices of another year, with both steps shown.

    price * index(own currency, year) / index(own currency, price year) * rate(currency, year) / rate(own
    currency, year), with rates in units for one euro. The range of the price is carried; indices and rates
    have none.

    Raises
    ------
    ScenarioError
        With every rate and index that is missing, or when the price is negative.
    """
    check_prices([price], currency, year, tables)
    leaf = price.trace()
    name = f"{price.key}.{currency}{year}"
    formula, parts = price.key, [leaf]
    if year != price.year:
        now, then = tables.indices[price.currency, year], tables.indices[price.currency, price.year]
        formula, parts = f"{formula} * {now.name} / {then.name}", [*parts, now, then]
    if currency != price.currency:
        if currency != EURO:
            rate = tables.rates[currency, year]
            formula, parts = f"{formula} * {rate.name}", [*parts, rate]
        if price.currency != EURO:
            rate = tables.rates[price.currency, year]
            formula, parts = f"{formula} / {rate.name}", [*parts, rate]
    label = f"{price.label or price.key}, {currency} of {year}"
    return add_range(compute(name, label, money_unit(currency, price.per), formula, parts, note=price.note))


def check_prices(prices: Iterable[Price], currency: str, year: int, tables: MoneyTables) -> None:
    """Raise ScenarioError with everything that forbids converting the prices, each lack once."""
    problems: dict[Problem, None] = {}
    for price in prices:
        if not price.value >= 0 or (price.low is not None and price.low < 0):
            problems[Problem(price.key, f"costs {price.value:g}: negative", "write zero or more")] = None
        own = price.currency
        if year != price.year:
            for one in (price.year, year):
                if (own, one) not in tables.indices:
                    problems[_lack("price index", own, one, "price_indices")] = None
        if currency != own:
            for one_currency in (own, currency):
                if one_currency != EURO and (one_currency, year) not in tables.rates:
                    problems[_lack("rate of exchange", one_currency, year, "exchange_rates")] = None
    gathered = ProblemList()
    gathered.extend(sorted(problems))
    gathered.raise_if_any(ScenarioError, f"prices cannot be given in {currency} of {year}")


def _lack(what: str, currency: str, year: int, table: str) -> Problem:
    hint = f"add a row to a table of your own with the columns of {table}.csv, or ask for another year"
    return Problem(f"{currency} {year}", f"has no {what}", hint)
