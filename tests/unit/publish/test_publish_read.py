"""Reading a plan folder back: the document, and numbers by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from truceline.errors import OutputError
from truceline.plan import Plan
from truceline.publish.document import document_plan, dump_document, write_document
from truceline.publish.read import explain, read_document


@pytest.fixture(scope="module")
def place(small_plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("read")
    write_document(small_plan, folder / "plan.json")
    return folder


def test_a_folder_and_its_file_read_alike(place: Path, small_plan: Plan) -> None:
    text = dump_document(document_plan(small_plan))
    assert (
        dump_document(read_document(place)) == dump_document(read_document(str(place / "plan.json"))) == text
    )


def test_a_headline_comes_before_a_part_of_the_same_name(place: Path, small_plan: Plan) -> None:
    for name, traced in small_plan.chosen.headlines.items():
        assert explain(place, name) == traced


def test_the_posture_asked_for_is_explained(place: Path, small_plan: Plan) -> None:
    technical = explain(place, "force.deployed", posture="technical")
    assert technical.value == small_plan.postures["technical"].people.force.deployed_people
    assert technical.value != explain(place, "force.deployed").value


def test_parts_and_assumptions_that_no_headline_uses_are_found(place: Path, small_plan: Plan) -> None:
    assert explain(place, "force.front").value == small_plan.chosen.people.force.front_people
    for name in small_plan.assumptions:
        assert explain(place, name).value == small_plan.assumptions.value(name)


def test_an_unknown_number_is_answered_with_near_ones(place: Path) -> None:
    with pytest.raises(OutputError, match=r"did you mean watch\.detect"):
        explain(place, "watch.detct")
    with pytest.raises(OutputError, match=r"headlines: line\.length"):
        explain(place, "?")


def test_a_file_that_may_not_be_read_is_named(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plan.json").write_text("{}", encoding="utf-8")

    def refuse(self: Path, encoding: str) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(OutputError, match="cannot be read: permission denied"):
        read_document(tmp_path)
