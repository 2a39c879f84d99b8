"""Slow, readable twins of the election: every sum written out, shares by repeated steps from an even start.

They judge `condorcet` and its kernel in tests; never called in a plan.
"""

from __future__ import annotations

from collections.abc import Sequence

Matrix = Sequence[Sequence[float]]


def sum_strength(utility: Matrix, weight: Sequence[float]) -> list[list[float]]:
    """Return the strength behind each option against each; utility by actor, then option."""
    options = range(len(utility[0]))
    return [
        [sum(w * max(0.0, row[a] - row[b]) for row, w in zip(utility, weight, strict=True)) for b in options]
        for a in options
    ]


def find_chances(strength: Matrix, exponent: float) -> list[list[float]]:
    """Return the chance that each option beats each."""
    size = range(len(strength))

    def chance(i: int, j: int) -> float:
        mine, theirs = strength[i][j] ** exponent, strength[j][i] ** exponent
        return 0.5 if i == j or mine + theirs == 0 else mine / (mine + theirs)

    return [[chance(i, j) for j in size] for i in size]


def find_conditional(p: Matrix) -> list[float]:
    """Return the shares of winning all pairs."""
    products = []
    for row in p:
        product = 1.0
        for chance in row:
            product *= chance
        products.append(product)
    return [product / sum(products) for product in products]


def step_evenly(p: Matrix, shares: Sequence[float]) -> list[float]:
    """Return the shares after one round of even challenges."""
    n = len(p)
    return [sum(p[i][j] * (shares[i] + shares[j]) / n for j in range(n)) for i in range(n)]


def step_by_incentive(
    strength: Matrix, p: Matrix, shares: Sequence[float], self_challenge: float
) -> list[float]:
    """Return the shares after one round of challenges by incentive."""
    size = range(len(p))
    drive = [[self_challenge if i == j else strength[i][j] * p[i][j] for j in size] for i in size]
    met = [[drive[i][j] / sum(drive[k][j] for k in size) for j in size] for i in size]
    flow = [[shares[i] * met[j][i] for j in size] for i in size]
    return [sum(p[i][j] * (flow[i][j] + flow[j][i]) for j in size) for i in size]


def list_unbeaten_sets(strength: Matrix) -> list[set[int]]:
    """Return every set of options each of whose members beats every option outside, smallest first."""
    from itertools import combinations

    size = range(len(strength))
    return [
        set(chosen)
        for n in range(1, len(strength) + 1)
        for chosen in combinations(size, n)
        if all(strength[a][b] > strength[b][a] for a in chosen for b in set(size) - set(chosen))
    ]
