"""The product's own form: known rows become known reports, and everything unknown is rejected with a hint."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from truceline.events.catalogue import load_watching_assumptions
from truceline.events.feeds.base import Feed, FeedContext, Reading, Reject, finish_reports
from truceline.events.feeds.own import COLUMNS, OWN, SIMULATED
from truceline.events.kinds import Flag, split_flags

CONTEXT = FeedContext(
    zone="Europe/Kyiv",
    now=datetime(2025, 3, 1, 12),
    sides={"ukraine": "a", "russia": "b", "armed forces": "a"},
    box=(22.0, 44.0, 41.0, 53.0),
)
PLACED = {"time": "2025-02-17T18:30", "kind": "explosion", "lon": "37.5", "lat": "48.1"}


def read(
    rows: list[Mapping[str, Any]], *, feed: Feed = OWN, context: FeedContext = CONTEXT
) -> tuple[pd.DataFrame, list[Reject]]:
    """Map rows of the form as text, each on the line after the header."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {name: pd.Series([str(row.get(name, "")) for row in rows], dtype=object) for name in names}
    originals = np.array([json.dumps(dict(row)) for row in rows], dtype=object)
    reading = Reading(pd.DataFrame(columns), np.arange(2, 2 + len(rows)), originals)
    return finish_reports(reading, feed.map_rows(reading, context), context, feed)


def one(**fields: Any) -> pd.Series:
    """Return the report of one row that must be usable."""
    frame, rejects = read([{**PLACED, **fields}])
    assert rejects == []
    return frame.iloc[0]


def why_not(**fields: Any) -> str:
    """Return column, reason and hint of one row that must be rejected."""
    frame, rejects = read([{**PLACED, **fields}])
    assert len(frame) == 0
    (reject,) = rejects
    assert reject.line == 2
    return f"{reject.where}: {reject.found}; {reject.hint}"


