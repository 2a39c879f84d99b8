"""Random siting problems for the tests of siting: tiny ones to try every posture, small ones to search."""

import numpy as np

from truceline.siting.problems import build_siting_problem


def random_problem(
    seed,
    *,
    n_candidates=7,
    n_events=9,
    copies=1,
    groups=False,
    forced=False,
    uniform=False,
    cover=False,
    sectors=False,
):
    """A problem small enough to try every posture."""
    random = np.random.default_rng(seed)
    seen = random.random((n_candidates, n_events)) < random.uniform(0.2, 0.8)
    p_detect = random.uniform(0.02, 0.95, seen.shape)
    weight = random.random(n_events)
    copies_max = random.integers(0 if copies > 1 else 1, copies + 1, n_candidates)
    group = random.integers(-1, 3, n_candidates) if groups else None
    problem_forced = np.zeros(n_candidates, dtype=int)
    if forced:
        problem_forced[random.integers(n_candidates)] = 1
        copies_max = np.maximum(copies_max, problem_forced)
    group_limit = random.integers(1, 3, 3) if groups else None
    weight = weight / weight.sum() * random.uniform(0.5, 1.0)
    cost = np.full(n_candidates, 8.0) if uniform else random.integers(2, 25, n_candidates)
    sector = sector_min = None
    if sectors:
        sector = random.integers(-1, 2, n_candidates)
        sector_min = _reachable_minima(random, sector, copies_max, group)
    return build_siting_problem(
        weight,
        np.concatenate([[0], np.cumsum(seen.sum(axis=1))]),
        np.nonzero(seen)[1],
        None if cover else -np.log1p(-p_detect[seen]),
        cost,
        copies_max=copies_max,
        forced=problem_forced,
        group=group,
        group_limit=group_limit,
        sector=sector,
        sector_min=sector_min,
    )


def _reachable_minima(random, sector, copies_max, group):
    """Least numbers that the candidates outside any group can meet."""
    sector_min = np.zeros(2, dtype=int)
    for s in range(2):
        free = (sector == s) & ((group < 0) if group is not None else True)
        sector_min[s] = random.integers(0, 3)
        sector_min[s] = min(sector_min[s], copies_max[free].sum())
    return sector_min


def line_problem(seed, *, n_candidates=150, n_events=800, cover=True, uniform=True, **more):
    """Posts along a line, each seeing part of what is near: large enough for the searches to differ."""
    random = np.random.default_rng(seed)
    site, event = np.sort(random.random(n_candidates)), np.sort(random.random(n_events))
    near = np.abs(site[:, None] - event) < random.uniform(0.01, 0.05, (n_candidates, 1))
    seen = near & (random.random(near.shape) < 0.6)
    p_detect = 0.8 * np.exp(-((np.abs(site[:, None] - event) / 0.03) ** 2))
    return build_siting_problem(
        random.random(n_events),
        np.concatenate([[0], np.cumsum(seen.sum(axis=1))]),
        np.nonzero(seen)[1],
        None if cover else -np.log1p(-p_detect[seen]),
        np.ones(n_candidates) if uniform else random.integers(6, 25, n_candidates),
        **more,
    )
