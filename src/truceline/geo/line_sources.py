"""Three ways to a line of contact: a file of lines, polygons of control, places and who holds each.

Degrees (longitude first) in, a checked `LineOfContact` out; buffers and tolerances in metres. What is cut
away or dropped is said in the line's warnings. A line from places lies halfway between towns: good for
strategy, not for siting a post, and its tolerance and note say so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import Voronoi, cKDTree
from shapely.geometry import MultiPolygon
from shapely.geometry.base import BaseGeometry

from truceline.errors import GeometryError, ProblemList
from truceline.geo.line import LineLimits, LineOfContact, make_line
from truceline.geo.projection import (
    LATITUDE_LIMIT_DEG,
    LONGITUDE_LIMIT_DEG,
    Projection,
    projection_for,
)
from truceline.geo.vector_files import read_features

FloatArray = NDArray[np.float64]
Geometries: TypeAlias = BaseGeometry | Sequence[BaseGeometry]

_PROBE_M = 0.5  # how far beside a boundary we look to see whose ground it is
_PARTING_M = 1.0
_FRAME_FACTOR = 20.0  # far points that close the outer Voronoi cells, in extents of the places
_N_FRAME = 8
_JITTER_M = 0.5  # breaks ties of four towns on one circle; invisible beside a tolerance of kilometres
_GOLDEN_ANGLE = np.pi * (3.0 - np.sqrt(5.0))
_SHOWN_MAX = 20


def read_line(
    path: Path | str,
    *,
    tolerance_m: float,
    name: str | None = None,
    layer: str | None = None,
    crs: str | None = None,
    columns: Mapping[str, str] | None = None,
    side_a_is: Literal["left", "right"] = "left",
    source: str = "",
    limits: LineLimits | None = None,
) -> LineOfContact:
    """Read the line from a vector file; `layer`, `crs` and `columns` as in `vector_files.read_features`.

    Raises
    ------
    GeometryError
        As `read_features` and `make_line`, and if a chosen feature is not a line.
    """
    title = name or Path(path).stem
    features = read_features(path, layer=layer, crs=crs, columns=columns)
    problems = ProblemList()
    for number, geometry in enumerate(features.geometries):
        if geometry.geom_type not in ("LineString", "LinearRing", "MultiLineString"):
            problems.add(
                f"{title}, feature {number}",
                f"is a {geometry.geom_type}, not a line",
                "choose features by their attributes (`where`), or give polygons as polygons of control",
            )
    shown = ProblemList()
    shown.extend(problems.problems[:_SHOWN_MAX])
    shown.raise_if_any(GeometryError, f"{Path(path).name} cannot be used as a line")
    line = make_line(
        shapely.multilinestrings([part for line in features.geometries for part in shapely.get_parts(line)]),
        name=title,
        tolerance_m=tolerance_m,
        side_a_is=side_a_is,
        source=source or Path(path).name,
        limits=limits,
    )
    return replace(line, warnings=features.warnings.warnings + line.warnings)


def line_from_control(
    held_by_b: Geometries,
    border: Geometries | None = None,
    coast: Geometries | None = None,
    *,
    held_by_a: Geometries | None = None,
    border_buffer_m: float = 1_000.0,
    touch_tolerance_m: float = 500.0,
    tolerance_m: float,
    name: str = "line from control",
    source: str = "",
    limits: LineLimits | None = None,
) -> LineOfContact:
    """Take the boundary of the ground side b holds, less the border and the coast.

    Parameters
    ----------
    held_by_b
        Polygons side b holds, in degrees.
    border
        The state border: a polygon of the whole state (ground outside is cut away too) or its boundary as
        lines.
    coast
        A mask polygon that covers the coast, or the coast as lines (buffered like the border).
    held_by_a
        Polygons side a holds; when given only the boundary within `touch_tolerance_m` of them is the line.
    border_buffer_m
        Boundary nearer to the border than this is border, not line. A pocket on the border loses as much at
        each end.
    touch_tolerance_m
        Gap or overlap between the two sides' polygons that counts as touching.

    Raises
    ------
    GeometryError
        If polygons are not polygons, the sides do not touch or overlap, nothing of b's ground reaches the
        border, or no boundary is left.
    """
    problems = ProblemList()
    title = f"{name} cannot be taken from polygons of control"
    b_lonlat = _polygons(held_by_b, f"{name}.held_by_b", problems)
    a_lonlat = _polygons(held_by_a, f"{name}.held_by_a", problems) if held_by_a is not None else None
    problems.raise_if_any(GeometryError, title)
    projection = projection_for(b_lonlat, where=f"{name}.held_by_b")
    b_ground = _ground(b_lonlat, projection, f"{name}.held_by_b")
    if not b_ground.boundary.is_simple:
        # areas that touch in a point, as those made from a raster do, would make the line cross itself there
        b_ground = b_ground.buffer(-_PARTING_M, join_style="mitre")
        problems.warn(f"{name}.held_by_b", f"touches itself in points and was drawn in by {_PARTING_M:g} m")
    contact: BaseGeometry = b_ground.boundary
    if a_lonlat is not None:
        a_ground = _ground(a_lonlat, projection, f"{name}.held_by_a")
        _check_sides_touch(a_ground, b_ground, touch_tolerance_m, projection, name, problems)
        contact = contact.intersection(a_ground.buffer(touch_tolerance_m))
    if border is not None:
        contact = _cut_border(contact, b_ground, projection, border, border_buffer_m, name, problems)
    if coast is not None:
        mask = projection.area_to_metric(_collect(coast), where=f"{name}.coast")
        contact = contact.difference(mask if mask.area > 0.0 else mask.buffer(border_buffer_m))
    problems.raise_if_any(GeometryError, title)
    pieces = _facing_b(contact, b_ground)
    if not pieces:
        problems.add(
            name, "no boundary is left once border and coast are cut away", "check the border and coast"
        )
    problems.raise_if_any(GeometryError, title)
    line = make_line(
        projection.to_lonlat(shapely.multilinestrings(pieces)),
        name=name,
        tolerance_m=tolerance_m,
        source=source,
        limits=limits,
    )
    return replace(line, warnings=problems.warnings + line.warnings)


def line_from_places(
    lonlat: ArrayLike,
    side: Sequence[str],
    *,
    names: Sequence[str] | None = None,
    hull_ratio: float = 0.2,
    hull_buffer_m: float = 5_000.0,
    clip_lonlat: BaseGeometry | None = None,
    island_min_m: float = 25_000.0,
    tolerance_m: float | None = None,
    name: str = "line from places",
    source: str = "",
    limits: LineLimits | None = None,
) -> LineOfContact:
    """Draw the line halfway between places of opposite sides (edges of their Voronoi diagram).

    Parameters
    ----------
    lonlat
        Degrees (n, 2), longitude first.
    side
        "a" or "b" for each place.
    names
        Names for messages; row numbers otherwise.
    hull_ratio, hull_buffer_m
        The diagram is clipped to the concave hull of the places (ratio 0 follows every bay, 1 is convex;
        edge-length ratio of GEOS) widened by the buffer: beyond the places nothing is known.
    clip_lonlat
        Polygon in degrees that clips as well, for instance the state without its sea.
    island_min_m
        Rings shorter than this, usually one place apart from its side, are dropped with a warning.
    tolerance_m
        None measures it: the median along the line of the distance to the nearest place, since the true line
        may lie anywhere between two towns.

    Raises
    ------
    GeometryError
        With all problems at once: unknown sides, places out of range or twice with different sides, too few
        places.
    """
    places = np.asarray(lonlat, dtype=float)
    problems = ProblemList()
    kept = _check_places(places, side, names, name, problems)
    problems.raise_if_any(GeometryError, f"{name} cannot be drawn from places")
    places, is_a = places[kept], np.array([side[index] == "a" for index in kept])
    projection = projection_for(shapely.multipoints(places), where=name)
    xy_m = np.column_stack(projection.lonlat_to_xy(places[:, 0], places[:, 1]))
    area = shapely.concave_hull(shapely.multipoints(xy_m), ratio=hull_ratio).buffer(hull_buffer_m)
    if clip_lonlat is not None:
        area = area.intersection(projection.area_to_metric(clip_lonlat, where=f"{name}.clip"))
    merged = _drop_islands(_edges_between(xy_m, is_a, area), island_min_m, name, problems)
    if not merged:
        problems.add(
            name, "no line is left inside the hull of the places", "widen hull_buffer or the clip polygon"
        )
    problems.raise_if_any(GeometryError, f"{name} cannot be drawn from places")
    if tolerance_m is None:
        tolerance_m = _measure_gap(merged, xy_m)
    line = make_line(
        projection.to_lonlat(shapely.multilinestrings(merged)),
        name=name,
        tolerance_m=tolerance_m,
        source=source,
        displacement_note=(
            f"drawn halfway between {len(places)} places of opposite sides; not for siting a post"
        ),
        limits=limits,
    )
    return replace(line, warnings=problems.warnings + line.warnings)


def _collect(geometries: Geometries) -> BaseGeometry:
    if isinstance(geometries, BaseGeometry):
        return geometries
    return shapely.union_all(list(geometries))


def _polygons(geometries: Geometries, where: str, problems: ProblemList) -> BaseGeometry:
    """Return one MultiPolygon of all polygons given; note what is not a polygon or not valid."""
    parts = [geometries] if isinstance(geometries, BaseGeometry) else list(geometries)
    polygons: list[Any] = []
    for number, part in enumerate(parts):
        if part.geom_type not in ("Polygon", "MultiPolygon"):
            problems.add(
                f"{where}[{number}]", f"is a {part.geom_type}, not a polygon", "give areas of control"
            )
            continue
        if not part.is_valid:
            reason = shapely.is_valid_reason(part)
            problems.warn(f"{where}[{number}]", f"is not valid ({reason}) and was repaired")
        polygons.extend(piece for piece in shapely.get_parts(part) if not piece.is_empty)
    if not polygons and not problems.has_errors():
        problems.add(where, "has no polygon", "give the areas of control")
    return shapely.multipolygons(polygons) if polygons else MultiPolygon()


def _check_sides_touch(
    a_ground: BaseGeometry,
    b_ground: BaseGeometry,
    touch_tolerance_m: float,
    projection: Projection,
    name: str,
    problems: ProblemList,
) -> None:
    gap_m = float(shapely.distance(a_ground, b_ground))
    if gap_m > touch_tolerance_m:
        nearest = shapely.get_coordinates(shapely.shortest_line(b_ground, a_ground))[0]
        lon, lat = projection.xy_to_lonlat(nearest[0], nearest[1])
        problems.add(
            name,
            f"the polygons of the two sides do not touch: {gap_m / 1000.0:.1f} km apart at the nearest, "
            f"at {float(lon):.3f}, {float(lat):.3f} (lon, lat)",
            "give polygons with a common boundary",
        )
        return
    overlap = shapely.intersection(a_ground, b_ground)
    if not overlap.buffer(-touch_tolerance_m).is_empty:
        problems.add(
            name,
            f"both sides' polygons hold {overlap.area / 1e6:,.1f} km2 of the same ground",
            "let each place be held by one side, or leave out held_by_a",
        )


def _cut_border(
    contact: BaseGeometry,
    b_ground: BaseGeometry,
    projection: Projection,
    border: Geometries,
    border_buffer_m: float,
    name: str,
    problems: ProblemList,
) -> BaseGeometry:
    state = projection.area_to_metric(_collect(border), where=f"{name}.border")
    border_line = state.boundary if state.area > 0.0 else state
    gap_m = float(shapely.distance(b_ground, border_line))
    if gap_m > border_buffer_m:
        problems.add(
            f"{name}.held_by_b",
            f"does not meet the border: {gap_m / 1000.0:.1f} km from it at the nearest",
            "leave the border out if this is an enclave; else give the right border or polygons",
        )
        return contact
    if state.area > 0.0:
        contact = contact.intersection(state)
    return contact.difference(border_line.buffer(border_buffer_m))


def _ground(polygons_lonlat: BaseGeometry, projection: Projection, where: str) -> BaseGeometry:
    # joined in degrees: there, edges that two areas share are the same however many vertices each has on them
    joined = shapely.union_all(shapely.make_valid(shapely.get_parts(polygons_lonlat)))
    return projection.area_to_metric(joined, where=where)


def _facing_b(contact: BaseGeometry, b_ground: BaseGeometry) -> list[Any]:
    """Return the pieces of a boundary, merged, each with b's ground on its right."""
    lines = [
        part
        for part in shapely.get_parts(contact)
        if part.geom_type in ("LineString", "LinearRing") and part.length
    ]
    nested = [
        p for part in shapely.get_parts(contact) if part.geom_type == "MultiLineString" for p in part.geoms
    ]
    if not lines and not nested:
        return []
    shapely.prepare(b_ground)
    pieces = []
    for piece in shapely.get_parts(shapely.line_merge(shapely.multilinestrings([*lines, *nested]))):
        vertices = shapely.get_coordinates(piece)
        steps = np.diff(vertices, axis=0)
        lengths = np.hypot(steps[:, 0], steps[:, 1])
        longest = int(lengths.argmax())
        right = np.array([steps[longest, 1], -steps[longest, 0]]) / lengths[longest]
        probe = vertices[longest] + steps[longest] / 2.0 + _PROBE_M * right
        pieces.append(piece if shapely.contains_xy(b_ground, *probe) else shapely.reverse(piece))
    return pieces


