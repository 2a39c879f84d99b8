"""Changes: everything or nothing, with who, when and why; numbers given out once; one at a time."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from store_kinds import Place

from truceline import __version__
from truceline.events.frames import make_frame
from truceline.events.schema import CHANGES, INCIDENTS, LINKS, REPORTS, SETTINGS, Table
from truceline.store.base import Change, Selection, Store, StoreError, StoreUnavailableError


def write_setting(store: Store, value: str, *, name: str = "zone") -> None:
    with store.change(who="Ann", what="set") as change:
        change.append(SETTINGS, make_frame(SETTINGS, {"name": [name], "value": [value]}))


def test_a_new_store_is_empty(store: Store) -> None:
    assert store.last_change() == 0
    assert store.read(REPORTS).empty
    assert tuple(store.read_current(INCIDENTS).columns) == INCIDENTS.names


def test_every_change_says_who_when_why_and_by_which_program(store: Store) -> None:
    with store.change(who="Ann", what="import", why="weekly file") as change:
        change.note({"file": "a.csv", "n": 1})
        change.note({"n": 2})
    write_setting(store, "UTC")
    rows = store.read(CHANGES)
    assert rows["change_id"].tolist() == [1, 2]
    assert rows["who"].tolist() == ["Ann", "Ann"]
    assert rows["what"].tolist() == ["import", "set"]
    assert rows["why"].tolist() == ["weekly file", ""]
    assert rows["program"].tolist() == [__version__] * 2
    assert json.loads(rows["details"].iloc[0]) == {"file": "a.csv", "n": 2}
    at = rows["at"].tolist()
    assert datetime(2025, 3, 1, 12) < at[0] < at[1]


@pytest.mark.parametrize(("who", "what"), [("", "import"), ("Ann", " ")])
def test_a_change_without_who_or_what_is_refused(store: Store, who: str, what: str) -> None:
    with pytest.raises(StoreError, match="without saying who does what"), store.change(who=who, what=what):
        pass
    assert store.last_change() == 0


def test_a_change_that_fails_leaves_nothing(store: Store) -> None:
    write_setting(store, "UTC")
    first = 0
    with suppress(RuntimeError), store.change(who="Ann", what="import") as change:
        change.append(SETTINGS, make_frame(SETTINGS, {"name": ["zone"], "value": ["Europe/Kyiv"]}))
        change.add_reports(make_frame(REPORTS, {"feed": ["f"], "key": ["k"], "digest": ["d"]}))
        first = change.reserve("incident", 5)
        raise RuntimeError("half way")
    assert store.last_change() == 1
    assert store.read(REPORTS).empty
    assert store.read_current(SETTINGS)["value"].tolist() == ["UTC"]
    with store.change(who="Ann", what="import") as change:
        assert change.change_id == 2
        assert change.reserve("incident", 1) == first
        added = change.add_reports(make_frame(REPORTS, {"feed": ["f"], "key": ["k"], "digest": ["d"]}))
    assert added.n_new == 1
    assert store.read(REPORTS)["report_id"].tolist() == [1]


def test_nothing_is_seen_of_a_change_before_it_ends(store: Store) -> None:
    with store.change(who="Ann", what="set") as change:
        change.append(SETTINGS, make_frame(SETTINGS, {"name": ["zone"], "value": ["UTC"]}))
        assert store.read(SETTINGS).empty
        assert store.last_change() == 0
    assert len(store.read(SETTINGS)) == 1


def test_one_change_at_a_time(store: Store) -> None:
    with store.change(who="Ann", what="set"):
        with pytest.raises(StoreError, match="is being changed already"), store.change(who="Bo", what="set"):
            pass
        assert store.last_change() == 0
    write_setting(store, "UTC")
    assert store.read(CHANGES)["who"].tolist() == ["Ann", "Ann"]


def test_a_change_cannot_be_used_after_its_end(store: Store) -> None:
    with store.change(who="Ann", what="set") as change:
        pass
    row = make_frame(SETTINGS, {"name": ["zone"], "value": ["UTC"]})
    for use in (
        lambda: change.append(SETTINGS, row),
        lambda: change.reserve("x", 1),
        lambda: change.note({}),
    ):
        with pytest.raises(StoreError, match="has ended"):
            use()
    assert store.read(SETTINGS).empty


def test_numbers_are_consecutive_and_given_once_under_each_name(place: Place) -> None:
    with place.create() as store:
        with store.change(who="Ann", what="link") as change:
            assert change.reserve("incident", 3) == 1
            assert change.reserve("incident", 2) == 4
            assert change.reserve("batch", 1) == 1
            assert change.reserve("incident", 0) == 6
            with pytest.raises(ValueError, match="-1"):
                change.reserve("incident", -1)
        with store.change(who="Ann", what="link") as change:
            assert change.reserve("incident", 1) == 6
    with place.open(writing=True) as store, store.change(who="Ann", what="link") as change:
        assert change.reserve("incident", 1) == 7
        assert change.reserve("batch", 1) == 2


def test_rows_come_back_in_their_types_with_their_change(place: Place) -> None:
    frame = make_frame(
        INCIDENTS,
        {
            "incident_id": [7, 2**62],
            "merged_into": [None, 7],
            "time_from": pd.to_datetime(["2025-04-20T00:00:00.000001", None], format="ISO8601"),
            "lon": [37.5, np.nan],
            "sigma_m": [np.inf, -0.0],
            "place": ["", "Піски 'n\" \x01;--"],
        },
    )
    with place.create() as store, store.change(who="Ann", what="link") as change:
        assert change.append(INCIDENTS, frame) == 2
    with place.open() as store:
        back = store.read(INCIDENTS)
    pd.testing.assert_frame_equal(back, frame.assign(change_id=pd.array([1, 1], dtype="Int64")))


def test_columns_not_given_are_empty_and_the_index_means_nothing(store: Store) -> None:
    frame = pd.DataFrame({"report_id": [3, 4], "incident_id": [1, 1]}, index=[9, 9])
    with store.change(who="Ann", what="link") as change:
        change.append(LINKS, frame)
        assert change.append(LINKS, frame.iloc[:0]) == 0
    back = store.read(LINKS)
    assert back["report_id"].tolist() == [3, 4]
    assert back["score"].isna().all()
    assert back["evidence"].tolist() == ["", ""]


def test_missing_words_are_stored_as_empty(store: Store) -> None:
    frame = pd.DataFrame({"name": ["a", "b"], "value": ["x", None]}, dtype=object)
    with store.change(who="Ann", what="set") as change:
        change.append(SETTINGS, frame)
    assert store.read(SETTINGS)["value"].tolist() == ["x", ""]


@pytest.mark.parametrize("value", [5, b"x", "half a pair \ud83d"])
def test_what_is_no_text_is_refused_and_not_rewritten(store: Store, value: object) -> None:
    frame = pd.DataFrame({"name": ["a"], "value": pd.Series([value], dtype=object)})
    with pytest.raises(ValueError, match=r"settings\.value"), store.change(who="A", what="set") as change:
        change.append(SETTINGS, frame)
    assert store.last_change() == 0


def test_a_mistake_in_a_frame_is_refused(store: Store) -> None:
    def append(change: Change, table: Table, **columns: object) -> None:
        change.append(table, pd.DataFrame(columns))

    with store.change(who="Ann", what="set") as change:
        with pytest.raises(KeyError, match="settings has no column nmae"):
            append(change, SETTINGS, nmae=["a"])
        with pytest.raises(ValueError, match="rows without report_id"):
            append(change, LINKS, incident_id=[1])
        with pytest.raises(ValueError, match="rows without report_id"):
            append(change, LINKS, report_id=pd.array([1, None], dtype="Int64"))
        for table in (CHANGES, REPORTS):
            with pytest.raises(ValueError, match=f"rows of {table.name} are not appended"):
                append(change, table, change_id=[1])
        with pytest.raises(KeyError, match="no table changes; DROP"):
            append(change, Table("changes; DROP TABLE reports", "", LINKS.fields), report_id=[1])
    assert store.read(CHANGES)["change_id"].tolist() == [1]


def test_a_store_opened_for_reading_is_not_changed(place: Place) -> None:
    place.create().close()
    with place.open() as store:
        with pytest.raises(StoreError, match="opened for reading only"), store.change(who="A", what="set"):
            pass
        assert store.read(CHANGES).empty


def test_a_closed_store_says_so_and_closing_twice_is_no_mistake(place: Place) -> None:
    store = place.create()
    store.close()
    store.close()
    for use in (lambda: store.read(CHANGES), store.last_change):
        with pytest.raises(StoreError, match="has been closed"):
            use()


def test_what_was_written_is_there_when_opened_again(place: Place) -> None:
    with place.create() as store:
        write_setting(store, "UTC")
    with place.open(writing=True) as store:
        write_setting(store, "Europe/Kyiv")
    with place.open() as store:
        assert store.read_current(SETTINGS)["value"].tolist() == ["Europe/Kyiv"]
        assert store.read_current(SETTINGS, Selection(as_of=1))["value"].tolist() == ["UTC"]


class TestTurns:
    def test_what_is_read_in_a_turn_holds_until_its_change(self, store: Store) -> None:
        """Two threads count up ten times each, reading first: no count is lost."""

        def count_up() -> None:
            for _ in range(10):
                with store.turn():
                    rows = store.read_current(SETTINGS, Selection(equals={"name": "count"}))
                    value = int(rows["value"].iloc[0]) if len(rows) else 0
                    with store.change(who="Ann", what="count") as change:
                        change.append(
                            SETTINGS, make_frame(SETTINGS, {"name": ["count"], "value": [str(value + 1)]})
                        )

        threads = [threading.Thread(target=count_up) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert store.read_current(SETTINGS)["value"].tolist() == ["20"]
        assert store.last_change() == 20

    def test_turns_of_one_thread_lie_within_each_other(self, store: Store) -> None:
        with store.turn(), store.turn(), store.change(who="Ann", what="count") as change:
            change.note({"turns": 2})
        assert store.last_change() == 1

    def test_who_waits_too_long_for_a_turn_is_told_to_come_again(self, place: Place) -> None:
        said: list[str] = []

        def try_to_change() -> None:
            try:
                with second.change(who="Ben", what="count"):
                    said.append("changed")
            except StoreUnavailableError as error:
                said.append(str(error))

        with place.create() as first, place.open(writing=True, wait_s=0.2) as second:
            with first.turn():
                thread = threading.Thread(target=try_to_change)
                thread.start()
                thread.join(60)
                first.read(SETTINGS)  # whoever reads does not wait
            assert len(said) == 1
            assert "try again" in said[0]
            try_to_change()
            assert said[1:] == ["changed"]

    def test_a_change_within_a_change_is_refused(self, store: Store) -> None:
        with store.change(who="Ann", what="count") as change:
            with pytest.raises(StoreError, match="already"), store.change(who="Ann", what="count"):
                pass
            change.note({"still": "open"})
        assert store.last_change() == 1

    def test_a_store_open_for_reading_has_no_turns(self, place: Place) -> None:
        place.create().close()
        with place.open() as store, pytest.raises(StoreError, match="for reading only"), store.turn():
            pass
