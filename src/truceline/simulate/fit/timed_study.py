"""Everything that is said of timed incidents: contagion or not, who foretells best, whether the gaps fit.

The counterpart of `count_study` for incidents whose moments are known; the fits are those of `point_process`.
"""

from __future__ import annotations

from dataclasses import dataclass

from truceline.simulate.fit.count_reading import TimedSeries
from truceline.simulate.fit.point_contagion import PointVerdict, judge_point_contagion
from truceline.simulate.fit.point_model import make_timeline
from truceline.simulate.fit.point_results import PointFit
from truceline.simulate.fit.point_scores import PointScores, score_point_models
from truceline.simulate.fit.residuals import ResidualCheck, check_residuals

BOOTSTRAP = 99
"""Data sets drawn for each test: a p is then known to a hundredth."""


@dataclass(frozen=True)
class TimedStudy:
    """What was found of the incidents of one region."""

    series: TimedSeries
    verdict: PointVerdict
    scores: PointScores
    residuals: ResidualCheck
    seed: int


def choose_fit(verdict: PointVerdict) -> PointFit:
    """Return the fit whose figures are to be used: without contagion unless it is shown, then the simpler."""
    if not verdict.is_contagion_shown:
        return verdict.wandering
    return min((verdict.both, verdict.naive), key=lambda one: one.aic)


def study_times(series: TimedSeries, *, seed: int, n_bootstrap: int = BOOTSTRAP) -> TimedStudy:
    """Fit, judge and score one series of incidents; `seed` for all bootstraps.

    Raises TableError where the times cannot be fitted or too few days are left to score.
    """
    sides = series.sides
    verdict = judge_point_contagion(series.times, series.days, sides, n_bootstrap=n_bootstrap, seed=seed)
    scores = score_point_models(series.times, series.days, sides)
    timeline = make_timeline(series.times, series.days, sides)
    residuals = check_residuals(timeline, choose_fit(verdict), n_bootstrap=n_bootstrap, seed=seed)
    return TimedStudy(series, verdict, scores, residuals, seed)
