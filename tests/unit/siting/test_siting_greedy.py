"""Greedy picks against plain greedy, and the gains kept current against fresh ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from siting_cases import line_problem, random_problem

from truceline.errors import InfeasibleError
from truceline.siting import _reference, _search_kernels, _search_reference
from truceline.siting.greedy import order_by_use, pick_greedily
from truceline.siting.postures import Posture
from truceline.siting.problems import build_siting_problem, check_budget, expected_detection


@pytest.mark.parametrize("cover", [True, False])
@pytest.mark.parametrize("seed", range(30))
def test_greedy_picks_what_plain_greedy_picks(seed, cover):
    problem = random_problem(seed, copies=2, groups=seed % 2 == 1, forced=seed % 3 == 0, cover=cover)
    budget = max(50.0, problem.forced_cost)
    for per_person in (True, False):
        picked = pick_greedily(problem, budget, per_person=per_person).order.tolist()
        assert picked == _search_reference.pick_greedily(problem, budget, per_person=per_person)


@pytest.mark.parametrize("cover", [True, False])
def test_greedy_over_several_blocks_picks_what_plain_greedy_picks(cover):
    problem = line_problem(1, n_candidates=300, n_events=200, cover=cover, uniform=False)
    assert pick_greedily(problem, 120).order.tolist() == _search_reference.pick_greedily(problem, 120)


@given(
    seed=st.integers(0, 10**6),
    cover=st.booleans(),
    moves=st.lists(st.tuples(st.integers(0, 6), st.booleans()), max_size=30),
)
@settings(max_examples=60, deadline=None)
def test_gains_kept_current_are_the_gains_found_afresh(seed, cover, moves):
    problem = random_problem(seed, copies=3, cover=cover)
    posture = Posture(problem, np.zeros(7, dtype=np.int64), 1000.0)
    for candidate, into in moves:
        if into and posture.state.room[candidate] > 0:
            posture.add(candidate)
        elif not into and posture.state.copies[candidate] > 0:
            _search_kernels.change(posture.reach, posture.limits, posture.state, candidate, -1)
    copies = posture.state.copies
    fresh = [_search_reference.find_gain(problem, copies, i) for i in range(7)]
    np.testing.assert_allclose(posture.state.gain, fresh, atol=1e-7)
    np.testing.assert_allclose(
        posture.state.residual, _search_reference.find_residual(problem, copies), atol=1e-12
    )
    assert posture.state.value[0] == pytest.approx(expected_detection(problem, copies), abs=1e-12)
    assert (posture.state.top[0] >= posture.state.gain - 1e-15).all()


@given(seed=st.integers(0, 10**6), cover=st.booleans(), n_moves=st.integers(1, 20))
@settings(max_examples=40, deadline=None)
def test_rolling_back_restores_the_posture(seed, cover, n_moves):
    problem = random_problem(seed, copies=2, cover=cover, groups=True, sectors=True)
    posture = Posture(problem, np.zeros(7, dtype=np.int64), 1000.0)
    before = [np.array(part) for part in posture.state]
    random = np.random.default_rng(seed)
    for _ in range(n_moves):
        sign = int(random.choice([-1, 1]))
        candidate = int(random.integers(7))
        if sign > 0 or posture.state.copies[candidate] > 0:
            _search_kernels.change(posture.reach, posture.limits, posture.state, candidate, sign)
    _search_kernels.roll_back(posture.reach, posture.limits, posture.state, 0)
    for name, old, new in zip(posture.state._fields, before, posture.state, strict=True):
        if name not in {"log", "top"}:
            np.testing.assert_allclose(new, old, atol=1e-9, err_msg=name)


@given(seed=st.integers(0, 10**6), cover=st.booleans(), groups=st.booleans(), extra=st.integers(0, 60))
@settings(max_examples=150, deadline=None)
def test_least_numbers_are_met_whenever_the_budget_pays_for_them(seed, cover, groups, extra):
    problem = random_problem(seed, copies=2, cover=cover, groups=groups, sectors=True, forced=seed % 2 == 0)
    budget = 1.0
    while True:
        try:
            check_budget(problem, budget)
            break
        except InfeasibleError:
            budget += 1
    path = pick_greedily(problem, budget + extra)
    for n in range(path.n_required, path.order.size + 1):
        assert _reference.is_allowed(problem, path.copies(n, 7), budget + extra)


def test_money_is_held_back_for_the_least_numbers():
    # The useful post of 20 people would leave nothing for the second sector.
    problem = build_siting_problem(
        [0.9, 0.05, 0.05], [0, 1, 2, 3], [0, 1, 2], None, [20, 5, 6], sector=[0, 0, 1], sector_min=[1, 1]
    )
    assert pick_greedily(problem, 25).order.tolist() == [1, 2]
    assert sorted(pick_greedily(problem, 26).order.tolist()) == [0, 2]


def test_first_candidate_that_does_not_fit_is_passed_over():
    problem = build_siting_problem([0.5, 0.5], [0, 1, 2], [0, 1], None, [30, 5])
    assert pick_greedily(problem, 10, first=0).order.tolist() == [1]


def test_time_limit_leaves_a_path_that_is_not_complete():
    problem = line_problem(0)
    path = pick_greedily(problem, 30, time_limit_s=-1.0)
    assert not path.complete
    assert path.order.size == 0


@pytest.mark.parametrize("cover", [True, False])
def test_order_by_use_lists_every_copy_once_with_its_gain(cover):
    problem = random_problem(11, copies=3, forced=True, cover=cover)
    copies = problem.copies_max.astype(np.int64)
    path = order_by_use(problem, copies)
    np.testing.assert_array_equal(path.copies(path.order.size, 7), copies)
    assert path.gain.sum() == pytest.approx(expected_detection(problem, copies), abs=1e-12)
    assert path.order[: path.n_forced].tolist() == np.repeat(np.arange(7), problem.forced).tolist()
