"""`review release`, `--level`, `--hxl` and `monitor warn`, as a desk would type them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from small_inputs import run_command

from truceline.events.schema import CHANGES, ISSUES, RELEASES
from truceline.store.open import open_store

EXAMPLES = Path(__file__).resolve().parents[3] / "docs" / "examples" / "the-watching"
WHO = ("--who", "desk")
WHY = ("--why", "both sides know it")


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRUCELINE_NOW", "2025-03-08T08:00")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a store with the two days of the manual's example, linked and judged; copy it to write."""
    store = tmp_path_factory.mktemp("releasing") / "mission.duckdb"
    run_command("monitor", "init", store, "--agreement", EXAMPLES / "ceasefire.yaml", *WHO)
    run_command("monitor", "import", store, EXAMPLES / "reports.csv", EXAMPLES / "efforts.csv", *WHO)
    run_command("monitor", "link", store, *WHO)
    run_command("monitor", "judge", store, *WHO)
    return store


@pytest.fixture
def store(finished: Path, tmp_path: Path) -> Path:
    """Give a copy of that store."""
    return Path(shutil.copy(finished, tmp_path / "mission.duckdb"))


def release(store: Path, *words: object, code: int = 0) -> str:
    return run_command("monitor", "review", "release", store, *words, *WHO, code=code)


class TestRelease:
    def test_it_says_how_many_and_show_tells_who_may_see_it(self, store: Path) -> None:
        assert "Seen by mission" in run_command("monitor", "review", "show", store, "1")
        assert "2 incidents may be seen by the public" in release(store, 1, 2, "--level", "public", *WHY)
        said = run_command("monitor", "review", "show", store, "1")
        assert "Seen by public" in said
        assert "both sides know it" in said
        assert "nothing to change" in release(store, 1, "--level", "public", *WHY)

    def test_taking_it_back_says_what_cannot_be_taken_back(self, store: Path) -> None:
        release(store, 1, "--level", "public", *WHY)
        said = release(store, 1, "--level", "mission", *WHY)
        assert "cannot be called back" in said

    def test_numbers_that_are_none_are_told_together(self, store: Path) -> None:
        said = release(store, 77, 1, 88, "--level", "public", *WHY, code=2)
        assert "incident 77" in said
        assert "incident 88" in said
        with open_store(store) as opened:
            assert opened.read(RELEASES).empty

    def test_by_rule_goes_to_the_parties_alone(self, store: Path) -> None:
        assert "may be seen by the parties" in release(store, "--by-rule", *WHY)
        assert "a rule releases to the parties alone" in release(
            store, "--by-rule", "--level", "public", *WHY, code=2
        )
        assert "nothing to change" in release(store, "--by-rule", *WHY)

    @pytest.mark.parametrize(
        "words", [("--level", "secret", "1"), (), ("--by-rule", "1"), ("1", "--since", "2025-01-01")]
    )
    def test_options_that_do_not_go_together_are_refused(self, store: Path, words: tuple[str, ...]) -> None:
        release(store, *words, *WHY, code=2)


class TestLevels:
    def test_an_export_holds_what_is_released_and_counts_the_rest(self, store: Path) -> None:
        release(store, 1, "--level", "public", *WHY)
        said = run_command("monitor", "export", store, "out", "--level", "public", "--hxl")
        assert "1 incidents" in said
        assert "7 incidents are not released to the public" in said
        lines = Path("out/incidents.csv").read_text(encoding="utf-8").splitlines()
        assert len(lines) == 3
        assert lines[1].startswith("#event+id,#date+start")
        about = json.loads(Path("out/export.json").read_text(encoding="utf-8"))
        assert (about["level"], about["not_released"]) == ("public", 7)

    def test_the_missions_own_export_says_nothing_of_levels(self, store: Path) -> None:
        assert "8 incidents" in run_command("monitor", "export", store, "out")
        assert "level" not in json.loads(Path("out/export.json").read_text(encoding="utf-8"))

    def test_kinds_and_levels_that_are_none_are_refused(self, store: Path) -> None:
        said = run_command("monitor", "export", store, "o", "--level", "public", "--what", "reports", code=2)
        assert "is not for the public" in said
        assert "no level" in run_command("monitor", "export", store, "o", "--level", "all", code=2)
        assert "CSV alone" in run_command("monitor", "export", store, "o.gpkg", "--hxl", code=2)

    def test_an_edition_goes_beside_the_report_under_its_number(self, store: Path) -> None:
        release(store, 1, "--level", "public", *WHY)
        day = ("2025-03-02", "--nights", "2")
        own = run_command("monitor", "report", store, *day, *WHO)
        assert "Report 1/2025" in own
        said = run_command("monitor", "report", store, *day, "--level", "public", *WHO)
        assert "Report 1/2025" in said
        assert "Edition for the public" in said
        assert "Written to daily-public" in said
        for folder in ("daily", "daily-public"):
            assert (Path(folder) / "daily.json").exists()
        figures = [
            json.loads((Path(name) / "daily.json").read_text(encoding="utf-8"))["figures"]
            for name in ("daily", "daily-public")
        ]
        assert figures[0] == figures[1]
        with open_store(store) as opened:
            assert len(opened.read(ISSUES)) == 1


class TestWarn:
    def test_without_an_alarm_there_is_nothing_to_send(self, store: Path) -> None:
        said = run_command("monitor", "warn", store, "--until", "2025-03-02")
        assert "there is nothing to send" in said
        assert json.loads(Path("warnings/warnings.json").read_text(encoding="utf-8")) == {"warnings": []}

    def test_a_warning_in_earnest_needs_a_sender(self, store: Path) -> None:
        said = run_command("monitor", "warn", store, "--status", "Actual", *WHO, code=2)
        assert "--sender" in said

    def test_words_that_are_none_are_refused_and_no_folder_is_left(self, store: Path) -> None:
        said = run_command("monitor", "warn", store, "--status", "Loud", "--sender", "the desk", *WHO, code=2)
        assert "no status" in said
        assert "cannot name a sender" in said
        assert not Path("warnings").exists()

    def test_a_folder_of_somebody_else_is_never_replaced(self, store: Path) -> None:
        Path("mine").mkdir()
        Path("mine/letter.txt").write_text("dear", encoding="utf-8")
        run_command("monitor", "warn", store, "--out", "mine", code=2)
        assert Path("mine/letter.txt").exists()

    def test_nothing_sent_is_nothing_in_the_history(self, store: Path) -> None:
        run_command("monitor", "warn", store, "--status", "Test", "--until", "2025-03-02", *WHO)
        with open_store(store) as opened:
            assert "warn" not in opened.read(CHANGES)["what"].tolist()
