"""The record of plan.json about money: budgets, bills, national budgets, frontier; and how it was asked.

Money in whole units of the currency named, at prices of the year named; shares between 0 and 1. A sum that
rests on a size nobody stated has ``basis: ours`` and its range. Sums of nations carry the range of what each
may send, the others that of prices alone: only values add up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from truceline.cost.bases import CostBasis
from truceline.cost.lines import HEADINGS, Amount, CostLine, Heading, add_amounts
from truceline.publish.record import Record, number_or_null
from truceline.publish.shared_trees import write_trees
from truceline.scenario.model import PayRuleName

if TYPE_CHECKING:
    from collections.abc import Iterable

    from truceline.cost.budget import Budget
    from truceline.cost.burden import Bill
    from truceline.cost.national import WeighedBill
    from truceline.plan.cost_frontier import CostFrontier
    from truceline.plan.money import PathStep, PlanMoney
    from truceline.trace import Traced

_DECIMALS = 0
_SHARE_DECIMALS = 9
Whose = Literal["ours", "stated"]


class AmountRecord(Record):
    """Money with its range."""

    value: float
    low: float
    high: float
    basis: Whose = "stated"
    """``ours`` where a size that nobody stated is in it."""


class CostLineRecord(Record):
    """One cell of a budget."""

    year: int
    heading: Heading
    task: str
    capability: str
    nation: str
    """Code; empty for what nobody sends."""
    amount: AmountRecord
    """With the range of prices."""
    sent: AmountRecord
    """With the range of people too; ranges of several nations do not add."""


class OtherBasisRecord(Record):
    """The same force on another basis: to stand beside, never to be added."""

    basis: CostBasis
    total: AmountRecord
    by_year: list[AmountRecord]


class BillRecord(Record):
    """What one nation pays."""

    code: str
    name: str
    share: float
    amount: AmountRecord
    by_year: list[AmountRecord]


class WeighedRecord(Record):
    """One year's bill beside what a nation spends, in the currency and the money of the year named."""

    code: str
    currency: str
    bill: AmountRecord
    defence_spending: float
    gdp: float
    budget_share: AmountRecord
    gdp_share: AmountRecord
    extra_share: AmountRecord | None
    """Of what the way to its target adds in that year; null where it adds nothing."""


class PathRecord(Record):
    """One year of a nation's way to its target of defence spending."""

    year: int
    share_of_gdp: float
    spending: float
    held: float
    """What the first share would give."""
    extra: float
    """Spending less `held`."""
    rise: float
    """Spending less that of the first year: cash."""
    bill: WeighedRecord | None
    """The nation's own bill; null where it has none."""
    whole_force: WeighedRecord
    """If it paid for everybody: a bound, not a proposal."""


class ExchangeRecord(Record):
    """A kilometre of cameras beside a soldier."""

    basis: CostBasis
    camera_km_year: AmountRecord
    soldier_year: AmountRecord
    soldiers_per_km: AmountRecord


class PointRecord(Record):
    """A posture on the curves."""

    chosen_by: Literal["people", "cost", "plan"]
    people: float
    posts: float
    masts: float
    orbits: float
    detect: float
    cost_per_year: AmountRecord
    is_cheapest: bool
    """Whether none of the others sees as much for less."""


class MoneyRecord(Record):
    """What the posture planned in full costs, and whom."""

    posture: str
    basis: CostBasis
    kind: str
    """Kind of force whose cost per person-year is taken."""
    currency: str
    price_year: int
    years: int
    share: PayRuleName
    own_shares: dict[str, float]
    own_tables: bool
    """Whether rates or indices of the user's own were taken."""
    case: str
    """Case whose senders are billed; empty where nations were not asked."""
    people: float
    """People who are paid for: those needed, and a few more where whole units bring them."""
    needed_people: float
    total: AmountRecord
    by_year: list[AmountRecord]
    by_heading: dict[str, list[AmountRecord]]
    """One for each year."""
    names: dict[str, str]
    """Of nations, by code."""
    tasks: dict[str, str]
    """Labels of tasks, by key."""
    lines: list[CostLineRecord]
    beside: dict[str, AmountRecord]
    """Money that no basis of this budget counts, by heading: never added to the total."""
    held: dict[str, str]
    """Headings that the rate for people already holds, with the reason."""
    left_out: list[str]
    other_bases: list[OtherBasisRecord]
    bills: list[BillRecord]
    weighed_year: int
    """Year of the budget whose bills are weighed."""
    weighed: list[WeighedRecord]
    path_of: str
    """Code of the nation whose way to its target is told."""
    path: list[PathRecord]
    exchange: list[ExchangeRecord]
    frontier: list[PointRecord]
    frontier_gap: float | None
    """Share of the bound that no choice found reaches at the cost of the plan."""
    headlines: list[dict[str, Any]]
    """Numbers as trees; a tree that was written before stands without its parts."""
    warnings: list[str]


