"""The sparse table of who sees what: as exact sight says, sorted, bounded, the same on any cores."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from geo_grounds import hills

from truceline.geo import sweep as sweep_module
from truceline.geo.sight_table import SightTable, build_sight_table
from truceline.geo.terrain import Terrain
from truceline.geo.viewsheds import viewsheds


def scattered(terrain: Terrain, n: int, seed: int, *, margin_m: float = 0.0) -> np.ndarray:
    random = np.random.default_rng(seed)
    side_m = (terrain.height_m.shape[0] - 1) * terrain.cell_m
    x, y = random.uniform(-margin_m, side_m + margin_m, (2, n))
    return np.stack([x, -y], axis=1)


def rows_of(table: SightTable) -> list[dict[int, float]]:
    return [
        dict(zip(table.target[a:b].tolist(), table.height_m[a:b].tolist(), strict=True))
        for a, b in zip(table.indptr[:-1], table.indptr[1:], strict=True)
    ]


def test_the_table_holds_what_the_rasters_show() -> None:
    terrain = hills(5, n=120, holes=2)
    post = np.random.default_rng(1).integers(0, 120, (2, 70))
    observer_xy = terrain.xy_of(*post)
    lattice = np.stack(np.meshgrid(np.arange(1, 120, 3), np.arange(2, 120, 3)), axis=-1).reshape(-1, 2)
    lattice = np.random.default_rng(2).permutation(lattice)  # not in the order of the grid
    target_xy = terrain.xy_of(lattice[:, 0], lattice[:, 1])
    table = build_sight_table(terrain, observer_xy, 12.0, target_xy, max_distance_m=2700.0, height_max_m=15.0)
    rasters = list(viewsheds(terrain, post[0], post[1], eye_height_m=12.0, max_distance_m=2790.0))
    n_entries = 0
    for i, (row, raster) in enumerate(zip(rows_of(table), rasters, strict=True)):
        away = lattice - post[:, i]
        near = np.flatnonzero(np.hypot(*away.T) * 90.0 <= 2700.0)
        need = raster[away[near, 0] + 31, away[near, 1] + 31]
        # The table sweeps one step further than asked, so rays stand a little otherwise: no two heights
        # within a decimetre of the limit are compared.
        sure = np.abs(need - 15.0) > 0.1
        expected = {int(j) for j, value in zip(near[sure], need[sure], strict=True) if value <= 15.0}
        assert {j for j in row if j in set(near[sure].tolist())} == expected
        n_entries += len(expected)
    assert n_entries > 2000
    assert all((np.diff(list(row)) > 0).all() for row in rows_of(table))


def test_swept_and_exact_tables_agree_but_for_a_few_entries() -> None:
    terrain = hills(6, n=150)
    observer_xy, target_xy = scattered(terrain, 40, 1), scattered(terrain, 1500, 2)
    snapped = terrain.xy_of(np.rint(-target_xy[:, 1] / 90.0), np.rint(target_xy[:, 0] / 90.0))
    on_posts = terrain.xy_of(np.rint(-observer_xy[:, 1] / 90.0), np.rint(observer_xy[:, 0] / 90.0))
    given = {"max_distance_m": np.linspace(900.0, 4500.0, 40), "height_max_m": 2.0}
    swept = build_sight_table(terrain, on_posts, 10.0, snapped, **given)
    exact = build_sight_table(terrain, on_posts, 10.0, snapped, mode="exact", **given)
    pairs = [{(i, j) for i, row in enumerate(rows_of(table)) for j in row} for table in (swept, exact)]
    assert len(pairs[1]) > 2000
    assert len(pairs[0] ^ pairs[1]) <= 0.01 * len(pairs[1])
    assert swept.distance_m.max() <= 4500.0


def test_one_table_answers_every_lower_height() -> None:
    terrain = hills(7, n=80)
    observer_xy, target_xy = scattered(terrain, 10, 1), scattered(terrain, 600, 2)
    given = {"max_distance_m": 2700.0}
    tall = build_sight_table(terrain, observer_xy, 5.0, target_xy, height_max_m=30.0, **given)
    low = build_sight_table(terrain, observer_xy, 5.0, target_xy, height_max_m=2.0, **given)
    assert rows_of(tall.keep_up_to(2.0)) == rows_of(low)
    assert low.target.size < tall.target.size


def test_points_off_the_ground_have_no_entries() -> None:
    terrain = hills(8, n=40, holes=4)
    observer_xy, target_xy = (
        scattered(terrain, 30, 1, margin_m=900.0),
        scattered(terrain, 300, 2, margin_m=900.0),
    )
    table = build_sight_table(terrain, observer_xy, 5.0, target_xy, max_distance_m=1800.0, height_max_m=1e6)
    posts, spots = (sweep_module.find_posts(terrain, xy) for xy in (observer_xy, target_xy))
    assert (posts.row < 0).any()
    assert (spots.row < 0).any()
    counts = np.diff(table.indptr)
    assert (counts[posts.row < 0] == 0).all()
    assert (counts[posts.row >= 0] > 0).all()
    assert not np.isin(table.target, np.flatnonzero(spots.row < 0)).any()
    empty = build_sight_table(
        terrain, observer_xy, 5.0, np.zeros((0, 2)), max_distance_m=9.0, height_max_m=1.0
    )
    assert empty.target.size == 0


def test_progress_is_told_and_may_stop_the_work() -> None:
    terrain = hills(9, n=300)
    observer_xy, target_xy = scattered(terrain, 900, 1), scattered(terrain, 500, 2)
    told: list[float] = []
    given = {"max_distance_m": 900.0, "height_max_m": 2.0}
    build_sight_table(terrain, observer_xy, 5.0, target_xy, progress=told.append, **given)
    assert told[-1] == 1.0
    assert told == sorted(told)
    assert len(told) > 2

    def stop(share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_sight_table(terrain, observer_xy, 5.0, target_xy, progress=stop, **given)


@pytest.mark.slow
def test_the_table_is_the_same_bytes_on_one_core_and_on_all() -> None:
    code = (
        "import hashlib, numpy as np\n"
        "from truceline.geo.sight_table import build_sight_table\n"
        "from truceline.geo.terrain import Terrain\n"
        "h = np.random.default_rng(1).normal(0, 9, (400, 400)).cumsum(0).astype(np.float32)\n"
        "t = Terrain(h, 0.0, 0.0, 90.0, None, 'surface', '')\n"
        "xy = lambda n, s: np.random.default_rng(s).uniform(0, 35900, (n, 2)) * [1, -1]\n"
        "a = build_sight_table(t, xy(1500, 2), 9.0, xy(3000, 3), max_distance_m=3e3, height_max_m=5.0)\n"
        "print(a.target.size, hashlib.sha256(a.target.tobytes() + a.height_m.tobytes()).hexdigest())\n"
    )
    said = []
    for cores in ({0}, os.sched_getaffinity(0)):
        run = subprocess.run(
            [sys.executable, "-c", f"import os\nos.cpu_count = lambda: {len(cores)}\n{code}"],
            capture_output=True, text=True, check=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
        said.append(run.stdout)
    assert int(said[0].split()[0]) > 5_000
    assert said[0] == said[1]
