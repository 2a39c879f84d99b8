"""`truceline monitor`: the way of a report from a file to the daily report, as a desk would go it."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest
from small_inputs import run_command

from truceline.events.schema import ISSUES
from truceline.store.open import open_store

EXAMPLES = Path(__file__).resolve().parents[3] / "docs" / "examples" / "the-watching"
WHO = ("--who", "desk")


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRUCELINE_NOW", "2025-03-04T08:00")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a store with the two days of the manual's example, linked and judged; copy it to write."""
    folder = tmp_path_factory.mktemp("watching")
    store = folder / "mission.duckdb"
    run_command("monitor", "init", store, "--agreement", EXAMPLES / "ceasefire.yaml", *WHO)
    run_command("monitor", "import", store, EXAMPLES / "reports.csv", EXAMPLES / "efforts.csv", *WHO)
    run_command("monitor", "link", store, *WHO)
    run_command("monitor", "judge", store, *WHO)
    return store


@pytest.fixture
def store(finished: Path, tmp_path: Path) -> Path:
    """Give a copy of that store."""
    return Path(shutil.copy(finished, tmp_path / "mission.duckdb"))


class TestAStoreIsMade:
    def test_it_says_what_it_is_for_and_what_comes_next(self) -> None:
        said = run_command("monitor", "init", "new.duckdb", "--agreement", "easter-2025", *WHO)
        assert "Ukraine (a) and Russia (b)" in said
        assert "easter-2025" in said
        assert "truceline monitor import new.duckdb" in said

    def test_a_name_that_is_taken_is_refused(self, store: Path) -> None:
        assert "is there already" in run_command("monitor", "init", store, *WHO, code=2)

    def test_without_an_agreement_it_lists_those_there_are(self) -> None:
        assert "minsk-2015" in run_command("monitor", "init", "new.duckdb", *WHO)

    def test_an_unknown_agreement_leaves_no_store_behind(self) -> None:
        run_command("monitor", "init", "new.duckdb", "--agreement", "minsk-1815", *WHO, code=2)
        assert not Path("new.duckdb").exists()


class TestReportsComeIn:
    def test_a_file_imported_twice_adds_nothing(self, store: Path) -> None:
        said = run_command("monitor", "import", store, EXAMPLES / "reports.csv", *WHO)
        assert "11 rows: 0 new, 11 repeated, 0 corrected, 0 rejected" in said
        assert "The very same file was imported before." in said

    def test_a_dry_run_says_the_same_and_writes_nothing(self) -> None:
        run_command("monitor", "init", "new.duckdb", *WHO)
        for _ in range(2):
            said = run_command("monitor", "import", "new.duckdb", EXAMPLES / "reports.csv", "--dry-run")
            assert "11 new" in said
            assert "nothing written" in said

    def test_rejected_rows_are_told_with_line_and_reason(self, store: Path) -> None:
        Path("more.csv").write_text(
            "id,time,kind,lon,lat\nA,2025-03-03T10:00,explosion,37.7,48.1\nB,2025-13-03,shot,37.7,48.1\n"
            "C,2025-03-03,shot,48.1,37.7\nD,2025-03-03T11:00,shot,37.7,48.1\n",
            encoding="utf-8",
        )
        said = run_command("monitor", "import", store, "more.csv", *WHO)
        assert "4 rows: 2 new, 0 repeated, 0 corrected, 2 rejected" in said
        assert "line 3  time" in said
        assert "line 4" in said

        said = run_command("monitor", "rejects", store)
        assert "Rejected in import 3" in said
        assert "'2025-13-03'" in said
        assert "has no import 9" in run_command("monitor", "rejects", store, "--batch", "9", code=2)

    def test_one_file_that_cannot_be_read_does_not_stop_the_others(self, store: Path) -> None:
        Path("a.csv").write_text("no,such\n1,2\n", encoding="utf-8")
        said = run_command("monitor", "import", store, "a.csv", EXAMPLES / "efforts.csv", *WHO, code=2)
        assert "7 repeated" in said
        assert "the others were: 1 problem" in said

    def test_every_file_that_is_not_there_is_named(self, store: Path) -> None:
        said = run_command("monitor", "import", store, "x.csv", "y.csv", *WHO, code=2)
        assert "x.csv" in said
        assert "y.csv" in said

    def test_a_form_can_be_filled_in(self, store: Path) -> None:
        for name in ("form.csv", "form.xlsx"):
            run_command("monitor", "form", name)
            assert "0 rows" in run_command("monitor", "import", store, name, "--dry-run")
            filled = f"filled-{name}"
            run_command("monitor", "form", filled, "--examples")
            assert "3 new" in run_command("monitor", "import", store, filled, "--dry-run")


