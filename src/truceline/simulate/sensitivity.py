"""On which assumptions the answer hangs: one at a time (tornado) and all together (Sobol indices).

Answers asked about: whether the truce holds so many days under each named baseline with a backstop that
changes nothing (r = 1), violations a day, and the share of incidents detected. Every piece runs with the same
luck (common random numbers), so that a difference is the assumption's and not the dice's. Luck itself is one
more axis of the Sobol design: what it does not explain, alone or with others, is the part of the band that
comes from assumptions. An index tells what moves the model; it does not tell what moves the world.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from truceline.errors import ProblemList, ScenarioError
from truceline.simulate.catalogue import PREFIX
from truceline.simulate.parameters import PARAMETERS, Draws, check_parameters
from truceline.simulate.sensitivity_design import make_sobol, make_tornado
from truceline.simulate.settings import BASELINES

if TYPE_CHECKING:
    from truceline.scenario.assumption import AssumptionSet
    from truceline.simulate.results import ChunkSums
    from truceline.simulate.settings import Settings
    from truceline.simulate.watch import Watch

Floats = npt.NDArray[np.float64]
Progress = Callable[[int, int], None]

N_TORNADO = 200
"""Replicates behind each end of a bar, where no other number is asked for."""
N_SOBOL = 256
"""Rows of each block of the Sobol design; a power of two. There are two blocks and one for each axis."""
N_SOBOL_LEAST = 16
N_SOBOL_MAX = 65_536
CONFIDENCE = 0.95
"""Of every interval here. It tells whether more replicates would move a figure."""
_Z = 1.959964
N_RESAMPLES = 200
"""Bootstrap samples behind the interval of an index."""
LEAST_CHANCE = 0.01
"""A chance of holding that stays below this in nine of ten draws is explained no further: its variance is
that of a few draws."""
LUCK = "luck"
"""Name of the axis that is no assumption: which dice a replicate throws."""
_LONG = 365
_SHORT = 30
_NO_FIXED: Mapping[str, float] = {}


@dataclass(frozen=True)
class Answer:
    """One number of a replicate whose spread is explained."""

    key: str
    kind: str
    """holds, violations or detected."""
    baseline: str = ""
    days: int = 0
    """Horizon of a chance of holding."""


@dataclass(frozen=True)
class Bar:
    """One assumption moved from the low end of its range to the high one, all others at their values."""

    name: str
    """Short name of the assumption."""
    low: float
    high: float
    """Ends of its range, in its unit."""
    at_low: float
    at_high: float
    """Mean answer there."""
    at_low_half: float
    at_high_half: float
    """Half the width of the interval of the difference to the centre, from replicates with the same luck."""

    @property
    def swing(self) -> float:
        """Return how far the answer moves."""
        return abs(self.at_high - self.at_low)


@dataclass(frozen=True)
class Index:
    """Sobol indices of one axis, each with half the width of its own interval."""

    name: str
    first: float
    """Share of the variance that goes with this axis alone."""
    first_half: float
    total: float
    """Share that goes with it alone or together with others."""
    total_half: float


@dataclass(frozen=True)
class AnswerSensitivity:
    """What one answer hangs on."""

    answer: Answer
    centre: float
    """Mean answer with every assumption at its value."""
    bars: tuple[Bar, ...]
    """Widest first."""
    indices: tuple[Index, ...]
    """Largest total first; luck is among them. Empty where the answer does not vary."""
    low: float
    median: float
    high: float
    """A tenth, half and nine tenths of the design's replicates are below."""

    @property
    def assumption_share(self) -> tuple[float, float]:
        """Return the share of the variance that comes from assumptions alone, and half its interval.

        One less the total index of luck: what is left when everything that luck touches is taken away. NaN
        where the answer does not vary.
        """
        for one in self.indices:
            if one.name == LUCK:
                return min(1.0, max(0.0, 1.0 - one.total)), one.total_half
        return math.nan, math.nan


@dataclass(frozen=True)
class Sensitivity:
    """What the answers hang on, and how it was asked."""

    answers: tuple[AnswerSensitivity, ...]
    seed: int
    n_tornado: int
    n_sobol: int
    n_replicates: int
    """Replicates run for all of it."""
    n_days: int


