"""Fractional postures rounded within every limit, and problems cut down to useful candidates."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from siting_cases import line_problem, random_problem

from truceline.errors import InfeasibleError
from truceline.siting import _reference
from truceline.siting.greedy import pick_greedily
from truceline.siting.problems import check_budget, expected_detection
from truceline.siting.rounding import complete_greedily, find_useful, restrict, round_posture


def greedy_copies(problem, budget):
    path = pick_greedily(problem, budget)
    return path.copies(path.order.size, problem.n_candidates)


def test_posture_is_completed_from_a_part_of_it():
    problem = line_problem(5)
    start = greedy_copies(problem, 12)
    part = np.where(np.arange(start.size) < 60, start, 0)
    np.testing.assert_array_equal(complete_greedily(problem, np.zeros_like(start), 12), start)
    completed = complete_greedily(problem, part, 12)
    assert (completed >= part).all()
    assert completed.sum() == 12


def test_part_that_can_not_be_completed_is_refused():
    problem = line_problem(
        6, sector=np.where(np.arange(150) < 75, 0, -1), sector_min=[4], forbidden=np.zeros(150, dtype=bool)
    )
    part = np.zeros(150, dtype=np.int64)
    part[100:110] = 1
    assert complete_greedily(problem, part, 12) is None
    assert complete_greedily(problem, part, 14) is not None


@given(
    seed=st.integers(0, 10**6),
    groups=st.booleans(),
    forced=st.booleans(),
    sectors=st.booleans(),
    copies=st.integers(1, 3),
    budget=st.integers(8, 80),
)
@settings(max_examples=100, deadline=None)
def test_rounded_postures_keep_every_limit(seed, groups, forced, sectors, copies, budget):
    problem = random_problem(seed, groups=groups, forced=forced, sectors=sectors, copies=copies)
    try:
        check_budget(problem, budget)
    except InfeasibleError:
        return
    random = np.random.default_rng(seed)
    fraction = random.random(7) * (problem.copies_max - problem.forced) * (random.random(7) < 0.7)
    rounded = round_posture(problem, fraction, budget, random.random(7))
    if rounded is not None:
        assert _reference.is_allowed(problem, rounded, budget)
    elif not sectors:
        raise AssertionError("only a sector's least number can be out of reach")


def test_whole_posture_is_rounded_to_itself():
    problem = line_problem(7)
    copies = greedy_copies(problem, 12)
    np.testing.assert_array_equal(round_posture(problem, copies.astype(float), 12, np.full(150, 0.5)), copies)


def test_half_a_copy_is_rounded_up_only_where_the_threshold_is_reached():
    problem = random_problem(5, uniform=True)
    fraction = np.zeros(7)
    fraction[[1, 4]] = 0.5
    threshold = np.where(np.arange(7) == 1, 0.4, 0.6)
    assert round_posture(problem, fraction, 8.0, threshold).tolist() == [0, 1, 0, 0, 0, 0, 0]


@pytest.mark.parametrize("cover", [True, False])
def test_restricted_problem_values_its_postures_as_the_whole_does(cover):
    problem = random_problem(3, n_candidates=9, copies=2, cover=cover, groups=True)
    kept = np.array([0, 3, 4, 8])
    small = restrict(problem, kept)
    copies = np.zeros(9, dtype=np.int64)
    copies[kept] = [1, 0, 2, 1]
    assert expected_detection(small, copies[kept]) == expected_detection(problem, copies)
    np.testing.assert_array_equal(small.group, problem.group[kept])


def test_useful_candidates_include_the_posture_in_hand_and_leave_out_the_worthless():
    problem = line_problem(8)
    copies = greedy_copies(problem, 12)
    residual = problem.weight * 0.5
    kept = find_useful(problem, residual, np.zeros(150), copies, 12)
    assert set(np.flatnonzero(copies)) <= set(kept.tolist())
    assert kept.size < 150
    worth = [
        float(residual[problem.indices[a:b]].sum())
        for a, b in zip(problem.indptr[:-1], problem.indptr[1:], strict=True)
    ]
    assert int(np.argmax(worth)) in kept
