"""Line of sight: published vectors, reference viewsheds, the readable twin, and rules that must hold."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.geo import _kernels, _reference
from truceline.geo.terrain import Terrain, read_terrain_as_is
from truceline.geo.visibility import (
    EARTH_RADIUS_M,
    OPTICAL_REFRACTION,
    curvature_drop_m,
    minimum_visible_heights,
    optical_horizon_m,
    radar_horizon_m,
    viewshed,
)


def make_terrain(heights: Any, cell_m: float = 90.0) -> Terrain:
    return Terrain(np.asarray(heights, np.float32), 500.0, 9_000.0, cell_m, None, "surface", "test")


def ridge() -> np.ndarray:
    heights = np.zeros((9, 9))
    heights[:, 4] = 30.0
    return heights


def pit() -> np.ndarray:
    heights = np.full((9, 9), 20.0)
    heights[3:6, 3:6] = 0.0
    return heights


def unknown_edge() -> np.ndarray:
    heights = np.random.default_rng(2).uniform(0, 40, (9, 9))
    heights[:, 7:] = np.nan
    heights[2, 3] = np.nan
    return heights


SMALL_GROUNDS = {
    "flat": np.zeros((9, 9)),
    "ridge": ridge(),
    "pit": pit(),
    "unknown edge": unknown_edge(),
    "rough": np.random.default_rng(1).uniform(0, 60, (12, 7)),
    "one row": np.random.default_rng(4).uniform(0, 60, (1, 15)),
    "one column": np.random.default_rng(4).uniform(0, 60, (15, 1)),
    "one cell": np.array([[5.0]]),
}


def every_pair(n: int, m: int) -> tuple[np.ndarray, np.ndarray]:
    return np.repeat(np.arange(n), m), np.tile(np.arange(m), n)


@pytest.mark.parametrize("on_posts", [True, False], ids=["posts", "anywhere"])
@pytest.mark.parametrize("ground", list(SMALL_GROUNDS))
def test_kernel_agrees_with_plain_python(ground: str, on_posts: bool) -> None:
    terrain = make_terrain(SMALL_GROUNDS[ground])
    rng = np.random.default_rng(7)
    size = np.array(terrain.height_m.shape) - 1
    grid = rng.integers(0, size + 1, (25, 2)).astype(float) if on_posts else rng.uniform(0, 1, (25, 2)) * size
    xy_m = terrain.xy_of(*grid.T)
    observers, targets = every_pair(25, 25)
    eyes_m = rng.choice([0.0, 2.0, 10.0, 50.0], 25)
    found = minimum_visible_heights(terrain, xy_m, eyes_m, xy_m, observers, targets)

    from truceline.geo.terrain import sample_heights

    ground_m = sample_heights(terrain, xy_m)
    drop = (1 - OPTICAL_REFRACTION) / (2 * EARTH_RADIUS_M) * terrain.cell_m**2
    heights = terrain.height_m.astype(float).tolist()
    expected = [
        _reference.minimum_visible_height(
            heights, drop, tuple(grid[i]), ground_m[i] + eyes_m[i], tuple(grid[j]), ground_m[j]
        )
        for i, j in zip(observers, targets, strict=True)
    ]
    np.testing.assert_allclose(found, expected, rtol=2e-6, atol=2e-5)


def test_only_one_signature_is_compiled_whatever_the_caller_holds() -> None:
    terrain = make_terrain(ridge())
    xy_m = terrain.xy_of([1, 2, 3], [1, 2, 8])
    frozen = xy_m.copy()
    frozen.flags.writeable = False
    for positions in (xy_m, frozen, np.asfortranarray(xy_m), xy_m.tolist()):
        for kind in (np.int64, np.int32, np.uint16):
            minimum_visible_heights(terrain, positions, 2.0, positions, np.array([0, 1], kind), [1, 2])
    assert len(_kernels.minimum_visible_heights.signatures) == 1


@pytest.mark.shared
@pytest.mark.parametrize("number", range(12))
def test_viewshed_equals_the_brute_force_reference(shared: Path, number: int) -> None:
    samples = shared / "data/geo/samples"
    case = json.loads((samples / "viewsheds.json").read_text())[number]
    terrain = read_terrain_as_is(samples / case["dem"], surface="surface")
    seen = viewshed(
        terrain,
        case["observer_row"],
        case["observer_col"],
        eye_height_m=case["observer_height_m"],
        target_height_m=case["target_height_m"],
        max_distance_m=case["max_distance_m"],
        curvature_coefficient=case["curvature_coefficient"],
        earth_radius_m=case["earth_radius_m"],
    )
    with rasterio.open(samples / case["file"]) as dataset:
        gdal, exact = dataset.read(1), dataset.read(2)
    in_range = exact != 255
    assert int(in_range.sum()) == case["cells"]
    np.testing.assert_array_equal(seen == 255, ~in_range)
    # The brief asks for 99.9 %; every cell of all twelve agrees.
    assert int((seen != exact).sum()) == 0
    assert int((seen == 1).sum()) == case["r3_visible"]
    assert (seen == gdal)[in_range].mean() > 0.97


def test_reference_viewsheds_are_all_tested(shared: Path) -> None:
    assert len(json.loads((shared / "data/geo/samples/viewsheds.json").read_text())) == 12


def vectors(shared: Path) -> dict[str, dict[str, Any]]:
    with (shared / "data/reference/detection_examples.csv").open(newline="") as file:
        return {row["id"]: {**row, "inputs": json.loads(row["inputs_json"])} for row in csv.DictReader(file)}


@pytest.mark.shared
def test_published_vectors_of_curvature_and_horizon(shared: Path) -> None:
    rows = vectors(shared)

    def expected(name: str) -> Any:
        return pytest.approx(float(rows[name]["expected"]), rel=float(rows[name]["tolerance"]))

    for name in ("G1", "G2"):
        given_ = rows[name]["inputs"]
        drop_m = curvature_drop_m(
            given_["d_m"], refraction=given_["k"], earth_radius_m=given_["earth_radius_m"]
        )
        assert float(drop_m) == expected(name)
    horizon = rows["G4"]["inputs"]
    assert float(optical_horizon_m(horizon["h_m"], refraction=horizon["k"])) == expected("G4")
    for name in ("F1", "F2"):
        given_ = rows[name]["inputs"]
        both_m = radar_horizon_m(given_["h_antenna_m"], given_["h_target_m"], earth_factor=given_["k"])
        assert float(both_m) == expected(name)


@pytest.mark.shared
def test_published_vector_of_a_hill_that_hides(shared: Path) -> None:
    row = vectors(shared)["G3"]
    profile, eye_m = row["inputs"]["profile_m"], row["inputs"]["observer_agl_m"]
    # The same hill on a grid of 2 km posts: 0, 2, 4 ... 10 km; only the post at 4 km stands out.
    heights = np.full((1, 6), 100.0)
    heights[0, 2] = profile[1][1]
    terrain = make_terrain(heights, cell_m=2000.0)
    ends = terrain.xy_of([0, 0], [0, 5])
    needed_m = minimum_visible_heights(terrain, ends[:1], eye_m, ends[1:], [0], [0])
    assert float(needed_m[0]) == pytest.approx(float(row["expected"]), rel=1e-5)


def test_over_a_smooth_earth_two_heights_see_each_other_to_the_sum_of_their_horizons() -> None:
    terrain = make_terrain(np.zeros((1, 400)), cell_m=100.0)
    reach_m = float(optical_horizon_m(10.0) + optical_horizon_m(2.0))
    posts = terrain.xy_of(np.zeros(400), np.arange(400))
    needed_m = minimum_visible_heights(terrain, posts[:1], 10.0, posts, np.zeros(400, int), np.arange(400))
    farthest_m = 100.0 * np.flatnonzero(needed_m <= 2.0).max()
    assert reach_m - 150.0 < farthest_m <= reach_m + 1.0


def test_unknown_ground_hides_nothing_and_is_not_seen() -> None:
    heights = np.zeros((3, 11))
    heights[:, 5] = 100.0
    wall = make_terrain(heights)
    heights[:, 5] = np.nan
    gap = make_terrain(heights)
    ends = wall.xy_of([1, 1, 1], [0, 10, 5])
    index = ([0, 0], [1, 2])
    assert minimum_visible_heights(wall, ends, 2.0, ends, *index)[0] > 100.0
    through, into = minimum_visible_heights(gap, ends, 2.0, ends, *index)
    assert through < 0.1
    assert np.isnan(into)
    seen = viewshed(gap, 1, 0, eye_height_m=2.0, target_height_m=2.0, max_distance_m=2000.0)
    assert seen[1, 5] == 0
    assert seen[1, 10] == 1


def test_outside_the_grid_is_not_seen() -> None:
    terrain = make_terrain(np.zeros((3, 3)))
    inside, outside = terrain.xy_of(1, 1), terrain.xy_of(1, 7)
    both = np.vstack([inside, outside])
    assert np.isnan(minimum_visible_heights(terrain, both, 2.0, both, [0, 1], [1, 0])).all()


def test_the_same_place_is_always_seen() -> None:
    terrain = make_terrain(np.random.default_rng(0).uniform(0, 500, (5, 5)))
    xy_m = terrain.xy_of([1.3, 2.0], [2.7, 2.0])
    assert minimum_visible_heights(terrain, xy_m, 0.0, xy_m, [0, 1], [0, 1]).tolist() == [0.0, 0.0]


def test_wrong_pairs_raise_instead_of_reading_elsewhere() -> None:
    terrain = make_terrain(np.zeros((3, 3)))
    xy_m = terrain.xy_of([1, 2], [1, 2])
    with pytest.raises(IndexError, match="target_index runs from 0 to 2"):
        minimum_visible_heights(terrain, xy_m, 2.0, xy_m, [0, 0], [0, 2])
    with pytest.raises(IndexError, match="observer_index runs from -1"):
        minimum_visible_heights(terrain, xy_m, 2.0, xy_m, [-1, 0], [0, 1])
    with pytest.raises(ValueError, match="one length"):
        minimum_visible_heights(terrain, xy_m, 2.0, xy_m, [0], [0, 1])
    with pytest.raises(IndexError, match="observer at row 3"):
        viewshed(terrain, 3, 0, eye_height_m=2.0, target_height_m=2.0, max_distance_m=100.0)
    assert minimum_visible_heights(terrain, xy_m, 2.0, xy_m, [], []).size == 0


def test_threads_do_not_change_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    from truceline.geo import visibility

    terrain = make_terrain(np.random.default_rng(5).uniform(0, 60, (30, 30)))
    rng = np.random.default_rng(6)
    xy_m = terrain.xy_of(*rng.uniform(0, 29, (2, 60)))
    pairs = every_pair(60, 60)
    alone = minimum_visible_heights(terrain, xy_m, 3.0, xy_m, *pairs)
    monkeypatch.setattr(visibility, "PAIRS_PER_THREAD_MIN", 100)
    monkeypatch.setattr(visibility.os, "cpu_count", lambda: 7)
    np.testing.assert_array_equal(minimum_visible_heights(terrain, xy_m, 3.0, xy_m, *pairs), alone)


grounds = st.integers(0, 2**32 - 1).map(lambda seed: np.random.default_rng(seed).uniform(0, 80, (8, 8)))
places = st.tuples(st.floats(0, 7), st.floats(0, 7))


@given(ground=grounds, a=places, b=places, eye_m=st.floats(0, 50), more_m=st.floats(0, 50))
@settings(max_examples=80)
def test_a_higher_eye_never_sees_less(
    ground: np.ndarray, a: tuple[float, float], b: tuple[float, float], eye_m: float, more_m: float
) -> None:
    terrain = make_terrain(ground)
    ends = terrain.xy_of(*np.array([a, b]).T)
    low, high = minimum_visible_heights(
        terrain, ends[[0, 0]], [eye_m, eye_m + more_m], ends[1:], [0, 1], [0, 0]
    )
    assert high <= low + 1e-4


@given(ground=grounds, a=places, b=places, eye_m=st.floats(0, 50), target_m=st.floats(0, 50))
@settings(max_examples=80)
def test_sight_is_mutual(
    ground: np.ndarray, a: tuple[float, float], b: tuple[float, float], eye_m: float, target_m: float
) -> None:
    terrain = make_terrain(ground)
    ends = terrain.xy_of(*np.array([a, b]).T)
    out = float(minimum_visible_heights(terrain, ends[:1], eye_m, ends[1:], [0], [0])[0])
    back = float(minimum_visible_heights(terrain, ends[1:], target_m, ends[:1], [0], [0])[0])
    # Away from a grazing tie both agree.
    if abs(out - target_m) > 1e-3 and abs(back - eye_m) > 1e-3:
        assert (out <= target_m) == (back <= eye_m)


@given(ground=grounds, a=places, b=places, lift_m=st.floats(0.1, 200))
@settings(max_examples=60)
def test_heights_count_only_relative_to_each_other(
    ground: np.ndarray, a: tuple[float, float], b: tuple[float, float], lift_m: float
) -> None:
    ends = make_terrain(ground).xy_of(*np.array([a, b]).T)
    first, second = (
        float(minimum_visible_heights(make_terrain(g), ends[:1], 5.0, ends[1:], [0], [0])[0])
        for g in (ground, ground + lift_m)
    )
    assert first == pytest.approx(second, abs=2e-2)
