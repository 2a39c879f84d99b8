"""What one client may ask of the service: how often, how much, how slowly, and how many at once.

Every refusal is the one error shape with the status that says why, before any route is reached. Health is
always answered. Times are those of the machine's steady clock.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from truceline.monitor.tokens import digest_key
from truceline.web.access import KeyCache
from truceline.web.bodies import CLOSE, BodyMeter, check_depth, too_large
from truceline.web.errors import RETRY_AFTER_S, ServiceError, answer_error
from truceline.web.metrics import Metrics
from truceline.web.rates import Buckets, name_address
from truceline.web.settings import MEBIBYTE, ServiceSettings

HEALTH = ("/healthz", "/readyz")
"""Answered whatever the load."""
STREAMED = ("/v1/reports", "/v1/efforts")
"""Routes that write their body to disk as it comes; all others take a small one, whole."""
SMALL_BODY_BYTES = MEBIBYTE
"""Largest body of a route that is not in STREAMED."""
BODY_SHARE = 0.25
"""Share of all requests at once that one caller's requests with a body may be: they can be sent slowly."""
_WITH_BODY = ("POST", "PUT", "PATCH", "DELETE")


class Limits:
    """The layer that refuses what is too much."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        settings: ServiceSettings,
        metrics: Metrics,
        keys: KeyCache,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app, self._settings, self._metrics, self._keys = app, settings, metrics, keys
        self._buckets = Buckets(per_s=settings.rate_per_s, burst=settings.burst, clock=clock)
        self._n_in_flight = 0
        self._bodies: Counter[str] = Counter()
        """Requests with a body being answered, by caller."""
        self._left: set[asyncio.Task[None]] = set()
        """Requests answered for them, whose threads still run."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http" or scope["path"] in HEALTH:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        caller = self._name_caller(scope, headers)
        meter = self._measure(scope, headers, receive)
        try:
            self._check_head(scope, headers, caller)
            self._check_room(scope, caller)
        except ServiceError as error:
            await self._refuse(error, scope, meter, send)
            return
        self._enter(scope, caller)
        try:
            body = await self._read_small(scope, headers, meter)
        except ServiceError as error:
            self._leave(scope, caller)
            await self._refuse(error, scope, meter, send)
            return
        except BaseException:
            self._leave(scope, caller)
            raise
        await self._answer(scope, body or meter.receive, meter, send, caller)

    def _name_caller(self, scope: Scope, headers: Headers) -> str:
        """Return the token where its key was found good a moment ago, else the address."""
        scheme, _, key = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and (token := self._keys.find(digest_key(key.strip()))) is not None:
            return f"token {token.token_id}"
        return name_address(find_address(scope, self._settings))

    def _measure(self, scope: Scope, headers: Headers, receive: Receive) -> BodyMeter:
        settings = self._settings
        is_streamed = scope["path"] in STREAMED
        return BodyMeter(
            receive,
            max_bytes=settings.max_body_bytes
            if is_streamed
            else min(SMALL_BODY_BYTES, settings.max_body_bytes),
            grace_s=settings.body_grace_s,
            min_bytes_per_s=settings.min_body_bytes_per_s,
            is_asked_for="100-continue" in headers.get("expect", "").lower(),
        )

    def _check_head(self, scope: Scope, headers: Headers, caller: str) -> None:
        """Raise ServiceError for what can be told before the body."""
        if wait_s := self._buckets.take(caller):
            raise ServiceError(
                429,
                "too many requests",
                hint=f"come again in {wait_s} s",
                headers={"Retry-After": str(wait_s)},
            )
        settings = self._settings
        n_target = len(scope.get("raw_path") or scope["path"].encode()) + len(scope["query_string"])
        if n_target > settings.max_target_bytes:
            found = f"the address has {n_target:,} bytes; at most {settings.max_target_bytes:,} are taken"
            raise ServiceError(414, found, hint="ask for less at once")
        if headers.get("content-encoding", "identity").strip().lower() not in ("identity", ""):
            raise ServiceError(
                415,
                "compressed bodies are not taken",
                where="Content-Encoding",
                hint="send it as it is",
                headers={"Accept-Encoding": "identity"},
            )
        most = settings.max_body_bytes if scope["path"] in STREAMED else SMALL_BODY_BYTES
        most = min(most, settings.max_body_bytes)
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length) > most:
            raise too_large(most)

    def _check_room(self, scope: Scope, caller: str) -> None:
        """Raise ServiceError where too much is being done; one caller's bodies may not fill the room."""
        most = self._settings.max_in_flight
        own = max(1, int(most * BODY_SHARE)) if scope["method"] in _WITH_BODY else most
        if self._n_in_flight >= most or self._bodies[caller] >= own:
            raise ServiceError(
                503,
                "too many requests are being answered",
                hint="try again in a moment",
                headers={"Retry-After": "1"},
            )

    async def _read_small(self, scope: Scope, headers: Headers, meter: BodyMeter) -> Receive | None:
        """Read a small body whole and return what gives it on; None where the route reads it itself."""
        if scope["method"] not in _WITH_BODY or scope["path"] in STREAMED:
            return None
        body = bytearray()
        while not meter.is_whole:
            message = await meter.receive()
            if message["type"] != "http.request":
                return _gone
            body += message.get("body", b"")
        if body:
            kind = headers.get("content-type", "").partition(";")[0].strip().lower()
            if kind != "application/json":
                raise ServiceError(
                    415, "this address takes JSON", where="Content-Type", hint="send application/json"
                )
            check_depth(bytes(body), most=self._settings.max_json_depth)
        return _give_on(bytes(body), meter)

    async def _answer(
        self, scope: Scope, receive: Receive, meter: BodyMeter, send: Send, caller: str
    ) -> None:
        """Run the route; answer for it where it takes too long, and let its thread come to its end."""
        gate = _Gate(send, meter if scope["method"] in _WITH_BODY else None)
        task = asyncio.create_task(self._run(scope, receive, gate, caller))
        try:
            while not task.done():
                rest_s = meter.last_at + self._settings.answer_timeout_s - time.monotonic()
                if rest_s <= 0:
                    break
                await asyncio.wait({task}, timeout=rest_s)
        except asyncio.CancelledError:
            task.cancel()
            raise
        if task.done():
            task.result()
            return
        gate.is_shut = True
        self._left.add(task)
        task.add_done_callback(self._forget)
        self._metrics.see_refused(504)
        if not gate.has_begun:
            answer = answer_error(
                503,
                "this takes too long to be waited for; what was sent may still be kept",
                hint="ask for less, or send it again later: nothing is taken twice",
                headers={"Retry-After": str(RETRY_AFTER_S), **CLOSE},
            )
            await answer(scope, receive, send)
            return
        raise TimeoutError("an answer that had begun took too long")

    async def _run(self, scope: Scope, receive: Receive, gate: _Gate, caller: str) -> None:
        try:
            await self._app(scope, receive, gate.send)
        finally:
            self._leave(scope, caller)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._left.discard(task)
        if not task.cancelled():
            task.exception()  # nobody is there any more to be told

    def _enter(self, scope: Scope, caller: str) -> None:
        self._n_in_flight += 1
        self._bodies[caller] += scope["method"] in _WITH_BODY
        self._metrics.in_flight.inc()

    def _leave(self, scope: Scope, caller: str) -> None:
        self._n_in_flight -= 1
        self._bodies[caller] -= scope["method"] in _WITH_BODY
        if self._bodies[caller] <= 0:
            del self._bodies[caller]
        self._metrics.in_flight.dec()

    async def _refuse(self, error: ServiceError, scope: Scope, meter: BodyMeter, send: Send) -> None:
        headers = dict(error.headers)
        self._metrics.see_refused(error.status)
        if scope["method"] in _WITH_BODY:
            await meter.drain()
            headers |= {} if meter.is_whole else CLOSE
        answer = answer_error(
            error.status, error.problem, where=error.where, hint=error.hint, headers=headers
        )
        await answer(scope, meter.receive, send)


class _Gate:
    """Lets an answer through until somebody else has answered; what is left of the body comes first."""

    def __init__(self, send: Send, meter: BodyMeter | None) -> None:
        self._send, self._meter = send, meter
        self.has_begun = self.is_shut = False

    async def send(self, message: Message) -> None:
        if self.is_shut:
            return
        self.has_begun = True
        if message["type"] == "http.response.start" and self._meter and not self._meter.is_whole:
            await self._meter.drain()
            if not self._meter.is_whole:
                MutableHeaders(scope=message)["Connection"] = "close"
        await self._send(message)


def find_address(scope: Scope, settings: ServiceSettings) -> str:
    """Return the client's address: behind a proxy, the one that our own proxy added last."""
    if settings.behind_proxy:
        told = Headers(scope=scope).getlist("x-forwarded-for")
        if told and (last := told[-1].rpartition(",")[2].strip()):
            return last
    client: Any = scope.get("client")
    return str(client[0]) if client else ""


def _give_on(body: bytes, meter: BodyMeter) -> Receive:
    is_given = False

    async def receive() -> Message:
        nonlocal is_given
        if is_given:
            return await meter.receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _gone() -> Message:
    return {"type": "http.disconnect"}
