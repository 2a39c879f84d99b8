"""Listen to peers, or call one, for events of Cursor on Target over TCP or TLS; and send events to one.

Peers are strangers: their number, the length of what they send, how fast they send and how long they take are
bounded, and what one of them does wrong ends its own connection alone. Whoever sends faster than we take is
slowed down by not being read, never cut: nothing that was taken is dropped. What events mean is not known
here.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from truceline.exchange.cot_address import Address
from truceline.exchange.cot_event import CotEvent, CotFramingError
from truceline.exchange.cot_stream import CotConversation, Found

READ_BYTES = 65_536
"""Most bytes taken from a connection at once."""
DRAIN_S = 10.0
"""How long a peer may take to receive what is sent to it, seconds."""
HANDSHAKE_S = 10.0
"""How long setting up a connection may take, seconds."""
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
"""How long to wait before calling again: doubled each time, seconds."""
OFFER_S = 1.0
"""How long to wait for a server to offer protobuf before sending, seconds."""
ANSWER_S = 60.0
"""How long to wait for its answer; servers are given a minute."""
GOODBYE_S = 2.0
"""How long to wait for the server to close after the last event, seconds."""

Handler = Callable[[str, Sequence[Found]], Coroutine[None, None, None]]
"""Takes the name of a peer and what it said; the peer is not read from until it returns."""
Clock = Callable[[], datetime]
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Limits:
    """What a peer may do."""

    connections: int = 256
    """At once, from all peers."""
    connections_per_host: int = 64
    events_per_s: float = 200.0
    """On one connection, in the long run; faster ones are slowed down."""
    burst: int = 2000
    """Events taken at once before that."""
    idle_s: float = 900.0
    """Silence after which a peer that called us is let go, seconds."""
    event_s: float = 60.0
    """How long one event may take to arrive, seconds."""


@dataclass
class PeerCounts:
    """Who is there, and who was sent away."""

    n_connected: int = 0
    n_turned_away: int = 0
    """Connections beyond the limits, or that failed to set up."""
    n_ended: int = 0
    """Connections ended because of what the peer sent, or how slowly."""
    by_host: Counter[str] = field(default_factory=Counter)


class CotServer:
    """Takes calls from peers until it is closed."""

    def __init__(self, handle: Handler, *, clock: Clock, tell: Tell, limits: Limits | None = None) -> None:
        self.counts = PeerCounts()
        self._handle, self._clock, self._tell = handle, clock, tell
        self._limits = limits or Limits()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, address: Address, tls: ssl.SSLContext | None) -> Address:
        """Begin to take calls and return where; port 0 takes a free one. OSError where it cannot be had."""
        times = {"ssl_handshake_timeout": HANDSHAKE_S} if tls is not None else {}
        self._server = await asyncio.start_server(
            self._meet, address.host, address.port, ssl=tls, limit=READ_BYTES, **times
        )
        port = self._server.sockets[0].getsockname()[1]
        return Address(address.scheme, address.host, port)

    async def close(self) -> None:
        """Take no more calls and end those there are."""
        if self._server is not None:
            self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None, "streams run in tasks"  # noqa: S101
        self._tasks.add(task)
        name = writer.get_extra_info("peername")
        host = str(name[0]) if name else "unknown"
        counts, limits = self.counts, self._limits
        is_full = counts.n_connected >= limits.connections
        if is_full or counts.by_host[host] >= limits.connections_per_host:
            counts.n_turned_away += 1
            writer.transport.abort()
            self._tasks.discard(task)
            return
        counts.n_connected += 1
        counts.by_host[host] += 1
        try:
            await converse(
                reader, writer, host, self._handle, clock=self._clock, limits=limits, idle_s=limits.idle_s
            )
        except PeerError as error:
            counts.n_ended += 1
            self._tell(f"{host}: {error}")
        except (OSError, asyncio.CancelledError):
            pass  # it went away, or we do
        finally:
            counts.n_connected -= 1
            counts.by_host[host] -= 1
            if not counts.by_host[host]:
                del counts.by_host[host]
            writer.transport.abort()
            self._tasks.discard(task)


class PeerError(Exception):
    """A peer's connection ends because of what it sent, or how slowly; the text says why."""


async def converse(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    name: str,
    handle: Handler,
    *,
    clock: Clock,
    limits: Limits,
    idle_s: float | None,
    asks_for_protobuf: bool = False,
) -> None:
    """Hand on what a peer says until it closes; `idle_s` None waits for ever.

    Raises PeerError where the peer breaks a limit or sends what is no stream of events, OSError where it
    goes away.
    """
    conversation = CotConversation(asks_for_protobuf=asks_for_protobuf)
    allowance, checked = float(limits.burst), time.monotonic()
    begun: float | None = None
    while True:
        left_s = idle_s if begun is None else max(begun + limits.event_s - time.monotonic(), 0.01)
        try:
            data = await asyncio.wait_for(reader.read(READ_BYTES), left_s)
        except TimeoutError:
            what = "nothing came" if begun is None else "an event did not end"
            raise PeerError(f"{what} for {idle_s if begun is None else limits.event_s:g} s") from None
        if not data:
            if conversation.is_amid:
                raise PeerError("it went away amid an event")
            return
        found, answer, problem = _understand(conversation, data, clock())
        if found:
            # What was read is handed on even if we are told to stop meanwhile.
            await asyncio.shield(handle(name, found))
        if problem:
            raise PeerError(problem)
        if answer:
            writer.write(answer)
            try:
                await asyncio.wait_for(writer.drain(), DRAIN_S)
            except TimeoutError:
                raise PeerError(f"it did not read an answer for {DRAIN_S:g} s") from None
        n_said = len(found) + bool(answer)
        if not conversation.is_amid:
            begun = None
        elif begun is None or n_said:
            begun = time.monotonic()
        now = time.monotonic()
        allowance = min(limits.burst, allowance + (now - checked) * limits.events_per_s) - n_said
        checked = now
        if allowance < 0:
            await asyncio.sleep(-allowance / limits.events_per_s)


