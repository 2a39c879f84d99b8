"""What the backstop is worth: what each task changes alone, taken away last, and by Shapley split.

USD bn, people and shares as each measure says. How a set of tasks changes the force is the caller's function,
evaluated for every set; this file splits the whole among the tasks and bills what stands in for them. What is
needed, held and missing is in `backstop_gaps`, whose names can be had from here too.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from truceline.errors import ProblemList, ScenarioError
from truceline.generation import split
from truceline.generation.backstop_gaps import (
    BackstopRow,
    SubstituteBill,
    bill_substitutes,
    list_backstop,
    pool_holdings,
)
from truceline.generation.backstop_tables import TASKS, BackstopFact, BackstopTask, Substitute
from truceline.generation.model import FloatArray
from truceline.generation.split import Progress, Waterfall
from truceline.scenario.assumption import AssumptionSet
from truceline.trace import Traced

SUBSTITUTE_COST = "substitute_cost"
"""Key of the measure that `weigh_backstop` computes by itself: what stands in for the tasks not brought."""
Evaluate = Callable[[frozenset[str]], Mapping[str, float]]
"""Gives the measures by key when the US brings just these tasks."""


@dataclass(frozen=True)
class Measure:
    """One thing the backstop may change."""

    key: str
    label: str
    unit: str
    more_is_better: bool = True


@dataclass(frozen=True)
class TaskWorth:
    """What one task changes, by measure key."""

    task: BackstopTask
    alone: Mapping[str, float]
    """With no other task."""
    last: Mapping[str, float]
    """Lost when it alone is taken away from all."""
    shapley: Mapping[str, float]
    least: Mapping[str, float]
    """Smallest change, over every company of other tasks."""
    most: Mapping[str, float]
    changes_nothing: bool
    """Whether no measure changes with it, whatever else there is."""


@dataclass(frozen=True, eq=False)
class BackstopWorth:
    """Every set of tasks evaluated, and how the whole splits among them."""

    tasks: tuple[BackstopTask, ...]
    measures: tuple[Measure, ...]
    values: FloatArray
    """(2**tasks, measures): row `mask` is what holds when the US brings the tasks whose bits are set."""
    worth: tuple[TaskWorth, ...]
    """In the order of `tasks`."""
    interactions: FloatArray
    """(tasks, tasks, measures) Shapley interaction index; the diagonal is the Shapley value."""
    unknown_costs: tuple[str, ...] = ()
    """Capabilities whose substitute has a cost nobody knows: left out of `SUBSTITUTE_COST`."""

    def index(self, measure: str) -> int:
        """Return the column of a measure. Raises ScenarioError where it was not weighed."""
        keys = [each.key for each in self.measures]
        if measure not in keys:
            problems = ProblemList()
            problems.add("measure", f"'{measure}' was not weighed", f"one of {', '.join(keys)}")
            problems.raise_if_any(ScenarioError, "backstop")
        return keys.index(measure)

    def value_with(self, brought: Collection[str], measure: str) -> float:
        """Return a measure when the US brings these tasks."""
        mask = sum(1 << i for i, task in enumerate(self.tasks) if task.key in brought)
        return float(self.values[mask, self.index(measure)])

    def waterfall(self, measure: str) -> Waterfall:
        """Return a measure from no task to all, largest step first."""
        return split.order_waterfall(self.values, self.index(measure))

    def strongest_pairs(self, measure: str, count: int = 5) -> tuple[tuple[str, str, float], ...]:
        """Return pairs of tasks with the largest interaction either way, without those that have none."""
        column = self.index(measure)
        scale = max(1.0, float(abs(self.values[:, column]).max()))
        pairs = [
            (self.tasks[i].key, self.tasks[j].key, float(self.interactions[i, j, column]))
            for i in range(len(self.tasks))
            for j in range(i + 1, len(self.tasks))
        ]
        real = [pair for pair in pairs if abs(pair[2]) > split.NOTHING * scale]
        return tuple(sorted(real, key=lambda pair: (-abs(round(pair[2], 9)), pair[:2]))[:count])

    def leading_task(self, measure: str) -> tuple[BackstopTask, float] | None:
        """Return the task with the largest Shapley value and its share of all of them by size.

        None where no task changes the measure.
        """
        sizes = [abs(each.shapley[measure]) for each in self.worth]
        if not any(not each.changes_nothing for each in self.worth) or not sum(sizes) > 0:
            return None
        best = max(range(len(sizes)), key=lambda i: (sizes[i], -i))
        return self.tasks[best], sizes[best] / sum(sizes)

    def trace(self, task: str, measure: str) -> Traced:
        """Return a task's Shapley value as an explanation: ``backstop.worth.<task>.<measure>``."""
        what = self.measures[self.index(measure)]
        each = next(each for each in self.worth if each.task.key == task)
        name = f"backstop.worth.{task}.{measure}"
        alone = Traced(
            f"{name}.alone",
            each.alone[measure],
            what.unit,
            "With no other task of the backstop",
            evidence="computed",
        )
        met = each.shapley[measure] - each.alone[measure]
        together = Traced(
            f"{name}.interaction",
            met,
            what.unit,
            "Gained or lost by meeting the other tasks, on average over all orders of arrival",
            evidence="computed",
        )
        return Traced(
            name,
            each.shapley[measure],
            what.unit,
            f"{each.task.label}: what it is worth in {what.label.lower()}",
            formula=f"{alone.name} + {together.name}",
            parts=(alone, together),
            evidence="computed",
            note=(
                f"Shapley value over all {1 << len(self.tasks)} sets of tasks; between "
                f"{each.least[measure]:,.6g} and {each.most[measure]:,.6g} by what else there is, "
                f"{each.last[measure]:,.6g} when taken away last"
            ),
        )


