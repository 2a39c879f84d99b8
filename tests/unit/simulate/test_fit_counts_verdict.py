"""Contagion or a wandering background: trap C must not be called contagion, and real contagion must be."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from truceline.simulate.fit.count_fitting import CountFit, fit_counts
from truceline.simulate.fit.count_making import WeekLevels, simulate_counts
from truceline.simulate.fit.count_series import CountSeries, daily_series
from truceline.simulate.fit.count_verdict import CLEAR_RATIO, ask_days, judge_contagion
from truceline.simulate.fit.counts import CountModel


def make(model: CountModel, n_days: int, seed: int):
    return simulate_counts(daily_series(np.zeros(n_days, dtype=int)), model, np.random.default_rng(seed))


@pytest.mark.parametrize(("cv", "spurious"), [(0.5, 0.2), (1.0, 0.4)])
def test_a_rate_that_wanders_is_not_called_contagion(cv: float, spurious: float) -> None:
    verdict = judge_contagion(make(CountModel(5.0, size=3.0, wander_cv=cv), 150, seed=21))
    assert verdict.self_exciting.value("branching") > spurious  # what the trap is made of
    assert not verdict.is_contagion_shown
    assert verdict.sentence.startswith(("Contagion is not shown", "Contagion and a wandering"))
    assert verdict.fit.kind != "both"
    assert verdict.branching_interval[0] < 0.05


def test_contagion_on_a_constant_background_is_shown() -> None:
    verdict = judge_contagion(make(CountModel(2.0, 0.6, 1.0, size=3.0), 160, seed=3))
    assert verdict.is_contagion_shown
    assert verdict.contagion_ratio > CLEAR_RATIO
    low, high = verdict.branching_interval
    assert low < 0.6 < high
    assert 0 <= verdict.daily_ratio < verdict.contagion_ratio + 1
    assert "if the background does not change within weeks" in verdict.sentence
    assert ("NOT shown any more if" in verdict.sentence) is not verdict.survives_days


def test_counts_without_either_are_said_to_tell_nothing() -> None:
    verdict = judge_contagion(make(CountModel(5.0, size=2.0), 120, seed=9))
    assert not verdict.is_contagion_shown
    assert not verdict.is_wandering_shown
    assert "cannot be told apart" in verdict.sentence


def test_the_larger_model_is_never_below_the_smaller_ones() -> None:
    for seed in range(2):
        verdict = judge_contagion(make(CountModel(4.0, 0.3, 2.0, size=0.5, wander_cv=0.5), 60, seed=seed))
        least = max(verdict.self_exciting.log_likelihood, verdict.wandering.log_likelihood)
        assert verdict.both.log_likelihood > least - 0.05


def test_weeks_drawn_from_the_data_follow_the_data() -> None:
    counts = np.concatenate([np.full(70, 2), np.full(70, 40)])
    series = daily_series(np.random.default_rng(1).poisson(counts))
    fit = fit_counts(series, "wandering", with_errors=False)
    drawn = np.mean([WeekLevels(series, fit).draw(np.random.default_rng(row)) for row in range(20)], axis=0)
    assert drawn[:10].mean() * fit.model.background == pytest.approx(2.0, rel=0.3)
    assert drawn[10:].mean() * fit.model.background == pytest.approx(40.0, rel=0.3)


def gain_of_contagion(series: CountSeries) -> tuple[float, CountFit, CountFit]:
    """Return what contagion adds to a wandering background, as `judge_contagion` has it, and the two fits."""
    wandering, both = (fit_counts(series, kind, with_errors=False) for kind in ("wandering", "both"))
    return 2 * (both.log_likelihood - wandering.log_likelihood), wandering, both


def test_a_step_inside_a_week_is_no_contagion_once_the_series_is_cut_there() -> None:
    rng = np.random.default_rng(2)
    before, after = rng.negative_binomial(20, 0.05, 38), rng.negative_binomial(20, 0.5, 52)
    stepped = daily_series(np.concatenate([before, after]))
    cut = stepped.since(stepped.first_day + timedelta(days=38))
    assert cut is not None
    assert len(cut) == 52
    assert gain_of_contagion(stepped)[0] > CLEAR_RATIO  # the trap
    assert gain_of_contagion(cut)[0] < CLEAR_RATIO


def test_a_background_that_changes_each_day_is_asked_for_where_contagion_is_shown() -> None:
    rng, state, levels = np.random.default_rng([4, 9]), 0.0, []
    for _ in range(90):  # wanders over two days, without contagion
        state = np.exp(-0.5) * state + np.sqrt(1 - np.exp(-1.0)) * rng.standard_normal()
        levels.append(8.0 * np.exp(0.9 * state - 0.4))
    series = daily_series(rng.poisson(levels))
    gain, wandering, both = gain_of_contagion(series)
    assert gain > CLEAR_RATIO  # the trap
    assert ask_days(series, wandering, both) < CLEAR_RATIO
