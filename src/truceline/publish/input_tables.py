"""Tables of what went in: assumptions and sensors with range, evidence and source, provenance and warnings.

Values in the unit each row names, as given. What nobody has read in a source is marked in every row.
"""

from __future__ import annotations

from typing import Any

from truceline.detection.kinds import KINDS, STATES
from truceline.detection.sensors import Sensor
from truceline.plan.model import Plan
from truceline.publish.table import Table, number, people, share, text
from truceline.scenario.assumption import Assumption
from truceline.scenario.describe import list_records
from truceline.units import format_km

ABOUT = Table(
    "about",
    "About this plan",
    "What was planned, with which program and inputs, and what must stand beside every share quoted from it.",
    (text("what", "Name of the fact"), text("value", "The fact")),
)

ASSUMPTIONS = Table(
    "assumptions",
    "Assumptions",
    "Every quantity the scenario gives and every record of the catalogue. Weak: nobody published it"
    " (judgement) or nobody has read where (general).",
    (
        text("name", "Dotted name, as `--set` takes it"),
        text("label", "What it is"),
        number("value", "see unit", "The value used"),
        number("low", "see unit", "Lowest value thought possible"),
        number("high", "see unit", "Highest value thought possible"),
        text("unit", "Unit of the three"),
        text("evidence", "measured, published, derived, judgement, general or stated"),
        text("is_weak", "Whether nobody published it, or nobody has read where"),
        text("origin", "scenario or catalogue"),
        text("as_of", "Date it holds for"),
        text("source", "Where it was read"),
        text("source_url", "Address of the source"),
        text("note", "What else to know"),
    ),
)

SENSORS = Table(
    "sensors",
    "Sensors offered",
    "Rows of the sensor table that the postures use. A range is the distance where about half of the events"
    " of a kind are noticed in a state; empty: does not detect that kind.",
    (
        text("sensor", "Row of the sensor table"),
        text("name", "What it is"),
        text("sensor_class", "Class of means"),
        text("sight_law", "How detection falls off with distance"),
        text("detects", "Kinds detected"),
        text("attributes", "Whether one detection tells whose act it was"),
        share("availability_share", "Share of the time it works once deployed"),
        people("crew_24_7", "People to keep one going day and night"),
        *(
            number(f"range_{kind}_{state}_m", "m", f"Range for {kind.replace('_', ' ')}: {state}", 0)
            for kind in KINDS
            for state in STATES
        ),
        text("is_weak", "Whether any value in use was not read in a source"),
        text("general_fields", "Which values those are"),
        text("source", "Where it was read"),
        text("source_url", "Address of the source"),
        text("notes", "What else to know"),
    ),
)

WARNINGS = Table(
    "warnings",
    "Warnings",
    "Noticed while the plan was made; nothing was refused.",
    (text("where", "Place"), text("found", "What was found"), text("hint", "What to do about it")),
)


def fill_about(plan: Plan) -> Table:
    """Return what the plan is and what made it."""
    return ABOUT.filled(list_facts(plan))


def list_facts(plan: Plan) -> list[tuple[str, str]]:
    """Return name and value of everything a citation needs; the same facts stand in every product."""
    made, scenario = plan.provenance, plan.scenario
    facts = [
        ("title", scenario.title),
        ("as of", scenario.as_of.isoformat()),
        ("description", scenario.description),
        ("posture planned in full", plan.chosen.label),
        ("side a", scenario.sides.a),
        ("side b", scenario.sides.b),
        ("length of line", format_km(plan.length_m, 1)),
        *_list_ground_facts(plan),
        ("cite as", cite(plan)),
        ("program", f"Truceline {made.version}"),
        ("scenario", f"{made.scenario}, hash {made.scenario_hash}"),
        ("variant", made.variant),
        ("overrides", "; ".join(made.overrides)),
        ("seed", str(made.seed)),
        ("method", made.method),
        *_list_sampling_facts(plan),
        *((f"input {name}", f"hash {digest}") for name, digest in sorted(made.inputs.items())),
    ]
    return [(name, value) for name, value in facts if value]


def _list_ground_facts(plan: Plan) -> list[tuple[str, str]]:
    """Return tolerance, sight and cell sizes: no share seen may stand without them."""
    ground = plan.ground
    if ground is None:
        return [("map", "none: the line is only a length, nothing was sited")]
    low, high = plan.scenario.line.tolerance.bounds
    tolerance = format_km(low, 1) if high <= low else f"{format_km(low, 1)}, 95 % within {format_km(high, 1)}"
    cell_m = ground.sight.cell_m
    return [
        ("tolerance of the line", tolerance),
        ("source of the line", ground.line.source),
        (
            "sight",
            f"{ground.sight.mode}{' (indicative)' if ground.sight.indicative else ''}: {ground.sight.note}",
        ),
        ("elevation cell", "none: no elevation model" if cell_m is None else f"{cell_m:.0f} m"),
        ("demand cell", f"{ground.cells.cell_m:.0f} m"),
    ]


def _list_sampling_facts(plan: Plan) -> list[tuple[str, str]]:
    if plan.bands is None:
        return []
    return [("samples", str(plan.bands.n_samples)), ("what the bands hold fixed", plan.bands.note)]


def cite(plan: Plan) -> str:
    """Return one line by which the plan can be cited and made again."""
    made = plan.provenance
    variant = f", variant {made.variant}" if made.variant else ""
    scenario = f"{made.scenario} ({made.scenario_hash}){variant}"
    return f"Truceline {made.version}, scenario {scenario}, seed {made.seed}"


def fill_assumptions(plan: Plan) -> Table:
    """Return every assumption record: the scenario's own quantities, then the catalogue by name."""
    own = dict(list_records(plan.scenario))
    rows = [
        _row(".".join(map(str, path)), record, "scenario")
        for path, record in own.items()
        if path[0] != "assumptions"
    ]
    rows += [
        _row(name, record, "scenario" if name in plan.scenario.overrides else "catalogue")
        for name, record in plan.assumptions.items()
    ]
    return ASSUMPTIONS.filled(rows)


def _row(name: str, record: Assumption, origin: str) -> tuple[Any, ...]:
    low, high = record.bounds if record.has_range else (None, None)
    source = record.source
    return (
        name,
        record.label,
        record.value,
        low,
        high,
        record.unit,
        record.evidence.value,
        record.evidence.is_weak,
        origin,
        record.as_of,
        "" if source is None else str(source),
        "" if source is None else source.url,
        record.note,
    )


def fill_sensors(plan: Plan) -> Table:
    """Return the sensors that the means of any posture carry."""
    used = {
        sensor
        for posture in plan.postures.values()
        for means in posture.posture.means.values()
        for sensor in means.sensors
    }
    return SENSORS.filled(_sensor_row(plan.sensors[name]) for name in sorted(used))


def _sensor_row(sensor: Sensor) -> tuple[Any, ...]:
    return (
        sensor.sensor_id,
        sensor.name,
        sensor.sensor_class,
        sensor.sight_law,
        "; ".join(sensor.detects),
        sensor.attributes,
        sensor.availability_share,
        sensor.crew_24_7,
        *sensor.range_m.ravel().tolist(),
        bool(sensor.general_fields),
        "; ".join(sensor.general_fields),
        sensor.source,
        sensor.source_url,
        sensor.notes,
    )


def fill_warnings(plan: Plan) -> Table:
    """Return what was noticed while the plan was made."""
    return WARNINGS.filled((problem.where, problem.found, problem.hint) for problem in plan.warnings)
