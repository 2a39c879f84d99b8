"""Listen to a live feed: positions of the mission's own units become effort, alarms become reports.

Takes events one by one and keeps what follows from them in memory until it is written; knows no network. What
is kept is little: intervals of watching with a place for each hour, and alarms. Tracks, callsigns, remarks,
chat, and everything about people and things that are not the mission's are counted and forgotten: the product
watches a ceasefire, and follows nobody.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from truceline.events.catalogue import load_watching_assumptions
from truceline.events.feeds.base import Reject, digest_texts
from truceline.events.frames import make_frame
from truceline.events.kinds import Flag
from truceline.events.schema import BATCHES, EFFORTS, REJECTS, REPORTS
from truceline.exchange.cot_event import CotError, CotEvent
from truceline.monitor.live_alarms import (
    CANCEL_TYPE,
    COT_FEED,
    Alarm,
    Alarms,
    alarms_to_reports,
    is_alarm,
    make_alarm,
    simulated_flag,
)
from truceline.monitor.live_segments import Segments, WatchRow
from truceline.monitor.live_units import Unit, UnitList
from truceline.monitor.mission import Mission
from truceline.scenario.assumption import AssumptionSet
from truceline.store.base import AddedReports, Change, Selection, Store

MAX_SEEN = 100_000
"""Events remembered to know one that comes again, in the order they came."""
MAX_UNLISTED = 10_000
"""Unlisted senders told apart in the count of them."""
MAX_WAITING = 20_000
"""Alarms that wait to be written; beyond it nothing more is taken until they are."""
MAX_ALARMS_AN_HOUR = 60
"""Different alarms taken within an hour of one listed unit, and of all senders not listed together: a store
must not be filled by whoever reaches the port."""
CLOCK_SAMPLE = 10
"""Events of a sender after which the least delay among them is the error of its clock."""
OWN_PREFIX = "truceline."
"""How the uids of our own incidents begin: a server sends them back to us."""
_AFFILIATIONS = frozenset("fnua.po")
"""Friend, neutral, unknown, assumed friend, and those without: others' tracks are not even looked up."""
_SOURCE = "Cursor on Target"


@dataclass
class Counts:
    """What came in, and what became of it."""

    n_events: int = 0
    n_positions: int = 0
    """Taken as watching."""
    n_alarms: int = 0
    n_cancelled: int = 0
    n_repeated: int = 0
    """There already: same sender, type and time; or an alarm that is still on."""
    n_too_many: int = 0
    """Alarms beyond MAX_ALARMS_AN_HOUR; not kept."""
    n_unlisted: int = 0
    """Positions of senders that are not the mission's."""
    n_other: int = 0
    """Of other types: marks, chat, routes, our own incidents; not kept."""
    n_nowhere: int = 0
    """Positions of listed units that did not know where they were; not taken."""
    n_stale: int = 0
    """Taken though past the end of their own validity: they came late."""
    n_clock_off: int = 0
    """From the future, or too old to be believed; of positions, not taken."""
    n_refused: int = 0
    """Could not be read."""
    last_refused: str = ""
    unlisted: set[str] = field(default_factory=set)
    slow_clocks: dict[str, timedelta] = field(default_factory=dict)
    """Listed units whose clock is behind ours, and by how much."""


@dataclass(frozen=True)
class Written:
    """What one writing added."""

    change_id: int
    n_intervals: int
    """Rows of effort, new or grown."""
    reports: AddedReports
    rejects: tuple[Reject, ...]


@dataclass
class _Clock:
    """The delays of one sender."""

    n: int = 0
    least: timedelta = timedelta.max


