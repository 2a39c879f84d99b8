"""Read what a force is made of: the packaged table of capabilities.

People and units of a capability. The order of filling and what is essential are our choices; the table says
why, row by row. Nothing is computed here beyond the size of a block.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from truceline.errors import Problem, ProblemList, ScenarioError
from truceline.generation.model import Capability, TaskNeed
from truceline.scenario.assumption import AssumptionSet
from truceline.scenario.catalogue import load_catalogue
from truceline.scenario.reference import Row, parse_rows, read_table

TABLE = "capabilities"
GROUP_MARK = "/*"
"""Ends an entry of `tasks` that takes every task of a group that no other capability names."""
UNIT_MARK = "@"
"""Begins an entry of `tasks` that takes every task counted in a unit, whatever the posture calls it."""
PRIORITIES = range(1, 5)
"""1 is filled first."""


def read_capabilities(assumptions: AssumptionSet | None = None) -> tuple[Capability, ...]:
    """Return every capability, people first, in the order of the packaged table.

    assumptions: give the people of a platoon and of a battalion; None for the packaged catalogue.
    Raises TableError with every problem of the table.
    """
    known = load_catalogue() if assumptions is None else assumptions

    def parse(row: Row, problems: ProblemList) -> Capability | None:
        return _parse(row, known, problems)

    return parse_rows(read_table(TABLE), parse, TABLE)


def find_capability(capabilities: tuple[Capability, ...], task: TaskNeed) -> Capability:
    """Return the capability that a task of the plan belongs to: by its key or unit, else by its group.

    Raises ScenarioError for a task of a group that no capability takes.
    """
    by_group: dict[str, Capability] = {}
    for capability in capabilities:
        for entry in capability.tasks:
            if entry.endswith(GROUP_MARK):
                by_group[entry.removesuffix(GROUP_MARK)] = capability
            elif entry in (task.key, f"{UNIT_MARK}{task.unit}"):
                return capability
    if task.group not in by_group:
        found = f"the group '{task.group}' belongs to no capability"
        hint = f"use one of {', '.join(sorted(by_group))}"
        raise ScenarioError("requirements", [Problem(f"task {task.key}", found, hint)])
    return by_group[task.group]


@cache
def read_ruled_out() -> Mapping[str, tuple[str, ...]]:
    """Return the capabilities that each caveat of a pledge rules out: our reading of the word."""
    found: dict[str, list[str]] = {}
    for row in read_table(TABLE):
        for caveat in _words(row["ruled_out_by"]):
            found.setdefault(caveat, []).append(row["capability"])
    return {caveat: tuple(sorted(keys)) for caveat, keys in sorted(found.items())}


@cache
def list_from_outside() -> tuple[str, ...]:
    """Return the enablers that serve from a neighbouring country, from the sea or from space."""
    return tuple(row["capability"] for row in read_table(TABLE) if row["from_outside"] == "yes")


def _parse(row: Row, assumptions: AssumptionSet, problems: ProblemList) -> Capability | None:
    where = f"{TABLE} {row['capability']}"
    if row["kind"] not in ("people", "enabler"):
        problems.add(where, f"'{row['kind']}' is not a kind", "write people or enabler")
        return None
    if not row["priority"].isdecimal() or int(row["priority"]) not in PRIORITIES:
        problems.add(where, f"'{row['priority']}' is not a priority", "write 1 to 4")
        return None
    if (row["kind"] == "people") != bool(row["tasks"]):
        problems.add(where, "people need tasks, and enablers have none", "write or remove its tasks")
        return None
    block = row["block"]
    if block != "1" and block not in assumptions:
        problems.add(where, f"'{block}' is neither 1 nor an assumption", "name one of generation.yaml")
        return None
    return Capability(
        key=row["capability"],
        label=row["label"],
        unit=row["unit"],
        kind="people" if row["kind"] == "people" else "enabler",
        priority=int(row["priority"]),
        block=1.0 if block == "1" else assumptions.value(block),
        tasks=_words(row["tasks"]),
        backstop_task=row["backstop_task"],
        essential=row["essential"] == "yes",
    )


def _words(cell: str) -> tuple[str, ...]:
    return tuple(word for word in cell.split("|") if word)
