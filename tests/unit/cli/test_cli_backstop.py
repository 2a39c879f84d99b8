"""`truceline backstop`: needed, held, missing and what each task changes, in words and as JSON."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from small_inputs import run_command, write_scenario

from truceline.generation.backstop import TASKS
from truceline.generation.claims import read_claims


@pytest.fixture(scope="module")
def printed(nations_folder: Path) -> str:
    return run_command("backstop", nations_folder, "--claims")


def test_every_line_of_every_task_says_what_is_missing(printed: str) -> None:
    table = printed.partition("Needed, held by others, missing")[2].partition("What each task changes")[0]
    assert re.search(r"(?m)^Imaging satellites +satellite +[0-9.]+ +~[0-9]+ +~[0-9.]+ +~.* a year", table)
    assert re.search(r"(?m)^The political guarantee .*cannot be counted +not for sale +not known", table)
    assert "This force needs none of: " in table
    assert "What it would cost nobody knows: The political guarantee." in table


def test_what_others_hold_is_always_marked_as_ours(nations_folder: Path, printed: str) -> None:
    told = json.loads(run_command("backstop", nations_folder, "--json"))
    for line in told["backstop"]:
        for part in ("held", "gap"):
            if line[part] is not None:
                assert line[part]["basis"] == "ours"
                assert {"value", "low", "high"} <= set(line[part])
    for row in re.findall(r"(?m)^.*(?:satellite|aircraft|bed|channel)  +[0-9.]+  +(\S+)", printed):
        assert row.startswith("~")


def test_each_task_is_told_once_by_what_it_changes(printed: str) -> None:
    told = printed.partition("What each task changes")[2].partition("What has been claimed")[0]
    tail = told.partition("Fair share:")[2]
    table = told.partition("Fair share:")[0]
    for task in TASKS:
        in_table = bool(re.search(rf"(?m)^{task.label}  ", table))
        in_words = any(
            task.label in line
            for line in tail.splitlines()
            if line.startswith(("Changes too", "Changes nothing"))
        )
        assert in_table != in_words, task.label


def test_the_values_are_those_of_the_document(nations_folder: Path, printed: str) -> None:
    worth = json.loads(run_command("backstop", nations_folder, "--json"))["worth"]
    seen = next(each for each in worth["measures"] if each["key"] == "detect")
    told = re.search(rf"{seen['label']}: ([0-9.]+) % without any task, ([0-9.]+) % with all", printed)
    assert told
    ends = [100 * seen["without"], 100 * seen["with_all"]]
    assert [float(number) for number in told.groups()] == pytest.approx(ends, abs=0.051)
    total = sum(each["shapley"] for each in worth["tasks"] if each["measure"] == "detect")
    assert total == pytest.approx(seen["with_all"] - seen["without"], abs=1e-4)
    assert worth["basis"] == "ours"


def test_pairs_that_replace_each_other_are_named(printed: str) -> None:
    assert "stand in for each other" in printed


def test_all_claims_have_a_verdict_only_when_asked(nations_folder: Path, printed: str) -> None:
    sheet = printed.partition("What has been claimed")[2]
    counts = re.search(rf"{len(read_claims())} claims: (.*)\.", sheet)
    assert counts
    assert sum(int(number) for number in re.findall(r"[0-9]+", counts[1])) == len(read_claims())
    for claim in read_claims():
        assert re.search(rf"(?m)^{claim.key}  ", sheet)
    assert "What has been claimed" not in run_command("backstop", nations_folder)


def test_claims_about_strength_read_every_posture_of_the_plan(printed: str) -> None:
    """The plan has two postures; a folder that forgot one could not say how strength hangs on the task."""
    assert "does not have more than one posture" not in printed


def test_json_has_the_claims_only_when_asked(nations_folder: Path) -> None:
    told = json.loads(run_command("backstop", nations_folder, "--json", "--claims"))
    assert told["schema"] == "truceline.backstop/1"
    assert len(told["claims"]) == len(read_claims())
    assert "claims" not in json.loads(run_command("backstop", nations_folder, "--json"))


def test_another_day_is_another_register(nations_folder: Path) -> None:
    early = json.loads(run_command("backstop", nations_folder, "--as-of", "2025-02-17", "--json"))
    late = json.loads(run_command("backstop", nations_folder, "--json"))
    assert (early["as_of"], late["as_of"]) == ("2025-02-17", "2026-01-31")
    held = {
        name: {line["label"]: line["held"]["value"] for line in told["backstop"] if line["held"]}
        for name, told in (("early", early), ("late", late))
    }
    assert held["early"]["Role 2 hospital beds"] < held["late"]["Role 2 hospital beds"]


def test_a_scenario_that_is_only_a_length_is_weighed_by_people(tmp_path: Path) -> None:
    """There is nothing to see without a map, and the table says nothing of it."""
    text = tmp_path / "length.yaml"
    text.write_text(
        "format: 1\nname: length\ntitle: A length\nas_of: 2026-01-31\nline: {length: 200 km}\n"
        "posture: given\n"
        "postures: {given: {label: Given, given: {posts: 40}}}\ncontributors: {pledges: ukraine-2025}\n",
        encoding="utf-8",
    )
    told = run_command("backstop", text, "--quiet")
    assert "People sent and carried: " in told
    assert "detected" not in told.lower()


def test_claims_about_a_scenario_plan_every_posture_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import truceline.plan as plan

    asked = []
    make = plan.make_plan

    def note(*arguments: Any, **named: Any) -> Any:
        asked.append(named["only_chosen"])
        return make(*arguments, **named)

    monkeypatch.setattr(plan, "make_plan", note)
    file = write_scenario(tmp_path, {"contributors": {"pledges": "ukraine-2025"}})
    assert "25 claims" in run_command("backstop", file, "--claims", "--quiet")
    run_command("backstop", file, "--quiet")
    assert asked == [False, True]


def test_mistakes_are_gathered(tmp_path: Path) -> None:
    told = run_command("backstop", "nobody", "--as-of", "x", "--burden", "y", code=2)
    assert told.startswith("backstop: 2 problems")
    assert "there is no such file" in run_command("backstop", tmp_path, code=2)
    told = run_command("backstop", write_scenario(tmp_path), code=2)
    assert "says nothing of nations" in told


def test_the_guarantee_is_swept_over_what_nobody_has_said(nations_folder: Path) -> None:
    told = json.loads(run_command("backstop", nations_folder, "--as-of", "2025-04-10", "--sweep", "--json"))
    assert [point["tasks_wanted"] for point in told["sweep"]] == list(range(1, 11))
    shares = [point["guarantee_offered_people"] for point in told["sweep"]]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > shares[-1] > 0
    printed = run_command("backstop", nations_folder, "--sweep")
    assert "how many tasks a nation means by a backstop" in printed
