"""The service on PostgreSQL with PostGIS: reports in, and many desks that read while one sends reports.

A real server with the settings of its packages (every commit reaches the disk), a real `truceline serve`, and
the clients, all on the same cores. The floor is what a page costs without a service: plain SQL.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from book import HERE, N_CORES, SOURCE, Row, Settings, report, run_apart, seconds
from service_clients import PAGE

sys.path.insert(0, str(HERE.parent / "tests" / "servers"))

TITLE = "The service on PostgreSQL"

N_CLIENTS = 50
GOAL_IMPORT_PER_S = 5_000
GOAL_P95_S = 0.5
SHARES = (0.5, 0.95, 0.99)
PAUSES_S = (1.0, 0.0)
"""Time a client waits after an answer: a desk that looks at its map, and one that asks without end."""
TIMEOUT_S = 1_800.0
CHUNK = 50_000
SERVER = {
    "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on",
    "shared_buffers": "256MB", "max_wal_size": "2GB",
}  # fmt: skip


def measure(settings: Settings) -> tuple[str, list[Row]]:
    """Return rows for importing and for reading under load."""
    try:
        from postgis_server import NoServerError, running_server

        with running_server(settings=SERVER) as server:
            return _measure(settings, server)
    except (ImportError, NoServerError) as error:
        return str(error).splitlines()[0], [Row("reports in, desks that read", "not measured")]


def _measure(settings: Settings, server: Any) -> tuple[str, list[Row]]:
    n_import = settings.pick(50_000, 200_000)
    n_stored = settings.pick(20_000, 200_000)
    spent_s = settings.pick(8.0, 30.0)
    with tempfile.TemporaryDirectory() as folder:
        rows = _measure_import(server, Path(folder), n_import)
        address = server.new_address()
        filled = run_apart("bench_service", "fill", address, n_stored, timeout_s=TIMEOUT_S)
        if "failed" in filled:
            return str(filled["failed"]), rows
        for pause_s in PAUSES_S:
            rows += _measure_reading(address, filled, spent_s, pause_s, Path(folder))
    what = (
        f"{n_stored:,} reports and {filled['n_incidents']:,} incidents, judged and verified, in the database"
    )
    rows.append(Row(what, f"{filled['size_bytes'] / n_stored / 1e3:.2f} GB for a million reports"))
    return f"on {N_CORES} cores that database, service and clients share; every commit reaches the disk", rows


def _measure_import(server: Any, folder: Path, n: int) -> list[Row]:
    from bench_import import make_reports

    file = folder / "reports.parquet"
    make_reports(file, n)
    ours = run_apart("bench_service", "import", server.new_address(), file, timeout_s=TIMEOUT_S)
    peer = run_apart("bench_service", "copy", server.address, file, timeout_s=TIMEOUT_S)
    goal = f">= {GOAL_IMPORT_PER_S:,} a second"
    met = ours.get("per_s", 0.0) >= GOAL_IMPORT_PER_S
    ratio = (
        f"the bare copy is {peer['per_s'] / ours['per_s']:.0f} x faster"
        if "per_s" in ours and "per_s" in peer
        else ""
    )
    return [Row(f"{n:,} reports from Parquet", _tell(ours), f"psycopg COPY: {_tell(peer)}", ratio, goal, met)]


def _tell(answer: dict[str, Any]) -> str:
    if "failed" in answer:
        return str(answer["failed"])
    return f"{answer['per_s']:,.0f} a second ({seconds(answer['spent_s'])})"


def _measure_reading(
    address: str, filled: dict[str, Any], spent_s: float, pause_s: float, folder: Path
) -> list[Row]:
    with running_service(address) as url:
        asked = {
            "url": url, "keys": filled["keys"], "n_incidents": filled["n_incidents"], "seconds": spent_s,
            "pause_s": pause_s, "label": f"pause{pause_s}-{os.getpid()}",
        }  # fmt: skip
        told = folder / "clients.json"
        told.write_text(json.dumps(asked))
        answer = run_apart("service_clients", told, timeout_s=TIMEOUT_S)
    floor = run_apart("bench_service", "floor", address, spent_s / 4, pause_s, timeout_s=TIMEOUT_S)
    told.unlink()
    who = f"{N_CLIENTS} clients, {f'{pause_s:g} s between questions' if pause_s else 'asking without end'}"
    if "failed" in answer:
        return [Row(who, str(answer["failed"]))]
    times = answer["times"]
    sent = times.pop("import", [])
    everything = sorted(value for each in times.values() for value in each)
    goal = f"p95 <= {seconds(GOAL_P95_S)}, no error"
    met = pick_share(everything, 0.95) <= GOAL_P95_S and not answer["errors"]
    errors = (
        "no error"
        if not answer["errors"]
        else f"{answer['errors']} errors, first: {answer['first_errors'][0]}"
    )
    figures = f"{len(everything) / spent_s:.0f} answers a second, {describe(everything)}; {errors}"
    peer = (
        f"the same by plain SQL: {describe(floor['times'])}" if "times" in floor else str(floor.get("failed"))
    )
    rows = [Row(who, figures, peer, "", goal, met)]
    rows += [Row(f"of these, {kind}", describe(times[kind])) for kind in sorted(times)]
    note = f"{answer['rows_per_s']:,.0f} reports a second, {describe(sent)} for each file"
    return [*rows, Row("reports sent meanwhile, over HTTP", note)]


def describe(times: list[float]) -> str:
    """Return the median and the slow ends."""
    if not times:
        return "none"
    ordered = sorted(times)
    shares = ", ".join(
        f"p{100 * each:.0f} {seconds(pick_share(ordered, each))}" for each in (0.5, 0.95, 0.99)
    )
    return shares


def pick_share(ordered: list[float], share: float) -> float:
    """Return the value that `share` of the others do not exceed; infinite where there is none."""
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else float("inf")


@contextmanager
def running_service(address: str) -> Iterator[str]:
    """Give the address of a service for the length of a block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "truceline", "serve", address, "--api", "--port", "0", "--rate", "100000",
         "--burst", "100000", "--log-format", "json"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={**_environment()},
    )  # fmt: skip
    try:
        said = next((line for line in process.stdout or () if "Listening on" in line), "")
        found = re.search(r"http://\S+", said)
        if found is None:
            raise RuntimeError("the service did not start")
        yield found.group(0)
    finally:
        process.terminate()
        process.wait(60)


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(SOURCE), "PYTHONUNBUFFERED": "1"}