def _understand(
    conversation: CotConversation, data: bytes, now: datetime
) -> tuple[Sequence[Found], bytes, str]:
    """Return what was said, what to answer, and what ends the conversation, if anything does."""
    try:
        found, answer = conversation.receive(data, now)
    except CotFramingError as error:
        return error.before, b"", error.problems[0].found
    return found, answer, ""


async def follow(
    address: Address,
    handle: Handler,
    *,
    tls: ssl.SSLContext | None,
    clock: Clock,
    tell: Tell,
    limits: Limits | None = None,
    first_wait_s: float = FIRST_WAIT_S,
) -> None:
    """Call a server and hand on what it says, for ever: when it goes away it is called again, ever later.

    Ends by being cancelled. Every loss of the server is told, and that it is there again.
    """
    limits, wait_s = limits or Limits(), first_wait_s
    while True:
        try:
            reader, writer = await _call(address, tls)
        except (OSError, TimeoutError) as error:
            tell(f"{address}: {say_failure(error)}; calling again in {wait_s:g} s")
        else:
            tell(f"{address}: connected")
            begun = time.monotonic()
            try:
                await converse(
                    reader,
                    writer,
                    str(address),
                    handle,
                    clock=clock,
                    limits=limits,
                    idle_s=None,
                    asks_for_protobuf=True,
                )
                tell(f"{address}: the server closed the connection")
            except (PeerError, OSError) as error:
                tell(f"{address}: {say_failure(error)}")
            finally:
                writer.transport.abort()
            if time.monotonic() - begun > LONGEST_WAIT_S:
                wait_s = first_wait_s
        await asyncio.sleep(wait_s)
        wait_s = min(2 * wait_s, LONGEST_WAIT_S)


async def send_events(
    address: Address,
    events: Sequence[tuple[CotEvent, str]],
    *,
    tls: ssl.SSLContext | None,
    clock: Clock,
    offer_s: float = OFFER_S,
) -> bool:
    """Send events, each with its remarks, to a server and hang up; tell whether protobuf was agreed on.

    A server that offers protobuf within `offer_s` is asked for it; others get XML, which all understand.
    Raises OSError or TimeoutError where it does not answer, or does not take what is sent.
    """
    reader, writer = await _call(address, tls)
    conversation = CotConversation(asks_for_protobuf=True)
    try:
        await _agree(reader, writer, conversation, clock, offer_s)
        conversation.asks_for_protobuf = False  # an offer that comes amid the events comes too late
        listening = asyncio.ensure_future(_answer_on(reader, writer, conversation, clock))
        try:
            for event, remarks in events:
                writer.write(conversation.encode(event, remarks=remarks))
                await asyncio.wait_for(writer.drain(), DRAIN_S)
            if writer.can_write_eof():
                writer.write_eof()
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(listening), GOODBYE_S)
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
        writer.close()
        with suppress(TimeoutError, OSError):
            await asyncio.wait_for(writer.wait_closed(), GOODBYE_S)
    finally:
        writer.transport.abort()
    return conversation.uses_protobuf


async def _agree(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    conversation: CotConversation,
    clock: Clock,
    offer_s: float,
) -> None:
    """Wait for an offer of protobuf, ask for it, and wait for the answer."""
    until = time.monotonic() + offer_s
    while (left := until - time.monotonic()) > 0:
        try:
            data = await asyncio.wait_for(reader.read(READ_BYTES), left)
        except TimeoutError:
            break
        if not data:
            raise ConnectionError("the server closed the connection")
        was_waiting = conversation.is_waiting
        _, answer, problem = _understand(conversation, data, clock())
        if problem:
            raise ConnectionError(f"the server speaks no Cursor on Target: {problem}")
        writer.write(answer)
        if conversation.is_waiting and not was_waiting:
            until = time.monotonic() + ANSWER_S
        elif was_waiting and not conversation.is_waiting:
            return
    if conversation.is_waiting:
        raise TimeoutError("the server offered protobuf and did not answer the request for it")


async def _answer_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, conversation: CotConversation, clock: Clock
) -> None:
    """Read and answer pings until the server closes, so that it does not wait; what it says is dropped."""
    while data := await reader.read(READ_BYTES):
        _, answer, problem = _understand(conversation, data, clock())
        if problem:
            return
        if answer and not writer.is_closing():
            with suppress(RuntimeError):  # our side was closed meanwhile
                writer.write(answer)


async def _call(
    address: Address, tls: ssl.SSLContext | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.wait_for(
        asyncio.open_connection(address.host, address.port, ssl=tls, limit=READ_BYTES), HANDSHAKE_S
    )


def say_failure(error: Exception) -> str:
    """Return why a connection failed, in few words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate cannot be trusted ({error.verify_message})"
    if isinstance(error, ssl.SSLError):
        return f"no TLS connection ({(error.reason or 'failed').replace('_', ' ').lower()})"
    if isinstance(error, socket.gaierror):
        return "its name is not known"
    if isinstance(error, ConnectionRefusedError):
        return "nobody listens there"
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno).lower()
    if isinstance(error, TimeoutError) and not str(error):
        return "does not answer"
    return str(error) or type(error).__name__
