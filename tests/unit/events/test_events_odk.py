"""The field form read back: the same from the server and from every export, and nothing about persons."""

from __future__ import annotations

import json
import time
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from field_kit import (
    as_kobo,
    central_tables,
    central_zip,
    edited,
    event,
    kobo_workbook,
    submission,
    system,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.events.feeds import odk_files
from truceline.events.feeds.base import FeedContext
from truceline.events.feeds.odk import FieldRows, clock_ahead, find_problem, map_records
from truceline.events.feeds.odk_files import looks_like_submissions, read_submissions
from truceline.events.feeds.odk_form import READ
from truceline.events.feeds.odk_records import FieldRecord, read_json, read_row, sort_columns
from truceline.events.feeds.registry import FEEDS
from truceline.events.kinds import Flag
from truceline.events.readers.chunk import ReportFileError

NOW = datetime(2025, 3, 10)
CONTEXT = FeedContext("Europe/Kyiv", NOW, {"ukraine": "a", "russia": "b"}, (21.0, 43.5, 42.5, 53.0))


def mapped(*given: dict[str, Any], posts: dict[str, tuple[float, float]] | None = None) -> FieldRows:
    records = [read_json(number, each) for number, each in enumerate(given, start=1)]
    assert [find_problem(each) for each in records] == [""] * len(records)
    return map_records([(each.key, each) for each in records], CONTEXT, posts or {})


def without_clocks(record: FieldRecord) -> tuple[Any, ...]:
    return (
        record.key,
        record.instance,
        record.submitted,
        dict(record.answers),
        [dict(e) for e in record.events],
    )


class TestViolations:
    def test_an_event_is_placed_by_range_and_bearing(self) -> None:
        rows = mapped(submission("one")).reports
        assert len(rows) == 1
        row = rows.iloc[0]
        assert (row["feed"], row["key"], row["source_ref"]) == ("field", "one/one-1", "one")
        assert (row["post"], row["source"], row["means"]) == ("Post 12", "Team North", "post")
        assert (row["observer_lon"], row["observer_lat"], row["bearing_deg"]) == (37.8, 48.1, 157.0)
        assert row["lon"] > 37.8
        assert row["lat"] < 48.1
        assert row["place_precision"] == "bearing"
        assert (row["count_low"], row["count_best"], row["count_high"]) == (4, 5, 8)
        assert str(row["time_from"]) == "2025-03-01 06:30:00"
        assert row["time_to"] - row["time_from"] == timedelta(minutes=1)
        assert str(row["received_at"]) == "2025-03-01 10:00:00"

    def test_several_events_of_one_form_are_several_reports(self) -> None:
        one = submission("one", violation={"event": [event("a"), event("b", kind="shot")], "n_events": "2"})
        assert list(mapped(one).reports["key"]) == ["one/a", "one/b"]

    def test_events_without_an_id_are_known_by_their_place(self) -> None:
        one = submission("one", violation={"event": [event(""), event("")], "n_events": "2"})
        assert list(mapped(one).reports["key"]) == ["one/1", "one/2"]

    def test_an_event_with_a_position_of_its_own_lies_there(self) -> None:
        point = {"type": "Point", "coordinates": [37.9, 48.2, 0], "properties": {"accuracy": 30}}
        one = submission("one", violation={"event": [event("a", event_position=point)], "n_events": "1"})
        row = mapped(one).reports.iloc[0]
        assert (row["lon"], row["lat"], row["sigma_m"]) == (37.9, 48.2, 30.0)

    @pytest.mark.parametrize(("known", "hours"), [("minute", 1 / 60), ("hour", 1), ("day", 24)])
    def test_a_time_is_as_wide_as_it_is_known(self, known: str, hours: float) -> None:
        one = submission("one", violation={"event": [event("a", time_known=known)], "n_events": "1"})
        row = mapped(one).reports.iloc[0]
        assert (row["time_to"] - row["time_from"]).total_seconds() / 3600 == pytest.approx(hours)
        assert row["time_precision"] == known
        assert row["time_from"] <= datetime(2025, 3, 1, 6, 30) < row["time_to"]

    def test_a_post_without_a_position_stands_where_the_mission_has_it(self) -> None:
        one = submission("one", position=None)
        assert mapped(one).reports["observer_lon"].isna().all()
        row = mapped(one, posts={"Post 12": (37.5, 48.5)}).reports.iloc[0]
        assert (row["observer_lon"], row["observer_lat"]) == (37.5, 48.5)

    @pytest.mark.parametrize(
        ("changes", "column"),
        [
            ({"count_low": 9}, "count_low"),
            ({"bearing": 400}, "bearing_deg"),
            ({"kind": "alien"}, "kind"),
            ({"event_from": "2031-01-01T00:00:00.000Z"}, "time_from"),
            ({"event_from": "soon"}, "time_from"),
            ({"event_from": None}, "time_from"),
            ({"event_to": "2025-03-01T07:00:00.000+02:00"}, "time_to"),
            ({"range_min_m": 9000}, "range_min_km"),
        ],
    )
    def test_what_the_form_would_not_take_is_refused_here_too(
        self, changes: dict[str, Any], column: str
    ) -> None:
        one = submission("one", violation={"event": [event("a", **changes), event("b")], "n_events": "2"})
        rows = mapped(one)
        assert list(rows.reports["key"]) == ["one/b"]
        assert [(owner, key, reject.where) for owner, key, reject in rows.rejects] == [(0, "one/a", column)]

    def test_a_form_without_its_events_says_that_a_table_is_missing(self) -> None:
        for part in ({"n_events": "2", "event": [event("a")]}, {"n_events": "1"}, {}):
            assert "both tables" in find_problem(read_json(1, submission("one", violation=part)))


class TestOtherRecords:
    def test_a_patrol_log_is_watching(self) -> None:
        rows = mapped(submission("log", "patrol", means="patrol"))
        assert rows.reports.empty
        row = rows.efforts.iloc[0]
        assert (row["key"], row["means"], row["state"], row["words"]) == (
            "field/log",
            "patrol",
            "watched",
            "all quiet",
        )
        assert row["time_to"] - row["time_from"] == timedelta(hours=2)

    def test_a_denial_is_a_report_and_time_lost(self) -> None:
        rows = mapped(submission("no", "denial", means="patrol"))
        report, effort = rows.reports.iloc[0], rows.efforts.iloc[0]
        assert (report["kind"], report["side_from"], report["place"]) == ("denial", "b", "Exampleville")
        assert (effort["state"], effort["cause"], effort["words"]) == ("denied", "side b", "no passage today")
        assert report["time_from"] == effort["time_from"]

    @pytest.mark.parametrize(("answer", "kind"), [("delayed", "delay"), ("jammed", "jamming")])
    def test_delay_and_jamming_are_told_apart(self, answer: str, kind: str) -> None:
        part = submission("no", "denial")["denial"] | {"denial_kind": answer}
        rows = mapped(submission("no", "denial", denial=part))
        assert (rows.reports["kind"].iloc[0], rows.efforts["state"].iloc[0]) == (kind, answer)

    def test_a_camera_that_is_down_is_time_lost(self) -> None:
        row = mapped(submission("cam", "camera", post="Camera 3")).efforts.iloc[0]
        assert (row["means"], row["post"], row["state"], row["cause"]) == (
            "camera",
            "Camera 3",
            "down",
            "no power",
        )


class TestClocks:
    def flags(self, record: dict[str, Any]) -> int:
        return int(mapped(record).reports["flags"].iloc[0])

    def test_a_device_that_finished_after_the_server_had_it_is_flagged(self) -> None:
        assert self.flags(submission("one")) == 0
        assert self.flags(submission("one", end="2025-03-01T12:04:00.000+02:00")) == 0
        assert self.flags(submission("one", end="2025-03-01T12:06:00.000+02:00")) == Flag.clock_off
        ahead = clock_ahead(read_json(1, submission("one", end="2025-03-01T13:00:00.000+02:00")))
        assert ahead == timedelta(hours=1)

    def test_an_edit_was_finished_when_the_edit_came(self) -> None:
        assert self.flags(edited(submission("one"), 2)) == 0

    def test_an_edit_that_has_no_time_of_its_own_tells_nothing_of_the_clock(self) -> None:
        late = as_kobo(edited(submission("one"), 2))
        assert clock_ahead(read_json(1, late)) is None

    def test_what_waited_for_a_network_is_late_and_its_clock_is_not_blamed(self) -> None:
        after = system(submissionDate="2025-03-05T10:00:00.000Z")
        assert self.flags(submission("one", __system=after)) == Flag.late


class TestExports:
    records = (
        submission("one", violation={"event": [event("a"), event("b", kind="shot")], "n_events": "2"}),
        submission("two", "denial"),
        submission("three", "camera"),
        submission("four", "patrol"),
    )

    def wanted(self) -> list[tuple[Any, ...]]:
        return [without_clocks(read_json(1, each)) for each in self.records]

    def test_the_zip_of_central_reads_as_its_feed_does(self, tmp_path: Path) -> None:
        path = tmp_path / "export.zip"
        path.write_bytes(central_zip(list(self.records)))
        assert looks_like_submissions(path)
        assert [without_clocks(each) for each in read_submissions([path]).records] == self.wanted()

    def test_the_two_tables_of_central_read_as_its_feed_does(self, tmp_path: Path) -> None:
        paths = []
        for name, text in central_tables(list(self.records)).items():
            paths.append(tmp_path / name)
            paths[-1].write_text(text, encoding="utf-8")
        assert all(map(looks_like_submissions, paths))
        found = read_submissions(paths)
        assert [without_clocks(each) for each in found.records] == self.wanted()
        assert {"submittername", "submitterid"} <= set(found.not_read)

    def test_the_workbook_of_kobo_reads_as_its_feed_does(self, tmp_path: Path) -> None:
        path = tmp_path / "export.xlsx"
        path.write_bytes(kobo_workbook(list(self.records)))
        assert looks_like_submissions(path)
        assert [without_clocks(each) for each in read_submissions([path]).records] == self.wanted()

    @pytest.mark.parametrize("key", ["value", "results", ""])
    def test_an_answer_of_a_server_that_was_saved_reads_the_same(self, key: str, tmp_path: Path) -> None:
        path = tmp_path / "answer.json"
        records = [as_kobo(each) for each in self.records] if key == "results" else list(self.records)
        path.write_text(json.dumps({key: records} if key else records), encoding="utf-8")
        assert looks_like_submissions(path)
        assert [without_clocks(each) for each in read_submissions([path]).records] == self.wanted()

    def test_nothing_about_persons_gets_further(self) -> None:
        read = [read_json(1, submission("one")), read_json(1, as_kobo(submission("one")))]
        rows = mapped(submission("one"), submission("two", "denial"))
        kept = f"{read} {rows.reports.to_csv()} {rows.efforts.to_csv()}"
        assert "jane" not in kept.lower()
        assert "collect:one" not in rows.reports.to_csv()

    def test_other_tables_are_no_field_forms(self, tmp_path: Path) -> None:
        texts = {
            "own.csv": "time,kind\n2025-03-01,shot\n",
            "map.json": '{"type":"FeatureCollection","features":[]}',
            "list.json": '[{"a":1}]',
            "text.pdf": "%PDF",
            "empty.csv": "",
        }
        for name, text in texts.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
            assert not looks_like_submissions(tmp_path / name), name
        assert not looks_like_submissions(tmp_path / "nowhere.csv")
        with pytest.raises(ReportFileError, match="holds no submissions"):
            read_submissions([tmp_path / "own.csv"])

    def test_no_other_format_takes_an_export_for_its_own(self) -> None:
        columns = [
            text.split("\n")[0].lower().split(",") for text in central_tables(list(self.records)).values()
        ]
        columns.append([name.lower() for name in as_kobo(self.records[0])])
        assert [feed.name for names in columns for feed in FEEDS if feed.fits(names)] == []

    def test_what_is_asked_of_every_file_takes_no_time(self, tmp_path: Path) -> None:
        large = tmp_path / "large.csv"
        large.write_text("time,kind,lon,lat\n" + "2025-03-01,shot,37.5,48.1\n" * 400_000, encoding="utf-8")
        began = time.perf_counter()
        assert not looks_like_submissions(large)
        assert time.perf_counter() - began < 0.1

    def test_the_second_table_alone_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "truceline_field-event.csv"
        path.write_text(central_tables(list(self.records))["truceline_field-event.csv"], encoding="utf-8")
        with pytest.raises(ReportFileError, match="give the table of submissions too"):
            read_submissions([path])


class TestHostileFiles:
    def archive(self, path: Path, parts: dict[str, bytes]) -> Path:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
            for name, content in parts.items():
                made.writestr(name, content)
        return path

    def test_a_zip_bomb_is_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(odk_files, "RATIO_FREE_BYTES", 1_000_000)
        path = self.archive(tmp_path / "bomb.zip", {"a.csv": b"KEY,record\n" + b"0" * 30_000_000})
        with pytest.raises(ReportFileError, match="it may be a zip bomb"):
            read_submissions([path])

    def test_a_table_larger_than_the_bound_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(odk_files, "MAX_TABLE_BYTES", 1000)
        path = self.archive(tmp_path / "big.zip", {"a.csv": b"KEY,record\n" + b"x,y\n" * 1000})
        with pytest.raises(ReportFileError, match="unpacks to more than"):
            read_submissions([path])

    def test_a_path_that_leads_out_is_passed_over(self, tmp_path: Path) -> None:
        tables = central_tables([submission("one")])
        parts = {name: text.encode() for name, text in tables.items()}
        parts |= {"../../evil.csv": b"KEY,record\n1,violation\n", "..\\evil.csv": b"KEY,record\n1,x\n"}
        path = self.archive(tmp_path / "path.zip", parts)
        assert [each.instance for each in read_submissions([path]).records] == ["one"]
        assert not list(tmp_path.parent.glob("evil*"))

    def test_a_zip_with_a_hole_is_refused(self, tmp_path: Path) -> None:
        content = bytearray(central_zip([submission("one")]))
        content[60:90] = b"\0" * 30
        (tmp_path / "hole.zip").write_bytes(content)
        with pytest.raises(ReportFileError):
            read_submissions([tmp_path / "hole.zip"])

    def test_too_many_parts_are_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(odk_files, "MAX_PARTS", 3)
        path = self.archive(tmp_path / "many.zip", {f"{number}.csv": b"a\n1\n" for number in range(4)})
        with pytest.raises(ReportFileError, match="holds 4 files"):
            read_submissions([path])

    @pytest.mark.parametrize("content", [b"{", b"[" * 100_000, b"3", b'{"value": {}}', b"\xff"])
    def test_json_that_is_no_list_of_records_is_refused(self, content: bytes, tmp_path: Path) -> None:
        (tmp_path / "a.json").write_bytes(content)
        assert not looks_like_submissions(tmp_path / "a.json")
        with pytest.raises(ReportFileError):
            read_submissions([tmp_path / "a.json"])

    def test_json_larger_than_the_bound_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(odk_files, "MAX_JSON_BYTES", 100)
        (tmp_path / "a.json").write_text(json.dumps([submission("one")]), encoding="utf-8")
        with pytest.raises(ReportFileError, match="is larger than"):
            read_submissions([tmp_path / "a.json"])


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["violation", "denial", "camera", "2025-03-01T08:30:00.000+02:00", "48 37 0 5",
                       "1e400", "nan", "uuid:x", "explosion", "\0", "\ud800", "9999-12-31T23:59:59.999-14:00",
                       "0001-01-01T00:00:00Z", "2025-03-30T03:30:00"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from([*READ, "event", "violation", "type", "coordinates", "meta"]), inner, max_size=4
    ),
    max_leaves=12,
)  # fmt: skip
NAMES = st.sampled_from(
    [*READ, "event", "violation", "denial", "meta", "__id", "__system", "_uuid", "_submission_time",
     "meta/instanceID", "meta/deprecatedID", "meta/rootUuid", "_validation_status", "violation/event"]
)  # fmt: skip


