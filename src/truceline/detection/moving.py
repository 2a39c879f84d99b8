"""Means that belong to a sector rather than a place: patrols, drones, helicopters, satellites.

Metres, square metres, seconds, hours where named. Everything is spread evenly over the sector: a patrol or
drone searches at random (a lower bound in practice), a satellite passes at random times. Availability and
presence are *included* here, because one unit shares itself between all cells of its sector. Choices lean
low:

- swept width is the lesser of the packaged swath and 2 R50, and the speed is the unit's own (no relative
  speed);
- an outage lasts through an event: it multiplies the probability instead of thinning the rate;
- seen kinds lose the ground hidden from a moving observer; instants that are seen also lose the directions
  the unit does not watch at that moment; heard kinds lose neither;
- optical satellites work by day only, thermal ones by day and night, neither in bad weather, and their
  cloudless share applies on top; a tasked satellite images one swath square of the sector per revisit.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from truceline.errors import Problem, ScenarioError

from ._arrays import FloatArray, FloatInput, as_floats, gauss_nodes
from .kinds import MOVERS, STATE_INDEX
from .parameters import DetectionParameters, MovingUse
from .performance import cut_off_m, half_range_m, look_once
from .sensors import Sensor
from .visits import HOURS_PER_DAY

SATELLITE_WORKS: Final = {
    "satellite_optical": (True, False, False),
    "satellite_thermal": (True, True, False),
    "satellite_sar": (True, True, True),
}
"""States (day, night, bad) in which a satellite class can look at all: sunlight and cloud, by physics."""
SECONDS_PER_HOUR: Final = 3600.0
N_QUADRATURE_NODES: Final = 96
"""Gauss-Legendre nodes for the effective area: numerical, error below 1e-6 of the result."""


def moving_use(sensor: Sensor, parameters: DetectionParameters) -> MovingUse:
    """Return the caller's use of this class; ScenarioError when there is none."""
    if sensor.sensor_class not in parameters.moving:
        found = f"has no entry for the class {sensor.sensor_class} ({sensor.sensor_id})"
        problem = Problem("detection.moving", found, "give presence, open view and watch shares")
        raise ScenarioError("the detection assumptions are incomplete", [problem])
    return parameters.moving[sensor.sensor_class]


def presence_share(
    sensor: Sensor, state: str, hours_per_day: float, parameters: DetectionParameters
) -> float:
    """Return the share of the time in `state` that one unit is out and working.

    Availability x presence in the state x hours on task / 24 for units that move; availability (usable looks)
    where the satellite works in that state, else 0.
    """
    index = STATE_INDEX[state]
    if sensor.is_satellite:
        works = SATELLITE_WORKS.get(sensor.sensor_class, (False, False, False))[index]
        return sensor.availability_share if works else 0.0
    hours_share = min(max(hours_per_day, 0.0) / HOURS_PER_DAY, 1.0)
    return sensor.availability_share * moving_use(sensor, parameters).presence_share[index] * hours_share


def effective_area_m2(sensor: Sensor, kind: str, state: str, parameters: DetectionParameters) -> float:
    """Return the integral of p(r) 2 pi r dr up to the cut-off: ground on which an instant is noticed."""
    cut_off = cut_off_m(sensor, kind, state, parameters)
    if cut_off <= 0:
        return 0.0
    nodes, weights = gauss_nodes(N_QUADRATURE_NODES)
    r = cut_off / 2 * (nodes + 1)
    p = look_once(sensor, kind, state, r, parameters)
    return float(np.sum(weights * p * 2 * np.pi * r) * cut_off / 2)


def _search_rate_per_s(
    sensor: Sensor, kind: str, state: str, area_m2: FloatArray, parameters: DetectionParameters
) -> FloatArray:
    """Return v W/A (orbit: passes x share of sector imaged x recognition) of one unit out and working."""
    if sensor.is_satellite:
        if kind not in sensor.detects:
            return np.zeros_like(area_m2)
        imaged = np.minimum(1.0, sensor.swath_m**2 / area_m2) if sensor.tasked else np.ones_like(area_m2)
        return as_floats(parameters.p_satellite_look * imaged / (sensor.revisit_h * SECONDS_PER_HOUR))
    half = half_range_m(sensor, kind, state, parameters)
    width_m = min(2 * half, sensor.swath_m) if np.isfinite(sensor.swath_m) else 2 * half
    view = 1.0 if kind in sensor.sound_kinds else moving_use(sensor, parameters).open_view_share
    return as_floats(view * sensor.speed_m_per_s * width_m / area_m2)


def area_rate_per_s(
    sensor: Sensor,
    kind: str,
    state: str,
    area_m2: FloatInput,
    parameters: DetectionParameters,
    *,
    n_units: float = 1.0,
    hours_per_day: float = HOURS_PER_DAY,
) -> FloatArray:
    """Return the time-averaged rate (1/s) at which moving means notice a mover somewhere in `area_m2`.

    n x presence x v W/A (random search); for satellites n x usable share x recognition / revisit. A time
    average: a watcher may wait for the gap. Raises ValueError for instants and for fixed means.
    """
    if kind not in MOVERS or not sensor.is_area:
        raise ValueError(
            f"no area rate for {kind} by {sensor.sensor_id}: it needs a mover and a moving means"
        )
    rate = _search_rate_per_s(sensor, kind, state, as_floats(area_m2), parameters)
    return as_floats(n_units * presence_share(sensor, state, hours_per_day, parameters) * rate)


def p_event_area(
    sensor: Sensor,
    kind: str,
    state: str,
    area_m2: FloatInput,
    parameters: DetectionParameters,
    *,
    n_units: float = 1.0,
    hours_per_day: float = HOURS_PER_DAY,
) -> FloatArray:
    """Return the chance that moving means detect one standard event at a random place of their sector.

    Movers: presence x (1 - exp(-n v W dwell/A)). Instants: presence x (1 - (1 - S)^n), S the effective area
    over the sector's area, at most 1. Satellites: the usable share thins the passes, 1 - exp(-n rho c s tau),
    tau the dwell of a mover or the life of the trace of an instant (vector J2). ValueError for fixed means.
    """
    if not sensor.is_area:
        raise ValueError(f"{sensor.sensor_id} is a fixed means: use p_event")
    area = as_floats(area_m2)
    present = presence_share(sensor, state, hours_per_day, parameters)
    if sensor.is_satellite or kind in MOVERS:
        stay_s = (
            parameters.dwell_s[kind]
            if kind in MOVERS
            else parameters.trace_h.get(kind, 0.0) * SECONDS_PER_HOUR
        )
        exposure = n_units * stay_s * _search_rate_per_s(sensor, kind, state, area, parameters)
        if sensor.is_satellite:
            return as_floats(-np.expm1(-present * exposure))
        return as_floats(present * -np.expm1(-exposure))
    use = moving_use(sensor, parameters)
    seen = 1.0 if kind in sensor.sound_kinds else use.open_view_share * use.watch_share
    share = np.minimum(1.0, seen * effective_area_m2(sensor, kind, state, parameters) / area)
    return as_floats(present * (1 - (1 - share) ** n_units))
