"""`truceline simulate`: will it hold: a ceasefire watched by a plan, simulated under named assumptions.

Parses and prints; `truceline.simulate` computes. The process is printed before anything of it is simulated,
and no chance of holding is printed without its baseline and the factor r of the backstop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from truceline.cli._console import print_line
from truceline.cli._progress import show_progress
from truceline.errors import ProblemList, ScenarioError, TrucelineError
from truceline.files import replace_folder
from truceline.units import QuantityError, parse_quantity

if TYPE_CHECKING:
    from truceline.scenario.assumption import AssumptionSet
    from truceline.simulate.backstop_dial import Threshold
    from truceline.simulate.ensemble import Comparison
    from truceline.simulate.settings import Settings
    from truceline.simulate.watch import Watch

NOBODY = "nobody"
"""What `--against` takes for the same line without any watch."""
SWEEPS = ("backstop",)
"""What can be swept."""
DEFAULT_REPLICATES = 2_000
"""Enough for medians and bands to stand still in the digits printed."""
Found = TypeVar("Found")


@dataclass(frozen=True)
class _Question:
    """What was asked, read and found to be possible."""

    watches: tuple[Watch, ...]
    assumptions: AssumptionSet
    settings: Settings
    fixed: dict[str, float]
    threshold: Threshold | None


def simulate(
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="A finished plan folder.", show_default=False)],
    against: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PLAN",
            help="Another plan for the same line, PLAN=POSTURE for one of its postures, or `nobody`. "
            "May be given again.",
        ),
    ] = None,
    posture: Annotated[
        str, typer.Option(metavar="NAME", help="One of the plan's postures; the one planned in full.")
    ] = "",
    days: Annotated[int, typer.Option(metavar="N", help="Days simulated from the ceasefire.")] = 365,
    replicates: Annotated[
        int, typer.Option(metavar="N", help="Replicates; memory does not grow with them.")
    ] = DEFAULT_REPLICATES,
    seed: Annotated[int, typer.Option(metavar="N", help="Seed of all draws.")] = 1,
    fix: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Hold a parameter that would be drawn. May be given again."),
    ] = None,
    cap_branching: Annotated[
        float | None,
        typer.Option(metavar="X", help="Lower draws that would never end to this branching ratio."),
    ] = None,
    sweep: Annotated[
        str | None, typer.Option(metavar="WHAT", help="`backstop`: the whole dial, 0.15 to 1.2.")
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(metavar="USD", help="What a month of war avoided may cost: find the break-even."),
    ] = None,
    backstop_cost: Annotated[
        float | None,
        typer.Option(metavar="USD", help="Cost of the backstop a year; default from the plan's tables."),
    ] = None,
    sensitivity: Annotated[
        bool, typer.Option("--sensitivity", help="Also find on which assumptions the answer hangs.")
    ] = False,
    workers: Annotated[
        int, typer.Option(metavar="N", help="Processes of this machine; the answer does not depend on it.")
    ] = 1,
    scheduler: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Run on this Dask scheduler, such as tcp://192.0.2.7:8786.")
    ] = "",
    describe: Annotated[
        bool, typer.Option("--describe", help="Print the process and stop before anything is simulated.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Write report, document and tables; an older one is replaced."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document and nothing else.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress.")] = False,
) -> None:
    """Simulate a ceasefire watched by a plan: incidents, what is seen, replies, and whether it holds.

    Not a forecast. Two named baselines stand side by side and are never averaged; the backstop is a factor r
    on the daily hazard, turned by hand.
    """
    asked = _Asked(
        plan, tuple(against or ()), posture, days, tuple(fix or ()), sweep, threshold, backstop_cost
    )
    question = _read(asked, replicates, seed, cap_branching, workers, scheduler)
    from truceline.cli import _simulate_print as printing

    if not as_json:
        printing.print_question(question.watches, question.settings, replicates, seed)
        printing.print_process(
            question.watches[0], question.assumptions, question.settings, question.fixed, cap_branching
        )
    if describe:
        return
    from truceline.simulate.ensemble import compare_plans

    stages = ["simulate", *(["sensitivity"] if sensitivity else []), *(["write"] if out else [])]
    options: dict[str, Any] = {
        "assumptions": question.assumptions,
        "settings": question.settings,
        "seed": seed,
        "fixed": question.fixed,
        "cap_branching": cap_branching,
        "workers": workers,
        "scheduler": scheduler,
    }
    place: AbstractContextManager[Path | None] = nullcontext()
    if out is not None:
        from truceline.publish.simulation_folder import MARKER

        place = replace_folder(out, marker=MARKER)  # refused before anything is simulated
    with place as folder, show_progress(stages, quiet=quiet) as tell:
        found = compare_plans(question.watches, n_replicates=replicates, progress=tell, **options)
        hangs_on = None
        if sensitivity:
            from truceline.simulate.sensitivity import measure_sensitivity

            hangs_on = measure_sensitivity(
                question.watches[0],
                progress=lambda done, all_: tell("sensitivity", done / all_),
                **options,
            )
        written: tuple[str, ...] = ()
        if folder is not None:
            from truceline.publish.simulation_folder import write_simulation

            written = write_simulation(
                found, folder, sensitivity=hangs_on, threshold=question.threshold, progress=tell
            )
    if as_json:
        print_line(_dump(found).rstrip("\n"))
        return
    printing.print_outcome(found, sweep=sweep is not None, threshold=question.threshold)
    if hangs_on is not None:
        printing.print_sensitivity(hangs_on)
    printing.print_end(found)
    if out is not None:
        print_line(f"Written to {out}: {', '.join(written)}")


@dataclass(frozen=True)
class _Asked:
    """The options that have to be read."""

    plan: Path
    against: tuple[str, ...]
    posture: str
    days: int
    fix: tuple[str, ...]
    sweep: str | None
    threshold: float | None
    backstop_cost: float | None


def _dump(found: Comparison) -> str:
    from truceline.publish.simulation_record import document_simulation, dump_simulation

    return dump_simulation(document_simulation(found))


def _read(
    asked: _Asked,
    replicates: int,
    seed: int,
    cap_branching: float | None,
    workers: int,
    scheduler: str,
) -> _Question:
    """Return what was asked, or raise ScenarioError with everything that is wrong in it."""
    from truceline.simulate.catalogue import load_ceasefire_assumptions
    from truceline.simulate.ensemble import check_simulation
    from truceline.simulate.settings import Settings, read_settings

    problems = ProblemList()
    assumptions = load_ceasefire_assumptions()
    fixed = read_fixed(asked.fix, assumptions, problems)
    if asked.sweep is not None and asked.sweep not in SWEEPS:
        problems.add(f"--sweep {asked.sweep}", "cannot be swept", f"write one of: {', '.join(SWEEPS)}")
    threshold = _gather(lambda: _read_threshold(asked), problems)
    watches = _read_watches(asked, problems)
    # The horizon is checked with everything else below; its place is held so that the rest is checked too.
    settings = _gather(lambda: read_settings(assumptions, n_days=asked.days), problems)
    usable = read_settings(assumptions) if settings is None else settings
    _gather(
        lambda: check_simulation(
            watches or _placeholder(),
            assumptions=assumptions,
            settings=usable,
            n_replicates=replicates,
            seed=seed,
            fixed=fixed,
            cap_branching=cap_branching,
            workers=workers,
            scheduler=scheduler,
        ),
        problems,
    )
    problems.raise_if_any(ScenarioError, "simulate")
    assert isinstance(settings, Settings)  # noqa: S101  no problem was found, so it was read
    return _Question(watches, assumptions, settings, fixed, threshold)


def _gather(read: Callable[[], Found], problems: ProblemList) -> Found | None:
    """Return what a reader returns, or note what it refuses."""
    try:
        return read()
    except TrucelineError as error:
        problems.extend(error.problems)
        return None


def _placeholder() -> tuple[Watch, ...]:
    """Return a watch that stands in for a plan that could not be read, so that the rest is still checked."""
    from truceline.simulate.watch import make_watch

    return (make_watch(0.0, 0.0, 0.0, n_bins=1, bin_km=1.0),)


def read_fixed(texts: Sequence[str], assumptions: AssumptionSet, problems: ProblemList) -> dict[str, float]:
    """Return the values given with --fix; names and bounds are checked later, with all the rest."""
    from truceline.simulate.catalogue import PREFIX

    fixed: dict[str, float] = {}
    for text in texts:
        name, mark, written = (part.strip() for part in text.partition("="))
        name = name.removeprefix(PREFIX)
        if not mark or not name or not written:
            problems.add(f"--fix {text}", "is not NAME=VALUE", "write such as n_cross=0.3")
            continue
        if name in fixed:
            problems.add(f"--fix {text}", f"fixes {name} a second time", "give it once")
            continue
        try:
            fixed[name] = float(written)
        except ValueError:
            try:
                record = assumptions.get(PREFIX + name)
                fixed[name] = parse_quantity(written, "1" if record is None else record.unit)
            except QuantityError as error:
                problems.add(f"--fix {text}", f"{written!r} is not a value", str(error))
    return fixed


def _read_threshold(asked: _Asked) -> Threshold | None:
    """Return what a month of war avoided may cost and what the backstop costs, where that was asked."""
    if asked.threshold is None and asked.backstop_cost is None:
        return None
    from truceline.simulate.backstop_dial import Threshold, check_threshold, read_backstop_cost

    problems = ProblemList()
    if asked.threshold is None:
        problems.add(
            "--backstop-cost", "stands alone", "add --threshold: what a month of war avoided may cost"
        )
        problems.raise_if_any(ScenarioError, "simulate")
    per_month = asked.threshold or 0.0
    cost = 1.0 if asked.backstop_cost is None else asked.backstop_cost
    problems.extend(check_threshold(cost, per_month))
    problems.raise_if_any(ScenarioError, "simulate")
    if asked.backstop_cost is None:
        return read_backstop_cost(_folder_of(asked.plan), per_month)
    return Threshold(cost, per_month, "USD")


def _read_watches(asked: _Asked, problems: ProblemList) -> tuple[Watch, ...]:
    """Return the watch of the plan and of those it is compared with; empty where one cannot be read."""
    from truceline.simulate.watch import level_watches, no_watch, read_watch

    def read(folder: Path, posture: str) -> Watch | None:
        try:
            return read_watch(folder, posture)
        except TrucelineError as error:
            known = str(_folder_of(folder))
            for each in error.problems:  # several plans may be wrong: each problem says whose it is
                where = each.where if known in each.where else f"{known}: {each.where}"
                problems.extend([replace(each, where=where)])
            return None

    first = read(asked.plan, asked.posture)
    watches = [first]
    for text in asked.against:
        if text == NOBODY:
            watches.append(None if first is None else no_watch(first))
        else:
            watches.append(read(*_split_posture(text)))
    found = tuple(watch for watch in watches if watch is not None)
    return _tell_apart(level_watches(found)) if len(found) == len(watches) else ()


def _split_posture(text: str) -> tuple[Path, str]:
    """Return the folder and the posture of PLAN=POSTURE; a folder whose own name has an = is taken whole."""
    if Path(text).exists() or "=" not in text:
        return Path(text), ""
    folder, _, posture = text.rpartition("=")
    return Path(folder), posture


def _tell_apart(watches: tuple[Watch, ...]) -> tuple[Watch, ...]:
    """Return the watches with labels that differ: two variants of one scenario may have the same title."""
    labels = [watch.label for watch in watches]
    return tuple(
        replace(watch, label=f"{watch.label} [{_folder_of(Path(watch.source)).resolve().name}]")
        if labels.count(watch.label) > 1 and watch.source
        else watch
        for watch in watches
    )


def _folder_of(plan: Path) -> Path:
    return plan.parent if plan.name == "plan.json" else plan
