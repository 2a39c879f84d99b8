"""A table as it leaves the building: columns that say what they hold, and rows of plain values.

Units stand in the name of a column and beside it; values are rounded here, once, as the column says, so that
every product shows the same digits. It does not know what the tables are about.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

Value = str | float | int | bool | None
"""What a cell may hold; None is an empty cell."""

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
# Characters below the space, but for tab and newline, may not stand in XML and mean nothing in a cell; those
# that cannot be seen or turn the direction of writing could make a reader see other words than there are.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffe\uffff]")


@dataclass(frozen=True)
class Column:
    """One column: its name (units included), its unit, what it means, and to how many digits it is given."""

    name: str
    unit: str
    """Empty for text."""
    description: str
    digits: int | None = None
    """Decimals kept; None keeps twelve significant digits."""

    def keep(self, value: Any) -> Value:
        """Return a value as it is shown: rounded, without NaN, infinities or control characters."""
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return clean(value)
        number = float(value)
        if not math.isfinite(number):
            return None
        # Twelve digits hide the rounding of binary numbers; plus zero, for minus zero reads badly.
        number = (float(f"{number:.12g}") if self.digits is None else round(number, self.digits)) + 0.0
        return int(number) if number.is_integer() and abs(number) < 2**53 else number


def clean(words: str) -> str:
    """Return text without characters that a cell cannot hold or a reader cannot see."""
    return _CONTROL.sub(" ", words)


def text(name: str, description: str) -> Column:
    """Return a column of words."""
    return Column(name, "", description)


def number(name: str, unit: str, description: str, digits: int | None = None) -> Column:
    """Return a column of numbers in `unit`."""
    return Column(name, unit, description, digits)


def share(name: str, description: str) -> Column:
    """Return a column of shares or chances between 0 and 1, to four decimals."""
    return Column(name, "1", description, 4)


def people(name: str, description: str) -> Column:
    """Return a column of head counts, to two decimals: nothing is rounded to whole people on the way."""
    return Column(name, "person", description, 2)


@dataclass(frozen=True)
class Table:
    """A named table; without rows it is the description of one."""

    name: str
    """Name of the file and of the sheet."""
    title: str
    note: str
    """What a reader must know before using it."""
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...] = ()

    def filled(self, rows: Iterable[Sequence[Any]]) -> Table:
        """Return the table with rows, each with one value a column (ValueError otherwise)."""
        kept = tuple(
            tuple(column.keep(value) for column, value in zip(self.columns, row, strict=True)) for row in rows
        )
        return replace(self, rows=kept)

    def index(self, name: str) -> int:
        """Return the position of a column; ValueError where there is none of that name."""
        return [column.name for column in self.columns].index(name)

    def values(self, name: str) -> list[Value]:
        """Return one column by name."""
        at = self.index(name)
        return [row[at] for row in self.rows]

    def to_csv(self) -> str:
        """Return the table as comma-separated text with a header; unknown values are empty.

        A text that a spreadsheet would take for a formula gets an apostrophe in front, the usual guard
        against text from somebody else's file that starts to calculate.
        """
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([column.name for column in self.columns])
        writer.writerows([_csv_cell(value) for value in row] for row in self.rows)
        return out.getvalue()


def starts_like_a_formula(value: object) -> bool:
    """Tell whether a spreadsheet would calculate this text."""
    return isinstance(value, str) and value.startswith(_FORMULA_STARTS)


def _csv_cell(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return format(value, ".12g")
    return f"'{value}" if starts_like_a_formula(value) else str(value)
