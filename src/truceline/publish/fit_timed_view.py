"""What a fit of timed incidents says, as sections of sentences and tables (see `fit_view`)."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from truceline.publish.fit_view import FitSection, FitTable, show, show_p

if TYPE_CHECKING:
    from truceline.simulate.fit.point_results import Estimate
    from truceline.simulate.fit.timed_study import TimedStudy

LIMITS = (
    "Incidents are those reported. Missed ones lower the branching and lengthen the memory.",
    "The background may change from week to week only: what changes faster by itself is taken as contagion.",
    "Times rounded to the report hide what follows within the rounding.",
    "The watching is taken to begin with the day of the first incident and to end with that of the last.",
)
"""Said under every fit of timed incidents."""


def view_timed(study: TimedStudy, number: int) -> FitSection:
    """Return everything that is said of the incidents of one region; `number` makes its name unique."""
    series = study.series
    return FitSection(
        name=f"timed-{number}",
        title=f"{series.name}: {len(series.times):,} incidents in {series.days:,.0f} days",
        sentences=(study.verdict.sentence, study.scores.sentence, study.residuals.sentence),
        tables=(_view_fits(study), _view_scores(study), _view_gaps(study)),
        limits=LIMITS,
    )


def _view_fits(study: TimedStudy) -> FitTable:
    fits = (study.verdict.naive, study.verdict.wandering, study.verdict.both)
    names = study.series.side_names
    rows = []
    for side in range(len(fits[0].mu)):
        of_side = f" of {names[side]}" if names else ""
        rows.append((f"background, incidents a day{of_side}", *(_show(fit.mu[side]) for fit in fits)))
    excited = [fit if fit.is_exciting else None for fit in fits]
    rows.append(
        (
            "branching: further incidents that one brings",
            *("" if f is None else _show(f.n_self) for f in excited),
        )
    )
    if names:
        rows.append(("  and of the other side", *("" if f is None else _show(f.n_cross) for f in excited)))
    rows.append(("mean delay, days", *("" if f is None else _show(f.memory_days) for f in excited)))
    loose = [fit if fit.is_wandering else None for fit in fits]
    words = "weekly factor, coefficient of variation"
    rows.append((words, *("" if f is None else _show(f.background_cv) for f in loose)))
    words = "weekly factor, correlation from week to week"
    rows.append((words, *("" if f is None else _show(f.persistence) for f in loose)))
    rows.append(("log likelihood", *(f"{fit.log_likelihood:.1f}" for fit in fits)))
    rows.append(("Akaike's criterion (less is better)", *(f"{fit.aic:.1f}" for fit in fits)))
    notes = dict.fromkeys(note for fit in fits for note in fit.notes)
    return FitTable(
        "Fitted by maximum likelihood, with standard errors",
        ("parameter", "if the background is constant", "if nothing is contagious", "if both may be"),
        tuple(rows),
        " ".join(notes),
    )


def _view_scores(study: TimedStudy) -> FitTable:
    scores = study.scores
    rows = tuple(
        (
            one.label,
            f"{one.per_event:.3f}",
            f"{one.gain:.3f} ± {one.gain_error:.3f}" if isfinite(one.gain_error) else "",
        )
        for one in scores.scores
    )
    return FitTable(
        f"Out of sample: log density of the last {scores.scored_days:,} days' {scores.n_scored:,} incidents",
        ("model", "nats an incident (more is better)", "above the constant Poisson"),
        rows,
        f"Fitted to the first {scores.fitted_days:,} days only. A gain of 0.08 over a Poisson is usual.",
    )


def _view_gaps(study: TimedStudy) -> FitTable:
    check = study.residuals
    p = show_p(check.p_bootstrap) if isfinite(check.p_bootstrap) else "not tested"
    return FitTable(
        "Do the gaps between incidents fit? Rescaled to the model's own time",
        ("distance", "chance, by bootstrap", "without it", "data sets", "seed"),
        ((f"{check.distance:.3f}", p, show_p(check.p_naive), str(check.n_bootstrap), str(check.seed)),),
        "Without a bootstrap the chance is far too large: the model was fitted to the same incidents.",
    )


def _show(one: Estimate) -> str:
    if not isfinite(one.value):
        return ""
    return (
        f"{show(one.value)} ± {show(one.standard_error)}" if isfinite(one.standard_error) else show(one.value)
    )
