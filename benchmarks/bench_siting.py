"""Time siting on a synthetic line: greedy curve, its bounds, and the crossing of a long belt.

Prints seconds and proven gaps. Usage:
python benchmarks/bench_siting.py [n_candidates] [n_events] [budget_people]
"""

from __future__ import annotations

import sys
import time

import numpy as np

from truceline.siting.crossing import least_exposed_crossing
from truceline.siting.frontier import trace_frontier
from truceline.siting.greedy import pick_greedily
from truceline.siting.problems import SitingProblem, build_siting_problem

LINE_KM, DEPTH_KM, RANGE_KM, P_CLOSE = 1200.0, 20.0, 15.0, 0.75


def line_instance(
    n_candidates: int, n_events: int, *, seen_share: float = 0.3, seed: int = 1
) -> SitingProblem:
    """Return random sites and events along a straight line; a site sees `seen_share` of what is in range."""
    random = np.random.default_rng(seed)
    event_xy = np.column_stack(
        [np.sort(random.uniform(0, LINE_KM, n_events)), random.uniform(-1, 1, n_events) * DEPTH_KM / 2]
    )
    site_xy = np.column_stack(
        [np.sort(random.uniform(0, LINE_KM, n_candidates)), random.uniform(-8, 8, n_candidates)]
    )
    first = np.searchsorted(event_xy[:, 0], site_xy[:, 0] - RANGE_KM)
    last = np.searchsorted(event_xy[:, 0], site_xy[:, 0] + RANGE_KM)
    rows, values = [], []
    for i in range(n_candidates):
        near = np.arange(first[i], last[i])
        distance_km = np.hypot(*(event_xy[near] - site_xy[i]).T)
        seen = (distance_km < RANGE_KM) & (random.random(near.size) < seen_share)
        rows.append(near[seen].astype(np.int32))
        values.append(-np.log1p(-P_CLOSE * np.exp(-((distance_km[seen] / 9.0) ** 2))).astype(np.float32))
    weight = np.exp(-np.abs(event_xy[:, 1]) / 4.0)
    return build_siting_problem(
        weight / weight.sum() * (1 - 1e-12),
        np.concatenate([[0], np.cumsum([row.size for row in rows])]),
        np.concatenate(rows),
        np.concatenate(values),
        random.integers(6, 25, n_candidates),
    )


def main() -> None:
    n_candidates, n_events, budget = (
        int(float(a)) for a in (sys.argv[1:] + ["12000", "230000", "6000"][len(sys.argv) - 1 :])
    )
    started = time.perf_counter()
    tiny = line_instance(50, 300)
    trace_frontier(tiny, 100)
    print(f"compile and load {time.perf_counter() - started:.1f} s")
    problem = line_instance(n_candidates, n_events)
    print(f"{problem.n_candidates:,} candidates, {problem.n_events:,} events, {problem.indices.size:,} seen")
    started = time.perf_counter()
    path = pick_greedily(problem, budget)
    print(f"greedy {time.perf_counter() - started:.2f} s, {path.order.size} picks, {path.gain.sum():.4f}")
    for n_bounds in (4, 8, 16):
        frontier = trace_frontier(problem, budget, n_bounds=n_bounds)
        gap = 100 * frontier.gap[1:]
        print(f"{n_bounds} bounds {frontier.seconds:.2f} s, gap % mean {gap.mean():.2f} max {gap.max():.2f}")
    random = np.random.default_rng(2)
    slowness = np.exp(random.normal(-8, 0.5, (150, 12000)))
    entry, exit_cells = np.zeros(slowness.shape, bool), np.zeros(slowness.shape, bool)
    entry[0], exit_cells[-1] = True, True
    started = time.perf_counter()
    crossing = least_exposed_crossing(slowness, 100.0, entry, exit_cells, np.ones(slowness.shape, bool))
    print(f"{slowness.size:,} cells {time.perf_counter() - started:.2f} s, p_least {crossing.p_least:.3f}")


if __name__ == "__main__":
    main()
