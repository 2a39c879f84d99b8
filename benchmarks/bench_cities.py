"""Maximal cover of cities, where everything overlaps: points are candidates, as the field's instances are."""

from __future__ import annotations

from book import Row, Settings, percent
from city_cases import CITIES
from line_cases import load_case
from solver_rows import ask_peer, compare, our_text, solve_timed

TITLE = "Cities"

LIMIT_S, GOAL_GAP = 10.0, 0.01
PEER_LIMIT_S = 20.0


def measure(settings: Settings) -> tuple[str, list[Row]]:
    """Return a row for each city and number of observers, with HiGHS beside them."""
    solve_timed(load_case("S").cover(), 5, 5.0, case=load_case("S"))  # compiled before the clock starts
    rows = []
    for name, (_, *budgets) in list(CITIES.items())[: settings.pick(1, len(CITIES))]:
        case = load_case(name)
        problem = case.cover()
        for p in budgets[: settings.pick(1, len(budgets))]:
            result, spent = solve_timed(problem, p, LIMIT_S, case=case, blocks="auto")
            peer = ask_peer("highs", "most", name, p, "one", PEER_LIMIT_S)
            told = compare(result.objective, spent, peer, larger_is_better=True)
            goal = f"gap <= {percent(GOAL_GAP)} in {LIMIT_S:.0f} s"
            met = result.gap <= GOAL_GAP and spent <= LIMIT_S * 1.05
            what = f"{case.weight.size:,} points, p = {p}"
            rows.append(Row(what, our_text(result, spent), peer.text, told, goal, met))
    return "drawn cities, every point a candidate that covers about 60 points around it", rows
