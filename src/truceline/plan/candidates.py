"""Candidates of a posture: every post, mast, patrol and orbit siting may choose, with its cost in people.

Fixed candidates stand beside the line at regular stations; patrols and orbits belong to a sector and come in
identical copies. Costs are people deployed for one copy, reliefs included.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from truceline.detection.coverage import DetectionTable
from truceline.detection.means import (
    ALL_ROUND_DEG,
    area_means,
    attribution_of,
    fixed_means,
    join_means,
    select_means,
)
from truceline.detection.means import Means as DetectionMeans
from truceline.detection.sensors import Sensor
from truceline.detection.visits import HOURS_PER_DAY
from truceline.errors import InfeasibleError, ProblemList
from truceline.force.sizing import post_cycle
from truceline.geo.sectors import is_water_at, sector_at
from truceline.geo.terrain import sample_heights
from truceline.plan.ground import Ground
from truceline.scenario.assumption import AssumptionSet
from truceline.scenario.model import Means, Posture
from truceline.scenario.reference import grade_confidence
from truceline.trace import Traced

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

MOVING_KINDS = ("patrol", "orbit")
"""Kinds of means that serve a sector."""
_OWN_CREW = {"post": "staffing.post_crew", "unarmed_post": "staffing.unarmed_post_crew"}
_NEAREST_SHARE = 0.5  # on a crooked line a place set back by d may be nearer to another bend: keep half of d


@dataclass(frozen=True, eq=False)
class Candidates:
    """All candidates, arrays of length n; fixed ones first in the order of stations."""

    means_key: tuple[str, ...]
    """Key of the posture's means."""
    kind: tuple[str, ...]
    """post, unarmed_post, mast, patrol or orbit."""
    x_m: FloatArray
    """Place; NaN for moving means."""
    y_m: FloatArray
    chainage_m: FloatArray
    offset_m: FloatArray
    """Distance from the line, positive on side a."""
    eye_height_m: FloatArray
    sector: IntArray
    cost: FloatArray
    """People for one copy."""
    copies_max: IntArray
    forced: IntArray
    group: IntArray
    group_limit: IntArray
    parts: DetectionMeans
    """One entry for each sensor of each candidate."""
    owner: IntArray
    """(parts,) candidate of each sensor."""

    @property
    def n(self) -> int:
        """Number of candidates."""
        return len(self.means_key)

    def part_copies(self, copies: IntArray) -> IntArray:
        """Return (parts,) units of each sensor when `copies` (n,) of each candidate are chosen."""
        units: IntArray = copies[self.owner]
        return units

    def labels(self) -> tuple[str, ...]:
        """Return a name for each candidate, all different, for messages and products.

        Two rows at one kilometre are told apart by their distance from the line.
        """
        names = []
        for i, key in enumerate(self.means_key):
            if self.kind[i] in MOVING_KINDS:
                names.append(f"{key} S{self.sector[i] + 1:02d}")
            else:
                side = "a" if self.offset_m[i] > 0 else "b"
                names.append(f"{key} km {self.chainage_m[i] / 1000:.1f} {side}")
        taken = Counter(names)
        for i, name in enumerate(names):
            if taken[name] > 1:
                names[i] = f"{name}, {abs(self.offset_m[i]) / 1000:.2f} km off"
        return tuple(names)


def trace_unit_people(
    means: Means, key: str, sensors: dict[str, Sensor], assumptions: AssumptionSet
) -> Traced:
    """Return the people one copy of a means takes, and why.

    A post: its crew times the cycle of days on and off, plus the crews of sensors beyond the first. A mast:
    the crews of its sensors (round the clock) plus upkeep. A patrol: its crew times the cycle, one patrol a
    day. An orbit: the crew of the aircraft's system, round the clock.
    """
    name = f"watch.{key}.people"
    cycle = post_cycle(assumptions)
    if means.kind == "patrol":
        crew = assumptions.trace("patrol.crew")
        return Traced(
            name,
            crew.value * cycle.value,
            "person",
            f"People for one {means.label.lower()} a day",
            "patrol.crew * post cycle",
            (crew, cycle),
        )
    first_is_crewed = means.kind in _OWN_CREW
    crews = [_trace_sensor_crew(sensors[sensor]) for sensor in means.sensors[int(first_is_crewed) :]]
    parts: tuple[Traced, ...] = tuple(crews)
    value = math.fsum(part.value for part in crews)
    formula = "sum of sensor crews"
    if first_is_crewed:
        crew = assumptions.trace(_OWN_CREW[means.kind])
        value += crew.value * cycle.value
        parts = (crew, cycle, *crews)
        formula = f"{crew.name} * post cycle" + (" + sensor crews" if crews else "")
    elif means.kind == "mast":
        upkeep = assumptions.trace("staffing.mast_upkeep_crew")
        value += upkeep.value
        parts = (*crews, upkeep)
        formula = "sensor crews + staffing.mast_upkeep_crew"
    return Traced(name, value, "person", f"People for one {means.label.lower()}", formula, parts)


