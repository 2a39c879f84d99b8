"""Keep note of rows that a newer row about the same subject replaces.

The newest row of a subject holds. To find it among millions without grouping them all, the store keeps for
each table with a subject the internal table `replaced_<table>`: `row_order` of every row that is no longer
the newest, and the change since which it is not. The newest rows as of a change are those written up to it
less those replaced up to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from truceline.events.schema import REPORTS, Table
from truceline.store._rows import check_table, quote_all

if TYPE_CHECKING:
    import duckdb

# Names in these statements come from a Table and are checked; values travel as parameters.
_REPLACE_STORED = """
INSERT INTO replaced_{table}
SELECT row_order, CAST(? AS BIGINT)
FROM {table} SEMI JOIN {appended} USING ({subject})
WHERE row_order NOT IN (SELECT row_order FROM replaced_{table})
ORDER BY row_order
"""
_REPLACE_APPENDED = """
INSERT INTO replaced_{table}
SELECT row_order, CAST(? AS BIGINT) FROM {appended}
WHERE row_order NOT IN (SELECT max(row_order) FROM {appended} GROUP BY {subject})
ORDER BY row_order
"""
_REBUILD = """
INSERT INTO replaced_{table}
SELECT row_order, replaced_by FROM (
    SELECT row_order, lead(change_id) OVER (PARTITION BY {subject} ORDER BY row_order) AS replaced_by
    FROM {table}
) WHERE replaced_by IS NOT NULL ORDER BY row_order
"""
_REPLACE_REPORTS = """
INSERT INTO replaced_reports
SELECT supersedes, CAST(? AS BIGINT) FROM {appended} WHERE supersedes IS NOT NULL ORDER BY supersedes
"""


def note_replaced(cursor: duckdb.DuckDBPyConnection, table: Table, appended: str, change_id: int) -> None:
    """Note what the rows of a registered frame replace, stored or in the frame; before they are stored."""
    if not table.subject:
        return
    if table is REPORTS:
        cursor.execute(_REPLACE_REPORTS.format(appended=appended), [change_id])
        return
    names = {"table": check_table(table), "appended": appended, "subject": quote_all(table, table.subject)}
    cursor.execute(_REPLACE_STORED.format(**names), [change_id])
    cursor.execute(_REPLACE_APPENDED.format(**names), [change_id])


def rebuild_replaced(cursor: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Make the internal table of one table again from its rows."""
    if table.subject:
        names = {"table": check_table(table), "subject": quote_all(table, table.subject)}
        cursor.execute("DELETE FROM replaced_{table}".format(**names))
        cursor.execute(_REBUILD.format(**names))
