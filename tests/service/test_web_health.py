"""Health, metrics and logs: quick, true, and without a secret in them."""

from __future__ import annotations

import io
import json
import logging
import time
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
from truceline.store.open import open_store
from truceline.web.app import create_app
from truceline.web.desk import Desk
from truceline.web.logs import configure_logs
from truceline.web.settings import ServiceSettings


@contextmanager
def logged(form: str = "json") -> Iterator[io.StringIO]:
    """Give what is logged meanwhile."""
    loggers = [logging.getLogger(name) for name in ("truceline.service", "uvicorn")]
    before = [(each, each.handlers, each.propagate, each.level) for each in loggers]
    stream = io.StringIO()
    configure_logs(form, stream)
    try:
        yield stream
    finally:
        for logger, handlers, propagate, level in before:
            logger.handlers, logger.propagate = handlers, propagate
            logger.setLevel(level)


class FlakyStore:
    """A store whose server is there, or not."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.is_down = False
        self.n_opened = 0

    def open(self) -> Store:
        """Connect."""
        self.n_opened += 1
        self._check()
        opened: Any = self
        return opened  # type: ignore[no-any-return]

    def close(self) -> None:
        """Disconnect; the file itself stays open for the test."""

    def __getattr__(self, name: str) -> Any:
        self._check()
        return getattr(self.store, name)

    def _check(self) -> None:
        if self.is_down:
            problem = Problem("postgresql://watch:hunter2@db.internal/m", "could not connect to 10.0.0.7", "")
            raise StoreUnavailableError("store", [problem])


@pytest.fixture
def keys(tmp_path: Path) -> dict[Role, str]:
    """Give a key for each role of a store in the test's folder."""
    return make_store(tmp_path / "m.duckdb")


