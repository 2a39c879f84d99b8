"""What one incident is, drawn from its key, compiled: where, when, with what, how large, deterred or not.

Part of `_kernels`; the twin of each function is in `_reference`. Kilometres, days, shares of the day. No
checks.
"""

# mypy: allow-untyped-decorators

from __future__ import annotations

import math

from numba import njit

from truceline.simulate import _layout as at
from truceline.simulate._draws import TINY, uniform
from truceline.simulate._layout import Law

LINEAR = 16
"""Sizes that are looked for one after the other before the table is halved."""


@njit(cache=True, nogil=True)
def make_law(p, places):  # type: ignore[no-untyped-def]
    """Return what follows from one replicate's parameters and is used for every incident."""
    after = p[at.CLARIFICATION] * p[at.CROSS_MEAN]
    down = max(0.0, 1.0 - p[at.STAY] - p[at.UP])
    kinds = p[at.KINDS] + p[at.KINDS + 1] + p[at.KINDS + 2] + p[at.KINDS + 3] + p[at.KINDS + 4]
    variance = math.log(1.0 + p[at.CV] * p[at.CV])
    over = p[at.SIZE_MEAN] - 1.0
    stretch = math.gamma(1.0 + 1.0 / p[at.SHAPE])
    return Law(
        math.exp(-p[at.SELF_MEAN]),
        math.exp(-p[at.CROSS_MEAN]),
        after,
        math.exp(-after),
        down,
        p[at.UP] * p[at.CLARIFICATION],
        p[at.KINDS] / kinds,
        (p[at.KINDS] + p[at.KINDS + 1]) / kinds,
        (p[at.KINDS] + p[at.KINDS + 1] + p[at.KINDS + 2]) / kinds,
        (p[at.KINDS] + p[at.KINDS + 1] + p[at.KINDS + 2] + p[at.KINDS + 3]) / kinds,
        places.bin_km * places.n_bins,
        1.0 + math.exp(-p[at.THRESHOLD] / p[at.WIDTH]),
        math.sqrt(variance),
        0.5 * variance,
        math.exp(-p[at.SIZE_K] * math.log1p(over / p[at.SIZE_K])),
        over / (over + p[at.SIZE_K]),
        over,
        p[at.SIZE_K],
        (p[at.MINSK] * stretch) ** p[at.SHAPE],
        (p[at.ARMISTICE] * stretch) ** p[at.SHAPE],
    )


@njit(cache=True, nogil=True, forceinline=True)
def find_bin(places, u):  # type: ignore[no-untyped-def]
    """Return the bin below whose end lies a share u of the weight."""
    b = places.guide[int(u * len(places.guide))]
    while b < places.n_bins - 1 and places.where[b] < u:
        b += 1
    return b


@njit(cache=True, nogil=True, forceinline=True)
def bin_of(places, km):  # type: ignore[no-untyped-def]
    """Return the bin of a place."""
    return min(int(km / places.bin_km), places.n_bins - 1)


@njit(cache=True, nogil=True, forceinline=True)
def fold(km, length):  # type: ignore[no-untyped-def]
    """Return a place that has left the line thrown back into it at its end."""
    while km < 0.0 or km > length:
        km = -km if km < 0.0 else 2.0 * length - km
    return km


@njit(cache=True, nogil=True, forceinline=True)
def state_at(places, key, time, day):  # type: ignore[no-untyped-def]
    """Return light and weather for a given time: bad weather by chance, else by the hour."""
    if uniform(key, at.WEATHER) < places.p_bad:
        return 2
    hour = time - day
    half = 0.5 * places.dark
    return 1 if hour < half or hour >= 1.0 - half else 0


@njit(cache=True, nogil=True, forceinline=True)
def draw_state(places, key, night_share):  # type: ignore[no-untyped-def]
    """Return light and weather of an incident whose time is not yet known."""
    if uniform(key, at.WEATHER) < places.p_bad:
        return 2
    if places.dark <= 0.0:
        return 0
    if places.dark >= 1.0:
        return 1
    return 1 if uniform(key, at.NIGHT) < night_share else 0


