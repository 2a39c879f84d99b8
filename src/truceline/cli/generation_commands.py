"""`truceline generate`, `backstop` and `unlock`: who would come, what the backstop is worth, what unlocks it.

Parses and prints; `truceline.generation` computes. Each command takes a scenario, which is planned first, or
a finished plan folder, which is read.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from truceline.cli._console import print_line, print_warnings
from truceline.cli._generation_item import Asked, Item, check_asked, list_stages, open_item
from truceline.cli._progress import show_progress
from truceline.errors import InfeasibleError, ProblemList, ScenarioError

if TYPE_CHECKING:
    from truceline.generation.backstop import SweepPoint
    from truceline.generation.register import Register
    from truceline.generation.register_diff import StanceChange
    from truceline.generation.result import Generation

STAGES = ("situation", "cases", "backstop", "unlocking")
"""Stages of generation that are shown, after those of planning."""
Part = Literal["backstop", "unlock", "claims"]

ItemArgument = Annotated[
    str,
    typer.Argument(
        metavar="ITEM",
        help="Name of a packaged scenario, a scenario file, or a finished plan folder.",
        show_default=False,
    ),
]
PostureOption = Annotated[
    str | None, typer.Option(help="Posture to ask about; default the one planned in full.")
]
DayOption = Annotated[
    str | None,
    typer.Option("--as-of", metavar="DATE", help="Day on which it is asked, for example 2025-09-05."),
]
SinceOption = Annotated[
    str | None, typer.Option("--since", metavar="DATE", help="Also say what changed since this earlier day.")
]
CaseOption = Annotated[
    str | None,
    typer.Option(
        help="today, no-backstop, coalition, un-mandate or everyone-decides; default the scenario's."
    ),
]
MeetOption = Annotated[
    list[str] | None,
    typer.Option("--meet", metavar="CONDITION", help="Take one more condition as met. May be given again."),
]
UnmeetOption = Annotated[
    list[str] | None,
    typer.Option("--unmeet", metavar="CONDITION", help="Take a condition as not met. May be given again."),
]
BurdenOption = Annotated[
    str | None,
    typer.Option(help="Who is asked first: stated-first, gdp-share or equal-effort; default the scenario's."),
]
PledgesOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Register of dated statements, in place of the scenario's."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
QuietOption = Annotated[bool, typer.Option("--quiet", help="Show no progress and no warnings.")]


@dataclass(frozen=True, eq=False)
class _Answer:
    """What was asked, of what, and what was found."""

    item: Item
    now: Generation
    before: Generation | None
    """The same on the day given as `--since`."""


def generate(
    item: ItemArgument,
    posture: PostureOption = None,
    as_of: DayOption = None,
    since: SinceOption = None,
    case: CaseOption = None,
    meet: MeetOption = None,
    unmeet: UnmeetOption = None,
    burden: BurdenOption = None,
    pledges: PledgesOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Say who would come: people and support of every nation in a case, what is short, and who said nothing.

    A size that a nation stated stands as stated. Where nobody stated one the number is ours, has a range, and
    is marked with ~ wherever it is printed.
    """
    asked = check_asked(
        "generate",
        item,
        posture=posture,
        as_of=as_of,
        since=since,
        case=case,
        meet=meet,
        unmeet=unmeet,
        burden=burden,
        pledges=pledges,
    )
    found = _answer(asked, quiet, ())
    from truceline.cli._generate_print import print_changes, print_generation, print_heading
    from truceline.cli._generation_json import describe_changes, dump
    from truceline.generation.register_diff import compare_days

    changes: tuple[StanceChange, ...] = ()
    if found.before is not None:
        changes = compare_days(_read_register(found), found.before.as_of, found.now.as_of)
    if as_json:
        more = None if found.before is None else {"since": describe_changes(found.before, changes)}
        print_line(dump("generate", found.item.title, found.now, more))
        return
    _warn(found, quiet)
    print_heading(found.now, found.item.title)
    print_generation(found.now, found.now.book)
    if found.before is not None:
        print_changes(found.before, found.now, changes)


