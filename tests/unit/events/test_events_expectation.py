"""The negative binomial and the expectation that follows the past, against slow twins and known cases."""

from __future__ import annotations

from math import exp, lgamma, log
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.events.expectation import (
    SIZES,
    ExpectationSettings,
    Expecter,
    chance_of_at_most,
    expect_counts,
    expect_period,
    interval_of_count,
    interval_of_mean,
    negative_binomial_log,
    read_expectation_settings,
)
from truceline.events.regimes import find_regimes
from truceline.events.warning_score import score_expectation


def days(n: int) -> pd.DatetimeIndex:
    return pd.date_range("2025-01-01", periods=n, freq="D")


def series(values: Any) -> pd.DataFrame:
    return pd.DataFrame({"all": np.asarray(values, dtype=float)}, index=days(len(values)))


def test_the_negative_binomial_is_a_poisson_mixed_by_a_gamma() -> None:
    rng = np.random.default_rng(1)
    drawn = rng.poisson(rng.gamma(2.0, 5.0 / 2.0, size=200_000))
    n = np.arange(12)
    assert np.exp(negative_binomial_log(n, 5.0, 2.0)) == pytest.approx(
        [np.mean(drawn == k) for k in n], abs=4e-3
    )


def test_the_chance_of_at_most_is_the_sum_of_the_chances() -> None:
    each = np.exp(negative_binomial_log(np.arange(8), 3.0, 0.7))
    assert chance_of_at_most(np.arange(8), 3.0, 0.7) == pytest.approx(np.cumsum(each))
    assert chance_of_at_most(-1, 3.0, 0.7) == 0.0


@given(n=st.integers(0, 500), size=st.floats(0.1, 50), share=st.sampled_from([0.5, 0.8, 0.9, 0.95]))
def test_the_interval_of_the_mean_is_where_the_tails_are_equal(n: int, size: float, share: float) -> None:
    low, high = interval_of_mean(n, size, share)
    assert chance_of_at_most(n, high, size) == pytest.approx((1 - share) / 2, rel=1e-6)
    if n > 0:
        assert 1 - chance_of_at_most(n - 1, low, size) == pytest.approx((1 - share) / 2, rel=1e-6)
    else:
        assert low == 0


def test_the_interval_of_the_count_holds_its_share() -> None:
    low, high = interval_of_count(20.0, 3.0, 0.9)
    inside = chance_of_at_most(high, 20.0, 3.0) - chance_of_at_most(low - 1, 20.0, 3.0)
    assert 0.9 <= float(inside) < 0.95


def slow_twin(counts: list[float], how: ExpectationSettings) -> list[tuple[float, float]]:
    """Return mean and size expected of each day of one series: sums over all days before, written out."""
    weights: list[list[float]] = []
    made: list[tuple[float, float]] = []
    size_terms: list[list[float]] = []
    for today in range(len(counts)):
        rates = []
        for half_life in how.half_lives_days:
            past = [0.5 ** ((today - day) / half_life) for day in range(today)]
            incidents = sum(w * n for w, n in zip(past, counts, strict=False))
            rates.append(max(incidents / max(sum(past), 1e-12), how.least_rate_per_day))
        kept = [0.5 ** ((today - day) / how.memory_days) for day in range(today)]
        scores = [sum(k * w[at] for k, w in zip(kept, weights, strict=True)) for at in range(len(rates))]
        share = [exp(score - max(scores)) for score in scores]
        mean = sum(s * r for s, r in zip(share, rates, strict=True)) / sum(share)
        size_scores = [
            sum(k * w[at] for k, w in zip(kept, size_terms, strict=True)) for at in range(len(SIZES))
        ]
        size_share = [exp(score - max(size_scores)) for score in size_scores]
        size = exp(sum(s * log(z) for s, z in zip(size_share, SIZES, strict=True)) / sum(size_share))
        made.append((mean, size))

        def chance(n: float, m: float, z: float) -> float:
            return lgamma(n + z) - lgamma(z) - lgamma(n + 1) + z * log(z / (z + m)) + n * log(m / (z + m))

        is_scored = today >= 1
        weights.append([chance(counts[today], rate, size) * is_scored for rate in rates])
        size_terms.append([chance(counts[today], mean, z) * is_scored for z in SIZES])
    return made


@settings(max_examples=15)
@given(st.lists(st.integers(3, 9), min_size=1, max_size=12))
def test_the_expecter_agrees_with_the_slow_twin(counts: list[int]) -> None:
    how = ExpectationSettings((3.0, 7.0, 28.0), 60.0, 99.0, 0.05, 0.9, 0.01)
    expecter = Expecter(1, how)
    for n, (mean, size) in zip(counts, slow_twin([float(n) for n in counts], how), strict=True):
        expecter.advance()
        coming = expecter.forecast(np.ones(1))
        assert coming.mean[0] == pytest.approx(mean)
        assert coming.size[0] == pytest.approx(size)
        expecter.learn(np.array([float(n)]), np.ones(1), np.ones(1))


