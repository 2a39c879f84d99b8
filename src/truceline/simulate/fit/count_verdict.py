"""Is it contagion, or a background that wanders? What can be said of it, and what cannot.

A rate that rises and falls by itself looks like contagion to a model that knows no other reason: with no
contagion at all and a weekly rate of coefficient of variation 0.25, 0.5 and 1, daily counts gave a branching
of 0.23, 0.42 and 0.65. So the branching is only reported as contagion where a model that has both explains
the counts clearly better than a wandering background alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from truceline.simulate.fit.count_fitting import CountFit, Kind, fit_counts, profile_branching
from truceline.simulate.fit.count_series import CountSeries

CLEAR_RATIO = 5.99
"""Twice the gain in log likelihood from which a part of the model is taken as shown: the 95 % quantile of
chi-square with two degrees of freedom, for two parameters. As one of them is at the end of its range, and the
other means nothing there, the true level is not 5 %; on 330 made series without contagion it was 2 %."""
LEAST_GAIN_SHARE = 1e-9
"""Share of a log likelihood below which two searches are taken to have found the same."""


@dataclass(frozen=True)
class ContagionVerdict:
    """Three models of one series: contagion alone, a wandering background alone, and both."""

    self_exciting: CountFit
    wandering: CountFit
    both: CountFit
    branching_interval: tuple[float, float]
    """95 % interval of the branching where the background may wander, by profile likelihood."""
    naive_interval: tuple[float, float]
    """The same where the background may not."""
    daily_ratio: float
    """Twice the log likelihood that contagion adds where the background may change each day; NaN where
    contagion is not shown in the first place."""

    @property
    def contagion_ratio(self) -> float:
        """Twice the log likelihood that contagion adds to a wandering background."""
        return max(2.0 * (self.both.log_likelihood - self.wandering.log_likelihood), 0.0)

    @property
    def wandering_ratio(self) -> float:
        """Twice the log likelihood that a wandering background adds to contagion."""
        return max(2.0 * (self.both.log_likelihood - self.self_exciting.log_likelihood), 0.0)

    @property
    def is_contagion_shown(self) -> bool:
        """Tell whether the counts after a count are higher than a wandering background explains."""
        return self.contagion_ratio > CLEAR_RATIO

    @property
    def survives_days(self) -> bool:
        """Tell whether contagion is still shown where the background may change each day."""
        return self.daily_ratio > CLEAR_RATIO

    @property
    def is_wandering_shown(self) -> bool:
        """Tell whether the rate wanders more than contagion explains."""
        return self.wandering_ratio > CLEAR_RATIO

    @property
    def fit(self) -> CountFit:
        """The model whose figures are to be used: the simplest that leaves nothing clear unexplained."""
        if self.is_contagion_shown and self.is_wandering_shown:
            return self.both
        if self.is_contagion_shown:
            return self.self_exciting
        if self.is_wandering_shown:
            return self.wandering
        return min((self.self_exciting, self.wandering), key=lambda one: one.aic)

    @property
    def _daily_sentence(self) -> str:
        if self.survives_days:
            return "It is shown as well if the background may change from day to day."
        return "It is NOT shown any more if the background may change from day to day."

    @property
    def sentence(self) -> str:
        """What may be said of contagion, in one or two sentences that name the assumption."""
        low, high = self.branching_interval
        naive = self.self_exciting.value("branching")
        span = f"95 % interval {low:.2f} to {high:.2f}"
        if self.is_contagion_shown and self.is_wandering_shown:
            n = self.both.value("branching")
            return (
                f"Contagion is shown beside a background that wanders, if that changes from week to week and"
                f" not within weeks: one count then brings {n:.2f} more ({span}); if the background were"
                f" constant, {naive:.2f}. {self._daily_sentence}"
            )
        if self.is_contagion_shown:
            n_low, n_high = self.naive_interval
            return (
                f"Contagion is shown, if the background does not change within weeks; that it changes from"
                f" week to week adds nothing clear. If it is constant, one count brings {naive:.2f} more"
                f" (95 % interval {n_low:.2f} to {n_high:.2f}); if it may wander,"
                f" {self.both.value('branching'):.2f} ({span}). {self._daily_sentence}"
            )
        if self.is_wandering_shown:
            return (
                f"Contagion is not shown: a background that wanders from week to week explains the counts as"
                f" well. The {naive:.2f} that a constant background would give is no sign of it; if the"
                f" background may wander, the branching is not known better than {low:.2f} to {high:.2f}."
            )
        return (
            f"Contagion and a wandering background cannot be told apart in these counts: with a constant"
            f" background the branching is {naive:.2f}; if the background may wander, it is not known better"
            f" than {low:.2f} to {high:.2f}."
        )


def judge_contagion(series: CountSeries) -> ContagionVerdict:
    """Fit contagion, a wandering background, and both to a whole series, and compare them."""
    alone = fit_counts(series, "self-exciting")
    wandering = fit_counts(series, "wandering")
    both = fit_counts(series, "both")
    # The two smaller models lie inside the larger: where the search missed that, it goes on from there.
    for smaller in (alone, wandering):
        if smaller.log_likelihood > both.log_likelihood + LEAST_GAIN_SHARE * abs(both.log_likelihood):
            again = fit_counts(series, "both", first=smaller.model)
            both = max(both, again, key=lambda one: one.log_likelihood)
    ratio = 2.0 * (both.log_likelihood - wandering.log_likelihood)
    daily = ask_days(series, wandering, both) if ratio > CLEAR_RATIO else float("nan")
    intervals = profile_branching(series, both), profile_branching(series, alone)
    return ContagionVerdict(alone, wandering, both, *intervals, daily)


def ask_days(series: CountSeries, wandering: CountFit, both: CountFit) -> float:
    """Return what contagion adds to twice the log likelihood where the background may change each day."""
    fixed = {"wander_days": 1}
    begins = (wandering.model, both.model)

    def climb(kind: Kind) -> float:
        found = [fit_counts(series, kind, fixed=fixed, first=one, with_errors=False) for one in begins]
        return max(one.log_likelihood for one in found)

    alone = climb("wandering")
    return max(2.0 * (max(climb("both"), alone) - alone), 0.0)
