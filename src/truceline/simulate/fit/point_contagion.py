"""Do incidents bring about others, or does the background only wander? A test, with its answer in words.

Both leave incidents in bunches. Three fits are set side by side: contagion on a constant background, a
wandering background alone, and both. Contagion is said to be shown only where the third beats the second by
more than data drawn from the second do: under no contagion the memory means nothing, so that no table of
chi-square holds, and a parametric bootstrap gives the p. What wanders faster than the periods still passes
for contagion; shorter periods are the check.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from truceline.errors import TrucelineError
from truceline.simulate.fit.point_model import PERIOD_DAYS, Timeline, make_timeline
from truceline.simulate.fit.point_process import fit_timeline, refit
from truceline.simulate.fit.point_results import PointFit
from truceline.simulate.fit.point_search import NEAR_ONE_NOTE
from truceline.simulate.fit.residuals import draw_like

SHOWN_P = 0.05
"""Up to this, contagion is said to be shown."""
CLEAR_RATIO, HOPELESS_RATIO = 30.0, 0.5
"""Twice the gain in log-likelihood beyond which, and up to which, a bootstrap could not change the answer."""
ENOUGH_ABOVE = 0.1
"""Share of the data sets that may gain as much before the answer is clear and no more are drawn."""


@dataclass(frozen=True)
class PointVerdict:
    """Three fits of one timeline and what they say of contagion."""

    naive: PointFit
    """Contagion on a constant background."""
    wandering: PointFit
    """A wandering background without contagion."""
    both: PointFit
    p_value: float
    """Chance of such a gain if the background only wandered; NaN where no bootstrap was made."""
    n_bootstrap: int
    seed: int

    @property
    def ratio(self) -> float:
        """Twice the log-likelihood that contagion adds to a wandering background."""
        return max(2.0 * (self.both.log_likelihood - self.wandering.log_likelihood), 0.0)

    @property
    def is_contagion_shown(self) -> bool:
        """Tell whether contagion is beyond what a wandering background brings."""
        if self.ratio >= CLEAR_RATIO:
            return True
        return not math.isnan(self.p_value) and self.p_value <= SHOWN_P

    @property
    def evidence(self) -> str:
        """The strength of the evidence, for a bracket in a sentence."""
        if math.isnan(self.p_value):
            is_plain = self.ratio <= HOPELESS_RATIO or self.ratio >= CLEAR_RATIO
            tested = "no bootstrap needed" if is_plain else "not tested by bootstrap"
            return f"twice the gain in log-likelihood {self.ratio:.1f}, {tested}"
        return f"p = {self.p_value:.2f}, {self.n_bootstrap} bootstrap data sets, seed {self.seed}"

    @property
    def sentence(self) -> str:
        """What may be said of contagion, with the assumption it hangs on."""
        period, cv = self.both.model.period_days, self.wandering.background_cv.value
        naive = self.naive.model.branching
        given = f"if the background may change every {period:g} days and not within them"
        if not self.is_contagion_shown:
            return (
                f"Contagion is not shown: {given}, a background that wanders by itself (coefficient of"
                f" variation {cv:.2f}) explains the incidents about as well ({self.evidence}). The branching"
                f" ratio {naive:.2f} that a constant background would give is no proof of contagion"
                f"{self._left_open()}."
            )
        low, high = self.both.n_self.interval
        return (
            f"Contagion is shown ({self.evidence}): {given}, one incident brings {self.both.n_self.value:.2f}"
            f" more of its side (95 % interval {low:.2f} to {high:.2f}){self._cross()}, after"
            f" {self.both.memory_days.value:.2g} days on average; with a constant background the branching"
            f" ratio would be {naive:.2f}.{self._doubt()}"
        )

    def _left_open(self) -> str:
        """Say what the branching may still be, where its error is known."""
        low, high = self.both.n_self.interval
        if self.both.model.n_sides > 1 or not math.isfinite(high):
            return ""
        return (
            f"; beside the wandering it is {self.both.n_self.value:.2f}"
            f" (95 % interval {low:.2f} to {min(high, 1.0):.2f})"
        )

    def _doubt(self) -> str:
        return f" {NEAR_ONE_NOTE}" if NEAR_ONE_NOTE in self.both.notes else ""

    def _cross(self) -> str:
        if self.both.model.n_sides == 1:
            return ""
        low, high = self.both.n_cross.interval
        return f" and {self.both.n_cross.value:.2f} of the other ({low:.2f} to {high:.2f})"


def judge_point_contagion(
    times: ArrayLike,
    days: float,
    sides: ArrayLike | None = None,
    *,
    persistence: float | None = None,
    period_days: float = PERIOD_DAYS,
    has_shared_periods: bool = True,
    n_bootstrap: int = 99,
    seed: int = 0,
) -> PointVerdict:
    """Fit contagion, a wandering background, and both; test whether contagion is needed.

    Where the gain is nothing (`HOPELESS_RATIO`) or beyond all doubt (`CLEAR_RATIO`) no bootstrap is made.
    See `fit_self_exciting` for the other arguments.

    Raises
    ------
    TableError
        When the times cannot be fitted.
    """
    timeline = make_timeline(times, days, sides)

    def fit(*, is_wandering: bool, is_exciting: bool) -> PointFit:
        return fit_timeline(
            timeline,
            is_wandering=is_wandering,
            is_exciting=is_exciting,
            persistence=persistence,
            period_days=period_days,
            has_shared_periods=has_shared_periods,
        )

    naive = fit(is_wandering=False, is_exciting=True)
    wandering = fit(is_wandering=True, is_exciting=False)
    both = fit(is_wandering=True, is_exciting=True)
    both = _not_below(timeline, both, (naive, wandering))
    ratio = 2.0 * (both.log_likelihood - wandering.log_likelihood)
    if ratio <= HOPELESS_RATIO or ratio >= CLEAR_RATIO or n_bootstrap == 0:
        return PointVerdict(naive, wandering, both, math.nan, 0, seed)
    p, n_drawn = _bootstrap_p(timeline, wandering, both, ratio, n_bootstrap, seed)
    return PointVerdict(naive, wandering, both, p, n_drawn, seed)


def _not_below(timeline: Timeline, both: PointFit, smaller: tuple[PointFit, ...]) -> PointFit:
    """Return the larger fit, climbed again from a smaller one that lies above it."""
    for each in smaller:
        if each.log_likelihood > both.log_likelihood:
            again = fit_timeline(
                timeline,
                is_wandering=True,
                is_exciting=True,
                persistence=both.fixed_persistence,
                period_days=both.model.period_days,
                has_shared_periods=both.model.has_shared_periods,
                start=each.model,
            )
            both = max(both, again, key=lambda fit: fit.log_likelihood)
    return both


def _bootstrap_p(
    timeline: Timeline, wandering: PointFit, both: PointFit, ratio: float, n_bootstrap: int, seed: int
) -> tuple[float, int]:
    """Return the chance of such a gain where the background only wanders, and the data sets drawn.

    Drawing stops once `ENOUGH_ABOVE` of the data sets have gained as much: the p is then the share of those
    drawn so far (Besag and Clifford 1991), and far from small.
    """
    n_above, n_drawn, enough = 0, 0, math.ceil(ENOUGH_ABOVE * n_bootstrap)
    for child in np.random.SeedSequence(seed).spawn(n_bootstrap):
        try:
            drawn = draw_like(timeline, wandering.model, child)
        except TrucelineError:
            continue
        n_drawn += 1
        n_above += _gain_on(drawn, wandering, both) >= ratio
        if n_above >= enough:
            return n_above / n_drawn, n_drawn
    return (1.0 + n_above) / (1.0 + n_drawn), n_drawn


def _gain_on(drawn: Timeline, wandering: PointFit, both: PointFit) -> float:
    """Return twice the log-likelihood that contagion adds on data without any."""
    alone = refit(drawn, wandering)
    full = fit_timeline(
        drawn,
        is_wandering=True,
        is_exciting=True,
        persistence=both.fixed_persistence,
        period_days=both.model.period_days,
        has_shared_periods=both.model.has_shared_periods,
    )
    return 2.0 * (full.log_likelihood - alone.log_likelihood)
