"""The honesty checks in short: all hold, and each kind of fault in the simulation is found by one of them."""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from truceline.simulate.parameters import Draws
from truceline.simulate.results import ChunkSums

FOLDER = Path(__file__).resolve().parents[3] / "verification"
FILES = sorted(path.stem.removeprefix("verify_") for path in FOLDER.glob("verify_*.py"))


@pytest.fixture(autouse=True)
def _on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))


def load(name: str) -> Any:
    return importlib.import_module(name)


def load_run_all() -> ModuleType:
    """Load the command under a name of its own: the benchmarks have a run_all too."""
    spec = importlib.util.spec_from_file_location("verification_run_all", FOLDER / "run_all.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def verify_shortly(group: str) -> list[Any]:
    verifying = load("verifying")
    return load(f"verify_{group}").verify(verifying.Size(verifying.SHORT_SHARE), verifying.Album())


def test_every_group_is_listed_and_explained() -> None:
    assert sorted(load_run_all().GROUPS) == FILES
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert all(f"`{group}`" in page for group in FILES)


@pytest.mark.parametrize("group", FILES)
def test_the_short_form_of_every_check_holds(group: str) -> None:
    checks = verify_shortly(group)
    assert len(checks) > 3
    assert not [check for check in checks if not check.passed]


def more_answers(draws: Draws) -> Draws:
    """Half as many answers again."""
    return replace(draws, values={**draws.values, "n_cross": 1.5 * draws.values["n_cross"]})


def longer_delays(draws: Draws) -> Draws:
    return replace(draws, values={**draws.values, "delay": 2 * draws.values["delay"]})


def less_hazard(draws: Draws) -> Draws:
    return replace(draws, values={**draws.values, "hr_monitor": 0.99 * draws.values["hr_monitor"]})


def all_deliberate(draws: Draws) -> Draws:
    return replace(
        draws, values={**draws.values, "deliberate_share": 1 + 0 * draws.values["deliberate_share"]}
    )


def fewer_move(draws: Draws) -> Draws:
    return replace(draws, values={**draws.values, "displaced_share": 0.8 * draws.values["displaced_share"]})


def more_blame(draws: Draws) -> Draws:
    return replace(draws, values={**draws.values, "wrong_side": 2 * draws.values["wrong_side"]})


def more_false(draws: Draws) -> Draws:
    return replace(
        draws, values={**draws.values, "false_report_rate": 1.3 * draws.values["false_report_rate"]}
    )


@pytest.mark.parametrize(
    ("group", "fault", "found"),
    [
        ("rates", more_answers, "mean rate"),
        ("clusters", more_answers, "nobody answers"),
        ("clusters", longer_delays, "mean delay"),
        ("residuals", longer_delays, "rescaled gaps"),
        ("hazard", less_hazard, "hazard of a year, watched"),
        ("deterrence", all_deliberate, "nothing deliberate: truth"),
        ("deterrence", fewer_move, "all moves: incidents that are gone"),
        ("watching", all_deliberate, "change of the truth"),
        ("watching", more_blame, "wrong side"),
        ("triggers", more_false, "K = 0"),
    ],
)
def test_a_fault_in_the_simulation_is_found(
    group: str, fault: Callable[[Draws], Draws], found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = load("made")
    make_draws = made.make_draws
    monkeypatch.setattr(made, "make_draws", lambda n, **numbers: fault(make_draws(n, **numbers)))
    assert any(found in check.name for check in verify_shortly(group) if not check.passed)


def test_luck_that_is_not_common_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    made = load("made")
    honest, calls = made.run_chunk, iter(range(10_000))

    def run_with_other_luck(watch: Any, draws: Draws, settings: Any, seed: int) -> ChunkSums:
        return honest(watch, draws, settings, seed + 1000 * next(calls))

    monkeypatch.setattr(made, "run_chunk", run_with_other_luck)
    failed = [check.name for check in verify_shortly("watching") if not check.passed]
    assert any("change of the truth" in name for name in failed)
    assert any("common numbers" in name for name in failed)


class TestTable:
    def test_the_command_writes_table_and_figures_and_ends_well(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert load_run_all().main(["hazard", "--short", "--out", str(tmp_path)]) == 0
        page = (tmp_path / "checks.md").read_text(encoding="utf-8")
        figures = re.findall(r"\[figure\]\(([^)]+)\)", page)
        assert figures
        assert all((tmp_path / name).stat().st_size > 1000 for name in figures)
        rows = (tmp_path / "checks.csv").read_text(encoding="utf-8").splitlines()
        assert rows[0] == "group,check,figure,threshold,expected,measured,off by,verdict"
        assert len(rows) - 1 == page.count("| yes |")
        assert "checks hold" in capsys.readouterr().out

    def test_a_second_run_gives_the_same_bytes(self, tmp_path: Path) -> None:
        folders = [tmp_path / name for name in ("first", "second")]
        for folder in folders:
            load_run_all().main(["hazard", "--short", "--out", str(folder)])
        first, second = ({path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders)
        assert first == second

    def test_a_check_that_fails_is_marked_and_ends_in_one(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        verifying = load("verifying")
        bad = verifying.compare_absolute("seven is eight", 7.0, 8.0, 0.5)
        monkeypatch.setattr(load("verify_hazard"), "verify", lambda size, album: [bad])
        assert load_run_all().main(["hazard", "--out", str(tmp_path)]) == 1
        assert "| seven is eight |  | 0.5 | 8 | 7 | 1 | NO |" in (tmp_path / "checks.md").read_text()

    def test_an_unknown_group_is_told(self, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
        assert load_run_all().main(["spelling", "--out", str(tmp_path / "none")]) == 2
        assert "no group spelling" in capsys.readouterr().err
        assert not (tmp_path / "none").exists()

    def test_a_measure_that_is_no_number_does_not_pass(self) -> None:
        check = load("verifying").compare_absolute("nothing", float("nan"), 1.0, 0.5)
        assert not check.passed
        assert check.verdict == "NO"

    def test_less_is_given_more_room_and_exactness_none(self) -> None:
        size = load("verifying").Size(0.04)
        assert size.n(1000) == 40
        assert size.n(10, 4) == 4
        assert size.room(0.03) == pytest.approx(0.15)
        assert load("verifying").Size(1.0).room(0.03) == 0.03
