"""The commands of field reports, as a desk types them."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from field_kit import TOKEN, central_tables, central_zip, edited, event, make_store, serve, submission, system
from typer.testing import CliRunner, Result

from truceline.cli.main import app
from truceline.events.frames import make_frame
from truceline.events.schema import POSTS
from truceline.store.open import open_store


@pytest.fixture(autouse=True)
def _desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRUCELINE_WHO", "desk")
    monkeypatch.setenv("TRUCELINE_NOW", "2025-03-10T12:00")
    monkeypatch.setenv("TRUCELINE_ODK_TOKEN", TOKEN)
    make_store(Path("m.duckdb"))


def run(*words: str) -> str:
    result = invoke(*words)
    assert result.exit_code == 0, f"{result.output}\n{result.exception!r}"
    return " ".join(result.stdout.split())


def invoke(*words: str) -> Result:
    return CliRunner().invoke(app, ["monitor", *words])


def names(path: str, list_name: str) -> list[str]:
    rows = openpyxl.load_workbook(path)["choices"].iter_rows(values_only=True)
    return [str(label) for kind, _, label, *_ in rows if kind == list_name]


def test_the_form_of_a_mission_has_its_regions_and_sides() -> None:
    assert "0 posts and 6 regions" in run("field-form", "form.xlsx")
    assert "Donetsk" in names("form.xlsx", "region")
    assert names("form.xlsx", "side") == ["Ukraine", "Russia"]
    assert invoke("field-form", "form.xlsx").exit_code == 2


def test_the_form_of_a_store_has_its_posts() -> None:
    posts = {"post": ["Post 12", "Post 9"], "state": ["open", "closed"]}
    with open_store("m.duckdb", writing=True) as store, store.change(who="t", what="posts") as change:
        change.append(POSTS, make_frame(POSTS, posts))
    run("field-form", "form.xlsx", "--posts", "m.duckdb")
    assert names("form.xlsx", "post") == ["Post 12", "Another one"]


def test_an_export_is_imported_like_any_other_file() -> None:
    Path("export.zip").write_bytes(central_zip([submission("one"), submission("two", "camera")]))
    Path("own.csv").write_text("time,kind,lon,lat\n2025-03-01T08:00,shot,37.8,48.1\n", encoding="utf-8")
    assert "2 new or changed: taken 2" in run("import", "m.duckdb", "export.zip", "--dry-run")
    told = run("import", "m.duckdb", "export.zip", "own.csv")
    assert "2 submissions, 2 new or changed: taken 2" in told
    assert "Not kept: " in told
    assert "own.csv: Truceline's own form of report" in told
    assert "0 new or changed" in run("import", "m.duckdb", "export.zip")


def test_a_broken_export_keeps_no_other_file_out() -> None:
    Path("truceline_field-event.csv").write_text(
        central_tables([submission("one")])["truceline_field-event.csv"], encoding="utf-8"
    )
    Path("own.csv").write_text("time,kind,lon,lat\n2025-03-01T08:00,shot,37.8,48.1\n", encoding="utf-8")
    result = invoke("import", "m.duckdb", "truceline_field-event.csv", "own.csv")
    assert result.exit_code == 2
    assert "give the table of submissions too" in result.output
    assert "1 rows: 1 new" in result.output


def test_both_tables_of_an_export_belong_together() -> None:
    for name, text in central_tables([submission("one")]).items():
        Path(name).write_text(text, encoding="utf-8")
    lone = run("import", "m.duckdb", "truceline_field.csv", "--dry-run")
    assert "import both tables of the export" in lone
    assert "reports: 1 new" in run("import", "m.duckdb", "truceline_field.csv", "truceline_field-event.csv")


def test_a_pull_says_what_became_of_everything() -> None:
    late = system(submissionDate="2025-03-06T10:00:00.000Z")
    with serve(
        [submission("one"), submission("two", __system=late, end="2025-03-06T13:00:00.000+02:00")]
    ) as server:
        told = run("pull", "m.duckdb", server.url, "--dry-run")
        assert "dry run: nothing written" in told
        told = run("pull", "m.duckdb", server.url, "--why", "morning")
        assert "reports: 2 new" in told
        assert "1 arrived long after the event" in told
        assert "The clock of Post 12 is off: at least 60 min ahead of the server" in told
        assert "0 new or changed" in run(
            "pull", "m.duckdb", server.url, "--feed", "odk", "--since", "2025-02-01"
        )
        assert TOKEN not in told


def test_the_backlog_is_printed_by_state() -> None:
    assert run("submissions", "m.duckdb") == "No submissions."
    first = submission("one")
    later = edited(first, 1, violation={"event": [event("one-1", count_best=6)], "n_events": "1"})
    with serve([later]) as server:
        run("pull", "m.duckdb", server.url)
    Path("old.zip").write_bytes(central_zip([first]))
    assert "late_edit 1" in run("import", "m.duckdb", "old.zip")
    told = run("submissions", "m.duckdb")
    for words in ("edited 1", "late_edit 1", "Not used, oldest first: 1", "came after one-v1", "Post 12 2"):
        assert words in told
    assert "late_edit" not in run("submissions", "m.duckdb", "--state", "edited")
    assert run("submissions", "m.duckdb", "--state", "deleted") == "No submissions with the state deleted."
    assert invoke("submissions", "m.duckdb", "--state", "lost").exit_code == 2


def test_clocks_say_what_there_is_to_compare() -> None:
    with serve([submission("one", end="2025-03-01T12:20:00.000+02:00")]) as server:
        run("pull", "m.duckdb", server.url)
    run("link", "m.duckdb")
    told = run("clocks", "m.duckdb")
    assert "0 incidents were noticed by two posts or more" in told
    assert "Nothing to compare with: Post 12" in told
    assert "The device of Post 12 ran at least 20 min ahead of the server" in told
    assert "Nothing" not in run("clocks", "m.duckdb", "--days", "2")


def test_a_wrong_token_is_one_line_and_writes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUCELINE_ODK_TOKEN", "wrong")
    with serve([submission("one")]) as server:
        result = invoke("pull", "m.duckdb", server.url)
    assert result.exit_code == 2
    assert "status 401" in result.output
    with open_store("m.duckdb", writing=False) as store:
        assert store.last_change() == 1
