"""Fetching from a server that behaves, and from one that does not: nothing is taken on trust."""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import Any

import pytest
from field_kit import PATH, TOKEN, Answer, Handler, StandIn, as_kobo, edited, serve, submission

from truceline.exchange.odata import (
    Address,
    Fetched,
    FetchError,
    Limits,
    ServerKind,
    fetch_submissions,
    make_headers,
    read_address,
)

ENVIRONMENT = {"TRUCELINE_ODK_TOKEN": TOKEN}
QUICK = Limits(waits=(0.0, 0.0), silence_seconds=2.0, seconds=10.0)
CENTRAL = "https://central.example.org/v1/projects/1/forms/truceline_field.svc"


def fetch(
    stand_in: StandIn,
    *,
    limits: Limits = QUICK,
    page_size: int = 250,
    since: datetime | None = None,
    environment: dict[str, str] = ENVIRONMENT,
    url: str = "",
) -> Fetched:
    address = read_address(url or stand_in.url)
    headers = make_headers(address.kind, environment)
    return fetch_submissions(address, headers=headers, limits=limits, page_size=page_size, since=since)


def told(error: pytest.ExceptionInfo[FetchError]) -> str:
    return str(error.value)


def test_every_page_is_fetched_once_and_in_order() -> None:
    records = [submission(f"s{number}") for number in range(7)]
    with serve(records) as stand_in:
        found = fetch(stand_in, page_size=3)
    assert [each["__id"] for each in found.records] == [each["__id"] for each in records]
    assert found.n_pages == 4  # three of what is there, and one of what was deleted
    assert stand_in.asked[0]["$expand"] == "*"


def test_what_was_deleted_at_the_source_comes_too() -> None:
    gone = submission("gone", "camera")
    gone["__system"]["deletedAt"] = "2025-03-02T00:00:00.000Z"
    with serve([submission("here"), gone]) as stand_in:
        assert [each["__id"] for each in fetch(stand_in).records] == ["uuid:here", "uuid:gone"]


def test_a_server_that_knows_no_deleted_ones_is_told_of() -> None:
    def older(_: StandIn, handler: Handler, query: dict[str, str]) -> bool:
        if "deletedAt" in query.get("$filter", ""):
            handler.say({"code": 501.5}, 501)
            return True
        return False

    with serve([submission("here")], older) as stand_in:
        found = fetch(stand_in)
    assert len(found.records) == 1
    assert found.told == ("the server does not tell which submissions it deleted",)


def test_only_what_is_new_is_asked_for() -> None:
    old, new = submission("old"), edited(submission("new"), 3)
    with serve([old, new]) as stand_in:
        found = fetch(stand_in, since=datetime(2025, 3, 1, 12))
    assert [each["__id"] for each in found.records] == ["uuid:new"]
    assert stand_in.asked[0]["$filter"] == (
        "__system/submissionDate ge 2025-03-01T12:00:00.000Z or "
        "__system/updatedAt ge 2025-03-01T12:00:00.000Z"
    )


def test_the_other_kind_of_server_is_asked_in_its_own_way() -> None:
    records = [as_kobo(submission(f"s{number}")) for number in range(5)]
    with serve(records) as stand_in:
        url = f"{stand_in.address}/api/v2/assets/aBcD"
        found = fetch(stand_in, url=url, page_size=2, since=datetime(2025, 3, 1))
    assert len(found.records) == 5
    assert json.loads(stand_in.asked[0]["query"]) == {"_submission_time": {"$gte": "2025-03-01T00:00:00"}}


def test_a_wrong_token_says_which_variable_to_look_at() -> None:
    with serve([]) as stand_in, pytest.raises(FetchError) as error:
        fetch(stand_in, environment={"TRUCELINE_ODK_TOKEN": "a-secret-that-is-wrong"})
    assert "status 401" in told(error)
    assert "TRUCELINE_ODK_TOKEN" in told(error)
    assert "a-secret-that-is-wrong" not in told(error)
    assert len(stand_in.asked) == 1  # a wrong key is not tried again


