"""Figures of the line: violations and what is seen of them, the ladder, and what the answers hang on.

Incidents a day, shares and per cent. Each carries its caveats and its seed inside the picture. Only places on
paper are computed here; every number is read from the result.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from truceline.publish import figure_style as style
from truceline.publish.simulate_words import (
    BAND_NOTE,
    NOT_A_FORECAST,
    PARAMETER_WORDS,
    RUNG_WORDS,
    TRANSFER_SHORT,
    say_answer,
    show_answer,
    show_chance,
    source_of,
)
from truceline.simulate.results import STAGES
from truceline.simulate.sensitivity import LUCK
from truceline.simulate.watch import RUNGS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from truceline.simulate.ensemble import Outcome
    from truceline.simulate.sensitivity import AnswerSensitivity, Sensitivity

WIDTH_IN = 11.0
TRUE_COLOUR, SEEN_COLOUR = "#4d5b66", "#2f83a3"
STAGE_COLOURS = {"detected": "#b9d9c3", "verified": "#6db5b4", "attributed": "#1d4e79"}
"""From noticed to named: darker is more, also in grey."""
_GROUND = "#eef1f3"
_COLUMNS = (1.11, 1.22, 1.37)
"""Where the figures of the three stages stand beside the bars, in shares of the axis."""
_LEAST_CHAIN = 0.005
"""Lengths of chains rarer than this share one bar."""
_MOST_BARS = 9
_ROW_IN = 0.2
LOW_COLOUR, HIGH_COLOUR = "#9bbfdc", "#0b5394"
_FIRST_COLOUR = "#7a5195"


def draw_violations(outcome: Outcome) -> str:
    """Return violations a day over time, what happens and what is detected, with their bands."""
    summary = outcome.summary
    days = np.arange(summary.n_days) + 1
    with style.figure_style():
        figure = style.start_figure(WIDTH_IN, 4.3)
        title = "Violations a day: what happens and what is detected"
        subtitle = (
            "Lines: middle of the replicates of that day; bands: 80 % of them. Counts of what is seen are the"
            " only ones that compare with a mission's reports. The scale is logarithmic above one."
        )
        bottom, top = style.add_frame(figure, title, subtitle, (BAND_NOTE, source_of(outcome)))
        height_in = figure.get_size_inches()[1]
        foot, head = bottom + 0.42 / height_in, top - 0.06 / height_in
        axes = figure.add_axes((0.065, foot, 0.8, head - foot))
        ends = []
        for name, colour, label, alpha in (
            ("n_violations", TRUE_COLOUR, "happen", 0.16),
            ("n_violations_detected", SEEN_COLOUR, "detected", 0.22),
        ):
            low, middle, high = (_smooth(summary.day_quantile(name, share)) for share in (0.1, 0.5, 0.9))
            axes.fill_between(days, low, high, color=colour, alpha=alpha, lw=0)
            axes.plot(days, middle, color=colour, lw=1.8)
            ends.append((middle[-1], label, colour))
        axes.set_yscale("symlog", linthresh=1)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axes.set_ylim(0, None)
        axes.set_xlim(1, summary.n_days)
        for (value, label, colour), lift in zip(ends, (4, -4), strict=True):
            axes.annotate(
                label,
                (summary.n_days, value),
                xytext=(5, lift),
                textcoords="offset points",
                va="center",
                size=8.6,
                color=colour,
                weight="bold",
                annotation_clip=False,
            )
        axes.grid(axis="y")
        axes.set_xlabel("Days from the ceasefire", labelpad=1)
        axes.set_ylabel("Violations a day")
        return style.to_svg(figure, "violations", title)


def _smooth(values: Any) -> Any:
    """Return the mean of seven days around each, fewer at the ends: a quantile of whole counts jumps."""
    kernel = np.ones(7)
    known = np.isfinite(values)
    filled = np.where(known, values, 0.0)
    return np.convolve(filled, kernel, "same") / np.maximum(np.convolve(known, kernel, "same"), 1)


def draw_stages(outcome: Outcome) -> str:
    """Return the share of incidents detected, verified and attributed, by weapon."""
    counts = outcome.summary.by_rung.astype(float)
    rows = [("All incidents", counts.sum(axis=0)), *zip((RUNG_WORDS[r] for r in RUNGS), counts, strict=True)]
    whole = max(counts[:, 0].sum(), 1.0)
    with style.figure_style():
        figure = style.start_figure(WIDTH_IN, 3.7)
        title = "What is seen of what happens"
        subtitle = (
            "Share of simulated incidents of each weapon. Detected, verified and attributed are three"
            " numbers; each is part of the one before. All replicates together."
        )
        note = "Chances to see come from the plan; which weapon fires where is assumed."
        bottom, top = style.add_frame(figure, title, subtitle, (note, source_of(outcome)))
        height_in = figure.get_size_inches()[1]
        foot, head = bottom + 0.56 / height_in, top - 0.2 / height_in
        axes = figure.add_axes((0.235, foot, 0.545, head - foot))
        for stage, x in zip(STAGES[1:], _COLUMNS, strict=True):
            axes.text(x, -0.62, stage, ha="right", va="bottom", size=8.0, color=style.MUTED)
        for row, (name, stages) in enumerate(rows):
            axes.barh(row, 1.0, height=0.66, color=_GROUND, lw=0)
            shares = stages[1:] / max(stages[0], 1.0)
            for share, stage, height in zip(shares, STAGES[1:], (0.66, 0.44, 0.22), strict=True):
                axes.barh(row, share, height=height, color=STAGE_COLOURS[stage], lw=0)
            for share, x in zip(shares, _COLUMNS, strict=True):
                axes.text(x, row, show_chance(float(share)), ha="right", va="center", size=8.4)
            axes.text(
                -0.012,
                row,
                f"{name} ({100 * stages[0] / whole:.0f} % of incidents)" if row else name,
                transform=axes.get_yaxis_transform(),
                ha="right",
                va="center",
                size=8.6,
                weight="normal" if row else "bold",
            )
        axes.set_xlim(0, 1)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
        _add_key(figure, 0.235, bottom, [(STAGE_COLOURS[s], s) for s in STAGES[1:]])
        return style.to_svg(figure, "stages", title)


def _add_key(figure: Any, left: float, bottom: float, pairs: Sequence[tuple[str, str]]) -> None:
    from matplotlib.patches import Patch

    figure.legend(
        handles=[Patch(color=colour, label=label) for colour, label in pairs],
        loc="lower left",
        bbox_to_anchor=(left - 0.007, bottom - 0.01),
        ncols=len(pairs),
        borderaxespad=0,
        handlelength=1.0,
        handleheight=0.9,
        columnspacing=1.6,
    )


def draw_ladder(outcome: Outcome) -> str:
    """Return which weapon answers which, and how long exchanges go on."""
    summary = outcome.summary
    with style.figure_style():
        figure = style.start_figure(WIDTH_IN, 4.2)
        title = "The ladder: what answers what, and how far it goes"
        subtitle = (
            "Left: of what follows from incidents of a weapon (row), the share by its own weapon (column)."
            " Right: clusters of incidents by how many times the sides answered each other."
        )
        note = (
            "Check from outside: of the episodes in Gaza 2007 to 2014, 61 % were one-sided, and the others"
            " had a median of three counter-retaliations (Abrahams and others, abstract). Another war,"
            " another pair."
        )
        bottom, top = style.add_frame(figure, title, subtitle, (note, source_of(outcome)))
        height_in = figure.get_size_inches()[1]
        foot, head = bottom + 0.4 / height_in, top - 0.3 / height_in
        _draw_matrix(figure.add_axes((0.165, foot, 0.3, head - foot)), summary.ladder.astype(float))
        _draw_chains(figure.add_axes((0.575, foot, 0.41, head - foot)), summary.chains.astype(float))
        return style.to_svg(figure, "ladder", title)


def _draw_matrix(axes: Axes, ladder: Any) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    shares = ladder / np.maximum(ladder.sum(axis=1, keepdims=True), 1)
    colours = LinearSegmentedColormap.from_list("ladder", ["#ffffff", "#2f83a3", "#12284c"])
    axes.imshow(shares, cmap=colours, vmin=0, vmax=1, aspect="auto")
    for i, j in np.ndindex(*shares.shape):
        if shares[i, j] > 0:
            axes.text(
                j,
                i,
                show_chance(float(shares[i, j])),
                ha="center",
                va="center",
                size=8.4,
                color=style.PAPER if shares[i, j] > 0.4 else style.INK,
            )
    names = [RUNG_WORDS[one] for one in RUNGS]
    axes.set_yticks(range(len(names)), names)
    axes.set_xticks(range(len(names)), ["small\narms", "mortars", "tanks", "artillery", "rockets"])
    axes.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False, pad=2)
    axes.set_xticks(np.arange(len(names) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(names) + 1) - 0.5, minor=True)
    axes.grid(which="minor", color=style.PAPER, lw=1.5)
    axes.grid(which="major", visible=False)
    axes.tick_params(which="minor", length=0)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)


def _draw_chains(axes: Axes, chains: Any) -> None:
    shares = chains / max(chains.sum(), 1.0)
    kept = np.flatnonzero(shares >= _LEAST_CHAIN)
    last = max(int(kept[-1]) if len(kept) else 0, 3)
    shown = np.append(shares[:last], shares[last:].sum())
    axes.bar(range(len(shown)), shown, color=["#b9c4cc", *["#7a5195"] * (len(shown) - 1)], width=0.72)
    for k, share in enumerate(shown):
        text = show_chance(float(share)) if share > 0 else ""
        axes.text(k, share, text, ha="center", va="bottom", size=8.2)
    labels = ["none", *(str(k) for k in range(1, len(shown)))]
    if shares[last + 1 :].any() or last == len(chains) - 1:
        labels[-1] += "+"
    axes.set_xticks(range(len(shown)), labels)
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
    axes.grid(axis="y")
    axes.set_xlabel("Answers in the longest chain of a cluster", labelpad=1)
    axes.set_title("Share of clusters", loc="left", size=8.6, color=style.MUTED)


def draw_tornado(outcome: Outcome, found: Sensitivity) -> str:
    """Return how far each answer moves when one assumption goes from one end of its range to the other."""
    title = "One at a time: how far each assumption alone moves the answer"
    subtitle = (
        f"Bars: mean over {found.n_tornado} replicates with one assumption at the low (light) and the high"
        " (dark) end of its range, the others at their values, always with the same luck. Line: all at their"
        " values. Whiskers: 95 % for the difference, from replicates."
    )
    return _draw_answers(outcome, found, "tornado", title, subtitle, _draw_bars)


def draw_indices(outcome: Outcome, found: Sensitivity) -> str:
    """Return the Sobol indices of each answer with their intervals, luck among them."""
    title = "All together: which assumptions share in the spread of the answer"
    subtitle = (
        f"Sobol indices from {found.n_sobol} rows a block ({found.n_sobol * 2:,} pairs of draws): filled,"
        " with all it does together with others; open, alone. Whiskers: 95 % by bootstrap. Luck is the"
        " dice, not an assumption."
    )
    return _draw_answers(outcome, found, "sobol", title, subtitle, _draw_dots)


def _draw_answers(
    outcome: Outcome, found: Sensitivity, name: str, title: str, subtitle: str, draw: Any
) -> str:
    n_columns = 2
    answers = [one for one in found.answers if one.indices]
    n_rows = max(1, math.ceil(len(answers) / n_columns))
    panel_in = 0.62 + _ROW_IN * _MOST_BARS
    with style.figure_style():
        figure = style.start_figure(WIDTH_IN, 1.75 + panel_in * n_rows)
        notes = (
            "Chances of holding are those of a backstop that changes nothing (r = 1.00), each under the"
            f" baseline named over its panel. {TRANSFER_SHORT}",
            NOT_A_FORECAST,
            f"{source_of(outcome)} Sensitivity: {found.n_replicates:,} replicates, seed {found.seed}.",
        )
        bottom, top = style.add_frame(figure, title, subtitle, notes)
        height_in = figure.get_size_inches()[1]
        step = (top - bottom) / n_rows
        for k, one in enumerate(answers):
            row, column = divmod(k, n_columns)
            y = top - (row + 1) * step + 0.34 / height_in
            axes = figure.add_axes((0.155 + 0.5 * column, y, 0.325, step - 0.62 / height_in))
            axes.set_title(say_answer(one.answer), loc="left", size=8.8, x=-0.44)
            draw(axes, one)
            axes.set_yticks([])
            axes.spines["left"].set_visible(False)
            axes.grid(axis="x")
        return style.to_svg(figure, name, title)


def _draw_bars(axes: Axes, one: AnswerSensitivity) -> None:
    bars = one.bars[:_MOST_BARS]
    for row, bar in enumerate(bars):
        for value, half, colour, offset in (
            (bar.at_low, bar.at_low_half, LOW_COLOUR, -0.17),
            (bar.at_high, bar.at_high_half, HIGH_COLOUR, 0.17),
        ):
            ends = [unscale(one, value), unscale(one, one.centre)]
            axes.barh(row + offset, ends[0] - ends[1], left=ends[1], height=0.32, color=colour, lw=0)
            axes.plot(
                [unscale(one, value - half), unscale(one, value + half)],
                [row + offset] * 2,
                color=style.INK,
                lw=0.8,
            )
        _name_row(axes, row, PARAMETER_WORDS.get(bar.name, bar.name))
    axes.axvline(unscale(one, one.centre), color=style.INK, lw=0.9)
    axes.set_ylim(_MOST_BARS - 0.5, -0.5)
    axes.xaxis.set_major_formatter(lambda value, _: show_answer(one.answer.kind, value))
    axes.locator_params(axis="x", nbins=5)


def unscale(one: AnswerSensitivity, value: float) -> float:
    """Return an answer in its own unit: violations are explained as logarithms."""
    return math.expm1(value) if one.answer.kind == "violations" else value


def _draw_dots(axes: Axes, one: AnswerSensitivity) -> None:
    indices = one.indices[:_MOST_BARS]
    if LUCK not in {each.name for each in indices}:
        indices = (*indices[:-1], *(each for each in one.indices if each.name == LUCK))
    for row, each in enumerate(indices):
        colour = style.MUTED if each.name == LUCK else HIGH_COLOUR
        axes.plot(
            [each.total - each.total_half, each.total + each.total_half],
            [row - 0.12] * 2,
            color=colour,
            lw=1.1,
        )
        axes.plot([each.total], [row - 0.12], marker="o", ms=5, color=colour)
        axes.plot(
            [each.first - each.first_half, each.first + each.first_half],
            [row + 0.2] * 2,
            color=_FIRST_COLOUR,
            lw=0.9,
        )
        axes.plot([each.first], [row + 0.2], marker="o", ms=4.2, mfc=style.PAPER, mec=_FIRST_COLOUR)
        _name_row(axes, row, PARAMETER_WORDS.get(each.name, each.name))
    axes.set_ylim(_MOST_BARS - 0.5, -0.5)
    axes.set_xlim(-0.05, 1.05)
    axes.axvline(0, color=style.RULE, lw=0.8)
    if not indices:
        axes.text(0.5, 0.5, "it does not vary", transform=axes.transAxes, ha="center", color=style.MUTED)


def _name_row(axes: Axes, row: int, name: str) -> None:
    axes.text(-0.015, row, name, transform=axes.get_yaxis_transform(), ha="right", va="center", size=8.0)
