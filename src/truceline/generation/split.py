"""Split what tasks achieve together among them: values alone, last, by Shapley, and in pairs.

A set of tasks is a bitmask (bit i is task i); `values` is an array (2**n, m): row `mask` holds the m
measures of that set, in whatever units the caller has. Everything is exact: all 2**n sets are evaluated,
for at most `N_TASKS_MAX` tasks; nothing is sampled. What a task or a measure means is not known here.

Sources: L. S. Shapley, A value for n-person games (1953); M. Grabisch and M. Roubens, An axiomatic approach
to the concept of interaction among players in cooperative games (1999).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from truceline.errors import Problem, ProblemList, ScenarioError

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]

Progress = Callable[[str, float], None]
"""Called with the stage and the share of it done; raising KeyboardInterrupt stops the work."""

N_TASKS_MAX = 12
"""Most tasks split exactly: 4,096 sets, which is as many as a slow evaluation can bear."""
NOTHING = 1e-9
"""A difference below this share of the largest value (or of 1) is rounding."""
_ORDER_DIGITS = 9
"""Digits by which steps of a waterfall are ordered, so that rounding does not decide between equals."""


@dataclass(frozen=True)
class WaterfallStep:
    """One task's part of a total."""

    task: int
    """Index of the task."""
    value: float
    """Its Shapley value: `alone` + `interaction`."""
    alone: float
    """What it changes when it is the only one."""
    interaction: float
    """What it gains or loses by meeting the others, on average over the orders in which they may come."""
    start: float
    end: float
    """Where the step begins and ends on the axis of the measure."""


@dataclass(frozen=True)
class Waterfall:
    """One measure from no task to all of them."""

    base: float
    """Value of the empty set."""
    steps: tuple[WaterfallStep, ...]
    """Largest Shapley value first, whatever its sign; equals in their own order."""
    total: float
    """Value of the full set."""


def evaluate_subsets(
    n: int,
    value: Callable[[int], Sequence[float]],
    *,
    progress: Progress | None = None,
    keys: Callable[[int], Hashable] | None = None,
    workers: int = 1,
    pool: Literal["threads", "processes"] = "threads",
) -> FloatArray:
    """Return (2**n, m) the measures of every set of tasks.

    Parameters
    ----------
    n
        Number of tasks, 0 to `N_TASKS_MAX`.
    value
        Gives the m measures of a bitmask; the same m for every mask.
    progress
        Told after each evaluation; what it raises ends the work.
    keys
        Sets with one key have one value: it is evaluated for the lowest of them only.
    workers
        How many evaluations run side by side. The result does not depend on it.
    pool
        With more than one worker: threads, or processes (then `value` must be picklable, and a
        script needs the usual guard of its main part).

    Raises
    ------
    ScenarioError
        When there are too many tasks, no worker, or measures that are missing, not finite or uneven.
    """
    _check_request(n, workers)
    owner = _find_owners(n, keys)
    wanted = sorted(set(owner))
    answers: dict[int, Sequence[float]] = {}
    for done, (mask, measures) in enumerate(_run(wanted, value, workers, pool), start=1):
        answers[mask] = measures
        if progress is not None:
            progress("sets of tasks", done / len(wanted))
    _check_answers(wanted, answers)
    table = np.array([answers[mask] for mask in wanted], dtype=np.float64)
    return np.asarray(table[np.searchsorted(wanted, owner)])


def shapley_values(values: FloatArray) -> FloatArray:
    """Return (n, m) each task's Shapley value: its marginal gain averaged over all orders of arrival.

    phi_i = sum over sets S without i of |S|! (n - |S| - 1)! / n! * (v(S + i) - v(S)).
    """
    n = count_tasks(values)
    size = _sizes(n)
    weight = np.array([1 / (n * math.comb(n - 1, s)) for s in range(n)])
    result = np.empty((n, values.shape[1]))
    for i in range(n):
        without = _masks_without(n, 1 << i)
        result[i] = weight[size[without]] @ (values[without | 1 << i] - values[without])
    return result


def interaction_indices(values: FloatArray) -> FloatArray:
    """Return (n, n, m) the Shapley interaction index of every pair; the diagonal is the Shapley value.

    I_ij = sum over sets S without i and j of |S|! (n - |S| - 2)! / (n - 1)! *
    (v(S + i + j) - v(S + i) - v(S + j) + v(S)). Above zero the two need each other, below zero either
    will do; it also is what i gains, by Shapley, when j is always there instead of never.
    """
    n = count_tasks(values)
    size = _sizes(n)
    result = np.empty((n, n, values.shape[1]))
    weight = np.array([1 / ((n - 1) * math.comb(n - 2, s)) for s in range(n - 1)])
    result[np.arange(n), np.arange(n)] = shapley_values(values)
    for i in range(n):
        for j in range(i + 1, n):
            both = 1 << i | 1 << j
            without = _masks_without(n, both)
            gain = values[without | both] - values[without | 1 << i]
            gain -= values[without | 1 << j] - values[without]
            result[i, j] = result[j, i] = weight[size[without]] @ gain
    return result


def value_alone(values: FloatArray) -> FloatArray:
    """Return (n, m) what each task changes when there is no other."""
    n = count_tasks(values)
    return np.asarray(values[1 << np.arange(n)] - values[0])


def value_last(values: FloatArray) -> FloatArray:
    """Return (n, m) what is lost when each task alone is taken away from all."""
    n = count_tasks(values)
    full = (1 << n) - 1
    return np.asarray(values[full] - values[full ^ 1 << np.arange(n)])


