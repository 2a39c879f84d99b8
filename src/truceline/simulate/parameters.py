"""The numbers one replicate runs with: drawn from the ranges of the assumptions, held, or fixed by the user.

Each replicate takes one point of a scrambled Sobol sequence, so that replicate number i has the same
numbers whatever the chunks, the workers and the values that were fixed. What is a dial, a named baseline or a
declared rule is not drawn here: it belongs to the settings, and to the curve that is shown over it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from truceline.errors import Problem, ProblemList, ScenarioError
from truceline.scenario.assumption import AssumptionSet
from truceline.simulate.catalogue import PREFIX
from truceline.units import format_share, format_value

FloatArray = NDArray[np.float64]

PARAMETERS = (
    "background_rate",
    "background_cv",
    "n_self",
    "n_cross",
    "delay",
    "spread",
    "size_mean",
    "size_dispersion",
    "first_week_level",
    "return_time",
    "deliberate_share",
    "deterrence_threshold",
    "deterrence_width",
    "displaced_share",
    "p_consequence",
    "escalation_up",
    "clarification",
    "hr_monitor",
    "hazard_exponent",
    "hazard_shape",
    "false_report_rate",
    "wrong_side",
    "night_share",
)
"""What is drawn for each replicate, in the order of the axes of the sequence: new names go to the end, so
that a seed keeps its numbers. Names are those of the assumptions without `ceasefire.`."""

KIND_SHARES = (
    "kind_small_arms",
    "kind_mortar",
    "kind_tank_or_heavy",
    "kind_artillery",
    "kind_rocket_artillery",
)
"""Shares of the rungs at which background incidents begin, lightest first."""

HELD = ("escalation_stay", "displacement_reach", *KIND_SHARES)
"""One value for all replicates; the user may fix another."""

UNIFORM = frozenset({"deliberate_share", "p_consequence", "hazard_exponent", "night_share"})
"""Drawn evenly over their range; all others evenly in the logarithm (ceasefire.md section 6)."""

NOT_FIXED = MappingProxyType(
    {
        "minsk_hazard": "is a named baseline; both run side by side",
        "armistice_hazard": "is a named baseline; both run side by side",
        "hr_backstop": "is a dial: it is swept from 0.15 to 1.2 and never fixed",
        "trigger_response": "is a dial: it is swept from 0 to 1 and never fixed",
        "surge_multiple": "is a declared rule; it belongs to the settings",
        "surge_days": "is a declared rule; it belongs to the settings",
        "trigger_count": "is a declared rule; it belongs to the settings",
        "trigger_days": "is a declared rule; it belongs to the settings",
        "trigger_delay": "is a declared rule; it belongs to the settings",
    }
)
"""Assumptions of the ceasefire that are neither drawn nor held, and why."""

TINY = 1e-9
"""Stands for 'above zero' in the bounds of what is possible."""

POSSIBLE = MappingProxyType(
    {
        "background_rate": (0.0, 1e4),
        "background_cv": (0.0, 10.0),
        "n_self": (0.0, np.inf),
        "n_cross": (0.0, np.inf),
        "delay": (TINY, 1e4),
        "spread": (0.0, 1e4),
        "size_mean": (1.0, 1e4),
        "size_dispersion": (TINY, 1e6),
        "first_week_level": (0.0, 100.0),
        "return_time": (TINY, 1e6),
        "deliberate_share": (0.0, 1.0),
        "deterrence_threshold": (0.0, 1.0),
        "deterrence_width": (TINY, 10.0),
        "displaced_share": (0.0, 1.0),
        "p_consequence": (0.0, 1.0),
        "escalation_up": (0.0, 1.0),
        "clarification": (0.0, 1.0),
        "hr_monitor": (0.0, 10.0),
        "hazard_exponent": (-5.0, 5.0),
        "hazard_shape": (0.05, 10.0),
        "false_report_rate": (0.0, 1e4),
        "wrong_side": (0.0, 1.0),
        "night_share": (0.0, 1.0),
        "escalation_stay": (0.0, 1.0),
        "displacement_reach": (0.0, 1e5),
        **dict.fromkeys(KIND_SHARES, (0.0, 1.0)),
    }
)
"""Least and greatest value that means anything, in the unit of the assumption. The branching numbers have a
check of their own."""

N_REPLICATES_MAX = 2**30
"""Points of the sequence: as many as its thirty bits tell apart."""
N_LOOKED_AT = 4096
"""Draws looked at to say how many would never end."""

_NO_FIXED: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True)
class Draws:
    """The numbers of some replicates in a row."""

    values: dict[str, FloatArray]
    """For each name of `PARAMETERS` and `HELD` a value for each replicate, in the unit of the assumption."""
    first: int = 0
    """Number of the first of these replicates."""
    n_capped: int = 0
    """Replicates whose branching ratio was lowered to the cap that the user gave."""

    def __len__(self) -> int:
        return len(self.values[PARAMETERS[0]])

    def take(self, part: slice) -> Draws:
        """Return the replicates of a slice of step one; the count of capped ones is that of the whole."""
        start, _, step = part.indices(len(self))
        if step != 1:
            raise ValueError(f"a slice of step {step}; replicates are taken in a row")
        return Draws(
            {name: each[part] for name, each in self.values.items()}, self.first + start, self.n_capped
        )

    @property
    def branching(self) -> FloatArray:
        """Return each replicate's branching ratio: the spectral radius of its two-sided offspring matrix."""
        return self.values["n_self"] + self.values["n_cross"]

    def kind_shares(self) -> FloatArray:
        """Return the shares of the rungs at which background incidents begin: (replicate, rung)."""
        return np.stack([self.values[name] for name in KIND_SHARES], axis=1)


