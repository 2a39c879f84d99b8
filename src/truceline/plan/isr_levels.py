"""Three levels of intelligence for readers: the planned watch alone, with what others hold, with no gap left.

Shares and chances in [0, 1]; units are satellites and aircraft. It reads what `isr_watch` found at full
strength and shows what it rests on; it detects nothing itself.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from truceline.detection.parameters import DetectionParameters
from truceline.detection.sensors import Sensor
from truceline.generation.model import WatchOutcomes
from truceline.plan.crossings import CROSSERS, Crossings
from truceline.plan.ground import Ground
from truceline.plan.isr_means import (
    AIR,
    AIR_ASSUMPTIONS,
    ISR_TASKS,
    OPTICAL_SENSOR,
    ORBIT_SENSOR,
    RADAR_SENSOR,
    SPACE,
    SPACE_ASSUMPTIONS,
    look_from_above,
)
from truceline.plan.watch import Watch
from truceline.scenario.assumption import AssumptionSet
from truceline.scenario.reference import grade_confidence
from truceline.trace import Traced
from truceline.units import format_share

LevelKey = Literal["planned", "held", "filled"]

_LABELS: Final[dict[LevelKey, str]] = {
    "planned": "by the planned watch alone",
    "held": "with what others hold",
    "filled": "with every gap filled",
}
_MEASURES: Final = {
    "detect": "Share of incidents detected",
    "verify": "Share of incidents verified",
    "weakest": "Weakest crossing, chance that someone who knows the posts is noticed",
}
_FUSED: Final = "planned watch and means from above, fused in each cell, kind and state, then averaged"


@dataclass(frozen=True)
class IsrLevel:
    """What the fully manned watch sees at one level of intelligence."""

    key: LevelKey
    units: Mapping[str, float]
    """Satellites and aircraft by task; 0 for the planned watch alone."""
    looks_per_day: float
    """Looks from space a day at any one place, before cloud and darkness."""
    orbits: float
    """Aircraft over the zone at a time, before outages and weather."""
    detect: float
    verify: float
    weakest: float
    """nan where nobody can pass."""

    @property
    def label(self) -> str:
        """What the level is, in words."""
        return _LABELS[self.key]


@dataclass(frozen=True)
class IsrLevels:
    """The three levels."""

    planned: IsrLevel
    held: IsrLevel
    filled: IsrLevel

    @property
    def rows(self) -> tuple[IsrLevel, IsrLevel, IsrLevel]:
        """The levels, least first."""
        return self.planned, self.held, self.filled

    def sentence(self) -> str:
        """Return the levels in one sentence, shares to a tenth of a per cent."""
        seen = [
            f"{format_share(level.detect, 1)} detected and {format_share(level.verify, 1)} verified"
            f" {level.label}"
            for level in self.rows
        ]
        return f"Of all incidents, {'; '.join(seen)}."


def plan_levels(
    watch: Watch,
    crossings: Crossings,
    outcomes: WatchOutcomes,
    ground: Ground,
    sensors: dict[str, Sensor],
    assumptions: AssumptionSet,
    parameters: DetectionParameters,
    *,
    held: Mapping[str, float],
    needed: Mapping[str, float],
) -> IsrLevels:
    """Return the levels at full strength; `outcomes` is what `find_outcomes` found for these units."""
    weakest = crossings.weakest("knows the posts")
    alone = (
        watch.averages.detect.total,
        watch.averages.verify.total,
        math.nan if weakest is None else weakest.p_least,
    )

    def level(key: LevelKey, units: Mapping[str, float], seen: tuple[float, float, float]) -> IsrLevel:
        known = {task: units.get(task, 0.0) for task in ISR_TASKS}
        area_m2 = ground.sector_area_m2
        overhead = look_from_above(known, area_m2, sensors, assumptions, parameters, CROSSERS)
        return IsrLevel(key, known, overhead.looks_per_day, overhead.orbits, *seen)

    def seen_in(column: int) -> tuple[float, float, float]:
        values = (outcomes.detect, outcomes.verify, outcomes.weakest)
        detect, verify, least = (float(value[-1, column]) for value in values)
        return detect, verify, least

    full = {task: max(held.get(task, 0.0), needed.get(task, 0.0)) for task in ISR_TASKS}
    return IsrLevels(
        level("planned", {}, alone), level("held", held, seen_in(0)), level("filled", full, seen_in(-1))
    )


def trace_levels(
    levels: IsrLevels,
    planned: Mapping[str, Traced],
    sensors: Mapping[str, Sensor],
    assumptions: AssumptionSet,
    units: Mapping[str, Traced] | None = None,
) -> dict[str, Traced]:
    """Return ``isr.<held or filled>.<detect, verify or weakest>`` by name, each down to its assumptions.

    planned: the headlines of the posture, grafted in so that a number unfolds to the end. units: where
    satellites and aircraft come from, by ``<held or filled>.<task>``; one that is missing is shown as handed
    in.
    """
    origin = units or {}
    headline = {"detect": "watch.detect", "verify": "watch.verify", "weakest": "crossing.weakest"}
    found = {}
    for level in (levels.held, levels.filled):
        parts = (
            _trace_looks(level, assumptions, origin),
            _trace_orbits(level, assumptions, origin),
            *_trace_sensors(sensors),
            assumptions.trace("detection.satellite_p"),
        )
        for measure, label in _MEASURES.items():
            value = getattr(level, measure)
            if math.isnan(value):
                continue
            base = planned.get(headline[measure])
            name = f"isr.{level.key}.{measure}"
            how = "least exposure with the rates from above added" if measure == "weakest" else _FUSED
            found[name] = Traced(
                name,
                value,
                "1",
                f"{label}: {level.label}",
                formula=how,
                parts=(*((base,) if base is not None else ()), *parts),
                evidence="computed",
                note=f"the planned watch alone: {format_share(getattr(levels.planned, measure), 1)}",
            )
    return found


def _trace_units(level: IsrLevel, task: str, origin: Mapping[str, Traced]) -> Traced:
    known = origin.get(f"{level.key}.{task}")
    if known is not None:
        return known
    what = "satellite" if task == SPACE else "aircraft"
    return Traced(f"isr.{level.key}.{task}", level.units[task], what, f"{task}: units", evidence="computed")


def _trace_looks(level: IsrLevel, assumptions: AssumptionSet, origin: Mapping[str, Traced]) -> Traced:
    per_satellite, radar = (assumptions.trace(name) for name in SPACE_ASSUMPTIONS)
    units = _trace_units(level, SPACE, origin)
    return Traced(
        f"isr.{level.key}.looks_per_day",
        level.looks_per_day,
        "1/day",
        "Looks from space at any one place, before cloud and darkness",
        f"{units.name} * {per_satellite.name}; {radar.name} of them by radar",
        (units, per_satellite, radar),
    )


def _trace_orbits(level: IsrLevel, assumptions: AssumptionSet, origin: Mapping[str, Traced]) -> Traced:
    per_orbit, over_zone = (assumptions.trace(name) for name in AIR_ASSUMPTIONS)
    units = _trace_units(level, AIR, origin)
    return Traced(
        f"isr.{level.key}.orbits",
        level.orbits,
        "aircraft",
        "Aircraft over the zone at a time, before outages and weather",
        f"{units.name} / {per_orbit.name} * {over_zone.name}",
        (units, per_orbit, over_zone),
    )


def _trace_sensors(sensors: Mapping[str, Sensor]) -> tuple[Traced, ...]:
    """Return how much of the time each means from above works, with its source."""
    return tuple(
        Traced(
            f"sensors.{name}.availability",
            sensors[name].availability_share,
            "1",
            f"{sensors[name].name}: {sensors[name].availability_basis}",
            evidence=grade_confidence(sensors[name].confidence).value,
            source=sensors[name].source,
        )
        for name in (OPTICAL_SENSOR, RADAR_SENSOR, ORBIT_SENSOR)
    )
