"""Reaction forces in numbers: the bases a stated time asks for, and the people who wait there.

Units: people, seconds, metres. No geometry: which bases reach which point is a covering problem,
solved in `siting`; this file says how far a column gets in the time and what the bases cost in people.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from truceline.errors import InfeasibleError, Problem
from truceline.scenario.assumption import AssumptionSet
from truceline.trace import Traced
from truceline.units import format_people, format_share, format_value


@dataclass(frozen=True)
class ShareReaction:
    """The reaction force is a share of the watching force (`support.reserve_share`), sited nowhere."""


@dataclass(frozen=True)
class SitedReaction:
    """The reaction force is one unit at each of the bases found to reach the line in time."""

    n_bases: float
    """Bases; a fraction stands for a force whose size is known but not its bases."""
    unit_people: float
    """People in the unit at one base."""
    origin: Traced | None = None
    """How the number of bases was found, where it was not simply stated."""


Reaction = ShareReaction | SitedReaction


@dataclass(frozen=True)
class RequiredBases:
    """What a covering of the line by reaction bases asks for."""

    n_bases: int
    n_bases_bound: int
    """No fewer bases can do it."""
    reaction_time_s: float
    reached_share: float
    """Share of the places to reach that a base reaches in time."""
    unit_people: float

    @property
    def people(self) -> float:
        """People who wait at the bases, before their support."""
        return self.n_bases * self.unit_people

    def to_reaction(self) -> SitedReaction:
        """Return the bases as an input of `sizing.size_force`."""
        return SitedReaction(self.n_bases, self.unit_people)

    def sentence(self) -> str:
        """Say the answer and how sure it is in one sentence."""
        fewest = self.n_bases == self.n_bases_bound
        proof = "the fewest possible" if fewest else f"at least {self.n_bases_bound} are needed"
        return (
            f"{self.n_bases} reaction bases ({proof}) reach {format_share(self.reached_share)} of the places "
            f"within {format_value(self.reaction_time_s, 's')}: {format_people(self.people)} people "
            f"at {self.unit_people:g} a base."
        )


def required_bases(
    n_bases: int,
    assumptions: AssumptionSet,
    *,
    n_bases_bound: int,
    reaction_time_s: float,
    reached_share: float,
) -> RequiredBases:
    """Return what a covering found elsewhere asks for, with `reaction.unit_people` at every base."""
    unit_people = assumptions.value("reaction.unit_people")
    return RequiredBases(n_bases, n_bases_bound, reaction_time_s, reached_share, unit_people)


def reach_in_time(reaction_time_s: float, assumptions: AssumptionSet) -> Traced:
    """Return the straight distance in metres that a column covers within the time from the alarm.

    The column rolls after `reaction.notice`, drives at `reaction.road_speed`, and the road is
    `reaction.circuity` times as long as the straight line.

    Raises
    ------
    InfeasibleError
        When the time is over before the column rolls.
    """
    names = ("reaction.notice", "reaction.road_speed", "reaction.circuity")
    notice_s, speed_m_s, circuity = (assumptions.value(name) for name in names)
    if not math.isfinite(reaction_time_s) or reaction_time_s <= notice_s:
        found = f"{reaction_time_s / 60:g} min is over before a column rolls at {notice_s / 60:g} min"
        problem = Problem("reaction.time", found, "allow more time or shorten reaction.notice")
        raise InfeasibleError("reaction force", [problem])
    time = Traced(
        "reaction.time", reaction_time_s, "s", "Time allowed from the alarm to arrival", evidence="stated"
    )
    return Traced(
        name="reaction.reach",
        value=(reaction_time_s - notice_s) * speed_m_s / circuity,
        unit="m",
        label="Straight distance a reaction column reaches in the time allowed",
        formula="(reaction.time - reaction.notice) * reaction.road_speed / reaction.circuity",
        parts=(time, *(assumptions.trace(name) for name in names)),
        evidence="computed",
    )
