"""Units: read quantities as people write them, and print numbers as people read them.

Conversion happens once, at the edge: inside the program a length is in metres, a time in
seconds, a share between 0 and 1, a head count in people. This file knows no field terms.
"""

from __future__ import annotations

import math
import re
from functools import cache
from typing import Any

MAX_QUANTITY_CHARACTERS = 60
"""Longest text accepted as a quantity: anything longer is a mistake or an attack on the parser."""

_EXAMPLES = {
    "m": "'10 km'",
    "s": "'90 min'",
    "day": "'14 day'",
    "month": "'6 month'",
    "m/s": "'40 km/h'",
    "person": "'5000 people'",
    "patrol/day/km": "'0.106 patrol/day/km'",
    "1": "'0.42' or '42 %'",
    "dB": "'8 dB'",
    "dB/m": "'0.0005 dB/m'",
    "1/day": "'3 / day'",
}

# Words joined by * / or space, each with at most a one-digit power: towers of powers would keep the
# parser of the unit library busy for ever.
_UNIT_WORDS = re.compile(r"|/?\s*[A-Za-z%_]+(\^\d)?(\s*[*/ ]\s*[A-Za-z%_]+(\^\d)?)*")


class QuantityError(ValueError):
    """The text is not a quantity of the wanted kind; the message says what would be."""


@cache
def _registry() -> Any:
    """Return the unit registry, made on first use because it takes a quarter of a second to load."""
    import pint

    registry = pint.UnitRegistry(autoconvert_offset_to_baseunit=False)
    registry.define("person = [person] = people = persons")
    registry.define("patrol = [patrol] = patrols")
    registry.define("brigade = [brigade] = brigades")
    return registry


def _example(unit: str) -> str:
    return _EXAMPLES.get(unit, f"a number with the unit '{unit}'")


def parse_quantity(text: str | int | float, unit: str) -> float:
    """Return the value of `text` in `unit`.

    Parameters
    ----------
    text
        A quantity such as ``"10 km"`` or ``"42 %"``; a bare number only where `unit` is ``"1"``.
    unit
        The unit wanted, for example ``"m"``, ``"s"``, ``"person"`` or ``"1"`` for a plain number.

    Raises
    ------
    QuantityError
        When there is no unit, an unknown one, or one of another dimension.
    """
    if isinstance(text, bool) or text is None:
        raise QuantityError(f"{text!r} is not a quantity; write {_example(unit)}")
    if isinstance(text, int | float):
        if unit != "1":
            raise QuantityError(f"{text:g} has no unit; write {_example(unit)}")
        return _finite(float(text), text)
    cleaned = text.strip()
    if len(cleaned) > MAX_QUANTITY_CHARACTERS:
        raise QuantityError(f"a quantity of {len(cleaned)} characters is too long; write {_example(unit)}")
    match = re.fullmatch(r"([-+]?[\d.,_]*\d\.?(?:[eE][-+]?\d+)?)\s*(.*)", cleaned)
    if not match:
        raise QuantityError(f"'{cleaned}' is not a quantity; write {_example(unit)}")
    try:
        number = float(match[1].replace(",", "").replace("_", ""))
    except ValueError:
        raise QuantityError(f"'{cleaned}' is not a quantity; write {_example(unit)}") from None
    return _finite(number * _factor(match[2].strip(), unit, cleaned), cleaned)


def _finite(value: float, text: object) -> float:
    if not math.isfinite(value):
        raise QuantityError(f"'{text}' is not a finite number")
    return value


def _factor(written: str, unit: str, text: str) -> float:
    """Return how many `unit` make one `written` unit."""
    if unit in ("dB", "dB/m"):  # a level is kept as a plain number: adding decibels is not adding powers
        if written != unit:
            raise QuantityError(f"'{text}' is not in {unit}; write {_example(unit)}")
        return 1.0
    if not written and unit != "1":
        raise QuantityError(f"{text} has no unit; write {_example(unit)}")
    if not _UNIT_WORDS.fullmatch(written):
        raise QuantityError(f"'{written}' is not a unit; write {_example(unit)}")
    import pint

    registry = _registry()
    try:
        expression = written.replace("%", " percent ")
        expression = f"1 {expression}" if expression.startswith("/") else expression
        source = registry.parse_expression(expression) if written else 1.0
        quantity = source * registry.dimensionless if isinstance(source, int | float) else source
        target = registry.parse_expression(unit) if unit != "1" else registry.dimensionless
        return float((1.0 * quantity / target).to("dimensionless").magnitude)
    except pint.errors.DimensionalityError:
        raise QuantityError(f"'{text}' is not a quantity in {unit}; write {_example(unit)}") from None
    except Exception:  # the parser of the library raises many kinds on malformed text
        raise QuantityError(f"'{written}' is not a known unit; write {_example(unit)}") from None


def format_people(value: float) -> str:
    """Return a head count for readers: whole people with thousands separators."""
    return f"{round(value):,}"


def format_share(value: float, digits: int = 0) -> str:
    """Return a share between 0 and 1 as a percentage."""
    return f"{100 * value:.{digits}f} %"


def format_km(value_m: float, digits: int = 0) -> str:
    """Return a length given in metres, in kilometres."""
    return f"{value_m / 1000:,.{digits}f} km"


def format_value(value: float, unit: str) -> str:
    """Return `value` with its unit, rounded for reading: people whole, shares as they are stored."""
    if unit in ("person", "people"):
        return f"{format_people(value)} people"
    if unit == "m" and abs(value) >= 1000:
        return f"{value / 1000:,.4g} km"
    if unit == "s" and abs(value) >= 600:
        return f"{value / 60:,.4g} min"
    number = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return number if unit in ("1", "") else f"{number} {unit}"
