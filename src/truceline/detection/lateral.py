"""Lateral range curves and sweep widths: how wide a strip an observer, or a row of observers, covers.

Lengths in metres, speeds in metres per second, k in m^2/s; functions broadcast over arrays. Straight
passes at constant speed only; terrain enters elsewhere, as a factor.

Sources: Koopman's inverse-cube law (*Search and Screening*, 1946/1980); Eagle, OA3602 lecture notes ch. 5.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from ._arrays import FloatArray, FloatInput, as_floats

LN_2 = float(np.log(2.0))
"""Exponent at which a detection probability is one half."""


def inverse_cube_lateral_range(
    k_m2_per_s: FloatInput, height_m: FloatInput, speed_m_per_s: FloatInput, lateral_m: FloatInput
) -> FloatArray:
    """Return l(x) = 1 - exp(-2 k h / (u (h^2 + x^2))), noticed on a straight pass at x metres (vector B1)."""
    height = as_floats(height_m)
    exponent = (
        2
        * as_floats(k_m2_per_s)
        * height
        / (as_floats(speed_m_per_s) * (height**2 + as_floats(lateral_m) ** 2))
    )
    return as_floats(-np.expm1(-exponent))


def inverse_cube_strength_m2(
    k_m2_per_s: FloatInput, height_m: FloatInput, speed_m_per_s: FloatInput
) -> FloatArray:
    """Return m = 2 k h / u (m^2), so that l(x) is about 1 - exp(-m/x^2) when h is far below x."""
    return as_floats(2 * as_floats(k_m2_per_s) * as_floats(height_m) / as_floats(speed_m_per_s))


def sweep_width_from_strength(strength_m2: FloatInput) -> FloatArray:
    """Return W = 2 sqrt(pi m), the integral of 1 - exp(-m/x^2) over all x (vector B2)."""
    return as_floats(2 * np.sqrt(np.pi * as_floats(strength_m2)))


def strength_from_half_range(half_range_m: FloatInput) -> FloatArray:
    """Return m = R50^2 ln 2 (m^2): at lateral distance R50 half of the passes are noticed (vector B8)."""
    return as_floats(as_floats(half_range_m) ** 2 * LN_2)


def truncated_lateral_range(
    strength_m2: FloatInput, lateral_m: FloatInput, range_max_m: FloatInput
) -> FloatArray:
    """Return 1 - exp(-(m/x^2) sqrt(1 - x^2/Rmax^2)): the inverse cube cut off at Rmax (vector B9)."""
    x = as_floats(lateral_m)
    inside = np.clip(1 - (x / as_floats(range_max_m)) ** 2, 0, None)
    with np.errstate(divide="ignore"):
        exponent = np.where(inside > 0, as_floats(strength_m2) / x**2 * np.sqrt(inside), 0.0)
    return as_floats(-np.expm1(-exponent))


def triangular_sweep_width(p_centre: FloatInput, range_m: FloatInput) -> FloatArray:
    """Return W = p0 R for l(x) = p0 (1 - |x|/R) (vector B3)."""
    return as_floats(as_floats(p_centre) * as_floats(range_m))


def gaussian_sweep_width(p_centre: FloatInput, scale_m: FloatInput) -> FloatArray:
    """Return W = p0 s sqrt(pi) for l(x) = p0 exp(-(x/s)^2) (vector B4)."""
    return as_floats(as_floats(p_centre) * as_floats(scale_m) * np.sqrt(np.pi))


def cover_by_parallel_inverse_cube(width_m: FloatInput, spacing_m: FloatInput) -> FloatArray:
    """Return erf(sqrt(pi)/2 W/S): average crossing of a row of inverse-cube posts S apart (vector B5)."""
    return as_floats(special.erf(np.sqrt(np.pi) / 2 * as_floats(width_m) / as_floats(spacing_m)))


def cover_at_random(width_m: FloatInput, spacing_m: FloatInput) -> FloatArray:
    """Return 1 - exp(-W/S): the same effort laid out at random (vector B6)."""
    return as_floats(-np.expm1(-as_floats(width_m) / as_floats(spacing_m)))


def cover_without_overlap(width_m: FloatInput, spacing_m: FloatInput) -> FloatArray:
    """Return min(1, W/S): the same effort by definite-range means without overlap (vector B7)."""
    return as_floats(np.minimum(1.0, as_floats(width_m) / as_floats(spacing_m)))
