"""Reading: periods, places, values and numbers; what holds now and what held then; counts by day."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum

import numpy as np
import pandas as pd
import pytest

from truceline.events.frames import make_frame
from truceline.events.schema import BATCHES, INCIDENTS, JUDGEMENTS, LINKS, SETTINGS
from truceline.store.base import Selection, Store

DAY = datetime(2025, 4, 20)
NEXT = datetime(2025, 4, 21)


def write_incidents(store: Store, **columns: object) -> None:
    with store.change(who="Ann", what="link") as change:
        change.append(INCIDENTS, make_frame(INCIDENTS, columns))


def found(store: Store, select: Selection) -> list[int]:
    return store.read_current(INCIDENTS, select)["incident_id"].tolist()


def test_a_period_takes_rows_that_overlap_it(store: Store) -> None:
    times = {
        1: ("2025-04-19T22:00", "2025-04-20T00:00"),  # ends as the period starts
        2: ("2025-04-19T22:00", "2025-04-19T23:59"),  # before
        3: ("2025-04-20T23:59", "2025-04-22T00:00"),  # starts within
        4: ("2025-04-21T00:00", "2025-04-21T01:00"),  # starts as the period ends
        5: ("2025-04-19T00:00", "2025-04-23T00:00"),  # around it
        6: ("2025-04-20T12:00", None),  # without an end, within
        7: ("2025-04-19T12:00", None),  # without an end, before
        8: (None, None),
        9: ("2025-04-20T00:00", None),  # without an end, as the period starts
    }
    starts, ends = (pd.to_datetime([pair[side] for pair in times.values()]) for side in (0, 1))
    write_incidents(store, incident_id=list(times), time_from=starts, time_to=ends)
    assert found(store, Selection(since=DAY, until=NEXT)) == [1, 3, 5, 6, 9]
    assert found(store, Selection(since=DAY)) == [1, 3, 4, 5, 6, 9]
    assert found(store, Selection(until=DAY)) == [1, 2, 5, 7]
    assert found(store, Selection()) == list(times)


def test_a_time_with_a_zone_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="UTC without zone"):
        store.read(INCIDENTS, Selection(since=DAY.replace(tzinfo=UTC)))


def test_values_may_be_one_or_several_and_missing_ones_are_asked_for_as_none(store: Store) -> None:
    class Word(StrEnum):
        shot = "shot"

    write_incidents(
        store,
        incident_id=[1, 2, 3, 4],
        kind=["shot", "burst", "", "shot"],
        merged_into=[None, 4, None, None],
        count_best=[1.0, 2.5, None, 1.0],
        time_from=[DAY, NEXT, None, DAY],
    )
    assert found(store, Selection(equals={"kind": Word.shot})) == [1, 4]
    assert found(store, Selection(equals={"kind": ["shot", "burst"]})) == [1, 2, 4]
    assert found(store, Selection(equals={"kind": np.array(["burst"], dtype=object)})) == [2]
    assert found(store, Selection(equals={"kind": []})) == []
    assert found(store, Selection(equals={"kind": None})) == [3]
    assert found(store, Selection(equals={"merged_into": None})) == [1, 3, 4]
    assert found(store, Selection(equals={"merged_into": [4, None]})) == [1, 2, 3, 4]
    assert found(store, Selection(equals={"incident_id": np.int64(2)})) == [2]
    assert found(store, Selection(equals={"count_best": 2.5})) == [2]
    assert found(store, Selection(equals={"time_from": pd.Timestamp(NEXT)})) == [2]
    assert found(store, Selection(equals={"kind": "shot", "count_best": 1.0, "incident_id": (4, 9)})) == [4]


def test_words_of_a_question_are_values_and_never_sql(store: Store) -> None:
    write_incidents(store, incident_id=[1], kind=["x' OR 1=1 --"])
    assert found(store, Selection(equals={"kind": "x' OR 1=1 --"})) == [1]
    assert found(store, Selection(equals={"kind": "y' OR 1=1 --"})) == []
    with pytest.raises(KeyError):
        store.read(INCIDENTS, Selection(equals={"kind = '' OR 1=1 --": "x"}))
    with pytest.raises(KeyError):
        store.read(INCIDENTS, columns=["kind FROM changes --"])
    with pytest.raises(KeyError):
        store.tally(INCIDENTS, by=["1; DROP TABLE incidents"])
    assert found(store, Selection()) == [1]


def test_many_numbers_are_asked_for_at_once(store: Store) -> None:
    n_rows = 5_000
    with store.change(who="Ann", what="link") as change:
        numbers = np.arange(n_rows)
        change.append(LINKS, make_frame(LINKS, {"report_id": numbers, "incident_id": numbers // 2}))
    wanted = np.array([4_999, 7, 7, 123_456, 0])
    rows = store.read_current(LINKS, Selection(ids={"report_id": wanted}))
    assert rows["report_id"].tolist() == [0, 7, 4_999]
    rows = store.read(LINKS, Selection(ids={"incident_id": np.arange(100, 2_000), "report_id": [300, 9_999]}))
    assert rows["report_id"].tolist() == [300]
    assert store.read(LINKS, Selection(ids={"report_id": []})).empty
    with pytest.raises(ValueError, match="holds no numbers"):
        store.read(LINKS, Selection(ids={"method": [1]}))


def test_a_box_takes_its_edges_and_leaves_rows_without_place(store: Store) -> None:
    write_incidents(
        store, incident_id=[1, 2, 3, 4], lon=[36.0, 37.0, 37.1, None], lat=[48.0, 48.5, 48.2, 48.2]
    )
    assert found(store, Selection(box=(36.0, 48.0, 37.0, 48.5))) == [1, 2]


def test_what_a_table_cannot_be_asked_is_refused(store: Store) -> None:
    for select in (Selection(since=DAY), Selection(box=(0, 0, 1, 1))):
        with pytest.raises(ValueError, match="settings has no"):
            store.read(SETTINGS, select)
    with pytest.raises(ValueError, match="settings has no times"):
        store.tally(SETTINGS, day_shift_h=0.0)
    with pytest.raises(ValueError, match="is no number to sum"):
        store.tally(INCIDENTS, sums=["kind"])
    with pytest.raises(KeyError):
        store.read(INCIDENTS, columns=["row_order"])


def test_the_newest_row_decides_whether_a_subject_matches(store: Store) -> None:
    write_incidents(store, incident_id=[1, 2], kind=["shot", "burst"])
    write_incidents(store, incident_id=[2, 3], kind=["shot", "shot"])
    write_incidents(store, incident_id=[1], kind=["mine_blast"])
    select = Selection(equals={"kind": "shot"})
    assert found(store, select) == [2, 3]
    assert found(store, Selection(equals={"kind": "shot"}, as_of=2)) == [1, 2, 3]
    assert found(store, Selection(equals={"kind": "shot"}, as_of=1)) == [1]
    assert found(store, Selection(as_of=0)) == []
    assert store.read(INCIDENTS, select)["incident_id"].tolist() == [1, 2, 3]
    assert store.tally(INCIDENTS, select)["n"].tolist() == [2]


def test_of_two_rows_of_one_change_the_later_holds(store: Store) -> None:
    with store.change(who="Ann", what="link") as change:
        frame = make_frame(INCIDENTS, {"incident_id": [1, 2, 1], "kind": ["shot", "burst", "flare"]})
        change.append(INCIDENTS, frame)
        change.append(INCIDENTS, make_frame(INCIDENTS, {"incident_id": [2], "kind": ["tracer"]}))
    assert store.read_current(INCIDENTS)["kind"].tolist() == ["flare", "tracer"]
    assert store.read(INCIDENTS)["kind"].tolist() == ["shot", "burst", "flare", "tracer"]


def test_a_table_without_subject_holds_every_row(store: Store) -> None:
    with store.change(who="Ann", what="import") as change:
        change.append(BATCHES, make_frame(BATCHES, {"batch_id": [2, 1, 1], "n_new": [5, None, 1]}))
    assert store.read_current(BATCHES)["batch_id"].tolist() == [2, 1, 1]
    counted = store.tally(BATCHES, by=["batch_id"], sums=["n_new"])
    assert counted["n_new"].tolist() == [1, 5]
    assert counted.dtypes.astype(str).to_dict() == {"batch_id": "Int64", "n": "int64", "n_new": "int64"}


def test_days_are_counted_in_the_hours_of_the_mission(store: Store) -> None:
    with store.change(who="Ann", what="judge") as change:
        change.append(
            JUDGEMENTS,
            make_frame(
                JUDGEMENTS,
                {
                    "incident_id": [1, 2, 3, 4],
                    "agreement": "truce",
                    "clause": "fire",
                    "time_from": pd.to_datetime(
                        ["2025-04-20T16:29", "2025-04-20T16:30", "2025-04-21T00:00", None]
                    ),
                    "verdict": ["violation", "violation", "outside", "unclear"],
                    "acts_best": [1.5, None, 2.0, 4.0],
                },
            ),
        )
    # A day ends at 19:30 in a zone three hours ahead: 16:30 is already the next.
    counted = store.tally(JUDGEMENTS, by=["verdict"], sums=["acts_best"], day_shift_h=3 + 4.5)
    assert counted["day"].tolist() == [pd.Timestamp(DAY), pd.Timestamp(NEXT), pd.Timestamp(NEXT), pd.NaT]
    assert counted["verdict"].tolist() == ["violation", "outside", "violation", "unclear"]
    assert counted["n"].tolist() == [1, 1, 1, 1]
    assert counted["acts_best"].tolist() == [1.5, 2.0, 0.0, 4.0]
    assert store.tally(JUDGEMENTS, Selection(since=DAY), sums=["acts_best"])["acts_best"].tolist() == [3.5]


def test_a_tally_of_nothing_is_one_zero_or_no_groups(store: Store) -> None:
    whole = store.tally(INCIDENTS, sums=["count_best", "n_reports"])
    assert whole.to_dict("list") == {"n": [0], "count_best": [0.0], "n_reports": [0]}
    assert store.tally(INCIDENTS, by=["kind"], day_shift_h=0.0).empty
