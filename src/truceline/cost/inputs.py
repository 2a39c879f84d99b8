"""What a budget is made for: tasks with their people, who sends them, and the things that are bought.

People, counts, shares between 0 and 1. Plain inputs, so that a plan, its document or a test can give them.
Aircraft, batteries and satellites that a nation brings as units are not priced here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from truceline.errors import ProblemList, ScenarioError
from truceline.generation.capabilities import find_capability, read_capabilities
from truceline.generation.model import Capability, SizeBasis, TaskNeed
from truceline.generation.result import CaseResult, Generation
from truceline.scenario.assumption import AssumptionSet

NOBODY = ""
"""Code of the part of the force that no nation sends."""
NOBODY_LABEL = "not sent by anybody: paid by all"

Thing = Literal["posts", "masts", "drones", "drone-services"]
"""What is bought: manned posts, unattended masts, drone orbits of one's own, contracted drone detachments."""
THINGS: tuple[Thing, ...] = get_args(Thing)
_THING_OF_UNIT: Mapping[str, Thing] = {"post": "posts", "mast": "masts", "orbit or cell": "drones"}


@dataclass(frozen=True)
class Sender:
    """People one contributor sends, by capability."""

    code: str
    name: str
    basis: SizeBasis
    """Who said how many; ``ours`` goes with every sum made of them."""
    people: Mapping[str, float]
    """By capability; people capabilities only."""
    low_factor: float = 1.0
    """Fewest people it may send over those above."""
    high_factor: float = 1.0


@dataclass(frozen=True)
class Purchase:
    """Things of one kind that a task needs."""

    thing: Thing
    task: str
    count: float


@dataclass(frozen=True)
class Cell:
    """People of one task that one nation sends, or nobody, with the fewest and most it may be."""

    task: str
    capability: str
    nation: str
    people: float
    fewest: float
    most: float
    share: float
    """Of the task: what things bought for it are divided by."""
    share_low: float
    share_high: float
    ours: bool
    """Whether it rests on a size that nobody stated."""


@dataclass(frozen=True)
class CostInputs:
    """Everything a budget is made of."""

    tasks: tuple[TaskNeed, ...]
    capability_of: Mapping[str, str]
    """Capability of each task, by the key of the task."""
    cells: tuple[Cell, ...]
    purchases: tuple[Purchase, ...]
    senders: Mapping[str, Sender] = field(default_factory=dict)


def senders_of_case(case: CaseResult, people_capabilities: Sequence[str]) -> tuple[Sender, ...]:
    """Return who sends people in a case of a generation, with the range of what each could send."""
    found = []
    for each in case.contributions:
        people = {
            key: each.units[key]
            for key in sorted(each.units)
            if key in people_capabilities and each.units[key]
        }
        if not people:
            continue
        value, low, high = each.people.value, each.people.low, each.people.high
        low_factor = 1.0 if low is None or not value > 0 else min(1.0, low / value)
        high_factor = 1.0 if high is None or not value > 0 else max(1.0, high / value)
        found.append(Sender(each.code, each.name, each.basis, people, low_factor, high_factor))
    return tuple(found)


def senders_of(generation: Generation, case: str = "") -> tuple[Sender, ...]:
    """Return who sends people in one case of a generation; its shown case where none is named.

    Raises ScenarioError for a case that it does not have.
    """
    key = case or generation.case_key
    if key not in generation.cases:
        problems = ProblemList()
        problems.add(f"case {key}", "is not a case", f"one of {', '.join(generation.cases)}")
        problems.raise_if_any(ScenarioError, "cost")
    keys = [one.capability.key for one in generation.requirements if one.capability.kind == "people"]
    return senders_of_case(generation.cases[key], keys)


def gather_inputs(
    tasks: Sequence[TaskNeed],
    senders: Sequence[Sender] = (),
    counts: Mapping[str, float] | None = None,
    assumptions: AssumptionSet | None = None,
) -> CostInputs:
    """Return tasks, people and purchases as a budget needs them.

    Parameters
    ----------
    counts
        Things bought in all, by kind (`THINGS`); what is not named follows the tasks counted in posts, masts
        and orbits.

    Raises
    ------
    ScenarioError
        With every problem: negative people or counts, a task or a sender twice, a thing or a capability that
        is none.
    """
    problems = ProblemList()
    capabilities = read_capabilities(assumptions)
    capability_of = {task.key: find_capability(capabilities, task).key for task in tasks}
    _check_tasks(tasks, problems)
    _check_senders(senders, capabilities, problems)
    _check_counts(counts or {}, problems)
    problems.raise_if_any(ScenarioError, "cost inputs")
    known = tuple(tasks)
    return CostInputs(
        tasks=known,
        capability_of=capability_of,
        cells=_split(known, capability_of, senders),
        purchases=_list_purchases(known, counts or {}),
        senders={sender.code: sender for sender in sorted(senders, key=lambda sender: sender.code)},
    )


