"""The troop-to-task table adds up, and a posture with impossible counts is refused whole."""

from __future__ import annotations

import math

import pytest

from truceline.errors import ScenarioError
from truceline.force.tasks import CrewedMeans, Task, TaskTable, WatchCounts, trace_count


def make_task(key: str, people: float, group: str) -> Task:
    traced = trace_count(key, people, "person", key)
    return Task(key, key.title(), 1, "unit", people, group, traced)  # type: ignore[arg-type]


TABLE = TaskTable(
    (
        make_task("logistics", 30, "support"),
        make_task("posts", 60, "watch"),
        make_task("base", 10, "reaction"),
    )
)


def test_groups_add_up_to_the_table():
    assert TABLE.totals() == {"watch": 60, "reaction": 10, "deterrence": 0, "support": 30}
    assert TABLE.people == sum(TABLE.totals().values())


def test_rows_come_by_group_with_their_share():
    rows = TABLE.rows()
    assert [row["key"] for row in rows] == ["posts", "base", "logistics"]
    assert [row["people_share"] for row in rows] == [0.6, 0.1, 0.3]


def test_an_empty_table_has_no_shares():
    assert TaskTable(()).rows() == []
    assert TaskTable((make_task("posts", 0, "watch"),)).rows()[0]["people_share"] == 0


def test_a_task_is_found_by_its_key():
    assert TABLE.find("base").people == 10
    with pytest.raises(KeyError):
        TABLE.find("navy")


def test_plain_tuples_of_crews_are_taken():
    counts = WatchCounts(sensor_crews=(("radar", "Radars", 3, 9.0),))  # type: ignore[arg-type]
    assert counts.sensor_crews == (CrewedMeans("radar", "Radars", 3, 9.0, None),)


def test_all_bad_counts_are_told_at_once():
    radar = CrewedMeans("radar", "Radars", -3, math.nan)
    with pytest.raises(ScenarioError) as caught:
        WatchCounts(armed_posts=-1, patrols_per_day=math.inf, sensor_crews=(radar,), area_means=(radar,))
    places = [problem.where for problem in caught.value.problems]
    assert places.count("posture.radar.units") == 2
    assert {"posture.armed_posts", "posture.patrols_per_day", "posture.radar.people_per_unit"} <= set(places)
    assert "posture.radar  is listed twice" in str(caught.value)


def test_posts_of_both_kinds_are_posts():
    assert WatchCounts(armed_posts=19, unarmed_posts=11, masts=5).posts == 30
