"""Killed at any moment of an import, service and command keep what they acknowledged, and no half file."""

from __future__ import annotations

import re
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from fault_kit import (
    CSV,
    NO_LIMITS,
    ROUNDS,
    check_imports,
    headers_of,
    make_file,
    make_mission,
    wait_for,
)
from fault_nursery import Child, Nursery

N_KILLS = ROUNDS or 4
"""Of the service, and of the command."""
N_ROWS = 300
N_DESKS = 2
LONGEST_IMPORTS = 6.0
"""A service is killed within the time that so many imports take on this machine."""


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    pytest.importorskip("psycopg", reason="no psycopg here: pip install 'truceline[service]'")
    made = Nursery(tmp_path_factory.mktemp("children"))
    yield made
    made.close()


class Sender:
    """A desk that sends files, one after the other; a file without an answer is sent again."""

    def __init__(self, name: str, key: str) -> None:
        self.name, self.key = name, key
        self.number = 1
        self.acknowledged: dict[str, int] = {}
        self.unclear = ""
        """The file whose answer did not come."""
        self.n_unclear = self.n_kept_unanswered = 0
        self.wrong: list[str] = []

    def send_until_cut_off(self, url: str, most: int = 1_000) -> None:
        with httpx.Client(headers={**headers_of(self.key), **CSV}, timeout=30) as client:
            for _ in range(most):
                label = f"{self.name}-{self.number}"
                try:
                    answer = client.post(f"{url}/v1/reports", content=make_file(label, N_ROWS))
                except httpx.TransportError:
                    self.unclear = label
                    self.n_unclear += 1
                    return
                told = answer.json()
                if answer.status_code != 200 or {told["new"], told["repeated"]} != {0, N_ROWS}:
                    self.wrong.append(answer.text)
                elif told["repeated"]:
                    if label != self.unclear:
                        self.wrong.append(answer.text)
                    self.n_kept_unanswered += 1
                self.acknowledged[label] = N_ROWS
                self.number += 1


def serve(nursery: Nursery, address: str) -> tuple[Child, str]:
    child = nursery.start("serve", address, "--api", "--port", "0", *NO_LIMITS)
    said: list[str] = []
    wait_for(lambda: said.extend(re.findall(r"Listening on (\S+)\n", child.out.read_text())) or said)
    return child, said[0]


def test_the_service_killed_at_any_moment_keeps_what_it_acknowledged_and_no_half_file(
    nursery: Nursery, durable_address: str
) -> None:
    key = make_mission(durable_address)
    desks = [Sender(f"desk{number}", key) for number in range(N_DESKS)]
    import_s = measure_import(nursery, durable_address, key)
    for share in np.random.default_rng(20250420).random(N_KILLS):
        child, url = serve(nursery, durable_address)
        killer = threading.Timer(share * LONGEST_IMPORTS * import_s, child.kill)
        killer.start()
        send_together(desks, url, 1_000)
        killer.join()
        assert child.wait() == -signal.SIGKILL
        acknowledged = {label: n for desk in desks for label, n in desk.acknowledged.items()}
        check_imports(durable_address, acknowledged, n_rows=N_ROWS)
    assert [wrong for desk in desks for wrong in desk.wrong] == []
    assert sum(desk.n_unclear for desk in desks) >= N_KILLS // 2, "most kills met no import"
    child, url = serve(nursery, durable_address)
    for desk in desks:
        desk.send_until_cut_off(url, most=1)
    child.kill()
    child.wait()
    assert [wrong for desk in desks for wrong in desk.wrong] == []
    acknowledged = {label: n for desk in desks for label, n in desk.acknowledged.items()}
    n_imports = check_imports(durable_address, acknowledged, n_rows=N_ROWS)
    n_unclear, n_kept = (
        sum(getattr(desk, name) for desk in desks) for name in ("n_unclear", "n_kept_unanswered")
    )
    print(f"{N_KILLS} kills, {n_imports} imports, {n_unclear} cut off, {n_kept} of those kept already")


def measure_import(nursery: Nursery, address: str, key: str) -> float:
    """Return how long one import takes when others are under way, seconds."""
    child, url = serve(nursery, address)
    senders = [Sender(f"first{number}", key) for number in range(N_DESKS)]
    for n_files in (1, 3):  # the first one is slower
        started = time.monotonic()
        send_together(senders, url, n_files)
        spent_s = time.monotonic() - started
    child.kill()
    child.wait()
    assert not any(each.wrong for each in senders)
    return spent_s / n_files


def send_together(senders: list[Sender], url: str, n_files: int) -> None:
    threads = [threading.Thread(target=each.send_until_cut_off, args=(url, n_files)) for each in senders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(40)
        assert not thread.is_alive()


def test_the_command_killed_at_any_moment_leaves_a_whole_import_or_none(
    nursery: Nursery, durable_address: str, tmp_path: Path
) -> None:
    make_mission(durable_address)
    file = tmp_path / "first.csv"
    file.write_bytes(make_file("first", 10 * N_ROWS))
    words = ("monitor", "import", durable_address, "--who", "desk")
    started = time.monotonic()
    assert nursery.start(*words, str(file)).wait() == 0
    import_s = time.monotonic() - started
    acknowledged = {"first": 10 * N_ROWS}
    n_killed = 0
    for number, share in enumerate(np.random.default_rng(20250421).random(N_KILLS)):
        file = tmp_path / f"file{number}.csv"
        file.write_bytes(make_file(file.stem, 10 * N_ROWS))
        child = nursery.start(*words, str(file))
        time.sleep(share * 1.1 * import_s)
        child.kill()
        status = child.wait()
        assert status in (0, -signal.SIGKILL), child.errors.read_text()
        n_killed += status != 0
        if status == 0:
            acknowledged[file.stem] = 10 * N_ROWS
        check_imports(durable_address, acknowledged, n_rows=10 * N_ROWS)
    assert n_killed >= N_KILLS // 2
    again = nursery.start(*words, str(file))
    assert again.wait() == 0, again.errors.read_text()
    check_imports(durable_address, {**acknowledged, file.stem: 10 * N_ROWS}, n_rows=10 * N_ROWS)
