"""Print the force behind agreements: posture, people, what they see, and who still waits for what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from truceline.cli._console import Row, print_line, print_table, print_title
from truceline.cli._generate_print import OURS_LINE
from truceline.cli._generation_words import tell_filled, tell_people, tell_total
from truceline.cli._talks_item import FoundTalks
from truceline.cli._talks_words import join_sentences, print_wrapped
from truceline.generation.condition_book import DECISION, PARLIAMENT
from truceline.plan.talks import AgreementForce
from truceline.units import format_people

VOTES_LINE = "Votes of parliaments are taken as given; governments that were open stay out."
NEAR = 2
"""Conditions of a nation that is told with them in the list of all agreements; others are named alone."""
_GAP = "  "


def print_forces(found: FoundTalks) -> None:
    """Print what each agreement unlocks: posture, people, what they see, and who still waits for what."""
    print_title("What each unlocks")
    forces = found.made.forces
    if not forces:
        print_wrapped(f"{found.no_forces}.")
        return
    rows = []
    for force in forces:
        if force.result is None or force.needed is None:
            rows.append(Row([force.agreement.key, "; ".join(force.notes)]))
            continue
        rows.append(
            Row(
                [
                    force.agreement.key,
                    force.posture,
                    format_people(force.needed.value),
                    tell_total(force.result.people, force.result.people_ours),
                    _tell_share(force.filled_share, force.result.people_ours),
                    _tell_share(force.detect, force.result.people_ours),
                ]
            )
        )
    plain = [row for row in rows if len(row.cells) > 2]
    if plain:
        heads = ["agreement", "posture", "needs", "people who come", "filled", "detected"]
        print_table(heads, plain)
    for row in rows:
        if len(row.cells) == 2:
            print_wrapped(f"{row.cells[0]}: {row.cells[1]}.", hanging=_GAP)
    for force in forces:
        if force.result is not None and (force.waiting or force.result.contributions):
            print_wrapped(f"{force.agreement.key}: {_say_who(force)}.", hanging=_GAP)
            for line in _say_waiting(found, force, NEAR):
                print_wrapped(line, _GAP, _GAP)
    print_line(VOTES_LINE)
    if any(force.result is not None and force.result.people_ours > 0 for force in forces):
        print_line(OURS_LINE)


def print_force(found: FoundTalks, key: str) -> None:
    force = next((one for one in found.made.forces if one.agreement.key == key), None)
    if force is None:
        print_wrapped(f"{found.no_forces}.")
        return
    if force.result is None or force.needed is None:
        print_wrapped(f"Force: {'; '.join(force.notes)}.")
        return
    ours = force.result.people_ours
    print_wrapped(
        f"Force: {force.posture_label} needs {format_people(force.needed.value)} people; come "
        f"{tell_total(force.result.people, ours)}; filled {_tell_share(force.filled_share, ours) or 'none'}"
        + (f"; incidents detected {_tell_share(force.detect, ours)}." if force.detect is not None else ".")
    )
    print_wrapped(f"{force.agreement.key}: {_say_who(force)}.", hanging=_GAP)
    for line in _say_waiting(found, force):
        print_wrapped(f"{line}.", hanging=_GAP)
    print_line(VOTES_LINE)
    if ours > 0:
        print_line(OURS_LINE)


def _tell_share(share: float | None, ours: float) -> str:
    return "" if share is None else tell_filled(share, "~" if ours > 0 and share > 0 else "")


def _say_who(force: AgreementForce) -> str:
    if force.result is None or not force.result.contributions:
        return "nobody comes"
    told = [
        f"{one.name} {tell_people(one.people, one.basis)}"
        for one in force.result.contributions
        if one.people.value > 0
    ]
    others = [one.name for one in force.result.contributions if not one.people.value > 0]
    parts = [f"comes: {', '.join(told)}" if told else "no people come"]
    if others:
        parts.append(f"brings what is scarce, and no people: {', '.join(others)}")
    return join_sentences(parts)


def _say_waiting(found: FoundTalks, force: AgreementForce, most: int | None = None) -> Iterator[str]:
    """Yield who still waits, by what for, those who wait for least first; beyond `most` they are counted."""
    groups: dict[tuple[str, ...], list[str]] = {}
    further = [code for code, keys in force.waiting.items() if most is not None and len(keys) > most]
    for code, keys in force.waiting.items():
        if code in further:
            continue
        groups.setdefault(tuple(_name_condition(found, code, key) for key in keys), []).append(code)
    for words, codes in sorted(groups.items(), key=lambda item: (len(item[0]), item[0])):
        who = f"{', '.join(_name_nations(found, codes))} {'waits' if len(codes) == 1 else 'wait'} for"
        yield f"{who}: {'; '.join(words) or 'others to come'}"
    if further:
        yield f"further away, more than {most} conditions: {', '.join(_name_nations(found, further))}"


def _name_nations(found: FoundTalks, codes: Sequence[str]) -> list[str]:
    return sorted(found.nations.get(code, code) for code in codes)


def _name_condition(found: FoundTalks, code: str, key: str) -> str:
    """Return what is waited for in words; what a nation itself has to say reads alike for all."""
    if key == f"{DECISION}{code}":
        return "own government"
    if key == f"{PARLIAMENT}{code}":
        return "own parliament"
    if found.book is None or key not in found.book:
        return key
    return found.book[key].label
