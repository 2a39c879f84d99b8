"""State a siting problem: what can be placed, what it costs, what it sees, what must be in.

Costs and budgets are in people (any one currency will do, if all candidates share it). What a candidate sees
is kept as `log_miss` = -ln(1 - p), so that independent chances of detection add up, or without values where
it sees for certain. This module checks the arrays and gathers every mistake in one message; it solves
nothing, draws no map and knows no scenario.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truceline.errors import InfeasibleError, ProblemList
from truceline.siting.minima import cheapest_minima

FloatArray = NDArray[np.float64]
Float32Array = NDArray[np.float32]
IntArray = NDArray[np.int64]
Int32Array = NDArray[np.int32]
BoolArray = NDArray[np.bool_]

BUDGET_SLACK_SHARE = 1e-9
"""Rounding allowed, as a share of the budget, before a posture is said to cost too much."""
Progress = Callable[[str, float], None]
"""Called with the stage and the share of it done; raising KeyboardInterrupt stops the work."""
OPTIMAL_GAP = 1e-9
"""A gap below this share is rounding: the answer is called optimal."""
MAX_SHOWN = 5
"""Offending rows named in one line of a message; the rest are counted."""


@dataclass(frozen=True, eq=False)
class ByEvent:
    """The matrix of a `SitingProblem` by event: row e holds the candidates that see e, in rising order."""

    indptr: IntArray
    """(n_events + 1,) start of each event's row."""
    candidate: Int32Array
    """(n_nonzero,) candidate that sees the event."""
    p_detect: Float32Array
    """(n_nonzero,) chance that one copy detects; empty where candidates see for certain."""


@dataclass(frozen=True, eq=False)
class SitingProblem:
    """Choose copies of candidates so that the expected weight of events detected is greatest.

    maximise  f(x) = sum_e weight[e] * (1 - exp(-sum_i x[i] * log_miss[i, e]))
    subject   sum_i cost[i] x[i] <= budget,  forced <= x <= copies_max,  x integer,
              sum_{i in g} x[i] <= group_limit[g] for each group g,
              sum_{i in s} x[i] >= sector_min[s] for each sector s.

    Without `log_miss` a candidate sees its events for certain, and f is the weight of the events seen by at
    least one (maximal cover, Church and ReVelle 1974). f is monotone and submodular over copies (Nemhauser,
    Wolsey and Fisher 1978). The matrix is compressed by candidate: row i holds
    `indices[indptr[i]:indptr[i+1]]`, strictly increasing. Use `build_siting_problem` to fill in the defaults.
    """

    weight: FloatArray
    """(n_events,) what each event counts, >= 0; in a plan its share of all events, so that f is a share."""
    indptr: IntArray
    """(n_candidates + 1,) start of each candidate's row."""
    indices: Int32Array
    """(n_nonzero,) event seen."""
    log_miss: Float32Array | None
    """(n_nonzero,) -ln(1 - p) of one copy, finite and >= 0; None where all is seen for certain."""
    cost: FloatArray
    """(n_candidates,) people for one copy, > 0."""
    copies_max: Int32Array
    """(n_candidates,) most identical units (patrols, orbits); 1 for a post."""
    forced: Int32Array
    """(n_candidates,) copies that must be in."""
    group: Int32Array
    """(n_candidates,) group of each candidate, -1 for none."""
    group_limit: Int32Array
    """(n_groups,) most copies chosen within a group."""
    sector: Int32Array
    """(n_candidates,) sector of each candidate for the least numbers, -1 for none."""
    sector_min: Int32Array
    """(n_sectors,) least copies chosen within a sector."""
    labels: tuple[str, ...] = ()
    """Names for messages and products; empty means `candidate 0`, `candidate 1`, ..."""

    def __post_init__(self) -> None:
        problems = ProblemList()
        _check_shapes(self, problems)
        problems.raise_if_any(InfeasibleError, "siting problem")
        _check_reach(problems, self.indptr, self.indices, self.n_events, "event")
        _check_values(self, problems)
        _check_limits(self, problems)
        problems.raise_if_any(InfeasibleError, "siting problem")

    @property
    def is_cover(self) -> bool:
        """True when candidates see for certain, so that an event seen twice counts once."""
        return self.log_miss is None

    @cached_property
    def by_event(self) -> ByEvent:
        """The matrix by event, made when first asked for and kept: it is as large as the matrix itself."""
        from truceline.siting import _search_kernels  # late: stating a problem needs no compiled code

        given = self.log_miss if self.log_miss is not None else np.empty(0, dtype=np.float32)
        return ByEvent(*_search_kernels.transpose(self.indptr, self.indices, given, self.n_events))

    @property
    def n_events(self) -> int:
        """Number of events."""
        return int(self.weight.size)

    @property
    def n_candidates(self) -> int:
        """Number of candidates."""
        return int(self.cost.size)

    @property
    def n_nonzero(self) -> int:
        """Number of pairs of a candidate and an event it sees."""
        return int(self.indices.size)

    @property
    def sector_need(self) -> IntArray:
        """(n_sectors,) copies each sector still asks for beyond those forced."""
        taken = count_by(self.sector, self.forced, self.sector_min.size)
        return np.asarray(np.maximum(self.sector_min - taken, 0))

    @property
    def group_room(self) -> IntArray:
        """(n_groups,) copies each group may take beyond those forced."""
        return np.asarray(self.group_limit - count_by(self.group, self.forced, self.group_limit.size))

    @property
    def forced_cost(self) -> float:
        """People taken by the copies that must be in."""
        return float(self.cost @ self.forced)

    def label(self, candidate: int) -> str:
        """Return the name of a candidate for messages."""
        return self.labels[candidate] if self.labels else f"candidate {candidate}"


