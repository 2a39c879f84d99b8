"""Who moved between two days, and on which words: positions, seats, vetoes, power.

Nothing is inferred: a move is two codings that differ, each with its statement.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from truceline.talks.averages import average_positions
from truceline.talks.model import SEAT_WORDS, Board, Place, Standing, StandingRow
from truceline.talks.tables import lay_out_issue

Change = Literal["spoke", "moved", "cares", "restated", "fell silent"]
CHANGE_WORDS = {
    "spoke": "spoke where it had said nothing",
    "moved": "moved",
    "cares": "cares more or less than before",
    "restated": "said the same again",
    "fell silent": "is on record as silent",
}
"""Changes in words."""


@dataclass(frozen=True)
class Move:
    """What one actor said anew on one issue."""

    actor: str
    issue: str
    change: Change
    before: Place | None
    after: Place | None
    carried: float | None
    """How far this one change moved the weighted mean of the later day; None where there is none."""

    @property
    def distance(self) -> float:
        """Return how far the position moved on the issue's scale; 0 where one of the two is missing."""
        if self.before is None or self.after is None:
            return 0.0
        return self.after.position.value - self.before.position.value


@dataclass(frozen=True)
class StandingChange:
    """What changed in what one actor may do on one issue."""

    actor: str
    issue: str
    what: Literal["seat", "veto", "power"]
    before: str
    after: str
    row: StandingRow


@dataclass(frozen=True, eq=False)
class Moves:
    """Everything that changed between two days, in order of issue and actor."""

    moves: tuple[Move, ...]
    standings: tuple[StandingChange, ...]


def compare_boards(before: Board, after: Board) -> Moves:
    """Return what was said and settled anew between two days of one register."""
    moves: list[Move] = []
    changes: list[StandingChange] = []
    for issue in after.issues:
        for actor in sorted(after.actors):
            pair = (actor, issue)
            move = _find_move(actor, issue, before.places.get(pair), after.places.get(pair))
            if move is not None:
                moves.append(Move(*move, _carry(before, after, actor, issue)))
            changes += _compare_standings(before.standings.get(pair), after.standings.get(pair))
    return Moves(tuple(moves), tuple(changes))


def _find_move(
    actor: str, issue: str, was: Place | None, now: Place | None
) -> tuple[str, str, Change, Place | None, Place | None] | None:
    if now is None:
        return None if was is None else (actor, issue, "fell silent", was, None)
    if was is None:
        return actor, issue, "spoke", None, now
    if was.statement.statement_id == now.statement.statement_id:
        return None
    if was.position.value != now.position.value:
        return actor, issue, "moved", was, now
    is_new = was.salience.value != now.salience.value
    return actor, issue, "cares" if is_new else "restated", was, now


def _carry(before: Board, after: Board, actor: str, issue: str) -> float | None:
    """Return the mean of the later day, less the same with one actor as it was before."""
    table = lay_out_issue(after, issue)
    if table is None:
        return None
    whole = average_positions(table.position, table.weight)
    was = before.places.get((actor, issue))
    now = after.places.get((actor, issue))
    if now is None:
        return None
    if was is None:
        without = lay_out_issue(after, issue, only=[one for one in table.actors if one != actor])
    else:
        values = {now.position.name: was.position.value, now.salience.name: was.salience.value}
        without = lay_out_issue(after, issue, values=values)
    return None if without is None else whole - average_positions(without.position, without.weight)


def _compare_standings(was: Standing | None, now: Standing | None) -> list[StandingChange]:
    if was is None or now is None:
        return []
    found = []
    if was.seat != now.seat:
        words = SEAT_WORDS[was.seat], SEAT_WORDS[now.seat]
        found.append(StandingChange(now.actor, now.issue, "seat", *words, now.seat_row))
    if was.veto != now.veto and now.veto_row is not None:
        told = {True: "can stop it", False: "cannot stop it"}
        found.append(
            StandingChange(now.actor, now.issue, "veto", told[was.veto], told[now.veto], now.veto_row)
        )
    if was.power.value != now.power.value:
        power = f"{was.power.value:g}", f"{now.power.value:g}"
        found.append(StandingChange(now.actor, now.issue, "power", *power, now.power_row))
    return found
