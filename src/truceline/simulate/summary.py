"""Summary of any number of replicates in memory of fixed size: medians and 80 % bands, sums, histograms.

Chunks are summed up where they are simulated and merged in their order, so that the bytes of a summary do not
depend on who simulated what. The only rows kept whole are those of the first KEPT replicates, for questions
that need pairs of numbers (which assumption moves the answer). A band is over draws of what is assumed: it
is no margin of error of a forecast. `median_low` and `median_high` alone tell what more replicates could
still move.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from truceline.simulate.parameters import PARAMETERS, Draws
from truceline.simulate.results import (
    COUNT_EDGES,
    COUNTED,
    DAY_MEASURE,
    DIAL,
    HORIZONS,
    MEASURES,
    N_SURVIVAL_BINS,
    SURVIVAL_EVERY,
    ChunkSums,
)
from truceline.simulate.settings import BASELINES
from truceline.simulate.sketch import Sketch, make_sketch

Floats = npt.NDArray[np.float64]
Longs = npt.NDArray[np.int64]

BAND = (0.1, 0.9)
"""Shares of the draws below the ends of a band: 80 % of them are in it."""
KEPT = 2_048
"""Replicates whose parameters and measures are kept one by one."""

SHARES: Mapping[str, tuple[str, str]] = {
    "detected_share": ("n_detected", "n_incidents"),
    "verified_share": ("n_verified", "n_incidents"),
    "attributed_share": ("n_attributed", "n_incidents"),
    "wrong_side_share": ("n_attributed_wrong", "n_attributed"),
    "violations_detected_share": ("n_violations_detected", "n_violations"),
    "deterred_share": ("n_deterred", "n_deliberate"),
    "displaced_share": ("n_displaced", "n_deterred"),
    "unanswered_share": ("n_unanswered_clusters", "n_clusters"),
    "false_trigger_share": ("n_false_triggers", "n_triggers"),
}
"""Shares of each replicate: counted, of how many; missing in a replicate where there is nothing to share."""
SURVIVALS = tuple(f"{baseline}_survival_{days}" for baseline in BASELINES for days in HORIZONS)
"""Survival of each replicate if the backstop changes nothing (r = 1), nought once it has run away; missing
beyond the horizon."""
SUMMARY_MEASURES = (*MEASURES, *SHARES, *SURVIVALS)
"""Rows of `Summary.measures`: what is kept of every replicate, and what follows from that."""
SUMMARY_MEASURE = {name: i for i, name in enumerate(SUMMARY_MEASURES)}

_ADDED = tuple(field.name for field in fields(ChunkSums) if field.name not in ("n", "measures", "sectors"))


@dataclass(frozen=True)
class Band:
    """One measure over the draws of what is assumed."""

    low: float
    """A tenth of the replicates is below."""
    median: float
    high: float
    """A tenth of the replicates is above."""
    mean: float
    median_low: float
    """With ever more replicates the median would not fall below this (95 %)."""
    median_high: float
    n: int
    """Replicates that have the measure."""
    n_missing: int
    """Replicates without it: it never happened, or there was nothing to share."""


@dataclass(frozen=True)
class Summary:
    """What is kept of any number of replicates; arrays are those of `ChunkSums`, summed over them."""

    n: int
    n_days: int
    n_capped: int
    """Replicates whose branching ratio was lowered by the user's word."""
    sectors: tuple[str, ...]
    measures: Sketch
    """(SUMMARY_MEASURES) histogram of each over replicates."""
    day_sums: Floats
    day_counts: Longs
    survival: Floats
    survival_strict: Floats
    survival_counts: Longs
    ladder: Longs
    chains: Longs
    by_rung: Longs
    by_sector: Longs
    kept_values: Floats
    """(kept, PARAMETERS) what the first replicates were run with."""
    kept_measures: Floats
    """(kept, SUMMARY_MEASURES) what became of them."""

    def band(self, name: str) -> Band:
        """Return the median and the 80 % band of a measure over replicates; NaN where none has it."""
        return self.bands()[name]

    def bands(self) -> dict[str, Band]:
        """Return the bands of all measures."""
        return read_bands(self.measures)

    def mean(self, name: str) -> float:
        """Return the mean of a measure over the replicates that have it."""
        return float(self.measures.means[SUMMARY_MEASURE[name]])

    def share_of_replicates_with(self, name: str) -> float:
        """Return the share of replicates in which a day is known: in which it happened up to the horizon."""
        row = SUMMARY_MEASURE[name]
        return float(self.measures.n[row]) / self.n

    def share_above_zero(self, name: str) -> float:
        """Return the share of replicates, of those that have the measure, in which it is above nought."""
        return float(self.measures.share_above(0.0)[SUMMARY_MEASURE[name]])

    def day_mean(self, name: str) -> Floats:
        """(n_days,) mean over the replicates simulated on that day; NaN where there is none."""
        running = self.day_sums[:, DAY_MEASURE["n_running"]]
        return np.where(running > 0, self.day_sums[:, DAY_MEASURE[name]] / np.maximum(running, 1), np.nan)

    def day_quantile(self, name: str, share: float) -> Floats:
        """(n_days,) count of that day which `share` of the replicates do not exceed; NaN without replicates.

        Read off `day_counts`: exact up to 16, the middle of a bin 9 % wide above.
        """
        counts = self.day_counts[COUNTED.index(name)]
        n = counts.sum(axis=1)
        rank = np.maximum(np.ceil(share * n - 1e-9), 1)
        at = np.minimum((counts.cumsum(axis=1) < rank[:, np.newaxis]).sum(axis=1), counts.shape[1] - 1)
        return np.where(n > 0, _count_values()[at], np.nan)

    def survival_days(self) -> Longs:
        """(points,) days at which `survival_curve` is known."""
        return np.arange(self.survival.shape[-1], dtype=np.int64) * SURVIVAL_EVERY

    def survival_curve(self, baseline: str, factor: float = 1.0) -> Floats:
        """(points,) mean chance that it still holds, if the backstop changes the daily hazard by `factor`.

        factor: one of DIAL; ValueError otherwise.
        """
        return np.asarray(self.survival[BASELINES.index(baseline), DIAL.index(factor)] / self.n)

    def survival_band(self, baseline: str, factor: float, days: int) -> tuple[float, float, float]:
        """Return low, median and high chance over the draws that it holds so many days, to half a percent.

        factor: one of DIAL, days: one of HORIZONS (ValueError otherwise). NaN beyond the horizon.
        """
        found = self.survival_counts[BASELINES.index(baseline), DIAL.index(factor), HORIZONS.index(days)]
        if not found.any():
            return float("nan"), float("nan"), float("nan")
        low, median, high = (_read_share(found, share) for share in (BAND[0], 0.5, BAND[1]))
        return low, median, high

    def survival_mean(self, baseline: str, factor: float, days: int) -> float:
        """Return the mean chance over the draws that it holds for so many days, straight between two weeks.

        NaN beyond the horizon.
        """
        if days > self.n_days:
            return float("nan")
        return float(np.interp(days, self.survival_days(), self.survival_curve(baseline, factor)))


