"""One face for both kinds of sight: exact over a fine elevation model, statistical without one.

Metres and probabilities; positions in one metric projection. It decides which kind may be used and says so in
`note`; it does not judge range, weather or sensors.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from functools import cached_property
from typing import Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truceline.geo.statistical_sight import find_landscape, p_visible_pairs, tune_law
from truceline.geo.sweep import HeightError, Mode, SweptGroup, find_posts, sort_targets, sweep_to_targets
from truceline.geo.terrain import Terrain
from truceline.geo.visibility import (
    OPTICAL_REFRACTION,
    check_pairs,
    curvature_drop_m,
    minimum_visible_heights,
)

PARTS_ACROSS_MAX = 5
"""Most points along a side at which a square target is looked at: 25 points put the share seen within 0.1."""


class Sight(Protocol):
    """Whether, or with what chance, observers see targets."""

    @property
    def mode(self) -> Literal["terrain", "statistical"]:
        """`terrain` for exact line of sight, `statistical` for a chance by landscape."""

    @property
    def cell_m(self) -> float | None:
        """What the elevation model behind it resolves; None without one."""

    @property
    def indicative(self) -> bool:
        """True when results must be marked as indicative."""

    @property
    def note(self) -> str:
        """One sentence for the report: what sight rests on."""

    def p_visible(
        self,
        observer_xy_m: ArrayLike,
        eye_height_m: ArrayLike,
        target_xy_m: ArrayLike,
        target_heights_m: Sequence[float],
        observer_index: ArrayLike,
        target_index: ArrayLike,
        *,
        target_width_m: float = 0.0,
        wanted: NDArray[np.bool_] | None = None,
    ) -> NDArray[np.float32]:
        """Return P(visible), (heights, k), for pairs (k,) of observers (n, 2) and targets (m, 2).

        Eyes (n,) and target heights are above ground. Targets are squares of side `target_width_m`, whose
        visible share counts, or points. wanted: (heights, k) False where the answer does not matter and may
        be 0.
        """


class TerrainSight:
    """Line of sight over a Terrain: the share of the target that is seen; unknown ground is not seen.

    With `error`, the mean over grounds that the elevation model's own error allows, so that near-certain
    sight and a lucky metre differ (Fisher 1991).
    """

    mode: Literal["terrain"] = "terrain"
    indicative = False

    def __init__(
        self,
        terrain: Terrain,
        *,
        way: Mode = "accurate",
        refraction: float = OPTICAL_REFRACTION,
        error: HeightError | None = None,
    ) -> None:
        """way: how to look; draws of `error` need a sweep, so `exact` refuses them with ValueError."""
        if way == "exact" and error is not None:
            raise ValueError("exact sight takes no draws of height errors: use accurate or fast")
        self.terrain = terrain
        self.way: Mode = way
        self.refraction = refraction
        self.error = error

    @property
    def cell_m(self) -> float:
        """What the elevation model resolves (m): the coarser of the grid and the data behind it."""
        return self.terrain.resolution_m

    @property
    def note(self) -> str:
        """What sight rests on."""
        bare = "" if self.terrain.surface == "surface" else "; trees and houses hide nothing (bare earth)"
        source = f" ({self.terrain.source})" if self.terrain.source else ""
        doubt = ""
        if self.error is not None:
            doubt = (
                f"; mean of {self.error.n_draws} draws of its height error, {self.error.error_m:g} m"
                f" (seed {self.error.seed})"
            )
        return f"line of sight over an elevation model of {self.cell_m:.0f} m cells{source}{bare}{doubt}"

    def fingerprint(self) -> str:
        """Return a text that differs whenever anything is seen differently: heights, place, way, draws."""
        ground = self.terrain
        place = (ground.x_origin_m, ground.y_origin_m, ground.cell_m, ground.height_m.shape, ground.crs)
        return repr((self._heights_digest, place, self.way, self.refraction, self.error))

    @cached_property
    def _heights_digest(self) -> str:
        """Hash of the heights: hundreds of megabytes on a long line, asked for by every posture."""
        return hashlib.blake2b(self.terrain.height_m.data, digest_size=16).hexdigest()

    def p_visible(
        self,
        observer_xy_m: ArrayLike,
        eye_height_m: ArrayLike,
        target_xy_m: ArrayLike,
        target_heights_m: Sequence[float],
        observer_index: ArrayLike,
        target_index: ArrayLike,
        *,
        target_width_m: float = 0.0,
        wanted: NDArray[np.bool_] | None = None,
    ) -> NDArray[np.float32]:
        """Return the share of each target that shows, (heights, k): see `Sight`; one look for all heights."""
        observer_xy = np.asarray(observer_xy_m, dtype=np.float64).reshape(-1, 2)
        target_xy = np.asarray(target_xy_m, dtype=np.float64).reshape(-1, 2)
        eye_m = np.broadcast_to(np.asarray(eye_height_m, np.float64), (len(observer_xy),))
        heights_m = np.asarray(target_heights_m, dtype=np.float32).reshape(-1)
        pairs = check_pairs(observer_index, target_index, len(observer_xy), len(target_xy))
        n_across = self._parts_across(target_width_m)
        parts_xy = _divide_squares(target_xy, target_width_m, n_across)
        if self.way == "exact":
            return self._look_along_lines(observer_xy, eye_m, parts_xy, n_across**2, heights_m, *pairs)
        return self._sweep(observer_xy, eye_m, target_xy, target_width_m, parts_xy, heights_m, *pairs)

    def _parts_across(self, width_m: float) -> int:
        """Return the points along a side of a target: one for each cell of the ground, up to a limit."""
        return min(max(1, math.ceil(width_m / self.terrain.cell_m)), PARTS_ACROSS_MAX)

    def _look_along_lines(
        self,
        observer_xy: NDArray[np.float64],
        eye_m: NDArray[np.float64],
        parts_xy: NDArray[np.float64],
        n_parts: int,
        heights_m: NDArray[np.float32],
        observers: NDArray[np.int32],
        targets: NDArray[np.int32],
    ) -> NDArray[np.float32]:
        seen = np.zeros((heights_m.size, observers.size), dtype=np.float32)
        for part in range(n_parts):
            needed_m = minimum_visible_heights(
                self.terrain,
                observer_xy,
                eye_m,
                parts_xy,
                observers,
                targets * n_parts + part,
                refraction=self.refraction,
            )
            seen += (needed_m[None, :] <= heights_m[:, None]) / np.float32(n_parts)
        return seen

    def _sweep(
        self,
        observer_xy: NDArray[np.float64],
        eye_m: NDArray[np.float64],
        target_xy: NDArray[np.float64],
        width_m: float,
        parts_xy: NDArray[np.float64],
        heights_m: NDArray[np.float32],
        observers: NDArray[np.int32],
        targets: NDArray[np.int32],
    ) -> NDArray[np.float32]:
        from truceline.geo import _sweep_kernels as kernels  # late: brings in the compiler

        order = np.arange(observers.size)
        if (np.diff(observers) < 0).any():
            order = np.argsort(observers, kind="stable")
            observers, targets = observers[order], targets[order]
        start = np.searchsorted(observers, np.arange(len(observer_xy) + 1)).astype(np.int64)
        posts = find_posts(self.terrain, observer_xy)
        sorted_targets = sort_targets(self.terrain, find_posts(self.terrain, parts_xy))
        spots = sorted_targets.posts
        n_parts = len(parts_xy) // max(1, len(target_xy))
        n_draws = self.error.n_draws if self.error is not None else 1
        share = np.float32(1.0 / (n_parts * n_draws))
        seen = np.zeros((heights_m.size, observers.size), dtype=np.float32)

        def count(group: SweptGroup) -> None:
            kernels.add_seen(
                group.lanes, start, targets, posts.row, posts.col, n_parts, spots.row, spots.col,
                sorted_targets.rank, group.window.row0, group.window.skip, group.need_m, heights_m, share,
                seen,
            )  # fmt: skip

        sweep_to_targets(
            self.terrain,
            posts,
            eye_m,
            _reach_of_pairs(observer_xy, target_xy, width_m, self.terrain.cell_m, start, observers, targets),
            sorted_targets,
            count,
            mode=self.way,
            drop_per_step2_m=float(curvature_drop_m(self.terrain.cell_m, refraction=self.refraction)),
            error=self.error,
        )
        np.minimum(seen, 1.0, out=seen)  # shares of a third and a fifth do not add up to one exactly
        unsorted = np.empty_like(seen)
        unsorted[:, order] = seen
        return unsorted


class StatisticalSight:
    """Chance of seeing by distance, heights and landscape; always indicative."""

    mode: Literal["statistical"] = "statistical"
    indicative = True
    cell_m: float | None = None

    def __init__(
        self, landscape: str, optimism: float = 0.0, *, chosen_ground: bool = False, reason: str = ""
    ) -> None:
        self.landscape = find_landscape(landscape)
        self.optimism = optimism
        self.law = tune_law(landscape, optimism, chosen_ground=chosen_ground)
        self._reason = reason or "no elevation model"

    @property
    def note(self) -> str:
        """What sight rests on."""
        scaled = ", scaled and not measured on such ground" if self.landscape.basis == "scaled" else ""
        return (
            f"statistical line of sight ({self.landscape.label}{scaled}; {self._reason}): indicative, "
            "says how much is seen on average and not which place"
        )

    def p_visible(
        self,
        observer_xy_m: ArrayLike,
        eye_height_m: ArrayLike,
        target_xy_m: ArrayLike,
        target_heights_m: Sequence[float],
        observer_index: ArrayLike,
        target_index: ArrayLike,
        *,
        target_width_m: float = 0.0,
        wanted: NDArray[np.bool_] | None = None,
    ) -> NDArray[np.float32]:
        """Return P(visible), (heights, k), by the law of the landscape; the law is a mean over places."""
        observers, targets = np.asarray(observer_index), np.asarray(target_index)
        heights_m = np.asarray(target_heights_m, dtype=np.float64).reshape(-1)
        visible = np.zeros((heights_m.size, observers.size), dtype=np.float32)
        for slot, height_m in enumerate(heights_m):
            asked = slice(None) if wanted is None else np.flatnonzero(wanted[slot])
            visible[slot, asked] = p_visible_pairs(
                self.law,
                observer_xy_m,
                eye_height_m,
                target_xy_m,
                float(height_m),
                observers[asked],
                targets[asked],
            )
        return visible


def choose_sight(
    terrain: Terrain | None,
    landscape: str,
    *,
    coarse_limit_m: float = 100.0,
    optimism: float = 0.0,
    chosen_ground: bool = False,
    error: HeightError | None = None,
) -> Sight:
    """Return exact sight when the elevation model is fine enough, else statistical sight that says why.

    What counts is the data behind the grid, not the grid: coarse heights warped to small cells stay coarse. A
    model coarser than `coarse_limit_m` shows two to three times what is truly visible, so it is not used.
    error: draws of the elevation model's height error, for sight as a probability.
    Raises TerrainError for an unknown landscape, whichever kind is chosen.
    """
    find_landscape(landscape)
    if terrain is not None and terrain.resolution_m <= coarse_limit_m:
        return TerrainSight(terrain, error=error)
    reason = ""
    if terrain is not None:
        reason = (
            f"the elevation model resolves {terrain.resolution_m:.0f} m, coarser than {coarse_limit_m:.0f} m"
        )
    return StatisticalSight(landscape, optimism, chosen_ground=chosen_ground, reason=reason)


def _divide_squares(xy_m: NDArray[np.float64], width_m: float, n_across: int) -> NDArray[np.float64]:
    """Return the middles of n_across x n_across equal parts of each square, target by target."""
    if n_across == 1:
        return xy_m
    step = ((np.arange(n_across) + 0.5) / n_across - 0.5) * width_m
    parts = np.stack(np.meshgrid(step, step, indexing="ij"), axis=-1).reshape(1, -1, 2)
    return np.asarray((xy_m[:, None, :] + parts).reshape(-1, 2))


def _reach_of_pairs(
    observer_xy_m: NDArray[np.float64],
    target_xy_m: NDArray[np.float64],
    width_m: float,
    cell_m: float,
    start: NDArray[np.int64],
    observers: NDArray[np.int32],
    targets: NDArray[np.int32],
) -> NDArray[np.int64]:
    """Return the steps (n,) that reach every part of each observer's targets, 0 for one without targets."""
    reach = np.zeros(len(observer_xy_m), dtype=np.int64)
    if observers.size:
        away_m = np.hypot(*(target_xy_m[targets] - observer_xy_m[observers]).T)
        some = np.flatnonzero(np.diff(start) > 0)
        farthest_m = np.maximum.reduceat(away_m, start[some])
        # Half the square's diagonal, and both ends may move by half a cell's: one step more.
        reach[some] = np.ceil((farthest_m + width_m * math.sqrt(0.5)) / cell_m).astype(np.int64) + 1
    return reach
