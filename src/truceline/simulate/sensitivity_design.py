"""The replicates behind sensitivity: one assumption at a time, and Saltelli's design with luck as an axis.

Draws only, in the units of the assumptions; nothing is simulated here. Replicates of the same number have the
same luck, so which numbers a block has decides which dice it throws.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from truceline.simulate.catalogue import PREFIX
from truceline.simulate.parameters import HELD, PARAMETERS, Draws, lower_branching, stretch

if TYPE_CHECKING:
    from truceline.scenario.assumption import AssumptionSet

Floats = npt.NDArray[np.float64]


def make_tornado(
    assumptions: AssumptionSet,
    free: Sequence[str],
    fixed: Mapping[str, float],
    cap: float | None,
    n: int,
) -> list[Draws]:
    """Return the centre, then for each free assumption its low and its high end; all with the same luck."""
    names = (*PARAMETERS, *HELD)
    centre = {name: fixed.get(name, assumptions.value(PREFIX + name)) for name in names}
    changes: list[dict[str, float]] = [{}]
    for name in free:
        low, high = assumptions[PREFIX + name].bounds
        changes += [{name: low}, {name: high}]
    return [
        _make_draws({name: np.full(n, value) for name, value in {**centre, **change}.items()}, 0, cap)
        for change in changes
    ]


def make_sobol(
    assumptions: AssumptionSet,
    free: Sequence[str],
    fixed: Mapping[str, float],
    cap: float | None,
    n: int,
    seed: int,
) -> list[Draws]:
    """Return blocks A, then A with one axis of B for each axis (luck last), then B (Saltelli's design).

    Luck is which replicates are run: A has numbers 0 to n - 1, B has n to 2 n - 1.
    """
    from SALib.sample import sobol

    d = len(free)
    problem = {"num_vars": d, "names": list(free), "bounds": [[0.0, 1.0]] * d}
    rows = sobol.sample(problem, n, calc_second_order=False, seed=seed + 1)
    rows = np.asarray(rows).reshape(n, d + 2, d)
    a, b = rows[:, 0], rows[:, -1]

    def block(points: Floats, first: int) -> Draws:
        names = (*PARAMETERS, *HELD)
        values = {
            name: np.full(n, float(fixed.get(name, assumptions.value(PREFIX + name)))) for name in names
        }
        for axis, name in enumerate(free):
            values[name] = stretch(points[:, axis], assumptions[PREFIX + name].bounds, name)
        return _make_draws(values, first, cap)

    mixed = [block(rows[:, 1 + axis], 0) for axis in range(d)]
    return [block(a, 0), *mixed, block(a, n), block(b, n)]


def _make_draws(values: dict[str, Floats], first: int, cap: float | None) -> Draws:
    """Return draws with the branching ratio lowered to the cap, where one was given."""
    n_capped = lower_branching(values, cap)
    return Draws(values, first, n_capped)
