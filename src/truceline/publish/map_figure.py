"""The map: line, zone, bands, sectors, what stands there, what is seen, and the weakest crossings.

Drawn in the metric projection of the line, in kilometres; no country outlines, no background from elsewhere.
Places are drawn as dots a few kilometres across: nothing here is fit for a grid reference.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from truceline.plan.crossings import WeakCrossing
from truceline.plan.ground import Ground
from truceline.plan.map_data import detection_by_cell, list_towns
from truceline.plan.model import Plan, PosturePlan
from truceline.publish import figure_style as style
from truceline.publish.map_key import BAND_FILLS, BASE_LOOK, LOOKS, coverage_colours, draw_key
from truceline.publish.wording import small_print
from truceline.units import format_chance, format_share

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FloatArray = NDArray[np.float64]

WIDTH_IN = 11.0
_MAP_WIDTH_SHARE = 0.755  # the rest is the key
_KEY_LEFT = 0.012 + _MAP_WIDTH_SHARE + 0.018
_HEIGHT_LIMITS_IN = (4.6, 9.6)
_MARGIN_KM_MIN, _MARGIN_SHARE = 12.0, 0.06


def draw_map(plan: Plan) -> str:
    """Return the map of the posture planned in full as SVG; the scenario must have a map."""
    from matplotlib.patches import Rectangle

    ground, planned = plan.ground, plan.chosen
    assert ground is not None  # noqa: S101  (the caller asks only for scenarios with a map)
    west, south, east, north = _bounds_km(ground)
    map_width_in = WIDTH_IN * _MAP_WIDTH_SHARE
    height_in = float(np.clip(map_width_in * (north - south) / (east - west), *_HEIGHT_LIMITS_IN))
    with style.figure_style():
        figure = style.start_figure(WIDTH_IN, height_in + 1.25)
        title = f"{style.plain(planned.label)}: where they stand and what they see"
        subtitle = f"{style.plain(plan.scenario.title)}. {_say_crossings(planned)}"
        bottom, top = style.add_frame(figure, title, subtitle, small_print(plan))
        axes = figure.add_axes((0.012, bottom, _MAP_WIDTH_SHARE, top - bottom))
        wide, high = _fill_frame(
            (west, south, east, north), map_width_in, (top - bottom) * (height_in + 1.25)
        )
        axes.set_xlim(*wide)
        axes.set_ylim(*high)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.add_patch(
            Rectangle((0, 0), 1, 1, transform=axes.transAxes, fill=False, ec=style.RULE, lw=0.8, zorder=20)
        )
        for side in ("left", "bottom"):
            axes.spines[side].set_visible(False)
        _draw_graticule(axes, ground)
        _draw_zones(axes, ground)
        _draw_coverage(axes, plan, ground)
        _draw_line(axes, ground)
        _draw_means(axes, planned)
        taken = _draw_crossings(axes, planned, ground)
        _draw_names(axes, plan, ground, taken)
        _draw_scale(axes, ground)
        draw_key(figure, planned, ground, _KEY_LEFT, bottom, top)
        return style.to_svg(figure, "map", f"Map of the line. {title}")


def _bounds_km(ground: Ground) -> tuple[float, float, float, float]:
    """Return what the map shows, west, south, east, north: the line with room for the zone and labels."""
    west, south, east, north = (bound / 1000 for bound in ground.line.metric.bounds)
    span = max(east - west, north - south)
    margin = max(_MARGIN_KM_MIN, _MARGIN_SHARE * span, 1.6 * ground.zones.half_width_m / 1000)
    # a line that runs straight east would give a slit: keep at least three parts in ten
    short_x = max(0.0, 0.3 * span - (east - west)) / 2
    short_y = max(0.0, 0.3 * span - (north - south)) / 2
    return (
        west - margin - short_x,
        south - margin - short_y,
        east + margin + short_x,
        north + margin + short_y,
    )


def _fill_frame(
    bounds: tuple[float, float, float, float], width_in: float, height_in: float
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return x and y limits that hold `bounds` and fill a frame at one scale in both directions."""
    west, south, east, north = bounds
    per_in = max((east - west) / width_in, (north - south) / height_in)
    x, y = (west + east) / 2, (south + north) / 2
    return (x - per_in * width_in / 2, x + per_in * width_in / 2), (
        y - per_in * height_in / 2,
        y + per_in * height_in / 2,
    )


