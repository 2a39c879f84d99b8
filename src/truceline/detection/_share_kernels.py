"""Compiled loop that writes each owner's part of the rate field: metres, 1/s; plain arrays in and out.

Its judge is `rate_fields` of each owner alone. No checks here.
"""

# mypy: allow-untyped-decorators

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from truceline.detection._kernels import interpolate

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Longs = NDArray[np.int64]


@njit(cache=True)
def fill_rates(
    observer: Longs,
    sensor: Longs,
    weight: Floats,
    first_entry: Longs,
    pair_indptr: Longs,
    pair_distance_m: Singles,
    visible: Singles,
    height_slot: Longs,
    values: Singles,
    reach_m: Floats,
    horizon_m: Floats,
    rows: Longs,
    n_states: int,
    rate: Floats,
) -> None:
    """Add weight x v x gamma of every means to the entries of its owner, `rate` (row of `rows`, entry).

    first_entry: where the entries of each means' owner start; they follow the pairs of its observer.
    """
    for i in range(len(observer)):
        s = sensor[i]
        start = pair_indptr[observer[i]]
        for pair in range(start, pair_indptr[observer[i] + 1]):
            distance_m = float(pair_distance_m[pair])
            for k in range(len(rows)):
                row = rows[k]
                kind = row // n_states
                if reach_m[s, row] <= 0.0 or distance_m > min(reach_m[s, row], horizon_m[i, kind]):
                    continue
                added = weight[i] * interpolate(values[s, row], reach_m[s, row], distance_m)
                slot = height_slot[s, kind]
                if slot >= 0:
                    added *= visible[slot, pair]
                rate[k, first_entry[i] + pair - start] += added
