"""The compiled loop: replicate after replicate, day by day, every incident from its key; see `_reference`.

Arrays in and out, no checks. The order within a day is: background of side 0 and side 1 is put on the day
(the deliberate ones first pass deterrence), then all that is due happens, last come first, until nothing is
due any more; then come false reports and the rules of the end of the day. No sum hangs on the order within a
day.

Everything that runs for each incident is put in place by the compiler (forceinline): handing the arrays from
function to function took most of the time. numba does not notice a change in another file of this loop;
change this one as well, or clear its cache.
"""

# mypy: allow-untyped-decorators

from __future__ import annotations

import math

import numpy as np
from numba import njit

from truceline.simulate import _layout as at
from truceline.simulate import _pool as pl
from truceline.simulate._draws import GOLDEN, child_key, invert_poisson, mix, normal, poisson, uniform
from truceline.simulate._end_of_day import close_day, close_replicate
from truceline.simulate._incident_draws import (
    bin_of,
    decide,
    draw_kind,
    draw_size,
    draw_state,
    find_bin,
    fold,
    hour_in,
    make_law,
    state_at,
)
from truceline.simulate._lending import lend, lend_places, lend_rows, lend_rules, lend_sums
from truceline.simulate._pool import grow_pool, lend_pool, make_pool, open_cluster, push, take
from truceline.simulate.results import N_CHAIN

_ROOM = 2 * at.CHILDREN_MAX
_NOBODY = np.uint64(0)


@njit(cache=True, nogil=True, forceinline=True)
def _record(  # type: ignore[no-untyped-def]
    rows, state, key, parent, root, time, km, side, rung, light, size, deliberate, moved, stage, named, false
):  # fmt: skip
    """Write a row; count it even where there is no room, so that the caller knows how many there are."""
    n = state[pl.N_ROWS]
    state[pl.N_ROWS] += 1
    if n >= len(rows.key):
        return
    rows.key[n] = key
    rows.parent[n] = parent
    rows.root[n] = root
    rows.real[n, 0] = time
    rows.real[n, 1] = km
    rows.whole[n, 0] = side
    rows.whole[n, 1] = rung
    rows.whole[n, 2] = light
    rows.whole[n, 3] = size
    rows.whole[n, 4] = deliberate
    rows.whole[n, 5] = moved
    rows.whole[n, 6] = stage
    rows.whole[n, 7] = named
    rows.whole[n, 8] = false


@njit(cache=True, nogil=True, forceinline=True)
def _background(p, law, places, pool, state, head, today, day, key, side):  # type: ignore[no-untyped-def]
    """Put one background candidate on the day, at its place or elsewhere, or not at all."""
    b = find_bin(places, uniform(key, at.WHERE))
    rung = draw_kind(law, uniform(key, at.KIND))
    light = draw_state(places, key, p[at.NIGHT_SHARE])
    deliberate, moved, undone, to = decide(p, law, places, key, b, rung, light, today)
    if undone:
        return
    if moved:
        light = places.least_state[to, rung]
    time = day + hour_in(places, light, uniform(key, at.HOUR))
    km = (to + uniform(key, at.WITHIN)) * places.bin_km
    i = push(pool, state, head, day, key, _NOBODY, time, km)
    pool.whole[i, pl.SIDE] = side
    pool.whole[i, pl.RUNG] = rung
    pool.whole[i, pl.DEPTH] = 0
    pool.whole[i, pl.CROSS] = 0
    pool.whole[i, pl.SLOT] = -1
    pool.whole[i, pl.LIGHT] = light
    pool.whole[i, pl.DELIBERATE] = deliberate
    pool.whole[i, pl.MOVED] = moved


@njit(cache=True, nogil=True, forceinline=True)
def _observe(p, places, today, tally, named, sums, day, key, b, side, rung, light, size):  # type: ignore[no-untyped-def]
    """Let an incident be seen or not; return how far it came (0 to 3) and the side named, -1 for none."""
    u = uniform(key, at.SEEN)
    stage = 0
    if u < places.seen[b, light, rung, 0]:
        stage = 1 + (u < places.seen[b, light, rung, 1]) + (u < places.seen[b, light, rung, 2])
    sector = places.sector[b]
    for s in range(stage + 1):
        sums.by_rung[rung, s] += 1
        sums.by_sector[sector, side, s] += 1
    if stage == 0:
        return 0, -1
    today[at.DAY_DETECTED] += 1
    today[at.DAY_VIOLATIONS_DETECTED] += size
    today[at.DAY_VERIFIED] += stage >= 2
    if stage < 3:
        return stage, -1
    today[at.DAY_ATTRIBUTED] += 1
    if uniform(key, at.NAMED) < p[at.WRONG]:
        tally[at.M_WRONG] += 1
        named[day, 1 - side] += 1
        return 3, 1 - side
    named[day, side] += 1
    named[day, 2 + side] += 1
    return 3, side


