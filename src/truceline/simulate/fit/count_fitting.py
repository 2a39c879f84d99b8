"""Fit the count models by maximum likelihood: estimates, standard errors, a profile interval of branching.

Likelihoods are conditional on the level before the first day, which is set to the mean rate of the series.
Standard errors come from the curvature at the maximum and mean little for a parameter near an end of its
range; the interval of the branching is therefore read off its profile likelihood.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, expm1, inf, log, sqrt
from typing import TYPE_CHECKING, Literal

import numpy as np

from truceline.simulate.fit.count_series import CountSeries, FloatArray
from truceline.simulate.fit.counts import (
    MEMORY_DAYS,
    MOST_BRANCHING,
    MOST_CARRY,
    MOST_SPREAD,
    SIZES,
    CountModel,
    Forecasts,
    forecast_periods,
    measure_likelihood,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["constant", "self-exciting", "wandering", "both"]
"""What moves the rate: nothing, the counts before, a wandering background, or both."""

PARAMETERS = ("background", "branching", "memory_days", "size", "wander_cv", "wander_carry")
"""Names of all parameters, in the order of tables."""
_FREE: dict[Kind, tuple[str, ...]] = {
    "constant": ("background",),
    "self-exciting": ("background", "branching", "memory_days"),
    "wandering": ("background", "wander_cv", "wander_carry"),
    "both": ("background", "branching", "memory_days", "wander_cv", "wander_carry"),
}
_STARTS = (
    {"branching": 0.3, "memory_days": 2.0, "size": 1.0, "wander_cv": 0.8, "wander_carry": 0.3},
    {"branching": 0.7, "memory_days": 7.0, "size": 2.0, "wander_cv": 0.4, "wander_carry": 0.8},
)
"""Where the search begins; the best end is kept. Sizes in units of the one that the variance suggests."""
MOST_DAILY_CARRY = 0.985
"""Largest correlation of factors that change each day: what remains after a week is still above 0.89."""
_USUAL_SIZES = (0.05, 100.0)
"""Smallest and largest size at which a search begins."""
_LEAST_SPREAD = 0.01
"""Smallest standard deviation of the logarithm of the weekly factor: nothing, for any count."""
_PLAIN = ("branching", "wander_carry")
"""Parameters searched as they are; `wander_cv` as the spread of the logarithm, the others as logarithms."""
_STEP = 1e-3
"""Step of the differences that give the curvature, in the units in which parameters are searched."""
_NEAR_BOUND = 1e-3
PROFILE_POINTS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, MOST_BRANCHING)
"""Values of the branching at which its profile likelihood is computed."""
HALF_CHI_SQUARE_95 = 1.92
"""Half the 95 % quantile of chi-square with one degree of freedom: the drop that ends a profile interval."""


@dataclass(frozen=True)
class CountFit:
    """A model fitted to a series."""

    kind: Kind
    is_poisson: bool
    model: CountModel
    start: float
    """Level of excitation before the first day, counts a day: the mean rate of the series fitted."""
    log_likelihood: float
    n_periods: int
    free: tuple[str, ...]
    """Names of the parameters that were fitted."""
    standard_error: dict[str, float]
    """Of each fitted parameter, in its own unit; NaN where the likelihood has no curvature to tell."""
    at_bound: tuple[str, ...]
    """Parameters that ended at an end of the range searched: the data do not hold them."""

    @property
    def aic(self) -> float:
        """Akaike's criterion: less is better."""
        return 2.0 * (len(self.free) - self.log_likelihood)

    def value(self, name: str) -> float:
        """Return a parameter by name."""
        return float(getattr(self.model, name))

    def forecast(self, series: CountSeries) -> Forecasts:
        """Return what the fitted model says of each period of a series from the periods before it."""
        return forecast_periods(series, self.model, start=self.start)


