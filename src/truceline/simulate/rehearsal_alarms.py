"""Breakdowns of a simulated ceasefire, and what the alarms of a rehearsal were worth as warnings of them.

Days are counted from the ceasefire; days of warning from the end of the day of an alarm to the end of the day
of the breakdown. A day on which too little is known neither begins an alarm nor ends it. It tunes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from truceline.simulate.rehearsal_play import UNKNOWN

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

QUIET_DAYS = 60
"""Days over which a quiet level is taken, and the slower of the two rates that the hazard follows."""
RATE_DAYS = 7
"""Days over which the rate of incidents is taken."""
LEAST_QUIET = 1.0 / 7.0
"""Least quiet level, incidents a day, as in the simulation: one incident on a silent line is no collapse."""


@dataclass(frozen=True)
class BreakdownRule:
    """When a ceasefire has broken down by its incidents; see the records `ceasefire.surge_*`."""

    multiple: float
    """Of the quiet level."""
    n_days_above: int


def find_breakdown(counts: IntArray, *, rule: BreakdownRule, onset: int | None = None) -> int | None:
    """Return the day on which violence has broken out; None where it has not.

    counts: true incidents a day, from day 0. The rate of the last 7 days is above the multiple of the quiet
    level for as many days in a row as the rule says; the last of those days is returned. The quiet level is
    the mean of the 60 days before those 7, 1/7 a day at least, and stands still once the rate is above. With
    `onset`, the day on which a made collapse begins, it is the mean of the 60 days before that, and no
    earlier day is looked at: a slow collapse would raise its own quiet level otherwise.
    """
    total = np.concatenate([[0.0], np.cumsum(counts)])
    n_above, quiet = 0, np.nan
    for day in range(RATE_DAYS * 2 - 1 if onset is None else onset, len(counts)):
        rate = (total[day + 1] - total[max(day + 1 - RATE_DAYS, 0)]) / RATE_DAYS
        if n_above == 0:
            end = day + 1 - RATE_DAYS if onset is None else onset
            begin = max(end - QUIET_DAYS, 0)
            quiet = max((total[end] - total[begin]) / max(end - begin, 1), LEAST_QUIET)
        n_above = n_above + 1 if rate > rule.multiple * quiet else 0
        if n_above >= rule.n_days_above:
            return day
    return None


@dataclass(frozen=True)
class AlarmRun:
    """Alarms of one rehearsal with a made collapse, from which any number of thresholds can be scored."""

    onset: int
    """First day of the collapse."""
    quiet_until: int
    """Day from which an alarm is no longer false: the onset, or some days before a collapse nobody made."""
    window: int
    """Days before a breakdown in which an alarm counts as a warning of it."""
    breakdown: int | None
    """Day on which the truth had broken down."""
    level: IntArray
    evidence: FloatArray
    risk: FloatArray
    """Weight of each day for a breakdown by the hazard of the simulation: see `weigh_days`."""
    plain_risk: FloatArray
    """The same if violence did not matter to it."""


@dataclass(frozen=True)
class WarningScore:
    """What alarms were worth over several rehearsals."""

    n_quiet_days: int
    """Days before the collapses on which enough was known."""
    n_unknown_days: int
    """Days before the collapses on which too little was known."""
    n_false: int
    """Alarms that began on those days."""
    n_collapses: int
    n_early: int
    """Collapses of which an alarm began between their first day and the breakdown."""
    n_already: int
    """Collapses that began in a false alarm; they are in no other figure."""
    days: tuple[float, ...]
    """Days of warning of each of the others; NaN where no alarm came in time."""
    foretold: float
    """Share of breakdowns by the hazard that had an alarm in the days before, where no collapse is made."""
    foretold_plain: float
    """What that share would be if breakdowns did not follow violence: what alarms get by being often on."""

    @property
    def false_per_hundred(self) -> float:
        """Return false alarms in a hundred days; NaN where no day was judged."""
        return 100.0 * self.n_false / self.n_quiet_days if self.n_quiet_days else float("nan")

    def quantile(self, share: float) -> float:
        """Return a quantile of the days of warning; a missed collapse counts as less than any and is NaN."""
        if not self.days:
            return float("nan")
        ordered = np.sort(np.nan_to_num(np.array(self.days), nan=-np.inf))
        value = float(ordered[min(int(share * len(ordered)), len(ordered) - 1)])
        return value if np.isfinite(value) else float("nan")


def score_levels(runs: list[AlarmRun], level: int) -> WarningScore:
    """Score the product's own levels: an alarm is a day of `level` or above after one below it."""
    return _score(runs, [run.level >= level for run in runs])


