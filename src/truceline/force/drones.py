"""The people behind drones that watch an area: an orbit is crewed, not counted by aircraft.

Units: people. An orbit is one aircraft on station round the clock; a contracted detachment keeps a
small drone up for part of the day only. What a drone sees is in `detection`.
"""

from __future__ import annotations

from typing import Literal

from truceline.force.tasks import CrewedMeans
from truceline.scenario.assumption import AssumptionSet

DroneKind = Literal["military_orbit", "contract_detachment", "male_orbit"]
"""Tactical drone round the clock in military hands; contracted pair of small drones; MALE round the clock."""

_LABELS: dict[DroneKind, str] = {
    "military_orbit": "Tactical drone orbits round the clock, military crews",
    "contract_detachment": "Contracted detachments of two small drones, part of the day",
    "male_orbit": "Medium-altitude long-endurance drone orbits round the clock",
}


def crew_drones(kind: DroneKind, units: float, assumptions: AssumptionSet) -> CrewedMeans:
    """Return `units` orbits or detachments with the people each takes, for `WatchCounts.area_means`."""
    traced = assumptions.trace(f"drones.{kind}_people")
    return CrewedMeans(f"drones_{kind}", _LABELS[kind], units, traced.value, traced)
