"""Tables of money: the budget line by line, bills beside national budgets, curves by cost, a way to a target.

Money in whole units of the currency named in each row, at prices of the year named; shares between 0 and 1.
Only rows that say ``in_total: yes`` are summed; what nobody stated a size for says ours and has its range.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from truceline.plan.model import Plan
from truceline.publish.money_sizes import HEADING_WORDS, name_nation
from truceline.publish.table import Column, Table, number, people, share, text

if TYPE_CHECKING:
    from truceline.plan.money import PlanMoney
    from truceline.trace import Traced

MONEY_UNIT = "money"
"""Unit of columns whose currency stands in the row."""


def money(name: str, description: str) -> Column:
    """Return a column of money, in whole units of the row's currency."""
    return Column(name, MONEY_UNIT, description, 0)


def part(name: str, description: str) -> Column:
    """Return a column of small shares, to six decimals."""
    return Column(name, "1", description, 6)


COSTS_PLAN = Table(
    "costs_plan",
    "What the posture planned in full costs",
    "One row for each year, heading, task and nation. Values add up over rows that are in the total;"
    " ranges of prices add as if all prices moved together; ranges of what nations may send do not add.",
    (
        number("year", "1", "Year of the budget, 1 the first", 0),
        text("heading", "What the money is spent on"),
        text("task", "Task it is for"),
        text("capability", "Capability, by key"),
        text("nation", "Code; empty for what nobody sends"),
        text("name", "Nation"),
        money("cost", "Cost"),
        money("cost_low", "At the lowest prices"),
        money("cost_high", "At the highest prices"),
        money("sent_low", "At the lowest prices with the fewest people it may send"),
        money("sent_high", "At the highest prices with the most"),
        text("size_basis", "stated, or ours where it rests on a size that nobody stated"),
        text("in_total", "Whether it is in the total: yes, or no for what stands beside"),
        text("basis", "Basis of cost; bases are never added"),
        text("currency", "Currency"),
        number("price_year", "1", "Year of the prices", 0),
    ),
)

BILLS = Table(
    "bills",
    "Who pays, and what that is to them",
    "Bills under the rule that was asked, and one year's bill in the nation's currency beside what it spends"
    " on defence, its GDP and what the way to its target adds.",
    (
        text("nation", "Code; empty for what nobody pays"),
        text("name", "Nation"),
        text("rule", "Who pays: as-sent, gdp-share, un-scale or own"),
        share("paid_share", "Share of the whole cost"),
        money("bill", "Bill over all years"),
        money("bill_low", "At its lowest"),
        money("bill_high", "At its highest"),
        text("size_basis", "stated, or ours where it rests on a size that nobody stated"),
        text("basis", "Basis of cost"),
        text("currency", "Currency of the bill"),
        number("price_year", "1", "Year of the prices", 0),
        number("weighed_year", "1", "Year of the budget that is weighed", 0),
        text("own_currency", "Currency in which it is weighed"),
        money("year_bill", "Bill of that year in that currency"),
        money("year_bill_low", "At its lowest"),
        money("year_bill_high", "At its highest"),
        money("defence_spending", "Defence spending of the nation"),
        money("gdp", "Its GDP"),
        part("of_defence", "The year's bill as a share of defence spending"),
        part("of_gdp", "As a share of GDP"),
        part("of_extra", "As a share of what the way to its target adds; empty where it adds nothing"),
    ),
)

COST_FRONTIER = Table(
    "cost_frontier",
    "Seen for its cost, and seen for its people",
    "Postures chosen from the same sites: most seen for the money (cost), for the people (people), and as"
    " planned (plan). Cost of a middle year: people, posts, masts and drones.",
    (
        text("chosen_by", "cost, people or plan"),
        people("people", "People deployed in all"),
        number("posts", "1", "Posts", 0),
        number("masts", "1", "Masts", 0),
        number("orbits", "1", "Drone orbits", 0),
        share("detect", "Average share of incidents detected"),
        money("cost_per_year", "Cost of a middle year"),
        money("cost_low", "At the lowest prices"),
        money("cost_high", "At the highest prices"),
        text("is_cheapest", "yes where no other row sees as much for less"),
        text("basis", "Basis of cost"),
        text("currency", "Currency"),
        number("price_year", "1", "Year of the prices", 0),
    ),
)

