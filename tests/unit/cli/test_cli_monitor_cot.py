"""`truceline monitor listen` and `send`: a saved feed in, effort in the daily report, incidents out."""

from __future__ import annotations

import json
import re
import shutil
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_inputs import run_command

from truceline.events.schema import CHANGES, EFFORTS, REPORTS
from truceline.exchange.cot_stream import read_capture, write_capture
from truceline.store.open import open_store

EXAMPLES = Path(__file__).resolve().parents[3] / "docs" / "examples" / "live-feeds"
WHO = ("--who", "desk")


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRUCELINE_NOW", "2025-03-04T08:00")
    for each in EXAMPLES.iterdir():
        shutil.copy(each, tmp_path)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a store that listened to the manual's example, linked; copy it to write."""
    store = tmp_path_factory.mktemp("live") / "mission.duckdb"
    run_command("monitor", "init", store, *WHO)
    run_command("monitor", "listen", store, EXAMPLES / "feed.xml", "--units", EXAMPLES / "units.csv", *WHO)
    run_command("monitor", "link", store, *WHO)
    return store


@pytest.fixture
def store(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(finished, tmp_path / "mission.duckdb"))


class TestListen:
    def test_a_saved_feed_becomes_effort_and_reports_and_others_are_counted(self, store: Path) -> None:
        with open_store(store) as opened:
            efforts, reports = opened.read_current(EFFORTS), opened.read_current(REPORTS)
            changes = opened.read(CHANGES)
        hours = (efforts["time_to"] - efforts["time_from"]).dt.total_seconds().groupby(
            efforts["post"]
        ).sum() / 3600
        assert hours.to_dict() == {"Patrol 5": 1.0, "UAV 2": 0.5}
        assert reports["kind"].tolist() == ["firefight"]
        assert changes["what"].tolist() == ["init", "listen", "link"]
        assert json.loads(changes["details"].iloc[1])["source"] == "feed.xml"

    def test_again_and_as_protobuf_it_adds_nothing_and_says_so(self, store: Path) -> None:
        events, _ = read_capture(Path("feed.xml").read_bytes())
        Path("feed.tak").write_bytes(write_capture([(each, "") for each in events], is_protobuf=True))  # type: ignore[misc]
        said = run_command("monitor", "listen", store, "feed.tak", "feed.xml", "--units", "units.csv", *WHO)
        assert "feed.tak: 54 events, 0 intervals of watching new or longer" in said
        assert "54 repeated" in said
        with open_store(store) as opened:
            assert len(opened.read(REPORTS)) == 1
            assert len(opened.read(EFFORTS)) == 2

    def test_the_daily_report_counts_the_hours_of_the_patrol(self, store: Path) -> None:
        run_command("monitor", "report", store, "2025-03-02", "--draft", "--out", "daily", *WHO)
        text = re.sub(r"<[^>]+>|\s+", " ", Path("daily/daily-2025-03-02.html").read_text(encoding="utf-8"))
        assert re.search(r"Hours watched\s+1\.5\b", text)

    def test_a_feed_cut_short_is_kept_as_far_as_it_goes(self, finished: Path) -> None:
        run_command("monitor", "init", "new.duckdb", *WHO)
        data = Path("feed.xml").read_bytes()
        Path("cut.xml").write_bytes(data[: len(data) // 2])
        said = run_command("monitor", "listen", "new.duckdb", "cut.xml", "--units", "units.csv", *WHO)
        assert "not read to its end: it ends amid an event" in said
        with open_store("new.duckdb") as opened:
            assert len(opened.read_current(EFFORTS)) == 2

    def test_listening_ends_by_itself_and_a_port_in_use_is_told(self, store: Path) -> None:
        said = run_command("monitor", "listen", store, "--cot", "tcp://127.0.0.1:0", "--for", "0.1", *WHO)
        assert re.search(r"Listening at tcp://127\.0\.0\.1:\d+; end with Ctrl\+C", said)
        assert "0 events" in said
        with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as taken:
            port = taken.server_address[1]
            said = run_command("monitor", "listen", store, "--cot", f"tcp://127.0.0.1:{port}", *WHO, code=2)
        assert "cannot be listened at" in said

    @pytest.mark.parametrize(
        ("words", "found"),
        [
            ((), "nothing to listen to"),
            (("missing.xml",), "no such file"),
            (("units.csv",), "holds no event"),
            (("--cot", "udp://host:1"), "--cot"),
            (("--cot", "tls://127.0.0.1:0"), "--tls-cert"),
            (("feed.xml", "--units", "feed.xml"), "lacks"),
        ],
    )
    def test_a_mistake_is_told_in_words(self, store: Path, words: tuple[str, ...], found: str) -> None:
        assert found in run_command("monitor", "listen", store, *words, *WHO, code=2)
        with open_store(store) as opened:
            assert opened.last_change() == 3


class _Display(socketserver.StreamRequestHandler):
    """A situation display: keeps what it is sent."""

    got = b""

    def handle(self) -> None:
        type(self).got = self.rfile.read()


@pytest.fixture
def display() -> Iterator[str]:
    with socketserver.TCPServer(("127.0.0.1", 0), _Display) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"tcp://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


class TestSend:
    @pytest.mark.parametrize("name", ["incidents.xml", "incidents.tak"])
    def test_a_file_holds_the_incidents_as_marks(self, store: Path, name: str) -> None:
        said = run_command("monitor", "send", store, "--to", name)
        assert f"{name}: 1 incidents; nothing after 2025-03-03 08:00 UTC" in said
        (event,), problem = read_capture(Path(name).read_bytes())
        assert problem == ""
        assert (event.type, event.callsign, event.lon) == ("b-m-p-s-m", "Incident 1", 38.46)  # type: ignore[union-attr]

    def test_a_display_is_sent_the_same(self, store: Path, display: str) -> None:
        run_command("monitor", "send", store, "--to", "incidents.xml")
        said = run_command("monitor", "send", store, "--to", display, "--stale", "24 h")
        assert "1 incidents (XML)" in said
        assert read_capture(_Display.got)[0] == read_capture(Path("incidents.xml").read_bytes())[0]

    @pytest.mark.parametrize(
        ("words", "found"),
        [
            (("--to", "incidents.pdf"), "neither an address nor a file"),
            (("--to", "tcp://127.0.0.1:1"), "nobody listens there"),
            (("--to", "no/such/folder/x.xml"), "cannot be written"),
            (("--to", "x.xml", "--level", "public"), "released to the public"),
            (("--to", "x.xml", "--level", "all"), "--level"),
            (("--to", "x.xml", "--delay", "-1 h"), "--delay"),
        ],
    )
    def test_a_mistake_is_told_in_words(self, store: Path, words: tuple[str, ...], found: str) -> None:
        assert found in run_command("monitor", "send", store, *words, code=2)
        assert not Path("x.xml").exists()