def _check_places(
    places: FloatArray, side: Sequence[str], names: Sequence[str] | None, where: str, problems: ProblemList
) -> list[int]:
    """Return the rows to use (exact repeats left out); note everything that is wrong."""
    if places.ndim != 2 or places.shape[1] != 2 or len(places) != len(side):
        problems.add(
            where, f"places have shape {places.shape} for {len(side)} sides", "give n rows of lon, lat"
        )
        return []
    first_row: dict[tuple[float, float], int] = {}
    kept, details = [], ProblemList()
    for row, (lon, lat) in enumerate(places.tolist()):
        label = f"{where}[{row}]" + (f" {names[row]}" if names is not None and names[row] else "")
        if side[row] not in ("a", "b"):
            details.add(label, f"side is {side[row]!r}", "write a or b")
        if not (abs(lon) <= LONGITUDE_LIMIT_DEG and abs(lat) <= LATITUDE_LIMIT_DEG):
            details.add(
                label, f"lies at {lon}, {lat}", "give longitude and latitude in degrees, longitude first"
            )
        earlier = first_row.setdefault((lon, lat), row)
        if earlier == row:
            kept.append(row)
        elif side[earlier] != side[row]:
            details.add(
                label, f"is at the place of row {earlier} but on the other side", "keep the right one"
            )
    problems.extend(details.problems[:_SHOWN_MAX])
    if len(details.problems) > _SHOWN_MAX:
        problems.add(where, f"has {len(details.problems) - _SHOWN_MAX} more problems of this kind")
    for wanted in ("a", "b"):
        n_places = sum(side[row] == wanted for row in kept)
        if n_places < 2:
            problems.add(where, f"has {n_places} places of side {wanted}", "give two or more on each side")
    return kept


