"""The one face of sight: which kind is chosen, what it says of itself, what it answers."""

from __future__ import annotations

import numpy as np
import pytest
from geo_grounds import hills

from truceline.errors import TerrainError
from truceline.geo.sight import Sight, StatisticalSight, TerrainSight, choose_sight
from truceline.geo.statistical_sight import p_visible
from truceline.geo.sweep import HeightError
from truceline.geo.terrain import Terrain


def make_terrain(cell_m: float = 90.0, native_cell_m: float | None = None, wall_m: float = 0.0) -> Terrain:
    heights = np.zeros((11, 11), np.float32)
    heights[:, 5] = wall_m
    return Terrain(heights, 0.0, 0.0, cell_m, None, "bare_earth", "a test", native_cell_m)


def ask(sight: Sight, target_height_m: float, eye_m: float = 2.0) -> np.ndarray:
    places = np.array([[0.0, -450.0], [360.0, -450.0], [900.0, -450.0]])
    return sight.p_visible(
        places, np.full(3, eye_m), places, [target_height_m], np.array([0, 0]), np.array([1, 2])
    )[0]


@pytest.mark.parametrize("way", ["accurate", "fast", "exact"])
def test_sight_of_a_point_over_terrain_is_nought_or_one(way: str) -> None:
    sight = TerrainSight(make_terrain(wall_m=10.0), way=way)  # type: ignore[arg-type]
    before_and_behind = ask(sight, 2.0)
    assert before_and_behind.dtype == np.float32
    assert before_and_behind.tolist() == [1.0, 0.0]
    assert ask(sight, 30.0).tolist() == [1.0, 1.0]
    assert (sight.mode, sight.cell_m, sight.indicative) == ("terrain", 90.0, False)
    assert "90 m" in sight.note
    assert "bare earth" in sight.note


def test_all_heights_are_answered_at_once_and_pairs_may_come_in_any_order() -> None:
    terrain = hills(4, n=80)
    xy = np.random.default_rng(1).uniform(0, 79 * 90.0, (50, 2)) * [1, -1]
    pairs = np.random.default_rng(2).integers(0, 50, (2, 900))
    sight = TerrainSight(terrain)
    heights = [0.0, 2.0, 20.0]
    together = sight.p_visible(xy, np.full(50, 5.0), xy, heights, *pairs)
    assert together.shape == (3, 900)
    assert (np.diff(together, axis=0) >= 0).all()
    for slot, height in enumerate(heights):
        by_observer = np.argsort(pairs[0], kind="stable")
        alone = sight.p_visible(xy, np.full(50, 5.0), xy, [height], *pairs[:, by_observer])
        np.testing.assert_array_equal(alone[0], together[slot, by_observer])
    exact = TerrainSight(terrain, way="exact").p_visible(xy, np.full(50, 5.0), xy, heights, *pairs)
    assert 0.1 < exact[1].mean() < 0.9
    assert np.mean(exact[1] != together[1]) < 0.06  # both ends moved to posts half a cell away


@pytest.mark.parametrize("way", ["accurate", "exact"])
def test_of_a_wide_target_the_share_that_shows_counts(way: str) -> None:
    sight = TerrainSight(make_terrain(wall_m=10.0), way=way)  # type: ignore[arg-type]
    eye, target = np.array([[0.0, -450.0]]), np.array([[450.0, -450.0]])
    width_m = 450.0  # five columns: two before the wall, the wall itself and two behind it
    shown = sight.p_visible(eye, np.array([2.0]), target, [0.0, 50.0], [0], [0], target_width_m=width_m)
    assert shown[:, 0].tolist() == pytest.approx([0.6, 1.0])


def test_ground_of_unknown_height_is_not_seen() -> None:
    terrain = Terrain(np.array([[0.0, 0.0, np.nan]], np.float32), 0.0, 0.0, 90.0, None, "surface", "")
    places = np.array([[0.0, 0.0], [180.0, 0.0], [9_000.0, 0.0]])
    shares = TerrainSight(terrain).p_visible(places, np.full(3, 2.0), places, [2.0], [0, 0, 2], [1, 2, 0])
    assert shares.tolist() == [[0.0, 0.0, 0.0]]


def test_with_doubt_about_heights_sight_becomes_a_chance() -> None:
    height = np.zeros((40, 40), np.float32)
    height[:, 20] = 3.0  # a low bank that an error of 3 m makes or unmakes
    terrain = Terrain(height, 0.0, 0.0, 90.0, None, "bare_earth", "a bank")
    eyes = np.stack([np.full(40, 900.0), -90.0 * np.arange(40)], axis=1)
    targets = eyes + np.array([1500.0, 0.0])

    def mean_p(error: HeightError | None) -> np.ndarray:
        pairs = np.arange(40)
        return TerrainSight(terrain, error=error).p_visible(
            eyes, np.full(40, 4.0), targets, [2.0], pairs, pairs
        )[0]

    assert set(mean_p(None).tolist()) <= {0.0, 1.0}
    doubt = mean_p(HeightError(3.0, 200.0, 16, seed=5))
    assert 0.05 < doubt.mean() < 0.95
    assert len(np.unique(doubt)) > 4
    np.testing.assert_array_equal(doubt, mean_p(HeightError(3.0, 200.0, 16, seed=5)))
    assert (doubt != mean_p(HeightError(3.0, 200.0, 16, seed=6))).any()
    np.testing.assert_array_equal(mean_p(HeightError(0.0, 200.0, 4, seed=1)), mean_p(None))
    note = TerrainSight(terrain, error=HeightError(3.0, 200.0, 16, seed=5)).note
    assert "mean of 16 draws of its height error, 3 m (seed 5)" in note
    with pytest.raises(ValueError, match="exact sight takes no draws"):
        TerrainSight(terrain, way="exact", error=HeightError(3.0, 200.0, 16, seed=5))


def test_statistical_sight_follows_the_law() -> None:
    sight = StatisticalSight("rolling", optimism=0.5)
    np.testing.assert_allclose(
        ask(sight, 2.0), p_visible([360.0, 900.0], 2.0, 2.0, "rolling", optimism=0.5), rtol=1e-5
    )
    assert (sight.mode, sight.cell_m, sight.indicative) == ("statistical", None, True)
    assert "no elevation model" in sight.note
    assert "scaled and not measured" in StatisticalSight("steppe").note


@pytest.mark.parametrize(
    ("terrain", "mode", "said"),
    [
        (None, "statistical", "no elevation model"),
        (make_terrain(90.0), "terrain", "90 m"),
        (make_terrain(100.0), "terrain", "100 m"),
        (make_terrain(500.0), "statistical", "resolves 500 m, coarser than 100 m"),
        (make_terrain(30.0, native_cell_m=930.0), "statistical", "resolves 930 m, coarser than 100 m"),
    ],
)
def test_the_kind_of_sight_follows_what_the_model_resolves(
    terrain: Terrain | None, mode: str, said: str
) -> None:
    sight = choose_sight(terrain, "rolling")
    assert sight.mode == mode
    assert said in sight.note
    assert sight.indicative == (mode == "statistical")


def test_an_unknown_landscape_is_refused_even_with_a_fine_model() -> None:
    with pytest.raises(TerrainError, match="not a known landscape"):
        choose_sight(make_terrain(), "moon")
