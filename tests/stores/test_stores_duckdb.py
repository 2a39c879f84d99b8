"""What is DuckDB's alone: the one file, its lock, its numbered steps, its internal tables."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

import duckdb
import numpy as np
import pytest

from truceline.events.frames import make_frame
from truceline.events.schema import CHANGES, INCIDENTS, JUDGEMENTS, REPORTS, SETTINGS, TABLES, ColumnType
from truceline.store import duckdb_store, migrations
from truceline.store._replaced import rebuild_replaced
from truceline.store._report_keys import rebuild_keys
from truceline.store.base import Store, StoreError
from truceline.store.migrations import Step, list_steps
from truceline.store.open import create_store, open_store

SQL_OF = {
    ColumnType.integer: ("BIGINT", "YES"),
    ColumnType.number: ("DOUBLE", "YES"),
    ColumnType.text: ("VARCHAR", "NO"),
    ColumnType.moment: ("TIMESTAMP", "YES"),
    ColumnType.truth: ("BOOLEAN", "NO"),
}
HOLD = """
import sys
from truceline.store.open import open_store
with open_store(sys.argv[1], writing=sys.argv[2] == "writing") as store:
    print("open", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "watch.truceline"


@contextmanager
def held_elsewhere(path: Path, how: str) -> Iterator[subprocess.Popen[str]]:
    """Let another process have the store until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        yield process
    finally:
        process.communicate(timeout=30)


def test_columns_are_those_of_the_schema_in_names_order_and_types(path: Path) -> None:
    create_store(path).close()
    with closing(duckdb.connect(str(path), read_only=True)) as database:
        for table in TABLES.values():
            columns = database.execute(
                "SELECT column_name, data_type, is_nullable FROM information_schema.columns "
                "WHERE table_name = ? ORDER BY ordinal_position",
                [table.name],
            ).fetchall()
            expected = [(field.name, *SQL_OF[field.type]) for field in table.fields]
            assert columns == [*expected, ("row_order", "BIGINT", "NO")]


def test_a_store_is_one_file_when_it_is_closed(path: Path) -> None:
    with create_store(path) as store, store.change(who="Ann", what="import") as change:
        columns = {"feed": "own", "key": np.arange(1_000).astype(str), "digest": "d"}
        change.add_reports(make_frame(REPORTS, columns))
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    with open_store(path) as store:
        assert len(store.read(REPORTS)) == 1_000
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_the_database_loads_no_extension_and_reads_no_other_file(path: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with create_store(path) as store:
        cursor = store._file.cursor()  # type: ignore[attr-defined]
        for statement in (
            f"FROM read_csv('{tmp_path}/secret.csv')",
            f"COPY changes TO '{tmp_path}/out.csv'",
            f"ATTACH '{tmp_path}/other.duckdb'",
            "INSTALL spatial",
            "SET enable_external_access = true",
            "SET autoinstall_known_extensions = true",
        ):
            with pytest.raises(duckdb.Error):
                cursor.execute(statement)


class TestOpening:
    def test_a_store_that_is_not_there_is_not_made_by_opening(self, path: Path) -> None:
        for writing in (False, True):
            with pytest.raises(StoreError, match=r"is not there; .*truceline monitor init"):
                open_store(path, writing=writing)
        assert not path.exists()

    def test_a_store_that_is_there_is_not_made_again(self, path: Path) -> None:
        path.write_text("somebody's own", encoding="utf-8")
        with pytest.raises(StoreError, match="is there already"):
            create_store(path)
        assert path.read_text(encoding="utf-8") == "somebody's own"

    def test_a_store_in_no_folder_is_refused_and_leaves_nothing(self, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match="cannot be made"):
            create_store(tmp_path / "none" / "watch.truceline")
        assert list(tmp_path.iterdir()) == []

    def test_a_file_of_another_kind_is_refused(self, path: Path, tmp_path: Path) -> None:
        path.write_bytes(b"PK\x03\x04 nothing of ours" * 1_000)
        with pytest.raises(StoreError, match="a file of another kind"):
            open_store(path)
        path.write_bytes(b"")
        with pytest.raises(StoreError, match="is an empty file"):
            open_store(path, writing=True)
        with pytest.raises(StoreError, match="is a folder"):
            open_store(tmp_path)

    @pytest.mark.parametrize("writing", [False, True])
    def test_a_database_of_somebody_else_is_refused_and_left_alone(self, path: Path, writing: bool) -> None:
        with closing(duckdb.connect(str(path))) as database:
            database.execute("CREATE TABLE reports (a INTEGER)")
        before = path.read_bytes()
        with pytest.raises(StoreError, match="no Truceline store"):
            open_store(path, writing=writing)
        assert path.read_bytes() == before

    def test_an_address_of_another_kind_of_server_is_refused_without_telling_its_password(self) -> None:
        with pytest.raises(StoreError, match="of no kind of store") as caught:
            open_store("mysql://ann:secret@host/watch")
        assert "secret" not in str(caught.value)

    def test_a_failed_opening_does_not_keep_the_file(self, path: Path) -> None:
        with closing(duckdb.connect(str(path))) as database:
            database.execute("CREATE TABLE reports (a INTEGER)")
        with pytest.raises(StoreError, match="no Truceline store"):
            open_store(path, writing=True)
        duckdb.connect(str(path)).close()


class TestOneWriter:
    def test_a_second_writer_waits_and_then_writes(self, path: Path) -> None:
        create_store(path).close()
        told: list[str] = []
        with held_elsewhere(path, "writing") as holder:

            def let_go(message: str) -> None:
                told.append(message)
                assert holder.stdin is not None
                holder.stdin.write("\n")
                holder.stdin.flush()

            with open_store(path, writing=True, wait_s=60, on_wait=let_go) as store:
                with store.change(who="Bo", what="set"):
                    pass
                assert store.last_change() == 1
        assert len(told) >= 1
        assert f"in use by another program (process {holder.pid})" in told[0]

    @pytest.mark.parametrize(("how", "writing"), [("writing", True), ("writing", False), ("reading", True)])
    def test_waiting_ends_with_who_has_it_and_what_to_do(self, path: Path, how: str, writing: bool) -> None:
        create_store(path).close()
        with held_elsewhere(path, how) as holder, pytest.raises(StoreError) as caught:
            open_store(path, writing=writing, wait_s=0.2)
        assert re.search(rf"still in use by another program \(process {holder.pid}\)", str(caught.value))
        assert "let the other finish or close it, then try again" in str(caught.value)

    def test_several_may_read_at_once(self, path: Path) -> None:
        create_store(path).close()
        with held_elsewhere(path, "reading"), open_store(path, wait_s=0) as store:
            assert store.last_change() == 0

    def test_within_one_program_readers_share_with_the_writer(self, path: Path) -> None:
        with create_store(path) as writer:
            with open_store(path, wait_s=0) as reader, open_store(path, writing=True, wait_s=0) as other:
                with writer.change(who="Ann", what="set") as change:
                    change.append(SETTINGS, make_frame(SETTINGS, {"name": ["a"], "value": ["b"]}))
                    assert reader.read(SETTINGS).empty
                    with pytest.raises(StoreError, match="being changed already"):
                        other.change(who="Bo", what="set").__enter__()
                assert len(reader.read(SETTINGS)) == 1
            assert writer.last_change() == 1
        with open_store(path, wait_s=0) as reader, pytest.raises(StoreError, match="this program itself"):
            open_store(path, writing=True, wait_s=0.05)

    def test_what_killed_programs_spilled_is_removed_by_the_next_writer(self, path: Path) -> None:
        create_store(path).close()
        left = path.with_name(f".{path.name}.99999999.spill")
        left.mkdir()
        (left / "duckdb_temp_storage-0.tmp").write_bytes(b"x")
        open_store(path).close()
        assert left.is_dir()
        open_store(path, writing=True).close()
        assert not left.exists()


class TestSteps:
    def use(self, monkeypatch: pytest.MonkeyPatch, *more: str) -> None:
        known = list_steps()
        extra = tuple(
            Step(len(known) + 1 + number, f"extra_{number}", sql) for number, sql in enumerate(more)
        )
        monkeypatch.setattr(duckdb_store, "list_steps", lambda: (*known, *extra))

    def versions(self, path: Path) -> list[tuple[int, str]]:
        with closing(duckdb.connect(str(path), read_only=True)) as database:
            rows = database.execute("SELECT * FROM schema_version ORDER BY version").fetchall()
        assert all(isinstance(at, datetime) and program for _, _, at, program in rows)
        return [(version, name) for version, name, _, _ in rows]

    def test_every_step_is_noted(self, path: Path) -> None:
        create_store(path).close()
        assert self.versions(path) == [(step.version, step.name) for step in list_steps()]

    def test_a_store_of_an_earlier_version_is_renewed_by_writing_alone(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        create_store(path).close()
        self.use(monkeypatch, "CREATE TABLE later (a INTEGER); INSERT INTO later VALUES (7);")
        with pytest.raises(StoreError, match=r"an earlier version .* open it for writing once"):
            open_store(path)
        open_store(path, writing=True).close()
        assert self.versions(path)[-1] == (len(list_steps()) + 1, "extra_0")
        open_store(path).close()

    def test_a_step_that_fails_leaves_the_store_as_it_was(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        create_store(path).close()
        before = self.versions(path)
        self.use(monkeypatch, "CREATE TABLE later (a INTEGER)", "CREATE TABLE later (a INTEGER)")
        with pytest.raises(duckdb.Error):
            open_store(path, writing=True)
        assert self.versions(path) == before
        with closing(duckdb.connect(str(path), read_only=True)) as database:
            assert "later" not in [name for (name,) in database.execute("SHOW TABLES").fetchall()]

    @pytest.mark.parametrize("writing", [False, True])
    def test_a_store_of_a_later_version_is_refused(
        self, path: Path, monkeypatch: pytest.MonkeyPatch, writing: bool
    ) -> None:
        with monkeypatch.context() as later:
            self.use(later, "CREATE TABLE later (a INTEGER)")
            create_store(path).close()
        with pytest.raises(StoreError, match="by a later version of Truceline"):
            open_store(path, writing=writing)

    def test_numbers_of_steps_without_a_gap_are_demanded(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = tmp_path / "schema" / "duckdb"
        folder.mkdir(parents=True)
        for name in ("001_tables.sql", "003_more.sql"):
            (folder / name).write_text("SELECT 1", encoding="utf-8")
        monkeypatch.setattr(migrations, "files", lambda _: tmp_path)
        with pytest.raises(ValueError, match=r"\[1, 3\]"):
            list_steps()


class TestInternalTables:
    def fill(self, store: Store) -> None:
        random = np.random.default_rng(1)
        for _ in range(4):
            with store.change(who="Ann", what="import") as change:
                for _ in range(2):
                    key, digest = (
                        random.integers(0, 50, 80).astype(str),
                        random.integers(0, 2, 80).astype(str),
                    )
                    change.add_reports(make_frame(REPORTS, {"feed": "f", "key": key, "digest": digest}))
                    incidents = {"incident_id": random.integers(1, 20, 15)}
                    change.append(INCIDENTS, make_frame(INCIDENTS, incidents))
                    clause = random.choice(np.array(["fire", "weapons"], dtype=object), 15)
                    change.append(JUDGEMENTS, make_frame(JUDGEMENTS, {**incidents, "clause": clause}))

    def test_they_can_be_made_again_from_the_others(self, path: Path) -> None:
        names = ["report_keys", *(f"replaced_{table.name}" for table in TABLES.values() if table.subject)]
        with create_store(path) as store:
            self.fill(store)
            with closing(store._file.cursor()) as cursor:  # type: ignore[attr-defined]
                before = {
                    name: cursor.execute(f"SELECT * FROM {name} ORDER BY ALL").fetchall()  # noqa: S608
                    for name in names
                }
                rebuild_keys(cursor)
                for table in TABLES.values():
                    rebuild_replaced(cursor, table)
                for name in names:
                    again = cursor.execute(f"SELECT * FROM {name} ORDER BY ALL").fetchall()  # noqa: S608
                    assert again == before[name], name
        assert before["replaced_reports"]
        assert before["replaced_judgements"]

    def test_equal_hashes_of_different_keys_do_no_harm(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from truceline.store import _report_keys

        same_for_all = _report_keys._HASH_GIVEN.replace(_report_keys._HASH, "CAST(7 AS UBIGINT)")
        monkeypatch.setattr(_report_keys, "_HASH_GIVEN", same_for_all)
        with create_store(path) as store:
            for expected in (3, 0):
                with store.change(who="Ann", what="import") as change:
                    columns = {"feed": "f", "key": ["a", "b", "c"], "digest": "d"}
                    assert change.add_reports(make_frame(REPORTS, columns)).n_new == expected

    def test_row_order_follows_the_order_of_writing(self, path: Path) -> None:
        n_rows = 130_000  # more than one row group
        with create_store(path) as store:
            with store.change(who="Ann", what="link") as change:
                numbers = np.arange(n_rows)[::-1]
                change.append(INCIDENTS, make_frame(INCIDENTS, {"incident_id": numbers}))
            back = store.read(INCIDENTS, columns=["incident_id"])["incident_id"]
            np.testing.assert_array_equal(back.to_numpy(dtype=np.int64), numbers)
            assert store.read(CHANGES, columns=["what"])["what"].tolist() == ["link"]


def test_a_change_that_cannot_even_begin_tells_why_and_lets_the_next_one_in(tmp_path: Path) -> None:
    is_stopped = [False]

    def read_clock() -> datetime:
        if is_stopped[0]:
            raise RuntimeError("the clock stopped")
        return datetime(2025, 1, 1)

    with create_store(tmp_path / "s.duckdb", clock=read_clock) as store:
        is_stopped[0] = True
        with pytest.raises(RuntimeError, match="the clock stopped"), store.change(who="a", what="first"):
            pass
        is_stopped[0] = False
        with store.change(who="a", what="second"):
            pass
        assert store.last_change() == 1
