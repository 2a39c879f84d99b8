"""`truceline unlock`: smallest sets of conditions, what is fragile, what a day changed, what is too much."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from small_inputs import run_command

from truceline.generation.targets import Target


def read_matrix(printed: str) -> dict[str, list[str]]:
    """Return the rows of the first matrix: condition, then a mark for each set."""
    lines = printed.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("condition  "))
    rows = {}
    for line in lines[start + 1 :]:
        if line.startswith("days until"):
            break
        name, _, *marks = line.split()
        rows[name] = [mark for mark in marks if mark in (".", "x", "X")]
    return rows


def test_the_matrix_is_the_document_in_words(nations_folder: Path) -> None:
    printed = run_command("unlock", nations_folder, "--sequential", "--show", "3")
    told = json.loads(run_command("unlock", nations_folder, "--sequential", "--json"))
    [answer] = told["unlocking"]
    assert answer["signature"] == "sequential"
    assert answer["reachable"]
    matrix = read_matrix(printed)
    for place, one in enumerate(answer["sets"][:3]):
        assert {name for name, marks in matrix.items() if marks[place] != "."} == set(one["conditions"])
    capitals = {name for name, marks in matrix.items() if "X" in marks}
    assert capitals == set(answer["fragile"])
    assert f"{len(answer['sets'])} smallest sets of conditions bring it." in printed
    assert f"{len(answer['sets']) - 3} more sets are not shown; --show {len(answer['sets'])}" in printed


def test_the_quickest_set_is_told_with_its_days_and_nations(nations_folder: Path) -> None:
    printed = run_command("unlock", nations_folder, "--joint")
    [answer] = json.loads(run_command("unlock", nations_folder, "--joint", "--json"))["unlocking"]
    days = min(one["lead_days"] for one in answer["sets"])
    assert f"Quickest: set 1, about {days:,.0f} days after the ceasefire (ours): ~" in printed
    assert printed.count("Quickest") == 1


def test_both_ways_of_signing_are_told_unless_one_is_asked_for(nations_folder: Path) -> None:
    printed = run_command("unlock", nations_folder)
    assert "Sequential: each waits for those its condition names" in printed
    assert "Joint: " in printed
    told = json.loads(run_command("unlock", nations_folder, "--json"))
    assert [one["signature"] for one in told["unlocking"]] == ["sequential", "joint"]
    assert "Joint" not in run_command("unlock", nations_folder, "--sequential")


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("people=2000", "2,000 people"),
        ("people=50%", "1,535 people"),
        ("detect=0.5", "50% of incidents detected"),
        ("fill.hospital=1", "role 2 hospital beds 100% full"),
    ],
)
def test_a_target_may_be_people_or_a_share(target: str, words: str, nations_folder: Path) -> None:
    printed = run_command("unlock", nations_folder, "--target", target, "--sequential")
    assert f"Target: {words}" in printed
    values = re.search(r"(?m)^brings +(.*)$", printed)
    assert values
    assert all(
        ("%" in printed) if "people" not in target else each.startswith("~") for each in values[1].split()
    )


def test_what_a_later_day_changed_is_told(nations_folder: Path) -> None:
    arguments = ("unlock", nations_folder, "--since", "2025-04-10", "--target", "people=60%", "--sequential")
    printed = run_command(*arguments)
    counts = re.search(r"Sets gained: ([0-9]+); lost: ([0-9]+); partly met meanwhile: ([0-9]+)", printed)
    assert counts
    told = json.loads(run_command(*arguments, "--json"))
    [change] = told["since"]["unlocking"]
    assert told["since"]["day"] == "2025-04-10"
    assert [len(change[key]) for key in ("gained", "lost", "partly_met")] == [int(n) for n in counts.groups()]
    assert change["gained"] or change["lost"]


def test_two_days_are_asked_for_the_same_people_without_a_target(
    nations_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The default steps down where the people of the plan are out of reach: on both days to the same."""
    from truceline.generation import make

    sought = []
    seek = make.seek_target

    def note(target: Target, *arguments: Any, **named: Any) -> Any:
        sought.append(target.value)
        return seek(target, *arguments, **named)

    monkeypatch.setattr(make, "seek_target", note)
    run_command("unlock", nations_folder, "--since", "2025-02-17", "--sequential")
    assert sought[-1] == pytest.approx(sought[1], abs=1e-5)
    assert len(sought) == 4


def test_the_same_question_gives_the_same_bytes(nations_folder: Path) -> None:
    assert run_command("unlock", nations_folder, "--json") == run_command("unlock", nations_folder, "--json")


def test_a_target_beyond_reach_is_one_message_with_the_best_and_the_shortfall(nations_folder: Path) -> None:
    printed = run_command("unlock", nations_folder, "--target", "people=100000", code=2)
    assert printed.startswith("unlock: 1 problem\n")
    assert re.search(
        r"100,000 people  is beyond reach: everything that can be met together brings ~[0-9,]+ with .+, "
        r"~[0-9,]+ short; this plan needs 3,070 people",
        printed,
    )


def test_a_share_beyond_reach_says_which_share_is_not(nations_folder: Path) -> None:
    printed = run_command("unlock", nations_folder, "--target", "detect=0.99", code=2)
    assert re.search(
        r"brings [0-9.]+ % with .+, [0-9.]+ % short; set the target at [0-9.]+ % or below", printed
    )


MISTAKES = {
    "no target": ("people", "is not a target; write people=10000"),
    "another measure": ("poeple=5", "did you mean people?"),
    "no such capability": ("fill.air-defense=1", "did you mean fill.air-defence?"),
    "no number": ("people=many", "is not a target"),
    "more than all": ("fill=1.2", "1.2 is not a share"),
    "a capability nobody holds": ("fill.isr-sea=1", "nobody who might come holds any"),
    "a capability nobody needs": ("fill.air-defence=1", "this force has no need of"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_target_that_cannot_be_sought_is_refused(mistake: str, nations_folder: Path) -> None:
    target, said = MISTAKES[mistake]
    day = ["--as-of", "2025-01-01"] if "nobody holds" in mistake else []
    printed = run_command("unlock", nations_folder, "--target", target, *day, code=2)
    assert said in printed
    assert "1 problem" in printed.splitlines()[0]


def test_sets_of_no_size_are_refused(nations_folder: Path) -> None:
    assert "Usage: truceline unlock" in run_command("unlock", nations_folder, "--show", "0", code=2)
