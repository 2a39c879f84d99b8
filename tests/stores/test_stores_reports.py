"""Reports: new, repeated and corrected ones told apart; nothing erased; importing twice adds nothing."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from truceline.events.frames import make_frame
from truceline.events.schema import REPORTS
from truceline.store.base import AddedReports, Selection, Store


def add(store: Store, *frames: pd.DataFrame) -> list[AddedReports]:
    with store.change(who="Ann", what="import") as change:
        return [change.add_reports(frame) for frame in frames]


def reports(versions: str, *, feed: str = "own") -> pd.DataFrame:
    """Return reports written as key and digest: "a1 b1 a2"."""
    words = versions.split()
    columns = {"feed": feed, "key": [word[0] for word in words], "digest": [word[1:] for word in words]}
    return make_frame(REPORTS, columns, n_rows=len(words))


def test_reports_are_numbered_in_the_order_received(store: Store) -> None:
    assert add(store, reports("a1 b1"), reports("c1")) == [AddedReports(2, 0, 0), AddedReports(1, 0, 0)]
    assert add(store, reports("d1")) == [AddedReports(1, 0, 0)]
    rows = store.read(REPORTS)
    assert rows["report_id"].tolist() == [1, 2, 3, 4]
    assert rows["key"].tolist() == ["a", "b", "c", "d"]
    assert rows["supersedes"].isna().all()
    assert rows["change_id"].tolist() == [1, 1, 1, 2]


def test_importing_twice_adds_nothing(store: Store) -> None:
    add(store, reports("a1 b1 c1"))
    assert add(store, reports("c1 a1 b1")) == [AddedReports(0, 3, 0)]
    assert len(store.read(REPORTS)) == 3


def test_a_correction_supersedes_and_erases_nothing(store: Store) -> None:
    add(store, reports("a1 b1"))
    assert add(store, reports("a2 b1")) == [AddedReports(0, 1, 1)]
    assert add(store, reports("a3")) == [AddedReports(0, 0, 1)]
    rows = store.read(REPORTS)
    assert rows["digest"].tolist() == ["1", "1", "2", "3"]
    assert rows["supersedes"].tolist() == [pd.NA, pd.NA, 1, 3]
    assert store.read_current(REPORTS)["report_id"].tolist() == [4, 2]
    assert store.read_current(REPORTS, Selection(as_of=2))["report_id"].tolist() == [3, 2]


def test_a_source_may_return_to_what_it_said_first(store: Store) -> None:
    add(store, reports("a1"))
    add(store, reports("a2"))
    assert add(store, reports("a1")) == [AddedReports(0, 0, 1)]
    assert store.read_current(REPORTS)["digest"].tolist() == ["1"]


def test_repeats_and_corrections_within_one_frame_count_as_such(store: Store) -> None:
    assert add(store, reports("a1 b1 a1 a2 b1 a2")) == [AddedReports(2, 3, 1)]
    rows = store.read(REPORTS)
    assert rows["key"].tolist() == ["a", "b", "a"]
    assert rows["supersedes"].tolist() == [pd.NA, pd.NA, 1]


def test_a_file_that_contradicts_itself_adds_nothing_the_second_time(store: Store) -> None:
    add(store, reports("a1 b1 a2 a1"))
    assert add(store, reports("a1 b1 a2 a1")) == [AddedReports(0, 4, 0)]
    assert len(store.read(REPORTS)) == 4


def test_repeats_across_the_chunks_of_one_change_count_as_such(store: Store) -> None:
    assert add(store, reports("a1 b1"), reports("b1 a2")) == [AddedReports(2, 0, 0), AddedReports(0, 1, 1)]
    assert store.read(REPORTS)["supersedes"].tolist() == [pd.NA, pd.NA, 1]


def test_the_same_key_of_another_feed_is_another_report(store: Store) -> None:
    add(store, reports("b1", feed="a"))
    assert add(store, make_frame(REPORTS, {"feed": ["ab"], "key": [""], "digest": ["1"]})) == [
        AddedReports(1, 0, 0)
    ]
    assert add(store, reports("b2", feed="c")) == [AddedReports(1, 0, 0)]
    assert store.read(REPORTS)["supersedes"].isna().all()


def test_no_reports_are_added_from_an_empty_frame(store: Store) -> None:
    assert add(store, reports("")) == [AddedReports(0, 0, 0)]


def test_reports_without_identity_are_refused(store: Store) -> None:
    with pytest.raises(KeyError, match="reports without key, digest"):
        add(store, pd.DataFrame({"feed": ["own"]}))


def test_a_chunk_of_many_reports_is_sorted_out_like_a_few(store: Store) -> None:
    n_rows = 30_000
    random = np.random.default_rng(4)
    key, digest = random.integers(0, 12_000, n_rows), random.integers(0, 3, n_rows)
    frame = make_frame(REPORTS, {"feed": "own", "key": key.astype(str), "digest": digest.astype(str)})
    half = n_rows // 2
    added = add(store, frame[:half].reset_index(drop=True), frame[half:].reset_index(drop=True))
    # The rule for a frame that repeats the newest versions as a whole makes some corrections repeats.
    assert sum(each.n_new for each in added) == len(set(key.tolist()))
    rows = store.read(REPORTS, columns=["report_id", "key", "digest", "supersedes"])
    assert rows["report_id"].tolist() == list(range(1, len(rows) + 1))
    for _, versions in rows.groupby("key"):
        assert versions["supersedes"].tolist() == [pd.NA, *versions["report_id"].tolist()[:-1]]
        assert all(one != two for one, two in pairwise(versions["digest"]))
    newest = rows.groupby("key")["digest"].last()
    assert newest.to_dict() == dict(zip(frame["key"], frame["digest"], strict=True))
    assert add(store, frame)[0].n_new == 0


VERSIONS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("12")), max_size=7)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(frames=st.lists(VERSIONS, min_size=1, max_size=3))
def test_any_frame_adds_nothing_when_it_comes_again_at_once(
    store: Store, frames: list[list[tuple[str, str]]]
) -> None:
    for versions in frames:
        frame = reports(" ".join(map("".join, versions)))
        add(store, frame)
        n_rows = len(store.read(REPORTS, columns=["report_id"]))
        assert add(store, frame) == [AddedReports(0, len(frame), 0)]
        assert len(store.read(REPORTS, columns=["report_id"])) == n_rows
