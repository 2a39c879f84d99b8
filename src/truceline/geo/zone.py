"""The zone either side of the line: separation zone, limitation bands and their areas.

Metric polygons in the line's equal-area projection, so areas are true; `Projection.to_lonlat` takes them to
the map. The zone is the ground within the half-width of the line and abreast of it: an open end is cut
square to the line's smoothed direction. Sectors and water sections are in `sectors.py` and are offered here
as well. Knows nothing of who may stand where.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import MultiPolygon, Polygon

from truceline.errors import GeometryError, ProblemList
from truceline.geo.line import LineOfContact
from truceline.geo.polyline import OpenEnd
from truceline.geo.sectors import (
    Section,
    Sector,
    is_water_at,
    sections_by_intervals,
    sections_by_polygon,
    sector_at,
    sectors_by_breaks,
    sectors_by_count,
    sectors_by_length,
    sectors_by_polygons,
)

__all__ = [
    "LimitationBand",
    "Section",
    "Sector",
    "Side",
    "Zones",
    "is_water_at",
    "make_zones",
    "sections_by_intervals",
    "sections_by_polygon",
    "sector_at",
    "sectors_by_breaks",
    "sectors_by_count",
    "sectors_by_length",
    "sectors_by_polygons",
]

Side = Literal["a", "b"]
_SQUARE_METRES_PER_KM2 = 1e6
_ARC_STEPS = 16  # segments in a quarter circle: the buffer falls short by at most 0.12 % of its radius
_OVERSHOOT_M = 1.0  # cuts go this far past the edge, so that they part the ground right through
_SLIVER_M2 = 1.0  # faces smaller than this are rounding, not ground
_NEAR_FACTOR = 3.0  # line farther than this many half-widths from a tip cannot reach the box ahead of it
_PIECES_MAX = 2_000
_TRIM_FACTOR = np.pi / 2.0  # line this many half-widths before an end still holds the zone ahead of the end


@dataclass(frozen=True)
class LimitationBand:
    """A band behind the separation zone where troops or weapons are capped, on both sides."""

    name: str
    from_m: float
    """Distance from the line at which the band starts."""
    to_m: float
    """Distance from the line at which it ends."""
    side_a: MultiPolygon
    side_b: MultiPolygon


@dataclass(frozen=True)
class Zones:
    """Separation zone and limitation bands as metric polygons."""

    half_width_m: float
    side_a: MultiPolygon
    """Part of the separation zone on side a."""
    side_b: MultiPolygon
    """Part of the separation zone on side b."""
    bands: tuple[LimitationBand, ...]

    @property
    def separation(self) -> MultiPolygon:
        """The whole separation zone, both sides."""
        return _as_multipolygon(shapely.union(self.side_a, self.side_b))

    def area_km2(self) -> dict[str, float]:
        """Return areas by name: `separation/a`, `separation/b`, then each band and side."""
        areas = {
            "separation/a": self.side_a.area / _SQUARE_METRES_PER_KM2,
            "separation/b": self.side_b.area / _SQUARE_METRES_PER_KM2,
        }
        for band in self.bands:
            areas[f"{band.name}/a"] = band.side_a.area / _SQUARE_METRES_PER_KM2
            areas[f"{band.name}/b"] = band.side_b.area / _SQUARE_METRES_PER_KM2
        return areas


def make_zones(
    line: LineOfContact,
    half_width_m: float,
    limitation_bands: Sequence[tuple[str, float, float]] = (),
) -> Zones:
    """Build the separation zone and the limitation bands behind it on each side.

    Parameters
    ----------
    half_width_m
        Distance from the line to the edge of the separation zone, the same on both sides.
    limitation_bands
        (name, from_m, to_m), distances from the line; a band may start no nearer than the half-width.

    Raises
    ------
    GeometryError
        With all problems: a width that is not positive, a band that starts inside the zone or ends before it
        starts, a name used twice.
    """
    _check_widths(half_width_m, limitation_bands)
    side_a, side_b = _split_by_side(line, half_width_m)
    bands = []
    for name, from_m, to_m in limitation_bands:
        inner = shapely.union(side_a, side_b) if from_m == half_width_m else _ground_abreast(line, from_m)
        outer_a, outer_b = _split_by_side(line, to_m)
        bands.append(
            LimitationBand(
                name,
                float(from_m),
                float(to_m),
                _as_multipolygon(shapely.difference(outer_a, inner)),
                _as_multipolygon(shapely.difference(outer_b, inner)),
            )
        )
    return Zones(float(half_width_m), side_a, side_b, tuple(bands))


def _check_widths(half_width_m: float, bands: Sequence[tuple[str, float, float]]) -> None:
    problems = ProblemList()
    if not (np.isfinite(half_width_m) and half_width_m > 0.0):
        problems.add("zone.half_width", f"{half_width_m!r} is not a width", "give metres, more than zero")
    seen: set[str] = set()
    for name, from_m, to_m in bands:
        where = f"zone.limitation_bands.{name}"
        if not (np.isfinite(from_m) and np.isfinite(to_m) and to_m > from_m):
            problems.add(
                where, f"runs from {from_m!r} to {to_m!r} m", "let it end farther out than it starts"
            )
        elif from_m < half_width_m:
            problems.add(
                where,
                f"starts {from_m / 1000.0:g} km from the line, inside the separation zone",
                f"start it at {half_width_m / 1000.0:g} km or farther out",
            )
        if name in seen:
            problems.add(where, "is there twice", "give each band its own name")
        seen.add(name)
    problems.raise_if_any(GeometryError, "the zone cannot be drawn")


def _ground_abreast(line: LineOfContact, width_m: float) -> Any:
    """Return the ground within `width_m` of the line, cut square at open ends."""
    ground = _widen(line.metric, width_m)
    for end in line.open_ends():
        ahead = _half_disc(end, width_m)
        # ground ahead of the end may be abreast of another stretch, where the line curls or a part is near
        rest = _without_end(line, end, _TRIM_FACTOR * width_m)
        if rest is not None:
            tip = shapely.points(end.xy_m)
            near = shapely.intersection(
                rest, shapely.buffer(tip, _NEAR_FACTOR * width_m, quad_segs=_ARC_STEPS)
            )
            ahead = shapely.difference(ahead, _widen(near, width_m))
        ground = shapely.difference(ground, ahead)
    return ground


def _widen(lines: Any, width_m: float) -> Any:
    """Return the ground within `width_m` of lines.

    The union of the grounds of short pieces: several times faster than one buffer of a crooked line that is
    wide against its wiggles, and free of the artefacts of inner curves.
    """
    pieces: list[Any] = []
    step = max(1, shapely.get_num_coordinates(lines) // _PIECES_MAX)
    for part in shapely.get_parts(lines):
        vertices = shapely.get_coordinates(part)
        pieces.extend(
            shapely.linestrings(vertices[first : first + step + 1])
            for first in range(0, len(vertices) - 1, step)
        )
    return shapely.union_all(shapely.buffer(pieces, width_m, quad_segs=_ARC_STEPS))


def _half_disc(end: OpenEnd, radius_m: float) -> Polygon:
    """Return a box ahead of the end that holds the half disc there."""
    reach_m = 1.01 * radius_m
    tip, out = np.array(end.xy_m), np.array(end.outward)
    left = np.array([-out[1], out[0]])
    corners = [tip + reach_m * left, tip - reach_m * left]
    return shapely.polygons([*corners, corners[1] + reach_m * out, corners[0] + reach_m * out])


def _without_end(line: LineOfContact, end: OpenEnd, trimmed_m: float) -> Any:
    """Return the line without its last stretch at an open end; None when nothing is left."""
    parts = list(shapely.get_parts(line.metric))
    vertices = line.polylines.vertices_xy_m[end.part]
    chainage = np.abs(line.polylines.vertex_chainage_m[end.part] - end.chainage_m)
    parts[end.part] = None
    if chainage.max() > trimmed_m:
        is_start = chainage[0] == 0.0
        cut = end.chainage_m + (trimmed_m if is_start else -trimmed_m)
        stump = line.polylines.position_at(cut, np.array([end.part]))
        kept = vertices[chainage > trimmed_m]
        parts[end.part] = shapely.linestrings(np.concatenate([stump, kept] if is_start else [kept, stump]))
    left = [part for part in parts if part is not None]
    return shapely.multilinestrings(left) if left else None


def _split_by_side(line: LineOfContact, width_m: float) -> tuple[MultiPolygon, MultiPolygon]:
    """Cut the ground abreast of the line along the line and sort the faces by side."""
    ground = _ground_abreast(line, width_m)
    rays = [_ray_ahead(end, ground) for end in line.open_ends()]
    cutters = shapely.multilinestrings([*shapely.get_parts(line.metric), *rays])
    noded = shapely.union_all([shapely.boundary(ground), cutters])
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    inside: NDArray[Any] = shapely.point_on_surface(faces)
    shapely.prepare(ground)
    in_ground = shapely.contains(ground, inside) & (shapely.area(faces) > _SLIVER_M2)
    faces, inside = faces[in_ground], inside[in_ground]
    on_a = line.locate(shapely.get_coordinates(inside)).offset_m > 0.0
    return _as_multipolygon(shapely.union_all(faces[on_a])), _as_multipolygon(shapely.union_all(faces[~on_a]))


def _ray_ahead(end: OpenEnd, ground: Any) -> Any:
    """Return the line drawn straight on from an end until it leaves the ground: it parts the sides."""
    tip, out = np.array(end.xy_m), np.array(end.outward)
    x_min, y_min, x_max, y_max = shapely.bounds(ground)
    far = tip + out * float(np.hypot(x_max - x_min, y_max - y_min))
    reach_m = 0.0
    for piece in shapely.get_parts(shapely.intersection(shapely.linestrings([tip, far]), ground)):
        along_m = (shapely.get_coordinates(piece) - tip) @ out
        if along_m.size and along_m.min() <= _OVERSHOOT_M:  # stretches farther on are other ground
            reach_m = max(reach_m, float(along_m.max()))
    return shapely.linestrings([tip, tip + out * (reach_m + _OVERSHOOT_M)])


def _as_multipolygon(geometry: Any) -> MultiPolygon:
    polygons = [
        part for part in shapely.get_parts(geometry) if part.geom_type == "Polygon" and not part.is_empty
    ]
    return shapely.multipolygons(polygons) if polygons else MultiPolygon()
