"""Write the field form as an XLSForm workbook, for ODK Central, KoBoToolbox and what else reads that.

The same vocabularies, posts and regions give the same bytes and the same version; others give another
version, as the servers ask for. Posts of a mission are choices: whoever holds the form then holds the list.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from truceline.errors import OutputError, Problem
from truceline.events.feeds.odk_form import FORM_ID
from truceline.exchange.workbook_bytes import settle_workbook
from truceline.exchange.xlsform_questions import (
    MAX_NAME_CHARACTERS,
    Choice,
    Question,
    list_choices,
    list_questions,
)
from truceline.files import write_atomically

LANGUAGE = "English (en)"
"""Language of the labels, as it stands in the heads of their columns."""
TITLE = "Truceline field report"
MAX_CHOICES = 2_000
"""Most posts, or regions, offered as choices: a phone shows no longer list."""
VERSION_CHARACTERS = 12

_SURVEY = (
    ("type", "type"),
    ("name", "name"),
    (f"label::{LANGUAGE}", "label"),
    (f"hint::{LANGUAGE}", "hint"),
    ("required", "required"),
    ("relevant", "relevant"),
    ("constraint", "constraint"),
    (f"constraint_message::{LANGUAGE}", "constraint_message"),
    ("calculation", "calculation"),
    ("default", "default"),
    ("appearance", "appearance"),
    ("parameters", "parameters"),
)
_CHOICES = (("list_name", "list_name"), ("name", "name"), (f"label::{LANGUAGE}", "label"), ("full", "full"))
_FIXED_TIME = datetime(2000, 1, 1)
"""When every form says it was made: its version tells forms apart."""
Rows = list[list[str]]


def make_field_form(
    *,
    title: str = TITLE,
    sides: tuple[str, str] = ("Side a", "Side b"),
    posts: Iterable[str] = (),
    regions: Iterable[str] = (),
) -> bytes:
    """Return the workbook; `title` is shown on the devices, `posts` and `regions` are offered as choices.

    Raises OutputError for more names than a device can show.
    """
    known_posts, known_regions = _tidy(posts, "posts"), _tidy(regions, "regions")
    survey = _lay_out(_SURVEY, list_questions(known_posts, known_regions))
    choices = _lay_out(_CHOICES, list_choices(sides, known_posts, known_regions))
    head = ["form_title", "form_id", "version", "instance_name", "default_language"]
    # What it is and the post: enough to find a form on a device.
    called = "concat(${record}, ' ', ${post})"
    settings = [head, [title, FORM_ID, _digest(title, survey, choices), called, LANGUAGE]]
    return _write(title, {"survey": survey, "choices": choices, "settings": settings})


def write_field_form(
    path: Path,
    *,
    title: str = TITLE,
    sides: tuple[str, str] = ("Side a", "Side b"),
    posts: Iterable[str] = (),
    regions: Iterable[str] = (),
) -> None:
    """Write the form to an .xlsx file; OutputError for another ending, and where a file is there already."""
    if path.suffix.lower() != ".xlsx":
        found = f"a field form is not written as '{path.suffix or 'no ending'}'"
        raise OutputError("field form", [Problem(str(path), found, "end the name in .xlsx")])
    content = make_field_form(title=title, sides=sides, posts=posts, regions=regions)
    write_atomically(path, content, overwrite=False)


def _tidy(names: Iterable[str], what: str) -> tuple[str, ...]:
    """Return names in order, each once, without what a workbook cannot hold."""
    plain = ("".join(c if c.isprintable() else " " for c in str(name)) for name in names)
    known = tuple(dict.fromkeys(word for each in plain if (word := each.strip()[:MAX_NAME_CHARACTERS])))
    if len(known) > MAX_CHOICES:
        found = f"{len(known):,} {what} are more than a device can show"
        hint = f"at most {MAX_CHOICES:,}; write a form for each region"
        raise OutputError("field form", [Problem(what, found, hint)])
    return known


def _lay_out(columns: Sequence[tuple[str, str]], rows: Sequence[Question | Choice]) -> Rows:
    cells = [[_cell(getattr(row, name)) for _, name in columns] for row in rows]
    return [[head for head, _ in columns], *cells]


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    return str(value)


def _digest(title: str, *sheets: Rows) -> str:
    text = "\n".join([title, *("\t".join(row) for sheet in sheets for row in sheet)])
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:VERSION_CHARACTERS]


def _write(title: str, sheets: dict[str, Rows]) -> bytes:
    import openpyxl
    from openpyxl.styles import Font

    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for at, row in enumerate(rows, start=1):
            _fill(sheet, at, row)
        for cell in sheet[1]:
            cell.font = Font(bold=True)
        sheet.freeze_panes = "C2" if name == "survey" else "A2"
    out = io.BytesIO()
    book.save(out)
    return settle_workbook(out.getvalue(), creator="Truceline", title=title, moment=_FIXED_TIME)


def _fill(sheet: Any, at: int, row: list[str]) -> None:
    for column, value in enumerate(row, start=1):
        if value:
            cell = sheet.cell(at, column, value)
            cell.data_type = "s"  # the name of a post is text, even where it begins like a formula
