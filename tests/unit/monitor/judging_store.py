"""A store with a few incidents, and the reports they rest on, for the tests of judging and deciding."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from truceline.events.frames import make_frame
from truceline.events.schema import INCIDENTS, LINKS, REPORTS
from truceline.monitor.agreeing import add_agreement
from truceline.monitor.judging import judge_store
from truceline.monitor.mission import load_mission, write_mission
from truceline.store.base import Store
from truceline.store.open import create_store, open_store

WHEN = datetime(2020, 8, 1, 10)
TRUCE = """\
name: test-truce
title: A truce
declared_by: both
source: {title: invented}
evidence: judgement
zone: UTC
clauses:
  - name: no-fire
    title: No fire
    says: Nobody fires.
    kind: ceasefire
    from: 2020-07-27T00:00
    place: {regions: [Donetsk, Luhansk]}
    forbids: {groups: [fire]}
    attribution: true
  - name: side-b
    title: No fire by side b
    says: Side b does not fire.
    kind: ceasefire
    from: 2020-07-27T00:00
    place: {regions: [Donetsk]}
    binds: b
    forbids: {groups: [fire]}
"""


def ticking_clock(start: datetime = WHEN) -> Callable[[], datetime]:
    """Return a clock that moves on by a minute each time it is looked at."""
    moments: Iterator[datetime] = (start + timedelta(minutes=n) for n in range(1, 10_000))
    return lambda: next(moments)


def make_small_store(folder: Path, *, judged: bool) -> Path:
    """Return the file of a store with three incidents, five reports and the truce; `judged` or not yet."""
    path = folder / "watch.duckdb"
    with create_store(path, clock=ticking_clock()) as store:
        with store.change(who="tester", what="init") as change:
            write_mission(change, load_mission("ukraine-2025"))
        add_incidents(store, [1, 2, 3], region=["Donetsk", "Luhansk Oblast", "Kharkiv"])
        add_reports(
            store,
            [1, 1, 2, 2, 3],
            means=["post", "post", "press", "dataset", "press"],
            observation=["heard", "seen", "told", "told", "told"],
            post=["P1", "P2", "", "", ""],
            kind=["explosion", "muzzle_flash", "explosion", "explosion", "explosion"],
            side_from=["", "b", "b", "b", ""],
        )
        add_agreement(store, write_truce(folder), who="tester", why="agreed")
        if judged:
            judge_store(store, who="tester")
    return path


@contextmanager
def open_copy(made: Path, folder: Path) -> Iterator[Store]:
    """Give a copy of a store made once, open for writing."""
    path = folder / made.name
    shutil.copyfile(made, path)
    with open_store(path, writing=True, clock=ticking_clock(start=WHEN + timedelta(days=1))) as store:
        yield store


def add_incidents(store: Store, numbers: list[int], **fields: Any) -> None:
    """Append incidents."""
    columns = {
        "incident_id": numbers, "time_from": WHEN, "time_to": WHEN, "kind": "explosion", "flags": 0,
        "phase": "undetermined", "count_best": 3.0, "count_unit": "explosions", "n_reports": 2, **fields,
    }  # fmt: skip
    with store.change(who="tester", what="link") as change:
        change.append(INCIDENTS, make_frame(INCIDENTS, columns, n_rows=len(numbers)))


def add_reports(store: Store, incidents: list[int], **fields: Any) -> None:
    """Add reports and link each to an incident."""
    first = int(store.tally(REPORTS)["n"].sum()) + 1
    numbers = np.arange(first, first + len(incidents))
    columns = {
        "key": [f"r{n}" for n in numbers], "digest": [f"d{n}" for n in numbers], "feed": "form",
        "kind": "explosion", "flags": 0, "time_from": WHEN, "time_to": WHEN, **fields,
    }  # fmt: skip
    with store.change(who="tester", what="import") as change:
        change.add_reports(make_frame(REPORTS, columns, n_rows=len(incidents)))
        columns = {"report_id": numbers, "incident_id": incidents, "score": 2.0, "method": "rule"}
        change.append(LINKS, make_frame(LINKS, columns, n_rows=len(incidents)))


def write_truce(folder: Path, text: str = TRUCE) -> Path:
    """Write an agreement to a file."""
    path = folder / "truce.yaml"
    path.write_text(text, encoding="utf-8")
    return path
