"""Incidents as summaries of their reports: place, time, kind, numbers, sources and flags."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from report_inputs import heard, make_reports

from truceline.events.incidents import summarise_incidents
from truceline.events.kinds import Flag
from truceline.events.schema import INCIDENTS


def one(*rows: dict[str, Any]) -> pd.Series:
    reports = make_reports(*rows)
    made = summarise_incidents(reports, dict.fromkeys(range(1, len(rows) + 1), 7))
    assert list(made.columns) == list(INCIDENTS.names)
    assert made["incident_id"].tolist() == [7]
    return made.iloc[0]


def counted(low: float, high: float, **more: Any) -> dict[str, Any]:
    return {
        "count_low": low,
        "count_best": (low + high) / 2,
        "count_high": high,
        "count_unit": "explosions",
        **more,
    }


class TestNumbers:
    def test_one_shot_seen_by_two_posts_counts_once(self) -> None:
        made = one(heard("A", "10:30", **counted(1, 1)), heard("B", "10:30", **counted(1, 1)))
        assert (made["count_low"], made["count_best"], made["count_high"]) == (1, 1, 1)
        assert (made["n_sources"], made["n_posts"], made["n_reports"]) == (1, 2, 2)

    def test_lines_of_one_post_add_up_and_the_ranges_of_two_posts_intersect(self) -> None:
        made = one(
            heard("A", "10:30", **counted(2, 3)),
            heard("A", "10:31", **counted(1, 2)),
            heard("B", "10:30", **counted(4, 8)),
        )
        assert (made["count_low"], made["count_high"]) == (4, 5)
        assert made["count_low"] <= made["count_best"] <= made["count_high"]

    def test_where_ranges_disagree_the_one_that_noticed_most_holds(self) -> None:
        made = one(heard("A", "10:30", **counted(2, 3)), heard("B", "10:30", **counted(8, 10)))
        assert (made["count_low"], made["count_high"]) == (8, 10)

    def test_two_texts_of_one_outlet_do_not_add_up(self) -> None:
        press = {"means": "press", "killed_best": 2.0, "text": "two dead"}
        later = {"means": "press", "killed_best": 3.0, "text": "a third person died"}
        made = one({**press, **counted(5, 5)}, {**later, **counted(5, 5)})
        assert made["count_best"] == 5
        assert made["killed_best"] == 3
        assert np.isnan(made["hurt_best"])

    def test_other_units_are_not_mixed_in(self) -> None:
        shots = {**counted(40, 40), "count_unit": "shots", "source": "two"}
        made = one(counted(3, 3), {**counted(2, 2), "source": "three"}, shots)
        assert made["count_unit"] == "explosions"
        assert made["count_best"] == 3


class TestSources:
    def test_exact_repeats_and_copied_texts_are_not_independent(self) -> None:
        text = {"means": "press", "text": "shelling of the town"}
        made = one(
            {**text}, {**text}, {**text, "source": "copier"}, {"source": "witness", "text": "we saw it"}
        )
        assert (made["n_reports"], made["n_sources"]) == (3, 2)

    def test_sources_without_text_are_counted_by_name(self) -> None:
        assert one({}, {"source": "two"}, {"source": "two", "lat": 48.0001})["n_sources"] == 2


class TestPlaceAndTime:
    def test_time_is_what_all_have_in_common_or_the_whole(self) -> None:
        made = one({}, heard("A", "10:30"))
        assert made["time_from"] == pd.Timestamp("2025-02-17T10:30")
        assert made["time_to"] == pd.Timestamp("2025-02-17T10:31")
        assert made["time_precision"] == "minute"
        next_day = {"source": "two", "time_from": "2025-02-18", "time_to": "2025-02-19"}
        made = one({}, next_day)
        assert made["time_from"] == pd.Timestamp("2025-02-17")
        assert made["time_to"] == pd.Timestamp("2025-02-19")

    def test_names_come_from_the_most_precise_report(self) -> None:
        village = {"source": "two", "sigma_m": 1_500.0, "place": "Village", "region": "North",
                   "place_precision": "settlement", "control_side": "b"}  # fmt: skip
        made = one(village, {"place": "", "region": "North-East"})
        assert (made["place"], made["region"], made["place_precision"]) == ("Village", "North-East", "exact")
        assert made["control_side"] == "b"
        assert made["sigma_m"] < 60

    def test_one_point_of_a_gazetteer_is_not_made_sharper_by_repeating_it(self) -> None:
        rows = [{"source": str(n), "sigma_m": 1_500.0, "sigma_across_m": 1_500.0} for n in range(9)]
        assert one(*rows)["sigma_m"] == pytest.approx(1_500, rel=1e-3)

    def test_a_placeholder_moves_nothing_and_is_flagged_only_where_it_is_all_there_is(self) -> None:
        region = {"source": "two", "lat": 47.0, "sigma_m": 60_000.0, "place_precision": "region",
                  "flags": int(Flag.placeholder)}  # fmt: skip
        made = one({}, region)
        assert made["lat"] == pytest.approx(48.0)
        assert not made["flags"] & Flag.placeholder
        assert one(region)["flags"] & Flag.placeholder

    def test_no_position_at_all_stays_none(self) -> None:
        assert np.isnan(one({"lon": None, "lat": None})["lon"])


class TestWords:
    def test_what_was_fired_beats_what_was_heard_and_what_it_left(self) -> None:
        heard_, fired, trace = {"kind": "explosion"}, {"kind": "shelling"}, {"kind": "damage"}
        assert one(heard_, {**heard_, "source": "two"}, {**fired, "source": "three"})["kind"] == "shelling"
        assert one(trace, {**heard_, "source": "two"})["kind"] == "explosion"

    def test_most_voices_win_and_a_voice_counts_once(self) -> None:
        loud = [{"kind": "airstrike", "text": f"text {n}"} for n in range(5)]
        two = [{"kind": "shelling", "source": "two"}, {"kind": "shelling", "source": "three"}]
        assert one(*loud, *two)["kind"] == "shelling"

    def test_a_phase_that_was_determined_beats_those_that_were_not(self) -> None:
        rows = [{"source": str(n), "phase": "undetermined"} for n in range(3)]
        assert one(*rows, {"source": "x", "phase": "impact"})["phase"] == "impact"
        assert one(*rows)["phase"] == "undetermined"

    def test_contrary_sides_cancel(self) -> None:
        assert one({"side_from": "a"}, {"source": "two"})["side_from"] == "a"
        assert one({"side_from": "a"}, {"side_from": "b", "source": "two"})["side_from"] == ""

    def test_an_exercise_is_one_where_a_report_of_the_mission_says_so(self) -> None:
        mark = int(Flag.exercise)
        assert one({}, heard("A", "10:30", flags=mark))["flags"] & Flag.exercise
        assert not one({"flags": mark}, heard("A", "10:30"))["flags"] & Flag.exercise

    def test_an_exact_repeat_is_never_said_of_an_incident(self) -> None:
        assert one({"flags": int(Flag.exact_repeat)})["flags"] == 0


def test_incidents_do_not_touch_each_other_and_reports_without_one_are_left_aside() -> None:
    reports = make_reports({}, {"source": "two", "lat": 50.0, "kind": "airstrike"}, {"source": "three"})
    made = summarise_incidents(reports, {1: 4, 2: 9})
    assert made["incident_id"].tolist() == [4, 9]
    assert made["kind"].tolist() == ["shelling", "airstrike"]
    assert made["n_reports"].tolist() == [1, 1]
    assert summarise_incidents(reports, {}).empty


def test_the_kind_is_the_missions_word_whatever_other_incidents_are_summed_up_beside() -> None:
    told = [
        heard("P1", "10:00"),
        {"source": "paper", "means": "press", "kind": "explosion"},
        {"source": "other", "means": "press", "kind": "shelling"},
    ]
    assert one(*told)["kind"] == "explosion"
    # Another incident by "paper" comes first, so that its voice has the lower number.
    reports = make_reports({"source": "paper", "means": "press"}, *told)
    summed = summarise_incidents(reports, {1: 1, 2: 2, 3: 2, 4: 2}).set_index("incident_id")
    assert summed.loc[2, "kind"] == "explosion"
