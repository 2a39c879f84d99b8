"""A store on a PostgreSQL server: importing, adding reports as they are, a day's report out of 20 million.

The server is Debian's, started for this alone, and waits for its disk at every commit (fsync is on). Reports
are those of the sections on importing and on the daily report.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import bench_daily
import bench_import
from book import N_CORES, Row, Settings, report, run_apart, seconds
from line_cases import cache_folder
from store_cases import make_reports

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "servers"))

TITLE = "A store on a server"

GOAL_PER_S = 5_000
GOAL_DAY_S = 5.0
TIMEOUT_S = 7_200.0
N_RAW = 200_000
CHUNK = 25_000
CAREFUL = {"fsync": "on", "full_page_writes": "on", "shared_buffers": "1GB"}
"""Settings of the server that matter; everything else is as Debian delivers it."""


def measure(settings: Settings) -> tuple[str, list[Row]]:
    """Return rows for importing, adding and the day; each in a process of its own."""
    from postgis_server import NoServerError, running_server

    n_import, n_text = settings.pick((50_000, 20_000), (500_000, 100_000))
    n_all = settings.pick(250_000, 20_000_000)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        parquet, text = Path(folder) / "reports.parquet", Path(folder) / "reports.csv"
        bench_import.make_reports(parquet, n_import)
        bench_import.make_reports(text, n_text)
        try:
            with running_server(settings=CAREFUL, folder=cache_folder()) as server:
                tasks = [
                    (f"{n_import:,} reports from Parquet", "import", parquet),
                    (f"{n_text:,} from CSV", "import", text),
                    (f"{N_RAW:,} reports added as they are", "add", N_RAW),
                ]
                for what, task, given in tasks:
                    found = run_apart("bench_postgis", task, server.new_address(), given, timeout_s=TIMEOUT_S)
                    met = found["per_s"] >= GOAL_PER_S if "per_s" in found else None
                    goal = f">= {GOAL_PER_S:,} a second"
                    rows.append(Row(what, bench_import.tell(found), "not measured", "", goal, met))
                rows += measure_days(server.new_address(), n_all)
        except NoServerError as error:
            return str(error), []
    return f"on {N_CORES} cores shared by server and client; fsync on", rows


def measure_days(address: str, n: int) -> list[Row]:
    """Return rows for the day's report of a store of `n` reports, which is made first."""
    made = run_apart("bench_postgis", "make", address, n, timeout_s=TIMEOUT_S)
    if "failed" in made:
        return [Row(f"a store of {n:,} reports", str(made["failed"]))]
    rows = [Row(f"a store of {n:,} reports with links, incidents and verdicts", seconds(made["spent_s"]), "")]
    for since_days in bench_daily.SINCE_DAYS:
        found = run_apart("bench_postgis", "day", address, since_days, timeout_s=TIMEOUT_S)
        what = f"one day of {n:,} reports, totals since {since_days:,} days"
        if "failed" in found:
            rows.append(Row(what, str(found["failed"])))
            continue
        figure = f"{seconds(found['cold_s'])}, again {seconds(found['warm_s'])}"
        counted = f"{found['n_rows']:,} rows, {found['total']:,} violations since"
        rows.append(Row(what, figure, "", counted, f"in {GOAL_DAY_S:.0f} s", found["cold_s"] <= GOAL_DAY_S))
    return rows


def import_one(address: str, path: Path) -> dict[str, Any]:
    """Import a file into a new store."""
    from truceline.monitor.importing import import_file
    from truceline.monitor.mission import load_mission, write_mission
    from truceline.store.open import create_store

    with create_store(address) as store:
        with store.change(who="bench", what="init") as change:
            write_mission(change, load_mission("ukraine-2025"))
        started = time.perf_counter()
        done = import_file(store, path, who="bench", now=bench_import.NOW)
        spent_s = time.perf_counter() - started
    return {"who": "", "per_s": done.n_new / spent_s, "spent_s": spent_s}


def add_raw(address: str, n: int) -> dict[str, Any]:
    """Add reports to a new store, in one change."""
    from truceline.store.open import create_store

    frames = [make_reports(first, CHUNK, n) for first in range(0, n, CHUNK)]
    with create_store(address) as store:
        started = time.perf_counter()
        with store.change(who="bench", what="import") as change:
            n_new = sum(change.add_reports(frame).n_new for frame in frames)
        spent_s = time.perf_counter() - started
    return {"who": "", "per_s": n_new / spent_s, "spent_s": spent_s}


def make_all(address: str, n: int) -> dict[str, Any]:
    """Make the store of the daily report."""
    started = time.perf_counter()
    bench_daily.make_store(address, n)
    return {"spent_s": time.perf_counter() - started}


if __name__ == "__main__":
    match sys.argv[1]:
        case "import":
            report(import_one(sys.argv[2], Path(sys.argv[3])))
        case "add":
            report(add_raw(sys.argv[2], int(sys.argv[3])))
        case "make":
            report(make_all(sys.argv[2], int(sys.argv[3])))
        case "day":
            report(bench_daily.gather_ours(sys.argv[2], int(sys.argv[3])))
