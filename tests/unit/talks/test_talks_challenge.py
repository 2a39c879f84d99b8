"""The challenge model: the reference values, what it may not depend on, how it ends, what it refuses."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.errors import ScenarioError
from truceline.talks.challenge import (
    MOVES,
    VARIANTS,
    Variant,
    measure_spread_of_ties,
    run_challenge,
    run_challenge_many,
)

CYCLING = ([1.0, 2.0, 1.0, 4.0], [1.0, 1.0, 0.5, 0.5], [5.0, 5.0, 5.0, 4.0])
"""Found among drawn cases: two actors change places for ever; no ties."""
TIED = ([4.0, 3.0, 6.0, 5.0], [0.25, 1.0, 0.25, 1.0], [2.0, 5.0, 2.0, 5.0])
"""Found among drawn cases: the answer hangs on which of two equally near offers is taken."""

FEW_ROUNDS = 5
"""Enough to see who moves where; a slow approach to a cycle may be called one a round sooner or later."""


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def emission(shared: Path) -> dict[str, np.ndarray]:
    rows = read(shared / "data/reference/talks/emission_actors.csv")
    return {
        key: np.array([float(row[key]) for row in rows]) for key in ("position", "salience", "capability")
    }


@st.composite
def issues(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Issues with coarse numbers, where ties and shared positions are common."""
    n = draw(st.integers(2, 6))
    position = draw(st.lists(st.integers(0, 8), min_size=n, max_size=n))
    salience = draw(st.lists(st.integers(1, 10), min_size=n, max_size=n))
    capability = draw(st.lists(st.integers(1, 9), min_size=n, max_size=n))
    return np.array(position, dtype=float), np.array(salience) / 10, np.array(capability, dtype=float)


# --- reference values


def test_the_published_codes_emission_rounds_come_back(shared: Path, emission: dict[str, np.ndarray]) -> None:
    folder = shared / "data/reference/talks"
    run = run_challenge(**emission, variant="scholz_code", n_rounds=3)
    exponents = [float(row["risk_exponent"]) for row in read(folder / "emission_risk_round1.csv")]
    np.testing.assert_allclose(run.risk_exponent[0], exponents, rtol=0, atol=1e-6)
    rows = read(folder / "emission_rounds_0_3.csv")
    assert len(rows) == len(run.positions)
    for row, positions in zip(rows, run.positions, strict=True):
        np.testing.assert_allclose(positions, [float(value) for value in list(row.values())[3:]], atol=1e-6)
    for key in ("weighted_mean", "condorcet_position"):
        np.testing.assert_allclose(getattr(run, key), [float(row[key]) for row in rows], rtol=0, atol=1e-6)
    assert run.ended == "rounds"


def test_the_nearest_compromise_would_not_give_those_rounds(emission: dict[str, np.ndarray]) -> None:
    """In round 4 Belgium goes to the far end of its offers, the mark of the published code's rule."""
    run = run_challenge(**emission, variant="scholz_code", n_rounds=4)
    belgium = 1
    assert MOVES[run.moves[3, belgium]] == "compromise"
    assert abs(run.positions[4, belgium] - run.positions[3, belgium]) > 5
    others = run.positions[3][[4, 5, 6]]
    assert np.abs(others - run.positions[3, belgium]).max() < 0.1


def test_the_papers_rule_settles_where_the_published_code_does_not(emission: dict[str, np.ndarray]) -> None:
    paper = run_challenge(**emission)
    assert (paper.variant, paper.ended, paper.outcome) == ("paper", "settled", (7.0, 7.0))
    assert not paper.moves[-1].any()
    assert run_challenge(**emission, variant="scholz_code").ended == "rounds"


# --- by hand


