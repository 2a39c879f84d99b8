"""What a fit of a point process gives back: numbers with their errors, and what is to be said of them.

Days, incidents a day. Nothing is computed here but intervals and Akaike's criterion.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from truceline.simulate.fit.point_model import PointModel

FloatArray = NDArray[np.float64]

INTERVAL_Z = 1.959964
"""Half-width of a 95 % interval in standard errors."""


@dataclass(frozen=True)
class Estimate:
    """A fitted number with what is known of its error."""

    value: float
    standard_error: float
    """From the observed information; NaN where it is not known: fixed, or at the edge of what can be."""

    @property
    def interval(self) -> tuple[float, float]:
        """Return a 95 % interval, symmetric, cut at 0; NaN where the error is not known."""
        reach = INTERVAL_Z * self.standard_error
        return max(self.value - reach, 0.0) if math.isfinite(reach) else math.nan, self.value + reach


@dataclass(frozen=True)
class PointFit:
    """A fitted process and how far to believe it."""

    model: PointModel
    mu: tuple[Estimate, ...]
    """Background incidents a day of each side."""
    n_self: Estimate
    n_cross: Estimate
    memory_days: Estimate
    """Mean delay 1 / beta; NaN where no excitation was fitted or found."""
    background_cv: Estimate
    """Coefficient of variation of a period's factor; 0 where the background was held constant."""
    persistence: Estimate
    log_likelihood: float
    n_parameters: int
    n_events: int
    days: float
    factors: FloatArray
    """Mean factor of each period given all incidents, (chains, periods); empty for a constant background."""
    has_converged: bool
    is_wandering: bool
    """The background was allowed to wander."""
    is_exciting: bool
    """Incidents were allowed to bring about others."""
    fixed_persistence: float | None
    """The persistence the caller gave; None where it was fitted."""
    notes: tuple[str, ...]
    """What did not converge, lies at an edge or cannot be told, in sentences."""

    @property
    def aic(self) -> float:
        """Akaike's criterion: twice the parameters less twice the log-likelihood; the smaller the better."""
        return 2.0 * (self.n_parameters - self.log_likelihood)
