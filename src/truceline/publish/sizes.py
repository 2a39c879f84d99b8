"""How a number is shown that nobody stated: with its mark, its range, and no more digits than it is worth.

People, units of a capability, shares. Sizes that a nation stated stand as it gave them. A prior of ours never
stands bare: ``≈ 5,450 ours (2,700–8,200)``, in tight cells ``≈5,450 ours``. Where the mark goes is decided
here and nowhere else; nothing is computed but the rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from truceline.trace import Traced
from truceline.units import format_share

ABOUT = "≈"
OURS = "ours"
"""The mark of a number that rests on a size nobody stated."""
DIGITS, DIGITS_OF_BOUNDS = 3, 2
"""Digits of a prior and of the ends of its range, which is wide: more would pretend to know."""
_DASH = "–"
_MOST_DECIMALS = 1  # as `format_units` shows


@dataclass(frozen=True)
class Size:
    """A number as a reader meets it. `parts` keep it apart from its mark, so that a page can set them."""

    number: str
    mark: str = ""
    """Whose it is: "ours", "stated", or what part of a sum is ours; empty for a number like any other."""
    range: str = ""
    is_ours: bool = False

    def __str__(self) -> str:
        return " ".join(part for part in (self.number, self.mark, self.range) if part)


def round_to(value: float, digits: int) -> float:
    """Return a number to so many significant digits."""
    if value == 0 or not math.isfinite(value):
        return value
    return round(value, digits - 1 - math.floor(math.log10(abs(value))))


def format_units(value: float) -> str:
    """Return people or units for readers: whole from ten on, one decimal below, two digits below one."""
    if abs(value) >= 10 or float(value).is_integer():
        return f"{round(value):,}"
    return f"{value:.1f}" if abs(value) >= 1 else f"{value:.2g}"


def show_range(low: float | None, high: float | None, digits: int = DIGITS_OF_BOUNDS) -> str:
    """Return the ends of a range in brackets, rounded outwards, or nothing where one is unknown."""
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return ""
    ends = _round_outwards(low, digits, math.floor), _round_outwards(high, digits, math.ceil)
    return f"({_DASH.join(format_units(end) for end in ends)})"


def _round_outwards(value: float, digits: int, towards: Callable[[float], int]) -> float:
    """Return the bound of a range at so many digits, never inside what it bounds."""
    if value == 0:
        return 0.0
    places = min(_MOST_DECIMALS, digits - 1 - math.floor(math.log10(abs(value))))
    whole = round(value * 10.0**places, 6)  # a bound that is round already stays
    return towards(whole) / 10.0**places


def show_ours(traced: Traced, *, tight: bool = False) -> Size:
    """Return a number that rests on a prior of ours, with its range unless `tight`."""
    number = format_units(round_to(traced.value, DIGITS))
    if tight:
        return Size(f"{ABOUT}{number}", OURS, is_ours=True)
    return Size(f"{ABOUT} {number}", OURS, show_range(traced.low, traced.high), is_ours=True)


def show_ours_value(value: float) -> Size:
    """Return a bare number of ours for a tight cell."""
    return Size(f"{ABOUT}{format_units(round_to(value, DIGITS))}", OURS, is_ours=True)


def show_ours_share(value: float) -> Size:
    """Return a share that rests on a prior of ours."""
    return Size(f"{ABOUT}{format_share(value)}", OURS, is_ours=True)


def show_people(traced: Traced, basis: str, *, tight: bool = False, noun: str = "") -> Size:
    """Return the people of one contributor: stated sizes as stated, ours marked, a dash for nobody.

    basis: "stated", "ours" or "none", as in `truceline.generation.model.SizeBasis`.
    """
    noun = f" {noun}" if noun else ""
    if basis == "ours":
        size = show_ours(traced, tight=tight)
        return replace(size, number=f"{size.number}{noun}")
    if basis == "none":
        return Size(_DASH)
    return Size(f"{format_units(traced.value)}{noun}", "" if tight else "(stated)")


def show_sum(total: Traced, ours: float, *, tight: bool = False, noun: str = "") -> Size:
    """Return a sum of stated sizes and of ours; where any of it is ours it says how much.

    ours: the part of `total` that rests on sizes nobody stated. noun: stands behind the number in a sentence.
    """
    noun = f" {noun}" if noun else ""
    if not ours > 0:
        return Size(f"{format_units(total.value)}{noun}")
    if math.isclose(ours, total.value, rel_tol=1e-6):
        size = show_ours(total, tight=tight)
        return replace(size, number=f"{size.number}{noun}")
    part = f"{ABOUT}{format_units(round_to(ours, DIGITS))} {OURS}"
    number = format_units(round_to(total.value, DIGITS))
    if tight:
        return Size(f"{ABOUT}{number}", f"of which {part}", is_ours=True)
    span = show_range(total.low, total.high)
    return Size(f"{ABOUT} {number}{noun}{f' {span}' if span else ''}", f"of which {part}", is_ours=True)
