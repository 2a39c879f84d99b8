"""A day's report from a store: what counts, once, in which period, and what it stands beside."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from day_sample import (
    AGREED,
    AGREEMENTS,
    DAY,
    EFFORT,
    MISSION,
    TREND,
    Days,
    draw_incidents,
    fill_month,
    judge,
    start_store,
    watch,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.errors import TrucelineError
from truceline.events.frames import make_frame
from truceline.events.kinds import Flag
from truceline.events.schema import INCIDENTS, JUDGEMENTS, VERIFICATIONS
from truceline.monitor.day import gather_day
from truceline.monitor.day_counts import class_of, night_of, round_acts
from truceline.monitor.day_history import overlap_any
from truceline.monitor.day_model import DayReport, EffortLine
from truceline.monitor.day_tally import Count, Hours, People
from truceline.store.base import Store

MORNING = datetime(2025, 6, 11, 6, 0)
"""09:00 in Kyiv: within the reporting day of 11 June."""


N_DAYS = 10
"""Days of the store that many tests read: enough for a sum, few enough to be quick."""


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store, days = start_store(tmp_path_factory.mktemp("month"))
    fill_month(days, n_days=N_DAYS)
    yield store
    store.close()


@pytest.fixture(scope="module")
def report(month: Store) -> DayReport:
    return gather(month, agreements=AGREEMENTS)


@pytest.fixture
def days(tmp_path: Path) -> Iterator[Days]:
    store, made = start_store(tmp_path)
    yield made
    store.close()


def gather(store: Store, day: date = DAY, *, effort: Sequence[EffortLine] = (), **options: Any) -> DayReport:
    return gather_day(store, day, mission=MISSION, effort=effort, **options)


class TestWhatCounts:
    def test_an_incident_under_two_clauses_counts_once_and_stands_under_both(self, days: Days) -> None:
        days.add([{"count_best": 4.0, "clauses": (("general", "ceasefire"), ("general", "heavy weapons"))}])
        report = gather(days.store)
        assert report.total.violations == Count(4, 4, 4, 1)
        assert [(line.clause, line.count.best) for line in report.clauses] == [
            ("ceasefire", 4),
            ("heavy weapons", 4),
        ]
        assert report.rows[0].clause == "ceasefire"
        assert report.rows[0].other_clauses == ("general:heavy weapons",)

    def test_two_agreements_count_it_once_and_each_in_its_own_total(self, days: Days) -> None:
        days.add([{"count_best": 3.0, "clauses": (("general", "ceasefire"), ("energy", "no strikes"))}])
        both = (*AGREEMENTS, AGREEMENTS[0].__class__("energy", "Energy truce", AGREED))
        report = gather(days.store, agreements=both)
        assert report.total.violations.best == 3
        assert [line.tally.violations.best for line in report.since] == [3, 3]

    @pytest.mark.parametrize("verdict", ["allowed", "outside", "not_bound", "refuted"])
    def test_other_verdicts_do_not_count(self, days: Days, verdict: str) -> None:
        days.add([{"clauses": (("general", "ceasefire", verdict),)}])
        report = gather(days.store)
        assert report.rows == ()
        assert report.total.violations == Count()

    def test_what_is_unclear_is_a_row_that_is_not_counted(self, days: Days) -> None:
        days.add([{"count_best": 5.0, "clauses": (("general", "ceasefire", "unclear"),)}])
        report = gather(days.store)
        assert (report.total.violations, report.total["unclear"].best) == (Count(), 5)
        assert [(row.is_counted, row.not_counted) for row in report.rows] == [(False, "unclear")]

    def test_flights_and_weapons_are_findings_and_not_violations_of_the_ceasefire(
        self, report: DayReport
    ) -> None:
        assert {(line.kind, line.verdict) for line in report.sightings} == {
            ("weapon_present", "violation"),
            ("weapon_present", "allowed"),
            ("uav_flight", "violation"),
        }
        assert not {"weapon_present", "uav_flight"} & {row.kind for row in report.rows}

    def test_a_merged_and_a_refuted_incident_leave_every_count(self, days: Days) -> None:
        days.add([{}, {}, {}])
        before = gather(days.store, agreements=AGREEMENTS)
        with days.store.change(who="t", what="review") as change:
            merged = days.store.read_current(INCIDENTS).iloc[[0]].drop(columns="change_id")
            change.append(INCIDENTS, merged.assign(merged_into=np.array([2])))
            row = {"incident_id": [3], "status": ["refuted"], "method": ["hand"]}
            change.append(VERIFICATIONS, make_frame(VERIFICATIONS, row))
        after = gather(days.store, agreements=AGREEMENTS)
        assert (before.total.violations.best, after.total.violations.best) == (3, 1)
        assert (before.since[0].tally.violations.best, after.since[0].tally.violations.best) == (3, 1)
        assert [row.incident_id for row in after.rows] == [2]

    def test_exercises_are_in_or_out_by_one_switch_and_told_either_way(self, days: Days) -> None:
        days.add([{"count_best": 2.0}, {"count_best": 50.0, "flags": int(Flag.exercise)}])
        days.add([{"time_from": MORNING - timedelta(days=1), "flags": int(Flag.exercise), "count_best": 9.0}])
        with_, without = (
            gather(days.store, include_exercises=choice, agreements=AGREEMENTS) for choice in (True, False)
        )
        assert (with_.total.violations.best, without.total.violations.best) == (52, 2)
        assert (with_.previous.violations.best, without.previous.violations.best) == (9, 0)
        assert (with_.since[0].tally.violations.best, without.since[0].tally.violations.best) == (61, 2)
        assert with_.total["exercise"].best == without.total["exercise"].best == 50
        assert [row.not_counted for row in without.rows] == ["", "exercise"]

    def test_a_claim_is_counted_apart_as_well_and_keeps_its_label(self, report: DayReport) -> None:
        claimed = [row for row in report.rows if row.is_claim]
        assert [(row.claimed_by, row.observation, row.count.best) for row in claimed] == [("b", "claimed", 6)]
        assert report.total["claim"].best == 6

    @given(
        st.lists(
            st.tuples(*[st.floats(0, 1e6) | st.just(float("nan"))] * 3),
            min_size=1,
        )
    )
    def test_acts_are_whole_and_in_order(self, acts: list[tuple[float, float, float]]) -> None:
        low, best, high = round_acts(*(np.array(column) for column in zip(*acts, strict=True)))
        assert (low <= best).all()
        assert (best <= high).all()
        assert (best >= 1).all()
        assert (low >= 0).all()

    @pytest.mark.parametrize(
        ("kind", "unit", "named"),
        [
            ("explosion", "", "explosion"),
            ("shelling", "explosions", "explosion"),
            ("shelling", "", "incident"),
            ("burst", "shots", "burst"),
            ("uav_strike", "aircraft", "incident"),
            ("airstrike", " Explosions ", "explosion"),
        ],
    )
    def test_a_shelling_counted_in_explosions_is_explosions(self, kind: str, unit: str, named: str) -> None:
        assert class_of(kind, unit) == named


class TestPeriods:
    def test_the_cut_off_itself_belongs_to_the_next_day(self, days: Days) -> None:
        cutoff = datetime(2025, 6, 11, 16, 30)  # 19:30 in Kyiv
        days.add([{"time_from": cutoff - timedelta(microseconds=1)}, {"time_from": cutoff}])
        assert [row.incident_id for row in gather(days.store).rows] == [1]
        assert [row.incident_id for row in gather(days.store, DAY + timedelta(days=1)).rows] == [2]

    def test_a_day_in_which_the_clock_is_changed_has_its_own_length(self) -> None:
        start, end = MISSION.period(datetime(2025, 3, 30))
        assert end - start == timedelta(hours=23)
        assert night_of(start, MISSION) == night_of(end - timedelta(seconds=1), MISSION) == date(2025, 3, 30)
        assert night_of(end, MISSION) == date(2025, 3, 31)

    def test_monday_covers_two_nights_with_each_and_both(self, days: Days) -> None:
        monday = date(2025, 6, 9)
        sunday = monday - timedelta(days=1)
        for night, n in ((sunday, 3), (monday, 5)):
            at = datetime.combine(night, datetime.min.time()) + timedelta(hours=6)
            days.add([{"time_from": at, "count_best": 2.0}] * n)
        report = gather(days.store, monday, n_days=2)
        assert report.nights == (sunday, monday)
        assert [count.best for count in report.nights_count] == [6, 10]
        assert report.total.violations.best == 16
        donetsk = report.regions[0]
        assert [count.best for count in donetsk.nights] == [6, 10]
        assert sum((gather(days.store, night).total.violations for night in report.nights), Count()) == (
            report.total.violations
        )
        assert report.previous_from == report.period_from - timedelta(days=2)

    def test_the_previous_period_is_what_its_own_report_said(self, month: Store, report: DayReport) -> None:
        before = gather(month, DAY - timedelta(days=1))
        assert report.previous.violations == before.total.violations
        assert report.previous.family("class") == before.total.family("class")
        assert report.previous.family("phase") == before.total.family("phase")

    def test_running_totals_are_the_sum_of_every_days_report(self, month: Store, report: DayReport) -> None:
        nights = [DAY - timedelta(days=i) for i in range(N_DAYS)]
        each = [gather(month, night).total for night in nights]
        (since,) = report.since
        assert since.n_days == 31
        assert since.tally.violations == sum((tally.violations for tally in each), Count())
        assert since.tally.explosions == sum((tally.explosions for tally in each), Count())
        shown = {one.day for one in report.history}
        for night, tally in zip(nights, each, strict=True):
            told = sum(one.violations for one in report.history if one.day == night)
            assert told == tally.violations.best
            assert (night in shown) == bool(told)
        assert [one.day for one in report.trail] == [DAY - timedelta(days=i) for i in range(29, -1, -1)]
        drawn = {one.day: (one.explosions, one.others) for one in report.trail}
        for night, tally in zip(nights, each, strict=True):
            bangs = tally.explosions.best
            assert drawn[night] == (bangs, tally.violations.best - bangs)
        assert sum((count for count in since.groups), Count()) == since.tally.violations

    def test_an_earlier_report_can_be_made_again_from_a_store_that_has_grown(self, days: Days) -> None:
        days.add(draw_incidents(DAY, 3, 8))
        watch(days, DAY)
        first = gather(days.store)
        days.add(draw_incidents(DAY, 4, 5))
        assert gather(days.store).total.violations != first.total.violations
        assert gather(days.store, as_of=first.as_of) == first

    def test_no_day_at_all_is_refused(self, days: Days) -> None:
        with pytest.raises(ValueError, match="at least one day"):
            gather(days.store, n_days=0)

    def test_an_empty_store_gives_an_empty_report(self, days: Days) -> None:
        report = gather(days.store, agreements=AGREEMENTS)
        assert (report.total.violations, report.rows, report.effort) == (Count(), (), ())
        zero = report.zero_days
        assert (zero.n_days, zero.n_unwatched, zero.is_watched) == (0, 31, False)


span_lists = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 12)).map(lambda span: (span[0], span[0] + span[1])),
    max_size=8,
)


class TestZeroDays:
    def test_the_second_day_without_a_violation_is_told_as_the_second(self, days: Days) -> None:
        start = DAY - timedelta(days=4)
        agreed, _ = MISSION.period(datetime.combine(start, datetime.min.time()))
        agreements = (AGREEMENTS[0].__class__("general", "Truce", agreed),)
        for i in range(5):
            night = start + timedelta(days=i)
            watch(days, night)
            if i not in (1, 4):
                days.add([{"time_from": datetime.combine(night, datetime.min.time()) + timedelta(hours=6)}])
        zero = gather(days.store, agreements=agreements).zero_days
        assert (zero.is_today, zero.is_watched, zero.since) == (True, True, start)
        assert (zero.n_days, zero.n_unwatched) == (2, 0)

    def test_a_day_on_which_nobody_watched_is_no_zero_day(self, days: Days) -> None:
        days.add([{"time_from": MORNING - timedelta(days=2)}])
        watch(days, DAY)
        zero = gather(days.store).zero_days
        assert (zero.n_days, zero.n_unwatched) == (1, 1)

    def test_only_exercises_left_out_make_a_zero_day(self, days: Days) -> None:
        days.add([{"flags": int(Flag.exercise)}])
        assert gather(days.store, include_exercises=False).zero_days.is_today
        assert not gather(days.store, include_exercises=True).zero_days.is_today

    @given(spans=span_lists, days=span_lists)
    def test_watched_days_are_those_that_some_record_shares(
        self, spans: list[tuple[int, int]], days: list[tuple[int, int]]
    ) -> None:
        starts, ends = np.array(spans, dtype="datetime64[us]").reshape(-1, 2).T
        lowers, uppers = np.array(days, dtype="datetime64[us]").reshape(-1, 2).T
        slow = [any(start < upper and end > lower for start, end in spans) for lower, upper in days]
        assert overlap_any(starts, ends, lowers, uppers).tolist() == slow

    def test_years_of_quiet_days_and_of_posts_take_no_time(self) -> None:
        hours = np.datetime64("2020-01-01", "us") + np.arange(400_000) * np.timedelta64(1, "h")
        days = hours[::24]
        started = time.perf_counter()
        is_watched = overlap_any(hours, hours + np.timedelta64(1, "h"), days, days + np.timedelta64(24, "h"))
        assert is_watched.all()
        assert time.perf_counter() - started < 2.0  # one by one: 16,667 days against 400,000 records, 10 s


class TestPlaces:
    def test_the_majority_is_the_fewest_places_that_hold_more_than_half(self, days: Days) -> None:
        days.add([{"place": "A", "count_best": 5.0}, {"place": "B", "count_best": 4.0}])
        days.add([{"place": "C", "count_best": 1.0}])
        donetsk = gather(days.store).regions[0]
        assert [line.place for line in donetsk.places] == ["A", "B"]  # five of ten are not more than half
        assert donetsk.places_count.best == 9

    def test_distance_and_bearing_are_geodesic_from_the_regional_centre(self, days: Days) -> None:
        days.add([{"place": "North", "lon": 37.80, "lat": 48.02 + 0.9}])  # 0.9 degrees of meridian: 100.1 km
        (line,) = gather(days.store).regions[0].places
        assert line.distance_m == pytest.approx(100_100, abs=50)
        assert line.bearing_deg % 360 == pytest.approx(0.0, abs=0.01)

    def test_a_point_that_stands_for_a_region_is_no_place(self, days: Days) -> None:
        days.add([{"flags": int(Flag.placeholder)}, {"place_precision": "region"}])
        report = gather(days.store)
        assert report.map_points == ()
        assert report.n_not_placed == 2
        assert all(np.isnan(row.lon) for row in report.rows)
        assert np.isnan(report.regions[0].places[0].distance_m)

    def test_villages_of_one_name_are_told_apart_by_region_and_by_who_holds_them(self, days: Days) -> None:
        name = {"place": "Petrivka", "lat": 48.92}
        days.add(
            [
                name | {"lon": 37.80, "count_best": 5.0},
                name | {"lon": 37.80, "lat": 47.12, "control_side": "b", "count_best": 4.0},
                name | {"lon": 33.00, "region": "Kherson"},
            ]
        )
        days.add([{"place": "Ivanivka"}])
        places = gather(days.store).regions[0].places
        assert [line.control_side for line in places] == ["a", "b"]
        assert [line.distance_m for line in places] == pytest.approx([100_100, 100_100], abs=100)
        assert [line.bearing_deg % 360 for line in places] == pytest.approx([0.0, 180.0], abs=0.01)

    def test_regions_outside_the_mission_stand_together_at_the_end(self, days: Days) -> None:
        days.add([{"region": "Odesa"}, {"region": "Lviv"}, {"region": "Donetsk Oblast"}])
        report = gather(days.store)
        assert [region.name for region in report.regions] == [r.name for r in MISSION.regions] + [""]
        assert report.regions[-1].others == ("Lviv", "Odesa")
        assert report.regions[0].tally.violations.best == 1

    def test_positions_are_rounded_and_their_error_grows_by_it(self, days: Days) -> None:
        days.add([{"lon": 37.123456, "lat": 48.987654, "sigma_m": 20.0, "sigma_across_m": 5.0}])
        (row,) = gather(days.store).rows
        assert (row.lon, row.lat) == (37.123, 48.988)
        assert row.sigma_m == pytest.approx(np.hypot(20.0, 111.195 / np.sqrt(12)))

    def test_a_recent_position_is_withheld_and_still_counted(self, days: Days) -> None:
        report_post = {"means": "patrol", "observation": "heard", "post": "patrol 1", "source": "own"}
        bearing = {"bearing_deg": 90.0, "range_min_m": 1000.0, "range_max_m": 2000.0}
        days.add([{"reports": (report_post | bearing,)}, {"time_from": MORNING - timedelta(hours=9)}])
        issued = MORNING + timedelta(hours=2)
        report = gather(days.store, issued_at=issued)
        withheld = {row.incident_id: row.is_withheld for row in report.rows}
        assert withheld == {1: True, 2: False}
        assert np.isnan(report.rows[1].lon)
        assert report.rows[1].location_post == ""
        assert report.total.violations.best == 2
        assert not any(row.is_withheld for row in gather(days.store).rows)


class TestEffort:
    def test_a_post_that_is_denied_lowers_the_hours_and_not_the_violations(self, days: Days) -> None:
        days.add([{"count_best": 7.0}])
        start, end = MISSION.period(datetime.combine(DAY, datetime.min.time()))
        watched = {"region": "Donetsk", "means": "camera", "post": "c", "state": "watched"}
        days.add_effort([watched | {"time_from": start, "time_to": end}])
        before = gather(days.store)
        denied = watched | {
            "state": "denied",
            "post": "p",
            "time_from": start,
            "time_to": start + timedelta(hours=6),
        }
        days.add_effort([denied])
        after = gather(days.store)
        assert after.total == before.total
        assert [(r.state, r.lost_h) for r in after.restrictions] == [("denied", 6.0)]

    def test_the_hours_of_a_restriction_are_those_within_the_period(self, days: Days) -> None:
        start, end = MISSION.period(datetime.combine(DAY, datetime.min.time()))
        denied = {"region": "Donetsk", "means": "camera", "post": "c", "state": "denied"}
        hour = timedelta(hours=1)
        days.add_effort(
            [
                denied | {"time_from": start - 5 * hour, "time_to": start + 2 * hour},
                denied | {"time_from": end - 3 * hour, "time_to": end + 9 * hour},
                denied | {"time_from": start - 5 * hour, "time_to": start},
            ]
        )
        assert [line.lost_h for line in gather(days.store).restrictions] == [2.0, 3.0]

    def test_lines_handed_in_are_taken_as_they_are(self, month: Store) -> None:
        report = gather(month, effort=EFFORT, trend=TREND)
        assert (report.effort, report.trend) == (EFFORT, TREND)

    def test_no_lines_are_no_hours_whatever_the_store_holds(self, month: Store) -> None:
        report = gather(month)
        assert report.effort == ()
        assert np.isnan(report.sums.hours.watched)
        assert report.sums.unwatched == ()

    def test_hours_add_up_by_region_and_in_all(self, days: Days) -> None:
        abroad = EffortLine("Odesa", "post", 8.0, 2.0, 6.0, 1)
        idle = EffortLine("Kherson", "camera", 0.0, 24.0, 24.0, 0)
        sums = gather(days.store, effort=(*EFFORT, abroad, idle)).sums
        assert sums.hours == Hours(watched=134.3, lost=27.7, previous=158.0)
        assert sums.hours_by_region == {
            "Donetsk": Hours(126.3, 1.7, 128.0),
            "": Hours(8.0, 2.0, 6.0),
            "Kherson": Hours(0.0, 24.0, 24.0),
        }
        assert sums.unwatched == tuple(r.name for r in MISSION.regions if r.name != "Donetsk")

    def test_a_restriction_reported_as_an_incident_is_told_too(self, report: DayReport) -> None:
        told = [(r.state, r.place, r.cause) for r in report.restrictions]
        assert ("denied", "Velyka Novosilka", "b") in told
        assert ("jammed", "mid-range UAV", "jamming, source within 10 km") in told


class TestHarm:
    def test_people_are_told_with_who_told_it_and_how_well_it_is_known(self, report: DayReport) -> None:
        casualty = next(harm for harm in report.harms if harm.kind == "casualty")
        assert (casualty.killed, casualty.hurt) == ((1, 1, 1), (2, 2, 3))
        assert (casualty.status, casualty.observation) == ("corroborated", "seen")
        assert set(casualty.sources) == {"the mission", "a hospital in Kherson"}
        assert report.figures()["hurt.high"] == 3

    def test_people_hurt_by_an_incident_of_fire_are_listed_and_not_added(self, days: Days) -> None:
        days.add([{"hurt_best": 4.0}])
        report = gather(days.store)
        assert [harm.hurt for harm in report.harms] == [(4, 4, 4)]
        assert report.figures()["hurt.best"] == 0
        assert report.sums.harm == People()
        assert report.sums.of_fire == People(1, 0, (0, 0, 0), (4, 4, 4))

    def test_people_weapons_and_restrictions_are_added_up(self, report: DayReport) -> None:
        sums = report.sums
        assert sums.casualties == People(1, 1, (1, 1, 1), (2, 2, 3))
        assert sums.damage == People(1, 1)
        assert sums.harm == People(2, 2, (1, 1, 1), (2, 2, 3))
        assert (sums.n_weapons, sums.n_flights, sums.n_fire_at_mission) == (4, 1, 0)
        assert sums.n_restrictions == {"denied": 2, "jammed": 1, "down": 1}

    def test_fire_at_the_mission_is_counted_in_rows_and_in_harm(self, days: Days) -> None:
        harm = {"kind": "damage", "clauses": (), "target": "mission"}
        days.add([{"target": "mission", "hurt_best": 1.0}, {"target": "civilian"}, harm])
        assert gather(days.store).sums.n_fire_at_mission == 2


def test_an_incident_of_which_little_is_known_is_a_row_all_the_same(days: Days) -> None:
    nothing = dict.fromkeys(("lon", "lat", "sigma_m", "sigma_across_m", "count_best"), float("nan"))
    blank = dict.fromkeys(("place", "place_precision", "control_side", "weapon", "status"), "")
    days.add([nothing | blank | {"n_reports": None, "n_sources": None, "reports": ()}])
    (row,) = gather(days.store).rows
    assert (row.count, row.status, row.observation, row.means) == (Count(1, 1, 1, 1), "reported", "", ())
    assert (row.n_reports, row.n_sources, row.flags) == (0, 0, ())
    assert gather(days.store).total["noticed."].best == 1


def test_simulated_and_real_incidents_never_share_a_report(days: Days) -> None:
    days.add([{}, {"flags": int(Flag.simulated)}])
    with pytest.raises(TrucelineError, match="1 simulated and 1 real"):
        gather(days.store)


def test_a_wholly_simulated_period_is_marked(days: Days) -> None:
    days.add([{"flags": int(Flag.simulated)}])
    assert gather(days.store).is_simulated


def test_a_second_judgement_replaces_the_first(days: Days) -> None:
    days.add([{"count_best": 2.0}])
    incident = days.store.read_current(INCIDENTS).iloc[0].to_dict()
    with days.store.change(who="t", what="judge") as change:
        row = judge(incident | {"count_best": 3.0}, "general", "ceasefire")
        change.append(JUDGEMENTS, make_frame(JUDGEMENTS, {name: [value] for name, value in row.items()}))
    assert gather(days.store).total.violations.best == 3


incident_lists = st.lists(
    st.fixed_dictionaries(
        {
            "region": st.sampled_from(["Donetsk", "Luhansk", "Kherson", "Odesa"]),
            "kind": st.sampled_from(["explosion", "shot", "shelling", "flare"]),
            "phase": st.sampled_from(["", "impact", "outgoing", "nonsense"]),
            "count_best": st.floats(0.0, 40.0) | st.just(float("nan")),
            "count_low": st.floats(0.0, 20.0) | st.just(float("nan")),
            "count_high": st.floats(0.0, 60.0) | st.just(float("nan")),
            "flags": st.sampled_from([0, int(Flag.exercise), int(Flag.party_claim)]),
            "control_side": st.sampled_from(["", "a", "b", "contested"]),
            "status": st.sampled_from(["", "reported", "verified"]),
            "time_from": st.integers(0, 47).map(lambda h: MORNING - timedelta(hours=36 - h)),
        }
    ),
    max_size=10,
)


@settings(max_examples=6, deadline=None)
@given(incidents=incident_lists, include=st.booleans())
def test_regions_classes_and_ways_each_add_up_to_the_total(
    tmp_path_factory: pytest.TempPathFactory, incidents: list[dict[str, Any]], include: bool
) -> None:
    store, days = start_store(tmp_path_factory.mktemp("drawn"))
    with store:
        days.add(incidents)
        report = gather(store, include_exercises=include, agreements=AGREEMENTS)
    whole = report.total.violations
    for family in ("class", "status", "noticed", "place", "by"):
        assert sum(report.total.family(family).values(), Count()) == whole
    assert sum(report.total.family("phase").values(), Count()) == report.total.explosions
    assert sum((region.tally.violations for region in report.regions), Count()) == whole
    assert sum(report.nights_count, Count()) == whole
    told = sum(one.violations for one in report.history if one.day == DAY)
    assert told == whole.best
    # what the day counts from its rows is what the history counts from its frames
    before = gather_before(report)
    assert before + whole.best == report.since[0].tally.violations.best


def gather_before(report: DayReport) -> int:
    return sum(one.violations for one in report.history if one.day < DAY)


class TestTheMeanOfTheYear:
    def test_a_month_of_days_has_one(self, days: Days) -> None:
        days.add([{"count_best": 60.0, "time_from": MORNING - timedelta(days=59)}, {"count_best": 6.0}])
        mean = next(one for one in gather(days.store).year_means if one.per_day)
        assert (mean.n_days, mean.per_day) == (60, pytest.approx(1.1))
        assert mean.now_per_day == 6.0
        assert next(one for one in gather(days.store, n_days=2).year_means if one.per_day).now_per_day == 3.0

    def test_the_first_days_have_none_because_they_would_be_held_against_themselves(self, days: Days) -> None:
        days.add([{"count_best": 60.0, "time_from": MORNING - timedelta(days=5)}, {"count_best": 6.0}])
        assert gather(days.store).year_means == ()