class TestTimes:
    @pytest.mark.parametrize(
        ("written", "start", "end", "precision"),
        [
            ("2025-02-17T18:30", "2025-02-17T16:30", "2025-02-17T16:31", "minute"),
            # Clocks went forward at 03:00 on 31 March 2024 and back at 04:00 on 27 October.
            ("2024-03-31T03:30", "2024-03-31T01:00", "2024-03-31T01:01", "minute"),
            ("2024-10-27T03:30", "2024-10-27T00:30", "2024-10-27T01:31", "minute"),
            ("2025-02-17 18:30:05", "2025-02-17T16:30:05", "2025-02-17T16:30:06", "second"),
            ("2025-02-17T18:30:05.25", "2025-02-17T16:30:05.25", "2025-02-17T16:30:06.25", "second"),
            ("2025-02-17T18", "2025-02-17T16:00", "2025-02-17T17:00", "hour"),
            ("2025-02-17", "2025-02-16T22:00", "2025-02-17T22:00", "day"),
            ("2025-02", "2025-01-31T22:00", "2025-02-28T22:00", "month"),
            ("2024", "2023-12-31T22:00", "2024-12-31T22:00", "year"),
            ("2025-02-17T18:30Z", "2025-02-17T18:30", "2025-02-17T18:31", "minute"),
            ("2025-02-17T18:30+05:30", "2025-02-17T13:00", "2025-02-17T13:01", "minute"),
            ("2025-02-17 18:30:00 -0200", "2025-02-17T20:30", "2025-02-17T20:30:01", "second"),
            ("17.02.2025 8:30", "2025-02-17T06:30", "2025-02-17T06:31", "minute"),
            ("7.2.2025", "2025-02-06T22:00", "2025-02-07T22:00", "day"),
            ("2024-03-31", "2024-03-30T22:00", "2024-03-31T21:00", "day"),  # 23 hours long
            ("2024-03-31T03:30", "2024-03-31T01:00", "2024-03-31T01:00", "minute"),  # skipped
        ],
    )
    def test_a_time_is_the_interval_it_says(self, written: str, start: str, end: str, precision: str) -> None:
        report = one(time=written)
        assert report["time_from"] == pd.Timestamp(start)
        assert (
            report["time_to"] >= pd.Timestamp(end)
            if "03:30" in written
            else report["time_to"] == pd.Timestamp(end)
        )
        assert report["time_precision"] == precision
        assert ("time_unknown" in split_flags(report["flags"])) == (precision in ("day", "month", "year"))

    def test_an_interval_ends_with_what_its_end_says(self) -> None:
        report = one(time="", time_from="2025-02-17T18:00", time_to="2025-02-17T19:15")
        assert (report["time_from"], report["time_to"]) == (
            pd.Timestamp("2025-02-17T16:00"),
            pd.Timestamp("2025-02-17T17:16"),
        )
        days = one(time="", time_from="2025-02-14T19:30", time_to="2025-02-17")
        assert (days["time_to"], days["time_precision"]) == (pd.Timestamp("2025-02-17T22:00"), "day")
        alone = one(time="", time_from="2025-02-17")
        assert alone["time_to"] - alone["time_from"] == pd.Timedelta("1D")

    def test_each_row_may_have_its_own_zone(self) -> None:
        frame, rejects = read(
            [{**PLACED, "zone": "Asia/Tokyo"}, {**PLACED, "zone": ""}, {**PLACED, "zone": "Mars/Base"}]
        )
        assert frame["time_from"].dt.hour.tolist() == [9, 16]
        assert frame["zone"].tolist() == ["Asia/Tokyo", "Europe/Kyiv"]
        assert rejects[0][:3] == (4, "zone", "'Mars/Base' is no time zone")

    @pytest.mark.parametrize(
        "written",
        [
            "2025-02-30",
            "2025-13-01",
            "2025-02-17T25:00",
            "31.02.2025",
            "now",
            "today",
            "NaT",
            "1825-02-17",
            "3025-01-01",
            "2025-W07-1",
            "20250217",
            "17/02/2025",
            "0",
            "yesterday",
            "2025-02-17T18:30+99:00",
            "2025-02-17T18:30+02:75",
            "x" * 200,
        ],
    )
    def test_impossible_dates_are_rejected(self, written: str) -> None:
        assert "is not a date or time; write 2025-02-17T18:30 or 2025-02-17" in why_not(time=written)

    def test_the_future_and_ends_before_starts_are_rejected(self) -> None:
        assert "time_from: lies in the future" in why_not(time="2025-03-01T14:01")
        assert one(time="2025-03-01")["time_precision"] == "day"  # today ends in the future
        assert "time_to: lies in the future" in why_not(
            time="", time_from="2025-03-01T10:00", time_to="2025-03-01T18:00"
        )
        assert "time_to: is before the start" in why_not(
            time="", time_from="2025-02-17T18:30", time_to="2025-02-17T18:29"
        )
        assert "time_from: has no time" in why_not(time="")

    def test_typed_times_have_the_precision_they_share(self) -> None:
        def precision(*stamps: str) -> set[str]:
            raw = pd.DataFrame(
                {"time": pd.to_datetime(list(stamps), format="ISO8601"), "kind": "shot", "place": "x"}
            )
            reading = Reading(raw, np.arange(len(raw)), np.array(["{}"] * len(raw), dtype=object))
            frame, _ = finish_reports(reading, OWN.map_rows(reading, CONTEXT), CONTEXT, OWN)
            return set(frame["time_precision"])

        assert precision("2025-02-17", "2025-02-18") == {"day"}
        assert precision("2025-02-17", "2025-02-18T10:00") == {"minute"}
        assert precision("2025-02-17T10:00:00", "2025-02-18T10:00:01") == {"second"}


