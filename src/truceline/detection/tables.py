"""Probability or rate against distance as short tables, averaged over a cell, for the kernels to interpolate.

Metres; probabilities, or rates in 1/s. One row per means, kind and state; nodes evenly spaced from 0 to the
row's own reach. Without line of sight, horizon and availability, which depend on the place.

A cell is a patch of ground, not its centre: a trip wire of 30 m at the centre of a square kilometre must not
count as covering it. Values are therefore averaged over a disc of the cell's area around the distance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ._arrays import FloatArray, gauss_nodes
from .kinds import KIND_INDEX, KINDS, MOVERS, N_KINDS, N_STATES, STATES
from .parameters import DetectionParameters
from .performance import cut_off_m, look_rate_per_s, p_event
from .sensors import Sensor

N_NODES: Final = 257
"""Nodes of a row: linear interpolation then errs by less than 0.002 (tested)."""
N_ARC_NODES: Final = 32
"""Quadrature nodes over a cell: numerical."""


@dataclass(frozen=True)
class RangeTables:
    """Values against distance for several means."""

    values: NDArray[np.float32]
    """(means, kind x state, node)."""
    reach_m: FloatArray
    """(means, kind x state): distance of the last node; 0 where the row is empty."""


def tabulate_events(sensors: Sequence[Sensor], parameters: DetectionParameters, cell_m: float) -> RangeTables:
    """Return the event probability of every kind and state, averaged over cells of side `cell_m`.

    Moving means get empty rows. The radar horizon is left open (it depends on the mast).
    """

    def value(sensor: Sensor, kind: str, state: str, r: FloatArray) -> FloatArray:
        return p_event(sensor, kind, state, r, parameters, eye_height_m=np.inf)

    return _tabulate(sensors, KINDS, value, parameters, cell_m)


def tabulate_rates(
    sensors: Sequence[Sensor], kinds: Sequence[str], parameters: DetectionParameters, cell_m: float
) -> RangeTables:
    """Return the look rate (1/s) of the movers in `kinds`; other rows are empty."""

    def value(sensor: Sensor, kind: str, state: str, r: FloatArray) -> FloatArray:
        return look_rate_per_s(sensor, kind, state, r, parameters, eye_height_m=np.inf)

    return _tabulate(sensors, [kind for kind in kinds if kind in MOVERS], value, parameters, cell_m)


def _tabulate(
    sensors: Sequence[Sensor],
    kinds: Sequence[str],
    value: Callable[[Sensor, str, str, FloatArray], FloatArray],
    parameters: DetectionParameters,
    cell_m: float,
) -> RangeTables:
    """Fill the rows of `kinds` for fixed means."""
    values = np.zeros((len(sensors), N_KINDS * N_STATES, N_NODES), dtype=np.float32)
    reach = np.zeros((len(sensors), N_KINDS * N_STATES))
    cell_radius_m = cell_m / np.sqrt(np.pi)
    for i, sensor in enumerate(sensors):
        if sensor.is_area:
            continue
        for kind in kinds:
            for s, state in enumerate(STATES):
                cut_off = cut_off_m(sensor, kind, state, parameters)
                if cut_off <= 0:
                    continue
                row = KIND_INDEX[kind] * N_STATES + s
                reach[i, row] = cut_off + cell_radius_m
                nodes = np.linspace(0, reach[i, row], N_NODES)
                law = partial(value, sensor, kind, state)
                values[i, row] = average_over_cell(law, cut_off, cell_radius_m, nodes)
    return RangeTables(values, reach)


def average_over_cell(
    value: Callable[[FloatArray], FloatArray], cut_off_m: float, cell_radius_m: float, distance_m: FloatArray
) -> FloatArray:
    """Return the mean of `value(d)` over a disc of radius c, `distance_m` away; value is 0 past `cut_off_m`.

    The circle of radius d around the means has an angle theta(d) inside the disc (law of cosines), so the
    mean is the integral of value(d) d theta(d) over pi c^2: full circles up to c - r, arcs from |r - c| to r
    + c.
    """
    r = distance_m
    if cell_radius_m <= 0:
        return value(np.minimum(r, cut_off_m)) * (r <= cut_off_m)
    nodes, weights = gauss_nodes(N_ARC_NODES)
    total = np.zeros_like(r)
    inner = np.clip(cell_radius_m - r, 0, cut_off_m)
    low = np.minimum(np.abs(r - cell_radius_m), cut_off_m)
    high = np.minimum(r + cell_radius_m, cut_off_m)
    for start, end, is_arc in ((np.zeros_like(r), inner, False), (low, high, True)):
        half = (end - start) / 2
        d = start[:, None] + half[:, None] * (nodes + 1)
        angle = 2 * _half_angle(d, r[:, None], cell_radius_m) if is_arc else 2 * np.pi
        total += half * np.sum(weights * value(d) * d * angle, axis=1)
    return total / (np.pi * cell_radius_m**2)


def _half_angle(d: FloatArray, r: FloatArray, cell_radius_m: float) -> FloatArray:
    """Return half the angle of the circle of radius d, seen from its centre, that lies in the disc."""
    with np.errstate(divide="ignore", invalid="ignore"):
        cosine = (d**2 + r**2 - cell_radius_m**2) / (2 * d * r)
    # at r = 0 the arc interval is empty; the value does not matter, but it must be finite
    return np.arccos(np.clip(np.nan_to_num(cosine, nan=1.0), -1.0, 1.0))
