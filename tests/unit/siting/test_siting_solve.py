"""Greedy, bounds and set cover against trying everything."""

import numpy as np
import pytest
from siting_cases import random_problem

from truceline.siting import _kernels, _reference, bounds
from truceline.siting.bounds import BoundSearch
from truceline.siting.greedy import pick_greedily
from truceline.siting.problems import build_siting_problem, expected_detection
from truceline.siting.solve import solve

KINDS = {
    "posts": {},
    "equal costs": {"uniform": True},
    "copies": {"copies": 3, "n_candidates": 5},
    "groups": {"groups": True},
    "forced": {"forced": True},
    "all": {"copies": 3, "groups": True, "forced": True, "n_candidates": 5},
}


@pytest.mark.parametrize("kind", KINDS)
def test_answer_and_bound_enclose_the_optimum_of_many_tiny_problems(kind):
    for seed in range(60):
        problem = random_problem(seed, **KINDS[kind])
        budget = max(problem.forced_cost, 10.0 + 7 * (seed % 6))
        best, _ = _reference.enumerate_best(problem, budget)
        result = solve(problem, budget)
        assert _reference.is_allowed(problem, result.copies, budget)
        assert result.objective == pytest.approx(expected_detection(problem, result.copies), abs=1e-12)
        assert result.objective <= best + 1e-9
        assert result.bound >= best - 1e-9
        floor = 1 - 1 / np.e if kind == "equal costs" else 0.5 * (1 - 1 / np.e)
        assert result.objective >= floor * best - 1e-12
        if result.status == "optimal":
            assert result.objective == pytest.approx(best, rel=1e-6)


def test_answers_are_close_to_best_on_average():
    ratio = []
    for seed in range(60):
        problem = random_problem(seed, copies=2)
        best, _ = _reference.enumerate_best(problem, 40.0)
        result = solve(problem, 40.0)
        ratio.append((result.objective / best, result.bound / best))
    value, bound = np.mean(ratio, axis=0)
    assert value > 0.97
    assert bound < 1.15


@pytest.mark.parametrize("seed", range(30))
def test_lazy_greedy_picks_what_plain_greedy_picks(seed):
    problem = random_problem(seed, copies=2, groups=seed % 2 == 1, forced=seed % 3 == 0)
    budget = max(50.0, problem.forced_cost)
    assert pick_greedily(problem, budget).order.tolist() == _reference.pick_greedily(problem, budget)


def test_single_large_post_is_not_missed():
    # A tiny cheap post has the better gain per person and then shuts out the large one.
    problem = build_siting_problem([0.02, 0.98], [0, 1, 2], [0, 1], [5.0, 5.0], [1, 100])
    result = solve(problem, 100)
    assert result.copies.tolist() == [0, 1]
    assert result.method != "greedy per person"


def test_more_money_never_helps_less_and_all_is_optimal():
    problem = random_problem(3, n_candidates=6, copies=2)
    values = [solve(problem, budget).objective for budget in (10, 30, 60, 1000)]
    assert values == sorted(values)
    everything = solve(problem, 1000)
    assert everything.status == "optimal"
    assert everything.copies.tolist() == problem.copies_max.tolist()


def test_kernels_agree_with_their_plain_twins():
    problem = random_problem(5, n_candidates=6, groups=True)
    matrix = (problem.indptr, problem.indices, problem.log_miss)
    residual = problem.weight.copy()
    np.testing.assert_allclose(
        _kernels.gains(*matrix, residual), _reference.gains(problem, residual), rtol=1e-12
    )
    np.testing.assert_allclose(
        _kernels.pull(*matrix, residual), _reference.pull(problem, residual), rtol=1e-12
    )
    copies = np.array([0, 0.5, 0, 1, 2, 0.25])
    expected = copies @ dense(problem, problem.log_miss)
    np.testing.assert_allclose(_kernels.push(*matrix, copies, problem.n_events), expected, rtol=1e-12)


def dense(problem, values):
    out = np.zeros((problem.n_candidates, problem.n_events))
    for i in range(problem.n_candidates):
        row = slice(problem.indptr[i], problem.indptr[i + 1])
        out[i, problem.indices[row]] = values[row]
    return out


