"""Simulated incidents as reports: who tells, how wrongly, and that the watching can read and judge them."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_truth import make_truth

from truceline.events.feeds.own import COLUMNS as FORM
from truceline.events.feeds.own import WINDS
from truceline.events.feeds.registry import recognise_feed
from truceline.simulate.catalogue import load_ceasefire_assumptions
from truceline.simulate.observing import (
    COLUMNS,
    SIMULATION_START,
    format_reports,
    observe_incidents,
)
from truceline.simulate.observing_ground import (
    ObservedGround,
    azimuth_of,
    lay_ground,
    metres_between,
    shift_places,
)
from truceline.simulate.observing_rules import PREFIX, ObservingRules, read_observing_rules
from truceline.simulate.observing_witnesses import MOST_WITNESSES
from truceline.simulate.true_incidents import TrueIncidents, add_collapse, draw_uniform, join_incidents
from truceline.simulate.watch import make_watch

N_BINS = 200


@pytest.fixture(scope="module")
def rules() -> ObservingRules:
    return read_observing_rules()


@pytest.fixture(scope="module")
def ground(rules: ObservingRules) -> ObservedGround:
    sectors = [f"S{1 + at // 50:02d}" for at in range(N_BINS)]
    return lay_ground(make_watch(0.7, 0.4, 0.15, n_bins=N_BINS, sectors=sectors), rules)


@pytest.fixture(scope="module")
def truth(ground: ObservedGround) -> TrueIncidents:
    return make_truth(ground, n_days=100, per_day=20.0)


@pytest.fixture(scope="module")
def reports(truth: TrueIncidents, ground: ObservedGround, rules: ObservingRules) -> pd.DataFrame:
    return observe_incidents(truth, ground, rules)


def rows_of(reports: pd.DataFrame, truth: TrueIncidents) -> np.ndarray:
    """Return the row of the truth behind each report."""
    place = {label: row for row, label in enumerate(truth.labels())}
    return np.array([place[label] for label in reports["truth"]])


def test_every_detected_incident_is_reported_and_no_other(
    reports: pd.DataFrame, truth: TrueIncidents
) -> None:
    expected = set(truth.labels()[truth.detected | truth.is_false])
    assert set(reports["truth"]) == expected


def test_a_false_report_comes_once(reports: pd.DataFrame) -> None:
    false = reports[reports["truth"].str.startswith("f")]
    assert len(false) > 20
    assert false["truth"].is_unique


def test_the_form_knows_every_column_as_that_of_a_simulation(reports: pd.DataFrame) -> None:
    assert tuple(reports.columns) == COLUMNS
    assert set(COLUMNS) - {"truth"} <= set(FORM)
    assert recognise_feed(list(COLUMNS), where="reports.csv", how="comma").name == "simulated"


@given(seed=st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_the_ladder_of_verification_finds_in_the_reports_what_the_simulation_says(
    ground: ObservedGround, rules: ObservingRules, seed: int
) -> None:
    truth = make_truth(ground, n_days=10, seed=seed)
    made = observe_incidents(truth, ground, rules)
    for label, told in made[made["observation"] != "told"].groupby("truth"):
        row = list(truth.labels()).index(label)
        is_seen = told["observation"].isin(["seen", "recorded"]).any()
        n_heard = told.loc[told["observation"] == "heard", "post"].nunique()
        assert told["post"].is_unique
        assert bool(is_seen or n_heard >= 2) == bool(truth.verified[row])


def test_a_side_is_told_of_attributed_incidents_alone_and_as_the_simulation_names_it(
    reports: pd.DataFrame, truth: TrueIncidents
) -> None:
    at = rows_of(reports, truth)
    named = reports["side_from"].to_numpy() != ""
    assert set(at[named]) == set(np.flatnonzero(truth.attributed))
    assert [("a", "b")[side] for side in truth.named_side[at[named]]] == list(reports["side_from"][named])
    assert set(reports["phase"][named]) == {"outgoing"}
    assert (truth.named_side[at[named]] != truth.side[at[named]]).any()


def test_times_err_as_the_clocks_do(
    reports: pd.DataFrame, truth: TrueIncidents, rules: ObservingRules
) -> None:
    first = reports["time_from"].to_numpy(dtype=object)
    is_minute = np.array([len(word) == 16 and word[14:] != "00" for word in first])
    told = (first[is_minute].astype("datetime64[s]") - np.datetime64(SIMULATION_START, "s")).astype(float)
    error = told - truth.time[rows_of(reports, truth)][is_minute] * 86_400.0
    # Cut to the minute: half a minute early on average, and a minute's even spread beside the clock's error.
    assert error.mean() == pytest.approx(-30.0, abs=8.0)
    assert error.std() == pytest.approx(np.hypot(rules.clock_error_s, 60.0 / np.sqrt(12.0)), rel=0.08)


def test_places_err_more_than_they_say(
    ground: ObservedGround, truth: TrueIncidents, rules: ObservingRules
) -> None:
    exact = replace(rules, wrong_place_share=0.0, depth_km=(0.0,) * 5, told_share=0.0)
    made = observe_incidents(truth, ground, exact)
    seen = made[made["lon"] != ""]
    at = rows_of(seen, truth)
    lon, lat = ground.place(truth.km[at], truth.side[at], np.zeros(len(at)))
    east, north = metres_between(lon, lat, *(seen[name].astype(float).to_numpy() for name in ("lon", "lat")))
    is_seen = (seen["observation"] != "told").to_numpy()
    for error in (east[is_seen], north[is_seen]):
        assert error.std() == pytest.approx(rules.position_error_m * rules.error_ratio, rel=0.1)
    assert set(seen.loc[is_seen, "radius_m"]) == {f"{rules.position_error_m:.0f}"}


def test_what_was_heard_has_a_post_and_a_direction_and_no_point(
    reports: pd.DataFrame, ground: ObservedGround, truth: TrueIncidents, rules: ObservingRules
) -> None:
    heard = reports[reports["observation"] == "heard"]
    assert (heard["lon"] == "").all()
    assert (heard["bearing_deg"] != "").all()
    flat = observe_incidents(truth, ground, replace(rules, depth_km=(0.0,) * 5))
    flat = flat[flat["observation"] == "heard"]
    at = rows_of(flat, truth)
    lon, lat = ground.place(truth.km[at], truth.side[at], np.zeros(len(at)))
    post_lon, post_lat = (flat[name].astype(float).to_numpy() for name in ("post_lon", "post_lat"))
    true = azimuth_of(*metres_between(post_lon, post_lat, lon, lat))
    off = (np.array([WINDS[word] for word in flat["bearing_deg"]]) - true + 180.0) % 360.0 - 180.0
    assert np.hypot(rules.bearing_error_deg, 22.5 / np.sqrt(12.0)) == pytest.approx(off.std(), rel=0.1)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("late_share", lambda frame: _is_late(frame[frame["observation"] != "told"])),
        ("day_only_share", lambda frame: frame["time_from"].str.len() == len("2001-01-01")),
        (
            "undetermined_share",
            lambda frame: (
                frame[(frame["observation"] == "heard") & (frame["kind"] == "explosion")]["weapon"] == ""
            ),
        ),
    ],
)
def test_shares_are_those_of_the_records(
    reports: pd.DataFrame, rules: ObservingRules, name: str, count
) -> None:  # type: ignore[no-untyped-def]
    marks = count(reports)
    p, n = getattr(rules, name), len(marks)
    slack = 4.0 * np.sqrt(p * (1.0 - p) / n) + (rules.kind_error if name == "undetermined_share" else 0.0)
    assert marks.mean() == pytest.approx(p, abs=slack)


def _is_late(frame: pd.DataFrame) -> pd.Series:
    told = frame["time_from"].str.slice(0, 10).astype("datetime64[s]") + pd.Timedelta(days=2)
    return frame["received_at"].astype("datetime64[s]") > told


def test_no_more_posts_tell_than_may(reports: pd.DataFrame) -> None:
    posts = reports[reports["observation"] != "told"].groupby("truth").size()
    assert posts.max() == MOST_WITNESSES


def test_the_same_truth_gives_the_same_bytes_and_unix_lines(
    truth: TrueIncidents, ground: ObservedGround, rules: ObservingRules, reports: pd.DataFrame
) -> None:
    text = format_reports(reports)
    assert text == format_reports(observe_incidents(truth, ground, rules))
    assert "\r" not in text
    assert next(iter(csv.reader(io.StringIO(text)))) == list(COLUMNS)
    assert list(reports["received_at"]) == sorted(reports["received_at"])
    assert reports["id"].is_unique


def test_an_incident_is_described_alike_whatever_else_was_noticed(
    truth: TrueIncidents, ground: ObservedGround, rules: ObservingRules, reports: pd.DataFrame
) -> None:
    some = truth.take(np.arange(len(truth)) % 3 == 0)
    kept = [name for name in COLUMNS if name != "id"]
    fewer = observe_incidents(some, ground, rules)[kept]
    same = reports[reports["truth"].isin(some.labels())][kept]
    pd.testing.assert_frame_equal(
        fewer.sort_values(kept).reset_index(drop=True), same.sort_values(kept).reset_index(drop=True)
    )


def test_nothing_detected_gives_no_reports_and_a_file_with_heads(
    ground: ObservedGround, rules: ObservingRules
) -> None:
    nobody = make_truth(ground, n_days=5, detected=False, verified=False, attributed=False, is_false=False)
    made = observe_incidents(nobody, ground, rules)
    assert len(made) == 0
    assert format_reports(made) == ",".join(COLUMNS) + "\n"


def test_draws_are_even_and_those_of_the_plain_twin() -> None:
    key = np.arange(40_000, dtype=np.uint64) * np.uint64(7)
    drawn = draw_uniform(key, 3)
    assert drawn.min() > 0.0
    assert drawn.max() < 1.0
    counts = np.histogram(drawn[:, 1], bins=20, range=(0.0, 1.0))[0]
    assert (
        (counts - 2_000.0) ** 2 / 2_000.0
    ).sum() < 43.8  # chi-square, 19 degrees of freedom, one in a thousand
    assert abs(np.corrcoef(drawn, rowvar=False)[np.triu_indices(3, 1)]).max() < 0.025
    assert drawn[5, 2] == plain_uniform(35, 3)


def plain_uniform(key: int, number: int) -> float:
    """Return one draw in whole numbers without end: the slow twin."""
    from truceline.simulate import true_incidents

    def mix(word: int) -> int:
        word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) % 2**64
        word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) % 2**64
        return word ^ (word >> 31)

    word = mix((mix(key ^ true_incidents._SALT) + number * 0x9E3779B97F4A7C15) % 2**64)
    return ((word >> 11) + 0.5) / 2**53


def test_a_collapse_grows_by_the_factor_and_leaves_the_days_before_alone(ground: ObservedGround) -> None:
    truth = make_truth(ground, n_days=60, per_day=30.0)
    made = add_collapse(truth, onset=60, n_days=12, growth=1.3, most=15.0, seed=3, length_km=float(N_BINS))
    assert np.array_equal(made.count_by_day(72)[:60], truth.count_by_day(60))
    level = truth.count_by_day(60)[30:].mean()
    wanted = level * np.minimum(1.3 ** np.arange(1, 13), 15.0)
    assert made.count_by_day(72)[60:] == pytest.approx(wanted, rel=0.35)
    assert made.count_by_day(72)[60:].sum() == pytest.approx(wanted.sum(), rel=0.06)
    after = made.take((made.time >= 60) & ~made.is_false)
    before = made.take((made.time < 60) & ~made.is_false)
    assert after.detected.mean() == pytest.approx(before.detected.mean(), abs=0.06)
    assert len(np.unique(made.key)) == len(made)
    assert np.array_equal(made.number, np.arange(len(made)))
    assert made.is_false[made.time >= 60].sum() < 3 * 12 * truth.is_false.sum() / 60.0


def test_a_collapse_of_another_seed_is_another(ground: ObservedGround) -> None:
    truth = make_truth(ground, n_days=20)
    some = {"onset": 20, "n_days": 5, "growth": 1.5, "most": 12.0, "length_km": float(N_BINS)}
    one, same, other = (add_collapse(truth, seed=seed, **some) for seed in (1, 1, 2))
    assert np.array_equal(one.time, same.time)
    assert not np.array_equal(one.time[-5:], other.time[-5:])
    with pytest.raises(ValueError, match="1000 at most"):
        add_collapse(truth, seed=1, **{**some, "most": 1e6})


def test_joined_incidents_are_in_the_order_of_time(ground: ObservedGround) -> None:
    parts = [make_truth(ground, n_days=5, seed=seed) for seed in (1, 2)]
    made = join_incidents(parts)
    assert len(made) == sum(map(len, parts))
    assert (np.diff(made.time) >= 0).all()


def test_posts_lie_on_their_side_and_the_nearest_is_the_nearest(
    ground: ObservedGround, rules: ObservingRules
) -> None:
    lat = ground.watch.lat[0]
    assert set(np.sign(ground.post_lat - lat)) == {-1.0, 1.0}
    lon, north = np.array([ground.post_lon[7]]), np.array([ground.post_lat[7] + 0.001])
    assert ground.nearest_posts(lon, north, 2, hearing=False)[0, 0] == 7
    few = lay_ground(make_watch(0.5, 0.3, 0.1, n_bins=3), rules)
    found = few.nearest_posts(few.post_lon[:1], few.post_lat[:1], 4, hearing=True)
    assert list(found[0]) == [0, 1, 1, 1]


@given(
    lat=st.floats(-60, 60), east=st.floats(-20_000, 20_000), north=st.floats(-20_000, 20_000)
)  # fmt: skip
@settings(max_examples=50, deadline=None)
def test_a_shift_is_found_again(lat: float, east: float, north: float) -> None:
    lon0, lat0 = np.array([30.0]), np.array([lat])
    moved = shift_places(lon0, lat0, np.array([east]), np.array([north]))
    found = metres_between(lon0, lat0, *moved)
    assert [float(each[0]) for each in found] == pytest.approx([east, north], abs=1.0)


def test_every_rule_is_a_record_within_its_range_and_with_a_source() -> None:
    known = load_ceasefire_assumptions()
    names = [name for name in known if name.startswith(PREFIX)]
    assert len(names) > 30
    for name in names:
        low, high = known[name].bounds
        assert low <= known[name].value <= high
        assert known[name].source.title
        assert known[name].source.locator