def score_threshold(runs: list[AlarmRun], threshold: float) -> WarningScore:
    """Score an alarm whenever the cumulated evidence is at a threshold or above."""
    with np.errstate(invalid="ignore"):
        return _score(runs, [run.evidence >= threshold for run in runs])


def find_threshold(runs: list[AlarmRun], *, false_per_hundred: float) -> tuple[float, WarningScore] | None:
    """Return the lowest threshold of evidence at which no more alarms are false, and what it is worth.

    Where every threshold has more, the one with the fewest, the lowest of equals; None where nothing is
    known.
    """
    known = np.concatenate([run.evidence for run in runs]) if runs else np.empty(0)
    best: tuple[float, WarningScore] | None = None
    for threshold in np.unique(np.round(known[np.isfinite(known) & (known > 0)], 3)):
        score = score_threshold(runs, float(threshold))
        if score.n_quiet_days and score.false_per_hundred <= false_per_hundred:
            return float(threshold), score
        if score.n_quiet_days and (best is None or score.n_false < best[1].n_false):
            best = float(threshold), score
    return best


def weigh_days(counts: IntArray, *, exponent: float, shape: float) -> FloatArray:
    """Return the weight of each day for a breakdown by the hazard of the simulation: shape (n_days,).

    ((t+1)^s - t^s) exp(b z), with s `shape`, b `exponent` and z the logarithm of the week's rate over that
    of 60 days, as in the simulation. For a hazard so small that most ceasefires outlast the days looked at:
    the share of a day in all weights is then its share in the breakdowns.
    """
    total = np.concatenate([[0.0], np.cumsum(counts)])
    day = np.arange(len(counts))
    rates = [
        (total[day + 1] - total[np.maximum(day + 1 - n, 0)]) / np.minimum(day + 1, n)
        for n in (RATE_DAYS, QUIET_DAYS)
    ]
    z = np.log((rates[0] + LEAST_QUIET) / (rates[1] + LEAST_QUIET))
    return np.asarray(((day + 1.0) ** shape - day**shape) * np.exp(exponent * z))


def _score(runs: list[AlarmRun], alarms: list[NDArray[np.bool_]]) -> WarningScore:
    n_quiet = n_unknown = n_false = n_early = n_already = 0
    foretold: list[tuple[float, float]] = []
    days: list[float] = []
    collapses = 0
    for run, is_on in zip(runs, alarms, strict=True):
        is_known = run.level > UNKNOWN
        # A day on which too little is known neither begins an alarm nor ends it.
        held = _fill_unknown(is_on, is_known)
        begins = held & ~np.concatenate([[False], held[:-1]])
        quiet = slice(0, run.quiet_until)
        n_quiet += int(is_known[quiet].sum())
        n_unknown += int((~is_known[quiet]).sum())
        n_false += int(begins[quiet].sum())
        foretold.append(_foretell(run, held, is_known))
        if run.breakdown is None:
            continue
        collapses += 1
        if run.onset and held[run.onset - 1]:
            n_already += 1
            continue
        found = np.flatnonzero(begins[run.onset : run.breakdown + 1])
        n_early += int(len(found) > 0)
        days.append(float(run.breakdown - run.onset - found[0]) if len(found) else float("nan"))
    shares = np.array(foretold).reshape(-1, 2)
    middle = np.nanmean(shares, axis=0) if np.isfinite(shares).any() else np.full(2, np.nan)
    return WarningScore(
        n_quiet, n_unknown, n_false, collapses, n_early, n_already, tuple(days), *map(float, middle)
    )


def _foretell(run: AlarmRun, held: NDArray[np.bool_], is_known: NDArray[np.bool_]) -> tuple[float, float]:
    """Return the share of the risk on days that had an alarm in the days before, and of the plain risk."""
    total = np.concatenate([[0], np.cumsum(held)])
    day = np.arange(run.onset)
    has_alarm = total[day] - total[np.maximum(day - run.window, 0)] > 0
    chosen = is_known[: run.onset]
    risks = [each[: run.onset][chosen] for each in (run.risk, run.plain_risk)]
    if not chosen.any():
        return float("nan"), float("nan")
    first, second = (float((each * has_alarm[chosen]).sum() / each.sum()) for each in risks)
    return first, second


def _fill_unknown(is_on: NDArray[np.bool_], is_known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    last = np.maximum.accumulate(np.where(is_known, np.arange(len(is_on)), -1))
    return np.asarray((last >= 0) & is_on[np.maximum(last, 0)])
