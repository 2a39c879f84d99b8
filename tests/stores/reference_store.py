"""The contract of a store in plain Python over lists of rows: slow, and short enough to believe."""

from __future__ import annotations

import json
import math
import operator
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from truceline import __version__
from truceline.events.frames import make_frame, set_types
from truceline.events.schema import CHANGES, REPORTS, TABLES, ColumnType, Table
from truceline.store.base import ALL, AddedReports, Change, Page, Selection, Store
from truceline.store.filters import AllOf, AnyOf, Between, Filter, Like, Missing, Not, OneOf

Row = dict[str, Any]
EMPTY = {ColumnType.text: "", ColumnType.truth: False}


class ReferenceStore(Store):
    """Rows of every table, oldest first."""

    def __init__(self, clock: Any) -> None:
        self._clock = clock
        self._rows: dict[str, list[Row]] = {name: [] for name in TABLES}
        self._numbers: dict[str, int] = {}

    @property
    def place(self) -> str:
        return "memory"

    @contextmanager
    def turn(self) -> Iterator[None]:
        yield

    @contextmanager
    def change(self, *, who: str, what: str, why: str = "") -> Iterator[Change]:
        before = deepcopy((self._rows, self._numbers))
        change = ReferenceChange(self._rows, self._numbers, self.last_change() + 1)
        row = {"who": who, "what": what, "why": why, "at": self._clock(), "program": __version__}
        try:
            yield change
        except BaseException:
            self._rows, self._numbers = before
            raise
        details = json.dumps(change.details, ensure_ascii=False, sort_keys=True)
        change.write(CHANGES, make_frame(CHANGES, {**row, "details": details}, n_rows=1))

    def read(self, table: Table, select: Selection = ALL, *, columns: Sequence[str] = ()) -> pd.DataFrame:
        return to_frame(table, self._matching(table, self._up_to(table, select), select), columns)

    def read_current(
        self, table: Table, select: Selection = ALL, *, columns: Sequence[str] = ()
    ) -> pd.DataFrame:
        return to_frame(table, self._current(table, select), columns)

    def read_page(
        self, table: Table, select: Selection = ALL, *, n: int, after: int = 0, columns: Sequence[str] = ()
    ) -> Page:
        place = {id(row): number for number, row in enumerate(self._rows[table.name], start=1)}
        rows = sorted(self._current(table, select), key=lambda row: place[id(row)])
        rows = [row for row in rows if place[id(row)] > after]
        is_more = len(rows) > n
        places = [place[id(row)] for row in rows[:n]]
        names = tuple(columns) or table.names
        values = {name: [row[name] for row in rows[:n]] for name in names}
        return Page(values, places, places[-1] if is_more else None)

    def tally(
        self,
        table: Table,
        select: Selection = ALL,
        *,
        by: Sequence[str] = (),
        sums: Sequence[str] = (),
        day_shift_h: float | None = None,
    ) -> pd.DataFrame:
        groups: dict[tuple[Any, ...], list[Row]] = {}
        for row in self._current(table, select):
            key = tuple(row[name] for name in by)
            if day_shift_h is not None:
                key = (shifted_day(row[table.starts], day_shift_h), *key)
            groups.setdefault(key, []).append(row)
        if not by and day_shift_h is None:
            groups.setdefault((), [])
        keys = sorted(
            groups, key=lambda key: [(value is None, "" if value is None else value) for value in key]
        )
        kinds = [table.field(name).type for name in by]
        names = list(by)
        if day_shift_h is not None:
            names, kinds = ["day", *names], [ColumnType.moment, *kinds]
        made = {
            name: typed_column(kind, [key[number] for key in keys])
            for number, (name, kind) in enumerate(zip(names, kinds, strict=True))
        }
        made["n"] = pd.Series([len(groups[key]) for key in keys], dtype="int64")
        for name in sums:
            totals = [math.fsum(row[name] or 0 for row in groups[key]) for key in keys]
            is_whole = table.field(name).type is ColumnType.integer
            made[name] = pd.Series(totals, dtype="float64").astype("int64" if is_whole else "float64")
        return pd.DataFrame(made)

    def last_change(self) -> int:
        return max((row["change_id"] for row in self._rows[CHANGES.name]), default=0)

    def close(self) -> None:
        pass

    def _up_to(self, table: Table, select: Selection) -> list[Row]:
        rows = self._rows[table.name]
        return rows if select.as_of is None else [row for row in rows if row["change_id"] <= select.as_of]

    def _current(self, table: Table, select: Selection) -> list[Row]:
        rows = self._up_to(table, select)
        if table.subject:
            newest = {tuple(row[name] for name in table.subject): row for row in rows}
            rows = [newest[subject] for subject in sorted(newest)]
        return self._matching(table, rows, select)

    def _matching(self, table: Table, rows: list[Row], select: Selection) -> list[Row]:
        rows = [row for row in rows if matches(table, row, select)]
        for among in select.among:
            others = self._current(among.table, replace(among.select, as_of=select.as_of, among=()))
            known = {row[among.column] for row in others}
            rows = [
                row
                for row in rows
                if row[among.column] is not None and (row[among.column] in known) != among.is_absent
            ]
        return rows


