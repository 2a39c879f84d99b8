"""Print what a force costs: year by year, nation by nation, task by task, and what that is to each nation.

Text only, money in millions. A number that rests on a size nobody stated carries a `~`, the word `ours` and
its range; the last line says what that means.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from truceline.cli._console import Row, print_line, print_table, print_title
from truceline.cli._generation_words import tell_day
from truceline.cost.bases import BASES, CostBasis
from truceline.cost.lines import HEADINGS, Amount, add_amounts
from truceline.cost.rates import KINDS
from truceline.publish.money_record import record_money, sum_by_year
from truceline.publish.money_sizes import (
    BASIS_WORDS,
    HEADING_WORDS,
    MILLION,
    RULE_WORDS,
    amount_of_tree,
    name_nation,
    say_money,
    show_millions,
    show_part,
    show_price,
    show_rate,
)
from truceline.publish.sizes import ABOUT, Size, format_units, round_to
from truceline.units import format_people, format_share

if TYPE_CHECKING:
    from truceline.cli._cost_item import Costed
    from truceline.cost.budget import Budget
    from truceline.cost.national import WeighedBill
    from truceline.plan.cost_frontier import CostFrontier, FrontierPoint
    from truceline.plan.money import PlanMoney

OURS_LINE = "~ ours: rests on a size that nobody stated, or on what such leave to others; not their word."
"""What the mark means, under every answer that has it."""
STEPS = tuple(n / 10 for n in range(1, 10))
"""Shares detected at which the two curves are compared."""


def dump_cost(found: Costed) -> str:
    """Return the answer as one JSON document: the record of plan.json without its trees."""
    record = record_money(found.money, found.posture).model_dump(mode="json", exclude={"headlines"})
    data = {
        "schema": "truceline.cost/1",
        "scenario": found.scenario,
        "title": found.title,
        "as_of": found.as_of.isoformat(),
        **record,
    }
    return json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False)


def print_cost(found: Costed) -> None:
    """Print the whole answer."""
    money, budget = found.money, found.money.budget
    _print_heading(found)
    print_line()
    _print_years(budget)
    _print_beside(money)
    print_line()
    _print_nations(money)
    print_line()
    _print_tasks(budget, money.tasks)
    if money.path:
        print_line()
        _print_path(money)
    print_line()
    _print_exchange(money)
    if money.frontier is not None:
        print_line()
        _print_frontier(money.frontier, budget)
    if any(line.sent.ours for line in budget.lines):
        print_line()
        print_line(OURS_LINE)


def _plain(size: Size) -> str:
    return str(size).replace(f"{ABOUT} ", "~").replace(ABOUT, "~").replace("\N{EN DASH}", "-")


def _millions(value: float) -> str:
    return format_units(round_to(value / MILLION, 3))


def _range(amount: Amount) -> str:
    return _plain(Size("", "", show_millions(amount).range))


def _print_heading(found: Costed) -> None:
    money, budget = found.money, found.money.budget
    print_title(f"{found.title}: {found.posture_label}, as known on {tell_day(found.as_of)}")
    people = format_people(money.people)
    span = f"{budget.years} years" if budget.years > 1 else "one year"
    total = _plain(say_money(amount_of_tree(budget.total), budget.currency))
    print_line(f"{people} people for {span}: {total}, at constant prices of {budget.price_year}.")
    if round(money.people) > round(money.needed_people):
        needed = format_people(money.needed_people)
        print_line(f"The plan needs {needed} people; whole units bring more, and they are paid as well.")
    print_line(f"Basis {budget.basis}: {_tail(BASIS_WORDS[budget.basis])}. Kind of force: {_kind(budget)}.")
    if money.case:
        print_line(f"Case {money.case}: {money.case_label}. The force is the same, whoever sends it.")
    else:
        print_line("Nations were not asked: nobody sends anybody.")


def _tail(words: str) -> str:
    return words.partition(": ")[2] or words


def _kind(budget: Budget) -> str:
    return next((words for kind, words in KINDS.items() if kind == budget.kind), budget.kind)


def _print_years(budget: Budget) -> None:
    years = range(1, budget.years + 1)
    rows = []
    for heading in HEADINGS:
        sums = sum_by_year(budget, budget.lines, heading=heading)
        total = add_amounts(sums)
        if total.value > 0:
            cells = [HEADING_WORDS[heading], *(_or_dash(one.value) for one in sums)]
            rows.append(Row([*cells, *_all_years(budget, total)]))
    whole = amount_of_tree(budget.total)
    totals = ["Total", *(_millions(tree.value) for tree in budget.by_year), *_all_years(budget, whole)]
    rows.append(Row(totals, "bold"))
    ends = ["range"] if budget.years == 1 else ["all years", "range"]
    print_table([f"{budget.currency} m", *(f"year {year}" for year in years), *ends], rows)


def _all_years(budget: Budget, amount: Amount) -> list[str]:
    return [_range(amount)] if budget.years == 1 else [_millions(amount.value), _range(amount)]


def _or_dash(value: float) -> str:
    return _millions(value) if value > 0 else ""


def _print_beside(money: PlanMoney) -> None:
    """Print what is not in the total, and why."""
    budget = money.budget
    for heading, why in budget.held.items():
        print_line(f"Not added again: {heading}, for {why}.")
    headings = dict.fromkeys(line.heading for line in budget.beside)
    for heading in headings:
        amount = add_amounts(line.amount for line in budget.beside if line.heading == heading)
        told = f"{HEADING_WORDS[heading].lower()} {_plain(say_money(amount, budget.currency))}"
        print_line(f"Beside, never added: {told}, which is not in what is paid back.")
    for other in money.others:
        told = _plain(say_money(amount_of_tree(other.total), other.currency))
        print_line(f"The same force on another basis, never added: {other.basis} {told}.")
    missing = _unknown_bases(money)
    if missing:
        print_line(f"Nobody published what such a force costs on the basis: {', '.join(missing)}.")
    print_line(f"Not priced: {'; '.join(budget.left_out)}.")


def _unknown_bases(money: PlanMoney) -> list[CostBasis]:
    known = {money.budget.basis, *(other.basis for other in money.others)}
    return [basis for basis in BASES if basis not in known]


def _print_nations(money: PlanMoney) -> None:
    """Print what each nation sends costs, what it pays, and what that is to it."""
    budget, share = money.budget, money.asked.share
    bills, weighed = {bill.code: bill for bill in money.bills}, {one.code: one for one in money.weighed}
    sums = budget.by("nation")
    codes = dict.fromkeys([*budget.nations, *bills])
    names = {**budget.names, **{bill.code: bill.name for bill in money.bills}}
    of_year = f"year {money.weighed_year}"
    heads = [f"{budget.currency} m, all years", "what it sends"]
    if share != "as-sent":
        heads.append(f"pays ({share})")
    heads += ["share", f"bill of {of_year}", "of defence spending", "of GDP", "of what its target adds"]
    rows = []
    for code in codes:
        sent, bill = sums.get(code), bills.get(code)
        if not (sent is not None and sent.high > 0) and bill is None:
            continue
        cells = [name_nation(code, names), "" if sent is None else _plain(show_millions(sent))]
        if share != "as-sent":
            cells.append(
                "" if bill is None else _plain(show_millions(amount_of_tree(bill.amount, ours=bill.ours)))
            )
        mark = "~" if bill is not None and bill.ours else ""
        cells.append("" if bill is None else f"{mark}{format_share(bill.share.value)}")
        ours = bill is not None and bill.ours
        cells += _weighed(weighed[code], ours) if code in weighed else ["", "", "", ""]
        rows.append(Row(cells))
    print_table(heads, rows)
    print_line(
        f"Who pays: {RULE_WORDS[share]}. Bills stand in each nation's currency of {budget.price_year}."
    )
    print_line("Ranges of nations do not add: what one does not send is left to others or to nobody.")


def _weighed(one: WeighedBill, ours: bool) -> list[str]:
    def tell(size: Size) -> str:
        return _plain(size).removesuffix(" ours")

    extra = one.extra_share
    return [
        tell(say_money(amount_of_tree(one.bill, ours=ours), one.bill.unit, tight=True)),
        tell(show_part(amount_of_tree(one.budget_share, ours=ours), tight=True)),
        tell(show_part(amount_of_tree(one.gdp_share, ours=ours), tight=True)),
        "" if extra is None else tell(show_part(amount_of_tree(extra, ours=ours), tight=True)),
    ]


def _print_tasks(budget: Budget, tasks: Mapping[str, str]) -> None:
    rows = [
        Row([tasks.get(task, task), _millions(amount.value), _range(amount), _share(amount, budget)])
        for task, amount in sorted(budget.by("task").items(), key=lambda item: -item[1].value)
        if amount.value > 0
    ]
    print_table([f"{budget.currency} m by task", "all years", "range", "of the whole"], rows)


def _share(amount: Amount, budget: Budget) -> str:
    return format_share(amount.value / budget.total.value) if budget.total.value > 0 else ""


def _print_path(money: PlanMoney) -> None:
    """Print the way of one nation to its target, and what a force takes of what it adds."""
    steps, budget = money.path, money.budget
    first, last = steps[0], steps[-1]
    unit = last.year.budget.unit
    target = format_share(last.year.share.value, 1)
    ours = any(bill.ours for bill in money.bills if bill.code == last.whole.code)
    name = last.year.budget.label.partition(":")[0]
    print_title(f"{name}: the way to {target} of GDP by {last.year.year}")
    rows = []
    for step in steps:
        own = step.bill
        extra = None if own is None else own.extra_share
        whole = step.whole.extra_share
        rows.append(
            Row(
                [
                    str(step.year.year),
                    format_share(step.year.share.value, 2),
                    *(
                        f"{tree.value / 1e9:.1f}"
                        for tree in (step.year.budget, step.year.rise, step.year.extra)
                    ),
                    "none" if own is None else _plain(say_money(amount_of_tree(own.bill, ours=ours), unit)),
                    "" if extra is None else _plain(show_part(amount_of_tree(extra, ours=ours))),
                    "" if whole is None else _plain(show_part(amount_of_tree(whole))),
                ]
            )
        )
    start = first.year.year - 1
    heads = [
        "year",
        "of GDP",
        f"{unit} bn",
        f"above {start}",
        "above holding the share",
        f"its bill (year {money.weighed_year})",
        "of that extra",
        "the whole force, of that extra",
    ]
    print_table(heads, rows)
    print_line(
        "GDP grows at one assumed rate and the share rises in a straight line: a yardstick, not a forecast."
    )
    if all(step.bill is None for step in steps):
        print_line(f"{name} pays nothing here; the last column is a bound, if it paid for everybody.")
    if budget.years == 1:
        print_line("The one year that is costed holds build-up and withdrawal.")


def _print_exchange(money: PlanMoney) -> None:
    rows = [
        Row(
            [
                rate.basis,
                _plain(show_price(amount_of_tree(rate.camera_km_year), money.budget.currency)),
                _plain(show_price(amount_of_tree(rate.soldier_year), money.budget.currency)),
                _plain(show_rate(amount_of_tree(rate.soldiers_per_km), "")),
            ]
        )
        for rate in money.exchange
    ]
    heads = [
        "sensors against people",
        "a kilometre of cameras a year",
        "a person a year",
        "people for a kilometre",
    ]
    print_table(heads, rows)
    print_line(
        "A camera sees and does not go there; those who keep it running and respond are tasks of the plan."
    )


def _print_frontier(frontier: CostFrontier, budget: Budget) -> None:
    """Print the cost of seeing so much, chosen by cost and by people, with the plan itself."""
    plan = frontier.plan
    most = max(one.priced.point.coverage for one in frontier.points)
    levels = sorted({*(step for step in STEPS if step <= most), plan.priced.point.coverage})
    rows = []
    for level in levels:
        is_plan = level == plan.priced.point.coverage
        by_cost, by_people = frontier.cheapest_seeing(level), frontier.fewest_seeing(level)
        cells = [f"{format_share(level, 1)}, as the plan" if is_plan else format_share(level)]
        cells += [*_point(by_cost), *_point(by_people)]
        rows.append(Row(cells, "bold" if is_plan else ""))
    point = plan.priced.point
    cost = say_money(amount_of_tree(plan.priced.per_year), budget.currency)
    print_line(
        f"The plan: {format_people(point.people)} people, {_plain(cost)} "
        f"in a middle year, {format_share(point.coverage, 1)} of incidents seen."
    )
    heads = [
        "incidents seen",
        f"cheapest: {budget.currency} m a year",
        "people",
        "posts, masts, orbits",
        f"fewest people: {budget.currency} m a year",
        "people",
        "posts, masts, orbits",
    ]
    print_table(heads, rows)
    if frontier.gap is not None:
        gap = format_share(frontier.gap, 1)
        print_line(
            f"At the cost of the plan, what was found is within {gap} of the best these sites could do."
        )
    print_line("A middle year: people, posts, masts and drones; no lift, camps, start-up or contingency.")


def _point(one: FrontierPoint | None) -> list[str]:
    if one is None:
        return ["", "", ""]
    point = one.priced.point
    things = " ".join(f"{n:g}" for n in (point.posts, point.masts, point.orbits))
    return [_millions(one.priced.per_year.value), format_people(point.people), things]
