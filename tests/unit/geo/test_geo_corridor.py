"""Corridors cut once: ground out of reach stays unread, kept cuts are found again, damage is not believed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import shapely
from rasterio.transform import Affine

from truceline.errors import TerrainError
from truceline.geo import _mosaic, corridor
from truceline.geo.corridor import CorridorCut, cut_corridor, list_cuts
from truceline.geo.terrain import HeightFile, Reach, read_terrain, terrain_from_mosaic
from truceline.provenance import hash_file

UTM = "EPSG:32637"
LEFT, TOP = 400_000.0, 5_400_000.0
SIDE = 800  # cells of 50 m: 40 km, three tiles and a bit
LINE = shapely.LineString([(LEFT + 2_000, TOP - 20_000), (LEFT + 38_000, TOP - 20_000)])


def write_heights(path: Path, *, shift: float = 0.0, side: int = SIDE, left: float = LEFT) -> HeightFile:
    rows, cols = np.mgrid[:side, :side].astype(np.float32)
    heights = 200 + shift + 40 * np.sin(rows / 19) * np.cos(cols / 23)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=side,
        width=side,
        count=1,
        dtype="float32",
        crs=UTM,
        transform=Affine(50.0, 0, left, 0, -50.0, TOP),
        nodata=-9999.0,
    ) as target:
        target.write(heights.astype(np.float32), 1)
    return HeightFile(path, hash_file(path))


def cut_of(*files: HeightFile, **changes: Any) -> CorridorCut:
    asked: dict[str, Any] = {
        "files": files,
        "crs": UTM,
        "bounds_m": (LEFT, TOP - 40_000.0, LEFT + 40_000.0, TOP),
        "reach": Reach(LINE, 3_000.0),
    } | changes
    return CorridorCut(**asked)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Give the list of elevation files opened from now on."""
    seen: list[Path] = []
    real = _mosaic.open_raster

    def note(path: Path, *rest: Any) -> Any:
        seen.append(path)
        return real(path, *rest)

    monkeypatch.setattr(_mosaic, "open_raster", note)
    return seen


def test_only_ground_within_reach_is_read(tmp_path: Path) -> None:
    mosaic = cut_corridor(cut_of(write_heights(tmp_path / "a.tif")), None).mosaic
    known = np.isfinite(mosaic.height_m)
    row = np.arange(SIDE)
    near = np.abs(row * 50.0 + 25.0 - 20_000.0) <= 3_000.0
    assert known[near][:, 40:760].all()
    assert not known[:200].any()  # 10 km and more north of the line: whole tiles left out
    terrain = terrain_from_mosaic(mosaic, crs=UTM, surface="surface", source="", fill_unknown_m=None)
    assert terrain.n_outside == (~known).sum()
    assert terrain.unknown_share == 0.0
    assert terrain.warnings == ()


def test_heights_within_reach_are_those_of_the_whole_model(tmp_path: Path) -> None:
    file = write_heights(tmp_path / "a.tif")
    cut = cut_of(file)
    mosaic = cut_corridor(cut, None).mosaic
    whole = read_terrain(file.path, crs=UTM, bounds_m=cut.bounds_m, surface="surface").height_m
    known = np.isfinite(mosaic.height_m)
    np.testing.assert_allclose(mosaic.height_m[known], whole[known], atol=1e-3)


def test_filling_leaves_ground_out_of_reach_alone(tmp_path: Path) -> None:
    file = write_heights(tmp_path / "half.tif", side=400)  # 20 km: nothing in the east
    mosaic = cut_corridor(cut_of(file), None).mosaic
    terrain = terrain_from_mosaic(mosaic, crs=UTM, surface="surface", source="", fill_unknown_m=0.0)
    assert terrain.height_m[400, 700] == 0.0
    assert np.isnan(terrain.height_m[10, 10])
    assert terrain.unknown_share == 0.0
    assert "of the area had no heights; taken as 0 m" in str(terrain.warnings[-1])


def test_a_second_cut_opens_no_elevation_file_and_is_the_same_to_the_bit(
    tmp_path: Path, opened: list[Path]
) -> None:
    cut, kept = cut_of(write_heights(tmp_path / "a.tif")), tmp_path / "ground" / "corridors"
    first = cut_corridor(cut, kept)
    assert (first.was_kept, opened) == (False, [tmp_path / "a.tif"])
    (tmp_path / "a.tif").unlink()
    second = cut_corridor(cut, kept)
    assert (second.was_kept, len(opened)) == (True, 1)
    np.testing.assert_array_equal(first.mosaic.height_m, second.mosaic.height_m)
    assert first.mosaic.wanted is not None
    np.testing.assert_array_equal(first.mosaic.wanted, second.mosaic.wanted)
    for name in ("x_origin_m", "y_origin_m", "cell_m", "native_cell_m", "warnings"):
        assert getattr(first.mosaic, name) == getattr(second.mosaic, name)
    assert [path.stem for path, _ in list_cuts(kept)] == [cut.key]


