"""`truceline ground` and `plan --ground`: every way to give an elevation model, and to give a wrong one."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine
from small_inputs import list_leavings, rolling, run_command, write_elevation, write_scenario

import truceline
from truceline.geo import _mosaic
from truceline.publish import document, folder

HERE = {**os.environ, "PYTHONPATH": str(Path(truceline.__file__).resolve().parents[1])}
ON_THE_LINE = Affine(200.0, 0, 440_000.0, 0, -200.0, 160_000.0)
"""Top left of a raster that lies around the line of `small_inputs`, in UTM zone 31 north."""


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def only_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write plan.json alone: figures and report take seconds and have tests of their own."""

    def write(plan: Any, place: Path, progress: Any = None) -> tuple[str, ...]:
        document.write_document(plan, place / "plan.json")
        return ("plan.json",)

    monkeypatch.setattr(folder, "write_products", write)


def write_raster(name: str, heights: np.ndarray, **changes: Any) -> Path:
    units = changes.pop("units", None)
    profile: dict[str, Any] = {
        "driver": "GTiff",
        "height": heights.shape[-2],
        "width": heights.shape[-1],
        "count": 1 if heights.ndim == 2 else heights.shape[0],
        "dtype": heights.dtype.name,
        "crs": "EPSG:32631",
        "transform": ON_THE_LINE,
    } | changes
    with rasterio.open(name, "w", **profile) as target:
        target.write(heights if heights.ndim == 3 else heights[None])
        if units:
            target.units = (units,)
    return Path(name)


def hills(rows: int = 60, cols: int = 60) -> np.ndarray:
    return np.full((rows, cols), 150.0, np.float32)


def rough() -> np.ndarray:
    return np.random.default_rng(1).uniform(100, 200, (60, 60)).astype(np.float32)


def write_line_and_heights(cell_m: float = 100, **how: Any) -> None:
    write_scenario(Path())
    write_elevation(Path("heights.tif"), cell_m=cell_m, **how)


def index(place: str = "ground") -> dict[str, Any]:
    found: dict[str, Any] = json.loads((Path(place) / "ground.json").read_text(encoding="utf-8"))
    return found


