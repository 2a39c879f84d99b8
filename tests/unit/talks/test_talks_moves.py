"""Who moved between two days, on which words, and how far each move alone carried the mean."""

from __future__ import annotations

from datetime import date

import pytest
from made_talks import make_issue, make_register, make_standing, make_statement

from truceline.talks.model import Actor
from truceline.talks.moves import Move, Moves, compare_boards
from truceline.talks.register import TalksRegister

BEFORE, AFTER = date(2025, 2, 1), date(2025, 3, 1)
SAID = {"bridge": {"ann": 10, "ben": 40, "cat": 70}}


def compare(*more: object, silent: tuple[str, ...] = ()) -> Moves:
    register = make_register(SAID, more=more, silent=silent)  # type: ignore[arg-type]
    return compare_boards(register.on(BEFORE), register.on(AFTER))


def only(moves: Moves) -> Move:
    (move,) = moves.moves
    return move


def test_nothing_said_anew_is_no_move() -> None:
    assert compare().moves == ()
    assert compare().standings == ()


def test_a_move_has_both_statements_and_carries_the_mean_by_hand() -> None:
    move = only(compare(make_statement("N", "ann", "bridge", 25, said="2025-02-10")))
    assert (move.actor, move.issue, move.change) == ("ann", "bridge", "moved")
    assert move.before is not None
    assert move.after is not None
    assert move.before.statement.statement_id == "S-bridge-ann"
    assert move.after.statement.statement_id == "N"
    assert move.distance == 15
    assert move.carried == pytest.approx((25 + 40 + 70) / 3 - (10 + 40 + 70) / 3)


def test_what_one_move_carried_leaves_the_others_where_they_went() -> None:
    moves = compare(
        make_statement("N1", "ann", "bridge", 25, said="2025-02-10"),
        make_statement("N2", "ben", "bridge", 10, said="2025-02-10"),
    ).moves
    assert [move.actor for move in moves] == ["ann", "ben"]
    assert [move.carried for move in moves] == [pytest.approx(5), pytest.approx(-10)]
    assert [move.distance for move in moves] == [15, -30]


def test_caring_less_carries_the_mean_too() -> None:
    """Ann's weight falls from 1 to 1/2: 120/3 becomes (5 + 40 + 70)/2.5."""
    move = only(compare(make_statement("N", "ann", "bridge", 10, salience=50, said="2025-02-10")))
    assert (move.change, move.distance) == ("cares", 0)
    assert move.carried == pytest.approx(115 / 2.5 - 40)


def test_the_same_said_again_carries_nothing() -> None:
    move = only(compare(make_statement("N", "ann", "bridge", 10, said="2025-02-10")))
    assert (move.change, move.carried) == ("restated", 0)


def test_who_speaks_for_the_first_time_carries_the_mean_from_that_of_the_others() -> None:
    move = only(compare(make_statement("N", "dan", "bridge", 100, said="2025-02-10"), silent=("dan",)))
    assert (move.change, move.before, move.distance) == ("spoke", None, 0)
    assert move.carried == pytest.approx((10 + 40 + 70 + 100) / 4 - 40)


def test_who_falls_silent_is_said_and_has_no_place_afterwards() -> None:
    move = only(compare(make_statement("N", "ann", "bridge", None, said="2025-02-10")))
    assert (move.change, move.after) == ("fell silent", None)


def test_a_statement_made_and_taken_back_between_the_days_leaves_the_last_one() -> None:
    move = only(
        compare(
            make_statement("N1", "ann", "bridge", 90, said="2025-02-10"),
            make_statement("N2", "ann", "bridge", 10, said="2025-02-20"),
        )
    )
    assert move.change == "restated"
    assert move.after is not None
    assert move.after.statement.statement_id == "N2"


def test_the_second_to_speak_makes_the_mean_there_is_nothing_to_carry_from() -> None:
    register = make_register(
        {"bridge": {"ann": 10}},
        silent=["ben"],
        more=[make_statement("N", "ben", "bridge", 30, said="2025-02-10")],
    )
    move = only(compare_boards(register.on(BEFORE), register.on(AFTER)))
    assert (move.change, move.carried) == ("spoke", None)


def test_seats_vetoes_and_power_that_changed_are_said_with_their_row() -> None:
    register = TalksRegister(
        [Actor("ann", "Ann", "other", "", ("bridge", "toll"))],
        [make_issue("bridge"), make_issue("toll")],
        [],
        [
            make_standing("R1", "ann", seat="party", power=50),
            make_standing("R2", "ann", seat="consulted", said="2025-02-10"),
            make_standing("R3", "ann", "bridge", veto=True, power=60, said="2025-02-11"),
        ],
    )
    changes = compare_boards(register.on(BEFORE), register.on(AFTER)).standings
    told = [(one.issue, one.what, one.before, one.after, one.row.standing_id) for one in changes]
    assert told == [
        ("bridge", "seat", "at the table", "consulted", "R2"),
        ("bridge", "veto", "cannot stop it", "can stop it", "R3"),
        ("bridge", "power", "50", "60", "R3"),
        ("toll", "seat", "at the table", "consulted", "R2"),
    ]
