"""What a report counts in: acts in three values, tallies of them by name, hours watched, people hurt.

Acts (an explosion, a burst, a shot, a strike) and people are whole numbers: least, most likely, most.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

_UNKNOWN = float("nan")


class ActClass(StrEnum):
    """Class an act is counted in, in the order of the running totals of a daily report."""

    explosion = "explosion"
    projectile = "projectile"
    muzzle_flash = "muzzle_flash"
    flare = "flare"
    tracer = "tracer"
    burst = "burst"
    shot = "shot"
    incident = "incident"
    """Anything else that was fired: a strike or a firefight told as one thing."""


CLASS_GROUPS = (
    (ActClass.explosion,),
    (ActClass.projectile,),
    (ActClass.muzzle_flash,),
    (ActClass.flare, ActClass.tracer),
    (ActClass.burst, ActClass.shot),
    (ActClass.incident,),
)
"""Columns of the running totals: the classes of the OSCE mission's own, and strikes."""


@dataclass(frozen=True)
class Count:
    """A number of acts, added up from the rows of the annex and from nothing else.

    `low` and `high` are the sums of the rows' bounds: they hold for sure if every row's bounds do, and are
    wider than an interval of any stated probability.
    """

    low: int = 0
    best: int = 0
    high: int = 0
    n_incidents: int = 0

    def __add__(self, other: Count) -> Count:
        """Return both together."""
        return Count(
            self.low + other.low,
            self.best + other.best,
            self.high + other.high,
            self.n_incidents + other.n_incidents,
        )


NONE = Count()


@dataclass(frozen=True)
class Tally:
    """Counts of one area and period, by name.

    Keys: `violations`; `class.<ActClass>`; `phase.<Phase>` (explosions alone, adding up to them);
    `status.<verification>`; `noticed.<Observation>`; `place.<side that holds the place>`;
    `by.<side attributed>`; `exercise` (of the violations, or left out of them: see `DayReport`);
    `claim` (resting on a party's word alone); `unclear` (never in the violations).
    """

    counts: Mapping[str, Count] = field(default_factory=dict)

    def __getitem__(self, key: str) -> Count:
        """Return one count; nothing counted is zero."""
        return self.counts.get(key, NONE)

    @property
    def violations(self) -> Count:
        """All acts counted."""
        return self["violations"]

    @property
    def explosions(self) -> Count:
        """Explosions among them."""
        return self[f"class.{ActClass.explosion}"]

    def family(self, name: str) -> dict[str, Count]:
        """Return the counts whose key starts with `name` and a point, by the rest of the key."""
        start = f"{name}."
        return {key.removeprefix(start): count for key, count in self.counts.items() if key.startswith(start)}

    def __add__(self, other: Tally) -> Tally:
        """Return both together."""
        keys = {**self.counts, **other.counts}
        return Tally({key: self[key] + other[key] for key in keys})


@dataclass(frozen=True)
class Hours:
    """Hours of watching added over posts and means; NaN where no watching was recorded."""

    watched: float = _UNKNOWN
    lost: float = _UNKNOWN
    """In which watching was prevented."""
    previous: float = _UNKNOWN
    """Watched in the period before."""


@dataclass(frozen=True)
class People:
    """Lines of harm, and the people in them: least, most likely, most."""

    n_lines: int = 0
    n_firm: int = 0
    """Of them verified or corroborated."""
    killed: tuple[int, int, int] = (0, 0, 0)
    hurt: tuple[int, int, int] = (0, 0, 0)


@dataclass(frozen=True)
class DaySums:
    """What the lines of a report add up to, so that nobody adds them up again."""

    hours: Hours
    hours_by_region: Mapping[str, Hours]
    """By name of the region, empty for the others together; without those of which nothing was recorded."""
    unwatched: tuple[str, ...]
    """The mission's regions without an hour watched; none where no watching was recorded at all."""
    harm: People
    """Told as harm: casualties and damage."""
    casualties: People
    """The reports of harm that tell of people, those of damage among them."""
    damage: People
    of_fire: People
    """Hurt in incidents of fire: these may be the people of the reports of harm."""
    n_fire_at_mission: int
    """Rows and lines of harm whose target was the mission."""
    n_weapons: int
    """Weapons and positions in violation."""
    n_flights: int
    """Flights in violation."""
    n_restrictions: Mapping[str, int]
    """By state."""
