"""A service of several processes: one address, one set of figures, and none that is left behind."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from postgis_server import PostGISServer
from service_app import REPORT, bearer, make_store
from service_process import Running, running_service
from typer.testing import CliRunner

from truceline.cli.main import app
from truceline.events.kinds import Role
from truceline.web import workers

WAIT_S = 30.0


@pytest.fixture(scope="module")
def keys(durable_server: PostGISServer) -> dict[Role | str, str]:
    """Give a key for each role, and the address of their store as `store`."""
    durable_server.start()
    address = durable_server.new_address()
    return {**make_store(address), "store": address}


@pytest.fixture
def service(keys: dict[Role | str, str]) -> Iterator[Running]:
    """Give a service of two processes besides the first."""
    with running_service(keys["store"], "--workers", "2") as running:
        yield running


def children_of(pid: int) -> set[int]:
    """Return the processes that serve: they answer over sockets, their helper for pipes does not."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int(re.sub(r".*\)", "", (folder / "stat").read_text()).split()[1])
            command = (folder / "cmdline").read_text()
        except OSError:
            continue
        if parent == pid and "spawn_main" in command:
            found.add(int(folder.name))
    return found


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait for something to hold; AssertionError where it does not."""
    ends = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.05)


def is_running(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def ask(url: str, key: str, path: str = "/collections") -> int:
    """Ask over a new connection, so that any process may answer."""
    return httpx.get(f"{url}{path}", headers=bearer(key)).status_code


def test_requests_of_all_processes_are_counted_together(
    service: Running, keys: dict[Role | str, str]
) -> None:
    assert len(children_of(service.process.pid)) == 2
    headers = bearer(keys[Role.observer])
    for number in range(20):
        rows = [{**REPORT, "id": f"w{number}"}]
        assert httpx.post(f"{service.url}/v1/reports", json=rows, headers=headers).status_code == 200
    for _ in range(4):  # whichever answers
        said = httpx.get(f"{service.url}/metrics").text
        assert 'truceline_rows_taken_total{outcome="new",table="reports"} 20.0' in said
        assert 'truceline_request_seconds_count{method="POST",route="/v1/reports"} 20.0' in said
        last = re.search(r"^truceline_last_import_timestamp_seconds ([\d.e+]+)$", said, re.MULTILINE)
        assert last is not None
        assert 0 <= time.time() - float(last.group(1)) < 60


def test_a_process_that_ends_is_replaced_while_the_other_answers(
    service: Running, keys: dict[Role | str, str]
) -> None:
    before = children_of(service.process.pid)
    os.kill(min(before), signal.SIGKILL)
    wait_until(lambda: len(children_of(service.process.pid) - {min(before)}) == 2)
    assert children_of(service.process.pid) & before
    assert [ask(service.url, keys[Role.reader]) for _ in range(20)] == [200] * 20
    assert any("a process ended on its own" in line for line in service.log)


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all(service: Running, sign: signal.Signals) -> None:
    before = children_of(service.process.pid)
    assert service.stop(sign) == 0
    wait_until(lambda: not any(is_running(pid) for pid in before))
    assert not any("Traceback" in line for line in service.log)


def test_none_is_left_behind_where_the_first_is_killed(service: Running, keys: dict[Role | str, str]) -> None:
    before = children_of(service.process.pid)
    service.kill()
    wait_until(lambda: not any(is_running(pid) for pid in before))
    with pytest.raises(httpx.ConnectError):
        ask(service.url, keys[Role.reader])


def test_a_revoked_key_is_refused_by_all_within_seconds(
    service: Running, keys: dict[Role | str, str]
) -> None:
    admin = bearer(keys[Role.admin])
    given = {"holder": "gone", "role": "reader", "why": "test"}
    made = httpx.post(f"{service.url}/v1/tokens", json=given, headers=admin).json()
    assert [ask(service.url, made["key"]) for _ in range(12)] == [200] * 12
    number = made["token"]["token"] if isinstance(made["token"], dict) else made["token"]
    revoked = httpx.post(f"{service.url}/v1/tokens/{number}/revocation", json={"why": "left"}, headers=admin)
    assert revoked.status_code == 200
    time.sleep(5.5)
    assert [ask(service.url, made["key"]) for _ in range(12)] == [401] * 12


def test_a_store_in_a_file_is_served_by_one_process(tmp_path: Path) -> None:
    make_store(tmp_path / "m.duckdb")
    done = CliRunner().invoke(app, ["serve", str(tmp_path / "m.duckdb"), "--api", "--workers", "2"])
    assert done.exit_code == 2
    assert "--workers" in done.output
    assert "held by one process" in done.output


def test_there_is_a_process_for_each_core_up_to_a_few(monkeypatch: pytest.MonkeyPatch) -> None:
    for n_cores, n_workers in ((1, 1), (2, 2), (64, workers.MOST_BY_DEFAULT), (None, 1)):
        monkeypatch.setattr(os, "cpu_count", lambda n=n_cores: n)
        assert workers.count_workers() == n_workers
