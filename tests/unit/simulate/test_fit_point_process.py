"""Fits of timed incidents: parameters come back, errors are honest, bad input is told all at once."""

import math

import numpy as np
import pytest

from truceline.errors import TableError
from truceline.simulate import laws
from truceline.simulate.fit import _point_reference
from truceline.simulate.fit.climbing import descend
from truceline.simulate.fit.generate import (
    simulate_point_model,
    simulate_self_exciting,
    spread_within_days,
    thin_times,
)
from truceline.simulate.fit.point_model import PointModel, find_rounding, make_timeline
from truceline.simulate.fit.point_process import fit_self_exciting, fit_two_sides, refit


def is_near(estimate, truth, errors=3.5):
    return abs(estimate.value - truth) < errors * estimate.standard_error


def test_a_constant_background_and_contagion_come_back():
    times = simulate_self_exciting(0.5, 0.6, 2.0, 8000, 11)
    fit = fit_self_exciting(times, 8000, is_wandering=False)
    assert fit.has_converged
    assert is_near(fit.mu[0], 0.5)
    assert is_near(fit.n_self, 0.6)
    assert is_near(fit.memory_days, 0.5)
    assert fit.n_self.standard_error < 0.03
    assert fit.n_cross.value == 0.0


def test_contagion_and_wandering_come_back_together():
    times = simulate_self_exciting(1.0, 0.4, 2.0, 3000, 4, background_cv=0.6, persistence=0.5)
    fit = fit_self_exciting(times, 3000)
    assert fit.has_converged
    truths = [(fit.mu[0], 1.0), (fit.n_self, 0.4), (fit.memory_days, 0.5)]
    truths += [(fit.background_cv, 0.6), (fit.persistence, 0.5)]
    assert all(is_near(estimate, truth) for estimate, truth in truths), truths
    assert fit.factors.shape == (1, 429)
    assert fit.factors.mean() == pytest.approx(1.0, abs=0.1)
    assert fit.n_parameters == 5


def test_the_level_of_each_week_follows_the_one_that_was_drawn():
    # Weeks alternate between two known levels: nothing random but the incidents.
    rng = np.random.default_rng(6)
    levels = np.tile([0.4, 1.6], 40)
    times = np.concatenate([7 * w + 7 * rng.random(rng.poisson(21 * m)) for w, m in enumerate(levels)])
    fit = fit_self_exciting(times, 560, is_exciting=False)
    assert np.corrcoef(fit.factors[0], levels)[0, 1] > 0.9
    assert math.isnan(fit.memory_days.value)
    assert fit.persistence.value == pytest.approx(0.0, abs=0.05)


@pytest.mark.parametrize("has_shared_periods", [True, False], ids=["shared weeks", "weeks apart"])
def test_two_sides_come_back(has_shared_periods):
    model = PointModel((0.9, 0.5), 0.3, 0.2, 1.0, 0.5, 0.3, 7.0, has_shared_periods)
    times, sides = simulate_point_model(model, 2500, 5)
    fit = fit_two_sides(times, sides, 2500, has_shared_periods=has_shared_periods)
    assert fit.has_converged
    truths = [(fit.mu[0], 0.9), (fit.mu[1], 0.5), (fit.n_self, 0.3), (fit.n_cross, 0.2)]
    truths.append((fit.memory_days, 1.0))
    assert all(is_near(estimate, truth) for estimate, truth in truths), truths
    assert fit.factors.shape[0] == (1 if has_shared_periods else 2)


def test_standard_errors_are_the_spread_of_fits():
    fits = [
        fit_self_exciting(simulate_self_exciting(1.0, 0.5, 1.0, 600, seed), 600, is_wandering=False)
        for seed in range(60)
    ]
    for name in ("n_self", "memory_days"):
        values = np.array([getattr(fit, name).value for fit in fits])
        errors = np.array([getattr(fit, name).standard_error for fit in fits])
        assert np.std(values) / np.median(errors) == pytest.approx(1.0, abs=0.35), name
    inside = [fit.n_self.interval[0] <= 0.5 <= fit.n_self.interval[1] for fit in fits]
    assert np.mean(inside) > 0.85


