"""Wrong clocks of posts, seen through the service: found by what several posts noticed, never corrected."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import numpy as np
from fault_kit import CSV, NO_LIMITS, headers_of, make_mission
from service_process import running_service

from truceline.events.kinds import Role
from truceline.events.schema import REPORTS
from truceline.monitor.clocks import read_clocks
from truceline.monitor.linking import link_reports
from truceline.monitor.tokens import add_token
from truceline.store.open import open_store, read_clock

POSTS = {"North": 0.0, "Middle": 0.0, "South": 12.0}
"""Posts, and the minutes by which their clocks are ahead."""
N_EVENTS = 40
HEADER = "id,time,zone,lon,lat,radius_m,kind,means,observation,post,weapon,text\n"


def write_file(post: str, ahead_min: float, now: datetime) -> bytes:
    """Return what a post sends: the explosions of a month, a few hours apart, each at a place of its own."""
    draw = np.random.default_rng(sum(map(ord, post)))
    lines = [HEADER]
    for number in range(N_EVENTS):
        heard = now - timedelta(days=30) + timedelta(hours=17 * number) + timedelta(minutes=ahead_min)
        heard += timedelta(minutes=float(draw.normal(0, 0.3)))
        lon, lat = 37.0 + 0.02 * number, 47.5 + 0.013 * number
        told = f"300,explosion,post,heard,{post},mortar,boom"
        lines.append(f"{post}-{number},{heard:%Y-%m-%d %H:%M},UTC,{lon},{lat},{told}\n")
    return "".join(lines).encode()


def test_a_clock_that_is_wrong_is_flagged_and_no_time_is_changed(durable_address: str) -> None:
    make_mission(durable_address)
    with open_store(durable_address, writing=True) as store:
        keys = {
            post: add_token(store, holder=post, role=Role.observer, now=read_clock(), who="tests")[1]
            for post in POSTS
        }
    now = datetime.now(UTC).replace(tzinfo=None, second=0, microsecond=0)
    with running_service(durable_address, *NO_LIMITS) as service:
        for post, ahead_min in POSTS.items():
            answer = httpx.post(
                f"{service.url}/v1/reports",
                content=write_file(post, ahead_min, now),
                headers={**headers_of(keys[post]), **CSV},
                timeout=60,
            )
            assert answer.status_code == 200, answer.text
            assert (answer.json()["new"], answer.json()["rejected"]) == (N_EVENTS, 0), answer.text
        early = write_file("South", 12.0, now + timedelta(days=60)).splitlines(keepends=True)
        ahead = httpx.post(
            f"{service.url}/v1/reports?keep_going=true",
            content=b"".join([early[0], *early[-3:]]),
            headers={**headers_of(keys["South"]), **CSV},
            timeout=60,
        )
    assert (ahead.json()["new"], ahead.json()["rejected"]) == (0, 3), ahead.text
    assert "future" in ahead.text or "later" in ahead.text, (
        "a time that is still to come is refused, and told"
    )
    with open_store(durable_address, writing=True) as store:
        sent = store.read_current(REPORTS, columns=("key", "time_from"))
        link_reports(store, who="tests")
        assert store.read_current(REPORTS, columns=("key", "time_from")).equals(sent)
        found = read_clocks(store, now=now)
    verdicts = {each.post: str(each.verdict) for each in found.posts}
    assert verdicts == {"North": "fits", "Middle": "fits", "South": "off"}
    south = next(each for each in found.posts if each.post == "South")
    assert south.low_min <= 12.0 <= south.high_min
    assert abs(south.offset_min - 12.0) < 1.0
