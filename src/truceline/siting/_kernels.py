"""Compiled loops of siting: greedy picks, products with the reach matrix, coordinate ascent for the bound.

Plain arrays in and out, no checks: callers pass what `problems` has checked. Matrix values are float32,
everything else float64. Results do not depend on the number of threads. The readable twins are in
`_reference`.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange

N_PUSH_CHUNKS = 4
"""Partial sums in `push`: fixed, so that rounding is the same on every machine."""


@njit(cache=True, parallel=True, fastmath={"reassoc", "contract"})
def pull(indptr, indices, log_miss, residual):  # type: ignore[no-untyped-def]
    """Return the gradient sum_e residual[e] log_miss[j, e] for every candidate, in float64."""
    out = np.empty(indptr.size - 1)
    for j in prange(indptr.size - 1):
        total = 0.0
        for k in range(indptr[j], indptr[j + 1]):
            total += residual[indices[k]] * np.float64(log_miss[k])
        out[j] = total
    return out


@njit(cache=True, parallel=True)
def push(indptr, indices, log_miss, copies, n_events):  # type: ignore[no-untyped-def]
    """Return sum_j copies[j] log_miss[j, e] for every event; `copies` may be fractional."""
    columns = np.flatnonzero(copies)
    part = np.zeros((N_PUSH_CHUNKS, n_events))
    for chunk in prange(N_PUSH_CHUNKS):
        first = columns.size * chunk // N_PUSH_CHUNKS
        last = columns.size * (chunk + 1) // N_PUSH_CHUNKS
        for t in range(first, last):
            j = columns[t]
            for k in range(indptr[j], indptr[j + 1]):
                part[chunk, indices[k]] += copies[j] * np.float64(log_miss[k])
    out = np.zeros(n_events)
    for chunk in range(N_PUSH_CHUNKS):  # by hand: an array sum along an axis takes seconds to compile
        for e in range(n_events):
            out[e] += part[chunk, e]
    return out


@njit(cache=True)
def priced_surplus(gradient, cost, limit, group_start, group_member, group_limit, price):  # type: ignore[no-untyped-def]
    """Return (surplus, people) of the best fractional choice when a person costs `price`.

    Candidates outside groups stand as one last group without limit: members group_start[-2]:group_start[-1].
    """
    surplus = 0.0
    people = 0.0
    n_groups = group_start.size - 2
    useful = np.empty(group_member.size, dtype=np.int64)
    for g in range(n_groups + 1):
        n_useful = 0
        wanted = 0.0
        for t in range(group_start[g], group_start[g + 1]):
            j = group_member[t]
            margin = gradient[j] - price * cost[j]
            if margin > 0:
                useful[n_useful] = j
                n_useful += 1
                wanted += limit[j]
                surplus += limit[j] * margin
                people += limit[j] * cost[j]
        if g == n_groups or wanted <= group_limit[g]:
            continue
        # Too many: give back the least useful copies until the group's limit is kept.
        members = useful[:n_useful]
        margins = gradient[members] - price * cost[members]
        over = wanted - group_limit[g]
        for t in np.argsort(margins):
            n = min(over, limit[members[t]])
            surplus -= n * margins[t]
            people -= n * cost[members[t]]
            over -= n
            if over <= 0:
                break
    return surplus, people


@njit(cache=True)
def greatest(indptr, indices, log_miss, limit, n_events):  # type: ignore[no-untyped-def]
    """Return for every event the greatest log_miss among candidates of which copies may be taken."""
    out = np.zeros(n_events)
    for j in range(indptr.size - 1):
        if limit[j] > 0:
            for k in range(indptr[j], indptr[j + 1]):
                out[indices[k]] = max(out[indices[k]], np.float64(log_miss[k]))
    return out


@njit(cache=True)
def push_probability(indptr, indices, log_miss, copies, n_events):  # type: ignore[no-untyped-def]
    """Return sum_j copies[j] (1 - exp(-log_miss[j, e])) for every event; `copies` may be fractional."""
    out = np.zeros(n_events)
    for j in np.flatnonzero(copies):
        for k in range(indptr[j], indptr[j + 1]):
            out[indices[k]] -= copies[j] * math.expm1(-np.float64(log_miss[k]))
    return out


@njit(cache=True, parallel=True)
def choose_coefficients(indptr, indices, log_miss, unit):  # type: ignore[no-untyped-def]
    """Return (n_nonzero,) float32: p where the event counts steps (unit > 0), log_miss elsewhere.

    p is rounded up by one part in ten million, so that float32 never lowers a bound.
    """
    out = np.empty(log_miss.size, dtype=np.float32)
    for j in prange(indptr.size - 1):
        for k in range(indptr[j], indptr[j + 1]):
            out[k] = log_miss[k]
            if unit[indices[k]] > 0:
                out[k] = -math.expm1(-np.float64(log_miss[k])) * (1.0 + 1e-7)
    return out


@njit(cache=True)
def event_slope(weight, total, unit, steep, ramp_share):  # type: ignore[no-untyped-def]
    """Return the slope of one event's concave function at `total`.

    unit = 0: weight (1 - exp(-total)). unit > 0: straight pieces between the values at whole multiples of
    unit, falling by exp(-steep * unit) from one to the next; a corner is rounded over `ramp_share` of a unit.
    """
    if unit <= 0:
        return weight * math.exp(-total)
    at = total / unit
    corner = math.floor(at + 0.5)
    turn = min(max((at - corner) / ramp_share, -0.5), 0.5)
    return weight * math.exp(-steep * unit * max(corner - 0.5 + turn, 0.0))


@njit(cache=True)
def event_slopes(weight, total, unit, steep, ramp_share):  # type: ignore[no-untyped-def]
    """Return `event_slope` of every event."""
    out = np.empty(weight.size)
    for e in range(weight.size):
        out[e] = event_slope(weight[e], total[e], unit[e], steep[e], ramp_share)
    return out


@njit(cache=True)
def _slope(indptr, indices, coefficient, j, price_of_event, steep):  # type: ignore[no-untyped-def]
    """Return first and (minus, on average over a unit) second derivative along candidate j."""
    first = 0.0
    second = 0.0
    for k in range(indptr[j], indptr[j + 1]):
        e = indices[k]
        a = np.float64(coefficient[k])
        t = price_of_event[e] * a
        first += t
        second += t * a * steep[e]
    return first, second


@njit(cache=True)
def _move(  # type: ignore[no-untyped-def]
    indptr, indices, coefficient, j, step, price_of_event, total, weight, unit, steep, ramp_share
):  # fmt: skip
    """Change copies of candidate j by `step` in the totals and slopes of the events it sees."""
    for k in range(indptr[j], indptr[j + 1]):
        e = indices[k]
        total[e] += step * np.float64(coefficient[k])
        price_of_event[e] = event_slope(weight[e], total[e], unit[e], steep[e], ramp_share)


@njit(cache=True)
def _worst_member(members, y, margin, skip):  # type: ignore[no-untyped-def]
    """Return the group member with copies whose last known margin is least, or -1."""
    worst = -1
    for i in members:
        if i != skip and y[i] > 0 and (worst < 0 or margin[i] < margin[worst]):
            worst = i
    return worst


@njit(cache=True)
def ascend(  # type: ignore[no-untyped-def]
    indptr, indices, coefficient, cost, limit, group, group_start, group_member, group_room,
    columns, price, y, margin, price_of_event, total, weight, unit, steep, ramp_share,
):  # fmt: skip
    """One sweep of coordinate ascent on the relaxation minus price * cost.y; return the gain it promised.

    y, the events' totals and slopes (`price_of_event`), group_room and the last margins change in place. The
    derivative along one candidate is nearly a sum of decaying exponentials; its root is estimated from one
    exponential with the same value and slope. In a full group the least useful member gives way.
    """
    promised = 0.0
    for j in columns:
        first, second = _slope(indptr, indices, coefficient, j, price_of_event, steep)
        toll = price * cost[j]
        margin[j] = first - toll
        if (margin[j] <= 0 and y[j] <= 0) or (margin[j] >= 0 and y[j] >= limit[j]):
            continue
        step = -y[j] if first <= 0 else limit[j] - y[j]
        if first > 0 and toll > 0 and second > 0:
            step = min(max(math.log(first / toll) * first / second, -y[j]), limit[j] - y[j])
        g = group[j]
        if g >= 0 and step > group_room[g]:
            wanted = step - group_room[g]
            step = group_room[g]
            i = _worst_member(group_member[group_start[g] : group_start[g + 1]], y, margin, j)
            if i >= 0 and margin[i] < margin[j]:
                other, other_second = _slope(indptr, indices, coefficient, i, price_of_event, steep)
                margin[i] = other - price * cost[i]
                swap = (margin[j] - max(margin[i], 0.0)) / max(second + other_second, 1e-300)
                swap = min(swap, y[i], wanted)
                if margin[i] < margin[j] and swap > 0:
                    _move(
                        indptr, indices, coefficient, i, -swap,
                        price_of_event, total, weight, unit, steep, ramp_share,
                    )  # fmt: skip
                    y[i] -= swap
                    group_room[g] += swap
                    promised += swap * (margin[j] - margin[i])
                    step += swap
        if step != 0.0:
            _move(
                indptr, indices, coefficient, j, step,
                price_of_event, total, weight, unit, steep, ramp_share,
            )  # fmt: skip
            y[j] += step
            promised += abs(step * margin[j]) * 0.5
            if g >= 0:
                group_room[g] -= step
    return promised
