"""`truceline monitor field-form`, `pull`, `submissions`, `clocks`: field reports by ODK and KoBo.

Parses and prints; what a submission becomes is decided by `monitor.submissions`.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from truceline.cli._console import Row, print_line, print_table, print_title
from truceline.cli._monitor_store import (
    DEFAULT_WAIT_S,
    StoreArgument,
    WaitOption,
    WhoOption,
    WhyOption,
    name_of_user,
    now_utc,
    open_for,
    read_day,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from truceline.monitor.submission_backlog import SubmissionLine
    from truceline.monitor.submissions import TakenSubmissions
    from truceline.store.base import Store

LINES_SHOWN = 20
"""Most versions printed in each part of the backlog, unless all are asked for."""
REJECTS_SHOWN = 10


def field_form(
    path: Annotated[
        Path, typer.Argument(metavar="FILE.xlsx", help="The XLSForm to write.", show_default=False)
    ],
    mission: Annotated[
        str, typer.Option(metavar="NAME|FILE", help="Regions and names of the sides are this mission's.")
    ] = "ukraine-2025",
    posts: Annotated[
        str,
        typer.Option(metavar="STORE", help="A store: its posts as choices, and its mission for --mission."),
    ] = "",
) -> None:
    """Write the field form as an XLSForm, for ODK Central and KoBoToolbox."""
    from truceline.exchange.xlsform import write_field_form
    from truceline.monitor.mission import load_mission, read_mission

    names: tuple[str, ...] = ()
    if posts:
        with open_for(posts, writing=False) as opened:
            settings, names = read_mission(opened), _names_of_posts(opened)
    else:
        settings = load_mission(mission)
    write_field_form(
        path,
        sides=(settings.sides["a"], settings.sides["b"]),
        posts=names,
        regions=[region.name for region in settings.regions],
    )
    print_line(
        f"{path}: upload it to the server as it is; {len(names)} posts and {len(settings.regions)} regions"
    )


def pull(
    store: StoreArgument,
    url: Annotated[
        str,
        typer.Argument(
            metavar="URL",
            help="ODK Central: https://HOST/v1/projects/N/forms/NAME.svc; KoBo: https://HOST/api/v2/assets/UID.",
            show_default=False,
        ),
    ],
    feed: Annotated[
        str, typer.Option(metavar="odk|kobo", help="Which server it is; by default told from the address.")
    ] = "",
    since: Annotated[
        str | None,
        typer.Option(
            metavar="DAY", help="First day, in the mission's time zone; by default where the last pull ended."
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would happen, and write nothing.")
    ] = False,
    who: WhoOption = None,
    why: WhyOption = "",
    wait: WaitOption = DEFAULT_WAIT_S,
) -> None:
    """Take new submissions of the field form from a server; TRUCELINE_ODK_TOKEN lets us in."""
    from truceline.monitor.mission import read_mission
    from truceline.monitor.pulling import fetch_pull, plan_pull, take_pull

    user = name_of_user(who)
    with open_for(store, writing=False, wait_s=wait) as opened:
        first = None if since is None else _start_of(read_day(since, "--since"), read_mission(opened).zone)
        planned = plan_pull(opened, url, kind=feed, since=first)
    fetched = fetch_pull(planned, os.environ)
    with open_for(store, writing=not dry_run, wait_s=wait) as opened:
        taken = take_pull(opened, planned, fetched, who=user, why=why, dry_run=dry_run, now=now_utc())
    print_taken(taken)
    for told in fetched.told:
        print_line(f"Note: {told}")


def submissions(
    store: StoreArgument,
    state: Annotated[
        str,
        typer.Option(
            metavar="STATE", help="Only these: taken, edited, late_edit, awaits_first, deleted or refused."
        ),
    ] = "",
    every: Annotated[bool, typer.Option("--all", help="Print every line, however many.")] = False,
    wait: WaitOption = DEFAULT_WAIT_S,
) -> None:
    """Show what of the field forms waits, came late, is missing, or shows a wrong clock."""
    from truceline.monitor.submission_backlog import read_backlog

    with open_for(store, writing=False, wait_s=wait) as opened:
        backlog = read_backlog(opened, state)
    if not backlog.states:
        print_line("No submissions" + (f" with the state {state}." if state else "."))
        return
    print_table(("state", "versions"), [Row((name, f"{n:,}")) for name, n in backlog.states.items()])
    most = None if every else LINES_SHOWN
    _print_lines("Not used, oldest first", backlog.waiting, most)
    _print_lines("Used, and late", backlog.late, most)
    _print_lines("Used, with earlier versions missing", backlog.gaps, most)
    print_line()
    print_title("Posts")
    print_table(
        ("post", "versions", "first", "last", "longest silence"),
        [
            Row(
                (
                    each.post or "(none)",
                    f"{each.n:,}",
                    _say(each.first),
                    _say(each.last),
                    f"{each.longest_silence_h:.1f} h",
                )
            )
            for each in backlog.posts
        ],
    )
    if backlog.clocks:
        print_line()
        print_title("Devices whose clock is off")
        print_table(
            ("device", "posts", "versions", "off", "ahead, at least"),
            [
                Row(
                    (
                        each.device,
                        ", ".join(each.posts),
                        f"{each.n}",
                        f"{each.n_ahead}",
                        f"{each.ahead_min:.0f} min",
                    )
                )
                for each in backlog.clocks
            ],
        )


def clocks(
    store: StoreArgument,
    days: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="The last N days; by default everything.")
    ] = None,
    wait: WaitOption = DEFAULT_WAIT_S,
) -> None:
    """Compare the clocks of posts by the incidents that several of them noticed."""
    from truceline.monitor.clocks import read_clocks

    with open_for(store, writing=False, wait_s=wait) as opened:
        found = read_clocks(opened, now=now_utc(), days=days)
    print_line(f"{found.n_incidents:,} incidents were noticed by two posts or more, to the minute")
    if found.posts:
        print_table(
            ("post", "ahead, min", "interval", "incidents", "verdict"),
            [
                Row(
                    (
                        each.post,
                        f"{each.offset_min:+.1f}",
                        f"{each.low_min:+.1f} to {each.high_min:+.1f}",
                        f"{each.n_shared:,}",
                        _VERDICTS[each.verdict],
                    ),
                    style="bold" if each.verdict == "off" else "",
                )
                for each in found.posts
            ],
        )
    if found.alone:
        print_line(f"Nothing to compare with: {', '.join(found.alone)}")
    for device in found.devices:
        posts = ", ".join(device.posts) or device.device
        print_line(f"The device of {posts} ran at least {device.ahead_min:.0f} min ahead of the server")


_VERDICTS = {
    "fits": "fits",
    "off": "off",
    "one_of_two": "differs from the one other; which is off cannot be told",
    "too_few": "too few incidents to tell",
}


def import_field_files(store: Store, files: Sequence[Path], *, who: str, why: str, dry_run: bool) -> None:
    """Take the submissions of the files of one export, and print what became of them."""
    from truceline.monitor.submissions import import_submissions

    print_taken(import_submissions(store, files, who=who, why=why, dry_run=dry_run, now=now_utc()))


def print_taken(taken: TakenSubmissions) -> None:
    """Print what became of submissions: states, rows, what was taken back, what is late, and clocks."""
    title = f"{taken.source}: field forms"
    print_title(f"{title} (dry run: nothing written)" if taken.is_dry_run else title)
    states = ", ".join(f"{name} {n:,}" for name, n in sorted(taken.states.items()))
    print_line(f"{taken.n_records:,} submissions, {taken.n_changed:,} new or changed: {states or 'none'}")
    for name, counts in (("reports", taken.reports), ("intervals of effort", taken.efforts)):
        print_line(
            f"{name}: {counts.n_new:,} new, {counts.n_repeated:,} repeated, {counts.n_corrected:,} corrected"
        )
    if taken.n_withdrawn:
        print_line(f"Taken back: {taken.n_withdrawn:,}; they stand in the history and count no more")
    if taken.undone:
        numbers = ", ".join(map(str, taken.undone))
        print_line(f"Incidents without any report left, no longer standing: {numbers}")
    if taken.left_standing:
        numbers = ", ".join(map(str, taken.left_standing))
        print_line(f"Decided by hand, and now without a report: {numbers} (truceline monitor review)")
    if taken.n_late:
        print_line(f"{taken.n_late:,} arrived long after the event (flag late)")
    for post, ahead in taken.clocks_off:
        print_line(
            f"The clock of {post} is off: at least {ahead.total_seconds() / 60:.0f} min ahead of the server"
        )
    if taken.n_rejected:
        print_line(f"{taken.n_rejected:,} rows cannot be used:")
        for reject in taken.rejects[:REJECTS_SHOWN]:
            hint = f"; {reject.hint}" if reject.hint else ""
            print_line(f"  submission {reject.line:,}  {reject.where}  {reject.found}{hint}")
    if taken.not_read:
        print_line(f"Not kept: {', '.join(taken.not_read)}")


def _print_lines(title: str, lines: Sequence[SubmissionLine], most: int | None) -> None:
    if not lines:
        return
    print_line()
    print_title(f"{title}: {len(lines):,}")
    print_table(
        ("submitted", "state", "post", "version", "note"),
        [
            Row((_say(each.submitted), each.state, each.post, each.instance, each.note))
            for each in lines[:most]
        ],
    )
    if most is not None and len(lines) > most:
        print_line(f"  ... {len(lines) - most:,} more: --all")


def _say(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M}"


def _start_of(day: datetime, zone: str) -> datetime:
    """Return the midnight that begins a local day, UTC without zone."""
    from zoneinfo import ZoneInfo

    return day.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).replace(tzinfo=None)


def _names_of_posts(store: Store) -> tuple[str, ...]:
    """Return the posts of the mission that stand, or are planned, by name."""
    from truceline.events.schema import POSTS

    posts = store.read_current(POSTS, columns=("post", "state"))
    return tuple(sorted(str(name) for name in posts.loc[posts["state"] != "closed", "post"]))
