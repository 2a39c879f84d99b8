"""Read a table of facts that may be somebody's own file: bounded, UTF-8, every row with its place.

CSV with a header. The meaning of the columns is the caller's; cells come back as stripped text.
"""

from __future__ import annotations

import calendar
import csv
import io
import math
import re
from collections.abc import Mapping, Sequence
from datetime import date
from importlib.resources import files
from pathlib import Path

from truceline.errors import ProblemList, TableError

TABLE_BYTES_MAX = 2_000_000
"""A table larger than this is refused unread."""
ROWS_MAX = 5_000
"""Most rows of a table: the packaged ones have some hundred at most."""
PEOPLE_MAX = 10_000_000
"""More people than any armed force has: above it a size is a slip of the keyboard."""

Row = Mapping[str, str]
_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")


def read_rows(path: Path | None, packaged: str, columns: Sequence[str]) -> tuple[tuple[str, Row], ...]:
    """Return every row with its place, for example ``pledges.csv line 12``.

    path: a user's file; None reads the packaged table `packaged`. Columns beyond `columns` are kept.

    Raises
    ------
    TableError
        When the file is missing, too large, not UTF-8, not CSV, without a column that is needed, without
        rows or with too many, or when a row has more or fewer cells than the header.
    """
    name = f"{packaged}.csv" if path is None else path.name
    problems = ProblemList()
    text = _read_text(path, name, problems)
    problems.raise_if_any(TableError, f"{name} cannot be used")
    rows: list[tuple[str, Row]] = []
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        header = list(reader.fieldnames or [])
        for column in columns:
            if column not in header:
                problems.add(name, f"has no column {column}", f"the columns are {', '.join(columns)}")
        for column in sorted({column for column in header if header.count(column) > 1}):
            problems.add(name, f"has the column {column} twice", "keep one")
        problems.raise_if_any(TableError, f"{name} cannot be used")
        for cells in reader:
            where = f"{name} line {reader.line_num}"
            if len(rows) >= ROWS_MAX:
                problems.add(name, f"has more than {ROWS_MAX:,} rows", "keep those that matter")
                break
            if None in cells or None in cells.values():
                less_or_more = "more" if None in cells else "fewer"
                problems.add(where, f"has {less_or_more} cells than the header", "put quotes round a comma")
                continue
            rows.append((where, {key: value.strip() for key, value in cells.items()}))
    except csv.Error as error:
        problems.add(name, f"is not a readable CSV ({error})", "save it as CSV in UTF-8")
    if not rows and not problems.has_errors():
        problems.add(name, "has no rows", "write one row for each fact")
    problems.raise_if_any(TableError, f"{name} cannot be used")
    return tuple(rows)


def _read_text(path: Path | None, name: str, problems: ProblemList) -> str:
    try:
        if path is None:
            content = files("truceline.scenario").joinpath("reference", name).read_bytes()
        else:
            with path.open("rb") as stream:
                content = stream.read(TABLE_BYTES_MAX + 1)
        if len(content) > TABLE_BYTES_MAX:
            problems.add(name, f"is larger than {TABLE_BYTES_MAX:,} bytes", "keep the rows that matter")
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        problems.add(name, "is not UTF-8 text", "save it as CSV in UTF-8")
    except OSError as error:
        problems.add(name, f"cannot be read: {error.strerror or error}", "check the path and its rights")
    return ""


def split_list(cell: str) -> tuple[str, ...]:
    """Return the words of a cell that are parted by ``|``, each once, in their order."""
    return tuple(dict.fromkeys(word for part in cell.split("|") if (word := part.strip())))


def check_words(
    words: Sequence[str],
    known: Mapping[str, object] | Sequence[str],
    what: str,
    where: str,
    problems: ProblemList,
) -> None:
    """Note every word that is not among the known ones."""
    for word in words:
        if word not in known:
            hint = f"one of {', '.join(known)}" if len(known) <= 20 else "see the packaged table"
            problems.add(where, f"{word!r} is not a known {what}", hint)


def last_day(text: str) -> date:
    """Return the last day of the period that a date names: YYYY, YYYY-MM or YYYY-MM-DD.

    What is known to the month alone counts from its end: we do not claim to have known it earlier.

    Raises ValueError for any other text.
    """
    match = _DATE.fullmatch(text)
    if match is None:
        raise ValueError(text)
    year, month = int(match[1]), int(match[2] or 12)
    if not (1 <= month <= 12 and year >= 1):
        raise ValueError(text)
    return date(year, month, int(match[3]) if match[3] else calendar.monthrange(year, month)[1])


def read_day(cell: str, column: str, where: str, problems: ProblemList) -> date | None:
    """Return the day a cell counts from, or None with a problem noted."""
    try:
        return last_day(cell)
    except ValueError:
        hint = "write YYYY, YYYY-MM or YYYY-MM-DD"
        problems.add(where, f"{column} {cell!r} is not a date" if cell else f"{column} is empty", hint)
        return None


def read_people(cell: str, column: str, where: str, problems: ProblemList) -> int | None:
    """Return a number of people, or None where the cell is empty or wrong (then a problem is noted)."""
    if not cell:
        return None
    try:
        number = float(cell)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number == int(number)):
        problems.add(where, f"{column} {cell!r} is not a whole number", "write digits alone, as in 7500")
    elif number < 0:
        problems.add(where, f"{column} {cell} is negative", "write zero or more, or leave it empty")
    elif number > PEOPLE_MAX:
        problems.add(where, f"{column} {cell} is above {PEOPLE_MAX:,}", "check the digits")
    else:
        return int(number)
    return None


def read_days(cell: str, column: str, where: str, problems: ProblemList) -> float | None:
    """Return a time in days, or None with a problem noted."""
    try:
        number = float(cell)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number >= 0):
        problems.add(where, f"{column} {cell!r} is not a number of days", "write zero or more days")
        return None
    return number
