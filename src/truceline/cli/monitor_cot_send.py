"""`truceline monitor send`: incidents out to situation displays, by Cursor on Target.

Parses, sends and prints; what goes out, and how coarse and late, is decided by `truceline.monitor`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from truceline.cli._console import print_line
from truceline.cli._monitor_store import (
    DEFAULT_WAIT_S,
    SinceOption,
    StoreArgument,
    UntilOption,
    WaitOption,
    now_utc,
    open_for,
    read_day,
    read_hours,
)
from truceline.cli.monitor_cot import CertOption, KeyOption, ServerCaOption, Wire, read_wire
from truceline.cli.monitor_products import LevelOption

if TYPE_CHECKING:
    from truceline.exchange.cot_event import CotEvent


def send(
    store: StoreArgument,
    to: Annotated[
        str,
        typer.Option(
            "--to", metavar="WHERE", help="FILE.xml, FILE.tak (protobuf), tcp://HOST:PORT or tls://HOST:PORT."
        ),
    ],
    level: LevelOption = "mission",
    since: SinceOption = None,
    until: UntilOption = None,
    delay: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Leave out what ended later than this before now; default 24 h."),
    ] = None,
    stale: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Time after which displays let the marks go; default 24 h."),
    ] = None,
    tls_cert: CertOption = None,
    tls_key: KeyOption = None,
    server_ca: ServerCaOption = None,
    wait: WaitOption = DEFAULT_WAIT_S,
) -> None:
    """Send incidents as marks to a situation display, as late and coarse as every export."""
    from truceline.errors import Problem, ScenarioError
    from truceline.exchange.cot_address import is_address
    from truceline.exchange.cot_stream import write_capture
    from truceline.files import write_atomically
    from truceline.monitor.exporting import gather_records
    from truceline.monitor.mission import read_mission
    from truceline.monitor.releasing import read_level
    from truceline.monitor.sending import records_to_marks

    suffix = Path(to).suffix.lower()
    if not is_address(to) and suffix not in (".xml", ".cot", ".tak"):
        problem = Problem(
            "--to", f"'{to}' is neither an address nor a file of events", "write FILE.xml or FILE.tak"
        )
        raise ScenarioError("options", [problem])
    reader = read_level(level, "--level")
    wire = read_wire([], [to], tls_cert, tls_key, None, server_ca) if is_address(to) else None
    now = now_utc()
    with open_for(store, writing=False, wait_s=wait) as opened:
        mission = read_mission(opened)
        records = gather_records(
            opened,
            ("incidents",),
            title=mission.name,
            now=now,
            delay=None if delay is None else read_hours(delay, "--delay"),
            since=None if since is None else mission.period(read_day(since, "--since"))[0],
            until=None if until is None else mission.period(read_day(until, "--until"))[1],
            level=reader,
        )
    marks = records_to_marks(records, now=now, stale=None if stale is None else read_hours(stale, "--stale"))
    how = ""
    if wire is None:
        write_atomically(Path(to), write_capture(marks.events, is_protobuf=suffix == ".tak"))
    else:
        how = f" ({_send_to(wire, marks.events)})"
    print_line(
        f"{to}: {len(marks.events):,} incidents{how}; nothing after {records.until:%Y-%m-%d %H:%M} UTC"
    )
    if marks.n_nowhere:
        print_line(f"{marks.n_nowhere:,} incidents without a position cannot be shown and were left out")
    if records.n_withheld:
        print_line(f"{records.n_withheld:,} incidents are younger than the delay and were left out")
    if records.n_unreleased:
        print_line(f"{records.n_unreleased:,} incidents are not released to the {level} and were left out")


def _send_to(wire: Wire, events: Sequence[tuple[CotEvent, str]]) -> str:
    """Send events to a server; OutputError where it cannot be reached or does not take them."""
    import asyncio

    from truceline.errors import OutputError, Problem
    from truceline.exchange.cot_peers import say_failure, send_events

    address, tls = wire.clients[0]
    try:
        is_protobuf = asyncio.run(send_events(address, events, tls=tls, clock=now_utc))
    except (OSError, TimeoutError) as error:
        hint = "check the address, the certificates and the server"
        raise OutputError("send", [Problem(str(address), say_failure(error), hint)]) from None
    return "protobuf" if is_protobuf else "XML"
