"""Say what is left of the weakest crossing when one sensor alone is lost, for every sensor.

Rasters as in `crossing`; a sensor is the cells where it adds slowness and how much. A loss only lowers the
field, so each solve starts from the present one with the sensor's cells awake, and follows the change as far
as it reaches: the answer is that of a full solve. It knows nothing of two losses at once, nor of masts that
share a power line.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from truceline.errors import GeometryError, ProblemList
from truceline.siting import _crossing_kernels
from truceline.siting.eikonal import (
    KEEP_SHARE,
    N_PASSES_MAX,
    check_raster,
    check_shape,
    lay_ground,
    raise_if_unsettled,
    sleep,
    sweep_from_source,
)
from truceline.siting.problems import BoolArray, FloatArray, IntArray

NO_GROUP = -1
"""Exit group of cells that are no exit."""
_SENSORS_PER_TASK = 16  # whole sensors handed to a thread at a time (speed only)
_SMALL_WORK = 10_000_000  # sensors times cells below which threads cost more than they save (speed only)


@dataclass(frozen=True, eq=False)
class SensorCells:
    """Where each sensor adds to the slowness: cells of sensor s are indptr[s] to indptr[s + 1]."""

    indptr: IntArray
    """(n_sensors + 1,)."""
    cell: NDArray[np.integer]
    """(k,) flat index into the raster, row by row; a cell named twice adds up."""
    slowness: NDArray[np.floating]
    """(k,) what the sensor adds there, exposure per metre."""

    @property
    def n_sensors(self) -> int:
        """Number of sensors."""
        return len(self.indptr) - 1


class LossScorer:
    """The present field of one kind and state, ready to tell what each loss leaves."""

    def __init__(
        self,
        slowness: FloatArray,
        cell_m: float,
        entry: BoolArray,
        exit_group: IntArray,
        inside: BoolArray,
        *,
        n_groups: int | None = None,
    ) -> None:
        """Solve the present field.

        slowness, entry, inside: as in `solve_eikonal`. exit_group: (rows, cols) number of the group (such as
        a sector) of each exit cell, NO_GROUP elsewhere. n_groups: default one more than the greatest number.
        Raises GeometryError.
        """
        problems = ProblemList()
        check_raster(problems, slowness, cell_m, {"entry": entry, "inside": inside})
        check_shape(problems, "exit_group", exit_group, slowness.shape)
        problems.raise_if_any(GeometryError, "losses")
        self.n_groups = int(exit_group.max(initial=-1)) + 1 if n_groups is None else n_groups
        if exit_group.max(initial=-1) >= self.n_groups or self.n_groups < 1:
            problems.add("exit_group", f"does not fit {self.n_groups} groups", "number the exits from 0")
        self._ground = lay_ground(slowness, cell_m, entry, inside)
        if not self._ground.source.any():
            hint = "mark at least one entry cell that lies inside and can be passed"
            problems.add("entry", "no cell can be entered", hint)
        problems.raise_if_any(GeometryError, "losses")
        self._cell_m = float(cell_m)
        self._shape = slowness.shape
        self._known = sweep_from_source(self._ground)
        self._exit_group = self._ground.pad(np.where(inside, exit_group, NO_GROUP).astype(np.int32), NO_GROUP)
        exits = self._exit_group >= 0
        self.least = np.full(self.n_groups, np.inf)
        """(n_groups,) least exposure of each group with every sensor at work; inf: not passable."""
        np.minimum.at(self.least, self._exit_group[exits], self._known[exits])
        self._tools: list[_Tools] = []

    @property
    def field(self) -> FloatArray:
        """Return U (rows, cols) with every sensor at work."""
        return self._ground.cut(self._known)

    def score(self, sensors: SensorCells, *, n_threads: int | None = None) -> FloatArray:
        """Return (n_sensors, n_groups) the least exposure of each group when one sensor alone is lost.

        Results do not depend on the number of threads (default: numba's). Raises GeometryError.
        """
        _check_sensors(sensors, self._shape)
        least = np.tile(self.least, (sensors.n_sensors, 1))
        passable = np.isfinite(self.least)
        if not passable.any() or not sensors.n_sensors:
            return least  # what cannot be passed cannot be opened by a loss
        n_threads = min(n_threads or _threads_for(sensors.n_sensors * self._known.size), sensors.n_sensors)
        while len(self._tools) < n_threads:
            self._tools.append(_Tools(self._ground.step, self._known))
        # No exit of a group at or above this value can be the least of its group.
        cap = float(self.least[passable].max())
        lost_step = np.maximum(np.asarray(sensors.slowness, dtype=np.float64), 0.0) * self._cell_m
        starts = list(range(0, sensors.n_sensors, _SENSORS_PER_TASK))

        def work(number: int) -> None:
            for start in starts[number::n_threads]:
                stop = min(start + _SENSORS_PER_TASK, sensors.n_sensors)
                self._score_some(sensors, lost_step, start, stop, cap, self._tools[number], least)

        if n_threads == 1:
            work(0)
        else:
            with ThreadPoolExecutor(n_threads) as pool:
                list(pool.map(work, range(n_threads)))
        return least

    def _score_some(
        self,
        sensors: SensorCells,
        lost_step: FloatArray,
        start: int,
        stop: int,
        cap: float,
        tools: _Tools,
        least: FloatArray,
    ) -> None:
        found = _crossing_kernels.score_losses(
            self._ground.step,
            self._known,
            tools.step,
            tools.field,
            tools.awake.cells,
            tools.awake.first,
            tools.awake.last,
            tools.changed,
            self._exit_group,
            np.asarray(sensors.indptr[start : stop + 1], dtype=np.int64),
            np.asarray(sensors.cell, dtype=np.int32),
            lost_step,
            self._shape[1],
            self._ground.turned,
            cap,
            KEEP_SHARE,
            N_PASSES_MAX,
            least[start:stop],
        )
        raise_if_unsettled(int(found))


def _threads_for(work: int) -> int:
    return 1 if work < _SMALL_WORK else int(numba.get_num_threads())


class _Tools:
    """What one thread works on: its own copy of the field and the ground."""

    def __init__(self, step: FloatArray, field: FloatArray) -> None:
        self.step, self.field = step.copy(), field.copy()
        self.awake = sleep(field.shape)
        self.changed = np.empty(field.size, dtype=np.int64)


def rescore_losses(
    slowness: FloatArray,
    cell_m: float,
    entry: BoolArray,
    exit_group: IntArray,
    inside: BoolArray,
    sensors: SensorCells,
    *,
    n_threads: int | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Return the least exposure of each exit group (n_groups,) and without each sensor (n_sensors, n_groups).

    Rasters as in `LossScorer`, which is for sensors that come in batches. Raises GeometryError.
    """
    scorer = LossScorer(slowness, cell_m, entry, exit_group, inside)
    return scorer.least, scorer.score(sensors, n_threads=n_threads)


def _check_sensors(sensors: SensorCells, shape: tuple[int, ...]) -> None:
    problems = ProblemList()
    indptr, n_entries = np.asarray(sensors.indptr), len(sensors.cell)
    if indptr.size < 1 or indptr[0] != 0 or indptr[-1] != n_entries or (np.diff(indptr) < 0).any():
        problems.add("indptr", "does not divide the cells", "start at 0, never fall, end at their number")
    if len(sensors.slowness) != n_entries:
        found = f"{len(sensors.slowness)} values for {n_entries} cells"
        problems.add("slowness", found, "give one value for each cell")
    if n_entries and not 0 <= int(np.min(sensors.cell)) <= int(np.max(sensors.cell)) < math.prod(shape):
        problems.add("cell", f"lies outside the raster of {shape}", "count cells row by row from 0")
    n_bad = int(np.count_nonzero(~(np.asarray(sensors.slowness) >= 0)))
    if n_bad:
        problems.add("slowness", f"{n_bad} values are negative or not a number", "give what the sensor adds")
    problems.raise_if_any(GeometryError, "losses")