def test_the_same_cut_is_written_as_the_same_bytes(tmp_path: Path) -> None:
    cut = cut_of(write_heights(tmp_path / "a.tif"))
    for name in ("one", "two"):
        cut_corridor(cut, tmp_path / name)
    (one, _), (two, _) = list_cuts(tmp_path / "one")[0], list_cuts(tmp_path / "two")[0]
    assert one.read_bytes() == two.read_bytes()


def test_a_kept_cut_opens_in_any_gis_and_holds_only_what_was_wanted(tmp_path: Path) -> None:
    cut = cut_of(write_heights(tmp_path / "a.tif"))
    cut_corridor(cut, tmp_path)
    with rasterio.open(tmp_path / f"{cut.key}.tif") as kept:
        assert kept.crs.to_epsg() == 32637
        assert np.isnan(kept.nodata)
        assert kept.profile["tiled"]
        assert kept.bounds == (LEFT, TOP - 40_000.0, LEFT + 40_000.0, TOP)
    assert (tmp_path / f"{cut.key}.tif").stat().st_size < SIDE * SIDE * 4 / 2


def test_warnings_of_the_files_are_told_again_from_a_kept_cut(tmp_path: Path) -> None:
    file = write_heights(tmp_path / "a.tif")
    with rasterio.open(file.path, "r+") as dataset:
        heights = dataset.read(1)
        heights[395, 300] = 30_000.0
        dataset.write(heights, 1)
    cut = cut_of(HeightFile(file.path, hash_file(file.path)))
    first, second = (cut_corridor(cut, tmp_path / "kept") for _ in range(2))
    assert second.was_kept
    assert "impossible on earth" in str(second.mosaic.warnings[0])
    assert first.mosaic.warnings == second.mosaic.warnings


@pytest.mark.parametrize(
    "changes",
    [
        {"bounds_m": (LEFT, TOP - 40_000.0, LEFT + 39_999.0, TOP)},
        {"reach": Reach(LINE, 3_001.0)},
        {"reach": Reach(shapely.LineString([*LINE.coords, (LEFT + 39_000, TOP)]), 3_000.0)},
        {"cell_m": 60.0},
        {"crs": "EPSG:32636"},
        {"cells_max": 1_000_000},
    ],
)
def test_whatever_a_cut_depends_on_changes_its_key(tmp_path: Path, changes: dict[str, Any]) -> None:
    file = HeightFile(tmp_path / "a.tif", "0" * 64)
    assert cut_of(file).key != cut_of(file, **changes).key


def test_files_change_the_key_by_content_order_and_crs_and_not_by_place(tmp_path: Path) -> None:
    one, two = HeightFile(tmp_path / "a.tif", "0" * 64), HeightFile(tmp_path / "b.tif", "1" * 64)
    moved = HeightFile(tmp_path / "elsewhere" / "a.tif", "0" * 64)
    assert cut_of(one, two).key == cut_of(moved, two).key
    others = [
        (two, one),
        (one,),
        (HeightFile(one.path, "2" * 64), two),
        (HeightFile(one.path, "0" * 64, UTM), two),
    ]
    keys = {cut_of(*files).key for files in [(one, two), *others]}
    assert len(keys) == 5


