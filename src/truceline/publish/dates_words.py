"""Words for days: a date with its band and its mark, `never` with the days looked at.

Formats only. A date that rests on sizes nobody stated is marked here, for the page and the terminal alike.
"""

from __future__ import annotations

import math

from truceline.deployment.draws import DayBand
from truceline.publish.sizes import ABOUT

NEVER = "never"
ALL_THERE = "all who come are there"
"""Said of a week in which nobody is waited for: it need not be the whole force."""
MIDDLE = "every lead time, load and capacity at its middle"
"""What a day without a band means."""
WHY_LATER = (
    "Draws come later than the middle: lead times may stretch far more than they may shrink, and the last of"
    " many counts."
)


def say_day(day: float | None, *, is_ours: bool, about: str = ABOUT) -> str:
    """Return a day, marked where it rests on sizes nobody stated."""
    if day is None or not math.isfinite(day):
        return NEVER
    return f"{about if is_ours else ''}{day:,.0f}"


def say_band(band: DayBand | None, dash: str = "\N{EN DASH}") -> str:
    """Return where eight tenths of the draws lie; an end that is never reached says so."""
    if band is None:
        return ""
    if not math.isfinite(band.p10):
        return NEVER
    return f"{band.p10:,.0f}{dash}{say_day(band.p90, is_ours=False)}"


def say_never_share(band: DayBand | None) -> str:
    """Return how many of the draws never get there; empty where all do."""
    if band is None or band.never_share <= 0:
        return ""
    if band.never_share >= 1:
        return "in no draw"
    share = min(max(band.never_share, 0.01), 0.99)
    return f"not in {share:.0%} of draws".replace("%", " %")
