"""Survival of a few spells: Kaplan and Meier's curve with its interval, and scores of forecasts of survival.

The curve is SciPy's; only what it lacks is here: the curve at any time, the concordance of Harrell (1982)
and the integrated Brier score of Graf and others (1999), which weighs spells by the chance of having been
followed so long. Times are days. A spell is known to have ended, or only to have lasted so long.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truceline.simulate.fit.count_series import BoolArray, FloatArray

if TYPE_CHECKING:
    from collections.abc import Sequence

SurvivalCurve = Callable[[ArrayLike], FloatArray]
"""The chance of lasting longer than each of some times."""


@dataclass(frozen=True)
class Spells:
    """How long each of several spells lasted."""

    days: FloatArray
    is_over: BoolArray
    """False where it is only known to have lasted so long."""

    def __len__(self) -> int:
        return len(self.days)

    def without(self, row: int) -> Spells:
        """Return the spells but one."""
        kept = np.arange(len(self)) != row
        return Spells(self.days[kept], self.is_over[kept])

    def take(self, rows: NDArray[np.int64]) -> Spells:
        """Return some of the spells, in the order given; one may come twice."""
        return Spells(self.days[rows], self.is_over[rows])


def estimate_survival(spells: Spells) -> SurvivalCurve:
    """Return the curve of Kaplan and Meier as a function of time; beyond the last spell it stays."""
    curve = _ecdf(spells.days, ~spells.is_over)
    return lambda times: np.asarray(curve.sf.evaluate(np.asarray(times, dtype=np.float64)))


def bound_survival(spells: Spells, times: Sequence[float], share: float = 0.8) -> list[tuple[float, float]]:
    """Return the interval of the curve at some times (Greenwood, log-log scale); NaN where it has none."""
    with warnings.catch_warnings():
        # Where all or none lasted so long the interval is not defined: NaN is the answer, not an accident.
        warnings.simplefilter("ignore", RuntimeWarning)
        found = _ecdf(spells.days, ~spells.is_over).sf.confidence_interval(share, method="log-log")
        at = np.asarray(times, dtype=np.float64)
        low, high = found.low.evaluate(at), found.high.evaluate(at)
    return [(float(a), float(b)) for a, b in zip(low, high, strict=True)]


def _ecdf(days: FloatArray, is_censored: BoolArray) -> Any:
    from scipy.stats import CensoredData, ecdf

    return ecdf(CensoredData.right_censored(days, is_censored))


def measure_concordance(spells: Spells, expected: ArrayLike) -> tuple[float, int]:
    """Return the share of pairs whose order was foretold, and the number of pairs that can be ordered.

    expected: a figure for each spell, larger for one that should last longer. A pair can be ordered where the
    shorter spell is known to be over. Equal forecasts count half. NaN without such a pair.
    """
    told = np.asarray(expected, dtype=np.float64)
    right, n_pairs = 0.0, 0
    for first in range(len(spells)):
        if not spells.is_over[first]:
            continue
        for other in range(len(spells)):
            longer = spells.days[other] > spells.days[first]
            if other == first or not longer:
                continue
            n_pairs += 1
            right += 1.0 if told[other] > told[first] else 0.5 if told[other] == told[first] else 0.0
    return (right / n_pairs if n_pairs else float("nan")), n_pairs


def score_brier(
    spells: Spells, curves: Sequence[SurvivalCurve], horizon_days: float, *, n_times: int = 121
) -> FloatArray:
    """Return the Brier score of each spell's own forecast, averaged over the days up to a horizon.

    At each time the forecast chance of lasting is held against whether it lasted; a spell no longer followed
    counts for nothing, and those still followed count for it, by the chance of being followed (the curve of
    Kaplan and Meier with ends and losses swapped). 0 is perfect; 0.25 is what a coin gives.
    """
    times = np.linspace(0.0, horizon_days, n_times)
    followed = estimate_survival(Spells(spells.days, ~spells.is_over))
    floor = 1.0 / (2.0 * len(spells))
    found = np.empty(len(spells))
    for row, (days, is_over) in enumerate(zip(spells.days, spells.is_over, strict=True)):
        chance = curves[row](times)
        lasting = times < days
        weight_over = 1.0 / np.maximum(followed(np.array([max(days - 1e-9, 0.0)]))[0], floor)
        weight = np.where(lasting, 1.0 / np.maximum(followed(times), floor), weight_over if is_over else 0.0)
        error = np.where(lasting, (1.0 - chance) ** 2, chance**2) * weight
        found[row] = float(np.trapezoid(error, times)) / horizon_days
    return found
