"""A budget adds up every way it is cut, never mixes bases, and carries the range of what nobody stated."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from cost_inputs import BRITISH, FRENCH, TASKS
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.cost.bases import CostBasis, counts_in
from truceline.cost.budget import YEARS_MAX, add_budgets, cost_each_basis, cost_force, cost_tasks
from truceline.cost.inputs import NOBODY, Sender, gather_inputs
from truceline.cost.lines import add_amounts, add_lines
from truceline.cost.money_tables import read_money_tables
from truceline.cost.prices import ROWS
from truceline.cost.rates import person_year_rate
from truceline.cost.unit_costs import find_cost
from truceline.errors import ScenarioError
from truceline.generation.capabilities import read_capabilities
from truceline.generation.formula import evaluate
from truceline.generation.model import Basis, Mission, Requirement
from truceline.generation.result import CaseResult, Contribution, Generation
from truceline.trace import Traced

NEEDS = tuple(
    Requirement(capability, Traced(f"need.{capability.key}", 1, capability.unit))
    for capability in read_capabilities()
)
"""One of everything: only which capabilities are people matters here."""


def make_basis(mission: Mission) -> Basis:
    people = Traced("force.deployed", sum(task.people for task in TASKS), "person")
    return Basis("made-up", "watch", "A watch", mission, 10, 0, 1, TASKS, people, (), None)


def make_case() -> CaseResult:
    """Return a case in which France brings a hundred people, nobody's figure, and Britain a battery."""
    french = Traced("people.FRA", 100, "person", low=0, high=300)
    british = Traced("people.GBR", 0, "person")
    contributions = (
        Contribution("FRA", "France", "ours", french, {"observation": 60.0, "drones": 40.0}, 1.0, None, None),
        Contribution("GBR", "United Kingdom", "none", british, {"air-defence": 1.0}, 0.0, None, None),
    )
    return cast(CaseResult, SimpleNamespace(contributions=contributions))


CUTS = ("year", "heading", "task", "capability", "nation")


def test_a_middle_year_by_hand() -> None:
    budget = cost_tasks(TASKS, [BRITISH, FRENCH], years=3)
    rate = person_year_rate("un-line", "full").value
    year = budget.total_of(year=2)
    people = budget.total_of(year=2, heading="people")
    assert people.value == pytest.approx(250 * rate)
    posts = 10 * 0.3 * 1_000_000 * 128.75 / 126.07 * 0.12
    assert budget.total_of(year=2, heading="posts").value == pytest.approx(posts)
    masts = 5 * 2 * 130_000 * 128.75 / 107.78 * 0.12
    assert budget.total_of(year=2, heading="masts").value == pytest.approx(masts)
    system = 11e6 * 321.943 / 207.342 / 1.12998
    assert budget.total_of(year=2, heading="drones").value == pytest.approx(2 * system * (3.7 / 4 + 0.12))
    parts = people.value + posts + masts + 2 * system * (3.7 / 4 + 0.12)
    assert year.value == pytest.approx(1.1 * parts)
    assert budget.by_year[1].value == pytest.approx(year.value)


@pytest.mark.parametrize("basis", ["full", "incremental", "reimbursement"])
@pytest.mark.parametrize("years", [1, 2, 4])
def test_it_adds_up_every_way(basis: str, years: int) -> None:
    kind = "reassurance" if basis == "incremental" else "un-line"
    budget = cost_tasks(TASKS, [BRITISH, FRENCH], cost_basis=basis, kind=kind, years=years)
    for cut in CUTS:
        whole = add_amounts(budget.by(cut).values())
        assert whole.value == pytest.approx(budget.total.value), cut
    assert sum(tree.value for tree in budget.by_year) == pytest.approx(budget.total.value)
    assert sum(tree.value for tree in budget.nations.values()) == pytest.approx(budget.total.value)
    assert evaluate(budget.total, {}) == pytest.approx(budget.total.value)


@settings(max_examples=25, deadline=None)
@given(
    people=st.lists(st.floats(0, 50_000), min_size=4, max_size=4),
    sent=st.lists(st.floats(0, 60_000), min_size=3, max_size=3),
    years=st.integers(1, 5),
    fewest=st.floats(0, 0.99),
    most=st.floats(1, 3),
)
def test_any_force_adds_up(
    people: list[float], sent: list[float], years: int, fewest: float, most: float
) -> None:
    tasks = [replace(task, people=n) for task, n in zip(TASKS, people, strict=True)]
    wanted = dict(zip(("observation", "drones", "logistics"), sent, strict=True))
    sender = Sender("GBR", "United Kingdom", "ours", wanted, fewest, most)
    budget = cost_tasks(tasks, [sender], years=years)
    for line in budget.lines:
        for amount in (line.amount, line.sent):
            assert 0 <= amount.low <= amount.value * (1 + 1e-9) + 1e-6
            assert amount.value <= amount.high * (1 + 1e-9) + 1e-6
    for cut in CUTS:
        assert math.isclose(
            add_amounts(budget.by(cut).values()).value, budget.total.value, rel_tol=1e-9, abs_tol=1e-3
        )


