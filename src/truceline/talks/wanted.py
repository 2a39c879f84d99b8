"""What each actor would have to change for an outcome to enter a wanted stretch of the scale.

One actor at a time, all others as they are: the position nearest to its own, or the salience nearest to its
own, that brings a model's answer inside. Found by looking along the whole scale and closing in on the edge,
so that a model whose answer jumps is seen to jump; where an answer goes in and out of the stretch between two
places looked at, a nearer value may exist. A change that would do says nothing of whether it would come.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from truceline.errors import ProblemList, ScenarioError
from truceline.talks.answers import elect_positions, read_election
from truceline.talks.averages import average_positions, find_median
from truceline.talks.challenge import run_challenge
from truceline.talks.model import MOST_POWER, Board, IssueTable
from truceline.talks.register_rows import find_near
from truceline.talks.tables import lay_out_issue

Asked = Callable[[IssueTable], float]
N_GRID = 101
"""Places along a scale that are tried first."""
N_CLOSER = 40
"""Halvings towards the edge: below any digit that a coded number carries."""
NEAR_SHARE = 1e-9
"""An answer nearer to the stretch than this share of the scale is in it: a stretch may be a single number."""
What = Literal["position", "salience"]


@dataclass(frozen=True)
class Wanted:
    """A stretch of an issue's scale, both ends in."""

    issue: str
    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Tell whether a value lies in it."""
        return self.low <= value <= self.high


@dataclass(frozen=True)
class NeededChange:
    """What one actor alone would have to change."""

    actor: str
    model: str
    what: What
    now: float
    needed: float | None
    """Nearest value that brings the answer inside; None where none on the scale does."""


@dataclass(frozen=True, eq=False)
class WantedAnswer:
    """Where each model stands towards the wanted stretch, and what would bring it there."""

    wanted: Wanted
    answers: dict[str, float]
    """By model."""
    changes: tuple[NeededChange, ...]
    """For models whose answer lies outside, by model, then nearest first, those that cannot last."""


def _ask_challenge(table: IssueTable) -> float:
    run = run_challenge(table.position, table.salience / MOST_POWER, table.power)
    low, high = run.outcome
    return (low + high) / 2


ASKED: dict[str, Asked] = {
    "mean": lambda table: average_positions(table.position, table.weight),
    "median": lambda table: find_median(table.position, table.weight).value,
    "conditional": lambda table: read_election(*elect_positions(table))[0],
    "challenge": _ask_challenge,
}
"""Models that are asked, by key."""


def read_wanted(text: str, board: Board) -> Wanted:
    """Return a stretch written as ``issue=40..60``.

    Raises ScenarioError with what is wrong: an unknown issue, ends that are no numbers, out of order or
    outside the scale.
    """
    problems = ProblemList()
    issue, _, ends = (part.strip() for part in text.partition("="))
    first, dots, second = (part.strip() for part in ends.partition(".."))
    where = f"--want {text}"
    if issue not in board.issues:
        problems.add(where, f"{issue!r} is not an issue", find_near(issue, board.issues))
    try:
        low, high = float(first), float(second if dots else first)
    except ValueError:
        low = high = float("nan")
    if not low <= high:
        problems.add(where, f"{ends!r} is not a stretch", "write two numbers in order, as in 40..60")
    elif issue in board.issues:
        scale = board.issues[issue]
        if not (scale.low_end <= low and high <= scale.high_end):
            hint = f"the scale runs from {scale.low_end:g} to {scale.high_end:g}"
            problems.add(where, "lies outside the scale", hint)
    problems.raise_if_any(ScenarioError, "talks")
    return Wanted(issue, low, high)


def find_needed_changes(board: Board, wanted: Wanted) -> WantedAnswer | None:
    """Return what each actor alone would have to change, by model; None where the issue has no answer."""
    table = lay_out_issue(board, wanted.issue)
    if table is None:
        return None
    answers = {model: ask(table) for model, ask in ASKED.items()}
    changes: list[NeededChange] = []
    for model, ask in ASKED.items():
        if wanted.holds(answers[model]):
            continue
        found = [
            _change_one(table, ask, wanted, place, what, model)
            for place in range(len(table.actors))
            for what in ("position", "salience")
        ]
        changes += sorted(found, key=_effort)
    return WantedAnswer(wanted, answers, tuple(changes))


def _effort(change: NeededChange) -> tuple[bool, bool, float, str]:
    """Positions before saliences, changes that do before those that cannot, small before large."""
    distance = 0.0 if change.needed is None else abs(change.needed - change.now)
    return change.what == "salience", change.needed is None, distance, change.actor


def _change_one(
    table: IssueTable, ask: Asked, wanted: Wanted, place: int, what: What, model: str
) -> NeededChange:
    low, high = (0.0, MOST_POWER) if what == "salience" else (table.issue.low_end, table.issue.high_end)
    values = getattr(table, what)
    now = float(values[place])

    def gap(value: float) -> float:
        """Return how far above the stretch the answer lies, below zero under it; nan where nobody weighs."""
        changed = np.array(values)
        changed[place] = value
        moved = replace(table, position=changed) if what == "position" else replace(table, salience=changed)
        if not moved.weight.any():
            return math.nan
        answer = ask(moved)
        return max(answer - wanted.high, 0.0) + min(answer - wanted.low, 0.0)

    tried = np.unique(np.concatenate([np.linspace(low, high, N_GRID), table.position]))
    tried = tried[(tried >= low) & (tried <= high)]
    slack = NEAR_SHARE * table.issue.span
    found: list[float] = []
    for way in (tried[tried < now][::-1], tried[tried > now]):
        if found:  # on the second way no further than what the first one found
            way = way[: int((np.abs(way - now) < abs(found[0] - now)).sum()) + 1]
        reached = _enter(gap, [now, *way.tolist()], slack)
        found += [] if reached is None else [reached]
    needed = min(found, key=lambda value: abs(value - now), default=None)
    return NeededChange(table.actors[place], model, what, now, needed)


def _enter(gap: Callable[[float], float], places: Sequence[float], slack: float) -> float | None:
    """Return the first value along some places at which a gap closes; at the first place it is open.

    A stretch that lies between two places shows in the gap's sign, and is found unless the answer jumps over.
    """
    last, before = places[0], gap(places[0])
    for place in places[1:]:
        here = gap(place)
        if here == 0 or here * before < 0:
            reached = _close_in(gap, last, place, before if here else 0.0)
            if abs(gap(reached)) <= slack:
                return reached
        last, before = place, here
    return None


def _close_in(gap: Callable[[float], float], outside: float, inside: float, side: float) -> float:
    """Return the place nearest to `outside` from which the gap is closed, as it is at `inside`.

    side: where the gap is open at both places, the sign it has at `outside`: having changed it is enough.
    """
    for _ in range(N_CLOSER):
        middle = (inside + outside) / 2
        here = gap(middle)
        if here == 0 or here * side < 0:
            inside = middle
        else:
            outside = middle
    return inside
