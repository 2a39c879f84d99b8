"""A basis of generation made from a sized force, for tests of requirements and what follows them."""

from __future__ import annotations

from truceline.force.reaction import Reaction, SitedReaction
from truceline.force.sizing import size_force
from truceline.force.sustainment import size_sustainment
from truceline.force.tasks import CrewedMeans, WatchCounts
from truceline.generation.model import Basis, Mission, TaskNeed
from truceline.scenario.assumption import AssumptionSet
from truceline.scenario.catalogue import load_catalogue

COUNTS = WatchCounts(
    armed_posts=40,
    unarmed_posts=5,
    masts=12,
    sensor_crews=(CrewedMeans("mast.camera_mast", "camera", 12, 1.2),),
    patrols_per_day=30,
    area_means=(CrewedMeans("eyes", "Tactical drone orbit", 3, 18),),
)
"""Posts of both kinds, masts, patrols, and a drone orbit that its posture calls by a name of its own."""


def make_basis(
    mission: Mission = "reassurance",
    *,
    counts: WatchCounts = COUNTS,
    reaction: Reaction | None = None,
    brigades: float = 4,
    length_km: float = 400,
    assumptions: AssumptionSet | None = None,
) -> Basis:
    """Return what a plan of these counts would hand to generation."""
    known = load_catalogue() if assumptions is None else assumptions
    sited = SitedReaction(n_bases=3, unit_people=130) if reaction is None else reaction
    force = size_force(counts, known, reaction=sited, brigades=brigades)
    tasks = tuple(
        TaskNeed(task.key, task.group, task.label, task.count, task.unit_label, task.people)
        for task in force.table.tasks
    )
    return Basis(
        scenario="made-up",
        posture="watch",
        posture_label="A made-up watch",
        mission=mission,
        length_km=length_km,
        brigades=brigades,
        n_sectors=4,
        tasks=tasks,
        deployed=force.traced,
        supplies=size_sustainment(force.deployed_people, known).lines(),
        outcomes=None,
    )
