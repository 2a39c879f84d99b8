"""Make rows out of our answers and the peers' for siting problems: value, gap, seconds, side by side."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Literal

from book import NOT_INSTALLED, is_installed, percent, run_apart, seconds
from line_cases import LineCase

from truceline.siting.problems import SitingProblem
from truceline.siting.solve import SitingResult, solve

PACKAGE = {"highs": "highspy", "scip": "pyscipopt", "spopt": "spopt"}
NAME = {"highs": "HiGHS", "scip": "SCIP", "spopt": "spopt"}
SPARE_S = 240.0
"""Time beyond its limit that a peer may take to build its model."""
FAR = 2.0
"""From this ratio on a value is told as a multiple."""
SAME = 5e-6
"""Values that differ by a smaller share are the same."""


@dataclass(frozen=True)
class PeerFigure:
    """What a peer reached."""

    text: str
    objective: float | None = None
    bound: float | None = None
    seconds: float | None = None
    peak_bytes: float | None = None

    @property
    def gap(self) -> float | None:
        """Share between objective and bound, None where it gave one or neither."""
        if self.objective is None or self.bound is None:
            return None
        return abs(self.bound - self.objective) / max(abs(self.bound), abs(self.objective), 1e-12)


def ask_peer(solver: str, task: str, name: str, budget: float, costs: str, limit_s: float) -> PeerFigure:
    """Return a peer's figure, or why there is none."""
    if not is_installed(PACKAGE[solver]):
        return PeerFigure(f"{NAME[solver]}: {NOT_INSTALLED}")
    answer = run_apart(
        "peer_solvers", solver, task, name, budget, costs, limit_s, timeout_s=limit_s + SPARE_S
    )
    if "failed" in answer:
        return PeerFigure(f"{NAME[solver]}: {answer['failed']}")
    found = PeerFigure(
        "", answer["objective"], answer["bound"], float(answer["seconds"]), float(answer["peak_bytes"])
    )
    value = "no solution" if found.objective is None else f"{found.objective:,.0f}"
    gap = "no bound" if found.gap is None else f"gap {percent(found.gap)}"
    text = f"{NAME[solver]} {answer['version']}: {value}, {gap}, {seconds(found.seconds or 0)}"
    return PeerFigure(text, found.objective, found.bound, found.seconds, found.peak_bytes)


def solve_timed(
    problem: SitingProblem,
    budget: float,
    limit_s: float,
    *,
    case: LineCase,
    goal_gap: float = 0.0,
    blocks: bool | Literal["auto"] = True,
) -> tuple[SitingResult, float]:
    """Return our answer and the seconds it took; blocks along the line unless said otherwise."""
    started = time.perf_counter()
    result = solve(
        problem, budget, time_limit_s=limit_s, goal_gap=goal_gap, blocks=blocks, place=case.event_place
    )
    return result, time.perf_counter() - started


def our_text(result: Any, spent_s: float) -> str:
    """Return our figure in the same words."""
    value = result.objective if hasattr(result, "objective") else result.cost
    return f"{value:,.0f}, gap {percent(result.gap)}, {seconds(spent_s)} ({result.status})"


def compare(value: float, spent_s: float, peer: PeerFigure, *, larger_is_better: bool) -> str:
    """Return value and time against a peer's in words."""
    if peer.seconds is None:
        return ""
    words = []
    if peer.objective:
        better = (value / peer.objective - 1.0) * (1.0 if larger_is_better else -1.0)
        side = "better" if better > 0 else "worse"
        if value > FAR * peer.objective:
            words.append(f"{value / peer.objective:.0f} x the value")
        else:
            words.append("same value" if abs(better) < SAME else f"{percent(abs(better))} {side}")
    words.append(f"{peer.seconds / spent_s:.1f} x as fast")
    return ", ".join(words)
