"""What seats given or denied change: outcomes as seated, and who decides among those at the table.

One question may give some actors a seat on everything they take part in and deny it to others; the table as
it is and the table as asked are set side by side, issue by issue. A seat counts as a party's: in full for
outcomes, a vote for voting power. Consulted and absent actors have no vote. Who is absent may still decide
what it sends, which no table shows.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from truceline.errors import ProblemList, ScenarioError
from truceline.scenario.assumption import AssumptionSet
from truceline.talks.model import Board, Seat
from truceline.talks.register_rows import find_near
from truceline.talks.seats import SeatedOutcome, measure_board_power, seat_outcomes
from truceline.talks.voting import PowerIndices


@dataclass(frozen=True, eq=False)
class SeatPower:
    """One issue with the seats as they are and as asked."""

    issue: str
    changed: tuple[tuple[str, Seat, Seat], ...]
    """Actors whose seat changes on this issue: actor, seat it has, seat it gets."""
    outcome: SeatedOutcome | None
    """Mean and median as seated now; None where fewer than two spoke."""
    outcome_asked: SeatedOutcome | None
    power: PowerIndices | None
    """Voting power among the parties now; None where fewer than two parties have any power."""
    power_asked: PowerIndices | None

    @property
    def mean_shift(self) -> float | None:
        """Return how far the mean as seated moves; None where one of the two does not exist."""
        before = None if self.outcome is None else self.outcome.mean
        after = None if self.outcome_asked is None else self.outcome_asked.mean
        return None if before is None or after is None else after - before

    @property
    def players(self) -> tuple[str, ...]:
        """Return those who vote at either table, sorted."""
        both = (self.power, self.power_asked)
        return tuple(sorted({one for power in both if power is not None for one in power.players}))

    @property
    def blocks_gained(self) -> tuple[str, ...]:
        """Return those who can stop anything alone at the table as asked, and could not before."""
        return self._newly(self.power_asked, self.power)

    @property
    def blocks_lost(self) -> tuple[str, ...]:
        """Return those who could stop anything alone, and cannot at the table as asked."""
        return self._newly(self.power, self.power_asked)

    def _newly(self, here: PowerIndices | None, there: PowerIndices | None) -> tuple[str, ...]:
        if here is None or there is None:
            return ()
        return tuple(sorted(set(here.blockers) - set(there.blockers)))


def change_seats(
    board: Board, give: Collection[str], deny: Collection[str], assumptions: AssumptionSet
) -> tuple[SeatPower, ...]:
    """Return every issue on which a seat changes, with the table as it is and as asked.

    give, deny: keys of actors, who get a party's seat or none on every issue they take part in.

    Raises ScenarioError with all problems, as `check_seats`.
    """
    check_seats(board, give, deny)
    asked = seat_anew(board, give, deny)
    return tuple(
        SeatPower(
            issue=issue,
            changed=changed,
            outcome=_as_seated(board, issue, assumptions),
            outcome_asked=_as_seated(asked, issue, assumptions),
            power=measure_board_power(board, issue, parties_only=True),
            power_asked=measure_board_power(asked, issue, parties_only=True),
        )
        for issue in board.issues
        if (changed := _list_changed(board, asked, issue))
    )


def check_seats(board: Board, give: Collection[str], deny: Collection[str]) -> None:
    """Refuse seats that cannot be asked about with ScenarioError: all that is wrong.

    An unknown actor, one that is given and denied a seat at once, one that has (or lacks) it everywhere.
    """
    problems = ProblemList()
    for option, actors, seat in (("--give", give, "party"), ("--deny", deny, "absent")):
        for actor in actors:
            where = f"{option} {actor}"
            if actor not in board.actors:
                problems.add(where, "is not an actor", find_near(actor, board.actors))
                continue
            seats = {one.seat for (of, _), one in board.standings.items() if of == actor}
            if not seats:
                problems.add(where, f"has no seat recorded by {board.day}", "ask for a later day")
            elif seats == {seat}:
                told = "is at the table on every issue" if seat == "party" else "has no seat on any issue"
                other = "--deny" if seat == "party" else "--give"
                problems.add(where, f"{told} already", f"{other} {actor} shows what the seat changes")
    for actor in sorted(set(give) & set(deny)):
        problems.add(f"--give {actor}", "is also given as --deny", "keep one of the two")
    problems.raise_if_any(ScenarioError, "seats")


def seat_anew(board: Board, give: Collection[str], deny: Collection[str]) -> Board:
    """Return the board with these actors at the table, or away from it, on everything they take part in."""
    wanted: dict[str, Seat] = {**dict.fromkeys(give, "party"), **dict.fromkeys(deny, "absent")}
    standings = {
        pair: replace(one, seat=wanted[one.actor]) if one.actor in wanted else one
        for pair, one in board.standings.items()
    }
    return replace(board, standings=standings)


def _as_seated(board: Board, issue: str, assumptions: AssumptionSet) -> SeatedOutcome | None:
    return next((one for one in seat_outcomes(board, issue, assumptions) if one.table == "as-seated"), None)


def _list_changed(board: Board, asked: Board, issue: str) -> tuple[tuple[str, Seat, Seat], ...]:
    return tuple(
        (actor, board.standings[actor, issue].seat, asked.standings[actor, issue].seat)
        for actor in sorted(board.actors)
        if (actor, issue) in board.standings
        and board.standings[actor, issue].seat != asked.standings[actor, issue].seat
    )
