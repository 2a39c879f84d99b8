"""Print who would come: the cases, the contributions of one of them, what is short, who said nothing of size.

Text only. A number that rests on a size nobody stated carries a `~`, and beside a nation the word `ours` and
its range; the last line says what that means.
"""

from __future__ import annotations

from collections.abc import Sequence

from truceline.cli._console import Row, print_line, print_table, print_title
from truceline.cli._generation_words import (
    NOBODY,
    tell_day,
    tell_filled,
    tell_names,
    tell_ours,
    tell_people,
    tell_short,
    tell_total,
)
from truceline.generation.condition_book import ConditionBook
from truceline.generation.endurance import Endurance
from truceline.generation.model import Requirement
from truceline.generation.pledges import Stance
from truceline.generation.register_diff import StanceChange
from truceline.generation.result import CaseResult, Contribution, Fill, Generation
from truceline.generation.situation import GUARANTOR
from truceline.publish.generation_words import say_binding
from truceline.publish.sizes import format_units
from truceline.units import format_people, format_share

UNITED_KINGDOM = "GBR"
"""The nation whose share of the debate is told in a line of its own."""
FIELDS_SHOWN = {"position": "{}", "size": "size: {}", "conditions": "waits for {}"}
"""Parts of a stance whose changes are printed, and how; the others are in the JSON."""
OURS_LINE = "~ ours: rests on sizes nobody stated, or on our readiness of what nations hold; not their word."
"""What the mark means, under every table that has it."""


def print_heading(generation: Generation, title: str) -> None:
    """Print what was planned, which day and which case this is about."""
    basis, case = generation.basis, generation.shown.case
    print_title(f"{title}: {basis.posture_label}, as known on {tell_day(generation.as_of)}")
    print_line(
        f"Needs {format_people(basis.deployed.value)} people on {basis.length_km:,.0f} km of line; "
        f"nations are asked to join: {basis.mission}."
    )
    print_line(f"Case {case.key}: {case.label}.")


def print_generation(generation: Generation, book: ConditionBook) -> None:
    """Print the cases, then who comes in the one shown in full and what the force is short of.

    book: says which conditions are made of others, as they are on that day for this force.
    """
    print_line()
    _print_cases(generation)
    print_line()
    _print_contributions(generation)
    print_line()
    _print_fills(generation.shown)
    _print_united_kingdom(generation.shown)
    _print_out(generation, book)
    _print_silent(generation)
    print_line(OURS_LINE)


def print_changes(before: Generation, after: Generation, changes: Sequence[StanceChange]) -> None:
    """Print what nations said between two days, and what it did to the people of every case."""
    first, second = tell_day(before.as_of), tell_day(after.as_of)
    print_line()
    print_title(f"What changed from {first} to {second}")
    _print_news(changes)
    print_table(
        ["people sent in the case", first, second],
        [
            Row([key, _told_people(before.cases[key]) if key in before.cases else "", _told_people(found)])
            for key, found in after.cases.items()
        ],
    )


def _print_news(changes: Sequence[StanceChange]) -> None:
    """Print what nations said: position, size and conditions; who changed only details is named."""
    rows = [
        Row([change.name, *_tell_news(change), change.pledge.reference])
        for change in changes
        if any(one.field in FIELDS_SHOWN for one in change.changes)
    ]
    if rows:
        print_table(["nation", "had said", "says", "statement"], rows)
    gone = [change.name for change in changes if change.kind == "lapsed"]
    if gone:
        print_line(f"Ran out without another statement: {tell_names(gone)}.")
    details = [
        change.name
        for change in changes
        if change.changes and not any(one.field in FIELDS_SHOWN for one in change.changes)
    ]
    if details:
        print_line(f"Changed details only: {tell_names(details)}.")
    if not changes:
        print_line("No nation in the register said anything new.")
    print_line()


def _tell_news(change: StanceChange) -> tuple[str, str]:
    """Return what a nation said before and after, as far as it changed."""
    shown = [one for one in change.changes if one.field in FIELDS_SHOWN]
    after = "; ".join(FIELDS_SHOWN[one.field].format(one.after or "nothing") for one in shown)
    if change.kind == "new":
        return "nothing", after
    return "; ".join(FIELDS_SHOWN[one.field].format(one.before or "nothing") for one in shown), after


def _told_people(found: CaseResult) -> str:
    return tell_total(found.people, found.people_ours)


def _print_cases(generation: Generation) -> None:
    rows = []
    for key, found in generation.cases.items():
        is_shown = key == generation.case_key
        supported = found.supported.value
        carried = tell_ours(supported) if round(supported) > 0 else NOBODY
        cells = [
            f"{key} *" if is_shown else key,
            str(len(found.codes)),
            _told_people(found),
            carried,
            say_binding(found),
            found.case.label,
        ]
        rows.append(Row(cells, "bold" if is_shown else ""))
    heads = ["case", "in", "people sent", "supported", "limited by", "what is taken as met"]
    print_table(heads, rows)
    print_line("* shown below. In: contributors whose conditions are met. Supported: people whom the support")
    print_line("  in hand (hospitals, evacuation, trucks, headquarters) can carry.")


