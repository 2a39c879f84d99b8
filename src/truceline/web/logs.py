"""One line a request on the error stream, and the outermost layer of the service.

A line holds the template of the route, the status, the time taken and the number of the token: never a key,
a body or the values of a query. Whatever goes wrong inside ends here as an answer without detail.
"""

from __future__ import annotations

import json
import logging
import secrets
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TextIO

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from truceline.web.errors import answer_unexpected
from truceline.web.metrics import Metrics

log = logging.getLogger("truceline.service")

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_USUAL = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName", "color_message"}
SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Sent with every answer that does not say otherwise itself."""


class JsonLines(logging.Formatter):
    """Writes each record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "time": _say_time(record.created),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        line.update(_extras(record))
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=True, default=str)


class TextLines(logging.Formatter):
    """Writes each record as one line for people; a trace follows it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        extras = " ".join(f"{name}={value}" for name, value in _extras(record).items())
        line = (
            f"{_say_time(record.created)} {record.levelname.lower()} {record.getMessage()} {extras}".rstrip()
        )
        line = "".join(character if character.isprintable() else " " for character in line)
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def configure_logs(form: str, stream: TextIO | None = None) -> None:
    """Send the lines of the service, and the warnings of the server below it, to a stream as json or text."""
    handler: logging.Handler = logging.StreamHandler(stream) if stream is not None else _ErrorStream()
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    for name, level in (("truceline.service", logging.INFO), ("uvicorn", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(level)


class _ErrorStream(logging.Handler):
    """Writes to the error stream as it is at the time: whoever redirects it gets the lines."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line at once; a reader that went away is no reason to stop serving."""
        with suppress(OSError, ValueError):
            sys.stderr.write(f"{self.format(record)}\n")
            sys.stderr.flush()


class RequestLog:
    """The outermost layer: numbers, times, counts and logs each request, and lets no error out."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        watch = _Watch(scope, send)
        try:
            await self._app(scope, receive, watch.send)
        except Exception as error:
            self._metrics.unexpected.inc()
            if watch.status:
                log.error("unexpected", exc_info=error, extra={"id": watch.request_id})
                raise _CutOffError from None  # half an answer is out: the server below can only hang up
            await answer_unexpected(error)(scope, receive, watch.send)
        finally:
            self._write(watch)

    def _write(self, watch: _Watch) -> None:
        taken_s = time.perf_counter() - watch.started
        method, route = watch.method, watch.route
        self._metrics.requests.labels(method, route, str(watch.status)).inc()
        self._metrics.durations.labels(method, route).observe(taken_s)
        log.log(
            logging.ERROR if watch.status >= 500 and watch.status != 503 else logging.INFO,
            "request",
            extra={
                "id": watch.request_id,
                "method": method,
                "route": route,
                "status": watch.status,
                "ms": round(taken_s * 1000, 1),
                "bytes": watch.n_bytes,
                "token": watch.token_id,
            },
        )


class _CutOffError(Exception):
    """An answer that had begun cannot be ended; its reason is in the log already."""


class _Watch:
    """What is seen of one request on its way out."""

    def __init__(self, scope: Scope, send: Send) -> None:
        scope.setdefault("state", {})
        self._scope, self._send = scope, send
        self.request_id = secrets.token_hex(8)
        self.started = time.perf_counter()
        self.status = 0
        """0 where the client was gone before an answer began."""
        self.n_bytes = 0

    @property
    def method(self) -> str:
        """The method, where it is one we know: others are anything the client likes."""
        method = str(self._scope["method"])
        return method if method in _METHODS else "OTHER"

    @property
    def route(self) -> str:
        """Template of the route; none where there is no such address."""
        return str(getattr(self._scope.get("route"), "path", "none"))

    @property
    def token_id(self) -> int | None:
        """Number of the token, once it was found good."""
        return getattr(self._scope["state"].get("caller"), "token_id", None)

    async def send(self, message: Message) -> None:
        """Pass a message on, with the headers that every answer has."""
        if message["type"] == "http.response.start":
            self.status = int(message["status"])
            headers = MutableHeaders(scope=message)
            for name, value in SAFE_HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("X-Request-Id", self.request_id)
        elif message["type"] == "http.response.body":
            self.n_bytes += len(message.get("body", b""))
        await self._send(message)


def _say_time(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _extras(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in record.__dict__.items() if name not in _USUAL}
