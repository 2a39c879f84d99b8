"""`truceline cost`: what is told adds up, nothing of ours is told bare, mistakes are gathered."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from small_inputs import run_command, write_scenario

from truceline.plan import Plan, make_plan
from truceline.plan.basis import describe_basis
from truceline.plan.money import prepare_money, price_force
from truceline.publish.document import write_document
from truceline.publish.read import read_document
from truceline.scenario.load import read_scenario
from truceline.scenario.model import Money


@pytest.fixture(scope="module")
def costed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of a small plan with nations and money."""
    folder = tmp_path_factory.mktemp("costed")
    changes = {
        "as_of": "2026-01-31",
        "contributors": {"pledges": "ukraine-2025", "case": "no-backstop"},
        "money": {"currency": "EUR"},
    }
    loaded = read_scenario(write_scenario(folder, changes))
    write_document(make_plan(loaded.scenario, provenance=loaded.provenance), folder / "plan.json")
    return folder


def ask(folder: Path, *options: str) -> dict[str, object]:
    """Return the JSON answer about a folder."""
    found: dict[str, object] = json.loads(run_command("cost", folder, "--json", "--quiet", *options))
    return found


def test_a_finished_plan_answers_as_it_was_costed(costed: Path) -> None:
    record = read_document(costed).money
    assert record is not None
    found = ask(costed)
    kept = record.model_dump(mode="json", exclude={"headlines"})
    assert {key: found[key] for key in kept} == kept
    assert found["schema"] == "truceline.cost/1"


def test_a_scenario_is_planned_and_answers_as_its_plan_does(costed: Path) -> None:
    from_scenario = json.loads(run_command("cost", costed / "tiny-line.yaml", "--json", "--quiet"))
    assert from_scenario == ask(costed)


def test_the_answer_says_what_an_analyst_looks_for(costed: Path) -> None:
    printed = run_command("cost", costed, "--quiet")
    for told in (
        "Basis full: ",
        "Case no-backstop: ",
        "year 1",
        "People",
        "Contingency",
        "Total",
        "Not added again: sustainment",
        "never added: reimbursement EUR",
        "of defence spending",
        "Who pays: each pays for what it sends",
        "the way to 2.5 % of GDP by 2027",
        "people for a kilometre",
        "The plan: ",
    ):
        assert told in printed, told


def test_what_rests_on_sizes_nobody_stated_is_marked_with_its_range(costed: Path) -> None:
    document = ask(costed)
    bills = {bill["code"]: bill for bill in document["bills"]}  # type: ignore[attr-defined]
    ours = [bill for bill in bills.values() if bill["amount"]["basis"] == "ours" and bill["code"]]
    printed = run_command("cost", costed, "--quiet")
    for bill in ours:
        assert bill["amount"]["low"] < bill["amount"]["high"]
        row = next(line for line in printed.splitlines() if line.startswith(f"{bill['name']}  "))
        assert re.search(r"~[0-9.,]+ ours \([0-9.,]+-[0-9.,]+\)", row)
        bare = re.sub(r"~(GBP |EUR |<)?[0-9.,]+( m| bn| %)?( ours)?( \([0-9.,]+-[0-9.,]+\))?", "", row)
        assert not re.search("[0-9]", bare), row
    if ours:
        assert "~ ours: " in printed


def test_the_terms_can_be_chosen_one_by_one(costed: Path) -> None:
    found = ask(costed, "--currency", "USD", "--price-year", "2024", "--years", "2", "--kind", "reassurance")
    assert [found[key] for key in ("currency", "price_year", "years", "kind")] == [
        "USD",
        2024,
        2,
        "reassurance",
    ]
    assert ask(costed, "--basis", "reimbursement")["frontier"] == []
    assert ask(costed, "--case", "today")["case"] == "today"


def test_curves_are_priced_again_at_other_prices_and_say_nothing_of_their_gap(costed: Path) -> None:
    own, other = ask(costed), ask(costed, "--currency", "GBP")
    assert own["frontier_gap"] is not None
    assert other["frontier_gap"] is None
    places = [
        [[point[key] for key in ("chosen_by", "people", "detect")] for point in each["frontier"]]  # type: ignore[attr-defined]
        for each in (own, other)
    ]
    assert places[0] == places[1]


