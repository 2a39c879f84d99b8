"""`truceline simulate`: what is printed, written and refused; chances only with their conditions."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest
from small_inputs import list_leavings, run_command
from small_watch import small_watch, write_watch_plan

from truceline.cli._simulate_print import PROCESS_HEADS
from truceline.simulate.catalogue import load_ceasefire_assumptions
from truceline.simulate.parameters import central_parameters
from truceline.simulate.process import compose, describe_process
from truceline.simulate.settings import read_settings

QUICK = ("--days", "40", "--replicates", "60", "--quiet")


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with a plan, one that sees less, the first once more, and one for a longer line."""
    folder = tmp_path_factory.mktemp("plans")
    write_watch_plan(folder / "good")
    write_watch_plan(folder / "poor", level=0.4, title="Poor plan")
    write_watch_plan(folder / "copy", title="A copy")
    write_watch_plan(folder / "long", level=0.7, title="Longer line", degrees=0.2)
    return folder


@pytest.fixture(scope="module")
def printed(plans: Path) -> str:
    return run_command("simulate", plans / "good", *QUICK)


@pytest.fixture(scope="module")
def written(plans: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("simulated") / "out"
    run_command("simulate", plans / "good", "--against", "nobody", *QUICK, "--out", out)
    return out


def refuse(*arguments: str | Path) -> str:
    said = run_command("simulate", *arguments, code=2)
    assert "in one replicate" not in said, "nothing may be simulated before everything is checked"
    return said


def test_the_answer_has_its_parts_and_its_seed(printed: str) -> None:
    for part in (
        "Small plan: a ceasefire, simulated",
        "40 days, 60 replicates, seed 1.",
        "not a forecast",
        "What happens in 40 days, and what is seen of it",
        "incidents detected",
        "does it hold, if the backstop changes the daily hazard by the factor r",
        "Minsk-type, 30 days",
        "Armistice-type, 30 days",
        "fires in",
        "Seed 1: the same seed gives the same numbers",
    ):
        assert part in printed, part


def test_the_process_is_described_before_anything_is_simulated(plans: Path, printed: str) -> None:
    described = run_command("simulate", plans / "good", *QUICK, "--describe")
    assert printed.startswith(described)
    assert "in one replicate" not in described
    rows = re.findall(r"(?m)^(\d+) to (\d+) +[\d.]+ ", described)
    assert [(int(start), int(end)) for start, end in rows] == [(0, 7), (7, 30), (30, 40)]
    assert "Rates and hazards a day" in described


def test_every_column_of_the_process_has_a_head() -> None:
    assumptions = load_ceasefire_assumptions()
    settings = read_settings(assumptions, n_days=30)
    table = describe_process(compose(small_watch(), central_parameters(assumptions), settings))
    assert {len(row) for row in table} == {len(PROCESS_HEADS)}
    for ours, theirs in zip(PROCESS_HEADS, table[0], strict=True):
        assert ours.split()[0].lower() == theirs.split()[0].lower()


def test_no_chance_of_holding_stands_without_its_condition(plans: Path) -> None:
    said = run_command("simulate", plans / "good", *QUICK, "--against", "nobody", "--sweep", "backstop")
    blocks = said.split("\n\n")
    chances = [block for block in blocks if re.search(r"\bhold", block) and "%" in block]
    assert len(chances) >= 3
    for block in chances:
        assert "factor r" in block or "r = 1.00" in block
        assert "Minsk-type" in block
        assert "rmistice-type" in block
    for line in said.splitlines():
        if re.search(r"fires in .* %", line):
            assert "under the drawn assumptions" in line
    assert not re.search(r"(?i)average of (the )?baselines|on average it holds", said)


def test_the_sweep_shows_the_whole_dial_and_names_its_readings(plans: Path, printed: str) -> None:
    swept = run_command("simulate", plans / "good", *QUICK, "--sweep", "backstop")
    rows = re.findall(r"(?m)^r = (\d\.\d\d)", swept)
    assert rows == ["0.15", "0.25", "0.40", "0.50", "0.60", "0.70", "0.85", "1.00", "1.10", "1.20"]
    assert re.findall(r"(?m)^r = (\d\.\d\d)", printed) == ["0.25", "0.50", "1.00", "1.20"]
    assert "tripwire" in swept


def test_another_plan_is_compared_under_the_same_luck(plans: Path) -> None:
    said = run_command(
        "simulate", plans / "good", "--against", plans / "poor", *QUICK, "--fix", "background_rate=50"
    )
    assert "What changes against Small plan, under the same luck" in said
    change = re.search(r"(?m)^share detected +(\S+) points +(\S+) to (\S+) +(\d+) %$", said)
    assert change
    assert float(change[1].replace("−", "-")) == pytest.approx(-30, abs=4)
    assert change[4] == "0"


def test_a_posture_of_the_same_plan_can_be_compared(plans: Path) -> None:
    said = run_command("simulate", plans / "good", "--against", f"{plans / 'good'}=thin", *QUICK)
    assert "not planned in full" in said
    assert "What changes against" in said
    thin = run_command("simulate", plans / "good", "--posture", "thin", *QUICK)
    assert "Thin" in thin


def test_the_folder_holds_document_tables_and_report(written: Path) -> None:
    record = json.loads((written / "simulation.json").read_text(encoding="utf-8"))
    assert record["schema"] == "truceline.simulation/1"
    assert (record["seed"], record["replicates"], record["days"]) == (1, 60, 40)
    assert [watch["label"] for watch in record["watches"]] == ["Small plan", "Nobody watches"]
    assert record["watches"][1]["measures"]["n_detected"]["high"] == 0
    assert record["differences"][0]["less"] == "Small plan"
    assert str(written.parent) not in (written / "simulation.json").read_text(encoding="utf-8")
    names = {path.name for path in (written / "tables").iterdir()}
    assert {"measures.csv", "survival.csv", "horizons.csv", "days.csv", "ladder.csv", "sectors.csv"} <= names
    assert (written / "report.html").is_file()
    assert list_leavings(written.parent) == ["out"]


def test_tables_and_document_agree(written: Path) -> None:
    record = json.loads((written / "simulation.json").read_text(encoding="utf-8"))
    with (written / "tables" / "horizons.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) == 2 * 2 * len(record["dial"])
    curve = next(
        one for one in record["watches"][0]["survival"] if (one["baseline"], one["factor"]) == ("minsk", 1.0)
    )
    row = next(
        row
        for row in rows
        if (row["watch"], row["baseline"], row["factor_r"]) == ("Small plan", "minsk", "1")
    )
    assert float(row["holds_mean"]) == pytest.approx(curve["horizons"][0]["mean"], abs=1e-6)
    with (written / "tables" / "days.csv").open(encoding="utf-8", newline="") as handle:
        days = [row for row in csv.DictReader(handle) if row["measure"] == "n_incidents"]
    assert [int(row["day"]) for row in days] == [*range(40), *range(40)]
    assert all(float(row["low"]) <= float(row["median"]) <= float(row["high"]) for row in days)


def test_the_same_question_gives_the_same_bytes(plans: Path, written: Path, tmp_path: Path) -> None:
    run_command("simulate", plans / "good", "--against", "nobody", *QUICK, "--out", tmp_path / "again")
    for path in sorted(written.rglob("*")):
        if path.is_file():
            again = tmp_path / "again" / path.relative_to(written)
            assert again.read_bytes() == path.read_bytes(), path.name


def test_the_document_can_be_printed_alone(plans: Path, written: Path) -> None:
    said = run_command("simulate", plans / "good", "--against", "nobody", *QUICK, "--json")
    assert said == (written / "simulation.json").read_text(encoding="utf-8")


def test_another_seed_gives_other_numbers(plans: Path, printed: str) -> None:
    other = run_command("simulate", plans / "good", *QUICK, "--seed", "2")
    assert other.replace("seed 2", "seed 1").replace("Seed 2", "Seed 1") != printed


def test_a_fixed_parameter_is_taken_with_its_unit(plans: Path) -> None:
    said = [
        run_command("simulate", plans / "good", *QUICK, "--json", "--fix", text)
        for text in ("delay=0.5", "delay=12 hours", "ceasefire.delay=0.5")
    ]
    assert said[0] == said[1] == said[2]
    delay = next(one for one in json.loads(said[0])["parameters"] if one["name"] == "delay")
    assert (delay["use"], delay["value"], delay["low"], delay["high"]) == ("fixed", 0.5, 0.5, 0.5)


def test_break_even_is_told_with_its_baseline_and_its_factor(plans: Path) -> None:
    said = run_command(
        "simulate",
        plans / "good",
        "--days",
        "365",
        "--replicates",
        "30",
        "--quiet",
        "--threshold",
        "1e9",
        "--backstop-cost",
        "4e8",
    )
    found = re.findall(r"(?m)^Under the (\S+) baseline over 12 months: worth its cost .* factor r ", said)
    assert found == ["Minsk-type", "armistice-type"]
    assert "USD 400 M a year (given by the user)" in said


def test_a_run_too_short_for_any_horizon_tells_no_chance(plans: Path) -> None:
    said = run_command("simulate", plans / "good", "--days", "20", "--replicates", "30", "--quiet")
    assert "chances are told from 30 days on" in said
    assert "r = 0.25" not in said


def test_draws_that_never_end_are_capped_by_the_users_word_and_counted(plans: Path) -> None:
    said = run_command("simulate", plans / "good", *QUICK, "--fix", "n_cross=1.2", "--cap-branching", "0.9")
    assert "In 60 replicates (100 %) the branching ratio was cut to 0.9" in said


# --- what is refused


def test_everything_wrong_is_gathered_in_one_message(plans: Path) -> None:
    said = refuse(
        plans / "good",
        "--days",
        "0",
        "--replicates",
        "0",
        "--fix",
        "background_rate=-1",
        "--fix",
        "nonsense=2",
        "--fix",
        "n_cross",
        "--fix",
        "delay=soon",
        "--sweep",
        "everything",
        "--workers",
        "0",
        "--scheduler",
        "nowhere",
        "--threshold",
        "-1",
        "--against",
        plans / "copy",
        "--against",
        plans / "missing",
    )
    for part in (
        "days  0 is not a horizon",
        "--replicates 0  is no number of replicates",
        "--fix background_rate",
        "--fix nonsense",
        "--fix n_cross  is not NAME=VALUE",
        "--fix delay=soon",
        "--sweep everything",
        "--workers 0",
        "--scheduler nowhere",
        "threshold",
        "missing",
    ):
        assert part in said, part
    assert int(re.search(r"simulate: (\d+) problems", said)[1]) >= 11  # type: ignore[index]


def test_a_branching_ratio_of_one_is_explained_and_refused(plans: Path) -> None:
    said = refuse(plans / "good", *QUICK, "--fix", "n_self=0.5", "--fix", "n_cross=0.5")
    assert "would never end" in said
    assert "--cap-branching" in said


def test_the_same_plan_against_itself_is_refused(plans: Path) -> None:
    for other in (plans / "good", plans / "copy"):
        assert "watches exactly as" in refuse(plans / "good", *QUICK, "--against", other)


def test_a_plan_for_another_line_is_refused(plans: Path) -> None:
    said = refuse(plans / "good", *QUICK, "--against", plans / "long")
    assert "compare plans for the same line" in said


def test_a_plan_without_cells_is_refused(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text('{"posture": "full", "postures": {}}', encoding="utf-8")
    assert str(tmp_path) in refuse(tmp_path, *QUICK)
    assert "nowhere" in refuse(tmp_path / "nowhere", *QUICK)


def test_an_unknown_posture_is_told_with_those_there_are(plans: Path) -> None:
    assert "thin" in refuse(plans / "good", *QUICK, "--posture", "thinn")


def test_a_cost_without_a_threshold_is_refused(plans: Path) -> None:
    assert "stands alone" in refuse(plans / "good", *QUICK, "--backstop-cost", "1e9")
    assert "holds no cost a year" in refuse(plans / "good", *QUICK, "--threshold", "1e9")


def test_somebody_elses_folder_is_not_replaced_and_nothing_is_simulated(plans: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    assert "was not made by this program" in refuse(plans / "good", *QUICK, "--out", tmp_path)
    assert "was not made by this program" in refuse(plans / "good", *QUICK, "--out", plans / "good")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_absurd_number_of_replicates_is_refused_before_it_starts(plans: Path) -> None:
    assert "is no number of replicates" in refuse(plans / "good", "--replicates", "1000000000000")
