"""The people of a posture: troop-to-task, reaction bases sited by travel time, rotation and daily supply."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from truceline.detection.sensors import Sensor
from truceline.errors import InfeasibleError, Problem
from truceline.force.reaction import (
    RequiredBases,
    ShareReaction,
    SitedReaction,
    reach_in_time,
    required_bases,
)
from truceline.force.rotation import Rotation, rotate_force
from truceline.force.sizing import Force, patrols_at_rate, size_force
from truceline.force.sustainment import DailySupply, size_sustainment
from truceline.force.tasks import CrewedMeans, WatchCounts
from truceline.geo.access import reach_table
from truceline.plan.candidates import MOVING_KINDS, trace_unit_people
from truceline.plan.ground import Ground
from truceline.plan.watch import Watch
from truceline.scenario.assumption import AssumptionSet
from truceline.scenario.model import GivenPosts, Posture
from truceline.siting.cover import CoverResult, solve_cover
from truceline.siting.problems import SetCoverProblem
from truceline.trace import Traced

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Bases:
    """Reaction bases and what they reach."""

    required: RequiredBases
    xy_m: FloatArray
    """(n, 2) metric places of the bases."""
    chainage_m: FloatArray
    side: tuple[str, ...]
    reach: Traced
    """Straight distance a column covers in the time."""

    def to_reaction(self) -> SitedReaction:
        """Return the reaction force with how its number of bases was found."""
        required = self.required
        origin = Traced(
            "posture.reaction_bases",
            required.n_bases,
            "base",
            "Reaction bases",
            formula="fewest places from which every reachable cell of the zone is within reaction.reach",
            parts=(self.reach,),
            evidence="computed",
            note=required.sentence(),
        )
        return replace(required.to_reaction(), origin=origin)


@dataclass(frozen=True, eq=False)
class People:
    """Who is needed for one posture."""

    force: Force
    counts: WatchCounts
    bases: Bases | None
    rotation: Rotation
    supply: DailySupply


def site_bases(posture: Posture, ground: Ground, assumptions: AssumptionSet) -> Bases | None:
    """Return the fewest bases from which every reachable cell of the zone is reached in time, or None.

    None where the posture sets the reaction force as a share. Cells across the water from every side the
    force may stand on cannot be reached by road; they are counted and reported, never hidden. Raises
    InfeasibleError when no place for a base is left or the time is shorter than the notice.
    """
    reaction = posture.reaction
    if reaction.time is None:
        return None
    reach = reach_in_time(reaction.time.value, assumptions)
    places = _list_base_places(posture, ground)
    cover = _cover_zone(places, reaction.time.value, ground, assumptions)
    chosen = np.asarray(cover.chosen, dtype=np.int64)
    if not chosen.size:
        found = f"from {reaction.distance.value / 1000:g} km away no place of the zone is reached in time"
        hint = "bring the bases nearer in `reaction.distance`, or allow more `reaction.time`"
        raise InfeasibleError(f"posture {posture.label}", [Problem("reaction.distance", found, hint)])
    required = required_bases(
        len(chosen),
        assumptions
        if reaction.unit_people is None
        else assumptions.replaced({"reaction.unit_people": reaction.unit_people.value}),
        n_bases_bound=int(np.ceil(cover.bound - 1e-6)),
        reaction_time_s=reaction.time.value,
        reached_share=1 - len(cover.uncovered) / len(ground.cells),
    )
    side = tuple("a" if sign > 0 else "b" for sign in places.sign[chosen])
    return Bases(required, places.xy_m[chosen], places.chainage_m[chosen], side, reach)


@dataclass(frozen=True, eq=False)
class _BasePlaces:
    """Places where a reaction base may stand."""

    xy_m: FloatArray
    chainage_m: FloatArray
    sign: FloatArray
    """1 on side a, -1 on side b."""


def _list_base_places(posture: Posture, ground: Ground) -> _BasePlaces:
    """Return the places at the posture's distance on its sides, less those a bend puts across the line."""
    stations = ground.line.stations(posture.reaction.spacing.value)
    xy, chainage, signs = [np.empty((0, 2))], [np.empty(0)], [np.empty(0)]
    for side in posture.rules.sides:
        sign = 1.0 if side == "a" else -1.0
        points = ground.line.point_at(stations.chainage_m, sign * posture.reaction.distance.value)
        keep = ground.line.locate(points).offset_m * sign > 0
        xy.append(points[keep])
        chainage.append(stations.chainage_m[keep])
        signs.append(np.full(int(keep.sum()), sign))
    places = _BasePlaces(np.concatenate(xy), np.concatenate(chainage), np.concatenate(signs))
    if not len(places.xy_m):
        problem = Problem("rules.sides", "leave no place for a reaction base", "allow a side")
        raise InfeasibleError(f"posture {posture.label}", [problem])
    return places