def test_the_weaker_of_two_gives_way_to_the_stronger() -> None:
    """Weights 3 and 5, both sure to resist, so P = 3/8 and 5/8 (d = 1: any power of it is 1).

    Dangers 2 (1 - 2 (1 - P)) are 1/2 for the weaker and -1/2 for the stronger: r = 1/2 and 2. U_s = 2 and
    U_f = -2 for both. The weaker has U_q = 2 - 4 / sqrt(2) = -0.83, e = -0.5 + 0.83 and f = 0.5 + 0.83: it
    would lose a confrontation. The stronger has U_q = 1, e = 0.5 - 1 and f = -0.5 - 1: nothing moves it.
    """
    run = run_challenge([0.0, 1.0], [1.0, 1.0], [3.0, 5.0])
    np.testing.assert_allclose(run.risk_exponent, [[0.5, 2.0], [1.0, 1.0]])
    assert [MOVES[code] for code in run.moves[0]] == ["confrontation", "none"]
    assert (run.ended, run.n_rounds, run.positions[-1].tolist()) == ("settled", 2, [1.0, 1.0])


def test_where_both_stakes_are_equal_the_compromise_goes_all_the_way() -> None:
    """Equal weights: P = 1/4 in the code's variant. The actor less sure to resist fears more: r = 1/2.

    e = 2 sqrt(2) - 3 s_1 and f = 2 sqrt(2) - 3 s_0 for it, so f = -e where s_0 + s_1 = 4 sqrt(2) / 3.
    """
    salience = np.array([0.9, 4 * np.sqrt(2) / 3 - 0.9])
    run = run_challenge([0.0, 1.0], salience, 1 / salience, variant="scholz_code", n_rounds=1)
    np.testing.assert_allclose(run.risk_exponent, [[0.5, 2.0]])
    assert [MOVES[code] for code in run.moves[0]] == ["compromise", "none"]
    np.testing.assert_allclose(run.positions[1], [1.0, 1.0], rtol=0, atol=1e-12)


def test_exponents_lie_between_one_half_and_two_and_reach_both() -> None:
    rng = np.random.default_rng(1)
    run = run_challenge(rng.random(20), rng.random(20), rng.random(20), n_rounds=1)
    assert run.risk_exponent.min() == pytest.approx(0.5)
    assert run.risk_exponent.max() == pytest.approx(2.0)


def test_actors_who_are_very_near_still_differ() -> None:
    """The first loses a confrontation over four thousandths of the range."""
    run = run_challenge([0.0, 0.004, 1.0], [1.0, 0.5, 0.25], [2.0, 3.0, 5.0], n_rounds=1)
    assert (run.targets[0, 0], run.positions[1, 0]) == (1, 0.004)


# --- what it may not depend on


@settings(max_examples=80)
@given(issues(), st.sampled_from(VARIANTS), st.sampled_from([(0.5, 3.0), (7.3, -41.7), (0.1, 2025.0)]))
def test_another_scale_gives_the_same_answer(drawn, variant: Variant, scale) -> None:
    x, s, c = drawn
    factor, shift = scale
    before, after = (
        run_challenge(values, s, c, variant=variant, n_rounds=FEW_ROUNDS)
        for values in (x, factor * x + shift)
    )
    assert (before.ended, before.n_ties, before.n_rounds) == (after.ended, after.n_ties, after.n_rounds)
    assert before.moves.tolist() == after.moves.tolist()
    np.testing.assert_allclose((after.positions - shift) / factor, before.positions, rtol=0, atol=1e-6)
    np.testing.assert_allclose(
        (after.condorcet_low - shift) / factor, before.condorcet_low, rtol=0, atol=1e-6
    )


@settings(max_examples=80)
@given(issues())
def test_a_mirrored_scale_mirrors_the_papers_answer_and_its_tie_rule(drawn) -> None:
    x, s, c = drawn
    here = run_challenge(x, s, c, n_rounds=FEW_ROUNDS)
    there = run_challenge(-x, s, c, n_rounds=FEW_ROUNDS, tie_break="higher")
    assert (here.ended, here.n_ties) == (there.ended, there.n_ties)
    assert here.targets.tolist() == there.targets.tolist()
    np.testing.assert_allclose(there.positions, -here.positions, rtol=0, atol=1e-6)
    np.testing.assert_allclose(there.condorcet_high, -here.condorcet_low, rtol=0, atol=1e-6)


