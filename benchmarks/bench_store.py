"""The store itself: reports told apart and written, a day read and all judgements counted among five million.

The peer keeps the same rows in SQLite, as one would without a database made for questions: an index each for
identity, time, report and incident, repetitions passed over by the index, newest rows found by grouping.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from book import N_CORES, Row, Settings, report, run_apart, seconds

TITLE = "The store"

CHUNK = 250_000
TIMEOUT_S = 3_600.0
GOAL_IMPORT_PER_S = 1_000_000 / 6
GOAL_DAY_S, GOAL_TALLY_S = 3.0, 1.5
DAY = datetime(2025, 2, 1)
_COLUMNS_READ = ("incidents", "links", "reports", "verifications", "judgements")


def measure(settings: Settings) -> tuple[str, list[Row]]:
    """Return rows for writing, repeating, reading a day and counting, with the peer on the same rows."""
    n = settings.pick(250_000, 5_000_000)
    with tempfile.TemporaryDirectory() as folder:
        ours, peer = (
            run_apart("bench_store", who, Path(folder) / who, n, timeout_s=TIMEOUT_S)
            for who in ("ours", "sqlite")
        )
    n_more = min(n, 1_000_000)
    rows = [
        _row(f"{n_more:,} new reports to {n:,}", "new_s", ours, peer, n_more, GOAL_IMPORT_PER_S),
        _row(f"the same {n_more:,} again: nothing is added", "again_s", ours, peer, n_more),
        _row(
            f"a day's incidents with all about them, of {n:,} reports", "day_s", ours, peer, limit=GOAL_DAY_S
        ),
        _row(
            f"{n * 3 // 5:,} judgements counted by day and verdict", "tally_s", ours, peer, limit=GOAL_TALLY_S
        ),
    ]
    sizes = f"{_gib(ours, 'file_bytes')} on disk, {_gib(ours, 'peak_bytes')} of memory at most"
    sizes_peer = f"SQLite: {_gib(peer, 'file_bytes')} on disk, {_gib(peer, 'peak_bytes')} of memory at most"
    rows.append(Row(f"{n + n_more:,} reports and what was made of them", sizes, sizes_peer))
    return f"on {N_CORES} cores, in chunks of {CHUNK:,} reports; opening the file is not counted", rows


def _row(
    what: str,
    key: str,
    ours: dict[str, Any],
    peer: dict[str, Any],
    n: int | None = None,
    goal_per_s: float | None = None,
    limit: float | None = None,
) -> Row:
    told = [_tell(answer, key, n) for answer in (ours, peer)]
    ratio = f"{peer[key] / ours[key]:.1f} x faster" if key in ours and key in peer else ""
    goal, met = "", None
    if goal_per_s is not None and n is not None:
        goal = f">= {goal_per_s:,.0f} a second"
        met = n / ours[key] >= goal_per_s if key in ours else False
    if limit is not None:
        goal, met = f"<= {seconds(limit)}", ours.get(key, float("inf")) <= limit
    return Row(what, told[0], f"SQLite: {told[1]}", ratio, goal, met)


def _tell(answer: dict[str, Any], key: str, n: int | None) -> str:
    if "failed" in answer:
        return str(answer["failed"])
    rate = f" ({n / answer[key]:,.0f} a second)" if n else ""
    return f"{seconds(answer[key])}{rate}"


def _gib(answer: dict[str, Any], key: str) -> str:
    return f"{answer[key] / 2**30:.1f} GiB" if key in answer else "?"


def _timed(action: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    result = action()
    return time.perf_counter() - started, result


def _chunks(first: int, n: int, n_all: int) -> Iterator[Any]:
    """Yield frames of reports, made outside the measured time."""
    from store_cases import make_reports

    for start in range(first, first + n, CHUNK):
        yield make_reports(start, min(CHUNK, first + n - start), n_all)


def run_ours(path: Path, n: int) -> dict[str, Any]:
    """Fill our store and measure."""
    from store_cases import make_incidents, make_links

    from truceline.events.schema import JUDGEMENTS, LINKS, TABLES
    from truceline.store.base import Selection
    from truceline.store.open import create_store, open_store

    def add(store: Any, first: int, count: int) -> float:
        spent = 0.0
        with store.change(who="bench", what="import") as change:
            for frame in _chunks(first, count, n):
                spent += _timed(lambda frame=frame: change.add_reports(frame))[0]
            ended = time.perf_counter()
        return spent + time.perf_counter() - ended

    n_more = min(n, 1_000_000)
    with create_store(path, threads=N_CORES) as store:
        add(store, 0, n)
        n_incidents = n * 3 // 5
        with store.change(who="bench", what="link") as change:
            for start in range(0, n, CHUNK):
                change.append(LINKS, make_links(start + 1, min(CHUNK, n - start)))
            for start in range(0, n_incidents, CHUNK):
                made = make_incidents(start + 1, min(CHUNK, n_incidents - start), n_incidents)
                for name, frame in made.items():
                    change.append(TABLES[name], frame)
    with open_store(path, writing=True, threads=N_CORES) as store:
        answer = {"new_s": add(store, n, n_more), "again_s": add(store, n, n_more)}
    period = Selection(since=DAY, until=DAY + timedelta(days=1))
    with open_store(path, threads=N_CORES) as store:
        answer["day_s"], day = _timed(lambda: _read_day(store, period))
        answer["tally_s"], _ = _timed(
            lambda: store.tally(JUDGEMENTS, by=["verdict"], sums=["acts_best"], day_shift_h=7.5)
        )
    return {**answer, "n_day": len(day[0]), "file_bytes": path.stat().st_size}


def _read_day(store: Any, period: Any) -> list[Any]:
    """Return the frames that a daily report needs."""
    from truceline.events.schema import INCIDENTS, JUDGEMENTS, LINKS, REPORTS, VERIFICATIONS
    from truceline.store.base import Selection

    incidents = store.read_current(INCIDENTS, period)
    chosen = Selection(ids={"incident_id": incidents["incident_id"].to_numpy(dtype="int64")})
    links = store.read_current(LINKS, chosen)
    reports = Selection(ids={"report_id": links["report_id"].to_numpy(dtype="int64")})
    return [
        incidents,
        links,
        store.read_current(REPORTS, reports),
        store.read_current(VERIFICATIONS, chosen),
        store.read_current(JUDGEMENTS, chosen),
    ]


def run_sqlite(path: Path, n: int) -> dict[str, Any]:
    """Fill a database of SQLite with the same rows and measure."""
    from store_cases import make_incidents, make_links

    from truceline.events.schema import LINKS, REPORTS, TABLES

    database = sqlite3.connect(path)
    for name in _COLUMNS_READ:
        columns = ", ".join(f'"{column}"' for column in TABLES[name].names)
        database.execute(f"CREATE TABLE {name} ({columns})")
    database.execute("CREATE UNIQUE INDEX by_identity ON reports (feed, key, digest)")
    database.execute("CREATE INDEX by_report ON reports (report_id)")
    for name in ("links", "verifications", "judgements"):
        database.execute(f"CREATE INDEX {name}_by_incident ON {name} (incident_id)")
    database.execute("CREATE INDEX by_time ON incidents (time_from)")

    def add(first: int, count: int, change_id: int) -> float:
        spent = 0.0
        for frame in _chunks(first, count, n):
            frame["report_id"] = range(first + 1, first + 1 + len(frame))
            first += len(frame)
            spent += _timed(lambda frame=frame: _insert(database, REPORTS, frame, change_id))[0]
        return spent + _timed(database.commit)[0]

    add(0, n, 1)
    n_incidents = n * 3 // 5
    for start in range(0, n, CHUNK):
        _insert(database, LINKS, make_links(start + 1, min(CHUNK, n - start)), 2)
    for start in range(0, n_incidents, CHUNK):
        for name, frame in make_incidents(start + 1, min(CHUNK, n_incidents - start), n_incidents).items():
            _insert(database, TABLES[name], frame, 2)
    database.commit()
    n_more = min(n, 1_000_000)
    answer = {"new_s": add(n, n_more, 3), "again_s": add(n, n_more, 4)}
    answer["day_s"], day = _timed(lambda: _read_day_sqlite(database))
    answer["tally_s"], _ = _timed(lambda: database.execute(_TALLY).fetchall())
    database.close()
    return {**answer, "n_day": day, "file_bytes": path.stat().st_size}


_TALLY = """
WITH newest AS (SELECT max(rowid) AS row FROM judgements GROUP BY incident_id, agreement, clause)
SELECT date(time_from, '+450 minutes'), verdict, count(*), total(acts_best)
FROM judgements JOIN newest ON judgements.rowid = newest.row GROUP BY 1, 2 ORDER BY 1, 2
"""


def _read_day_sqlite(database: sqlite3.Connection) -> int:
    """Read what a daily report needs; return the number of incidents."""
    period = {"since": DAY.isoformat(" "), "until": (DAY + timedelta(days=1)).isoformat(" ")}
    database.execute("CREATE TEMP TABLE day (incident_id)")
    database.execute(
        "INSERT INTO day SELECT DISTINCT incident_id FROM incidents "
        "WHERE time_from < :until AND coalesce(time_to, time_from) >= :since",
        period,
    )
    for name in ("links", "verifications", "judgements"):
        sql = f"SELECT * FROM {name} WHERE incident_id IN day ORDER BY change_id"  # noqa: S608
        database.execute(sql).fetchall()
    database.execute(
        "SELECT * FROM reports WHERE report_id IN (SELECT report_id FROM links WHERE incident_id IN day)"
    ).fetchall()
    return int(database.execute("SELECT count(*) FROM day").fetchone()[0])


def _insert(database: sqlite3.Connection, table: Any, frame: Any, change_id: int) -> None:
    """Insert a frame, passing over reports that are there word for word."""
    import pandas as pd

    columns = []
    for name in table.names:
        column = frame[name] if name != "change_id" else pd.Series([change_id] * len(frame))
        if pd.api.types.is_datetime64_any_dtype(column.dtype):
            column = column.astype(str)  # SQLite has no type for times
        columns.append(column.astype(object).where(column.notna(), None).tolist())
    marks = ", ".join("?" * len(columns))
    sql = f"INSERT OR IGNORE INTO {table.name} VALUES ({marks})"  # noqa: S608
    database.executemany(sql, zip(*columns, strict=True))


if __name__ == "__main__":
    report({"ours": run_ours, "sqlite": run_sqlite}[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3])))
