"""Hand the scenario's detection assumptions to the detection laws, in the shape they ask for."""

from __future__ import annotations

from truceline.detection.kinds import KINDS, MOVERS, STATES
from truceline.detection.parameters import DetectionParameters, MovingUse
from truceline.scenario.assumption import AssumptionSet

_FOLLOWED_BY_RADAR = ("mortar", "artillery_impact")
_LEAVES_TRACES = ("artillery_impact",)
_USE_OF_CLASS = {
    "vehicle_patrol": "patrol",
    "foot_patrol": "patrol",
    "uav_mini": "drone",
    "uav_tactical": "drone",
    "uav_male": "drone",
    "manned_air": "drone",
}
_SCAN_PREFIX = "detection.scan_period."


def detection_parameters(assumptions: AssumptionSet) -> DetectionParameters:
    """Return the parameters of the detection laws from the records `detection.*`.

    Raises ScenarioError when a value lies outside what a law can use.
    """
    value = assumptions.value
    return DetectionParameters(
        crossing_speed_m_per_s={kind: value(f"detection.speed.{kind}") for kind in MOVERS},
        dwell_s={kind: value(f"detection.dwell.{kind}") for kind in MOVERS},
        target_height_m={kind: value(f"detection.height.{kind}") for kind in KINDS},
        trajectory_height_m={
            kind: value(f"detection.trajectory_height.{kind}") for kind in _FOLLOWED_BY_RADAR
        },
        scan_period_s={
            name.removeprefix(_SCAN_PREFIX): value(name)
            for name in assumptions
            if name.startswith(_SCAN_PREFIX)
        },
        moving={name: _moving_use(assumptions, use) for name, use in _USE_OF_CLASS.items()},
        range_multiplier=value("detection.range_multiplier"),
        cut_off_ratio=value("detection.cut_off_ratio"),
        visibility_m=_by_state(assumptions, "detection.visibility.{state}"),
        sound_sigma_db=value("detection.sound_sigma"),
        sound_absorption_db_per_m=value("detection.sound_absorption"),
        p_radar_false_alarm=value("detection.radar_false_alarm"),
        radar_speed_min_m_per_s=value("detection.radar_speed_min"),
        p_definite_range=value("detection.definite_range_p"),
        scan_slope_db_per_decade=value("detection.scan_slope"),
        scan_sigma_db=value("detection.scan_sigma"),
        p_satellite_look=value("detection.satellite_p"),
        trace_h={kind: value("detection.satellite_trace") for kind in _LEAVES_TRACES},
    )


def _moving_use(assumptions: AssumptionSet, use: str) -> MovingUse:
    return MovingUse(
        presence_share=_by_state(assumptions, f"detection.{use}.{{state}}_share"),
        open_view_share=assumptions.value(f"detection.{use}.view_share"),
        watch_share=assumptions.value(f"detection.{use}.watch_share"),
    )


def _by_state(assumptions: AssumptionSet, pattern: str) -> tuple[float, float, float]:
    day, night, bad = (assumptions.value(pattern.format(state=state)) for state in STATES)
    return day, night, bad
