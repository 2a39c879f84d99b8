"""Which one loss would weaken a sector most, and where one more fixed means would strengthen it most.

Both speak of the weakest crossing in clear weather, by day or night, of any kind, by someone who knows the
posts but not the schedules. Both are exact on the belt's raster: paths are sought anew for every loss, and
for every addition that a bound does not rule out. One loss or one addition at a time, never two.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from truceline.detection.rate_shares import RateEntries, RateShares
from truceline.geo.belt import CrossingBelt
from truceline.plan.candidates import Candidates
from truceline.siting.additions import find_best_addition
from truceline.siting.losses import NO_GROUP, LossScorer, SensorCells

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

NONE = "none"
"""Label where no loss or no addition is worth a name."""
NEGLIGIBLE_CHANGE = 5e-4
"""A chance that moves by less than this (a twentieth of a percentage point) is not worth a name."""


@dataclass(frozen=True, eq=False)
class CrossingCase:
    """One kind in one state on its way across a belt."""

    kind: str
    state: str
    kind_index: int
    """Index among the kinds of the rates."""
    state_index: int
    slowness: FloatArray
    """Raster of exposure per metre, inf where nobody can pass."""
    speed_m_per_s: FloatArray
    """(n_inside,) 0 where this kind cannot go."""


@dataclass(frozen=True)
class WorstLoss:
    """The one fixed means whose loss leaves the weakest crossing of a sector."""

    candidate: int
    """Index of the candidate, -1 when no single loss weakens the sector."""
    label: str
    p_before: float
    """Chance of being noticed on the weakest crossing in clear weather, as planned."""
    p_without: float
    """The same without this means, the path sought anew."""
    kind: str
    """Kind of the crossing that is weakest then."""
    state: str

    @property
    def drop(self) -> float:
        """How much of the chance is lost."""
        return self.p_before - self.p_without


@dataclass(frozen=True)
class OneMore:
    """The one more fixed means that would raise the weakest crossing of a sector most."""

    candidate: int
    """Index of the candidate, -1 when none raises it by a twentieth of a percentage point."""
    label: str
    people: float
    """People it takes; 0 when there is none."""
    p_before: float
    """Chance of being noticed on the weakest crossing in clear weather, as planned."""
    p_with: float
    """The same with this means as well."""
    kind: str
    """Kind of the crossing that is weakest then."""
    state: str
    n_candidates: int
    """Candidates that were free to be added."""
    n_solved: int
    """Candidates for which paths were sought anew; a bound ruled the others out."""


def find_worst_loss(
    belt: CrossingBelt, cases: Sequence[CrossingCase], entries: RateEntries, labels: Sequence[str]
) -> WorstLoss | None:
    """Return the loss that leaves the least chance of being noticed, None where nobody can pass.

    entries: what each chosen fixed candidate adds at the inside cells of the belt.
    """
    group = np.where(belt.exit, 0, NO_GROUP)
    present: list[float] = []
    left: list[FloatArray] = []
    kept: list[CrossingCase] = []
    for case in cases:
        if not (belt.entry & np.isfinite(case.slowness)).any():
            continue
        scorer = LossScorer(case.slowness, belt.cell_m, belt.entry, group, belt.inside)
        if math.isfinite(scorer.least[0]):
            kept.append(case)
            present.append(float(scorer.least[0]))
            left.append(scorer.score(_cells_of(belt, case, entries))[:, 0])
    if not kept:
        return None
    before = int(np.argmin(present))
    p_before = -math.expm1(-present[before])
    after = np.array(left).reshape(len(kept), -1)
    if after.size:
        case_of, number = np.unravel_index(int(np.argmin(after)), after.shape)
        p_without = -math.expm1(-float(after[case_of, number]))
        if p_before - p_without >= NEGLIGIBLE_CHANGE:
            candidate, weakest = int(entries.owner[number]), kept[int(case_of)]
            return WorstLoss(candidate, labels[candidate], p_before, p_without, weakest.kind, weakest.state)
    weakest = kept[before]
    return WorstLoss(-1, NONE, p_before, p_before, weakest.kind, weakest.state)


def find_one_more(
    belt: CrossingBelt,
    cases: Sequence[CrossingCase],
    shares: RateShares,
    free: IntArray,
    candidates: Candidates,
    labels: Sequence[str],
) -> OneMore | None:
    """Return the free candidate that would help most, None where nobody can pass.

    shares: what every free candidate adds anywhere. free: their indices.
    """
    if not free.size:
        return None
    found = find_best_addition(
        [case.slowness for case in cases],
        belt.cell_m,
        belt.entry,
        belt.exit,
        belt.inside,
        _FreeMeans(belt, cases, shares, free),
        len(free),
    )
    if found is None:
        return None
    p_before, p_with = (-math.expm1(-value) for value in (found.exposure_before, found.exposure_after))
    if found.candidate < 0 or p_with - p_before < NEGLIGIBLE_CHANGE:
        case = cases[found.case_before]
        return OneMore(-1, NONE, 0.0, p_before, p_before, case.kind, case.state, len(free), found.n_solved)
    candidate, case = int(free[found.candidate]), cases[found.case_after]
    return OneMore(
        candidate=candidate,
        label=labels[candidate],
        people=float(candidates.cost[candidate]),
        p_before=p_before,
        p_with=p_with,
        kind=case.kind,
        state=case.state,
        n_candidates=len(free),
        n_solved=found.n_solved,
    )


def free_candidates(candidates: Candidates, copies: IntArray) -> IntArray:
    """Return the fixed candidates of which one more may be added: copies and their means' limit allow it."""
    taken = np.bincount(candidates.group, copies, len(candidates.group_limit))
    room = taken < candidates.group_limit
    fixed = np.isfinite(candidates.x_m)
    return np.flatnonzero(fixed & (copies < candidates.copies_max) & room[candidates.group])


