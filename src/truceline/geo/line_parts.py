"""Turn lines as drawn into clean parts: numbers checked, ends joined, longest first, crossings named.

Coordinates are degrees (longitude first) where the name says lonlat, metres otherwise; lengths are geodesic
on WGS 84. Nothing is repaired in silence: what is dropped, turned round or joined across a gap becomes a
warning, what makes chainage ambiguous becomes an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from truceline.errors import ProblemList
from truceline.geo.ellipsoid import open_geod
from truceline.geo.projection import Projection

FloatArray = NDArray[np.float64]

WGS84 = open_geod()
_SAME_PLACE_DEG = 1e-8  # about a millimetre: nobody surveys a line closer
_SPIKE_RAD = np.radians(1.0)  # a turn within a degree of straight back is a spike
_SHOWN_MAX = 5  # problems of one kind spelled out before "and so many more"


@dataclass(frozen=True)
class LineLimits:
    """What a line may be before it is warned about, trimmed or refused."""

    chord_warning_m: float = 20_000.0
    """A straight stretch longer than this is probably water or missing detail: warned about."""
    min_part_m: float = 500.0
    """Parts shorter than this are dropped with a warning; the longest part always stays."""
    join_m: float = 1.0
    """Ends of two parts nearer than this are one place."""
    direction_window_m: float = 5_000.0
    """Length over which the direction of the line is smoothed where a perpendicular is wanted."""
    n_vertices_max: int = 200_000
    """More vertices than this are refused: simplify the line first."""
    n_parts_max: int = 2_000
    """More parts than this are refused: such a file is not one line of contact."""


def split_parts(
    geometry: BaseGeometry, where: str, limits: LineLimits, problems: ProblemList
) -> list[FloatArray]:
    """Return the (n, 2) degrees of each part without repeats; note what is wrong."""
    if geometry.geom_type not in ("LineString", "LinearRing", "MultiLineString"):
        hint = "give a line"
        if "Polygon" in geometry.geom_type:
            hint = (
                "give a line, or name the file as polygons of control so that their common boundary is taken"
            )
        problems.add(where, f"is a {geometry.geom_type}, not a line", hint)
        return []
    n_vertices, pieces = shapely.get_num_coordinates(geometry), shapely.get_parts(geometry)
    if n_vertices > limits.n_vertices_max:
        problems.add(
            where, f"has {n_vertices:,} vertices", f"simplify it to {limits.n_vertices_max:,} or fewer"
        )
        return []
    if len(pieces) > limits.n_parts_max:
        problems.add(
            where, f"has {len(pieces):,} parts", f"join or filter them to {limits.n_parts_max:,} or fewer"
        )
        return []
    if len(pieces) == 0 or n_vertices == 0:
        problems.add(where, "is empty", "give at least one line")
        return []
    parts: list[FloatArray] = []
    seen: set[bytes] = set()
    for number, piece in enumerate(pieces):
        vertices = shapely.get_coordinates(piece)
        if not np.isfinite(vertices).all():
            first_bad = int(np.flatnonzero(~np.isfinite(vertices).all(axis=1))[0])
            problems.add(
                f"{where}, part {number}", f"vertex {first_bad} is not a finite number", "remove or repair it"
            )
            continue
        vertices = _without_repeats(vertices)
        if len(vertices) < 2:
            problems.add(
                f"{where}, part {number}", "has zero length", "a line needs two different places at least"
            )
            continue
        key = min(vertices.tobytes(), np.ascontiguousarray(vertices[::-1]).tobytes())
        if key in seen:
            problems.warn(f"{where}, part {number}", "repeats an earlier part and was left out")
            continue
        seen.add(key)
        parts.append(vertices)
    return parts


def _without_repeats(vertices: FloatArray) -> FloatArray:
    moves = (np.abs(np.diff(vertices, axis=0)) > _SAME_PLACE_DEG).any(axis=1)
    kept: FloatArray = vertices[np.concatenate([[True], moves])]
    if len(kept) > 1:
        kept[-1] = vertices[-1]  # so that a ring stays closed to the last bit
    return kept


def join_parts(
    parts: Sequence[FloatArray], projection: Projection, join_m: float, where: str, problems: ProblemList
) -> list[FloatArray]:
    """Join parts (degrees) that meet end to end, two at a place; the longest gives the chain its direction.

    Where three or more ends meet nothing is joined: which two belong together cannot be known. A part drawn
    the other way round is turned with a warning, because side a would change hands at the joint.
    """
    ends = np.array([vertex for part in parts for vertex in (part[0], part[-1])])
    mate = _pair_ends(np.column_stack(projection.lonlat_to_xy(ends[:, 0], ends[:, 1])), join_m)
    length_m = [float(WGS84.line_length(part[:, 0], part[:, 1])) for part in parts]
    chains: list[FloatArray] = []
    used: set[int] = set()
    for seed in sorted(range(len(parts)), key=lambda index: (-length_m[index], index)):
        if seed in used:
            continue
        used.add(seed)
        after, n_turned_after = _walk(2 * seed + 1, mate, used, forward=True)
        before, n_turned_before = _walk(2 * seed, mate, used, forward=False)
        links = [*reversed(before), (seed, False), *after]
        pieces = [parts[index][::-1] if turned else parts[index] for index, turned in links]
        chain = np.concatenate([pieces[0], *(piece[1:] for piece in pieces[1:])])
        first_end, last_end = (2 * links[0][0] + links[0][1], 2 * links[-1][0] + 1 - links[-1][1])
        if mate[last_end] == first_end and len(chain) > 3:
            chain[-1] = chain[0]
        if n_turned_after + n_turned_before:
            problems.warn(
                where,
                f"{n_turned_after + n_turned_before} of {len(links)} joined parts ran the other way; turned",
                "draw all parts in one direction, with side a on the same hand",
            )
        chains.append(chain)
    return chains


def _pair_ends(ends_xy_m: FloatArray, join_m: float) -> list[int]:
    """Return for each end the one other end at the same place, or -1."""
    near = cKDTree(ends_xy_m).query_ball_point(ends_xy_m, join_m)
    mate = [-1] * len(ends_xy_m)
    for end, others in enumerate(near):
        if len(others) == 2:
            other = others[0] if others[1] == end else others[1]
            if len(near[other]) == 2:
                mate[end] = other
    return mate


def _walk(end: int, mate: list[int], used: set[int], *, forward: bool) -> tuple[list[tuple[int, bool]], int]:
    """Follow joints from an end; return (part, turned) in walking order and how many were turned."""
    links: list[tuple[int, bool]] = []
    while mate[end] >= 0 and mate[end] // 2 not in used:
        part, enters_at_end = divmod(mate[end], 2)
        turned = bool(enters_at_end) if forward else not enters_at_end
        links.append((part, turned))
        used.add(part)
        end = 2 * part + 1 - enters_at_end
    return links, sum(turned for _, turned in links)


def order_parts(
    parts: Sequence[FloatArray], limits: LineLimits, where: str, problems: ProblemList
) -> tuple[list[FloatArray], list[FloatArray]]:
    """Return parts (degrees) longest first and the geodesic chainage of each vertex; drop tiny parts."""
    steps_m = [np.asarray(WGS84.line_lengths(p[:, 0], p[:, 1]), dtype=float) for p in parts]
    order = sorted(range(len(parts)), key=lambda index: (-float(steps_m[index].sum()), index))
    kept = [
        index for rank, index in enumerate(order) if rank == 0 or steps_m[index].sum() >= limits.min_part_m
    ]
    if len(kept) < len(order):
        n_dropped = len(order) - len(kept)
        dropped_m = float(sum(steps_m[index].sum() for index in order if index not in set(kept)))
        problems.warn(
            where,
            f"{n_dropped} part{'s' if n_dropped > 1 else ''} shorter than {limits.min_part_m:g} m left out, "
            f"{dropped_m / 1000.0:.1f} km in all",
        )
    chainages, start_m = [], 0.0
    for index in kept:
        chainage = start_m + np.concatenate([[0.0], np.cumsum(steps_m[index])])
        chainages.append(chainage)
        start_m = float(chainage[-1])
    return [parts[index] for index in kept], chainages


def warn_of_chords(
    chainages: Sequence[FloatArray], limits: LineLimits, where: str, problems: ProblemList
) -> None:
    """Warn of straight stretches longer than the limit: probably water, or detail that is missing."""
    shown = 0
    for chainage in chainages:
        for index in np.flatnonzero(np.diff(chainage) > limits.chord_warning_m):
            shown += 1
            if shown <= _SHOWN_MAX:
                problems.warn(
                    f"{where}, km {chainage[index] / 1000.0:.1f} to {chainage[index + 1] / 1000.0:.1f}",
                    f"runs straight for {(chainage[index + 1] - chainage[index]) / 1000.0:.1f} km",
                    "add vertices if this is ground; mark it as water if it is not",
                )
    if shown > _SHOWN_MAX:
        problems.warn(where, f"has {shown - _SHOWN_MAX} more straight stretches of this length")


def warn_of_spikes(
    parts_xy_m: Sequence[FloatArray], chainages: Sequence[FloatArray], where: str, problems: ProblemList
) -> None:
    """Warn where the line turns straight back: usually a slip of the pen, and chainage counts it twice."""
    places_km = []
    for vertices, chainage in zip(parts_xy_m, chainages, strict=True):
        steps = np.diff(vertices, axis=0)
        units = steps / np.hypot(steps[:, 0], steps[:, 1])[:, None]
        turned_back = (units[1:] * units[:-1]).sum(axis=1) < -np.cos(_SPIKE_RAD)
        places_km.extend((chainage[1:-1][turned_back] / 1000.0).tolist())
    for place_km in places_km[:_SHOWN_MAX]:
        problems.warn(
            f"{where}, km {place_km:.1f}",
            "bends back on itself",
            "remove the spike if it is a slip of the pen",
        )
    if len(places_km) > _SHOWN_MAX:
        problems.warn(where, f"bends back on itself in {len(places_km) - _SHOWN_MAX} more places")


def refuse_crossings(
    parts_xy_m: Sequence[FloatArray],
    chainages: Sequence[FloatArray],
    projection: Projection,
    where: str,
    problems: ProblemList,
) -> None:
    """Note where the line meets itself other than end to end: chainage and sides are ambiguous."""
    if shapely.is_simple(shapely.multilinestrings([shapely.linestrings(part) for part in parts_xy_m])):
        return
    places = _crossing_places(parts_xy_m, chainages)
    for first_m, second_m, x_m, y_m in places[:_SHOWN_MAX]:
        lon, lat = projection.xy_to_lonlat(x_m, y_m)
        problems.add(
            f"{where}, km {first_m / 1000.0:.1f}",
            f"meets itself at km {second_m / 1000.0:.1f}, near {float(lon):.4f}, {float(lat):.4f} (lon, lat)",
            "untangle the line there: it must not cross, touch or run back on itself",
        )
    if len(places) > _SHOWN_MAX:
        problems.add(where, f"meets itself in {len(places) - _SHOWN_MAX} more places")
    if not places:  # the predicate and the search round differently: still refuse, without a place
        problems.add(where, "crosses or touches itself", "untangle it: chainage must be unique")


def _crossing_places(
    parts_xy_m: Sequence[FloatArray], chainages: Sequence[FloatArray]
) -> list[tuple[float, float, float, float]]:
    starts = np.concatenate([part[:-1] for part in parts_xy_m])
    stops = np.concatenate([part[1:] for part in parts_xy_m])
    start_m = np.concatenate([chainage[:-1] for chainage in chainages])
    part_of = np.repeat(np.arange(len(parts_xy_m)), [len(part) - 1 for part in parts_xy_m])
    segments = shapely.linestrings(np.stack([starts, stops], axis=1))
    first, second = shapely.STRtree(segments).query(segments, predicate="intersects")
    first, second = first[first < second], second[first < second]
    shared = shapely.intersection(segments[first], segments[second])
    places = []
    loose_ends = {tuple(part[end]) for part in parts_xy_m for end in (0, -1)}
    for one, two, meeting in zip(first, second, shared, strict=True):
        joint = part_of[one] == part_of[two] and (
            (stops[one] == starts[two]).all() or (stops[two] == starts[one]).all()
        )
        at = shapely.get_coordinates(meeting)
        if len(at) == 1 and (joint or (tuple(at[0]) in loose_ends and part_of[one] != part_of[two])):
            continue
        if len(at):
            middle = at.mean(axis=0)
            gap_one, gap_two = np.hypot(*(middle - starts[one])), np.hypot(*(middle - starts[two]))
            places.append(
                (
                    float(start_m[one] + gap_one),
                    float(start_m[two] + gap_two),
                    float(middle[0]),
                    float(middle[1]),
                )
            )
    return sorted(places)
