"""Count winning, minimal and swing coalitions of a whole game, exactly, however large the numbers are.

Few players are counted by halves: all subsets of each half, joined by sorting (Horowitz & Sahni, J. ACM 21,
1974). More are counted by generating functions: the coalitions of each weight are the coefficients of
prod (1 + x^w) (Brams & Affuso, Theory and Decision 7, 1976), kept as remainders by several coprime numbers
and put together by the Chinese remainder theorem. Nothing is rounded; what takes too long is refused.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from truceline.errors import ProblemList, ScenarioError
from truceline.talks._voting_game import WholeGame, write_exactly

Longs = NDArray[np.int64]
Kind: TypeAlias = np.dtype[np.int64] | np.dtype[np.object_]

SMALL_GAME = 20
"""Players with a weight and no veto up to which halves are always used: no compiled code is needed."""
MOST_IN_HALVES = 36
"""The same, up to which halves are used when generating functions are too long: 2^18 subsets in each half."""
MOST_STEPS = 150_000_000_000
"""Additions beyond which a game is refused: about a minute on one core."""
MOST_STEPS_BY_SIZE = 6_000_000_000
"""Additions beyond which sets are not told apart by size: about two seconds."""
MOST_CELLS = 30_000_000
"""Counts kept at a time; each takes eight bytes, twice over."""
MODULUS_BITS = 62
"""Remainders are below 2 to this power, so that the sum of two still fits the machine's integers."""


@dataclass(frozen=True)
class Counts:
    """Exact counts over the players with a weight; every veto is in, players without weight are left out."""

    swings: tuple[int, ...]
    """For each distinct weight, sets of the others that win with such a player and lose without it."""
    n_winning: int
    n_minimal: int
    swings_by_size: tuple[tuple[int, ...], ...] | None
    """The same by how many the set holds, 0 to n - 1; None where that takes too long."""
    winning_by_size: tuple[int, ...] | None
    """Winning sets by how many they hold, 0 to n."""
    by_halves: bool
    """Whether all subsets of two halves were looked at, instead of generating functions."""


