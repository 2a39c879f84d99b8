"""Print talks: positions on a line, models side by side, agreements, forces, voting power.

Text only. What was asked for beside that (who moved, what would have to change, seats, one agreement in full)
comes last and is in `_talks_asked_print`. Nothing is a forecast, and the first lines say so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from truceline.cli._console import Row, print_line, print_table, print_title
from truceline.cli._generation_words import tell_day
from truceline.cli._talks_agreements_print import print_agreement, print_agreements
from truceline.cli._talks_asked_print import print_moves, print_seats, print_wanted
from truceline.cli._talks_forces_print import print_forces
from truceline.cli._talks_item import FoundTalks
from truceline.cli._talks_trades_print import print_trades
from truceline.cli._talks_words import (
    draw_place,
    fold,
    print_wrapped,
    tell_actors,
    tell_coded,
    tell_name,
    tell_place,
    tell_readings,
    tell_stretch,
)
from truceline.talks.answers import MODELS, Answer
from truceline.talks.model import MOST_POWER, Board, Issue
from truceline.talks.result import MODESTY, Talks
from truceline.talks.sampling import Sampled
from truceline.talks.seats import TABLE_WORDS
from truceline.units import format_share

LABEL_COLUMNS, CELL_COLUMNS = 22, 13
"""Columns of a model's name and of an issue's head, folded."""
PLAIN_NOTES = ("settles after",)
"""Beginnings of notes that say that all is well; they stand in the JSON alone."""
PLAYERS_SHOWN = 12
"""Actors whose voting power is told; the rest are counted."""
UNSETTLED_WORDS = {
    "unsettled": "does not settle",
    "empty": "no held position stands",
    "circle": "majorities over proposals run in a circle",
}


def print_talks(found: FoundTalks) -> None:
    """Print the answer; agreements asked for by name stand alone."""
    talks = found.made.talks
    print_title(f"{found.title}: talks as known on {tell_day(talks.board.day)}")
    print_wrapped(MODESTY)
    if found.shown:
        for reception in talks.receptions:
            if reception.agreement.key in found.shown:
                print_line()
                print_agreement(found, reception)
    else:
        for key in talks.board.issues:
            print_line()
            print_positions(talks.board, key)
        print_models(talks)
        if talks.receptions:
            print_line()
            print_agreements(talks)
            print_line()
            print_forces(found)
        print_voting(talks)
    if talks.moves is not None and talks.since is not None:
        print_line()
        print_moves(talks)
    for wanted in talks.wanted:
        print_line()
        print_wanted(talks, wanted)
    for issue in found.unanswered:
        print_line()
        print_line(f"{talks.board.issues[issue].label}: no model can be asked on that day.")
    if found.asked_seats:
        print_line()
        print_seats(talks.board, found.seats)
    print_line()
    print_line(_say_readings(talks.sampled))


def _say_readings(sampled: Sampled | None) -> str:
    if sampled is None:
        return "No readings of our codings were drawn: every number above stands without its spread."
    return (
        f"{sampled.n_samples:,} readings: all {sampled.n_ranges} coded numbers drawn inside their ranges at "
        f"once; seed {sampled.seed}."
    )


def print_positions(board: Board, key: str) -> None:
    """Print who stands where on one issue, from low to high, and who had said nothing."""
    issue = board.issues[key]
    unit = f", {issue.unit}" if issue.unit else ""
    print_title(f"{issue.label} ({key}{unit})")
    marks = issue.marks or ((issue.low_end, issue.low_means), (issue.high_end, issue.high_means))
    scale = "; ".join(f"{tell_place(value, issue)} = {means}" for value, means in marks)
    print_wrapped(f"{issue.question} {scale}")
    speakers = sorted(board.speakers(key), key=lambda actor: (board.places[actor, key].position.value, actor))
    rows = [_place_row(board, actor, key) for actor in speakers]
    ends = f"{tell_place(issue.low_end, issue)} to {tell_place(issue.high_end, issue)}"
    heads = ["actor", "position", ends, "said on", "seat", "cares", "power"]
    reference = [
        "if not agreed",
        tell_coded(issue.reference, issue),
        draw_place(issue.reference, issue),
    ]
    print_table(heads, [*rows, Row(reference, "dim")])
    print_line(f"Decides: {_tell_quota(issue)} of the weight (care times power), with every veto.")
    silent = board.silent[key]
    if silent:
        vetoes = [a for a in silent if (a, key) in board.standings and board.standings[a, key].veto]
        could = f" Of these {tell_actors(vetoes, board)} can stop it." if vetoes else ""
        print_wrapped(f"Had said nothing, which is not neutral: {tell_actors(silent, board)}.{could}")


def _place_row(board: Board, actor: str, key: str) -> Row:
    place, standing, issue = board.places[actor, key], board.standings[actor, key], board.issues[key]
    return Row(
        [
            tell_name(actor, board),
            tell_coded(place.position, issue),
            draw_place(place.position, issue),
            place.statement.date,
            f"{standing.seat}, veto" if standing.veto else standing.seat,
            f"{place.salience.value:.0f}",
            f"{standing.power.value:.0f}",
        ]
    )


def _tell_quota(issue: Issue) -> str:
    low, high = issue.quota.bounds
    ends = "" if low == high else f" ({100 * low:.0f}-{format_share(high)})"
    return f"{format_share(issue.quota.value)}{ends}"


def print_models(talks: Talks) -> None:
    """Print where each model puts the outcome of each issue, the plain ones first, with what they note."""
    issues = [issue for key, issue in talks.board.issues.items() if talks.answers_on(key)]
    if not issues:
        return
    print_line()
    print_title("Models side by side: none is a forecast, and none has a better record than the mean")
    answers = {(one.model, one.issue): one for one in talks.answers}
    marks = _mark_notes(talks.answers)
    rows = []
    for model in MODELS:
        if any((model.key, issue.key) in answers for issue in issues):
            cells = [
                _answer_cell(answers.get((model.key, issue.key)), issue, talks, marks) for issue in issues
            ]
            style = "bold" if model.kind == "plain" else ""
            rows.append(Row([fold(model.label, LABEL_COLUMNS), *cells], style))
    print_table(["model", *(fold(issue.label, CELL_COLUMNS) for issue in issues)], rows)
    print_line("[ ] what a model leaves open by itself: a core, a tie, a cycle.")
    if talks.sampled is not None:
        print_line("( ) 80 % of the readings of our codings; the core's: from its lowest to its highest end.")
        resting = [model.label for model in MODELS if not model.is_sampled]
        print_wrapped(f"Not asked for every reading, as it hardly ever settles: {'; '.join(resting)}.")
    for note, mark in marks.items():
        print_wrapped(f"{mark}  {note}", hanging="   ")
    if talks.joint_actors:
        together = ", ".join(talks.board.issues[key].label for key in talks.joint_issues)
        print_wrapped(
            f"{' and '.join(_first(model.label) for model in MODELS if model.joint)} look at "
            f"{len(talks.joint_issues)} issues together ({together}) and know only those who spoke on all: "
            f"{tell_actors(talks.joint_actors, talks.board)}."
        )
    if talks.sampled is not None:
        _print_unsettled(talks.sampled, issues)
        _print_drivers(talks, talks.sampled, issues)
    if talks.trading is not None and talks.trading.trades:
        print_trades(talks.trading, talks.board)
    _print_tables(talks, issues)


def _first(label: str) -> str:
    """Return a model's name without what follows the comma."""
    return label.partition(",")[0]


