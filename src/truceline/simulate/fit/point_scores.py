"""Does the self-exciting process foretell timed incidents better than simpler models? Out of sample.

Every model is fitted to the first days and then foretells the rest, each incident from all before it,
without being fitted again. Scores are log densities of the incidents, nats an incident (more is better); a
gain of 0.08 over a constant Poisson is usual (ceasefire.md 2.3, trap E). Models of daily counts say how many
come on a day; their incidents are then spread evenly over it, which makes all densities comparable. For daily
counts themselves see `counts_scores`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import floor

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truceline.errors import ProblemList, TableError
from truceline.simulate.fit.count_series import CountSeries, daily_series
from truceline.simulate.fit.counts import Forecasts
from truceline.simulate.fit.counts_baselines import (
    forecast_constant_poisson,
    forecast_weekday_poisson,
    forecast_weighted_mean,
)
from truceline.simulate.fit.counts_scores import Difference, compare_scores
from truceline.simulate.fit.point_likelihood import walk_timeline
from truceline.simulate.fit.point_model import PERIOD_DAYS, PointModel, Timeline, make_timeline
from truceline.simulate.fit.point_process import fit_timeline

FloatArray = NDArray[np.float64]

FITTED_SHARE = 0.7
"""Share of the days that models are fitted to."""
LEAST_DAYS = 10
"""Fewest days that are scored, and fewest that are fitted."""
SAME_SCORE = 1e-6
"""Scores nearer than this, nats an incident, are a draw: an n of 0 is a Poisson process but for rounding."""
BASELINE = "constant_poisson"
"""What gains are counted from."""
SELF_EXCITING = ("self_exciting", "self_exciting_cox")
"""The models that are offered only where they win."""

LABELS = {
    "constant_poisson": "constant Poisson",
    "weekday_poisson": "weekday Poisson",
    "ewma_nb": "negative binomial with weighted mean",
    "cox": "wandering rate (Cox) without contagion",
    "self_exciting": "self-exciting on a constant background",
    "self_exciting_cox": "self-exciting on a wandering background",
}
"""All models that are scored, simplest first."""


@dataclass(frozen=True)
class PointScore:
    """How one model foretold the incidents it was not fitted to."""

    key: str
    label: str
    daily: FloatArray
    """Log density of what happened on each scored day."""
    per_event: float
    """Mean log density, nats an incident."""
    gain: float
    """Above the constant Poisson, nats an incident."""
    gain_error: float
    """Standard error of the gain (Newey and West 1987); NaN for the baseline itself."""


@dataclass(frozen=True)
class PointScores:
    """All models on one timeline."""

    scores: tuple[PointScore, ...]
    fitted_days: int
    scored_days: int
    n_scored: int
    """Incidents scored."""

    def score(self, key: str) -> PointScore:
        """Return the score of a model."""
        return next(one for one in self.scores if one.key == key)

    @property
    def best(self) -> PointScore:
        """The model with the greatest score; on a draw the simpler one."""
        most = max(one.per_event for one in self.scores)
        return next(one for one in self.scores if one.per_event > most - SAME_SCORE)

    @property
    def candidate(self) -> PointScore:
        """The better of the self-exciting models."""
        return max((self.score(key) for key in SELF_EXCITING), key=lambda one: one.per_event)

    @property
    def rival(self) -> PointScore:
        """The best of the others."""
        others = [one for one in self.scores if one.key not in SELF_EXCITING]
        return max(others, key=lambda one: one.per_event)

    @property
    def lead(self) -> Difference:
        """The candidate's lead over its rival, nats an incident; negative where it does not win."""
        return _per_event(compare_scores(self.candidate.daily, self.rival.daily), self)

    @property
    def self_exciting_wins(self) -> bool:
        """Tell whether a self-exciting model foretells better than all others."""
        return self.candidate.per_event > self.rival.per_event + SAME_SCORE

    @property
    def sentence(self) -> str:
        """Who wins, by how much, and which model to use."""
        lead, known = self.lead, ""
        if not np.isnan(lead.standard_error):
            known = f" (standard error {lead.standard_error:.3f})"
        span = (
            f"On the last {self.scored_days} days, which no model was fitted to ({self.n_scored} incidents),"
        )
        if not self.self_exciting_wins:
            better = f"foretells better by {-lead.mean:.3f} nats an incident{known}"
            better = better if lead.mean < -SAME_SCORE else "is simpler and foretells as well"
            return (
                f"{span} the self-exciting process does not win: use the {self.rival.label}, which {better}."
            )
        doubt = f"; that is within its error, so that the {self.rival.label} will do as well"
        doubt = "" if lead.is_clear else doubt
        return (
            f"{span} the model '{self.candidate.label}' foretells best, by {lead.mean:.3f} nats an"
            f" incident{known} over the {self.rival.label}{doubt}."
        )


