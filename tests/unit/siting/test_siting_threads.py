"""Siting gives the same bytes on one thread and on two, where the problem is large enough to use both."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

CODE = """
import hashlib, sys
import numpy as np
from truceline.siting.bounds import N_NONZERO_FOR_THREADS
from truceline.siting.frontier import trace_frontier
from truceline.siting.problems import build_siting_problem

random = np.random.default_rng(3)
seen = random.random((500, 4000)) < 0.18
log_miss = None if sys.argv[1] == "cover" else random.uniform(0.01, 1.5, int(seen.sum()))
problem = build_siting_problem(
    random.random(4000), np.concatenate([[0], np.cumsum(seen.sum(axis=1))]), np.nonzero(seen)[1], log_miss,
    random.integers(4, 20, 500), group=random.integers(-1, 2, 500), group_limit=[40, 60],
)
assert problem.n_nonzero > N_NONZERO_FOR_THREADS
curve = trace_frontier(problem, 150.0, n_bounds=2, anchors=(80.0,), swap_anchors=True, n_rounds=2)
best = curve.best_at(80.0)
parts = (curve.spent, curve.objective, curve.bound, curve.order, best.copies)
joined = b"".join(np.ascontiguousarray(one).tobytes() for one in parts)
print(len(curve.spent), hashlib.sha256(joined).hexdigest())
"""


@pytest.mark.slow
@pytest.mark.parametrize("objective", ["cover", "joint"])
def test_a_curve_and_its_bounds_are_the_same_bytes_on_one_thread_and_on_two(objective: str) -> None:
    said = []
    for threads in ("1", "2"):
        env = {**os.environ, "NUMBA_NUM_THREADS": threads, "PYTHONPATH": os.pathsep.join(sys.path)}
        run = subprocess.run(
            [sys.executable, "-c", CODE, objective], env=env, capture_output=True, text=True, check=True
        )
        said.append(run.stdout)
    assert int(said[0].split()[0]) > 5
    assert said[0] == said[1]
