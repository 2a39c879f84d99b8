"""Tell new reports from repeated and corrected ones without reading what is stored.

The internal table `report_keys` holds a hash of feed and key for every report. A chunk of an import is
compared with the hashes alone; texts are read and compared only where a hash is there already, so equal
hashes of different keys do no harm.

A row is a repetition where the newest report of its key, stored or earlier in the frame, has its digest, and
a correction where that has another one. A frame that holds several versions of a key is a repetition of the
whole where the newest stored reports of that key are the same versions in the same order: so a file that
contradicts itself adds nothing either when it is imported again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

NEW, REPEATED, CORRECTED = 0, 1, 2
NONE = -1
"""Where no report or row is meant."""

# The length of the feed's name keeps "ab" + "c" apart from "a" + "bc". MD5 because it is the same in every
# version of DuckDB; nothing rests on its strength.
_HASH = "md5_number_lower(concat(length(feed), ':', feed, key))"
_HASH_GIVEN = f"""
CREATE OR REPLACE TEMP TABLE given_keys AS SELECT row, {_HASH} AS key_hash FROM given
"""
_COUNT_GIVEN = "SELECT count(DISTINCT key_hash) FROM given_keys"
_FIND_STORED = """
CREATE OR REPLACE TEMP TABLE stored_keys AS
SELECT report_id, feed, key, digest FROM reports
WHERE report_id IN (SELECT report_id FROM report_keys SEMI JOIN given_keys USING (key_hash))
"""
_COMPARE = """
WITH newest AS (
    SELECT feed, key, max(report_id) AS report_id, arg_max(digest, report_id) AS digest
    FROM stored_keys GROUP BY feed, key
)
SELECT row, report_id, newest.digest = given.digest AS is_same
FROM given JOIN newest USING (feed, key) ORDER BY row
"""
_READ_VERSIONS = """
SELECT feed, key, list(digest ORDER BY report_id) AS digests
FROM stored_keys SEMI JOIN given_several USING (feed, key) GROUP BY feed, key
"""
_KEEP = """
INSERT INTO report_keys
SELECT key_hash, report_id FROM given_keys JOIN written USING (row) ORDER BY report_id
"""
_REBUILD = f"INSERT INTO report_keys SELECT {_HASH}, report_id FROM reports ORDER BY report_id"


@dataclass(frozen=True)
class SortedOut:
    """What each row of a frame is."""

    status: NDArray[np.int8]
    """NEW, REPEATED or CORRECTED."""
    stored_id: NDArray[np.int64]
    """Number of the newest stored report of the key, or NONE."""
    earlier_row: NDArray[np.int64]
    """Row of the frame that a corrected row supersedes, or NONE: then it supersedes the stored report."""


def sort_out(cursor: duckdb.DuckDBPyConnection, frame: pd.DataFrame) -> SortedOut:
    """Compare reports with those stored, and with each other, in the order of the frame.

    The hashes stay in the temporary table `given_keys` for `keep_keys`.
    """
    n_rows = len(frame)
    given = frame[["feed", "key", "digest"]].assign(row=np.arange(n_rows, dtype=np.int64))
    status = np.full(n_rows, NEW, dtype=np.int8)
    stored_id = np.full(n_rows, NONE, dtype=np.int64)
    earlier_row = np.full(n_rows, NONE, dtype=np.int64)
    cursor.register("given", given)
    try:
        cursor.execute(_HASH_GIVEN)
        cursor.execute(_FIND_STORED)
        found = cursor.execute(_COMPARE).fetchnumpy()
        row = np.asarray(found["row"], dtype=np.int64)
        stored_id[row] = found["report_id"]
        status[row] = np.where(found["is_same"], REPEATED, CORRECTED)
        if cursor.execute(_COUNT_GIVEN).fetchall()[0][0] < n_rows:
            is_several = given.duplicated(["feed", "key"], keep=False)
            _compare_versions(cursor, given[is_several], status, earlier_row)
        cursor.execute("DROP TABLE stored_keys")
    finally:
        cursor.unregister("given")
    return SortedOut(status, stored_id, earlier_row)


def keep_keys(
    cursor: duckdb.DuckDBPyConnection, row: NDArray[np.int64], report_id: NDArray[np.int64]
) -> None:
    """Note as stored the rows of the frame last given to `sort_out` that were written."""
    import pandas as pd

    cursor.register("written", pd.DataFrame({"row": row, "report_id": report_id}))
    try:
        cursor.execute(_KEEP)
    finally:
        cursor.unregister("written")


def rebuild_keys(cursor: duckdb.DuckDBPyConnection) -> None:
    """Make the internal table again from the reports."""
    cursor.execute("DELETE FROM report_keys")
    cursor.execute(_REBUILD)


def _compare_versions(
    cursor: duckdb.DuckDBPyConnection,
    several: pd.DataFrame,
    status: NDArray[np.int8],
    earlier_row: NDArray[np.int64],
) -> None:
    """Sort out the rows whose key the frame holds more than once."""
    cursor.register("given_several", several[["feed", "key"]].drop_duplicates())
    try:
        stored = {(feed, key): found for feed, key, found in cursor.execute(_READ_VERSIONS).fetchall()}
    finally:
        cursor.unregister("given_several")
    for key, group in several.groupby(["feed", "key"], sort=False):
        rows = group["row"].to_numpy()
        versions = sort_versions(group["digest"].tolist(), stored.get(key, ()), rows)
        status[rows], earlier_row[rows] = versions


def sort_versions(
    given: Sequence[str], stored: Sequence[str], rows: Iterable[int]
) -> tuple[list[int], list[int]]:
    """Return status and superseded row of each of several rows of one key; digests oldest first."""
    changes = [digest for number, digest in enumerate(given) if number == 0 or digest != given[number - 1]]
    if list(stored[-len(changes) :]) == changes:
        return [REPEATED] * len(given), [NONE] * len(given)
    newest = stored[-1] if stored else None
    written = NONE
    status, superseded = [], []
    for digest, row in zip(given, rows, strict=True):
        if digest == newest:
            status.append(REPEATED)
            superseded.append(NONE)
            continue
        status.append(NEW if newest is None else CORRECTED)
        superseded.append(written)
        newest, written = digest, int(row)
    return status, superseded
