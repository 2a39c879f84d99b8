"""Many replicates of one ceasefire under one watch or several: chunks of fixed size, summed in their order.

Replicate number i has the same parameters and the same luck whatever the watch, the chunks and the workers,
so that the same seed gives the same bytes everywhere, and the difference between two plans is taken
replicate by replicate. The dial of the backstop costs nothing: survival for every factor is read off the
same paths. What a replicate does is in `run`; what is kept of it in `summary`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType

from truceline.errors import ProblemList, ScenarioError
from truceline.provenance import Provenance
from truceline.scenario.assumption import AssumptionSet
from truceline.simulate.dask_engine import IN_FLIGHT_PER_WORKER, find_engine_problems, run_in_order
from truceline.simulate.parameters import check_parameters, draw_parameters
from truceline.simulate.results import COUNT_EDGES, COUNTED, DAY_MEASURES, ChunkSums
from truceline.simulate.settings import Settings, find_problems
from truceline.simulate.sketch import N_BINS, Sketch, make_sketch
from truceline.simulate.summary import (
    SUMMARY_MEASURES,
    Band,
    Summary,
    measure_replicates,
    merge_summaries,
    read_bands,
    summarise_chunk,
)
from truceline.simulate.watch import Watch

CHUNK = 256
"""Replicates simulated in one piece. Fixed: another size would add up the same numbers in another order."""
MOST_REPLICATES = 2_000_000
"""Up to here every sum over replicates is exact. The median has long stopped moving by then."""
LENGTH_TOLERANCE = 0.02
"""Share by which the lines of two plans may differ in length and still be called the same line."""
_WORD = 8
"""Bytes of a number."""
_SMALL_PARTS = 2 << 20
"""Bytes of a summary apart from what grows with its measures and its days: kept replicates, curves."""
_PROCESS = 450 << 20
"""Bytes of a worker process with the compiled loop loaded: measured, rounded up."""

Progress = Callable[[str, float], None]
_NO_FIXED: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True)
class Outcome:
    """What became of one watch: a summary, and everything that it takes to make it again."""

    watch: Watch
    settings: Settings
    assumptions: AssumptionSet
    summary: Summary
    seed: int
    fixed: Mapping[str, float] = field(default_factory=dict)
    cap_branching: float | None = None

    @property
    def label(self) -> str:
        """What a reader calls the watch."""
        return self.watch.label

    @property
    def n_replicates(self) -> int:
        """How many replicates there are."""
        return self.summary.n

    @property
    def provenance(self) -> Provenance:
        """What made this."""
        overrides = [f"{name}={value:g}" for name, value in sorted(self.fixed.items())]
        if self.cap_branching is not None:
            overrides.append(f"cap_branching={self.cap_branching:g}")
        return Provenance(
            scenario=self.watch.label,
            scenario_hash=self.watch.fingerprint,
            overrides=tuple(overrides),
            seed=self.seed,
            method=f"{self.n_replicates} replicates of {self.settings.n_days} days in chunks of {CHUNK}",
        )


@dataclass(frozen=True)
class Difference:
    """What another watch changes, replicate by replicate: its measures less those of the first one."""

    label: str
    measures: Sketch
    """(SUMMARY_MEASURES) histogram of the differences; missing where either has none."""

    def band(self, name: str) -> Band:
        """Return the median and the 80 % band of a difference."""
        return self.bands()[name]

    def bands(self) -> dict[str, Band]:
        """Return the bands of all differences."""
        return read_bands(self.measures)

    def share_above_zero(self) -> dict[str, float]:
        """Return for each measure the share of replicates in which the other watch has more of it."""
        return dict(zip(SUMMARY_MEASURES, map(float, self.measures.share_above(0.0)), strict=True))


@dataclass(frozen=True)
class Comparison:
    """Several watches under common random numbers."""

    outcomes: tuple[Outcome, ...]
    """The first is what the others are compared with."""
    differences: tuple[Difference, ...]
    """One for each outcome but the first."""


@dataclass(frozen=True)
class _Task:
    """All that a chunk needs besides its place; travels to the workers."""

    watches: tuple[Watch, ...]
    assumptions: AssumptionSet
    settings: Settings
    seed: int
    fixed: dict[str, float]
    cap_branching: float | None


def simulate_plan(
    watch: Watch,
    *,
    assumptions: AssumptionSet,
    settings: Settings,
    n_replicates: int,
    seed: int,
    fixed: Mapping[str, float] = _NO_FIXED,
    cap_branching: float | None = None,
    workers: int = 1,
    scheduler: str = "",
    progress: Progress | None = None,
) -> Outcome:
    """Return what becomes of a ceasefire under one watch; arguments and errors as of `compare_plans`."""
    found = compare_plans(
        [watch],
        assumptions=assumptions,
        settings=settings,
        n_replicates=n_replicates,
        seed=seed,
        fixed=fixed,
        cap_branching=cap_branching,
        workers=workers,
        scheduler=scheduler,
        progress=progress,
    )
    return found.outcomes[0]


def compare_plans(
    watches: Sequence[Watch],
    *,
    assumptions: AssumptionSet,
    settings: Settings,
    n_replicates: int,
    seed: int,
    fixed: Mapping[str, float] = _NO_FIXED,
    cap_branching: float | None = None,
    workers: int = 1,
    scheduler: str = "",
    progress: Progress | None = None,
) -> Comparison:
    """Return what becomes of the same ceasefires under each watch, and the differences from the first.

    fixed: parameters by short name that are not drawn. cap_branching: draws whose branching ratio is above
    it are lowered to it. workers, scheduler: see `dask_engine`; they change the time it takes and no byte
    of the answer. Memory does not grow with `n_replicates`.

    Raises ScenarioError with everything that is wrong, before anything is simulated; OutputError where the
    engine breaks down for good.
    """
    check_simulation(
        watches,
        assumptions=assumptions,
        settings=settings,
        n_replicates=n_replicates,
        seed=seed,
        fixed=fixed,
        cap_branching=cap_branching,
        workers=workers,
        scheduler=scheduler,
    )
    tell = progress or (lambda stage, share: None)
    task = _Task(tuple(watches), assumptions, settings, seed, dict(fixed), cap_branching)
    total = _Total(n_replicates, tell)
    tell("simulate", 0.0)
    run_in_order(
        partial(_run_chunk_of, task), _cut(n_replicates), total.take, workers=workers, scheduler=scheduler
    )
    outcomes = tuple(
        Outcome(watch, settings, assumptions, summary, seed, dict(fixed), cap_branching)
        for watch, summary in zip(watches, total.summaries, strict=True)
    )
    differences = tuple(
        Difference(watch.label, sketch) for watch, sketch in zip(watches[1:], total.differences, strict=True)
    )
    return Comparison(outcomes, differences)


def check_simulation(
    watches: Sequence[Watch],
    *,
    assumptions: AssumptionSet,
    settings: Settings,
    n_replicates: int,
    seed: int = 0,
    fixed: Mapping[str, float] = _NO_FIXED,
    cap_branching: float | None = None,
    workers: int = 1,
    scheduler: str = "",
) -> None:
    """Raise ScenarioError with everything that is wrong with what is asked, before anything is simulated."""
    problems = ProblemList()
    problems.extend(find_problems(settings).problems)
    if not 1 <= n_replicates <= MOST_REPLICATES:
        hint = f"give 1 to {MOST_REPLICATES:,}: up to there sums are exact, and more would move nothing"
        problems.add(f"--replicates {n_replicates}", "is no number of replicates", hint)
    try:
        check_parameters(assumptions, fixed=fixed, cap_branching=cap_branching, seed=seed)
    except ScenarioError as error:
        problems.extend(error.problems)
    problems.extend(find_engine_problems(workers, scheduler))
    _check_watches(watches, problems)
    if not problems.has_errors():
        _check_memory(bound_memory(settings, len(watches), workers), problems)
    problems.raise_if_any(ScenarioError, "simulate")


def bound_memory(settings: Settings, n_watches: int, workers: int = 1) -> int:
    """Return how many bytes summaries under way and local workers take, whatever the number of replicates."""
    sketch = len(SUMMARY_MEASURES) * N_BINS * 2 * _WORD
    days = settings.n_days * (len(COUNTED) * len(COUNT_EDGES) + len(DAY_MEASURES)) * _WORD
    one = n_watches * (sketch + days + _SMALL_PARTS) + (n_watches - 1) * sketch
    return one * (IN_FLIGHT_PER_WORKER * workers + 2) + (workers * _PROCESS if workers > 1 else 0)


def _check_memory(needed: int, problems: ProblemList) -> None:
    try:
        there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return  # not told on this system
    if needed > there:
        found = f"would take {needed / 1e9:,.1f} GB of memory, and there are {there / 1e9:,.1f} GB"
        problems.add("the run", found, "compare fewer plans, or give fewer workers or days")


def _check_watches(watches: Sequence[Watch], problems: ProblemList) -> None:
    """Note watches that are the same, or of lines that differ."""
    if not watches:
        problems.add("watches", "there is none", "give at least one")
        return
    first = watches[0]
    seen = {first.fingerprint: first.label}
    for other in watches[1:]:
        if other.fingerprint in seen:
            found = f"watches exactly as {seen[other.fingerprint]} does"
            hint = "the difference would be nought everywhere: give another plan, or `nobody`"
            problems.add(f"--against {other.label}", found, hint)
        seen.setdefault(other.fingerprint, other.label)
        if abs(other.length_km - first.length_km) > LENGTH_TOLERANCE * first.length_km:
            found = (
                f"has a line of {other.length_km:,.0f} km, and {first.label} one of {first.length_km:,.0f} km"
            )
            problems.add(f"--against {other.label}", found, "compare plans for the same line")


def _cut(n_replicates: int) -> Iterator[range]:
    """Yield the numbers of the replicates of each chunk; the last one may be short."""
    for first in range(0, n_replicates, CHUNK):
        yield range(first, min(first + CHUNK, n_replicates))


def _run_chunk_of(task: _Task, replicates: range) -> tuple[tuple[Summary, ...], tuple[Sketch, ...]]:
    """Simulate one chunk under every watch with the same draws and the same luck; runs on a worker."""
    from truceline.simulate.run import run_chunk

    draws = draw_parameters(
        task.assumptions,
        first=replicates.start,
        n=len(replicates),
        seed=task.seed,
        fixed=task.fixed,
        cap_branching=task.cap_branching,
    )
    chunks: list[ChunkSums] = [run_chunk(watch, draws, task.settings, task.seed) for watch in task.watches]
    rows = [measure_replicates(chunk) for chunk in chunks]
    summaries = tuple(summarise_chunk(chunk, draws) for chunk in chunks)
    return summaries, tuple(make_sketch(other - rows[0]) for other in rows[1:])


class _Total:
    """Adds up chunks as they come in, in their order, and tells how far it is."""

    def __init__(self, n_replicates: int, tell: Progress) -> None:
        self.summaries: tuple[Summary, ...] = ()
        self.differences: tuple[Sketch, ...] = ()
        self._n_replicates = n_replicates
        self._tell = tell

    def take(self, chunk: tuple[tuple[Summary, ...], tuple[Sketch, ...]]) -> None:
        """Add the summaries of one chunk."""
        summaries, differences = chunk
        if self.summaries:
            summaries = tuple(map(merge_summaries, self.summaries, summaries))
            differences = tuple(old.add(new) for old, new in zip(self.differences, differences, strict=True))
        self.summaries, self.differences = summaries, differences
        self._tell("simulate", summaries[0].n / self._n_replicates)
