"""Looks in time: from one glimpse or a glimpse rate to the probability that something is noticed.

Probabilities in [0, 1]; rates and times in any one unit of time, named in the arguments. All functions
take and return arrays that broadcast. They assume looks independent of each other: a target that cannot
be seen at all is not handled by a smaller glimpse probability but by a share outside these laws.

Sources: Koopman, *Search and Screening* (1946/1980); Washburn, *Search and Detection*, ch. 2.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from ._arrays import FloatArray, FloatInput, as_floats


def combine_glimpses(p_glimpse: FloatInput, n_glimpses: FloatInput) -> FloatArray:
    """Return 1 - (1 - g)^n: at least one of `n_glimpses` independent glimpses succeeds (vector A1)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        log_miss = as_floats(n_glimpses) * np.log1p(-as_floats(p_glimpse))
    return as_floats(-np.expm1(np.where(as_floats(n_glimpses) == 0, 0.0, log_miss)))


def detect_continuously(rate_per_s: FloatInput, duration_s: FloatInput) -> FloatArray:
    """Return 1 - exp(-rate x duration): continuous looking at a constant rate (vector A2)."""
    return as_floats(-np.expm1(-as_floats(rate_per_s) * as_floats(duration_s)))


def detect_by_poisson_scan(
    scan_rate_per_h: FloatInput, p_scan: FloatInput, duration_h: FloatInput
) -> FloatArray:
    """Return 1 - exp(-scan rate x duration x p): scans at random times, thinned by success (vector A3)."""
    return as_floats(-np.expm1(-as_floats(scan_rate_per_h) * as_floats(duration_h) * as_floats(p_scan)))


def exceed_threshold(mean_excess_db: FloatInput, sigma_db: FloatInput) -> FloatArray:
    """Return Phi(excess / sigma): a normally fluctuating signal excess (dB) is positive.

    Test vector A4, sound H2.
    """
    return as_floats(special.ndtr(as_floats(mean_excess_db) / as_floats(sigma_db)))


def detect_m_of_n(p_look: FloatInput, n_needed: int, n_looks: int) -> FloatArray:
    """Return the binomial tail P(at least `n_needed` of `n_looks` succeed) (vectors A5 and I4)."""
    p = as_floats(p_look)
    if n_needed <= 0:
        return np.ones_like(p)
    if n_needed > n_looks:
        return np.zeros_like(p)
    return as_floats(special.bdtrc(n_needed - 1, n_looks, p))
