"""What happens when a simulated day is over: counts, surge, trigger rule, hazard; and the last day.

Part of `_kernels`; its twin is in `_reference`. No checks. Nothing is drawn here but whether the guarantor
answers.
"""

# mypy: allow-untyped-decorators

from __future__ import annotations

import math

import numpy as np
from numba import njit

from truceline.simulate import _layout as at
from truceline.simulate._draws import child_key, uniform
from truceline.simulate.results import N_SURVIVAL_BINS, SURVIVAL_EVERY, SURVIVAL_UNIT

_SHARED = at.SHARED


@njit(cache=True, nogil=True)
def count_bin(edges, count):  # type: ignore[no-untyped-def]
    """Return the bin of a count: the last one that starts at or below it."""
    low = 0
    high = len(edges) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if edges[middle] <= count:
            low = middle
        else:
            high = middle - 1
    return low


@njit(cache=True, nogil=True)
def _recent(daily, day, n):  # type: ignore[no-untyped-def]
    """Return the incidents of the last n days, this one included."""
    total = 0
    for d in range(max(0, day - n + 1), day + 1):
        total += daily[d]
    return total


@njit(cache=True, nogil=True)
def _add_hazard(p, law, places, day, daily, hazards):  # type: ignore[no-untyped-def]
    """Add the day's hazard of both baselines for r = 1 to what was cumulated.

    Weibull with the baseline's mean whatever the shape s: (h0 Gamma(1 + 1/s) t)^s, so that S0 = exp(-h0 t)
    for s = 1. The rise of the day is multiplied by exp(b_z z) and by the factor of monitoring.
    """
    week = _recent(daily, day, at.WEEK_DAYS) / min(day + 1, at.WEEK_DAYS)
    memory = _recent(daily, day, at.MEMORY_DAYS) / min(day + 1, at.MEMORY_DAYS)
    z = math.log((week + at.FLOOR_PER_DAY) / (memory + at.FLOOR_PER_DAY))
    shape = p[at.SHAPE]
    rise = (day + 1.0) ** shape - float(day) ** shape
    rise *= math.exp(p[at.B_Z] * z)
    if places.verifies:
        rise *= p[at.HR]
    hazards[0, day + 1] = hazards[0, day] + rise * law.minsk_scale
    hazards[1, day + 1] = hazards[1, day] + rise * law.armistice_scale


@njit(cache=True, nogil=True)
def _mark_surge(p, law, day, daily, marks):  # type: ignore[no-untyped-def]
    """Mark the first day on which the week has stood above the multiple of the quiet level long enough.

    Quiet level: what the model expects in the middle of the first week, offspring included, without any
    watch.
    """
    level = 1.0 - (1.0 - p[at.LEVEL]) * math.exp(-0.5 * at.WEEK_DAYS / p[at.RETURN])
    first = 2.0 * p[at.RATE] * law.length / at.KM_OF_RATE * level
    branching = p[at.SELF_MEAN] + p[at.CROSS_MEAN]
    if branching < 1.0:
        first /= 1.0 - branching
    quiet = max(first, at.FLOOR_PER_DAY)
    if _recent(daily, day, at.WEEK_DAYS) / at.WEEK_DAYS > p[at.SURGE] * quiet:
        marks[at.IN_A_ROW] += 1.0
        if marks[at.IN_A_ROW] >= p[at.SURGE_DAYS] and math.isnan(marks[at.SURGE_DAY]):
            marks[at.SURGE_DAY] = day
    else:
        marks[at.IN_A_ROW] = 0.0


@njit(cache=True, nogil=True)
def _pull_triggers(p, replicate, day, today, tally, named, marks):  # type: ignore[no-untyped-def]
    """Apply the trigger rule to both sides: more than K named in W days; then the count starts afresh.

    False: the correctly named incidents of the window alone would not have met it.
    """
    first = max(0, day - int(p[at.K_DAYS]) + 1)
    for side in range(2):
        count = 0
        right = 0
        for d in range(first, day + 1):
            count += named[d, side]
            right += named[d, 2 + side]
        if count <= p[at.K_COUNT]:
            continue
        for d in range(first, day + 1):
            named[d, side] = 0
            named[d, 2 + side] = 0
        false = right <= p[at.K_COUNT]
        today[at.DAY_TRIGGERS] += 1
        tally[at.M_TRIGGERS] += 1
        tally[at.M_FALSE_TRIGGERS] += false
        answers = child_key(replicate, at.RESPONSES)
        if uniform(child_key(answers, 2 * day + side), 0) < p[at.K_RESPONSE]:
            tally[at.M_RESPONSES] += 1
            tally[at.M_FALSE_RESPONSES] += false
            if math.isnan(marks[at.FIRST_RESPONSE]):
                marks[at.FIRST_RESPONSE] = day + p[at.K_DELAY]


