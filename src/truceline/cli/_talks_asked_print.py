"""Print what was asked beside the talks: who moved, what would have to change, what seats change."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from truceline.cli._console import Row, print_line, print_table, print_title
from truceline.cli._generation_words import tell_day
from truceline.cli._talks_words import (
    print_wrapped,
    tell_actors,
    tell_change,
    tell_coded,
    tell_name,
    tell_place,
    tell_shift,
    tell_stretch,
)
from truceline.talks.answers import BY_KEY
from truceline.talks.model import SEAT_WORDS, Board, Issue
from truceline.talks.moves import CHANGE_WORDS, Move, StandingChange
from truceline.talks.result import Talks
from truceline.talks.seat_power import SeatPower
from truceline.talks.seats import SeatedOutcome
from truceline.talks.voting import PowerIndices
from truceline.talks.wanted import NeededChange, WantedAnswer

_GAP = "  "


def print_moves(talks: Talks) -> None:
    """Print what was said and settled anew since the earlier day, each with its statement."""
    board, moves = talks.board, talks.moves
    if moves is None or talks.since is None:
        return
    print_title(f"What changed from {tell_day(talks.since.day)} to {tell_day(board.day)}")
    if not moves.moves and not moves.standings:
        print_line("Nobody said anything new, and no seat, veto or power changed.")
    for issue, group in groupby(moves.moves, key=lambda one: one.issue):
        print_line(f"{board.issues[issue].label}:")
        together: dict[tuple[str, str], list[Move]] = {}
        for move in group:
            together.setdefault((_statement_of(move), _say_move(move, board)), []).append(move)
        for (statement, words), alike in together.items():
            who = ", ".join(f"{tell_name(one.actor, board)}{_tell_carried(one, board)}" for one in alike)
            print_wrapped(f"{who} {words}: {statement}", _GAP, _GAP)
    told: dict[tuple[str, str, str, str, str], list[str]] = {}
    for change in moves.standings:
        told.setdefault(_key(change), []).append(change.issue)
    if told:
        print_line("Seats, vetoes and power:")
    rows = {one.row.standing_id: one.row for one in moves.standings}
    for (actor, _, before, after, row_id), issues in told.items():
        row = rows[row_id]
        on = ", ".join(board.issues[issue].label for issue in issues)
        line = f"{tell_name(actor, board)} on {on}: {before}, now {after}"
        print_wrapped(f"{line} ({row.standing_id}, {row.date}: {row.statement})", _GAP, _GAP)


def _key(change: StandingChange) -> tuple[str, str, str, str, str]:
    return change.actor, change.what, change.before, change.after, change.row.standing_id


def _statement_of(move: Move) -> str:
    place = move.after or move.before
    return "" if place is None else f"{place.statement.reference}: {place.statement.text}"


def _tell_carried(move: Move, board: Board) -> str:
    """Return how far the change of one actor moved the weighted mean; nothing where it is rounding."""
    shift = "" if move.carried is None else tell_shift(move.carried, board.issues[move.issue])
    return f" (mean {shift})" if shift else ""


def _say_move(move: Move, board: Board) -> str:
    issue, before, after = board.issues[move.issue], move.before, move.after
    words = CHANGE_WORDS[move.change]
    if move.change == "moved" and before is not None and after is not None:
        return f"{words}, {tell_coded(before.position, issue)} to {tell_coded(after.position, issue)}"
    if move.change == "cares" and before is not None and after is not None:
        return f"{words}, {before.salience.value:.0f} to {after.salience.value:.0f}"
    return words if after is None else f"{words}, {tell_coded(after.position, issue)}"


def print_wanted(talks: Talks, found: WantedAnswer) -> None:
    """Print where the models stand towards a wanted stretch, and what each actor alone could do about it."""
    board, wanted = talks.board, found.wanted
    issue = board.issues[wanted.issue]
    print_title(f"For {issue.label} to come out at {tell_stretch(wanted.low, wanted.high, issue)}")
    for model, value in found.answers.items():
        label, place = BY_KEY[model].label, tell_place(value, issue)
        if wanted.holds(value):
            print_wrapped(f"{label}: {place}, inside already.", hanging=_GAP)
            continue
        print_wrapped(f"{label}: {place}. One actor alone, all others as they are:", hanging=_GAP)
        for what in ("position", "salience"):
            changes = [one for one in found.changes if one.model == model and one.what == what]
            print_wrapped(f"{_say_changes(what, changes, issue, board)}", _GAP, _GAP)


def _say_changes(what: str, changes: Sequence[NeededChange], issue: Issue, board: Board) -> str:
    able = [one for one in changes if one.needed is not None]
    heads = {"position": "by another position", "salience": "by caring more or less (0 to 100)"}
    if not able:
        return f"{heads[what]}: nobody can."
    told = []
    for one in able:
        needed = one.now if one.needed is None else one.needed
        if what == "position":
            words = tell_change(one.now, needed, issue)
        else:
            words = f"{one.now:.0f} to {needed:.0f}"
        told.append(f"{tell_name(one.actor, board)} {words}")
    rest = len(changes) - len(able)
    return f"{heads[what]}: {', '.join(told)}; {f'the other {rest} cannot' if rest else 'no other'}."


def print_seats(board: Board, seats: Sequence[SeatPower]) -> None:
    """Print outcomes as seated and voting power among parties, with the seats as they are and as asked."""
    print_title("Seats: as they are, and as asked")
    changes = dict.fromkeys(change for one in seats for change in one.changed)
    for actor, now, asked in changes:
        on = [board.issues[one.issue].label for one in seats if (actor, now, asked) in one.changed]
        line = f"{tell_name(actor, board)}: {SEAT_WORDS[now]}, asked {SEAT_WORDS[asked]}"
        print_wrapped(f"{line} ({', '.join(on)}).", hanging=_GAP)
    rows = []
    for one in seats:
        issue = board.issues[one.issue]
        before, after = (_tell_outcome(outcome, issue) for outcome in (one.outcome, one.outcome_asked))
        told = "" if one.mean_shift is None else tell_shift(one.mean_shift, issue)
        rows.append(Row([issue.label, before, after, told]))
    print_table(["mean / median as seated", "now", "asked", "mean"], rows)
    print_line()
    for one in seats:
        _print_votes(one, board)
    print_wrapped(
        "Votes: Shapley-Shubik among those at the table; consulted and absent actors have none. A seat is "
        "not power: who is absent may still decide what it sends."
    )


def _tell_outcome(outcome: SeatedOutcome | None, issue: Issue) -> str:
    if outcome is None or outcome.mean is None or outcome.median is None:
        return "nobody, or one"
    return f"{tell_place(outcome.mean, issue)} / {tell_place(outcome.median, issue)}"


def _print_votes(one: SeatPower, board: Board) -> None:
    label = board.issues[one.issue].label
    if not one.players:
        print_wrapped(f"{label}: fewer than two at either table, so that there is no vote.", hanging=_GAP)
        return
    told = [
        f"{tell_name(player, board)} {_tell_vote(one.power, player)} to {_tell_vote(one.power_asked, player)}"
        for player in one.players
    ]
    words = f"{label}, votes in %: {', '.join(told)}."
    if one.blocks_gained:
        words += f" Can stop anything alone only then: {tell_actors(one.blocks_gained, board)}."
    if one.blocks_lost:
        words += f" Could, and then cannot: {tell_actors(one.blocks_lost, board)}."
    print_wrapped(words, hanging=_GAP)


def _tell_vote(power: PowerIndices | None, player: str) -> str:
    if power is None:
        return "no vote"
    if player not in power.players:
        return "none"
    return f"{100 * float(power.shapley_shubik[power.place(player)]):.0f}"
