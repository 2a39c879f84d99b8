"""`truceline talks`: who wants what, where outcomes could lie, what could be agreed and who can stop it.

Parses and prints; `truceline.talks` and `truceline.plan.talks` compute. It takes a scenario, which is planned
first, a finished plan folder, which is read, or nothing: then the talks are asked for alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from truceline.cli._console import print_line, print_warnings
from truceline.cli._progress import show_progress
from truceline.cli._talks_item import answer_talks, prepare_talks
from truceline.cli._talks_source import TalksOptionsGiven
from truceline.cli.generation_commands import DayOption, JsonOption, PledgesOption, QuietOption


def talks(
    item: Annotated[
        str | None,
        typer.Argument(
            metavar="[ITEM]",
            help="Name of a packaged scenario, a scenario file, or a finished plan folder; without it the "
            "talks alone, without the force behind an agreement.",
            show_default=False,
        ),
    ] = None,
    as_of: DayOption = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", metavar="DATE", help="Also say who moved since this earlier day, and on which words."
        ),
    ] = None,
    positions: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Tables of your own; or ukraine-2025, which are the packaged ones."
        ),
    ] = None,
    issue: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ISSUE",
            help="Look at these issues together in the models of several. May be given again.",
        ),
    ] = None,
    want: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ISSUE=LOW..HIGH",
            help="Also say what each actor alone would have to change for the outcome to lie there. "
            "May be given again.",
        ),
    ] = None,
    agreement: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Show this agreement alone, in full. May be given again."),
    ] = None,
    give: Annotated[
        list[str] | None,
        typer.Option(metavar="ACTOR", help="Also say what a seat at the table changes. May be given again."),
    ] = None,
    deny: Annotated[
        list[str] | None,
        typer.Option(metavar="ACTOR", help="The same for a seat taken away. May be given again."),
    ] = None,
    samples: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Readings of our codings; 0 for none; default the scenario's, or 1000."
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="Seed of these readings; default the scenario's, or 1.")
    ] = None,
    pledges: PledgesOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Say who wants what, where models put the outcome, which agreements are accepted, and who can stop them.

    Nothing of it is a forecast: positions are our coding of public words, each with its range, and the plain
    weighted mean stands beside every model. With an item each agreement is followed to the force behind it.
    """
    asked = prepare_talks(
        TalksOptionsGiven(
            item=item,
            as_of=as_of,
            since=since,
            positions=positions,
            issues=tuple(issue or ()),
            want=tuple(want or ()),
            agreements=tuple(agreement or ()),
            give=tuple(give or ()),
            deny=tuple(deny or ()),
            samples=samples,
            seed=seed,
            pledges=pledges,
        )
    )
    with show_progress(asked.stages, quiet=quiet) as tell:
        found = answer_talks(asked, tell)
    if as_json:
        from truceline.cli._talks_json import dump_talks

        print_line(dump_talks(found))
        return
    from truceline.cli._talks_print import print_talks

    if not quiet:
        print_warnings("Warnings", found.warnings)
    print_talks(found)
