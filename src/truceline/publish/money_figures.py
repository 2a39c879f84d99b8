"""What it costs as figures: stacked bars by year, by heading and by nation; what money and people see.

Money in millions or billions of one currency. A nation whose size nobody stated is hatched and marked ours.
They show results; only places on paper are computed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from truceline.cost.inputs import NOBODY
from truceline.cost.lines import HEADINGS, add_amounts
from truceline.plan.cost_frontier import ChosenBy, CostFrontier, FrontierPoint
from truceline.plan.model import Plan
from truceline.publish import figure_style as style
from truceline.publish.money_record import sum_by_year
from truceline.publish.money_sizes import BILLION, HEADING_WORDS, MILLION, name_nation
from truceline.publish.sizes import ABOUT, DIGITS, OURS, format_units, round_to
from truceline.publish.wording import small_print
from truceline.units import format_people, format_share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from truceline.plan.money import PlanMoney

WIDTH_IN = 11.0
NATIONS_SHOWN = 8
"""Nations with a band of their own; the rest are one."""
_COLOURS = (
    "#0b5394",
    "#6fa8dc",
    "#2f7d5b",
    "#9dc3a5",
    "#7a5195",
    "#c3a6d6",
    "#9a6b00",
    "#d9b978",
    "#5d6b76",
    "#b9c4cc",
    "#8c564b",
)
_NOBODY_COLOUR, _OTHERS_COLOUR = "#ffffff", "#d5dbe0"
_HATCH = "////"
_BAR = 0.62
_CURVES: dict[ChosenBy, tuple[str, str, str]] = {
    "cost": (style.POSTURE_COLOURS[0], "-", "Most seen for the money"),
    "people": (style.WEAK, "--", "Most seen for the people"),
}
Band = tuple[str, str, str, "Sequence[float]"]
"""Name, colour, hatch, and one value a year."""


def draw_costs(plan: Plan, money: PlanMoney) -> str:
    """Return the cost of every year, stacked by heading beside stacked by who sends, as SVG."""
    budget = money.budget
    with style.figure_style():
        figure = style.start_figure(WIDTH_IN, 5.6)
        title = f"What it costs: {style.plain(plan.chosen.label)}"
        ours = f" Hatched: rests on sizes that nobody stated ({OURS})." if _any_ours(money) else ""
        subtitle = (
            f"{budget.currency} m at constant prices of {budget.price_year}, {budget.basis} cost. Lines:"
            f" range of prices of each year.{ours}"
        )
        bottom, top = style.add_frame(figure, title, subtitle, small_print(plan))
        height_in = figure.get_size_inches()[1]
        foot, head = bottom + 0.34 / height_in, top - 0.30 / height_in
        most = max(tree.at("high") for tree in budget.by_year) or 1.0
        for left, heading, bands in (
            (0.055, "By heading", _bands_of_headings(money)),
            (0.545, "By who sends", _bands_of_nations(money)),
        ):
            axes = figure.add_axes((left, foot, 0.25, head - foot))
            axes.set_title(heading, loc="left", weight="bold", pad=6)
            _stack(axes, bands, budget.years)
            _draw_ranges(axes, money)
            axes.set_ylim(0, 1.04 * most / MILLION)
            axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
            axes.grid(axis="y")
            handles = [
                axes.bar(-9, 0, color=colour, hatch=hatch, ec=style.MUTED, lw=0.5, label=style.plain(name))
                for name, colour, hatch, _ in reversed(bands)
            ]
            axes.set_xlim(0.4, budget.years + 0.6)
            axes.legend(
                handles=handles,
                loc="upper left",
                bbox_to_anchor=(1.02, 1.0),
                borderaxespad=0,
                handlelength=1.1,
                handleheight=1.0,
                labelspacing=0.45,
                fontsize=7.8,
            )
        return style.to_svg(figure, "cost-years", title)


def _any_ours(money: PlanMoney) -> bool:
    return any(line.sent.ours and line.sent.value > 0 for line in money.budget.lines)


def _bands_of_headings(money: PlanMoney) -> list[Band]:
    budget = money.budget
    bands: list[Band] = []
    for number, heading in enumerate(HEADINGS):
        sums = [one.value for one in sum_by_year(budget, budget.lines, heading=heading)]
        if sum(sums) > 0:
            bands.append((HEADING_WORDS[heading], _COLOURS[number], "", sums))
    return bands


def _bands_of_nations(money: PlanMoney) -> list[Band]:
    """Return the largest senders, the rest as one, and what nobody sends on top."""
    budget = money.budget
    by_code = {code: sum_by_year(budget, budget.lines, nation=code) for code in budget.nations}
    sizes = {code: add_amounts(sums) for code, sums in by_code.items()}
    codes = [code for code in budget.nations if code != NOBODY and sizes[code].value > 0]
    bands: list[Band] = []
    for number, code in enumerate(codes[:NATIONS_SHOWN]):
        name, ours = budget.names[code], sizes[code].ours
        total = round_to(sizes[code].value / MILLION, DIGITS)
        label = f"{name}, {ABOUT}{format_units(total)} {OURS}" if ours else f"{name}, {format_units(total)}"
        hatch = _HATCH if ours else ""
        bands.append((label, _COLOURS[number], hatch, [one.value for one in by_code[code]]))
    rest = codes[NATIONS_SHOWN:]
    if rest:
        sums = [sum(by_code[code][year].value for code in rest) for year in range(budget.years)]
        hatch = _HATCH if any(sizes[code].ours for code in rest) else ""
        bands.append((f"{len(rest)} others", _OTHERS_COLOUR, hatch, sums))
    if NOBODY in by_code and sizes[NOBODY].value > 0:
        hatch = _HATCH if sizes[NOBODY].ours else ""
        bands.append((name_nation(NOBODY, {}), _NOBODY_COLOUR, hatch, [one.value for one in by_code[NOBODY]]))
    return bands


def _stack(axes: Axes, bands: list[Band], years: int) -> None:
    at = list(range(1, years + 1))
    base = [0.0] * years
    for _, colour, hatch, values in bands:
        heights = [value / MILLION for value in values]
        axes.bar(at, heights, _BAR, bottom=base, color=colour, hatch=hatch, ec=style.MUTED, lw=0.5)
        base = [low + height for low, height in zip(base, heights, strict=True)]
    for year, whole in zip(at, base, strict=True):
        axes.annotate(
            format_units(round_to(whole, DIGITS)),
            (year - _BAR / 2, whole),
            xytext=(0, 3),
            textcoords="offset points",
            size=8.2,
            weight="bold",
            path_effects=style.halo(),
            zorder=6,
        )
    axes.set_xticks(at, [f"Year {year}" for year in at])


def _draw_ranges(axes: Axes, money: PlanMoney) -> None:
    for year, tree in enumerate(money.budget.by_year, 1):
        if tree.low is None or tree.high is None:
            continue
        x = year + 0.18
        axes.plot([x, x], [tree.low / MILLION, tree.high / MILLION], color=style.INK, lw=1.1, zorder=5)


def draw_cost_frontier(plan: Plan, money: PlanMoney, frontier: CostFrontier) -> str:
    """Return what is seen against cost, beside what is seen against people, for choices by either, as SVG."""
    budget = money.budget
    with style.figure_style():
        figure = style.start_figure(WIDTH_IN, 5.0)
        title = "What more money would see, and what more people would"
        bound = (
            ""
            if frontier.gap is None
            else f", at the plan's cost within {format_share(frontier.gap, 1)} of it"
        )
        subtitle = (
            "Average share of incidents detected by the same sites, chosen by cost and chosen by people. A"
            f" middle year, {budget.basis} cost; shaded: range of prices. Curves are found, not the most"
            f" possible{bound}. Dot: the posture as planned."
        )
        bottom, top = style.add_frame(figure, title, subtitle, small_print(plan))
        height_in = figure.get_size_inches()[1]
        foot, head = bottom + 0.45 / height_in, top - 0.32 / height_in
        labels = (f"{budget.currency} bn a year, prices of {budget.price_year}", "People deployed")
        for number, label in enumerate(labels):
            axes = figure.add_axes((0.065 + 0.495 * number, foot, 0.42, head - foot))
            _draw_panel(axes, frontier, by_people=number == 1)
            axes.set_xlabel(label, labelpad=3)
        figure.axes[0].set_ylabel("Incidents detected, on average")
        figure.axes[1].xaxis.set_major_formatter(lambda value, _: format_people(value))
        figure.legend(
            handles=figure.axes[0].get_lines()[: len(_CURVES)],
            loc="upper left",
            bbox_to_anchor=(0.058, top),
            ncols=2,
            borderaxespad=0,
            columnspacing=1.6,
        )
        return style.to_svg(figure, "cost-frontier", title)


def _draw_panel(axes: Axes, frontier: CostFrontier, *, by_people: bool) -> None:
    def place(one: FrontierPoint) -> float:
        return one.priced.point.people if by_people else one.priced.per_year.value / BILLION

    for chosen_by, (colour, dash, words) in _CURVES.items():
        points = sorted(frontier.of(chosen_by), key=place)
        x, y = [place(one) for one in points], [one.priced.point.coverage for one in points]
        axes.plot(x, y, color=colour, ls=dash, lw=1.9, label=words)
    if not by_people:
        by_cost = frontier.of("cost")
        ends = [one.priced.per_year for one in by_cost]
        low = [tree.at("low") / BILLION for tree in ends]
        high = [tree.at("high") / BILLION for tree in ends]
        seen = [one.priced.point.coverage for one in by_cost]
        axes.fill_betweenx(seen, low, high, color=_CURVES["cost"][0], alpha=0.12, lw=0)
        axes.set_xlim(left=0)
    plan = frontier.plan
    axes.scatter(
        place(plan), plan.priced.point.coverage, s=52, fc=style.INK, ec=style.PAPER, lw=1.2, zorder=6
    )
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1.0], [format_share(n / 5) for n in range(6)])
    axes.grid(axis="both")