def _print_contributions(generation: Generation) -> None:
    found = generation.shown
    if not found.contributions:
        print_line(f"Nobody comes in this case; {len(generation.stances)} nations had said something.")
        return
    heads = ["nation", "sends", "had said", "share", "effort", "rotation", "brings besides, ours"]
    print_table(heads, [_contribution_row(generation, each) for each in found.contributions])
    proof = "proved optimal" if found.gap <= 0 else f"within {format_share(found.gap, 2)} of the best"
    print_line(
        f"Burden rule {generation.burden}, {proof}. "
        "Effort: people sent, of those it can keep abroad without end (ours)."
    )


def _contribution_row(generation: Generation, each: Contribution) -> Row:
    mark = "~" if generation.shown.people_ours > 0 else ""
    sends = each.people.value > 0
    enablers = [
        fill.requirement.capability.key
        for fill in generation.shown.fills
        if fill.requirement.capability.kind == "enabler" and fill.requirement.capability.key in each.units
    ]
    brings = [f"{tell_ours(each.units[key])} {key.replace('-', ' ')}" for key in enablers]
    stance = generation.stances.get(each.code)
    return Row(
        [
            each.name,
            tell_people(each.people, each.basis),
            "" if stance is None else _told_size(stance),
            tell_filled(each.people_share, mark) if sends else "",
            f"~{format_share(each.effort)}" if each.effort is not None and sends else "",
            tell_rotation(each.endurance) if each.endurance is not None and sends else "",
            ", ".join(brings),
        ]
    )


def _told_size(stance: Stance) -> str:
    return "no size" if stance.size_from is None else stance.size_words


def tell_rotation(found: Endurance) -> str:
    """Return how long a rotation lasts, in words."""
    if found.lasts:
        return "lasts"
    if found.breaks_at_months <= 0:
        return "cannot start"
    return f"breaks in month {tell_ours(found.breaks_at_months)}"


def _print_fills(found: CaseResult) -> None:
    print_table(
        ["the force needs", "unit", "needed", "given", "filled", "short", "why"],
        [_fill_row(found, fill) for fill in found.fills if fill.requirement.units > 0],
    )
    if any(key.startswith(GUARANTOR) for key in found.case.met):
        print_line(
            "Given by nations; what the United States would add in this case counts towards `supported`."
        )


def _fill_row(found: CaseResult, fill: Fill) -> Row:
    capability = fill.requirement.capability
    mark = "~" if fill.given > 0 and rests_on_ours(found, fill.requirement) else ""
    return Row(
        [
            capability.label,
            capability.unit,
            format_units(fill.requirement.units),
            f"{mark}{format_units(fill.given)}" if fill.given > 0 else "none",
            tell_filled(fill.share, mark),
            tell_short(fill.short, mark) if fill.short > 0 else "",
            fill.why,
        ],
        "yellow" if fill.short > 0 else "",
    )


def rests_on_ours(found: CaseResult, requirement: Requirement) -> bool:
    """Tell whether what is given rests on a size nobody stated, or on our readiness of a holding."""
    capability = requirement.capability
    if capability.kind == "enabler":
        return True
    return any(
        each.basis != "stated" and each.units.get(capability.key, 0) > 0 for each in found.contributions
    )


def _print_united_kingdom(found: CaseResult) -> None:
    for each in found.contributions:
        if each.code == UNITED_KINGDOM and each.endurance is not None and each.people.value > 0:
            held = each.endurance
            share = f": ~{format_share(held.tied_up_share)} of its usable people" if held.pool > 0 else ""
            print_line()
            print_line(
                f"{each.name}: sending {tell_people(each.people, each.basis)} ties up "
                f"{tell_ours(held.tied_up_people)} with those who prepare and recover{share} (ours)."
            )


def _print_out(generation: Generation, book: ConditionBook) -> None:
    """Print who might come and does not, with what each waits for; then who refuses the mission."""
    found, states = generation.shown, generation.gates.items()
    met = set(found.case.met)
    met |= {one.key for one in book.composites() if len(one.members & met) >= one.at_least}
    waiting = [
        (gate.name, [wait.condition for wait in gate.waits if wait.condition not in met])
        for code, gate in sorted(states, key=lambda item: item[1].name)
        if gate.may_come and code not in found.codes
    ]
    if waiting:
        print_line()
        rows = [Row([name, ", ".join(keys) or "others to come first"]) for name, keys in waiting]
        print_table(["stays out", "waits for"], rows)
    for code, gate in states:
        stance = generation.stances.get(code)
        if stance is not None and stance.is_offer and not gate.may_come:
            print_line(gate.reason)


def _print_silent(generation: Generation) -> None:
    """Print who had stated a size by the day, and who offered something without one."""
    offers = [stance for stance in generation.stances.values() if stance.is_offer]
    stated = sorted(f"{each.name} ({each.size_words})" for each in offers if each.size_from is not None)
    silent = sorted(each.name for each in offers if each.size_from is None)
    print_line()
    if stated:
        print_line(f"Stated a size by then: {tell_names(stated, len(stated))}.")
    else:
        print_line("Nobody had stated a size by then.")
    if silent:
        print_line(f"Offered something, or left it open, without a size: {tell_names(silent, len(silent))}.")
