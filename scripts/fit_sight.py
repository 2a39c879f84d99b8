"""Fit the law of statistical sight on real fine terrain; `calibrate_sight` runs it and writes what it found.

Metres and probabilities. Random pairs of points are drawn on each sample by distance, their exact line of
sight is taken for all heights, and the four numbers of `statistical_sight.odds_hidden` are fitted for each
landscape. Same data and seed give the same bytes. It draws no conclusion about ground unlike the samples.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates, maximum_filter, minimum_filter
from scipy.optimize import least_squares

from truceline.geo.statistical_sight import SightLaw, odds_hidden, share_visible
from truceline.geo.terrain import Terrain, read_terrain, read_terrain_as_is, sample_heights
from truceline.geo.visibility import minimum_visible_heights, optical_horizon_m

EYE_HEIGHTS_M = np.array([2.0, 5.0, 10.0, 15.0, 30.0, 100.0])
TARGET_HEIGHTS_M = np.array([0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 100.0])
EDGES_M = 10.0 * 2.0 ** (np.arange(23) / 2.0)
"""Bounds of the distance bins: two to an octave, 10 m to 20 km."""

SHORTEST_CELLS = 3.0
"""Below three cells a grid has no ground between the two ends to hide anything."""
LONGEST_SHARE = 0.7
"""Pairs longer than this share of the sample's short side nearly all lie in its middle."""
BLOCKS_PER_SIDE = 3
PAIRS_PER_BLOCK_MIN = 60
PAIRS_PER_BIN_MIN = 300
CHOSEN_OF = 10
CHOSEN_WITHIN_M = 1_000.0
CHOSEN_DISTANCE_MIN_M = 500.0
N_BOOTSTRAP = 100

PARAMETERS = ("hidden_odds_1km", "distance_exponent", "relief_1km_m", "relief_exponent")
START = np.log([10.0, 0.7, 20.0, 0.5])
LOWEST = np.log([0.1, 0.02, 0.2, 0.02])
HIGHEST = np.log([1_000.0, 4.0, 500.0, 2.0])

POSTS_PER_TILE = 60
"""Half a degree of the coarse model: the places among which the steppe's own spread is taken."""

STEPPE_LAG_M = (800.0, 1_070.0)
"""Distances at which rises are compared: about one post (927 m) of the coarse model."""
STEPPE_BOX = (46.5, 50.0, 34.0, 40.0)
"""South, north, west, east of the steppe on the coarse model; below 50 N its posts are real heights."""


@dataclass(frozen=True)
class LandscapePlan:
    """Which pairs of which samples make one landscape."""

    label: str
    samples: tuple[str, ...]
    relief_m: tuple[float, float]
    """Mean 1 km relief along the path."""
    named_by_relief_m: tuple[float, float | None] | None
    borrow_exponent: bool = False
    """Take the distance exponent from the mean of the others: the sample is too small to tell it."""


PLANS = {
    "rolling": LandscapePlan(
        "rolling ground, 60 to 110 m of relief in 1 km", ("jacksboro", "colorado"), (0, 110), (60, 110)
    ),
    "ridged": LandscapePlan(
        "ridges and valleys, 110 to 250 m in 1 km",
        ("jacksboro", "colorado", "big_tujunga"),
        (110, 250),
        (110, 250),
    ),
    "mountain": LandscapePlan(
        "mountains, over 250 m in 1 km", ("jacksboro", "colorado", "big_tujunga"), (250, 1e9), (250, None)
    ),
    "gully_steppe": LandscapePlan(
        "plain cut by gullies", ("bijou_gully",), (0, 1e9), None, borrow_exponent=True
    ),
}
ORDER = ("steppe", "gully_steppe", "rolling", "ridged", "mountain")


@dataclass(frozen=True)
class Pairs:
    """Pairs drawn on one sample in one distance bin."""

    sample: str
    bin: int
    chosen: bool
    distance_m: NDArray[np.float64]
    relief_m: NDArray[np.float64]
    rise_m: NDArray[np.float64]
    block: NDArray[np.int64]
    needed_m: NDArray[np.float32]
    """Least visible height, (eyes, pairs)."""


