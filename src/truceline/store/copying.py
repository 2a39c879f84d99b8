"""Copy a store into another one, of whatever kind: every row of every table with its change, every number.

Rows travel in pieces, so the size of a store does not matter to the memory. What was written is read back
from the target before it is kept, and compared by counts and checksums. The target is empty before, and holds
all or nothing after; a copy that was interrupted is started again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from truceline.errors import Problem, ProblemList
from truceline.events.schema import TABLES, ColumnType, Table
from truceline.provenance import DIGEST_CHARACTERS
from truceline.store._history import Copyable, History, Restoring
from truceline.store.base import Store, StoreError

if TYPE_CHECKING:
    import pandas as pd

PIECE = 50_000
"""Rows on the way at a time."""
Progress = Callable[[str, float], None]
"""Told the table under way, and the share of its rows that was written or read back."""


@dataclass(frozen=True)
class CopiedTable:
    """What was copied of one table."""

    name: str
    n_rows: int
    checksum: str
    """Of all rows in their order, the same in every kind of store."""


def copy_store(source: Store, target: Store, *, progress: Progress | None = None) -> tuple[CopiedTable, ...]:
    """Copy everything in `source` into the empty store `target`, and compare.

    `source` may be open for reading only, and be written by others meanwhile where its kind allows that: what
    is copied is the store as of one moment. Raises StoreError, with nothing kept in the target, where the
    target is not empty or what it holds then is not what was read.
    """
    tell = progress or (lambda name, share: None)
    with _copyable(source).history() as read, _copyable(target).restore() as written:
        sums = {table.name: _copy_table(read, written, table, tell) for table in TABLES.values()}
        numbers = read.read_numbers()
        written.write_numbers(numbers)
        written.finish()
        problems = ProblemList()
        for table in TABLES.values():
            found = sum_table(written, table, progress=tell)
            if found != sums[table.name]:
                told = f"{found.n_rows} rows ({found.checksum}) instead of"
                problems.add(table.name, f"{told} {sums[table.name].n_rows} ({sums[table.name].checksum})")
        if written.read_numbers() != numbers:
            problems.add("numbers", "are not those that were read")
        problems.raise_if_any(
            StoreError, f"{target.place} is not the same as {source.place}: nothing was kept"
        )
    return tuple(sums.values())


def sum_store(store: Store, *, progress: Progress | None = None) -> tuple[CopiedTable, ...]:
    """Return counts and checksums of every table, to compare with those of a copy or a backup."""
    tell = progress or (lambda name, share: None)
    with _copyable(store).history() as history:
        return tuple(sum_table(history, table, progress=tell) for table in TABLES.values())


def sum_table(history: History, table: Table, *, progress: Progress) -> CopiedTable:
    """Return count and checksum of one table."""
    checksum, newest = _Checksum(table), history.newest_row(table)
    for after in range(0, newest, PIECE):
        checksum.add(*history.read(table, after, after + PIECE))
        progress(table.name, min(after + PIECE, newest) / newest)
    return checksum.result()


def _copy_table(read: History, written: Restoring, table: Table, progress: Progress) -> CopiedTable:
    checksum, newest = _Checksum(table), read.newest_row(table)
    for after in range(0, newest, PIECE):
        frame, row_order = read.read(table, after, after + PIECE)
        checksum.add(frame, row_order)
        if len(frame):
            written.write(table, frame, row_order)
        progress(table.name, min(after + PIECE, newest) / newest)
    return checksum.result()


class _Checksum:
    """Digests columns piece by piece; how the rows are cut into pieces does not show."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._n_rows = 0
        self._order = hashlib.sha256()
        self._columns = [(hashlib.sha256(), hashlib.sha256()) for _ in table.fields]

    def add(self, frame: pd.DataFrame, row_order: Any) -> None:
        """Take rows in."""
        self._n_rows += len(frame)
        self._order.update(np.asarray(row_order, dtype="<i8").tobytes())
        for field, (values, shapes) in zip(self._table.fields, self._columns, strict=True):
            value, shape = _bytes_of(field.type, frame[field.name])
            values.update(value)
            shapes.update(shape)

    def result(self) -> CopiedTable:
        """Return count and checksum of what was taken in."""
        whole = hashlib.sha256(self._order.digest())
        for values, shapes in self._columns:
            whole.update(values.digest())
            whole.update(shapes.digest())
        return CopiedTable(self._table.name, self._n_rows, whole.hexdigest()[:DIGEST_CHARACTERS])


def _bytes_of(kind: ColumnType, column: pd.Series) -> tuple[bytes, bytes]:
    """Return values as bytes, and beside them what tells missing ones and the ends of words."""
    if kind is ColumnType.text:
        words = [word.encode("utf-8") for word in column.tolist()]
        return b"".join(words), np.array([len(word) for word in words], dtype="<i8").tobytes()
    if kind is ColumnType.integer:
        whole = column.to_numpy(np.int64, na_value=0)
        return whole.astype("<i8").tobytes(), column.isna().to_numpy().tobytes()
    if kind is ColumnType.number:
        numbers = column.to_numpy(np.float64)
        # All that is missing is missing in the same way.
        return np.where(np.isnan(numbers), np.nan, numbers).astype("<f8").tobytes(), b""
    if kind is ColumnType.moment:
        return column.to_numpy(dtype="datetime64[us]").view(np.int64).astype("<i8").tobytes(), b""
    return column.to_numpy(bool).tobytes(), b""


def _copyable(store: Store) -> Copyable:
    if not isinstance(store, Copyable):
        raise StoreError(
            "store", [Problem(store.place, "cannot be copied", "copy stores in files and on servers")]
        )
    return store
