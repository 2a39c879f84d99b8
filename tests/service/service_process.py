"""A real `truceline serve` for tests: started on a free port, stopped at the end, its log at hand."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

STARTS_WITHIN_S = 60.0
_LISTENING = re.compile(r"Listening on (https?://\S+)")


@dataclass
class Running:
    """A service that listens."""

    url: str
    process: subprocess.Popen[str]
    log: list[str] = field(default_factory=list)
    """Lines of its error stream so far."""
    said: list[str] = field(default_factory=list)
    """Lines it printed."""

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.url.rsplit(":", 1)[1])

    def stop(self, sign: signal.Signals = signal.SIGTERM, *, within_s: float = 30.0) -> int:
        """Ask it to end, and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(sign)
        return self.process.wait(within_s)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self.process.kill()
        self.process.wait(10)


def start_service(address: str | Path, *options: str, env: dict[str, str] | None = None) -> Running:
    """Start `truceline serve ADDRESS --api --port 0` and return once it listens; one process if not told.

    Raises AssertionError with what it said where it ends or stays silent instead.
    """
    if "--workers" not in options:
        options = (*options, "--workers", "1")
    command = [sys.executable, "-m", "truceline", "serve", str(address), "--api", "--port", "0", *options]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})},
    )
    running = Running("", process)
    listens = threading.Event()
    threading.Thread(target=_follow, args=(process.stderr, running.log, None), daemon=True).start()
    threading.Thread(target=_follow, args=(process.stdout, running.said, listens), daemon=True).start()
    ends = time.monotonic() + STARTS_WITHIN_S
    while not listens.wait(0.05):
        if process.poll() is not None or time.monotonic() > ends:
            process.kill()
            raise AssertionError(
                f"it did not start: {' '.join(command)}\n" + "".join(running.said + running.log)
            )
    found = next(match for line in running.said if (match := _LISTENING.search(line)))
    running.url = found.group(1)
    return running


@contextmanager
def running_service(
    address: str | Path, *options: str, env: dict[str, str] | None = None
) -> Iterator[Running]:
    """Give a service for the length of a block."""
    running = start_service(address, *options, env=env)
    try:
        yield running
    finally:
        try:
            running.stop()
        except subprocess.TimeoutExpired:
            running.kill()
            raise


def _follow(stream: object, lines: list[str], listens: threading.Event | None) -> None:
    with stream as open_stream:  # type: ignore[attr-defined]
        for line in open_stream:
            lines.append(line)
            if listens is not None and _LISTENING.search(line):
                listens.set()
