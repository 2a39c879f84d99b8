"""The workbook opens, its formulas give the plan's numbers, and text from a scenario never calculates."""

from __future__ import annotations

import ast
import operator
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from truceline.plan import Plan
from truceline.publish.spreadsheet import HEAD_ROW, write_spreadsheet
from truceline.publish.table import Table, text
from truceline.publish.tables import make_tables
from truceline.publish.what_if import FIRST_ROW, Line, build_what_if

OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}
CELL = re.compile(r"\b([A-Z]+[0-9]+)\b")


@pytest.fixture(scope="module")
def workbook(small_plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("book") / "plan.xlsx"
    write_spreadsheet(small_plan, make_tables(small_plan), path)
    return path


@pytest.fixture(scope="module")
def book(workbook: Path) -> Any:
    return openpyxl.load_workbook(workbook)


def calculate(sheet: Any, cell: str, changed: dict[str, float] | None = None) -> float:
    """Return what a cell gives: numbers, SUM of a column, and the four operations."""
    value = (changed or {}).get(cell, sheet[cell].value)
    if not isinstance(value, str):
        return float(value or 0)
    assert value.startswith("="), f"{cell} holds text: {value}"

    def add_up(match: re.Match[str]) -> str:
        cells = [each.coordinate for (each,) in sheet[match[1]]]
        return repr(sum(calculate(sheet, each, changed) for each in cells))

    expression = re.sub(r"SUM\(([A-Z]+[0-9]+:[A-Z]+[0-9]+)\)", add_up, value[1:])
    expression = CELL.sub(lambda match: repr(calculate(sheet, match[1], changed)), expression)
    return reduce_tree(ast.parse(expression, mode="eval").body)


def reduce_tree(node: ast.expr) -> float:
    if isinstance(node, ast.BinOp):
        return float(OPERATORS[type(node.op)](reduce_tree(node.left), reduce_tree(node.right)))
    assert isinstance(node, ast.Constant), ast.dump(node)
    return float(node.value)  # type: ignore[arg-type]


def row_of(sheet: Any, label: str) -> int:
    (found,) = [row for row in range(FIRST_ROW, sheet.max_row + 1) if sheet.cell(row, 1).value == label]
    return int(found)


def as_shown(value: Any) -> Any:
    return None if value == "" else {True: "yes", False: "no"}[value] if isinstance(value, bool) else value


def written(plan: Plan, folder: Path) -> Any:
    path = folder / "plan.xlsx"
    write_spreadsheet(plan, make_tables(plan), path)
    return openpyxl.load_workbook(path)


def test_sheets_are_the_tables(book: Any, small_plan: Plan) -> None:
    names = [name for name in make_tables(small_plan) if name != "about"]
    assert book.sheetnames == ["Read me", "What if", *names, "columns"]
    assert all(len(name) <= 31 for name in book.sheetnames)


def test_values_are_those_of_the_tables(book: Any, small_plan: Plan) -> None:
    for name, table in make_tables(small_plan).items():
        if name == "about":
            continue
        sheet = book[name]
        assert [sheet.cell(HEAD_ROW, at + 1).value for at in range(len(table.columns))] == [
            column.name for column in table.columns
        ]
        assert sheet.freeze_panes == f"B{HEAD_ROW + 1}"
        assert sheet.auto_filter.ref.startswith(f"A{HEAD_ROW}:")
        for number, row in enumerate(table.rows, start=HEAD_ROW + 1):
            shown = [sheet.cell(number, at + 1).value for at in range(len(row))]
            assert shown == [as_shown(value) for value in row]


@pytest.mark.parametrize("posture", ["observers", "technical"])
def test_live_model_gives_the_plan(small_plan: Plan, posture: str, tmp_path: Path) -> None:
    plan = replace(small_plan, chosen_key=posture)
    sheet = written(plan, tmp_path)["What if"]
    for row, line in enumerate(build_what_if(plan), start=FIRST_ROW):
        if line.value is not None:
            assert calculate(sheet, f"B{row}") == pytest.approx(line.value, rel=1e-12), line.label
            assert calculate(sheet, f"D{row}") == pytest.approx(0, abs=1e-6)
    deployed = calculate(sheet, f"B{row_of(sheet, 'People deployed')}")
    assert deployed == pytest.approx(plan.chosen.people.force.deployed_people)


def test_live_model_of_a_length_uses_the_reserve_share(length_plan: Plan, tmp_path: Path) -> None:
    sheet = written(length_plan, tmp_path)["What if"]
    deployed = calculate(sheet, f"B{row_of(sheet, 'People deployed')}")
    assert deployed == pytest.approx(length_plan.chosen.people.force.deployed_people)
    assert "Reaction bases" not in [line.label for line in build_what_if(length_plan)]


def test_live_model_answers_a_change(book: Any) -> None:
    sheet = book["What if"]
    deployed, posts = (row_of(sheet, label) for label in ("People deployed", "Armed observation posts"))
    before, n_posts = calculate(sheet, f"B{deployed}"), calculate(sheet, f"B{posts}")
    more = calculate(sheet, f"B{deployed}", {f"B{posts}": n_posts + 1})
    crew = calculate(sheet, f"B{posts + 1}")
    cycle = calculate(sheet, f"B{row_of(sheet, 'People deployed for each one in place')}")
    support = calculate(sheet, f"B{row_of(sheet, 'Support, together')}")
    assert more - before == pytest.approx(crew * cycle / (1 - support))


def test_every_input_of_the_model_counts(small_plan: Plan, book: Any) -> None:
    sheet = book["What if"]
    results = [
        f"B{row}"
        for row in (row_of(sheet, name) for name in ("People deployed", "People for each km of line"))
    ]
    results.append(f"B{row_of(sheet, 'People bound: deployed, resting, preparing')}")
    zero_times = {
        "staffing.unarmed_post_crew"
    }  # no such posts in this posture: a crew for none changes nothing
    for row, line in enumerate(build_what_if(small_plan), start=FIRST_ROW):
        if line.value is None or line.formula or line.name in zero_times:
            continue
        change = {f"B{row}": line.value * 1.5 + 0.01}
        moved = [calculate(sheet, cell, change) != calculate(sheet, cell) for cell in results]
        assert any(moved), line.label


def test_totals_of_tasks_are_sums(book: Any, small_plan: Plan) -> None:
    sheet = book["tasks"]
    sums = {
        sheet.cell(cell.row, 1).value: calculate(sheet, cell.coordinate)
        for row in sheet.iter_rows()
        for cell in row
        if isinstance(cell.value, str) and cell.value.startswith("=SUM(")
    }
    assert set(sums) == set(small_plan.postures)
    for key, posture in small_plan.postures.items():
        assert sums[key] == pytest.approx(posture.people.force.deployed_people, abs=0.1)


def test_results_of_formulas_are_stored(workbook: Path, book: Any) -> None:
    stored = openpyxl.load_workbook(workbook, data_only=True)
    for name in ("What if", "tasks"):
        formulas = [cell for row in book[name].iter_rows() for cell in row if cell.data_type == "f"]
        assert formulas
        for cell in formulas:
            value = stored[name][cell.coordinate].value
            assert value == pytest.approx(calculate(book[name], cell.coordinate), abs=1e-6)


def test_only_our_own_cells_calculate(book: Any) -> None:
    for sheet in book.worksheets:
        n_formulas = sum(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)
        assert (n_formulas > 0) == (sheet.title in ("What if", "tasks"))
    texts = [
        cell for row in book["Read me"].iter_rows() for cell in row if cell.value == "=2+2 is not a formula"
    ]
    assert len(texts) == 1
    assert texts[0].data_type == "s"
    assert texts[0].quotePrefix


@pytest.mark.parametrize(
    "word", ["=1+1", "@SUM(A1)", "+1", "-1", "#N/A", "{=1}", "\x00bell\x07", "x" * 40_000]
)
def test_any_text_is_kept_as_text(small_plan: Plan, word: str, tmp_path: Path) -> None:
    table = Table("words", "=TITLE()", "+note", (text("word", "-what"),)).filled([(word,)])
    write_spreadsheet(small_plan, {"words": table}, tmp_path / "words.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "words.xlsx")["words"]
    for cell in (sheet.cell(1, 1), sheet.cell(2, 1), sheet.cell(HEAD_ROW + 1, 1)):
        assert cell.data_type == "s"
    assert sheet.cell(HEAD_ROW + 1, 1).value == re.sub("[\x00-\x1f]", " ", word)[:32_767]


def test_weak_rows_are_tinted(book: Any, small_plan: Plan) -> None:
    sheet = book["assumptions"]
    evidence = [column.name for column in make_tables(small_plan)["assumptions"].columns].index(
        "evidence"
    ) + 1
    rows = range(HEAD_ROW + 1, sheet.max_row + 1)
    tinted = {row for row in rows if sheet.cell(row, 1).fill.fill_type == "solid"}
    weak = {row for row in rows if sheet.cell(row, evidence).value in ("general", "judgement")}
    assert tinted == weak
    assert 0 < len(weak) < len(rows)


def test_read_me_says_what_must_be_said(book: Any, small_plan: Plan) -> None:
    pairs = {row[0].value: row[1].value for row in book["Read me"].iter_rows()}
    assert pairs["tolerance of the line"] == "1.0 km"
    assert pairs["elevation cell"] == "none: no elevation model"
    assert small_plan.provenance.scenario_hash in pairs["cite as"]
    assert pairs["sectors"] == "Sectors"


def test_same_plan_same_bytes(workbook: Path, small_plan: Plan, tmp_path: Path) -> None:
    again = tmp_path / "again.xlsx"
    write_spreadsheet(small_plan, make_tables(small_plan), again)
    assert again.read_bytes() == workbook.read_bytes()
    with zipfile.ZipFile(again) as parts:
        assert {part.date_time for part in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_lines_know_whether_they_are_inputs(small_plan: Plan) -> None:
    lines = build_what_if(small_plan)
    assert lines[0] == Line("What watches, and its crews")
    assert all(line.name or line.formula for line in lines if line.value is not None)
