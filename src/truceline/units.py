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
    "deg": "'120 deg'",
}

# Thousands may be parted by commas or underscores. A comma anywhere else is refused: '7,5 km' is seven and
# a half to half of Europe, and reading it as seventy-five would be worse than asking.
_NUMBER = re.compile(
    r"(?P<number>[-+]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+(?:_[0-9]+)*)?(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?)"
    r" ?(?P<unit>[^0-9.,].*)?"
)

# Words joined by * / or one space, each with at most a one-digit power: towers of powers would keep the
# parser of the unit library busy for ever.
_UNIT_WORDS = re.compile(r"|/? ?[A-Za-z%_]+(\^[0-9])?( ?[*/ ] ?[A-Za-z%_]+(\^[0-9])?)*")


class QuantityError(ValueError):
    """The text is not a quantity of the wanted kind; the message says what would be."""


@cache
def _registry() -> Any:
    """Return the unit registry, made on first use because it takes a quarter of a second to load."""
    import pint

    registry: Any = pint.UnitRegistry(autoconvert_offset_to_baseunit=False)
    registry.define("person = [person] = people = persons")
    registry.define("patrol = [patrol] = patrols")
    registry.define("brigade = [brigade] = brigades")
    return registry


def _example(unit: str) -> str:
    return _EXAMPLES.get(unit, f"a number with the unit '{unit}'")


def parse_quantity(text: object, unit: str) -> float:
    """Return the value of `text` in `unit`.

    Parameters
    ----------
    text
        A quantity such as ``"10 km"`` or ``"42 %"``; a bare number only where `unit` is ``"1"``. Anything
        else that a file may hold there is refused.
    unit
        The unit wanted, for example ``"m"``, ``"s"``, ``"person"`` or ``"1"`` for a plain number.

    Raises
    ------
    QuantityError
        When there is no unit, an unknown one, or one of another dimension.
    """
    if isinstance(text, int | float) and not isinstance(text, bool):
        return _read_bare_number(text, unit)
    if not isinstance(text, str):
        raise QuantityError(f"{_shorten(text)} is not a quantity; write {_example(unit)}")
    cleaned = " ".join(text[: 2 * MAX_QUANTITY_CHARACTERS].split())
    if len(cleaned) > MAX_QUANTITY_CHARACTERS or len(text) > 2 * MAX_QUANTITY_CHARACTERS:
        raise QuantityError(f"a quantity of {len(text):,} characters is too long; write {_example(unit)}")
    match = _NUMBER.fullmatch(cleaned)
    try:
        number = float(match["number"].replace(",", "").replace("_", "")) if match else math.nan
    except ValueError:
        match = None
    if match is None:
        comma = " with a point, not a comma" if re.search("[0-9],[0-9]", cleaned) else ""
        raise QuantityError(f"'{cleaned}' is not a quantity; write {_example(unit)}{comma}")
    return _finite(number * _factor((match["unit"] or "").strip(), unit, cleaned), cleaned)


def _read_bare_number(number: int | float, unit: str) -> float:
    try:
        value = float(number)
    except OverflowError:
        value = math.inf
    if unit != "1":
        raise QuantityError(f"{value:g} has no unit; write {_example(unit)}")
    return _finite(value, f"{value:g}")


def _shorten(value: object) -> str:
    text = repr(value)
    return text if len(text) <= MAX_QUANTITY_CHARACTERS else f"{text[:MAX_QUANTITY_CHARACTERS]}..."


def _finite(value: float, text: object) -> float:
    if not math.isfinite(value):
        raise QuantityError(f"'{text}' is not a finite number; write one that is")
    return value


def _factor(written: str, unit: str, text: str) -> float:
    """Return how many `unit` make one `written` unit."""
    if unit in ("dB", "dB/m"):  # a level is kept as a plain number: adding decibels is not adding powers
        if written != unit:
            raise QuantityError(f"'{text}' is not in {unit}; write {_example(unit)}")
        return 1.0
    if not written and unit != "1":
        raise QuantityError(f"'{text}' has no unit; write {_example(unit)}")
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


def format_chance(value: float) -> str:
    """Return a share as whole per cent, but never as 0 % or 100 % unless it is: a rare event is not none."""
    if 0 < value < 0.005:
        return "<1 %"
    if 0.995 <= value < 1:
        return ">99 %"
    return format_share(value)


def format_km(value_m: float, digits: int = 0) -> str:
    """Return a length given in metres, in kilometres."""
    return f"{value_m / 1000:,.{digits}f} km"


def format_value(value: float, unit: str) -> str:
    """Return `value` with its unit, to four digits: people whole from ten on, shares as they are stored."""
    if unit in ("person", "people") and abs(value) >= 10:
        return f"{format_people(value)} people"
    if unit == "m" and abs(value) >= 1000:
        return f"{_four_digits(value / 1000)} km"
    if unit == "s" and abs(value) >= 600:
        return f"{_four_digits(value / 60)} min"
    if unit in ("1", ""):
        return _four_digits(value)
    if unit.startswith("1/"):
        return f"{_four_digits(value)} / {unit[2:]}"
    return f"{_four_digits(value)} {'people' if unit == 'person' else unit}"


def _four_digits(value: float) -> str:
    """Return a number to four digits, or to whole ones with thousands parted where it is larger."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
