"""Every figure of a plan as SVG text, with caption, sight mode, cell size, tolerance and source burnt in.

Figures may be pasted elsewhere and keep their caveats. They show results; only places on paper are computed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from truceline.detection.kinds import STATES
from truceline.force.tasks import Group
from truceline.plan.crossings import INTRUDERS, Crossings
from truceline.plan.ground import Ground
from truceline.plan.model import Plan
from truceline.publish import figure_style as style
from truceline.publish.backstop_figures import draw_gaps, draw_values
from truceline.publish.dates_figures import draw_approvals, draw_strength
from truceline.publish.frontier_figure import draw_frontier
from truceline.publish.map_figure import draw_map
from truceline.publish.money_figures import draw_cost_frontier, draw_costs
from truceline.publish.talks_figures import draw_models, draw_positions
from truceline.publish.wording import GROUP_WORDS, STATE_WORDS, small_print
from truceline.units import format_chance, format_people, format_share

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH_IN = 11.0
_BAR_ORDER: tuple[Group, ...] = ("watch", "reaction", "support", "deterrence")
"""The watching force first, in one piece; what is declared apart stands apart."""
_SHORT_INTRUDER_WORDS = {
    "knows the posts": "Knows the posts,\nnot the schedules",
    "waits for the gap": "Also waits for patrols\nand drones to be gone",
}
_INTRUDER_LOOKS = {"knows the posts": (style.INK, 1.3, "-"), "waits for the gap": (style.WEAK, 1.1, "-")}


def draw_figures(plan: Plan) -> dict[str, str]:
    """Return every figure by name, as SVG text; a plan without a map has only the troop-to-task figure.

    The same plan gives the same text. Names: map, frontier, crossings, tasks; backstop-gap and backstop-value
    where nations were asked for; cost-years and cost-frontier where money was;
    strength and approvals where dates were, and somebody comes; talks-positions and talks-models where talks
    were, and somebody spoke.
    """
    figures: dict[str, str] = {}
    if plan.ground is not None:
        figures["map"] = draw_map(plan)
        if any(one.watch is not None for one in plan.postures.values()):
            figures["frontier"] = draw_frontier(plan)
        if plan.chosen.crossings is not None:
            figures["crossings"] = draw_crossings(plan, plan.ground, plan.chosen.crossings)
    figures["tasks"] = draw_tasks(plan)
    if plan.generation is not None and plan.generation.backstop_rows:
        figures["backstop-gap"] = draw_gaps(plan, plan.generation)
    if plan.generation is not None and plan.generation.backstop is not None:
        figures["backstop-value"] = draw_values(plan, plan.generation, plan.generation.backstop)
    if plan.money is not None:
        figures["cost-years"] = draw_costs(plan, plan.money)
        if plan.money.frontier is not None:
            figures["cost-frontier"] = draw_cost_frontier(plan, plan.money, plan.money.frontier)
    if plan.dates is not None and plan.dates.calendar:
        figures["strength"] = draw_strength(plan, plan.dates)
        figures["approvals"] = draw_approvals(plan, plan.dates)
    if plan.talks is not None and plan.talks.talks.board.places:
        figures["talks-positions"] = draw_positions(plan, plan.talks)
        if plan.talks.talks.answers:
            figures["talks-models"] = draw_models(plan, plan.talks)
    return figures


def draw_crossings(plan: Plan, ground: Ground, crossings: Crossings) -> str:
    """Return the chance of being noticed on the weakest crossing along the line, for three states."""
    with style.figure_style():
        figure = style.start_figure(WIDTH_IN, 6.6)
        title = f"{style.plain(plan.chosen.label)}: how weak the watch is along the line"
        subtitle = (
            "Chance that the least-exposed crossing is noticed, on foot or by vehicle, whichever is weaker,"
            f" every 2 km. Shaded: open, noticed with less than {format_share(crossings.open_threshold_p)}."
        )
        bottom, top = style.add_frame(figure, title, subtitle, small_print(plan))
        height_in = figure.get_size_inches()[1]
        foot, head = bottom + 0.42 / height_in, top - 0.34 / height_in
        step = (head - foot) / len(STATES)
        for s, state in enumerate(STATES):
            place = (0.062, head - (s + 1) * step, 0.775, step * 0.84)
            axes = figure.add_axes(place, sharex=figure.axes[0] if s else None)
            _draw_profile(axes, crossings, s, ground)
            axes.set_title(STATE_WORDS[state], loc="left", weight="bold", pad=3)
            _note_open(axes, crossings, state)
            if s < len(STATES) - 1:
                axes.tick_params(labelbottom=False)
            if s == 0:
                _name_sectors(axes, ground)
        figure.axes[-1].set_xlabel("Kilometres along the line", labelpad=2)
        return style.to_svg(figure, "crossings", title)


def _draw_profile(axes: Axes, crossings: Crossings, state: int, ground: Ground) -> None:
    end_km = ground.length_km
    axes.axhspan(0, crossings.open_threshold_p, color=style.WEAK, alpha=0.10, lw=0)
    for intruder in INTRUDERS:
        colour, width, dash = _INTRUDER_LOOKS[intruder]
        profile = crossings.profiles[intruder]
        p = profile.p_least[:, state]
        nobody = np.isnan(p).all(axis=0)
        weaker = np.where(nobody, np.nan, np.where(np.isnan(p), np.inf, p).min(axis=0))
        edges = np.append(profile.start_m / 1000, end_km)
        axes.stairs(weaker, edges, baseline=None, color=colour, lw=width, ls=dash, label=intruder)
    for sector in ground.sectors[1:]:
        axes.axvline(sector.chainage_from_m / 1000, color=style.RULE, lw=0.7, ls=(0, (3, 2)), zorder=0.6)
    for section in ground.sections:
        if section.kind == "water":
            span = (section.chainage_from_m / 1000, section.chainage_to_m / 1000)
            axes.axvspan(*span, color="#9cc3dc", alpha=0.22, lw=0, zorder=0.4)
    axes.set_xlim(0, end_km)
    axes.set_ylim(-0.015, 1)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1.0], ["0 %", "", "50 %", "", "100 %"])
    axes.grid(axis="y")


def _note_open(axes: Axes, crossings: Crossings, state: str) -> None:
    """Write beside a panel the weakest crossing and the open share for both intruders."""
    y = 0.99
    for intruder in INTRUDERS:
        weakest = crossings.weakest(intruder, state=state)
        lines = (
            ["nobody can pass"]
            if weakest is None
            else [
                f"weakest {format_chance(weakest.p_least)},",
                f"{format_chance(crossings.open_share(intruder, state=state))} of the line open",
            ]
        )
        colour = _INTRUDER_LOOKS[intruder][0]
        name = _SHORT_INTRUDER_WORDS[intruder]
        axes.text(1.015, y, name, transform=axes.transAxes, size=7.6, va="top", color=colour, weight="bold")
        axes.text(
            1.015,
            y - 0.25,
            "\n".join(lines),
            transform=axes.transAxes,
            size=7.8,
            va="top",
            color=colour,
            linespacing=1.35,
        )
        y -= 0.54


def _name_sectors(axes: Axes, ground: Ground) -> None:
    if len(ground.sectors) > 25:  # they would run into each other
        return
    for sector in ground.sectors:
        middle = (sector.chainage_from_m + sector.chainage_to_m) / 2000
        axes.annotate(
            style.plain(sector.name),
            (middle, 1),
            xycoords=("data", "axes fraction"),
            xytext=(0, 14),
            textcoords="offset points",
            ha="center",
            size=7.8,
            color=style.MUTED,
        )
    if any(section.kind == "water" for section in ground.sections):
        axes.annotate(
            "blue: along water",
            (1, 1),
            xycoords="axes fraction",
            xytext=(0, 3),
            textcoords="offset points",
            ha="right",
            size=7.5,
            color="#3d7ea6",
        )


def draw_tasks(plan: Plan) -> str:
    """Return the people of every posture by group of tasks, as stacked bars on one scale."""
    n_bars = len(plan.postures)
    with style.figure_style():
        figure = style.start_figure(WIDTH_IN, 1.9 + 0.66 * n_bars)
        title = "Who is needed: people deployed, by what they do"
        subtitle = (
            "Watching, reaction and support are worked out from tasks; deterrence brigades are declared in"
            " the scenario and stand apart."
        )
        bottom, top = style.add_frame(figure, title, subtitle, small_print(plan))
        height_in = figure.get_size_inches()[1]
        foot, head = bottom + 0.3 / height_in, top - 0.34 / height_in
        axes = figure.add_axes((0.235, foot, 0.685, head - foot))
        largest = max(one.people.force.deployed_people for one in plan.postures.values())
        for row, (key, one) in enumerate(plan.postures.items()):
            _draw_bar(axes, row, one.people.force.table.totals(), one.people.force.deployed_people, largest)
            label = "\n".join(style.wrap(style.plain(one.label), 8.6, 2.6, "bold"))
            weight = "bold" if key == plan.chosen_key else "normal"
            axes.text(
                -0.012,
                row,
                label,
                transform=axes.get_yaxis_transform(),
                ha="right",
                va="center",
                size=8.6,
                weight=weight,
            )
        axes.set_ylim(n_bars - 0.5, -0.5)
        axes.set_xlim(0, largest * 1.0 or 1)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.spines["bottom"].set_visible(False)
        axes.xaxis.set_major_formatter(lambda value, _: format_people(value))
        axes.grid(axis="x")
        handles = [
            axes.barh(-9, 0, color=style.GROUP_COLOURS[group], label=GROUP_WORDS[group])
            for group in _BAR_ORDER
        ]
        figure.legend(
            handles=handles,
            loc="upper left",
            bbox_to_anchor=(0.228, top),
            ncols=len(_BAR_ORDER),
            borderaxespad=0,
            handlelength=1.0,
            handleheight=0.9,
            columnspacing=1.6,
        )
        return style.to_svg(figure, "tasks", title)


def _draw_bar(axes: Axes, row: int, totals: dict[Group, float], deployed: float, largest: float) -> None:
    left = 0.0
    for group in _BAR_ORDER:
        people = totals[group]
        if people <= 0:
            continue
        axes.barh(
            row, people, left=left, height=0.56, color=style.GROUP_COLOURS[group], ec=style.PAPER, lw=0.8
        )
        if people > 0.055 * largest:
            dark = group in ("watch", "deterrence")
            axes.text(
                left + people / 2,
                row,
                format_people(people),
                ha="center",
                va="center",
                size=8,
                color=style.PAPER if dark else style.INK,
            )
        left += people
    axes.text(
        left + 0.008 * largest,
        row,
        format_people(deployed),
        va="center",
        size=9,
        weight="bold",
        clip_on=False,
    )