class TestPositions:
    def test_a_position_has_its_radius_or_the_usual_one(self) -> None:
        report = one(radius_m="150")
        assert (report["lon"], report["lat"], report["sigma_m"], report["sigma_across_m"]) == (
            37.5,
            48.1,
            150,
            150,
        )
        assert report["place_precision"] == "exact"
        usual = load_watching_assumptions().value("own_form.point_radius_m")
        assert one()["sigma_m"] == usual
        assert one(radius_m="4000")["place_precision"] == "settlement"
        assert one(radius_m="9000")["place_precision"] == "district"
        assert one(radius_m="90000")["place_precision"] == "region"
        assert one(radius_m="90000", place_precision="District")["place_precision"] == "district"

    def test_the_longer_axis_comes_first(self) -> None:
        report = one(radius_m="100", radius_across_m="300", axis_deg="170")
        assert (report["sigma_m"], report["sigma_across_m"], report["axis_deg"]) == (300, 100, 80)

    def test_range_and_bearing_give_a_position(self) -> None:
        report = one(
            lon="",
            lat="",
            post="P1",
            post_lon="37.5",
            post_lat="48",
            bearing_deg="E",
            range_min_km="3",
            range_max_km="5",
        )
        assert report["lat"] == pytest.approx(48.0, abs=1e-3)
        metres_per_degree = 111_320 * math.cos(math.radians(48))
        assert (report["lon"] - 37.5) * metres_per_degree == pytest.approx(4000, rel=0.01)
        assert report["sigma_m"] == pytest.approx(2000 / math.sqrt(12), rel=0.02)
        assert report["sigma_across_m"] == pytest.approx(4000 * math.radians(22.5) / math.sqrt(12), rel=0.02)
        assert report["axis_deg"] == 90
        assert (report["observer_lon"], report["bearing_deg"], report["bearing_width_deg"]) == (
            37.5,
            90,
            22.5,
        )
        assert (report["range_min_m"], report["range_max_m"], report["place_precision"]) == (
            3000,
            5000,
            "bearing",
        )

    def test_a_wide_sector_is_longer_across(self) -> None:
        post = {"lon": "", "lat": "", "post_lon": "37.5", "post_lat": "48"}
        report = one(**post, bearing_deg="0", bearing_width_deg="60", range_min_m="4900", range_max_m="5000")
        assert report["axis_deg"] == 90
        assert report["sigma_m"] > 5 * report["sigma_across_m"]

    @pytest.mark.parametrize(
        ("fields", "near_km", "far_km"),
        [
            ({"kind": "burst"}, 2, 4),
            ({"kind": "explosion", "weapon": "HMG"}, 2, 4),
            ({"kind": "explosion", "weapon": "mortar"}, 3, 8),
            ({"kind": "shelling"}, 3, 8),
            ({"kind": "explosion"}, 0, 15),
            ({"kind": "explosion", "weapon": "N/K"}, 0, 15),
            ({"kind": "explosion", "range_max_km": "6"}, 0, 6),
            ({"kind": "explosion", "range_min_km": "5"}, 5, 15),
            ({"kind": "burst", "range_min_km": "6"}, 6, 6),
        ],
    )
    def test_without_a_range_it_is_where_such_fire_is_heard(
        self, fields: dict[str, str], near_km: float, far_km: float
    ) -> None:
        report = one(
            lon="", lat="", post_lon="37.5", post_lat="48", bearing_deg="90", bearing_width_deg="0", **fields
        )
        metres_per_degree = 111_320 * math.cos(math.radians(48))
        assert (report["lon"] - 37.5) * metres_per_degree == pytest.approx(500 * (near_km + far_km), rel=0.01)
        assert report["sigma_m"] == pytest.approx(1000 * (far_km - near_km) / math.sqrt(12), abs=1)

    def test_without_a_bearing_it_is_somewhere_around_the_post(self) -> None:
        report = one(lon="", lat="", post_lon="37.5", post_lat="48", kind="burst")
        assert (report["lon"], report["lat"], report["axis_deg"]) == pytest.approx((37.5, 48.0, 0.0))
        assert report["sigma_m"] == pytest.approx(math.sqrt((2000**2 + 2000 * 4000 + 4000**2) / 6), rel=1e-6)
        assert np.isnan(report["bearing_width_deg"])

    def test_what_is_not_heard_from_afar_is_at_the_post(self) -> None:
        report = one(lon="", lat="", post_lon="37.5", post_lat="48", kind="denial")
        usual = load_watching_assumptions().value("own_form.point_radius_m")
        assert (report["lon"], report["lat"], report["sigma_m"]) == (37.5, 48.0, usual)

    def test_a_name_alone_is_a_place(self) -> None:
        report = one(lon="", lat="", place="Avdiivka")
        assert np.isnan(report["lon"])
        assert np.isnan(report["sigma_m"])
        assert (report["place"], report["place_precision"]) == ("Avdiivka", "settlement")
        assert one(lon="", lat="", region="Donetsk")["place_precision"] == "region"
        assert one(lon="", lat="", region="Donetsk obl")["region"] == "Donetsk"

    def test_positions_that_cannot_be_are_rejected(self) -> None:
        assert "lon: has no position; give lon and lat" in why_not(lon="", lat="")
        assert "lat: has longitude or latitude alone" in why_not(lat="")
        assert "lat: is off the globe" in why_not(lon="181")
        assert "lat: is off the globe" in why_not(lat="-90.5")
        assert "'48,1' is not a number; write digits with a point" in why_not(lat="48,1")
        assert "'nan' is not a number" in why_not(lat="nan")
        assert "'inf' is not a number" in why_not(lat="inf")
        assert "'-5' is out of range; at least 0" in why_not(radius_m="-5")
        assert "bearing_deg: '361' is no direction; write 0 to 360, or one of N, NNE" in why_not(
            bearing_deg="361"
        )
        assert "bearing_deg: 'NSE' is no direction" in why_not(bearing_deg="NSE")
        assert "range_min_km: is beyond the greatest distance" in why_not(range_min_km="5", range_max_km="3")

    def test_swapped_coordinates_are_told_from_far_ones(self) -> None:
        said = why_not(lon="48.1", lat="37.5")
        assert "lat: latitude and longitude look swapped (lon and lat)" in said
        assert "swapped (observer_lon and observer_lat)" in why_not(post_lon="48.1", post_lat="37.5")
        assert one(lon="2.35", lat="48.85")["lon"] == 2.35  # Paris is outside both ways
        frame, _ = read([{**PLACED, "lon": "48.1", "lat": "37.5"}], context=FeedContext("UTC", CONTEXT.now))
        assert len(frame) == 1  # without a box nobody can tell


