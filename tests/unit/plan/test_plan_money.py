"""Money in a plan: nothing without being asked, one basis in a total, curves that price what they choose."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_inputs import write_scenario

from truceline.cost.lines import add_lines
from truceline.cost.money_tables import read_money_tables
from truceline.errors import ScenarioError
from truceline.plan import Plan, make_plan
from truceline.plan.cost_frontier import Pricing, count_posture, price_candidates
from truceline.plan.money import PlanMoney, claim_prices, prepare_money, rename
from truceline.plan.people import deployed_at
from truceline.scenario.catalogue import load_catalogue
from truceline.scenario.load import check_scenario, read_scenario
from truceline.scenario.model import Money
from truceline.trace import Traced

CONTRIBUTORS = {"pledges": "ukraine-2025", "case": "no-backstop"}


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """Give a small plan with nations and money, on a day on which many had spoken."""
    changes = {"as_of": "2026-01-31", "contributors": CONTRIBUTORS, "money": {"currency": "GBP", "years": 2}}
    loaded = read_scenario(write_scenario(tmp_path_factory.mktemp("money"), changes))
    return make_plan(loaded.scenario, provenance=loaded.provenance)


@pytest.fixture(scope="module")
def money(plan: Plan) -> PlanMoney:
    assert plan.money is not None
    return plan.money


def test_a_scenario_that_does_not_ask_is_not_costed(small_plan: Plan) -> None:
    assert small_plan.money is None


def test_the_budget_is_that_of_the_plans_people_and_things(plan: Plan, money: PlanMoney) -> None:
    people, counts = plan.chosen.people, plan.chosen.people.counts
    assert money.needed_people == pytest.approx(people.force.deployed_people)
    assert money.people >= money.needed_people - 1e-6
    masts = money.budget.headlines["cost.y1.masts"].parts[0]
    assert masts.value == counts.masts
    assert counts.posts == 0
    assert "cost.y1.posts" not in money.budget.headlines


def test_the_total_is_the_sum_of_its_lines_on_one_basis_in_one_currency(money: PlanMoney) -> None:
    budget = money.budget
    whole = add_lines(budget.lines)
    assert whole.value == pytest.approx(budget.total.value)
    assert (budget.currency, budget.years, budget.basis) == ("GBP", 2, "full")
    assert {line.basis for line in budget.lines} == {"full"}
    assert budget.basis not in {other.basis for other in money.others}
    with pytest.raises(ScenarioError, match="more than one basis"):
        add_lines([*budget.lines, *money.others[0].lines])


def test_bills_as_sent_add_up_to_the_whole_and_ours_are_marked(plan: Plan, money: PlanMoney) -> None:
    assert math.fsum(bill.amount.value for bill in money.bills) == pytest.approx(money.budget.total.value)
    assert plan.generation is not None
    for one in plan.generation.shown.contributions:
        bill = next((bill for bill in money.bills if bill.code == one.code), None)
        if bill is None or one.basis != "ours":
            continue
        assert bill.ours
        assert bill.amount.low is not None
        assert bill.amount.high is not None
        assert bill.amount.low < bill.amount.value < bill.amount.high


def test_the_way_to_the_target_has_its_years_and_what_the_whole_force_takes(money: PlanMoney) -> None:
    assert [step.year.year for step in money.path] == [2025, 2026, 2027]
    assert money.path[-1].year.share.value == pytest.approx(0.025)
    assert money.path[-1].year.rise.value / 1e9 == pytest.approx(13.4, abs=0.1)
    shares = [step.whole.extra_share for step in money.path]
    assert all(share is not None for share in shares)
    names = {share.name for share in shares if share is not None}
    assert len(names) == len(shares)


def test_every_headline_has_a_name_of_its_own_and_other_bases_carry_theirs(money: PlanMoney) -> None:
    found = money.headlines
    assert all(name == tree.name for name, tree in found.items())
    assert found["cost.total"] is money.budget.total
    other = money.others[0]
    assert found[f"cost.{other.basis}.total"].value == other.total.value


def test_a_renamed_tree_names_its_parts_in_its_formula() -> None:
    part = Traced("cost.y1", 2.0, "EUR", "part")
    tree = rename(Traced("cost.total", 2.0, "EUR", "whole", "cost.y1", (part,)), "full")
    assert (tree.name, tree.formula, tree.parts[0].name) == (
        "cost.full.total",
        "cost.full.y1",
        "cost.full.y1",
    )


# The frontier by cost


def test_no_point_of_the_curves_sees_as_much_as_a_cheapest_one_for_less(money: PlanMoney) -> None:
    assert money.frontier is not None
    for best in money.frontier.cheapest:
        for other in money.frontier.points:
            sees_less = other.priced.point.coverage < best.priced.point.coverage
            assert sees_less or other.priced.per_year.value >= best.priced.per_year.value * (1 - 1e-9)


def test_the_plan_is_on_the_curves_with_its_people_and_its_detection(plan: Plan, money: PlanMoney) -> None:
    assert money.frontier is not None
    assert plan.chosen.watch is not None
    point = money.frontier.plan.priced.point
    assert point.people == pytest.approx(plan.chosen.people.force.deployed_people)
    assert point.coverage == pytest.approx(plan.chosen.watch.detected_share)
    assert money.frontier.gap is not None
    assert 0 <= money.frontier.gap < 0.5


def test_candidates_cost_their_people_with_support_and_their_thing(plan: Plan) -> None:
    watch, people = plan.chosen.watch, plan.chosen.people
    assert watch is not None
    pricing = Pricing("full", "un-line", "EUR", 2025, read_money_tables(), plan.assumptions)
    cost = price_candidates(watch.candidates, people, pricing)
    none = count_posture(np.zeros_like(watch.copies), 0.0, watch.candidates, people)
    chosen = count_posture(watch.copies, 0.0, watch.candidates, people)
    low, high = (one.per_year.value for one in pricing.price([none, chosen]))
    assert float(cost @ watch.copies) == pytest.approx(high - low)
    assert none.people == pytest.approx(float(deployed_at(people, np.array([0.0]))[0]))


# What is asked


def test_without_nations_nobody_sends_and_no_unit_brings_more_than_is_needed(
    tmp_path: Path, money: PlanMoney
) -> None:
    changes = {"as_of": "2026-01-31", "money": {"currency": "GBP", "years": 2}}
    alone = make_plan(read_scenario(write_scenario(tmp_path, changes)).scenario).money
    assert alone is not None
    assert list(alone.budget.nations) == [""]
    assert alone.case == ""
    assert alone.needed_people == money.needed_people
    assert alone.people == pytest.approx(alone.needed_people)
    assert alone.budget.total.value < money.budget.total.value


def test_a_rule_by_key_with_nobody_sending_warns_and_bills_nobody(tmp_path: Path) -> None:
    changes = {
        "as_of": "2026-01-31",
        "contributors": {"pledges": "ukraine-2025", "case": "today"},
        "money": {"share": "gdp-share"},
    }
    found = make_plan(read_scenario(write_scenario(tmp_path, changes)).scenario)
    assert found.money is not None
    assert found.money.bills == ()
    assert any("nobody sends anybody" in problem.found for problem in found.warnings)


def test_reimbursement_has_no_curve_for_things_have_no_price_there(tmp_path: Path) -> None:
    changes = {"as_of": "2026-01-31", "money": {"basis": "reimbursement"}}
    found = make_plan(read_scenario(write_scenario(tmp_path, changes)).scenario).money
    assert found is not None
    assert found.frontier is None
    assert found.budget.beside


def test_what_cannot_be_costed_is_told_before_a_plan_is_made() -> None:
    with pytest.raises(ScenarioError, match="no rate of exchange"):
        prepare_money(Money(currency="XYZ"), "observation")
    with pytest.raises(ScenarioError, match="nobody published one on the basis 'incremental'"):
        prepare_money(Money(basis="incremental"), "observation")
    asked = Money().model_copy(update={"share": "own"})
    with pytest.raises(ScenarioError, match="own shares  sum to"):
        prepare_money(asked, "observation", {"GBR": 0.5})


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"basis": "both"}, "money.basis"),
        ({"currency": "euro"}, "money.currency"),
        ({"price_year": 1200}, "money.price_year"),
        ({"years": 11}, "money.years"),
        ({"share": "own"}, "own_shares"),
        ({"own_shares": "none.csv", "share": "own"}, "there is no file"),
    ],
)
def test_a_wrong_key_of_money_is_told_where_it_stands(
    tmp_path: Path, wrong: dict[str, Any], told: str
) -> None:
    problems = check_scenario(write_scenario(tmp_path, {"money": wrong}))
    assert len(problems) == 1
    assert told in str(problems[0]) or told.split(".")[-1] in str(problems[0])


def test_claims_about_money_have_a_price_in_dollars() -> None:
    prices = claim_prices("observation", load_catalogue())
    assert prices.person_year_usd.low <= prices.person_year_usd.value <= prices.person_year_usd.high
    assert prices.person_year_usd.basis == "published"
    assert 1 < prices.usd_per_gbp < 2


def test_claims_on_the_cost_of_a_person_are_judged(plan: Plan) -> None:
    assert plan.generation is not None
    verdicts = {score.claim.key: score.verdict for score in plan.generation.claims}
    assert verdicts["C19"] in ("reproduced", "challenged")
