"""Compiled loops behind the election of options. `_condorcet_reference` holds their plain twins."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def sum_strength(utility: Floats, weight: Floats) -> Floats:
    """Return (m, m): [a, b] the sum over actors of weight times what a gives more than b.

    utility: (m, n), options in rows so that the inner loop runs along memory. Sums may be taken in any order,
    which lets the loop use the whole width of the processor; nothing rests on their last bit.
    """
    m, n = utility.shape
    strength = np.zeros((m, m))
    for a in range(m):
        for b in range(a):
            gains, losses = 0.0, 0.0
            for k in range(n):
                more = weight[k] * (utility[a, k] - utility[b, k])
                gains += max(more, 0.0)
                losses += max(-more, 0.0)
            strength[a, b] = gains
            strength[b, a] = losses
    return strength


@njit(cache=True, nogil=True)
def find_stationary(chain: Floats) -> Floats:
    """Return the stationary shares (m,) of a chain whose columns sum to 1, every entry above 0.

    One option after the other is taken out and its traffic sent past it (Grassmann, Taksar and Heyman 1985):
    nothing is ever subtracted, so that small shares are as exact as large ones.
    """
    m = len(chain)
    past = chain.T.copy()
    for k in range(m - 1, 0, -1):
        out = 0.0
        for j in range(k):
            out += past[k, j]
        for i in range(k):
            past[i, k] /= out
            for j in range(k):
                past[i, j] += past[i, k] * past[k, j]
    shares = np.zeros(m)
    shares[0] = 1.0
    total = 1.0
    for k in range(1, m):
        for i in range(k):
            shares[k] += shares[i] * past[i, k]
        total += shares[k]
    return shares / total
