"""The headline numbers of a posture, each as a tree down to assumptions with range, evidence and source."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from truceline.detection.kinds import KINDS, STATES
from truceline.detection.sensors import Sensor
from truceline.plan.crossings import CROSSERS, Crossings, Intruder, WeakCrossing
from truceline.plan.ground import Ground
from truceline.plan.people import People
from truceline.plan.watch import Watch, kind_weights
from truceline.scenario.assumption import AssumptionSet
from truceline.scenario.model import Scenario
from truceline.trace import Traced

MEASURES = ("detect", "verify", "attribute")
"""What a sighting is good for, from weak to strong."""
_MEASURE_LABELS = {
    "detect": "Share of incidents detected, on average",
    "verify": "Share of incidents verified: two independent means, or one with attribution value",
    "attribute": "Share of incidents attributed: a means with attribution value saw it",
}
_CALIBRATION = "Truceline, statistical sight as calibrated on the manual page sight-calibration"
_INTRUDER_LABELS: dict[Intruder, str] = {
    "knows the posts": "someone who knows the posts but not the schedules",
    "waits for the gap": "someone who also waits until every patrol and drone is elsewhere",
}


def trace_length(scenario: Scenario, ground: Ground | None, length_m: float) -> Traced:
    """Return the length of the line with its tolerance."""
    tolerance = scenario.line.tolerance
    low_km, high_km = (bound / 1000 for bound in tolerance.bounds)
    if ground is None:
        return Traced(
            "line.length", length_m, "m", "Length of the line", evidence="stated", source="the scenario"
        )
    spread = f"{low_km:g} km" if high_km <= low_km else f"{low_km:g} km (95 % of it within {high_km:g} km)"
    return Traced(
        "line.length",
        length_m,
        "m",
        "Length of the line",
        formula="geodesic length on WGS 84",
        evidence="computed",
        source=ground.line.source,
        note=f"tolerance: the true line lies within about {spread}; a finer line is longer",
    )


def list_headlines(
    scenario: Scenario,
    ground: Ground | None,
    length_m: float,
    people: People,
    watch: Watch | None,
    crossings: Crossings | None,
    assumptions: AssumptionSet,
    sensors: dict[str, Sensor],
) -> dict[str, Traced]:
    """Return every headline number by name."""
    force = people.force
    length = trace_length(scenario, ground, length_m)
    built_on_strength = (people.rotation.traced, *people.supply.lines())
    found = [length, force.traced, *(_graft(traced, force.traced) for traced in built_on_strength)]
    found += [node for node in force.traced.parts if node.name.startswith("force.")]
    found.append(
        Traced(
            "force.per_km",
            force.per_km(length_m),
            "person/km",
            "People deployed for each km of line",
            "1000 * force.deployed / line.length",
            (force.traced, length),
        )
    )
    if ground is not None and watch is not None and crossings is not None:
        sight = _trace_sight(ground)
        used = _trace_sensors(watch, sensors, assumptions)
        found += [_trace_average(measure, scenario, watch, (sight, *used)) for measure in MEASURES]
        found.append(_trace_gap(watch))
        found += [
            traced
            for intruder in crossings.profiles
            for traced in _trace_crossing(intruder, crossings, ground, assumptions, (sight, *used))
        ]
    return {traced.name: traced for traced in found}


def _graft(traced: Traced, whole: Traced) -> Traced:
    """Return a number with its part named like `whole` replaced by it, so that it unfolds to the end."""
    parts = tuple(whole if part.name == whole.name else part for part in traced.parts)
    return replace(traced, parts=parts)


def _trace_sight(ground: Ground) -> Traced:
    """Return the cell size behind every coverage number: of the elevation model, or of the demand cells."""
    cell = ground.sight.cell_m
    return Traced(
        "sight.cell",
        ground.cells.cell_m if cell is None else cell,
        "m",
        f"Cell size; line of sight is {ground.sight.mode}",
        evidence="judgement" if ground.sight.indicative else "computed",
        source=_CALIBRATION if ground.sight.indicative else "the elevation model",
        note=ground.sight.note,
    )


def _trace_sensors(
    watch: Watch, sensors: dict[str, Sensor], assumptions: AssumptionSet
) -> tuple[Traced, ...]:
    """Return the detection ranges used, and the assumptions that bend all of them."""
    used = sorted({watch.candidates.parts.sensor_id[i] for i in _parts_in(watch)})
    ranges = tuple(
        Traced(
            f"sensors.{name}.range",
            float(np.nanmax(sensors[name].range_m)),
            "m",
            f"Longest range of: {sensors[name].name}",
            evidence="general" if "range_m" in sensors[name].general_fields else "published",
            source=sensors[name].source,
            note="distance at which about half of the events are noticed; one for each kind and state",
        )
        for name in used
    )
    shared = ("detection.range_multiplier", "detection.cut_off_ratio")
    return (*ranges, *(assumptions.trace(name) for name in shared))


def _parts_in(watch: Watch) -> list[int]:
    chosen = set(watch.chosen.tolist())
    return [i for i, owner in enumerate(watch.candidates.owner.tolist()) if owner in chosen]


def _trace_average(measure: str, scenario: Scenario, watch: Watch, inputs: tuple[Traced, ...]) -> Traced:
    average = getattr(watch.averages, measure)
    weights = kind_weights(scenario.watched)
    kinds = tuple(
        Traced(
            f"watch.{measure}.{kind}",
            float(average.by_kind[k]),
            "1",
            f"{kind.replace('_', ' ')}: weight {weights[k]:.0%} of the average",
            formula="mean over states after fusing all means within each state",
            evidence="computed",
        )
        for k, kind in enumerate(KINDS)
        if weights[k] > 0
    )
    states = ", ".join(f"{state} {average.by_state[s]:.0%}" for s, state in enumerate(STATES))
    return Traced(
        f"watch.{measure}",
        average.total,
        "1",
        _MEASURE_LABELS[measure],
        formula="sum over kinds of weight * share",
        parts=(*kinds, *inputs),
        evidence="computed",
        note=f"by state: {states}",
    )


def _trace_gap(watch: Watch) -> Traced:
    return Traced(
        "watch.bound",
        watch.bound_share,
        "1",
        "No other choice of these candidates for the same people detects more than this",
        formula="bound proven by a concave relaxation of the siting problem",
        parts=(
            Traced(
                "watch.detected_by_siting",
                watch.detected_share,
                "1",
                "What the chosen sites detect",
                evidence="computed",
            ),
        ),
        evidence="computed",
    )


def _trace_crossing(
    intruder: Intruder,
    crossings: Crossings,
    ground: Ground,
    assumptions: AssumptionSet,
    inputs: tuple[Traced, ...],
) -> list[Traced]:
    """Return the weakest crossing (none where nobody can pass) and the open share, for one intruder."""
    prefix = "crossing" if intruder == "knows the posts" else "crossing.waiting"
    found = []
    weakest = crossings.weakest(intruder)
    if weakest is not None:
        cases = tuple(
            _trace_one(f"{prefix}.{kind}.{state}", one, ground)
            for kind in CROSSERS
            for state in STATES
            if (one := crossings.weakest(intruder, kind=kind, state=state)) is not None
        )
        speeds = tuple(assumptions.trace(f"detection.speed.{kind}") for kind in CROSSERS)
        found.append(
            Traced(
                f"{prefix}.weakest",
                weakest.p_least,
                "1",
                f"Weakest crossing: chance that {_INTRUDER_LABELS[intruder]} is noticed",
                formula="least over sectors, kinds, states of 1 - exp(-E*), E* the least exposure of a path",
                parts=(*cases, *speeds, assumptions.trace("crossing.water_speed"), *inputs),
                evidence="computed",
                note=_where(weakest, ground),
            )
        )
    threshold = assumptions.trace("detection.open_threshold")
    return [*found, _trace_open(prefix, intruder, crossings, threshold, inputs)]


def _trace_open(
    prefix: str, intruder: Intruder, crossings: Crossings, threshold: Traced, inputs: tuple[Traced, ...]
) -> Traced:
    shares = tuple(
        Traced(
            f"{prefix}.open.{state}",
            crossings.open_share(intruder, state=state),
            "1",
            f"Open: {state}",
            evidence="computed",
        )
        for state in STATES
    )
    return Traced(
        f"{prefix}.open",
        crossings.open_share(intruder),
        "1",
        f"Share of the line open in its worst state: {_INTRUDER_LABELS[intruder]} is noticed with less"
        f" than {threshold.value:.0%}",
        formula="share of 2 km stretches whose weakest crossing is below detection.open_threshold",
        parts=(*shares, threshold, *inputs),
        evidence="computed",
    )


def _trace_one(name: str, crossing: WeakCrossing, ground: Ground) -> Traced:
    return Traced(
        name,
        crossing.p_least,
        "1",
        f"{crossing.kind} by {crossing.state}"
        if crossing.state != "bad"
        else f"{crossing.kind} in bad weather",
        evidence="computed",
        note=_where(crossing, ground),
    )


def _where(crossing: WeakCrossing, ground: Ground) -> str:
    place = (
        f"sector {ground.sectors[crossing.sector].name}, comes out near km {crossing.chainage_m / 1000:.0f}"
    )
    if crossing.open_width_m > 0:
        return f"{place}: open, {crossing.open_width_m / 1000:.1f} km of the far edge meets no watch at all"
    return f"{crossing.kind}, {crossing.state}; {place}; path of {crossing.length_m / 1000:.1f} km"
