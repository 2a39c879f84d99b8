"""Make the siting instances of the whole line: S, M and L on the 1,200 km strip, seen by our own table.

A meandering line; cells to watch on a regular grid within 10 km of it, weighted by their distance from it;
candidates on the best of ten points around random places within 12 km; a 20 m mast, 15 km of reach, targets
of 2 m. Kilometres for places, metres for sight, people for costs. Instances are cached in the temporary
folder by size and seed, because every section of the benchmark reads them.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ground import make_strip
from numpy.typing import NDArray

from truceline.geo.sight_table import SightTable, build_sight_table
from truceline.geo.terrain import Terrain
from truceline.siting.problems import SitingProblem, build_siting_problem

SIZES = {"S": (10_000, 1_000), "M": (50_000, 10_000), "L": (200_000, 30_000)}
"""Cells aimed at and candidates of each instance."""

MAST_M, TARGET_M, REACH_M = 20.0, 2.0, 15_000.0
BELT_HALF_WIDTH_KM, SITES_HALF_WIDTH_KM = 10.0, 12.0
IMPORTANCE_SCALE_KM = 4.0
"""A cell's weight falls to 1/e over this distance from the line."""
PEAK_WEIGHT = 100.0
SITE_SPREAD_M, SITE_TRIES = 1_000.0, 10
"""A post stands on the highest of so many points around where somebody drew it."""
P_CLOSE, DETECTION_SCALE_KM = 0.75, 9.0
"""Chance of detection at range d: P_CLOSE exp(-(d / scale)^2)."""
PEOPLE_PER_POST = (6, 25)
"""Costs are drawn from this half-open range."""
SPARE_SITES = 1.25
"""Places drawn for each one kept, since some land on one cell."""


@dataclass(frozen=True, eq=False)
class Layout:
    """Where the sites and the cells of an instance are."""

    site_xy_m: NDArray[np.float64]
    """(n_candidates, 2) ordered along the line."""
    cell_xy_m: NDArray[np.float64]
    """(n_cells, 2) ordered along the line."""
    weight: NDArray[np.float64]
    """(n_cells,) whole numbers."""
    cost: NDArray[np.int64]
    """(n_candidates,) people."""


@dataclass(frozen=True, eq=False)
class LineCase:
    """One instance: who sees what, with what chance."""

    name: str
    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    p_detect: NDArray[np.float32]
    weight: NDArray[np.float64]
    cost: NDArray[np.int64]
    event_place: NDArray[np.float64]
    """(n_cells,) kilometres along the strip."""

    def cover(self, *, costs: bool = False) -> SitingProblem:
        """Return the maximal cover problem; posts cost one each unless `costs`."""
        people = self.cost if costs else np.ones(self.cost.size)
        return build_siting_problem(self.weight, self.indptr, self.indices, None, people)

    def joint(self) -> SitingProblem:
        """Return the joint detection problem with a cost of one for each post."""
        log_miss = -np.log1p(-self.p_detect)
        return build_siting_problem(self.weight, self.indptr, self.indices, log_miss, np.ones(self.cost.size))

    @property
    def size(self) -> str:
        """Words for the table."""
        return f"{self.weight.size:,} cells x {self.cost.size:,} sites"


def load_case(name: str) -> LineCase:
    """Return instance S, M or L, or a city by name, made once and then read from the temporary folder."""
    path = cache_folder() / f"{name}.npz"
    if not path.is_file():
        if name in SIZES:
            write_case(path, make_case(name))
        else:
            from city_cases import make_city

            write_case(path, make_city(name))
    with np.load(path, allow_pickle=False) as arrays:
        return LineCase(name, **{field: arrays[field] for field in arrays.files})


