"""The front door of the stores: make one, open one, by a path or an address.

A path is an embedded store, one file (DuckDB). An address `postgresql://user@host:port/database` is a store
on a server (PostgreSQL with PostGIS), in the schema `truceline`, or another one behind `?schema=`. The
libraries behind a store are loaded when one is opened, not before.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from truceline.errors import Problem
from truceline.store.base import WAIT_S, Store, StoreError

Clock = Callable[[], datetime]
"""Returns the present moment, UTC without zone."""

MEMORY_LIMIT = "2GiB"
"""Memory the database itself may use before it spills to disk beside the store; frames come on top."""
_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")


def read_clock() -> datetime:
    """Return the present moment by the clock of the machine, UTC without zone."""
    return datetime.now(UTC).replace(tzinfo=None)


def create_store(
    path: str | Path,
    *,
    memory_limit: str = MEMORY_LIMIT,
    threads: int | None = None,
    clock: Clock = read_clock,
) -> Store:
    """Make an empty store and open it for writing.

    The file, or the schema of the database, appears whole, with its tables, or not at all. On a server the
    database is there already; `memory_limit` and `threads` are for files. Raises StoreError where something
    of that name is there already or it cannot be made, StoreUnavailableError where a server does not answer.
    """
    address = _as_address(path)
    if address:
        from truceline.store.postgis_store import create_postgis_store

        return create_postgis_store(address, clock=clock)
    from truceline.store.duckdb_store import create_duckdb_store

    return create_duckdb_store(_as_path(path), memory_limit=memory_limit, threads=threads, clock=clock)


def open_store(
    path: str | Path,
    *,
    writing: bool = False,
    wait_s: float = WAIT_S,
    on_wait: Callable[[str], None] | None = None,
    memory_limit: str = MEMORY_LIMIT,
    threads: int | None = None,
    clock: Clock = read_clock,
) -> Store:
    """Open a store: for reading, or for writing (and reading).

    Of a file, one program writes at a time, and while it has the store open nobody else reads; several may
    read at once. On a server any number read and write; only their changes are made one after the other.
    Whoever comes later waits up to `wait_s` seconds; `on_wait` is told at once, and every few seconds then,
    what is waited for. `memory_limit` (such as "2GiB") and `threads` (all cores by default) bound the
    database of a file; what does not fit is spilled into a hidden folder beside the store, removed on
    closing.

    Raises StoreError where there is no store or it is of a later version, and StoreUnavailableError where it
    stays in use too long or its server does not answer.
    """
    address = _as_address(path)
    if address:
        from truceline.store.postgis_store import open_postgis_store

        return open_postgis_store(address, writing=writing, wait_s=wait_s, on_wait=on_wait, clock=clock)
    from truceline.store.duckdb_store import open_duckdb_store

    return open_duckdb_store(
        _as_path(path),
        writing=writing,
        wait_s=wait_s,
        on_wait=on_wait,
        memory_limit=memory_limit,
        threads=threads,
        clock=clock,
    )


def has_store(path: str | Path) -> bool:
    """Tell whether something is there already: a file of that name, or a store in the schema of a database.

    Raises StoreError and StoreUnavailableError where a server cannot be asked.
    """
    address = _as_address(path)
    if address:
        from truceline.store.postgis_store import has_postgis_store

        return has_postgis_store(address)
    return os.path.lexists(_as_path(path))


def is_on_server(path: str | Path) -> bool:
    """Tell whether a store is on a server, where any number of programs have it open at once."""
    return bool(_as_address(path))


def _as_address(path: str | Path) -> str:
    """Return the address of a store on a server; empty for a path."""
    found = _ADDRESS.match(path) if isinstance(path, str) else None
    return str(path) if found and found.group(1).lower() in ("postgresql", "postgres") else ""


def _as_path(path: str | Path) -> Path:
    """Return the file; StoreError for an address of a server of another kind."""
    if isinstance(path, str) and (address := _ADDRESS.match(path)):
        scheme = address.group(1).lower()
        found = f"is an address ({scheme}://) of no kind of store"
        hint = "give the path of a file, or postgresql://user@host:port/database"
        # The rest of an address may hold a password: it is not repeated.
        raise StoreError("store", [Problem(f"{scheme}://...", found, hint)])
    return Path(path)
