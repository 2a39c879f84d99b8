"""Solve a maximal cover with whole copies by HiGHS: the matrix passed directly, alike events merged.

People and weights of events. Used for blocks of the line and for problems small enough to solve whole. The
bound is HiGHS's (Huangfu and Hall 2018), good up to its tolerances. One thread for each program, so that an
answer not cut short by a clock is the same everywhere. It knows no joint detection.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from truceline.siting import _bound_kernels
from truceline.siting.highs import Program, solve_program
from truceline.siting.problems import (
    BUDGET_SLACK_SHARE,
    FloatArray,
    Int32Array,
    IntArray,
    SitingProblem,
    expected_detection,
)

SMALL_N_NONZERO = 500_000
"""Entries of the reach matrix above which a problem is not tried whole."""
NEVER_ENDING = 2**31 - 1
"""Node limit that stands for none."""


@dataclass(frozen=True, eq=False)
class SideRows:
    """Rows over copies: low <= sum of value[k] copies[column[k]] <= high, k in start[i]:start[i + 1]."""

    start: IntArray
    column: IntArray
    value: FloatArray
    low: FloatArray
    high: FloatArray


NO_SIDE_ROWS = SideRows(np.zeros(1, dtype=np.int64), np.empty(0, dtype=np.int64), *(np.empty(0),) * 3)


@dataclass(frozen=True, eq=False)
class CoverProgram:
    """Maximise sum_i weight[i] min(1, copies that see i) - price . copies, low <= copies <= high, whole."""

    price: FloatArray
    low: FloatArray
    high: FloatArray
    start: IntArray
    member: Int32Array
    """Columns that see event i (or all events alike): `member[start[i]:start[i + 1]]`."""
    weight: FloatArray
    side: SideRows = NO_SIDE_ROWS


@dataclass(frozen=True, eq=False)
class CoverAnswer:
    """What HiGHS found and proved, as a maximum."""

    copies: FloatArray | None
    value: float
    bound: float
    finished: bool


def solve_cover_program(
    program: CoverProgram,
    *,
    begin_with: FloatArray | None = None,
    enough: float = 0.0,
    limit_s: float = math.inf,
    n_nodes: int = NEVER_ENDING,
    running: list[Any] | None = None,
) -> CoverAnswer:
    """Solve a program until it is proved within `enough` (a weight), or a limit of seconds or nodes.

    begin_with: copies to start from. running: holds the solver while it runs, so that it can be stopped.
    """
    n, n_events = program.price.size, program.weight.size
    if n_events == 0 and program.side.low.size == 0:
        copies = np.where(program.price < 0, program.high, program.low)
        value = -float(program.price @ copies)
        return CoverAnswer(copies, value, value, True)
    options = {"mip_rel_gap": 0.0, "mip_abs_gap": enough, "mip_max_nodes": n_nodes}
    start = begin_with
    if begin_with is not None:
        start = np.concatenate([begin_with, count_seen(program.start, program.member, begin_with)])

    def run(solver: Any) -> None:
        if running is not None:
            running.append(solver)
        solver.run()
        if running is not None:
            running.remove(solver)

    answer = solve_program(
        _state_program(program), begin_with=start, options=options, time_limit_s=limit_s, run=run
    )
    found = None if answer.x is None else np.round(answer.x[:n])
    return CoverAnswer(found, -answer.value, -answer.bound, answer.finished)


def _state_program(program: CoverProgram) -> Program:
    """Return the program in HiGHS's terms: copies first, then the seen share of every event."""
    n, n_events, side = program.price.size, program.weight.size, program.side
    # Each event's row: what sees it, less the share of it that counts as seen; then the side rows.
    ends, first_side = program.start[1:], program.member.size + n_events
    starts = np.concatenate([program.start + np.arange(n_events + 1), first_side + side.start[1:]])
    members = np.insert(program.member.astype(np.int64), ends, n + np.arange(n_events))
    values = np.insert(np.ones(program.member.size), ends, -1.0)
    columns = np.concatenate([members, side.column])
    shape = (n_events + side.low.size, n + n_events)
    return Program(
        cost=np.concatenate([program.price, -program.weight]),
        low=np.concatenate([program.low, np.zeros(n_events)]),
        high=np.concatenate([program.high, np.ones(n_events)]),
        row_low=np.concatenate([np.zeros(n_events), side.low]),
        row_high=np.concatenate([np.full(n_events, np.inf), side.high]),
        matrix=sparse.csr_array((np.concatenate([values, side.value]), columns, starts), shape=shape),
        n_whole=n,
    )


