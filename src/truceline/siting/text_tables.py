"""Read plain tables of numbers and names from files that came from somebody else.

Files are bounded in size, nothing in them is executed, and every bad line is named in one message. Numbers
have whatever unit their file means. It knows columns, not what they are for (see `instances`).
"""

from __future__ import annotations

import csv
import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from truceline.errors import ProblemList, TableError

BYTES_MAX = 1_000_000_000
"""Largest text read: a bound on what a mistyped name can cost, ten times the largest public instance."""
SHOWN_MAX = 10
"""Bad lines named in one message; the rest are counted."""
TEXT_SHOWN = 30
"""Characters of a strange entry that a message repeats."""

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class TextTable:
    """Columns of equal length, and the line each row came from."""

    numbers: Mapping[str, FloatArray]
    """Columns of numbers by name."""
    names: Mapping[str, tuple[str, ...]]
    """Columns of names by name."""
    lines: IntArray
    """(n_rows,) line of the file, from 1."""
    file: str
    """Name of the file, for messages."""


def read_text(path: Path) -> str:
    """Return the text of a file, or raise TableError: missing, too large, or not text."""
    problems = ProblemList()
    try:
        size = path.stat().st_size
        if size > BYTES_MAX:
            found = f"has {size:,} bytes, the most read is {BYTES_MAX:,}"
            problems.add(path.name, found, "give a smaller table, or a sparse matrix as .npz")
        elif size == 0:
            problems.add(path.name, "is empty", "give a table")
        else:
            return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        problems.add(path.name, "is not text", "give a text table, or a sparse matrix with the ending .npz")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        problems.add(str(path), f"cannot be read: {reason}", "check the name and its rights")
    raise TableError("problem file", problems.problems)


