"""Malformed problems are refused with every mistake in one message."""

import itertools

import numpy as np
import pytest
from siting_cases import random_problem

from truceline.errors import InfeasibleError
from truceline.siting.minima import cheapest_minima
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
        ({"weight": [np.inf, np.nan]}, "weight  event 0, event 1: is negative or not a number"),
        ({"weight": [-0.1, 0.5]}, "weight  event 0: is negative"),
        (
            {"log_miss": [0.1, np.inf, 0.3]},
            "log_miss  1 entries are negative, infinite or not a number, first in candidate 1",
        ),
        ({"log_miss": [-0.1, np.nan, 0.3]}, "log_miss  2 entries .* first in candidate 0, candidate 1"),
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
        ({"sector": [1, -1], "sector_min": [1]}, "sector  candidate 0: is not one of the 1 sectors"),
        (
            {"sector": [0, 0], "sector_min": [3]},
            r"sector_min\[0\]  asks for 3 copies, its candidates allow 2",
        ),
        (
            {"sector": [0, 0], "sector_min": [2], "group": [0, 0], "group_limit": [1]},
            r"sector_min\[0\]  asks for 2 copies, more than the limits of its groups allow",
        ),
        (
            {"sector": [0, 1], "sector_min": [1, 1], "group": [0, 0], "group_limit": [1]},
            "sector_min  the least numbers of the sectors cannot all be met",
        ),
        ({"forbidden": [True]}, "forbidden  has 1 entries, 2 were expected"),
        (
            {"forbidden": [True, False], "forced": [1, 0]},
            "forced  candidate 0: is forced and forbidden at once",
        ),
        (
            {"forbidden": [True, False], "sector": [0, -1], "sector_min": [1]},
            "asks for 1 copies, its candidates allow 0",
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
        build_siting_problem(**{**GOOD, "cost": [8, -1], "weight": [-2, 0.5], "forced": [5, 0]})
    assert [problem.where for problem in caught.value.problems] == ["weight", "cost", "forced"]


def test_conflicts_of_forbidden_come_with_the_other_mistakes():
    with pytest.raises(InfeasibleError) as caught:
        build_siting_problem(**{**GOOD, "cost": [8, -1]}, forbidden=[True, False], forced=[1, 0])
    assert [problem.where for problem in caught.value.problems] == ["forced", "cost"]


def test_weights_may_sum_to_anything_and_forbidden_means_no_copies():
    problem = build_siting_problem(**{**GOOD, "weight": [90, 250]}, forbidden=[False, True])
    assert problem.copies_max.tolist() == [1, 0]
    assert expected_detection(problem, np.array([1, 0])) == pytest.approx(90 * (1 - np.exp(-0.1)), rel=1e-6)


def test_seen_for_certain_counts_an_event_once():
    problem = build_siting_problem(**{**GOOD, "log_miss": None})
    assert problem.is_cover
    assert [expected_detection(problem, np.array(copies)) for copies in ([0, 0], [1, 0], [1, 1])] == [
        0,
        0.5,
        1,
    ]


@pytest.mark.parametrize("cover", [True, False])
def test_matrix_by_event_is_the_matrix_turned(cover):
    problem = random_problem(3, cover=cover)
    by_event = problem.by_event
    assert by_event is problem.by_event
    by_candidate = {
        (i, int(problem.indices[k])): 1.0 if cover else -np.expm1(-float(problem.log_miss[k]))
        for i in range(problem.n_candidates)
        for k in range(problem.indptr[i], problem.indptr[i + 1])
    }
    turned = {
        (int(by_event.candidate[q]), e): 1.0 if cover else float(by_event.p_detect[q])
        for e in range(problem.n_events)
        for q in range(by_event.indptr[e], by_event.indptr[e + 1])
    }
    assert turned == pytest.approx(by_candidate, rel=1e-7)
    assert all(
        (np.diff(by_event.candidate[a:b]) > 0).all()
        for a, b in zip(by_event.indptr[:-1], by_event.indptr[1:], strict=True)
    )


def test_budget_below_the_cheapest_candidate_is_refused():
    problem = build_siting_problem(**{**GOOD, "cost": [10, 8]})
    with pytest.raises(InfeasibleError, match="budget 3 people; the cheapest candidate costs 8"):
        check_budget(problem, 3)
    check_budget(problem, 8)


def test_forbidden_candidates_are_not_the_cheapest():
    problem = build_siting_problem(**{**GOOD, "cost": [10, 8]}, forbidden=[False, True])
    with pytest.raises(InfeasibleError, match="the cheapest candidate costs 10"):
        check_budget(problem, 9)


def test_least_numbers_and_forced_copies_are_paid_together():
    problem = build_siting_problem(**GOOD, forced=[1, 0], sector=[-1, 0], sector_min=[1])
    with pytest.raises(InfeasibleError, match="the least numbers with the 1 forced copies need 14 people"):
        check_budget(problem, 13)
    check_budget(problem, 14)


def test_forced_copies_count_towards_the_least_number():
    problem = build_siting_problem(**GOOD, forced=[1, 0], sector=[0, 0], sector_min=[1])
    check_budget(problem, 8)


@pytest.mark.parametrize("seed", range(40))
def test_cheapest_minima_agree_with_trying_everything(seed):
    random = np.random.default_rng(seed)
    n = 6
    cost, spare = random.integers(1, 9, n).astype(float), random.integers(0, 3, n)
    group, sector = random.integers(-1, 2, n), random.integers(-1, 2, n)
    group_room, need = random.integers(0, 4, 2), random.integers(0, 4, 2)
    least = np.inf
    for copies in itertools.product(*(range(int(most) + 1) for most in spare)):
        chosen = np.array(copies)
        if all(chosen[group == g].sum() <= group_room[g] for g in range(2)) and all(
            chosen[sector == s].sum() >= need[s] for s in range(2)
        ):
            least = min(least, float(cost @ chosen))
    found = cheapest_minima(cost, spare, group, group_room, sector, need)
    if found is None:
        assert least == np.inf
    else:
        assert float(cost @ found) == least
        assert (found <= spare).all()
        assert all(found[sector == s].sum() >= need[s] for s in range(2))
        assert all(found[group == g].sum() <= group_room[g] for g in range(2))


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