def test_own_shares_divide_the_whole(costed: Path, tmp_path: Path) -> None:
    shares = tmp_path / "shares.csv"
    shares.write_text("code,share\nGBR,0.25\nFRA,0.75\n", encoding="utf-8")
    found = ask(costed, "--own-shares", str(shares))
    bills = {bill["code"]: bill["amount"]["value"] for bill in found["bills"]}  # type: ignore[attr-defined]
    assert bills["FRA"] == pytest.approx(3 * bills["GBR"], abs=3)
    assert sum(bills.values()) == pytest.approx(found["total"]["value"], abs=3)  # type: ignore[index]


def test_a_headline_of_money_unfolds(costed: Path) -> None:
    printed = run_command("explain", costed, "cost.total")
    assert "cost.y1.people" in printed
    assert "cost.contingency_share" in printed
    assert "UC0" in printed


def test_a_plan_that_was_not_costed_is_costed_by_default_terms(small_plan: Plan, tmp_path: Path) -> None:
    write_document(small_plan, tmp_path / "plan.json")
    assert '"money"' not in (tmp_path / "plan.json").read_text(encoding="utf-8")
    found = ask(tmp_path)
    basis = describe_basis(small_plan.scenario, small_plan.chosen, small_plan.length_m, 2, None)
    wanted = price_force(basis.tasks, prepare_money(Money(), "observation"), small_plan.assumptions)
    assert found["total"]["value"] == round(wanted.budget.total.value)  # type: ignore[index]
    assert "Nations were not asked" in run_command("cost", tmp_path, "--quiet")


# Mistakes


def test_all_wrong_options_are_told_at_once(costed: Path) -> None:
    printed = run_command(
        "cost",
        costed,
        *("--basis", "full,incremental", "--kind", "tank", "--share", "poor", "--currency", "eur"),
        *("--price-year", "1200", "--years", "0", "--own-shares", "none.csv", "--case", "nocase"),
        *("--as-of", "soon"),
        code=2,
    )
    assert "cost: 9 problems" in printed
    assert "bases are never added" in printed


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--currency", "XYZ"), "XYZ 2025  has no rate of exchange"),
        (("--price-year", "1960"), "1960  has no price index"),
        (("--basis", "incremental"), "nobody published one on the basis 'incremental'"),
        (("--share", "own"), "has no shares"),
        (("--posture", "nothing"), "is not in this plan"),
    ],
)
def test_what_cannot_be_costed_is_a_message(costed: Path, options: tuple[str, ...], told: str) -> None:
    assert told in run_command("cost", costed, *options, code=2)


def test_a_users_tables_are_checked_row_by_row(costed: Path, tmp_path: Path) -> None:
    rates, shares = tmp_path / "rates.csv", tmp_path / "shares.csv"
    rates.write_text(
        "currency,year,units_per_eur,source,confidence\nUSD,2025,-1.1,x,high\nusd,25,1,x,high\n",
        encoding="utf-8",
    )
    printed = run_command("cost", costed, "--rates", rates, code=2)
    assert "'-1.1' is not a number of zero or more" in printed
    assert "'usd' is not a currency" in printed
    shares.write_text("code,share\nGBR,-0.5\nXXX,0.2\n", encoding="utf-8")
    printed = run_command("cost", costed, "--own-shares", shares, code=2)
    assert "'-0.5' is not a number of zero or more" in printed
    assert "XXX  is not a nation" in printed
    shares.write_text("code,share\nGBR,0.5\nFRA,0.2\n", encoding="utf-8")
    assert "sum to 0.7, not 1" in run_command("cost", costed, "--own-shares", shares, code=2)


def test_a_case_without_nations_is_refused(small_plan: Plan, tmp_path: Path) -> None:
    write_document(replace(small_plan), tmp_path / "plan.json")
    assert "needs nations" in run_command("cost", tmp_path, "--case", "today", code=2)
    assert "needs nations" in run_command("cost", "unficyp-1975", "--case", "today", code=2)


def test_a_plan_of_its_users_own_tables_asks_for_them(costed: Path, tmp_path: Path) -> None:
    data = json.loads((costed / "plan.json").read_text(encoding="utf-8"))
    data["money"]["own_tables"] = True
    (tmp_path / "plan.json").write_text(json.dumps(data), encoding="utf-8")
    assert "rates or indices of its user" in run_command("cost", tmp_path, code=2)
