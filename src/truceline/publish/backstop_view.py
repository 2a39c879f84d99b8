"""What the backstop is worth, what unlocks a force, and what has been claimed, as rows of the report.

Strings and sizes as readers see them; nothing is computed. A number of people that rests on sizes nobody
stated carries its mark.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from truceline.publish.generation_words import (
    KIND_WORDS,
    MEASURES_OF_FIGURE,
    conditions_of,
    count_words,
    list_words,
    name_measure,
    name_unit_of_change,
    plural,
    rests_on_ours,
    show_change,
    show_measure,
)
from truceline.publish.pledge_view import kind_of_key
from truceline.publish.sizes import Size, format_units, round_to, show_ours, show_ours_value
from truceline.units import format_share

if TYPE_CHECKING:
    from truceline.generation.backstop import BackstopRow, BackstopWorth, Measure
    from truceline.generation.claims import ClaimScore
    from truceline.generation.result import Generation
    from truceline.generation.unlock import Unlocking, UnlockingSet
    from truceline.trace import Traced

Row = dict[str, Any]
Sentence = list[str | Size]
NONE = "–"
MOST_SETS = 12
"""Unlocking sets drawn; the rest are counted."""
MOST_PAIRS = 3
"""Pairs of tasks named for each measure."""
_COST_DIGITS = 2
_OURS_WORD = re.compile(r"\bours\b")


def view_backstop(generation: Generation) -> Row | None:
    """Return needs, gaps and worth of every task, or None where neither was asked."""
    rows, worth = generation.backstop_rows, generation.backstop
    if not rows and worth is None:
        return None
    return {
        "answer": _answer(generation),
        "gaps": [_view_gap(row, first) for row, first in _mark_first(rows)],
        "worth": None if worth is None else _view_worth(generation, worth),
    }


def _mark_first(rows: tuple[BackstopRow, ...]) -> list[tuple[BackstopRow, bool]]:
    """Return each row with whether it is the first of its task."""
    seen: set[str] = set()
    marked = []
    for row in rows:
        marked.append((row, row.task.key not in seen))
        seen.add(row.task.key)
    return marked


def _answer(generation: Generation) -> list[Sentence]:
    """Say what lacks, what the whole is worth in people, and which task carries most of it."""
    rows, worth = generation.backstop_rows, generation.backstop
    counted = [row for row in rows if row.need is not None]
    lacking = [row for row in counted if row.gap is not None and row.gap.value > 0]
    sentences: list[Sentence] = []
    if counted:
        named = list_words([row.label[:1].lower() + row.label[1:] for row in lacking], most=5)
        of = f"{len(lacking) or 'none'} of {len(counted)} lines would be short"
        sentences.append([f"Without the United States {of}{': ' if lacking else ''}{named}."])
    if worth is not None and any(measure.key == "people" for measure in worth.measures):
        sentences.append(_say_people(generation, worth))
    if worth is not None:
        idle = [one.task.label for one in worth.worth if one.changes_nothing]
        if idle:
            sentences.append(
                [f"What changes nothing in any measure: {list_words([w.lower() for w in idle])}."]
            )
    return sentences


def _say_people(generation: Generation, worth: BackstopWorth) -> Sentence:
    fall = worth.waterfall("people")
    ours = rests_on_ours(generation, "people")
    base, total = (_measured(value, "person", ours) for value in (fall.base, fall.total))
    said: Sentence = ["The whole of it takes the people who come from ", base, " to ", total]
    leading = worth.leading_task("people")
    if leading is None:
        return ["Of the people who come, no task changes any: ", total, " with or without it."]
    task, share = leading
    return [
        *said,
        f"; the largest part goes to {task.label.lower()} ({format_share(share)}, by Shapley value).",
    ]


def _measured(value: float, unit: str, ours: bool) -> Size:
    if not ours:
        return Size(show_measure(value, unit, is_ours=False))
    text = show_measure(value, unit, is_ours=True)
    if text == "0":
        return Size("0")
    return Size(text.removesuffix(" ours"), "ours", is_ours=True)


def _view_gap(row: BackstopRow, first: bool) -> Row:
    substitute = row.substitute
    several = len(row.task.capabilities) > 1
    return {
        "task": row.task.label if first else "",
        "line": row.label if several else "",
        "unit": plural(row.unit),
        "needed": NONE if row.need is None else format_units(row.need.value),
        "held": _held(row),
        "missing": _missing(row),
        "short": row.gap is not None and row.gap.value > 0,
        "promise": row.need is None,
        "substitute": substitute.words if substitute is not None else "nothing known",
        "note": substitute.note if substitute is not None else "",
        "cost": _say_cost(row),
        "cost_ours": substitute is not None and substitute.cost_is_ours and _say_cost(row).startswith("USD"),
        "months": _say_months(row),
        "months_ours": substitute is not None
        and substitute.months is not None
        and substitute.months_are_ours,
        "closing": _say_span(row.closing_months, "months"),
        "source": substitute.source if substitute is not None else "",
    }


def _held(row: BackstopRow) -> Size:
    if row.need is None:
        return Size(NONE)
    return show_held(row)


def show_held(row: BackstopRow) -> Size:
    """Return the units others would bring: ours, unless nobody could bring any at either end of the range."""
    held = row.held
    if held is None or not max(held.value, held.high or 0.0) > 0:
        return Size("none")
    return show_ours(held, tight=True)


def _missing(row: BackstopRow) -> Size:
    if row.need is None:
        return Size(NONE)
    return show_missing(row)


def show_missing(row: BackstopRow) -> Size:
    """Return the units missing: the need itself where nobody could bring any, else ours."""
    if row.gap is None or not row.gap.value > 0:
        return Size("nothing")
    if not show_held(row).is_ours:
        return Size(format_units(row.gap.value))
    return show_ours(row.gap, tight=True)


def _say_cost(row: BackstopRow) -> str:
    """Say what closing the gap costs, once and a year; unknown stays unknown."""
    if row.gap is not None and not row.gap.value > 0:
        return "nothing to close"
    if not row.cost_is_known:
        return "not known" if row.need is not None else "cannot be bought"
    parts = []
    if row.one_off is not None and (row.one_off.high or row.one_off.value) > 0:
        parts.append(f"{_say_money(row.one_off)} once")
    if row.yearly is not None and (row.yearly.high or row.yearly.value) > 0:
        parts.append(f"{_say_money(row.yearly)} a year")
    return ", ".join(parts) or "nothing"


def _say_money(traced: Traced) -> str:
    ends = [f"{round_to(end, _COST_DIGITS):g}" for end in dict.fromkeys(traced.bounds)]
    return f"USD {'–'.join(ends)} bn"


def _say_months(row: BackstopRow) -> str:
    return _say_span(row.months, "months") or NONE


def _say_span(span: tuple[float, float] | None, unit: str) -> str:
    if span is None:
        return ""
    return f"{'–'.join(f'{end:g}' for end in dict.fromkeys(span))} {unit}"


def _view_worth(generation: Generation, worth: BackstopWorth) -> Row:
    """Return the table of values, what meets what, and where the whole begins and ends."""
    measures = [
        {
            "label": name_measure(measure),
            "unit": name_unit_of_change(measure.unit),
            "ours": rests_on_ours(generation, measure.key),
            "without": _measured(
                float(worth.values[0, i]), measure.unit, rests_on_ours(generation, measure.key)
            ),
            "whole": _measured(
                float(worth.values[-1, i]), measure.unit, rests_on_ours(generation, measure.key)
            ),
        }
        for i, measure in enumerate(worth.measures)
    ]
    return {
        "measures": measures,
        "rows": [
            {
                "task": one.task.label,
                "idle": one.changes_nothing,
                "cells": [
                    _view_change(generation, value[measure.key], measure)
                    for measure in worth.measures
                    for value in (one.alone, one.last, one.shapley)
                ],
            }
            for one in worth.worth
        ],
        "pairs": [
            {"measure": name_measure(measure), "pairs": pairs}
            for measure in worth.measures
            if measure.key in MEASURES_OF_FIGURE and (pairs := _view_pairs(generation, worth, measure))
        ],
        "idle": list_words([one.task.label.lower() for one in worth.worth if one.changes_nothing]),
        "unknown_costs": list_words(list(worth.unknown_costs)),
        "n_sets": f"{len(worth.values):,}",
    }


def _view_change(generation: Generation, value: float, measure: Measure) -> Size:
    ours = rests_on_ours(generation, measure.key)
    text = show_change(value, measure.unit, is_ours=ours, with_unit=False)
    if text == "0":
        return Size("0")
    return Size(text.removesuffix(" ours"), "", is_ours=ours)


def _view_pairs(generation: Generation, worth: BackstopWorth, measure: Measure) -> list[Row]:
    labels = {task.key: task.label.lower() for task in worth.tasks}
    ours = rests_on_ours(generation, measure.key)
    return [
        {
            "text": f"{labels[a]} and {labels[b]}",
            "change": show_change(value, measure.unit, is_ours=ours),
            "together": value > 0,
        }
        for a, b, value in worth.strongest_pairs(measure.key, MOST_PAIRS)
        if show_change(value, measure.unit, is_ours=ours) != "0"
    ]


def view_unlocking(generation: Generation) -> Row | None:
    """Return the smallest sets as matrices, sequential and joint, or None where nothing was asked."""
    if not generation.unlocking:
        return None
    found = [_view_matrix(generation, one) for one in generation.unlocking]
    same = len(found) > 1 and all(
        {s.conditions for s in one.sets} == {s.conditions for s in generation.unlocking[0].sets}
        for one in generation.unlocking[1:]
    )
    return {
        "target": generation.unlock_target,
        "answer": _say_unlocking(generation),
        "matrices": found[:1] if same else found,
        "same": same,
    }


def _say_unlocking(generation: Generation) -> list[Sentence]:
    """Say whether the target is within reach, what is met soonest, and what there is no way round."""
    one = generation.unlocking[0]
    labels = generation.condition_labels
    if not one.reachable:
        return [
            [
                f"The target, {generation.unlock_target}, is out of reach: "
                "with everything met that goes together ",
                _value(generation, one.best_value, one.target, one.best_in),
                " come, short by ",
                _value(generation, one.shortfall, one.target, one.best_in),
                ".",
            ]
        ]
    if one.sets[0].conditions == ():
        return [[f"The target, {generation.unlock_target}, is reached as things stand."]]
    said: list[Sentence] = []
    first = one.sets[0]
    days = f" in {first.lead_days:,.0f} days from a ceasefire" if _has_days(first) else ""
    n = count_words(len(one.sets), "smallest set")
    said.append(
        [
            f"{n} of conditions would bring {generation.unlock_target}. The quickest takes "
            f"{count_words(len(first.conditions), 'condition')}{days}."
        ]
    )
    if one.fragile:
        names = [labels.get(key, key) for key in one.fragile]
        said.append([f"There is no way round {len(names)} of them: {'; '.join(names)}."])
    else:
        said.append(["No single condition is in every set: each can be gone round."])
    return said


def _has_days(found: UnlockingSet) -> bool:
    return found.lead_days is not None and math.isfinite(found.lead_days)


def _value(generation: Generation, value: float, target: float, codes: tuple[str, ...]) -> Size:
    """Return people, or a share where the target is one; marked where anybody in has a size of ours."""
    ours = any(generation.offers[code].basis == "ours" for code in codes if code in generation.offers)
    if target <= 1:
        text = format_share(value)
        return Size(f"≈{text}", "ours", is_ours=True) if ours else Size(text)
    if not ours:
        return Size(format_units(value))
    stated = any(generation.offers[code].basis == "stated" for code in codes if code in generation.offers)
    size = show_ours_value(value)
    return Size(size.number, "partly ours", is_ours=True) if stated else size


def _view_matrix(generation: Generation, one: Unlocking) -> Row:
    """Return the first sets by the conditions they need, grouped by kind."""
    sets = one.sets[:MOST_SETS]
    used = {key for found in sets for key in found.conditions}
    book = conditions_of(generation)
    order = list(dict.fromkeys(KIND_WORDS.values()))

    def heading(key: str) -> str:
        kind = book[key].kind if key in book else kind_of_key(key)
        return KIND_WORDS.get(kind, "Others")

    def rank(key: str) -> tuple[int, bool, str]:
        name = heading(key)
        return (order.index(name) if name in order else len(order), key not in one.fragile, key)

    columns = sorted(used, key=rank)
    groups: dict[str, int] = {}
    for key in columns:
        groups[heading(key)] = groups.get(heading(key), 0) + 1
    return {
        "title": "All sign together" if one.joint else "Each waits for those it named",
        "reachable": one.reachable,
        "best": _value(generation, one.best_value, one.target, one.best_in),
        "shortfall": _value(generation, one.shortfall, one.target, one.best_in),
        "groups": [{"name": name, "span": span} for name, span in groups.items()],
        "columns": [
            {"label": generation.condition_labels.get(key, key), "fragile": key in one.fragile}
            for key in columns
        ],
        "rows": [
            {
                "n": str(number),
                "needs": [key in found.conditions for key in columns],
                "days": f"{found.lead_days:,.0f}" if _has_days(found) else NONE,
                "people": _value(generation, found.value, one.target, found.codes),
                "n_in": str(len(found.codes)),
            }
            for number, found in enumerate(sets, start=1)
        ],
        "is_people": one.target > 1,
        "more": len(one.sets) - len(sets),
        "n": len(one.sets),
        "has_fragile": bool(one.fragile),
    }


def view_claims(generation: Generation) -> Row | None:
    """Return the score sheet, or None where no claim was scored."""
    if not generation.claims:
        return None
    rows = [_view_claim(score) for score in generation.claims]
    verdicts = [score.verdict for score in generation.claims]
    return {
        "rows": rows,
        "n": len(rows),
        "reproduced": verdicts.count("reproduced"),
        "challenged": verdicts.count("challenged"),
        "open": sum(verdict.startswith("not testable") for verdict in verdicts),
        "soft": sum(row["soft"] for row in rows),
    }


def _view_claim(score: ClaimScore) -> Row:
    claim = score.claim
    kinds = {"reproduced": "fits", "challenged": "without"}
    return {
        "key": claim.key,
        "claim": claim.text,
        "date": claim.date,
        "source": claim.source,
        "url": claim.source_url if claim.source_url.startswith(("https://", "http://")) else "",
        "verdict": score.verdict,
        "kind": kinds.get(score.verdict, "none"),
        "soft": score.firm is False,
        "sentence": score.sentence,
        "number": _claim_number(score),
        "weak": claim.confidence in ("low", "inference", "general"),
    }


def _claim_number(score: ClaimScore) -> Size:
    """Return the number a verdict rests on; ours where its sentence says so."""
    if score.number is None or not math.isfinite(score.number):
        return Size(NONE)
    ours = _OURS_WORD.search(score.sentence) is not None
    value, unit = score.number, score.unit
    if unit == "1":
        text = format_share(value)
    elif unit.endswith(" bn"):
        text = f"{unit.removesuffix(' bn')} {round_to(value, _COST_DIGITS):g} bn"
    else:
        many = "people" if unit == "persons" else unit if unit.endswith("s") else plural(unit)
        number = format_units(round_to(value, 3) if ours else value) if abs(value) >= 10 else f"{value:.2g}"
        text = f"{number} {unit if value == 1 else many}".strip()
    return Size(f"≈{text}", "ours", is_ours=True) if ours else Size(text)
