"""Three figures of a fit: counts with what was forecast, the scores of all models, and the PIT histogram.

The same fit gives the same bytes. Counts by day; nats a period. Each figure says in its small print what it
rests on.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from truceline.publish import figure_style as style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from truceline.simulate.fit.count_series import CountSeries
    from truceline.simulate.fit.count_study import CountStudy
    from truceline.simulate.fit.timed_study import TimedStudy
    from truceline.simulate.fit.truce_steps import TruceStep

WIDTH_IN = 9.2
LINE_COLOUR, DOT_COLOUR, BAR_COLOUR = "#0b5394", "#5d6b76", "#b9c4cc"
_TINY = 0.3
"""Counts a day at which empty periods are drawn on a logarithmic scale."""


def draw_fit_figures(study: CountStudy, name: str) -> dict[str, str]:
    """Return the figures of one series as SVG text by name; `name` begins each."""
    with style.figure_style():
        return {
            f"{name}-days": _draw_days(study, f"{name}-days"),
            f"{name}-scores": _draw_scores(study, f"{name}-scores"),
            f"{name}-pit": _draw_pit(study, f"{name}-pit"),
        }


def draw_step(series: CountSeries, step: TruceStep, name: str) -> str:
    """Return the counts around a truce with the fitted step, as SVG text."""
    with style.figure_style():
        title = f"The step at the truce of {step.truce_day.isoformat()}"
        subtitle = "Counts a day as reported, and the level 1 - (1 - r0) exp(-t / tau) of the one before."
        notes = (
            f"Level before: {step.before:,.0f} a day ({step.before_source}). r0 {step.level:.3f}, tau"
            f" {step.return_days:,.0f} days. Empty periods at the foot.",
        )
        figure = style.start_figure(WIDTH_IN, 3.6)
        axes, _ = _add_axes(figure, title, subtitle, notes)
        _draw_counts(axes, series)
        first = (step.truce_day - series.first_day).days
        after = np.linspace(0.0, float(series.end[-1] - first), 200)
        days = np.array([series.first_day + timedelta(days=first)]).astype("datetime64[h]")
        times = days + (after * 24).astype("timedelta64[h]")
        axes.plot(times, [step.rate(float(day)) for day in after], color=LINE_COLOUR, lw=1.8)
        axes.axhline(step.before, color=style.INK, lw=0.9, ls=(0, (2, 2)))
        return style.to_svg(figure, name, title)


def draw_gaps(study: TimedStudy, name: str) -> str:
    """Return the quantiles of the rescaled gaps against those of an exponential, as SVG text."""
    with style.figure_style():
        check = study.residuals
        title = f"{style.plain(study.series.name)}: do the gaps between incidents fit?"
        subtitle = "Quantiles of the gaps in the model's own time, against those of an exponential of mean 1."
        notes = (
            f"Band: 80 % of {check.n_bootstrap} data sets drawn from the fit and fitted again, seed"
            f" {check.seed}. On the line: as the fitted process would have it.",
        )
        figure = style.start_figure(WIDTH_IN, 4.4)
        axes, _ = _add_axes(figure, title, subtitle, notes)
        if check.n_bootstrap:
            axes.fill_between(
                check.qq_expected, check.qq_low, check.qq_high, color=BAR_COLOUR, lw=0, alpha=0.6
            )
        axes.plot(check.qq_expected, check.qq_expected, color=style.INK, lw=0.8, ls=(0, (3, 3)))
        axes.scatter(check.qq_expected, check.qq_seen, s=12, color=LINE_COLOUR, lw=0, zorder=3)
        axes.set_ylabel("seen")
        axes.grid()
        return style.to_svg(figure, name, title)


def _add_axes(
    figure: object, title: str, subtitle: str, notes: tuple[str, ...], left: float = 0.075
) -> tuple[Axes, float]:
    from matplotlib.figure import Figure

    assert isinstance(figure, Figure)  # noqa: S101  (for the type checker)
    bottom, top = style.add_frame(figure, title, subtitle, notes)
    height_in = figure.get_size_inches()[1]
    foot, head = bottom + 0.34 / height_in, top - 0.08 / height_in
    return figure.add_axes((left, foot, 0.985 - left, head - foot)), height_in


def _draw_counts(axes: Axes, series: CountSeries) -> None:
    middle = series.start + series.n_days / 2.0
    start = np.datetime64(series.first_day.isoformat(), "h")
    times = start + (middle * 24).astype("timedelta64[h]")
    axes.scatter(times, np.maximum(series.n / series.n_days, _TINY), s=9, color=DOT_COLOUR, lw=0, zorder=3)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}" if value >= 1 else "none")
    axes.grid(axis="y")
    axes.set_ylabel("counts a day")


def _draw_days(study: CountStudy, name: str) -> str:
    series, fit = study.series, study.verdict.fit
    title = f"{style.plain(series.name)}: counts, and what the fit expected one step ahead"
    subtitle = "Dots: counts a day by reporting period. Line: expected from the periods before."
    notes = (
        "Fitted to all periods shown. Empty periods at the foot. Counts are what was reported, not what was"
        " fired; gaps were not reported on.",
    )
    figure = style.start_figure(WIDTH_IN, 3.6)
    axes, _ = _add_axes(figure, title, subtitle, notes)
    _draw_counts(axes, series)
    start = np.datetime64(series.first_day.isoformat(), "h")
    times = start + ((series.start + series.n_days / 2.0) * 24).astype("timedelta64[h]")
    axes.plot(times, fit.forecast(series).expected / series.n_days, color=LINE_COLOUR, lw=1.2)
    return style.to_svg(figure, name, title)


def _draw_scores(study: CountStudy, name: str) -> str:
    contest = study.contest
    title = f"{style.plain(study.series.name)}: who forecasts best"
    subtitle = (
        f"Minus log score of the last {contest.n_scored} periods, nats a period, on a logarithmic scale."
    )
    notes = (f"Fitted to the first {contest.n_fitted} periods; less is better. Darker: the best.",)
    figure = style.start_figure(WIDTH_IN, 3.3)
    axes, _ = _add_axes(figure, title, subtitle, notes, left=0.36)
    scores = contest.scores[::-1]
    colours = [LINE_COLOUR if one is contest.winner else BAR_COLOUR for one in scores]
    values = [one.mean for one in scores]
    axes.barh([one.label for one in scores], values, color=colours, height=0.62)
    axes.set_xscale("log")
    axes.set_xlim(min(values) * 0.7, max(values) * 1.6)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.xaxis.set_minor_formatter(lambda value, _: "")
    for row, value in enumerate(values):
        axes.text(
            value * 1.03, row, f"{value:,.2f}" if value < 100 else f"{value:,.0f}", va="center", size=8.2
        )
    return style.to_svg(figure, name, title)


def _draw_pit(study: CountStudy, name: str) -> str:
    title = f"{style.plain(study.series.name)}: is the spread of the forecasts right?"
    subtitle = "Randomised PIT values of the periods kept back, in equal bins; flat is right."
    notes = (f"Seed {study.seed}. Dashed: the number in each bin if forecasts are right.",)
    figure = style.start_figure(WIDTH_IN, 2.9)
    axes, _ = _add_axes(figure, title, subtitle, notes)
    width = 0.8 / len(study.pit)
    for at, (key, one) in enumerate(study.pit.items()):
        bins = np.arange(len(one.counts)) + at * width
        colour = LINE_COLOUR if key == study.contest.winner.key else BAR_COLOUR
        axes.bar(bins, one.counts, width=width * 0.94, color=colour, label=study.contest.score(key).label)
        axes.axhline(one.expected, color=style.INK, lw=0.8, ls=(0, (3, 3)))
    n_bins = len(next(iter(study.pit.values())).counts)
    axes.set_xticks(np.arange(n_bins) + width * (len(study.pit) - 1) / 2)
    axes.set_xticklabels([f"{low / n_bins:.1f} to {(low + 1) / n_bins:.1f}" for low in range(n_bins)])
    axes.legend(loc="upper left", ncols=2)
    axes.margins(y=0.2)
    return style.to_svg(figure, name, title)
