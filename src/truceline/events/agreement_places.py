"""Where a clause holds: everywhere, in regions, in a polygon, in a band along a line, round named objects.

An incident's position is a Gaussian ellipse. The probability that it lies in a place is the share of a fixed
set of points of that ellipse that do, the same for everybody and every run. Degrees outside (longitude
first), metres inside. What cannot be told (no position, no line of that name) is NaN, never 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from truceline.geo.ellipsoid import metres_per_degree
from truceline.scenario.assumption import Frozen

if TYPE_CHECKING:
    from truceline.geo.line import LineOfContact
    from truceline.geo.projection import Projection

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
LonLat = tuple[float, float]

N_POINTS = 64
"""Points of an ellipse; a probability is a multiple of 1/64."""
_CHUNK_ROWS = 4096
_GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))
_LATITUDE_LIMIT = 89.9  # a degree of longitude has no length at a pole
_KM = 1000.0
_NOTHING_SETTLED_M = 1e-9
_PACKAGED_LINE = "ukraine-2025-02-17"


class NamedLine(Frozen):
    """A line from which distances are measured."""

    packaged: Literal["ukraine-2025-02-17"] | None = None
    """The packaged line of that day."""
    coordinates: tuple[tuple[LonLat, ...], ...] = Field(default=(), max_length=500)
    """Parts, each a list of [longitude, latitude]."""
    tolerance_km: float = Field(default=0.0, ge=0, le=100)
    """How far it may lie from what it stands for; taken as a standard deviation."""
    side_a_is: Literal["left", "right"] = "left"
    """The hand on which side a lies for one who travels along the line as written."""
    source: str = Field(default="", max_length=300)

    @model_validator(mode="after")
    def _has_one_origin(self) -> NamedLine:
        if (self.packaged is None) == (not self.coordinates):
            raise ValueError("needs either `packaged` or `coordinates`; give one of them")
        if any(len(part) < 2 for part in self.coordinates):
            raise ValueError("a part has fewer than two points; write [[longitude, latitude], ...] per part")
        return self


class Band(Frozen):
    """Ground between two distances from a line."""

    line: str = Field(min_length=1, max_length=60)
    """Name of the line among the agreement's `lines`."""
    side: Literal["a", "b", "both"] = "both"
    from_km: float = Field(default=0.0, ge=0, le=1000)
    to_km: float = Field(gt=0, le=1000)

    @model_validator(mode="after")
    def _is_ordered(self) -> Band:
        if self.from_km >= self.to_km:
            raise ValueError(f"runs from {self.from_km:g} to {self.to_km:g} km; write the nearer edge first")
        return self


class Circle(Frozen):
    """Surroundings of a named object."""

    name: str = Field(max_length=80)
    lon: float = Field(ge=-180, le=180)
    lat: float = Field(ge=-90, le=90)
    radius_km: float = Field(gt=0, le=500)


class Place(Frozen):
    """One place; a clause has one or several and holds in all of them."""

    name: str = Field(default="", max_length=120)
    """As reasons call it."""
    everywhere: bool = False
    regions: tuple[str, ...] = ()
    """Regions by name; beside a geometry, where an incident without a position is looked for."""
    polygon: tuple[tuple[LonLat, ...], ...] = Field(default=(), max_length=100)
    """Coordinates of a GeoJSON polygon: the outer ring, then holes."""
    band: Band | None = None
    around: tuple[Circle, ...] = Field(default=(), max_length=10_000)
    edge_km: float = Field(default=0.0, ge=0, le=100)
    """How far the edge may lie from what is written; taken as a standard deviation."""

    @model_validator(mode="after")
    def _is_one_thing(self) -> Place:
        shapes = (self.everywhere, bool(self.polygon), self.band is not None, bool(self.around))
        if sum(shapes) > 1:
            raise ValueError("is more than one thing; list several places, each with one of its own")
        if not any(shapes) and not self.regions:
            raise ValueError("says no place; write everywhere, regions, polygon, band or around")
        if any(len(ring) < 4 or ring[0] != ring[-1] for ring in self.polygon):
            raise ValueError("a ring is open; write at least four points, the last the same as the first")
        flat = [corner for ring in self.polygon for corner in ring]
        if not all(-180 <= lon <= 180 and -90 <= lat <= 90 for lon, lat in flat):
            raise ValueError("a corner is not on the map; write [longitude, latitude] in degrees")
        return self

    @property
    def is_regions(self) -> bool:
        """Whether it is regions by name and has no geometry."""
        return not (self.everywhere or self.polygon or self.band or self.around)

    @property
    def words(self) -> str:
        """The place as a reason names it."""
        if self.name:
            return self.name
        if self.everywhere:
            return "the whole area"
        if self.band is not None:
            side = "" if self.band.side == "both" else f" on side {self.band.side}"
            return f"{self.band.from_km:g} to {self.band.to_km:g} km from the line{side}"
        if self.around:
            return f"the surroundings of {', '.join(circle.name for circle in self.around[:3])}"
        return " or ".join(self.regions) if not self.polygon else "the area"


