"""The self-exciting negative binomial on counts: the likelihood against its twin, recovery, gaps, periods."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.simulate.fit import _counts_reference as reference
from truceline.simulate.fit.count_fitting import fit_counts, profile_branching
from truceline.simulate.fit.count_making import simulate_counts
from truceline.simulate.fit.count_series import CountSeries, daily_series
from truceline.simulate.fit.counts import (
    CountModel,
    chance_up_to,
    excite,
    forecast_periods,
    measure_likelihood,
)

FIRST_DAY = daily_series(np.zeros(1, dtype=int)).first_day
MODELS = (
    CountModel(3.0),
    CountModel(3.0, size=0.6),
    CountModel(2.0, 0.6, 1.5),
    CountModel(2.0, 0.6, 4.0, size=0.8),
    CountModel(4.0, size=2.0, wander_cv=0.7, wander_carry=0.5),
    CountModel(2.0, 0.4, 3.0, size=1.2, wander_cv=0.5, wander_carry=0.0),
    CountModel(2.0, 0.3, 1.0, size=1.2, wander_cv=0.6, wander_carry=0.9, wander_days=1),
    CountModel(30.0, size=200.0, wander_cv=0.8, wander_carry=0.4),
)


def make_periods(gaps: list[int], days: list[int], counts: list[int]) -> CountSeries:
    start = np.cumsum([0, *(g + d for g, d in zip(gaps[1:], days[:-1], strict=True))])
    return CountSeries("made", FIRST_DAY, start, np.array(days), np.array(counts))


PERIODS = st.lists(
    st.tuples(st.integers(0, 9), st.integers(1, 4), st.integers(0, 40)), min_size=2, max_size=12
)


@settings(max_examples=25)
@given(rows=PERIODS, which=st.integers(0, len(MODELS) - 1))
def test_the_likelihood_agrees_with_its_readable_twin(rows, which) -> None:
    series = make_periods(*map(list, zip(*rows, strict=True)))
    fast = forecast_periods(series, MODELS[which], start=5.0).log_p.sum()
    slow = reference.log_likelihood(series, MODELS[which], 5.0)
    assert fast == pytest.approx(slow, rel=1e-9, abs=1e-9)
    assert measure_likelihood(series, MODELS[which], start=5.0) == pytest.approx(slow, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("model", MODELS)
def test_forecasts_are_probabilities_that_sum_to_one(model: CountModel) -> None:
    past, days = [4, 0, 30, 2], 2
    cumulated = 0.0
    for n in range(300):
        series = make_periods([0, 0, 3, 0, 1], [1, 1, 1, 1, days], [*past, n])
        found = forecast_periods(series, model, start=5.0)
        cumulated += float(np.exp(found.log_p[-1]))
        assert chance_up_to(series.n, found)[-1] == pytest.approx(cumulated, abs=1e-8)
    assert cumulated == pytest.approx(1.0, abs=2e-3)


def test_a_count_adds_what_the_branching_says_over_the_days_after_it() -> None:
    n_days, model = 400, CountModel(1.0, 0.6, 5.0)
    quiet, struck = np.zeros(n_days, dtype=int), np.zeros(n_days, dtype=int)
    struck[0] = 100
    difference = excite(daily_series(struck), model, 0.0)[0] - excite(daily_series(quiet), model, 0.0)[0]
    assert difference.sum() == pytest.approx(60.0, rel=1e-9)
    assert difference[2] / difference[1] == pytest.approx(np.exp(-1 / 5.0))


def test_a_long_gap_brings_the_expectation_back_to_the_mean_rate() -> None:
    series = make_periods([0, 400], [1, 1], [500, 0])
    model = CountModel(2.0, 0.6, 3.0, size=1.0)
    assert forecast_periods(series, model).expected[1] == pytest.approx(model.mean_rate, rel=1e-6)


def test_a_wandering_background_that_hardly_wanders_is_a_constant_one() -> None:
    series = daily_series(np.random.default_rng(3).poisson(6.0, 60))
    still = forecast_periods(series, CountModel(6.0, 0.0, size=5.0))
    hardly = forecast_periods(series, CountModel(6.0, 0.0, size=5.0, wander_cv=1e-4))
    assert hardly.log_p == pytest.approx(still.log_p, abs=1e-5)


def test_the_sum_of_several_days_has_the_variance_of_the_process() -> None:
    model, rng, days = CountModel(3.0, 0.5, 1.0, size=2.0), np.random.default_rng(5), 3
    keep = np.exp(-1.0)
    level, total = np.full(200_000, 8.0), np.zeros(200_000)
    for _ in range(days):
        rate = 3.0 + 0.5 * level
        n = rng.poisson(rng.gamma(2.0, rate / 2.0))
        total += n
        level = keep * level + (1 - keep) * n
    found = forecast_periods(make_periods([0], [days], [0]), model, start=8.0)
    mean, size = float(found.mean[0, 0]), float(found.size[0])
    assert total.mean() == pytest.approx(mean, rel=0.01)
    assert total.var() == pytest.approx(mean + mean**2 / size, rel=0.06)


def test_made_counts_have_the_mean_rate_and_more_than_poisson_dispersion() -> None:
    model = CountModel(2.0, 0.6, 1.0)
    n = simulate_counts(daily_series(np.zeros(6000, dtype=int)), model, np.random.default_rng(1)).n
    assert n.mean() == pytest.approx(5.0, rel=0.06)
    long_run = n.reshape(-1, 100).sum(axis=1)
    assert long_run.var() / long_run.mean() == pytest.approx(1 / (1 - 0.6) ** 2, rel=0.45)


def test_parameters_of_made_counts_come_back_within_their_errors() -> None:
    truth = CountModel(2.0, 0.6, 2.0, size=2.0)
    series = simulate_counts(daily_series(np.zeros(1500, dtype=int)), truth, np.random.default_rng(11))
    fit = fit_counts(series, "self-exciting")
    assert not fit.at_bound
    for name in fit.free:
        error = fit.standard_error[name]
        assert 0 < error < 0.6 * getattr(truth, name), name
        assert abs(fit.value(name) - getattr(truth, name)) < 3 * error, name
    low, high = profile_branching(series, fit)
    assert low < 0.6 < high
    assert (high - low) / 4 == pytest.approx(fit.standard_error["branching"], rel=0.35)


def test_the_branching_is_known_better_from_more_days() -> None:
    def error(n_days: int) -> float:
        made = daily_series(np.zeros(n_days, dtype=int))
        series = simulate_counts(made, CountModel(2.0, 0.6, 1.0, size=5.0), np.random.default_rng(2))
        return fit_counts(series, "self-exciting").standard_error["branching"]

    few, many = error(200), error(1800)
    assert few / many == pytest.approx(3.0, rel=0.35)


def test_a_poisson_is_found_where_there_is_nothing_else() -> None:
    series = daily_series(np.random.default_rng(4).poisson(5.0, 400))
    fit = fit_counts(series, "constant", is_poisson=True)
    assert fit.model.size == inf
    assert fit.model.background == pytest.approx(series.rate_per_day, rel=1e-3)
    assert fit.standard_error["background"] == pytest.approx(np.sqrt(5.0 / 400), rel=0.1)


def test_counts_that_are_missed_lower_the_branching() -> None:
    rng = np.random.default_rng(8)
    truth = CountModel(8.0, 0.6, 1.0)
    series = simulate_counts(daily_series(np.zeros(1500, dtype=int)), truth, rng)
    thinned = series.with_counts(rng.binomial(series.n, 0.25))
    whole, rest = (fit_counts(one, "self-exciting", is_poisson=True) for one in (series, thinned))
    assert whole.value("branching") == pytest.approx(0.6, abs=0.06)
    assert 0.2 < rest.value("branching") < whole.value("branching") - 0.1


def test_a_search_from_a_given_place_ends_where_the_usual_one_does() -> None:
    series = simulate_counts(
        daily_series(np.zeros(300, dtype=int)), CountModel(3.0, 0.5, 2.0, size=1.0), np.random.default_rng(6)
    )
    usual = fit_counts(series, "self-exciting", with_errors=False)
    near = fit_counts(series, "self-exciting", first=CountModel(5.0, 0.2, 1.0, size=3.0), with_errors=False)
    assert near.log_likelihood == pytest.approx(usual.log_likelihood, abs=0.01)
    assert usual.standard_error == {}
