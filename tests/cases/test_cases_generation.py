"""Run the sentence cases on nations: plain statements that a reader of the debate can check by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from truceline.generation.condition_book import ConditionBook
from truceline.generation.conditions import read_conditions
from truceline.generation.endurance import trace_endurance
from truceline.generation.gating import list_gates
from truceline.generation.model import Mission, Offer
from truceline.generation.nations import read_nations, sustained_people
from truceline.generation.readiness import count_any_form, count_ready
from truceline.generation.register import Register, read_register
from truceline.scenario.catalogue import load_catalogue
from truceline.trace import Traced

CASES = yaml.safe_load((Path(__file__).parent / "generation.yaml").read_text(encoding="utf-8"))
KEYS = {"name", "ask", "given", "expect", "tolerance"}
ASSUMPTIONS = load_catalogue()


@cache
def book() -> ConditionBook:
    return read_conditions()


@cache
def register() -> Register:
    return read_register(known_nations=tuple(read_nations()))


def stance(nation: str, day: date) -> dict[str, Any]:
    found = register().stance(nation, day)
    if found is None:
        return {"known": False}
    return {
        "known": True,
        "size_low": found.size_low,
        "size_high": found.size_high,
        "position": found.position,
        "stage": found.latest.stage,
        "says": found.latest.pledge_id,
        "size_from": found.size_from.pledge_id if found.size_from else None,
    }


def stated_sizes(day: date) -> dict[str, Any]:
    stances = register().on(day).values()
    stages = [stage for one in stances for stage in one.by_stage]
    return {
        "nations": " ".join(one.nation for one in stances if one.is_offer and one.basis == "stated"),
        "approved": stages.count("approved"),
        "deployed": stages.count("deployed"),
    }


def ready_nations(day: date) -> dict[str, Any]:
    return {"count": count_ready(register(), book(), day).count}


def nations_of_any_form(day: date) -> dict[str, Any]:
    return {"count": count_any_form(register(), day).count}


def gate(nation: str, day: date, mission: Mission) -> dict[str, Any]:
    groups = {code: one.group for code, one in read_nations().items()}
    gates = list_gates(register().on(day), book=book(), mission=mission, nation_groups=groups)
    waits = " ".join(wait.condition for wait in gates[nation].waits)
    return {"may_come": gates[nation].may_come, "waits": waits}


def together(conditions: list[str]) -> dict[str, Any]:
    return {"possible": not book().conflicts(conditions)}


def endurance(
    deployed_people: float, pool_people: float, tour_months: float, dwell_months: float
) -> dict[str, Any]:
    cycle = ASSUMPTIONS.replaced({"rotation.tour": tour_months, "rotation.dwell": dwell_months})
    number = Traced("pool", pool_people, "person", evidence="stated")
    people = Traced("people", deployed_people, "person", evidence="stated")
    offer = Offer("GBR", "United Kingdom", people, "stated", None, number)
    found = trace_endurance(offer, deployed_people, cycle)
    assert found is not None
    return {name: getattr(found, name) for name in ("tied_up_people", "lasts", "breaks_at_months")}


def sustained(nation: str, commitment_weight: float) -> dict[str, Any]:
    known = ASSUMPTIONS.replaced({"generation.commitment_weight": commitment_weight})
    found = sustained_people(read_nations()[nation], known)
    assert found is not None
    return {"people": found.value}


QUESTIONS: dict[str, Callable[..., dict[str, Any]]] = {
    question.__name__: question
    for question in (
        stance,
        stated_sizes,
        ready_nations,
        nations_of_any_form,
        gate,
        together,
        endurance,
        sustained,
    )
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