def _trace_sensor_crew(sensor: Sensor) -> Traced:
    evidence = grade_confidence(sensor.crew_confidence).value
    return Traced(
        name=f"sensors.{sensor.sensor_id}.crew_24_7",
        value=sensor.crew_24_7,
        unit="person",
        label=f"Crew round the clock: {sensor.name}",
        evidence=evidence,
        source=sensor.source,
    )


def list_candidates(
    posture: Posture, ground: Ground, sensors: dict[str, Sensor], assumptions: AssumptionSet
) -> Candidates:
    """Return everything siting may choose from for a posture.

    Raises InfeasibleError when a moving means has no limit or a fixed one no place to stand.
    """
    problems = ProblemList()
    blocks: list[_Block] = []
    limits: list[int] = []
    sites = _sites(posture, ground)
    _check_means(posture, sites, problems)
    problems.raise_if_any(InfeasibleError, f"posture {posture.label}")
    for group, (key, means) in enumerate(posture.means.items()):
        people = trace_unit_people(means, key, sensors, assumptions).value
        most = math.inf if means.at_most is None else round(means.at_most.value * ground.length_km)
        if means.kind in MOVING_KINDS:
            limit = int(most)
            least = round((means.at_least.value if means.at_least else 0.0) * ground.length_km)
            blocks.append(
                _moving_block(key, means, ground, people, group, limit, least, assumptions, sensors)
            )
        else:
            limit = int(min(len(sites.x_m), most))
            blocks.append(_fixed_block(key, means, sites, sensors, people, group))
        limits.append(limit)
    return _join(blocks, np.array(limits, dtype=np.int64))


def _check_means(posture: Posture, sites: _Sites, problems: ProblemList) -> None:
    """Note means that cannot be offered: moving ones without a limit, fixed ones without a place."""
    for key, means in posture.means.items():
        if means.kind in MOVING_KINDS and means.at_most is None:
            problems.add(f"means.{key}.at_most", "is missing", "say how many per km there may be, '0.1 / km'")
    fixed = [key for key, means in posture.means.items() if means.kind not in MOVING_KINDS]
    if fixed and not len(sites.x_m):
        found = f"leave no place where {', '.join(fixed)} may stand"
        problems.add("rules", found, "allow a side or a distance nearer to the line, or take these means out")


@dataclass(frozen=True, eq=False)
class _Sites:
    """Places where fixed means may stand."""

    x_m: FloatArray
    y_m: FloatArray
    chainage_m: FloatArray
    offset_m: FloatArray
    sector: IntArray
    facing_deg: FloatArray
    """Bearing from the place to the line, clockwise from grid north."""


@dataclass(frozen=True, eq=False)
class _Block:
    """Candidates of one means."""

    key: str
    kind: str
    x_m: FloatArray
    y_m: FloatArray
    chainage_m: FloatArray
    offset_m: FloatArray
    eye_height_m: FloatArray
    sector: IntArray
    cost: FloatArray
    copies_max: IntArray
    forced: IntArray
    group: int
    parts: tuple[DetectionMeans, ...]
    """One for each sensor, each with as many entries as there are candidates."""


def find_unknown_sites(posture: Posture, ground: Ground) -> tuple[int, int, float]:
    """Return how many places have no height and are not offered, of how many, and the km of the first.

    0 places where no posts are sited or sight needs no heights.
    """
    nobody_stands = posture.given is not None or all(
        means.kind in MOVING_KINDS for means in posture.means.values()
    )
    if nobody_stands or ground.sight.mode != "terrain":
        return 0, 0, 0.0
    places = _places(posture, ground)
    unknown = ~_stands_on_known_ground(places, ground)
    first_km = float(places.chainage_m[unknown][0]) / 1000 if unknown.any() else 0.0
    return int(unknown.sum()), len(unknown), first_km