def draw_parameters(
    assumptions: AssumptionSet,
    *,
    first: int,
    n: int,
    seed: int,
    fixed: Mapping[str, float] = _NO_FIXED,
    cap_branching: float | None = None,
) -> Draws:
    """Return the numbers of replicates `first` to `first + n - 1`.

    Every replicate is one point of a Sobol sequence over `PARAMETERS`, scrambled by `seed` and stretched over
    the ranges. A fixed parameter keeps its axis, so that fixing one moves no other.
    cap_branching: where given, draws at which n_self + n_cross is larger have both lowered in proportion.

    Raises ScenarioError as `check_parameters` does, and where a draw would never end and no cap was given.
    """
    check_parameters(assumptions, fixed=fixed, cap_branching=cap_branching, first=first, n=n, seed=seed)
    points = _sobol_points(first, n, seed)
    values = {}
    for axis, name in enumerate(PARAMETERS):
        held = fixed.get(name)
        values[name] = (
            np.full(n, float(held))
            if held is not None
            else stretch(points[:, axis], assumptions[PREFIX + name].bounds, name)
        )
    for name in HELD:
        values[name] = np.full(n, float(fixed.get(name, assumptions.value(PREFIX + name))))
    n_capped = lower_branching(values, cap_branching)
    return Draws(values, first, n_capped)


def central_parameters(assumptions: AssumptionSet, fixed: Mapping[str, float] = _NO_FIXED) -> Draws:
    """Return one replicate at the stated values: to describe the process with, not an answer.

    Raises ScenarioError as `check_parameters` does.
    """
    stated = {name: assumptions.value(PREFIX + name) for name in PARAMETERS}
    return draw_parameters(assumptions, first=0, n=1, seed=0, fixed={**stated, **fixed})


def check_parameters(
    assumptions: AssumptionSet,
    *,
    fixed: Mapping[str, float] = _NO_FIXED,
    cap_branching: float | None = None,
    first: int = 0,
    n: int = 1,
    seed: int = 0,
) -> None:
    """Raise ScenarioError with everything that is wrong with the numbers before any is drawn.

    Unknown or unfixable names, values that mean nothing (negative rates, shares above one), ranges likewise,
    shares of kinds that do not sum to one, steps of the ladder above one, a branching ratio that can reach
    one.
    """
    problems = ProblemList()
    _check_names(fixed, problems)
    known = {name: value for name, value in fixed.items() if name in POSSIBLE}
    for name, value in known.items():
        _check_value(f"--fix {name}", name, (value,), assumptions, problems)
    for name in POSSIBLE:
        record = assumptions[PREFIX + name]
        if name not in known:
            _check_value(PREFIX + name, name, (record.value, *record.bounds), assumptions, problems)
    if cap_branching is not None and not 0 < cap_branching < 1:
        hint = "write a number between 0 and 1, for example 0.9"
        problems.add("--cap-branching", f"{cap_branching:g} is not below one", hint)
    if n < 1 or first < 0 or first + n > N_REPLICATES_MAX:
        hint = f"give 1 to {N_REPLICATES_MAX:,}"
        problems.add("--replicates", f"{first + n:,} replicates is out of bounds", hint)
    if seed < 0:
        problems.add("--seed", f"{seed} is below zero", "give any whole number from 0")
    if not problems.has_errors():  # sums mean something only where their parts do
        _check_sums(assumptions, known, problems)
        if cap_branching is None:
            problems.extend(_find_endless(assumptions, known))
    problems.raise_if_any(ScenarioError, "parameters of the ceasefire")


def _check_names(fixed: Mapping[str, float], problems: ProblemList) -> None:
    for name in fixed:
        if name in NOT_FIXED:
            problems.add(f"--fix {name}", NOT_FIXED[name], "leave it out")
        elif name not in POSSIBLE:
            known = ", ".join((*PARAMETERS, *HELD))
            problems.add(f"--fix {name}", "is not a parameter of the ceasefire", f"one of {known}")


