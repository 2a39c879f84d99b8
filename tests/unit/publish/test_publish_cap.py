"""Warnings as messages of CAP 1.2: by the structure of the standard, one after another, sober, repeatable."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cap_structure import NAMESPACE, check_message, make_schema
from day_sample import MISSION, Days, start_store
from lxml import etree
from small_inputs import run_command

from truceline.events.kinds import Flag, Releasability
from truceline.events.schema import CHANGES
from truceline.monitor.trend import Trend, watch_trend
from truceline.monitor.warning import WarningMessage, issue_warnings
from truceline.publish.cap_alert import fill_warnings, render_warning
from truceline.store.base import Store, StoreError

FIRST = date(2025, 4, 1)
QUIET_DAYS, LOUD_DAYS = 40, 12
LOUD = FIRST + timedelta(days=QUIET_DAYS)
"""First day of a rise in two regions."""
LAST = LOUD + timedelta(days=LOUD_DAYS)
"""First day after it."""
EVENINGS = [LOUD + timedelta(days=i - 1) for i in range(LOUD_DAYS + 26)]
QUIET_A_DAY = {"Donetsk": 6, "Luhansk": 4, "Zaporizhzhia": 3}
CAP = {"c": NAMESPACE}
Evening = tuple[date, tuple[WarningMessage, ...]]


def evening(day: date) -> datetime:
    """Return a moment after the cut-off of a reporting day."""
    return MISSION.cutoff_utc(datetime.combine(day, time())) + timedelta(hours=2)


def fill(days: Days) -> None:
    """Write quiet days, days of a rise in Donetsk and Luhansk, and quiet days again."""
    random = np.random.default_rng(5)
    incidents = []
    for i in range(QUIET_DAYS + LOUD_DAYS + 30):
        day = FIRST + timedelta(days=i)
        start, _ = MISSION.period(datetime.combine(day, time()))
        is_loud = LOUD <= day < LAST
        for region, usual in QUIET_A_DAY.items():
            n = random.poisson(usual * (5 if is_loud and region != "Zaporizhzhia" else 1))
            incidents += [
                {"time_from": start + timedelta(minutes=int(m)), "region": region, "place": "A village"}
                for m in random.integers(0, 1400, n)
            ]
    days.add(incidents)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Days]:
    """Give a store with a rise in it, whose trend is looked at once.

    The trend is causal: one look at the whole period, cut off at each evening, is the look of that evening.
    """
    store, days = start_store(tmp_path_factory.mktemp("warnings"))
    fill(days)
    end = evening(EVENINGS[-1])
    whole = watch_trend(store, until=end, days=90, now=end)

    def look(asked: Store, *, until: datetime, **other: Any) -> Trend:
        if asked is not store:
            return watch_trend(asked, until=until, **other)
        last = until.date()
        frames = (("days", whole.days), ("alarms", whole.alarms))
        cut = {name: frame[frame["day"] <= np.datetime64(last)] for name, frame in frames}
        return replace(whole, until=last, **cut)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("truceline.monitor.warning.watch_trend", look)
        yield days
    store.close()


def ask(
    days: Days, day: date, *, later_h: int = 0, fails: bool = False, **other: object
) -> tuple[WarningMessage, ...]:
    """Return the messages of the evening of a day, sent; or fail to write them."""
    now = evening(day) + timedelta(hours=later_h)
    wanted: dict[str, object] = {
        "level": Releasability.public,
        "sender": "warnings@mission.example",
        "status": "Exercise",
        "who": "desk",
        **other,
    }
    with issue_warnings(days.store, now=now, **wanted) as messages:  # type: ignore[arg-type]
        if fails:
            raise OSError("disk full")
        return messages


@pytest.fixture(scope="module")
def alarmed(filled: Days) -> list[Evening]:
    """Give what was said each evening from before the rise until well after it."""
    return [(day, ask(filled, day)) for day in EVENINGS]


def said_of(alarmed: list[Evening], region: str) -> list[WarningMessage]:
    return [message for _, messages in alarmed for message in messages if message.region == region]


class TestTheStructure:
    @pytest.mark.parametrize("level", list(Releasability))
    def test_every_message_is_one_by_the_standard(self, filled: Days, level: Releasability) -> None:
        evenings = (LOUD + timedelta(days=i) for i in (4, 5))
        messages = [m for day in evenings for m in ask(filled, day, level=level, status="Test")]
        assert {m.kind for m in messages} >= {"Alert", "Update"}
        for message in messages:
            assert check_message(render_warning(message)) == []

    def test_a_cancellation_is_one_too(self, alarmed: list[Evening]) -> None:
        ends = [m for _, messages in alarmed for m in messages if m.kind == "Cancel"]
        assert ends
        for message in ends:
            assert check_message(render_warning(message)) == []

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (b"<status>Exercise</status>", b"<status>Real</status>"),
            (b"<scope>Public</scope>", b"<scope>Restricted</scope>"),
            (b"<scope>Public</scope>", b"<scope>Private</scope>"),
            (b"-00:00</sent>", b"Z</sent>"),
            (b"<certainty>Likely</certainty>", b""),
            (b"<category>Safety</category>", b"<category>Artillery</category>"),
            (b"<language>en-GB</language>", b"<language>en-GB</language><event>twice</event>"),
            (b"<msgType>Alert</msgType>", b"<msgType>Update</msgType>"),
            (b"<msgType>Alert</msgType>", b"<msgType>Alert</msgType><msgType>Alert</msgType>"),
            (b"<sender>warnings@", b"<sender>the warnings@"),
            (b"<valueName>", b"<name>"),
            (b"urn:oasis:names:tc:emergency:cap:1.2", b"urn:oasis:names:tc:emergency:cap:1.1"),
            (b" 90</circle>", b" wide</circle>"),
            (b"<areaDesc>", b"<circle>0,0 1</circle><areaDesc>"),
        ],
    )
    def test_the_check_refuses_what_is_none(self, alarmed: list[Evening], old: bytes, new: bytes) -> None:
        alert = next(m for _, messages in alarmed for m in messages if m.kind == "Alert")
        good = render_warning(alert).replace(b"<certainty>Possible<", b"<certainty>Likely<")
        assert check_message(good) == []
        assert old in good
        bad = good.replace(old, new)
        if old == b"<valueName>":
            bad = bad.replace(b"</valueName>", b"</name>")
        assert check_message(bad)

    def test_no_element_of_ours_is_unknown_to_the_schema(self) -> None:
        assert make_schema().validate(etree.fromstring(f'<alert xmlns="{NAMESPACE}"/>')) is False


class TestOneAfterAnother:
    def test_a_rise_is_an_alert_then_updates_then_its_end(self, alarmed: list[Evening]) -> None:
        kinds = [message.kind for message in said_of(alarmed, "Donetsk")]
        assert kinds[0] == "Alert"
        assert kinds[-1] == "Cancel"
        assert "Update" in kinds

    def test_each_cites_the_one_before_as_it_was_sent(self, alarmed: list[Evening]) -> None:
        messages = said_of(alarmed, "Donetsk")
        assert not messages[0].references
        for before, after in itertools.pairwise(messages):
            if after.kind == "Alert":
                continue
            (cited,) = after.references
            assert (cited.sender, cited.identifier, cited.sent) == (
                before.sender,
                before.identifier,
                before.sent,
            )

    def test_before_the_rise_there_is_nothing_to_say(self, alarmed: list[Evening]) -> None:
        assert alarmed[0] == (LOUD - timedelta(days=1), ())

    def test_a_region_that_did_not_rise_is_not_warned_of(self, alarmed: list[Evening]) -> None:
        assert {m.region for _, messages in alarmed for m in messages} >= {"Donetsk", "Luhansk"}
        assert not said_of(alarmed, "Zaporizhzhia")

    def test_identifiers_are_never_given_twice(self, alarmed: list[Evening]) -> None:
        names = [m.identifier for _, messages in alarmed for m in messages]
        assert len(names) == len(set(names))

    def test_what_was_sent_stands_in_the_history_with_who_sent_it(
        self, filled: Days, alarmed: list[Evening]
    ) -> None:
        changes = filled.store.read(CHANGES)
        kept = changes[changes["what"] == "warn"]
        assert set(kept["who"]) == {"desk"}
        names = {one["identifier"] for text in kept["details"] for one in json.loads(text)["warnings"]}
        assert {m.identifier for _, messages in alarmed for m in messages} <= names

    def test_the_same_evening_asked_again_gives_the_same_bytes_and_writes_nothing(self, filled: Days) -> None:
        day = LOUD + timedelta(days=7)
        first = ask(filled, day, level=Releasability.parties)
        n_changes = filled.store.last_change()
        assert first
        again = ask(filled, day, level=Releasability.parties, later_h=1)
        assert [render_warning(m) for m in again] == [render_warning(m) for m in first]
        assert filled.store.last_change() == n_changes

    def test_late_reports_of_the_same_day_make_an_update(self, tmp_path: Path) -> None:
        store, days = start_store(tmp_path)
        with store:
            fill(days)
            day = LOUD + timedelta(days=6)
            first = ask(days, day)
            start, _ = MISSION.period(datetime.combine(day, time()))
            days.add([{"time_from": start + timedelta(hours=3)} for _ in range(9)])
            (again,) = [m for m in ask(days, day) if m.region == "Donetsk"]
            (before,) = [m for m in first if m.region == "Donetsk"]
            assert again.kind == "Update"
            assert again.references[0].identifier == before.identifier
            assert again.identifier.endswith(".2")

    def test_a_draft_leaves_no_trace(self, filled: Days) -> None:
        n_changes = filled.store.last_change()
        drafts = ask(filled, LOUD + timedelta(days=6), status="Draft", who="")
        assert {m.status for m in drafts} == {"Draft"}
        assert filled.store.last_change() == n_changes

    def test_a_file_that_cannot_be_written_keeps_nothing(self, filled: Days) -> None:
        n_changes = filled.store.last_change()
        with pytest.raises(OSError, match="full"):
            ask(filled, LOUD + timedelta(days=6), level=Releasability.mission, fails=True)
        assert filled.store.last_change() == n_changes


class TestTheWords:
    def test_numbers_stand_beside_what_was_expected_and_their_interval(self, alarmed: list[Evening]) -> None:
        for message in said_of(alarmed, "Donetsk"):
            root = etree.fromstring(render_warning(message))
            words = root.findtext("c:info/c:description", "", CAP)
            assert re.search(
                r"\d+ incidents of fighting against \d+\.\d expected \(\d+ to \d+ on 90 % of such days\), "
                r"a ratio of \d+\.\d\d \(\d+\.\d\d to \d+\.\d\d\)",
                words,
            )
            assert "forecast nothing" in words

    def test_nothing_is_ever_called_certain(self, alarmed: list[Evening]) -> None:
        messages = said_of(alarmed, "Donetsk")
        assert max(message.p for message in messages) > 0.995
        for message in messages:
            text = render_warning(message).decode()
            assert "1.00," not in text
            assert "<certainty>Observed" not in text
            p = re.search(r"probability</valueName>\s*<value>([\d.]+)<", text)
            assert p is not None
            assert float(p[1]) <= 0.99

    def test_an_exercise_says_so_in_its_note(self, alarmed: list[Evening]) -> None:
        for message in said_of(alarmed, "Donetsk"):
            root = etree.fromstring(render_warning(message))
            assert root.findtext("c:note", "", CAP).startswith("Exercise of ")
            assert ("ended" in root.findtext("c:note", "", CAP)) == (message.kind == "Cancel")

    def test_no_side_no_place_and_no_target_is_named(self, alarmed: list[Evening]) -> None:
        text = b"".join(render_warning(m) for _, messages in alarmed for m in messages).decode()
        text = text.replace(MISSION.name, "")
        for word in (*MISSION.sides.values(), "A village", "target", "attack", "enemy", "patrol", "Chasiv"):
            assert word not in text

    def test_names_from_a_mission_are_escaped(self, filled: Days) -> None:
        message = ask(filled, LOUD + timedelta(days=6), status="Draft")[0]
        odd = replace(message, region='<a href="x">&\x07', mission="M & N")
        root = etree.fromstring(render_warning(odd))
        assert root.findtext("c:info/c:area/c:areaDesc", "", CAP).startswith('<a href="x">&')
        assert check_message(render_warning(odd)) == []

    def test_a_region_is_a_circle_round_its_centre(self, alarmed: list[Evening]) -> None:
        message = said_of(alarmed, "Donetsk")[0]
        root = etree.fromstring(render_warning(message))
        centre = next(region for region in MISSION.regions if region.name == "Donetsk")
        circle = root.findtext("c:info/c:area/c:circle", "", CAP)
        lat, lon = (float(part) for part in circle.split()[0].split(","))
        assert (lat, lon) == pytest.approx((centre.lat, centre.lon), abs=0.01)


class TestWhatIsRefused:
    def test_a_sender_with_a_space_and_an_unknown_status_at_once(self, filled: Days) -> None:
        with pytest.raises(StoreError) as caught:
            ask(filled, LOUD, sender="the desk", status="Real")
        assert [p.where for p in caught.value.problems] == ["--sender", "--status"]

    def test_a_warning_in_earnest_never_rests_on_simulated_reports(self, tmp_path: Path) -> None:
        store, days = start_store(tmp_path)
        with store:
            days.add([{"flags": int(Flag.simulated)}])
            with pytest.raises(StoreError, match="simulated"):
                ask(days, date(2025, 6, 11), status="Actual")
            assert ask(days, date(2025, 6, 11), status="Exercise") == ()


def test_a_folder_lists_its_messages(filled: Days, tmp_path: Path) -> None:
    messages = ask(filled, LOUD + timedelta(days=6), status="Draft")
    names = fill_warnings(messages, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)
    listed = json.loads((tmp_path / "warnings.json").read_text())["warnings"]
    assert [one["region"] for one in listed] == [m.region for m in messages]


def test_a_desk_warns_from_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, days = start_store(tmp_path)
    with store:
        fill(days)
    day = LOUD + timedelta(days=6)
    monkeypatch.setenv("TRUCELINE_NOW", evening(day).isoformat())
    place, out = tmp_path / "watch.duckdb", tmp_path / "out"
    asked = ("monitor", "warn", place, "--out", out, "--level", "public", "--status", "Actual")
    asked = (
        *asked,
        "--sender",
        "warnings@mission.example",
        "--who",
        "desk",
        "--why",
        "agreed with the chief",
    )
    said = run_command(*asked)
    assert "Alert (Actual): Donetsk" in said
    files = {path.name: path.read_bytes() for path in out.iterdir()}
    messages = [data for name, data in files.items() if name.endswith(".xml")]
    assert len(messages) == 2
    for data in messages:
        assert check_message(data) == []
    run_command(*asked)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == files
