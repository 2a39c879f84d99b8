"""Connections to a PostgreSQL server: made, kept for the next question, given up when the server is gone.

A reading connection that broke while it lay idle (the server was started anew) is replaced without a word.
What the server refuses is told in one message that says what became of the work, and repeats no password.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from truceline.errors import Problem
from truceline.store._postgis_address import Address
from truceline.store.base import StoreError, StoreFullError, StoreUnavailableError

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[tuple[Any, ...]]

T = TypeVar("T")

CONNECT_TIMEOUT_S = 10
"""How long a server may take to answer at first, where the address does not say."""
N_READERS = 8
"""Most questions one store asks at a time; others wait for their turn."""
READER_WAIT_S = 30.0
"""How long a question waits for that."""
OLDEST_SERVER = 140_000
"""PostgreSQL 14: from then on a moment is told to the microsecond as a number."""
_NEVER = 2**31
"""Times a statement comes before the driver has it prepared unasked; None would forbid it where asked."""
WORK_MEMORY = "64MB"
"""Memory of the server for one step of an answer (`work_mem`), before it goes to its disk."""
# How the server, and the client's library, say that trying again later may help.
_REFUSED = ("password", "authentication", "does not exist", "pg_hba.conf", "not permitted", "no password")
_SETTINGS = """
SELECT set_config('search_path', concat_ws(', ', quote_ident(%s), quote_ident(n.nspname), 'public'), false),
    set_config('timezone', 'UTC', false), set_config('datestyle', 'ISO', false),
    set_config('jit', 'off', false), set_config('extra_float_digits', '1', false),
    set_config('work_mem', %s, false), set_config('default_transaction_read_only', %s, false)
