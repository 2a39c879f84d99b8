"""Slow readable twin of `_cover_kernels`: the judge in tests. No units; for tiny cases only."""

from __future__ import annotations

from collections.abc import Sequence


def find_needless(sets: Sequence[set[int]], cost: Sequence[float], *, drop_larger: bool) -> list[bool]:
    """Return which sets another one makes needless (see the kernel), by comparing all with all."""
    needless = [False] * len(sets)
    for s, one in enumerate(sets):
        for t, other in enumerate(sets):
            # Comparing with sets that are needless themselves changes nothing: what replaced them serves too.
            if s == t or not one or not other:
                continue
            if drop_larger:
                goes = other < one or (other == one and t < s)
            else:
                goes = one <= other and (cost[t], -len(other), t) < (cost[s], -len(one), s)
            if goes:
                needless[s] = True
    return needless
