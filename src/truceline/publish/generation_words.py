"""Words for who would come: states, stages, kinds of conditions, verdicts, and numbers that rest on ours.

Sentences and formats only: numbers are read from the result, none is computed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from truceline.publish.sizes import ABOUT, DIGITS, OURS, format_units, round_to
from truceline.units import format_share

if TYPE_CHECKING:
    from collections.abc import Mapping

    from truceline.generation.backstop import Measure
    from truceline.generation.conditions import Condition
    from truceline.generation.model import SizeBasis, State
    from truceline.generation.register import Pledge
    from truceline.generation.result import CaseResult, Generation

STATE_OF_CONDITION_WORDS: dict[State, str] = {"met": "met", "unmet": "not met", "unknown": "not known"}
SAYER_WORDS = {"stated": "said so", "law": "its law", "rule": "our rule"}
WEAK_CONFIDENCE = ("low", "inference", "general")
"""Grades of a statement that a page marks: seen only in a copy, concluded, or not read in a source."""
MEASURES_OF_FIGURE = ("people", "detect")
"""Measures that the figure of the backstop's worth shows, where they were weighed."""
KIND_WORDS = {
    "peace": "Peace",
    "consent": "Consent",
    "mandate": "Mandate",
    "backstop": "United States",
    "composite": "United States",
    "monitoring": "United States",
    "parliament": "Parliaments",
    "decision": "Governments",
}
"""Headings over conditions, in the order in which readers meet them."""
_MINUS = "−"


def name_measure(measure: Measure) -> str:
    """Return the heading of a measure."""
    return measure.label[:1].upper() + measure.label[1:]


def rests_on_ours(generation: Generation, measure: str) -> bool:
    """Tell whether a measure of the backstop rests on ours: money always, the rest if anybody's size is.

    What stands in for a task is bought for a gap, and gaps rest on holdings whose readiness is ours.
    """
    return measure == "substitute_cost" or any_ours(generation)


def basis_of_sum(ours: float) -> SizeBasis:
    """Return whose a sum is: ours as soon as any of it is."""
    return "ours" if ours > 0 else "stated"


def any_ours(generation: Generation) -> bool:
    """Tell whether anybody's size is ours in any case."""
    return any(case.people_ours > 0 for case in generation.cases.values())


def show_measure(value: float, unit: str, *, is_ours: bool) -> str:
    """Return a measure with its unit, marked where it rests on ours."""
    if value == 0 and unit == "person":
        return "0"
    about, mark = (ABOUT, f" {OURS}") if is_ours else ("", "")
    if unit == "1":
        return f"{about}{format_share(value, 1)}{mark}"
    if unit == "person":
        return f"{about}{format_units(round_to(value, DIGITS) if is_ours else value)}{mark}"
    if unit == "day":
        return f"{about}{value:,.0f} days{mark}"
    return (
        f"{about}{unit.removesuffix(' bn')} {value:,.2g} bn{mark}"
        if unit.endswith(" bn")
        else f"{about}{value:,.3g} {unit}{mark}"
    )


def show_change(value: float, unit: str, *, is_ours: bool, with_unit: bool = True) -> str:
    """Return a difference with its sign, to the digits shown; shares in percentage points. "0" for less."""
    if unit == "1":
        size, word = f"{abs(100 * value):.1f}", "points"
    elif unit == "person":
        size, word = format_units(round_to(abs(value), DIGITS) if is_ours else round(abs(value))), ""
    elif unit == "day":
        size, word = f"{abs(value):,.0f}", "days"
    else:
        size, word = f"{abs(value):.2f}" if abs(value) < 10 else f"{abs(value):,.0f}", unit
    return _signed(value, f"{size} {word}".strip() if with_unit else size, is_ours=is_ours)


def name_unit_of_change(unit: str) -> str:
    """Return the unit in which differences of a measure stand."""
    return {"1": "percentage points", "person": "people", "day": "days"}.get(unit, unit)


def _signed(value: float, size: str, *, is_ours: bool) -> str:
    if not any(digit in size for digit in "123456789"):
        return "0"
    about, mark = (ABOUT, f" {OURS}") if is_ours else ("", "")
    return f"{about}{_MINUS if value < 0 else '+'}{size}{mark}"


def list_words(words: list[str], *, most: int = 99) -> str:
    """Return words as a list for a sentence: a, b and c; the rest of a long one is counted."""
    if len(words) > most + 1:
        words = [*words[:most], f"{len(words) - most} others"]
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def say_binding(case: CaseResult) -> str:
    """Return the capability that limits the people supported, in words; empty when none does."""
    labels = {fill.requirement.capability.key: fill.requirement.capability.label for fill in case.fills}
    return labels.get(case.binding, case.binding)


def size_of_stage(pledge: Pledge) -> str:
    """Return the size of one statement in words, with its date: never a number where none was stated."""
    low, high = pledge.size_low, pledge.size_high
    if low is None and high is None:
        size = f"none stated ({pledge.size_note})" if pledge.size_note else "none stated"
    elif low is None or high is None:
        size = f"up to {high:,}" if low is None else f"at least {low:,}"
    else:
        size = f"{low:,}" if low == high else f"{low:,} to {high:,}"
    return f"{size}, {pledge.date}"


def waited_for_by(generation: Generation) -> dict[str, list[str]]:
    """Return the contributors that wait for each condition, by its key."""
    found: dict[str, list[str]] = {}
    for code, gate in generation.gates.items():
        for key in dict.fromkeys(wait.condition for wait in gate.waits):
            found.setdefault(key, []).append(code)
    return found


def conditions_of(generation: Generation) -> Mapping[str, Condition]:
    """Return the named conditions by key, with what each waits for and how long it takes."""
    return generation.book


_PLURALS = {
    "person": "people",
    "battery": "batteries",
    "aircraft": "aircraft",
    "headquarters": "headquarters",
    "truck company": "truck companies",
}


def plural(unit: str) -> str:
    """Return a unit for any number but one."""
    return _PLURALS.get(unit, f"{unit}s" if unit else "")


def count_words(count: int, noun: str) -> str:
    """Return a count with its noun."""
    return f"{count} {noun}" if count == 1 else f"{count} {plural(noun)}"
