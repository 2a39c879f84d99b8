"""Slow, readable twins of voting power: every coalition and every order of the players is looked at.

They judge `voting`, `_voting_counts` and `_voting_kernels` in tests; never called to make a result.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from fractions import Fraction
from itertools import combinations
from math import factorial


def list_winning(weights: Sequence[Fraction], quota: Fraction, veto: Collection[int]) -> set[frozenset[int]]:
    """Return every winning coalition, players by their places."""
    places = range(len(weights))
    every = (frozenset(some) for size in range(len(weights) + 1) for some in combinations(places, size))
    return {some for some in every if sum(weights[i] for i in some) >= quota and some.issuperset(veto)}


def list_minimal(winning: Collection[frozenset[int]]) -> set[frozenset[int]]:
    """Return the winning coalitions that lose whenever any one member leaves."""
    return {some for some in winning if not any(some - {i} in winning for i in some)}


def count_swings(winning: Collection[frozenset[int]], n: int) -> list[int]:
    """Return, for each player, the winning coalitions that lose without it."""
    return [sum(i in some and some - {i} not in winning for some in winning) for i in range(n)]


def share_by_orders(winning: Collection[frozenset[int]], n: int) -> list[Fraction]:
    """Return the Shapley-Shubik indices from their definition: how often a player is the one that decides.

    Of all orders in which the players can join, those where i comes after k given others and before the
    rest are k! (n - 1 - k)!.
    """
    shares = [Fraction(0)] * n
    for some in winning:
        for i in some:
            if some - {i} not in winning:
                before = len(some) - 1
                shares[i] += Fraction(factorial(before) * factorial(n - 1 - before), factorial(n))
    return shares


def count_sets(weights: Sequence[int]) -> dict[tuple[int, int], int]:
    """Return how many sets of players have each size and weight: one player after the other is let in."""
    counts = {(0, 0): 1}
    for weight in weights:
        grown = dict(counts)
        for (size, total), times in counts.items():
            key = size + 1, total + weight
            grown[key] = grown.get(key, 0) + times
        counts = grown
    return counts


def chance_of_swing(weights: Sequence[int], place: int, needed: int, p: Fraction) -> Fraction:
    """Return the chance that the others weigh from needed - w to needed - 1, each in with chance p."""
    others = [*weights[:place], *weights[place + 1 :]]
    return sum(
        (
            times * p**size * (1 - p) ** (len(others) - size)
            for (size, total), times in count_sets(others).items()
            if needed - weights[place] <= total < needed
        ),
        Fraction(0),
    )


def share_by_sizes(weights: Sequence[int], needed: int) -> list[Fraction]:
    """Return the Shapley-Shubik indices of a game without vetoes, by the sizes of the swings of each."""
    n = len(weights)
    shares = []
    for place, weight in enumerate(weights):
        others = [*weights[:place], *weights[place + 1 :]]
        ways = sum(
            times * factorial(size) * factorial(n - 1 - size)
            for (size, total), times in count_sets(others).items()
            if needed - weight <= total < needed
        )
        shares.append(Fraction(ways, factorial(n)))
    return shares
