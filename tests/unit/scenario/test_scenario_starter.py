"""A started scenario is sound as it is, under any file name, and its comments name real things."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truceline.errors import ScenarioError
from truceline.scenario.load import check_scenario, list_packaged, load_scenario
from truceline.scenario.starter import copy_packaged, make_starter, name_scenario
from truceline.units import parse_quantity


def write(folder: Path, texts: dict[str, str]) -> Path:
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder / next(name for name in texts if name.endswith(".yaml"))


@pytest.mark.parametrize("stem", ["my-line", "North Post", "2025", "línea", 'a"b', "on", "a: b", "#1"])
def test_the_example_is_sound_under_any_name(tmp_path: Path, stem: str) -> None:
    path = write(tmp_path, make_starter(stem))
    assert check_scenario(path) == ()
    scenario = load_scenario(path)
    assert scenario.line.file == tmp_path / f"{stem}.geojson"
    assert set(scenario.variants) == {"wide-zone"}


@pytest.mark.parametrize("name", list_packaged())
def test_a_copy_of_a_packaged_scenario_is_sound_and_has_its_own_name(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, copy_packaged(name, "mine"))
    assert check_scenario(path) == ()
    assert load_scenario(path).name == "mine"
    assert load_scenario(path).postures == load_scenario(name).postures


def test_an_unknown_packaged_scenario_is_refused() -> None:
    with pytest.raises(ScenarioError, match="neither a packaged scenario"):
        copy_packaged("atlantis", "mine")


@given(st.text(max_size=100))
def test_any_file_name_gives_a_scenario_name(stem: str) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9-]{0,60}", name_scenario(stem))


def test_the_example_line_says_that_it_is_invented() -> None:
    line = json.loads(make_starter("my-line")["my-line.geojson"])
    assert "invented" in line["features"][0]["properties"]["name"]


def test_the_lines_that_are_commented_out_work(tmp_path: Path) -> None:
    """What a comment offers is right: take the hash away and it is accepted."""
    text = make_starter("my-line")["my-line.yaml"]
    text = re.sub(
        r"(?m)^# (water:|  polygon: .*|  half_width: 400 m|assumptions:|  patrol\.crew: .*)$", r"\1", text
    )
    text = re.sub(r"(?m)^  # (surface: .*|crs: .*)$", r"  \1", text)
    path = write(tmp_path, {**make_starter("my-line"), "my-line.yaml": text})
    assert check_scenario(path) == ()
    scenario = load_scenario(path)
    assert scenario.water.polygon
    assert scenario.overrides["patrol.crew"].value == 6
    assert scenario.line.crs == "EPSG:32637"
    assert scenario.terrain.surface == "bare_earth"


def test_quantities_in_the_comments_are_written_as_they_are_read() -> None:
    text = make_starter("my-line")["my-line.yaml"]
    first = next(line for line in text.splitlines() if "A quantity has a unit" in line)
    for written, unit in zip(first.partition(":")[2].split(","), ("m", "s", "person/km", "1"), strict=True):
        assert parse_quantity(written.partition(". ")[0].strip(" ."), unit) > 0
