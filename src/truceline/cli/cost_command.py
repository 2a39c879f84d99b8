"""`truceline cost`: what the force of a plan costs by year, heading, nation and task, and whom.

Parses and prints; `truceline.plan.money` prices. It takes a scenario, which is planned first, or a finished
plan folder, which is read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from truceline.cli._console import print_line, print_warnings
from truceline.cli._cost_item import check_cost, open_costed
from truceline.cli._generation_item import list_stages
from truceline.cli._progress import show_progress
from truceline.cli.generation_commands import (
    CaseOption,
    DayOption,
    ItemArgument,
    JsonOption,
    PostureOption,
    QuietOption,
)

STAGES = ("situation", "cases", "money")
"""Stages that are shown after those of planning."""


def cost(
    item: ItemArgument,
    posture: PostureOption = None,
    as_of: DayOption = None,
    case: CaseOption = None,
    basis: Annotated[
        str | None,
        typer.Option(help="What figures count: full, incremental or reimbursement; default the scenario's."),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            help="Kind of force whose cost per person-year is taken: un-line, civilian-monitors, reassurance "
            "or combat; default that of the mission."
        ),
    ] = None,
    currency: Annotated[str | None, typer.Option(help="Currency, for example GBP.")] = None,
    price_year: Annotated[
        int | None, typer.Option(metavar="YEAR", help="Year in whose prices all money is.")
    ] = None,
    years: Annotated[int | None, typer.Option(metavar="N", help="Years that are costed, 1 to 10.")] = None,
    share: Annotated[
        str | None,
        typer.Option(help="Who pays: as-sent, gdp-share, un-scale or own; default the scenario's."),
    ] = None,
    own_shares: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Shares of your own: a CSV file with the columns code and share."),
    ] = None,
    rates: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Rates of exchange, in place of the packaged ones.")
    ] = None,
    indices: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Price indices, in place of the packaged ones.")
    ] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Say what the force costs, and whom: by year and heading, nation and task; bills against budgets.

    One basis of cost at a time; the others stand beside it and are never added. What rests on a size that
    nobody stated is marked with ~ and has a range.
    """
    options = {
        "basis": basis,
        "kind": kind,
        "currency": currency,
        "price_year": price_year,
        "years": years,
        "share": share,
        "own_shares": own_shares,
        "rates": rates,
        "indices": indices,
    }
    asked = check_cost(item, posture, as_of, case, options)
    with show_progress(list_stages(asked.about, STAGES), quiet=quiet) as tell:
        found = open_costed(asked, tell)
    from truceline.cli._cost_print import dump_cost, print_cost

    if as_json:
        print_line(dump_cost(found))
        return
    if not quiet:
        print_warnings("Warnings", found.warnings)
    print_cost(found)
