"""How often a trigger rule fires on noise: the chance of a false trigger a year, given PPV, K and W.

A rule answers when more than K reports in W days are verified and blame one side. PPV is the share of such
reports that is right. False ones are taken to come one by one, independently of each other, at a constant
rate (Poisson): a campaign of false claims comes in bursts and fires sooner. Rates are a day, windows are
days.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from truceline.simulate.settings import Settings
    from truceline.simulate.summary import Summary

DAYS_OF_YEAR = 365
N_SIDES = 2
PPVS = (0.08, 0.3, 0.6, 0.9, 0.99)
"""Shares of reports that are right for which the table is filled; 0.08 is the worked example of the notes on
detection (row K6 of its test vectors): a good sensor that looks for something rare."""
COUNT_FACTORS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0)
"""Counts of the table, as multiples of the rule's own."""


@dataclass(frozen=True)
class FalseTrigger:
    """One cell of the table beside the dial."""

    ppv: float
    """Share of verified and attributed reports that blame the right side for something that happened."""
    more_than: int
    """K: the rule answers to more than this many."""
    window_days: int
    reports_per_day: float
    """Verified and attributed reports a day, right and wrong, that blame one side."""
    chance: float
    """Of at least one false trigger within a year."""


def list_false_triggers(
    reports_per_day: float, *, ppvs: Sequence[float], counts: Sequence[int], window_days: int
) -> tuple[FalseTrigger, ...]:
    """Return the chance of a false trigger within a year for each PPV and each K.

    reports_per_day: verified and attributed reports against one side. ppvs: 0 to 1. counts: K, 0 or more.
    """
    return tuple(
        FalseTrigger(
            ppv,
            more_than,
            window_days,
            reports_per_day,
            false_trigger_chance(reports_per_day * (1.0 - ppv), more_than=more_than, window_days=window_days),
        )
        for ppv in ppvs
        for more_than in counts
    )


def false_trigger_chance(
    false_per_day: float, *, more_than: int, window_days: int, days: int = DAYS_OF_YEAR
) -> float:
    """Return the chance that some window of `window_days` holds more than `more_than` false reports.

    P(at least one) = 1 - F(K; m) * exp(-(K + 1 - m)/(K + 1) * false_per_day * (days - window) * f(K; m)) with
    m = false_per_day * window and F, f of the Poisson distribution: Alm's approximation for the largest count
    in a window that slides over a Poisson process (Alm 1983; Glaz, Naus and Wallenstein 2001; general). It is
    good where m is below K and fails above; there the windows that do not overlap, 1 - F(K; m)^(days/window),
    are the better bound from below, and the larger of the two is returned.

    Raises ValueError for a negative rate, a negative count, or a window outside 1 to `days`.
    """
    if not (false_per_day >= 0 and more_than >= 0 and 1 <= window_days <= days):
        raise ValueError("a rate of 0 or more, a count of 0 or more and a window within the days are needed")
    mean = false_per_day * window_days
    if mean == 0:
        return 0.0
    weights = [_poisson(count, mean) for count in range(more_than + 1)]
    room = max(0.0, (more_than + 1 - mean) / (more_than + 1))
    below = min(1.0, math.fsum(weights))
    quiet = below * math.exp(-room * false_per_day * (days - window_days) * weights[-1])
    apart = below ** (days // window_days)
    return min(1.0, max(0.0, 1.0 - min(quiet, apart)))


def _poisson(count: int, mean: float) -> float:
    return math.exp(count * math.log(mean) - mean - math.lgamma(count + 1))


@dataclass(frozen=True)
class TriggerReading:
    """The trigger rule in the simulation, and the table of noise beside it."""

    more_than: int
    window_days: int
    reports_per_day: float
    """Verified and attributed reports a day against one side: the middle of the replicates."""
    ppv: float
    """Share of them that is right, in the middle replicate; NaN where there are none."""
    simulated_share: float
    """Replicates with at least one false trigger within the days simulated."""
    simulated_per_year: float
    """False triggers a year, mean over replicates."""
    n_days: int
    table: tuple[FalseTrigger, ...]


def read_triggers(summary: Summary, settings: Settings) -> TriggerReading:
    """Return how often the rule of the settings fired on noise, and the table over PPV and K around it."""
    from truceline.simulate.summary import SUMMARY_MEASURE

    bands = summary.bands()
    blamed = bands["n_attributed"].median + bands["n_false_attributed"].median
    wrong = bands["n_attributed_wrong"].median + bands["n_false_attributed"].median
    more_than, window = int(settings.constant("trigger_count")), int(settings.constant("trigger_days"))
    per_day = blamed / summary.n_days / N_SIDES if math.isfinite(blamed) else 0.0
    counts = sorted({max(1, round(more_than * factor)) for factor in COUNT_FACTORS})
    above = summary.measures.share_above(0.0)
    return TriggerReading(
        more_than=more_than,
        window_days=window,
        reports_per_day=per_day,
        ppv=1.0 - wrong / blamed if blamed > 0 else math.nan,
        simulated_share=float(above[SUMMARY_MEASURE["n_false_triggers"]]),
        simulated_per_year=bands["n_false_triggers"].mean * DAYS_OF_YEAR / summary.n_days,
        n_days=summary.n_days,
        table=list_false_triggers(per_day, ppvs=PPVS, counts=counts, window_days=window),
    )