class TestIncidents:
    def test_one_burst_of_fire_noticed_by_three_posts_is_one_incident(self, store: Path) -> None:
        said = run_command("monitor", "review", "show", store, "1")
        for source in ("Team North", "Team West", "Camera room"):
            assert source in said
        assert "verified" in said
        assert "example-2025/no-fire: violation" in said

    def test_linking_again_changes_nothing(self, store: Path) -> None:
        assert "Nothing new to link" in run_command("monitor", "link", store, *WHO)

    def test_a_split_and_its_undoing_stay_in_the_history(self, store: Path) -> None:
        said = run_command("monitor", "review", "split", store, "1", "2", "--why", "another place", *WHO)
        number = said.split()[1]
        assert "Team West" in run_command("monitor", "review", "show", store, number)
        change = [line.split()[0] for line in history_of(store, number)][-1]
        run_command("monitor", "review", "undo", store, change, "--why", "it was one", *WHO)
        assert "Team West" in run_command("monitor", "review", "show", store, "1")
        assert any("it was one" in line for line in history_of(store, "1"))
        assert any("another place" in line for line in history_of(store, "1"))

    def test_a_decision_by_hand_outlives_the_rules(self, store: Path) -> None:
        run_command("monitor", "review", "verify", store, "1", "refuted", "--why", "a quarry blast", *WHO)
        run_command("monitor", "judge", store, *WHO)
        said = run_command("monitor", "review", "show", store, "1")
        assert "refuted: a quarry blast" in said
        assert "no-fire: refuted" in said

    def test_a_wrong_word_gets_one_message_with_all_problems(self, store: Path) -> None:
        said = run_command("monitor", "review", "verify", store, "99", "sure", "--why", "x", *WHO, code=2)
        assert "2 problems" in said


def history_of(store: Path, incident: str) -> list[str]:
    said = run_command("monitor", "review", "show", store, incident)
    return said[said.index("what holds since") :].splitlines()[1:]


