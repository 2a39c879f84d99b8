"""Things that come and go: patrols, random search, aircraft orbits and satellite passes against an event.

Units are in the argument names (metres, seconds, hours, kilometres per hour where fleets are sized).
Functions broadcast unless they say otherwise. Weather and night are not in here: they belong to the
availability or to the state for which the result is computed.

Sources: Koopman, *Search and Screening*; Washburn, *Search and Detection*; renewal arguments for revisits;
Ramesh and Thomas, arXiv 2604.15890, for synchronous fleets; sortie rate as in *Design of UAV Systems*, lesson
7.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from ._arrays import FloatArray, FloatInput, as_floats

HOURS_PER_DAY = 24.0


def search_at_random(
    speed_m_per_s: FloatInput, width_m: FloatInput, duration_s: FloatInput, area_m2: FloatInput
) -> FloatArray:
    """Return 1 - exp(-v W T / A): random search of an area (vectors C1 and I6)."""
    swept = as_floats(speed_m_per_s) * as_floats(width_m) * as_floats(duration_s)
    return as_floats(-np.expm1(-swept / as_floats(area_m2)))


def mean_relative_speed(speed_m_per_s: FloatInput, target_speed_m_per_s: FloatInput) -> FloatArray:
    """Return (2/pi)(u+v) E(4uv/(u+v)^2), m/s: mean speed between two random courses (vector C2)."""
    v, u = as_floats(speed_m_per_s), as_floats(target_speed_m_per_s)
    total = u + v
    with np.errstate(invalid="ignore", divide="ignore"):
        parameter = np.where(total > 0, 4 * u * v / total**2, 0.0)
    return as_floats(2 / np.pi * total * special.ellipe(parameter))


def catch_on_timetable(duration_h: FloatInput, revisit_h: FloatInput, dwell_h: FloatInput) -> FloatArray:
    """Return min(1, (tau + delta)/T): event of fixed length, regular visits of length delta (vector C3)."""
    return as_floats(np.minimum(1.0, (as_floats(duration_h) + as_floats(dwell_h)) / as_floats(revisit_h)))


def catch_random_length_on_timetable(mean_h: FloatInput, revisit_h: FloatInput) -> FloatArray:
    """Return (tau/T)(1 - exp(-T/tau)): exponential event length, regular visits (vector C4)."""
    mean, interval = as_floats(mean_h), as_floats(revisit_h)
    return as_floats(mean / interval * -np.expm1(-interval / mean))


def catch_random_length_at_random(mean_h: FloatInput, visits_per_h: FloatInput) -> FloatArray:
    """Return rho tau / (1 + rho tau): exponential event length, Poisson visits (vector C5)."""
    load = as_floats(mean_h) * as_floats(visits_per_h)
    return as_floats(load / (1 + load))


def catch_at_random(duration_h: FloatInput, visits_per_h: FloatInput) -> FloatArray:
    """Return 1 - exp(-rho tau): event of fixed length, Poisson visits (vector C6)."""
    return as_floats(-np.expm1(-as_floats(duration_h) * as_floats(visits_per_h)))


def _barrier_coverage(
    width_m: FloatInput, length_m: FloatInput, speed_m_per_s: FloatInput, crossing_speed_m_per_s: FloatInput
) -> FloatArray:
    """Return C = (W/L) sqrt(1 + (v/u)^2), swept share of the intruder's frame."""
    ratio = as_floats(speed_m_per_s) / as_floats(crossing_speed_m_per_s)
    return as_floats(as_floats(width_m) / as_floats(length_m) * np.sqrt(1 + ratio**2))


def patrol_barrier_low(
    width_m: FloatInput, length_m: FloatInput, speed_m_per_s: FloatInput, crossing_speed_m_per_s: FloatInput
) -> FloatArray:
    """Return 1 - exp(-C): lower reference for a patrol to and fro along a barrier (vector D1)."""
    return as_floats(-np.expm1(-_barrier_coverage(width_m, length_m, speed_m_per_s, crossing_speed_m_per_s)))


def patrol_barrier_high(
    width_m: FloatInput, length_m: FloatInput, speed_m_per_s: FloatInput, crossing_speed_m_per_s: FloatInput
) -> FloatArray:
    """Return min(1, C): upper reference, no ground seen twice (vector D2)."""
    return as_floats(
        np.minimum(1.0, _barrier_coverage(width_m, length_m, speed_m_per_s, crossing_speed_m_per_s))
    )


