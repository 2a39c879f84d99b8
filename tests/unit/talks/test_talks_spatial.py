"""The spatial model's first turn: the published run, proposals that are one, properties, what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from made_talks import read_table

from truceline.errors import ScenarioError
from truceline.talks.spatial import take_turn

SPANS = [100.0, 100.0, 100.0]


def test_the_published_run_is_met(shared: Path) -> None:
    folder = shared / "data" / "reference" / "talks"
    actors = read_table(folder / "ktab_3dim_7actors_actors.csv")
    expected = read_table(folder / "ktab_3dim_7actors_expected.csv")
    assert len(actors) == len(expected) == 7
    turn = take_turn(
        [[float(one[f"position_{k}"]) for k in range(3)] for one in actors],
        [[float(one[f"salience_{k}"]) for k in range(3)] for one in actors],
        [float(one["influence"]) for one in actors],
        SPANS,
    )
    for i, row in enumerate(expected):
        assert turn.p_risk_neutral[i] == pytest.approx(float(row["p_risk_neutral"]), abs=1e-6)
        assert turn.risk[i] == pytest.approx(float(row["R"]), abs=1e-6)
        assert turn.p_risk_aware[turn.proposal_of[i]] == pytest.approx(float(row["p_risk_aware"]), abs=1e-6)
        for j in range(7):
            assert turn.value[i, j] == pytest.approx(float(row[f"V_A{j}"]), abs=1e-6)
            assert turn.utility[i, j] == pytest.approx(float(row[f"U_A{j}"]), abs=1e-6)


def test_identical_proposals_are_one_and_keep_the_order_of_their_first_actor() -> None:
    position = [[90, 10], [20, 30], [90, 10], [50, 50], [20, 30 + 1e-9]]
    turn = take_turn(position, np.ones((5, 2)), np.ones(5), [100, 100])
    np.testing.assert_array_equal(turn.proposals, [[90, 10], [20, 30], [50, 50]])
    assert turn.proposal_of.tolist() == [0, 1, 0, 2, 1]
    assert turn.p_risk_neutral.shape == (5,)
    assert turn.p_risk_aware.shape == (3,)
    np.testing.assert_allclose(turn.mean, turn.p_risk_aware @ turn.proposals)
    assert turn.leading == int(np.argmax(turn.p_risk_aware))


def test_where_all_propose_the_same_nobody_takes_a_risk() -> None:
    turn = take_turn([[40, 3]] * 3, [[1, 1]] * 3, [5, 1, 2], [100, 5])
    assert turn.p_risk_aware.tolist() == [1.0]
    assert turn.risk.tolist() == [0, 0, 0]
    np.testing.assert_allclose(turn.mean, [40, 3])


@given(
    arrays(np.float64, (4, 2), elements=st.integers(0, 10).map(float)),
    arrays(np.float64, (4, 2), elements=st.integers(1, 5).map(float)),
    arrays(np.float64, 4, elements=st.integers(1, 9).map(float)),
)
def test_scales_may_be_stretched_and_shares_sum_to_one(
    position: np.ndarray, salience: np.ndarray, power: np.ndarray
) -> None:
    turn = take_turn(position, salience, power, [10, 10])
    stretched = take_turn(position * [1, 30] + [0, 7], salience, power, [10, 300])
    assert turn.p_risk_aware.sum() == pytest.approx(1)
    np.testing.assert_allclose(stretched.p_risk_aware, turn.p_risk_aware, atol=1e-6)
    np.testing.assert_allclose(np.diag(turn.value), 1)
    assert (turn.value >= -1e-12).all()
    if np.ptp(turn.risk) > 0:
        assert turn.risk.max() == pytest.approx(1)
        assert turn.risk.min() == pytest.approx(-0.5)


def test_an_issue_nobody_cares_about_changes_nothing() -> None:
    position, power = np.array([[0.0, 9], [50, 1], [100, 4]]), [1.0, 2, 3]
    with_it = take_turn(position, [[1, 0], [2, 0], [1, 0]], power, [100, 10])
    without = take_turn(position[:, :1], [[1], [2], [1]], power, [100])
    np.testing.assert_allclose(with_it.p_risk_aware, without.p_risk_aware)


def test_who_said_nothing_is_refused_with_what_to_do() -> None:
    with pytest.raises(ScenarioError) as caught:
        take_turn([[1, np.nan], [2, 3]], [[1, -1], [0, 0]], [-1, 1], [100, 0])
    message = str(caught.value)
    for words in (
        "absent is not neutral",
        "salience  holds something below zero",
        "power  holds something below zero",
        "a scale has no width",
        "cares about none of the issues",
    ):
        assert words in message
    assert len(caught.value.problems) == 5


def test_one_actor_alone_is_refused() -> None:
    with pytest.raises(ScenarioError, match="talks need two"):
        take_turn([[1, 2]], [[1, 1]], [1], [100, 100])


def test_shapes_that_do_not_fit_are_refused_before_anything_else() -> None:
    with pytest.raises(ScenarioError, match=r"positions \(2, 2\), salience \(2, 1\)"):
        take_turn([[1, 2], [3, 4]], [[1], [1]], [1, 1], [100, 100])


def test_majorities_in_a_circle_are_seen_although_strengths_never_run_in_one() -> None:
    """Each of three wants one issue settled its way, the next one next best: the oldest circle there is."""
    position = [[0, 50, 100], [100, 0, 50], [50, 100, 0]]
    salience = [[90, 50, 10], [10, 90, 50], [50, 10, 90]]
    turn = take_turn(position, salience, [1, 1, 1], SPANS)
    assert not turn.election.has_cycle
    assert turn.has_majority_cycle
    assert turn.majority_top == (0, 1, 2)
    assert sorted(turn.majority[~np.eye(3, dtype=bool)].tolist()) == [1, 1, 1, 2, 2, 2]


def test_a_proposal_that_wins_every_majority_stands_alone_at_the_top() -> None:
    turn = take_turn([[10, 10], [50, 50], [90, 90]], np.ones((3, 2)), [1, 1, 1], [100, 100])
    assert turn.majority_top == (1,)
    assert not turn.has_majority_cycle
