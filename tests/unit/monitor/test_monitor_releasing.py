"""Who may see an incident, and how exactly: releases in the history, and the rule of precision."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from day_sample import Days, list_effort, start_store

from truceline.events.kinds import Releasability
from truceline.events.schema import CHANGES, INCIDENTS, JUDGEMENTS, RELEASES
from truceline.monitor.deciding import read_history
from truceline.monitor.exporting import KINDS_OF_RECORD, gather_records
from truceline.monitor.releasing import (
    kinds_seen,
    levels_for,
    read_level,
    read_levels,
    release_by_rule,
    release_incidents,
    release_rule,
    visible_to,
)
from truceline.monitor.reviewing import read_incident
from truceline.store.base import Selection, StoreError

PUBLIC, PARTIES, MISSION = Releasability.public, Releasability.parties, Releasability.mission
NOON = datetime(2025, 6, 11, 12)
LATER = NOON + timedelta(days=30)


@pytest.fixture
def days(tmp_path: Path) -> Iterator[Days]:
    store, made = start_store(tmp_path)
    with store:
        yield made


def release(days: Days, *ids: int, level: Releasability, why: str = "agreed") -> int:
    return release_incidents(days.store, ids, level, who="amira", why=why)


def seen_by(days: Days, level: Releasability) -> list[int]:
    select = Selection(among=visible_to(level))
    return days.store.read_current(INCIDENTS, select)["incident_id"].tolist()


class TestReleases:
    def test_an_incident_is_for_the_mission_until_somebody_releases_it(self, days: Days) -> None:
        days.add([{}, {}, {}])
        assert read_levels(days.store, [1, 3]) == {1: MISSION, 3: MISSION}
        assert release(days, 1, 2, level=PARTIES) == 2
        assert release(days, 2, level=PUBLIC) == 1
        assert read_levels(days.store, [1, 2, 3]) == {1: PARTIES, 2: PUBLIC, 3: MISSION}

    def test_each_circle_sees_its_own_and_all_wider_ones(self, days: Days) -> None:
        days.add([{}, {}, {}])
        release(days, 1, level=PUBLIC)
        release(days, 2, level=PARTIES)
        assert seen_by(days, PUBLIC) == [1]
        assert seen_by(days, PARTIES) == [1, 2]
        assert seen_by(days, MISSION) == [1, 2, 3]

    def test_the_same_holds_for_any_table_that_knows_incidents(self, days: Days) -> None:
        days.add([{}, {}])
        release(days, 2, level=PARTIES)
        rows = days.store.read_current(JUDGEMENTS, Selection(among=visible_to(PARTIES)))
        assert rows["incident_id"].tolist() == [2]

    def test_the_same_level_again_changes_nothing(self, days: Days) -> None:
        days.add([{}, {}])
        release(days, 1, level=PARTIES)
        n_changes = days.store.last_change()
        assert release(days, 1, level=PARTIES) == 0
        assert days.store.last_change() == n_changes
        assert release(days, 1, 2, level=PARTIES) == 1

    def test_everything_that_is_wrong_is_told_at_once_and_nothing_is_released(self, days: Days) -> None:
        days.add([{}, {"merged_into": 1}])
        with pytest.raises(StoreError) as caught:
            release_incidents(days.store, [1, 2, 77], PUBLIC, who=" ", why="")
        assert [p.where for p in caught.value.problems] == ["who", "why", "incident 2", "incident 77"]
        assert days.store.read(RELEASES).empty

    def test_every_release_stands_in_the_history_with_who_and_why(self, days: Days) -> None:
        days.add([{}])
        release(days, 1, level=PUBLIC, why="both sides know it")
        release(days, 1, level=MISSION, why="a mistake")
        told = [entry for entry in read_history(days.store, 1) if entry.what == "release"]
        assert [(entry.who, entry.why, entry.says) for entry in told] == [
            ("amira", "both sides know it", "may be seen by the public"),
            ("amira", "a mistake", "may be seen by the mission"),
        ]
        assert days.store.read(CHANGES)["what"].tolist()[-2:] == ["release", "release"]
        assert read_incident(days.store, 1).level is MISSION

    def test_a_release_can_be_taken_back_and_the_past_still_be_read(self, days: Days) -> None:
        days.add([{}])
        release(days, 1, level=PUBLIC)
        then = days.store.last_change()
        release(days, 1, level=MISSION)
        assert seen_by(days, PUBLIC) == []
        assert read_levels(days.store, [1], as_of=then) == {1: PUBLIC}

    def test_a_word_that_is_no_level_is_refused(self) -> None:
        with pytest.raises(StoreError, match="'secret' is no level"):
            read_level("secret")


class TestTheRule:
    def rule(self, days: Days, now: datetime = LATER, **period: datetime) -> int:
        return release_by_rule(days.store, who="desk", why="every night", now=now, **period)

    def test_what_is_established_either_way_goes_to_the_parties(self, days: Days) -> None:
        days.add([{"status": status} for status in ("verified", "refuted", "corroborated", "reported", "")])
        assert self.rule(days) == 2
        assert seen_by(days, PARTIES) == [1, 2]
        assert seen_by(days, PUBLIC) == []
        assert set(days.store.read(RELEASES)["method"]) == {"rule"}

    def test_what_is_too_young_waits(self, days: Days) -> None:
        days.add([{"time_from": NOON}])
        delay = release_rule(PARTIES).delay
        assert self.rule(days, NOON + delay) == 0
        assert self.rule(days, NOON + delay + timedelta(minutes=10)) == 1

    def test_what_a_person_decided_no_rule_touches(self, days: Days) -> None:
        days.add([{}, {}, {}])
        release(days, 1, level=MISSION, why="a witness is in danger")
        release(days, 2, level=PUBLIC)
        assert self.rule(days) == 1
        assert read_levels(days.store, [1, 2, 3]) == {1: MISSION, 2: PUBLIC, 3: PARTIES}

    def test_a_period_may_be_chosen_and_merged_incidents_are_gone(self, days: Days) -> None:
        days.add([{"time_from": NOON}, {"time_from": NOON + timedelta(days=2)}, {"merged_into": 1}])
        assert self.rule(days, until=NOON + timedelta(days=1)) == 1
        assert self.rule(days) == 1


class TestKindsSeen:
    def test_the_parties_see_effort_and_the_public_does_not(self) -> None:
        assert set(kinds_seen(PARTIES)) == {"incidents", "judgements", "effort"}
        assert set(kinds_seen(PUBLIC)) == {"incidents", "judgements"}
        assert {"reports", "posts", "cells"} <= set(kinds_seen(MISSION))

    def test_levels_widen_from_the_public_to_the_mission(self) -> None:
        assert levels_for(PUBLIC) == ("public",)
        assert levels_for(MISSION) == ("public", "parties", "mission")


class TestExports:
    def test_only_what_is_released_is_there_and_the_rest_is_counted(self, days: Days) -> None:
        days.add([{}, {}, {"time_from": LATER - timedelta(hours=1)}])
        release(days, 1, level=PUBLIC)
        release(days, 2, level=PARTIES)
        for level, ids, n in ((PUBLIC, [1], 1), (PARTIES, [1, 2], 0), (MISSION, [1, 2], 0)):
            records = gather_records(days.store, title="t", now=LATER, level=level)
            assert records.frames["incidents"]["incident_id"].tolist() == ids
            assert records.frames["judgements"]["incident_id"].tolist() == ids
            assert records.n_unreleased == n

    def test_a_shorter_delay_is_the_missions_alone(self, days: Days) -> None:
        days.add([{"time_from": LATER - timedelta(hours=1)}, {}])
        release(days, 1, 2, level=PUBLIC)
        for level, ids in ((PUBLIC, [2]), (MISSION, [1, 2])):
            records = gather_records(days.store, title="t", now=LATER, level=level, delay=timedelta())
            assert records.frames["incidents"]["incident_id"].tolist() == ids

    def test_kinds_that_a_level_does_not_see_are_refused_by_name(self, days: Days) -> None:
        days.add([{}])
        with pytest.raises(StoreError) as caught:
            gather_records(
                days.store, ("incidents", "reports", "effort", "x"), title="t", now=LATER, level=PUBLIC
            )
        assert [p.where for p in caught.value.problems] == ["reports", "effort", "x"]
        assert "is not for the public" in str(caught.value)

    def test_nothing_released_is_said_so(self, days: Days) -> None:
        days.add([{}])
        with pytest.raises(StoreError, match="is released to the public"):
            gather_records(days.store, title="t", now=LATER, level=PUBLIC)

    @pytest.mark.parametrize("level", list(Releasability))
    def test_rows_have_the_columns_that_are_described(self, days: Days, level: Releasability) -> None:
        days.add([{}])
        days.add_effort(list_effort(NOON.date()))
        release(days, 1, level=PUBLIC)
        records = gather_records(days.store, title="t", now=LATER, level=level)
        for kind, frame in records.frames.items():
            assert tuple(frame.columns) == records.table(kind).names
            if level is MISSION:
                assert records.table(kind) == KINDS_OF_RECORD[kind]
