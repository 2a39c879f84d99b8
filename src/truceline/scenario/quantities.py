"""Field types of a scenario: quantities that become assumption records when a file is read.

A scenario may write a quantity plainly (``10 km``) or as a record with range, date, evidence and
source. Either way the program sees an `Assumption` in the unit of the field: metres, seconds,
people, shares.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from truceline.scenario.assumption import Assumption, Evidence, Source
from truceline.units import QuantityError, parse_quantity

RECORD_KEYS = ("value", "range", "as_of", "evidence", "source", "label", "note")
"""Keys of a full assumption record in a scenario file."""


def assume(value: object, unit: str) -> Assumption:
    """Return `value` as an assumption in `unit`.

    Accepts a quantity as text, a plain number where `unit` is "1", a record with the keys
    `RECORD_KEYS`, or an Assumption in the same unit. Raises ValueError with what to write instead.
    """
    if isinstance(value, Assumption):
        if value.unit != unit:
            raise ValueError(f"is in {value.unit}, expected {unit}")
        return value
    try:
        if not isinstance(value, Mapping):
            return Assumption(value=parse_quantity(value, unit), unit=unit)  # type: ignore[arg-type]
        return _assume_record(value, unit)
    except QuantityError as error:
        raise ValueError(str(error)) from None


def _assume_record(record: Mapping[str, Any], unit: str) -> Assumption:
    unknown = sorted(set(record) - set(RECORD_KEYS))
    if unknown:
        raise ValueError(f"unknown key {', '.join(unknown)}; a record has {', '.join(RECORD_KEYS)}")
    if "value" not in record:
        raise ValueError("the record has no value; write `value: 10 km`")
    low = high = None
    if "range" in record:
        bounds = record["range"]
        if not isinstance(bounds, list) or len(bounds) != 2:
            raise ValueError("range needs two quantities; write `range: [7 km, 15 km]`")
        low, high = (parse_quantity(bound, unit) for bound in bounds)
    source = record.get("source")
    if source is not None and not isinstance(source, Mapping):
        raise ValueError("source needs a title; write `source: {title: ..., locator: ...}`")
    return Assumption(
        value=parse_quantity(record["value"], unit),
        low=low,
        high=high,
        unit=unit,
        label=str(record.get("label", "")),
        as_of=str(record.get("as_of", "")),
        evidence=Evidence(record.get("evidence", "stated")),
        source=Source.model_validate(source) if source is not None else None,
        note=str(record.get("note", "")),
    )


def _check(record: Assumption, minimum: float, maximum: float, what: str) -> Assumption:
    low, high = record.bounds
    if low < minimum or high > maximum:
        raise ValueError(f"{record.value:g} {record.unit} is out of bounds; {what}")
    return record


def _positive(record: Assumption) -> Assumption:
    if record.bounds[0] <= 0:
        raise ValueError(f"{record.value:g} {record.unit} must be above zero")
    return record


Length = Annotated[Assumption, BeforeValidator(partial(assume, unit="m")), AfterValidator(_positive)]
"""A length above zero, kept in metres."""
Distance = Annotated[
    Assumption,
    BeforeValidator(partial(assume, unit="m")),
    AfterValidator(partial(_check, minimum=0, maximum=1e7, what="write a distance from 0 to 10000 km")),
]
"""A distance that may be zero, kept in metres."""
Duration = Annotated[Assumption, BeforeValidator(partial(assume, unit="s")), AfterValidator(_positive)]
"""A time, kept in seconds."""
Speed = Annotated[Assumption, BeforeValidator(partial(assume, unit="m/s")), AfterValidator(_positive)]
"""A speed, kept in metres per second."""
People = Annotated[Assumption, BeforeValidator(partial(assume, unit="person")), AfterValidator(_positive)]
"""A head count."""
PeoplePerLength = Annotated[
    Assumption, BeforeValidator(partial(assume, unit="person/km")), AfterValidator(_positive)
]
"""People for each kilometre of line."""
Density = Annotated[
    Assumption,
    BeforeValidator(partial(assume, unit="1/km")),
    AfterValidator(partial(_check, minimum=0, maximum=1000, what="write a number for each km, such as '0.1 / km'")),
]
"""Number for each kilometre of line."""
Share = Annotated[
    Assumption,
    BeforeValidator(partial(assume, unit="1")),
    AfterValidator(partial(_check, minimum=0, maximum=1, what="write a share from 0 to 1 or '40 %'")),
]
"""A share between 0 and 1."""
Number = Annotated[
    Assumption,
    BeforeValidator(partial(assume, unit="1")),
    AfterValidator(partial(_check, minimum=0, maximum=1e9, what="write a number from 0")),
]
"""A plain number, not negative."""
