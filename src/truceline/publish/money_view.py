"""What it costs, as the report shows it: years, nations, bills, curves, cameras and people.

Strings and sizes as readers see them; the template lays them out. A sum that rests on a size nobody stated is
a `Size` with its mark, never a bare string. Nothing is computed but sums of lines that are of one kind.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from truceline.cost.bases import BASES
from truceline.cost.lines import HEADINGS, Amount, add_amounts
from truceline.cost.rates import KINDS
from truceline.publish.money_record import sum_by_year
from truceline.publish.money_sizes import (
    BASIS_WORDS,
    BILLION,
    HEADING_WORDS,
    RULE_WORDS,
    amount_of_tree,
    name_nation,
    say_money,
    show_millions,
    show_part,
    show_price,
    show_rate,
)
from truceline.publish.sizes import Size, show_ours_share
from truceline.units import format_people, format_share

if TYPE_CHECKING:
    from truceline.cost.budget import Budget
    from truceline.cost.burden import Bill
    from truceline.cost.national import WeighedBill
    from truceline.plan.cost_frontier import CostFrontier, FrontierPoint
    from truceline.plan.money import PathStep, PlanMoney

Row = dict[str, Any]
Sentence = list[str | Size]
NONE = "–"
STEPS = (0.2, 0.4, 0.6, 0.8)
"""Shares detected at which the cheapest choice is set beside the one with the fewest people."""


def view_money(money: PlanMoney | None) -> Row | None:
    """Return everything the template shows about money, or None where it was not asked."""
    if money is None:
        return None
    budget = money.budget
    return {
        "answer": _answer(money),
        "currency": budget.currency,
        "price_year": str(budget.price_year),
        "basis": BASIS_WORDS[budget.basis],
        "kind": KINDS[next(kind for kind in KINDS if kind == budget.kind)],
        "rule": RULE_WORDS[money.asked.share],
        "case": money.case_label,
        "years": [str(year) for year in range(1, budget.years + 1)],
        "headings": _view_headings(budget),
        "totals": [show_millions(amount_of_tree(tree), tight=True) for tree in budget.by_year],
        "total": show_millions(amount_of_tree(budget.total)),
        "beside": _view_beside(money),
        "left_out": budget.left_out,
        "nations": _view_nations(money),
        "is_as_sent": money.asked.share == "as-sent",
        "weighed_year": str(money.weighed_year),
        "tasks": [
            {
                "label": money.tasks.get(task, task),
                "cost": show_millions(amount),
                "share": _share(amount, budget),
            }
            for task, amount in sorted(budget.by("task").items(), key=lambda item: -item[1].value)
            if amount.value > 0
        ],
        "path": _view_path(money),
        "exchange": [
            {
                "basis": rate.basis,
                "camera": show_price(amount_of_tree(rate.camera_km_year), budget.currency),
                "soldier": show_price(amount_of_tree(rate.soldier_year), budget.currency),
                "rate": show_rate(amount_of_tree(rate.soldiers_per_km), ""),
            }
            for rate in money.exchange
        ],
        "frontier": None if money.frontier is None else _view_frontier(money.frontier, budget),
        "has_ours": any(line.sent.ours for line in budget.lines),
    }


def _answer(money: PlanMoney) -> list[Sentence]:
    """Return the answer in two or three sentences: the whole, its largest part, who bears it."""
    budget = money.budget
    span = f"{budget.years} years" if budget.years > 1 else "one year"
    total = say_money(amount_of_tree(budget.total), budget.currency)
    said: list[Sentence] = [
        [
            f"{format_people(money.people)} people for {span} cost ",
            total,
            f" at prices of {budget.price_year}.",
        ]
    ]
    headings = sorted(budget.by("heading").items(), key=lambda item: -item[1].value)
    if headings and budget.total.value > 0:
        parts = [
            f"{HEADING_WORDS[next(one for one in HEADINGS if one == key)].lower()} {_share(amount, budget)}"
            for key, amount in headings[:2]
        ]
        said.append([f"Of this {' and '.join(parts)}."])
    paying = [bill for bill in money.bills if bill.code and bill.amount.value > 0]
    if paying:
        first = paying[0]
        said.append(
            [
                f"The largest bill is that of {first.name}: ",
                say_money(amount_of_tree(first.amount, ours=first.ours), budget.currency),
                ".",
            ]
        )
    elif money.case:
        said.append([f"{money.case_label}: no nation is billed."])
    return said


def _share(amount: Amount, budget: Budget) -> str:
    return format_share(amount.value / budget.total.value) if budget.total.value > 0 else NONE


def _view_headings(budget: Budget) -> list[Row]:
    rows = []
    for heading in HEADINGS:
        sums = sum_by_year(budget, budget.lines, heading=heading)
        whole = add_amounts(sums)
        if whole.value > 0:
            cells = [show_millions(one, tight=True) if one.value > 0 else Size(NONE) for one in sums]
            rows.append({"label": HEADING_WORDS[heading], "cells": cells, "total": show_millions(whole)})
    return rows


def _view_beside(money: PlanMoney) -> list[Sentence]:
    """Say what is not in the total, and why."""
    budget = money.budget
    said: list[Sentence] = [
        [f"Not added again: {heading}, for {why}."] for heading, why in budget.held.items()
    ]
    for heading in dict.fromkeys(line.heading for line in budget.beside):
        amount = add_amounts(line.amount for line in budget.beside if line.heading == heading)
        words = HEADING_WORDS[heading].lower()
        said.append(
            [
                f"Beside, never added: {words} ",
                say_money(amount, budget.currency),
                ", not paid on this basis.",
            ]
        )
    for other in money.others:
        amount = amount_of_tree(other.total)
        said.append(
            [f"On another basis, never added: {other.basis} ", say_money(amount, other.currency), "."]
        )
    known = {budget.basis, *(other.basis for other in money.others)}
    missing = [basis for basis in BASES if basis not in known]
    if missing:
        said.append([f"Nobody published what such a force costs on the basis: {', '.join(missing)}."])
    return said


def _view_nations(money: PlanMoney) -> list[Row]:
    budget, sums = money.budget, money.budget.by("nation")
    bills, weighed = {bill.code: bill for bill in money.bills}, {one.code: one for one in money.weighed}
    names = {**budget.names, **{bill.code: bill.name for bill in money.bills}}
    rows = []
    for code in dict.fromkeys([*budget.nations, *bills]):
        sent, bill = sums.get(code), bills.get(code)
        if not (sent is not None and sent.high > 0) and bill is None:
            continue
        rows.append(
            {
                "name": name_nation(code, names),
                "sent": Size(NONE) if sent is None else show_millions(sent),
                "bill": Size(NONE) if bill is None else _bill(bill),
                "share": Size(NONE) if bill is None else _bill_share(bill),
                "cells": _view_weighed(weighed.get(code), bill is not None and bill.ours),
            }
        )
    return rows


def _bill(bill: Bill) -> Size:
    return show_millions(amount_of_tree(bill.amount, ours=bill.ours))


def _bill_share(bill: Bill) -> Size:
    return show_ours_share(bill.share.value) if bill.ours else Size(format_share(bill.share.value))


def _view_weighed(one: WeighedBill | None, ours: bool) -> list[Size]:
    if one is None:
        return [Size(NONE)] * 4
    extra = one.extra_share
    return [
        say_money(amount_of_tree(one.bill, ours=ours), one.bill.unit, tight=True),
        show_part(amount_of_tree(one.budget_share, ours=ours), tight=True),
        show_part(amount_of_tree(one.gdp_share, ours=ours), tight=True),
        Size(NONE) if extra is None else show_part(amount_of_tree(extra, ours=ours), tight=True),
    ]


def _view_path(money: PlanMoney) -> Row | None:
    """Return the way of one nation to its target, and what a force takes of what it adds."""
    if not money.path:
        return None
    last = money.path[-1]
    ours = any(bill.ours for bill in money.bills if bill.code == last.whole.code)
    return {
        "name": last.year.budget.label.partition(":")[0],
        "target": format_share(last.year.share.value, 1),
        "by": str(last.year.year),
        "unit": last.year.budget.unit,
        "start": str(money.path[0].year.year - 1),
        "pays": any(step.bill is not None for step in money.path),
        "rows": [_view_step(step, ours) for step in money.path],
    }


def _view_step(step: PathStep, ours: bool) -> Row:
    year, own = step.year, step.bill
    extra = None if own is None else own.extra_share
    whole = step.whole.extra_share
    return {
        "year": str(year.year),
        "share": format_share(year.share.value, 2),
        "money": [f"{tree.value / BILLION:.1f}" for tree in (year.budget, year.rise, year.extra)],
        "bill": Size(NONE) if own is None else say_money(amount_of_tree(own.bill, ours=ours), own.bill.unit),
        "of_extra": Size(NONE) if extra is None else show_part(amount_of_tree(extra, ours=ours)),
        "whole": Size(NONE) if whole is None else show_part(amount_of_tree(whole)),
    }


def _view_frontier(frontier: CostFrontier, budget: Budget) -> Row:
    plan = frontier.plan
    most = max(one.priced.point.coverage for one in frontier.points)
    levels = [(format_share(step), step) for step in STEPS if step <= most]
    seen = plan.priced.point.coverage
    levels.append((f"{format_share(seen, 1)}, as the plan", seen))
    rows = [
        {
            "label": label,
            "cells": [*_point(frontier.cheapest_seeing(level)), *_point(frontier.fewest_seeing(level))],
        }
        for label, level in sorted(levels, key=lambda one: one[1])
    ]
    return {
        "rows": rows,
        "plan": say_money(amount_of_tree(plan.priced.per_year), budget.currency),
        "people": format_people(plan.priced.point.people),
        "detect": format_share(seen, 1),
        "gap": "" if frontier.gap is None else format_share(frontier.gap, 1),
    }


def _point(one: FrontierPoint | None) -> Iterable[str]:
    if one is None:
        return [NONE, NONE, NONE]
    point = one.priced.point
    cost = show_millions(amount_of_tree(one.priced.per_year), tight=True).number
    things = f"{point.posts:g} · {point.masts:g} · {point.orbits:g}"
    return [cost, format_people(point.people), things]
