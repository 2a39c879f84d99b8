"""`truceline compare`: folders, scenarios and variants in any mix, on the screen and as CSV."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from small_inputs import list_leavings, run_command, write_scenario

from truceline.plan import Plan
from truceline.publish.document import write_document


@pytest.fixture(autouse=True)
def _in_a_folder_with_a_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_plan: Plan) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "done").mkdir()
    write_document(small_plan, tmp_path / "done" / "plan.json")


def read_csv(name: str) -> dict[str, list[str]]:
    with Path(name).open(encoding="utf-8", newline="") as handle:
        return {row[0]: row[1:] for row in csv.reader(handle)}


def row_of(printed: str, name: str) -> str:
    return next(line for line in printed.splitlines() if line.split(" ")[0] == name)


def test_a_folder_stands_beside_a_packaged_scenario(small_plan: Plan) -> None:
    printed = run_command("compare", "done", "unficyp-1975")
    assert "done" in printed.splitlines()[0]
    assert "unficyp-1975" in printed.splitlines()[0]
    assert row_of(printed, "force.deployed").split()[-4:] == ["3,070", "people", "4,671", "people"]
    assert row_of(printed, "watch.detect").rstrip().endswith("-")


def test_average_weakest_open_tolerance_and_cell_stand_in_one_table() -> None:
    printed = run_command("compare", "done", "done/plan.json")
    for name in (
        "line.tolerance",
        "sight.cell",
        "watch.detect",
        "watch.verify",
        "watch.attribute",
        "crossing.weakest",
        "crossing.open",
    ):
        assert row_of(printed, name)
    assert row_of(printed, "line.tolerance").split()[-4:] == ["1", "km", "1", "km"]
    assert row_of(printed, "sight.cell").split()[-2:] == ["2", "km"]


def test_labels_are_printed_whole() -> None:
    printed = " ".join(run_command("compare", "done", "done").split())
    assert "People of the watching force: watchers, reaction and their" in printed


def test_a_variant_of_the_first_scenario_stands_beside_it(tmp_path: Path) -> None:
    file = write_scenario(tmp_path, {"variants": {"more": {"postures.watch.watch": "3 person/km"}}})
    printed = run_command("compare", file.name, "--variant", "more", "--out", "both.csv")
    assert "tiny-line.yaml --variant more" in printed
    assert "Written: both.csv" in printed
    rows = read_csv("both.csv")
    assert rows["name"] == ["label", "unit", "tiny-line.yaml", "tiny-line.yaml --variant more"]
    plain, more = (float(cell) for cell in rows["force.deployed"][2:])
    assert more > plain
    plain, more = (float(cell) for cell in rows["watch.detect"][2:])
    assert more >= plain


def test_the_file_holds_full_numbers_and_blanks(small_plan: Plan) -> None:
    run_command("compare", "done", "unficyp-1975", "--out", "both.csv", "--quiet")
    rows = read_csv("both.csv")
    value = small_plan.chosen.headlines["force.deployed"].value
    assert float(rows["force.deployed"][2]) == value
    assert rows["watch.detect"][3] == ""


def test_a_posture_can_be_chosen_for_all(small_plan: Plan) -> None:
    printed = run_command("compare", "done", "done", "--posture", "technical")
    people = round(small_plan.postures["technical"].people.force.deployed_people)
    assert row_of(printed, "force.deployed").split()[-2:] == [f"{people}", "people"]


MISTAKES = {
    "one thing": (["done"], "has only one thing to compare"),
    "unknown": (["done", "nowhere"], "neither a packaged scenario nor a file"),
    "unknown posture": (["done", "done", "--posture", "x"], "is not in this plan; one of observers"),
    "variant of a finished plan": (["done", "--variant", "more"], "done is a finished plan"),
    "unknown variant": (["unficyp-1975", "--variant", "x"], "is not a variant"),
    "a folder without a plan": (["done", "."], "there is no such file"),
    "a file of another kind": (["done", "plan.json"], "there is no such file"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_and_no_file_is_written(mistake: str, tmp_path: Path) -> None:
    arguments, said = MISTAKES[mistake]
    assert said in run_command("compare", *arguments, "--out", "both.txt", code=2)
    assert list_leavings(tmp_path) == ["done"]


def test_a_place_that_cannot_be_written_is_named() -> None:
    assert "cannot be written" in run_command("compare", "done", "done", "--out", "no/where.csv", code=2)


def test_an_interrupt_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("truceline.plan.make_plan", stop)
    printed = run_command("compare", "done", "unficyp-1975", "--out", "both.txt", code=130)
    assert printed == "interrupted; nothing half-written\n"
    assert list_leavings(tmp_path) == ["done"]
