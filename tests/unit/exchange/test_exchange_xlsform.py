"""The field form: read by the tool the servers use, the same bytes each time, no question forgotten."""

from __future__ import annotations

import io
import re
import zipfile
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import openpyxl
import pytest
from field_kit import event, submission
from pyxform.xls2xform import convert

from truceline.errors import OutputError
from truceline.events.feeds.odk_form import FORM_ID, NOT_READ, NUMBERS, POINTS, READ, TIMES
from truceline.events.kinds import Kind, Means, Observation, Phase, Weapon
from truceline.exchange.xlsform import MAX_CHOICES, make_field_form, write_field_form

POSTS = ("Post 12", "=HYPERLINK(1)", "Camera 3")
VARIANTS = {
    "plain": {},
    "mission": {"posts": POSTS, "regions": ("Donetsk", "Luhansk"), "sides": ("North", "South")},
}


@cache
def converted(content: bytes) -> ElementTree.Element:
    """Return the XForm that pyxform makes of a workbook, without warnings."""
    result = convert(io.BytesIO(content), file_type=".xlsx", validate=False)
    assert result.warnings == []
    return ElementTree.fromstring(result.xform)  # noqa: S314  our own form


def binds(form: ElementTree.Element) -> dict[str, dict[str, str]]:
    """Return the binds of a form by the last part of their path."""
    found = [each for each in form.iter() if each.tag.endswith("}bind")]
    return {each.attrib["nodeset"].rsplit("/", 1)[1]: dict(each.attrib) for each in found}


def rows_of(content: bytes, sheet: str) -> list[dict[str, str]]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    head, *rows = list(book[sheet].iter_rows(values_only=True))
    return [{str(name): str(cell or "") for name, cell in zip(head, row, strict=True)} for row in rows]


@pytest.mark.parametrize("variant", sorted(VARIANTS))
def test_pyxform_takes_the_form_without_a_warning(variant: str) -> None:
    form = converted(make_field_form(**VARIANTS[variant]))
    assert FORM_ID in ElementTree.tostring(form, encoding="unicode")


@pytest.mark.parametrize("variant", sorted(VARIANTS))
def test_every_question_is_read_by_the_feed_or_said_not_to_be(variant: str) -> None:
    form = converted(make_field_form(**VARIANTS[variant]))
    groups = {"violation", "event", "patrol", "denial", "camera", "instanceID", "instanceName"}
    asked = set(binds(form)) - groups
    assert asked - set(READ) - set(NOT_READ) == set()


def test_the_tests_fill_in_the_form_as_it_is() -> None:
    """Every answer of the invented submissions stands in the group in which the form asks for it."""
    form = converted(make_field_form())
    asked = {
        each.attrib["nodeset"].removeprefix("/data/") for each in form.iter() if each.tag.endswith("}bind")
    }
    given = set()
    for record in ("violation", "patrol", "denial", "camera"):
        made = submission("one", record)
        given |= {name for name in made if not name.startswith("_") and name != "meta"}
        given |= {f"{record}/{name}" for name in made[record]}
    given |= {f"violation/event/{name}" for name in event("a")}
    assert given - asked - {"violation/event"} == set()
    assert "violation/event/event_from" in asked


def test_what_the_feed_reads_is_asked() -> None:
    asked = set(binds(converted(make_field_form(**VARIANTS["mission"]))))
    assert set(READ) - asked == set()
    assert set(NOT_READ) - asked == set()
    assert set(READ) & set(NOT_READ) == set()


def test_types_of_the_answers_are_what_the_feed_takes_them_for() -> None:
    types = {
        name: bind["type"] for name, bind in binds(converted(make_field_form())).items() if "type" in bind
    }
    assert {name for name, type_ in types.items() if type_ == "dateTime"} == set(TIMES)
    assert {name for name, type_ in types.items() if type_ == "geopoint"} == set(POINTS)
    assert {name for name, type_ in types.items() if type_ == "int"} == set(NUMBERS) - {"n_events"}


