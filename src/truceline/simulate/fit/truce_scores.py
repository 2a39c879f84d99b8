"""How long truces lasted before they had to be declared anew, and how well that could have been foretold.

With no agreed day of breakdown, what is dated is used: a truce of all fire lasts until the parties of the
same theatre recommit to one, which is later than the day it failed. A truce that ran its declared term, or
was still the last one when the watching stops, is known only to have lasted so long. Each truce is then
forecast from the others (leave one out), beside Kaplan and Meier's curve of the others. With so few truces
every score comes with an interval, and the interval is the message.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import log
from typing import TYPE_CHECKING

import numpy as np

from truceline.simulate.fit.count_series import FloatArray
from truceline.simulate.fit.survival import (
    Spells,
    SurvivalCurve,
    bound_survival,
    estimate_survival,
    measure_concordance,
    score_brier,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from truceline.events.warning_score import KnownTruce

HORIZON_DAYS = 365.0
"""Days over which forecasts of survival are scored."""
CURVE_DAYS = (14.0, 30.0, 90.0, 180.0, 365.0)
"""Days at which Kaplan and Meier's curve is printed."""
SHARE = 0.8
"""Share that intervals hold."""
RESAMPLES = 1_000
"""Draws of as many truces, with replacement, for the intervals of scores."""
DRIFT = "Weibull of the others with a drift over the years"
"""The one way that knows something of a truce on its first day: when it began."""
DEVELOPMENT_FOLLOWED = {"Donbas": datetime(2021, 6, 22, 16, 30)}
"""When the development counts of the Donbas end (UTC): the last reporting day closed at 19:30 local time."""
_SHAPES = np.geomspace(0.3, 3.0, 25)
"""Shapes of the Weibull distribution that are tried."""
_DRIFTS = np.linspace(-1.5, 1.5, 31)
"""Changes of the logarithm of the scale a year that are tried."""


@dataclass(frozen=True)
class TruceSpells:
    """Truces of all fire with how long each lasted."""

    names: tuple[str, ...]
    spells: Spells
    years: FloatArray
    """Years from the first truce to the start of each: what is known on the first day of each truce."""


@dataclass(frozen=True)
class SurvivalScore:
    """How well one way of forecasting did on truces it had not seen. Intervals hold 80 % of the resamples."""

    label: str
    brier: float
    """Integrated Brier score over a year: 0 is perfect, 0.25 a coin."""
    brier_interval: tuple[float, float]
    concordance: float
    """Share of pairs put in the right order; 0.5 is chance. NaN for a way that knows nothing of the truce it
    forecasts: leaving a long one out makes the others shorter, so that the order comes out backwards."""
    concordance_interval: tuple[float, float]


@dataclass(frozen=True)
class TruceScores:
    """The truces, their curve, and the scores of every way of forecasting."""

    truces: TruceSpells
    curve: tuple[tuple[float, float, float, float], ...]
    """Day, share that lasted longer, and its 80 % interval (NaN where there is none)."""
    scores: tuple[SurvivalScore, ...]
    n_pairs: int
    """Pairs of truces whose order is known."""
    seed: int
    resamples: int = RESAMPLES


def list_spells(truces: Sequence[KnownTruce], *, followed_until: dict[str, datetime]) -> TruceSpells:
    """Return how long each truce of all fire lasted, in the order of their starts.

    followed_until: the moment up to which each theatre was followed (UTC); a theatre not in it is followed to
    the declared end of its last truce.
    """
    general = sorted((one for one in truces if one.scope == "general"), key=lambda one: one.starts)
    names, days, over, starts = [], [], [], []
    for one in general:
        later = [
            other.starts for other in general if other.theatre == one.theatre and other.starts > one.starts
        ]
        limits = [(moment, True) for moment in later[:1]]
        if one.ends is not None:
            limits.append((one.ends, False))
        if one.theatre in followed_until:
            limits.append((followed_until[one.theatre], False))
        if not limits:
            continue
        end, is_over = min(limits)
        lasted = (end - one.starts).total_seconds() / 86_400.0
        if lasted > 0:
            names.append(one.truce)
            days.append(lasted)
            over.append(is_over)
            starts.append(one.starts)
    years = [(moment - starts[0]).total_seconds() / (365.25 * 86_400.0) for moment in starts]
    spells = Spells(np.array(days, dtype=np.float64), np.array(over, dtype=bool))
    return TruceSpells(tuple(names), spells, np.array(years, dtype=np.float64))