def _split(
    tasks: Sequence[TaskNeed], capability_of: Mapping[str, str], senders: Sequence[Sender]
) -> tuple[Cell, ...]:
    """Return who sends whom to each task: a nation's people of a capability in proportion to its tasks.

    Whole units may bring a few people more than the tasks need; they are sent, so they are paid.
    """
    need: dict[str, float] = {}
    for task in tasks:
        need[capability_of[task.key]] = need.get(capability_of[task.key], 0.0) + task.people
    cells = []
    for task in tasks:
        capability = capability_of[task.key]
        wanted = need[capability]
        n_tasks = sum(capability_of[other.key] == capability for other in tasks)
        part = task.people / wanted if wanted > 0 else 1.0 / n_tasks
        sending = [each for each in senders if each.people.get(capability, 0.0) > 0]
        sending.sort(key=lambda each: each.code)
        given = [each.people[capability] for each in sending]
        low = [people * each.low_factor for people, each in zip(given, sending, strict=True)]
        high = [people * each.high_factor for people, each in zip(given, sending, strict=True)]
        whole = max(wanted, math.fsum(given))
        for each, *people in zip(sending, given, low, high, strict=True):
            cells.append(_cell(task.key, capability, each.code, part, whole, people, each.basis == "ours"))
        left = [
            whole - math.fsum(given),
            max(0.0, wanted - math.fsum(high)),
            max(0.0, wanted - math.fsum(low)),
        ]
        ours = any(each.basis == "ours" for each in sending)
        if left[2] > 0 or not sending:
            left[1] = min(left[1], left[0])
            left[2] = max(left[2], left[0])
            cells.append(_cell(task.key, capability, NOBODY, part, whole, left, ours))
    return tuple(cells)


def _cell(
    task: str, capability: str, nation: str, part: float, whole: float, people: Sequence[float], ours: bool
) -> Cell:
    value, low, high = people
    if not whole > 0:
        return Cell(task, capability, nation, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, ours)
    mine = (value * part, low * part, high * part)
    return Cell(task, capability, nation, *mine, value / whole, low / whole, high / whole, ours)


def _list_purchases(tasks: Sequence[TaskNeed], counts: Mapping[str, float]) -> tuple[Purchase, ...]:
    """Return what is bought for each task; a count given takes the place of those of the tasks."""
    found: list[Purchase] = []
    for thing in THINGS:
        needed = [
            (task.key, task.count)
            for task in tasks
            if _THING_OF_UNIT.get(task.unit) == thing and task.count > 0
        ]
        total = math.fsum(count for _, count in needed)
        if thing not in counts:
            found += [Purchase(thing, key, count) for key, count in needed]
        elif needed:
            found += [Purchase(thing, key, count * counts[thing] / total) for key, count in needed]
        elif counts[thing] > 0 and tasks:
            found.append(Purchase(thing, _home_of(thing, tasks), counts[thing]))
    return tuple(found)


def _home_of(thing: Thing, tasks: Sequence[TaskNeed]) -> str:
    """Return the task for things that no task counts: the first of their group, else the first of all."""
    groups = ("drone", "watch") if thing.startswith("drone") else ("watch",)
    for group in groups:
        for task in tasks:
            if group in (task.key, task.group):
                return task.key
    return tasks[0].key


def _check_tasks(tasks: Sequence[TaskNeed], problems: ProblemList) -> None:
    if not tasks:
        problems.add("tasks", "are none", "make the plan again")
    keys = [task.key for task in tasks]
    for key in sorted({key for key in keys if keys.count(key) > 1}):
        problems.add(f"task {key}", "is there twice", "add the people of both into one")
    for task in tasks:
        if not (math.isfinite(task.people) and task.people >= 0):
            problems.add(f"task {task.key}", f"has {task.people:g} people", "write zero or more")
        if not (math.isfinite(task.count) and task.count >= 0):
            problems.add(f"task {task.key}", f"has a count of {task.count:g}", "write zero or more")


def _check_senders(
    senders: Sequence[Sender], capabilities: Sequence[Capability], problems: ProblemList
) -> None:
    known = [capability.key for capability in capabilities if capability.kind == "people"]
    codes = [sender.code for sender in senders]
    for code in sorted({code for code in codes if codes.count(code) > 1}):
        problems.add(f"sender {code}", "is there twice", "add what it sends into one")
    for sender in senders:
        where = f"sender {sender.code}"
        for key, people in sender.people.items():
            if key not in known:
                problems.add(where, f"'{key}' is not a capability of people", f"one of {', '.join(known)}")
            if not (math.isfinite(people) and people >= 0):
                problems.add(where, f"sends {people:g} people for {key}", "write zero or more")
        if not 0 <= sender.low_factor <= 1 <= sender.high_factor:
            problems.add(where, "has a range that does not hold its people", "low <= people <= high")
        if sender.basis == "ours" and sender.low_factor == sender.high_factor:
            problems.add(where, "stated no size and has no range", "give the range of our estimate")


def _check_counts(counts: Mapping[str, float], problems: ProblemList) -> None:
    for key, count in counts.items():
        if key not in THINGS:
            problems.add(f"counts.{key}", "is not a thing that is bought", f"one of {', '.join(THINGS)}")
        if not (math.isfinite(count) and count >= 0):
            problems.add(f"counts.{key}", f"is {count:g}", "write zero or more")