def test_a_poisson_process_has_no_contagion_worth_the_name_and_the_fit_says_so():
    times = np.arange(400) + 0.5
    fit = fit_self_exciting(times, 400)
    assert fit.n_self.value == 0.0
    assert fit.background_cv.value == 0.0
    assert math.isnan(fit.n_self.standard_error)
    assert any("No contagion was found" in note for note in fit.notes)


def test_a_constant_rate_is_fitted_in_closed_form():
    fit = fit_self_exciting(np.arange(50) + 0.5, 60, is_wandering=False, is_exciting=False)
    assert fit.mu[0].value == pytest.approx(50 / 60)
    assert fit.mu[0].standard_error == pytest.approx(math.sqrt(50) / 60, rel=1e-4)
    assert fit.log_likelihood == pytest.approx(50 * math.log(50 / 60) - 50)


def test_what_a_fit_cannot_know_is_in_its_notes():
    times = simulate_self_exciting(1.0, 0.5, 1.0, 60, 3)
    assert any("held constant" in note for note in fit_self_exciting(times, 60, is_wandering=False).notes)
    assert any("Only 9 periods" in note for note in fit_self_exciting(times, 60).notes)
    growing = np.log1p(np.arange(1.0, 401.0)) * 10.0
    rising = fit_self_exciting(growing, 60, is_wandering=False)
    assert any("near 1" in note for note in rising.notes)


def test_a_refit_of_the_same_data_finds_the_same_summit():
    times = simulate_self_exciting(1.0, 0.4, 1.0, 700, 9, background_cv=0.5)
    fit = fit_self_exciting(times, 700)
    again = refit(make_timeline(times, 700), fit)
    assert again.log_likelihood == pytest.approx(fit.log_likelihood, abs=1e-3)


def test_the_same_incidents_in_any_order_give_the_same_fit_to_the_last_bit():
    times = simulate_self_exciting(1.0, 0.4, 1.0, 300, 9)
    shuffled = np.random.default_rng(1).permutation(times)
    assert fit_self_exciting(times, 300).model == fit_self_exciting(shuffled, 300).model


def test_all_problems_with_times_are_told_at_once():
    with pytest.raises(TableError) as caught:
        make_timeline([0.5, 0.5, 9.0], 5.0, [0, 1])
    message = str(caught.value)
    assert "1 incidents outside 0 to 5 days" in message
    assert "at least 20" in message
    assert "2 for 3 incidents" in message


@pytest.mark.parametrize(
    ("times", "days", "sides", "found"),
    [
        (np.arange(30.0), 0.0, None, "0.0 days were watched"),
        (np.append(np.arange(30.0), np.nan), 40.0, None, "1 are no numbers"),
        (np.repeat(np.arange(30.0), 2), 40.0, None, "look rounded to the day: make one incident"),
        (np.arange(30.0), 40.0, np.full(30, 2), "neither 0 nor 1"),
        (np.arange(30.0), 40.0, np.zeros(30), "all incidents are of one side"),
    ],
)
def test_times_that_cannot_be_fitted_are_refused_with_a_hint(times, days, sides, found):
    with pytest.raises(TableError, match=found):
        make_timeline(times, days, sides)


def test_a_process_without_end_is_not_simulated():
    with pytest.raises(TableError) as caught:
        simulate_point_model(PointModel((-1.0, 0.5), 0.6, 0.5, 0.0), 10, 1)
    message = str(caught.value)
    assert "n_self + n_cross  1.1" in message
    assert "mu" in message
    assert "beta" in message


