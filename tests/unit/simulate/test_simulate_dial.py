"""The dial: its readings, survival over r, break-even against a threshold, and false triggers beside it."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from truceline.errors import OutputError
from truceline.simulate.backstop_dial import (
    DAYS_OF_MONTH,
    DAYS_OF_YEAR,
    DialCurve,
    Threshold,
    check_threshold,
    find_break_even,
    months_avoided,
    read_backstop_cost,
)
from truceline.simulate.dial_readings import force_size_factor, list_readings
from truceline.simulate.false_triggers import false_trigger_chance, list_false_triggers

FACTORS = np.array([0.15, 0.25, 0.5, 0.75, 1.0, 1.2])
DAYS = np.arange(0.0, 1830.0, 7.0)
HAZARD = 1.0 / 1000.0


def memoryless() -> np.ndarray:
    return np.exp(-HAZARD * FACTORS[:, np.newaxis] * DAYS[np.newaxis, :])


def test_the_dial_has_four_readings_and_one_sensitivity_below_them() -> None:
    marks = list_readings()
    assert [one.factor for one in marks] == [1.2, 1.0, 0.5, 0.25, 0.15]
    assert [one.is_reading for one in marks] == [True, True, True, True, False]
    assert all(one.source and one.label for one in marks)


def test_the_slope_over_force_size_is_the_published_one_and_stops_at_its_cap() -> None:
    assert force_size_factor(0) == 1.0
    assert force_size_factor(10_000) == pytest.approx(math.exp(-1.3))  # R16 of the test vectors
    assert force_size_factor(100_000) == force_size_factor(10_000)
    assert force_size_factor(10_000) == pytest.approx(6 / 22, rel=0.01)


def test_months_avoided_are_the_area_between_the_curves() -> None:
    horizon = 365.25
    found = months_avoided(memoryless(), FACTORS, DAYS, horizon)
    held = (1 - np.exp(-HAZARD * FACTORS * horizon)) / (HAZARD * FACTORS)
    expected = (held - held[4]) / DAYS_OF_MONTH
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert found[4] == 0
    assert found[5] < 0  # a backstop that provokes costs months


def test_break_even_pays_for_exactly_the_months_it_avoids() -> None:
    threshold = Threshold(cost_per_year=1.2e9, per_month=1e9, currency="EUR")
    horizon = 1826
    found = find_break_even("armistice-type", memoryless(), FACTORS, DAYS, horizon, threshold)
    needed = 1.2e9 * (horizon / DAYS_OF_YEAR) / 1e9
    assert found.months_needed == pytest.approx(needed)
    avoided = months_avoided(memoryless(), FACTORS, DAYS, horizon)
    assert np.interp(found.factor, FACTORS, avoided) == pytest.approx(needed)
    cost_per_month = threshold.cost_per_year * (horizon / DAYS_OF_YEAR) / needed
    assert cost_per_month == pytest.approx(threshold.per_month)


def test_break_even_is_off_the_dial_where_no_factor_avoids_enough() -> None:
    dear = Threshold(cost_per_year=100e9, per_month=1e9, currency="EUR")
    found = find_break_even("armistice-type", memoryless(), FACTORS, DAYS, 1826, dear)
    assert not found.is_on_dial
    assert found.months_needed > found.months_most


def test_a_range_of_costs_gives_a_range_of_factors_and_the_dearest_needs_the_smallest() -> None:
    threshold = Threshold(2e9, 1e9, "USD", cost_low=1e9, cost_high=2.5e9)
    found = find_break_even("armistice-type", memoryless(), FACTORS, DAYS, 1826, threshold)
    assert found.factor_low < found.factor < found.factor_high < 1


@given(st.floats(0.001, 50.0), st.floats(0.01, 50.0))
def test_a_higher_threshold_never_asks_for_a_smaller_factor(cost: float, extra: float) -> None:
    def at(per_month: float) -> float:
        found = find_break_even(
            "x", memoryless(), FACTORS, DAYS, 1826, Threshold(cost * 1e9, per_month * 1e9, "EUR")
        )
        return found.factor if found.is_on_dial else 0.0

    assert at(1.0 + extra) >= at(1.0) - 1e-12


def test_a_curve_is_read_straight_between_its_marks() -> None:
    mean = np.exp(-FACTORS)
    curve = DialCurve("minsk-type", 365, FACTORS, mean, mean - 0.1, mean, mean + 0.1)
    assert curve.at(0.625)[0] == pytest.approx((mean[2] + mean[3]) / 2)
    assert curve.at(1.0)[2] == pytest.approx(mean[4])


@pytest.mark.parametrize(("per_day", "more_than", "window"), [(0.05, 2, 7), (0.2, 5, 7), (0.4, 6, 7)])
def test_the_chance_of_a_false_trigger_agrees_with_a_sliding_window_played_out(
    per_day: float, more_than: int, window: int
) -> None:
    random = np.random.default_rng(5)
    n_years, fired = 3000, 0
    for _ in range(n_years):
        times = np.sort(random.uniform(0, 365, random.poisson(365 * per_day)))
        if len(times) > more_than and (times[more_than:] - times[: len(times) - more_than] <= window).any():
            fired += 1
    expected = fired / n_years
    spread = math.sqrt(expected * (1 - expected) / n_years)
    found = false_trigger_chance(per_day, more_than=more_than, window_days=window)
    assert found == pytest.approx(expected, abs=4 * spread + 0.01)


def test_more_noise_and_a_lower_count_fire_more_often() -> None:
    table = list_false_triggers(1.0, ppvs=(0.08, 0.5, 0.9), counts=(3, 10), window_days=7)
    chance = {(one.ppv, one.more_than): one.chance for one in table}
    assert chance[0.08, 3] > chance[0.5, 3] > chance[0.9, 3] > chance[0.9, 10]
    assert chance[0.08, 3] > 0.99
    assert false_trigger_chance(0.0, more_than=0, window_days=7) == 0


def test_what_cannot_be_a_false_report_is_refused() -> None:
    with pytest.raises(ValueError, match="window"):
        false_trigger_chance(0.1, more_than=1, window_days=400)


def test_a_threshold_of_nothing_is_refused_with_all_that_is_wrong() -> None:
    assert [one.where for one in check_threshold(-1, 0)] == ["cost of the backstop a year", "threshold"]
    assert check_threshold(1e9, 2e9) == []


def test_the_cost_of_the_backstop_is_read_from_the_folder_of_a_plan(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    rows = "task,task_label,yearly_low_usd_bn,yearly_high_usd_bn\na,Eyes,0.1,0.3\nb,The guarantee,,\n"
    (tmp_path / "tables" / "backstop.csv").write_text(rows, encoding="utf-8")
    found = read_backstop_cost(tmp_path, 5e8)
    assert (found.cost_low, found.cost_per_year, found.cost_high) == pytest.approx((1e8, 2e8, 3e8))
    assert "the guarantee" in found.source


def test_a_folder_without_a_price_of_the_backstop_says_so(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no cost a year"):
        read_backstop_cost(tmp_path, 5e8)
