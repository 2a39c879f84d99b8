"""Clients that are slow, vanish, or wait when the service is told to stop: nothing is kept by halves.

Whoever got an answer knows whether the reports were kept.
"""

from __future__ import annotations

import re
import signal
import socket
import struct
import threading
import time
from urllib.parse import urlsplit

import httpx
from fault_kit import (
    CSV,
    NO_LIMITS,
    Desk,
    check_imports,
    headers_of,
    make_file,
    make_mission,
    tell_log,
    wait_for,
)
from service_process import Running, running_service, start_service

from truceline.events.schema import REPORTS
from truceline.store.open import open_store

N_ROWS = 400


def connect(service: Running) -> socket.socket:
    parts = urlsplit(service.url)
    return socket.create_connection((parts.hostname, parts.port), timeout=30)


def head_of(key: str, n_bytes: int) -> bytes:
    return (
        f"POST /v1/reports HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: text/csv\r\nContent-Length: {n_bytes}\r\n\r\n"
    ).encode()


def hang_up(client: socket.socket) -> None:
    """End a connection as a broken line does: without a word, in the middle."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def test_slow_and_vanished_clients_leave_nothing_half(durable_address: str) -> None:
    key = make_mission(durable_address)
    body = make_file("gone", N_ROWS)
    with running_service(durable_address, *NO_LIMITS, "--body-grace", "1") as service:
        for share in (0.0, 0.3, 0.999):
            client = connect(service)
            client.sendall(head_of(key, len(body)) + body[: int(share * len(body))])
            time.sleep(0.1)
            hang_up(client)
        with connect(service) as slow:
            slow.sendall(head_of(key, len(body)) + body[:200])
            told = b"".join(iter(lambda: slow.recv(65_536), b""))
        assert told.startswith(b"HTTP/1.1 408 "), told
        assert b'"ok":false' in told
        assert check_imports(durable_address, {}) == 0
        whole = connect(service)
        whole.sendall(head_of(key, len(body)) + body)
        hang_up(whole)  # all was sent, and nobody is there to be told
        desk = Desk(service, key, "desk", N_ROWS)
        with httpx.Client(headers={**headers_of(key), **CSV}, timeout=60) as client:
            assert desk.send(client, "gone")
            assert desk.send(client, "after")
        assert desk.refusals == []
        assert not tell_log(service), tell_log(service)
    assert check_imports(durable_address, desk.acknowledged, n_rows=N_ROWS) <= 3


def test_told_to_stop_in_the_middle_the_service_ends_what_it_began_and_says_so(durable_address: str) -> None:
    """Every file that was taken in before the end was answered, and each answer is true.

    A connection that came with the end and was never taken in is reset; what it sent is not kept.
    """
    key = make_mission(durable_address)
    service = start_service(durable_address, *NO_LIMITS)
    desks = [PoliteDesk(service, key, f"desk{number}") for number in range(3)]
    threads = [threading.Thread(target=desk.work) for desk in desks]
    for thread in threads:
        thread.start()
    wait_for(lambda: all(desk.taken for desk in desks))
    wait_for(lambda: any(desk.is_waiting for desk in desks))
    assert service.stop(signal.SIGTERM) == 0
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    assert not tell_log(service), tell_log(service)
    assert [desk.wrong for desk in desks if desk.wrong] == []
    acknowledged = {label: N_ROWS for desk in desks for label in desk.taken}
    check_imports(durable_address, acknowledged, n_rows=N_ROWS)
    with open_store(durable_address) as store:
        keys = store.read(REPORTS, columns=["key"])["key"]
    kept = {re.sub(r"-\d+$", "", key) for key in keys}
    assert kept == set(acknowledged), "a file was kept of which its sender was told otherwise"


class PoliteDesk:
    """A desk that sends file after file until it can no more, and remembers each answer."""

    def __init__(self, service: Running, key: str, name: str) -> None:
        self.service, self.key, self.name = service, key, name
        self.taken: list[str] = []
        self.is_waiting = False
        self.wrong = ""

    def work(self) -> None:
        headers = {**headers_of(self.key), **CSV}
        for number in range(1_000):
            label = f"{self.name}-{number}"
            try:
                with httpx.Client(headers=headers, timeout=60) as client:
                    self.is_waiting = True
                    answer = client.post(f"{self.service.url}/v1/reports", content=make_file(label, N_ROWS))
            except httpx.TransportError:
                return  # nobody listens any more: nothing was taken in, as the store shows
            finally:
                self.is_waiting = False
            if answer.status_code == 200:
                self.taken.append(label)
            elif answer.status_code != 503:
                self.wrong = answer.text
                return
