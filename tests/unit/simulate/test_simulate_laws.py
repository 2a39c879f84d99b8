"""The closed forms against every row of the table of vectors, and against slow ways to the same numbers."""

from __future__ import annotations

import csv
import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from truceline.detection import inspection
from truceline.simulate import laws

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "simulate" / "ceasefire_examples.csv"
ROWS = list(csv.DictReader(GOLDEN.read_text(encoding="utf-8").splitlines()))
Inputs = dict[str, Any]

LAWS = {
    "hawkes_mean_rate": lambda i: laws.expect_rate(i["mu"], i["n"]),
    "hawkes_longrun_fano": lambda i: laws.expect_fano(i["n"]),
    "hawkes_mean_cluster": lambda i: laws.expect_cluster_size(i["n"]),
    "borel_cluster_size": lambda i: laws.find_cluster_chance(i["n"], i["k"]),
    "hawkes_quiet_offspring": lambda i: laws.find_quiet_chance(i["n"]),
    "hawkes_loglik": lambda i: laws.find_log_likelihood(i["times"], i["T"], i["mu"], i["n"], i["beta"]),
    "hawkes_residual": lambda i: laws.rescale_gaps(i["times"], i["mu"], i["n"], i["beta"])[i["index"]],
    "thinned_hawkes_fano": lambda i: laws.expect_thinned_fano(i["n"], i["q"]),
    "apparent_branching_ratio": lambda i: laws.expect_apparent_branching(i["n"], i["q"]),
    "multitype_spectral_radius": lambda i: laws.find_spectral_radius(i["N"]),
    "multitype_mean_rate": lambda i: laws.expect_rates(i["mu"], i["N"])[i["index"]],
    "exponential_survival": lambda i: laws.survive_exponential(i["mean_d"], i["t_d"]),
    "hazard_ratio_survival": lambda i: laws.survive_under_ratio(i["S0"], i["HR"]),
    "troop_slope": lambda i: laws.find_troop_slope(i["y0"], i["y10k"], 10),
    "cross_branching_from_silence": lambda i: laws.branching_from_quiet(i["one_sided"]),
    "growth_to_doubling": lambda i: laws.find_doubling_time(
        i["rate0_per_week"], i["rate1_per_week"], i["weeks"]
    ),
}


@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_a_law_agrees_with_its_vector(row: dict[str, str]) -> None:
    found = float(LAWS[row["model"]](json.loads(row["inputs_json"])))
    expected, tolerance = float(row["expected"]), float(row["tolerance"])
    scale = abs(expected) if row["tolerance_kind"] == "rel" else 1.0
    assert abs(found - expected) <= tolerance * scale


def test_every_row_of_the_specification_is_here_and_every_law_has_one() -> None:
    assert [row["id"] for row in ROWS] == [f"R{number}" for number in range(1, 19)]
    assert {row["model"] for row in ROWS} == set(LAWS)


def test_the_kept_table_is_that_of_the_design_notes(shared: Path) -> None:
    table = shared / "data" / "reference" / "ceasefire_examples.csv"
    assert table.read_text(encoding="utf-8") == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(inspection.dresher_value(4, 2), 0.2727272727, id="M1"),
        pytest.param(inspection.dresher_value(12, 3), 0.5518394649, id="M2"),
        pytest.param(inspection.deterring_detection(1, 4, 0.6), 0.3333333333, id="M3"),
    ],
)
def test_an_inspection_game_agrees_with_its_vector(found: float, expected: float) -> None:
    assert found == pytest.approx(expected, abs=1e-9)


