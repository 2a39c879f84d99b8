"""`truceline rehearse`: the watching rehearsed on a simulated ceasefire, and scored against the truth.

Parses and prints; `truceline.simulate.rehearsal` computes. It can also write the reports of one simulated
ceasefire alone, for anybody to import.
"""

from __future__ import annotations

import json
import math
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from truceline.cli._console import Row, print_line, print_table, print_title
from truceline.cli._progress import show_progress
from truceline.cli.simulate_command import read_fixed
from truceline.errors import ProblemList, ScenarioError
from truceline.files import replace_folder

if TYPE_CHECKING:
    from truceline.scenario.assumption import AssumptionSet
    from truceline.simulate.rehearsal import Rehearsal, RehearsalAsked
    from truceline.simulate.rehearsal_table import Figure
    from truceline.simulate.watch import Watch

MARKER = "rehearsal.json"
"""File that every folder kept by a rehearsal holds: a folder without it is never replaced."""


def rehearse(
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="A finished plan folder.", show_default=False)],
    posture: Annotated[
        str, typer.Option(metavar="NAME", help="One of the plan's postures; the one planned in full.")
    ] = "",
    days: Annotated[
        int | None, typer.Option(metavar="N", help="Days before the collapse; default 120.")
    ] = None,
    replicates: Annotated[
        int | None, typer.Option(metavar="N", help="Ceasefires rehearsed at each level; default 4.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Seed of all draws.")] = 1,
    levels: Annotated[
        str | None,
        typer.Option(
            metavar="LIST", help="Levels of detection, as factors on the plan's means; default 0.25,0.5,1,2."
        ),
    ] = None,
    growth: Annotated[
        float | None,
        typer.Option(
            metavar="X", help="Factor by which incidents grow in a day of the collapse; default 1.3."
        ),
    ] = None,
    fix: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Hold an assumption of the ceasefire. May be given again."),
    ] = None,
    draw: Annotated[
        bool,
        typer.Option(
            "--draw", help="Draw the assumptions from their ranges; by default their stated values."
        ),
    ] = False,
    cap_branching: Annotated[
        float | None,
        typer.Option(metavar="X", help="Lower draws that would never end to this branching ratio."),
    ] = None,
    keep: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Keep stores, reports and score tables here; an older one is replaced."
        ),
    ] = None,
    reports: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.csv",
            help="Only write the reports of one simulated ceasefire, at the plan's level or --levels.",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document and nothing else.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress.")] = False,
) -> None:
    """Rehearse the watching: simulated reports through a store, scored against what was simulated.

    Linkage, verification, attribution and early warning are scored at several levels of detection. It says
    how well the watching would have worked if posts err as the assumptions say, not how likely a collapse is.
    """
    from truceline.simulate.catalogue import load_ceasefire_assumptions
    from truceline.simulate.rehearsal import N_DAYS, N_REPLICATES, RehearsalAsked

    assumptions, problems = load_ceasefire_assumptions(), ProblemList()
    asked = RehearsalAsked(
        n_days=N_DAYS if days is None else days,
        n_replicates=N_REPLICATES if replicates is None else replicates,
        seed=seed,
        levels=_read_levels(levels, reports is not None, problems),
        fixed=read_fixed(fix or (), assumptions, problems),
        is_drawn=draw,
        cap_branching=cap_branching,
        growth=growth,
    )
    _check(asked, assumptions, keep, reports, problems)
    from truceline.simulate.watch import read_watch

    watch = read_watch(plan, posture)
    if reports is not None:
        _write_reports(watch, asked, assumptions, reports)
        return
    from truceline.simulate.rehearsal import rehearse as run

    place: AbstractContextManager[Path | None] = (
        nullcontext() if keep is None else replace_folder(keep, marker=MARKER)
    )
    with place as folder:
        with show_progress(["rehearse"], quiet=quiet) as tell:
            found = run(watch, asked, assumptions=assumptions, keep=folder, progress=tell)
        text = _dump(found)
        if folder is not None:
            _write_tables(found, text, folder)
    if as_json:
        print_line(text)
        return
    _print(found)
    if keep is not None:
        print_line(
            f"Kept in {keep}: {MARKER}, rehearsal.csv, reliability.csv, and a store for every rehearsal."
        )


def _read_levels(text: str | None, is_alone: bool, problems: ProblemList) -> tuple[float, ...]:
    """Return the levels asked for, the default ones where they cannot be read."""
    from truceline.simulate.rehearsal import LEVELS

    default = (1.0,) if is_alone else LEVELS
    if text is None:
        return default
    found = []
    for word in text.split(","):
        try:
            found.append(float(word))
        except ValueError:
            problems.add("--levels", f"{word.strip()!r} is not a number", "write such as 0.25,0.5,1,2")
    if is_alone and len(found) > 1:
        problems.add("--levels", f"{len(found)} levels for one file of reports", "write one level")
    return tuple(found) or default