@pytest.mark.parametrize("next_page", ["http://127.0.0.2:1/x", "https://evil.example.org/", 7, "http://[bad"])
def test_a_next_page_elsewhere_is_refused(next_page: Any) -> None:
    def astray(_: StandIn, handler: Handler, __: dict[str, str]) -> bool:
        handler.say({"value": [], "@odata.nextLink": next_page})
        return True

    with serve([], astray) as stand_in, pytest.raises(FetchError, match="on another host"):
        fetch(stand_in)
    assert len(stand_in.asked) == 1


def test_a_redirect_is_not_followed_with_our_token() -> None:
    def moved(_: StandIn, handler: Handler, __: dict[str, str]) -> bool:
        handler.send_response(302)
        handler.send_header("Location", "http://127.0.0.1:1/elsewhere")
        handler.end_headers()
        return True

    with serve([], moved) as stand_in, pytest.raises(FetchError, match="sends us elsewhere"):
        fetch(stand_in)


def failing(times: int, status: int = 503) -> Answer:
    def answer(stand_in: StandIn, handler: Handler, _: dict[str, str]) -> bool:
        if len(stand_in.asked) <= times:
            handler.say({"message": "busy"}, status)
            return True
        return False

    return answer


def test_a_server_that_fails_twice_is_asked_three_times() -> None:
    with serve([submission("here")], failing(2)) as stand_in:
        assert len(fetch(stand_in).records) == 1


def test_a_server_that_goes_on_failing_is_told() -> None:
    with serve([], failing(99, 500)) as stand_in, pytest.raises(FetchError) as error:
        fetch(stand_in)
    assert "status 500 after 3 tries" in told(error)
    assert "nothing was taken" in told(error)
    assert len(stand_in.asked) == 3


def test_a_server_that_is_not_there_is_told() -> None:
    with serve([]) as stand_in:
        pass
    with pytest.raises(FetchError, match="check the address and the network"):
        fetch(stand_in)


def test_a_silent_server_is_left_after_a_while() -> None:
    def silent(_: StandIn, __: Handler, ___: dict[str, str]) -> bool:
        time.sleep(1.0)
        return True

    began = time.monotonic()
    with serve([], silent) as stand_in:
        with pytest.raises(FetchError, match="timed out"):
            fetch(stand_in, limits=Limits(waits=(), silence_seconds=0.2))
        assert time.monotonic() - began < 0.9


def test_a_server_that_drips_is_stopped_by_the_clock() -> None:
    def drip(_: StandIn, handler: Handler, __: dict[str, str]) -> bool:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000000")
        handler.end_headers()
        for _ in range(40):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.05)
        return True

    began = time.monotonic()
    with serve([], drip) as stand_in:
        with pytest.raises(FetchError, match=r"takes longer than 0\.3 s"):
            fetch(stand_in, limits=Limits(waits=(), seconds=0.3))
        assert time.monotonic() - began < 1.5


def test_pages_without_end_are_left() -> None:
    def endless(stand_in: StandIn, handler: Handler, _: dict[str, str]) -> bool:
        page = f"{stand_in.address}{PATH}/Submissions?$skiptoken={len(stand_in.asked)}"
        handler.say({"value": [submission("again")], "@odata.nextLink": page})
        return True

    with serve([], endless) as stand_in, pytest.raises(FetchError, match="more than 20 pages"):
        fetch(stand_in, limits=Limits(waits=(), pages=20))
    assert len(stand_in.asked) == 20


def test_pages_that_go_round_are_left() -> None:
    def round_and_round(stand_in: StandIn, handler: Handler, _: dict[str, str]) -> bool:
        handler.say({"value": [], "@odata.nextLink": f"{stand_in.address}{PATH}/Submissions?$skiptoken=1"})
        return True

    with serve([], round_and_round) as stand_in, pytest.raises(FetchError, match="the same page again"):
        fetch(stand_in)
    assert len(stand_in.asked) == 2


@pytest.mark.parametrize(
    ("limits", "found"),
    [
        (Limits(waits=(), page_bytes=20_000), "more than 0.02 MB in one page"),
        (Limits(waits=(), total_bytes=30_000), "more than 0.03 MB"),
    ],
)
def test_more_bytes_than_bounded_are_not_read(limits: Limits, found: str) -> None:
    records = [submission(f"s{number}", team="x" * 500) for number in range(40)]
    with serve(records) as stand_in, pytest.raises(FetchError, match=found):
        fetch(stand_in, limits=limits, page_size=10 if "one page" not in found else 40)


