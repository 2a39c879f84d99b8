"""Quantities are read as people write them, and refused with a hint where they could be misread."""

from __future__ import annotations

import math
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truceline.units import (
    MAX_QUANTITY_CHARACTERS,
    QuantityError,
    format_km,
    format_people,
    format_share,
    format_value,
    parse_quantity,
)

UNITS = (
    "m",
    "s",
    "m/s",
    "person",
    "person/km",
    "1/km",
    "1",
    "dB",
    "dB/m",
    "month",
    "patrol/day/km",
    "1/day",
    "h",
)


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("10 km", "m", 10_000),
        ("10km", "m", 10_000),
        (" 10  km ", "m", 10_000),
        ("1,500 km", "m", 1_500_000),
        ("1_500 m", "m", 1500),
        (".5 km", "m", 500),
        ("5. km", "m", 5000),
        ("1e3 m", "m", 1000),
        ("-3 m", "m", -3),
        ("90 min", "s", 5400),
        ("40 km/h", "m/s", 40 / 3.6),
        ("42 %", "1", 0.42),
        ("42%", "1", 0.42),
        ("0.42", "1", 0.42),
        (0.42, "1", 0.42),
        (7, "1", 7),
        ("5000 people", "person", 5000),
        ("1 person", "person", 1),
        ("0.1 / km", "1/km", 0.1),
        ("0.106 patrol/day/km", "patrol/day/km", 0.106),
        ("10.6 patrols / day / (100 km)", "patrol/day/km", None),
        ("4.4 person/km", "person/km", 4.4),
        ("8 dB", "dB", 8),
        ("6 month", "month", 6),
        ("1 year", "month", 12),
        ("1 m^2/m", "m", 1),
    ],
)
def test_a_quantity_is_read_in_the_unit_wanted(text: object, unit: str, expected: float | None) -> None:
    if expected is None:
        with pytest.raises(QuantityError):
            parse_quantity(text, unit)
    else:
        assert parse_quantity(text, unit) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "unit", "says"),
    [
        (12000, "m", "has no unit; write '10 km'"),
        ("12000", "m", "has no unit; write '10 km'"),
        ("10 people", "m", "not a quantity in m; write '10 km'"),
        ("10 blorp", "m", "not a known unit"),
        ("7,5 km", "m", "with a point, not a comma"),
        ("1,2345 km", "m", "with a point, not a comma"),
        ("10 dB", "m", "'dB' is not a known unit"),
        ("10", "dB", "write '8 dB'"),
        ("ten km", "m", "is not a quantity"),
        ("", "m", "is not a quantity"),
        ("km", "m", "is not a quantity"),
        ("-", "1", "is not a quantity"),
        ("nan", "1", "is not a quantity"),
        ("1e999 m", "m", "not a finite number"),
        (math.inf, "1", "not a finite number"),
        (10**400, "1", "not a finite number"),
        (True, "1", "True is not a quantity"),
        (None, "1", "None is not a quantity"),
        (["1 km"], "m", "is not a quantity"),
        ({"a": "b" * 900}, "m", "..."),
        ("5 m**9**9**9", "m", "is not a unit"),
        ("5 __import__('os')", "m", "is not a unit"),
        ("9" * 61, "1", "61 characters is too long"),
        ("10" + " " * 10_000 + "km", "m", "too long"),
    ],
)
def test_what_cannot_be_read_says_what_to_write(text: object, unit: str, says: str) -> None:
    with pytest.raises(QuantityError) as caught:
        parse_quantity(text, unit)
    assert says in str(caught.value)


@given(st.text(max_size=2 * MAX_QUANTITY_CHARACTERS + 10), st.sampled_from(UNITS))
def test_any_text_is_read_or_refused(text: str, unit: str) -> None:
    with suppress(QuantityError):  # any other error is a failure
        assert math.isfinite(parse_quantity(text, unit))


@given(st.from_regex(r"[0-9]{1,3}[ *_/^%a-z0-9().-]{0,50}", fullmatch=True), st.sampled_from(UNITS))
def test_text_like_a_quantity_is_read_or_refused(text: str, unit: str) -> None:
    with suppress(QuantityError):  # any other error is a failure
        assert math.isfinite(parse_quantity(text, unit))


@pytest.mark.parametrize(
    "text", ["1 " + "m  " * 19 + "!", "1 " + "m * " * 14 + "!", "1" + "/ m" * 19 + "!", "1 " + "m" * 58]
)
def test_no_text_keeps_the_reader_busy(text: str) -> None:
    parse_quantity("1 m", "m")  # the unit library loads once
    started = time.perf_counter()
    with pytest.raises(QuantityError):
        parse_quantity(text, "m")
    assert time.perf_counter() - started < 1


@given(st.floats(min_value=-1e9, max_value=1e9), st.sampled_from([unit for unit in UNITS if unit != "month"]))
def test_a_printed_value_reads_back_to_four_digits(value: float, unit: str) -> None:
    # People are printed whole from ten on: half a person more or less.
    allowed = 0.5 if unit == "person" else 0.5e-3 * abs(value)
    assert parse_quantity(format_value(value, unit), unit) == pytest.approx(
        value, abs=allowed + 1e-300, rel=0
    )


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_written_in_full_reads_back_exactly(value: float) -> None:
    assert parse_quantity(repr(value), "1") == value


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (107_000, "m", "107 km"),
        (999, "m", "999 m"),
        (12_345_678, "m", "12,346 km"),
        (5400, "s", "90 min"),
        (60, "s", "60 s"),
        (1234.6, "person", "1,235 people"),
        (1.5, "person", "1.5 people"),
        (0.25, "1/km", "0.25 / km"),
        (0.42, "1", "0.42"),
        (4.4, "person/km", "4.4 person/km"),
        (6, "month", "6 month"),
    ],
)
def test_values_are_printed_for_people(value: float, unit: str, expected: str) -> None:
    assert format_value(value, unit) == expected


def test_the_short_forms() -> None:
    assert format_people(100_000.4) == "100,000"
    assert format_share(0.4213, 1) == "42.1 %"
    assert format_km(1_234_567, 1) == "1,234.6 km"
