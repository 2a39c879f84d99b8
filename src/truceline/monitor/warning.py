"""Warnings to others from the early warning's alarms: which message each region calls for, and the register.

A region whose alarm begins gets an alert, one whose alarm goes on an update, one whose alarm ended a
cancellation; each refers to the message before it that was really sent. What was sent stands in the history
of changes. Figures are counts against expectation: no side, no place finer than a region and no target is
named. Nothing is forecast, and nothing is sent from here.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np

from truceline.errors import ProblemList
from truceline.events.alarms import AlarmLevel
from truceline.events.catalogue import load_watching_assumptions
from truceline.events.kinds import Flag, Releasability
from truceline.events.schema import CHANGES, REPORTS
from truceline.monitor.mission import Mission, Region, read_mission
from truceline.monitor.trend import ALL, Trend, watch_trend
from truceline.provenance import hash_text
from truceline.store.base import Selection, Store, StoreError

WHOLE = ""
"""Region of a warning for the mission's whole area."""
STATUSES = ("Draft", "Test", "Exercise", "Actual")
"""What a message is for, in the words of the protocol; a draft is not kept."""
TREND_DAYS = 60
"""Days looked back over: as many as behind a daily report."""
_WHAT = "warn"
_NAME = re.compile(r"[^\s,<&]+")
_IN_ALARM = (AlarmLevel.watch, AlarmLevel.warning)


@dataclass(frozen=True)
class Reference:
    """A message sent before, as the protocol cites it."""

    sender: str
    identifier: str
    sent: datetime
    """UTC without zone."""


@dataclass(frozen=True)
class Figures:
    """Incidents of fighting of a day beside what was to be expected; NaN where it is not known."""

    n: float
    expected: float
    low: float
    """Of the usual range on such a day."""
    high: float
    ratio: float
    ratio_low: float
    """Of the interval of the ratio, of the share `expectation.interval_share`."""
    ratio_high: float


@dataclass(frozen=True)
class WarningMessage:
    """One warning, or its end, for one region; times are UTC without zone."""

    kind: str
    """Alert, Update or Cancel."""
    identifier: str
    sender: str
    sent: datetime
    status: str
    """One of STATUSES."""
    level: Releasability
    """Whom it is for."""
    references: tuple[Reference, ...]
    mission: str
    region: str
    """WHOLE for all regions together."""
    centres: tuple[tuple[float, float], ...]
    """Longitude and latitude of the middles of what it is about."""
    radius_km: float
    day: date
    """The reporting day it rests on."""
    onset: datetime
    """Start of the first reporting day of the alarm."""
    expires: datetime
    alarm: AlarmLevel
    p: float
    """Probability of a lasting rise in the mission's area, rise and quiet equally likely beforehand."""
    here: Figures
    """Of the region."""
    whole: Figures
    """Of all regions together."""
    quiet_level: float
    """Incidents a day of all regions before the rise."""
    places: tuple[str, ...]
    """All regions that have risen."""
    urgency: str
    severity: str
    certainty: str


@dataclass(frozen=True)
class _Sent:
    """A message as it stands in the history."""

    region: str
    day: date
    kind: str
    cited_as: Reference
    expires: datetime
    digest: str
    references: tuple[Reference, ...]


@contextmanager
def issue_warnings(
    store: Store,
    *,
    now: datetime,
    level: Releasability,
    sender: str,
    status: str,
    who: str,
    why: str = "",
    until: datetime | None = None,
) -> Iterator[tuple[WarningMessage, ...]]:
    """Give the messages that the last complete day calls for; when the block ends well they are kept.

    `now` and `until` are UTC without zone. Write the files in the block: if that fails nothing is kept. The
    same day asked again, with nothing changed, gives the same messages, and nothing is written. A draft
    leaves no trace, and refers to what was sent in earnest.

    Raises StoreError for a sender or a status that the protocol does not know, and where a warning in
    earnest would rest on simulated reports.
    """
    _check(store, sender, status)
    if status == "Draft":
        yield _make_messages(store, now, until, level, sender, status)[0]
        return
    with store.turn():
        messages, new = _make_messages(store, now, until, level, sender, status)
        if not new:
            yield messages
            return
        with store.change(who=who, what=_WHAT, why=why) as change:
            change.note({"warnings": [_describe(message) for message in new]})
            yield messages


