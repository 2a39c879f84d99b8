"""Run the sentence cases on talks: plain statements that a mediator or staff officer can check by hand."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "unit" / "talks"))

from made_talks import make_agreement, make_board, make_issue  # noqa: E402

from truceline.scenario.catalogue import load_catalogue  # noqa: E402
from truceline.talks.acceptance import Reception, weigh_agreements  # noqa: E402
from truceline.talks.agreements import Agreement, read_agreements  # noqa: E402
from truceline.talks.averages import average_positions, find_median  # noqa: E402
from truceline.talks.condorcet import Rule, elect  # noqa: E402
from truceline.talks.core import find_core  # noqa: E402
from truceline.talks.moves import compare_boards  # noqa: E402
from truceline.talks.register import TalksRegister  # noqa: E402
from truceline.talks.register_reading import read_talks  # noqa: E402
from truceline.talks.seats import seat_shifts  # noqa: E402

CASES = yaml.safe_load((HERE / "talks.yaml").read_text(encoding="utf-8"))
KEYS = {"name", "ask", "given", "expect", "tolerance"}


@cache
def register() -> TalksRegister:
    return read_talks()


@cache
def agreements() -> dict[str, Agreement]:
    return {one.key: one for one in read_agreements(None, register().issues, register().actors)}


def position(actor: str, issue: str, day: date) -> dict[str, Any]:
    board = register().on(day)
    place = board.places.get((actor, issue))
    silent = actor in board.silent[issue]
    if place is None:
        return {"says": None, "value": None, "silent": silent}
    low, high = place.position.bounds
    return {
        "says": place.statement.statement_id,
        "value": place.position.value,
        "low": low,
        "high": high,
        "silent": silent,
    }


def standing(actor: str, issue: str, day: date) -> dict[str, Any]:
    found = register().standing(actor, issue, day)
    assert found is not None
    return {"seat": found.seat, "veto": found.veto, "power": found.power.value}


def moved(actor: str, issue: str, since: date, day: date) -> dict[str, Any]:
    moves = compare_boards(register().on(since), register().on(day)).moves
    (move,) = [one for one in moves if (one.actor, one.issue) == (actor, issue)]
    return {
        "change": move.change,
        "distance": move.distance,
        "before": move.before.statement.statement_id if move.before else None,
        "after": move.after.statement.statement_id if move.after else None,
    }


def agreement(agreement: str, day: date) -> dict[str, Any]:
    (found,) = weigh_agreements(register().on(day), [agreements()[agreement]])
    words = {one.actor: one.word for one in found.verdicts}
    return {
        "blocking": " ".join(found.blocking),
        "could_block": " ".join(found.could_block),
        "stands": found.stands,
        "germany": words["DEU"],
        "washington": words["USA"],
    }


def plain(positions: list[float], weights: list[float]) -> dict[str, Any]:
    median = find_median(positions, weights)
    mean = average_positions(positions, weights)
    return {"mean": mean, "median": median.value, "is_tie": median.is_tie}


def core(
    positions: list[float], weights: list[float], quota: float, veto: tuple[int, ...] = ()
) -> dict[str, Any]:
    found = find_core(positions, weights, quota, [n in veto for n in range(len(positions))])
    return {"low": None, "high": None} if found is None else {"low": found.low, "high": found.high}


def pair(behind_first: float, behind_second: float, rule: Rule) -> dict[str, Any]:
    return {"first": elect([[0, behind_first], [behind_second, 0]], rule).conditional[0]}


def verdict(
    wants: list[float], salience: list[float], without: list[float], **rest: list[float]
) -> dict[str, Any]:
    keys = [f"issue-{n}" for n in range(len(wants))]
    board = make_board(
        {key: {"ann": want} for key, want in zip(keys, wants, strict=True)},
        salience={key: {"ann": one} for key, one in zip(keys, salience, strict=True)},
        issues=[make_issue(key, reference=one) for key, one in zip(keys, without, strict=True)],
    )
    reception: Reception
    (reception,) = weigh_agreements(board, [make_agreement("x", dict(zip(keys, rest["with"], strict=True)))])
    (ann,) = reception.verdicts
    return {"gain": ann.gain, "accepts": ann.accepts}


def seat(positions: dict[str, float], absent: str) -> dict[str, Any]:
    board = make_board({"bridge": positions}, seats={absent: "absent"})
    (shift,) = [one for one in seat_shifts(board, "bridge", load_catalogue()) if one.actor == absent]
    return {"denied": shift.mean_denied, "given": shift.mean_given}


QUESTIONS: dict[str, Callable[..., dict[str, Any]]] = {
    question.__name__: question
    for question in (position, standing, moved, agreement, plain, core, pair, verdict, seat)
}


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_the_sentence_holds(case: dict[str, Any]) -> None:
    assert set(case) <= KEYS
    found = QUESTIONS[case["ask"]](**case["given"])
    for name, expected in case["expect"].items():
        if isinstance(expected, int | float) and not isinstance(expected, bool):
            assert found[name] == pytest.approx(expected, abs=case.get("tolerance", 1e-9)), name
        else:
            assert found[name] == expected, name


def test_every_question_is_asked() -> None:
    assert {case["ask"] for case in CASES} == set(QUESTIONS)
