"""Who would come, as the report shows it: cases, contributions, what is short, how long it lasts.

Strings and sizes as readers see them; the template lays them out. A number that rests on a size nobody stated
is a `Size` with its mark, never a bare string. The register and the conditions are in `pledge_view`, the
backstop, what unlocks it and the claims in `backstop_view`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from truceline.publish.backstop_view import view_backstop, view_claims, view_unlocking
from truceline.publish.generation_words import (
    any_ours,
    conditions_of,
    count_words,
    list_words,
    plural,
    say_binding,
)
from truceline.publish.pledge_view import view_conditions, view_register
from truceline.publish.sizes import (
    Size,
    format_units,
    show_ours_share,
    show_ours_value,
    show_people,
    show_range,
    show_sum,
)
from truceline.units import format_people, format_share

if TYPE_CHECKING:
    from truceline.generation.model import Requirement
    from truceline.generation.result import CaseResult, Contribution, Fill, Generation

Row = dict[str, Any]
Sentence = list[str | Size]
NONE = "–"
SHADES = 5
"""Steps of shading in the table of contributions, by share of the need that one nation brings."""
_UNITED_KINGDOM = "GBR"


def view_generation(generation: Generation | None) -> Row | None:
    """Return everything the template shows about nations, or None where nothing was asked."""
    if generation is None:
        return None
    shown = generation.shown
    return {
        "as_of": generation.as_of.isoformat(),
        "answer": _answer(generation, shown),
        "has_ours": any_ours(generation),
        "case": {"label": shown.case.label, "sentence": shown.case.sentence},
        "has_guarantor": has_guarantor(shown),
        "cases": [_view_case(one, key == generation.case_key) for key, one in generation.cases.items()],
        "people": _view_matrix(generation, shown, "people"),
        "enablers": _view_matrix(generation, shown, "enabler"),
        "short": [_say_short(fill, shown) for fill in shown.fills if fill.short > 0],
        "n_needed": sum(fill.requirement.units > 0 for fill in shown.fills),
        "endurance": [_view_endurance(one) for one in shown.contributions if one.people.value > 0],
        "united_kingdom": _say_united_kingdom(generation, shown),
        "burden": _BURDEN_WORDS.get(generation.burden, generation.burden),
        "optimal": shown.gap <= 0,
        "gap": format_share(shown.gap, 1),
        "requirements": [_view_requirement(one) for one in generation.requirements],
        "register": view_register(generation),
        "conditions": view_conditions(generation),
        "backstop": view_backstop(generation),
        "unlocking": view_unlocking(generation),
        "claims": view_claims(generation),
    }


_BURDEN_WORDS = {
    "stated-first": "nations that stated a size are asked first, the rest evenly by effort",
    "gdp-share": "people as near as possible to each nation's share of GDP",
    "equal-effort": "people as an equal share of what each can keep abroad",
}


def _people_of(case: CaseResult, *, tight: bool = False) -> Size:
    return show_sum(case.people, case.people_ours, tight=tight)


def _senders(case: CaseResult) -> list[Contribution]:
    return [one for one in case.contributions if one.people.value > 0]


def _need_of_people(case: CaseResult) -> float:
    return sum(one.requirement.units for one in case.fills if one.requirement.capability.kind == "people")


def _answer(generation: Generation, case: CaseResult) -> list[Sentence]:
    """Return the answer in two or three sentences: who comes in the case shown, what is short, today."""
    needed = format_people(_need_of_people(case))
    senders = _senders(case)
    if not senders:
        first: Sentence = [
            f"{case.case.label}: nobody would send people. {generation.basis.posture_label} needs {needed}."
        ]
    else:
        first = [
            f"{case.case.label}: {count_words(len(senders), 'nation')} would send ",
            show_sum(case.people, case.people_ours, noun="people"),
            f"; {generation.basis.posture_label} needs {needed}.",
        ]
    sentences = [first]
    short = [fill.requirement.capability.label for fill in case.fills if fill.short > 0]
    if short and senders:
        short_of = "What nations bring leaves short" if has_guarantor(case) else "Short"
        sentences.append([f"{short_of}: {list_words([lower_first(one) for one in short], most=5)}."])
    unstated = [one for one in senders if one.basis == "ours"]
    if unstated:
        sentences.append(
            [
                f"{_say_how_many(len(unstated), len(senders))}: what stands there instead is our estimate"
                " from published strengths, with a wide range, and is marked ours wherever it appears."
            ]
        )
    return sentences


def has_guarantor(case: CaseResult) -> bool:
    """Tell whether the United States bring anything in a case: it counts towards people supported alone."""
    from truceline.generation.situation import GUARANTOR

    return any(key.startswith(GUARANTOR) for key in case.case.met)


def _say_how_many(unstated: int, senders: int) -> str:
    if unstated < senders:
        return f"{unstated} of them stated no size"
    return "It stated no size" if senders == 1 else "None of them stated a size"


def lower_first(text: str) -> str:
    """Return a label for the middle of a sentence; names and abbreviations keep their capitals."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def _view_case(case: CaseResult, is_shown: bool) -> Row:
    needed = _need_of_people(case)
    share = min(1.0, case.people.value / needed) if needed > 0 else 1.0
    ours = case.people_ours
    supported_ours = ours if ours > 0 else 0.0
    return {
        "label": case.case.label,
        "sentence": case.case.sentence,
        "shown": is_shown,
        "n": str(len(_senders(case))),
        "people": _people_of(case, tight=True) if case.people.value > 0 else Size("nobody"),
        "range": _range_of(case),
        "ours": show_ours_value(ours) if ours > 0 else Size("none" if case.people.value > 0 else NONE),
        "share": (show_ours_share(share) if ours > 0 else Size(format_share(share))),
        "supported": _supported(case, supported_ours),
        "binding": say_binding(case) or ("nothing" if case.people.value > 0 else NONE),
    }


