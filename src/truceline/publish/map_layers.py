"""What the layers of the map hold: geometry and attributes of the posture planned in full.

Geometry in degrees (EPSG:4326, longitude first), to six decimals, posts and bases to three (about 100 m):
every map program reads it, and the metric projection of a plan is centred on its line and has no code of its
own. Attributes as in the tables, km and shares. What they look like is decided in `geopackage_styles`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray

from truceline.detection.kinds import STATES
from truceline.geo.line import LineOfContact
from truceline.plan.crossings import INTRUDERS
from truceline.plan.ground import Ground
from truceline.plan.model import Plan, PosturePlan
from truceline.plan.watch import Watch, kind_weights
from truceline.publish.table import Column, Table, number, share, text
from truceline.publish.watch_tables import (
    BASES,
    CROSSINGS,
    PLACE_DIGITS,
    POSTS,
    PROFILE,
    SECTORS,
    list_bases,
    list_posts,
    list_profile,
    list_sectors,
)

Geometries = NDArray[np.object_]
GeometryType = Literal["Point", "LineString", "MultiLineString", "Polygon", "MultiPolygon"]

DEGREE_DIGITS = 6
"""Decimals of a degree kept in lines and areas: a tenth of a metre, far below what anything here resolves."""
_M2_PER_KM2 = 1e6
_MEASURES = ("detect", "verify", "attribute")
_SIDE = text("side", "Side of the line: a or b")
_SIDE_NAME = text("side_name", "What the scenario calls that side")


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer of the map: a table whose rows have a shape; without rows it is the description of one."""

    table: Table
    geometry_type: GeometryType
    geometry: Geometries

    @property
    def name(self) -> str:
        """Name of the layer."""
        return self.table.name

    def filled(self, rows: Iterable[Sequence[Any]], geometry: Iterable[Any]) -> Layer:
        """Return the layer with rows and a shape for each."""
        shapes = list(geometry)
        array = np.empty(len(shapes), dtype=object)
        array[:] = shapes
        return replace(self, table=self.table.filled(rows), geometry=array)


def _layer(name: str, title: str, note: str, geometry_type: GeometryType, *columns: Column) -> Layer:
    return Layer(Table(name, title, note, columns), geometry_type, np.empty(0, dtype=object))


LINE = _layer(
    "line_of_contact",
    "Line of contact",
    "The line as planned on. Never quote its length without the tolerance.",
    "MultiLineString",
    text("name", "Name of the scenario"),
    number("length_km", "km", "Geodesic length", 3),
    number("tolerance_km", "km", "How far the true line may lie from this one", 3),
    text("source", "Where the line comes from"),
    text("displacement_note", "What is known about its distance from a better line"),
)

SECTOR_LINES = _layer(
    "sectors",
    "Sectors",
    "Stretches of line under one commander, with what stands there and what it sees.",
    "MultiLineString",
    *SECTORS.columns,
)

SEPARATION = _layer(
    "separation_zone",
    "Zone of separation",
    "Ground between the forward lines, one feature for each side. Areas are true (equal-area projection).",
    "MultiPolygon",
    _SIDE,
    _SIDE_NAME,
    number("half_width_km", "km", "Width on this side of the line", 3),
    number("area_km2", "km^2", "Area", 1),
)

BANDS = _layer(
    "limitation_bands",
    "Areas of limitation",
    "Bands behind the zone where troops or weapons are capped.",
    "MultiPolygon",
    text("band", "What is limited"),
    _SIDE,
    _SIDE_NAME,
    number("from_km", "km", "Distance from the line at which it starts", 3),
    number("to_km", "km", "Distance from the line at which it ends", 3),
    number("area_km2", "km^2", "Area", 1),
)

CELLS = _layer(
    "demand_cells",
    "Ground to be watched, and what is seen of it",
    "Squares of the zone with the share of incidents seen, over kinds by weight.",
    "Polygon",
    text("cell", "Sector and number in it"),
    text("sector", "Name of the sector"),
    number("chainage_km", "km", "Nearest place along the line", 3),
    number("offset_m", "m", "Distance of the centre from the line, positive on side a", 0),
    text("is_water_section", "Whether the line abreast of it runs over water"),
    number("line_length_m", "m", "Length of line that runs through it", 0),
    number("weight_share", "1", "Expected share of incidents", 8),
    *(
        share(f"{measure}_{state}_share", f"Share of incidents there that the means {measure}: {state}")
        for state in STATES
        for measure in _MEASURES
    ),
)

