"""Bodies of requests as they arrive: counted, timed, and looked at before anything parses them.

Sizes and times bound what an unknown client can make the service hold. Nothing here is unpacked: a body that
says, or shows by its first bytes, that it is compressed is refused by whoever asked for text.
"""

from __future__ import annotations

import asyncio
import re
import time

import numpy as np
from starlette.types import Message, Receive

from truceline.web.errors import ServiceError

DRAIN_S = 2.0
"""Time for which the rest of a refused body is read and thrown away, so that its sender reads the answer."""
CLOSE = {"Connection": "close"}
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\Z)', re.DOTALL)
"""Texts in JSON; possessive, so that no body makes it go back and try again."""


class BodyMeter:
    """Gives a body on, and raises ServiceError when it is too large or comes too slowly."""

    def __init__(
        self,
        receive: Receive,
        *,
        max_bytes: int,
        grace_s: float,
        min_bytes_per_s: float,
        is_asked_for: bool = False,
    ) -> None:
        """Measure a body; with `is_asked_for` its sender waits until we begin to read it."""
        self._is_waiting = is_asked_for
        self._receive = receive
        self._max_bytes, self._grace_s, self._min_rate = max_bytes, grace_s, min_bytes_per_s
        self._started = self.last_at = time.monotonic()
        self.n_bytes = 0
        self.is_whole = self.is_late = False

    async def receive(self) -> Message:
        """Return the next part; after the last one, whatever the server says next."""
        if self.is_whole:
            return await self._receive()
        self._is_waiting = False
        allowed_s = self._grace_s + self.n_bytes / self._min_rate
        rest_s = self._started + allowed_s - time.monotonic()
        try:
            message = await asyncio.wait_for(self._receive(), max(rest_s, 0.001))
        except TimeoutError:
            self.is_late = True
            raise ServiceError(
                408, "the body comes too slowly", hint="send it in smaller parts", headers=CLOSE
            ) from None
        if message["type"] == "http.request":
            self.last_at = time.monotonic()
            self.n_bytes += len(message.get("body", b""))
            self.is_whole = not message.get("more_body", False)
            if self.n_bytes > self._max_bytes:
                raise too_large(self._max_bytes)
        return message

    async def drain(self) -> None:
        """Read and forget what is still coming, for a moment: an answer sent into a full pipe is lost."""
        if self._is_waiting:  # to read would ask for what is not wanted
            return
        ends, n_bytes = time.monotonic() + DRAIN_S, 0
        while not (self.is_whole or self.is_late) and n_bytes <= self._max_bytes:
            try:
                message = await asyncio.wait_for(self._receive(), max(ends - time.monotonic(), 0.001))
            except TimeoutError:
                return
            n_bytes += len(message.get("body", b""))
            self.is_whole = message["type"] != "http.request" or not message.get("more_body", False)


def too_large(max_bytes: int) -> ServiceError:
    """Return the refusal of a body larger than `max_bytes`."""
    return ServiceError(413, f"the body is larger than {max_bytes:,} bytes", hint="split it", headers=CLOSE)


def check_depth(body: bytes, *, most: int) -> None:
    """Raise ServiceError where JSON is nested more deeply than `most`; whether it is JSON is not asked."""
    marks = np.frombuffer(_STRINGS.sub(b"", body), dtype=np.uint8)
    opens = np.isin(marks, np.frombuffer(b"[{", dtype=np.uint8)).astype(np.int8)
    closes = np.isin(marks, np.frombuffer(b"]}", dtype=np.uint8)).astype(np.int8)
    depths = np.cumsum(opens - closes, dtype=np.int64)
    if depths.size and int(depths.max()) > most:
        raise ServiceError(
            422, f"is nested more than {most} deep", where="body", hint="flatten it", headers={}
        )
