"""Rates corrected for what was not seen, and what a change in reports is made of.

A rate is incidents a day, had everything been noticed: the count over the expected share noticed. Its
interval joins the overdispersion of the counts with the range of the share: half-widths on the logarithm add
in quadrature, each side for itself, in closed form and without drawing. Between two periods the logarithm of
reports changes by that of watching plus that of the rate; which of the two it was is said in words, and so
is that it cannot be told. It knows nothing of who fired.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from truceline.events.catalogue import load_watching_assumptions
from truceline.events.expectation import interval_of_mean
from truceline.scenario.assumption import AssumptionSet

_HALF = 0.5
"""Added to both counts of a change, so that a period without incidents has a logarithm (Haldane 1956)."""


@dataclass(frozen=True)
class Watched:
    """What was noticed in a period, and how much of it there was to notice."""

    n: float
    """Incidents noticed."""
    days: float
    """Length of the period."""
    share: float
    """Expected share of incidents noticed, mean over the days."""
    share_low: float
    share_high: float

    @property
    def exposure_days(self) -> float:
        """Return the days that full watching would have taken to notice as much."""
        return self.days * self.share


@dataclass(frozen=True)
class Rate:
    """Incidents a day, had everything been noticed."""

    per_day: float
    """NaN where nothing was watched: nothing is known then."""
    low: float
    high: float


@dataclass(frozen=True)
class CorrectedCount:
    """Incidents of a period, had everything been noticed."""

    best: float
    """NaN where nothing was watched: nothing is known then."""
    low: float
    high: float
    """Infinite where the least share noticed is none."""


class Reason(StrEnum):
    """What a change in reports comes from; also the words of the report."""

    no_change = "no change to speak of"
    fewer_violations = "fewer violations"
    more_violations = "more violations"
    kept_out = "fewer reports because we were kept out"
    watched_less = "fewer reports because we watched less"
    watched_more = "more reports because we watched more"
    hidden_rise = "more violations than the reports show, because we watched less"
    hidden_fall = "fewer violations than the reports show, because we watched more"
    unknown = "cannot be told apart"


@dataclass(frozen=True)
class ChangeParts:
    """A change between two periods, in logarithms of ratios: `reports` = `watching` + `rate`."""

    reports: float
    watching: float
    rate: float
    rate_low: float
    rate_high: float
    reason: Reason
    sentence: str


def correct_rate(watched: Watched, *, size_per_day: float, assumptions: AssumptionSet | None = None) -> Rate:
    """Return the rate of a period with its interval.

    `size_per_day` is the size of the negative binomial of daily counts (see `Expecter`); the sum of d
    independent days has d times the size, which is what a period of `days` is given. Days are less
    independent than that, so that intervals of long periods are rather too narrow.
    """
    if watched.share <= 0 or watched.days <= 0:
        return Rate(float("nan"), 0.0, float("inf"))
    share = (assumptions or load_watching_assumptions()).value("change.interval_share")
    low, high = interval_of_mean(watched.n, size_per_day * watched.days, share)
    exposure = watched.exposure_days
    rate = watched.n / exposure
    # At n = 0 there is no logarithm to widen: the high end is widened alone.
    middle = rate if watched.n > 0 else float(high) / exposure
    up_count = np.log(float(high) / exposure / middle)
    up_share = np.log(watched.share / watched.share_low) if watched.share_low > 0 else np.inf
    per_day_high = middle * np.exp(np.hypot(up_count, up_share))
    if watched.n <= 0:
        return Rate(0.0, 0.0, float(per_day_high))
    down_count = np.log(rate / (float(low) / exposure))
    down_share = np.log(watched.share_high / watched.share)
    return Rate(rate, float(rate * np.exp(-np.hypot(down_count, down_share))), float(per_day_high))


def correct_count(
    watched: Watched, *, size_per_day: float | None = None, assumptions: AssumptionSet | None = None
) -> CorrectedCount:
    """Return the count of a period, had everything been noticed: the rate of `correct_rate` times its days.

    `size_per_day` is the record `change.dispersion_size` by default.
    """
    records = assumptions or load_watching_assumptions()
    size = records.value("change.dispersion_size") if size_per_day is None else size_per_day
    rate = correct_rate(watched, size_per_day=size, assumptions=records)
    return CorrectedCount(rate.per_day * watched.days, rate.low * watched.days, rate.high * watched.days)


def split_change(
    before: Watched,
    after: Watched,
    *,
    size_per_day: float | None = None,
    is_kept_out: bool = False,
    assumptions: AssumptionSet | None = None,
) -> ChangeParts:
    """Return what a change in reports is made of, with a reason in words.

    `size_per_day` as for `correct_count`.
    `is_kept_out`: hours were lost in `after` because somebody denied, delayed or jammed; it chooses between
    two words for the same arithmetic. The range of p is taken to be the same mistake in both periods, for
    the means are mostly the same: only the part of the range in which the two differ widens the change.
    """
    records = assumptions or load_watching_assumptions()
    if min(before.share, after.share, before.days, after.days) <= 0:
        nan = float("nan")
        sentence = "Nothing was watched in one of the periods: a change cannot be told."
        return ChangeParts(nan, nan, nan, -np.inf, np.inf, Reason.unknown, sentence)
    reports = float(np.log((after.n + _HALF) / after.days) - np.log((before.n + _HALF) / before.days))
    watching = float(np.log(after.share / before.share))
    rate = reports - watching
    size = records.value("change.dispersion_size") if size_per_day is None else size_per_day
    width_low, width_high = _widths(before, after, size, records.value("change.interval_share"))
    # The share ends move together: what matters is how far the ratio of the shares moves with them.
    differ = [
        abs(np.log(max(a, 1e-12) / max(b, 1e-12)) - watching)
        for a, b in ((after.share_low, before.share_low), (after.share_high, before.share_high))
    ]
    low = rate - float(np.hypot(width_low, max(differ)))
    high = rate + float(np.hypot(width_high, max(differ)))
    least = float(np.log(records.value("change.least_ratio")))
    reason = _reason(
        (reports, watching, rate, low, high), least, records.value("change.watching_share"), is_kept_out
    )
    return ChangeParts(
        reports, watching, rate, low, high, reason, _sentence(reports, watching, rate, low, high, reason)
    )


def _widths(before: Watched, after: Watched, size_per_day: float, share: float) -> tuple[float, float]:
    """Return half-widths (down, up) of the logarithm of the ratio of two counts, by the closed intervals."""
    ends = []
    for period in (before, after):
        n = period.n + _HALF
        low, high = interval_of_mean(n, size_per_day * period.days, share)
        ends.append((float(np.log(n / low)), float(np.log(high / n))))
    (down_before, up_before), (down_after, up_after) = ends
    return float(np.hypot(down_after, up_before)), float(np.hypot(up_after, down_before))


def _reason(
    change: tuple[float, float, float, float, float], least: float, watching_share: float, is_kept_out: bool
) -> Reason:
    """Return the reason: first what the rate proves, then what watching explains, then that it is open."""
    reports, watching, rate, low, high = change
    if high < 0 and rate <= -least:
        return Reason.hidden_fall if reports >= -least and watching > least else Reason.fewer_violations
    if low > 0 and rate >= least:
        return Reason.hidden_rise if reports <= least and watching < -least else Reason.more_violations
    if reports <= -least:
        if watching <= watching_share * reports:
            return Reason.kept_out if is_kept_out else Reason.watched_less
        return Reason.unknown
    if reports >= least:
        return Reason.watched_more if watching >= watching_share * reports else Reason.unknown
    return Reason.no_change if abs(watching) < least else Reason.unknown


def _sentence(reports: float, watching: float, rate: float, low: float, high: float, reason: Reason) -> str:
    words = str(reason)
    return (
        f"{words[0].upper()}{words[1:]}: reports changed by a factor of {np.exp(reports):.2f}, watching by "
        f"{np.exp(watching):.2f}, the corrected rate by {np.exp(rate):.2f} "
        f"({np.exp(low):.2f} to {np.exp(high):.2f})."
    )
