"""Share out blocks of different sizes: one small program with whole variables, asked stage by stage.

Whole blocks and people. Each stage keeps what the stages before it reached; HiGHS proves each one or stops
at a fixed number of nodes, so that the same inputs give the same answer, with the gap told. Where all blocks
have one size `_allocation_flow` is exact and faster, and this is not needed.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truceline.siting.highs import Program, solve_program

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

N_NODES = 100
"""Branch-and-bound nodes of one stage: the same stop on every machine."""
SLACK = 1e-6
"""People (or shares of them) by which a stage may miss what an earlier one reached: HiGHS's own tolerance."""
NEAR = 1e-6
"""Share of the value within which a stage may stop: whole blocks then usually leave nothing in between."""
WHOLE = 1e-9
"""Rounding allowed before a share of a need is rounded up to blocks."""
GRID_WHOLE = 1e-7
"""Rounding allowed, in steps, before a bound moves up to the next number of people that blocks can make."""


@dataclass(frozen=True)
class StageAnswer:
    """What one stage reached and what it proved."""

    value: float
    bound: float


@dataclass(eq=False)
class _Row:
    """low <= sum value * column <= high."""

    column: IntArray
    value: FloatArray
    low: float
    high: float


@dataclass(eq=False)
class BlockProgram:
    """Blocks of the pairs of nation and capability that are possible, and what stages have settled so far."""

    limit: IntArray
    """(n, c) most blocks of each pair."""
    need: IntArray
    """(c,) blocks."""
    size: FloatArray
    """(c,) people of a block."""
    people_cap: FloatArray
    """(n,)"""
    time_limit_s: float = math.inf
    blocks: IntArray = field(init=False)
    """(n, c) the best so far, which every later stage starts from."""

    def __post_init__(self) -> None:
        """Lay out the columns and the rows that always hold."""
        self._started = time.perf_counter()
        whole = bool(np.all(self.size == np.floor(self.size)))
        self._step = float(np.gcd.reduce(self.size.astype(np.int64))) if whole else 0.0
        self._nation, self._capability = np.nonzero(self.limit)
        self._high = self.limit[self._nation, self._capability].astype(np.float64)
        self._people = self.size[self._capability]
        self.blocks = np.zeros_like(self.limit)
        self._rows: list[_Row] = []
        # Whole people cannot be exceeded by a tolerance: the cap is cut to what whole blocks can reach.
        for n in range(len(self.people_cap)):
            at = np.flatnonzero(self._nation == n)
            cap = math.floor(self.people_cap[n] + WHOLE) if whole else float(self.people_cap[n])
            self._rows.append(_Row(at, self._people[at], -math.inf, cap))
        for c in range(len(self.need)):
            at = np.flatnonzero(self._capability == c)
            self._rows.append(_Row(at, np.ones(at.size), -math.inf, float(self.need[c])))

    # Filling -----------------------------------------------------------------------------------------------

    def settle(self, members: Sequence[int], blocks: IntArray) -> None:
        """Take over fills found elsewhere, (n, members), and keep each of them."""
        self.blocks[:, list(members)] = blocks
        for c in members:
            at = np.flatnonzero(self._capability == c)
            self._rows.append(_Row(at, np.ones(at.size), float(self.blocks[:, c].sum()), math.inf))

    def fill(self, members: Sequence[int]) -> tuple[StageAnswer, StageAnswer]:
        """Fill capabilities of one priority: the least filled share first, then as many people as can be.

        Where the least share is all that nations could bring, were people no limit, the next least counts.
        Returns the least share of those that are not so limited, and the people; later stages keep both.
        """
        open_to = np.isin(self._capability, list(members))
        reach = np.minimum(self.need, self.limit.sum(axis=0))
        limits = {c: float(reach[c] / self.need[c]) for c in members}
        full = float(sum(self.size[c] * reach[c] for c in members))
        people = self._most_people(members, open_to, full)
        least = self._least_share(members)
        share, asked = StageAnswer(least, least), False
        left = [] if people.value >= full - SLACK else sorted(members)
        while left:
            at_most = min(limits[c] for c in left)
            share = StageAnswer(self._least_share(left), at_most)
            if len(members) == 1:
                share = StageAnswer(share.value, people.bound / (self.size[left[0]] * self.need[left[0]]))
            elif share.value < at_most:
                share, asked = self._widest_least_share(left, open_to, at_most), True
            self._keep_share(left, share.value)
            if share.value < at_most:
                break
            left = [c for c in left if limits[c] > at_most]
        if asked:
            people = self._most_people(members, open_to, full)
        at = np.flatnonzero(open_to)
        self._rows.append(_Row(at, self._people[at], people.value - SLACK, math.inf))
        return share, people

    def _keep_share(self, members: Sequence[int], share: float) -> None:
        for c in members:
            at = np.flatnonzero(self._capability == c)
            least = float(math.ceil(share * self.need[c] - WHOLE))
            self._rows.append(_Row(at, np.ones(at.size), least, math.inf))

    def _least_share(self, members: Sequence[int]) -> float:
        return float(min(self.blocks[:, c].sum() / self.need[c] for c in members))

    def _most_people(self, members: Sequence[int], open_to: BoolArray, at_most: float) -> StageAnswer:
        cost = np.where(open_to, -self._people, 0.0)
        bound = -self._ask(cost, open_to=open_to | self._used)
        people = float(sum(self.size[c] * self.blocks[:, c].sum() for c in members))
        if self._step and math.isfinite(bound):
            bound = math.floor(bound / self._step + GRID_WHOLE) * self._step
        return StageAnswer(people, min(bound, at_most))

    def _widest_least_share(self, members: Sequence[int], open_to: BoolArray, at_most: float) -> StageAnswer:
        z = self._n_pairs
        rows = []
        for c in members:
            at = np.flatnonzero(self._capability == c)
            column = np.append(at, z)
            rows.append(_Row(column, np.append(np.ones(at.size), -float(self.need[c])), 0.0, math.inf))
        bound = self._ask(
            np.zeros(z),
            open_to=open_to | self._used,
            more_cost=(-1.0,),
            more_high=(at_most,),
            more_start=(self._least_share(members),),
            rows=rows,
        )
        if not math.isfinite(bound):
            return StageAnswer(self._least_share(members), at_most)
        # The least share is whole blocks of one of them: the bound comes down to the next such share.
        reachable = max(math.floor(-bound * self.need[c] + GRID_WHOLE) / self.need[c] for c in members)
        return StageAnswer(self._least_share(members), min(float(reachable), at_most))

    # Sharing -----------------------------------------------------------------------------------------------

    def fix_fills(self) -> None:
        """Keep what each capability has from now on."""
        for c, filled in enumerate(self.blocks.sum(axis=0)):
            at = np.flatnonzero(self._capability == c)
            self._rows.append(_Row(at, np.ones(at.size), float(filled), float(filled)))

    def ask_least_of(self, asked: BoolArray) -> StageAnswer:
        """Take as few people as can be from some nations (n,), and keep it so."""
        at = np.flatnonzero(asked[self._nation])
        bound = self._ask(np.where(asked[self._nation], self._people, 0.0))
        value = float(self.people[asked].sum())
        self._rows.append(_Row(at, self._people[at], -math.inf, value + SLACK))
        return StageAnswer(value, max(bound, 0.0))

    def even_out(
        self,
        value_of: Callable[[FloatArray], FloatArray],
        slope: FloatArray,
        level: FloatArray,
        *,
        both: bool,
    ) -> StageAnswer:
        """Make the greatest of slope * people - level over nations as small as can be, and keep it so.

        both: the distance either way counts. value_of: the same from people, without rounding of its own.
        """
        z = self._n_pairs
        rows = []
        for n in range(len(self.people_cap)):
            at = np.flatnonzero(self._nation == n)
            if not at.size:
                continue
            column = np.append(at, z)
            rows.append(_Row(column, np.append(slope[n] * self._people[at], -1.0), -math.inf, level[n]))
            if both:
                rows.append(_Row(column, np.append(slope[n] * self._people[at], 1.0), level[n], math.inf))
        start = float(value_of(self.people).max(initial=0.0))
        bound = self._ask(
            np.zeros(z), more_cost=(1.0,), more_high=(math.inf,), more_start=(start,), rows=rows
        )
        value = float(value_of(self.people).max(initial=0.0))
        for row in rows:  # z at its value: a limit on the nation
            low = row.low - value - SLACK * slope.max() if math.isfinite(row.low) else -math.inf
            high = row.high + value + SLACK * slope.max() if math.isfinite(row.high) else math.inf
            self._rows.append(_Row(row.column[:-1], row.value[:-1], low, high))
        return StageAnswer(value, min(self._next_measure(max(bound, 0.0), slope, level, both=both), value))

    def _next_measure(self, bound: float, slope: FloatArray, level: FloatArray, *, both: bool) -> float:
        """Return the smallest measure from a bound on that a nation can have: people come in steps."""
        if not (self._step and bound > 0):
            return bound
        found = []
        for n in np.flatnonzero(slope > 0):
            step = self._step * slope[n]
            found.append(math.ceil((level[n] + bound) / step - GRID_WHOLE) * step - level[n])
            if both:
                found.append(level[n] - math.floor((level[n] - bound) / step + GRID_WHOLE) * step)
        return float(min(found, default=bound))

    # Asking ------------------------------------------------------------------------------------------------

    @property
    def people(self) -> FloatArray:
        """(n,) people of each nation in the best so far."""
        people: FloatArray = self.blocks @ self.size
        return people

    @property
    def _n_pairs(self) -> int:
        return int(self._nation.size)

    @property
    def _used(self) -> BoolArray:
        """Pairs whose capability was filled by an earlier stage."""
        filled = self.blocks.sum(axis=0) > 0
        used: BoolArray = filled[self._capability]
        return used

    def _ask(
        self,
        cost: FloatArray,
        *,
        open_to: BoolArray | None = None,
        more_cost: Sequence[float] = (),
        more_high: Sequence[float] = (),
        more_start: Sequence[float] = (),
        rows: Sequence[_Row] = (),
    ) -> float:
        """Minimise one stage, move `blocks` to what was found, and return the proven bound."""
        from scipy import sparse  # late: with the solver library

        every = [row for row in (*self._rows, *rows) if row.column.size]
        starts = np.cumsum([0, *(row.column.size for row in every)])
        column = np.concatenate([row.column for row in every])
        value = np.concatenate([row.value for row in every])
        n_columns = self._n_pairs + len(more_cost)
        high = self._high if open_to is None else np.where(open_to, self._high, 0.0)
        begin_with = self.blocks[self._nation, self._capability].astype(np.float64)
        answer = solve_program(
            Program(
                cost=np.concatenate([cost, more_cost]),
                low=np.zeros(n_columns),
                high=np.concatenate([high, more_high]),
                row_low=np.array([row.low for row in every]),
                row_high=np.array([row.high for row in every]),
                matrix=sparse.csr_array((value, column, starts), shape=(len(every), n_columns)),
                n_whole=self._n_pairs,
            ),
            begin_with=np.concatenate([begin_with, more_start]),
            options={"mip_rel_gap": NEAR, "mip_max_nodes": N_NODES},
            time_limit_s=self.time_limit_s - (time.perf_counter() - self._started),
            run=_run,
        )
        if answer.x is not None:
            found = np.round(answer.x[: self._n_pairs]).astype(np.int64)
            self.blocks = np.zeros_like(self.limit)
            self.blocks[self._nation, self._capability] = found
        return answer.bound


def _run(solver: Any) -> None:
    solver.run()
