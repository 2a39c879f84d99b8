"""What must be done before a day can be reported: reports to link, incidents to judge, a cut-off to come.

A report over a backlog would say "none recorded" of what lies unread in the store. Reads only.
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import NamedTuple

import numpy as np

from truceline.errors import Problem, ProblemList
from truceline.events.linkage import is_linkable
from truceline.events.schema import INCIDENTS, REPORTS
from truceline.monitor.judging import list_unjudged
from truceline.monitor.mission import Mission
from truceline.monitor.past_links import read_links, unlinked
from truceline.store.base import Selection, Store, StoreError


class Backlog(NamedTuple):
    """What of a period has not been worked through."""

    n_unlinked: int
    """Reports that are part of no incident yet."""
    n_unjudged: int
    """Incidents new or changed since everything was last judged."""

    def problems(self, where: str) -> tuple[Problem, ...]:
        """Return what stands between the period and its report."""
        found = ProblemList()
        if self.n_unlinked:
            found.add(where, f"{self.n_unlinked:,} reports of the period are not linked", "run monitor link")
        if self.n_unjudged:
            found.add(
                where, f"{self.n_unjudged:,} incidents of the period are not judged", "run monitor judge"
            )
        return found.problems


def find_backlog(store: Store, since: datetime, until: datetime) -> Backlog:
    """Return what of a period (UTC without zone) waits to be linked and judged."""
    columns = ("report_id", "time_from", "time_to", "kind")
    reports = store.read_current(REPORTS, Selection(since=since, until=until), columns=columns)
    reports = reports[is_linkable(reports)]
    ids = reports["report_id"].to_numpy(dtype=np.int64)
    fresh = unlinked(read_links(store, ids), ids)
    incidents = store.read_current(
        INCIDENTS, Selection(since=since, until=until), columns=("incident_id", "merged_into")
    )
    standing = incidents.loc[incidents["merged_into"].isna(), "incident_id"].to_numpy(dtype=np.int64)
    return Backlog(int(fresh.sum()), int(np.isin(standing, list_unjudged(store)).sum()))


def check_ready(store: Store, mission: Mission, day: date, n_days: int, now: datetime) -> None:
    """Raise StoreError with everything that forbids issuing the report of some days.

    The cut-off must have passed at `now` (UTC without zone), and nothing of the period may wait.
    """
    since, until = mission.period(datetime.combine(day, time()), n_days=n_days)
    found = ProblemList()
    if until > now:
        hint = "wait for it, or write a draft with --draft"
        found.add(f"{day}", f"its cut-off at {until:%Y-%m-%d %H:%M} UTC has not come yet", hint)
    found.extend(find_backlog(store, since, until).problems(store.place))
    found.raise_if_any(StoreError, "The report cannot be issued")