def _say_crossings(planned: PosturePlan) -> str:
    crossings = planned.crossings
    if crossings is None:
        return "Counted, not sited."
    weakest = crossings.weakest("knows the posts")
    if weakest is None:
        return "Nobody can pass."
    average = format_share(planned.headlines["watch.detect"].value)
    return (
        f"Detected on average {average}; weakest crossing noticed with {format_chance(weakest.p_least)};"
        f" {format_chance(crossings.open_share('knows the posts'))} of the line open in its worst state."
    )


def _draw_graticule(axes: Axes, ground: Ground) -> None:
    """Draw whole degrees (or halves on a short line) with their figures on the frame."""
    west, east = axes.get_xlim()
    south, north = axes.get_ylim()
    edge_x = np.concatenate([np.linspace(west, east, 40)] * 2) * 1000
    edge_y = np.concatenate([np.full(40, south), np.full(40, north)]) * 1000
    lon, lat = ground.line.projection.xy_to_lonlat(edge_x, edge_y)
    lon_range, lat_range = (lon.min(), lon.max()), (lat.min(), lat.max())
    step = next(
        s for s in (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0) if (lon_range[1] - lon_range[0]) / s <= 9 or s == 10
    )
    along = np.linspace(0.0, 1.0, 60)
    for at_lon, limits, across in ((True, lon_range, lat_range), (False, lat_range, lon_range)):
        for degree in np.arange(math.ceil(limits[0] / step), math.floor(limits[1] / step) + 1) * step:
            run = across[0] - step + along * (across[1] - across[0] + 2 * step)
            fixed = np.full(60, degree)
            x, y = ground.line.projection.lonlat_to_xy(fixed if at_lon else run, run if at_lon else fixed)
            axes.plot(x / 1000, y / 1000, color="#dfe4e8", lw=0.6, zorder=2.2)
            _label_degree(axes, x / 1000, y / 1000, float(degree), at_lon)


def _label_degree(axes: Axes, x: FloatArray, y: FloatArray, degree: float, at_lon: bool) -> None:
    """Write a degree inside the frame: longitudes at the foot, latitudes at the left."""
    west, east = axes.get_xlim()
    south, north = axes.get_ylim()
    letters = ("E", "W") if at_lon else ("N", "S")
    text = f"{abs(degree):g}° {letters[0] if degree >= 0 else letters[1]}"
    if at_lon:
        position = float(np.interp(south, y, x))
        if west + 0.03 * (east - west) < position < east - 0.05 * (east - west):
            axes.text(
                position,
                south + 0.008 * (north - south),
                text,
                size=7,
                color=style.MUTED,
                ha="center",
                path_effects=style.halo(),
                zorder=12,
            )
    else:
        position = float(np.interp(west, x, y))
        if south + 0.05 * (north - south) < position < north - 0.03 * (north - south):
            axes.text(
                west + 0.006 * (east - west),
                position,
                text,
                size=7,
                color=style.MUTED,
                va="center",
                path_effects=style.halo(),
                zorder=12,
            )


