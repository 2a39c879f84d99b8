"""Numbers of replicates: the same whatever the chunks, inside their ranges, refused where they cannot be."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.errors import ScenarioError
from truceline.simulate.catalogue import PREFIX, load_ceasefire_assumptions
from truceline.simulate.parameters import (
    HELD,
    KIND_SHARES,
    PARAMETERS,
    POSSIBLE,
    UNIFORM,
    central_parameters,
    check_parameters,
    draw_parameters,
)

ASSUMPTIONS = load_ceasefire_assumptions()


def test_a_replicate_has_the_same_numbers_whatever_the_chunks() -> None:
    whole = draw_parameters(ASSUMPTIONS, first=0, n=37, seed=5)
    parts = [draw_parameters(ASSUMPTIONS, first=k, n=n, seed=5) for k, n in ((0, 10), (10, 1), (11, 26))]
    for name in (*PARAMETERS, *HELD):
        joined = np.concatenate([part.values[name] for part in parts])
        np.testing.assert_array_equal(whole.values[name], joined)


@settings(max_examples=25, deadline=None)
@given(first=st.integers(0, 5000), n=st.integers(1, 50), seed=st.integers(0, 2**32))
def test_a_chunk_is_the_same_part_of_the_whole(first: int, n: int, seed: int) -> None:
    chunk = draw_parameters(ASSUMPTIONS, first=first, n=n, seed=seed)
    last = draw_parameters(ASSUMPTIONS, first=first + n - 1, n=1, seed=seed)
    assert all(chunk.values[name][-1] == last.values[name][0] for name in PARAMETERS)


def test_fixing_one_number_moves_no_other() -> None:
    free = draw_parameters(ASSUMPTIONS, first=3, n=20, seed=5)
    held = draw_parameters(ASSUMPTIONS, first=3, n=20, seed=5, fixed={"delay": 2.5, "displacement_reach": 7})
    assert (held.values["delay"] == 2.5).all()
    assert (held.values["displacement_reach"] == 7).all()
    for name in {*PARAMETERS, *HELD} - {"delay", "displacement_reach"}:
        np.testing.assert_array_equal(held.values[name], free.values[name])


def test_another_seed_gives_other_numbers() -> None:
    one, other = (draw_parameters(ASSUMPTIONS, first=0, n=8, seed=seed) for seed in (1, 2))
    assert all((one.values[name] != other.values[name]).all() for name in PARAMETERS)


@pytest.mark.parametrize("name", PARAMETERS)
def test_numbers_fill_their_range_evenly_by_their_law(name: str) -> None:
    drawn = draw_parameters(ASSUMPTIONS, first=0, n=1024, seed=11).values[name]
    low, high = ASSUMPTIONS[PREFIX + name].bounds
    assert low <= drawn.min()
    assert drawn.max() <= high
    point = (drawn - low) / (high - low) if name in UNIFORM else np.log(drawn / low) / np.log(high / low)
    # 1,024 points of a Sobol sequence put 64 into each sixteenth of every axis: random ones never would
    assert (np.histogram(point, bins=16, range=(0, 1))[0] == 64).all()


def test_two_numbers_are_drawn_apart() -> None:
    values = draw_parameters(ASSUMPTIONS, first=0, n=1024, seed=11).values
    ranks = np.array([np.argsort(np.argsort(values[name])) for name in PARAMETERS])
    off = np.abs(np.corrcoef(ranks) - np.eye(len(PARAMETERS)))
    assert off.max() < 0.1


def test_a_slice_keeps_the_number_of_its_first_replicate() -> None:
    draws = draw_parameters(ASSUMPTIONS, first=100, n=20, seed=5)
    part = draws.take(slice(5, 9))
    assert (len(draws), len(part), part.first) == (20, 4, 105)
    again = draw_parameters(ASSUMPTIONS, first=105, n=4, seed=5)
    np.testing.assert_array_equal(part.values["spread"], again.values["spread"])
    with pytest.raises(ValueError, match="step 2"):
        draws.take(slice(0, 8, 2))


def test_the_numbers_travel_to_another_process() -> None:
    draws = draw_parameters(ASSUMPTIONS, first=0, n=4, seed=5)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(draws)).values["delay"], draws.values["delay"])  # noqa: S301


def test_central_numbers_are_the_stated_ones() -> None:
    draws = central_parameters(ASSUMPTIONS, {"n_self": 0.3})
    assert len(draws) == 1
    for name in {*PARAMETERS, *HELD} - {"n_self"}:
        assert draws.values[name][0] == ASSUMPTIONS.value(PREFIX + name)
    assert draws.values["n_self"][0] == 0.3


def test_kinds_are_shares_of_each_replicate() -> None:
    shares = draw_parameters(ASSUMPTIONS, first=0, n=3, seed=5).kind_shares()
    assert shares.shape == (3, len(KIND_SHARES))
    assert shares.sum(axis=1) == pytest.approx(np.ones(3))


class TestBranching:
    def test_the_packaged_ranges_always_end(self) -> None:
        check_parameters(ASSUMPTIONS)
        assert draw_parameters(ASSUMPTIONS, first=0, n=512, seed=1).branching.max() < 1

    def test_one_or_above_is_explained_and_refused(self) -> None:
        with pytest.raises(ScenarioError, match=r"reaches 1: at one or above .* never end") as caught:
            draw_parameters(ASSUMPTIONS, first=0, n=4, seed=1, fixed={"n_self": 0.6, "n_cross": 0.4})
        assert "--cap-branching" in caught.value.problems[0].hint

    def test_where_only_some_draws_would_never_end_their_share_is_told(self) -> None:
        with pytest.raises(ScenarioError, match=r"reaches 1\.1, in 13\.\d % of the draws"):
            draw_parameters(ASSUMPTIONS, first=0, n=4, seed=1, fixed={"n_self": 0.6})

    def test_a_cap_lowers_both_in_proportion_and_counts(self) -> None:
        wild = {"n_self": 1.5, "n_cross": 0.5}
        draws = draw_parameters(ASSUMPTIONS, first=0, n=4, seed=1, fixed=wild, cap_branching=0.8)
        assert draws.n_capped == 4
        assert draws.values["n_self"] == pytest.approx([0.6] * 4)
        assert draws.values["n_cross"] == pytest.approx([0.2] * 4)

    def test_a_cap_touches_no_draw_below_it(self) -> None:
        free = draw_parameters(ASSUMPTIONS, first=0, n=200, seed=1)
        capped = draw_parameters(ASSUMPTIONS, first=0, n=200, seed=1, cap_branching=0.5)
        above = free.branching > 0.5
        assert capped.n_capped == above.sum() > 10
        assert capped.branching[above] == pytest.approx(np.full(above.sum(), 0.5))
        np.testing.assert_array_equal(capped.values["n_cross"][~above], free.values["n_cross"][~above])

    @pytest.mark.parametrize("cap", [0.0, 1.0, 2.0, float("nan")])
    def test_a_cap_is_below_one(self, cap: float) -> None:
        with pytest.raises(ScenarioError, match="--cap-branching"):
            check_parameters(ASSUMPTIONS, cap_branching=cap)

    def test_a_range_that_somebody_replaced_is_looked_at_too(self) -> None:
        wider = ASSUMPTIONS.replaced({"ceasefire.n_cross": 0.7})
        with pytest.raises(ScenarioError, match="branching ratio"):
            check_parameters(wider)


class TestRefusals:
    def test_everything_wrong_is_said_at_once(self) -> None:
        fixed = {"background_rate": -0.5, "n_selfish": 0.2, "wrong_side": 1.5, "hr_backstop": 0.5, "delay": 0}
        with pytest.raises(ScenarioError) as caught:
            draw_parameters(ASSUMPTIONS, first=0, n=0, seed=-1, fixed=fixed)
        places = [problem.where for problem in caught.value.problems]
        assert places == [
            "--fix n_selfish",
            "--fix hr_backstop",
            "--fix background_rate",
            "--fix wrong_side",
            "--fix delay",
            "--replicates",
            "--seed",
        ]
        assert all(problem.hint for problem in caught.value.problems)

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
    @pytest.mark.parametrize("name", POSSIBLE)
    def test_what_is_not_a_finite_number_is_refused(self, name: str, value: float) -> None:
        with pytest.raises(ScenarioError, match=f"--fix {name}  .*not a finite number"):
            check_parameters(ASSUMPTIONS, fixed={name: value})

    @pytest.mark.parametrize("name", sorted(set(POSSIBLE) - {"hazard_exponent"}))
    def test_nothing_but_the_power_of_the_level_may_be_negative(self, name: str) -> None:
        with pytest.raises(ScenarioError, match=f"--fix {name}  -0.01"):
            check_parameters(ASSUMPTIONS, fixed={name: -0.01})

    def test_the_shares_of_kinds_must_sum_to_one(self) -> None:
        with pytest.raises(ScenarioError, match=r"shares of kinds  sum to 1\.3"):
            check_parameters(ASSUMPTIONS, fixed={"kind_small_arms": 0.9})

    def test_the_ladder_cannot_have_more_than_all_steps(self) -> None:
        with pytest.raises(ScenarioError, match="steps of the ladder"):
            check_parameters(ASSUMPTIONS, fixed={"escalation_stay": 0.8})

    def test_a_replaced_record_is_checked_like_a_fixed_value(self) -> None:
        with pytest.raises(ScenarioError, match=r"ceasefire\.size_mean  0\.5 is out of bounds"):
            check_parameters(ASSUMPTIONS.replaced({"ceasefire.size_mean": 0.5}))
