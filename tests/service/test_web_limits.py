"""What one client may ask: rates, sizes, depth, time; and one shape of error for each refusal."""

from __future__ import annotations

import gzip
import io
import select
import socket
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from service_app import REPORT, bearer, make_store, serving

from truceline.errors import Problem
from truceline.events.kinds import Role
from truceline.store.base import Store, StoreUnavailableError
from truceline.web.app import create_app
from truceline.web.desk import Desk
from truceline.web.rates import MOST_CALLERS, Buckets, is_loopback, name_address
from truceline.web.settings import ServiceSettings

CSV = {"Content-Type": "text/csv"}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[Role | str, str]:
    """Give a key for each role, and the path of their store as `store`."""
    path = tmp_path_factory.mktemp("limits") / "m.duckdb"
    return {**make_store(path), "store": str(path)}


@pytest.fixture(scope="module")
def client(keys: dict[Role | str, str]) -> Iterator[httpx.Client]:
    """Give a client of a service with small limits, holding an admin's key."""
    settings = ServiceSettings(rate_per_s=1e6, burst=10_000, max_body_bytes=200_000)
    with serving(create_app(keys["store"], settings)) as made:
        made.headers.update(bearer(keys[Role.admin]))
        yield made


def check_shape(answer: httpx.Response, status: int) -> dict[str, Any]:
    """Check that an answer is an error of the one shape with that status, and return it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    found = answer.json()
    assert set(found) - {"problems"} == {"ok", "status", "where", "problem", "try"}
    assert (found["ok"], found["status"]) == (False, status)
    assert found["problem"]
    assert "Traceback" not in answer.text
    assert "/tmp" not in answer.text  # noqa: S108
    assert "server" not in {name.lower() for name in answer.headers}
    return dict(found)


def test_a_body_that_is_too_large_is_refused_with_and_without_its_length(client: httpx.Client) -> None:
    """Counted as it comes."""
    check_shape(client.post("/v1/reports", content=b"a" * 200_001, headers=CSV), 413)
    parts = (b"a" * 10_000 for _ in range(30))
    check_shape(client.post("/v1/reports", content=parts, headers=CSV), 413)
    check_shape(
        client.post("/v1/link", content=b" " * 300_000, headers={"Content-Type": "application/json"}), 413
    )


def test_json_that_is_nested_deeply_is_refused_before_it_is_parsed(client: httpx.Client) -> None:
    """Whichever route it is for, and however the brackets stand."""
    deep = b"[" * 50_000 + b"]" * 50_000
    for path in ("/v1/reports", "/v1/link", "/v1/incidents/1/verification"):
        found = check_shape(
            client.post(path, content=deep, headers={"Content-Type": "application/json"}), 422
        )
        assert "deep" in found["problem"]
    check_shape(
        client.post("/v1/link", content=b'{"a":' * 5000 + b"1", headers={"Content-Type": "application/json"}),
        422,
    )
    told = {"why": "[[[[" * 50 + "\\" * 3}
    assert client.post("/v1/link", json=told).status_code == 200


def test_quotes_that_never_end_cost_no_time(client: httpx.Client) -> None:
    """The look at the depth is linear, whatever the body."""
    started = time.monotonic()
    body = b'["' + b'\\"' * 90_000
    check_shape(client.post("/v1/reports", content=body, headers={"Content-Type": "application/json"}), 422)
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd", "identity, gzip", "GZIP"])
def test_a_compressed_body_is_refused_by_what_it_says(client: httpx.Client, name: str) -> None:
    """So no bomb is unpacked."""
    answer = client.post(
        "/v1/reports", content=gzip.compress(b"a"), headers={**CSV, "Content-Encoding": name}
    )
    check_shape(answer, 415)


def test_a_compressed_body_is_refused_by_what_it_is(client: httpx.Client) -> None:
    """A bomb that calls itself CSV stays packed."""
    bomb = gzip.compress(b"0" * 20_000_000)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * 20_000_000)
    for body in (bomb, packed.getvalue(), b"PAR1" + b"0" * 100, b"\xd0\xcf\x11\xe0"):
        for kind in ("text/csv", "application/json", "application/geo+json"):
            found = check_shape(client.post("/v1/reports", content=body, headers={"Content-Type": kind}), 415)
            assert "first bytes" in found["problem"]


@pytest.mark.parametrize(
    "body",
    [
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        b'<!DOCTYPE a [<!ENTITY x "lol"><!ENTITY y "&x;&x;&x;&x;">]><a>&y;</a>',
        b"\x00" * 1000,
        b"\xff\xfe\x00",
        b'"' * 999,
        b"id,kind,time\n" + b"," * 50_000,
        b"a" * 150_000,
        b",".join(b"c%d" % n for n in range(20_000)),
    ],
)
def test_bodies_that_are_no_form_are_refused_with_a_reason(client: httpx.Client, body: bytes) -> None:
    """XML is no form of ours, under any name."""
    check_shape(client.post("/v1/reports", content=body, headers={"Content-Type": "application/xml"}), 415)
    for kind in ("text/csv", "application/json", "application/geo+json"):
        check_shape(client.post("/v1/reports", content=body, headers={"Content-Type": kind}), 422)


def test_formulas_are_kept_as_words_and_a_number_of_thousands_of_digits_is_none(client: httpx.Client) -> None:
    """Nothing in a row is ever computed."""
    row = {**REPORT, "id": "f", "text": '=HYPERLINK("http://x","y")', "place": "@SUM(1)"}
    assert client.post("/v1/reports", json=[row]).json()["new"] == 1
    digits = b'[{"kind":"explosion","time":"2025-02-17","lon":' + b"9" * 100_000 + b"}]"
    answer = client.post("/v1/reports", content=digits, headers={"Content-Type": "application/json"})
    assert answer.status_code in (200, 422)
    assert answer.status_code == 422 or answer.json()["rejected"] == 1


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/v1/..%2f..%2fetc%2fpasswd",
        "/collections/..%2f..%2f/items",
        "/v1/incidents/..%2f1/verification",
        "//etc/passwd",
        "/v1/reports%00",
        "/%0d%0aSet-Cookie:%20a=b",
    ],
)
def test_addresses_lead_to_routes_and_never_to_files(client: httpx.Client, path: str) -> None:
    """And nothing of them comes back in a header."""
    answer = client.get(path)
    check_shape(answer, answer.status_code)
    assert answer.status_code in (404, 405, 422, 400)
    assert "set-cookie" not in answer.headers


def test_an_address_that_is_too_long_is_refused(client: httpx.Client) -> None:
    """Path and query together."""
    check_shape(client.get("/" + "a" * 9000), 414)
    check_shape(client.get("/audit", params={"who": "a" * 9000}), 414)
    check_shape(client.get("/audit", params={"who": "a" * 600}), 422)


def test_what_is_not_there_and_what_is_not_done_have_the_one_shape(client: httpx.Client) -> None:
    """With the methods there are."""
    check_shape(client.get("/nothing"), 404)
    answer = client.delete("/v1/reports")
    check_shape(answer, 405)
    assert "POST" in answer.headers["Allow"]
    check_shape(client.post("/v1/link", content=b"why=x", headers={"Content-Type": "text/plain"}), 415)
    found = check_shape(client.post("/v1/tokens", json={"holder": "", "role": "king", "x": 1}), 422)
    assert {each["where"] for each in found["problems"]} == {"body.holder", "body.role", "body.x"}


def test_too_many_requests_are_told_when_to_come_again(keys: dict[Role | str, str]) -> None:
    """Each key has its own measure, once it is known; health is always answered."""
    app = create_app(keys["store"], ServiceSettings(rate_per_s=0.2, burst=3))
    with serving(app) as client:
        first, second = bearer(keys[Role.admin]), bearer(keys[Role.editor])
        assert client.get("/v1/tokens", headers=first).status_code == 200  # known from now on
        assert client.get("/v1/link", headers=second).status_code == 405  # the address has one left
        assert [client.get("/v1/tokens", headers=first).status_code for _ in range(4)] == [200, 200, 200, 429]
        answer = client.get("/v1/tokens", headers=first)
        check_shape(answer, 429)
        assert 1 <= int(answer.headers["Retry-After"]) <= 5
        assert client.get("/nothing").status_code == 404
        check_shape(client.get("/nothing"), 429)
        assert client.get("/healthz").status_code == 200


def test_a_bucket_fills_with_time_and_is_forgotten_when_there_are_too_many() -> None:
    """Ten a second: a tenth of a second for each."""
    now = [0.0]
    buckets = Buckets(per_s=10, burst=2, clock=lambda: now[0])
    assert [buckets.take("a") for _ in range(3)] == [0, 0, 1]
    now[0] = 0.1
    assert [buckets.take("a"), buckets.take("a")] == [0, 1]
    now[0] = 100.0
    assert [buckets.take("a") for _ in range(3)] == [0, 0, 1]
    for number in range(MOST_CALLERS):
        assert buckets.take(f"other {number}") == 0
    assert buckets.take("a") == 0


def test_addresses_of_one_network_are_one_client() -> None:
    """An IPv6 client may choose the last 64 bits at will."""
    assert name_address("2001:db8:1:2::1") == name_address("2001:db8:1:2:ffff::9")
    assert name_address("2001:db8:1:2::1") != name_address("2001:db8:1:3::1")
    assert name_address("192.0.2.1") != name_address("192.0.2.2")
    assert is_loopback("127.0.0.1")
    assert is_loopback("::1")
    assert not is_loopback("192.0.2.1")
    assert not is_loopback("x")


class _Hanging:
    """A store that answers when it is let."""

    def __init__(self) -> None:
        self.may_go = threading.Event()
        self.place = "nowhere"

    def __getattr__(self, name: str) -> Any:
        assert self.may_go.wait(20), "nobody let it go"
        raise StoreUnavailableError("store", [Problem("/secret/place", "was let go", "")])

    def close(self) -> None:
        """Nothing to let go."""


@contextmanager
def hanging(settings: ServiceSettings) -> Iterator[tuple[httpx.Client, _Hanging]]:
    """Serve a store that does not answer."""
    store = _Hanging()
    desk = Desk("/secret/place", opener=lambda: _as_store(store))
    try:
        with serving(create_app("", settings, desk=desk)) as client:
            yield client, store
            store.may_go.set()
    finally:
        store.may_go.set()


def _as_store(store: Any) -> Store:
    made: Store = store
    return made


def test_an_answer_that_takes_too_long_is_given_up_and_counts_until_its_thread_ends() -> None:
    """Whoever waits is told to come again, and others that there is no room."""
    settings = ServiceSettings(answer_timeout_s=0.3, max_in_flight=1)
    with hanging(settings) as (client, store):
        started = time.monotonic()
        answer = client.get("/audit", headers=bearer("truceline_1_" + "a" * 43))
        check_shape(answer, 503)
        assert "too long" in answer.json()["problem"]
        assert time.monotonic() - started < 3
        full = client.get("/audit")
        check_shape(full, 503)
        assert full.headers["Retry-After"] == "1"
        assert client.get("/healthz").status_code == 200
        store.may_go.set()
        ends = time.monotonic() + 5
        while client.get("/audit").status_code != 401:
            assert time.monotonic() < ends, "its place was never given back"
            time.sleep(0.02)


def test_one_callers_bodies_do_not_fill_the_room(keys: dict[Role | str, str]) -> None:
    """Others are still answered while they are sent."""
    app = create_app(keys["store"], ServiceSettings(max_in_flight=8))
    with serving(app) as client:
        head = (
            f"POST /v1/reports HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {keys[Role.observer]}\r\n"
            "Content-Type: text/csv\r\nContent-Length: 500\r\n\r\nid"
        )
        slow = [socket.create_connection((client.base_url.host, client.base_url.port)) for _ in range(4)]
        try:
            for each in slow:
                each.sendall(head.encode())
            answered, ends = set(), time.monotonic() + 10
            while len(answered) < 2:
                answered |= set(select.select(slow, [], [], 0.1)[0])
                assert time.monotonic() < ends
            assert [each.recv(12) for each in answered] == [b"HTTP/1.1 503"] * 2
            assert client.get("/v1/tokens", headers=bearer(keys[Role.admin])).status_code == 200
        finally:
            for each in slow:
                each.close()


def test_pages_of_other_origins_get_nothing_unless_one_is_allowed(keys: dict[Role | str, str]) -> None:
    """And links do not follow the Host header."""
    asked = {"Origin": "https://desk.example.org", "Host": "evil.example.org"}
    with serving(create_app(keys["store"], ServiceSettings(open=True))) as client:
        answer = client.get("/", headers=asked)
        assert answer.status_code == 200
        assert "access-control-allow-origin" not in answer.headers
        assert "evil" not in answer.text
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    settings = ServiceSettings(
        open=True, origin="https://desk.example.org", public_url="https://watch.example.org"
    )
    with serving(create_app(keys["store"], settings)) as client:
        answer = client.get("/", headers=asked)
        assert answer.headers["access-control-allow-origin"] == "https://desk.example.org"
        assert "https://watch.example.org" in answer.text
        other = client.get("/", headers={"Origin": "https://evil.example.org"})
        assert "access-control-allow-origin" not in other.headers


def test_what_is_secret_of_others_is_not_to_be_kept_by_caches(client: httpx.Client) -> None:
    """An answer to a key is for its holder alone."""
    assert client.get("/audit").headers["Cache-Control"] == "no-store"


def test_the_service_keeps_nothing_of_bodies_on_disk(
    client: httpx.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was spooled is gone when the request ends, taken or refused."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert client.post("/v1/reports", json=[REPORT]).status_code == 200
    check_shape(client.post("/v1/reports", content=b"nonsense", headers=CSV), 422)
    check_shape(client.post("/v1/reports", content=b"a" * 150_000, headers=CSV), 422)
    check_shape(client.post("/v1/reports", content=(b"a" * 10_000 for _ in range(30)), headers=CSV), 413)
    assert list(tmp_path.iterdir()) == []
