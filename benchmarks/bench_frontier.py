"""The whole frontier: what 40 budgets buy on the whole line, each with a bound, and greedy alone."""

from __future__ import annotations

import time

import numpy as np
from book import Row, Settings, percent, seconds
from line_cases import load_case

from truceline.siting.frontier import trace_frontier
from truceline.siting.greedy import pick_greedily

TITLE = "Frontier"

BUDGETS = np.arange(25, 1001, 25)
"""Forty budgets from 25 to 1,000 posts."""
ANCHORS = 12
LIMIT_S, MEAN_GOAL, WORST_GOAL = 300.0, 0.015, 0.03
GREEDY_GOAL_S = 0.3
NOBODY = "none: one budget of the smaller instance takes HiGHS more than 150 s"


def measure(settings: Settings) -> tuple[str, list[Row]]:
    """Return rows for greedy over all budgets and the frontier with bounds."""
    case = load_case(settings.pick("S", "L"))
    problem = case.cover()
    most = int(BUDGETS[-1])
    pick_greedily(load_case("S").cover(), 5)  # compiled before the clock starts
    started = time.perf_counter()
    path = pick_greedily(problem, most)
    greedy_s = time.perf_counter() - started
    rows = [
        Row(
            f"{case.size}, greedy at every budget up to {most:,}",
            f"{seconds(greedy_s)}, {path.gain.sum():,.0f} at the last",
            NOBODY,
            "",
            f"{seconds(GREEDY_GOAL_S)} (200,000 cells)",
            greedy_s <= GREEDY_GOAL_S,
        )
    ]
    started = time.perf_counter()
    frontier = trace_frontier(problem, most, n_bounds=settings.pick(4, ANCHORS), n_swapped=BUDGETS.size)
    spent = time.perf_counter() - started
    gap = np.array([frontier.gap[frontier.point_at(float(budget))] for budget in BUDGETS])
    goal = f"mean <= {percent(MEAN_GOAL)}, worst <= {percent(WORST_GOAL)} in {LIMIT_S:.0f} s"
    met = bool(gap.mean() <= MEAN_GOAL and gap.max() <= WORST_GOAL and spent <= LIMIT_S)
    figure = f"gap mean {percent(float(gap.mean()))}, worst {percent(float(gap.max()))}, {seconds(spent)}"
    rows.append(Row(f"{case.size}, {BUDGETS.size} budgets with bounds", figure, NOBODY, "", goal, met))
    return "posts of one cost", rows