class ReferenceChange(Change):
    def __init__(self, rows: dict[str, list[Row]], numbers: dict[str, int], change_id: int) -> None:
        self.change_id = change_id
        self.details: dict[str, Any] = {}
        self._rows = rows
        self._numbers = numbers

    def append(self, table: Table, frame: pd.DataFrame) -> int:
        return self.write(table, frame)

    def write(self, table: Table, frame: pd.DataFrame) -> int:
        for row in to_rows(table, frame):
            self._rows[table.name].append({**row, "change_id": self.change_id})
        return len(frame)

    def add_reports(self, frame: pd.DataFrame) -> AddedReports:
        stored = self._rows[REPORTS.name]
        given: dict[tuple[str, str], list[Row]] = {}
        for row in to_rows(REPORTS, frame):
            given.setdefault((row["feed"], row["key"]), []).append(row)
        repeated = {
            key
            for key, rows in given.items()
            if ends_with(
                [row["digest"] for row in stored if (row["feed"], row["key"]) == key],
                without_repeats([row["digest"] for row in rows]),
            )
        }
        n_new = n_repeated = n_corrected = 0
        for row in to_rows(REPORTS, frame):
            key = (row["feed"], row["key"])
            earlier = [old for old in stored if (old["feed"], old["key"]) == key]
            if key in repeated or (earlier and earlier[-1]["digest"] == row["digest"]):
                n_repeated += 1
                continue
            n_new, n_corrected = n_new + (not earlier), n_corrected + bool(earlier)
            supersedes = earlier[-1]["report_id"] if earlier else None
            ours = {"report_id": len(stored) + 1, "supersedes": supersedes, "change_id": self.change_id}
            stored.append({**row, **ours})
        return AddedReports(n_new=n_new, n_repeated=n_repeated, n_corrected=n_corrected)

    def reserve(self, name: str, n: int) -> int:
        first = self._numbers.get(name, 0) + 1
        self._numbers[name] = first + n - 1
        return first

    def note(self, details: Mapping[str, Any]) -> None:
        self.details.update(details)


def matches(table: Table, row: Row, select: Selection) -> bool:
    """Tell whether a row matches everything but `as_of`."""
    starts = row[table.starts] if table.starts else None
    ends = row[table.ends] if table.ends else None
    last = ends if ends is not None else starts
    if select.since is not None and (last is None or last < select.since):
        return False
    if select.until is not None and (starts is None or starts >= select.until):
        return False
    for name, wanted in select.equals.items():
        values = wanted if isinstance(wanted, Iterable) and not isinstance(wanted, str) else [wanted]
        empty = EMPTY.get(table.field(name).type)
        if row[name] not in [empty if value is None else value for value in values]:
            return False
    if any(row[name] not in list(ids) for name, ids in select.ids.items()):
        return False
    if select.box is not None:
        west, south, east, north = select.box
        if row["lon"] is None or row["lat"] is None:
            return False
        if not (west <= row["lon"] <= east and south <= row["lat"] <= north):
            return False
    return select.where is None or holds(table, row, select.where) is True


