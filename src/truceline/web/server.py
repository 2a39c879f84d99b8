"""The server below the app: sockets, TLS, slow and silent clients, starting and stopping.

Listens beyond this machine only with TLS, or where the operator says that a proxy ends it. On SIGTERM or
SIGINT nothing new is taken, what is being answered is ended within a bounded time, and the exit is clean.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h11
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from truceline.errors import Problem, TrucelineError
from truceline.web.rates import is_loopback
from truceline.web.settings import ServiceSettings

MAX_CONNECTIONS = 512
"""Most connections open at once; further ones are closed before they say anything."""
MAX_HEADER_BYTES = 32_768
"""Most bytes of a request's first line and headers."""
WRITE_TIMEOUT_S = 30.0
"""Time within which a client must read some of an answer that waits for it."""
GRACE_AFTER_STOP_S = 5.0
"""Time after the bounded end for which threads are waited for before the process ends without them."""


class ServeError(TrucelineError):
    """The service cannot listen as it was asked."""


@dataclass(frozen=True)
class Listening:
    """Where a service listens, and by which certificate."""

    host: str = "127.0.0.1"
    port: int = 8080
    """0: any that is free."""
    tls_cert: Path | None = None
    tls_key: Path | None = None


class PatientProtocol(H11Protocol):
    """HTTP/1.1 with an end to patience: with headers that do not come, and answers that are not read."""

    header_timeout_s = 10.0
    write_timeout_s = WRITE_TIMEOUT_S
    max_connections = MAX_CONNECTIONS

    _deadline: asyncio.TimerHandle | None = None
    _write_deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Start waiting for the first request."""
        super().connection_made(transport)
        if len(self.connections) > self.max_connections:
            transport.abort()
            return
        self._wait_for_headers()

    def data_received(self, data: bytes) -> None:
        """Take what came; however it dribbles, the headers must be whole in time."""
        super().data_received(data)
        self._wait_for_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_waiting()
        if self._write_deadline is not None:
            self._write_deadline.cancel()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Wait for the client to read, and not for ever."""
        super().pause_writing()
        if self._write_deadline is None:
            self._write_deadline = self.loop.call_later(self.write_timeout_s, self._abort)

    def resume_writing(self) -> None:
        """Go on."""
        if self._write_deadline is not None:
            self._write_deadline.cancel()
            self._write_deadline = None
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that fell silent; one that does not read its last answer either is cut off."""
        unread = self.transport.get_write_buffer_size() > 0
        super().timeout_keep_alive_handler()
        if unread and self._write_deadline is None:
            self._write_deadline = self.loop.call_later(self.write_timeout_s, self._abort)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP in the one shape of errors."""
        self._stop_waiting()
        told = {
            "ok": False,
            "status": 400,
            "where": "",
            "problem": "the request is no HTTP that can be read, or its headers are too long",
            "try": "",
        }
        body = json.dumps(told).encode()
        headers = [
            ("content-type", "application/json"),
            ("content-length", str(len(body))),
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("connection", "close"),
        ]
        try:
            for event in (
                h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
                h11.Data(data=body),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
        except h11.LocalProtocolError:  # in the middle of another answer: there is no room for one more
            pass
        self.transport.close()

    def _wait_for_headers(self) -> None:
        if self.conn.their_state is not h11.IDLE:
            self._stop_waiting()
        elif self._deadline is None and not self.transport.is_closing():
            self._deadline = self.loop.call_later(self.header_timeout_s, self._give_up)

    def on_response_complete(self) -> None:
        """Be ready for the next request; silence until then is bounded by the server below."""
        super().on_response_complete()
        self._stop_waiting()

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        if not self.transport.is_closing():
            self.transport.close()

    def _abort(self) -> None:
        self._write_deadline = None
        self.transport.abort()


class QuietServer(uvicorn.Server):
    """A server that says when it is ready, and ends well when it is told to end."""

    def __init__(self, config: uvicorn.Config, *, on_ready: Callable[[], None], stop_s: float) -> None:
        super().__init__(config)
        self._on_ready, self._stop_s = on_ready, stop_s

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take SIGTERM and SIGINT as a wish to end; unlike the base class, do not die of them afterwards."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {
            number: signal.signal(number, self.handle_exit) for number in uvicorn.server.HANDLED_SIGNALS
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Begin to end; a second signal ends at once. Threads that never end do not keep the process."""
        super().handle_exit(sig, frame)
        last_resort = threading.Timer(self._stop_s + GRACE_AFTER_STOP_S, os._exit, (0,))
        last_resort.daemon = True
        last_resort.start()


def run_service(
    app: FastAPI, settings: ServiceSettings, listening: Listening, *, tell: Callable[[str], None]
) -> None:
    """Serve the app until a signal ends it; `tell` is given the address once it answers.

    Raises ServeError, before anything listens, where the address cannot be had or is not to be had safely.
    """
    with contextlib.closing(open_socket(settings, listening)) as bound:
        url = say_address(bound, listening)
        make_server(app, settings, listening, on_ready=lambda: tell(url)).run(sockets=[bound])


def open_socket(settings: ServiceSettings, listening: Listening, *, shared: bool = False) -> socket.socket:
    """Return a socket that has the address; ServeError, once everything was checked, where it cannot be had.

    With `shared`, further sockets may have the same address. The certificate is read on the way: what is
    wrong with it is said before anybody can connect.
    """
    check_listening(settings, listening)
    if listening.tls_cert is not None:
        _read_certificate(listening)
    return bind(listening, shared=shared)


def make_server(
    app: FastAPI, settings: ServiceSettings, listening: Listening, *, on_ready: Callable[[], None]
) -> QuietServer:
    """Return a server of the app for a socket that is open; `on_ready` is called once it answers."""
    config = uvicorn.Config(
        app,
        http=protocol_for(settings),
        loop="asyncio",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=10,
        timeout_graceful_shutdown=int(settings.stop_s),
        h11_max_incomplete_event_size=MAX_HEADER_BYTES,
        ssl_certfile=listening.tls_cert,
        ssl_keyfile=listening.tls_key,
    )
    return QuietServer(config, on_ready=on_ready, stop_s=settings.stop_s)


def _read_certificate(listening: Listening) -> None:
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(str(listening.tls_cert), listening.tls_key)
    except (OSError, ssl.SSLError) as error:
        found = f"cannot be used: {getattr(error, 'strerror', None) or error}"
        problem = Problem(str(listening.tls_cert), found, "give the certificate and key as PEM files")
        raise ServeError("tls", [problem]) from None


def check_listening(settings: ServiceSettings, listening: Listening) -> None:
    """Raise ServeError where keys would cross a network in the clear, or options do not fit each other."""
    problems = []
    if (listening.tls_cert is None) != (listening.tls_key is None):
        problems.append(Problem("--tls-cert", "a certificate and its key belong together", "give both"))
    if not is_loopback(_resolve(listening.host)) and listening.tls_cert is None and not settings.behind_proxy:
        hint = "give --tls-cert and --tls-key, or --behind-proxy where a proxy ends TLS"
        found = (
            f"{listening.host} is reached from other machines, and keys would cross the network in the clear"
        )
        problems.append(Problem("--host", found, hint))
    if settings.behind_proxy and not settings.public_url:
        hint = "give --public-url, the address that clients use"
        problems.append(Problem("--behind-proxy", "links would lead to this side of the proxy", hint))
    if problems:
        raise ServeError("serve", problems)


def bind(listening: Listening, *, shared: bool = False) -> socket.socket:
    """Return a socket that has the address, maybe `shared`; ServeError where it cannot be had."""
    try:
        family, _, _, _, address = socket.getaddrinfo(
            listening.host, listening.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        bound = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise _cannot_bind(listening, error) from None
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Connections take it over: otherwise an answer waits 40 ms for the client to confirm its first half.
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if shared:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind(address)
        bound.set_inheritable(False)
    except OSError as error:
        bound.close()
        raise _cannot_bind(listening, error) from None
    return bound


def _cannot_bind(listening: Listening, error: OSError) -> ServeError:
    found = f"cannot listen there: {error.strerror or error}"
    hint = "choose another --port (0: any that is free) or --host"
    return ServeError("serve", [Problem(f"{listening.host}:{listening.port}", found, hint)])


def _resolve(host: str) -> str:
    try:
        return str(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0])
    except OSError:
        return host  # binding it says what is wrong


def protocol_for(settings: ServiceSettings) -> type[PatientProtocol]:
    """Return the protocol with the patience that the settings ask for."""
    return type("_Protocol", (PatientProtocol,), {"header_timeout_s": settings.header_timeout_s})


def say_address(bound: socket.socket, listening: Listening) -> str:
    """Return the address of a service that listens on a socket."""
    host, port = bound.getsockname()[:2]
    scheme = "http" if listening.tls_cert is None else "https"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
