"""Who forecasts best, and is the spread right: baselines, scores, PIT, dispersion; the mission's counts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from truceline.simulate.fit.count_fitting import fit_counts
from truceline.simulate.fit.count_making import simulate_counts
from truceline.simulate.fit.count_reading import read_counts
from truceline.simulate.fit.count_series import CountSeries, daily_series
from truceline.simulate.fit.count_study import CountStudy, study_counts
from truceline.simulate.fit.count_verdict import CLEAR_RATIO
from truceline.simulate.fit.counts import CountModel, forecast_periods
from truceline.simulate.fit.counts_baselines import COMPETITORS, forecast_weekday_poisson, weigh_means
from truceline.simulate.fit.counts_scores import (
    CANDIDATE,
    check_fano,
    compare_scores,
    count_pit,
    imply_fano,
    measure_fano,
    randomise_pit,
    score_competitors,
)

OSCE = "data/events/osce_smm_counts_2020-07_2021-06.csv"
QUICK = tuple(one for one in COMPETITORS if one.key not in ("cox", "self_exciting_cox"))


def made(model: CountModel, n_days: int, seed: int) -> CountSeries:
    return simulate_counts(daily_series(np.zeros(n_days, dtype=int)), model, np.random.default_rng(seed))


def test_the_weighted_mean_weighs_by_age_and_days() -> None:
    series = daily_series(np.array([10, 0, 4]))
    mean = weigh_means(series, 1.0, 2.0)
    half = 0.5**0.5  # a day's count is as old as its middle
    second = (2 * 0.5 + 10 * half) / (0.5 + half)
    assert mean[0] == pytest.approx(2.0)
    assert mean[1] == pytest.approx(second)
    assert mean[2] == pytest.approx((2 * 0.25 + 10 * half / 2) / (0.25 + half / 2 + half))


def test_the_weighted_mean_forecasts_as_many_days_as_the_period_has() -> None:
    series = CountSeries(
        "a", daily_series(np.zeros(1, int)).first_day, np.array([0, 1]), np.array([1, 3]), np.array([6, 0])
    )
    assert weigh_means(series, 1e9, 6.0)[1] == pytest.approx(18.0, rel=1e-6)


def test_weekday_rates_are_found_also_from_periods_of_several_days() -> None:
    rates = np.array([9.0, 1, 1, 1, 1, 5, 5])
    days = daily_series(np.random.default_rng(2).poisson(np.tile(rates, 60)))
    # Saturdays and Sundays reported together.
    start = np.concatenate([np.arange(7 * week, 7 * week + 6) for week in range(60)])
    n_days = np.tile([1, 1, 1, 1, 1, 2], 60)
    n = np.add.reduceat(days.n, start)
    weekly = CountSeries("all", days.first_day, start, n_days, n)
    found = forecast_weekday_poisson(weekly, len(weekly)).expected.reshape(60, 6)[0]
    assert found == pytest.approx([9, 1, 1, 1, 1, 10], rel=0.15)


def test_every_competitor_gives_probabilities() -> None:
    series = made(CountModel(4.0, 0.4, 2.0, size=1.5), 60, 1)
    for one in COMPETITORS:
        found = one.forecast(series, 42)
        assert np.isfinite(found.log_p).all(), one.key
        assert (found.log_p <= 0).all(), one.key
        assert found.weight.sum(axis=1) == pytest.approx(np.ones(60)), one.key


def test_the_true_kind_of_model_wins_on_its_own_data() -> None:
    contest = score_competitors(made(CountModel(2.0, 0.7, 1.0, size=4.0), 900, 4), seed=1, competitors=QUICK)
    assert contest.winner.key == CANDIDATE
    assert contest.candidate_wins
    assert contest.behind("constant_nb", CANDIDATE).is_clear


def test_where_weekdays_are_all_there_is_the_weekday_poisson_wins_and_it_is_said() -> None:
    rates = np.tile([12.0, 2, 2, 2, 2, 2, 2], 30)
    study = study_counts(daily_series(np.random.default_rng(5).poisson(rates)), seed=3)
    assert study.contest.winner.key == "weekday_poisson"
    assert "use the weekday Poisson" in study.winner_sentence
    assert not study.verdict.is_contagion_shown


def test_a_self_exciting_model_that_does_not_win_is_said_not_to() -> None:
    study = study_counts(daily_series(np.random.default_rng(0).negative_binomial(1, 0.1, 60)), seed=1)
    behind, ahead = (replace_scores(study, gap) for gap in (0.3, -0.3))
    assert "does NOT beat the negative binomial with weighted mean: behind by 0.30" in behind.winner_sentence
    assert "To forecast counts, use the negative binomial with weighted mean." in behind.winner_sentence
    assert "beats the negative binomial with weighted mean by 0.30" in ahead.winner_sentence
    assert "To forecast counts" not in ahead.winner_sentence


def replace_scores(study: CountStudy, gap: float) -> CountStudy:
    """Return the study with the candidate `gap` behind the weighted mean, and all others far behind."""
    level = {"ewma_nb": 2.0, CANDIDATE: 2.0 + gap}
    n = study.contest.n_scored
    scores = tuple(
        replace(one, minus_log=np.full(n, level.get(one.key, 9.0))) for one in study.contest.scores
    )
    return replace(study, contest=replace(study.contest, scores=scores))


def test_the_error_of_a_difference_allows_for_neighbours_going_together() -> None:
    rng = np.random.default_rng(1)
    alone = rng.standard_normal(2000)
    together = np.convolve(alone, np.ones(4) / 2.0, mode="same")
    zero = np.zeros(2000)
    assert compare_scores(alone, zero).standard_error == pytest.approx(1 / np.sqrt(2000), rel=0.2)
    assert compare_scores(together, zero).standard_error > 1.4 * together.std() / np.sqrt(2000)
    assert np.isnan(compare_scores(alone[:3], zero[:3]).standard_error)


@pytest.mark.parametrize("model", [CountModel(3.0, 0.5, 2.0, size=1.0), CountModel(6.0, wander_cv=0.8)])
def test_pit_values_of_the_true_model_are_uniform(model: CountModel) -> None:
    series = made(model, 1200, 6)
    pit = randomise_pit(series, forecast_periods(series, model), np.random.default_rng(1).random(1200))
    histogram = count_pit(pit, seed=1)
    assert sum(histogram.counts) == 1200
    assert len(histogram.counts) == 10
    assert histogram.p > 0.01
    assert pit.mean() == pytest.approx(0.5, abs=0.04)


def test_forecasts_that_are_too_narrow_fill_the_outer_bins() -> None:
    series = made(CountModel(20.0, size=0.5), 300, 6)
    poisson = forecast_periods(series, CountModel(20.0))
    histogram = count_pit(randomise_pit(series, poisson, np.full(300, 0.5)), seed=1)
    assert histogram.outer_share > 0.6
    assert histogram.p < 1e-6


def test_fano_factors_are_those_of_windows_with_gaps_scaled_up() -> None:
    n = np.array([3, 5, 1, 0, 8, 2, 2] * 6)
    series = daily_series(n)
    assert measure_fano(series, 1)[0] == pytest.approx(n.var(ddof=1) / n.mean())
    assert measure_fano(series, 7) == (pytest.approx(0.0), 6)
    assert np.isnan(measure_fano(series, 28)[0])
    odd = np.arange(42) % 7 != 3  # a day of each week is not reported
    gappy = CountSeries("a", series.first_day, series.start[odd], series.n_days[odd], series.n[odd])
    assert measure_fano(gappy, 7) == (pytest.approx(0.0), 6)


def test_a_fit_makes_series_as_dispersed_as_what_it_was_fitted_to() -> None:
    series = made(CountModel(3.0, 0.6, 1.0, size=0.8), 250, 12)
    fit = fit_counts(series, "self-exciting")
    days, weeks, _ = check_fano(series, fit, seed=2, n_made=60)
    assert days.is_inside
    assert weeks.is_inside
    assert imply_fano(series, fit.forecast(series)) == pytest.approx(days.seen, rel=0.5)
    assert check_fano(series, fit, seed=2, n_made=60)[0] == days


def test_the_same_seed_gives_the_same_scores_and_another_other_pit_values() -> None:
    series = made(CountModel(3.0, size=1.0), 60, 1)
    first, again, other = (score_competitors(series, seed=s, competitors=QUICK) for s in (1, 1, 2))
    assert [one.mean for one in first.scores] == [one.mean for one in other.scores]
    assert (first.winner.pit == again.winner.pit).all()
    assert (first.winner.pit != other.winner.pit).any()


@pytest.fixture(scope="module")
def osce(shared: Path) -> dict[str, CountSeries]:
    return {one.name: one for one in read_counts(shared / OSCE)[0]}


@pytest.mark.shared
def test_the_published_scores_of_the_mission_counts_are_found_again(osce: dict[str, CountSeries]) -> None:
    """The published ones took every row as a period after the one before, doubled days and gaps too."""
    published = {
        "Donetsk": {
            "constant_poisson": 246,
            "constant_nb": 7.35,
            CANDIDATE: 6.57,
            "self_exciting_poisson": 108,
        },
        "Luhansk": {
            "constant_poisson": 128,
            "constant_nb": 5.53,
            CANDIDATE: 5.12,
            "self_exciting_poisson": 98,
        },
    }
    for name, series in osce.items():
        rows = follow_each_other(name, series)
        contest = score_competitors(rows, seed=1, competitors=QUICK)
        assert (contest.n_fitted, contest.n_scored) == (80, 35)
        for key, value in published[name].items():
            assert contest.score(key).mean == pytest.approx(value, rel=0.035), (name, key)


def follow_each_other(name: str, series: CountSeries) -> CountSeries:
    """Return the rows as stated, without the splitting of two doubled reports."""
    n, days = series.n.copy(), series.n_days.copy()
    for row in np.flatnonzero(np.isin(series.last_days(), ["2021-03-13", "2021-04-04"])):
        n[row] += n[row + 1]
        days[row] += days[row + 1]
    return CountSeries(name, series.first_day, np.concatenate([[0], np.cumsum(days)[:-1]]), days, n)


@pytest.mark.shared
def test_the_dispersion_of_the_mission_counts_is_reproduced(osce: dict[str, CountSeries]) -> None:
    for name, one_day in (("Donetsk", 179), ("Luhansk", 181)):
        series = osce[name]
        assert len(series) == 115
        assert measure_fano(series, 1)[0] == pytest.approx(one_day, abs=1)
        fit = fit_counts(series, "both" if name == "Donetsk" else "wandering", with_errors=False)
        found = check_fano(series, fit, seed=1, n_made=80)
        assert found[0].is_inside, found[0]
        assert found[1].is_inside, found[1]


@pytest.mark.shared
def test_the_self_exciting_model_does_not_beat_the_weighted_mean_on_the_mission_counts(
    osce: dict[str, CountSeries],
) -> None:
    for series in osce.values():
        contest = score_competitors(series, seed=1, competitors=QUICK)
        assert not contest.candidate_wins
        assert contest.winner.key == "expectation"
        assert contest.score("constant_nb").mean > contest.score(CANDIDATE).mean + 0.3


@pytest.mark.shared
def test_contagion_is_told_from_wandering_in_donetsk_and_not_in_luhansk(osce: dict[str, CountSeries]) -> None:
    gains, naive = {}, {}
    for name, series in osce.items():
        both, wandering = (fit_counts(series, kind, with_errors=False) for kind in ("both", "wandering"))
        gains[name] = 2 * (both.log_likelihood - wandering.log_likelihood)
        naive[name] = fit_counts(series, "self-exciting", with_errors=False).value("branching")
        if name == "Donetsk":
            assert both.value("branching") == pytest.approx(0.31, abs=0.05)
    assert gains["Luhansk"] < CLEAR_RATIO < gains["Donetsk"]
    assert naive["Luhansk"] > 0.9  # what a constant background would call contagion
