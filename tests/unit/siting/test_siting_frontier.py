"""The whole curve: monotone, bounded at every point, explained pick by pick."""

import numpy as np
import pytest
from siting_cases import random_problem

from truceline.errors import InfeasibleError
from truceline.siting import _reference
from truceline.siting.frontier import trace_frontier
from truceline.siting.problems import expected_detection
from truceline.siting.result import explain_choice, find_unseen

KINDS = {
    "posts": {},
    "copies": {"copies": 3, "n_candidates": 5},
    "groups": {"groups": True},
    "all": {"copies": 3, "groups": True, "forced": True, "n_candidates": 5},
}


@pytest.mark.parametrize("kind", KINDS)
def test_bound_holds_at_every_point(kind):
    for seed in range(25):
        problem = random_problem(seed, **KINDS[kind])
        frontier = trace_frontier(problem, max(60.0, problem.forced_cost), n_bounds=3)
        for spent, objective, bound in zip(frontier.spent, frontier.objective, frontier.bound, strict=True):
            if spent == 0:
                continue
            best, _ = _reference.enumerate_best(problem, spent)
            assert objective <= best + 1e-9
            assert bound >= best - 1e-9


def test_points_are_the_values_of_their_postures():
    problem = random_problem(2, copies=2, forced=True)
    frontier = trace_frontier(problem, 70.0)
    assert (np.diff(frontier.spent) > 0).all()
    assert (np.diff(frontier.objective) > 0).all()
    assert frontier.spent[0] == problem.forced_cost
    for spent, objective in zip(frontier.spent, frontier.objective, strict=True):
        copies = frontier.copies_at(spent)
        assert problem.cost @ copies == pytest.approx(spent)
        assert expected_detection(problem, copies) == pytest.approx(objective, abs=1e-9)
    between = 0.5 * (frontier.spent[1] + frontier.spent[2])
    assert frontier.copies_at(between).tolist() == frontier.copies_at(frontier.spent[1]).tolist()
    with pytest.raises(InfeasibleError, match="do not pay for the forced copies"):
        frontier.copies_at(frontier.spent[0] - 1)


def test_more_anchors_never_loosen_the_mean_gap_much_and_the_end_is_tight():
    problem = random_problem(4, n_candidates=40, n_events=200)
    gaps = [trace_frontier(problem, 400.0, n_bounds=n).gap for n in (0, 2, 8)]
    assert gaps[1].mean() < gaps[0].mean()
    assert gaps[2].mean() < gaps[1].mean() + 1e-9
    assert gaps[2][-1] < 0.02


def test_same_input_same_bytes():
    problem = random_problem(6, n_candidates=40, n_events=200, copies=2, groups=True)
    first, second = (trace_frontier(problem, 300.0) for _ in range(2))
    assert first.bound.tobytes() == second.bound.tobytes()
    assert first.order.tobytes() == second.order.tobytes()


def test_time_limit_gives_valid_bounds_and_says_so():
    problem = random_problem(4, n_candidates=40, n_events=200)
    frontier = trace_frontier(problem, 400.0, time_limit_s=0.0)
    assert not frontier.complete
    assert (frontier.bound >= frontier.objective).all()


def test_progress_is_told_and_may_interrupt():
    problem = random_problem(4)
    stages = []
    trace_frontier(problem, 50.0, progress=lambda stage, share: stages.append((stage, share)))
    assert {stage for stage, _ in stages} == {"greedy", "bounds"}
    assert all(0 <= share <= 1 for _, share in stages)

    def stop(stage, share):
        if stage == "bounds":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trace_frontier(problem, 50.0, progress=stop)


@pytest.mark.parametrize("seed", range(10))
def test_contributions_add_up(seed):
    problem = random_problem(seed, copies=3, forced=True)
    frontier = trace_frontier(problem, 80.0)
    picks = explain_choice(problem, frontier.order)
    copies = frontier.copies_at(80.0)
    assert sum(pick.forced for pick in picks) == frontier.n_forced
    assert sum(pick.gain for pick in picks) == pytest.approx(frontier.objective[-1], abs=1e-9)
    assert picks[-1].spent == pytest.approx(frontier.spent[-1])
    for pick in picks:
        without = copies.copy()
        without[pick.candidate] -= 1
        lost = frontier.objective[-1] - expected_detection(problem, without)
        assert pick.loss_if_removed == pytest.approx(lost, abs=1e-9)
    unseen = find_unseen(problem, copies)
    assert unseen.total_share == pytest.approx(problem.weight.sum() - frontier.objective[-1], abs=1e-9)


def test_swaps_better_points_and_never_pass_the_bound():
    better = 0
    for seed in range(12):
        problem = random_problem(seed, n_candidates=10, copies=2)
        plain = trace_frontier(problem, 70.0, n_bounds=3)
        swapped = trace_frontier(problem, 70.0, n_bounds=3, n_swapped=6, anchors=(45.0,))
        assert (swapped.objective == plain.objective).all()
        assert (swapped.reached >= swapped.objective).all()
        assert (swapped.reached <= swapped.bound).all()
        assert (np.diff(swapped.reached) >= 0).all()
        best = swapped.best_at(45.0)
        assert problem.cost @ best.copies == pytest.approx(best.spent)
        assert best.spent <= 45.0 * (1 + 1e-9)
        assert expected_detection(problem, best.copies) == pytest.approx(best.objective, abs=1e-9)
        assert best.objective >= plain.objective[plain.point_at(45.0)] - 1e-12
        better += len(swapped.improved) > 0
    assert better > 0