def fit_counts(
    series: CountSeries,
    kind: Kind = "both",
    *,
    is_poisson: bool = False,
    fixed: Mapping[str, float] | None = None,
    first: CountModel | None = None,
    with_errors: bool = True,
) -> CountFit:
    """Return the model of a kind that makes the series most likely.

    fixed: parameters held at a value, by name. first: where to begin the search instead of the usual places.
    with_errors: compute standard errors too, which costs as much as a third of the search.
    """
    from scipy.optimize import minimize

    search = _Search(series, kind, is_poisson, dict(fixed or {}))
    begins = [search.begin(start) for start in _STARTS] if first is None else [search.locate(first)]
    if kind == "constant":
        begins = begins[:1]
    ends = [minimize(search.cost, begin, method="L-BFGS-B", bounds=search.bounds) for begin in begins]
    best = min(ends, key=lambda end: float(end.fun))
    place = np.asarray(best.x, dtype=np.float64)
    at_bound = search.at_bound(place)
    errors = _standard_errors(search, place, at_bound) if with_errors else {}
    return CountFit(
        kind=kind,
        is_poisson=is_poisson,
        model=search.model(place),
        start=search.rate,
        log_likelihood=-float(best.fun),
        n_periods=len(series),
        free=search.names,
        standard_error=errors,
        at_bound=at_bound,
    )


class _Search:
    """The cost of a model by the place at which the search stands."""

    def __init__(self, series: CountSeries, kind: Kind, is_poisson: bool, fixed: dict[str, float]) -> None:
        names = (*_FREE[kind], *(() if is_poisson else ("size",)))
        self.names = tuple(name for name in names if name not in fixed)
        self.rate = max(series.rate_per_day, 1e-6)
        self.kind, self._series, self._fixed = kind, series, fixed
        ranges = {
            "background": (log(self.rate) - 10.0, log(self.rate) + 4.0),
            "branching": (0.0, MOST_BRANCHING),
            "memory_days": (log(MEMORY_DAYS[0]), log(MEMORY_DAYS[1])),
            "size": (log(SIZES[0]), log(SIZES[1])),
            "wander_cv": (_LEAST_SPREAD, MOST_SPREAD),
            "wander_carry": (0.0, MOST_CARRY if self._fixed.get("wander_days") != 1 else MOST_DAILY_CARRY),
        }
        self.bounds = [ranges[name] for name in self.names]

    def begin(self, values: dict[str, float]) -> FloatArray:
        """Return the place of usual values, with the background that gives the mean rate."""
        branching = values["branching"] if self.kind in ("self-exciting", "both") else 0.0
        size = values["size"] * self._guess_size()
        return self.locate(_build({**values, "background": self.rate * (1.0 - branching), "size": size}))

    def _guess_size(self) -> float:
        """Return the size that goes with the mean and variance of the counts a day: mean^2 / (var - mean)."""
        per_day = self._series.n / self._series.n_days
        excess = float(per_day.var()) - self.rate
        low, high = _USUAL_SIZES
        return min(max(self.rate**2 / excess, low), high) if excess > 0 else high

    def locate(self, model: CountModel) -> FloatArray:
        """Return the place of a model, moved into the ranges."""
        place = [_to_place(name, getattr(model, name)) for name in self.names]
        lows, highs = zip(*self.bounds, strict=True)
        return np.asarray(np.clip(np.asarray(place), lows, highs))

    def model(self, place: FloatArray) -> CountModel:
        """Return the model at a place."""
        values = {name: _from_place(name, float(at)) for name, at in zip(self.names, place, strict=True)}
        return _build({**values, **self._fixed})

    def cost(self, place: FloatArray) -> float:
        """Return minus the log likelihood at a place."""
        return -measure_likelihood(self._series, self.model(place), start=self.rate)

    def at_bound(self, place: FloatArray) -> tuple[str, ...]:
        """Return the names of the parameters that stand at an end of their range."""
        rows = zip(self.names, place, self.bounds, strict=True)
        return tuple(
            name
            for name, at, (low, high) in rows
            if min(at - low, high - at) < _NEAR_BOUND * max(high - low, 1.0)
        )


def _build(values: Mapping[str, float]) -> CountModel:
    """Return the model of some parameters by name; the others are switched off."""
    usual = CountModel(values["background"])
    return CountModel(
        background=values["background"],
        branching=values.get("branching", usual.branching),
        memory_days=values.get("memory_days", usual.memory_days),
        size=values.get("size", usual.size),
        wander_cv=values.get("wander_cv", usual.wander_cv),
        wander_carry=values.get("wander_carry", usual.wander_carry),
        wander_days=int(values.get("wander_days", usual.wander_days)),
    )


