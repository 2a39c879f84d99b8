"""One face for both kinds of sight: exact over a fine elevation model, statistical without one.

Metres and probabilities; positions in one metric projection. It decides which kind may be used and says so in
`note`; it does not judge range, weather or sensors.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truceline.geo.statistical_sight import find_landscape, p_visible_pairs, tune_law
from truceline.geo.terrain import Terrain
from truceline.geo.visibility import OPTICAL_REFRACTION, minimum_visible_heights

CACHED_PAIRS_MAX = 60_000_000
"""Pairs whose heights TerrainSight remembers, all calls together (4 bytes each)."""


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
        target_height_m: float,
        observer_index: ArrayLike,
        target_index: ArrayLike,
    ) -> NDArray[np.float32]:
        """Return P(visible) for pairs (k,): observers (n, 2) with eyes (n,) above ground, targets (m, 2)."""


class TerrainSight:
    """Exact line of sight over a Terrain: 1 seen, 0 hidden; ground of unknown height is not seen."""

    mode: Literal["terrain"] = "terrain"
    indicative = False

    def __init__(self, terrain: Terrain, *, refraction: float = OPTICAL_REFRACTION) -> None:
        self.terrain = terrain
        self.refraction = refraction
        self._heights_m: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()

    @property
    def cell_m(self) -> float:
        """What the elevation model resolves (m): the coarser of the grid and the data behind it."""
        return self.terrain.resolution_m

    @property
    def note(self) -> str:
        """What sight rests on."""
        bare = "" if self.terrain.surface == "surface" else "; trees and houses hide nothing (bare earth)"
        source = f" ({self.terrain.source})" if self.terrain.source else ""
        return f"exact line of sight over an elevation model of {self.cell_m:.0f} m cells{source}{bare}"

    def p_visible(
        self,
        observer_xy_m: ArrayLike,
        eye_height_m: ArrayLike,
        target_xy_m: ArrayLike,
        target_height_m: float,
        observer_index: ArrayLike,
        target_index: ArrayLike,
    ) -> NDArray[np.float32]:
        """Return 1 or 0 for pairs (k,); the same pairs with another target height cost next to nothing."""
        pairs = (observer_xy_m, eye_height_m, target_xy_m, observer_index, target_index)
        key = _fingerprint(*pairs)
        heights_m = self._heights_m.get(key)
        if heights_m is None:
            heights_m = minimum_visible_heights(self.terrain, *pairs, refraction=self.refraction)
            self._remember(key, heights_m)
        return (heights_m <= target_height_m).astype(np.float32)

    def _remember(self, key: bytes, heights_m: NDArray[np.float32]) -> None:
        if heights_m.size > CACHED_PAIRS_MAX:
            return
        self._heights_m[key] = heights_m
        while sum(one.size for one in self._heights_m.values()) > CACHED_PAIRS_MAX:
            self._heights_m.popitem(last=False)


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
        target_height_m: float,
        observer_index: ArrayLike,
        target_index: ArrayLike,
    ) -> NDArray[np.float32]:
        """Return P(visible) for pairs (k,) by the law of the landscape."""
        return p_visible_pairs(
            self.law,
            observer_xy_m,
            eye_height_m,
            target_xy_m,
            target_height_m,
            observer_index,
            target_index,
        )


def choose_sight(
    terrain: Terrain | None,
    landscape: str,
    *,
    coarse_limit_m: float = 100.0,
    optimism: float = 0.0,
    chosen_ground: bool = False,
) -> Sight:
    """Return exact sight when the elevation model is fine enough, else statistical sight that says why.

    What counts is the data behind the grid, not the grid: coarse heights warped to small cells stay coarse. A
    model coarser than `coarse_limit_m` shows two to three times what is truly visible, so it is not used.
    Raises TerrainError for an unknown landscape, whichever kind is chosen.
    """
    find_landscape(landscape)
    if terrain is not None and terrain.resolution_m <= coarse_limit_m:
        return TerrainSight(terrain)
    reason = ""
    if terrain is not None:
        reason = (
            f"the elevation model resolves {terrain.resolution_m:.0f} m, coarser than {coarse_limit_m:.0f} m"
        )
    return StatisticalSight(landscape, optimism, chosen_ground=chosen_ground, reason=reason)


def _fingerprint(*arrays: ArrayLike) -> bytes:
    """Hash the content: a caller may reuse a buffer, so identity is not enough."""
    digest = hashlib.blake2b(digest_size=16)
    for one in arrays:
        plain = np.ascontiguousarray(one)
        digest.update(f"{plain.dtype}{plain.shape}".encode())
        digest.update(plain.data)
    return digest.digest()