@njit(cache=True, nogil=True, forceinline=True)
def _follow(  # type: ignore[no-untyped-def]
    p, law, n_days, pool, state, head, tally, sums, key, time, km, side, rung, depth, slot, verified
):  # fmt: skip
    """Put the offspring of an incident on their days; return the place of its cluster, if any waits."""
    mean_cross = law.cross_after if verified else p[at.CROSS_MEAN]
    none_cross = law.none_cross_after if verified else law.none_cross
    up = law.up_after if verified else p[at.UP]
    n_self = min(invert_poisson(uniform(key, at.N_SELF), p[at.SELF_MEAN], law.none_self), at.CHILDREN_MAX)
    n_cross = min(invert_poisson(uniform(key, at.N_CROSS), mean_cross, none_cross), at.CHILDREN_MAX)
    if n_cross == 0:
        tally[at.M_UNANSWERED] += 1
    for n in range(n_self + n_cross):
        cross = 1 if n >= n_self else 0
        child = child_key(key, at.CHILDREN_MAX + n - n_self if cross else n)
        due = time - p[at.DELAY_MEAN] * math.log(uniform(child, at.DELAY))
        if due >= n_days:
            continue
        place = fold(km + p[at.SPREAD] * normal(child, at.STEP), law.length)
        u = uniform(child, at.RUNG_STEP)
        to = rung
        if u < up:
            to = min(rung + 1, 4)
        elif u >= 1.0 - law.down:
            to = max(rung - 1, 0)
        sums.ladder[rung, to] += 1
        if slot < 0:
            slot = open_cluster(pool, state, key)
        pool.cluster[slot, pl.PENDING] += 1
        i = push(pool, state, head, int(due), child, key, due, place)
        pool.whole[i, pl.SIDE] = 1 - side if cross else side
        pool.whole[i, pl.RUNG] = to
        pool.whole[i, pl.DEPTH] = depth + cross
        pool.whole[i, pl.CROSS] = cross
        pool.whole[i, pl.SLOT] = slot
        pool.whole[i, pl.LIGHT] = -1
        pool.whole[i, pl.DELIBERATE] = 0
        pool.whole[i, pl.MOVED] = 0
    return slot


@njit(cache=True, nogil=True, forceinline=True)
def _close_cluster(pool, state, tally, sums, slot, depth):  # type: ignore[no-untyped-def]
    """Take an offspring that has happened from its cluster, which is over when it was the last one."""
    pool.cluster[slot, pl.CHAIN] = max(pool.cluster[slot, pl.CHAIN], depth)
    pool.cluster[slot, pl.PENDING] -= 1
    if pool.cluster[slot, pl.PENDING] == 0:
        chain = pool.cluster[slot, pl.CHAIN]
        sums.chains[min(chain, N_CHAIN - 1)] += 1
        tally[at.M_UNANSWERED_CLUSTERS] += chain == 0
        pool.cluster[slot, pl.SLOT_NEXT] = state[pl.SLOT_FREE]
        state[pl.SLOT_FREE] = slot


