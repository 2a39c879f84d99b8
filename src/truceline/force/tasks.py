"""The troop-to-task table: what a posture asks for, and the people each task takes.

Units: people, and counts of the thing named in `unit_label`; nothing is rounded here. A table only
adds up; how many people a task takes is worked out in `sizing`, and never the other way round.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

from truceline.errors import ProblemList, ScenarioError
from truceline.trace import Traced

Group = Literal["watch", "reaction", "deterrence", "support"]
"""What a task is for: seeing, answering, combat power declared apart, or keeping the others going."""

GROUPS: tuple[Group, ...] = get_args(Group)
"""The groups in the order tables show them."""


@dataclass(frozen=True)
class Task:
    """One job of the force and the people it takes."""

    key: str
    label: str
    count: float
    """How many of `unit_label` the posture asks for."""
    unit_label: str
    people: float
    """People deployed for the task, reliefs included."""
    group: Group
    traced: Traced
    """How `people` was built."""


@dataclass(frozen=True)
class TaskTable:
    """Every task of a force."""

    tasks: tuple[Task, ...]

    @property
    def people(self) -> float:
        """People deployed for all tasks together."""
        return math.fsum(task.people for task in self.tasks)

    def people_in(self, group: Group) -> float:
        """Return the people deployed for the tasks of one group."""
        return math.fsum(task.people for task in self.tasks if task.group == group)

    def totals(self) -> dict[Group, float]:
        """Return the people of every group, also of those without a task."""
        return {group: self.people_in(group) for group in GROUPS}

    def find(self, key: str) -> Task:
        """Return the task named `key`; raises KeyError where there is none."""
        for task in self.tasks:
            if task.key == key:
                return task
        raise KeyError(key)

    def rows(self) -> list[dict[str, str | float]]:
        """Return one plain row a task for tables, groups in their order, numbers unrounded."""
        total = self.people
        return [
            {
                "key": task.key,
                "group": task.group,
                "task": task.label,
                "count": task.count,
                "unit": task.unit_label,
                "people": task.people,
                "people_share": task.people / total if total else 0.0,
            }
            for group in GROUPS
            for task in self.tasks
            if task.group == group
        ]


class CrewedMeans(NamedTuple):
    """A kind of sensor or aircraft and the people each one takes, shifts and leave included."""

    key: str
    label: str
    units: float
    people_per_unit: float
    traced: Traced | None = None
    """Where `people_per_unit` comes from; None where the posture simply states it."""


@dataclass(frozen=True)
class WatchCounts:
    """What stands, drives and flies in a posture: the counts that people are worked out from.

    Counts may be fractions, so that a rule of so many posts per kilometre can be sized as it is.
    Raises ScenarioError for a count that is negative or not a number, and for a key used twice.
    """

    armed_posts: float = 0.0
    unarmed_posts: float = 0.0
    masts: float = 0.0
    """Unattended camera masts, looked after by teams."""
    sensor_crews: tuple[CrewedMeans, ...] = ()
    """Crewed sensors such as radars and acoustic arrays."""
    patrols_per_day: float = 0.0
    area_means: tuple[CrewedMeans, ...] = ()
    """Means that watch an area rather than stand at a site: drone orbits, aerostats, satellite cells."""
    origins: tuple[tuple[str, Traced], ...] = ()
    """How a count was made, by field name, where it is not simply counted on the map."""

    def __post_init__(self) -> None:
        for field_name in ("sensor_crews", "area_means"):  # plain tuples are welcome
            object.__setattr__(
                self, field_name, tuple(CrewedMeans(*means) for means in getattr(self, field_name))
            )
        problems = ProblemList()
        for field_name in ("armed_posts", "unarmed_posts", "masts", "patrols_per_day"):
            _check_count(problems, f"posture.{field_name}", getattr(self, field_name))
        seen: set[str] = set()
        for means in (*self.sensor_crews, *self.area_means):
            _check_count(problems, f"posture.{means.key}.units", means.units)
            _check_count(problems, f"posture.{means.key}.people_per_unit", means.people_per_unit)
            if means.key in seen:
                problems.add(f"posture.{means.key}", "is listed twice", "add the units up in one entry")
            seen.add(means.key)
        problems.raise_if_any(ScenarioError, "posture")

    @property
    def posts(self) -> float:
        """Staffed posts of both kinds."""
        return self.armed_posts + self.unarmed_posts

    def trace(self, field_name: str, label: str, unit: str) -> Traced:
        """Return one count for an explanation: how it was made if known, else a leaf of the posture."""
        for name, origin in self.origins:
            if name == field_name:
                return origin
        return trace_count(field_name, getattr(self, field_name), unit, label)


def trace_count(field_name: str, value: float, unit: str, label: str) -> Traced:
    """Return a count of the posture as a leaf of an explanation."""
    return Traced(
        name=f"posture.{field_name}",
        value=value,
        unit=unit,
        label=label,
        evidence="computed",
        source="the posture",
    )


def _check_count(problems: ProblemList, where: str, value: float) -> None:
    if not math.isfinite(value) or value < 0:
        problems.add(where, f"{value:g} is not a count", "write zero or more")