def _mark_notes(answers: Sequence[Answer]) -> Mapping[str, str]:
    """Return a letter for every different note, in the order of the answers by model."""
    order = [model.key for model in MODELS]
    notes = dict.fromkeys(
        note
        for answer in sorted(answers, key=lambda one: order.index(one.model))
        for note in answer.notes
        if not note.startswith(PLAIN_NOTES)
    )
    letters = "abcdefghijklmnopqrstuvwxyz"
    return {note: letters[n % 26] * (1 + n // 26) for n, note in enumerate(notes)}


def _answer_cell(answer: Answer | None, issue: Issue, talks: Talks, marks: Mapping[str, str]) -> str:
    """Return a cell: value and what is left open above, the band over readings and marks below."""
    if answer is None:
        return ""
    parts = [] if answer.value is None else [tell_place(answer.value, issue)]
    if answer.low is not None and answer.high is not None and (answer.has_spread or answer.value is None):
        parts.append(f"[{tell_stretch(answer.low, answer.high, issue)}]")
    below = [_tell_band(answer, issue, talks.sampled)]
    below.append(" ".join(marks[note] for note in answer.notes if note in marks))
    return f"{' '.join(parts) or 'none'}\n{' '.join(part for part in below if part)}"


def _tell_band(answer: Answer, issue: Issue, sampled: Sampled | None) -> str:
    if sampled is None:
        return ""
    if answer.model == "core":
        core = sampled.cores.get(answer.issue)
        if core is None or core.low is None or core.high is None:
            return ""
        return f"({tell_stretch(core.low.low, core.high.high, issue)})"
    spread = sampled.spreads.get((answer.issue, answer.model))
    return "" if spread is None else f"({tell_stretch(spread.band.low, spread.band.high, issue)})"


def _print_unsettled(sampled: Sampled, issues: Sequence[Issue]) -> None:
    """Print in how many readings a model has no settled answer, or the core is empty."""
    for model in MODELS:
        told = []
        for issue in issues:
            spread = sampled.spreads.get((issue.key, model.key))
            share = 0.0 if spread is None else spread.unsettled_share
            if model.key == "core":
                core = sampled.cores.get(issue.key)
                share = 0.0 if core is None else core.empty_share
            if share > 0:
                told.append(f"{issue.label} {tell_readings(share)}")
        if told:
            what = UNSETTLED_WORDS[model.unsettled_word]
            print_wrapped(
                f"{model.label}: {what} in so many of 100 readings: {', '.join(told)}.", hanging="  "
            )


def _print_drivers(talks: Talks, sampled: Sampled, issues: Sequence[Issue]) -> None:
    """Print which codings carry most of the spread of the plain mean."""
    for issue in issues:
        spread = sampled.spreads.get((issue.key, "mean"))
        told = []
        for driver in () if spread is None else spread.drivers:
            kind, _, actor = driver.name.removeprefix("talks.").partition(f".{issue.key}.")
            n_others = 0 if kind == "power" else len(talks.board.together(actor, issue.key)) - 1
            others = f" and {n_others} more in one statement" if n_others else ""
            told.append(f"{kind} of {tell_name(actor, talks.board)}{others} {format_share(driver.share)}")
        if told:
            print_wrapped(f"Carries the spread of the mean, {issue.label}: {', '.join(told)}.", hanging="  ")


def _print_tables(talks: Talks, issues: Sequence[Issue]) -> None:
    """Print mean and median for those who count: everybody, as seated, the parties alone."""
    found = {(one.table, one.issue): one for one in talks.seated}
    rows = []
    for table, words in TABLE_WORDS.items():
        cells = []
        for issue in issues:
            one = found.get((table, issue.key))
            if one is None or one.mean is None or one.median is None:
                cells.append("nobody, or one")
                continue
            cells.append(f"{tell_place(one.mean, issue)} / {tell_place(one.median, issue)}")
        rows.append(Row([fold(words, LABEL_COLUMNS), *cells]))
    print_line()
    print_title("Who counts: weighted mean / median by seats")
    print_table(["table", *(fold(issue.label, CELL_COLUMNS) for issue in issues)], rows)


def print_voting(talks: Talks) -> None:
    """Print how often each actor decides on each issue under weights, quota and vetoes."""
    issues = [talks.board.issues[key] for key in talks.board.issues if key in talks.voting]
    if not issues:
        return
    print_line()
    print_title("Voting power: Shapley-Shubik | Banzhaf, in %")
    shares = {
        (player, issue.key): (power.shapley_shubik[n], power.banzhaf[n], player in power.veto)
        for issue in issues
        for power in (talks.voting[issue.key],)
        for n, player in enumerate(power.players)
    }
    most: dict[str, float] = {}
    for (player, _), (shapley, _, _) in shares.items():
        most[player] = max(most.get(player, 0.0), float(shapley))
    ranked = sorted(most, key=lambda player: (-most[player], player))
    rows = []
    for player in ranked[:PLAYERS_SHOWN]:
        cells = []
        for issue in issues:
            one = shares.get((player, issue.key))
            cells.append("" if one is None else f"{100 * one[0]:.0f} | {100 * one[1]:.0f}{' v' * one[2]}")
        rows.append(Row([tell_name(player, talks.board), *cells]))
    print_table(["actor", *(fold(issue.label, CELL_COLUMNS) for issue in issues)], rows)
    if len(ranked) > PLAYERS_SHOWN:
        rest = ranked[PLAYERS_SHOWN:]
        print_line(f"{len(rest)} more have {100 * max(most[one] for one in rest):.0f} at most.")
    print_wrapped(
        "Everybody who takes part counts, silent or not, with its power; v: has a veto. This measures the "
        f"rule, not what anybody wants: powers of 0 to {MOST_POWER:g} are our coding."
    )