def _make_messages(
    store: Store, now: datetime, until: datetime | None, level: Releasability, sender: str, status: str
) -> tuple[tuple[WarningMessage, ...], tuple[WarningMessage, ...]]:
    """Return the messages of the last day, and those of them that were not sent before."""
    mission = read_mission(store)
    trend = watch_trend(store, until=until or now, days=TREND_DAYS, now=now)
    history = _read_sent(store, level, "Actual" if status == "Draft" else status, now)
    desk = _Desk(mission, trend, history, now, level, sender, status)
    made = [message for region in desk.regions() if (message := desk.decide(region)) is not None]
    return tuple(message for message, _ in made), tuple(message for message, is_new in made if is_new)


@dataclass(frozen=True)
class _Desk:
    """Decides what is to be said of each region."""

    mission: Mission
    trend: Trend
    history: Sequence[_Sent]
    now: datetime
    level: Releasability
    sender: str
    status: str

    def regions(self) -> list[str]:
        """Return the regions in alarm, and those of which something was sent, by name."""
        return sorted({*self._in_alarm(self._last), *(sent.region for sent in self.history)})

    def decide(self, region: str) -> tuple[WarningMessage, bool] | None:
        """Return what is to be said of a region and whether it is new; None where there is nothing to say."""
        if self._last is None or self._last["level"] == AlarmLevel.unknown:
            return None
        before = next((sent for sent in reversed(self.history) if sent.region == region), None)
        is_on = region in self._in_alarm(self._last)
        if before is not None and before.day == self.trend.until and (before.kind != "Cancel") == is_on:
            again = self._make(region, before.kind, before.references, before.cited_as)
            if _digest(again) == before.digest:
                return again, False
        is_open = before is not None and before.kind != "Cancel" and before.expires > self.now
        if not is_on and not is_open:
            return None
        references = (before.cited_as,) if before is not None and is_open else ()
        kind = "Cancel" if not is_on else "Update" if is_open else "Alert"
        return self._make(region, kind, references, None), True

    @property
    def _last(self) -> dict[str, Any] | None:
        rows = self.trend.alarms.to_dict("records")
        return rows[-1] if rows else None

    def _in_alarm(self, row: dict[str, Any] | None) -> tuple[str, ...]:
        """Return the regions that a day's alarm is about; the whole where none of them alone has risen."""
        if row is None or row["level"] not in _IN_ALARM:
            return ()
        known = [str(name) for name in self.trend.days["region"].unique() if name != ALL]
        said = str(row["places"]).split(", ")
        return tuple(name for name in known if name in said) or (WHOLE,)

    def _make(
        self, region: str, kind: str, references: tuple[Reference, ...], as_sent: Reference | None
    ) -> WarningMessage:
        """Return a message; `as_sent` is how it was sent already."""
        assert self._last is not None  # noqa: S101  (decide asks first)
        known, day = load_watching_assumptions(), self.trend.until
        sent = as_sent.sent if as_sent else self.now
        alarm, p = AlarmLevel(self._last["level"]), 1.0 / (1.0 + math.exp(-float(self._last["evidence"])))
        here = self._figures(region or ALL)
        urgency, certainty = _grade(alarm, p, known.value("warning.likely_p"), kind)
        return WarningMessage(
            kind=kind,
            identifier=as_sent.identifier if as_sent else self._name(region, day),
            sender=as_sent.sender if as_sent else self.sender,
            sent=sent,
            status=self.status,
            level=self.level,
            references=references,
            mission=self.mission.name,
            region=region,
            centres=tuple((each.lon, each.lat) for each in self._areas(region)),
            radius_km=known.value("warning.radius"),
            day=day,
            onset=self._began(region),
            expires=sent + timedelta(hours=known.value("warning.valid")),
            alarm=alarm,
            p=p,
            here=here,
            whole=self._figures(ALL),
            quiet_level=float(self._last["expected"]),
            places=tuple(name for name in self._in_alarm(self._last) if name),
            urgency=urgency,
            severity="Minor" if kind == "Cancel" else _grade_ratio(here.ratio),
            certainty=certainty,
        )

    def _figures(self, region: str) -> Figures:
        days = self.trend.days
        rows = days[(days["region"] == region) & (days["day"] == np.datetime64(self.trend.until))]
        names = ("n", "expected", "low", "high", "ratio", "ratio_low", "ratio_high")
        if rows.empty:
            return Figures(*[math.nan] * len(names))
        return Figures(*(float(rows[name].iloc[0]) for name in names))

    def _areas(self, region: str) -> tuple[Region, ...]:
        return tuple(each for each in self.mission.regions if region in (WHOLE, each.name))

    def _began(self, region: str) -> datetime:
        """Return the start of the first reporting day of the alarm that is on, or was on last."""
        begun: date | None = None
        for row in reversed(self.trend.alarms.to_dict("records")):
            if row["level"] == AlarmLevel.unknown:
                continue
            if region in self._in_alarm(row):
                begun = row["day"].date()
            elif begun is not None:
                break
        start, _ = self.mission.period(datetime.combine(begun or self.trend.until, time()))
        return start

    def _name(self, region: str, day: date) -> str:
        """Return an identifier: mission's day, region, reader, status and number of the day's message."""
        n = 1 + sum(sent.region == region and sent.day == day for sent in self.history)
        parts = (day.isoformat(), _slug(region), str(self.level), self.status.lower(), str(n))
        return ".".join(("truceline", *parts))


