"""The compiled loops of the challenge model, judged by the slow twin and by exact sums."""

from __future__ import annotations

import math

import numpy as np
import pytest

from truceline.talks._challenge_kernels import find_chances
from truceline.talks._challenge_powers import raise_row
from truceline.talks._challenge_reference import find_unbeaten, run_plainly
from truceline.talks.challenge import VARIANTS, Variant, run_challenge, run_challenge_many

N_DRAWN = 60
ROUNDING = 1e-12
AFTER_ROUNDS = 1e-6
"""Rounding may grow from round to round where an offer is near the edge of its class."""


def draw_issue(rng: np.random.Generator, *, coarse: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return one drawn issue; coarse numbers share positions, tie, and weigh nothing now and then."""
    n = int(rng.integers(2, 7))
    if not coarse:
        return rng.normal(0.0, 10.0, n), rng.random(n), 100.0 * rng.random(n)
    capability = rng.integers(0, 4, n).astype(float)
    salience = rng.integers(0, 5, n) / 4
    capability[0], salience[0] = 1.0, 0.5
    return rng.integers(0, 7, n).astype(float), salience, capability


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("coarse", [True, False])
def test_every_round_is_as_the_twin_says(variant: Variant, coarse: bool) -> None:
    rng = np.random.default_rng(9)
    seen: set[int] = set()
    for case in range(N_DRAWN):
        x, s, c = draw_issue(rng, coarse=coarse)
        lean, rule = ((-1, "lower"), (1, "higher"))[case % 2]
        plain = run_plainly(
            x.tolist(), s.tolist(), c.tolist(), variant=variant, n_rounds=6, lean=[lean] * len(x)
        )
        fast = run_challenge(x, s, c, variant=variant, n_rounds=6, tie_break=rule)
        assert (fast.ended, fast.cycle_from, fast.n_ties) == (plain.ended, plain.cycle_from, plain.n_ties)
        assert fast.moves.tolist() == plain.moves
        assert fast.targets.tolist() == plain.targets
        span = np.ptp(x) or 1.0
        np.testing.assert_allclose(fast.positions[:2], plain.positions[:2], rtol=0, atol=ROUNDING * span)
        np.testing.assert_allclose(fast.positions, plain.positions, rtol=0, atol=AFTER_ROUNDS * span)
        if fast.n_rounds:
            np.testing.assert_allclose(fast.risk_exponent[0], plain.risk_exponent[0], rtol=ROUNDING)
        seen |= set(fast.moves.ravel().tolist())
    assert seen == {0, 1, 2, 3}


def test_the_unbeaten_are_those_found_by_trying_every_pair() -> None:
    rng = np.random.default_rng(4)
    ties = 0
    for _ in range(N_DRAWN):
        x, s, c = draw_issue(rng, coarse=True)
        run = run_challenge(x, s, c, n_rounds=1)
        unbeaten = find_unbeaten(x.tolist(), s.tolist(), c.tolist())
        assert (run.condorcet_low[0], run.condorcet_high[0]) == (unbeaten[0], unbeaten[-1])
        ties += unbeaten[0] < unbeaten[-1]
    assert ties > 0


@pytest.mark.parametrize("variant", VARIANTS)
def test_many_runs_at_once_are_as_one_after_another(variant: Variant) -> None:
    rng = np.random.default_rng(3)
    x, s, c = (rng.integers(1, 5, (300, 4)) / 4 for _ in range(3))
    x[0] = 3.0
    many = run_challenge_many(x, s, c, variant=variant, tie_break=5)
    for row in range(len(x)):
        one = run_challenge(x[row], s[row], c[row], variant=variant, tie_break=5)
        assert (many.low[row], many.high[row]) == one.outcome
        assert many.weighted_mean[row] == one.weighted_mean[-1]
        assert ("settled", "cycle", "rounds")[many.ended[row]] == one.ended
        ends = (many.n_rounds[row], many.cycle_from[row], many.n_ties[row])
        assert ends == (one.n_rounds, one.cycle_from, one.n_ties)


def test_one_row_of_weights_serves_every_sample() -> None:
    rng = np.random.default_rng(3)
    x, s, c = rng.random((4, 5)), rng.random(5), rng.random(5)
    broad = run_challenge_many(x, s, c)
    assert broad.low.tolist() == [run_challenge(row, s, c).outcome[0] for row in x]


@pytest.mark.parametrize("n", [3, 4, 9])
def test_chances_are_the_strength_behind_each_over_that_of_both(n: int) -> None:
    value = np.random.default_rng(n).random((n, n))
    count = np.arange(1.0, n + 1)
    of_pair, of_all = np.empty((n, n)), np.empty((n, n))
    find_chances(value, n, count, False, ROUNDING, of_pair)
    find_chances(value, n, count, True, ROUNDING, of_all)
    strength = np.maximum(0.0, value[:, None, :] - value[:, :, None]).sum(axis=0)
    everything = (count[:, None] * count * (strength + strength.T)).sum()
    off = ~np.eye(n, dtype=bool)
    np.testing.assert_allclose(
        of_pair[off], (strength / (strength + strength.T + np.eye(n)))[off], rtol=1e-13, atol=1e-15
    )
    np.testing.assert_allclose(of_all[off], (strength / everything)[off], rtol=1e-12, atol=1e-16)
    np.testing.assert_allclose((of_pair + of_pair.T)[off], 1.0, rtol=1e-15)


def test_a_pair_that_nobody_tells_apart_is_even() -> None:
    """Two actors, each as far from the first place as from the second; the last bit of 0.3 differs."""
    value = np.array([[0.1 + 0.2, 0.3, 0.0], [0.5, 0.5, 0.1], [0.0, 0.0, 0.0]])
    chance = np.empty((3, 3))
    find_chances(value, 3, np.ones(3), False, ROUNDING, chance)
    assert chance[0, 1] == chance[1, 0] == 0.5
    assert chance[2, 0] == chance[2, 1] == 1.0


def test_the_exponentials_of_a_row_are_right_to_the_last_place() -> None:
    rng = np.random.default_rng(0)
    edges = [0.0, -1e-300, -1e-17, -0.5 * math.log(2), -math.log(2), -699.9]
    given = np.concatenate([edges, -700 * rng.random(500), -2 * rng.random(500), -1e-6 * rng.random(50)])
    row, power = given.copy(), np.empty(len(given))
    raise_row(row, power, power.view(np.int64))
    exact = np.array([math.exp(x) for x in given])
    assert np.abs(row - exact).max() <= np.finfo(float).eps
    assert (np.abs(row - exact) <= np.spacing(exact)).all()


def test_the_logarithm_of_nothing_gives_nothing_that_matters() -> None:
    row, power = np.array([-np.inf, -1e9]), np.empty(2)
    raise_row(row, power, power.view(np.int64))
    assert (row < 1e-300).all()
    assert (row >= 0.0).all()
