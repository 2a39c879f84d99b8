"""Clients of the service for its benchmark: many that read in a loop, one that sends reports all the while.

Plain HTTP over kept connections: the clients cost little of the cores that the service shares with them.
"""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from datetime import datetime, timedelta
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from book import report

PAGE = 100
"""Features on a page, as a map client asks for."""
BOX_DEG = 0.25
"""Side of a map's window."""
ROWS_SENT = 2_000
FIRST_DAY, DAYS = datetime(2022, 1, 1), 1_500
"""As in `store_cases`."""
WARM_UP_S = 2.0
N_KEPT_ERRORS = 3


class Tally:
    """Times and errors by kind of request, from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.times: dict[str, list[float]] = {}
        self.errors: list[str] = []

    def add(self, kind: str, seconds: float, status: int, body: bytes) -> None:
        with self._lock:
            if status != 200:
                self.errors.append(f"{kind} {status} {body[:200].decode(errors='replace')}")
            self.times.setdefault(kind, []).append(seconds)


def read_until(
    host: str, key: str, n_incidents: int, pause_s: float, seed: int, tally: Tally, ends: float
) -> None:
    """Ask one thing after another, as desks with a map do, `pause_s` after each answer."""
    draw = random.Random(seed)  # noqa: S311
    connection = HTTPConnection(host, timeout=60)
    time.sleep(draw.random() * min(pause_s, 1.0))  # desks do not ask in step
    while time.monotonic() < ends:
        kind, path = pick_question(draw, n_incidents)
        started = time.perf_counter()
        status, body = ask(connection, "GET", path, key)
        tally.add(kind, time.perf_counter() - started, status, body)
        time.sleep(pause_s * draw.uniform(0.5, 1.5))
    connection.close()


def pick_question(draw: random.Random, n_incidents: int) -> tuple[str, str]:
    """Return the kind and the address of a question."""
    items = "/collections/incidents/items"
    at = draw.random()
    day = FIRST_DAY + timedelta(days=draw.randrange(DAYS - 7))
    if at < 0.3:
        lon, lat = draw.uniform(33.5, 38.5), draw.uniform(47, 50)
        box = f"{lon:.3f},{lat:.3f},{lon + BOX_DEG:.3f},{lat + BOX_DEG:.3f}"
        return "window of a map", f"{items}?bbox={box}&limit={PAGE}"
    if at < 0.6:
        return "one day", f"{items}?datetime={day:%Y-%m-%d}T00:00:00Z/{day:%Y-%m-%d}T23:59:59Z&limit={PAGE}"
    if at < 0.8:
        return "first page", f"/collections/{draw.choice(['incidents', 'reports'])}/items?limit={PAGE}"
    return "one incident", f"{items}/{draw.randrange(1, n_incidents + 1)}"


def send_until(host: str, key: str, label: str, tally: Tally, ends: float) -> int:
    """Send files of reports, one after the other; return how many reports were taken."""
    connection, n_taken, number = HTTPConnection(host, timeout=60), 0, 0
    while time.monotonic() < ends:
        body = make_file(f"{label}-{number}", ROWS_SENT)
        started = time.perf_counter()
        status, answer = ask(connection, "POST", "/v1/reports", key, body)
        tally.add("import", time.perf_counter() - started, status, answer)
        n_taken += json.loads(answer)["new"] if status == 200 else 0
        number += 1
    connection.close()
    return n_taken


def ask(
    connection: HTTPConnection, method: str, path: str, key: str, body: bytes | None = None
) -> tuple[int, bytes]:
    """Ask once and return status and body; 0 where there was no answer."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "text/csv"}
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, HTTPException) as error:
        connection.close()
        return 0, repr(error).encode()


def make_file(label: str, n: int) -> bytes:
    """Return a CSV file of new reports."""
    lines = ["id,time,lon,lat,kind,radius_m,count,means,post,weapon,region,text\n"]
    for number in range(n):
        at = FIRST_DAY + timedelta(days=DAYS, seconds=20 * number)
        lon, lat = 37.5 + number % 1_000 / 2_000, 47.5 + number % 777 / 1_000
        lines.append(
            f"{label}-{number},{at},{lon},{lat},explosion,200,1-3,camera,Post 7,mortar,Region 1,heard\n"
        )
    return "".join(lines).encode()


def run_clients(
    url: str, keys: list[str], n_incidents: int, seconds: float, pause_s: float, label: str
) -> dict[str, Any]:
    """Let all keys but the last read while the last one sends; return times and errors."""
    host, tally = urlsplit(url).netloc, Tally()
    # A service that has just started loads libraries with its first answers: that is not what is measured.
    read_until(host, keys[0], n_incidents, 0.0, len(keys), Tally(), time.monotonic() + WARM_UP_S)
    ends = time.monotonic() + seconds
    threads = [
        threading.Thread(target=read_until, args=(host, key, n_incidents, pause_s, seed, tally, ends))
        for seed, key in enumerate(keys[:-1])
    ]
    for thread in threads:
        thread.start()
    n_taken = send_until(host, keys[-1], label, tally, ends)
    for thread in threads:
        thread.join()
    return {
        "times": tally.times,
        "errors": len(tally.errors),
        "first_errors": tally.errors[:N_KEPT_ERRORS],
        "rows_per_s": n_taken / seconds,
    }


if __name__ == "__main__":
    report(run_clients(**json.loads(Path(sys.argv[1]).read_text())))
