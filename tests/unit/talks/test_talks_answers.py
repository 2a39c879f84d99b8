"""Models side by side: the plain ones first, numbers by hand, and cycles and ties said with the answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_talks import make_board, make_issue, read_table

from truceline.talks.answers import MODELS, Answer, answer_issue, answer_jointly, elect_positions
from truceline.talks.condorcet import elect
from truceline.talks.model import Board, IssueTable
from truceline.talks.tables import lay_out_issue, lay_out_issues


def table_of(board: Board, issue: str = "bridge") -> IssueTable:
    table = lay_out_issue(board, issue)
    assert table is not None
    return table


def answers(board: Board, issue: str = "bridge") -> dict[str, Answer]:
    return {one.model: one for one in answer_issue(table_of(board, issue))}


def test_every_model_of_one_issue_answers_in_the_order_of_the_list() -> None:
    found = answer_issue(table_of(make_board({"bridge": {"ann": 10, "ben": 20, "cat": 60}})))
    assert [one.model for one in found] == [model.key for model in MODELS if not model.joint]
    assert [one.model for one in found][:2] == ["mean", "median"]
    assert [model.key for model in MODELS if model.kind == "plain"] == ["mean", "median"]


def test_the_mean_and_median_of_a_board_are_those_of_its_weights() -> None:
    board = make_board(
        {"bridge": {"ann": 10, "ben": 20, "cat": 60}},
        salience={"bridge": {"ann": 50, "ben": 100, "cat": 100}},
        power={"ann": 100, "ben": 25, "cat": 75},
    )
    found = answers(board)  # weights 0.5, 0.25, 0.75
    assert found["mean"].value == pytest.approx((5 + 5 + 45) / 1.5)
    assert (found["median"].value, found["median"].low, found["median"].high) == (20, 20, 60)
    assert found["median"].has_spread
    assert "divided evenly" in found["median"].notes[0]


def test_a_median_without_a_tie_says_nothing_of_one() -> None:
    found = answers(make_board({"bridge": {"ann": 10, "ben": 20, "cat": 60}}))
    assert found["median"].notes == ()
    assert not found["median"].has_spread


def test_a_core_of_one_position_is_a_value_and_a_wider_one_a_stretch() -> None:
    said = {"bridge": {"ann": 10, "ben": 20, "cat": 60}}
    one = answers(make_board(said))["core"]
    assert (one.value, one.low, one.high) == (20, 20, 20)
    wide = answers(make_board(said, vetoes={"bridge": ["ann", "cat"]}))["core"]
    assert (wide.value, wide.low, wide.high) == (None, 10, 60)
    empty = answers(make_board(said, issues=[make_issue("bridge", quota=0.3)]))["core"]
    assert (empty.value, empty.low, empty.notes) == (
        None,
        None,
        ("no held position stands: each can be overturned",),
    )


def test_positions_held_by_several_are_elected_once() -> None:
    election, held = elect_positions(table_of(make_board({"bridge": {"ann": 10, "ben": 10, "cat": 60}})))
    np.testing.assert_array_equal(held, [10, 60])
    np.testing.assert_allclose(election.strength, [[0, 1.0], [0.5, 0]])


def test_an_election_of_two_positions_is_split_by_strength() -> None:
    """10 has two of three behind it: 2/3 of the shares, so (2 * 10 + 60) / 3."""
    found = answers(make_board({"bridge": {"ann": 10, "ben": 10, "cat": 60}}))
    assert found["conditional"].value == pytest.approx(80 / 3)
    assert found["markov-uniform"].value == pytest.approx(80 / 3)


def test_equally_strong_positions_are_said() -> None:
    found = answers(make_board({"bridge": {"ann": 10, "ben": 60}}))
    for model in ("conditional", "markov-uniform", "markov-incentive"):
        assert found[model].value == pytest.approx(35)
        assert "1 pairs of positions are equally strong" in " ".join(found[model].notes)


def test_a_cycle_and_several_long_runs_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Summed gains allow no cycle on a line; were one found, the answer would say so."""
    cycle = elect([[0, 2, 1], [1, 0, 2], [2, 1, 0]])
    several = replace(cycle, is_unique=False)
    held = np.array([10.0, 20.0, 60.0])
    monkeypatch.setattr("truceline.talks.answers.elect_positions", lambda table: (several, held))
    found = answers(make_board({"bridge": {"ann": 10, "ben": 20, "cat": 60}}))
    for model in ("conditional", "markov-uniform", "markov-incentive"):
        assert found[model].notes == (
            "no position beats or ties with every other: a cycle of 10, 20, 60",
            "more than one long-run answer: the one from an even start",
        )


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 9)), min_size=2, max_size=6))
def test_an_election_by_distance_never_runs_in_a_circle(drawn: list[tuple[int, int]]) -> None:
    """What backs a against b, less what backs b against a, is a difference of two sums: an order."""
    board = make_board(
        {"bridge": {f"actor-{n}": float(x) for n, (x, _) in enumerate(drawn)}},
        power={f"actor-{n}": float(c) for n, (_, c) in enumerate(drawn)},
    )
    table = lay_out_issue(board, "bridge")
    if table is not None:
        election, held = elect_positions(table)
        assert not election.has_cycle
        near = [float(table.weight @ np.abs(table.position - x)) for x in held]
        best = {n for n, away in enumerate(near) if away <= min(near) + 1e-9}
        assert best <= set(election.top_cycle)


