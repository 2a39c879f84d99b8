"""What one fixed means does at a distance: a look rate for things that stay, a probability for instants.

Metres, seconds. R50 comes from the table of means, the laws from their own modules, every modelling
assumption from `DetectionParameters`. Neither line of sight nor availability is in here: they multiply the
results (`coverage`). Moving means and satellites are in `moving`.

How R50 is read, by law. `inverse_cube`: half of the straight passes at lateral distance R50 at the reference
speed are noticed. `ttpf`, `swerling1`, `poisson_scan`: one look at R50 succeeds half the time (the meaning on
a data sheet); looks come once per scan period. `definite_range`: inside R50 the standard event is detected
with `p_definite_range`, outside never. Heard kinds: one look per event, whatever the law of sight.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from truceline.errors import Problem, ScenarioError

from ._arrays import FloatArray, FloatInput, as_floats
from .kinds import MOVERS, STATE_INDEX
from .lateral import LN_2, strength_from_half_range
from .looks import detect_continuously, exceed_threshold
from .optics import transfer_target, transmit_through_haze
from .parameters import DetectionParameters
from .radar import detect_at_range_ratio, radar_horizon_m
from .sensors import Sensor
from .sound import hear_from_half_range

__all__ = [
    "DetectionParameters",
    "cut_off_m",
    "half_range_m",
    "look_once",
    "look_rate_per_s",
    "p_event",
    "radar_reach_m",
    "sight_height_m",
]

P_RADAR_AT_HALF_RANGE: Final = 0.5
"""By definition of R50: half of the looks detect."""
P_CERTAIN: Final = 1 - 1e-12
"""Largest probability turned into a rate: keeps the logarithm finite (numerical)."""


def half_range_m(sensor: Sensor, kind: str, state: str, parameters: DetectionParameters) -> float:
    """Return R50 times the range multiplier, metres; 0 where the means does not detect or does not work."""
    value = sensor.half_range_m(kind, state)
    return value * parameters.range_multiplier if value > 0 else 0.0


def cut_off_m(sensor: Sensor, kind: str, state: str, parameters: DetectionParameters) -> float:
    """Return the distance past which nothing is detected: R50 x cut-off ratio, R50 for a definite range."""
    half = half_range_m(sensor, kind, state, parameters)
    if sensor.sight_law == "definite_range" and kind not in sensor.sound_kinds:
        return half
    return half * parameters.cut_off_ratio


def sight_height_m(sensor: Sensor, kind: str, parameters: DetectionParameters) -> float | None:
    """Return the height above ground that must be in sight, or None when none is needed (heard, seismic).

    A radar that follows rounds needs the trajectory, not the place of impact, above the horizon.
    """
    if kind in sensor.sound_kinds or not sensor.needs_line_of_sight:
        return None
    if sensor.sees_trajectory and kind in parameters.trajectory_height_m:
        return parameters.trajectory_height_m[kind]
    return parameters.target_height_m[kind]


def radar_reach_m(
    sensor: Sensor, kind: str, parameters: DetectionParameters, eye_height_m: FloatInput
) -> FloatArray:
    """Return the radar horizon for antennas `eye_height_m` above ground; inf when the means is no radar."""
    height = sight_height_m(sensor, kind, parameters)
    eye = as_floats(eye_height_m)
    if not sensor.is_radar or height is None:
        return np.full_like(eye, np.inf)
    return radar_horizon_m(eye, height)


def look_once(
    sensor: Sensor, kind: str, state: str, distance_m: FloatInput, parameters: DetectionParameters
) -> FloatArray:
    """Return the chance that one look (or one listening) at `distance_m` succeeds, without horizon or outage.

    Heard: Phi(SE/sigma). `ttpf` and imagers that move: target transfer at x = R50/r, with the haze between
    R50 and r taken off x beyond R50. `inverse_cube`: 1 - 2^-(R50/r)^3, one glimpse whose hazard falls as
    1/r^3. `swerling1`: SNR falling as r^-4. `poisson_scan`: Phi(slope log10(R50/r)/sigma). Zero beyond the
    cut-off.
    """
    r = as_floats(distance_m)
    half = half_range_m(sensor, kind, state, parameters)
    if half <= 0:
        return np.zeros_like(r)
    with np.errstate(divide="ignore", over="ignore"):
        p = _look_by_law(sensor, kind, state, half, r, parameters)
    return as_floats(np.where(r <= cut_off_m(sensor, kind, state, parameters), p, 0.0))


def _look_by_law(
    sensor: Sensor, kind: str, state: str, half_m: float, r: FloatArray, parameters: DetectionParameters
) -> FloatArray:
    """Return the one-look probability by the law of the means, not yet cut off."""
    if kind in sensor.sound_kinds:
        return hear_from_half_range(
            half_m, r, parameters.sound_absorption_db_per_m, parameters.sound_sigma_db
        )
    if sensor.sight_law in ("ttpf", "area_rate"):
        visibility = parameters.visibility_m[STATE_INDEX[state]]
        haze = transmit_through_haze(visibility, np.maximum(r - half_m, 0.0))
        return transfer_target(half_m / r * haze)
    if sensor.sight_law == "inverse_cube":
        return detect_continuously(LN_2, (half_m / r) ** 3)
    if sensor.sight_law == "swerling1":
        return detect_at_range_ratio(parameters.p_radar_false_alarm, P_RADAR_AT_HALF_RANGE, r / half_m)
    if sensor.sight_law == "poisson_scan":
        excess = parameters.scan_slope_db_per_decade * np.log10(half_m / r)
        return exceed_threshold(excess, parameters.scan_sigma_db)
    if sensor.sight_law == "definite_range":
        return np.where(r <= half_m, parameters.p_definite_range, 0.0)
    raise ValueError(f"the law {sensor.sight_law!r} of {sensor.sensor_id} has no look at a distance")


def scan_period_s(sensor: Sensor, parameters: DetectionParameters) -> float:
    """Return the time between independent looks of this class; ScenarioError when the caller gave none."""
    if sensor.sensor_class not in parameters.scan_period_s:
        where = "detection.scan_period_s"
        found = f"has no value for the class {sensor.sensor_class} ({sensor.sensor_id})"
        raise ScenarioError(
            "the detection assumptions are incomplete",
            [Problem(where, found, "give the seconds between looks")],
        )
    return parameters.scan_period_s[sensor.sensor_class]


def look_rate_per_s(
    sensor: Sensor,
    kind: str,
    state: str,
    distance_m: FloatInput,
    parameters: DetectionParameters,
    *,
    eye_height_m: float | None = None,
) -> FloatArray:
    """Return gamma(r) in 1/s for a mover at `distance_m` (any shape), given sight and a working means.

    `inverse_cube`: gamma = k h/r^3 with k h = R50^2 ln2 u/2 at the reference speed u; `ttpf`, `swerling1`,
    `poisson_scan`: one-look probability per scan period; `definite_range`: -ln(1 - p)/dwell inside; heard:
    -ln(1 - p)/dwell of the one-look law. At most one success per scan period (except a definite range,
    which is fixed by its event probability). Zero beyond the cut-off and beyond the radar horizon of
    `eye_height_m` (the packaged platform height when None), and for radar when the mover is too slow.
    Raises ValueError for an instant kind or for means that move (see `moving`).
    """
    if kind not in MOVERS or sensor.is_area:
        raise ValueError(
            f"no look rate for {kind} by {sensor.sensor_id}: a rate needs a mover and a fixed means"
        )
    r = as_floats(distance_m)
    half = half_range_m(sensor, kind, state, parameters)
    too_slow = (
        sensor.is_radar and parameters.crossing_speed_m_per_s[kind] <= parameters.radar_speed_min_m_per_s
    )
    if half <= 0 or too_slow:
        return np.zeros_like(r)
    heard = kind in sensor.sound_kinds
    if heard or sensor.sight_law == "definite_range":
        p = np.minimum(look_once(sensor, kind, state, r, parameters), P_CERTAIN)
        rate = -np.log1p(-p) / parameters.dwell_s[kind]
    elif sensor.sight_law == "inverse_cube":
        strength = float(strength_from_half_range(half)) * parameters.crossing_speed_m_per_s[kind] / 2
        with np.errstate(divide="ignore"):
            rate = np.where(r <= cut_off_m(sensor, kind, state, parameters), strength / r**3, 0.0)
    else:
        rate = look_once(sensor, kind, state, r, parameters) / scan_period_s(sensor, parameters)
    if heard or sensor.sight_law != "definite_range":
        rate = np.minimum(rate, 1 / scan_period_s(sensor, parameters))
    eye = sensor.platform_height_m if eye_height_m is None else eye_height_m
    return as_floats(np.where(r <= radar_reach_m(sensor, kind, parameters, eye), rate, 0.0))


def p_event(
    sensor: Sensor,
    kind: str,
    state: str,
    distance_m: FloatInput,
    parameters: DetectionParameters,
    *,
    eye_height_m: float | None = None,
) -> FloatArray:
    """Return the chance to detect one standard event at `distance_m`, given sight and a working means.

    Movers: 1 - exp(-gamma x dwell). Instants: one look. Zero beyond the radar horizon. ValueError as above.
    """
    if kind in MOVERS:
        rate = look_rate_per_s(sensor, kind, state, distance_m, parameters, eye_height_m=eye_height_m)
        return detect_continuously(rate, parameters.dwell_s[kind])
    if sensor.is_area:
        raise ValueError(f"{sensor.sensor_id} moves: use p_event_area")
    eye = sensor.platform_height_m if eye_height_m is None else eye_height_m
    p = look_once(sensor, kind, state, distance_m, parameters)
    return as_floats(np.where(as_floats(distance_m) <= radar_reach_m(sensor, kind, parameters, eye), p, 0.0))
