"""The slow twin of `_flow_kernels.move_forward`: the same rules in plain Python, for tests."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np

from truceline.deployment._flow_arrays import FlowArrays
from truceline.deployment.model import FloatArray

PEOPLE, CARGO, BOTH = 0, 1, 2
TINY = 1e-9


class _Nodes:
    """What is left of every node on every day."""

    def __init__(self, arrays: FlowArrays) -> None:
        self.capacity, self.hold = arrays.capacity, arrays.hold
        self.used: dict[tuple[int, int], float] = defaultdict(float)

    def room(self, needs: dict[int, float], day: int) -> float:
        """Return how much more fits on a day."""
        return min(
            (max(0.0, self.capacity[k, day] - self.used[k, day]) / need for k, need in needs.items()),
            default=math.inf,
        )

    def take(self, needs: dict[int, float], day: int, amount: float) -> None:
        """Book an amount for as long as each node is held."""
        for k, need in needs.items():
            for later in range(day, day + int(self.hold[k])):
                self.used[k, later] += amount * need


def move_slowly(arrays: FlowArrays) -> tuple[FloatArray, FloatArray]:
    """Return (g, days + 1) people who came in and who took their place on each day."""
    n_groups, n_days = len(arrays.people), arrays.capacity.shape[1] - 1
    nodes = _Nodes(arrays)
    arrived, placed = np.zeros((n_groups, n_days + 1)), np.zeros((n_groups, n_days + 1))

    def needs(table: FloatArray, r: int) -> dict[int, float]:
        return {int(k): float(table[r, k]) for k in arrays.path[r] if k >= 0 and table[r, k] > 0}

    routes = range(len(arrays.lag))
    for t in range(1, n_days + 1):
        there = float(arrived.sum())
        most = math.inf
        if arrays.per_person_t > 0:
            wanted, feed = there * arrays.per_person_t, 0.0
            fresh, tomorrow = _Nodes(arrays), min(t + 1, n_days)
            for r in (r for r in routes if arrays.goods[r]):
                goods = needs(arrays.per_tonne, r)
                amount = min(wanted, nodes.room(goods, t)) if wanted > TINY else 0.0
                nodes.take(goods, t, amount)
                wanted -= amount
                could = min(1e12, fresh.room(goods, tomorrow))
                fresh.take(goods, tomorrow, could)
                feed += could
            most = max(0.0, feed / arrays.per_person_t - there)
        for g in range(n_groups):
            came = _send(arrays, nodes, g, t, float(arrived[g].sum()), most)
            for r, amount in came:
                arrived[g, t] += amount
                if t + arrays.delay[r] <= n_days:
                    placed[g, t + arrays.delay[r]] += amount
            most -= arrived[g, t]
    return arrived, placed


def _send(
    arrays: FlowArrays, nodes: _Nodes, g: int, t: int, sent: float, most: float
) -> list[tuple[int, float]]:
    """Let in as many of a group as there is room for on a day; return the people by route."""

    def fill(kind: int, at_most: float, before: float) -> list[tuple[int, float]]:
        """Send as much as fits by routes of one kind, in their order."""
        done: list[tuple[int, float]] = []
        for r in range(len(arrays.lag)):
            if arrays.moves[r] == kind and arrays.allowed[g, r]:
                so_far = sum(amount for _, amount in done)
                part = (t - arrays.lag[r] - arrays.ready[g]) / max(arrays.release[g], 1.0)
                free = arrays.people[g] * min(1.0, max(0.0, part)) - sent - before - so_far
                amount = float(min(at_most - so_far, free, nodes.room(needs(need, r), t)))
                if amount > TINY:
                    nodes.take(needs(need, r), t, amount)
                    done.append((r, amount))
        return done

    def needs(table: FloatArray, r: int) -> dict[int, float]:
        return {int(k): float(table[r, k]) for k in arrays.path[r] if k >= 0 and table[r, k] > 0}

    need = arrays.need[arrays.load[g]]
    left = min(float(arrays.people[g]) - sent, most)
    if left <= TINY:
        return []
    whole = fill(BOTH, left, 0.0)
    came = sum(amount for _, amount in whole)
    cargo = fill(CARGO, left - came, came)
    wanted = sum(amount for _, amount in cargo)
    seats = fill(PEOPLE, wanted, came) if wanted > TINY else []
    over = wanted - sum(amount for _, amount in seats)
    for r, amount in reversed(cargo):
        back = min(max(over, 0.0), amount)
        nodes.take(needs(need, r), t, -back)
        over -= back
    return [*whole, *seats]
