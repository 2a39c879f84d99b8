"""For the detection tests: a full set of assumptions, small synthetic means, sight without terrain."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from truceline.detection.kinds import KINDS, STATES
from truceline.detection.parameters import DetectionParameters, MovingUse
from truceline.detection.sensors import Sensor

PATROL = MovingUse((1.0, 0.0, 0.5), open_view_share=0.6, watch_share=0.5)
DRONE = MovingUse((1.0, 1.0, 0.0), open_view_share=0.9, watch_share=0.1)
VALUES: dict[str, Any] = {
    "crossing_speed_m_per_s": {"person": 1.5, "vehicle": 8.0, "uav": 15.0, "aircraft": 60.0},
    "dwell_s": {"person": 900.0, "vehicle": 300.0, "uav": 120.0, "aircraft": 120.0},
    "target_height_m": {
        "person": 1.7,
        "vehicle": 2.5,
        "small_arms": 1.5,
        "mortar": 2.0,
        "artillery_impact": 5.0,
        "uav": 100.0,
        "aircraft": 500.0,
    },
    "trajectory_height_m": {"mortar": 300.0, "artillery_impact": 500.0},
    "scan_period_s": {
        "human_op": 300.0,
        "tower_eo_ir": 120.0,
        "ground_radar": 60.0,
        "acoustic_array": 10.0,
        "air_radar": 10.0,
        "passive_rf": 10.0,
        "aerostat": 120.0,
    },
    "moving": {
        "vehicle_patrol": PATROL,
        "foot_patrol": PATROL,
        "manned_air": PATROL,
        "uav_mini": DRONE,
        "uav_tactical": DRONE,
        "uav_male": DRONE,
    },
    "range_multiplier": 1.0,
    "cut_off_ratio": 1.5,
    "visibility_m": (20_000.0, 20_000.0, 1_000.0),
    "sound_sigma_db": 8.0,
    "sound_absorption_db_per_m": 0.0005,
    "p_radar_false_alarm": 1e-6,
    "radar_speed_min_m_per_s": 1.0,
    "p_definite_range": 0.95,
    "scan_slope_db_per_decade": 40.0,
    "scan_sigma_db": 8.0,
    "p_satellite_look": 0.7,
    "trace_h": {"artillery_impact": 0.5},
}


def make_parameters(**changes: Any) -> DetectionParameters:
    """Return the assumptions of these tests with `changes`."""
    return DetectionParameters(**(VALUES | changes))


def make_sensor(sensor_id: str, law: str = "definite_range", **changes: Any) -> Sensor:
    """Return a synthetic means that sees persons and small arms to 1 km in every state, without outage."""
    ranges = np.full((len(KINDS), len(STATES)), np.nan)
    ranges[KINDS.index("person")] = 1000.0
    ranges[KINDS.index("small_arms")] = 1000.0
    plain = Sensor(
        sensor_id=sensor_id,
        name=sensor_id,
        sensor_class="human_op",
        range_m=ranges,
        sight_law=law,
        sound_kinds=(),
        detects=("person", "small_arms"),
        needs_line_of_sight=True,
        sees_trajectory=False,
        platform_height_m=5.0,
        mobile=law == "area_rate",
        tasked=False,
        speed_m_per_s=np.nan,
        swath_m=np.nan,
        revisit_h=np.nan,
        endurance_h=np.nan,
        availability_share=1.0,
        availability_basis="",
        crew_24_7=10.0,
        attributes=False,
        attributes_basis="test",
        false_alarms_per_day=1.0,
        unit_cost_usd=np.nan,
        annual_cost_usd=np.nan,
        range_confidence="seen",
        crew_confidence="seen",
        unit_cost_confidence="none",
        annual_cost_confidence="none",
        confidence="seen",
        source="test",
        source_url="",
        notes="",
    )
    return dataclasses.replace(plain, **changes)


class FlatSight:
    """Everything is in sight, or in sight with one probability."""

    def __init__(self, p: float = 1.0, mode: str = "statistical") -> None:
        self.p = p
        self.mode = mode
        self.asked: list[tuple[float, int]] = []

    def p_visible(
        self,
        observer_xy_m: np.ndarray,
        eye_height_m: np.ndarray,
        target_xy_m: np.ndarray,
        target_heights_m: Sequence[float],
        observer_index: np.ndarray,
        target_index: np.ndarray,
        *,
        target_width_m: float = 0.0,
        wanted: np.ndarray | None = None,
    ) -> np.ndarray:
        assert observer_xy_m.shape == (len(eye_height_m), 2)
        assert observer_index.max() < len(observer_xy_m)
        assert target_index.max() < len(target_xy_m)
        for slot, height_m in enumerate(target_heights_m):
            n = len(observer_index) if wanted is None else int(wanted[slot].sum())
            if n:
                self.asked.append((height_m, n))
        return np.full((len(target_heights_m), len(observer_index)), self.p, dtype=np.float32)


class HalfSight(FlatSight):
    """What lies east of x = 0 is hidden."""

    def p_visible(self, *arguments: Any, **options: Any) -> np.ndarray:
        seen = super().p_visible(*arguments, **options)
        target_xy_m, target_index = arguments[2], arguments[5]
        seen[:, target_xy_m[target_index, 0] > 0] = 0.0
        return seen