def test_what_nobody_sends_is_a_line_of_its_own() -> None:
    budget = cost_tasks(TASKS, [BRITISH], years=1)
    people = budget.total_of(heading="people", nation=NOBODY).value
    assert people / budget.total_of(heading="people").value == pytest.approx(160 / 250)
    assert budget.names[NOBODY] == "not sent by anybody: paid by all"
    assert list(budget.nations)[-1] == NOBODY


def test_with_nobody_named_nobody_sends_it() -> None:
    assert set(cost_tasks(TASKS).nations) == {NOBODY}


def test_bases_are_never_added() -> None:
    full = cost_tasks(TASKS, kind="reassurance", cost_basis="full")
    extra = cost_tasks(TASKS, kind="reassurance", cost_basis="incremental")
    with pytest.raises(ScenarioError, match="more than one basis: full, incremental"):
        add_budgets([full, extra])
    with pytest.raises(ScenarioError, match="more than one currency: EUR, GBP"):
        add_budgets([full, cost_tasks(TASKS, kind="reassurance", currency="GBP")])
    with pytest.raises(ScenarioError, match="more than one price year: 2024, 2025"):
        add_budgets([full, cost_tasks(TASKS, kind="reassurance", price_year=2024)])
    assert add_budgets([full, full]).value == pytest.approx(2 * full.total.value)


def test_things_stand_beside_a_reimbursement_and_not_in_it() -> None:
    budget = cost_tasks(TASKS, cost_basis="reimbursement")
    assert set(budget.by("heading")) == {"people"}
    beside = {line.heading for line in budget.beside}
    assert {"posts", "masts", "drones", "lift-in", "camp", "sustainment"} <= beside
    assert {line.basis for line in budget.beside} == {"outlay"}
    with pytest.raises(ScenarioError, match="more than one basis"):
        add_lines([*budget.lines, *budget.beside])


def test_what_a_rate_holds_is_not_added_again() -> None:
    budget = cost_tasks(TASKS)
    assert "sustainment" not in budget.by("heading")
    assert "feeds" in budget.held["sustainment"]


def test_the_first_year_builds_and_the_last_goes_home() -> None:
    budget = cost_tasks(TASKS, years=3)
    headings = {year: {line.heading for line in budget.lines if line.year == year} for year in (1, 2, 3)}
    assert headings[1] - headings[2] == {"lift-in", "camp", "start-up"}
    assert headings[3] - headings[2] == {"lift-out"}
    first, second = (budget.total_of(year=year, heading="people").value for year in (1, 2))
    assert first == pytest.approx(0.75 * second)
    only = {line.heading for line in cost_tasks(TASKS, years=1).lines}
    assert {"lift-in", "lift-out"} <= only


def test_a_size_nobody_stated_carries_its_range_and_mark_into_money() -> None:
    stated = replace(FRENCH, basis="stated", low_factor=1.0, high_factor=1.0)
    ours, plain = (cost_tasks(TASKS, [BRITISH, one], years=1) for one in (FRENCH, stated))
    bill, without = ours.nations["FRA"], plain.nations["FRA"]
    assert bill.value == pytest.approx(without.value)
    assert bill.low == pytest.approx(0.5 * (without.low or 0))
    assert bill.high == pytest.approx(2.0 * (without.high or 0))
    assert "ours" in bill.note
    assert ours.ours == {"FRA"}
    assert ours.by("nation")["FRA"].ours
    assert not ours.by("nation")["GBR"].ours
    assert {part.evidence for part in bill.parts} == {"judgement"}


def test_ranges_of_prices_reach_the_total() -> None:
    total = cost_tasks(TASKS).total
    assert total.low is not None
    assert total.high is not None
    assert total.low < total.value < total.high
    by_task = add_amounts(cost_tasks(TASKS, [BRITISH, FRENCH]).by("task").values())
    assert (by_task.low, by_task.high) == (pytest.approx(total.low), pytest.approx(total.high))


def test_what_one_may_not_send_is_left_to_nobody() -> None:
    budget = cost_tasks(TASKS, [BRITISH, FRENCH], years=3)
    rate = person_year_rate("un-line", "full")
    people = budget.total_of(nation=NOBODY, heading="people", year=2)
    # Observation 150 less 60 and 30 (15 to 60); drones 40 less 40 (20 to 80); logistics 60 less 30.
    assert people.value == pytest.approx((60 + 0 + 30) * rate.value)
    assert people.low == pytest.approx((30 + 0 + 30) * (rate.low or 0))
    assert people.high == pytest.approx((75 + 20 + 30) * (rate.high or 0))
    assert people.ours
    assert "ours" in budget.nations[NOBODY].note


