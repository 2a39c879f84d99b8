"""The contract of a store: histories of plain rows, written by one at a time, each change with who and why.

A store keeps the tables of `events.schema` and knows no rule about them. Rows are appended and never changed
or erased. `read` gives every row, `read_current` the newest for each subject, both as of any earlier change:
yesterday's report can be made again from today's store. All that one change appends becomes visible at once,
when its block ends well, or not at all.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from truceline.errors import TrucelineError
from truceline.events.schema import Table

if TYPE_CHECKING:
    import pandas as pd

    from truceline.store.filters import Filter


class StoreError(TrucelineError):
    """A store cannot be opened, is of a later version, or is being written by somebody else for too long."""


class StoreUnavailableError(StoreError):
    """A store cannot be had just now: in use for too long, or its server does not answer. Try again later."""


class StoreFullError(StoreUnavailableError):
    """No space is left where a store is kept; whoever runs it must make some."""


class UnknownOutcomeError(StoreUnavailableError):
    """A server went away while it was told to keep a change, and did not come back to say whether it had."""


@dataclass(frozen=True)
class Selection:
    """Which rows to read. Everything given must hold; nothing given selects all rows."""

    since: datetime | None = None
    """Rows that end (or, without an end, start) at this moment or later. UTC without zone."""
    until: datetime | None = None
    """Rows that start before this moment. UTC without zone."""
    equals: Mapping[str, Any] = field(default_factory=dict)
    """Columns with the value, or one of the values, they must have; None stands for a missing one."""
    ids: Mapping[str, Any] = field(default_factory=dict)
    """Columns of whole numbers with an array of which one must match; for many values."""
    box: tuple[float, float, float, float] | None = None
    """lon_min, lat_min, lon_max, lat_max in degrees, edges included, for tables with `lon` and `lat`."""
    where: Filter | None = None
    """A filter over the table's columns: see `filters`."""
    among: tuple[Among, ...] = ()
    """Rows of other tables that must, or must not, be there."""
    as_of: int | None = None
    """The last change that counts: the table, and those of `among`, as they stood after it."""


@dataclass(frozen=True)
class Among:
    """Rows whose `column`, of whole numbers, is that of a newest row of another table that matches.

    With `is_absent`, of no such row. Rows without a number match neither way.
    """

    table: Table
    column: str
    """Its name in both tables."""
    select: Selection = field(default_factory=Selection)
    """What the other row must match; its own `among` and `as_of` are not asked."""
    is_absent: bool = False


ALL = Selection()
WAIT_S = 60.0
"""How long whoever wants to change a store waits for others by default, seconds."""


@dataclass(frozen=True)
class Page:
    """Part of an answer, in plain values: a frame of a hundred rows takes longer to make than to read."""

    columns: Mapping[str, list[Any]]
    """By name: str, int, float, bool, or datetime in UTC without zone; None where missing, text never is."""
    places: list[int]
    """Of each row, where a page behind it begins."""
    after: int | None
    """Where the next page begins; None where nothing is left."""

    def __len__(self) -> int:
        return len(self.places)


@dataclass(frozen=True)
class AddedReports:
    """What became of reports handed to a change."""

    n_new: int
    n_repeated: int
    """There already, word for word; nothing was written."""
    n_corrected: int
    """Same key, other content: written, and superseding the earlier report."""


class Change(ABC):
    """One change being written; obtained from `Store.change`."""

    change_id: int
    """Its number, in every row it writes."""

    @abstractmethod
    def append(self, table: Table, frame: pd.DataFrame) -> int:
        """Append rows (`change_id` is filled in) and return how many. Columns not given are empty.

        Of two rows about one subject the later holds, in one frame too. Raises KeyError for columns the table
        has not, and ValueError for rows that do not say what they are about, for text that is none (a NUL
        is none: not every database can keep one), and for
        `reports` and `changes`, which are written by `add_reports` and by the change itself.
        """

    @abstractmethod
    def add_reports(self, frame: pd.DataFrame) -> AddedReports:
        """Append the reports of `frame` that are not there yet.

        A report is known by `feed` and `key`, its content by `digest`: the same digest as the newest report
        of that key is a repetition, another one a correction. Repetitions within the frame count as such.
        Where the frame holds several versions of a key, and the newest reports of that key are the same
        versions in the same order, all are repetitions: a frame that comes again at once adds nothing.
        `report_id`, `supersedes` and `change_id` are filled in.
        """

    @abstractmethod
    def reserve(self, name: str, n: int) -> int:
        """Return the first of `n` consecutive numbers never given out before under `name`.

        Numbers of a change that failed may be given out again: nobody saw them.
        """

    @abstractmethod
    def note(self, details: Mapping[str, Any]) -> None:
        """Add facts to the `details` of the change."""


class Store(ABC):
    """A place where the watching is kept."""

    @property
    @abstractmethod
    def place(self) -> str:
        """Where it is, for messages."""

    @abstractmethod
    @contextmanager
    def turn(self) -> Iterator[None]:
        """Be the only one to change the store until the block ends.

        What is read in the block holds until the change made in it: whoever decides by what the store says
        does both in one turn. A change outside a turn takes one for itself. Turns of one thread may lie
        within each other. Others wait for as long as they said when they opened the store, and then get
        StoreUnavailableError; readers never wait for a turn.
        """

    @abstractmethod
    @contextmanager
    def change(self, *, who: str, what: str, why: str = "") -> Iterator[Change]:
        """Write: everything in the block, or nothing.

        Nothing of it is read back before its end. Raises StoreError where the store was opened for reading
        only, this thread is writing a change already, or `who` or `what` is empty, and StoreUnavailableError
        where others take too long.
        """

    @abstractmethod
    def read(self, table: Table, select: Selection = ALL, *, columns: Sequence[str] = ()) -> pd.DataFrame:
        """Return all rows that match, as they were written, in the table's types; all columns by default.

        Here and below: raises KeyError for columns the table has not, ValueError for a period, a box or a sum
        where the table has no times, positions or numbers.
        """

    @abstractmethod
    def read_current(
        self, table: Table, select: Selection = ALL, *, columns: Sequence[str] = ()
    ) -> pd.DataFrame:
        """Return the newest row for each subject, where that row matches, in the order of the subjects.

        A table without a subject is returned as `read` does.
        """

    @abstractmethod
    def read_page(
        self, table: Table, select: Selection = ALL, *, n: int, after: int = 0, columns: Sequence[str] = ()
    ) -> Page:
        """Return up to `n` of the newest rows for each subject that match, in the order of writing.

        `after` is that of the page before. With the same `as_of` the pages together are all rows, each once,
        whatever is written meanwhile. Raises ValueError for `n` below 1.
        """

    @abstractmethod
    def tally(
        self,
        table: Table,
        select: Selection = ALL,
        *,
        by: Sequence[str] = (),
        sums: Sequence[str] = (),
        day_shift_h: float | None = None,
    ) -> pd.DataFrame:
        """Count the newest rows that match, without reading them.

        Returns a frame with the columns `by`, `n` (rows) and each of `sums` (missing values count as 0),
        sorted by `by`, missing values last; one row where there is nothing to group by. With `day_shift_h`, a
        first column `day` (a date at midnight) is the day of the table's `starts` plus that many hours: local
        days, or reporting days that end in the evening.
        """

    @abstractmethod
    def last_change(self) -> int:
        """Return the number of the newest change; 0 in an empty store."""

    @abstractmethod
    def close(self) -> None:
        """Let the store go, so that others may write."""

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
