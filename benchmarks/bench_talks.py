"""Talks of 100 actors on 10 issues: every model, 1,000 draws of all coded numbers, and voting power.

Made-up talks in which everybody has spoken on everything, compiled before the clock. Each model is timed over
all its issues. Voting power stands beside powerindex, the best kept library for it; it knows no vetoes and
counts in floating point. For the other models no kept peer was found: the public code of the challenge model
and of the exchange runs as programs over files, KTAB's library is in C++.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from book import N_CORES, NOT_INSTALLED, Row, Settings, is_installed, run_apart, seconds
from talks_cases import make_board

from truceline.talks.answers import answer_jointly, elect_positions
from truceline.talks.averages import average_positions, find_median
from truceline.talks.challenge import VARIANTS, run_challenge
from truceline.talks.core import find_core
from truceline.talks.equal_gain import exchange_positions
from truceline.talks.model import MOST_POWER, Board, IssueTable
from truceline.talks.sampling import draw_codings, sample_answers
from truceline.talks.spatial import take_turn
from truceline.talks.tables import lay_out_issue, lay_out_issues
from truceline.talks.voting import measure_voting_power

TITLE = "Talks: models, sampled codings, voting power"

N_ACTORS, N_ISSUES, N_SAMPLES = 100, 10, 1_000
GOAL_MODEL_S, GOAL_SAMPLES_S = 1.0, 60.0
TRIES = 3
"""Best of so many."""
PEER_LIMIT_S = 120.0


def measure(settings: Settings) -> tuple[str, list[Row]]:
    """Return a row for each model, for the draws, and for voting power beside its peer."""
    board = make_board(N_ACTORS, N_ISSUES)
    tables = [table for issue in board.issues if (table := lay_out_issue(board, issue)) is not None]
    rows = [
        _model_row(f"{name}, all issues", partial(_ask_each, ask, tables)) for name, ask in MODELS.items()
    ]
    rows += _joint_rows(board)
    rows.append(_samples_row(board, settings.pick(50, N_SAMPLES)))
    rows += [_voting_row(n) for n in settings.pick((20,), (20, 40, 100))]
    rows.append(_large_vote_row(settings.pick(200, 1_000)))
    return f"{N_ACTORS} actors, {N_ISSUES} issues, seed fixed, {N_CORES} threads for the draws", rows


MODELS: dict[str, Callable[[IssueTable], object]] = {
    "weighted mean and median": lambda table: (
        average_positions(table.position, table.weight),
        find_median(table.position, table.weight),
    ),
    "core under quota and vetoes": lambda table: find_core(
        table.position, table.weight, table.quota, table.veto
    ),
    "Condorcet election, three concepts": elect_positions,
    **{
        f"challenge model, {variant}, up to 20 rounds": lambda table, variant=variant: run_challenge(
            table.position, table.salience / MOST_POWER, table.power, variant=variant
        )
        for variant in VARIANTS
    },
}
"""What is asked of every issue."""


def _best(ask: Callable[[], object]) -> float:
    ask()
    spent = []
    for _ in range(TRIES):
        started = time.perf_counter()
        ask()
        spent.append(time.perf_counter() - started)
    return min(spent)


def _ask_each(ask: Callable[[IssueTable], object], tables: Sequence[IssueTable]) -> None:
    for table in tables:
        ask(table)


def _model_row(name: str, ask: Callable[[], object]) -> Row:
    spent = _best(ask)
    goal = f"under {seconds(GOAL_MODEL_S)}"
    return Row(name, seconds(spent), "no kept peer", "", goal, spent < GOAL_MODEL_S)


def _joint_rows(board: Board) -> list[Row]:
    table = lay_out_issues(board, list(board.issues))
    if table is None:
        raise AssertionError("everybody spoke on everything")
    power = table.power.mean(axis=1)
    scaled = table.position / table.span
    return [
        _model_row(
            "spatial model, first turn", lambda: take_turn(table.position, table.salience, power, table.span)
        ),
        _model_row(
            "exchange of positions with externalities",
            lambda: exchange_positions(scaled, table.salience, table.power),
        ),
        _model_row("both, with the spread over tie-breaks", lambda: answer_jointly(table)),
    ]


def _samples_row(board: Board, n: int) -> Row:
    issues = list(board.issues)
    sample_answers(board, issues, draw_codings(board, 20, 1))
    started = time.perf_counter()
    sampled = sample_answers(board, issues, draw_codings(board, n, 1))
    spent = time.perf_counter() - started
    goal = f"{N_SAMPLES:,} under {seconds(GOAL_SAMPLES_S)} on 2 cores"
    met = spent * N_SAMPLES / n < GOAL_SAMPLES_S
    what = f"{n:,} draws of {sampled.n_ranges:,} coded numbers, every sampled model, what carries each spread"
    return Row(what, seconds(spent), "none does this", f"{n / spent:.0f} draws a second", goal, met)


def draw_game(n: int) -> tuple[list[int], int]:
    """Return drawn weights and a quota of two thirds, the same each time."""
    weights = np.random.default_rng(n).integers(1, 101, n).tolist()
    return weights, sum(weights) * 2 // 3 + 1


def _voting_row(n: int) -> Row:
    weights, quota = draw_game(n)
    names = [f"p{i}" for i in range(n)]
    spent = _best(lambda: measure_voting_power(names, weights, quota))
    what = f"voting power, {n} players, weights to 100: Banzhaf and Shapley-Shubik, exact fractions"
    if not is_installed("powerindex"):
        return Row(what, seconds(spent), f"powerindex {NOT_INSTALLED}")
    peer = run_apart("peer_powerindex", n, timeout_s=PEER_LIMIT_S)
    if "failed" in peer:
        return Row(what, seconds(spent), f"powerindex {peer['failed']}")
    ours = measure_voting_power(names, weights, quota)
    apart = max(
        float(np.abs(np.array(peer["banzhaf"]) - ours.banzhaf).max()),
        float(np.abs(np.array(peer["shapley"]) - ours.shapley_shubik).max()),
    )
    told = f"{peer['seconds'] / spent:.0f} times as fast, answers within {apart:.0e}"
    return Row(what, seconds(spent), f"powerindex: {seconds(peer['seconds'])}", told)


def _large_vote_row(n: int) -> Row:
    weights, quota = draw_game(n)
    names = [f"p{i}" for i in range(n)]
    spent = _best(lambda: measure_voting_power(names, weights, quota))
    what = f"voting power, {n:,} players, weights to 100: counts exact, Shapley-Shubik to rounding"
    return Row(what, seconds(spent), "powerindex: not asked, see its growth above")