@dataclass(frozen=True)
class Positions:
    """Where incidents are, one entry for each."""

    lon: FloatArray
    """Degrees; NaN where the point is not known or stands for a whole region."""
    lat: FloatArray
    sigma_m: FloatArray
    sigma_across_m: FloatArray
    axis_deg: FloatArray
    region: NDArray[np.object_]
    """Name of the region; empty where it is not known."""

    def __len__(self) -> int:
        return len(self.lon)

    def take(self, rows: Any) -> Positions:
        """Return some of them."""
        return Positions(
            self.lon[rows],
            self.lat[rows],
            self.sigma_m[rows],
            self.sigma_across_m[rows],
            self.axis_deg[rows],
            self.region[rows],
        )


@dataclass(frozen=True)
class Chance:
    """How likely positions lie in a place."""

    p: FloatArray
    """Probability; NaN where it cannot be told."""
    distance_m: FloatArray
    """Distance of the best position from the line of a band; NaN elsewhere."""
    sigma_m: FloatArray
    """Largest standard deviation of that distance: of the position and of the line together."""


def spread_points() -> tuple[FloatArray, FloatArray]:
    """Return the points of the standard Gaussian, along and across the axis: a golden spiral.

    The radius of point i is that within which the share (i + 1/2) / n of a Rayleigh distribution lies.
    """
    share = (np.arange(N_POINTS) + 0.5) / N_POINTS
    radius = np.sqrt(-2 * np.log1p(-share))
    angle = np.arange(N_POINTS) * _GOLDEN_ANGLE
    return radius * np.cos(angle), radius * np.sin(angle)


_REACH = float(np.sqrt(-2 * np.log(0.5 / N_POINTS)))  # of the outermost point, in standard deviations


def find_chance(place: Place, positions: Positions, lines: Mapping[str, LineOfContact]) -> Chance:
    """Return how likely each position lies in `place`; `lines` by the names that bands use."""
    n_rows = len(positions)
    nothing = np.full(n_rows, np.nan)
    if place.everywhere:
        return Chance(np.ones(n_rows), nothing, nothing)
    inside_region = _region_chance(place.regions, positions.region)
    if place.is_regions:
        return Chance(inside_region, nothing, nothing)
    if place.band is not None and place.band.line not in lines:
        return Chance(nothing, nothing, nothing)
    shape = _shape_of(place, lines)
    # Without a position only another region rules the place out.
    p = np.where(inside_region == 0.0, 0.0, np.nan) if place.regions else nothing.copy()
    known = np.flatnonzero(np.isfinite(positions.lon) & np.isfinite(positions.lat))
    at = positions.take(known)
    sigma = np.hypot(np.fmax(at.sigma_m, at.sigma_across_m), shape.edge_m)
    gap, distance = shape.gap(at.lon, at.lat)
    p[known] = (gap > 0).astype(float)
    near = np.flatnonzero(np.abs(gap) <= sigma * _REACH)
    p[known[near]] = _share_inside(shape, at.take(near))
    told_distance, told_sigma = nothing.copy(), nothing.copy()
    told_distance[known] = distance
    told_sigma[known] = sigma
    return Chance(p, told_distance, told_sigma)