class TestTheDailyReport:
    def test_the_rows_add_up_to_what_is_said(self, store: Path) -> None:
        said = run_command("monitor", "report", store, "2025-03-02", "--nights", "2", *WHO)
        figures = json.loads(Path("daily/daily.json").read_text(encoding="utf-8"))
        with Path("daily/daily-2025-03-02.csv").open(encoding="utf-8") as handle:
            rows = [row for row in csv.DictReader(handle) if row["counted"] == "yes"]
        total = sum(int(row["acts_best"]) for row in rows)
        assert f"Report 1/2025: {total} violations" in said
        assert figures["figures"]["all.violations.best"] == total

    def test_a_draft_takes_no_number(self, store: Path) -> None:
        run_command("monitor", "report", store, "2025-03-02", "--draft")
        page = Path("daily/daily-2025-03-02.html").read_text(encoding="utf-8")
        assert "<h1>Daily report: a draft, not issued</h1>" in page
        assert json.loads(Path("daily/daily.json").read_text(encoding="utf-8"))["number"] is None
        assert "Report 1/2025:" in run_command("monitor", "report", store, "2025-03-02", *WHO)

    def test_a_denied_post_is_a_finding(self, store: Path) -> None:
        run_command("monitor", "report", store, "2025-03-02", *WHO)
        page = Path("daily/daily-2025-03-02.html").read_text(encoding="utf-8")
        assert "armed men at the crossroads" in page

    def test_a_folder_of_somebody_else_is_not_replaced(self, store: Path) -> None:
        Path("mine").mkdir()
        Path("mine/diary.txt").write_text("dear diary", encoding="utf-8")
        said = run_command("monitor", "report", store, "2025-03-02", "--out", "mine", "--draft", code=2)
        assert "was not made by this program" in said

    def test_a_folder_that_is_refused_leaves_nothing_in_the_register(self, store: Path) -> None:
        Path("mine").mkdir()
        Path("mine/diary.txt").write_text("dear diary", encoding="utf-8")
        run_command("monitor", "report", store, "2025-03-02", "--out", "mine", *WHO, code=2)
        assert list_issued(store) == []

    def test_a_failure_while_writing_leaves_neither_files_nor_number(
        self, store: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as broken:
            broken.setattr("truceline.publish.daily_folder.make_geojson", _fail)
            run_command("monitor", "report", store, "2025-03-02", *WHO, code=2)
        assert list_issued(store) == []
        assert not Path("daily").exists()
        assert "Report 1/2025:" in run_command("monitor", "report", store, "2025-03-02", *WHO)
        assert list_issued(store) == [1]

    def test_a_failure_while_registering_leaves_neither(
        self, store: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("truceline.store._duckdb_change.DuckDBChange.finish", _fail)
        run_command("monitor", "report", store, "2025-03-02", *WHO, code=2)
        assert list_issued(store) == []
        assert not Path("daily").exists()

    def test_the_same_store_and_moment_give_the_same_bytes(self, store: Path) -> None:
        twin = Path(shutil.copy(store, "twin.duckdb"))
        for one, folder in ((store, "one"), (twin, "two")):
            run_command("monitor", "report", one, "2025-03-02", "--out", folder, *WHO)
        names = sorted(path.name for path in Path("one").iterdir())
        assert names == sorted(path.name for path in Path("two").iterdir())
        assert all(Path("one", name).read_bytes() == Path("two", name).read_bytes() for name in names)

    def test_an_unchanged_day_issued_again_keeps_its_number_and_corrects_nothing(self, store: Path) -> None:
        for _ in range(2):
            assert "Report 1/2025:" in run_command("monitor", "report", store, "2025-03-02", *WHO)
        assert json.loads(Path("daily/daily.json").read_text(encoding="utf-8"))["corrects"] is None
        page = Path("daily/daily-2025-03-02.html").read_text(encoding="utf-8")
        assert "This report corrects" not in page
        assert list_issued(store) == [1]


def _fail(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


def list_issued(store: Path) -> list[int]:
    with open_store(str(store)) as opened:
        return [int(number) for number in opened.read_current(ISSUES)["number"]]


class TestWhatLeavesTheStore:
    def test_a_folder_of_csv_says_what_its_fields_are(self, store: Path) -> None:
        said = run_command("monitor", "export", store, "out")
        assert "nothing after" in said
        with Path("out/incidents.csv").open(encoding="utf-8") as handle:
            names = next(csv.reader(handle))
        with Path("out/fields.csv").open(encoding="utf-8") as handle:
            described = {row["field"] for row in csv.DictReader(handle) if row["table"] == "incidents"}
        assert set(names) == described
        assert "text" not in names

    def test_the_young_are_withheld(self, store: Path) -> None:
        said = run_command("monitor", "export", store, "out.geojson", "--delay", "40 h")
        assert "younger than the delay" in said

    def test_an_unknown_ending_or_kind_is_refused(self, store: Path) -> None:
        assert "is no format" in run_command("monitor", "export", store, "out.shp", code=2)
        assert "is no kind of record" in run_command(
            "monitor", "export", store, "out.gpkg", "--what", "secrets", code=2
        )

    def test_the_trend_says_that_too_little_is_known(self, store: Path) -> None:
        said = run_command("monitor", "trend", store, "--until", "2025-03-02", "--days", "7")
        assert "too few days are known" in said


@pytest.mark.parametrize(
    ("command", "found"),
    [
        (("link", "missing.duckdb"), "missing.duckdb"),
        (("report", "missing.duckdb", "2 March"), "is no day"),
        (("export", "missing.duckdb", "o.gpkg", "--delay", "soon"), "missing.duckdb"),
        (("replay", "missing.duckdb", "--from", "2025-03-02", "--to", "x"), "'x' is no day"),
    ],
)
def test_what_cannot_be_opened_or_read_is_one_message(command: tuple[str, ...], found: str) -> None:
    assert found in run_command("monitor", *command, code=2)


class TestWhatForbidsAReport:
    def test_unread_reports_and_a_cut_off_to_come(self, store: Path) -> None:
        Path("late.csv").write_text(
            "id,time,kind,lon,lat\nL,2025-03-02T10:00,explosion,37.9,48.3\n", encoding="utf-8"
        )
        run_command("monitor", "import", store, "late.csv", *WHO)
        said = run_command("monitor", "report", store, "2025-03-02", *WHO, code=2)
        assert "1 reports of the period are not linked" in said
        assert not Path("daily").exists()
        draft = run_command("monitor", "report", store, "2025-03-02", "--draft")
        assert "warning" in draft
        assert "Draft, without a number" in draft
        assert "has not come yet" in run_command("monitor", "report", store, "2025-03-05", *WHO, code=2)

    def test_a_change_that_was_never_made(self, store: Path) -> None:
        assert "there is no change 999" in run_command(
            "monitor", "report", store, "2025-03-02", "--as-of", "999", code=2
        )
