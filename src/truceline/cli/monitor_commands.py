"""`truceline monitor`: the watching itself, from reports in to the daily report out.

Parses and prints; what a report, an incident or a violation is, is decided by `truceline.monitor`. Every
command that writes takes who does it and why, and one writes at a time: others wait and say so.
"""

from __future__ import annotations

import shlex
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperCommand

from truceline.cli import (
    monitor_copy,
    monitor_cot,
    monitor_cot_send,
    monitor_field,
    monitor_products,
    monitor_review,
    monitor_tokens,
    monitor_upgrade,
    monitor_warn,
)
from truceline.cli._console import Row, print_line, print_table, print_title
from truceline.cli._monitor_store import (
    DEFAULT_WAIT_S,
    SinceOption,
    StoreArgument,
    WaitOption,
    WhoOption,
    WhyOption,
    existing_files,
    name_of_user,
    now_utc,
    open_for,
    read_day,
    read_metres,
    read_pairs,
)
from truceline.cli._progress import show_progress
from truceline.cli._store_option import StoreTyper

if TYPE_CHECKING:
    from truceline.monitor.importing import ImportSummary

app = StoreTyper(
    help="Run the watching: reports in, incidents, violations, effort, warning, the daily report out.",
    no_args_is_help=True,
)

app.add_typer(monitor_review.app, name="review")
app.add_typer(monitor_tokens.app, name="token")

REJECTS_SHOWN = 10
"""Most rejected rows printed one by one for a file; the store keeps them all."""
REASONS_SHOWN = 8


@app.command("init")
def init(
    store: StoreArgument,
    mission: Annotated[
        str, typer.Option(metavar="NAME|FILE", help="A packaged mission, or a YAML file of your own.")
    ] = "ukraine-2025",
    agreement: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME|FILE",
            help="An agreement to judge against: a packaged name or a YAML file. May be given again.",
        ),
    ] = None,
    who: WhoOption = None,
    why: WhyOption = "",
) -> None:
    """Make a store for a mission: one file that holds everything the mission records."""
    from truceline.events.agreements import load_agreement
    from truceline.monitor.agreeing import add_agreement, list_packaged_agreements
    from truceline.monitor.mission import load_mission, write_mission
    from truceline.store.open import create_store

    settings = load_mission(mission)
    names = agreement or []
    for name in names:
        load_agreement(name)  # a store is made only where all of it can be
    user = name_of_user(who)
    with create_store(store) as made:
        with made.change(who=user, what="init", why=why) as change:
            write_mission(change, settings)
        added = [add_agreement(made, name, who=user, why=why) for name in names]
        place = made.place  # an address without its password
    print_line(f"{place}: {settings.name}, {settings.sides['a']} (a) and {settings.sides['b']} (b)")
    print_line(f"Reporting days end at {settings.cutoff:%H:%M} {settings.zone}")
    if added:
        print_line("Agreements: " + "; ".join(f"{each.name} ({each.title})" for each in added))
    else:
        print_line(f"No agreement yet; --agreement takes {', '.join(list_packaged_agreements())}, or a file")
    print_line(f"Next: truceline monitor import {shlex.quote(place)} FILE...")


@app.command("form", cls=TyperCommand)
def write_an_empty_form(
    path: Annotated[
        Path, typer.Argument(metavar="FILE", help="The file to write, .csv or .xlsx.", show_default=False)
    ],
    kind: Annotated[str, typer.Option(help="What is to be filled in: reports or efforts.")] = "reports",
    examples: Annotated[
        bool, typer.Option("--examples", help="Put the example rows among those to be filled in.")
    ] = False,
) -> None:
    """Write an empty form for a field office; a workbook explains its columns and shows examples."""
    from truceline.events.feeds.forms import write_form

    write_form(path, kind, examples=examples)
    print_line(f"{path}: fill it in and import it" + ("; delete the example rows first" if examples else ""))


