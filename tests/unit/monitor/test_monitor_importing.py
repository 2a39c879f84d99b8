"""Importing a file: one change or none, nothing twice, every reject kept, the same summary for a dry run."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from truceline.events.feeds.forms import write_form
from truceline.events.feeds.own import OWN
from truceline.events.readers import chunk as chunks
from truceline.events.readers.chunk import ReportFileError
from truceline.events.schema import BATCHES, CHANGES, EFFORTS, REJECTS, REPORTS
from truceline.monitor import importing
from truceline.monitor.ahead import THREAD_NAME, read_ahead
from truceline.monitor.importing import ImportSummary, import_file
from truceline.monitor.mission import load_mission, write_mission
from truceline.store.base import Store, StoreError
from truceline.store.open import create_store, open_store

NOW = datetime(2025, 3, 1, 12)
HEADER = "id,time,kind,lon,lat,count\n"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A store with a mission, closed."""
    path = tmp_path / "watching.duckdb"
    with create_store(path) as store, store.change(who="test", what="init") as change:
        write_mission(change, load_mission("ukraine-2025"))
    return path


@pytest.fixture
def store(place: Path) -> Iterator[Store]:
    with open_store(place, writing=True) as opened:
        yield opened


def row(number: int, *, count: str = "1", time: str = "2025-02-17T18:30", kind: str = "shot") -> str:
    return f"{number},{time},{kind},37.5,48.1,{count}\n"


def written(path: Path, *rows: str, header: str = HEADER) -> Path:
    path.write_text(header + "".join(rows), encoding="utf-8")
    return path


def bring(store: Store, path: Path, **options: object) -> ImportSummary:
    return import_file(store, path, who="analyst", now=NOW, **options)  # type: ignore[arg-type]


def reading_ahead() -> list[threading.Thread]:
    """Return the threads that read ahead still; other tests may have threads of their own."""
    return [thread for thread in threading.enumerate() if thread.name == THREAD_NAME]


def counts(summary: ImportSummary) -> tuple[int, ...]:
    return (summary.n_read, summary.n_new, summary.n_repeated, summary.n_corrected, summary.n_rejected)


def undated(summary: ImportSummary) -> ImportSummary:
    return replace(summary, batch_id=None, is_dry_run=False)


