"""The store as the routes have it: opened once, shared by all requests, opened again after an outage.

A store in a file is held for as long as the service runs, so nobody else writes to it meanwhile. When the
store could not be had, further requests are refused at once for a moment instead of queueing behind it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from truceline.errors import Problem
from truceline.monitor.mission import Mission, read_mission
from truceline.store.base import Store, StoreUnavailableError
from truceline.store.open import Clock, open_store, read_clock

PAUSE_S = 1.0
"""Time after a failed opening during which no other is tried."""
MISSION_CACHE_S = 30.0
"""Time for which the mission's settings are not read again."""

Opener = Callable[[], Store]


class Desk:
    """Gives routes the store, the time and the mission."""

    def __init__(
        self,
        address: str,
        *,
        wait_s: float = 10.0,
        clock: Clock = read_clock,
        opener: Opener | None = None,
    ) -> None:
        """Remember where the store is; it is opened by whoever first asks for it."""
        self.address = address
        self.now = clock
        """Returns the present moment, UTC without zone."""
        self._opener = opener or (lambda: open_store(address, writing=True, wait_s=wait_s, clock=clock))
        self._wait_s = wait_s
        self._opening = threading.Lock()
        self._lock = threading.Lock()
        self._store: Store | None = None
        self._users = 0
        self._is_suspect = False
        self._refused: tuple[float, StoreUnavailableError] | None = None
        self._mission: tuple[float, Mission] | None = None

    @contextmanager
    def read(self) -> Iterator[Store]:
        """Give the store for reading.

        Raises StoreUnavailableError where it cannot be had just now, StoreError where it never can.
        """
        store = self._take()
        try:
            yield store
        except StoreUnavailableError:
            self._is_suspect = True
            raise
        else:
            self._is_suspect = False
        finally:
            self._give_back()

    @contextmanager
    def write(self) -> Iterator[Store]:
        """Give the store for changing it; raises as `read` does."""
        with self.read() as store:
            yield store

    def mission(self) -> Mission:
        """Return the mission's settings; at most half a minute old."""
        known = self._mission
        if known is None or time.monotonic() - known[0] > MISSION_CACHE_S:
            with self.read() as store:
                known = self._mission = (time.monotonic(), read_mission(store))
        return known[1]

    def hide(self, words: str) -> str:
        """Return a message without the place of the store, which is nobody's business outside."""
        places = {self.address, str(Path(self.address).absolute())} if self.address else set()
        if self._store is not None:
            places.add(self._store.place)
        for place in sorted(places, key=len, reverse=True):
            words = words.replace(place, "store") if place else words
        return words

    def close(self) -> None:
        """Let the store go."""
        with self._lock:
            store, self._store = self._store, None
        if store is not None:
            store.close()

    def _take(self) -> Store:
        with self._lock:
            if self._store is not None and self._is_suspect and self._users == 0:
                with suppress(Exception):  # it does not answer: nothing more can be said to it
                    self._store.close()
                self._store, self._is_suspect = None, False
            if self._store is not None:
                self._users += 1
                return self._store
        return self._open()

    def _open(self) -> Store:
        refused = self._refused
        if refused is not None and time.monotonic() - refused[0] < PAUSE_S:
            raise type(refused[1])(refused[1].title, refused[1].problems)
        if not self._opening.acquire(timeout=self._wait_s):
            raise StoreUnavailableError("store", [Problem("store", "is being opened", "try again later")])
        try:
            with self._lock:
                if self._store is not None:  # somebody else opened it meanwhile
                    self._users += 1
                    return self._store
            try:
                store = self._opener()
            except StoreUnavailableError as error:
                self._refused = (time.monotonic(), error)
                raise
            with self._lock:
                self._store, self._refused = store, None
                self._is_suspect = False
                self._users += 1
            return store
        finally:
            self._opening.release()

    def _give_back(self) -> None:
        with self._lock:
            self._users -= 1


async def find_desk(request: Request) -> Desk:
    """Return the desk of the app."""
    desk = request.app.state.desk
    assert isinstance(desk, Desk)  # noqa: S101
    return desk


DeskHere = Annotated[Desk, Depends(find_desk)]
