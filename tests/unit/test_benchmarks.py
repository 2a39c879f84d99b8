"""The benchmark book: one table, peers that fail told and not raised, the same instances each time."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(autouse=True)
def _on_the_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.setenv("TRUCELINE_BENCH_CACHE", str(tmp_path / "cache"))


def load(name: str) -> Any:
    return importlib.import_module(name)


def test_every_section_is_listed_and_has_a_title() -> None:
    run_all = load("run_all")
    files = {path.stem.removeprefix("bench_") for path in FOLDER.glob("bench_*.py")}
    assert files == set(run_all.SECTIONS)
    for name in run_all.SECTIONS:
        text = (FOLDER / f"bench_{name}.py").read_text(encoding="utf-8")
        assert "\nTITLE = " in text
        assert "\ndef measure(settings: Settings) -> tuple[str, list[Row]]:" in text


def test_all_rows_stand_in_one_table_with_the_machine_above_it() -> None:
    book = load("book")
    rows = [book.Row("a | b", "1 s", "peer: 9 s", "9 x", "5 x", True), book.Row("c", "2 s")]
    page = book.to_markdown([("First", "note", rows), ("Second", "none", [])], book.Settings(quick=True))
    table = [line for line in page.splitlines() if line.startswith("|")]
    assert len(table) == 2 + 1 + 2 + 1
    assert all(line.replace("\\|", "").count("|") == 7 for line in table)
    assert table[3] == "| a \\| b | 1 s | peer: 9 s | 9 x | 5 x | yes |"
    assert "- processor: " in page
    assert "highspy" in page


def test_a_peer_that_fails_or_hangs_is_told() -> None:
    book = load("book")
    assert "No module named" in book.run_apart("no_such_module", timeout_s=60.0)["failed"]
    assert book.run_apart("timeit", "-n1", "-r1", "import time; time.sleep(60)", timeout_s=0.5) == {
        "failed": "stopped after 0 s"
    }


def test_a_failing_section_does_not_stop_the_table(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_all = load("run_all")
    section = load("bench_set_cover")

    def fail(settings: object) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(section, "measure", fail)
    page = tmp_path / "page.md"
    monkeypatch.setattr(sys, "argv", ["run_all", "--quick", "set_cover", "--out", str(page)])
    assert run_all.main() == 0
    assert "failed: RuntimeError" in page.read_text(encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["run_all", "nonsense"])
    assert run_all.main() == 1
    assert "no section nonsense" in capsys.readouterr().err


def test_ground_and_layout_are_the_same_each_time() -> None:
    ground, line_cases = load("ground"), load("line_cases")
    one, two = (ground.make_strip(length_m=60_000.0).terrain for _ in range(2))
    np.testing.assert_array_equal(one.height_m, two.height_m)
    assert 20 < one.height_m.std() < 120
    first, second = (line_cases.lay_out(one, 500, 40) for _ in range(2))
    np.testing.assert_array_equal(first.site_xy_m, second.site_xy_m)
    np.testing.assert_array_equal(first.weight, second.weight)
    assert len(first.site_xy_m) == 40
    assert 400 < len(first.cell_xy_m) < 600
    assert (np.diff(first.cell_xy_m[:, 0]) >= 0).all()


def test_ground_is_drawn_where_there_is_no_shared_data(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ground = load("ground")
    monkeypatch.setenv("TRUCELINE_SHARED", str(tmp_path))
    made = ground.make_strip(length_m=60_000.0)
    assert "wholly drawn" in made.note
    assert np.isfinite(made.terrain.height_m).all()


def test_instances_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    line_cases, ground = load("line_cases"), load("ground")
    terrain = ground.make_strip(length_m=60_000.0).terrain
    case = line_cases.see_layout("tiny", terrain, line_cases.lay_out(terrain, 500, 40))
    assert 0 < case.p_detect.min() <= case.p_detect.max() <= 0.75
    line_cases.write_case(line_cases.cache_folder() / "tiny.npz", case)
    again = line_cases.load_case("tiny")
    np.testing.assert_array_equal(again.indices, case.indices)
    assert again.cover().is_cover
    assert not again.joint().is_cover
    assert sorted(path.name for path in line_cases.cache_folder().iterdir()) == ["tiny.npz"]
