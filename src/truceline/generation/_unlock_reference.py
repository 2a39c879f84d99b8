"""Slow, readable twins of the search for unlocking sets: plain names and sets, every subset tried.

They judge `_unlock_kernels`, `_unlock_search` and `unlock` in tests; never called in a plan.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import combinations

from truceline.generation.model import Actor, Composite


def settle_names(
    actors: Sequence[Actor], composites: Sequence[Composite], met: Collection[str], *, joint: bool
) -> tuple[str, ...]:
    """Return who is in, sorted: every contributor asked at once, again and again, until nothing changes."""
    held = set(met)
    held |= {composite.key for composite in composites if len(composite.members & held) >= composite.at_least}
    slack = 1e-9 * sum(actor.size for actor in actors)
    inside = {actor.code for actor in actors} if joint else set()
    while True:
        now = set()
        for actor in actors:
            others = sum(other.size for other in actors if other.code in inside and other.code != actor.code)
            for clause in actor.clauses:
                enough = others >= clause.min_total_of_others - slack
                if clause.requires <= held and clause.actors <= inside and enough:
                    now.add(actor.code)
        if now == inside:
            return tuple(sorted(inside))
        inside = now


def list_minimal_sets(
    reaches: Callable[[frozenset[str]], bool],
    candidates: Sequence[str],
    excludes: Collection[tuple[str, str]] = (),
    needs: Mapping[str, Collection[str]] | None = None,
) -> list[tuple[str, ...]]:
    """Return every smallest permitted set that reaches, sorted by size and names: all subsets are tried.

    Permitted: no pair of `excludes` inside, and with every member what it needs. Smallest: no permitted
    proper subset reaches.
    """
    found: list[frozenset[str]] = []
    for size in range(len(candidates) + 1):
        for names in combinations(sorted(candidates), size):
            chosen = frozenset(names)
            if any(a in chosen and b in chosen for a, b in excludes):
                continue
            if any(not chosen.issuperset((needs or {}).get(name, ())) for name in chosen):
                continue
            if not any(smaller < chosen for smaller in found) and reaches(chosen):
                found.append(chosen)
    return sorted((tuple(sorted(chosen)) for chosen in found), key=lambda names: (len(names), names))


def list_transversals(edges: Sequence[int], n_bits: int) -> list[int]:
    """Return every minimal bit set that hits all edges, ascending: all sets are tried."""
    hitting = [mask for mask in range(1 << n_bits) if all(mask & edge for edge in edges)]
    return [mask for mask in hitting if not any(other != mask and other & mask == other for other in hitting)]


def list_telling(groups: Sequence[int], *, above: bool) -> list[int]:
    """Return the groups (bits, ascending) that no other tells of: the largest (above) or the smallest."""
    apart = set(groups)
    if above:
        return sorted(one for one in apart if not any(one != more and not one & ~more for more in apart))
    return sorted(one for one in apart if not any(one != fewer and not fewer & ~one for fewer in apart))
