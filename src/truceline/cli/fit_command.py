"""`truceline fit`: what a table of counts, or of timed incidents, says of contagion, forecasts and truces.

Parses and prints; `truceline.simulate.fit` computes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from truceline.cli._console import Row, print_line, print_table, print_title, print_warnings
from truceline.errors import Problem, ProblemList, TableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from truceline.publish.fit_view import FitSection
    from truceline.simulate.fit.count_series import CountSeries
    from truceline.simulate.fit.count_study import CountStudy
    from truceline.simulate.fit.timed_study import TimedStudy
    from truceline.simulate.fit.truce_scores import TruceScores
    from truceline.simulate.fit.truce_steps import TruceStep


def fit(
    counts: Annotated[
        Path, typer.Argument(metavar="COUNTS", help="Table of counts by day or period, or of incidents.")
    ],
    column: Annotated[
        str, typer.Option(metavar="NAME", help="Column of the counts; otherwise found by its usual names.")
    ] = "",
    day: Annotated[
        str,
        typer.Option(metavar="NAME", help="Column of the (last) day; otherwise found by its usual names."),
    ] = "",
    region: Annotated[
        str, typer.Option(metavar="NAME", help="Only this region of the column 'region'; all by default.")
    ] = "",
    times: Annotated[
        str, typer.Option(metavar="NAME", help="Rows are incidents; this column has the time of each.")
    ] = "",
    side: Annotated[
        str, typer.Option(metavar="NAME", help="With --times: column that names one of two sides.")
    ] = "",
    truce: Annotated[
        str, typer.Option(metavar="DAY", help="First day of a truce: fit the step there, and score truces.")
    ] = "",
    before: Annotated[
        float | None, typer.Option(metavar="N", help="Counts a day before the truce, all regions together.")
    ] = None,
    until: Annotated[
        str, typer.Option(metavar="DAY", help="Last day looked at for the step; the last one by default.")
    ] = "",
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Seed of PIT values and made series.")] = 1,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Write fit.html, its figures and fit.json there.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the document instead of tables.")] = False,
) -> None:
    """Fit the self-exciting model to counts, score it against simpler ones, and name the better.

    Says whether contagion can be told from a background that wanders, how wide forecasts should be, and, with
    --truce, how far counts fell at a truce and how fast they came back.
    """
    asked = _read_options(times, column, side, truce, until, before)
    found = _Found(counts, seed)
    if times:
        from truceline.simulate.fit.count_reading import read_times
        from truceline.simulate.fit.timed_study import study_times

        incidents = read_times(counts, column=times, region=region, side_column=side)
        found.timed = tuple(study_times(one, seed=seed) for one in incidents)
    else:
        from truceline.simulate.fit.count_reading import read_counts
        from truceline.simulate.fit.count_study import study_counts

        series, warnings = read_counts(counts, column=column, region=region, day_column=day)
        print_warnings("Warnings", warnings)
        if asked[0] is not None:  # first, as it may be refused
            _study_truce(found, _sum_regions(series), asked[0], asked[1], before)
            series = tuple(_cut_at(one, asked[0]) for one in series)
        found.studies = tuple(study_counts(one, seed=seed) for one in series)
    _tell(found, out, as_json)


def _read_options(
    times: str, column: str, side: str, truce: str, until: str, before: float | None
) -> tuple[date | None, date | None]:
    """Return the day of the truce and the last day looked at; TableError with all that is wrong."""
    problems = ProblemList()
    days: list[date | None] = []
    for option, text in (("--truce", truce), ("--until", until)):
        try:
            days.append(date.fromisoformat(text) if text else None)
        except ValueError:
            problems.add(f"{option} {text}", "is no day", "write 2020-07-27")
            days.append(None)
    if times and (column or truce):
        problems.add("--times", "does not go with --column or --truce", "those are for counts")
    if side and not times:
        problems.add("--side", "stands without --times", "counts have no sides")
    if not truce and (before is not None or until):
        problems.add("--before, --until", "stand without a truce", "give --truce DAY too")
    problems.raise_if_any(TableError, "fit")
    return days[0], days[1]


@dataclass
class _Found:
    """What the command has found so far."""

    path: Path
    seed: int
    studies: tuple[CountStudy, ...] = ()
    timed: tuple[TimedStudy, ...] = ()
    step: TruceStep | None = None
    around: CountSeries | None = None
    truces: TruceScores | None = None


def _cut_at(series: CountSeries, truce_day: date) -> CountSeries:
    """Return the periods from the truce on, where enough are left: a step looks like contagion."""
    from truceline.simulate.fit.count_series import LEAST_PERIODS

    after = series.since(truce_day)
    if after is None or not LEAST_PERIODS <= len(after) < len(series) or not after.n.any():
        return series
    return replace(after, name=f"{series.name}, from {truce_day.isoformat()}")


def _sum_regions(series: Sequence[CountSeries]) -> CountSeries:
    """Return all regions together; TableError where their periods differ."""
    from truceline.simulate.fit.count_series import add_series

    whole = add_series(series)
    if whole is None:
        problem = Problem("--truce", "the regions have not the same periods", "name one with --region")
        raise TableError("fit", [problem])
    return whole


def _study_truce(
    found: _Found, around: CountSeries, truce_day: date, until: date | None, before: float | None
) -> None:
    """Add the step at a truce, and the scores of the packaged truces under both named baselines."""
    from truceline.events.warning_score import read_known_truces
    from truceline.simulate.catalogue import load_ceasefire_assumptions
    from truceline.simulate.fit.truce_scores import DEVELOPMENT_FOLLOWED, list_spells, score_truces
    from truceline.simulate.fit.truce_steps import fit_truce_step

    found.around = around
    found.step = fit_truce_step(around, truce_day, before=before, until=until)
    records = load_ceasefire_assumptions()
    baselines = {
        "Minsk-type baseline": records.value("ceasefire.minsk_hazard"),
        "armistice-type baseline": records.value("ceasefire.armistice_hazard"),
    }
    spells = list_spells(read_known_truces(), followed_until=DEVELOPMENT_FOLLOWED)
    found.truces = score_truces(spells, seed=found.seed, baselines=baselines)


def _tell(found: _Found, out: Path | None, as_json: bool) -> None:
    """Print the sections, or the document, and write the folder where one is asked for."""
    from truceline.provenance import hash_files
    from truceline.publish.fit_record import dump_fit

    sections = _view(found)
    hashes = hash_files([found.path])
    document = dump_fit(
        source=hashes,
        seed=found.seed,
        studies=found.studies,
        timed=found.timed,
        step=found.step,
        truces=found.truces,
    )
    if as_json:
        print_line(document.rstrip("\n"))
    else:
        for section in sections:
            _print_section(section)
        print_line(f"Seed {found.seed}.")
    if out is None:
        return
    from truceline.publish.fit_folder import write_fit

    source = ", ".join(f"{name} ({digest})" for name, digest in hashes.items())
    names = write_fit(
        out,
        title="What the counts say" if found.studies else "What the incidents say",
        source=f"From {source}; seed {found.seed}.",
        sections=sections,
        figures=_draw(found, sections),
        document=document,
    )
    if not as_json:
        print_line(f"Written to {out}: {', '.join(names[:2])} and {len(names) - 2} figures")


def _view(found: _Found) -> list[FitSection]:
    from truceline.publish.fit_timed_view import view_timed
    from truceline.publish.fit_view import view_step, view_study, view_truce_scores

    sections = [view_study(study, number) for number, study in enumerate(found.studies, 1)]
    sections += [view_timed(study, number) for number, study in enumerate(found.timed, 1)]
    if found.step is not None and found.around is not None:
        sections.append(view_step(found.step, found.around.name))
    if found.truces is not None:
        sections.append(view_truce_scores(found.truces))
    return sections


def _draw(found: _Found, sections: Sequence[FitSection]) -> dict[str, str]:
    from truceline.publish.fit_figures import draw_fit_figures, draw_gaps, draw_step

    figures: dict[str, str] = {}
    for section, study in zip(sections, found.studies, strict=False):
        figures |= draw_fit_figures(study, section.name)
    for section, timed in zip(sections, found.timed, strict=False):
        figures[f"{section.name}-gaps"] = draw_gaps(timed, f"{section.name}-gaps")
    if found.step is not None and found.around is not None:
        figures["truce-step"] = draw_step(found.around, found.step, "truce-step")
    return figures


def _print_section(section: FitSection) -> None:
    print_title(section.title)
    for sentence in section.sentences:
        print_line(sentence)
    print_line()
    for table in section.tables:
        print_title(table.title)
        print_table(table.heads, [Row(row) for row in table.rows])
        if table.note:
            print_line(table.note)
        print_line()
    for limit in section.limits:
        print_line(f"- {limit}")
    if section.limits:
        print_line()
