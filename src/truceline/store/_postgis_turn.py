"""Whose turn it is to change a PostgreSQL store: one connection of one program at a time.

A lock of the session says so. It ends with the connection, however that ends, so nobody is kept waiting by a
program that was killed. Nobody who reads asks for it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from truceline.errors import Problem
from truceline.store._postgis_address import Address
from truceline.store._postgis_connection import answering, connect, is_lost
from truceline.store.base import StoreUnavailableError

if TYPE_CHECKING:
    from truceline.store._postgis_connection import Connection

OnWait = Callable[[str], None]

_TELL_EVERY_S = 5.0
_KIND_OF_LOCK = 0x7472636C
"""Keeps our locks apart from those of other programs; the name of the schema is the other half."""
_HOLDER = """
SELECT a.usename, a.client_addr::text, a.pid FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted AND l.classid = %s::bigint::oid AND l.objsubid = 2
    AND l.objid = (hashtext(%s)::bigint & 4294967295)::oid AND l.database = (
        SELECT oid FROM pg_database WHERE datname = current_database())
"""


class Turns:
    """The writing connection of a store, and the turns taken on it."""

    def __init__(self, address: Address, *, wait_s: float, on_wait: OnWait | None) -> None:
        self.address = address
        self.is_changing = False
        """Whether the thread whose turn it is writes a change."""
        self._wait_s = wait_s
        self._on_wait = on_wait
        self._lock = threading.RLock()
        self._depth = 0
        self._connection: Connection | None = None
        self._is_open = True

    @contextmanager
    def take(self) -> Iterator[Connection]:
        """Give the writing connection while it is this thread's turn; turns may lie within each other."""
        started = time.monotonic()
        if not self._lock.acquire(timeout=self._wait_s):
            found = f"is being changed by another part of this program for more than {self._wait_s:.0f} s"
            raise self._unavailable(found, "try again later")
        try:
            if self._depth == 0:
                with answering(self.address.place, "nothing was changed"):
                    self._connection = self._locked(max(self._wait_s - (time.monotonic() - started), 0.0))
            connection = self._connection
            if connection is None or is_lost(connection):
                found = "the server was gone in the middle of this turn; nothing more of it was kept"
                raise self._unavailable(
                    found, "see that the server is running, then try again from its start"
                )
            self._depth += 1
            try:
                yield connection
            finally:
                self._depth -= 1
                if self._depth == 0:
                    self._unlock()
        finally:
            self._lock.release()

    def close(self) -> None:
        """Close the connection; a turn under way keeps it until its end."""
        self._is_open = False
        if self._lock.acquire(blocking=False):
            try:
                if self._depth == 0:
                    self.drop()
            finally:
                self._lock.release()

    def drop(self) -> None:
        """Give up the connection, and with it the turn."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):
                connection.close()

    def _locked(self, wait_s: float) -> Connection:
        """Return a connection that has the lock; one that lay idle too long is replaced."""
        import psycopg

        kept, self._connection = self._connection, None
        if kept is not None and not is_lost(kept):
            try:
                return self._wait(kept, wait_s)
            except psycopg.OperationalError:
                if not is_lost(kept):
                    raise
        return self._wait(connect(self.address, writing=True), wait_s)

    def _wait(self, connection: Connection, wait_s: float) -> Connection:
        from psycopg import errors

        key = [_KIND_OF_LOCK, self.address.schema]
        started = time.monotonic()
        try:
            row = connection.execute("SELECT pg_try_advisory_lock(%s::int, hashtext(%s))", key).fetchone()
            is_ours = row is not None and row[0]
            while not is_ours:
                left = wait_s - (time.monotonic() - started)
                holder = self._holder(connection)
                if left <= 0:
                    waited = time.monotonic() - started
                    found = f"is still being changed by {holder} after {waited:.0f} s of waiting"
                    raise self._unavailable(found, "let the other finish, then try again")
                if self._on_wait is not None:
                    told = f"is being changed by {holder}: waiting, {left:.0f} s more at most"
                    self._on_wait(f"{self.address.place} {told}")
                # Waiting in the server's queue: who comes first is served first.
                timeout_ms = max(int(min(left, _TELL_EVERY_S) * 1000), 1)
                connection.execute("SELECT set_config('lock_timeout', %s, false)", [f"{timeout_ms}ms"])
                with suppress(errors.LockNotAvailable):
                    connection.execute("SELECT pg_advisory_lock(%s::int, hashtext(%s))", key)
                    is_ours = True
                connection.execute("SET lock_timeout = 0")
        except BaseException:
            connection.close()
            raise
        return connection

    def _holder(self, connection: Connection) -> str:
        row = connection.execute(_HOLDER, [_KIND_OF_LOCK, self.address.schema]).fetchone()
        if row is None:
            return "somebody else"
        user, host, process = row
        at = f" at {host.partition('/')[0]}" if host else ""
        return f"{user}{at} (server process {process})" if user else "another user"

    def _unlock(self) -> None:
        import psycopg

        connection = self._connection
        if connection is None:
            return
        try:
            key = [_KIND_OF_LOCK, self.address.schema]
            connection.execute("SELECT pg_advisory_unlock(%s::int, hashtext(%s))", key)
        except psycopg.Error:  # the server is gone: what was kept is kept, and its end ends the turn as well
            self.drop()
        except BaseException:
            self.drop()
            raise
        if not self._is_open:
            self.drop()

    def _unavailable(self, found: str, hint: str) -> StoreUnavailableError:
        return StoreUnavailableError("store", [Problem(self.address.place, found, hint)])


def what_became_of(address: Address, transaction: int, wait_s: float) -> bool | None:
    """Tell whether a transaction was committed whose answer never came; None where nobody can say."""
    import psycopg

    deadline = time.monotonic() + wait_s
    pause_s = 0.05
    while True:
        with suppress(psycopg.Error, StoreUnavailableError):
            connection = connect(address, writing=False)
            try:
                asked = "SELECT pg_xact_status(%s::text::xid8)"
                row = connection.execute(asked, [transaction]).fetchone()
                status = row[0] if row is not None else None
                if status != "in progress":
                    return None if status is None else status == "committed"
            finally:
                connection.close()
        if time.monotonic() >= deadline:
            return None
        time.sleep(pause_s)
        pause_s = min(pause_s * 2, 1.0)
