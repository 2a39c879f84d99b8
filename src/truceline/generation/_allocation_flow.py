"""Share out blocks of one size exactly: flows between nations and capabilities, raised one block at a time.

Whole blocks. When every block takes the same people, a nation is a pool of so many blocks, and what
capabilities (or nations) can get together is a polymatroid: raising whichever should come next, by any chain
of exchanges, and never again one that cannot be raised, is optimal for every sum of convex terms (Federgruen
and Groenevelt 1986), among them "the least filled as full as can be, then the next" (Frank and Murota 2019).
No solver, no fractions, no gap.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence

Order = tuple[float, ...]
"""Whatever comes first in sorting is raised first."""


class Transport:
    """Units that takers have from givers, within limits on each pair and on each giver.

    Sets of takers and givers are kept as the bits of whole numbers: exchanges are found by a few of
    Python's own operations, whatever the size.
    """

    def __init__(self, most: Sequence[Sequence[int]], spare: Sequence[int]) -> None:
        """Start from nothing taken. most: (taker, giver) limits. spare: what each giver has."""
        self.taken = [[0] * len(spare) for _ in most]
        """(taker, giver)"""
        self._most = [list(row) for row in most]
        self._spare = list(spare)
        self._with_spare = _bits_of(spare)
        self._room = [_bits_of(row) for row in most]
        """By taker: givers it could take one more from."""
        self._takers = [0] * len(spare)
        """By giver: those that have something of it."""
        self._held = [0] * len(most)
        """By taker: givers it has something of."""

    def raise_one(self, taker: int) -> bool:
        """Give a taker one more, others exchanging where they must; False when there is no way.

        A taker that cannot be raised never can be again: what the others have only grows.
        """
        open_givers = self._room[taker] & self._with_spare
        if open_givers:
            # Staying with a giver, else going to the one with most left, keeps a matrix readable.
            same = open_givers & self._held[taker]
            giver = _lowest(same) if same else max(_each(open_givers), key=lambda g: (self._spare[g], -g))
            self._use(giver)
            self._shift(taker, giver, 1)
            return True
        return self._exchange(taker)

    def _exchange(self, taker: int) -> bool:
        """Look breadth first for a chain: the taker takes from a giver whose other taker moves on."""
        asked_by: dict[int, int] = {}
        gives_up: dict[int, int] = {}
        seen_givers, seen_takers, queue = 0, 1 << taker, [taker]
        for one in queue:
            new = self._room[one] & ~seen_givers
            seen_givers |= new
            free = new & self._with_spare
            if free:
                giver = _lowest(free)
                self._use(giver)
                while True:
                    self._shift(one, giver, 1)
                    if one == taker:
                        return True
                    giver = gives_up[one]
                    self._shift(one, giver, -1)
                    one = asked_by[giver]
            for giver in _each(new):
                asked_by[giver] = one
                others = self._takers[giver] & ~seen_takers
                seen_takers |= others
                for other in _each(others):
                    gives_up[other] = giver
                    queue.append(other)
        return False

    def _use(self, giver: int) -> None:
        self._spare[giver] -= 1
        if self._spare[giver] == 0:
            self._with_spare &= ~(1 << giver)

    def _shift(self, taker: int, giver: int, by: int) -> None:
        row = self.taken[taker]
        row[giver] += by
        self._room[taker] = _with_bit(self._room[taker], giver, row[giver] < self._most[taker][giver])
        self._takers[giver] = _with_bit(self._takers[giver], taker, row[giver] > 0)
        self._held[taker] = _with_bit(self._held[taker], giver, row[giver] > 0)


def raise_in_order(
    transport: Transport, takers: Sequence[int], most: Sequence[int], order: Callable[[int, int], Order]
) -> None:
    """Raise takers one unit at a time, first in order first, until none can be raised or all have their most.

    order: (taker, units it has) -> rank of its next unit; must not fall as a taker's units grow. Equal ranks
    go by the place in `takers`.
    """
    have = {taker: sum(transport.taken[taker]) for taker in takers}
    heap = [(order(t, have[t]), at, t) for at, t in enumerate(takers) if have[t] < most[t]]
    heapq.heapify(heap)
    while heap:
        _, at, taker = heap[0]
        if transport.raise_one(taker):
            have[taker] += 1
            if have[taker] < most[taker]:
                heapq.heapreplace(heap, (order(taker, have[taker]), at, taker))
                continue
        heapq.heappop(heap)


def fill_blocks(
    need: Sequence[int], priority: Sequence[int], most: Sequence[Sequence[int]], pool: Sequence[int]
) -> list[list[int]]:
    """Return what each capability gets (capability, nation): by priority, the least filled share first.

    most: (capability, nation) limits in blocks. pool: (nation,) blocks its people make.
    """
    transport = Transport(most, pool)
    for level in sorted(set(priority)):
        members = [c for c in range(len(need)) if priority[c] == level]
        raise_in_order(transport, members, need, lambda c, have: (have / need[c], -(have + 1) / need[c]))
    return transport.taken


def share_blocks(
    filled: Sequence[int],
    most: Sequence[Sequence[int]],
    pool: Sequence[int],
    order: Callable[[int, int], Order],
) -> list[list[int]]:
    """Return who brings the blocks of fills that are known to be possible, (nation, capability).

    most: (nation, capability). order: see `raise_in_order`; ties go to the nation named first.
    """
    transport = Transport(most, filled)
    raise_in_order(transport, range(len(pool)), pool, order)
    return transport.taken


def _bits_of(values: Sequence[int]) -> int:
    """Return a set of the places whose value is above zero."""
    return sum(1 << at for at, value in enumerate(values) if value > 0)


def _with_bit(bits: int, at: int, on: bool) -> int:
    return bits | (1 << at) if on else bits & ~(1 << at)


def _lowest(bits: int) -> int:
    return (bits & -bits).bit_length() - 1


def _each(bits: int) -> Iterator[int]:
    """Yield the places of a set, lowest first."""
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low
