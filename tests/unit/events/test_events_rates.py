"""Corrected rates and the parts of a change, against cases worked by hand and by drawing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from truceline.events.catalogue import load_watching_assumptions
from truceline.events.rates import Reason, Watched, correct_count, correct_rate, split_change


def watched(
    n: float, share: float, *, days: float = 7, low: float | None = None, high: float | None = None
) -> Watched:
    return Watched(n, days, share, share if low is None else low, share if high is None else high)


def test_a_rate_is_the_count_over_the_share_noticed() -> None:
    assert correct_rate(watched(14, 0.5), size_per_day=2.0).per_day == pytest.approx(4.0)


def test_a_corrected_count_is_the_rate_times_its_period() -> None:
    count = correct_count(watched(14, 0.5), size_per_day=2.0)
    rate = correct_rate(watched(14, 0.5), size_per_day=2.0)
    assert (count.low, count.best, count.high) == pytest.approx((7 * rate.low, 28.0, 7 * rate.high))
    assert 14 < count.low < 28 < count.high


def test_a_corrected_count_takes_the_dispersion_of_the_records_by_default() -> None:
    size = load_watching_assumptions().value("change.dispersion_size")
    assert correct_count(watched(14, 0.5)) == correct_count(watched(14, 0.5), size_per_day=size)


def test_a_count_of_an_unwatched_period_is_corrected_to_nothing_known() -> None:
    count = correct_count(watched(3, 0.0))
    assert np.isnan(count.best)
    assert (count.low, count.high) == (0.0, np.inf)


def test_the_range_of_the_share_widens_the_interval_on_its_own_side() -> None:
    exact = correct_rate(watched(40, 0.5), size_per_day=2.0)
    wide = correct_rate(watched(40, 0.5, low=0.25, high=0.5), size_per_day=2.0)
    assert wide.high > exact.high
    assert wide.low == pytest.approx(exact.low)
    assert wide.per_day == exact.per_day


def test_with_no_incidents_the_low_end_is_zero_and_the_high_end_is_not() -> None:
    rate = correct_rate(watched(0, 0.5), size_per_day=2.0)
    assert (rate.per_day, rate.low) == (0.0, 0.0)
    assert 0.3 < rate.high < 2.0


def test_where_nothing_was_watched_nothing_is_known() -> None:
    rate = correct_rate(watched(0, 0.0), size_per_day=2.0)
    assert np.isnan(rate.per_day)
    assert (rate.low, rate.high) == (0.0, np.inf)


def test_the_interval_holds_the_true_rate_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(7)
    days, share, size, true = 14, 0.4, 1.5, 6.0
    mean = true * share
    held = 0
    for _ in range(400):
        n = rng.poisson(rng.gamma(size, mean / size, size=days)).sum()
        rate = correct_rate(watched(float(n), share, days=days), size_per_day=size)
        held += rate.low <= true <= rate.high
    nominal = load_watching_assumptions().value("change.interval_share")
    assert held / 400 == pytest.approx(nominal, abs=0.05)


def test_a_post_denied_access_lowers_coverage_and_not_violations() -> None:
    change = split_change(watched(60, 0.6), watched(20, 0.2), size_per_day=2.0, is_kept_out=True)
    assert change.reason is Reason.kept_out
    assert change.rate == pytest.approx(0.0, abs=0.05)
    assert change.sentence.startswith(
        "Fewer reports because we were kept out: reports changed by a factor of 0.3"
    )


def test_the_same_fall_with_cameras_down_blames_nobody() -> None:
    change = split_change(watched(60, 0.6), watched(20, 0.2), size_per_day=2.0)
    assert change.reason is Reason.watched_less


def test_a_fall_under_full_watching_is_fewer_violations() -> None:
    change = split_change(watched(200, 0.6), watched(20, 0.6), size_per_day=2.0, is_kept_out=True)
    assert change.reason is Reason.fewer_violations
    assert change.rate_high < 0


def test_a_fall_within_the_dispersion_cannot_be_told_apart() -> None:
    change = split_change(watched(60, 0.6), watched(35, 0.6), size_per_day=0.3)
    assert change.reason is Reason.unknown
    assert change.rate_low < 0 < change.rate_high


def test_steady_reports_from_half_the_watching_hide_a_rise() -> None:
    change = split_change(watched(300, 0.8), watched(300, 0.1), size_per_day=3.0)
    assert change.reason is Reason.hidden_rise


def test_more_cameras_make_more_reports_and_no_more_violations() -> None:
    change = split_change(watched(20, 0.2), watched(60, 0.6), size_per_day=2.0)
    assert change.reason is Reason.watched_more


def test_a_rise_under_the_same_watching_is_more_violations() -> None:
    assert (
        split_change(watched(20, 0.6), watched(200, 0.6), size_per_day=2.0).reason is Reason.more_violations
    )


def test_nothing_changed_is_said_so() -> None:
    assert split_change(watched(30, 0.6), watched(31, 0.6), size_per_day=2.0).reason is Reason.no_change


def test_no_watching_in_one_period_tells_nothing() -> None:
    change = split_change(watched(30, 0.6), watched(0, 0.0), size_per_day=2.0, is_kept_out=True)
    assert change.reason is Reason.unknown
    assert "cannot be told" in change.sentence


def test_a_wrong_p_that_is_wrong_in_both_periods_does_not_widen_the_change() -> None:
    sure = split_change(watched(60, 0.6), watched(20, 0.2), size_per_day=2.0)
    unsure = split_change(
        watched(60, 0.6, low=0.3, high=0.9), watched(20, 0.2, low=0.1, high=0.3), size_per_day=2.0
    )
    assert unsure.rate_low == pytest.approx(sure.rate_low)
    assert unsure.rate_high == pytest.approx(sure.rate_high)


@given(
    n=st.tuples(st.integers(0, 2000), st.integers(0, 2000)),
    share=st.tuples(st.floats(0.01, 1), st.floats(0.01, 1)),
    size=st.floats(0.1, 20),
)
def test_the_parts_add_up_and_the_interval_holds_the_rate(
    n: tuple[int, int], share: tuple[float, float], size: float
) -> None:
    change = split_change(watched(n[0], share[0]), watched(n[1], share[1]), size_per_day=size)
    assert change.reports == pytest.approx(change.watching + change.rate)
    assert change.rate_low <= change.rate <= change.rate_high
    assert change.reason in Reason