@dataclass(frozen=True)
class SweepPoint:
    """A task's worth in one measure at one value of something swept."""

    at: float
    shapley: float
    alone: float
    last: float


def weigh_backstop(
    tasks: Sequence[BackstopTask],
    rows: Sequence[BackstopRow],
    evaluate: Evaluate,
    measures: Sequence[Measure],
    *,
    assumptions: AssumptionSet | None = None,
    supplied: Mapping[str, float] | None = None,
    keys: Callable[[frozenset[str]], Hashable] | None = None,
    progress: Progress | None = None,
    workers: int = 1,
    pool: Literal["threads", "processes"] = "threads",
) -> BackstopWorth:
    """Return what each task changes in each measure: alone, taken away last, and by Shapley split.

    Parameters
    ----------
    tasks
        At most `split.N_TASKS_MAX`; every set of them is evaluated.
    rows
        From `list_backstop`; the measure `SUBSTITUTE_COST` is billed from them.
    evaluate
        Gives every other measure for a set of task keys.
    assumptions
        Needed where `SUBSTITUTE_COST` is among the measures.
    supplied
        Share of a task's gap that is filled where it is brought; all of it where nothing is said. It goes
        into the bill: `evaluate` has to know it by itself.
    keys
        Sets of tasks with one key are evaluated once.
    workers, pool
        As in `split.evaluate_subsets`; with processes `evaluate` must be picklable.

    Raises
    ------
    ScenarioError
        With too many tasks, without measures, with one twice, or where `evaluate` leaves one out.
    """
    asked = tuple(each.key for each in measures if each.key != SUBSTITUTE_COST)
    _check_measures(tasks, measures, assumptions)
    names = tuple(task.key for task in tasks)
    run = _Evaluation(names, asked, evaluate)
    given = split.evaluate_subsets(
        len(names),
        run,
        progress=progress,
        keys=None if keys is None else lambda mask: keys(run.tasks_of(mask)),
        workers=workers,
        pool=pool,
    )
    values, unknown = _put_together(given, rows, measures, assumptions, supplied or {}, run)
    alone, last = split.value_alone(values), split.value_last(values)
    shapley, ends = split.shapley_values(values), split.marginal_range(values)
    null = split.find_null_tasks(values)

    def by_key(numbers: FloatArray) -> dict[str, float]:
        return {each.key: float(number) for each, number in zip(measures, numbers, strict=True)}

    worth = tuple(
        TaskWorth(
            task=task,
            alone=by_key(alone[i]),
            last=by_key(last[i]),
            shapley=by_key(shapley[i]),
            least=by_key(ends[i, :, 0]),
            most=by_key(ends[i, :, 1]),
            changes_nothing=bool(null[i]),
        )
        for i, task in enumerate(tasks)
    )
    values.flags.writeable = False
    pairs = split.interaction_indices(values)
    pairs.flags.writeable = False
    return BackstopWorth(tuple(tasks), tuple(measures), values, worth, pairs, unknown)


