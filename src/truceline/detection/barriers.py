"""Closed forms for barriers: least-exposed crossings of simple fields and counts of posts in a row.

Lengths in one unit per call (metres or kilometres, as named), rates per second, exposure and probability
without unit. These are yardsticks and planning sketches: the least-exposed path through a real field is
solved in `siting.crossing`.

Sources: derivations in the project's detection notes, section 8; Meguerdichian et al. (INFOCOM, MobiCom
2001); Kumar, Lai and Arora (MobiCom 2005); Stevens (1939); Boolean model of the line.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
from scipy import sparse, special
from scipy.sparse import csgraph

from ._arrays import FloatArray, FloatInput, as_floats, gauss_nodes


def cross_uniform_belt(rate_per_s: FloatInput, depth_m: FloatInput, speed_m_per_s: FloatInput) -> FloatArray:
    """Return 1 - exp(-Gamma D/u) for a belt of one rate everywhere (vector L1)."""
    return as_floats(-np.expm1(-as_floats(rate_per_s) * as_floats(depth_m) / as_floats(speed_m_per_s)))


def least_exposure_radial(power: int, strength: float, start: complex, end: complex) -> float:
    """Return the least exposure between two points when the rate is strength/r^power around one sensor.

    The map w = ln z (power 1) or z^(1-p)/(1-p) makes exposure the plain length in w, so the least-exposed
    path is straight there (vectors L2, L3, L4). Points are x + iy. Valid while (p-1) times the angle between
    them is below 180 degrees; beyond that the shortest way leads through w = 0, that is out to infinity and
    back: the two radial legs are returned.
    """
    angle = abs(math.remainder(float(np.angle(end) - np.angle(start)), 2 * math.pi))
    if power == 1:
        return strength * math.hypot(math.log(abs(end) / abs(start)), angle)
    order = power - 1
    near, far = abs(start) ** -order / order, abs(end) ** -order / order
    if order * angle >= math.pi:
        return strength * (near + far)
    squared = near**2 + far**2 - 2 * near * far * math.cos(order * angle)
    return strength * math.sqrt(max(squared, 0.0))


def least_crossing_of_row(width_m: FloatInput, spacing_m: FloatInput) -> FloatArray:
    """Return 1 - exp(-(pi/4)(W/S)^2): midline between inverse-cube posts S apart (vector L5)."""
    return as_floats(-np.expm1(-np.pi / 4 * (as_floats(width_m) / as_floats(spacing_m)) ** 2))


def least_crossing_of_raised_row(
    k_m2_per_s: FloatInput, height_m: FloatInput, speed_m_per_s: FloatInput, spacing_m: FloatInput
) -> FloatArray:
    """Return 1 - exp(-(2kh/u)(pi/(S h)) tanh(pi h/S)): the same with observers at height h (vector L6)."""
    height, spacing = as_floats(height_m), as_floats(spacing_m)
    strength = 2 * as_floats(k_m2_per_s) * height / as_floats(speed_m_per_s)
    return as_floats(-np.expm1(-strength * np.pi / (spacing * height) * np.tanh(np.pi * height / spacing)))


def grid_metric_inflation(n_neighbours: int) -> float:
    """Return how much too long grid-graph paths can be: 1.0824 for 8, 1.0275 for 16 neighbours (L7, L8).

    The worst direction bisects the widest gap between two move directions, of half-angle a: ratio 1/cos a.
    """
    moves = {8: [(1, 0), (1, 1)], 16: [(1, 0), (2, 1), (1, 1)]}
    if n_neighbours not in moves:
        raise ValueError(f"moves are known for 8 and 16 neighbours, not for {n_neighbours}")
    angles = [math.atan2(row, column) for column, row in moves[n_neighbours]]
    widest = max(later - earlier for earlier, later in itertools.pairwise(angles))
    return 1 / math.cos(widest / 2)


def straight_crossing_exposure(
    rate: Callable[[FloatArray, FloatArray], FloatArray],
    x_m: FloatInput,
    depth_m: float,
    speed_m_per_s: float,
    *,
    n_nodes: int = 64,
    n_panels: int = 8,
) -> FloatArray:
    """Return the exposure of straight perpendicular crossings at each x, by Gauss-Legendre panels.

    `rate(x, y)` gives 1/s on arrays. The least of these is an upper bound on the least exposure (vector L11).
    """
    nodes, weights = gauss_nodes(n_nodes)
    edges = np.linspace(0, depth_m, n_panels + 1)
    half = np.diff(edges)[:, None] / 2
    y = ((edges[:-1] + edges[1:])[:, None] / 2 + half * nodes[None, :]).ravel()
    weight = (half * weights[None, :]).ravel()
    x = np.atleast_1d(as_floats(x_m))
    return as_floats(rate(x[:, None], y[None, :]) @ weight / speed_m_per_s)


def _distances(points: FloatArray) -> FloatArray:
    """Return the matrix of distances between points (n, 2)."""
    return as_floats(np.hypot(*(points[:, None, :] - points[None, :, :]).transpose(2, 0, 1)))


def maximal_breach_distance(sensors: FloatInput) -> float:
    """Return half the largest gap of the bottleneck chain from leftmost to rightmost sensor (vector L12).

    `sensors` is (n, 2); the ends are taken as closed, so a crossing passes between two links of every chain.
    The chain whose largest gap is smallest is the path in the minimum spanning tree. Meguerdichian et al.
    (2001).
    """
    points = as_floats(sensors)
    tree = csgraph.minimum_spanning_tree(sparse.csr_matrix(_distances(points)))
    first, last = int(np.argmin(points[:, 0])), int(np.argmax(points[:, 0]))
    _, before = csgraph.breadth_first_order(tree, first, directed=False)
    gaps, both_ways = [], (tree + tree.T).toarray()
    while last != first:
        gaps.append(both_ways[before[last], last])
        last = int(before[last])
    return float(max(gaps, default=0.0) / 2)


def fewest_sensors_for_barrier(length_km: float, radius_km: float, n_layers: int) -> int:
    """Return k ceil(s/(2R)), the least number of discs in rows for a k-fold barrier (vector L13)."""
    return n_layers * math.ceil(length_km / (2 * radius_km))


def cover_circle_by_arcs(n_arcs: int, arc_share: float) -> float:
    """Return P(n random arcs leave no gap on a circle) = sum (-1)^j C(n,j)(1 - j a)_+^(n-1) (vector L14)."""
    j = np.arange(n_arcs + 1)
    left = np.clip(1 - j * arc_share, 0, None)
    terms = (-1.0) ** j * special.comb(n_arcs, j) * np.where(left > 0, left, 0.0) ** (n_arcs - 1)
    return float(np.sum(np.where(left > 0, terms, 0.0)))


def open_share_of_random_line(posts_per_km: FloatInput, radius_km: FloatInput) -> FloatArray:
    """Return exp(-2 R n): share of a line no random post covers (vector L15)."""
    return as_floats(np.exp(-2 * as_floats(radius_km) * as_floats(posts_per_km)))


def expected_gaps_of_random_line(
    posts_per_km: FloatInput, radius_km: FloatInput, length_km: FloatInput
) -> FloatArray:
    """Return n L exp(-2 R n): expected number of gaps along the line (vector L16)."""
    share = open_share_of_random_line(posts_per_km, radius_km)
    return as_floats(as_floats(posts_per_km) * as_floats(length_km) * share)


def count_disjoint_barriers(sensors: FloatInput, radius: float, length: float) -> int:
    """Return k of strong k-barrier coverage: disjoint left-right chains of overlapping discs (vector L17).

    By Menger's theorem the answer is a maximum flow with unit vertex capacities: each disc is split into an
    entering and a leaving node. Discs touch the left end if x <= R and the right end if x >= length - R.
    """
    points = as_floats(sensors)
    n = len(points)
    source, sink = 2 * n, 2 * n + 1
    overlap = _distances(points) <= 2 * radius
    np.fill_diagonal(overlap, False)
    capacity = np.zeros((2 * n + 2, 2 * n + 2), dtype=np.int32)
    capacity[np.arange(n), np.arange(n) + n] = 1
    capacity[n : 2 * n, :n] = overlap
    capacity[source, :n] = points[:, 0] <= radius
    capacity[n : 2 * n, sink] = points[:, 0] >= length - radius
    return int(csgraph.maximum_flow(sparse.csr_matrix(capacity), source, sink).flow_value)
