"""Sound of shots and bursts: level at a distance, chance to hear it, shadow upwind and bias of ranging.

Levels in dB, distances in metres; functions broadcast. Ground, wind and barriers enter only as one excess
loss and one spread: the wind turns with height, so "upwind" means little beyond about 3 km (Noble, ASA 1994).

Sources: spherical spreading with the parts of ISO 9613-2; the signal-excess model (Washburn; Urick); shadow
distance from linear-gradient ray theory (Piercy, Embleton and Sutherland 1977).
"""

from __future__ import annotations

import numpy as np
from scipy import special

from ._arrays import FloatArray, FloatInput, as_floats
from .looks import exceed_threshold

SPREADING_DB_PER_DECADE = 20.0
"""Spherical spreading: pressure falls as 1/r."""


def received_level_db(
    source_db: FloatInput,
    reference_m: FloatInput,
    absorption_db_per_m: FloatInput,
    excess_db: FloatInput,
    range_m: FloatInput,
) -> FloatArray:
    """Return L0 - 20 log10(r/r0) - alpha (r - r0) - A_excess (vector H1)."""
    r, r0 = as_floats(range_m), as_floats(reference_m)
    spreading = SPREADING_DB_PER_DECADE * np.log10(r / r0)
    return as_floats(
        as_floats(source_db) - spreading - as_floats(absorption_db_per_m) * (r - r0) - as_floats(excess_db)
    )


def hear(
    level_db: FloatInput, noise_db: FloatInput, threshold_db: FloatInput, sigma_db: FloatInput
) -> FloatArray:
    """Return Phi((L - N - DT)/sigma) (vector H2)."""
    return exceed_threshold(as_floats(level_db) - as_floats(noise_db) - as_floats(threshold_db), sigma_db)


def half_hearing_range_m(
    source_db: FloatInput,
    reference_m: FloatInput,
    absorption_db_per_m: FloatInput,
    excess_db: FloatInput,
    noise_db: FloatInput,
    threshold_db: FloatInput,
) -> FloatArray:
    """Return the range where the level equals noise plus threshold, by Lambert's W (vector H3)."""
    r0, alpha = as_floats(reference_m), as_floats(absorption_db_per_m)
    budget = as_floats(source_db) - as_floats(excess_db) - as_floats(noise_db) - as_floats(threshold_db)
    decade = SPREADING_DB_PER_DECADE * np.log10(np.e)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = alpha / decade
        lossy = np.real(special.lambertw(rate * r0 * np.exp((budget + alpha * r0) / decade))) / rate
    return as_floats(np.where(alpha > 0, lossy, r0 * np.exp(budget / decade)))


def hear_from_half_range(
    half_range_m: FloatInput, distance_m: FloatInput, absorption_db_per_m: FloatInput, sigma_db: FloatInput
) -> FloatArray:
    """Return Phi(SE/sigma), SE = 20 log10(R50/r) + alpha (R50 - r): one look per event; 1 at r = 0.

    The source level, excess loss and noise cancel because R50 is the range where they balance.
    """
    half, r = as_floats(half_range_m), as_floats(distance_m)
    with np.errstate(divide="ignore"):
        spreading = SPREADING_DB_PER_DECADE * np.log10(half / r)
    return exceed_threshold(spreading + as_floats(absorption_db_per_m) * (half - r), sigma_db)


def upwind_shadow_m(
    sound_speed_m_per_s: FloatInput,
    gradient_per_s: FloatInput,
    source_height_m: FloatInput,
    receiver_height_m: FloatInput,
) -> FloatArray:
    """Return sqrt(2c/|g|)(sqrt(hs) + sqrt(hr)): where the upwind shadow begins (vector H4)."""
    bend = np.sqrt(2 * as_floats(sound_speed_m_per_s) / np.abs(as_floats(gradient_per_s)))
    return as_floats(bend * (np.sqrt(as_floats(source_height_m)) + np.sqrt(as_floats(receiver_height_m))))


def wind_bias_m(range_m: FloatInput, wind_m_per_s: FloatInput, sound_speed_m_per_s: FloatInput) -> FloatArray:
    """Return r w / c: first-order error of uncorrected sound ranging (vector H5)."""
    return as_floats(as_floats(range_m) * as_floats(wind_m_per_s) / as_floats(sound_speed_m_per_s))