def _grade(alarm: AlarmLevel, p: float, likely_p: float, kind: str) -> tuple[str, str]:
    """Return urgency and certainty of a message, in the words of the protocol."""
    if kind == "Cancel":
        return "Past", "Possible"
    if alarm is AlarmLevel.warning:
        return "Expected", "Likely" if p >= likely_p else "Possible"
    return "Future", "Possible"


def _grade_ratio(ratio: float) -> str:
    """Return the severity of a rise by its ratio to what was expected."""
    known = load_watching_assumptions()
    if not math.isfinite(ratio):
        return "Unknown"
    if ratio >= known.value("warning.severe_ratio"):
        return "Severe"
    return "Moderate" if ratio >= known.value("warning.moderate_ratio") else "Minor"


def _slug(region: str) -> str:
    """Return a region's name in letters that any protocol takes, told apart from others of the same."""
    if not region:
        return "all"
    plain = unicodedata.normalize("NFKD", region).encode("ascii", "ignore").decode().lower()
    letters = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    is_faithful = letters == region.lower() and letters != "all"
    return letters if is_faithful else "-".join(filter(None, (letters, hash_text(region)[:6])))


def _digest(message: WarningMessage) -> str:
    """Return a digest of what a message says, whenever and under whatever name it is sent."""
    said = asdict(message)
    for name in ("kind", "identifier", "sender", "sent", "expires", "references"):
        del said[name]
    return hash_text(json.dumps(said, sort_keys=True, default=str))


def _describe(message: WarningMessage) -> dict[str, Any]:
    """Return what the history keeps of a message."""
    return {
        "region": message.region,
        "day": message.day.isoformat(),
        "kind": message.kind,
        "identifier": message.identifier,
        "sender": message.sender,
        "sent": message.sent.isoformat(),
        "expires": message.expires.isoformat(),
        "status": message.status,
        "level": str(message.level),
        "alarm": str(message.alarm),
        "references": [[ref.sender, ref.identifier, ref.sent.isoformat()] for ref in message.references],
        "digest": _digest(message),
    }


def _read_sent(store: Store, level: Releasability, status: str, now: datetime) -> list[_Sent]:
    """Return the messages sent by `now` to a level under a status, oldest first."""
    rows = store.read(CHANGES, Selection(equals={"what": _WHAT}), columns=("details",))
    told = [one for text in rows["details"] for one in json.loads(text or "{}").get("warnings", ())]
    return [
        _Sent(
            region=one["region"],
            day=date.fromisoformat(one["day"]),
            kind=one["kind"],
            cited_as=_cite(one["sender"], one["identifier"], one["sent"]),
            expires=datetime.fromisoformat(one["expires"]),
            digest=one["digest"],
            references=tuple(_cite(*ref) for ref in one["references"]),
        )
        for one in told
        if one["level"] == level and one["status"] == status and datetime.fromisoformat(one["sent"]) <= now
    ]


def _cite(sender: str, identifier: str, sent: str) -> Reference:
    return Reference(sender, identifier, datetime.fromisoformat(sent))


def _check(store: Store, sender: str, status: str) -> None:
    problems = ProblemList()
    if not _NAME.fullmatch(sender):
        found = f"'{sender}' cannot name a sender"
        problems.add(
            "--sender", found, "write it without spaces, commas, < and &, as warnings@mission.example"
        )
    if status not in STATUSES:
        problems.add("--status", f"'{status}' is no status", f"write {', '.join(STATUSES)}")
    if status == "Actual":
        flags = store.tally(REPORTS, by=("flags",))["flags"].to_numpy(dtype=np.int64, na_value=0)
        if ((flags & int(Flag.simulated)) != 0).any():
            found = "a warning in earnest cannot rest on a store that holds simulated reports"
            problems.add("--status", found, "write --status Exercise")
    problems.raise_if_any(StoreError, "warning")