def holds(table: Table, row: Row, part: Filter) -> bool | None:
    """Tell whether a filter holds for a row; None where a missing value keeps it open."""
    if isinstance(part, Not):
        inner = holds(table, row, part.part)
        return None if inner is None else not inner
    if isinstance(part, AllOf | AnyOf):
        inners = [holds(table, row, each) for each in part.parts]
        decides = isinstance(part, AnyOf)  # one True decides "any", one False decides "all"
        if decides in inners:
            return decides
        return None if None in inners else not decides
    value = row[part.column]
    if table.field(part.column).type is ColumnType.text and value == "":
        value = None
    if isinstance(part, Missing):
        return value is None
    if isinstance(part, OneOf) and not part.values:
        return False
    if value is None:
        return None
    if isinstance(part, OneOf):
        return value in part.values
    if isinstance(part, Between):
        return bool(part.low <= value <= part.high)
    if isinstance(part, Like):
        return re.fullmatch(as_regex(part.pattern), value, re.DOTALL) is not None
    return bool(COMPARISONS[part.operator](value, part.value))


COMPARISONS: dict[str, Any] = {
    "=": operator.eq, "<>": operator.ne,
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def as_regex(pattern: str) -> str:
    """Return a pattern of LIKE as a regular expression."""
    made, is_plain = "", False
    for letter in pattern:
        if not is_plain and letter == "\\":
            is_plain = True
            continue
        wild = {"%": ".*", "_": "."}
        made += wild[letter] if letter in wild and not is_plain else re.escape(letter)
        is_plain = False
    return made


def shifted_day(moment: datetime | None, shift_h: float) -> datetime | None:
    """Return midnight of the day of a moment that many hours later."""
    if moment is None:
        return None
    return datetime.combine((moment + timedelta(hours=shift_h)).date(), datetime.min.time())


def without_repeats(values: list[str]) -> list[str]:
    """Return values without those equal to the one before."""
    return [value for number, value in enumerate(values) if number == 0 or value != values[number - 1]]


def ends_with(history: list[str], tail: list[str]) -> bool:
    return history[-len(tail) :] == tail


def to_rows(table: Table, frame: pd.DataFrame) -> list[Row]:
    """Return a frame as rows of plain values; None is missing."""
    typed = set_types(frame, table)
    columns = {}
    for field in table.fields:
        if field.name in typed.columns:
            values = [None if pd.isna(value) else value for value in typed[field.name].tolist()]
            if field.type is ColumnType.moment:
                values = [None if value is None else value.to_pydatetime() for value in values]
        else:
            values = [EMPTY.get(field.type)] * len(typed)
        columns[field.name] = values
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def to_frame(table: Table, rows: list[Row], columns: Sequence[str]) -> pd.DataFrame:
    names = tuple(columns) or table.names
    return pd.DataFrame(
        {name: typed_column(table.field(name).type, [row[name] for row in rows]) for name in names}
    )


def typed_column(kind: ColumnType, values: list[Any]) -> Any:
    """Return plain values as a column of a type."""
    if kind is ColumnType.integer:
        return pd.Series(pd.array(values, dtype="Int64"))
    if kind is ColumnType.number:
        return pd.Series([math.nan if value is None else value for value in values], dtype="float64")
    if kind is ColumnType.moment:
        return pd.Series(pd.to_datetime(pd.Series(values, dtype=object))).astype("datetime64[us]")
    return pd.Series(values, dtype=bool if kind is ColumnType.truth else object)
