"""The exact answer to a movement: one linear program over all days for HiGHS.

Most people in place, day by day, weighted by priority. Groups that start from the same origin with the same
load and priority are one to the program and are told apart afterwards, first ready first: for the sum it
makes no difference, and vehicles of one nation may come on the train that another had asked for. People.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from truceline.deployment._flow_arrays import BoolArray, FlowArrays, IntArray
from truceline.deployment.model import FloatArray
from truceline.errors import InfeasibleError, Problem
from truceline.siting.highs import Program, solve_program

ZERO = 1e-7
"""People below which an answer of the solver is nothing: its own tolerance."""
PEOPLE, CARGO, BOTH = 0, 1, 2
ALL_IN = 0.01
"""People who may be left over where everybody counts as in: the tolerance of the solver, summed."""
OPTIONS: dict[str, Any] = {"solver": "ipm"}
"""HiGHS's interior point method with crossover: its dual simplex took ten times as long here and more."""


@dataclass(frozen=True, eq=False)
class ExactFlow:
    """What the program found."""

    arrived: FloatArray
    """(groups, days + 1) people who came in on each day."""
    placed: FloatArray
    """(groups, days + 1) people who took their place on each day."""
    used: FloatArray
    """(nodes, days + 1)"""
    supplied: FloatArray
    """(days + 1,) tonnes."""


@dataclass(eq=False)
class _Matrix:
    """Rows and columns as they are laid down."""

    rows: list[IntArray] = field(default_factory=list)
    columns: list[IntArray] = field(default_factory=list)
    values: list[FloatArray] = field(default_factory=list)

    def put(self, rows: Any, columns: Any, value: Any) -> None:
        rows, columns, values = np.broadcast_arrays(rows, columns, value)
        self.rows.append(rows.ravel().astype(np.int64))
        self.columns.append(columns.ravel().astype(np.int64))
        self.values.append(values.ravel().astype(float))


@dataclass(frozen=True, eq=False)
class _Kind:
    """Groups that are one to the program."""

    members: IntArray
    load: int
    weight: float
    allowed: BoolArray
    released: FloatArray
    """(days + 1,) people who can have left by the end of each day."""


def released_by_day(people: float, ready: float, release: float, days: int) -> FloatArray:
    """Return (days + 1,) how many of a group can have left home by the end of each day."""
    part = (np.arange(days + 1) - ready) / max(release, 1.0)
    return np.asarray(people * np.clip(part, 0.0, 1.0))


def weight_of(priority: IntArray, ratio: float) -> FloatArray:
    """Return how much a day in place counts: each priority `ratio` times the next, the last one 1."""
    return np.asarray(ratio ** (priority.max(initial=1) - priority).astype(float))


