"""Fixtures of the service's tests that want a database which keeps what it said it kept."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from postgis_server import NoServerError, PostGISServer


@pytest.fixture(scope="session")
def durable_server() -> Iterator[PostGISServer]:
    """Give a server that may be stopped and cut off; each test finds it running again."""
    pytest.importorskip("psycopg", reason="no psycopg here: pip install 'truceline[service]'")
    try:
        # What is acknowledged survives the end of the server; a power cut of the machine is not tried.
        made = PostGISServer(settings={"synchronous_commit": "on"})
    except NoServerError as error:
        pytest.skip(str(error))
    yield made
    made.remove()


@pytest.fixture
def durable_address(durable_server: PostGISServer) -> str:
    """Give an address on it where a store can be made."""
    durable_server.start()
    return durable_server.new_address()
