"""What the tests of faults share: a mission, files of reports, clients that remember what they were told.

A report here is acknowledged when the answer 200 for its file was read to the end. `check_imports` then says
whether the store holds every such report, and no file by halves.
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from service_process import Running

from truceline.events.kinds import Role
from truceline.events.schema import BATCHES, CHANGES, REPORTS
from truceline.monitor.importing import import_file
from truceline.monitor.mission import load_mission, write_mission
from truceline.monitor.tokens import add_token
from truceline.store.open import create_store, open_store, read_clock

ROUNDS = int(os.environ.get("TRUCELINE_FAULT_ROUNDS", "0"))
"""How often to repeat what a test kills or stops; 0: the few times that suit every change of the code."""
NO_LIMITS = ("--rate", "100000", "--burst", "100000")
"""Options with which a test is no client that asks too much."""
CSV = {"Content-Type": "text/csv"}
_FIRST = datetime(2025, 3, 1)
_HEADER = "id,time,lon,lat,kind,radius_m,count,means,post,weapon,region,text\n"


def make_mission(address: str, *, holder: str = "desk of the tests") -> str:
    """Make a store with the packaged mission and return a key that may send reports in."""
    with create_store(address) as store:
        with store.change(who="tests", what="init") as change:
            write_mission(change, load_mission("ukraine-2025"))
        _, key = add_token(store, holder=holder, role=Role.editor, now=read_clock(), who="tests")
    return key


def name_keys(label: str, n: int) -> list[str]:
    """Return the keys of a file of `n` reports."""
    return [f"{label}-{number}" for number in range(n)]


def make_file(label: str, n: int, *, text: str = "heard from the post") -> bytes:
    """Return a CSV file of `n` reports in the product's own form, known by `label` and a number."""
    lines = [_HEADER]
    for number, key in enumerate(name_keys(label, n)):
        at = _FIRST + timedelta(seconds=20 * number)
        lon, lat = 37.5 + number % 1_000 / 2_000, 47.5 + number % 777 / 1_000
        lines.append(f"{key},{at},{lon},{lat},explosion,200,1-3,camera,Post 7,mortar,Region 1,{text}\n")
    return "".join(lines).encode()


def take(address: str, label: str, n: int) -> None:
    """Import a file of `n` reports, in this process."""
    with tempfile.TemporaryDirectory() as folder, open_store(address, writing=True) as store:
        file = Path(folder) / f"{label}.csv"
        file.write_bytes(make_file(label, n))
        assert import_file(store, file, who="tests", now=read_clock()).n_new == n


@dataclass
class Desk:
    """A client that sends files of reports, each until it is taken, and remembers what it was told."""

    service: Running
    key: str
    name: str
    n_rows: int = 40
    acknowledged: dict[str, int] = field(default_factory=dict)
    """Label of each file taken, and its number of reports."""
    refusals: list[httpx.Response] = field(default_factory=list)
    n_cut_off: int = 0
    """Times the connection ended without an answer."""
    unclear: set[str] = field(default_factory=set)
    """Files whose sending ended without an answer, before they were sent again."""

    def send(self, client: httpx.Client, label: str, *, tries: int = 400, pause_s: float = 0.05) -> bool:
        """Send one file until it is taken; False where that did not happen in so many tries."""
        body = make_file(label, self.n_rows)
        for _ in range(tries):
            try:
                answer = client.post(f"{self.service.url}/v1/reports", content=body)
            except httpx.TransportError:
                self.n_cut_off += 1
                self.unclear.add(label)
            else:
                if answer.status_code == 200:
                    told = answer.json()
                    assert told["new"] + told["repeated"] == self.n_rows, told
                    self.acknowledged[label] = self.n_rows
                    return True
                self.refusals.append(answer)
            time.sleep(pause_s)
        return False

    def work(self, until: threading.Event) -> None:
        """Send file after file until told to end."""
        with httpx.Client(headers={**headers_of(self.key), **CSV}, timeout=60) as client:
            number = 0
            while not until.is_set():
                number += 1
                assert self.send(client, f"{self.name}-{number}"), self.refusals[-1:]


