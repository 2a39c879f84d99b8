"""Do the clocks of the posts agree? From incidents that several posts noticed, and from devices and servers.

Only reports of the mission's own means count whose time is known to the minute or better, linked to the same
incident. A clock so far off that its reports are linked to nothing shares no incidents and shows as such: it
is not shown to be right. No time is changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from truceline.events.clock_offsets import ClockOffset, ClockSettings, compare_clocks
from truceline.events.kinds import OWN_MEANS, Flag, TimePrecision
from truceline.events.schema import LINKS, REPORTS
from truceline.monitor.submission_backlog import DeviceClock, read_device_clocks
from truceline.monitor.submissions import read_submission_rows
from truceline.store.base import Selection, Store

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = ("report_id", "post", "time_from", "time_to", "time_precision", "means", "flags")
_SHARP = (TimePrecision.second, TimePrecision.minute)


@dataclass(frozen=True)
class Clocks:
    """What is known of the clocks of a mission."""

    since: datetime | None
    """First moment looked at; None from the beginning."""
    n_incidents: int
    """Incidents that two posts or more noticed, each to the minute."""
    posts: tuple[ClockOffset, ...]
    alone: tuple[str, ...]
    """Posts with sharp times that share no incident with another: nothing is known of their clocks."""
    devices: tuple[DeviceClock, ...]
    """Devices ahead of the server they sent to."""


def read_clocks(
    store: Store, *, now: datetime, days: int | None = None, settings: ClockSettings | None = None
) -> Clocks:
    """Return what is known of the clocks of posts and devices, of the last `days` before `now`, or of all."""
    since = None if days is None else now - timedelta(days=days)
    times = _read_times(store, since)
    posts = compare_clocks(times, settings)
    shared = times.groupby("event")["post"].nunique() if len(times) else times
    compared = {each.post for each in posts}
    submissions = read_submission_rows(store)
    if since is not None:
        submissions = submissions[submissions["submitted"] >= since]
    return Clocks(
        since=since,
        n_incidents=int((shared > 1).sum()) if len(times) else 0,
        posts=posts,
        alone=tuple(sorted({str(post) for post in times["post"]} - compared)),
        devices=read_device_clocks(submissions),
    )


def _read_times(store: Store, since: datetime | None) -> pd.DataFrame:
    """Return incident, post and middle of the time, in minutes, of the reports that tell of clocks."""
    select = Selection(
        since=since,
        equals={
            "means": [str(means) for means in OWN_MEANS],
            "time_precision": [str(precision) for precision in _SHARP],
        },
    )
    reports = store.read_current(REPORTS, select, columns=_COLUMNS)
    reports = reports[(reports["post"] != "").to_numpy(dtype=bool)]
    flags = reports["flags"].to_numpy(dtype=np.int64, na_value=0)
    reports = reports[(flags & Flag.several_nights) == 0]
    ids = reports["report_id"].to_numpy(dtype=np.int64)
    links = store.read_current(LINKS, Selection(ids={"report_id": ids}), columns=("report_id", "incident_id"))
    linked = reports.merge(links.dropna(), on="report_id")
    middle = linked["time_from"] + (linked["time_to"] - linked["time_from"]) / 2
    origin = middle.min()
    return linked.assign(
        event=linked["incident_id"].astype("int64"),
        minutes=(middle - origin).dt.total_seconds() / 60.0,
    )[["event", "post", "minutes"]]