def simulate_barrier_patrol(
    width_m: float,
    length_m: float,
    speed_m_per_s: float,
    crossing_speed_m_per_s: float,
    *,
    n_trials: int,
    seed: int,
) -> float:
    """Simulate a patrol to and fro, a disc of diameter W, and crossings at random places (vector D3).

    In the frame of the intruder's straight track the patrol is met when, at some time t with the intruder
    at y = u t, |y| <= W/2, the patrol is within sqrt((W/2)^2 - y^2) of the intruder's x. Times are
    sampled finely enough that the patrol moves at most W/200 between two samples.
    """
    rng = np.random.default_rng(seed)
    radius = width_m / 2
    half_time_s = radius / crossing_speed_m_per_s
    n_steps = max(64, math.ceil(2 * half_time_s * speed_m_per_s / (width_m / 200)))
    times_s = np.linspace(-half_time_s, half_time_s, n_steps)
    reach_m = np.sqrt(np.clip(radius**2 - (crossing_speed_m_per_s * times_s) ** 2, 0, None))
    n_met = 0
    for start in range(0, n_trials, 500):
        size = min(500, n_trials - start)
        x_m = rng.uniform(0, length_m, size)[:, None]
        phase_m = rng.uniform(0, 2 * length_m, size)[:, None]
        travelled = np.mod(phase_m + speed_m_per_s * times_s[None, :], 2 * length_m)
        patrol_m = np.minimum(travelled, 2 * length_m - travelled)
        n_met += int(np.count_nonzero((np.abs(patrol_m - x_m) <= reach_m[None, :]).any(axis=1)))
    return n_met / n_trials


def aircraft_per_orbit(
    endurance_h: FloatInput,
    distance_km: FloatInput,
    speed_km_per_h: FloatInput,
    ground_h: FloatInput,
    availability_share: FloatInput,
) -> FloatArray:
    """Return (E + G)/((E - 2d/v) a): aircraft held to keep one on station.

    Test vector I1; inf if it cannot arrive.
    """
    on_station_h = as_floats(endurance_h) - 2 * as_floats(distance_km) / as_floats(speed_km_per_h)
    cycle_h = as_floats(endurance_h) + as_floats(ground_h)
    with np.errstate(divide="ignore"):
        needed = np.where(on_station_h > 0, cycle_h / (on_station_h * as_floats(availability_share)), np.inf)
    return as_floats(needed)


def sorties_per_day(flight_h: FloatInput, ground_h: FloatInput) -> FloatArray:
    """Return 24/(flight + ground) (vector I2)."""
    return as_floats(HOURS_PER_DAY / (as_floats(flight_h) + as_floats(ground_h)))


def size_synchronous_fleet(n_active: int, recovery_ratio: float) -> int:
    """Return m (ceil(R) + 1), a sufficient fleet for m always-active slots, R = recovery/active time.

    Test vector I3.
    """
    return n_active * (math.ceil(recovery_ratio) + 1)


def area_revisit_h(speed_m_per_s: FloatInput, swath_m: FloatInput, area_m2: FloatInput) -> FloatArray:
    """Return A/(v W) in hours: one full pass over the area without overlap (vector I5)."""
    return as_floats(as_floats(area_m2) / (as_floats(speed_m_per_s) * as_floats(swath_m)) / 3600)


def nadir_swath_m(height_m: FloatInput, half_angle_deg: FloatInput) -> FloatArray:
    """Return 2 H tan(theta), metres of ground under a camera that looks straight down (vector I7)."""
    return as_floats(2 * as_floats(height_m) * np.tan(np.radians(as_floats(half_angle_deg))))


def clear_look_in_window(n_passes: FloatInput, p_clear: FloatInput) -> FloatArray:
    """Return 1 - (1 - c)^n; optimistic, because cloud lasts from one pass to the next (vector J1)."""
    return as_floats(-np.expm1(as_floats(n_passes) * np.log1p(-as_floats(p_clear))))


def catch_transient_from_orbit(
    passes_per_day: FloatInput, duration_h: FloatInput, p_clear: FloatInput, p_look: FloatInput
) -> FloatArray:
    """Return 1 - exp(-rho tau c s): an event of length tau, Poisson passes, clear sky c, one look s.

    Test vector J2.
    """
    passes = as_floats(passes_per_day) * as_floats(duration_h) / HOURS_PER_DAY
    return as_floats(-np.expm1(-passes * as_floats(p_clear) * as_floats(p_look)))


def mean_wait_for_clear_look_h(interval_h: FloatInput, p_clear: FloatInput) -> FloatArray:
    """Return D/2 + D (1 - c)/c in hours (vector J3)."""
    interval, clear = as_floats(interval_h), as_floats(p_clear)
    return as_floats(interval / 2 + interval * (1 - clear) / clear)
