"""How exactly, and how late, a level is told what it may see."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from day_sample import list_effort

from truceline.events.catalogue import load_watching_assumptions
from truceline.events.frames import make_frame
from truceline.events.kinds import Releasability
from truceline.events.schema import EFFORTS, INCIDENTS, JUDGEMENTS, REPORTS
from truceline.monitor.precision import reduce_columns, reduce_precision
from truceline.monitor.releasing import NEVER_TOLD, OF_THE_MISSION, has_ended, release_rule

PUBLIC, PARTIES, MISSION = Releasability.public, Releasability.parties, Releasability.mission
NOON = datetime(2025, 6, 11, 12)
LATER = NOON + timedelta(days=30)


class TestPrecision:
    def frame(self, **other: object) -> pd.DataFrame:
        """Return one incident, as a store would."""
        row = {
            "incident_id": 1,
            "lon": 37.123456,
            "lat": 48.987654,
            "sigma_m": 600.0,
            "sigma_across_m": 300.0,
        }
        row |= {"axis_deg": 40.0, "place": "Chasiv Yar", "place_precision": "bearing", "kind": "explosion"}
        row |= {
            "time_from": NOON,
            "time_to": NOON + timedelta(minutes=10),
            "time_precision": "minute",
            **other,
        }
        return make_frame(INCIDENTS, row, n_rows=1)

    @pytest.mark.parametrize("level", list(Releasability))
    def test_positions_keep_the_decimals_of_the_level(self, level: Releasability) -> None:
        (row,) = reduce_precision(self.frame(), level, now=LATER).to_dict("records")
        decimals = release_rule(level).decimals
        assert (row["lon"], row["lat"]) == (round(37.123456, decimals), round(48.987654, decimals))

    def test_the_wider_the_circle_the_coarser_and_later(self) -> None:
        rules = [release_rule(level) for level in (MISSION, PARTIES, PUBLIC)]
        assert [rule.decimals for rule in rules] == sorted((rule.decimals for rule in rules), reverse=True)
        assert [rule.delay for rule in rules] == sorted(rule.delay for rule in rules)
        known = load_watching_assumptions()
        assert rules[0].decimals == known.value("export.position_decimals")
        assert rules[0].delay == timedelta(hours=known.value("export.delay"))

    @pytest.mark.parametrize("level", list(Releasability))
    def test_the_standard_deviation_covers_the_rounding(self, level: Releasability) -> None:
        (row,) = reduce_precision(self.frame(), level, now=LATER).to_dict("records")
        least = np.hypot(600.0, release_rule(level).error_m)
        assert least - 1e-9 <= row["sigma_m"] <= least + 100.0

    @pytest.mark.parametrize("level", [PUBLIC, PARTIES])
    def test_no_ellipse_points_back_to_a_post(self, level: Releasability) -> None:
        (row,) = reduce_precision(self.frame(), level, now=LATER).to_dict("records")
        assert row["axis_deg"] == 0.0
        assert row["sigma_m"] == row["sigma_across_m"]
        assert row["sigma_m"] % 100 == 0
        assert row["place_precision"] == "settlement"

    @pytest.mark.parametrize("level", list(Releasability))
    def test_a_position_younger_than_the_delay_is_missing(self, level: Releasability) -> None:
        frame, delay = self.frame(), release_rule(level).delay
        ends = frame["time_to"][0]
        before = reduce_precision(frame, level, now=ends + delay - timedelta(seconds=1))
        after = reduce_precision(frame, level, now=ends + delay)
        for name in ("lon", "lat", "sigma_m"):
            assert np.isnan(before[name][0])
            assert np.isfinite(after[name][0])
        assert before["place"][0] == "Chasiv Yar"

    def test_the_public_is_told_the_hour(self) -> None:
        frame = self.frame(time_from=NOON + timedelta(minutes=17), time_to=NOON + timedelta(minutes=61))
        (row,) = reduce_precision(frame, PUBLIC, now=LATER).to_dict("records")
        assert (row["time_from"], row["time_to"]) == (NOON, NOON + timedelta(hours=2))
        assert row["time_precision"] == "hour"
        (row,) = reduce_precision(frame, PARTIES, now=LATER).to_dict("records")
        assert row["time_from"] == NOON + timedelta(minutes=17)

    @pytest.mark.parametrize("level", [PUBLIC, PARTIES])
    def test_columns_that_point_to_posts_or_repeat_words_are_gone(self, level: Releasability) -> None:
        for table in (REPORTS, JUDGEMENTS, INCIDENTS, EFFORTS):
            made = reduce_precision(make_frame(table, {"time_from": NOON}, n_rows=1), level, now=LATER)
            assert not {*OF_THE_MISSION, *NEVER_TOLD} & set(made.columns)

    def test_words_of_sources_leave_the_store_at_no_level(self) -> None:
        made = reduce_precision(make_frame(REPORTS, {"time_from": NOON}, n_rows=1), MISSION, now=LATER)
        assert not set(NEVER_TOLD) & set(made.columns)
        assert {"post", "observer_lon", "bearing_deg"} <= set(made.columns)

    def test_effort_tells_the_parties_neither_posts_nor_where_they_stand(self) -> None:
        rows = list_effort(NOON.date())
        names = {name for row in rows for name in row}
        frame = make_frame(EFFORTS, {name: [row.get(name) for row in rows] for name in names})
        made = reduce_precision(frame, PARTIES, now=LATER)
        assert not {"post", "lon", "lat", "words", "source", "key"} & set(made.columns)
        assert set(made["cause"]) <= {"", "a", "b"}
        assert set(made["time_from"].dt.hour) <= {0, 6, 12, 18}
        assert made["state"].tolist() == [row["state"] for row in rows]

    def test_rows_without_times_are_refused_rather_than_guessed_at(self) -> None:
        frame = self.frame()[["incident_id", "lon", "lat"]]
        with pytest.raises(ValueError, match="without times"):
            reduce_precision(frame, PUBLIC, now=LATER)

    def test_an_empty_frame_stays_empty(self) -> None:
        made = reduce_precision(make_frame(INCIDENTS, {}), PUBLIC, now=LATER)
        assert made.empty
        assert "lon" in made

    def test_the_frame_handed_in_is_left_as_it_was(self) -> None:
        frame = self.frame()
        before = frame.copy()
        reduce_precision(frame, PUBLIC, now=LATER)
        pd.testing.assert_frame_equal(frame, before)

    @pytest.mark.parametrize("level", list(Releasability))
    def test_a_page_and_an_export_are_told_the_same(self, level: Releasability) -> None:
        frame = pd.concat(
            [self.frame(), self.frame(time_from=LATER, time_to=pd.NaT), self.frame(lon=np.nan)],
            ignore_index=True,
        )
        columns = {name: frame[name].to_numpy() for name in frame}
        told = reduce_columns(columns, level, now=LATER)
        shown = reduce_precision(frame, level, now=LATER)
        assert list(told) == list(shown)
        for name, values in told.items():
            pd.testing.assert_series_equal(
                pd.Series(values, name=name).convert_dtypes(), shown[name].convert_dtypes()
            )

    def test_times_before_1970_are_widened_outwards_too(self) -> None:
        early = datetime(1965, 3, 1, 6, 30)
        shown = reduce_precision(self.frame(time_from=early, time_to=early), PUBLIC, now=LATER)
        assert shown["time_from"].iloc[0] <= early <= shown["time_to"].iloc[0]
        assert shown["time_to"].iloc[0] - shown["time_from"].iloc[0] <= release_rule(PUBLIC).time_step


def test_what_has_no_end_ended_when_it_began_and_what_has_neither_never() -> None:
    starts = np.array([NOON, NOON, None, LATER], dtype="datetime64[us]")
    ends = np.array([LATER, None, None, None], dtype="datetime64[us]")
    assert has_ended(starts, ends, NOON).tolist() == [False, True, False, False]
    assert has_ended(starts, None, NOON).tolist() == [True, True, False, False]