@app.command("import")
def import_files(
    store: StoreArgument,
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="CSV, XLSX, GeoJSON or Parquet files; exports of the field form, ZIP and JSON too.",
            show_default=False,
        ),
    ],
    feed: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Format of the files; by default it is told from their columns."),
    ] = None,
    sheet: Annotated[
        str, typer.Option(metavar="NAME", help="Sheet of a workbook; the first by default.")
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would happen, and write nothing.")
    ] = False,
    keep_going: Annotated[
        bool,
        typer.Option("--keep-going", help="Take the rest even where most rows fail for one reason."),
    ] = False,
    who: WhoOption = None,
    why: WhyOption = "",
    wait: WaitOption = DEFAULT_WAIT_S,
) -> None:
    """Take reports from files: each file whole or not at all, and nothing twice."""
    from truceline.errors import Problem
    from truceline.events.feeds.odk_files import looks_like_submissions
    from truceline.events.feeds.registry import find_feed
    from truceline.events.readers.chunk import ReportFileError
    from truceline.monitor.importing import import_file

    existing_files(files)
    user = name_of_user(who)
    is_field = feed in ("odk", "kobo")
    known = None if feed is None or is_field else find_feed(feed)
    forms = [path for path in files if is_field or (feed is None and looks_like_submissions(path))]
    failed: list[Problem] = []
    with open_for(store, writing=not dry_run, wait_s=wait) as opened:
        if forms:
            try:
                monitor_field.import_field_files(opened, forms, who=user, why=why, dry_run=dry_run)
            except ReportFileError as error:
                if len(files) == len(forms):
                    raise
                failed += error.problems
        for path in (path for path in files if path not in forms):
            try:
                with show_progress(["read"], quiet=False) as tell:
                    summary = import_file(
                        opened,
                        path,
                        who=user,
                        why=why,
                        feed=known,
                        sheet=sheet,
                        dry_run=dry_run,
                        keep_going=keep_going,
                        now=now_utc(),
                        progress=partial(tell, "read"),
                    )
            except ReportFileError as error:
                if len(files) == 1:
                    raise
                failed += error.problems
                continue
            _print_import(summary)
    if failed:
        raise ReportFileError("Some files were not imported; the others were", failed)


def _print_import(summary: ImportSummary) -> None:
    """Print what became of one file: counts, period, flags, the reasons for rejecting and the first rows."""
    title = f"{summary.file_name}: {summary.title}"
    print_title(f"{title} (dry run: nothing written)" if summary.is_dry_run else title)
    print_line(
        f"{summary.n_read:,} rows: {summary.n_new:,} new, {summary.n_repeated:,} repeated, "
        f"{summary.n_corrected:,} corrected, {summary.n_rejected:,} rejected"
    )
    if summary.is_known_file:
        print_line("The very same file was imported before.")
    if summary.period is not None:
        begin, end = summary.period
        print_line(f"Period: {begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC")
    for head, counts in (("Kinds", summary.kinds), ("Flagged", summary.flags)):
        if counts:
            print_line(f"{head}: " + ", ".join(f"{word} {n:,}" for word, n in counts.items()))
    if summary.ignored_columns:
        print_line(f"Kept but not read: {', '.join(summary.ignored_columns)}")
    if summary.n_rejected:
        print_table(
            ("rejected", "column", "why"),
            [Row((f"{each.n:,}", each.where, each.reason)) for each in summary.reasons[:REASONS_SHOWN]],
        )
        for reject in summary.rejects[:REJECTS_SHOWN]:
            hint = f"; {reject.hint}" if reject.hint else ""
            print_line(f"  line {reject.line:,}  {reject.where}  {reject.found}{hint}")
        if summary.n_rejected > REJECTS_SHOWN and not summary.is_dry_run:
            print_line(f"  ... all {summary.n_rejected:,}: truceline monitor rejects STORE")
    if "simulated" in summary.flags:
        print_line("Simulated reports never stand among real ones: keep them in a store of their own.")
    if summary.notice:
        print_line(f"Notice: {summary.notice}")


@app.command("rejects")
def list_rejects(
    store: StoreArgument,
    batch: Annotated[
        int | None, typer.Option(metavar="N", help="The import; the last one with rejected rows by default.")
    ] = None,
    wait: WaitOption = DEFAULT_WAIT_S,
) -> None:
    """List the imports, and the rows of one that could not be used, with line and reason."""
    from truceline.monitor.importing import read_rejects

    with open_for(store, writing=False, wait_s=wait) as opened:
        batches, chosen, rejects = read_rejects(opened, batch)
    heads = ("import", "file", "format", "rows", "new", "repeated", "corrected", "rejected")
    print_table(heads, [Row(tuple(map(str, row))) for row in batches])
    if chosen is not None:
        print_line()
        print_title(f"Rejected in import {chosen}")
        print_table(("line", "column", "found", "write"), [Row(tuple(map(str, row))) for row in rejects])


@app.command("link")
def link(
    store: StoreArgument,
    since: SinceOption = None,
    who: WhoOption = None,
    why: WhyOption = "",
    wait: WaitOption = DEFAULT_WAIT_S,
) -> None:
    """Fuse new reports to incidents; what was linked stays, and decisions by hand are kept."""
    from truceline.monitor.linking import link_reports
    from truceline.monitor.mission import read_mission

    with open_for(store, writing=True, wait_s=wait) as opened:
        first = None if since is None else read_mission(opened).period(read_day(since, "--since"))[0]
        with show_progress(["read", "compare", "write"], quiet=False) as tell:
            done = link_reports(opened, who=name_of_user(who), why=why, since=first, progress=tell)
    if done.change_id is None:
        print_line("Nothing new to link.")
        return
    print_line(
        f"{done.n_reports:,} reports linked: {done.n_incidents:,} new incidents, {done.n_joined:,} reports "
        f"joined known ones, {done.n_repeats:,} repeat another word for word (change {done.change_id})"
    )
    if done.suggestions:
        print_line(f"{len(done.suggestions):,} pairs of incidents may be one: truceline monitor review list")


