"""Compiled loops of the bounds: products with the reach matrix and the primal-dual iteration.

Plain arrays in and out, no checks: callers pass what `problems` has checked. Prices of events and matrix
values are float32, sums float64. `coefficient` may be empty, which stands for ones everywhere (a candidate
sees for certain). Results do not depend on the number of threads. The readable twins are in
`_bound_reference`.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange

N_CHUNKS = 4
"""Partial sums over candidates: fixed, so that rounding is the same on every machine."""
N_STEPS_MAX = 60
"""Pieces of a stepped function looked at; a price that stops there is still a valid price."""
N_NEWTON = 3
"""Newton steps for the price of a smooth event; they rise to the root, and any price is valid."""
N_PROJECTION_MAX = 60
"""Steps of the search for the price of a person in one projection."""
PROJECTION_TOLERANCE = 1e-9
"""Share of the budget by which a projected posture may miss it."""


@njit(cache=True, parallel=True, fastmath={"reassoc", "contract"})
def pull_at(indptr, indices, coefficient, columns, price):  # type: ignore[no-untyped-def]
    """Return sum_e price[e] coefficient[j, e] for every candidate j in `columns`, in float64."""
    out = np.empty(columns.size)
    ones = coefficient.size == 0
    for t in prange(columns.size):
        j = columns[t]
        total = 0.0
        if ones:
            for k in range(indptr[j], indptr[j + 1]):
                total += np.float64(price[indices[k]])
        else:
            for k in range(indptr[j], indptr[j + 1]):
                total += np.float64(price[indices[k]]) * np.float64(coefficient[k])
        out[t] = total
    return out


@njit(cache=True)
def chunk_spans(indptr, indices, columns):  # type: ignore[no-untyped-def]
    """Return (N_CHUNKS, 2) first and one past the last event seen by each chunk of `columns`."""
    span = np.zeros((N_CHUNKS, 2), dtype=np.int64)
    for chunk in range(N_CHUNKS):
        low = np.int64(-1)
        high = np.int64(0)
        for t in range(columns.size * chunk // N_CHUNKS, columns.size * (chunk + 1) // N_CHUNKS):
            first, last = indptr[columns[t]], indptr[columns[t] + 1]
            if first < last:
                if low < 0 or indices[first] < low:
                    low = np.int64(indices[first])
                high = max(high, np.int64(indices[last - 1]) + 1)
        if low >= 0:
            span[chunk, 0] = low
            span[chunk, 1] = high
    return span


@njit(cache=True)
def _push_chunk(indptr, indices, coefficient, columns, x, first, last, low, high, part):  # type: ignore[no-untyped-def]
    """Write sum_t x[t] coefficient[columns[t], e] over `first <= t < last` into `part`."""
    ones = coefficient.size == 0
    for e in range(low, high):
        part[e] = 0.0
    for t in range(first, last):
        v = x[t]
        if v != 0.0:
            j = columns[t]
            if ones:
                for k in range(indptr[j], indptr[j + 1]):
                    part[indices[k]] += v
            else:
                for k in range(indptr[j], indptr[j + 1]):
                    part[indices[k]] += v * np.float64(coefficient[k])


@njit(cache=True, parallel=True)
def push_at(indptr, indices, coefficient, columns, span, x, n_events):  # type: ignore[no-untyped-def]
    """Return sum_t x[t] coefficient[columns[t], e] for every event; `span` is from `chunk_spans`."""
    part = np.empty((N_CHUNKS, n_events))
    for chunk in prange(N_CHUNKS):
        _push_chunk(
            indptr, indices, coefficient, columns, x,
            columns.size * chunk // N_CHUNKS, columns.size * (chunk + 1) // N_CHUNKS,
            span[chunk, 0], span[chunk, 1], part[chunk],
        )  # fmt: skip
    out = np.zeros(n_events)
    for chunk in range(N_CHUNKS):
        for e in range(span[chunk, 0], span[chunk, 1]):
            out[e] += part[chunk, e]
    return out


@njit(cache=True)
def price_step(weight, unit, miss, price, sigma, ahead):  # type: ignore[no-untyped-def]
    """Return one event's price after a dual step of length `sigma` at the total `ahead`.

    Minimises psi(l) + l ahead + (l - price)^2 / (2 sigma), psi(l) = max_z F(z) - l z. unit > 0: F rises in
    straight pieces of length unit whose slopes fall by the factor miss; unit = 0: F = weight (1 - exp(-z)).
    """
    if weight <= 0.0:
        return 0.0
    if unit > 0.0:
        high = weight
        for k in range(1, N_STEPS_MAX + 1):
            if high <= 0.0:
                return 0.0
            low = high * miss
            tried = price - sigma * (ahead - unit * k)
            if tried >= high:
                return high
            if tried > low:
                return tried
            high = low
        return high
    start = max(price, 1e-12 * weight)
    z = max(-math.log(start / weight), 0.0)
    for _ in range(N_NEWTON):
        now = weight * math.exp(-z)
        z = max(z - (z - ahead - (now - price) / sigma) / (1.0 + now / sigma), 0.0)
    return weight * math.exp(-z)


@njit(cache=True)
def project(v, tau, cost, limit, budget, guess, out):  # type: ignore[no-untyped-def]
    """Write the posture nearest to v within 0 <= x <= limit, cost.x <= budget; return the price of a person.

    Nearest with weights 1 / tau: x = clip(v - tau cost price, 0, limit). The price is found by Newton steps
    kept inside a bracket, from `guess`.
    """
    price = 0.0
    low = 0.0
    high = -1.0
    for n in range(N_PROJECTION_MAX):
        used = 0.0
        slope = 0.0
        for t in range(v.size):
            x = v[t] - tau[t] * cost[t] * price
            if x >= limit[t]:
                used += cost[t] * limit[t]
            elif x > 0.0:
                used += cost[t] * x
                slope += cost[t] * cost[t] * tau[t]
        over = used - budget
        if (price == 0.0 and over <= 0.0) or abs(over) <= PROJECTION_TOLERANCE * budget:
            break
        if n == 0 and guess > 0.0:
            price = guess
            continue
        if over > 0.0:
            low = price
        else:
            high = price
        tried = price + over / slope if slope > 0.0 else -1.0
        if high < 0.0:
            price = tried if tried > low else max(2.0 * price, 1e-12)
        else:
            price = tried if low < tried < high else 0.5 * (low + high)
    for t in range(v.size):
        out[t] = min(max(v[t] - tau[t] * cost[t] * price, 0.0), limit[t])
    return price


@njit(cache=True, parallel=True, fastmath={"reassoc", "contract"})
def iterate(  # type: ignore[no-untyped-def]
    indptr, indices, coefficient, columns, span, cost, limit, budget,
    weight, unit, miss, sigma, tau, row, row_sign, row_limit, row_step,
    price, total, x, row_price, sum_price, sum_total, sum_x, sum_row_price, person_price, n_iterations,
):  # fmt: skip
    """Take `n_iterations` primal-dual steps in place; return the price of a person in the last projection.

    State: price (n_events), total at the posture of the step before, x over `columns` (with its cost, limit
    and tau), row_price of the side rows. row: (n_columns, 2) side row of each column, -1 for none. The sums
    grow by the state of every step, for averages. Chambolle and Pock (2011), with the diagonal step sizes of
    Pock and Chambolle (2011).
    """
    n_events = weight.size
    n_rows = row_price.size
    part = np.zeros((N_CHUNKS, n_events))
    v = np.empty(columns.size)
    before = x.copy()
    row_total = np.zeros(n_rows)
    ones = coefficient.size == 0
    for _ in range(n_iterations):
        for chunk in prange(N_CHUNKS):
            _push_chunk(
                indptr, indices, coefficient, columns, x,
                columns.size * chunk // N_CHUNKS, columns.size * (chunk + 1) // N_CHUNKS,
                span[chunk, 0], span[chunk, 1], part[chunk],
            )  # fmt: skip
        for e in prange(n_events):
            now = 0.0
            for chunk in range(N_CHUNKS):
                if span[chunk, 0] <= e < span[chunk, 1]:
                    now += part[chunk, e]
            ahead = 2.0 * now - total[e]
            total[e] = now
            sum_total[e] += now
            step = price_step(weight[e], unit[e], miss[e], np.float64(price[e]), sigma[e], ahead)
            price[e] = min(np.float32(step), np.float32(weight[e]))
            sum_price[e] += price[e]
        if n_rows > 0:
            row_total[:] = 0.0
            for t in range(columns.size):
                for side in range(2):
                    if row[t, side] >= 0:
                        row_total[row[t, side]] += 2.0 * x[t] - before[t]
            for r in range(n_rows):
                grown = row_price[r] + row_sign[r] * row_step[r] * (row_total[r] - row_limit[r])
                row_price[r] = max(grown, 0.0)
                sum_row_price[r] += row_price[r]
        for t in prange(columns.size):
            j = columns[t]
            s = 0.0
            if ones:
                for k in range(indptr[j], indptr[j + 1]):
                    s += np.float64(price[indices[k]])
            else:
                for k in range(indptr[j], indptr[j + 1]):
                    s += np.float64(price[indices[k]]) * np.float64(coefficient[k])
            for side in range(2):
                if row[t, side] >= 0:
                    s -= row_sign[row[t, side]] * row_price[row[t, side]]
            v[t] = x[t] + tau[t] * s
        for t in range(columns.size):
            sum_x[t] += x[t]
            before[t] = x[t]
        person_price = project(v, tau, cost, limit, budget, person_price, x)
    return person_price


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
    """Return for every event the greatest log_miss among candidates of which copies may be taken.

    An empty log_miss stands for certain sight: inf where any candidate can see the event.
    """
    out = np.zeros(n_events)
    for j in range(indptr.size - 1):
        if limit[j] > 0:
            for k in range(indptr[j], indptr[j + 1]):
                value = np.float64(log_miss[k]) if log_miss.size > 0 else np.inf
                out[indices[k]] = max(out[indices[k]], value)
    return out


@njit(cache=True)
def push_probability(indptr, indices, log_miss, columns, x, n_events):  # type: ignore[no-untyped-def]
    """Return sum_t x[t] (1 - exp(-log_miss[columns[t], e])) for every event."""
    out = np.zeros(n_events)
    for t in range(columns.size):
        for k in range(indptr[columns[t]], indptr[columns[t] + 1]):
            out[indices[k]] -= x[t] * math.expm1(-np.float64(log_miss[k]))
    return out


@njit(cache=True)
def choose_coefficients(indptr, indices, log_miss, stepped):  # type: ignore[no-untyped-def]
    """Return (n_nonzero,) float32: p where the event counts in straight pieces, log_miss elsewhere.

    p is rounded up by one part in ten million, so that float32 never lowers a bound.
    """
    out = np.empty(log_miss.size, dtype=np.float32)
    for k in range(log_miss.size):
        out[k] = log_miss[k]
        if stepped[indices[k]]:
            out[k] = -math.expm1(-np.float64(log_miss[k])) * (1.0 + 1e-7)
    return out


@njit(cache=True)
def block_scores(indptr, indices, price, block_of_event, n_blocks):  # type: ignore[no-untyped-def]
    """Return (score, touched): prices of the events each candidate sees in each block, and if it sees any."""
    out = np.zeros((indptr.size - 1, n_blocks))
    touched = np.zeros((indptr.size - 1, n_blocks), dtype=np.bool_)
    for j in range(indptr.size - 1):
        for k in range(indptr[j], indptr[j + 1]):
            b = block_of_event[indices[k]]
            if b >= 0:
                out[j, b] += price[indices[k]]
                touched[j, b] = True
    return out, touched


@njit(cache=True, nogil=True)
def block_rows(indptr, indices, columns, block_of_event, block, event, position):  # type: ignore[no-untyped-def]
    """Return (start, member): for every event of a block, the columns (by position) that see it.

    event: the block's events; position: (n_events,) scratch, written for those events.
    """
    for i in range(event.size):
        position[event[i]] = i
    start = np.zeros(event.size + 1, dtype=np.int64)
    for j in columns:
        for k in range(indptr[j], indptr[j + 1]):
            if block_of_event[indices[k]] == block:
                start[position[indices[k]] + 1] += 1
    for i in range(event.size):
        start[i + 1] += start[i]
    member = np.empty(start[-1], dtype=np.int32)
    filled = start[:-1].copy()
    for t in range(columns.size):
        j = columns[t]
        for k in range(indptr[j], indptr[j + 1]):
            if block_of_event[indices[k]] == block:
                i = position[indices[k]]
                member[filled[i]] = t
                filled[i] += 1
    return start, member
