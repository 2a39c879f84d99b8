"""What a seat changes for the others: the table with it beside the table without it."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from truceline.errors import ScenarioError
from truceline.talks.voting import compare_seats, measure_voting_power


def test_denying_a_seat_measures_the_others_under_their_own_quota() -> None:
    effects = compare_seats(["a", "b", "c", "d"], [4, 3, 2, 1], 0.6)
    assert [effect.player for effect in effects] == ["a", "b", "c", "d"]
    effect = effects[1]
    alone = measure_voting_power(["a", "c", "d"], [4, 2, 1], Fraction(21, 5))
    whole = measure_voting_power(["a", "b", "c", "d"], [4, 3, 2, 1], 6)
    assert effect.is_seated
    assert effect.others == ("a", "c", "d")
    assert effect.without_seat.quota == Fraction(21, 5)
    assert effect.without_seat.swings == alone.swings
    assert effect.with_seat.swings == whole.swings
    np.testing.assert_allclose(effect.banzhaf_change, whole.banzhaf[[0, 2, 3]] - alone.banzhaf)
    np.testing.assert_allclose(effect.shapley_shubik_change.sum(), -effect.own_shapley_shubik)
    np.testing.assert_allclose(effect.banzhaf_change.sum(), -effect.own_banzhaf)
    absolute = whole.banzhaf_absolute[[0, 2, 3]] - alone.banzhaf_absolute
    np.testing.assert_allclose(effect.banzhaf_absolute_change, absolute)
    assert effect.winning_share_change == whole.winning_share - alone.winning_share


def test_giving_a_seat_compares_with_the_table_as_it_is() -> None:
    effects = compare_seats(["a", "b", "new"], [2, 1, 2], 0.5, strict=True, seated=["a", "b"])
    new = effects[2]
    assert not new.is_seated
    assert new.without_seat.dictator == "a"
    assert new.with_seat.dictator is None
    assert new.blocks_lost == ("a",)
    assert new.no_longer_dummies == ("b",)  # the newcomer gives the smallest a say
    assert new.made_dummies == new.blocks_gained == ()


def test_a_newcomer_can_take_all_say_from_somebody() -> None:
    new = compare_seats(["a", "b", "c", "new"], [3, 3, 1, 7], 0.5, strict=True, seated=["a", "b", "c"])[3]
    assert new.with_seat.dummies == ()
    large = compare_seats(["a", "b", "c", "new"], [3, 3, 1, 8], 0.5, strict=True, seated=["a", "b", "c"])[3]
    assert large.with_seat.dictator == "new"
    assert large.made_dummies == ("a", "b", "c")
    assert large.own_banzhaf == 1.0


def test_a_veto_counts_only_with_a_seat() -> None:
    effects = compare_seats(["a", "b", "c"], [1, 1, 1], 0.5, ["c"], seated=["a", "b"])
    new = effects[2]
    assert new.without_seat.veto == ()
    assert new.with_seat.veto == ("c",)
    assert new.blocks_gained == ()
    assert "c" in new.with_seat.blockers
    assert new.winning_share_change == pytest.approx(3 / 8 - 3 / 4)


def test_more_than_half_asks_for_the_next_sum_that_can_occur() -> None:
    quota = compare_seats(["a", "b"], [Decimal("0.5"), Decimal("0.25")], Fraction(1, 2), strict=True)[0]
    assert quota.with_seat.quota == Fraction(1, 2)  # half is 0.375, sums come in quarters
    equal = compare_seats(["a", "b"], [1, 1], 0.5, strict=True)[0].with_seat
    assert equal.blockers == ("a", "b")
    assert compare_seats(["a", "b"], [1, 1], 0.5)[0].with_seat.n_winning == 3


def test_a_table_of_one_is_no_vote_and_said_to_be_none() -> None:
    effect = compare_seats(["a", "b"], [1, 1], 1)[0]
    assert effect.without_seat is None
    assert effect.banzhaf_change is effect.winning_share_change is None
    assert effect.blocks_gained == effect.made_dummies == ()


def test_others_without_any_weight_make_no_vote() -> None:
    assert compare_seats(["a", "b", "c"], [1, 0, 0], 0.5)[0].without_seat is None


@pytest.mark.parametrize(
    ("share", "changes", "said"),
    [
        (0, {}, "quota share  0 is not a share that can decide"),
        (1.2, {}, "quota share  1.2 is not a share that can decide"),
        (1, {"strict": True}, "more than 1 of all is reached by nobody"),
        (0.5, {"seated": ["a"]}, "1 at the table is no vote"),
        (0.5, {"seated": ["a", "b", "x"]}, "seat of x  is of somebody who is not there"),
        (0.5, {"seated": "a"}, "'a' is one word, not a list of players"),
        (0.5, {"seated": ["b", "c"]}, "nobody at the table has any weight"),
        (float("nan"), {}, "quota share  nan is not a finite number"),
    ],
)
def test_what_cannot_be_is_refused(share: float, changes: dict[str, object], said: str) -> None:
    with pytest.raises(ScenarioError, match="voting power: 1 problem") as caught:
        compare_seats(["a", "b", "c"], [1, 0, 0], share, **changes)  # type: ignore[arg-type]
    assert said in str(caught.value)