def damage_bytes(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


def change_description(**changes: Any) -> Any:
    def change(path: Path) -> None:
        beside = path.with_suffix(".json")
        beside.write_text(json.dumps(json.loads(beside.read_text()) | changes))

    return change


@pytest.mark.parametrize(
    "damage",
    [
        damage_bytes,
        lambda path: path.write_bytes(b""),
        lambda path: path.unlink(),
        lambda path: path.with_suffix(".json").unlink(),
        lambda path: path.with_suffix(".json").write_text("{"),
        lambda path: path.with_suffix(".json").write_text("[" * 100_000),
        lambda path: path.with_suffix(".json").write_text("[]"),
        change_description(sha256="0" * 64),
        change_description(cell_m="NaN"),
        change_description(cell_m=-50.0),
        change_description(cell_m=1e-300),
        change_description(native_cell_m=None),
        change_description(warnings=[["one"]]),
        change_description(warnings=7),
        change_description(format=99),
        change_description(key="f" * 24),
        change_description(cell_m=100.0),
    ],
)
def test_a_damaged_cut_is_made_again(tmp_path: Path, damage: Any) -> None:
    cut, kept = cut_of(write_heights(tmp_path / "a.tif")), tmp_path / "kept"
    first = cut_corridor(cut, kept)
    damage(kept / f"{cut.key}.tif")
    again = cut_corridor(cut, kept)
    assert not again.was_kept
    np.testing.assert_array_equal(first.mosaic.height_m, again.mosaic.height_m)
    assert cut_corridor(cut, kept).was_kept


def test_a_folder_that_cannot_be_written_is_only_a_warning(tmp_path: Path) -> None:
    (tmp_path / "corridors").write_text("a file is in the way")
    result = cut_corridor(cut_of(write_heights(tmp_path / "a.tif")), tmp_path / "corridors")
    (warning,) = result.warnings
    assert warning.warning
    assert "could not be kept" in warning.found
    assert np.isfinite(result.mosaic.height_m).any()


def test_nothing_half_written_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(corridor, "hash_file", fail)
    with pytest.raises(KeyboardInterrupt):
        corridor._keep(
            cut_of(), cut_corridor(cut_of(write_heights(tmp_path / "a.tif")), None).mosaic, tmp_path / "kept"
        )
    assert list((tmp_path / "kept").iterdir()) == []


def test_the_cuts_longest_unused_make_room_and_other_files_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corridor, "CUTS_KEPT", 2)
    file, kept = write_heights(tmp_path / "a.tif"), tmp_path / "kept"
    kept.mkdir()
    (kept / "my notes.tif").write_text("not ours")
    cuts = [cut_of(file, cell_m=cell_m) for cell_m in (400.0, 500.0, 600.0)]
    cut_corridor(cuts[0], kept)
    cut_corridor(cuts[1], kept)
    cut_corridor(cuts[0], kept)  # used again, so the second is the oldest
    cut_corridor(cuts[2], kept)
    assert {path.stem for path, _ in list_cuts(kept)} == {cuts[0].key, cuts[2].key}
    assert sorted(path.suffix for path in kept.iterdir()) == [".json", ".json", ".tif", ".tif", ".tif"]


def test_a_finest_spacing_that_does_not_fit_is_made_coarser_and_said(tmp_path: Path) -> None:
    mosaic = cut_corridor(cut_of(write_heights(tmp_path / "a.tif"), cells_max=40_000), None).mosaic
    assert mosaic.cell_m == 200.0
    assert mosaic.native_cell_m == 50.0
    (warning,) = mosaic.warnings
    assert "800 x 800 cells of 50 m are more than 40,000; heights are resampled to 200 m" in warning.found


def test_a_cell_asked_for_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TerrainError, match="set a cell of 200 m or more"):
        cut_corridor(cut_of(write_heights(tmp_path / "a.tif"), cells_max=40_000, cell_m=50.0), None)


def test_a_few_coarse_cells_do_not_make_a_fine_model_coarse(tmp_path: Path) -> None:
    fine = write_heights(tmp_path / "fine.tif", side=790)  # the last 500 m in the east are missing
    coarse = tmp_path / "coarse.tif"
    with rasterio.open(
        coarse, "w", driver="GTiff", height=50, width=50, count=1, dtype="float32", crs=UTM,
        transform=Affine(900.0, 0, LEFT, 0, -900.0, TOP),
    ) as target:  # fmt: skip
        target.write(np.full((50, 50), 90.0, np.float32), 1)
    line = shapely.LineString([(LEFT + 1_000, TOP - 20_000), (LEFT + 39_400, TOP - 20_000)])
    files = (fine, HeightFile(coarse, hash_file(coarse)))
    mosaic = cut_corridor(cut_of(*files, reach=Reach(line, 3_000.0)), None).mosaic
    assert mosaic.native_cell_m == 900.0  # 1.3 % of the ground: that counts
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_mosaic, "COUNTING_SHARE", 0.02)
        mosaic = cut_corridor(cut_of(*files, reach=Reach(line, 3_000.0)), None).mosaic
    assert mosaic.native_cell_m == 50.0
    assert "of the heights rest on cells of up to 900 m" in str(mosaic.warnings[0])


def test_mixed_datums_are_told(tmp_path: Path) -> None:
    west = write_heights(tmp_path / "west.tif", side=400)
    east = tmp_path / "east.tif"
    with rasterio.open(
        east, "w", driver="GTiff", height=900, width=500, count=1, dtype="float32", crs="EPSG:28407",
        transform=Affine(50.0, 0, 7_420_000.0, 0, -50.0, 5_404_000.0),
    ) as target:  # fmt: skip
        target.write(np.full((900, 500), 90.0, np.float32), 1)
    mosaic = cut_corridor(cut_of(west, HeightFile(east, hash_file(east))), None).mosaic
    assert any("2 datums (Pulkovo 1942; WGS 84)" in str(warning) for warning in mosaic.warnings)
