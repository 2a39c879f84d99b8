"""A quantity in a scenario becomes a record in the unit of its field, or says all that is wrong with it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truceline.scenario.assumption import Assumption, Evidence
from truceline.scenario.quantities import RECORD_KEYS, RecordError, assume


def test_a_plain_quantity_is_stated() -> None:
    record = assume("10 km", "m")
    assert (record.value, record.unit, record.evidence) == (10_000, "m", Evidence.stated)
    assert not record.has_range


def test_a_full_record_keeps_everything_and_converts_the_range() -> None:
    record = assume(
        {
            "value": "90 min",
            "range": ["1 h", "2 h"],
            "as_of": 2013,
            "evidence": "published",
            "source": {"title": "A report", "locator": "page 3", "date": 2013},
            "label": "Time",
            "note": "seen",
        },
        "s",
    )
    assert (record.value, record.low, record.high, record.as_of) == (5400, 3600, 7200, "2013")
    assert str(record.source) == "A report, page 3"


def test_a_record_in_the_right_unit_passes_through_and_another_is_refused() -> None:
    record = Assumption(value=3, unit="m")
    assert assume(record, "m") is record
    with pytest.raises(RecordError, match="is in m; give it in s"):
        assume(record, "s")


@pytest.mark.parametrize(
    ("record", "says"),
    [
        ({}, "is missing"),
        ({"value": "5 people"}, "not a quantity in m"),
        ({"value": "5 km", "range": "3 km to 7 km"}, "needs two quantities"),
        ({"value": "5 km", "range": ["3 km"]}, "needs two quantities"),
        ({"value": "5 km", "range": ["3 km", 7]}, "7 has no unit"),
        ({"value": "5 km", "range": ["6 km", "7 km"]}, "6 km to 7 km does not hold the value 5 km"),
        ({"value": "5 km", "range": ["7 km", "3 km"]}, "write the lower bound first"),
        ({"value": "5 km", "evidence": "solid"}, "one of measured, published"),
        ({"value": "5 km", "evidence": ["measured"]}, "is not a grade of evidence"),
        ({"value": "5 km", "source": "a book"}, "needs a title"),
        ({"value": "5 km", "source": {"locator": "page 3"}}, "needs a title"),
        ({"value": "5 km", "source": {"title": "A", "page": 3}}, "needs a title"),
        ({"value": "5 km", "unit": "km"}, f"a record has {', '.join(RECORD_KEYS)}"),
        ({"value": None}, "None is not a quantity"),
    ],
)
def test_a_faulty_record_says_what_to_write(record: dict[str, object], says: str) -> None:
    with pytest.raises(RecordError) as caught:
        assume(record, "m")
    assert any(says in message for _, message in caught.value.faults)


def test_all_faults_of_a_record_are_named_at_once() -> None:
    with pytest.raises(RecordError) as caught:
        assume({"value": 5, "range": [1, "2 km"], "evidence": "x", "source": 3, "colour": "red"}, "m")
    assert sorted(key for key, _ in caught.value.faults) == ["colour", "evidence", "range", "source", "value"]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*RECORD_KEYS, "title"]), inner, max_size=4)
    ),
    max_leaves=6,
)


@given(anything, st.sampled_from(["m", "1", "person", "dB", "1/km"]))
def test_anything_a_file_can_hold_becomes_a_record_or_a_refusal(value: object, unit: str) -> None:
    try:
        record = assume(value, unit)
    except RecordError as error:
        assert error.faults  # noqa: PT017
    else:
        low, high = record.bounds
        assert low <= record.value <= high
