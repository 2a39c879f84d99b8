"""The plan as a spreadsheet: how to read it, a small live model, and every table on a sheet of its own.

Values as in the tables, with units above the heads; shares show as percentages. Totals and the live model are
formulas whose results are stored as well, for programs that do not calculate. Text is never a formula. Every
date in the file is the day the scenario describes, so the same plan gives the same bytes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from truceline.exchange.workbook_bytes import settle_workbook
from truceline.plan.model import Plan
from truceline.publish.input_tables import list_facts
from truceline.publish.table import Column, Table, Value, starts_like_a_formula
from truceline.publish.what_if import FIRST_ROW, PLAN_COLUMN, VALUE_COLUMN, build_what_if

HEAD_ROW = 4
"""Row of the heads on a sheet of a table; title, note and units stand above."""
_UNCOMPUTED = re.compile(r'(<c r="([A-Z]+[0-9]+)"[^>]*><f>[^<]*</f>)(?:<v ?/>|<v></v>)')
_CHARACTERS_MAX = 32_767  # in one cell, by the file format
_HEAD, _TINT, _INPUT, _GREY = "1F3A5F", "FFF1CC", "E8F1FA", "666666"
_WIDTH_MIN, _WIDTH_MAX = 9.0, 60.0
_WEAK_GRADES = ("general", "judgement")

_READ_ME = (
    "Sheets `What if` and `tasks` calculate; the others are values. Change the blue cells of `What if`"
    " and see how many people it takes; what is seen does not follow, posts would have to be sited anew.",
    "Rows tinted yellow rest on a value that nobody published (judgement) or nobody has read in a source"
    " (general); a column says so as well.",
    "Quote no share seen without the sight mode, cell size and tolerance below; quote average, weakest"
    " crossing and open share together; detected, verified and attributed are three numbers.",
    "Every column is described on the sheet `columns`. The folder `tables` has the same tables as CSV files.",
)


def write_spreadsheet(plan: Plan, tables: Mapping[str, Table], path: Path) -> None:
    """Write the workbook of a plan and its tables, from `tables.make_tables`.

    Raises OSError when it cannot be written.
    """
    from openpyxl import Workbook

    book = Workbook()
    shown = [table for name, table in tables.items() if name != "about"]
    _fill_read_me(book.active, plan, shown)
    results = {"What if": _fill_what_if(book.create_sheet("What if"), plan)}
    for table in shown:
        sheet = book.create_sheet(table.name)
        _fill_table(sheet, table)
        if table.name == "tasks":
            results["tasks"] = _add_totals(sheet, table)
    _fill_columns(book.create_sheet("columns"), shown)
    day = datetime.combine(plan.scenario.as_of, datetime.min.time())
    book.calculation.fullCalcOnLoad = True
    numbers = {
        f"xl/worksheets/sheet{book.sheetnames.index(name) + 1}.xml": found for name, found in results.items()
    }
    out = io.BytesIO()
    book.save(out)
    settled = settle_workbook(
        out.getvalue(),
        creator=f"Truceline {plan.provenance.version}",
        title=plan.scenario.title,
        moment=day,
        change=lambda name, content: _store_results(content, numbers.get(name, {})),
    )
    path.write_bytes(settled)


def _put(sheet: Any, row: int, column: int, value: Value, number_format: str | None = None) -> Any:
    """Write one cell: text stays text whatever it starts with, truth values become words."""
    cell = sheet.cell(row, column)
    if isinstance(value, bool):
        value = "yes" if value else "no"
    if isinstance(value, str):
        cell.value = value[:_CHARACTERS_MAX]
        cell.data_type = "s"
        if starts_like_a_formula(value):
            cell.quotePrefix = True
    else:
        cell.value = value
    if number_format is not None:
        cell.number_format = number_format
    return cell


def _fill_table(sheet: Any, table: Table) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    _put_titles(sheet, table.title, table.note)
    wrap, tint = Alignment(vertical="top", wrap_text=True), PatternFill("solid", fgColor=_TINT)
    for at, column in enumerate(table.columns, start=1):
        _put(sheet, HEAD_ROW - 1, at, column.unit).font = Font(italic=True, color=_GREY)
        _put_head(sheet, HEAD_ROW, at, column.name)
    formats = [_format_of(column) for column in table.columns]
    widths = [_width_of(table, at) for at in range(len(table.columns))]
    for at, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(at)].width = width
    wrapped = {at for at, width in enumerate(widths) if width >= _WIDTH_MAX}
    for number, row in enumerate(table.rows, start=HEAD_ROW + 1):
        is_weak = _is_weak(table, row)
        for at, value in enumerate(row):
            cell = _put(sheet, number, at + 1, value, formats[at])
            if at in wrapped:
                cell.alignment = wrap
            if is_weak:
                cell.fill = tint
    last = get_column_letter(len(table.columns))
    sheet.auto_filter.ref = f"A{HEAD_ROW}:{last}{HEAD_ROW + len(table.rows)}"
    sheet.freeze_panes = f"B{HEAD_ROW + 1}"


def _put_titles(sheet: Any, title: str, note: str) -> None:
    from openpyxl.styles import Font

    _put(sheet, 1, 1, title).font = Font(bold=True, size=14, color=_HEAD)
    _put(sheet, 2, 1, note).font = Font(color=_GREY)
    sheet.sheet_view.showGridLines = False


def _put_head(sheet: Any, row: int, at: int, name: str) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill

    cell = _put(sheet, row, at, name)
    cell.font = Font(bold=True, color="FFFFFF")
    cell.fill = PatternFill("solid", fgColor=_HEAD)
    cell.alignment = Alignment(vertical="top", wrap_text=True)


def _format_of(column: Column) -> str | None:
    """Return how a number is shown: shares as percentages, degrees as written, people to a tenth."""
    if not column.unit or column.unit == "see unit":
        return None
    if column.unit == "degree":
        return "0.000"
    if column.unit == "1" and column.digits:
        return "0.0%" if column.digits <= 4 else "0.00%"
    if column.digits is None or column.digits <= 0:
        return "#,##0"
    return "#,##0.0" if column.digits <= 2 else "#,##0.000"


def _width_of(table: Table, at: int) -> float:
    """Return a width in characters that fits the head and nearly all of what is below it."""
    column = table.columns[at]
    if column.unit:
        return max(_WIDTH_MIN, min(len(column.name) + 3.0, 16.0))
    lengths = sorted(len(str(row[at])) for row in table.rows if row[at] is not None)
    usual = lengths[int(0.95 * (len(lengths) - 1))] if lengths else 0
    return min(max(_WIDTH_MIN, len(column.name) + 3.0, usual + 2.0), _WIDTH_MAX)


def _is_weak(table: Table, row: tuple[Value, ...]) -> bool:
    for column, value in zip(table.columns, row, strict=True):
        if column.name == "is_weak":
            return value is True
        if column.name == "evidence":
            return value in _WEAK_GRADES
    return False


def _add_totals(sheet: Any, table: Table) -> dict[str, float]:
    """Add the sum of people of each posture below the tasks; return what the formulas give."""
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    people, posture = table.index("people"), table.index("posture")
    letter = get_column_letter(people + 1)
    found: dict[str, float] = {}
    row = HEAD_ROW + len(table.rows) + 2
    for name in dict.fromkeys(table.values("posture")):
        rows = [number for number, each in enumerate(table.rows) if each[posture] == name]
        first, last = (HEAD_ROW + 1 + number for number in (rows[0], rows[-1]))
        _put(sheet, row, 1, name).font = Font(bold=True)
        _put(sheet, row, table.index("label") + 1, "People deployed, all tasks").font = Font(bold=True)
        cell = sheet[f"{letter}{row}"]
        cell.value, cell.number_format, cell.font = (
            f"=SUM({letter}{first}:{letter}{last})",
            "#,##0.0",
            Font(bold=True),
        )
        found[f"{letter}{row}"] = sum(float(table.rows[number][people] or 0) for number in rows)
        row += 1
    return found


def _fill_what_if(sheet: Any, plan: Plan) -> dict[str, float]:
    """Write the live model; return what its formulas give."""
    from openpyxl.styles import Border, Font, PatternFill, Side

    _put_titles(
        sheet, "What if", f"Posture: {plan.chosen.label}. Change the blue cells; the plan's own stay beside."
    )
    _put(
        sheet, 3, 1, "People only: what is seen does not follow, posts would have to be sited anew."
    ).font = Font(color=_GREY)
    for at, name in enumerate(("", "your value", "the plan's", "difference", "unit", "from"), start=1):
        _put_head(sheet, FIRST_ROW - 1, at, name)
    found: dict[str, float] = {}
    blue, tint, top = (
        PatternFill("solid", fgColor=_INPUT),
        PatternFill("solid", fgColor=_TINT),
        Side(style="thin"),
    )
    for row, line in enumerate(build_what_if(plan), start=FIRST_ROW):
        label = _put(sheet, row, 1, line.label)
        if line.value is None:
            label.font, label.border = Font(bold=True, color=_HEAD), Border(bottom=top)
            continue
        is_share = line.unit == "1" and line.value < 1
        shown = "0.0%" if is_share else "#,##0.00" if line.value < 100 else "#,##0.0"
        value = _put(sheet, row, 2, line.value, shown)
        _put(sheet, row, 3, line.value, shown)
        _put(sheet, row, 5, line.unit if not is_share else "share")
        _put(sheet, row, 6, line.name)
        if line.formula:
            value.value, value.font = line.formula, Font(bold=True)
            found[f"{VALUE_COLUMN}{row}"] = line.value
        else:
            value.fill = blue
        difference = sheet.cell(row, 4, f"={VALUE_COLUMN}{row}-{PLAN_COLUMN}{row}")
        difference.number_format = shown
        found[f"D{row}"] = 0.0
        if line.is_weak:
            sheet.cell(row, 6).fill = tint
    for letter, width in zip("ABCDEF", (58, 14, 14, 12, 14, 34), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = f"B{FIRST_ROW}"
    return found


def _fill_read_me(sheet: Any, plan: Plan, tables: Iterable[Table]) -> None:
    from openpyxl.styles import Alignment, Font

    sheet.title = "Read me"
    sheet.sheet_view.showGridLines = False
    _put(sheet, 1, 1, plan.scenario.title).font = Font(bold=True, size=16, color=_HEAD)
    _put(sheet, 2, 1, "A plan to watch a ceasefire line: observation and verification, never targeting.")
    wrap, row = Alignment(vertical="top", wrap_text=True), 4
    for text in _READ_ME:
        sheet.merge_cells(start_row=row, start_column=1, end_row=row, end_column=2)
        _put(sheet, row, 1, text).alignment = wrap
        sheet.row_dimensions[row].height = 32
        row += 1
    listed = [("Facts", list_facts(plan)), ("Sheets", [(table.name, table.title) for table in tables])]
    for heading, pairs in listed:
        row += 1
        _put(sheet, row, 1, heading).font = Font(bold=True, color=_HEAD, size=12)
        for name, value in pairs:
            row += 1
            _put(sheet, row, 1, name).alignment = wrap
            cell = _put(sheet, row, 2, value)
            cell.alignment = wrap
            if heading == "Sheets":
                sheet.cell(row, 1).hyperlink = f"#'{name}'!A1"
                sheet.cell(row, 1).font = Font(color="0563C1", underline="single")
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 28, 100


def _fill_columns(sheet: Any, tables: Iterable[Table]) -> None:
    columns = Table(
        "columns",
        "What every column means",
        "Sheets in their order.",
        tuple(Column(name, "", name) for name in ("sheet", "column", "unit", "meaning")),
    )
    rows = [
        (table.name, column.name, column.unit, column.description)
        for table in tables
        for column in table.columns
    ]
    _fill_table(sheet, columns.filled(rows))


def _store_results(content: bytes, numbers: Mapping[str, float]) -> bytes:
    """Return a part of the workbook with the results of its formulas; `numbers` by cell."""

    def store(match: re.Match[str]) -> str:
        return f"{match[1]}<v>{numbers[match[2]]!r}</v>"

    return _UNCOMPUTED.sub(store, content.decode("utf-8")).encode("utf-8") if numbers else content
