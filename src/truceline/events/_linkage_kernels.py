# mypy: disable-error-code="no-any-return"
"""Compiled loops for linkage: local density of reports, scores of pairs, search for partners, clustering.

Plain arrays (`pairs.PairData`, `pairs.Tables`, `pairs.Weights`) in, plain arrays out; `_linkage_reference`
holds the slow readable twin of each loop. Degrees, metres, square metres, days; densities per square
kilometre and day. Nothing here checks anything. The loops release the interpreter lock: `pairs` runs them on
a slice of the reports by each thread.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from truceline.geo.ellipsoid import SPHERE_KM_PER_DEGREE

KM_PER_DEG = SPHERE_KM_PER_DEGREE
"""Of latitude, on the sphere: cells need no better, and distances err by less than 0.4 %."""
FLOOR_SCORE = -60.0
"""Least value of a term, so that no logarithm of nothing spoils a mean."""


@njit(cache=True, nogil=True, error_model="numpy")
def row_of(lat: float, cell_km: float) -> int:
    """Return the row of a cell, from the south pole."""
    return math.floor((lat + 90.0) * KM_PER_DEG / cell_km)


@njit(cache=True, nogil=True, error_model="numpy")
def column_of(lon: float, row: int, cell_km: float) -> int:
    """Return the column of a cell; columns of a row are as wide as its middle latitude makes them."""
    lat = (row + 0.5) * cell_km / KM_PER_DEG - 90.0
    return math.floor((lon + 180.0) * KM_PER_DEG * max(math.cos(math.radians(lat)), 0.01) / cell_km)


@njit(cache=True, nogil=True, error_model="numpy")
def number_cells(
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    area: NDArray[np.int64],
    cell_km: float,
    n_columns: int,
) -> NDArray[np.int64]:
    """Return the number of each report's cell; negative, by area, for those that stand for a region."""
    made = np.empty(lon.shape[0], np.int64)
    for i in range(lon.shape[0]):
        if area[i] >= 0:
            made[i] = -1 - area[i]
        else:
            row = row_of(lat[i], cell_km)
            made[i] = row * n_columns + column_of(lon[i], row, cell_km)
    return made


@njit(cache=True, nogil=True, error_model="numpy")
def count_around(
    queries: NDArray[np.int64],
    keys: NDArray[np.int64],
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    area: NDArray[np.int64],
    bins: NDArray[np.int64],
    cell_km: float,
    n_columns: int,
    n_bins: int,
) -> NDArray[np.int32]:
    """Return how many reports lie in the 3 by 3 cells and 3 time bins around each, itself included.

    `keys` are sorted numbers of cell and bin together, of every report.
    """
    made = np.empty(queries.shape[0], np.int32)
    for q in range(queries.shape[0]):
        i = queries[q]
        n = 0
        if area[i] >= 0:
            base = (-1 - area[i]) * n_bins + bins[i]
            n = np.searchsorted(keys, base + 1, side="right") - np.searchsorted(keys, base - 1)
        else:
            middle = row_of(lat[i], cell_km)
            for row in range(middle - 1, middle + 2):
                column = column_of(lon[i], row, cell_km)
                for each in range(column - 1, column + 2):
                    base = (row * n_columns + each) * n_bins + bins[i]
                    first = np.searchsorted(keys, base - 1)
                    if first < keys.shape[0] and keys[first] <= base + 1:
                        n += np.searchsorted(keys[first:], base + 1, side="right")
        made[q] = n
    return made


@njit(cache=True, nogil=True, error_model="numpy")
def distance_m(data: Any, i: int, j: int) -> float:
    """Return the distance of two points, metres."""
    east = (data.lon[j] - data.lon[i]) * math.cos(math.radians(0.5 * (data.lat[i] + data.lat[j])))
    north = data.lat[j] - data.lat[i]
    return 1000.0 * KM_PER_DEG * math.sqrt(east * east + north * north)


