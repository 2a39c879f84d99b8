"""Measures of a chosen set: detect, verify, attribute per event; averages; blind shares; worth of an alarm.

Probabilities and shares in [0, 1]; false alarms per day. Fusing happens within a cell, kind and state, where
means are independent; averaging over states comes after (the reverse is too high). It does not choose.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from truceline.errors import Problem, ScenarioError

from ._arrays import FloatArray, as_floats
from .coverage import DetectionTable
from .fusion import alarm_worth
from .kinds import N_KINDS, N_STATES
from .means import Means
from .sensors import Sensor


@dataclass(frozen=True, eq=False)
class Fused:
    """Probabilities per event, each (n_cells, 7, 3)."""

    p_detect: FloatArray
    """At least one means."""
    p_verify: FloatArray
    """At least two units, or one with attribution value."""
    p_attribute: FloatArray
    """At least one unit with attribution value."""


@dataclass(frozen=True, eq=False)
class Average:
    """Weighted means of one probability."""

    total: float
    by_kind: FloatArray
    """(7,)."""
    by_state: FloatArray
    """(3,)."""
    by_sector: FloatArray
    """(n_sectors,); empty without sectors, NaN for a sector without weight."""


@dataclass(frozen=True, eq=False)
class Averages:
    """The three averages."""

    detect: Average
    verify: Average
    attribute: Average


@dataclass(frozen=True, eq=False)
class BlindShare:
    """Share of (cell, state) combinations whose detection stays below a threshold."""

    overall: float
    """Detection averaged over kinds by weight first."""
    by_kind: FloatArray
    """(7,) each kind by itself."""


@dataclass(frozen=True)
class AlarmBurden:
    """What a chosen set cries wolf."""

    false_per_day: float
    """Expected false alarms per day."""
    n_unknown: int
    """Units whose false-alarm rate is not known and counts as 0."""
    ppv: float
    """Share of alarms that are true at the given incident rate; NaN without alarms."""


def fuse(table: DetectionTable, chosen_copies: ArrayLike, attributes: ArrayLike) -> Fused:
    """Fuse the chosen units of every candidate, given the state.

    `chosen_copies` (n,) units of each candidate, each unit one means; `attributes` (n,) bool. With Q the
    product of misses over units with (a) and without (n) attribution value and odds p/(1-p): p_detect = 1 -
    Qa Qn; p_verify = 1 - Qa Qn (1 + sum of odds_n): not verified only when no attributing unit and at most
    one other detects; p_attribute = 1 - Qa. Raises ScenarioError for negative copies or wrong lengths.
    """
    copies = np.asarray(chosen_copies)
    attributing = np.asarray(attributes, dtype=bool)
    if copies.shape != (table.n_candidates,) or attributing.shape != copies.shape or (copies < 0).any():
        found = (
            f"are {copies.shape} copies, {attributing.shape} flags for {table.n_candidates} rows, or below 0"
        )
        raise ScenarioError(
            "the chosen set cannot be fused", [Problem("chosen", found, "give one count each")]
        )
    log_miss_a, log_miss_n, odds_n = (np.zeros(table.n_events) for _ in range(3))
    for i in np.flatnonzero(copies):
        part = slice(table.indptr[i], table.indptr[i + 1])
        events, log_miss = table.indices[part], table.log_miss[part].astype(np.float64)
        if attributing[i]:
            log_miss_a[events] += copies[i] * log_miss
        else:
            log_miss_n[events] += copies[i] * log_miss
            odds_n[events] += copies[i] * np.expm1(log_miss)
    shape = (table.n_cells, N_KINDS, N_STATES)
    log_unverified = np.minimum(np.log1p(odds_n) - log_miss_n, 0.0) - log_miss_a
    return Fused(
        p_detect=-np.expm1(-(log_miss_a + log_miss_n)).reshape(shape),
        p_verify=-np.expm1(log_unverified).reshape(shape),
        p_attribute=-np.expm1(-log_miss_a).reshape(shape),
    )


def event_weights(cell_weight: ArrayLike, kind_weight: ArrayLike, state_weight: ArrayLike) -> FloatArray:
    """Return the weight of every event, (n_cells, 7, 3), summing to 1.

    `cell_weight` (n_cells,) or (n_cells, 7); `kind_weight` (7,); `state_weight` (3,) or (n_cells, 3), for
    instance the climate of each cell's sector. Raises ScenarioError for wrong shapes, negative weights or a
    zero sum.
    """
    cell, kind, state = as_floats(cell_weight), as_floats(kind_weight), as_floats(state_weight)
    n_cells = len(cell) if cell.ndim else 0
    fits = cell.shape in ((n_cells,), (n_cells, N_KINDS)) and kind.shape == (N_KINDS,)
    if not fits or state.shape not in ((N_STATES,), (n_cells, N_STATES)):
        found = f"have the shapes {cell.shape}, {kind.shape}, {state.shape}"
        problem = Problem(
            "weights", found, f"give (cells,) or (cells, {N_KINDS}); ({N_KINDS},); ({N_STATES},)"
        )
        raise ScenarioError("the weights cannot be used", [problem])
    by_cell = cell[:, None, None] if cell.ndim == 1 else cell[:, :, None]
    by_state = state[None, None, :] if state.ndim == 1 else state[:, None, :]
    weight = by_cell * kind[None, :, None] * by_state
    total = weight.sum()
    negative = any((values < 0).any() for values in (cell, kind, state))
    if negative or not 0 < total < np.inf:
        problem = Problem(
            "weights", f"sum to {total:g}, or some are negative", "give weights of 0 or more, one above 0"
        )
        raise ScenarioError("the weights cannot be used", [problem])
    return as_floats(weight / total)


def average(
    fused: Fused,
    cell_weight: ArrayLike,
    kind_weight: ArrayLike,
    state_weight: ArrayLike,
    cell_sector: ArrayLike | None = None,
    n_sectors: int | None = None,
) -> Averages:
    """Return weighted averages over events, of results fused within states; see `event_weights`.

    By kind and by state each average stands over the other two; a kind without weight is averaged as if it
    had some. `cell_sector` (n_cells,) gives averages by sector (-1: none).
    """
    weight = event_weights(cell_weight, kind_weight, state_weight)
    flat = event_weights(cell_weight, np.ones(N_KINDS), state_weight)
    even = event_weights(cell_weight, kind_weight, np.ones(N_STATES))
    sector = np.zeros(0, dtype=np.int64) if cell_sector is None else np.asarray(cell_sector, dtype=np.int64)
    size = n_sectors if n_sectors is not None else int(sector.max(initial=-1)) + 1

    def one(p: FloatArray) -> Average:
        by_sector = np.full(size, np.nan)
        if cell_sector is not None:
            inside = sector >= 0
            parts = [
                np.bincount(sector[inside], values.sum(axis=(1, 2))[inside], size)
                for values in (p * weight, weight)
            ]
            np.divide(parts[0], parts[1], out=by_sector, where=parts[1] > 0)
        return Average(
            float((p * weight).sum()), _mean_along(p, flat, (0, 2)), _mean_along(p, even, (0, 1)), by_sector
        )

    return Averages(one(fused.p_detect), one(fused.p_verify), one(fused.p_attribute))


def _mean_along(p: FloatArray, weight: FloatArray, axes: tuple[int, int]) -> FloatArray:
    """Return the weighted mean over `axes`; NaN where there is no weight."""
    total = weight.sum(axis=axes)
    result = np.full(total.shape, np.nan)
    np.divide((p * weight).sum(axis=axes), total, out=result, where=total > 0)
    return result


def find_blind_share(fused: Fused, threshold: float, kind_weight: ArrayLike) -> BlindShare:
    """Return the share of cells x states with p_detect below `threshold`, over kinds and for each kind."""
    kinds = as_floats(kind_weight) / np.sum(as_floats(kind_weight))
    over_kinds = np.einsum("cks,k->cs", fused.p_detect, kinds)
    return BlindShare(
        overall=float(np.mean(over_kinds < threshold)),
        by_kind=as_floats(np.mean(fused.p_detect < threshold, axis=(0, 2))),
    )


def measure_alarms(
    means: Means,
    copies: ArrayLike,
    sensors: Mapping[str, Sensor],
    *,
    incidents_per_day: float,
    p_detect: float,
) -> AlarmBurden:
    """Return expected false alarms per day of a chosen set and the worth of an alarm (PPV, vector K6)."""
    counts = as_floats(copies)
    rates = np.array([sensors[name].false_alarms_per_day for name in means.sensor_id])
    known = ~np.isnan(rates)
    false_per_day = float(counts[known] @ rates[known])
    ppv = float(alarm_worth(incidents_per_day, p_detect, false_per_day))
    return AlarmBurden(false_per_day, int(counts[~known].sum()), ppv)