@dataclass(frozen=True, eq=False)
class SetCoverProblem:
    """Choose the cheapest set of candidates that reaches every cell that must be covered.

    minimise  sum_i cost[i] x[i]  subject to  sum_{i reaches c} x[i] >= 1 for each c in must_cover,  x binary.

    The reach matrix is compressed by candidate, as in `SitingProblem` but without values (Toregas, Swain,
    ReVelle and Bergman 1971). Used for reaction bases: a base reaches the cells it can get to in time.
    """

    cost: FloatArray
    """(n_candidates,) > 0."""
    indptr: IntArray
    """(n_candidates + 1,)."""
    indices: Int32Array
    """(n_nonzero,) cell reached, strictly increasing within a candidate."""
    must_cover: BoolArray
    """(n_cells,) cells that have to be reached."""
    labels: tuple[str, ...] = ()
    """Names of the candidates."""
    cell_labels: tuple[str, ...] = ()
    """Names of the cells."""
    allow_uncovered: bool = False
    """Report cells that no candidate reaches instead of refusing them."""

    def __post_init__(self) -> None:
        problems = ProblemList()
        n = self.cost.size
        if n == 0:
            problems.add("cost", "there are no candidates", "give at least one base that could be used")
        _check_length(problems, "indptr", self.indptr.size, n + 1)
        _check_labels(problems, "labels", self.labels, n)
        _check_labels(problems, "cell_labels", self.cell_labels, self.must_cover.size)
        problems.raise_if_any(InfeasibleError, "set cover")
        _check_reach(problems, self.indptr, self.indices, self.must_cover.size, "cell")
        _name_rows(
            problems,
            "cost",
            ~(np.isfinite(self.cost) & (self.cost > 0)),
            self.labels,
            "is not above 0",
            "give its people",
        )
        problems.raise_if_any(InfeasibleError, "set cover")
        if not self.allow_uncovered:
            self._refuse_uncoverable(problems)
            problems.raise_if_any(InfeasibleError, "set cover")

    def _refuse_uncoverable(self, problems: ProblemList) -> None:
        hint = "add a candidate within reach, allow more time, or take the cell out of must_cover"
        cells = np.zeros(self.must_cover.size, dtype=np.bool_)
        cells[self.uncoverable] = True
        _name_rows(
            problems, "must_cover", cells, self.cell_labels, "is reached by no candidate", hint, kind="cell"
        )

    @property
    def uncoverable(self) -> IntArray:
        """Cells that must be covered and that no candidate reaches."""
        reached = np.zeros(self.must_cover.size, dtype=np.bool_)
        reached[self.indices] = True
        return np.flatnonzero(self.must_cover & ~reached).astype(np.int64)


