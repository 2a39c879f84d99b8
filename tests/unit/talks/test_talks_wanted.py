"""What one actor alone would have to change: it really brings the answer inside, and less does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_talks import make_board, make_issue

from truceline.errors import ScenarioError
from truceline.talks.model import Board, IssueTable
from truceline.talks.tables import lay_out_issue
from truceline.talks.wanted import ASKED, NeededChange, Wanted, WantedAnswer, find_needed_changes, read_wanted

SAID = {"bridge": {"ann": 10, "ben": 30, "cat": 80}}
STEP = 1e-4
"""Share of the scale: a change that falls short by so much shall not do."""


def ask(board: Board, text: str) -> WantedAnswer:
    found = find_needed_changes(board, read_wanted(text, board))
    assert found is not None
    return found


def needed(answer: WantedAnswer, actor: str, model: str = "mean", what: str = "position") -> NeededChange:
    (change,) = [one for one in answer.changes if (one.actor, one.model, one.what) == (actor, model, what)]
    return change


def changed(table: IssueTable, change: NeededChange, value: float) -> IssueTable:
    values = np.array(getattr(table, change.what))
    values[table.actors.index(change.actor)] = value
    return replace(table, **{change.what: values})


def test_a_position_is_moved_to_the_near_edge_by_hand() -> None:
    """The mean is 40; 50 needs 30 more of the sum: ann to 40, ben to 60, and cat to no place on the scale."""
    answer = ask(make_board(SAID), "bridge=50..60")
    assert answer.answers["mean"] == pytest.approx(40)
    assert needed(answer, "ann").needed == pytest.approx(40, abs=1e-6)
    assert needed(answer, "ann").now == 10
    assert needed(answer, "ben").needed == pytest.approx(60, abs=1e-6)
    assert needed(answer, "cat").needed is None


def test_a_salience_is_moved_to_the_near_edge_by_hand() -> None:
    """(10 s + 30 + 80) / (s + 2) is 50 at s = 1/4."""
    answer = ask(make_board(SAID), "bridge=50..60")
    change = needed(answer, "ann", what="salience")
    assert (change.now, change.needed) == (100, pytest.approx(25, abs=1e-5))
    assert needed(answer, "cat", what="salience").needed is None


def test_a_single_number_is_reached_by_a_model_that_moves_smoothly() -> None:
    """Between two places of the grid lies the one position that brings the mean to 41.237 exactly."""
    answer = ask(make_board(SAID), "bridge=41.237")
    assert needed(answer, "ann").needed == pytest.approx(10 + 3 * 1.237, abs=1e-6)


def test_a_narrow_stretch_between_two_places_that_are_tried_is_not_stepped_over() -> None:
    answer = ask(make_board(SAID), "bridge=41.237..41.238")
    change = needed(answer, "ben")
    assert change.needed == pytest.approx(30 + 3 * 1.237, abs=1e-6)
    narrow = needed(ask(make_board(SAID), "bridge=30.5..30.5001"), "ben", "median")
    assert narrow.needed == pytest.approx(30.5, abs=1e-6)


def test_the_nearer_of_two_ways_is_taken() -> None:
    """The median is ann's place, 49; ben below and cat above can each carry it, ann both ways."""
    board = make_board({"bridge": {"ann": 49, "ben": 0, "cat": 100}})
    assert needed(ask(board, "bridge=50..60"), "ann", "median").needed == pytest.approx(50, abs=1e-6)
    assert needed(ask(board, "bridge=40..45"), "ann", "median").needed == pytest.approx(45, abs=1e-6)


def test_a_median_jumps_and_who_cannot_carry_it_is_said() -> None:
    """With 10, 30, 80 the median enters 60..70 when ann or ben stands there; cat alone cannot bring it."""
    answer = ask(make_board(SAID), "bridge=60..70")
    assert needed(answer, "ann", "median").needed == pytest.approx(60, abs=1e-6)
    assert needed(answer, "ben", "median").needed == pytest.approx(60, abs=1e-6)
    assert needed(answer, "cat", "median").needed is None
    assert needed(answer, "ann", "median", "salience").needed is None


def test_an_answer_that_is_inside_asks_nothing_of_anybody() -> None:
    answer = ask(make_board(SAID), "bridge=0..100")
    assert set(answer.answers) == set(ASKED)
    assert answer.changes == ()