def _range_of(case: CaseResult) -> str:
    return show_range(case.people.low, case.people.high) if case.people_ours > 0 else ""


def _supported(case: CaseResult, ours: float) -> Size:
    if not case.people.value > 0:
        return Size(NONE)
    return show_ours_value(case.supported.value) if ours > 0 else Size(format_units(case.supported.value))


def _view_matrix(generation: Generation, case: CaseResult, kind: str) -> Row:
    """Return contributors by capabilities of one kind, with sums, fill and what is missing."""
    fills = [fill for fill in case.fills if fill.requirement.capability.kind == kind]
    wanted = [fill for fill in fills if fill.requirement.units > 0 or fill.given > 0]
    keys = [fill.requirement.capability.key for fill in wanted]
    givers = [one for one in case.contributions if any(one.units.get(key, 0) > 0 for key in keys)]
    return {
        "columns": [
            {
                "label": fill.requirement.capability.label,
                "unit": "" if kind == "people" else plural(fill.requirement.capability.unit),
            }
            for fill in wanted
        ],
        "rows": [
            {
                "name": one.name,
                "basis": "" if kind == "enabler" else _BASIS_WORDS[one.basis],
                "cells": [_view_cell(one, fill, kind) for fill in wanted],
                "total": show_people(one.people, one.basis, tight=True) if kind == "people" else None,
            }
            for one in givers
        ],
        "needed": [format_units(fill.requirement.units) for fill in wanted],
        "given": [_given(case, fill, kind) for fill in wanted],
        "filled": [{"text": _share_filled(fill), "short": fill.short > 0} for fill in wanted],
        "missing": [_missing(case, fill) for fill in wanted],
        "total": _people_of(case, tight=True),
        "total_needed": format_people(_need_of_people(case)),
        "idle": [lower_first(fill.requirement.capability.label) for fill in fills if fill not in wanted],
    }


_BASIS_WORDS = {"stated": "stated", "ours": "size not stated", "none": ""}


def _view_cell(one: Contribution, fill: Fill, kind: str) -> Row:
    units = one.units.get(fill.requirement.capability.key, 0.0)
    if not units > 0:
        return {"size": None, "shade": 0}
    need = fill.requirement.units
    share = min(1.0, units / need) if need > 0 else 1.0
    ours = kind == "enabler" or one.basis == "ours"
    size = show_ours_value(units) if ours else Size(format_units(units))
    return {"size": size, "shade": max(1, math.ceil(share * SHADES))}


def _given(case: CaseResult, fill: Fill, kind: str) -> Size:
    if not fill.given > 0:
        return Size("0")
    if kind == "enabler" or _ours_in(case, fill) > 0:
        return show_ours_value(fill.given)
    return Size(format_units(fill.given))


def _ours_in(case: CaseResult, fill: Fill) -> float:
    """Return the part of what is given that comes from sizes nobody stated; of enablers all of it."""
    key = fill.requirement.capability.key
    if fill.requirement.capability.kind == "enabler":
        return fill.given
    return sum(one.units.get(key, 0.0) for one in case.contributions if one.basis == "ours")


def _share_filled(fill: Fill) -> str:
    """Return the filled share, never as all of it while something is short."""
    if fill.short > 0 and fill.share >= 0.995:
        return ">99 %"
    return format_share(fill.share)


