"""A joint statement is coded once, and drawn once for all it counts for."""

from __future__ import annotations

import numpy as np
from made_talks import DAY, make_register, make_statement

from truceline.talks.sampling import draw_codings, sample_answers


def test_a_joint_statement_is_drawn_once_for_all_its_actors() -> None:
    joint = make_statement("J", ("ann", "ben"), "bridge", (10, 40, 90), (20, 50, 80), said="2025-02-10")
    board = make_register({"bridge": {"cat": (0, 20, 50)}}, silent=["ann", "ben"], more=[joint]).on(DAY)
    draws = draw_codings(board, 50, 1)
    ann, ben, cat = (
        draws.read([board.places[one, "bridge"].position])[:, 0] for one in ("ann", "ben", "cat")
    )
    np.testing.assert_array_equal(ann, ben)
    assert not np.array_equal(ann, cat)
    assert draws.points.shape[1] == 3
    found = sample_answers(board, [], draws)
    assert found.n_ranges == 3
    names = [one.name for one in found.spreads["bridge", "mean"].drivers]
    assert names[0] == "talks.position.bridge.ann"
    assert "talks.position.bridge.ben" not in names


def test_those_of_one_statement_stand_together() -> None:
    joint = make_statement("J", ["ann", "ben"], "bridge", (60, 70, 90))
    board = make_register({"bridge": {"cat": 20}}, silent=["ann", "ben"], more=[joint]).on(DAY)
    assert board.together("ben", "bridge") == ("ann", "ben")
    assert board.together("cat", "bridge") == ("cat",)