POST_POINTS = _layer("posts", POSTS.title, POSTS.note, "Point", *POSTS.columns)

BASE_POINTS = _layer("reaction_bases", BASES.title, BASES.note, "Point", *BASES.columns)

PATHS = _layer(
    "weakest_crossings",
    "Weakest crossings",
    "Least-exposed path across each sector, by kind, state and intruder. Without an elevation model the path"
    " is indicative: real dead ground is not known.",
    "LineString",
    *(column for column in CROSSINGS.columns if column.name != "passable"),
    text(
        "is_sector_weakest", "Whether no other kind or state crosses this sector with less, for this intruder"
    ),
)

PROFILE_LINES = _layer(
    "crossing_profile",
    PROFILE.title,
    PROFILE.note,
    "MultiLineString",
    *PROFILE.columns,
    *(
        share(f"p_least_{state}", f"Weakest of person and vehicle, for who {INTRUDERS[0]}: {state}")
        for state in STATES
    ),
)

KINDS_OF_LAYER: tuple[Layer, ...] = (
    BANDS,
    SEPARATION,
    CELLS,
    SECTOR_LINES,
    PROFILE_LINES,
    LINE,
    PATHS,
    BASE_POINTS,
    POST_POINTS,
)
"""Description of every layer, from the bottom of the map to its top."""


def make_layers(plan: Plan) -> tuple[Layer, ...]:
    """Return the layers of a plan from bottom to top; those without a feature are left out.

    Empty for a scenario that is only a length.
    """
    ground, posture = plan.ground, plan.chosen
    if ground is None:
        return ()
    sides = {"a": plan.scenario.sides.a, "b": plan.scenario.sides.b}
    layers = [_bands(ground, sides), _separation(ground, sides), _line(plan, ground)]
    if posture.watch is not None:
        layers += [
            _cells(plan, ground, posture.watch),
            _sectors(ground, posture, posture.watch),
            _profile(ground, posture),
            _paths(ground, posture),
            _places(BASE_POINTS, list_bases(ground, posture)),
            _places(POST_POINTS, list_posts(ground, posture, posture.watch)),
        ]
    order = [layer.name for layer in KINDS_OF_LAYER]
    found = [layer for layer in layers if len(layer.geometry)]
    return tuple(sorted(found, key=lambda layer: order.index(layer.name)))


def cut_line(line: LineOfContact, from_m: float, to_m: float) -> list[shapely.LineString]:
    """Return the stretches of line (metric) between two chainages, one for each part they touch."""
    pieces = []
    for part, chainage in enumerate(line.polylines.vertex_chainage_m):
        start, end = max(from_m, float(chainage[0])), min(to_m, float(chainage[-1]))
        if end <= start:
            continue
        between = line.polylines.vertices_xy_m[part][(chainage > start) & (chainage < end)]
        first, last = line.polylines.position_at([start, end], [part, part])
        pieces.append(shapely.LineString(np.vstack([first, between, last])))
    return pieces


def _to_degrees(ground: Ground, shapes: Any) -> Any:
    """Return shapes in degrees, to the decimals kept."""
    moved = ground.line.projection.to_lonlat(shapes)
    return shapely.transform(moved, lambda degrees: np.round(degrees, DEGREE_DIGITS))


def _areas_to_degrees(ground: Ground, area: Any) -> Any:
    """Return an area in degrees, valid after rounding."""
    # Moving the corners can make an edge touch another one, and rounding wants a valid area.
    moved = shapely.make_valid(ground.line.projection.to_lonlat(area))
    rounded = shapely.set_precision(moved, 10.0**-DEGREE_DIGITS)
    parts = shapely.get_parts(shapely.get_parts(rounded))  # twice: repair may nest areas in a collection
    return shapely.multipolygons([part for part in parts if part.geom_type == "Polygon"])


def _line(plan: Plan, ground: Ground) -> Layer:
    line = ground.line
    row = (
        plan.scenario.name,
        line.length_m / 1000,
        line.tolerance_m / 1000,
        line.source,
        line.displacement_note,
    )
    return LINE.filled(
        [row], [shapely.transform(line.lonlat, lambda degrees: np.round(degrees, DEGREE_DIGITS))]
    )


