"""`truceline site`: solve a siting problem from a file, and say how good the answer is.

Parses and prints; files are read by `truceline.siting.instances`, problems solved by `truceline.siting`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from truceline.cli._console import Row, print_line, print_table, print_title
from truceline.cli._progress import Tell, show_progress
from truceline.errors import InfeasibleError, ProblemList
from truceline.units import QuantityError, format_share, parse_quantity

if TYPE_CHECKING:
    from truceline.siting.instances import Instance
    from truceline.siting.problems import SetCoverProblem, SitingProblem

STAGES = {
    True: ("read", "reduce", "price", "shake", "prove", "write"),
    False: ("read", "greedy", "swaps", "bounds", "rounding", "kicks", "blocks", "write"),
}
"""Stages shown by whether all cells are to be covered."""
LARGE = 10_000.0
"""Figures from here on are told to one decimal."""
LEAST_GAP = 1e-5
"""Smallest gap told as a figure."""
SEED_MAX = 2**31 - 1
"""Largest seed every solver takes."""

FormatOption = Annotated[
    str,
    typer.Option("--format", help="orlib, rail, points, triplets, npz, or auto to tell by the file."),
]


@dataclass(frozen=True)
class _Answer:
    """What is printed and written of an answer, whichever problem it answers."""

    title: str
    status: str
    figures: tuple[tuple[str, float], ...]
    """Objective and bound by name, and what else they are to be compared with."""
    gap: float
    spent: float
    chosen: tuple[tuple[int, int], ...]
    """Candidate and copies, the most useful first."""
    seconds: float
    method: str
    notes: tuple[str, ...] = ()


def site(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="Set covering, points, or a coverage table.", show_default=False),
    ],
    format: FormatOption = "auto",
    radius: Annotated[
        float | None, typer.Option(help="For points: how far a candidate sees, in the unit of the file.")
    ] = None,
    candidates: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="For points: where observers may stand, if not on the points."),
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(metavar="FILE", help="For a coverage table: lines `event weight`.")
    ] = None,
    costs: Annotated[
        Path | None, typer.Option(metavar="FILE", help="For a coverage table: lines `candidate cost`.")
    ] = None,
    budget: Annotated[float | None, typer.Option(help="Most that the candidates chosen may cost.")] = None,
    cover: Annotated[
        bool, typer.Option("--cover", help="Reach everything at the least cost, instead of a budget.")
    ] = False,
    unit_cost: Annotated[
        bool, typer.Option("--unit-cost", help="Every candidate costs 1: the budget is a number of them.")
    ] = False,
    certain: Annotated[
        bool, typer.Option("--certain", help="Take every chance of detection for certain.")
    ] = False,
    blocks: Annotated[
        bool,
        typer.Option("--blocks", help="Take minutes to prove more of a large maximal cover, in blocks."),
    ] = False,
    gap: Annotated[
        str, typer.Option(help="Stop when proved to be this near to the best, for example 1 %.")
    ] = "0",
    time_limit: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Stop after so long with the best known, for example 10 min."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the search.")] = 0,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the candidates chosen as CSV.")
    ] = None,
) -> None:
    """Place observers so that most is seen within a budget, or so that everything is seen at the least cost.

    FILE states who could see what: an OR-Library set covering problem (scp or rail), points `x y weight` seen
    within a radius, or a coverage table `candidate event chance` (text, or a sparse matrix as .npz). The
    answer comes with a bound that no other choice can pass, and the gap between the two.
    """
    limit_s, goal_gap = _check_options(budget, cover, gap, time_limit, seed, out)
    from truceline.siting.instances import read_instance

    with show_progress(list(STAGES[budget is None]), quiet=False) as tell:
        tell("read", 0.0)
        instance = read_instance(
            file, format=format, radius=radius, candidates=candidates, weights=weights, costs=costs
        )
        _refuse_without_task(instance, budget, cover)
        problem = _adapt(instance.problem, unit_cost, certain)
        if budget is None:
            answer = _cover_all(problem, goal_gap, limit_s, seed, tell)
        else:
            answer = _spend(problem, budget, blocks, goal_gap, limit_s, seed, tell)
        if out is not None:
            tell("write", 0.0)
            _write_choice(out, instance, problem, answer)
    _print_answer(answer, problem, instance.format, seed, out)


def _check_options(
    budget: float | None, cover: bool, gap: str, time_limit: str | None, seed: int, out: Path | None
) -> tuple[float, float]:
    """Return the time limit (s) and the gap, or raise with all that is wrong."""
    problems = ProblemList()
    limit_s, goal_gap = math.inf, 0.0
    if cover and budget is not None:
        problems.add("budget", "has no part in reaching everything", "leave out --cover or --budget")
    if budget is not None and not math.isfinite(budget):
        problems.add("budget", f"{budget:g} is no sum", "give a number above 0")
    try:
        goal_gap = parse_quantity(gap, "1")
    except QuantityError as error:
        problems.add("gap", str(error), "")
    if not 0 <= goal_gap < 1:
        problems.add("gap", f"{gap} is no share", "give one from 0 to below 100 %")
    if time_limit is not None:
        try:
            limit_s = parse_quantity(time_limit, "s")
        except QuantityError as error:
            problems.add("time-limit", str(error), "")
        if limit_s < 0:
            problems.add("time-limit", f"{time_limit} is negative", "give a time, for example 60 s")
    if not 0 <= seed <= SEED_MAX:
        problems.add("seed", f"{seed} is out of range", f"give a whole number from 0 to {SEED_MAX}")
    if out is not None and not out.absolute().parent.is_dir():
        problems.add("out", f"there is no folder {out.parent}", "make it first, or choose another name")
    problems.raise_if_any(InfeasibleError, "site")
    return limit_s, goal_gap


def _refuse_without_task(instance: Instance, budget: float | None, cover: bool) -> None:
    from truceline.siting.problems import SetCoverProblem

    if budget is None and not cover and not isinstance(instance.problem, SetCoverProblem):
        problems = ProblemList()
        hint = "say --budget N for the most that can be seen, or --cover to see everything"
        problems.add("budget", f"a file of {instance.format} does not say what to spend", hint)
        problems.raise_if_any(InfeasibleError, "site")


def _adapt(
    problem: SitingProblem | SetCoverProblem, unit_cost: bool, certain: bool
) -> SitingProblem | SetCoverProblem:
    """Return the problem with the costs and chances asked for."""
    import numpy as np

    from truceline.siting.problems import SitingProblem

    changes: dict[str, Any] = {"cost": np.ones(problem.cost.size)} if unit_cost else {}
    if certain and isinstance(problem, SitingProblem) and problem.log_miss is not None:
        changes["log_miss"] = None
    return replace(problem, **changes) if changes else problem


def _cover_all(
    problem: SitingProblem | SetCoverProblem, goal_gap: float, limit_s: float, seed: int, tell: Tell
) -> _Answer:
    from truceline.siting.cover import solve_cover
    from truceline.siting.instances import as_set_cover
    from truceline.siting.problems import SitingProblem

    unseeable = 0
    if isinstance(problem, SitingProblem):
        everything = int((problem.weight > 0).sum())
        problem = as_set_cover(problem)
        unseeable = everything - int(problem.must_cover.sum())
    found = solve_cover(problem, goal_gap=goal_gap, time_limit_s=limit_s, seed=seed, progress=tell)
    notes = (f"{unseeable:,} events that no candidate can see are left out",) if unseeable else ()
    return _Answer(
        title="Set cover",
        status=found.status,
        figures=(("cost", found.cost), ("bound", found.bound)),
        gap=found.gap,
        spent=found.cost,
        chosen=tuple((int(i), 1) for i in found.chosen),
        seconds=found.seconds,
        method=found.method,
        notes=notes,
    )


def _spend(
    problem: SitingProblem | SetCoverProblem,
    budget: float,
    blocks: bool,
    goal_gap: float,
    limit_s: float,
    seed: int,
    tell: Tell,
) -> _Answer:
    from truceline.siting.instances import as_maximal_cover
    from truceline.siting.problems import OPTIMAL_GAP, SetCoverProblem
    from truceline.siting.solve import solve

    if isinstance(problem, SetCoverProblem):
        problem = as_maximal_cover(problem)
    goal = max(goal_gap, OPTIMAL_GAP)
    found = solve(
        problem,
        budget,
        goal_gap=goal,
        time_limit_s=limit_s,
        seed=seed,
        blocks=blocks or "auto",
        progress=tell,
    )
    # `order` has one entry a copy, the most useful first; a candidate stands where its first copy does.
    return _Answer(
        title="Maximal cover" if problem.is_cover else "Joint detection",
        status=found.status,
        figures=(
            ("weight seen" if problem.is_cover else "weight detected", found.objective),
            ("bound", found.bound),
            ("all weight", float(problem.weight.sum())),
        ),
        gap=found.gap,
        spent=float(problem.cost @ found.copies),
        chosen=tuple((i, int(found.copies[i])) for i in dict.fromkeys(found.order.tolist())),
        seconds=found.seconds,
        method=found.method,
    )


def _print_answer(
    answer: _Answer, problem: SitingProblem | SetCoverProblem, format: str, seed: int, out: Path | None
) -> None:
    n_events = problem.weight.size if hasattr(problem, "weight") else problem.must_cover.size
    print_title(
        f"{answer.title}: {problem.cost.size:,} candidates, {n_events:,} events, "
        f"{problem.indices.size:,} pairs (read as {format})"
    )
    n_copies = sum(copies for _, copies in answer.chosen)
    rows = [
        ("status", answer.status),
        *((name, _plain(value)) for name, value in answer.figures),
        ("gap", _tell_gap(answer)),
        ("chosen", f"{n_copies:,} for {_plain(answer.spent)}"),
        ("seconds", f"{answer.seconds:.2f}"),
        ("method", answer.method),
        ("seed", str(seed)),
    ]
    print_table(("figure", "value"), [Row(row) for row in rows])
    for note in answer.notes:
        print_line(note)
    if out is not None:
        print_line(f"Chosen: {out}")


def _tell_gap(answer: _Answer) -> str:
    """Return the gap in words: a small one is not none, and only none is proof of the optimum."""
    rounds_to_none = answer.gap < 0.5 * LEAST_GAP
    if rounds_to_none and answer.status != "optimal":
        return f"under {format_share(LEAST_GAP, 3)}"
    return format_share(answer.gap, 3)


def _plain(value: float) -> str:
    """Return a figure without digits it does not have: whole where it is whole, one decimal where large."""
    if float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:,.1f}" if abs(value) >= LARGE else f"{value:.6g}"


def _write_choice(
    out: Path, instance: Instance, problem: SitingProblem | SetCoverProblem, answer: _Answer
) -> None:
    from truceline.files import write_atomically
    from truceline.publish.table import Column, Table, number, text

    columns: list[Column] = [
        number("rank", "1", "1 for the candidate that adds most"),
        text("candidate", "Its name in the file"),
        number("copies", "1", "How many of it"),
        number("cost", "1", "Cost of one"),
    ]
    if instance.xy is not None:
        columns += [number("x", "1", "Its place"), number("y", "1", "Its place")]
    table = Table("chosen", "Candidates chosen", "", tuple(columns)).filled(
        _choice_rows(instance, problem, answer)
    )
    write_atomically(out, table.to_csv())


def _choice_rows(
    instance: Instance, problem: SitingProblem | SetCoverProblem, answer: _Answer
) -> Iterable[tuple[Any, ...]]:
    for rank, (candidate, copies) in enumerate(answer.chosen, start=1):
        label = problem.labels[candidate] if problem.labels else str(candidate)
        place = () if instance.xy is None else tuple(instance.xy[candidate].tolist())
        yield (rank, label, copies, float(problem.cost[candidate]), *place)