@settings(max_examples=80)
@given(issues(), st.sampled_from(VARIANTS), st.sampled_from([1e-6, 0.3, 1e6]))
def test_the_unit_of_capability_does_not_matter(drawn, variant: Variant, factor: float) -> None:
    x, s, c = drawn
    before, after = (
        run_challenge(x, s, values, variant=variant, n_rounds=FEW_ROUNDS) for values in (c, c * factor)
    )
    assert before.moves.tolist() == after.moves.tolist()
    np.testing.assert_allclose(before.positions, after.positions, rtol=0, atol=1e-6)


@settings(max_examples=80)
@given(issues(), st.sampled_from(VARIANTS))
def test_nobody_leaves_the_range_and_each_move_has_its_challenger(drawn, variant: Variant) -> None:
    x, s, c = drawn
    run = run_challenge(x, s, c, variant=variant)
    assert run.positions.min() >= x.min() - 1e-9
    assert run.positions.max() <= x.max() + 1e-9
    assert ((run.moves > 0) == (run.targets >= 0)).all()
    assert ((run.moves > 0) == (run.positions[1:] != run.positions[:-1])).all()
    for before, after, moves, targets in zip(
        run.positions, run.positions[1:], run.moves, run.targets, strict=False
    ):
        for i in np.flatnonzero(moves):
            near, far = sorted((before[i], before[targets[i]]))
            assert near - 1e-9 <= after[i] <= far + 1e-9
            if MOVES[moves[i]] != "compromise":
                assert after[i] == before[targets[i]]


@settings(max_examples=80)
@given(issues(), st.sampled_from(VARIANTS))
def test_the_mean_and_the_median_are_those_of_every_row(drawn, variant: Variant) -> None:
    x, s, c = drawn
    run = run_challenge(x, s, c, variant=variant, n_rounds=4)
    weight = c * s
    for positions, mean, low, high in zip(
        run.positions, run.weighted_mean, run.condorcet_low, run.condorcet_high, strict=True
    ):
        assert mean == pytest.approx(float(positions @ weight / weight.sum()))
        assert weight[positions <= low].sum() >= weight.sum() / 2 - 1e-9
        assert weight[positions < low].sum() < weight.sum() / 2 + 1e-9
        assert weight[positions >= high].sum() >= weight.sum() / 2 - 1e-9
    assert run.weighted_median.tolist() == run.condorcet_position.tolist()


# --- how it ends


@pytest.mark.parametrize("variant", VARIANTS)
def test_all_in_one_place_is_settled_before_the_first_round(variant: Variant) -> None:
    run = run_challenge([3.0] * 4, [0.5] * 4, [1.0] * 4, variant=variant)
    assert (run.ended, run.n_rounds, run.outcome) == ("settled", 0, (3.0, 3.0))
    assert run.weighted_mean == pytest.approx([3.0])
    assert run.risk_exponent.shape == (0, 4)


def test_a_cycle_is_named_with_its_start_length_and_span() -> None:
    run = run_challenge(*CYCLING)
    assert (run.ended, run.cycle_from, run.cycle_length, run.n_ties) == ("cycle", 1, 2, 0)
    np.testing.assert_allclose(run.positions[run.cycle_from], run.positions[-1], rtol=0, atol=1e-8)
    assert np.abs(run.positions[-2] - run.positions[-1]).max() > 0.1
    assert run.outcome == (1.0, 2.0)
    assert run.outcome == (run.condorcet_position[1:].min(), run.condorcet_position[1:].max())


def test_a_cycle_goes_on_as_it_says() -> None:
    run = run_challenge(*CYCLING)
    _, s, c = CYCLING
    again = run_challenge(run.positions[run.cycle_from], s, c)
    assert (again.ended, again.cycle_from, again.cycle_length) == ("cycle", 0, run.cycle_length)


def test_rounds_that_run_out_are_neither_settled_nor_a_cycle() -> None:
    run = run_challenge(*CYCLING, n_rounds=2)
    assert (run.ended, run.cycle_from, run.cycle_length, run.n_rounds) == ("rounds", -1, 0, 2)
    assert run.outcome == (run.condorcet_position[-1], run.condorcet_position[-1])


# --- ties


