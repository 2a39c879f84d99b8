"""Chance of seeing a target without a fine elevation model: by distance, heights and kind of landscape.

Metres and probabilities. The law is fitted on real fine terrain by `scripts/calibrate_sight.py`, which writes
`sight_fit.yaml` and `docs/sight-calibration.md`. It is an average over ground of one kind: it cannot say
which hill hides whom, and a result that rests on it is indicative. It knows nothing of trees, houses, haze.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

import numpy as np
import yaml
from numpy.typing import ArrayLike, NDArray

from truceline.errors import ProblemList, TerrainError
from truceline.geo.terrain import Relief
from truceline.geo.visibility import check_pairs, optical_horizon_m, run_over_pairs

FIT_FILE = "sight_fit.yaml"


@dataclass(frozen=True)
class SightLaw:
    """The four numbers of the law for one landscape; see `odds_hidden`."""

    hidden_odds_1km: float
    """Odds that a point on the ground is hidden from another 1 km away."""
    distance_exponent: float
    """How these odds grow with distance."""
    relief_1km_m: float
    """Height (m) that counts as tall at 1 km: eyes and targets far below it gain little."""
    relief_exponent: float
    """How that height grows with distance."""


@dataclass(frozen=True)
class Landscape:
    """A kind of ground with its fitted law, the spread between places, and where the fit comes from."""

    name: str
    label: str
    law: SightLaw
    odds_factor_low: float
    """Factor on the odds of being hidden in rough places of this kind (nine in ten are easier)."""
    odds_factor_high: float
    """The same in easy places (nine in ten are rougher)."""
    chosen_ground_odds_factor: float | None
    """The same for an observer on the highest of ten points within 1 km; None where not measured."""
    relief_min_m: float | None
    relief_max_m: float | None
    """Median relief in 1 km windows of such ground; None for ground that relief alone does not tell."""
    distance_min_m: float
    distance_max_m: float
    """Distances fitted; beyond them the law is carried on."""
    basis: Literal["measured", "scaled"]
    """`scaled`: another landscape's law with heights stretched, not measured on such ground."""


@cache
def load_landscapes() -> dict[str, Landscape]:
    """Return the packaged landscapes by name, gentlest first."""
    text = resources.files("truceline.geo").joinpath(FIT_FILE).read_text(encoding="utf-8")
    return {name: _landscape(name, entry) for name, entry in yaml.safe_load(text)["landscapes"].items()}


def find_landscape(name: str) -> Landscape:
    """Return one landscape, or raise TerrainError that lists those there are."""
    known = load_landscapes()
    if name not in known:
        problems = ProblemList()
        problems.add("landscape", f"{name!r} is not a known landscape", f"use one of {', '.join(known)}")
        problems.raise_if_any(TerrainError, "No such landscape")
    return known[name]


def name_landscape(relief: Relief) -> str:
    """Return the name of the landscape whose range of 1 km relief holds what was measured."""
    for name, landscape in load_landscapes().items():
        low, high = landscape.relief_min_m, landscape.relief_max_m
        if low is not None and low <= relief.relief_1km_m < (math.inf if high is None else high):
            return name
    raise AssertionError("the packaged ranges of relief leave a hole")


def odds_hidden(
    distance_m: ArrayLike, eye_height_m: ArrayLike, target_height_m: ArrayLike, law: SightLaw
) -> NDArray[np.float64]:
    """Return the odds (hidden : visible) between two random points, heights above ground in metres.

    odds = O (d/1 km)^b / [(1 + eye/H) (1 + target/H)]^1.5,  H = h (d/1 km)^c,  with O, b, h, c in `law`.

    Rougher relief is met as the distance grows (a self-affine surface: H is its relief at that distance), and
    height counts in proportion to it. The form is ours, chosen among eight on the samples; the power 1.5 is
    shared by all landscapes. Grows with distance, falls with either height, the same both ways.
    """
    distance_km = np.asarray(distance_m, dtype=np.float64) / 1000.0
    relief_m = law.relief_1km_m * np.maximum(distance_km, 1e-9) ** law.relief_exponent
    eye, target = np.asarray(eye_height_m, dtype=np.float64), np.asarray(target_height_m, dtype=np.float64)
    clear = (1.0 + eye / relief_m) * (1.0 + target / relief_m)
    return np.asarray(law.hidden_odds_1km * distance_km**law.distance_exponent * clear**-1.5)


