"""Terrain: reading and warping rasters, sampling, coverage, relief; and every way to get it wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.transform import Affine

from truceline.errors import TerrainError
from truceline.geo.terrain import (
    Terrain,
    check_terrain_covers,
    describe_relief,
    locate_on_grid,
    read_terrain,
    read_terrain_as_is,
    sample_heights,
)

UTM = "EPSG:32637"
LEFT, TOP = 400_000.0, 5_400_000.0


def write_raster(path: Path, heights: np.ndarray, **changes: Any) -> Path:
    """Write a small GeoTIFF whose top left corner is (LEFT, TOP), 100 m cells, unless changed."""
    profile: dict[str, Any] = {
        "driver": "GTiff",
        "height": heights.shape[-2],
        "width": heights.shape[-1],
        "count": 1 if heights.ndim == 2 else heights.shape[0],
        "dtype": heights.dtype.name,
        "crs": UTM,
        "transform": Affine(100.0, 0.0, LEFT, 0.0, -100.0, TOP),
    } | {key: value for key, value in changes.items() if key != "units"}
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(heights if heights.ndim == 3 else heights[None])
        if "units" in changes:
            dataset.units = (changes["units"],)
    return path


def box(rows: float = 20, cols: float = 20) -> tuple[float, float, float, float]:
    return (LEFT, TOP - rows * 100.0, LEFT + cols * 100.0, TOP)


def slope_of_heights(rows: int = 20, cols: int = 20) -> np.ndarray:
    return (np.arange(rows)[:, None] * 3.0 + np.arange(cols)[None, :] * 5.0 + 50.0).astype(np.float32)


def read(path: Path | list[Path], **changes: Any) -> Terrain:
    given = {"crs": UTM, "bounds_m": box(), "surface": "bare_earth"} | changes
    return read_terrain(path, **given)


def make_terrain(heights: Any, cell_m: float = 100.0) -> Terrain:
    return Terrain(np.asarray(heights, np.float32), 0.0, 0.0, cell_m, None, "surface", "test")


def test_reading_a_raster_on_its_own_grid_changes_nothing(tmp_path: Path) -> None:
    heights = slope_of_heights()
    terrain = read(write_raster(tmp_path / "a.tif", heights))
    np.testing.assert_allclose(terrain.height_m, heights, atol=1e-4)
    assert (terrain.cell_m, terrain.resolution_m) == (100.0, 100.0)
    assert (terrain.x_origin_m, terrain.y_origin_m) == (LEFT + 50.0, TOP - 50.0)
    assert terrain.source == "a.tif"
    assert terrain.warnings == ()
    assert not terrain.height_m.flags.writeable


def test_a_mosaic_of_two_halves_equals_the_whole(tmp_path: Path) -> None:
    heights = slope_of_heights()
    west = write_raster(tmp_path / "w.tif", heights[:, :10])
    east = write_raster(
        tmp_path / "e.tif", heights[:, 10:], transform=Affine(100, 0, LEFT + 1000, 0, -100, TOP)
    )
    np.testing.assert_allclose(read([west, east]).height_m, heights, atol=1e-4)


def test_the_raster_named_first_wins_where_two_overlap(tmp_path: Path) -> None:
    low = write_raster(tmp_path / "low.tif", np.full((20, 20), 10.0, np.float32))
    high = write_raster(tmp_path / "high.tif", np.full((20, 20), 99.0, np.float32))
    assert np.all(read([low, high]).height_m == 10.0)


def test_a_block_boundary_leaves_no_seam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from truceline.geo import _mosaic

    rng = np.random.default_rng(3)
    path = write_raster(tmp_path / "a.tif", rng.normal(100, 10, (60, 60)).astype(np.float32))
    bounds = (LEFT + 130.0, TOP - 5500.0, LEFT + 5600.0, TOP - 170.0)
    whole = read(path, bounds_m=bounds, cell_m=250.0).height_m
    monkeypatch.setattr(_mosaic, "BLOCK_CELLS", 16)
    np.testing.assert_allclose(read(path, bounds_m=bounds, cell_m=250.0).height_m, whole, atol=0.05)


def test_a_fine_grid_over_coarse_data_stays_coarse(tmp_path: Path) -> None:
    coarse = write_raster(
        tmp_path / "a.tif", slope_of_heights(4, 4), transform=Affine(500.0, 0, LEFT, 0, -500.0, TOP)
    )
    terrain = read(coarse, cell_m=50.0)
    assert terrain.cell_m == 50.0
    assert terrain.resolution_m == 500.0


def test_unknown_heights_stay_unknown_and_are_told(tmp_path: Path) -> None:
    heights = slope_of_heights()
    heights[:, 10:] = -9999.0
    path = write_raster(tmp_path / "a.tif", heights, nodata=-9999.0)
    terrain = read(path)
    assert terrain.unknown_share == pytest.approx(0.5, abs=0.06)
    assert "has no heights" in str(terrain.warnings[0])
    filled = read(path, fill_unknown_m=0.0)
    assert filled.unknown_share == 0.0
    assert filled.height_m[5, 15] == 0.0
    assert "taken as 0 m" in str(filled.warnings[0])


def test_an_undeclared_void_does_not_become_a_pit(tmp_path: Path) -> None:
    heights = np.full((20, 20), 120, np.int16)
    heights[7, 8] = -32768
    terrain = read(write_raster(tmp_path / "a.tif", heights))
    assert np.nanmin(terrain.height_m) == 120.0
    assert any("impossible" in str(warning) for warning in terrain.warnings)


def test_heights_are_scaled_as_the_file_says(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", np.full((20, 20), 1200, np.int16))
    with rasterio.open(path, "r+") as dataset:
        dataset.scales, dataset.offsets = (0.1,), (5.0,)
    assert read(path).height_m[3, 3] == pytest.approx(125.0)


@pytest.mark.parametrize(
    ("changes", "asked", "found"),
    [
        ({"crs": None}, {}, "no coordinate reference system"),
        ({"crs": None}, {"source_crs": "nonsense"}, "no coordinate reference system"),
        ({"units": "ft"}, {}, "heights are in ft"),
        ({}, {"crs": "EPSG:4326"}, "in degree"),
        ({}, {"crs": "EPSG:2225"}, "US survey foot"),
        ({}, {"crs": "here"}, "no coordinate reference system"),
        ({}, {"bounds_m": (1.0, 1.0, 1.0, 5.0)}, "hold no area"),
        ({}, {"bounds_m": (0.0, 0.0, float("nan"), 5.0)}, "hold no area"),
        ({}, {"cell_m": -3.0}, "positive size"),
        ({}, {"cell_m": 0.01}, "cells of 0.01 m are more than"),
        ({}, {"bounds_m": (700_000.0, 5_000_000.0, 701_000.0, 5_001_000.0)}, "touches the area"),
    ],
)
def test_a_raster_that_cannot_serve_is_refused(
    tmp_path: Path, changes: dict[str, Any], asked: dict[str, Any], found: str
) -> None:
    path = write_raster(tmp_path / "a.tif", slope_of_heights(), **changes)
    with pytest.raises(TerrainError, match=found):
        read(path, **asked)


def test_the_refusal_of_too_many_cells_names_a_size_that_fits(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", slope_of_heights())
    with pytest.raises(TerrainError, match="set a cell of 200 m or more"):
        read(path, cells_max=100, cell_m=100.0)
    assert read(path, cells_max=100, cell_m=200.0).height_m.shape == (10, 10)


def test_all_bad_files_are_told_at_once(tmp_path: Path) -> None:
    text = tmp_path / "notes.tif"
    text.write_text("not a raster")
    picture = write_raster(tmp_path / "rgb.tif", np.zeros((3, 4, 4), np.uint8))
    numbers = write_raster(tmp_path / "c.tif", np.zeros((4, 4), np.complex64))
    with pytest.raises(TerrainError) as caught:
        read([tmp_path / "none.tif", text, picture, numbers])
    message = str(caught.value)
    for found in ("no such file", "not a raster GDAL can read", "has 3 bands", "complex64"):
        assert found in message
    assert "4 problems" in message


def test_an_elevation_model_without_any_height_is_refused(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", np.full((20, 20), -9999.0, np.float32), nodata=-9999.0)
    with pytest.raises(TerrainError, match="no height at all"):
        read(path)
    with pytest.raises(TerrainError, match="no height at all"):
        read(path, fill_unknown_m=0.0)


def test_a_grid_that_is_no_grid_is_refused() -> None:
    with pytest.raises(TerrainError, match="shape"):
        make_terrain(np.zeros(3))
    with pytest.raises(TerrainError, match="cell size"):
        make_terrain([[1.0]], cell_m=0.0)
    with pytest.raises(TerrainError, match="infinite"):
        make_terrain([[1.0, np.inf]])
    with pytest.raises(TerrainError, match="surface is 'roof'"):
        Terrain(np.zeros((1, 1), np.float32), 0, 0, 1.0, None, "roof", "")  # type: ignore[arg-type]


@pytest.mark.shared
def test_raw_dted_cells_are_read_from_degrees(shared: Path) -> None:
    cells = [shared / "data/geo/samples" / name for name in ("e037_n48.dt0", "e036_n50.dt0")]
    # About 37.2-37.6 E, 48.3-48.6 N, inside the first cell only.
    terrain = read_terrain(
        cells, crs=UTM, bounds_m=(366_000, 5_350_000, 396_000, 5_384_000), surface="bare_earth"
    )
    assert terrain.unknown_share == 0.0
    assert 20.0 < float(terrain.height_m.mean()) < 300.0
    # Posts every 30 arc-seconds: 0.93 km north to south, so never fit for exact sight.
    assert 900.0 < terrain.resolution_m < 950.0
    assert 700.0 < terrain.cell_m < 900.0


@pytest.mark.shared
def test_warping_degrees_agrees_with_the_reference_warp(shared: Path) -> None:
    samples = shared / "data/geo/samples"
    given = read_terrain_as_is(samples / "dem_jacksboro_srtm_90m_utm16.tif", surface="surface")
    n_rows, n_cols = given.height_m.shape
    left, top = given.x_origin_m - 45.0, given.y_origin_m + 45.0
    ours = read_terrain(
        samples / "dem_jacksboro_srtm_3s.tif",
        crs="EPSG:32616",
        bounds_m=(left, top - 90.0 * n_rows, left + 90.0 * n_cols, top),
        cell_m=90.0,
        surface="surface",
    )
    difference = np.abs(ours.height_m - given.height_m)
    assert np.isfinite(difference).mean() > 0.98
    assert np.nanpercentile(difference, 99) < 1.0


@pytest.mark.shared
def test_a_raster_in_degrees_is_not_read_as_it_is(shared: Path) -> None:
    with pytest.raises(TerrainError, match="not in metres"):
        read_terrain_as_is(shared / "data/geo/samples/dem_jacksboro_srtm_3s.tif", surface="surface")


@given(
    row=st.floats(0, 3), col=st.floats(0, 4), a=st.floats(-9, 9), b=st.floats(-9, 9), start=st.floats(-99, 99)
)
@settings(max_examples=60)
def test_sampling_a_plane_gives_the_plane(row: float, col: float, a: float, b: float, start: float) -> None:
    rows, cols = np.mgrid[:4, :5]
    terrain = Terrain((a * rows + b * cols + start), 1000.0, 2000.0, 10.0, None, "surface", "")
    assert sample_heights(terrain, terrain.xy_of(row, col))[0] == pytest.approx(
        a * row + b * col + start, abs=1e-4
    )


def test_sampling_knows_the_edge_of_the_grid_and_of_knowledge() -> None:
    terrain = make_terrain([[1.0, 2.0, np.nan], [1.0, 2.0, np.nan]])
    rim, outside = terrain.xy_of(-0.4, 0.0), terrain.xy_of(-0.6, 0.0)
    np.testing.assert_array_equal(sample_heights(terrain, np.vstack([rim, outside])), [1.0, np.nan])
    # Nearer to the known post its height is used; nearer to the unknown one nothing is known.
    beside = terrain.xy_of([0.0, 0.0], [1.4, 1.6])
    np.testing.assert_array_equal(sample_heights(terrain, beside), [2.0, np.nan])
    _, _, inside = locate_on_grid(terrain, np.vstack([rim, outside]))
    assert inside.tolist() == [True, False]


def test_one_cell_is_a_grid() -> None:
    terrain = make_terrain([[7.0]])
    assert sample_heights(terrain, [[0.0, 0.0], [49.0, -49.0], [51.0, 0.0]]).tolist()[:2] == [7.0, 7.0]
    assert np.isnan(sample_heights(terrain, [[51.0, 0.0]]))[0]
    assert describe_relief(terrain).relief_1km_m == 0.0


def test_a_line_that_leaves_the_model_is_told_by_stretches() -> None:
    terrain = make_terrain([[1.0, 1.0, np.nan, np.nan, 1.0]])
    x_m = np.arange(8) * 100.0
    labels = [f"km {k}" for k in range(8)]
    with pytest.raises(TerrainError) as caught:
        check_terrain_covers(terrain, np.column_stack([x_m, np.zeros(8)]), labels, unit="km")
    message = str(caught.value)
    assert "does not cover the line" in message
    assert "km 2 to km 3  no data" in message
    assert "km 5 to km 7  outside" in message
    assert "5 of 8 km have no heights, first at km 2" in message
    assert "statistical sight" in message
    assert "fill_unknown" in message


def test_many_gaps_are_counted_and_not_all_listed() -> None:
    heights = np.ones((1, 40), np.float32)
    heights[0, ::3] = np.nan
    points = np.column_stack([np.arange(40) * 100.0, np.zeros(40)])
    with pytest.raises(TerrainError, match="and 9 more stretches"):
        check_terrain_covers(make_terrain(heights), points, [str(k) for k in range(40)])


def test_a_covered_line_passes() -> None:
    check_terrain_covers(make_terrain(np.ones((3, 3))), [[0.0, 0.0], [150.0, -150.0]], ["a", "b"])


def test_relief_of_a_tilted_plane() -> None:
    heights = np.tile(np.arange(40, dtype=np.float32) * 10.0, (40, 1))
    relief = describe_relief(make_terrain(heights))
    assert relief.mean_slope_deg == pytest.approx(np.degrees(np.arctan(0.1)), rel=1e-5)
    assert relief.relief_1km_m == pytest.approx(90.0)  # ten posts to a window, nine steps of 10 m
    assert relief.std_height_m == pytest.approx(float(heights.std()), rel=1e-5)


def test_relief_leaves_unknown_ground_out() -> None:
    heights = np.tile(np.arange(40, dtype=np.float32) * 10.0, (40, 1))
    heights[:20] = np.nan
    assert describe_relief(make_terrain(heights)).relief_1km_m == pytest.approx(90.0)
