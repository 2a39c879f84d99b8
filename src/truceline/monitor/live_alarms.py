"""Alarms of a live feed as reports: somebody pressed a button, sent a call for evacuation, or took one back.

An alarm says that somebody needs help, and seldom what happened: but for two types it becomes a report of the
kind `other`, which is kept and never counted as fighting. How it was noticed is not said, so that no alarm
verifies anything by itself. It is known by its sender's uid (as a digest: it may be that of a telephone) and
its start; repeated with a new start, as clients do until it is cancelled, it is still the same. A cancelled
alarm stays, corrected to say so.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from truceline.events.feeds.base import Feed, FeedContext, Reading, Reject, digest_texts, finish_reports
from truceline.events.feeds.own import map_own
from truceline.events.kinds import Flag, Kind, Means
from truceline.exchange.cot_event import CotEvent, format_moment, parse_moment
from truceline.monitor.live_units import Unit

if TYPE_CHECKING:
    import pandas as pd

CANCEL_TYPE = "b-a-o-can"
KIND_OF_TYPE: Mapping[str, Kind] = {
    "b-a-o-opn": Kind.firefight,
    "b-r-f-h-c": Kind.casualty,
}
"""What an alarm tells of beyond that it was raised. b-a-o-opn is the button 'In Contact' (its sender is being
fired at), b-r-f-h-c a call to evacuate casualties. The others say nothing of the sort: b-a-o-tbl is '911
Alert', b-a-o-pan 'Ring The Bell', b-a-g a fence on the map that somebody crossed. Names as in the clients of
the TAK family."""
KIND_OF_WORDS: Mapping[str, Kind] = {"in contact": Kind.firefight, "troops in contact": Kind.firefight}
"""The same for alarms that come as a detail of a position."""
ALARM_TYPES = ("b-a", "b-r-f-h-c")
"""Types, with all that begin so, that are alarms."""
MAX_OPEN = 10_000
"""Alarms remembered to tell a repetition from a new one; the oldest go first."""
DIGEST_LETTERS = 16
_FIELDS = (
    "time_from", "time_to", "lon", "lat", "radius_m", "kind", "means", "post", "region", "source",
    "received_at", "text", "key", "flags",
)  # fmt: skip


@dataclass(frozen=True)
class Alarm:
    """One alarm, as far as it is kept."""

    sender: str
    """Digest of its uid."""
    type: str
    words: str
    """Kind of alarm in the words of the client."""
    start: datetime
    """First start; with the sender what the alarm is known by. UTC without zone, here and below."""
    lon: float | None
    """None where its sender did not know where it was."""
    lat: float | None
    ce: float | None
    means: str
    post: str
    region: str
    flags: int
    received: datetime | None
    """When it reached us; None from a file."""
    cancelled: datetime | None = None

    @property
    def key(self) -> str:
        """Identity within the feed."""
        return f"{self.sender}/{format_moment(self.start)}"

    @property
    def kind(self) -> Kind:
        """What it tells of."""
        exact = KIND_OF_TYPE.get(self.type)
        return exact or KIND_OF_WORDS.get(self.words.casefold(), Kind.other)


def is_alarm(event: CotEvent) -> bool:
    """Tell whether an event raises an alarm or takes one back."""
    by_type = any(event.type == kind or event.type.startswith(f"{kind}-") for kind in ALARM_TYPES)
    return by_type or bool(event.emergency) or event.is_cancel


def make_alarm(
    event: CotEvent, unit: Unit | None, *, start: datetime, flags: int, received: datetime | None
) -> Alarm:
    """Return an alarm that begins at `start`: the event's own, or ours where its clock cannot be right."""
    return Alarm(
        sender=digest_uid(event.uid),
        type=event.type,
        words=event.emergency,
        start=start,
        lon=None if event.is_nowhere else event.lon,
        lat=None if event.is_nowhere else event.lat,
        ce=event.ce,
        means=unit.means if unit else str(Means.unknown),
        post=unit.post if unit else "",
        region=unit.region if unit else "",
        flags=flags,
        received=received,
    )


def digest_uid(uid: str) -> str:
    """Return what stands for a uid in the store."""
    return str(digest_texts([uid])[0])[:DIGEST_LETTERS]


