"""Regimes of reporting: where sources dropped out, came in or began to repeat themselves.

Counts are compared only within a regime. What tells one is never the number of incidents, which is what
changes with the fighting, but how many sources speak and how often they repeat themselves. A new regime is
known only when it has lasted; no later day is used. Units are those of the indicators, days otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from truceline.events.catalogue import load_watching_assumptions
from truceline.scenario.assumption import AssumptionSet

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]

_QUARTILES = (0.25, 0.5, 0.75)


def find_regimes(indicators: pd.DataFrame, *, assumptions: AssumptionSet | None = None) -> pd.Series:
    """Return the number of the regime as known on each day, from 0, indexed as `indicators`.

    indicators: one row a day, one positive column each, as the number of sources that spoke and the rows
    read for each different report; NaN is unknown. A new regime is known on the first day on which all three
    quartiles of the last `regime.confirm` days lie above, or all below, those of up to `regime.reference`
    days before them by more than the factor `regime.shift_ratio`, in any column. Three quartiles, because a
    weekend with a holiday beside it moves the median of a week and not its best days. Days before the last
    change are not looked at again.
    """
    import pandas as pd

    records = assumptions or load_watching_assumptions()
    confirm, reference = int(records.value("regime.confirm")), int(records.value("regime.reference"))
    limit = np.log(records.value("regime.shift_ratio"))
    with np.errstate(divide="ignore"):
        logs = np.log(indicators.to_numpy(dtype=np.float64))
    logs[~np.isfinite(logs)] = np.nan
    numbers = np.zeros(len(logs), dtype=np.int64)
    began, number = 0, 0
    for row in range(len(logs)):
        recent = logs[max(row + 1 - confirm, 0) : row + 1]
        before = logs[max(row + 1 - confirm - reference, began) : max(row + 1 - confirm, 0)]
        if len(before) >= confirm and _is_shift(recent, before, limit, confirm):
            began, number = row + 1 - confirm, number + 1
        numbers[row] = number
    return pd.Series(numbers, index=indicators.index, name="regime")


def _is_shift(recent: FloatArray, before: FloatArray, limit: float, least: int) -> bool:
    """Tell whether any column with enough known days moved by more than `limit` (logarithm)."""
    for new, old in zip(recent.T, before.T, strict=True):
        new, old = new[np.isfinite(new)], old[np.isfinite(old)]
        if 2 * len(new) <= least or len(old) < least:
            continue
        moved = np.quantile(new, _QUARTILES) - np.quantile(old, _QUARTILES)
        if (moved > limit).all() or (moved < -limit).all():
            return True
    return False
