"""Array types shared by the detection modules: float64 in, float64 out; no computation here."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
FloatInput = ArrayLike


def as_floats(values: ArrayLike) -> FloatArray:
    """Return `values` as a float64 array of any shape (0-d for a number)."""
    return np.asarray(values, dtype=np.float64)
