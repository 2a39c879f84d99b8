"""A nation's bill against its defence budget and its GDP, and what the way to a target leaves for it.

Money in the nation's comparison currency, each year in the money of that year; shares of GDP between 0 and 1.
GDP grows by one assumed rate and the share of defence moves in a straight line: a yardstick, not a forecast.
Definitions of defence spending differ between sources and are not reconciled here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from truceline.cost.budget import Budget
from truceline.cost.burden import Bill
from truceline.cost.money import EURO, Price, convert
from truceline.cost.money_tables import MoneyTables, read_money_tables
from truceline.cost.unit_costs import find_cost
from truceline.errors import Problem, ScenarioError
from truceline.generation.formula import add_range, compute
from truceline.generation.nations import Nation, read_nations
from truceline.scenario.assumption import AssumptionSet
from truceline.scenario.reference import grade_confidence, read_table
from truceline.trace import Traced

GROWTH = "cost.nominal_gdp_growth"
PUBLISHED_BUDGETS: Mapping[str, tuple[str, str]] = {"GBR": ("UC080", "cost.uk_defence_share")}
"""Row and share of a budget that was read in a primary source: it goes before GDP times a rounded share."""
YEARS_AHEAD_MAX = 40
"""Longest way to a target."""
_BILLION = 1e9
_GDP_CURRENCY = "USD"


@dataclass(frozen=True)
class Economy:
    """What a nation's bill is weighed against, in one year."""

    code: str
    name: str
    currency: str
    year: int
    gdp: Traced
    share: Traced
    """Of GDP spent on defence."""

    @property
    def budget(self) -> Traced:
        """Return the defence budget of that year."""
        label = f"{self.name}: defence spending {self.year}"
        formula = f"{self.gdp.name} * {self.share.name}"
        return add_range(
            compute(f"defence.{self.code}", label, self.currency, formula, (self.gdp, self.share))
        )


@dataclass(frozen=True)
class PathYear:
    """One year on the way to a target, in the money of that year."""

    year: int
    gdp: Traced
    share: Traced
    budget: Traced
    held: Traced
    """What the first share would give."""
    extra: Traced
    """Budget less `held`."""
    rise: Traced
    """Budget less that of the first year: cash."""


@dataclass(frozen=True)
class WeighedBill:
    """A bill for one year beside what a nation spends."""

    code: str
    bill: Traced
    """In the economy's currency, in the money of the year weighed."""
    budget_share: Traced
    """Of the defence budget."""
    gdp_share: Traced
    extra_share: Traced | None
    """Of what the way to the target adds in that year; None where it adds nothing."""


def read_economy(
    code: str,
    assumptions: AssumptionSet,
    currency: str = "",
    tables: MoneyTables | None = None,
) -> Economy:
    """Return GDP and share of defence of a nation.

    currency: empty for the pound where the budget was read in pounds, else the euro; GDP published in dollars
    is converted at the rate of its year.

    Raises
    ------
    ScenarioError
        For a nation that is unknown or whose GDP or share is, and for a missing rate.
    """
    nations = read_nations()
    if code not in nations:
        problem = Problem(f"nation {code}", "is not a nation of nations.csv", "write ISO 3166, such as GBR")
        raise ScenarioError("national budgets", [problem])
    money = read_money_tables() if tables is None else tables
    nation = nations[code]
    if code in PUBLISHED_BUDGETS:
        row, share_name = PUBLISHED_BUDGETS[code]
        price, share = find_cost(row).price, assumptions.trace(share_name)
        own = currency or price.currency
        budget = convert(price, own, price.year, money)
        label = f"{nation.name}: GDP {price.year}, from its budget and its share"
        gdp = compute(f"gdp.{code}", label, own, f"{budget.name} / {share.name}", (budget, share))
        return Economy(code, nation.name, own, price.year, gdp, share)
    return _from_factbook(nation, currency or EURO, money)