class TestAdding:
    def test_a_file_is_remembered_with_all_that_matters(self) -> None:
        write_raster("a.tif", hills())
        said = run_command("ground", "add", "a.tif", "--error", "350 cm", "--source", "Our survey")
        assert said == (
            "ground: added 1 file; 1 file in all\n\n"
            "file      cells    cell   holds            error  source      no heights\n"
            "../a.tif  60 x 60  200 m  roofs and trees  3.5 m  Our survey  none seen\n\n"
            "See what they carry: truceline ground status SCENARIO --ground ground\n"
        )
        (file,) = index()["files"]
        assert (file["path"], file["size_bytes"]) == ("../a.tif", Path("a.tif").stat().st_size)
        assert (file["rows"], file["columns"], file["cell_m"], file["error_m"]) == (60, 60, 200.0, 3.5)
        assert file["bounds_deg"] == pytest.approx([2.46, 1.34, 2.57, 1.45], abs=0.02)

    def test_adding_twice_adds_nothing(self) -> None:
        write_raster("a.tif", hills())
        run_command("ground", "add", "a.tif")
        before = Path("ground/ground.json").read_bytes()
        said = run_command("ground", "add", "a.tif", "./a.tif")
        assert said.startswith("ground: added 0 files, 1 file there already; 1 file in all\n")
        assert Path("ground/ground.json").read_bytes() == before

    def test_saying_more_about_a_file_updates_it(self) -> None:
        write_raster("a.tif", hills())
        run_command("ground", "add", "a.tif")
        said = run_command("ground", "add", "a.tif", "--surface", "bare_earth")
        assert said.startswith("ground: added 0 files, updated 1 file; 1 file in all\n")
        assert index()["files"][0]["surface"] == "bare_earth"

    def test_a_folder_stands_for_the_rasters_in_it(self) -> None:
        Path("tiles/deep").mkdir(parents=True)
        write_raster("tiles/a.tif", hills())
        write_raster("tiles/deep/b.TIFF", hills(50))
        Path("tiles/readme.txt").write_text("not a raster")
        said = run_command("ground", "add", "tiles")
        assert "added 2 files" in said
        assert "there already" not in said
        # Our own cuts are no elevation models, even where the ground lies in the folder added.
        Path("tiles/ground/corridors").mkdir(parents=True)
        write_raster("tiles/ground/corridors/c.tif", hills())
        assert "added 2 files" in run_command("ground", "add", "tiles", "--ground", "tiles/ground")

    def test_many_files_are_told_by_kind(self) -> None:
        for number in range(13):
            write_raster(f"t{number:02}.tif", hills(50 + number))
        said = run_command("ground", "add", *sorted(Path().glob("*.tif")))
        assert "13     200 m  roofs and trees  not stated  not stated  none seen" in said

    def test_degrees_are_said_with_the_metres_they_mean(self) -> None:
        step = 1 / 1200  # 3 arc-seconds
        degrees = Affine(step, 0, 2.8, 0, -step, 1.2)
        write_raster("a.tif", hills(), crs="EPSG:4326", transform=degrees)
        assert "93 m (in degrees)" in run_command("ground", "add", "a.tif")

    def test_a_file_without_crs_takes_the_one_named(self) -> None:
        write_line_and_heights()
        with rasterio.open("heights.tif") as source:
            heights, place = source.read(1), source.transform
        write_raster("bare.tif", heights, crs=None, transform=place)
        said = run_command("ground", "add", "bare.tif", code=2)
        assert "bare.tif  carries no coordinate reference system; name it, for example EPSG:4326" in said
        run_command("ground", "add", "bare.tif", "--crs", "EPSG:32631")
        assert "On the line itself: heights everywhere" in run_command("ground", "status", "tiny-line.yaml")

    def test_a_raster_in_arc_seconds_as_shuttles_and_armies_write_it(self) -> None:
        heights = np.full((1201, 1201), 77, ">i2")
        Path("N01E002.hgt").write_bytes(heights.tobytes())
        said = run_command("ground", "add", "N01E002.hgt")
        assert "93 m (in degrees)" in said
        assert index()["files"][0]["bounds_deg"] == pytest.approx([2, 1, 3, 2], abs=0.001)

    def test_a_mosaic_brings_its_tiles(self) -> None:
        write_raster("a.tif", hills())
        write_vrt("all.vrt", "a.tif")
        run_command("ground", "add", "all.vrt")
        (file,) = index()["files"]
        assert [part["path"] for part in file["parts"]] == ["../a.tif"]
        write_raster("a.tif", hills() + 1)
        said = run_command("ground", "status", code=2)
        assert (
            "a.tif  has changed since it was added; add it again with `truceline ground add all.vrt`" in said
        )

    def test_mixed_surfaces_are_warned_of(self) -> None:
        write_raster("a.tif", hills())
        write_raster("b.tif", hills(50))
        run_command("ground", "add", "a.tif")
        said = run_command("ground", "add", "b.tif", "--surface", "bare_earth")
        assert "1 file(s) hold roofs and tree tops, 1 the bare earth" in said

    def test_the_same_bytes_under_two_names_are_warned_of(self) -> None:
        write_raster("a.tif", hills())
        Path("b.tif").write_bytes(Path("a.tif").read_bytes())
        assert "b.tif  holds the same bytes as" in run_command("ground", "add", "a.tif", "b.tif")

    def test_voids_are_estimated_and_said(self) -> None:
        heights = hills(400, 400)
        heights[:, 200:] = -9999.0
        write_raster("a.tif", heights, nodata=-9999.0, tiled=True, blockxsize=16, blockysize=16)
        said = run_command("ground", "add", "a.tif")
        assert re.search(r"about (4|5)\d % of it has no heights \(sampled\)", said)
        assert re.search(r"Our|about (4|5)\d %\n", said)


