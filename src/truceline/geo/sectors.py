"""Stretches of the line: sectors under one commander, and sections of land or water.

All by chainage in metres. Sectors of one set cover the line once, without gap or overlap; small parts of the
line join the sector nearest on the ground. Says nothing about who holds or watches a sector.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.geometry.base import BaseGeometry

from truceline.errors import GeometryError, ProblemList
from truceline.geo.line import LineOfContact

FloatArray = NDArray[np.float64]
Interval = tuple[float, float]

N_SECTORS_MAX = 200
_SNAP_M = 1.0  # intervals nearer than this are the same place


@dataclass(frozen=True)
class Sector:
    """A stretch of line under one commander."""

    name: str
    index: int
    chainage_from_m: float
    chainage_to_m: float
    more: tuple[Interval, ...] = ()
    """Further stretches, such as a pocket that belongs to the sector; (from_m, to_m) each."""

    @property
    def pieces(self) -> tuple[Interval, ...]:
        """All stretches, the main one first."""
        return ((self.chainage_from_m, self.chainage_to_m), *self.more)

    @property
    def length_m(self) -> float:
        """Length of line in the sector."""
        return sum(to_m - from_m for from_m, to_m in self.pieces)


@dataclass(frozen=True)
class Section:
    """A stretch of line over land or over water."""

    kind: Literal["land", "water"]
    chainage_from_m: float
    chainage_to_m: float

    @property
    def length_m(self) -> float:
        """Length of line in the section."""
        return self.chainage_to_m - self.chainage_from_m


def sectors_by_length(line: LineOfContact, target_length_m: float) -> tuple[Sector, ...]:
    """Cut each part into equal sectors as near as may be to the target length.

    Parts shorter than half the target join the sector nearest on the ground.

    Raises
    ------
    GeometryError
        If the target is not a length or makes more than 200 sectors.
    """
    problems = ProblemList()
    if not (np.isfinite(target_length_m) and target_length_m > 0.0):
        problems.add("sectors.length", f"{target_length_m!r} is not a length", "give metres, more than zero")
    elif line.length_m / target_length_m > N_SECTORS_MAX + 0.5:
        _refuse_too_many(round(line.length_m / target_length_m), problems)
    problems.raise_if_any(GeometryError, "the line cannot be cut into sectors")
    counts = [round(float(length_m) / target_length_m) for length_m in line.part_length_m]
    counts[0] = max(counts[0], 1)
    return _sectors_of_parts(line, counts)


def sectors_by_count(line: LineOfContact, n_sectors: int) -> tuple[Sector, ...]:
    """Cut the line into a number of sectors, shared among its parts by length (largest quotient first).

    Each part's sectors are equal; parts that win none join the sector nearest on the ground.

    Raises
    ------
    GeometryError
        If the number is not between 1 and 200.
    """
    problems = ProblemList()
    if n_sectors > N_SECTORS_MAX:
        _refuse_too_many(n_sectors, problems)
    elif n_sectors < 1:
        problems.add("sectors.count", f"{n_sectors} is not a number of sectors", "give one or more")
    problems.raise_if_any(GeometryError, "the line cannot be cut into sectors")
    counts = [1] + [0] * (line.n_parts - 1)
    while sum(counts) < n_sectors:
        # Webster's divisors: the next goes to the part with most length for its sectors and a half
        quotients = line.part_length_m / (np.array(counts) + 0.5)
        counts[int(quotients.argmax())] += 1
    return _sectors_of_parts(line, counts)


def sectors_by_breaks(
    line: LineOfContact, breaks_m: Sequence[float], names: Sequence[str] | None = None
) -> tuple[Sector, ...]:
    """Cut the line at the chainages given; n breaks make n + 1 sectors.

    Raises
    ------
    GeometryError
        With all problems: breaks outside the line or not increasing, names that do not match, too many.
    """
    problems = ProblemList()
    for number, at_m in enumerate(breaks_m):
        if not 0.0 < at_m < line.length_m:
            problems.add(
                f"sectors.breaks[{number}]",
                f"km {at_m / 1000.0:g} is not inside the line of {line.length_m / 1000.0:.1f} km",
                "leave out the ends; give chainages between them",
            )
        elif number and at_m <= breaks_m[number - 1]:
            problems.add(f"sectors.breaks[{number}]", f"km {at_m / 1000.0:g} is not beyond the one before")
    if names is not None and len(names) != len(breaks_m) + 1:
        problems.add(
            "sectors.names", f"{len(names)} names for {len(breaks_m) + 1} sectors", "name each sector once"
        )
    if len(breaks_m) + 1 > N_SECTORS_MAX:
        _refuse_too_many(len(breaks_m) + 1, problems)
    problems.raise_if_any(GeometryError, "the line cannot be cut into sectors")
    bounds = [0.0, *map(float, breaks_m), line.length_m]
    return tuple(
        Sector(
            names[index] if names is not None else _sector_name(index),
            index,
            bounds[index],
            bounds[index + 1],
        )
        for index in range(len(bounds) - 1)
    )


def sectors_by_polygons(
    line: LineOfContact,
    polygons: Sequence[tuple[str, BaseGeometry]],
    *,
    gap_max_m: float = 500.0,
) -> tuple[Sector, ...]:
    """Give each named polygon (degrees) the stretches of line inside it.

    Gaps and overlaps up to `gap_max_m`, as borders drawn by hand leave, are closed in the middle.

    Raises
    ------
    GeometryError
        With the km ranges that no polygon or more than one covers, polygons without line, names used twice,
        too many.
    """
    problems = ProblemList()
    if len(polygons) > N_SECTORS_MAX:
        _refuse_too_many(len(polygons), problems)
        problems.raise_if_any(GeometryError, "the line cannot be cut into sectors")
    names = [name for name, _ in polygons]
    if not names:
        problems.add("sectors", "there are none", "give at least one polygon")
    for name in sorted({name for name in names if names.count(name) > 1}):
        problems.add(f"sectors.{name}", "is there twice", "give each sector its own name")
    stretches: list[tuple[float, float, int]] = []
    for owner, (name, polygon) in enumerate(polygons):
        if "Polygon" not in polygon.geom_type:
            problems.add(f"sectors.{name}", f"is a {polygon.geom_type}, not a polygon", "give an area")
            continue
        inside = intervals_in_polygon(line, polygon)
        if not inside:
            problems.add(
                f"sectors.{name}", "holds no part of the line", "move it over the line or leave it out"
            )
        stretches.extend((from_m, to_m, owner) for from_m, to_m in inside)
    problems.raise_if_any(GeometryError, "the line cannot be cut into sectors")
    owned = _close_small_gaps(line, sorted(stretches), gap_max_m, names, problems)
    problems.raise_if_any(GeometryError, "the sector polygons do not cover the line once")
    return _sectors_of_stretches(names, owned)


def sector_at(sectors: Sequence[Sector], chainage_m: ArrayLike) -> NDArray[np.int32]:
    """Return the index of the sector each chainage (n,) falls in; where two meet, the later one."""
    pieces = sorted((piece[0], sector.index) for sector in sectors for piece in sector.pieces)
    starts = np.array([start_m for start_m, _ in pieces])
    owner = np.array([index for _, index in pieces], dtype=np.int32)
    place = np.searchsorted(starts, np.atleast_1d(np.asarray(chainage_m, dtype=float)), side="right") - 1
    found: NDArray[np.int32] = owner[np.clip(place, 0, len(owner) - 1)]
    return found


def sections_by_intervals(line: LineOfContact, water: Sequence[Interval]) -> tuple[Section, ...]:
    """Return sections that cover the line: water in the intervals given, land elsewhere.

    Raises
    ------
    GeometryError
        With all problems: intervals outside the line, turned round or overlapping.
    """
    problems = ProblemList()
    ordered = sorted((float(from_m), float(to_m)) for from_m, to_m in water)
    for number, (from_m, to_m) in enumerate(ordered):
        where = f"sections.water km {from_m / 1000.0:g} to {to_m / 1000.0:g}"
        if not from_m < to_m:
            problems.add(where, "ends before it starts", "give the smaller chainage first")
        elif from_m < -_SNAP_M or to_m > line.length_m + _SNAP_M:
            problems.add(
                where, f"leaves the line of {line.length_m / 1000.0:.1f} km", "keep it within the line"
            )
        if number and from_m < ordered[number - 1][1]:
            problems.add(where, "overlaps the one before", "let each stretch be named once")
    problems.raise_if_any(GeometryError, "the sections of the line cannot be used")
    return _fill_with_land(line, ordered)


def sections_by_polygon(line: LineOfContact, water_lonlat: BaseGeometry) -> tuple[Section, ...]:
    """Return sections that cover the line: water inside the polygons (degrees), land elsewhere.

    Raises
    ------
    GeometryError
        If the geometry is not a polygon.
    """
    if "Polygon" not in water_lonlat.geom_type:
        problems = ProblemList()
        problems.add(
            "sections.water", f"is a {water_lonlat.geom_type}, not a polygon", "give the water as areas"
        )
        problems.raise_if_any(GeometryError, "the sections of the line cannot be used")
    return _fill_with_land(line, intervals_in_polygon(line, water_lonlat))


def is_water_at(sections: Sequence[Section], chainage_m: ArrayLike) -> NDArray[np.bool_]:
    """Tell for each chainage (n,) whether it lies in a water section; the end of one is still in it."""
    chainage = np.atleast_1d(np.asarray(chainage_m, dtype=float))
    wet = np.zeros(len(chainage), dtype=bool)
    for section in sections:
        if section.kind == "water":
            wet |= (chainage >= section.chainage_from_m) & (chainage <= section.chainage_to_m)
    return wet


def intervals_in_polygon(line: LineOfContact, polygon_lonlat: BaseGeometry) -> list[Interval]:
    """Return the chainage intervals of line inside a polygon (degrees), in order, touching ones joined."""
    polygon = line.projection.area_to_metric(polygon_lonlat, where="polygon")
    found: list[Interval] = []
    for part, metric in enumerate(shapely.get_parts(line.metric)):
        vertices = line.polylines.vertices_xy_m[part]
        steps = np.hypot(*np.diff(vertices, axis=0).T)
        metric_m = np.concatenate([[0.0], np.cumsum(steps)])
        for piece in shapely.get_parts(shapely.intersection(metric, polygon)):
            if "LineString" not in piece.geom_type or piece.length == 0.0:
                continue
            # every vertex of the piece lies on the part, so the edge that closes a ring sorts itself out
            at = shapely.line_locate_point(metric, shapely.points(shapely.get_coordinates(piece)))
            chainage = np.interp(at, metric_m, line.polylines.vertex_chainage_m[part])
            found.extend(
                _runs(chainage, float(line.part_start_chainage_m[part]), float(line.part_length_m[part]))
            )
    joined: list[Interval] = []
    for from_m, to_m in sorted(found):
        if joined and from_m <= joined[-1][1] + _SNAP_M:
            joined[-1] = (joined[-1][0], max(joined[-1][1], to_m))
        else:
            joined.append((from_m, to_m))
    return [(from_m, to_m) for from_m, to_m in joined if to_m - from_m > _SNAP_M]


def _runs(chainage: FloatArray, start_m: float, length_m: float) -> list[Interval]:
    """Return the intervals a piece covers, step by step: a step over the seam of a ring ends at the seam."""
    runs = []
    for first, second in zip(chainage[:-1].tolist(), chainage[1:].tolist(), strict=True):
        low, high = min(first, second), max(first, second)
        if high - low > length_m / 2.0 and (low - start_m < _SNAP_M):
            low, high = (
                high,
                start_m + length_m,
            )  # the vertex at the seam was located at the start of the ring
        runs.append((low, high))
    return runs


def _fill_with_land(line: LineOfContact, water: Sequence[Interval]) -> tuple[Section, ...]:
    sections, at_m = [], 0.0
    for from_m, to_m in water:
        start_m, stop_m = max(from_m, 0.0), min(to_m, line.length_m)
        if start_m - at_m > _SNAP_M:
            sections.append(Section("land", at_m, start_m))
        else:
            start_m = at_m
        sections.append(Section("water", start_m, stop_m))
        at_m = stop_m
    if line.length_m - at_m > _SNAP_M:
        sections.append(Section("land", at_m, line.length_m))
    elif sections:
        sections[-1] = Section(sections[-1].kind, sections[-1].chainage_from_m, line.length_m)
    return tuple(sections)


def _sectors_of_parts(line: LineOfContact, counts: Sequence[int]) -> tuple[Sector, ...]:
    """Cut part k into counts[k] equal sectors; a part with none joins the sector nearest on the ground."""
    pieces: list[list[Interval]] = []
    for part, count in enumerate(counts):
        start_m, length_m = float(line.part_start_chainage_m[part]), float(line.part_length_m[part])
        bounds = [start_m + length_m * step / count for step in range(count)] if count else []
        bounds.append(start_m + length_m)
        pieces.extend([(bounds[step], bounds[step + 1])] for step in range(count))
    hosts = [index for index, count in enumerate(counts) if count]
    parts = shapely.get_parts(line.metric)
    for part, count in enumerate(counts):
        if count:
            continue
        near = min(hosts, key=lambda host: float(shapely.distance(parts[part], parts[host])))
        touching = shapely.get_coordinates(shapely.shortest_line(parts[near], parts[part]))[0]
        at_m = float(line.locate(touching[None, :]).chainage_m[0])
        owner = next(index for index, stretch in enumerate(pieces) if stretch[0][0] <= at_m <= stretch[0][1])
        start_m = float(line.part_start_chainage_m[part])
        pieces[owner].append((start_m, start_m + float(line.part_length_m[part])))
    return tuple(
        Sector(_sector_name(index), index, *stretch[0], tuple(stretch[1:]))
        for index, stretch in enumerate(pieces)
    )


def _close_small_gaps(
    line: LineOfContact,
    stretches: Sequence[tuple[float, float, int]],
    gap_max_m: float,
    names: Sequence[str],
    problems: ProblemList,
) -> list[tuple[float, float, int]]:
    """Return stretches that cover the line once; note each gap or overlap longer than `gap_max_m`."""
    owned: list[tuple[float, float, int]] = []
    at_m = 0.0
    for from_m, to_m, owner in stretches:
        misfit_m = from_m - at_m  # a gap when positive, an overlap when negative
        if misfit_m > gap_max_m:
            _add_range(line, at_m, from_m, "is in no sector", "draw the sector polygons across it", problems)
        elif misfit_m < -gap_max_m:
            both = f"is in both {names[owned[-1][2]]} and {names[owner]}"
            _add_range(line, from_m, min(at_m, to_m), both, "let the sector polygons meet there", problems)
        if owned and to_m <= at_m:
            continue  # wholly inside the one before: an overlap, noted above unless it is tiny
        joint_m = (at_m + from_m) / 2.0 if owned else 0.0
        if owned:
            owned[-1] = (owned[-1][0], joint_m, owned[-1][2])
        owned.append((joint_m, to_m, owner))
        at_m = to_m
    if line.length_m - at_m > gap_max_m:
        _add_range(
            line, at_m, line.length_m, "is in no sector", "draw the sector polygons across it", problems
        )
    owned[-1] = (owned[-1][0], line.length_m, owned[-1][2])
    return owned


def _sectors_of_stretches(
    names: Sequence[str], owned: Sequence[tuple[float, float, int]]
) -> tuple[Sector, ...]:
    pieces: dict[int, list[Interval]] = {}
    for from_m, to_m, owner in owned:
        own = pieces.setdefault(owner, [])
        if own and own[-1][1] == from_m:
            own[-1] = (own[-1][0], to_m)
        else:
            own.append((from_m, to_m))
    order = sorted(pieces, key=lambda owner: pieces[owner][0])
    sectors = []
    for index, owner in enumerate(order):
        longest_first = sorted(pieces[owner], key=lambda piece: (piece[0] - piece[1], piece))
        sectors.append(Sector(names[owner], index, *longest_first[0], tuple(longest_first[1:])))
    return tuple(sectors)


def _add_range(
    line: LineOfContact, from_m: float, to_m: float, found: str, hint: str, problems: ProblemList
) -> None:
    middle = line.place_at((from_m + to_m) / 2.0)
    problems.add(f"line km {from_m / 1000.0:.1f} to {to_m / 1000.0:.1f}", f"{found}, around {middle}", hint)


def _refuse_too_many(n_sectors: int, problems: ProblemList) -> None:
    problems.add(
        "sectors",
        f"{n_sectors:,} sectors asked for; {N_SECTORS_MAX} at most",
        "a sector is a stretch under one commander; use longer ones, and cells for detail",
    )


def _sector_name(index: int) -> str:
    return f"S{index + 1:02d}"
