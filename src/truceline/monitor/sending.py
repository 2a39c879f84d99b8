"""Incidents as events of Cursor on Target, for the situation displays that a mission already uses.

An incident goes out as a mark on the map (type b-m-p-s-m, the spot mark of the TAK family) and never as a
thing (types a-...): a thing has an affiliation, is drawn as somebody's unit and may be followed or engaged; a
mark says that something is noted about a place, and nothing of who is there. It comes by the same gate as
every export: after the delay, at the precision and releasability of its level, without the words of sources,
without sides. Its uid is the mission's name and the incident's number, so that sending again moves the same
mark. `ce` is one standard deviation of the position, as the schema of the format defines it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from truceline.events.catalogue import load_watching_assumptions
from truceline.events.kinds import Flag, Releasability
from truceline.exchange.cot_event import CotEvent
from truceline.monitor.exporting import Records
from truceline.monitor.listening import OWN_PREFIX
from truceline.monitor.releasing import release_rule

MARK_TYPE = "b-m-p-s-m"
"""A mark on the map: neither friend nor foe, not a unit."""
FUSED, SIMULATED = "m-f", "m-s"
"""How the position was had: fused by a machine from several reports; made by a simulation."""
_MOST_LETTERS = 40


@dataclass(frozen=True)
class Marks:
    """Incidents ready to be sent."""

    events: tuple[tuple[CotEvent, str], ...]
    """Each with its remarks."""
    n_nowhere: int
    """Incidents without a position, or without a time: they cannot be shown."""


def records_to_marks(records: Records, *, now: datetime, stale: timedelta | None = None) -> Marks:
    """Return the incidents of what leaves the store as marks, valid until `stale` after `now` (UTC, no zone).

    `records` come from `gather_records` and are as late, coarse and few as their level has them.
    """
    if stale is None:
        stale = timedelta(hours=load_watching_assumptions().value("live.mark_stale"))
    frame = records.frames.get("incidents")
    if frame is None:
        return Marks((), 0)
    prefix = OWN_PREFIX + slugify(records.title)
    made: list[tuple[CotEvent, str]] = []
    rows = frame.to_dict("records")
    for row in rows:
        if _is_nowhere(row):
            continue
        number = int(row["incident_id"])
        how = SIMULATED if str(Flag.simulated.name) in str(row.get("flag_words", "")).split("|") else FUSED
        event = CotEvent(
            uid=f"{prefix}.incident.{number}",
            type=MARK_TYPE,
            how=how,
            time=now,
            start=min(_to_moment(row["time_from"]), now),
            stale=now + stale,
            lat=float(row["lat"]),
            lon=float(row["lon"]),
            ce=_error_m(row, records),
            callsign=f"Incident {number}",
        )
        made.append((event, describe_incident(row, title=records.title, ce=event.ce)))
    return Marks(tuple(made), len(rows) - len(made))


def describe_incident(row: dict[str, Any], *, title: str, ce: float | None) -> str:
    """Return what stands beside the mark: what, how sure, when, how precise, and that it is a record."""
    what = str(row.get("kind", "") or "incident").replace("_", " ")
    phase = str(row.get("phase", "") or "").replace("_", " ")
    if phase and phase != "undetermined":
        what = f"{what} ({phase})"
    start, end = _to_moment(row["time_from"]), row.get("time_to")
    when = f"{start:%Y-%m-%d %H:%M}"
    if not _is_missing(end) and _to_moment(end) - start >= timedelta(minutes=1):
        last = _to_moment(end)
        when += f" to {last:%H:%M}" if last.date() == start.date() else f" to {last:%Y-%m-%d %H:%M}"
    precision = "" if ce is None else f" Position to about {_round_up(ce):,} m."
    number, status = int(row["incident_id"]), str(row.get("verification", "") or "reported")
    return (
        f"Reported incident {number}: {what}; {status}. {when} UTC.{precision} "
        f"A record of what was observed, after the fact. {title}"
    )


def slugify(title: str) -> str:
    """Return a title as small letters and digits joined by '-', for a uid."""
    words = re.findall(r"[a-z0-9]+", title.lower())
    return "-".join(words)[:_MOST_LETTERS].strip("-") or "mission"


def _is_nowhere(row: dict[str, Any]) -> bool:
    lon, lat, start = (row.get(name) for name in ("lon", "lat", "time_from"))
    return any(_is_missing(value) for value in (lon, lat, start))


def _is_missing(value: Any) -> bool:
    return value is None or bool(value != value)  # NaN and NaT differ from themselves


def _error_m(row: dict[str, Any], records: Records) -> float | None:
    """Return the standard deviation of the position as it leaves, with that of its rounding."""
    sigma = row.get("sigma_m")
    if _is_missing(sigma):
        return None
    # Below the mission's level the deviation says it already.
    rounding = release_rule(records.level).error_m if records.level is Releasability.mission else 0.0
    return round(math.hypot(float(str(sigma)), rounding), 1)


def _round_up(metres: float) -> int:
    """Return metres to one significant figure, never less than they are."""
    step = 10 ** max(math.floor(math.log10(max(metres, 1.0))), 0)
    return int(math.ceil(metres / step) * step)


def _to_moment(value: Any) -> datetime:
    moment: datetime = value.to_pydatetime() if hasattr(value, "to_pydatetime") else value
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