def summarise_chunk(chunk: ChunkSums, draws: Draws) -> Summary:
    """Return the summary of one chunk of replicates that were run with `draws`."""
    rows = measure_replicates(chunk)
    n_kept = max(0, min(chunk.n, KEPT - draws.first))
    values = np.stack([np.asarray(draws.values[name][:n_kept]) for name in PARAMETERS], axis=1)
    return Summary(
        n=chunk.n,
        n_days=len(chunk.day_sums),
        n_capped=draws.n_capped,
        sectors=chunk.sectors,
        measures=make_sketch(rows),
        kept_values=values,
        kept_measures=rows[:n_kept],
        **{name: getattr(chunk, name) for name in _ADDED},
    )


def merge_summaries(first: Summary, second: Summary) -> Summary:
    """Return the summary of both; the replicates of `second` come after those of `first`.

    Merged in one order, summaries have the same bytes. Raises ValueError for different watches or horizons.
    """
    if first.sectors != second.sectors or first.n_days != second.n_days:
        raise ValueError("summaries of different watches or horizons cannot be merged")
    n_more = KEPT - len(first.kept_values)
    return replace(
        first,
        n=first.n + second.n,
        n_capped=first.n_capped + second.n_capped,
        measures=first.measures.add(second.measures),
        kept_values=np.concatenate([first.kept_values, second.kept_values[:n_more]]),
        kept_measures=np.concatenate([first.kept_measures, second.kept_measures[:n_more]]),
        **{name: getattr(first, name) + getattr(second, name) for name in _ADDED},
    )


def measure_replicates(chunk: ChunkSums) -> Floats:
    """(replicate, SUMMARY_MEASURES) the measures of every replicate, with shares and survival beside them."""
    shares = [_divide(chunk.column(part), chunk.column(whole)) for part, whole in SHARES.values()]
    survivals = [_survive(chunk, baseline, days) for baseline in BASELINES for days in HORIZONS]
    return np.column_stack([chunk.measures, *shares, *survivals])


def read_bands(sketch: Sketch) -> dict[str, Band]:
    """Return the band of every row of a sketch over SUMMARY_MEASURES."""
    low, median, high = (sketch.quantile(share) for share in (BAND[0], 0.5, BAND[1]))
    least, most = sketch.median_band()
    means, n, missing = sketch.means, sketch.n, sketch.n_missing
    return {
        name: Band(
            float(low[i]),
            float(median[i]),
            float(high[i]),
            float(means[i]),
            float(least[i]),
            float(most[i]),
            int(n[i]),
            int(missing[i]),
        )
        for i, name in enumerate(SUMMARY_MEASURES)
    }


def _divide(part: Floats, whole: Floats) -> Floats:
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1.0), np.nan)


def _survive(chunk: ChunkSums, baseline: str, days: int) -> Floats:
    """(replicate,) chance that it holds for so many days at r = 1: exp(-hazard), nought once run away."""
    if days > len(chunk.day_sums):
        return np.full(chunk.n, np.nan)
    hazard = chunk.column(f"{baseline}_hazard_{days}")
    return np.where(chunk.column("runaway_day") < days, 0.0, np.exp(-hazard))


def _count_values() -> Floats:
    """(bins,) the count that stands for a bin of the daily histogram: the middle of its whole numbers."""
    ends = np.append(COUNT_EDGES[1:], COUNT_EDGES[-1] + 1)
    return np.asarray((COUNT_EDGES + ends - 1) / 2, dtype=np.float64)


def _read_share(counts: Longs, share: float) -> float:
    """Return a quantile of a histogram of shares: the middle of its bin."""
    rank = max(1.0, float(np.ceil(share * counts.sum() - 1e-9)))
    at = int(np.searchsorted(counts.cumsum(), rank))
    return (at + 0.5) / N_SURVIVAL_BINS