def build_siting_problem(
    weight: ArrayLike,
    indptr: ArrayLike,
    indices: ArrayLike,
    log_miss: ArrayLike | None,
    cost: ArrayLike,
    *,
    copies_max: ArrayLike | None = None,
    forced: ArrayLike | None = None,
    forbidden: ArrayLike | None = None,
    group: ArrayLike | None = None,
    group_limit: ArrayLike | None = None,
    sector: ArrayLike | None = None,
    sector_min: ArrayLike | None = None,
    labels: Sequence[str] = (),
) -> SitingProblem:
    """Return a checked `SitingProblem`: one copy of each, nothing forced and no limits unless said otherwise.

    log_miss None: candidates see for certain. forbidden: (n_candidates,) True for those that must stay out,
    which sets their copies_max to 0. Arrays of the right type are not copied, so a matrix of hundreds of
    megabytes is shared with the caller. Raises InfeasibleError with every mistake found.
    """
    people = np.ascontiguousarray(cost, dtype=np.float64).reshape(-1)

    def per_candidate(given: ArrayLike | None, default: int) -> Int32Array:
        if given is None:
            return np.full(people.size, default, dtype=np.int32)
        return np.ascontiguousarray(given, dtype=np.int32)

    most, least = per_candidate(copies_max, 1), per_candidate(forced, 0)
    problems = ProblemList()
    if forbidden is not None:
        most = _shut(np.asarray(forbidden, dtype=np.bool_).reshape(-1), most, least, labels, problems)
    try:
        problem = SitingProblem(
            weight=np.ascontiguousarray(weight, dtype=np.float64),
            indptr=np.ascontiguousarray(indptr, dtype=np.int64),
            indices=np.ascontiguousarray(indices, dtype=np.int32),
            log_miss=None if log_miss is None else np.ascontiguousarray(log_miss, dtype=np.float32),
            cost=people,
            copies_max=most,
            forced=least,
            group=per_candidate(group, -1),
            group_limit=np.ascontiguousarray([] if group_limit is None else group_limit, dtype=np.int32),
            sector=per_candidate(sector, -1),
            sector_min=np.ascontiguousarray([] if sector_min is None else sector_min, dtype=np.int32),
            labels=tuple(labels),
        )
    except InfeasibleError as mistakes:
        problems.extend(mistakes.problems)
    problems.raise_if_any(InfeasibleError, "siting problem")
    return problem


def count_by(kind: Int32Array, copies: NDArray[np.signedinteger[Any]], n_kinds: int) -> IntArray:
    """Return (n_kinds,) the copies of all candidates of each kind (group or sector); -1 is no kind."""
    inside = kind >= 0
    return np.bincount(kind[inside], copies[inside], n_kinds).astype(np.int64)


def find_minima(problem: SitingProblem, copies: NDArray[np.signedinteger[Any]]) -> IntArray | None:
    """Return (n_candidates,) the cheapest copies to add to `copies` that meet every sector's least number.

    None when the limits of copies and groups leave no way to meet them.
    """
    return cheapest_minima(
        problem.cost,
        (problem.copies_max - copies).astype(np.int64),
        problem.group.astype(np.int64),
        problem.group_limit - count_by(problem.group, copies, problem.group_limit.size),
        problem.sector.astype(np.int64),
        np.maximum(problem.sector_min - count_by(problem.sector, copies, problem.sector_min.size), 0),
    )


def check_budget(problem: SitingProblem, budget: float) -> None:
    """Raise InfeasibleError for a budget (people) that buys nothing or less than must be in.

    It must be above zero, pay for the forced copies and for the least numbers of the sectors, and where
    nothing must be in, for at least one candidate.
    """
    problems = ProblemList()
    if not np.isfinite(budget) or budget <= 0:
        problems.add("budget", f"{budget:g} people buys nothing", "give a budget above 0")
        problems.raise_if_any(InfeasibleError, "siting problem")
    most = budget * (1 + BUDGET_SLACK_SHARE)
    n_forced, forced_cost = int(problem.forced.sum()), problem.forced_cost
    minima = find_minima(problem, problem.forced) if problem.sector_need.any() else None
    if forced_cost > most:
        found = f"the {n_forced} forced copies need {forced_cost:g} people, the budget is {budget:g}"
        problems.add("forced", found, f"raise the budget to {forced_cost:g} or force less")
    elif minima is not None and forced_cost + float(problem.cost @ minima) > most:
        needed = forced_cost + float(problem.cost @ minima)
        with_forced = f" with the {n_forced} forced copies" if n_forced else ""
        found = f"the least numbers{with_forced} need {needed:g} people, the budget is {budget:g}"
        problems.add("sector_min", found, f"raise the budget to {needed:g} or ask for fewer")
    usable = problem.cost[problem.copies_max > 0]
    if n_forced == 0 and minima is None and usable.size and float(usable.min()) > most:
        found = f"budget {budget:g} people; the cheapest candidate costs {float(usable.min()):g}"
        problems.add("budget", found, f"raise the budget to {float(usable.min()):g} or offer a cheaper one")
    problems.raise_if_any(InfeasibleError, "siting problem")


