"""Copying a store: every row with its change, every number, either way; all of it or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from store_kinds import KINDS, Place
from typer.testing import CliRunner

from truceline.cli.main import app
from truceline.events.frames import make_frame
from truceline.events.schema import CHANGES, INCIDENTS, LINKS, REPORTS, SETTINGS, TABLES, Table
from truceline.store import copying
from truceline.store._history import Restoring
from truceline.store.base import Store, StoreError
from truceline.store.copying import copy_store, sum_store

PAIRS = [(source, target) for source in sorted(KINDS) for target in sorted(KINDS)]
AWKWARD = ["", "NULL", "\\N", "\\.", 'a"b', "x,y", " lead", "two\nlines", "a\r\nb", "\t", "Ж🜁", "\\", "'"]


@pytest.fixture(params=PAIRS, ids=["-".join(pair) for pair in PAIRS])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Place, Place]:
    """Give a place to copy from and another one to copy to, of all kinds."""
    made = []
    for number, kind in enumerate(request.param):
        folder = tmp_path / str(number)
        folder.mkdir()
        made.append(KINDS[kind](request, folder))
    return made[0], made[1]


def fill(store: Store) -> None:
    """Write changes that repeat, correct and replace, with every letter that is awkward in some format."""
    n_rows = len(AWKWARD)
    for digest in ("1", "2"):
        with store.change(who="Ann", what="import", why="weekly\nfile") as change:
            keys = {"feed": "own", "key": AWKWARD, "digest": digest, "text": AWKWARD[::-1]}
            places = {
                "lon": np.linspace(-180, 180, n_rows) / 3,
                "lat": np.r_[np.nan, -0.0, 0.1 + np.arange(n_rows - 2)],
            }
            times = {
                "time_from": pd.to_datetime("2025-04-20T00:00:00.000001"),
                "flags": [None, *range(n_rows - 1)],
            }
            change.add_reports(make_frame(REPORTS, {**keys, **places, **times}))
            first = change.reserve("incident", 3)
            change.append(
                LINKS, make_frame(LINKS, {"report_id": [1, 2, 3], "incident_id": [first, None, first]})
            )
            rows = {
                "incident_id": [1, 2, 1],
                "sigma_m": [np.inf, 1e-300, 0.1],
                "time_to": [None, pd.Timestamp("2025-01-01"), None],
            }
            change.append(INCIDENTS, make_frame(INCIDENTS, rows))
            change.append(SETTINGS, make_frame(SETTINGS, {"name": AWKWARD, "value": digest}))
            change.note({"n": n_rows})


def test_a_copy_answers_as_the_original_does(
    places: tuple[Place, Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "PIECE", 5)
    told: list[tuple[str, float]] = []
    with places[0].create() as source, places[1].create() as target:
        fill(source)
        copied = copy_store(source, target, progress=lambda name, share: told.append((name, share)))
        assert {table.name: table.n_rows for table in copied}["reports"] == 2 * len(AWKWARD)
        assert told[-1][1] == 1
        monkeypatch.setattr(copying, "PIECE", 7)  # how rows are cut does not show
        assert sum_store(source) == sum_store(target) == copied
        for table in TABLES.values():
            for ask in ("read", "read_current"):
                pd.testing.assert_frame_equal(getattr(source, ask)(table), getattr(target, ask)(table))
        for store in (source, target):  # and goes on as the original would
            with store.change(who="Bo", what="import") as change:
                assert change.change_id == 3
                assert change.reserve("incident", 1) == 7
                frame = make_frame(
                    REPORTS, {"feed": ["own", "own"], "key": ["\\.", "new"], "digest": ["2", "1"]}
                )
                added = change.add_reports(frame)
                assert (added.n_new, added.n_repeated) == (1, 1)
    with places[1].open() as again:
        assert again.last_change() == 3


def test_a_store_that_holds_something_is_not_copied_over(places: tuple[Place, Place]) -> None:
    with places[0].create() as source, places[1].create() as target:
        fill(source)
        fill(target)
        before = sum_store(target)
        with pytest.raises(StoreError, match="holds something already"):
            copy_store(source, target)
        assert sum_store(target) == before


def test_a_copy_that_is_broken_off_keeps_nothing_and_is_started_again(
    places: tuple[Place, Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(name: str, share: float) -> None:
        if name == LINKS.name:
            raise KeyboardInterrupt

    with places[0].create() as source, places[1].create() as target:
        fill(source)
        with pytest.raises(KeyboardInterrupt):
            copy_store(source, target, progress=break_off)
        assert target.last_change() == 0
        assert target.read(REPORTS).empty
        assert copy_store(source, target) == sum_store(source)


def test_what_arrives_otherwise_than_it_left_is_not_kept(
    places: tuple[Place, Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    with places[0].create() as source, places[1].create() as target:
        fill(source)
        with source.change(who="Ann", what="set") as change:
            change.append(SETTINGS, make_frame(SETTINGS, {"name": ["a"], "value": ["ends in a blank "]}))
        restore = target.restore  # type: ignore[attr-defined]

        @contextmanager
        def restore_carelessly() -> Iterator[Restoring]:
            with restore() as whole:
                monkeypatch.setattr(whole, "write", partial(write_without_blanks, whole.write))
                yield whole

        monkeypatch.setattr(target, "restore", restore_carelessly)
        with pytest.raises(StoreError, match=r"nothing was kept(.|\n)*settings"):
            copy_store(source, target)
        assert target.read(CHANGES).empty


def write_without_blanks(write: Any, table: Table, frame: pd.DataFrame, row_order: Any) -> None:
    changed = frame.assign(value=frame["value"].str.rstrip()) if table is SETTINGS else frame
    write(table, changed, row_order)


def test_the_command_copies_either_way_and_prints_what_it_compared(places: tuple[Place, Place]) -> None:
    with places[0].create() as source:
        fill(source)
        expected = sum_store(source)
    done = CliRunner().invoke(app, ["monitor", "copy", places[0].address, places[1].address])
    assert done.exit_code == 0, done.output
    for table in expected:
        assert (table.checksum in done.output) == bool(table.n_rows)
    assert "found the same" in done.output
    again = CliRunner().invoke(app, ["monitor", "copy", places[0].address, places[1].address])
    assert again.exit_code != 0
