"""Tell new reports from repeated and corrected ones in a PostgreSQL store, by the index over keys.

The rule is that of `_report_keys`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from truceline.store._postgis_copy import copy_in
from truceline.store._report_keys import CORRECTED, NEW, NONE, REPEATED, SortedOut, sort_versions

if TYPE_CHECKING:
    import pandas as pd

    from truceline.store._postgis_connection import Connection

_MAKE_GIVEN = """
CREATE TEMP TABLE IF NOT EXISTS given_reports (
    "row" bigint, "feed" text COLLATE "C", "key" text COLLATE "C", "digest" text COLLATE "C",
    is_several boolean
) ON COMMIT DELETE ROWS;
TRUNCATE given_reports
"""
_COPY_GIVEN = "COPY given_reports FROM STDIN"
_OF_KEY = 'left(r."key", 200) = left(g."key", 200) AND r."key" = g."key" AND r."feed" = g."feed"'
_COMPARE = f"""
SELECT g."row", s."report_id", s."digest" = g."digest" FROM given_reports AS g CROSS JOIN LATERAL (
    SELECT r."report_id", r."digest" FROM reports AS r WHERE {_OF_KEY} ORDER BY r."report_id" DESC LIMIT 1
) AS s
"""
_READ_VERSIONS = f"""
SELECT g."feed", g."key", s.digests
FROM (SELECT DISTINCT "feed", "key" FROM given_reports WHERE is_several) AS g CROSS JOIN LATERAL (
    SELECT array_agg(r."digest" ORDER BY r."report_id") AS digests FROM reports AS r WHERE {_OF_KEY}
) AS s WHERE s.digests IS NOT NULL
"""


def sort_out(connection: Connection, frame: pd.DataFrame) -> SortedOut:
    """Compare reports with those stored, and with each other, in the order of the frame."""
    n_rows = len(frame)
    status = np.full(n_rows, NEW, dtype=np.int8)
    stored_id = np.full(n_rows, NONE, dtype=np.int64)
    earlier_row = np.full(n_rows, NONE, dtype=np.int64)
    is_several = frame.duplicated(["feed", "key"], keep=False).to_numpy()
    connection.execute(_MAKE_GIVEN)
    columns = [np.arange(n_rows), frame["feed"], frame["key"], frame["digest"], is_several]
    copy_in(connection, _COPY_GIVEN, columns, n_rows)
    found = connection.execute(_COMPARE).fetchall()
    if found:
        row, report_id, is_same = (np.array(column) for column in zip(*found, strict=True))
        stored_id[row] = report_id
        status[row] = np.where(is_same, REPEATED, CORRECTED)
    if is_several.any():
        stored = {(feed, key): digests for feed, key, digests in connection.execute(_READ_VERSIONS)}
        several = frame.loc[is_several, ["feed", "key", "digest"]].assign(row=np.flatnonzero(is_several))
        for of_key, group in several.groupby(["feed", "key"], sort=False):
            rows = group["row"].to_numpy()
            versions = sort_versions(group["digest"].tolist(), stored.get(of_key, ()), rows)
            status[rows], earlier_row[rows] = versions
    return SortedOut(status, stored_id, earlier_row)
