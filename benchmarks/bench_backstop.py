"""Split what tasks achieve together: every set known, exact Shapley values and interactions of all pairs."""

from __future__ import annotations

import itertools
import math
import time

import numpy as np
from book import NOT_INSTALLED, Row, Settings, is_installed, run_apart, seconds
from numpy.typing import NDArray

from truceline.generation.split import evaluate_subsets, interaction_indices, shapley_values

TITLE = "Backstop split"

MEASURES = 6
GOAL_S = 0.1
PEER_LIMIT_S = 120.0
SLOW_S = 0.002
"""Seconds of the made-up evaluation: a plan's own takes longer."""
MATTERING = 5
"""Tasks of eleven that change anything in the made-up evaluation."""


def draw_game(n: int, m: int) -> NDArray[np.float64]:
    """Return a drawn set function (2**n, m), the same each time."""
    return np.random.default_rng(n).normal(size=(1 << n, m))


def measure(settings: Settings) -> tuple[str, list[Row]]:
    """Return rows for the splits with their peers, and one for evaluations that are shared."""
    rows = [_split_row(n) for n in settings.pick((11,), (11, 12))]
    rows.append(_orders_row(settings.pick(6, 8)))
    rows.append(_cache_row())
    return "drawn games, six measures at once", rows


def _split_row(n: int) -> Row:
    values = draw_game(n, MEASURES)
    spent = _time_split(values)
    goal = f"under {seconds(GOAL_S)}"
    what = f"{n} tasks, {MEASURES} measures: shares and pairs from {1 << n:,} sets"
    if not is_installed("shapiq"):
        return Row(what, seconds(spent), f"shapiq {NOT_INSTALLED}", "", goal, spent <= GOAL_S)
    peer = run_apart("peer_shapley", n, MEASURES, timeout_s=PEER_LIMIT_S)
    if "failed" in peer:
        return Row(what, seconds(spent), f"shapiq {peer['failed']}", "", goal, spent <= GOAL_S)
    pairs = interaction_indices(values)
    pairs[np.arange(n), np.arange(n)] = 0
    apart = max(
        float(np.abs(shapley_values(values) - np.array(peer["shapley"])).max()),
        float(np.abs(pairs - np.array(peer["pairs"])).max()),
    )
    told = f"{peer['seconds'] / spent:.0f} times as fast, answers within {apart:.0e}"
    return Row(what, seconds(spent), f"shapiq {seconds(peer['seconds'])}", told, goal, spent <= GOAL_S)


def _orders_row(n: int) -> Row:
    """Compare with the definition: walk through every order of arrival."""
    values = draw_game(n, MEASURES)
    spent = _time_split(values)
    started = time.perf_counter()
    total = np.zeros((n, MEASURES))
    for order in itertools.permutations(range(n)):
        mask = 0
        for i in order:
            total[i] += values[mask | 1 << i] - values[mask]
            mask |= 1 << i
    slow = time.perf_counter() - started
    apart = float(np.abs(total / math.factorial(n) - shapley_values(values)).max())
    told = f"{slow / spent:.0f} times as fast, answers within {apart:.0e}"
    return Row(
        f"{n} tasks, shares alone on the peer's side", seconds(spent), f"all orders {seconds(slow)}", told
    )


def _cache_row() -> Row:
    """Compare evaluating alike sets once with evaluating every set."""
    n, mattering = 11, (1 << MATTERING) - 1

    def value(mask: int) -> tuple[float]:
        time.sleep(SLOW_S)
        return (float(bin(mask & mattering).count("1")),)

    started = time.perf_counter()
    values = evaluate_subsets(n, value, keys=lambda mask: mask & mattering)
    spent = time.perf_counter() - started
    started = time.perf_counter()
    plain = evaluate_subsets(n, value)
    slow = time.perf_counter() - started
    same = "same bytes" if values.tobytes() == plain.tobytes() else "DIFFERENT ANSWERS"
    what = f"{n} tasks of which {MATTERING} matter, {seconds(SLOW_S)} an evaluation"
    return Row(
        what,
        seconds(spent),
        f"every set evaluated {seconds(slow)}",
        f"{slow / spent:.0f} times as fast, {same}",
    )


def _time_split(values: NDArray[np.float64]) -> float:
    """Return the best of three runs of shares and pairs."""
    times = []
    for _ in range(3):
        started = time.perf_counter()
        shapley_values(values)
        interaction_indices(values)
        times.append(time.perf_counter() - started)
    return min(times)
