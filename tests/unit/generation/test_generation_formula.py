"""Traced numbers are what their formula says, and a range is what their leaves at their ends give."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truceline.generation.formula import add_range, compute, evaluate
from truceline.trace import Traced


def leaf(name: str, value: float, low: float | None = None, high: float | None = None) -> Traced:
    return Traced(name, value, "1", low=low, high=high)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("a.b * c-d + 1", 7.0),
        ("(a.b - 4) / c-d", -0.5),
        ("ceil(c-d / a.b)", 1.0),
        ("floor(a.b / c-d)", 1.0),
        ("max(0, a.b - c-d - 9)", 0.0),
        ("min(a.b, c-d) - 1", 1.0),
        ("0", 0.0),
    ],
)
def test_a_formula_is_computed_as_it_is_written(formula: str, expected: float) -> None:
    assert compute("x", "x", "1", formula, (leaf("a.b", 3), leaf("c-d", 2))).value == expected


@pytest.mark.parametrize(
    "formula",
    [
        "a.b * other",
        "a.b ** 2",
        "__import__('os')",
        "fewest places of a.b",
        "a.b if 1 else 2",
        "a.b[0]",
        "True",
    ],
)
def test_what_is_not_arithmetic_in_the_parts_is_refused(formula: str) -> None:
    with pytest.raises(ValueError, match="is not arithmetic"):
        compute("x", "x", "1", formula, (leaf("a.b", 3),))


def test_a_whole_number_gains_nothing_by_rounding() -> None:
    parts = (leaf("a", 0.1), leaf("b", 3))
    assert compute("x", "x", "1", "ceil(a * b * 10)", parts).value == 3
    assert compute("x", "x", "1", "floor(a * b * 10)", (leaf("a", 0.7), leaf("b", 1 / 7))).value == 1


def test_every_leaf_goes_to_the_end_that_hurts() -> None:
    parts = (leaf("need", 10, 5, 20), leaf("rate", 2, 1, 4))
    ranged = add_range(compute("x", "x", "1", "need / rate", parts))
    assert (ranged.low, ranged.value, ranged.high) == (5 / 4, 5, 20)


def test_a_leaf_in_two_places_moves_in_both() -> None:
    tour, dwell = leaf("tour", 6, 4, 12), leaf("dwell", 18)
    cycle = compute("cycle", "c", "1", "(tour + dwell) / tour", (tour, dwell))
    ranged = add_range(compute("pool", "p", "1", "cycle * tour", (cycle, tour)))
    assert ranged.value == 24
    assert (ranged.low, ranged.high) == (22, 30)


def test_only_the_leaves_named_move() -> None:
    parts = (leaf("a", 2, 1, 3), leaf("b", 2, 1, 3))
    ranged = add_range(compute("x", "x", "1", "a * b", parts), only=["a"])
    assert (ranged.low, ranged.high) == (2, 6)


def test_a_number_explained_in_words_is_a_leaf() -> None:
    bases = Traced(
        "bases",
        3,
        "base",
        formula="fewest places from which all is reached",
        parts=(leaf("reach", 9, 1, 20),),
    )
    ranged = add_range(compute("x", "x", "1", "bases * 2", (bases,)))
    assert (ranged.low, ranged.high) == (None, None)
    assert evaluate(ranged, {"bases": 5}) == 10


def test_a_formula_that_does_not_give_its_value_is_not_believed() -> None:
    wrong = Traced("total", 7, "1", formula="a + a", parts=(leaf("a", 2, 1, 3),))
    assert add_range(compute("x", "x", "1", "total * 1", (wrong,))).low is None


def test_a_range_that_ends_in_a_division_by_nothing_is_left_open() -> None:
    ranged = add_range(compute("x", "x", "1", "1 / a", (leaf("a", 1, 0, 2),)))
    assert (ranged.low, ranged.high) == (0.5, None)


ENDS = st.tuples(*[st.floats(0.1, 100)] * 3).map(sorted)


@given(st.tuples(ENDS, ENDS, ENDS))
def test_a_range_holds_the_value_and_every_corner(ends: tuple[list[float], ...]) -> None:
    parts = tuple(leaf(name, mid, low, high) for name, (low, mid, high) in zip("abc", ends, strict=True))
    ranged = add_range(compute("x", "x", "1", "ceil(a * b) / c + a", parts))
    low = ranged.value if ranged.low is None else ranged.low
    high = ranged.value if ranged.high is None else ranged.high
    for i in range(8):
        corner = {
            name: span[2 * (i >> k & 1)] for k, (name, span) in enumerate(zip("abc", ends, strict=True))
        }
        found = evaluate(ranged, corner)
        assert low - 1e-9 * abs(low) <= found <= high + 1e-9 * abs(high)
    assert low <= ranged.value <= high
    assert math.isfinite(high)