@njit(cache=True, nogil=True, error_model="numpy")
def space_term(data: Any, weights: Any, i: int, j: int) -> float:
    """Return how much better one event than two explains the separation of two reports."""
    if data.area[i] >= 0 or data.area[j] >= 0:
        # A region is no place: all that is known is how many reports it has, and what places they name.
        if data.area[i] != data.area[j]:
            return FLOOR_SCORE
        if data.place[i] >= 0 and data.place[j] >= 0 and data.place[i] != data.place[j]:
            return FLOOR_SCORE
        return -max(data.log_density[i], data.log_density[j])
    metres = 1000.0 * KM_PER_DEG
    east = (data.lon[j] - data.lon[i]) * metres * math.cos(math.radians(0.5 * (data.lat[i] + data.lat[j])))
    north = (data.lat[j] - data.lat[i]) * metres
    xx = data.xx[i] + data.xx[j] + weights.floor_m2
    yy = data.yy[i] + data.yy[j] + weights.floor_m2
    xy = data.xy[i] + data.xy[j]
    root = xx * yy - xy * xy
    squared = (yy * east * east - 2.0 * xy * east * north + xx * north * north) / root
    peak = 1.0e6 / (2.0 * math.pi * math.sqrt(root))
    wide = weights.loose_times * weights.loose_times
    away = math.sqrt(east * east + north * north)
    density = weights.core_share * peak * math.exp(-0.5 * squared)
    density += weights.loose_share * peak / wide * math.exp(-0.5 * squared / wide)
    scale = math.sqrt(weights.far_m * weights.far_m + 0.5 * (xx + yy))
    far = max(data.far[i], data.far[j])
    density += far * 1.0e6 / (2.0 * math.pi * scale * scale) * math.exp(-away / scale)
    background = max(data.log_density[i], data.log_density[j])
    # An event breeds others near by in the days after it: what is dated later is likely one of these.
    apart = abs(0.5 * (data.since[i] + data.until[i] - data.since[j] - data.until[j]))
    if apart > 0.5 + max(data.until[i] - data.since[i], data.until[j] - data.since[j]):
        background = max(background, weights.log_near_repeat)
    return max(math.log(density + 1e-300) - background, FLOOR_SCORE)


@njit(cache=True, nogil=True, error_model="numpy")
def time_term(data: Any, weights: Any, i: int, j: int) -> float:
    """Return how much better one event than two explains the times of two reports (per day)."""
    slack = math.sqrt(data.slack[i] * data.slack[i] + data.slack[j] * data.slack[j])
    long_i = max(data.until[i] - data.since[i], slack)
    long_j = max(data.until[j] - data.since[j], slack)
    overlap = min(data.until[i], data.until[j]) - max(data.since[i], data.since[j])
    shared = max(overlap, min(slack, min(long_i, long_j)))
    density = weights.right_time_share * shared / (long_i * long_j)
    if overlap < 0.0:
        density *= math.exp(-0.5 * (overlap / slack) ** 2)
    apart = abs(0.5 * (data.since[i] + data.until[i] - data.since[j] - data.until[j]))
    longest = max(long_i, long_j)
    if longest < 0.25:
        if apart <= weights.wrong_hours_days:
            density += weights.wrong_hour_share / (2.0 * weights.wrong_hours_days)
    elif apart <= 0.5 + longest:
        density += weights.next_day_share / (1.0 + 2.0 * longest)
    scale = weights.wrong_date_days
    share = weights.wrong_date_share
    if longest < 0.25:
        of_posts = data.post[i] >= 0 and data.post[j] >= 0
        share = weights.wrong_date_post_share if of_posts else weights.wrong_date_clock_share
    density += share / (2.0 * scale) * math.exp(-apart / scale)
    return max(math.log(density + 1e-300), FLOOR_SCORE)


@njit(cache=True, nogil=True, error_model="numpy")
def range_term(
    low_i: float, high_i: float, low_j: float, high_j: float, agrees: float, differs: float, most: float
) -> float:
    """Return the weight of two ranges: for where they meet, against by the logarithm of the gap."""
    if math.isnan(low_i) or math.isnan(low_j):
        return 0.0
    above = max(low_i, low_j)
    below = min(high_i, high_j)
    if above <= below:
        return agrees if above > 0 else 0.0
    return max(differs * math.log((above + 0.5) / (below + 0.5)), most)