def _edges_between(xy_m: FloatArray, is_a: NDArray[np.bool_], area: BaseGeometry) -> list[Any]:
    """Return Voronoi edges between sides inside `area`, merged to long lines with side a on the left."""
    n_places = len(xy_m)
    angle = _GOLDEN_ANGLE * np.arange(n_places)
    sites = xy_m + _JITTER_M * np.column_stack([np.cos(angle), np.sin(angle)])
    centre, extent_m = sites.mean(axis=0), float(np.ptp(sites, axis=0).max())
    turn = 2.0 * np.pi * np.arange(_N_FRAME) / _N_FRAME
    frame = centre + _FRAME_FACTOR * extent_m * np.column_stack([np.cos(turn), np.sin(turn)])
    diagram = Voronoi(np.concatenate([sites, frame]))
    pairs, corners = np.asarray(diagram.ridge_points), np.asarray(diagram.ridge_vertices)
    real = (pairs.max(axis=1) < n_places) & (corners.min(axis=1) >= 0)
    pairs, corners = pairs[real], corners[real]
    between = is_a[pairs[:, 0]] != is_a[pairs[:, 1]]
    pairs, corners = pairs[between], corners[between]
    start, stop = diagram.vertices[corners[:, 0]], diagram.vertices[corners[:, 1]]
    to_a = (sites[pairs[:, 0]] - sites[pairs[:, 1]]) * np.where(is_a[pairs[:, 0]], 1.0, -1.0)[:, None]
    along = stop - start
    a_on_right = along[:, 0] * to_a[:, 1] - along[:, 1] * to_a[:, 0] < 0.0
    start[a_on_right], stop[a_on_right] = stop[a_on_right], start[a_on_right].copy()
    edges = shapely.linestrings(np.stack([start, stop], axis=1))
    pieces, owner = shapely.get_parts(shapely.intersection(edges, area), return_index=True)
    directed = []
    for piece, edge in zip(pieces, owner, strict=True):
        if piece.geom_type != "LineString" or piece.length == 0.0:
            continue
        vertices = shapely.get_coordinates(piece)
        same_way = float((vertices[-1] - vertices[0]) @ (stop[edge] - start[edge])) > 0.0
        directed.append(piece if same_way else shapely.reverse(piece))
    if not directed:
        return []
    return list(shapely.get_parts(shapely.line_merge(shapely.multilinestrings(directed), directed=True)))


def _drop_islands(parts: list[Any], island_min_m: float, name: str, problems: ProblemList) -> list[Any]:
    kept = [part for part in parts if not part.is_closed or part.length >= island_min_m]
    if len(kept) < len(parts):
        length_km = (
            sum(part.length for part in parts if part.is_closed and part.length < island_min_m) / 1000.0
        )
        problems.warn(
            name,
            f"{len(parts) - len(kept)} rings around lone places were left out, {length_km:.0f} km in all",
            "lower island_min to keep them",
        )
    return kept


def _measure_gap(parts: list[Any], xy_m: FloatArray) -> float:
    """Return the median along the line of the distance to the nearest place, rounded to 100 m."""
    dense = shapely.get_coordinates(shapely.segmentize(shapely.multilinestrings(parts), 500.0))
    distance_m, _ = cKDTree(xy_m).query(dense)
    return float(np.round(np.median(distance_m), -2))
