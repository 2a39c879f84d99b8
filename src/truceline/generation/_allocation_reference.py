"""Slow readable twin of `allocation`: every allocation there is, judged one by one. For tiny cases only.

Whole blocks and people; enablers are left out, for they take nothing from anybody.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from truceline.generation.allocation import AllocationProblem

Blocks = tuple[tuple[int, ...], ...]
"""(n, c)"""
DIGITS = 7
"""Digits after the point that count when ranks are compared."""


def list_allocations(problem: AllocationProblem) -> Iterator[Blocks]:
    """Yield every way to bring blocks of people within all limits and needs."""
    n_nations, n_capabilities = len(problem.nations), len(problem.capabilities)
    places = [
        (n, c) for n in range(n_nations) for c in range(n_capabilities) if problem.people_per_block[c] > 0
    ]
    blocks = [[0] * n_capabilities for _ in range(n_nations)]
    people, filled = [0.0] * n_nations, [0] * n_capabilities

    def place(at: int) -> Iterator[Blocks]:
        if at == len(places):
            yield tuple(tuple(row) for row in blocks)
            return
        n, c = places[at]
        size = float(problem.people_per_block[c])
        for count in range(int(problem.block_cap[n, c]) + 1):
            if people[n] + count * size > problem.people_cap[n] + 1e-9:
                break
            if filled[c] + count > problem.need_blocks[c]:
                break
            blocks[n][c] = count
            people[n] += count * size
            filled[c] += count
            yield from place(at + 1)
            people[n] -= count * size
            filled[c] -= count
        blocks[n][c] = 0

    yield from place(0)


def count_filled(blocks: Blocks) -> tuple[int, ...]:
    """Return (c,) blocks of each capability."""
    return tuple(sum(column) for column in zip(*blocks, strict=True))


def rank_fill(problem: AllocationProblem, filled: Sequence[int], *, one_size: bool) -> tuple[object, ...]:
    """Return what is to be as large as can be: by priority, least share and people, or all shares upwards.

    one_size: every share counts, least first; else shares up to the first that people limit.
    """
    ranks: list[object] = []
    wanted = [c for c in range(len(filled)) if problem.people_per_block[c] > 0 and problem.need_blocks[c] > 0]
    for level in sorted({int(problem.priority[c]) for c in wanted}):
        members = [c for c in wanted if problem.priority[c] == level]
        shares = sorted(round(filled[c] / int(problem.need_blocks[c]), DIGITS) for c in members)
        people = sum(filled[c] * float(problem.people_per_block[c]) for c in members)
        levels = tuple(shares) if one_size else _levels_not_limited(problem, filled, members)
        ranks.append((levels, round(people, DIGITS)))
    return tuple(ranks)


def _levels_not_limited(
    problem: AllocationProblem, filled: Sequence[int], members: Sequence[int]
) -> tuple[float, ...]:
    """Return the least share, then the next where it is all that nations could bring alone, and so on."""
    levels, left = [], list(members)
    reach = {}
    for c in members:
        size, need = float(problem.people_per_block[c]), int(problem.need_blocks[c])
        alone = [
            min(int(problem.block_cap[n, c]), int((problem.people_cap[n] + 1e-9) // size), need)
            for n in range(len(problem.nations))
        ]
        reach[c] = min(sum(alone), need) / need
    while left:
        levels.append(round(min(filled[c] / int(problem.need_blocks[c]) for c in left), DIGITS))
        limit = min(reach[c] for c in left)
        if levels[-1] < round(limit, DIGITS):
            break
        left = [c for c in left if reach[c] > limit]
    return tuple(levels)


def rank_burden(problem: AllocationProblem, blocks: Blocks) -> tuple[float, ...]:
    """Return what is to be as small as can be: people asked last, those without a key, measures down."""
    n_nations = len(problem.nations)
    people = [
        sum(blocks[n][c] * float(problem.people_per_block[c]) for c in range(len(problem.capabilities)))
        for n in range(n_nations)
    ]
    if problem.burden == "gdp-share":
        able = [n for n in range(n_nations) if _can_bring_people(problem, n)]
        keys = {n: float(problem.key[n]) for n in able}
        if not sum(keys.values()):
            keys = dict.fromkeys(able, 1.0)
        shares = [keys.get(n, 0.0) / sum(keys.values()) if keys else 0.0 for n in range(n_nations)]
        measures = [abs(people[n] - sum(people) * shares[n]) for n in range(n_nations)]
        return tuple(sorted((round(m, DIGITS) for m in measures), reverse=True))
    last = [people[n] for n in range(n_nations) if problem.burden == "stated-first" and not problem.stated[n]]
    keyless = [people[n] for n in range(n_nations) if not problem.key[n]]
    # Without a key only people can be compared.
    measures = [people[n] / float(problem.key[n]) if problem.key[n] else people[n] for n in range(n_nations)]
    downwards = sorted((round(m, DIGITS) for m in measures), reverse=True)
    return (round(sum(last), DIGITS), round(sum(keyless), DIGITS), *downwards)


def _can_bring_people(problem: AllocationProblem, nation: int) -> bool:
    return any(
        0 < problem.people_per_block[c] <= problem.people_cap[nation] + 1e-9
        and problem.block_cap[nation, c] > 0
        and problem.need_blocks[c] > 0
        for c in range(len(problem.capabilities))
    )