def backstop(
    item: ItemArgument,
    posture: PostureOption = None,
    as_of: DayOption = None,
    burden: BurdenOption = None,
    pledges: PledgesOption = None,
    claims: Annotated[
        bool, typer.Option("--claims", help="Also print the score sheet of published claims.")
    ] = False,
    sweep: Annotated[
        bool,
        typer.Option("--sweep", help="Also print how the guarantee's worth hangs on what nobody has said."),
    ] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Say what the US backstop is worth, task by task: needed, held by others, missing, and what it changes.

    Each task is valued alone, taken away last, and by its fair share over all sets of tasks (Shapley): on
    people, detection, verification and the weakest crossing.
    """
    asked = check_asked(
        "backstop",
        item,
        posture=posture,
        as_of=as_of,
        burden=burden,
        pledges=pledges,
    )
    parts: tuple[Part, ...] = ("backstop", "claims") if claims else ("backstop",)
    found = _answer(asked, quiet, parts)
    from truceline.cli._backstop_print import (
        print_backstop_rows,
        print_claims,
        print_heading,
        print_sweep,
        print_worth,
    )
    from truceline.cli._generation_json import describe_sweep, dump

    points = _sweep(found, quiet) if sweep else ()
    if as_json:
        more: dict[str, Any] = {"claims": []} if claims else {}
        if sweep:
            more["sweep"] = describe_sweep(points)
        print_line(dump("backstop", found.item.title, found.now, more or None))
        return
    _warn(found, quiet)
    print_heading(found.now, found.item.title)
    print_line()
    print_backstop_rows(found.now.backstop_rows)
    if found.now.backstop is not None:
        print_line()
        print_worth(found.now.backstop)
        if sweep:
            print_line()
            print_sweep(points, found.now.backstop)
    if claims:
        print_line()
        print_claims(found.now.claims)


def unlock(
    item: ItemArgument,
    target: Annotated[
        str,
        typer.Option(
            help="What is to be reached: people=10000, people=50%, detect=0.5, fill=0.8 or "
            "fill.air-defence=1; default the people of the plan, or the largest quarter of them within reach."
        ),
    ] = "",
    joint: Annotated[
        bool | None,
        typer.Option(
            "--joint/--sequential",
            help="All sign together, or each waits for those it names; default both.",
            show_default=False,
        ),
    ] = None,
    posture: PostureOption = None,
    as_of: DayOption = None,
    since: SinceOption = None,
    burden: BurdenOption = None,
    pledges: PledgesOption = None,
    show: Annotated[int, typer.Option(metavar="N", help="Sets printed; the rest are counted.", min=1)] = 8,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Find the smallest sets of conditions that bring a target within reach, and the one met soonest.

    A condition in every set is fragile: without it the target is out of reach whatever else is met. A target
    beyond reach ends with the best that can be reached, what it lacks, and exit code 2.
    """
    asked = check_asked(
        "unlock",
        item,
        posture=posture,
        as_of=as_of,
        since=since,
        burden=burden,
        pledges=pledges,
        target=target,
    )
    found = _answer(asked, quiet, ("unlock",))
    from truceline.cli import _unlock_print as words
    from truceline.cli._generation_json import describe_unlocking_change, dump
    from truceline.generation.unlock import Unlocking, compare_unlockings

    def wanted(generation: Generation) -> dict[bool, Unlocking]:
        return {one.joint: one for one in generation.unlocking if joint in (None, one.joint)}

    now = wanted(found.now)
    changes = {}
    if found.before is not None:
        then = wanted(found.before)
        changes = {way: compare_unlockings(then[way], one) for way, one in now.items() if way in then}
    if as_json:
        more: dict[str, Any] = {}
        if found.before is not None:
            more["since"] = {
                "day": found.before.as_of.isoformat(),
                "unlocking": [
                    describe_unlocking_change(change, words.name_way(way)) for way, change in changes.items()
                ],
            }
        print_line(dump("unlock", found.item.title, found.now, more, signatures=set(now)))
    else:
        _warn(found, quiet)
    tell_value = words.choose_words(asked.target)
    if not any(one.reachable for one in now.values()):
        found_out = [words.tell_beyond_reach(found.now, one, tell_value) for one in now.values()]
        problems = ProblemList()
        for text, hint in dict.fromkeys(found_out):
            problems.add(found.now.unlock_target, text, hint)
        problems.raise_if_any(InfeasibleError, "unlock")
    if as_json:
        return
    words.print_heading(found.now, found.item.title)
    ways = list(now.values())
    for n, one in enumerate(ways):
        if n and words.are_alike(ways[0], one):
            print_line(f"{words.name_way(one.joint).capitalize()}: the same sets.")
            continue
        words.print_unlocking(found.now, one, tell_value, show)
    told = []
    for way, change in changes.items():
        if change in told:
            print_line(f"{words.name_way(way).capitalize()}: the same changes.")
            continue
        told.append(change)
        words.print_unlocking_change(change, way, tell_value, show)


def _answer(asked: Asked, quiet: bool, parts: tuple[Part, ...]) -> _Answer:
    """Open the item and ask, for the day and, where there is one, for the earlier day.

    parts: what is found out beside who comes in every case; each takes its time.
    """
    from truceline.generation.make import Question
    from truceline.generation.make import generate as ask
    from truceline.plan.backstop_days import deploying_of
    from truceline.plan.money import claim_prices

    question = Question(
        case=asked.case or "",
        meet=asked.meet,
        unmeet=asked.unmeet,
        burden=asked.burden or "",
        target=asked.target,
        backstop="backstop" in parts,
        unlock="unlock" in parts,
        claims="claims" in parts,
    )
    with show_progress(list_stages(asked, STAGES), quiet=quiet) as tell:
        item = open_item(asked, tell, every_posture="claims" in parts)
        day, since = asked.as_of or item.as_of, asked.since
        if since is not None and since >= day:
            problems = ProblemList()
            hint = "give an earlier day, or a later one as --as-of"
            problems.add(f"--since {since}", f"is not before {day}, the day asked about", hint)
            problems.raise_if_any(ScenarioError, "days")
        prices = claim_prices(item.basis.mission, item.assumptions) if question.claims else None
        deploying = None
        if question.backstop and item.dates is not None:
            deploying = deploying_of(item.dates, item.assumptions)
        now = ask(item.basis, item.contributors, day, item.assumptions, question, tell, prices, deploying)
        before = None
        if since is not None:
            if now.unlocking and not asked.target:  # a default is chosen by day: both are asked for one thing
                question = replace(question, target=f"people={now.unlocking[0].target:.6f}")
            before = ask(item.basis, item.contributors, since, item.assumptions, question, tell)
    return _Answer(item, now, before)


def _sweep(found: _Answer, quiet: bool) -> tuple[SweepPoint, ...]:
    """Weigh the backstop for every number of tasks that nations may mean by it."""
    from truceline.generation.make import sweep_tasks_wanted

    item, now = found.item, found.now
    with show_progress(["sweep"], quiet=quiet) as tell:
        return sweep_tasks_wanted(now.basis, item.contributors, now.as_of, item.assumptions, tell)


def _read_register(found: _Answer) -> Register:
    """Return the register that an answer rests on, for what changed between two days."""
    from truceline.generation.situation import read_situation

    item, now = found.item, found.now
    return read_situation(
        item.contributors, now.as_of, now.basis.mission, item.assumptions, now.requirements
    ).register


def _warn(found: _Answer, quiet: bool) -> None:
    if not quiet:
        print_warnings("Warnings", (*found.item.warnings, *found.now.warnings))
