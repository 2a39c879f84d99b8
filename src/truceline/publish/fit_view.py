"""What a fit says, as readers see it: sections of sentences and tables of strings, for terminal and page.

Nothing is computed. A figure that the data do not hold carries its mark in the string itself, and a chance
stands beside what it hangs on.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

from truceline.simulate.fit.count_fitting import PARAMETERS

if TYPE_CHECKING:
    from truceline.simulate.fit.count_fitting import CountFit
    from truceline.simulate.fit.count_study import CountStudy
    from truceline.simulate.fit.truce_scores import TruceScores
    from truceline.simulate.fit.truce_steps import TruceStep

EDGE = "(edge)"
"""Mark of an estimate at the end of the range searched."""
PARAMETER_WORDS = {
    "background": "background, counts a day",
    "branching": "branching: further counts that one brings",
    "memory_days": "memory, days",
    "size": "size of the negative binomial of a day",
    "wander_cv": "weekly factor, coefficient of variation",
    "wander_carry": "weekly factor, correlation from week to week",
}
LIMITS = (
    "Counts are what was reported, not what was fired: the fit describes reporting and firing together.",
    "A background that wanders looks like contagion. The branching of a constant background is an upper end.",
    "A step inside the series, as at a truce, looks like contagion: cut the table there or give --truce.",
    "Days not reported are taken at their expectation; if reports fail when fighting is worst, it is low.",
    "Standard errors take the model as true; those of a parameter marked (edge) are not known.",
)
"""Said under every fit of counts."""


@dataclass(frozen=True)
class FitTable:
    """A table of strings."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class FitSection:
    """A part of the answer."""

    name: str
    """Name for links and figures: letters, digits and hyphens."""
    title: str
    sentences: tuple[str, ...]
    tables: tuple[FitTable, ...]
    limits: tuple[str, ...] = ()


def view_study(study: CountStudy, number: int) -> FitSection:
    """Return everything that is said of one series; `number` makes its name unique."""
    series = study.series
    covered = f"{series.n_days_covered:,} of {series.n_days_spanned:,} days reported"
    return FitSection(
        name=f"counts-{number}",
        title=f"{series.name}: {len(series):,} periods, {covered}, {show(series.rate_per_day)} counts a day",
        sentences=(study.verdict.sentence, study.winner_sentence),
        tables=(_view_fits(study), _view_scores(study), _view_pit(study), _view_fano(study)),
        limits=LIMITS,
    )


def _view_fits(study: CountStudy) -> FitTable:
    verdict = study.verdict
    fits = (verdict.self_exciting, verdict.wandering, verdict.both)
    intervals = {0: verdict.naive_interval, 2: verdict.branching_interval}
    rows = [(PARAMETER_WORDS[name], *(_show_parameter(fit, name) for fit in fits)) for name in PARAMETERS]
    spans = [show_range(*intervals[at]) if at in intervals else "" for at in range(3)]
    rows.insert(2, ("  its 95 % interval, by profile likelihood", *spans))
    rows.append(("log likelihood", *(f"{fit.log_likelihood:.1f}" for fit in fits)))
    rows.append(("Akaike's criterion (less is better)", *(f"{fit.aic:.1f}" for fit in fits)))
    ratios = f"{verdict.contagion_ratio:.1f} for contagion, {verdict.wandering_ratio:.1f} for wandering"
    days = ""
    if isfinite(verdict.daily_ratio):
        days = f"; {verdict.daily_ratio:.1f} for contagion if the background may change each day"
    return FitTable(
        "Fitted by maximum likelihood, with standard errors",
        ("parameter", "if the background is constant", "if nothing is contagious", "if both may be"),
        tuple(rows),
        f"Likelihood ratio of each part beside the other: {ratios}; clear above 5.99{days}. {EDGE}: at an end"
        " of the range searched, so that the data do not hold it.",
    )


def _show_parameter(fit: CountFit, name: str) -> str:
    if name not in fit.free:
        return ""
    value, error = fit.value(name), fit.standard_error.get(name, float("nan"))
    if name in fit.at_bound:
        return f"{show(value)} {EDGE}"
    return f"{show(value)} ± {show(error)}" if isfinite(error) else f"{show(value)} ± unknown"


def _view_scores(study: CountStudy) -> FitTable:
    contest = study.contest
    best = contest.winner
    rows = []
    for one in contest.scores:
        gap = contest.behind(one.key, best.key)
        behind = "best" if one is best else f"{show(gap.mean)} ± {show(gap.standard_error)}"
        rows.append((one.label, show(one.mean), behind))
    return FitTable(
        f"One step ahead: minus log score of the last {contest.n_scored} periods, nats a period",
        ("model", "score (less is better)", "behind the best"),
        tuple(rows),
        f"Fitted to the first {contest.n_fitted} periods only, then not fitted again. ±: standard error of"
        " the paired difference (Newey and West).",
    )


def _view_pit(study: CountStudy) -> FitTable:
    rows = []
    for key, one in study.pit.items():
        bins = " ".join(str(n) for n in one.counts)
        rows.append((study.contest.score(key).label, bins, f"{one.expected:.1f}", show_p(one.p)))
    return FitTable(
        "Is the spread of the forecasts right? Randomised PIT values in equal bins, low to high",
        ("model", "counted", "if right, each", "chance of so uneven"),
        tuple(rows),
        f"Seed {study.seed}. Many in the outer bins: forecasts too narrow; many in the middle: too wide. The"
        " chance holds if parameters were known.",
    )


