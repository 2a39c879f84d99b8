"""What other hands would make of the same posture: masts for posts, drones flown by somebody else.

People only; what would be seen is not re-planned here. For that, change the scenario and compare.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from truceline.force.drones import DroneKind, crew_drones
from truceline.force.sizing import size_force
from truceline.force.substitution import replace_posts_by_masts
from truceline.plan.people import People, reaction_of
from truceline.scenario.assumption import AssumptionSet
from truceline.units import format_share

POSTS_REPLACED_SHARE = 0.5
"""Share of the armed posts given up in the example."""
MASTS_PER_POST = 2
"""Masts that take the place of one post in the example."""
_DRONE_KINDS: tuple[DroneKind, ...] = ("contract_detachment", "military_orbit", "male_orbit")


@dataclass(frozen=True)
class Alternative:
    """A change to a posture and the people it would then take."""

    label: str
    deployed_people: float
    change_people: float
    """Difference to the posture as planned; below zero where people are saved."""
    note: str


def list_alternatives(people: People, brigades: float, assumptions: AssumptionSet) -> tuple[Alternative, ...]:
    """Return what the posture would take with half its posts as masts, and with its drones in other hands."""
    planned = people.force.deployed_people
    found = []
    if people.counts.armed_posts > 0:
        n_posts = POSTS_REPLACED_SHARE * people.counts.armed_posts
        change = replace_posts_by_masts(
            people.counts, assumptions, n_posts=n_posts, masts_per_post=MASTS_PER_POST
        )
        found.append(
            Alternative(
                f"{format_share(POSTS_REPLACED_SHARE)} of the posts replaced by {MASTS_PER_POST} masts each",
                planned - change.people_saved,
                -change.people_saved,
                "the reaction force is kept: a mast sees and does not act",
            )
        )
    n_orbits = sum(means.units for means in people.counts.area_means)
    for kind in _DRONE_KINDS if n_orbits else ():
        crewed = crew_drones(kind, n_orbits, assumptions)
        counts = replace(people.counts, area_means=(crewed,))
        force = size_force(counts, assumptions, reaction=reaction_of(people.bases), brigades=brigades)
        found.append(
            Alternative(
                f"Drones as: {crewed.label}",
                force.deployed_people,
                force.deployed_people - planned,
                f"{n_orbits:g} of them, {crewed.people_per_unit:g} people each",
            )
        )
    return tuple(found)
