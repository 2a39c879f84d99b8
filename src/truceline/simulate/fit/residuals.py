"""Are the incidents what the fitted process would bring? Gaps in the model's own time, and their bootstrap.

Under a true model the expected number of incidents between one incident and the next, the rescaled gap, is
exponential with mean 1 (Ogata 1988; Brown and others 2002). Where the background wanders the gap is taken
under what was known at its start, the unseen level summed out, so that nothing is smoothed with hindsight.
A Kolmogorov-Smirnov test of a model fitted to the same incidents hardly ever rejects it (ceasefire.md 2.3,
trap D): the p that counts is that of a parametric bootstrap, in which every data set is fitted again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truceline.errors import TrucelineError
from truceline.simulate.fit.generate import simulate_point_model
from truceline.simulate.fit.point_likelihood import walk_timeline
from truceline.simulate.fit.point_model import PointModel, Timeline, make_timeline
from truceline.simulate.fit.point_process import refit
from truceline.simulate.fit.point_results import PointFit

FloatArray = NDArray[np.float64]

QUANTILES = 40
"""Points of the QQ table."""
BAND_SHARE = 0.8
"""Share of bootstrap data sets between the ends of the QQ band."""
MOST_TIMES = 10.0
"""A data set whose background brings this many times the incidents seen is left out and counted failed."""
REJECTED_P = 0.05
"""Up to this the fit is said to be rejected."""


@dataclass(frozen=True)
class ResidualCheck:
    """How well the rescaled gaps fit an exponential of mean 1."""

    gaps: FloatArray
    """Rescaled gaps, one an incident."""
    distance: float
    """Greatest distance of their distribution from the exponential (Kolmogorov-Smirnov)."""
    p_naive: float
    """As if the model had not been fitted to these incidents: too large, given for comparison."""
    p_bootstrap: float
    """Share of bootstrap data sets, each fitted again, with at least this distance; NaN without any."""
    n_bootstrap: int
    n_failed: int
    """Bootstrap data sets that could not be fitted; left out."""
    seed: int
    qq_expected: FloatArray
    """Quantiles of the exponential, shape (`QUANTILES`,)."""
    qq_seen: FloatArray
    qq_low: FloatArray
    qq_high: FloatArray
    """Quantiles seen, and the band of `BAND_SHARE` of the bootstrap data sets; NaN where none was made."""

    @property
    def sentence(self) -> str:
        """What may be said of the fit."""
        if not self.n_bootstrap and self.n_failed:
            return (
                f"The gaps were not tested: none of {self.n_failed} data sets drawn from the fitted process"
                " could be fitted again."
            )
        if not self.n_bootstrap:
            return (
                "The gaps were not tested: a test without a bootstrap would pass nearly every fitted model."
            )
        word = "does not fit" if self.p_bootstrap <= REJECTED_P else "is not contradicted by"
        return (
            f"The fitted process {word} the gaps between incidents (p = {self.p_bootstrap:.2f}, if the fitted"
            f" process were true; {self.n_bootstrap} bootstrap data sets, seed {self.seed})."
        )


def rescale_gaps(timeline: Timeline, model: PointModel) -> FloatArray:
    """Return the rescaled gap before each incident, shape (events,); chain after chain for sides apart."""
    return np.concatenate([walk.rescaled_gaps for walk in walk_timeline(timeline, model)])


def measure_distance(gaps: ArrayLike) -> float:
    """Return the greatest distance between the distribution of gaps and 1 - exp(-gap)."""
    p = np.sort(-np.expm1(-np.asarray(gaps, dtype=np.float64)))
    n = len(p)
    above = (np.arange(1, n + 1) / n - p).max()
    below = (p - np.arange(n) / n).max()
    return float(max(above, below))


def check_residuals(
    timeline: Timeline, fit: PointFit, *, n_bootstrap: int = 99, seed: int = 0
) -> ResidualCheck:
    """Test a fit by its rescaled gaps.

    Parameters
    ----------
    timeline, fit
        The incidents and what was fitted to them.
    n_bootstrap, seed
        Data sets drawn from the fit, each fitted again, and the seed they are drawn with; 0 for none.
    """
    from scipy.stats import kstwo

    gaps = rescale_gaps(timeline, fit.model)
    distance = measure_distance(gaps)
    shares = (np.arange(QUANTILES) + 0.5) / QUANTILES
    seen = np.quantile(gaps, shares)
    drawn = bootstrap_gaps(timeline, fit, n_bootstrap=n_bootstrap, seed=seed)
    distances = np.array([measure_distance(each) for each in drawn])
    low, high = np.full(QUANTILES, np.nan), np.full(QUANTILES, np.nan)
    p_bootstrap = float("nan")
    if drawn:
        p_bootstrap = (1.0 + float((distances >= distance).sum())) / (1.0 + len(drawn))
        tail = (1.0 - BAND_SHARE) / 2.0
        low, high = np.quantile([np.quantile(g, shares) for g in drawn], [tail, 1.0 - tail], axis=0)
    return ResidualCheck(
        gaps=gaps,
        distance=distance,
        p_naive=float(kstwo.sf(distance, len(gaps))),
        p_bootstrap=p_bootstrap,
        n_bootstrap=len(drawn),
        n_failed=n_bootstrap - len(drawn),
        seed=seed,
        qq_expected=-np.log1p(-shares),
        qq_seen=seen,
        qq_low=low,
        qq_high=high,
    )


def bootstrap_gaps(
    timeline: Timeline, fit: PointFit, *, n_bootstrap: int, seed: int
) -> tuple[FloatArray, ...]:
    """Return the rescaled gaps of data sets drawn from a fit and fitted again, without those that failed."""
    made = []
    for child in np.random.SeedSequence(seed).spawn(n_bootstrap):
        try:
            drawn = draw_like(timeline, fit.model, child)
        except TrucelineError:
            continue
        made.append(rescale_gaps(drawn, refit(drawn, fit).model))
    return tuple(made)


def draw_like(timeline: Timeline, model: PointModel, seed: int | np.random.SeedSequence) -> Timeline:
    """Return incidents drawn from a model over the same days.

    Raises
    ------
    TableError
        When the model cannot be simulated, or too few or far too many incidents came.
    """
    most = MOST_TIMES * len(timeline.times)
    times, sides = simulate_point_model(model, timeline.days, seed, most_events=most)
    return make_timeline(times, timeline.days, sides if timeline.n_sides > 1 else None)
