"""A day's report from a store of five million reports: gathered cold, gathered again, written in all forms.

Reports, incidents and judgements are made up, some 3,300 reports and 2,000 incidents a day over four years.
The store is made once and kept in the cache of the benchmarks. No peer makes such a report; the floor is one
scan of the judgements by the database that holds them.
"""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from book import N_CORES, Row, Settings, report, run_apart, seconds
from line_cases import cache_folder
from store_cases import (
    DAYS,
    START,
    incident_of,
    make_incidents,
    make_links,
    make_reports,
)

TITLE = "The daily report"

GOAL_S = 5.0
CHUNK = 250_000
TIMEOUT_S = 3_600.0
N_REGIONS = 6
SINCE_DAYS = (365, DAYS)
"""Days for which the agreement has run: a year, or as long as the store goes back."""


def measure(settings: Settings) -> tuple[str, list[Row]]:
    """Return a row for each age of the agreement, each in a process of its own, and one for the files."""
    n = settings.pick(250_000, 5_000_000)
    path = find_store(n)
    floor = run_apart("bench_daily", "scan", path, timeout_s=TIMEOUT_S)
    rows = []
    for since_days in SINCE_DAYS:
        ours = run_apart("bench_daily", "ours", path, since_days, timeout_s=TIMEOUT_S)
        what = f"one day of {n:,} reports, totals since {since_days:,} days"
        if "failed" in ours:
            rows.append(Row(what, str(ours["failed"])))
            continue
        memory = f"{ours['peak_bytes'] / 2**30:.1f} GiB"
        figure = f"{seconds(ours['cold_s'])}, again {seconds(ours['warm_s'])}, {memory}"
        counted = f"{ours['n_rows']:,} rows, {ours['total']:,} violations since"
        goal, met = (f"in {GOAL_S:.0f} s", ours["cold_s"] <= GOAL_S) if n >= 5_000_000 else ("", None)
        peer = str(floor.get("failed") or f"count of the table: {seconds(floor['spent_s'])}")
        rows.append(Row(what, figure, peer, counted, goal, met))
        if since_days == SINCE_DAYS[0]:
            rows.append(Row("its HTML, DOCX, CSV, GeoJSON and JSON", seconds(ours["files_s"])))
    return f"on {N_CORES} cores; the store opened and the program loaded before", rows


def find_store(n: int) -> Path:
    """Return a store of `n` reports, made beside its name first where there is none."""
    path = cache_folder() / f"daily-{n}.duckdb"
    if not path.exists():
        partial = path.with_name(f"partial-{path.name}")
        partial.unlink(missing_ok=True)
        make_store(partial, n)
        partial.replace(path)
    return path


def make_store(path: Path | str, n: int) -> None:
    """Write a store of `n` reports with their links, incidents and judgements."""
    from truceline.events.schema import LINKS, TABLES
    from truceline.monitor.mission import write_mission
    from truceline.store.open import create_store

    n_incidents = int(incident_of(n))
    with create_store(path, threads=N_CORES) as store:
        with store.change(who="bench", what="init") as change:
            write_mission(change, invent_mission())
        for first in range(0, n, CHUNK):
            n_here = min(CHUNK, n - first)
            with store.change(who="bench", what="import") as change:
                change.add_reports(make_reports(first, n_here, n))  # numbered from 1, in order
                change.append(LINKS, make_links(first + 1, n_here))
        for first in range(1, n_incidents + 1, CHUNK):
            with store.change(who="bench", what="judge") as change:
                tables = make_incidents(first, min(CHUNK, n_incidents + 1 - first), n_incidents)
                for name, frame in tables.items():
                    change.append(TABLES[name], frame)


def invent_mission() -> Any:
    """Return a mission whose regions are some of those in the store."""
    from truceline.monitor.mission import Mission, Region

    regions = tuple(
        Region(name=f"Region {i}", centre=f"Town {i}", lon=33.0 + i, lat=48.0) for i in range(N_REGIONS)
    )
    return Mission(name="Benchmark", zone="Europe/Kyiv", sides={"a": "A", "b": "B"}, regions=regions)


def gather_ours(path: Path | str, since_days: int) -> dict[str, Any]:
    """Gather a day near the end of the store twice, and write it once."""
    from truceline.monitor.day import gather_day
    from truceline.monitor.day_model import AgreementLine
    from truceline.publish.daily_folder import write_daily
    from truceline.store.open import open_store

    day = last_day()
    since = max(START, datetime.combine(day, datetime.min.time()) - timedelta(days=since_days))
    agreements = (AgreementLine("general truce", "General truce", since),)
    with open_store(path, threads=N_CORES) as store:
        mission, spent = invent_mission(), []
        for _ in range(2):
            started = time.perf_counter()
            made = gather_day(store, day, mission=mission, effort=(), agreements=agreements)
            spent.append(time.perf_counter() - started)
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        write_daily(made, Path(folder) / "day")
        files_s = time.perf_counter() - started
    return {
        "cold_s": spent[0], "warm_s": spent[1], "files_s": files_s, "n_rows": len(made.rows),
        "total": made.since[0].tally.violations.best,
    }  # fmt: skip


def last_day() -> date:
    """Return a day that the store holds in full."""
    return (START + timedelta(days=DAYS - 3)).date()


def scan_judgements(path: Path) -> dict[str, Any]:
    """Let the database count the judgements by verdict: what any answer has to read."""
    from truceline.events.schema import JUDGEMENTS
    from truceline.store.open import open_store

    with open_store(path, threads=N_CORES) as store:
        started = time.perf_counter()
        store.tally(JUDGEMENTS, by=("verdict",))
        return {"spent_s": time.perf_counter() - started}


if __name__ == "__main__":
    if sys.argv[1] == "ours":
        report(gather_ours(Path(sys.argv[2]), int(sys.argv[3])))
    else:
        report(scan_judgements(Path(sys.argv[2])))
