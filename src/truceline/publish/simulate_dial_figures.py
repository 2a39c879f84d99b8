"""Two figures of holding: survival over time and over the dial, each baseline in a panel of its own.

Days from the ceasefire; r is the factor on the daily hazard. Both carry the condition, the baselines and the
warning inside the picture, because pictures are pasted elsewhere. Only places on paper are computed here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from truceline.publish import figure_style as style
from truceline.publish.simulate_words import (
    BAND_NOTE,
    CONDITION,
    NOT_A_FORECAST,
    TRANSFER_SHORT,
    say_collapse,
    say_horizon,
    source_of,
    title_baseline,
)
from truceline.simulate.dial_readings import force_size_factor, list_readings
from truceline.simulate.results import DIAL, HORIZONS
from truceline.simulate.settings import BASELINES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from truceline.simulate.backstop_dial import BreakEven, DialCurve
    from truceline.simulate.ensemble import Outcome

WIDTH_IN = 11.0
BASELINE_COLOURS = {"minsk": "#7a5195", "armistice": "#0b5394"}
"""One colour for each baseline in every figure: they are never drawn as one."""
_SHOWN = (0.15, 0.25, 0.5, 1.0, 1.2)
_STRENGTHS = {0.15: 0.45, 0.25: 0.6, 0.5: 0.78, 1.0: 1.0, 1.2: 1.0}
_LEFT, _RIGHT, _GAP = 0.07, 0.985, 0.075
_TROOPS = (0, 2_500, 5_000, 10_000)
_LEAST_SHOWN = 0.02
_LETTERS = 0.045
"""Room beside a panel for the names of its curves."""
_SPREAD = 0.055
"""Least distance between the letters of two curves, as a share of the axis."""


def draw_survival(outcome: Outcome) -> str:
    """Return the chance that the truce still holds over time, a curve for each reading of the dial."""
    summary = outcome.summary
    with style.figure_style():
        figure = style.start_figure(WIDTH_IN, 5.0)
        title = "How long it holds, " + CONDITION
        subtitle = (
            "Curves: mean over draws of what is assumed, one for each reading of r; r = 1.00 is a backstop"
            " that changes nothing. Bars: 80 % of draws at r = 1.00. The two baselines have axes of their"
            " own."
        )
        bottom, top = style.add_frame(
            figure, title, subtitle, (say_collapse(outcome), NOT_A_FORECAST, source_of(outcome))
        )
        days = summary.survival_days().astype(float)
        for place, baseline in enumerate(BASELINES):
            axes = _add_panel(figure, place, len(BASELINES), bottom, top)
            curves = {factor: summary.survival_curve(baseline, factor) for factor in _SHOWN}
            end = _last_day(days, curves[_SHOWN[0]], summary.n_days)
            _draw_curves(axes, days, curves, end, BASELINE_COLOURS[baseline])
            for horizon in HORIZONS:
                if horizon <= min(end, summary.n_days):
                    low, _, high = summary.survival_band(baseline, 1.0, horizon)
                    axes.plot(
                        [horizon, horizon],
                        [low, high],
                        color=BASELINE_COLOURS[baseline],
                        lw=7,
                        alpha=0.22,
                        solid_capstyle="butt",
                    )
            axes.set_title(f"{title_baseline(baseline)} baseline", loc="left")
            axes.set_xlabel("Days from the ceasefire", labelpad=1)
            axes.set_xlim(0, end * 1.02)
            _as_chances(axes, "Chance that it still holds" if place == 0 else "")
        return style.to_svg(figure, "survival", title)


def _last_day(days: Any, curve: Any, n_days: int) -> float:
    """Return where the axis ends: the horizon, or where even the longest curve is all but gone."""
    gone = days[curve < _LEAST_SHOWN]
    return float(min(n_days, gone[0])) if len(gone) else float(n_days)


def _draw_curves(axes: Axes, days: Any, curves: dict[float, Any], end: float, colour: str) -> None:
    ends: list[tuple[float, float]] = []
    for i, (factor, curve) in enumerate(curves.items()):
        dash: Any = (0, (4, 2)) if factor == _SHOWN[0] else (0, (1, 1)) if factor > 1 else "-"
        axes.plot(
            days, curve, color=colour, alpha=_STRENGTHS[factor], lw=2.2 if factor == 1 else 1.3, ls=dash
        )
        # Letters stand where the curve has fallen part of the way, so that those of five curves keep apart.
        below = np.flatnonzero(curve <= 0.62 - 0.075 * i)
        x = float(days[below[0]]) if len(below) else math.inf
        if x >= 0.9 * end:
            ends.append((factor, float(np.interp(end, days, curve))))
        else:
            _name_curve(axes, factor, (x, float(np.interp(x, days, curve))), colour)
    height = _SPREAD
    for factor, y in sorted(ends, key=lambda one: one[1]):
        height = max(y, height)
        _name_curve(axes, factor, (end * 1.02, height), colour, middle=True)
        height += _SPREAD


def _name_curve(
    axes: Axes, factor: float, at: tuple[float, float], colour: str, *, middle: bool = False
) -> None:
    axes.annotate(
        f"r = {factor:.2f}",
        at,
        xytext=(4, 0 if middle else 2),
        textcoords="offset points",
        va="center" if middle else "baseline",
        annotation_clip=False,
        size=8,
        color=colour,
        weight="bold" if factor == 1 else "normal",
        path_effects=style.halo(),
    )


def _add_panel(
    figure: Any, place: int, n: int, bottom: float, top: float, foot_in: float = 0.42, head_in: float = 0.3
) -> Axes:
    height_in = figure.get_size_inches()[1]
    width = (_RIGHT - _LEFT - _GAP * (n - 1)) / n - _LETTERS
    foot, head = bottom + foot_in / height_in, top - head_in / height_in
    axes: Axes = figure.add_axes((_LEFT + place * (width + _LETTERS + _GAP), foot, width, head - foot))
    return axes


def _as_chances(axes: Axes, label: str) -> None:
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1.0])
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
    axes.grid(axis="y")
    if label:
        axes.set_ylabel(label)


def draw_dial(outcome: Outcome, curves: Sequence[DialCurve], break_evens: Sequence[BreakEven] = ()) -> str:
    """Return the chance of holding over r, a row for each horizon and a column for each baseline."""
    horizons = list(dict.fromkeys(curve.days for curve in curves))
    with style.figure_style():
        figure = style.start_figure(WIDTH_IN, 2.75 + 1.95 * len(horizons))
        title = "The dial: the chance that it holds, " + CONDITION
        subtitle = (
            "Dark line: mean over draws of what is assumed; dashed: median; band: 80 % of draws. Upright"
            " lines: readings of r by others, from civil wars with consent. No r is more likely than"
            " another here."
        )
        notes = (
            f"{say_collapse(outcome)} {BAND_NOTE}",
            TRANSFER_SHORT,
            NOT_A_FORECAST,
            source_of(outcome),
        )
        bottom, top = style.add_frame(figure, title, subtitle, notes)
        height_in = figure.get_size_inches()[1]
        head, foot = top - 0.8 / height_in, bottom + 0.92 / height_in
        gap = 0.34 / height_in
        height = (head - foot - gap * (len(horizons) - 1)) / len(horizons)
        width = (_RIGHT - _LEFT - _GAP) / len(BASELINES)
        for curve in curves:
            row, column = horizons.index(curve.days), BASELINES.index(curve.baseline)
            y = head - (row + 1) * height - row * gap
            axes = figure.add_axes((_LEFT + column * (width + _GAP), y, width, height))
            _draw_dial_panel(axes, curve, [one for one in break_evens if _is_of(one, curve)])
            _as_chances(axes, f"Holds {say_horizon(curve.days)}" if column == 0 else "")
            if row == 0:
                _name_readings(axes, curve.baseline, height_in * height)
            if row == len(horizons) - 1:
                axes.set_xlabel("r: factor on the daily hazard of breakdown", labelpad=1)
                _draw_troops(figure, axes, y - 0.66 / height_in, height_in)
            else:
                axes.tick_params(labelbottom=False)
        return style.to_svg(figure, "dial", title)


def _is_of(one: BreakEven, curve: DialCurve) -> bool:
    return one.baseline == curve.baseline and one.days == curve.days and one.is_on_dial


def _draw_dial_panel(axes: Axes, curve: DialCurve, break_evens: Sequence[BreakEven]) -> None:
    colour = BASELINE_COLOURS[curve.baseline]
    axes.fill_between(curve.factors, curve.low, curve.high, color=colour, alpha=0.16, lw=0)
    axes.plot(curve.factors, curve.mean, color=colour, lw=2.0)
    axes.plot(curve.factors, curve.median, color=colour, lw=1.0, ls=(0, (4, 2)))
    for one in list_readings():
        axes.axvline(
            one.factor, color=style.RULE, lw=0.9, ls="-" if one.is_reading else (0, (2, 2)), zorder=0.5
        )
    for even in break_evens:
        y = float(np.interp(even.factor, curve.factors, curve.mean))
        axes.plot([even.factor], [y], marker="D", ms=5.5, color=style.WEAK, zorder=5, clip_on=False)
        axes.annotate(
            f"break-even r = {even.factor:.2f}",
            (even.factor, y),
            xytext=(6, 6),
            textcoords="offset points",
            size=8,
            color=style.WEAK,
            path_effects=style.halo(),
        )
    axes.set_xlim(DIAL[0] - 0.02, DIAL[-1] + 0.02)
    axes.set_xticks([0.25, 0.5, 0.75, 1.0])


def _name_readings(axes: Axes, baseline: str, panel_in: float) -> None:
    """Write the baseline and the names of the readings over the topmost panel."""
    axes.text(
        0,
        1 + 0.6 / panel_in,
        f"{title_baseline(baseline)} baseline",
        transform=axes.transAxes,
        size=9.5,
        weight="bold",
        color=BASELINE_COLOURS[baseline],
    )
    for one in list_readings():
        axes.text(
            one.factor,
            1 + 0.06 / panel_in,
            f"{one.factor:g}\n{SHORT_READINGS[one.key]}",
            transform=axes.get_xaxis_transform(),
            ha="right" if one.factor > 1.1 else "center",
            va="bottom",
            size=7.2,
            color=style.MUTED,
            linespacing=1.25,
        )


SHORT_READINGS = {
    "imposed_terms": "imposed",
    "tripwire_sceptics": "tripwire\nsceptics",
    "fortna_low": "Fortna,\nlow end",
    "fortna_high": "Fortna,\nhigh end",
    "gilligan_sergenti": "sensi-\ntivity",
}
"""Names of the marks that fit over a panel; the report's table has them whole, with sources."""


def _draw_troops(figure: Any, above: Axes, y: float, height_in: float) -> None:
    """Draw the published slope over force size as a scale of its own under the dial."""
    place = above.get_position()
    scale = figure.add_axes((place.x0, y, place.width, 0.01 / height_in))
    scale.set_xlim(above.get_xlim())
    scale.set_yticks([])
    scale.spines["left"].set_visible(False)
    scale.set_xticks([force_size_factor(n) for n in _TROOPS], [f"{n:,}" for n in _TROOPS])
    scale.tick_params(labelsize=7.2, length=2, pad=1)
    scale.set_xlabel(
        "armed troops, if the slope of battle deaths in African civil wars held for a hazard (sensitivity)",
        size=7.2,
        color=style.MUTED,
        labelpad=1,
    )
