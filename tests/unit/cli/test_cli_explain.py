"""`truceline explain`: every headline of a plan unfolds; what cannot be read back is said."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from small_inputs import run_command

from truceline.plan import Plan
from truceline.publish import read
from truceline.publish.document import write_document


@pytest.fixture(scope="module")
def place(small_plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with the plan.json of the small plan; read it, never change it."""
    folder = tmp_path_factory.mktemp("plan")
    write_document(small_plan, folder / "plan.json")
    return folder


@pytest.fixture(scope="module")
def document(place: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((place / "plan.json").read_text(encoding="utf-8"))
    return found


def test_every_headline_of_every_posture_unfolds(place: Path, document: dict[str, Any]) -> None:
    for key, posture in document["postures"].items():
        for tree in posture["headlines"]:
            printed = run_command("explain", place, tree["name"], "--posture", key)
            assert printed.startswith(f"{tree['name']} = ")
            assert tree["label"] in printed.splitlines()[0]


def test_parts_ranges_evidence_and_sources_are_printed_and_weak_ones_marked(place: Path) -> None:
    printed = run_command("explain", place, "force.deployed")
    lines = printed.splitlines()
    assert lines[0] == "force.deployed = 3,070 people  People deployed"
    assert lines[1] == "  = force.watching + force.deterrence"
    assert "      range 0.03 to 0.08" in lines
    assert any(line.strip().startswith("[published] ") for line in lines)
    for line in lines:
        if line.strip().startswith(("[judgement]", "[general]")):
            assert line.endswith("<- weak: check before relying on it")
        elif line.strip().startswith("["):
            assert "<- weak" not in line


def test_a_number_met_twice_is_unfolded_once(place: Path) -> None:
    printed = run_command("explain", place, "force.deployed")
    assert printed.count("= (staffing.days_on_post + staffing.days_off_post) / staffing.days_on_post") == 1
    assert "(unfolded above)" in printed


def test_coverage_unfolds_to_its_cell_size_and_ranges(place: Path) -> None:
    printed = run_command("explain", place, "watch.detect")
    assert "sight.cell = 2 km" in printed
    assert "indicative" in printed
    assert "by state: day " in printed


def test_numbers_below_a_headline_and_assumptions_unfold_too(place: Path) -> None:
    assert "force.post_cycle = " in run_command("explain", place, "force.post_cycle")
    printed = run_command("explain", place / "plan.json", "crossing.water_speed")
    assert "range 1 m/s to 4 m/s" in printed
    assert "<- weak" in printed


MISTAKES = {
    "a slip of a name": (["force.deploy"], "did you mean force.deployed"),
    "no such number": (["zzz"], "headlines: line.length, force.deployed"),
    "no such posture": (["force.deployed", "--posture", "x"], "one of observers, technical"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_wrong_name_is_answered_with_right_ones(mistake: str, place: Path) -> None:
    arguments, said = MISTAKES[mistake]
    assert said in run_command("explain", place, *arguments, code=2)


def spoil(text: str, spoiler: Callable[[dict[str, Any]], object]) -> str:
    data = json.loads(text)
    spoiler(data)
    return json.dumps(data)


def headline_value(value: object) -> Callable[[str], str]:
    def change(data: dict[str, Any]) -> None:
        data["postures"]["observers"]["headlines"][1]["value"] = value

    return lambda text: spoil(text, change)


DAMAGED: dict[str, tuple[Callable[[str], str], str]] = {
    "cut off": (lambda text: text[: len(text) // 2], "is not JSON"),
    "empty": (lambda text: "", "is not JSON"),
    "another thing": (lambda text: "[]", "has the schema None"),
    "the next schema": (
        lambda text: text.replace("truceline.plan/1", "truceline.plan/2"),
        "has the schema 'truceline.plan/2', not 'truceline.plan/1'",
    ),
    "only a schema": (lambda text: '{"schema": "truceline.plan/1"}', "postures  Field required"),
    "nested without end": (lambda text: "[" * 100_000, "is not JSON"),
    "not a number": (lambda text: text.replace('"n_samples": ', "").replace("null", "NaN"), "is not JSON"),
    "a word for a value": (headline_value("x"), "is not a traced number"),
    "a list for a value": (headline_value([1]), "is not a traced number"),
    "headlines that are none": (
        lambda text: spoil(text, lambda data: data["postures"]["observers"].update(headlines=[{}])),
        "is not a traced number",
    ),
    "a key nobody knows": (
        lambda text: spoil(text, lambda data: data.update(extra=1)),
        "plan.json: extra",
    ),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_document_is_refused_with_what_is_wrong(damage: str, place: Path, tmp_path: Path) -> None:
    change, said = DAMAGED[damage]
    text = change((place / "plan.json").read_text(encoding="utf-8"))
    (tmp_path / "plan.json").write_text(text, encoding="utf-8")
    printed = run_command("explain", tmp_path, "force.deployed", code=2)
    assert said in printed
    assert "truceline plan" in printed or "make the plan again" in printed


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_bytes(b"\xff\xfe\x00")
    assert "is not JSON" in run_command("explain", tmp_path, "force.deployed", code=2)


def test_a_huge_document_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "plan.json").open("wb") as handle:
        handle.truncate(read.MAX_BYTES + 1)
    monkeypatch.setattr(read.json, "loads", lambda *_, **__: pytest.fail("was read"))
    assert "more than 50,000,000 bytes" in run_command("explain", tmp_path, "force.deployed", code=2)


def test_no_plan_there_says_how_to_make_one(tmp_path: Path) -> None:
    printed = run_command("explain", tmp_path / "nowhere", "force.deployed", code=2)
    assert "there is no such file; make one with `truceline plan`" in printed
    assert "there is no such file" in run_command("explain", tmp_path, "force.deployed", code=2)


def test_text_of_a_strange_document_cannot_steer_the_terminal(place: Path, tmp_path: Path) -> None:
    text = (
        (place / "plan.json")
        .read_text(encoding="utf-8")
        .replace("People deployed", "People\\u001b[2J deployed")
    )
    (tmp_path / "plan.json").write_text(text, encoding="utf-8")
    assert "\x1b" not in run_command("explain", tmp_path, "force.deployed")
