"""Lend an array to compiled code without counting who holds it.

numba counts the holders of every array, with an atomic step each time one is handed on; in the loop over
incidents that took two thirds of the time. A lent array is not counted, so whoever lends it must hold the
original until the borrower is done. For `_kernels` alone.
"""

# mypy: allow-untyped-decorators

from __future__ import annotations

from typing import Any

from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from truceline.simulate._layout import Places, Rows, Rules, Sums


def _lend(typing_context: Any, array: types.Array) -> Any:
    """Return the same array without a holder; the caller keeps the original alive."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        lent = context.make_array(signature.return_type)(context, builder, arguments[0])
        nobody: Any = cgutils.get_null_value
        lent.meminfo = nobody(lent.meminfo.type)
        lent.parent = nobody(lent.parent.type)
        return lent._getvalue()

    return array(array), generate


lend: Any = intrinsic(_lend)
"""lend(array), in compiled code."""


@njit(cache=True, nogil=True, forceinline=True)
def lend_places(places):  # type: ignore[no-untyped-def]
    """Return the places without counting who holds them."""
    return Places(
        places.bin_km,
        places.n_bins,
        lend(places.where),
        lend(places.guide),
        lend(places.seen),
        lend(places.least),
        lend(places.least_state),
        lend(places.sector),
        places.p_bad,
        places.dark,
        places.verifies,
    )


@njit(cache=True, nogil=True, forceinline=True)
def lend_rules(rules):  # type: ignore[no-untyped-def]
    """Return the rules without counting who holds them."""
    return Rules(
        rules.n_days,
        rules.in_flight_max,
        rules.day_incidents_max,
        rules.seed,
        lend(rules.dial),
        lend(rules.horizons),
        lend(rules.count_edges),
    )


@njit(cache=True, nogil=True, forceinline=True)
def lend_sums(sums):  # type: ignore[no-untyped-def]
    """Return the sums without counting who holds them."""
    return Sums(
        lend(sums.measures),
        lend(sums.day_sums),
        lend(sums.day_counts),
        lend(sums.survival),
        lend(sums.survival_strict),
        lend(sums.survival_counts),
        lend(sums.ladder),
        lend(sums.chains),
        lend(sums.by_rung),
        lend(sums.by_sector),
    )


@njit(cache=True, nogil=True, forceinline=True)
def lend_rows(rows):  # type: ignore[no-untyped-def]
    """Return the rows without counting who holds them."""
    return Rows(lend(rows.key), lend(rows.parent), lend(rows.root), lend(rows.real), lend(rows.whole))
