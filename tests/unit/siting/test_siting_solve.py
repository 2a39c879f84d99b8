"""The answer to a siting problem against trying everything."""

import numpy as np
import pytest
from siting_cases import line_problem, random_problem

from truceline.errors import InfeasibleError
from truceline.siting import _reference
from truceline.siting.problems import build_siting_problem, check_budget, expected_detection
from truceline.siting.solve import solve

KINDS = {
    "posts": {},
    "equal costs": {"uniform": True},
    "copies": {"copies": 3, "n_candidates": 5},
    "groups": {"groups": True},
    "forced": {"forced": True},
    "all": {"copies": 3, "groups": True, "forced": True, "sectors": True, "n_candidates": 5},
    "cover": {"cover": True},
    "cover with equal costs": {"cover": True, "uniform": True},
    "sectors": {"sectors": True},
    "cover with everything": {"cover": True, "groups": True, "forced": True, "sectors": True},
}
N_KICKS = 20


def affordable(problem, budget):
    """The budget, raised to what must be in or the cheapest candidate."""
    for _ in range(60):
        try:
            check_budget(problem, budget)
        except InfeasibleError:
            budget += 5
        else:
            return budget
    raise AssertionError("no budget is enough")


@pytest.mark.parametrize("kind", KINDS)
def test_answer_and_bound_enclose_the_optimum_of_many_tiny_problems(kind):
    for seed in range(40):
        problem = random_problem(seed, **KINDS[kind])
        budget = affordable(problem, 10.0 + 7 * (seed % 6))
        best, _ = _reference.enumerate_best(problem, budget)
        result = solve(problem, budget, n_kicks=N_KICKS)
        assert _reference.is_allowed(problem, result.copies, budget)
        assert result.objective == pytest.approx(expected_detection(problem, result.copies), abs=1e-12)
        np.testing.assert_array_equal(
            np.bincount(result.order, minlength=problem.n_candidates), result.copies
        )
        assert result.objective <= best + 1e-9
        assert result.bound >= best - 1e-9
        floor = 1 - 1 / np.e if KINDS[kind].get("uniform") else 0.5 * (1 - 1 / np.e)
        assert result.objective >= floor * best - 1e-12
        if result.status == "optimal":
            assert result.objective == pytest.approx(best, rel=1e-6)


@pytest.mark.parametrize("kind", ["copies", "cover with everything", "all"])
def test_answers_are_nearly_always_the_best(kind):
    ratio = []
    for seed in range(100, 140):
        problem = random_problem(seed, **KINDS[kind])
        budget = affordable(problem, 40.0)
        best, _ = _reference.enumerate_best(problem, budget)
        ratio.append(solve(problem, budget, n_kicks=N_KICKS).objective / best)
    assert np.mean(ratio) > 0.995
    assert np.mean(np.array(ratio) > 1 - 1e-9) > 0.9


def test_single_large_post_is_not_missed():
    # A tiny cheap post has the better gain per person and then shuts out the large one.
    problem = build_siting_problem([0.02, 0.98], [0, 1, 2], [0, 1], [5.0, 5.0], [1, 100])
    result = solve(problem, 100)
    assert result.copies.tolist() == [0, 1]
    assert result.method != "greedy per person"


def test_more_money_never_helps_less_and_all_is_optimal():
    problem = random_problem(3, n_candidates=6, copies=2)
    values = [solve(problem, budget).objective for budget in (24, 40, 60, 1000)]
    assert values == sorted(values)
    everything = solve(problem, 1000)
    assert everything.status == "optimal"
    np.testing.assert_allclose(everything.objective, expected_detection(problem, problem.copies_max))


def test_same_seed_same_answer():
    problem = line_problem(0, uniform=False)
    first, second = (solve(problem, 200, n_kicks=100, seed=4) for _ in range(2))
    assert (first.objective, first.bound, first.method) == (second.objective, second.bound, second.method)
    np.testing.assert_array_equal(first.order, second.order)


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


def test_blocks_prove_more_and_change_nothing_for_joint_detection():
    problem = line_problem(2)
    plain, proved = (solve(problem, 15, n_kicks=50, blocks=blocks) for blocks in (False, "auto"))
    assert plain.gap > 1e-3
    assert proved.gap < plain.gap
    assert proved.objective >= plain.objective - 1e-9
    joint = line_problem(2, n_candidates=60, n_events=300, cover=False)
    assert solve(joint, 10, n_kicks=10, blocks=True).bound == solve(joint, 10, n_kicks=10).bound


def test_work_ends_when_the_goal_is_reached():
    problem = line_problem(1)
    steps = []
    easy = solve(problem, 12, goal_gap=0.5, progress=lambda stage, share: steps.append(stage))
    assert easy.gap <= 0.5
    assert "kicks" not in steps


def test_time_limit_still_gives_a_posture_and_a_bound():
    problem = random_problem(1)
    result = solve(problem, 40, time_limit_s=0.0)
    best, _ = _reference.enumerate_best(problem, 40)
    assert result.status in {"time limit", "optimal"}
    assert result.objective <= best <= result.bound + 1e-9


def test_least_numbers_are_met_even_without_time():
    problem = random_problem(2, sectors=True)
    budget = affordable(problem, 20.0)
    result = solve(problem, budget, time_limit_s=0.0)
    assert _reference.is_allowed(problem, result.copies, budget)


def test_interruption_passes_through_and_leaves_the_problem_usable():
    problem = random_problem(1)
    before = problem.weight.copy()

    def stop(stage, share):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        solve(problem, 40, progress=stop)
    np.testing.assert_array_equal(problem.weight, before)
    assert solve(problem, 40).objective == solve(problem, 40).objective


def test_budget_that_cannot_pay_for_the_least_numbers_is_refused():
    problem = build_siting_problem(
        [0.5, 0.5], [0, 1, 2], [0, 1], None, [8, 6], sector=[0, 1], sector_min=[1, 1]
    )
    with pytest.raises(InfeasibleError, match="the least numbers need 14 people, the budget is 13"):
        solve(problem, 13)
    assert solve(problem, 14).objective == pytest.approx(1.0)