def accumulate_log_miss(problem: SitingProblem, copies: NDArray[np.generic]) -> FloatArray:
    """Return (n_events,) sum_i copies[i] * log_miss[i, e]; `copies` (n_candidates,) may be fractional."""
    total = np.zeros(problem.n_events)
    for i in np.flatnonzero(copies):
        row = slice(problem.indptr[i], problem.indptr[i + 1])
        # Indices within a row are unique, so a plain fancy addition loses nothing.
        one = np.inf if problem.log_miss is None else problem.log_miss[row].astype(np.float64)
        total[problem.indices[row]] += float(copies[i]) * one
    return total


def count_seeing(problem: SitingProblem, copies: NDArray[np.signedinteger[Any]]) -> FloatArray:
    """Return (n_events,) the number of copies that see each event, as floating point numbers."""
    total = np.zeros(problem.n_events)
    for i in np.flatnonzero(copies):
        total[problem.indices[problem.indptr[i] : problem.indptr[i + 1]]] += float(copies[i])
    return total


def expected_detection(problem: SitingProblem, copies: NDArray[np.generic]) -> float:
    """Return f(copies): the expected share of events detected (between 0 and the sum of the weights)."""
    return float(problem.weight @ -np.expm1(-accumulate_log_miss(problem, copies)))


def _shut(
    forbidden: BoolArray, most: Int32Array, least: Int32Array, labels: Sequence[str], problems: ProblemList
) -> Int32Array:
    """Return copies_max with the forbidden candidates at 0, but for those that are also forced: a mistake."""
    _check_length(problems, "forbidden", forbidden.size, most.size)
    if not forbidden.size == most.size == least.size:
        return most
    torn = forbidden & (least > 0)
    names = labels if len(labels) == most.size else ()
    _name_rows(
        problems, "forced", torn, names, "is forced and forbidden at once", "take it out of one of them"
    )
    return np.where(forbidden & ~torn, np.int32(0), most)


def _check_length(problems: ProblemList, where: str, found: int, wanted: int) -> None:
    if found != wanted:
        problems.add(where, f"has {found} entries, {wanted} were expected", "give one for each")


def _check_labels(problems: ProblemList, where: str, labels: Sequence[str], n: int) -> None:
    if labels:
        _check_length(problems, where, len(labels), n)


def _check_shapes(p: SitingProblem, problems: ProblemList) -> None:
    n = p.cost.size
    if n == 0:
        problems.add(
            "cost", "there are no candidates", "give at least one place, patrol or orbit that could be used"
        )
    if p.weight.size == 0:
        problems.add("weight", "there are no events", "give at least one event to detect")
    for name in ("copies_max", "forced", "group", "sector"):
        _check_length(problems, name, getattr(p, name).size, n)
    _check_length(problems, "indptr", p.indptr.size, n + 1)
    if p.log_miss is not None:
        _check_length(problems, "log_miss", p.log_miss.size, p.indices.size)
    _check_labels(problems, "labels", p.labels, n)


def _check_reach(
    problems: ProblemList, indptr: IntArray, indices: Int32Array, n_columns: int, kind: str
) -> None:
    if indptr[0] != 0 or indptr[-1] != indices.size or (np.diff(indptr) < 0).any():
        problems.add(
            "indptr",
            f"does not run from 0 to {indices.size} without going back",
            "give row starts of the matrix",
        )
        return
    if indices.size == 0:
        return
    low, high = int(indices.min()), int(indices.max())
    if low < 0 or high >= n_columns:
        found = f"{kind} numbers run from {low} to {high}"
        problems.add("indices", found, f"they must be between 0 and {n_columns - 1}")
    rises = np.diff(indices) > 0
    starts = indptr[1:-1]
    rises[starts[(starts > 0) & (starts < indices.size)] - 1] = True
    if not rises.all():
        hint = "sort each row and merge repeats (scipy's csr_array.sum_duplicates does both)"
        problems.add("indices", f"a candidate's {kind} numbers are not strictly increasing", hint)


