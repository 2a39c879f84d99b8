"""`truceline monitor listen`: live positions and alarms in, by Cursor on Target.

Parses, starts and prints; what an event means is decided by `truceline.monitor`. Listening ends by itself
after `--for`, or when it is interrupted or told to end: what was taken is written first, and the exit code
is 0.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from truceline.cli._console import print_line
from truceline.cli._monitor_store import (
    DEFAULT_WAIT_S,
    StoreArgument,
    WaitOption,
    WhoOption,
    WhyOption,
    existing_files,
    name_of_user,
    now_utc,
    open_for,
)

if TYPE_CHECKING:
    import asyncio
    import ssl

    from truceline.exchange.cot_address import Address
    from truceline.exchange.cot_peers import CotServer
    from truceline.monitor.listening import Counts, Listener, Written
    from truceline.store.base import Store

STATUS_S = 60.0
"""Time between lines that say what came in, seconds; a quiet minute has none."""
MAX_CAPTURE_BYTES = 256 * 1024 * 1024
"""Largest file of events read."""
CHUNK = 20_000
"""Events of a file between writings."""

CertOption = Annotated[
    Path | None, typer.Option("--tls-cert", metavar="FILE", help="Our certificate (PEM), for tls://.")
]
KeyOption = Annotated[
    Path | None,
    typer.Option("--tls-key", metavar="FILE", help="Its key (PEM), where it is not in the same file."),
]
ServerCaOption = Annotated[
    Path | None,
    typer.Option(
        "--server-ca",
        metavar="FILE",
        help="Whose certificates of servers we trust; the machine's list by default.",
    ),
]


@dataclass(frozen=True)
class Wire:
    """Everything about connections that was asked for."""

    servers: Sequence[tuple[Address, ssl.SSLContext | None]]
    clients: Sequence[tuple[Address, ssl.SSLContext | None]]

    @property
    def source(self) -> str:
        """All addresses, for the history."""
        return ", ".join(str(address) for address, _ in (*self.servers, *self.clients))


def listen(
    store: StoreArgument,
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE...]", help="Saved events, XML or protobuf.", show_default=False),
    ] = None,
    cot: Annotated[
        list[str] | None,
        typer.Option("--cot", metavar="ADDRESS", help="Listen at tcp://HOST:PORT or tls://HOST:PORT."),
    ] = None,
    connect: Annotated[
        list[str] | None,
        typer.Option(
            "--connect", metavar="ADDRESS", help="Call a server at tcp://HOST:PORT or tls://HOST:PORT."
        ),
    ] = None,
    units: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="CSV of the mission's own units: uid, callsign, post, means, region."
        ),
    ] = None,
    for_s: Annotated[
        float | None, typer.Option("--for", metavar="SECONDS", min=0, help="End by itself after so long.")
    ] = None,
    tls_cert: CertOption = None,
    tls_key: KeyOption = None,
    client_ca: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Take only peers with a certificate of this authority (PEM)."),
    ] = None,
    server_ca: ServerCaOption = None,
    who: WhoOption = None,
    why: WhyOption = "",
    wait: WaitOption = DEFAULT_WAIT_S,
) -> None:
    """Take positions and alarms from a live feed: watching becomes effort, alarms become reports."""
    import asyncio

    from truceline.errors import Problem, ScenarioError
    from truceline.monitor.listening import Listener
    from truceline.monitor.live_units import UnitList, read_units
    from truceline.monitor.mission import read_mission

    if not (files or cot or connect):
        problem = Problem("listen", "is told of nothing to listen to", "give FILE, --cot or --connect")
        raise ScenarioError("options", [problem])
    existing_files(list(files or []))
    wire = read_wire(cot or [], connect or [], tls_cert, tls_key, client_ca, server_ca)
    user = name_of_user(who)
    with open_for(store, writing=False, wait_s=wait) as opened:
        mission = read_mission(opened)
        listener = Listener(mission, UnitList() if units is None else read_units(units, mission))
        listener.resume(opened, now_utc())
    opening = partial(open_for, store, writing=True, wait_s=wait)
    for path in files or []:
        _listen_to_file(path, listener, opening, who=user, why=why)
    if wire.servers or wire.clients:
        asyncio.run(_listen_to_peers(wire, listener, opening, who=user, why=why, for_s=for_s))
    _print_counts(listener)


def read_wire(
    cot: Sequence[str],
    connect: Sequence[str],
    cert: Path | None,
    key: Path | None,
    client_ca: Path | None,
    server_ca: Path | None,
) -> Wire:
    """Return the addresses and certificates of the options; ScenarioError for those that cannot be used."""
    from truceline.exchange.cot_address import make_client_tls, make_server_tls, parse_address

    servers = [parse_address(word, where="--cot") for word in cot]
    clients = [parse_address(word, where="--connect") for word in connect]
    server_tls = make_server_tls(cert, key, client_ca) if any(a.is_tls for a in servers) else None
    client_tls = make_client_tls(cert, key, server_ca) if any(a.is_tls for a in clients) else None
    return Wire(
        [(address, server_tls if address.is_tls else None) for address in servers],
        [(address, client_tls if address.is_tls else None) for address in clients],
    )


def _listen_to_file(
    path: Path,
    listener: Listener,
    opening: Callable[[], AbstractContextManager[Store]],
    *,
    who: str,
    why: str,
) -> None:
    """Take all events of a file; what cannot be read after a point is told, what stands before it is kept."""
    from truceline.errors import Problem
    from truceline.events.readers.chunk import ReportFileError
    from truceline.exchange.cot_event import CotEvent
    from truceline.exchange.cot_stream import read_capture

    if path.stat().st_size > MAX_CAPTURE_BYTES:
        found = f"is larger than {MAX_CAPTURE_BYTES:,} bytes"
        raise ReportFileError(path.name, [Problem(str(path), found, "cut it between two events")])
    events, problem = read_capture(path.read_bytes())
    if not any(isinstance(each, CotEvent) for each in events):
        found = problem or (str(events[0]) if events else "is empty")
        hint = "give events of Cursor on Target, as XML or in frames of the TAK protocol"
        raise ReportFileError(path.name, [Problem(str(path), f"holds no event: {found}", hint)])
    n_written = 0
    for at in range(0, len(events), CHUNK):
        for each in events[at : at + CHUNK]:
            listener.take(each, now=now_utc(), is_live=False)
        with opening() as store:
            written = listener.write(store, who=who, why=why, source=path.name, now=now_utc())
        n_written += 0 if written is None else written.n_intervals
        _print_rejects(written)
    print_line(f"{path.name}: {len(events):,} events, {n_written:,} intervals of watching new or longer")
    if problem:
        print_line(f"  not read to its end: {problem}")


async def _listen_to_peers(
    wire: Wire,
    listener: Listener,
    opening: Callable[[], AbstractContextManager[Store]],
    *,
    who: str,
    why: str,
    for_s: float | None,
) -> None:
    """Listen until interrupted, told to end, or for so long; then write the rest."""
    import asyncio

    from truceline.exchange.cot_peers import CotServer, follow
    from truceline.monitor.live_loop import Recorder

    ending, done = asyncio.Event(), asyncio.Event()
    _end_on_signals(ending)
    recorder = Recorder(listener, opening, who=who, why=why, source=wire.source, clock=now_utc, tell=_tell)
    server = CotServer(recorder.handle, clock=now_utc, tell=_tell)
    for address, tls in wire.servers:
        _tell(f"Listening at {await _start(server, address, tls)}; end with Ctrl+C")
    following = [
        asyncio.ensure_future(follow(address, recorder.handle, tls=tls, clock=now_utc, tell=_tell))
        for address, tls in wire.clients
    ]
    following.append(asyncio.ensure_future(_print_status(listener, server)))
    recording = asyncio.ensure_future(recorder.run(done))
    try:
        ended = asyncio.ensure_future(ending.wait())
        await asyncio.wait((ended, recording), timeout=for_s, return_when=asyncio.FIRST_COMPLETED)
        ended.cancel()
    finally:
        await server.close()
        for task in following:
            task.cancel()
        await asyncio.gather(*following, return_exceptions=True)
        done.set()
    await recording


def _tell(text: str) -> None:
    """Print a line at once: somebody waits for it, perhaps at the end of a pipe."""
    print_line(text)
    sys.stdout.flush()


async def _start(server: CotServer, address: Address, tls: ssl.SSLContext | None) -> Address:
    from truceline.errors import Problem, ScenarioError
    from truceline.exchange.cot_peers import say_failure

    try:
        return await server.start(address, tls)
    except OSError as error:
        problem = Problem(str(address), f"cannot be listened at: {say_failure(error)}", "choose another port")
        raise ScenarioError("--cot", [problem]) from None


def _end_on_signals(ending: asyncio.Event) -> None:
    """Let Ctrl+C and SIGTERM end the listening in order."""
    import asyncio

    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        with suppress(
            NotImplementedError, RuntimeError, ValueError
        ):  # not on every system, or not the main thread
            loop.add_signal_handler(each, ending.set)


async def _print_status(listener: Listener, server: CotServer) -> None:
    import asyncio

    n_told = 0
    while True:
        await asyncio.sleep(STATUS_S)
        counts = listener.counts
        if counts.n_events != n_told:
            n_told = counts.n_events
            n_peers = server.counts.n_connected
            _tell(f"{now_utc():%H:%M} UTC  {n_peers} connected; {_say_counts(counts, listener)}")


def _say_counts(counts: Counts, listener: Listener) -> str:
    """Return what came in so far, in a line; what is nought is left out."""
    unlisted = f"{counts.n_unlisted:,} positions of {len(counts.unlisted):,} senders not listed"
    parts = (
        (counts.n_positions, f"{counts.n_positions:,} positions of {len(listener.units)} units"),
        (counts.n_alarms, f"{counts.n_alarms:,} alarms"),
        (counts.n_too_many, f"{counts.n_too_many:,} alarms too many"),
        (counts.n_cancelled, f"{counts.n_cancelled:,} taken back"),
        (counts.n_unlisted, unlisted),
        (counts.n_repeated, f"{counts.n_repeated:,} repeated"),
        (counts.n_other, f"{counts.n_other:,} of other types"),
        (counts.n_nowhere, f"{counts.n_nowhere:,} without a position"),
        (counts.n_stale, f"{counts.n_stale:,} late"),
        (counts.n_clock_off, f"{counts.n_clock_off:,} with a clock that is off"),
        (counts.n_refused, f"{counts.n_refused:,} not readable"),
    )
    told = ", ".join(text for n, text in parts if n)
    return f"{counts.n_events:,} events{': ' if told else ''}{told}"


def _print_counts(listener: Listener) -> None:
    counts = listener.counts
    print_line(_say_counts(counts, listener))
    if counts.last_refused:
        print_line(f"  last not readable: {counts.last_refused}")
    for post, delay in sorted(counts.slow_clocks.items()):
        print_line(f"  {post}: its clock is {delay.total_seconds() / 60:.0f} minutes behind ours")
    if counts.n_unlisted:
        print_line("  senders not listed are not the mission's: list them with --units, or leave them")


def _print_rejects(written: Written | None) -> None:
    for reject in written.rejects[:10] if written is not None else ():
        print_line(f"  alarm {reject.line}: {reject.where} {reject.found}; {reject.hint}")