def _fill(axes: Axes, shape: BaseGeometry, **look: Any) -> None:
    """Fill a polygon or several, with their holes."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    rings = [
        np.asarray(ring.coords)[:, :2] / 1000
        for polygon in getattr(shape, "geoms", [shape])
        if not polygon.is_empty
        for ring in (polygon.exterior, *polygon.interiors)
    ]
    if rings:
        path = Path.make_compound_path(*(Path(ring, closed=True) for ring in rings))
        axes.add_patch(PathPatch(path, **look))


def _draw_zones(axes: Axes, ground: Ground) -> None:
    west, east = axes.get_xlim()
    detail_m = (east - west) * 1000 / 1500  # finer than a pixel only makes the file larger
    bands = ground.zones.bands
    for number, band in reversed(list(enumerate(bands))):
        fill = BAND_FILLS[min(number, len(BAND_FILLS) - 1)]
        for side in (band.side_a, band.side_b):
            _fill(axes, side.simplify(detail_m), fc=fill, ec="#d9d6c9", lw=0.5, zorder=1 + 0.1 * (9 - number))
    _fill(axes, ground.zones.separation.simplify(detail_m / 2), fc="none", ec=style.MUTED, lw=0.6, zorder=4)


def _draw_coverage(axes: Axes, plan: Plan, ground: Ground) -> None:
    """Lay the cells down as one picture, a pixel for each."""
    watch = plan.chosen.watch
    if watch is None:
        return
    cells = ground.cells
    size = cells.cell_m
    column = np.round((cells.x_m - cells.x_m.min()) / size).astype(np.int64)
    row = np.round((cells.y_m - cells.y_m.min()) / size).astype(np.int64)
    picture = np.full((row.max() + 1, column.max() + 1), np.nan)
    picture[row, column] = detection_by_cell(watch, plan.scenario.watched)
    left, foot = (cells.x_m.min() - size / 2) / 1000, (cells.y_m.min() - size / 2) / 1000
    extent = (left, left + picture.shape[1] * size / 1000, foot, foot + picture.shape[0] * size / 1000)
    limits = axes.get_xlim(), axes.get_ylim()
    axes.imshow(
        np.ma.masked_invalid(picture),
        origin="lower",
        extent=extent,
        cmap=coverage_colours(),
        vmin=0,
        vmax=1,
        interpolation="none",
        aspect="auto",
        zorder=3,
    )
    axes.set_xlim(*limits[0])
    axes.set_ylim(*limits[1])


def _draw_line(axes: Axes, ground: Ground) -> None:
    for part in ground.line.metric.geoms:
        xy = np.asarray(part.coords) / 1000
        axes.plot(xy[:, 0], xy[:, 1], color=style.PAPER, lw=2.2, zorder=5, solid_joinstyle="round")
        axes.plot(xy[:, 0], xy[:, 1], color=style.INK, lw=1.2, zorder=5.1, solid_joinstyle="round")
    ends = [sector.chainage_from_m for sector in ground.sectors[1:]]
    if ends:
        half_m = 2.0 * ground.zones.half_width_m
        tips = [ground.line.point_at(ends, sign * half_m) / 1000 for sign in (1.0, -1.0)]
        for a, b in zip(*tips, strict=True):
            axes.plot([a[0], b[0]], [a[1], b[1]], color=style.INK, lw=0.7, ls=(0, (3, 2)), zorder=5.2)


def _draw_means(axes: Axes, planned: PosturePlan) -> None:
    watch, bases = planned.watch, planned.people.bases
    if watch is not None:
        for kind, look in LOOKS.items():
            at = [i for i in watch.chosen.tolist() if watch.candidates.kind[i] == kind]
            axes.scatter(watch.candidates.x_m[at] / 1000, watch.candidates.y_m[at] / 1000, zorder=6, **look)
    if bases is not None:
        axes.scatter(bases.xy_m[:, 0] / 1000, bases.xy_m[:, 1] / 1000, zorder=7, **BASE_LOOK)


def _weakest_by_sector(planned: PosturePlan, ground: Ground) -> list[WeakCrossing]:
    if planned.crossings is None:
        return []
    found = [planned.crossings.weakest("knows the posts", sector=i) for i in range(len(ground.sectors))]
    return [one for one in found if one is not None and len(one.path_xy_m)]


def _draw_crossings(axes: Axes, planned: PosturePlan, ground: Ground) -> FloatArray | None:
    """Draw the weakest crossing of every sector, the weakest of all with an arrow and its chance.

    Returns the middle of its label, None where nobody can pass.
    """
    paths = _weakest_by_sector(planned, ground)
    if not paths:
        return None
    worst = min(paths, key=lambda one: one.p_least)
    for one in paths:
        xy = one.path_xy_m / 1000
        width = 2.6 if one is worst else 1.5
        axes.plot(xy[:, 0], xy[:, 1], color=style.PAPER, lw=width + 1.4, zorder=8, solid_capstyle="butt")
        axes.plot(xy[:, 0], xy[:, 1], color=style.WEAK, lw=width, zorder=8.1, solid_capstyle="butt")
    middle = worst.path_xy_m[len(worst.path_xy_m) // 2] / 1000
    axes.scatter(float(middle[0]), float(middle[1]), s=330, fc="none", ec=style.WEAK, lw=1.5, zorder=8.2)
    place = _open_place(axes, ground, middle)
    axes.annotate(
        f"weakest crossing: {format_chance(worst.p_least)} noticed\n{_say_who(worst)}, sector"
        f" {style.plain(ground.sectors[worst.sector].name)}",
        (float(middle[0]), float(middle[1])),
        xytext=(float(place[0]), float(place[1])),
        size=8,
        color=style.WEAK,
        ha="center",
        va="center",
        weight="bold",
        path_effects=style.halo(),
        zorder=13,
        arrowprops={"arrowstyle": "-", "color": style.WEAK, "lw": 0.9, "shrinkB": 9, "shrinkA": 2},
    )
    return place


def _open_place(axes: Axes, ground: Ground, near_km: FloatArray) -> FloatArray:
    """Return the place for a label around a point where it stands farthest from the line."""
    west, east = axes.get_xlim()
    south, north = axes.get_ylim()
    wide, high = east - west, north - south
    half_label = np.array([0.145 * wide, 0.035 * high])  # two lines of bold letters
    turns = np.linspace(0, 2 * np.pi, 25)[:-1]
    reach_km = (0.27 * wide, max(0.16 * high, 3.2 * ground.zones.half_width_m / 1000))
    offers = near_km + np.column_stack([reach_km[0] * np.cos(turns), reach_km[1] * np.sin(turns)])
    inside = ((offers - half_label > (west, south)) & (offers + half_label < (east, north))).all(axis=1)
    corners = np.array([(-1, -1), (-1, 1), (1, -1), (1, 1), (0, 0)]) * half_label
    distance_m = np.min(
        [ground.line.locate((offers + corner) * 1000).distance_m for corner in corners], axis=0
    )
    chosen: FloatArray = offers[int(np.argmax(np.where(inside, np.round(distance_m), -1.0)))]
    return chosen


def _say_who(one: WeakCrossing) -> str:
    return {"day": "{} by day", "night": "{} by night", "bad": "{} in bad weather"}[one.state].format(
        one.kind
    )


def _draw_names(axes: Axes, plan: Plan, ground: Ground, taken: FloatArray | None) -> None:
    """Name towns, sectors and sides; sectors stand clear of the zone on side b, sides farther out."""
    half_m = ground.zones.half_width_m
    west, east = axes.get_xlim()
    south, north = axes.get_ylim()
    for town in list_towns(plan.scenario, ground):
        x, y = town.x_m / 1000, town.y_m / 1000
        if west < x < east and south < y < north:
            axes.scatter(x, y, s=9, marker="D", fc=style.MUTED, ec=style.PAPER, lw=0.5, zorder=9)
            left = x > east - 0.12 * (east - west)
            axes.annotate(
                style.plain(town.name),
                (x, y),
                xytext=(-4 if left else 4, 2.5),
                textcoords="offset points",
                size=7.5,
                color="#414d57",
                style="italic",
                ha="right" if left else "left",
                path_effects=style.halo(),
                zorder=10,
            )
    reach_m = max(2.0 * half_m, 0.028 * (east - west) * 1000)
    for sector in ground.sectors:
        at = (sector.chainage_from_m + sector.chainage_to_m) / 2
        x, y = _clear_of_zone(ground, at, reach_m) / 1000
        axes.text(
            x,
            y,
            style.plain(sector.name),
            size=8.5,
            weight="bold",
            color=style.INK,
            ha="center",
            va="center",
            path_effects=style.halo(),
            zorder=11,
        )
    _name_sides(axes, plan, ground, taken)


def _clear_of_zone(ground: Ground, chainage_m: float, reach_m: float) -> FloatArray:
    """Return the place beside a chainage, on the side where it is farthest from the line: bends fold over."""
    offers = np.concatenate([ground.line.point_at(chainage_m, sign * reach_m) for sign in (-1.0, 1.0)])
    distance_m = ground.line.locate(offers).distance_m
    chosen: FloatArray = offers[int(np.argmax(np.round(distance_m, 0)))]
    return chosen


def _name_sides(axes: Axes, plan: Plan, ground: Ground, taken: FloatArray | None) -> None:
    """Write the name of each side at the widest open place on its side, clear of the label at `taken`."""
    west, east = axes.get_xlim()
    south, north = axes.get_ylim()
    x, y = np.meshgrid(np.linspace(west, east, 42)[6:-6], np.linspace(south, north, 42)[5:-5])
    points = np.column_stack([x.ravel(), y.ravel()])
    located = ground.line.locate(points * 1000)
    edge = np.minimum.reduce(
        [points[:, 0] - west, east - points[:, 0], points[:, 1] - south, north - points[:, 1]]
    )
    room = np.minimum(located.distance_m / 1000, 2.0 * edge)
    if taken is not None:
        away = np.abs(points - taken) / (east - west, north - south)
        room[(away[:, 0] < 0.24) & (away[:, 1] < 0.1)] *= 0.1
    for sign, name, letter in ((1.0, plan.scenario.sides.a, "a"), (-1.0, plan.scenario.sides.b, "b")):
        place = points[int(np.argmax(np.where(located.offset_m * sign > 0, room, -1.0)))]
        text = style.plain(name).upper()
        label = text if text.lower() == f"side {letter}" else f"{text}\n(side {letter})"
        axes.text(
            place[0],
            place[1],
            label,
            size=11,
            color="#8b98a3",
            ha="center",
            va="center",
            weight="bold",
            path_effects=style.halo(),
            zorder=9.5,
            linespacing=1.3,
        )


def _draw_scale(axes: Axes, ground: Ground) -> None:
    """Draw kilometres and north (up at the middle of the map) in the corner farthest from the line."""
    west, east = axes.get_xlim()
    south, north = axes.get_ylim()
    wide, high = east - west, north - south
    length = next(n for n in (200, 100, 50, 20, 10, 5, 2, 1) if n <= 0.2 * wide or n == 1)
    lefts = (west + 0.05 * wide, east - 0.09 * wide - length)
    offers = [(x, y) for x in lefts for y in (south + 0.065 * high, north - 0.07 * high)]
    middles = np.array(offers) + np.array([length / 2, 0.0])
    x, y = offers[int(np.argmax(np.round(ground.line.locate(middles * 1000).distance_m, 0)))]
    axes.plot([x, x + length], [y, y], color=style.INK, lw=2.4, solid_capstyle="butt", zorder=14)
    axes.plot(
        [x + length / 2, x + length], [y, y], color=style.PAPER, lw=1.2, solid_capstyle="butt", zorder=14.1
    )
    for at in (0.0, 0.5, 1.0):
        text = f"{at * length:g}" + (" km" if at == 1 else "")
        axes.text(
            x + at * length,
            y + 0.012 * high,
            text,
            size=7.5,
            ha="center",
            path_effects=style.halo(),
            zorder=14,
        )
    x_north = x + length + 0.055 * wide
    axes.annotate(
        "",
        (x_north, y + 0.035 * high),
        xytext=(x_north, y - 0.012 * high),
        zorder=14,
        arrowprops={"arrowstyle": "-|>", "color": style.INK, "lw": 1.0, "shrinkA": 0, "shrinkB": 0},
    )
    axes.text(x_north, y - 0.016 * high, "N", size=8.5, weight="bold", ha="center", va="top", zorder=14)
