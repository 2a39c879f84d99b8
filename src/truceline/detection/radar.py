"""Radar: horizon, Swerling 1 detection, and how range follows echo area and rain.

Metres; signal-to-noise ratios linear unless a name ends in `_db`; functions broadcast. One look only:
how often looks come, and that a radar sees only what moves, is decided in `performance`.

Sources: radar equation and Swerling 1 with a square-law detector (standard texts); 4/3-earth horizon.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from ._arrays import FloatArray, FloatInput, as_floats

EARTH_RADIUS_M = 6_371_000.0
"""Mean radius of the earth, IUGG."""
RADAR_EARTH_FACTOR = 4.0 / 3.0
"""Effective earth radius for radio waves over true radius: standard atmosphere (ITU-R P.834 and radar
texts)."""


def radar_horizon_m(
    antenna_height_m: FloatInput, target_height_m: FloatInput, *, earth_factor: float = RADAR_EARTH_FACTOR
) -> FloatArray:
    """Return the sum of sqrt(2 k R h + h^2) for both heights above a smooth earth (vectors F1 and F2)."""
    radius_m = earth_factor * EARTH_RADIUS_M
    antenna, target = as_floats(antenna_height_m), as_floats(target_height_m)
    return as_floats(
        np.sqrt(2 * radius_m * antenna + antenna**2) + np.sqrt(2 * radius_m * target + target**2)
    )


def detect_swerling1(p_false_alarm: FloatInput, snr: FloatInput) -> FloatArray:
    """Return Pd = Pfa^(1/(1+SNR)) for a fluctuating target, one pulse, linear SNR (vector F3)."""
    return as_floats(as_floats(p_false_alarm) ** (1 / (1 + as_floats(snr))))


def snr_for_detection(p_false_alarm: FloatInput, p_detect: FloatInput) -> FloatArray:
    """Return the linear SNR at which Swerling 1 gives `p_detect`: ln Pfa/ln Pd - 1 (12.8 dB at 1e-6, 0.5)."""
    return as_floats(np.log(as_floats(p_false_alarm)) / np.log(as_floats(p_detect)) - 1)


def detect_at_range_ratio(
    p_false_alarm: FloatInput, p_at_reference: FloatInput, ratio: FloatInput
) -> FloatArray:
    """Return Pd at `ratio` times the reference range, SNR falling as R^-4 (vector F4); 1 at ratio 0."""
    reference = snr_for_detection(p_false_alarm, p_at_reference)
    with np.errstate(divide="ignore"):
        snr = reference / as_floats(ratio) ** 4
    return detect_swerling1(p_false_alarm, snr)


def scale_range_by_echo(
    range_m: FloatInput, echo_reference_m2: FloatInput, echo_m2: FloatInput
) -> FloatArray:
    """Return R (sigma/sigma_ref)^(1/4): range for another echo area (vector F5)."""
    return as_floats(as_floats(range_m) * (as_floats(echo_m2) / as_floats(echo_reference_m2)) ** 0.25)


def shorten_range_by_rain(range_clear_m: FloatInput, two_way_loss_db_per_m: FloatInput) -> FloatArray:
    """Return R with 40 log10(R/R0) + a R = 0, by Lambert's W (vector F6)."""
    clear = as_floats(range_clear_m)
    # 40 log10 e: 40 log10(R/R0) in natural logarithms
    rate = as_floats(two_way_loss_db_per_m) / (40 * np.log10(np.e))
    with np.errstate(divide="ignore", invalid="ignore"):
        shortened = np.real(special.lambertw(rate * clear)) / rate
    return as_floats(np.where(rate > 0, shortened, clear))
