"""`truceline deploy`: when the force is there, by nation and week, what binds, and what would change it.

Parses and prints; `truceline.plan.dates` computes. It takes a scenario, which is planned first, or a finished
plan folder, which is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from truceline.cli._console import print_line, print_warnings
from truceline.cli._generation_item import check_asked, is_plan, list_stages, open_item
from truceline.cli._progress import show_progress
from truceline.cli.generation_commands import (
    CaseOption,
    DayOption,
    ItemArgument,
    JsonOption,
    PledgesOption,
    PostureOption,
    QuietOption,
)
from truceline.errors import ProblemList, ScenarioError
from truceline.units import QuantityError, parse_quantity

if TYPE_CHECKING:
    from truceline.plan.date_questions import DateQuestion

STAGES = ("situation", "cases", "dates", "draws", "what-ifs")


def deploy(
    item: ItemArgument,
    posture: PostureOption = None,
    as_of: DayOption = None,
    case: CaseOption = None,
    pledges: PledgesOption = None,
    approvals_before: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Approvals are worked on from this long before the ceasefire."),
    ] = None,
    preposition: Annotated[
        float | None,
        typer.Option(metavar="N", help="People who wait in a neighbouring country at the ceasefire."),
    ] = None,
    lose: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NODE", help="A node passes nothing; NODE=10..60 for these days. May be given again."
        ),
    ] = None,
    delay: Annotated[
        list[str] | None,
        typer.Option(metavar="NATION=DAYS", help="An approval takes longer. May be given again."),
    ] = None,
    no_us_lift: Annotated[
        bool, typer.Option("--no-us-lift", help="The United States bring no strategic lift.")
    ] = False,
    nodes: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Table of origins and nodes, with --routes.")
    ] = None,
    routes: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Table of routes through them, with --nodes.")
    ] = None,
    samples: Annotated[
        int | None, typer.Option(metavar="N", help="Draws for the bands; 0 for none; default 400.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Seed of the draws.")] = 1,
    days: Annotated[
        int | None, typer.Option(metavar="N", help="Days looked at; default the scenario's, or 365.")
    ] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Say when the force is there: approvals, strength by week with what binds, first and full capability.

    Lead times are estimates: every date comes with an 80 % band over draws of all of them. A date that rests
    on sizes nobody stated is marked with ~.
    """
    asked = check_asked("deploy", item, posture=posture, as_of=as_of, case=case, pledges=pledges)
    from truceline.deployment.network import read_network
    from truceline.plan.date_questions import PLAN_DRAWS, check_question

    question = replace(
        _question_of_item(item),
        samples=PLAN_DRAWS if samples is None else samples,
        seed=seed,
        us_lift=False if no_us_lift else None,
        case=case or "",
    )
    if days is not None:
        question = replace(question, days=days)
    if preposition is not None:
        question = replace(question, next_door=preposition)
    if nodes is not None or routes is not None:
        question = replace(question, nodes=nodes, routes=routes)
    question = _read_options(question, approvals_before, lose or (), delay or ())
    check_question(question, read_network(question.nodes, question.routes))

    from truceline.generation.make import ASK_CASES
    from truceline.generation.make import generate as ask
    from truceline.plan.dates import find_dates

    with show_progress(list_stages(asked, STAGES), quiet=quiet) as tell:
        opened = open_item(asked, tell)
        wanted = replace(ASK_CASES, case=case or "")
        day = asked.as_of or opened.as_of
        generation = ask(opened.basis, opened.contributors, day, opened.assumptions, wanted, tell)
        found = find_dates(generation, opened.assumptions, question, tell)
    from truceline.cli._deploy_print import dump_dates, print_dates

    if as_json:
        print_line(dump_dates(opened.title, generation, found))
        return
    if not quiet:
        print_warnings("Warnings", (*opened.warnings, *generation.warnings))
    print_dates(opened.title, generation, found)


def _question_of_item(item: str) -> DateQuestion:
    """Return what the item itself asks about movement: its scenario's key, or what its folder was made with.

    Raises OutputError for a folder made with another network than the packaged one.
    """
    from truceline.plan.date_questions import DateQuestion, question_of

    if is_plan(item):
        from truceline.publish.dates_record import question_of_document
        from truceline.publish.read import read_document

        return question_of_document(item, read_document(item))
    from truceline.scenario.load import read_scenario

    movement = read_scenario(item).scenario.movement
    return DateQuestion() if movement is None else question_of(movement)


def _read_options(
    question: DateQuestion, before: str | None, lost: Sequence[str], delay: Sequence[str]
) -> DateQuestion:
    """Return the question with what the options say.

    Raises ScenarioError with every option that cannot be read, and every code that is no nation's.
    """
    from truceline.generation.nations import read_nations
    from truceline.plan.date_questions import read_loss

    problems, known = ProblemList(), read_nations()
    early, losses, delays = question.early_days, list(question.losses), dict(question.delays)
    if before is not None:
        try:
            early = parse_quantity(before, "day")
        except QuantityError as error:
            problems.add(f"--approvals-before {before}", "is not a time", str(error))
    for text in lost:
        loss = read_loss(text, question.days)
        if loss is None:
            problems.add(f"--lose {text}", "is not a loss", "write NODE, or NODE=10..60 for these days")
        else:
            losses.append(loss)
    for text in delay:
        nation, _, number = text.partition("=")
        nation = nation.strip().upper()
        if nation not in known:
            problems.add(f"--delay {text}", f"{nation!r} is not a nation", "write its code, such as DEU=60")
            continue
        try:
            delays[nation] = float(number)
        except ValueError:
            problems.add(f"--delay {text}", f"{number!r} is not a number of days", "write such as DEU=60")
    tables = {"--nodes": question.nodes, "--routes": question.routes}
    for what, path in tables.items():
        if path is not None and not path.is_file():
            problems.add(f"{what} {path}", "there is no such file", "give a CSV file")
    if (question.nodes is None) != (question.routes is None):
        alone = "--nodes" if question.routes is None else "--routes"
        problems.add(alone, "stands alone", "give --nodes and --routes: a network is both")
    problems.raise_if_any(ScenarioError, "deploy")
    return replace(question, early_days=early, losses=tuple(losses), delays=delays)
