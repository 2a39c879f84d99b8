"""Plans that the tests of products read: a small one with a map, and one that is only a length."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from truceline.plan import Plan, make_plan
from truceline.scenario.load import read_scenario

LINE_DEGREES = [(2.80, 1.00), (2.89, 1.03), (2.96, 1.01), (3.05, 1.06), (3.15, 1.05)]
"""An invented line at sea, 41.3 km long, from west to east: side a is to the north."""

SCENARIO = """\
format: 1
name: small-line
title: "A small line <for tests> & nothing else"
as_of: 2025-02-17
description: "=2+2 is not a formula"
sides: {a: Northland, b: "=Southland"}
line: {file: line.geojson, side_a_is: left, tolerance: 1 km}
zone:
  half_width: 4 km
  limitation:
    - {name: heavy weapons, start: 4 km, end: 12 km}
sectors: {length: 20 km}
grid: {cell: 2 km, crossing_cell: 500 m}
terrain: {landscape: rolling}
incidents:
  kinds: {person: 0.2, vehicle: 0.2, small_arms: 0.3, mortar: 0.2, artillery_impact: 0.1}
  states: {day: 0.45, night: 0.40, bad: 0.15}
  decay: 2 km
posture: observers
postures:
  observers:
    label: Observers on both sides
    watch: 4.4 person/km
    rules: {sides: [a, b], spacing: 2 km, distances: [1 km, 3 km]}
    means:
      post: {label: Observation post, kind: post, sensors: [op_human_thermal], eye_height: 6 m}
      mast: {label: Camera mast, kind: mast, sensors: [camera_mast], at_most: 0.1 / km}
      patrol:
        {label: Patrol, kind: patrol, sensors: [patrol_vehicle], at_least: 0.05 / km, at_most: 0.3 / km}
    reaction: {time: 90 min}
    brigades: 0.5
  technical:
    label: Masts and patrols only
    watch: 2 person/km
    rules: {sides: [a], spacing: 2 km, distances: [2 km]}
    means:
      mast: {label: Camera mast, kind: mast, sensors: [camera_mast]}
      patrol: {label: Vehicle patrol, kind: patrol, sensors: [patrol_vehicle], at_most: 0.1 / km}
"""


@pytest.fixture(scope="session")
def small_scenario_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the file of a scenario that plans in a few seconds: 40 km, two sectors, two postures."""
    folder = tmp_path_factory.mktemp("small")
    geometry = {"type": "LineString", "coordinates": LINE_DEGREES}
    feature = {"type": "Feature", "properties": {"name": "invented"}, "geometry": geometry}
    collection = {"type": "FeatureCollection", "features": [feature]}
    (folder / "line.geojson").write_text(json.dumps(collection), encoding="utf-8")
    path = folder / "small-line.yaml"
    path.write_text(SCENARIO, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def small_plan(small_scenario_file: Path) -> Plan:
    """Give the plan of that scenario, with statistical sight; read it, never change it."""
    loaded = read_scenario(small_scenario_file)
    return make_plan(loaded.scenario, provenance=loaded.provenance)


@pytest.fixture(scope="session")
def length_plan() -> Plan:
    """Give the plan of a scenario that is only a length: no map, no sites."""
    loaded = read_scenario("unficyp-1975")
    return make_plan(loaded.scenario, provenance=loaded.provenance)
