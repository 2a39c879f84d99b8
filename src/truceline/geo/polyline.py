"""Nearest place, chainage, offset and points on a set of directed polylines.

Plain arrays in metres; chainage is given with the vertices, so it may be geodesic while x and y are
projected. A positive offset is to the LEFT of the direction of travel. This module checks nothing about its
input (`line.py` does) and knows neither degrees nor sides.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

_POINTS_AT_A_TIME = 100_000  # bounds the memory of point objects in the tree query


def freeze(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array itself, contiguous and read-only."""
    frozen = np.ascontiguousarray(array)
    frozen.flags.writeable = False
    return frozen


@dataclass(frozen=True)
class Located:
    """Places relative to the line, one entry for each point asked for."""

    chainage_m: FloatArray
    """Geodesic distance along the line of the nearest place on it; parts follow one another."""
    offset_m: FloatArray
    """Distance to the line, positive on side a (left of the direction of travel), negative on side b."""
    distance_m: FloatArray
    """Distance to the line, never negative."""
    part: IntArray
    """Index of the part that is nearest."""
    beyond_end: BoolArray
    """True when the nearest place is an open end and the point lies ahead of it: no line is abreast of the
    point."""


@dataclass(frozen=True)
class OpenEnd:
    """A loose end of a part."""

    part: int
    chainage_m: float
    xy_m: tuple[float, float]
    outward: tuple[float, float]
    """Unit vector that points away from the line, smoothed over the direction window."""


