"""Print the smallest sets of conditions that bring a target, as a matrix of conditions and sets.

Text only; days from the ceasefire. How likely a condition is, and who could bring it about, is not said.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from truceline.cli._console import Row, print_line, print_table, print_title
from truceline.cli._generation_words import tell_day, tell_names
from truceline.cli._generation_words import tell_value as tell_measure
from truceline.generation.result import Generation
from truceline.generation.unlock import Unlocking, UnlockingChange, UnlockingSet
from truceline.units import format_people

TellValue = Callable[[float], str]
"""Puts a value of the target into words: people, a share of people, of detection or of fill."""

SHARES = ("detect", "fill")
"""Begin targets that are shares."""
WAYS = {False: "each waits for those its condition names", True: "all sign together"}
"""What sequential and joint mean, by whether it is joint."""
NEEDED, FRAGILE = "x", "X"
"""Marks of the matrix; the large one stands for a condition without which no set does."""


def print_heading(generation: Generation, title: str) -> None:
    """Print what was planned, the day and the target."""
    print_title(f"{title}: {generation.basis.posture_label}, as known on {tell_day(generation.as_of)}")
    print_line(f"Target: {generation.unlock_target}")


def choose_words(target: str) -> TellValue:
    """Return how a value of the target is told: people (ours), or a share.

    target: as the user wrote it; empty stands for people.
    """
    unit = "1" if target.strip().startswith(SHARES) else "person"

    def tell(value: float) -> str:
        return tell_measure(value, unit)

    return tell


def print_unlocking(generation: Generation, unlocking: Unlocking, tell_value: TellValue, most: int) -> None:
    """Print one answer: how many sets there are, the fragile conditions, the quickest set, the matrix."""
    print_line()
    print_title(f"{name_way(unlocking.joint).capitalize()}: {WAYS[unlocking.joint]}")
    if not unlocking.reachable:
        print_line(f"The target {tell_beyond_reach(generation, unlocking, tell_value)[0]}.")
        return
    if unlocking.sets[0].conditions == ():
        names = tell_names(_names(generation, unlocking.sets[0].codes))
        print_line(f"Reached already: {tell_value(unlocking.sets[0].value)} with {names}.")
        return
    n = len(unlocking.sets)
    print_line(
        f"{n:,} smallest {'set' if n == 1 else 'sets'} of conditions {'brings' if n == 1 else 'bring'} it."
    )
    _print_quickest(generation, unlocking, tell_value)
    _print_matrix(generation, unlocking, tell_value, unlocking.sets[:most])
    if n > most:
        print_line(f"{n - most:,} more sets are not shown; --show {n} shows all.")
    print_line(f"{FRAGILE} in every set: without it the target is out of reach. {NEEDED} needed in this set.")
    if unlocking.always:
        print_line(f"Met already: {tell_names(unlocking.always)}.")
    if unlocking.barred:
        print_line(f"Shut out by what holds already: {tell_names(unlocking.barred)}.")


def print_unlocking_change(change: UnlockingChange, joint: bool, tell_value: TellValue, most: int) -> None:
    """Print what a day did to the sets: those gained, lost and partly met, and the fragile conditions."""
    print_line()
    print_title(f"{name_way(joint).capitalize()}, what changed")
    print_line(
        f"Sets gained: {len(change.gained):,}; lost: {len(change.lost):,}; "
        f"partly met meanwhile: {len(change.advanced):,}; as before: {len(change.kept):,}."
    )
    rows = [_change_row("gained", one, tell_value) for one in change.gained[:most]]
    rows += [_change_row("lost", one, tell_value) for one in change.lost[:most]]
    rows += [_change_row("left of it", after, tell_value) for _, after in change.advanced[:most]]
    if rows:
        print_table(["set", "days", "brings", "conditions"], rows)
    if change.newly_fragile:
        print_line(f"Now in every set: {tell_names(change.newly_fragile)}.")
    if change.no_longer_fragile:
        print_line(f"No longer in every set: {tell_names(change.no_longer_fragile)}.")


def tell_beyond_reach(generation: Generation, unlocking: Unlocking, tell_value: TellValue) -> tuple[str, str]:
    """Return how far the best gets and what it lacks, and what to try instead."""
    best = unlocking.branches[0]
    who = f"with {tell_names(_names(generation, best.codes))}" if best.codes else "with nobody"
    found = (
        f"is beyond reach: everything that can be met together brings {tell_value(best.value)} {who}, "
        f"{tell_value(unlocking.shortfall)} short"
    )
    needed = generation.basis.deployed.value
    if unlocking.target > max(1.0, needed):
        return found, f"this plan needs {format_people(needed)} people and asks for no more; lower the target"
    if best.value <= 0:
        return found, "nobody who might come holds it; see `truceline backstop` for what would stand in"
    return found, f"set the target at {tell_value(best.value)} or below"


def are_alike(one: Unlocking, other: Unlocking) -> bool:
    """Tell whether two ways of signing lead to the same sets with the same nations."""
    return one.sets == other.sets and one.branches == other.branches


def name_way(joint: bool) -> str:
    """Return the word for how conditions are signed."""
    return "joint" if joint else "sequential"


def _names(generation: Generation, codes: Sequence[str]) -> list[str]:
    return [generation.offers[code].name if code in generation.offers else code for code in codes]


def _label(generation: Generation, key: str) -> str:
    return generation.condition_labels.get(key, key)


def _print_quickest(generation: Generation, unlocking: Unlocking, tell_value: TellValue) -> None:
    quickest = unlocking.quickest
    if quickest is None:
        print_line("Quickest: not known; no lead time of these conditions is.")
        return
    names = tell_names(_names(generation, quickest.codes))
    print_line(
        f"Quickest: set 1, about {quickest.lead_days or 0.0:,.0f} days after the ceasefire (ours): "
        f"{tell_value(quickest.value)} with {names}."
    )


def _print_matrix(
    generation: Generation, unlocking: Unlocking, tell_value: TellValue, shown: Sequence[UnlockingSet]
) -> None:
    """Print a row a condition and a column a set; conditions in every set first, then the most needed."""
    fragile = set(unlocking.fragile)
    times = {key: sum(key in one.conditions for one in shown) for one in shown for key in one.conditions}
    order = sorted(times, key=lambda key: (key not in fragile, -times[key], key))
    rows = [
        Row(
            [
                key,
                generation.states.get(key, "unknown"),
                *(_mark(key in one.conditions, key in fragile) for one in shown),
                _label(generation, key),
            ]
        )
        for key in order
    ]
    days = [one.lead_days for one in shown]
    rows += [
        Row(["days until all are met", "", *("?" if day is None else f"{day:,.0f}" for day in days)], "dim"),
        Row(["nations in", "", *(str(len(one.codes)) for one in shown)], "dim"),
        Row(["brings", "", *(tell_value(one.value) for one in shown)], "dim"),
    ]
    print_table(["condition", "now", *(str(i) for i in range(1, len(shown) + 1)), "in words"], rows)


def _mark(needed: bool, fragile: bool) -> str:
    return "." if not needed else FRAGILE if fragile else NEEDED


def _change_row(what: str, one: UnlockingSet, tell_value: TellValue) -> Row:
    days = "?" if one.lead_days is None else f"{one.lead_days:,.0f}"
    return Row([what, days, tell_value(one.value), ", ".join(one.conditions) or "none left"])