@njit(cache=True, nogil=True, error_model="numpy")
def count_term(data: Any, weights: Any, i: int, j: int) -> float:
    """Return the weight of the counts, the dead and the injured of two reports."""
    made = 0.0
    if data.unit[i] == data.unit[j]:
        made += range_term(
            data.count_low[i], data.count_high[i], data.count_low[j], data.count_high[j],
            weights.count_agrees, weights.count_differs, weights.count_most,
        )  # fmt: skip
    made += range_term(
        data.killed_low[i], data.killed_high[i], data.killed_low[j], data.killed_high[j],
        weights.count_agrees, weights.count_differs, weights.count_most,
    )  # fmt: skip
    made += range_term(
        data.hurt_low[i], data.hurt_high[i], data.hurt_low[j], data.hurt_high[j],
        weights.count_agrees, weights.count_differs, weights.count_most,
    )  # fmt: skip
    return max(made, weights.count_most)


@njit(cache=True, nogil=True, error_model="numpy")
def word_term(data: Any, tables: Any, i: int, j: int) -> float:
    """Return the weight of the kinds, phases and weapons of two reports."""
    made = tables.kind[data.kind[i], data.kind[j]] + tables.phase[data.phase[i], data.phase[j]]
    return made + tables.weapon[data.weapon[i], data.weapon[j]]


@njit(cache=True, nogil=True, error_model="numpy")
def source_term(data: Any, i: int, j: int) -> float:
    """Return the weight of two reports of one source; two posts of a mission watch independently."""
    if data.source[i] != data.source[j]:
        return 0.0
    if data.post[i] >= 0 and data.post[j] >= 0:
        return min(data.post_cost[i], data.post_cost[j]) if data.post[i] == data.post[j] else 0.0
    return max(data.source_cost[i], data.source_cost[j])


@njit(cache=True, nogil=True, error_model="numpy")
def score_pair(data: Any, tables: Any, weights: Any, i: int, j: int) -> float:
    """Return the logarithm of the odds that two reports describe one event."""
    made = weights.prior + space_term(data, weights, i, j)
    if made < weights.hopeless:
        return made
    made += time_term(data, weights, i, j)
    if made < weights.hopeless:
        return made
    return made + word_term(data, tables, i, j) + source_term(data, i, j) + count_term(data, weights, i, j)


