"""A day's codings as arrays: who is in, what stands in for a coded number, weights and quotas."""

from __future__ import annotations

import numpy as np
from made_talks import make_board, make_issue

from truceline.talks.tables import (
    lay_out_issue,
    lay_out_issues,
    name_position,
    name_power,
    name_salience,
)

POSITIONS = {"bridge": {"cat": 30, "ann": 10, "ben": 20}, "toll": {"cat": 3, "ann": 2}}


def test_an_issue_lists_those_who_spoke_sorted_by_key() -> None:
    board = make_board(
        POSITIONS,
        salience={"bridge": {"ann": 50, "ben": 40}},
        power={"ann": 80, "cat": 10},
        vetoes={"bridge": ["ben"]},
        silent=["dan"],
        issues=[make_issue("bridge", quota=0.6)],
    )
    table = lay_out_issue(board, "bridge")
    assert table is not None
    assert table.actors == ("ann", "ben", "cat")
    np.testing.assert_array_equal(table.position, [10, 20, 30])
    np.testing.assert_array_equal(table.salience, [50, 40, 100])
    np.testing.assert_array_equal(table.power, [80, 100, 10])
    assert table.veto.tolist() == [False, True, False]
    np.testing.assert_allclose(table.weight, [0.4, 0.4, 0.1])
    assert np.isclose(table.quota, 0.6 * 0.9)


def test_numbers_by_name_stand_in_for_coded_ones() -> None:
    board = make_board(POSITIONS)
    values = {
        name_position("bridge", "ann"): 15.0,
        name_salience("bridge", "ben"): 5.0,
        name_power("bridge", "cat"): 7.0,
        "talks.quota.bridge": 0.9,
        name_position("toll", "ann"): 99.0,
    }
    table = lay_out_issue(board, "bridge", values=values)
    assert table is not None
    assert (table.position[0], table.salience[1], table.power[2], table.quota_share) == (15, 5, 7, 0.9)
    untouched = lay_out_issue(board, "bridge")
    assert untouched is not None
    assert untouched.position[0] == 10


def test_fewer_than_two_who_spoke_are_no_table() -> None:
    board = make_board(POSITIONS)
    assert lay_out_issue(board, "bridge", only=["ann", "ben"]) is not None
    assert lay_out_issue(board, "bridge", only=["ann"]) is None
    assert lay_out_issue(board, "toll", only=["ann", "ben"]) is None


def test_nobody_with_any_weight_is_no_table() -> None:
    assert lay_out_issue(make_board(POSITIONS, salience=0), "bridge") is None


def test_several_issues_list_those_who_spoke_on_all() -> None:
    table = lay_out_issues(make_board(POSITIONS), ["toll", "bridge"])
    assert table is not None
    assert table.actors == ("ann", "cat")
    assert [issue.key for issue in table.issues] == ["toll", "bridge"]
    np.testing.assert_array_equal(table.position, [[2, 10], [3, 30]])
    np.testing.assert_array_equal(table.span, [100, 100])


def test_one_issue_or_one_actor_is_no_bundle() -> None:
    board = make_board(POSITIONS)
    assert lay_out_issues(board, ["bridge"]) is None
    assert lay_out_issues(board, []) is None
    assert lay_out_issues(board, ["bridge", "toll"], only=["ann", "ben"]) is None


def test_who_cares_about_none_of_the_issues_is_left_out_of_the_bundle() -> None:
    board = make_board(
        {"bridge": {"ann": 1, "ben": 2, "cat": 3}, "toll": {"ann": 1, "ben": 2, "cat": 3}},
        salience={"bridge": {"ben": 0}, "toll": {"ben": 0}},
    )
    table = lay_out_issues(board, ["bridge", "toll"])
    assert table is not None
    assert table.actors == ("ann", "cat")


def test_an_issue_on_which_nobody_in_the_bundle_has_weight_is_left_out() -> None:
    """Who spoke on all three has no weight on the toll: nothing on it could be exchanged or averaged."""
    said = {"ann": 10, "ben": 20}
    board = make_board(
        {"bridge": said, "toll": {**said, "cat": 3}, "bank": said},
        salience={"toll": {"ann": 0, "ben": 0}},
    )
    table = lay_out_issues(board, ["bridge", "toll", "bank"])
    assert table is not None
    assert [issue.key for issue in table.issues] == ["bridge", "bank"]
    assert lay_out_issues(board, ["bridge", "toll"]) is None