def test_event_functions_agree_with_their_plain_twins():
    problem = random_problem(7, n_candidates=6)
    matrix = (problem.indptr, problem.indices, problem.log_miss)
    log_miss = dense(problem, problem.log_miss)
    copies = np.array([0, 0.5, 0, 1, 2, 0.25])
    everything = np.ones(6)
    np.testing.assert_allclose(
        _kernels.greatest(*matrix, everything, problem.n_events), log_miss.max(axis=0), rtol=1e-12
    )
    p_sum = _kernels.push_probability(*matrix, copies, problem.n_events)
    np.testing.assert_allclose(p_sum, copies @ -np.expm1(-log_miss), rtol=1e-12)
    unit = np.where(np.arange(problem.n_events) % 2 == 0, 0.4, 0.0)
    mixed = dense(problem, _kernels.choose_coefficients(*matrix, unit))
    np.testing.assert_allclose(mixed, np.where(unit > 0, -np.expm1(-log_miss), log_miss), rtol=3e-7)
    for total in np.linspace(0, 3, 61):
        for unit_size, steep in ((0.0, 1.0), (0.4, 1.3), (0.9, 2.5)):
            args = (0.3, total, unit_size, steep, 0.5)
            assert _kernels.event_slope(*args) == pytest.approx(_reference.event_slope(*args), rel=1e-9)


@pytest.mark.parametrize("seed", range(10))
def test_ascent_agrees_with_its_plain_twin(seed):
    problem = random_problem(seed, n_candidates=6, copies=2)
    search = BoundSearch(problem, np.array([60.0]))
    coefficient = dense(problem, search._coefficient)
    columns, price = np.arange(6), 0.004
    for _ in range(3):
        events = (search._weight, search._unit, search._steep)
        plain = _reference.ascend(
            coefficient, problem.cost, search._limit, price, search._y, events, bounds.RAMP_SHARE
        )
        _kernels.ascend(
            *search._reach, search._coefficient, problem.cost, search._limit, search._group,
            search._group_start, search._group_member, np.zeros(0), columns, price, search._y,
            search._margin, search._price_of_event, search._total, *events, bounds.RAMP_SHARE,
        )  # fmt: skip
        np.testing.assert_allclose(search._y, plain, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("seed", range(10))
def test_bound_holds_for_any_event_prices(seed):
    problem = random_problem(seed, copies=2, n_candidates=6)
    best, _ = _reference.enumerate_best(problem, 45.0)
    search = BoundSearch(problem, np.array([45.0]))
    random = np.random.default_rng(seed)
    for _ in range(20):
        search._choose_functions((random.random(problem.n_events) < 0.5) & (search._p_top > 0))
        search._price_of_event = search._weight * random.random(problem.n_events) ** 2
        search.bound[:] = np.inf
        search._record(search._gradient())
        assert search.bound[0] >= best - 1e-9


def test_group_limits_tighten_the_bound():
    free = random_problem(9, n_candidates=30, n_events=60)
    places = np.repeat(np.arange(10), 3)
    limited = build_siting_problem(
        free.weight, free.indptr, free.indices, free.log_miss, free.cost, group=places, group_limit=[1] * 10
    )
    loose, tight = solve(free, 150), solve(limited, 150)
    assert tight.bound < loose.bound
    assert tight.gap < 0.1
    assert np.bincount(places, tight.copies).max() == 1


@pytest.mark.parametrize("seed", range(20))
def test_priced_surplus_agrees_with_its_plain_twin(seed):
    problem = random_problem(seed, n_candidates=12, copies=3, groups=True)
    search = BoundSearch(problem, np.array([100.0]))
    gradient = np.random.default_rng(seed).random(12)
    for price in (0.0, 0.01, 0.05, 0.2):
        surplus, _ = search._surplus(gradient, price)
        plain = _reference.best_surplus(
            gradient, problem.cost, search._limit, problem.group, problem.group_limit, price
        )
        assert surplus == pytest.approx(plain, abs=1e-12)


def test_time_limit_still_gives_a_posture_and_a_bound():
    problem = random_problem(1)
    result = solve(problem, 40, time_limit_s=0.0)
    best, _ = _reference.enumerate_best(problem, 40)
    assert result.status in {"time limit", "optimal"}
    assert result.objective <= best <= result.bound + 1e-9


def test_interruption_passes_through_and_leaves_the_problem_usable():
    problem = random_problem(1)
    before = problem.weight.copy()

    def stop(stage, share):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        solve(problem, 40, progress=stop)
    np.testing.assert_array_equal(problem.weight, before)
    assert solve(problem, 40).objective == solve(problem, 40).objective
