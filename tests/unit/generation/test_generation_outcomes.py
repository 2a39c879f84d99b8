"""Reading between the entries of the table of watch outcomes."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from truceline.generation.model import WatchOutcomes
from truceline.generation.outcomes import MEASURES, read_outcome

TASKS = ("isr-space", "isr-air", "isr-sea")
STRENGTH = np.array([0.0, 0.5, 1.0])
shares = st.floats(0, 1)


def make_outcomes() -> WatchOutcomes:
    """Return outcomes that grow with people and with every task, each by an amount of its own."""
    column = np.array(
        [sum(gain for bit, gain in enumerate((0.01, 0.04, 0.0)) if mask >> bit & 1) for mask in range(8)]
    )
    detect = np.array([[0.0], [0.4], [0.6]]) + STRENGTH[:, None] * column
    return WatchOutcomes(TASKS, STRENGTH, detect, detect / 2, detect / 10)


@pytest.mark.parametrize("measure", MEASURES)
def test_entries_of_the_table_come_back_as_they_are(measure: str) -> None:
    outcomes = make_outcomes()
    for row, mask in product(range(3), range(8)):
        filled = {task: float(mask >> bit & 1) for bit, task in enumerate(TASKS)}
        found = read_outcome(outcomes, measure, float(STRENGTH[row]), filled)
        assert found == pytest.approx(getattr(outcomes, measure)[row, mask], abs=1e-12)


def test_half_the_people_and_half_a_task_lie_half_way() -> None:
    outcomes = make_outcomes()
    assert read_outcome(outcomes, "detect", 0.75, {}) == pytest.approx(0.5)
    assert read_outcome(outcomes, "detect", 1.0, {"isr-air": 0.5}) == pytest.approx(0.62)


def test_what_is_beyond_the_table_is_taken_at_its_edge() -> None:
    outcomes = make_outcomes()
    assert read_outcome(outcomes, "detect", 3.0, {"isr-air": 2.0}) == pytest.approx(0.64)
    assert read_outcome(outcomes, "detect", -1.0, {"isr-air": -2.0}) == 0.0


def test_an_entry_that_nobody_can_pass_stays_unknown() -> None:
    outcomes = make_outcomes()
    blank = WatchOutcomes(TASKS, STRENGTH, outcomes.detect, outcomes.verify, np.full((3, 8), math.nan))
    assert math.isnan(read_outcome(blank, "weakest", 0.5, {}))


@given(shares, shares, shares, shares)
def test_more_people_or_more_intelligence_never_lowers_it(
    low: float, high: float, space: float, air: float
) -> None:
    low, high = sorted((low, high))
    outcomes = make_outcomes()
    filled = {"isr-space": space, "isr-air": air}
    assert (
        read_outcome(outcomes, "detect", low, filled)
        <= read_outcome(outcomes, "detect", high, filled) + 1e-12
    )
    assert (
        read_outcome(outcomes, "detect", 1.0, {"isr-air": low})
        <= read_outcome(outcomes, "detect", 1.0, {"isr-air": high}) + 1e-12
    )
