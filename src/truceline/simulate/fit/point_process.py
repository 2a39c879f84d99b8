"""Fit a self-exciting process to timed incidents, with a background that may wander, by maximum likelihood.

A rate that wanders by itself looks like contagion to a model whose background is constant (ceasefire.md 2.3,
trap C): the background's wandering is therefore fitted at the same time unless the caller forbids it.
Standard errors come from the observed information; what did not converge or cannot be told is said in notes.
Whether contagion is needed at all is for `point_contagion` and `point_scores`: an n above 0 is no proof.
"""

from __future__ import annotations

from dataclasses import replace

from numpy.typing import ArrayLike

from truceline.simulate.fit.point_model import PERIOD_DAYS, PointModel, Timeline, make_timeline
from truceline.simulate.fit.point_results import PointFit
from truceline.simulate.fit.point_search import Search

AWAY_FROM_NOTHING = 0.05
"""Least n and spread from which a fit is begun again."""


def fit_self_exciting(
    times: ArrayLike,
    days: float,
    *,
    is_wandering: bool = True,
    is_exciting: bool = True,
    persistence: float | None = None,
    period_days: float = PERIOD_DAYS,
    start: PointModel | None = None,
) -> PointFit:
    """Fit one side's incidents.

    Parameters
    ----------
    times, days
        Days from the start of watching, and days watched; see `make_timeline`.
    is_wandering
        The background may wander from period to period; False gives the naive fit, which takes wandering
        for contagion.
    is_exciting
        Incidents may bring about others; False gives a Poisson or a Cox process.
    persistence
        Correlation of the levels of two periods that follow each other; fitted by default.
    start
        Where to begin; several beginnings are tried without it.

    Raises
    ------
    TableError
        When the times cannot be fitted.
    """
    timeline = make_timeline(times, days)
    return fit_timeline(
        timeline,
        is_wandering=is_wandering,
        is_exciting=is_exciting,
        persistence=persistence,
        period_days=period_days,
        start=start,
    )


def fit_two_sides(
    times: ArrayLike,
    sides: ArrayLike,
    days: float,
    *,
    is_wandering: bool = True,
    is_exciting: bool = True,
    persistence: float | None = None,
    period_days: float = PERIOD_DAYS,
    has_shared_periods: bool = True,
    start: PointModel | None = None,
) -> PointFit:
    """Fit two sides that follow up their own incidents (n_self) and answer the other's (n_cross).

    `has_shared_periods`: busy weeks are busy on both sides; otherwise each side has its own. A shared
    wandering fitted as two apart leaves something for n_cross to explain, so that both are worth a look. The
    other arguments are those of `fit_self_exciting`.
    """
    timeline = make_timeline(times, days, sides)
    return fit_timeline(
        timeline,
        is_wandering=is_wandering,
        is_exciting=is_exciting,
        persistence=persistence,
        period_days=period_days,
        has_shared_periods=has_shared_periods,
        start=start,
    )


def fit_timeline(
    timeline: Timeline,
    *,
    is_wandering: bool = True,
    is_exciting: bool = True,
    persistence: float | None = None,
    period_days: float = PERIOD_DAYS,
    has_shared_periods: bool = True,
    start: PointModel | None = None,
) -> PointFit:
    """Fit a checked timeline; see `fit_self_exciting` and `fit_two_sides`."""
    search = Search(timeline, is_wandering, is_exciting, persistence, period_days, has_shared_periods)
    if not is_wandering and not is_exciting:
        return search.report(search.steady_model(), True)
    begins = [start] if start is not None else search.beginnings()
    return search.report(*search.climb_all(begins))


def refit(timeline: Timeline, fit: PointFit) -> PointFit:
    """Fit another timeline as `fit` was fitted, beginning at its model: what a bootstrap repeats."""
    return fit_timeline(
        timeline,
        is_wandering=fit.is_wandering,
        is_exciting=fit.is_exciting,
        persistence=fit.fixed_persistence,
        period_days=fit.model.period_days,
        has_shared_periods=fit.model.has_shared_periods,
        start=_opened(fit),
    )


def _opened(fit: PointFit) -> PointModel:
    """Return the model of a fit with n and spread off 0, from where a search can go either way."""
    model = fit.model
    share = AWAY_FROM_NOTHING / model.n_sides
    return replace(
        model,
        n_self=max(model.n_self, share) if fit.is_exciting else 0.0,
        n_cross=max(model.n_cross, share) if fit.is_exciting and model.n_sides > 1 else 0.0,
        spread=max(model.spread, AWAY_FROM_NOTHING) if fit.is_wandering else 0.0,
    )