def write_vrt(name: str, tile: str, *, extra: str = "") -> None:
    with rasterio.open(tile) as source:
        a, _, c, _, e, f = source.transform[:6]
        wkt, width, height = source.crs.to_wkt().replace('"', "&quot;"), source.width, source.height
    Path(name).write_text(
        f'<VRTDataset rasterXSize="{width}" rasterYSize="{height}"><SRS>{wkt}</SRS>'
        f"<GeoTransform>{c}, {a}, 0, {f}, 0, {e}</GeoTransform>"
        '<VRTRasterBand dataType="Float32" band="1">'
        f'<SimpleSource><SourceFilename relativeToVRT="1">{tile}</SourceFilename>'
        f"<SourceBand>1</SourceBand></SimpleSource>{extra}</VRTRasterBand></VRTDataset>"
    )


LOCAL = 'LOCAL_CS["site grid",UNIT["metre",1]]'
IN_FEET_ABOVE_SEA = "EPSG:32631+6360"

WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "nothing there": (lambda: None, "a.tif  there is no such file; check the path"),
    "not a raster": (lambda: Path("a.tif").write_text("x"), "a.tif  is not a raster GDAL can read"),
    "in feet": (
        lambda: write_raster("a.tif", hills(), units="US survey foot"),
        "a.tif  heights are in us survey foot; convert them to metres",
    ),
    "in feet by its vertical datum": (
        lambda: write_raster("a.tif", hills(), crs=IN_FEET_ABOVE_SEA),
        "a.tif  heights are in us survey foot; convert them to metres",
    ),
    "cut short": (
        lambda: Path("a.tif").write_bytes(write_raster("a.tif", rough()).read_bytes()[:9_000]),
        "a.tif  is damaged: part of its heights cannot be read; copy it from its source again",
    ),
    "a picture": (
        lambda: write_raster("a.tif", np.zeros((3, 9, 9), np.uint8)),
        "a.tif  has 3 bands; an elevation model has one band of heights",
    ),
    "complex": (
        lambda: write_raster("a.tif", np.zeros((9, 9), np.complex64)),
        "a.tif  holds complex64 values; heights are real numbers",
    ),
    "one cell wide": (
        lambda: write_raster("a.tif", hills(60, 1)),
        "a.tif  is 1 x 60 cells: a strip has no slope; give a model at least 2 cells wide and high",
    ),
    "a local grid": (
        lambda: write_raster("a.tif", hills(), crs=LOCAL),
        "a.tif  lies on a local grid (site grid); warp it to a projection or to degrees",
    ),
    "impossible": (
        lambda: write_raster("a.tif", hills() * 100),
        "a.tif  100 % of its heights are impossible on earth; check that it holds heights in metres",
    ),
    "a mosaic of what is elsewhere": (
        lambda: (write_raster("b.tif", hills()), write_vrt("a.tif", "b.tif"), Path("b.tif").unlink()),
        "names 1 file(s) that are not on this machine, first b.tif",
    ),
    "one great block": (
        lambda: write_raster(
            "a.tif",
            np.zeros((8_192, 8_192), np.uint8),
            tiled=True,
            blockxsize=8_192,
            blockysize=8_192,
            compress="deflate",
        ),
        "a.tif  is stored in blocks of 8,192 x 8,192 cells, too large to unpack; rewrite it in tiles",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_elevation_model_is_refused(name: str) -> None:
    prepare, says = WRONG[name]
    prepare()
    said = run_command("ground", "add", "a.tif", code=2)
    assert said.startswith("Nothing was added: ")
    assert says in said
    assert not Path("ground").exists()


def test_all_wrong_files_are_told_at_once_and_none_is_added() -> None:
    write_raster("good.tif", hills())
    write_raster("feet.tif", hills(), units="ft")
    write_raster("strip.tif", hills(1, 60))
    said = run_command("ground", "add", "good.tif", "feet.tif", "gone.tif", "strip.tif", "empty", code=2)
    assert said.startswith("Nothing was added: 4 problems\n")
    assert not Path("ground").exists()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--surface", "roof"), "--surface  is 'roof'; write surface or bare_earth"),
        (("--error", "3.5"), "--error  '3.5' has no unit"),
        (("--error", "-1 m"), "--error  '-1 m' is no error of heights; for example '3.5 m'"),
        (("--crs", "here"), "a.tif  'here' is no coordinate reference system"),
        (("--ground", "a.tif"), "a.tif  is a file; name a folder with --ground"),
    ],
)
def test_wrong_options_are_told(options: tuple[str, str], says: str) -> None:
    write_raster("a.tif", hills(), crs=None)
    assert says in run_command("ground", "add", "a.tif", *options, code=2)


