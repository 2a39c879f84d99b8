"""`truceline deploy`: dates with bands, what binds, what-ifs, in words and as JSON; slips told at once."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from small_inputs import run_command

from truceline.generation.make import Question, generate
from truceline.plan import Plan
from truceline.plan.basis import describe_basis
from truceline.plan.date_questions import DateQuestion
from truceline.plan.dates import find_dates
from truceline.publish.document import write_document
from truceline.scenario.model import Contributors

LAST_DAY = date(2026, 1, 31)
QUICK = ("--samples", "8", "--quiet")


@pytest.fixture(scope="module")
def printed(nations_folder: Path) -> str:
    return run_command("deploy", nations_folder, *QUICK)


def test_the_parts_of_the_answer_are_printed_with_the_seed(printed: str) -> None:
    for part in (
        "First and full capability",
        "Calendar of approvals: estimated",
        "Strength by week, and what keeps the others away",
        "What if",
        "8 draws of every lead time, load and capacity; seed 1.",
    ):
        assert part in printed


def test_never_is_said_with_what_is_missing(nations_folder: Path) -> None:
    told = run_command("deploy", nations_folder, *QUICK, "--days", "40")
    assert re.search(r"(?m)^full operating capability +never", told)
    assert re.search(r"(?m)^Missing: .*never in 40 days: ", told)


def test_what_rests_on_ours_is_marked(nations_folder: Path, printed: str) -> None:
    data = json.loads(run_command("deploy", nations_folder, *QUICK, "--json"))
    assert data["people_ours"] > 0
    assert data["basis"] == "ours"
    for nation in data["approvals"]:
        if nation["people"] > 0:
            mark = "~" if nation["basis"] == "ours" else ""
            number = re.search(rf"(?m)^{nation['name']}  +(\S+)", printed)
            assert number
            assert number[1].startswith("~") == bool(mark)
            if mark:
                assert nation["people_low"] < nation["people"] < nation["people_high"]


def test_json_has_all_parts_and_the_same_bytes_again(nations_folder: Path) -> None:
    first = run_command("deploy", nations_folder, *QUICK, "--json")
    assert first == run_command("deploy", nations_folder, *QUICK, "--json")
    data = json.loads(first)
    assert data["schema"] == "truceline.deploy/1"
    assert (data["n_draws"], data["seed"]) == (8, 1)
    assert [stage["stage"] for stage in data["stages"]] == ["first", "full"]
    assert len(data["weeks"]) == 53
    assert all(week["binds"] for week in data["weeks"])


def test_what_is_asked_for_is_said_and_changes_the_dates(nations_folder: Path) -> None:
    plain = json.loads(run_command("deploy", nations_folder, "--samples", "0", "--quiet", "--json"))
    asked = json.loads(
        run_command(
            "deploy",
            nations_folder,
            *("--samples", "0", "--quiet", "--json"),
            *(
                "--preposition",
                "200",
                "--approvals-before",
                "30 day",
                "--no-us-lift",
                "--lose",
                "gauge-west=5..40",
            ),
        )
    )
    assert plain["question"] == "As planned"
    for part in ("30 days before", "200 people", "gauge-west lost from day 5 to day 40", "no strategic lift"):
        assert part in asked["question"]
    assert asked["what_ifs"][0]["people_at_day"]["60"] != plain["what_ifs"][0]["people_at_day"]["60"]


def test_every_slip_in_the_options_is_told_at_once(nations_folder: Path) -> None:
    told = run_command(
        "deploy",
        nations_folder,
        *("--approvals-before", "soon", "--lose", "a=4", "--delay", "XYZ=3", "--delay", "DEU=x"),
        *("--nodes", "nowhere.csv"),
        code=2,
    )
    assert "6 problems" in told
    for part in ("is not a time", "is not a loss", "'XYZ' is not a nation", "no such file", "stands alone"):
        assert part in told


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--lose", "gdansk"], "is not a node that anything passes; one of rolling-stock"),
        (["--lose", "gauge-west=-5..9"], "before the ceasefire"),
        (["--approvals-before", "-3 day"], "not possible"),
        (["--delay", "DEU=-3"], "is not a delay"),
        (["--delay", "JPN=3"], "does not come in case coalition"),
        (["--preposition", "-1"], "is not a number of people"),
        (["--days", "0"], "is not a horizon"),
        (["--samples", "-1"], "is not a number of draws"),
        (["--case", "tomorrow"], "is not known"),
    ],
)
def test_each_slip_has_its_message(nations_folder: Path, options: list[str], found: str) -> None:
    assert found in run_command("deploy", nations_folder, *options, code=2)


def test_tables_of_a_network_are_told_with_all_that_is_wrong(nations_folder: Path, tmp_path: Path) -> None:
    nodes, routes = tmp_path / "nodes.csv", tmp_path / "routes.csv"
    nodes.write_text(
        "node,label,kind,unit,capacity,capacity_low,capacity_high,nations,evidence,source\n"
        "afar,Afar,origin,,,,,*,stated,test\nlanes,Lanes,road,person/day,,,,,stated,test\n"
    )
    routes.write_text(
        "route,label,moves,carries,origins,path,days,days_low,days_high,evidence,source\n"
        "coach,Coach,people,light,afar,lanes|nowhere,2,,,stated,test\n"
    )
    told = run_command("deploy", nations_folder, "--nodes", nodes, "--routes", routes, code=2)
    assert "the node has no capacity" in told
    assert "nowhere" in told


def test_a_folder_with_dates_is_asked_as_it_was_made_and_values_the_backstop_in_days(
    small_plan: Plan, tmp_path: Path
) -> None:
    chosen, known = small_plan.chosen, small_plan.assumptions
    basis = describe_basis(small_plan.scenario, chosen, small_plan.length_m, 2, None, [chosen])
    question = Question(backstop=False, unlock=False, claims=False)
    found = generate(basis, Contributors(pledges="ukraine-2025"), LAST_DAY, known, question)
    dates = find_dates(found, known, DateQuestion(days=200, samples=0, next_door=50.0))
    write_document(replace(small_plan, generation=found, dates=dates), tmp_path / "plan.json")
    told = json.loads(run_command("deploy", tmp_path, *QUICK, "--json"))
    assert (told["days"], told["next_door_people"]) == (200, 50.0)
    worth = json.loads(run_command("backstop", tmp_path, "--quiet", "--json"))["worth"]
    days = next(one for one in worth["measures"] if one["key"] == "days")
    assert days["unit"] == "day"
    assert days["with_all"] <= 200
    assert "(200: never)" in days["label"]
    told = run_command("explain", tmp_path, "dates.half")
    assert "dates.approved." in told
