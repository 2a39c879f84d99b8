"""Exponentials of a whole row at once, for the compiled loops of the challenge model.

A round takes three powers of every pair's distance. Written without branches, the loops below use the whole
width of the processor, three times as fast as one call each; results are within one unit in the last place of
`math.exp`, and the same on every processor, for sums are never taken in another order.
"""

# mypy: allow-untyped-decorators

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]

LEAST = -700.0
"""Smaller arguments count as this one: e^-700 is 1e-304, still an ordinary number, and nothing beside 1."""
SHIFT = 1.5 * 2.0**52
"""Added to a number of ordinary size it leaves the nearest whole number in the last bits."""
SHIFT_BITS = int(np.float64(SHIFT).view(np.int64)) - 1023
"""What to take from those bits to be left with the exponent field of that power of two."""
PER_DOUBLING = 1 / math.log(2.0)
LOG_TWO_HIGH = float.fromhex("0x1.62e42feep-1")
"""Log 2 to 32 bits, so that its whole multiples are exact; the rest is in `LOG_TWO_LOW`."""
LOG_TWO_LOW = 1.90821492927058770002e-10
TERMS = tuple(1 / math.factorial(power) for power in range(14))
"""Taylor's series; the next term is below 5e-18 where the argument is at most half of log 2."""


@njit(cache=True, nogil=True)
def raise_row(row: Floats, power: Floats, bits: Longs) -> None:
    """Replace each x of `row`, at most 0, by e^x. `power` is room of the same length, `bits` a view of it.

    x = k log 2 + y with k whole: the series gives e^y, and k goes into the exponent field of a number.
    """
    for b in range(len(row)):
        x = max(LEAST, row[b])
        shifted = x * PER_DOUBLING + SHIFT
        power[b] = shifted
        k = shifted - SHIFT
        y = (x - k * LOG_TWO_HIGH) - k * LOG_TWO_LOW
        p = TERMS[13] * y + TERMS[12]
        p = p * y + TERMS[11]
        p = p * y + TERMS[10]
        p = p * y + TERMS[9]
        p = p * y + TERMS[8]
        p = p * y + TERMS[7]
        p = p * y + TERMS[6]
        p = p * y + TERMS[5]
        p = p * y + TERMS[4]
        p = p * y + TERMS[3]
        p = p * y + TERMS[2]
        row[b] = 1.0 + (y + y * y * p)
    for b in range(len(row)):
        bits[b] = (bits[b] - SHIFT_BITS) << 52
    for b in range(len(row)):
        row[b] *= power[b]
