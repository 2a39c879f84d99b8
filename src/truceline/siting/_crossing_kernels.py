"""Compiled loops of crossings: sweep an exposure field until it is quiet, score losses, sum along segments.

Plain arrays in and out, no checks. Fields are padded: one row and column of inf on every side, so that no
loop asks whether a neighbour exists. `step` is slowness times cell size, inf where nobody can pass. All is
float64. The readable twins are in `_crossing_reference`.
"""

# mypy: allow-untyped-decorators, allow-untyped-defs

from __future__ import annotations

import math

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def settle(step, field, awake, first, last, top, bottom, known, changed, cap, keep_share, n_passes_max):
    """Sweep `field` down to the fixed point of the upwind update; return how many changes were noted, or -1.

    Only cells that are `awake` are updated; a cell that improves wakes its higher neighbours (locking sweeps:
    Bak, McLaughlin and Renzi 2010; the update is Godunov's, Zhao 2005). `first` and `last` bound the awake
    cells of each row (first > last: none), `top` and `bottom` the rows: quiet ground is never looked at. Each
    pass takes the rows in turn, down and up by turns, and runs along each row to the right and back while it
    is in the cache. A value must fall below keep_share of the old one, and below `cap`, to count: cells at or
    above the cap may be left too high, those below it are not.

    changed: padded flat indices of the cells that no longer equal `known`, each once; give it no room (and
    any `known`) when nobody asks. Returns -1 when the passes ran out.
    """
    n_rows, n_columns = field.shape
    none_first, none_last = n_columns, -1
    n_changed = 0
    for n_pass in range(n_passes_max):
        down = n_pass % 2 == 0
        busy = False
        r = top if down else bottom
        while (down and r <= bottom) or (not down and r >= top):
            if first[r] <= last[r]:
                busy = True
                left, right = first[r], last[r]
                # Cells woken behind the way back wait for the next pass.
                late_first, late_last = none_first, none_last
                for way in range(2):
                    c = left if way == 0 else right
                    while left <= c <= right:
                        if awake[r, c]:
                            awake[r, c] = False
                            value = upwind(field, r, c, step[r, c])
                            if value < field[r, c] * keep_share and value < cap:
                                if changed.size > 0 and field[r, c] == known[r, c]:
                                    changed[n_changed] = r * n_columns + c
                                    n_changed += 1
                                field[r, c] = value
                                if c + 2 < n_columns and field[r, c + 1] > value:
                                    awake[r, c + 1] = True
                                    if way == 0:
                                        right = max(right, c + 1)
                                    else:
                                        late_first = min(late_first, c + 1)
                                        late_last = max(late_last, c + 1)
                                if c > 1 and field[r, c - 1] > value:
                                    awake[r, c - 1] = True
                                    left = min(left, c - 1)
                                if r + 2 < n_rows and field[r + 1, c] > value:
                                    wake(awake, first, last, r + 1, c)
                                    bottom = max(bottom, r + 1)
                                if r > 1 and field[r - 1, c] > value:
                                    wake(awake, first, last, r - 1, c)
                                    top = min(top, r - 1)
                        c += 1 if way == 0 else -1
                first[r], last[r] = late_first, late_last
            r += 1 if down else -1
        if not busy:
            return n_changed
    return -1


@njit(cache=True, nogil=True)
def wake(awake, first, last, r, c):
    """Mark a cell for an update and widen its row's bounds."""
    awake[r, c] = True
    first[r] = min(first[r], c)
    last[r] = max(last[r], c)


@njit(cache=True, nogil=True)
def upwind(field, r, c, step):
    """Return the upwind value at a cell from its four neighbours."""
    a = min(field[r - 1, c], field[r + 1, c])
    b = min(field[r, c - 1], field[r, c + 1])
    apart = abs(a - b)  # nan when neither is reached: not below the step, and min(a, b) is inf
    if apart < step < np.inf:
        return 0.5 * (a + b + math.sqrt(2.0 * step * step - apart * apart))
    return min(a, b) + step


@njit(cache=True)
def integrate_segments(slowness, cell_m, start, end, allowed):
    """Return the exposure along straight segments between cells (row, column), inf where not allowed.

    Not padded. Trapezium rule with steps of at most one cell; slowness bilinear between centres. A segment is
    refused when the cell nearest to any step is not allowed; other cells that are not passable lend no value.
    """
    out = np.zeros(start.shape[0])
    for i in range(start.shape[0]):
        dr = end[i, 0] - start[i, 0]
        dc = end[i, 1] - start[i, 1]
        length = math.sqrt(dr * dr + dc * dc)
        n = max(1, math.ceil(length))
        step_m = length / n * cell_m
        for t in range(n + 1):
            r = start[i, 0] + dr * t / n
            c = start[i, 1] + dc * t / n
            if not allowed[math.floor(r + 0.5), math.floor(c + 0.5)]:
                out[i] = np.inf
                break
            share = 0.5 if t == 0 or t == n else 1.0
            out[i] += share * step_m * _bilinear(slowness, allowed, r, c)
    return out