def test_every_basis_that_is_known_stands_beside_the_others() -> None:
    found = cost_each_basis(TASKS, [BRITISH], kind="reassurance")
    assert list(found) == ["incremental", "full"]
    assert all(budget.basis == basis for basis, budget in found.items())
    with pytest.raises(ScenarioError, match="'navy' is not one"):
        cost_each_basis(TASKS, kind="navy")


def test_things_counted_by_the_caller_take_the_place_of_those_of_the_tasks() -> None:
    more = cost_tasks(TASKS, counts={"posts": 20, "drone-services": 1})
    plain = cost_tasks(TASKS)
    assert more.by("heading")["posts"].value == pytest.approx(2 * plain.by("heading")["posts"].value)
    assert more.by("heading")["drone-services"].value > 0
    assert {line.task for line in more.lines if line.heading == "drone-services"} == {"drone"}
    assert "masts" not in cost_tasks(TASKS, counts={"masts": 0}).by("heading")


def test_people_beyond_the_need_are_paid_too() -> None:
    many = Sender("GBR", "United Kingdom", "stated", {"drones": 50.0})
    cells = gather_inputs(TASKS, [many]).cells
    assert sum(cell.people for cell in cells if cell.task == "drone") == pytest.approx(50)
    assert all(cell.nation != NOBODY for cell in cells if cell.task == "drone")


def test_everything_wrong_is_told_at_once() -> None:
    bad = Sender("FRA", "France", "ours", {"navy": 3.0, "drones": -1.0})
    with pytest.raises(ScenarioError) as caught:
        cost_tasks(
            [*TASKS, replace(TASKS[0], people=-1)],
            [bad, bad],
            counts={"tanks": 1, "posts": -2},
        )
    message = caught.value.message()
    for says in (
        "task armed_posts  is there twice",
        "has -1 people",
        "sender FRA  is there twice",
        "'navy' is not a capability",
        "sends -1 people",
        "stated no size and has no range",
        "counts.tanks  is not a thing that is bought",
        "counts.posts  is -2",
    ):
        assert says in message, says


@pytest.mark.parametrize("years", [0, -1, YEARS_MAX + 1])
def test_a_budget_has_a_length(years: int) -> None:
    with pytest.raises(ScenarioError, match="is not a length of a budget"):
        cost_tasks(TASKS, years=years)


def test_a_currency_without_a_rate_is_refused() -> None:
    with pytest.raises(ScenarioError, match="JPY 2025  has no rate of exchange"):
        cost_tasks(TASKS, currency="JPY")


def test_every_lack_of_rates_is_told_before_anything_is_made(tmp_path: Path) -> None:
    rates = tmp_path / "rates.csv"
    rates.write_text("currency,year,units_per_eur,source,confidence\nGBP,2025,0.86,my bank,seen\n")
    with pytest.raises(ScenarioError) as caught:
        cost_tasks(TASKS, tables=read_money_tables(rates), currency="GBP", price_year=2029)
    places = {problem.where for problem in caught.value.problems}
    assert {"EUR 2029", "USD 2029", "GBP 2029"} <= places
    assert "PLN 2029" not in places, "no price in zloty is in a budget"


@pytest.mark.parametrize("basis", ["full", "incremental"])
def test_no_figure_on_another_basis_is_under_a_total(basis: CostBasis) -> None:
    budget = cost_tasks(TASKS, counts={"drone-services": 1}, cost_basis=basis, kind="reassurance")
    rows = [leaf.name for leaf in budget.total.leaves() if leaf.name.startswith("UC")]
    assert set(ROWS) <= set(rows)
    assert all(counts_in(find_cost(row).price.basis, basis) for row in rows)


def test_a_plan_is_costed_with_those_who_come() -> None:
    basis = make_basis("reassurance")
    case = make_case()
    generation = cast(Generation, SimpleNamespace(case_key="all", cases={"all": case}, requirements=NEEDS))
    budget = cost_force(basis, generation)
    assert budget.kind == "reassurance"
    people = budget.total_of(year=2, heading="people")
    rate = person_year_rate("reassurance", "full")
    assert people.value == pytest.approx(basis.deployed.value * rate.value)
    french = budget.total_of(year=2, heading="people", nation="FRA")
    assert french.value == pytest.approx(100 * rate.value)
    assert (french.low, french.high) == (0.0, pytest.approx(300 * (rate.high or 0)))
    assert budget.ours == {"FRA"}
    assert "GBR" not in budget.nations, "batteries and aircraft are no people"
    with pytest.raises(ScenarioError, match="case none  is not a case; one of all"):
        cost_force(basis, generation, case="none")


def test_a_plan_nobody_was_asked_about_is_costed_too() -> None:
    assert set(cost_force(make_basis("observation")).nations) == {NOBODY}


def test_the_same_inputs_give_the_same_budget_in_any_order_of_senders() -> None:
    one, two = (cost_tasks(TASKS, senders) for senders in ([BRITISH, FRENCH], [FRENCH, BRITISH]))
    assert one.lines == two.lines
    assert one.total.to_dict() == two.total.to_dict()
    assert list(one.nations) == list(two.nations)