def test_dreshers_value_is_that_of_the_game_played_backwards() -> None:
    """The game itself: inspect or not, violate or not, each period a 2 x 2 game of what is left."""

    def play(n_periods: int, n_inspections: int) -> float:
        if n_inspections == 0:
            return 1.0  # nobody will look: violate
        if n_inspections == n_periods:
            return 0.0  # everything is looked at: stay legal
        # rows: act, stay; columns: inspected, not. Acting pays +1 unseen and -1 seen.
        matrix = ((-1.0, 1.0), (play(n_periods - 1, n_inspections - 1), play(n_periods - 1, n_inspections)))
        (a, b), (c, d) = matrix
        return (a * d - b * c) / (a + d - b - c)

    for n_periods, n_inspections in ((4, 2), (12, 3), (5, 1)):
        assert inspection.dresher_value(n_periods, n_inspections) == pytest.approx(
            play(n_periods, n_inspections)
        )


class TestClusters:
    @pytest.mark.parametrize("branching", [0.0, 0.2, 0.6])
    def test_chances_of_all_sizes_sum_to_one_and_to_the_mean(self, branching: float) -> None:
        chances = [laws.find_cluster_chance(branching, size) for size in range(1, 400)]
        assert sum(chances) == pytest.approx(1, abs=1e-9)
        mean = sum(size * chance for size, chance in enumerate(chances, start=1))
        assert mean == pytest.approx(laws.expect_cluster_size(branching), rel=1e-6)

    def test_a_branching_simulation_has_these_sizes(self) -> None:
        rng, branching, n = np.random.default_rng(4), 0.6, 40_000
        sizes, living = np.ones(n), np.ones(n)
        while living.any():
            living = rng.poisson(branching * living)
            sizes += living
        assert sizes.mean() == pytest.approx(laws.expect_cluster_size(branching), rel=0.03)
        assert (sizes == 1).mean() == pytest.approx(laws.find_quiet_chance(branching), abs=0.01)
        assert (sizes == 3).mean() == pytest.approx(laws.find_cluster_chance(branching, 3), abs=0.006)

    @given(st.floats(0.01, 0.99))
    def test_silence_and_branching_are_each_others_inverse(self, branching: float) -> None:
        quiet = laws.find_quiet_chance(branching)
        assert laws.branching_from_quiet(quiet) == pytest.approx(branching)


class TestLikelihood:
    TIMES = (1.0, 2.0, 2.5, 5.0)
    MU, N, BETA, END = 0.5, 0.6, 2.0, 6.0

    def intensity(self, at: float) -> float:
        past = [time for time in self.TIMES if time < at]
        return self.MU + sum(self.N * self.BETA * math.exp(-self.BETA * (at - time)) for time in past)

    def integral(self, start: float, end: float) -> float:
        """Return the integral of the intensity by midpoints: no event lies inside."""
        n = 4000
        step = (end - start) / n
        return step * sum(self.intensity(start + (k + 0.5) * step) for k in range(n))

    def test_the_sum_is_that_of_the_intensity_itself(self) -> None:
        edges = [0.0, *self.TIMES, self.END]
        area = sum(self.integral(a, b) for a, b in pairwise(edges))
        expected = sum(math.log(self.intensity(time)) for time in self.TIMES) - area
        found = laws.find_log_likelihood(self.TIMES, self.END, self.MU, self.N, self.BETA)
        assert found == pytest.approx(expected, abs=1e-5)

    def test_gaps_are_the_integrals_between_events(self) -> None:
        edges = [0.0, *self.TIMES]
        expected = [self.integral(a, b) for a, b in pairwise(edges)]
        found = laws.rescale_gaps(self.TIMES, self.MU, self.N, self.BETA)
        assert found == pytest.approx(expected, abs=1e-5)

    @given(st.lists(st.floats(0, 50), max_size=30))
    def test_without_contagion_it_is_poisson(self, times: list[float]) -> None:
        times = sorted(times)
        found = laws.find_log_likelihood(times, 50.0, 0.7, 0.0, 1.0)
        assert found == pytest.approx(len(times) * math.log(0.7) - 0.7 * 50)
        assert laws.rescale_gaps(times, 0.7, 0.0, 1.0).sum() == pytest.approx(0.7 * max(times, default=0.0))

    @pytest.mark.parametrize("times", [(2.0, 1.0), (-1.0, 2.0), (1.0, 7.0)])
    def test_times_out_of_order_or_outside_the_watch_are_refused(self, times: tuple[float, ...]) -> None:
        with pytest.raises(ValueError, match="in order"):
            laws.find_log_likelihood(times, self.END, self.MU, self.N, self.BETA)


