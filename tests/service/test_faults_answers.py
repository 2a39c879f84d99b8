"""What a client is told when the store cannot do its work says what became of the request."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from fastapi import FastAPI
from fault_kit import check_refusal

from truceline.errors import Problem
from truceline.store.base import Store, StoreFullError, StoreUnavailableError, UnknownOutcomeError
from truceline.web.app import create_app
from truceline.web.desk import Desk
from truceline.web.settings import ServiceSettings

ANSWERS = {
    StoreUnavailableError: ("the store does not answer just now", "nothing of this request was kept"),
    StoreFullError: ("there is no room left where the store is kept", "nothing of this request was kept"),
    UnknownOutcomeError: ("the store went away before it said whether this was kept", "never taken twice"),
}


@pytest.mark.parametrize("kind", ANSWERS, ids=lambda kind: kind.__name__)
def test_a_client_is_told_what_became_of_its_request(kind: type[StoreUnavailableError]) -> None:
    def fail() -> Store:
        raise kind("store", [Problem("postgresql://127.0.0.1/mission", "psycopg says no", "")])

    app = create_app("", ServiceSettings(open=True), desk=Desk("", opener=fail))
    problem, hint = ANSWERS[kind]
    for answer in asyncio.run(ask_twice(app)):  # the second one is told so without another look
        check_refusal(answer)
        assert answer.json()["problem"] == problem
        assert hint in answer.json()["try"]


async def ask_twice(app: FastAPI) -> list[httpx.Response]:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        return [await client.get("/collections/incidents/items") for _ in range(2)]