def solve_exactly(
    arrays: FlowArrays,
    ratio: float,
    first_look: int | None = None,
    *,
    options: Mapping[str, Any] | None = None,
) -> ExactFlow:
    """Return the movement with the most weighted person-days in place.

    first_look: a day by which everybody may be in. The program is then asked up to that day only, with
    everybody who is left let in freely on the next: no real movement does better, so where nobody is left the
    answer is the best of all. Otherwise it is asked again with more days.
    options: HiGHS's own; None for OPTIONS.

    Raises InfeasibleError where the solver gives no answer: no movement at all is always possible, so that
    is a limit of the solver.
    """
    days = arrays.capacity.shape[1] - 1
    until = days if first_look is None else min(days, max(1, first_look))
    while True:
        found = _solve(arrays, ratio, until, OPTIONS if options is None else options)
        left = float(arrays.people.sum() - found.arrived.sum())
        if until == days or left <= ALL_IN:
            return found
        until = min(days, until + until // 2 + 1)


def _solve(arrays: FlowArrays, ratio: float, until: int, options: Mapping[str, Any]) -> ExactFlow:
    from scipy import sparse  # late: a second of loading that most commands never need

    horizon, n_days = arrays.capacity.shape[1] - 1, until
    kinds = _group(arrays, weight_of(arrays.priority, ratio), n_days)
    matrix = _Matrix()
    cost: list[FloatArray] = []
    high: list[FloatArray] = []
    n_columns, n_rows = 0, 0
    row_low: list[FloatArray] = []
    row_high: list[FloatArray] = []

    def add_columns(costs: FloatArray) -> IntArray:
        nonlocal n_columns
        cost.append(costs)
        high.append(np.full(costs.size, np.inf))
        n_columns += costs.size
        return np.arange(n_columns - costs.size, n_columns)

    def add_rows(at_least: Any, at_most: Any, n: int) -> IntArray:
        nonlocal n_rows
        row_low.append(np.broadcast_to(np.asarray(at_least, float), n))
        row_high.append(np.broadcast_to(np.asarray(at_most, float), n))
        n_rows += n
        return np.arange(n_rows - n, n_rows)

    n_nodes = arrays.capacity.shape[0]
    limits = add_rows(-np.inf, arrays.capacity[:, 1 : n_days + 1].ravel(), n_nodes * n_days).reshape(
        n_nodes, n_days
    )

    def load_nodes(route: int, needs: FloatArray, days: IntArray, columns: IntArray) -> None:
        for k in arrays.path[route]:
            if k >= 0 and needs[k] > 0:
                for later in range(int(arrays.hold[k])):
                    inside = days + later <= n_days
                    matrix.put(limits[k, days[inside] + later - 1], columns[inside], needs[k])

    supplied_columns: dict[int, IntArray] = {}
    stock = feed = None
    if arrays.per_person_t > 0:
        stock = add_columns(np.zeros(n_days + 1))  # people who have come in by the end of each day
        flow_rows = add_rows(0.0, 0.0, n_days + 1)
        matrix.put(flow_rows, stock, 1.0)
        matrix.put(flow_rows[1:], stock[:-1], -1.0)
        feed = add_rows(0.0, 0.0, n_days)  # tonnes brought on day t, less what those of t - 1 use
        matrix.put(feed, stock[:-1], -arrays.per_person_t)
        for r in np.flatnonzero(arrays.goods):
            supplied_columns[int(r)] = columns = add_columns(np.zeros(n_days))
            matrix.put(feed, columns, 1.0)
            load_nodes(int(r), arrays.per_tonne[r], np.arange(1, n_days + 1), columns)
    seats: list[list[tuple[int, IntArray, IntArray]]] = []
    for kind in kinds:
        start = np.diff(kind.released, prepend=0.0)
        quickest = min((int(arrays.delay[r]) for r in np.flatnonzero(kind.allowed)), default=0)
        # Days in place of those who are left over and let in freely.
        free = max(0, horizon - until - quickest) if until < horizon else 0
        leaving = {}
        for what in _bounded_sides(arrays, kind):
            # Who can have left and has not: left over from yesterday, and released today.
            waiting = add_columns(np.zeros(n_days + 1))
            rows = add_rows(start, start, n_days + 1)
            matrix.put(rows, waiting, 1.0)
            matrix.put(rows[1:], waiting[:-1], -1.0)
            leaving[what] = rows
        together = add_rows(0.0, 0.0, n_days + 1)  # people and their vehicles come in on one day
        taken: list[tuple[int, IntArray, IntArray]] = []
        first = int(np.argmax(kind.released > 0)) if kind.released.any() else n_days + 1
        for r in np.flatnonzero(kind.allowed):
            lag, moves = int(arrays.lag[r]), int(arrays.moves[r])
            days = np.arange(max(1, first + lag), n_days + 1)
            if days.size == 0:
                continue
            in_place = np.maximum(0, horizon + 1 - (days + int(arrays.delay[r]))) - free
            columns = add_columns(-kind.weight * in_place * (moves != CARGO))
            load_nodes(int(r), arrays.need[kind.load, r], days, columns)
            for what, rows in leaving.items():
                if moves in (what, BOTH):
                    matrix.put(rows[days - lag], columns, 1.0)
            if moves != BOTH:
                matrix.put(together[days], columns, 1.0 if moves == PEOPLE else -1.0)
            if moves != CARGO:
                taken.append((int(r), days, columns))
                if stock is not None:
                    matrix.put(flow_rows[days], columns, -1.0)
        seats.append(taken)
    shape = (n_rows, n_columns)
    joined = (np.concatenate(matrix.rows), np.concatenate(matrix.columns)) if matrix.rows else ([], [])
    values = np.concatenate(matrix.values) if matrix.values else np.zeros(0)
    whole = sparse.csc_array((values, joined), shape=shape)
    answer = solve_program(
        Program(
            np.concatenate(cost) if cost else np.zeros(0),
            np.zeros(n_columns),
            np.concatenate(high) if high else np.zeros(0),
            np.concatenate(row_low),
            np.concatenate(row_high),
            whole,
            0,
        ),
        begin_with=None,
        options=options,
        time_limit_s=np.inf,
        run=lambda solver: solver.run(),
    )
    if answer.x is None:
        raise InfeasibleError("movement", [Problem("HiGHS", "gave no answer", "try the forward allocation")])
    x = np.where(answer.x > ZERO, answer.x, 0.0)
    arrived, placed = _tell_apart(arrays, kinds, seats, x)
    used = np.zeros_like(arrays.capacity)
    used[:, 1 : n_days + 1] = (whole[: n_nodes * n_days] @ answer.x).reshape(n_nodes, n_days)
    used[:, n_days + 1 :] = used[:, [n_days]]  # everybody is in: what is left is the same supplies every day
    supplied = np.zeros(horizon + 1)
    for columns in supplied_columns.values():
        supplied[1 : n_days + 1] += x[columns]
    supplied[n_days + 1 :] = supplied[n_days]
    return ExactFlow(arrived, placed, used, supplied)


def _group(arrays: FlowArrays, weight: FloatArray, n_days: int) -> list[_Kind]:
    """Return the groups that are one to the program, in the order of their first member."""
    found: dict[tuple[int, int, bytes], list[int]] = {}
    for g in range(arrays.people.size):
        key = (int(arrays.load[g]), int(arrays.priority[g]), arrays.allowed[g].tobytes())
        found.setdefault(key, []).append(g)
    kinds = []
    for members in found.values():
        released = sum(
            released_by_day(arrays.people[g], arrays.ready[g], arrays.release[g], n_days) for g in members
        )
        g = members[0]
        kinds.append(
            _Kind(
                np.array(members, np.int64),
                int(arrays.load[g]),
                float(weight[g]),
                arrays.allowed[g],
                np.asarray(released),
            )
        )
    return kinds


def _bounded_sides(arrays: FlowArrays, kind: _Kind) -> tuple[int, ...]:
    """Return which of people and cargo have to be kept from leaving before they are ready.

    They come in together. Where every journey of people is at most as long as every journey of cargo, people
    leave no earlier than their cargo, and what bounds the cargo bounds them.
    """
    lags = {side: arrays.lag[kind.allowed & (arrays.moves == side)] for side in (PEOPLE, CARGO)}
    if lags[PEOPLE].size and lags[CARGO].size and lags[PEOPLE].max() <= lags[CARGO].min():
        return (CARGO,)
    return (PEOPLE, CARGO)


def _tell_apart(
    arrays: FlowArrays,
    kinds: list[_Kind],
    seats: list[list[tuple[int, IntArray, IntArray]]],
    x: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Return people of each group by day of arrival and of taking their place: first ready, first gone."""
    n_days = arrays.capacity.shape[1] - 1
    arrived = np.zeros((arrays.people.size, n_days + 1))
    placed = np.zeros_like(arrived)
    for kind, taken in zip(kinds, seats, strict=True):
        leaving = np.zeros((n_days + 1, max(1, len(taken))))
        for j, (r, days, columns) in enumerate(taken):
            leaving[days - arrays.lag[r], j] = x[columns]
        released = np.array(
            [
                released_by_day(arrays.people[g], arrays.ready[g], arrays.release[g], n_days)
                for g in kind.members
            ]
        )
        gone = np.zeros(len(kind.members))
        for day in np.flatnonzero(leaving.sum(axis=1) > 0):
            for j, (r, _, _) in enumerate(taken):
                left = leaving[day, j]
                for m, g in enumerate(kind.members):
                    if left <= 0:
                        break
                    amount = min(left, max(0.0, released[m, day] - gone[m]))
                    if amount > 0:
                        gone[m] += amount
                        left -= amount
                        arrival = day + int(arrays.lag[r])
                        arrived[g, arrival] += amount
                        if arrival + arrays.delay[r] <= n_days:
                            placed[g, arrival + int(arrays.delay[r])] += amount
    return arrived, placed