@njit(cache=True, nogil=True, forceinline=True)
def _happen(p, law, places, n_days, pool, state, head, cdf, today, tally, named, sums, rows, day):  # type: ignore[no-untyped-def]
    """Let the last incident put on this day happen: its size, who sees it, and what follows from it."""
    i = take(pool, state, head, day)
    key, parent, time, km = pool.key[i], pool.parent[i], pool.real[i, 0], pool.real[i, 1]
    side, rung = np.int64(pool.whole[i, pl.SIDE]), np.int64(pool.whole[i, pl.RUNG])
    depth, cross = np.int64(pool.whole[i, pl.DEPTH]), np.int64(pool.whole[i, pl.CROSS])
    slot, light = np.int64(pool.whole[i, pl.SLOT]), np.int64(pool.whole[i, pl.LIGHT])
    deliberate, moved = np.int64(pool.whole[i, pl.DELIBERATE]), np.int64(pool.whole[i, pl.MOVED])
    if light < 0:
        light = state_at(places, key, time, day)
    size = draw_size(law, cdf, state[pl.FILLED], uniform(key, at.SIZE))
    state[pl.FILLED] = max(state[pl.FILLED], size)
    today[at.DAY_INCIDENTS] += 1
    today[at.DAY_VIOLATIONS] += size
    today[at.DAY_REPLIES] += cross
    tally[at.M_HIGHEST] = max(tally[at.M_HIGHEST], rung)
    b = bin_of(places, km)
    stage, blamed = _observe(p, places, today, tally, named, sums, day, key, b, side, rung, light, size)
    if len(rows.key) > 0:
        root = key if slot < 0 else pool.root[slot]
        _record(
            rows, state, key, parent, root, time, km, side, rung, light, size, deliberate, moved,
            stage, blamed, 0,
        )  # fmt: skip
    cluster = _follow(
        p, law, n_days, pool, state, head, tally, sums, key, time, km, side, rung, depth, slot, stage >= 2
    )
    if slot >= 0:
        _close_cluster(pool, state, tally, sums, slot, depth)
        return
    today[at.DAY_BACKGROUND] += 1
    tally[at.M_CLUSTERS] += 1
    if cluster < 0:
        tally[at.M_UNANSWERED_CLUSTERS] += 1
        sums.chains[0] += 1


@njit(cache=True, nogil=True, forceinline=True)
def _false_report(p, law, places, state, today, tally, named, rows, day, key):  # type: ignore[no-untyped-def]
    """Let a report come with nothing behind it, where anybody looks; it is checked as a true one would be."""
    b = min(int(uniform(key, at.WHERE) * places.n_bins), places.n_bins - 1)
    rung = draw_kind(law, uniform(key, at.KIND))
    light = draw_state(places, key, p[at.NIGHT_SHARE])
    p_detect = places.seen[b, light, rung, 0]
    if p_detect <= 0.0:
        return
    today[at.DAY_FALSE_REPORTS] += 1
    u = uniform(key, at.FALSE_VERIFIED) * p_detect
    stage = 1 + (u < places.seen[b, light, rung, 1]) + (u < places.seen[b, light, rung, 2])
    side = 0 if uniform(key, at.BLAMED) < 0.5 else 1
    if stage == 3:
        named[day, side] += 1
        tally[at.M_FALSE_ATTRIBUTED] += 1
    if len(rows.key) > 0:
        time = day + hour_in(places, light, uniform(key, at.HOUR))
        km = (b + uniform(key, at.WITHIN)) * places.bin_km
        blamed = side if stage == 3 else -1
        _record(rows, state, key, _NOBODY, key, time, km, side, rung, light, 1, 0, 0, stage, blamed, 1)


@njit(cache=True, nogil=True)
def _make_scratch(n_days):  # type: ignore[no-untyped-def]
    """Return what a replicate needs from day to day; used again by the next one."""
    return at.Scratch(
        np.zeros(pl.N_STATE, np.int64),
        np.empty(n_days, np.int32),
        np.empty((at.SIZE_MAX, 2), np.float64),
        np.zeros(n_days, np.int64),
        np.zeros((n_days, 4), np.int64),
        np.zeros((2, n_days + 1), np.float64),
        np.zeros(at.N_DAY_MEASURES, np.int64),
        np.zeros(at.N_MEASURES, np.int64),
        np.zeros(at.N_MARKS, np.float64),
    )


@njit(cache=True, nogil=True)
def _clear(scratch, law, n_rows):  # type: ignore[no-untyped-def]
    """Make the scratch ready for a replicate."""
    scratch.state.fill(0)
    scratch.state[pl.FREE] = -1
    scratch.state[pl.SLOT_FREE] = -1
    scratch.state[pl.N_ROWS] = n_rows
    scratch.state[pl.FILLED] = 1
    scratch.cdf[0, 0] = law.size_none
    scratch.cdf[0, 1] = law.size_none
    scratch.head.fill(-1)
    scratch.daily.fill(0)
    scratch.named.fill(0)
    scratch.hazards.fill(0.0)
    scratch.tally.fill(0)
    scratch.tally[at.M_HIGHEST] = -1
    scratch.marks.fill(np.nan)
    scratch.marks[at.IN_A_ROW] = 0.0