class Alarms:
    """The alarms not cancelled yet, and those that the store does not know of."""

    def __init__(self, longest_gap: timedelta) -> None:
        self._gap = longest_gap
        self._open: OrderedDict[str, tuple[Alarm, datetime]] = OrderedDict()
        """By sender: the alarm, and when it was last raised."""
        self.waiting: dict[str, Alarm] = {}
        """By key: new or cancelled since the last writing."""

    def is_on(self, alarm: Alarm) -> bool:
        """Tell whether an alarm repeats one that is still on, and note that it does."""
        known = self._open.get(alarm.sender)
        if known is None:
            return False
        first, last = known
        is_near = first.start - self._gap <= alarm.start <= last + self._gap
        if not is_near or first.type != alarm.type:
            return False
        self._open[alarm.sender] = (first, max(last, alarm.start))
        return True

    def raise_one(self, alarm: Alarm) -> None:
        """Take an alarm that is not on."""
        self._open[alarm.sender] = (alarm, alarm.start)
        self._open.move_to_end(alarm.sender)
        if len(self._open) > MAX_OPEN:
            self._open.popitem(last=False)
        self.waiting[alarm.key] = alarm

    def cancel(self, uid: str, at: datetime) -> bool:
        """Take back the alarm of a sender; False where none is on."""
        known = self._open.pop(digest_uid(uid), None)
        if known is None:
            return False
        alarm = self.waiting.get(known[0].key, known[0])
        self.waiting[alarm.key] = replace(alarm, cancelled=at)
        return True

    def resume(self, originals: Sequence[str]) -> None:
        """Take up alarms that the store knows, as `original` holds them: those not cancelled are still on."""
        for text in originals:
            try:
                words = json.loads(text)
                moments = {
                    name: parse_moment(words[name] or "") for name in ("start", "received", "cancelled")
                }
                alarm = Alarm(**{**words, **moments})
            except (ValueError, TypeError, KeyError):
                continue  # of another version: it can be repeated once
            if alarm.cancelled is None and alarm.start is not None:
                self._open[alarm.sender] = (alarm, alarm.start)


def map_alarms(reading: Reading, context: FeedContext) -> Mapping[str, Any]:
    """Return the columns of reports from rows of alarms: the own form, and what only an alarm has."""
    return {
        **map_own(reading, context),
        "key": reading.words("key"),
        "flags": np.asarray([int(word) for word in reading.words("flags")], dtype=np.int64),
        "observation": "",
    }


COT_FEED = Feed(
    "cot",
    "Alarms by Cursor on Target",
    frozenset(_FIELDS),
    map_alarms,
    knows=frozenset(_FIELDS),
    is_local=True,
)


def alarms_to_reports(
    alarms: Sequence[Alarm], context: FeedContext, *, lead: timedelta
) -> tuple[pd.DataFrame, list[Reject]]:
    """Return alarms as rows of `REPORTS`, and those that cannot be (no place on the globe, swapped, too new).

    What an alarm tells of happened before it, by up to `lead`. Content is what the sender meant, so that an
    alarm that comes again from another place is no correction.
    """
    import pandas as pd

    rows = [_row_of(alarm, lead) for alarm in alarms]
    raw = pd.DataFrame(rows, columns=list(_FIELDS), dtype=object)
    originals = np.empty(len(alarms), dtype=object)
    originals[:] = [_original_of(alarm) for alarm in alarms]
    contents = [f"{each.key} {each.type} {each.cancelled is not None}" for each in alarms]
    lines = np.arange(1, len(alarms) + 1)
    reading = Reading(raw, lines, originals, digests=digest_texts(contents))
    return finish_reports(reading, map_alarms(reading, context), context, COT_FEED)


def _row_of(alarm: Alarm, lead: timedelta) -> dict[str, str]:
    cancelled = f"; taken back by its sender at {format_moment(alarm.cancelled)}" if alarm.cancelled else ""
    flags = alarm.flags
    return {
        "time_from": _to_second(alarm.start - lead),
        "time_to": _to_second(alarm.start),
        "lon": "" if alarm.lon is None else repr(alarm.lon),
        "lat": "" if alarm.lat is None else repr(alarm.lat),
        "radius_m": "" if alarm.ce is None else repr(alarm.ce),
        "kind": str(alarm.kind),
        "means": alarm.means,
        "post": alarm.post,
        "region": alarm.region,
        "source": alarm.post or "sender not listed",
        "received_at": "" if alarm.received is None else format_moment(alarm.received),
        "text": f"Alarm {alarm.words or alarm.type}{cancelled}",
        "key": alarm.key,
        "flags": str(flags),
    }


def _to_second(moment: datetime) -> str:
    return format_moment(moment - timedelta(microseconds=moment.microsecond))[:19] + "Z"


def _original_of(alarm: Alarm) -> str:
    """Return what was received, as far as it is kept, as JSON: `Alarms.resume` reads it."""
    words = {
        name: format_moment(value) if isinstance(value, datetime) else value
        for name, value in asdict(alarm).items()
    }
    return json.dumps(words, ensure_ascii=False, sort_keys=True)


def simulated_flag(event: CotEvent) -> int:
    """Return the flag of an event that its sender says a simulation made (how: m-s)."""
    return int(Flag.simulated) if event.how == "m-s" or event.how.startswith("m-s-") else 0
