"""Viewsheds against GDAL in memory and GRASS: seconds an observer, and the share of the visible area wrong.

Both sides use both cores: our threads, two processes of a peer. Truth is exact line of sight from our
reference (every crossing of the line with the grid), on a sample of cells of each observer's disc.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import peer_grass
from book import N_CORES, NOT_INSTALLED, Row, Settings, percent, run_apart, seconds
from ground import make_square
from numpy.typing import NDArray

from truceline.geo.terrain import Terrain
from truceline.geo.viewsheds import seen_from
from truceline.geo.visibility import minimum_visible_heights

TITLE = "Viewsheds"

EYE_M, TARGET_M = 10.0, 2.0
COEFFICIENT = 0.85714
"""Curvature less refraction, GDAL's default."""
SEMI_MAJOR_M = 6_378_137.0
"""Earth radius GDAL and GRASS take from the ellipsoid; ours is set to it here."""
WARM_OBSERVERS = 32
PEER_TIMEOUT_S = 900.0


@dataclass(frozen=True)
class Case:
    """A resolution and a radius, with the goals set for it."""

    cell_m: float
    radius_m: float
    grass_observers: int
    """Observers GRASS is given in a full run; it takes seconds for each at 30 m."""
    goal_speed: float | None = None
    goal_error: float | None = None
    fast_goal_speed: float | None = None
    grass_goal_speed: float | None = None

    @property
    def name(self) -> str:
        """Words for the table."""
        return f"{self.cell_m:.0f} m, {self.radius_m / 1000:.0f} km"


CASES = (
    Case(90.0, 10_000.0, 40),
    Case(90.0, 20_000.0, 100, 10.0, 0.02, 25.0, 500.0),
    Case(30.0, 10_000.0, 12),
    Case(30.0, 20_000.0, 8, 5.0, 0.006),
)
ERROR_RATIO_GOAL = 0.25
"""The accurate mode is to have at most this part of GDAL's error."""


@dataclass(frozen=True, eq=False)
class Sample:
    """Observers of a case, sampled cells of the first of them, and the truth about those."""

    rows: NDArray[np.int64]
    cols: NDArray[np.int64]
    sample_rows: NDArray[np.int64]
    """(n_judged, n_sampled)."""
    sample_cols: NDArray[np.int64]
    truth: NDArray[np.bool_]
    """(n_judged, n_sampled) seen by exact line of sight."""

    def error(self, seen: NDArray[np.bool_], judged: Sequence[int] | None = None) -> float:
        """Return (missed + extra) / visible over all sampled cells of the observers judged."""
        truth = self.truth if judged is None else self.truth[list(judged)]
        return float((seen != truth).sum() / truth.sum())


def measure(settings: Settings) -> tuple[str, list[Row]]:
    """Return what the ground is, and the rows of all cases."""
    rows: list[Row] = []
    grounds = {cell_m: make_square(cell_m) for cell_m in sorted({case.cell_m for case in CASES})}
    with tempfile.TemporaryDirectory() as folder:
        files = {}
        for cell_m, ground in grounds.items():
            files[cell_m] = Path(folder) / f"ground{cell_m:.0f}.npy"
            np.save(files[cell_m], ground.terrain.height_m)
        for case in CASES:
            rows += _measure_case(case, grounds[case.cell_m].terrain, files[case.cell_m], settings)
    note = next(iter(grounds.values())).note
    return f"eye {EYE_M:.0f} m, target {TARGET_M:.0f} m; {note}; milliseconds an observer on both cores", rows


def _measure_case(case: Case, terrain: Terrain, ground_file: Path, settings: Settings) -> list[Row]:
    n_judged, n_cells = settings.pick((12, 4_000), (100, 20_000))
    n_gdal, n_ours = settings.pick((16, 96), (200, 1_000))
    sample = _draw(case, terrain, max(n_gdal, n_ours), n_judged, n_cells)
    case_file = ground_file.with_name(f"case{case.cell_m:.0f}-{case.radius_m:.0f}.npz")
    np.savez(
        case_file,
        ground_file=str(ground_file),
        cell_m=case.cell_m,
        eye_m=EYE_M,
        target_m=TARGET_M,
        radius_m=case.radius_m,
        coefficient=COEFFICIENT,
        rows=sample.rows,
        cols=sample.cols,
        sample_rows=sample.sample_rows,
        sample_cols=sample.sample_cols,
    )
    ours = {mode: _our_figures(case, terrain, sample, n_ours, mode) for mode in ("accurate", "fast")}
    gdal = _peer_figures("peer_gdal", case_file, n_gdal, sample)
    rows = []
    for mode in ("accurate", "fast"):
        rows.append(_compare_with_gdal(case, mode, ours[mode], gdal))
    n_grass = min(settings.pick(2 if case.cell_m < 90 else 4, case.grass_observers), n_judged)
    rows.append(_compare_with_grass(case, ours["accurate"], case_file, n_grass, sample))
    return rows