def test_a_packed_answer_is_not_unpacked() -> None:
    def packed(_: StandIn, handler: Handler, __: dict[str, str]) -> bool:
        handler.send_response(200)
        handler.send_header("Content-Encoding", "gzip")
        handler.send_header("Content-Length", "3")
        handler.end_headers()
        handler.wfile.write(b"\x1f\x8b\x08")
        return True

    with serve([], packed) as stand_in, pytest.raises(FetchError, match="packs its answer"):
        fetch(stand_in)


@pytest.mark.parametrize(
    "body",
    [
        b"<html>log in</html>",
        b"",
        b"[" * 200_000,
        b'{"value": 3}',
        b'{"other": []}',
        b"[]",
        b"\xff\xfe\x00",
        b"null",
    ],
)
def test_an_answer_that_is_none_is_refused(body: bytes) -> None:
    def wrong(_: StandIn, handler: Handler, __: dict[str, str]) -> bool:
        handler.say(body)
        return True

    with serve([], wrong) as stand_in, pytest.raises(FetchError, match="nothing was taken"):
        fetch(stand_in)


def test_a_connection_cut_short_is_refused() -> None:
    def cut(_: StandIn, handler: Handler, __: dict[str, str]) -> bool:
        handler.send_response(200)
        handler.send_header("Content-Length", "5000")
        handler.end_headers()
        handler.wfile.write(b'{"value": [')
        return True

    with serve([], cut) as stand_in, pytest.raises(FetchError, match="nothing was taken"):
        fetch(stand_in)


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("http://central.example.org/v1/projects/1/forms/f.svc", "is not encrypted"),
        ("https://user:word@central.example.org/v1/projects/1/forms/f.svc", "holds a user or a password"),
        ("ftp://central.example.org/f.svc", "is no address of a server"),
        ("https:///f.svc", "is no address of a server"),
        ("https://central.example.org:99999/f.svc", "is no address of a server"),
        ("https://[bad/f.svc", "is no address of a server"),
        ("https://central.example.org/a b.svc", "is no address of a server"),
        (f"{CENTRAL}?$top=1", "holds a query"),
        ("https://central.example.org/", "is not where submissions are"),
    ],
)
def test_an_address_that_may_not_be_asked_is_refused_before_anything_is_sent(url: str, found: str) -> None:
    with pytest.raises(FetchError, match=found) as error:
        read_address(url)
    assert "word" not in told(error).replace("password", "")


@pytest.mark.parametrize("url", [CENTRAL, f"{CENTRAL}/", f"{CENTRAL}/Submissions"])
def test_an_address_is_understood_as_a_person_copies_it(url: str) -> None:
    assert read_address(url) == Address(ServerKind.odk, f"{CENTRAL}/Submissions")


def test_the_other_kind_of_server_is_known_by_its_address() -> None:
    kobo = "https://kf.example.org/api/v2/assets/aBcD"
    wanted = Address(ServerKind.kobo, f"{kobo}/data/")
    assert read_address(kobo) == read_address(f"{kobo}/data/") == read_address(kobo, "kobo") == wanted
    with pytest.raises(FetchError, match="is no server we know"):
        read_address(kobo, "other")


def test_credentials_come_from_the_environment() -> None:
    assert make_headers(ServerKind.odk, {}) == {}
    assert make_headers(ServerKind.odk, ENVIRONMENT) == {"Authorization": f"Bearer {TOKEN}"}
    assert make_headers(ServerKind.kobo, ENVIRONMENT) == {"Authorization": f"Token {TOKEN}"}
    pair = {"TRUCELINE_ODK_USER": "desk@example.org", "TRUCELINE_ODK_PASSWORD": "x"}
    assert make_headers(ServerKind.odk, pair) == {"Authorization": "Basic ZGVza0BleGFtcGxlLm9yZzp4"}
    with pytest.raises(FetchError, match="TRUCELINE_ODK_PASSWORD"):
        make_headers(ServerKind.odk, {"TRUCELINE_ODK_USER": "desk@example.org"})
    with pytest.raises(FetchError, match="is no token"):
        make_headers(ServerKind.odk, {"TRUCELINE_ODK_TOKEN": "a\r\nHost: b"})
