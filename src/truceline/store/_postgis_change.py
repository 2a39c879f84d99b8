"""Write one change to a PostgreSQL store: rows by COPY, what they replace by the indexes of their subjects.

All of it in the one open transaction of a connection. Nothing is known about the size of what the transaction
itself wrote, so statements that look for stored rows are kept to the indexes (see `begin`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from truceline.events.schema import JUDGEMENTS, REPORTS, ColumnType, Table
from truceline.store._changing import RowsChange
from truceline.store._postgis_copy import copy_in
from truceline.store._postgis_reads import last_change, number_of
from truceline.store._postgis_reports import sort_out
from truceline.store._postgis_totals import note_totals
from truceline.store._report_keys import SortedOut
from truceline.store._rows import check_table, quote, quote_all

if TYPE_CHECKING:
    import pandas as pd

    from truceline.store._postgis_connection import Connection

_BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
_BY_INDEX = (
    "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"
)
MANY_ROWS = 20_000
"""Rows after which a change has the server count a table again, and does not wait until it does by itself."""
_INDEXED = 200
"""Letters of a word that its index holds: see the schema."""
_REPLACE_STORED = """
INSERT INTO replaced_{table} ("row_order", "change_id")
SELECT o."row_order", %s FROM {table} AS n JOIN {table} AS o ON {same} AND o."row_order" < %s
WHERE n."row_order" >= %s
    AND NOT EXISTS (SELECT FROM replaced_{table} AS r WHERE r."row_order" = o."row_order")
ON CONFLICT DO NOTHING
"""
_REPLACED = 'COPY replaced_{table} ("row_order", "change_id") FROM STDIN'


def begin(connection: Connection, *, is_large: bool = False) -> int:
    """Begin the transaction of a change and return its number, by which the server knows its end.

    With `is_large` it may look through whole tables.
    """
    connection.execute(_BEGIN if is_large else f"{_BEGIN}; {_BY_INDEX}")
    return number_of(connection, "SELECT pg_current_xact_id()::text::bigint")


class PostGISChange(RowsChange):
    """A change in one transaction of one connection."""

    def __init__(self, connection: Connection, words: Mapping[str, str], now: datetime) -> None:
        """Take a connection with an open transaction, and `who`, `what` and `why`."""
        super().__init__(last_change(connection) + 1, words, now)
        self._connection = connection
        self._n_written: Counter[str] = Counter()

    def finish(self) -> None:
        """Write who, when and why, and let the server count again what grew by much: its plans need that."""
        super().finish()
        for name in sorted(name for name, n in self._n_written.items() if n >= MANY_ROWS):
            self._connection.execute(f"ANALYZE {name}")

    def _sort_out(self, typed: pd.DataFrame) -> SortedOut:
        return sort_out(self._connection, typed)

    def _keep_reports(self, typed: pd.DataFrame, written: Any, report_id: Any) -> None:
        self._insert(REPORTS, typed)

    def _keep_rows(self, table: Table, rows: pd.DataFrame) -> None:
        write_rows(self._connection, table, rows.assign(change_id=self.change_id))
        self._n_written[check_table(table)] += len(rows)
        if table is REPORTS:
            self._note(table, rows["supersedes"].dropna().to_numpy(np.int64))
        elif table.subject:
            is_replaced = rows.duplicated(list(table.subject), keep="last").to_numpy()
            self._note(table, rows["row_order"].to_numpy()[is_replaced])
            first = int(rows["row_order"].iloc[0])
            sql = _REPLACE_STORED.format(table=check_table(table), same=_same_subject(table))
            if table is JUDGEMENTS:
                note_totals(self._connection, sql, [self.change_id, first, first], first)
            else:
                self._connection.execute(sql, [self.change_id, first, first])

    def _note(self, table: Table, row_order: Any) -> None:
        if len(row_order):
            sql = _REPLACED.format(table=check_table(table))
            copy_in(self._connection, sql, [row_order, str(self.change_id)], len(row_order))

    def _newest_row(self, table: Table) -> int:
        return number_of(self._connection, f'SELECT coalesce(max("row_order"), 0) FROM {check_table(table)}')

    def _last_number(self, name: str) -> int:
        given = 'SELECT coalesce(max("last"), 0) FROM numbers WHERE "name" = %s'
        return number_of(self._connection, given, [name])

    def _keep_number(self, name: str, last: int) -> None:
        self._connection.execute("INSERT INTO numbers VALUES (%s, %s, %s)", [name, last, self.change_id])


def write_rows(connection: Connection, table: Table, rows: pd.DataFrame) -> None:
    """Copy rows that have their `row_order` into a table; columns in which nothing is stay away."""
    names = [
        str(name) for name in rows.columns if name == "row_order" or not _is_empty(table, rows, str(name))
    ]
    given = [name for name in names if name != "row_order"]
    columns = f'{quote_all(table, given)}{", " if given else ""}"row_order"'
    sql = f"COPY {check_table(table)} ({columns}) FROM STDIN"
    copy_in(connection, sql, [rows[name] for name in [*given, "row_order"]], len(rows))


def _is_empty(table: Table, rows: pd.DataFrame, name: str) -> bool:
    """Tell whether a column holds what the table fills in by itself."""
    kind, column = table.field(name).type, rows[name]
    if kind is ColumnType.text:
        return not any(column.tolist())
    if kind is ColumnType.truth:
        return not column.any()
    return bool(column.isna().all())


def _same_subject(table: Table) -> str:
    """Return when rows n and o are about the same, in the words of the index."""
    terms = []
    for name in table.subject:
        column = quote(table, name)
        if table.field(name).type is ColumnType.text:
            terms.append(f"left(o.{column}, {_INDEXED}) = left(n.{column}, {_INDEXED})")
        terms.append(f"o.{column} = n.{column}")
    return " AND ".join(terms)
