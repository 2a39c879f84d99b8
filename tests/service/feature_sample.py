"""A small store for the tests of OGC API Features: a row for each rule of what may be told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from service_app import serving

from truceline.events.frames import make_frame
from truceline.events.kinds import Flag, Releasability, Role
from truceline.events.schema import (
    ATTRIBUTIONS,
    CELLS,
    EFFORTS,
    INCIDENTS,
    JUDGEMENTS,
    POSTS,
    RELEASES,
    REPORTS,
    VERIFICATIONS,
    Table,
)
from truceline.monitor.mission import load_mission, write_mission
from truceline.monitor.tokens import add_token
from truceline.store.base import Store
from truceline.store.open import create_store
from truceline.web.app import create_app
from truceline.web.desk import Desk
from truceline.web.settings import ServiceSettings

NOW = datetime(2025, 6, 20, 12, 0)
FIRST = datetime(2025, 6, 1, 6, 17, 5)
N_INCIDENTS = 30
MERGED, COARSE, SIMULATED, YOUNG = 27, 28, 29, 30
"""Numbers of the incidents that are special."""
PARTIES, PUBLIC = (1, 2, 3, 4, 5, 6), (4, 5, 6)
"""Incidents released to the parties, and those of them released to the public."""
KINDS = ("explosion", "shelling", "burst")


def rows_of(table: Table, rows: list[dict[str, Any]]) -> Any:
    """Return rows as a frame of a table."""
    names = {name for row in rows for name in row}
    return make_frame(table, {name: [row.get(name) for row in rows] for name in names})


def incident(number: int, **other: Any) -> dict[str, Any]:
    """Return incident `number`: a day after the one before, a little further north-east."""
    at = FIRST + timedelta(hours=12 * number)
    return {
        "incident_id": number,
        "time_from": at,
        "time_to": at + timedelta(minutes=10),
        "time_precision": "minute",
        "lon": 37.0001 + number * 0.0123,
        "lat": 48.0001 + number * 0.0077,
        "sigma_m": 250.0,
        "sigma_across_m": 120.0,
        "axis_deg": 40.0,
        "place": f"Place {number}",
        "region": "Donetsk" if number % 2 else "Luhansk",
        "place_precision": "bearing",
        "control_side": "a",
        "kind": KINDS[number % 3],
        "weapon": "mortar",
        "count_best": float(number),
        "count_unit": "explosions",
        "flags": 0,
        "n_reports": 1,
        "n_sources": 1,
        "n_posts": 1,
        **other,
    }


def fill_store(store: Store) -> dict[str, str]:
    """Fill an empty store; return keys by level, and one for `admin`."""
    special = {
        COARSE: {"place_precision": "region", "flags": int(Flag.placeholder)},
        SIMULATED: {"flags": int(Flag.simulated)},
        YOUNG: {"time_from": NOW - timedelta(hours=2), "time_to": NOW - timedelta(hours=1)},
    }
    incidents = [incident(n, **special.get(n, {})) for n in range(1, N_INCIDENTS + 1)]
    numbers = [row["incident_id"] for row in incidents]
    with store.change(who="tester", what="init") as change:
        write_mission(change, load_mission("ukraine-2025"))
    with store.change(who="tester", what="import") as change:
        change.add_reports(rows_of(REPORTS, [_report(row) for row in incidents]))
        change.append(INCIDENTS, rows_of(INCIDENTS, incidents))
        statuses = [{"incident_id": n, "status": "verified"} for n in numbers if n % 4 == 0]
        change.append(VERIFICATIONS, rows_of(VERIFICATIONS, statuses))
        sides = [
            {"incident_id": n, "aspect": "side", "value": "b", "p": 0.8, "basis": "crater"}
            for n in numbers
            if n % 5 == 0
        ]
        change.append(ATTRIBUTIONS, rows_of(ATTRIBUTIONS, sides))
        change.append(JUDGEMENTS, rows_of(JUDGEMENTS, [_judgement(row) for row in incidents]))
        change.append(EFFORTS, rows_of(EFFORTS, [_watch(n) for n in range(1, 13)]))
        posts = [
            {"post": f"post-{n}", "means": "post", "lon": 37.0 + n / 10, "lat": 48.0, "state": "planned"}
            for n in range(1, 6)
        ]
        change.append(POSTS, rows_of(POSTS, posts))
        change.append(CELLS, rows_of(CELLS, [_cell(n) for n in range(1, 8)]))
    with store.change(who="tester", what="review") as change:
        change.append(INCIDENTS, rows_of(INCIDENTS, [incident(MERGED, merged_into=1)]))
        levels = [
            {"incident_id": n, "level": "public" if n in PUBLIC else "parties"} for n in (*PARTIES, MERGED)
        ]
        change.append(RELEASES, rows_of(RELEASES, levels))
    return add_keys(store)


def add_keys(store: Store, now: datetime = NOW) -> dict[str, str]:
    """Give out a reader's key for each level."""
    keys = {}
    for level in Releasability:
        _, keys[level] = add_token(
            store,
            holder=f"reader-{level}",
            role=Role.reader,
            level=level,
            now=now,
            expires=now + timedelta(days=30),
            who="tester",
        )
    return keys


