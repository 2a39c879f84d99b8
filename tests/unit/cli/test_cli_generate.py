"""`truceline generate`: who would come is told, nothing of ours is told as theirs, mistakes are gathered."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from small_inputs import list_leavings, run_command, write_scenario

from truceline.generation.register import read_register
from truceline.plan import Plan
from truceline.publish.document import write_document
from truceline.scenario.reference import read_table

DAYS = ("2025-02-17", "2025-04-10", "2025-09-05", "2026-01-31")
"""Days of the debate on which the register is asked."""
NATIONS = tuple(row["code"] for row in read_table("nations"))


def section(printed: str, head: str) -> list[list[str]]:
    """Return the rows of the table whose head begins so, as cells."""
    lines = printed.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith(head))
    rows = []
    for line in lines[start + 1 :]:
        if not line.strip() or "  " not in line:
            break
        rows.append(re.split(r"  +", line.strip()))
    return rows


def test_the_cases_are_set_side_by_side_with_the_shown_one_marked(nations_folder: Path) -> None:
    printed = run_command("generate", nations_folder)
    assert printed.splitlines()[0].endswith("Observers on both sides, as known on 31 January 2026")
    rows = section(printed, "case  ")
    assert [row[0] for row in rows[:5]] == [
        "today",
        "no-backstop",
        "coalition *",
        "un-mandate",
        "everyone-decides",
    ]
    assert rows[0][2] == "nobody"
    assert re.match(r"~[0-9,]+ ", rows[1][2])
    assert re.search(r"of which ~[0-9,]+ ours", rows[1][2])
    assert re.search(r"\([0-9,]+-[0-9,]+\)", rows[1][2])


def test_contributions_requirements_and_the_united_kingdom_are_told(nations_folder: Path) -> None:
    printed = run_command("generate", nations_folder, "--case", "no-backstop")
    sent = {row[0]: row for row in section(printed, "nation  ")}
    assert sent["Norway"][2] == "no size"
    assert sent["Estonia"][2] == "100 to 250"
    needs = {row[0] for row in section(printed, "the force needs")}
    assert {"Observation posts, masts and patrols", "Imaging satellites"} <= needs
    printed = run_command("generate", nations_folder, "--case", "everyone-decides")
    assert {row[0]: row for row in section(printed, "nation  ")}["United Kingdom"][2] == "up to 7,500"
    assert re.search(
        r"United Kingdom: sending [0-9,]+ ties up ~[0-9,]+ with those who prepare and recover: ", printed
    )


def test_the_case_day_burden_and_conditions_can_be_chosen(nations_folder: Path) -> None:
    printed = run_command(
        "generate",
        nations_folder,
        *("--as-of", "2025-09-05", "--case", "no-backstop", "--burden", "gdp-share"),
        *("--meet", "us.medevac", "--unmeet", "terms"),
    )
    assert "as known on 5 September 2025" in printed
    assert (
        "Case no-backstop -terms +us.medevac:" in printed or "Case no-backstop +us.medevac -terms:" in printed
    )
    assert "Burden rule gdp-share" in printed
    assert any(row[0].endswith(" *") for row in section(printed, "case  "))


def test_a_case_in_which_nobody_comes_says_so(nations_folder: Path) -> None:
    printed = run_command("generate", nations_folder, "--case", "today")
    assert "Nobody comes in this case" in printed


def test_what_changed_since_a_day_is_told_with_what_it_did_to_people(nations_folder: Path) -> None:
    printed = run_command("generate", nations_folder, "--since", "2025-09-05")
    assert "What changed from 5 September 2025 to 31 January 2026" in printed
    changed = printed.partition("What changed from")[2]
    assert "United Kingdom" in changed
    rows = section(changed, "people sent in the case")
    assert [row[0] for row in rows] == ["today", "no-backstop", "coalition", "un-mandate", "everyone-decides"]


def test_two_days_without_news_between_them_say_so(nations_folder: Path) -> None:
    printed = run_command("generate", nations_folder, "--as-of", "2026-01-31", "--since", "2026-01-30")
    assert "No nation in the register said anything new." in printed


# Honesty


def silent_names(day: str) -> set[str]:
    """Return the names of nations that had stated no size by a day."""
    from datetime import date

    stances = read_register(known_nations=NATIONS).on(date.fromisoformat(day))
    return {stance.name for stance in stances.values() if stance.size_from is None}


NUMBER = re.compile(r"(?<![\w.,~(+-])[0-9][0-9,]*(?:\.[0-9]+)?(?![\w,.]*[0-9])")
"""A number without a mark before it; `(` opens the range behind a number of ours."""


def bare_numbers(line: str) -> list[str]:
    """Return the numbers of a line that nobody marked, less dates, rows of a table and shown ranges."""
    told = re.sub(r"\([A-Z]+[0-9]+, [0-9-]+\)|[0-9]{4}-[0-9]{2}(-[0-9]{2})?", "", line)
    told = re.sub(r"~[0-9,.]+( %)?( ours)?( \([0-9,.]+-[0-9,.]+\))?", "", told)
    told = re.sub(r"in month ~?[0-9]+|, [0-9,]+ to [0-9,]+\)", "", told)
    return NUMBER.findall(told)


def test_the_finder_of_bare_numbers_finds_them() -> None:
    assert (
        bare_numbers("Norway  ~3,640 ours (1,800-5,500)  no size  ~4 %  breaks in month ~6  ~3 combat air")
        == []
    )
    assert bare_numbers("Norway  3,640  no size") == ["3,640"]
    assert bare_numbers("Norway sends 180") == ["180"]
    assert bare_numbers("Ireland refuses reassurance (P061, 2025-03-05).") == []


def ask_of_many(folder: Path, mission: str, place: Path) -> Path:
    """Write the plan again as one that asks for thirty times the people, so that many nations send."""
    document = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    basis = document["generation"]["basis"]
    basis["mission"] = mission
    basis["deployed"]["value"] *= 30
    for task in basis["tasks"]:
        task["people"] *= 30
    (place / "plan.json").write_text(json.dumps(document), encoding="utf-8")
    return place


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("mission", ["observation", "reassurance", "interposition"])
def test_a_nation_without_a_stated_size_has_no_bare_number(
    nations_folder: Path, mission: str, day: str, tmp_path: Path
) -> None:
    folder, silent = ask_of_many(nations_folder, mission, tmp_path), silent_names(day)
    told = 0
    for case in ("no-backstop", "coalition", "everyone-decides", "un-mandate"):
        for line in run_command("generate", folder, "--as-of", day, "--case", case).splitlines():
            if any(re.match(rf"{re.escape(name)}(  |: | refuses| waits)", line) for name in silent):
                assert bare_numbers(line) == [], line
                told += "ours" in line
    assert told


@pytest.mark.parametrize("day", DAYS)
def test_every_number_of_people_in_the_document_says_whose_it_is(nations_folder: Path, day: str) -> None:
    told = json.loads(run_command("generate", nations_folder, "--as-of", day, "--json"))
    silent = {one["code"] for one in told["pledges"] if one["size_words"].startswith("none stated")}
    assert silent
    seen = 0
    for one in sizes_of(told):
        seen += 1
        if one.get("code") in silent and (one["people"]["value"] or 0) > 0:
            assert one["people"]["basis"] == "ours"
            assert one["people"]["low"] < one["people"]["high"]
    assert seen


def sizes_of(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of a document that tells people of a nation."""
    if isinstance(node, dict):
        if "code" in node and isinstance(node.get("people"), dict):
            yield node
        for value in node.values():
            yield from sizes_of(value)
    if isinstance(node, list):
        for value in node:
            yield from sizes_of(value)


