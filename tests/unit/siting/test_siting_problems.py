"""Malformed problems are refused with every mistake in one message."""

import numpy as np
import pytest
from siting_cases import random_problem

from truceline.errors import InfeasibleError
from truceline.siting.problems import SetCoverProblem, build_siting_problem, check_budget, expected_detection

GOOD = {
    "weight": [0.5, 0.5],
    "indptr": [0, 1, 3],
    "indices": [0, 0, 1],
    "log_miss": [0.1, 0.2, 0.3],
    "cost": [8, 6],
}


def test_defaults_are_single_free_copies():
    problem = build_siting_problem(**GOOD)
    assert problem.copies_max.tolist() == [1, 1]
    assert problem.forced.tolist() == [0, 0]
    assert problem.group.tolist() == [-1, -1]
    assert problem.label(1) == "candidate 1"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cost": [8, 0]}, "cost  candidate 1: is not above 0"),
        ({"weight": [0.9, 0.9]}, r"weight  sums to 1\.8"),
        ({"weight": [-0.1, 0.5]}, "weight  event 0: is negative"),
        ({"log_miss": [0.1, np.inf, 0.3]}, "1 entries are negative, infinite"),
        ({"indices": [0, 1, 0]}, "not strictly increasing"),
        ({"indices": [0, 0, 2]}, "event numbers run from 0 to 2"),
        ({"indptr": [0, 4, 3]}, "indptr  does not run from 0 to 3"),
        ({"indptr": [0, 3]}, "indptr  has 2 entries, 3 were expected"),
        ({"copies_max": [1, -1]}, "copies_max  candidate 1: is negative"),
        ({"forced": [2, 0]}, "forced  candidate 0: is more than its copies_max"),
        ({"group": [0, -1]}, "group  candidate 0: is not one of the 0 groups"),
        ({"labels": ["OP-01"]}, "labels  has 1 entries, 2 were expected"),
        (
            {"group": [0, 0], "group_limit": [1], "forced": [1, 1]},
            r"group_limit\[0\]  forces 2 copies, its limit is 1",
        ),
        ({"weight": []}, "there are no events"),
        ({"cost": [], "indptr": [0], "indices": [], "log_miss": []}, "there are no candidates"),
    ],
)
def test_a_mistake_is_named(change, message):
    with pytest.raises(InfeasibleError, match=message):
        build_siting_problem(**{**GOOD, **change})


def test_all_mistakes_come_in_one_message():
    with pytest.raises(InfeasibleError) as caught:
        build_siting_problem(**{**GOOD, "cost": [8, -1], "weight": [2, 0.5], "forced": [5, 0]})
    assert [problem.where for problem in caught.value.problems] == ["weight", "cost", "forced"]


@pytest.mark.parametrize("budget", [0, -5, float("nan"), float("inf")])
def test_budget_that_buys_nothing_is_refused(budget):
    with pytest.raises(InfeasibleError, match="buys nothing"):
        check_budget(build_siting_problem(**GOOD), budget)


def test_budget_below_what_is_forced_says_how_much_is_needed():
    problem = build_siting_problem(**GOOD, forced=[1, 1])
    with pytest.raises(InfeasibleError, match="the 2 forced copies need 14 people, the budget is 10"):
        check_budget(problem, 10)
    check_budget(problem, 14)


def test_set_cover_without_candidates_is_refused():
    with pytest.raises(InfeasibleError, match="no candidates"):
        SetCoverProblem(
            cost=np.zeros(0),
            indptr=np.array([0]),
            indices=np.zeros(0, dtype=np.int32),
            must_cover=np.array([True]),
        )


@pytest.mark.parametrize("seed", range(10))
def test_detection_is_one_minus_the_product_of_misses(seed):
    problem = random_problem(seed, n_candidates=4, copies=3)
    copies = np.random.default_rng(seed).integers(0, 4, 4)
    p_miss = np.ones(problem.n_events)
    for i, n in enumerate(copies):
        for k in range(problem.indptr[i], problem.indptr[i + 1]):
            p_miss[problem.indices[k]] *= np.exp(-float(problem.log_miss[k])) ** n
    assert expected_detection(problem, copies) == pytest.approx(
        float(problem.weight @ (1 - p_miss)), abs=1e-12
    )
