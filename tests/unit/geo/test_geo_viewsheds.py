"""Swept viewsheds: as their readable twin says, close to exact sight, at rims, over holes, on a globe."""

from __future__ import annotations

import numpy as np
import pytest
from geo_grounds import hills
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.geo import _sweep_reference as reference
from truceline.geo.sweep import RAYS_PER_STEP
from truceline.geo.terrain import Terrain
from truceline.geo.viewsheds import seen_from, viewsheds
from truceline.geo.visibility import EARTH_RADIUS_M, OPTICAL_REFRACTION


def one(terrain: Terrain, row: int, col: int, mode: str = "accurate", **given: float) -> np.ndarray:
    asked = {"eye_height_m": 10.0, "max_distance_m": 1800.0, **given}
    return next(iter(viewsheds(terrain, row, col, mode=mode, **asked)))  # type: ignore[arg-type]


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    row=st.integers(0, 59),
    col=st.integers(0, 59),
    eye_m=st.sampled_from([0.0, 2.0, 40.0]),
    holes=st.integers(0, 3),
    mode=st.sampled_from(["accurate", "fast"]),
)
def test_a_sweep_agrees_with_its_readable_twin(
    seed: int, row: int, col: int, eye_m: float, holes: int, mode: str
) -> None:
    terrain = hills(seed, holes=holes)
    found = one(terrain, row, col, mode, eye_height_m=eye_m)
    if np.isnan(terrain.height_m[row, col]):
        assert np.isnan(found).all()
        return
    reach = 20
    drop_m = (1 - OPTICAL_REFRACTION) * terrain.cell_m**2 / (2 * EARTH_RADIUS_M)
    n_rays = int(np.ceil(RAYS_PER_STEP[mode] * reach))
    twin = np.full(found.shape, np.nan)
    needed = reference.sweep_all(terrain.height_m.tolist(), row, col, eye_m, reach, n_rays, drop_m)
    for (r, c), value in needed.items():
        twin[r - row + reach, c - col + reach] = value
    np.testing.assert_array_equal(np.isnan(found), np.isnan(twin))
    np.testing.assert_allclose(found, twin, atol=0.02, rtol=1e-3)


@pytest.mark.parametrize(("mode", "wrong_share_max"), [("accurate", 0.01), ("fast", 0.03)])
def test_a_sweep_is_close_to_exact_sight(mode: str, wrong_share_max: float) -> None:
    wrong = visible = 0
    for seed in range(6):
        terrain = hills(seed, n=160)
        swept, exact = (one(terrain, 80, 75, way, max_distance_m=6300.0) for way in (mode, "exact"))
        np.testing.assert_array_equal(np.isnan(swept), np.isnan(exact))
        wrong += int(np.sum((swept <= 2.0) != (exact <= 2.0)))
        visible += int(np.sum(exact <= 2.0))
    assert visible > 3000
    assert wrong / visible <= wrong_share_max


def test_flat_ground_is_all_seen_and_a_globe_hides_its_far_side() -> None:
    flat = Terrain(np.zeros((201, 201), np.float32), 0.0, 0.0, 500.0, None, "bare_earth", "flat")
    found = one(flat, 100, 100, eye_height_m=10.0, max_distance_m=45_000.0)
    step = np.arange(-90, 91)
    distance_m = np.hypot(*np.meshgrid(step, step)) * 500.0
    per_m2 = (1 - OPTICAL_REFRACTION) / (2 * EARTH_RADIUS_M)
    horizon_m = np.sqrt(10.0 / per_m2)
    beyond_m = np.maximum(distance_m - horizon_m, 0.0)
    known = distance_m <= 45_000.0
    # A target beyond the horizon of the eye shows above the drop over the rest of the way.
    np.testing.assert_allclose(found[known], (beyond_m**2 * per_m2)[known], atol=0.15)
    assert np.isnan(found[~known]).all()


def test_a_wall_hides_what_is_lower_than_the_line_over_it() -> None:
    height = np.zeros((41, 41), np.float32)
    height[:, 25] = 20.0
    terrain = Terrain(height, 0.0, 0.0, 100.0, None, "surface", "a wall")
    found = one(terrain, 20, 20, eye_height_m=10.0, max_distance_m=1500.0, refraction=1.0)
    assert found[15, 15 + 5] == pytest.approx(0.0)  # the wall itself
    assert found[15, 15 + 10] == pytest.approx(30.0, abs=0.01)  # twice as far: 10 m up per wall distance
    assert found[15, 15 - 10] == 0.0


def test_unknown_ground_hides_nothing_and_is_not_seen() -> None:
    height = np.zeros((41, 41), np.float32)
    height[:, 25] = np.nan
    terrain = Terrain(height, 0.0, 0.0, 100.0, None, "surface", "a gap")
    found = one(terrain, 20, 20, eye_height_m=10.0, max_distance_m=1500.0, refraction=1.0)
    assert np.isnan(found[:, 15 + 5]).all()
    assert found[15, 15 + 10] == 0.0


def test_many_observers_come_in_order_and_as_if_each_were_alone() -> None:
    terrain = hills(3)
    rows, cols = np.arange(0, 60)[:45], (np.arange(45) * 7) % 60
    eyes = np.linspace(1.0, 30.0, 45)
    together = list(viewsheds(terrain, rows, cols, eye_height_m=eyes, max_distance_m=1800.0))
    assert len(together) == 45
    for i in (0, 31, 32, 44):
        alone = one(terrain, int(rows[i]), int(cols[i]), eye_height_m=float(eyes[i]))
        np.testing.assert_array_equal(together[i], alone)


def test_an_observer_off_the_grid_is_refused() -> None:
    with pytest.raises(IndexError, match="row 60, column 3 of a grid of 60 x 60"):
        one(hills(1), 60, 3)


@pytest.mark.parametrize("mode", ["accurate", "fast", "exact"])
def test_what_is_seen_is_what_the_heights_say(mode: str) -> None:
    terrain = hills(11, holes=3)
    rows, cols = np.arange(3, 59, 7), np.arange(2, 58, 7)
    asked = {"eye_height_m": 6.0, "max_distance_m": 1800.0, "mode": mode}
    heights = list(viewsheds(terrain, rows, cols, **asked))  # type: ignore[arg-type]
    marks = list(seen_from(terrain, rows, cols, target_height_m=2.0, **asked))  # type: ignore[arg-type]
    assert len(marks) == len(heights) == 8
    for needed_m, seen in zip(heights, marks, strict=True):
        assert seen.dtype == np.uint8
        np.testing.assert_array_equal(seen == 255, np.isnan(needed_m))
        np.testing.assert_array_equal(seen == 1, needed_m <= 2.0)
    assert 0.02 < np.mean([(seen == 1).mean() for seen in marks]) < 0.9
    with pytest.raises(ValueError, match="give 0 or more"):
        seen_from(terrain, 3, 3, target_height_m=-1.0, eye_height_m=6.0, max_distance_m=900.0)
