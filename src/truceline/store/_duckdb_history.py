"""The whole history of a DuckDB store, read or written in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from truceline.events.schema import TABLES, Table
from truceline.store._history import Number, Restoring
from truceline.store._replaced import rebuild_replaced
from truceline.store._report_keys import rebuild_keys
from truceline.store._rows import check_table, frame_from_arrays, quote_all

if TYPE_CHECKING:
    import duckdb
    import pandas as pd


class DuckDBHistory(Restoring):
    """The history seen by one cursor with an open transaction."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor

    def newest_row(self, table: Table) -> int:
        """Return the order of writing of the newest row."""
        newest = f"SELECT coalesce(max(row_order), 0) FROM {check_table(table)}"
        return int(self._cursor.execute(newest).fetchall()[0][0])

    def read(self, table: Table, after: int, up_to: int) -> tuple[pd.DataFrame, Sequence[int]]:
        """Return a part of the rows."""
        sql = (
            f"SELECT {quote_all(table, table.names)}, row_order FROM {check_table(table)} "
            "WHERE row_order > ? AND row_order <= ? ORDER BY row_order"
        )
        arrays = self._cursor.execute(sql, [after, up_to]).fetchnumpy()
        return frame_from_arrays(table, arrays, table.names), np.asarray(arrays["row_order"]).tolist()

    def read_numbers(self) -> list[Number]:
        """Return all numbers given out."""
        rows = self._cursor.execute('SELECT name, "last", change_id FROM numbers ORDER BY name, change_id')
        return [Number(*row) for row in rows.fetchall()]

    def write(self, table: Table, frame: pd.DataFrame, row_order: Sequence[int]) -> None:
        """Write rows as they are."""
        self._cursor.register("restored", frame.assign(row_order=np.asarray(row_order, dtype=np.int64)))
        try:
            columns = f"{quote_all(table, table.names)}, row_order"
            self._cursor.execute(
                f"INSERT INTO {check_table(table)} ({columns}) SELECT {columns} FROM restored"
            )
        finally:
            self._cursor.unregister("restored")

    def write_numbers(self, numbers: Sequence[Number]) -> None:
        """Write the numbers given out."""
        for number in numbers:
            values = [number.name, number.last, number.change_id]
            self._cursor.execute("INSERT INTO numbers VALUES (?, ?, ?)", values)

    def finish(self) -> None:
        """Make the internal tables again."""
        rebuild_keys(self._cursor)
        for table in TABLES.values():
            rebuild_replaced(self._cursor, table)