@njit(cache=True)
def _bilinear(field, allowed, r, c):
    """Interpolate a field between cell centres, over allowed cells only; nan when there are none."""
    n_rows, n_columns = field.shape
    r0 = min(max(math.floor(r), 0), n_rows - 1)
    c0 = min(max(math.floor(c), 0), n_columns - 1)
    total = 0.0
    share = 0.0
    for i in range(r0, min(r0 + 2, n_rows)):
        for j in range(c0, min(c0 + 2, n_columns)):
            w = (1.0 - abs(r - i)) * (1.0 - abs(c - j))
            if w > 0.0 and allowed[i, j]:
                total += w * field[i, j]
                share += w
    return total / share if share > 0.0 else np.nan


@njit(cache=True, nogil=True)
def score_losses(
    known_step, known, step, field, awake, first, last, changed, exit_group,
    indptr, cell, lost_step, n_raster_columns, turned, cap, keep_share, n_passes_max, least,
):  # fmt: skip
    """Write the least exposure of each exit group when one sensor alone is lost; -1 when passes ran out.

    known_step, known: the present ground and field. step, field: copies to work on, equal to them before and
    after each sensor. cell: flat indices of the unpadded raster, as its owner lays it; `turned` tells that
    the padded one has rows and columns changed. lost_step: how much the step falls there. least (sensors,
    groups) holds the present least values and is lowered in place.
    """
    for s in range(least.shape[0]):
        top, bottom = step.shape[0], -1
        for k in range(indptr[s], indptr[s + 1]):
            r, c = _padded_place(cell[k], n_raster_columns, turned)
            step[r, c] = max(step[r, c] - lost_step[k], 0.0)
            if known[r, c] > 0.0:
                wake(awake, first, last, r, c)
                top, bottom = min(top, r), max(bottom, r)
        n_changed = settle(
            step, field, awake, first, last, top, bottom, known, changed, cap, keep_share, n_passes_max
        )
        if n_changed < 0:
            return -1
        for k in range(n_changed):
            r, c = changed[k] // field.shape[1], changed[k] % field.shape[1]
            group = exit_group[r, c]
            if group >= 0:
                least[s, group] = min(least[s, group], field[r, c])
            field[r, c] = known[r, c]
        for k in range(indptr[s], indptr[s + 1]):
            r, c = _padded_place(cell[k], n_raster_columns, turned)
            step[r, c] = known_step[r, c]
    return 0


@njit(cache=True, nogil=True)
def _padded_place(cell, n_raster_columns, turned):
    """Return row and column in the padded raster of a cell of the raster as its owner lays it."""
    r, c = cell // n_raster_columns, cell % n_raster_columns
    if turned:
        r, c = c, r
    return r + 1, c + 1


@njit(cache=True)
def weigh_cells(step, field, order, mass, weight):
    """Follow the upwind scheme back from where `mass` lies; return the mass that found no lower neighbour.

    order: padded flat indices by falling field. A cell passes its mass to the two neighbours its value rests
    on, in the shares of the scheme, and notes mass times the length of that step (in cells) in `weight`. Mass
    at the source (field 0) stays there.
    """
    n_columns = field.shape[1]
    lost = 0.0
    for i in order:
        r, c = i // n_columns, i % n_columns
        here = mass[r, c]
        if here == 0.0 or field[r, c] == 0.0:
            continue
        ra = r - 1 if field[r - 1, c] <= field[r + 1, c] else r + 1
        cb = c - 1 if field[r, c - 1] <= field[r, c + 1] else c + 1
        a, b = field[ra, c], field[r, cb]
        share = 1.0 if a <= b else 0.0
        if abs(a - b) < step[r, c]:
            value = upwind(field, r, c, step[r, c])
            share = (value - a) / (2.0 * value - a - b)
        # By rounding a neighbour may be no lower; any other share is a dearer policy, never a wrong bound.
        if a >= field[r, c]:
            share = 0.0
        if b >= field[r, c]:
            if a >= field[r, c]:
                lost += here
                continue
            share = 1.0
        mass[ra, c] += here * share
        mass[r, cb] += here * (1.0 - share)
        weight[r, c] += here * math.sqrt(share * share + (1.0 - share) * (1.0 - share))
    return lost
