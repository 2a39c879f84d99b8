"""Reports, effort and decisions over HTTP: taken once, told row by row, refused with a reason."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from service_app import EFFORT, REPORT, bearer, make_store, serving

from truceline.events.kinds import Role
from truceline.events.schema import EFFORTS, RELEASES, REPORTS, VERIFICATIONS
from truceline.store.base import Store
from truceline.web.app import create_app
from truceline.web.desk import Desk
from truceline.web.settings import ServiceSettings

COUNTS = ("read", "new", "repeated", "corrected", "rejected")


class Service:
    """A service with its store, for one test."""

    def __init__(self, client: httpx.Client, keys: dict[Role, str], desk: Desk) -> None:
        self.client, self.keys, self.desk = client, keys, desk

    def post(self, path: str, role: Role, **given: Any) -> httpx.Response:
        """Send something as a role."""
        headers = {**bearer(self.keys[role]), **given.pop("headers", {})}
        return self.client.post(path, headers=headers, **given)

    def send_rows(self, rows: Any, path: str = "/v1/reports", **params: Any) -> tuple[int, ...]:
        """Send rows as an observer and return what became of them."""
        answer = self.post(path, Role.observer, json=rows, params=params)
        assert answer.status_code == 200, answer.text
        return tuple(answer.json()[name] for name in COUNTS)

    def read(self) -> Store:
        """Return the store; the service keeps it open."""
        with self.desk.read() as store:
            return store


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """Give a service over an empty store."""
    keys = make_store(tmp_path / "m.duckdb")
    desk = Desk(str(tmp_path / "m.duckdb"))
    with serving(create_app("", ServiceSettings(rate_per_s=1e6, burst=10**6), desk=desk)) as client:
        yield Service(client, keys, desk)


def test_the_same_rows_are_taken_once_wherever_in_a_body_they_stand(service: Service) -> None:
    """Whoever is not sure sends again."""
    second = {**REPORT, "id": "2", "time": "2025-02-18T10:00"}
    assert service.send_rows([REPORT, second]) == (2, 2, 0, 0, 0)
    assert service.send_rows([REPORT, second]) == (2, 0, 2, 0, 0)
    assert service.send_rows([second, REPORT]) == (2, 0, 2, 0, 0)
    assert service.send_rows([{**second, "count": None}]) == (1, 0, 1, 0, 0)
    assert service.send_rows([{**second, "count": 3}]) == (1, 0, 0, 1, 0)
    assert len(service.read().read(REPORTS)) == 3


def test_rows_that_cannot_be_used_are_told_and_do_not_stop_the_others(service: Service) -> None:
    """By row, column, what was found and what to write."""
    rows = [REPORT, {"kind": "nonsense"}, {**REPORT, "id": "3", "time": "2999-01-01T00:00"}, {"id": "x"}]
    answer = service.post("/v1/reports", Role.observer, json=rows).json()
    assert [answer[name] for name in COUNTS] == [4, 1, 0, 0, 3]
    assert [(each["line"], each["where"]) for each in answer["rejects"]] == [
        (2, "kind"),
        (3, "time"),
        (4, "kind"),
    ]
    assert all(each["found"] and each["hint"] for each in answer["rejects"])


def test_a_dry_run_says_the_same_and_writes_nothing(service: Service) -> None:
    """Not even the import itself."""
    before = service.read().last_change()
    mistyped = service.post("/v1/reports", Role.observer, json=[REPORT], params={"dryrun": "true"})
    assert (mistyped.status_code, mistyped.json()["where"]) == (422, "dryrun")
    assert service.send_rows([REPORT, {"kind": "x"}], dry_run=True) == (2, 1, 0, 0, 1)
    assert service.read().last_change() == before
    assert service.send_rows([REPORT, {"kind": "x"}]) == (2, 1, 0, 0, 1)
    assert service.send_rows([REPORT], dry_run=True) == (1, 0, 1, 0, 0)


def test_csv_and_geojson_are_taken_too(service: Service) -> None:
    """A point of GeoJSON is the position; CSV is the form as a spreadsheet saves it."""
    table = b"\xef\xbb\xbfid;kind;time;lon;lat\r\n7;burst;2025-02-17T18:30;37.8;48.1\r\n"
    answer = service.post("/v1/reports", Role.observer, content=table, headers={"Content-Type": "text/csv"})
    assert answer.json()["new"] == 1, answer.text
    feature = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [37.5, 48.5]},
        "properties": {"id": "8", "kind": "shot", "time": "2025-02-17T18:30"},
    }
    body = {"type": "FeatureCollection", "features": [feature]}
    kind = {"Content-Type": "application/geo+json"}
    assert service.post("/v1/reports", Role.observer, json=body, headers=kind).json()["new"] == 1
    found = service.read().read(REPORTS)
    assert found["kind"].tolist() == ["burst", "shot"]
    assert (found["lon"].iloc[1], found["lat"].iloc[1]) == (37.5, 48.5)
    for wrong in (
        {"type": "FeatureCollection", "features": []},
        {"type": "Feature"},
        [body],
        {**body, "x": 1},
    ):
        assert service.post("/v1/reports", Role.observer, json=wrong, headers=kind).status_code == 422


def test_a_csv_file_that_is_wrong_as_a_whole_is_refused_whole(service: Service) -> None:
    """Unless the sender says to keep the rest."""
    table = b"kind,time,place\n" + b"nonsense,2025-02-17,Here\n" * 9 + b"shot,2025-02-17,Donetsk\n"
    headers = {"Content-Type": "text/csv"}
    refused = service.post("/v1/reports", Role.observer, content=table, headers=headers)
    assert refused.status_code == 422
    assert "keep_going=true" in refused.json()["try"]
    assert "upload" not in refused.text
    assert service.read().read(REPORTS).empty
    kept = service.post(
        "/v1/reports", Role.observer, content=table, headers=headers, params={"keep_going": "true"}
    )
    assert [kept.json()[name] for name in COUNTS] == [10, 1, 0, 0, 9]


def test_effort_is_taken_and_corrected(service: Service) -> None:
    """By post and start."""
    assert service.send_rows([EFFORT], "/v1/efforts") == (1, 1, 0, 0, 0)
    assert service.send_rows([EFFORT], "/v1/efforts") == (1, 0, 1, 0, 0)
    denied = {**EFFORT, "state": "denied", "cause": "side b"}
    assert service.send_rows([denied], "/v1/efforts") == (1, 0, 0, 1, 0)
    assert service.read().read_current(EFFORTS)["state"].tolist() == ["denied"]


def test_many_senders_at_once_lose_and_double_nothing(service: Service) -> None:
    """Each row is taken by exactly one of those who send it."""
    rows = [{**REPORT, "id": str(n), "time": f"2025-02-{1 + n % 28:02}T10:00"} for n in range(40)]
    taken: list[tuple[int, ...]] = []

    def send(part: int) -> None:
        taken.append(service.send_rows(rows[part * 5 : part * 5 + 10]))

    threads = [threading.Thread(target=send, args=(part,)) for part in range(7)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    assert len(taken) == 7
    assert sum(each[1] for each in taken) == 40
    assert sum(each[2] for each in taken) == 30
    assert len(service.read().read(REPORTS)) == 40


def test_decisions_are_the_use_cases_of_the_terminal(service: Service) -> None:
    """Linked and judged by rule, then decided by hand, released, taken back."""
    service.send_rows([REPORT, {**REPORT, "id": "2", "time": "2025-02-20T10:00"}])
    assert service.post("/v1/link", Role.verifier, json={}).json()["new_incidents"] == 2
    assert service.post("/v1/judge", Role.verifier, json={"why": "daily"}).json()["incidents"] == 2

    def decide(path: str, body: dict[str, Any], role: Role = Role.verifier) -> httpx.Response:
        return service.post(f"/v1/incidents/1/{path}", role, json=body)

    assert decide("verification", {"status": "verified", "why": "seen"}).json()["incident"] == 1
    side = {"aspect": "side", "value": "b", "p": 0.7, "basis": "crater", "why": "team"}
    assert decide("attribution", side).status_code == 200
    assert decide("attribution", {**side, "value": "mortar"}).status_code == 422
    assert decide("attribution", {**side, "p": 1.5}).status_code == 422
    assert decide("attribution", {**side, "why": "  "}).status_code == 422
    assert decide("release", {"level": "public", "why": "agreed"}, Role.editor).status_code == 200
    store = service.read()
    assert store.read_current(VERIFICATIONS).set_index("incident_id").loc[1, "status"] == "verified"
    assert store.read_current(RELEASES)["level"].tolist() == ["public"]
    assert decide("withdrawal", {"what": "verification", "why": "mistaken"}).status_code == 200
    assert decide("withdrawal", {"what": "verification", "why": "mistaken"}).status_code == 409
    unknown = {"agreement": "no-such", "clause": "x", "verdict": "violation", "why": "y"}
    assert decide("judgement", unknown).status_code == 409
    assert decide("merge", {"others": [2], "why": "the same"}).status_code == 200
    gone = service.post(
        "/v1/incidents/2/verification", Role.verifier, json={"status": "verified", "why": "y"}
    )
    assert gone.status_code == 409
    missing = service.post(
        "/v1/incidents/99/verification", Role.verifier, json={"status": "verified", "why": "y"}
    )
    assert (missing.status_code, missing.json()["where"]) == (404, "incident")
    moved = service.post("/v1/reports/2/incident", Role.verifier, json={"incident": None, "why": "another"})
    assert moved.status_code == 200
    assert (
        service.post("/v1/reports/77/incident", Role.verifier, json={"incident": 1, "why": "x"}).status_code
        == 404
    )


def test_words_that_no_database_keeps_are_refused_before_it(service: Service) -> None:
    """Control characters, half characters, words without end."""
    for why in ("a\x00b", "a\nb", "\x1b[31m", "x" * 501):
        answer = service.post("/v1/link", Role.verifier, json={"why": why})
        assert answer.status_code == 422, repr(why)
        assert (
            service.post("/v1/reports", Role.observer, json=[REPORT], params={"why": why}).status_code == 422
        )
    half = service.post(
        "/v1/link", Role.verifier, content=b'{"why": "\\ud800"}', headers={"Content-Type": "application/json"}
    )
    assert half.status_code == 422
    assert service.send_rows([{**REPORT, "text": "a\x00b", "place": "\U0001f600"}])[1] == 1
