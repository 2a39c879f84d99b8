"""Modelling assumptions of detection, handed in by the caller: no value of the world is hidden in the code.

Units are in the field names. The caller holds each value as an assumption with a range and a source;
here they are only checked, all problems at once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from truceline.errors import ProblemList, ScenarioError

from .kinds import INSTANTS, KINDS, MOVERS, N_STATES


@dataclass(frozen=True)
class MovingUse:
    """How one class of moving means (patrols, drones, helicopters) is used."""

    presence_share: tuple[float, float, float]
    """Share of each state (day, night, bad) in which a serviceable unit may be out; night 0 where it is
    barred."""
    open_view_share: float
    """Share of the ground within range that terrain and trees leave in sight; not applied to hearing."""
    watch_share: float
    """Share of the directions it watches at a moment; applied to instants that are seen, not heard."""


@dataclass(frozen=True)
class DetectionParameters:
    """Everything the detection laws need beside the table of means."""

    crossing_speed_m_per_s: Mapping[str, float]
    """Reference speed of each mover: the R50 of an inverse-cube means belongs to a pass at this speed."""
    dwell_s: Mapping[str, float]
    """How long the standard event of each mover stays in view."""
    target_height_m: Mapping[str, float]
    """Height above ground that has to be seen, for each kind."""
    trajectory_height_m: Mapping[str, float]
    """Height above ground at which a radar that follows rounds must see them, for mortar and
    artillery_impact."""
    scan_period_s: Mapping[str, float]
    """Time between two *independent* looks at the same ground, by sensor class: the scan cycle over all
    fields of view, the attention cycle of an observer, for a radar the rotation or, if longer, the time
    over which clutter and shadowing stay the same."""
    moving: Mapping[str, MovingUse]
    """Use of each class of moving means."""
    range_multiplier: float
    """Multiplies every R50: 1 as in the table; sampled for uncertainty."""
    cut_off_ratio: float
    """Nothing is detected beyond this many R50."""
    visibility_m: tuple[float, float, float]
    """Meteorological visibility by state: beyond R50 haze takes a camera's remaining contrast."""
    sound_sigma_db: float
    """Spread of the signal excess of sound by wind and ground."""
    sound_absorption_db_per_m: float
    """Atmospheric absorption of low-frequency sound."""
    p_radar_false_alarm: float
    """False alarms per look that the R50 of a radar refers to."""
    radar_speed_min_m_per_s: float
    """Slower movers are not seen by radar."""
    p_definite_range: float
    """Detection inside a definite range, below 1: nothing is certain."""
    scan_slope_db_per_decade: float
    """Fall of the signal excess with distance for a Poisson-scan means (40 for a radar echo)."""
    scan_sigma_db: float
    """Spread of the signal excess of a Poisson-scan means."""
    p_satellite_look: float
    """Chance that a usable satellite look recognises what is there."""
    trace_h: Mapping[str, float]
    """How long the trace of an instant can be seen from orbit; a kind left out leaves none."""

    def __post_init__(self) -> None:
        """Refuse values outside their domain: ScenarioError with all problems."""
        problems = ProblemList()
        for name, kinds in (
            ("crossing_speed_m_per_s", MOVERS),
            ("dwell_s", MOVERS),
            ("target_height_m", KINDS),
            ("trajectory_height_m", ("mortar", "artillery_impact")),
        ):
            self._check_mapping(name, kinds, problems)
        for name in ("scan_period_s", "trace_h"):
            self._check_mapping(name, (), problems)
        for kind in self.trace_h:
            if kind not in INSTANTS:
                problems.add(
                    f"detection.trace_h.{kind}", "is not an instant kind", f"use {', '.join(INSTANTS)}"
                )
        for name in ("range_multiplier", "sound_sigma_db", "scan_slope_db_per_decade", "scan_sigma_db"):
            _check(f"detection.{name}", getattr(self, name), 0, math.inf, problems, open_low=True)
        _check("detection.cut_off_ratio", self.cut_off_ratio, 1, math.inf, problems)
        for name in ("sound_absorption_db_per_m", "radar_speed_min_m_per_s"):
            _check(f"detection.{name}", getattr(self, name), 0, math.inf, problems)
        for name in ("p_radar_false_alarm", "p_definite_range"):
            _check(f"detection.{name}", getattr(self, name), 0, 1, problems, open_low=True, open_high=True)
        if not self.p_radar_false_alarm < 0.5:
            problems.add(
                "detection.p_radar_false_alarm", "is 0.5 or more", "R50 means half detected: stay below 0.5"
            )
        _check("detection.p_satellite_look", self.p_satellite_look, 0, 1, problems)
        _check_states("detection.visibility_m", self.visibility_m, math.inf, problems, open_low=True)
        for name, use in self.moving.items():
            _check_states(f"detection.moving.{name}.presence_share", use.presence_share, 1, problems)
            _check(f"detection.moving.{name}.open_view_share", use.open_view_share, 0, 1, problems)
            _check(f"detection.moving.{name}.watch_share", use.watch_share, 0, 1, problems)
        problems.raise_if_any(ScenarioError, "the detection assumptions cannot be used")

    def _check_mapping(self, name: str, keys: tuple[str, ...], problems: ProblemList) -> None:
        """Note missing keys and values that are not positive (heights may be 0)."""
        values: Mapping[str, float] = getattr(self, name)
        for key in keys:
            if key not in values:
                problems.add(f"detection.{name}", f"has no value for {key}", "give one for every kind")
        for key, value in values.items():
            height = name.endswith("height_m")
            _check(f"detection.{name}.{key}", value, 0, math.inf, problems, open_low=not height)


def _check_states(
    place: str, values: tuple[float, ...], high: float, problems: ProblemList, *, open_low: bool = False
) -> None:
    """Note a wrong number of states and values out of range."""
    if len(values) != N_STATES:
        problems.add(place, f"has {len(values)} values", "give three: day, night, bad")
    for value in values:
        _check(place, value, 0, high, problems, open_low=open_low)


def _check(
    place: str,
    value: float,
    low: float,
    high: float,
    problems: ProblemList,
    *,
    open_low: bool = False,
    open_high: bool = False,
) -> None:
    """Note a value outside [low, high], or outside the open end where one is asked for."""
    too_low = value <= low if open_low else value < low
    too_high = value >= high if open_high and math.isfinite(high) else value > high
    if not math.isfinite(value) or too_low or too_high:
        span = f"{'above' if open_low else 'at least'} {low:g}"
        if math.isfinite(high):
            span += f" and {'below' if open_high else 'at most'} {high:g}"
        problems.add(place, f"is {value:g}", f"write a number {span}")
