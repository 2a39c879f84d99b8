"""Joint detection: each post detects with a chance that falls with distance, and chances join up."""

from __future__ import annotations

from book import Row, Settings, percent
from line_cases import load_case
from solver_rows import our_text, solve_timed

from truceline.siting.solve import solve

TITLE = "Joint detection"

LIMIT_S, GOAL_GAP = 60.0, 0.02
NOBODY = "no peer has this objective with a bound (spopt none; submodlib greedy only)"


def measure(settings: Settings) -> tuple[str, list[Row]]:
    """Return rows for M with 100, 300 and 1,000 posts, or S with 100 in a quick run."""
    name, budgets = settings.pick(("S", (100,)), ("M", (100, 300, 1000)))
    case = load_case(name)
    problem = case.joint()
    solve(load_case("S").joint(), 5, time_limit_s=5.0)  # compiled before the clock starts
    rows = []
    for p in budgets:
        result, spent = solve_timed(problem, p, LIMIT_S, case=case)
        goal = f"gap <= {percent(GOAL_GAP)} in {LIMIT_S:.0f} s"
        met = result.gap <= GOAL_GAP and spent <= LIMIT_S * 1.02
        rows.append(Row(f"{case.size}, p = {p}", our_text(result, spent), NOBODY, "", goal, met))
    return "expected weight detected, chance 0.75 exp(-(d / 9 km)^2)", rows