class Listener:
    """Makes rows of events. Not for several threads at once."""

    def __init__(
        self, mission: Mission, units: UnitList, *, assumptions: AssumptionSet | None = None
    ) -> None:
        values = (assumptions or load_watching_assumptions()).value
        self.counts = Counts()
        self._mission, self._units = mission, units
        self._gap = timedelta(minutes=values("live.longest_gap"))
        self._tolerance = timedelta(minutes=values("live.clock_tolerance"))
        self._oldest = timedelta(hours=values("live.oldest"))
        self._lead = timedelta(minutes=values("live.alarm_lead"))
        self._alarm_gap = timedelta(minutes=values("live.alarm_gap"))
        self._segments: dict[Unit, Segments] = {}
        self._alarms = Alarms(self._alarm_gap)
        self._seen: OrderedDict[tuple[str, str, datetime], None] = OrderedDict()
        self._clocks: dict[Unit, _Clock] = {}
        self._alarms_of_hour: dict[Unit | None, tuple[datetime, int]] = {}
        """Hour (of arrival) and number of alarms, by unit; None stands for all that are not listed."""

    @property
    def n_waiting(self) -> int:
        """Alarms that wait to be written."""
        return len(self._alarms.waiting)

    @property
    def units(self) -> tuple[Unit, ...]:
        """Those heard so far."""
        return tuple(sorted(self._segments))

    def resume(self, store: Store, now: datetime) -> None:
        """Take up the alarms that were on when listening ended, so that they are not taken for new ones."""
        select = Selection(since=now - 2 * self._alarm_gap, equals={"feed": COT_FEED.name})
        rows = store.read_current(REPORTS, select, columns=("original",))
        self._alarms.resume(rows["original"].tolist())

    def take(self, found: CotEvent | CotError, *, now: datetime, is_live: bool = True) -> None:
        """Take one event, or what could not be read. `now` (UTC without zone) is when it reached us.

        From a file (`is_live` False) nothing is known of when it did: only the future is refused.
        """
        counts = self.counts
        counts.n_events += 1
        if isinstance(found, CotError):
            counts.n_refused += 1
            counts.last_refused = str(found.problems[0]) if found.problems else str(found)
            return
        if self._is_repeated(found):
            counts.n_repeated += 1
        elif found.uid.startswith(OWN_PREFIX):
            counts.n_other += 1
        else:
            is_position = found.type.startswith("a-") and found.type[2:3] in _AFFILIATIONS
            if is_alarm(found):  # a detail of a position, it may be
                self._take_alarm(found, now, is_live=is_live)
            if is_position:
                self._take_position(found, now, is_live=is_live)
            elif not is_alarm(found):
                counts.n_other += 1

    def _is_repeated(self, event: CotEvent) -> bool:
        mark = (event.uid, event.type, event.time)
        if mark in self._seen:
            return True
        self._seen[mark] = None
        if len(self._seen) > MAX_SEEN:
            self._seen.popitem(last=False)
        return False

    def _take_position(self, event: CotEvent, now: datetime, *, is_live: bool) -> None:
        unit = self._units.find(event)
        if unit is None:
            self.counts.n_unlisted += 1
            if len(self.counts.unlisted) < MAX_UNLISTED:
                self.counts.unlisted.add(event.uid)
            return
        if simulated_flag(event):
            self.counts.n_other += 1  # nobody watched
            return
        if is_live:
            self._watch_clock(unit, now - event.time)
        if event.time > now + self._tolerance or (is_live and event.time < now - self._oldest):
            self.counts.n_clock_off += 1
            return
        if event.is_nowhere:
            self.counts.n_nowhere += 1
            return
        self.counts.n_stale += is_live and event.stale < now
        self._segments.setdefault(unit, Segments(self._gap)).add(event.time, event.lon, event.lat)
        self.counts.n_positions += 1

    def _watch_clock(self, unit: Unit, delay: timedelta) -> None:
        """Note how late events come: where even the quickest of many is late, the clock is behind."""
        clock = self._clocks.setdefault(unit, _Clock())
        clock.n += 1
        clock.least = min(clock.least, delay)
        if clock.n >= CLOCK_SAMPLE and clock.least > self._tolerance:
            self.counts.slow_clocks[unit.post] = clock.least
        else:
            self.counts.slow_clocks.pop(unit.post, None)

    def _take_alarm(self, event: CotEvent, now: datetime, *, is_live: bool) -> None:
        start, flags = event.start, simulated_flag(event)
        if max(start, event.time) > now + self._tolerance or (is_live and start < now - self._oldest):
            start = now  # it was raised before it came, and more cannot be known
            flags |= int(Flag.clock_off)
            self.counts.n_clock_off += 1
        elif is_live and now - start > self._tolerance:
            flags |= int(Flag.late)
            self.counts.n_stale += event.stale < now
        start = min(start, now)
        unit = self._units.find(event)
        if is_live and unit is not None and unit.post in self.counts.slow_clocks:
            flags |= int(Flag.clock_off)
        if event.is_cancel or event.type == CANCEL_TYPE:
            self.counts.n_cancelled += self._alarms.cancel(event.uid, start)
            return
        received = now if is_live else None
        alarm = make_alarm(event, unit, start=start, flags=flags, received=received)
        if self._alarms.is_on(alarm):
            self.counts.n_repeated += 1
        elif is_live and self._are_too_many(unit, now):
            self.counts.n_too_many += 1
        else:
            self._alarms.raise_one(alarm)
            self.counts.n_alarms += 1

    def _are_too_many(self, unit: Unit | None, now: datetime) -> bool:
        """Count one more alarm of a unit; tell whether it is beyond what is taken in an hour."""
        hour = now.replace(minute=0, second=0, microsecond=0)
        begun, n = self._alarms_of_hour.get(unit, (hour, 0))
        n = n + 1 if begun == hour else 1
        self._alarms_of_hour[unit] = (hour, n)
        return n > MAX_ALARMS_AN_HOUR

    def has_news(self, *, with_effort: bool) -> bool:
        """Tell whether anything waits to be written: alarms, and with `with_effort` intervals too."""
        return bool(self._alarms.waiting) or (with_effort and any(s.news() for s in self._segments.values()))

    def write(
        self, store: Store, *, who: str, source: str, now: datetime, why: str = "", with_effort: bool = True
    ) -> Written | None:
        """Write what is new as one change; None where nothing is. `source` names the feed: address or file.

        Raises StoreError as the store does; everything waits on then, and comes with the next writing.
        """
        alarms = list(self._alarms.waiting.values())
        rows = (
            [(unit, row) for unit, of in self._segments.items() for row in of.news()] if with_effort else []
        )
        if not alarms and not rows:
            return None
        with store.turn():
            kept = _keep_longest(store, rows)
            written = self._write(store, alarms, kept, who=who, source=source, now=now, why=why)
        self._alarms.waiting.clear()
        if with_effort:
            for segments in self._segments.values():
                segments.settle()
        return written

    def _write(
        self,
        store: Store,
        alarms: list[Alarm],
        rows: list[tuple[Unit, WatchRow]],
        *,
        who: str,
        source: str,
        now: datetime,
        why: str,
    ) -> Written | None:
        if not alarms and not rows:
            return None
        # An alarm may be raised within the second in which it is written.
        context = self._mission.context(now + timedelta(seconds=2))
        with store.change(who=who, what="listen", why=why) as change:
            added, rejects = AddedReports(0, 0, 0), list[Reject]()
            if alarms:
                frame, rejects = alarms_to_reports(alarms, context, lead=self._lead)
                added = change.add_reports(frame)
                _write_batch(change, source, added, rejects)
            if rows:
                change.append(EFFORTS, make_frame(EFFORTS, _effort_columns(rows)))
            change.note({"source": source, "intervals": len(rows), "alarms": len(alarms)})
            return Written(change.change_id, len(rows), added, tuple(rejects))


