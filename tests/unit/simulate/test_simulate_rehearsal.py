"""The watching rehearsed: scores held against plain counting, and one rehearsal through a real store."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_truth import make_truth

from truceline.errors import ScenarioError
from truceline.simulate import rehearsal as rehearsing
from truceline.simulate.catalogue import load_ceasefire_assumptions
from truceline.simulate.observing import observe_incidents
from truceline.simulate.observing_ground import lay_ground
from truceline.simulate.observing_rules import read_observing_rules
from truceline.simulate.rehearsal import (
    Rehearsal,
    RehearsalAsked,
    check_asked,
    make_reports,
    rehearse,
)
from truceline.simulate.rehearsal_alarms import (
    AlarmRun,
    BreakdownRule,
    find_breakdown,
    find_threshold,
    score_levels,
    weigh_days,
)
from truceline.simulate.rehearsal_play import (
    NONE,
    UNKNOWN,
    WARNING,
    WATCH,
    Played,
    is_late,
    play_reports,
)
from truceline.simulate.rehearsal_score import Reliability, add_sums, part_of, score_links, score_truth
from truceline.simulate.rehearsal_table import (
    describe_rehearsal,
    format_figures,
    format_reliability,
    list_figures,
    list_reliability,
)
from truceline.simulate.true_incidents import TrueIncidents
from truceline.simulate.watch import Watch, make_watch, scale_watch

N_BINS = 300
N_DAYS = 35
RULE = BreakdownRule(multiple=10.0, n_days_above=3)


def made_line() -> Watch:
    sectors = [f"S{1 + at // 75:02d}" for at in range(N_BINS)]
    return make_watch(0.7, 0.4, 0.15, n_bins=N_BINS, sectors=sectors)


def played(truth: list[str], incident: list[int], **more: object) -> Played:
    """Return what a store made of reports, with nothing but links unless `more` says."""
    n = len(truth)
    plain = Played(
        truth=np.array(truth, dtype=object),
        incident=np.array(incident, dtype=np.int64),
        partner=np.full(n, -1),
        p_partner=np.full(n, np.nan),
        status={},
        side={},
        level=np.zeros(0, dtype=np.int64),
        evidence=np.zeros(0),
        n_late=0,
        n_suggested=0,
    )
    return replace(plain, **more)  # type: ignore[arg-type]


def test_right_links_score_one_and_one_heap_scores_what_it_deserves() -> None:
    right = score_links(played(["i1", "i1", "i2", "i2", "f3"], [10, 10, 20, 20, 30]))
    assert (right.n_true_pairs, right.n_linked_pairs, right.n_right_pairs) == (2, 2, 2)
    assert (right.n_split, right.n_mixed, right.n_made, right.n_true) == (0, 0, 2, 2)
    heap = score_links(played(["i1", "i1", "i2", "i2", "f3"], [10] * 5))
    assert (heap.n_true_pairs, heap.n_linked_pairs, heap.n_right_pairs) == (2, 10, 2)
    assert (heap.n_mixed, heap.n_made) == (1, 1)
    alone = score_links(played(["i1", "i1", "i2"], [1, 2, 3]))
    assert (alone.n_right_pairs, alone.n_split, alone.n_several) == (0, 1, 1)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=25))
@settings(max_examples=80, deadline=None)
def test_pairs_are_counted_as_two_loops_count_them(rows: list[tuple[int, int]]) -> None:
    truth = [f"i{number}" for number, _ in rows]
    incident = [number for _, number in rows]
    sums = score_links(played(truth, incident))
    pairs = list(itertools.combinations(range(len(rows)), 2))
    assert sums.n_true_pairs == sum(truth[i] == truth[j] for i, j in pairs)
    assert sums.n_linked_pairs == sum(incident[i] == incident[j] for i, j in pairs)
    assert sums.n_right_pairs == sum(truth[i] == truth[j] and incident[i] == incident[j] for i, j in pairs)


def test_probabilities_of_links_are_held_against_the_partner_that_decided() -> None:
    some = played(
        ["i1", "i1", "i2"], [1, 1, 1], partner=np.array([1, 0, 0]), p_partner=np.array([0.9, 0.9, 0.6])
    )
    pairs = score_links(some).pairs
    assert pairs.total == 3
    assert pairs.n_right.sum() == 2
    assert pairs.brier == pytest.approx((0.1**2 + 0.1**2 + 0.6**2) / 3.0)
    assert pairs.brier_of_constant == pytest.approx(2.0 / 9.0)


def test_a_part_has_no_partner_outside_it() -> None:
    some = played(["i1", "i2", "i2"], [1, 2, 2], partner=np.array([1, 2, 1]), p_partner=np.full(3, 0.5))
    part = part_of(some, np.array([False, True, True]))
    assert list(part.partner) == [1, 0]
    first = part_of(some, np.array([True, False, False]))
    assert list(first.partner) == [-1]
    assert np.isnan(first.p_partner).all()


def test_reliability_adds_up_and_scores_as_the_mean_square() -> None:
    table, p = Reliability(), np.array([0.0, 0.3, 0.5, 0.99, 1.0])
    is_right = np.array([False, True, False, True, True])
    table.add(p, is_right)
    both = add_sums(table, table)
    assert both.total == 10
    assert both.brier == pytest.approx(((p - is_right) ** 2).mean())
    assert table.n.sum() == 5
    assert math.isnan(Reliability().brier)


def test_statuses_and_sides_are_held_against_the_truth() -> None:
    ground = lay_ground(made_line(), read_observing_rules())
    # Incidents 0 and 1 happened, 2 did not; 0 was verified and attributed, to the right side.
    base = make_truth(ground, n_days=1, per_day=9.0, seed=4).take(np.arange(3))
    truth = replace(
        base,
        number=np.arange(3),
        side=np.array([1, 0, 0]),
        is_false=np.array([False, False, True]),
        detected=np.array([True, True, False]),
        verified=np.array([True, False, False]),
        attributed=np.array([True, False, False]),
    )
    some = played(
        ["i0", "i0", "i1", "f2"],
        [5, 5, 6, 7],
        status={5: "verified", 6: "reported", 7: "verified"},
        side={5: ("b", 0.75), 6: ("b", 0.6667), 7: ("a", 0.6667)},
    )
    sums = score_truth(some, truth, {"reported": 0.6, "corroborated": 0.85, "verified": 0.98})
    assert dict(sums.by_status) == {("verified", True): 1, ("verified", False): 1, ("reported", True): 1}
    assert (sums.n_verified_right, sums.n_verified_found, sums.n_verified) == (1, 1, 1)
    assert (sums.n_named, sums.n_named_right, sums.n_named_wrong, sums.n_named_nothing) == (3, 1, 1, 1)
    assert sums.n_attributed_found == 1
    assert sums.status.brier == pytest.approx((0.02**2 + 0.98**2 + 0.4**2) / 3.0)


def test_a_steady_level_never_breaks_down_and_a_leap_does_when_the_week_is_full_enough() -> None:
    steady = np.full(100, 5)
    assert find_breakdown(steady, rule=RULE) is None
    leap = np.concatenate([steady, np.full(20, 60)])
    # The week's mean (5 (7 - k) + 60 k) / 7 first exceeds 50 at k = 6: the days 105, 106 and 107.
    assert find_breakdown(leap, rule=RULE) == 107
    assert find_breakdown(leap, rule=RULE, onset=100) == 107
    assert find_breakdown(leap[:107], rule=RULE, onset=100) is None
    spike = np.concatenate([steady, [340], np.full(30, 5)])
    assert find_breakdown(spike, rule=RULE) is not None  # a week's mean of 53 for seven days
    assert find_breakdown(np.concatenate([steady, [300], np.full(30, 5)]), rule=RULE) is None


def test_a_slow_collapse_is_held_against_the_level_before_it() -> None:
    growing = np.minimum(5.0 * 1.1 ** np.arange(1, 60), 60.0).astype(np.int64)
    counts = np.concatenate([np.full(80, 5), growing])
    assert find_breakdown(counts, rule=RULE) is None
    found = find_breakdown(counts, rule=RULE, onset=80)
    assert found is not None
    assert counts[found - 6 : found + 1].mean() > 50.0 >= counts[found - 9 : found - 2].mean()


def test_one_incident_on_a_silent_line_is_no_breakdown() -> None:
    counts = np.zeros(60, dtype=np.int64)
    counts[50] = 1
    assert find_breakdown(counts, rule=RULE) is None
    counts[50:54] = 4
    assert find_breakdown(counts, rule=RULE) == 54


def test_the_weight_of_days_is_that_of_two_plain_loops() -> None:
    counts = np.random.default_rng(1).poisson(4.0, 90)
    slow = []
    for day in range(90):
        week = counts[max(0, day - 6) : day + 1].mean()
        memory = counts[max(0, day - 59) : day + 1].mean()
        z = math.log((week + 1 / 7) / (memory + 1 / 7))
        slow.append(((day + 1) ** 0.9 - day**0.9) * math.exp(0.3 * z))
    assert weigh_days(counts, exponent=0.3, shape=0.9) == pytest.approx(slow)
    assert weigh_days(counts, exponent=0.0, shape=1.0) == pytest.approx(np.ones(90))


def alarm_run(level: list[int], *, onset: int, breakdown: int | None, **more: object) -> AlarmRun:
    n = len(level)
    plain = AlarmRun(
        onset=onset,
        quiet_until=onset,
        window=2,
        breakdown=breakdown,
        level=np.array(level),
        evidence=np.where(np.array(level) == UNKNOWN, np.nan, 2.0 * np.array(level) - 2.0),
        risk=np.ones(n),
        plain_risk=np.ones(n),
    )
    return replace(plain, **more)  # type: ignore[arg-type]


def test_alarms_before_the_collapse_are_false_and_after_it_days_of_warning() -> None:
    u, n, w, a = UNKNOWN, NONE, WATCH, WARNING
    run = alarm_run([u, u, n, w, n, n, n, n, w, a, a, a], onset=7, breakdown=11)
    watch, warning = score_levels([run], WATCH), score_levels([run], WARNING)
    assert (watch.n_quiet_days, watch.n_unknown_days, watch.n_false) == (5, 2, 1)
    assert watch.false_per_hundred == pytest.approx(20.0)
    assert watch.days == (3.0,)
    assert warning.days == (2.0,)
    assert warning.n_false == 0
    assert watch.quantile(0.5) == 3.0


def test_a_collapse_that_begins_in_an_alarm_is_no_success() -> None:
    n, w = NONE, WATCH
    found = score_levels([alarm_run([n, w, w, w, w, w], onset=3, breakdown=5)], WATCH)
    assert (found.n_already, found.n_early, found.days) == (1, 0, ())


def test_a_collapse_missed_pulls_the_median_down() -> None:
    n, w = NONE, WATCH
    early, missed = (
        alarm_run([n, n, n, w, w, w], onset=3, breakdown=5),
        alarm_run([n] * 6, onset=3, breakdown=5),
    )
    found = score_levels([early, missed, missed], WATCH)
    assert found.n_early == 1
    assert math.isnan(found.quantile(0.5))
    assert found.quantile(0.9) == 2.0


def test_an_unknown_day_neither_begins_an_alarm_nor_ends_it() -> None:
    n, w, u = NONE, WATCH, UNKNOWN
    assert score_levels([alarm_run([n, w, u, w, n, n], onset=6, breakdown=None)], WATCH).n_false == 1


def test_what_an_alarm_foretells_is_the_risk_of_the_days_after_it() -> None:
    n, w = NONE, WATCH
    run = alarm_run([n, n, w, n, n, n, n, n], onset=8, breakdown=None, risk=np.arange(1.0, 9.0))
    found = score_levels([run], WATCH)
    assert found.foretold == pytest.approx((4.0 + 5.0) / 36.0)
    assert found.foretold_plain == pytest.approx(2.0 / 8.0)


def test_the_threshold_keeps_the_rate_or_comes_as_near_as_it_can() -> None:
    n, w, a = NONE, WATCH, WARNING
    run = alarm_run([n, w, n, n, w, n, n, n, w, a], onset=8, breakdown=9)
    kept = find_threshold([run], false_per_hundred=0.0)
    assert kept is not None
    assert kept[0] == 4.0
    assert kept[1].n_false == 0
    lax = find_threshold([run], false_per_hundred=30.0)
    assert lax is not None
    assert lax[0] == 2.0
    never = find_threshold([alarm_run([n, a, n, a, n], onset=5, breakdown=None)], false_per_hundred=1.0)
    assert never is not None
    assert never[1].n_false == 2
    assert find_threshold([], false_per_hundred=1.0) is None


def test_everything_that_cannot_be_rehearsed_is_told_at_once() -> None:
    asked = RehearsalAsked(n_days=3, n_replicates=0, seed=-1, levels=(-1.0, -1.0), growth=0.5)
    with pytest.raises(ScenarioError) as caught:
        check_asked(asked)
    places = [problem.where for problem in caught.value.problems]
    assert {"--days", "--replicates", "--seed", "--levels", "--growth"} <= set(places)


def test_the_reports_of_a_simulated_ceasefire_follow_its_seed_and_its_watch() -> None:
    watch, known = make_watch(0.7, 0.4, 0.15, n_bins=150), load_ceasefire_assumptions()
    asked = RehearsalAsked(n_days=40, n_replicates=1, seed=3, levels=(1.0,), fixed={"background_rate": 2.0})
    first, again = (make_reports(watch, asked, assumptions=known) for _ in range(2))
    other = make_reports(watch, replace(asked, seed=4), assumptions=known)
    half = make_reports(watch, replace(asked, levels=(0.5,)), assumptions=known)
    assert first.equals(again)
    assert not first.equals(other)
    assert 0 < half["truth"].nunique() < first["truth"].nunique()
    assert first["truth"].str.startswith("f").any()
    assert set(first["side_from"]) <= {"", "a", "b"}


@pytest.fixture(scope="module")
def small_world() -> tuple[Watch, TrueIncidents]:
    watch = made_line()
    ground = lay_ground(watch, read_observing_rules())
    return watch, make_truth(ground, n_days=N_DAYS, per_day=7.0)


def test_linkage_never_looks_at_the_truth(small_world: tuple[Watch, TrueIncidents], tmp_path: Path) -> None:
    watch, truth = small_world
    reports = observe_incidents(truth, lay_ground(watch, read_observing_rules()), read_observing_rules())
    blind = reports.assign(truth=[f"i{number}" for number in range(len(reports))])
    made = []
    for name, frame in (("told", reports), ("blind", blind)):
        (tmp_path / name).mkdir()
        made.append(play_reports(frame, watch, n_days=N_DAYS, folder=tmp_path / name))
    assert np.array_equal(made[0].incident, made[1].incident)
    assert np.array_equal(made[0].level, made[1].level)
    assert made[0].status == made[1].status
    assert made[0].n_late == int(is_late(reports).sum()) > 0


@pytest.fixture(scope="module")
def rehearsed() -> Rehearsal:
    """Give a rehearsal of two levels on a made truth, without the compiled simulation."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rehearsing._Stage, "simulate", simulate_plainly)
        asked = RehearsalAsked(n_days=N_DAYS, n_replicates=1, levels=(0.25, 1.0), growth=2.0)
        return rehearse(made_line(), asked, assumptions=load_ceasefire_assumptions())


