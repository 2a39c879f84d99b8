"""Two figures of the backstop: what is needed, held and missing of each task, and what each task is worth.

Shares of the need, people, shares of incidents. Only places on paper are computed; every number is read from
the result. What rests on holdings or sizes that nobody stated carries its mark, as everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from truceline.publish import figure_style as style
from truceline.publish.backstop_view import show_held, show_missing
from truceline.publish.generation_words import (
    MEASURES_OF_FIGURE,
    name_measure,
    plural,
    rests_on_ours,
    show_change,
    show_measure,
)
from truceline.publish.sizes import format_units
from truceline.publish.wording import small_print
from truceline.units import format_share

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from truceline.generation.backstop import BackstopRow, BackstopWorth, Measure
    from truceline.generation.result import Generation
    from truceline.plan.model import Plan

WIDTH_IN = 11.0
HELD, STEP, MET = "#0b5394", "#0b5394", "#e0a526"
"""Held and worth alone in blue, worth by meeting others in amber and hatched: apart in grey and for the
colour-blind too."""
_SMALL_CHANGE = 0.1
"""A change below this share of the value is drawn on an axis that begins near it."""
_HATCH = "////"
_ROW_IN = 0.34
_LEFT, _RIGHT = 0.265, 0.6
_COLUMNS = (("Needed", 0.685), ("Held", 0.795), ("Missing", 0.9))
_BAR = 0.56
_FULL_AXIS = 1.0
_ABOVE_IN, _AXIS_IN, _IDLE_PT = 0.34, 0.27, 7.6


def draw_gaps(plan: Plan, generation: Generation) -> str:
    """Return needed, held and missing for every line of the backstop, each as a share of its need."""
    rows = generation.backstop_rows
    with style.figure_style():
        figure = style.start_figure(WIDTH_IN, 1.75 + _ROW_IN * len(rows))
        title = "The backstop: needed, held without the United States, and missing"
        subtitle = (
            "Each bar is what the force needs. Filled: what contributors would bring after readiness and"
            " release, with its range; hatched: missing. Holdings ready for this mission are ours: no nation"
            " stated any."
        )
        bottom, top = style.add_frame(figure, title, subtitle, _notes(plan, generation))
        height_in = figure.get_size_inches()[1]
        foot, head = bottom + 0.26 / height_in, top - 0.3 / height_in
        axes = figure.add_axes((_LEFT, foot, _RIGHT - _LEFT, head - foot))
        axes.set_xlim(0, _FULL_AXIS)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_yticks([])
        axes.set_xticks([0, 0.5, 1], [format_share(tick) for tick in (0, 0.5, 1)])
        axes.set_xlabel("Share of the need", labelpad=1)
        for side in ("left", "bottom"):
            axes.spines[side].set_visible(False)
        axes.tick_params(length=0)
        for name, x in _COLUMNS:
            figure.text(x, head + 0.06 / height_in, name, ha="right", size=8.5, color=style.MUTED)
        task = ""
        for at, row in enumerate(rows):
            _draw_gap(axes, at, row, repeats=row.task.key == task)
            task = row.task.key
        return style.to_svg(figure, "backstop-gap", title)


def _draw_gap(axes: Axes, at: int, row: BackstopRow, *, repeats: bool) -> None:
    """Draw one line: label, bar, and its three numbers in columns."""
    label = style.plain(row.label if repeats or len(row.task.capabilities) > 1 else row.task.label)
    lines = style.wrap(label, 8.4, WIDTH_IN * _LEFT - 0.02)
    shown = "\n".join(lines[:2])
    kwargs: Any = {"transform": axes.get_yaxis_transform(), "va": "center"}
    axes.text(-0.03, at, shown, ha="right", size=8.4, linespacing=1.1, **kwargs)
    if row.need is None:
        axes.text(
            0.0, at, "a promise: nothing to count", size=8.2, color=style.MUTED, style="italic", va="center"
        )
        return
    need, held = row.need.value, row.held
    if not need > 0:
        axes.text(0.0, at, "none needed", size=8.2, color=style.MUTED, style="italic", va="center")
    else:
        have = held.value / need if held is not None else 0.0
        axes.barh(at, 1, height=_BAR, fc=style.PAPER, ec="#8a97a1", hatch=_HATCH, lw=0.6)
        axes.barh(at, min(have, 1), height=_BAR, color=HELD)
        if held is not None and held.low is not None and held.high is not None:
            low, high = min(held.low / need, 1), min(held.high / need, 1)
            if high > low:
                for colour, width in ((style.PAPER, 3.4), (style.INK, 1.3)):
                    axes.plot([low, high], [at, at], color=colour, lw=width, solid_capstyle="butt")
                    axes.plot([low, high], [at, at], "|", color=colour, ms=6, mew=width)
    texts = (format_units(need), str(show_held(row)), str(show_missing(row)))
    for (_, x), text in zip(_COLUMNS, texts, strict=True):
        place = (x - _LEFT) / (_RIGHT - _LEFT)
        weight = "bold" if x == _COLUMNS[-1][1] and text != "nothing" else "normal"
        axes.text(place, at, text, ha="right", size=8.4, weight=weight, **kwargs)
    unit = (_COLUMNS[-1][1] + 0.006 - _LEFT) / (_RIGHT - _LEFT)
    axes.text(unit, at, style.plain(plural(row.unit)), size=7.4, color=style.MUTED, **kwargs)


def draw_values(plan: Plan, generation: Generation, worth: BackstopWorth) -> str:
    """Return what each task is worth as steps from no backstop to all of it, a panel for each measure."""
    panels = [
        _Panel(worth, worth.measures[worth.index(key)], is_ours=rests_on_ours(generation, key))
        for key in MEASURES_OF_FIGURE
        if any(measure.key == key for measure in worth.measures)
    ]
    with style.figure_style():
        height_in = 1.45 + sum(panel.height_in for panel in panels)
        figure = style.start_figure(WIDTH_IN, height_in)
        title = "What each task of the backstop is worth"
        subtitle = (
            "From nothing of the backstop to all of it; the length of a step is the task's Shapley value."
            " Plain: what it changes when it is the only one. Hatched: what it gains or loses by meeting the"
            " others."
        )
        _, top = style.add_frame(figure, title, subtitle, _notes(plan, generation))
        for panel in panels:
            foot = top - (_ABOVE_IN + panel.rows_in) / height_in
            axes = figure.add_axes((_LEFT, foot, 0.57, panel.rows_in / height_in))
            _draw_fall(axes, panel)
            axes.text(
                0,
                -_AXIS_IN / panel.rows_in,
                "\n".join(panel.idle_lines),
                transform=axes.transAxes,
                size=_IDLE_PT,
                color=style.MUTED,
                va="top",
                linespacing=1.3,
            )
            top -= panel.height_in / height_in
        return style.to_svg(figure, "backstop-value", title)


def _notes(plan: Plan, generation: Generation) -> tuple[str, ...]:
    """Return the small print, with the day of the register and what the mark means."""
    said = (
        f"Nations as of {generation.as_of}, for: {style.plain(generation.basis.posture_label)}. Ours: rests"
        " on sizes or on readiness that no nation stated."
    )
    return (said, *small_print(plan))


class _Panel:
    """One measure of the figure: the steps that can be seen, and the tasks left for the line under it."""

    def __init__(self, worth: BackstopWorth, measure: Measure, *, is_ours: bool) -> None:
        self.measure, self.is_ours = measure, is_ours
        self.fall = worth.waterfall(measure.key)
        self.labels = [task.label for task in worth.tasks]
        self.steps = [step for step in self.fall.steps if self._shows(step.value) or self._shows(step.alone)]
        shown = {step.task for step in self.steps}
        idle = [step for step in self.fall.steps if step.task not in shown]
        exact = all(step.value == 0 and step.alone == 0 for step in idle)
        names = ", ".join(self.labels[step.task].lower() for step in sorted(idle, key=lambda s: s.task))
        words = f"Change nothing here{'' if exact else ' that would show'}: {names}." if idle else ""
        self.idle_lines = style.wrap(style.plain(words), _IDLE_PT, WIDTH_IN * 0.6)
        self.rows_in = _ROW_IN * (len(self.steps) + (2 if self.steps else 1))
        self.height_in = _ABOVE_IN + self.rows_in + _AXIS_IN + 0.15 * len(self.idle_lines) + 0.1

    def _shows(self, value: float) -> bool:
        return show_change(value, self.measure.unit, is_ours=self.is_ours) != "0"


def _draw_fall(axes: Axes, panel: _Panel) -> None:
    """Draw one measure: the bar before, a step for each task that shows, the bar after."""
    fall, steps, unit, is_ours = panel.fall, panel.steps, panel.measure.unit, panel.is_ours
    ends = [fall.base, fall.total, *(s.start + s.alone for s in steps), *(s.end for s in steps)]
    low, high = min(0.0, *ends), max(0.0, *ends)
    is_cut = bool(steps) and 0 < max(ends) - min(ends) < _SMALL_CHANGE * min(ends)
    if is_cut:  # steps that small would not be seen on an axis from zero
        low = min(ends) - (max(ends) - min(ends))
    axes.set_xlim(low, high + 0.02 * ((high - low) or 1.0))
    axes.set_ylim(len(steps) + (1.5 if steps else 0.5), -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    cut = " (the axis does not begin at zero)" if is_cut else ""
    axes.set_title(f"{name_measure(panel.measure)}{cut}", loc="left", weight="bold", pad=4)
    axes.xaxis.set_major_formatter(lambda value, _: _tick(value, unit))
    whole = [("Nothing of the backstop", 0, fall.base), ("All of it", len(steps) + 1, fall.total)]
    if not steps:
        whole = [("With or without it", 0, fall.total)]
    for name, at, value in whole:
        axes.barh(at, value, height=_BAR, color="#b9c4cc")
        _name_row(axes, at, name, show_measure(value, unit, is_ours=is_ours), bold=True)
    for at, step in enumerate(steps, start=1):
        if step.alone:
            axes.barh(at, step.alone, left=step.start, height=_BAR, color=STEP)
        if step.interaction:
            axes.barh(
                at,
                step.interaction,
                left=step.start + step.alone,
                height=_BAR if step.alone * step.interaction >= 0 else _BAR / 2,
                fc=MET,
                ec=style.PAPER,
                hatch=_HATCH,
                lw=0,
            )
        axes.plot([step.end, step.end], [at - _BAR / 2, at + 1 + _BAR / 2], color=style.INK, lw=0.8)
        _name_row(axes, at, panel.labels[step.task], show_change(step.value, unit, is_ours=is_ours))
    if steps:
        axes.plot([fall.base, fall.base], [-_BAR / 2, 1 + _BAR / 2], color=style.INK, lw=0.8)


def _tick(value: float, unit: str) -> str:
    return format_share(value, 1) if unit == "1" else show_measure(value, unit, is_ours=False)


def _name_row(axes: Axes, at: int, name: str, value: str, *, bold: bool = False) -> None:
    weight = "bold" if bold else "normal"
    text = "\n".join(style.wrap(style.plain(name), 8.4, WIDTH_IN * _LEFT - 0.02)[:2])
    where = axes.get_yaxis_transform()
    axes.text(-0.02, at, text, transform=where, ha="right", va="center", size=8.4, weight=weight)
    axes.text(1.015, at, value, transform=where, va="center", size=8.4, weight=weight)