def test_an_outage_is_told_as_503_and_ends_by_itself(
    keys: dict[Role, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clients are told to come again; nothing says where the database is; the process lives on."""
    monkeypatch.setattr("truceline.web.desk.PAUSE_S", 0.05)
    monkeypatch.setattr("truceline.web.routes.health.READY_CACHE_S", 0.0)
    with open_store(tmp_path / "m.duckdb", writing=True) as store, logged() as log:
        flaky = FlakyStore(store)
        desk = Desk("postgresql://watch:hunter2@db.internal/m", opener=flaky.open)
        with serving(create_app("", ServiceSettings(key_cache_s=0.0), desk=desk)) as client:
            observer = bearer(keys[Role.observer])
            assert client.post("/v1/reports", json=[REPORT], headers=observer).json()["new"] == 1
            assert client.get("/readyz").status_code == 200
            flaky.is_down = True
            for answer in (
                client.post("/v1/reports", json=[{**REPORT, "id": "2"}], headers=observer),
                client.get("/audit", headers=bearer(keys[Role.admin])),
                client.get("/readyz"),
            ):
                assert answer.status_code == 503
                assert int(answer.headers["Retry-After"]) >= 1
                assert answer.json()["ok"] is False
                assert "hunter2" not in answer.text
                assert "db.internal" not in answer.text
            assert client.get("/healthz").json() == {"ok": True}
            flaky.is_down = False
            time.sleep(0.06)
            assert client.get("/readyz").status_code == 200
            sent = client.post("/v1/reports", json=[REPORT, {**REPORT, "id": "2"}], headers=observer).json()
            assert (sent["new"], sent["repeated"]) == (1, 1)
            assert flaky.n_opened >= 2
            assert "truceline_store_errors_total 2.0" in client.get("/metrics").text
        assert keys[Role.observer] not in log.getvalue()


def test_while_the_store_cannot_be_opened_requests_do_not_queue_for_it() -> None:
    """One tries; the others are refused at once for a moment."""
    tries: list[float] = []

    def fail() -> Store:
        tries.append(time.monotonic())
        time.sleep(0.2)
        raise StoreUnavailableError("store", [Problem("db", "is down", "")])

    desk = Desk("x", opener=fail)
    started = time.monotonic()
    for _ in range(20):
        with pytest.raises(StoreUnavailableError), desk.read():
            pass
    assert len(tries) == 1
    assert time.monotonic() - started < 1


def test_what_should_not_happen_is_500_with_a_number_that_is_in_the_log(
    keys: dict[Role, str], tmp_path: Path
) -> None:
    """And nothing else of it leaves the process."""

    def explode() -> Store:
        raise ZeroDivisionError("secret of the inside")

    with logged() as log, serving(create_app("", desk=Desk("x", opener=explode))) as client:
        answer = client.get("/audit", headers=bearer(keys[Role.admin]))
        assert answer.status_code == 500
        assert "secret" not in answer.text
        assert "Zero" not in answer.text
        number = answer.json()["problem"].rsplit(" ", 1)[1]
        assert "truceline_unexpected_errors_total 1.0" in client.get("/metrics").text
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    told = next(line for line in lines if line.get("incident") == number)
    assert "ZeroDivisionError" in told["trace"]
    assert next(line for line in lines if line.get("status") == 500)["level"] == "error"


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_request_is_one_line_without_keys_bodies_or_queries(
    keys: dict[Role, str], tmp_path: Path, form: str
) -> None:
    """The template of the route, the status, the time, the bytes, the number of the token."""
    with logged(form) as log, serving(create_app(str(tmp_path / "m.duckdb"))) as client:
        row = {**REPORT, "text": "words of the source"}
        client.post(
            "/v1/reports", json=[row], params={"why": "a reason"}, headers=bearer(keys[Role.observer])
        )
        client.post("/v1/incidents/77/merge", json={}, headers=bearer(keys[Role.verifier]))
        client.get("/secret-path", params={"name": "somebody"}, headers=bearer("truceline_1_" + "z" * 43))
        client.request("EVIL\x7fX".replace("\x7f", "-"), "/healthz")
    lines = log.getvalue().splitlines()
    assert len(lines) == 4
    for secret in (
        "words of",
        "a reason",
        "secret-path",
        "somebody",
        "zzz",
        "EVIL",
        keys[Role.observer][-20:],
    ):
        assert secret not in log.getvalue()
    if form == "text":
        assert "route=/v1/incidents/{incident}/merge status=422" in lines[1]
        return
    first, second, third, fourth = (json.loads(line) for line in lines)
    assert (first["route"], first["status"], first["token"]) == ("/v1/reports", 200, 2)
    assert first["bytes"] > 100
    assert first["ms"] > 0
    assert first["time"].endswith("Z")
    assert (second["route"], second["token"]) == ("/v1/incidents/{incident}/merge", 3)
    assert (third["route"], third["status"], third["token"]) == ("none", 404, None)
    assert (fourth["method"], fourth["status"]) == ("OTHER", 405)


def test_metrics_count_requests_and_rows_and_are_for_this_machine_and_admins(
    keys: dict[Role, str], tmp_path: Path
) -> None:
    """Behind a proxy everybody seems to be this machine: then the client it names counts."""
    app = create_app(
        str(tmp_path / "m.duckdb"), ServiceSettings(behind_proxy=True, public_url="https://watch.example.org")
    )
    with serving(app) as client:
        client.post("/v1/reports", json=[REPORT, {"kind": "x"}], headers=bearer(keys[Role.observer]))
        said = client.get("/metrics")
        assert said.headers["Content-Type"].startswith("text/plain")
        wanted = 'truceline_requests_total{method="POST",route="/v1/reports",status="200"} 1.0'
        assert wanted in said.text
        assert 'truceline_rows_taken_total{outcome="new",table="reports"} 1.0' in said.text
        assert 'truceline_rows_taken_total{outcome="rejected",table="reports"} 1.0' in said.text
        last = next(line for line in said.text.splitlines() if line.startswith("truceline_last_import_time"))
        assert 0 <= time.time() - float(last.split()[1]) < 60
        outside = {"X-Forwarded-For": "127.0.0.1, 192.0.2.7"}
        assert client.get("/metrics", headers=outside).status_code == 401
        assert client.get("/metrics", headers={**outside, **bearer(keys[Role.editor])}).status_code == 403
        assert client.get("/metrics", headers={**outside, **bearer(keys[Role.admin])}).status_code == 200


def test_health_says_nothing_but_that_all_is_well(keys: dict[Role, str], tmp_path: Path) -> None:
    """No version, no place."""
    with serving(create_app(str(tmp_path / "m.duckdb"))) as client:
        for path in ("/healthz", "/readyz"):
            answer: httpx.Response = client.get(path)
            assert answer.json() == {"ok": True}
            assert "server" not in answer.headers
