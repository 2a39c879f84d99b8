"""The step at a truce and how long truces last: known answers, made data, and the mission's counts."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from math import exp, inf
from pathlib import Path

import numpy as np
import pytest

from truceline.errors import TableError
from truceline.events.warning_score import KnownTruce, read_known_truces
from truceline.simulate.fit.count_reading import read_counts
from truceline.simulate.fit.count_series import CountSeries, add_series, daily_series
from truceline.simulate.fit.survival import (
    Spells,
    bound_survival,
    estimate_survival,
    measure_concordance,
    score_brier,
)
from truceline.simulate.fit.truce_scores import DEVELOPMENT_FOLLOWED, list_spells, score_truces
from truceline.simulate.fit.truce_steps import double_weeks, fit_truce_step

OSCE = "data/events/osce_smm_counts_2020-07_2021-06.csv"
TRUCE = date(2030, 1, 7) + timedelta(days=60)


def recovering(level: float, return_days: float, *, before: float = 200.0, seed: int = 1) -> CountSeries:
    """Return 60 days before a truce and 240 after it, negative binomial of size 3."""
    day = np.arange(240) + 0.5
    after = before * (1 - (1 - level) * np.exp(-day / return_days))
    mean = np.concatenate([np.full(60, before), after])
    rng = np.random.default_rng(seed)
    return daily_series(rng.poisson(rng.gamma(3.0, mean / 3.0)))


def test_the_step_of_made_counts_comes_back() -> None:
    step = fit_truce_step(recovering(0.05, 120.0), TRUCE)
    assert step.before == pytest.approx(200, rel=0.25)
    assert step.level == pytest.approx(0.05, abs=0.03)
    assert step.return_days == pytest.approx(120, rel=0.3)
    assert step.is_climbing
    assert step.rate(0) == pytest.approx(step.level * step.before)
    assert step.before_source == "mean of 60 periods before it"


def test_the_intervals_of_eight_in_ten_hold_the_truth_about_so_often() -> None:
    steps = [fit_truce_step(recovering(0.05, 120.0, seed=seed), TRUCE, before=200.0) for seed in range(10)]
    assert sum(one.level_interval[0] < 0.05 < one.level_interval[1] for one in steps) in range(6, 11)
    assert sum(one.return_interval[0] < 120 < one.return_interval[1] for one in steps) in range(6, 11)
    assert not all(one.return_interval[0] < 100 < one.return_interval[1] for one in steps)


def test_a_level_that_stays_has_a_return_time_without_end() -> None:
    step = fit_truce_step(recovering(0.1, 1e9), TRUCE, before=200.0)
    assert not step.is_climbing
    assert step.return_interval[1] == inf
    assert step.factor == pytest.approx(0.1, rel=0.15)


def test_what_cannot_be_said_of_a_truce_is_refused_with_all_reasons() -> None:
    series = recovering(0.1, 50.0)
    with pytest.raises(TableError, match="has 2 periods after it"):
        fit_truce_step(series, TRUCE + timedelta(days=238))
    with pytest.raises(TableError, match="no period before it"):
        fit_truce_step(series, series.first_day)
    with pytest.raises(TableError, match="is no rate"):
        fit_truce_step(series, TRUCE, before=-3.0)


def test_weekly_counts_of_autumn_2017_doubled_in_five_weeks() -> None:
    assert double_weeks(1365, 3335, 6.9) == pytest.approx(5.353876451, rel=1e-9)  # vector R18
    assert double_weeks(10, 10, 4) == inf


def test_kaplan_meier_is_the_one_worked_by_hand() -> None:
    spells = Spells(np.array([10.0, 20, 20, 30, 50]), np.array([True, True, False, True, False]))
    curve = estimate_survival(spells)
    assert curve([5, 10, 19, 20, 30, 99]) == pytest.approx([1, 0.8, 0.8, 0.6, 0.3, 0.3])
    low, high = bound_survival(spells, [20.0])[0]
    # Greenwood on the log-log scale, 80 %.
    error = np.sqrt(1 / (5 * 4) + 1 / (4 * 3)) / abs(np.log(0.6))
    assert low == pytest.approx(0.6 ** exp(1.2815516 * error), rel=1e-5)
    assert high == pytest.approx(0.6 ** exp(-1.2815516 * error), rel=1e-5)


def test_concordance_counts_only_pairs_whose_order_is_known() -> None:
    spells = Spells(np.array([10.0, 20, 30]), np.array([True, False, True]))
    assert measure_concordance(spells, [1, 2, 3]) == (1.0, 2)
    assert measure_concordance(spells, [3, 2, 1]) == (0.0, 2)
    assert measure_concordance(spells, [1, 1, 1]) == (0.5, 2)
    assert np.isnan(measure_concordance(Spells(np.array([1.0, 2]), np.array([False, False])), [1, 2])[0])


def test_the_brier_score_is_nothing_for_a_perfect_forecast_and_a_quarter_for_a_coin() -> None:
    spells = Spells(np.array([30.0, 60, 90]), np.array([True, True, True]))
    perfect = [lambda times, end=end: (np.asarray(times) < end) * 1.0 for end in spells.days]
    coin = [lambda times: np.full(len(times), 0.5)] * 3
    assert score_brier(spells, perfect, 100.0) == pytest.approx(np.zeros(3), abs=1e-12)
    assert score_brier(spells, coin, 100.0) == pytest.approx(np.full(3, 0.25))


def test_a_spell_no_longer_followed_is_not_scored_after_that() -> None:
    spells = Spells(np.array([10.0, 80, 90]), np.array([False, True, True]))
    never = [lambda times: np.zeros(len(times))] * 3
    found = score_brier(spells, never, 100.0, n_times=1001)
    assert found[0] == pytest.approx(0.1, abs=0.002)
    assert found[1] == pytest.approx(
        (10 + 70 * 1.5) / 100, abs=0.01
    )  # two of three were followed beyond day 10


def known(name: str, start: datetime, end: datetime | None = None, theatre: str = "T") -> KnownTruce:
    return KnownTruce(name, theatre, name, start, end, "general")


def test_a_truce_lasts_until_the_next_of_its_theatre_its_term_or_the_end_of_the_watching() -> None:
    day = datetime(2030, 1, 1)
    truces = [
        known("first", day),
        known("second", day + timedelta(days=40), day + timedelta(days=50)),
        known("third", day + timedelta(days=100)),
        known("elsewhere", day + timedelta(days=10), theatre="U"),
    ]
    found = list_spells(truces, followed_until={"T": day + timedelta(days=130)})
    assert found.names == ("first", "second", "third")
    assert found.spells.days.tolist() == [40.0, 10.0, 30.0]
    assert found.spells.is_over.tolist() == [True, False, False]


def test_the_packaged_truces_are_scored_with_wide_intervals() -> None:
    spells = list_spells(read_known_truces(), followed_until=DEVELOPMENT_FOLLOWED)
    assert len(spells.spells) == 8
    assert spells.spells.is_over.sum() == 6
    found = score_truces(spells, seed=1, baselines={"Minsk-type baseline": 1 / 14})
    by_label = {one.label: one for one in found.scores}
    blind = by_label["Kaplan-Meier of the others"]
    assert np.isnan(blind.concordance)
    drift = by_label["Weibull of the others with a drift over the years"]
    low, high = drift.concordance_interval
    assert low < drift.concordance < high
    assert high - low > 0.3  # eight truces say next to nothing
    assert by_label["Minsk-type baseline"].brier > blind.brier
    assert [day for day, *_ in found.curve] == [14, 30, 90, 180, 365]
    again = score_truces(spells, seed=1).scores[0]
    assert (again.brier, again.brier_interval) == (blind.brier, blind.brier_interval)


def test_a_drift_that_is_there_orders_truces_it_has_not_seen() -> None:
    day = datetime(2020, 1, 1)
    truces, start = [], day
    for number in range(14):
        truces.append(known(str(number), start))
        start += timedelta(days=20 * 1.35**number)
    spells = list_spells(truces, followed_until={"T": start})
    found = {one.label: one for one in score_truces(spells, seed=2).scores}
    drift = found["Weibull of the others with a drift over the years"]
    assert drift.concordance > 0.9
    assert drift.brier < found["Kaplan-Meier of the others"].brier


@pytest.mark.shared
def test_the_published_step_of_july_2020_is_found_again(shared: Path) -> None:
    """Published: 623 a day before, 33 a day in the rest of 2020; our days are 53 of those 158."""
    whole = add_series(read_counts(shared / OSCE)[0])
    assert whole is not None
    step = fit_truce_step(whole, date(2020, 7, 27), before=623.0, until=date(2020, 12, 31))
    assert step.factor == pytest.approx(33 / 623, rel=0.15)
    assert step.level_interval[0] < step.level < 0.053
    assert step.is_climbing
    year = fit_truce_step(whole, date(2020, 7, 27), before=623.0)
    assert year.level == pytest.approx(0.018, abs=0.01)
    assert 900 < year.return_interval[0] < 1096 < year.return_interval[1] < 1400
    assert year.factor > 3 * step.factor  # the slow climb
