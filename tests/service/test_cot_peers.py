"""Peers over real connections: the other tool's client on the other side, TLS, and those who mean no good."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Coroutine
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import takproto
from cot_peers_kit import LOCAL, Heard, clock, listening, make_certificates, run_other_side
from takproto.functions import xml2message

from truceline.errors import ScenarioError
from truceline.exchange.cot_address import Address, make_client_tls, make_server_tls, parse_address
from truceline.exchange.cot_event import CotEvent
from truceline.exchange.cot_peers import Limits, follow, send_events
from truceline.exchange.cot_protobuf import write_stream_frame
from truceline.exchange.cot_stream import make_control, read_capture
from truceline.exchange.cot_xml import write_xml

NOON = datetime(2025, 3, 2, 12, 0)


def position(n: int = 0) -> CotEvent:
    at = NOON + timedelta(minutes=n)
    return CotEvent(f"P-{n}", "a-f-G-U-C", at, at, at + timedelta(minutes=5), 48.63, 38.45, how="m-g", ce=8.0)


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 30))


@pytest.mark.parametrize("protocol", ["0", "1"])
def test_the_other_tools_client_is_heard_in_xml_and_in_protobuf(protocol: str) -> None:
    async def check() -> None:
        heard = Heard()
        async with listening(heard) as (_, address):
            data = b"".join(write_xml(position(n)) for n in range(20))
            await run_other_side("send", 20, data, COT_URL=str(address), TAK_PROTO=protocol)
            await heard.wait_for(20)
        assert heard.events == [position(n) for n in range(20)]

    run(check())


def test_tls_is_spoken_with_the_other_tool_and_only_with_those_who_show_a_certificate(tmp_path: Path) -> None:
    files = make_certificates(tmp_path)
    tls = make_server_tls(files["server.pem"], files["server.key"], files["ca.pem"])

    async def check() -> None:
        heard = Heard()
        async with listening(heard, tls=tls) as (_, address):
            await run_other_side(
                "send",
                1,
                write_xml(position(1)),
                COT_URL=str(address),
                PYTAK_TLS_CLIENT_CERT=str(files["client.pem"]),
                PYTAK_TLS_CLIENT_KEY=str(files["client.key"]),
                PYTAK_TLS_CLIENT_CAFILE=str(files["ca.pem"]),
            )
            await heard.wait_for(1)
            ours = make_client_tls(files["client.pem"], files["client.key"], files["ca.pem"])
            assert (
                await send_events(address, [(position(2), "")], tls=ours, clock=clock, offer_s=0.05) is False
            )
            await heard.wait_for(2)
            nameless = make_client_tls(None, None, files["ca.pem"])
            with pytest.raises((ssl.SSLError, ConnectionError)):
                await send_events(address, [(position(3), "")] * 50, tls=nameless, clock=clock, offer_s=0.5)
            distrustful = make_client_tls(files["client.pem"], files["client.key"], None)
            with pytest.raises(OSError, match="certificate"):
                await send_events(address, [(position(4), "")], tls=distrustful, clock=clock)
            await send_plainly(address, write_xml(position(5)))
            assert heard.events == [position(1), position(2)]

    run(check())


async def send_plainly(address: Address, data: bytes, *, wait_s: float = 0.2) -> bytes:
    """Send bytes and return what came back until the other side closed, or for `wait_s`."""
    reader, writer = await asyncio.open_connection(address.host, address.port)
    writer.write(data)
    got = b""
    try:
        async with asyncio.timeout(wait_s):
            while more := await reader.read(1000):
                got += more
    except (TimeoutError, ConnectionError):
        pass
    writer.transport.abort()
    return got


def test_the_other_tool_receives_what_we_send_by_way_of_a_server() -> None:
    """Both are clients, as in life: a server passes on what one sends to the other."""

    async def check() -> None:
        listeners: list[asyncio.StreamWriter] = []
        is_there = asyncio.Event()

        async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            listeners.append(writer)
            is_there.set()
            while data := await reader.read(10_000):
                for each in listeners:
                    if each is not writer:
                        each.write(data)
            listeners.remove(writer)
            writer.close()

        server = await asyncio.start_server(relay, LOCAL, 0)
        address = Address("tcp", LOCAL, server.sockets[0].getsockname()[1])
        receiving = asyncio.ensure_future(run_other_side("receive", 3, b"", COT_URL=str(address)))
        await asyncio.wait_for(is_there.wait(), 10)
        events = [(position(n), "a record") for n in range(3)]
        await send_events(address, events, tls=None, clock=clock, offer_s=0.01)
        found, problem = read_capture(await receiving)
        server.close()
        assert (found, problem) == ([event for event, _ in events], "")

    run(check())


@pytest.mark.parametrize("offers", [True, False])
def test_a_server_that_offers_protobuf_gets_it_and_others_get_xml(offers: bool) -> None:
    """The other side's protobuf is read by the other tool."""

    async def check() -> None:
        got = bytearray()
        closed = asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if offers:
                writer.write(write_xml(make_control("t-x-takp-v", "offer-1", clock(), versions=(1,))))
                request = xml2message(await reader.readuntil(b"</event>"))
                assert (request.cotEvent.type, request.cotEvent.uid) == ("t-x-takp-q", "offer-1")
                writer.write(write_xml(make_control("t-x-takp-r", "offer-1", clock(), is_granted=True)))
            while data := await reader.read(1000):
                got.extend(data)
            writer.close()
            closed.set()

        server = await asyncio.start_server(serve, LOCAL, 0)
        address = Address("tcp", LOCAL, server.sockets[0].getsockname()[1])
        is_protobuf = await send_events(address, [(position(7), "seen")], tls=None, clock=clock, offer_s=0.3)
        await asyncio.wait_for(closed.wait(), 5)
        server.close()
        assert is_protobuf is offers
        message = takproto.parse_proto(bytearray(bytes(got).strip()))
        assert message is not None
        assert message.cotEvent.uid == "P-7"
        assert "seen" in message.cotEvent.detail.xmlDetail

    run(check())