def test_a_steady_level_is_expected_and_nothing_is_before_it_was_learnt() -> None:
    rows = expect_counts(series([20.0] * 40))
    learning = int(read_expectation_settings().learning_days)
    assert rows["is_known"].tolist() == [False] * learning + [True] * (40 - learning)
    assert rows["expected"].iloc[-1] == pytest.approx(20.0)
    assert rows["ratio"].iloc[-1] == pytest.approx(1.0)


def test_nine_days_in_ten_fall_inside_the_interval() -> None:
    rng = np.random.default_rng(3)
    rows = expect_counts(series(rng.poisson(rng.gamma(2.0, 10.0, size=600))))
    known = rows[rows["is_known"]]
    inside = ((known["n"] >= known["low"]) & (known["n"] <= known["high"])).mean()
    assert inside == pytest.approx(0.9, abs=0.03)


def test_a_day_is_judged_on_earlier_days_alone() -> None:
    rng = np.random.default_rng(4)
    counts = series(rng.poisson(12.0, size=60))
    early, late = expect_counts(counts.iloc[:40]), expect_counts(counts)
    pd.testing.assert_frame_equal(early, late.iloc[:40])


def test_a_day_without_a_count_is_unknown_and_moves_nothing() -> None:
    counts = series([20.0] * 30)
    counts.iloc[20:24] = np.nan
    rows = expect_counts(counts)
    assert rows["n"].iloc[20:24].isna().all()
    assert not rows["is_known"].iloc[20:24].any()
    assert rows["expected"].iloc[24] == pytest.approx(20.0)


def test_a_gap_longer_than_the_memory_starts_afresh() -> None:
    counts = series([20.0] * 90)
    counts.iloc[20:60] = np.nan
    rows = expect_counts(counts)
    learning = int(read_expectation_settings().learning_days)
    assert not rows["is_known"].iloc[60 : 60 + learning].any()
    assert rows["is_known"].iloc[60 + learning :].all()


def test_a_single_outlier_moves_the_level_only_as_its_limit() -> None:
    rng = np.random.default_rng(5)
    usual = rng.poisson(20.0, size=60).astype(float)
    wild = usual.copy()
    wild[50] = 2000.0
    expected = [expect_counts(series(n))["expected"].iloc[51] for n in (usual, wild)]
    assert expected[1] < 1.5 * expected[0]


def test_a_day_that_is_held_does_not_drag_the_level() -> None:
    counts = series([20.0] * 40)
    counts.iloc[30:33] = 0.0
    held = counts == 0.0
    assert expect_counts(counts, held=held)["expected"].iloc[33] == pytest.approx(20.0)
    assert expect_counts(counts)["expected"].iloc[33] < 18.0


def test_a_period_of_three_days_is_expected_to_hold_three_times_as_much() -> None:
    index = days(60)[::1].delete([40, 41])
    counts = pd.DataFrame({"all": 10.0}, index=index)
    exposure = pd.DataFrame({"all": 1.0}, index=index)
    counts.iloc[40], exposure.iloc[40] = 30.0, 3.0
    rows = expect_counts(counts, exposure=exposure)
    assert rows["expected"].iloc[40] == pytest.approx(30.0)
    assert rows["expected"].iloc[41] == pytest.approx(10.0)


def test_half_the_watching_halves_what_is_expected() -> None:
    counts = series([20.0] * 30 + [10.0])
    exposure = pd.DataFrame({"all": [1.0] * 30 + [0.5]}, index=counts.index)
    last = expect_counts(counts, exposure=exposure).iloc[-1]
    assert last["expected"] == pytest.approx(10.0)
    assert last["ratio"] == pytest.approx(1.0)


def test_sources_that_drop_out_begin_a_new_regime_and_counts_are_compared_within_it() -> None:
    sources = pd.DataFrame({"sources": [12.0] * 60 + [5.0] * 30}, index=days(90))
    regimes = find_regimes(sources)
    assert regimes.nunique() == 2
    known_at = int(np.argmax(regimes.to_numpy() > 0))
    assert 60 < known_at <= 67
    rows = expect_counts(series([40.0] * 60 + [15.0] * 30), regimes=regimes)
    assert rows["expected"].iloc[known_at + 5] == pytest.approx(15.0, rel=0.1)