def _check(
    asked: RehearsalAsked,
    assumptions: AssumptionSet,
    keep: Path | None,
    reports: Path | None,
    problems: ProblemList,
) -> None:
    """Raise ScenarioError with everything that is wrong in what was asked, found before or here."""
    from truceline.simulate.parameters import check_parameters
    from truceline.simulate.rehearsal import find_problems

    problems.extend(find_problems(asked).problems)
    if keep is not None and reports is not None:
        problems.add("--reports", "stands beside --keep", "give one of them: --keep keeps the reports too")
    if reports is not None:
        if reports.suffix.lower() != ".csv":
            problems.add("--reports", f"'{reports}' is no CSV file", "name a file that ends in .csv")
        if not reports.parent.is_dir():
            problems.add("--reports", f"there is no folder '{reports.parent}'", "make it first")
    try:
        check_parameters(assumptions, fixed=asked.fixed, cap_branching=asked.cap_branching)
    except ScenarioError as error:
        problems.extend(error.problems)
    problems.raise_if_any(ScenarioError, "the rehearsal")


def _write_reports(watch: Watch, asked: RehearsalAsked, assumptions: AssumptionSet, path: Path) -> None:
    from truceline.files import write_atomically
    from truceline.simulate.observing import SIMULATION_START, format_reports
    from truceline.simulate.rehearsal import make_reports

    made = make_reports(watch, asked, assumptions=assumptions)
    write_atomically(path, format_reports(made))
    print_line(
        f"{path}: {len(made):,} simulated reports of {asked.n_days} days from {SIMULATION_START:%Y-%m-%d}, "
        f"at {asked.levels[0]:g} times the means of {watch.label}, seed {asked.seed}"
    )
    print_line("Import them into a store of their own: truceline monitor import STORE " + str(path))


def _write_tables(found: Rehearsal, text: str, folder: Path) -> None:
    from truceline.files import write_atomically
    from truceline.simulate.rehearsal_table import (
        format_figures,
        format_reliability,
        list_figures,
        list_reliability,
    )

    write_atomically(folder / "rehearsal.csv", format_figures(list_figures(found)))
    write_atomically(folder / "reliability.csv", format_reliability(list_reliability(found)))
    write_atomically(folder / MARKER, text + "\n")


def _dump(found: Rehearsal) -> str:
    """Return everything found as JSON, with what it takes to find it again."""
    from dataclasses import asdict

    from truceline import __version__
    from truceline.simulate.rehearsal_table import describe_rehearsal, list_figures, list_reliability

    document = {
        "version": __version__,
        "watch": found.watch_label,
        "watch_fingerprint": found.watch_fingerprint,
        "asked": {**asdict(replace(found.asked, fixed=dict(found.asked.fixed)))},
        "growth": found.growth,
        "most": found.most,
        "false_alarms_in_100_days": found.false_per_hundred,
        "p_of_status": dict(found.p_of_status),
        "sentences": describe_rehearsal(found),
        "figures": [_without_nan(asdict(each)) for each in list_figures(found)],
        "reliability": [_without_nan(asdict(each)) for each in list_reliability(found)],
    }
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)


def _without_nan(row: dict[str, object]) -> dict[str, object]:
    return {
        name: None if isinstance(value, float) and math.isnan(value) else value for name, value in row.items()
    }


def _print(found: Rehearsal) -> None:
    from truceline.simulate.rehearsal_table import describe_rehearsal, list_figures, list_reliability

    sentences = describe_rehearsal(found)
    print_line(sentences[0])
    figures = list_figures(found)
    levels = [score.level for score in found.scores]
    heads = [f"{level:g} x means" for level in levels]
    by_place = {(each.group, each.name, each.level): each for each in figures}
    for group in dict.fromkeys(each.group for each in figures):
        print_line()
        print_title(group[0].upper() + group[1:])
        names = dict.fromkeys(each.name for each in figures if each.group == group)
        rows = [
            Row((name, *(_say(by_place.get((group, name, level))) for level in levels))) for name in names
        ]
        print_table(("", *heads), rows)
    print_line()
    print_title("Said and true: probabilities beside what came true, all levels")
    rows = [
        Row(
            (
                f"{r.level:g} x",
                r.what,
                f"{r.p_from:g} to {r.p_to:g}",
                f"{r.n:,}",
                f"{r.mean_p:.2f}",
                f"{r.share_right:.2f}",
            )
        )
        for r in list_reliability(found)
    ]
    print_table(("level", "said that", "probability", "cases", "said, mean", "true"), rows)
    print_line()
    for sentence in sentences[1:]:
        print_line(sentence)


def _say(figure: Figure | None) -> str:
    """Return a figure with its band."""
    if figure is None or (math.isnan(figure.value) and not figure.n):
        return "-"
    said = _say_value(figure.value, figure.unit)
    if math.isnan(figure.low) and math.isnan(figure.high):
        return said
    return f"{said} ({_say_value(figure.low, figure.unit)} to {_say_value(figure.high, figure.unit)})"


def _say_value(value: float, unit: str) -> str:
    if math.isnan(value):
        return "none" if unit == "day" else "-"
    if unit == "share":
        return f"{100.0 * value:.1f} %"
    return f"{value:,.0f}" if unit == "day" or abs(value) >= 100 else f"{value:.3g}"