class TestTypesAndThinning:
    @given(st.floats(0, 0.45), st.floats(0, 0.5))
    def test_two_equal_sides_branch_by_the_sum(self, own: float, cross: float) -> None:
        matrix = [[own, cross], [cross, own]]
        assert laws.find_spectral_radius(matrix) == pytest.approx(own + cross)
        assert laws.expect_rates([0.3, 0.3], matrix) == pytest.approx(
            [laws.expect_rate(0.3, own + cross)] * 2
        )

    @given(st.floats(0, 0.95), st.floats(0, 1))
    def test_missing_events_only_hides_contagion(self, branching: float, kept: float) -> None:
        apparent = laws.expect_apparent_branching(branching, kept)
        assert -1e-12 <= apparent <= branching + 1e-12
        assert laws.expect_apparent_branching(branching, 1.0) == pytest.approx(branching)

    @pytest.mark.parametrize(("kept", "apparent"), [(0.75, 0.550), (0.5, 0.475), (0.25, 0.342)])
    def test_it_is_as_the_specification_says(self, kept: float, apparent: float) -> None:
        assert laws.expect_apparent_branching(0.6, kept) == pytest.approx(apparent, abs=5e-4)


class TestSurvival:
    def test_a_ratio_works_on_whole_curves(self) -> None:
        found = laws.survive_under_ratio([1.0, 0.5, 0.0], [[0.5], [1.0]])
        assert found == pytest.approx(np.array([[1, 0.70710678, 0], [1, 0.5, 0]]))

    @given(st.floats(10, 1000), st.floats(0, 1000), st.floats(0, 2))
    def test_a_ratio_divides_the_mean_time(self, mean: float, time: float, ratio: float) -> None:
        base = laws.survive_exponential(mean, time)
        assert laws.survive_under_ratio(base, ratio) == pytest.approx(math.exp(-ratio * time / mean))

    def test_a_falling_rate_halves(self) -> None:
        assert laws.find_doubling_time(8, 2, 4) == pytest.approx(-2)


REFUSED = [
    (laws.expect_rate, (0.5, 1.0), "no cluster ends"),
    (laws.expect_rate, (-0.5, 0.2), "background of -0.5"),
    (laws.expect_fano, (1.2,), "no cluster ends"),
    (laws.expect_fano, (math.nan,), "no cluster ends"),
    (laws.expect_rates, ([1.0, 1.0], [[0.6, 0.5], [0.5, 0.6]]), "no cluster ends"),
    (laws.expect_rates, ([-1.0, 1.0], [[0.1, 0.1], [0.1, 0.1]]), "negative"),
    (laws.find_spectral_radius, ([[0.1, 0.2]],), "square"),
    (laws.find_spectral_radius, ([[-0.1]],), "square and has no negative"),
    (laws.expect_thinned_fano, (0.6, 1.5), "share"),
    (laws.find_cluster_chance, (0.6, 0), "at least its first"),
    (laws.find_quiet_chance, (-0.1,), "0 or more"),
    (laws.branching_from_quiet, (0.0,), "above 0"),
    (laws.survive_exponential, (0.0, 3.0), "above zero"),
    (laws.survive_exponential, (3.0, -1.0), "time of -1"),
    (laws.survive_under_ratio, (1.2, 0.5), "between 0 and 1"),
    (laws.survive_under_ratio, (0.5, -0.5), "negative"),
    (laws.find_troop_slope, (22, 0, 10), "above zero"),
    (laws.find_doubling_time, (5, 5, 1), "differ"),
]


@pytest.mark.parametrize(("law", "inputs", "message"), REFUSED)
def test_numbers_that_mean_nothing_are_refused(law: Any, inputs: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        law(*inputs)
