"""What a plan's force costs, and whom: budgets, bills, national budgets, cameras against soldiers.

Money in one currency at constant prices of one year; shares between 0 and 1. One basis is chosen; the others
stand beside it and are never added. It puts the parts of `truceline.cost` together for one force.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from truceline.cost.bases import CostBasis, check_basis
from truceline.cost.budget import KIND_OF_MISSION, Budget, cost_each_basis, cost_tasks
from truceline.cost.burden import Bill, check_shares, read_own_shares, share_costs
from truceline.cost.exchange import Exchange, exchange_rates
from truceline.cost.inputs import NOBODY, Sender, senders_of
from truceline.cost.money import EURO
from truceline.cost.money_tables import MoneyTables, read_money_tables
from truceline.cost.national import (
    PathYear,
    WeighedBill,
    find_target,
    read_economy,
    trace_path,
    weigh_bill,
    weigh_nations,
)
from truceline.cost.rates import list_bases, person_year_rate
from truceline.detection.parameters import DetectionParameters
from truceline.detection.sensors import Sensor
from truceline.errors import Problem, ProblemList, ScenarioError
from truceline.generation.claim_inputs import ClaimPrices
from truceline.generation.claim_model import Band
from truceline.generation.model import Basis, Mission, TaskNeed
from truceline.generation.nations import read_nations
from truceline.generation.result import Generation
from truceline.plan.cost_frontier import CostFrontier, Pricing, trace_cost_frontier
from truceline.plan.ground import Ground
from truceline.plan.model import PosturePlan
from truceline.plan.watch import Progress
from truceline.scenario.assumption import AssumptionSet
from truceline.scenario.model import Money, Scenario
from truceline.trace import Traced

__all__ = ["KIND_OF_MISSION", "PathStep", "PlanMoney", "PreparedMoney", "prepare_money", "price_force"]

WEIGHED_YEAR = 2
"""Year of the budget whose bill is weighed: the first has the build-up. The last where there are fewer."""
PATH_NATION = "GBR"
"""The nation whose way to its target is told year by year."""
CLAIM_YEAR, CLAIM_CURRENCY = 2025, "USD"
"""Prices in which claims of 2025 about money are held against ours."""
_BY_KEY = ("gdp-share", "un-scale")


@dataclass(frozen=True)
class PathStep:
    """One year of a nation's way to its target, with what a bill of that year takes of what it adds."""

    year: PathYear
    bill: WeighedBill | None
    """The nation's own bill; None where it has none."""
    whole: WeighedBill
    """The same if the nation paid for the whole force: a bound, not a proposal."""


@dataclass(frozen=True)
class PreparedMoney:
    """What is asked about money, with its files read and its prices checked."""

    asked: Money
    kind: str
    tables: MoneyTables
    own_shares: Mapping[str, float] = field(default_factory=dict)

    @property
    def basis(self) -> CostBasis:
        """The basis of cost."""
        return check_basis(self.asked.basis)

    def pricing(self, assumptions: AssumptionSet) -> Pricing:
        """Return how points of a curve are priced."""
        asked = self.asked
        return Pricing(self.basis, self.kind, asked.currency, asked.price_year, self.tables, assumptions)


@dataclass(frozen=True, eq=False)
class PlanMoney:
    """A force costed and shared."""

    prepared: PreparedMoney
    case: str
    """Case of the generation whose senders are billed; empty where nations were not asked."""
    case_label: str
    tasks: Mapping[str, str]
    """Labels of tasks by key."""
    needed_people: float
    """People of the tasks; whole units may bring a few more, who are paid as well."""
    budget: Budget
    others: tuple[Budget, ...]
    """The same force on the other bases that somebody published: beside, never added."""
    bills: tuple[Bill, ...]
    weighed: tuple[WeighedBill, ...]
    weighed_year: int
    """Year of the budget whose bills are weighed."""
    path: tuple[PathStep, ...]
    exchange: tuple[Exchange, ...]
    frontier: CostFrontier | None
    """None without a sited posture, and on a basis on which things have no price."""
    warnings: tuple[Problem, ...]

    @property
    def asked(self) -> Money:
        """What was asked."""
        return self.prepared.asked

    @property
    def people(self) -> float:
        """People who are paid for."""
        tree = self.budget.headlines["cost.y1.people"]
        return math.fsum(part.value for part in tree.parts if part.unit == "person")

    @property
    def headlines(self) -> dict[str, Traced]:
        """Every number that can be unfolded, by name; those of other bases carry their basis in it."""
        found = dict(self.budget.headlines)
        trees: list[Traced] = []
        for bill in self.bills:
            trees += [bill.share, bill.amount, *bill.by_year]
        for one in self.weighed:
            trees += _trees_of(one)
        for step in self.path:
            trees += [step.year.budget, step.year.extra, step.year.rise]
            trees += [*(_trees_of(step.bill) if step.bill is not None else ()), *_trees_of(step.whole)]
        for rate in self.exchange:
            trees += [rate.soldiers_per_km, rate.soldier_year]
        trees += [rename(budget.total, budget.basis) for budget in self.others]
        if self.frontier is not None:
            trees.append(self.frontier.plan.priced.per_year)
        for tree in trees:
            found.setdefault(tree.name, tree)
        return found


