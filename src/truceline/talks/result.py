"""The answer about talks: positions on a day, models side by side, seats, voting power, agreements.

Records only: `make` fills them, products read them. Nothing in it is a forecast, and the sentence that says
so goes wherever it goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from truceline.errors import Problem
from truceline.talks.acceptance import Reception
from truceline.talks.answers import Answer
from truceline.talks.model import Board
from truceline.talks.moves import Moves
from truceline.talks.sampling import Sampled
from truceline.talks.seats import SeatedOutcome, SeatShift
from truceline.talks.trades import Trading
from truceline.talks.voting import PowerIndices
from truceline.talks.wanted import WantedAnswer
from truceline.trace import Traced

MODESTY = (
    "This is no forecast. A model of talks knows what was said in public and what we made of it: no threat, "
    "no offer behind doors, no change of mind. Where such models were put to the test, the plain weighted "
    "mean did as well as most of them, and most published successes could not be repeated."
)
"""The sentences that stand beside every answer about talks."""


@dataclass(frozen=True, eq=False)
class Talks:
    """Everything said about talks on one day."""

    board: Board
    joint_issues: tuple[str, ...]
    """Issues that the models of several issues look at."""
    joint_actors: tuple[str, ...]
    """Actors that have spoken on every one of them: the only ones those models know."""
    answers: tuple[Answer, ...]
    """By issue, then model; the plain ones first."""
    trading: Trading | None
    """Deals of the exchange model, and what they do to third parties; None where too few spoke on all."""
    sampled: Sampled | None
    """Spread of the answers over the ranges of all coded numbers; None where it was not asked for."""
    seated: tuple[SeatedOutcome, ...]
    seat_shifts: tuple[SeatShift, ...]
    voting: Mapping[str, PowerIndices]
    """By issue."""
    moves: Moves | None
    """What changed since an earlier day; None where none was given."""
    since: Board | None
    wanted: tuple[WantedAnswer, ...]
    receptions: tuple[Reception, ...]
    """How each candidate agreement is received."""
    headlines: Mapping[str, Traced]
    """Numbers by name that `truceline explain` unfolds: every coded number among them."""
    warnings: tuple[Problem, ...]

    def answers_on(self, issue: str) -> tuple[Answer, ...]:
        """Return the answers for one issue, in the order of the models."""
        return tuple(one for one in self.answers if one.issue == issue)