def run_import(address: str, path: Path) -> dict[str, Any]:
    """Import a file into a new store on the server."""
    from bench_import import NOW

    from truceline.monitor.importing import import_file
    from truceline.monitor.mission import load_mission, write_mission
    from truceline.store.open import create_store

    with create_store(address) as store:
        with store.change(who="bench", what="init") as change:
            write_mission(change, load_mission("ukraine-2025"))
        started = time.perf_counter()
        done = import_file(store, path, who="bench", now=NOW)
        spent_s = time.perf_counter() - started
    if done.n_new != done.n_read:
        raise RuntimeError(f"{done.n_new} of {done.n_read} new")
    return {"per_s": done.n_read / spent_s, "spent_s": spent_s}


def run_copy(address: str, path: Path) -> dict[str, Any]:
    """Copy the rows of the file into a table, with a key over its first column: as plain as can be."""
    import duckdb
    import psycopg

    rows = duckdb.execute("SELECT * FROM read_parquet(?)", [str(path)]).fetchall()
    with psycopg.connect(address.partition("?")[0]) as connection:
        connection.execute(
            "CREATE TABLE bare (id text PRIMARY KEY, at timestamp, lon float, lat float, kind text, "
            "radius_m int, n text, means text, post text, weapon text, region text, words text)"
        )
        connection.commit()
        started = time.perf_counter()
        with connection.cursor().copy("COPY bare FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        connection.commit()
        spent_s = time.perf_counter() - started
        connection.execute("DROP TABLE bare")
    return {"per_s": len(rows) / spent_s, "spent_s": spent_s}


def run_fill(address: str, n: int) -> dict[str, Any]:
    """Fill a store with reports and what was made of them, and give out a key to each client."""
    import psycopg
    from store_cases import REPORTS_PER_INCIDENT, make_incidents, make_links, make_reports

    from truceline.events.kinds import Role
    from truceline.events.schema import LINKS, TABLES
    from truceline.monitor.mission import load_mission, write_mission
    from truceline.monitor.tokens import add_token
    from truceline.store.open import create_store, read_clock

    n_incidents = int((n - 1) / REPORTS_PER_INCIDENT) + 1
    plain, _, schema = address.partition("?schema=")
    size_of = (
        "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class AS c "
        "JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relkind = 'r'"
    )
    with create_store(address) as store:
        with store.change(who="bench", what="init") as change:
            write_mission(change, load_mission("ukraine-2025"))
        with store.change(who="bench", what="import") as change:
            for first in range(0, n, CHUNK):
                change.add_reports(make_reports(first, min(CHUNK, n - first), n))
        with store.change(who="bench", what="link") as change:
            for first in range(0, n, CHUNK):
                change.append(LINKS, make_links(first + 1, min(CHUNK, n - first)))
            for first in range(0, n_incidents, CHUNK):
                made = make_incidents(first + 1, min(CHUNK, n_incidents - first), n_incidents)
                for name, frame in made.items():
                    change.append(TABLES[name], frame)
        keys = [
            add_token(store, holder=f"desk {number}", role=Role.observer, now=read_clock(), who="bench")[1]
            for number in range(N_CLIENTS + 1)
        ]
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        row = connection.execute(size_of, [schema]).fetchone()
    return {"keys": keys, "n_incidents": n_incidents, "size_bytes": row[0] if row else 0}


def run_floor(address: str, spent_s: float, pause_s: float) -> dict[str, Any]:
    """Ask for the first hundred incidents by plain SQL, as many clients, while nobody writes."""
    import psycopg

    plain, _, schema = address.partition("?schema=")
    ends = time.monotonic() + spent_s
    times: list[float] = []

    question = f'SELECT * FROM "{schema}".incidents LIMIT {PAGE}'  # noqa: S608

    def ask() -> None:
        with psycopg.connect(plain, autocommit=True) as connection:
            while time.monotonic() < ends:
                started = time.perf_counter()
                connection.execute(question).fetchall()
                times.append(time.perf_counter() - started)
                time.sleep(pause_s)

    threads = [threading.Thread(target=ask) for _ in range(N_CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"times": times}


if __name__ == "__main__":
    match sys.argv[1:]:
        case "import", address, file:
            report(run_import(address, Path(file)))
        case "copy", address, file:
            report(run_copy(address, Path(file)))
        case "fill", address, n:
            report(run_fill(address, int(n)))
        case "floor", address, spent_s, pause_s:
            report(run_floor(address, float(spent_s), float(pause_s)))
