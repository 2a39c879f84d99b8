"""The observation model run on past missions, with one set of assumptions for all of them.

Units: people, metres. The parameters were settled while looking at these missions, so agreement
shows that one set is consistent, not that it predicts. Nothing is refitted to a mission.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from truceline.errors import Problem, TableError
from truceline.force.missions import PastMission
from truceline.force.reaction import ShareReaction
from truceline.force.sizing import Force, patrols_at_rate, size_force
from truceline.force.tasks import WatchCounts
from truceline.scenario.assumption import AssumptionSet
from truceline.trace import Traced
from truceline.units import format_people, format_share

BACKCAST_MISSIONS = ("HM01", "HM02", "HM07", "HM21", "HM16")
"""Rows of the missions table with strength and posts of the same years, MFO last as the counter-example."""

UNARMED_POSTS: Mapping[str, float] = MappingProxyType({"HM07": 11})
"""Posts staffed by unarmed observers among a mission's posts (notes of the missions table)."""

TASKS_OUTSIDE: Mapping[str, str] = MappingProxyType(
    {"HM16": "its aviation, its coastal unit and its two base camps"}
)
"""Tasks a mission had that this model does not hold (MFO: general knowledge of its order of battle)."""

LARGE_ERROR_SHARE = 0.35
"""Beyond this error the result says so; the tolerance that force.md, check 4, sets for four missions."""


@dataclass(frozen=True)
class Backcast:
    """What the model gives for a past mission beside what the mission had."""

    mission: PastMission
    force: Force
    actual_people: float
    error_share: float
    """(model - actual) / actual."""
    note: str
    """What the model does not hold; empty where it comes near enough."""

    def sentence(self) -> str:
        """Say the comparison in one sentence."""
        side = "above" if self.error_share >= 0 else "below"
        text = (
            f"{self.mission.label}: {format_people(self.force.watching_people)} by the model, "
            f"{format_people(self.actual_people)} in fact ({format_share(abs(self.error_share))} {side})"
        )
        return f"{text}; {self.note}." if self.note else f"{text}."


def backcast_mission(mission: PastMission, assumptions: AssumptionSet) -> Backcast:
    """Return the observation force that the assumptions give for a past mission's posts and line.

    Patrols are the mission's own where it reported them, else at `patrol.rate` on its line; where
    the line is not known either, there are none.

    Raises
    ------
    TableError
        When the mission's strength or posts are not known.
    """
    if not mission.people or not mission.posts:
        problem = Problem(mission.key, "has no strength or no posts on record", "choose another mission")
        raise TableError("past missions", [problem])
    counts = _counts_of(mission, assumptions)
    force = size_force(counts, assumptions, reaction=ShareReaction())
    error_share = force.watching_people / mission.people - 1
    return Backcast(mission, force, mission.people, error_share, _explain_error(mission, error_share))


def _counts_of(mission: PastMission, assumptions: AssumptionSet) -> WatchCounts:
    unarmed = UNARMED_POSTS.get(mission.key, 0.0)
    counts = WatchCounts(armed_posts=(mission.posts or 0.0) - unarmed, unarmed_posts=unarmed)
    if mission.patrols_per_day is not None:
        own = Traced(
            name="posture.patrols_per_day",
            value=mission.patrols_per_day,
            unit="patrol/day",
            label="Patrols a day that the mission reported",
            evidence=mission.evidence.value,
            source=mission.source,
        )
    elif mission.line_length_m is not None:
        own = patrols_at_rate(mission.line_length_m, assumptions)
    else:
        return counts
    return replace(counts, patrols_per_day=own.value, origins=(("patrols_per_day", own),))


def _explain_error(mission: PastMission, error_share: float) -> str:
    if abs(error_share) <= LARGE_ERROR_SHARE:
        return ""
    outside = TASKS_OUTSIDE.get(mission.key)
    if error_share < 0 and outside:
        return f"the model does not hold {outside}"
    if error_share < 0:
        return "the mission had tasks that the model does not hold"
    return "the mission did with fewer people than the model allows"