FROM (VALUES (1)) AS one LEFT JOIN pg_extension AS e ON e.extname = 'postgis'
LEFT JOIN pg_namespace AS n ON n.oid = e.extnamespace
"""


def need_psycopg(place: str) -> None:
    """Raise StoreError where the library for servers is not installed."""
    try:
        import psycopg  # noqa: F401
    except ImportError:
        hint = "pip install 'truceline[service]'"
        raise StoreError("store", [Problem(place, "needs a library that is not installed", hint)]) from None


def connect(address: Address, *, writing: bool) -> Connection:
    """Connect, with everything set that answers depend on; StoreError or StoreUnavailableError."""
    import psycopg

    settings: dict[str, Any] = {
        "connect_timeout": CONNECT_TIMEOUT_S,
        "application_name": "truceline",
        **address.settings,
        "client_encoding": "UTF8",
    }
    try:
        connection = psycopg.connect(autocommit=True, **settings)
    except psycopg.OperationalError as error:
        raise _no_connection(address.place, str(error)) from None
    try:
        if connection.info.server_version < OLDEST_SERVER:
            found = f"is a PostgreSQL {connection.info.server_version // 10_000}, which is too old"
            raise StoreError("store", [Problem(address.place, found, "PostgreSQL 14 or later is needed")])
        set_up(connection, address, writing=writing)
        # A plan for each question, for plans must fit the values, but where a statement says `prepare`.
        connection.prepare_threshold = _NEVER
    except BaseException as error:
        connection.close()
        if isinstance(error, psycopg.Error):
            raise refusal(address.place, error, "nothing was changed") from None
        raise
    return connection


def set_up(connection: Connection, address: Address, *, writing: bool) -> None:
    """Set in which schemas names are looked up, and everything else that answers depend on."""
    connection.execute(_SETTINGS, [address.schema, WORK_MEMORY, "off" if writing else "on"])


def _no_connection(place: str, message: str) -> StoreError:
    words = first_line(message)
    if any(word in message for word in _REFUSED):
        hint = "check user, password (PGPASSWORD or the password file) and database"
        return StoreError("store", [Problem(place, f"cannot be opened: {words}", hint)])
    hint = "see that the server is running and can be reached, then try again"
    return StoreUnavailableError("store", [Problem(place, f"does not answer: {words}", hint)])


def refusal(place: str, error: psycopg.Error, consequence: str) -> StoreError:
    """Return what to tell of an error of the server; `consequence` is what became of the work."""
    from psycopg import errors

    kind: type[StoreError] = StoreError
    found = first_line(str(error))
    hint = "see the log of the server"
    if isinstance(error, errors.DiskFull):
        kind, found, hint = (
            StoreFullError,
            "the disk of the server is full",
            "free space there, then try again",
        )
    elif isinstance(error, errors.OutOfMemory):
        kind, hint = StoreUnavailableError, "try again later, or ask for less"
        found = "the server has no memory left"
    elif isinstance(error, errors.QueryCanceled):
        kind, found, hint = (
            StoreUnavailableError,
            "the server broke off",
            "try again, or ask for less at once",
        )
    elif isinstance(error, errors.InFailedSqlTransaction):
        found, hint = "an earlier part of this change failed", "see what failed first"
    elif isinstance(error, errors.InsufficientPrivilege):
        hint = "ask whoever runs the server for the right to use the schema of the store"
    elif isinstance(error, errors.ReadOnlySqlTransaction):
        found, hint = "the server takes no changes", "name the server that is written to"
    elif isinstance(error, errors.UndefinedTable | errors.UndefinedColumn):
        hint = "a table of the store is missing: restore it from a backup"
    elif isinstance(error, errors.OperationalError):
        kind, found = StoreUnavailableError, f"the server is gone ({found})"
        hint = "see that it is running, then try again"
    return kind("store", [Problem(place, f"{found}; {consequence}", hint)])


@contextmanager
def answering(place: str, consequence: str) -> Iterator[None]:
    """Turn what the server reports into a message."""
    import psycopg

    try:
        yield
    except psycopg.DataError as error:
        raise ValueError(f"{place} cannot keep such a value: {first_line(str(error))}") from error
    except psycopg.Error as error:
        raise refusal(place, error, consequence) from error


def is_lost(connection: Connection) -> bool:
    """Tell whether a connection is of no more use."""
    return connection.closed or connection.broken


class Readers:
    """Reading connections of one store, for any thread."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._idle: list[Connection] = []
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(N_READERS)
        self._is_open = True

    def ask(self, question: Callable[[Connection], T]) -> T:
        """Return what `question` makes of a connection; it may be asked twice, where the first one broke."""
        import psycopg

        if not self._places.acquire(timeout=READER_WAIT_S):
            found = f"has {N_READERS} questions under way for {READER_WAIT_S:.0f} s"
            raise StoreUnavailableError("store", [Problem(self._address.place, found, "try again later")])
        try:
            with answering(self._address.place, "nothing was changed"):
                kept = self._take()
                if kept is not None:
                    try:
                        return self._ask(kept, question)
                    except psycopg.OperationalError:
                        if not is_lost(kept):
                            raise
                    self._drop_idle()
                return self._ask(connect(self._address, writing=False), question)
        finally:
            self._places.release()

    def close(self) -> None:
        """Close what is idle now, and the others when they are given back."""
        with self._lock:
            self._is_open = False
        self._drop_idle()

    def keep(self, connection: Connection) -> None:
        """Keep an idle reading connection for the next question."""
        with self._lock:
            if self._is_open and not is_lost(connection):
                self._idle.append(connection)
                return
        connection.close()

    def _ask(self, connection: Connection, question: Callable[[Connection], T]) -> T:
        from psycopg.pq import TransactionStatus

        try:
            return question(connection)
        except BaseException:
            if connection.info.transaction_status != TransactionStatus.IDLE:
                connection.close()  # half-read, as when somebody interrupts
            raise
        finally:
            self.keep(connection)

    def _take(self) -> Connection | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _drop_idle(self) -> None:
        with self._lock:
            dropped, self._idle = self._idle, []
        for connection in dropped:
            with suppress(Exception):
                connection.close()


def first_line(message: str) -> str:
    """Return the first line of a message of the server, without its end."""
    return (message.strip().splitlines() or ["no reason given"])[0].rstrip(".")
