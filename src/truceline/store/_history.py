"""The whole history of a store, row by row and number by number: what copying a store reads and writes.

Inside of the store package alone. Everybody else appends through a change and reads through the contract.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from truceline.events.schema import Table

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Number:
    """The last number given out under a name, and the change that did."""

    name: str
    last: int
    change_id: int


class History(ABC):
    """The rows of a store as of one moment, whatever is written meanwhile."""

    @abstractmethod
    def newest_row(self, table: Table) -> int:
        """Return the order of writing of the newest row of a table; 0 where there is none."""

    @abstractmethod
    def read(self, table: Table, after: int, up_to: int) -> tuple[pd.DataFrame, Sequence[int]]:
        """Return rows behind one order of writing up to another, all columns, and the order of each."""

    @abstractmethod
    def read_numbers(self) -> list[Number]:
        """Return all numbers given out, by name and change."""


class Restoring(History):
    """A history being written into an empty store: kept whole where the block ends well, or not at all."""

    @abstractmethod
    def write(self, table: Table, frame: pd.DataFrame, row_order: Sequence[int]) -> None:
        """Write rows as they are, their `change_id` included."""

    @abstractmethod
    def write_numbers(self, numbers: Sequence[Number]) -> None:
        """Write the numbers given out."""

    @abstractmethod
    def finish(self) -> None:
        """Make the internal tables again from the rows."""


class Copyable(ABC):
    """A store whose history can be read as a whole, and written into where it is empty."""

    @abstractmethod
    def history(self) -> AbstractContextManager[History]:
        """Give the history for the length of a block."""

    @abstractmethod
    def restore(self) -> AbstractContextManager[Restoring]:
        """Write a history; StoreError where the store holds one already."""
