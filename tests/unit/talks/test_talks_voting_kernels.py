"""The compiled loops and both ways of counting against plain twins, and quadrature against fractions."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from truceline.errors import ScenarioError
from truceline.talks import _voting_counts as counting
from truceline.talks import _voting_kernels as kernels
from truceline.talks import _voting_reference as reference
from truceline.talks import _voting_shapley as shapley
from truceline.talks._voting_game import WholeGame, build_whole_game, fraction_from, write_exactly
from truceline.talks._voting_shapley import share_by_counts, share_by_quadrature

MODULUS = 1_000_003


def draw_game(seed: int, *, players: tuple[int, int] = (2, 11), heaviest: int = 12) -> WholeGame:
    """Return a game with ties, players without weight and vetoes, where at least one free weight matters."""
    rng = np.random.default_rng(seed)
    while True:
        n = int(rng.integers(players[0], players[1] + 1))
        drawn = rng.choice([0, 1, 2, *rng.integers(1, heaviest + 1, size=3)], size=n)
        weights = [Fraction(int(weight)) for weight in drawn]
        is_veto = (rng.random(n) < 0.15).tolist()
        quota = Fraction(int(rng.integers(1, 21)), 20) * sum(weights)
        if quota > 0:
            game = build_whole_game(weights, quota, is_veto)
            if game.n_active:
                return game


def arrays(game: WholeGame) -> tuple[np.ndarray, np.ndarray]:
    return np.array(game.spread, dtype=np.int64), np.array(game.weights, dtype=np.int64)


@pytest.mark.parametrize("seed", range(40))
def test_counts_by_weight_and_size_agree_with_plain_python(seed: int) -> None:
    game = draw_game(seed)
    weights, distinct = arrays(game)
    by_size = kernels.count_by_size(weights, game.length, distinct, MODULUS)
    found = kernels.count_by_weight(weights, game.length, game.needed, game.is_upside_down, distinct, MODULUS)
    for place, weight in enumerate(game.weights):
        others = list(game.spread)
        others.remove(weight)
        swings = [0] * (len(weights) + 1)
        for (size, total), times in reference.count_sets(others).items():
            if game.length - weight <= total < game.length:
                swings[size] += times
        assert by_size[place].tolist() == swings
        assert found[place] == sum(swings) % MODULUS
    sets = reference.count_sets(game.spread)
    light = sum(times for (_, total), times in sets.items() if total < game.length)
    assert found[-2] == light == by_size[-1].sum()


@pytest.mark.parametrize("seed", range(100, 140))
def test_halves_and_generating_functions_agree(seed: int) -> None:
    game = draw_game(seed, players=(3, 17), heaviest=40)
    halves = counting._count_by_halves(game)
    functions = counting._count_by_functions(game, 2, True)
    assert replace(halves, by_halves=False) == functions


def test_halves_of_numbers_beyond_the_machine_agree_with_small_ones() -> None:
    game = draw_game(7, players=(12, 12), heaviest=30)
    times = 10**20
    large = replace(game, weights=tuple(w * times for w in game.weights), needed=game.needed * times)
    assert counting._count_by_halves(large) == counting._count_by_halves(game)


@pytest.mark.parametrize("p", [Fraction(1, 1000), Fraction(1, 7), Fraction(2, 5), Fraction(1, 2)])
def test_chances_of_a_swing_agree_with_fractions(p: Fraction) -> None:
    for seed in range(200, 208):
        game = draw_game(seed, players=(5, 14), heaviest=150)  # below and above FEW_STEPS
        weights, distinct = arrays(game)
        found = kernels.swing_chances(weights, game.needed, distinct, float(p), 1e-30)
        exact = [
            reference.chance_of_swing(game.spread, game.spread.index(weight), game.needed, p)
            for weight in game.weights
        ]
        np.testing.assert_allclose(found[:-1], [float(x) for x in exact], rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("seed", range(300, 320))
def test_quadrature_agrees_with_exact_shares(seed: int) -> None:
    game = draw_game(seed, players=(2, 40), heaviest=100)
    exact = share_by_counts(game, counting._count_by_functions(game, 2, True))
    near, _ = share_by_quadrature(game)
    np.testing.assert_allclose(near.free, [float(x) for x in exact.free], atol=1e-13)
    assert near.veto == pytest.approx(float(exact.veto), abs=1e-13)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
def test_quadrature_holds_with_a_hundred_and_fifty_players(share: float) -> None:
    weights = [Fraction(int(w)) for w in np.random.default_rng(11).integers(1, 31, size=150)]
    quota = Fraction(int(share * int(sum(weights))) + 1)
    game = build_whole_game(weights, quota, [place < 2 for place in range(150)])
    exact = share_by_counts(game, counting.count_coalitions(game))
    near, _ = share_by_quadrature(game)
    errors = [abs(float(a) - b) / float(a) for a, b in zip(exact.free, near.free, strict=True)]
    assert max(errors) < 1e-10
    assert near.veto == pytest.approx(float(exact.veto), rel=1e-10)


def test_chances_far_from_the_quota_are_passed_over() -> None:
    game = build_whole_game([Fraction(1)] * 1000, Fraction(700), [False] * 1000)
    shares, n_nodes = share_by_quadrature(game)
    assert shares.free[0] == pytest.approx(1 / 1000, rel=1e-11)
    assert 0 < n_nodes < 200  # of 500


def test_chances_that_take_too_long_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shapley, "MOST_STEPS", 1_000_000)
    game = build_whole_game([Fraction(1)] * 1000, Fraction(700), [False] * 1000)
    with pytest.raises(ScenarioError, match=r"1,000 players with 1,000 units of 1 in all need about"):
        share_by_quadrature(game)


def test_sixty_players_match_an_independent_count() -> None:
    weights = np.random.default_rng(4).integers(1, 10, size=60).tolist()
    needed = sum(weights) * 3 // 5
    game = build_whole_game([Fraction(w) for w in weights], Fraction(needed), [False] * 60)
    counts = counting.count_coalitions(game)
    shares = share_by_counts(game, counts)
    assert shares is not None
    for weight in game.weights[:2]:
        place = weights.index(weight)
        others = [*weights[:place], *weights[place + 1 :]]
        sets = reference.count_sets(others)
        swings = {key: times for key, times in sets.items() if needed - weight <= key[1] < needed}
        at = game.weights.index(weight)
        assert counts.swings[at] == sum(swings.values())
        ways = sum(
            times * math.factorial(size) * math.factorial(59 - size) for (size, _), times in swings.items()
        )
        assert shares.free[at] == Fraction(ways, math.factorial(60))
    everything = reference.count_sets(weights)
    assert counts.n_winning == sum(times for (_, total), times in everything.items() if total >= needed)
    assert sum(share * k for share, k in zip(shares.free, game.multiplicity, strict=True)) == 1


@pytest.mark.parametrize("twelfths", [4, 7, 11])
def test_four_hundred_players_match_one_product_of_large_integers(twelfths: int) -> None:
    """The counts packed side by side in one integer, 401 bits each, multiplied out player by player."""
    weights, bits = np.random.default_rng(8).integers(1, 11, size=400).tolist(), 401
    needed = sum(weights) * twelfths // 12
    game = build_whole_game([Fraction(w) for w in weights], Fraction(needed), [False] * 400)
    counts = counting.count_coalitions(game)

    def multiply(some: list[int]) -> int:
        product = 1
        for weight in some:
            product += product << weight * bits
        return product

    def take(product: int, first: int, last: int) -> int:
        mask = (1 << bits) - 1
        return sum(product >> weight * bits & mask for weight in range(first, last))

    product = multiply(weights)
    assert counts.n_winning == take(product, needed, sum(weights) + 1)
    for place, weight in enumerate(game.weights):
        others = list(weights)
        others.remove(weight)
        assert counts.swings[place] == take(multiply(others), needed - weight, needed)
    product, minimal = 1, 0
    for weight in sorted(weights, reverse=True):
        minimal += take(product, needed - weight, needed)
        product += product << weight * bits
    assert counts.n_minimal == minimal


def test_remainders_give_back_large_numbers() -> None:
    moduli = counting.list_moduli(5)
    assert all(math.gcd(a, b) == 1 for a in moduli for b in moduli if a != b)
    assert all(2**61 < modulus < 2**62 for modulus in moduli)
    numbers = [0, 1, 2**300, 3**180, math.comb(300, 150)]
    remainders = [np.array([x % m for x in numbers], dtype=np.int64) for m in moduli]
    assert counting.join_remainders(remainders, moduli).tolist() == numbers


def test_numbers_are_read_and_written_exactly() -> None:
    assert fraction_from(0.08) == Fraction(2, 25)
    assert fraction_from(1e22) == 10**22
    assert write_exactly(Fraction("0.30000000000000004")) == "0.30000000000000004"
    assert write_exactly(Fraction(1200)) == "1200"
    assert write_exactly(Fraction(7, 3)) == "7/3"


def test_whole_units_are_the_largest_that_fit() -> None:
    game = build_whole_game(
        [Fraction("0.06"), Fraction("0.04"), Fraction("0.9")], Fraction("0.07"), [False] * 3
    )
    assert (game.weights, game.needed, game.unit) == ((4, 3, 2), 4, Fraction("0.02"))  # 0.9 is cut to 4