def test_json_is_one_document_with_stable_keys_and_nothing_beside_it(nations_folder: Path) -> None:
    arguments = ("generate", nations_folder, "--since", "2025-09-05", "--json")
    printed = run_command(*arguments)
    told = json.loads(printed)
    assert list(told) == [
        "schema",
        "scenario",
        "title",
        "as_of",
        "mission",
        "posture",
        "burden",
        "case",
        "requirements",
        "cases",
        "contributors",
        "pledges",
        "conditions",
        "warnings",
        "since",
    ]
    assert told["schema"] == "truceline.generate/1"
    assert told["since"]["day"] == "2025-09-05"
    assert printed == run_command(*arguments)


# Mistakes


def test_all_mistakes_of_options_are_told_at_once(tmp_path: Path) -> None:
    printed = run_command(
        "generate",
        "ukraine-2025",
        *("--as-of", "5 September 2025", "--since", "yesterday", "--case", "colition"),
        *("--burden", "fair", "--meet", "terms", "--unmeet", "terms", "--pledges", tmp_path / "none.csv"),
        code=2,
    )
    assert printed.startswith("generate: 6 problems")
    assert "5 September 2025  is not a date; write it as 2025-09-05" in printed
    assert "did you mean coalition?" in printed
    assert "one of stated-first, gdp-share, equal-effort" in printed
    assert "there is no such file" in printed


