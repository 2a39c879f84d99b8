"""From satellites and surveillance aircraft to what they add over every sector: intelligence as area means.

Units of a task in, chances and rates (1/s) by sector, kind and state out. The laws are those of
`detection.moving` with the packaged rows of the table of means; only looks and hours are set here. Orbits are
shared among sectors by area, not sent where they would help most. What stands still (guns in a
limitation band) and warning of attack are not incidents and count for nothing here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from truceline.detection.coverage import P_MAX, area_probabilities
from truceline.detection.kinds import N_KINDS, N_STATES, STATES
from truceline.detection.measures import Fused
from truceline.detection.moving import area_rate_per_s
from truceline.detection.parameters import DetectionParameters
from truceline.detection.sensors import Sensor
from truceline.detection.visits import HOURS_PER_DAY
from truceline.errors import ProblemList, ScenarioError
from truceline.scenario.assumption import AssumptionSet

FloatArray = NDArray[np.float64]

SPACE: Final = "isr-space"
AIR: Final = "isr-air"
SEA: Final = "isr-sea"
ISR_TASKS: Final = (SPACE, AIR, SEA)
"""Tasks of the backstop that are intelligence, in the order of their bits: satellites, aircraft, aircraft."""
SEEING_TASKS: Final = (SPACE, AIR)
"""Those that can notice an incident of the seven kinds: none of them is at sea."""
OPTICAL_SENSOR: Final = "sat_vhr_optical"
RADAR_SENSOR: Final = "sat_vhr_sar"
ORBIT_SENSOR: Final = "uav_male"
"""Row that stands for every surveillance aircraft with a camera and a ground radar."""
SENSORS_USED: Final = (OPTICAL_SENSOR, RADAR_SENSOR, ORBIT_SENSOR)
SPACE_ASSUMPTIONS: Final = ("generation.looks_per_satellite", "isr.space.radar_share")
AIR_ASSUMPTIONS: Final = ("generation.aircraft_per_orbit", "isr.air.line_share")
"""Records behind the looks and the orbits, in the order of their formula."""
UNITS_MAX: Final = 10_000.0
"""More satellites or aircraft than this are a slip of the pen."""


@dataclass(frozen=True, eq=False)
class Overhead:
    """What intelligence adds everywhere in each sector; arrays (sectors, 7, 3) unless they say otherwise."""

    looks_per_day: float
    """Looks from space a day at any one place of the zone, before cloud and darkness."""
    orbits: float
    """Aircraft over the zone at a time, on average, before outages and weather."""
    miss_attributing: FloatArray
    """Chance that no means with attribution value notices the standard event; 1 where there is none."""
    miss_plain: FloatArray
    """The same for the other means."""
    odds_plain: FloatArray
    """Sum of p / (1 - p) over the other means, as `fuse` needs it."""
    rate_per_s: FloatArray
    """(kinds of mover asked for, 3, sectors) time-averaged rate at which a mover is noticed."""


def check_units(units: Mapping[str, float], where: str, problems: ProblemList) -> None:
    """Note tasks that are not intelligence and numbers of units that cannot be."""
    for task, number in units.items():
        if task not in ISR_TASKS:
            problems.add(f"{where}.{task}", "is no task of intelligence", f"use {', '.join(ISR_TASKS)}")
        elif not 0 <= number <= UNITS_MAX:
            found, hint = (
                f"{number:g} units",
                f"give 0 to {UNITS_MAX:g}; a number that is not known stays out",
            )
            problems.add(f"{where}.{task}", found, hint)


def look_from_above(
    units: Mapping[str, float],
    sector_area_m2: FloatArray,
    sensors: Mapping[str, Sensor],
    assumptions: AssumptionSet,
    parameters: DetectionParameters,
    kinds: tuple[str, ...],
) -> Overhead:
    """Return what these units of each task add over sectors of these areas.

    Satellites: units * looks_per_satellite looks a day at every place of the zone, radar_share of them by
    radar; the optical and the radar service are one means each, under the revisit law. That every pass takes
    in the whole zone is kind to satellites. Aircraft: units / aircraft_per_orbit * line_share orbits over
    the zone, shared among sectors by area; whole orbits over a sector work 24 h, the rest is hours on task.
    Maritime patrol adds nothing: no kind of incident is at sea. kinds: movers that get a rate.

    Raises ScenarioError for tasks and numbers that cannot be, and for a table of means that lacks the rows.
    """
    problems = ProblemList()
    check_units(units, "units", problems)
    for name in SENSORS_USED:
        if name not in sensors:
            problems.add(f"sensors.{name}", "is not in the table of means", "start from the packaged table")
    problems.raise_if_any(ScenarioError, "intelligence cannot be counted")
    per_satellite, radar = (assumptions.value(name) for name in SPACE_ASSUMPTIONS)
    per_orbit, over_zone = (assumptions.value(name) for name in AIR_ASSUMPTIONS)
    looks_per_day = units.get(SPACE, 0.0) * per_satellite
    orbits = units.get(AIR, 0.0) / per_orbit * over_zone
    n = len(sector_area_m2)
    shape = (n, N_KINDS, N_STATES)
    rate_per_s = np.zeros((len(kinds), N_STATES, n))
    found = Overhead(looks_per_day, orbits, np.ones(shape), np.ones(shape), np.zeros(shape), rate_per_s)
    aircraft = sensors[ORBIT_SENSOR]
    services = [
        replace(sensors[name], revisit_h=HOURS_PER_DAY / looks, tasked=False)
        for name, looks in (
            (OPTICAL_SENSOR, (1 - radar) * looks_per_day),
            (RADAR_SENSOR, radar * looks_per_day),
        )
        if looks > 0
    ]
    for s, area_m2 in enumerate(sector_area_m2.tolist()):
        for service in services:
            _add_means(found, s, area_m2, service, 1, HOURS_PER_DAY, parameters, kinds)
        here = orbits * area_m2 / float(sector_area_m2.sum())
        whole = math.floor(here)
        _add_means(found, s, area_m2, aircraft, whole, HOURS_PER_DAY, parameters, kinds)
        _add_means(found, s, area_m2, aircraft, 1, HOURS_PER_DAY * (here - whole), parameters, kinds)
    return found


def _add_means(
    found: Overhead,
    sector: int,
    area_m2: float,
    sensor: Sensor,
    copies: int,
    hours_per_day: float,
    parameters: DetectionParameters,
    kinds: tuple[str, ...],
) -> None:
    """Count some copies of an area means into the arrays of one sector, each copy one means as in `fuse`."""
    if copies == 0 or hours_per_day == 0.0:
        return
    p = np.minimum(area_probabilities(sensor, area_m2, hours_per_day, parameters), P_MAX)
    if sensor.attributes:
        found.miss_attributing[sector] *= (1 - p) ** copies
    else:
        found.miss_plain[sector] *= (1 - p) ** copies
        found.odds_plain[sector] += copies * p / (1 - p)
    for k, kind in enumerate(kinds):
        for state, name in enumerate(STATES):
            found.rate_per_s[k, state, sector] += area_rate_per_s(
                sensor, kind, name, area_m2, parameters, n_units=copies, hours_per_day=hours_per_day
            )


def fuse_overhead(fused: Fused, overhead: Overhead, cell_sector: NDArray[np.integer]) -> Fused:
    """Return what is seen when `overhead` is added to means that are fused already.

    The law is that of `measures.fuse`. With Qa, Qn the misses of the means with and without attribution
    value, Ma, Mn those added and O the odds added: p_detect = 1 - Qa Qn Ma Mn; p_verify = 1 - Ma Mn (u + Qa
    Qn O), u = Qa Qn (1 + odds) what was not verified before; p_attribute = 1 - Qa Ma. Written as increments,
    so that adding nothing changes no bit. cell_sector: (cells,), -1 for cells of no sector, to which nothing
    is added.
    """
    miss_a, miss_n, odds = (
        np.concatenate([values, np.full((1, *values.shape[1:]), rest)])[cell_sector]
        for values, rest in (
            (overhead.miss_attributing, 1.0),
            (overhead.miss_plain, 1.0),
            (overhead.odds_plain, 0.0),
        )
    )
    missed, unverified = 1.0 - fused.p_detect, 1.0 - fused.p_verify
    added = 1.0 - miss_a * miss_n
    verified = fused.p_verify + unverified * added - miss_a * miss_n * missed * odds
    return Fused(
        p_detect=fused.p_detect + missed * added,
        p_verify=np.maximum(verified, fused.p_verify),
        p_attribute=fused.p_attribute + (1.0 - fused.p_attribute) * (1.0 - miss_a),
    )
