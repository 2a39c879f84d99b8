"""Slow, readable twin of the challenge model: one actor, one pair, one sum at a time, as the formulas say.

It judges `_challenge_kernels` in tests; never called in a report. Names follow `challenge`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from truceline.talks.challenge import EVEN_SHARE, MOST_RISK, SAME_PLACE_SHARE, STATUS_QUO_CHANCE, Variant

NONE, CONFRONTATION, COMPROMISE, CAPITULATION = range(4)


@dataclass
class PlainRun:
    """What the twin found: lists of the same shapes as the arrays of `ChallengeResult`."""

    positions: list[list[float]]
    risk_exponent: list[list[float]] = field(default_factory=list)
    moves: list[list[int]] = field(default_factory=list)
    targets: list[list[int]] = field(default_factory=list)
    ended: str = "rounds"
    cycle_from: int = -1
    n_ties: int = 0


@dataclass
class PlainRound:
    """One round as its actors see it; `span` is the range of positions before the first round."""

    x: Sequence[float]
    salience: Sequence[float]
    capability: Sequence[float]
    span: float
    variant: Variant
    exponent: list[float]

    def measure_support(self, k: int, a: float, b: float) -> float:
        """Return how much actor k adds to position a against position b."""
        r = self.exponent[k]
        far, near = abs(self.x[k] - b) / self.span, abs(self.x[k] - a) / self.span
        return float(self.capability[k] * self.salience[k] * (far**r - near**r))

    def chance(self, a: float, b: float) -> float:
        """Return P(a, b), the chance that position a prevails over position b."""
        if a == b:
            return 0.5  # what it is does not matter: nothing is at stake
        people = range(len(self.x))
        support = sum(max(0.0, self.measure_support(k, a, b)) for k in people)
        weight = sum(self.capability[k] * self.salience[k] for k in people)
        if self.variant == "scholz_code":
            total = self.total_of_all_pairs
        else:
            total = sum(abs(self.measure_support(k, a, b)) for k in people)
            if total <= EVEN_SHARE * weight:
                return 0.5
        return support / total

    @cached_property
    def total_of_all_pairs(self) -> float:
        """Return the support on both sides of all ordered pairs of actors, together."""
        people = range(len(self.x))
        return sum(abs(self.measure_support(k, c, d)) for k in people for c in self.x for d in self.x)

    def expect(self, seer: int, i: int, j: int) -> float:
        """Return E(i, j), what i gains by challenging j, as actor `seer` sees it."""
        r, d = self.exponent[seer], abs(self.x[i] - self.x[j]) / self.span
        success = 2 - 4 * max(0.0, 0.5 - 0.5 * d) ** r
        failure = 2 - 4 * (0.5 + 0.5 * d) ** r
        p = self.chance(self.x[i], self.x[j])
        resisted = p * success + (1 - p) * failure
        status_quo = STATUS_QUO_CHANCE * (2 - 4 * 0.5**r)
        return float(self.salience[j] * resisted + (1 - self.salience[j]) * success - status_quo)

    def find_exponents(self) -> list[float]:
        """Return r of every actor: 2 for the one in least danger, 1/2 for the one in most."""
        people = range(len(self.x))
        danger = [sum(self.expect(i, j, i) for j in people if j != i) for i in people]
        most, least = max(danger), min(danger)
        if most - least <= EVEN_SHARE * len(self.x):
            return [1.0] * len(self.x)
        risk = [(2 * value - most - least) / (most - least) * MOST_RISK for value in danger]
        return [(1 - value) / (1 + value) for value in risk]

    def list_offers(self, i: int) -> list[tuple[int, float, float, int]]:
        """Return the offers to actor i: class, rank (the smallest is best), where it leads, from whom."""
        offers = []
        for j in range(len(self.x)):
            if abs(self.x[i] - self.x[j]) <= SAME_PLACE_SHARE * self.span:
                continue
            own, other = self.expect(i, i, j), self.expect(i, j, i)
            if other - own > EVEN_SHARE and own > EVEN_SHARE:
                kind, goal = CONFRONTATION, self.x[j]
            elif other > EVEN_SHARE and own < -EVEN_SHARE:
                if other >= -own - EVEN_SHARE:
                    kind, goal = COMPROMISE, self.x[i] + (self.x[j] - self.x[i]) * min(1.0, -own / other)
                else:
                    kind, goal = CAPITULATION, self.x[j]
            else:
                continue
            rank = abs(goal - self.x[i])
            if kind == COMPROMISE and self.variant == "scholz_code":
                rank = (-own * self.x[i] + other * self.x[j]) / (other - own)
            offers.append((kind, rank, goal, j))
        return offers

    def answer(self, i: int, lean: int) -> tuple[int, int, float, bool]:
        """Return what actor i does: class, whose challenge it answers, where it goes, whether it was tied."""
        offers = self.list_offers(i)
        same = SAME_PLACE_SHARE * self.span
        if not offers:
            return NONE, -1, self.x[i], False
        kind = min(offer[0] for offer in offers)
        ranks = [offer[1] for offer in offers if offer[0] == kind]
        best = [offer for offer in offers if offer[0] == kind and offer[1] <= min(ranks) + same]
        goals = [goal for _, _, goal, _ in best]
        goal = max(goals) if lean > 0 else min(goals)
        tied = max(goals) - min(goals) > same
        target, goal = next((j, where) for _, _, where, j in best if abs(where - goal) <= same)
        if abs(goal - self.x[i]) <= same:
            return NONE, -1, self.x[i], tied
        return kind, target, goal, tied


def run_plainly(
    position: Sequence[float],
    salience: Sequence[float],
    capability: Sequence[float],
    *,
    variant: Variant,
    n_rounds: int,
    lean: Sequence[int],
) -> PlainRun:
    """Return the whole run; lean: -1 or 1 for each actor, which of equally good offers it takes."""
    people = range(len(position))
    run = PlainRun([[float(x) for x in position]])
    span = max(position) - min(position)
    if span == 0:
        run.ended = "settled"
        return run
    same = SAME_PLACE_SHARE * span
    for _ in range(n_rounds):
        now = run.positions[-1]
        looking = PlainRound(now, salience, capability, span, variant, [1.0 for _ in people])
        exponent = looking.find_exponents()
        acting = PlainRound(now, salience, capability, span, variant, exponent)
        answers = [acting.answer(i, lean[i]) for i in people]
        then = [goal for _, _, goal, _ in answers]
        run.risk_exponent.append(exponent)
        run.moves.append([kind for kind, _, _, _ in answers])
        run.targets.append([target for _, target, _, _ in answers])
        run.n_ties += sum(tied for _, _, _, tied in answers)
        back = [
            t for t, row in enumerate(run.positions) if all(abs(row[i] - then[i]) <= same for i in people)
        ]
        run.positions.append(then)
        if then == now:
            run.ended = "settled"
            return run
        if back:
            run.ended, run.cycle_from = "cycle", back[-1]
            return run
    return run


def find_unbeaten(
    position: Sequence[float], salience: Sequence[float], capability: Sequence[float]
) -> list[float]:
    """Return the held positions that no other one beats with r = 1, ascending; every pair is tried."""
    span = max(position) - min(position) or 1.0
    round_ = PlainRound(position, salience, capability, span, "paper", [1.0] * len(position))
    weight = sum(c * s for c, s in zip(capability, salience, strict=True))
    held = sorted(set(position))
    return [
        a
        for a in held
        if not any(
            sum(round_.measure_support(k, b, a) for k in range(len(position))) > EVEN_SHARE * weight
            for b in held
        )
    ]