def cache_folder() -> Path:
    """Return the folder of made instances (TRUCELINE_BENCH_CACHE, or one in the temporary folder)."""
    folder = Path(os.environ.get("TRUCELINE_BENCH_CACHE", Path(tempfile.gettempdir()) / "truceline-bench"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def write_case(path: Path, case: LineCase) -> None:
    """Write an instance beside its name first, so that an interrupt leaves no half of one."""
    fields = ("indptr", "indices", "p_detect", "weight", "cost", "event_place")
    partial = path.with_name("partial-" + path.name)
    np.savez(partial, **{field: getattr(case, field) for field in fields})
    partial.replace(path)


def make_case(name: str) -> LineCase:
    """Return a new instance."""
    terrain = make_strip().terrain
    return see_layout(name, terrain, lay_out(terrain, *SIZES[name]))


def lay_out(terrain: Terrain, n_cells: int, n_sites: int, *, seed: int = 5) -> Layout:
    """Return where cells and sites are: the same seed draws the same line, whatever the size."""
    random = np.random.default_rng(seed)
    rows, cols = terrain.height_m.shape
    grid_km = terrain.cell_m / 1000.0
    line_km = _line_place(np.arange(cols) * grid_km, rows * grid_km)
    step_km = float(np.sqrt(cols * grid_km * 2 * BELT_HALF_WIDTH_KM / n_cells))
    along, across = np.meshgrid(
        np.arange(step_km / 2, cols * grid_km, step_km),
        np.arange(step_km / 2, rows * grid_km, step_km),
        indexing="ij",
    )
    cell_cols = np.minimum((along.ravel() / grid_km).astype(np.int64), cols - 1)
    cell_rows = np.minimum((across.ravel() / grid_km).astype(np.int64), rows - 1)
    from_line_km = np.abs(cell_rows * grid_km - line_km[cell_cols])
    inside = from_line_km <= BELT_HALF_WIDTH_KM
    importance = np.exp(-from_line_km[inside] / IMPORTANCE_SCALE_KM)
    site_rows, site_cols = _high_points(terrain, line_km, n_sites, random)
    return Layout(
        terrain.xy_of(site_rows, site_cols),
        terrain.xy_of(cell_rows[inside], cell_cols[inside]),
        np.maximum(1.0, np.round(PEAK_WEIGHT * importance)),
        random.integers(*PEOPLE_PER_POST, site_rows.size),
    )


def build_table(terrain: Terrain, layout: Layout) -> SightTable:
    """Return who sees what of a layout, in the accurate mode."""
    return build_sight_table(
        terrain,
        layout.site_xy_m,
        MAST_M,
        layout.cell_xy_m,
        max_distance_m=REACH_M,
        height_max_m=TARGET_M,
        mode="accurate",
    )


def see_layout(name: str, terrain: Terrain, layout: Layout) -> LineCase:
    """Return the instance of a layout."""
    table = build_table(terrain, layout)
    chance = P_CLOSE * np.exp(-((table.distance_m / 1000.0 / DETECTION_SCALE_KM) ** 2))
    return LineCase(
        name,
        table.indptr,
        table.target,
        chance.astype(np.float32),
        layout.weight,
        layout.cost,
        layout.cell_xy_m[:, 0] / 1000.0,
    )


def _line_place(along_km: NDArray[np.float64], depth_km: float) -> NDArray[np.float64]:
    """Return how far (km) from the northern edge the line runs: three meanders on the middle of the strip."""
    meanders = ((7.0, 60.0, 0.0), (4.0, 17.0, 1.0), (1.5, 5.3, 0.0))
    return depth_km / 2 + sum(size * np.sin(along_km / wave + phase) for size, wave, phase in meanders)


def _high_points(
    terrain: Terrain, line_km: NDArray[np.float64], n_sites: int, random: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return rows and columns of sites, no two on one grid cell, ordered along the strip."""
    rows, cols = terrain.height_m.shape
    grid_km = terrain.cell_m / 1000.0
    drawn = int(n_sites * SPARE_SITES)
    spread = int(SITE_SPREAD_M / terrain.cell_m)
    col = random.integers(0, cols, drawn)
    row = ((line_km[col] + random.uniform(-1, 1, drawn) * SITES_HALF_WIDTH_KM) / grid_km).astype(np.int64)
    try_cols = np.clip(col[:, None] + random.integers(-spread, spread + 1, (drawn, SITE_TRIES)), 2, cols - 3)
    try_rows = np.clip(row[:, None] + random.integers(-spread, spread + 1, (drawn, SITE_TRIES)), 2, rows - 3)
    highest = terrain.height_m[try_rows, try_cols].argmax(axis=1)
    chosen = np.arange(drawn), highest
    spots = np.unique(try_cols[chosen] * rows + try_rows[chosen])
    kept = np.sort(random.permutation(spots)[:n_sites])
    return kept % rows, kept // rows
