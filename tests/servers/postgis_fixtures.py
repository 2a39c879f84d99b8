"""Fixtures of the PostGIS server: one for a session (and worker), an address of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from postgis_server import NoServerError, PostGISServer


@pytest.fixture(scope="session")
def postgis_server() -> Iterator[PostGISServer]:
    """Give a running server, or skip and say what is missing."""
    pytest.importorskip("psycopg", reason="no psycopg here: pip install 'truceline[service]'")
    try:
        server = PostGISServer()
    except NoServerError as error:
        pytest.skip(str(error))
    yield server
    server.remove()


@pytest.fixture
def postgis_address(postgis_server: PostGISServer) -> str:
    """Give an address where a store can be made."""
    postgis_server.start()
    return postgis_server.new_address()