def _cover_zone(
    places: _BasePlaces, time_s: float, ground: Ground, assumptions: AssumptionSet
) -> CoverResult:
    """Return the fewest places that reach every cell that any of them reaches in time."""
    cells, value = ground.cells, assumptions.value
    table = reach_table(
        places.xy_m,
        cells.xy_m,
        time_limit_s=time_s,
        speed_m_per_s=value("reaction.road_speed"),
        circuity=value("reaction.circuity"),
        notice_s=value("reaction.notice"),
        base_side=places.sign,
        cell_side=np.where(cells.offset_m >= 0, 1.0, -1.0),
        cell_is_water=cells.is_water_section,
    )
    return solve_cover(
        SetCoverProblem(
            cost=np.ones(len(places.xy_m)),
            indptr=table.indptr,
            indices=table.indices,
            must_cover=np.ones(len(cells), dtype=np.bool_),
            allow_uncovered=True,
        )
    )


def count_watch(
    posture: Posture, watch: Watch, sensors: dict[str, Sensor], assumptions: AssumptionSet
) -> WatchCounts:
    """Return what stands, drives and flies in a sited posture, with the people each takes."""
    units: Counter[str] = Counter()
    for candidate in watch.chosen:
        units[watch.candidates.means_key[candidate]] += int(watch.copies[candidate])
    by_kind: Counter[str] = Counter()
    crews: list[CrewedMeans] = []
    orbits: list[CrewedMeans] = []
    for key, means in posture.means.items():
        by_kind[means.kind] += units[key]
        people = trace_unit_people(means, key, sensors, assumptions)
        if means.kind in MOVING_KINDS:
            if means.kind == "orbit":
                orbits.append(CrewedMeans(key, means.label, units[key], people.value, people))
            continue
        # The crew of a post and the upkeep of a mast are tasks of their own: here only the sensors' crews.
        own = [part for part in people.parts if part.name.startswith("sensors.")]
        crews += [
            CrewedMeans(f"{key}.{part.name.split('.')[1]}", part.label, units[key], part.value, part)
            for part in own
            if part.value > 0
        ]
    return WatchCounts(
        armed_posts=by_kind["post"],
        unarmed_posts=by_kind["unarmed_post"],
        masts=by_kind["mast"],
        sensor_crews=tuple(crews),
        patrols_per_day=by_kind["patrol"],
        area_means=tuple(orbits),
    )


def count_given(given: GivenPosts, length_m: float, assumptions: AssumptionSet) -> WatchCounts:
    """Return the counts of a posture that states them; patrols default to the usual rate for the length."""
    if given.patrols_per_day is not None:
        return WatchCounts(
            armed_posts=given.posts.value,
            unarmed_posts=given.unarmed_posts.value,
            patrols_per_day=given.patrols_per_day.value,
        )
    patrols = patrols_at_rate(length_m, assumptions)
    return WatchCounts(
        armed_posts=given.posts.value,
        unarmed_posts=given.unarmed_posts.value,
        patrols_per_day=patrols.value,
        origins=(("patrols_per_day", patrols),),
    )


def size_people(
    posture: Posture, counts: WatchCounts, bases: Bases | None, assumptions: AssumptionSet
) -> People:
    """Return the whole force of a posture, its rotation pool and its daily supply."""
    brigades = replace(
        posture.brigades.trace("posture.brigades"), unit="brigade", label="Deterrence brigades declared"
    )
    force = size_force(counts, assumptions, reaction=reaction_of(bases), brigades=brigades)
    return People(
        force=force,
        counts=counts,
        bases=bases,
        rotation=rotate_force(force.deployed_people, assumptions),
        supply=size_sustainment(force.deployed_people, assumptions),
    )


def reaction_of(bases: Bases | None) -> SitedReaction | ShareReaction:
    """Return how the reaction force is set: by its bases, or as a share where there are none."""
    return ShareReaction() if bases is None else bases.to_reaction()


def deployed_at(people: People, watch_people: FloatArray) -> FloatArray:
    """Return (k,) people deployed in all if so many watched, everything else of the posture as planned.

    The reaction bases and the brigades stay; support, and a reserve set as a share, grow with the watching
    force T: T = watchers + reaction + shares * T, as in `force.sizing.size_force`.
    """
    force = people.force
    reaction = force.table.people_in("reaction")
    share_people = force.table.people_in("support") + (reaction if people.bases is None else 0.0)
    fixed_people = 0.0 if people.bases is None else reaction
    share = share_people / force.watching_people if force.watching_people > 0 else 0.0
    deployed: FloatArray = (np.asarray(watch_people) + fixed_people) / (1 - share) + force.deterrence_people
    return deployed
