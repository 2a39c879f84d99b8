"""`truceline ground`: add elevation models to a place, and look at what they carry before planning on them.

Parses and prints; what is right or wrong with a file is decided by `truceline.geo`.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from truceline.cli._console import Row, print_line, print_table, print_title, print_warnings
from truceline.cli._progress import show_progress
from truceline.cli.scenario_commands import SetOption, VariantOption
from truceline.errors import Problem, TerrainError
from truceline.units import QuantityError, format_share, format_value, parse_quantity

if TYPE_CHECKING:
    from truceline.geo.ground_store import GroundFile
    from truceline.plan.ground_survey import GroundSurvey
    from truceline.plan.heights import HeightDoubt

app = typer.Typer(
    help="Add elevation models once, and look at them before a plan uses them.", no_args_is_help=True
)

DEFAULT_FOLDER = Path("ground")
FILES_LISTED = 12
"""Most files listed one by one; more are told by kind."""
GAPS_LISTED = 20
"""Most stretches of line without heights that are listed."""
HOLDS = {"surface": "roofs and trees", "bare_earth": "bare earth"}

FolderOption = Annotated[
    Path, typer.Option("--ground", metavar="FOLDER", help="The ground folder; made where there is none.")
]


@app.command("add")
def add_ground(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Elevation rasters (GeoTIFF, VRT, HGT, DTED), or folders of them.",
            show_default=False,
        ),
    ],
    ground: FolderOption = DEFAULT_FOLDER,
    surface: Annotated[
        str,
        typer.Option(help="What the heights hold: `surface` (roofs and tree tops) or `bare_earth`."),
    ] = "surface",
    crs: Annotated[
        str | None,
        typer.Option(help="Coordinate system of files that name none, for example EPSG:4326."),
    ] = None,
    error: Annotated[
        str | None,
        typer.Option(help="Standard deviation of the heights, for example '3.5 m' (LE90 divided by 1.645)."),
    ] = None,
    source: Annotated[str, typer.Option(help="Who made them, for the report.")] = "",
) -> None:
    """Check elevation models and remember them in a ground folder; the files stay where they are."""
    from truceline.geo.ground_store import add_files

    error_m = _read_options(surface, error)
    with show_progress(["files"], quiet=False) as tell:

        def tell_file(name: str, share: float) -> None:
            tell("files", share)
            tell(name, share)

        done = add_files(
            ground,
            files,
            surface=cast(Literal["surface", "bare_earth"], surface),
            source_crs=crs,
            error_m=error_m,
            source=source,
            progress=tell_file,
        )
    print_warnings("Warnings", done.warnings)
    counts = [f"added {_files(len(done.added))}"]
    counts += [f"updated {_files(len(done.updated))}"] * bool(done.updated)
    counts += [f"{_files(done.n_known)} there already"] * bool(done.n_known)
    print_line(f"{ground}: {', '.join(counts)}; {_files(len(done.store.files))} in all")
    if done.added or done.updated:
        print_line()
        _print_files((*done.added, *done.updated))
        print_line()
    print_line(f"See what they carry: truceline ground status SCENARIO --ground {shlex.quote(str(ground))}")


@app.command("status")
def show_ground(
    scenario: Annotated[
        str | None,
        typer.Argument(
            metavar="[SCENARIO]",
            help="A packaged name or a YAML file: look along its line.",
            show_default=False,
        ),
    ] = None,
    ground: Annotated[
        Path | None,
        typer.Option(
            "--ground",
            metavar="FOLDER",
            help="The ground folder; default `ground`, or else the scenario's own files.",
            show_default=False,
        ),
    ] = None,
    variant: VariantOption = None,
    overrides: SetOption = None,
) -> None:
    """Show what elevation models there are, and with a scenario what they carry along its line.

    The ground along the line is cut out once; a plan on it starts from there.
    """
    from truceline.scenario.load import read_scenario

    loaded = None
    if scenario is not None:
        loaded = read_scenario(scenario, variant=variant, overrides=overrides or ())
    elif variant or overrides:
        problem = Problem("SCENARIO", "is missing", "--variant and --set change a scenario: name one")
        raise TerrainError("There is nothing to look at", [problem])
    own_files = loaded is not None and bool(loaded.scenario.terrain.files)
    folder = ground if ground is not None else DEFAULT_FOLDER
    if ground is not None or not own_files or folder.is_dir():
        _show_folder(folder)
        places = [folder]
    else:
        places = []
    if loaded is None:
        return
    from time import perf_counter

    from truceline.plan.ground_survey import survey_ground

    started = perf_counter()
    with show_progress(["ground"], quiet=False) as tell:
        tell("ground", 0.0)
        survey = survey_ground(loaded.scenario, places)
    if survey is None:  # a scenario without files and without a folder was told so above
        return
    print_line()
    print_title(f"Along the line of {loaded.scenario.name}")
    print_warnings("Warnings", (*loaded.warnings, *survey.warnings))
    for line in _tell_survey(survey, perf_counter() - started):
        print_line(line)


def _show_folder(folder: Path) -> None:
    """Print what a ground folder holds; TerrainError when its files are gone or changed."""
    from truceline.geo.corridor import list_cuts
    from truceline.geo.ground_store import check_files, read_store

    store = read_store(folder)
    problems = check_files(store)
    if problems:
        raise TerrainError(f"The ground folder {folder} is not what it was", problems)
    print_title(f"{folder}: {_files(len(store.files))}")
    _print_files(store.files)
    print_warnings("Warnings", store.describe_mixtures())
    cuts = list_cuts(store.corridors)
    if cuts:
        size = sum(n_bytes for _, n_bytes in cuts)
        print_line(f"{len(cuts)} cut{'s' * (len(cuts) != 1)} along lines kept, {size / 1e6:,.1f} MB")


def _tell_survey(survey: GroundSurvey, seconds: float) -> Iterator[str]:
    """Yield the lines of the answer."""
    within = format_value(survey.reach_m, "m")
    yield f"Line: {survey.length_m / 1000:,.0f} km; heights matter within {within} of it"
    yield f"Covered: {_cover(survey.covered_share)} of that ground has heights"
    if survey.gaps:
        without = f"about {survey.length_without_m / 1000:,.0f} of {survey.length_m / 1000:,.0f} km have none"
        yield f"On the line itself: {without}; a plan is refused until they have"
        yield from (f"  {place}: {why}" for place, why in survey.gaps[:GAPS_LISTED])
        if len(survey.gaps) > GAPS_LISTED:
            yield f"  and {len(survey.gaps) - GAPS_LISTED} more stretches"
    else:
        yield "On the line itself: heights everywhere"
    yield f"Cells: {survey.cell_m:,.0f} m"
    if survey.resolution_m > survey.cell_m:
        yield f"  the heights behind them resolve {survey.resolution_m:,.0f} m"
    yield f"Error of the heights: {_tell_doubt(survey.doubt)}"
    yield f"Sight: {'exact ' * (survey.sight_mode == 'terrain')}{survey.sight_note}"
    how = "found as cut before" if survey.was_kept else "cut out"
    yield f"The ground along the line was {how} in {seconds:.1f} s"


def _tell_doubt(doubt: HeightDoubt) -> str:
    """Return how wrong heights may be and what is made of it."""
    use = (
        f"sight is a chance over {doubt.n_draws} draws"
        if doubt.n_draws
        else "not drawn (`terrain.draws` is 0)"
    )
    return f"{doubt.error.value:g} m, {doubt.error.evidence}; {use}"


def _print_files(files: Sequence[GroundFile]) -> None:
    """Print files one by one, or by kind where there are many."""
    if len(files) <= FILES_LISTED:
        rows = [
            Row((file.path, f"{file.columns:,} x {file.rows:,}", *_traits(file), _voids(file.void_share)))
            for file in files
        ]
        print_table(("file", "cells", "cell", "holds", "error", "source", "no heights"), rows)
        return
    kinds: dict[tuple[object, ...], list[GroundFile]] = {}
    for file in sorted(files, key=lambda file: file.cell_m):
        kinds.setdefault((_step(file), *_traits(file)[1:]), []).append(file)
    rows = []
    for some in kinds.values():
        fine, coarse = _traits(some[0]), _traits(some[-1])
        cell = coarse[0] if fine[0] == coarse[0] else f"{fine[0].split(' ')[0]} to {coarse[0]}"
        rows.append(Row((f"{len(some):,}", cell, *fine[1:], _voids(max(file.void_share for file in some)))))
    print_table(("files", "cell", "holds", "error", "source", "no heights, at most"), rows)


def _traits(file: GroundFile) -> tuple[str, ...]:
    """Return what files of one kind share: cell, what they hold, error, source."""
    cell = f"{file.cell_m:,.0f} m" if file.cell_m >= 10 else f"{file.cell_m:.1f} m"
    places = " (in degrees)" if file.in_degrees else ""
    error = f"{file.error_m:g} m" if file.error_m is not None else "not stated"
    return f"{cell}{places}", HOLDS[file.surface], error, file.source or "not stated"


def _step(file: GroundFile) -> float:
    """Return what tells one spacing from another: degrees between rows, or metres."""
    if file.in_degrees and file.bounds_deg is not None:
        return round((file.bounds_deg[3] - file.bounds_deg[1]) / max(file.rows, 1), 5)
    return round(file.cell_m, 1)


def _voids(share: float) -> str:
    if share == 0:
        return "none seen"
    return f"about {format_share(share)}" if share >= 0.01 else "under 1 %"


def _cover(share: float) -> str:
    """Return a share that looks like all or none of it only when it is."""
    if share in (0.0, 1.0):
        return "all" if share else "none"
    return "under 0.1 %" if share < 0.001 else format_share(min(share, 0.999), 1)


def _files(n: int) -> str:
    return f"{n:,} file{'s' * (n != 1)}"


def _read_options(surface: str, error: str | None) -> float | None:
    """Return the stated error in metres; TerrainError with everything that is wrong with the options."""
    problems = []
    error_m = None
    if surface not in HOLDS:
        problems.append(Problem("--surface", f"is {surface!r}", "write surface or bare_earth"))
    if error is not None:
        try:
            error_m = parse_quantity(error, "m")
        except QuantityError as fault:
            problems.append(Problem("--error", str(fault), ""))
        else:
            if not 0 < error_m < 1000:
                problems.append(
                    Problem("--error", f"{error!r} is no error of heights", "for example '3.5 m'")
                )
    if problems:
        raise TerrainError("Nothing was added", problems)
    return error_m
