"""How right a rehearsed watching was: links, statuses and sides held against the simulated truth.

Sums of one rehearsal, which add up over rehearsals; shares are taken of the sums. A status is no probability:
to score the ladder, the records `observing.true_*` say which one is put on each status. It tunes nothing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from truceline.simulate.rehearsal_play import Played
from truceline.simulate.true_incidents import TrueIncidents

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

P_EDGES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)
"""Edges of the classes of probability in tables of reliability."""
STATUSES = ("reported", "corroborated", "verified")
_SIDES = ("a", "b")


@dataclass
class Reliability:
    """Forecasts in classes of probability beside what came true."""

    n: IntArray = field(default_factory=lambda: np.zeros(len(P_EDGES) - 1, dtype=np.int64))
    n_right: IntArray = field(default_factory=lambda: np.zeros(len(P_EDGES) - 1, dtype=np.int64))
    p_sum: FloatArray = field(default_factory=lambda: np.zeros(len(P_EDGES) - 1))
    square_sum: float = 0.0
    """Sum of (p - outcome)^2."""

    def add(self, p: FloatArray, is_right: NDArray[np.bool_]) -> None:
        """Take in forecasts and outcomes."""
        at = np.clip(np.searchsorted(P_EDGES, p, side="right") - 1, 0, len(P_EDGES) - 2)
        size = len(P_EDGES) - 1
        self.n += np.bincount(at, minlength=size)
        self.n_right += np.bincount(at[is_right], minlength=size)
        self.p_sum += np.bincount(at, weights=p, minlength=size)
        self.square_sum += float(((p - is_right) ** 2).sum())

    @property
    def total(self) -> int:
        """Return the number of forecasts."""
        return int(self.n.sum())

    @property
    def brier(self) -> float:
        """Return the mean of (p - outcome)^2; NaN without forecasts. Less is better."""
        return self.square_sum / self.total if self.total else float("nan")

    @property
    def brier_of_constant(self) -> float:
        """Return what always saying the share that came true would have scored."""
        share = self.n_right.sum() / self.total if self.total else float("nan")
        return float(share * (1.0 - share))


@dataclass
class LinkSums:
    """Pairs of reports, and incidents made of them."""

    n_reports: int = 0
    n_late: int = 0
    n_true_pairs: int = 0
    """Pairs of reports of one true incident."""
    n_linked_pairs: int = 0
    """Pairs of reports in one incident of the store."""
    n_right_pairs: int = 0
    """Pairs that are both."""
    n_true: int = 0
    """True incidents that were reported."""
    n_several: int = 0
    """Of these, reported more than once."""
    n_split: int = 0
    """Of these, in more than one incident of the store."""
    n_made: int = 0
    """Incidents of the store that hold a report of a true one."""
    n_mixed: int = 0
    """Of these, with reports of more than one truth."""
    n_suggested: int = 0
    pairs: Reliability = field(default_factory=Reliability)
    """Probability that a report and its deciding partner tell of one incident."""


@dataclass
class TruthSums:
    """What the simulation did and the store made of it."""

    n_true: int = 0
    n_detected: int = 0
    n_verified: int = 0
    n_attributed: int = 0
    n_false: int = 0
    """False reports."""
    by_status: Counter[tuple[str, bool]] = field(default_factory=Counter)
    """Incidents of the store by status, and whether any of their reports is of a true incident."""
    status: Reliability = field(default_factory=Reliability)
    n_verified_right: int = 0
    """Incidents called verified that hold a report of one verified in the simulation."""
    n_verified_found: int = 0
    """Verified true incidents of which a report is in an incident called verified."""
    n_named: int = 0
    """Incidents of which a side is named."""
    n_named_right: int = 0
    n_named_wrong: int = 0
    n_named_nothing: int = 0
    """Named for what did not happen at all."""
    n_attributed_found: int = 0
    """True incidents attributed in the simulation whose incident has a side."""
    side: Reliability = field(default_factory=Reliability)


def part_of(played: Played, chosen: NDArray[np.bool_]) -> Played:
    """Return what was made of some of the reports; a partner that is not among them is none."""
    place = np.where(chosen, np.cumsum(chosen) - 1, -1)
    partner = played.partner[chosen]
    kept = np.where(partner >= 0, place[partner], -1)
    return replace(
        played,
        truth=played.truth[chosen],
        incident=played.incident[chosen],
        partner=kept,
        p_partner=np.where(kept >= 0, played.p_partner[chosen], np.nan),
    )


def score_links(played: Played) -> LinkSums:
    """Return how well reports were linked, by pairs of reports."""
    _, truth = np.unique(played.truth.astype(str), return_inverse=True)
    incident = played.incident
    joint = truth.astype(np.int64) * (int(incident.max(initial=0)) + 2) + incident + 1
    is_real = np.char.startswith(played.truth.astype(str), "i")
    in_truth = _group(truth[is_real], incident[is_real])
    in_incident = _group(incident, truth)
    made = np.unique(incident[is_real])
    sums = LinkSums(
        n_reports=len(truth),
        n_late=played.n_late,
        n_true_pairs=_pairs(truth),
        n_linked_pairs=_pairs(incident),
        n_right_pairs=_pairs(joint),
        n_true=len(in_truth),
        n_several=int(sum(n > 1 for n, _ in in_truth.values())),
        n_split=int(sum(kinds > 1 for _, kinds in in_truth.values())),
        n_made=len(made),
        n_mixed=int(sum(in_incident[int(number)][1] > 1 for number in made)),
        n_suggested=played.n_suggested,
    )
    has = played.partner >= 0
    sums.pairs.add(played.p_partner[has], truth[has] == truth[played.partner[has]])
    return sums


def _pairs(group: IntArray) -> int:
    """Return how many pairs of elements are of one group."""
    sizes = np.unique(group, return_counts=True)[1].astype(np.int64)
    return int((sizes * (sizes - 1) // 2).sum())


def _group(owner: IntArray, member: IntArray) -> dict[int, tuple[int, int]]:
    """Return for each owner how many elements it has, and how many different members among them."""
    numbers, n = np.unique(owner, return_counts=True)
    both = np.unique(np.column_stack([owner, member]), axis=0) if len(owner) else np.empty((0, 2), dtype=int)
    kinds = dict(zip(*(each.tolist() for each in np.unique(both[:, 0], return_counts=True)), strict=True))
    return {int(number): (int(count), int(kinds[number])) for number, count in zip(numbers, n, strict=True)}


def score_truth(played: Played, truth: TrueIncidents, p_of_status: dict[str, float]) -> TruthSums:
    """Return how statuses and sides fit the truth; `p_of_status` is the probability put on each status.

    An incident of the store with reports of several true ones counts as right where any of them is.
    """
    is_real = ~truth.is_false
    sums = TruthSums(
        n_true=int(is_real.sum()),
        n_detected=int((truth.detected & is_real).sum()),
        n_verified=int((truth.verified & is_real).sum()),
        n_attributed=int((truth.attributed & is_real).sum()),
        n_false=int(truth.is_false.sum()),
    )
    row_of = {label: row for row, label in enumerate(truth.labels())}
    members: dict[int, set[int]] = {}
    for label, number in zip(played.truth, played.incident, strict=True):
        members.setdefault(int(number), set()).add(row_of[label])
    verified_rows: set[int] = set()
    named_rows: set[int] = set()
    p_status, p_side, came_true, side_right = [], [], [], []
    for number, rows in sorted(members.items()):
        real = sorted(row for row in rows if is_real[row])
        status = played.status.get(number, "reported")
        sums.by_status[status, bool(real)] += 1
        p_status.append(p_of_status[status])
        came_true.append(bool(real))
        if status == "verified":
            verified_rows.update(real)
            sums.n_verified_right += int(any(truth.verified[row] for row in real))
        if number in played.side:
            side, p = played.side[number]
            is_right = any(_SIDES[truth.side[row]] == side for row in real)
            sums.n_named += 1
            sums.n_named_right += int(is_right)
            sums.n_named_nothing += int(not real)
            sums.n_named_wrong += int(bool(real) and not is_right)
            named_rows.update(real)
            p_side.append(p)
            side_right.append(is_right)
    sums.n_verified_found = sum(bool(truth.verified[row]) for row in verified_rows)
    sums.n_attributed_found = sum(bool(truth.attributed[row]) for row in named_rows)
    sums.status.add(np.array(p_status), np.array(came_true, dtype=bool))
    sums.side.add(np.array(p_side), np.array(side_right, dtype=bool))
    return sums


_Sums = TypeVar("_Sums", LinkSums, TruthSums, Reliability)


def add_sums(first: _Sums, second: _Sums) -> _Sums:
    """Return the sums of two rehearsals."""
    made = type(first)()
    for each in fields(first):
        one, other = getattr(first, each.name), getattr(second, each.name)
        total = add_sums(one, other) if isinstance(one, Reliability) else one + other
        setattr(made, each.name, total)
    return made
