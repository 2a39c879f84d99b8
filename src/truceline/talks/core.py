"""The core on one issue: outcomes that nobody who could would overturn, under a quota and vetoes.

A coalition wins when its weight is at least the quota and it holds every actor with a veto. An outcome is in
the core when neither the actors strictly left of it nor those strictly right of it win; only held positions
are tested. It says what could stand, not what will.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truceline.errors import ProblemList, ScenarioError
from truceline.talks.averages import check_positions

QUOTA_SHARE = 1e-12
"""Weights short of the quota by less than this share of the total reach it: sums of rounded numbers."""


@dataclass(frozen=True)
class Core:
    """Held positions that nobody can overturn: from `low` to `high`."""

    low: float
    high: float

    def holds(self, outcome: float) -> bool:
        """Tell whether an outcome lies between its ends."""
        return self.low <= outcome <= self.high


def find_core(
    position: ArrayLike, weight: ArrayLike, quota: float, veto: ArrayLike | None = None
) -> Core | None:
    """Return the core of positions (n,) by weight (n,), or None where every held position can be overturned.

    quota: weight that wins. veto: (n,) True for actors without whom no coalition wins. A quota of half the
    weight or less lets two coalitions win at once, so that the core may be empty: the talks then have no
    outcome that stands.

    Raises ScenarioError with all problems: those of `check_positions`, a quota that is not above zero or that
    nobody reaches, one veto a position.
    """
    x, w = check_positions(position, weight)
    vetoes = np.zeros(len(x), dtype=bool) if veto is None else np.asarray(veto, dtype=bool)
    total = float(w.sum())
    problems = ProblemList()
    if vetoes.shape != x.shape:
        problems.add("veto", f"has {vetoes.size} entries for {len(x)} actors", "give one an actor")
    if not quota > 0:
        problems.add("quota", f"{quota:g} is not above zero", "write the weight that wins")
    elif quota > total * (1 + QUOTA_SHARE):
        found = f"{quota:g} is more than the {total:g} of all together: nobody reaches it"
        problems.add("quota", found, f"write {total:g} or less")
    problems.raise_if_any(ScenarioError, "core")
    order = np.argsort(x, kind="stable")
    held, first = np.unique(x[order], return_index=True)
    left, vetoes_left = _before(w[order], first), _before(vetoes[order], first)
    upto = np.append(first[1:], len(x))
    right, vetoes_right = total - _before(w[order], upto), vetoes.sum() - _before(vetoes[order], upto)
    enough = quota - QUOTA_SHARE * total
    all_of = vetoes.sum()
    stands = ~((left >= enough) & (vetoes_left == all_of)) & ~((right >= enough) & (vetoes_right == all_of))
    if not stands.any():
        return None
    standing = held[stands]
    return Core(float(standing[0]), float(standing[-1]))


def _before(values: NDArray[Any], places: NDArray[np.int64]) -> NDArray[Any]:
    """Return the sums of what lies before each place."""
    return np.asarray(np.concatenate([[0], np.cumsum(values)])[places])
