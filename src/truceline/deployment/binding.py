"""Name what kept people away, week by week: an approval, the notice, a node that was used up.

People and shares of the waiting. Who is not yet in place waits for one thing at a time: for approval, then on
notice, then, ready, for the first journey to be possible, then for room on every route he could take; the
blame is split evenly over the nodes that were full on those routes. A node that would have been the next to
fill is not named.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np

from truceline.deployment._flow_arrays import FlowArrays
from truceline.deployment._flow_program import released_by_day
from truceline.deployment.model import REASONS, FloatArray, Flow, Reason, WeekBound

FULL = 1e-6
"""Part of a capacity that may be left in a node that counts as used up."""
WEEK = 7
NOBODY = 0.5
"""People below which nobody is said to wait."""
PEOPLE, CARGO, BOTH = 0, 1, 2
_REASON_OF_KIND: dict[str, Reason] = {"staging": "beds"}


def name_weeks(flow: Flow, arrays: FlowArrays) -> Flow:
    """Return the flow with the binding constraint of every week."""
    waiting = _attribute(flow, arrays)
    weeks = []
    for first in range(1, flow.days + 1, WEEK):
        span = slice(first, min(first + WEEK, flow.days + 1))
        n = span.stop - span.start
        sums = {key: float(amounts[span].sum()) for key, amounts in waiting.items()}
        total = sum(sums.values())
        week = (first - 1) // WEEK + 1
        if total / n < NOBODY:
            label = REASONS["nobody"] if any(one.people > 0 for one in flow.movements) else "nobody comes"
            weeks.append(WeekBound(week, "nobody", label, "", 0.0, total / n))
            continue
        by_reason: dict[Reason, float] = defaultdict(float)
        for (reason, _), amount in sums.items():
            by_reason[reason] += amount / total
        found = {key: share for key, share in by_reason.items() if share > FULL}
        ranked = dict(sorted(found.items(), key=lambda item: (-round(item[1], 9), item[0])))
        reason = next(iter(ranked))
        nodes = {node: amount for (why, node), amount in sums.items() if why == reason and node}
        node = min(nodes, key=lambda key: (-round(nodes[key], 6), key)) if nodes else ""
        label = flow.network.nodes[node].label if node else REASONS[reason]
        weeks.append(WeekBound(week, reason, label, node, ranked[reason], total / n, ranked))
    return replace(flow, weeks=tuple(weeks))


def _attribute(flow: Flow, arrays: FlowArrays) -> dict[tuple[Reason, str], FloatArray]:
    """Return (days + 1,) people waiting, by reason and node."""
    n_days = flow.days
    nodes = flow.network.passed
    days = np.arange(n_days + 1)
    # A node without capacity is full whatever passes it.
    full = flow.used >= flow.capacity * (1 - FULL) - 1e-9
    found: dict[tuple[Reason, str], FloatArray] = defaultdict(lambda: np.zeros(n_days + 1))
    for i, g in enumerate(arrays.group_order.tolist()):
        one = flow.movements[g]
        out = released_by_day(one.people, one.ready_day, one.release_days, n_days)
        at_home = one.people - out
        early = days <= one.approved_day
        found["approval", ""] += np.where(early, at_home, 0.0)
        found["notice", ""] += np.where(early, 0.0, at_home)
        found["travel", ""] += flow.arrived[g] - flow.in_place[g]
        ready = np.maximum(0.0, out - flow.arrived[g])
        if not ready.any():
            continue
        could: dict[int, FloatArray] = {}
        for r in np.flatnonzero(arrays.allowed[i]):
            lag = int(arrays.lag[r])
            there = np.zeros(n_days + 1)
            if lag <= n_days:
                there[lag:] = out[: n_days + 1 - lag]
            could[int(r)] = np.maximum(0.0, there - flow.arrived[g])
        most = {
            side: np.max(
                [amount for r, amount in could.items() if arrays.moves[r] in (side, BOTH)]
                or [np.zeros(n_days + 1)],
                axis=0,
            )
            for side in (PEOPLE, CARGO)
        }
        held = np.minimum(ready, np.minimum(most[PEOPLE], most[CARGO]))
        found["travel", ""] += ready - held
        _blame(found, held, could, full, arrays, nodes)
    return found


def _blame(found, held, could, full, arrays, nodes) -> None:  # type: ignore[no-untyped-def]
    """Split those who are ready and have no room over the nodes that were full on their routes."""
    n_nodes, n_days = full.shape[0], full.shape[1]
    marks = np.zeros((n_nodes, n_days))
    for side in (PEOPLE, CARGO):
        side_marks = np.zeros((n_nodes, n_days))
        is_open = np.zeros(n_days, bool)
        for r, amount in could.items():
            if arrays.moves[r] not in (side, BOTH):
                continue
            path = [int(k) for k in arrays.path[r] if k >= 0]
            usable = amount > FULL
            stopped = full[path]
            n_full = stopped.sum(axis=0)
            is_open |= usable & (n_full == 0)
            part = np.where(usable & (n_full > 0), 1.0 / np.maximum(n_full, 1), 0.0)
            for j, node in enumerate(path):
                side_marks[node] += part * stopped[j]
        marks += np.where(is_open, 0.0, side_marks)
    total = marks.sum(axis=0)
    for k in np.flatnonzero(marks.any(axis=1)):
        kind = nodes[k].kind
        reason = _REASON_OF_KIND.get(kind, kind)
        found[reason, nodes[k].key] += np.where(total > 0, held * marks[k] / np.maximum(total, FULL), 0.0)
    found["supplies", ""] += np.where(total > 0, 0.0, held)
