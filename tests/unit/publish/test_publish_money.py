"""Money in the products: the record is whole again when read, figures and page mark what is ours."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from small_inputs import write_scenario

from truceline.cost.lines import Amount
from truceline.plan import Plan, make_plan
from truceline.plan.money import PlanMoney
from truceline.publish.document import PlanDocument, document_plan, dump_document, write_document
from truceline.publish.figures import draw_figures
from truceline.publish.html import render_report
from truceline.publish.money_sizes import say_money, show_millions, show_part
from truceline.publish.money_view import view_money
from truceline.publish.read import explain
from truceline.publish.shared_trees import read_trees, write_trees
from truceline.publish.tables import make_tables
from truceline.scenario.load import read_scenario
from truceline.trace import Traced


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """Give a small plan with nations and money."""
    changes = {
        "as_of": "2026-01-31",
        "contributors": {"pledges": "ukraine-2025", "case": "no-backstop"},
        "money": {"years": 2},
    }
    loaded = read_scenario(write_scenario(tmp_path_factory.mktemp("money"), changes))
    return make_plan(loaded.scenario, provenance=loaded.provenance)


@pytest.fixture(scope="module")
def money(plan: Plan) -> PlanMoney:
    assert plan.money is not None
    return plan.money


@pytest.fixture(scope="module")
def page(plan: Plan) -> str:
    return render_report(plan, draw_figures(plan))


def test_every_headline_is_whole_again_when_a_plan_is_read(
    plan: Plan, money: PlanMoney, tmp_path: Path
) -> None:
    write_document(plan, tmp_path / "plan.json")
    for name in ("cost.total", "cost.y2.people", "exchange.soldiers-per-km.full", "cost.reimbursement.total"):
        assert explain(tmp_path, name) == money.headlines[name]


def test_a_tree_written_twice_is_written_short_and_read_whole() -> None:
    leaf = Traced("a", 1.0, "EUR", "leaf")
    inner = Traced("b", 2.0, "EUR", "inner", "a + a", (leaf,))
    numbers = [
        Traced("c", 2.0, "EUR", "first", "b", (inner,)),
        Traced("d", 4.0, "EUR", "next", "2 * b", (inner,)),
    ]
    trees = write_trees(numbers)
    assert "parts" in trees[0]["parts"][0]
    assert not trees[1]["parts"][0].get("parts")
    assert read_trees(trees) == numbers


def test_trees_of_one_name_and_other_values_are_kept_apart() -> None:
    one, other = (
        Traced("b", value, "EUR", "inner", "a", (Traced("a", value, "EUR", "leaf"),)) for value in (1.0, 2.0)
    )
    numbers = [Traced("c", 1.0, "EUR", "c", "b", (one,)), Traced("d", 2.0, "EUR", "d", "b", (other,))]
    assert read_trees(write_trees(numbers)) == numbers


def test_the_document_has_no_word_of_money_where_it_was_not_asked(small_plan: Plan) -> None:
    text = dump_document(document_plan(small_plan))
    assert '"money"' not in text
    assert PlanDocument.model_validate_json(text).money is None


def test_the_record_is_the_same_twice(plan: Plan) -> None:
    assert dump_document(document_plan(plan)) == dump_document(document_plan(plan))


def test_tables_add_up_over_what_is_in_the_total(plan: Plan, money: PlanMoney) -> None:
    tables = make_tables(plan)
    costs = tables["costs_plan"]
    rows = [dict(zip([c.name for c in costs.columns], row, strict=True)) for row in costs.rows]
    whole = sum(row["cost"] for row in rows if row["in_total"] == "yes")  # type: ignore[misc]
    assert whole == pytest.approx(money.budget.total.value, abs=len(rows))
    assert {row["basis"] for row in rows if row["in_total"] == "yes"} == {"full"}
    for row in rows:
        if row["size_basis"] == "ours" and row["nation"]:
            assert row["sent_low"] < row["cost"] < row["sent_high"] or row["cost"] == 0  # type: ignore[operator]
    assert {"bills", "cost_frontier", "defence_path"} <= set(tables)


def test_figures_say_currency_year_and_basis_and_are_the_same_twice(plan: Plan) -> None:
    first, second = draw_figures(plan), draw_figures(plan)
    for name in ("cost-years", "cost-frontier"):
        assert first[name] == second[name]
        assert first[name].startswith("<?xml")


def test_the_page_has_the_section_and_a_link_to_it(page: str, plan: Plan) -> None:
    assert page.count('<section id="money">') == 1
    assert '<a href="#money">What it costs</a>' in page
    assert 'id="figure-cost-years"' in page
    assert 'id="figure-cost-frontier"' in page
    assert "What such a strength has cost others" in page
    assert "Bills are arithmetic, not agreements" in page


def test_a_plan_without_money_has_neither(small_plan: Plan) -> None:
    text = render_report(small_plan, {})
    assert 'id="money"' not in text
    assert "table.money" not in text


def test_rows_of_nations_that_stated_nothing_have_no_bare_number(page: str, money: PlanMoney) -> None:
    section = page.partition('<section id="money">')[2].partition("</section>")[0]
    table = section.partition("Whose bill")[2].partition("</table>")[0]
    ours = [money.budget.names[bill.code] for bill in money.bills if bill.ours and bill.code]
    for name in ours:
        row = next(row for row in table.split("<tr>") if f">{name}<" in row)
        bare = re.sub(r'<span class="ours">.*?</span>', "", row)
        assert not re.search(r">[^<]*[0-9][^<]*<", bare), bare


def test_money_is_shown_to_three_digits_in_millions_or_billions() -> None:
    amount = Amount(3_527_929_641.0, 1_897_256_530.0, 6_656_479_585.0)
    assert str(say_money(amount, "EUR")) == "EUR 3.5 bn (1.8–6.7)"
    assert str(show_millions(amount)) == "3,530 (1,800–6,700)"
    ours = Amount(85_400_000.0, 20_100_000.0, 200_000_000.0, ours=True)
    assert str(show_millions(ours)) == "≈ 85 ours (20–200)"
    assert str(show_millions(ours, tight=True)) == "≈85 ours"
    assert str(show_part(Amount(0.0034, 0.0034, 0.0034), tight=True)) == "0.34 %"
    assert str(show_part(Amount(0.00001, 0.0, 0.1, ours=True), tight=True)) == "≈<0.01 % ours"


def test_the_view_says_which_bases_nobody_published(money: PlanMoney) -> None:
    view = view_money(money)
    assert view is not None
    said = ["".join(str(part) for part in sentence) for sentence in view["beside"]]
    assert any("on the basis: incremental" in one for one in said)
    assert any("never added: reimbursement" in one for one in said)
