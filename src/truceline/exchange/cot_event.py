"""One event of Cursor on Target: who or what is where, when, how long that holds, and how well it is known.

Knows neither XML nor protobuf nor a network. Of an event, what the watching needs is kept and nothing else:
remarks and chat are never read, for they may name people. Moments are UTC without zone, to the millisecond;
positions WGS 84 degrees, heights, errors and distances metres, courses degrees clockwise from north, speeds
metres per second. Horizontal and vertical error are one standard deviation, as the schema of the format has
them (CoT event schema 2.0, MITRE, attributes `ce` and `le`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from truceline.errors import Problem, TrucelineError

MAX_EVENT_BYTES = 64 * 1024
"""Largest event read, in bytes: events of positions have about 500, long routes 20 thousand."""
MAX_WORD = 256
"""Longest uid, type, callsign or other word kept, in characters."""
MAX_LINKS = 16
"""Links kept of an event; further ones are left out."""
UNKNOWN_FROM = 999_999.0
"""Heights and errors from here on stand for 'not known': 999999 in protobuf, 9999999.0 in XML, by custom."""
MAX_QUOTED = 40
"""Longest piece of an event repeated in a message, in characters."""

PING = "t-x-c-t"
"""Type of 'are you there?'."""
PONG = "t-x-c-t-r"
PROTOCOL_OFFER = "t-x-takp-v"
"""Type of 'I can speak protobuf', from a server."""
PROTOCOL_REQUEST = "t-x-takp-q"
PROTOCOL_ANSWER = "t-x-takp-r"

_TYPE = re.compile(r"[A-Za-z0-9_.*]+(-[A-Za-z0-9_.*]+)*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(\.\d{1,9})?(Z|z|[+-]\d\d:?\d\d)?")
_EPOCH = datetime(1970, 1, 1)
_LAST_MS = int((datetime(9999, 12, 30) - _EPOCH) / timedelta(milliseconds=1))


class CotError(TrucelineError):
    """An event that cannot be used; what follows it in a stream still can."""


class CotFramingError(CotError):
    """Bytes after which nothing in a stream can be read any more: where the next begins is not known."""

    before: tuple[CotEvent | CotError, ...] = ()
    """What the same bytes held before the place where reading ended."""


@dataclass(frozen=True)
class CotLink:
    """A thing that an event refers to."""

    uid: str
    type: str = ""
    relation: str = ""
    """p-p is the one who sent it."""


@dataclass(frozen=True)
class CotEvent:
    """One event. Numbers that are not known are None, words that are not given empty."""

    uid: str
    """Identity of the thing the event is about; globally unique by custom."""
    type: str
    """What it is: a-f-G is a friendly thing on the ground, b-a-o-tbl an alarm, b-m-p-s-m a mark on a map."""
    time: datetime
    """When the event was made, by the clock of its sender."""
    start: datetime
    """From when it holds."""
    stale: datetime
    """Until when it holds."""
    lat: float
    lon: float
    how: str = ""
    """How the position was had: m-g by a receiver, h-e estimated by a person, m-f fused, m-s simulated."""
    hae: float | None = None
    """Height above the ellipsoid."""
    ce: float | None = None
    """Standard deviation of the position."""
    le: float | None = None
    """Standard deviation of the height."""
    callsign: str = ""
    group: str = ""
    """Team (a colour)."""
    role: str = ""
    course: float | None = None
    speed: float | None = None
    emergency: str = ""
    """Kind of alarm, in the words of its sender."""
    is_cancel: bool = False
    """It takes an alarm back."""
    links: tuple[CotLink, ...] = ()
    versions: tuple[int, ...] = ()
    """Versions of the TAK protocol offered or asked for."""
    is_granted: bool | None = None
    """Answer to such a request."""

    @property
    def is_nowhere(self) -> bool:
        """Tell whether the position stands for none: clients without a fix send 0, 0, in the open sea."""
        return self.lat == 0.0 and self.lon == 0.0


@dataclass
class Detail:
    """What was read of the details of an event, before it is checked."""

    words: dict[str, str] = field(default_factory=dict)
    """callsign, group, role, course, speed, emergency, cancel, status: as received."""
    links: list[CotLink] = field(default_factory=list)
    versions: list[int] = field(default_factory=list)


def make_event(words: Mapping[str, str | float | datetime], detail: Detail) -> CotEvent:
    """Return the event that was read, or raise CotError that says what is wrong with it.

    `words` are uid, type, how, time, start, stale, lat, lon, hae, ce, le: as text, or as numbers and moments
    where the format has them so.
    """
    uid = _word(words, "uid", needed=True)
    kind = _word(words, "type", needed=True)
    if not _TYPE.fullmatch(kind):
        raise refuse("type", f"'{shorten(kind)}' is no type", "a type is words joined by '-'")
    time, start, stale = (_moment(words, name) for name in ("time", "start", "stale"))
    lat, lon = _degrees(words, "lat", 90.0), _degrees(words, "lon", 180.0)
    told = detail.words
    return CotEvent(
        uid=uid,
        type=kind,
        how=_word(words, "how"),
        time=time,
        start=start,
        stale=stale,
        lat=lat,
        lon=lon,
        hae=_or_unknown(_number(words, "hae")),
        ce=_error(_number(words, "ce")),
        le=_error(_number(words, "le")),
        callsign=_word(told, "callsign"),
        group=_word(told, "group"),
        role=_word(told, "role"),
        course=_or_unknown(_number(told, "course")),
        speed=_or_unknown(_number(told, "speed")),
        emergency=_word(told, "emergency"),
        is_cancel=_word(told, "cancel").lower() in ("true", "1"),
        links=tuple(detail.links[:MAX_LINKS]),
        versions=tuple(detail.versions[:MAX_LINKS]),
        is_granted={"true": True, "false": False}.get(_word(told, "status").lower()),
    )


def parse_moment(text: str) -> datetime | None:
    """Return a moment as CoT writes it, UTC without zone, cut to the millisecond; None for what is none.

    A moment without a zone is UTC.
    """
    match = _MOMENT.fullmatch(text.strip())
    if match is None:
        return None
    day, clock, fraction, zone = match.groups()
    milliseconds = int(((fraction or ".0")[1:] + "000")[:3])
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{(zone or 'Z').upper()}").astimezone(UTC)
        return moment.replace(tzinfo=None) + timedelta(milliseconds=milliseconds)
    except (ValueError, OverflowError):
        return None


def format_moment(moment: datetime) -> str:
    """Return a moment (UTC without zone) as CoT writes it, to the millisecond."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def moment_to_ms(moment: datetime) -> int:
    """Return milliseconds since 1970-01-01."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def ms_to_moment(ms: int) -> datetime:
    """Return the moment of milliseconds since 1970-01-01; CotError for one no calendar has."""
    if not 0 < ms <= _LAST_MS:
        raise refuse("time", f"{ms} milliseconds since 1970 is no date", "send milliseconds, not seconds")
    return _EPOCH + timedelta(milliseconds=ms)


def refuse(where: str, found: str, hint: str = "") -> CotError:
    """Return the error for an event that cannot be used."""
    return CotError("event", [Problem(where, found, hint)])


def shorten(text: str) -> str:
    """Return a piece of an event fit for a message: printable, on one line and not long."""
    clean = "".join(sign if sign.isprintable() else "?" for sign in text[: MAX_QUOTED + 1])
    return f"{clean[:MAX_QUOTED]}..." if len(clean) > MAX_QUOTED else clean


def clean_word(text: str) -> str:
    """Return a word without blanks at its ends, cut to MAX_WORD; control characters become blanks."""
    return _CONTROL.sub(" ", text[: 4 * MAX_WORD]).strip()[:MAX_WORD].strip()


def _word(words: Mapping[str, object], name: str, *, needed: bool = False) -> str:
    given = str(words.get(name, ""))
    made = clean_word(given)
    if needed and not made:
        raise refuse(name, "is empty", "an event needs it")
    if needed and len(given.strip()) > MAX_WORD:
        raise refuse(name, f"has {len(given):,} characters", f"{MAX_WORD} are read")
    return made


def _moment(words: Mapping[str, object], name: str) -> datetime:
    given = words.get(name, "")
    if isinstance(given, datetime):
        return given
    moment = parse_moment(str(given))
    if moment is None or moment.year < 1970:
        found = f"'{shorten(str(given))}' is no moment" if given else "is empty"
        raise refuse(name, found, "write 2025-02-17T18:30:00Z")
    return moment


def _number(words: Mapping[str, object], name: str) -> float | None:
    """Return a number; None where it is not given or is no finite number."""
    given = words.get(name, "")
    if given == "":
        return None
    try:
        value = float(str(given))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _degrees(words: Mapping[str, object], name: str, most: float) -> float:
    value = _number(words, name)
    if value is None or abs(value) > most:
        given = words.get(name, "")
        found = f"'{shorten(str(given))}' is no position" if given != "" else "is empty"
        raise refuse(name, found, f"degrees, -{most:g} to {most:g}")
    return value


def _or_unknown(value: float | None) -> float | None:
    return None if value is None or abs(value) >= UNKNOWN_FROM else value


def _error(value: float | None) -> float | None:
    """Return a standard deviation; 0 is what senders write who do not know it."""
    known = _or_unknown(value)
    return None if known is None or known <= 0 else known