def _from_factbook(nation: Nation, currency: str, tables: MoneyTables) -> Economy:
    if not _is_known(nation) or nation.defence_share_pct is None:
        what = "GDP" if not nation.gdp_usd_bn > 0 else "share of GDP spent on defence"
        hint = "its bill cannot be weighed; bring a spending file"
        raise ScenarioError("national budgets", [Problem(f"nation {nation.code}", f"has no {what}", hint)])
    row = next(row for row in read_table("nations") if row["code"] == nation.code)
    year, evidence = int(row["gdp_year"]), grade_confidence(nation.confidence).value
    price = Price(
        key=f"nations.{nation.code}.gdp",
        value=nation.gdp_usd_bn * _BILLION,
        currency=_GDP_CURRENCY,
        year=year,
        basis="gross domestic product",
        label=f"{nation.name}: GDP {year}",
        evidence=evidence,
        source=nation.source,
    )
    share = Traced(
        f"nations.{nation.code}.defence_share",
        nation.defence_share_pct / 100,
        "1",
        f"{nation.name}: share of GDP spent on defence, 2025",
        evidence=evidence,
        source=nation.source,
        note="rounded to a tenth of a per cent",
    )
    return Economy(nation.code, nation.name, currency, year, convert(price, currency, year, tables), share)


def trace_path(
    economy: Economy, target_share: Traced, target_year: int, assumptions: AssumptionSet
) -> tuple[PathYear, ...]:
    """Return every year from the economy's to the target's: the share moves in a straight line.

    gdp(n) = gdp * (1 + growth)^n; share(n) = share + (target - share) * n / years;
    extra = (share(n) - share) * gdp(n).

    Raises
    ------
    ScenarioError
        For a target year not after the economy's or too far, or a share that is not between 0 and 1.
    """
    years = target_year - economy.year
    problems = []
    if not 1 <= years <= YEARS_AHEAD_MAX:
        found = f"{target_year} is not 1 to {YEARS_AHEAD_MAX} years after {economy.year}"
        problems.append(Problem("target year", found, "write a later year"))
    if not 0 <= target_share.value <= 1:
        problems.append(
            Problem("target", f"{target_share.value:g} is not a share of GDP", "write 0.025 for 2.5 %")
        )
    if problems:
        raise ScenarioError("national budgets", problems)
    growth = assumptions.trace(GROWTH)
    return tuple(_path_year(economy, target_share, n, years, growth) for n in range(years + 1))


def project_gdp(economy: Economy, year: int, growth: Traced) -> Traced:
    """Return GDP of a later year in the money of that year; of an earlier one, less the growth between."""
    n = year - economy.year
    if n == 0:
        return economy.gdp
    sign = "*" if n > 0 else "/"
    formula = economy.gdp.name + f" {sign} (1 + {growth.name})" * abs(n)
    name, label = f"gdp.{economy.code}.{year}", f"{economy.name}: GDP {year}, in money of that year"
    return add_range(compute(name, label, economy.currency, formula, (economy.gdp, growth)))


def _path_year(economy: Economy, target: Traced, n: int, years: int, growth: Traced) -> PathYear:
    year, start = economy.year + n, economy.share
    stem, who = f"defence.{economy.code}.{year}", economy.name
    gdp = project_gdp(economy, year, growth)
    label = f"{who}: share of GDP for defence {year}, on a straight line"
    form = f"{start.name} + ({target.name} - {start.name}) * {n} / {years}"
    share = compute(f"{stem}.share", label, "1", form, (start, target))

    def money(key: str, label: str, formula: str, *parts: Traced) -> Traced:
        whole = f"{who}: {label} {year}"
        return add_range(compute(f"{stem}.{key}", whole, economy.currency, formula, parts))

    budget = money(
        "budget", "defence spending on the way to the target,", f"{gdp.name} * {share.name}", gdp, share
    )
    held = money("held", "defence spending at the first share,", f"{gdp.name} * {start.name}", gdp, start)
    extra = money(
        "extra", "spending above holding the first share,", f"{budget.name} - {held.name}", budget, held
    )
    first = economy.budget
    rise = money("rise", f"cash above {economy.year},", f"{budget.name} - {first.name}", budget, first)
    return PathYear(year, gdp, share, budget, held, extra, rise)


