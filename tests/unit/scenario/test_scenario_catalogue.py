"""The catalogue and the packaged tables: every value has a unit, a label, evidence and a source."""

from __future__ import annotations

import pytest

from truceline.errors import TableError
from truceline.scenario.assumption import Assumption, AssumptionSet, Evidence
from truceline.scenario.catalogue import check_override, load_catalogue
from truceline.scenario.quantities import RecordError
from truceline.scenario.reference import (
    TABLES,
    find_row,
    grade_confidence,
    read_number,
    read_table,
    staffing_assumption,
)
from truceline.units import format_value, parse_quantity

CATALOGUE = load_catalogue()


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_catalogue_value_has_all_that_a_reader_may_ask(name: str) -> None:
    record = CATALOGUE[name]
    assert record.label
    assert record.source is not None
    assert record.source.title
    assert record.evidence is not Evidence.stated
    low, high = record.bounds
    assert low <= record.value <= high
    # Its unit can be read and printed, so that a scenario can replace it.
    assert parse_quantity(format_value(record.value, record.unit), record.unit) == pytest.approx(
        record.value, rel=0.1
    )


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_catalogue_value_may_stand_in_for_itself(name: str) -> None:
    assert check_override(name, CATALOGUE[name]) is CATALOGUE[name]


def test_an_explanation_keeps_grade_range_and_source() -> None:
    crew = CATALOGUE.trace("patrol.crew")
    assert (crew.name, crew.unit, crew.value) == ("patrol.crew", "person", CATALOGUE.value("patrol.crew"))
    assert (crew.low, crew.high) == CATALOGUE["patrol.crew"].bounds
    assert crew.evidence
    assert crew.source


def test_general_is_kept() -> None:
    """What was not read in a source must not become `published` on the way from table to catalogue."""
    marked = [row for row in read_table("staffing_factors") if "value_typical" in row["general_fields"]]
    assert marked
    for row in marked:
        record = staffing_assumption(f"staffing_factors/{row['factor_id']}", unit="1", label="x")
        assert record.evidence is Evidence.general
    for name, record in CATALOGUE.items():
        locator = record.source.locator if record.source else ""
        if locator.startswith("staffing_factors/") and "value_typical" in find_row(locator)["general_fields"]:
            assert record.evidence is Evidence.general, name


@pytest.mark.parametrize(
    ("word", "grade"),
    [
        ("seen", "published"),
        ("inference", "judgement"),
        ("mixed", "general"),
        ("none", "general"),
        ("new word", "general"),
    ],
)
def test_confidence_never_grows(word: str, grade: str) -> None:
    assert grade_confidence(word) is Evidence(grade)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("patrol.crew", -1, "must be above zero"),
        ("patrol.crew", 0, "must be above zero"),
        ("support.medical_share", -0.1, "is not a share"),
        ("support.medical_share", 1.01, "is not a share"),
    ],
)
def test_an_impossible_override_is_refused(name: str, value: float, says: str) -> None:
    record = Assumption(value=value, unit=CATALOGUE[name].unit)
    with pytest.raises(RecordError, match=says):
        check_override(name, record)


def test_a_replaced_value_widens_its_range_and_leaves_the_original() -> None:
    changed = CATALOGUE.replaced({"patrol.crew": 30})
    assert changed.value("patrol.crew") == 30
    assert changed["patrol.crew"].bounds == (CATALOGUE["patrol.crew"].bounds[0], 30)
    assert CATALOGUE.value("patrol.crew") != 30
    assert list(changed) == list(CATALOGUE) == sorted(CATALOGUE)


def test_a_range_must_hold_its_value() -> None:
    with pytest.raises(ValueError, match="does not hold the value 5"):
        Assumption(value=5, low=6, high=7, unit="m")
    assert Assumption(value=5, low=4, unit="m").bounds == (4, 5)
    assert not Assumption(value=5, unit="m").has_range


def test_an_empty_set_is_a_mapping() -> None:
    assert dict(AssumptionSet({})) == {}


@pytest.mark.parametrize("name", TABLES)
def test_a_packaged_table_has_unique_ids_and_even_rows(name: str) -> None:
    rows = read_table(name)
    assert rows
    ids = [next(iter(row.values())) for row in rows]
    assert len(set(ids)) == len(ids)
    for row in rows:
        assert None not in row, "a row has more cells than the header"
        assert None not in row.values(), "a row has fewer cells than the header"


def test_a_wrong_table_or_row_is_named() -> None:
    with pytest.raises(TableError, match="is not a packaged table; one of staffing_factors"):
        read_table("../../etc/passwd")
    with pytest.raises(TableError, match="there is no such row"):
        find_row("staffing_factors/SF999")


def test_an_empty_cell_is_no_number() -> None:
    assert read_number(" ") is None
    assert read_number(None) is None
    assert read_number("0.5") == 0.5


def test_a_row_is_scaled_with_its_range() -> None:
    plain = staffing_assumption("staffing_factors/SF037", unit="1", label="x")
    scaled = staffing_assumption("staffing_factors/SF037", unit="1", label="x", scale=0.01)
    assert scaled.value == pytest.approx(plain.value / 100)
    assert scaled.bounds == pytest.approx(tuple(bound / 100 for bound in plain.bounds))
