"""Height errors: the same in every window, of the size and reach asked for, independent between draws."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from truceline.geo.heights_error import error_window, perturb_terrain
from truceline.geo.terrain import Terrain


def window(row0: int = 0, col0: int = 0, n_rows: int = 60, n_cols: int = 80, **changes: float) -> NDArray:
    asked = {"cell_m": 30.0, "error_m": 3.0, "correlation_m": 200.0, "draw": 0, "seed": 7, **changes}
    cell_m = asked.pop("cell_m")
    return error_window(row0, col0, n_rows, n_cols, cell_m, **asked)  # type: ignore[arg-type]


@given(
    row0=st.integers(-500, 500),
    col0=st.integers(-500, 500),
    down=st.integers(0, 40),
    right=st.integers(0, 40),
    n_rows=st.integers(1, 40),
    n_cols=st.integers(1, 40),
    correlation_m=st.floats(5, 5_000),
    draw=st.integers(0, 50),
    seed=st.integers(-5, 2**70),
)
def test_windows_that_overlap_agree_in_every_bit(
    row0: int,
    col0: int,
    down: int,
    right: int,
    n_rows: int,
    n_cols: int,
    correlation_m: float,
    draw: int,
    seed: int,
) -> None:
    asked = {"correlation_m": correlation_m, "draw": draw, "seed": seed}
    large = window(row0, col0, down + n_rows, right + n_cols, **asked)
    small = window(row0 + down, col0 + right, n_rows, n_cols, **asked)
    np.testing.assert_array_equal(large[down:, right:], small)
    assert np.isfinite(large).all()
    assert large.dtype == np.float32


def test_the_same_errors_come_out_on_every_machine() -> None:
    # Whole numbers, products and sums only: these bytes may change with the method, not with the machine.
    digest = hashlib.sha256(window().tobytes()).hexdigest()
    assert digest[:16] == "3ed9b5c6d1c6ada8"


def test_the_standard_deviation_is_the_one_asked_for_in_every_cell() -> None:
    draws = np.stack([window(n_rows=12, n_cols=12, draw=draw) for draw in range(2_000)])
    assert draws.std() == pytest.approx(3.0, rel=0.03)
    # 2,000 draws leave 1.6 % of doubt about each cell's own spread; 144 cells reach four times that.
    assert draws.std(axis=0) == pytest.approx(np.full((12, 12), 3.0), rel=0.07)
    assert abs(draws.mean()) < 0.1


def test_errors_are_normal() -> None:
    errors = np.concatenate([window(n_rows=300, n_cols=300, draw=d, correlation_m=40.0) for d in range(12)])
    standard = (errors / errors.std()).ravel()
    assert np.mean(np.abs(standard) < 1) == pytest.approx(0.6827, abs=0.01)
    assert np.mean(np.abs(standard) > 2) == pytest.approx(0.0455, abs=0.004)
    assert np.mean(standard**4) == pytest.approx(3.0, abs=0.12)


@pytest.mark.parametrize(("steps", "slant"), [(10, 7), (17, 12), (24, 17)])
def test_errors_correlate_by_one_over_e_at_the_correlation_length(steps: int, slant: int) -> None:
    """In rows, in columns and aslant; 0.03 is four standard errors at the widest correlation."""
    draws = np.stack(
        [window(n_rows=120, n_cols=120, cell_m=10.0, correlation_m=10.0 * steps, draw=d) for d in range(800)]
    )
    expected = np.exp(-1)
    for there, here in (
        (draws[:, steps:], draws[:, :-steps]),
        (draws[:, :, steps:], draws[:, :, :-steps]),
        (draws[:, slant:, slant:], draws[:, :-slant, :-slant]),
    ):
        assert np.mean(there * here, dtype=np.float64) / 9.0 == pytest.approx(expected, abs=0.03)
    assert abs(np.mean(draws[:, 4 * steps :] * draws[:, : -4 * steps], dtype=np.float64)) / 9.0 < 0.03


def test_draws_and_seeds_are_independent() -> None:
    many = [
        window(n_rows=200, n_cols=200, correlation_m=30.0, draw=d, seed=s) for d in (0, 1) for s in (0, 1)
    ]
    for i, one in enumerate(many):
        for other in many[:i]:
            assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.03


def test_a_correlation_shorter_than_a_cell_is_one_cell() -> None:
    np.testing.assert_array_equal(window(correlation_m=1e-6), window(correlation_m=30.0))


def test_no_error_is_none() -> None:
    assert not window(error_m=0.0).any()


@pytest.mark.parametrize(
    "changes",
    [
        {"cell_m": 0.0},
        {"correlation_m": -1.0},
        {"correlation_m": float("inf")},
        {"error_m": float("nan")},
        {"error_m": -1.0},
        {"draw": -1},
    ],
)
def test_sizes_that_mean_nothing_are_refused(changes: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"give at least|positive sizes"):
        window(**changes)


def test_an_empty_window_is_refused() -> None:
    with pytest.raises(ValueError, match="0 x 80 cells"):
        window(n_rows=0)


def test_a_perturbed_terrain_keeps_its_place_and_its_unknown_ground() -> None:
    height_m = np.full((600, 50), 100.0, np.float32)
    height_m[3, 4] = np.nan
    terrain = Terrain(height_m, 1.0, 2.0, 30.0, None, "surface", "made up", native_cell_m=40.0)
    doubted = perturb_terrain(terrain, error_m=3.0, correlation_m=200.0, draw=2, seed=7)
    expected = window(0, 0, 600, 50, draw=2) + np.float32(100.0)
    expected[3, 4] = np.nan
    np.testing.assert_array_equal(doubted.height_m, expected)
    assert terrain.height_m[0, 0] == 100.0
    assert (doubted.x_origin_m, doubted.y_origin_m, doubted.native_cell_m) == (1.0, 2.0, 40.0)
