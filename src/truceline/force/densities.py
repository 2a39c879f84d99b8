"""People per kilometre of the plan, of published estimates and of past missions, side by side.

Units: people, metres; densities in people per kilometre and people per staffed post. A density says
nothing of the task: a mission that also holds an area behind its line is denser for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from truceline.force.estimates import Estimate
from truceline.force.missions import PastMission
from truceline.force.sizing import Force


@dataclass(frozen=True)
class DensityRow:
    """The density of one mission, estimate or plan."""

    label: str
    kind: Literal["plan", "estimate", "mission"]
    people: float
    length_m: float
    people_per_km: float
    people_per_post: float | None
    source: str
    is_weak: bool
    """Whether a length or strength in it was recollected, not read."""


def density_of_plan(posture: str, force: Force, length_m: float, *, posts: float) -> DensityRow:
    """Return the density of a planned force on a line of `length_m` with so many staffed posts.

    Raises
    ------
    ScenarioError
        When the length is not above zero.
    """
    per_km = force.per_km(length_m)
    people = force.deployed_people
    return DensityRow(posture, "plan", people, length_m, per_km, force.per_post(posts), "this plan", False)


def densities_of_missions(missions: Iterable[PastMission]) -> tuple[DensityRow, ...]:
    """Return the density of every mission that has one, thinnest first."""
    rows = [
        DensityRow(
            label=mission.label,
            kind="mission",
            people=mission.people,
            length_m=mission.line_length_m,
            people_per_km=mission.people_per_km,
            people_per_post=mission.people_per_post,
            source=mission.source,
            is_weak=mission.is_weak,
        )
        for mission in missions
        if mission.people is not None
        and mission.line_length_m is not None
        and mission.people_per_km is not None
    ]
    return sort_densities(rows)


def densities_of_estimates(estimates: Iterable[Estimate]) -> tuple[DensityRow, ...]:
    """Return the density of every estimate with a line, a range at both its ends, thinnest first."""
    rows = []
    for estimate in estimates:
        ends = dict(zip((estimate.people_low, estimate.people_high), estimate.people_per_km(), strict=True))
        for people, per_km in ends.items():  # a point stands once
            if people is None or per_km is None or estimate.line_length_m is None:
                continue
            label = f"{estimate.label}: {estimate.phrase()}"
            weak = estimate.evidence.is_weak
            rows.append(
                DensityRow(
                    label, "estimate", people, estimate.line_length_m, per_km, None, estimate.source, weak
                )
            )
    return sort_densities(rows)


def sort_densities(rows: Iterable[DensityRow]) -> tuple[DensityRow, ...]:
    """Return rows of any kind together, thinnest first."""
    return tuple(sorted(rows, key=lambda row: (row.people_per_km, row.kind, row.label)))


def nearest_mission(people_per_km: float, missions: Iterable[PastMission]) -> DensityRow | None:
    """Return the past mission whose density is nearest by ratio, or None where there is none."""
    rows = [row for row in densities_of_missions(missions) if row.people_per_km > 0]
    if people_per_km <= 0 or not rows:
        return None

    def how_far(row: DensityRow) -> float:
        return max(row.people_per_km / people_per_km, people_per_km / row.people_per_km)

    return min(rows, key=how_far)
