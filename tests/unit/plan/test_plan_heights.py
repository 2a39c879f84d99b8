"""Heights for a plan: which files count, what is kept, how wrong they may be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_inputs import rolling, write_elevation, write_scenario

from truceline.errors import TerrainError
from truceline.geo.ground_store import add_files
from truceline.plan.ground import lay_out_ground
from truceline.plan.ground_survey import survey_ground
from truceline.plan.heights import HeightSources, doubt_of, find_sources, reach_of
from truceline.scenario.load import load_scenario
from truceline.scenario.model import Scenario


def scenario_of(folder: Path, terrain: dict[str, Any] | None = None) -> Scenario:
    return load_scenario(write_scenario(folder, {"terrain": terrain} if terrain else None))


@pytest.fixture
def heights(tmp_path: Path) -> Path:
    write_elevation(tmp_path / "heights.tif", cell_m=250)
    return tmp_path / "heights.tif"


def found(scenario: Scenario, *places: Path) -> HeightSources:
    sources = find_sources(scenario, places)
    assert sources is not None
    return sources


def test_no_files_are_no_heights(tmp_path: Path) -> None:
    assert find_sources(scenario_of(tmp_path)) is None
    assert survey_ground(scenario_of(tmp_path)) is None


def test_places_named_stand_in_for_those_of_the_scenario(tmp_path: Path, heights: Path) -> None:
    write_elevation(tmp_path / "other.tif", cell_m=500)
    scenario = scenario_of(tmp_path, {"files": ["other.tif"], "surface": "bare_earth"})
    own, named = found(scenario), found(scenario, heights)
    assert [file.path.name for file in own.files] == ["other.tif"]
    assert [file.path.name for file in named.files] == ["heights.tif"]
    assert (own.surface, own.cuts, named.cuts) == ("bare_earth", None, None)


def test_cuts_are_kept_only_where_all_files_lie_in_a_ground_folder(tmp_path: Path, heights: Path) -> None:
    folder = tmp_path / "ground"
    add_files(folder, [heights], error_m=2.0, source="A survey")
    scenario = scenario_of(tmp_path)
    alone = found(scenario, folder)
    assert (alone.cuts, alone.name, alone.error_m) == (folder / "corridors", "A survey", 2.0)
    assert found(scenario, folder / "ground.json").cuts == folder / "corridors"
    write_elevation(tmp_path / "more.tif", cell_m=500)
    both = found(scenario, folder, tmp_path / "more.tif")
    assert (both.cuts, len(both.files)) == (None, 2)
    assert set(both.hashes) == {"ground of 1 file(s)", "more.tif"}


def test_a_scenario_may_name_a_ground_folder_by_its_index(tmp_path: Path, heights: Path) -> None:
    add_files(tmp_path / "ground", [heights])
    sources = found(scenario_of(tmp_path, {"files": ["ground/ground.json"]}))
    assert sources.cuts == tmp_path / "ground" / "corridors"


def test_all_that_is_wrong_with_the_ground_is_told_at_once(tmp_path: Path, heights: Path) -> None:
    folder = tmp_path / "ground"
    add_files(folder, [heights])
    heights.unlink()
    with pytest.raises(TerrainError) as caught:
        find_sources(scenario_of(tmp_path), [folder, tmp_path / "no.tif"])
    assert [problem.found for problem in caught.value.problems] == [
        "is missing; it was added to the ground",
        "there is no such file or ground folder",
    ]


def test_the_error_of_the_scenario_counts_before_that_of_the_files_and_of_the_catalogue(
    tmp_path: Path,
) -> None:
    stated = HeightSources((), "surface", "", error_m=2.5)
    unstated = HeightSources((), "surface", "")
    plain = scenario_of(tmp_path)
    assert doubt_of(plain, unstated).error == plain.assumptions["terrain.error.other"]
    srtm = scenario_of(tmp_path, {"model": "srtm"})
    assert doubt_of(srtm, unstated).error == srtm.assumptions["terrain.error.srtm"]
    assert doubt_of(srtm, stated).error.value == 2.5
    own = scenario_of(tmp_path, {"error": "1 m", "error_correlation": "90 m", "draws": 12})
    doubt = doubt_of(own, stated)
    assert (doubt.error.value, doubt.correlation.value, doubt.n_draws) == (1.0, 90.0, 12)


def test_heights_are_drawn_only_when_asked(tmp_path: Path) -> None:
    sources = HeightSources((), "surface", "", error_m=2.5)
    assert doubt_of(scenario_of(tmp_path), sources).drawn is None
    drawn = doubt_of(scenario_of(tmp_path, {"draws": 12}), sources).drawn
    assert drawn is not None
    assert (drawn.error_m, drawn.correlation_m, drawn.n_draws) == (2.5, 150.0, 12)


def test_draws_reach_sight(tmp_path: Path) -> None:
    write_elevation(tmp_path / "heights.tif", cell_m=100)
    ground = lay_out_ground(scenario_of(tmp_path, {"files": ["heights.tif"], "draws": 3, "error": "2 m"}))
    assert "mean of 3 draws of its height error, 2 m" in ground.sight.note


def test_heights_matter_as_far_as_posts_may_stand(tmp_path: Path) -> None:
    scenario = load_scenario(write_scenario(tmp_path, {"postures.watch.rules.distances": ["9 km"]}))
    assert reach_of(scenario) == 24_000.0
    assert reach_of(scenario_of(tmp_path)) == 19_000.0


def test_a_survey_measures_what_is_covered(tmp_path: Path) -> None:
    west = np.vectorize(lambda x: np.nan if x > 497_000 else 0.0)
    write_elevation(
        tmp_path / "heights.tif", cell_m=200, heights=lambda x, y: rolling(x, y) + west(x), half_m=45_000
    )
    survey = survey_ground(scenario_of(tmp_path), [tmp_path / "heights.tif"])
    assert survey is not None
    assert survey.covered_share == pytest.approx(0.5, abs=0.05)
    assert survey.length_without_m == pytest.approx(20_000, abs=2_000)
    ((place, why),) = survey.gaps
    assert place.startswith("km ")
    assert place.endswith("to km 41")
    assert why == "voids in the files"
