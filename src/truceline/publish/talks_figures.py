"""Two figures of talks: who wants what on each issue, and models side by side.

A column for each issue, a row for each actor or model. Only places on paper are computed; every number is
read from the result. Every coded number is shown with its range, and who has said nothing is shown as silent,
not in the middle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from truceline.publish import figure_style as style
from truceline.publish.generation_words import list_words
from truceline.publish.talks_columns import (
    MOST_COLUMNS,
    Layout,
    draw_averages,
    lay_out_band,
    list_lines,
    name_rows,
    part_issues,
    start_column,
    start_frame,
    write_aside,
)
from truceline.publish.talks_view import order_actors
from truceline.publish.talks_words import ABSENT, OUR_CODING, say_answer
from truceline.publish.wording import source_line
from truceline.talks.answers import MODELS
from truceline.talks.model import SEAT_WORDS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from truceline.plan.model import Plan
    from truceline.plan.talks import PlanTalks
    from truceline.talks.model import Issue, Seat
    from truceline.talks.result import Talks

RANGE_COLOUR, DOT_COLOUR = "#bcd6ea", "#0b5394"
MOST_ROWS = 60
"""Actors in one band of columns; those with least power are left to the table."""
PLAIN_RANGE, PLAIN_ROW = "#7fb0d6", "#f1f6fb"
_FILLS: dict[Seat, str] = {"party": "full", "consulted": "left", "absent": "none"}


def draw_positions(plan: Plan, plan_talks: PlanTalks) -> str:
    """Return every actor's coded position on every issue, with its range, its date, its seat and its veto."""
    talks = plan_talks.talks
    board = talks.board
    issues = [issue for issue in board.issues.values() if board.speakers(issue.key)]
    layout = Layout(1.66, 0.205, max(3, min(len(issues), MOST_COLUMNS)))
    everybody = order_actors(board)
    spoken = [
        [actor for actor in everybody if any((actor, one.key) in board.places for one in part)]
        for part in part_issues(issues)
    ]
    n_left_out = sum(len(rows[MOST_ROWS:]) for rows in spoken)
    heard = {actor for rows in spoken for actor in rows}
    quiet = [board.actors[actor].name for actor in everybody if actor not in heard]
    spoken = [rows[:MOST_ROWS] for rows in spoken]
    bands = [
        lay_out_band(layout, part, len(rows)) for part, rows in zip(part_issues(issues), spoken, strict=True)
    ]
    left_out = f"{n_left_out:,} more are in the table talks_positions. " if n_left_out else ""
    notes = (
        f"{left_out}{ABSENT} An empty place: takes no part in that issue. {_say_quiet(quiet)}".strip(),
        f"{OUR_CODING} Positions are those of the latest statement by {board.day}.",
        source_line(plan),
    )
    subtitle = (
        "Dot: where we put what the actor said; bar: the range of that coding; beside it the date of the"
        " statement. No forecast."
    )
    title = "Who wants what of the talks"
    body_in = sum(band.height_in(layout) for band in bands)
    with style.figure_style():
        figure, y_in = start_frame(title, subtitle, notes, _list_position_signs(), body_in)
        for band, rows in zip(bands, spoken, strict=True):
            for column, issue in enumerate(band.issues):
                axes = start_column(figure, layout, column, y_in, band)
                if column == 0:
                    name_rows(axes, layout, [(board.actors[actor].name, False) for actor in rows])
                draw_averages(axes, talks, issue)
                _draw_places(axes, talks, issue, rows)
            y_in -= band.height_in(layout)
        return style.to_svg(figure, "talks-positions", title)


def draw_models(plan: Plan, plan_talks: PlanTalks) -> str:
    """Return where each model puts each issue, with the band of our coding; the plain ones first."""
    talks = plan_talks.talks
    issues = [issue for issue in talks.board.issues.values() if talks.answers_on(issue.key)]
    layout = Layout(2.0, 0.26, max(3, min(len(issues), MOST_COLUMNS)))
    bands = [lay_out_band(layout, part, len(MODELS)) for part in part_issues(issues)]
    sampled = talks.sampled
    drawn = (
        f" Bar: eight of ten readings of the same words ({sampled.n_samples:,} draws, seed {sampled.seed})."
        if sampled is not None
        else ""
    )
    subtitle = f"Dot: the answer at our coded values; line with ends: what a model leaves open.{drawn}"
    notes = (
        "No forecast. Where such models were put to the test the plain weighted mean did as well as most.",
        "A coded value may lie outside its bar where a model jumps or ranges reach further to one side.",
        source_line(plan),
    )
    title = "Where models put the outcome, side by side"
    body_in = sum(band.height_in(layout) for band in bands)
    with style.figure_style():
        figure, y_in = start_frame(title, subtitle, notes, _list_model_signs(), body_in)
        for band in bands:
            for column, issue in enumerate(band.issues):
                axes = start_column(figure, layout, column, y_in, band)
                if column == 0:
                    named = [(model.label, model.kind == "plain") for model in MODELS]
                    name_rows(axes, layout, named)
                draw_averages(axes, talks, issue)
                _draw_answers(axes, talks, issue)
            y_in -= band.height_in(layout)
        return style.to_svg(figure, "talks-models", title)


