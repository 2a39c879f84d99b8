"""Dates in every product: record, tables, figures and page say the same, mark what is ours, and say never."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from dates_sample import made_dates, with_dates

from truceline.errors import OutputError
from truceline.plan import Plan
from truceline.publish.dates_record import question_of_document, record_dates
from truceline.publish.dates_words import say_band, say_day, say_never_share
from truceline.publish.document import document_plan, dump_document, write_document
from truceline.publish.figures import draw_figures
from truceline.publish.html import render_report
from truceline.publish.read import explain, read_document
from truceline.publish.tables import make_tables

SCHEMA = Path(__file__).resolve().parents[3] / "docs" / "plan.schema.json"
TABLES = ("strength", "approvals_calendar", "capability_dates", "what_ifs")


@pytest.fixture(scope="module")
def dated(small_plan: Plan) -> Plan:
    return with_dates(small_plan)


@pytest.fixture(scope="module")
def figures(dated: Plan) -> dict[str, str]:
    return draw_figures(dated)


@pytest.fixture(scope="module")
def page(dated: Plan, figures: dict[str, str]) -> str:
    return render_report(dated, figures)


def test_a_plan_without_dates_says_nothing_of_them(small_plan: Plan) -> None:
    assert "dates" not in json.loads(dump_document(document_plan(small_plan)))
    assert not set(TABLES) & set(make_tables(small_plan))
    assert not {"strength", "approvals"} & set(draw_figures(small_plan))


def test_the_document_with_dates_keeps_to_the_schema_and_comes_back(dated: Plan, tmp_path: Path) -> None:
    data = json.loads(dump_document(document_plan(dated)))
    jsonschema.validate(data, json.loads(SCHEMA.read_text(encoding="utf-8")))
    write_document(dated, tmp_path / "plan.json")
    again = read_document(tmp_path)
    assert again.dates == document_plan(dated).dates
    assert question_of_document("plan", again).days == 300


def test_headlines_of_dates_are_found_by_explain(dated: Plan, tmp_path: Path) -> None:
    write_document(dated, tmp_path / "plan.json")
    for name in ("dates.ioc", "dates.foc", "dates.half", "dates.watch", "dates.approved.DEU"):
        found, made = explain(tmp_path, name), made_dates().headlines[name]
        assert found.label == made.label
        assert [leaf.name for leaf in found.leaves()] == [leaf.name for leaf in made.leaves()]


def test_a_plan_on_a_network_of_its_own_is_not_asked_again_without_it(dated: Plan, tmp_path: Path) -> None:
    assert dated.dates is not None
    question = replace(dated.dates.question, nodes=tmp_path / "nodes.csv")
    plan = replace(dated, dates=replace(dated.dates, question=question))
    with pytest.raises(OutputError, match="network of its own"):
        question_of_document("plan", document_plan(plan))


def test_strength_by_nation_adds_up_to_all(dated: Plan) -> None:
    table = make_tables(dated)["strength"]
    rows = [dict(zip([column.name for column in table.columns], row, strict=True)) for row in table.rows]
    for week in (8, 20, 43):
        own = [row for row in rows if row["week"] == week]
        whole = next(row["people"] for row in own if row["of"] == "all")
        for of in ("nation", "capability"):
            assert sum(row["people"] for row in own if row["of"] == of) == pytest.approx(whole, abs=0.5)


def test_what_is_ours_has_its_range_in_the_tables(dated: Plan) -> None:
    table = make_tables(dated)["strength"]
    rows = [dict(zip([column.name for column in table.columns], row, strict=True)) for row in table.rows]
    ours = [row for row in rows if row["basis"] == "ours" and row["people"] > 1]
    assert ours
    assert all(row["low"] < row["people"] < row["high"] for row in ours)


def test_the_calendar_ends_with_the_day_of_approval(dated: Plan) -> None:
    table = make_tables(dated)["approvals_calendar"]
    rows = [dict(zip([column.name for column in table.columns], row, strict=True)) for row in table.rows]
    for nation in {row["nation"] for row in rows}:
        own = [row for row in rows if row["nation"] == nation]
        last = max(row["end_day"] for row in own if row["condition"] != "approved" and row["met"] is False)
        approved = next(row["end_day"] for row in own if row["condition"] == "approved")
        assert approved <= last + 0.1


def test_the_page_has_the_section_with_its_figures_and_tables(page: str) -> None:
    assert '<a href="#dates">When it is there</a>' in page
    section = page.partition('<section id="dates">')[2].partition("</section>")[0]
    for part in (
        'id="figure-strength"',
        'id="figure-approvals"',
        "What binds, week by week",
        "What would change it",
    ):
        assert part in section
    assert "Dates are lead times added up, not a forecast" in page
    assert "None" not in re.sub(r"<svg.*?</svg>", "", section, flags=re.S)
    assert "nan" not in re.sub(r"<[^>]*>", "", re.sub(r"<svg.*?</svg>", "", section, flags=re.S))


def test_no_bare_number_of_a_nation_that_stated_none(dated: Plan, page: str) -> None:
    section = page.partition('<section id="dates">')[2].partition("</section>")[0]
    assert dated.dates is not None
    for one in record_dates(dated.dates, "x").approvals:
        row = re.search(rf"<tr><th>{re.escape(one.name)}</th><td class=\"n\">(.*?)</td>", section, re.S)
        assert row
        if one.basis == "ours" and one.people > 0:
            assert "≈" in row[1]
            assert "ours" in row[1]
            assert "–" in row[1]


def test_never_is_said_with_what_is_missing(small_plan: Plan) -> None:
    plan = with_dates(small_plan, days=60, samples=4)
    page = render_report(plan, {})
    assert "Full operating capability: never within 60 days." in page
    assert "never in 60 days: " in page


def test_a_case_in_which_nobody_comes_has_a_sentence_and_no_figure(small_plan: Plan) -> None:
    plan = with_dates(small_plan, samples=4, case="today")
    assert not {"strength", "approvals"} & set(draw_figures(plan))
    assert "Nobody comes in this case" in render_report(plan, {})
    assert "strength" not in make_tables(plan)
    assert document_plan(plan).dates is not None


def test_the_same_dates_give_the_same_bytes(dated: Plan, figures: dict[str, str]) -> None:
    again = draw_figures(dated)
    for name in ("strength", "approvals"):
        assert again[name] == figures[name]
    assert dump_document(document_plan(dated)) == dump_document(document_plan(dated))


def test_words_of_days() -> None:
    dates = made_dates()
    assert dates.draws is not None
    assert say_day(float("inf"), is_ours=True) == "never"
    assert say_day(12.4, is_ours=True) == "≈12"
    assert say_day(12.4, is_ours=False) == "12"
    band = replace(dates.draws.half, p10=10.0, p90=float("inf"), never_share=0.2)
    assert say_band(band) == "10–never"
    assert say_never_share(band) == "not in 20 % of draws"
    assert say_never_share(replace(band, never_share=1.0)) == "in no draw"
    assert say_never_share(replace(band, never_share=0.001)) == "not in 1 % of draws"
