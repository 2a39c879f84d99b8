"""Slow readable twin of `endurance`: plays a rotation through, relief by relief. People and months."""

from __future__ import annotations

import math
from fractions import Fraction

TOURS_MAX = 200
"""Reliefs after which a rotation is taken to last: it repeats itself long before."""


def play_rotation(deployed: int, pool: int, tour_months: Fraction, dwell_months: Fraction) -> float:
    """Return the month of the first relief with fewer than `deployed` people rested; inf without one.

    At each relief those in the field go home and the longest rested go out.
    """
    if deployed == 0:
        return math.inf
    home: list[tuple[Fraction, int]] = [(Fraction(0), pool)]
    """(month from which they are rested, people), in the order of months."""
    for relief in range(TOURS_MAX):
        now = relief * tour_months
        wanted, left = deployed, []
        for rested_from, people in home:
            goes = min(people, wanted) if rested_from <= now else 0
            wanted -= goes
            if people > goes:
                left.append((rested_from, people - goes))
        if wanted:
            return float(now)
        home = [*left, (now + tour_months + dwell_months, deployed)]
    return math.inf