class TestCounts:
    @pytest.mark.parametrize(
        ("written", "low", "best", "high", "is_rounded"),
        [
            ("8", 8, 8, 8, False),
            ("5-8", 5, 6.5, 8, False),
            ("5 – 8", 5, 6.5, 8, False),
            ("5 to 8", 5, 6.5, 8, False),
            ("about 30", 24, 30, 36, True),
            ("~30", 24, 30, 36, True),
            ("Approx. 30", 24, 30, 36, True),
            (">20", 21, 21, math.nan, True),
            ("at least 20", 20, 20, math.nan, True),
            ("20+", 20, 20, math.nan, True),
            ("up to 5", 0, 5, 5, True),
            ("<5", 0, 4, 4, True),
            ("", math.nan, math.nan, math.nan, False),
            ("0", 0, 0, 0, False),
        ],
    )
    def test_counts_are_ranges(
        self, written: str, low: float, best: float, high: float, is_rounded: bool
    ) -> None:
        for name in ("count", "killed", "hurt"):
            report = one(**{name: written})
            got = [report[f"{name}_{end}"] for end in ("low", "best", "high")]
            assert got == pytest.approx([low, best, high], nan_ok=True)
            assert ("rounded_count" in split_flags(report["flags"])) == is_rounded

    def test_ends_may_stand_in_columns_of_their_own(self) -> None:
        report = one(count_low="5", count_high="9")
        assert [report[f"count_{end}"] for end in ("low", "best", "high")] == [5, 7, 9]
        report = one(count="6", count_low="5", count_high="9")
        assert [report[f"count_{end}"] for end in ("low", "best", "high")] == [5, 6, 9]
        report = one(count_low="5")
        assert [report[f"count_{end}"] for end in ("low", "best", "high")] == pytest.approx(
            [5, 5, math.nan], nan_ok=True
        )

    @pytest.mark.parametrize("written", ["many", "8-5", "-3", "1,591", "5-", "1e3", "٣", "9" * 50])
    def test_what_is_no_count_is_rejected(self, written: str) -> None:
        assert "is no count; write 8, 5-8, about 30, >20 or up to 20" in why_not(count=written)

    def test_ranges_out_of_order_are_rejected(self) -> None:
        assert "count_low: is not least, likely, greatest in order" in why_not(count="6", count_low="7")
        assert "killed_low: is not least, likely, greatest" in why_not(killed_low="7", killed_high="3")

    def test_units_follow_from_the_kind(self) -> None:
        assert one()["count_unit"] == "explosions"
        assert one(kind="burst")["count_unit"] == "bursts"
        assert one(kind="airstrike")["count_unit"] == ""
        assert one(kind="airstrike", count_unit="bombs")["count_unit"] == "bombs"


