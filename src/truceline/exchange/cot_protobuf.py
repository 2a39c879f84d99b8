"""Read and write events of Cursor on Target in the TAK protocol, version 1: protobuf in a frame.

On a stream a message is 0xBF, its length as a varint, and its bytes; in a datagram (or a file of one) it is
0xBF 0x01 0xBF and its bytes to the end. Field numbers are those of the published definitions (package
atakmap.commoncommo.protobuf.v1: takmessage, takcontrol, cotevent, detail and its parts). Details without
a field of their own travel as XML inside. Lengths are bounded; unknown fields are skipped.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from truceline.errors import Problem
from truceline.exchange.cot_event import (
    MAX_EVENT_BYTES,
    CotError,
    CotEvent,
    CotFramingError,
    Detail,
    make_event,
    moment_to_ms,
    ms_to_moment,
    refuse,
)
from truceline.exchange.cot_xml import read_detail_fragment, write_detail_rest
from truceline.exchange.protobuf_wire import (
    BYTES,
    FIXED64,
    MAX_VARINT_BYTES,
    VARINT,
    WireError,
    read_fields,
    read_varint,
    to_double,
    write_bytes,
    write_double,
    write_number,
    write_varint,
)

MAGIC = 0xBF
"""First byte of every frame; no XML begins with it."""
MESH_HEAD = b"\xbf\x01\xbf"
"""What a datagram with one protobuf message begins with."""
MESH_XML_HEAD = b"\xbf\x00\xbf"
"""What a datagram with one XML event begins with."""
PROTOBUF_UNKNOWN = 999_999.0
"""What stands for 'not known' in height and errors."""

_EVENT_WORDS = {1: "type", 5: "uid", 9: "how"}
_EVENT_MOMENTS = {6: "time", 7: "start", 8: "stale"}
_EVENT_NUMBERS = {10: "lat", 11: "lon", 12: "hae", 13: "ce", 14: "le"}
_TAK_MESSAGE_EVENT = 2
_EVENT_DETAIL = 15
_DETAIL_XML = 1
_DETAIL_PARTS: dict[int, dict[int, str]] = {2: {2: "callsign"}, 3: {1: "group", 2: "role"}}
_DETAIL_TRACK = 7
_TRACK_NUMBERS = {1: "speed", 2: "course"}


class ProtobufStream:
    """Cuts a stream of bytes into frames, as they come: `feed` it, and take the events that are whole."""

    def __init__(self) -> None:
        self._waiting = b""

    @property
    def is_amid(self) -> bool:
        """Tell whether a frame has begun and not ended."""
        return bool(self._waiting)

    def feed(self, data: bytes) -> list[CotEvent | CotError]:
        """Return the events that are whole now, and an error for each whole frame that holds none.

        Reading stops where a frame has ended and none begins: see `take_rest`. Raises CotFramingError for a
        frame of a length that cannot be; its `before` has the events before it.
        """
        found: list[CotEvent | CotError] = []
        data = self._waiting + data
        at = 0
        while at < len(data) and data[at] == MAGIC:
            try:
                length, begin = _read_length(data, at + 1)
            except CotFramingError as error:
                error.before = tuple(found)
                raise
            if begin < 0 or len(data) - begin < length:
                break
            try:
                found.append(read_message(data[begin : begin + length]))
            except CotError as error:
                found.append(error)
            at = begin + length
        self._waiting = data[at:]
        return found

    def take_rest(self) -> bytes:
        """Give up the bytes that belong to no frame; empty while one has begun."""
        if self._waiting[:1] == bytes([MAGIC]):
            return b""
        rest, self._waiting = self._waiting, b""
        return rest


def _read_length(data: bytes, at: int) -> tuple[int, int]:
    """Return the length of a frame and where its message begins; -1 where the length is not whole yet."""
    try:
        length, begin = read_varint(data, at)
    except WireError:
        if len(data) - at < MAX_VARINT_BYTES:
            return 0, -1
        raise _lost("a frame's length has no end") from None
    if length > MAX_EVENT_BYTES:
        raise _lost(f"a frame of {length:,} bytes is longer than {MAX_EVENT_BYTES:,}")
    return length, begin


def read_message(data: bytes) -> CotEvent:
    """Return the event of one message, without its frame; CotError where it holds none."""
    try:
        events = [value for number, value in _bytes_of(data) if number == _TAK_MESSAGE_EVENT]
        if not events:
            raise refuse("message", "holds no event", "send a TakMessage with a cotEvent")
        return _read_event(events[-1])
    except WireError as error:
        raise refuse("message", f"is no protobuf: {error}", "send a TakMessage") from None


def _read_event(data: bytes) -> CotEvent:
    # As in every message of this sort, a field that is not there is 0: a position on the equator.
    words: dict[str, Any] = dict.fromkeys(_EVENT_NUMBERS.values(), 0.0)
    detail = Detail()
    for number, wire, value in read_fields(data):
        if number in _EVENT_WORDS and wire == BYTES:
            words[_EVENT_WORDS[number]] = _to_text(value)
        elif number in _EVENT_MOMENTS and wire == VARINT:
            words[_EVENT_MOMENTS[number]] = ms_to_moment(int(value))
        elif number in _EVENT_NUMBERS and wire == FIXED64 and isinstance(value, bytes):
            words[_EVENT_NUMBERS[number]] = to_double(value)
        elif number == _EVENT_DETAIL and wire == BYTES and isinstance(value, bytes):
            _read_detail(value, detail)
    return make_event(words, detail)


def _read_detail(data: bytes, detail: Detail) -> None:
    """Take the details; fields of their own take precedence over the XML, as the definition has it."""
    fragment = ""
    for number, value in _bytes_of(data):
        if number == _DETAIL_XML:
            fragment = _to_text(value)
        elif number in _DETAIL_PARTS:
            for inner, text in _bytes_of(value):
                if inner in _DETAIL_PARTS[number]:
                    detail.words[_DETAIL_PARTS[number][inner]] = _to_text(text)
        elif number == _DETAIL_TRACK:
            track = dict.fromkeys(_TRACK_NUMBERS.values(), 0.0)
            for inner, wire, part in read_fields(value):
                if inner in _TRACK_NUMBERS and wire == FIXED64 and isinstance(part, bytes):
                    track[_TRACK_NUMBERS[inner]] = to_double(part)
            detail.words.update({name: repr(speed) for name, speed in track.items()})
    if fragment:
        read_detail_fragment(fragment, detail)


def _bytes_of(data: bytes) -> Iterable[tuple[int, bytes]]:
    """Yield the length-delimited fields of a message."""
    for number, wire, value in read_fields(data):
        if wire == BYTES and isinstance(value, bytes):
            yield number, value


def _to_text(value: int | bytes) -> str:
    try:
        return value.decode("utf-8") if isinstance(value, bytes) else ""
    except UnicodeDecodeError:
        raise WireError("a text is not UTF-8") from None


def write_message(event: CotEvent, *, remarks: str = "") -> bytes:
    """Return an event as one message, without a frame."""
    words = {1: event.type, 5: event.uid}
    numbers = {10: event.lat, 11: event.lon, **_unknown_errors(event)}
    moments = {6: event.time, 7: event.start, 8: event.stale}
    contact = write_bytes(2, _to_bytes(event.callsign))
    group = write_bytes(1, _to_bytes(event.group)) + write_bytes(2, _to_bytes(event.role))
    detail = write_bytes(_DETAIL_XML, write_detail_rest(event, remarks=remarks).encode("utf-8"))
    detail += write_bytes(2, contact) + write_bytes(3, group)
    if event.course is not None or event.speed is not None:
        track = write_double(1, event.speed or 0.0) + write_double(2, event.course or 0.0)
        detail += write_varint(_DETAIL_TRACK << 3 | BYTES) + write_varint(len(track)) + track
    made = b"".join(write_bytes(number, _to_bytes(word)) for number, word in words.items())
    made += b"".join(write_number(number, moment_to_ms(moment)) for number, moment in moments.items())
    made += write_bytes(9, _to_bytes(event.how))
    made += b"".join(write_double(number, value) for number, value in numbers.items())
    made += write_bytes(_EVENT_DETAIL, detail)
    return write_varint(_TAK_MESSAGE_EVENT << 3 | BYTES) + write_varint(len(made)) + made


def write_stream_frame(event: CotEvent, *, remarks: str = "") -> bytes:
    """Return an event as a frame of a stream."""
    message = write_message(event, remarks=remarks)
    return bytes([MAGIC]) + write_varint(len(message)) + message


def _unknown_errors(event: CotEvent) -> dict[int, float]:
    values = {12: event.hae, 13: event.ce, 14: event.le}
    return {number: PROTOBUF_UNKNOWN if value is None else value for number, value in values.items()}


def _to_bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _lost(found: str) -> CotFramingError:
    return CotFramingError("stream", [Problem("frame", found, "send frames of the TAK protocol, version 1")])