def record_money(money: PlanMoney, posture: str) -> MoneyRecord:
    """Return what was found about money as a record. posture: key of the one that is costed."""
    from truceline.plan.money import PATH_NATION

    asked, budget = money.asked, money.budget
    return MoneyRecord(
        posture=posture,
        basis=budget.basis,
        kind=budget.kind,
        currency=budget.currency,
        price_year=budget.price_year,
        years=budget.years,
        share=asked.share,
        own_shares=dict(money.prepared.own_shares),
        own_tables=asked.rates is not None or asked.indices is not None,
        case=money.case,
        people=round(money.people, 2),
        needed_people=round(money.needed_people, 2),
        total=amount_of(budget.total),
        by_year=[amount_of(tree) for tree in budget.by_year],
        by_heading={
            heading: [_amount(amount) for amount in sum_by_year(budget, budget.lines, heading=heading)]
            for heading in HEADINGS
            if any(line.heading == heading for line in budget.lines)
        },
        names=dict(budget.names),
        tasks=dict(money.tasks),
        lines=[_line(line) for line in budget.lines],
        beside={
            heading: _amount(add_amounts(line.amount for line in budget.beside if line.heading == heading))
            for heading in HEADINGS
            if any(line.heading == heading for line in budget.beside)
        },
        held=dict(budget.held),
        left_out=list(budget.left_out),
        other_bases=[
            OtherBasisRecord(
                basis=other.basis,
                total=amount_of(other.total),
                by_year=[amount_of(tree) for tree in other.by_year],
            )
            for other in money.others
        ],
        bills=[_bill(bill) for bill in money.bills],
        weighed_year=money.weighed_year,
        weighed=[_weighed(one, _is_ours(money, one.code)) for one in money.weighed],
        path_of=PATH_NATION,
        path=[_step(step, _is_ours(money, PATH_NATION)) for step in money.path],
        exchange=[
            ExchangeRecord(
                basis=rate.basis,
                camera_km_year=amount_of(rate.camera_km_year),
                soldier_year=amount_of(rate.soldier_year),
                soldiers_per_km=amount_of(rate.soldiers_per_km, decimals=_SHARE_DECIMALS),
            )
            for rate in money.exchange
        ],
        frontier=[] if money.frontier is None else _points(money.frontier),
        frontier_gap=None if money.frontier is None else number_or_null(money.frontier.gap),
        headlines=write_trees(money.headlines.values()),
        warnings=[str(problem) for problem in money.warnings],
    )


def sum_by_year(budget: Budget, lines: Iterable[CostLine], **wanted: str) -> list[Amount]:
    """Return one sum a year of the lines whose fields are as wanted; those of one nation with its range."""
    found = [line for line in lines if all(getattr(line, key) == value for key, value in wanted.items())]
    sent = "nation" in wanted
    return [
        add_amounts((line.sent if sent else line.amount) for line in found if line.year == year)
        for year in range(1, budget.years + 1)
    ]


def amount_of(tree: Traced, *, ours: bool = False, decimals: int = _DECIMALS) -> AmountRecord:
    """Return a traced amount as a record; one without a range is its own ends."""
    return _amount(Amount(tree.value, *tree.bounds, ours), decimals)


def _amount(amount: Amount, decimals: int = _DECIMALS) -> AmountRecord:
    return AmountRecord(
        value=round(amount.value, decimals),
        low=round(amount.low, decimals),
        high=round(amount.high, decimals),
        basis="ours" if amount.ours else "stated",
    )


def _line(line: CostLine) -> CostLineRecord:
    return CostLineRecord(
        year=line.year,
        heading=line.heading,
        task=line.task,
        capability=line.capability,
        nation=line.nation,
        amount=_amount(line.amount),
        sent=_amount(line.sent),
    )


def _bill(bill: Bill) -> BillRecord:
    return BillRecord(
        code=bill.code,
        name=bill.name,
        share=round(bill.share.value, _SHARE_DECIMALS),
        amount=amount_of(bill.amount, ours=bill.ours),
        by_year=[amount_of(tree, ours=bill.ours) for tree in bill.by_year],
    )


def _is_ours(money: PlanMoney, code: str) -> bool:
    return any(bill.ours for bill in money.bills if bill.code == code)


def _weighed(one: WeighedBill, ours: bool) -> WeighedRecord:
    return WeighedRecord(
        code=one.code,
        currency=one.bill.unit,
        bill=amount_of(one.bill, ours=ours),
        defence_spending=round(spending_of(one).value, _DECIMALS),
        gdp=round(one.gdp_share.parts[1].value, _DECIMALS),
        budget_share=amount_of(one.budget_share, ours=ours, decimals=_SHARE_DECIMALS),
        gdp_share=amount_of(one.gdp_share, ours=ours, decimals=_SHARE_DECIMALS),
        extra_share=None
        if one.extra_share is None
        else amount_of(one.extra_share, ours=ours, decimals=_SHARE_DECIMALS),
    )


def spending_of(one: WeighedBill) -> Traced:
    """Return the defence spending a bill is put against: the second part of its share."""
    return one.budget_share.parts[1]


def _step(step: PathStep, ours: bool) -> PathRecord:
    year = step.year
    return PathRecord(
        year=year.year,
        share_of_gdp=round(year.share.value, _SHARE_DECIMALS),
        spending=round(year.budget.value, _DECIMALS),
        held=round(year.held.value, _DECIMALS),
        extra=round(year.extra.value, _DECIMALS),
        rise=round(year.rise.value, _DECIMALS),
        bill=None if step.bill is None else _weighed(step.bill, ours),
        whole_force=_weighed(step.whole, ours=False),
    )


def _points(frontier: CostFrontier) -> list[PointRecord]:
    return [
        PointRecord(
            chosen_by=one.chosen_by,
            people=one.priced.point.people,
            posts=one.priced.point.posts,
            masts=one.priced.point.masts,
            orbits=one.priced.point.orbits,
            detect=one.priced.point.coverage,
            cost_per_year=amount_of(one.priced.per_year),
            is_cheapest=one.priced.is_cheapest,
        )
        for one in frontier.points
    ]
