"""The blocks' bound holds at every budget, beats the relaxation's, and their picks keep every limit."""

import itertools

import numpy as np
import pytest
from siting_cases import random_problem

from truceline.siting import _reference
from truceline.siting.blocks import bound_by_blocks
from truceline.siting.bounds import BoundSearch
from truceline.siting.cover_program import solve_whole
from truceline.siting.greedy import pick_greedily
from truceline.siting.problems import build_siting_problem, expected_detection

TOLERANCE = 1e-5
"""HiGHS keeps whole numbers within 1e-6 of a copy."""
KINDS = {
    "posts": {},
    "copies": {"copies": 3, "n_candidates": 5},
    "groups": {"groups": True},
    "all": {"copies": 2, "groups": True, "forced": True},
}


def cover_of(problem, *, sectors=False, seed=0):
    random = np.random.default_rng(seed)
    sector = random.integers(-1, 2, problem.n_candidates) if sectors else None
    least = None
    if sectors:
        most = np.bincount(sector[sector >= 0], problem.copies_max[sector >= 0], 2)
        least = np.minimum(most, 1)
    return build_siting_problem(
        problem.weight, problem.indptr, problem.indices, None, problem.cost,
        copies_max=problem.copies_max, forced=problem.forced, group=problem.group,
        group_limit=problem.group_limit, sector=sector, sector_min=least,
    )  # fmt: skip


def line_problem(n_candidates=60, n_events=600, seed=1):
    """Posts along a line, each seeing most of what is near."""
    random = np.random.default_rng(seed)
    site = np.sort(random.uniform(0, 100, n_candidates))
    event = np.sort(random.uniform(0, 100, n_events))
    rows = [
        np.flatnonzero((np.abs(event - at) < 5) & (random.random(n_events) < 0.5)).astype(np.int32)
        for at in site
    ]
    problem = build_siting_problem(
        random.random(n_events),
        np.concatenate([[0], np.cumsum([row.size for row in rows])]),
        np.concatenate(rows),
        None,
        np.ones(n_candidates),
    )
    return problem, event


def prepared(problem, budget):
    search = BoundSearch(problem, np.array([budget]))
    search.improve_at(budget, n_rounds=20)
    path = pick_greedily(problem, budget)
    return search, path.copies(path.order.size, problem.n_candidates)


@pytest.mark.parametrize("sectors", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_bound_holds_for_every_posture_and_picks_keep_the_limits(kind, sectors):
    for seed in range(6):
        problem = cover_of(random_problem(seed, **KINDS[kind]), sectors=sectors, seed=seed)
        budget = max(problem.forced_cost, 45.0)
        search = BoundSearch(problem, np.array([budget]))
        search.improve_at(budget, n_rounds=20)
        copies = problem.forced.astype(np.int64)
        answer = bound_by_blocks(problem, budget, search, copies, n_blocks=1 + seed % 3, n_splits=2)
        for tried in (budget, budget + 9, max(problem.forced_cost, budget - 9)):
            best, _ = _reference.enumerate_best(problem, tried)
            assert answer.at(tried) >= best - TOLERANCE
        if answer.copies_suggested is not None:
            assert _reference.is_allowed(problem, answer.copies_suggested, budget)


def test_blocks_prove_more_than_the_relaxation_and_reach_the_optimum_of_a_line():
    problem, place = line_problem()
    search, copies = prepared(problem, 9.0)
    answer = bound_by_blocks(problem, 9.0, search, copies, place=place, n_blocks=3, n_splits=3)
    whole = solve_whole(problem, 9.0)
    assert whole is not None
    best = expected_detection(problem, whole[0])
    assert whole[1] == pytest.approx(best, rel=1e-3)
    assert answer.n_proved == 3
    assert best - TOLERANCE <= answer.bound
    assert answer.bound - best < 0.5 * (search.bound[0] - best)
    assert expected_detection(problem, answer.copies_suggested) >= expected_detection(problem, copies) - 1e-9


def test_order_is_derived_when_events_have_none():
    problem, place = line_problem()
    shuffled = np.random.default_rng(0).permutation(problem.n_events)
    rank = np.empty(problem.n_events, dtype=np.int32)
    rank[shuffled] = np.arange(problem.n_events, dtype=np.int32)
    rows = [np.sort(rank[problem.indices[a:b]]) for a, b in itertools.pairwise(problem.indptr)]
    mixed = build_siting_problem(
        problem.weight[shuffled], problem.indptr, np.concatenate(rows), None, problem.cost
    )
    search, copies = prepared(mixed, 9.0)
    derived = bound_by_blocks(mixed, 9.0, search, copies, n_blocks=3)
    given = bound_by_blocks(mixed, 9.0, search, copies, place=place[shuffled], n_blocks=3)
    assert derived.bound <= search.bound[0] + 1e-9
    assert derived.bound == pytest.approx(given.bound, rel=0.01)


def test_cut_off_blocks_still_bound_and_same_input_gives_the_same_answer():
    problem, place = line_problem()
    search, copies = prepared(problem, 9.0)
    hurried = bound_by_blocks(problem, 9.0, search, copies, place=place, n_blocks=3, seconds_per_block=0.0)
    assert hurried.bound == pytest.approx(search.bound[0], rel=1e-4)
    first, second = (
        bound_by_blocks(problem, 9.0, search, copies, place=place, n_blocks=4, nodes_per_block=5)
        for _ in range(2)
    )
    assert first.bound == second.bound
    assert first.copies_suggested.tolist() == second.copies_suggested.tolist()


def test_joint_detection_is_refused_and_an_interrupt_ends_the_work():
    problem = random_problem(1)
    search = BoundSearch(problem, np.array([30.0]))
    with pytest.raises(ValueError, match="seen for certain"):
        bound_by_blocks(problem, 30.0, search, np.zeros(problem.n_candidates, dtype=np.int64))
    problem, place = line_problem()
    search, copies = prepared(problem, 9.0)

    def stop(stage, share):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bound_by_blocks(problem, 9.0, search, copies, place=place, n_blocks=3, progress=stop)


@pytest.mark.parametrize("kind", KINDS)
def test_solved_whole_is_the_best_of_all_postures(kind):
    for seed in range(8):
        problem = cover_of(random_problem(seed, **KINDS[kind]))
        budget = max(problem.forced_cost, 40.0)
        best, _ = _reference.enumerate_best(problem, budget)
        answer = solve_whole(problem, budget)
        assert answer is not None
        copies, bound = answer
        assert _reference.is_allowed(problem, copies, budget)
        assert expected_detection(problem, copies) == pytest.approx(best, abs=TOLERANCE)
        assert bound == pytest.approx(best, abs=TOLERANCE)


def test_joint_detection_is_not_solved_whole():
    assert solve_whole(random_problem(1), 30.0) is None
