"""Every value of a scenario is listed as a person reads it, and weak ones are marked."""

from __future__ import annotations

from pathlib import Path

from scenario_texts import WITH_MAP, load

from truceline.scenario.catalogue import load_catalogue
from truceline.scenario.describe import list_assumptions, list_records, list_statements


def test_values_have_units_ranges_and_sources(tmp_path: Path) -> None:
    text = WITH_MAP.replace(
        "half_width: 5 km",
        "half_width: {value: 5 km, range: [3 km, 8 km], evidence: general, source: {title: L, locator: p3}}",
    )
    statements = {each.path: each for each in list_statements(load(tmp_path, text).scenario)}
    half_width = statements["zone.half_width"]
    assert (half_width.value, half_width.range) == ("5 km", "3 km to 8 km")
    assert half_width.evidence == "! general"
    assert half_width.source == "L, p3"
    assert half_width.is_weak
    assert statements["postures.observers.means.patrol.at_most"].value == "0.3 / km"
    assert statements["postures.observers.rules.sides"].value == "a, b"
    assert statements["as_of"].value == "2025-02-17"


def test_a_default_says_so_and_a_value_from_the_file_does_not(tmp_path: Path) -> None:
    statements = {each.path: each for each in list_statements(load(tmp_path, WITH_MAP).scenario)}
    assert statements["grid.cell"].evidence == "default"
    assert statements["sides.a"].evidence == "default"
    assert statements["zone.half_width"].evidence == "stated"


def test_every_path_listed_can_be_set(tmp_path: Path) -> None:
    for each in list_statements(load(tmp_path, WITH_MAP).scenario):
        if each.evidence == "stated":
            changed = load(tmp_path, WITH_MAP, overrides=[f"{each.path}={each.value}"])
            assert each.value in {
                other.value for other in list_statements(changed.scenario) if other.path == each.path
            }


def test_assumptions_are_listed_with_the_overrides(tmp_path: Path) -> None:
    scenario = load(tmp_path, WITH_MAP, overrides=["assumptions.patrol.crew=7 people"]).scenario
    listed = {each.path.removeprefix("assumptions."): each for each in list_assumptions(scenario)}
    assert set(listed) == set(load_catalogue())
    assert listed["patrol.crew"].value == "7 people"
    assert listed["patrol.crew"].evidence == "stated"
    assert any(each.is_weak and each.evidence.startswith("!") for each in listed.values())


def test_records_are_what_the_file_gives(tmp_path: Path) -> None:
    scenario = load(tmp_path, WITH_MAP, overrides=["assumptions.patrol.crew=7 people"]).scenario
    paths = {path for path, _ in list_records(scenario)}
    assert ("assumptions", "patrol.crew") in paths
    assert ("zone", "limitation", 0, "start") in paths
    assert ("grid", "cell") not in paths