class TestIndexOfSomebodyElse:
    @pytest.fixture(autouse=True)
    def _added(self) -> None:
        write_raster("a.tif", hills())
        run_command("ground", "add", "a.tif")

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("", "cannot be read: it is no json"),
            ("[" * 100_000, "cannot be read: it is no json"),
            ("[]", "is no index of a ground folder, or damaged"),
            ("{}", "ground.json  format  field required"),
            ('{"format": 2, "files": []}', "has format '2'; this program reads format 1"),
            ('{"format": 1, "files": [{"path": "../a.tif"}]}', "files.0.sha256  field required"),
            ('{"format": 1, "files": [], "more": 1}', "more  extra inputs are not permitted"),
        ],
    )
    def test_a_damaged_index_is_named_and_not_replaced(self, text: str, says: str) -> None:
        place = Path("ground/ground.json")
        place.write_text(text)
        for command in (("status",), ("add", "a.tif")):
            said = run_command("ground", *command, code=2)
            assert said.startswith("The ground folder cannot be used: ")
            assert says in said
        assert place.read_text() == text

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("cell_m", -1),
            ("cell_m", "NaN"),
            ("sha256", "x"),
            ("void_share", 2),
            ("surface", "roof"),
            ("rows", 1.5),
        ],
    )
    def test_a_value_that_cannot_be_is_named(self, field: str, value: Any) -> None:
        written = index()
        written["files"][0][field] = value
        Path("ground/ground.json").write_text(json.dumps(written))
        assert f"files.0.{field}  " in run_command("ground", "status", code=2)

    def test_files_that_went_or_changed_are_told_together(self) -> None:
        write_raster("b.tif", hills(50))
        run_command("ground", "add", "b.tif")
        Path("b.tif").unlink()
        write_raster("a.tif", hills() + 1)
        said = run_command("ground", "status", code=2)
        assert said.startswith("The ground folder ground is not what it was: 2 problems\n")
        assert "a.tif  has changed since it was added; add it again with `truceline ground add a.tif`" in said
        assert "b.tif  is missing; it was added to the ground" in said

    def test_a_file_that_was_only_touched_is_the_same(self) -> None:
        os.utime("a.tif", ns=(1, 1))
        assert run_command("ground", "status").startswith("ground: 1 file\n")

    def test_a_project_that_moved_as_a_whole_is_the_same(self, tmp_path: Path) -> None:
        (tmp_path / "new").mkdir()
        for name in ("a.tif", "ground"):
            (tmp_path / name).rename(tmp_path / "new" / name)
        assert "new/ground: 1 file" in run_command("ground", "status", "--ground", "new/ground")

    def test_there_is_no_ground_where_none_was_added(self) -> None:
        said = run_command("ground", "status", "--ground", "nowhere", code=2)
        assert said == (
            "There is no ground: 1 problem\n  nowhere  there is no such folder; "
            "make one with `truceline ground add FILE... --ground nowhere`\n"
        )
        Path("bare").mkdir()
        said = run_command("ground", "status", "--ground", "bare", code=2)
        assert "bare  holds no ground.json: no elevation model was added here" in said


