"""`truceline rehearse`: reports anybody can import, score tables that stay the same, slips told at once."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from small_inputs import run_command
from small_truth import make_truth

from truceline.simulate import rehearsal as rehearsing
from truceline.simulate import watch as watching
from truceline.simulate.true_incidents import TrueIncidents
from truceline.simulate.watch import Watch, make_watch


@pytest.fixture(autouse=True)
def made_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let any folder be the plan of a made line, and a Poisson process its ceasefire."""
    monkeypatch.setattr(watching, "read_watch", read_made_watch)
    monkeypatch.setattr(rehearsing._Stage, "simulate", simulate)


def read_made_watch(folder: Path, posture: str = "") -> Watch:
    sectors = ["S01"] * 100 + ["S02"] * 100 + ["S03"] * 100
    return make_watch(0.7, 0.4, 0.15, n_bins=300, sectors=sectors, label="A made watch")


def simulate(stage: rehearsing._Stage, level: float, replicate: int) -> TrueIncidents:
    return make_truth(stage.ground, n_days=stage.asked.n_days, per_day=6.0, seed=stage.asked.seed + replicate)


def test_the_reports_alone_can_be_imported_by_anybody(tmp_path: Path) -> None:
    path, store = tmp_path / "reports.csv", tmp_path / "watch.duckdb"
    told = run_command("rehearse", tmp_path, "--reports", path, "--days", "30", "--seed", "7")
    assert "seed 7" in told
    first = path.read_bytes()
    run_command("rehearse", tmp_path, "--reports", path, "--days", "30", "--seed", "7")
    assert path.read_bytes() == first
    run_command("rehearse", tmp_path, "--reports", path, "--days", "30", "--seed", "8")
    assert path.read_bytes() != first
    n_rows = len(list(csv.DictReader(path.read_text(encoding="utf-8").splitlines())))
    run_command("monitor", "init", store)
    told = run_command("monitor", "import", store, path)
    assert "in the own form with the column truth" in told
    assert f"{n_rows:,} rows: {n_rows:,} new, 0 repeated, 0 corrected, 0 rejected" in told
    assert "keep them in a store of their own" in told


def test_a_rehearsal_is_printed_and_kept_and_the_same_again(tmp_path: Path) -> None:
    options = ("--days", "30", "--replicates", "1", "--levels", "1", "--growth", "3", "--quiet")
    keep = tmp_path / "kept"
    told = run_command("rehearse", tmp_path, *options, "--keep", keep)
    for part in (
        "(recall)",
        "(precision)",
        "Early warning, watch",
        "called verified that happened",
        "seed 1",
    ):
        assert part in told
    kept = {
        name: (keep / name).read_bytes() for name in ("rehearsal.csv", "reliability.csv", "rehearsal.json")
    }
    assert (keep / "level-1" / "replicate-0" / "rehearsal.duckdb").is_file()
    assert (keep / "level-1" / "replicate-0" / "reports.csv").is_file()
    again = json.loads(run_command("rehearse", tmp_path, *options, "--keep", keep, "--json"))
    assert {name: (keep / name).read_bytes() for name in kept} == kept
    assert again["asked"]["seed"] == 1
    assert again["sentences"][0] in told


def test_a_folder_of_somebody_elses_is_never_replaced(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "thesis.txt").write_text("years of work", encoding="utf-8")
    told = run_command("rehearse", tmp_path, "--keep", theirs, "--days", "30", "--replicates", "1", code=2)
    assert "theirs" in told
    assert (theirs / "thesis.txt").is_file()


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (
            ("--levels", "half,1", "--days", "5", "--fix", "luck=1", "--fix", "n_self=-1"),
            ("'half' is not a number", "5 days", "luck", "n_self"),
        ),
        (("--levels", "-1", "--days", "2"), ("-1.0 cannot multiply means", "2 days")),
        (("--replicates", "0", "--seed", "-4"), ("--replicates", "--seed")),
        (("--fix", "n_cross"), ("--fix n_cross", "is not NAME=VALUE")),
        (("--fix", "luck=1"), ("luck",)),
        (("--reports", "reports.xlsx"), ("is no CSV file",)),
        (
            ("--reports", "nowhere/reports.csv", "--keep", "kept"),
            ("no folder 'nowhere'", "beside --keep"),
        ),
        (("--reports", "reports.csv", "--levels", "1,2"), ("2 levels for one file",)),
    ],
)
def test_slips_are_told_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], parts: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    told = run_command("rehearse", tmp_path, *options, code=2)
    for part in parts:
        assert part in told
    assert list(tmp_path.iterdir()) == []