@njit(cache=True, nogil=True, error_model="numpy")
def explain_pairs(
    data: Any, tables: Any, weights: Any, first: NDArray[np.int64], second: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return space, time, words, source, count, distance (m) of each pair (pairs, 6)."""
    made = np.empty((first.shape[0], 6))
    for row in range(first.shape[0]):
        i = first[row]
        j = second[row]
        made[row, 0] = space_term(data, weights, i, j)
        made[row, 1] = time_term(data, weights, i, j)
        made[row, 2] = word_term(data, tables, i, j)
        made[row, 3] = source_term(data, i, j)
        made[row, 4] = count_term(data, weights, i, j)
        made[row, 5] = distance_m(data, i, j)
    return made


@njit(cache=True, nogil=True, error_model="numpy")
def _offer(scores: NDArray[np.float32], others: NDArray[np.int32], score: Any, j: int) -> None:
    """Put a candidate in its place among the best, best first; equal scores keep the smaller number."""
    last = scores.shape[0] - 1
    if score < scores[last] or (score == scores[last] and others[last] >= 0 and j > others[last]):
        return
    at = last
    while at > 0 and (
        scores[at - 1] < score or (scores[at - 1] == score and (others[at - 1] < 0 or others[at - 1] > j))
    ):
        scores[at] = scores[at - 1]
        others[at] = others[at - 1]
        at -= 1
    scores[at] = score
    others[at] = j


@njit(cache=True, nogil=True, error_model="numpy")
def find_partners(
    queries: NDArray[np.int64],
    data: Any,
    tables: Any,
    weights: Any,
    cells: NDArray[np.int64],
    starts: NDArray[np.int64],
    middles: NDArray[np.float64],
    cell_km: float,
    n_columns: int,
    scores: NDArray[np.float32],
    others: NDArray[np.int32],
    least: float,
) -> None:
    """Fill `scores`, `others` (queries, k) with the best partners of each report, best first; -1 is none.

    Cells are searched in squares growing outwards until the report's own reach is covered and enough
    reports were looked at; in each cell the reports nearest in time come first, up to a bound.
    Reports are in the order of cells, then of their middles.
    """
    for q in range(queries.shape[0]):
        i = queries[q]
        half = 0.5 * (data.until[i] - data.since[i])
        middle = 0.5 * (data.since[i] + data.until[i])
        hope = best_words(data, tables, weights, i) - least
        window = half + reach_days(data, weights, i, hope)
        if data.area[i] >= 0:
            _look_in_cell(
                -1 - data.area[i], i, middle, window, data, tables, weights, cells, starts, middles,
                scores[q], others[q], least,
            )  # fmt: skip
            continue
        hope -= math.log(max(2.0 * half, data.slack[i]))
        own = math.ceil(3.0 * math.sqrt(max(data.xx[i], data.yy[i])) / (1000.0 * cell_km))
        most = max(own, math.ceil(weights.search_m / (1000.0 * cell_km)))
        centre = row_of(data.lat[i], cell_km)
        looked = 0
        for ring in range(most + 1):
            if ring > 1:
                if ring > own and looked >= weights.enough:
                    break
                if best_space(data, weights, i, 1000.0 * cell_km * (ring - 1)) + hope < 0.0:
                    break
            for row in range(centre - ring, centre + ring + 1):
                column = column_of(data.lon[i], row, cell_km)
                step = 1 if abs(row - centre) == ring else max(2 * ring, 1)
                for each in range(column - ring, column + ring + 1, step):
                    looked += _look_in_cell(
                        row * n_columns + each, i, middle, window, data, tables, weights, cells, starts,
                        middles, scores[q], others[q], least,
                    )  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")
def best_words(data: Any, tables: Any, weights: Any, i: int) -> float:
    """Return the most that prior, words and counts can bring a report with any partner."""
    made = weights.prior + tables.kind[data.kind[i]].max()
    made += max(tables.phase[data.phase[i]].max(), 0.0) + max(tables.weapon[data.weapon[i]].max(), 0.0)
    for low in (data.count_low[i], data.killed_low[i], data.hurt_low[i]):
        if not math.isnan(low):
            made += weights.count_agrees
    return made


@njit(cache=True, nogil=True, error_model="numpy")
def best_space(data: Any, weights: Any, i: int, away_m: float) -> float:
    """Return the most that place can bring with a partner `away_m` away or farther, however placed.

    Of all Gaussians, the one with variance d^2 / 2 is densest at distance d: 1 / (pi e d^2).
    """
    if data.area[i] >= 0:
        return -data.log_density[i]
    floor = data.xx[i] + weights.floor_m2
    least = max(math.sqrt(floor * (data.yy[i] + weights.floor_m2) - data.xy[i] * data.xy[i]), 1.0)
    near = 1.0e6 / (2.0 * math.pi * least)
    if away_m > 0.0:
        near = min(near, 1.0e6 / (math.pi * math.e * away_m * away_m))
    far = weights.far_share * 1.0e6 / (2.0 * math.pi * weights.far_m * weights.far_m)
    # A partner of wide position has a wider scale of mistakes: its own search finds it.
    far *= math.exp(-away_m / weights.far_m)
    return math.log(near + far) - data.log_density[i]


@njit(cache=True, nogil=True, error_model="numpy")
def reach_days(data: Any, weights: Any, i: int, hope: float) -> float:
    """Return how many days away a partner can still reach the least score, the interval's half aside."""
    wrong = math.log(weights.wrong_date_share / (2.0 * weights.wrong_date_days))
    if best_space(data, weights, i, 0.0) + hope + wrong < 0.0:
        return min(1.5, weights.search_days)
    return weights.search_days


@njit(cache=True, nogil=True, error_model="numpy")
def _look_in_cell(
    cell: int,
    i: int,
    middle: float,
    window: float,
    data: Any,
    tables: Any,
    weights: Any,
    cells: NDArray[np.int64],
    starts: NDArray[np.int64],
    middles: NDArray[np.float64],
    scores: NDArray[np.float32],
    others: NDArray[np.int32],
    least: float,
) -> int:
    """Offer the reports of one cell, nearest in time first, and return how many were looked at."""
    at = np.searchsorted(cells, cell)
    if at == cells.shape[0] or cells[at] != cell:
        return 0
    first = starts[at]
    after = starts[at + 1]
    up = first + np.searchsorted(middles[first:after], middle)
    down = up - 1
    looked = 0
    while looked < weights.most_in_cell:
        gap_up = middles[up] - middle if up < after else np.inf
        gap_down = middle - middles[down] if down >= first else np.inf
        if min(gap_up, gap_down) > window:
            break
        if gap_up <= gap_down:
            j = up
            up += 1
        else:
            j = down
            down -= 1
        looked += 1
        if j == i:
            continue
        score = np.float32(score_pair(data, tables, weights, i, j))
        if score >= least:
            _offer(scores, others, score, j)
    return looked


@njit(cache=True, nogil=True, error_model="numpy")
def _root(parent: NDArray[np.int64], i: int) -> int:
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@njit(cache=True, nogil=True, error_model="numpy")
def _may_join(
    data: Any, tables: Any, weights: Any, one: int, other: int, following: NDArray[np.int64]
) -> bool:
    """Tell whether two clusters belong together: the mean of all cross scores, and no pair unthinkable."""
    total = 0.0
    n = 0
    i = one
    seen_i = 0
    while i >= 0 and seen_i < weights.most_members:
        j = other
        seen_j = 0
        while j >= 0 and seen_j < weights.most_members:
            score = score_pair(data, tables, weights, i, j)
            if score < weights.veto:
                return False
            total += score
            n += 1
            j = following[j]
            seen_j += 1
        i = following[i]
        seen_i += 1
    return total >= weights.link * n


@njit(cache=True, nogil=True, error_model="numpy")
def join_clusters(
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    data: Any,
    tables: Any,
    weights: Any,
    parent: NDArray[np.int64],
    following: NDArray[np.int64],
    last: NDArray[np.int64],
    incident: NDArray[np.int64],
    by_hand: NDArray[np.bool_],
    barred_report: NDArray[np.int64],
    barred_incident: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Join clusters along pairs given in falling order of score; return which pairs bridge two incidents.

    `parent`, `following` and `last` are a forest with the members of each cluster as a list from its root:
    as given, members of known incidents are together already. `incident` (by root) is the known incident,
    or -1. Two known incidents are never joined, and a report never joins an incident it is barred from.
    Where a hand put members together (`by_hand`, by root) they need not agree: one good pair is enough.
    """
    bridges = np.empty(first.shape[0], np.int64)
    n_bridges = 0
    for row in range(first.shape[0]):
        one = _root(parent, first[row])
        other = _root(parent, second[row])
        if one == other:
            continue
        if incident[one] >= 0 and incident[other] >= 0:
            if incident[one] != incident[other] and _may_join(data, tables, weights, one, other, following):
                bridges[n_bridges] = row
                n_bridges += 1
            continue
        told = by_hand[one] or by_hand[other]
        if not told and not _may_join(data, tables, weights, one, other, following):
            continue
        known = max(incident[one], incident[other])
        if known >= 0 and barred_report.shape[0] > 0:
            loose = other if incident[one] >= 0 else one
            if _is_barred(loose, known, following, barred_report, barred_incident):
                continue
        # The root of the earlier report stays, so that the order of members never depends on scores.
        keep, gone = (one, other) if one < other else (other, one)
        parent[gone] = keep
        following[last[keep]] = gone
        last[keep] = last[gone]
        incident[keep] = known
        by_hand[keep] = told
    return bridges[:n_bridges]


@njit(cache=True, nogil=True, error_model="numpy")
def _is_barred(
    root: int,
    known: int,
    following: NDArray[np.int64],
    barred_report: NDArray[np.int64],
    barred_incident: NDArray[np.int64],
) -> bool:
    i = root
    while i >= 0:
        at = np.searchsorted(barred_report, i)
        while at < barred_report.shape[0] and barred_report[at] == i:
            if barred_incident[at] == known:
                return True
            at += 1
        i = following[i]
    return False