def _trees_of(one: WeighedBill) -> tuple[Traced, ...]:
    found = (one.bill, one.budget_share, one.gdp_share, one.extra_share)
    return tuple(tree for tree in found if tree is not None)


def prepare_money(
    asked: Money, mission: Mission, own_shares: Mapping[str, float] | None = None
) -> PreparedMoney:
    """Return what is asked with its files read, and refuse what no plan could be costed by.

    own_shares: shares of the user's own by code, where no file of them is named.

    Raises
    ------
    TableError
        For a file of rates, indices or shares that cannot be used.
    ScenarioError
        For a basis nobody published for that kind of force, a missing rate or index, shares that are none.
    """
    tables = read_money_tables(asked.rates, asked.indices)
    own: Mapping[str, float] = {}
    if asked.share == "own":
        own = (own_shares or {}) if asked.own_shares is None else read_own_shares(asked.own_shares)
    prepared = PreparedMoney(asked, asked.kind or KIND_OF_MISSION[mission], tables, own)
    check_money(prepared)
    return prepared


def check_money(prepared: PreparedMoney) -> None:
    """Raise what costing any force would raise, before a plan is made."""
    nobody = [TaskNeed("watch", "watch", "Watch", 0.0, "post", 0.0)]
    asked = prepared.asked
    cost_tasks(
        nobody,
        cost_basis=asked.basis,
        price_year=asked.price_year,
        currency=asked.currency,
        years=asked.years,
        kind=prepared.kind,
        tables=prepared.tables,
    )
    if asked.share == "own":
        check_shares(prepared.own_shares)


def price_plan(
    scenario: Scenario,
    one: PosturePlan,
    basis: Basis,
    generation: Generation | None,
    ground: Ground | None,
    sensors: dict[str, Sensor],
    parameters: DetectionParameters,
    assumptions: AssumptionSet,
    progress: Progress | None = None,
) -> PlanMoney | None:
    """Return what the posture planned in full costs; None for a scenario that asks nothing about money.

    Raises TrucelineError where tables, rates or shares cannot be used.
    """
    if scenario.money is None:
        return None
    tell = progress or (lambda stage, share: None)
    tell("money", 0.0)
    prepared = prepare_money(scenario.money, one.posture.mission)
    frontier = None
    if ground is not None and one.watch is not None and prepared.basis != "reimbursement":
        frontier = trace_cost_frontier(
            one.watch,
            one.people,
            scenario.watched,
            ground,
            sensors,
            parameters,
            prepared.pricing(assumptions),
            lambda _, share: tell("money", share),
        )
    found = price_force(basis.tasks, prepared, assumptions, generation=generation, frontier=frontier)
    tell("money", 1.0)
    return found


def price_force(
    tasks: Sequence[TaskNeed],
    prepared: PreparedMoney,
    assumptions: AssumptionSet,
    *,
    generation: Generation | None = None,
    case: str = "",
    frontier: CostFrontier | None = None,
) -> PlanMoney:
    """Return a force costed and shared among those who send it in a case; without nations nobody sends.

    Raises ScenarioError for a case that is none, and as `prepare_money`.
    """
    asked, tables = prepared.asked, prepared.tables
    senders = () if generation is None else senders_of(generation, case)
    budget = cost_tasks(
        tasks,
        senders,
        cost_basis=asked.basis,
        price_year=asked.price_year,
        currency=asked.currency,
        years=asked.years,
        kind=prepared.kind,
        tables=tables,
        assumptions=assumptions,
    )
    each = cost_each_basis(
        tasks,
        senders,
        kind=prepared.kind,
        price_year=asked.price_year,
        currency=asked.currency,
        years=asked.years,
        tables=tables,
        assumptions=assumptions,
    )
    warnings: list[Problem] = []
    bills = _share(budget, prepared, senders, warnings)
    year = min(WEIGHED_YEAR, asked.years)
    weighed, unknown = weigh_nations(bills, budget, assumptions, budget_year=year, tables=tables)
    key = "" if generation is None else case or generation.case_key
    return PlanMoney(
        prepared=prepared,
        case=key,
        case_label="" if generation is None else generation.cases[key].case.label,
        tasks={task.key: task.label for task in tasks},
        needed_people=math.fsum(task.people for task in tasks),
        budget=budget,
        others=tuple(one for basis, one in each.items() if basis != budget.basis),
        bills=bills,
        weighed=weighed,
        weighed_year=year,
        path=()
        if generation is None and not any(bill.code == PATH_NATION for bill in bills)
        else _walk_path(budget, bills, year, tables, assumptions, warnings),
        exchange=exchange_rates(
            prepared.kind,
            assumptions,
            currency=asked.currency,
            price_year=asked.price_year,
            tables=tables,
        ),
        frontier=frontier,
        warnings=(*warnings, *unknown),
    )


