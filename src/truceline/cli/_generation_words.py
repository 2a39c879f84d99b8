"""Words for numbers about nations on a terminal: `~5,450 ours (2,700-8,200)` where nobody stated a size.

Where the mark goes and how many digits a number bears is decided in `publish.sizes`, for the report and the
terminal alike; here it is put into letters that every terminal and pipe can show. It computes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date

from truceline.generation.model import SizeBasis
from truceline.publish.sizes import (
    ABOUT,
    DIGITS,
    DIGITS_OF_BOUNDS,
    Size,
    format_units,
    round_to,
    show_people,
    show_sum,
)
from truceline.trace import Traced
from truceline.units import format_share

NOBODY = "nobody"
"""What is told in place of a number where no people come."""
NAMES_SHOWN = 12
"""Names told in one sentence; the rest are counted."""
LEAST_POINTS = 0.05
"""Percentage points below which a change is rounding."""


def tell_people(people: Traced, basis: SizeBasis) -> str:
    """Return the people a nation sends: bare where it had stated a size, else marked as ours with the range.

    What it had stated is for the caller to tell: it may send less.
    """
    if basis == "none" or people.value <= 0:
        return NOBODY
    return _plain(show_people(people, basis, tight=basis == "stated"))


def tell_total(people: Traced, ours: float) -> str:
    """Return people of several nations, marked with the part that rests on sizes nobody stated."""
    return NOBODY if round(people.value) <= 0 else _plain(show_sum(people, ours))


def tell_ours(value: float) -> str:
    """Return a number that rests on ours; whoever prints it says so beside it or under the table."""
    return f"~{format_units(round_to(value, DIGITS))}"


def tell_filled(share: float, mark: str = "") -> str:
    """Return a share, never as all or nothing unless it is. mark: put before a number."""
    if 0.995 <= share < 1:
        return ">99 %"
    return "<1 %" if 0 < share < 0.005 else f"{mark}{format_share(share)}"


def tell_span(low: float | None, high: float | None) -> str:
    """Return a range; `not known` where nobody published one."""
    known = [value for value in (low, high) if value is not None and math.isfinite(value)]
    if not known:
        return "not known"
    least, most = format_units(known[0]), format_units(known[-1])
    return least if least == most else f"{least}-{most}"


def tell_money(low: float, high: float) -> str:
    """Return a range of USD bn to two digits, in millions where it is below one."""
    unit, scale = ("m", 1000.0) if high < 1 else ("bn", 1.0)
    least, most = (format_units(round_to(scale * value, DIGITS_OF_BOUNDS)) for value in (low, high))
    return f"{least} {unit}" if least == most else f"{least}-{most} {unit}"


def tell_short(value: float, mark: str = "") -> str:
    """Return what is missing of a requirement; a trace of it is not nothing. mark: put before a number."""
    return "<0.1" if 0 < value < 0.05 else f"{mark}{format_units(value)}"


def tell_day(day: date) -> str:
    """Return a day as people write it."""
    return f"{day.day} {day:%B %Y}"


def tell_names(names: Sequence[str], most: int = NAMES_SHOWN) -> str:
    """Return names as a list in a sentence; beyond `most` the rest are counted."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def tell_change(value: float, unit: str) -> str:
    """Return a signed change of a measure; `none` where it is rounding only, shares in points."""
    sign = "+" if value > 0 else "-"
    if unit == "1":
        points = abs(100 * value)
        return "none" if points < LEAST_POINTS else f"{sign}{points:.1f} points"
    if unit == "person":
        number = format_units(round_to(abs(value), DIGITS))
    else:
        number = f"{abs(value):,.0f}" if unit == "day" else f"{abs(value):,.2g}"
    return f"{sign}{number}" if any(digit in number for digit in "123456789") else "none"


def tell_value(value: float, unit: str) -> str:
    """Return a value of a measure that rests on ours."""
    if unit == "1":
        return format_share(value, 1)
    if unit == "day":
        return f"~{value:,.0f}"
    return tell_ours(value) if unit == "person" else f"{value:,.2g} {unit}"


def _plain(size: Size) -> str:
    return str(size).replace(f"{ABOUT} ", "~").replace(ABOUT, "~").replace("\N{EN DASH}", "-")
