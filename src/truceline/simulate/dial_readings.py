"""The named readings of the dial: what published work would set its factor to, and the line of force size.

A reading is a factor r on the daily hazard of breakdown: 1 changes nothing, less than 1 is a truce that holds
longer. They are marks to look at, each with its source. Nothing is averaged over them and none is a default:
a guarantor's will cannot be estimated. They come from civil wars with consent, not from a case like this.
"""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from truceline.scenario.assumption import Assumption, AssumptionSet
from truceline.scenario.catalogue import read_catalogue

SENSITIVITY = "dial.gilligan_sergenti"
"""The one mark that is no reading: it lies below all of them and is shown as a sensitivity."""
_PREFIX = "dial."


@dataclass(frozen=True)
class Reading:
    """One mark on the dial."""

    key: str
    factor: float
    """r: what the daily hazard of breakdown is multiplied by."""
    label: str
    source: str
    evidence: str
    is_reading: bool
    """False for the sensitivity."""


@dataclass(frozen=True)
class Study:
    """What one study found; a row of the table beside the warning on carrying results over."""

    study: str
    cases: str
    """What it looked at."""
    effect: str
    read: str
    """How much of it was read when these notes were made."""


@cache
def load_dial_records() -> AssumptionSet:
    """Return the records behind the dial by name; TableError where the packaged file is wrong."""
    return read_catalogue(files("truceline.simulate").joinpath("readings"))


@cache
def list_readings() -> tuple[Reading, ...]:
    """Return every mark on the dial, the largest factor first: the four readings, then the sensitivity."""
    records = load_dial_records()
    found = [_read(name, records[name]) for name in records if name.startswith(_PREFIX)]
    return tuple(sorted(found, key=lambda one: -one.factor))


def _read(name: str, record: Assumption) -> Reading:
    return Reading(
        key=name.removeprefix(_PREFIX),
        factor=record.value,
        label=record.label,
        source=str(record.source),
        evidence=record.evidence.value,
        is_reading=name != SENSITIVITY,
    )


def force_size_factor(troops: float) -> float:
    """Return the factor that the published slope over force size would give, if it held for a hazard.

    exp(slope * min(troops, cap) / 1000), slope -0.130 and cap 10,000 armed troops: Hultman, Kathman and
    Shannon 2014, about battle deaths in African civil wars. A line of sensitivity beside the dial: a force is
    a label of a scenario here, and no size is turned into a survival of its own accord.
    """
    records = load_dial_records()
    held = min(max(troops, 0.0), records.value("force_size.cap"))
    return math.exp(records.value("force_size.log_slope") * held / 1000.0)


@cache
def list_studies() -> tuple[Study, ...]:
    """Return what published work found about third parties and truces, and how much of it was read."""
    text = files("truceline.simulate").joinpath("readings", "third_parties.csv").read_text(encoding="utf-8")
    return tuple(Study(**row) for row in csv.DictReader(io.StringIO(text)))
