"""Run the sentence cases on money: identities on published figures, and bills a reader can check by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from truceline.cost.bases import BASES, counts_in
from truceline.cost.budget import add_budgets, cost_tasks
from truceline.cost.burden import share_costs
from truceline.cost.exchange import exchange_rates
from truceline.cost.money import convert
from truceline.cost.money_tables import read_money_tables
from truceline.cost.national import find_target, read_economy, trace_path, weigh_bill
from truceline.cost.rates import person_year_rate, spread_total
from truceline.cost.unit_costs import find_cost
from truceline.errors import ScenarioError
from truceline.generation.model import TaskNeed
from truceline.generation.nations import read_nations
from truceline.scenario.catalogue import load_catalogue
from truceline.trace import Traced

CASES = yaml.safe_load((Path(__file__).parent / "cost.yaml").read_text(encoding="utf-8"))
KEYS = {"name", "ask", "given", "expect", "tolerance"}
ASSUMPTIONS = load_catalogue()
TASKS = (TaskNeed("logistics", "support", "Logistics", 0.2, "share", 100.0),)
BILLION = 1e9


def person_year(total: float, people: float, row: str, years: float = 1) -> dict[str, Any]:
    price = find_cost(row).price
    return {
        "rate": spread_total(total, people, years),
        "published": price.value,
        "published_low": price.low,
        "published_high": price.high,
        "currency": price.currency,
        "counts_in": " ".join(b for b in BASES if counts_in(price.basis, b)) or "nothing",
    }


def price_each(total: float, count: float, row: str) -> dict[str, Any]:
    return {"each": total / count, "published": find_cost(row).price.value}


def cost_of(row: str, count: float) -> dict[str, Any]:
    price = find_cost(row).price
    own = convert(price, price.currency, price.year, read_money_tables())
    return {"total": own.value * count, "currency": price.currency}


def week_of(row: str, people: float) -> dict[str, Any]:
    return {"week": find_cost(row).price.value * people * 7 / 365.25}


def convert_row(row: str, currency: str, year: int) -> dict[str, Any]:
    return {"value": convert(find_cost(row).price, currency, year, read_money_tables()).value}


def british_path(year: int) -> dict[str, Any]:
    economy = read_economy("GBR", ASSUMPTIONS)
    target = find_target(read_nations()["GBR"], ASSUMPTIONS)
    assert target is not None
    found = next(one for one in trace_path(economy, *target, ASSUMPTIONS) if one.year == year)
    extra = found.extra.value / BILLION
    return {
        "rise_bn": found.rise.value / BILLION,
        "extra_bn": extra,
        "budget_bn": found.budget.value / BILLION,
        "little_over_six": 6 < extra < 6.5,
    }


def british_bill(bill_bn: float, year: int) -> dict[str, Any]:
    economy = read_economy("GBR", ASSUMPTIONS)
    target = find_target(read_nations()["GBR"], ASSUMPTIONS)
    assert target is not None
    bill = Traced("bill", bill_bn * BILLION, "GBP")
    path = trace_path(economy, *target, ASSUMPTIONS)
    weighed = weigh_bill(bill, "GBP", year, economy, year, ASSUMPTIONS, path)
    assert weighed.extra_share is not None
    return {"of_extra": weighed.extra_share.value, "of_budget": weighed.budget_share.value}


def british_force(people: float, kind: str, year: int) -> dict[str, Any]:
    rate = person_year_rate(kind, "incremental", "GBR", currency="GBP", price_year=year)
    return british_bill(people * rate.value / BILLION, year)


def may_add(bases: list[str]) -> dict[str, Any]:
    budgets = [cost_tasks(TASKS, kind="reassurance", cost_basis=basis) for basis in bases]
    try:
        add_budgets(budgets)
    except ScenarioError:
        return {"possible": False}
    return {"possible": True}


def pays(rule: str, payers: list[str]) -> dict[str, Any]:
    return {bill.code: bill.share.value for bill in share_costs(cost_tasks(TASKS), rule, payers)}


def camera_for_soldiers() -> dict[str, Any]:
    found = {
        f"{kind.split('-')[0]}_{one.basis}": one.soldiers_per_km.value
        for kind in ("un-line", "reassurance")
        for one in exchange_rates(kind, ASSUMPTIONS)
    }
    return found


QUESTIONS: dict[str, Callable[..., dict[str, Any]]] = {
    question.__name__: question
    for question in (
        person_year,
        price_each,
        cost_of,
        week_of,
        convert_row,
        british_path,
        british_bill,
        british_force,
        may_add,
        pays,
        camera_for_soldiers,
    )
}


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_the_sentence_holds(case: dict[str, Any]) -> None:
    assert set(case) <= KEYS
    found = QUESTIONS[case["ask"]](**case["given"])
    for name, expected in case["expect"].items():
        if isinstance(expected, int | float) and not isinstance(expected, bool):
            assert found[name] == pytest.approx(expected, abs=case.get("tolerance", 1e-9)), name
        else:
            assert found[name] == expected, name


def test_every_question_is_asked() -> None:
    assert {case["ask"] for case in CASES} == set(QUESTIONS)
