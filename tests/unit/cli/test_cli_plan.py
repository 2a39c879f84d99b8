"""`truceline plan`: every kind of input, every mistake, what it prints, what it leaves behind."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import shapely
from small_inputs import (
    LINE,
    box,
    list_leavings,
    rolling,
    run_command,
    write_elevation,
    write_geojson,
    write_scenario,
)

import truceline
from truceline.publish import document, folder

HERE = {**os.environ, "PYTHONPATH": str(Path(truceline.__file__).resolve().parents[1])}
METRES = "urn:ogc:def:crs:EPSG::32631"
WITH_HEIGHTS = {"terrain": {"files": ["heights.tif"]}}


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write_the_document(plan: Any, place: Path, progress: Any = None) -> tuple[str, ...]:
    document.write_document(plan, place / "plan.json")
    return ("plan.json",)


@pytest.fixture
def only_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write plan.json alone: figures and report have tests of their own and take seconds."""
    monkeypatch.setattr(folder, "write_products", write_the_document)


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give what planning the small line into the folder `my plan` prints."""
    place = tmp_path_factory.mktemp("answer")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setattr(folder, "write_products", write_the_document)
        return run_command("plan", write_scenario(place).name, "--out", "my plan")


def read_plan(place: Path = Path("plan")) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((place / "plan.json").read_text(encoding="utf-8"))
    return found


def headline(plan: dict[str, Any], name: str, posture: str = "watch") -> float:
    (found,) = [tree for tree in plan["postures"][posture]["headlines"] if tree["name"] == name]
    return float(found["value"])


Prepare = Callable[[Path], None]


def write_control(place: Path) -> None:
    write_geojson(place / "a.geojson", [box(2.0, 1.0, 3.0, 1.6)])
    write_geojson(place / "b.geojson", [box(2.0, 0.4, 3.0, 1.0)])
    write_geojson(place / "border.geojson", [box(2.0, 0.4, 3.0, 1.6)])
    write_geojson(place / "coast.geojson", [box(1.8, 0.0, 2.2, 2.0)])


def write_control_apart(place: Path) -> None:
    write_geojson(place / "a.geojson", [box(2, 2, 3, 3)])
    write_geojson(place / "b.geojson", [box(2, 0, 3, 1)])


def write_degrees_as_metres(place: Path) -> None:
    write_geojson(place / "metres.geojson", [{"type": "LineString", "coordinates": LINE}], crs=METRES)
    frame = geopandas.GeoDataFrame({"name": ["a"]}, geometry=[shapely.LineString(LINE)], crs="EPSG:32631")
    frame.to_file(place / "metres.gpkg")


def write_layered(place: Path) -> None:
    shapes = [shapely.LineString(LINE), shapely.LineString([(3, 5), (4, 5)])]
    frame = geopandas.GeoDataFrame({"name": ["front", "other"]}, geometry=shapes, crs="EPSG:4326")
    frame.to_crs("EPSG:32631").to_file(place / "lines.gpkg", layer="fronts")


def write_towns(place: Path) -> None:
    random = np.random.default_rng(1)
    rows = ["name,lon,lat,side"]
    for i, (u, v) in enumerate(random.random((60, 2))):
        lon, lat = 2.7 + 0.5 * u, 0.8 + 0.4 * v
        rows.append(f"town {i},{lon:.4f},{lat:.4f},{'a' if lat > 1 + 0.02 * math.sin(40 * lon) else 'b'}")
    (place / "towns.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def write_text(name: str, text: str) -> Prepare:
    return lambda place: (place / name).write_text(text, encoding="utf-8") and None


def heights(**how: Any) -> Prepare:
    return lambda place: write_elevation(place / "heights.tif", **how)


def no_height_where(missing: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda x, y: np.where(missing(x, y), np.nan, rolling(x, y))


CONTROL = {"side_a": "a.geojson", "side_b": "b.geojson"}
REFUSED: dict[str, tuple[dict[str, Any], Prepare | None, list[str]]] = {
    "a file that is not there": (
        {"line.file": "nowhere.geojson"},
        None,
        ["tiny-line.yaml:6", "line.file", "there is no file nowhere.geojson", "folder of the scenario file"],
    ),
    "a wrong unit": (
        {"zone.half_width": "4 kg"},
        None,
        ["zone.half_width", "'4 kg' is not a quantity in m", "write '10 km'"],
    ),
    "a bare number where a unit is needed": (
        {"zone.half_width": 4000},
        None,
        ["zone.half_width", "4000 has no unit"],
    ),
    "degrees that claim to be metres in GeoJSON": (
        {"line.file": "metres.geojson"},
        write_degrees_as_metres,
        ["claims projected coordinates", "UTM zone 31N", "x 2.8 to 3.15", "set `crs: EPSG:4326`"],
    ),
    "degrees that claim to be metres in GeoPackage": (
        {"line.file": "metres.gpkg"},
        write_degrees_as_metres,
        ["metres.gpkg", "claims projected coordinates", "set `crs: EPSG:4326`"],
    ),
    "control polygons that do not touch": (
        {"line": {"control": CONTROL, "tolerance": "1 km"}},
        write_control_apart,
        ["the polygons of the two sides do not touch", "110.6 km apart", "common boundary"],
    ),
    "a line file that is not one": (
        {"line.file": "broken.geojson"},
        write_text("broken.geojson", '{"type": "Feat'),
        ["broken.geojson", "is not a vector file", "save it as GeoPackage or GeoJSON"],
    ),
    "polygons given as the line": (
        {"line.file": "areas.geojson"},
        lambda place: write_geojson(place / "areas.geojson", [box(2, 1, 3, 2)]),
        ["feature 0", "is a Polygon, not a line"],
    ),
    "heights of another place": (
        WITH_HEIGHTS,
        heights(cell_m=500, centre_x_m=700_000),
        ["none of the 1 raster(s) touches the area of the line"],
    ),
    "no heights under the line": (
        WITH_HEIGHTS,
        heights(cell_m=200, heights=no_height_where(lambda x, y: abs(x - 497_000) < 6000)),
        ["The elevation model does not cover the line", "km 15 to km 27", "13 of 43 km have no heights"],
    ),
    "no heights anywhere": (
        WITH_HEIGHTS,
        heights(cell_m=500, heights=lambda x, y: x * np.nan),
        ["holds no height at all", "check its no-data value"],
    ),
    "heights that are no raster": (
        WITH_HEIGHTS,
        write_text("heights.tif", "not a raster"),
        ["heights.tif", "is not a raster GDAL can read"],
    ),
    "an unknown landscape": (
        {"terrain.landscape": "moon"},
        None,
        ["'moon' is not a known landscape", "steppe"],
    ),
    "a budget of zero": (
        {"postures.watch.watch": "0 person/km"},
        None,
        ["postures.watch.watch", "0 person/km must be above zero"],
    ),
    "a budget below the least numbers": (
        {"postures.watch.watch": "0.1 person/km"},
        None,
        [
            "posture Watch",
            "0.1 person/km is 4.1 people",
            "least numbers of patrol take 13.6",
            "to 0.33 person",
        ],
    ),
    "a moving means without a limit": (
        {"postures.watch.means.patrol.at_most": None},
        None,
        ["means.patrol.at_most", "is missing", "'0.1 / km'"],
    ),
    "no side to stand on": (
        {"postures.watch.rules.sides": []},
        None,
        ["rules", "leave no place where mast may stand", "allow a side"],
    ),
    "a reaction sooner than its notice": (
        {"postures.watch.reaction": {"time": "5 min"}},
        None,
        ["reaction.time", "5 min is over before a column rolls at 15 min"],
    ),
    "reaction bases out of reach": (
        {"postures.watch.reaction": {"time": "60 min", "distance": "400 km"}},
        None,
        ["reaction.distance", "from 400 km away no place of the zone is reached in time"],
    ),
    "sectors shorter than a cell": (
        {"sectors": {"length": "1 km"}},
        None,
        ["sectors", "of 41 sectors hold no cell of 4000 m", "longer sectors"],
    ),
    "sectors of metres": (
        {"sectors": {"length": "200 m"}},
        None,
        ["tiny-line.yaml:11", "sectors.length", "too short for a sector", "1 km or more"],
    ),
    "a thousand breaks": (
        {"sectors": {"breaks": [f"{i} m" for i in range(40, 40_040, 40)]}},
        None,
        ["sectors.breaks", "1,000 breaks make more than 200 sectors", "length: 50 km"],
    ),
    "cells wider than the zone": (
        {"grid.cell": "60 km"},
        None,
        ["grid.cell", "60000 m is wider than the whole zone of 8000 m", "use 4000 m or less"],
    ),
    "crossing cells wider than the zone": (
        {"grid.crossing_cell": "20 km"},
        None,
        ["20000 m is too coarse for a half-width of 4000 m"],
    ),
}


@pytest.mark.parametrize("mistake", REFUSED)
def test_a_mistake_is_named_and_nothing_is_left_behind(mistake: str, tmp_path: Path) -> None:
    changes, prepare, said = REFUSED[mistake]
    if prepare is not None:
        prepare(tmp_path)
    file = write_scenario(tmp_path, changes)
    printed = run_command("plan", file.name, code=2)
    assert [text for text in said if text not in " ".join(printed.split())] == [], printed
    assert list_leavings(tmp_path) == []


OPTIONS = {
    "posture": (["--posture", "nobody"], ["--posture nobody", "is not a posture here", "one of watch"]),
    "variant": (["--variant", "none"], ["--variant none", "is not a variant of this scenario"]),
    "path": (["--set", "zone.halfwidth=3km"], ["zone.halfwidth", "did you mean half_width?"]),
    "unit": (["--set", "zone.half_width=3kg"], ["'3kg' is not a quantity in m"]),
    "no value": (["--set", "zone.half_width"], ["write path=value"]),
    "few samples": (["--samples", "5"], ["--samples", "5 is out of bounds", "20 to 20,000"]),
    "less than no samples": (["--samples", "-3"], ["-3 is out of bounds"]),
    "many samples": (["--samples", "20001"], ["20001 is out of bounds"]),
    "seed": (["--samples", "20", "--seed", "-1"], ["--seed", "-1 is below zero"]),
}


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_that_cannot_be_meant_is_refused_before_any_work(
    option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments, said = OPTIONS[option]
    monkeypatch.setattr("truceline.plan.make.lay_out_ground", lambda *_: pytest.fail("worked first"))
    printed = run_command("plan", write_scenario(tmp_path).name, *arguments, code=2)
    assert [text for text in said if text not in printed] == []
    assert list_leavings(tmp_path) == []


def test_yaml_that_is_broken_is_shown_with_its_line(tmp_path: Path) -> None:
    file = write_scenario(tmp_path)
    file.write_text(file.read_text(encoding="utf-8").replace("zone:", "zone: {"), encoding="utf-8")
    printed = run_command("plan", file.name, code=2)
    assert "tiny-line.yaml:" in printed
    assert "1 problem" in printed
    assert list_leavings(tmp_path) == []


def test_an_unknown_scenario_is_answered_with_the_known_ones() -> None:
    printed = run_command("plan", "ukraine-2026", code=2)
    assert "neither a packaged scenario nor a file" in printed
    assert "ukraine-2025" in printed


def test_a_line_that_crosses_itself_is_refused_where_it_does(tmp_path: Path) -> None:
    bow = [(2.8, 1.0), (3.2, 1.2), (3.2, 1.0), (2.8, 1.2)]
    printed = run_command("plan", write_scenario(tmp_path, line=bow).name, code=2)
    assert "km 24.9  meets itself at km 96.7, near 3.0000, 1.1000" in printed
    assert list_leavings(tmp_path) == []


def test_a_folder_of_somebody_else_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "plan").mkdir()
    (tmp_path / "plan" / "thesis.txt").write_text("mine", encoding="utf-8")
    printed = run_command("plan", write_scenario(tmp_path).name, code=2)
    assert "no plan.json: it was not made by this program" in printed
    assert list_leavings(tmp_path) == ["plan"]
    assert (tmp_path / "plan" / "thesis.txt").read_text(encoding="utf-8") == "mine"


def test_a_file_is_not_replaced_by_a_folder(tmp_path: Path) -> None:
    (tmp_path / "plan").write_text("mine", encoding="utf-8")
    printed = run_command("plan", write_scenario(tmp_path).name, code=2)
    assert "is not a folder; choose another name" in printed
    assert (tmp_path / "plan").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("stage", ["ground", "watch: greedy", "watch: crossings", "write"])
def test_an_interrupt_at_any_stage_leaves_the_old_plan(
    stage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plan").mkdir()
    (tmp_path / "plan" / "plan.json").write_text("the old one", encoding="utf-8")
    monkeypatch.setattr("truceline.cli.plan_command.show_progress", _interrupt_at(stage))
    printed = run_command("plan", write_scenario(tmp_path).name, code=130)
    assert printed == "interrupted; nothing half-written\n"
    assert list_leavings(tmp_path) == ["plan"]
    assert (tmp_path / "plan" / "plan.json").read_text(encoding="utf-8") == "the old one"


def _interrupt_at(wanted: str) -> Callable[..., Any]:
    class Interrupting:
        def __init__(self, stages: list[str], *, quiet: bool) -> None:
            assert wanted in stages

        def __enter__(self) -> Callable[[str, float], None]:
            def tell(stage: str, share: float) -> None:
                if stage == wanted:
                    raise KeyboardInterrupt

            return tell

        def __exit__(self, *raised: object) -> None:
            return None

    return Interrupting


def test_a_disk_that_refuses_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(plan: Any, place: Path, progress: Any = None) -> None:
        (place / "half").write_text("half a product", encoding="utf-8")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folder, "write_products", refuse)
    printed = run_command("plan", write_scenario(tmp_path).name, code=2)
    assert "cannot be written: no space left on device" in printed
    assert list_leavings(tmp_path) == []


@pytest.mark.usefixtures("only_the_document")
class TestInputs:
    def test_fine_heights_give_exact_sight_and_say_their_cell(self, tmp_path: Path) -> None:
        write_elevation(tmp_path / "heights.tif", cell_m=50, half_m=45_000)
        printed = run_command("plan", write_scenario(tmp_path, WITH_HEIGHTS).name)
        assert "cells of 4000 m; line of sight over an elevation model of 50 m cells (heights.tif)" in printed
        assert "warning" not in printed
        plan = read_plan()
        assert "50 m cells" in plan["line"]["sight"]
        assert plan["provenance"]["inputs"].keys() == {"line.geojson", "heights.tif"}

    def test_coarse_heights_are_not_used_and_the_plan_says_so(self, tmp_path: Path) -> None:
        write_elevation(tmp_path / "heights.tif", cell_m=500, half_m=45_000)
        printed = run_command("plan", write_scenario(tmp_path, WITH_HEIGHTS).name)
        assert "statistical line of sight" in printed
        assert "resolves 500 m, coarser than 100 m" in printed
        assert "warning terrain  the elevation model resolves 500 m, too coarse: its heights" in printed
        with_coarse = headline(read_plan(), "watch.detect")
        run_command("plan", write_scenario(tmp_path).name)
        assert headline(read_plan(), "watch.detect") == with_coarse

    def test_a_sea_without_heights_is_a_warning_with_its_share(self, tmp_path: Path) -> None:
        north = no_height_where(lambda x, y: y > 124_000)
        write_elevation(tmp_path / "heights.tif", cell_m=90, half_m=45_000, heights=north)
        printed = run_command("plan", write_scenario(tmp_path, WITH_HEIGHTS).name)
        assert re.search(r"\d\d\.\d % of the ground within \d+ km of the line has no heights", printed)
        assert "`fill_unknown: 0 m` if it is sea" in printed
        assert "90 m cells" in printed
        filled = {"terrain": {"files": ["heights.tif"], "fill_unknown": "0 m"}}
        assert "has no heights" not in run_command("plan", write_scenario(tmp_path, filled).name)

    def test_towns_of_a_table_make_the_line(self, tmp_path: Path) -> None:
        write_towns(tmp_path)
        changes = {"line": {"places": "towns.csv", "tolerance": "3 km"}}
        printed = run_command("plan", write_scenario(tmp_path, changes, line=None).name)
        assert "(true line within about 3 km)" in printed
        assert read_plan()["line"]["source"] == "towns.csv"

    def test_one_feature_of_one_layer_in_metres_is_the_same_line(self, tmp_path: Path) -> None:
        write_layered(tmp_path)
        changes = {"line.file": "lines.gpkg", "line.layer": "fronts", "line.where": {"name": "front"}}
        run_command("plan", write_scenario(tmp_path, changes, line=None).name)
        assert read_plan()["line"]["length_km"] == pytest.approx(41.278, abs=0.001)

    def test_polygons_of_control_make_the_line_less_border_and_coast(self, tmp_path: Path) -> None:
        write_control(tmp_path)
        control = {**CONTROL, "border": "border.geojson", "coast": "coast.geojson", "border_buffer": "2 km"}
        changes = {"line": {"control": control, "tolerance": "1 km"}}
        run_command("plan", write_scenario(tmp_path, changes, line=None).name)
        # from the coast at 2.2 to 2 km before the border at 3.0, on the parallel of 1 degree
        assert read_plan()["line"]["length_km"] == pytest.approx(0.8 * 111.3 - 2, abs=0.3)

    def test_a_line_of_parts_keeps_its_parts_apart(self, tmp_path: Path) -> None:
        parts = [LINE[:3], [(3.10, 1.05), (3.20, 1.06), (3.30, 1.05)]]
        write_geojson(tmp_path / "parts.geojson", [{"type": "MultiLineString", "coordinates": parts}])
        run_command("plan", write_scenario(tmp_path, {"line.file": "parts.geojson"}, line=None).name)
        plan = read_plan()
        assert len(plan["line"]["sectors"]) >= 2
        assert plan["line"]["length_km"] < 0.8 * 55  # the gap of 15 km is not line

    def test_a_ring_is_planned_all_round(self, tmp_path: Path) -> None:
        turn = np.linspace(0, 2 * math.pi, 25)[:-1]
        ring = [(2.8 + 0.2 * math.cos(t), 1 + 0.2 * math.sin(t)) for t in turn]
        run_command("plan", write_scenario(tmp_path, line=[*ring, ring[0]]).name)
        plan = read_plan()
        assert plan["line"]["length_km"] == pytest.approx(2 * math.pi * 0.2 * 111, rel=0.02)
        east = [site for site in plan["postures"]["watch"]["sites"] if site["lon"] > 2.9]
        west = [site for site in plan["postures"]["watch"]["sites"] if site["lon"] < 2.7]
        assert east
        assert west

    @pytest.mark.parametrize(("turn_lon", "turn_lat"), [(-1, 1), (1, -1), (-1, -1)])
    def test_other_hemispheres_mirror_the_plan(self, turn_lon: int, turn_lat: int, tmp_path: Path) -> None:
        file = write_scenario(tmp_path)
        run_command("plan", file.name, "--out", "north-east")
        mirrored = [(turn_lon * lon, turn_lat * lat) for lon, lat in LINE]
        # one reflection swaps left and right of the way the line is drawn; two are a turn and do not
        side = "right" if turn_lon * turn_lat < 0 else "left"
        write_scenario(tmp_path, {"line.side_a_is": side}, line=mirrored)
        run_command("plan", file.name, "--out", "mirrored")
        here, there = read_plan(Path("north-east")), read_plan(Path("mirrored"))
        assert there["line"]["length_km"] == here["line"]["length_km"]
        assert headline(there, "force.deployed") == headline(here, "force.deployed")
        assert headline(there, "watch.detect") == pytest.approx(headline(here, "watch.detect"), abs=0.05)
        sites = there["postures"]["watch"]["sites"]
        assert all(np.sign(site["lon"]) == turn_lon and np.sign(site["lat"]) == turn_lat for site in sites)

    def test_ground_that_bases_cannot_reach_is_said(self, tmp_path: Path) -> None:
        changes = {"postures.watch.reaction": {"time": "60 min"}, "postures.watch.rules.sides": ["a"]}
        water = {"water": {"polygon": [[2.7, 0.8], [3.3, 0.8], [3.3, 1.3], [2.7, 1.3]]}}
        printed = run_command("plan", write_scenario(tmp_path, {**changes, **water}).name)
        assert "% of the zone is not reached within 60 min from any base" in " ".join(printed.split())
        assert any("postures.watch.reaction" in text for text in read_plan()["warnings"])


@pytest.mark.usefixtures("only_the_document")
class TestAnswer:
    def test_average_weakest_and_open_share_come_together_with_tolerance_and_cell(self, answer: str) -> None:
        for text in (
            "Incidents detected, average",
            "Incidents verified",
            "Incidents attributed",
            "Weakest crossing noticed, clear night",
            "Line open, bad weather",
            "(true line within about 1 km)",
            "cells of 4000 m",
            "indicative",
            "Report: my plan/report.html",
        ):
            assert text in answer

    def test_the_best_possible_is_never_printed_below_what_is_detected(self, answer: str) -> None:
        rows = {line[:38].strip(): line[38:].split() for line in answer.splitlines()}
        detected = float(rows["Incidents detected, average"][0])
        assert float(rows["best possible for these people"][0]) >= detected > 0

    def test_quiet_prints_only_where_the_report_is(self, tmp_path: Path) -> None:
        file = write_scenario(tmp_path)
        assert (
            run_command("plan", file.name, "--quiet", "--out", "deep/er") == "Report: deep/er/report.html\n"
        )
        assert list_leavings(tmp_path) == ["deep"]
        assert list_leavings(tmp_path / "deep") == ["er"]

    def test_the_hint_to_explain_can_be_pasted(self, answer: str) -> None:
        assert "truceline explain 'my plan' force.deployed" in answer

    def test_a_plan_replaces_the_plan_before_it(self, tmp_path: Path) -> None:
        file = write_scenario(tmp_path)
        run_command("plan", file.name)
        before = headline(read_plan(), "force.deployed")
        run_command("plan", file.name, "--set", "postures.watch.watch=3 person/km")
        assert headline(read_plan(), "force.deployed") > before
        assert list_leavings(tmp_path) == ["plan"]

    def test_a_variant_and_a_set_value_change_the_plan_and_are_recorded(self, tmp_path: Path) -> None:
        file = write_scenario(tmp_path, {"variants": {"home": {"assumptions.rotation.dwell": "12 month"}}})
        run_command("plan", file.name)
        plain = read_plan()
        run_command("plan", file.name, "--variant", "home", "--set", "postures.watch.brigades=1")
        changed = read_plan()
        deployed = headline(plain, "force.deployed")
        per_head = headline(plain, "force.pool") / deployed
        assert headline(changed, "force.deployed") == pytest.approx(deployed + 5000)
        assert headline(changed, "force.pool") / headline(changed, "force.deployed") < per_head
        assert changed["provenance"]["variant"] == "home"
        assert changed["provenance"]["overrides"] == ["postures.watch.brigades=1"]

    def test_only_a_length_says_that_there_is_no_map(self) -> None:
        printed = run_command("plan", "unficyp-1975")
        assert "Line of 180.5 km, only a length: no map, no coverage." in printed
        assert "detected" not in printed
        assert read_plan()["line"]["tolerance_km"] is None

    def test_samples_print_a_band_with_their_number_and_seed(self) -> None:
        printed = run_command("plan", "unficyp-1975", "--samples", "40", "--seed", "7")
        assert "80 % band of people deployed: " in printed
        assert "(40 samples, seed 7; sites held fixed)" in printed
        assert read_plan()["bands"]["seed"] == 7
        assert read_plan()["provenance"]["seed"] == 7


def test_two_processes_write_the_same_bytes(tmp_path: Path) -> None:
    write_scenario(tmp_path)
    program = (
        "from truceline.plan import make_plan; from truceline.plan.sampling import sample_plan;"
        "from truceline.publish.document import document_plan, dump_document;"
        "from truceline.scenario.load import read_scenario; import sys;"
        "loaded = read_scenario('tiny-line.yaml', seed=3);"
        "plan = make_plan(loaded.scenario, provenance=loaded.provenance);"
        "sys.stdout.write(dump_document(document_plan(plan)))"
    )
    texts = []
    for hash_seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            check=True,
            cwd=tmp_path,
            env={**HERE, "PYTHONHASHSEED": hash_seed, "PYTHONIOENCODING": "utf-8"},
            timeout=120,
        )
        texts.append(done.stdout)
    assert texts[0] == texts[1]
    assert json.loads(texts[0])["provenance"]["seed"] == 3
