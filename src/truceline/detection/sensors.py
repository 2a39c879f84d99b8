"""The packaged means of observation: one record per row of `scenario/reference/sensors.csv`, checked.

Ranges in metres, times in the unit of the name, shares in [0, 1]. A range is R50: the distance at which
about half of the events of that kind are noticed on open ground *given* the state. Reading only: what a range
means for a probability is decided in `performance`.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final, Protocol

import numpy as np

from truceline.errors import ProblemList, TableError

from ._arrays import FloatArray
from .kinds import KIND_INDEX, KINDS, N_KINDS, N_STATES, STATE_INDEX, STATES

SIGHT_LAWS: Final = (
    "inverse_cube",
    "ttpf",
    "swerling1",
    "poisson_scan",
    "definite_range",
    "area_rate",
    "revisit",
    "none",
)
"""How seeing (or radar) falls off with distance; `area_rate` moves about a sector, `revisit` passes in
orbit."""
RADAR_CLASSES: Final = ("ground_radar", "air_radar", "weapon_locating_radar")
"""Classes cut at the radar horizon."""
TABLE_BYTES_MAX: Final = 2_000_000
"""A table of means larger than this is refused unread."""
_NUMBERS: Final = (
    "platform_height_m",
    "speed_m_per_s",
    "swath_m",
    "revisit_h",
    "endurance_h",
    "availability_share",
    "false_alarms_per_day",
    "crew_24_7",
    "unit_cost_usd",
    "annual_cost_usd",
)
_FLAGS: Final = ("needs_line_of_sight", "sees_trajectory", "mobile", "tasked", "attributes")
_TEXTS: Final = (
    "name",
    "sensor_class",
    "attributes_basis",
    "availability_basis",
    "range_confidence",
    "crew_confidence",
    "unit_cost_confidence",
    "annual_cost_confidence",
    "confidence",
    "source",
    "source_url",
    "notes",
)
_LISTS: Final = ("detects", "sound_kinds")
_RANGES: Final = tuple(f"range_{kind}_{state}_m" for kind in KINDS for state in STATES)
_COLUMNS: Final = ("sensor_id", "sight_law", *_TEXTS, *_LISTS, *_NUMBERS, *_FLAGS, *_RANGES)


class ReadableTable(Protocol):
    """What is needed of a file: a path or a packaged resource."""

    def read_bytes(self) -> bytes:
        """Return the content."""
        ...


@dataclass(frozen=True, eq=False)
class Sensor:
    """One kind of means, as packaged. NaN in a number: not known or not applicable."""

    sensor_id: str
    name: str
    sensor_class: str
    range_m: FloatArray
    """(7, 3) by KINDS and STATES: NaN does not detect that kind, 0 does not work in that state."""
    sight_law: str
    """One of SIGHT_LAWS."""
    sound_kinds: tuple[str, ...]
    """Kinds that are heard: one look by signal excess, no line of sight needed."""
    detects: tuple[str, ...]
    """Kinds detected at all; for a satellite this stands in place of ranges."""
    needs_line_of_sight: bool
    """True when terrain can hide a kind that is not heard."""
    sees_trajectory: bool
    """True for radars that follow the round in flight: sight goes to the trajectory, not to the ground."""
    platform_height_m: float
    mobile: bool
    """True for patrols and aircraft: they search a sector rather than look from a place."""
    tasked: bool
    """True for a satellite that images one scene per order rather than the whole line."""
    speed_m_per_s: float
    swath_m: float
    revisit_h: float
    endurance_h: float
    availability_share: float
    """Share of the time it works once deployed (outages; not weather, not barred nights); see
    availability_basis."""
    availability_basis: str
    crew_24_7: float
    """People to keep one going day and night."""
    attributes: bool
    """True when one detection tells whose act it was well enough to publish: our judgement, see
    attributes_basis."""
    attributes_basis: str
    false_alarms_per_day: float
    unit_cost_usd: float
    annual_cost_usd: float
    range_confidence: str
    crew_confidence: str
    unit_cost_confidence: str
    annual_cost_confidence: str
    confidence: str
    source: str
    source_url: str
    notes: str

    @property
    def is_satellite(self) -> bool:
        """True for means in orbit."""
        return self.sight_law == "revisit"

    @property
    def is_area(self) -> bool:
        """True for means that belong to a sector rather than to a place: patrols, aircraft, satellites."""
        return self.mobile or self.is_satellite

    @property
    def is_radar(self) -> bool:
        """True when the radar horizon cuts its range."""
        return self.sensor_class in RADAR_CLASSES

    @property
    def general_fields(self) -> tuple[str, ...]:
        """Names of the values in use that rest on common knowledge ("general"), in whole or in part.

        Ranges, crew and costs have their own grade; every other number takes the grade of the row. "mixed"
        counts as general because it does not say which value was seen.
        """
        own = {
            "range_m": self.range_confidence,
            "crew_24_7": self.crew_confidence,
            "unit_cost_usd": self.unit_cost_confidence,
            "annual_cost_usd": self.annual_cost_confidence,
        }
        names = []
        for name in ("range_m", *_NUMBERS):
            missing = self.is_satellite if name == "range_m" else math.isnan(getattr(self, name))
            grade = own.get(name, self.confidence)
            doubtful = "general" in grade or "mixed" in grade
            if not missing and doubtful:
                names.append(name)
        return tuple(names)

    def half_range_m(self, kind: str, state: str) -> float:
        """Return R50 of the table for one kind and state (NaN or 0 as in `range_m`)."""
        return float(self.range_m[KIND_INDEX[kind], STATE_INDEX[state]])


def load_sensors(table: ReadableTable | None = None) -> dict[str, Sensor]:
    """Read a table of means (the packaged one when None) and return it by id, in file order.

    Raises TableError with every problem found: missing columns, unknown laws or kinds, numbers that are not,
    negative ranges, shares outside [0, 1], means that lack what their law needs, repeated ids.
    """
    source = table if table is not None else _packaged_table()
    where = table.name if isinstance(table, Path) else "sensors.csv"
    problems = ProblemList()
    title = f"{where} cannot be used"
    rows = _read_rows(source, where, problems)
    problems.raise_if_any(TableError, title)
    sensors: dict[str, Sensor] = {}
    for line, row in rows:
        place = f"{where}:{line} {row['sensor_id'] or '(no id)'}"
        sensor = _sensor_from_row(row, place, problems)
        if sensor is None:
            continue
        if sensor.sensor_id in sensors:
            problems.add(place, f"repeats the id {sensor.sensor_id!r}", "give every row its own sensor_id")
        sensors[sensor.sensor_id] = sensor
    problems.raise_if_any(TableError, title)
    return sensors


def _packaged_table() -> ReadableTable:
    """Return the table inside the package (read as a resource: no module of `scenario` is imported)."""
    return resources.files("truceline") / "scenario" / "reference" / "sensors.csv"


def _read_rows(table: ReadableTable, where: str, problems: ProblemList) -> list[tuple[int, dict[str, str]]]:
    """Return (line, row) pairs with every expected column a string; notes what is wrong with the file."""
    if isinstance(table, Path) and table.is_file() and table.stat().st_size > TABLE_BYTES_MAX:
        problems.add(where, f"is larger than {TABLE_BYTES_MAX} bytes", "give a table of means only")
        return []
    try:
        content = table.read_bytes()
    except OSError as error:
        problems.add(where, f"cannot be read ({error.strerror or 'error'})", "check the path")
        return []
    try:
        reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        missing = [column for column in _COLUMNS if column not in (reader.fieldnames or ())]
        if missing:
            problems.add(where, f"lacks the columns {', '.join(missing)}", "start from the packaged table")
            return []
        rows = [
            (reader.line_num, {column: (row[column] or "").strip() for column in _COLUMNS}) for row in reader
        ]
    except (UnicodeDecodeError, csv.Error) as error:
        problems.add(where, f"is not a UTF-8 comma-separated table ({error})", "save it as UTF-8 CSV")
        return []
    if not rows:
        problems.add(where, "has no rows", "start from the packaged table")
    return rows


def _sensor_from_row(row: Mapping[str, str], place: str, problems: ProblemList) -> Sensor | None:
    """Return the record of one row, or None after noting its problems."""
    own = ProblemList()
    numbers = {name: _number(row[name], f"{place} {name}", own) for name in (*_NUMBERS, *_RANGES)}
    flags = {name: _flag(row[name], f"{place} {name}", own) for name in _FLAGS}
    lists = {name: _kinds(row[name], f"{place} {name}", own) for name in _LISTS}
    if row["sight_law"] not in SIGHT_LAWS:
        own.add(
            f"{place} sight_law", f"{row['sight_law']!r} is no law", f"use one of {', '.join(SIGHT_LAWS)}"
        )
    if not row["sensor_id"]:
        own.add(place, "has no sensor_id", "give it one")
    if not row["attributes_basis"]:
        own.add(f"{place} attributes_basis", "is empty", "say why one detection does or does not attribute")
    if numbers["availability_share"] > 1:
        own.add(
            f"{place} availability_share", f"{row['availability_share']} is above 1", "write a share, 0 to 1"
        )
    if math.isnan(numbers["availability_share"]):
        own.add(f"{place} availability_share", "is empty", "write a share, 0 to 1")
    ranges = np.array([numbers[name] for name in _RANGES]).reshape(N_KINDS, N_STATES)
    ranges.setflags(write=False)
    if not own.has_errors():
        _check_law(row["sight_law"], numbers, flags, lists, ranges, place, own)
    problems.extend(own.problems)
    if own.has_errors():
        return None
    return Sensor(
        sensor_id=row["sensor_id"],
        sight_law=row["sight_law"],
        range_m=ranges,
        **{name: row[name] for name in _TEXTS},  # type: ignore[arg-type]
        **{name: numbers[name] for name in _NUMBERS},  # type: ignore[arg-type]
        **flags,  # type: ignore[arg-type]
        **lists,  # type: ignore[arg-type]
    )


def _check_law(
    law: str,
    numbers: Mapping[str, float],
    flags: Mapping[str, bool],
    lists: Mapping[str, tuple[str, ...]],
    ranges: FloatArray,
    place: str,
    problems: ProblemList,
) -> None:
    """Note what the row lacks for its law, and contradictions between its lists and its ranges."""
    needs = {"area_rate": ("speed_m_per_s",), "revisit": ("revisit_h", "swath_m")}.get(
        law, ("platform_height_m",)
    )
    for name in needs if lists["detects"] else ():
        if not numbers[name] > 0 and not (name == "platform_height_m" and numbers[name] == 0):
            problems.add(f"{place} {name}", f"is missing for the law {law}", "write a positive number")
    if flags["mobile"] != (law == "area_rate"):
        problems.add(
            f"{place} mobile", f"does not go with the law {law}", "mobile means use area_rate, others not"
        )
    if law == "revisit":
        return
    with_range = tuple(kind for kind, row in zip(KINDS, ranges, strict=True) if not np.isnan(row).all())
    if set(with_range) != set(lists["detects"]):
        problems.add(
            f"{place} detects", "names other kinds than those with a range", f"write {';'.join(with_range)}"
        )
    for kind, row in zip(KINDS, ranges, strict=True):
        if np.isnan(row).any() and not np.isnan(row).all():
            problems.add(
                f"{place} range_{kind}", "is empty in some states only", "write 0 where it does not work"
            )
    unseen = [kind for kind in with_range if kind not in lists["sound_kinds"]]
    if law == "none" and unseen:
        problems.add(
            f"{place} sight_law", f"is none, but {', '.join(unseen)} is not heard", "name the sight law"
        )


def _number(text: str, place: str, problems: ProblemList) -> float:
    """Return a finite number >= 0, NaN for empty text; notes anything else."""
    if not text:
        return math.nan
    try:
        value = float(text)
    except ValueError:
        problems.add(place, f"{text!r} is not a number", "write a plain number or leave it empty")
        return math.nan
    if not math.isfinite(value) or value < 0:
        problems.add(place, f"{text} is not a number of 0 or more", "write a plain number or leave it empty")
        return math.nan
    return value


def _flag(text: str, place: str, problems: ProblemList) -> bool:
    """Return True for yes and False for no; notes anything else."""
    if text not in ("yes", "no"):
        problems.add(place, f"{text!r} is neither yes nor no", "write yes or no")
    return text == "yes"


def _kinds(text: str, place: str, problems: ProblemList) -> tuple[str, ...]:
    """Return the kinds of a list parted by semicolons; notes unknown ones."""
    kinds = tuple(part.strip() for part in text.split(";") if part.strip())
    for kind in kinds:
        if kind not in KIND_INDEX:
            problems.add(place, f"{kind!r} is no kind of event", f"use {', '.join(KINDS)}")
    return kinds