@dataclass(frozen=True)
class Polylines:
    """Directed polylines with a chainage at each vertex."""

    vertices_xy_m: tuple[FloatArray, ...]
    """One (n, 2) array for each part; first and last vertex are the same for a closed part."""
    vertex_chainage_m: tuple[FloatArray, ...]
    """One (n,) array for each part, increasing; each part starts where the one before ends."""
    direction_window_m: float
    """Length over which the direction of the line is smoothed."""

    @cached_property
    def closed(self) -> BoolArray:
        """Tell for each part whether it is a ring."""
        return np.array([len(v) > 3 and bool((v[0] == v[-1]).all()) for v in self.vertices_xy_m])

    @cached_property
    def part_start_m(self) -> FloatArray:
        """Chainage at the start of each part, with the total length as a last entry."""
        return np.array([c[0] for c in self.vertex_chainage_m] + [self.vertex_chainage_m[-1][-1]])

    @cached_property
    def _first_segment(self) -> IntArray:
        counts = [len(v) - 1 for v in self.vertices_xy_m]
        return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)

    @cached_property
    def _start(self) -> FloatArray:
        return np.concatenate([v[:-1] for v in self.vertices_xy_m])

    @cached_property
    def _vector(self) -> FloatArray:
        return np.concatenate([np.diff(v, axis=0) for v in self.vertices_xy_m])

    @cached_property
    def _start_chainage(self) -> FloatArray:
        return np.concatenate([c[:-1] for c in self.vertex_chainage_m])

    @cached_property
    def _chainage_step(self) -> FloatArray:
        return np.concatenate([np.diff(c) for c in self.vertex_chainage_m])

    @cached_property
    def _segment_part(self) -> IntArray:
        return np.repeat(np.arange(len(self.vertices_xy_m)), np.diff(self._first_segment))

    @cached_property
    def _neighbours(self) -> tuple[IntArray, IntArray]:
        """Segment before and after each segment in its part; -1 at an open end."""
        n_segments = len(self._start)
        before = np.arange(n_segments) - 1
        after = np.arange(n_segments) + 1
        for part, is_ring in enumerate(self.closed):
            first, last = self._first_segment[part], self._first_segment[part + 1] - 1
            before[first] = last if is_ring else -1
            after[last] = first if is_ring else -1
        return before, after

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(
            shapely.linestrings(np.stack([self._start, self._start + self._vector], axis=1))
        )

    @cached_property
    def _unit(self) -> FloatArray:
        return self._vector / np.hypot(self._vector[:, 0], self._vector[:, 1])[:, None]

    def segments(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return start xy (n, 2), vector xy (n, 2), chainage at the start (n,), chainage step (n,)."""
        return self._start, self._vector, self._start_chainage, self._chainage_step

    def locate(self, xy_m: ArrayLike) -> Located:
        """Return where each point (n, 2) lies relative to the nearest place on the line.

        The sign at a vertex is that of the sum of the unit normals of the two segments that meet there,
        which is right for every point whose nearest place is the vertex (Baerentzen and Aanaes 2005,
        angle-weighted normals; in the plane both weights are equal).
        """
        points = np.atleast_2d(np.asarray(xy_m, dtype=float))
        segment = self._nearest_segment(points)
        relative = points - self._start[segment]
        vector = self._vector[segment]
        share = (relative * vector).sum(axis=1) / (vector**2).sum(axis=1)
        share = np.clip(share, 0.0, 1.0)
        gap = relative - share[:, None] * vector
        distance = np.hypot(gap[:, 0], gap[:, 1])
        direction = self._unit[segment].copy()
        beyond_end = np.zeros(len(points), dtype=bool)
        before, after = self._neighbours
        for at_vertex, neighbour, is_start in ((share <= 0.0, before, True), (share >= 1.0, after, False)):
            joined = at_vertex & (neighbour[segment] >= 0)
            direction[joined] += self._unit[neighbour[segment[joined]]]
            loose = np.flatnonzero(at_vertex & (neighbour[segment] < 0) & (distance > 0.0))
            outward = self._outward(self._segment_part[segment[loose]], is_start)
            ahead = (gap[loose] * outward).sum(axis=1) > 0.0
            beyond_end[loose] = ahead
            # ahead of an end the sides are parted by the smoothed direction, not by the last wiggle
            direction[loose[ahead]] = -outward[ahead] if is_start else outward[ahead]
        cross = direction[:, 0] * gap[:, 1] - direction[:, 1] * gap[:, 0]
        return Located(
            chainage_m=freeze(self._start_chainage[segment] + share * self._chainage_step[segment]),
            offset_m=freeze(np.where(cross < 0.0, -distance, distance)),
            distance_m=freeze(distance),
            part=freeze(self._segment_part[segment]),
            beyond_end=freeze(beyond_end),
        )

    def position_at(self, chainage_m: ArrayLike, part: ArrayLike | None = None) -> FloatArray:
        """Return xy (n, 2) on the line at each chainage, clamped to the line (or to `part` where given)."""
        chainage = np.atleast_1d(np.asarray(chainage_m, dtype=float))
        segment = np.searchsorted(self._start_chainage, chainage, side="right") - 1
        if part is None:
            segment = np.clip(segment, 0, len(self._start) - 1)
        else:
            parts = np.asarray(part)
            segment = np.clip(segment, self._first_segment[parts], self._first_segment[parts + 1] - 1)
        share = (chainage - self._start_chainage[segment]) / self._chainage_step[segment]
        moved: FloatArray = self._start[segment] + np.clip(share, 0.0, 1.0)[:, None] * self._vector[segment]
        return moved

    def part_at(self, chainage_m: ArrayLike) -> IntArray:
        """Return the part each chainage falls in; where two parts meet, the later one."""
        index = np.searchsorted(
            self.part_start_m, np.atleast_1d(np.asarray(chainage_m, dtype=float)), "right"
        )
        return np.clip(index - 1, 0, len(self.vertices_xy_m) - 1).astype(np.int64)

    def direction_at(self, chainage_m: ArrayLike, part: ArrayLike | None = None) -> FloatArray:
        """Return the unit direction of travel (n, 2): the chord over the direction window."""
        chainage = np.atleast_1d(np.asarray(chainage_m, dtype=float))
        parts = self.part_at(chainage) if part is None else np.broadcast_to(np.asarray(part), chainage.shape)
        start, end = self.part_start_m[parts], self.part_start_m[parts + 1]
        # a quarter of the part at most, so that a small ring still has a direction
        half = np.minimum(self.direction_window_m, (end - start) / 4.0) / 2.0
        low, high = chainage - half, chainage + half
        is_ring = self.closed[parts]
        low = np.where(is_ring, start + (low - start) % (end - start), np.maximum(low, start))
        high = np.where(is_ring, start + (high - start) % (end - start), np.minimum(high, end))
        chord = self.position_at(high, parts) - self.position_at(low, parts)
        length = np.hypot(chord[:, 0], chord[:, 1])
        segment = np.searchsorted(self._start_chainage, chainage, side="right") - 1
        segment = np.clip(segment, self._first_segment[parts], self._first_segment[parts + 1] - 1)
        unit: FloatArray = np.where(
            length[:, None] > 0.0, chord / np.where(length > 0.0, length, 1.0)[:, None], self._unit[segment]
        )
        return unit

    def open_ends(self) -> tuple[OpenEnd, ...]:
        """Return the loose ends, part by part, start before end."""
        ends = []
        for part in np.flatnonzero(~self.closed):
            for is_start, vertex in ((True, 0), (False, -1)):
                x_out, y_out = self._outward(np.array([part]), is_start)[0]
                x_m, y_m = self.vertices_xy_m[part][vertex]
                chainage = float(self.vertex_chainage_m[part][vertex])
                ends.append(
                    OpenEnd(int(part), chainage, (float(x_m), float(y_m)), (float(x_out), float(y_out)))
                )
        return tuple(ends)

    def _outward(self, parts: IntArray, is_start: bool) -> FloatArray:
        chainage = self.part_start_m[:-1] if is_start else self.part_start_m[1:]
        every = np.arange(len(self.vertices_xy_m))
        directions = self.direction_at(chainage, every)
        return (-directions if is_start else directions)[parts]

    def _nearest_segment(self, points: FloatArray) -> IntArray:
        nearest = np.empty(len(points), dtype=np.int64)
        for first in range(0, len(points), _POINTS_AT_A_TIME):
            chunk = slice(first, first + _POINTS_AT_A_TIME)
            # both rows of the answer are in the order of the points; one nearest segment for each
            nearest[chunk] = self._tree.query_nearest(shapely.points(points[chunk]), all_matches=False)[1]
        return nearest