def _say_quiet(names: list[str]) -> str:
    return style.plain(f"Silent on every issue: {list_words(names, most=MOST_ROWS)}.") if names else ""


def _draw_places(axes: Axes, talks: Talks, issue: Issue, actors: list[str]) -> None:
    board = talks.board
    for row, actor in enumerate(actors):
        place = board.places.get((actor, issue.key))
        if place is None:
            if actor in board.silent.get(issue.key, ()):
                write_aside(axes, row, "silent", style.MUTED, "italic")
            continue
        standing = board.standings[actor, issue.key]
        low, high = place.position.bounds
        axes.plot([low, high], [row, row], color=RANGE_COLOUR, lw=4.2, solid_capstyle="butt", zorder=1.5)
        _draw_dot(axes, place.position.value, row, standing.seat)
        if standing.veto:
            axes.plot(
                [place.position.value],
                [row],
                marker="s",
                ms=9.4,
                mfc="none",
                mec=style.WEAK,
                mew=1.2,
                ls="none",
                clip_on=False,
                zorder=3,
            )
        write_aside(axes, row, style.plain(place.statement.date), style.MUTED, "normal")


def _draw_dot(axes: Axes, x: float, row: float, seat: Seat) -> None:
    axes.plot(
        [x],
        [row],
        marker="o",
        ms=5.4,
        color=DOT_COLOUR,
        fillstyle=_FILLS[seat],
        markerfacecoloralt=style.PAPER,
        mew=1.0,
        ls="none",
        clip_on=False,
        zorder=2.5,
    )
    if seat == "absent":
        axes.plot([x], [row], marker="o", ms=4.4, color=style.PAPER, ls="none", clip_on=False, zorder=2.4)


def _draw_answers(axes: Axes, talks: Talks, issue: Issue) -> None:
    answers = {one.model: one for one in talks.answers_on(issue.key)}
    sampled = talks.sampled
    for row, model in enumerate(MODELS):
        is_plain = model.kind == "plain"
        if is_plain:
            axes.axhspan(row - 0.5, row + 0.5, color=PLAIN_ROW, lw=0, zorder=0.1)
        answer = answers.get(model.key)
        if answer is None:
            write_aside(axes, row, "not asked", style.MUTED, "italic")
            continue
        spread = None if sampled is None else sampled.spreads.get((issue.key, model.key))
        if spread is not None:
            colour = PLAIN_RANGE if is_plain else RANGE_COLOUR
            ends = [spread.band.low, spread.band.high]
            axes.plot(ends, [row, row], color=colour, lw=6.0, solid_capstyle="butt", zorder=1.4)
        low, high = answer.low, answer.high
        if low is not None and high is not None and (high > low or answer.value is None):
            axes.plot(
                [low, high],
                [row, row],
                color=style.INK,
                lw=1.0,
                marker="|",
                ms=6,
                mew=1.0,
                zorder=2,
            )
        if answer.value is not None:
            axes.plot(
                [answer.value],
                [row],
                marker="o",
                ms=6.0 if is_plain else 4.8,
                color=DOT_COLOUR,
                ls="none",
                clip_on=False,
                zorder=2.5,
            )
        marks = answer.marks
        if marks and marks[0] != "tie":
            write_aside(axes, row, marks[0], style.WEAK, "normal")
        else:
            tied = " tie" if marks else ""
            write_aside(axes, row, f"{say_answer(issue, answer)}{tied}", style.MUTED, "normal")


def _list_position_signs() -> list[Any]:
    from matplotlib.lines import Line2D

    seats = [
        Line2D(
            [],
            [],
            marker="o",
            ms=5.4,
            color=DOT_COLOUR,
            fillstyle=fill,  # type: ignore[arg-type]
            markerfacecoloralt=style.PAPER,
            mew=1.0,
            ls="none",
            label=SEAT_WORDS[seat],
        )
        for seat, fill in _FILLS.items()
    ]
    veto = Line2D(
        [], [], marker="s", ms=8, mfc="none", mec=style.WEAK, mew=1.2, ls="none", label="can stop it"
    )
    return [*seats, veto, *list_lines()]


def _list_model_signs() -> list[Any]:
    from matplotlib.lines import Line2D

    return [
        Line2D([], [], color=PLAIN_RANGE, lw=6, solid_capstyle="butt", label="plain averages"),
        Line2D([], [], color=RANGE_COLOUR, lw=6, solid_capstyle="butt", label="other models"),
        Line2D([], [], color=style.INK, lw=1, marker="|", ms=6, label="left open"),
        *list_lines(),
    ]