def _draw(case: Case, terrain: Terrain, n: int, n_judged: int, n_cells: int) -> Sample:
    """Return observers whose discs lie on the ground, sampled cells and the truth about them."""
    random = np.random.default_rng(11)
    reach = int(case.radius_m // case.cell_m)
    height, width = terrain.height_m.shape
    rows = random.integers(reach, height - reach, n)
    cols = random.integers(reach, width - reach, n)
    # Uniform in the disc, the observer's own cell apart: everybody sees that.
    radius = 1 + (reach - 1) * np.sqrt(random.random((n_judged, n_cells)))
    angle = 2 * np.pi * random.random((n_judged, n_cells))
    down, across = np.rint(radius * np.sin(angle)), np.rint(radius * np.cos(angle))
    down[np.hypot(down, across) > reach] *= 0.5
    sample_rows = rows[:n_judged, None] + down.astype(np.int64)
    sample_cols = cols[:n_judged, None] + across.astype(np.int64)
    needed_m = minimum_visible_heights(
        terrain,
        terrain.xy_of(rows[:n_judged], cols[:n_judged]),
        EYE_M,
        terrain.xy_of(sample_rows.ravel(), sample_cols.ravel()),
        np.repeat(np.arange(n_judged), n_cells),
        np.arange(n_judged * n_cells),
        refraction=1.0 - COEFFICIENT,
        earth_radius_m=SEMI_MAJOR_M,
    )
    truth = (needed_m <= TARGET_M).reshape(n_judged, n_cells)
    return Sample(rows, cols, sample_rows, sample_cols, truth)


def _our_figures(case: Case, terrain: Terrain, sample: Sample, n: int, mode: Any) -> tuple[float, float]:
    """Return seconds an observer and the error of a mode; compiled and warm before the clock starts."""

    def look(observers: slice) -> Any:
        return seen_from(
            terrain,
            sample.rows[observers],
            sample.cols[observers],
            eye_height_m=EYE_M,
            target_height_m=TARGET_M,
            max_distance_m=case.radius_m,
            mode=mode,
            refraction=1.0 - COEFFICIENT,
            earth_radius_m=SEMI_MAJOR_M,
        )

    for _ in look(slice(0, WARM_OBSERVERS)):
        pass
    started = time.perf_counter()
    for _ in look(slice(0, n)):
        pass
    spent = (time.perf_counter() - started) / n
    n_judged = len(sample.truth)
    seen = np.empty(sample.truth.shape, dtype=np.bool_)
    for number, raster in enumerate(look(slice(0, n_judged))):
        middle = (raster.shape[0] - 1) // 2
        row = sample.sample_rows[number] - sample.rows[number] + middle
        col = sample.sample_cols[number] - sample.cols[number] + middle
        seen[number] = raster[row, col] == 1
    return spent, sample.error(seen)


def _peer_figures(
    module: str, case_file: Path, n: int, sample: Sample
) -> tuple[str, float, float, int] | str:
    """Return version, seconds an observer (processes at once), error and observers judged; or why not."""
    with ThreadPoolExecutor(N_CORES) as pool:
        running = [
            pool.submit(run_apart, module, case_file, first, N_CORES, n, timeout_s=PEER_TIMEOUT_S)
            for first in range(N_CORES)
        ]
        answers = [each.result() for each in running]
    failed = [answer["failed"] for answer in answers if "failed" in answer]
    if failed:
        return str(failed[0])
    rate = sum(answer["n"] / answer["seconds"] for answer in answers if answer["n"])
    numbers, seen = [], []
    for answer in answers:
        with np.load(answer["out"], allow_pickle=False) as arrays:
            numbers += arrays["numbers"].tolist()
            seen += list(arrays["seen"])
    error = sample.error(np.array(seen), numbers)
    return str(answers[0]["version"]), 1.0 / rate, error, len(numbers)


def _compare_with_gdal(
    case: Case, mode: str, ours: tuple[float, float], gdal: tuple[str, float, float, int] | str
) -> Row:
    what = f"{case.name}, {mode} mode"
    figure = f"{seconds(ours[0])}, {percent(ours[1])} of the visible area wrong"
    goal_speed = case.goal_speed if mode == "accurate" else case.fast_goal_speed
    goal = ""
    if goal_speed is not None and mode == "accurate":
        goal = f"{goal_speed:.0f} x, error <= {percent(case.goal_error or 0)} and a quarter of GDAL's"
    elif goal_speed is not None:
        goal = f"{goal_speed:.0f} x, error below GDAL's"
    if isinstance(gdal, str):
        return Row(what, figure, f"GDAL in memory: {gdal}", "", goal)
    version, spent, error, _ = gdal
    ratio, part = spent / ours[0], ours[1] / error
    met = None
    if goal_speed is not None:
        met = ratio >= goal_speed and part < 1
        if mode == "accurate":
            met = met and ours[1] <= (case.goal_error or 1) and part <= ERROR_RATIO_GOAL
    peer = f"GDAL {version} in memory, {N_CORES} processes: {seconds(spent)}, {percent(error)} wrong"
    return Row(what, figure, peer, f"{ratio:.1f} x as fast, {part:.2f} of its error", goal, met)


def _compare_with_grass(
    case: Case, ours: tuple[float, float], case_file: Path, n: int, sample: Sample
) -> Row:
    what = f"{case.name}, accurate mode"
    figure = f"{seconds(ours[0])}, {percent(ours[1])} wrong"
    goal = f"{case.grass_goal_speed:.0f} x at equal error" if case.grass_goal_speed else ""
    if not peer_grass.is_installed():
        return Row(what, figure, f"GRASS r.viewshed: {NOT_INSTALLED}", "", goal)
    found = _peer_figures("peer_grass", case_file, n, sample)
    if isinstance(found, str):
        return Row(what, figure, f"GRASS r.viewshed: {found}", "", goal)
    version, spent, error, n_judged = found
    ratio = spent / ours[0]
    met = ratio >= case.grass_goal_speed and ours[1] <= error if case.grass_goal_speed else None
    peer = (
        f"GRASS {version} r.viewshed, {N_CORES} processes: {seconds(spent)}, {percent(error)} wrong "
        f"({n_judged} observers)"
    )
    return Row(what, figure, peer, f"{ratio:.0f} x as fast, {ours[1] / error:.2f} of its error", goal, met)
