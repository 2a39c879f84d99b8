"""Maximal cover where posts cost 6 to 24 people: the most weight seen for the people there are."""

from __future__ import annotations

from book import Row, Settings, percent
from line_cases import load_case
from solver_rows import ask_peer, compare, our_text, solve_timed

TITLE = "Maximal cover with people"

CASES = (("S", 1_500.0, 10.0), ("M", 3_000.0, 30.0), ("L", 5_000.0, 60.0))
"""Instance, budget (people) and our time limit (s)."""
GOAL_GAP = 0.01
PEER_LIMIT_S = 30.0


def measure(settings: Settings) -> tuple[str, list[Row]]:
    """Return a row for each instance, with HiGHS beside the smallest."""
    rows = []
    for name, budget, limit_s in CASES[: settings.pick(1, len(CASES))]:
        case = load_case(name)
        problem = case.cover(costs=True)
        result, spent = solve_timed(problem, budget, limit_s, case=case)
        what, figure = f"{case.size}, {budget:,.0f} people", our_text(result, spent)
        goal, met = f"gap <= {percent(GOAL_GAP)}", result.gap <= GOAL_GAP
        if name == "S":
            peer = ask_peer("highs", "most", name, budget, "people", PEER_LIMIT_S)
            told = compare(result.objective, spent, peer, larger_is_better=True)
            rows.append(Row(what, figure, peer.text, told, goal, met))
        else:
            rows.append(Row(what, figure, "none finishes (see maximal cover)", "", goal, met))
    return "a post costs 6 to 24 people", rows
