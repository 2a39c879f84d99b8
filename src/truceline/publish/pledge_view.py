"""What every nation had said by the day, and what each waits for, as rows of the report.

Strings as readers see them. Announced, approved and deployed have a column each and are never added. A nation
that stated no size has the words "none stated" where a number would be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from truceline.publish.generation_words import (
    KIND_WORDS,
    SAYER_WORDS,
    STATE_OF_CONDITION_WORDS,
    WEAK_CONFIDENCE,
    conditions_of,
    list_words,
    size_of_stage,
    waited_for_by,
)

if TYPE_CHECKING:
    from truceline.generation.register import Pledge, Stance
    from truceline.generation.result import Generation

Row = dict[str, Any]
NONE = "–"
STAGES = ("announced", "approved", "deployed")
MOST_NAMES = 6
"""Nations named in one cell; the rest are counted."""


def view_register(generation: Generation) -> Row:
    """Return the statement that counts for each nation: offers first, then those that offer nobody."""
    stances = sorted(generation.stances.values(), key=lambda one: (one.name, one.nation))
    common = _common_to_all(generation)
    offers = [one for one in stances if one.is_offer]
    return {
        "groups": [
            {"name": name, "rows": [_view_stance(generation, one, common) for one in members]}
            for name, members in (
                ("Would send, or have not decided", offers),
                (
                    "Offer nothing inside the country, or are counted elsewhere",
                    [s for s in stances if not s.is_offer],
                ),
            )
            if members
        ],
        "common": list_words([_label(generation, key) for key in common]),
        "n": len(stances),
        "n_offers": len(offers),
        "n_sized": sum(one.basis == "stated" for one in offers),
        "sized": list_words([one.name for one in offers if one.basis == "stated"]),
        "by_stage": {stage: sum(stage in one.by_stage for one in offers) for stage in STAGES},
    }


def _label(generation: Generation, key: str) -> str:
    label = generation.condition_labels.get(key, key)
    return label[:1].lower() + label[1:] if label.startswith(("A ", "The ")) else label


def _common_to_all(generation: Generation) -> tuple[str, ...]:
    """Return the conditions that everybody who may come waits for: said once, not in every row."""
    gates = [gate for gate in generation.gates.values() if gate.may_come]
    if len(gates) < 2:
        return ()
    each = [{wait.condition for wait in gate.waits if not wait.one_of} for gate in gates]
    return tuple(sorted(set.intersection(*each)))


def _view_stance(generation: Generation, stance: Stance, common: tuple[str, ...]) -> Row:
    latest, gate = stance.latest, generation.gates.get(stance.nation)
    waits = gate.waits if gate is not None else ()
    labels = generation.condition_labels
    return {
        "name": stance.name,
        "date": latest.date,
        "statement": latest.statement,
        "source": latest.source,
        "url": _web(latest.source_url),
        "confidence": latest.confidence,
        "weak": latest.confidence in WEAK_CONFIDENCE,
        "stages": [_view_stage(stance, stage) for stage in STAGES],
        "waits": [
            {
                "label": labels.get(wait.condition, wait.condition),
                "by": SAYER_WORDS[wait.said_by],
                "state": generation.states.get(wait.condition, "unknown"),
                "one_of": wait.one_of,
            }
            for wait in waits
            if wait.condition not in common
        ],
        "reason": gate.reason if gate is not None else "",
        "caveats": [say_caveat(word) for word in stance.caveats],
    }


def say_caveat(word: str) -> str:
    """Return a national limit in words."""
    from truceline.generation.pledges import CAVEATS

    return CAVEATS.get(word, word)


def _view_stage(stance: Stance, stage: str) -> Row:
    """Return what was said at one stage; an amendment without a size keeps the one it amends."""
    pledge: Pledge | None = stance.by_stage.get(stage)
    if pledge is None:
        offers = stance.is_offer and stage == STAGES[0] and not any(one in stance.by_stage for one in STAGES)
        return {"text": "no offer yet" if offers else NONE, "stated": False, "date": ""}
    if pledge is stance.latest:
        return {"text": stance.size_words, "stated": stance.basis == "stated", "date": ""}
    size, _, _ = size_of_stage(pledge).rpartition(", ")
    return {"text": size, "stated": pledge.has_size, "date": pledge.date}


def view_conditions(generation: Generation) -> Row:
    """Return every condition that somebody waits for or that has a known state, by kind, with who waits."""
    waiting, book = waited_for_by(generation), conditions_of(generation)
    names = {code: gate.name for code, gate in generation.gates.items()}
    groups: dict[str, list[Row]] = {}
    for key, state in generation.states.items():
        codes = waiting.get(key, [])
        if not codes and state == "unknown":
            continue
        condition = book.get(key)
        kind = condition.kind if condition is not None else kind_of_key(key)
        groups.setdefault(KIND_WORDS.get(kind, "Others"), []).append(
            {
                "label": generation.condition_labels.get(key, key),
                "state": state,
                "state_words": STATE_OF_CONDITION_WORDS[state],
                "lead": say_lead(condition),
                "n": f"{len(codes)} waiting" if codes else "nobody",
                "who": list_words([names.get(code, code) for code in codes], most=MOST_NAMES),
            }
        )
    order = list(dict.fromkeys(KIND_WORDS.values()))
    states = [generation.states[key] for key in generation.states if waiting.get(key)]
    return {
        "groups": [
            {"name": name, "rows": groups[name]}
            for name in sorted(groups, key=lambda name: order.index(name) if name in order else len(order))
        ],
        "n": len(states),
        "met": states.count("met"),
        "unmet": states.count("unmet"),
        "unknown": states.count("unknown"),
    }


def kind_of_key(key: str) -> str:
    """Return the kind of a condition from the first word of its key, where its record is not at hand."""
    first = key.partition(".")[0]
    kinds = {"us": "backstop", "us-material": "composite", "host-consent": "consent", "terms": "mandate"}
    peace = {"ceasefire": "peace", "peace-agreed": "peace", "consulted": "consent", "nato-assets": "mandate"}
    return {**kinds, **peace}.get(first, first)


def say_lead(condition: Any) -> str:
    """Return the days a condition takes once it can begin, with its range."""
    if condition is None or condition.kind == "composite":
        return NONE
    lead = condition.lead
    if not lead.value and not lead.high:
        return "the day itself"
    span = "" if lead.low is None or lead.high is None else f" ({lead.low:.0f}–{lead.high:.0f})"
    return f"{lead.value:.0f}{span} days"


def _web(url: str) -> str:
    return url if url.startswith(("https://", "http://")) else ""
