"""The whole history of a PostgreSQL store, read or written in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from truceline.events.schema import REPORTS, TABLES, ColumnType, Table
from truceline.store._history import Number, Restoring
from truceline.store._postgis_change import write_rows
from truceline.store._postgis_copy import fetch, out_columns
from truceline.store._postgis_reads import number_of
from truceline.store._postgis_totals import rebuild_totals
from truceline.store._rows import check_table, quote_all

if TYPE_CHECKING:
    import pandas as pd

    from truceline.store._postgis_connection import Connection

_REPLACED = """
INSERT INTO replaced_{table} ("row_order", "change_id")
SELECT "row_order", replaced_by FROM (
    SELECT "row_order", lead("change_id") OVER (PARTITION BY {subject} ORDER BY "row_order") AS replaced_by
    FROM {table}
) AS versions WHERE replaced_by IS NOT NULL ORDER BY "row_order"
"""
_REPLACED_REPORTS = """
INSERT INTO replaced_reports ("row_order", "change_id")
SELECT "supersedes", "change_id" FROM reports WHERE "supersedes" IS NOT NULL ORDER BY "supersedes"
"""


class PostGISHistory(Restoring):
    """The history seen by one connection with an open transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def newest_row(self, table: Table) -> int:
        """Return the order of writing of the newest row."""
        return number_of(self._connection, f'SELECT coalesce(max("row_order"), 0) FROM {check_table(table)}')

    def read(self, table: Table, after: int, up_to: int) -> tuple[pd.DataFrame, Sequence[int]]:
        """Return a part of the rows."""
        import pandas as pd

        sql = (
            f'SELECT {out_columns(table, table.names)}, "row_order", 0 FROM {check_table(table)} '
            'WHERE "row_order" > %s AND "row_order" <= %s ORDER BY "row_order"'
        )
        kinds = [*(field.type for field in table.fields), ColumnType.integer]
        found = fetch(self._connection, sql, [after, up_to], kinds)
        frame = pd.DataFrame(dict(zip(table.names, found[:-1], strict=True)), copy=False)
        return frame, found[-1].to_numpy(np.int64).tolist()

    def read_numbers(self) -> list[Number]:
        """Return all numbers given out."""
        rows = self._connection.execute('SELECT "name", "last", "change_id" FROM numbers ORDER BY 1, 3')
        return [Number(*row) for row in rows]

    def write(self, table: Table, frame: pd.DataFrame, row_order: Sequence[int]) -> None:
        """Write rows as they are."""
        write_rows(self._connection, table, frame.assign(row_order=np.asarray(row_order, dtype=np.int64)))

    def write_numbers(self, numbers: Sequence[Number]) -> None:
        """Write the numbers given out."""
        for number in numbers:
            values = [number.name, number.last, number.change_id]
            self._connection.execute("INSERT INTO numbers VALUES (%s, %s, %s)", values)

    def finish(self) -> None:
        """Make the internal tables again, and let the server count what it has."""
        for table in TABLES.values():
            name = check_table(table)
            if table is REPORTS:
                self._connection.execute(_REPLACED_REPORTS)
            elif table.subject:
                self._connection.execute(
                    _REPLACED.format(table=name, subject=quote_all(table, table.subject))
                )
            self._connection.execute(f"ANALYZE {name}")
        rebuild_totals(self._connection)