def make_lines(named: Mapping[str, NamedLine]) -> dict[str, LineOfContact]:
    """Return the lines of an agreement; GeometryError for one that cannot be used."""
    return {name: _make_line(line, name) for name, line in named.items()}


@dataclass(frozen=True)
class _Shape:
    """A place in metres."""

    projection: Projection
    edge_m: float
    area: Any = None
    """Polygon; None for a band and for circles."""
    band: Band | None = None
    line: LineOfContact | None = None
    centres_m: FloatArray | None = None
    radii_m: FloatArray | None = None

    def gap(self, lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return how far each point is inside (positive) or outside (negative), and how far from the line.

        The way to the edge is at least that long, and may be longer. A point that cannot be projected is
        infinitely far outside. The distance is NaN where there is no line.
        """
        x_m, y_m = self.projection.lonlat_to_xy(lon, lat)
        gap = np.full(len(lon), -np.inf)
        distance = np.full(len(lon), np.nan)
        good = np.flatnonzero(np.isfinite(x_m) & np.isfinite(y_m))
        if len(good):
            gap[good], distance[good] = self._gap_of(x_m[good], y_m[good])
        return gap, distance

    def _gap_of(self, x_m: FloatArray, y_m: FloatArray) -> tuple[FloatArray, FloatArray]:
        nothing = np.full(len(x_m), np.nan)
        if self.line is not None and self.band is not None:
            return _band_gap(self.band, self.line, x_m, y_m)
        if self.centres_m is not None and self.radii_m is not None:
            gap = np.full(len(x_m), -np.inf)
            for (centre_x, centre_y), radius in zip(self.centres_m, self.radii_m, strict=True):
                gap = np.maximum(gap, radius - np.hypot(x_m - centre_x, y_m - centre_y))
            return gap, nothing
        return _polygon_gap(self.area, x_m, y_m), nothing


def _band_gap(
    band: Band, line: LineOfContact, x_m: FloatArray, y_m: FloatArray
) -> tuple[FloatArray, FloatArray]:
    located = line.locate(np.column_stack([x_m, y_m]))
    near, far = band.from_km * _KM, band.to_km * _KM
    distance = located.distance_m
    gap = np.minimum(far - distance, distance - near) if near > 0 else far - distance
    if band.side == "both":
        return gap, distance
    on_side = located.offset_m > 0 if band.side == "a" else located.offset_m < 0
    # To change sides one crosses the line, or its smoothed extension beyond an open end: abreast of the line
    # that is at least half the distance, ahead of an end nothing is settled.
    crossing = np.where(located.beyond_end, _NOTHING_SETTLED_M, distance / 2)
    inside = np.where(gap > 0, np.minimum(gap, crossing), gap)
    return np.where(on_side, inside, -np.maximum(crossing, -gap)), distance


def _polygon_gap(area: Any, x_m: FloatArray, y_m: FloatArray) -> FloatArray:
    import shapely

    x_min, y_min, x_max, y_max = area.bounds
    # Outside the frame the distance to the frame is enough: the area is no nearer.
    off = np.hypot(
        np.maximum(np.maximum(x_min - x_m, x_m - x_max), 0),
        np.maximum(np.maximum(y_min - y_m, y_m - y_max), 0),
    )
    gap: FloatArray = -off
    inside = np.flatnonzero(off <= 0)
    if len(inside):
        shapely.prepare(area)
        edge = area.boundary
        shapely.prepare(edge)
        distance = shapely.distance(edge, shapely.points(x_m[inside], y_m[inside]))
        gap[inside] = np.where(shapely.contains_xy(area, x_m[inside], y_m[inside]), distance, -distance)
    return gap


def _share_inside(shape: _Shape, at: Positions) -> FloatArray:
    """Return the share of each position's points that lie in the shape; equal ones are looked at once."""
    if len(at) == 0:
        return np.empty(0)
    numbers = np.column_stack([at.lon, at.lat, at.sigma_m, at.sigma_across_m, at.axis_deg])
    kinds, which = np.unique(numbers, axis=0, return_inverse=True)
    share = np.empty(len(kinds))
    along, across = spread_points()
    for start in range(0, len(kinds), _CHUNK_ROWS):
        lon, lat, sigma, sigma_across, axis = kinds[start : start + _CHUNK_ROWS].T[:, :, None]
        # The edge's own error is added to both axes, as if it were the position's.
        forward = np.hypot(sigma, shape.edge_m) * along
        sideways = np.hypot(sigma_across, shape.edge_m) * across
        turn = np.radians(axis)
        east = forward * np.sin(turn) + sideways * np.cos(turn)
        north = forward * np.cos(turn) - sideways * np.sin(turn)
        lon_m, lat_m = metres_per_degree(np.clip(lat, -_LATITUDE_LIMIT, _LATITUDE_LIMIT))
        points_lat = np.clip(lat + north / lat_m, -_LATITUDE_LIMIT, _LATITUDE_LIMIT)
        points_lon = lon + east / lon_m
        gap, _ = shape.gap(points_lon.ravel(), points_lat.ravel())
        share[start : start + _CHUNK_ROWS] = (gap.reshape(-1, N_POINTS) > 0).mean(axis=1)
    made: FloatArray = share[which.reshape(-1)]
    return made


def _region_chance(regions: tuple[str, ...], found: NDArray[np.object_]) -> FloatArray:
    """Return 1 where the region is one of them, 0 where it is another, NaN where none is known."""
    wanted = {region.casefold() for region in regions}
    words, codes = _code(found)
    values = np.array([np.nan if not word else float(word.casefold() in wanted) for word in words])
    made: FloatArray = values[codes]
    return made


def _code(words: NDArray[np.object_]) -> tuple[list[str], NDArray[np.intp]]:
    import pandas as pd

    codes, unique = pd.factorize(words)
    return [str(word) for word in unique], np.asarray(codes)


@cache
def _place_shape(place: Place) -> _Shape:
    """Return the shape of a place that needs no line."""
    import shapely

    from truceline.geo.projection import projection_for

    edge_m = place.edge_km * _KM
    if place.around:
        lonlat = np.array([(circle.lon, circle.lat) for circle in place.around])
        projection = projection_for(shapely.multipoints(lonlat), where=place.words)
        centres = np.column_stack(projection.lonlat_to_xy(lonlat[:, 0], lonlat[:, 1]))
        radii = np.array([circle.radius_km for circle in place.around]) * _KM
        return _Shape(projection, edge_m, centres_m=centres, radii_m=radii)
    outline = shapely.Polygon(place.polygon[0], place.polygon[1:])
    projection = projection_for(outline, where=place.words)
    return _Shape(projection, edge_m, area=projection.area_to_metric(outline, where=place.words))


def _shape_of(place: Place, lines: Mapping[str, LineOfContact]) -> _Shape:
    if place.band is None:
        return _place_shape(place)
    line = lines[place.band.line]
    edge_m = math.hypot(place.edge_km * _KM, line.tolerance_m)
    return _Shape(line.projection, edge_m, band=place.band, line=line)


@cache
def _make_line(named: NamedLine, name: str) -> LineOfContact:
    import shapely

    from truceline.geo.line import make_line
    from truceline.geo.line_parts import LineLimits
    from truceline.geo.line_sources import line_from_places
    from truceline.scenario.reference import read_table

    if named.packaged is None:
        parts = shapely.multilinestrings([shapely.linestrings(np.array(part)) for part in named.coordinates])
        return make_line(
            parts,
            name=name,
            tolerance_m=named.tolerance_km * _KM,
            side_a_is=named.side_a_is,
            source=named.source,
            limits=LineLimits(chord_warning_m=math.inf),
        )
    rows = read_table("settlement_control_2025-02-17")
    lonlat = np.array([(float(row["lon"]), float(row["lat"])) for row in rows])
    return line_from_places(
        lonlat,
        [row["side"] for row in rows],
        names=[row["name"] for row in rows],
        tolerance_m=named.tolerance_km * _KM or None,
        name=name,
        source=_PACKAGED_LINE,
        limits=LineLimits(chord_warning_m=math.inf),
    )