def test_a_file_becomes_reports_and_one_batch(store: Store, tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", row(1), row(2, time="2025-02-18"), row(3, kind="denial"))
    summary = bring(store, path, why="first days")
    assert counts(summary) == (3, 3, 0, 0, 0)
    assert (summary.feed, summary.kinds, summary.flags) == (
        "own",
        {"shot": 2, "denial": 1},
        {"time_unknown": 1},
    )
    assert summary.period == (datetime(2025, 2, 17, 16, 30), datetime(2025, 2, 18, 22))
    reports = store.read(REPORTS)
    assert reports["key"].tolist() == ["1", "2", "3"]
    assert reports["original"].iloc[0].startswith('{"id":"1","time":"2025-02-17T18:30"')
    (batch,) = store.read(BATCHES).to_dict("records")
    assert (batch["batch_id"], batch["feed"], batch["file_name"], batch["n_new"]) == (1, "own", "a.csv", 3)
    assert batch["file_hash"] == summary.file_hash
    last = store.read(CHANGES).iloc[-1]
    assert (last["who"], last["what"], last["why"]) == ("analyst", "import", "first days")
    assert set(reports["change_id"]) == {batch["change_id"]} == {last["change_id"]}


def test_importing_twice_adds_nothing(store: Store, tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", *(row(n) for n in range(20)))
    assert counts(bring(store, path)) == (20, 20, 0, 0, 0)
    again = bring(store, path)
    assert counts(again) == (20, 0, 20, 0, 0)
    assert again.is_known_file
    # The same rows in another file, and with some of them new.
    other = written(tmp_path / "b.csv", *(row(n) for n in range(15, 25)))
    third = bring(store, other)
    assert counts(third) == (10, 5, 5, 0, 0)
    assert not third.is_known_file
    assert len(store.read(REPORTS)) == 25
    assert store.read(BATCHES)["n_new"].tolist() == [20, 0, 5]


def test_a_correction_supersedes_and_an_old_file_does_not_undo_it(store: Store, tmp_path: Path) -> None:
    first = written(tmp_path / "a.csv", row(1), row(2))
    bring(store, first)
    corrected = bring(store, written(tmp_path / "b.csv", row(1, count="5")))
    assert counts(corrected) == (1, 0, 0, 1, 0)
    assert counts(bring(store, first)) == (2, 0, 2, 0, 0)
    current = store.read_current(REPORTS)
    assert dict(zip(current["key"], current["count_best"], strict=True)) == {"1": 5.0, "2": 1.0}
    assert store.read(REPORTS)["supersedes"].tolist() == [pd.NA, pd.NA, 1]


def test_a_file_that_contradicts_itself_adds_nothing_twice(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "CHUNK_ROWS", 2)
    path = written(tmp_path / "a.csv", row(1), row(2), row(1, count="5"), row(1), row(1, count="6"))
    summary = bring(store, path)
    assert counts(summary) == (5, 2, 0, 3, 0)
    assert counts(bring(store, path)) == (5, 0, 5, 0, 0)
    assert len(store.read(REPORTS)) == 5


def test_rejected_rows_are_kept_with_their_reason_and_stop_nobody(store: Store, tmp_path: Path) -> None:
    path = written(
        tmp_path / "a.csv",
        row(1),
        row(2, kind="shoot"),
        row(3, time="2026-01-01"),
        "4,2025-02-17T18:30\n",
        row(5, kind="shoot"),
        *(row(n) for n in range(6, 12)),
    )
    summary = bring(store, path)
    assert counts(summary) == (11, 7, 0, 0, 4)
    assert [(each.line, each.where) for each in summary.rejects] == [
        (3, "kind"),
        (4, "time_from"),
        (5, "row"),
        (6, "kind"),
    ]
    assert [(each.where, each.reason, each.n) for each in summary.reasons] == [
        ("kind", "is not a known word", 2),
        ("time_from", "lies in the future", 1),
        ("row", "has fewer fields than the header", 1),
    ]
    kept = store.read(REJECTS)
    assert kept["line"].tolist() == [3, 4, 5, 6]
    assert kept["found"].iloc[0] == "'shoot' is not a known word"
    assert "did you mean shot" in kept["hint"].iloc[0]
    assert set(kept["batch_id"]) == {summary.batch_id}
    # Read again after the rejects, the usable rows are repetitions.
    assert counts(bring(store, path)) == (11, 0, 7, 0, 4)


def test_only_so_many_rejects_are_kept_and_all_are_counted(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "MAX_KEPT_REJECTS", 30)
    monkeypatch.setattr(chunks, "CHUNK_ROWS", 20)
    path = written(
        tmp_path / "a.csv", *(row(n, kind="?") for n in range(50)), *(row(n) for n in range(50, 120))
    )
    summary = bring(store, path)
    assert counts(summary) == (120, 70, 0, 0, 50)
    assert len(store.read(REJECTS)) == 30
    assert len(summary.rejects) == importing.MAX_TOLD_REJECTS


def test_a_file_with_one_mistake_throughout_is_refused_whole(store: Store, tmp_path: Path) -> None:
    path = written(
        tmp_path / "a.csv", *(row(n, time="17/02/2025") for n in range(6)), *(row(n) for n in range(6, 11))
    )
    before = store.last_change()
    with pytest.raises(ReportFileError) as caught:
        bring(store, path)
    said = str(caught.value)
    assert (
        "6 of 11 rows cannot be used for one reason: time is not a date or time; nothing was imported" in said
    )
    assert "a.csv:2  time  '17/02/2025' is not a date or time; write 2025-02-17T18:30 or 2025-02-17" in said
    assert (store.last_change(), len(store.read(REPORTS)), len(store.read(REJECTS))) == (before, 0, 0)
    with pytest.raises(ReportFileError):
        bring(store, path, dry_run=True)
    assert counts(bring(store, path, keep_going=True)) == (11, 5, 0, 0, 6)


def test_a_file_that_breaks_off_leaves_nothing(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "CHUNK_ROWS", 10)
    path = written(tmp_path / "a.csv", *(row(n) for n in range(100)))
    path.write_bytes(path.read_bytes() + "101,вибух\n".encode("cp1251"))
    before = store.last_change()
    with pytest.raises(ReportFileError, match=r"a\.csv:102 .* is no UTF-8 text"):
        bring(store, path)
    assert (store.last_change(), len(store.read(REPORTS)), len(store.read(BATCHES))) == (before, 0, 0)
    assert reading_ahead() == []


def test_a_header_without_rows_is_an_import_of_nothing(store: Store, tmp_path: Path) -> None:
    summary = bring(store, written(tmp_path / "a.csv"))
    assert (counts(summary), summary.period) == ((0, 0, 0, 0, 0), None)
    assert len(store.read(BATCHES)) == 1


def test_a_dry_run_tells_the_same_and_writes_nothing(place: Path, tmp_path: Path) -> None:
    first = written(tmp_path / "a.csv", *(row(n) for n in range(10)))
    second = written(
        tmp_path / "b.csv",
        row(3),
        row(4, count="7"),
        row(50),
        row(50),
        row(50, count="2"),
        row(51, kind="?"),
        row(4),
    )
    write_form(tmp_path / "efforts.csv", "efforts", examples=True)
    for path in (first, second, second, tmp_path / "efforts.csv", tmp_path / "efforts.csv"):
        before = place.read_bytes()
        with open_store(place) as reading:
            foretold = bring(reading, path, dry_run=True)
        assert place.read_bytes() == before
        assert foretold.is_dry_run
        with open_store(place, writing=True) as writing:
            done = bring(writing, path)
        assert undated(foretold) == undated(done)
        assert not done.is_dry_run


def test_a_dry_run_foretells_files_that_contradict_themselves(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "CHUNK_ROWS", 3)
    files = {
        "a": [row(1), row(1, count="2"), row(2), row(1, count="3"), row(2)],
        "b": [row(1, count="2"), row(1, count="3"), row(9)],
        "c": [row(1, count="3"), row(1, count="2"), row(1, count="3"), row(2, count="8"), row(2)],
    }
    for name in ("a", "b", "c", "b", "a"):
        path = written(tmp_path / f"{name}.csv", *files[name])
        with open_store(place, writing=True) as store:
            foretold = bring(store, path, dry_run=True)
            assert counts(foretold) == counts(bring(store, path)), name


def test_a_store_opened_for_reading_takes_no_import(place: Path, tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", row(1))
    with open_store(place) as reading, pytest.raises(StoreError):
        bring(reading, path)


def test_effort_is_added_corrected_and_not_repeated(store: Store, tmp_path: Path) -> None:
    header = "means,post,time_from,time_to,state\n"
    night = "camera,C3,2025-02-17T18:00,2025-02-18T06:00,watched\n"
    first = written(
        tmp_path / "a.csv", night, "patrol,P1,2025-02-17T09:00,2025-02-17T10:00,denied\n", header=header
    )
    assert counts(bring(store, first)) == (2, 2, 0, 0, 0)
    shot_out = night.replace("02-18T06:00", "02-17T23:10")
    second = written(tmp_path / "b.csv", shot_out, shot_out, header=header)
    summary = bring(store, second)
    assert counts(summary) == (2, 0, 1, 1, 0)
    assert (summary.feed, summary.kinds) == ("efforts", {"watched": 2})
    current = store.read_current(EFFORTS)
    assert len(current) == 2
    assert current[current["post"] == "C3"]["time_to"].tolist() == [pd.Timestamp("2025-02-17T21:10")]
    assert counts(bring(store, second)) == (2, 0, 2, 0, 0)
    assert len(store.read(EFFORTS)) == 3
    assert len(store.read(REPORTS)) == 0


def test_columns_that_nobody_reads_are_told(store: Store, tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "1,2025-02-17,shot,X,3\n", header="id,time,kind,place,kiled\n")
    assert bring(store, path).ignored_columns == ("kiled",)


def test_a_format_may_be_named_and_must_fit(store: Store, tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "1,x\n", header="id,what\n")
    with pytest.raises(ReportFileError, match=r"a\.csv  lacks kind, time or time_from for the format own"):
        bring(store, path, feed=OWN)
    with pytest.raises(ReportFileError, match="is of no known format"):
        bring(store, path)
    one_column = written(tmp_path / "b.csv", "1^2025\n", header="kind^time\n")
    with pytest.raises(ReportFileError, match=r"the column kind\^time, read as CSV with the delimiter ','"):
        bring(store, one_column)
    assert counts(bring(store, written(tmp_path / "c.csv", row(1)), feed=OWN)) == (1, 1, 0, 0, 0)


def test_progress_is_told_up_to_the_end(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "CHUNK_ROWS", 10)
    shares: list[float] = []
    bring(store, written(tmp_path / "a.csv", *(row(n) for n in range(35))), progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert len(shares) == 4


@pytest.mark.parametrize(
    ("name", "n_rows", "n_reports"),
    [
        ("viina_1pd_2026-01.parquet", 3837, 3837),
        ("ucdp_ged_ukraine_2014_2021-06.parquet", 2985, 2985),
        ("alerts_oblast.parquet", 55909, 55909),
        ("osce_smm_counts_2020-07_2021-06.csv", 230, 262),  # 32 rows state explosions too
        ("missile_drone_attacks.csv.gz", 2495, 2495),
        ("firms_viirs_noaa20_sample.csv", 48, 48),
    ],
)
def test_the_extracts_import_whole(
    store: Store, shared: Path, name: str, n_rows: int, n_reports: int
) -> None:
    path = shared / "data" / "events" / name
    summary = import_file(store, path, who="analyst", now=datetime(2026, 12, 31))
    assert (summary.n_read, summary.n_rejected) == (n_rows, 0)
    assert summary.n_new + summary.n_repeated == n_reports
    assert len(store.read(REPORTS, columns=("key",))) == summary.n_new


class TestReadingAhead:
    def test_items_come_in_order_and_errors_in_their_place(self) -> None:
        def items() -> Iterator[int]:
            yield from range(5)
            raise ValueError("six")

        with read_ahead(items()) as ahead:
            assert [next(ahead) for _ in range(5)] == [0, 1, 2, 3, 4]
            with pytest.raises(ValueError, match="six"):
                next(ahead)
        assert reading_ahead() == []

    def test_leaving_early_stops_the_thread_and_closes_the_source(self) -> None:
        closed = []

        def items() -> Iterator[int]:
            try:
                yield from range(1_000_000_000)
            finally:
                closed.append(True)

        with read_ahead(items()) as ahead:
            assert next(ahead) == 0
            assert len(reading_ahead()) == 1
        assert closed == [True]
        assert reading_ahead() == []


def test_two_sheets_of_one_workbook_are_two_files(store: Store, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for name, at in (("mon", "2025-02-17T10:00"), ("tue", "2025-02-18T10:00")):
        sheet = book.create_sheet(name)
        sheet.append(["id", "time", "kind", "lon", "lat"])
        sheet.append([name, at, "explosion", 37.5, 48.1])
    book.save(tmp_path / "week.xlsx")
    for name in ("mon", "tue"):
        summary = import_file(store, tmp_path / "week.xlsx", who="a", now=datetime(2025, 3, 1), sheet=name)
        assert (summary.n_new, summary.is_known_file) == (1, False)