@dataclass(frozen=True)
class _Piece:
    """Replicates run in one go; can be sent to another process."""

    watch: Watch
    draws: Draws
    settings: Settings
    seed: int
    answers: tuple[Answer, ...]


def list_answers(n_days: int) -> tuple[Answer, ...]:
    """Return the answers that can be asked of a horizon: those on holding only within it."""
    holds = [
        Answer(f"{name}_{days}", "holds", name, days)
        for name in BASELINES
        for days in ((_SHORT, _LONG) if name == "minsk" else (_LONG,))
        if days <= n_days
    ]
    return (*holds, Answer("violations", "violations"), Answer("detected", "detected"))


def measure_sensitivity(
    watch: Watch,
    *,
    assumptions: AssumptionSet,
    settings: Settings,
    seed: int = 1,
    n_tornado: int = N_TORNADO,
    n_sobol: int = N_SOBOL,
    fixed: Mapping[str, float] = _NO_FIXED,
    cap_branching: float | None = None,
    workers: int = 1,
    scheduler: str = "",
    progress: Progress | None = None,
) -> Sensitivity:
    """Return what the answers hang on, for one watch.

    n_tornado, n_sobol: replicates as told at their defaults; n_sobol a power of two. fixed and cap_branching
    as in `parameters.draw_parameters`: what is fixed has no bar and no axis. workers, scheduler: as in
    `dask_engine.run_in_order`; the answer does not depend on them. No answer looks further than a year, so no
    more than a year is simulated.

    Raises ScenarioError with everything that is wrong in what was asked.
    """
    _check(assumptions, fixed, cap_branching, seed, n_tornado, n_sobol)
    from truceline.simulate.dask_engine import run_in_order

    settings = replace(settings, n_days=min(settings.n_days, _LONG))
    answers = list_answers(settings.n_days)
    free = tuple(name for name in PARAMETERS if name not in fixed and _moves(assumptions, name))
    ends = make_tornado(assumptions, free, fixed, cap_branching, n_tornado)
    blocks = make_sobol(assumptions, free, fixed, cap_branching, n_sobol, seed)
    pieces = [_Piece(watch, draws, settings, seed, answers) for draws in (*ends, *blocks)]
    found: list[Floats] = []

    def take(values: Floats) -> None:
        found.append(values)
        if progress is not None:
            progress(len(found), len(pieces))

    run_in_order(_answer_piece, pieces, take, workers=workers, scheduler=scheduler)
    tornado, sobol = found[: len(ends)], found[len(ends) :]
    sums = [_sum_up(answer, k, free, assumptions, tornado, sobol, seed) for k, answer in enumerate(answers)]
    n_all = sum(len(piece.draws) for piece in pieces)
    return Sensitivity(tuple(sums), seed, n_tornado, n_sobol, n_all, settings.n_days)


def _check(
    assumptions: AssumptionSet,
    fixed: Mapping[str, float],
    cap_branching: float | None,
    seed: int,
    n_tornado: int,
    n_sobol: int,
) -> None:
    from importlib.util import find_spec

    problems = ProblemList()
    if find_spec("SALib") is None:
        hint = "pip install 'truceline[simulate]', or leave out --sensitivity"
        problems.add("--sensitivity", "needs the package 'SALib', which is not there", hint)
    if n_tornado < 2:
        problems.add("replicates of the tornado", f"{n_tornado} gives no interval", "ask for 2 or more")
    if not N_SOBOL_LEAST <= n_sobol <= N_SOBOL_MAX or n_sobol & (n_sobol - 1):
        hint = f"ask for a power of two from {N_SOBOL_LEAST} to {N_SOBOL_MAX:,}"
        problems.add("replicates of the Sobol design", f"{n_sobol:,} is not balanced", hint)
    problems.raise_if_any(ScenarioError, "sensitivity")
    check_parameters(assumptions, fixed=fixed, cap_branching=cap_branching, seed=seed)


def _moves(assumptions: AssumptionSet, name: str) -> bool:
    return assumptions[PREFIX + name].has_range