def _share(
    budget: Budget, prepared: PreparedMoney, senders: Sequence[Sender], warnings: list[Problem]
) -> tuple[Bill, ...]:
    """Return the bills; none, with a warning, where the rule divides among those who send and nobody does."""
    if prepared.asked.share not in _BY_KEY:
        return share_costs(budget, prepared.asked.share, own_shares=prepared.own_shares)
    payers, nations = [code for code in budget.nations if code != NOBODY], read_nations()
    known = [code for code in payers if code in nations and nations[code].gdp_usd_bn > 0]
    for code in payers:
        if code not in known:
            found = f"sends people and has no key for {prepared.asked.share}: the others pay its part"
            warnings.append(Problem(budget.names[code], found, "name shares of your own", warning=True))
    if not known:
        found = f"nobody sends anybody in this case: nothing is divided by {prepared.asked.share}"
        warnings.append(
            Problem("who pays", found, "choose a case in which nations come, or `own`", warning=True)
        )
        return ()
    return share_costs(budget, prepared.asked.share, known)


def _walk_path(
    budget: Budget,
    bills: Sequence[Bill],
    which: int,
    tables: MoneyTables,
    assumptions: AssumptionSet,
    warnings: list[Problem],
) -> tuple[PathStep, ...]:
    """Return the way of one nation to its target; nothing, with a warning, where a rate for it is missing."""
    target = find_target(read_nations()[PATH_NATION], assumptions)
    if target is None:
        return ()
    try:
        economy = read_economy(PATH_NATION, assumptions, tables=tables)
        path = trace_path(economy, *target, assumptions)
        own = next((bill for bill in bills if bill.code == PATH_NATION), None)
        steps = []
        for year in path[1:]:

            def weigh(bill: Traced, label: str, year: PathYear = year) -> WeighedBill:
                money = (budget.currency, budget.price_year, economy, year.year, assumptions, path, tables)
                return _dated(weigh_bill(bill, *money), year.year, label)

            steps.append(
                PathStep(
                    year,
                    None if own is None else weigh(own.by_year[which - 1], economy.name),
                    weigh(budget.by_year[which - 1], "The whole force"),
                )
            )
    except ScenarioError as error:
        warnings += [replace(problem, warning=True) for problem in error.problems]
        return ()
    return tuple(steps)


def _dated(one: WeighedBill, year: int, who: str) -> WeighedBill:
    """Return a weighed bill whose shares carry their year in the name: a path weighs one bill many times."""

    def date(tree: Traced) -> Traced:
        _, colon, rest = tree.label.partition(":")
        return replace(tree, name=f"{tree.name}.{year}", label=f"{who}{colon}{rest}")

    return replace(
        one,
        bill=replace(one.bill, label=f"{who}: {one.bill.label}"),
        budget_share=date(one.budget_share),
        gdp_share=date(one.gdp_share),
        extra_share=None if one.extra_share is None else date(one.extra_share),
    )


def rename(tree: Traced, basis: str) -> Traced:
    """Return a tree of a budget whose names say its basis: `cost.total` as `cost.reimbursement.total`."""

    def tell(text: str) -> str:
        return re.sub(r"\bcost\.(?=total\b|y\d|places\b|posts\b|masts\b|drones\b)", f"cost.{basis}.", text)

    parts = tuple(rename(part, basis) for part in tree.parts)
    return replace(tree, name=tell(tree.name), formula=tell(tree.formula), parts=parts)


def claim_prices(mission: Mission, assumptions: AssumptionSet) -> ClaimPrices:
    """Return the prices that claims about money are held against: the packaged ones, in US dollars of 2025.

    The extra cost of being sent where somebody published it for such a force, else its whole cost.
    Raises ScenarioError for a missing rate or index.
    """
    kind, tables = KIND_OF_MISSION[mission], read_money_tables()
    known = list_bases(kind)
    basis: CostBasis = "incremental" if "incremental" in known else "full"
    rate = person_year_rate(kind, basis, currency=CLAIM_CURRENCY, price_year=CLAIM_YEAR, tables=tables)
    problems = ProblemList()
    for currency in (CLAIM_CURRENCY, "GBP"):
        if (currency, CLAIM_YEAR) not in tables.rates:
            problems.add(
                f"{currency} {CLAIM_YEAR}", f"has no rate for {EURO}", "add it to exchange_rates.csv"
            )
    problems.raise_if_any(ScenarioError, "prices of claims")
    usd, gbp = (tables.rates[currency, CLAIM_YEAR].value for currency in (CLAIM_CURRENCY, "GBP"))
    return ClaimPrices(Band.of(rate, "published"), usd / gbp)