class TestFuzz:
    @given(st.dictionaries(NAMES, VALUES, max_size=12) | VALUES)
    @settings(max_examples=70)
    def test_any_json_is_a_record_or_has_a_problem(self, given_record: Any) -> None:
        record = read_json(1, given_record)
        if not find_problem(record):
            map_records([(record.key or record.instance, record)], CONTEXT)

    @given(st.fixed_dictionaries({}, optional=dict.fromkeys([*event("a")], VALUES)))
    @settings(max_examples=20)
    def test_any_event_is_a_report_or_is_refused(self, changes: dict[str, Any]) -> None:
        one = submission("one", violation={"event": [event("a") | changes], "n_events": "1"})
        record = read_json(1, one)
        if find_problem(record):
            return
        rows = map_records([("one", record)], CONTEXT)
        assert len(rows.reports) + len(rows.rejects) == 1

    @given(
        st.dictionaries(
            st.sampled_from([*READ, "key", "edits", "_uuid", "submissiondate"]), st.text(max_size=30)
        )
    )
    @settings(max_examples=40)
    def test_any_row_is_a_record_or_has_a_problem(self, row: dict[str, str]) -> None:
        record = read_row(1, row, sort_columns(list(row)))
        if not find_problem(record):
            map_records([(record.key or record.instance, record)], CONTEXT)


def test_a_record_of_a_thousand_groups_is_read_without_falling() -> None:
    deep: dict[str, Any] = {"record": "violation"}
    for _ in range(900):
        deep = {"violation": deep}
    assert read_json(1, deep).problem
    wide = submission("one", violation={"event": [event("a")] * 1001, "n_events": "1001"})
    assert "more than 1,000 events" in read_json(1, wide).problem
