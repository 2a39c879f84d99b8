"""Verdicts on timed incidents: who foretells best, whether contagion is shown, and the words for it."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import poisson

from truceline.errors import TableError
from truceline.simulate.fit.generate import simulate_point_model, simulate_self_exciting
from truceline.simulate.fit.point_contagion import judge_point_contagion
from truceline.simulate.fit.point_likelihood import walk_timeline
from truceline.simulate.fit.point_model import PointModel, make_timeline
from truceline.simulate.fit.point_process import fit_self_exciting
from truceline.simulate.fit.point_scores import LABELS, foretell_daily, score_point_models
from truceline.simulate.fit.residuals import check_residuals, draw_like, measure_distance, rescale_gaps


@pytest.fixture(scope="module")
def bunched():
    return simulate_self_exciting(0.6, 0.6, 4.0, 400, 12)


@pytest.fixture(scope="module")
def bunched_scores(bunched):
    return score_point_models(bunched, 400)


def test_the_self_exciting_process_wins_where_it_is_true(bunched_scores):
    scores = bunched_scores
    assert [one.key for one in scores.scores] == list(LABELS)
    assert scores.self_exciting_wins
    assert scores.best.key in ("self_exciting", "self_exciting_cox")
    assert scores.lead.mean > 2.0 * scores.lead.standard_error
    assert "foretells best" in scores.sentence
    assert "will do as well" not in scores.sentence


def test_where_it_does_not_win_the_result_says_so_and_names_the_better_one():
    times = np.cumsum(np.random.default_rng(3).uniform(0.3, 0.9, 150))
    scores = score_point_models(times, float(times[-1]))
    assert not scores.self_exciting_wins
    assert "does not win: use the" in scores.sentence
    assert scores.rival.label in scores.sentence
    assert scores.lead.mean <= 1e-6
    assert scores.best.key not in ("self_exciting", "self_exciting_cox")


def test_the_constant_poisson_is_scored_as_a_poisson_process(bunched, bunched_scores):
    fitted, n = 280, len(bunched)
    rate = float((bunched <= fitted).sum()) / fitted
    n_new = n - int((bunched <= fitted).sum())
    expected = (n_new * math.log(rate) - rate * 120) / n_new
    assert bunched_scores.score("constant_poisson").per_event == pytest.approx(expected, rel=1e-9)
    assert bunched_scores.score("constant_poisson").gain == 0.0


def test_daily_densities_of_a_point_process_without_excitation_are_those_of_daily_counts():
    times = np.sort(np.random.default_rng(1).uniform(0.0, 60.0, 90))
    timeline = make_timeline(times, 60.0)
    daily = foretell_daily(timeline, 40, PointModel((1.5,)))
    counts = np.bincount(np.floor(times).astype(int), minlength=60)[40:]
    expected = poisson.logpmf(counts, 1.5) + [math.lgamma(n + 1) for n in counts]
    assert daily == pytest.approx(expected, abs=1e-9)


def test_daily_densities_add_up_to_what_the_later_days_add_to_the_likelihood():
    model = PointModel((0.8, 0.5), 0.3, 0.2, 1.5, 0.6, 0.5)
    times, sides = simulate_point_model(model, 90, 3)
    timeline = make_timeline(times, 90, sides)
    until = [sum(w.log_density.sum() for w in walk_timeline(timeline.until(day), model)) for day in (60, 90)]
    assert foretell_daily(timeline, 60, model).sum() == pytest.approx(until[1] - until[0], abs=0.02)


def test_two_sides_are_scored_with_whose_incident_it_is():
    times, sides = simulate_point_model(PointModel((0.8, 0.4), 0.2, 0.4, 4.0), 200, 5)
    scores = score_point_models(times, 200, sides)
    fitted = times <= 140
    shares = np.bincount(sides[fitted]) / fitted.sum()
    alone = score_point_models(times, 200).score("constant_poisson").per_event
    naming = np.log(shares)[sides[~fitted]].mean()
    assert scores.score("constant_poisson").per_event == pytest.approx(alone + naming)
    assert scores.self_exciting_wins


def test_too_little_to_score_is_refused():
    times = np.linspace(0.1, 20.0, 25)
    with pytest.raises(TableError, match="14 days to fit and 6 to score"):
        score_point_models(times, 20.0)


def test_plain_contagion_is_shown_without_a_bootstrap(bunched):
    verdict = judge_point_contagion(bunched, 400, seed=1)
    assert verdict.ratio > 30
    assert verdict.n_bootstrap == 0
    assert verdict.is_contagion_shown
    assert "Contagion is shown" in verdict.sentence
    assert "if the background may change every 7 days" in verdict.sentence
    low, high = verdict.both.n_self.interval
    assert f"{low:.2f} to {high:.2f}" in verdict.sentence


def test_wandering_alone_is_not_called_contagion_and_the_naive_figure_is_named():
    times = simulate_self_exciting(2.5, 0.0, 1.0, 250, 7, background_cv=1.0)
    verdict = judge_point_contagion(times, 250, n_bootstrap=19, seed=1)
    assert not verdict.is_contagion_shown
    assert verdict.naive.model.branching > 0.5
    assert "Contagion is not shown" in verdict.sentence
    assert f"{verdict.naive.model.branching:.2f} that a constant background would give" in verdict.sentence


def test_a_verdict_is_the_same_for_the_same_seed():
    times = simulate_self_exciting(1.5, 0.2, 2.0, 120, 2, background_cv=0.5)
    first, again = (judge_point_contagion(times, 120, n_bootstrap=5, seed=4) for _ in range(2))
    assert first.ratio == again.ratio
    assert first.sentence == again.sentence


def test_answers_of_the_other_side_are_told_apart_from_follow_ups():
    times, sides = simulate_point_model(PointModel((0.8, 0.8), 0.0, 0.5, 3.0), 400, 6)
    verdict = judge_point_contagion(times, 400, sides, seed=1)
    assert verdict.both.n_cross.value > 0.35
    assert verdict.both.n_self.value < 0.12
    assert "of the other" in verdict.sentence


def test_residuals_of_the_true_kind_of_model_are_not_contradicted(bunched):
    timeline = make_timeline(bunched, 400)
    fit = fit_self_exciting(bunched, 400, is_wandering=False)
    check = check_residuals(timeline, fit, n_bootstrap=19, seed=3)
    assert check.p_bootstrap > 0.05
    assert "is not contradicted" in check.sentence
    assert "19 bootstrap data sets, seed 3" in check.sentence
    assert (check.qq_low <= check.qq_high).all()
    assert check.gaps.mean() == pytest.approx(1.0, abs=0.1)
    again = check_residuals(timeline, fit, n_bootstrap=19, seed=3)
    assert again.p_bootstrap == check.p_bootstrap


def test_without_a_bootstrap_no_verdict_is_given(bunched):
    fit = fit_self_exciting(bunched, 400, is_wandering=False)
    check = check_residuals(make_timeline(bunched, 400), fit, n_bootstrap=0)
    assert math.isnan(check.p_bootstrap)
    assert "not tested" in check.sentence


def test_the_distance_is_that_of_kolmogorov_and_smirnov(bunched):
    from scipy.stats import kstest

    gaps = rescale_gaps(make_timeline(bunched, 400), PointModel((1.5,)))
    assert measure_distance(gaps) == pytest.approx(kstest(gaps, "expon").statistic, rel=1e-12)


def test_contagion_too_weak_to_be_shown_is_left_open_not_denied():
    times = simulate_self_exciting(1.0, 0.35, 2.0, 150, 4, background_cv=0.6, persistence=0.5)
    verdict = judge_point_contagion(times, 150, n_bootstrap=0)
    assert not verdict.is_contagion_shown
    low, high = verdict.both.n_self.interval
    assert low < 0.35 < high
    assert "no proof of contagion; beside the wandering it is" in verdict.sentence
    assert "not tested by bootstrap" in verdict.sentence


def test_a_fit_near_one_is_doubted_in_the_verdict():
    burst = 50 + np.sort(np.random.default_rng(0).random(60)) * 0.01
    verdict = judge_point_contagion(burst, 100, n_bootstrap=0)
    assert verdict.is_contagion_shown
    assert "near 1: a rate that wanders or grows is the likelier cause" in verdict.sentence


def test_a_wild_background_does_not_fill_the_memory_in_a_bootstrap():
    wild = PointModel((5.0,), spread=2.5, persistence=0.9)
    timeline = make_timeline(np.linspace(0.5, 99.5, 40), 100)
    refused = 0
    for seed in range(20):
        try:
            assert len(draw_like(timeline, wild, seed).times) < 12 * 40
        except TableError:
            refused += 1
    assert refused > 0


def test_a_fit_that_no_data_set_repeats_is_said_not_to_be_tested(bunched):
    fit = fit_self_exciting(bunched, 400, is_wandering=False)
    endless = replace(fit, model=replace(fit.model, n_self=1.0))
    check = check_residuals(make_timeline(bunched, 400), endless, n_bootstrap=3, seed=1)
    assert (check.n_bootstrap, check.n_failed) == (0, 3)
    assert "none of 3 data sets" in check.sentence
