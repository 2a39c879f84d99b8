"""Swaps and kicks: never worse, within every limit, at a local best, the same for the same seed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from siting_cases import line_problem, random_problem

from truceline.errors import InfeasibleError
from truceline.siting import _reference, _search_kernels, _search_reference
from truceline.siting.greedy import pick_greedily
from truceline.siting.improve import improve
from truceline.siting.postures import Posture
from truceline.siting.problems import check_budget, expected_detection


def greedy_copies(problem, budget):
    path = pick_greedily(problem, budget)
    return path.copies(path.order.size, problem.n_candidates)


@given(
    seed=st.integers(0, 10**6),
    cover=st.booleans(),
    groups=st.booleans(),
    forced=st.booleans(),
    sectors=st.booleans(),
    uniform=st.booleans(),
    copies=st.integers(1, 3),
    budget=st.integers(8, 80),
)
@settings(max_examples=150, deadline=None)
def test_result_is_allowed_and_between_the_start_and_the_best(
    seed, cover, groups, forced, sectors, uniform, copies, budget
):
    problem = random_problem(
        seed,
        n_candidates=6,
        cover=cover,
        groups=groups,
        forced=forced,
        sectors=sectors,
        uniform=uniform,
        copies=copies,
    )
    try:
        check_budget(problem, budget)
    except InfeasibleError:
        return
    start = greedy_copies(problem, budget)
    result = improve(problem, start, budget, n_kicks=10, seed=seed)
    best, _ = _reference.enumerate_best(problem, budget)
    assert _reference.is_allowed(problem, result.copies, budget)
    assert result.objective == expected_detection(problem, result.copies)
    assert expected_detection(problem, start) <= result.objective <= best + 1e-9


@pytest.mark.parametrize("cover", [True, False])
@pytest.mark.parametrize("seed", range(6))
def test_swaps_end_where_no_single_exchange_helps(seed, cover):
    problem = line_problem(seed, n_candidates=40, n_events=80, cover=cover)
    result = improve(problem, greedy_copies(problem, 6), 6)
    assert _search_reference.is_settled(problem, result.copies, 6, 1e-6 * problem.weight.sum())


@pytest.mark.parametrize("cover", [True, False])
@pytest.mark.parametrize("seed", range(10))
def test_one_try_does_what_its_plain_twin_does(seed, cover):
    problem = line_problem(seed, n_candidates=40, n_events=80, cover=cover)
    start = np.zeros(40, dtype=np.int64)
    start[np.random.default_rng(seed).choice(40, 5, replace=False)] = 1
    for candidate in np.flatnonzero(start):
        posture = Posture(problem, start, 5)
        _search_kernels.try_without(posture.reach, posture.limits, posture.state, candidate, False)
        np.testing.assert_array_equal(
            posture.state.copies, _search_reference.swap_once(problem, start, 5, int(candidate))
        )


@pytest.mark.parametrize("per_person", [True, False])
@pytest.mark.parametrize("seed", range(10))
def test_best_open_is_the_best_of_all(seed, per_person):
    problem = line_problem(seed, n_candidates=300, n_events=100, uniform=False)
    copies = np.zeros(300, dtype=np.int64)
    copies[np.random.default_rng(seed).choice(300, 10, replace=False)] = 1
    budget = float(problem.cost @ copies) + 9
    posture = Posture(problem, copies, budget)
    found = _search_kernels.best_open(posture.limits, posture.state, per_person, posture.limits.least)
    plain, gain = _search_reference.find_best_open(problem, copies, budget, per_person=per_person)
    assert found == plain
    assert posture.state.gain[found] == pytest.approx(gain)


@pytest.mark.parametrize("cover", [True, False])
def test_kicks_find_what_swaps_miss(cover):
    gained = []
    for seed in range(6):
        problem = line_problem(seed, cover=cover, uniform=seed % 2 == 0)
        budget = 15 if seed % 2 == 0 else 200
        swapped = improve(problem, greedy_copies(problem, budget), budget)
        kicked = improve(problem, swapped.copies, budget, n_kicks=300)
        gained.append(kicked.objective / swapped.objective - 1)
    assert min(gained) >= 0
    assert max(gained) > 1e-3


def test_same_seed_same_answer_and_other_seeds_go_other_ways():
    problem = line_problem(3)
    start = greedy_copies(problem, 12)
    first, second = (improve(problem, start, 12, n_kicks=40, seed=5) for _ in range(2))
    np.testing.assert_array_equal(first.copies, second.copies)
    assert (first.n_moves, first.n_better) == (second.n_moves, second.n_better)


def test_time_limit_keeps_what_was_found():
    problem = line_problem(4)
    start = greedy_copies(problem, 12)
    result = improve(problem, start, 12, n_kicks=10**9, time_limit_s=0.2)
    assert not result.complete
    assert 0 < result.n_kicks < 10**9
    assert result.objective >= expected_detection(problem, start)


def test_progress_may_interrupt_the_kicks():
    problem = line_problem(4)

    def stop(stage, share):
        if stage == "kicks":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        improve(problem, greedy_copies(problem, 12), 12, n_kicks=100, progress=stop)
