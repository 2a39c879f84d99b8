"""Who accepts an agreement and who blocks it: balances by hand, vetoes, silence, and shares of draws."""

from __future__ import annotations

import pytest
from made_talks import Number, make_agreement, make_board, make_issue

from truceline.talks.acceptance import Reception, Verdict, weigh_agreements
from truceline.talks.model import Board
from truceline.talks.sampling import draw_codings

SAID = {"bridge": {"ann": 80, "ben": 10, "cat": 30}, "toll": {"ann": 40, "ben": 90}}
"""Without agreement both lie at 0."""


def receive(board: Board, points: dict[str, Number], n: int = 0, asks: tuple[str, ...] = ()) -> Reception:
    agreement = make_agreement("x", points, asks)
    draws = draw_codings(board, n, 1, list(agreement.points.values())) if n else None
    (reception,) = weigh_agreements(board, [agreement], draws)
    return reception


def verdict(reception: Reception, actor: str) -> Verdict:
    (one,) = [one for one in reception.verdicts if one.actor == actor]
    return one


def test_a_gain_is_how_much_nearer_an_agreement_lies_than_none() -> None:
    """Bridge at 50: ann 80 -> 30 away, +0.5; ben 10 -> 40 away, -0.3; cat 30 -> 20 away, +0.1."""
    found = receive(make_board(SAID), {"bridge": 50})
    assert [one.gain for one in found.verdicts] == pytest.approx([0.5, -0.3, 0.1])
    assert (found.accepting, found.rejecting, found.blocking) == (("ann", "cat"), ("ben",), ())


def test_gains_on_several_issues_are_weighted_by_salience() -> None:
    """Toll at 60: ben +0.6 at salience 25 against -0.3 on the bridge at 75: -0.075 in all."""
    board = make_board(SAID, salience={"bridge": {"ben": 75}, "toll": {"ben": 25}})
    ben = verdict(receive(board, {"bridge": 50, "toll": 60}), "ben")
    assert ben.gains == pytest.approx({"bridge": -0.3, "toll": 0.6})
    assert ben.gain == pytest.approx((75 * -0.3 + 25 * 0.6) / 100)
    assert not ben.accepts
    assert ben.issues == ("bridge", "toll")


def test_an_issue_it_has_not_spoken_on_is_left_out_of_its_balance() -> None:
    cat = verdict(receive(make_board(SAID), {"bridge": 50, "toll": 60}), "cat")
    assert (cat.issues, cat.gain) == (("bridge",), pytest.approx(0.1))


def test_gains_are_shares_of_each_scale() -> None:
    narrow = make_issue("toll", ends=(2, 6), reference=2)
    board = make_board({"toll": {"ann": 5, "ben": 2}}, issues=[narrow])
    assert verdict(receive(board, {"toll": 4}), "ann").gain == pytest.approx((3 - 1) / 4)


def test_an_even_balance_is_acceptance() -> None:
    """Ben at 10 is as far from 20 as from 0."""
    ben = verdict(receive(make_board(SAID), {"bridge": 20}), "ben")
    assert (ben.gain, ben.accepts, ben.word) == (0, True, "accepts")


def test_who_has_said_nothing_is_counted_neither_way() -> None:
    board = make_board(SAID, silent=["dan"])
    found = receive(board, {"bridge": 50}, n=20)
    dan = verdict(found, "dan")
    assert (dan.is_silent, dan.word, dan.accepts, dan.accepts_share) == (True, "silent", False, None)
    assert "dan" not in (*found.accepting, *found.rejecting, *found.blocking)
    assert found.backing[0].weight_share == pytest.approx(2 / 3)


def test_a_veto_blocks_where_its_own_issue_is_a_loss_though_the_whole_is_a_gain() -> None:
    board = make_board(SAID, vetoes={"bridge": ["ben"]})
    found = receive(board, {"bridge": 50, "toll": 90})
    ben = verdict(found, "ben")
    assert ben.gain == pytest.approx((-0.3 + 0.9) / 2)
    assert ben.accepts
    assert (ben.vetoes, ben.blocks_on) == (("bridge",), ("bridge",))
    assert found.blocking == ("ben",)
    assert not found.stands


def test_a_veto_blocks_where_the_whole_is_a_loss_though_its_own_issue_is_a_gain() -> None:
    board = make_board(SAID, vetoes={"toll": ["ben"]})
    found = receive(board, {"bridge": 100, "toll": 20})
    ben = verdict(found, "ben")
    assert ben.gains == pytest.approx({"bridge": -0.8, "toll": 0.2})
    assert (ben.accepts, ben.blocks_on) == (False, ("toll",))
    assert found.blocking == ("ben",)


def test_a_veto_on_an_issue_not_spoken_on_is_used_by_who_rejects_the_whole() -> None:
    """Cat has said nothing on the toll; on the bridge 70 is 10 further from its 30 than nothing is."""
    board = make_board(SAID, vetoes={"toll": ["cat"]})
    refused = receive(board, {"bridge": 70, "toll": 60}, n=20)
    assert verdict(refused, "cat").blocks_on == ("toll",)
    assert (refused.blocking, verdict(refused, "cat").blocks_share) == (("cat",), 1)
    taken = receive(board, {"bridge": 50, "toll": 60}, n=20)
    assert (taken.could_block, taken.blocking) == (("cat",), ())


def test_a_veto_on_what_is_not_settled_stops_nothing() -> None:
    found = receive(make_board(SAID, vetoes={"toll": ["ben"]}), {"bridge": 50})
    assert (found.could_block, found.blocking) == ((), ())
    assert found.stands