def test_a_ping_is_answered_and_protobuf_granted() -> None:
    async def check() -> None:
        heard = Heard()
        async with listening(heard) as (_, address):
            ping = make_control("t-x-c-t", "ping-1", clock())
            ask = make_control("t-x-takp-q", "ask-1", clock(), versions=(1,))
            got = await send_plainly(
                address, write_xml(ping) + write_xml(ask) + write_stream_frame(position(3))
            )
            assert b"t-x-c-t-r" in got
            assert b'TakResponse status="true"' in got
            assert heard.found == [position(3)]

    run(check())


HOSTILE = [
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b'<!DOCTYPE event [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><event uid="&b;"/>',
    b"<event " + b"x" * 200_000,
    b"<event>" + b"<a>" * 100_000,
    bytes(range(256)) * 10,
    b"\xbf\xff\xff\xff\xff\x0f" + b"x" * 100,
    b"<event uid='half",
]


def test_peers_that_send_what_is_no_event_are_sent_away_and_stop_nobody() -> None:
    async def check() -> None:
        heard = Heard()
        async with listening(heard) as (server, address):
            _, good = await asyncio.open_connection(address.host, address.port)
            good.write(write_xml(position(0)))
            for data in HOSTILE:
                reader, writer = await asyncio.open_connection(address.host, address.port)
                writer.write(data)
                if writer.can_write_eof():
                    writer.write_eof()
                with suppress(ConnectionError):
                    await asyncio.wait_for(reader.read(), 5)
                writer.transport.abort()
            good.write(write_xml(position(1)))
            await heard.wait_for(2)
            good.transport.abort()
            assert heard.found == [position(0), position(1)]
            assert server.counts.n_ended == len(HOSTILE) == len(heard.told)
            assert all(line.startswith(LOCAL) for line in heard.told)

    run(check())


def test_a_peer_that_dribbles_or_says_nothing_is_let_go_and_others_go_on() -> None:
    limits = Limits(event_s=0.4, idle_s=0.8)

    async def check() -> None:
        heard = Heard()
        async with listening(heard, limits=limits) as (_, address):
            begun = time.monotonic()
            reader, writer = await asyncio.open_connection(address.host, address.port)

            async def dribble() -> float:
                try:
                    for byte in write_xml(position(1)):
                        writer.write(bytes([byte]))
                        await writer.drain()
                        await asyncio.sleep(0.05)
                except ConnectionError:
                    return time.monotonic() - begun
                return 99.0

            async def say_nothing() -> float:
                idle, silent = await asyncio.open_connection(address.host, address.port)
                await idle.read()
                silent.transport.abort()
                return time.monotonic() - begun

            slow = asyncio.gather(dribble(), say_nothing())
            await send_events(address, [(position(2), "")], tls=None, clock=clock, offer_s=0.01)
            dribbled, idled = await slow
            writer.transport.abort()
            assert reader is not None
            assert 0.3 < dribbled < 3.0
            assert 0.7 < idled < 3.0
            assert heard.found == [position(2)]
            assert sorted(line.split(": ")[1].split(" for")[0] for line in heard.told) == [
                "an event did not end",
                "nothing came",
            ]

    run(check())