def score_truces(truces: TruceSpells, *, seed: int, baselines: dict[str, float] | None = None) -> TruceScores:
    """Forecast every truce from the others and score that; intervals by drawing truces again.

    baselines: constant daily hazards by label, which are not fitted to anything.
    """
    spells = truces.spells
    rows = range(len(spells))
    ways: dict[str, list[SurvivalCurve]] = {
        "Kaplan-Meier of the others": [estimate_survival(spells.without(row)) for row in rows],
        "constant hazard of the others": [_constant_hazard(spells.without(row)) for row in rows],
        DRIFT: [_drift(truces, row) for row in rows],
    }
    ways |= {label: [_exponential(hazard)] * len(spells) for label, hazard in (baselines or {}).items()}
    rng = np.random.default_rng(seed)
    draws = rng.integers(0, len(spells), size=(RESAMPLES, len(spells)))
    scores = tuple(_score(label, truces, curves, draws) for label, curves in ways.items())
    whole = estimate_survival(spells)
    bounds = bound_survival(spells, CURVE_DAYS, SHARE)
    curve = tuple(
        (day, float(whole(np.array([day]))[0]), *bound) for day, bound in zip(CURVE_DAYS, bounds, strict=True)
    )
    _, n_pairs = measure_concordance(spells, np.zeros(len(spells)))
    return TruceScores(truces, curve, scores, n_pairs, seed)


def _score(
    label: str, truces: TruceSpells, curves: list[SurvivalCurve], draws: NDArray[np.int64]
) -> SurvivalScore:
    spells = truces.spells
    brier = score_brier(spells, curves, HORIZON_DAYS)
    # One figure a truce, larger for one foretold to last longer: the mean time it lasts within the horizon.
    times = np.linspace(0.0, HORIZON_DAYS, 121)
    told = np.array([float(curve(times).mean()) for curve in curves])
    concordance, _ = measure_concordance(spells, told)
    is_blind = label != DRIFT
    again = [] if is_blind else [measure_concordance(spells.take(r), told[r])[0] for r in draws]
    known = np.array([value for value in again if np.isfinite(value)])
    tail = (1.0 - SHARE) / 2.0
    span = np.quantile(known, (tail, 1.0 - tail)) if len(known) else (np.nan, np.nan)
    brier_span = np.quantile(brier[draws].mean(axis=1), (tail, 1.0 - tail))
    return SurvivalScore(
        label,
        float(brier.mean()),
        (float(brier_span[0]), float(brier_span[1])),
        float("nan") if is_blind else concordance,
        (float(span[0]), float(span[1])),
    )


def _exponential(hazard: float) -> SurvivalCurve:
    return lambda times: np.exp(-hazard * np.asarray(times, dtype=np.float64))


def _constant_hazard(spells: Spells) -> SurvivalCurve:
    """Return survival at the hazard of some spells: ends over days, half an end where none is known."""
    return _exponential(max(float(spells.is_over.sum()), 0.5) / float(spells.days.sum()))


def _drift(truces: TruceSpells, row: int) -> SurvivalCurve:
    """Return survival of one truce by a Weibull whose scale drifts over the years, fitted to the others.

    By maximum likelihood on a grid of shape and drift; the scale that goes with them is known in closed form.
    """
    spells = truces.spells.without(row)
    years = np.delete(truces.years, row)
    n_over = max(float(spells.is_over.sum()), 0.5)
    best, most = (1.0, 0.0, 1.0), -np.inf
    for shape in _SHAPES:
        for drift in _DRIFTS:
            scaled = spells.days * np.exp(-drift * years)
            scale = float((scaled**shape).sum() / n_over) ** (1.0 / shape)
            over = spells.is_over
            gain = over.sum() * (log(shape) - shape * log(scale)) - float(((scaled / scale) ** shape).sum())
            gain += float(((shape - 1.0) * np.log(scaled[over]) - drift * years[over]).sum())
            if gain > most:
                best, most = (float(shape), float(drift), scale), gain
    shape, drift, scale = best
    own = scale * float(np.exp(drift * truces.years[row]))

    def survive(times: ArrayLike) -> FloatArray:
        return np.asarray(np.exp(-((np.asarray(times, dtype=np.float64) / own) ** shape)))

    return survive
