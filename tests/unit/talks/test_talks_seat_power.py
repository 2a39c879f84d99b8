"""Seats as asked: outcomes as seated, and votes among those at the table, beside the seats as they are."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_talks import write_talks

from truceline.errors import ScenarioError
from truceline.scenario.catalogue import load_catalogue
from truceline.talks.model import Board
from truceline.talks.register_reading import read_talks
from truceline.talks.seat_power import SeatPower, change_seats, seat_anew
from truceline.talks.seats import SeatShift, measure_board_power, seat_shifts
from truceline.talks.voting import compare_seats

LAKE = Path(__file__).resolve().parents[3] / "docs" / "examples" / "talks" / "lake"
ASSUMPTIONS = load_catalogue()
BOARD = read_talks(LAKE).on(date(2026, 3, 2))
ACTORS = sorted(BOARD.actors)
OUTSIDE = ["birch", "cedar"]
"""Who is not at the table on any issue."""


def ask(board: Board, give: tuple[str, ...] = (), deny: tuple[str, ...] = ()) -> dict[str, SeatPower]:
    return {one.issue: one for one in change_seats(board, give, deny, ASSUMPTIONS)}


def test_a_seat_given_is_told_on_the_issues_the_actor_takes_part_in() -> None:
    found = ask(BOARD, give=("cedar",))
    assert list(found) == ["force", "backstop"]
    assert found["force"].changed == (("cedar", "absent", "party"),)


def test_a_seat_that_is_there_already_on_one_issue_changes_the_others_alone() -> None:
    assert list(ask(BOARD, give=("alder",))) == ["backstop"]


def test_outcomes_are_those_of_seat_shifts() -> None:
    for actor in ("north", "south", "oceania"):
        shifts = {one.issue: one for one in seat_shifts_of(BOARD, actor)}
        for issue, one in ask(BOARD, deny=(actor,)).items():
            if (actor, issue) not in BOARD.places:
                continue  # a seat without a word moves no outcome
            assert one.outcome is not None
            assert one.outcome_asked is not None
            assert one.outcome.mean == pytest.approx(shifts[issue].mean_given)
            assert one.outcome_asked.mean == shifts[issue].mean_denied


def seat_shifts_of(board: Board, actor: str) -> list[SeatShift]:
    return [
        one for issue in board.issues for one in seat_shifts(board, issue, ASSUMPTIONS) if one.actor == actor
    ]


@pytest.mark.parametrize("actor", ACTORS)
def test_votes_are_those_of_compare_seats(actor: str) -> None:
    """One seat, given to who has none and denied to who has one, as the library counts it."""
    for issue in BOARD.issues:
        here = [a for (a, on), one in BOARD.standings.items() if on == issue and one.seat == "party"]
        if (actor, issue) not in BOARD.standings:
            continue
        asked = seat_anew(BOARD, () if actor in here else (actor,), (actor,) if actor in here else ())
        players = sorted({*here, actor})
        (effect,) = (
            one
            for one in compare_seats(
                players,
                [BOARD.standings[player, issue].power.value for player in players],
                BOARD.issues[issue].quota.value,
                [player for player in players if BOARD.standings[player, issue].veto],
            )
            if one.player == actor
        )
        tables = (asked, BOARD) if actor not in here else (BOARD, asked)
        with_seat, without = (measure_board_power(table, issue, parties_only=True) for table in tables)
        assert with_seat is not None
        np.testing.assert_allclose(with_seat.shapley_shubik, effect.with_seat.shapley_shubik)
        assert (without is None) == (effect.without_seat is None)
        if without is not None and effect.without_seat is not None:
            np.testing.assert_allclose(without.banzhaf, effect.without_seat.banzhaf)


def test_who_can_stop_anything_alone_only_then_is_told() -> None:
    denied = ask(BOARD, deny=("oceania",))
    assert denied["backstop"].blocks_lost == ("oceania",)
    assert denied["zone"].blocks_gained == ("north", "south")


def test_fewer_than_two_at_the_table_have_no_vote() -> None:
    found = ask(BOARD, deny=("north", "south"))["zone"]
    assert found.power is not None
    assert found.power_asked is None
    assert found.blocks_gained == ()
    assert found.outcome_asked is not None
    assert found.mean_shift is None


@given(give=st.sets(st.sampled_from(OUTSIDE)), deny=st.sets(st.sampled_from(["north", "south", "oceania"])))
def test_votes_sum_to_one_and_belong_to_parties_alone(give: set[str], deny: set[str]) -> None:
    asked = seat_anew(BOARD, give, deny)
    for issue in BOARD.issues:
        power = measure_board_power(asked, issue, parties_only=True)
        parties = {a for (a, on), one in asked.standings.items() if on == issue and one.seat == "party"}
        assert parties.isdisjoint(deny)
        if power is None:
            assert len(parties) < 2
            continue
        assert set(power.players) <= parties
        assert float(power.shapley_shubik.sum()) == pytest.approx(1)


def test_the_board_itself_is_left_as_it_was() -> None:
    seat_anew(BOARD, ("cedar",), ("north",))
    assert BOARD.standings["cedar", "force"].seat == "absent"
    assert BOARD.standings["north", "force"].seat == "party"


def test_a_veto_without_power_votes_and_no_power_at_all_is_no_vote(tmp_path: Path) -> None:
    board = read_talks(write_talks(tmp_path)).on(date(2025, 2, 12))
    nothing = {
        pair: replace(one, power=replace(one.power, value=0.0)) for pair, one in board.standings.items()
    }
    assert measure_board_power(replace(board, standings=nothing), "bridge", parties_only=True) is None
    nothing["harbour", "bridge"] = board.standings["harbour", "bridge"]
    power = measure_board_power(replace(board, standings=nothing), "bridge", parties_only=True)
    assert power is not None
    assert power.veto == ("island",)
    assert set(power.blockers) == {"harbour", "island"}


def test_all_that_cannot_be_asked_is_told_at_once() -> None:
    with pytest.raises(ScenarioError) as raised:
        change_seats(BOARD, ("north", "birch", "ceder"), ("cedar", "birch"), ASSUMPTIONS)
    told = str(raised.value)
    assert "4 problems" in told
    for found in ("--give north  is at the table", "did you mean cedar?", "--deny cedar  has no seat"):
        assert found in told
    assert "--give birch  is also given as --deny" in told


def test_a_day_before_any_seat_is_told() -> None:
    board = read_talks(LAKE).on(date(2025, 1, 1))
    with pytest.raises(ScenarioError, match="has no seat recorded by 2025-01-01"):
        change_seats(board, ("cedar",), (), ASSUMPTIONS)
