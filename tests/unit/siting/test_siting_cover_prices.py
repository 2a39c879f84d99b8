"""Prices of a set cover: bounds that hold, covers that cover, candidates that truly cannot matter."""

import math

import numpy as np
import pytest
from scipy import optimize, sparse

from truceline.siting.cover_prices import cover_by_prices, price_cells


def random_matrix(seed, n_cells=12, n_candidates=9, share=0.3):
    random = np.random.default_rng(seed)
    reach = random.random((n_cells, n_candidates)) < share
    reach[np.arange(n_cells), random.integers(0, n_candidates, n_cells)] = True
    return sparse.csr_array(reach.astype(np.int8)), random.integers(1, 9, n_candidates).astype(float)


def enumerate_covers(by_cell, cost):
    """Return every cover as a row of 0 and 1, and its cost."""
    n = cost.size
    choices = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    covers = choices[((choices @ by_cell.toarray().T) > 0).all(axis=1)]
    return covers, covers @ cost


def forever():
    return math.inf


def linear_bound(by_cell, cost):
    answer = optimize.linprog(cost, A_ub=-by_cell.toarray(), b_ub=-np.ones(by_cell.shape[0]), bounds=(0, 1))
    return answer.fun


@pytest.mark.parametrize("seed", range(30))
def test_bound_and_cover_enclose_the_cheapest(seed):
    by_cell, cost = random_matrix(seed)
    covers, values = enumerate_covers(by_cell, cost)
    priced = price_cells(by_cell, cost, left_s=forever, seed=0, progress=None)
    assert priced.bound <= values.min() + 1e-9
    assert cost[priced.chosen].sum() >= values.min()
    assert (by_cell.toarray()[:, priced.chosen].sum(axis=1) > 0).all()
    if values.min() < cost[priced.chosen].sum():
        cheaper = covers[values < cost[priced.chosen].sum()]
        assert priced.useful[cheaper.any(axis=0)].all()


@pytest.mark.parametrize("fractions", [False, True])
def test_bound_comes_near_the_linear_one(fractions):
    by_cell, cost = random_matrix(1, 120, 90, 0.06)
    if fractions:
        cost = cost + np.random.default_rng(2).random(cost.size)
    linear = linear_bound(by_cell, cost)
    priced = price_cells(by_cell, cost, left_s=forever, seed=0, progress=None)
    assert priced.bound >= 0.99 * linear
    assert priced.bound <= math.ceil(linear - 1e-6) + 1e-6
    assert priced.useful.sum() < 90


def test_covers_get_better_than_greedy():
    worse = better = 0
    for seed in range(12):
        by_cell, cost = random_matrix(seed, 150, 100, 0.05)
        greedy = cover_by_prices(by_cell.T.tocsr().astype(float), cost)
        priced = price_cells(by_cell, cost, left_s=forever, seed=0, progress=None)
        gain = cost[greedy].sum() - cost[priced.chosen].sum()
        worse, better = worse + (gain < 0), better + (gain > 0)
    assert worse == 0
    assert better >= 8


def test_no_time_still_gives_a_cover_and_a_bound():
    by_cell, cost = random_matrix(4, 60, 40, 0.1)
    priced = price_cells(by_cell, cost, left_s=lambda: 0.0, seed=0, progress=None)
    assert (by_cell.toarray()[:, priced.chosen].sum(axis=1) > 0).all()
    assert 0 < priced.bound <= cost[priced.chosen].sum()


def test_same_seed_gives_the_same_cover_and_progress_is_told():
    by_cell, cost = random_matrix(5, 150, 100, 0.05)
    told = []
    first = price_cells(
        by_cell, cost, left_s=forever, seed=3, progress=lambda stage, share: told.append(stage)
    )
    again = price_cells(by_cell, cost, left_s=forever, seed=3, progress=None)
    assert first.chosen.tolist() == again.chosen.tolist()
    assert first.bound == again.bound
    assert {"price", "shake"} >= set(told) != set()


def test_greedy_begins_with_what_it_is_given_and_drops_what_is_needless():
    by_candidate = sparse.csr_array(np.array([[1, 1, 0], [0, 1, 1], [1, 0, 0], [0, 1, 0]], dtype=float))
    cost = np.array([1.0, 1.0, 5.0, 5.0])
    assert cover_by_prices(by_candidate, cost).tolist() == [0, 1]
    assert cover_by_prices(by_candidate, cost, kept=np.array([3])).tolist() == [0, 1]
    only = sparse.csr_array(np.array([[1, 0], [0, 1]], dtype=float))
    assert cover_by_prices(only, np.ones(2), kept=np.array([1])).tolist() == [0, 1]


def test_prices_lead_greedy_past_a_trap():
    # Wide and dear for its worth by count, but the prices know that no one else reaches its cells cheaply.
    by_candidate = sparse.csr_array(np.array([[1, 1, 1, 0], [1, 1, 0, 1], [0, 0, 1, 0]], dtype=float))
    cost = np.array([3.0, 4.0, 1.0])
    price = np.array([0.0, 0.0, 1.0, 4.0])
    assert cover_by_prices(by_candidate, cost, price).tolist() == [1, 2]