MISTAKES = {
    "an unknown condition": (["--meet", "us.medevak"], "'us.medevak' is not a known condition; did you mean"),
    "two that exclude each other": (
        ["--meet", "mandate.un", "--meet", "consent.side-b"],
        "cannot hold together",
    ),
    "a condition made of others": (["--meet", "us-material"], "is made of others; name some of us."),
    "another posture": (["--posture", "technical"], "was not planned in full"),
    "no posture": (["--posture", "nobody"], "is not in this plan; one of observers, technical"),
    "an earlier day that is later": (
        ["--as-of", "2025-04-10", "--since", "2025-09-05"],
        "is not before --as-of",
    ),
    "an earlier day that is after the plan's": (["--since", "2027-01-01"], "is not before 2026-01-31"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_answered_with_what_to_try(mistake: str, nations_folder: Path) -> None:
    arguments, said = MISTAKES[mistake]
    assert said in run_command("generate", nations_folder, *arguments, code=2)


def spoil_pledges(path: Path, *rows: dict[str, str]) -> Path:
    """Write the packaged register with some rows more."""
    table = read_table("pledges")
    plain = dict.fromkeys(table[0], "")
    plain |= {"stage": "announced", "position": "will_send_conditional", "missions_basis": "open"}
    plain |= {"source": "a test", "confidence": "high"}
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(table[0]))
        writer.writeheader()
        writer.writerows(table)
        writer.writerows({**plain, "pledge_id": f"X{n}", **row} for n, row in enumerate(rows))
    return path


def test_all_mistakes_of_a_register_are_told_at_once(nations_folder: Path, tmp_path: Path) -> None:
    file = spoil_pledges(
        tmp_path / "mine.csv",
        {"nation": "XXX", "date": "2025-09-01"},
        {"nation": "NOR", "date": "2025-10-01", "size_low": "-5"},
        {"nation": "FIN", "date": "2025-10-01"},
        {"nation": "FIN", "date": "2025-10-01"},
    )
    printed = run_command("generate", nations_folder, "--pledges", file, code=2)
    assert printed.startswith("pledge register: 3 problems")
    assert "'XXX' is not a known nation" in printed
    assert "size_low -5 is negative" in printed
    assert "overlapping dates: FIN" in printed


def test_a_register_of_ones_own_is_read(nations_folder: Path, tmp_path: Path) -> None:
    row = {"nation": "NOR", "name": "Norway", "date": "2026-01-20", "size_low": "321", "size_high": "321"}
    file = spoil_pledges(tmp_path / "mine.csv", row)
    printed = run_command("generate", nations_folder, "--pledges", file, "--since", "2026-01-15")
    assert "Norway (321)" in printed
    assert "321" in printed.partition("What changed from")[2]


def test_an_item_that_is_neither_scenario_nor_plan_is_refused(tmp_path: Path) -> None:
    assert "is neither a packaged scenario nor a file" in run_command("generate", "ukrain", code=2)
    assert "there is no such file; make one with `truceline plan`" in run_command(
        "generate", tmp_path, code=2
    )


def test_a_plan_made_without_nations_is_refused(small_plan: Plan, tmp_path: Path) -> None:
    write_document(small_plan, tmp_path / "plan.json")
    printed = run_command("generate", tmp_path, code=2)
    assert "made without contributors, or by an earlier version; make the plan again" in printed


def test_a_plan_made_before_there_were_nations_is_refused(small_plan: Plan, tmp_path: Path) -> None:
    """Such a document has no key for them, nor for the missions of its postures."""
    write_document(small_plan, tmp_path / "plan.json")
    document = json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))
    document.pop("generation")
    for posture in document["postures"].values():
        posture.pop("mission", None)
    (tmp_path / "plan.json").write_text(json.dumps(document), encoding="utf-8")
    assert "by an earlier version" in run_command("generate", tmp_path, code=2)


def test_a_plan_made_with_other_statements_asks_for_them(nations_folder: Path, tmp_path: Path) -> None:
    document = json.loads((nations_folder / "plan.json").read_text(encoding="utf-8"))
    document["generation"]["pledges"].pop()
    (tmp_path / "plan.json").write_text(json.dumps(document), encoding="utf-8")
    printed = run_command("generate", tmp_path, code=2)
    assert "was made with statements other than the packaged ones; give its register: --pledges" in printed


