"""Weighted mean and median: reference values, ties, properties, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_talks import read_table

from truceline.errors import ScenarioError
from truceline.talks.averages import average_positions, find_median

ACTORS = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 9)), min_size=1, max_size=9).filter(
    lambda drawn: any(weight for _, weight in drawn)
)


def test_mean_and_median_of_the_reference_case_are_met(shared: Path) -> None:
    folder = shared / "data" / "reference" / "talks"
    actors = read_table(folder / "exchange_tiny_actors.csv")
    expected = read_table(folder / "exchange_tiny_expected.csv")
    assert len(expected) == 2
    for row in expected:
        mine = [actor for actor in actors if actor["issue"] == row["issue"]]
        position = [float(actor["position"]) for actor in mine]
        weight = [float(actor["salience"]) * float(actor["power"]) for actor in mine]
        assert average_positions(position, weight) == pytest.approx(float(row["compromise_mean"]), abs=1e-6)
        median = find_median(position, weight)
        assert median.value == pytest.approx(float(row["weighted_median"]), abs=1e-6)
        assert not median.is_tie


def test_weight_divided_evenly_is_a_tie_and_the_lower_position_is_taken() -> None:
    median = find_median([60, 10, 30], [3, 1, 2])
    assert (median.low, median.high, median.value, median.is_tie) == (30, 60, 30, True)


def test_a_tie_is_seen_through_rounding() -> None:
    assert find_median([0, 1, 2, 3], [0.1, 0.2, 0.3, 0.0]).is_tie is True
    assert find_median([0, 1], [0.1 + 0.2, 0.3]).is_tie is True


def test_who_has_no_weight_is_never_the_median_of_a_tie() -> None:
    median = find_median([0, 50, 100], [1, 0, 1])
    assert (median.low, median.high) == (0, 100)


@given(ACTORS)
def test_the_median_has_half_of_the_weight_on_either_side(drawn: list[tuple[int, int]]) -> None:
    position, weight = (np.array(column, dtype=float) for column in zip(*drawn, strict=True))
    median, half = find_median(position, weight), weight.sum() / 2
    assert weight[position <= median.low].sum() >= half
    assert weight[position < median.low].sum() < half
    assert weight[position >= median.high].sum() >= half
    assert weight[position > median.high].sum() < half


@given(ACTORS, st.floats(0.01, 100), st.floats(-50, 50))
def test_both_follow_the_scale_and_ignore_the_unit_of_weight(
    drawn: list[tuple[int, int]], factor: float, shift: float
) -> None:
    position, weight = (np.array(column, dtype=float) for column in zip(*drawn, strict=True))
    mean, median = average_positions(position, weight), find_median(position, weight)
    assert average_positions(position + shift, weight * factor) == pytest.approx(mean + shift)
    assert find_median(position + shift, weight * factor).high == pytest.approx(median.high + shift)
    assert find_median(position + shift, weight * factor).low == pytest.approx(median.low + shift)
    mirrored = find_median(-position, weight)
    assert (mirrored.low, mirrored.high) == (-median.high, -median.low)
    assert position.min() - 1e-9 <= mean <= position.max() + 1e-9


@pytest.mark.parametrize(
    ("position", "weight", "said"),
    [
        ([], [], ["give one weight a position"]),
        ([1, 2], [1], ["(2,) positions and (1,) weights"]),
        ([np.nan, 1], [-1, 2], ["not a number", "below zero"]),
        ([1, 2], [0, 0], ["all zero"]),
        ([1, 2], [np.inf, 1], ["not a number"]),
    ],
)
def test_what_is_no_position_or_weight_is_refused(
    position: list[float], weight: list[float], said: list[str]
) -> None:
    for ask in (average_positions, find_median):
        with pytest.raises(ScenarioError) as caught:
            ask(position, weight)
        assert all(words in str(caught.value) for words in said)
        assert len(caught.value.problems) == len(said)