@dataclass(frozen=True)
class Tally:
    """Pairs and sights of one landscape, by block and bin (and eye, target)."""

    n: NDArray[np.float64]
    seen: NDArray[np.float64]
    log_distance: NDArray[np.float64]
    """Sum over pairs of the logarithm of the distance."""

    def cells(
        self, blocks: NDArray[np.int64] | None = None, n_min: float = PAIRS_PER_BIN_MIN
    ) -> NDArray[np.float64]:
        """Return rows of distance, eye, target, share seen, n: bins with enough pairs inside the horizon."""
        pick = np.arange(len(self.n)) if blocks is None else blocks
        n, seen, log_d = self.n[pick].sum(0), self.seen[pick].sum(0), self.log_distance[pick].sum(0)
        rows = []
        for b in np.flatnonzero(n >= n_min):
            distance_m = np.exp(log_d[b] / n[b])
            for e, eye_m in enumerate(EYE_HEIGHTS_M):
                for t, target_m in enumerate(TARGET_HEIGHTS_M):
                    if EDGES_M[b + 1] < optical_horizon_m(eye_m) + optical_horizon_m(target_m):
                        rows.append((distance_m, eye_m, target_m, seen[b, e, t] / n[b], n[b]))
        return np.array(rows).reshape(-1, 5)


@dataclass(frozen=True)
class Fit:
    """One landscape fitted."""

    plan: LandscapePlan
    tally: Tally
    log_parameters: NDArray[np.float64]
    standard_error: NDArray[np.float64]
    spread: NDArray[np.float64]
    """Lowest and highest of the middle 95 % of bootstrap fits, (2, 4)."""
    odds_factors: tuple[float, float]
    chosen_factor: float | None
    left_out_rmse: dict[str, float]
    beyond_horizon_share: float | None
    rise_m: float
    """Root mean square rise between points about one coarse post (0.93 km) apart; NaN when not drawn."""

    @property
    def law(self) -> SightLaw:
        """The fitted law."""
        return SightLaw(*(float(value) for value in np.exp(self.log_parameters)))


def load_samples(folder: Path) -> dict[str, Terrain]:
    """Read the fine samples; the one in degrees is warped to 90 m."""
    samples = folder / "samples"
    colorado = read_terrain(
        samples / "dem_colorado_srtmgl3_3s.tif",
        crs="EPSG:32613",
        bounds_m=(453_900.0, 4_438_500.0, 469_800.0, 4_450_500.0),
        cell_m=90.0,
        surface="surface",
    )
    names = {
        "big_tujunga": "dem_bigtujunga_srtm_30m_utm11.tif",
        "jacksboro": "dem_jacksboro_srtm_90m_utm16.tif",
        "bijou_gully": "dem_bijou_gully_5m_local.tif",
    }
    read = {name: read_terrain_as_is(samples / file, surface="surface") for name, file in names.items()}
    return {**read, "colorado": colorado}


