"""Posts and cells of a plan, kept in the store with the posture they belong to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from truceline.cli.main import app
from truceline.errors import OutputError
from truceline.events.schema import CELLS, CHANGES, POSTS
from truceline.monitor.mission import load_mission, write_mission
from truceline.monitor.places import NONE_KEPT, read_places_of_plan
from truceline.monitor.posture import keep_posture, read_posture
from truceline.store.open import create_store, open_store

POSTS_TABLE = """posture,id,means,kind,sensors,lon,lat,sector
observers,post-0001,Observation post,post,eyes,37.1,48.1,S01
observers,mast-0001,Camera mast,mast,camera; eyes,37.2,48.2,S01
observers,radar-0001,Radar,mast,radar,37.3,48.3,S02
many,post-0001,Observation post,post,eyes,37.15,48.1,S01
many,post-0002,Observation post,post,unheard-of,37.4,48.4,S02
"""
SENSORS_TABLE = """sensor,sensor_class,range_person_day_m
eyes,human_op,2500
camera,tower_eo_ir,7000
radar,ground_radar,0
"""
DETECTION_TABLE = """posture,by,which,weight_share,detect_share
observers,all,all,1,0.5
observers,state,day,0.5,0.6
observers,state,night,0.4,0.5
observers,state,bad,0.1,0.2
many,all,all,1,0.9
"""


def write_plan(folder: Path, *, n_cells: int = 3, posts: str = POSTS_TABLE) -> Path:
    tables = folder / "tables"
    tables.mkdir(parents=True)
    (folder / "plan.json").write_text('{"posture": "observers"}', encoding="utf-8")
    for name, words in (("posts", posts), ("sensors", SENSORS_TABLE), ("detection", DETECTION_TABLE)):
        (tables / f"{name}.csv").write_text(words, encoding="utf-8")
    if n_cells:
        write_layer(folder / "plan.gpkg", n_cells)
    return folder


def write_layer(path: Path, n_cells: int) -> None:
    import geopandas
    import shapely

    rows: dict[str, Any] = {
        "cell": [f"S01-{n:04d}" for n in range(n_cells)],
        "sector": ["S01"] * n_cells,
        "weight_share": [1 / n_cells] * n_cells,
        **{
            f"detect_{state}_share": [share] * n_cells
            for state, share in (("day", 0.6), ("night", 0.5), ("bad", 0.2))
        },
    }
    shapes = [shapely.box(37 + n / 10, 48, 37.1 + n / 10, 48.1) for n in range(n_cells)]
    geopandas.GeoDataFrame(rows, geometry=shapes, crs="EPSG:4326").to_file(path, layer="demand_cells")


def test_posts_are_read_with_what_they_watch_with_and_how_far(tmp_path: Path) -> None:
    places = read_places_of_plan(write_plan(tmp_path / "line"))
    told = places.posts.set_index("post")
    assert told["means"].to_dict() == {"post-0001": "post", "mast-0001": "camera", "radar-0001": "radar"}
    assert told.loc["mast-0001", "range_m"] == 7000
    assert told["range_m"].isna().to_dict()["radar-0001"]  # it sees no person, so nothing is known
    assert set(told["state"]) == {"planned"}
    assert set(told["source"]) == {"plan line, posture observers"}


def test_cells_have_their_outline_and_their_chance_over_light_and_weather(tmp_path: Path) -> None:
    cells = read_places_of_plan(write_plan(tmp_path / "line")).cells
    assert cells["cell"].tolist() == ["S01-0000", "S01-0001", "S01-0002"]
    assert cells["p_detect"].tolist() == pytest.approx([0.5 * 0.6 + 0.4 * 0.5 + 0.1 * 0.2] * 3)
    assert cells["demand"].sum() == pytest.approx(1)
    assert cells["outline"].str.startswith("POLYGON ((").all()
    assert cells[["lon", "lat"]].iloc[1].tolist() == pytest.approx([37.15, 48.05])


def test_how_well_another_posture_watches_the_cells_is_not_known(tmp_path: Path) -> None:
    places = read_places_of_plan(write_plan(tmp_path / "line"), posture="many")
    assert places.posts["post"].tolist() == ["post-0001", "post-0002"]
    assert places.posts["means"].tolist() == ["post", "post"]
    assert places.cells["p_detect"].isna().all()


def test_a_plan_without_map_layers_or_posts_gives_none(tmp_path: Path) -> None:
    plan = write_plan(tmp_path / "line", n_cells=0)
    (plan / "tables" / "posts.csv").unlink()
    places = read_places_of_plan(plan)
    assert (len(places.posts), len(places.cells)) == (0, 0)


def test_a_broken_plan_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be read; name the folder of a finished plan"):
        read_places_of_plan(tmp_path / "nothing")
    plan = write_plan(tmp_path / "bad", posts=POSTS_TABLE.replace("37.2,", "far,"))
    with pytest.raises(OutputError, match=r"posts.csv, line 3  'far' is no number"):
        read_places_of_plan(plan)
    plan = write_plan(tmp_path / "torn")
    (plan / "plan.gpkg").write_bytes(b"no database")
    with pytest.raises(OutputError, match=r"plan\.gpkg"):
        read_places_of_plan(plan)
    (plan / "plan.json").write_text("[" * 100_000, encoding="utf-8")
    with pytest.raises(OutputError, match="is not JSON"):
        read_places_of_plan(plan)


def test_a_later_posture_closes_posts_and_takes_ground_away(tmp_path: Path) -> None:
    first = read_places_of_plan(write_plan(tmp_path / "line"))
    later = read_places_of_plan(write_plan(tmp_path / "later", n_cells=2), posture="many")
    chances = {("", ""): (0.5, 0.4, 0.6)}
    with create_store(tmp_path / "watch.duckdb") as store:
        kept = keep_posture(store, chances, who="tester", places=first)
        assert (kept.n_posts, kept.n_cells, kept.n_closed) == (3, 3, 0)
        assert len(store.read(CHANGES)) == 1  # chances and places in one change
        assert keep_posture(store, chances, who="tester", places=first).n_closed == 0
        assert len(store.read(POSTS)) == 3  # what did not change is not written again
        change = store.last_change()
        kept = keep_posture(store, chances, who="tester", places=later)
        assert kept.n_closed == 2
        states = store.read_current(POSTS).set_index("post")["state"].to_dict()
        assert states == {
            "mast-0001": "closed",
            "post-0001": "planned",
            "post-0002": "planned",
            "radar-0001": "closed",
        }
        cells = store.read_current(CELLS).set_index("cell")
        assert (cells["outline"] != "").tolist() == [True, True, False]
        assert cells.loc["S01-0002", "demand"] == 0
        assert keep_posture(store, chances, who="tester") == NONE_KEPT
        assert change + 2 == store.last_change()


def test_a_post_that_is_open_stays_open(tmp_path: Path) -> None:
    places = read_places_of_plan(write_plan(tmp_path / "line"))
    with create_store(tmp_path / "watch.duckdb") as store:
        with store.change(who="tester", what="open") as change:
            change.append(POSTS, places.posts.head(1).assign(state="open"))
        keep_posture(store, {("", ""): (0.5, 0.4, 0.6)}, who="tester", places=places)
        states = store.read_current(POSTS).set_index("post")["state"]
        assert states["post-0001"] == "open"
        assert states["mast-0001"] == "planned"


def test_the_command_keeps_chances_and_places_together(tmp_path: Path) -> None:
    path = tmp_path / "watch.duckdb"
    with create_store(path) as store, store.change(who="tester", what="init") as change:
        write_mission(change, load_mission("ukraine-2025"))
    plan = write_plan(tmp_path / "line")
    done = CliRunner().invoke(app, ["monitor", "posture", str(path), str(plan), "--who", "tester"])
    assert done.exit_code == 0, done.output
    assert "3 posts and 3 cells for maps" in done.output
    with open_store(path) as store:
        assert read_posture(store) is not None
        assert len(store.read_current(POSTS)) == 3
