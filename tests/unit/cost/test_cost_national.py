"""Bills against budgets: straight paths, money of the right year, and unknown left unknown."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from cost_inputs import BRITISH, FRENCH, TASKS

from truceline.cost.budget import cost_tasks
from truceline.cost.burden import share_costs
from truceline.cost.inputs import Sender
from truceline.cost.national import find_target, read_economy, trace_path, weigh_bill, weigh_nations
from truceline.errors import ScenarioError
from truceline.generation.nations import read_nations
from truceline.scenario.catalogue import load_catalogue
from truceline.trace import Traced

ASSUMPTIONS = load_catalogue()


def target(share: float) -> Traced:
    return Traced("target", share, "1", evidence="stated")


def test_a_published_budget_goes_before_a_rounded_share() -> None:
    economy = read_economy("GBR", ASSUMPTIONS)
    assert (economy.currency, economy.year) == ("GBP", 2024)
    assert economy.budget.value == pytest.approx(66.3e9)


def test_another_nation_comes_from_the_factbook_at_the_rate_of_its_year() -> None:
    economy = read_economy("FRA", ASSUMPTIONS)
    assert economy.gdp.value == pytest.approx(3162e9 / 1.08238)
    assert economy.budget.value == pytest.approx(3162e9 / 1.08238 * 0.021)
    assert read_economy("KOR", ASSUMPTIONS).year == 2023


def test_a_path_is_straight_and_ends_at_its_target() -> None:
    economy = read_economy("FRA", ASSUMPTIONS)
    path = trace_path(economy, target(0.035), 2034, ASSUMPTIONS)
    shares = [each.share.value for each in path]
    assert len(path) == 11
    assert shares[0] == 0.021
    assert shares[-1] == pytest.approx(0.035)
    assert all(b - a == pytest.approx(0.0014) for a, b in pairwise(shares))
    assert path[-1].gdp.value == pytest.approx(economy.gdp.value * 1.034**10)
    last = path[-1]
    assert last.extra.value == pytest.approx(last.gdp.value * 0.014)
    assert last.budget.value == pytest.approx(last.held.value + last.extra.value)
    assert last.rise.value == pytest.approx(last.budget.value - economy.budget.value)
    assert last.budget.low is not None
    assert last.budget.low < last.budget.value


def test_a_target_below_the_first_share_adds_nothing_to_take() -> None:
    economy = read_economy("POL", ASSUMPTIONS)
    path = trace_path(economy, target(0.035), 2026, ASSUMPTIONS)
    bill = Traced("bill", 1e9, "EUR")
    weighed = weigh_bill(bill, "EUR", 2026, economy, 2026, ASSUMPTIONS, path)
    assert path[-1].extra.value < 0
    assert weighed.extra_share is None


@pytest.mark.parametrize(
    ("share", "year", "says"),
    [(0.03, 2024, "2024 is not 1 to 40 years"), (0.03, 2099, "2099"), (2.5, 2027, "2.5 is not a share")],
)
def test_a_path_that_is_none_is_refused(share: float, year: int, says: str) -> None:
    with pytest.raises(ScenarioError, match=says):
        trace_path(read_economy("GBR", ASSUMPTIONS), target(share), year, ASSUMPTIONS)


def test_a_bill_is_brought_to_the_currency_and_year_it_is_weighed_in() -> None:
    economy = read_economy("GBR", ASSUMPTIONS)
    bill = Traced("bill", 1e9, "EUR", low=5e8, high=2e9)
    weighed = weigh_bill(bill, "EUR", 2024, economy, 2025, ASSUMPTIONS)
    in_pounds = 1e9 * 128.75 / 126.07 * 0.85679
    assert weighed.bill.value == pytest.approx(in_pounds)
    assert weighed.budget_share.value == pytest.approx(in_pounds / (66.3e9 * 1.034))
    assert weighed.gdp_share.value == pytest.approx(weighed.budget_share.value * 0.023)
    assert weighed.budget_share.low is not None
    assert weighed.budget_share.low < 0.6 * weighed.budget_share.value
    assert weighed.extra_share is None


def test_a_nation_without_a_known_share_stays_unknown() -> None:
    with pytest.raises(ScenarioError, match="has no share of GDP spent on defence"):
        read_economy("IRL", ASSUMPTIONS)
    with pytest.raises(ScenarioError, match="is not a nation"):
        read_economy("ZZZ", ASSUMPTIONS)
    irish = Sender("IRL", "Ireland", "stated", {"logistics": 20.0})
    budget = cost_tasks(TASKS, [BRITISH, FRENCH, irish], years=3)
    weighed, unknown = weigh_nations(share_costs(budget, "as-sent"), budget, ASSUMPTIONS, year=2027)
    assert {each.code for each in weighed} == {"GBR", "FRA"}
    assert [problem.where for problem in unknown] == ["Ireland"]
    assert all(problem.warning for problem in unknown)


def test_the_mark_of_a_size_nobody_stated_reaches_the_share_of_a_budget() -> None:
    budget = cost_tasks(TASKS, [BRITISH, FRENCH], years=2)
    weighed, _ = weigh_nations(share_costs(budget, "as-sent"), budget, ASSUMPTIONS)
    french = next(each for each in weighed if each.code == "FRA")
    assert "ours" in french.budget_share.note
    assert french.budget_share.low is not None
    assert french.budget_share.high is not None
    assert french.budget_share.high > 2 * french.budget_share.value


def test_targets_are_those_that_were_set() -> None:
    nations = read_nations()
    british, french = find_target(nations["GBR"], ASSUMPTIONS), find_target(nations["FRA"], ASSUMPTIONS)
    assert british is not None
    assert french is not None
    assert (british[0].value, british[1]) == (0.025, 2027)
    assert (french[0].value, french[1], french[0].evidence) == (0.035, 2035, "general")
    assert find_target(nations["IRL"], ASSUMPTIONS) is None
    assert find_target(replace(nations["IRL"], in_nato=True), ASSUMPTIONS) is not None
