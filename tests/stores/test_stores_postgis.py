"""What is PostGIS's alone: addresses, rights, its tables and views, sums and totals."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from postgis_server import PostGISServer
from reference_store import ReferenceStore
from store_kinds import Ticking
from typer.testing import CliRunner

from truceline.cli.main import app
from truceline.events.frames import make_frame
from truceline.events.schema import (
    INCIDENTS,
    JUDGEMENTS,
    SETTINGS,
    TABLES,
    VERIFICATIONS,
    ColumnType,
)
from truceline.store import _postgis_totals, migrations, postgis_store
from truceline.store._postgis_address import parse_address
from truceline.store.base import Selection, Store, StoreError, StoreUnavailableError
from truceline.store.migrations import Step, list_steps
from truceline.store.open import create_store, open_store

SQL_OF = {
    ColumnType.integer: ("bigint", "YES", None),
    ColumnType.number: ("double precision", "YES", None),
    ColumnType.text: ("text", "NO", "C"),
    ColumnType.moment: ("timestamp without time zone", "YES", None),
    ColumnType.truth: ("boolean", "NO", None),
}
HOURS = st.integers(-30, 30).map(lambda hours: datetime(1970, 1, 1) + timedelta(hours=hours))
JUDGED = st.tuples(
    st.integers(1, 3), st.sampled_from("ab"), st.none() | HOURS, st.sampled_from(["violation", "unclear"]),
    st.booleans(), st.sampled_from([None, 0.0, 1.5]),
)  # fmt: skip


@pytest.fixture
def store(postgis_address: str) -> Iterator[Store]:
    with create_store(postgis_address, clock=Ticking()) as made:
        yield made


def schema_of(address: str) -> str:
    return parse_address(address).schema


def write_setting(store: Store, value: str) -> None:
    with store.change(who="Ann", what="set") as change:
        change.append(SETTINGS, make_frame(SETTINGS, {"name": ["zone"], "value": [value]}))


def values(store: Store) -> list[str]:
    found: list[str] = store.read(SETTINGS)["value"].tolist()
    return found


class TestAddresses:
    @pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
    def test_a_store_is_opened_by_loopback_and_by_socket(
        self, postgis_server: PostGISServer, scheme: str
    ) -> None:
        address = postgis_server.new_address()
        create_store(address).close()
        schema = schema_of(address)
        by_socket = f"{scheme}{postgis_server.socket_address.removeprefix('postgresql')}&schema={schema}"
        with open_store(by_socket, writing=True) as store:
            write_setting(store, "UTC")
        with open_store(address) as store:
            assert values(store) == ["UTC"]
            assert (
                store.place == f"postgresql://truceline@127.0.0.1:{postgis_server.port}/tests?schema={schema}"
            )

    def test_two_stores_lie_in_one_database_and_know_nothing_of_each_other(
        self, postgis_server: PostGISServer
    ) -> None:
        one, two = postgis_server.new_address(), postgis_server.new_address()
        with create_store(one) as first, create_store(two) as second:
            with first.turn():
                write_setting(second, "UTC")
            assert first.last_change() == 0
            assert second.last_change() == 1

    def test_a_store_is_not_made_twice_and_not_opened_where_there_is_none(
        self, postgis_server: PostGISServer
    ) -> None:
        address = postgis_server.new_address()
        with pytest.raises(StoreError, match="holds no store"):
            open_store(address)
        create_store(address).close()
        with pytest.raises(StoreError, match="is there already"):
            create_store(address)

    def test_no_message_repeats_a_password(self, postgis_server: PostGISServer) -> None:
        port = postgis_server.port
        for address in (
            f"postgresql://truceline:hunter2@127.0.0.1:{port}/nowhere",
            "postgresql://truceline:hunter2@127.0.0.1:1/tests",
            "postgresql://truceline:hunter2@127.0.0.1:no_port/tests",
            f"postgresql://truceline:hun@ter2@127.0.0.1:{port}/tests",
            f"postgresql://127.0.0.1:{port}/tests?password=hunter2&user=truceline&schema=nothing",
            f"postgresql://truceline:hunter2@127.0.0.1:{port}/tests?schema=",
            "postgresql://truceline:hunter2@[half/tests",
            "mysql://truceline:hunter2@127.0.0.1/tests",
        ):
            with pytest.raises(StoreError) as caught:
                open_store(address)
            for secret in ("hunter2", "ter2"):
                assert secret not in str(caught.value), caught.value

    def test_making_a_store_repeats_no_password_either(self, postgis_server: PostGISServer) -> None:
        address = postgis_server.new_address().replace("truceline@", "truceline:hunter2@")
        done = CliRunner().invoke(app, ["monitor", "init", address])
        assert done.exit_code == 0, done.output
        assert "hunter2" not in done.output

    def test_a_server_that_is_not_there_may_be_tried_again_and_a_wrong_name_may_not(
        self, postgis_server: PostGISServer
    ) -> None:
        with pytest.raises(StoreUnavailableError, match="does not answer"):
            open_store("postgresql://truceline@127.0.0.1:1/tests")
        with pytest.raises(StoreError, match="cannot be opened") as caught:
            open_store(f"postgresql://truceline@127.0.0.1:{postgis_server.port}/nowhere")
        assert not isinstance(caught.value, StoreUnavailableError)

    def test_without_the_library_one_line_says_what_to_install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "psycopg", None)
        with pytest.raises(StoreError, match=r"pip install 'truceline\[service\]'"):
            open_store("postgresql://user@host/database")


class TestDatabase:
    def test_columns_are_those_of_the_schema_in_names_order_and_types(
        self, store: Store, postgis_address: str, postgis_server: PostGISServer
    ) -> None:
        for table in TABLES.values():
            columns = postgis_server.run_sql(
                "SELECT column_name, data_type, is_nullable, collation_name FROM information_schema.columns "
                "WHERE table_name = %s AND table_schema = %s ORDER BY ordinal_position",
                [table.name, schema_of(postgis_address)],
            )
            expected: list[tuple[Any, ...]] = [(field.name, *SQL_OF[field.type]) for field in table.fields]
            expected.append(("row_order", "bigint", "NO", None))
            if {"lon", "lat"} <= set(table.names):
                expected.append(("geom", "USER-DEFINED", "YES", None))
            assert columns == expected

    def test_postgis_is_added_to_a_database_that_has_none(self, postgis_server: PostGISServer) -> None:
        with create_store(postgis_server.new_database(has_postgis=False)) as store:
            assert store.last_change() == 0

    def test_whoever_may_not_add_postgis_is_told_what_to_ask_for(self, postgis_server: PostGISServer) -> None:
        address = postgis_server.new_database(has_postgis=False)
        name = address.rpartition("/")[2]
        postgis_server.run_sql(f"CREATE ROLE plain_{name} LOGIN")
        postgis_server.run_sql(f"GRANT CREATE ON DATABASE {name} TO plain_{name}")
        plain = address.replace("truceline@", f"plain_{name}@")
        with pytest.raises(StoreError, match=f"CREATE EXTENSION postgis, in the database {name}"):
            create_store(plain)
        with pytest.raises(StoreError, match="holds no store"):
            open_store(address)

    def test_whoever_may_only_look_can_read_and_is_told_that_it_may_not_write(
        self, store: Store, postgis_server: PostGISServer, postgis_address: str
    ) -> None:
        write_setting(store, "UTC")
        schema = schema_of(postgis_address)
        postgis_server.run_sql(f"CREATE ROLE looker_{schema} LOGIN")
        postgis_server.run_sql(f"GRANT USAGE ON SCHEMA {schema} TO looker_{schema}")
        postgis_server.run_sql(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO looker_{schema}")
        address = postgis_address.replace("truceline@", f"looker_{schema}@")
        with open_store(address, writing=True) as other:
            assert values(other) == ["UTC"]
            with pytest.raises(StoreError, match=r"permission denied.*nothing of this change was kept"):
                write_setting(other, "x")

    @pytest.mark.parametrize("sql", ["UPDATE {0} SET change_id = 9", "DELETE FROM {0}", "TRUNCATE {0}"])
    def test_a_history_cannot_be_rewritten_by_anybody(
        self, store: Store, postgis_server: PostGISServer, postgis_address: str, sql: str
    ) -> None:
        write_setting(store, "UTC")
        for name in TABLES:
            with pytest.raises(psycopg.errors.RaiseException, match=f"rows of {name} are never changed"):
                postgis_server.run_sql(sql.format(f"{schema_of(postgis_address)}.{name}"))
        assert values(store) == ["UTC"]

    def test_the_views_for_maps_show_what_holds_now(
        self, store: Store, postgis_server: PostGISServer, postgis_address: str
    ) -> None:
        with store.change(who="Ann", what="link") as change:
            columns = {"incident_id": [1, 2, 3], "lon": [36.5, None, 400.0], "lat": 48.25, "kind": "shot"}
            change.append(INCIDENTS, make_frame(INCIDENTS, columns))
            change.append(
                VERIFICATIONS, make_frame(VERIFICATIONS, {"incident_id": [1], "status": ["reported"]})
            )
        with store.change(who="Ann", what="link") as change:
            change.append(INCIDENTS, make_frame(INCIDENTS, {"incident_id": [2], "merged_into": [1]}))
            change.append(
                VERIFICATIONS, make_frame(VERIFICATIONS, {"incident_id": [1], "status": ["verified"]})
            )
        view = f"{schema_of(postgis_address)}.incidents_now"
        asked = "SELECT incident_id, ST_AsText(geom), ST_SRID(geom), verification FROM {0} ORDER BY 1"
        rows = postgis_server.run_sql(asked.format(view))
        assert rows == [(1, "POINT(36.5 48.25)", 4326, "verified"), (3, None, None, None)]
        for name in ("reports_now", "efforts_now", "posts_now", "cells_now"):
            postgis_server.run_sql(f"TABLE {schema_of(postgis_address)}.{name}")

    def test_the_index_for_long_rows_leaves_none_out(self, store: Store) -> None:
        epoch = datetime(2025, 4, 1)
        moments = [None, *(epoch + timedelta(days=day) for day in range(6))]
        pairs = [(start, end) for start in moments for end in moments]
        starts, ends = (pd.to_datetime(list(side)) for side in zip(*pairs, strict=True))
        columns = {"incident_id": np.arange(len(pairs)), "time_from": starts, "time_to": ends}
        twin = ReferenceStore(Ticking())
        for each in (store, twin):
            with each.change(who="Ann", what="link") as change:
                change.append(INCIDENTS, make_frame(INCIDENTS, columns))
        for since in moments[1:]:
            for until in moments:
                select = Selection(since=since, until=until)
                ours, theirs = (
                    each.read(INCIDENTS, select)["incident_id"].tolist() for each in (store, twin)
                )
                assert ours == theirs

    def test_a_store_of_an_earlier_version_is_brought_up_to_date_by_the_next_writer(
        self, store: Store, postgis_address: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write_setting(store, "UTC")
        more = (
            *list_steps("postgis"),
            Step(len(list_steps("postgis")) + 1, "more", "CREATE TABLE more (n int)"),
        )
        monkeypatch.setattr(postgis_store, "list_steps", lambda dialect: more)
        with pytest.raises(StoreError, match="by an earlier version"):
            open_store(postgis_address)
        open_store(postgis_address, writing=True).close()
        with open_store(postgis_address) as opened:
            assert values(opened) == ["UTC"]
        monkeypatch.undo()
        with pytest.raises(StoreError, match="by a later version"):
            open_store(postgis_address)

    def test_a_step_that_fails_changes_nothing(
        self, store: Store, postgis_address: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        number = len(list_steps("postgis")) + 1
        bad = Step(number, "bad", "CREATE TABLE more (n int); SELECT no_such_function()")
        monkeypatch.setattr(
            postgis_store, "list_steps", lambda dialect: (*migrations.list_steps(dialect), bad)
        )
        with pytest.raises(StoreError, match=r"no_such_function.*nothing was changed"):
            open_store(postgis_address, writing=True)
        monkeypatch.undo()
        with open_store(postgis_address, writing=True) as opened:
            write_setting(opened, "UTC")


class TestSums:
    @given(
        numbers=st.lists(
            st.tuples(st.sampled_from("ab"), st.floats(allow_nan=False, allow_infinity=False, width=64)),
            max_size=30,
        ).filter(lambda rows: abs(sum(abs(value) for _, value in rows)) < 1e300)
    )
    @settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_sums_are_exact_in_whatever_order_rows_come(self, store: Store, numbers: Any) -> None:
        twin = ReferenceStore(Ticking())
        n_before = len(store.read(INCIDENTS))
        frame = make_frame(
            INCIDENTS,
            {
                "incident_id": np.arange(n_before, n_before + len(numbers)),
                "kind": [f"{kind}{n_before}" for kind, _ in numbers],
                "count_best": [value for _, value in numbers],
            },
            n_rows=len(numbers),
        )
        for each in (store, twin):
            with each.change(who="Ann", what="link") as change:
                change.append(INCIDENTS, frame)
        select = Selection(equals={"kind": [f"a{n_before}", f"b{n_before}"]})
        ours, theirs = (
            each.tally(INCIDENTS, select, by=["kind"], sums=["count_best"]) for each in (store, twin)
        )
        assert ours.to_dict("list") == theirs.to_dict("list")

    @given(
        changes=st.lists(st.lists(JUDGED, max_size=6), min_size=1, max_size=5),
        asked=st.lists(
            st.tuples(HOURS, HOURS, st.none() | st.integers(0, 5), st.sampled_from(["", "violation",
            "unclear"])), min_size=3, max_size=6,
        ),
    )  # fmt: skip
    @settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_counts_kept_by_stretches_of_time_are_those_of_a_plain_count(
        self, postgis_server: PostGISServer, changes: Any, asked: Any
    ) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(_postgis_totals, "STRETCH_S", 6 * 3_600)
            with create_store(postgis_server.new_address(), clock=Ticking()) as store:
                twin = ReferenceStore(Ticking())
                for rows in changes:
                    names = ("incident_id", "clause", "time_from", "verdict", "is_exercise", "acts_best")
                    columns = (
                        dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)) if rows else {}
                    )
                    frame = make_frame(JUDGEMENTS, columns, n_rows=len(rows))
                    for each in (store, twin):
                        with each.change(who="Ann", what="judge") as change:
                            for part in (frame.iloc[: len(frame) // 2], frame.iloc[len(frame) // 2 :]):
                                change.append(JUDGEMENTS, part.reset_index(drop=True))
                for since, until, as_of, verdict in asked:
                    equals = {"verdict": verdict} if verdict else {}
                    select = Selection(since=since, until=until, as_of=as_of, equals=equals)
                    for by in (["clause", "acts_best", "is_exercise"], []):
                        ours, theirs = (each.tally(JUDGEMENTS, select, by=by) for each in (store, twin))
                        pd.testing.assert_frame_equal(ours, theirs)