def _per_event(difference: Difference, scores: PointScores) -> Difference:
    scale = scores.scored_days / scores.n_scored
    return Difference(difference.mean * scale, difference.standard_error * scale)


def score_point_models(
    times: ArrayLike,
    days: float,
    sides: ArrayLike | None = None,
    *,
    fitted_share: float = FITTED_SHARE,
    persistence: float | None = None,
    period_days: float = PERIOD_DAYS,
    has_shared_periods: bool = True,
) -> PointScores:
    """Fit every model to the first days and score it on the others.

    Only whole days are used. With two sides, models of counts give each side its share of the fitted days.
    See `fit_self_exciting` for the other arguments.

    Raises
    ------
    TableError
        When the times cannot be fitted, or too few days or incidents are left to fit or to score.
    """
    whole = make_timeline(times, days, sides).until(floor(days))
    fitted_days = floor(fitted_share * floor(days))
    _check_split(whole, fitted_days)
    known = whole.until(fitted_days)
    daily = _score_counts(whole, known, fitted_days)
    for key in ("cox", *SELF_EXCITING):
        fit = fit_timeline(
            known,
            is_wandering=key != "self_exciting",
            is_exciting=key in SELF_EXCITING,
            persistence=persistence,
            period_days=period_days,
            has_shared_periods=has_shared_periods,
        )
        daily[key] = foretell_daily(whole, fitted_days, fit.model)
    n_scored = len(whole.times) - len(known.times)
    scale = len(daily[BASELINE]) / n_scored
    scores = []
    for key, label in LABELS.items():
        gain = compare_scores(daily[key], daily[BASELINE])
        error = float("nan") if key == BASELINE else gain.standard_error * scale
        per_event = float(daily[key].sum()) / n_scored
        scores.append(PointScore(key, label, daily[key], per_event, gain.mean * scale, error))
    return PointScores(tuple(scores), fitted_days, len(daily[BASELINE]), n_scored)


def _check_split(whole: Timeline, fitted_days: int) -> None:
    """Refuse to fit or to score next to nothing."""
    problems = ProblemList()
    scored_days = floor(whole.days) - fitted_days
    if min(fitted_days, scored_days) < LEAST_DAYS:
        found = f"{fitted_days} days to fit and {scored_days} to score"
        problems.add("days", found, f"at least {LEAST_DAYS} of each are needed")
    for name, is_in in (("fit", whole.times <= fitted_days), ("score", whole.times > fitted_days)):
        if is_in.sum() < LEAST_DAYS:
            problems.add(
                "times", f"{int(is_in.sum())} incidents to {name}", f"at least {LEAST_DAYS} are needed"
            )
    problems.raise_if_any(TableError, "the incident times cannot be scored")


def foretell_daily(whole: Timeline, fitted_days: int, model: PointModel) -> FloatArray:
    """Return the log density of each day after the fitted ones, given all before; shape (days scored,)."""
    ends = np.arange(fitted_days, floor(whole.days) + 1, dtype=np.float64)
    reached = np.sum([walk.reached for walk in walk_timeline(whole, model, marks=ends)], axis=0)
    return np.diff(reached)


def _score_counts(whole: Timeline, known: Timeline, fitted_days: int) -> dict[str, FloatArray]:
    """Return the daily log densities of the models of counts.

    A day with n incidents, of density P(n) n! for incidents anywhere on it in order, times the sides' shares.
    """
    from scipy.special import gammaln

    n_days = floor(whole.days)
    day = np.clip(np.ceil(whole.times).astype(np.int64) - 1, 0, n_days - 1)
    n = np.bincount(day, minlength=n_days)
    series = daily_series(n)
    spread = gammaln(n + 1.0)
    shares = np.bincount(known.sides, minlength=whole.n_sides) / len(known.times)
    of_sides = np.bincount(day, weights=np.log(np.maximum(shares, 1e-12))[whole.sides], minlength=n_days)
    models: dict[str, Callable[[CountSeries, int], Forecasts]] = {
        "constant_poisson": forecast_constant_poisson,
        "weekday_poisson": forecast_weekday_poisson,
        "ewma_nb": forecast_weighted_mean,
    }
    return {
        key: (forecast(series, fitted_days).log_p + spread + of_sides)[fitted_days:]
        for key, forecast in models.items()
    }
