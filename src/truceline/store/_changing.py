"""What writing a change is in every store: rows in their types, new reports apart from known ones, numbers.

How rows are kept, and by what means reports are compared with those stored, is for the store.
"""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from truceline import __version__
from truceline.errors import Problem
from truceline.events.frames import make_frame
from truceline.events.schema import CHANGES, REPORTS, Table
from truceline.store._report_keys import CORRECTED, NEW, NONE, REPEATED, SortedOut
from truceline.store._rows import typed_frame
from truceline.store.base import AddedReports, Change, StoreError

if TYPE_CHECKING:
    import pandas as pd


class RowsChange(Change):
    """A change in one transaction, which whoever made the change commits or rolls back."""

    def __init__(self, change_id: int, words: Mapping[str, str], now: datetime) -> None:
        """Take the number of the change, and `who`, `what` and `why`."""
        self.change_id = change_id
        self.is_open = True
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
        found = self._sort_out(typed)
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
            self._numbers[name] = self._last_number(name)
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
            self._keep_number(name, last)
        details = json.dumps(self._details, ensure_ascii=False, sort_keys=True, default=str)
        row = {**self._words, "at": self._now, "program": __version__, "details": details}
        self._insert(CHANGES, typed_frame(CHANGES, make_frame(CHANGES, row, n_rows=1)))
        self.is_open = False

    @abstractmethod
    def _sort_out(self, typed: pd.DataFrame) -> SortedOut:
        """Compare reports with those stored, and with each other."""

    @abstractmethod
    def _keep_reports(self, typed: pd.DataFrame, written: Any, report_id: Any) -> None:
        """Write reports that have their numbers; `written` are their rows in the frame sorted out."""

    @abstractmethod
    def _keep_rows(self, table: Table, rows: pd.DataFrame) -> None:
        """Write rows that have their `row_order`, without `change_id`, and note what they replace."""

    @abstractmethod
    def _newest_row(self, table: Table) -> int:
        """Return the order of writing of the newest row stored; 0 where there is none."""

    @abstractmethod
    def _last_number(self, name: str) -> int:
        """Return the last number given out under a name; 0 where there is none."""

    @abstractmethod
    def _keep_number(self, name: str, last: int) -> None:
        """Write the last number given out under a name."""

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
        self._keep_reports(rows, written, report_id[written])

    def _insert(self, table: Table, typed: pd.DataFrame) -> int:
        """Insert rows with their order of writing, and note what they replace."""
        n_rows = len(typed)
        if not n_rows:
            return 0
        for name in table.subject:
            if name not in typed.columns or typed[name].isna().any():
                raise ValueError(f"{table.name}: rows without {name}, which says what they are about")
        first = self._next_row(table)
        given = [name for name in table.names if name in typed.columns and name != "change_id"]
        self._keep_rows(
            table, typed[given].assign(row_order=np.arange(first, first + n_rows, dtype=np.int64))
        )
        self._n_rows[table.name] = first + n_rows - 1
        return n_rows

    def _next_row(self, table: Table) -> int:
        """Return the order of writing of the next row."""
        if table.name not in self._n_rows:
            self._n_rows[table.name] = self._newest_row(table)
        return self._n_rows[table.name] + 1

    def _check_open(self) -> None:
        if not self.is_open:
            raise StoreError("store", [Problem("change", "has ended", "start another one")])
