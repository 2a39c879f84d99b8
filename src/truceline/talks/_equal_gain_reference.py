"""Slow, readable twin of the equal-gain exchange: lists and names, everything reckoned anew at every step.

It judges `_equal_gain_kernels` in tests; never called in a plan. The gain is reckoned in another way than
there: from the one partner's full move, cut back where the other would have to move too far.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

Table = Sequence[Sequence[float]]


class Deal(NamedTuple):
    """One exchange at one step: a demands p and supplies q, b the reverse."""

    gain: float
    actor_a: int
    issue_q: int
    to_q: float
    actor_b: int
    issue_p: int
    to_p: float


class Course(NamedTuple):
    """What was exchanged, in order, and where it ended."""

    deals: list[Deal]
    effects: list[list[float]]
    votes: list[list[float]]
    n_potential: int
    n_ties: int


class Talks(NamedTuple):
    """Position, salience and power of each actor on each issue, and what counts as rounding."""

    position: Table
    salience: Table
    power: Table
    rounding: float

    def weigh(self, votes: Table, issue: int) -> float:
        """Return the mean of the votes on an issue, weighted by salience x power."""
        weights = [self.weight(actor, issue) for actor in range(len(votes))]
        return sum(w * row[issue] for w, row in zip(weights, votes, strict=True)) / sum(weights)

    def weight(self, actor: int, issue: int) -> float:
        """Return salience x power."""
        return self.salience[actor][issue] * self.power[actor][issue]

    def slack(self, issue: int) -> float:
        """Return what counts as no distance on an issue."""
        held = [row[issue] for actor, row in enumerate(self.position) if self.weight(actor, issue) > 0]
        return self.rounding * (max(held) - min(held))

    def is_left(self, actor: int, issue: int) -> bool:
        """Tell on which side of the first outcome an actor stands; on it counts as left."""
        return self.position[actor][issue] <= self.weigh(self.position, issue) + self.slack(issue)

    def room(self, votes: Table, actor: int, issue: int) -> float:
        """Return how far the position lies beyond the outcome on the side where it stood at the start."""
        beyond = self.position[actor][issue] - self.weigh(votes, issue)
        return -beyond if self.is_left(actor, issue) else beyond


def exchange_plainly(
    position: Table,
    salience: Table,
    power: Table,
    *,
    actor_rank: Sequence[int],
    issue_rank: Sequence[int],
    rounding: float,
    stop: bool,
    limit: int,
) -> Course:
    """List what could be exchanged, then realise the best again and again."""
    talks = Talks(position, salience, power, rounding)
    votes = [list(row) for row in position]
    listed = {}
    for a in range(len(votes)):
        for b in range(len(votes)):
            for p in range(len(votes[0])):
                for q in range(p + 1, len(votes[0])):
                    if _may_exchange(talks, a, b, p, q):
                        listed[a, b, p, q] = _reckon(talks, votes, a, b, p, q, stop)
    least = rounding * max((deal.gain for deal in listed.values()), default=0.0)
    left = [key for key, deal in listed.items() if deal.gain > least]
    course = Course([], [], votes, len(left), 0)
    while len(course.deals) < limit:
        now = {key: _reckon(talks, votes, *key, stop) for key in left}
        now = {key: deal for key, deal in now.items() if deal.gain > least}
        if not now:
            break
        best = max(deal.gain for deal in now.values())
        tied = [key for key, deal in now.items() if deal.gain >= best * (1 - rounding)]
        key = min(tied, key=lambda key: _preference(key, actor_rank, issue_rank))
        course = course._replace(n_ties=course.n_ties + (len(tied) > 1))
        left.remove(key)
        deal = now[key]
        before = _utilities(talks, votes)
        votes[deal.actor_a][deal.issue_q] = deal.to_q
        votes[deal.actor_b][deal.issue_p] = deal.to_p
        after = _utilities(talks, votes)
        course.deals.append(deal)
        course.effects.append([new - old for new, old in zip(after, before, strict=True)])
    return course


def _may_exchange(talks: Talks, a: int, b: int, p: int, q: int) -> bool:
    """Tell whether a and b stand on opposite sides on p and q, all count there, and a cares more for p."""
    if any(talks.weight(actor, issue) <= 0 for actor in (a, b) for issue in (p, q)):
        return False
    if any(talks.is_left(a, issue) == talks.is_left(b, issue) for issue in (p, q)):
        return False
    salience = talks.salience
    cross, counter = salience[a][p] * salience[b][q], salience[a][q] * salience[b][p]
    return cross > counter and cross - counter > talks.rounding * cross


def _reckon(talks: Talks, votes: Table, a: int, b: int, p: int, q: int, stop: bool) -> Deal:
    """Return the exchange as it would be now; its gain is 0 or less when it cannot be made."""
    salience = talks.salience
    ratio = (salience[a][p] + salience[b][p]) / (salience[a][q] + salience[b][q])
    up_p = 1 if talks.is_left(b, p) else -1
    up_q = 1 if talks.is_left(a, q) else -1
    per_p = talks.weight(b, p) / sum(talks.weight(actor, p) for actor in range(len(votes)))
    per_q = talks.weight(a, q) / sum(talks.weight(actor, q) for actor in range(len(votes)))
    whole_p = up_p * (talks.position[a][p] - votes[b][p])
    whole_q = up_q * (talks.position[b][q] - votes[a][q])
    shift_p = whole_p * per_p
    if shift_p * ratio / per_q > whole_q:
        shift_p = whole_q * per_q / ratio
    if stop:
        for demander, supplier, issue in ((a, b, p), (b, a, q)):
            short = talks.room(votes, demander, issue) <= talks.slack(issue)
            passed = talks.room(votes, supplier, issue) < -talks.slack(issue)
            if short or passed:
                shift_p = 0.0
        shift_p = min(shift_p, talks.room(votes, a, p), talks.room(votes, b, q) / ratio)
    shift_q = shift_p * ratio
    gain = shift_p * salience[a][p] - shift_q * salience[a][q]
    return Deal(gain, a, q, votes[a][q] + up_q * shift_q / per_q, b, p, votes[b][p] + up_p * shift_p / per_p)


def _preference(
    key: tuple[int, int, int, int], actor_rank: Sequence[int], issue_rank: Sequence[int]
) -> tuple[int, ...]:
    """Return what the tie rule sorts by."""
    a, b, p, q = key
    return (*sorted((actor_rank[a], actor_rank[b])), *sorted((issue_rank[p], issue_rank[q])))


def _utilities(talks: Talks, votes: Table) -> list[float]:
    """Return everybody's utility over all issues: minus salience x distance of the outcome."""
    outcomes = [talks.weigh(votes, issue) for issue in range(len(votes[0]))]
    return [
        -sum(s * abs(x - o) for s, x, o in zip(saliences, positions, outcomes, strict=True))
        for saliences, positions in zip(talks.salience, talks.position, strict=True)
    ]