DEFENCE_PATH = Table(
    "defence_path",
    "A nation's way to its target of defence spending, and what the force takes of it",
    "GDP grows at one assumed rate and the share rises in a straight line: a yardstick, not a forecast. Money"
    " of each year.",
    (
        text("nation", "Code"),
        number("year", "1", "Calendar year", 0),
        part("share_of_gdp", "Share of GDP spent on defence"),
        money("spending", "Defence spending"),
        money("rise", "Above that of the first year, in cash"),
        money("extra", "Above what the first share would give"),
        money("bill", "The nation's bill of one year; empty where it has none"),
        money("bill_low", "At its lowest"),
        money("bill_high", "At its highest"),
        part("bill_of_extra", "As a share of extra"),
        text("size_basis", "stated, or ours where the bill rests on a size that nobody stated"),
        part("whole_of_extra", "Share of extra if the nation paid for the whole force: a bound"),
        text("currency", "Currency"),
    ),
)


def of_money(
    table: Table, rows: Callable[[PlanMoney], Iterable[tuple[Any, ...]]]
) -> tuple[Table, Callable[[Plan], Table]]:
    """Return a table with the function that fills it; without money it has no rows."""

    def fill(plan: Plan) -> Table:
        return table if plan.money is None else table.filled(rows(plan.money))

    return table, fill


def _three(tree: Traced | None) -> tuple[float | None, float | None, float | None]:
    if tree is None:
        return (None, None, None)
    return (tree.value, *tree.bounds)


def _whose(ours: bool) -> str:
    return "ours" if ours else "stated"


def list_costs(found: PlanMoney) -> Iterable[tuple[Any, ...]]:
    """Yield every line of the budget, then those that stand beside it."""
    budget = found.budget
    for lines, in_total in ((budget.lines, "yes"), (budget.beside, "no")):
        for line in lines:
            yield (
                line.year,
                HEADING_WORDS[line.heading],
                found.tasks.get(line.task, line.task),
                line.capability,
                line.nation,
                name_nation(line.nation, budget.names),
                line.amount.value,
                line.amount.low,
                line.amount.high,
                line.sent.low,
                line.sent.high,
                _whose(line.sent.ours),
                in_total,
                line.basis,
                line.currency,
                line.price_year,
            )


def list_bills(found: PlanMoney) -> Iterable[tuple[Any, ...]]:
    """Yield every bill with what it is to its nation."""
    budget, weighed = found.budget, {one.code: one for one in found.weighed}
    for bill in found.bills:
        one = weighed.get(bill.code)
        own: tuple[Any, ...] = (None,) * 8
        if one is not None:
            own = (
                *_three(one.bill),
                one.budget_share.parts[1].value,
                one.gdp_share.parts[1].value,
                one.budget_share.value,
                one.gdp_share.value,
                None if one.extra_share is None else one.extra_share.value,
            )
        yield (
            bill.code,
            name_nation(bill.code, {bill.code: bill.name}),
            found.asked.share,
            bill.share.value,
            *_three(bill.amount),
            _whose(bill.ours),
            budget.basis,
            budget.currency,
            budget.price_year,
            found.weighed_year,
            "" if one is None else one.bill.unit,
            *own,
        )


def list_frontier(found: PlanMoney) -> Iterable[tuple[Any, ...]]:
    """Yield every point of the curves, and the plan."""
    budget = found.budget
    for one in () if found.frontier is None else found.frontier.points:
        point = one.priced.point
        yield (
            one.chosen_by,
            point.people,
            point.posts,
            point.masts,
            point.orbits,
            point.coverage,
            *_three(one.priced.per_year),
            "yes" if one.priced.is_cheapest else "no",
            budget.basis,
            budget.currency,
            budget.price_year,
        )


def list_path(found: PlanMoney) -> Iterable[tuple[Any, ...]]:
    """Yield every year of the way to the target."""
    for step in found.path:
        year, bill = step.year, step.bill
        code = step.whole.code
        extra = None if bill is None or bill.extra_share is None else bill.extra_share.value
        yield (
            code,
            year.year,
            year.share.value,
            year.budget.value,
            year.rise.value,
            year.extra.value,
            *_three(None if bill is None else bill.bill),
            extra,
            "" if bill is None else _whose(any(one.ours for one in found.bills if one.code == code)),
            None if step.whole.extra_share is None else step.whole.extra_share.value,
            year.budget.unit,
        )


TABLES = (
    of_money(COSTS_PLAN, list_costs),
    of_money(BILLS, list_bills),
    of_money(COST_FRONTIER, list_frontier),
    of_money(DEFENCE_PATH, list_path),
)
"""Description of every table with the function that fills it, in the order of products."""