def test_made_incidents_have_the_rate_and_the_dispersion_of_the_theory():
    days = 100_000
    times = simulate_self_exciting(0.5, 0.6, 1.0, days, 2)
    fano = laws.expect_fano(0.6)
    assert len(times) / days == pytest.approx(
        laws.expect_rate(0.5, 0.6), abs=4 * math.sqrt(1.25 * fano / days)
    )
    counts = np.bincount((times // 200).astype(int))[:500]
    assert counts.var() / counts.mean() == pytest.approx(fano, rel=4 * math.sqrt(2 / 500))


def test_made_incidents_of_two_sides_have_the_rates_of_the_theory():
    model = PointModel((0.4, 0.2), 0.3, 0.25)
    times, sides = simulate_point_model(model, 50_000, 3)
    assert (np.diff(times) >= 0).all()
    assert np.bincount(sides) / 50_000 == pytest.approx(model.rates(), rel=0.03)


def test_clusters_drawn_at_once_are_those_drawn_one_by_one():
    model, rng = PointModel((1.0,), 0.5, 0.0, 1.0), np.random.default_rng(4)
    slow = [len(_point_reference.draw_cluster_by_cluster(model, 30.0, rng)) for _ in range(400)]
    fast = [len(simulate_self_exciting(1.0, 0.5, 1.0, 90.0, seed)) / 3 for seed in range(400)]
    # Without a past, 30 days at a rate of 2 lack the offspring of what came before: one memory in 30 days.
    lacking = 2.0 * (1.0 - math.exp(-0.5 * 30.0)) / 1.0
    assert np.mean(slow) == pytest.approx(60.0 - lacking, abs=4 * np.std(slow) / 20)
    assert np.mean(fast) == pytest.approx(60.0, abs=4 * np.std(fast) / 20)


def test_wandering_weeks_have_the_variation_and_memory_asked_for():
    times = simulate_self_exciting(50.0, 0.0, 1.0, 7 * 4000, 5, background_cv=0.5, persistence=0.6)
    weeks = np.bincount((times // 7).astype(int), minlength=4000) / 350
    assert weeks.mean() == pytest.approx(1.0, abs=0.06)
    assert weeks.std() == pytest.approx(math.hypot(0.5, math.sqrt(1 / 350)), rel=0.1)
    logs = np.log(weeks)
    assert np.corrcoef(logs[1:], logs[:-1])[0, 1] == pytest.approx(0.6, abs=0.07)


def test_the_same_seed_gives_the_same_incidents_and_another_gives_others():
    first, again, other = (simulate_self_exciting(1.0, 0.5, 1.0, 100, seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first[:10], other[:10])


def test_incidents_missed_and_days_rounded_keep_what_they_should():
    times = simulate_self_exciting(2.0, 0.5, 1.0, 5000, 1)
    kept = thin_times(times, 0.3, 1)
    assert np.isin(kept, times).all()
    assert len(kept) == pytest.approx(0.3 * len(times), abs=4 * math.sqrt(0.21 * len(times)))
    days = simulate_self_exciting(2.0, 0.5, 1.0, 5000, 1, whole_days=True)
    assert np.array_equal(days, np.floor(times))
    assert np.array_equal(np.floor(spread_within_days(days, 3)), days)


def test_a_descent_finds_the_least_inside_and_at_a_bound():
    def valley(at):
        x, y = at
        slope = np.array([-400 * x * (y - x * x) - 2 * (1 - x), 200 * (y - x * x)])
        return float(100 * (y - x * x) ** 2 + (1 - x) ** 2), slope

    start, wide = np.array([-1.2, 1.0]), np.array([[-2.0, 2.0], [-2.0, 2.0]])
    assert descend(valley, start, wide, tolerance=1e-14).point == pytest.approx([1.0, 1.0], abs=1e-4)
    tight = np.array([[-2.0, 0.5], [-2.0, 2.0]])
    assert descend(valley, start, tight, tolerance=1e-14).point == pytest.approx([0.5, 0.25], abs=1e-5)


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(1440, "the day"), (60, "the hour"), (15, "a quarter of an hour"), (1, "the minute")],
)
def test_the_rounding_of_times_is_found(minutes, words):
    times = np.random.default_rng(2).uniform(0, 700, 300)
    unit = minutes / 1440
    assert find_rounding(np.floor(times / unit) * unit) == (pytest.approx(unit), words)
    assert find_rounding(times) == (0.0, "")
