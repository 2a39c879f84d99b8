"""`truceline fit`: tables and sentences, document and page, all or nothing, bad input told at once."""

from __future__ import annotations

import json
import re
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from small_inputs import run_command

from truceline.simulate.fit.count_making import simulate_counts
from truceline.simulate.fit.count_series import daily_series
from truceline.simulate.fit.counts import CountModel

FIRST = date(2030, 1, 7)


@pytest.fixture(scope="module")
def counts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a table of 100 days: 40 before a truce, 60 after it at a tenth of the level."""
    model = CountModel(20.0, 0.4, 1.0, size=2.0)
    made = simulate_counts(daily_series(np.zeros(100, dtype=int)), model, np.random.default_rng(5)).n
    made[40:] //= 10
    path = tmp_path_factory.mktemp("counts") / "counts.csv"
    rows = [f"{FIRST + timedelta(days=day)},{n}" for day, n in enumerate(made)]
    path.write_text("\n".join(["day,n", *rows]) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def folder(counts: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Give the folder that was written, and what was printed."""
    out = tmp_path_factory.mktemp("fit") / "out"
    printed = run_command("fit", counts, "--truce", "2030-02-16", "--seed", "7", "--out", out)
    return out, printed


def test_every_part_of_the_answer_is_printed(folder: tuple[Path, str]) -> None:
    printed = folder[1]
    for part in (
        "all, from 2030-02-16: 60 periods, 60 of 60 days reported",
        "branching: further counts that one brings",
        "if the background is constant",
        "Best of 9 on the 18 periods kept back:",
        "Randomised PIT values",
        "Dispersion: variance over mean",
        "The step at the truce of 2030-02-16",
        "Each truce forecast from the others: leave one out",
        "Minsk-type baseline",
        "armistice-type baseline",
        "Seed 7.",
        "Counts are what was reported, not what was fired",
    ):
        assert part in printed, part


def test_the_winner_of_the_table_is_the_one_named(folder: tuple[Path, str]) -> None:
    printed = folder[1]
    named = re.search(r"kept back: ([^(]+?) \(([\d.]+) nats", printed)
    assert named is not None
    row = re.search(r"^(.+?)\s{2,}([\d,.]+)\s+best$", printed, flags=re.MULTILINE)
    assert row is not None
    assert named[1].startswith(row[1].strip()[:20])
    assert float(named[2]) == pytest.approx(float(row[2]), abs=0.06)


def test_the_folder_has_page_figures_and_document_that_agree(folder: tuple[Path, str]) -> None:
    out, printed = folder
    names = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
    assert names == [
        "figures/counts-1-days.svg",
        "figures/counts-1-pit.svg",
        "figures/counts-1-scores.svg",
        "figures/truce-step.svg",
        "fit.html",
        "fit.json",
    ]
    document = json.loads((out / "fit.json").read_text(encoding="utf-8"))
    assert document["schema"] == "truceline.fit/1"
    assert document["seed"] == 7
    (found,) = document["counts"]
    assert found["says"] in printed
    assert found["contagion"]["says"] in printed
    assert found["winner"] == min(found["scores"], key=lambda one: one["minus_log_score"])["model"]
    assert document["truce_step"]["factor"] == pytest.approx(0.1, abs=0.06)
    assert len(document["truces"]["truces"]) == 8
    page = (out / "fit.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 4
    assert found["contagion"]["says"] in page
    assert "http" not in re.sub(
        r"https?://www\.w3\.org/\S+|http-equiv|http://purl\S+|http://creative\S+", "", page
    )


def test_the_same_seed_gives_the_same_bytes(counts: Path, folder: tuple[Path, str], tmp_path: Path) -> None:
    again = tmp_path / "again"
    run_command("fit", counts, "--truce", "2030-02-16", "--seed", "7", "--json", "--out", again)
    for path in folder[0].rglob("*"):
        if path.is_file():
            assert (again / path.relative_to(folder[0])).read_bytes() == path.read_bytes(), path.name


def test_a_region_is_text_and_never_markup(counts: Path, tmp_path: Path) -> None:
    rows = counts.read_text(encoding="utf-8").splitlines()[1:61]
    path = tmp_path / "marked.csv"
    path.write_text("day,n,region\n" + "".join(f"{row},<b>$x$</b>\n" for row in rows), encoding="utf-8")
    printed = run_command("fit", path, "--out", tmp_path / "out")
    assert "<b>$x$</b>: 60 periods" in printed
    page = (tmp_path / "out" / "fit.html").read_text(encoding="utf-8")
    assert "<b>" not in page
    assert "&lt;b&gt;$x$&lt;/b&gt;: 60 periods" in page


def test_bad_rows_are_all_told_and_nothing_is_written(counts: Path, tmp_path: Path) -> None:
    rows = counts.read_text(encoding="utf-8").splitlines()
    rows[3], rows[8] = "2030-01-09,-1", "soon,2"
    path = tmp_path / "bad.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    said = run_command("fit", path, "--out", tmp_path / "out", code=2)
    assert "2 problems" in said
    assert "bad.csv:4  n is -1" in said
    assert "bad.csv:9  day 'soon' is no date" in said
    assert not (tmp_path / "out").exists()


def test_a_folder_of_somebody_else_is_left_alone(counts: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    short = tmp_path.parent / "short.csv"
    short.write_text("\n".join(counts.read_text(encoding="utf-8").splitlines()[:41]), encoding="utf-8")
    said = run_command("fit", short, "--out", tmp_path, code=2)
    assert "was not made by this program" in said
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--truce", "soon"), "--truce soon  is no day"),
        (("--before", "600"), "stand without a truce"),
        (("--times", "at", "--column", "n"), "does not go with --column"),
        (("--side", "who"), "stands without --times"),
        (("--truce", "2031-01-01"), "has 0 periods after it"),
        (("--truce", "2030-02-16", "--before", "-3"), "is no rate"),
        (("--region", "North"), "there is no column 'region'"),
        (("--times", "at"), "is no column of counts.csv"),
    ],
)
def test_options_that_do_not_fit_are_told(options: tuple[str, ...], said: str, counts: Path) -> None:
    assert said in run_command("fit", counts, *options, code=2)


def test_timed_incidents_are_fitted_as_a_point_process(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    start = datetime(2030, 1, 7)
    times = np.sort(rng.uniform(0, 80, 90))
    rows = [(start + timedelta(days=float(time))).isoformat(timespec="seconds") for time in times]
    path = tmp_path / "incidents.csv"
    path.write_text("\n".join(["at", *rows]) + "\n", encoding="utf-8")
    document = json.loads(run_command("fit", path, "--times", "at", "--json", "--out", tmp_path / "out"))
    (found,) = document["timed"]
    assert found["incidents"] == 90
    assert not found["contagion"]["is_shown"]  # they fall anywhere
    assert document["counts"] == []
    page = (tmp_path / "out" / "fit.html").read_text(encoding="utf-8")
    assert "What the incidents say" in page
    assert (tmp_path / "out" / "figures" / "timed-1-gaps.svg").is_file()