class TestStatusAlongALine:
    def test_a_covered_line_is_said_to_be(self) -> None:
        write_line_and_heights()
        run_command("ground", "add", "heights.tif")
        said = run_command("ground", "status", "tiny-line.yaml")
        assert "Line: 41 km; heights matter within 19 km of it\n" in said
        assert "Covered: all of that ground has heights\n" in said
        assert "On the line itself: heights everywhere\n" in said
        assert "Cells: 100 m\n" in said
        assert "Sight: exact line of sight over an elevation model of 100 m cells (heights.tif)\n" in said
        assert "The ground along the line was cut out in" in said
        again = run_command("ground", "status", "tiny-line.yaml")
        assert "1 cut along lines kept" in again
        assert "The ground along the line was found as cut before in" in again

    def test_coarse_heights_leave_sight_statistical_and_say_why(self) -> None:
        write_line_and_heights(cell_m=300)
        run_command("ground", "add", "heights.tif")
        said = run_command("ground", "status", "tiny-line.yaml")
        assert "Sight: statistical line of sight" in said
        assert "the elevation model resolves 300 m, coarser than 100 m" in said

    def test_gaps_are_told_by_kilometre_with_their_cause(self) -> None:
        def with_void(x: Any, y: Any) -> Any:
            return np.where((x > 505_000) & (x < 510_000), np.nan, rolling(x, y))

        write_line_and_heights(heights=with_void, half_m=25_000, centre_x_m=510_000)
        run_command("ground", "add", "heights.tif")
        said = run_command("ground", "status", "tiny-line.yaml")
        assert re.search(r"Covered: [67]\d\.\d % of that ground has heights", said)
        assert re.search(
            r"On the line itself: about 1\d of 41 km have none; a plan is refused until they", said
        )
        assert re.search(r"\n  km 0 to km \d: no file reaches there\n", said)
        assert re.search(r"\n  km \d\d to km \d\d: voids in the files\n", said)

    def test_tiles_of_another_place_are_refused(self) -> None:
        write_line_and_heights(centre_x_m=900_000)
        run_command("ground", "add", "heights.tif")
        said = run_command("ground", "status", "tiny-line.yaml", code=2)
        assert "none of the 1 raster(s) touches the area of the line; check that the tiles belong" in said

    def test_the_error_comes_from_the_files_the_scenario_or_the_catalogue(self) -> None:
        write_line_and_heights()
        run_command("ground", "add", "heights.tif")
        status = ("ground", "status", "tiny-line.yaml")
        assert "Error of the heights: 5 m, judgement; not drawn" in run_command(*status)
        said = run_command(*status, "--set", "terrain.model=copernicus", "--set", "terrain.draws=12")
        assert "Error of the heights: 2.4 m, derived; sight is a chance over 12 draws\n" in said
        run_command("ground", "add", "heights.tif", "--error", "3 m")
        assert "Error of the heights: 3 m, stated" in run_command(*status)
        assert "Error of the heights: 4 m, stated" in run_command(*status, "--set", "terrain.error=4 m")

    def test_half_a_draw_is_refused(self) -> None:
        write_line_and_heights()
        said = run_command("ground", "status", "tiny-line.yaml", "--set", "terrain.draws=1.5", code=2)
        assert "1.5 draws" in said

    def test_a_scenario_that_names_files_needs_no_folder(self) -> None:
        write_elevation(Path("heights.tif"), cell_m=100)
        write_scenario(Path(), {"terrain": {"files": ["heights.tif"]}})
        said = run_command("ground", "status", "tiny-line.yaml")
        assert "On the line itself: heights everywhere" in said
        assert list_leavings(Path()) == []  # nothing is kept beside files that lie in no ground folder

    def test_a_variant_of_no_scenario_is_refused(self) -> None:
        said = run_command("ground", "status", "--variant", "wide", code=2)
        assert "--variant and --set change a scenario: name one" in said


