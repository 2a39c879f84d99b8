"""The equal-gain exchange of votes: its reference case, its rules, its bookkeeping and its messages."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from subprocess import run

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from truceline.errors import ScenarioError
from truceline.talks.equal_gain import exchange_positions, list_exchanges, spread_of_ties

TINY_POSITION = [[80.0, 20.0], [10.0, 90.0], [50.0, 50.0]]
TINY_SALIENCE = [[0.9, 0.3], [0.2, 0.8], [0.5, 0.5]]
TINY_POWER = [1.0, 1.0, 0.5]

seeds = st.integers(0, 10**6)


def draw_talks(seed, n=None, m=None):
    """Return position, salience and power without ties, some actors far heavier than others."""
    random = np.random.default_rng(seed)
    n, m = n or int(random.integers(2, 10)), m or int(random.integers(2, 5))
    heavy = np.exp(random.normal(size=(n, 1)) * random.choice([0.2, 2.0]))
    return random.uniform(-20, 80, (n, m)), random.uniform(0.05, 1, (n, m)), heavy * np.ones((n, m))


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_tiny_case_agrees_with_the_reference(shared):
    folder = shared / "data" / "reference" / "talks"
    rows = read_rows(folder / "exchange_tiny_actors.csv")
    (top,) = read_rows(folder / "exchange_tiny_top.csv")
    means = {row["issue"]: row for row in read_rows(folder / "exchange_tiny_expected.csv")}
    actors, issues = sorted({row["actor"] for row in rows}), sorted({row["issue"] for row in rows})
    tables = [
        [
            [
                float(row[column])
                for issue in issues
                for row in rows
                if (row["actor"], row["issue"]) == (actor, issue)
            ]
            for actor in actors
        ]
        for column in ("position", "salience", "power")
    ]
    result = exchange_positions(*tables)
    (deal,) = result.exchanges
    assert deal.gain == pytest.approx(float(top["equal_gain"]), abs=1e-6)
    assert (actors[deal.actor_a], issues[deal.issue_q]) == (top["actor_supplying_q"], top["issue_q"])
    assert (actors[deal.actor_b], issues[deal.issue_p]) == (top["actor_supplying_p"], top["issue_p"])
    assert abs(deal.move_p) == pytest.approx(float(top["move_p"]), abs=1e-6)
    assert abs(deal.move_q) == pytest.approx(float(top["move_q"]), abs=1e-6)
    assert result.n_potential == int(top["n_potential_exchanges"])
    expected = [float(means[issue]["compromise_mean"]) for issue in issues]
    assert_allclose(result.outcome_start, expected, atol=1e-6)
    (listed,) = list_exchanges(*tables)
    assert listed["gain"] == pytest.approx(float(top["equal_gain"]), abs=1e-6)
    assert listed["to_p"] - listed["from_p"] == pytest.approx(deal.move_p)
    assert listed["to_q"] - listed["from_q"] == pytest.approx(deal.move_q)


def test_a_third_party_pays_for_the_deal_of_two_others():
    result = exchange_positions(TINY_POSITION, TINY_SALIENCE, TINY_POWER)
    (deal,) = result.exchanges
    shift = 70 * 0.2 / 1.35  # B's whole way on p, times its weight, by the total weight
    assert deal.others_loss == pytest.approx(-2 * 0.5 * shift)  # C is left behind on both issues
    assert deal.others_gain == 0
    assert_allclose(result.externality, [0, 0, deal.others_loss], atol=1e-9)
    assert_allclose(result.own_gain, [deal.gain, deal.gain, 0])
    assert_allclose(result.outcome_end, result.outcome_start + shift)
    assert_allclose(result.end, [[80, 20 + 140 / 3], [80, 90], [50, 50]])
    assert result.ended == "none left"
    assert not result.inner.any()  # C stood left of both outcomes and could have traded with neither


def test_who_might_have_traded_as_well_is_an_inner_third_party():
    position = [[80.0, 20.0], [10.0, 90.0], [50.0, 50.0], [90.0, 10.0]]
    result = exchange_positions(position, [*TINY_SALIENCE, [0.5, 0.4]], [*TINY_POWER, 0.1], limit=1)
    assert result.inner.tolist() == [[False, False, False, True]]


@settings(max_examples=40)
@given(seeds)
def test_both_partners_of_every_exchange_really_have_the_same_gain(seed):
    result = exchange_positions(*draw_talks(seed))
    for deal in result.exchanges:
        assert deal.gain > 0
        assert deal.gain_a == pytest.approx(deal.gain, rel=1e-6, abs=1e-9)
        assert deal.gain_b == pytest.approx(deal.gain, rel=1e-6, abs=1e-9)


@settings(max_examples=40)
@given(seeds)
def test_own_gains_and_externalities_are_the_whole_change_of_utility(seed):
    position, salience, power = draw_talks(seed)
    for stop in (True, False):
        result = exchange_positions(position, salience, power, stop_at_interest=stop)
        before = -(salience * abs(position - result.outcome_start)).sum(axis=1)
        after = -(salience * abs(position - result.outcome_end)).sum(axis=1)
        assert_allclose(result.own_gain + result.externality, after - before, atol=1e-9)
        others = sum(deal.others_gain + deal.others_loss for deal in result.exchanges)
        assert result.externality.sum() == pytest.approx(others, abs=1e-9)


@settings(max_examples=40)
@given(seeds, st.booleans())
def test_it_ends_because_each_listed_exchange_is_realised_once_at_most(seed, stop):
    talks = draw_talks(seed)
    result = exchange_positions(*talks, stop_at_interest=stop)
    keys = ["actor_a", "actor_b", "issue_p", "issue_q"]
    done = {tuple(row) for row in result.table[keys].tolist()}
    listed = {tuple(row) for row in list_exchanges(*talks, stop_at_interest=stop)[keys].tolist()}
    assert len(done) == len(result.table) <= result.n_potential == len(listed)
    assert done <= listed
    assert result.ended == "none left"


@settings(max_examples=40)
@given(seeds)
def test_a_vote_moves_one_way_only_and_no_outcome_passes_who_demands_it(seed):
    position, salience, power = draw_talks(seed)
    result = exchange_positions(position, salience, power)
    for deal in result.exchanges:
        for demander, supplier, issue, move, outcome in (
            (deal.actor_a, deal.actor_b, deal.issue_p, deal.move_p, deal.outcome_p),
            (deal.actor_b, deal.actor_a, deal.issue_q, deal.move_q, deal.outcome_q),
        ):
            assert (move > 0) == (position[supplier, issue] < result.outcome_start[issue])
            before, after = (position[demander, issue] - value for value in outcome)
            assert before * after >= -1e-6
            assert abs(after) < abs(before)


def test_the_plain_formula_lets_an_outcome_pass_and_the_effects_say_what_it_cost():
    position = [[55.0, 0.0], [0.0, 60.0], [100.0, 50.0]]
    salience, power = [[0.9, 0.2], [0.3, 0.9], [0.5, 0.5]], [[1.0, 5.0], [6.0, 6.0], [4.0, 4.0]]
    free = exchange_positions(position, salience, power, stop_at_interest=False).exchanges[0]
    held = exchange_positions(position, salience, power).exchanges[0]
    assert free.outcome_p[1] > 55 > free.outcome_p[0]
    assert free.gain_a < free.gain
    assert held.outcome_p[1] == pytest.approx(55)
    assert held.gain_a == pytest.approx(held.gain) == pytest.approx(held.gain_b)
    assert held.gain < free.gain


@settings(max_examples=30)
@given(seeds, st.floats(0.01, 100))
def test_scaling_power_changes_nothing_and_scaling_positions_scales_gains(seed, factor):
    position, salience, power = draw_talks(seed)
    plain = exchange_positions(position, salience, power)
    stronger = exchange_positions(position, salience, power * factor)
    assert_array_equal(stronger.table["actor_a"], plain.table["actor_a"])
    assert_allclose(stronger.end, plain.end, atol=1e-6)
    wider = exchange_positions(position * factor + 7, salience, power)
    assert_allclose(wider.table["gain"], plain.table["gain"] * factor, rtol=1e-6, atol=1e-9 * factor)
    assert_allclose(wider.outcome_end, plain.outcome_end * factor + 7, atol=1e-6 * factor)


@settings(max_examples=30)
@given(seeds)
def test_other_names_change_names_only(seed):
    position, salience, power = draw_talks(seed)
    random = np.random.default_rng(seed)
    n, m = position.shape
    actors, issues = random.permutation(n), random.permutation(m)
    plain = exchange_positions(position, salience, power)
    shuffled = [table[np.ix_(actors, issues)] for table in (position, salience, power)]
    other = exchange_positions(*shuffled)
    assert plain.n_ties == other.n_ties == 0
    for mine, theirs in zip(plain.table, other.table, strict=True):
        supplied = {(mine["actor_a"], mine["issue_q"]), (mine["actor_b"], mine["issue_p"])}
        a, b = (actors[theirs[name]] for name in ("actor_a", "actor_b"))
        assert {(a, issues[theirs["issue_q"]]), (b, issues[theirs["issue_p"]])} == supplied
    assert_allclose(other.end, plain.end[np.ix_(actors, issues)], atol=1e-7)
    assert_allclose(other.externality, plain.externality[actors], atol=1e-7)


def test_turning_every_scale_round_turns_the_outcomes_round():
    position, salience, power = draw_talks(11, 9, 4)
    plain = exchange_positions(position, salience, power)
    turned = exchange_positions(-position, salience, power)
    assert len(plain.exchanges) > 3
    assert_allclose(turned.outcome_end, -plain.outcome_end)
    assert_allclose(turned.own_gain, plain.own_gain)


@pytest.mark.parametrize("stop", [True, False])
def test_nothing_is_exchanged_when_all_want_the_same_or_care_in_the_same_proportion(stop):
    random = np.random.default_rng(5)
    agreed = np.tile([0.1, 70.3, 33.3], (6, 1))
    salience = random.uniform(0.1, 1, (6, 3))
    assert exchange_positions(agreed, salience, np.ones(6), stop_at_interest=stop).exchanges == ()
    alike = random.uniform(0.1, 1, (6, 1)) * [0.3, 0.7, 0.9]
    apart = random.uniform(0, 100, (6, 3))
    result = exchange_positions(apart, alike, np.ones(6), stop_at_interest=stop)
    assert (result.exchanges, result.n_potential, result.ended) == ((), 0, "none left")
    assert_array_equal(result.outcome_end, result.outcome_start)


@pytest.mark.parametrize(("salience_b", "power_b"), [(0.0, 1.0), (0.2, 0.0)])
def test_without_salience_or_power_on_an_issue_there_is_no_exchange_on_it(salience_b, power_b):
    salience = [[0.9, 0.3], [salience_b, 0.8], [0.5, 0.5]]
    power = [[1.0, 1.0], [power_b, 1.0], [0.5, 0.5]]
    assert len(list_exchanges(TINY_POSITION, salience, power)) == 0


def test_the_position_of_who_is_absent_on_an_issue_is_not_read():
    position, salience, power = draw_talks(21, 9, 4)
    salience[2, 1] = power[5, 0] = 0
    plain = exchange_positions(position, salience, power)
    position[2, 1] = position[5, 0] = 1e12
    other = exchange_positions(np.asfortranarray(position), salience, power)
    assert len(plain.table) > 5
    assert_array_equal(other.table, plain.table)
    assert_array_equal(other.outcome_end, plain.outcome_end)


def test_what_was_given_is_left_as_it_was():
    talks = draw_talks(4, 8, 3)
    before = [table.copy() for table in talks]
    result = exchange_positions(*talks)
    assert (result.end != result.start).any()
    for table, old in zip(talks, before, strict=True):
        assert_array_equal(table, old)


def test_a_position_on_the_outcome_counts_as_left_of_it():
    position = [
        [50.0, 0.0],
        [100.0, 90.0],
        [0.0, 90.0],
        [50.0, 45.0],
    ]  # both outcomes 50, 45 with equal weights
    salience = [[0.2, 0.8], [0.6, 0.4], [0.6, 0.4], [0.5, 0.5]]
    power = 1 / np.array(salience)
    position[1][1] = position[2][1] = 67.5
    result = exchange_positions(position, salience, power)
    assert result.outcome_start == pytest.approx([50, 45])
    assert result.left.tolist() == [[True, True], [False, False], [True, False], [True, True]]
    pairs = {(row["actor_a"], row["actor_b"]) for row in list_exchanges(position, salience, power)}
    assert (1, 0) in pairs  # 0 stands on the outcome of p and may supply it to 1, on the right


def tie_between_two_pairs():
    """Two buyers alike on one side, one seller: either may have the deal, and the loser gets less."""
    position = [[80.0, 20.0], [80.0, 20.0], [10.0, 90.0], [30.0, 90.0]]
    return position, [[0.9, 0.3], [0.9, 0.3], [0.2, 0.8], [0.3, 0.7]], np.ones(4)


def test_ties_are_counted_and_broken_by_the_rule_asked_for():
    talks = tie_between_two_pairs()
    first, last = (exchange_positions(*talks, tie_break=rule) for rule in ("first", "last"))
    assert first.n_ties > 0
    assert (first.exchanges[0].actor_a, last.exchanges[0].actor_a) == (0, 1)
    assert first.exchanges[0].gain == pytest.approx(last.exchanges[0].gain)
    drawn = exchange_positions(*talks, tie_break=3)
    assert "seed 3" in drawn.tie_rule
    assert_array_equal(drawn.table, exchange_positions(*talks, tie_break=3).table)
    taken = {exchange_positions(*talks, tie_break=seed).exchanges[0].actor_a for seed in range(12)}
    assert taken == {0, 1}


def test_the_spread_over_tie_breaks_holds_every_rule_tried():
    random = np.random.default_rng(2)
    talks = random.integers(0, 3, (8, 3)) * 50.0, random.choice([0.2, 0.5, 0.8], (8, 3)), np.ones(8)
    low, high = spread_of_ties(*talks, seeds=[4, 9])
    assert (high > low).any()
    ends = [exchange_positions(*talks, tie_break=rule).outcome_end for rule in ("first", "last", 4, 9)]
    assert_array_equal(low, np.min(ends, axis=0))
    assert_array_equal(high, np.max(ends, axis=0))
    result = exchange_positions(*talks, spread_seeds=[4, 9])
    assert_array_equal(result.low, low)
    assert exchange_positions(*talks).low is None


def test_without_ties_the_spread_is_nothing():
    low, high = spread_of_ties(*draw_talks(3, 8, 3))
    assert_array_equal(low, high)


def test_a_limit_ends_it_early_and_says_so():
    talks = draw_talks(1, 9, 4)
    whole = exchange_positions(*talks)
    part = exchange_positions(*talks, limit=2)
    assert (part.ended, whole.ended) == ("limit", "none left")
    assert_array_equal(part.table, whole.table[:2])
    assert exchange_positions(*talks, limit=0).exchanges == ()


def test_the_list_stands_best_first():
    listed = list_exchanges(*draw_talks(8, 9, 4))
    assert len(listed) > 10
    assert (np.diff(listed["gain"]) <= 1e-6).all()
    assert listed["gain"][0] == exchange_positions(*draw_talks(8, 9, 4)).exchanges[0].gain


def test_everything_wrong_is_said_at_once():
    position = [[1.0, float("nan")], [2.0, 3.0]]
    with pytest.raises(ScenarioError) as caught:
        exchange_positions(position, [[-1.0, 1.0], [1.0, 1.0]], [[1.0, -2.0], [1.0, 1.0]], limit=-1)
    assert caught.value.title == "exchange"
    where = [problem.where for problem in caught.value.problems]
    assert where == ["limit", "position[0, 1]", "salience[0, 0]", "power[0, 1]"]


@pytest.mark.parametrize(
    ("position", "salience", "power", "words"),
    [
        ([[1.0, 2.0]], [[1.0, 1.0]], [1.0], "1 actor"),
        ([[1.0], [2.0]], [[1.0], [1.0]], [1.0, 1.0], "1 issue"),
        ([1.0, 2.0], [1.0, 1.0], [1.0, 1.0], "1 axes"),
        ([[1.0, 2.0], [3.0, 4.0]], [[1.0, 1.0]], [1.0, 1.0], "salience"),
        ([[1.0, 2.0], [3.0, 4.0]], [[1.0, 1.0], [1.0, 1.0]], [1.0, 1.0, 1.0], "power"),
        ([[1.0, 2.0], [3.0, 4.0]], [[1.0, 0.0], [1.0, 0.0]], [1.0, 1.0], "issue 1"),
        ([[1.0, float("inf")], [3.0, 4.0]], [[1.0, 1.0], [1.0, 1.0]], [1.0, 1.0], "inf"),
    ],
)
def test_tables_that_cannot_be_used_are_refused(position, salience, power, words):
    for call in (list_exchanges, exchange_positions, spread_of_ties):
        with pytest.raises(ScenarioError, match=words):
            call(position, salience, power)


@pytest.mark.parametrize("rule", ["middle", -1, 2.5])
def test_a_tie_rule_that_is_none_is_refused_with_the_rest(rule):
    with pytest.raises(ScenarioError, match="is no rule") as caught:
        exchange_positions(TINY_POSITION, TINY_SALIENCE, [1.0, 1.0, -1.0], tie_break=rule)
    assert [problem.where for problem in caught.value.problems] == [
        "tie break",
        *(f"power[2, {k}]" for k in (0, 1)),
    ]


def test_many_wrong_entries_are_counted_not_all_named():
    with pytest.raises(ScenarioError, match="more entries like these") as caught:
        list_exchanges(np.full((20, 2), np.nan), np.ones((20, 2)), np.ones(20))
    assert len(caught.value.problems) < 12


def test_reading_the_public_module_does_not_bring_numba():
    code = "import sys, truceline.talks.equal_gain; sys.exit('numba' in sys.modules)"
    assert run([sys.executable, "-c", code], check=False).returncode == 0