class TestWords:
    def test_words_are_known_in_the_forms_the_field_uses(self) -> None:
        report = one(
            kind="Muzzle flashes", weapon="MLRS", means="Foot patrol", observation="Saw", phase="In flight"
        )
        assert [report[name] for name in ("kind", "weapon", "means", "observation", "phase")] == [
            "muzzle_flash",
            "rocket_artillery",
            "patrol",
            "seen",
            "in_flight",
        ]

    def test_what_the_report_leaves_out_is_filled_in(self) -> None:
        report = one(means="camera")
        assert (report["observation"], report["phase"], report["source"]) == (
            "recorded",
            "undetermined",
            "mission",
        )
        plain = one(kind="burst")
        assert (plain["means"], plain["observation"], plain["phase"], plain["source"]) == (
            "unknown",
            "",
            "",
            "",
        )
        assert pd.isna(plain["received_at"])  # the moment of an import is not that of the report
        assert one(received_at="2025-02-18T09:00")["received_at"] == pd.Timestamp("2025-02-18T07:00")

    def test_unknown_words_are_rejected_with_those_that_are_near(self) -> None:
        assert (
            why_not(kind="explosoin")
            == "kind: 'explosoin' is not a known word; did you mean explosion or explosions_total?"
        )
        assert "did you mean mortar" in why_not(weapon="morter")
        assert "write energy, civilian, military or mission" in why_not(target="zzz") or "energy" in why_not(
            target="zzz"
        )
        assert "side_from: 'germany' is not a known word" in why_not(side_from="Germany").replace(
            "Germany", "germany"
        )
        assert "kind: is empty; it is needed" in why_not(kind="")
        assert "exercise: 'maybe' is neither yes nor no" in why_not(exercise="maybe")

    def test_many_different_unknown_words_do_not_take_long(self) -> None:
        frame, rejects = read([{**PLACED, "kind": f"kind number {n}"} for n in range(3000)])
        assert (len(frame), len(rejects)) == (0, 3000)

    def test_sides_have_the_names_of_the_mission(self) -> None:
        report = one(side_from="Russia", claimed_by="armed  Forces", control_side="contested")
        assert (report["side_from"], report["claimed_by"], report["control_side"]) == ("b", "a", "contested")
        assert "party_claim" in split_flags(report["flags"])
        assert one(side_from="B")["side_from"] == "b"

    def test_exercises_are_flagged(self) -> None:
        assert split_flags(one(exercise="yes")["flags"]) == ("exercise",)
        assert split_flags(one(kind="exercise")["flags"]) == ("exercise",)
        assert split_flags(one(exercise="No")["flags"]) == ()