class _FreeMeans:
    """What free candidates would add on one belt: `siting.additions.Additions`."""

    def __init__(
        self, belt: CrossingBelt, cases: Sequence[CrossingCase], shares: RateShares, free: IntArray
    ) -> None:
        self._cases, self._shares, self._free = cases, shares, free
        self._cell = np.flatnonzero(belt.inside)
        self._xy_m = belt.inside_xy_m()
        self._belt = belt

    def along(self, case: int, metres: FloatArray, candidates: IntArray) -> FloatArray:
        one = self._cases[case]
        here = np.flatnonzero((metres.ravel()[self._cell] > 0) & (one.speed_m_per_s > 0))
        # seconds spent at each place: exposure is their product with the rate
        seconds = metres.ravel()[self._cell[here]] / one.speed_m_per_s[here]
        owners = self._free[candidates]
        added = np.zeros(len(candidates))
        for entries in self._shares.iterate(self._xy_m[here, 0], self._xy_m[here, 1], owners):
            worth = entries.rate_per_s[one.kind_index, one.state_index] * seconds[entries.place]
            number = np.repeat(np.searchsorted(owners, entries.owner), np.diff(entries.indptr))
            added += np.bincount(number, worth, len(candidates))
        return added

    def cells_of(self, candidate: int) -> tuple[IntArray, FloatArray]:
        entries = self._shares.gather(
            self._xy_m[:, 0], self._xy_m[:, 1], self._free[candidate : candidate + 1]
        )
        added = [_cells_of(self._belt, case, entries).slowness for case in self._cases]
        return self._cell[entries.place], np.array(added, dtype=np.float64).reshape(len(self._cases), -1)


def _cells_of(belt: CrossingBelt, case: CrossingCase, entries: RateEntries) -> SensorCells:
    """Return the slowness each owner adds on the raster of a belt; nothing where this kind cannot go."""
    rate = entries.rate_per_s[case.kind_index, case.state_index]
    speed = case.speed_m_per_s[entries.place]
    slowness = np.divide(rate, speed, out=np.zeros_like(rate), where=speed > 0)
    return SensorCells(entries.indptr, np.flatnonzero(belt.inside)[entries.place], slowness)
