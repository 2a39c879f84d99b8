"""Compiled sum behind the election of options. `_condorcet_reference` is its plain twin."""

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
