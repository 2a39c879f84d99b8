"""Pull the submissions of the field form from a server into a store: what is new since the last time.

The next pull goes on where the server's own clock stood in what came last, less an overlap; what came before
changes nothing. KoBoToolbox does not say when a submission was edited: all of it is asked for each time,
unless a first day is given. Fetching needs no store: nobody is kept from writing while a server is slow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from truceline.events.feeds.odk_records import read_json
from truceline.exchange.odata import (
    Address,
    Fetched,
    Limits,
    ServerKind,
    fetch_submissions,
    make_headers,
    read_address,
)
from truceline.monitor.submissions import TakenSubmissions, find_start, newest_moment, take_submissions
from truceline.store.base import Store

DEFAULT_LIMITS = Limits()


@dataclass(frozen=True)
class Pull:
    """What is to be asked of which server."""

    address: Address
    since: datetime | None
    """First moment, by the server's clock, UTC without zone; None for everything."""
    goes_on: bool
    """Whether the next pull may go on where this one ends: not where a first day was asked for."""


def plan_pull(store: Store, url: str, *, kind: str = "", since: datetime | None = None) -> Pull:
    """Return what to ask: from `since` (UTC), else from where the last pull of it ended.

    Raises FetchError for an address that is none, or may not be asked.
    """
    address = read_address(url, kind)
    if since is not None:
        return Pull(address, since, goes_on=False)
    return Pull(
        address, find_start(store, address.url) if address.kind is ServerKind.odk else None, goes_on=True
    )


def fetch_pull(pull: Pull, environment: Mapping[str, str], *, limits: Limits = DEFAULT_LIMITS) -> Fetched:
    """Return what the server answers; FetchError where it fails, or the environment does not let us in."""
    headers = make_headers(pull.address.kind, environment)
    return fetch_submissions(pull.address, headers=headers, since=pull.since, limits=limits)


def take_pull(
    store: Store,
    pull: Pull,
    fetched: Fetched,
    *,
    who: str,
    now: datetime,
    why: str = "",
    dry_run: bool = False,
) -> TakenSubmissions:
    """Take what came as one change; see `submissions.take_submissions`."""
    records = [read_json(number, each) for number, each in enumerate(fetched.records, start=1)]
    newest = newest_moment(records)
    return take_submissions(
        store,
        records,
        source=pull.address.url,
        digest=fetched.digest,
        who=who,
        now=now,
        why=why,
        dry_run=dry_run,
        through=(pull.address.url, newest) if newest is not None and pull.goes_on else None,
    )
