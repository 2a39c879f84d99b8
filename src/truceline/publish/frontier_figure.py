"""People against what they see, with every published estimate on the same scale of people.

Deployed people on a logarithmic scale, shares of incidents detected in per cent. The estimates stand below
the curves, not on them: their authors gave a number of people, not a share detected.
"""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from truceline.force.estimates import Bound, Estimate
from truceline.plan.model import Plan, PosturePlan
from truceline.plan.people import deployed_at
from truceline.publish import figure_style as style
from truceline.publish.wording import ROLE_GROUPS, name_role, small_print
from truceline.units import format_people, format_share

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Annotation

FloatArray = NDArray[np.float64]

WIDTH_IN = 11.0
_CURVES_IN = 3.5
_ROW_IN = 0.192
_LEFT, _RIGHT = 0.315, 0.965
_TICKS_MAX = 9
_ROOM_SHARE = 0.24  # of the scale, at the right, for the words behind the largest estimate
_CURVE_SHARE_MIN = 0.02  # below this the curves say nothing and would stretch the scale


def draw_frontier(plan: Plan) -> str:
    """Return the curves of every sited posture above the strip of published estimates, as SVG."""
    groups = _group_estimates(plan)
    n_rows = sum(len(estimates) + 1 for _, estimates in groups)
    strip_in = n_rows * _ROW_IN + 0.25 if groups else 0.0
    with style.figure_style():
        figure = style.start_figure(WIDTH_IN, _CURVES_IN + strip_in + 1.75)
        title = "What more people would see, and what others said"
        subtitle = (
            "Average share of incidents detected as watchers are added, reaction bases and brigades as"
            " planned. Band: up to the most any choice of sites could reach (proven). Dots: the postures as"
            " planned. Averages flatter: the weakest crossing and the open share are in the tables."
        )
        bottom, top = style.add_frame(figure, title, subtitle, small_print(plan))
        height_in = figure.get_size_inches()[1]
        limits = _people_limits(plan)
        split = bottom + (0.45 + strip_in) / height_in if groups else bottom + 0.45 / height_in
        curves = figure.add_axes((_LEFT, split, _RIGHT - _LEFT, top - split - 0.1 / height_in))
        _draw_curves(curves, plan)
        _dress_people_axis(curves, limits)
        _label_points(curves, plan)
        if groups:
            foot = bottom + 0.42 / height_in
            strip = figure.add_axes(
                (_LEFT, foot, _RIGHT - _LEFT, split - foot - 0.3 / height_in), sharex=curves
            )
            _draw_strip(strip, groups, n_rows)
            _dress_people_axis(strip, limits)
            _drop_lines(strip, plan)
        figure.axes[-1].set_xlabel("People deployed (logarithmic scale)", labelpad=3)
        return style.to_svg(figure, "frontier", title)


def _group_estimates(plan: Plan) -> list[tuple[str, list[Estimate]]]:
    """Return the estimates with a number under their roles, smallest first."""
    found = [reading.estimate for reading in plan.chosen.readings if reading.estimate.has_number]
    headings = list(
        dict.fromkeys([*(name for name, _ in ROLE_GROUPS), *(name_role(one.role) for one in found)])
    )
    groups = [
        (heading, sorted((one for one in found if name_role(one.role) == heading), key=_order))
        for heading in headings
    ]
    return [(heading, estimates) for heading, estimates in groups if estimates]


def _order(estimate: Estimate) -> tuple[float, float, str]:
    numbers = [n for n in (estimate.people_low, estimate.people_high) if n is not None]
    return min(numbers), max(numbers), estimate.key


def _people_limits(plan: Plan) -> tuple[float, float]:
    """Return the scale of people: every posture, every estimate, a little room."""
    people = [one.people.force.deployed_people for one in plan.postures.values()]
    for one in plan.postures.values():
        if one.watch is not None:
            reached = deployed_at(one.people, one.watch.frontier.spent)[
                one.watch.frontier.reached > _CURVE_SHARE_MIN
            ]
            people += [float(reached.min(initial=people[0])), float(reached.max(initial=people[0]))]
    for reading in plan.chosen.readings:
        people += [n for n in (reading.estimate.people_low, reading.estimate.people_high) if n]
    low, high = min(people) / 1.3, max(people)
    return low, high * (high / low) ** _ROOM_SHARE


