"""Climb to the greatest likelihood of a point process, and say how sharp the summit is.

The work behind `point_process`: coordinates and their bounds, several beginnings, standard errors from the
observed information, and the sentences that go with a fit. It judges nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from truceline.simulate.fit.climbing import descend
from truceline.simulate.fit.point_likelihood import (
    Cells,
    Derivatives,
    make_cells,
    steady_log_likelihood,
    wandering_log_likelihood,
)
from truceline.simulate.fit.point_model import PointModel, Timeline
from truceline.simulate.fit.point_results import Estimate, PointFit

FloatArray = NDArray[np.float64]

MOST_OFFSPRING = 0.999
"""Greatest n tried: at 1 a cluster never ends."""
MOST_SPREAD = 2.5
"""Greatest standard deviation tried of the log factor of a period."""
MOST_PERSISTENCE = 0.95
"""Greatest correlation tried of two periods: beyond, the grid of levels is too coarse to follow."""
SHORTEST_MEMORY_DAYS, LONGEST_MEMORY_SHARE = 1e-4, 0.25
"""Memories tried: from nine seconds to a quarter of the time watched."""
EDGE_SHARE = 1e-3
"""A value nearer than this to the edge of what was tried, as a share of it, counts as at the edge."""
NOTHING = 1e-4
"""Offspring and spreads up to this are taken as 0."""
GRADIENT_LEFT = 1e-3
"""Greatest slope, in log-likelihood by unit of a parameter and event, at which a fit has converged."""
ROUGH_TOLERANCE, FINE_TOLERANCE = 1e-6, 1e-12
"""Relative gain in log-likelihood at which a climb stops: to choose among beginnings, and to end."""
SAME_SUMMIT, CLOSE_CALL = 0.02, 3.0
"""Log-likelihoods nearer than the first are one summit; one lower than the best by the second is lost."""
CURVATURE_STEP = 1e-4
"""Step of the central difference of the gradient that gives the information."""
NEAR_ONE = 0.95
"""Branching ratio above which a note warns."""
NEAR_ONE_NOTE = "The branching ratio is near 1: a rate that wanders or grows is the likelier cause."
MANY_PERIODS = 12
"""With fewer periods than this little can be said of how the background wanders, and a note says so."""


class Search:
    """Climbs the log-likelihood of one timeline in those parameters that are free.

    The coordinates are log mu of each side, n_self, n_cross, log beta, spread and persistence.
    """

    def __init__(
        self,
        timeline: Timeline,
        is_wandering: bool,
        is_exciting: bool,
        persistence: float | None,
        period_days: float,
        has_shared_periods: bool,
    ) -> None:
        self.timeline = timeline
        self.is_wandering, self.is_exciting = is_wandering, is_exciting
        self.fixed_persistence = persistence
        self.is_carried = persistence is None or persistence > 0
        self.names = ["mu"] * timeline.n_sides
        if is_exciting:
            self.names += ["n_self", *["n_cross"] * (timeline.n_sides > 1), "beta"]
        if is_wandering:
            self.names += ["spread", *["persistence"] * (persistence is None)]
        self.base = PointModel(
            mu=tuple(np.bincount(timeline.sides, minlength=timeline.n_sides) / timeline.days),
            persistence=persistence or 0.0,
            period_days=period_days,
            has_shared_periods=has_shared_periods,
        )
        self.cells: Cells | None = (
            make_cells(timeline, period_days, has_shared_periods) if is_wandering else None
        )
        longest = max(LONGEST_MEMORY_SHARE * timeline.days, 10.0 * SHORTEST_MEMORY_DAYS)
        most = MOST_OFFSPRING
        edges = {
            "mu": (math.log(1e-3 / timeline.days), math.log(10.0 * len(timeline.times) / timeline.days)),
            "n_self": (0.0, most),
            "n_cross": (0.0, most),
            "beta": (-math.log(longest), -math.log(SHORTEST_MEMORY_DAYS)),
            "spread": (0.0, MOST_SPREAD),
            "persistence": (0.0, MOST_PERSISTENCE),
        }
        self.bounds = [edges[name] for name in self.names]

    def steady_model(self) -> PointModel:
        """Return the constant Poisson process with the rates seen."""
        return self.base

    def beginnings(self) -> list[PointModel]:
        """Return models to climb from: short and long memories, little and much contagion."""
        share = 1.0 / self.timeline.n_sides
        if not self.is_exciting:
            return [replace(self.base, spread=0.4)]
        longest = LONGEST_MEMORY_SHARE * self.timeline.days
        grid = (
            [(0.1, 0.5), (1.0, 0.3), (7.0, 0.5)]
            if self.is_wandering
            else [(0.1, 0.5), (1.0, 0.5), (7.0, 0.5)]
        )
        made = []
        for memory, n in grid:
            made.append(
                replace(
                    self.base,
                    mu=tuple(rate * (1.0 - n) for rate in self.base.mu),
                    n_self=n * share,
                    n_cross=n * (1.0 - share),
                    beta=1.0 / min(memory, longest / 2.0),
                    spread=0.4 if self.is_wandering else 0.0,
                )
            )
        return made

    def climb_all(self, begins: Sequence[PointModel]) -> tuple[PointModel, bool]:
        """Return the best model found from several beginnings, and whether it is a summit.

        All are climbed roughly; the best, and a rival not far below it, to the end.
        """
        rough = [self.climb(begin, ROUGH_TOLERANCE) for begin in begins]
        best = max(value for _, value, _ in rough)
        kept: list[tuple[PointModel, float, bool]] = []
        for found in sorted(rough, key=lambda each: -each[1]):
            is_same = any(abs(found[1] - other[1]) < SAME_SUMMIT for other in kept)
            if not is_same and found[1] > best - CLOSE_CALL:
                kept.append(found)
        fine = [self.climb(model, FINE_TOLERANCE) for model, _, _ in kept]
        model, _, has_converged = max(fine, key=lambda each: each[1])
        return model, has_converged

    def point_of(self, model: PointModel) -> FloatArray:
        """Return where a model lies, cut to the bounds."""
        mu, point = iter(model.mu), []
        for name, (low, high) in zip(self.names, self.bounds, strict=True):
            value = next(mu) if name == "mu" else getattr(model, name)
            value = math.log(max(value, 1e-12)) if name in ("mu", "beta") else value
            point.append(min(max(value, low), high))
        return np.asarray(point, dtype=np.float64)

    def model_at(self, point: FloatArray) -> PointModel:
        """Return the model that lies at a point."""
        values = [
            math.exp(v) if name in ("mu", "beta") else float(v)
            for name, v in zip(self.names, point, strict=True)
        ]
        n_sides = self.timeline.n_sides
        rest = dict(zip(self.names[n_sides:], values[n_sides:], strict=True))
        return replace(
            self.base,
            mu=tuple(values[:n_sides]),
            n_self=rest.get("n_self", 0.0),
            n_cross=rest.get("n_cross", 0.0),
            beta=rest.get("beta", 1.0),
            spread=rest.get("spread", 0.0),
            persistence=rest.get("persistence", self.base.persistence),
        )

    def value_at(self, point: FloatArray) -> tuple[float, FloatArray]:
        """Return the log-likelihood and its slope at a point."""
        model = self.model_at(point)
        if self.cells is None:
            value, slope = steady_log_likelihood(self.timeline, model)
        else:
            value, slope, _ = wandering_log_likelihood(
                self.timeline, model, self.cells, is_carried=self.is_carried
            )
        return value, self._slope_at(model, slope)

    def _slope_at(self, model: PointModel, slope: Derivatives) -> FloatArray:
        by_mu = iter(slope.mu * np.asarray(model.mu))
        made = []
        for name in self.names:
            if name == "mu":
                made.append(next(by_mu))
            else:
                made.append(getattr(slope, name) * (model.beta if name == "beta" else 1.0))
        return np.asarray(made, dtype=np.float64)

    def climb(self, begin: PointModel, tolerance: float) -> tuple[PointModel, float, bool]:
        """Return the best model found from a beginning, its log-likelihood, and whether it is a summit."""
        n_events = len(self.timeline.times)

        def cost(point: FloatArray) -> tuple[float, FloatArray]:
            value, slope = self.value_at(point)
            return -value / n_events, -slope / n_events

        bounds = np.asarray(self.bounds, dtype=np.float64)
        found = descend(cost, self.point_of(begin), bounds, tolerance=tolerance)
        is_free = self._free(found.point)
        left = float(np.abs(found.slope[is_free]).max(initial=0.0))
        return self.model_at(found.point), -found.value * n_events, left < GRADIENT_LEFT

    def _free(self, point: FloatArray) -> NDArray[np.bool_]:
        """Tell which parameters lie within the bounds, not at them."""
        low, high = np.transpose(self.bounds)
        reach = EDGE_SHARE * (high - low)
        at_low = np.where([name in ("n_self", "n_cross", "spread") for name in self.names], NOTHING, reach)
        return np.asarray((point > low + at_low) & (point < high - reach))

    def report(self, model: PointModel, has_converged: bool) -> PointFit:
        """Return the fit at a model, with standard errors and what is to be said of it."""
        model = self._without_trifles(model)
        point = self.point_of(model)
        value, _ = self.value_at(point)
        errors, is_known = self._standard_errors(point, model)
        notes = [] if has_converged else ["The search did not reach a summit: do not use these numbers."]
        notes += self._notes(model, is_known)
        factors = np.empty((0, 0))
        if self.cells is not None:
            _, _, factors = wandering_log_likelihood(
                self.timeline, model, self.cells, is_carried=self.is_carried
            )
        return self._fit(model, value, errors, factors, has_converged, tuple(notes))

    def _without_trifles(self, model: PointModel) -> PointModel:
        """Set offspring and spreads that are as good as none to none."""
        return replace(
            model,
            n_self=model.n_self if model.n_self > NOTHING else 0.0,
            n_cross=model.n_cross if model.n_cross > NOTHING else 0.0,
            spread=model.spread if model.spread > NOTHING else 0.0,
            persistence=model.persistence if model.spread > NOTHING else self.base.persistence,
        )

    def _is_used(self, model: PointModel, name: str) -> bool:
        """Tell whether a parameter moves the likelihood at all."""
        if name == "beta":
            return model.n_self + model.n_cross > 0
        return not (name == "persistence" and model.spread == 0.0)

    def _standard_errors(self, point: FloatArray, model: PointModel) -> tuple[FloatArray, bool]:
        """Return the standard errors of the coordinates, NaN at the edges, and whether they are known.

        The information is the negative derivative of the slope, by central differences, over the free
        coordinates alone.
        """
        used = np.asarray([self._is_used(model, name) for name in self.names])
        free = np.flatnonzero(self._free(point) & used)
        errors = np.full(len(point), np.nan)
        information = np.empty((len(free), len(free)))
        for row, i in enumerate(free):
            step = np.zeros(len(point))
            step[i] = CURVATURE_STEP
            _, above = self.value_at(point + step)
            _, below = self.value_at(point - step)
            information[row] = -(above - below)[free] / (2.0 * CURVATURE_STEP)
        information = (information + information.T) / 2.0
        try:
            np.linalg.cholesky(information)
        except np.linalg.LinAlgError:
            return errors, False
        errors[free] = np.sqrt(np.diag(np.linalg.inv(information)))
        return errors, True

    def _notes(self, model: PointModel, is_known: bool) -> list[str]:
        """Return what a reader must know of the fit."""
        notes = [] if is_known else ["The likelihood is not curved downwards here: no standard errors."]
        if self.is_exciting and model.n_self + model.n_cross == 0.0:
            notes.append("No contagion was found: n is 0 and the memory means nothing.")
        if model.branching > NEAR_ONE:
            notes.append(NEAR_ONE_NOTE)
        point = dict(zip(self.names, zip(self.point_of(model), self.bounds, strict=True), strict=True))
        if self.is_exciting and model.branching > 0:
            value, (low, high) = point["beta"]
            if min(value - low, high - value) < EDGE_SHARE * (high - low):
                notes.append(f"The memory of {1 / model.beta:.3g} days is at the edge of what was tried.")
        if self.cells is not None:
            n_periods = len(self.cells.edges) - 1
            if n_periods < MANY_PERIODS:
                notes.append(f"Only {n_periods} periods: how the background wanders is hardly known.")
            if model.spread > (1.0 - EDGE_SHARE) * MOST_SPREAD:
                notes.append("The background varies more than was tried: there are steps or silences in it.")
            if self.cells.is_coarse:
                notes.append("The busiest period is too busy for the grid of levels: errors are too small.")
        elif self.is_exciting:
            notes.append("The background was held constant: a rate that wanders passes for contagion here.")
        return notes

    def _fit(
        self,
        model: PointModel,
        value: float,
        errors: FloatArray,
        factors: FloatArray,
        has_converged: bool,
        notes: Sequence[str],
    ) -> PointFit:
        n_sides = self.timeline.n_sides
        by_name = dict(zip(self.names[n_sides:], errors[n_sides:], strict=True))
        cv = model.background_cv
        # d cv / d spread, by the delta method.
        bend = model.spread * (1.0 + cv**2) / cv if cv > 0 else math.nan
        has_memory = self.is_exciting and model.branching > 0
        memory = 1.0 / model.beta if has_memory else math.nan

        def error(name: str, scale: Callable[[float], float] = lambda e: e) -> float:
            return scale(float(by_name.get(name, math.nan)))

        return PointFit(
            model=model,
            mu=tuple(
                Estimate(rate, float(e) * rate) for rate, e in zip(model.mu, errors[:n_sides], strict=True)
            ),
            n_self=Estimate(model.n_self, error("n_self")),
            n_cross=Estimate(model.n_cross, error("n_cross")),
            memory_days=Estimate(memory, error("beta", lambda e: e * memory)),
            background_cv=Estimate(cv, error("spread", lambda e: e * bend)),
            persistence=Estimate(model.persistence, error("persistence")),
            log_likelihood=value,
            n_parameters=len(self.names),
            n_events=len(self.timeline.times),
            days=self.timeline.days,
            factors=factors,
            has_converged=has_converged,
            is_wandering=self.is_wandering,
            is_exciting=self.is_exciting,
            fixed_persistence=self.fixed_persistence,
            notes=tuple(notes),
        )
