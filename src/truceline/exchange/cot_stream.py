"""One side of a conversation in Cursor on Target: bytes in, events and bytes to answer out; no network.

XML is always understood, and frames of the TAK protocol wherever they come. Pings are answered. As a server
it grants protobuf to whoever asks and offers it to nobody; as a client it may ask a server that offers it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from truceline.exchange.cot_event import (
    MAX_EVENT_BYTES,
    PING,
    PONG,
    PROTOCOL_ANSWER,
    PROTOCOL_OFFER,
    PROTOCOL_REQUEST,
    CotError,
    CotEvent,
    CotFramingError,
)
from truceline.exchange.cot_protobuf import (
    MAGIC,
    MESH_HEAD,
    MESH_XML_HEAD,
    ProtobufStream,
    read_message,
    write_stream_frame,
)
from truceline.exchange.cot_xml import XML_HEAD, XmlStream, read_xml, write_xml

PROTOCOL_VERSION = 1
"""Version of the TAK protocol spoken."""
CONTROL_STALE = timedelta(seconds=60)
"""How long an event of the protocol itself holds."""
_MAGIC = bytes([MAGIC])

Found = CotEvent | CotError


class CotConversation:
    """Understands what a peer sends and says what to answer."""

    def __init__(self, *, asks_for_protobuf: bool = False) -> None:
        """With `asks_for_protobuf`, an offer of protobuf by the peer is taken up (the client's part)."""
        self.uses_protobuf = False
        """What is sent from now on goes in frames."""
        self.is_waiting = False
        """Protobuf was asked for and not answered yet: nothing may be sent meanwhile."""
        self.asks_for_protobuf = asks_for_protobuf
        """An offer of protobuf is taken up; not to be changed while waiting."""
        self._xml: XmlStream = XmlStream()
        self._frames: ProtobufStream = ProtobufStream()
        self._is_xml = True

    @property
    def is_amid(self) -> bool:
        """Tell whether an event has begun and not ended."""
        return self._xml.is_amid or self._frames.is_amid

    def receive(self, data: bytes, now: datetime) -> tuple[list[Found], bytes]:
        """Return what the peer said (the protocol's own events left out) and the bytes to answer.

        `now` (UTC without zone) is written into answers. Raises CotFramingError as `XmlStream.feed` does.
        """
        found = self._read(data)
        told: list[Found] = []
        answer = b""
        for each in found:
            reply = self._answer(each, now) if isinstance(each, CotEvent) else None
            if reply is None:
                told.append(each)
            else:
                answer += reply
        return told, answer

    def encode(self, event: CotEvent, *, remarks: str = "") -> bytes:
        """Return an event in the format agreed on."""
        write = write_stream_frame if self.uses_protobuf else write_xml
        return write(event, remarks=remarks)

    def _read(self, data: bytes) -> list[Found]:
        found: list[Found] = []
        try:
            while data:
                if self._is_xml:
                    found += self._xml.feed(data, until=_MAGIC)
                    data = self._xml.take_rest()
                else:
                    found += self._frames.feed(data)
                    data = self._frames.take_rest()
                if data:  # the other format begins
                    self._is_xml = not self._is_xml
        except CotFramingError as error:
            error.before = (*found, *error.before)
            raise
        return found

    def _answer(self, event: CotEvent, now: datetime) -> bytes | None:
        """Return what to send in answer to an event of the protocol itself; None for any other."""
        if event.type == PING and self.is_waiting:
            return b""  # whoever has asked for protobuf says nothing more until it is answered
        if event.type == PING:
            return self.encode(make_control(PONG, f"{event.uid}-pong", now))
        if event.type == PONG:
            return b""
        if event.type == PROTOCOL_OFFER:
            if (
                not self.asks_for_protobuf
                or self.is_waiting
                or self.uses_protobuf
                or PROTOCOL_VERSION not in event.versions
            ):
                return b""
            self.is_waiting = True
            return write_xml(make_control(PROTOCOL_REQUEST, event.uid, now, versions=(PROTOCOL_VERSION,)))
        if event.type == PROTOCOL_REQUEST:
            grants = PROTOCOL_VERSION in event.versions
            answer = write_xml(make_control(PROTOCOL_ANSWER, event.uid, now, is_granted=grants))
            self.uses_protobuf |= grants
            return answer
        if event.type == PROTOCOL_ANSWER:
            self.uses_protobuf |= self.is_waiting and event.is_granted is True
            self.is_waiting = False
            return b""
        return None


def make_control(
    kind: str,
    uid: str,
    now: datetime,
    *,
    versions: tuple[int, ...] = (),
    is_granted: bool | None = None,
) -> CotEvent:
    """Return an event of the protocol itself; it is nowhere."""
    stale = now + CONTROL_STALE
    return CotEvent(uid, kind, now, now, stale, 0.0, 0.0, how="m-g", versions=versions, is_granted=is_granted)


def write_capture(events: Sequence[tuple[CotEvent, str]], *, is_protobuf: bool) -> bytes:
    """Return a file of events, each with its remarks: frames, or one XML document with all of them."""
    if is_protobuf:
        return b"".join(write_stream_frame(event, remarks=remarks) for event, remarks in events)
    head = XML_HEAD.encode("ascii")
    inner = b"".join(write_xml(event, remarks=remarks).removeprefix(head) for event, remarks in events)
    return head + b"<events>\n" + inner + b"</events>\n"


def read_capture(data: bytes) -> tuple[list[Found], str]:
    """Return the events of a file (XML, frames, or one datagram) and what ended its reading early.

    The text is empty where the file was read to its end.
    """
    if data.startswith((MESH_HEAD, MESH_XML_HEAD)):
        body = data[len(MESH_HEAD) :]
        try:
            if len(body) > MAX_EVENT_BYTES:
                return [], f"a message of {len(body):,} bytes is longer than {MAX_EVENT_BYTES:,}"
            return [read_message(body) if data.startswith(MESH_HEAD) else read_xml(body)], ""
        except CotError as error:
            return [error], ""
    conversation = CotConversation()
    try:
        found = conversation._read(data)
    except CotFramingError as error:
        return list(error.before), error.problems[0].found
    return found, "it ends amid an event" if conversation.is_amid else ""