def simulate_plainly(stage: rehearsing._Stage, level: float, replicate: int) -> TrueIncidents:
    ground = replace(stage.ground, watch=scale_watch(stage.watch, level))
    return make_truth(ground, n_days=stage.asked.n_days, per_day=6.0, seed=replicate + 1)


def test_a_rehearsal_links_most_pairs_and_warns_of_a_steep_collapse(rehearsed: Rehearsal) -> None:
    weak, full = rehearsed.scores
    assert weak.links.n_reports < full.links.n_reports
    assert weak.truth.n_true == full.truth.n_true
    for score in rehearsed.scores:
        assert score.links.n_right_pairs / score.links.n_true_pairs > 0.8
        assert score.links.n_right_pairs / score.links.n_linked_pairs > 0.8
        assert score.runs[0].breakdown is not None
    assert full.truth.n_verified_found / full.truth.n_verified > 0.9
    assert score_levels(list(full.runs), WATCH).n_early + score_levels(list(full.runs), WATCH).n_already == 1


def test_every_sentence_with_a_figure_says_what_it_hangs_on(rehearsed: Rehearsal) -> None:
    said = describe_rehearsal(rehearsed)
    assert "seed 1" in said[0]
    for sentence in said[1:-1]:
        assert " if " in sentence
    assert "not the peace" in said[-1]


