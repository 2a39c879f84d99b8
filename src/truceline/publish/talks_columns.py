"""Small multiples of talks: a column for each issue with its scale, its averages and a row for each name.

Inches and points on paper; positions on the scale of the issue. It lays out and knows neither actors nor
models.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from truceline.publish import figure_style as style
from truceline.publish.talks_words import say_value

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from truceline.talks.model import Issue
    from truceline.talks.result import Talks

WIDTH_IN = 11.0
MOST_COLUMNS = 5
"""Issues beside each other; more go below."""
_KEY_IN, _UNDER_IN = 0.26, 0.06
"""Height of the key under the subtitle, and room above the small print."""
MEAN_COLOUR, MEDIAN_COLOUR = "#1f2a33", "#7a5195"
REFERENCE_COLOUR = "#9a6b00"
MEDIAN_DASH, REFERENCE_DASH = (0, (4, 2)), (0, (1, 1.6))
_LINE_IN, _TOP_IN, _AXIS_IN = 0.15, 0.3, 0.22
_ASIDE_IN, _GAP_IN, _RIGHT_IN = 0.57, 0.12, 0.1
_HEAD_PT, _TINY_PT, _SMALL_PT, _NAME_PT = 8.8, 6.4, 7.0, 7.6
_LEADING = 1.25
_EDGE = 0.05
"""Room at both ends of a scale, as a share of it."""
_MARGINS_IN = 0.24
"""Margins of a figure, which `figure_style.wrap` takes off a width."""
_CLOSE_SHARE = 0.09
"""Marks nearer to each other than this share of a scale would run into each other: the later is not named."""


@dataclass(frozen=True)
class Layout:
    """Where the columns of a figure lie, in inches."""

    left_in: float
    """Room for the names of rows."""
    row_in: float
    n_columns: int

    @property
    def column_in(self) -> float:
        """Return the width of a column with what stands beside its rows."""
        return (WIDTH_IN - self.left_in - _RIGHT_IN) / self.n_columns

    @property
    def plot_in(self) -> float:
        """Return the width of the scale itself."""
        return self.column_in - _ASIDE_IN - _GAP_IN


@dataclass(frozen=True)
class Band:
    """Issues beside each other, with what stands above and below their rows in lines."""

    issues: list[Issue]
    heads: list[list[str]]
    ends: list[tuple[list[str], list[str]]]
    n_rows: int

    @property
    def head_in(self) -> float:
        """Return the height of what stands above the rows."""
        return _TOP_IN + _LINE_IN * max((len(lines) for lines in self.heads), default=0)

    @property
    def foot_in(self) -> float:
        """Return the height of what stands below them."""
        most = max((len(lines) for pair in self.ends for lines in pair), default=0)
        return _AXIS_IN + most * _TINY_PT * _LEADING / style.POINTS_PER_INCH + 0.08

    def height_in(self, layout: Layout) -> float:
        """Return the height of the whole band."""
        return self.head_in + self.n_rows * layout.row_in + self.foot_in


def lay_out_band(layout: Layout, issues: list[Issue], n_rows: int) -> Band:
    """Return issues beside each other with their heads and the meanings of both ends in lines."""
    room_in = layout.column_in - _GAP_IN
    heads, ends = [], []
    for issue in issues:
        head = style.wrap(style.plain(issue.label), _HEAD_PT, room_in + _MARGINS_IN, "bold")
        heads.append([*head, style.plain(f"({issue.unit})")] if issue.unit else head)
        low, high = (
            style.wrap(style.plain(means), _TINY_PT, room_in / 2 - 0.04 + _MARGINS_IN)
            for means in (issue.low_means, issue.high_means)
        )
        ends.append((low, high))
    return Band(issues, heads, ends, n_rows)


def part_issues(issues: list[Issue]) -> list[list[Issue]]:
    """Return the issues in bands of columns, one below the other."""
    return [issues[start : start + MOST_COLUMNS] for start in range(0, max(1, len(issues)), MOST_COLUMNS)]


def start_column(figure: Figure, layout: Layout, column: int, y_in: float, band: Band) -> Axes:
    """Return axes for one issue with its head, the marks of its scale and the meaning of both ends."""
    width_in, height_in = figure.get_size_inches()
    issue = band.issues[column]
    rows_in = band.n_rows * layout.row_in
    place = (
        (layout.left_in + column * layout.column_in) / width_in,
        (y_in - band.head_in - rows_in) / height_in,
        layout.plot_in / width_in,
        rows_in / height_in,
    )
    axes = figure.add_axes(place)
    axes.set_xlim(issue.low_end - _EDGE * issue.span, issue.high_end + _EDGE * issue.span)
    axes.set_ylim(band.n_rows - 0.5, -0.5)
    named = _name_marks(issue)
    axes.set_xticks(named, [f"{value:g}" for value in named])
    axes.tick_params(axis="x", labelsize=_SMALL_PT, length=2, pad=2)
    axes.set_yticks(range(band.n_rows), [""] * band.n_rows)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y")
    axes.spines["left"].set_visible(False)
    axes.annotate(
        "\n".join(band.heads[column]),
        (0, 1),
        xycoords="axes fraction",
        xytext=(0, 15),
        textcoords="offset points",
        size=_HEAD_PT,
        weight="bold",
        va="bottom",
        linespacing=1.2,
    )
    right_pt = (layout.column_in - _GAP_IN - layout.plot_in) * style.POINTS_PER_INCH
    low, high = band.ends[column]
    for lines, at, shift_pt, side in ((low, 0, 0.0, "left"), (high, 1, right_pt, "right")):
        axes.annotate(
            "\n".join(lines),
            (at, 0),
            xycoords="axes fraction",
            xytext=(shift_pt, -15),
            textcoords="offset points",
            size=_TINY_PT,
            color=style.MUTED,
            ha=side,
            va="top",
            linespacing=_LEADING,
        )
    return axes


def _name_marks(issue: Issue) -> list[float]:
    """Return the values of a scale that are named under it: both ends, and marks that have room."""
    found = [issue.low_end]
    close = _CLOSE_SHARE * issue.span
    for value, _ in sorted(issue.marks):
        if value - found[-1] >= close and issue.high_end - value >= close:
            found.append(value)
    return [*found, issue.high_end]


def name_rows(axes: Axes, layout: Layout, names: list[tuple[str, bool]]) -> None:
    """Write the names of the rows left of the first column; some of them bold."""
    for row, (name, is_bold) in enumerate(names):
        weight = "bold" if is_bold else "normal"
        room_in = layout.left_in - _MARGINS_IN / 2 - 0.1 + _MARGINS_IN
        axes.annotate(
            "\n".join(style.wrap(style.plain(name), _NAME_PT, room_in, weight)),
            (0, row),
            xycoords=axes.get_yaxis_transform(),
            xytext=(-7, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            size=_NAME_PT,
            weight=weight,
            linespacing=1.05,
        )


def draw_averages(axes: Axes, talks: Talks, issue: Issue) -> None:
    """Draw mean, median and what holds if nothing is agreed as thin upright lines; name the first two."""
    answers = {one.model: one for one in talks.answers_on(issue.key)}
    axes.axvline(issue.reference.value, color=REFERENCE_COLOUR, lw=1.1, ls=REFERENCE_DASH, zorder=1.2)
    said = []
    for model, colour, dash in (("mean", MEAN_COLOUR, "-"), ("median", MEDIAN_COLOUR, MEDIAN_DASH)):
        answer = answers.get(model)
        if answer is None or answer.value is None:
            continue
        axes.axvline(answer.value, color=colour, lw=0.9, ls=dash, zorder=1.3)
        said.append((f"{model} {say_value(issue, answer.value)}", colour))
    x_pt = 0.0
    for words, colour in said:
        axes.annotate(
            words,
            (0, 1),
            xycoords="axes fraction",
            xytext=(x_pt, 4),
            textcoords="offset points",
            size=_SMALL_PT,
            color=colour,
            va="bottom",
        )
        x_pt += 0.62 * style.POINTS_PER_INCH


def write_aside(axes: Axes, row: int, words: str, colour: str, slant: str) -> None:
    """Write a word or a date at the right end of a row."""
    axes.annotate(
        words,
        (1, row),
        xycoords=axes.get_yaxis_transform(),
        xytext=(_ASIDE_IN * style.POINTS_PER_INCH, 0),
        textcoords="offset points",
        ha="right",
        va="center",
        size=_TINY_PT,
        color=colour,
        style=slant,
    )


def list_lines() -> list[Any]:
    """Return the signs of the upright lines for a key."""
    from matplotlib.lines import Line2D

    return [
        Line2D([], [], color=MEAN_COLOUR, lw=0.9, label="weighted mean"),
        Line2D([], [], color=MEDIAN_COLOUR, lw=0.9, ls=MEDIAN_DASH, label="weighted median"),
        Line2D([], [], color=REFERENCE_COLOUR, lw=1.1, ls=REFERENCE_DASH, label="nothing agreed"),
    ]


def start_frame(
    title: str, subtitle: str, notes: tuple[str, ...], handles: list[Any], body_in: float
) -> tuple[Figure, float]:
    """Return a figure as high as its words, its key and a body ask for, and how high the body begins.

    Both heights in inches; called inside `figure_style.figure_style`.
    """
    tried = style.start_figure(WIDTH_IN, body_in)  # only to see how much the words take
    bottom, top = style.add_frame(tried, title, subtitle, notes)
    height_in = body_in + (bottom + 1 - top) * body_in + _KEY_IN + _UNDER_IN
    figure = style.start_figure(WIDTH_IN, height_in)
    _, top = style.add_frame(figure, title, subtitle, notes)
    y_in = top * height_in - _KEY_IN
    figure.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0.0069, y_in / height_in),
        ncols=len(handles),
        borderaxespad=0,
        handlelength=1.7,
        handletextpad=0.5,
        columnspacing=1.5,
        fontsize=8,
    )
    return figure, y_in