def test_all_of_one_mind_is_one_answer_of_every_model() -> None:
    board = make_board({"bridge": {"ann": 40, "ben": 40}, "toll": {"ann": 7, "ben": 7}})
    assert {one.value for one in answer_issue(table_of(board))} == {40}
    joint = lay_out_issues(board, ["bridge", "toll"])
    assert joint is not None
    for one in answer_jointly(joint):
        assert one.value == pytest.approx({"bridge": 40, "toll": 7}[one.issue])


def test_exchange_starts_from_the_reference_case(shared: Path) -> None:
    rows = read_table(shared / "data" / "reference" / "talks" / "exchange_tiny_actors.csv")
    position: dict[str, dict[str, float]] = {"p": {}, "q": {}}
    salience: dict[str, dict[str, float]] = {"p": {}, "q": {}}
    for row in rows:
        position[row["issue"]][row["actor"]] = float(row["position"])
        salience[row["issue"]][row["actor"]] = float(row["salience"]) * 100
    power = {row["actor"]: float(row["power"]) * 100 for row in rows}
    board = make_board(position, salience=salience, power=power)
    joint = lay_out_issues(board, ["p", "q"])
    assert joint is not None
    traded = {one.issue: one for one in answer_jointly(joint) if one.model == "exchange"}
    # B moves fully on p to 80, A by 46.67 on q to 66.67 (exchange_tiny_top.csv).
    assert traded["p"].value == pytest.approx((0.9 * 80 + 0.2 * 80 + 0.25 * 50) / 1.35, abs=1e-6)
    assert traded["q"].value == pytest.approx((0.3 * (20 + 140 / 3) + 0.8 * 90 + 0.25 * 50) / 1.35, abs=1e-6)
    assert traded["p"].notes[0] == "1 exchange of 1 possible at the start"


def test_several_issues_answer_on_their_own_scales() -> None:
    said = {"ann": 2.5, "ben": 3.0, "cat": 4.0}
    narrow = make_issue("toll", ends=(2, 6))
    board = make_board({"bridge": {"ann": 10, "ben": 90, "cat": 30}, "toll": said}, issues=[narrow])
    joint = lay_out_issues(board, ["toll", "bridge"])
    assert joint is not None
    for one in answer_jointly(joint):
        assert one.value is not None
        low, high = (2.5, 4.0) if one.issue == "toll" else (10, 90)
        assert low <= one.value <= high
        if one.low is not None and one.high is not None:
            assert one.low - 1e-9 <= one.value <= one.high + 1e-9


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.integers(0, 20), st.sampled_from([0, 1, 50, 100]), st.sampled_from([0, 1, 50, 100])),
        min_size=2,
        max_size=6,
    ),
    st.sampled_from([0.2, 0.5, 0.67, 1.0]),
)
def test_every_model_answers_between_the_ends_of_what_was_said(
    drawn: list[tuple[int, int, int]], quota: float
) -> None:
    names = [f"actor-{n}" for n in range(len(drawn))]
    board = make_board(
        {"bridge": {name: 5.0 * x for name, (x, _, _) in zip(names, drawn, strict=True)}},
        salience={"bridge": {name: s for name, (_, s, _) in zip(names, drawn, strict=True)}},
        power={name: c for name, (_, _, c) in zip(names, drawn, strict=True)},
        issues=[make_issue("bridge", quota=quota)],
    )
    table = lay_out_issue(board, "bridge")
    if table is None:
        assert not any(s * c for _, s, c in drawn)
        return
    low, high = table.position.min() - 1e-9, table.position.max() + 1e-9
    for one in answer_issue(table):
        for value in (one.value, one.low, one.high):
            assert value is None or low <= value <= high
        assert one.value is not None or one.low is not None or one.notes


def test_a_circle_of_majorities_is_told_by_name_and_marked() -> None:
    """Each of three wants one issue settled its way, the next one next best."""
    wants = {"one": (0, 100, 50), "two": (50, 0, 100), "three": (100, 50, 0)}
    cares = {"one": (90, 10, 50), "two": (50, 90, 10), "three": (10, 50, 90)}
    actors = ("ann", "ben", "cat")
    board = make_board(
        {issue: dict(zip(actors, map(float, row), strict=True)) for issue, row in wants.items()},
        salience={issue: dict(zip(actors, map(float, row), strict=True)) for issue, row in cares.items()},
    )
    joint = lay_out_issues(board, list(wants))
    assert joint is not None
    spatial = next(one for one in answer_jointly(joint, {"ann": "Ann"}) if one.model == "spatial")
    assert spatial.marks == ("cycle",)
    assert "majorities of power run in a circle over the proposals of Ann; ben; cat" in spatial.notes
