"""Importing a million reports: read, mapped, checked and stored with their originals, beside bare copies."""

from __future__ import annotations

import contextlib
import sqlite3
import sys
import tempfile
import time
import warnings
from datetime import datetime
from pathlib import Path
from typing import Any

from book import N_CORES, Row, Settings, report, run_apart, seconds

TITLE = "Importing reports"

GOAL_PER_S = 50_000
NOW = datetime(2026, 1, 1)
TIMEOUT_S = 900.0


def measure(settings: Settings) -> tuple[str, list[Row]]:
    """Return a row for each format and for the file imported again, each in a process of its own."""
    n = settings.pick(100_000, 1_000_000)
    n_text = settings.pick(20_000, 100_000)
    with tempfile.TemporaryDirectory() as folder:
        parquet, text = Path(folder) / "reports.parquet", Path(folder) / "reports.csv"
        make_reports(parquet, n)
        make_reports(text, n_text)
        floor = run_apart("bench_import", "copy", parquet, timeout_s=TIMEOUT_S)
        pandas = run_apart("bench_import", "pandas", parquet, timeout_s=TIMEOUT_S)
        rows = []
        for what, path in ((f"{n:,} reports from Parquet", parquet), (f"{n_text:,} from CSV", text)):
            ours = run_apart(
                "bench_import", "ours", path, Path(folder) / path.suffix[1:], timeout_s=TIMEOUT_S
            )
            peers = f"{tell(floor)}; {tell(pandas)}" if path is parquet else "not measured"
            goal = f">= {GOAL_PER_S:,} a second" if path is parquet else ""
            met = ours["per_s"] >= GOAL_PER_S if path is parquet and "per_s" in ours else None
            rows.append(
                Row(what, tell(ours), peers, compare(ours, floor) if path is parquet else "", goal, met)
            )
            if "again_per_s" in ours:
                figure = f"{ours['again_per_s']:,.0f} a second, {ours['n_again']} new"
                rows.append(Row(f"{what}, a second time", figure, comparison="nothing is added"))
    return f"on {N_CORES} cores; the peers map and check nothing and keep no originals", rows


def tell(answer: dict[str, Any]) -> str:
    """Return a figure, or why there is none."""
    if "failed" in answer:
        return str(answer["failed"])
    memory = f"{answer['peak_bytes'] / 2**30:.1f} GiB"
    return f"{answer['who']}{answer['per_s']:,.0f} a second ({seconds(answer['spent_s'])}, {memory})"


def compare(ours: dict[str, Any], floor: dict[str, Any]) -> str:
    """Return how many times the bare copy is faster."""
    if "per_s" not in ours or "per_s" not in floor:
        return ""
    return f"the bare copy is {floor['per_s'] / ours['per_s']:.0f} x faster"


def make_reports(path: Path, n: int) -> None:
    """Write `n` invented reports of the own form: a day of a busy line, times `n`."""
    import duckdb

    made = f"""
        SELECT 'R' || i AS id, TIMESTAMP '2025-01-01' + to_seconds(i * 20) AS time,
            30 + 8 * (hash(i) % 1000) / 1000 AS lon, 46 + 3 * (hash(i + 1) % 1000) / 1000 AS lat,
            ['explosion', 'burst', 'shot', 'shelling', 'uav_strike'][1 + i % 5] AS kind,
            50 + i % 400 AS radius_m,
            (i % 9 + 1)::VARCHAR || '-' || (i % 9 + 4)::VARCHAR AS count,
            ['camera', 'patrol', 'post'][1 + i % 3] AS means, 'Post ' || i % 300 AS post,
            ['small_arms', 'mortar', '', 'artillery'][1 + i % 4] AS weapon, 'Region ' || i % 4 AS region,
            'heard from the post and written down as number ' || i AS text
        FROM range({n}) r(i)
    """  # noqa: S608
    with contextlib.closing(duckdb.connect()) as connection:
        connection.execute(f"COPY ({made}) TO '{path}'")


def import_ours(path: Path, place: Path) -> dict[str, Any]:
    """Import into a new store, then once more."""
    from truceline.monitor.importing import import_file
    from truceline.monitor.mission import load_mission, write_mission
    from truceline.store.open import create_store

    with create_store(place.with_suffix(".duckdb"), threads=N_CORES) as store:
        with store.change(who="bench", what="init") as change:
            write_mission(change, load_mission("ukraine-2025"))
        started = time.perf_counter()
        first = import_file(store, path, who="bench", now=NOW)
        spent_s = time.perf_counter() - started
        renamed = path.with_name(f"again{path.suffix}")
        write_again(path, renamed)
        started = time.perf_counter()
        again = import_file(store, renamed, who="bench", now=NOW)
        again_s = time.perf_counter() - started
    if first.n_new != first.n_read or again.n_new:
        raise RuntimeError(f"{first.n_new} of {first.n_read} new, then {again.n_new}")
    return {
        "who": "", "per_s": first.n_read / spent_s, "spent_s": spent_s,
        "again_per_s": again.n_read / again_s, "n_again": again.n_new,
    }  # fmt: skip


def write_again(path: Path, other: Path) -> None:
    """Write the same rows as other bytes, so that each is found by its key and not the file by its hash."""
    if path.suffix == ".csv":
        other.write_bytes(path.read_bytes() + b"\n")
        return
    import duckdb

    with contextlib.closing(duckdb.connect()) as connection:
        rows = f"SELECT * FROM read_parquet('{path}')"  # noqa: S608
        connection.execute(f"COPY ({rows}) TO '{other}' (FORMAT parquet, COMPRESSION gzip)")


def copy_floor(path: Path) -> dict[str, Any]:
    """Let DuckDB copy the file into a table: nothing can be faster and be in the same store."""
    import duckdb

    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.closing(duckdb.connect(f"{folder}/a.duckdb", config={"threads": N_CORES})) as connection,
    ):
        started = time.perf_counter()
        connection.execute(f"CREATE TABLE reports AS SELECT * FROM read_parquet('{path}')")  # noqa: S608
        connection.execute("CHECKPOINT")
        spent_s = time.perf_counter() - started
        n = connection.execute("SELECT count(*) FROM reports").fetchone()[0]
    return {"who": "DuckDB copy: ", "per_s": n / spent_s, "spent_s": spent_s}


def pandas_to_sqlite(path: Path) -> dict[str, Any]:
    """Read with pandas' usual way out of a database, and write to SQLite."""
    import duckdb
    import pandas as pd

    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        with warnings.catch_warnings(), contextlib.closing(duckdb.connect()) as connection:
            warnings.simplefilter("ignore")
            frame = pd.DataFrame(connection.execute(f"SELECT * FROM read_parquet('{path}')").df())  # noqa: S608
        with contextlib.closing(sqlite3.connect(f"{folder}/a.sqlite")) as database:
            frame.to_sql("reports", database, index=False)
            database.commit()
        spent_s = time.perf_counter() - started
    return {"who": "pandas to SQLite: ", "per_s": len(frame) / spent_s, "spent_s": spent_s}


if __name__ == "__main__":
    match sys.argv[1]:
        case "ours":
            report(import_ours(Path(sys.argv[2]), Path(sys.argv[3])))
        case "copy":
            report(copy_floor(Path(sys.argv[2])))
        case "pandas":
            report(pandas_to_sqlite(Path(sys.argv[2])))
