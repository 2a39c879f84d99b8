"""Who pays a budget: as sent, by GDP, by the scale of the United Nations, or by shares of the user's own.

Money in the currency and prices of the budget; shares between 0 and 1 that sum to 1 over those who pay. Only
"as sent" leaves what nobody sends unpaid; the other rules divide the whole. The scale is that of the regular
budget among those who pay, not the one for peacekeeping with its surcharge, and is recollected.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import get_args

from truceline.cost.budget import Budget
from truceline.cost.inputs import NOBODY, NOBODY_LABEL
from truceline.errors import ProblemList, ScenarioError, TableError
from truceline.generation.formula import add_range, compute
from truceline.generation.nations import read_nations
from truceline.generation.spending import parse_number
from truceline.scenario.model import PayRuleName
from truceline.scenario.reference import grade_confidence, read_table
from truceline.scenario.tables import read_rows
from truceline.trace import Traced

PayRule = PayRuleName
PAY_RULES: tuple[PayRule, ...] = get_args(PayRule)
SUM_TOLERANCE = 1e-6
"""Shares written with a few digits may miss 1 by so much."""
SCALE_TABLE = "un_scale"


@dataclass(frozen=True)
class Bill:
    """What one nation pays."""

    code: str
    """Empty for what nobody pays under "as sent"."""
    name: str
    share: Traced
    """Of the whole, ``cost.paid.<code>.share``."""
    amount: Traced
    """Over all years, ``cost.paid.<code>``."""
    by_year: tuple[Traced, ...]
    ours: bool
    """Whether it rests on a size that nobody stated."""


def share_costs(
    budget: Budget,
    rule: str,
    payers: Sequence[str] = (),
    own_shares: Mapping[str, float] | None = None,
) -> tuple[Bill, ...]:
    """Return the bill of each nation under a rule, largest first, what nobody pays last.

    Parameters
    ----------
    payers
        Codes of those who pay by GDP or scale; none for those who send. "as sent" and "own" name their own.
    own_shares
        For the rule "own", by code; see `read_own_shares`.

    Raises
    ------
    ScenarioError
        With every problem: a rule that is none, nobody to pay, a nation that is unknown or without a key,
        shares that do not sum to 1.
    """
    problems = ProblemList()
    if rule not in PAY_RULES:
        problems.add("who pays", f"'{rule[:40]}' is not a rule", f"choose among {', '.join(PAY_RULES)}")
        problems.raise_if_any(ScenarioError, "burden")
    if rule == "as-sent":
        return _as_sent(budget)
    if rule == "own":
        if not own_shares:
            problems.add("own shares", "are none", "give a table with the columns code and share")
            problems.raise_if_any(ScenarioError, "burden")
        check_shares(own_shares or {})
        keys = {code: _own_key(code, share) for code, share in (own_shares or {}).items()}
    else:
        codes = list(payers) or [code for code in budget.nations if code != NOBODY]
        keys = _find_keys(rule, codes)
    return _divide(budget, keys)


def read_own_shares(path: Path) -> Mapping[str, float]:
    """Return a user's shares by code, from a table with the columns code and share.

    Raises
    ------
    TableError
        When the file is no such table, a nation is there twice or a share is not a number of zero or more.
    ScenarioError
        When a nation is unknown or the shares do not sum to 1.
    """
    problems = ProblemList()
    shares: dict[str, float] = {}
    for where, row in read_rows(path, "shares", ("code", "share")):
        share = parse_number(row["share"], where, problems)
        if row["code"] in shares:
            problems.add(where, f"{row['code']} is there twice", "keep one row")
        if share is not None:
            shares[row["code"]] = share
        elif row["code"] not in read_nations():
            problems.add(where, f"'{row['code'][:20]}' is not a nation of nations.csv", "write ISO 3166")
    if problems.problems:
        unknown = [code for code in shares if code not in read_nations()]
        for code in unknown:
            problems.add(f"share of {code}", "is not a nation of nations.csv", "write ISO 3166, such as GBR")
    problems.raise_if_any(TableError, path.name)
    check_shares(shares)
    return shares


def check_shares(shares: Mapping[str, float]) -> None:
    """Raise ScenarioError with every unknown nation, every share below zero, and a sum that is not 1."""
    problems = ProblemList()
    nations = read_nations()
    for code, share in shares.items():
        if code not in nations:
            problems.add(f"share of {code}", "is not a nation of nations.csv", "write ISO 3166, such as GBR")
        if not (math.isfinite(share) and share >= 0):
            problems.add(f"share of {code}", f"is {share:g}", "write zero or more")
    total = math.fsum(shares.values())
    if not abs(total - 1) <= SUM_TOLERANCE:
        problems.add(
            "own shares", f"sum to {total:.6g}, not 1", "write shares of the whole, 0.25 for a quarter"
        )
    problems.raise_if_any(ScenarioError, "own shares cannot be used")


@cache
def read_un_scale() -> Mapping[str, Traced]:
    """Return the scale of assessments in per cent, by code. Raises TableError with its problems."""
    problems = ProblemList()
    found: dict[str, Traced] = {}
    for row in read_table(SCALE_TABLE):
        value = parse_number(row["scale_pct"], f"{SCALE_TABLE} {row['code']}", problems)
        if value is not None:
            found[row["code"]] = Traced(
                f"un-scale.{row['code']}",
                value,
                "%",
                f"{row['name']}: assessed share of the United Nations, {row['years']}",
                evidence=grade_confidence(row["confidence"]).value,
                source=row["source"],
            )
    problems.raise_if_any(TableError, SCALE_TABLE)
    return found


def _find_keys(rule: str, codes: Sequence[str]) -> dict[str, Traced]:
    problems = ProblemList()
    nations, scale = read_nations(), read_un_scale()
    keys: dict[str, Traced] = {}
    if not codes:
        problems.add("who pays", "nobody sends anybody", "name the nations that pay")
    for code in dict.fromkeys(codes):
        if code not in nations:
            problems.add(f"payer {code}", "is not a nation of nations.csv", "write ISO 3166, such as GBR")
        elif rule == "un-scale":
            if code in scale:
                keys[code] = scale[code]
            else:
                problems.add(f"payer {code}", "has no row in un_scale.csv", "leave it out")
        elif nations[code].gdp_usd_bn > 0:
            nation = nations[code]
            label = f"{nation.name}: GDP in billion US dollars"
            evidence = grade_confidence(nation.confidence).value
            keys[code] = Traced(
                f"gdp.{code}", nation.gdp_usd_bn, "1", label, evidence=evidence, source=nation.source
            )
        else:
            problems.add(f"payer {code}", "has no GDP in nations.csv", "leave it out")
    problems.raise_if_any(ScenarioError, "burden")
    return keys


def _own_key(code: str, share: float) -> Traced:
    return Traced(f"own-share.{code}", share, "1", f"{code}: share of the cost, as given", evidence="stated")


def _divide(budget: Budget, keys: Mapping[str, Traced]) -> tuple[Bill, ...]:
    """Return the whole divided by keys."""
    nations = read_nations()
    total = math.fsum(key.value for key in keys.values())
    label = "Sum of the keys of all who pay"
    whole = Traced("cost.keys", total, next(iter(keys.values())).unit, label, evidence="computed")
    bills = []
    for code in sorted(keys, key=lambda code: (-keys[code].value, code)):
        key, name, stem = keys[code], nations[code].name, f"cost.paid.{code}"
        formula = f"{key.name} / {whole.name}"
        share = compute(f"{stem}.share", f"{name}: share of the cost", "1", formula, (key, whole))
        years = tuple(
            _part(f"{stem}.y{n}", name, share, tree, budget) for n, tree in enumerate(budget.by_year, 1)
        )
        bills.append(Bill(code, name, share, _part(stem, name, share, budget.total, budget), years, False))
    return tuple(bills)


def _part(name: str, nation: str, share: Traced, of: Traced, budget: Budget) -> Traced:
    label = f"{nation}: its part of: {of.label}"
    return add_range(compute(name, label, budget.currency, f"{share.name} * {of.name}", (share, of)))


def _as_sent(budget: Budget) -> tuple[Bill, ...]:
    bills = []
    for code, amount in budget.nations.items():
        name = NOBODY_LABEL if code == NOBODY else budget.names[code]
        stem = f"cost.paid.{code or 'nobody'}"
        formula = f"{amount.name} / {budget.total.name}"
        share = compute(f"{stem}.share", f"{name}: share of the cost", "1", formula, (amount, budget.total))
        years, ours = [], False
        for year in range(1, budget.years + 1):
            part = budget.total_of(nation=code, year=year)
            ours = ours or part.ours
            years.append(
                Traced(
                    f"{stem}.y{year}",
                    part.value,
                    budget.currency,
                    f"{name}: cost of what it sends, year {year}",
                    low=part.low,
                    high=part.high,
                    evidence="judgement" if part.ours else "computed",
                    note=amount.note,
                )
            )
        bills.append(Bill(code, name, share, amount, tuple(years), ours))
    return tuple(bills)
