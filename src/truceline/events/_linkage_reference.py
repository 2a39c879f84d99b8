"""The loops of `_linkage_kernels`, slow and readable: every pair of reports, one at a time.

For tests alone. Same units; `data` holds the arrays of `pairs.PairData`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from truceline.events._linkage_kernels import FLOOR_SCORE, KM_PER_DEG
from truceline.events.pairs import Layout

IntArray = NDArray[np.int64]


def separation_m(layout: Layout, i: int, j: int) -> tuple[float, float]:
    """Return how far j is east and north of i."""
    data = layout.data
    middle = math.radians((data.lat[i] + data.lat[j]) / 2)
    per_degree = 1000 * KM_PER_DEG
    return (
        (data.lon[j] - data.lon[i]) * per_degree * math.cos(middle),
        (data.lat[j] - data.lat[i]) * per_degree,
    )


def space_term(layout: Layout, i: int, j: int) -> float:
    """Return the log likelihood ratio of the separation of two reports."""
    data, weights = layout.data, layout.weights
    background = max(data.log_density[i], data.log_density[j])
    if data.area[i] >= 0 or data.area[j] >= 0:
        names = {int(data.place[k]) for k in (i, j)} - {-1}
        return -float(background) if data.area[i] == data.area[j] and len(names) < 2 else FLOOR_SCORE
    longest = max(data.until[k] - data.since[k] for k in (i, j))
    if abs(data.since[i] + data.until[i] - data.since[j] - data.until[j]) / 2 > 0.5 + longest:
        background = max(background, weights.log_near_repeat)
    apart = np.array(separation_m(layout, i, j))
    one, other = (np.array([[data.xx[k], data.xy[k]], [data.xy[k], data.yy[k]]]) for k in (i, j))
    covariance = one + other + weights.floor_m2 * np.eye(2)

    def gaussian(covariance_m2: NDArray[np.float64]) -> float:
        squared = float(apart @ np.linalg.inv(covariance_m2) @ apart)
        return math.exp(-squared / 2) / (2 * math.pi * math.sqrt(np.linalg.det(covariance_m2)))

    scale = math.sqrt(weights.far_m**2 + np.trace(covariance) / 2)
    far = math.exp(-math.hypot(*apart) / scale) / (2 * math.pi * scale**2)
    per_m2 = (
        weights.core_share * gaussian(covariance)
        + weights.loose_share * gaussian(weights.loose_times**2 * covariance)
        + max(data.far[i], data.far[j]) * far
    )
    return max(math.log(per_m2 * 1e6 + 1e-300) - float(background), FLOOR_SCORE)


def time_term(layout: Layout, i: int, j: int) -> float:
    """Return the log likelihood ratio of the times of two reports."""
    data, weights = layout.data, layout.weights
    slack = math.hypot(data.slack[i], data.slack[j])
    lengths = [max(data.until[k] - data.since[k], slack) for k in (i, j)]
    overlap = min(data.until[i], data.until[j]) - max(data.since[i], data.since[j])
    right = max(overlap, min(slack, *lengths)) / (lengths[0] * lengths[1])
    if overlap < 0:
        right *= math.exp(-((overlap / slack) ** 2) / 2)
    middles = [(data.since[k] + data.until[k]) / 2 for k in (i, j)]
    apart = abs(middles[0] - middles[1])
    density = weights.right_time_share * right
    if max(lengths) < 0.25:
        if apart <= weights.wrong_hours_days:
            density += weights.wrong_hour_share / (2 * weights.wrong_hours_days)
    elif apart <= 0.5 + max(lengths):
        density += weights.next_day_share / (1 + 2 * max(lengths))
    scale = weights.wrong_date_days
    wrong = weights.wrong_date_share
    if max(lengths) < 0.25:
        wrong = weights.wrong_date_clock_share
        if min(data.post[i], data.post[j]) >= 0:
            wrong = weights.wrong_date_post_share
    density += wrong * math.exp(-apart / scale) / (2 * scale)
    return max(math.log(density + 1e-300), FLOOR_SCORE)


def range_term(one: tuple[float, float], other: tuple[float, float], layout: Layout) -> float:
    """Return the weight of two ranges of numbers."""
    weights = layout.weights
    if math.isnan(one[0]) or math.isnan(other[0]):
        return 0.0
    low, high = max(one[0], other[0]), min(one[1], other[1])
    if low <= high:
        return weights.count_agrees if low > 0 else 0.0
    return max(weights.count_differs * math.log((low + 0.5) / (high + 0.5)), weights.count_most)


def score_pair(layout: Layout, i: int, j: int) -> float:
    """Return the log odds that two reports describe one event."""
    data, tables = layout.data, layout.tables
    words = (
        tables.kind[data.kind[i], data.kind[j]]
        + tables.phase[data.phase[i], data.phase[j]]
        + tables.weapon[data.weapon[i], data.weapon[j]]
    )
    source = 0.0
    if data.source[i] == data.source[j]:
        if data.post[i] < 0 or data.post[j] < 0:
            source = max(data.source_cost[i], data.source_cost[j])
        elif data.post[i] == data.post[j]:
            source = min(data.post_cost[i], data.post_cost[j])
    counts = 0.0
    for what, compared in (("count", data.unit[i] == data.unit[j]), ("killed", True), ("hurt", True)):
        if compared:
            low, high = getattr(data, f"{what}_low"), getattr(data, f"{what}_high")
            counts += range_term((low[i], high[i]), (low[j], high[j]), layout)
    return float(
        layout.weights.prior
        + space_term(layout, i, j)
        + time_term(layout, i, j)
        + words
        + source
        + max(counts, layout.weights.count_most)
    )


def all_partners(layout: Layout, i: int, *, least: float) -> dict[int, float]:
    """Return every other report that scores at least so much with one, with the score."""
    scores = {j: score_pair(layout, i, j) for j in range(len(layout)) if j != i}
    return {j: score for j, score in scores.items() if score >= least}


def join_clusters(
    layout: Layout,
    pairs: list[tuple[int, int]],
    incident: list[int],
    barred: set[tuple[int, int]],
    by_hand: set[int],
) -> tuple[list[frozenset[int]], list[int]]:
    """Return the clusters that pairs, best first, make of the reports, and which pairs bridge incidents."""
    weights = layout.weights
    clusters: list[set[int]] = []
    for i in range(len(layout)):
        known = next((c for c in clusters if incident[i] >= 0 and incident[min(c)] == incident[i]), None)
        if known is None:
            clusters.append({i})
        else:
            known.add(i)
    bridges = []
    for number, (i, j) in enumerate(pairs):
        one, other = (next(c for c in clusters if k in c) for k in (i, j))
        if one is other:
            continue
        scores = [score_pair(layout, a, b) for a in one for b in other]
        fits = min(scores) >= weights.veto and sum(scores) >= weights.link * len(scores)
        incidents = {incident[k] for k in one | other} - {-1}
        if len(incidents) > 1:
            bridges += [number] if fits else []
            continue
        fresh = one if all(incident[k] < 0 for k in one) else other
        is_barred = any((k, number_) in barred for k in fresh for number_ in incidents)
        if (fits or by_hand & (one | other)) and not is_barred:
            clusters.remove(other)
            one |= other
    return [frozenset(cluster) for cluster in clusters], bridges
