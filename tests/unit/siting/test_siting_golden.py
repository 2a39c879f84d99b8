"""Tiny problems worked by hand: every problem class in `siting.problems` has one."""

import dataclasses
import inspect
from pathlib import Path

import numpy as np
import pytest
import yaml

from truceline.siting import problems
from truceline.siting.cover import solve_cover
from truceline.siting.frontier import trace_frontier
from truceline.siting.problems import SetCoverProblem, build_siting_problem
from truceline.siting.result import find_unseen
from truceline.siting.solve import solve

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "siting"


def load(name):
    return yaml.safe_load((GOLDEN / f"{name}.yaml").read_text(encoding="utf-8"))


def golden_siting_problem():
    golden = load("SitingProblem")
    rows = [sorted(row.items()) for row in golden["p_detect"]]
    cells = [cell for row in rows for cell, _ in row]
    p_detect = np.array([p for row in rows for _, p in row])
    indptr = np.cumsum([0, *(len(row) for row in rows)])
    problem = build_siting_problem(
        golden["weight"], indptr, cells, -np.log1p(-p_detect), golden["cost"], labels=golden["labels"]
    )
    return golden, problem


def test_every_problem_has_a_golden_file():
    classes = {
        name
        for name, item in inspect.getmembers(problems, dataclasses.is_dataclass)
        if item.__module__ == problems.__name__ and name.endswith("Problem")
    }
    assert classes == {path.stem for path in GOLDEN.glob("*.yaml")}


@pytest.mark.parametrize("case", load("SitingProblem")["expect"], ids=lambda case: f"{case['budget']} people")
def test_siting_matches_the_hand_calculation(case):
    _, problem = golden_siting_problem()
    result = solve(problem, case["budget"])
    assert [problem.label(i) for i in np.flatnonzero(result.copies)] == case["chosen"]
    assert result.objective == pytest.approx(case["objective"], abs=1e-7)
    assert result.bound >= case["objective"] - 1e-7


def test_frontier_passes_through_the_hand_calculated_points():
    golden, problem = golden_siting_problem()
    frontier = trace_frontier(problem, 24)
    assert frontier.spent.tolist() == [0, 8, 16, 24]
    by_hand = [0.0] + [case["objective"] for case in golden["expect"] if case["budget"] != 15]
    assert frontier.objective == pytest.approx(by_hand, abs=1e-7)


def test_what_no_post_sees_is_reported():
    golden, problem = golden_siting_problem()
    unseen = find_unseen(problem, np.ones(3, dtype=np.int64))
    assert unseen.unseeable_share == pytest.approx(golden["unseeable_share"])
    assert (unseen.n_unseeable, unseen.n_never_seen) == (1, 1)
    assert unseen.total_share == pytest.approx(1 - 0.55, abs=1e-7)


@pytest.mark.parametrize("case", load("SetCoverProblem")["expect"], ids=lambda case: str(case["must_cover"]))
def test_cover_matches_the_hand_calculation(case):
    golden = load("SetCoverProblem")
    must_cover = np.zeros(5, dtype=bool)
    must_cover[case["must_cover"]] = True
    problem = SetCoverProblem(
        cost=np.array(golden["cost"], dtype=float),
        indptr=np.cumsum([0, *(len(row) for row in golden["reach"])]),
        indices=np.concatenate(golden["reach"]).astype(np.int32),
        must_cover=must_cover,
        labels=tuple(golden["labels"]),
        allow_uncovered=True,
    )
    result = solve_cover(problem)
    assert [golden["labels"][i] for i in result.chosen] == case["chosen"]
    assert (result.cost, result.status) == (case["cost"], "optimal")
    assert result.uncovered.tolist() == case["uncovered"]
