"""Run a listener: peers in, one line of events, small writings to the store, until told to stop.

One task takes events and writes, so that nothing is shared; while it writes, peers go on into a line of
bounded length, and then wait. Where the store cannot be had, what was taken is kept and written when it can.
Stopping writes the rest first.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from truceline.errors import Problem
from truceline.exchange.cot_stream import Found
from truceline.monitor.listening import MAX_WAITING, Listener, Written
from truceline.store.base import Store, StoreError

QUEUE = 200
"""Readings from peers that wait in line: each is up to READ_BYTES of events, 13 MB in all as received."""
FLUSH_S = 5.0
"""Time between writings of alarms, seconds."""
EFFORT_S = 60.0
"""Time between writings of intervals that grow, seconds: every one is a row more in the history."""
LAST_TRY_S = 60.0
"""How long stopping waits for a store that cannot be had, seconds."""

OpenStore = Callable[[], AbstractContextManager[Store]]
"""Opens the store for writing; an embedded one is held while we write and no longer, so that others may."""


@dataclass(frozen=True)
class Rhythm:
    """How often is written, in seconds."""

    flush_s: float = FLUSH_S
    effort_s: float = EFFORT_S
    last_try_s: float = LAST_TRY_S


class Recorder:
    """Takes what peers say, in order, and writes what follows from it."""

    def __init__(
        self,
        listener: Listener,
        open_store: OpenStore,
        *,
        who: str,
        source: str,
        clock: Callable[[], datetime],
        tell: Callable[[str], None],
        why: str = "",
        rhythm: Rhythm | None = None,
    ) -> None:
        self.n_changes = 0
        self._listener, self._open = listener, open_store
        self._who, self._why, self._source = who, why, source
        self._clock, self._tell = clock, tell
        self._rhythm = rhythm or Rhythm()
        self._line: asyncio.Queue[tuple[Sequence[Found], datetime]] = asyncio.Queue(QUEUE)
        self._flushed = self._effort_flushed = time.monotonic()
        self._is_failing = False
        self._n_coming = 0
        """Peers that wait for a place in line."""

    async def handle(self, _peer: str, found: Sequence[Found]) -> None:
        """Put what a peer said in line; waits while the line is full."""
        self._n_coming += 1
        try:
            await self._line.put((found, self._clock()))
        finally:
            self._n_coming -= 1

    async def run(self, stop: asyncio.Event) -> None:
        """Take and write until `stop` is set and the line is empty; then write the rest.

        Raises StoreError where the rest cannot be written within the time for it.
        """
        stopping = asyncio.ensure_future(stop.wait())
        give_up = float("inf")
        try:
            while not (stop.is_set() and self._line.empty() and not self._n_coming):
                is_hopeless = stop.is_set() and self._is_failing
                give_up = (
                    min(give_up, time.monotonic() + self._rhythm.last_try_s) if is_hopeless else float("inf")
                )
                if time.monotonic() > give_up:
                    break  # no more can be kept, and the store does not come back
                if self._listener.n_waiting < MAX_WAITING:
                    await self._take(stopping)
                else:
                    await asyncio.sleep(min(self._rhythm.flush_s, 1.0))
                await self._write_if_due()
        finally:
            stopping.cancel()
        await self._write_rest()

    async def _take(self, stopping: asyncio.Future[Any]) -> None:
        """Take everything in line, waiting for the first until a writing is due or all is over."""
        due_s = max(self._flushed + self._rhythm.flush_s - time.monotonic(), 0.01)
        if self._line.empty() and not stopping.done():
            first = asyncio.ensure_future(self._line.get())
            await asyncio.wait((first, stopping), timeout=due_s, return_when=asyncio.FIRST_COMPLETED)
            if not first.done():
                first.cancel()
                return
            self._take_one(*first.result())
        for _ in range(QUEUE):
            if self._line.empty() or self._listener.n_waiting >= MAX_WAITING:
                return
            self._take_one(*self._line.get_nowait())

    def _take_one(self, found: Sequence[Found], received: datetime) -> None:
        for each in found:
            self._listener.take(each, now=received)

    async def _write_if_due(self) -> None:
        now = time.monotonic()
        if now - self._flushed < self._rhythm.flush_s:
            return
        with_effort = now - self._effort_flushed >= self._rhythm.effort_s
        try:
            await self._write(with_effort=with_effort)
        except StoreError as error:
            if not self._is_failing:
                self._tell(f"not written yet, kept: {error.problems[0] if error.problems else error}")
            self._is_failing = True
        self._flushed = time.monotonic()

    async def _write(self, *, with_effort: bool) -> None:
        if self._listener.has_news(with_effort=with_effort):
            written = await asyncio.to_thread(self._write_now, with_effort)
            self.n_changes += written is not None
            for reject in written.rejects if written is not None else ():
                self._tell(f"an alarm could not be kept: {reject.where} {reject.found}; {reject.hint}")
            if self._is_failing:
                self._tell("the store is there again: everything kept is written")
        self._is_failing = False
        if with_effort:
            self._effort_flushed = time.monotonic()

    def _write_now(self, with_effort: bool) -> Written | None:
        with self._open() as store:
            return self._listener.write(
                store,
                who=self._who,
                why=self._why,
                source=self._source,
                now=self._clock(),
                with_effort=with_effort,
            )

    async def _write_rest(self) -> None:
        until = time.monotonic() + self._rhythm.last_try_s
        while True:
            try:
                await self._write(with_effort=True)
            except StoreError as error:
                if time.monotonic() > until:
                    lost = f"{self._listener.n_waiting:,} alarms and the last minutes of watching are lost"
                    raise StoreError("listen", [Problem("store", lost, ""), *error.problems]) from None
                await asyncio.sleep(min(1.0, self._rhythm.last_try_s / 10))
            else:
                return
