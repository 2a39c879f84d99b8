"""The database goes and comes back under load: nothing acknowledged is lost, clients are told to retry."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from fault_kit import (
    NO_LIMITS,
    ROUNDS,
    Crowd,
    Desk,
    Watcher,
    check_imports,
    check_refusal,
    make_mission,
    tell_log,
    wait_for,
)
from postgis_server import PostGISServer
from service_process import running_service

N_ROUNDS = ROUNDS or 2
AWAY_S = 0.7
"""How long the database is away each time."""
BACK_WITHIN_S = 10.0
"""Within this time after the database answers again, the service must."""


def test_nothing_is_lost_and_clients_are_told_to_come_again(
    durable_server: PostGISServer, durable_address: str
) -> None:
    server, address = durable_server, durable_address
    key = make_mission(address)
    with running_service(address, *NO_LIMITS) as service:
        desks = [Desk(service, key, name) for name in ("north", "south")]
        watchers = [Watcher(service, key, path) for path in ("/readyz", "/collections/reports/items?limit=5")]
        with Crowd([*desks, *watchers]):
            for number in range(N_ROUNDS):
                wait_for_more(lambda: [len(each.acknowledged) for each in desks], by=2)
                # A desk whose file is being kept just then waits for the answer, and is told which.
                refused = later(lambda: [len(each.refusals) for each in watchers])
                server.stop(at_once=number % 2 == 1)
                time.sleep(AWAY_S)
                refused()
                server.start()
                wait_for_more(lambda: [each.n_answers for each in watchers], by=2, within_s=BACK_WITHIN_S)
                wait_for_more(lambda: [len(each.acknowledged) for each in desks], within_s=BACK_WITHIN_S)
        assert service.process.poll() is None, "the service ended with the database"
        assert not tell_log(service), tell_log(service)
    for client in (*desks, *watchers):
        for answer in client.refusals:
            check_refusal(answer)
    assert any(desk.refusals for desk in desks)
    assert not any(desk.n_cut_off for desk in desks)
    acknowledged = {label: n for desk in desks for label, n in desk.acknowledged.items()}
    assert len(acknowledged) >= 6 * N_ROUNDS
    check_imports(address, acknowledged, n_rows=desks[0].n_rows)


def wait_for_more(count: Callable[[], Sequence[int]], *, by: int = 1, within_s: float = 30.0) -> None:
    """Wait until each of several counts has risen."""
    later(count, by=by, within_s=within_s)()


def later(count: Callable[[], Sequence[int]], *, by: int = 1, within_s: float = 30.0) -> Callable[[], None]:
    """Look at several counts now, and return what waits until each has risen."""
    before = count()
    return lambda: wait_for(
        lambda: all(now >= was + by for now, was in zip(count(), before, strict=True)), within_s=within_s
    )