def _to_place(name: str, value: float) -> float:
    if name in _PLAIN:
        return value
    if name == "wander_cv":
        return sqrt(log(1.0 + value**2))
    return log(min(value, SIZES[1])) if value > 0 else -inf


def _from_place(name: str, at: float) -> float:
    if name in _PLAIN:
        return at
    return sqrt(expm1(at**2)) if name == "wander_cv" else exp(at)


def _slope(name: str, at: float) -> float:
    """Return how much a parameter changes with its place."""
    if name in _PLAIN:
        return 1.0
    if name == "wander_cv":
        return at * exp(at**2) / max(sqrt(expm1(at**2)), 1e-12)
    return exp(at)


def _standard_errors(search: _Search, place: FloatArray, at_bound: tuple[str, ...]) -> dict[str, float]:
    """Return standard errors from the curvature in the parameters that are not at a bound."""
    errors = dict.fromkeys(search.names, float("nan"))
    loose = [row for row, name in enumerate(search.names) if name not in at_bound]
    if not loose:
        return errors
    curvature = _curvature(search, place, loose)
    try:
        spread = np.linalg.inv(curvature).diagonal()
    except np.linalg.LinAlgError:
        return errors
    for row, variance in zip(loose, spread, strict=True):
        if variance > 0:
            name = search.names[row]
            errors[name] = sqrt(float(variance)) * _slope(name, float(place[row]))
    return errors


def _curvature(search: _Search, place: FloatArray, loose: list[int]) -> FloatArray:
    """Return the second differences of the cost, shape (loose, loose)."""
    n = len(loose)
    found = np.empty((n, n))
    middle = search.cost(place)
    steps = np.zeros((n, len(place)))
    for row, at in enumerate(loose):
        low, high = search.bounds[at]
        steps[row, at] = min(_STEP * max(1.0, abs(place[at])) * 10.0, place[at] - low, high - place[at])
    for row in range(n):
        size = steps[row].sum()
        around = search.cost(place + steps[row]) + search.cost(place - steps[row])
        found[row, row] = (around - 2.0 * middle) / size**2
        for other in range(row):
            both, apart = steps[row] + steps[other], steps[row] - steps[other]
            mixed = search.cost(place + both) + search.cost(place - both)
            mixed -= search.cost(place + apart) + search.cost(place - apart)
            found[row, other] = found[other, row] = mixed / (4.0 * size * steps[other].sum())
    return found


def profile_branching(series: CountSeries, fit: CountFit) -> tuple[float, float]:
    """Return the 95 % interval of the branching by its profile likelihood.

    The other parameters are fitted anew at each of `PROFILE_POINTS`; between them the drop is interpolated.
    """
    best = fit.value("branching")
    points, drops = [best], [0.0]
    for way in (
        sorted(p for p in PROFILE_POINTS if p > best),
        sorted((p for p in PROFILE_POINTS if p < best), reverse=True),
    ):
        near = fit.model
        for point in way:
            fixed = {"branching": point}
            found = fit_counts(
                series, fit.kind, is_poisson=fit.is_poisson, fixed=fixed, first=near, with_errors=False
            )
            near = found.model
            points.append(point)
            drops.append(max(fit.log_likelihood - found.log_likelihood, 0.0))
            if drops[-1] > 2.0 * HALF_CHI_SQUARE_95:
                break
    order = np.argsort(points)
    at, drop = np.asarray(points)[order], np.asarray(drops)[order]
    place = int(np.flatnonzero(at == best)[0])
    return _cross(at[place::-1], drop[place::-1]), _cross(at[place:], drop[place:])


def _cross(at: FloatArray, drop: FloatArray) -> float:
    """Return where the drop first reaches the limit, going along `at`; its end where it never does."""
    for row in range(1, len(at)):
        if drop[row] >= HALF_CHI_SQUARE_95:
            share = (HALF_CHI_SQUARE_95 - drop[row - 1]) / (drop[row] - drop[row - 1])
            return float(at[row - 1] + share * (at[row] - at[row - 1]))
    return float(at[-1])
