"""Who may do what: keys, roles, levels, and the name under which everything is written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from service_app import REPORT, bearer, make_store, serving

from truceline.events.kinds import Role
from truceline.events.schema import CHANGES
from truceline.monitor.tokens import revoke_token
from truceline.store.open import open_store
from truceline.web.app import create_app
from truceline.web.settings import ServiceSettings

NEEDS = {
    ("POST", "/v1/reports"): Role.observer,
    ("POST", "/v1/efforts"): Role.observer,
    ("POST", "/v1/incidents/1/verification"): Role.verifier,
    ("POST", "/v1/incidents/1/attribution"): Role.verifier,
    ("POST", "/v1/incidents/1/judgement"): Role.verifier,
    ("POST", "/v1/incidents/1/withdrawal"): Role.verifier,
    ("POST", "/v1/incidents/1/merge"): Role.verifier,
    ("POST", "/v1/reports/1/incident"): Role.verifier,
    ("POST", "/v1/link"): Role.verifier,
    ("POST", "/v1/judge"): Role.verifier,
    ("POST", "/v1/incidents/1/release"): Role.editor,
    ("GET", "/v1/tokens"): Role.admin,
    ("POST", "/v1/tokens"): Role.admin,
    ("POST", "/v1/tokens/9/revocation"): Role.admin,
    ("GET", "/audit"): Role.admin,
}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[Role | str, str]:
    """Give a key for each role, and the path of their store as `store`."""
    path = tmp_path_factory.mktemp("access") / "m.duckdb"
    return {**make_store(path), "store": str(path)}


@pytest.fixture(scope="module")
def client(keys: dict[Role | str, str]) -> Iterator[httpx.Client]:
    """Give a client of a service over that store."""
    settings = ServiceSettings(rate_per_s=1e6, burst=10_000, key_cache_s=0.2)
    with serving(create_app(keys["store"], settings)) as made:
        yield made


@pytest.mark.parametrize(("method", "path"), NEEDS)
def test_each_route_lets_in_the_roles_it_is_for_and_no_others(
    client: httpx.Client, keys: dict[Role | str, str], method: str, path: str
) -> None:
    """Roles are cumulative; an empty body is refused only after the role was looked at."""
    needs = list(Role).index(NEEDS[method, path])
    for at, role in enumerate(Role):
        status = client.request(method, path, headers=bearer(keys[role])).status_code
        assert (status == 403) == (at < needs), (role, status)
        assert status not in (401, 500)


def test_every_route_that_writes_is_in_the_list_above(keys: dict[Role | str, str]) -> None:
    """A new one without a role would not go unnoticed."""
    described = create_app(keys["store"]).openapi()["paths"]
    made = {(method.upper(), path) for path, each in described.items() for method in each if method != "get"}
    tested = {
        (method, path.replace("/1/", "/{incident}/").replace("/9/", "/{token}/"))
        for method, path in NEEDS
        if method != "GET"
    }
    assert {(m, p.replace("reports/{report}", "reports/{incident}")) for m, p in made} == tested


def test_without_a_key_nothing_is_answered_but_health(client: httpx.Client) -> None:
    """And the answer says how to show one."""
    for (method, path), _ in NEEDS.items():
        answer = client.request(method, path)
        assert answer.status_code == 401, path
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert client.get("/collections").status_code == 401
    assert client.get("/healthz").json() == {"ok": True}


@pytest.mark.parametrize(
    "header", ["Bearer nonsense", "Bearer", "Basic YTpi", "Bearer truceline_1_" + "a" * 43, "Bearer \u00e9"]
)
def test_a_key_that_is_not_good_is_refused_even_where_the_service_is_open(
    keys: dict[Role | str, str], header: str
) -> None:
    """Whoever shows a key means to be known by it."""
    app = create_app(keys["store"], ServiceSettings(open=True))
    with serving(app) as client:
        answer = client.get("/collections", headers=[(b"Authorization", header.encode("latin-1"))])
        assert answer.status_code == 401
        assert client.get("/collections").status_code == 200
        assert client.get("/audit").status_code == 401
        assert client.post("/v1/reports", json=[REPORT]).status_code == 401


def test_a_key_in_the_address_is_no_key(client: httpx.Client, keys: dict[Role | str, str]) -> None:
    """Addresses end up in logs and histories."""
    for name in ("token", "key", "access_token", "Authorization"):
        assert client.get("/audit", params={name: keys[Role.admin]}).status_code in (401, 422)
    assert client.get("/audit", headers={"Cookie": f"Authorization={keys[Role.admin]}"}).status_code == 401


def test_everything_is_written_under_the_holders_name_with_the_number_of_the_token(
    client: httpx.Client, keys: dict[Role | str, str]
) -> None:
    """The audit shows it; a body cannot name anybody else."""
    sent = client.post(
        "/v1/reports", json=[REPORT], params={"why": "patrol"}, headers=bearer(keys[Role.observer])
    )
    assert sent.json()["new"] == 1, sent.text
    found = client.get("/audit", params={"what": "import"}, headers=bearer(keys[Role.admin])).json()[
        "changes"
    ][-1]
    assert (found["who"], found["why"]) == ("desk-observer", "patrol")
    assert found["details"]["token"] == 2
    body = {"status": "verified", "why": "seen", "who": "somebody else"}
    refused = client.post("/v1/incidents/1/verification", json=body, headers=bearer(keys[Role.verifier]))
    assert refused.status_code == 422
    assert refused.json()["where"] == "body.who"
    named = client.post(
        "/v1/reports", json=[REPORT], params={"who": "x"}, headers=bearer(keys[Role.observer])
    )
    assert (named.status_code, named.json()["where"]) == (422, "who")
    last = client.get("/audit", params={"limit": 1000}, headers=bearer(keys[Role.admin])).json()["changes"][
        -1
    ]
    assert last["who"] == "desk-observer"


def test_the_audit_is_paged_and_whole(client: httpx.Client, keys: dict[Role | str, str]) -> None:
    """Every change, once, in order."""
    found, after = [], 0
    while after is not None:
        page = client.get(
            "/audit", params={"limit": 2, "after": after}, headers=bearer(keys[Role.admin])
        ).json()
        found += [each["change"] for each in page["changes"]]
        after = page["next"]
    assert found == list(range(1, max(found) + 1))
    assert len(found) > 5


def test_a_key_given_out_over_http_works_and_ends_at_once_when_it_is_revoked(
    client: httpx.Client, keys: dict[Role | str, str]
) -> None:
    """Its holder stays in the list."""
    admin = bearer(keys[Role.admin])
    made = client.post(
        "/v1/tokens", json={"holder": "OP-9", "role": "observer", "level": "parties"}, headers=admin
    )
    assert made.status_code == 201
    number, key = made.json()["token"], made.json()["key"]
    assert client.post("/v1/reports", json=[REPORT], headers=bearer(key)).status_code == 200
    gone = client.post(f"/v1/tokens/{number}/revocation", json={"why": "lost"}, headers=admin)
    assert gone.json()["state"] == "revoked"
    refused = client.post("/v1/reports", json=[REPORT], headers=bearer(key))
    assert (refused.status_code, refused.json()["problem"]) == (401, "is a key that was revoked")
    assert (
        client.post(f"/v1/tokens/{number}/revocation", json={"why": "lost"}, headers=admin).status_code == 409
    )
    assert client.post("/v1/tokens/999/revocation", json={"why": "lost"}, headers=admin).status_code == 404
    listed = client.get("/v1/tokens", headers=admin)
    assert key not in listed.text
    assert [each["state"] for each in listed.json()["tokens"] if each["token"] == number] == ["revoked"]


def test_a_key_revoked_elsewhere_ends_within_seconds(tmp_path: Path) -> None:
    """As long as good keys are remembered, and no longer."""
    keys = make_store(tmp_path / "m.duckdb")
    app = create_app(str(tmp_path / "m.duckdb"), ServiceSettings(key_cache_s=0.05))
    with serving(app) as client:
        assert client.get("/audit", headers=bearer(keys[Role.admin])).status_code == 200
        with open_store(tmp_path / "m.duckdb", writing=True) as store:  # the same process may
            revoke_token(store, 5, who="tester", why="test")
            assert store.read(CHANGES)["what"].iloc[-1] == "revoke token"
        import time

        time.sleep(0.06)
        assert client.get("/audit", headers=bearer(keys[Role.admin])).status_code == 401
