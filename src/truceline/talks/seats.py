"""What a seat changes: outcomes with everybody, with those at the table, and with one more or one less.

The plain mean and median are asked, and the voting power that weight, quota and vetoes give. A seat is not
power: who is absent may still decide what it sends. So everybody counts by default, and the table is shown
beside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from truceline.scenario.assumption import AssumptionSet
from truceline.talks.averages import average_positions, find_median
from truceline.talks.model import Board, IssueTable, Seat
from truceline.talks.tables import lay_out_issue
from truceline.talks.voting import PowerIndices, measure_voting_power

CONSULTED_SHARE = "talks.consulted_share"
"""Share of its power that a consulted actor has at the table."""
Table = Literal["everybody", "as-seated", "parties"]
TABLE_WORDS: Mapping[Table, str] = {
    "everybody": "everybody who spoke, by its power",
    "as-seated": "as seated: parties in full, consulted in part, absent not at all",
    "parties": "parties alone",
}
"""Who counts, in words."""


@dataclass(frozen=True)
class SeatedOutcome:
    """Mean and median of one issue for those who count."""

    issue: str
    table: Table
    actors: tuple[str, ...]
    mean: float | None
    """None where fewer than two with any weight are left."""
    median: float | None


@dataclass(frozen=True)
class SeatShift:
    """What giving or denying one actor a seat does to one issue, the others as seated."""

    actor: str
    issue: str
    seat: Seat
    """The seat it has."""
    mean_denied: float | None
    mean_given: float | None
    median_denied: float | None
    median_given: float | None

    @property
    def shift(self) -> float | None:
        """Return how far a seat moves the mean; None where one of the two does not exist."""
        if self.mean_denied is None or self.mean_given is None:
            return None
        return self.mean_given - self.mean_denied


def seat_outcomes(board: Board, issue: str, assumptions: AssumptionSet) -> tuple[SeatedOutcome, ...]:
    """Return the outcome of one issue with everybody, as seated, and with the parties alone."""
    share = assumptions.value(CONSULTED_SHARE)
    table = lay_out_issue(board, issue)
    if table is None:
        return ()
    seats = {actor: board.standings[actor, issue].seat for actor in table.actors}
    found = []
    for name in TABLE_WORDS:
        counts = {actor: _count(seats[actor], name, share) for actor in table.actors}
        found.append(SeatedOutcome(issue, name, *_settle(table, counts)))
    return tuple(found)


def seat_shifts(board: Board, issue: str, assumptions: AssumptionSet) -> tuple[SeatShift, ...]:
    """Return what giving or denying each actor a seat does to one issue, the others as they are seated."""
    share = assumptions.value(CONSULTED_SHARE)
    table = lay_out_issue(board, issue)
    if table is None:
        return ()
    seats = {actor: board.standings[actor, issue].seat for actor in table.actors}
    counts = {actor: _count(seat, "as-seated", share) for actor, seat in seats.items()}
    found = []
    for actor in table.actors:
        _, *denied = _settle(table, {**counts, actor: 0.0})
        _, *given = _settle(table, {**counts, actor: 1.0})
        found.append(SeatShift(actor, issue, seats[actor], denied[0], given[0], denied[1], given[1]))
    return tuple(found)


def measure_board_power(board: Board, issue: str, *, parties_only: bool = False) -> PowerIndices | None:
    """Return the voting power of all who take part in an issue, silent or not; None for fewer than two.

    Weights are the coded powers, the quota is the issue's share of them, vetoes as recorded: who weighs on
    the decision, whatever it wants. parties_only: count those alone who are at the table, and their vetoes.
    """
    standing = {
        actor: one
        for (actor, on), one in board.standings.items()
        if on == issue and (one.power.value > 0 or one.veto) and (one.seat == "party" or not parties_only)
    }
    players = tuple(sorted(standing))
    weights = [Fraction(str(standing[player].power.value)) for player in players]
    if len(players) < 2 or not any(weights):
        return None
    quota = Fraction(str(board.issues[issue].quota.value)) * sum(weights)
    vetoes = [player for player in players if standing[player].veto]
    return measure_voting_power(players, weights, quota, vetoes)


def _count(seat: Seat, table: Table, consulted: float) -> float:
    """Return the share of its power with which a seat counts."""
    if table == "everybody":
        return 1.0
    return {"party": 1.0, "consulted": consulted if table == "as-seated" else 0.0, "absent": 0.0}[seat]


def _settle(
    table: IssueTable, counts: Mapping[str, float]
) -> tuple[tuple[str, ...], float | None, float | None]:
    """Return who counts, and mean and median with these shares of their power."""
    shares = [counts[actor] for actor in table.actors]
    seated = replace(table, power=table.power * shares)
    inside = tuple(actor for actor, w in zip(table.actors, seated.weight.tolist(), strict=True) if w > 0)
    if len(inside) < 2:
        return inside, None, None
    return (
        inside,
        average_positions(table.position, seated.weight),
        find_median(table.position, seated.weight).value,
    )