def _missing(case: CaseResult, fill: Fill) -> Size:
    if not fill.short > 0:
        return Size(NONE)
    if _ours_in(case, fill) > 0:
        return show_ours_value(fill.short)
    return Size(format_units(fill.short))


def _say_short(fill: Fill, case: CaseResult) -> Row:
    """Say what is short, by how much, and why."""
    capability = fill.requirement.capability
    return {
        "label": capability.label,
        "missing": _missing(case, fill),
        "of": f"of {format_units(fill.requirement.units)} {plural(capability.unit)} missing",
        "filled": _share_filled(fill),
        "why": fill.why,
        "essential": capability.essential,
    }


def _view_endurance(one: Contribution) -> Row:
    ours = one.basis == "ours"
    lasting = one.endurance
    row: Row = {
        "name": one.name,
        "people": show_people(one.people, one.basis),
        "share": show_ours_share(one.people_share) if ours else Size(format_share(one.people_share)),
        "effort": show_ours_share(one.effort) if one.effort is not None else Size("not known"),
        "ties": Size("not known"),
        "of_pool": Size("not known"),
        "breaks": Size("not known"),
        "lasts": True,
    }
    if lasting is not None:
        tied = lasting.tied_up_people
        row["ties"] = show_ours_value(tied) if ours else Size(format_units(tied))
        row["of_pool"] = (
            show_ours_share(lasting.tied_up_share) if math.isfinite(lasting.tied_up_share) else Size(NONE)
        )
        row["lasts"] = lasting.lasts
        row["breaks"] = _say_break(lasting.breaks_at_months, lasting.breaks_low, lasting.breaks_high)
    return row


def _say_break(months: float, low: float, high: float) -> Size:
    """Say when a rotation breaks; it rests on a pool that is always ours."""
    if math.isinf(months):
        if math.isfinite(low):
            return Size("does not break", "ours", f"(low end: month {low:g})", is_ours=True)
        return Size("does not break", "ours", is_ours=True)
    end = "does not break" if math.isinf(high) else f"{high:g}"
    span = f"({low:g} to {end})" if low != high else ""
    return Size(f"≈ month {months:g}" if months > 0 else "at once", "ours", span, is_ours=True)


def _say_united_kingdom(generation: Generation, case: CaseResult) -> Sentence:
    """Say the United Kingdom's share and what it ties up, or what it waits for where it sends nobody."""
    found = next((one for one in case.contributions if one.code == _UNITED_KINGDOM), None)
    if found is None or not found.people.value > 0:
        return _say_absent(generation, case)
    ours = found.basis == "ours"
    share = (
        show_ours_share(found.people_share)
        if case.people_ours > 0
        else Size(format_share(found.people_share))
    )
    said: Sentence = [
        f"{found.name}: ",
        show_people(found.people, found.basis, noun="people"),
        ", ",
        share,
        " of all sent",
    ]
    if found.endurance is not None:
        tied = found.endurance.tied_up_people
        said += [
            "; with rotation they tie up ",
            show_ours_value(tied) if ours else Size(format_units(tied)),
            " people",
        ]
        if math.isfinite(found.endurance.tied_up_share):
            said += [", ", show_ours_share(found.endurance.tied_up_share), " of those it could use"]
    return [*said, "."]


def _say_absent(generation: Generation, case: CaseResult) -> Sentence:
    """Say why the United Kingdom is not among those who come; nothing where it had not spoken."""
    stance, gate = generation.stances.get(_UNITED_KINGDOM), generation.gates.get(_UNITED_KINGDOM)
    if stance is None or gate is None:
        return []
    if not gate.may_come:
        return [f"{stance.name} sends nobody in this case: {gate.reason.rstrip('.')}."]
    if _UNITED_KINGDOM in case.codes:
        return [f"{stance.name}: its conditions are met, and its people are not needed in this case."]
    composites = {key for key, one in conditions_of(generation).items() if one.kind == "composite"}
    waits = [
        generation.condition_labels.get(wait.condition, wait.condition)
        for wait in gate.waits
        if wait.condition not in case.case.met | composites and not wait.one_of
    ]
    lacking = f", for want of: {'; '.join(waits)}" if waits else ""
    return [f"{stance.name} sends nobody in this case{lacking}."]


def _view_requirement(one: Requirement) -> Row:
    need, capability = one.need, one.capability
    has_range = need.low is not None and need.high is not None and need.low != need.high
    return {
        "label": capability.label,
        "need": format_units(need.value),
        "unit": plural(capability.unit),
        "range": f"{format_units(need.low or 0)} to {format_units(need.high or 0)}" if has_range else NONE,
        "rule": need.formula,
        "note": need.note,
        "priority": str(capability.priority),
        "essential": capability.essential,
    }
