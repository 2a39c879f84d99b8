"""What a live feed leaves in a store: hours of watching, alarms as reports, and nothing of anybody else."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from cot_samples import events
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.errors import ScenarioError
from truceline.events.kinds import Flag
from truceline.events.schema import BATCHES, EFFORTS, REPORTS, TABLES
from truceline.exchange.cot_event import CotEvent, CotLink, refuse
from truceline.monitor.effort import measure_effort
from truceline.monitor.linking import link_reports
from truceline.monitor.listening import Listener
from truceline.monitor.live_alarms import alarms_to_reports
from truceline.monitor.live_units import Unit, UnitList, read_units
from truceline.monitor.mission import load_mission, write_mission
from truceline.store.base import Store
from truceline.store.open import create_store, open_store

MISSION = load_mission("ukraine-2025")
NOON = datetime(2025, 3, 2, 12, 0)
MINUTE = timedelta(minutes=1)
UNIT = Unit("patrol", "Patrol 5", "Luhansk")
UNITS = """\
uid,callsign,post,means,region
P-5,,Patrol 5,patrol,Luhansk
UAV-*,,UAV 2,uav,Donetsk
,PATROL 7*,Patrol 7,patrol,Donetsk
"""


def position(at: datetime, uid: str = "P-5", **words: object) -> CotEvent:
    event = CotEvent(uid, "a-f-G-U-C", at, at, at + 5 * MINUTE, 48.63, 38.45, how="m-g")
    return replace(event, **words)


def alarm(at: datetime, kind: str = "b-a-o-tbl", uid: str = "P-5-9-1-1", **words: object) -> CotEvent:
    link = CotLink("P-5", "a-f-G-U-C", "p-p")
    event = CotEvent(uid, kind, at, at, at + 5 * MINUTE, 48.64, 38.46, how="m-g", ce=20.0, links=(link,))
    return replace(event, **words)


@pytest.fixture
def units(tmp_path: Path) -> UnitList:
    path = tmp_path / "units.csv"
    path.write_text(UNITS, encoding="utf-8")
    return read_units(path, MISSION)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a store with a mission and nothing else; copy it to write."""
    path = tmp_path_factory.mktemp("listening") / "empty.duckdb"
    with create_store(path) as store, store.change(who="test", what="init") as change:
        write_mission(change, MISSION)
    return path


@pytest.fixture
def store(empty: Path, tmp_path: Path) -> Iterator[Store]:
    with open_store(shutil.copy(empty, tmp_path / "watch.duckdb"), writing=True) as store:
        yield store


@pytest.fixture
def listener(units: UnitList) -> Listener:
    return Listener(MISSION, units)


def take(listener: Listener, *events: CotEvent, late: timedelta = timedelta(seconds=1)) -> None:
    """Hand events to the listener as they arrive, each a second after it was made."""
    for event in events:
        listener.take(event, now=event.time + late)


def write(listener: Listener, store: Store, now: datetime = NOON) -> None:
    listener.write(store, who="test", source="tcp://test", now=now)


def test_an_hour_of_positions_is_an_hour_watched_of_that_means_and_region(
    listener: Listener, store: Store
) -> None:
    for minute in range(61):
        take(listener, position(NOON + minute * MINUTE))
        take(listener, position(NOON + minute * MINUTE, "UAV-9", type="a-f-A-M-F-Q"))
        if minute % 10 == 0:  # small writings, as in life
            write(listener, store, NOON + minute * MINUTE)
    write(listener, store, NOON + 61 * MINUTE)
    effort = measure_effort(store, NOON - 6 * 60 * MINUTE, NOON + 6 * 60 * MINUTE)
    hours = effort.hours.groupby(["means", "post", "region"])["hours"].sum()
    assert hours.to_dict() == pytest.approx(
        {("patrol", "Patrol 5", "Luhansk"): 1.0, ("uav", "UAV 2", "Donetsk"): 1.0}
    )
    assert effort.sentences()[0].startswith("Watched for 2 hours")
    rows = store.read_current(EFFORTS)
    assert sorted(rows["post"].unique()) == ["Patrol 5", "UAV 2"]
    assert len(rows) == 2  # the piece that grew is one row, corrected
    assert len(store.read(EFFORTS)) > 2
    assert set(rows["state"]) == {"watched"}


