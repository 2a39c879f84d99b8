"""Inspection games: what scarce visits are worth, and how much detection deters.

Unitless. Two players who know each other's options; no claim that a real party reasons like this.

Sources: Dresher (1962); von Stengel, *Mathematics of Operations Research* 41 (2016) 935; Avenhaus, von
Stengel and Zamir for the leadership form.
"""

from __future__ import annotations

import math


def dresher_value(n_periods: int, n_inspections: int) -> float:
    """Return C(n-1, m)/sum_{i<=m} C(n, i), the inspectee's value over n periods, m inspections.

    Test vectors M1, M2.
    """
    total = sum(math.comb(n_periods, i) for i in range(n_inspections + 1))
    return math.comb(n_periods - 1, n_inspections) / total


def deterring_detection(gain: float, sanction: float, p_attribution: float) -> float:
    """Return the least P_detect at which violating stops paying: b/(b + c)/P_attribution (vector M3).

    A violation pays while b (1 - q) - c q > 0 with q = P_detect x P_attribution. A result above 1 says that
    no detection deters at that attribution.
    """
    return gain / (gain + sanction) / p_attribution
