"""Write an empty form, as CSV or XLSX, so that a field office can start.

A workbook explains its columns and shows examples on sheets of their own, with every way of giving a time, a
place and a count. They are invented: rows to be filled in start empty, so that no example becomes a report.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from truceline.errors import OutputError, Problem
from truceline.events.feeds import efforts, own
from truceline.files import write_atomically

_REPORTS: tuple[dict[str, str], ...] = (
    {
        "id": "EX-1", "time": "2025-02-17T18:30", "post": "Post 12", "post_lon": "37.8", "post_lat": "48.1",
        "bearing_deg": "SSE", "range_min_km": "3", "range_max_km": "5", "means": "post",
        "observation": "heard", "kind": "explosion", "phase": "undetermined", "count": "5-8",
        "source": "Team North",
        "text": "Example: heard from a post, by range and direction",
    },
    {
        "id": "EX-2", "time_from": "2025-02-17T21:00", "time_to": "2025-02-17T21:40", "post": "Camera 3",
        "lon": "37.75", "lat": "48.05", "radius_m": "150", "means": "camera", "kind": "burst",
        "weapon": "small_arms", "count": "about 30", "source": "Camera room",
        "text": "Example: recorded by a camera, at a position with its radius",
    },
    {
        "id": "EX-3", "time": "2025-02-16", "place": "Exampleville", "region": "North", "means": "patrol",
        "observation": "seen", "kind": "damage", "target": "civilian", "hurt": "2", "killed": "0",
        "exercise": "no", "source": "Team North",
        "text": "Example: the day alone is known, and the name of the place",
    },
)  # fmt: skip
_EFFORTS: tuple[dict[str, str], ...] = (
    {
        "means": "camera", "post": "Camera 3", "region": "North", "lon": "37.75", "lat": "48.05",
        "time_from": "2025-02-17T00:00", "time_to": "2025-02-17T14:10", "state": "watched", "p_detect": "0.6",
        "p_detect_low": "0.4", "p_detect_high": "0.8", "group": "fire", "source": "Camera room",
    },
    {
        "means": "patrol", "post": "Patrol 7", "region": "North", "time_from": "2025-02-17T09:30",
        "time_to": "2025-02-17T11:00", "state": "denied", "cause": "side b", "words": "no passage today",
        "source": "Team North",
    },
)  # fmt: skip
_LEFT_OUT = ("range_min_m", "range_max_m", "radius_across_m", "axis_deg")
FORMS: Mapping[str, tuple[Mapping[str, str], tuple[dict[str, str], ...]]] = {
    "reports": ({name: own.COLUMNS[name] for name in own.COLUMNS if name not in _LEFT_OUT}, _REPORTS),
    "efforts": (efforts.COLUMNS, _EFFORTS),
}
"""Columns with their meaning, and example rows, by the name of the form."""


def write_form(path: Path, kind: str, *, examples: bool = False) -> None:
    """Write the form `reports` or `efforts` as .csv or .xlsx, empty or with the rows of examples.

    A workbook has further sheets that say what each column means and show examples. Raises OutputError for
    another form or ending, or where the file cannot be written; an existing file is never overwritten.
    """
    if kind not in FORMS:
        found, hint = f"there is no form '{kind}'", f"forms are {', '.join(FORMS)}"
        raise OutputError("form", [Problem(str(path), found, hint)])
    columns, shown = FORMS[kind]
    head, filled = list(columns), [[row.get(name, "") for name in columns] for row in shown]
    rows = [head, *filled] if examples else [head]
    match path.suffix.lower():
        case ".csv":
            out = io.StringIO()
            csv.writer(out, lineterminator="\n").writerows(rows)
            content = out.getvalue().encode("utf-8-sig")  # the mark tells spreadsheets that it is UTF-8
        case ".xlsx":
            content = _make_workbook(rows, columns, [head, *filled])
        case ending:
            found = f"a form is not written as '{ending or 'no ending'}'"
            raise OutputError("form", [Problem(str(path), found, "end the name in .csv or .xlsx")])
    write_atomically(path, content, overwrite=False)


def _make_workbook(rows: list[list[str]], columns: Mapping[str, str], examples: list[list[str]]) -> bytes:
    import openpyxl
    from openpyxl.styles import Font

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "rows"
    for row in rows:
        sheet.append(row)
    sheet.freeze_panes = "A2"
    meanings = book.create_sheet("columns")
    meanings.append(["column", "meaning"])
    for pair in columns.items():
        meanings.append(pair)
    meanings.column_dimensions["A"].width, meanings.column_dimensions["B"].width = 22, 100
    shown = book.create_sheet("examples")
    for row in examples:
        shown.append(row)
    for page in (sheet, meanings, shown):
        for cell in page[1]:
            cell.font = Font(bold=True)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
