"""The line that every simulation is measured on: 1,068 km in bins of a kilometre, ten sectors, from a seed.

About as well watched as the packaged case by observers with protection on both sides: small arms worse than
shells, bad weather worst, places uneven. Nothing is read, so that peers in their own processes get the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np

N_BINS, N_SECTORS = 1068, 10
SEED = 7
BY_RUNG = {
    "detect": (0.67, 0.94, 0.97, 0.98, 0.98),
    "verify": (0.40, 0.77, 0.90, 0.94, 0.94),
    "attribute": (0.10, 0.20, 0.25, 0.30, 0.30),
}
"""Of a mean place, day and night."""
BY_STATE = (1.0, 1.05, 0.35)
"""Means at work in clear days, clear nights and bad weather."""
STATE_SHARE = (0.45, 0.40, 0.15)


def make_arrays(n_bins: int = N_BINS) -> dict[str, Any]:
    """Return the arguments of `make_watch` as plain arrays; `attribute` within `verify` within `detect`."""
    rng = np.random.default_rng(SEED)
    n_sectors = min(N_SECTORS, n_bins)
    means = rng.gamma(6.0, 1.0 / 6.0, n_bins)[:, None, None] * np.array(BY_STATE)[None, :, None]
    chances = {
        name: 1.0 - (1.0 - np.array(shares)[None, None, :]) ** means for name, shares in BY_RUNG.items()
    }
    where = rng.gamma(2.0, 0.5, n_bins)
    return {
        **chances,
        "n_bins": n_bins,
        "bin_km": N_BINS / n_bins,
        "where": where / where.sum(),
        "state_share": STATE_SHARE,
        "sectors": [f"S{1 + sector:02d}" for sector in np.arange(n_bins) * n_sectors // n_bins],
        "label": "a made line",
    }


def central_values() -> dict[str, float]:
    """Return the value of every record of the ceasefire by its short name."""
    from truceline.simulate.catalogue import PREFIX, load_ceasefire_assumptions

    return {
        name.removeprefix(PREFIX): record.value
        for name, record in load_ceasefire_assumptions().items()
        if name.startswith(PREFIX)
    }