def draw_pairs(name: str, terrain: Terrain, n_pairs: int, rng: np.random.Generator) -> list[Pairs]:
    """Draw random pairs in every distance bin the sample allows, and again with chosen ground."""
    n_rows, n_cols = terrain.height_m.shape
    window = min(round(1_000.0 / terrain.cell_m) | 1, n_rows, n_cols)
    known = np.where(np.isfinite(terrain.height_m), terrain.height_m, np.nanmean(terrain.height_m))
    relief_m = maximum_filter(known, window) - minimum_filter(known, window)
    longest_m = LONGEST_SHARE * min(n_rows, n_cols) * terrain.cell_m
    drawn = []
    for b in range(len(EDGES_M) - 1):
        if EDGES_M[b] < SHORTEST_CELLS * terrain.cell_m or EDGES_M[b] > longest_m:
            continue
        drawn.append(_draw_bin(name, terrain, relief_m, b, n_pairs, rng, chosen=False))
        if EDGES_M[b] >= CHOSEN_DISTANCE_MIN_M:
            drawn.append(_draw_bin(name, terrain, relief_m, b, n_pairs // 4, rng, chosen=True))
    return drawn


def _draw_bin(
    name: str,
    terrain: Terrain,
    relief_m: NDArray[np.float32],
    b: int,
    n_pairs: int,
    rng: np.random.Generator,
    *,
    chosen: bool,
) -> Pairs:
    shape = np.array(terrain.height_m.shape)
    start = rng.uniform(0.0, 1.0, (n_pairs, 2)) * (shape - 1)
    if chosen:
        start = _highest_nearby(terrain, start, rng)
    distance_m = np.exp(rng.uniform(np.log(EDGES_M[b]), np.log(EDGES_M[b + 1]), n_pairs))
    angle = rng.uniform(0.0, 2.0 * np.pi, n_pairs)
    end = start + (distance_m / terrain.cell_m)[:, None] * np.stack([np.sin(angle), np.cos(angle)], axis=1)
    keep = np.all((end >= 0) & (end <= shape - 1), axis=1)
    start, end, distance_m = start[keep], end[keep], distance_m[keep]
    from_xy, to_xy = terrain.xy_of(*start.T), terrain.xy_of(*end.T)
    rise_m = sample_heights(terrain, to_xy) - sample_heights(terrain, from_xy)
    keep = np.isfinite(rise_m)
    start, end, distance_m, rise_m = start[keep], end[keep], distance_m[keep], rise_m[keep]
    from_xy, to_xy = from_xy[keep], to_xy[keep]
    index = np.arange(len(distance_m), dtype=np.int32)
    needed = [minimum_visible_heights(terrain, from_xy, eye, to_xy, index, index) for eye in EYE_HEIGHTS_M]
    steps = np.linspace(0.0, 1.0, 5)
    along = [map_coordinates(relief_m, (start + s * (end - start)).T, order=0, mode="nearest") for s in steps]
    part = np.floor((start + end) / 2 / shape * BLOCKS_PER_SIDE).astype(np.int64)
    block = part[:, 0] * BLOCKS_PER_SIDE + part[:, 1]
    return Pairs(name, b, chosen, distance_m, np.mean(along, axis=0), rise_m, block, np.array(needed))


def _highest_nearby(
    terrain: Terrain, start: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Move each start to the highest of ten random places within 1 km, as a planner without a model would."""
    limit = np.array(terrain.height_m.shape) - 1
    reach = CHOSEN_WITHIN_M / terrain.cell_m
    offsets = rng.uniform(-reach, reach, (CHOSEN_OF, *start.shape))
    places = np.clip(start + offsets, 0.0, limit)
    heights = np.array([sample_heights(terrain, terrain.xy_of(*place.T)) for place in places])
    best = np.argmax(np.where(np.isfinite(heights), heights, -np.inf), axis=0)
    picked: NDArray[np.float64] = places[best, np.arange(len(start))]
    return picked


def tally(drawn: list[Pairs], plan: LandscapePlan, *, chosen: bool = False, without: str = "") -> Tally:
    """Count the pairs of one landscape by block of sample and distance bin."""
    per_sample = BLOCKS_PER_SIDE**2
    n_blocks, n_bins = per_sample * len(plan.samples), len(EDGES_M) - 1
    n = np.zeros((n_blocks, n_bins))
    log_distance = np.zeros((n_blocks, n_bins))
    seen = np.zeros((n_blocks, n_bins, len(EYE_HEIGHTS_M), len(TARGET_HEIGHTS_M)))
    low, high = plan.relief_m
    for pairs in drawn:
        if pairs.sample not in plan.samples or pairs.sample == without or pairs.chosen != chosen:
            continue
        keep = (pairs.relief_m >= low) & (pairs.relief_m < high)
        rows = plan.samples.index(pairs.sample) * per_sample + pairs.block[keep]
        n[:, pairs.bin] += np.bincount(rows, minlength=n_blocks)
        log_distance[:, pairs.bin] += np.bincount(rows, np.log(pairs.distance_m[keep]), minlength=n_blocks)
        for t, target_m in enumerate(TARGET_HEIGHTS_M):
            for e in range(len(EYE_HEIGHTS_M)):
                visible = (pairs.needed_m[e, keep] <= target_m).astype(float)
                seen[:, pairs.bin, e, t] += np.bincount(rows, visible, minlength=n_blocks)
    return Tally(n, seen, log_distance)


def share_seen(cells: NDArray[np.float64], law: SightLaw, odds_factor: float = 1.0) -> NDArray[np.float64]:
    """Return the share the law gives for each row of `Tally.cells`."""
    return share_visible(cells[:, 0], cells[:, 1], cells[:, 2], scale_odds(law, odds_factor))


def scale_odds(law: SightLaw, factor: float) -> SightLaw:
    """Return the law with its odds of being hidden multiplied."""
    return replace(law, hidden_odds_1km=law.hidden_odds_1km * factor)


def fit_law(
    cells: NDArray[np.float64], start: NDArray[np.float64] = START, exponent: float | None = None
) -> NDArray[np.float64]:
    """Return the logarithms of the four parameters by plain least squares on the shares, all cells alike.

    `exponent` holds the distance exponent still and fits the other three.
    """
    free = np.array([True, exponent is None, True, True])
    logs = start.copy()
    if exponent is not None:
        logs[1] = np.log(exponent)

    def all_four(moving: NDArray[np.float64]) -> NDArray[np.float64]:
        full = logs.copy()
        full[free] = moving
        return full

    result = least_squares(
        lambda moving: share_seen(cells, SightLaw(*np.exp(all_four(moving)))) - cells[:, 3],
        logs[free],
        bounds=(LOWEST[free], HIGHEST[free]),
    )
    return all_four(result.x)


def fit_odds_factor(cells: NDArray[np.float64], law: SightLaw) -> float:
    """Return the one factor on the odds that brings a law nearest to some cells."""
    result = least_squares(
        lambda log: share_seen(cells, law, float(np.exp(log[0]))) - cells[:, 3], [0.0], bounds=(-5, 5)
    )
    return float(np.exp(result.x[0]))


def fit_landscape(
    drawn: list[Pairs],
    plan: LandscapePlan,
    rng: np.random.Generator,
    n_bootstrap: int,
    exponents: list[float],
) -> Fit:
    """Fit one landscape: law, bootstrap and spread over blocks, chosen ground, samples left out."""
    counted = tally(drawn, plan)
    cells = counted.cells()
    exponent = float(np.mean(exponents)) if plan.borrow_exponent else None
    logs = fit_law(cells, exponent=exponent)
    law = SightLaw(*np.exp(logs))
    used = np.flatnonzero(counted.n.sum(1) > 0)
    resampled = []
    for _ in range(n_bootstrap):
        again = counted.cells(rng.choice(used, used.size))
        borrowed = float(rng.choice(exponents)) if plan.borrow_exponent else None
        resampled.append(fit_law(again, logs, borrowed))
    factors = []
    for block in used:
        own = counted.cells(np.array([block]), PAIRS_PER_BLOCK_MIN)
        if len(own) >= 0.3 * len(cells):
            factors.append(fit_odds_factor(own, law))
    chosen = tally(drawn, plan, chosen=True).cells()
    return Fit(
        plan=plan,
        tally=counted,
        log_parameters=logs,
        standard_error=np.std(np.exp(resampled), axis=0, ddof=1),
        spread=np.percentile(np.exp(resampled), [2.5, 97.5], axis=0),
        odds_factors=(float(np.percentile(factors, 90)), float(np.percentile(factors, 10))),
        chosen_factor=fit_odds_factor(chosen, law) if len(chosen) else None,
        left_out_rmse=_leave_out(drawn, plan, counted),
        beyond_horizon_share=_beyond_horizon(counted),
        rise_m=_rise_m(drawn, plan),
    )


def _leave_out(drawn: list[Pairs], plan: LandscapePlan, counted: Tally) -> dict[str, float]:
    """Return, for each sample, how far the law fitted on the others misses it (RMSE of shares)."""
    missed = {}
    per_sample = BLOCKS_PER_SIDE**2
    for k, sample in enumerate(plan.samples):
        own = counted.cells(np.arange(k * per_sample, (k + 1) * per_sample))
        others = tally(drawn, plan, without=sample).cells()
        if len(own) and len(others):
            error = share_seen(own, SightLaw(*np.exp(fit_law(others)))) - own[:, 3]
            missed[sample] = float(np.sqrt(np.mean(error**2)))
    return missed


def _beyond_horizon(counted: Tally) -> float | None:
    """Return the share truly seen from beyond the horizon of a smooth earth, where the law says none."""
    n, seen = counted.n.sum(0), counted.seen.sum(0)
    horizon = optical_horizon_m(EYE_HEIGHTS_M)[:, None] + optical_horizon_m(TARGET_HEIGHTS_M)[None, :]
    beyond = (EDGES_M[:-1, None, None] >= horizon) & (n >= PAIRS_PER_BIN_MIN)[:, None, None]
    if not beyond.any():
        return None
    shares = seen / np.maximum(n, 1.0)[:, None, None]
    return float(shares[beyond].mean())


def _rise_m(drawn: list[Pairs], plan: LandscapePlan) -> float:
    low, high = STEPPE_LAG_M
    rises = [np.zeros(0)]
    for pairs in drawn:
        if pairs.sample in plan.samples and not pairs.chosen:
            keep = (pairs.relief_m >= plan.relief_m[0]) & (pairs.relief_m < plan.relief_m[1])
            rises.append(pairs.rise_m[keep & (pairs.distance_m >= low) & (pairs.distance_m < high)])
    rise_m = np.concatenate(rises)
    return float(np.sqrt(np.mean(rise_m**2))) if rise_m.size else float("nan")


def measure_steppe(folder: Path, rolling: Fit) -> dict[str, float]:
    """Return how high the steppe rises in about 1 km beside the rolling samples (rms), and its spread.

    The coarse model is thinned, not averaged: its posts are real heights 927 m apart north to south, so their
    rises are real although nothing between them is known.
    """
    with rasterio.open(folder / "dem_dted0_30s_aoi.tif") as dataset:
        south, north, west, east = STEPPE_BOX
        step = dataset.transform
        top, bottom = (int((y - step.f) / step.e) for y in (north, south))
        left, right = (int((x - step.c) / step.a) for x in (west, east))
        height_m = dataset.read(1)[top : bottom + 1, left : right + 1].astype(float)
    height_m[height_m <= 0.0] = np.nan  # the sea is stored as 0
    rise_m = np.diff(height_m, axis=0)
    n = POSTS_PER_TILE
    rows, cols = rise_m.shape[0] // n, rise_m.shape[1] // n
    tiles = rise_m[: rows * n, : cols * n].reshape(rows, n, cols, n).transpose(0, 2, 1, 3)
    tiles = tiles.reshape(rows * cols, n * n)
    tiles = tiles[np.isfinite(tiles).mean(axis=1) > 0.5]
    per_tile = np.sqrt(np.nanmean(tiles**2, axis=1))
    return {
        "steppe_rise_m": float(np.sqrt(np.nanmean(rise_m**2))),
        "steppe_rise_low_m": float(np.percentile(per_tile, 10)),
        "steppe_rise_high_m": float(np.percentile(per_tile, 90)),
        "rolling_rise_m": rolling.rise_m,
    }


def stretch(law: SightLaw, ratio: float) -> SightLaw:
    """Return the law of ground `ratio` times as high: exact on a flat earth, where proportions rule."""
    return replace(law, relief_1km_m=law.relief_1km_m * ratio)


def steppe_factors(rolling: Fit, rises: dict[str, float]) -> tuple[float, float, float]:
    """Return the vertical ratio of the steppe and its odds factors in rough and in easy places."""
    ratio = rises["steppe_rise_m"] / rises["rolling_rise_m"]
    grid = np.array(
        [(d, e, t) for d in (500, 1_000, 2_000, 5_000, 10_000) for e in (5, 10, 30) for t in (1, 2, 5)]
    )
    middle = odds_hidden(*grid.T, stretch(rolling.law, ratio))

    def factor(rise_m: float, block_factor: float) -> float:
        moved = odds_hidden(*grid.T, stretch(rolling.law, rise_m / rises["rolling_rise_m"]))
        # The two spreads are independent: add their logarithms in quadrature.
        apart = np.hypot(np.mean(np.log(moved / middle)), np.log(block_factor))
        return float(np.exp(np.copysign(apart, np.log(block_factor))))

    low, high = rolling.odds_factors
    return ratio, factor(rises["steppe_rise_high_m"], low), factor(rises["steppe_rise_low_m"], high)


def calibrate(
    folder: Path, *, seed: int, n_pairs: int, n_bootstrap: int = N_BOOTSTRAP
) -> tuple[dict[str, Fit], dict[str, float]]:
    """Draw, count and fit every landscape; return the fits and the rises that scale the steppe."""
    drawn: list[Pairs] = []
    streams = np.random.SeedSequence(seed).spawn(2)
    rng = np.random.default_rng(streams[0])
    for name, terrain in sorted(load_samples(folder).items()):
        drawn += draw_pairs(name, terrain, n_pairs, rng)
    rng = np.random.default_rng(streams[1])
    fits: dict[str, Fit] = {}
    for name, plan in PLANS.items():
        exponents = [fit.law.distance_exponent for fit in fits.values()]
        fits[name] = fit_landscape(drawn, plan, rng, n_bootstrap, exponents)
    return fits, measure_steppe(folder, fits["rolling"])
