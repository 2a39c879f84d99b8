"""The settings of a mission: what a file may say, and what a reporting day is."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from truceline.errors import ScenarioError
from truceline.monitor.mission import Mission, Region, list_missions, load_mission

SMALL = "name: Small\nzone: Europe/Kyiv\nsides: {a: Northland, b: Southland}\n"


@pytest.mark.parametrize("name", list_missions())
def test_a_packaged_mission_can_be_read(name: str) -> None:
    assert set(load_mission(name).sides) == {"a", "b"}


def test_a_reporting_day_ends_in_the_evening_of_the_mission() -> None:
    mission = load_mission("ukraine-2025")
    begin, end = mission.period(datetime(2025, 2, 17))
    assert (begin, end) == (datetime(2025, 2, 16, 17, 30), datetime(2025, 2, 17, 17, 30))


def test_a_reporting_day_is_an_hour_shorter_when_clocks_go_forward() -> None:
    begin, end = load_mission("ukraine-2025").period(datetime(2025, 3, 30))
    assert (end - begin).total_seconds() == 23 * 3600


def test_two_nights_are_one_period() -> None:
    begin, end = load_mission("ukraine-2025").period(datetime(2025, 2, 17), n_days=2)
    assert (end - begin).days == 2


def test_a_region_is_known_by_its_other_names() -> None:
    mission = load_mission("ukraine-2025")
    assert mission.region_of("donetska OBLAST") == "Donetsk"
    assert mission.region_of("Elsewhere") == "Elsewhere"


def test_a_region_is_known_by_the_spellings_that_feeds_know() -> None:
    mission = load_mission("ukraine-2025")
    assert mission.region_of("Donetsk obl") == "Donetsk"
    assert mission.region_of("Zaporizhia") == "Zaporizhzhia"
    assert mission.region_of("Odes'ka oblast") == "Odesa"
    assert mission.region_of("") == ""


def test_parts_of_a_region_are_told_apart_and_the_whole_is_neither() -> None:
    centre = {"centre": "C", "lon": 37.8, "lat": 48.0}
    parts = [Region(name=f"Donetsk ({part})", **centre) for part in ("north", "south")]
    mission = Mission(name="Two", sides={"a": "A", "b": "B"}, regions=parts)
    assert mission.region_of("donetsk (SOUTH)") == "Donetsk (south)"
    assert mission.region_of("Donetsk oblast") == "Donetsk"
    renamed = Mission(
        name="One", sides={"a": "A", "b": "B"}, regions=[Region(name="Sector 1", also=["Donetsk"], **centre)]
    )
    assert renamed.region_of("Donetsk obl.") == "Sector 1"


def test_sides_are_known_by_their_names_and_other_words() -> None:
    sides = load_mission("ukraine-2025").context(datetime(2025, 1, 1)).sides
    assert (sides["ukraine"], sides["russia"], sides["dpr"]) == ("a", "b", "b")


def test_a_file_of_ones_own_needs_only_name_zone_and_sides(tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL, encoding="utf-8")
    mission = load_mission(str(path))
    assert (mission.cutoff.isoformat(), mission.regions) == ("19:30:00", ())


@pytest.mark.parametrize(
    ("text", "where", "found"),
    [
        (
            "name: x\nsides: {a: A, b: B}\nzone: Mars/Base\n",
            "bad.yaml:3  zone",
            "'Mars/Base' is no time zone",
        ),
        ("name: x\nsides: {a: A}\n", "bad.yaml:2  sides", "must name side a and side b"),
        ("name: x\nsides: {a: A, b: B}\ncutof: 12:00\n", "bad.yaml:3  cutof", "did you mean cutoff?"),
        (SMALL + "cutoff: 18:00\n", "bad.yaml:4  cutoff", "write it in quotes"),
        (
            SMALL + "regions:\n" + 2 * "  - {name: North, centre: C, lon: 1, lat: 1}\n",
            "bad.yaml:4  regions",
            "names North twice",
        ),
        (
            SMALL + "regions:\n  - {name: R, centre: C, lon: 500, lat: 1}\n",
            "regions[0].lon",
            "less than or equal",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, text: str, where: str, found: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError) as error:
        load_mission(str(path))
    assert where in str(error.value)
    assert found in str(error.value)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("zone: Nowhere\nsides: {a: A}\n", encoding="utf-8")
    with pytest.raises(ScenarioError) as error:
        load_mission(str(path))
    assert len(error.value.problems) == 3