def _view_fano(study: CountStudy) -> FitTable:
    rows = []
    for one in study.fano:
        made = show_range(one.made_low, one.made_high)
        inside = "" if not isfinite(one.seen) else "inside" if one.is_inside else "OUTSIDE"
        rows.append((str(one.days), show(one.seen), str(one.n_windows), made, show(one.made_middle), inside))
    kind = {"both": "contagion on a wandering background", "self-exciting": "contagion, constant background"}
    label = kind.get(study.verdict.fit.kind, "wandering background without contagion")
    if study.verdict.fit.kind in ("both", "wandering"):
        label = f"{label}, its weeks as the data have them"
    return FitTable(
        "Dispersion: variance over mean of the counts in windows",
        ("days", "seen", "windows", "made by the fit, 80 %", "middle", "seen is"),
        tuple(rows),
        f"Made: 200 series of the fitted model ({label}) on the same periods, seed {study.seed}. A Poisson"
        " has 1. Windows reported on for less than a quarter are left out.",
    )


def view_step(step: TruceStep, name: str) -> FitSection:
    """Return what is said of the step at a truce."""
    day = step.truce_day.isoformat()
    low, high = step.return_interval
    fall = (
        f"{name}: {show(step.before)} counts a day before the truce of {day} ({step.before_source}),"
        f" {show(step.after)} a day on the days reported after it, to {step.after_by}:"
        f" factor {step.factor:.3f}."
    )
    if step.is_climbing:
        climb = (
            f"They climb: if the level returns as 1 - (1 - r0) exp(-t / tau), r0 is {step.level:.3f} (80 %"
            f" {step.level_interval[0]:.3f} to {step.level_interval[1]:.3f}) and tau {show(step.return_days)}"
            f" days (80 % {show(low)} to {show(high)})."
        )
    else:
        climb = (
            f"No return is clear in these days: r0 {step.level:.3f} (80 % {step.level_interval[0]:.3f} to"
            f" {step.level_interval[1]:.3f}); if it returns exponentially, tau is {show(low)} days or more."
        )
    rows = tuple(
        (str(days), show(step.rate(float(days))), f"{step.rate(float(days)) / step.before:.3f}")
        for days in (0, 7, 30, 90, 180, 365)
        if days <= (step.after_by - step.truce_day).days + 31
    )
    table = FitTable(
        "Fitted level after the truce",
        ("days after", "counts a day", "of the level before"),
        rows,
        f"{step.n_periods} periods, negative binomial with size {show(step.size)} a day. Intervals take days"
        " as independent of each other: they are rather too narrow.",
    )
    return FitSection("truce-step", f"The step at the truce of {day}", (fall, climb), (table,))


def view_truce_scores(found: TruceScores) -> FitSection:
    """Return what can be said of how long truces last, from the packaged ones."""
    spells = found.truces.spells
    n_over = int(spells.is_over.sum())
    listed = tuple(
        (
            name,
            f"{days:,.0f}" if days >= 10 else f"{days:.1f}",
            "declared anew" if is_over else "not known to",
        )
        for name, days, is_over in zip(found.truces.names, spells.days, spells.is_over, strict=True)
    )
    curve = tuple((f"{day:.0f}", f"{p:.2f}", show_range(low, high)) for day, p, low, high in found.curve)
    scores = tuple(
        (
            one.label,
            f"{one.brier:.2f}",
            show_range(*one.brier_interval),
            show(one.concordance) if isfinite(one.concordance) else "cannot order",
            show_range(*one.concordance_interval),
        )
        for one in found.scores
    )
    said = (
        f"{len(spells)} truces of all fire, of which {n_over} had to be declared anew: that is when they are"
        " counted as over, later than they failed. Who relies on these figures relies on"
        f" {len(spells)} truces.",
    )
    tables = (
        FitTable("How long until the parties had to declare it anew", ("truce", "days", "over"), listed),
        FitTable(
            "Share of them that lasted longer, if these truces are all like each other (Kaplan and Meier)",
            ("days", "share", "80 %"),
            curve,
        ),
        FitTable(
            "Each truce forecast from the others: leave one out",
            ("forecast", "integrated Brier score", "80 %", "concordance", "80 %"),
            scores,
            "Brier: 0 is perfect, 0.25 a coin, over one year. Concordance: share of"
            f" {found.n_pairs} pairs put in the right order, 0.5 is chance; a forecast that knows nothing of"
            f" the truce cannot. Intervals: {found.resamples:,} draws of the truces, seed {found.seed}.",
        ),
    )
    return FitSection("truces", "How long the development truces lasted", said, tables)


def show(value: float) -> str:
    """Return a number in three digits or so; '-' where there is none."""
    if value != value:
        return "-"
    if not isfinite(value):
        return "no end"
    size = abs(value)
    if size >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 10 else f"{value:.2f}" if size >= 0.1 or size == 0 else f"{value:.2g}"


def show_range(low: float, high: float) -> str:
    """Return a range; empty where neither end is known."""
    return "" if low != low and high != high else f"{show(low)} to {show(high)}"


def show_p(p: float) -> str:
    """Return a chance for a table."""
    return "below 0.001" if p < 0.001 else f"{p:.3f}"
