"""The GeoPackage opens in GDAL with every layer placed, described and styled, and is the same every time."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import shapely

from truceline.plan import Plan
from truceline.publish.geopackage import write_geopackage
from truceline.publish.geopackage_styles import SHARE_CLASSES, build_style
from truceline.publish.map_layers import KINDS_OF_LAYER, cut_line, make_layers

pyogrio = pytest.importorskip("pyogrio")


@pytest.fixture(scope="module")
def package(small_plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("map") / "plan.gpkg"
    assert write_geopackage(small_plan, path)
    return path


def query(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute(sql).fetchall()


def parse(qml: str) -> ElementTree.Element:
    return ElementTree.fromstring(qml)  # noqa: S314  (we wrote it)


def length_of(frame: Any) -> float:
    return float(shapely.length(frame.geometry.array).sum())


def read(path: Path, layer: str) -> Any:
    return pyogrio.read_dataframe(path, layer=layer)


def test_every_layer_opens_in_degrees_with_features(package: Path) -> None:
    listed = dict(pyogrio.list_layers(package).tolist())
    assert [name for name in listed if name not in ("about", "layer_styles")] == [
        layer.name for layer in KINDS_OF_LAYER
    ]
    for layer in KINDS_OF_LAYER:
        frame = read(package, layer.name)
        assert frame.crs.to_epsg() == 4326
        assert len(frame) > 0
        assert frame.geometry.is_valid.all(), layer.name
        assert not frame.geometry.is_empty.any()
        assert set(frame.geom_type) == {layer.geometry_type}
        west, south, east, north = frame.total_bounds
        assert 2.6 < west <= east < 3.4
        assert 0.8 < south <= north < 1.3
        assert list(frame.columns) == [*(column.name for column in layer.table.columns), "geometry"]


def test_every_field_and_layer_is_described(package: Path) -> None:
    described = {
        (table, column): text
        for table, column, text in query(
            package, "SELECT table_name, column_name, description FROM gpkg_data_columns"
        )
    }
    for layer in KINDS_OF_LAYER:
        for column in layer.table.columns:
            assert described[layer.name, column.name] == column.description
    contents = query(package, "SELECT table_name, identifier, description FROM gpkg_contents")
    assert len(contents) == len(KINDS_OF_LAYER) + 2
    assert all(identifier and description for _, identifier, description in contents)
    extensions = query(package, "SELECT table_name FROM gpkg_extensions WHERE extension_name = 'gpkg_schema'")
    assert ("gpkg_data_columns",) in extensions


def test_shares_come_with_sight_and_tolerance(package: Path) -> None:
    contents = dict(query(package, "SELECT table_name, description FROM gpkg_contents"))
    for name in ("demand_cells", "sectors", "weakest_crossings", "crossing_profile"):
        assert "no elevation model" in contents[name]
        assert "Tolerance of the line: 1.0 km" in contents[name]


def test_every_layer_has_a_style_for_fields_it_has(package: Path) -> None:
    styles = query(
        package, "SELECT f_table_name, f_geometry_column, useAsDefault, styleQML FROM layer_styles"
    )
    assert {name for name, *_ in styles} == {layer.name for layer in KINDS_OF_LAYER}
    for name, geometry, is_default, qml in styles:
        assert (geometry, is_default) == ("geom", 1)
        root = parse(qml)
        renderer = root.find("renderer-v2")
        assert renderer is not None
        fields = {
            column.name for layer in KINDS_OF_LAYER if layer.name == name for column in layer.table.columns
        }
        used = renderer.get("attr")
        assert used is None or used in fields
        n_symbols = len(renderer.findall("symbols/symbol"))
        pointed = [each.get("symbol") for each in renderer.iter() if each.tag in ("category", "range")]
        assert pointed == [str(i) for i in range(n_symbols)] or (pointed == [] and n_symbols == 1)
        for text_style in root.iter("text-style"):
            assert text_style.get("fieldName") in fields


def test_styles_cover_every_value(package: Path) -> None:
    styles = dict(query(package, "SELECT f_table_name, styleQML FROM layer_styles"))
    for name, field in (("posts", "kind"), ("limitation_bands", "band"), ("weakest_crossings", "state")):
        classes = {each.get("value") for each in parse(styles[name]).iter("category")}
        assert set(read(package, name)[field]) <= classes
    assert SHARE_CLASSES[0][0] == 0
    assert SHARE_CLASSES[-1][1] == 1
    assert all(low[1] == high[0] for low, high in pairwise(SHARE_CLASSES))


def test_band_names_cannot_break_a_style() -> None:
    root = parse(build_style("limitation_bands", "MultiPolygon", ['<b> & "x"', "two"] * 4))
    assert [each.get("value") for each in root.iter("category")][:2] == ['<b> & "x"', "two"]


def test_posts_stand_on_their_side_at_published_precision(package: Path) -> None:
    posts = read(package, "posts")
    degrees = shapely.get_coordinates(posts.geometry.array)
    assert np.array_equal(degrees, np.round(degrees, 3))
    line = read(package, "line_of_contact").geometry[0]
    zones = read(package, "separation_zone").set_index("side").geometry
    for side in ("a", "b"):
        mine = posts[(posts.side == side) & (shapely.distance(posts.geometry.array, line) > 0.002)]
        assert len(mine) > 0
        assert shapely.within(mine.geometry.array, shapely.buffer(zones[side], 0.001)).all()


def test_sectors_are_the_whole_line(package: Path, small_plan: Plan) -> None:
    sectors, line = read(package, "sectors"), read(package, "line_of_contact")
    assert sectors.length_km.sum() == pytest.approx(line.length_km[0], abs=0.002)
    assert length_of(sectors) == pytest.approx(length_of(line), rel=1e-4)
    assert length_of(read(package, "crossing_profile")) == pytest.approx(length_of(line), rel=1e-4)
    assert small_plan.ground is not None
    whole = cut_line(small_plan.ground.line, 0.0, small_plan.ground.line.length_m)
    assert shapely.equals_exact(whole[0], shapely.get_parts(small_plan.ground.line.metric)[0], 1e-6)


def test_cells_carry_what_is_detected(package: Path, small_plan: Plan) -> None:
    cells, watch = read(package, "demand_cells"), small_plan.chosen.watch
    assert watch is not None
    assert cells.weight_share.sum() == pytest.approx(1, abs=1e-5)
    assert (cells.attribute_night_share <= cells.verify_night_share + 1e-4).all()
    assert (cells.verify_night_share <= cells.detect_night_share + 1e-4).all()
    for s, state in enumerate(("day", "night", "bad")):
        mean = (cells[f"detect_{state}_share"] * cells.weight_share).sum()
        assert mean == pytest.approx(watch.averages.detect.by_state[s], abs=1e-3)


def test_paths_cross_from_side_a_to_side_b(package: Path) -> None:
    paths = read(package, "weakest_crossings")
    zones = read(package, "separation_zone").set_index("side").geometry
    for path in paths.geometry:
        first, last = shapely.get_point(path, 0), shapely.get_point(path, -1)
        assert zones["a"].distance(first) < 0.01 < zones["b"].distance(first)
        assert zones["b"].distance(last) < 0.01 < zones["a"].distance(last)
    assert paths[paths.is_sector_weakest].groupby("intruder").size().eq(2).all()


def test_weakest_of_the_profile_is_over_both_kinds(package: Path) -> None:
    profile = read(package, "crossing_profile")
    both = profile[["p_knows_person_night", "p_knows_vehicle_night"]].min(axis=1)
    assert profile.p_least_night.to_numpy() == pytest.approx(both.to_numpy())


def test_same_plan_same_bytes(package: Path, small_plan: Plan, tmp_path: Path) -> None:
    again = tmp_path / "another-name.gpkg"
    assert write_geopackage(small_plan, again)
    assert again.read_bytes() == package.read_bytes()


def test_dates_are_the_scenario_s_day(package: Path) -> None:
    assert {row[0] for row in query(package, "SELECT last_change FROM gpkg_contents")} == {
        "2025-02-17T00:00:00.000Z"
    }
    assert query(package, "PRAGMA integrity_check") == [("ok",)]


def test_a_length_has_no_map(length_plan: Plan, tmp_path: Path) -> None:
    assert make_layers(length_plan) == ()
    assert not write_geopackage(length_plan, tmp_path / "none.gpkg")
    assert not (tmp_path / "none.gpkg").exists()
