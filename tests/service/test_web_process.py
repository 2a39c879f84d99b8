"""A real `truceline serve`: starting, slow clients on real sockets, TLS, signals, a store another one has."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from service_app import REPORT, make_store
from service_process import Running, running_service, start_service
from typer.testing import CliRunner

from truceline.cli.main import app
from truceline.events.kinds import Role
from truceline.events.schema import REPORTS
from truceline.store.open import open_store


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[Role | str, str]:
    """Give a key for each role, and the path of their store as `store`."""
    path = tmp_path_factory.mktemp("process") / "m.duckdb"
    return {**make_store(path), "store": str(path)}


@pytest.fixture(scope="module")
def service(keys: dict[Role | str, str]) -> Iterator[Running]:
    """Give a service that waits one second for a request."""
    with running_service(keys["store"], "--header-timeout", "1", "--body-grace", "1") as running:
        yield running


def connect(service: Running) -> socket.socket:
    """Return a connection to the service."""
    made = socket.create_connection(("127.0.0.1", service.port))
    made.settimeout(10)
    return made


def read_rest(connection: socket.socket) -> bytes:
    """Read until the other side closes, or says nothing for a second."""
    connection.settimeout(1)
    said = b""
    try:
        while part := connection.recv(65536):
            said += part
    except OSError:
        pass
    return said


def dribble(connection: socket.socket, content: bytes, *, every_s: float = 0.1) -> tuple[bytes, float]:
    """Send a byte at a time until the other side has had enough; return what it said, and after how long."""
    started = time.monotonic()
    for byte in content:
        try:
            connection.sendall(bytes([byte]))
        except OSError:
            break
        connection.settimeout(every_s)
        try:
            said = connection.recv(65536)
        except TimeoutError:
            continue
        except OSError:
            said = b""
        return said + read_rest(connection), time.monotonic() - started
    return b"", time.monotonic() - started


def test_slow_clients_are_cut_off_and_do_not_keep_others_waiting(
    service: Running, keys: dict[Role | str, str]
) -> None:
    """Headers that dribble, before and after a first request; a body that dribbles; silence."""
    head = f"Host: x\r\nAuthorization: Bearer {keys[Role.observer]}\r\n"
    kept = connect(service)
    kept.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    answered = b""
    while not answered.endswith(b'{"ok":true}'):
        answered += kept.recv(65536)
    silent, plain = connect(service), connect(service)
    sized, chunked = connect(service), connect(service)
    sized.sendall(
        f"POST /v1/reports HTTP/1.1\r\n{head}Content-Type: text/csv\r\nContent-Length: 500\r\n\r\n".encode()
    )
    chunked.sendall(
        f"POST /v1/link HTTP/1.1\r\n{head}Content-Type: application/json\r\n"
        "Transfer-Encoding: chunked\r\n\r\n".encode()
    )
    never = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 300
    jobs = {"plain": (plain, never), "kept": (kept, never), "sized": (sized, b"a" * 300),
            "chunked": (chunked, b"1\r\na\r\n" * 60)}  # fmt: skip
    said: dict[str, tuple[bytes, float]] = {}
    threads = [
        threading.Thread(target=lambda name=name, job=job: said.update({name: dribble(*job)}))
        for name, job in jobs.items()
    ]
    for each in threads:
        each.start()
    with httpx.Client(base_url=service.url) as client:
        for _ in range(5):
            started = time.monotonic()
            assert client.get("/healthz").status_code == 200
            assert time.monotonic() - started < 1
    assert silent.recv(10) == b""
    for each in threads:
        each.join(20)
    assert all(seconds < 6 for _, seconds in said.values()), said
    assert (said["plain"][0], said["kept"][0]) == (b"", b"")
    for name in ("sized", "chunked"):
        assert said[name][0].startswith(b"HTTP/1.1 408"), said[name]
        assert b'"ok":false' in said[name][0]
    for each in (silent, plain, kept, sized, chunked):
        each.close()


def test_a_client_that_does_not_read_its_answers_keeps_nobody_waiting(
    service: Running, keys: dict[Role | str, str]
) -> None:
    """It asks and asks on one connection, and reads nothing."""
    deaf = connect(service)
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.setblocking(False)
    try:
        for _ in range(3000):
            deaf.send(b"GET /api HTTP/1.1\r\nHost: x\r\n\r\n")
    except OSError:
        pass
    started = time.monotonic()
    assert httpx.get(f"{service.url}/healthz").status_code == 200
    assert time.monotonic() - started < 5
    deaf.close()


def test_a_body_that_is_not_wanted_is_not_asked_for(service: Running, keys: dict[Role | str, str]) -> None:
    """Whoever asks first, as curl does with large files, is answered before it sends."""
    for key, begins in (("truceline_1_" + "a" * 43, b"HTTP/1.1 401"), (keys[Role.observer], b"HTTP/1.1 100")):
        with connect(service) as connection:
            connection.sendall(
                f"POST /v1/reports HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
                "Content-Type: text/csv\r\nContent-Length: 2000000\r\nExpect: 100-continue\r\n\r\n".encode()
            )
            assert connection.recv(65536).startswith(begins)


def test_a_client_that_goes_away_in_its_body_is_no_mistake_of_ours(
    service: Running, keys: dict[Role | str, str]
) -> None:
    """Nothing is kept, and nobody is woken up."""
    for path, kind in (("/v1/reports", "text/csv"), ("/v1/link", "application/json")):
        with connect(service) as connection:
            connection.sendall(
                f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {keys[Role.admin]}\r\n"
                f"Content-Type: {kind}\r\nContent-Length: 2000\r\n\r\nid,kind".encode()
            )
            time.sleep(0.1)
    figures = httpx.get(f"{service.url}/metrics").text
    assert "truceline_unexpected_errors_total 0.0" in figures
    assert "unexpected" not in "".join(service.log)


@pytest.mark.parametrize(
    "sent",
    [
        b"garbage\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 100_000,
        b"GET /" + b"a" * 100_000,
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n",
        b"POST /v1/link HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01",
    ],
)
def test_what_is_no_http_is_answered_in_the_one_shape(service: Running, sent: bytes) -> None:
    """And the connection is closed."""
    with connect(service) as connection:
        try:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        said = b""
        while part := connection.recv(65536):
            said += part
    if sent.startswith(b"\x16"):  # half a line: nothing to answer yet
        assert said in (b"",) or said.startswith(b"HTTP/1.1 400")
        return
    head, _, body = said.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400")
    assert b"server:" not in head.lower()
    found = json.loads(body)
    assert (found["ok"], found["status"]) == (False, 400)
    assert set(found) == {"ok", "status", "where", "problem", "try"}


def test_a_request_to_change_protocols_changes_nothing(service: Running) -> None:
    """No sockets of the web, no HTTP/2 in the clear."""
    asked = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Key": "x" * 24}
    answer = httpx.get(f"{service.url}/healthz", headers={**asked, "Sec-WebSocket-Version": "13"})
    assert answer.status_code == 200


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_well_and_what_runs_is_finished(
    keys: dict[Role | str, str], tmp_path: Path, sign: signal.Signals
) -> None:
    """Exit code 0, an answer to whoever is being served, nothing new, and the store let go."""
    store = tmp_path / "m.duckdb"
    shutil.copy(keys["store"], store)
    body = json.dumps([{**REPORT, "id": str(n)} for n in range(300)]).encode()
    head = (
        f"POST /v1/reports HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {keys[Role.observer]}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    service = start_service(store)
    try:
        with connect(service) as connection:
            connection.sendall(head.encode() + body[:1000])
            # Asking is a request itself: there are two once ours has begun.
            while b"requests_in_flight 2.0" not in httpx.get(f"{service.url}/metrics").content:
                time.sleep(0.02)
            service.process.send_signal(sign)
            time.sleep(0.3)
            with pytest.raises(httpx.ConnectError):
                httpx.get(f"{service.url}/healthz")
            connection.sendall(body[1000:])
            said = connection.recv(65536) + read_rest(connection)
        assert said.startswith(b"HTTP/1.1 200"), said
        assert b'"new":300' in said
        assert service.process.wait(30) == 0
        assert "Traceback" not in "".join(service.log)
    finally:
        service.kill()
    with open_store(store) as opened:
        assert len(opened.read(REPORTS, columns=("report_id",))) == 300


def test_over_tls_and_only_with_a_certificate_that_fits(keys: dict[Role | str, str], tmp_path: Path) -> None:
    """A real handshake."""
    if shutil.which("openssl") is None:
        pytest.skip("the package openssl is not installed")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-keyout", str(key), "-out", str(cert), "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    shutil.copy(keys["store"], tmp_path / "m.duckdb")
    options = ("--tls-cert", str(cert), "--tls-key", str(key), "--open", "--log-format", "text")
    with running_service(tmp_path / "m.duckdb", *options) as service:
        assert service.url.startswith("https://")
        trusting = ssl.create_default_context(cafile=str(cert))
        with httpx.Client(base_url=service.url, verify=trusting) as client:
            assert client.get("/healthz").json() == {"ok": True}
            assert f"{service.url}/collections" in client.get("/").text
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{service.url}/healthz")
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            httpx.get(service.url.replace("https", "http"))


def test_what_cannot_be_served_safely_is_refused_before_it_listens(
    service: Running, keys: dict[Role | str, str], tmp_path: Path
) -> None:
    """One message, exit code 2, no traceback; all problems at once."""
    cases = {
        ("--host", "0.0.0.0"): "--tls-cert",  # noqa: S104
        ("--behind-proxy",): "--public-url",
        ("--tls-cert", "x.pem"): "belong together",
        ("--tls-cert", "x.pem", "--tls-key", "y.pem"): "cannot be used",
        ("--public-url", "watch.example.org"): "is no address",
        ("--origin", "https://a.example.org/path"): "has a path",
        ("--port", str(service.port)): "cannot listen there",
    }
    store = tmp_path / "m.duckdb"
    shutil.copy(keys["store"], store)
    found = [((str(store), "--api", *options), says) for options, says in cases.items()]
    found += [((str(store),), "--api"), ((str(tmp_path / "none.duckdb"), "--api"), "is not there")]
    for options, says in found:
        done = CliRunner().invoke(app, ["serve", *options])
        assert done.exit_code == 2, (options, done.output)
        assert says in done.output, (options, done.output)
        assert "Traceback" not in done.output
        assert "Listening" not in done.output


def test_a_store_that_another_program_has_is_waited_for_and_taken_when_it_is_free(
    service: Running, keys: dict[Role | str, str]
) -> None:
    """The service starts, says so, and is not ready until then."""
    with running_service(keys["store"], "--wait", "0.3") as second:
        assert any("does not answer yet" in line for line in second.said)
        assert keys["store"] not in "".join(second.said)
        assert httpx.get(f"{second.url}/healthz").status_code == 200
        assert httpx.get(f"{second.url}/readyz", timeout=20).status_code == 503
        assert service.stop() == 0
        ends = time.monotonic() + 20
        while httpx.get(f"{second.url}/readyz", timeout=20).status_code != 200:
            assert time.monotonic() < ends, "it never took the store"
            time.sleep(0.2)
