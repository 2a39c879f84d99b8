"""Who adds what to the rate at each place: the parts of the rate field of `rates`, owner by owner.

1/s at places in metres. An owner is one or several fixed means, such as the sensors of a mast, each with its
own arc; together the owners' parts are the field of the fixed means. Moving means have no part here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truceline.errors import ProblemList, ScenarioError

from . import _share_kernels
from ._arrays import FloatArray, as_floats
from ._pairs import Batch, FixedMeans, Sight, collect_fixed, iterate_batches, places_from_points
from .coverage import check_places
from .kinds import KIND_INDEX, MOVERS, N_STATES, STATE_INDEX, STATES
from .means import IntArray, Means, check_means, select_means
from .parameters import DetectionParameters
from .sensors import Sensor
from .tables import tabulate_rates

_NO_AREA = np.ones(1)  # fixed means need no sector, but the check wants one


@dataclass(frozen=True, eq=False)
class RateEntries:
    """Parts of some owners: those of the i-th lie from indptr[i] to indptr[i + 1]."""

    owner: IntArray
    """(n,)."""
    indptr: IntArray
    """(n + 1,)."""
    place: IntArray
    """(k,) index of the place; places without any rate are left out. An owner whose sensors look from several
    places or along several arcs may name a place more than once: what it adds there is the sum."""
    rate_per_s: FloatArray
    """(kinds, states, k)."""


class RateShares:
    """The fixed means of some owners, ready to tell what each adds where."""

    def __init__(
        self,
        means: Means,
        owner: ArrayLike,
        copies: ArrayLike,
        sight: Sight,
        sensors: Mapping[str, Sensor],
        parameters: DetectionParameters,
        *,
        cell_m: float,
        kinds: Sequence[str] = ("person", "vehicle"),
        states: Sequence[str] = STATES,
    ) -> None:
        """Prepare the fixed means with copies above 0; the others are left out.

        owner, copies: (means,) number of each means' owner and its units. Places are squares of side `cell_m`
        (0: points). Raises ScenarioError with all problems: unusable means, kinds that do not stay.
        """
        counts, owners = as_floats(copies), np.asarray(owner, dtype=np.int64)
        _check_request(means, owners, counts, kinds, states)
        chosen = np.flatnonzero((counts > 0) & ~means.is_area)
        self._means = select_means(means, chosen)
        check_means(self._means, sensors, _NO_AREA)
        fixed = collect_fixed(self._means, sensors, parameters)
        self._fixed = fixed
        self._owner = owners[chosen][fixed.candidate]
        availability = np.array([sensor.availability_share for sensor in fixed.sensors])
        self._weight = counts[chosen][fixed.candidate] * (
            availability[fixed.sensor] if len(fixed.sensor) else np.empty(0)
        )
        self._tables = tabulate_rates(fixed.sensors, kinds, parameters, cell_m)
        self._rows = np.array(
            [KIND_INDEX[kind] * N_STATES + STATE_INDEX[state] for kind in kinds for state in states],
            dtype=np.int64,
        )
        self._shape = (len(kinds), len(states))
        self._sight = sight
        self._cell_m = cell_m

    def iterate(
        self, x_m: ArrayLike, y_m: ArrayLike, owners: ArrayLike | None = None
    ) -> Iterator[RateEntries]:
        """Yield the parts at n places in batches; `owners` limits them to some. An owner may come twice.

        Raises GeometryError for places without coordinates.
        """
        x, y = as_floats(x_m), as_floats(y_m)
        check_places(x, y, np.full(len(x), -1, dtype=np.int64), _NO_AREA, self._cell_m, "place")
        if not x.size:
            return
        kept = np.flatnonzero(self._may_reach(x, y))
        if owners is not None:
            kept = kept[np.isin(self._owner[kept], np.asarray(owners))]
        if not kept.size:
            return
        fixed = _select(self._fixed, kept)
        for batch in iterate_batches(
            fixed, self._tables, places_from_points(x, y), self._sight, self._cell_m
        ):
            yield self._fill(batch, fixed, self._owner[kept], self._weight[kept])

    def gather(self, x_m: ArrayLike, y_m: ArrayLike, owners: ArrayLike | None = None) -> RateEntries:
        """Return all parts at once, each owner once, by rising number."""
        parts = list(self.iterate(x_m, y_m, owners))
        owner = np.concatenate([np.empty(0, dtype=np.int64), *(part.owner for part in parts)])
        length = np.concatenate([np.empty(0, dtype=np.int64), *(np.diff(part.indptr) for part in parts)])
        place = np.concatenate([np.empty(0, dtype=np.int64), *(part.place for part in parts)])
        rate = np.concatenate([np.empty((*self._shape, 0)), *(part.rate_per_s for part in parts)], axis=2)
        order = np.argsort(owner, kind="stable")
        names, first = np.unique(owner[order], return_index=True)
        end = np.concatenate([[0], np.cumsum(length[order])]).astype(np.int64)
        if (order != np.arange(len(order))).any():
            start = np.cumsum(length) - length
            entry = np.repeat(start[order] - end[:-1], length[order]) + np.arange(end[-1])
            place, rate = place[entry], rate[:, :, entry]
        return RateEntries(names, np.append(end[first], end[-1]), place, rate)

    def _may_reach(self, x_m: FloatArray, y_m: FloatArray) -> NDArray[np.bool_]:
        """Tell which means are not too far from the box round all places: the others need no search."""
        at = self._fixed.observer_xy_m[self._fixed.observer]
        away = [
            np.maximum(values.min() - at[:, i], at[:, i] - values.max())
            for i, values in enumerate((x_m, y_m))
        ]
        distance_m = np.hypot(*np.maximum(away, 0.0))
        return np.asarray(distance_m <= self._tables.reach_m.max(axis=1, initial=0.0)[self._fixed.sensor])

    def _fill(self, batch: Batch, fixed: FixedMeans, owner: IntArray, weight: FloatArray) -> RateEntries:
        members = batch.members
        looks = np.stack([owner[members], batch.observer], axis=1)
        rows, first_member, position = np.unique(looks, axis=0, return_index=True, return_inverse=True)
        n_pairs = np.diff(batch.indptr)[batch.observer[first_member]]
        indptr = np.concatenate([[0], np.cumsum(n_pairs)]).astype(np.int64)
        rate = np.zeros((len(self._rows), int(indptr[-1])))
        _share_kernels.fill_rates(
            batch.observer,
            np.ascontiguousarray(fixed.sensor[members]),
            np.ascontiguousarray(weight[members]),
            indptr[position.reshape(-1)],
            batch.indptr,
            batch.pair_distance_m,
            batch.visible,
            fixed.height_slot,
            self._tables.values,
            self._tables.reach_m,
            np.ascontiguousarray(fixed.horizon_m[members]),
            self._rows,
            N_STATES,
            rate,
        )
        # a row's pairs are those of its observer
        at = batch.indptr[batch.observer[first_member]]
        pair = np.repeat(at - indptr[:-1], n_pairs) + np.arange(indptr[-1])
        some = np.flatnonzero(rate.any(axis=0))
        left = np.searchsorted(some, indptr)
        return RateEntries(
            owner=rows[:, 0],
            indptr=left.astype(np.int64),
            place=batch.pair_cell[pair[some]].astype(np.int64),
            rate_per_s=rate[:, some].reshape(*self._shape, -1),
        )


def _select(fixed: FixedMeans, rows: IntArray) -> FixedMeans:
    """Return some of the fixed means, with only the observers they stand at."""
    used, observer = np.unique(fixed.observer[rows], return_inverse=True)
    return replace(
        fixed,
        candidate=fixed.candidate[rows],
        sensor=fixed.sensor[rows],
        observer=observer.reshape(-1).astype(np.int64),
        observer_xy_m=np.ascontiguousarray(fixed.observer_xy_m[used]),
        eye_height_m=np.ascontiguousarray(fixed.eye_height_m[used]),
        arc=np.ascontiguousarray(fixed.arc[used]),
        horizon_m=fixed.horizon_m[rows],
    )


def _check_request(
    means: Means, owner: NDArray[np.int64], counts: FloatArray, kinds: Sequence[str], states: Sequence[str]
) -> None:
    """Refuse kinds that do not stay, states that do not exist, and counts that do not fit."""
    problems = ProblemList()
    for kind in kinds:
        if kind not in MOVERS:
            problems.add("kinds", f"{kind!r} is no mover", f"use {', '.join(MOVERS)}")
    for state in states:
        if state not in STATES:
            problems.add("states", f"{state!r} is no state", f"use {', '.join(STATES)}")
    if counts.shape != (means.n,) or (counts < 0).any():
        found = f"have the shape {counts.shape} for {means.n} means, or are negative"
        problems.add("copies", found, "give one count of 0 or more for each")
    if owner.shape != (means.n,):
        problems.add("owner", f"has the shape {owner.shape} for {means.n} means", "give one for each")
    problems.raise_if_any(ScenarioError, "the shares of the rate field cannot be computed")
