"""Many numbers kept as one histogram of fixed size: counts and sums in bins that grow by a ratio.

Bins are fixed before anything is seen, so that two sketches add up to the sketch of both, and a hundred
thousand replicates take no more memory than a hundred. A quantile is the mean of the values in its bin: exact
where a bin holds one value only (whole numbers up to about thirty), within RATIO - 1 of it otherwise. Nothing
here knows what the numbers mean.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

RATIO = 1.03
"""Growth of a bin: the width of a bin is 3 % of the values in it."""
SMALLEST = 1e-6
"""Values nearer to zero share the middle bin."""
LARGEST = 1e10
"""Values farther from zero share the last bin on their side; their sum is kept, so their mean is right."""
_BINS_PER_SIDE = math.ceil(math.log(LARGEST / SMALLEST) / math.log(RATIO))
N_BINS = 2 * _BINS_PER_SIDE + 1
"""Bins of a row: those of negative values, the middle one, those of positive values."""


@dataclass(frozen=True)
class Sketch:
    """Histograms of several quantities, a row each; see the module for what is exact."""

    counts: Counts
    """(row, N_BINS) how many values fell in a bin."""
    totals: Floats
    """(row, N_BINS) their sum, added up in the order in which they came."""
    n_missing: Counts
    """(row,) values that are NaN: they are in no bin."""

    @property
    def n(self) -> Counts:
        """(row,) how many values there are, without those missing."""
        return np.asarray(self.counts.sum(axis=1), dtype=np.int64)

    @property
    def means(self) -> Floats:
        """(row,) mean of the values that are not missing; NaN where there is none."""
        n = self.n
        return np.where(n > 0, self.totals.sum(axis=1) / np.maximum(n, 1), np.nan)

    def add(self, other: Sketch) -> Sketch:
        """Return the sketch of the values of both; `other` comes after this one.

        Counts do not depend on the order. Sums of floating point do, in their last digits: merging in one
        fixed order gives the same bytes every time.
        """
        return Sketch(
            self.counts + other.counts, self.totals + other.totals, self.n_missing + other.n_missing
        )

    def quantile(self, share: float) -> Floats:
        """(row,) the smallest value that at least `share` of the values do not exceed; NaN without any.

        share: above 0, up to 1. The value is the mean of its bin.
        """
        return self._values_at(np.ceil(share * self.n - 1e-9))

    def share_above(self, threshold: float) -> Floats:
        """(row,) share of values above a threshold, which is moved to the nearest edge of a bin below it."""
        first = int(find_bins(np.array([threshold]))[0]) + 1
        n = self.n
        return np.where(n > 0, self.counts[:, first:].sum(axis=1) / np.maximum(n, 1), np.nan)

    def median_band(self, z: float = 1.96) -> tuple[Floats, Floats]:
        """(row,), (row,) between which the median lies for an endless number of values: order statistics.

        `z` standard deviations of the binomial rank n/2 to either side; 1.96 is 95 %. Tells whether more
        replicates would move the median, and nothing about what is assumed.
        """
        n = self.n.astype(float)
        half = z * np.sqrt(n) / 2
        return self._values_at(np.floor(n / 2 - half)), self._values_at(np.ceil(n / 2 + half) + 1)

    def _values_at(self, ranks: Floats) -> Floats:
        """(row,) value of the given rank, counted from 1 at the smallest; ranks outside are moved inside."""
        n = self.n
        cumulated = self.counts.cumsum(axis=1)
        rank = np.clip(ranks, 1, np.maximum(n, 1))
        at = (cumulated < rank[:, np.newaxis]).sum(axis=1)
        at = np.minimum(at, N_BINS - 1)
        rows = np.arange(len(n))
        count = np.maximum(self.counts[rows, at], 1)
        return np.where(n > 0, self.totals[rows, at] / count, np.nan)


def make_sketch(values: Floats) -> Sketch:
    """Return the sketch of a table of values, (value, row): each column of the table becomes a row."""
    n_rows = values.shape[1]
    counts = np.zeros((n_rows, N_BINS), dtype=np.int64)
    totals = np.zeros((n_rows, N_BINS))
    missing = np.isnan(values).sum(axis=0).astype(np.int64)
    for row in range(n_rows):
        column = values[:, row]
        column = column[~np.isnan(column)]
        bins = find_bins(column)
        counts[row] = np.bincount(bins, minlength=N_BINS)
        totals[row] = np.bincount(bins, weights=column, minlength=N_BINS)
    return Sketch(counts, totals, missing)


def find_bins(values: Floats) -> npt.NDArray[np.intp]:
    """(value,) the bin of each value; NaN is not allowed."""
    size = np.abs(values)
    with np.errstate(divide="ignore"):
        step = np.ceil(np.log(size / SMALLEST) / math.log(RATIO))
    step = np.where(size <= SMALLEST, 0, np.clip(step, 1, _BINS_PER_SIDE))
    return np.asarray(_BINS_PER_SIDE + np.sign(values) * step, dtype=np.intp)