@dataclass
class Watcher:
    """A client that reads in a loop."""

    service: Running
    key: str
    path: str
    n_answers: int = 0
    refusals: list[httpx.Response] = field(default_factory=list)

    def work(self, until: threading.Event) -> None:
        """Read until told to end."""
        with httpx.Client(headers=headers_of(self.key), timeout=60) as client:
            while not until.is_set():
                answer = client.get(f"{self.service.url}{self.path}")
                if answer.status_code == 200:
                    self.n_answers += 1
                else:
                    self.refusals.append(answer)
                time.sleep(0.02)


class Crowd:
    """Clients at work in threads of their own; an error in one of them is raised at the end."""

    def __init__(self, clients: Iterable[Desk | Watcher]) -> None:
        self._until = threading.Event()
        self._errors: list[BaseException] = []
        self._threads = [threading.Thread(target=self._run, args=(each,)) for each in clients]

    def __enter__(self) -> Crowd:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._until.set()
        for thread in self._threads:
            thread.join(120)
        assert not any(thread.is_alive() for thread in self._threads), "a client hangs"
        if self._errors:
            raise self._errors[0]

    def _run(self, client: Desk | Watcher) -> None:
        try:
            client.work(self._until)
        except BaseException as error:
            self._errors.append(error)


def headers_of(key: str) -> dict[str, str]:
    """Return the headers that show a key."""
    return {"Authorization": f"Bearer {key}"}


def wait_for(what: Any, *, within_s: float = 30.0, pause_s: float = 0.02) -> None:
    """Wait until a question is answered with yes."""
    ends = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < ends, "it did not come about in time"
        time.sleep(pause_s)


def check_refusal(answer: httpx.Response, status: int = 503) -> None:
    """Check that an answer tells its client to come again, in the one shape, and gives nothing away."""
    assert answer.status_code == status, answer.text
    assert int(answer.headers["Retry-After"]) >= 1
    told = answer.json()
    assert told["ok"] is False
    assert told["status"] == status
    assert told["problem"]
    for secret in ("Traceback", "127.0.0.1", "psycopg", "postgresql://", "port "):
        assert secret not in answer.text


def check_imports(address: str, acknowledged: dict[str, int], *, n_rows: int | None = None) -> int:
    """Check that every acknowledged report is there once, and every import whole; return their number.

    `n_rows` is the number of reports of every file sent: then a change holds so many or, where a file was
    sent again, none.
    """
    with open_store(address) as store:
        changes = store.read(CHANGES)
        reports = store.read(REPORTS, columns=["report_id", "key", "change_id"])
        batches = store.read(BATCHES)
        current = len(store.read_current(REPORTS, columns=["key"]))
    numbers = changes["change_id"].tolist()
    assert numbers == list(range(1, len(numbers) + 1))
    assert reports["report_id"].tolist() == list(range(1, len(reports) + 1))
    assert not reports["key"].duplicated().any(), "a report was taken twice"
    assert current == len(reports)
    missing = {key for label, n in acknowledged.items() for key in name_keys(label, n)} - set(reports["key"])
    assert not missing, f"{len(missing)} acknowledged reports are lost, such as {min(missing)}"
    imports = changes.loc[changes["what"] == "import", "change_id"].tolist()
    assert batches["change_id"].tolist() == imports, "an import without its record, or a record without one"
    written = reports["change_id"].value_counts().to_dict()
    told = dict(zip(batches["change_id"], batches["n_new"] + batches["n_corrected"], strict=True))
    assert written == {number: n for number, n in told.items() if n}
    if n_rows is not None:
        assert set(told.values()) <= {0, n_rows}, "half a file was kept"
    return len(imports)


def tell_log(service: Running) -> str:
    """Return what a service logged of things that should not have happened; empty where nothing did."""
    lines = [json.loads(line) if line.startswith("{") else {"trace": line} for line in service.log]
    return "\n".join(
        f"{line.get('event')}: {line['trace'][-3000:]}" if "trace" in line else str(line)
        for line in lines
        if "trace" in line or line.get("level") == "error"
    )