@njit(cache=True, nogil=True)
def _mean_of_day(p, law, weeks, day):  # type: ignore[no-untyped-def]
    """Return the expected background of one side: level of the truce's age times the factor of the week."""
    week = child_key(weeks, day // at.WEEK_DAYS)
    factor = math.exp(law.cox_sigma * normal(week, 0) - law.cox_half)
    level = 1.0 - (1.0 - p[at.LEVEL]) * math.exp(-(day + 0.5) / p[at.RETURN])
    return p[at.RATE] * law.length / at.KM_OF_RATE * level * factor


@njit(cache=True, nogil=True)
def _hold(owned, scratch):  # type: ignore[no-untyped-def]
    """Do nothing: what is named here is kept until here, because nothing else counts that it is in use."""
    return len(owned.key) + len(scratch.state)


@njit(cache=True, nogil=True)
def simulate(matrix, first, held_places, held_rules, held_sums, held_rows):  # type: ignore[no-untyped-def]
    """Simulate every row of `matrix` as replicate first, first + 1, ...; return how many rows there are.

    matrix: (n, PARAMETER_ORDER). measures of the sums: (n, MEASURES), one row each; all others are added to.
    """
    places, rules = lend_places(held_places), lend_rules(held_rules)
    sums, rows = lend_sums(held_sums), lend_rows(held_rows)
    n_days = rules.n_days
    owned = make_pool(pl.POOL_FIRST)
    pool = lend_pool(owned)
    scratch = _make_scratch(n_days)
    state, head, cdf, daily, named, hazards, today, tally, marks = (
        lend(scratch.state),
        lend(scratch.head),
        lend(scratch.cdf),
        lend(scratch.daily),
        lend(scratch.named),
        lend(scratch.hazards),
        lend(scratch.today),
        lend(scratch.tally),
        lend(scratch.marks),
    )
    seed_key = mix(np.uint64(rules.seed) ^ GOLDEN)
    n_rows = 0
    for i in range(len(matrix)):
        p = lend(matrix[i])
        law = make_law(p, places)
        replicate = child_key(seed_key, first + i)
        weeks = child_key(replicate, at.WEEKS)
        background = child_key(replicate, at.BACKGROUND)
        false_reports = child_key(replicate, at.FALSE_REPORTS)
        _clear(scratch, law, n_rows)
        for day in range(n_days):
            today.fill(0)
            mean = _mean_of_day(p, law, weeks, day)
            ran_away = mean > rules.day_incidents_max
            for side in range(0 if ran_away else 2):
                day_key = child_key(background, 2 * day + side)
                for number in range(poisson(day_key, mean)):
                    if state[pl.WAITING] + _ROOM > len(pool.key):
                        owned = grow_pool(owned)
                        pool = lend_pool(owned)
                    key = child_key(day_key, number)
                    _background(p, law, places, pool, state, head, today, day, key, side)
            while head[day] >= 0 and not ran_away:
                if state[pl.WAITING] + _ROOM > len(pool.key):
                    owned = grow_pool(owned)
                    pool = lend_pool(owned)
                _happen(p, law, places, n_days, pool, state, head, cdf, today, tally, named, sums, rows, day)
                ran_away = (
                    today[at.DAY_INCIDENTS] > rules.day_incidents_max
                    or state[pl.WAITING] > rules.in_flight_max
                )
            if not ran_away:
                day_key = child_key(false_reports, day)
                for number in range(poisson(day_key, p[at.FALSE_RATE] * law.length / at.KM_OF_RATE)):
                    key = child_key(day_key, number)
                    _false_report(p, law, places, state, today, tally, named, rows, day, key)
            daily[day] = today[at.DAY_INCIDENTS]
            if ran_away:
                marks[at.RUNAWAY] = day
            close_day(p, law, places, rules, replicate, day, today, tally, daily, named, hazards, marks, sums)
            if ran_away:
                break
        close_replicate(rules, i, tally, hazards, marks, sums)
        n_rows = state[pl.N_ROWS]
    _hold(owned, scratch)
    return n_rows
