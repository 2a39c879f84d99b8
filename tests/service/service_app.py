"""The service inside the test's own process, on a real socket: its clock, store and limits are the test's."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import uvicorn
from fastapi import FastAPI

from truceline.events.kinds import Role
from truceline.monitor.mission import load_mission, write_mission
from truceline.monitor.tokens import add_token
from truceline.store.open import create_store
from truceline.web.server import Listening, QuietServer, bind, protocol_for

REPORT = {
    "id": "1",
    "kind": "explosion",
    "time": "2025-02-17T18:30",
    "lon": 37.8,
    "lat": 48.1,
    "means": "post",
    "observation": "heard",
    "source": "Post 12",
}
"""A row that can be used."""
EFFORT = {
    "means": "camera",
    "post": "Camera 3",
    "time_from": "2025-02-17T00:00",
    "time_to": "2025-02-17T14:10",
    "state": "watched",
}


def now() -> datetime:
    """Return the present, UTC without zone."""
    return datetime.now(UTC).replace(tzinfo=None)


def make_store(path: Path) -> dict[Role, str]:
    """Make a store with a mission and a key for each role; return the keys."""
    keys = {}
    with create_store(path) as store:
        with store.change(who="tester", what="init") as change:
            write_mission(change, load_mission("ukraine-2025"))
        for role in Role:
            _, keys[role] = add_token(
                store,
                holder=f"desk-{role}",
                role=role,
                now=now(),
                expires=now() + timedelta(days=1),
                who="tester",
            )
    return keys


def bearer(key: str) -> dict[str, str]:
    """Return the header that shows a key."""
    return {"Authorization": f"Bearer {key}"}


@contextmanager
def serving(app: FastAPI) -> Iterator[httpx.Client]:
    """Serve an app on a free port, and give a client for it."""
    bound = bind(Listening(port=0))
    config = uvicorn.Config(
        app,
        http=protocol_for(app.state.settings),
        loop="asyncio",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=5,
    )
    ready = threading.Event()
    server = QuietServer(config, on_ready=ready.set, stop_s=5)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
    thread.start()
    try:
        assert ready.wait(20), "the service did not start"
        with httpx.Client(base_url=f"http://127.0.0.1:{bound.getsockname()[1]}", timeout=30) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(20)
        bound.close()