def test_a_peer_that_floods_is_slowed_down_and_loses_nothing() -> None:
    limits = Limits(events_per_s=400.0, burst=100)

    async def check() -> None:
        heard = Heard()
        async with listening(heard, limits=limits) as (_, address):
            begun = time.monotonic()
            flood = [(position(n), "") for n in range(500)]
            await send_events(address, flood, tls=None, clock=clock, offer_s=0.01)
            await heard.wait_for(500)
            assert time.monotonic() - begun > 0.5  # 400 beyond the burst; the last reading is not waited for
            assert heard.found == [event for event, _ in flood]

    run(check())


def test_connections_beyond_the_limit_are_turned_away_until_one_ends() -> None:
    async def check() -> None:
        heard = Heard()
        async with listening(heard, limits=Limits(connections_per_host=2)) as (server, address):
            open_ones = [await asyncio.open_connection(address.host, address.port) for _ in range(2)]
            await asyncio.sleep(0.05)
            assert await send_plainly(address, write_xml(position(1)), wait_s=1.0) == b""
            assert server.counts.n_turned_away == 1
            open_ones[0][1].transport.abort()
            await asyncio.sleep(0.05)
            await send_events(address, [(position(2), "")], tls=None, clock=clock, offer_s=0.01)
            await heard.wait_for(1)
            assert heard.found == [position(2)]
            open_ones[1][1].transport.abort()

    run(check())


def test_a_server_that_goes_away_is_called_again() -> None:
    async def check() -> None:
        heard = Heard()
        n_calls = 0

        async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal n_calls
            writer.write(write_xml(position(n_calls)))
            n_calls += 1
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(serve, LOCAL, 0)
        address = Address("tcp", LOCAL, server.sockets[0].getsockname()[1])
        calling = asyncio.ensure_future(
            follow(address, heard.handle, tls=None, clock=clock, tell=heard.told.append, first_wait_s=0.05)
        )
        await heard.wait_for(3)
        calling.cancel()
        await asyncio.gather(calling, return_exceptions=True)
        server.close()
        assert heard.found[:3] == [position(0), position(1), position(2)]
        assert any("the server closed" in line for line in heard.told)

    run(check())


def test_a_server_that_is_not_there_is_told_in_words() -> None:
    async def check() -> None:
        with socket.socket() as free:
            free.bind((LOCAL, 0))
            port = free.getsockname()[1]
        with pytest.raises(OSError, match=r"(?i)refused|connect"):
            await send_events(Address("tcp", LOCAL, port), [], tls=None, clock=clock)

    run(check())


@pytest.mark.parametrize(
    "word",
    ["udp://host:1", "tcp://", "tcp://host:99999", "tls://u:secret@host:1", "tcp://h/path", "tcp://[::1"],
)
def test_an_address_that_cannot_be_is_refused_and_holds_no_secret(word: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        parse_address(word, where="--cot")
    assert "secret" not in str(caught.value)
    assert "--cot" in str(caught.value)


def test_addresses_have_the_usual_ports_and_may_be_of_the_new_internet() -> None:
    assert str(parse_address("tcp://example.org", where="x")) == "tcp://example.org:8087"
    assert str(parse_address("ssl://example.org", where="x")) == "tls://example.org:8089"
    assert parse_address("tls://[::1]:9", where="x") == Address("tls", "::1", 9)
    assert str(Address("tls", "::1", 9)) == "tls://[::1]:9"


def test_certificates_that_cannot_be_used_are_told_by_name(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("no certificate", encoding="ascii")
    with pytest.raises(ScenarioError, match=r"wrong\.pem"):
        make_server_tls(wrong, None, wrong)
    with pytest.raises(ScenarioError, match="--server-ca"):
        make_client_tls(None, None, tmp_path / "missing.pem")
    with pytest.raises(ScenarioError, match="--tls-cert"):
        make_server_tls(None, None, None)
