"""Voting power: the reference tables, every coalition tried on drawn games, and thousands of players."""

from __future__ import annotations

import csv
import math
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from truceline.errors import ScenarioError
from truceline.talks import _voting_reference as reference
from truceline.talks._voting_game import fraction_from
from truceline.talks.voting import PowerIndices, measure_voting_power

GAMES = ("eec_1958", "nassau_board_6", "stach_2011_4", "near_tie", "unanimity_3")
WEIGHTS = st.sampled_from([0, 1, 2, 3, 3, 5, 10, 0.1, 0.2, 0.08, 0.25, Fraction(1, 3), Decimal("1.50")])


@st.composite
def drawn_games(draw: st.DrawFn) -> tuple[list[object], Fraction, list[int]]:
    weights = draw(st.lists(WEIGHTS, min_size=2, max_size=8))
    total = sum(map(fraction_from, weights))
    assume(total > 0)
    quota = draw(st.sampled_from([*range(1, 13)])) * total / 12
    veto = [i for i in range(len(weights)) if draw(st.integers(0, 4)) == 0]
    return weights, quota, veto


def name(n: int) -> list[str]:
    return [f"p{i}" for i in range(n)]


def measure(weights: list[object], quota: object, veto: list[int] | None = None) -> PowerIndices:
    names = name(len(weights))
    return measure_voting_power(names, weights, quota, [names[i] for i in veto or ()])