def share_visible(
    distance_m: ArrayLike, eye_height_m: ArrayLike, target_height_m: ArrayLike, law: SightLaw
) -> NDArray[np.float64]:
    """Return the share of such pairs in sight: [1 - (d/d_h)²] / (1 + odds hidden), d_h the two horizons' sum.

    The first factor is the earth's bulge, which grows with d² and takes all that is left at the horizon of
    the two heights over a smooth earth; a convention that fits no worse than none and keeps the tail safe.
    1 at no distance, 0 from the horizon on (although a ridge may see further).
    """
    distance = np.asarray(distance_m, dtype=np.float64)
    horizon_m = optical_horizon_m(eye_height_m) + optical_horizon_m(target_height_m)
    left_share = np.clip(1.0 - (distance / np.maximum(horizon_m, 1e-9)) ** 2, 0.0, 1.0)
    share = left_share / (1.0 + odds_hidden(distance, eye_height_m, target_height_m, law))
    return np.where(distance <= 0.0, 1.0, share)


def p_visible(
    distance_m: ArrayLike,
    eye_height_m: ArrayLike,
    target_height_m: ArrayLike,
    landscape: str,
    *,
    optimism: float = 0.0,
    chosen_ground: bool = False,
) -> NDArray[np.float64]:
    """Return P(target shows to the eye) in a landscape; distances and heights (m) broadcast together.

    `optimism` from -1 to 1 moves from rough to easy places of the landscape (80 % of blocks of the samples
    lie between). `chosen_ground`: the observer stands on the highest of ten points within 1 km and not
    anywhere. See `share_visible` for the law. Raises TerrainError for an unknown landscape or an optimism out
    of range.
    """
    law = tune_law(landscape, optimism, chosen_ground=chosen_ground)
    return share_visible(distance_m, eye_height_m, target_height_m, law)


def tune_law(landscape: str, optimism: float = 0.0, *, chosen_ground: bool = False) -> SightLaw:
    """Return the law of a landscape moved by `optimism` and `chosen_ground` (see `p_visible`)."""
    record = find_landscape(landscape)
    problems = ProblemList()
    if not -1.0 <= optimism <= 1.0:
        problems.add("sight.optimism", f"{optimism}", "give a number from -1 (rough ground) to 1 (easy)")
    if chosen_ground and record.chosen_ground_odds_factor is None:
        problems.add("sight.chosen_ground", f"is not known for {landscape}", "leave it out")
    problems.raise_if_any(TerrainError, "Statistical sight cannot be used")
    end = record.odds_factor_low if optimism < 0 else record.odds_factor_high
    factor = end ** abs(optimism)
    if chosen_ground and record.chosen_ground_odds_factor is not None:
        factor *= record.chosen_ground_odds_factor
    law = record.law
    odds_1km = law.hidden_odds_1km * factor
    return SightLaw(odds_1km, law.distance_exponent, law.relief_1km_m, law.relief_exponent)


def p_visible_pairs(
    law: SightLaw,
    observer_xy_m: ArrayLike,
    eye_height_m: ArrayLike,
    target_xy_m: ArrayLike,
    target_height_m: float,
    observer_index: ArrayLike,
    target_index: ArrayLike,
) -> NDArray[np.float32]:
    """Return `p_visible` for pairs (k,) of observers (n, 2), eyes (n,) and targets (m, 2); compiled."""
    from truceline.geo import _kernels  # late: brings in the compiler

    observer_xy = np.asarray(observer_xy_m, dtype=np.float64).reshape(-1, 2)
    target_xy = np.asarray(target_xy_m, dtype=np.float64).reshape(-1, 2)
    observers, targets = check_pairs(observer_index, target_index, len(observer_xy), len(target_xy))
    eye_m = np.broadcast_to(np.asarray(eye_height_m, dtype=np.float64), (len(observer_xy),))
    horizon_m = optical_horizon_m(eye_m) + optical_horizon_m(target_height_m)
    parameters = (law.hidden_odds_1km, law.distance_exponent, law.relief_1km_m, law.relief_exponent)
    places = (observer_xy[:, 0], observer_xy[:, 1], eye_m, target_xy[:, 0], target_xy[:, 1])
    arguments = (*parameters, float(target_height_m), horizon_m, *places)
    return run_over_pairs(_kernels.statistical_shares, arguments, observers, targets)


def _landscape(name: str, entry: dict[str, Any]) -> Landscape:
    def value(key: str) -> float:
        return float(entry["parameters"][key]["value"])

    relief_min_m, relief_max_m = entry["relief_1km_range_m"] or (None, None)
    distance_min_m, distance_max_m = entry["distance_range_m"]
    law = SightLaw(
        value("hidden_odds_1km"), value("distance_exponent"), value("relief_1km_m"), value("relief_exponent")
    )
    return Landscape(
        name=name,
        label=entry["label"],
        law=law,
        odds_factor_low=float(entry["odds_factor"]["low"]),
        odds_factor_high=float(entry["odds_factor"]["high"]),
        chosen_ground_odds_factor=entry["odds_factor"]["chosen_ground"],
        relief_min_m=relief_min_m,
        relief_max_m=relief_max_m,
        distance_min_m=float(distance_min_m),
        distance_max_m=float(distance_max_m),
        basis=entry["basis"],
    )
