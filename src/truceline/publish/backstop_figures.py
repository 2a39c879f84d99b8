"""Two figures of the backstop: what is needed, held and missing of each task, and what each task is worth.

Shares of the need, people, shares of incidents. Only places on paper are computed; every number is read from
the result. What rests on holdings or sizes that nobody stated carries its mark, as everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from truceline.publish import figure_style as style
from truceline.publish.generation_words import (
    MEASURES_OF_FIGURE,
    name_measure,
    rests_on_ours,
    show_change,
    show_measure,
)
from truceline.publish.sizes import ABOUT, format_units, show_ours
from truceline.publish.wording import small_print
from truceline.units import format_share

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from truceline.generation.backstop import BackstopRow, BackstopWorth
    from truceline.generation.result import Generation
    from truceline.generation.split import Waterfall, WaterfallStep
    from truceline.plan.model import Plan

WIDTH_IN = 11.0
HELD, STEP, MET = "#0b5394", "#0b5394", "#e0a526"
"""Held and worth alone in blue, worth by meeting others in amber and hatched: apart in grey and for the
colour-blind too."""
_HATCH = "////"
_ROW_IN = 0.34
_LEFT, _RIGHT = 0.265, 0.6
_COLUMNS = (("Needed", 0.705), ("Held", 0.815), ("Missing", 0.915))
_BAR = 0.56
_FULL_AXIS = 1.0


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
        bottom, top = style.add_frame(figure, title, subtitle, small_print(plan))
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
    need, held, gap = row.need.value, row.held, row.gap
    if not need > 0:
        axes.text(0.0, at, "none needed", size=8.2, color=style.MUTED, style="italic", va="center")
    else:
        have = held.value / need if held is not None else 0.0
        axes.barh(at, 1, height=_BAR, fc=style.PAPER, ec="#8a97a1", hatch=_HATCH, lw=0.6)
        axes.barh(at, min(have, 1), height=_BAR, color=HELD)
        if held is not None and held.low is not None and held.high is not None:
            low, high = min(held.low / need, 1), min(held.high / need, 1)
            if high > low:
                axes.plot([low, high], [at, at], color=style.INK, lw=1.2, solid_capstyle="butt")
                axes.plot([low, high], [at, at], "|", color=style.INK, ms=5, mew=1.2)
    texts = (
        format_units(need),
        str(show_ours(held, tight=True)) if held is not None and held.value > 0 else "none",
        f"{ABOUT}{format_units(gap.value)}" if gap is not None and gap.value > 0 else "nothing",
    )
    for (_, x), text in zip(_COLUMNS, texts, strict=True):
        place = (x - _LEFT) / (_RIGHT - _LEFT)
        weight = "bold" if x == _COLUMNS[-1][1] and text not in ("nothing",) else "normal"
        axes.text(place, at, text, ha="right", size=8.4, weight=weight, **kwargs)
    unit = (_COLUMNS[-1][1] + 0.006 - _LEFT) / (_RIGHT - _LEFT)
    axes.text(unit, at, style.plain(row.unit), size=7.4, color=style.MUTED, **kwargs)


def draw_values(plan: Plan, generation: Generation, worth: BackstopWorth) -> str:
    """Return what each task is worth as steps from no backstop to all of it, a panel for each measure."""
    measures = [one.key for one in worth.measures if one.key in MEASURES_OF_FIGURE]
    falls = {key: worth.waterfall(key) for key in measures}
    moving = {key: [s for s in fall.steps if _moves(s.value, s.alone, fall)] for key, fall in falls.items()}
    rows_in = {key: _ROW_IN * (len(moving[key]) + 2) for key in measures}
    with style.figure_style():
        height_in = 1.8 + sum(rows_in.values()) + 0.72 * len(measures)
        figure = style.start_figure(WIDTH_IN, height_in)
        title = "What each task of the backstop is worth"
        subtitle = (
            "From nothing of the backstop to all of it; the length of a step is the task's Shapley value."
            " Plain: what it changes when it is the only one. Hatched: what it gains or loses by meeting the"
            " others."
        )
        _, top = style.add_frame(figure, title, subtitle, small_print(plan))
        foot = top
        for key in measures:
            foot -= (0.42 + rows_in[key]) / height_in
            axes = figure.add_axes((_LEFT, foot, 0.57, rows_in[key] / height_in))
            idle = [
                task.label for i, task in enumerate(worth.tasks) if i not in {s.task for s in moving[key]}
            ]
            ours = rests_on_ours(generation, key)
            _draw_fall(axes, worth, key, [*moving[key]], falls[key], is_ours=ours)
            _say_idle(axes, idle, rows_in[key])
            foot -= 0.3 / height_in
        return style.to_svg(figure, "backstop-value", title)


def _moves(value: float, alone: float, fall: Waterfall) -> bool:
    scale = max(1.0, abs(fall.base), abs(fall.total))
    return max(abs(value), abs(alone)) > 1e-9 * scale


def _draw_fall(
    axes: Axes, worth: BackstopWorth, key: str, steps: list[WaterfallStep], fall: Waterfall, *, is_ours: bool
) -> None:
    measure = worth.measures[worth.index(key)]
    ends = [0.0, fall.base, fall.total, *(s.start + s.alone for s in steps), *(s.end for s in steps)]
    low, high = min(ends), max(ends)
    room = (high - low) or 1.0
    axes.set_xlim(min(0.0, low), high + 0.02 * room)
    axes.set_ylim(len(steps) + 1.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    axes.set_title(name_measure(measure), loc="left", weight="bold", pad=4)
    unit = measure.unit
    axes.xaxis.set_major_formatter(lambda value, _: show_measure(value, unit, is_ours=False))
    whole = [("Nothing of the backstop", 0, fall.base), ("All of it", len(steps) + 1, fall.total)]
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
        label = worth.tasks[step.task].label
        _name_row(axes, at, label, show_change(step.value, unit, is_ours=is_ours))
    axes.plot([fall.base, fall.base], [-_BAR / 2, 1 + _BAR / 2], color=style.INK, lw=0.8)


def _name_row(axes: Axes, at: int, name: str, value: str, *, bold: bool = False) -> None:
    weight = "bold" if bold else "normal"
    text = "\n".join(style.wrap(style.plain(name), 8.4, WIDTH_IN * _LEFT - 0.02)[:2])
    where = axes.get_yaxis_transform()
    axes.text(-0.02, at, text, transform=where, ha="right", va="center", size=8.4, weight=weight)
    axes.text(1.015, at, value, transform=where, va="center", size=8.4, weight=weight)


def _say_idle(axes: Axes, idle: list[str], height_in: float) -> None:
    if not idle:
        return
    words = f"Change nothing here: {', '.join(idle)}."
    lines = style.wrap(style.plain(words), 7.6, WIDTH_IN * 0.7)
    axes.text(
        0,
        -0.24 / height_in,
        "\n".join(lines),
        transform=axes.transAxes,
        size=7.6,
        color=style.MUTED,
        va="top",
        linespacing=1.25,
    )
