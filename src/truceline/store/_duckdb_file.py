"""Open a DuckDB file under the rule of one writer, wait for it while others have it, and let it go.

DuckDB locks a file for one writing process, or for several that read. Within one process all stores on a file
share one database, counted here, because a second lock of the same process would not be noticed.
The database gets no extensions, no network and no other files.
"""

from __future__ import annotations

import os
import re
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from truceline.errors import Problem
from truceline.store.base import StoreError, StoreUnavailableError

if TYPE_CHECKING:
    import duckdb

OnWait = Callable[[str], None]

_PAUSE_FIRST_S = 0.02
_PAUSE_GROWTH = 1.5
_PAUSE_LONGEST_S = 0.5
_TELL_EVERY_S = 5.0
_HOLDER = re.compile(r"\(PID (\d+)\)")
# How DuckDB says that somebody else has the file, on Unix and on Windows.
_IN_USE = ("Could not set lock on file", "used by another process", "already open in")


class OpenFile:
    """A database file open in this process, shared by all stores on it."""

    def __init__(self, path: Path, root: duckdb.DuckDBPyConnection, *, writing: bool, spill: Path) -> None:
        self.path = path
        self.writing = writing
        self.turn_lock = threading.RLock()
        """Held by the thread whose turn it is to change the store."""
        self.is_changing = False
        """Whether the thread whose turn it is writes a change."""
        self.n_holders = 1
        self._root = root
        self._spill = spill

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a connection of its own, to be closed by the caller; any thread may ask."""
        return self._root.cursor()

    def close(self) -> None:
        """Close the database; what was committed is merged into the one file."""
        self._root.close()
        shutil.rmtree(self._spill, ignore_errors=True)


_OPEN: dict[str, OpenFile] = {}
_OPEN_LOCK = threading.Lock()


def open_file(
    path: Path,
    *,
    writing: bool,
    wait_s: float,
    on_wait: OnWait | None,
    memory_limit: str,
    threads: int | None,
) -> OpenFile:
    """Open a file that exists, waiting up to `wait_s` while others have it; see `release_file`."""
    where = path.resolve()
    started = time.monotonic()
    pause, told_at = _PAUSE_FIRST_S, -_TELL_EVERY_S
    while True:
        opened = _try_to_open(where, writing=writing, memory_limit=memory_limit, threads=threads)
        if isinstance(opened, OpenFile):
            return opened
        waited = time.monotonic() - started
        if waited >= wait_s:
            raise _in_use(path, opened, waited, writing=writing)
        if on_wait is not None and waited - told_at >= _TELL_EVERY_S:
            on_wait(f"{path} is in use by {opened}: waiting, {max(wait_s - waited, 0):.0f} s more at most")
            told_at = waited
        time.sleep(min(pause, max(wait_s - waited, 0.0)))
        pause = min(pause * _PAUSE_GROWTH, _PAUSE_LONGEST_S)


def release_file(file: OpenFile) -> None:
    """Let a file go; the last holder closes it."""
    with _OPEN_LOCK:
        file.n_holders -= 1
        if file.n_holders == 0:
            _OPEN.pop(str(file.path), None)
            file.close()


def connect(path: Path, *, writing: bool, memory_limit: str, threads: int | None) -> tuple[Any, Path]:
    """Connect to a file with everything closed off that a store does not need.

    Returns the connection and the folder for spilled data, which must be removed with it.
    """
    import duckdb

    spill = path.with_name(f".{path.name}.{os.getpid()}.spill")
    config: dict[str, Any] = {
        "access_mode": "READ_WRITE" if writing else "READ_ONLY",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "enable_external_access": "false",
        "temp_directory": str(spill),
        "memory_limit": memory_limit,
        # Otherwise every insertion leaves parts of row groups, which closing has to write again.
        "preserve_insertion_order": "true",
    }
    if threads is not None:
        config["threads"] = str(threads)
    root = duckdb.connect(str(path), config=config)
    root.execute("SET lock_configuration = true")
    return root, spill


def _try_to_open(where: Path, *, writing: bool, memory_limit: str, threads: int | None) -> OpenFile | str:
    """Return the open file, or who has it."""
    import duckdb

    with _OPEN_LOCK:
        known = _OPEN.get(str(where))
        if known is not None:
            if writing and not known.writing:
                return "this program itself, which is reading it"
            known.n_holders += 1
            return known
        _refuse_what_is_no_file(where)
        try:
            root, spill = connect(where, writing=writing, memory_limit=memory_limit, threads=threads)
        except duckdb.Error as error:
            message = str(error)
            if any(words in message for words in _IN_USE):
                holder = _HOLDER.search(message)
                return f"another program (process {holder.group(1)})" if holder else "another program"
            raise _cannot_open(where, message) from None
        if writing:
            _remove_old_spills(where, spill)
        file = OpenFile(where, root, writing=writing, spill=spill)
        _OPEN[str(where)] = file
        return file


def _refuse_what_is_no_file(where: Path) -> None:
    """Raise StoreError where nothing is there: DuckDB would make an empty database."""
    if where.is_dir():
        raise StoreError("store", [Problem(str(where), "is a folder", "name the file of the store in it")])
    with suppress(OSError):
        if where.stat().st_size > 0:
            return
        hint = "delete it and make the store with: truceline monitor init"
        raise StoreError("store", [Problem(str(where), "is an empty file, and no store", hint)])
    hint = "check the name, or make the store with: truceline monitor init"
    raise StoreError("store", [Problem(str(where), "is not there", hint)])


def _cannot_open(where: Path, message: str) -> StoreError:
    """Return what to tell of DuckDB's refusal."""
    if "not a valid DuckDB database file" in message:
        found, hint = "is no store: it is a file of another kind", "name the file that `monitor init` made"
    elif "version number" in message or "storage version" in message.lower():
        found = f"was written by another version of DuckDB ({first_line(message)})"
        hint = "install the version of DuckDB it was written with, or a newer one"
    elif "ermission" in message:
        found, hint = "may not be opened by you", "check the rights of the file and of its folder"
    else:
        found, hint = f"cannot be opened: {first_line(message)}", "check the file, its folder and the disk"
    return StoreError("store", [Problem(str(where), found, hint)])


def _in_use(path: Path, holder: str, waited: float, *, writing: bool) -> StoreError:
    purpose = "write" if writing else "read"
    found = f"is still in use by {holder} after {waited:.0f} s of waiting to {purpose} it"
    hint = "let the other finish or close it, then try again; only one may write, and then nobody reads"
    return StoreUnavailableError("store", [Problem(str(path), found, hint)])


def _remove_old_spills(where: Path, own: Path) -> None:
    """Remove what killed programs left; called while nobody else can have the file."""
    for folder in where.parent.glob(f".{where.name}.*.spill"):
        if folder != own:
            shutil.rmtree(folder, ignore_errors=True)


def first_line(message: str) -> str:
    """Return the first line of DuckDB's message, without its kind of error."""
    line = message.strip().splitlines()[0] if message.strip() else "no reason given"
    kind, colon, rest = line.partition(": ")
    return (rest if colon and kind.endswith("Error") else line).strip()[:300]
