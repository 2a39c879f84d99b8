"""What each pick adds and what would be lost without it, against the objective itself."""

import numpy as np
import pytest
from siting_cases import random_problem

from truceline.siting.problems import expected_detection
from truceline.siting.result import explain_choice, find_unseen


@pytest.mark.parametrize("cover", [True, False])
@pytest.mark.parametrize("seed", range(8))
def test_gains_and_losses_are_differences_of_the_objective(seed, cover):
    problem = random_problem(seed, copies=2, forced=True, cover=cover)
    order = np.repeat(np.arange(problem.n_candidates), problem.copies_max)
    order = np.random.default_rng(seed).permutation(order)
    copies = np.zeros(problem.n_candidates, dtype=np.int64)
    everything = np.bincount(order, minlength=problem.n_candidates)
    for pick in explain_choice(problem, order):
        before = expected_detection(problem, copies)
        copies[pick.candidate] += 1
        assert pick.gain == pytest.approx(expected_detection(problem, copies) - before, abs=1e-9)
        without = everything.copy()
        without[pick.candidate] -= 1
        lost = expected_detection(problem, everything) - expected_detection(problem, without)
        assert pick.loss_if_removed == pytest.approx(lost, abs=1e-9)
        assert pick.objective == pytest.approx(expected_detection(problem, copies), abs=1e-9)


def test_unseen_of_a_cover_is_what_nobody_chosen_sees():
    problem = random_problem(4, cover=True)
    unseen = find_unseen(problem, np.zeros(7, dtype=np.int64))
    assert unseen.total_share == pytest.approx(problem.weight.sum())
    assert unseen.n_unseeable == problem.n_events - np.unique(problem.indices).size
