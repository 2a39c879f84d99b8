"""The posture kept in a store: whose chances hold, for which day, and since when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from day_sample import Days, start_store

from truceline.monitor.effort import measure_effort
from truceline.monitor.posture import keep_posture, read_posture

AT = datetime(2025, 6, 10, 16, 30)
"""A cut-off."""
POSTURE = {("", ""): (0.4, 0.3, 0.5)}


@pytest.fixture
def days(tmp_path: Path) -> Iterator[Days]:
    store, made = start_store(tmp_path)
    yield made
    store.close()


def watched(post: str, first_day: int, last_day: int, **more: Any) -> dict[str, Any]:
    start, end = (AT + timedelta(days=day) for day in (first_day, last_day))
    row = {"means": "post", "post": post, "region": "Donetsk", "time_from": start, "time_to": end}
    return {**row, "state": "watched", **more}


def shares(days: Days, first_day: int, last_day: int) -> list[tuple[float, float, float]]:
    """Return low, middle and high share noticed in Donetsk on each day."""
    effort = measure_effort(days.store, AT + timedelta(days=first_day), AT + timedelta(days=last_day))
    rows = effort.exposure[effort.exposure["region"] == "Donetsk"].sort_values("day")
    return [tuple(map(float, row)) for row in rows[["share_low", "share", "share_high"]].to_numpy()]


def test_the_chances_of_a_plan_stand_in_where_effort_gives_none(days: Days) -> None:
    days.add_effort([watched("P1", 0, 1)])
    (before,) = shares(days, 0, 1)
    keep_posture(days.store, POSTURE, who="t")
    assert read_posture(days.store) == POSTURE
    assert shares(days, 0, 1)[0] == pytest.approx((0.3, 0.4, 0.5))
    assert before != pytest.approx((0.3, 0.4, 0.5))


def test_a_row_of_effort_with_its_own_chance_goes_before_it(days: Days) -> None:
    days.add_effort([watched("P1", 0, 1, p_detect=0.9)])
    keep_posture(days.store, POSTURE, who="t")
    assert shares(days, 0, 1)[0][1] == pytest.approx(0.9)


def test_a_day_has_the_same_share_alone_and_in_a_long_period(days: Days) -> None:
    keep_posture(days.store, POSTURE, who="t")
    days.add_effort([watched("P1", 0, 3), watched("P2", 2, 3)])
    together = shares(days, 0, 3)
    assert together == [pytest.approx(shares(days, day, day + 1)[0]) for day in range(3)]
    assert together[0][1] == pytest.approx(0.4)
    assert together[2][1] == pytest.approx(0.4)


def test_a_sector_is_found_under_the_name_that_the_plan_gives_it(days: Days) -> None:
    days.add_effort([watched("P1", 0, 1)])
    keep_posture(days.store, {**POSTURE, ("Donetsk Oblast", "fire"): (0.7, 0.6, 0.8)}, who="t")
    assert shares(days, 0, 1)[0][1] == pytest.approx(0.7)


def test_an_earlier_report_is_made_with_the_posture_it_had(days: Days) -> None:
    assert read_posture(days.store) is None
    keep_posture(days.store, POSTURE, who="t")
    first = days.store.last_change()
    keep_posture(days.store, {("", ""): (0.6, 0.5, 0.7)}, who="t")
    assert read_posture(days.store, as_of=first) == POSTURE
