"""The election of options: reference values, plain twins, stationary shares, top sets, cycles and ties."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from made_talks import read_table

from truceline.errors import ScenarioError
from truceline.talks import _condorcet_reference as plain
from truceline.talks.condorcet import (
    SELF_CHALLENGE,
    beats,
    elect,
    find_chances,
    find_conditional,
    find_majority,
    find_strength,
)

STRENGTHS = st.integers(2, 5).flatmap(
    lambda m: arrays(np.float64, (m, m), elements=st.sampled_from([0.0, 0.5, 1.0, 1.5, 2.0, 7.0]))
)
ROCK = [[0.0, 2.0, 1.0], [1.0, 0.0, 2.0], [2.0, 1.0, 0.0]]
"""Each option beats the next and loses to the one after."""


@pytest.mark.parametrize("case", ["two_option", "three_option"])
def test_the_published_run_is_met(shared: Path, case: str) -> None:
    rows = [
        row
        for row in read_table(shared / "data" / "reference" / "talks" / "pce_demo.csv")
        if row["case"] == case
    ]
    m = len(rows)
    assert m == {"two_option": 2, "three_option": 3}[case]
    strength = [[float(row[f"c_vs_{j}"]) for j in range(m)] for row in rows]
    election = elect(strength, "square")
    for i, row in enumerate(rows):
        for j in range(m):
            assert election.p_beats[i, j] == pytest.approx(float(row[f"p_beats_{j}"]), abs=1e-6)
        for concept in ("markov_uniform", "markov_incentive", "conditional"):
            assert getattr(election, concept)[i] == pytest.approx(float(row[concept]), abs=1e-6)


@given(st.data())
def test_strength_is_that_of_the_plain_sum(data: st.DataObject) -> None:
    n, m = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 5))
    numbers = st.floats(-5, 5, allow_subnormal=False)
    utility = data.draw(arrays(np.float64, (n, m), elements=numbers))
    weight = data.draw(arrays(np.float64, n, elements=st.floats(0, 9, allow_subnormal=False)))
    found = find_strength(utility, weight, least=0.25)
    expected = np.array(plain.sum_strength(utility.tolist(), weight.tolist())) + 0.25
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("rule", "exponent"), [("linear", 1.0), ("square", 2.0)])
@given(strength=STRENGTHS)
def test_chances_are_those_of_the_plain_twin(rule: str, exponent: float, strength: np.ndarray) -> None:
    found = find_chances(strength, rule)  # type: ignore[arg-type]
    np.testing.assert_allclose(found, plain.find_chances(strength.tolist(), exponent), atol=1e-12)
    np.testing.assert_allclose(found + found.T, 1.0, atol=1e-12)


@given(STRENGTHS)
def test_conditional_shares_are_those_of_winning_all_pairs(strength: np.ndarray) -> None:
    election = elect(strength)
    products = election.p_beats.prod(axis=1)
    if products.max() == 0:
        np.testing.assert_allclose(election.conditional, 1 / len(strength))
    else:
        np.testing.assert_allclose(
            election.conditional, plain.find_conditional(election.p_beats.tolist()), atol=1e-12
        )


def test_an_option_that_is_sure_to_win_all_its_pairs_has_the_whole_share() -> None:
    election = elect([[0, 1, 1], [0, 0, 3], [0, 1, 0]])
    np.testing.assert_allclose(election.conditional, [1, 0, 0])
    assert election.p_beats[0, 1] == 1
    assert election.p_beats[1, 0] == 0


def test_where_every_option_is_sure_to_lose_a_pair_the_shares_are_even() -> None:
    election = elect([[0, 1, 0], [0, 0, 1], [1, 0, 0]])
    np.testing.assert_allclose(election.conditional, 1 / 3)


def test_many_options_do_not_underflow() -> None:
    """Products of 1,500 halves are no float any more: the shares are."""
    np.testing.assert_allclose(find_conditional(np.full((1_500, 1_500), 0.5)), 1 / 1_500)


@given(STRENGTHS)
def test_stationary_shares_stay_where_they_are_and_sum_to_one(strength: np.ndarray) -> None:
    election = elect(strength)
    c, p = election.strength.tolist(), election.p_beats.tolist()
    evenly, incentive = election.markov_uniform, election.markov_incentive
    np.testing.assert_allclose(plain.step_evenly(p, evenly.tolist()), evenly, atol=1e-9)
    moved = plain.step_by_incentive(c, p, incentive.tolist(), SELF_CHALLENGE)
    np.testing.assert_allclose(moved, incentive, atol=1e-9)
    for shares in (evenly, incentive):
        assert shares.sum() == pytest.approx(1)
        assert (shares >= 0).all()


@settings(max_examples=15)
@given(arrays(np.float64, (4, 4), elements=st.floats(0.1, 5)))
def test_stationary_shares_are_where_repeated_steps_lead(strength: np.ndarray) -> None:
    election = elect(strength)
    c, p = election.strength.tolist(), election.p_beats.tolist()
    evenly = incentive = [0.25] * 4
    for _ in range(800):
        evenly = plain.step_evenly(p, evenly)
        incentive = plain.step_by_incentive(c, p, incentive, SELF_CHALLENGE)
    assert election.is_unique
    np.testing.assert_allclose(election.markov_uniform, evenly, atol=1e-9)
    np.testing.assert_allclose(election.markov_incentive, incentive, atol=1e-9)


def test_options_that_never_meet_leave_more_than_one_long_run_and_that_is_said() -> None:
    """Two pairs, nobody cares between them: each pair keeps the half that it starts with."""
    strength = np.zeros((4, 4))
    strength[0, 1], strength[1, 0], strength[2, 3], strength[3, 2] = 3, 1, 1, 1
    election = elect(strength)
    assert not election.is_unique
    np.testing.assert_allclose(election.markov_incentive.sum(), 1)
    np.testing.assert_allclose(election.markov_incentive[:2].sum(), 0.5)
    moved = plain.step_by_incentive(
        strength.tolist(), election.p_beats.tolist(), election.markov_incentive.tolist(), SELF_CHALLENGE
    )
    np.testing.assert_allclose(moved, election.markov_incentive, atol=1e-9)


@given(STRENGTHS)
def test_the_top_set_is_the_smallest_that_beats_all_others(strength: np.ndarray) -> None:
    election = elect(strength)
    first = plain.list_unbeaten_sets(election.strength.tolist())[0]
    assert set(election.top_cycle) == first


@given(STRENGTHS)
def test_a_cycle_is_that_every_option_is_beaten(strength: np.ndarray) -> None:
    election = elect(strength)
    c = election.strength
    size = range(len(c))
    assert election.has_cycle is all(any(c[j, i] > c[i, j] for j in size) for i in size)
    assert election.n_ties == sum(c[i, j] == c[j, i] for i in size for j in range(i))


def test_a_cycle_of_three_is_said() -> None:
    election = elect(ROCK)
    assert election.has_cycle
    assert election.top_cycle == (0, 1, 2)
    assert election.n_ties == 0
    np.testing.assert_allclose(election.markov_uniform, 1 / 3)


def test_an_option_that_loses_to_all_of_a_cycle_is_not_of_it() -> None:
    strength = np.pad(np.array(ROCK), (0, 1))
    strength[:3, 3] = 1
    election = elect(strength)
    assert election.has_cycle
    assert election.top_cycle == (0, 1, 2)


def test_strengths_that_differ_by_rounding_are_a_tie() -> None:
    assert not beats(np.array([[0, 0.1 + 0.2], [0.3, 0]])).any()
    assert elect([[0, 0.1 + 0.2], [0.3, 0]]).n_ties == 1


def test_the_diagonal_is_not_read() -> None:
    with_it, without = elect([[9, 2], [1, 5]]), elect([[0, 2], [1, 0]])
    np.testing.assert_array_equal(with_it.markov_incentive, without.markov_incentive)


def test_one_option_alone_has_everything() -> None:
    election = elect([[0]])
    assert not election.has_cycle
    assert election.top_cycle == (0,)
    assert election.conditional[0] == election.markov_uniform[0] == election.markov_incentive[0] == 1


@pytest.mark.parametrize(
    ("strength", "rule", "said"),
    [
        ([[1, 2]], "linear", ["shape (1, 2)"]),
        ([], "linear", ["shape (0,)"]),
        ([[0, -1], [1, 0]], "cube", ["below zero", "'cube' is not a rule"]),
        ([[0, np.nan], [1, 0]], "linear", ["not a number"]),
    ],
)
def test_what_is_no_strength_is_refused(strength: list[list[float]], rule: str, said: list[str]) -> None:
    with pytest.raises(ScenarioError) as caught:
        elect(strength, rule)  # type: ignore[arg-type]
    assert all(words in str(caught.value) for words in said)
    assert len(caught.value.problems) == len(said)


@given(
    arrays(np.float64, (4, 3), elements=st.integers(0, 5).map(float)),
    arrays(np.float64, 4, elements=st.integers(0, 5).map(float)),
)
def test_a_majority_is_the_weight_of_those_who_like_one_better(utility: Any, weight: Any) -> None:
    majority = find_majority(utility, weight)
    for a in range(3):
        for b in range(3):
            likes = sum(w for row, w in zip(utility, weight, strict=True) if row[a] > row[b])
            assert majority[a, b] == pytest.approx(likes)
