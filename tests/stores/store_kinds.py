"""The kinds of store there are, and how the tests of the contract make one of each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from truceline.store.base import Store
from truceline.store.open import create_store, open_store


class Ticking:
    """A clock that moves one minute with every look."""

    def __init__(self) -> None:
        self.now = datetime(2025, 3, 1, 12, 0)

    def __call__(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now


class FilePlace:
    """An embedded store in one file."""

    def __init__(self, folder: Path) -> None:
        self.address = str(folder / "watch.truceline")
        self.clock = Ticking()

    def create(self) -> Store:
        return create_store(self.address, threads=1, clock=self.clock)

    def open(self, **options: Any) -> Store:
        return open_store(self.address, threads=1, clock=self.clock, **options)


# A server's store joins here once it can be opened, where its variable (TRUCELINE_POSTGIS) is set.
KINDS: dict[str, Callable[[Path], FilePlace]] = {"duckdb": FilePlace}