def test_the_tie_rule_decides_and_the_spread_says_how_far() -> None:
    lower, higher = (run_challenge(*TIED, tie_break=rule) for rule in ("lower", "higher"))
    assert lower.n_ties > 0
    assert lower.outcome != higher.outcome
    spread = measure_spread_of_ties(*TIED)
    assert spread.low <= min(lower.outcome[0], higher.outcome[0])
    assert spread.high >= max(lower.outcome[1], higher.outcome[1])
    assert spread.seeds == tuple(range(8))
    seeded = [run_challenge(*TIED, tie_break=seed).outcome for seed in spread.seeds]
    every = [lower.outcome, higher.outcome, *seeded]
    assert spread.low == min(low for low, _ in every)
    assert spread.high == max(high for _, high in every)


@pytest.mark.parametrize("factor", [0.1, 0.7, 1 / 3])
@pytest.mark.parametrize("shift", [0.3, 19.7])
@pytest.mark.parametrize("rule", ["lower", "higher"])
def test_a_tie_is_one_also_where_rounding_blurs_it(factor: float, shift: float, rule) -> None:
    x, s, c = TIED
    plain = run_challenge(x, s, c, tie_break=rule)
    blurred = run_challenge(factor * np.array(x) + shift, s, c, tie_break=rule)
    assert blurred.n_ties == plain.n_ties > 0
    assert blurred.moves.tolist() == plain.moves.tolist()
    assert blurred.targets.tolist() == plain.targets.tolist()


def test_without_ties_there_is_no_spread_but_that_of_the_cycle() -> None:
    spread = measure_spread_of_ties(*CYCLING)
    assert (spread.low, spread.high, spread.seeds, spread.n_ties) == (1.0, 2.0, (), 0)


def test_a_seed_gives_the_same_run_again() -> None:
    first, second = (run_challenge(*TIED, tie_break=3) for _ in range(2))
    assert first.positions.tobytes() == second.positions.tobytes()


def test_offers_to_one_place_are_no_tie_and_the_first_actors_is_answered() -> None:
    """The stronger of the case above is two actors in one place: it does not matter whose challenge it is."""
    run = run_challenge([0.0, 1.0, 1.0], [1.0, 1.0, 1.0], [3.0, 2.5, 2.5], n_rounds=1)
    assert run.n_ties == 0
    assert run.targets[0].tolist() == [1, -1, -1]
    assert run.positions[1].tolist() == [1.0, 1.0, 1.0]


# --- bad input


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(ScenarioError) as caught:
        run_challenge([0.0, np.nan, 1.0], [0.5, -0.1, 3.0], [1.0, 2.0, -4.0], variant="code", n_rounds=0)  # type: ignore[arg-type]
    message = str(caught.value)
    assert message.startswith("challenge model: 6 problems")
    for part in ("position[1]", "salience[1]", "above 1", "capability[2]", "variant", "n_rounds"):
        assert part in message


@pytest.mark.parametrize(
    ("position", "salience", "capability", "part"),
    [
        ([1.0], [1.0], [1.0], "two actors"),
        ([1.0, 2.0], [1.0], [1.0, 1.0], "shapes"),
        ([[1.0, 2.0]], [1.0, 1.0], [1.0, 1.0], "shapes"),
        ([1.0, 2.0], [1.0, 1.0], [0.0, 0.0], "no actor has both"),
        ([1.0, 2.0], [0.0, 1.0], [1.0, 0.0], "no actor has both"),
    ],
)
def test_what_cannot_be_run_is_refused(position, salience, capability, part: str) -> None:
    with pytest.raises(ScenarioError, match="challenge model: 1 problem") as caught:
        run_challenge(position, salience, capability)
    assert part in str(caught.value)


@pytest.mark.parametrize("rule", ["middle", -1, None])
def test_a_tie_rule_that_does_not_exist_is_refused(rule) -> None:
    with pytest.raises(ScenarioError, match="tie_break"):
        run_challenge([0.0, 1.0], [1.0, 1.0], [1.0, 1.0], tie_break=rule)


def test_a_sample_without_weight_is_refused_among_many() -> None:
    with pytest.raises(ScenarioError, match="no actor has both"):
        run_challenge_many([[0.0, 1.0], [0.0, 1.0]], [1.0, 1.0], [[1.0, 0.0], [0.0, 0.0]])
