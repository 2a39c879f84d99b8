"""A store on a server: PostgreSQL with PostGIS, for many desks at once.

Implements the contract of `base`. One change at a time, in one transaction, whoever makes it; readers wait
for nobody and are answered from what was committed. A server that stops and starts again loses nothing
committed; what was under way then is told to its maker as not kept. Knows rows and no rule about them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from truceline import __version__
from truceline.errors import Problem
from truceline.events.schema import Table
from truceline.store import _postgis_reads as reads
from truceline.store._history import Copyable, History, Restoring
from truceline.store._postgis_address import SCHEMES, Address, parse_address
from truceline.store._postgis_change import PostGISChange, begin
from truceline.store._postgis_connection import (
    Readers,
    answering,
    connect,
    first_line,
    is_lost,
    need_psycopg,
    refusal,
    set_up,
)
from truceline.store._postgis_history import PostGISHistory
from truceline.store._postgis_turn import OnWait, Turns, what_became_of
from truceline.store.base import (
    ALL,
    WAIT_S,
    Change,
    Page,
    Selection,
    Store,
    StoreError,
    UnknownOutcomeError,
)
from truceline.store.migrations import Step, apply_steps, check_version, list_steps, read_version

if TYPE_CHECKING:
    import pandas as pd

    from truceline.store._postgis_connection import Connection

Clock = Callable[[], datetime]
T = TypeVar("T")

DIALECT = "postgis"
FATE_WAIT_S = 30.0
"""How long the server may take to come back and say whether a change was kept whose answer never came."""
_NOT_KEPT = "nothing of this change was kept"


def create_postgis_store(address: str, *, clock: Clock) -> PostGISStore:
    """Make an empty store in a database that exists; see `open.create_store`."""
    need_psycopg(f"{SCHEMES[0]}://...")
    where = parse_address(address)
    turns = Turns(where, wait_s=WAIT_S, on_wait=None)
    with closing(turns), turns.take() as connection, answering(where.place, "no store was made"):
        _refuse_what_is_there(connection, where)
        _add_postgis(connection, where)
        with connection.transaction():
            connection.execute(_in_schema("CREATE SCHEMA IF NOT EXISTS {}", where))
            _bring_up_to_date(connection, clock(), list_steps(DIALECT))
    return open_postgis_store(address, writing=True, wait_s=WAIT_S, on_wait=None, clock=clock)


def open_postgis_store(
    address: str, *, writing: bool, wait_s: float, on_wait: OnWait | None, clock: Clock
) -> PostGISStore:
    """Open a store that exists; see `open.open_store`."""
    need_psycopg(f"{SCHEMES[0]}://...")
    where = parse_address(address)
    steps = list_steps(DIALECT)
    turns = Turns(where, wait_s=wait_s, on_wait=on_wait)
    readers = Readers(where)
    connection = connect(where, writing=False)
    readers.keep(connection)
    try:
        with answering(where.place, "nothing was changed"):
            version = _version(connection, where)
            if version is None:
                hint = "check the address, or make the store with: truceline monitor init"
                raise StoreError("store", [Problem(where.place, "holds no store", hint)])
            check_version(version, where.place, writing=writing, steps=steps)
            if version != len(steps):
                with turns.take() as writer, writer.transaction():
                    _bring_up_to_date(writer, clock(), steps)
    except BaseException:
        readers.close()
        turns.close()
        raise
    return PostGISStore(readers, turns, writing=writing, clock=clock)


def has_postgis_store(address: str) -> bool:
    """Tell whether a store is there; see `open.has_store`."""
    need_psycopg(f"{SCHEMES[0]}://...")
    where = parse_address(address)
    with closing(connect(where, writing=False)) as connection, answering(where.place, "nothing was changed"):
        return _version(connection, where) is not None


class PostGISStore(Store, Copyable):
    """A store in one schema of a PostgreSQL database."""

    def __init__(self, readers: Readers, turns: Turns, *, writing: bool, clock: Clock) -> None:
        """Take connections; `open_postgis_store` makes them."""
        self._readers = readers
        self._turns = turns
        self._place = turns.address.place
        self._writing = writing
        self._clock = clock
        self._is_open = True

    @property
    def place(self) -> str:
        """Address, without password."""
        return self._place

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Be the only one to change the store, on any machine, until the block ends."""
        self._check_open()
        if not self._writing:
            raise self._refuse("was opened for reading only", "open it for writing")
        with self._turns.take():
            yield

    @contextmanager
    def change(self, *, who: str, what: str, why: str = "") -> Iterator[Change]:
        """Write: everything in the block, or nothing."""
        if not (who.strip() and what.strip()):
            raise self._refuse("is not changed without saying who does what", "name who makes the change")
        with self.turn(), self._turns.take() as connection:
            if self._turns.is_changing:
                raise self._refuse("is being changed already by this program", "end that change first")
            self._turns.is_changing = True
            try:
                with answering(self._place, _NOT_KEPT):
                    yield from self._transact(connection, {"who": who, "what": what, "why": why})
            finally:
                self._turns.is_changing = False

    def read(self, table: Table, select: Selection = ALL, *, columns: Sequence[str] = ()) -> pd.DataFrame:
        """Return all rows that match, oldest change first."""
        return self._ask(lambda connection: reads.read_rows(connection, table, select, columns))

    def read_current(
        self, table: Table, select: Selection = ALL, *, columns: Sequence[str] = ()
    ) -> pd.DataFrame:
        """Return the newest row for each subject, where that row matches, in the order of the subjects."""
        return self._ask(lambda connection: reads.read_newest(connection, table, select, columns))

    def read_page(
        self, table: Table, select: Selection = ALL, *, n: int, after: int = 0, columns: Sequence[str] = ()
    ) -> Page:
        """Return up to `n` of the newest rows that match, in the order of writing."""
        return self._ask(lambda connection: reads.read_part(connection, table, select, columns, n, after))

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
        return self._ask(
            lambda connection: reads.tally_newest(connection, table, select, by, sums, day_shift_h)
        )

    def last_change(self) -> int:
        """Return the number of the newest change; 0 in an empty store."""
        return self._ask(reads.last_change)

    @contextmanager
    def history(self) -> Iterator[History]:
        """Give the whole history as of one moment, on a connection of its own."""
        self._check_open()
        with (
            closing(connect(self._turns.address, writing=False)) as connection,
            answering(self._place, "nothing was changed"),
        ):
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield PostGISHistory(connection)

    @contextmanager
    def restore(self) -> Iterator[Restoring]:
        """Write a history into the store, which is empty."""
        with self.turn(), self._turns.take() as connection, answering(self._place, "nothing was kept"):
            if self.last_change():
                raise self._refuse("holds something already", "copy into a new store")
            transaction = begin(connection, is_large=True)
            try:
                yield PostGISHistory(connection)
            except BaseException:
                self._roll_back(connection)
                raise
            self._commit(connection, transaction)

    def close(self) -> None:
        """Let the connections go."""
        self._is_open = False
        self._readers.close()
        self._turns.close()

    def _ask(self, question: Callable[[Connection], T]) -> T:
        self._check_open()
        return self._readers.ask(question)

    def _transact(self, connection: Connection, words: Mapping[str, str]) -> Iterator[Change]:
        """Give a change in a transaction that is committed where the change ends well, and only there."""
        at = self._clock()
        change: PostGISChange | None = None
        transaction = begin(connection)
        try:
            change = PostGISChange(connection, words, at)
            yield change
            change.finish()
        except BaseException:
            if change is not None:
                change.is_open = False
            self._roll_back(connection)
            raise
        self._commit(connection, transaction)

    def _roll_back(self, connection: Connection) -> None:
        """End a transaction without keeping it; where even that fails, the end of the connection does it."""
        from psycopg.pq import TransactionStatus

        with suppress(Exception):  # the reason to roll back is what must be told
            connection.execute("ROLLBACK")
        if is_lost(connection) or connection.info.transaction_status != TransactionStatus.IDLE:
            self._turns.drop()

    def _commit(self, connection: Connection, transaction: int) -> None:
        """Commit, and where the answer does not come, find out what became of it before anything is said."""
        import psycopg

        try:
            told = connection.execute("COMMIT").statusmessage
        except psycopg.Error as error:
            if not is_lost(connection):
                self._roll_back(connection)
                raise
            self._turns.drop()
            kept = what_became_of(self._turns.address, transaction, FATE_WAIT_S)
            if kept:
                return
            if kept is False:
                raise refusal(self._place, error, _NOT_KEPT) from error
            found = (
                f"the server is gone ({first_line(str(error))}), and did not say whether this change was kept"
            )
            hint = "when it runs again, look at the newest changes before you repeat this one"
            raise UnknownOutcomeError("store", [Problem(self._place, found, hint)]) from error
        if told != "COMMIT":  # an error of the server that the maker of the change passed over
            raise self._refuse(f"an earlier part of this change failed; {_NOT_KEPT}", "see what failed first")

    def _check_open(self) -> None:
        if not self._is_open:
            raise self._refuse("has been closed", "open it again")

    def _refuse(self, found: str, hint: str) -> StoreError:
        return StoreError("store", [Problem(self._place, found, hint)])