def count_coalitions(game: WholeGame) -> Counts:
    """Return the exact counts. Raises ScenarioError, with what limits it, for a game that takes too long."""
    n = game.n_active
    if n == 0:
        return Counts((), 1, 1, (), (1,), True)
    if n <= SMALL_GAME:
        return _count_by_halves(game)
    n_moduli = math.ceil((n + 1) / (MODULUS_BITS - 1))
    by_size = game.length * (n + 1) <= MOST_CELLS
    by_size = by_size and game.length * n * n // 2 * n_moduli <= MOST_STEPS_BY_SIZE
    if n <= MOST_IN_HALVES and not by_size:
        return _count_by_halves(game)
    most_units = min(MOST_CELLS, MOST_STEPS // (n * n_moduli))
    if game.length > most_units:
        problems = ProblemList()
        problems.add(
            "weights",
            f"{n:,} players share {game.total:,} units of {write_exactly(game.unit)}; {game.length:,} sums "
            f"have to be told apart, {most_units:,} is the most for so many ({MOST_STEPS:,} additions)",
            f"round the weights to fewer units in all, or give at most {MOST_IN_HALVES} players",
        )
        problems.raise_if_any(ScenarioError, "voting power")
    return _count_by_functions(game, n_moduli, by_size)


def _count_by_functions(game: WholeGame, n_moduli: int, by_size: bool) -> Counts:
    from truceline.talks import _voting_kernels as kernels

    n, moduli = game.n_active, list_moduli(n_moduli)
    weights, distinct = (np.array(some, dtype=np.int64) for some in (game.spread, game.weights))
    down, length = game.is_upside_down, game.length
    found = join_remainders(
        [kernels.count_by_weight(weights, length, game.needed, down, distinct, m) for m in moduli], moduli
    )
    light = int(found[-2])
    counts = Counts(
        swings=tuple(found[:-2].tolist()),
        n_winning=light if down else 2**n - light,
        n_minimal=int(found[-1]),
        swings_by_size=None,
        winning_by_size=None,
        by_halves=False,
    )
    if not by_size:
        return counts
    sized = join_remainders([kernels.count_by_size(weights, length, distinct, m) for m in moduli], moduli)
    swings = sized[:-1, :-1]
    every = [math.comb(n, k) for k in range(n + 1)]
    if down:  # who stays out: the swing that leaves k out has n - 1 - k others in
        return replace(
            counts,
            swings_by_size=tuple(tuple(row) for row in swings[:, ::-1].tolist()),
            winning_by_size=tuple(sized[-1, ::-1].tolist()),
        )
    return replace(
        counts,
        swings_by_size=tuple(tuple(row) for row in swings.tolist()),
        winning_by_size=tuple(a - b for a, b in zip(every, sized[-1].tolist(), strict=True)),
    )


def list_moduli(n_moduli: int) -> list[int]:
    """Return pairwise coprime numbers just below 2 to the power `MODULUS_BITS`, largest first."""
    moduli: list[int] = []
    product, candidate = 1, 2**MODULUS_BITS - 1
    while len(moduli) < n_moduli:
        if math.gcd(candidate, product) == 1:
            moduli.append(candidate)
            product *= candidate
        candidate -= 2
    return moduli


def join_remainders(remainders: Sequence[Longs], moduli: Sequence[int]) -> NDArray[np.object_]:
    """Return the whole numbers below the product of the moduli that leave these remainders; same shape."""
    joined = remainders[0].astype(object)
    product = moduli[0]
    for remainder, modulus in zip(remainders[1:], moduli[1:], strict=True):
        inverse = pow(product, -1, modulus)
        joined = joined + product * ((remainder.astype(object) - joined) * inverse % modulus)
        product *= modulus
    return joined


def _count_by_halves(game: WholeGame) -> Counts:
    """Count over pairs of subsets, one from each half of the players."""
    n, weights = game.n_active, game.spread
    # Whole numbers beyond the machine's are kept as Python's own, slower but as exact.
    kind: Kind = np.dtype(np.int64) if game.total + game.needed < 2**62 else np.dtype(object)
    parts = weights[: n // 2], weights[n // 2 :]
    swings_of: dict[int, list[int]] = {}
    losing = [0] * (n + 1)
    for mine, others in (parts, parts[::-1]):
        losing = _count_half(mine, others, game.needed, kind, swings_of)
    swings = tuple(tuple(swings_of[weight]) for weight in game.weights)
    winning = tuple(math.comb(n, k) - losing[k] for k in range(n + 1))
    return Counts(
        swings=tuple(map(sum, swings)),
        n_winning=sum(winning),
        n_minimal=_count_minimal(weights, game.needed, kind),
        swings_by_size=swings,
        winning_by_size=winning,
        by_halves=True,
    )


def _count_half(
    mine: Sequence[int],
    others: Sequence[int],
    needed: int,
    kind: Kind,
    swings_of: dict[int, list[int]],
) -> list[int]:
    """Add the swings by size of each weight in one half; return the losing sets of all players by size.

    A swing of i is a losing set without i less one that still loses with i. With all losing sets counted
    by their members in each half, and again those that hold i, the difference follows.
    """
    a, b, n = len(mine), len(others), len(mine) + len(others)
    other_sums = _list_sums(others, kind)
    order = np.argsort(other_sums, kind="stable")
    lighter = np.zeros((2**b + 1, b + 1), dtype=np.float64)  # whole numbers below 2^53: exact
    lighter[np.arange(2**b) + 1, np.bitwise_count(order)] = 1.0
    np.cumsum(lighter, axis=0, out=lighter)
    completions = np.searchsorted(other_sums[order], needed - _list_sums(mine, kind), side="left")
    sizes = np.bitwise_count(np.arange(2**a))
    all_sets, with_player = np.zeros((a + 2, b + 1)), np.zeros((a, a + 2, b + 1))
    for size in range(a + 1):
        masks = np.flatnonzero(sizes == size)
        rows = lighter[completions[masks]]
        all_sets[size] = rows.sum(axis=0)
        members = (masks[None, :] >> np.arange(a)[:, None] & 1).astype(np.float64)
        with_player[:, size] = members @ rows
    for i, weight in enumerate(mine):
        if weight not in swings_of:
            table = all_sets[:-1] - with_player[i, :-1] - with_player[i, 1:]
            swings_of[weight] = _sum_by_size(table, n)[:n]
    return _sum_by_size(all_sets[:-1], n)


def _sum_by_size(table: NDArray[np.float64], n: int) -> list[int]:
    """Return the sums along each diagonal of a table by members in one half and in the other; (n + 1,)."""
    totals = [0] * (n + 1)
    for (i, j), value in np.ndenumerate(table):
        if value:
            totals[i + j] += int(value)
    return totals


def _count_minimal(weights: Sequence[int], needed: int, kind: Kind) -> int:
    """Count the minimal sets by their last member, `weights` falling: none is lighter than that one.

    Such a set wins and no longer does without it, so it is minimal, and those before it weigh from
    needed - w to needed - 1.
    """
    halves = [np.zeros(1, dtype=kind), np.zeros(1, dtype=kind)]
    total = 0
    for j, weight in enumerate(weights):
        gap = needed - halves[0]
        below = np.searchsorted(halves[1], gap, side="left")
        total += int((below - np.searchsorted(halves[1], gap - weight, side="left")).sum())
        grown = halves[j % 2]
        halves[j % 2] = np.sort(np.concatenate([grown, grown + weight]), kind="stable")
    return total


def _list_sums(weights: Sequence[int], kind: Kind) -> NDArray[Any]:
    """Return the weight of every subset; bit i of its place says that player i is in."""
    sums = np.zeros(2 ** len(weights), dtype=kind)
    for i, weight in enumerate(weights):
        sums[2**i : 2 ** (i + 1)] = sums[: 2**i] + weight
    return sums
