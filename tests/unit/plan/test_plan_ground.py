"""From a scenario's geometry to metres: sectors, cells, belts, heights and what cannot be laid out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_inputs import box, write_elevation, write_geojson, write_scenario

from truceline.errors import GeometryError, TerrainError
from truceline.plan import Plan
from truceline.plan.ground import Ground, lay_out_ground
from truceline.provenance import hash_files
from truceline.scenario.load import load_scenario


def lay_out(folder: Path, changes: dict[str, Any] | None = None) -> Ground:
    return lay_out_ground(load_scenario(write_scenario(folder, changes)))


@pytest.fixture(scope="module")
def ground(small_plan: Plan) -> Ground:
    assert small_plan.ground is not None
    return small_plan.ground


def test_sectors_cells_and_belts_belong_together(ground: Ground) -> None:
    assert [belt.sector for belt in ground.belts] == [0, 1]
    assert np.bincount(ground.cells.sector).min() > 0
    assert ground.sector_area_m2.sum() == len(ground.cells) * 2000.0**2
    assert sum(sector.length_m for sector in ground.sectors) == pytest.approx(ground.line.length_m)


def test_the_area_of_the_sectors_is_that_of_the_zone(ground: Ground) -> None:
    both_sides_m2 = 2 * 4000 * ground.line.length_m
    assert ground.sector_area_m2.sum() == pytest.approx(both_sides_m2, rel=0.15)


def test_weights_of_cells_fall_off_with_distance(ground: Ground) -> None:
    near, far = (ground.cells.weight[np.abs(ground.cells.offset_m) < 1000], ground.cells.weight)
    assert near.mean() > far.mean()


def test_every_file_read_is_hashed(tmp_path: Path) -> None:
    write_geojson(tmp_path / "river.geojson", [box(2.9, 0.9, 3.0, 1.1)])
    write_elevation(tmp_path / "heights.tif", cell_m=500)
    found = lay_out(tmp_path, {"water": {"file": "river.geojson"}, "terrain": {"files": ["heights.tif"]}})
    files = [tmp_path / name for name in ("line.geojson", "river.geojson", "heights.tif")]
    assert found.inputs == hash_files(files)
    assert any(section.kind == "water" for section in found.sections)


def test_breaks_divide_where_they_are_set(tmp_path: Path) -> None:
    found = lay_out(tmp_path, {"sectors": {"breaks": ["12 km", "30 km"]}})
    assert [round(sector.length_m) for sector in found.sectors] == [12_000, 18_000, 11_278]


def test_polygons_divide_and_name_the_sectors(tmp_path: Path) -> None:
    areas = [box(2.7, 0.8, 3.0, 1.3), box(3.0, 0.8, 3.3, 1.3)]
    write_geojson(tmp_path / "areas.geojson", areas, names=["West", "East"])
    found = lay_out(tmp_path, {"sectors": {"polygons": "areas.geojson"}})
    assert [sector.name for sector in found.sectors] == ["West", "East"]


def test_polygons_without_the_name_attribute_say_what_they_have(tmp_path: Path) -> None:
    write_geojson(tmp_path / "areas.geojson", [box(2.7, 0.8, 3.3, 1.3)])
    with pytest.raises(GeometryError, match=r"has no attribute 'commander'; it has name"):
        lay_out(tmp_path, {"sectors": {"polygons": "areas.geojson", "name_field": "commander"}})


def test_simplifying_shortens_the_line(tmp_path: Path, ground: Ground) -> None:
    found = lay_out(tmp_path, {"line.simplify": "5 km"})
    assert found.line.length_m < ground.line.length_m


def test_sectors_without_a_cell_are_named_in_one_message(tmp_path: Path) -> None:
    with pytest.raises(GeometryError) as caught:
        lay_out(tmp_path, {"sectors": {"length": "1 km"}})
    (problem,) = caught.value.problems
    assert problem.where == "sectors"
    assert "18 of 41 sectors hold no cell of 4000 m: S03, S04, " in problem.found
    assert problem.found.endswith(", ...")


def test_a_cell_as_wide_as_the_zone_is_the_widest(tmp_path: Path) -> None:
    lay_out(tmp_path, {"grid.cell": "8 km"})
    with pytest.raises(GeometryError, match="8001 m is wider than the whole zone of 8000 m"):
        lay_out(tmp_path, {"grid.cell": "8001 m"})


def test_a_bare_length_has_no_ground() -> None:
    with pytest.raises(GeometryError, match="there is no map to plan on"):
        lay_out_ground(load_scenario("unficyp-1975"))


class TestHeights:
    def test_fine_heights_are_used(self, tmp_path: Path) -> None:
        write_elevation(tmp_path / "heights.tif", cell_m=100)
        found = lay_out(tmp_path, {"terrain": {"files": ["heights.tif"]}})
        assert found.sight.mode == "terrain"
        assert found.sight.cell_m == pytest.approx(100, rel=0.02)
        assert found.warnings == ()

    def test_coarse_heights_are_warned_of_and_left_out(self, tmp_path: Path) -> None:
        def with_gap(x: np.ndarray, y: np.ndarray) -> np.ndarray:
            return np.where(y > 124_000, np.nan, 100.0)

        write_elevation(tmp_path / "heights.tif", cell_m=300, heights=with_gap)
        found = lay_out(tmp_path, {"terrain": {"files": ["heights.tif"]}})
        assert found.sight.mode == "statistical"
        (warning,) = found.warnings  # the gap does not matter: nobody looks at these heights
        assert warning.warning
        assert "resolves 300 m, too coarse: its heights are not used" in warning.found

    def test_bare_earth_is_said(self, tmp_path: Path) -> None:
        write_elevation(tmp_path / "heights.tif", cell_m=100)
        found = lay_out(tmp_path, {"terrain": {"files": ["heights.tif"], "surface": "bare_earth"}})
        assert "trees and houses hide nothing" in found.sight.note

    def test_heights_that_end_before_the_line_does_name_the_kilometres(self, tmp_path: Path) -> None:
        write_elevation(tmp_path / "heights.tif", cell_m=500, centre_x_m=460_000)
        with pytest.raises(TerrainError, match=r"km \d+ to km 41"):
            lay_out(tmp_path, {"terrain": {"files": ["heights.tif"]}})
