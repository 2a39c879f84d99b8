"""Set cover of the whole line: fewest posts (or people) that see every cell that can be seen, proved."""

from __future__ import annotations

import time

import numpy as np
from book import Row, Settings, seconds
from line_cases import LineCase, load_case
from solver_rows import ask_peer, compare, our_text

from truceline.siting.cover import CoverResult, solve_cover
from truceline.siting.problems import SetCoverProblem

TITLE = "Set cover"

PEOPLE_LIMIT_S = 60.0
GOALS_S = {"M": 30.0, "L": 120.0}
PEER_LIMIT_S = {"S": 30.0, "M": 60.0, "L": 240.0}
PEERS = {"S": ("highs", "scip"), "M": ("highs", "scip"), "L": ("highs",)}
"""Those that can hold the instance; spopt's minutes of building are told under maximal cover."""
QUICK_PEERS = ("highs",)


def measure(settings: Settings) -> tuple[str, list[Row]]:
    """Return rows for S, M and L with posts of one cost, and M and L with people."""
    _solve(load_case("M"), "one")  # compiled before the clock starts
    rows = []
    for name in settings.pick(("S", "M"), ("S", "M", "L")):
        case = load_case(name)
        result, spent = _solve(case, "one")
        goal_s = GOALS_S.get(name)
        goal = "" if goal_s is None else f"optimal in {seconds(goal_s)}"
        met = None if goal_s is None else result.status == "optimal" and spent <= goal_s
        for solver in QUICK_PEERS if settings.quick else PEERS[name]:
            peer = ask_peer(solver, "cover", name, 0, "one", PEER_LIMIT_S[name])
            told = compare(result.cost, spent, peer, larger_is_better=False)
            rows.append(Row(f"{case.size}, posts", our_text(result, spent), peer.text, told, goal, met))
        if name != "S":
            result, spent = _solve(case, "people")
            peer = ask_peer("highs", "cover", name, 0, "people", PEOPLE_LIMIT_S)
            told = compare(result.cost, spent, peer, larger_is_better=False)
            rows.append(Row(f"{case.size}, people", our_text(result, spent), peer.text, told, goal, met))
    return "every cell that any candidate sees; candidates cost 1, or 6 to 24 people", rows


def _solve(case: LineCase, costs: str) -> tuple[CoverResult, float]:
    reached = np.zeros(case.weight.size, dtype=np.bool_)
    reached[case.indices] = True
    cost = np.ones(case.cost.size) if costs == "one" else case.cost.astype(np.float64)
    problem = SetCoverProblem(cost, case.indptr, case.indices, reached)
    started = time.perf_counter()
    result = solve_cover(problem)
    return result, time.perf_counter() - started