def test_a_veto_of_the_silent_is_named_and_not_taken_as_used() -> None:
    board = make_board(SAID, silent=["dan"], vetoes={"bridge": ["dan"]})
    found = receive(board, {"bridge": 50}, n=20)
    assert (found.could_block, found.blocking, found.unheard) == (("dan",), (), ("dan",))
    assert verdict(found, "dan").blocks_share == 0


def test_a_yes_that_a_term_asks_for_is_refused_by_who_rejects_the_whole() -> None:
    found = receive(make_board(SAID), {"bridge": 50}, asks=("ann", "ben"), n=20)
    ann, ben = verdict(found, "ann"), verdict(found, "ben")
    assert (ann.asked_by, ann.refuses, ann.blocks_share) == (("x-term",), (), 0)
    assert (ben.asked_by, ben.refuses, ben.blocks_share) == (("x-term",), ("x-term",), 1)
    assert (found.could_block, found.blocking) == (("ann", "ben"), ("ben",))
    assert (found.stands, found.stands_share) == (False, 0)


def test_weight_behind_an_agreement_is_salience_times_power_of_those_who_accept() -> None:
    board = make_board(
        SAID,
        salience={"bridge": {"ann": 50, "ben": 100, "cat": 20}},
        power={"ann": 80, "ben": 30, "cat": 50},
        issues=[make_issue("bridge", quota=0.5)],
    )
    (backing,) = receive(board, {"bridge": 50}).backing  # 0.4 and 0.1 of 0.4 + 0.3 + 0.1
    assert backing.weight_share == pytest.approx(0.5 / 0.8)
    assert backing.quota_share == 0.5
    assert backing.is_enough


@pytest.mark.parametrize(("quota", "stands"), [(2 / 3, True), (0.67, False), (1.0, False)])
def test_an_agreement_stands_where_every_quota_is_reached(quota: float, stands: bool) -> None:
    board = make_board(SAID, issues=[make_issue("bridge", quota=quota)])
    found = receive(board, {"bridge": 50}, n=20)
    assert found.stands is stands
    assert found.stands_share == float(stands)


def test_nothing_stands_on_silence() -> None:
    board = make_board({"bridge": SAID["bridge"]}, issues=[make_issue(key) for key in SAID])
    found = receive(board, {"bridge": 50, "toll": 50}, n=20)
    toll = found.backing[1]
    assert (toll.issue, toll.weight_share, toll.is_enough) == ("toll", 0, False)
    assert (found.stands, found.stands_share) == (False, 0)


def test_where_ranges_are_points_every_share_is_none_or_all() -> None:
    board = make_board(SAID, vetoes={"bridge": ["ben"]})
    found = receive(board, {"bridge": 50, "toll": 60}, n=20)
    for one in found.verdicts:
        assert one.accepts_share == float(one.accepts)
    assert verdict(found, "ben").blocks_share == 1
    assert verdict(found, "ann").blocks_share is None


def test_shares_over_draws_are_those_of_the_range_by_hand() -> None:
    """Ann wants the bridge at 0 to 40, evenly about 20; she accepts 30 where she wants more than 15 of it."""
    board = make_board({"bridge": {"ann": (0, 20, 40), "ben": 90}})
    found = receive(board, {"bridge": 30}, n=4_000)
    ann = verdict(found, "ann")
    assert ann.accepts
    assert ann.accepts_share == pytest.approx(1 - 15**2 / (40 * 20), abs=0.002)
    assert ann.word == "leans to yes"
    assert verdict(found, "ben").word == "accepts"


def test_the_points_of_an_agreement_and_the_reference_are_drawn_too() -> None:
    board = make_board(
        {"bridge": {"ann": 50, "ben": 90}}, issues=[make_issue("bridge", reference=(0, 20, 40))]
    )
    moved = receive(board, {"bridge": 70}, n=400)
    assert 0.5 < (verdict(moved, "ann").accepts_share or 0) <= 1  # without agreement: 10 to 50 away
    fixed = make_board({"bridge": {"ann": 50, "ben": 90}}, issues=[make_issue("bridge", reference=20)])
    drawn = receive(fixed, {"bridge": (60, 80, 100)}, n=4_000)
    assert verdict(drawn, "ann").accepts_share == pytest.approx(0.5, abs=0.002)  # up to 80 it is as near


def test_without_draws_nothing_is_said_of_shares() -> None:
    found = receive(make_board(SAID, vetoes={"bridge": ["ben"]}), {"bridge": 50})
    assert found.stands_share is None
    assert {one.accepts_share for one in found.verdicts} == {None}
    assert {one.blocks_share for one in found.verdicts} == {None}
    assert [one.word for one in found.verdicts] == ["accepts", "rejects", "accepts"]


@pytest.mark.parametrize(
    ("share", "word"),
    [(1.0, "accepts"), (0.9, "accepts"), (0.89, "leans to yes"), (0.5, "leans to no"), (0.1, "rejects")],
)
def test_a_word_is_firm_only_where_it_holds_over_nearly_all_codings(share: float, word: str) -> None:
    one = Verdict(
        actor="ann",
        issues=("bridge",),
        gain=0.1,
        gains={"bridge": 0.1},
        accepts=True,
        vetoes=(),
        blocks_on=(),
        asked_by=(),
        refuses=(),
        accepts_share=share,
        blocks_share=None,
    )
    assert one.word == word
