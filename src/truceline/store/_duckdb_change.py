"""Write one change to a DuckDB store.

All of it in the one open transaction of a connection, which whoever made the change commits or rolls back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from truceline.events.schema import REPORTS, Table
from truceline.store._changing import RowsChange
from truceline.store._duckdb_reads import last_change
from truceline.store._replaced import note_replaced
from truceline.store._report_keys import SortedOut, keep_keys, sort_out
from truceline.store._rows import check_table, quote_all

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

_PIECE = 61_440
"""Rows inserted at a time, half of what DuckDB keeps together: larger insertions leave partly filled groups,
which committing and closing have to write again."""


class DuckDBChange(RowsChange):
    """A change in one transaction of one connection."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, words: Mapping[str, str], now: datetime) -> None:
        """Take a connection with an open transaction, and `who`, `what` and `why`."""
        super().__init__(last_change(cursor) + 1, words, now)
        self._cursor = cursor

    def _sort_out(self, typed: pd.DataFrame) -> SortedOut:
        return sort_out(self._cursor, typed)

    def _keep_reports(self, typed: pd.DataFrame, written: Any, report_id: Any) -> None:
        self._insert(REPORTS, typed)
        keep_keys(self._cursor, written, report_id)

    def _keep_rows(self, table: Table, rows: pd.DataFrame) -> None:
        with _registered(self._cursor, "appended", rows):
            note_replaced(self._cursor, table, "appended", self.change_id)
        columns = quote_all(table, [name for name in rows.columns if name != "row_order"])
        for start in range(0, len(rows), _PIECE):
            with _registered(self._cursor, "appended", rows.iloc[start : start + _PIECE]):
                self._cursor.execute(
                    f"INSERT INTO {check_table(table)} ({columns}, change_id, row_order) "
                    f"SELECT {columns}, CAST(? AS BIGINT), row_order FROM appended",
                    [self.change_id],
                )

    def _newest_row(self, table: Table) -> int:
        newest = f"SELECT coalesce(max(row_order), 0) FROM {check_table(table)}"
        return int(self._cursor.execute(newest).fetchall()[0][0])

    def _last_number(self, name: str) -> int:
        given = "SELECT coalesce(max(last), 0) FROM numbers WHERE name = ?"
        return int(self._cursor.execute(given, [name]).fetchall()[0][0])

    def _keep_number(self, name: str, last: int) -> None:
        self._cursor.execute("INSERT INTO numbers VALUES (?, ?, ?)", [name, last, self.change_id])


@contextmanager
def _registered(cursor: duckdb.DuckDBPyConnection, name: str, frame: pd.DataFrame) -> Iterator[None]:
    """Let statements read a frame under a name."""
    cursor.register(name, frame)
    try:
        yield
    finally:
        cursor.unregister(name)
