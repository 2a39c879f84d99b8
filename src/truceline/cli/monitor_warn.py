"""`truceline monitor warn`: the alarms of the early warning as messages for others.

Parses and prints; what is said of which region comes from `truceline.monitor.warning`, the files from
`truceline.publish.cap_alert`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from truceline.cli._console import print_line
from truceline.cli._monitor_store import (
    DEFAULT_WAIT_S,
    StoreArgument,
    UntilOption,
    WaitOption,
    WhoOption,
    WhyOption,
    name_of_user,
    now_utc,
    open_for,
    read_day,
)
from truceline.errors import Problem, ScenarioError

NOBODY = "unnamed.invalid"
"""Sender of a message that is no warning in earnest."""


def warn(
    store: StoreArgument,
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the messages go.")] = Path("warnings"),
    level: Annotated[
        str, typer.Option(metavar="LEVEL", help="Whom they are for: public, parties or mission.")
    ] = "parties",
    status: Annotated[
        str, typer.Option(metavar="STATUS", help="Draft, Test, Exercise or Actual; a draft is not kept.")
    ] = "Draft",
    sender: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Who sends them, as warnings@mission.example; needed for Actual."),
    ] = None,
    until: UntilOption = None,
    who: WhoOption = None,
    why: WhyOption = "",
    wait: WaitOption = DEFAULT_WAIT_S,
) -> None:
    """Write the alarms of the last complete day as CAP 1.2 messages: new, updated, or cancelled."""
    from truceline.files import replace_folder
    from truceline.monitor.mission import read_mission
    from truceline.monitor.releasing import read_level
    from truceline.monitor.warning import issue_warnings
    from truceline.publish.cap_alert import MARKER, fill_warnings

    reader = read_level(level, "--level")
    if status == "Actual" and not sender:
        problem = Problem("--sender", "is not given", "write who sends it, as warnings@mission.example")
        raise ScenarioError("options", [problem])
    is_kept = status != "Draft"
    with (
        open_for(store, writing=is_kept, wait_s=wait) as opened,
        replace_folder(out, marker=MARKER) as folder,
    ):
        end = None
        if until is not None:
            end = read_mission(opened).period(read_day(until, "--until"))[1]
        with issue_warnings(
            opened,
            now=now_utc(),
            level=reader,
            sender=sender or NOBODY,
            status=status,
            who=name_of_user(who) if is_kept else "",
            why=why,
            until=end,
        ) as messages:
            names = fill_warnings(messages, folder)
    for message in messages:
        print_line(
            f"{message.kind} ({message.status}): {message.region or 'all regions'}, {message.alarm}, "
            f"severity {message.severity}, certainty {message.certainty}"
        )
    if not messages:
        print_line("No region is in alarm, and no warning is open: there is nothing to send")
    print_line(f"Written to {out}: {', '.join(names)}")
