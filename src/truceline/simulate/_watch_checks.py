"""Check plain arrays before they become a watch: shapes, chances of 0 to 1, weights, nesting.

Every function notes what is wrong and returns something of the right shape: all problems are gathered.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truceline.errors import ProblemList

FloatArray = NDArray[np.float64]

MEASURES = ("detect", "verify", "attribute")
"""The three questions, from the easiest to the hardest."""
MOST_BINS = 20_000
"""More bins would need more memory than they are worth: 15 chances of each, three times."""
_NESTED_SLACK = 1e-9


def check_chances(name: str, values: ArrayLike, shape: tuple[int, ...], problems: ProblemList) -> FloatArray:
    """Return chances spread to every bin, state and rung; noughts where they cannot be."""
    given = np.asarray(values, dtype=float)
    try:
        spread = np.array(np.broadcast_to(given, shape))
    except ValueError:
        problems.add(name, f"has the shape {given.shape}", f"give what spreads to {shape}")
        return np.zeros(shape)
    wrong = ~((spread >= 0.0) & (spread <= 1.0))
    if wrong.any():
        first = spread[wrong][0]
        problems.add(name, f"{int(wrong.sum()):,} chances are not 0 to 1, such as {first:g}", "mend them")
        return np.zeros(shape)
    return spread


def check_weights(name: str, values: ArrayLike, n: int, problems: ProblemList) -> FloatArray:
    """Return weights that sum to one."""
    given = np.asarray(values, dtype=float)
    if given.shape != (n,):
        problems.add(name, f"has the shape {given.shape}", f"give {n} weights")
    elif not (np.isfinite(given).all() and (given >= 0.0).all() and given.sum() > 0.0):
        problems.add(name, "has weights below nought or none above it", "give shares of nought or more")
    else:
        return np.asarray(given / given.sum())
    return np.full(n, 1.0 / n)


def check_coordinates(
    name: str, values: ArrayLike, shape: tuple[int, ...], problems: ProblemList
) -> FloatArray:
    """Return finite numbers of a shape; noughts where they are not."""
    given = np.array(values, dtype=float)
    if given.shape != shape or not np.isfinite(given).all():
        problems.add(name, f"has the shape {given.shape} or gaps", f"give finite numbers of shape {shape}")
        return np.zeros(shape)
    return given


def check_nested(three: Sequence[FloatArray], problems: ProblemList) -> None:
    """Note where detect, verify and attribute, in this order, are not each within the last."""
    for easier, harder, low, high in (("detect", "verify", 0, 1), ("verify", "attribute", 1, 2)):
        over = int((three[high] > three[low] + _NESTED_SLACK).sum())
        if over:
            problems.add(
                harder,
                f"is above {easier} in {over:,} places",
                "give unconditional chances, each within the last",
            )
