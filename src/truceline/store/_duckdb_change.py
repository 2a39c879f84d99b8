"""Write one change to a DuckDB store: rows in their types, new reports apart from known ones, numbers.

All of it in the one open transaction of a connection, which whoever made the change commits or rolls back.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from truceline import __version__
from truceline.errors import Problem
from truceline.events.frames import make_frame
from truceline.events.schema import CHANGES, REPORTS, Table
from truceline.store._duckdb_reads import last_change
from truceline.store._replaced import note_replaced
from truceline.store._report_keys import CORRECTED, NEW, NONE, REPEATED, SortedOut, keep_keys, sort_out
from truceline.store._rows import check_table, quote_all, typed_frame
from truceline.store.base import AddedReports, Change, StoreError

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

_PIECE = 61_440
"""Rows inserted at a time, half of what DuckDB keeps together: larger insertions leave partly filled groups,
which committing and closing have to write again."""


class DuckDBChange(Change):
    """A change in one transaction of one connection."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, words: Mapping[str, str], now: datetime) -> None:
        """Take a connection with an open transaction, and `who`, `what` and `why`."""
        self.change_id = last_change(cursor) + 1
        self.is_open = True
        self._cursor = cursor
        self._words = dict(words)
        self._now = now
        self._details: dict[str, Any] = {}
        self._numbers: dict[str, int] = {}
        self._n_rows: dict[str, int] = {}

    def append(self, table: Table, frame: pd.DataFrame) -> int:
        """Append rows; `change_id` is filled in."""
        self._check_open()
        if table.name in (CHANGES.name, REPORTS.name):
            raise ValueError(f"rows of {table.name} are not appended as they are")
        return self._insert(table, typed_frame(table, frame))

    def add_reports(self, frame: pd.DataFrame) -> AddedReports:
        """Append the reports that are not there yet."""
        self._check_open()
        typed = typed_frame(REPORTS, frame)
        if not len(typed):
            return AddedReports(0, 0, 0)
        missing = [name for name in ("feed", "key", "digest") if name not in typed.columns]
        if missing:
            raise KeyError(f"reports without {', '.join(missing)}")
        found = sort_out(self._cursor, typed)
        self._write_reports(typed, found)
        counts = np.bincount(found.status, minlength=3)
        return AddedReports(
            n_new=int(counts[NEW]), n_repeated=int(counts[REPEATED]), n_corrected=int(counts[CORRECTED])
        )

    def reserve(self, name: str, n: int) -> int:
        """Return the first of `n` consecutive numbers never given out before under `name`."""
        self._check_open()
        if n < 0:
            raise ValueError(f"cannot reserve {n} numbers")
        if name not in self._numbers:
            given = "SELECT coalesce(max(last), 0) FROM numbers WHERE name = ?"
            self._numbers[name] = int(self._cursor.execute(given, [name]).fetchall()[0][0])
        first = self._numbers[name] + 1
        self._numbers[name] += n
        return first

    def note(self, details: Mapping[str, Any]) -> None:
        """Add facts to the details of the change."""
        self._check_open()
        self._details.update(details)

    def finish(self) -> None:
        """Write who, when and why, and the numbers given out, before the transaction is committed."""
        self._check_open()
        for name, last in sorted(self._numbers.items()):
            self._cursor.execute("INSERT INTO numbers VALUES (?, ?, ?)", [name, last, self.change_id])
        details = json.dumps(self._details, ensure_ascii=False, sort_keys=True, default=str)
        row = {**self._words, "at": self._now, "program": __version__, "details": details}
        self._insert(CHANGES, typed_frame(CHANGES, make_frame(CHANGES, row, n_rows=1)))
        self.is_open = False

    def _write_reports(self, typed: pd.DataFrame, found: SortedOut) -> None:
        """Write the rows that are new or corrected; their numbers are their order of writing."""
        import pandas as pd

        written = np.flatnonzero(found.status != REPEATED)
        if not len(written):
            return
        first = self._next_row(REPORTS)
        report_id = np.full(len(typed), NONE, dtype=np.int64)
        report_id[written] = np.arange(first, first + len(written))
        in_frame = found.earlier_row != NONE
        supersedes = np.where(in_frame, report_id[found.earlier_row], found.stored_id)
        supersedes = np.where(found.status == CORRECTED, supersedes, NONE)[written]
        rows = typed if len(written) == len(typed) else typed.take(written)
        rows = rows.assign(
            report_id=pd.array(report_id[written], dtype="Int64"),
            supersedes=pd.arrays.IntegerArray(supersedes, supersedes == NONE),
        )
        self._insert(REPORTS, rows)
        keep_keys(self._cursor, written, report_id[written])

    def _insert(self, table: Table, typed: pd.DataFrame) -> int:
        """Insert rows with their order of writing, and note what they replace."""
        n_rows = len(typed)
        if not n_rows:
            return 0
        for name in table.subject:
            if name not in typed.columns or typed[name].isna().any():
                raise ValueError(f"{table.name}: rows without {name}, which says what they are about")
        first = self._next_row(table)
        row_order = np.arange(first, first + n_rows, dtype=np.int64)
        given = [name for name in table.names if name in typed.columns and name != "change_id"]
        rows = typed[given].assign(row_order=row_order)
        with _registered(self._cursor, "appended", rows):
            note_replaced(self._cursor, table, "appended", self.change_id)
        columns = quote_all(table, given)
        for start in range(0, n_rows, _PIECE):
            with _registered(self._cursor, "appended", rows.iloc[start : start + _PIECE]):
                self._cursor.execute(
                    f"INSERT INTO {check_table(table)} ({columns}, change_id, row_order) "
                    f"SELECT {columns}, CAST(? AS BIGINT), row_order FROM appended",
                    [self.change_id],
                )
        self._n_rows[table.name] = first + n_rows - 1
        return n_rows

    def _next_row(self, table: Table) -> int:
        """Return the order of writing of the next row."""
        if table.name not in self._n_rows:
            newest = f"SELECT coalesce(max(row_order), 0) FROM {check_table(table)}"
            self._n_rows[table.name] = int(self._cursor.execute(newest).fetchall()[0][0])
        return self._n_rows[table.name] + 1

    def _check_open(self) -> None:
        if not self.is_open:
            raise StoreError("store", [Problem("change", "has ended", "start another one")])


@contextmanager
def _registered(cursor: duckdb.DuckDBPyConnection, name: str, frame: pd.DataFrame) -> Iterator[None]:
    """Let statements read a frame under a name."""
    cursor.register(name, frame)
    try:
        yield
    finally:
        cursor.unregister(name)
