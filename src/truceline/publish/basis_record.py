"""What a plan handed to generation, in plan.json: a finished plan can be asked about another day.

Units as in `truceline.generation.model.Basis`. Nothing is rounded: generating from a document gives what
generating from the plan gave.
"""

from __future__ import annotations

import math
from typing import Any

from truceline.generation.model import Basis, Mission
from truceline.publish.record import Record, tree_of


class TaskNeedRecord(Record):
    """One row of the troop-to-task table, not rounded."""

    key: str
    group: str
    label: str
    count: float
    unit: str
    people: float


class OutcomesRecord(Record):
    """What the watch sees, by the share of it that is manned and what intelligence the backstop brings."""

    tasks: list[str]
    """Backstop tasks that change what is seen; bit i of a column's number says that task i is brought."""
    strength: list[float]
    """Shares of the watching people in place, ascending."""
    detect: list[list[float]]
    """A row for each strength, a column for each combination of tasks."""
    verify: list[list[float]]
    weakest: list[list[float | None]]
    """Null where nobody can pass."""
    note: str


class BasisRecord(Record):
    """What a plan hands to generation."""

    scenario: str
    posture: str
    posture_label: str
    mission: Mission
    length_km: float
    brigades: float
    n_sectors: int
    tasks: list[TaskNeedRecord]
    deployed: dict[str, Any]
    """Number as a tree: ``force.deployed``."""
    supplies: list[dict[str, Any]]
    """Numbers as trees: water, fuel and other supplies a day."""
    outcomes: OutcomesRecord | None
    """Null for a plan without a map."""


def record_basis(basis: Basis) -> BasisRecord:
    """Return a basis as a record."""
    outcomes = basis.outcomes
    return BasisRecord(
        scenario=basis.scenario,
        posture=basis.posture,
        posture_label=basis.posture_label,
        mission=basis.mission,
        length_km=basis.length_km,
        brigades=basis.brigades,
        n_sectors=basis.n_sectors,
        tasks=[
            TaskNeedRecord(
                key=task.key,
                group=task.group,
                label=task.label,
                count=task.count,
                unit=task.unit,
                people=task.people,
            )
            for task in basis.tasks
        ],
        deployed=tree_of(basis.deployed),
        supplies=[tree_of(supply) for supply in basis.supplies],
        outcomes=None
        if outcomes is None
        else OutcomesRecord(
            tasks=list(outcomes.tasks),
            strength=outcomes.strength.tolist(),
            detect=outcomes.detect.tolist(),
            verify=outcomes.verify.tolist(),
            weakest=[[None if math.isnan(p) else p for p in row] for row in outcomes.weakest.tolist()],
            note=outcomes.note,
        ),
    )
