"""Incidents go out as marks that say what is known and how well, and are nobody's target."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from truceline.events.kinds import Releasability
from truceline.exchange.cot_stream import read_capture, write_capture
from truceline.monitor.exporting import Records, gather_records
from truceline.monitor.linking import link_reports
from truceline.monitor.listening import Listener
from truceline.monitor.live_units import UnitList
from truceline.monitor.mission import load_mission, write_mission
from truceline.monitor.releasing import release_rule
from truceline.monitor.sending import MARK_TYPE, records_to_marks, slugify
from truceline.store.base import Store, StoreError
from truceline.store.open import create_store

NOW = datetime(2025, 3, 4, 8, 0)
ROW: dict[str, Any] = {
    "incident_id": 12,
    "kind": "explosion",
    "phase": "impact",
    "time_from": pd.Timestamp("2025-03-01T20:05"),
    "time_to": pd.Timestamp("2025-03-01T20:07"),
    "lon": 37.72,
    "lat": 48.13,
    "sigma_m": 150.0,
    "verification": "verified",
    "flag_words": "",
    "side": "b",
    "side_basis": "words of the desk",
}


def marks_of(*rows: dict[str, Any], level: Releasability = Releasability.mission, **more: Any) -> Any:
    frame = pd.DataFrame(list(rows))
    records = Records("Mission (test) & more", None, NOW, {"incidents": frame}, level=level)
    return records_to_marks(records, now=NOW, **more)


def test_an_incident_is_a_mark_with_number_time_and_one_standard_deviation() -> None:
    ((event, remarks),) = marks_of(ROW).events
    assert event.uid == "truceline.mission-test-more.incident.12"
    assert event.type == MARK_TYPE
    assert not event.type.startswith("a-")  # never a thing with an affiliation
    assert (event.how, event.callsign) == ("m-f", "Incident 12")
    assert (event.time, event.start) == (NOW, datetime(2025, 3, 1, 20, 5))
    assert event.stale == NOW + timedelta(hours=24)
    rounding = release_rule(Releasability.mission).error_m
    assert event.ce == pytest.approx(np.hypot(150.0, rounding), abs=0.1)
    assert remarks == (
        "Reported incident 12: explosion (impact); verified. 2025-03-01 20:05 to 20:07 UTC. "
        "Position to about 200 m. A record of what was observed, after the fact. Mission (test) & more"
    )


def test_no_side_and_no_words_of_the_desk_go_out() -> None:
    marks = marks_of(ROW)
    data = write_capture(marks.events, is_protobuf=False) + write_capture(marks.events, is_protobuf=True)
    for word in (b"words of the desk", b"side", b"hostile", b"target"):
        assert word not in data


def test_outside_the_mission_the_deviation_is_that_of_the_level_already() -> None:
    ((event, _),) = marks_of({**ROW, "sigma_m": 700.0}, level=Releasability.parties).events
    assert event.ce == 700.0


def test_incidents_that_are_nowhere_or_have_no_known_error_are_told_as_such() -> None:
    marks = marks_of(
        ROW, {**ROW, "incident_id": 13, "lon": np.nan}, {**ROW, "incident_id": 14, "sigma_m": np.nan}
    )
    assert marks.n_nowhere == 1
    assert [event.ce is None for event, _ in marks.events] == [False, True]
    assert "Position" not in marks.events[1][1]


def test_an_event_simulated_says_so_and_an_end_on_another_day_too() -> None:
    row = {
        **ROW,
        "flag_words": "late|simulated",
        "time_to": pd.Timestamp("2025-03-02T01:00"),
        "phase": "undetermined",
    }
    ((event, remarks),) = marks_of(row, stale=timedelta(hours=1)).events
    assert event.how == "m-s"
    assert event.stale == NOW + timedelta(hours=1)
    assert "explosion; verified. 2025-03-01 20:05 to 2025-03-02 01:00 UTC" in remarks


def test_a_file_of_marks_reads_back_and_sending_again_moves_the_same_mark() -> None:
    marks = marks_of(ROW)
    for is_protobuf in (False, True):
        assert read_capture(write_capture(marks.events, is_protobuf=is_protobuf))[0] == [marks.events[0][0]]
    later = records_to_marks(
        Records("Mission (test) & more", None, NOW, {"incidents": pd.DataFrame([ROW])}),
        now=NOW + timedelta(hours=3),
    )
    assert later.events[0][0].uid == marks.events[0][0].uid


def test_a_title_without_letters_still_makes_a_uid() -> None:
    assert slugify("Місія") == "mission"
    assert slugify("A" * 100) == "a" * 40


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    from truceline.exchange.cot_event import CotEvent

    mission = load_mission("ukraine-2025")
    with create_store(tmp_path / "watch.duckdb") as store:
        with store.change(who="test", what="init") as change:
            write_mission(change, mission)
        at = NOW - timedelta(days=2)
        raised = CotEvent("x", "b-a-o-opn", at, at, at, 48.6312345, 38.4512345, ce=30.0)
        listener = Listener(mission, UnitList())
        for n, hours in enumerate((0, 47)):
            moment = at + timedelta(hours=hours)
            elsewhere = raised.lat - n / 2
            event = replace(raised, uid=f"x{n}", time=moment, start=moment, lat=elsewhere)
            listener.take(event, now=moment)
        listener.write(store, who="test", source="test", now=NOW)
        link_reports(store, who="test")
        yield store


def test_what_goes_out_is_as_late_and_coarse_as_every_export(store: Store) -> None:
    records = gather_records(store, ("incidents",), title="T", now=NOW)
    marks = records_to_marks(records, now=NOW)
    assert records.n_withheld == 1  # an hour old
    ((event, _),) = marks.events
    assert (event.lon, event.lat) == (38.451, 48.631)
    with pytest.raises(StoreError, match="released to the public"):
        gather_records(store, ("incidents",), title="T", now=NOW, level=Releasability.public)