@njit(cache=True, nogil=True)
def close_day(p, law, places, rules, replicate, day, today, tally, daily, named, hazards, marks, sums):  # type: ignore[no-untyped-def]
    """Apply the rules of the end of the day and add the day to the sums."""
    if math.isnan(marks[at.RUNAWAY]):
        _add_hazard(p, law, places, day, daily, hazards)
        _mark_surge(p, law, day, daily, marks)
        _pull_triggers(p, replicate, day, today, tally, named, marks)
    for j in range(at.DAY_TRIGGERS):
        tally[_SHARED[j]] += today[j]
    for j in range(at.DAY_TRIGGERS + 1):
        sums.day_sums[day, j] += today[j]
    if math.isnan(marks[at.SURGE_DAY]):
        marks[at.SURGE_DAY] = marks[at.RUNAWAY]
    if marks[at.SURGE_DAY] == day:
        for later in range(day, rules.n_days):
            sums.day_sums[later, at.DAY_SURGED] += 1
    sums.day_sums[day, at.DAY_RUNNING] += 1
    edges = rules.count_edges
    sums.day_counts[0, day, count_bin(edges, today[at.DAY_INCIDENTS])] += 1
    sums.day_counts[1, day, count_bin(edges, today[at.DAY_DETECTED])] += 1
    sums.day_counts[2, day, count_bin(edges, today[at.DAY_VIOLATIONS])] += 1
    sums.day_counts[3, day, count_bin(edges, today[at.DAY_VIOLATIONS_DETECTED])] += 1


@njit(cache=True, nogil=True)
def round_survival(hazard):  # type: ignore[no-untyped-def]
    """Return exp(-hazard) as a multiple of 2^-32, so that sums are exact in any order."""
    return math.floor(math.exp(-hazard) / SURVIVAL_UNIT + 0.5) * SURVIVAL_UNIT


@njit(cache=True, nogil=True)
def close_replicate(rules, i, tally, hazards, marks, sums):  # type: ignore[no-untyped-def]
    """Write the measures of a replicate and add its survival to the sums."""
    n_days = rules.n_days
    row = sums.measures[i]
    for j in range(at.N_MEASURES):
        row[j] = tally[j]
    row[at.M_FIRST_RESPONSE] = marks[at.FIRST_RESPONSE]
    row[at.M_SURGE_DAY] = marks[at.SURGE_DAY]
    row[at.M_RUNAWAY_DAY] = marks[at.RUNAWAY]
    ended = n_days + 1 if math.isnan(marks[at.SURGE_DAY]) else int(marks[at.SURGE_DAY])
    ran_away = n_days + 1 if math.isnan(marks[at.RUNAWAY]) else int(marks[at.RUNAWAY])
    # Whole numbers of points, not tests of days in the loop: the compiler would make those a division of
    # 128 bits, which cannot be linked.
    n_known = min(n_days, ran_away) // SURVIVAL_EVERY + 1
    n_held = min(n_days, ended) // SURVIVAL_EVERY + 1
    for b in range(2):
        for h in range(len(rules.horizons)):
            day = rules.horizons[h]
            known = day <= n_days and day <= ran_away
            row[at.M_HAZARDS + b * len(rules.horizons) + h] = hazards[b, day] if known else np.nan
        for d in range(len(rules.dial)):
            for point in range(n_known):
                s = round_survival(rules.dial[d] * hazards[b, point * SURVIVAL_EVERY])
                sums.survival[b, d, point] += s
                if point < n_held:
                    sums.survival_strict[b, d, point] += s
            for h in range(len(rules.horizons)):
                day = rules.horizons[h]
                if day > n_days:
                    continue
                s = 0.0
                if day <= ran_away:
                    s = round_survival(rules.dial[d] * hazards[b, day])
                sums.survival_counts[b, d, h, min(int(s * N_SURVIVAL_BINS), N_SURVIVAL_BINS - 1)] += 1
