"""Named sets of conditions taken as met: the worlds that are set side by side.

A case says what is assumed to hold, not that it will. Cases never hold two conditions that exclude each other
nor one without what it needs. Nobody is counted here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from truceline.errors import ProblemList, ScenarioError
from truceline.generation.condition_book import DECISION, PARLIAMENT, ConditionBook, suggest_key
from truceline.generation.model import Mission
from truceline.generation.pledges import Stance

_UNITED_STATES = ("us.", "monitoring.us", "nato-assets")
"""Begins the keys of what is the United States' to give; the assets of NATO need its assent as well."""
_COALITION_ROUTE = (
    "ceasefire",
    "peace-agreed",
    "host-consent",
    "mandate.coalition",
    "terms",
    "consulted",
)
_UN_ROUTE = (
    "ceasefire",
    "peace-agreed",
    "host-consent",
    "consent.side-b",
    "mandate.un",
    "terms",
    "consulted",
)


@dataclass(frozen=True)
class Case:
    """A set of conditions taken as met."""

    key: str
    label: str
    met: frozenset[str]
    """Keys of plain conditions; composites follow from their members."""
    sentence: str
    """What is assumed, for a reader."""


def list_cases(
    book: ConditionBook, day: date, stances: Mapping[str, Stance], mission: Mission | None = None
) -> tuple[Case, ...]:
    """Return the named cases: today, no-backstop, coalition, un-mandate, everyone-decides.

    stances: what every nation had said by `day` (`Register.on`): it tells which governments are still open.
    mission: governments that have not spoken of it are open too; None asks nobody about a mission.
    A condition of the packaged book that a user's book lacks is left out.

    Raises ScenarioError when the states recorded for the day contradict each other.
    """
    composites = {composite.key for composite in book.composites()}
    states = book.states(day)
    today = {key for key, state in states.items() if state == "met"} - composites
    assents = list_assents(book, stances, mission)
    opens = _list_open(stances, mission)
    backstop = {key for key in book if key.startswith(_UNITED_STATES)} - composites
    coalition = ({*_COALITION_ROUTE} | assents) & set(book)
    united_nations = ({*_UN_ROUTE} | assents) & set(book)
    cases = (
        Case(
            "today", f"As things stood on {day}", frozenset(today), "Only what was known to hold on the day."
        ),
        Case(
            "no-backstop",
            "A coalition without the United States",
            frozenset(coalition),
            "A ceasefire holds, the host invites a coalition, every parliament agrees; the United States "
            "brings nothing, and governments that were open stay out.",
        ),
        Case(
            "coalition",
            "A coalition with the whole backstop",
            frozenset(coalition | backstop),
            "The same, and the United States brings every task of the backstop and its guarantee.",
        ),
        Case(
            "un-mandate",
            "A mandate of the United Nations",
            frozenset(united_nations),
            "The other side consents and the Security Council mandates the force; no coalition comes, and "
            "governments that were open stay out.",
        ),
        Case(
            "everyone-decides",
            "A coalition, and every open government decides to come",
            frozenset(coalition | backstop | (opens & set(book))),
            "The coalition with the whole backstop, and each government that was open decides to send.",
        ),
    )
    problems = ProblemList()
    for case in cases:
        _check_case(case.key, case.met, book, problems)
    problems.raise_if_any(ScenarioError, "cases")
    return cases


def list_assents(
    book: ConditionBook, stances: Mapping[str, Stance], mission: Mission | None = None
) -> frozenset[str]:
    """Return the votes that the named cases take as given: every parliament, and governments not open.

    Governments that are still open are left to decide. Arguments as `list_cases`.
    """
    parliaments = {key for key in book if key.startswith(PARLIAMENT)}
    awaited = {key for stance in stances.values() for key in stance.conditions if key.startswith(DECISION)}
    return frozenset((parliaments | (awaited - _list_open(stances, mission))) & set(book))


def _list_open(stances: Mapping[str, Stance], mission: Mission | None) -> set[str]:
    """Return the decisions of governments that have still to decide."""
    return {
        DECISION + code
        for code, stance in stances.items()
        if (stance.is_open if mission is None else stance.must_decide_on(mission))
    }


def vary_case(
    case: Case, meet: Collection[str] = (), unmeet: Collection[str] = (), *, book: ConditionBook
) -> Case:
    """Return a case with some conditions met, or no longer met.

    Raises
    ------
    ScenarioError
        With every unknown key, every composite (name its members), every key asked for both ways, every pair
        that cannot hold together and every condition left without what it needs.
    """
    problems = ProblemList()
    composites = {composite.key: composite for composite in book.composites()}
    for key in sorted({*meet, *unmeet}):
        if key not in book:
            problems.add("conditions", f"{key!r} is not a known condition", suggest_key(key, book))
        elif key in composites:
            hint = f"name some of {', '.join(sorted(composites[key].members))}"
            problems.add("conditions", f"{key!r} is made of others", hint)
    for key in sorted({*meet} & {*unmeet}):
        problems.add("conditions", f"{key!r} is to be met and unmet", "choose one")
    problems.raise_if_any(ScenarioError, f"case {case.key}")
    met = (case.met | frozenset(meet)) - frozenset(unmeet)
    _check_case(case.key, met, book, problems)
    problems.raise_if_any(ScenarioError, f"case {case.key}")
    if met == case.met:
        return case
    more, less = sorted(met - case.met), sorted(case.met - met)
    signs = [*(f"+{key}" for key in more), *(f"-{key}" for key in less)]
    words = [*(f"with: {book[key].label}" for key in more), *(f"without: {book[key].label}" for key in less)]
    return Case(
        key=" ".join([case.key, *signs]),
        label=f"{case.label} ({', '.join(signs)})",
        met=met,
        sentence=f"{case.sentence} Changed {'; '.join(words)}.",
    )


def _check_case(key: str, met: Collection[str], book: ConditionBook, problems: ProblemList) -> None:
    for first, second in book.conflicts(met):
        problems.add(f"case {key}", f"{first} and {second} cannot hold together", "unmeet one of them")
    for condition, need in book.missing_needs(met):
        problems.add(f"case {key}", f"{condition} cannot hold without {need}", f"meet {need} too")
