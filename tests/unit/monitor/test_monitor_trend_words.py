"""What the trend says in words of the watching: fewer reports because nobody was let in, and who was not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from day_sample import MISSION, Days, start_store

from truceline.monitor.trend import watch_trend

START, END = MISSION.period(datetime(2025, 6, 11))
N_DAYS = 30
REGIONS = ("Donetsk", "Luhansk")


@pytest.fixture
def days(tmp_path: Path) -> Iterator[Days]:
    store, made = start_store(tmp_path)
    yield made
    store.close()


def write_days(days: Days, *, last: int, state: str) -> None:
    """Write 24 incidents a day in each of two regions, watched by three posts each.

    On the last day there are `last` incidents in Luhansk, and two of its posts are in `state`.
    """
    incidents: list[dict[str, Any]] = []
    effort: list[dict[str, Any]] = []
    for back in range(N_DAYS):
        start, end = START - timedelta(days=back), END - timedelta(days=back)
        for region in REGIONS:
            is_hit = region == "Luhansk" and back == 0
            at = {"time_from": start + timedelta(hours=9), "region": region, "clauses": ()}
            incidents += [at] * (last if is_hit else 24)
            effort += [
                {"means": "post", "post": f"{region} {n}", "region": region, "p_detect": 0.5}
                | {"time_from": start, "time_to": end}
                | {
                    "state": state if is_hit and n else "watched",
                    "cause": "armed men" if is_hit and n else "",
                }
                for n in range(3)
            ]
    days.add(incidents)
    days.add_effort(effort)


def said(days: Days) -> tuple[str, ...]:
    return watch_trend(days.store, until=END, days=5, now=END).statements


def test_a_count_that_fell_with_its_watching_is_told_as_such(days: Days) -> None:
    write_days(days, last=11, state="denied")
    (sentence,) = [one for one in said(days) if "fewer reports because" in one]
    assert sentence.startswith(
        "Luhansk, beside the 7 days before: fewer reports because we were kept out: "
        "reports changed by a factor of 0.4"
    )
    assert "watching by 0.57" in sentence


def test_where_cameras_were_down_nobody_is_blamed(days: Days) -> None:
    write_days(days, last=11, state="down")
    words = " ".join(said(days))
    assert "Luhansk, beside the 7 days before: fewer reports because we watched less" in words
    assert "kept out" not in words


def test_more_reports_from_less_watching_are_not_put_down_to_it(days: Days) -> None:
    write_days(days, last=60, state="denied")
    assert not any("because we" in one for one in said(days))


def test_under_the_same_watching_nothing_is_said_of_it(days: Days) -> None:
    write_days(days, last=24, state="watched")
    assert not any("days before:" in one for one in said(days))


def test_hours_and_losses_of_the_last_day_are_told(days: Days) -> None:
    write_days(days, last=11, state="denied")
    statements = said(days)
    at = statements.index("Watching on 11 June 2025: watched for 96 hours; 48 hours of watching were lost.")
    assert statements[at + 1 : at + 3] == (
        "Luhansk: Luhansk 1 denied for 24.0 hours (armed men).",
        "Luhansk: Luhansk 2 denied for 24.0 hours (armed men).",
    )


def test_without_effort_it_says_that_counts_cannot_be_corrected(days: Days) -> None:
    days.add([{"clauses": ()}])
    assert any("No effort of observation is recorded" in one for one in said(days))