class TestIdentity:
    def test_a_number_and_its_source_are_the_key(self) -> None:
        assert one(id="7", source="North")["key"] == "North/7"
        assert one(id="7")["key"] == "7"

    def test_without_a_number_the_content_is_the_key(self) -> None:
        frame, _ = read([PLACED, {**PLACED, "count": "2"}, PLACED])
        keys = frame["key"].tolist()
        assert keys == frame["digest"].tolist()
        assert (keys[0] == keys[2], keys[0] == keys[1]) == (True, False)
        assert json.loads(frame["original"].iloc[0]) == PLACED

    def test_lines_of_rejects_and_rows_kept(self) -> None:
        frame, rejects = read([PLACED, {**PLACED, "kind": "?"}, PLACED, {**PLACED, "lon": "x", "kind": "?"}])
        assert len(frame) == 2
        assert [(reject.line, reject.where) for reject in rejects] == [(3, "kind"), (5, "kind")]

    def test_no_rows_give_no_reports(self) -> None:
        raw = pd.DataFrame({name: pd.Series([], dtype=object) for name in COLUMNS})
        reading = Reading(raw, np.empty(0, dtype=np.int64), np.empty(0, dtype=object))
        frame, rejects = finish_reports(reading, OWN.map_rows(reading, CONTEXT), CONTEXT, OWN)
        assert (len(frame), rejects) == (0, [])


def test_simulated_reports_are_flagged_and_keep_the_number_of_the_true_event() -> None:
    frame, _ = read([{**PLACED, "truth": "T-17", "id": "1"}], feed=SIMULATED)
    report = frame.iloc[0]
    assert (report["feed"], report["truth"]) == ("simulated", "T-17")
    assert report["flags"] & Flag.simulated
    real, _ = read([PLACED])
    assert real["truth"].tolist() == [""]


def test_every_column_of_the_form_is_read() -> None:
    """A column named in the form and not looked at would be a lie: each must change the report."""
    base = {**PLACED, "id": "1"}
    frame, _ = read([base])
    before = frame.drop(columns=["digest", "original"]).iloc[0].astype(str)
    values = {
        "id": "2",
        "time": "2025-02-01",
        "time_from": "2025-02-01",
        "time_to": "2025-02-18",
        "zone": "UTC",
        "lon": "36",
        "lat": "47",
        "radius_m": "9",
        "radius_across_m": "9",
        "axis_deg": "9",
        "place": "X",
        "region": "X",
        "post": "X",
        "place_precision": "country",
        "post_lon": "30",
        "post_lat": "50",
        "bearing_deg": "9",
        "bearing_width_deg": "9",
        "range_min_km": "1",
        "range_max_km": "9",
        "range_min_m": "1",
        "range_max_m": "9",
        "means": "uav",
        "observation": "seen",
        "kind": "shot",
        "phase": "impact",
        "weapon": "tank",
        "target": "energy",
        "count": "3",
        "count_low": "3",
        "count_high": "3",
        "count_unit": "x",
        "killed": "3",
        "killed_low": "3",
        "killed_high": "3",
        "hurt": "3",
        "hurt_low": "3",
        "hurt_high": "3",
        "side_from": "a",
        "claimed_by": "a",
        "control_side": "a",
        "exercise": "yes",
        "source": "x",
        "source_ref": "x",
        "received_at": "2025-02-20",
        "text": "x",
    }
    assert set(values) == set(COLUMNS)
    for name, value in values.items():
        fields = {**base, name: value}
        if name in ("post_lon", "post_lat"):
            fields |= {"post_lon": "30", "post_lat": "50"}
        frame, rejects = read([fields])
        assert rejects == [], name
        after = frame.drop(columns=["digest", "original"]).iloc[0].astype(str)
        assert not after.equals(before), name


class TestASourceThatReportsFromEverywhere:
    """Tehran at 51.39 E, 35.69 N would lie in Ukraine if its coordinates were swapped."""

    WORLD = replace(OWN, is_local=False)

    def n_rejected(self, *places: tuple[float, float]) -> int:
        rows = [{**PLACED, "lon": lon, "lat": lat} for lon, lat in places]
        return len(read(rows, feed=self.WORLD)[1])

    def test_one_far_place_among_many_near_ones_is_kept(self) -> None:
        assert self.n_rejected((37.5, 48.1), (37.6, 48.2), (51.39, 35.69)) == 0

    def test_a_file_of_swapped_coordinates_is_still_found_out(self) -> None:
        assert self.n_rejected((48.1, 37.5), (48.2, 37.6), (37.5, 48.1)) == 2
