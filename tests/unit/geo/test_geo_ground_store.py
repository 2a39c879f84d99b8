"""Ground folders: what is remembered of a file, where it is looked for, and indexes nobody should trust."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rasterio.transform import Affine

from truceline.errors import TerrainError
from truceline.geo.ground_store import GroundStore, add_files, check_files, find_path, read_store

UTM = "EPSG:32637"


def write_raster(path: Path, *, cell_m: float = 100.0, side: int = 20, shift: float = 0.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        path, "w", driver="GTiff", height=side, width=side, count=1, dtype="float32", crs=UTM,
        transform=Affine(cell_m, 0, 400_000.0, 0, -cell_m, 5_400_000.0),
    ) as target:  # fmt: skip
        target.write(np.full((side, side), 100.0 + shift, np.float32), 1)
    return path


def write_tile(path: Path) -> Path:
    path.write_bytes(np.full((1201, 1201), 50, ">i2").tobytes())
    return path


@pytest.fixture
def store(tmp_path: Path) -> GroundStore:
    return add_files(tmp_path / "ground", [write_raster(tmp_path / "a.tif")]).store


def test_what_was_written_is_read_back(store: GroundStore) -> None:
    assert read_store(store.folder) == store
    assert check_files(store) == ()


def test_files_beside_the_folder_are_found_when_all_of_it_moves_and_others_where_they_are(
    tmp_path: Path,
) -> None:
    near = write_raster(tmp_path / "project" / "tiles" / "near.tif")
    far = write_raster(tmp_path / "archive" / "far.tif", shift=1)
    store = add_files(tmp_path / "project" / "ground", [near, far]).store
    assert [file.path for file in store.files] == ["../tiles/near.tif", far.as_posix()]
    (tmp_path / "project").rename(tmp_path / "moved")
    moved = read_store(tmp_path / "moved" / "ground")
    assert [find_path(moved.folder, file) for file in moved.files] == [tmp_path / "moved/tiles/near.tif", far]
    assert check_files(moved) == ()


def test_progress_names_each_file(tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []
    paths = [
        write_raster(tmp_path / f"{name}.tif", cell_m=cell_m) for name, cell_m in (("a", 30.0), ("b", 60.0))
    ]
    add_files(tmp_path / "ground", paths, progress=lambda name, share: told.append((name, share)))
    assert told == [("a.tif", 0.0), ("b.tif", 0.5)]


def test_fine_files_come_before_coarse_ones(tmp_path: Path) -> None:
    names = {"coarse": 500.0, "fine": 10.0, "middle": 90.0}
    paths = [write_raster(tmp_path / f"{name}.tif", cell_m=cell_m) for name, cell_m in names.items()]
    store = add_files(tmp_path / "ground", paths).store
    assert [file.path.name for file in store.height_files()] == ["fine.tif", "middle.tif", "coarse.tif"]


def test_one_file_without_trees_makes_the_whole_bare(tmp_path: Path) -> None:
    folder = tmp_path / "ground"
    add_files(folder, [write_raster(tmp_path / "a.tif")])
    mixed = add_files(folder, [write_raster(tmp_path / "b.tif", shift=1)], surface="bare_earth").store
    assert mixed.surface == "bare_earth"
    (warning,) = mixed.describe_mixtures()
    assert warning.warning


def test_the_largest_stated_error_counts(tmp_path: Path, store: GroundStore) -> None:
    assert store.error_m is None
    add_files(store.folder, [write_raster(tmp_path / "b.tif", shift=1)], error_m=2.0)
    both = add_files(store.folder, [write_raster(tmp_path / "c.tif", shift=2)], error_m=5.0).store
    assert both.error_m == 5.0


def test_tiles_that_tell_their_place_by_name_are_no_twins_and_no_stand_ins(tmp_path: Path) -> None:
    one, two = write_tile(tmp_path / "N47E036.hgt"), write_tile(tmp_path / "N47E037.hgt")
    added = add_files(tmp_path / "ground", [one, two])
    assert added.warnings == ()
    first, second = added.store.height_files()
    assert first.content != second.content


def test_a_file_that_cannot_serve_leaves_the_index_as_it_was(tmp_path: Path, store: GroundStore) -> None:
    before = (store.folder / "ground.json").read_bytes()
    with pytest.raises(TerrainError, match=r"Nothing was added: 1 problem\n.*no such file"):
        add_files(store.folder, [write_raster(tmp_path / "b.tif"), tmp_path / "gone.tif"])
    assert (store.folder / "ground.json").read_bytes() == before
    assert sorted(entry.name for entry in store.folder.iterdir()) == ["ground.json"]


def test_a_void_in_a_large_file_is_found_by_looking_at_some_of_it(tmp_path: Path) -> None:
    heights = np.full((3_000, 3_000), 100.0, np.float32)
    heights[:, 2_000:] = -9999.0
    with rasterio.open(
        tmp_path / "a.tif", "w", driver="GTiff", height=3_000, width=3_000, count=1, dtype="float32", crs=UTM,
        transform=Affine(30.0, 0, 400_000.0, 0, -30.0, 5_400_000.0), nodata=-9999.0, tiled=True,
        blockxsize=128, blockysize=128, compress="deflate",
    ) as target:  # fmt: skip
        target.write(heights, 1)
    (file,) = add_files(tmp_path / "ground", [tmp_path / "a.tif"]).store.files
    assert file.void_share == pytest.approx(1 / 3, abs=0.06)


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
keys = st.sampled_from(["format", "files", "path", "parts", "sha256", "rows", "bounds_deg"]) | st.text(
    max_size=4
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)


@given(data=anything)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_json_is_an_index_or_is_refused(tmp_path: Path, data: Any) -> None:
    (tmp_path / "ground.json").write_text(json.dumps(data), encoding="utf-8")
    with suppress(TerrainError):
        assert read_store(tmp_path).files == ()


@given(
    name=st.sampled_from(["path", "size_bytes", "modified_ns", "sha256", "crs", "cell_m", "parts"]),
    value=anything,
)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_value_in_an_index_is_used_or_refused(store: GroundStore, name: str, value: Any) -> None:
    index = store.folder / "ground.json"
    sound = index.read_text(encoding="utf-8")
    written = json.loads(sound)
    written["files"][0][name] = value
    index.write_text(json.dumps(written), encoding="utf-8")
    with suppress(TerrainError):
        check_files(read_store(store.folder))
    index.write_text(sound, encoding="utf-8")


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(tmp_path: Path, store: GroundStore) -> None:
    (tmp_path / "a.tif").unlink()
    os.mkfifo(tmp_path / "a.tif")
    (problem,) = check_files(store)
    assert "is missing" in problem.found


def test_an_index_too_large_to_be_one_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("truceline.geo.ground_store.INDEX_BYTES_MAX", 100)
    (tmp_path / "ground.json").write_text(" " * 101)
    with pytest.raises(TerrainError, match="has 101 bytes, too many for an index"):
        read_store(tmp_path)
