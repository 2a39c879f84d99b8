"""Talks put together: what is asked, what is warned of, and what can be unfolded."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from made_talks import (
    DAY,
    assume,
    make_agreement,
    make_board,
    make_register,
    make_statement,
    write_talks,
)

from truceline.errors import ScenarioError
from truceline.talks.answers import BY_KEY, MODELS
from truceline.talks.make import OUTSIDE_BAND, STAGES, TalksQuestion, hold_talks
from truceline.talks.register import TalksRegister
from truceline.talks.register_reading import read_talks
from truceline.talks.result import MODESTY, Talks

SAID = {"bridge": {"ann": (5, 10, 20), "ben": 30, "cat": 80}, "toll": {"ann": 60, "ben": 20, "cat": 70}}


def hold(register: TalksRegister | None = None, agreements: tuple[Any, ...] = (), **asked: Any) -> Talks:
    question = TalksQuestion(**{"samples": 20, **asked})
    return hold_talks(register or make_register(SAID), agreements, DAY, assume(), question)


def test_answers_come_by_issue_then_model_the_plain_ones_first() -> None:
    talks = hold()
    assert [one.issue for one in talks.answers] == ["bridge"] * len(MODELS) + ["toll"] * len(MODELS)
    assert [one.model for one in talks.answers_on("bridge")] == list(BY_KEY)
    assert talks.joint_issues == ("bridge", "toll")
    assert talks.joint_actors == ("ann", "ben", "cat")
    assert set(talks.voting) == {"bridge", "toll"}
    assert len(talks.seated) == 6
    assert len(talks.seat_shifts) == 6
    assert talks.warnings == ()


def test_every_answer_with_a_value_can_be_unfolded_to_the_codings_under_it() -> None:
    talks = hold()
    for one in talks.answers:
        name = f"talks.{one.model}.{one.issue}"
        if one.value is None:
            assert name not in talks.headlines
            continue
        headline = talks.headlines[name]
        assert headline.value == one.value
        assert "no forecast" in headline.note
        assert headline.source == BY_KEY[one.model].source
        if not BY_KEY[one.model].joint:
            assert {part.name for part in headline.parts} == {
                f"talks.{what}.{one.issue}.{actor}"
                for what in ("position", "salience", "power")
                for actor in ("ann", "ben", "cat")
            }


def test_the_band_of_a_headline_is_that_of_its_spread() -> None:
    talks = hold(samples=100)
    assert talks.sampled is not None
    band = talks.sampled.spreads["bridge", "mean"].band
    assert talks.headlines["talks.mean.bridge"].bounds == (band.low, band.high)
    assert band.low < band.high
    without = hold(samples=0)
    assert without.sampled is None
    assert without.headlines["talks.mean.bridge"].low is None


def test_an_answer_outside_the_band_of_its_draws_is_said_to_be() -> None:
    """All ranges lean down from the top of the scale, so that hardly a draw comes near the coded mean."""
    lean = {"bridge": dict.fromkeys(("ann", "ben", "cat"), (0.0, 100.0, 100.0))}
    headline = hold(make_register(lean), samples=100).headlines["talks.mean.bridge"]
    low, high = headline.bounds
    assert low < high < headline.value
    assert OUTSIDE_BAND in headline.note
    assert OUTSIDE_BAND not in hold(samples=100).headlines["talks.mean.bridge"].note


def test_every_coded_position_is_a_headline_with_its_statement(tmp_path: Path) -> None:
    register = read_talks(write_talks(tmp_path))
    talks = hold(register)
    assert len(talks.board.places) == 5
    for place in talks.board.places.values():
        for number in (place.position, place.salience):
            headline = talks.headlines[number.name]
            assert place.statement.text in headline.note
            assert place.statement.statement_id in headline.note
            assert headline.source == place.statement.source
    assert {f"talks.quota.{issue}" for issue in register.issues} <= set(talks.headlines)
    assert {f"talks.reference.{issue}" for issue in register.issues} <= set(talks.headlines)


def test_points_of_agreements_are_headlines_and_are_received() -> None:
    talks = hold(agreements=(make_agreement("x", {"bridge": 40}),))
    assert talks.headlines["talks.agreement.x.bridge"].value == 40
    (reception,) = talks.receptions
    assert reception.stands_share is not None
    assert (
        hold(samples=0, agreements=(make_agreement("x", {"bridge": 40}),)).receptions[0].stands_share is None
    )


def test_agreements_do_not_change_the_spreads() -> None:
    point = make_agreement("x", {"bridge": (10.0, 40.0, 90.0)})
    one, other = hold(samples=50), hold(samples=50, agreements=(point,))
    assert one.sampled is not None
    assert other.sampled is not None
    assert one.sampled.spreads["bridge", "mean"] == other.sampled.spreads["bridge", "mean"]


def test_issues_looked_at_together_may_be_chosen_and_named_twice() -> None:
    register = make_register({**SAID, "bank": {"ann": 1, "ben": 2}})
    assert hold(register).joint_issues == ("bridge", "toll", "bank")
    assert hold(register).joint_actors == ("ann", "ben")
    chosen = hold(register, issues=("toll", "bridge", "toll"))
    assert chosen.joint_issues == ("toll", "bridge")
    assert chosen.joint_actors == ("ann", "ben", "cat")
    assert {one.issue for one in chosen.answers if one.model == "spatial"} == {"bridge", "toll"}


def test_moves_since_an_earlier_day_are_told() -> None:
    register = make_register(SAID, more=[make_statement("N", "ben", "bridge", 50, said="2025-02-20")])
    talks = hold(register, since=date(2025, 2, 10))
    assert talks.moves is not None
    assert talks.since is not None
    assert talks.since.day == date(2025, 2, 10)
    assert [(one.actor, one.distance) for one in talks.moves.moves] == [("ben", 20)]
    assert hold(register).moves is None


def test_a_wanted_stretch_is_answered() -> None:
    (answer,) = hold(want=("bridge=45..60",)).wanted
    assert answer.wanted.issue == "bridge"
    assert any(change.needed is not None for change in answer.changes)


def test_everything_that_cannot_be_asked_is_refused_at_once() -> None:
    with pytest.raises(ScenarioError) as caught:
        hold(issues=("brigde", "brigde"), since=DAY, want=("toll=9..1", "tol=1..2"), samples=5, seed=-1)
    message = str(caught.value)
    for words in (
        "--issue brigde  is not an issue; did you mean bridge?",
        f"--since {DAY}  is not before {DAY}",
        "--want toll=9..1  '9..1' is not a stretch",
        "--want tol=1..2  'tol' is not an issue",
        "--samples  5 is out of bounds",
        "--seed  -1 is below zero",
    ):
        assert words in message, words
    assert len(caught.value.problems) == 6


def test_an_issue_on_which_one_or_nobody_spoke_is_warned_of_and_not_answered() -> None:
    register = make_register({**SAID, "bank": {"ann": 5}, "bell": {}})
    talks = hold(register)
    told = [(one.where, one.found) for one in talks.warnings]
    assert ("talks: Bank", f"only ann has spoken by {DAY}: no model can be asked") in told
    assert ("talks: Bell", f"nobody has spoken by {DAY}: no model can be asked") in told
    assert {one.issue for one in talks.answers} == {"bridge", "toll"}
    assert talks.joint_issues == ("bridge", "toll")


def test_an_issue_on_which_nobody_who_spoke_weighs_is_warned_of() -> None:
    register = make_register({**SAID, "bank": {"ann": 5, "ben": 6}}, salience={"bank": {"ann": 0, "ben": 0}})
    talks = hold(register)
    (warning,) = [one for one in talks.warnings if one.where == "talks: Bank"]
    assert "both salience and power" in warning.found
    assert {one.issue for one in talks.answers} == {"bridge", "toll"}


def test_a_veto_of_the_silent_is_warned_of() -> None:
    register = make_register(SAID, silent=["dan"], vetoes={"toll": ["dan"]})
    (warning,) = hold(register).warnings
    assert warning.where == "talks: Toll"
    assert warning.found == f"Dan can stop it and had said nothing by {DAY}"
    assert "absent is not neutral" in warning.hint
    assert warning.warning


def test_nobody_who_spoke_on_every_issue_is_warned_of() -> None:
    register = make_register({"bridge": {"ann": 1, "ben": 2}, "toll": {"cat": 1, "dan": 2}})
    talks = hold(register)
    assert talks.joint_actors == ()
    (warning,) = talks.warnings
    assert "fewer than two actors had spoken on all 2 issues" in warning.found
    assert not any(BY_KEY[one.model].joint for one in talks.answers)


def test_before_anybody_spoke_there_is_no_answer_and_no_failure() -> None:
    talks = hold_talks(make_register(SAID), (), date(2025, 1, 15), assume(), TalksQuestion(samples=20))
    assert talks.answers == ()
    assert len(talks.warnings) == 2
    assert talks.board.silent["bridge"] == ("ann", "ben", "cat")


def test_the_day_is_that_asked_about_and_nothing_later_is_known() -> None:
    register = make_register(SAID, more=[make_statement("N", "ben", "bridge", 100, said="2025-03-02")])
    assert hold(register).headlines["talks.mean.bridge"].value == pytest.approx(40)
    assert make_board(SAID).day == DAY


def test_the_same_question_has_the_same_answer() -> None:
    one, other = hold(samples=30), hold(samples=30)
    assert one.headlines == other.headlines
    assert one.answers == other.answers


def test_stages_are_told_in_order() -> None:
    told: list[str] = []
    hold_talks(
        make_register(SAID),
        (),
        DAY,
        assume(),
        TalksQuestion(samples=20),
        lambda stage, share: told.append(stage),
    )
    assert tuple(dict.fromkeys(told)) == STAGES


def test_the_sentence_of_modesty_says_what_is_no_forecast() -> None:
    assert "no forecast" in MODESTY
    assert "weighted mean" in MODESTY