def _answer_piece(piece: _Piece) -> Floats:
    """Return (n, answers) of a piece; run in this process or in another."""
    from truceline.simulate.run import run_chunk

    sums = run_chunk(piece.watch, piece.draws, piece.settings, piece.seed)
    return np.stack([read_answer(one, sums, piece.settings.n_days) for one in piece.answers], axis=1)


def read_answer(answer: Answer, sums: ChunkSums, n_days: int) -> Floats:
    """Return (n,) the answer of every replicate of a chunk; NaN where a replicate has none.

    holds: exp(-hazard), zero once the incidents have run away. violations: the natural logarithm
    of one more than their number a day. detected: share of incidents.
    """
    if answer.kind == "holds":
        hazard = sums.column(f"{answer.baseline}_hazard_{answer.days}")
        has_run_away = sums.column("runaway_day") < answer.days  # NaN: never
        return np.where(has_run_away, 0.0, np.exp(-hazard))
    if answer.kind == "violations":
        return np.asarray(np.log1p(sums.column("n_violations") / n_days))
    n = sums.column("n_incidents")
    return np.where(n > 0, sums.column("n_detected") / np.maximum(n, 1), np.nan)


def _sum_up(
    answer: Answer,
    k: int,
    free: Sequence[str],
    assumptions: AssumptionSet,
    tornado: Sequence[Floats],
    sobol: Sequence[Floats],
    seed: int,
) -> AnswerSensitivity:
    centre = tornado[0][:, k]
    bars = []
    for i, name in enumerate(free):
        at_low, low_half = _against(tornado[1 + 2 * i][:, k], centre)
        at_high, high_half = _against(tornado[2 + 2 * i][:, k], centre)
        low, high = assumptions[PREFIX + name].bounds
        bars.append(Bar(name, low, high, at_low, at_high, low_half, high_half))
    every = np.concatenate([sobol[0][:, k], sobol[-1][:, k]])
    every = every[np.isfinite(every)]
    band = np.quantile(every, (0.1, 0.5, 0.9)) if len(every) else np.full(3, math.nan)
    is_nothing = answer.kind == "holds" and not band[2] >= LEAST_CHANCE
    blocks = [] if is_nothing else [block[:, k] for block in sobol]
    return AnswerSensitivity(
        answer,
        float(np.nanmean(centre)),
        tuple(sorted(bars, key=lambda one: -one.swing)),
        _find_indices((*free, LUCK), blocks, seed),
        *(float(value) for value in band),
    )


def _against(moved: Floats, centre: Floats) -> tuple[float, float]:
    """Return the mean answer and half the interval of its difference to the centre, luck being the same."""
    difference = moved - centre
    difference = difference[np.isfinite(difference)]
    if len(difference) < 2:
        return math.nan, math.nan
    half = _Z * float(difference.std(ddof=1)) / math.sqrt(len(difference))
    return float(np.nanmean(centre)) + float(difference.mean()), half


def _find_indices(names: Sequence[str], blocks: Sequence[Floats], seed: int) -> tuple[Index, ...]:
    """Return the indices from the answers of the blocks A, A with one axis of B each, B.

    Estimators of Saltelli et al. 2010, intervals by bootstrap, both by SALib. Rows in which some block has no
    answer are left out. Empty where the answer does not vary.
    """
    if not blocks:
        return ()
    from SALib.analyze import sobol

    table = np.stack(blocks, axis=1)
    table = table[np.isfinite(table).all(axis=1)]
    if len(table) < N_SOBOL_LEAST or np.ptp(table[:, [0, -1]]) <= 1e-12:
        return ()
    d = len(names)
    problem = {"num_vars": d, "names": list(names), "bounds": [[0.0, 1.0]] * d}
    found = sobol.analyze(
        problem,
        table.ravel(),
        calc_second_order=False,
        num_resamples=N_RESAMPLES,
        conf_level=CONFIDENCE,
        seed=seed + 1,
    )
    indices = [
        Index(name, *(float(found[key][j]) for key in ("S1", "S1_conf", "ST", "ST_conf")))
        for j, name in enumerate(names)
    ]
    return tuple(sorted(indices, key=lambda one: -one.total))