def _in_schema(sql: str, address: Address) -> Any:
    from psycopg import sql as words

    return words.SQL(sql).format(words.Identifier(address.schema))


def _version(connection: Connection, address: Address) -> int | None:
    """Return the version of the store in the schema; None where there is none."""
    row = connection.execute("SELECT to_regnamespace(quote_ident(%s)) IS NULL", [address.schema]).fetchone()
    return None if row is None or row[0] else read_version(_runner(connection))


def _refuse_what_is_there(connection: Connection, address: Address) -> None:
    if _version(connection, address) is not None:
        raise StoreError(
            "store", [Problem(address.place, "is there already", "open it as it is, or name another schema")]
        )
    row = connection.execute("SELECT current_setting('server_encoding')").fetchone()
    if row is None or row[0] != "UTF8":
        found, hint = "is a database that cannot keep every script", "make one with: createdb --encoding=UTF8"
        raise StoreError("store", [Problem(address.place, found, hint)])


def _add_postgis(connection: Connection, address: Address) -> None:
    """Have PostGIS in the database; where it is already, nobody needs a right for that."""
    from psycopg import errors

    try:
        connection.execute("SET client_min_messages = warning")
        connection.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    except errors.InsufficientPrivilege:
        database = connection.info.dbname
        hint = f"ask whoever runs the server for: CREATE EXTENSION postgis, in the database {database}"
        found = "has no PostGIS, and you may not add it"
        raise StoreError("store", [Problem(address.place, found, hint)]) from None
    except (errors.UndefinedFile, errors.FeatureNotSupported):
        hint = "install it there: apt install postgresql-15-postgis-3 (15 is the server's version)"
        raise StoreError("store", [Problem(address.place, "is on a server without PostGIS", hint)]) from None
    # Its functions may lie in a schema that was not there when the connection was made.
    set_up(connection, address, writing=True)


def _bring_up_to_date(connection: Connection, now: datetime, steps: Sequence[Step]) -> None:
    apply_steps(_runner(connection), now=now, program=__version__, steps=steps, in_transaction=True)


def _runner(connection: Connection) -> Callable[..., Any]:
    """Return what runs the SQL of migrations, with its marks for parameters."""

    def run(sql: str, parameters: Sequence[Any] | None = None) -> Any:
        return connection.execute(sql if parameters is None else reads.to_driver(sql), parameters)

    return run
