"""Clocks of posts, from reports linked to the same incidents; devices, from their submissions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from field_kit import make_store, submission

from truceline.events.feeds.odk_records import read_json
from truceline.events.frames import make_frame
from truceline.events.schema import LINKS, REPORTS
from truceline.monitor.clocks import Clocks, read_clocks
from truceline.monitor.linking import link_reports
from truceline.monitor.submissions import take_submissions
from truceline.store.base import Store
from truceline.store.open import open_store

NOW = datetime(2025, 4, 1)
BEGIN = datetime(2025, 3, 1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(make_store(tmp_path / "mission.duckdb"), writing=True) as opened:
        yield opened


def fill(store: Store, seed: int, *, off: dict[str, float], n: int = 40, precision: str = "minute") -> None:
    """Put made-up reports into a store: each incident noticed by three of five posts, linked."""
    rng = np.random.default_rng(seed)
    rows: dict[str, list[object]] = {name: [] for name in ("key", "post", "time_from", "time_to", "incident")}
    for incident in range(1, n + 1):
        for at in rng.choice(5, size=3, replace=False).tolist():
            post = f"P{at}"
            late = off.get(post, 0.0) + rng.normal(0.0, 0.7)
            start = BEGIN + timedelta(hours=9 * incident, minutes=float(np.floor(late)))
            rows["key"].append(f"{incident}-{post}")
            rows["post"].append(post)
            rows["time_from"].append(start)
            rows["time_to"].append(start + timedelta(minutes=1))
            rows["incident"].append(incident)
    incidents = rows.pop("incident")
    common = {
        "feed": "own",
        "digest": rows["key"],
        "means": "post",
        "kind": "explosion",
        "time_precision": precision,
    }
    with store.change(who="test", what="import") as change:
        change.add_reports(make_frame(REPORTS, {**rows, **common}))
        links = {"report_id": np.arange(1, len(incidents) + 1), "incident_id": incidents, "method": "rule"}
        change.append(LINKS, make_frame(LINKS, links))


def off_posts(found: Clocks) -> list[str]:
    return [each.post for each in found.posts if each.verdict == "off"]


@pytest.mark.parametrize("seed", range(2))
def test_the_post_that_is_twelve_minutes_off_is_found(store: Store, seed: int) -> None:
    fill(store, seed, off={"P3": 12.0})
    found = read_clocks(store, now=NOW)
    assert off_posts(found) == ["P3"]
    assert found.n_incidents == 40
    by_post = {each.post: each for each in found.posts}
    assert by_post["P3"].offset_min == pytest.approx(12.0, abs=1.0)
    assert by_post["P3"].n_shared == sum(each.n_shared for each in found.posts) - sum(
        each.n_shared for each in found.posts if each.post != "P3"
    )


@pytest.mark.parametrize("seed", range(2))
def test_clocks_that_agree_are_left_in_peace(store: Store, seed: int) -> None:
    fill(store, seed, off={})
    assert {each.verdict for each in read_clocks(store, now=NOW).posts} == {"fits"}


def test_times_known_to_the_hour_tell_nothing_of_clocks(store: Store) -> None:
    fill(store, 1, off={"P3": 12.0}, precision="hour")
    found = read_clocks(store, now=NOW)
    assert (found.posts, found.n_incidents) == ((), 0)


def test_only_the_days_asked_for_count(store: Store) -> None:
    fill(store, 1, off={"P3": 12.0})
    assert read_clocks(store, now=BEGIN + timedelta(days=30), days=3).posts == ()
    part = read_clocks(store, now=BEGIN + timedelta(hours=9 * 40 + 1), days=2)
    assert 0 < part.n_incidents < 8


def test_an_empty_store_tells_nothing(store: Store) -> None:
    assert read_clocks(store, now=NOW).posts == ()


def test_reports_linked_by_rule_find_a_slow_clock(store: Store) -> None:
    """Four posts hear the same explosions; the linkage still joins what a clock tells twelve minutes late."""
    rows: dict[str, list[object]] = {
        name: [] for name in ("key", "post", "lon", "lat", "time_from", "time_to")
    }
    for number in range(8):
        for at, post in enumerate(("North", "South", "East", "West")):
            start = BEGIN + timedelta(hours=20 * number, minutes=12.0 if post == "East" else 0.0)
            rows["key"].append(f"{number}-{post}")
            rows["post"].append(post)
            rows["lon"].append(37.5 + 0.02 * number)
            rows["lat"].append(48.1 + 0.0001 * at)
            rows["time_from"].append(start)
            rows["time_to"].append(start + timedelta(minutes=1))
    common = {
        "feed": "own", "digest": rows["key"], "means": "post", "observation": "seen", "kind": "explosion",
        "phase": "impact", "source": rows["post"], "sigma_m": 100.0, "sigma_across_m": 100.0, "axis_deg": 0.0,
        "time_precision": "minute", "place_precision": "exact",
    }  # fmt: skip
    with store.change(who="test", what="import") as change:
        change.add_reports(make_frame(REPORTS, {**rows, **common}))
    link_reports(store, who="test")
    found = read_clocks(store, now=NOW)
    assert [(each.post, each.n_shared) for each in found.posts if each.verdict == "off"] == [("East", 8)]


def test_a_device_ahead_of_its_server_is_told_beside_the_posts(store: Store) -> None:
    record = read_json(1, submission("one", end="2025-03-01T12:20:00.000+02:00"))
    take_submissions(store, [record], source="x", digest="d", who="desk", now=NOW)
    assert [each.ahead_min for each in read_clocks(store, now=NOW).devices] == [20.0]
    assert read_clocks(store, now=NOW, days=3).devices == ()
