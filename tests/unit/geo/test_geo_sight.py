"""The one face of sight: which kind is chosen, what it says of itself, and what it remembers."""

from __future__ import annotations

import numpy as np
import pytest

from truceline.errors import TerrainError
from truceline.geo import sight as sight_module
from truceline.geo.sight import Sight, StatisticalSight, TerrainSight, choose_sight
from truceline.geo.statistical_sight import p_visible
from truceline.geo.terrain import Terrain


def make_terrain(cell_m: float = 90.0, native_cell_m: float | None = None, wall_m: float = 0.0) -> Terrain:
    heights = np.zeros((11, 11), np.float32)
    heights[:, 5] = wall_m
    return Terrain(heights, 0.0, 0.0, cell_m, None, "bare_earth", "a test", native_cell_m)


def ask(sight: Sight, target_height_m: float, eye_m: float = 2.0) -> np.ndarray:
    places = np.array([[0.0, -450.0], [360.0, -450.0], [900.0, -450.0]])
    return sight.p_visible(
        places, np.full(3, eye_m), places, target_height_m, np.array([0, 0]), np.array([1, 2])
    )


def test_terrain_sight_is_nought_or_one() -> None:
    sight = TerrainSight(make_terrain(wall_m=10.0))
    before_and_behind = ask(sight, 2.0)
    assert before_and_behind.dtype == np.float32
    assert before_and_behind.tolist() == [1.0, 0.0]
    assert ask(sight, 30.0).tolist() == [1.0, 1.0]
    assert (sight.mode, sight.cell_m, sight.indicative) == ("terrain", 90.0, False)
    assert "90 m" in sight.note
    assert "bare earth" in sight.note


def test_another_target_height_on_the_same_pairs_costs_no_second_pass(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    passes = []
    honest = sight_module.minimum_visible_heights

    def counted(*args: object, **kwargs: object) -> np.ndarray:
        passes.append(1)
        return honest(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(sight_module, "minimum_visible_heights", counted)
    sight = TerrainSight(make_terrain(wall_m=10.0))
    for target_m in (0.5, 2.0, 30.0):
        ask(sight, target_m)
    assert len(passes) == 1
    ask(sight, 2.0, eye_m=40.0)
    assert len(passes) == 2
    monkeypatch.setattr(sight_module, "CACHED_PAIRS_MAX", 3)
    ask(sight, 2.0, eye_m=50.0)  # pushes the oldest out
    ask(sight, 2.0, eye_m=2.0)
    assert len(passes) == 4


def test_a_reused_buffer_is_not_taken_for_the_old_pairs() -> None:
    sight = TerrainSight(make_terrain(wall_m=10.0))
    places = np.array([[0.0, -450.0], [360.0, -450.0], [900.0, -450.0]])
    target = np.array([1])
    first = sight.p_visible(places, np.full(3, 2.0), places, 2.0, np.array([0]), target).copy()
    target[0] = 2
    second = sight.p_visible(places, np.full(3, 2.0), places, 2.0, np.array([0]), target)
    assert (first[0], second[0]) == (1.0, 0.0)


def test_ground_of_unknown_height_is_not_seen() -> None:
    terrain = Terrain(np.array([[0.0, 0.0, np.nan]], np.float32), 0.0, 0.0, 90.0, None, "surface", "")
    places = np.array([[0.0, 0.0], [180.0, 0.0], [9_000.0, 0.0]])
    shares = TerrainSight(terrain).p_visible(places, np.full(3, 2.0), places, 2.0, [0, 0], [1, 2])
    assert shares.tolist() == [0.0, 0.0]


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