def _check_value(
    where: str, name: str, values: tuple[float, ...], assumptions: AssumptionSet, problems: ProblemList
) -> None:
    least, most = POSSIBLE[name]
    unit = assumptions[PREFIX + name].unit
    for value in dict.fromkeys(values):
        if not np.isfinite(value):
            problems.add(where, f"{value} is not a finite number", "write one that is")
        elif not least <= value <= most:
            problems.add(
                where, f"{format_value(value, unit)} is out of bounds", _say_bounds(least, most, unit)
            )


def _say_bounds(least: float, most: float, unit: str) -> str:
    low = "above 0" if least == TINY else f"from {format_value(least, unit)}"
    return f"write a number {low}" + (f" to {format_value(most, unit)}" if np.isfinite(most) else "")


def _check_sums(assumptions: AssumptionSet, fixed: Mapping[str, float], problems: ProblemList) -> None:
    total = sum(fixed.get(name, assumptions.value(PREFIX + name)) for name in KIND_SHARES)
    if abs(total - 1) > 1e-6:
        hint = f"give all of {', '.join(KIND_SHARES)}"
        problems.add("shares of kinds", f"sum to {total:.4g}, not to one", hint)
    stay = fixed.get("escalation_stay", assumptions.value(PREFIX + "escalation_stay"))
    up = fixed.get("escalation_up", assumptions[PREFIX + "escalation_up"].bounds[1])
    if stay + up > 1 + 1e-12:
        hint = f"escalation_up leaves at most {1 - up:.4g} for escalation_stay"
        problems.add("steps of the ladder", f"staying and going up have {stay + up:.4g}, more than one", hint)


def _find_endless(assumptions: AssumptionSet, fixed: Mapping[str, float]) -> tuple[Problem, ...]:
    """Return a problem where the branching ratio can reach one: then each incident brings on ever more."""
    fixes = [fixed.get(name) for name in ("n_self", "n_cross")]
    records = [assumptions[PREFIX + name] for name in ("n_self", "n_cross")]
    most = sum(r.bounds[1] if f is None else f for f, r in zip(fixes, records, strict=True))
    if most < 1:
        return ()
    points = _sobol_points(0, N_LOOKED_AT, 0)
    axes = [PARAMETERS.index(name) for name in ("n_self", "n_cross")]
    sums = sum(
        np.full(N_LOOKED_AT, f)
        if f is not None
        else stretch(points[:, axis], record.bounds, PARAMETERS[axis])
        for f, record, axis in zip(fixes, records, axes, strict=True)
    )
    share = float(np.mean(np.asarray(sums) >= 1))
    where = "--fix n_self, n_cross" if any(f is not None for f in fixes) else "n_self, n_cross"
    how_many = "" if None not in fixes else f", in {format_share(share, 1)} of the draws"
    found = (
        f"the branching ratio n_self + n_cross reaches {most:.4g}{how_many}: at one or above each incident "
        "brings on one more or more, and the simulation would never end"
    )
    hint = "write smaller ones, or lower such draws with --cap-branching 0.95"
    return (Problem(where, found, hint),)


def _sobol_points(first: int, n: int, seed: int) -> FloatArray:
    """Return points first to first + n - 1 of the scrambled sequence: (n, parameter), in [0, 1)."""
    from scipy.stats import qmc

    sobol = qmc.Sobol(d=len(PARAMETERS), scramble=True, rng=np.random.default_rng(seed))
    if first:
        sobol.fast_forward(first)
        points = sobol.random(n)
    else:  # from the first point on, the library warns unless the number is a power of two
        points = sobol.random(1 << (n - 1).bit_length())[:n]
    return np.asarray(points, dtype=np.float64)


def stretch(points: FloatArray, bounds: tuple[float, float], name: str) -> FloatArray:
    """Return points of [0, 1) over a range: evenly for UNIFORM names, evenly in the logarithm otherwise."""
    low, high = bounds
    if name in UNIFORM or low <= 0:
        return low + (high - low) * points
    return np.asarray(low * (high / low) ** points, dtype=np.float64)


def lower_branching(values: dict[str, FloatArray], cap: float | None) -> int:
    """Lower n_self and n_cross in proportion where their sum is above the cap; return how many were."""
    total = values["n_self"] + values["n_cross"]
    above = total > (cap if cap is not None else np.inf)
    if cap is None or not above.any():
        return 0
    factor = np.where(above, cap / np.where(above, total, 1.0), 1.0)
    for name in ("n_self", "n_cross"):
        values[name] = values[name] * factor
    return int(above.sum())