def effort_key(unit: Unit, first: datetime) -> str:
    """Return what a row of effort of a live feed is known by: its unit and the position that began it."""
    return str(digest_texts(["\n".join(("cot", unit.means, unit.post, unit.region, first.isoformat()))])[0])


def _keep_longest(store: Store, rows: list[tuple[Unit, WatchRow]]) -> list[tuple[Unit, WatchRow]]:
    """Return the rows that say more than the store has: a capture read again says all of it anew.

    A row that the store has longer stays as it is; one that is taken back is always written.
    """
    if not rows:
        return rows
    keys = [effort_key(unit, row.first) for unit, row in rows]
    names = ("key", "time_from", "time_to")
    stored = store.read_current(EFFORTS, Selection(equals={"key": keys}), columns=names)
    known = {key: (start, end) for key, start, end in stored.itertuples(index=False)}
    kept = []
    for key, (unit, row) in zip(keys, rows, strict=True):
        has = known.get(key)
        if has is None and row.time_to <= row.time_from:
            continue
        if has is None or row.time_to <= row.time_from or row.time_from < has[0] or row.time_to > has[1]:
            kept.append((unit, row))
    return kept


def _effort_columns(rows: list[tuple[Unit, WatchRow]]) -> dict[str, object]:
    return {
        "key": [effort_key(unit, row.first) for unit, row in rows],
        "means": [unit.means for unit, _ in rows],
        "post": [unit.post for unit, _ in rows],
        "region": [unit.region for unit, _ in rows],
        "lon": [row.lon for _, row in rows],
        "lat": [row.lat for _, row in rows],
        "time_from": [row.time_from for _, row in rows],
        "time_to": [row.time_to for _, row in rows],
        "state": "watched",
        "source": _SOURCE,
    }


def _write_batch(change: Change, source: str, added: AddedReports, rejects: list[Reject]) -> None:
    """Keep what became of the alarms, as an import of a file does."""
    batch = change.reserve("batch", 1)
    n_read = added.n_new + added.n_repeated + added.n_corrected + len(rejects)
    row = {
        "batch_id": batch,
        "feed": COT_FEED.name,
        "file_name": source,
        "n_read": n_read,
        "n_new": added.n_new,
        "n_repeated": added.n_repeated,
        "n_corrected": added.n_corrected,
        "n_rejected": len(rejects),
    }
    change.append(BATCHES, make_frame(BATCHES, row, n_rows=1))
    if rejects:
        columns = {
            "batch_id": batch,
            "line": [reject.line for reject in rejects],
            "where": [reject.where for reject in rejects],
            "found": [reject.found for reject in rejects],
            "hint": [reject.hint for reject in rejects],
        }
        change.append(REJECTS, make_frame(REJECTS, columns, n_rows=len(rejects)))
