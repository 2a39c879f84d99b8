"""Bounds hold for every posture, budget and price, and are tight where a bound can be."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from siting_cases import random_problem

from truceline.siting import _bound_kernels, _bound_reference, _reference
from truceline.siting.bounds import BoundSearch
from truceline.siting.problems import build_siting_problem, expected_detection

KINDS = {
    "posts": {},
    "equal costs": {"uniform": True},
    "copies": {"copies": 3, "n_candidates": 5},
    "groups": {"groups": True},
    "forced": {"forced": True},
    "all": {"copies": 3, "groups": True, "forced": True, "n_candidates": 5},
}
BUDGETS = np.array([12.0, 30.0, 55.0, 400.0])


def stated(problem, *, cover=False, sectors=False, seed=0):
    """The same problem as a cover, or with least numbers in two sectors."""
    random = np.random.default_rng(seed)
    sector = random.integers(-1, 2, problem.n_candidates)
    most = np.bincount(sector[sector >= 0], problem.copies_max[sector >= 0], 2)
    return build_siting_problem(
        problem.weight,
        problem.indptr,
        problem.indices,
        None if cover else problem.log_miss,
        problem.cost,
        copies_max=problem.copies_max,
        forced=problem.forced,
        group=problem.group,
        group_limit=problem.group_limit,
        sector=sector if sectors else None,
        sector_min=np.minimum(most, [1, 2]) if sectors else None,
    )


def best_allowed(problem, budget):
    """The best value at the budget, None when nothing is allowed (least numbers included)."""
    best = None
    for posture in np.ndindex(*(problem.copies_max + 1)):
        copies = np.array(posture)
        short = [
            copies[problem.sector == s].sum() < problem.sector_min[s] for s in range(problem.sector_min.size)
        ]
        if not any(short) and _reference.is_allowed(problem, copies, budget):
            value = expected_detection(problem, copies)
            best = value if best is None else max(best, value)
    return best


def dense(problem, values):
    out = np.zeros((problem.n_candidates, problem.n_events))
    for i in range(problem.n_candidates):
        row = slice(problem.indptr[i], problem.indptr[i + 1])
        out[i, problem.indices[row]] = values[row] if values.size else 1.0
    return out


@pytest.mark.parametrize("cover", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_one_search_bounds_every_budget(kind, cover):
    for seed in range(12):
        problem = stated(random_problem(seed, **KINDS[kind]), cover=cover)
        budgets = np.maximum(BUDGETS, problem.forced_cost)
        search = BoundSearch(problem, budgets)
        for budget in budgets[:3]:
            search.improve_at(float(budget), n_rounds=10)
        for budget, bound in zip(budgets, search.bound, strict=True):
            best = best_allowed(problem, budget)
            assert best is None or bound >= best - 1e-9


@pytest.mark.parametrize("cover", [True, False])
def test_bound_holds_and_tightens_with_least_numbers_by_sector(cover):
    tighter = 0
    for seed in range(12):
        free = stated(random_problem(seed), cover=cover)
        problem = stated(random_problem(seed), cover=cover, sectors=True, seed=seed)
        bounds = []
        for each in (free, problem):
            search = BoundSearch(each, np.array([45.0]))
            search.improve_at(45.0)
            bounds.append(search.bound[0])
        best = best_allowed(problem, 45.0)
        assert best is None or bounds[1] >= best - 1e-9
        tighter += bounds[1] < bounds[0] - 1e-3
    assert tighter > 0


@pytest.mark.parametrize("cover", [True, False])
@pytest.mark.parametrize("seed", range(6))
def test_bound_holds_for_any_prices(seed, cover):
    problem = stated(random_problem(seed, groups=True), cover=cover, sectors=True, seed=seed)
    best = best_allowed(problem, 45.0)
    if best is None:
        pytest.skip("nothing is allowed")
    search = BoundSearch(problem, np.array([45.0]))
    random = np.random.default_rng(seed)
    for _ in range(30):
        if not cover:
            search._choose_functions((random.random(problem.n_events) < 0.5) & (search._p_top > 0))
        search.bound[:] = np.inf
        price = search._relaxation.weight * random.random(problem.n_events) ** 2
        rows = random.exponential(0.05, search._row_limit.size)
        search._judge(price.astype(np.float32), rows)
        assert search.bound[0] >= best - 1e-9
        search._record_groups()
        assert search.bound[0] >= best - 1e-9


def test_cover_bound_reaches_the_value_of_the_relaxation():
    from scipy import optimize

    problem = stated(random_problem(4, n_candidates=30, n_events=120), cover=True)
    sees = dense(problem, np.empty(0))
    n, m = problem.n_candidates, problem.n_events
    answer = optimize.linprog(
        -np.concatenate([np.zeros(n), problem.weight]),
        A_ub=np.vstack([np.hstack([-sees.T, np.eye(m)]), np.append(problem.cost, np.zeros(m))]),
        b_ub=np.append(np.zeros(m), 60.0),
        bounds=(0, 1),
    )
    search = BoundSearch(problem, np.array([60.0]))
    search.improve_at(60.0, enough_gap=1e-5, n_rounds=300)
    assert search.bound[0] == pytest.approx(-answer.fun, rel=2e-5)
    assert search.bound[0] >= -answer.fun * (1 - 1e-9)
    assert problem.cost @ search.fraction <= 60 * (1 + 1e-6)


def test_joint_bound_is_below_the_smooth_one_alone():
    drawn = random_problem(4, n_candidates=30, n_events=120)
    alike = np.full(drawn.indices.size, 1.2, dtype=np.float32)
    problem = build_siting_problem(drawn.weight, drawn.indptr, drawn.indices, alike, drawn.cost)
    mixed = BoundSearch(problem, np.array([16.0]))
    mixed.improve_at(16.0)
    smooth = BoundSearch(problem, np.array([16.0]))
    smooth._choose_functions(np.zeros(problem.n_events, dtype=bool))
    smooth._change_functions = lambda first: False
    smooth.improve_at(16.0)
    assert mixed.bound[0] < smooth.bound[0] * 0.99


def test_group_limits_tighten_the_bound():
    free = random_problem(9, n_candidates=30, n_events=60)
    places = np.repeat(np.arange(10), 3)
    limited = build_siting_problem(
        free.weight, free.indptr, free.indices, free.log_miss, free.cost, group=places, group_limit=[1] * 10
    )
    bounds = []
    for problem in (free, limited):
        search = BoundSearch(problem, np.array([150.0]))
        search.improve_at(150.0)
        bounds.append(search.bound[0])
    assert bounds[1] < bounds[0] - 1e-3


def test_more_rounds_never_loosen_and_same_input_gives_the_same_bytes():
    problem = stated(random_problem(6, n_candidates=40, n_events=200, copies=2, groups=True), cover=True)
    first, second = (BoundSearch(problem, BUDGETS) for _ in range(2))
    first.improve_at(55.0, n_rounds=3)
    before = first.bound.copy()
    first.improve_at(55.0, n_rounds=20)
    assert (first.bound <= before).all()
    second.improve_at(55.0, n_rounds=3)
    second.improve_at(55.0, n_rounds=20)
    assert first.bound.tobytes() == second.bound.tobytes()
    assert first.event_price.tobytes() == second.event_price.tobytes()


def test_nothing_to_choose_or_to_see_is_bounded_by_what_is_forced():
    nothing = build_siting_problem([0.5, 0.5], [0, 1], [0], None, [10.0], forced=[1])
    search = BoundSearch(nothing, np.array([10.0, 20.0]))
    search.improve_at(10.0)
    search.improve_at(20.0)
    assert search.bound == pytest.approx([0.5, 0.5])
    blind = build_siting_problem([0.0, 0.0], [0, 1], [0], [0.5], [10.0])
    search = BoundSearch(blind, np.array([10.0]))
    search.improve_at(10.0)
    assert search.bound == pytest.approx([0.0])


def test_a_deadline_in_the_past_still_leaves_a_valid_bound():
    problem = stated(random_problem(4, n_candidates=12), cover=True)
    search = BoundSearch(problem, np.array([45.0]))
    search.improve_at(45.0, deadline_s=-math.inf)
    assert search.bound[0] >= best_allowed(problem, 45.0) - 1e-9


@given(
    unit=st.sampled_from([0.0, 0.2, 0.7, 1.0]),
    price=st.floats(0.05, 1.0),
    sigma=st.floats(0.05, 5.0),
    ahead=st.floats(-1.0, 4.0),
)
@settings(max_examples=60, deadline=None)
def test_price_step_agrees_with_its_plain_twin(unit, price, sigma, ahead):
    args = (0.8, unit, 1.0 - unit, 0.8 * price, sigma, ahead)
    plain = _bound_reference.price_step(*args)
    assert _bound_kernels.price_step(*args) == pytest.approx(plain, abs=0.02 if unit == 0 else 1e-6)


@pytest.mark.parametrize("seed", range(10))
def test_projection_agrees_with_its_plain_twin(seed):
    random = np.random.default_rng(seed)
    v, tau, cost = random.normal(0.5, 1, 20), random.uniform(0.1, 2, 20), random.uniform(1, 9, 20)
    limit = random.integers(0, 3, 20).astype(float)
    for budget in (0.5, 15.0, 1000.0):
        for guess in (0.0, 0.01, 5.0):
            out = np.empty(20)
            _bound_kernels.project(v, tau, cost, limit, budget, guess, out)
            plain = _bound_reference.project(v, tau, cost, limit, budget)
            np.testing.assert_allclose(out, plain, atol=1e-6)


@pytest.mark.parametrize("cover", [True, False])
def test_iteration_agrees_with_its_plain_twin(cover):
    problem = stated(random_problem(3, n_candidates=6, copies=2), cover=cover)
    search = BoundSearch(problem, np.array([40.0]))
    r = search._relaxation
    columns = np.flatnonzero(r.limit > 0)
    matrix = dense(problem, r.coefficient)[columns]
    sigma = 0.3 / np.maximum(matrix.sum(axis=0), 1e-9)
    tau = 1 / (0.3 * matrix.sum(axis=1))
    price, x = (0.4 * r.weight).astype(np.float32), 0.3 * r.limit[columns]
    plain = _bound_reference.iterate(
        matrix, 40.0, (r.weight, r.unit, r.miss), (sigma, tau), (r.cost[columns], r.limit[columns]),
        price.astype(float), x, 5,
    )  # fmt: skip
    reach = (r.indptr, r.indices, r.coefficient)
    span = _bound_kernels.chunk_spans(r.indptr, r.indices, columns)
    total = _bound_kernels.push_at(*reach, columns, span, x, problem.n_events)
    np.testing.assert_allclose(total, x @ matrix, rtol=1e-12)
    rows = np.full((columns.size, 2), -1)
    sums = [np.zeros(n) for n in (problem.n_events, problem.n_events, columns.size, 0)]
    _bound_kernels.iterate(
        *reach, columns, span, r.cost[columns], r.limit[columns], 40.0, r.weight, r.unit, r.miss, sigma, tau,
        rows, np.zeros(0), np.zeros(0), np.zeros(0), price, total, x, np.zeros(0), *sums, 0.0, 5,
    )  # fmt: skip
    np.testing.assert_allclose(price, plain[0], atol=1e-6)
    np.testing.assert_allclose(x, plain[1], atol=1e-5)
    pulled = _bound_kernels.pull_at(*reach, columns, price)
    np.testing.assert_allclose(pulled, matrix @ price, rtol=1e-6)


@pytest.mark.parametrize("seed", range(10))
def test_priced_surplus_agrees_with_its_plain_twin(seed):
    problem = random_problem(seed, n_candidates=12, copies=3, groups=True)
    search = BoundSearch(problem, np.array([100.0]))
    gradient = np.random.default_rng(seed).random(12)
    limits = search._row_limit[: search._n_groups]
    for price in (0.0, 0.01, 0.05, 0.2):
        surplus, _ = _bound_kernels.priced_surplus(
            gradient, problem.cost, search._limit, search._group_start, search._group_member, limits, price
        )
        plain = _bound_reference.best_surplus(
            gradient, problem.cost, search._limit, problem.group, limits, price
        )
        assert surplus == pytest.approx(plain, abs=1e-12)


def test_products_agree_with_dense_ones():
    problem = random_problem(7, n_candidates=6)
    matrix = (problem.indptr, problem.indices, problem.log_miss)
    log_miss = dense(problem, problem.log_miss)
    np.testing.assert_allclose(
        _bound_kernels.greatest(*matrix, np.ones(6), problem.n_events), log_miss.max(axis=0), rtol=1e-12
    )
    x = np.array([0.5, 1.0, 0.25])
    columns = np.array([1, 3, 5])
    p_sum = _bound_kernels.push_probability(*matrix, columns, x, problem.n_events)
    np.testing.assert_allclose(p_sum, x @ -np.expm1(-log_miss[columns]), rtol=1e-12)
    stepped = np.arange(problem.n_events) % 2 == 0
    mixed = dense(problem, _bound_kernels.choose_coefficients(*matrix, stepped))
    np.testing.assert_allclose(mixed, np.where(stepped, -np.expm1(-log_miss), log_miss), rtol=3e-7)