def _stands_on_known_ground(places: _Sites, ground: Ground) -> NDArray[np.bool_]:
    if ground.terrain is None or ground.sight.mode != "terrain":
        return np.ones(len(places.x_m), dtype=np.bool_)
    heights_m = sample_heights(ground.terrain, np.column_stack([places.x_m, places.y_m]))
    known: NDArray[np.bool_] = np.isfinite(heights_m)
    return known


def _sites(posture: Posture, ground: Ground) -> _Sites:
    """Return places where a post may stand: those beside the line whose ground is known, where that matters.

    From ground of unknown height exact sight sees nothing, so a post there would only cost people.
    """
    places = _places(posture, ground)
    known = _stands_on_known_ground(places, ground)
    if known.all():
        return places
    return _Sites(
        places.x_m[known],
        places.y_m[known],
        places.chainage_m[known],
        places.offset_m[known],
        places.sector[known],
        places.facing_deg[known],
    )


def _places(posture: Posture, ground: Ground) -> _Sites:
    """Return places beside the line on the sides allowed, less water and what another bend comes near."""
    line, rules = ground.line, posture.rules
    stations = line.stations(rules.spacing.value)
    on_water = is_water_at(ground.sections, stations.chainage_m)
    nearest_m = np.where(on_water, ground.water_half_width_m, 0.0)
    xy, chainage, offset, facing = [np.empty((0, 2))], [np.empty(0)], [np.empty(0)], [np.empty(0)]
    for side in rules.sides:
        sign = 1.0 if side == "a" else -1.0
        for distance in rules.distances:
            points = line.point_at(stations.chainage_m, sign * distance.value)
            located = line.locate(points)
            off = located.offset_m * sign
            keep = (off >= _NEAREST_SHARE * distance.value) & (off > nearest_m) & ~located.beyond_end
            xy.append(points[keep])
            chainage.append(stations.chainage_m[keep])
            offset.append(located.offset_m[keep])
            east, north = (stations.xy_m[keep] - points[keep]).T
            facing.append(np.degrees(np.arctan2(east, north)) % ALL_ROUND_DEG)
    places, along, across = np.concatenate(xy), np.concatenate(chainage), np.concatenate(offset)
    order = np.lexsort((across, along))
    sector = sector_at(ground.sectors, along[order]).astype(np.int64)
    bearing = np.concatenate(facing)[order]
    return _Sites(places[order, 0], places[order, 1], along[order], across[order], sector, bearing)


def _fixed_block(
    key: str, means: Means, sites: _Sites, sensors: dict[str, Sensor], people: float, group: int
) -> _Block:
    n = len(sites.x_m)
    eye = means.eye_height.value or sensors[means.sensors[0]].platform_height_m
    return _Block(
        key=key,
        kind=means.kind,
        x_m=sites.x_m,
        y_m=sites.y_m,
        chainage_m=sites.chainage_m,
        offset_m=sites.offset_m,
        eye_height_m=np.full(n, eye),
        sector=sites.sector,
        cost=np.full(n, people),
        copies_max=np.ones(n, dtype=np.int64),
        forced=np.zeros(n, dtype=np.int64),
        group=group,
        parts=tuple(
            fixed_means(
                [sensor] * n, sites.x_m, sites.y_m, eye, facing_deg=sites.facing_deg, arc_deg=means.arc.value
            )
            for sensor in means.sensors
        ),
    )


def _moving_block(
    key: str,
    means: Means,
    ground: Ground,
    people: float,
    group: int,
    limit: int,
    least: int,
    assumptions: AssumptionSet,
    sensors: dict[str, Sensor],
) -> _Block:
    """Return one candidate for each sector; the least number is shared out by length (largest remainders)."""
    n = len(ground.sectors)
    length_m = np.array([sector.length_m for sector in ground.sectors])
    hours = assumptions.value("patrol.hours") if means.kind == "patrol" else HOURS_PER_DAY
    nowhere = np.full(n, np.nan)
    return _Block(
        key=key,
        kind=means.kind,
        x_m=nowhere,
        y_m=nowhere,
        chainage_m=nowhere,
        offset_m=nowhere,
        eye_height_m=nowhere,
        sector=np.arange(n, dtype=np.int64),
        cost=np.full(n, people),
        copies_max=np.full(n, max(limit, least), dtype=np.int64),
        forced=share_out(least, length_m),
        group=group,
        parts=tuple(area_means([sensor] * n, np.arange(n), hours) for sensor in means.sensors),
    )


