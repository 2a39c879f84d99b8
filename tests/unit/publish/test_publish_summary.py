"""The answer in a few lines: every line filled where it applies, nothing that flatters alone."""

from __future__ import annotations

from dataclasses import replace

from truceline.plan import Plan
from truceline.publish.summary import SUMMARY_LINES, line_sentence, summarise


def test_every_line_is_filled_for_a_map(small_plan: Plan) -> None:
    for one in small_plan.postures.values():
        found = summarise(one)
        assert tuple(found) == SUMMARY_LINES
        assert all(found.values())


def test_numbers_are_those_of_the_plan(small_plan: Plan) -> None:
    one = small_plan.chosen
    found = summarise(one)
    assert found["People deployed"] == f"{one.people.force.deployed_people:,.0f}"
    assert found["Incidents detected, average"] == f"{100 * one.headlines['watch.detect'].value:.1f} %"
    assert one.crossings is not None
    weakest = one.crossings.weakest("knows the posts", state="night")
    assert weakest is not None
    assert found["Weakest crossing noticed, clear night"].endswith(f"({weakest.kind})")


def test_watching_and_deterrence_are_declared_apart_and_add_up(small_plan: Plan) -> None:
    found = summarise(small_plan.chosen)
    people = {line: int(found[line].replace(",", "")) for line in SUMMARY_LINES[:3]}
    total, watching, deterrence = people.values()
    assert abs(total - watching - deterrence) <= 1
    assert deterrence == 2500


def test_a_length_has_people_only(length_plan: Plan) -> None:
    found = summarise(length_plan.chosen)
    assert found["People deployed"]
    assert not any(found[line] for line in SUMMARY_LINES[5:])


def test_a_line_nobody_can_cross_leaves_its_chance_out(small_plan: Plan) -> None:
    one = small_plan.chosen
    assert one.crossings is not None
    closed = replace(one, crossings=replace(one.crossings, weak=()))
    assert summarise(closed)["Weakest crossing noticed, clear day"] == ""


def test_the_sentence_carries_tolerance_cell_and_sight(small_plan: Plan) -> None:
    sentence = line_sentence(small_plan)
    for text in ("Line of 41 km", "true line within about 1 km", "cells of 2000 m", "indicative"):
        assert text in sentence


def test_a_range_of_tolerance_is_said_in_full(small_plan: Plan) -> None:
    line = small_plan.scenario.line
    wide = line.tolerance.model_copy(update={"low": 1000.0, "high": 5000.0})
    scenario = small_plan.scenario.model_copy(update={"line": line.model_copy(update={"tolerance": wide})})
    assert "1 km, 95 % of it within 5 km" in line_sentence(replace(small_plan, scenario=scenario))


def test_a_length_says_that_it_is_only_one(length_plan: Plan) -> None:
    assert line_sentence(length_plan) == "Line of 180.5 km, only a length: no map, no coverage."