@pytest.mark.usefixtures("only_the_document")
class TestPlanning:
    def test_a_plan_on_a_ground_folder_sees_exactly_and_a_second_opens_no_elevation_file(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write_line_and_heights()
        run_command("ground", "add", "heights.tif")
        run_command("plan", "tiny-line.yaml", "--ground", "ground", "--out", "one", "--quiet")
        first = Path("one/plan.json").read_bytes()
        plan = json.loads(first)
        assert "line of sight over an elevation model of 100 m cells (heights.tif)" in first.decode()
        assert "ground of 1 file(s)" in plan["provenance"]["inputs"]

        def refuse(*_: Any) -> Any:
            raise AssertionError("an elevation file was opened again")

        monkeypatch.setattr(_mosaic, "open_raster", refuse)
        run_command("plan", "tiny-line.yaml", "--ground", "ground", "--out", "two", "--quiet")
        assert Path("two/plan.json").read_bytes() == first

    def test_files_stand_in_for_the_ground_of_the_scenario(self) -> None:
        write_elevation(Path("coarse.tif"), cell_m=300)
        write_elevation(Path("fine.tif"), cell_m=100)
        write_scenario(Path(), {"terrain": {"files": ["coarse.tif"]}})
        run_command("plan", "tiny-line.yaml", "--ground", "fine.tif", "--quiet")
        plan = json.loads(Path("plan/plan.json").read_text(encoding="utf-8"))
        assert set(plan["provenance"]["inputs"]) == {"line.geojson", "fine.tif"}
        assert list_leavings(Path()) == ["plan"]

    def test_ground_that_is_none_is_told_before_any_work(self) -> None:
        write_line_and_heights()
        said = run_command("plan", "tiny-line.yaml", "--ground", "nowhere", "--ground", "no.tif", code=2)
        assert "nowhere  there is no such file or ground folder; check the path" in said
        assert "no.tif  there is no such file or ground folder" in said
        assert list_leavings(Path()) == []

    def test_a_mosaic_whose_tiles_are_elsewhere_is_refused(self) -> None:
        write_line_and_heights()
        write_vrt("all.vrt", "heights.tif")
        Path("all.vrt").write_text(
            Path("all.vrt").read_text().replace("heights.tif", "/vsicurl/http://x.invalid/a")
        )
        said = run_command("plan", "tiny-line.yaml", "--ground", "all.vrt", code=2)
        assert "all.vrt  names 1 file(s) that are not on this machine" in said

    def test_a_file_changed_since_is_refused(self) -> None:
        write_line_and_heights()
        run_command("ground", "add", "heights.tif")
        write_elevation(Path("heights.tif"), cell_m=90)
        said = run_command("plan", "tiny-line.yaml", "--ground", "ground", code=2)
        assert "heights.tif  has changed since it was added" in said

    def test_voids_along_the_line_refuse_the_plan_with_the_stretch(self) -> None:
        write_line_and_heights(heights=lambda x, y: np.where(x < 490_000, np.nan, rolling(x, y)))
        said = run_command("plan", "tiny-line.yaml", "--ground", "heights.tif", code=2)
        assert re.search(r"km 0 to km 1\d  no data in the elevation model", said)

    def test_places_for_posts_without_heights_are_not_offered_and_told(self) -> None:
        write_line_and_heights(heights=lambda x, y: np.where(y > 118_000, np.nan, rolling(x, y)))
        said = run_command("plan", "tiny-line.yaml", "--ground", "heights.tif")
        assert re.search(
            r"postures\.watch\.rules  \d+ of \d+ places for posts have no height, first at km \d+; "
            r"they are not offered; give more tiles",
            said,
        )


MEASURE = """
import pathlib, re, sys
from truceline.cli.main import app
app(["ground", *sys.argv[1:]], standalone_mode=False)
# Not ru_maxrss: a child starts with the greatest size of the process it was forked from.
print("kilobytes", re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1])
"""


def test_a_model_of_forty_thousand_cells_a_side_is_never_read_whole() -> None:
    """1.6 billion cells, 6.4 GB of heights: adding and cutting must make do with a small part of that."""
    n, cell_m = 40_000, 4.0
    with rasterio.open(
        "huge.tif", "w", driver="GTiff", width=n, height=n, count=1, dtype="float32", crs="EPSG:32631",
        transform=Affine(cell_m, 0, 497_000 - n / 2 * cell_m, 0, -cell_m, 114_000 + n / 2 * cell_m),
        tiled=True, blockxsize=512, blockysize=512, SPARSE_OK="TRUE", compress="deflate",
    ):  # fmt: skip
        pass  # sparse: blocks never written read as 0 m
    write_scenario(Path(), {"terrain": {"cell": "50 m"}})
    for arguments in (("add", "huge.tif"), ("status", "tiny-line.yaml")):
        done = subprocess.run(
            [sys.executable, "-c", MEASURE, *arguments], env=HERE, capture_output=True, text=True, check=True
        )
        megabytes = int(done.stdout.split("kilobytes ")[1]) / 1000
        assert megabytes < 600, f"{arguments[0]} took {megabytes:.0f} MB"
    assert "Cells: 50 m" in done.stdout