def test_the_tables_name_every_level_and_are_stable(rehearsed: Rehearsal) -> None:
    figures = list_figures(rehearsed)
    assert {each.level for each in figures} == {0.25, 1.0}
    names = [(each.level, each.group, each.name) for each in figures]
    brier = "Brier score of always saying the mean"
    assert len(set(names)) == len(names)
    assert any(each.name == brier for each in figures)
    assert all(0.0 <= each.value <= 1.0 for each in figures if each.unit == "share" and each.n)
    assert format_figures(figures) == format_figures(list_figures(rehearsed))
    rows = list_reliability(rehearsed)
    assert sum(row.n for row in rows if row.what.startswith("the side")) == sum(
        score.truth.n_named for score in rehearsed.scores
    )
    assert format_reliability(rows).splitlines()[0] == "level,what,p_from,p_to,cases,mean_p,share_right"


def test_without_anybody_watching_there_is_nothing_to_score(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rehearsing._Stage, "simulate", simulate_nobody)
    asked = RehearsalAsked(n_days=30, n_replicates=1, levels=(0.0,), growth=3.0)
    found = rehearse(made_line(), asked, assumptions=load_ceasefire_assumptions())
    assert found.scores[0].links.n_reports == 0
    assert any("nothing to score" in sentence for sentence in describe_rehearsal(found))
    assert math.isnan(score_levels(list(found.scores[0].runs), WATCH).false_per_hundred)
    assert "too little was known" not in describe_rehearsal(found)[1]
    assert len(list_figures(found)) > 20


def simulate_nobody(stage: rehearsing._Stage, level: float, replicate: int) -> TrueIncidents:
    ground = replace(stage.ground, watch=scale_watch(stage.watch, level))
    return make_truth(ground, n_days=stage.asked.n_days, false_per_day=0.0)
