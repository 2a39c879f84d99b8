"""What a seat changes: outcomes by who counts, shifts by hand, and voting power of a board."""

from __future__ import annotations

import pytest
from made_talks import assume, make_board, make_issue

from truceline.talks.answers import answer_issue
from truceline.talks.seats import measure_board_power, seat_outcomes, seat_shifts
from truceline.talks.tables import lay_out_issue

SAID = {"bridge": {"ann": 0, "ben": 60, "cat": 90, "dan": 100}}
SEATS = {"ann": "party", "ben": "consulted", "cat": "party", "dan": "absent"}


def outcomes(share: float = 0.5) -> dict[str, tuple[tuple[str, ...], float | None, float | None]]:
    board = make_board(SAID, seats=SEATS)
    return {
        one.table: (one.actors, one.mean, one.median)
        for one in seat_outcomes(board, "bridge", assume(consulted_share=share))
    }


def test_everybody_is_the_plain_mean_and_median() -> None:
    board = make_board(SAID, seats=SEATS)
    table = lay_out_issue(board, "bridge")
    assert table is not None
    mean, median = (one.value for one in answer_issue(table)[:2])
    assert outcomes()["everybody"] == (("ann", "ben", "cat", "dan"), mean, median)


def test_parties_count_in_full_the_consulted_in_part_and_the_absent_not_at_all() -> None:
    found = outcomes(0.5)
    assert found["as-seated"] == (("ann", "ben", "cat"), pytest.approx((0 + 30 + 90) / 2.5), 60)
    assert found["parties"] == (("ann", "cat"), 45, 0)


def test_who_is_consulted_for_nothing_leaves_the_parties_alone() -> None:
    found = outcomes(0.0)
    assert found["as-seated"] == found["parties"]


def test_who_is_consulted_in_full_is_as_good_as_a_party() -> None:
    board = make_board(SAID, seats={**SEATS, "ben": "party"})
    (parties,) = [one for one in seat_outcomes(board, "bridge", assume()) if one.table == "parties"]
    assert outcomes(1.0)["as-seated"] == (parties.actors, parties.mean, parties.median)


def test_one_party_alone_settles_nothing() -> None:
    board = make_board(SAID, seats={**dict.fromkeys(SEATS, "absent"), "ann": "party"})
    (parties,) = [one for one in seat_outcomes(board, "bridge", assume()) if one.table == "parties"]
    assert (parties.actors, parties.mean, parties.median) == (("ann",), None, None)


def test_shifts_are_what_a_seat_given_or_denied_does_to_the_others_as_seated() -> None:
    board = make_board(SAID, seats=SEATS)
    shifts = {one.actor: one for one in seat_shifts(board, "bridge", assume(consulted_share=0.5))}
    dan = shifts["dan"]
    assert dan.seat == "absent"
    assert dan.mean_denied == pytest.approx(120 / 2.5)
    assert dan.mean_given == pytest.approx(220 / 3.5)
    assert dan.shift == pytest.approx(220 / 3.5 - 120 / 2.5)
    assert (dan.median_denied, dan.median_given) == (60, 90)
    ann = shifts["ann"]
    assert ann.mean_denied == pytest.approx(120 / 1.5)
    assert ann.mean_given == pytest.approx(120 / 2.5)
    ben = shifts["ben"]
    assert (ben.mean_denied, ben.mean_given) == (45, 50)


def test_a_shift_that_would_leave_one_alone_is_none() -> None:
    board = make_board({"bridge": {"ann": 0, "ben": 60}})
    assert [one.shift for one in seat_shifts(board, "bridge", assume())] == [None, None]


def test_an_issue_without_two_who_spoke_has_no_seats_to_compare() -> None:
    board = make_board({"bridge": {"ann": 0}}, silent=["ben"])
    assert seat_outcomes(board, "bridge", assume()) == ()
    assert seat_shifts(board, "bridge", assume()) == ()


def test_voting_power_counts_the_silent_and_holds_vetoes() -> None:
    """Ann needs ben or the silent cat, and they do nothing without her."""
    board = make_board(
        {"bridge": {"ann": 0, "ben": 60}},
        power={"ann": 30, "ben": 20, "cat": 10},
        silent=["cat"],
        issues=[make_issue("bridge", quota=0.6)],
    )
    power = measure_board_power(board, "bridge")
    assert power is not None
    assert power.players == ("ann", "ben", "cat")
    # Of 60, 36 win: ann and ben, ann and cat, all three; ben and cat weigh 30.
    assert power.shapley_shubik == pytest.approx((2 / 3, 1 / 6, 1 / 6))


def test_a_veto_counts_without_any_power() -> None:
    """Who weighs nothing and can say no still decides: it is critical wherever the others win."""
    board = make_board(
        {"bridge": {"ann": 0, "ben": 60}}, power={"ann": 100, "ben": 0}, vetoes={"bridge": ["ben"]}
    )
    power = measure_board_power(board, "bridge")
    assert power is not None
    assert power.shapley_shubik == pytest.approx((0.5, 0.5))


def test_nobody_or_one_alone_with_power_is_no_vote() -> None:
    assert measure_board_power(make_board(SAID, power=dict.fromkeys(SEATS, 0)), "bridge") is None
    alone = {**dict.fromkeys(SEATS, 0), "ann": 10}
    assert measure_board_power(make_board(SAID, power=alone), "bridge") is None
    vetoes = {"bridge": ["ann", "ben"]}
    powerless = make_board(SAID, power=dict.fromkeys(SEATS, 0), vetoes=vetoes)
    assert measure_board_power(powerless, "bridge") is None