def weigh_bill(
    bill: Traced,
    bill_currency: str,
    bill_year: int,
    economy: Economy,
    year: int,
    assumptions: AssumptionSet,
    path: tuple[PathYear, ...] = (),
    tables: MoneyTables | None = None,
) -> WeighedBill:
    """Return a yearly bill beside a nation's budget, its GDP and the extra of its path, in money of `year`.

    The bill is brought to that year and to the economy's currency by the tables. The budget is that of the
    path where it has the year, else the first share of the GDP projected to it.

    Raises
    ------
    ScenarioError
        For a missing rate or index, or a bill below zero.
    """
    money = read_money_tables() if tables is None else tables
    price = Price(
        key=bill.name,
        value=bill.value,
        currency=bill_currency,
        year=bill_year,
        basis="bill",
        low=bill.low,
        high=bill.high,
        label=bill.label,
        evidence=bill.evidence,
        note=bill.note,
    )
    brought = convert(price, economy.currency, year, money)
    on_path = next((each for each in path if each.year == year), None)
    gdp = on_path.gdp if on_path else project_gdp(economy, year, assumptions.trace(GROWTH))
    if on_path is not None:
        budget = on_path.budget
    else:
        formula = f"{gdp.name} * {economy.share.name}"
        label = f"{economy.name}: defence spending {year} at the first share"
        parts = (gdp, economy.share)
        budget = add_range(
            compute(f"defence.{economy.code}.{year}.held", label, economy.currency, formula, parts)
        )

    def share(key: str, of: Traced, what: str) -> Traced:
        label = f"{economy.name}: bill of {year} as a share of {what}"
        name, formula = f"{bill.name}.per-{key}", f"{brought.name} / {of.name}"
        return add_range(compute(name, label, "1", formula, (brought, of), note=bill.note))

    extra = on_path.extra if on_path is not None and on_path.extra.value > 0 else None
    return WeighedBill(
        code=economy.code,
        bill=brought,
        budget_share=share("budget", budget, "its defence spending"),
        gdp_share=share("gdp", gdp, "its GDP"),
        extra_share=None if extra is None else share("extra", extra, "what its path adds"),
    )


def find_target(nation: Nation, assumptions: AssumptionSet) -> tuple[Traced, int] | None:
    """Return the target a nation has set itself, and its year; None where it has none that we know."""
    if nation.code in PUBLISHED_BUDGETS:
        return assumptions.trace("cost.uk_target_share"), int(assumptions.value("cost.uk_target_year"))
    if nation.in_nato:
        return assumptions.trace("cost.nato_target_share"), int(assumptions.value("cost.nato_target_year"))
    return None


def weigh_nations(
    bills: Sequence[Bill],
    budget: Budget,
    assumptions: AssumptionSet,
    *,
    budget_year: int = 2,
    year: int = 0,
    tables: MoneyTables | None = None,
) -> tuple[tuple[WeighedBill, ...], tuple[Problem, ...]]:
    """Return each nation's bill of one budget year beside what it spends, and those for whom that is unknown.

    Parameters
    ----------
    budget_year
        Which year of the budget; the last where it has fewer.
    year
        Calendar year in whose money it is weighed; 0 for the price year of the budget.

    Raises
    ------
    ScenarioError
        For a missing rate or index.
    """
    which, when = min(budget_year, budget.years) - 1, year or budget.price_year
    nations, weighed, unknown = read_nations(), [], []
    for bill in bills:
        if bill.code not in nations:
            continue
        nation = nations[bill.code]
        if bill.code not in PUBLISHED_BUDGETS and not _is_known(nation):
            found = "GDP or share of GDP spent on defence is not known: its bill is not weighed"
            unknown.append(Problem(nation.name, found, "bring a spending file", warning=True))
            continue
        economy = read_economy(bill.code, assumptions, tables=tables)
        target = find_target(nation, assumptions)
        path = () if target is None else trace_path(economy, *target, assumptions)
        one = bill.by_year[which]
        weighed.append(
            weigh_bill(one, budget.currency, budget.price_year, economy, when, assumptions, path, tables)
        )
    return tuple(weighed), tuple(unknown)


def _is_known(nation: Nation) -> bool:
    return nation.gdp_usd_bn > 0 and nation.defence_share_pct is not None
