"""The assumptions of the ceasefire: all there, all sourced, each saying what sort of number it is."""

from __future__ import annotations

import math

import pytest

from truceline.scenario.catalogue import load_catalogue
from truceline.simulate.catalogue import PREFIX, load_ceasefire_assumptions
from truceline.simulate.parameters import HELD, KIND_SHARES, NOT_FIXED, PARAMETERS, POSSIBLE

RECORDS = {name: record for name, record in load_ceasefire_assumptions().items() if name.startswith(PREFIX)}


def test_every_assumption_is_drawn_held_or_told_why_not() -> None:
    assert {name.removeprefix(PREFIX) for name in RECORDS} == {*PARAMETERS, *HELD, *NOT_FIXED}
    assert len(RECORDS) == len(PARAMETERS) + len(HELD) + len(NOT_FIXED)
    assert set(POSSIBLE) == {*PARAMETERS, *HELD}


@pytest.mark.parametrize("name", RECORDS)
def test_an_assumption_has_a_label_a_date_a_grade_and_a_place_to_look(name: str) -> None:
    record = RECORDS[name]
    assert record.label
    assert record.as_of
    assert record.evidence.value != "stated"
    assert record.source is not None
    assert record.source.locator


@pytest.mark.parametrize("name", RECORDS)
def test_the_note_says_what_sort_of_number_it_is(name: str) -> None:
    note, short = RECORDS[name].note, name.removeprefix(PREFIX)
    if short in PARAMETERS:
        law = "uniform" if "drawn, uniform" in note.lower() else "log-uniform"
        assert f"drawn, {law}" in note.lower()
        assert (law == "uniform") == (short in UNIFORM_NAMES)
    elif short in HELD:
        assert note.startswith("Held")
    else:
        assert note.split(",")[0].split(".")[0] in ("Named", "Swept", "Declared")


UNIFORM_NAMES = {"deliberate_share", "p_consequence", "hazard_exponent", "night_share"}


@pytest.mark.parametrize("name", PARAMETERS)
def test_what_is_drawn_has_a_range(name: str) -> None:
    assert RECORDS[PREFIX + name].has_range


def test_the_ranges_are_those_of_the_specification() -> None:
    table = {  # ceasefire.md section 6: low, centre, high
        "background_rate": (0.1, 0.5, 3),
        "background_cv": (0.3, 0.6, 1.0),
        "n_self": (0.1, 0.25, 0.4),
        "n_cross": (0.1, 0.25, 0.5),
        "delay": (0.2, 1, 7),
        "spread": (0.5, 1.5, 5),
        "size_mean": (3, 8, 25),
        "deliberate_share": (0.2, 0.5, 0.8),
        "deterrence_threshold": (0.1, 0.3, 0.7),
        "deterrence_width": (0.02, 0.05, 0.15),
        "displaced_share": (0.2, 0.5, 0.9),
        "hr_monitor": (0.5, 0.8, 1.1),
        "escalation_up": (0.05, 0.15, 0.30),
    }
    for name, (low, centre, high) in table.items():
        record = RECORDS[PREFIX + name]
        assert (record.low, record.value, record.high) == (low, centre, high)


def test_the_baselines_are_two_weeks_and_forty_six_per_cent_in_five_years() -> None:
    minsk, armistice = (RECORDS[PREFIX + name] for name in ("minsk_hazard", "armistice_hazard"))
    assert minsk.value * 14 == pytest.approx(1)
    assert 1 - math.exp(-armistice.value * 5 * 365.25) == pytest.approx(0.46, abs=0.005)
    assert not minsk.has_range
    assert not armistice.has_range


def test_kinds_sum_to_one_and_the_ladder_has_a_way_down() -> None:
    assert sum(RECORDS[PREFIX + name].value for name in KIND_SHARES) == pytest.approx(1)
    up = RECORDS[PREFIX + "escalation_up"].bounds[1]
    assert up + RECORDS[PREFIX + "escalation_stay"].value < 1


def test_what_nobody_can_estimate_is_no_better_than_judgement() -> None:
    for name in (
        "deliberate_share",
        "deterrence_threshold",
        "p_consequence",
        "hr_backstop",
        "trigger_response",
    ):
        assert RECORDS[PREFIX + name].evidence.is_weak


def test_a_plan_does_not_list_them() -> None:
    assert not set(load_ceasefire_assumptions()) & set(load_catalogue())