def test_changes_come_positions_first_nearest_first_and_those_that_cannot_last() -> None:
    changes = [one for one in ask(make_board(SAID), "bridge=50..60").changes if one.model == "mean"]
    assert [one.what for one in changes] == ["position"] * 3 + ["salience"] * 3
    for what in ("position", "salience"):
        far = [one.needed is None or abs(one.needed - one.now) for one in changes if one.what == what]
        reach = [one for one in far if one is not True]
        assert reach == sorted(reach)
        assert far == [*reach, *[True] * (len(far) - len(reach))]


@settings(max_examples=6)
@given(
    st.lists(
        st.tuples(st.integers(0, 40), st.sampled_from([20, 60, 100]), st.sampled_from([10, 50, 100])),
        min_size=2,
        max_size=5,
    ),
    st.floats(0, 100),
    st.floats(0, 30),
)
def test_what_is_needed_does_it_and_a_step_short_of_it_does_not(
    drawn: list[tuple[int, int, int]], low: float, wide: float
) -> None:
    names = [f"actor-{n}" for n in range(len(drawn))]
    board = make_board(
        {"bridge": {name: 2.5 * x for name, (x, _, _) in zip(names, drawn, strict=True)}},
        salience={"bridge": {name: s for name, (_, s, _) in zip(names, drawn, strict=True)}},
        power={name: c for name, (_, _, c) in zip(names, drawn, strict=True)},
    )
    wanted = Wanted("bridge", low, min(100.0, low + wide))
    table, found = lay_out_issue(board, "bridge"), find_needed_changes(board, wanted)
    assert table is not None
    assert found is not None
    for change in found.changes:
        asked = ASKED[change.model]
        assert not wanted.holds(found.answers[change.model])
        if change.needed is None:
            continue
        reached = asked(changed(table, change, change.needed))
        assert wanted.low - 1e-6 <= reached <= wanted.high + 1e-6
        short = change.needed + (STEP * 100 if change.now > change.needed else -STEP * 100)
        # The mean and the median follow one position steadily; the others may go in, out and in again.
        if change.model in ("mean", "median") and abs(change.needed - change.now) > STEP * 100:
            assert not wanted.holds(asked(changed(table, change, short)))


@settings(max_examples=6)
@given(st.lists(st.integers(0, 100), min_size=2, max_size=5), st.floats(0, 100))
def test_the_mean_is_out_of_reach_only_where_both_ends_of_the_scale_fall_short(
    drawn: list[int], target: float
) -> None:
    board = make_board({"bridge": {f"actor-{n}": float(x) for n, x in enumerate(drawn)}})
    found = find_needed_changes(board, Wanted("bridge", target, target))
    assert found is not None
    for change in found.changes:
        if change.model == "mean" and change.what == "position":
            others = sum(drawn) - change.now
            can = others / len(drawn) - 1e-9 <= target <= (others + 100) / len(drawn) + 1e-9
            assert (change.needed is not None) == can


def test_an_issue_without_an_answer_asks_nothing() -> None:
    board = make_board({"bridge": {"ann": 10}}, silent=["ben"])
    assert find_needed_changes(board, Wanted("bridge", 0, 1)) is None


def test_a_stretch_is_read_from_text() -> None:
    board = make_board(SAID, issues=[make_issue("bridge", ends=(-5, 100))])
    assert read_wanted("bridge=40..60", board) == Wanted("bridge", 40, 60)
    assert read_wanted(" bridge = -5 .. 2.5 ", board) == Wanted("bridge", -5, 2.5)
    assert read_wanted("bridge=7", board) == Wanted("bridge", 7, 7)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("brigde=1..2", ["'brigde' is not an issue"]),
        ("bridge", ["is not a stretch"]),
        ("bridge=60..40", ["write two numbers in order"]),
        ("bridge=a..b", ["is not a stretch"]),
        ("bridge=nan", ["is not a stretch"]),
        ("bridge=50..101", ["the scale runs from 0 to 100"]),
        ("toll=60..40", ["'toll' is not an issue", "is not a stretch"]),
    ],
)
def test_what_is_no_stretch_is_refused(text: str, said: list[str]) -> None:
    with pytest.raises(ScenarioError) as caught:
        read_wanted(text, make_board(SAID))
    assert all(words in str(caught.value) for words in said)
    assert len(caught.value.problems) == len(said)
