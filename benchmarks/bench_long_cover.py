"""Maximal cover of the whole line at the number of posts with the widest gap, given ten minutes."""

from __future__ import annotations

from bench_maximal_cover import WARM_BUDGET, solve_alone
from book import Row, Settings
from line_cases import load_case

from truceline.siting.solve import solve

TITLE = "Maximal cover, ten minutes"


def measure(settings: Settings) -> tuple[str, list[Row]]:
    """Return a row for L, p = 100; none in a quick run."""
    if settings.quick:
        return "left out of a quick run", []
    solve(load_case("S").cover(), WARM_BUDGET, time_limit_s=5.0)  # compiled before the clock starts
    return "posts of one cost", [solve_alone("L", 100, 600.0, 0.012, "in 10 min")]
