"""Shapley-Shubik indices of a whole game: exact from counts by size, or by the multilinear extension.

With k others in, n players and all orders alike, k! (n - 1 - k)! / n! of the orders let a player decide.
Where counting by size takes too long: that share is the integral over p of the chance of a swing when each
other player is in with chance p (Owen, Management Science 18, 1972), a polynomial in p of degree n - 1,
so Gauss-Legendre with half as many nodes leaves nothing but rounding.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Generic, TypeVar

import numpy as np

from truceline.errors import ProblemList, ScenarioError
from truceline.talks._voting_counts import MOST_STEPS, Counts
from truceline.talks._voting_game import WholeGame, write_exactly

LEAST_CHANCE = 1e-30
"""Chances below this are dropped: together they stay far below the rounding of the result."""
SPREAD_KEPT = 12.0
"""Half of what is likely, in units of the root of the summed squares of weights: for the estimate of time."""


S = TypeVar("S", Fraction, float)


@dataclass(frozen=True)
class Shares(Generic[S]):
    """One index for each distinct weight, and that of a veto (0 where there is none)."""

    free: tuple[S, ...]
    veto: S


def share_by_counts(game: WholeGame, counts: Counts) -> Shares[Fraction] | None:
    """Return the exact shares, or None where the sets were not told apart by size.

    A veto decides when all other vetoes and a winning set of k free players came before it.
    """
    if counts.swings_by_size is None or counts.winning_by_size is None:
        return None
    n, vetoes = game.n_active + game.n_vetoes, game.n_vetoes
    orders = [math.factorial(k) * math.factorial(n - 1 - k) for k in range(n)]
    every = math.factorial(n)

    def share(sets: Sequence[int], others: int) -> Fraction:
        return Fraction(sum(times * orders[k + others] for k, times in enumerate(sets) if times), every)

    free = tuple(share(sets, vetoes) for sets in counts.swings_by_size)
    return Shares(free, share(counts.winning_by_size, vetoes - 1) if vetoes else Fraction(0))


def share_by_quadrature(game: WholeGame) -> tuple[Shares[float], int]:
    """Return the shares by Gauss-Legendre on the multilinear extension, and how many nodes mattered.

    Rounding is the only error. Above p = 1/2 the dual game is used, with chance 1 - p: who stays out
    decides in just the same cases. Nodes at which a swing is less likely than `LEAST_CHANCE` for everybody
    are passed over; Hoeffding's inequality (J. Am. Statistical Association 58, 1963) says which. Raises
    ScenarioError where it would take too long.
    """
    from scipy.special import roots_legendre

    from truceline.talks._voting_kernels import swing_chances

    n = game.n_active + game.n_vetoes
    nodes, steps = roots_legendre(-(-n // 2))
    chances, steps = (1.0 + nodes) / 2.0, steps / 2.0
    squares = float(sum(w * w * k for w, k in zip(game.weights, game.multiplicity, strict=True)))
    reach = math.sqrt(-math.log(LEAST_CHANCE) / 2.0 * squares)
    short = game.needed - chances * game.total
    heaviest = float(game.weights[0])
    never, surely = short - heaviest * (1.0 - chances) > reach, -short - heaviest * chances + 1.0 > reach
    open_ = np.flatnonzero(~(never | surely))
    _check_time(game, len(open_), squares)
    weights, distinct = (np.array(some, dtype=np.int64) for some in (game.spread, game.weights))
    free = np.zeros(len(distinct))
    veto_powers = chances ** max(game.n_vetoes - 1, 0)
    veto = float((steps * veto_powers)[surely].sum())
    dual = game.total - game.needed + 1
    for place in open_:
        p, step = float(chances[place]), float(steps[place])
        if p <= 0.5:
            found = swing_chances(weights, game.needed, distinct, p, LEAST_CHANCE)
            p_wins = 1.0 - found[-1]
        else:
            found = swing_chances(weights, dual, distinct, 1.0 - p, LEAST_CHANCE)
            p_wins = found[-1]
        free += step * p**game.n_vetoes * found[:-1]
        veto += step * float(veto_powers[place]) * p_wins
    return Shares(tuple(free.tolist()), veto if game.n_vetoes else 0.0), len(open_)


def _check_time(game: WholeGame, n_nodes: int, squares: float) -> None:
    """Raise ScenarioError where the chances would take more than `MOST_STEPS` additions."""
    from truceline.talks._voting_kernels import FEW_STEPS

    width = min(game.total, SPREAD_KEPT * math.sqrt(squares))
    light = sum(weight < FEW_STEPS for weight in game.weights)
    each = (game.n_active + light) * width
    if n_nodes * each > MOST_STEPS:
        problems = ProblemList()
        problems.add(
            "weights",
            f"{game.n_active:,} players with {game.total:,} units of {write_exactly(game.unit)} in all need "
            f"about {n_nodes * each:,.0f} additions for Shapley-Shubik; {MOST_STEPS:,} is the most",
            "round the weights to fewer units in all",
        )
        problems.raise_if_any(ScenarioError, "voting power")