@pytest.mark.shared
@pytest.mark.parametrize("game", GAMES)
def test_reference_games_are_met_exactly(shared: Path, game: str) -> None:
    with (shared / "data/reference/talks/voting_power.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["game"] == game]
    players = [row["player"] for row in rows]
    veto = [row["player"] for row in rows if row["has_veto"] == "1"]
    power = measure_voting_power(players, [int(row["weight"]) for row in rows], int(rows[0]["quota"]), veto)
    assert list(power.swings) == [int(row["banzhaf_swings"]) for row in rows]
    assert list(power.banzhaf_fractions) == [Fraction(row["banzhaf_fraction"]) for row in rows]
    assert power.shapley_fractions is not None
    assert list(power.shapley_fractions) == [Fraction(row["shapley_shubik_fraction"]) for row in rows]
    np.testing.assert_allclose(power.banzhaf, [float(row["banzhaf"]) for row in rows], atol=1e-6)
    shapley = [float(row["shapley_shubik"]) for row in rows]
    np.testing.assert_allclose(power.shapley_shubik, shapley, atol=1e-6)
    assert power.n_winning == int(rows[0]["winning_coalitions"])
    assert power.n_minimal == int(rows[0]["minimal_winning_coalitions"])


@pytest.mark.shared
def test_the_reference_table_holds_no_game_that_is_not_tested(shared: Path) -> None:
    with (shared / "data/reference/talks/voting_power.csv").open() as file:
        assert {row["game"] for row in csv.DictReader(file)} == set(GAMES)


@settings(max_examples=120)
@given(drawn_games())
def test_every_coalition_tried_gives_the_same(game: tuple[list[object], Fraction, list[int]]) -> None:
    weights, quota, veto = game
    power, n = measure(weights, quota, veto), len(weights)
    winning = reference.list_winning([fraction_from(w) for w in weights], quota, veto)
    assert power.n_winning == len(winning)
    assert power.n_minimal == len(reference.list_minimal(winning))
    assert list(power.swings) == reference.count_swings(winning, n)
    assert power.shapley_fractions == tuple(reference.share_by_orders(winning, n))
    assert power.blockers == tuple(f"p{i}" for i in range(n) if all(i in some for some in winning))
    absolute = [count / 2 ** (n - 1) for count in power.swings]
    np.testing.assert_allclose(power.banzhaf_absolute, absolute, rtol=1e-15)
    dictators = [f"p{i}" for i in range(n) if all((i in some) for some in winning) and {i} in winning]
    assert power.dictator == (dictators[0] if dictators else None)


@settings(max_examples=40)
@given(drawn_games(), st.sampled_from([3, Fraction(1, 7), Decimal("0.01")]), st.randoms())
def test_power_depends_neither_on_the_unit_nor_on_the_order(
    game: tuple[list[object], Fraction, list[int]], factor: object, rng: object
) -> None:
    weights, quota, veto = game
    power, scale = measure(weights, quota, veto), fraction_from(factor)  # type: ignore[arg-type]
    order = list(range(len(weights)))
    rng.shuffle(order)  # type: ignore[attr-defined]
    moved = [fraction_from(weights[i]) * scale for i in order]
    other = measure(moved, quota * scale, [order.index(i) for i in veto])
    assert [power.swings[i] for i in order] == list(other.swings)
    assert [power.shapley_fractions[i] for i in order] == list(other.shapley_fractions)
    assert sum(other.shapley_fractions) == 1
    assert sum(other.banzhaf_fractions) == 1


@settings(max_examples=40)
@given(drawn_games())
def test_more_weight_never_means_less_shapley_shubik_power(
    game: tuple[list[object], Fraction, list[int]],
) -> None:
    weights, quota, veto = game
    power = measure(weights, quota, veto)
    free = [i for i in range(len(weights)) if i not in veto]
    for i in free:
        for j in free:
            if fraction_from(weights[i]) <= fraction_from(weights[j]):
                assert power.shapley_fractions[i] <= power.shapley_fractions[j]
                assert power.swings[i] <= power.swings[j]


def test_a_sum_that_just_meets_the_quota_is_not_lost_to_rounding() -> None:
    assert 0.1 + 0.7 < 0.8  # what binary fractions would make of it
    power = measure([0.1, 0.7], 0.8)
    assert power.n_winning == 1
    assert power.shapley_fractions == (Fraction(1, 2), Fraction(1, 2))


def test_a_sum_just_below_the_quota_does_not_win_by_rounding() -> None:
    assert 0.1 + 0.2 > 0.3
    power = measure([0.1, 0.2, 5], Decimal("0.30000000000000004"))
    assert power.dictator == "p2"
    assert measure([0.1, 0.2, 5], 0.3).dictator is None


def test_numbers_of_numpy_count_as_written() -> None:
    weights = [np.float32(0.1), np.float64(0.2), np.int64(5)]
    assert measure(weights, np.float64(0.3)).swings == measure([0.1, 0.2, 5], 0.3).swings


def test_unanimity_shares_power_equally_among_thirty() -> None:
    power = measure([*range(1, 31)], sum(range(1, 31)))
    assert power.n_winning == power.n_minimal == 1
    assert set(power.shapley_fractions) == {Fraction(1, 30)} == set(power.banzhaf_fractions)
    assert power.blockers == power.players


def test_vetoes_that_are_enough_leave_the_others_without_power() -> None:
    power = measure([5, 5, 3, 3], 9, [0, 1])
    assert power.dummies == ("p2", "p3")
    assert power.shapley_fractions == (Fraction(1, 2), Fraction(1, 2), 0, 0)
    assert (power.n_winning, power.n_minimal) == (4, 1)


def test_a_veto_without_weight_blocks_all_the_same() -> None:
    power = measure([0, 3, 3, 3], 6, [0])
    assert power.blockers == ("p0",)
    assert power.n_minimal == 3
    assert power.shapley_fractions == (Fraction(1, 2), Fraction(1, 6), Fraction(1, 6), Fraction(1, 6))


def test_the_fifteen_seats_with_five_vetoes_match_the_published_ratio() -> None:
    """Nine of fifteen votes with five vetoes: 421/2145 for each veto, 4/2145 otherwise (Straffin 1983)."""
    power = measure([1] * 15, 9, [0, 1, 2, 3, 4])
    assert power.shapley_fractions[0] == Fraction(421, 2145)
    assert power.shapley_fractions[14] == Fraction(4, 2145)
    assert power.n_winning == sum(math.comb(10, k) for k in range(4, 11)) == power.swings[0]
    assert power.n_minimal == math.comb(10, 4)
    assert power.swings[14] == math.comb(9, 3)


def test_two_thousand_equal_players_share_power_equally() -> None:
    power = measure([0.5] * 2000, 500.5)
    assert set(power.banzhaf_fractions) == {Fraction(1, 2000)}
    np.testing.assert_allclose(power.shapley_shubik, 1 / 2000, rtol=1e-9)
    assert power.swings[0] == math.comb(1999, 1000)
    assert power.n_minimal == math.comb(2000, 1001)
    assert power.n_winning == sum(math.comb(2000, k) for k in range(1001, 2001))
    assert power.banzhaf_absolute[0] == pytest.approx(math.sqrt(2 / (math.pi * 2000)), rel=1e-3)
    assert power.shapley_fractions is None
    assert power.shapley_rounding < 1e-11
    assert "exact up to rounding" in power.method


def test_two_thousand_players_under_vetoes_match_the_formula() -> None:
    """Two vetoes and k of 2,000 others: with n in all, a free one decides with k - 1 of its kind before."""
    power, free, k = measure([1] * 2002, 1302, [0, 1]), 2000, 1300
    each = Fraction(math.comb(free - 1, k - 1) * math.factorial(k + 1) * math.factorial(free - k), 1)
    each /= math.factorial(2002)
    assert power.shapley_shubik[5] == pytest.approx(float(each), rel=1e-9)
    assert power.shapley_shubik[0] == pytest.approx(float((1 - free * each) / 2), rel=1e-9)
    assert power.swings[0] == power.n_winning == sum(math.comb(free, j) for j in range(k, free + 1))


def test_arrays_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        measure([1, 2], 2).banzhaf[0] = 1.0


def test_a_player_is_found_or_named_as_missing() -> None:
    power = measure([1, 2, 3], 4)
    assert power.place("p2") == 2
    with pytest.raises(ScenarioError, match="player p9  is not in this vote; one of p0, p1, p2"):
        power.place("p9")


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(ScenarioError) as caught:
        measure_voting_power(["a", "b", "a"], [1, -2, float("nan")], 0, ["x"])
    text = str(caught.value)
    assert text.startswith("voting power: 5 problems")
    for part in (
        "player a  is there 2 times",
        "veto of x  is of somebody who is not there; one of a, b, a",
        "weight of b  -2 is below zero",
        "weight of a  nan is not a finite number",
        "quota  0 lets nobody at all decide",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("players", "weights", "quota", "veto", "said"),
    [
        ([], [], 1, None, "players  there are none"),
        (["a"], [3], 2, None, "a is alone and decides everything"),
        (["a", "b"], [1], 1, None, "weights  1 for 2 players"),
        (["a", "b"], [1, 0.5], 1.51, None, "1.51 is reached by nobody: all together weigh 1.5"),
        (["a", "b"], [1, Fraction(1, 3)], 2, None, "all together weigh 4/3"),
        (["a", "b"], [0, 0], 1, None, "all together weigh 0"),
        (["a", "b"], [1, 1], float("inf"), None, "quota  inf is not a finite number"),
        (["a", "b"], [1, 1], Decimal("NaN"), None, "quota  NaN is not a finite number"),
        (["a", "b"], [1, "two"], 1, None, "weight of b  two is not a finite number"),
        (["a", "b"], [1, True], 1, None, "weight of b  True is not a finite number"),
        (["ab", "b"], [1, 1], 1, "ab", "'ab' is one word, not a list of players"),
    ],
)
def test_each_thing_that_cannot_be_is_refused(
    players: list[str], weights: list[object], quota: object, veto: object, said: str
) -> None:
    with pytest.raises(ScenarioError, match="voting power: 1 problem") as caught:
        measure_voting_power(players, weights, quota, veto)  # type: ignore[arg-type]
    assert said in str(caught.value)


def test_a_game_too_large_is_refused_with_what_limits_it() -> None:
    weights = [1_000_003 * i + 7 * i * i for i in range(1, 61)]
    with pytest.raises(ScenarioError, match=r"60 players share .* round the weights to fewer units"):
        measure(weights, sum(weights) // 2)