def make_app(store: Store, **settings: Any) -> FastAPI:
    """Return a service over an open store, its clock standing at NOW."""
    desk = Desk("test", clock=lambda: NOW, opener=lambda: store)
    return create_app("test", ServiceSettings(rate_per_s=1e6, burst=10**6, **settings), desk=desk)


def start_store(path: Path, *, clock: datetime = NOW) -> Store:
    """Return an empty store, its clock standing still."""
    return create_store(path, clock=lambda: clock)


@contextmanager
def sample_service(folder: Path, *, clock: datetime = NOW, **settings: Any) -> Iterator[Sample]:
    """Serve a small store on a free port; `clock` is when all of it was written."""
    with start_store(folder / "watch.duckdb", clock=clock) as store:
        keys = fill_store(store)
        with serving(make_app(store, **settings)) as client:
            yield Sample(client, keys, store)


@dataclass(frozen=True)
class Sample:
    """A service over the small store."""

    client: httpx.Client
    keys: dict[str, str]
    store: Store

    def get(self, path: str, level: str = "mission", **parameters: Any) -> httpx.Response:
        """Ask with the key of a level."""
        headers = {"Authorization": f"Bearer {self.keys[level]}"}
        return self.client.get(path, headers=headers, params=parameters or None)

    def ids(self, name: str, level: str = "mission", **parameters: Any) -> list[Any]:
        """Return the names of the features of a collection that answer a question, over all pages."""
        return [feature["id"] for feature in self.features(name, level, **parameters)]

    def features(self, name: str, level: str = "mission", **parameters: Any) -> list[dict[str, Any]]:
        """Return the features of a collection that answer a question, over all pages."""
        found: list[dict[str, Any]] = []
        answer = self.get(f"/collections/{name}/items", level, **parameters)
        while True:
            assert answer.status_code == 200, answer.text
            page = answer.json()
            assert page["numberReturned"] == len(page["features"])
            found += page["features"]
            following = [link["href"] for link in page["links"] if link["rel"] == "next"]
            if not following:
                return found
            assert page["features"], "an empty page that leads on is the last for some clients"
            answer = self.get(following[0], level)


def _report(row: dict[str, Any]) -> dict[str, Any]:
    shared = {name: row[name] for name in REPORTS.names if name in row}
    number = row["incident_id"]
    return {
        **shared,
        "key": f"k{number}",
        "digest": f"d{number}",
        "feed": "own",
        "source": "Post 12",
        "means": "post",
        "observation": "heard",
        "post": "Post 12",
        "observer_lon": 37.12345,
        "observer_lat": 48.12345,
        "text": "words that are nobody's business",
        "original": '{"words": "nobody"}',
    }


def _judgement(row: dict[str, Any]) -> dict[str, Any]:
    number = row["incident_id"]
    return {
        "incident_id": number,
        "time_from": row["time_from"],
        "agreement": "general",
        "clause": "cease-fire",
        "verdict": "violation" if number % 3 else "unclear",
        "region": row["region"],
        "kind": row["kind"],
        "unit": "explosions",
        "p": 0.97,
        "acts_best": 1.0,
        "reason": "within the zone",
        "method": "rule",
    }


def _watch(number: int) -> dict[str, Any]:
    return {
        "key": f"{number:032x}",
        "means": "camera",
        "post": f"Camera {number}",
        "region": "Donetsk",
        "lon": 37.0 + number / 100,
        "lat": 48.0,
        "time_from": FIRST + timedelta(days=number),
        "time_to": FIRST + timedelta(days=number, hours=5),
        "state": "watched" if number % 4 else "denied",
        "cause": "" if number % 4 else "a",
        "words": "" if number % 4 else "turned back at the checkpoint",
        "p_detect": 0.4,
    }


def _cell(number: int) -> dict[str, Any]:
    west = 37.0 + number / 10
    corners = [(west, 48.0), (west + 0.05, 48.05), (west, 48.1), (west - 0.05, 48.05), (west, 48.0)]
    return {
        "cell": f"S01-{number:04d}",
        "region": "S01",
        "lon": west,
        "lat": 48.05,
        "demand": 0.1,
        "p_detect": 0.5,
        "outline": f"POLYGON (({', '.join(f'{x:.6f} {y:.6f}' for x, y in corners)}))",
    }