def _check_values(p: SitingProblem, problems: ProblemList) -> None:
    bad = ~(np.isfinite(p.weight) & (p.weight >= 0))
    _name_rows(problems, "weight", bad, (), "is negative or not a number", "give a share >= 0", kind="event")
    log_miss = np.empty(0, dtype=np.float32) if p.log_miss is None else p.log_miss
    bad_entry = ~(np.isfinite(log_miss) & (log_miss >= 0))
    n_bad = int(np.count_nonzero(bad_entry))
    if n_bad:
        rows = np.unique(np.searchsorted(p.indptr, np.flatnonzero(bad_entry), side="right") - 1)
        names = ", ".join(p.label(int(i)) for i in rows[:MAX_SHOWN])
        more = f" and {rows.size - MAX_SHOWN} more" if rows.size > MAX_SHOWN else ""
        found = f"{n_bad} entries are negative, infinite or not a number, first in {names}{more}"
        problems.add("log_miss", found, "cap p below 1 before taking -ln(1 - p)")
    bad_cost = ~(np.isfinite(p.cost) & (p.cost > 0))
    _name_rows(problems, "cost", bad_cost, p.labels, "is not above 0", "give the people one copy needs")


def _check_limits(p: SitingProblem, problems: ProblemList) -> None:
    def rows(where: str, bad: BoolArray, found: str, hint: str) -> None:
        _name_rows(problems, where, bad, p.labels, found, hint)

    rows("copies_max", p.copies_max < 0, "is negative", "use 0 to leave a candidate out")
    rows("forced", p.forced < 0, "is negative", "use 0 to force nothing")
    rows("forced", p.forced > p.copies_max, "is more than its copies_max", "raise copies_max or force fewer")
    outside = (p.group < -1) | (p.group >= p.group_limit.size)
    rows("group", outside, f"is not one of the {p.group_limit.size} groups", "use -1 for no group")
    _name_rows(
        problems, "group_limit", p.group_limit < 0, (), "is negative", "use 0 to close a group", kind="group"
    )
    if not outside.any() and p.group_limit.size:
        inside = p.group >= 0
        taken = np.bincount(p.group[inside], p.forced[inside], p.group_limit.size)
        for g in np.flatnonzero(taken > np.maximum(p.group_limit, 0))[:MAX_SHOWN]:
            found = f"forces {int(taken[g])} copies, its limit is {int(p.group_limit[g])}"
            problems.add(f"group_limit[{g}]", found, "raise the limit or force fewer")
    unknown = (p.sector < -1) | (p.sector >= p.sector_min.size)
    rows("sector", unknown, f"is not one of the {p.sector_min.size} sectors", "use -1 for no sector")
    if not unknown.any() and not outside.any():
        _check_minima(p, problems)


def _check_minima(p: SitingProblem, problems: ProblemList) -> None:
    inside = p.sector >= 0
    most = np.bincount(p.sector[inside], np.maximum(p.copies_max[inside], 0), p.sector_min.size)
    short = np.flatnonzero(p.sector_min > most)
    for s in short[:MAX_SHOWN]:
        found = f"asks for {int(p.sector_min[s])} copies, its candidates allow {int(most[s])}"
        problems.add(f"sector_min[{s}]", found, "ask for fewer or offer more candidates there")
    if short.size or problems.has_errors() or not p.sector_need.any() or not p.group_limit.size:
        return
    for s in np.flatnonzero(p.sector_need):
        alone = np.where(np.arange(p.sector_min.size) == s, p.sector_need, 0)
        spare, group = (p.copies_max - p.forced).astype(np.int64), p.group.astype(np.int64)
        if cheapest_minima(p.cost, spare, group, p.group_room, p.sector.astype(np.int64), alone) is None:
            found = f"asks for {int(p.sector_min[s])} copies, more than the limits of its groups allow"
            problems.add(f"sector_min[{s}]", found, "ask for fewer or raise a group's limit")
    if not problems.has_errors() and find_minima(p, p.forced) is None:
        found = (
            "the least numbers of the sectors cannot all be met within the limits of the groups they share"
        )
        problems.add("sector_min", found, "ask for fewer or raise a group's limit")


def _name_rows(
    problems: ProblemList,
    where: str,
    bad: BoolArray,
    labels: Sequence[str],
    found: str,
    hint: str,
    kind: str = "candidate",
) -> None:
    rows = np.flatnonzero(bad)
    if not rows.size:
        return
    names = ", ".join(labels[i] if labels else f"{kind} {i}" for i in rows[:MAX_SHOWN])
    more = f" and {rows.size - MAX_SHOWN} more" if rows.size > MAX_SHOWN else ""
    problems.add(where, f"{names}{more}: {found}", hint)
