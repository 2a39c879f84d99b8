"""The detection assumptions arrive in the laws unchanged, by kind, state and class."""

from __future__ import annotations

from dataclasses import fields

import pytest

from truceline.detection.kinds import KINDS, MOVERS, STATES
from truceline.errors import ScenarioError
from truceline.plan import Plan
from truceline.plan.parameters import detection_parameters
from truceline.scenario.catalogue import load_catalogue


def test_values_arrive_under_their_names(small_plan: Plan) -> None:
    assumptions = small_plan.assumptions
    found = detection_parameters(assumptions)
    assert found.crossing_speed_m_per_s.keys() == {*MOVERS}
    assert found.target_height_m == {kind: assumptions.value(f"detection.height.{kind}") for kind in KINDS}
    assert found.moving["uav_mini"] == found.moving["uav_male"] != found.moving["vehicle_patrol"]
    by_state = tuple(assumptions.value(f"detection.patrol.{state}_share") for state in STATES)
    assert found.moving["vehicle_patrol"].presence_share == by_state
    assert found.moving["foot_patrol"] == found.moving["vehicle_patrol"]


def test_every_detection_assumption_can_move_a_parameter(small_plan: Plan) -> None:
    """A record that changes nothing would be a number on paper only."""
    plain = detection_parameters(small_plan.assumptions)
    elsewhere = {"detection.open_threshold"}  # read by the crossings
    idle = set()
    for name, record in load_catalogue().items():
        if not name.startswith("detection.") or name in elsewhere or not record.has_range:
            continue
        low, high = record.bounds
        changed = detection_parameters(
            small_plan.assumptions.replaced({name: low if record.value != low else high})
        )
        if all(getattr(changed, field.name) == getattr(plain, field.name) for field in fields(plain)):
            idle.add(name)
    assert idle == set()


def test_a_value_no_law_can_use_is_refused(small_plan: Plan) -> None:
    with pytest.raises(ScenarioError):
        detection_parameters(small_plan.assumptions.replaced({"detection.patrol.day_share": 1.5}))
