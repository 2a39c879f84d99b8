"""What of the field forms waits, came late or shows a wrong clock: the backlog, for whoever runs the desk.

Reads the table of submissions and changes nothing. Hours and minutes; moments are UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from truceline.errors import Problem
from truceline.events.catalogue import load_watching_assumptions
from truceline.monitor.submission_versions import State
from truceline.monitor.submissions import LATE_WORD, UNSEEN_WORDS, read_submission_rows
from truceline.store.base import Store, StoreError

if TYPE_CHECKING:
    import pandas as pd

WAITING = (State.awaits_first, State.late_edit, State.refused)
"""Versions that came and are not used."""


@dataclass(frozen=True)
class SubmissionLine:
    """One version, for a list."""

    instance: str
    key: str
    post: str
    state: str
    submitted: datetime | None
    note: str


@dataclass(frozen=True)
class PostTraffic:
    """What came from one post."""

    post: str
    n: int
    first: datetime | None
    last: datetime | None
    longest_silence_h: float
    """Longest time between two submissions that followed each other; 0 with fewer than two."""


@dataclass(frozen=True)
class DeviceClock:
    """How far a device ran ahead of the server, at least."""

    device: str
    posts: tuple[str, ...]
    n: int
    """Versions it sent."""
    n_ahead: int
    """Of these, finished by its own clock after the server had them, by more than is tolerated."""
    ahead_min: float
    """The most, minutes."""


@dataclass(frozen=True)
class SubmissionBacklog:
    """Everything about submissions that a desk must know."""

    states: dict[str, int]
    waiting: tuple[SubmissionLine, ...]
    """Not used; the oldest first."""
    late: tuple[SubmissionLine, ...]
    """Used, and long past when they came; the newest first."""
    gaps: tuple[SubmissionLine, ...]
    """Used, though versions before them were never seen."""
    posts: tuple[PostTraffic, ...]
    clocks: tuple[DeviceClock, ...]
    """Devices whose clock is off; the worst first."""


def read_backlog(store: Store, state: str = "") -> SubmissionBacklog:
    """Return the backlog; with `state`, of that state alone. StoreError for a state that is none."""
    if state and state not in tuple(State):
        hint = f"write one of {', '.join(State)}"
        raise StoreError("options", [Problem("--state", f"'{state[:40]}' is no state", hint)])
    rows = read_submission_rows(store)
    if state:
        rows = rows[rows["state"] == state]
    notes = rows["note"]
    is_waiting = rows["state"].isin([str(each) for each in WAITING])
    is_late = notes.str.contains(LATE_WORD, regex=False) & ~is_waiting
    is_gap = notes.str.contains(UNSEEN_WORDS, regex=False) & ~is_waiting
    counts = rows["state"].value_counts()
    return SubmissionBacklog(
        states={each.value: int(counts[each]) for each in State if each in counts.index},
        waiting=_lines(rows[is_waiting], newest_first=False),
        late=_lines(rows[is_late], newest_first=True),
        gaps=_lines(rows[is_gap], newest_first=True),
        posts=_traffic(rows),
        clocks=read_device_clocks(rows),
    )


def read_device_clocks(rows: pd.DataFrame) -> tuple[DeviceClock, ...]:
    """Return the devices that ran ahead of their server by more than is tolerated; rows: submissions."""
    tolerance = load_watching_assumptions().value("field.clock_tolerance")
    is_edit = (rows["edition"].fillna(0) > 0) | (rows["replaces"] != "")
    received = rows["submitted"].where(~is_edit, rows["edited"])
    told = rows[["started", "ended"]].max(axis=1)
    ahead = (told - received).dt.total_seconds() / 60.0
    timed = rows.assign(ahead=ahead)[(rows["device"] != "").to_numpy(dtype=bool)]
    found = []
    for device, part in timed.groupby("device", sort=True):
        off = part[part["ahead"] > tolerance]
        if len(off):
            posts = tuple(sorted({str(post) for post in part["post"] if post}))
            found.append(DeviceClock(str(device), posts, len(part), len(off), float(off["ahead"].max())))
    return tuple(sorted(found, key=lambda each: -each.ahead_min))


def _lines(rows: pd.DataFrame, *, newest_first: bool) -> tuple[SubmissionLine, ...]:
    ordered = rows.sort_values("submitted", ascending=not newest_first, kind="stable")
    return tuple(
        SubmissionLine(
            str(row["instance"]), str(row["key"]), str(row["post"]), str(row["state"]),
            _moment(row["submitted"]), str(row["note"]),
        )
        for row in ordered.to_dict("records")
    )  # fmt: skip


def _traffic(rows: pd.DataFrame) -> tuple[PostTraffic, ...]:
    made = []
    for post, part in rows.groupby("post", sort=True):
        times = part["submitted"].dropna().drop_duplicates().sort_values()
        silence = times.diff().max() if len(times) > 1 else timedelta(0)
        made.append(
            PostTraffic(
                str(post),
                len(part),
                _moment(times.iloc[0]) if len(times) else None,
                _moment(times.iloc[-1]) if len(times) else None,
                silence.total_seconds() / 3600.0,
            )
        )
    return tuple(made)


def _moment(value: object) -> datetime | None:
    return value.to_pydatetime() if hasattr(value, "to_pydatetime") and value == value else None
