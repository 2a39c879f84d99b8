"""Random tiny siting problems for the tests of siting."""

import numpy as np

from truceline.siting.problems import build_siting_problem


def random_problem(seed, *, n_candidates=7, n_events=9, copies=1, groups=False, forced=False, uniform=False):
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
    return build_siting_problem(
        weight / weight.sum() * random.uniform(0.5, 1.0),
        np.concatenate([[0], np.cumsum(seen.sum(axis=1))]),
        np.nonzero(seen)[1],
        -np.log1p(-p_detect[seen]),
        np.full(n_candidates, 8.0) if uniform else random.integers(2, 25, n_candidates),
        copies_max=copies_max,
        forced=problem_forced,
        group=group,
        group_limit=group_limit,
    )
