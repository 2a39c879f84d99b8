"""Compiled loops that sweep the ground outwards from many observers at once.

Grid steps (row, column) and metres; plain arrays in and out, nothing checked. Terrain is a window of heights
with unknown ground far below (`UNKNOWN_M`) and wide enough that no observer looks past its rim, once as it is
and once transposed, so that all four quadrants run along rows. `N_LANES` observers are swept together: every
index and weight depends on the step alone, so the innermost loops run over lanes that lie side by side in
memory. The readable twin, one observer and one quadrant at a time, is in `_sweep_reference`.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

N_LANES = 32
"""Observers swept together: enough that checking arrays for overlap costs nothing beside the work (8 lanes
measured four times slower each)."""
UNKNOWN_M = np.float32(-1.0e7)
"""Height that stands for unknown ground: it hides nothing, and nothing on it is ever seen."""
NOTHING_YET = np.float32(-1.0e30)
"""Horizon before any ground has been met."""

_FAST = {"nnan", "ninf", "nsz"}
"""What the compiler may assume: no NaN and no infinity here. It may not regroup or fuse operations, so that
an observer gets the same bytes in any lane, on any machine."""


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")
def _load_eight(ground, rows, cols, eye_m, lane, d_row, half, drop_m, slope):  # type: ignore[no-untyped-def]
    """Write the slopes (height / steps) of one row of ground into lanes lane..lane + 7.

    Eight named rows: the compiler then keeps their addresses in registers and writes the lanes together.
    """
    k = abs(d_row)
    inv = np.float32(1.0 / k)
    per_step2 = np.float32(drop_m)
    sunk = np.float32(drop_m * k * k)
    n = 2 * half + 1
    g0 = ground[rows[lane] + d_row, cols[lane] - half :]
    g1 = ground[rows[lane + 1] + d_row, cols[lane + 1] - half :]
    g2 = ground[rows[lane + 2] + d_row, cols[lane + 2] - half :]
    g3 = ground[rows[lane + 3] + d_row, cols[lane + 3] - half :]
    g4 = ground[rows[lane + 4] + d_row, cols[lane + 4] - half :]
    g5 = ground[rows[lane + 5] + d_row, cols[lane + 5] - half :]
    g6 = ground[rows[lane + 6] + d_row, cols[lane + 6] - half :]
    g7 = ground[rows[lane + 7] + d_row, cols[lane + 7] - half :]
    e0 = eye_m[lane] + sunk
    e1 = eye_m[lane + 1] + sunk
    e2 = eye_m[lane + 2] + sunk
    e3 = eye_m[lane + 3] + sunk
    e4 = eye_m[lane + 4] + sunk
    e5 = eye_m[lane + 5] + sunk
    e6 = eye_m[lane + 6] + sunk
    e7 = eye_m[lane + 7] + sunk
    for i in range(n):
        c = np.float32(i - half)
        down = per_step2 * c * c
        slope[i, lane] = (g0[i] - e0 - down) * inv
        slope[i, lane + 1] = (g1[i] - e1 - down) * inv
        slope[i, lane + 2] = (g2[i] - e2 - down) * inv
        slope[i, lane + 3] = (g3[i] - e3 - down) * inv
        slope[i, lane + 4] = (g4[i] - e4 - down) * inv
        slope[i, lane + 5] = (g5[i] - e5 - down) * inv
        slope[i, lane + 6] = (g6[i] - e6 - down) * inv
        slope[i, lane + 7] = (g7[i] - e7 - down) * inv


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")
def _load_row(ground, rows, cols, eye_m, d_row, half, drop_m, slope):  # type: ignore[no-untyped-def]
    """Write the slopes of one row of ground into all lanes, the last column twice for who looks beyond it."""
    for lane in range(0, N_LANES, 8):
        _load_eight(ground, rows, cols, eye_m, lane, d_row, half, drop_m, slope)
    for s in range(N_LANES):
        slope[2 * half + 1, s] = slope[2 * half, s]


@njit(cache=True, nogil=True)
def _forget(n_rays, horizon):  # type: ignore[no-untyped-def]
    """Put every ray back to where no ground has been met."""
    for j in range(2 * n_rays + 2):
        for s in range(N_LANES):
            horizon[j, s] = NOTHING_YET


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")
def _advance(k, half, n_rays, slope, horizon):  # type: ignore[no-untyped-def]
    """Let every ray meet row k: raise its horizon to the ground there, linear between two posts."""
    first = n_rays - (half * n_rays) // k
    step = k / n_rays
    for j in range(first, 2 * n_rays - first + 1):
        at = (j - n_rays) * step + half
        i = int(at)
        w = np.float32(at - i)
        for s in range(N_LANES):
            met = slope[i, s] + (slope[i + 1, s] - slope[i, s]) * w
            horizon[j, s] = max(horizon[j, s], met)


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")
def _look_at_row(k, half, inner, n_rays, slope, horizon, need):  # type: ignore[no-untyped-def]
    """Write the least visible height (m) of the `inner` columns either side of row k."""
    steps = np.float32(k)
    per_column = n_rays / k
    for i in range(half - inner, half + inner + 1):
        at = (i - half) * per_column + n_rays
        j = int(at)
        w = np.float32(at - j)
        o = i - half + inner
        for s in range(N_LANES):
            hidden = horizon[j, s] + (horizon[j + 1, s] - horizon[j, s]) * w
            need[o, s] = max((hidden - slope[i, s]) * steps, np.float32(0.0))


@njit(cache=True, nogil=True)
def _first_at_least(values, low, high, wanted):  # type: ignore[no-untyped-def]
    """Return the first position in low..high of a rising array whose value is at least `wanted`."""
    while low < high:
        middle = (low + high) // 2
        if values[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")
def sweep_targets(  # type: ignore[no-untyped-def]
    ground, rows, cols, eye_m, sign, reach, half_width, n_rays, drop_m, start, other, slot,
    slope, horizon, need,
):  # fmt: skip
    """Sweep one quadrant and write the least visible height of listed targets into need[lane, slot].

    rows, cols, eye_m: (N_LANES,) place in the window and elevation of the eye. sign: -1 towards row 0, +1
    away. reach: rows to sweep; half_width: (reach + 1,) columns either side of the axis that matter at each
    row. Targets of window row r are start[r]:start[r + 1] with columns `other`, rising, and slots `slot`.
    slope and horizon: work space, (2 reach + 6, N_LANES) and (2 n_rays + 2, N_LANES).
    """
    _forget(n_rays, horizon)
    for k in range(1, reach + 1):
        inner = half_width[k]
        half = min(k, inner + 1)
        _load_row(ground, rows, cols, eye_m, sign * k, half, drop_m, slope)
        per_column = n_rays / k
        for s in range(N_LANES):
            r = rows[s] + sign * k
            last = start[r + 1]
            t = _first_at_least(other, start[r], last, cols[s] - inner)
            while t < last and other[t] <= cols[s] + inner:
                c = other[t] - cols[s]
                at = c * per_column + n_rays
                j = int(at)
                w = np.float32(at - j)
                hidden = horizon[j, s] + (horizon[j + 1, s] - horizon[j, s]) * w
                need[s, slot[t]] = (hidden - slope[c + half, s]) * np.float32(k)
                t += 1
        _advance(k, half, n_rays, slope, horizon)


@njit(cache=True, nogil=True)
def _write_eight(row_need, lane, n, first, at, turned, need):  # type: ignore[no-untyped-def]
    """Write lanes lane..lane + 7 of one swept row into their rasters, along row `at`, or column if turned."""
    r0, r1, r2, r3 = need[lane], need[lane + 1], need[lane + 2], need[lane + 3]
    r4, r5, r6, r7 = need[lane + 4], need[lane + 5], need[lane + 6], need[lane + 7]
    for o in range(n):
        i, j = (first + o, at) if turned else (at, first + o)
        r0[i, j] = row_need[o, lane]
        r1[i, j] = row_need[o, lane + 1]
        r2[i, j] = row_need[o, lane + 2]
        r3[i, j] = row_need[o, lane + 3]
        r4[i, j] = row_need[o, lane + 4]
        r5[i, j] = row_need[o, lane + 5]
        r6[i, j] = row_need[o, lane + 6]
        r7[i, j] = row_need[o, lane + 7]


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")
def sweep_raster(  # type: ignore[no-untyped-def]
    ground, rows, cols, eye_m, sign, turned, reach, half_width, n_rays, drop_m,
    slope, horizon, row_need, need,
):  # fmt: skip
    """Sweep one quadrant and write the least visible height of every cell into need[lane, row, column].

    As `sweep_targets`; need: (N_LANES, 2 reach + 1, 2 reach + 1) around the observers. turned: ground is the
    transposed window, and rows are written as columns. row_need: work space (2 reach + 6, N_LANES).
    """
    _forget(n_rays, horizon)
    for k in range(1, reach + 1):
        inner = half_width[k]
        half = min(k, inner + 1)
        _load_row(ground, rows, cols, eye_m, sign * k, half, drop_m, slope)
        _look_at_row(k, half, inner, n_rays, slope, horizon, row_need)
        aside = inner - 1 if turned and inner == k else inner  # the diagonal belongs to the upright quadrants
        skip = inner - aside
        for lane in range(0, N_LANES, 8):
            _write_eight(row_need[skip:], lane, 2 * aside + 1, reach - aside, reach + sign * k, turned, need)
        _advance(k, half, n_rays, slope, horizon)


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")
def _mark_row(k, half, inner, n_rays, slope, horizon, height_m, marks):  # type: ignore[no-untyped-def]
    """Write for the `inner` columns either side of row k who sees a target of `height_m`: a bit a lane."""
    steps = np.float32(k)
    per_column = n_rays / k
    for i in range(half - inner, half + inner + 1):
        at = (i - half) * per_column + n_rays
        j = int(at)
        w = np.float32(at - j)
        seeing = np.uint32(0)
        for s in range(N_LANES):
            hidden = horizon[j, s] + (horizon[j + 1, s] - horizon[j, s]) * w
            sees = (hidden - slope[i, s]) * steps <= height_m
            seeing |= np.uint32(sees) << np.uint32(s)
        marks[i - half + inner] = seeing


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")
def sweep_marks(  # type: ignore[no-untyped-def]
    ground, rows, cols, eye_m, sign, reach, half_width, n_rays, drop_m, height_m, slope, horizon, marks
):  # fmt: skip
    """Sweep one quadrant and mark who sees a target of `height_m` at every cell: one bit for each lane.

    As `sweep_targets`; marks: (2 reach + 1, 2 reach + 1) uint32 around each observer, rows along the sweep.
    All lanes share a raster, so that it stays in cache where one of heights would not.
    """
    _forget(n_rays, horizon)
    for k in range(1, reach + 1):
        inner = half_width[k]
        half = min(k, inner + 1)
        _load_row(ground, rows, cols, eye_m, sign * k, half, drop_m, slope)
        _mark_row(k, half, inner, n_rays, slope, horizon, height_m, marks[reach + sign * k, reach - inner :])
        _advance(k, half, n_rays, slope, horizon)


@njit(cache=True, nogil=True)
def unpack_marks(marks, outside, seen):  # type: ignore[no-untyped-def]
    """Write bit s of every mark into seen[s]; where `outside` is 255, 255."""
    for s in range(seen.shape[0]):
        for i in range(marks.shape[0]):
            for j in range(marks.shape[1]):
                seen[s, i, j] = np.uint8((marks[i, j] >> np.uint32(s)) & np.uint32(1)) | outside[i, j]


@njit(cache=True, nogil=True)
def add_seen(  # type: ignore[no-untyped-def]
    lanes, pair_start, pair_target, row, col, n_parts, target_row, target_col, rank, first_row, skip, need,
    heights_m, share, out,
):  # fmt: skip
    """Add `share` to out[h, pair] for each of the target's `n_parts` posts seen at height h.

    lanes: observer of each lane in use. Target t has the posts t * n_parts to (t + 1) * n_parts - 1; a post
    lies in slot rank - skip[its row - first_row]; a row below 0 has no ground, and such ground is not seen.
    """
    for s in range(lanes.size):
        o = lanes[s]
        for p in range(pair_start[o], pair_start[o + 1]):
            for t in range(pair_target[p] * n_parts, (pair_target[p] + 1) * n_parts):
                if target_row[t] < 0:
                    continue
                value = np.float32(0.0)
                if target_row[t] != row[o] or target_col[t] != col[o]:
                    value = need[s, rank[t] - skip[target_row[t] - first_row]]
                for h in range(heights_m.size):
                    if value <= heights_m[h]:
                        out[h, p] += share


@njit(cache=True, nogil=True)
def list_seen(  # type: ignore[no-untyped-def]
    fill, lanes, row, col, x_m, y_m, reach_m, target_x_m, target_y_m, reach, start, other, target, need,
    height_max_m, count, out_target, out_distance_m, out_height_m,
):  # fmt: skip
    """Count, or write lane after lane in the order of slots, what each observer sees at up to `height_max_m`.

    row, col: (lanes,) place in the window; start, other: targets by window row; target: number of the target
    in each slot. count: (lanes,), written when fill is False, read when it is True.
    """
    at = 0
    for s in range(lanes.size):
        n = 0
        for r in range(row[s] - reach, row[s] + reach + 1):
            away = abs(r - row[s])
            inner = math.floor(math.sqrt(float(reach * reach - away * away)))
            last = start[r + 1]
            t = _first_at_least(other, start[r], last, col[s] - inner)
            while t < last and other[t] <= col[s] + inner:
                value = max(need[s, t], np.float32(0.0))
                if r == row[s] and other[t] == col[s]:
                    value = np.float32(0.0)
                if value <= height_max_m:
                    dx = target_x_m[target[t]] - x_m[lanes[s]]
                    dy = target_y_m[target[t]] - y_m[lanes[s]]
                    distance_m = math.sqrt(dx * dx + dy * dy)
                    if distance_m <= reach_m[lanes[s]]:
                        if fill:
                            out_target[at] = target[t]
                            out_distance_m[at] = distance_m
                            out_height_m[at] = value
                            at += 1
                        n += 1
                t += 1
        if not fill:
            count[s] = n
