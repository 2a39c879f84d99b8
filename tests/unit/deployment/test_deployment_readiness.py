"""Approvals and notice: the chains of the book of conditions, earlier or later by a what-if."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from movement_inputs import made_generation

from truceline.deployment.readiness import (
    CEASEFIRE,
    approval_days,
    check_classes,
    finish_days,
    list_leads,
    read_movement_classes,
    schedule_nation,
)
from truceline.errors import ScenarioError, TableError
from truceline.generation.condition_book import ConditionBook
from truceline.generation.model import Clause

GENERATION = made_generation()
CASE = GENERATION.cases["everyone-decides"]
CODES = [one.code for one in CASE.contributions]


def at(bound: str, code: str, **options: object) -> float:
    gates, book = GENERATION.gates, GENERATION.book
    leads = list_leads([code], gates, book, CASE.case.met)
    drawn = {key: np.array([lead.at(bound)]) for key, lead in leads.items()}  # type: ignore[arg-type]
    return float(approval_days(code, drawn, gates, book, CASE.case.met, **options)[0])  # type: ignore[arg-type]


def test_the_case_has_nations_enough_to_test_with() -> None:
    assert len(CODES) > 5
    assert any(one.basis == "ours" for one in CASE.contributions)


@pytest.mark.parametrize("bound", ["value", "low", "high"])
def test_a_nation_is_approved_when_the_book_says_that_its_conditions_hold(bound: str) -> None:
    for code in CODES:
        clauses = [clause.requires for clause in GENERATION.gates[code].clauses]
        book_days = [GENERATION.book.lead_days(keys, bound) for keys in clauses]  # type: ignore[arg-type]
        own = f"approval.{code}" in list_leads([code], GENERATION.gates, GENERATION.book, CASE.case.met)
        if own:
            assert at(bound, code) >= min(book_days) - 1e-9
        else:
            assert any(at(bound, code) == pytest.approx(days) for days in book_days)


def test_nothing_begins_before_what_it_waits_for_is_over() -> None:
    for code in CODES:
        schedule = schedule_nation(code, GENERATION.gates, GENERATION.book, CASE.case.met)
        ends = {step.key: step.end for step in schedule.steps}
        for step in schedule.steps:
            assert step.begin <= step.end
            assert step.end_low <= step.end <= step.end_high
            if step.key in GENERATION.book:
                for other in GENERATION.book[step.key].after:
                    assert ends.get(other, 0.0) <= step.begin + 1e-9
        assert schedule.approved_low <= schedule.approved_day <= schedule.approved_high
        assert all(one.end <= two.end for one, two in pairwise(schedule.steps))


def test_a_government_that_decides_alone_takes_the_days_of_its_rule() -> None:
    alone = [
        code
        for code in CODES
        if f"approval.{code}" in list_leads([code], GENERATION.gates, GENERATION.book, CASE.case.met)
    ]
    assert all(GENERATION.book.approvals[code].days_low >= 0 for code in alone)
    for code in alone:
        steps = {step.key: step for step in schedule_nation(
            code, GENERATION.gates, GENERATION.book, CASE.case.met).steps}  # fmt: skip
        rule = GENERATION.book.approvals[code]
        assert steps[f"approval.{code}"].lead.value == (rule.days_low + rule.days_high) / 2
        assert steps[f"approval.{code}"].lead.evidence == "judgement"


def test_approvals_begun_early_end_earlier_but_the_ceasefire_stays() -> None:
    earlier = 0
    for code in CODES:
        plain, early = at("value", code), at("value", code, early_days=60.0)
        assert early <= plain
        earlier += early < plain
        days = finish_days(
            code,
            {
                key: np.array([lead.value])
                for key, lead in list_leads([code], GENERATION.gates, GENERATION.book, CASE.case.met).items()
            },
            GENERATION.gates,
            GENERATION.book,
            CASE.case.met,
            early_days=60.0,
        )
        assert days[CEASEFIRE][1][0] == 0
        assert min(begin[0] for begin, _ in days.values()) >= -60
    assert earlier > 0


def test_a_condition_that_holds_already_takes_no_time() -> None:
    code = next(code for code in CODES if f"decision.{code}" in GENERATION.book and at("value", code) > 0)
    everything = set(CASE.case.met) | {"us-material"}
    assert at("value", code, met=everything) == 0


def test_a_delayed_parliament_is_delayed_by_as_much() -> None:
    for code in CODES:
        key = f"parliament.{code}"
        plain = schedule_nation(code, GENERATION.gates, GENERATION.book, CASE.case.met)
        if key not in {step.key for step in plain.steps}:
            continue
        late = schedule_nation(code, GENERATION.gates, GENERATION.book, CASE.case.met, delays={key: 1000.0})
        ends = {step.key: step.end for step in plain.steps}
        assert late.approved_day == pytest.approx(ends[key] + 1000)
        assert late.last is not None
        assert late.last.key == key
        return
    pytest.fail("no nation of the case waits for its parliament")


def test_nations_without_a_rule_or_outside_the_case_are_gathered() -> None:
    gates = dict(GENERATION.gates)
    book = ConditionBook(GENERATION.book.values(), GENERATION.book.composites(), {})
    gates["FRA"] = replace(gates["FRA"], clauses=(Clause(frozenset({"ceasefire"})),))
    gates["XXX"] = replace(gates["FRA"], nation="XXX")
    with pytest.raises(ScenarioError) as caught:
        list_leads(["FRA", "XXX", "GBR", "ZZZ"], gates, book, ["ceasefire"])
    said = str(caught.value)
    assert "nation FRA  has no rule of approval" in said
    assert "nation XXX  has no rule of approval" in said
    assert "nation ZZZ  has no conditions" in said
    assert "nation GBR  waits for" in said


def test_every_capability_has_a_class_and_a_missing_one_is_named() -> None:
    classes = read_movement_classes()
    check_classes([one.capability.key for one in GENERATION.requirements], classes)
    with pytest.raises(TableError, match="capability balloons  has no class of movement"):
        check_classes(["balloons"], classes)
