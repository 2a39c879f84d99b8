"""The line of contact: its parts, geodesic length, chainage, sides and stations.

Degrees (EPSG:4326, longitude first) outside, metres inside; chainage and length are geodesic on WGS 84 and
parts follow one another, longest first. Side a is on the LEFT of the direction of travel. A line that
crosses itself is refused; a length is never given here without the tolerance it was drawn with, because a
front is fractal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.geometry import MultiLineString
from shapely.geometry.base import BaseGeometry

from truceline.errors import GeometryError, Problem, ProblemList
from truceline.geo.line_parts import (
    LineLimits,
    join_parts,
    order_parts,
    refuse_crossings,
    split_parts,
    warn_of_chords,
    warn_of_spikes,
)
from truceline.geo.polyline import Located, OpenEnd, Polylines, freeze
from truceline.geo.projection import Projection, projection_for

__all__ = [
    "LineLimits",
    "LineOfContact",
    "Located",
    "OpenEnd",
    "Stations",
    "displacement",
    "make_line",
    "orient_by_places",
]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Stations:
    """Evenly spaced places along the line."""

    chainage_m: FloatArray
    """Chainage of each place (n,), increasing."""
    xy_m: FloatArray
    """Metric coordinates (n, 2)."""


@dataclass(frozen=True, eq=False)
class LineOfContact:
    """A checked line: make one with `make_line`, never by hand."""

    name: str
    lonlat: MultiLineString
    """Parts in degrees, longest first, side a on the left."""
    metric: MultiLineString
    """The same vertices in metres."""
    projection: Projection
    tolerance_m: float
    """How far the line may lie from what it stands for, or how coarsely it was drawn."""
    displacement_note: str
    """What is known about its distance from a better line; empty when nothing is."""
    source: str
    limits: LineLimits
    polylines: Polylines
    """The parts as arrays with their chainage."""
    warnings: tuple[Problem, ...] = ()
    """What was noticed while the line was made."""

    @cached_property
    def length_m(self) -> float:
        """Geodesic length of all parts."""
        return float(self.polylines.part_start_m[-1])

    @cached_property
    def part_length_m(self) -> FloatArray:
        """Geodesic length of each part (n_parts,)."""
        lengths: FloatArray = freeze(np.diff(self.polylines.part_start_m))
        return lengths

    @cached_property
    def part_start_chainage_m(self) -> FloatArray:
        """Chainage at which each part starts (n_parts,)."""
        starts: FloatArray = freeze(self.polylines.part_start_m[:-1])
        return starts

    @property
    def n_parts(self) -> int:
        """Number of parts; the first is the main one."""
        return len(self.polylines.vertices_xy_m)

    def locate(self, xy_m: ArrayLike) -> Located:
        """Return chainage, signed offset, distance, part and beyond_end of metric points (n, 2).

        Raises
        ------
        GeometryError
            If a coordinate is not a finite number.
        """
        points = np.atleast_2d(np.asarray(xy_m, dtype=float))
        n_bad = int((~np.isfinite(points).all(axis=1)).sum())
        if n_bad:
            raise GeometryError(
                f"points cannot be placed along {self.name}",
                [Problem("points", f"{n_bad} of {len(points)} are not finite", "leave them out")],
            )
        return self.polylines.locate(points)

    def point_at(self, chainage_m: ArrayLike, offset_m: ArrayLike = 0.0) -> FloatArray:
        """Return metric points (n, 2) at a chainage and a perpendicular offset, side a positive.

        The perpendicular is that of the direction smoothed over `limits.direction_window_m`, so on a crooked
        line the point's nearest distance to the line may be less than the offset.

        Raises
        ------
        GeometryError
            If a chainage lies outside the line by more than a metre.
        """
        chainage = np.atleast_1d(np.asarray(chainage_m, dtype=float))
        outside = ~((chainage >= -1.0) & (chainage <= self.length_m + 1.0))
        if outside.any():
            raise GeometryError(
                f"{self.name} has no such place",
                [
                    Problem(
                        self.name,
                        f"km {chainage[outside][0] / 1e3:.3f} is outside its {self.length_m / 1e3:.3f} km",
                        "give a chainage from 0 to the length of the line",
                    )
                ],
            )
        offset = np.broadcast_to(np.asarray(offset_m, dtype=float), chainage.shape)
        point = self.polylines.position_at(chainage)
        if not offset.any():
            return point
        direction = self.polylines.direction_at(chainage)
        left = np.column_stack([-direction[:, 1], direction[:, 0]])
        moved: FloatArray = point + offset[:, None] * left
        return moved

    def stations(self, spacing_m: float) -> Stations:
        """Return places at most `spacing_m` apart, evenly on each part, open ends included."""
        _check_positive(spacing_m, "spacing_m", self.name)
        chainages = []
        for part, length_m in enumerate(self.part_length_m):
            n_steps = max(1, int(np.ceil(length_m / spacing_m - 1e-9)))
            steps = np.linspace(0.0, length_m, n_steps + 1)[: n_steps + (not self.polylines.closed[part])]
            chainages.append((part, self.part_start_chainage_m[part] + steps))
        xy_m = np.concatenate(
            [self.polylines.position_at(steps, np.full(len(steps), part)) for part, steps in chainages]
        )
        return Stations(freeze(np.concatenate([steps for _, steps in chainages])), freeze(xy_m))

    def open_ends(self) -> tuple[OpenEnd, ...]:
        """Return the loose ends of open parts with the direction that points away from the line."""
        return self.polylines.open_ends()

    def place_at(self, chainage_m: float) -> str:
        """Return a place in words: `km 212.4 (37.1234, 48.0512)`, longitude first."""
        x_m, y_m = self.polylines.position_at(chainage_m)[0]
        lon, lat = self.projection.xy_to_lonlat(x_m, y_m)
        return f"km {chainage_m / 1000.0:.1f} ({float(lon):.4f}, {float(lat):.4f})"

    def simplify(self, tolerance_m: float) -> LineOfContact:
        """Return the line thinned by Douglas and Peucker (topology kept), in the same projection.

        The new tolerance is the old plus `tolerance_m`: displacements may add up.
        """
        _check_positive(tolerance_m, "tolerance_m", self.name)
        thinned = shapely.simplify(self.metric, tolerance_m, preserve_topology=True)
        return make_line(
            self.projection.to_lonlat(thinned),
            name=self.name,
            tolerance_m=self.tolerance_m + tolerance_m,
            source=self.source,
            displacement_note=self.displacement_note,
            limits=self.limits,
            projection=self.projection,
        )


def make_line(
    lonlat_geometry: BaseGeometry,
    *,
    name: str,
    tolerance_m: float,
    side_a_is: Literal["left", "right"] = "left",
    source: str = "",
    displacement_note: str = "",
    limits: LineLimits | None = None,
    projection: Projection | None = None,
) -> LineOfContact:
    """Check a line in degrees and give it chainage, length and sides.

    Parameters
    ----------
    lonlat_geometry
        LineString, LinearRing or MultiLineString in degrees, longitude first. Parts that meet end to end are
        joined.
    name
        Name used in messages and products.
    tolerance_m
        How far the line may lie from what it stands for.
    side_a_is
        The hand on which side a lies for one who travels along the line as drawn; "right" turns the line
        round.
    source, displacement_note
        Where it comes from and what is known about its error, for printing.
    limits
        Bounds and thresholds; None takes the defaults of `LineLimits`.
    projection
        Metric system to use; None centres one on the line.

    Raises
    ------
    GeometryError
        With all problems: not a line, not finite, zero length, too large, not in degrees, meets itself.
    """
    limits = LineLimits() if limits is None else limits
    problems = ProblemList()
    if side_a_is not in ("left", "right"):
        problems.add(f"{name}.side_a_is", f"{side_a_is!r} is not a hand", "write left or right")
    if not (np.isfinite(tolerance_m) and tolerance_m >= 0.0):
        problems.add(f"{name}.tolerance", f"{tolerance_m!r} is not a distance", "give metres, zero or more")
    parts = split_parts(lonlat_geometry, name, limits, problems)
    problems.raise_if_any(GeometryError, f"{name} cannot be used as a line")
    if projection is None:
        projection = projection_for(
            shapely.multilinestrings([shapely.linestrings(p) for p in parts]), where=name
        )
    parts = join_parts(parts, projection, limits.join_m, name, problems)
    if side_a_is == "right":
        parts = [part[::-1] for part in parts]
    parts, chainages = order_parts(parts, limits, name, problems)
    parts_xy = [np.column_stack(projection.lonlat_to_xy(part[:, 0], part[:, 1])) for part in parts]
    warn_of_chords(chainages, limits, name, problems)
    if chainages[-1][-1] <= 0.0 or any((np.diff(chainage) <= 0.0).any() for chainage in chainages):
        problems.add(name, "has vertices no distance apart", "remove repeated vertices")
    else:
        warn_of_spikes(parts_xy, chainages, name, problems)
        refuse_crossings(parts_xy, chainages, projection, name, problems)
    problems.raise_if_any(GeometryError, f"{name} cannot be used as a line")
    return _assemble(
        parts, parts_xy, chainages, projection, name, tolerance_m, source, displacement_note, limits, problems
    )


def orient_by_places(line: LineOfContact, lonlat: ArrayLike, sides: Sequence[str]) -> LineOfContact:
    """Turn each part so that most of the places nearest to it have their side ("a" left, "b" right).

    Parts with no nearest place, or with a tie, stay as they are. `lonlat` is (n, 2) degrees.
    """
    places = np.atleast_2d(np.asarray(lonlat, dtype=float))
    located = line.locate(np.column_stack(line.projection.lonlat_to_xy(places[:, 0], places[:, 1])))
    agreement = np.where(np.asarray(sides) == "a", 1.0, -1.0) * np.sign(located.offset_m)
    votes = np.bincount(located.part, weights=agreement, minlength=line.n_parts)
    if (votes >= 0.0).all():
        return line
    parts = [
        shapely.reverse(part) if votes[index] < 0.0 else part
        for index, part in enumerate(shapely.get_parts(line.lonlat))
    ]
    turned = make_line(
        shapely.multilinestrings(parts),
        name=line.name,
        tolerance_m=line.tolerance_m,
        source=line.source,
        displacement_note=line.displacement_note,
        limits=line.limits,
        projection=line.projection,
    )
    return replace(turned, warnings=line.warnings + turned.warnings)


def displacement(
    packaged: LineOfContact,
    detailed: LineOfContact,
    *,
    step_m: float = 500.0,
    common_area_lonlat: BaseGeometry | None = None,
) -> tuple[float, float]:
    """Return median and 95th percentile of the distance in metres from the detailed line to the packaged one.

    One-sided: places every `step_m` along `detailed`, each with its distance to the nearest place on
    `packaged`. Places abreast of no part of `packaged` (beyond its ends) are left out, and those outside
    `common_area_lonlat` if given.

    Raises
    ------
    GeometryError
        If the two lines have no ground in common.
    """
    xy_m = detailed.stations(step_m).xy_m
    lon, lat = detailed.projection.xy_to_lonlat(xy_m[:, 0], xy_m[:, 1])
    located = packaged.locate(np.column_stack(packaged.projection.lonlat_to_xy(lon, lat)))
    kept = ~located.beyond_end
    if common_area_lonlat is not None:
        kept &= shapely.contains_xy(common_area_lonlat, lon, lat)
    if not kept.any():
        raise GeometryError(
            "lines cannot be compared",
            [
                Problem(
                    detailed.name,
                    f"has no place abreast of {packaged.name}",
                    "compare lines of the same front",
                )
            ],
        )
    median_m, p95_m = np.quantile(located.distance_m[kept], [0.5, 0.95])
    return float(median_m), float(p95_m)


def _assemble(
    parts: list[FloatArray],
    parts_xy: list[FloatArray],
    chainages: list[FloatArray],
    projection: Projection,
    name: str,
    tolerance_m: float,
    source: str,
    displacement_note: str,
    limits: LineLimits,
    problems: ProblemList,
) -> LineOfContact:
    return LineOfContact(
        name=name,
        lonlat=shapely.multilinestrings([shapely.linestrings(part) for part in parts]),
        metric=shapely.multilinestrings([shapely.linestrings(part) for part in parts_xy]),
        projection=projection,
        tolerance_m=float(tolerance_m),
        displacement_note=displacement_note,
        source=source,
        limits=limits,
        polylines=Polylines(
            tuple(freeze(part) for part in parts_xy),
            tuple(freeze(chainage) for chainage in chainages),
            limits.direction_window_m,
        ),
        warnings=problems.warnings,
    )


def _check_positive(value_m: float, parameter: str, where: str) -> None:
    if not (np.isfinite(value_m) and value_m > 0.0):
        raise GeometryError(
            f"{where} cannot be divided",
            [Problem(f"{where}.{parameter}", f"{value_m!r} is not a length", "give metres, more than zero")],
        )