def test_two_devices_of_one_patrol_watch_once(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "two.csv"
    path.write_text("uid,post,means,region\nA,P,patrol,Donetsk\nB,P,patrol,Donetsk\n", encoding="utf-8")
    listener = Listener(MISSION, read_units(path, MISSION))
    for minute in range(31):
        take(listener, position(NOON + minute * MINUTE, "A"), position(NOON + minute * MINUTE, "B"))
    write(listener, store)
    assert len(store.read_current(EFFORTS)) == 1
    hours = measure_effort(store, NOON - 60 * MINUTE, NOON + 60 * MINUTE).hours
    assert hours["hours"].sum() == pytest.approx(0.5)


def test_others_are_counted_and_nothing_of_them_is_kept(listener: Listener, store: Store) -> None:
    for minute in range(20):
        at = NOON + minute * MINUTE
        take(listener, position(at, "STRANGER-1", callsign="IVAN"), position(at, "STRANGER-2"))
        take(listener, position(at, "FOE", type="a-h-G-U-C"))
        take(listener, replace(position(at, "CHAT"), type="b-t-f"))
        take(listener, position(at, "P-5", how="m-s"))  # a simulated position is nobody's watching
    assert listener.counts.n_unlisted == 40
    assert listener.counts.unlisted == {"STRANGER-1", "STRANGER-2"}
    assert listener.counts.n_other == 60
    assert not listener.has_news(with_effort=True)
    assert listener.write(store, who="test", source="x", now=NOON) is None
    assert store.last_change() == 1


def test_a_hostile_track_is_not_followed_even_where_its_uid_is_listed(listener: Listener) -> None:
    take(listener, position(NOON, type="a-h-G"), position(NOON + MINUTE, type="a-s-G"))
    assert (listener.counts.n_positions, listener.counts.n_other) == (0, 2)


def test_no_word_of_a_sender_is_in_the_store(listener: Listener, store: Store) -> None:
    for minute in range(3):
        take(listener, position(NOON + minute * MINUTE, "UAV-77", callsign="IVAN THE PILOT", group="Cyan"))
    take(listener, alarm(NOON, uid="ANDROID-12345", callsign="IVAN THE PILOT", emergency="911 Alert"))
    write(listener, store)
    everything = " ".join(store.read(table).to_csv() for table in TABLES.values())
    assert "UAV 2" in everything
    for word in ("IVAN", "UAV-77", "ANDROID-12345", "Cyan"):
        assert word not in everything


@pytest.mark.parametrize(
    ("kind", "words", "expected"),
    [
        ("b-a-o-tbl", "911 Alert", "other"),
        ("b-a-o-pan", "Ring The Bell", "other"),
        ("b-a-g", "Geo-fence Breached", "other"),
        ("b-a-o-opn", "In Contact", "firefight"),
        ("b-r-f-h-c", "", "casualty"),
        ("a-f-G-U-C", "In Contact", "firefight"),
        ("a-f-G-U-C", "911 Alert", "other"),
    ],
)
def test_an_alarm_is_a_report_of_what_it_says_and_no_more(
    listener: Listener, store: Store, kind: str, words: str, expected: str
) -> None:
    take(listener, alarm(NOON, kind, emergency=words))
    write(listener, store, NOON + MINUTE)
    row = store.read_current(REPORTS).iloc[0]
    assert (row["kind"], row["feed"], row["post"], row["means"]) == (expected, "cot", "Patrol 5", "patrol")
    assert (row["lon"], row["lat"], row["sigma_m"]) == (38.46, 48.64, 20.0)
    assert row["observation"] == ""  # it does not say how it was noticed: it verifies nothing
    assert (row["time_from"], row["time_to"]) == (NOON - 5 * MINUTE, NOON + timedelta(seconds=1))
    assert row["flags"] == 0
    assert row["received_at"] == NOON + timedelta(seconds=1)


def test_an_alarm_of_firing_becomes_an_incident_that_is_only_reported(
    listener: Listener, store: Store
) -> None:
    take(listener, alarm(NOON, "b-a-o-opn"))
    write(listener, store, NOON + MINUTE)
    assert link_reports(store, who="test").n_incidents == 1


def test_an_alarm_repeated_is_one_report_and_taken_back_is_corrected(
    listener: Listener, store: Store
) -> None:
    for minute in range(0, 20, 2):  # with a new start each time, as clients do, and from other places
        take(listener, alarm(NOON + minute * MINUTE, lat=48.64 + minute / 1000))
    write(listener, store, NOON + 21 * MINUTE)
    take(listener, alarm(NOON + 25 * MINUTE, "b-a-o-can", is_cancel=True))
    write(listener, store, NOON + 26 * MINUTE)
    assert len(store.read(REPORTS)) == 2
    row = store.read_current(REPORTS).iloc[0]
    assert "taken back by its sender at 2025-03-02T12:25" in row["text"]
    assert row["lat"] == 48.64
    assert json.loads(row["original"])["cancelled"].startswith("2025-03-02T12:25")
    assert (listener.counts.n_alarms, listener.counts.n_repeated, listener.counts.n_cancelled) == (1, 9, 1)
    take(listener, alarm(NOON + 40 * MINUTE))
    write(listener, store, NOON + 41 * MINUTE)
    assert len(store.read_current(REPORTS)) == 2  # after the cancellation it is a new one


def test_an_alarm_still_on_is_known_after_listening_began_again(units: UnitList, store: Store) -> None:
    first = Listener(MISSION, units)
    take(first, alarm(NOON))
    write(first, store, NOON + MINUTE)
    second = Listener(MISSION, units)
    second.resume(store, NOON + 5 * MINUTE)
    take(second, alarm(NOON + 6 * MINUTE))
    assert second.counts.n_repeated == 1
    take(second, alarm(NOON + 7 * MINUTE, "b-a-o-can"))
    write(second, store, NOON + 8 * MINUTE)
    assert len(store.read_current(REPORTS)) == 1
    assert "taken back" in store.read_current(REPORTS)["text"].iloc[0]


def test_an_alarm_of_a_sender_not_listed_is_kept_as_such(listener: Listener, store: Store) -> None:
    take(listener, alarm(NOON, links=(), uid="SOMEBODY"))
    write(listener, store, NOON + MINUTE)
    row = store.read_current(REPORTS).iloc[0]
    assert (row["means"], row["post"], row["source"]) == ("unknown", "", "sender not listed")
    batch = store.read(BATCHES).iloc[0]
    assert (batch["feed"], batch["file_name"], batch["n_new"]) == ("cot", "tcp://test", 1)


def test_a_clock_ahead_is_flagged_and_its_alarm_dated_by_ours(listener: Listener, store: Store) -> None:
    listener.take(alarm(NOON + 60 * MINUTE), now=NOON)
    write(listener, store, NOON)
    row = store.read_current(REPORTS).iloc[0]
    assert row["flags"] == Flag.clock_off
    assert row["time_to"] == NOON + timedelta(seconds=1)


def test_an_alarm_that_comes_late_is_flagged_and_keeps_its_time(listener: Listener, store: Store) -> None:
    listener.take(alarm(NOON - 120 * MINUTE), now=NOON)
    write(listener, store, NOON)
    row = store.read_current(REPORTS).iloc[0]
    assert row["flags"] == Flag.late
    assert row["time_to"] == NOON - 120 * MINUTE + timedelta(seconds=1)
    assert listener.counts.n_stale == 1


def test_positions_from_the_future_or_of_another_year_are_not_believed(listener: Listener) -> None:
    listener.take(position(NOON + 6 * MINUTE), now=NOON)
    listener.take(position(NOON - timedelta(days=400)), now=NOON)
    assert (listener.counts.n_clock_off, listener.counts.n_positions) == (2, 0)
    listener.take(position(NOON - timedelta(days=400)), now=NOON + MINUTE, is_live=False)
    assert listener.counts.n_repeated == 1
    listener.take(position(NOON - timedelta(days=401)), now=NOON, is_live=False)
    assert listener.counts.n_positions == 1  # a capture may be as old as it likes


def test_a_clock_that_is_behind_is_told_by_the_least_delay(listener: Listener, store: Store) -> None:
    for minute in range(12):
        listener.take(position(NOON + minute * MINUTE), now=NOON + (minute + 12) * MINUTE)
    assert listener.counts.slow_clocks == {"Patrol 5": timedelta(minutes=12)}
    listener.take(alarm(NOON + 12 * MINUTE), now=NOON + 24 * MINUTE)
    write(listener, store, NOON + 24 * MINUTE)
    assert store.read_current(REPORTS)["flags"].iloc[0] == Flag.clock_off | Flag.late
    listener.take(position(NOON + 30 * MINUTE), now=NOON + 30 * MINUTE)  # it was the network after all
    assert listener.counts.slow_clocks == {}


def test_the_same_event_twice_counts_once_and_what_cannot_be_read_is_told(listener: Listener) -> None:
    take(listener, position(NOON), position(NOON), position(NOON))
    listener.take(refuse("uid", "is empty", "an event needs it"), now=NOON)
    counts = listener.counts
    assert (counts.n_events, counts.n_positions, counts.n_repeated, counts.n_refused) == (4, 1, 2, 1)
    assert "uid" in counts.last_refused


def test_our_own_incidents_sent_back_by_a_server_are_nothing_new(listener: Listener) -> None:
    take(listener, alarm(NOON, uid="truceline.mission.incident.4"))
    assert (listener.counts.n_other, listener.n_waiting) == (1, 0)


def test_a_capture_taken_twice_adds_nothing(units: UnitList, store: Store) -> None:
    events = [position(NOON + minute * MINUTE) for minute in (*range(0, 30, 2), *range(1, 30, 2))]
    for n in range(3):
        listener = Listener(MISSION, units)
        for event in [*events, alarm(NOON)][: 10 if n == 1 else None]:
            listener.take(event, now=NOON + 60 * MINUTE, is_live=False)
        write(listener, store, NOON + 60 * MINUTE)
        rows = store.read_current(EFFORTS)
        assert [(row.time_from, row.time_to) for row in rows.itertuples()] == [(NOON, NOON + 29 * MINUTE)]
    assert len(store.read(EFFORTS)) == 1
    assert len(store.read(REPORTS)) == 1


def test_an_alarm_off_the_theatre_is_rejected_with_its_reason(listener: Listener, store: Store) -> None:
    take(listener, alarm(NOON, lat=38.46, lon=48.64))
    written = listener.write(store, who="test", source="x", now=NOON + MINUTE)
    assert written is not None
    assert "swapped" in written.rejects[0].found
    assert store.read(BATCHES)["n_rejected"].tolist() == [1]


def test_alarms_by_the_hundred_are_not_all_kept(listener: Listener, store: Store) -> None:
    for n in range(200):
        listener.take(alarm(NOON, uid=f"SOMEBODY-{n}", links=()), now=NOON + n * timedelta(seconds=1))
        listener.take(
            alarm(NOON + n * MINUTE / 60, ("b-a-o-tbl", "b-a-o-pan")[n % 2]), now=NOON + n * MINUTE / 60
        )
    counts = listener.counts
    assert counts.n_alarms == 120  # 60 of the patrol, 60 of all who are not listed
    assert counts.n_too_many + counts.n_repeated == 280
    assert counts.n_too_many > 200
    assert listener.n_waiting == 120
    listener.take(alarm(NOON + 60 * MINUTE, uid="NEXT-HOUR", links=()), now=NOON + 60 * MINUTE)
    assert listener.n_waiting == 121


def test_who_does_not_know_where_it_is_watches_nothing_and_is_heard_in_need(
    listener: Listener, store: Store
) -> None:
    nowhere = {"lat": 0.0, "lon": 0.0}
    take(listener, position(NOON, **nowhere), position(NOON + MINUTE, **nowhere), alarm(NOON, **nowhere))
    assert (listener.counts.n_positions, listener.counts.n_nowhere) == (0, 2)
    write(listener, store, NOON + MINUTE)
    row = store.read_current(REPORTS).iloc[0]
    assert np.isnan(row["lon"])
    assert (row["region"], row["place_precision"]) == ("Luhansk", "region")


def test_a_position_with_an_alarm_is_both(listener: Listener, store: Store) -> None:
    for minute in range(3):
        take(listener, position(NOON + minute * MINUTE, emergency="911 Alert"))
    write(listener, store, NOON + 3 * MINUTE)
    assert (len(store.read(REPORTS)), len(store.read(EFFORTS))) == (1, 1)


@settings(max_examples=40)
@given(several=st.lists(events(), max_size=6), is_live=st.booleans())
def test_any_events_are_taken_or_counted_and_rows_come_of_them(
    several: list[CotEvent], is_live: bool
) -> None:
    listener = Listener(MISSION, UnitList(by_callsign={}, patterns=((("uid", re.compile(".*"), UNIT)),)))
    for event in several:
        listener.take(event, now=NOON, is_live=is_live)
    counts = listener.counts
    assert counts.n_events == len(several)
    alarms = list(listener._alarms.waiting.values())
    frame, rejects = alarms_to_reports(alarms, MISSION.context(NOON), lead=5 * MINUTE)
    assert len(frame) + len(rejects) == len(alarms)
    assert set(frame["kind"]) <= {"other", "firefight", "casualty"}


class _AwayError(Exception):
    pass


class _AwayStore:
    """A store that cannot be had."""

    def turn(self) -> None:
        raise _AwayError


def test_what_could_not_be_written_is_written_with_the_next(listener: Listener, store: Store) -> None:
    take(listener, position(NOON), position(NOON + MINUTE), alarm(NOON))
    with pytest.raises(_AwayError):
        write(listener, _AwayStore())  # type: ignore[arg-type]
    write(listener, store, NOON + MINUTE)
    assert (len(store.read(REPORTS)), len(store.read(EFFORTS))) == (1, 1)
    assert not listener.has_news(with_effort=True)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("uid,post,means\na,P,patrol\n", "lacks region"),
        ("post,means,region\nP,patrol,Donetsk\n", "uid or callsign"),
        ("uid,post,means,region\na,P,press,Donetsk\n", "none of ours"),
        ("uid,post,means,region\na,,patrol,Donetsk\n", "post is empty"),
        ("uid,post,means,region\na,P,patrol,Atlantis\n", "not one of the mission"),
        ("uid,post,means,region\n*,P,patrol,Donetsk\n", "fits everybody"),
        ("uid,post,means,region\na,P,patrol,Donetsk\na,Q,patrol,Donetsk\n", "twice"),
        ("uid,post,means,region\n,P,patrol,Donetsk\n", "neither"),
        ("uid,post,means,region\n", "nobody"),
        ("\xff\xfe", "UTF-8"),
    ],
)
def test_a_list_of_units_that_is_wrong_says_where(tmp_path: Path, text: str, found: str) -> None:
    path = tmp_path / "units.csv"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ScenarioError, match=found):
        read_units(path, MISSION)


def test_units_are_found_by_uid_then_by_sender_then_by_callsign(units: UnitList) -> None:
    assert [unit.post for unit in units.units] == ["Patrol 5", "Patrol 7", "UAV 2"]
    for event, post in (
        (position(NOON, "P-5", callsign="PATROL 7"), "Patrol 5"),
        (position(NOON, "x", callsign="PATROL 7-B"), "Patrol 7"),
        (position(NOON, "UAV-123"), "UAV 2"),
        (alarm(NOON, uid="x"), "Patrol 5"),
    ):
        unit = units.find(event)
        assert unit is not None
        assert unit.post == post
    assert units.find(position(NOON, "x", callsign="patrol 7")) is None
