"""An event means the same as XML, as protobuf and to another tool; what is no event is refused alone."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import takproto
from cot_samples import NOON, alarm, events, position
from hypothesis import example, given, settings
from hypothesis import strategies as st

from truceline.exchange.cot_event import (
    MAX_EVENT_BYTES,
    CotError,
    CotEvent,
    CotFramingError,
    CotLink,
    format_moment,
    parse_moment,
)
from truceline.exchange.cot_protobuf import ProtobufStream, read_message, write_message, write_stream_frame
from truceline.exchange.cot_stream import CotConversation, read_capture, write_capture
from truceline.exchange.cot_xml import XmlStream, read_xml, write_xml

OTHER = takproto.TAKProtoVer


@settings(max_examples=40, deadline=None)
@given(event=events())
@example(event=replace(position(), lat=0.0, lon=-0.0, course=0.0, speed=0.0))
def test_an_event_survives_xml_and_protobuf(event: CotEvent) -> None:
    assert read_xml(write_xml(event, remarks="a <word> & more")) == event
    assert read_message(write_message(event, remarks="a <word> & more")) == event


@settings(max_examples=40, deadline=None)
@given(event=events())
@pytest.mark.parametrize("version", [OTHER.MESH, OTHER.STREAM])
def test_what_the_other_tool_makes_of_our_xml_is_the_same_event(version: object, event: CotEvent) -> None:
    made = bytes(takproto.xml2proto(write_xml(event), version))
    (found,), problem = read_capture(made)
    assert problem == ""
    assert isinstance(found, CotEvent)
    for name in ("time", "start", "stale"):  # the other tool goes by way of a float, and cuts
        assert abs(getattr(found, name) - getattr(event, name)) <= timedelta(milliseconds=1)
    assert replace(found, time=event.time, start=event.start, stale=event.stale) == event


@settings(max_examples=40, deadline=None)
@given(event=events())
def test_the_other_tool_reads_our_protobuf(event: CotEvent) -> None:
    message = takproto.parse_proto(bytearray(write_stream_frame(event)))
    assert message is not None
    told = message.cotEvent
    assert (told.uid, told.type, told.how) == (event.uid, event.type, event.how)
    assert (told.lat, told.lon) == (event.lat, event.lon)
    assert told.ce == (999_999.0 if event.ce is None else event.ce)
    assert told.startTime == round((event.start - datetime(1970, 1, 1)).total_seconds() * 1000)
    assert told.detail.contact.callsign == event.callsign
    assert (told.detail.group.name, told.detail.group.role) == (event.group, event.role)
    assert told.detail.HasField("track") == (event.course is not None)
    xml = ET.fromstring(f"<detail>{told.detail.xmlDetail}</detail>")  # noqa: S314
    assert [link.get("uid") for link in xml.findall("link")] == [link.uid for link in event.links]


def test_remarks_and_chat_are_never_kept() -> None:
    text = write_xml(position(), remarks="Sergeant Invented saw it").decode()
    assert "Invented" in text
    assert "Invented" not in repr(read_xml(text.encode()))


def test_numbers_that_stand_for_not_known_are_not_numbers() -> None:
    text = write_xml(replace(position(), ce=None, hae=None)).decode()
    assert 'ce="9999999.0"' in text
    for word in ("999999", "9999999.0", "0", "0.0", "-1", "nan", "inf", "1e999", "near"):
        assert read_xml(text.replace('ce="9999999.0"', f'ce="{word}"').encode()).ce is None


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-03-02T12:00:00Z", NOON),
        ("2025-03-02T12:00:00", NOON),
        ("2025-03-02T14:00:00+02:00", NOON),
        ("2025-03-02T14:00:00.000+0200", NOON),
        ("2025-03-02T12:00:00.123456789Z", NOON.replace(microsecond=123_000)),
        ("2025-03-02T12:00Z", NOON),
        ("2025-02-30T12:00:00Z", None),
        ("2025-03-02", None),
        ("20250302T120000Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("now", None),
    ],
)
def test_moments_are_read_as_senders_write_them(text: str, moment: datetime | None) -> None:
    assert parse_moment(text) == moment
    assert moment is None or parse_moment(format_moment(moment)) == moment


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ('uid="P-5"', "", "uid"),
        ('uid="P-5"', 'uid="  "', "uid"),
        ('uid="P-5"', f'uid="{"x" * 300}"', "uid"),
        ('type="a-f-G-U-C"', 'type="a f"', "type"),
        ('lat="48.63"', 'lat="91"', "lat"),
        ('lat="48.63"', 'lat="nan"', "lat"),
        ('lon="38.45"', "", "lon"),
        ('stale="2025-03-02T12:05:00.000Z"', 'stale="later"', "stale"),
        ("<event ", "<person ", "document"),
    ],
)
def test_an_event_that_cannot_be_used_is_refused_alone(old: str, new: str, where: str) -> None:
    good = write_xml(position())
    bad = good.decode().replace(old, new)
    if where == "document":
        bad = bad.replace("</event>", "</person>")
    found = XmlStream().feed(good + bad.encode() + good)
    assert found[0] == found[2] == position()
    assert isinstance(found[1], CotError)
    assert found[1].problems[0].where == where
    assert found[1].problems[0].hint


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE event [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><event uid="&c;"/>'
)
OUTSIDE = '<!DOCTYPE event [<!ENTITY a SYSTEM "file:///etc/passwd">]><event uid="&a;"/>'


@pytest.mark.parametrize(
    "data",
    [
        BOMB.encode(),
        OUTSIDE.encode(),
        b'<event uid="&a;"/>',
        b"<event><a><b></a></b></event>",
        b'<event uid="a" uid="b"/>',
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01",
        b"<event " + b"x" * MAX_EVENT_BYTES,
        b"<event>" + b"<a>" * 20,
        b"<event>" + b"<a/>" * 3000,
        b"<event><!-- " + b"x" * MAX_EVENT_BYTES,
        b"<event>\xff\xfe</event>",
        b"\xbf" + b"\xff" * 11,
        b"\xbf\xff\xff\xff\x7f",
    ],
)
def test_bytes_that_are_no_stream_of_events_end_it_and_keep_what_came_before(data: bytes) -> None:
    conversation = CotConversation()
    with pytest.raises(CotFramingError) as caught:
        conversation.receive(write_xml(position()) + write_stream_frame(position()) + data, NOON)
    assert caught.value.before == (position(), position())
    assert caught.value.problems[0].found


@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=400))
@example(data=b"\xbf\x01\xbf")
@example(data=b"\xbf\x02\x12\x00")
@example(data=b"\xbf\x00\xbf<event")
def test_no_bytes_do_more_than_be_refused(data: bytes) -> None:
    found, _ = read_capture(data)
    assert all(isinstance(each, CotEvent | CotError) for each in found)
    for stream in (XmlStream(), ProtobufStream()):
        with suppress(CotFramingError):
            assert all(isinstance(each, CotEvent | CotError) for each in stream.feed(data))


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_message_with_bytes_changed_is_an_event_or_refused(data: st.DataObject) -> None:
    message = bytearray(write_message(alarm()))
    for at, byte in data.draw(
        st.lists(st.tuples(st.integers(0, len(message) - 1), st.integers(0, 255)), max_size=4)
    ):
        message[at] = byte
    with suppress(CotError):
        assert read_message(bytes(message)).uid


@settings(max_examples=40, deadline=None)
@given(
    several=st.lists(events(), max_size=4),
    formats=st.lists(st.sampled_from("xpn"), min_size=4, max_size=4),
    step=st.integers(1, 60),
)
def test_a_stream_is_understood_however_it_is_cut(
    several: list[CotEvent], formats: list[str], step: int
) -> None:
    """XML with and without declarations, blanks between, frames in between: always the same events."""
    writers = {
        "x": write_xml,
        "p": write_stream_frame,
        "n": lambda event: write_xml(event).split(b"?>", 1)[1].strip() + b"\x00 \r\n",
    }
    data = b"".join(writers[how](event) for event, how in zip(several, formats, strict=False))
    conversation = CotConversation()
    found: list[object] = []
    for at in range(0, len(data), step):
        told, answer = conversation.receive(data[at : at + step], NOON)
        assert answer == b""
        found += told
    assert found == several
    assert not conversation.is_amid


def test_an_end_in_a_comment_or_a_text_ends_no_event() -> None:
    inner = "<!-- </event> --><x a='>'/><![CDATA[</event>]]><remarks>&lt;/event&gt;</remarks>"
    data = write_xml(position()).replace(b"</detail>", inner.encode() + b"</detail>")
    assert XmlStream().feed(data * 2) == [position(), position()]


def test_a_file_is_read_back_as_it_was_written(tmp_path: object) -> None:
    both = [(position(), "one"), (alarm(), "")]
    for is_protobuf in (False, True):
        data = write_capture(both, is_protobuf=is_protobuf)
        assert read_capture(data) == ([position(), alarm()], "")
        found, problem = read_capture(data[:-20])
        assert found[0] == position()
        assert problem == "it ends amid an event"
    root = ET.fromstring(write_capture(both, is_protobuf=False))  # noqa: S314
    assert [each.tag for each in root] == ["event", "event"]


def test_pings_are_answered_and_protobuf_is_granted_to_whoever_asks() -> None:
    server, client = CotConversation(), CotConversation(asks_for_protobuf=True)
    ping = replace(position(), type="t-x-c-t", uid="ping-1")
    told, pong = server.receive(write_xml(ping), NOON)
    assert told == []
    assert (read_xml(pong).type, read_xml(pong).uid) == ("t-x-c-t-r", "ping-1-pong")

    offer = replace(position(), type="t-x-takp-v", uid="protouid", versions=(1,))
    told, request = client.receive(write_xml(offer), NOON)
    asked = read_xml(request)
    assert (told, asked.type, asked.uid, asked.versions) == ([], "t-x-takp-q", "protouid", (1,))
    assert client.is_waiting
    assert client.receive(write_xml(ping), NOON) == ([], b"")  # nothing more in XML until it is answered
    _, answer = server.receive(request, NOON)
    assert read_xml(answer).is_granted is True
    client.receive(answer, NOON)
    assert client.uses_protobuf
    assert not client.is_waiting
    assert server.receive(client.encode(position()), NOON) == ([position()], b"")
    assert server.encode(position())[:1] == b"\xbf"


def test_protobuf_is_neither_asked_for_unoffered_nor_used_unanswered() -> None:
    client = CotConversation(asks_for_protobuf=True)
    offer = replace(position(), type="t-x-takp-v", uid="u", versions=(7,))
    assert client.receive(write_xml(offer), NOON) == ([], b"")
    answer = replace(position(), type="t-x-takp-r", uid="u", is_granted=True)
    client.receive(write_xml(answer), NOON)
    assert not client.uses_protobuf
    client.receive(write_xml(replace(offer, versions=(1,))), NOON)
    client.receive(write_xml(replace(answer, is_granted=False)), NOON)
    assert (client.uses_protobuf, client.is_waiting) == (False, False)


def test_links_beyond_what_is_kept_are_left_out() -> None:
    many = tuple(CotLink(f"u{n}") for n in range(40))
    assert len(read_xml(write_xml(replace(position(), links=many))).links) == 16