def test_the_same_vocabularies_give_the_same_bytes_and_others_another_version() -> None:
    first = make_field_form()
    etree = pytest.importorskip("lxml.etree")
    etree.register_namespace("dct", "http://purl.org/dc/terms/")  # as some libraries do for themselves
    try:
        assert make_field_form() == first
    finally:
        etree.register_namespace("dcterms", "http://purl.org/dc/terms/")
    with zipfile.ZipFile(io.BytesIO(first)) as parts:
        assert b"2000-01-01T00:00:00Z" in parts.read("docProps/core.xml")
    versions = {rows_of(make_field_form(**each), "settings")[0]["version"] for each in VARIANTS.values()}
    assert len(versions) == 2
    assert all(re.fullmatch(r"[0-9a-f]{12}", version) for version in versions)


def test_vocabularies_of_the_form_are_those_of_the_watching() -> None:
    choices: dict[str, set[str]] = {}
    for row in rows_of(make_field_form(), "choices"):
        choices.setdefault(row["list_name"], set()).add(row["name"])
    assert choices["weapon"] == {str(each) for each in Weapon}
    assert choices["phase"] == {str(each) for each in Phase}
    assert choices["kind"] < {str(each) for each in Kind}
    assert {"explosion", "shot", "uav_flight", "weapon_present", "damage"} <= choices["kind"]
    assert choices["means"] < {str(each) for each in Means}
    assert choices["observation"] < {str(each) for each in Observation}
    assert choices["record"] == {"violation", "patrol", "denial", "camera"}


def test_no_end_comes_before_its_start_and_nothing_lies_in_the_future() -> None:
    form = binds(converted(make_field_form()))
    for name in ("event", "patrol", "denial", "camera"):
        begins, ends = form[f"{name}_from"], form[f"{name}_to"]
        assert begins["required"] == "true()"
        assert "now()" in begins["constraint"]
        assert f"{name}_from" in ends["constraint"]
        assert "now()" in ends["constraint"]
    assert form["bearing"]["constraint"] == ". >= 0 and . <= 360"
    assert "count_best" in form["count_low"]["constraint"]
    assert "count_best" in form["count_high"]["constraint"]


def test_each_part_is_shown_for_its_own_record_alone() -> None:
    form = binds(converted(make_field_form()))
    for name in ("violation", "patrol", "denial", "camera"):
        assert form[name]["relevant"].split("=")[1].strip() == f"'{name}'"


def test_labels_stand_under_a_language_and_no_question_asks_for_a_person() -> None:
    survey = rows_of(make_field_form(), "survey")
    assert {head for head in survey[0] if "::" in head} == {
        "label::English (en)", "hint::English (en)", "constraint_message::English (en)",
    }  # fmt: skip
    assert not {row["type"] for row in survey} & {"username", "email", "phonenumber", "audit", "image"}
    told = " ".join(row["hint::English (en)"].lower() for row in survey if row["type"] == "text")
    assert told.count("no names of persons") + told.count("never the name of a person") == 4


def test_a_translation_is_a_column_more(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(io.BytesIO(make_field_form()))
    for sheet in ("survey", "choices"):
        table = book[sheet]
        at = table.max_column + 1
        label = next(cell.column for cell in table[1] if cell.value == "label::English (en)")
        table.cell(1, at, "label::Ukrainian (uk)")
        for row in range(2, table.max_row + 1):
            if text := table.cell(row, label).value:
                table.cell(row, at, f"uk {text}")
    book.save(tmp_path / "two.xlsx")
    result = convert(tmp_path / "two.xlsx", validate=False)
    assert '<translation lang="Ukrainian (uk)">' in result.xform


def test_a_name_that_begins_like_a_formula_stays_text() -> None:
    content = make_field_form(posts=POSTS)
    labels = [row["label::English (en)"] for row in rows_of(content, "choices") if row["list_name"] == "post"]
    assert labels == [*POSTS, "Another one"]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert b"<f>" not in b"".join(archive.read(name) for name in archive.namelist())


def test_a_form_is_written_once_and_as_a_workbook_alone(tmp_path: Path) -> None:
    write_field_form(tmp_path / "form.xlsx")
    with pytest.raises(OutputError, match="is there already"):
        write_field_form(tmp_path / "form.xlsx")
    with pytest.raises(OutputError, match=r"end the name in \.xlsx"):
        write_field_form(tmp_path / "form.csv")


def test_more_posts_than_a_device_shows_are_refused() -> None:
    with pytest.raises(OutputError, match="more than a device can show"):
        make_field_form(posts=[f"Post {number}" for number in range(MAX_CHOICES + 1)])
