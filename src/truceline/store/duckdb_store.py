"""The embedded store: one DuckDB file, nothing to install, no server, no extension.

Implements the contract of `base`. One change at a time, in one transaction; questions are answered from
what was committed, on connections of their own. Knows rows and no rule about them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from truceline import __version__
from truceline.errors import Problem
from truceline.events.schema import Table
from truceline.store import _duckdb_reads as reads
from truceline.store._duckdb_change import DuckDBChange
from truceline.store._duckdb_file import OnWait, OpenFile, connect, first_line, open_file, release_file
from truceline.store._duckdb_history import DuckDBHistory
from truceline.store._history import Copyable, History, Restoring
from truceline.store.base import (
    ALL,
    WAIT_S,
    Change,
    Page,
    Selection,
    Store,
    StoreError,
    StoreFullError,
    StoreUnavailableError,
)
from truceline.store.migrations import apply_steps, check_version, list_steps, read_version

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

Clock = Callable[[], datetime]
_NO_SPACE = ("No space left on device", "Disk quota exceeded", "File too large")
"""How the system, and DuckDB after it, says that there is no more room for a file."""


def create_duckdb_store(path: Path, *, memory_limit: str, threads: int | None, clock: Clock) -> DuckDBStore:
    """Make an empty store and open it for writing; see `open.create_store`."""
    import duckdb

    if os.path.lexists(path):
        hint = "choose another name, or open it as it is"
        raise StoreError("store", [Problem(str(path), "is there already", hint)])
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        root, _ = connect(new.absolute(), writing=True, memory_limit=memory_limit, threads=threads)
        with closing(root):
            apply_steps(root.execute, now=clock(), program=__version__, steps=list_steps())
        _give_name(new, path)
    except (duckdb.Error, OSError) as error:
        found = f"cannot be made: {first_line(str(error))}"
        raise StoreError("store", [Problem(str(path), found, "check the folder and its rights")]) from None
    finally:
        for left in (new, new.with_name(f"{new.name}.wal")):
            with suppress(OSError):
                left.unlink(missing_ok=True)
    return open_duckdb_store(
        path,
        writing=True,
        wait_s=WAIT_S,
        on_wait=None,
        memory_limit=memory_limit,
        threads=threads,
        clock=clock,
    )


def open_duckdb_store(
    path: Path,
    *,
    writing: bool,
    wait_s: float,
    on_wait: OnWait | None,
    memory_limit: str,
    threads: int | None,
    clock: Clock,
) -> DuckDBStore:
    """Open a store that exists; see `open.open_store`."""
    file = open_file(
        path, writing=writing, wait_s=wait_s, on_wait=on_wait, memory_limit=memory_limit, threads=threads
    )
    try:
        steps = list_steps()
        with closing(file.cursor()) as cursor:
            check_version(read_version(cursor.execute), str(path), writing=file.writing, steps=steps)
            if writing:
                apply_steps(cursor.execute, now=clock(), program=__version__, steps=steps)
    except BaseException:
        release_file(file)
        raise
    return DuckDBStore(file, str(path), writing=writing, wait_s=wait_s, clock=clock)


def _give_name(new: Path, path: Path) -> None:
    """Give a finished file its name, not replacing what somebody made meanwhile where the disk can tell."""
    try:
        os.link(new, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        new.rename(path)


class DuckDBStore(Store, Copyable):
    """A store in one DuckDB file."""

    def __init__(self, file: OpenFile, place: str, *, writing: bool, wait_s: float, clock: Clock) -> None:
        """Take an open file; `open_duckdb_store` makes one."""
        self._file: OpenFile | None = file
        self._place = place
        self._writing = writing
        self._wait_s = wait_s
        self._clock = clock

    @property
    def place(self) -> str:
        """Path of the file."""
        return self._place

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Be the only one to change the store; other programs cannot have it open meanwhile anyway."""
        if not self._writing:
            raise self._refuse("was opened for reading only", "open it for writing")
        file = self._open_file()
        if not file.turn_lock.acquire(timeout=self._wait_s):
            found = f"is being changed by another part of this program for more than {self._wait_s:.0f} s"
            raise StoreUnavailableError("store", [Problem(self._place, found, "try again later")])
        try:
            yield
        finally:
            file.turn_lock.release()

    @contextmanager
    def change(self, *, who: str, what: str, why: str = "") -> Iterator[Change]:
        """Write: everything in the block, or nothing."""
        if not (who.strip() and what.strip()):
            raise self._refuse("is not changed without saying who does what", "name who makes the change")
        with self.turn(), self._answering("nothing of this change was kept"):
            file = self._open_file()
            if file.is_changing:
                raise self._refuse("is being changed already by this program", "end that change first")
            file.is_changing = True
            try:
                with closing(file.cursor()) as cursor:
                    yield from self._transact(cursor, {"who": who, "what": what, "why": why})
            finally:
                file.is_changing = False

    def _transact(self, cursor: duckdb.DuckDBPyConnection, words: Mapping[str, str]) -> Iterator[Change]:
        """Give a change in a transaction that is committed where the change ends well, and only there."""
        at = self._clock()
        cursor.execute("BEGIN TRANSACTION")
        change: DuckDBChange | None = None
        try:
            change = DuckDBChange(cursor, words, at)
            yield change
            change.finish()
            cursor.execute("COMMIT")
        except BaseException:
            if change is not None:
                change.is_open = False
            with suppress(Exception):  # the reason to roll back is what must be told
                cursor.execute("ROLLBACK")
            raise

    def read(self, table: Table, select: Selection = ALL, *, columns: Sequence[str] = ()) -> pd.DataFrame:
        """Return all rows that match, oldest change first."""
        with self._asking() as cursor:
            return reads.read_rows(cursor, table, select, columns)

    def read_current(
        self, table: Table, select: Selection = ALL, *, columns: Sequence[str] = ()
    ) -> pd.DataFrame:
        """Return the newest row for each subject, where that row matches, in the order of the subjects."""
        with self._asking() as cursor:
            return reads.read_newest(cursor, table, select, columns)

    def read_page(
        self, table: Table, select: Selection = ALL, *, n: int, after: int = 0, columns: Sequence[str] = ()
    ) -> Page:
        """Return up to `n` of the newest rows that match, in the order of writing."""
        with self._asking() as cursor:
            return reads.read_part(cursor, table, select, columns, n, after)

    def tally(
        self,
        table: Table,
        select: Selection = ALL,
        *,
        by: Sequence[str] = (),
        sums: Sequence[str] = (),
        day_shift_h: float | None = None,
    ) -> pd.DataFrame:
        """Count the newest rows that match, without reading them."""
        with self._asking() as cursor:
            return reads.tally_newest(cursor, table, select, by, sums, day_shift_h)

    def last_change(self) -> int:
        """Return the number of the newest change; 0 in an empty store."""
        with self._asking() as cursor:
            return reads.last_change(cursor)

    @contextmanager
    def history(self) -> Iterator[History]:
        """Give the whole history as of one moment."""
        with self._asking() as cursor:
            cursor.execute("BEGIN TRANSACTION")
            yield DuckDBHistory(cursor)

    @contextmanager
    def restore(self) -> Iterator[Restoring]:
        """Write a history into the store, which is empty."""
        with self.turn(), self._answering("nothing was kept"), closing(self._open_file().cursor()) as cursor:
            if reads.last_change(cursor):
                raise self._refuse("holds something already", "copy into a new store")
            cursor.execute("BEGIN TRANSACTION")
            try:
                yield DuckDBHistory(cursor)
                cursor.execute("COMMIT")
            except BaseException:
                with suppress(Exception):  # the reason to roll back is what must be told
                    cursor.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Let the store go, so that others may write."""
        file, self._file = self._file, None
        if file is not None:
            release_file(file)

    @contextmanager
    def _asking(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._answering("nothing was changed"), closing(self._open_file().cursor()) as cursor:
            yield cursor

    @contextmanager
    def _answering(self, consequence: str) -> Iterator[None]:
        """Turn what DuckDB reports into a message."""
        import duckdb

        try:
            yield
        except duckdb.OutOfMemoryException as error:
            self._refuse_if_full(error, consequence)
            found = f"needs more memory than it may use ({first_line(str(error))}); {consequence}"
            raise self._refuse(found, "open it with a larger memory_limit, or free disk space") from error
        except (duckdb.IOException, duckdb.FatalException, duckdb.TransactionException) as error:
            self._refuse_if_full(error, consequence)
            found = f"cannot be read or written: {first_line(str(error))}; {consequence}"
            raise self._refuse(found, "check the disk and the rights of the folder") from error

    def _refuse_if_full(self, error: Exception, consequence: str) -> None:
        """Raise StoreFullError where DuckDB found no room on the disk, for rows or for what it spills."""
        if any(words in str(error) for words in _NO_SPACE):
            found = f"cannot be written: its disk is full, or what you may have of it; {consequence}"
            problem = Problem(self._place, found, "free space there, then try again")
            raise StoreFullError("store", [problem]) from error

    def _open_file(self) -> OpenFile:
        if self._file is None:
            raise self._refuse("has been closed", "open it again")
        return self._file

    def _refuse(self, found: str, hint: str) -> StoreError:
        return StoreError("store", [Problem(self._place, found, hint)])