def _dress_people_axis(axes: Axes, limits: tuple[float, float]) -> None:
    axes.set_xscale("log")
    axes.set_xlim(*limits)
    axes.set_xticks(ticks := _people_ticks(limits), [format_people(tick) for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.grid(axis="x")


def _people_ticks(limits: tuple[float, float]) -> list[float]:
    """Return round numbers of people, as many in each decade as leaves their labels apart."""
    low, high = math.floor(math.log10(limits[0])), math.ceil(math.log10(limits[1]))
    ticks: list[float] = []
    for steps in ((1, 2, 5), (1, 3), (1,)):
        ticks = [m * 10.0**e for e in range(low, high + 1) for m in steps]
        ticks = [tick for tick in ticks if limits[0] <= tick <= limits[1]]
        if len(ticks) <= _TICKS_MAX:
            break
    return ticks


def _draw_curves(axes: Axes, plan: Plan) -> None:
    axes.set_ylim(0, 1)
    axes.set_yticks(np.linspace(0, 1, 6), [format_share(share) for share in np.linspace(0, 1, 6)])
    axes.grid(axis="y")
    axes.set_ylabel("Incidents detected, on average")
    for number, (key, one) in enumerate(plan.postures.items()):
        colour = style.POSTURE_COLOURS[number % len(style.POSTURE_COLOURS)]
        if one.watch is not None:
            _draw_curve(axes, one, colour, chosen=key == plan.chosen_key)


def _draw_curve(axes: Axes, one: PosturePlan, colour: str, *, chosen: bool) -> None:
    watch = one.watch
    assert watch is not None  # noqa: S101  (asked by the caller)
    frontier = watch.frontier
    people = deployed_at(one.people, frontier.spent)
    bound = np.minimum(frontier.bound, 1.0)
    axes.fill_between(people, frontier.reached, bound, color=colour, alpha=0.14, lw=0)
    axes.plot(people, bound, color=colour, lw=0.6, alpha=0.7)
    axes.plot(people, frontier.reached, color=colour, lw=2.4 if chosen else 1.6)
    x = float(deployed_at(one.people, np.array([watch.spent_people]))[0])
    y = watch.detected_share
    axes.scatter(x, y, s=62 if chosen else 40, fc=colour, ec=style.PAPER, lw=1.2, zorder=6)


_LABEL_PLACES = (
    (11, -7, "left", "top"),
    (-9, 8, "right", "bottom"),
    (11, 7, "left", "bottom"),
    (-9, -7, "right", "top"),
    (0, -12, "center", "top"),
)
"""Offsets in points and alignment that are tried for the name of a posture, in this order."""

_LABEL_LETTERS = (26, 15)
"""Widths that are tried for it, wide first."""


def _label_points(axes: Axes, plan: Plan) -> None:
    """Name every posture at its dot, where the name runs over the fewest curves and other names."""
    sited = [(number, one) for number, one in enumerate(plan.postures.values()) if one.watch is not None]
    occupied = [_curve_in_pixels(axes, one) for _, one in sited]
    for number, one in sited:
        colour = style.POSTURE_COLOURS[number % len(style.POSTURE_COLOURS)]
        options = [
            _write_label(axes, one, colour, place, n_letters)
            for n_letters in _LABEL_LETTERS
            for place in _LABEL_PLACES
        ]
        boxes = [option.get_window_extent() for option in options]
        frame = axes.get_window_extent()
        crowded = [
            sum(int(box.count_contains(points)) for points in occupied)
            + 1000 * (not (frame.contains(box.x0, box.y0) and frame.contains(box.x1, box.y1)))
            for box in boxes
        ]
        best = crowded.index(min(crowded))
        for index, option in enumerate(options):
            if index != best:
                option.remove()
        box = boxes[best]
        x, y = np.meshgrid(np.linspace(box.x0, box.x1, 30), np.linspace(box.y0, box.y1, 8))
        occupied.append(np.column_stack([x.ravel(), y.ravel()]))


def _curve_in_pixels(axes: Axes, one: PosturePlan) -> FloatArray:
    """Return points (n, 2) along a curve, close enough together that no name slips between them."""
    watch = one.watch
    assert watch is not None  # noqa: S101  (asked by the caller)
    people = deployed_at(one.people, watch.frontier.spent)
    points = axes.transData.transform(np.column_stack([people, watch.frontier.reached]))
    steps = np.linspace(0, len(points) - 1, 600)
    index = np.arange(len(points))
    return np.column_stack([np.interp(steps, index, points[:, k]) for k in (0, 1)])


def _write_label(
    axes: Axes, one: PosturePlan, colour: str, place: tuple[int, int, str, str], n_letters: int
) -> Annotation:
    watch = one.watch
    assert watch is not None  # noqa: S101  (asked by the caller)
    x = float(deployed_at(one.people, np.array([watch.spent_people]))[0])
    y = watch.detected_share
    numbers = f"{format_people(one.people.force.deployed_people)} people, {format_share(y)}"
    texts = (style.plain(one.label), numbers)
    lines = [line for text in texts for line in textwrap.wrap(text, n_letters)]
    dx, dy, across, along = place
    return axes.annotate(
        "\n".join(lines),
        (x, y),
        xytext=(dx, dy),
        textcoords="offset points",
        size=8.2,
        color=colour,
        weight="bold",
        ha=across,
        va=along,
        linespacing=1.35,
        zorder=7,
    )


def _draw_strip(axes: Axes, groups: list[tuple[str, list[Estimate]]], n_rows: int) -> None:
    """Draw one row for each estimate: a point, a range, or an arrow where its author left an end open."""
    axes.set_ylim(n_rows - 0.3, -0.6)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    row = 0
    across = axes.get_yaxis_transform()
    for heading, estimates in groups:
        axes.text(-0.475, row + 0.08, heading, transform=across, size=8.2, weight="bold", va="center")
        axes.axhline(row - 0.5, color=style.RULE, lw=0.7)
        row += 1
        for estimate in estimates:
            label = style.plain(_shorten(estimate.label))
            axes.text(-0.462, row, label, transform=across, size=7.7, va="center", color=style.INK)
            _draw_estimate(axes, estimate, row)
            row += 1


def _shorten(text: str, n_letters: int = 68) -> str:
    return text if len(text) <= n_letters else f"{text[: n_letters - 1].rstrip()}…"


def _draw_estimate(axes: Axes, estimate: Estimate, row: int) -> None:
    low, high = estimate.people_low, estimate.people_high
    ends = [n for n in (low, high) if n is not None]
    look: dict[str, Any] = {"color": style.INK, "lw": 2.0, "solid_capstyle": "butt"}
    if len(ends) == 2 and ends[0] < ends[1]:
        axes.plot(ends, [row, row], **look)
        axes.scatter(ends, [row, row], marker="|", s=34, color=style.INK, lw=1.6)
    else:
        axes.scatter(ends[:1], [row], s=24, color=style.INK, zorder=4)
    arrow = {Bound.at_least: 1.35, Bound.at_most: 1 / 1.35}.get(estimate.bound)
    if arrow is not None:
        axes.annotate(
            "",
            (ends[0] * arrow, row),
            xytext=(ends[0], row),
            arrowprops={"arrowstyle": "-|>", "color": style.INK, "lw": 1.3, "shrinkA": 0, "shrinkB": 0},
        )
    beyond = max(ends) * (arrow if estimate.bound is Bound.at_least and arrow else 1.0)
    axes.annotate(
        estimate.phrase(),
        (beyond, row),
        xytext=(7, 0),
        textcoords="offset points",
        size=7,
        va="center",
        color=style.MUTED,
        annotation_clip=False,
    )


def _drop_lines(axes: Axes, plan: Plan) -> None:
    """Carry the postures down through the estimates."""
    for number, one in enumerate(plan.postures.values()):
        colour = style.POSTURE_COLOURS[number % len(style.POSTURE_COLOURS)]
        axes.axvline(
            one.people.force.deployed_people, color=colour, lw=1.1, ls=(0, (4, 2)), alpha=0.6, zorder=0.5
        )
