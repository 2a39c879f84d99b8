"""Filters: what fits a table, and how much of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from truceline.events.schema import INCIDENTS, JUDGEMENTS
from truceline.store.filters import (
    DEPTH_MAX,
    N_PARTS_MAX,
    AllOf,
    Between,
    Compare,
    Filter,
    Like,
    Missing,
    Not,
    OneOf,
    check_filter,
)


@pytest.mark.parametrize(
    "fitting",
    [
        Compare("kind", "=", "shelling"),
        Compare("n_reports", ">", 2),
        Compare("n_reports", ">", 2.5),
        Compare("count_best", "<=", 10),
        Compare("time_from", "<", datetime(2025, 4, 20)),
        OneOf("kind", ("shot", "burst")),
        Between("lon", 37, 38.5),
        Like("place", "Піс\\_%"),
        Not(Missing("merged_into")),
        AllOf(()),
    ],
)
def test_what_fits_its_columns_passes(fitting: Filter) -> None:
    check_filter(INCIDENTS, fitting)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (Compare("kind", "=", 3), "kind holds text, and 3 is none"),
        (Compare("n_reports", "=", "3"), "n_reports holds integer, and '3' is none"),
        (Compare("n_reports", "=", True), "n_reports holds integer, and True is none"),
        (Compare("n_reports", "=", 2**63), "n_reports holds numbers of 64 bits"),
        (OneOf("lon", (37.5, float("nan"))), "NaN compares with nothing"),
        (Compare("time_from", "<", datetime(2025, 4, 20, tzinfo=UTC)), "times are UTC without zone"),
        (Compare("place", "=", "a\0b"), "no text"),
        (Compare("place", "=", "\ud800"), "no text"),
        (Like("lon", "3%"), "a pattern goes with text"),
        (Like("place", "a\\\\\\"), "does not end in a single backslash"),
    ],
)
def test_what_does_not_fit_is_refused(wrong: Filter, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        check_filter(INCIDENTS, Not(wrong))


def test_a_truth_is_neither_more_nor_less() -> None:
    check_filter(JUDGEMENTS, Compare("is_exercise", "=", False))
    for wrong in (Compare("is_exercise", "<", True), Between("is_exercise", False, True)):
        with pytest.raises(ValueError, match="neither more nor less"):
            check_filter(JUDGEMENTS, wrong)
    with pytest.raises(ValueError, match="is_exercise holds truth, and 1 is none"):
        check_filter(JUDGEMENTS, Compare("is_exercise", "=", 1))


def test_a_column_of_another_table_is_none() -> None:
    with pytest.raises(KeyError, match="verdict"):
        check_filter(INCIDENTS, Missing("verdict"))


def nested(depth: int) -> Any:
    made: Filter = Missing("kind")
    for _ in range(depth - 1):
        made = Not(made)
    return made


def test_a_filter_has_bounds() -> None:
    check_filter(INCIDENTS, nested(DEPTH_MAX))
    check_filter(INCIDENTS, AllOf((Missing("kind"),) * (N_PARTS_MAX - 1)))
    for too_large in (nested(DEPTH_MAX + 1), nested(5000), AllOf((Missing("kind"),) * N_PARTS_MAX)):
        with pytest.raises(ValueError, match="at most"):
            check_filter(INCIDENTS, too_large)