def test_weekends_holidays_and_unknown_days_begin_no_regime() -> None:
    week = [12.0] * 5 + [5.0, 5.0]
    sources = pd.DataFrame({"sources": week * 12}, index=days(84))
    sources.iloc[30:34] = np.nan
    sources.iloc[60:63] = 3.0
    assert find_regimes(sources).nunique() == 1


def test_the_regimes_of_a_day_rest_on_earlier_days_alone() -> None:
    sources = pd.DataFrame({"sources": [12.0] * 40 + [4.0] * 20 + [14.0] * 30}, index=days(90))
    whole = find_regimes(sources)
    for n in (45, 55, 75):
        assert find_regimes(sources.iloc[:n]).tolist() == whole.tolist()[:n]


def test_on_the_missions_counts_it_beats_what_was_measured_before(shared: Path) -> None:
    """Split of ceasefire.md section 1: constant 7.35 and 5.53, self-exciting 6.57 and 5.12 a period."""
    smm = pd.read_csv(shared / "data/events/osce_smm_counts_2020-07_2021-06.csv")
    for region, constant, self_exciting in (("Donetsk", 7.35, 6.57), ("Luhansk", 5.53, 5.12)):
        rows = smm[smm["region"] == region].sort_values("period_to")
        n, exposure = rows["cfv"].to_numpy(float), rows["n_days"].to_numpy(float)
        scores = score_expectation(n, exposure, first=int(0.7 * len(n)))
        assert scores.constant_negative_binomial == pytest.approx(constant, abs=0.03)
        assert scores.expectation < self_exciting
        assert scores.constant_poisson > 100


def distribution_of_sum(means: list[float], sizes: list[float], n_most: int) -> Any:
    """Return the chance of each sum from 0 to `n_most`: the days' distributions folded, the slow way."""
    whole = np.array([1.0])
    for mean, size in zip(means, sizes, strict=True):
        day = np.exp(negative_binomial_log(np.arange(n_most + 1), mean, size))
        whole = np.convolve(whole, day)[: n_most + 1]
    return whole


def test_one_day_as_a_period_is_that_day() -> None:
    rng = np.random.default_rng(3)
    rows = expect_counts(series(rng.poisson(rng.gamma(2.0, 6.0, size=60)))).iloc[-1]
    period = expect_period([rows["n"]], [rows["expected"]], [rows["size"]])
    for name in ("n", "expected", "size", "low", "high", "ratio", "ratio_low", "ratio_high"):
        assert getattr(period, name) == pytest.approx(rows[name])


def test_a_period_of_like_days_has_the_exact_interval_of_their_sum() -> None:
    period = expect_period([3.0] * 7, [5.0] * 7, [1.5] * 7, share=0.9)
    assert period.size == pytest.approx(7 * 1.5)
    sums = np.cumsum(distribution_of_sum([5.0] * 7, [1.5] * 7, 400))
    assert period.low == np.flatnonzero(sums >= 0.05)[0]
    assert period.high == np.flatnonzero(sums >= 0.95)[0]
    assert (period.n, period.expected, period.ratio) == pytest.approx((21.0, 35.0, 0.6))


def test_a_period_of_unlike_days_keeps_mean_and_variance_and_nearly_the_interval() -> None:
    means, sizes = [4.0, 12.0, 30.0, 7.0], [0.8, 2.0, 6.0, 1.0]
    period = expect_period([1.0] * 4, means, sizes, share=0.9)
    chances = distribution_of_sum(means, sizes, 1500)
    n = np.arange(len(chances))
    variance = (chances * n**2).sum() - (chances * n).sum() ** 2
    assert period.expected + period.expected**2 / period.size == pytest.approx(variance, rel=1e-6)
    inside = chances[int(period.low) : int(period.high) + 1].sum()
    assert 0.88 < inside < 0.92


def test_sums_of_daily_ends_are_no_interval_of_a_sum() -> None:
    period = expect_period([20.0] * 14, [20.0] * 14, [3.0] * 14, share=0.9)
    low, high = interval_of_count(20.0, 3.0, 0.9)
    assert 14 * float(low) < period.low
    assert period.high < 14 * float(high)
    one = expect_period([20.0], [20.0], [3.0], share=0.9)
    assert period.ratio_high - period.ratio_low < 0.4 * (one.ratio_high - one.ratio_low)


def test_days_that_are_not_known_are_left_out_of_a_period() -> None:
    period = expect_period([3.0, np.nan, 5.0], [4.0, 4.0, np.nan], [2.0, 2.0, 2.0])
    assert (period.n, period.expected, period.size) == pytest.approx((3.0, 4.0, 2.0))
    assert np.isnan(expect_period([np.nan], [4.0], [2.0]).ratio)