def _sectors(ground: Ground, posture: PosturePlan, watch: Watch) -> Layer:
    lines = [
        shapely.multilinestrings(
            [stretch for from_m, to_m in sector.pieces for stretch in cut_line(ground.line, from_m, to_m)]
        )
        for sector in ground.sectors
    ]
    return SECTOR_LINES.filled(list_sectors(ground, posture, watch), _to_degrees(ground, np.array(lines)))


def _separation(ground: Ground, sides: dict[str, str]) -> Layer:
    zones = ground.zones
    areas = {"a": zones.side_a, "b": zones.side_b}
    rows = [
        (side, sides[side], zones.half_width_m / 1000, area.area / _M2_PER_KM2)
        for side, area in areas.items()
    ]
    return SEPARATION.filled(rows, [_areas_to_degrees(ground, area) for area in areas.values()])


def _bands(ground: Ground, sides: dict[str, str]) -> Layer:
    rows, areas = [], []
    for band in ground.zones.bands:
        for side, area in (("a", band.side_a), ("b", band.side_b)):
            reach = (band.from_m / 1000, band.to_m / 1000)
            rows.append((band.name, side, sides[side], *reach, area.area / _M2_PER_KM2))
            areas.append(_areas_to_degrees(ground, area))
    return BANDS.filled(rows, areas)


def _cells(plan: Plan, ground: Ground, watch: Watch) -> Layer:
    cells, weights = ground.cells, kind_weights(plan.scenario.watched)
    fused = (watch.fused.p_detect, watch.fused.p_verify, watch.fused.p_attribute)
    seen = [(one[:, :, s] @ weights).tolist() for s in range(len(STATES)) for one in fused]
    names = [sector.name for sector in ground.sectors]
    rows = zip(
        cells.ids(),
        [names[sector] for sector in cells.sector],
        (cells.chainage_m / 1000).tolist(),
        cells.offset_m.tolist(),
        cells.is_water_section.tolist(),
        cells.line_length_m.tolist(),
        cells.weight.tolist(),
        *seen,
        strict=True,
    )
    return CELLS.filled(rows, _to_degrees(ground, cells.squares()))


def _places(layer: Layer, found: Iterator[tuple[Any, ...]]) -> Layer:
    """Return a layer of points from rows that carry their published longitude and latitude."""
    rows = list(found)
    lon, lat = layer.table.index("lon"), layer.table.index("lat")
    degrees = np.array([(row[lon], row[lat]) for row in rows], dtype=np.float64).reshape(-1, 2)
    return layer.filled(rows, shapely.points(np.round(degrees, PLACE_DIGITS)))


def _paths(ground: Ground, posture: PosturePlan) -> Layer:
    crossings = posture.crossings
    if crossings is None:
        return PATHS
    passable = [one for one in crossings.weak if one.passable and len(one.path_xy_m) > 1]
    rows = [
        (
            posture.key,
            ground.sectors[one.sector].name,
            one.kind,
            one.state,
            one.intruder,
            one.p_least,
            one.p_average,
            one.open_width_m / 1000,
            one.chainage_m / 1000,
            one.length_m / 1000,
            crossings.weakest(one.intruder, sector=one.sector) is one,
        )
        for one in passable
    ]
    paths = np.array([shapely.LineString(one.path_xy_m) for one in passable], dtype=object)
    return PATHS.filled(rows, _to_degrees(ground, paths))


def _profile(ground: Ground, posture: PosturePlan) -> Layer:
    crossings = posture.crossings
    if crossings is None:
        return PROFILE_LINES
    least = crossings.profiles[INTRUDERS[0]].p_least
    weakest = np.fmin.reduce(least, axis=0)  # a kind that cannot pass does not count
    listed = list(list_profile(ground, posture))
    rows = [(*row, *weakest[:, i].tolist()) for i, row in enumerate(listed)]
    lines = [shapely.multilinestrings(cut_line(ground.line, row[1] * 1000, row[2] * 1000)) for row in listed]
    return PROFILE_LINES.filled(rows, _to_degrees(ground, np.array(lines, dtype=object)))
