"""`truceline site`: every format and mistake, what it prints and writes, interrupts, the same again."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_inputs import list_leavings, run_command

from truceline.cli import siting_commands
from truceline.siting import cover as cover_module
from truceline.siting import solve as solve_module

ORLIB = "3 4 1 2 3 4 2 1 2 2 2 3 3 1 3 4"
RAIL = "3 4\n1 2 1 3\n2 2 1 2\n3 2 2 3\n4 1 3\n"
POINTS = "x,y,weight\n0,0,5\n1,0,4\n9,0,7\n30,0,3\n"
TABLE = "candidate,event,p\nhill,a,0.5\nhill,b,0.5\ntower,b,0.9\n=mast,c,0.25\n"


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in (("scp.txt", ORLIB), ("rail.txt", RAIL), ("points.csv", POINTS), ("table.csv", TABLE)):
        Path(name).write_text(text, encoding="utf-8")


def figures(printed: str) -> dict[str, str]:
    """Return the printed table as names and values."""
    lines = printed.splitlines()[2:]
    return {line[:20].split("  ")[0].strip(): line.split("  ")[-1].strip() for line in lines if "  " in line}


@pytest.mark.parametrize("name", ["scp.txt", "rail.txt"])
def test_a_set_cover_needs_no_budget(name: str) -> None:
    printed = run_command("site", name)
    assert printed.startswith("Set cover: 4 candidates, 3 events, 7 pairs")
    found = figures(printed)
    assert (found["status"], found["cost"], found["bound"]) == ("optimal", "3", "3")
    assert (found["gap"], found["chosen"], found["seed"]) == ("0.000 %", "2 for 3", "0")


def test_a_set_cover_with_a_budget_covers_as_many_cells_as_it_can() -> None:
    found = figures(run_command("site", "scp.txt", "--budget", "1"))
    assert (found["weight seen"], found["chosen"]) == ("2", "1 for 1")
    found = figures(run_command("site", "scp.txt", "--budget", "1", "--unit-cost"))
    assert found["weight seen"] == "2"


def test_points_are_seen_within_the_radius_and_the_choice_is_written() -> None:
    printed = run_command("site", "points.csv", "--radius", "2", "--budget", "2", "--out", "answer.csv")
    assert "Maximal cover: 4 candidates, 4 events, 6 pairs (read as points)" in printed
    found = figures(printed)
    assert (found["status"], found["weight seen"], found["all weight"]) == ("optimal", "16", "19")
    with Path("answer.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [row["rank"] for row in rows] == ["1", "2"]
    assert {row["candidate"] for row in rows} <= {"1", "2", "3"}
    assert rows[0]["copies"] == rows[0]["cost"] == "1"
    assert sorted(float(row["x"]) for row in rows)[1] == 9.0


def test_a_coverage_table_is_joint_detection_unless_taken_for_certain() -> None:
    printed = run_command("site", "table.csv", "--budget", "3")
    assert printed.startswith("Joint detection: 3 candidates, 3 events, 4 pairs")
    assert float(figures(printed)["weight detected"]) == pytest.approx(0.5 + 0.95 + 0.25)
    printed = run_command("site", "table.csv", "--budget", "1", "--certain")
    assert printed.startswith("Maximal cover")
    assert figures(printed)["weight seen"] == "2"


def test_blocks_prove_as_much_or_more() -> None:
    arguments = ("site", "points.csv", "--radius", "2", "--budget", "2")
    plain, blocks = figures(run_command(*arguments)), figures(run_command(*arguments, "--blocks"))
    assert blocks["weight seen"] == plain["weight seen"]
    assert float(blocks["bound"]) <= float(plain["bound"])


def test_names_from_the_file_cannot_calculate_in_a_spreadsheet() -> None:
    run_command("site", "table.csv", "--cover", "--out", "answer.csv")
    assert "'=mast" in Path("answer.csv").read_text(encoding="utf-8")


def test_events_nobody_can_see_are_told() -> None:
    Path("weights.csv").write_text("a,1\nb,1\nc,1\nd,8\n", encoding="utf-8")
    Path("costs.csv").write_text("hill,4\ntower,9\n=mast,2\n", encoding="utf-8")
    printed = run_command("site", "table.csv", "--cover", "--weights", "weights.csv", "--costs", "costs.csv")
    assert "1 events that no candidate can see are left out" in printed
    assert figures(printed)["chosen"] == "2 for 6"


def test_the_same_seed_gives_the_same_answer() -> None:
    random = np.random.default_rng(2)
    lines = [f"{x:.3f} {y:.3f} {9 * w:.0f}" for x, y, w in random.random((80, 3))]
    Path("city.txt").write_text("\n".join(lines), encoding="utf-8")
    texts = []
    for name in ("one.csv", "two.csv"):
        run_command("site", "city.txt", "--radius", "0.12", "--budget", "9", "--seed", "5", "--out", name)
        texts.append(Path(name).read_bytes())
    assert texts[0] == texts[1]


def test_no_time_still_gives_an_answer_with_a_bound() -> None:
    found = figures(run_command("site", "scp.txt", "--time-limit", "0 s"))
    assert (found["status"], found["method"]) == ("time limit", "greedy")
    assert float(found["bound"]) <= 3 <= float(found["cost"])
    found = figures(
        run_command("site", "points.csv", "--radius", "2", "--budget", "1", "--time-limit", "0 s")
    )
    assert float(found["bound"]) >= 9 >= float(found["weight seen"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.csv", "--budget", "1"], "missing.csv  cannot be read"),
        (["points.csv", "--budget", "1"], "radius  points need a radius"),
        (["points.csv", "--radius", "2"], "budget  a file of points does not say what to spend"),
        (["table.csv", "--radius", "2", "--cover"], "radius  means nothing for the format triplets"),
        (["scp.txt", "--format", "xls"], "format  'xls' is not known"),
        (["scp.txt", "--budget", "0.5"], "the cheapest candidate costs 1"),
        (["scp.txt", "--budget", "0"], "0 people buys nothing"),
        (["scp.txt", "--budget", "nan"], "budget  nan is no sum"),
        (["scp.txt", "--cover", "--budget", "3"], "budget  has no part in reaching everything"),
        (["scp.txt", "--gap", "120 %"], "gap  120 % is no share"),
        (["scp.txt", "--gap", "small"], "gap  'small' is not a quantity"),
        (["scp.txt", "--time-limit", "60"], "time-limit  "),
        (["scp.txt", "--time-limit", "-3 s"], "time-limit  -3 s is negative"),
        (["scp.txt", "--seed", "-1"], "seed  -1 is out of range"),
        (["scp.txt", "--out", "nowhere/answer.csv"], "out  there is no folder nowhere"),
    ],
)
def test_mistakes_are_told_with_exit_code_2(arguments: list[str], message: str) -> None:
    assert message in run_command("site", *arguments, code=2)
    assert list_leavings(Path()) == ["rail.txt", "scp.txt"]


def test_mistakes_in_options_are_told_together() -> None:
    printed = run_command("site", "scp.txt", "--gap", "2", "--seed", "-1", "--time-limit", "x", code=2)
    assert "3 problems" in printed


@pytest.mark.parametrize(
    ("arguments", "module", "name"),
    [
        (["scp.txt", "--cover"], cover_module, "solve_binary"),
        (["points.csv", "--radius", "2", "--budget", "1"], solve_module, "pick_greedily"),
    ],
)
def test_an_interrupt_leaves_nothing_half_written(
    arguments: list[str], module: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, name, interrupt)
    printed = run_command("site", *arguments, "--out", "answer.txt", code=130)
    assert "interrupted; nothing half-written" in printed
    assert list_leavings(Path()) == ["rail.txt", "scp.txt"]


def test_a_gap_that_is_only_rounding_is_not_told_as_none() -> None:
    def told(gap: float, status: str) -> str:
        answer = siting_commands._Answer("", status, (), gap, 1.0, (), 1.0, "")
        return siting_commands._tell_gap(answer)

    assert told(0.0, "optimal") == "0.000 %"
    assert told(3e-7, "feasible") == "under 0.001 %"
    assert told(0.0123, "feasible") == "1.230 %"
