"""Chunks, threads and common random numbers; and the honesty checks of the model in their short form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from truceline.errors import ScenarioError
from truceline.simulate.catalogue import load_ceasefire_assumptions
from truceline.simulate.laws import expect_fano
from truceline.simulate.parameters import draw_parameters
from truceline.simulate.results import (
    COUNT_EDGES,
    COUNTED,
    DIAL,
    HORIZONS,
    N_SURVIVAL_BINS,
    SURVIVAL_EVERY,
    ChunkSums,
    IncidentTable,
    add_chunks,
)
from truceline.simulate.run import run_chunk, run_incidents
from truceline.simulate.settings import BASELINES, RECORDED_MAX, Settings, change_settings, read_settings
from truceline.simulate.watch import Watch, make_watch, no_watch, remove_sensor, scale_watch

PLAIN = {
    "background_rate": 2.0,
    "background_cv": 0.0,
    "first_week_level": 1.0,
    "n_self": 0.25,
    "n_cross": 0.25,
    "delay": 0.5,
    "deliberate_share": 0.0,
    "clarification": 1.0,
    "false_report_rate": 0.0,
    "hazard_exponent": 0.0,
    "hr_monitor": 1.0,
}
"""A process with a constant background and no feedback: what theory speaks of."""


@dataclass(frozen=True)
class MadeDraws:
    """Some replicates at chosen values."""

    values: Mapping[str, np.ndarray]
    n: int
    first: int = 0

    def __len__(self) -> int:
        return self.n


def hold(n: int, first: int = 0, **values: float) -> MadeDraws:
    """Return draws that all have the same values; the rest is central."""
    return MadeDraws({name: np.full(n, float(value)) for name, value in values.items()}, n, first)


def plain(n: int, **values: float) -> MadeDraws:
    """Return draws of the plain process with some values changed."""
    return hold(n, **{**PLAIN, **values})


def settle(n_days: int = 365, **constants: float) -> Settings:
    """Return settings with some constants changed."""
    return read_settings(load_ceasefire_assumptions(), n_days=n_days, **constants)


WATCH = make_watch(0.6, 0.4, 0.2, n_bins=100, sectors=["west"] * 60 + ["east"] * 40)


def assert_same(first: ChunkSums, second: ChunkSums) -> None:
    """Check that two chunks are the same to the last bit."""
    for field in fields(ChunkSums):
        one, other = getattr(first, field.name), getattr(second, field.name)
        if isinstance(one, np.ndarray):
            assert one.dtype == other.dtype
            assert_array_equal(one, other, err_msg=field.name)
        else:
            assert one == other


# --- chunks


def test_chunking_and_threads_change_no_byte() -> None:
    drawn = draw_parameters(load_ceasefire_assumptions(), first=0, n=13, seed=4)
    how = settle(60)
    whole = run_chunk(WATCH, drawn, how, 9)
    assert_same(whole, run_chunk(WATCH, drawn, how, 9, threads=2))
    assert_same(whole, run_chunk(WATCH, drawn, how, 9, threads=50))
    parts = [run_chunk(WATCH, drawn.take(slice(a, b)), how, 9) for a, b in ((0, 4), (4, 11), (11, 13))]
    assert_same(whole, add_chunks(add_chunks(parts[0], parts[1]), parts[2]))
    assert_same(whole, replace(add_chunks(parts[0], add_chunks(parts[1], parts[2]))))


def test_another_seed_or_replicate_is_other_luck() -> None:
    how = settle(60)
    one, other = (run_chunk(WATCH, plain(3), how, seed).column("n_incidents") for seed in (1, 2))
    assert (one != other).any()
    assert len(set(run_chunk(WATCH, plain(3), how, 1).column("n_violations"))) == 3


def test_chunks_of_different_horizons_are_not_added_up() -> None:
    with pytest.raises(ValueError, match="different"):
        add_chunks(run_chunk(WATCH, plain(1), settle(8), 1), run_chunk(WATCH, plain(1), settle(9), 1))


def test_sums_of_a_chunk_agree_with_each_other() -> None:
    drawn = draw_parameters(load_ceasefire_assumptions(), first=0, n=20, seed=1)
    chunk = run_chunk(WATCH, drawn, settle(40), 3)
    for name in ("n_incidents", "n_detected", "n_verified", "n_attributed", "n_violations", "n_triggers"):
        assert chunk.day(name).sum() == chunk.column(name).sum()
    stages = [
        chunk.column(f"n_{stage}").sum() for stage in ("incidents", "detected", "verified", "attributed")
    ]
    assert_array_equal(chunk.by_rung.sum(axis=0), stages)
    assert_array_equal(chunk.by_sector.sum(axis=(0, 1)), stages)
    assert chunk.sectors == ("west", "east")
    assert chunk.chains.sum() == chunk.column("n_clusters").sum() == chunk.column("n_background").sum()
    assert chunk.chains[0] == chunk.column("n_unanswered_clusters").sum()
    assert chunk.ladder.sum() == chunk.column("n_incidents").sum() - chunk.column("n_background").sum()
    assert (chunk.day_counts.sum(axis=2) == chunk.day("n_running")).all()
    assert chunk.day_counts.shape == (len(COUNTED), 40, len(COUNT_EDGES))
    assert (chunk.survival_strict <= chunk.survival).all()
    assert_array_equal(chunk.survival_counts.sum(axis=3)[..., 0], 20)
    assert (chunk.survival_counts[:, :, 1:] == 0).all()
    assert np.isnan(chunk.column("minsk_hazard_365")).all()
    assert (chunk.column("minsk_hazard_30") > chunk.column("armistice_hazard_30")).all()


# --- the list of one replicate


def incidents_of(watch: Watch, draws: MadeDraws, n_days: int = 60, replicate: int = 1) -> IncidentTable:
    """Return the list of one replicate of seed 5."""
    return run_incidents(watch, draws, settle(n_days), 5, replicate)


def test_the_list_of_a_replicate_is_what_the_chunk_counted() -> None:
    draws = hold(3, false_report_rate=1.0, background_rate=2.0)
    table, chunk = incidents_of(WATCH, draws), run_chunk(WATCH, draws, settle(60), 5)
    true = ~table.false_report
    assert true.sum() == chunk.column("n_incidents")[1]
    assert table.false_report.sum() == chunk.column("n_false_reports")[1] > 0
    for stage in ("detected", "verified", "attributed"):
        assert (getattr(table, stage) & true).sum() == chunk.column(f"n_{stage}")[1]
    assert table.size[true].sum() == chunk.column("n_violations")[1]
    assert (table.parent[true] == -1).sum() == chunk.column("n_background")[1]
    assert (table.verified <= table.detected).all()
    assert (table.attributed <= table.verified).all()
    assert_array_equal(table.attributed_side >= 0, table.attributed)


def test_offspring_come_after_their_parents_and_clusters_have_one_root() -> None:
    table = incidents_of(WATCH, plain(2, n_cross=0.5, n_self=0.3))
    child = np.flatnonzero(table.parent >= 0)
    assert len(child) > 100
    assert (table.time[child] > table.time[table.parent[child]]).all()
    assert_array_equal(table.root[child], table.root[table.parent[child]])
    assert (np.abs(table.rung[child] - table.rung[table.parent[child]]) <= 1).all()
    first = np.flatnonzero(table.parent < 0)
    assert_array_equal(table.root[first], first)
    assert (np.diff(table.time) >= 0).all()
    assert table.km.min() >= 0.0
    assert table.km.max() <= WATCH.length_km
    assert_array_equal(table.day, np.floor(table.time))


def test_the_list_is_the_same_whatever_other_replicates_are_drawn() -> None:
    alone = incidents_of(WATCH, replace(plain(1), first=1))
    assert_array_equal(alone.key, incidents_of(WATCH, plain(4)).key)


def test_an_empty_replicate_has_an_empty_list() -> None:
    assert len(incidents_of(WATCH, plain(2, background_rate=0.0))) == 0


def test_a_list_that_is_too_long_or_unknown_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ScenarioError, match="not among the replicates drawn, 0 to 1"):
        incidents_of(WATCH, plain(2), replicate=2)
    assert RECORDED_MAX > 1_000_000
    monkeypatch.setattr("truceline.simulate.run.RECORDED_MAX", 10)
    with pytest.raises(ScenarioError, match="at most 10 are written out"):
        incidents_of(WATCH, plain(2))


def test_a_name_that_is_neither_drawn_nor_constant_is_told() -> None:
    how = settle(10)
    bare = replace(how, constants={k: v for k, v in how.constants.items() if k != "n_self"})
    with pytest.raises(ScenarioError, match=r"ceasefire\.n_self  is neither drawn nor a constant"):
        run_chunk(WATCH, hold(1), bare, 1)


def test_background_comes_where_when_and_with_what_the_assumptions_say() -> None:
    where = np.r_[np.full(50, 3.0), np.full(25, 0.0), np.full(25, 1.0)]
    watch = make_watch(0.5, 0.2, 0.1, n_bins=100, where=where, state_share=(0.5, 0.3, 0.2))
    draws = plain(2, background_rate=60.0, n_self=0.0, n_cross=0.0, night_share=0.7, deliberate_share=0.3)
    table = incidents_of(watch, draws, 100)
    n = len(table)
    assert n > 10_000
    assert (table.km < 50).mean() == pytest.approx(150 / 175, abs=0.02)
    assert not ((table.km > 50) & (table.km < 75)).any()
    assert (table.side == 1).mean() == pytest.approx(0.5, abs=0.02)
    assert table.deliberate.mean() == pytest.approx(0.3, abs=0.02)
    assert_allclose(np.bincount(table.rung, minlength=5) / n, [0.60, 0.25, 0.06, 0.07, 0.02], atol=0.02)
    assert_allclose(np.bincount(table.state, minlength=3) / n, [0.8 * 0.3, 0.8 * 0.7, 0.2], atol=0.02)
    dark = 0.3 / 0.8  # of the hours, around midnight
    hour = table.time - table.day
    in_the_dark = (hour < dark / 2) | (hour >= 1 - dark / 2)
    assert in_the_dark[table.state == 1].all()
    assert not in_the_dark[table.state == 0].any()
    assert in_the_dark[table.state == 2].mean() == pytest.approx(dark, abs=0.03)


def test_offspring_have_their_delay_distance_and_rung() -> None:
    draws = plain(2, background_rate=40.0, n_cross=0.4, delay=2.0, spread=1.5, escalation_up=0.2)
    table = incidents_of(no_watch(WATCH), draws, 300)
    child = np.flatnonzero((table.parent >= 0) & (table.time < 280) & (np.abs(table.km - 50) < 40))
    parent = table.parent[child]
    answered = table.time[parent] < 260  # whose offspring all fall within the horizon
    assert (table.time[child] - table.time[parent])[answered].mean() == pytest.approx(2.0, rel=0.03)
    assert (table.km[child] - table.km[parent]).std() == pytest.approx(1.5, rel=0.03)
    middle = np.isin(table.rung[parent], (1, 2, 3))
    step = (table.rung[child] - table.rung[parent])[middle]
    assert_allclose([(step == s).mean() for s in (-1, 0, 1)], [0.2, 0.6, 0.2], atol=0.02)
    cross = table.side[child] != table.side[parent]
    assert cross.mean() == pytest.approx(0.4 / 0.65, abs=0.02)


def test_a_deterred_incident_moves_no_farther_than_its_reach_and_to_less_exposure() -> None:
    attribute = np.linspace(0.9, 0.3, 100)[:, None, None] * np.array([1.0, 0.5, 0.8])[None, :, None]
    watch = make_watch(attribute, attribute, attribute, n_bins=100)
    values = {
        "deliberate_share": 1.0,
        "p_consequence": 1.0,
        "displaced_share": 1.0,
        "deterrence_threshold": 0.1,
    }
    draws = plain(1, n_self=0.0, n_cross=0.0, **values)
    how = settle(60, displacement_reach=7.0)
    before = run_incidents(no_watch(watch), draws, how, 5)
    after = run_incidents(watch, draws, how, 5)
    assert set(before.key) == set(after.key)
    there = {int(key): i for i, key in enumerate(before.key)}
    old = np.array([there[int(key)] for key in after.key])
    moved = after.displaced
    assert moved.mean() > 0.9
    way = after.km - before.km[old]
    assert_allclose(way[moved & (before.km[old] < 90)], 7.0)
    assert (way[~moved] == 0).all()
    assert (after.state[moved] == 1).all()  # least is attributed at night


# --- common random numbers


def test_the_same_incident_has_the_same_luck_under_two_watches() -> None:
    draws = plain(2)
    poor, rich = incidents_of(WATCH, draws), incidents_of(scale_watch(WATCH, 2.0), draws)
    assert_array_equal(poor.key, rich.key)
    for column in ("time", "km", "side", "rung", "size", "state"):
        assert_array_equal(getattr(poor, column), getattr(rich, column))
    for stage in ("detected", "verified", "attributed"):
        assert (getattr(poor, stage) <= getattr(rich, stage)).all()
    assert rich.detected.sum() > poor.detected.sum()


def test_a_verified_incident_loses_replies_and_gains_none() -> None:
    draws = plain(2, clarification=0.4, n_cross=0.5)
    calm, blind = (
        incidents_of(make_watch(1.0, 1.0, 0.0, n_bins=100), draws),
        incidents_of(no_watch(WATCH), draws),
    )
    assert set(calm.key) < set(blind.key)


def test_more_deterrence_only_takes_incidents_away_where_nothing_is_displaced() -> None:
    values = {
        "deliberate_share": 0.8,
        "displaced_share": 0.0,
        "p_consequence": 1.0,
        "deterrence_threshold": 0.2,
    }
    weak, strong = (incidents_of(make_watch(p, p, p, n_bins=100), plain(2, **values)) for p in (0.15, 0.4))
    assert set(strong.key) < set(weak.key)


# --- honesty checks (ceasefire.md 6.2), short form


def test_the_mean_rate_is_background_over_one_minus_n() -> None:
    draws = plain(60)
    chunk = run_chunk(WATCH, draws, settle(400), 2)
    seen = chunk.day("n_incidents")[50:].mean() / 60
    assert seen == pytest.approx(2 * 2.0 * 1.0 / (1 - 0.5), rel=0.03)
    assert chunk.day("n_background").mean() / 60 == pytest.approx(4.0, rel=0.03)


def test_the_long_run_fano_factor_is_that_of_a_constant_background() -> None:
    chunk = run_chunk(WATCH, plain(3000), settle(60), 3)
    total = chunk.column("n_incidents")
    expected = expect_fano(0.5)
    # a window of 60 days at a delay of half a day loses a little at its edges
    assert total.var() / total.mean() == pytest.approx(expected, rel=0.12)


def test_a_wandering_background_adds_variance_and_no_incidents() -> None:
    calm, wild = (run_chunk(WATCH, plain(800, background_cv=cv), settle(70), 3) for cv in (0.0, 0.8))
    assert wild.column("n_incidents").mean() == pytest.approx(calm.column("n_incidents").mean(), rel=0.03)
    assert wild.column("n_incidents").var() > 3 * calm.column("n_incidents").var()


def test_detected_incidents_are_thinned() -> None:
    """Fano of what is detected: F_obs - 1 = q (F - 1), per replicate of 60 days."""
    chunk = run_chunk(WATCH, plain(3000), settle(60), 4)
    true, seen = chunk.column("n_incidents"), chunk.column("n_detected")
    assert seen.sum() / true.sum() == pytest.approx(0.6, rel=0.01)
    excess = (seen.var() / seen.mean() - 1) / (true.var() / true.mean() - 1)
    assert excess == pytest.approx(0.6, rel=0.12)


def test_the_share_without_a_direct_reply_is_exp_of_minus_n_cross() -> None:
    chunk = run_chunk(WATCH, plain(100, n_cross=0.4), settle(200), 5)
    share = chunk.column("n_unanswered").sum() / chunk.column("n_incidents").sum()
    assert share == pytest.approx(np.exp(-0.4), rel=0.01)


def test_the_mean_cluster_has_one_over_one_minus_n_incidents() -> None:
    chunk = run_chunk(WATCH, plain(60, delay=0.2), settle(400), 6)
    size = chunk.column("n_incidents").sum() / chunk.column("n_clusters").sum()
    assert size == pytest.approx(2.0, rel=0.02)


def test_sizes_have_the_mean_and_variance_of_their_law() -> None:
    sizes = np.concatenate(
        [incidents_of(WATCH, plain(8, background_rate=20.0), 100, i).size for i in range(3)]
    )
    assert len(sizes) > 20_000
    assert sizes.min() == 1
    assert sizes.mean() == pytest.approx(8.0, rel=0.05)
    assert sizes.var() == pytest.approx(7 + 7**2 / 0.3, rel=0.12)


@pytest.mark.parametrize("shape", [1.0, 0.8])
def test_the_null_model_survives_exactly_as_its_baseline(shape: float) -> None:
    """b_z = 0 and a factor of monitoring of one: S = exp(-r (h0 Gamma(1 + 1/s) t)^s) whatever happens."""
    from scipy.special import gamma

    how = settle(400, surge_multiple=1e9)
    chunk = run_chunk(WATCH, plain(7, hazard_shape=shape), how, 7)
    t = np.arange(chunk.survival.shape[2]) * SURVIVAL_EVERY
    for b, hazard in enumerate(how.hazards):
        cumulated = (hazard * gamma(1 + 1 / shape) * t) ** shape
        for d, r in enumerate(DIAL):
            assert_allclose(chunk.survival[b, d] / 7, np.exp(-r * cumulated), atol=1e-9)
    minsk = BASELINES.index("minsk")
    if shape == 1.0:
        bin_of_r_1 = int(0.1173191661 * N_SURVIVAL_BINS)  # vector R12
        assert chunk.survival_counts[minsk, DIAL.index(1.0), HORIZONS.index(30), bin_of_r_1] == 7


def test_the_hazard_is_multiplied_by_monitoring_only_where_something_is_verified() -> None:
    how = settle(31)
    draws = plain(2, hr_monitor=0.5)
    watched, blind = (run_chunk(w, draws, how, 1).column("minsk_hazard_30") for w in (WATCH, no_watch(WATCH)))
    assert_allclose(watched, 0.5 * blind)


def test_more_incidents_than_of_late_raise_the_hazard() -> None:
    rising = plain(200, first_week_level=0.05, return_time=20.0)
    flat, steep = (
        run_chunk(
            WATCH,
            replace(rising, values={**rising.values, "hazard_exponent": np.full(200, b)}),
            settle(31),
            1,
        )
        for b in (0.0, 0.6)
    )
    assert steep.column("minsk_hazard_30").mean() > 1.05 * flat.column("minsk_hazard_30").mean()


def test_without_deliberate_incidents_detection_changes_nothing_that_happens() -> None:
    draws, how = plain(10), settle(100)
    watched, blind = run_chunk(WATCH, draws, how, 8), run_chunk(no_watch(WATCH), draws, how, 8)
    for name in ("n_incidents", "n_violations", "n_background", "n_replies"):
        assert_array_equal(watched.column(name), blind.column(name))
    assert blind.column("n_detected").sum() == 0


def test_reports_fall_when_a_sensor_goes_while_truth_does_not() -> None:
    draws, how = plain(10), settle(100)
    fewer = remove_sensor(WATCH, km=30.0, reach_km=10.0)
    before, after = run_chunk(WATCH, draws, how, 8), run_chunk(fewer, draws, how, 8)
    assert_array_equal(before.column("n_incidents"), after.column("n_incidents"))
    assert (after.column("n_detected") <= before.column("n_detected")).all()
    assert after.column("n_detected").sum() < 0.9 * before.column("n_detected").sum()


def test_full_displacement_moves_incidents_and_removes_none() -> None:
    """A watched half and a blind half: what is deterred in one happens in the other."""
    p = np.zeros((100, 1, 1))
    p[50:] = 0.9
    half = make_watch(p, p, p, n_bins=100, sectors=["blind"] * 50 + ["seen"] * 50)
    values = {
        "deliberate_share": 1.0,
        "p_consequence": 1.0,
        "displaced_share": 1.0,
        "deterrence_threshold": 0.3,
    }
    how = settle(100, displacement_reach=200.0)
    draws = plain(20, n_self=0.0, n_cross=0.0, **values)
    watched, blind = run_chunk(half, draws, how, 2), run_chunk(no_watch(half), draws, how, 2)
    assert_array_equal(watched.column("n_incidents"), blind.column("n_incidents"))
    assert_array_equal(watched.column("n_displaced"), watched.column("n_deterred"))
    in_sight = watched.by_sector[1, :, 0].sum() / watched.by_sector[:, :, 0].sum()
    assert in_sight < 0.01 < 0.4 < blind.by_sector[1, :, 0].sum() / blind.by_sector[:, :, 0].sum()


def test_without_displacement_what_is_deterred_does_not_happen() -> None:
    values = {
        "deliberate_share": 1.0,
        "p_consequence": 1.0,
        "displaced_share": 0.0,
        "deterrence_threshold": 0.3,
    }
    sure = make_watch(1.0, 1.0, 1.0, n_bins=20)
    chunk = run_chunk(sure, plain(20, **values), settle(50), 2)
    assert chunk.column("n_deterred").sum() == chunk.column("n_deliberate").sum() > 100
    assert chunk.column("n_incidents").sum() == 0


def test_nothing_is_deterred_where_nothing_follows() -> None:
    """The lesson of 400,000 recorded violations: without a consequence no detection deters."""
    values = {
        "deliberate_share": 1.0,
        "p_consequence": 0.0,
        "deterrence_threshold": 0.1,
        "deterrence_width": 0.15,
    }
    chunk = run_chunk(make_watch(1.0, 1.0, 1.0), plain(20, **values), settle(50), 2)
    assert chunk.column("n_deterred").sum() == 0


# --- collapse, trigger, runaway


def test_a_collapse_ends_the_strict_reading_of_survival_and_no_other() -> None:
    draws = plain(50, background_rate=4.0, background_cv=1.0)
    chunk = run_chunk(WATCH, draws, settle(100, surge_multiple=2.0), 3)
    day = chunk.column("surge_day")
    assert 5 < np.isfinite(day).sum() < 50
    assert_array_equal(chunk.day("n_surged"), (day[:, None] <= np.arange(100)).sum(axis=0))
    lasts = [(~(day < t)).sum() for t in range(0, 101, SURVIVAL_EVERY)]
    tiny = run_chunk(WATCH, draws, change_settings(settle(100, surge_multiple=2.0), minsk_hazard=0.0), 3)
    assert_array_equal(tiny.survival_strict[0, 0], lasts)
    assert (tiny.survival[0] == 50).all()


def test_the_trigger_fires_on_noise_where_it_is_low_and_never_where_it_is_high() -> None:
    drawn = plain(50, background_rate=0.5, false_report_rate=2.0)
    low, high = (run_chunk(WATCH, drawn, settle(100, trigger_count=k), 3) for k in (1, 1000))
    assert low.column("n_false_triggers").sum() > 20
    assert (low.column("n_false_triggers") <= low.column("n_triggers")).all()
    assert (low.column("n_responses") <= low.column("n_triggers")).all()
    assert high.column("n_triggers").sum() == 0
    answered = low.column("n_responses") > 0
    assert_array_equal(np.isfinite(low.column("first_response_day")), answered)


def test_every_trigger_is_answered_where_the_guarantor_always_answers() -> None:
    drawn = plain(20, wrong_side=0.0)
    chunk = run_chunk(WATCH, drawn, settle(100, trigger_count=2, trigger_response=1.0), 3)
    assert_array_equal(chunk.column("n_responses"), chunk.column("n_triggers"))
    assert chunk.column("n_triggers").sum() > 0
    assert chunk.column("n_false_triggers").sum() == 0


def test_there_are_no_false_reports_where_nobody_looks() -> None:
    chunk = run_chunk(no_watch(WATCH), plain(5, false_report_rate=5.0), settle(50), 3)
    assert chunk.column("n_false_reports").sum() == 0
    assert run_chunk(WATCH, plain(20, false_report_rate=5.0), settle(50), 3).column(
        "n_false_reports"
    ).mean() == pytest.approx(250, rel=0.1)


def test_a_replicate_that_runs_away_is_stopped_and_counts_as_collapsed() -> None:
    how = replace(settle(300), in_flight_max=5_000)
    chunk = run_chunk(WATCH, plain(3, n_self=0.7, n_cross=0.7, delay=2.0), how, 1)
    day = chunk.column("runaway_day")
    assert np.isfinite(day).all()
    assert_array_equal(chunk.column("surge_day") <= day, True)
    assert chunk.day("n_running")[int(day.max()) + 1 :].sum() == 0
    assert chunk.day("n_surged")[-1] == 3
    assert (chunk.survival[:, :, -1] == 0).all()
    assert chunk.column("n_incidents").max() < 300_000


def test_triggers_follow_from_the_list_of_attributed_reports() -> None:
    """The rule worked out again from the rows: more than 6 named in 5 days, then the count starts afresh."""
    how = settle(200, trigger_count=6, trigger_days=5)
    draws = plain(1, background_rate=2.0, wrong_side=0.2, false_report_rate=2.0)
    table, chunk = run_incidents(WATCH, draws, how, 5), run_chunk(WATCH, draws, how, 5)
    triggers = false = 0
    for side in (0, 1):
        named = table.attributed & (table.attributed_side == side)
        right = named & (table.side == side) & ~table.false_report
        per_day = np.bincount(table.day[named], minlength=200)
        right_per_day = np.bincount(table.day[right], minlength=200)
        since = 0
        for day in range(200):
            window = slice(max(since, day - 4), day + 1)
            if per_day[window].sum() > 6:
                triggers += 1
                false += right_per_day[window].sum() <= 6
                since = day + 1
    assert 3 < triggers == chunk.column("n_triggers")[0]
    assert 0 < false == chunk.column("n_false_triggers")[0] < triggers


def test_the_day_of_collapse_follows_from_the_daily_counts() -> None:
    """Three days in a row on which the last seven had more than twice the rate expected in the first week."""
    how, draws = settle(150, surge_multiple=2.0), plain(1, background_rate=1.0, background_cv=1.0)
    days = []
    for replicate in range(6):
        one = replace(draws, first=replicate)
        daily = np.bincount(run_incidents(WATCH, one, how, 5).day, minlength=150)
        week = np.convolve(daily, np.ones(7))[:150] / 7
        above = week > 2.0 * (2 * 1.0) / (1 - 0.5)
        runs = above[2:] & above[1:-1] & above[:-2]
        days.append(np.flatnonzero(runs)[0] + 2 if runs.any() else np.nan)
        assert_array_equal(run_chunk(WATCH, one, how, 5).column("surge_day"), days[-1:])
    assert 0 < np.isfinite(days).sum() < 6


def test_verification_holds_the_ladder_down() -> None:
    draws = plain(4, background_rate=20.0, escalation_up=0.3, clarification=0.4)
    sure = make_watch(1.0, 1.0, 0.0, n_bins=100)
    for watch, up in ((sure, 0.12), (no_watch(WATCH), 0.3)):
        ladder = run_chunk(watch, draws, settle(100), 1).ladder[1:4]
        ups = sum(ladder[i, i + 2] for i in range(3)) / ladder.sum()
        downs = sum(ladder[i, i] for i in range(3)) / ladder.sum()
        assert ups == pytest.approx(up, abs=0.02)
        assert downs == pytest.approx(0.1, abs=0.02)


def test_what_waits_does_not_grow_with_the_days() -> None:
    """Ten years with room for a few hundred waiting incidents: many more happen, none runs away."""
    how = replace(settle(3653), in_flight_max=300)
    chunk = run_chunk(WATCH, plain(1), how, 1)
    assert chunk.column("n_incidents")[0] > 20_000
    assert np.isnan(chunk.column("runaway_day")).all()
