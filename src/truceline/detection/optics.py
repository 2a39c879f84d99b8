"""Cameras and eyes: target transfer, Johnson ranges, haze and search inside one field of view.

Metres unless a name says otherwise; probabilities in [0, 1]; functions broadcast. Planning accuracy only
(ranges to about +-30 %): modern sampled imagers need the TTP metric, which is not here.

Sources: Johnson (1958); ACQUIRE's target transfer probability function, E = 2.7 + 0.7 N/N50, checked against
the multipliers of the DRS white paper "The Truth About Range Data"; Koschmieder (1924), 2 % contrast.
"""

from __future__ import annotations

import numpy as np

from ._arrays import FloatArray, FloatInput, as_floats

TTPF_EXPONENT_BASE = 2.7
"""E = 2.7 + 0.7 x; ACQUIRE model, general knowledge checked against the DRS multipliers."""
TTPF_EXPONENT_SLOPE = 0.7
"""See TTPF_EXPONENT_BASE."""
KOSCHMIEDER_CONTRAST = 3.912
"""-ln(0.02): extinction times visibility at the 2 % contrast threshold (Koschmieder 1924)."""
SEARCH_TIME_CONSTANT_S = 3.4
"""Time constant of search in one field of view, NVESD search model (general)."""


def transfer_target(cycles_ratio: FloatInput) -> FloatArray:
    """Return P = x^E/(1 + x^E), E = 2.7 + 0.7 x, x = N/N50 (vectors E1 to E4); 0 at x = 0, 1 at x = inf."""
    x = np.clip(as_floats(cycles_ratio), 0, None)
    # above x = 30, P differs from 1 by less than 1e-35, and x^E would overflow
    x = np.minimum(x, 30.0)
    power = x ** (TTPF_EXPONENT_BASE + TTPF_EXPONENT_SLOPE * x)
    return as_floats(power / (1 + power))


def johnson_range_m(
    target_height_m: FloatInput, target_width_m: FloatInput, cycles: FloatInput, ifov_rad: FloatInput
) -> FloatArray:
    """Return R = sqrt(h w)/(2 N IFOV): N cycles over the critical dimension.

    Test vector E5; IFOV = pitch/focal.
    """
    critical_m = np.sqrt(as_floats(target_height_m) * as_floats(target_width_m))
    return as_floats(critical_m / (2 * as_floats(cycles) * as_floats(ifov_rad)))


def transmit_through_haze(visibility_m: FloatInput, range_m: FloatInput) -> FloatArray:
    """Return exp(-3.912 R/V): contrast left at R in meteorological visibility V (vector E6)."""
    return as_floats(np.exp(-KOSCHMIEDER_CONTRAST * as_floats(range_m) / as_floats(visibility_m)))


def search_field_of_view(p_final: FloatInput, duration_s: FloatInput) -> FloatArray:
    """Return P(t) = Pinf (1 - exp(-Pinf t / 3.4 s)), meant for Pinf up to 0.9 (vector E7)."""
    final = as_floats(p_final)
    return as_floats(final * -np.expm1(-final * as_floats(duration_s) / SEARCH_TIME_CONSTANT_S))
