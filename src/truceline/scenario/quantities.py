"""Field types of a scenario: quantities that become assumption records when a file is read.

A scenario may write a quantity plainly (``10 km``) or as a record with range, date, evidence and
source. Either way the program sees an `Assumption` in the unit of the field: metres, seconds,
people, shares.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from truceline.scenario.assumption import Assumption, Evidence, Source
from truceline.units import QuantityError, format_value, parse_quantity

RECORD_KEYS = ("value", "range", "as_of", "evidence", "source", "label", "note")
"""Keys of a full assumption record in a scenario file."""


class RecordError(ValueError):
    """A quantity cannot be used; `faults` has (key in the record or "", message) for each reason."""

    def __init__(self, faults: Sequence[tuple[str, str]]) -> None:
        self.faults = tuple(faults)
        super().__init__(self.faults[0][1])


def assume(value: object, unit: str) -> Assumption:
    """Return `value` as an assumption in `unit`.

    Accepts a quantity as text, a plain number where `unit` is "1", a record with the keys
    `RECORD_KEYS`, or an Assumption in the same unit. Raises RecordError with what to write instead.
    """
    if isinstance(value, Assumption):
        if value.unit != unit:
            raise RecordError([("", f"is in {value.unit}; give it in {unit}")])
        return value
    if isinstance(value, Mapping):
        return _assume_record(value, unit)
    try:
        return Assumption(value=parse_quantity(value, unit), unit=unit)
    except QuantityError as error:
        raise RecordError([("", str(error))]) from None


def _assume_record(record: Mapping[str, Any], unit: str) -> Assumption:
    faults: list[tuple[str, str]] = [
        (key, f"is not a known key; a record has {', '.join(RECORD_KEYS)}")
        for key in record
        if key not in RECORD_KEYS
    ]
    value = _quantity(record, "value", unit, faults)
    low, high = _range(record, unit, faults)
    evidence = _evidence(record, faults)
    source = _source(record, faults)
    if value is not None and low is not None and high is not None and not low <= value <= high:
        found = f"{format_value(low, unit)} to {format_value(high, unit)} does not hold"
        faults.append(
            ("range", f"{found} the value {format_value(value, unit)}; write the lower bound first")
        )
    if faults or value is None:
        raise RecordError(faults)
    return Assumption(
        value=value,
        low=low,
        high=high,
        unit=unit,
        label=str(record.get("label") or ""),
        as_of=str(record.get("as_of") or ""),
        evidence=evidence,
        source=source,
        note=str(record.get("note") or ""),
    )


def _quantity(record: Mapping[str, Any], key: str, unit: str, faults: list[tuple[str, str]]) -> float | None:
    if key not in record:
        faults.append((key, "is missing; write `value: 10 km`, in the unit of the key"))
        return None
    try:
        return parse_quantity(record[key], unit)
    except QuantityError as error:
        faults.append((key, str(error)))
        return None


def _range(
    record: Mapping[str, Any], unit: str, faults: list[tuple[str, str]]
) -> tuple[float | None, float | None]:
    if "range" not in record:
        return None, None
    bounds = record["range"]
    if not isinstance(bounds, list) or len(bounds) != 2:
        faults.append(("range", "needs two quantities; write `range: [7 km, 15 km]`"))
        return None, None
    low, high = (_quantity({"range": bound}, "range", unit, faults) for bound in bounds)
    return low, high


def _evidence(record: Mapping[str, Any], faults: list[tuple[str, str]]) -> Evidence:
    written = record.get("evidence", Evidence.stated.value)
    known = [grade.value for grade in Evidence]
    if written in known:
        return Evidence(written)
    faults.append(("evidence", f"'{written}' is not a grade of evidence; one of {', '.join(known)}"))
    return Evidence.stated


def _source(record: Mapping[str, Any], faults: list[tuple[str, str]]) -> Source | None:
    written = record.get("source")
    if written is None:
        return None
    fields = list(Source.model_fields)
    if not isinstance(written, Mapping) or not written.get("title") or set(written) - set(fields):
        how = "write `source: {title: ..., locator: ...}`"
        faults.append(("source", f"needs a title and may have {', '.join(fields[1:])}; {how}"))
        return None
    return Source(**{key: str(text) for key, text in written.items() if text is not None})


def _check(record: Assumption, minimum: float, maximum: float, what: str) -> Assumption:
    for bound in (record.value, *record.bounds):
        if not minimum <= bound <= maximum:
            raise ValueError(f"{format_value(bound, record.unit)} is out of bounds; {what}")
    return record


def _positive(record: Assumption, maximum: float = math.inf) -> Assumption:
    for bound in (record.value, *record.bounds):
        if bound <= 0:
            hint = "write more than zero, or leave the key out"
            raise ValueError(f"{format_value(bound, record.unit)} must be above zero; {hint}")
        if bound > maximum:
            limit = format_value(maximum, record.unit)
            raise ValueError(f"{format_value(bound, record.unit)} is out of bounds; write at most {limit}")
    return record


MAX_DISTANCE_M = 1e7
"""Longest distance accepted: a quarter of the earth's girth is no line of contact."""

Length = Annotated[
    Assumption,
    BeforeValidator(partial(assume, unit="m")),
    AfterValidator(partial(_positive, maximum=MAX_DISTANCE_M)),
]
"""A length above zero, kept in metres."""
Distance = Annotated[
    Assumption,
    BeforeValidator(partial(assume, unit="m")),
    AfterValidator(partial(_check, minimum=0, maximum=MAX_DISTANCE_M, what="write 0 to 10,000 km")),
]
"""A distance that may be zero, kept in metres."""
Duration = Annotated[Assumption, BeforeValidator(partial(assume, unit="s")), AfterValidator(_positive)]
"""A time, kept in seconds."""
Wait = Annotated[
    Assumption,
    BeforeValidator(partial(assume, unit="s")),
    AfterValidator(partial(_check, minimum=0, maximum=3.2e8, what="write '90 day', from 0 to ten years")),
]
"""A time that may be zero, kept in seconds."""
Headcount = Annotated[
    Assumption,
    BeforeValidator(partial(assume, unit="person")),
    AfterValidator(partial(_check, minimum=0, maximum=1e7, what="write '1000 people', from 0")),
]
"""A head count that may be zero."""
People = Annotated[Assumption, BeforeValidator(partial(assume, unit="person")), AfterValidator(_positive)]
"""A head count."""
PeoplePerLength = Annotated[
    Assumption, BeforeValidator(partial(assume, unit="person/km")), AfterValidator(_positive)
]
"""People for each kilometre of line."""
Density = Annotated[
    Assumption,
    BeforeValidator(partial(assume, unit="1/km")),
    AfterValidator(partial(_check, minimum=0, maximum=1000, what="write '0.1 / km', 0 to 1,000")),
]
"""Number for each kilometre of line."""
Share = Annotated[
    Assumption,
    BeforeValidator(partial(assume, unit="1")),
    AfterValidator(partial(_check, minimum=0, maximum=1, what="write a share from 0 to 1 or '40 %'")),
]
"""A share between 0 and 1."""
Arc = Annotated[
    Assumption,
    BeforeValidator(partial(assume, unit="deg")),
    AfterValidator(partial(_check, minimum=1, maximum=360, what="write '120 deg', 1 to 360")),
]
"""Width of an arc, in degrees."""
Number = Annotated[
    Assumption,
    BeforeValidator(partial(assume, unit="1")),
    AfterValidator(partial(_check, minimum=0, maximum=1e9, what="write a number from 0")),
]
"""A plain number, not negative."""
