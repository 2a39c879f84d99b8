"""Filters over the columns of a table: what a question asks beyond a period, a box and equal values.

A filter is a small tree, the same for every store. Words compare as text, by code point; a missing value (an
empty word is one) makes a comparison neither true nor false, as in SQL, and only rows for which the whole is
true match. Filters come from strangers: their depth and size are bounded here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from truceline.events.schema import ColumnType, Table

Value: TypeAlias = str | float | int | bool | datetime
Operator: TypeAlias = Literal["=", "<>", "<", "<=", ">", ">="]

N_PARTS_MAX = 200
"""Most parts a filter may have."""
DEPTH_MAX = 20
"""Most parts within each other."""


@dataclass(frozen=True)
class Compare:
    """A column beside a value."""

    column: str
    operator: Operator
    value: Value


@dataclass(frozen=True)
class OneOf:
    """A column that has one of several values; false without any."""

    column: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Between:
    """A column within two values, both included."""

    column: str
    low: Value
    high: Value


@dataclass(frozen=True)
class Like:
    """A word that looks like a pattern: % is any letters, _ any one, and neither behind a backslash."""

    column: str
    pattern: str


@dataclass(frozen=True)
class Missing:
    """A column without a value."""

    column: str


@dataclass(frozen=True)
class Not:
    """What does not hold."""

    part: Filter


@dataclass(frozen=True)
class AllOf:
    """Several that hold together; true without any."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True)
class AnyOf:
    """Several of which one holds at least; false without any."""

    parts: tuple[Filter, ...]


Filter: TypeAlias = Compare | OneOf | Between | Like | Missing | Not | AllOf | AnyOf

_FITTING: dict[ColumnType, tuple[type, ...]] = {
    ColumnType.integer: (int, float),
    ColumnType.number: (int, float),
    ColumnType.text: (str,),
    ColumnType.moment: (datetime,),
    ColumnType.truth: (bool,),
}


def check_filter(table: Table, chosen: Filter) -> None:
    """Raise KeyError for columns the table has not, ValueError for what does not fit or is too large.

    A pattern goes with text alone; a truth is equal or not, and neither more nor less.
    """
    for number, (part, depth) in enumerate(_walk(chosen, 1), start=1):
        if number > N_PARTS_MAX or depth > DEPTH_MAX:
            raise ValueError(
                f"a filter has at most {N_PARTS_MAX} parts, and {DEPTH_MAX} of them within each other"
            )
        if isinstance(part, Not | AllOf | AnyOf):
            continue
        kind = table.field(part.column).type
        if isinstance(part, Like) and kind is not ColumnType.text:
            raise ValueError(f"{part.column} holds {kind}, and a pattern goes with text")
        for value in values_of(part):
            # A truth is a whole number to Python, and no number to us.
            fits = isinstance(value, _FITTING[kind]) and (
                isinstance(value, bool) == (kind is ColumnType.truth)
            )
            if not fits:
                raise ValueError(f"{part.column} holds {kind}, and {value!r} is none")
            if isinstance(value, str) and not _is_text(value):
                raise ValueError(f"{part.column}: a NUL or half a character is no text")
            if kind is ColumnType.integer and not abs(value) < 2**63:  # type: ignore[arg-type]
                raise ValueError(f"{part.column} holds numbers of 64 bits, and {value} is none")
            if isinstance(value, datetime) and value.tzinfo is not None:
                raise ValueError(f"times are UTC without zone, and {value} has one")
            if isinstance(value, float) and value != value:
                raise ValueError(f"{part.column}: NaN compares with nothing")
        if isinstance(part, Like) and _ends_open(part.pattern):
            raise ValueError(f"{part.column}: a pattern does not end in a single backslash")
        is_ordering = isinstance(part, Between) or (
            isinstance(part, Compare) and part.operator not in ("=", "<>")
        )
        if is_ordering and kind is ColumnType.truth:
            raise ValueError(f"{part.column} is true or false, neither more nor less")


def values_of(part: Compare | OneOf | Between | Like | Missing) -> tuple[Value, ...]:
    """Return the values a part compares with."""
    if isinstance(part, Compare):
        return (part.value,)
    if isinstance(part, OneOf):
        return part.values
    if isinstance(part, Between):
        return (part.low, part.high)
    return (part.pattern,) if isinstance(part, Like) else ()


def _is_text(value: str) -> bool:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return "\0" not in value


def _ends_open(pattern: str) -> bool:
    """Tell whether the last backslash takes the meaning from nothing."""
    return (len(pattern) - len(pattern.rstrip("\\"))) % 2 == 1


def _walk(part: Filter, depth: int) -> Iterator[tuple[Filter, int]]:
    yield part, depth
    if depth > DEPTH_MAX:
        return
    if isinstance(part, Not):
        yield from _walk(part.part, depth + 1)
    elif isinstance(part, AllOf | AnyOf):
        for each in part.parts:
            yield from _walk(each, depth + 1)
