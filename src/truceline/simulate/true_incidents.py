"""The truth of one simulated ceasefire as plain columns: what happened, and what the watch made of it.

Taken from a replicate of the simulation, and changed in one way only: `add_collapse` lays copies of earlier
days over later ones, so that a breakdown with a known beginning can be rehearsed. Days are counted from the
ceasefire (day 0); kilometres along the line. It holds no reports.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
KeyArray = NDArray[np.uint64]

if TYPE_CHECKING:
    from truceline.simulate.results import IncidentTable

_SALT = 0x5C1B_77E5_A0D3_4E29
"""Keeps what observers do with a key apart from what the simulation does with it."""
MOST_COPIES = 1_000
"""Most copies of days laid over one day."""
COPY_JITTER_KM = 0.5
"""Standard deviation by which the copy of an incident is moved along the line: copies of one day that are
laid over the same day must not be the same place to the metre."""


@dataclass(frozen=True, eq=False)
class TrueIncidents:
    """Incidents and false reports in the order of their time, one element each."""

    number: IntArray
    """Number in the simulation; copies and originals are told apart by it."""
    time: FloatArray
    """Days."""
    km: FloatArray
    side: IntArray
    """Who fired: 0 for side a, 1 for side b; without meaning for a false report."""
    rung: IntArray
    """Place on the ladder of weapons, 0 to 4."""
    size: IntArray
    """Violations in it, 1 or more."""
    is_false: BoolArray
    """A report without an incident."""
    detected: BoolArray
    verified: BoolArray
    attributed: BoolArray
    named_side: IntArray
    """Side that the mission would name: 0 or 1; -1 for none."""
    key: KeyArray
    """Key of its randomness: the same incident under another watch has the same one, and the same luck."""

    def __len__(self) -> int:
        return len(self.number)

    def take(self, rows: Any) -> TrueIncidents:
        """Return some of the rows."""
        return TrueIncidents(**{each.name: getattr(self, each.name)[rows] for each in fields(self)})

    def labels(self) -> NDArray[np.object_]:
        """Return what the column `truth` says of each: i and a number, or f for a false report."""
        made = np.empty(len(self), dtype=object)
        made[:] = [f"{'f' if false else 'i'}{n}" for false, n in zip(self.is_false, self.number, strict=True)]
        return made

    def count_by_day(self, n_days: int) -> IntArray:
        """Return the true incidents of each day, shape (n_days,); false reports are none."""
        day = np.floor(self.time[~self.is_false]).astype(np.int64)
        return np.bincount(day[(day >= 0) & (day < n_days)], minlength=n_days)


def truth_of(table: IncidentTable) -> TrueIncidents:
    """Return the truth of a replicate of the simulation, in the order of time."""
    order = np.argsort(table.time, kind="stable")
    return TrueIncidents(
        number=np.arange(len(order), dtype=np.int64),
        time=table.time[order],
        km=table.km[order],
        side=table.side[order],
        rung=table.rung[order],
        size=table.size[order],
        is_false=table.false_report[order],
        detected=table.detected[order],
        verified=table.verified[order],
        attributed=table.attributed[order],
        named_side=table.attributed_side[order],
        key=table.key[order],
    )


def draw_uniform(key: KeyArray, n: int) -> FloatArray:
    """Return `n` numbers of each key, even between 0 and 1 and never either: shape (keys, n).

    The finaliser of SplitMix64 (Steele, Lea, Flood 2014) over the key and a counter.
    """
    with np.errstate(over="ignore"):
        counter = np.arange(1, n + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        mixed = _mix(key[:, None] ^ np.uint64(_SALT)) + counter[None, :]
    return np.asarray(((_mix(mixed) >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53)


def _mix(word: KeyArray) -> KeyArray:
    with np.errstate(over="ignore"):
        word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(word ^ (word >> np.uint64(31)))


def join_incidents(parts: list[TrueIncidents]) -> TrueIncidents:
    """Return several as one in the order of time, numbered anew."""
    columns = {
        each.name: np.concatenate([getattr(part, each.name) for part in parts])
        for each in fields(TrueIncidents)
    }
    order = np.argsort(columns["time"], kind="stable")
    columns = {name: values[order] for name, values in columns.items()}
    columns["number"] = np.arange(len(order), dtype=np.int64)
    return TrueIncidents(**columns)


def add_collapse(
    truth: TrueIncidents, *, onset: int, n_days: int, growth: float, most: float, seed: int, length_km: float
) -> TrueIncidents:
    """Return the truth of the days before `onset`, and of `n_days` more in which incidents grow day by day.

    On day k of the collapse (from 0) the expected number of incidents is that of the days before `onset`
    times min(growth^(k+1), most): so many whole days, drawn from the last half of the days before, are laid
    over each other, each turned by a drawn part of a day and moved a little along the line, so that what
    follows one another in a day still does. Copies keep what the watch made of their originals: what share is
    noticed does not change. False reports are not multiplied. The rise is in all places alike.
    """
    if most > MOST_COPIES:
        raise ValueError(f"a collapse to {most:g} times the level; {MOST_COPIES} at most")
    rng = np.random.default_rng([seed, onset])
    before = truth.take(truth.time < onset)
    day_of = np.floor(before.time).astype(np.int64)
    parts = [before]
    for k in range(n_days):
        multiple = min(growth ** (k + 1), most)
        n_copies = int(multiple) + int(rng.random() < multiple - int(multiple))
        first = onset // 2
        days = rng.choice(np.arange(first, onset), n_copies, replace=n_copies > onset - first)
        for copy, drawn in enumerate(days.tolist()):
            source = before.take((day_of == drawn) & (~before.is_false | (copy == 0)))
            of_day = (source.time - drawn + rng.random()) % 1.0
            moved = np.clip(source.km + rng.normal(0.0, COPY_JITTER_KM, len(source)), 0.0, length_km)
            keys = _mix(source.key + np.uint64(1 + k * MOST_COPIES + copy))
            shifted = {"time": onset + k + of_day, "km": moved, "key": keys}
            parts.append(
                TrueIncidents(
                    **{
                        each.name: shifted.get(each.name, getattr(source, each.name))
                        for each in fields(source)
                    }
                )
            )
    return join_incidents(parts)
