"""Keyed randomness: every incident has a key of 64 bits, and every number it draws comes from that key.

A key is a hash of the seed, the replicate, the day and a number (background), or of the parent's key and the
number of the child (offspring). The same incident under two watches therefore has the same luck, whatever
happened before it. The hash is the finisher of SplitMix64 (Steele, Lea and Flood 2014); its twin in plain
Python is in `_reference`. Numbers from keys are uniform on (0, 1); all others are made from them by
inversion, but the normal, which takes two (Box and Muller 1958).
"""

# mypy: allow-untyped-decorators

from __future__ import annotations

import math

import numpy as np
from numba import njit

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
"""Odd step between the draws of one key (2^64 over the golden ratio)."""
CHILD_STEP = np.uint64(0xD1342543DE82EF95)
"""Odd step between the children of one key; another than GOLDEN, so that no child is a draw of its parent."""
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
_ONE = np.uint64(1)
_TO_UNIT = 2.0**-53
TINY = 1e-18
"""Term of a sum of probabilities that no longer moves it."""
MEAN_MAX = 500.0
"""A Poisson mean above this is drawn in parts: exp(-mean) would lose its digits."""


@njit(cache=True, nogil=True, forceinline=True)
def mix(z):  # type: ignore[no-untyped-def]
    """Return a hash of 64 bits in which every bit depends on every bit."""
    z = (z ^ (z >> _S30)) * _MIX_1
    z = (z ^ (z >> _S27)) * _MIX_2
    return z ^ (z >> _S31)


@njit(cache=True, nogil=True, forceinline=True)
def uniform(key, purpose):  # type: ignore[no-untyped-def]
    """Return the number of a key for a purpose (0, 1, ...), above 0 and below 1."""
    z = mix(key + (np.uint64(purpose) + _ONE) * GOLDEN)
    return (np.float64(z >> _S11) + 0.5) * _TO_UNIT


@njit(cache=True, nogil=True, forceinline=True)
def child_key(key, number):  # type: ignore[no-untyped-def]
    """Return the key of a child (0, 1, ...)."""
    return mix(mix(key) + (np.uint64(number) + _ONE) * CHILD_STEP)


@njit(cache=True, nogil=True)
def normal(key, purpose):  # type: ignore[no-untyped-def]
    """Return a standard normal number of a key; it takes the purposes `purpose` and `purpose` + 1."""
    radius = math.sqrt(-2.0 * math.log(uniform(key, purpose)))
    return radius * math.cos(2.0 * math.pi * uniform(key, purpose + 1))


@njit(cache=True, nogil=True, forceinline=True)
def invert_poisson(u, mean, p_zero):  # type: ignore[no-untyped-def]
    """Return the Poisson number below which a share `u` lies; p_zero = exp(-mean)."""
    n = 0
    p = p_zero
    total = p_zero
    while u > total:
        n += 1
        p *= mean / n
        total += p
        if p < TINY and n > mean:
            break
    return n


@njit(cache=True, nogil=True)
def poisson(key, mean):  # type: ignore[no-untyped-def]
    """Return a Poisson number of a key, of any mean; grows with the mean for one key up to MEAN_MAX."""
    parts = int(math.ceil(mean / MEAN_MAX))  # noqa: RUF046  compiled, ceil is a float
    if parts <= 1:
        return invert_poisson(uniform(key, 0), mean, math.exp(-mean))
    each = mean / parts
    p_zero = math.exp(-each)
    n = 0
    for part in range(parts):
        n += invert_poisson(uniform(key, part), each, p_zero)
    return n
