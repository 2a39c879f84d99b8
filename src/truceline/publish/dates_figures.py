"""Two figures of dates: the strength curve with what binds under it, and the calendar of approvals.

Days from the ceasefire, people. Only places on paper are computed; every number is read from the result. What
rests on sizes nobody stated is hatched and said so in the small print.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from truceline.deployment.model import Reason
from truceline.deployment.timeline import STAGES
from truceline.publish import figure_style as style
from truceline.publish.dates_record import WEEK, ours_of
from truceline.publish.dates_view import show_count
from truceline.publish.dates_words import say_band
from truceline.publish.wording import small_print
from truceline.units import format_people

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from truceline.deployment.readiness import Step
    from truceline.plan.dates import PlanDates
    from truceline.plan.model import Plan

WIDTH_IN = 11.0
BAND_COLOUR, LINE_COLOUR = "#bcd6ea", "#0b5394"
_REASON_COLOURS: dict[Reason, str] = {
    "approval": "#d9a441",
    "notice": "#b9c4cc",
    "travel": "#8fb8d8",
    "lift": "#7a5195",
    "gauge": "#c2410c",
    "port": "#9a4f8e",
    "airfield": "#5a7fb0",
    "road": "#a65f2b",
    "beds": "#6f8f3f",
    "supplies": "#4d4d4d",
    "nobody": "#eef1f3",
}
REASON_WORDS: dict[Reason, str] = {
    "approval": "approvals",
    "notice": "notice to move",
    "travel": "on the way",
    "lift": "wagons, aircraft",
    "gauge": "gauge change",
    "port": "ports",
    "airfield": "airfields",
    "road": "roads",
    "beds": "staging beds",
    "supplies": "supplies",
    "nobody": "all who come are there",
}
_KIND_COLOURS = {
    "peace": "#4d5b66",
    "consent": "#6b8e9f",
    "mandate": "#7a5195",
    "parliament": "#0b5394",
    "decision": "#2f83a3",
    "backstop": "#c2410c",
    "monitoring": "#9a6b00",
    "composite": "#d98c5f",
}
KIND_WORDS = {
    "peace": "ceasefire and terms",
    "consent": "consent",
    "mandate": "mandate",
    "parliament": "parliament",
    "decision": "government",
    "backstop": "United States: backstop",
    "monitoring": "United States: monitoring",
    "composite": "several together",
}
_ROW_IN = 0.27
_MOST_ROWS = 24
_LEFT = 0.185


def draw_strength(plan: Plan, dates: PlanDates) -> str:
    """Return people in place over time with the band of the draws, and under it what binds in each week."""
    with style.figure_style():
        figure = style.start_figure(WIDTH_IN, 5.6)
        title = "When they are there: people in place after the ceasefire"
        draws = dates.draws
        band = (
            f" Band: 80 % of {draws.n:,} draws (seed {draws.seed}), line in it: their middle."
            if draws
            else ""
        )
        subtitle = f"{dates.case_label}. Dark line: every lead time, load and capacity at its middle.{band}"
        notes = small_print(plan)
        if dates.people_ours > 0:
            notes = (
                f"{_part(dates)} of the people rest on sizes nobody stated (hatched below the line): ours,"
                " not their word. Lead times are estimates.",
                *notes,
            )
        bottom, top = style.add_frame(figure, title, subtitle, notes)
        height_in = figure.get_size_inches()[1]
        strip = bottom + 0.62 / height_in
        foot, head = strip + 0.46 / height_in, top - 0.06 / height_in
        axes = figure.add_axes((0.075, foot, 0.765, head - foot))
        _draw_curve(axes, dates, plan.chosen.people.force.deployed_people)
        under = figure.add_axes((0.075, strip, 0.765, 0.28 / height_in), sharex=axes)
        _draw_binding(under, dates)
        _add_key(figure, bottom, height_in, dates)
        return style.to_svg(figure, "strength", title)


def _part(dates: PlanDates) -> str:
    share = dates.people_ours / dates.people if dates.people > 0 else 0.0
    return "All" if share > 0.995 else f"{share:.0%}".replace("%", " %")


def _draw_curve(axes: Axes, dates: PlanDates, needed: float) -> None:
    days = np.arange(dates.flow.days + 1)
    draws = dates.draws
    highest = max(float(dates.timeline.total.max()), needed)
    if draws is not None:
        axes.fill_between(days, draws.strength[0.1], draws.strength[0.9], color=BAND_COLOUR, lw=0, alpha=0.75)
        axes.plot(days, draws.strength[0.5], color="#5b93bd", lw=1.2, ls=(0, (5, 2)))
        highest = max(highest, float(draws.strength[0.9].max()))
    if dates.people_ours > 0:
        axes.fill_between(
            days,
            0,
            dates.timeline.ours,
            facecolor="none",
            edgecolor="#8a6d3b",
            hatch="////",
            lw=0,
            alpha=0.45,
        )
    axes.plot(days, dates.timeline.total, color=LINE_COLOUR, lw=2.0)
    axes.axhline(needed, color=style.INK, lw=0.9, ls=(0, (2, 2)))
    beside = axes.get_yaxis_transform()
    axes.text(
        1.01,
        needed,
        f"needed: {format_people(needed)}",
        transform=beside,
        va="center",
        size=8.2,
        color=style.INK,
    )
    last = float(dates.timeline.total[-1])
    if abs(last - needed) > 0.05 * highest:
        come = show_count(last, float(dates.timeline.ours[-1]))
        axes.text(
            1.01,
            last,
            f"come: {come}",
            transform=beside,
            va="center",
            size=8.2,
            color=LINE_COLOUR,
        )
    for stage, day in dates.timeline.days.items():
        band = None if draws is None else draws.stages[stage]
        if not np.isfinite(day):
            continue
        axes.axvline(day, color=style.INK, lw=0.8)
        span = f" ({say_band(band)})" if band is not None else ""
        axes.annotate(
            f"{STAGES[stage]}: day {day:,.0f}{span}",
            (day, 0.98 if stage == "first" else 0.88),
            xycoords=("data", "axes fraction"),
            xytext=(4, 0),
            textcoords="offset points",
            va="top",
            size=8,
            path_effects=style.halo(),
        )
    never = [STAGES[stage] for stage, day in dates.timeline.days.items() if not np.isfinite(day)]
    if never:
        words = f"Never in {dates.flow.days} days: {' and '.join(never)}"
        axes.text(
            0.012, 0.84, words, transform=axes.transAxes, va="top", size=8.4, color=style.WEAK, weight="bold"
        )
    axes.set_xlim(0, dates.flow.days)
    axes.set_ylim(0, highest * 1.08 or 1)
    axes.yaxis.set_major_formatter(lambda value, _: format_people(value))
    axes.grid(axis="y")
    axes.tick_params(labelbottom=False)


def _draw_binding(axes: Axes, dates: PlanDates) -> None:
    """Draw a strip with the colour of what binds, one piece for weeks that have the same."""
    for reason, group in groupby(dates.flow.weeks, key=lambda one: (one.reason, one.node)):
        weeks = list(group)
        start, end = WEEK * (weeks[0].week - 1), min(WEEK * weeks[-1].week, dates.flow.days)
        axes.axvspan(start, end, color=_REASON_COLOURS[reason[0]], lw=0)
        axes.axvline(end, color=style.PAPER, lw=0.8)
    axes.set_yticks([])
    axes.set_ylim(0, 1)
    axes.spines["left"].set_visible(False)
    axes.set_ylabel("binds", rotation=0, ha="right", va="center", size=8.4)
    axes.set_xlabel("Days from the ceasefire", labelpad=1)
    axes.tick_params(length=2)


def _add_key(figure: Any, bottom: float, height_in: float, dates: PlanDates) -> None:
    from matplotlib.patches import Patch

    seen = dict.fromkeys(one.reason for one in dates.flow.weeks)
    handles = [Patch(color=_REASON_COLOURS[reason], label=REASON_WORDS[reason]) for reason in seen]
    figure.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0.068, bottom - 0.02 / height_in),
        ncols=min(len(handles), 8) or 1,
        borderaxespad=0,
        handlelength=1.0,
        handleheight=0.9,
        columnspacing=1.4,
    )


def draw_approvals(plan: Plan, dates: PlanDates) -> str:
    """Return what each nation waits for as bars over days, with how far the last of it may slip."""
    calendar = dates.calendar[:_MOST_ROWS]
    with style.figure_style():
        figure = style.start_figure(WIDTH_IN, 2.5 + _ROW_IN * len(calendar))
        title = "Who may move when: conditions and approvals"
        subtitle = (
            "Bars: the conditions of each nation at the middle of their lead times, begun once what comes"
            " before is there. Mark: the last of them; thin line: every lead time at its short and long end."
        )
        left_out = len(dates.calendar) - len(calendar)
        notes: tuple[str, ...] = (
            "Lead times are estimated, by analysts or by us; nothing says how likely a vote is.",
        )
        if left_out:
            notes = (f"{left_out} more nations are in the table approvals_calendar.", *notes)
        bottom, top = style.add_frame(figure, title, subtitle, (*notes, *small_print(plan)))
        height_in = figure.get_size_inches()[1]
        foot, head = bottom + 0.62 / height_in, top - 0.02 / height_in
        axes = figure.add_axes((_LEFT, foot, 0.975 - _LEFT, head - foot))
        ours, horizon = ours_of(dates), float(dates.flow.days)
        earliest = min((s.begin for one in calendar for s in one.steps if not s.met), default=0.0)
        earliest = min(0.0, earliest, *(one.approved_low for one in calendar))
        kinds: dict[str, None] = {}
        for row, one in enumerate(calendar):
            waited = [step for step in one.steps if not step.met and step.end > step.begin]
            _draw_steps(axes, row, waited, horizon)
            kinds.update(dict.fromkeys(step.kind for step in waited))
            low, high = one.approved_low, min(one.approved_high, horizon)
            axes.plot([low, high], [row, row], color=style.INK, lw=0.9)
            if one.approved_high > horizon:
                axes.plot([horizon], [row], marker=">", ms=4.5, color=style.INK, clip_on=False)
            axes.plot(
                [min(one.approved_day, horizon)], [row], marker="D", ms=4.2, color=style.INK, clip_on=False
            )
            mark = " (ours)" if one.nation in ours else ""
            name = style.plain(dates.names.get(one.nation, one.nation))
            axes.text(
                -0.01,
                row,
                (style.wrap(f"{name}{mark}", 8.4, WIDTH_IN * _LEFT) or [name])[0],
                transform=axes.get_yaxis_transform(),
                ha="right",
                va="center",
                size=8.4,
            )
        axes.axvline(0, color=style.INK, lw=0.8)
        axes.set_xlim(earliest, horizon)
        axes.set_ylim(len(calendar) - 0.4, -0.6)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.grid(axis="x")
        axes.set_xlabel("Days from the ceasefire", labelpad=1)
        _add_kinds(figure, bottom, height_in, list(kinds))
        return style.to_svg(figure, "approvals", title)


def _draw_steps(axes: Axes, row: int, steps: list[Step], horizon: float) -> None:
    """Draw the steps of one nation; those at the same time share the height of its bar."""
    kinds = dict.fromkeys(step.kind for step in steps)
    height = 0.74 / max(len(kinds), 1)
    for place, kind in enumerate(kinds):
        own = [step for step in steps if step.kind == kind]
        for step in own:
            axes.barh(
                row - 0.37 + (place + 0.5) * height,
                min(step.end, horizon) - min(step.begin, horizon),
                left=min(step.begin, horizon),
                height=height * 0.86,
                color=_KIND_COLOURS.get(kind, style.MUTED),
                alpha=0.8,
                lw=0,
            )


def _add_kinds(figure: Any, bottom: float, height_in: float, kinds: list[str]) -> None:
    from matplotlib.patches import Patch

    known = [kind for kind in KIND_WORDS if kind in kinds]
    handles = [Patch(color=_KIND_COLOURS[kind], label=KIND_WORDS[kind]) for kind in known]
    if not handles:
        return
    figure.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(_LEFT - 0.007, bottom - 0.02 / height_in),
        ncols=len(handles),
        borderaxespad=0,
        handlelength=1.0,
        handleheight=0.9,
        columnspacing=1.4,
    )
