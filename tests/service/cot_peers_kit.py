"""Peers for the tests of live feeds: a listener on a free port, the other tool's client, certificates."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from truceline.exchange.cot_address import Address
from truceline.exchange.cot_event import CotEvent
from truceline.exchange.cot_peers import CotServer, Limits
from truceline.exchange.cot_stream import Found

OTHER_SIDE = Path(__file__).with_name("cot_other_side.py")
LOCAL = "127.0.0.1"


def clock() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


class Heard:
    """Everything a server was told."""

    def __init__(self) -> None:
        self.found: list[Found] = []
        self.told: list[str] = []
        self._came = asyncio.Event()

    @property
    def events(self) -> list[Found]:
        """What was said, without the greeting that the other tool begins with."""
        return [each for each in self.found if not (isinstance(each, CotEvent) and each.type == "t-x-d-d")]

    async def handle(self, _peer: str, found: Sequence[Found]) -> None:
        self.found += found
        self._came.set()

    async def wait_for(self, n: int, within_s: float = 10.0) -> None:
        """Wait until `n` events came."""
        async with asyncio.timeout(within_s):
            while len(self.events) < n:
                self._came.clear()
                await self._came.wait()


@asynccontextmanager
async def listening(
    heard: Heard, *, tls: Any = None, limits: Limits | None = None
) -> AsyncIterator[tuple[CotServer, Address]]:
    """Listen on a free port for the length of a block."""
    server = CotServer(heard.handle, clock=clock, tell=heard.told.append, limits=limits)
    scheme = "tls" if tls is not None else "tcp"
    try:
        yield server, await server.start(Address(scheme, LOCAL, 0), tls)
    finally:
        await server.close()


async def run_other_side(what: str, n: int, data: bytes, **settings: str) -> bytes:
    """Run a client of the other tool (pytak) until it sent `data` or received `n` events; return those."""
    program = await asyncio.create_subprocess_exec(
        sys.executable,
        str(OTHER_SIDE),
        what,
        str(n),
        *(f"{name}={value}" for name, value in settings.items()),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    async with asyncio.timeout(25):
        out, errors = await program.communicate(data)
    assert program.returncode == 0, errors.decode()[-2000:]
    return out


def make_certificates(folder: Path) -> dict[str, Path]:
    """Return an authority, a server's certificate for this machine and a client's, each with its key."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl on this machine: certificates for TLS cannot be made")

    def run(*words: str) -> None:
        subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=folder)

    run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key",
        "-out", "ca.pem", "-subj", "/CN=Test authority", "-days", "2")  # fmt: skip
    for name, extra in (("server", f"subjectAltName=IP:{LOCAL}"), ("client", "extendedKeyUsage=clientAuth")):
        run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key",
            "-out", f"{name}.csr", "-subj", f"/CN={name}")  # fmt: skip
        (folder / f"{name}.ext").write_text(extra, encoding="ascii")
        run("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-out", f"{name}.pem", "-days", "2", "-extfile", f"{name}.ext")  # fmt: skip
    return {path.name: path for path in folder.iterdir()}