def sweep_worth(
    at: Sequence[float], weigh: Callable[[float], BackstopWorth], task: str, measure: str
) -> tuple[SweepPoint, ...]:
    """Return a task's worth at several values of something nobody knows.

    Made for the guarantee, which no money replaces: `weigh` weighs the backstop with so many tasks wanted
    (`backstop.tasks_wanted`), or with whatever else is swept.
    """
    points = []
    for value in at:
        worth = next(each for each in weigh(value).worth if each.task.key == task)
        point = SweepPoint(value, worth.shapley[measure], worth.alone[measure], worth.last[measure])
        points.append(point)
    return tuple(points)


@dataclass(frozen=True)
class _Evaluation:
    """The caller's function by bitmask: a record, so that it can be sent to another process."""

    tasks: tuple[str, ...]
    measures: tuple[str, ...]
    evaluate: Evaluate

    def tasks_of(self, mask: int) -> frozenset[str]:
        return frozenset(task for i, task in enumerate(self.tasks) if mask >> i & 1)

    def __call__(self, mask: int) -> tuple[float, ...]:
        found = self.evaluate(self.tasks_of(mask))
        missing = [key for key in self.measures if key not in found]
        if missing:
            problems = ProblemList()
            for key in missing:
                problems.add(key, "was not evaluated", "leave it out of the measures, or give it a value")
            problems.raise_if_any(ScenarioError, "backstop")
        return tuple(float(found[key]) for key in self.measures)


def _check_measures(
    tasks: Sequence[BackstopTask], measures: Sequence[Measure], assumptions: AssumptionSet | None
) -> None:
    problems = ProblemList()
    keys = [each.key for each in measures]
    names = [task.key for task in tasks]
    if not keys:
        problems.add("measures", "there is none", "name at least one")
    for what, seen in (("measure", keys), ("task", names)):
        for key in sorted({key for key in seen if seen.count(key) > 1}):
            problems.add(what, f"'{key}' is there twice", "keep one")
    if SUBSTITUTE_COST in keys and assumptions is None:
        problems.add(SUBSTITUTE_COST, "cannot be billed without assumptions", "give them")
    problems.raise_if_any(ScenarioError, "backstop")


def _put_together(
    given: FloatArray,
    rows: Sequence[BackstopRow],
    measures: Sequence[Measure],
    assumptions: AssumptionSet | None,
    supplied: Mapping[str, float],
    run: _Evaluation,
) -> tuple[FloatArray, tuple[str, ...]]:
    """Return the evaluated measures with the substitutes' bill in its place, and what the bill leaves out."""
    if assumptions is None or SUBSTITUTE_COST not in [each.key for each in measures]:
        return given, ()
    column = {key: given[:, i] for i, key in enumerate(run.measures)}
    everything = frozenset(run.tasks)
    masks = np.arange(given.shape[0])
    cost = np.full(masks.size, bill_substitutes(rows, everything, assumptions, supplied=supplied).total.value)
    for i, task in enumerate(run.tasks):  # each task closes gaps of its own, so that their costs add up
        alone = [row for row in rows if row.task.key == task]
        left = bill_substitutes(alone, everything, assumptions, supplied=supplied).total.value
        cost += (bill_substitutes(alone, (), assumptions).total.value - left) * (masks >> i & 1 == 0)
    column[SUBSTITUTE_COST] = cost
    unknown = bill_substitutes(rows, (), assumptions).unknown
    return np.stack([column[each.key] for each in measures], axis=1), unknown


__all__ = [
    "SUBSTITUTE_COST",
    "TASKS",
    "BackstopFact",
    "BackstopRow",
    "BackstopTask",
    "BackstopWorth",
    "Evaluate",
    "Measure",
    "Substitute",
    "SubstituteBill",
    "SweepPoint",
    "TaskWorth",
    "bill_substitutes",
    "list_backstop",
    "pool_holdings",
    "sweep_worth",
    "weigh_backstop",
]
