"""A made truth for the tests of observing and rehearsing: incidents at a known rate, with known luck."""

from __future__ import annotations

from typing import Any

import numpy as np

from truceline.simulate.observing_ground import ObservedGround
from truceline.simulate.true_incidents import TrueIncidents


def make_truth(
    ground: ObservedGround,
    *,
    n_days: int = 60,
    per_day: float = 8.0,
    false_per_day: float = 0.5,
    wrong_side: float = 0.1,
    seed: int = 1,
    **columns: Any,
) -> TrueIncidents:
    """Return Poisson incidents along the line, noticed with the chances of its watch by day.

    A keyword of the name of a column stands for the whole of it.
    """
    rng = np.random.default_rng(seed)
    watch = ground.watch
    n_true, n_false = rng.poisson(per_day * n_days), rng.poisson(false_per_day * n_days)
    n = n_true + n_false
    time = np.sort(rng.uniform(0.0, n_days, n))
    is_false = np.zeros(n, dtype=bool)
    is_false[rng.choice(n, n_false, replace=False)] = True
    km, side = rng.uniform(0.0, watch.length_km, n), rng.integers(0, 2, n)
    rung = rng.integers(0, 5, n)
    at, luck = ground.bin_of(km), rng.random(n)
    detected = is_false | (luck < watch.p_detect[at, 0, rung])
    verified = ~is_false & (luck < watch.p_verify[at, 0, rung])
    attributed = ~is_false & (luck < watch.p_attribute[at, 0, rung])
    named = np.where(rng.random(n) < wrong_side, 1 - side, side)
    made = {
        "number": np.arange(n),
        "time": time,
        "km": km,
        "side": side,
        "rung": rung,
        "size": 1 + rng.poisson(6, n),
        "is_false": is_false,
        "detected": detected,
        "verified": verified,
        "attributed": attributed,
        "named_side": np.where(attributed, named, -1),
        "key": rng.integers(0, 2**63, n).astype(np.uint64),
    }
    chosen = {name: columns.get(name, values) for name, values in made.items()}
    return TrueIncidents(**{name: np.broadcast_to(values, (n,)) for name, values in chosen.items()})