def solve_whole(
    problem: SitingProblem, budget: float, *, time_limit_s: float = math.inf
) -> tuple[IntArray, float] | None:
    """Return (copies, bound) of a maximal cover solved in one piece, within `budget` people.

    The copies are the best found, the bound holds for all, and they meet when HiGHS has finished. None for
    joint detection, for problems too large to try, and when no posture was found in time.
    """
    if not problem.is_cover or problem.indices.size > SMALL_N_NONZERO:
        return None
    seen = np.zeros(problem.n_events, dtype=np.bool_)
    for j in np.flatnonzero(problem.forced):
        seen[problem.indices[problem.indptr[j] : problem.indptr[j + 1]]] = True
    events = np.flatnonzero(~seen & (problem.weight > 0))
    columns = np.arange(problem.n_candidates, dtype=np.int64)
    only = np.full(problem.n_events, -1, dtype=np.int32)
    only[events] = 0
    scratch = np.zeros(problem.n_events, dtype=np.int32)
    start, member = _bound_kernels.block_rows(
        problem.indptr, problem.indices, columns, only, 0, events, scratch
    )
    program = CoverProgram(
        np.zeros(problem.n_candidates),
        problem.forced.astype(np.float64),
        problem.copies_max.astype(np.float64),
        *merge_alike(start, member, problem.weight[events]),
        side=_limits(problem, budget),
    )
    answer = solve_cover_program(program, limit_s=time_limit_s)
    if answer.copies is None:
        return None
    copies = answer.copies.astype(np.int64)
    value = expected_detection(problem, copies)
    forced_value = float(problem.weight[seen].sum())
    most = forced_value + float(program.weight.sum())
    return copies, max(min(answer.bound + forced_value, most), value)


def _limits(problem: SitingProblem, budget: float) -> SideRows:
    """Return the budget, the group limits and the least numbers by sector as rows."""
    columns = [np.arange(problem.n_candidates, dtype=np.int64)]
    columns += [np.flatnonzero(problem.group == g) for g in range(problem.group_limit.size)]
    columns += [np.flatnonzero(problem.sector == s) for s in range(problem.sector_min.size)]
    n_ones = sum(column.size for column in columns[1:])
    n_groups, n_sectors = problem.group_limit.size, problem.sector_min.size
    return SideRows(
        start=np.concatenate([[0], np.cumsum([column.size for column in columns])]).astype(np.int64),
        column=np.concatenate(columns),
        value=np.concatenate([problem.cost, np.ones(n_ones)]),
        low=np.concatenate([np.full(1 + n_groups, -np.inf), problem.sector_min.astype(np.float64)]),
        high=np.concatenate(
            [[budget * (1 + BUDGET_SLACK_SHARE)], problem.group_limit, np.full(n_sectors, np.inf)]
        ).astype(np.float64),
    )


def merge_alike(
    start: IntArray, member: Int32Array, weight: FloatArray
) -> tuple[IntArray, Int32Array, FloatArray]:
    """Return rows with those seen by the same columns merged and those seen by none dropped."""
    kept: dict[bytes, int] = {}
    total: list[float] = []
    rows: list[int] = []
    for i in range(weight.size):
        key = member[start[i] : start[i + 1]].tobytes()
        if not key:
            continue
        at = kept.setdefault(key, len(kept))
        if at == len(total):
            total.append(0.0)
            rows.append(i)
        total[at] += float(weight[i])
    lengths = [int(start[i + 1] - start[i]) for i in rows]
    members = [member[start[i] : start[i + 1]] for i in rows]
    return (
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        np.concatenate(members) if members else np.empty(0, dtype=np.int32),
        np.array(total),
    )


def count_seen(start: IntArray, member: Int32Array, taken: FloatArray) -> FloatArray:
    """Return 1 for every row with a column that is taken, else 0."""
    row = np.repeat(np.arange(start.size - 1), np.diff(start))
    return np.minimum(np.bincount(row, taken[member], start.size - 1), 1.0)
