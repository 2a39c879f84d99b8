"""`truceline monitor report`, `trend`, `export` and `replay`: what leaves the store.

Parses and prints; figures come from `truceline.monitor`, files from `truceline.publish`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from truceline.cli._console import Row, print_line, print_table, print_title, print_warnings
from truceline.cli._monitor_store import (
    DEFAULT_WAIT_S,
    SinceOption,
    StoreArgument,
    UntilOption,
    WaitOption,
    WhoOption,
    WhyOption,
    name_of_user,
    now_utc,
    open_for,
    read_day,
    read_hours,
)
from truceline.cli._progress import show_progress

if TYPE_CHECKING:
    from truceline.events.warning_score import TruceScore
    from truceline.monitor.replay import Replay
    from truceline.monitor.trend import Trend
    from truceline.store.base import Store

LevelOption = Annotated[
    str, typer.Option("--level", metavar="LEVEL", help="Whom it is for: public, parties or mission.")
]
DayArgument = Annotated[
    str, typer.Argument(metavar="DAY", help="Day on whose cut-off the period ends.", show_default=False)
]


def report(
    store: StoreArgument,
    day: DayArgument,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where the report goes; default daily, or daily-LEVEL."),
    ] = None,
    level: LevelOption = "mission",
    nights: Annotated[
        int, typer.Option(metavar="N", min=1, max=31, help="Reporting days covered, as 2 after a weekend.")
    ] = 1,
    without_exercises: Annotated[
        bool, typer.Option("--without-exercises", help="Leave live-fire exercises out of the violations.")
    ] = False,
    draft: Annotated[
        bool, typer.Option("--draft", help="Take no number, and write nothing into the register.")
    ] = False,
    as_of: Annotated[
        int | None, typer.Option(metavar="CHANGE", help="As the store stood after this change.")
    ] = None,
    who: WhoOption = None,
    why: WhyOption = "",
    wait: WaitOption = DEFAULT_WAIT_S,
) -> None:
    """Write the daily report: HTML and DOCX, with rows, positions and figures as CSV, GeoJSON and JSON."""
    from contextlib import nullcontext

    from truceline.files import replace_folder
    from truceline.monitor.assembling import assemble_day
    from truceline.monitor.backlog import check_ready, find_backlog
    from truceline.monitor.day_edition import make_edition
    from truceline.monitor.issuing import register_report
    from truceline.monitor.mission import read_mission
    from truceline.monitor.releasing import read_level
    from truceline.publish.daily_folder import MARKER, fill_folder

    reader = read_level(level, "--level")
    out = out or Path("daily" if level == "mission" else f"daily-{level}")
    last = read_day(day, "DAY").date()
    is_issued = not draft and as_of is None
    user = name_of_user(who) if is_issued else ""
    # The folder is refused before the work starts; what is in the register has its files, and the reverse.
    with (
        open_for(store, writing=is_issued, wait_s=wait) as opened,
        replace_folder(out, marker=MARKER) as folder,
    ):
        mission = read_mission(opened)
        if is_issued:
            check_ready(opened, mission, last, nights, now_utc())
        elif as_of is None:
            since, until = mission.period(read_day(day, "DAY"), n_days=nights)
            waiting = find_backlog(opened, since, until).problems(store)
            print_warnings("A draft over a backlog", [replace(each, warning=True) for each in waiting])
        made = assemble_day(
            opened,
            last,
            n_days=nights,
            include_exercises=not without_exercises,
            as_of=as_of,
            issued_at=now_utc() if is_issued else None,
        )
        draft_of = nullcontext(replace(made, is_draft=True))
        with register_report(opened, made, user, why) if is_issued else draft_of as made:
            edition = make_edition(opened, made, reader)
            names = fill_folder(edition, folder)
    total = made.total.violations
    span = f"{total.low:,} to {total.high:,}" if total.low != total.high else ""
    title = f"Report {made.number}/{made.year}" if is_issued else "Draft, without a number"
    print_line(
        f"{title}: {total.best:,} violations{f' ({span})' if span else ''} in {total.n_incidents:,} incidents"
    )
    for region in made.regions:
        if region.tally.violations.n_incidents or region.name:
            print_line(
                f"  {region.name or 'Other regions'}: {region.tally.violations.best:,} "
                f"(previous period {region.previous.violations.best:,})"
            )
    if made.corrections:
        print_line(
            f"{len(made.corrections)} figures of earlier reports no longer hold; the report lists them"
        )
    if level != "mission":
        print_line(
            f"Edition for the {level}: {edition.n_unreleased:,} of {len(edition.rows):,} incidents are not "
            "released; they are counted, and no more is told of them"
        )
    print_line(f"Written to {out}: {', '.join(names)}")


def trend(
    store: StoreArgument,
    until: UntilOption = None,
    days: Annotated[int, typer.Option(metavar="N", min=7, help="Days looked at.")] = 30,
    with_exercises: Annotated[
        bool, typer.Option("--with-exercises", help="Count live-fire exercises too.")
    ] = False,
    wait: WaitOption = DEFAULT_WAIT_S,
) -> None:
    """Show counts beside what was to be expected, and say what is unusual: a truce, a rise, a lost source."""
    from truceline.monitor.mission import read_mission
    from truceline.monitor.trend import watch_trend

    with open_for(store, writing=False, wait_s=wait) as opened:
        mission = read_mission(opened)
        end = now_utc() if until is None else mission.period(read_day(until, "--until"))[1]
        found = watch_trend(opened, until=end, days=days, now=now_utc(), include_exercises=with_exercises)
    _print_trend(found)


def _print_trend(found: Trend) -> None:
    """Print the days of the whole mission with verdict and alarm, then what is to be said of the last."""
    from truceline.monitor.trend import ALL

    print_title(f"Incidents of fighting, {found.since} to {found.until}")
    whole = found.days[found.days["region"] == ALL]
    verdicts = dict(zip(found.truces["day"], found.truces["verdict"], strict=True))
    levels = dict(zip(found.alarms["day"], found.alarms["level"], strict=True))
    rows = [
        Row(
            (
                f"{row.day:%Y-%m-%d}",
                say_number(row.n, 0),
                say_number(row.expected, 1),
                f"{row.low:,.0f} to {row.high:,.0f}" if math.isfinite(row.low) else "-",
                say_number(row.ratio, 2),
                str(verdicts.get(row.day, "")),
                str(levels.get(row.day, "")),
                row.flags,
            )
        )
        for row in whole.itertuples()
    ]
    heads = ("day", "incidents", "expected", "usual range", "ratio", "truce?", "alarm", "to know")
    print_table(heads, rows)
    print_line()
    for sentence in found.statements:
        print_line(sentence)


def say_number(value: float, digits: int) -> str:
    """Return a number as it is printed; what is not known is a dash."""
    return f"{value:,.{digits}f}" if math.isfinite(value) else "-"


def replay(
    store: StoreArgument,
    since: Annotated[str, typer.Option("--from", metavar="DAY", help="First day lived again.")],
    until: Annotated[str, typer.Option("--to", metavar="DAY", help="Last day.")],
    truces: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Table of known truces to score against; ours by default."),
    ] = None,
    lag: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Time after the cut-off when each day is judged; default 12 h."),
    ] = None,
    keep: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Keep the scratch store of the replay under this name."),
    ] = None,
    wait: WaitOption = DEFAULT_WAIT_S,
) -> None:
    """Run a past period day by day as if it were live, and score what was said of each day."""
    from truceline.events.warning_score import read_known_truces
    from truceline.monitor.replay import replay_period

    first, last = read_day(since, "--from"), read_day(until, "--to")
    known, wanted = read_known_truces(truces), None if lag is None else read_hours(lag, "--lag")
    with (
        open_for(store, writing=False, wait_s=wait) as opened,
        _make_scratch(keep) as scratch,
        show_progress(["replay"], quiet=False) as tell,
    ):
        done = replay_period(opened, scratch, first=first, last=last, truces=known, lag=wanted, progress=tell)
    _print_replay(done)


@contextmanager
def _make_scratch(keep: Path | None) -> Iterator[Store]:
    """Give an empty store for the length of a block; it stays as `keep` if the block ends well."""
    import tempfile

    from truceline.store.open import create_store

    if keep is None:
        with (
            tempfile.TemporaryDirectory(prefix="truceline-replay-") as folder,
            create_store(Path(folder) / "replay.duckdb") as scratch,
        ):
            yield scratch
        return
    opened = create_store(keep)  # refused here where something of that name is there: nothing to remove then
    is_done = False
    try:
        with opened as scratch:
            yield scratch
        is_done = True
    finally:
        if not is_done:
            for left in (keep, keep.with_name(f"{keep.name}.wal")):
                left.unlink(missing_ok=True)


def _print_replay(done: Replay) -> None:
    """Print what was said each evening, then how good it was."""
    from truceline.events.catalogue import load_watching_assumptions

    rows = [
        Row(
            (
                f"{each.day:%Y-%m-%d}",
                f"{each.n_reports:,}",
                f"{each.n_incidents:,}" if each.n_incidents >= 0 else "-",
                say_number(each.expected, 1),
                say_number(each.ratio, 2),
                each.verdict,
                each.alarm,
            )
        )
        for each in done.days
    ]
    print_table(("reporting day", "reports", "incidents", "expected", "ratio", "truce?", "alarm"), rows)
    print_line()
    for truce in done.truces:
        end = "open" if truce.ends is None else f"{truce.ends:%Y-%m-%d %H:%M}"
        print_line(f"Known: {truce.name}, {truce.scope}, {truce.starts:%Y-%m-%d %H:%M} to {end} UTC")
    for name, score in (("Ours", done.score), ("Naive", done.naive)):
        print_line(f"{name}: {_say_score(score)}")
    records = load_watching_assumptions()
    print_line(
        f"Naive is alerts below {records.value('naive.ratio'):g} of the median of the "
        f"{records.value('naive.days'):.0f} days before."
    )
    print_line(f"Alarms raised: {done.n_alarms}")


def _say_score(score: TruceScore) -> str:
    """Return how many truce days were found, and how many others were called one."""
    found = "no truce day"
    if score.n_truce_days:
        share = f"{100.0 * score.found_share:.0f} %"
        found = f"{score.n_found} of {score.n_truce_days} truce days found ({share})"
    false = f"{score.n_false} false in {score.n_days} days"
    if score.n_days:
        false = f"{false} ({score.false_per_hundred:.1f} in a hundred)"
    unknown = f", {score.n_not_known} truce days not known" if score.n_not_known else ""
    partly = f", {score.n_partly} days left out (under a truce in part)" if score.n_partly else ""
    return f"{found}, {false}{unknown}{partly}"


def export(
    store: StoreArgument,
    out: Annotated[
        Path,
        typer.Argument(
            metavar="OUT", help="A .gpkg or .geojson file, or a folder for CSV.", show_default=False
        ),
    ],
    what: Annotated[
        str | None,
        typer.Option(
            metavar="KINDS",
            help="Kinds of record: incidents, judgements, effort, reports; default the first three.",
        ),
    ] = None,
    level: LevelOption = "mission",
    since: SinceOption = None,
    until: UntilOption = None,
    delay: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Leave out what ended later than this before now; default 24 h."),
    ] = None,
    hxl: Annotated[
        bool, typer.Option("--hxl", help="CSV alone: a second row with the hashtags of HXL.")
    ] = False,
    wait: WaitOption = DEFAULT_WAIT_S,
) -> None:
    """Write incidents, violations and effort for maps and spreadsheets, without the words of the sources."""
    from truceline.monitor.exporting import gather_records
    from truceline.monitor.mission import read_mission
    from truceline.monitor.releasing import read_level
    from truceline.publish.record_files import write_records

    reader = read_level(level, "--level")
    kinds = None if what is None else tuple(word.strip() for word in what.split(",") if word.strip())
    with open_for(store, writing=False, wait_s=wait) as opened:
        mission = read_mission(opened)
        records = gather_records(
            opened,
            kinds,
            title=mission.name,
            now=now_utc(),
            delay=None if delay is None else read_hours(delay, "--delay"),
            since=None if since is None else mission.period(read_day(since, "--since"))[0],
            until=None if until is None else mission.period(read_day(until, "--until"))[1],
            level=reader,
        )
    names = write_records(records, out, with_hxl=hxl)
    counts = ", ".join(f"{len(frame):,} {kind}" for kind, frame in records.frames.items())
    print_line(f"{out}: {counts}; nothing after {records.until:%Y-%m-%d %H:%M} UTC")
    if records.n_unreleased:
        print_line(f"{records.n_unreleased:,} incidents are not released to the {level} and were left out")
    if records.n_withheld:
        print_line(f"{records.n_withheld:,} incidents are younger than the delay and were left out")
    if records.n_simulated:
        print_line(
            f"{records.n_simulated:,} simulated incidents were left out: they never stand among real ones"
        )
    if len(names) > 1:
        print_line(f"Files: {', '.join(names)}")
    for notice in records.notices:
        print_line(f"Notice: {notice}")
