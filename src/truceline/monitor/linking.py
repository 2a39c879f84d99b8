"""Link what is new in a store: new reports to incidents, known or new, in one change.

What was linked stays where it is, and decisions by hand are never overridden. Running it twice writes
nothing the second time. Incidents are never merged here: pairs that a new report bridges are returned for
review. Totals and other reports that are no single event are left alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from truceline.events.incidents import SUMMARY_COLUMNS
from truceline.events.linkage import Linkage, Suggestion, is_linkable, link
from truceline.events.pairs import LinkageSettings, default_settings
from truceline.events.schema import LINKS, REPORTS
from truceline.monitor.past_links import past_of, read_links, read_reports, refresh_incidents, unlinked
from truceline.store.base import Change, Selection, Store

if TYPE_CHECKING:
    import pandas as pd

Tell = Callable[[str, float], None]
"""Told what is being done and which share of the whole is done."""

_FIRST_DRAFT = 1 << 40
"""Number of the first new incident until the store has given out real ones."""


@dataclass(frozen=True)
class LinkSummary:
    """What became of the reports that had no link."""

    n_reports: int
    """Reports newly linked."""
    n_incidents: int
    """New incidents."""
    n_joined: int
    """Of the reports, those that joined an incident known before."""
    n_repeats: int
    """Reports that repeat another one exactly."""
    suggestions: tuple[Suggestion, ...]
    """Pairs of incidents that may be one: merge them by hand, or leave them."""
    change_id: int | None
    """The change; None where there was nothing to do."""


def link_reports(
    store: Store,
    *,
    who: str,
    why: str = "",
    since: datetime | None = None,
    settings: LinkageSettings | None = None,
    progress: Tell | None = None,
) -> LinkSummary:
    """Link all reports of a store that have no link, or those that end at `since` (UTC) or later.

    Raises StoreError where the store cannot be written.
    """
    settings = settings or default_settings()
    tell = progress or (lambda _what, _share: None)
    window = _find_window(store, since, settings)
    if window is None:
        return LinkSummary(0, 0, 0, 0, (), None)
    with store.change(who=who, what="link", why=why) as change:
        tell("read", 0.0)
        links = read_links(store)
        reports = store.read_current(REPORTS, window, columns=SUMMARY_COLUMNS)
        if since is not None:
            reports = _without_older(reports, links, since)
        ids = reports["report_id"].to_numpy(dtype=np.int64)
        earlier = reports["supersedes"].dropna().to_numpy(dtype=np.int64)
        past = past_of(store, links, np.union1d(ids, earlier), earlier)
        tell("read", 1.0)
        linkage = link(reports, past=past, first_incident=_FIRST_DRAFT, settings=settings, progress=tell)
        made = _with_numbers(change, linkage)
        tell("write", 0.0)
        change.append(LINKS, made)
        _summarise(store, change, reports, links, made)
        change.note(
            {
                "links": len(made),
                "new_incidents": linkage.n_new_incidents,
                "joined": linkage.n_joined,
                "repeats": linkage.n_repeats,
                "suggestions": [
                    [each.incident, each.other, round(each.score, 2)] for each in linkage.suggestions
                ],
            }
        )
        number = change.change_id
    tell("write", 1.0)
    return LinkSummary(
        len(made), linkage.n_new_incidents, linkage.n_joined, linkage.n_repeats, linkage.suggestions, number
    )


def _find_window(store: Store, since: datetime | None, settings: LinkageSettings) -> Selection | None:
    """Return the period of the reports to link with their possible partners; None where there are none."""
    columns = ("report_id", "time_from", "time_to", "kind")
    reports = store.read_current(REPORTS, Selection(since=since), columns=columns)
    reports = reports[is_linkable(reports)]
    links = read_links(store)
    fresh = reports[unlinked(links, reports["report_id"].to_numpy(dtype=np.int64))]
    if fresh.empty:
        return None
    pad = timedelta(days=settings.value("search_days") + 1.0)
    last = fresh["time_to"].fillna(fresh["time_from"]).max().to_pydatetime()
    return Selection(since=fresh["time_from"].min().to_pydatetime() - pad, until=last + pad)


def _without_older(reports: pd.DataFrame, links: pd.DataFrame, since: datetime) -> pd.DataFrame:
    """Return reports without those that end before `since` and have no link: they were not asked for."""
    ends = reports["time_to"].fillna(reports["time_from"])
    fresh = unlinked(links, reports["report_id"].to_numpy(dtype=np.int64))
    return reports[~(fresh & (ends < since).to_numpy(dtype=bool))].reset_index(drop=True)


def _with_numbers(change: Change, linkage: Linkage) -> pd.DataFrame:
    """Return the links with numbers of incidents that the store gives out."""
    made = linkage.links
    incident = made["incident_id"].to_numpy(dtype=np.int64)
    is_new = incident >= _FIRST_DRAFT
    first = change.reserve("incident", linkage.n_new_incidents)
    ranks = np.unique(incident[is_new], return_inverse=True)[1]
    incident = incident.copy()
    incident[is_new] = first + ranks
    return made.assign(incident_id=incident)


def _summarise(
    store: Store, change: Change, reports: pd.DataFrame, links: pd.DataFrame, made: pd.DataFrame
) -> None:
    """Write the incidents that got reports, from all their current reports wherever in time."""
    import pandas as pd

    of = links["incident_id"].to_numpy(dtype=np.int64, na_value=-1)
    # An incident that a corrected report has left is summed up anew as well.
    is_made = reports["report_id"].isin(made["report_id"].to_numpy(dtype=np.int64)).to_numpy(dtype=bool)
    earlier = reports["supersedes"][is_made].dropna().to_numpy(dtype=np.int64)
    left = of[np.isin(links["report_id"].to_numpy(dtype=np.int64), earlier) & (of >= 0)]
    touched = np.union1d(made["incident_id"].to_numpy(dtype=np.int64), left)
    older = links[np.isin(of, touched)]
    names = ["report_id", "incident_id"]
    all_links = pd.concat([older[names], made[names].astype("Int64")], ignore_index=True)
    ids = older["report_id"].to_numpy(dtype=np.int64)
    beyond = ids[~np.isin(ids, reports["report_id"].to_numpy(dtype=np.int64))]
    if len(beyond):
        reports = pd.concat([reports, read_reports(store, beyond)], ignore_index=True)
    refresh_incidents(change, reports, all_links)