@app.command("agree")
def agree(
    store: StoreArgument,
    agreement: Annotated[
        str, typer.Argument(metavar="AGREEMENT", help="A packaged agreement, or a YAML file.")
    ],
    line: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=FILE",
            help="A line that the agreement measures from, side a on its left. May be given again.",
        ),
    ] = None,
    tolerance: Annotated[
        str, typer.Option(metavar="LENGTH", help="How far the lines may lie from what they stand for.")
    ] = "0 m",
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="Take the agreement out of those judged against.")
    ] = False,
    who: WhoOption = None,
    why: WhyOption = "",
    wait: WaitOption = DEFAULT_WAIT_S,
) -> None:
    """Add an agreement to judge against, replace it, or withdraw it; nothing judged is erased."""
    from truceline.monitor.agreeing import add_agreement, withdraw_agreement

    lines = read_pairs(line or [], "--line")
    tolerance_m = read_metres(tolerance, "--tolerance")
    with open_for(store, writing=True, wait_s=wait) as opened:
        if withdraw:
            withdraw_agreement(opened, agreement, who=name_of_user(who), why=why)
            print_line(f"{agreement} is withdrawn; judge again to close its verdicts")
            return
        added = add_agreement(
            opened, agreement, who=name_of_user(who), why=why, lines=lines, tolerance_m=tolerance_m
        )
    print_line(f"{added.name}: {added.title}, {len(added.clauses)} clauses")
    for name in added.missing_lines:
        print_line(
            f"  the line '{name}' is not known: what depends on it stays unclear; give --line {name}=FILE"
        )


@app.command("posture")
def posture(
    store: StoreArgument,
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="The folder of a finished plan.")],
    name: Annotated[
        str, typer.Option("--posture", metavar="NAME", help="One of its postures; the one planned in full.")
    ] = "",
    who: WhoOption = None,
    why: WhyOption = "",
    wait: WaitOption = DEFAULT_WAIT_S,
) -> None:
    """Keep a plan's posture: counts are corrected by its chances of noticing, maps show its posts."""
    from truceline.monitor.effort import read_posture_chances
    from truceline.monitor.places import read_places_of_plan
    from truceline.monitor.posture import keep_posture

    chances = read_posture_chances(plan, posture=name)
    places = read_places_of_plan(plan, posture=name)
    with open_for(store, writing=True, wait_s=wait) as opened:
        kept = keep_posture(opened, chances, who=name_of_user(who), why=why, places=places)
    sectors = {sector for sector, _ in chances if sector}
    print_line(f"{len(sectors)} sectors; an incident on the line is noticed with {chances['', ''][0]:.0%}")
    gone = f", {kept.n_closed:,} of an earlier posture closed" if kept.n_closed else ""
    print_line(f"{kept.n_posts:,} posts and {kept.n_cells:,} cells for maps{gone}")


@app.command("judge")
def judge(
    store: StoreArgument,
    agreement: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME|FILE", help="Add an agreement first. May be given again."),
    ] = None,
    since: SinceOption = None,
    who: WhoOption = None,
    why: WhyOption = "",
    wait: WaitOption = DEFAULT_WAIT_S,
) -> None:
    """Judge incidents against every clause in force; verify and attribute them by rule."""
    from truceline.monitor.agreeing import add_agreement
    from truceline.monitor.judging import judge_store
    from truceline.monitor.mission import read_mission

    user = name_of_user(who)
    with open_for(store, writing=True, wait_s=wait) as opened:
        for name in agreement or []:
            add_agreement(opened, name, who=user, why=why)
        first = None if since is None else read_mission(opened).period(read_day(since, "--since"))[0]
        with show_progress(["read", "judge", "write"], quiet=False) as tell:
            done = judge_store(opened, who=user, why=why, since=first, progress=tell)
    print_line(f"{done.n_incidents:,} incidents judged, {done.n_changed:,} verdicts new or changed")
    for name in done.unknown_lines:
        print_line(
            f"  the line {name} is not known: what depends on it stays unclear (truceline monitor agree)"
        )
    rows = [Row((clause, f"{verdict}", f"{n:,}")) for (clause, verdict), n in sorted(done.verdicts.items())]
    if rows:
        print_table(("clause", "verdict", "incidents"), rows)


app.command("copy")(monitor_copy.copy)
app.command("upgrade")(monitor_upgrade.upgrade)
app.command("report")(monitor_products.report)
app.command("trend")(monitor_products.trend)
app.command("export")(monitor_products.export)
app.command("replay")(monitor_products.replay)
app.command("field-form", cls=TyperCommand)(monitor_field.field_form)
app.command("pull")(monitor_field.pull)
app.command("submissions")(monitor_field.submissions)
app.command("clocks")(monitor_field.clocks)
app.command("warn")(monitor_warn.warn)
app.command("listen")(monitor_cot.listen)
app.command("send")(monitor_cot_send.send)