def share_out(total: int, weight: FloatArray) -> IntArray:
    """Return whole numbers (n,) that sum to `total`, in proportion to `weight` by largest remainders."""
    exact = total * weight / weight.sum()
    whole: IntArray = np.floor(exact).astype(np.int64)
    first = np.argsort(-(exact - whole), kind="stable")[: total - int(whole.sum())]
    whole[first] += 1
    return whole


def _join(blocks: list[_Block], group_limit: IntArray) -> Candidates:
    def column(name: str) -> NDArray[Any]:
        joined: NDArray[Any] = np.concatenate([getattr(block, name) for block in blocks])
        return joined

    start = np.cumsum([0, *(len(block.cost) for block in blocks)])
    owners = [np.arange(start[i], start[i + 1]) for i, block in enumerate(blocks) for _ in block.parts]
    return Candidates(
        means_key=tuple(block.key for block in blocks for _ in block.cost),
        kind=tuple(block.kind for block in blocks for _ in block.cost),
        x_m=column("x_m"),
        y_m=column("y_m"),
        chainage_m=column("chainage_m"),
        offset_m=column("offset_m"),
        eye_height_m=column("eye_height_m"),
        sector=column("sector"),
        cost=column("cost"),
        copies_max=column("copies_max"),
        forced=column("forced"),
        group=np.concatenate([np.full(len(block.cost), block.group, dtype=np.int64) for block in blocks]),
        group_limit=group_limit,
        parts=join_means([part for block in blocks for part in block.parts]),
        owner=np.concatenate(owners),
    )


def select_candidates(candidates: Candidates, rows: IntArray) -> Candidates:
    """Return these candidates only, in the order given, with their sensors."""
    position = np.full(candidates.n, -1, dtype=np.int64)
    position[rows] = np.arange(len(rows))
    parts = np.flatnonzero(position[candidates.owner] >= 0)
    parts = parts[np.argsort(position[candidates.owner[parts]], kind="stable")]
    taken = {
        name: getattr(candidates, name)[rows]
        for name in (
            "x_m",
            "y_m",
            "chainage_m",
            "offset_m",
            "eye_height_m",
            "sector",
            "cost",
            "copies_max",
            "forced",
            "group",
        )
    }
    return Candidates(
        means_key=tuple(candidates.means_key[row] for row in rows),
        kind=tuple(candidates.kind[row] for row in rows),
        group_limit=candidates.group_limit,
        parts=select_means(candidates.parts, parts),
        owner=position[candidates.owner[parts]],
        **taken,
    )


def merge_parts(table: DetectionTable, candidates: Candidates) -> DetectionTable:
    """Return the detection table by candidate from the table by sensor: sensors of one candidate add up.

    A candidate with several sensors counts as one means when two independent means are asked for: they share
    a place, a crew and their outages.
    """
    owner = candidates.owner
    if len(owner) == candidates.n and (owner == np.arange(candidates.n)).all():
        return table
    shape = (len(owner), table.n_events)
    by_part = sparse.csr_array((table.log_miss, table.indices, table.indptr), shape=shape)
    choose = sparse.csr_array(
        (np.ones(len(owner), dtype=np.float32), (owner, np.arange(len(owner)))),
        shape=(candidates.n, len(owner)),
    )
    merged = sparse.csr_array(choose @ by_part)
    merged.sort_indices()
    return DetectionTable(
        merged.indptr.astype(np.int64), merged.indices.astype(np.int32), merged.data, table.n_events
    )


def attributes_of(candidates: Candidates, sensors: dict[str, Sensor]) -> NDArray[np.bool_]:
    """Return (n,) True where one detection by the candidate has attribution value."""
    has = np.zeros(candidates.n, dtype=np.bool_)
    np.logical_or.at(has, candidates.owner, attribution_of(candidates.parts, sensors))
    return has
