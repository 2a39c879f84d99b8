"""Array types and quadrature nodes shared by the detection modules: float64, unitless; no models here."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
FloatInput = ArrayLike


def as_floats(values: ArrayLike) -> FloatArray:
    """Return `values` as a float64 array of any shape (0-d for a number)."""
    return np.asarray(values, dtype=np.float64)


@cache
def gauss_nodes(n_nodes: int) -> tuple[FloatArray, FloatArray]:
    """Return Gauss-Legendre nodes and weights on [-1, 1], computed once (read-only)."""
    nodes, weights = np.polynomial.legendre.leggauss(n_nodes)
    nodes.setflags(write=False)
    weights.setflags(write=False)
    return nodes, weights
