"""Agreements as the report shows them: who accepts, who would block, and the force behind each.

Strings and sizes as readers see them; a number that rests on a size nobody stated is a `Size` with its mark.
Nothing is computed.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from truceline.publish.generation_words import list_words
from truceline.publish.sizes import ABOUT, Size, show_ours_share, show_range, show_sum
from truceline.publish.talks_words import (
    BLOCKS_SIGN,
    NONE,
    READINGS,
    VERDICT_SIGNS,
    say_readings,
    say_span,
    say_value,
    show_readings,
)
from truceline.units import format_chance, format_people, format_share

if TYPE_CHECKING:
    from collections.abc import Iterable

    from truceline.generation.result import Generation
    from truceline.plan.talks import AgreementForce, PlanTalks
    from truceline.talks.acceptance import Reception, Verdict
    from truceline.talks.model import Board
    from truceline.talks.result import Talks

Row = dict[str, Any]
Sentence = list[str | Size]
_CLASSES = {
    "accepts": "yes",
    "leans to yes": "lean-yes",
    "leans to no": "lean-no",
    "rejects": "no",
    "silent": "silent",
}
TERM_WORDS = {
    "force": "the force itself",
    "zone": "the zone",
    "consent": "its consent",
    "sequence": "what comes first",
    "rules": "the rules",
    "backstop": "the backstop",
    "seats": "the seats",
    "spending": "the spending",
}
"""Kinds of terms in a tight cell."""


def answer_agreements(plan_talks: PlanTalks) -> list[Sentence]:
    """Return two sentences: what stands as we read it and who would block the rest, and who would come."""
    receptions = plan_talks.talks.receptions
    if not receptions:
        return []
    standing = [one for one in receptions if one.stands]
    first = f"Of {len(receptions)} agreements looked at, "
    if standing:
        named = list_words([f"{_quote(one)}{_in_readings(one)}" for one in standing])
        first += f"{len(standing)} would stand as we read what was said: {named}."
    else:
        best = max(receptions, key=lambda one: one.stands_share or 0.0)
        nearest = f"; nearest is {_quote(best)}{_in_readings(best)}" if best.stands_share else ""
        first += f"none would stand as we read what was said{nearest}."
    failing = [one for one in receptions if not one.stands]
    blockers = _say_blockers(failing, "the others" if standing else "them", plan_talks.talks.board)
    sentences: list[Sentence] = [[f"{first}{blockers}"]]
    most = _most_people(plan_talks.forces)
    if most is not None:
        sentences.append(_say_forces(plan_talks, most))
    return sentences


def _quote(one: Reception) -> str:
    label = one.agreement.label
    return f"\N{LEFT DOUBLE QUOTATION MARK}{label}\N{RIGHT DOUBLE QUOTATION MARK}"


def _in_readings(one: Reception) -> str:
    return "" if one.stands_share is None else f" (in {say_readings(one.stands_share)} {READINGS})"


def _say_blockers(failing: list[Reception], which: str, board: Board) -> str:
    """Return who would block the agreements that do not stand, and how many of them each."""
    if not failing:
        return ""
    counts = Counter(actor for one in failing for actor in one.blocking)
    named = [
        f"{board.actors[actor].name} ({f'all {count}' if count == len(failing) > 1 else count})"
        for actor, count in counts.most_common()
    ]
    short = sum(1 for one in failing if not one.blocking)
    said = f" Who would block {which}: {list_words(named)}." if named else ""
    return f"{said} {short} would fall short of a quota." if short else said


def _most_people(forces: Iterable[AgreementForce]) -> AgreementForce | None:
    found = [one for one in forces if one.result is not None]
    return max(found, key=lambda one: one.result.people.value if one.result else 0.0, default=None)


def _say_forces(plan_talks: PlanTalks, most: AgreementForce) -> Sentence:
    """Return who would come under what stands, and under the agreement that brings most."""
    receptions = {one.agreement.key: one for one in plan_talks.talks.receptions}
    under = [one for one in plan_talks.forces if receptions[one.agreement.key].stands]
    sentence: Sentence = []
    for one in under:
        label = _quote(receptions[one.agreement.key])
        if one.result is None or one.result.people.value <= 0:
            sentence.append(f"Under {label} nobody would come. ")
        else:
            people = show_sum(one.result.people, one.result.people_ours, noun="people")
            sentence += [f"Under {label} ", people, " would come. "]
    reception = receptions[most.agreement.key]
    if most.result is not None and most.result.people.value > 0 and not reception.stands:
        people = show_sum(most.result.people, most.result.people_ours, noun="people")
        share = reception.stands_share
        stands = f"in {say_readings(share)} readings" if share else "in no reading"
        tail = "does not stand" if share is None else f"stands {stands}"
        sentence += [f"Most people would come under {_quote(reception)}, which {tail}: ", people, "."]
    return sentence


def view_agreements(talks: Talks, actors: list[str]) -> Row | None:
    """Return the acceptance matrix: agreements across, actors down; None without agreements."""
    if not talks.receptions:
        return None
    board = talks.board
    verdicts = [{one.actor: one for one in reception.verdicts} for reception in talks.receptions]
    silent = [actor for actor in actors if all(of[actor].is_silent for of in verdicts)]
    return {
        "columns": [_view_column(one, board) for one in talks.receptions],
        "rows": [
            {
                "name": board.actors[actor].name,
                "cells": [
                    _view_cell(of[actor], reception, board)
                    for of, reception in zip(verdicts, talks.receptions, strict=True)
                ],
            }
            for actor in actors
            if actor not in silent
        ],
        "silent": list_words([board.actors[actor].name for actor in silent]),
    }


def _view_column(one: Reception, board: Board) -> Row:
    short = [backing for backing in one.backing if not backing.is_enough]
    return {
        "label": one.agreement.label,
        "sentence": one.agreement.sentence,
        "source": one.agreement.source,
        "terms": [
            {
                "label": term.label,
                "asks": list_words([board.actors[actor].name for actor in term.asks]),
            }
            for term in one.agreement.terms
        ],
        "points": [
            {
                "label": board.issues[issue].label,
                "value": f"{ABOUT}{say_value(board.issues[issue], point.value)}",
                "span": say_span(board.issues[issue], *point.bounds),
            }
            for issue, point in one.agreement.points.items()
        ],
        "stands": one.stands,
        "share": show_readings(one.stands_share),
        "blocking": list_words([board.actors[actor].name for actor in one.blocking]),
        "could_block": list_words([board.actors[actor].name for actor in one.could_block]),
        "n_accepting": str(len(one.accepting)),
        "n_rejecting": str(len(one.rejecting)),
        "quotas": [
            {
                "label": board.issues[backing.issue].label,
                "weight": format_share(backing.weight_share),
                "quota": format_share(backing.quota_share),
                "enough": backing.is_enough,
            }
            for backing in one.backing
        ],
        "short": list_words([board.issues[backing.issue].label for backing in short]),
    }


def _view_cell(one: Verdict, reception: Reception, board: Board) -> Row:
    """Return one cell of the matrix."""
    could = "has a veto" if one.vetoes else ("its yes is asked" if one.asked_by else "")
    blocks = _say_blocks(one, reception, board)
    return {
        "kind": _CLASSES[one.word],
        "sign": VERDICT_SIGNS[one.word],
        "word": one.word,
        "share": show_readings(one.accepts_share),
        "blocks": blocks,
        "blocks_sign": BLOCKS_SIGN,
        "could": "" if blocks else could,
    }


def _say_blocks(one: Verdict, reception: Reception, board: Board) -> str:
    """Return what an actor blocks: issues of its veto, and kinds of terms to which it does not say yes."""
    refused = [
        term
        for term in reception.agreement.terms
        if term.key in one.refuses and not set(term.points) & set(one.blocks_on)
    ]
    words = [board.issues[issue].label for issue in one.blocks_on]
    words += [TERM_WORDS.get(term.kind, term.kind) for term in refused]
    return ", ".join(dict.fromkeys(words))


def view_forces(plan_talks: PlanTalks, generation: Generation | None) -> list[Row]:
    """Return what each agreement unlocks: posture, people, share, detection, who waits for what."""
    receptions = {one.agreement.key: one for one in plan_talks.talks.receptions}
    names = _name_nations(plan_talks, generation)
    rows = []
    for one in plan_talks.forces:
        reception = receptions[one.agreement.key]
        row: Row = {
            "label": one.agreement.label,
            "stands": reception.stands,
            "share": say_readings(reception.stands_share),
            "posture": one.posture_label,
            "needed": "" if one.needed is None else format_people(one.needed.value),
            "people": None,
            "range": "",
            "filled": Size(NONE),
            "detect": Size(NONE),
            "who": "",
            "notes": "; ".join(one.notes),
            "waiting": [
                {
                    "name": names.get(code, code),
                    "for": "; ".join(name_condition(key, generation) for key in keys),
                }
                for code, keys in one.waiting.items()
            ],
            "n_waiting": str(len(one.waiting)),
        }
        if one.result is not None:
            is_ours = one.result.people_ours > 0
            row["people"] = show_sum(one.result.people, one.result.people_ours, tight=True)
            row["range"] = show_range(one.result.people.low, one.result.people.high) if is_ours else ""
            senders = [each for each in one.result.contributions if each.people.value > 0]
            row["who"] = list_words([each.name for each in senders])
            if one.filled_share is not None:
                row["filled"] = _show_share(one.filled_share, is_ours)
            if one.detect is not None:
                row["detect"] = show_ours_share(one.detect) if is_ours else Size(format_chance(one.detect))
        rows.append(row)
    return rows


def _show_share(share: float, is_ours: bool) -> Size:
    if share <= 0:
        return Size(format_share(0.0))
    return show_ours_share(share) if is_ours else Size(format_chance(share))


def _name_nations(plan_talks: PlanTalks, generation: Generation | None) -> dict[str, str]:
    names = {one.nation: one.name for one in plan_talks.talks.board.actors.values() if one.nation}
    if generation is not None:
        names |= {code: stance.name for code, stance in generation.stances.items()}
    return names


def name_condition(key: str, generation: Generation | None) -> str:
    """Return a condition in words where the register of conditions is known, else its key."""
    if generation is None or key not in generation.book:
        return key
    return generation.book[key].label
