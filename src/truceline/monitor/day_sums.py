"""What the lines of a day's report add up to: hours, people, weapons, flights, restrictions.

Counted here once, so that every product says the same and none of them counts.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from truceline.events.kinds import KindGroup
from truceline.monitor.day_counts import OTHER
from truceline.monitor.day_lines import DayRow, HarmLine, RestrictionLine, SightingLine
from truceline.monitor.day_model import EffortLine
from truceline.monitor.day_tally import DaySums, Hours, People
from truceline.monitor.mission import Mission

_FIRM = ("verified", "corroborated")
_MISSION = "mission"


def sum_day(
    mission: Mission,
    *,
    rows: Sequence[DayRow],
    harms: Sequence[HarmLine],
    sightings: Sequence[SightingLine],
    restrictions: Sequence[RestrictionLine],
    effort: Sequence[EffortLine],
) -> DaySums:
    """Return the sums of a report's lines. Hours outside the mission's regions stand under the others."""
    names = [region.name for region in mission.regions]
    by_region: dict[str, list[EffortLine]] = {}
    for line in effort:
        by_region.setdefault(line.region if line.region in names else OTHER, []).append(line)
    hours_by_region = {name: sum_hours(lines) for name, lines in by_region.items()}
    broken = [line for line in sightings if line.verdict == "violation"]
    return DaySums(
        hours=sum_hours(effort),
        hours_by_region=hours_by_region,
        unwatched=tuple(name for name in names if not hours_by_region.get(name, Hours()).watched > 0)
        if effort
        else (),
        harm=sum_people(harm for harm in harms if harm.is_consequence),
        casualties=sum_people(harm for harm in harms if harm.is_consequence and _tells_of_people(harm)),
        damage=sum_people(harm for harm in harms if harm.kind == "damage"),
        of_fire=sum_people(harm for harm in harms if not harm.is_consequence),
        n_fire_at_mission=sum(row.target == _MISSION for row in rows)
        + sum(harm.target == _MISSION and harm.is_consequence for harm in harms),
        n_weapons=sum(line.count.best for line in broken if line.group == KindGroup.movement),
        n_flights=sum(line.count.best for line in broken if line.group == KindGroup.air),
        n_restrictions=Counter(line.state for line in restrictions),
    )


def sum_hours(lines: Sequence[EffortLine]) -> Hours:
    """Return the hours of some lines together; NaN where there are none."""
    if not lines:
        return Hours()
    return Hours(
        watched=math.fsum(line.watched_h for line in lines),
        lost=math.fsum(line.lost_h for line in lines),
        previous=math.fsum(line.previous_watched_h for line in lines),
    )


def sum_people(harms: Iterable[HarmLine]) -> People:
    """Return the people of some lines together, bound by bound."""
    lines = list(harms)
    return People(
        n_lines=len(lines),
        n_firm=sum(line.status in _FIRM for line in lines),
        killed=_add(lines, lambda line: line.killed),
        hurt=_add(lines, lambda line: line.hurt),
    )


def _tells_of_people(harm: HarmLine) -> bool:
    return harm.kind == "casualty" or harm.killed[2] > 0 or harm.hurt[2] > 0


def _add(
    lines: Sequence[HarmLine], people: Callable[[HarmLine], tuple[int, int, int]]
) -> tuple[int, int, int]:
    low, best, high = (sum(people(line)[bound] for line in lines) for bound in range(3))
    return low, best, high
