"""Candidate means as plain arrays, and the numbering of events in every table.

Metres in the projection of the cells. A fixed means stands at a place, an area means belongs to a sector.
Checks only what arrays can be checked for; who may stand where is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truceline.errors import ProblemList, ScenarioError

from ._arrays import FloatArray, as_floats
from .kinds import KIND_INDEX, N_KINDS, N_STATES, STATE_INDEX
from .sensors import Sensor
from .visits import HOURS_PER_DAY

IntArray = NDArray[np.int64]

ALL_ROUND_DEG = 360.0
"""Arc of a means that watches in every direction."""
_COLUMNS: dict[str, type] = {
    "x_m": np.float64,
    "y_m": np.float64,
    "eye_height_m": np.float64,
    "sector": np.int64,
    "hours_per_day": np.float64,
    "facing_deg": np.float64,
    "arc_deg": np.float64,
}
"""Arrays of `Means` in the order of its fields."""


@dataclass(frozen=True)
class EventIndex:
    """Numbering of events: event = (cell x 7 + kind) x 3 + state."""

    n_cells: int

    @property
    def n_events(self) -> int:
        """Number of events."""
        return self.n_cells * N_KINDS * N_STATES

    def number(self, cell: int, kind: str, state: str) -> int:
        """Return the number of one event."""
        if not 0 <= cell < self.n_cells:
            raise IndexError(f"cell {cell} of {self.n_cells}")
        return (cell * N_KINDS + KIND_INDEX[kind]) * N_STATES + STATE_INDEX[state]

    def unravel(self, events: ArrayLike) -> tuple[IntArray, IntArray, IntArray]:
        """Return the cell, kind and state indices of event numbers."""
        cell, kind, state = np.unravel_index(np.asarray(events), (self.n_cells, N_KINDS, N_STATES))
        return cell.astype(np.int64), kind.astype(np.int64), state.astype(np.int64)


@dataclass(frozen=True, eq=False)
class Means:
    """n candidate means, arrays of length n. Build with `fixed_means`, `area_means` and `join_means`."""

    sensor_id: tuple[str, ...]
    kind: tuple[str, ...]
    """For each candidate "fixed" or "area"."""
    x_m: FloatArray
    """Place; NaN for area means."""
    y_m: FloatArray
    eye_height_m: FloatArray
    """Height of eye, lens, antenna above the ground (mast included); NaN for area means."""
    sector: IntArray
    """Sector whose cells an area means covers; -1 for fixed means."""
    hours_per_day: FloatArray
    """Hours on task of an area means; 24 for fixed means."""
    facing_deg: FloatArray
    """Bearing of the middle of its arc, clockwise from grid north; without meaning where the arc is 360."""
    arc_deg: FloatArray
    """Width of the arc a fixed means watches: 360 for all round."""

    @property
    def n(self) -> int:
        """Number of candidates."""
        return len(self.sensor_id)

    @property
    def is_area(self) -> NDArray[np.bool_]:
        """(n,) True for area means."""
        return np.array([kind == "area" for kind in self.kind], dtype=np.bool_)


def fixed_means(
    sensor_id: Sequence[str],
    x_m: ArrayLike,
    y_m: ArrayLike,
    eye_height_m: ArrayLike,
    *,
    facing_deg: ArrayLike = 0.0,
    arc_deg: ArrayLike = ALL_ROUND_DEG,
) -> Means:
    """Return means that stand at places: one entry for each means, several may share a place.

    facing_deg, arc_deg: one or (n,); see `Means`. What lies outside the arc is not watched.
    """
    n = len(sensor_id)
    x, y, eye, facing, arc = (
        np.broadcast_to(as_floats(value), (n,)).copy()
        for value in (x_m, y_m, eye_height_m, facing_deg, arc_deg)
    )
    sector, hours = np.full(n, -1, dtype=np.int64), np.full(n, HOURS_PER_DAY)
    return Means(tuple(sensor_id), ("fixed",) * n, x, y, eye, sector, hours, facing, arc)


def area_means(sensor_id: Sequence[str], sector: ArrayLike, hours_per_day: ArrayLike) -> Means:
    """Return means that work in sectors (patrols, drones, satellites), with hours on task per day."""
    n = len(sensor_id)
    x, y, eye = (np.full(n, np.nan) for _ in range(3))
    sectors = np.broadcast_to(np.asarray(sector, dtype=np.int64), (n,)).copy()
    hours = np.broadcast_to(as_floats(hours_per_day), (n,)).copy()
    all_round = np.full(n, ALL_ROUND_DEG)
    return Means(tuple(sensor_id), ("area",) * n, x, y, eye, sectors, hours, np.zeros(n), all_round)


def join_means(parts: Sequence[Means]) -> Means:
    """Return all candidates of `parts`, in order."""
    return Means(
        tuple(name for part in parts for name in part.sensor_id),
        tuple(kind for part in parts for kind in part.kind),
        *(
            np.concatenate([np.empty(0, dtype=dtype), *(getattr(part, name) for part in parts)])
            for name, dtype in _COLUMNS.items()
        ),
    )


def select_means(means: Means, index: IntArray) -> Means:
    """Return the candidates at `index`, in that order."""
    return Means(
        tuple(means.sensor_id[i] for i in index),
        tuple(means.kind[i] for i in index),
        *(getattr(means, name)[index] for name in _COLUMNS),
    )


def attribution_of(means: Means, sensors: Mapping[str, Sensor]) -> NDArray[np.bool_]:
    """Return (n,) True where one detection by the candidate has attribution value."""
    return np.array([sensors[name].attributes for name in means.sensor_id], dtype=np.bool_)


def check_means(means: Means, sensors: Mapping[str, Sensor], sector_area_m2: FloatArray) -> None:
    """Raise ScenarioError with all unusable candidates: unknown means, wrong kind, place or sector."""
    problems = ProblemList()
    for i, (name, kind) in enumerate(zip(means.sensor_id, means.kind, strict=True)):
        where = f"means[{i}] {name}"
        if name not in sensors:
            problems.add(where, "is not in the table of means", f"use one of {', '.join(sensors)}")
        elif kind not in ("fixed", "area"):
            problems.add(where, f"is of kind {kind!r}", "use fixed or area")
        elif sensors[name].is_area != (kind == "area"):
            right = "area" if sensors[name].is_area else "fixed"
            problems.add(where, f"is placed as {kind}", f"{sensors[name].name} is of kind {right}")
        elif kind == "area":
            _check_area(means, i, where, sector_area_m2, problems)
        elif not np.isfinite([means.x_m[i], means.y_m[i]]).all() or not 0 <= means.eye_height_m[i] < np.inf:
            problems.add(
                where, "has no finite place or height", "give x, y and a height of 0 or more, in metres"
            )
    problems.raise_if_any(ScenarioError, "some candidate means cannot be used")


def _check_area(means: Means, i: int, where: str, sector_area_m2: FloatArray, problems: ProblemList) -> None:
    """Note a sector that does not exist or has no area, and impossible hours."""
    sector, hours = int(means.sector[i]), float(means.hours_per_day[i])
    if not 0 <= sector < len(sector_area_m2):
        problems.add(where, f"works in sector {sector}", f"there are sectors 0 to {len(sector_area_m2) - 1}")
    elif not 0 < sector_area_m2[sector] < np.inf:
        problems.add(
            where, f"sector {sector} has the area {sector_area_m2[sector]:g} m2", "give an area above 0"
        )
    if not 0 <= hours <= HOURS_PER_DAY:
        problems.add(where, f"is on task {hours:g} hours a day", "give 0 to 24 hours")