def test_a_plan_made_with_other_conditions_sends_to_its_scenario(
    nations_folder: Path, tmp_path: Path
) -> None:
    document = json.loads((nations_folder / "plan.json").read_text(encoding="utf-8"))
    ceasefire = next(one for one in document["generation"]["conditions"] if one["key"] == "ceasefire")
    ceasefire["state"] = "met"
    (tmp_path / "plan.json").write_text(json.dumps(document), encoding="utf-8")
    printed = run_command("generate", tmp_path, code=2)
    assert "was made with conditions other than the packaged ones; ask its scenario" in printed


def test_what_a_plan_assumed_is_what_a_later_question_assumes(nations_folder: Path, tmp_path: Path) -> None:
    """Shares of men under arms that can be used are in the document, whatever the catalogue has become."""
    document = json.loads((nations_folder / "plan.json").read_text(encoding="utf-8"))
    for tree in document["assumptions"]:
        if tree["name"] == "generation.surge_share":
            tree["value"] /= 2
    (tmp_path / "plan.json").write_text(json.dumps(document), encoding="utf-8")

    def sustained(folder: Path) -> float:
        told = json.loads(run_command("generate", folder, "--json"))
        norway = next(one for one in told["contributors"] if one["code"] == "NOR")
        return float(norway["sustained_people"]["value"])

    assert 0 < sustained(tmp_path) < 0.6 * sustained(nations_folder)


def test_an_assumption_that_cannot_be_read_back_is_named(nations_folder: Path, tmp_path: Path) -> None:
    document = json.loads((nations_folder / "plan.json").read_text(encoding="utf-8"))
    tree = next(tree for tree in document["assumptions"] if tree["name"] == "generation.surge_share")
    tree["evidence"] = "hearsay"
    (tmp_path / "plan.json").write_text(json.dumps(document), encoding="utf-8")
    printed = run_command("generate", tmp_path, code=2)
    assert "assumption generation.surge_share  cannot be read back; make the plan again" in printed


def test_an_interrupt_ends_with_its_own_code(nations_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("truceline.generation.make.read_situation", stop)
    assert "interrupted; nothing half-written" in run_command("generate", nations_folder, code=130)


# A scenario is planned first


def test_a_scenario_is_planned_and_asked_and_nothing_is_left_behind(tmp_path: Path) -> None:
    file = write_scenario(tmp_path, {"contributors": {"pledges": "ukraine-2025"}})
    printed = run_command("generate", file, "--as-of", "2026-01-31", "--quiet")
    assert printed.startswith("A tiny line: Watch, as known on 31 January 2026")
    assert "United Kingdom" in printed
    assert list_leavings(tmp_path) == []


def test_a_scenario_without_contributors_says_how_to_name_them(tmp_path: Path) -> None:
    file = write_scenario(tmp_path)
    printed = run_command("generate", file, code=2)
    assert "says nothing of nations: it has no `contributors`; add" in printed
    register = spoil_pledges(tmp_path / "mine.csv")
    assert "Nobody" in run_command("generate", file, "--pledges", register, "--case", "today")


CIRCLE = {
    "ceasefire": {"after": "terms", "needs": ""},
    "terms": {"after": "ceasefire", "needs": ""},
}


def test_a_circular_condition_is_named_with_its_ring_before_anything_is_planned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{**row, **CIRCLE.get(row["condition"], {})} for row in read_table("conditions")]
    with (tmp_path / "conditions.csv").open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    contributors = {"pledges": "ukraine-2025", "conditions": "conditions.csv"}
    file = write_scenario(tmp_path, {"contributors": contributors})
    monkeypatch.setattr("truceline.plan.make_plan", lambda *_, **__: pytest.fail("was planned"))
    printed = run_command("generate", file, code=2)
    assert "ceasefire > terms > ceasefire  is a circular condition" in printed


def test_a_condition_made_of_others_is_not_waited_for_when_enough_of_them_hold(nations_folder: Path) -> None:
    def waits(case: str) -> dict[str, str]:
        rows = section(run_command("generate", nations_folder, "--case", case), "stays out")
        return {row[0]: row[1] for row in rows}

    assert "us-material" in waits("no-backstop")["Netherlands"]
    assert waits("coalition")["Netherlands"] == "decision.NLD"