def marginal_range(values: FloatArray) -> FloatArray:
    """Return (n, m, 2) the least and the most each task changes, over all sets of the others."""
    n = count_tasks(values)
    result = np.empty((n, values.shape[1], 2))
    for i in range(n):
        without = _masks_without(n, 1 << i)
        gain = values[without | 1 << i] - values[without]
        result[i, :, 0], result[i, :, 1] = gain.min(axis=0), gain.max(axis=0)
    return result


def find_null_tasks(values: FloatArray, *, tolerance: float = NOTHING) -> BoolArray:
    """Return (n,) whether a task changes no measure whatever else there is.

    tolerance: share of the largest value of a measure (or of 1, where that is more) taken for rounding.
    """
    scale = np.maximum(1.0, np.abs(values).max(axis=0, initial=0.0))
    most = np.abs(marginal_range(values)).max(axis=2, initial=0.0)
    return np.asarray((most <= tolerance * scale).all(axis=1))


def order_waterfall(values: FloatArray, measure: int) -> Waterfall:
    """Return one measure as steps from no task to all: each Shapley value, with its part alone shown apart.

    The steps add up from `base` to `total`. Raises ScenarioError where there is no such measure.
    """
    n = count_tasks(values)
    if not 0 <= measure < values.shape[1]:
        found = f"there is no measure {measure}"
        raise ScenarioError("waterfall", [Problem("measure", found, f"0 to {values.shape[1] - 1}")])
    split, alone = shapley_values(values)[:, measure], value_alone(values)[:, measure]
    base, total = float(values[0, measure]), float(values[-1, measure])
    scale = max(float(np.abs(split).max(initial=0.0)), np.finfo(np.float64).tiny)
    order = sorted(range(n), key=lambda i: (-round(abs(float(split[i])) / scale, _ORDER_DIGITS), i))
    steps, at = [], base
    for i in order:
        part = float(split[i])
        steps.append(WaterfallStep(i, part, float(alone[i]), part - float(alone[i]), at, at + part))
        at += part
    return Waterfall(base, tuple(steps), total)


def count_tasks(values: FloatArray) -> int:
    """Return n of an array (2**n, m). Raises ScenarioError where it has another shape or too many rows."""
    rows = values.shape[0] if values.ndim == 2 else 0
    n = rows.bit_length() - 1
    if rows < 1 or rows != 1 << n or n > N_TASKS_MAX:
        found = f"has the shape {values.shape}"
        hint = (
            f"2**n rows, one for each set of n tasks (n at most {N_TASKS_MAX}), and a column for each measure"
        )
        raise ScenarioError("split", [Problem("values", found, hint)])
    return n


def _check_request(n: int, workers: int) -> None:
    problems = ProblemList()
    if not 0 <= n <= N_TASKS_MAX:
        hint = f"at most {N_TASKS_MAX}: put tasks together, or leave out those that change nothing"
        problems.add("tasks", f"{n} tasks cannot be split exactly", hint)
    if workers < 1:
        problems.add("workers", f"{workers} is not a number of workers", "write 1 or more")
    problems.raise_if_any(ScenarioError, "split")


def _check_answers(wanted: Sequence[int], answers: dict[int, Sequence[float]]) -> None:
    problems = ProblemList()
    n_measures = len(answers[wanted[0]])
    for mask in wanted:
        measures = answers[mask]
        if len(measures) != n_measures:
            found = f"has {len(measures)} measures where the first set has {n_measures}"
            problems.add(f"set {mask:b}", found, "give the same measures for every set")
        elif not all(math.isfinite(each) for each in measures):
            problems.add(f"set {mask:b}", "has a measure that is not a number", "leave that measure out")
    problems.raise_if_any(ScenarioError, "split")


def _find_owners(n: int, keys: Callable[[int], Hashable] | None) -> list[int]:
    """Return for every mask the lowest mask that has the same key."""
    if keys is None:
        return list(range(1 << n))
    first: dict[Hashable, int] = {}
    return [first.setdefault(keys(mask), mask) for mask in range(1 << n)]


def _run(
    wanted: Sequence[int],
    value: Callable[[int], Sequence[float]],
    workers: int,
    pool: Literal["threads", "processes"],
) -> Iterator[tuple[int, Sequence[float]]]:
    """Yield masks with their measures, in whatever order they are done."""
    if workers == 1 or len(wanted) == 1:
        for mask in wanted:
            yield mask, value(mask)
        return
    with _open_pool(min(workers, len(wanted)), pool) as executor:
        futures = {executor.submit(value, mask): mask for mask in wanted}
        for future in as_completed(futures):
            yield futures[future], future.result()


@contextmanager
def _open_pool(workers: int, pool: Literal["threads", "processes"]) -> Iterator[Executor]:
    """Give workers; when the work ends early, what has not begun is dropped."""
    executor: Executor
    if pool == "threads":
        executor = ThreadPoolExecutor(workers)
    else:
        import multiprocessing

        # a fork would copy the locks of running threads (numba, HiGHS); fresh processes have none
        executor = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))
    try:
        yield executor
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _sizes(n: int) -> IntArray:
    """Return (2**n,) the number of tasks in each set."""
    masks = np.arange(1 << n)
    return np.asarray(sum((masks >> i & 1 for i in range(n)), np.zeros(1 << n, dtype=np.int64)))


def _masks_without(n: int, bits: int) -> IntArray:
    """Return the sets that hold none of `bits`, ascending."""
    masks = np.arange(1 << n)
    return np.asarray(masks[masks & bits == 0])
