"""`truceline plan`: make a plan, write its folder, and say the answer in a few lines."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from truceline.cli._console import Row, print_line, print_table, print_title, print_warnings
from truceline.cli._progress import show_progress

if TYPE_CHECKING:
    from truceline.plan.model import Plan

POSTURE_STAGES = ("greedy", "bounds", "crossings", "people")
NATION_STAGES = ("intelligence", "situation", "cases", "backstop", "unlocking")


def plan(
    scenario: Annotated[str, typer.Argument(help="Name of a packaged scenario, or a scenario file.")],
    posture: Annotated[
        str | None, typer.Option(help="Posture to plan in full; default the scenario's.")
    ] = None,
    variant: Annotated[str | None, typer.Option(help="Named variant of the scenario.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="Change one value: path=value. May be given again.")
    ] = None,
    ground: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="PATH",
            help="Ground folder or elevation raster, in place of the scenario's. May be given again.",
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder to write; an older plan there is replaced.")] = Path(
        "plan"
    ),
    samples: Annotated[
        int, typer.Option(help="Sample every range this many times for 80 % bands; 0 for none.")
    ] = 0,
    seed: Annotated[int, typer.Option(help="Seed of the samples.")] = 0,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print only where the report is.")] = False,
) -> None:
    """Plan the watching of a line: who stands where, what they see and miss, how many people it takes."""
    from truceline.files import replace_folder
    from truceline.plan import make_plan
    from truceline.publish.folder import write_products
    from truceline.scenario.load import read_scenario

    if samples:
        from truceline.plan.sampling import check_samples, sample_plan

        check_samples(samples, seed)
    loaded = read_scenario(scenario, variant=variant, overrides=set_ or (), seed=seed)
    keys = list(loaded.scenario.postures)
    stages = ["ground", *(f"{key}: {stage}" for key in keys for stage in POSTURE_STAGES)]
    if loaded.scenario.contributors is not None:
        stages += [f"nations: {stage}" for stage in NATION_STAGES]
    stages += ["ranges", "samples"] * (samples > 0) + ["write"]
    with replace_folder(out) as folder, show_progress(stages, quiet=quiet) as tell:
        made = make_plan(
            loaded.scenario,
            posture=posture,
            provenance=loaded.provenance,
            progress=tell,
            heights=ground or (),
        )
        if samples:
            made = sample_plan(made, samples, seed, tell)
        write_products(made, folder, tell)
    if not quiet:
        print_warnings("Warnings", (*loaded.warnings, *made.warnings))
        _print_answer(made, out)
    print_line(f"Report: {out / 'report.html'}")


def _print_answer(made: Plan, out: Path) -> None:
    from truceline.publish.summary import SUMMARY_LINES, line_sentence, summarise

    print_title(made.scenario.title)
    print_line(line_sentence(made))
    heads = [key + (" *" if key == made.chosen_key else "") for key in made.postures]
    answers = [summarise(one) for one in made.postures.values()]
    print_table(
        ["", *heads],
        [
            Row([line, *(answer[line] for answer in answers)])
            for line in SUMMARY_LINES
            if any(answer[line] for answer in answers)
        ],
    )
    print_line(
        f"* planned in full; unfold a number with: truceline explain {shlex.quote(str(out))} force.deployed"
    )
    if made.bands is not None:
        band = made.bands.bands["force.deployed"]
        print_line(
            f"80 % band of people deployed: {band.low:,.0f} to {band.high:,.0f}, median {band.median:,.0f}"
            f" ({made.bands.n_samples} samples, seed {made.bands.seed}; sites held fixed)"
        )
