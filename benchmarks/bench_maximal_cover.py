"""Maximal cover of the whole line: the most weight seen by p posts, the gap proved, beside the solvers."""

from __future__ import annotations

import math

from book import Row, Settings, percent
from line_cases import load_case
from solver_rows import ask_peer, compare, our_text, solve_timed

from truceline.siting.solve import solve

TITLE = "Maximal cover"

PEER_LIMIT_S = {"S": 60.0, "M": 150.0}
SCIP_LIMIT_S = 60.0
WARM_BUDGET = 5


def measure(settings: Settings) -> tuple[str, list[Row]]:
    """Return rows for S (p = 100), M (p = 100) and L (p = 100, 300, 1,000)."""
    small = load_case("S")
    solve(small.cover(), WARM_BUDGET, time_limit_s=5.0)  # compiled before the clock starts
    rows = _beside_peers("S", 100, settings.pick(5.0, 5.0), 0.001, 5.0, settings)
    if settings.quick:
        rows += [solve_alone("M", 100, 20.0, math.nan, "")]
        return "posts of one cost; goals are for the full run", rows
    rows += _beside_peers("M", 100, 120.0, 0.005, 120.0, settings)
    rows += [solve_alone("L", p, 120.0, 0.02, "in 120 s") for p in (100, 300, 1000)]
    return "posts of one cost", rows


def _beside_peers(
    name: str, p: int, limit_s: float, goal_gap: float, goal_s: float, settings: Settings
) -> list[Row]:
    case = load_case(name)
    problem = case.cover()
    result, spent = solve_timed(problem, p, limit_s, case=case)
    goal = f"gap <= {percent(goal_gap)} in {goal_s:.0f} s"
    met = result.gap <= goal_gap and spent <= goal_s * 1.02
    rows = []
    solvers = (
        ("highs",) if settings.quick else ("highs", "scip", "spopt") if name == "S" else ("highs", "scip")
    )
    for solver in solvers:
        limit = SCIP_LIMIT_S if solver == "scip" else PEER_LIMIT_S[name]
        peer = ask_peer(solver, "most", name, p, "one", limit)
        told = compare(result.objective, spent, peer, larger_is_better=True)
        rows.append(Row(f"{case.size}, p = {p}", our_text(result, spent), peer.text, told, goal, met))
    return rows


def solve_alone(name: str, p: int, limit_s: float, goal_gap: float, words: str) -> Row:
    """Return a row without a peer: solved until the time is up, or the goal where ten minutes are given."""
    case = load_case(name)
    problem = case.cover()
    # With a goal the work ends when it is proved, without one when time is up.
    wanted = goal_gap if limit_s > 120 else 0.0
    result, spent = solve_timed(problem, p, limit_s, case=case, goal_gap=wanted)
    goal = "" if math.isnan(goal_gap) else f"gap <= {percent(goal_gap)} {words}"
    met = None if math.isnan(goal_gap) else result.gap <= goal_gap and spent <= limit_s * 1.02
    peer = "none finishes: HiGHS and SCIP have nothing of use on the smaller one above"
    return Row(f"{case.size}, p = {p}", our_text(result, spent), peer, "", goal, met)