def read_number_stream(path: Path) -> FloatArray:
    """Return all numbers of a text, whatever its lines; raises TableError naming lines that hold others."""
    text = read_text(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # NumPy only warns when it stops reading before the end
        try:
            return np.fromstring(text, dtype=np.float64, sep=" ")
        except (ValueError, DeprecationWarning):
            pass
    bad = []
    for number, line in enumerate(text.splitlines(), start=1):
        strange = [word for word in line.split() if not is_number(word)]
        if strange:
            bad.append((number, strange[0]))
    problems = ProblemList()
    for number, word in bad[:SHOWN_MAX]:
        problems.add(f"{path.name} line {number}", f"{shorten(word)!r} is not a number", "give numbers only")
    count_rest(problems, path.name, len(bad))
    raise TableError("problem file", problems.problems)


def read_columns(
    path: Path,
    *,
    layouts: Sequence[Sequence[str]],
    optional: Sequence[str] = (),
    names: Sequence[str] = (),
    aliases: Mapping[str, str] | None = None,
) -> TextTable:
    """Read a table of columns separated by commas, semicolons, tabs or blanks; `#` starts a comment line.

    layouts: columns of a file without a heading, told apart by their number. With a heading the columns of
    the shortest layout must be there, those of `optional` and of other layouts may be, others are passed
    over. names: columns that hold names. aliases: other words for a heading.

    Raises TableError with every line that has too few entries or an entry that is not a number.
    """
    lines = read_text(path).splitlines()
    kept = [i for i, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#")]
    if not kept:
        raise refuse(path.name, "holds no rows", "give one row for each entry")
    mark = _separator(lines[kept[0]])
    heading = [word.strip().lower() for word in _split(lines[kept[0]], mark)]
    aliases = aliases or {}
    heading = [aliases.get(word, word) for word in heading]
    shortest = min(layouts, key=len)
    if set(shortest) & set(heading):
        missing = [name for name in shortest if name not in heading]
        if missing:
            where = f"{path.name} line {kept[0] + 1}"
            raise refuse(
                where, f"the heading has no column {missing[0]!r}", f"name it in {', '.join(heading)}"
            )
        wanted = set(shortest) | set(optional) | {name for layout in layouts for name in layout}
        place = {name: heading.index(name) for name in heading if name in wanted}
        kept = kept[1:]
        if not kept:
            raise refuse(path.name, "holds a heading and no rows", "give one row for each entry")
    else:
        fitting = [layout for layout in layouts if len(layout) == len(heading)]
        if not fitting:
            choices = " or ".join("`" + " ".join(layout) + "`" for layout in layouts)
            where = f"{path.name} line {kept[0] + 1}"
            hint = f"write {choices}, or a heading that names the columns"
            raise refuse(where, f"has {len(heading)} entries", hint)
        place = {name: number for number, name in enumerate(fitting[0])}
    return _read_rows(path.name, lines, np.array(kept), mark, place, set(names))


def number_names(columns: Sequence[tuple[str, ...]]) -> tuple[tuple[str, ...], list[IntArray]]:
    """Return all names of some columns in order (whole numbers by size) and each column as their places."""
    every = {name for column in columns for name in column}
    if all(name.isdecimal() for name in every):
        ordered = sorted(every, key=lambda name: (int(name), name))
    else:
        ordered = sorted(every)
    place = {name: number for number, name in enumerate(ordered)}
    return tuple(ordered), [
        np.fromiter((place[name] for name in column), dtype=np.int64, count=len(column)) for column in columns
    ]


def report_lines(
    problems: ProblemList, table: TextTable, column: str, bad: NDArray[np.bool_], found: str, hint: str
) -> None:
    """Add one problem for each bad row (n_rows,) of a column of numbers, the first few by line."""
    rows = np.flatnonzero(bad)
    for row in rows[:SHOWN_MAX]:
        where = f"{table.file} line {table.lines[row]}"
        problems.add(where, f"{column} {table.numbers[column][row]:g} {found}", hint)
    count_rest(problems, table.file, rows.size)


def refuse(where: str, found: str, hint: str) -> TableError:
    """Return the error of one mistake that makes it useless to read on."""
    problems = ProblemList()
    problems.add(where, found, hint)
    return TableError("problem file", problems.problems)


def count_rest(problems: ProblemList, where: str, n_bad: int) -> None:
    """Add how many more mistakes there are than the SHOWN_MAX that were told."""
    if n_bad > SHOWN_MAX:
        problems.add(where, f"and {n_bad - SHOWN_MAX} more like these", "")


def split_blindly(line: str) -> list[str]:
    """Return the entries of a line whatever stands between them; good for looking, not for reading."""
    return line.replace(",", " ").replace(";", " ").split()


def shorten(text: str) -> str:
    """Return a strange entry short enough for a message."""
    return text if len(text) <= TEXT_SHOWN else text[:TEXT_SHOWN] + "…"


def _read_rows(
    file: str,
    lines: Sequence[str],
    kept: IntArray,
    mark: str | None,
    place: Mapping[str, int],
    name_columns: set[str],
) -> TextTable:
    """Read the body: entry `place[column]` of each kept line."""
    problems = ProblemList()
    numbers: dict[str, list[float]] = {column: [] for column in place if column not in name_columns}
    names: dict[str, list[str]] = {column: [] for column in place if column in name_columns}
    width, n_bad = max(place.values()) + 1, 0
    for i in kept:
        words = _split(lines[i], mark)
        where = f"{file} line {i + 1}"
        if len(words) < width:
            n_bad += 1
            if n_bad <= SHOWN_MAX:
                problems.add(where, f"has {len(words)} of {width} entries", "complete the line")
            continue
        for column, into in names.items():
            into.append(words[place[column]].strip())
        for column, values in numbers.items():
            word = words[place[column]]
            try:
                values.append(float(word))
            except ValueError:
                n_bad += 1
                values.append(math.nan)
                if n_bad <= SHOWN_MAX:
                    problems.add(where, f"{column} {shorten(word)!r} is not a number", "write a number")
    count_rest(problems, file, n_bad)
    problems.raise_if_any(TableError, "problem file")
    return TextTable(
        {column: np.array(values, dtype=np.float64) for column, values in numbers.items()},
        {column: tuple(values) for column, values in names.items()},
        kept.astype(np.int64) + 1,
        file,
    )


def _separator(line: str) -> str | None:
    """Return the character between entries, None for blanks."""
    return next((mark for mark in (";", ",", "\t") if mark in line), None)


def _split(line: str, mark: str | None) -> list[str]:
    if mark is None:
        return line.split()
    return next(csv.reader([line], delimiter=mark)) if '"' in line else line.split(mark)


def is_number(word: str) -> bool:
    """Tell whether a word is a number as Python reads one."""
    try:
        float(word)
    except ValueError:
        return False
    return True