@njit(cache=True, nogil=True, forceinline=True)
def hour_in(places, state, u):  # type: ignore[no-untyped-def]
    """Return a time of day, 0 to 1, at which a state can be."""
    half = 0.5 * places.dark
    if state == 0:
        return half + u * (1.0 - places.dark)
    if state == 1:
        x = u * places.dark
        return x if x < half else 1.0 - places.dark + x
    return u


@njit(cache=True, nogil=True, forceinline=True)
def draw_kind(law, u):  # type: ignore[no-untyped-def]
    """Return the rung of a background incident."""
    if u < law.kind_0:
        return 0
    if u < law.kind_1:
        return 1
    if u < law.kind_2:
        return 2
    return 3 if u < law.kind_3 else 4


@njit(cache=True, nogil=True, forceinline=True)
def draw_size(law, cdf, filled, u):  # type: ignore[no-untyped-def]
    """Return 1 + a negative binomial number by inversion; the table of its sums grows as it is needed.

    cdf[:, 0] sums, cdf[:, 1] terms, `filled` of them there; a size beyond it says how many there are now;
    term j + 1 over term j is (k + j) / (j + 1) * (mean - 1) / (mean - 1 + k).
    """
    if u > cdf[filled - 1, 0]:
        j = filled - 1
        total = cdf[j, 0]
        term = cdf[j, 1]
        while u > total and j < at.SIZE_MAX - 1:
            term *= (law.size_k + j) / (j + 1) * law.size_ratio
            j += 1
            total += term
            cdf[j, 0] = total
            cdf[j, 1] = term
            if term < TINY and j > law.size_over:
                break
        return 1 + j
    for j in range(min(LINEAR, filled)):
        if u <= cdf[j, 0]:
            return 1 + j
    low = LINEAR
    high = filled - 1
    while low < high:
        middle = (low + high) // 2
        if u <= cdf[middle, 0]:
            high = middle
        else:
            low = middle + 1
    return 1 + low


@njit(cache=True, nogil=True, forceinline=True)
def least_exposed(places, b, rung, reach, first_right):  # type: ignore[no-untyped-def]
    """Return the bin, within reach, where and when least is attributed; the nearest of equals."""
    best = b
    radius = min(int(reach / places.bin_km), places.n_bins)
    for step in range(1, radius + 1):
        if places.least[best, rung] <= 0.0:
            break
        for turn in range(2):
            to = b + step if (turn == 0) == first_right else b - step
            if 0 <= to < places.n_bins and places.least[to, rung] < places.least[best, rung]:
                best = to
    return best


@njit(cache=True, nogil=True, forceinline=True)
def decide(p, law, places, key, b, rung, light, today):  # type: ignore[no-untyped-def]
    """Return whether a background incident is deliberate, moves, is left undone, and its bin.

    The share left is D(q) / D(0) with D(q) = 1 / (1 + exp((q - q*) / w)): nothing is deterred where nothing
    is attributed, or nothing follows from it.
    """
    if uniform(key, at.DELIBERATE) >= p[at.PHI]:
        return 0, 0, 0, b
    today[at.DAY_DELIBERATE] += 1
    q = places.seen[b, light, rung, 2] * p[at.P_CONSEQUENCE]
    left = law.deter_zero / (1.0 + math.exp(min((q - p[at.THRESHOLD]) / p[at.WIDTH], at.EXPONENT_MAX)))
    if uniform(key, at.DETERRED) < left:
        return 1, 0, 0, b
    today[at.DAY_DETERRED] += 1
    if uniform(key, at.MOVED) >= p[at.DELTA]:
        return 1, 0, 1, b
    today[at.DAY_DISPLACED] += 1
    return 1, 1, 0, least_exposed(places, b, rung, p[at.REACH], uniform(key, at.MOVED_FIRST) < 0.5)
