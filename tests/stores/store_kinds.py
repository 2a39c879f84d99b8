"""The kinds of store there are, and how the tests of the contract make one of each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from postgis_server import PostGISServer

from truceline.store.base import Store
from truceline.store.open import create_store, open_store


class Ticking:
    """A clock that moves one minute with every look."""

    def __init__(self) -> None:
        self.now = datetime(2025, 3, 1, 12, 0)

    def __call__(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now


class Place:
    """Somewhere a store can be made, at an address."""

    address: str

    def __init__(self) -> None:
        self.clock = Ticking()

    def create(self) -> Store:
        return create_store(self.address, threads=1, clock=self.clock)

    def open(self, **options: Any) -> Store:
        return open_store(self.address, threads=1, clock=self.clock, **options)

    def settle(self) -> None:
        """Wait until a program that was killed is gone for the store as well."""

    def list_leftovers(self) -> list[str]:
        """Return what lies about besides the store itself."""
        return []


class FilePlace(Place):
    """An embedded store in one file."""

    def __init__(self, request: pytest.FixtureRequest, folder: Path) -> None:
        super().__init__()
        self.address = str(folder / "watch.truceline")

    def list_leftovers(self) -> list[str]:
        own = Path(self.address)
        return [path.name for path in own.parent.iterdir() if path != own]


class ServerPlace(Place):
    """A store on the server of the session, in a schema of its own."""

    def __init__(self, request: pytest.FixtureRequest, folder: Path) -> None:
        super().__init__()
        self.server: PostGISServer = request.getfixturevalue("postgis_server")
        self.server.start()  # where another test left it stopped
        self.address = self.server.new_address()

    def settle(self) -> None:
        with self.open(writing=True) as store, store.turn():
            pass

    def list_leftovers(self) -> list[str]:
        """Return locks, and transactions that nobody ends."""
        sql = "SELECT state FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'"
        locks = "SELECT locktype FROM pg_locks WHERE locktype = 'advisory'"
        return [str(row[0]) for row in self.server.run_sql(f"{sql} UNION ALL {locks}")]


KINDS: dict[str, Callable[[pytest.FixtureRequest, Path], Place]] = {
    "duckdb": FilePlace,
    "postgis": ServerPlace,
}
