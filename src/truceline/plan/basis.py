"""What a plan hands to force generation: the tasks of one posture, its supplies, and what its watch sees."""

from __future__ import annotations

from collections.abc import Sequence

from truceline.generation.model import Basis, PlannedPosture, TaskNeed, WatchOutcomes
from truceline.plan.model import PosturePlan
from truceline.scenario.model import Scenario


def describe_basis(
    scenario: Scenario,
    one: PosturePlan,
    length_m: float,
    n_sectors: int,
    outcomes: WatchOutcomes | None,
    postures: Sequence[PosturePlan] = (),
) -> Basis:
    """Return the basis of a planned posture.

    length_m: geodesic length of the line. n_sectors: 1 for a line without a map. outcomes: what the watch
    sees by strength and by the intelligence there is; None without a map. postures: all that were planned.
    """
    people = one.people
    return Basis(
        scenario=scenario.name,
        posture=one.key,
        posture_label=one.label,
        mission=one.posture.mission,
        length_km=length_m / 1000,
        brigades=one.posture.brigades.value,
        n_sectors=max(1, n_sectors),
        tasks=tuple(
            TaskNeed(task.key, task.group, task.label, task.count, task.unit_label, task.people)
            for task in people.force.table.tasks
        ),
        deployed=people.force.traced,
        supplies=people.supply.lines(),
        outcomes=outcomes,
        postures=tuple(
            PlannedPosture(
                each.key,
                each.label,
                each.posture.mission,
                each.people.force.traced,
                None if each.watch is None else each.watch.averages.detect.total,
            )
            for each in postures
        ),
    )
