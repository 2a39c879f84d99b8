"""What each nation waits for before it comes, who says so, and why some never do.

A nation comes when any of its clauses holds. A condition in a clause is there because the nation stated it,
or its law asks for it, or by a rule of ours: every contributor needs a ceasefire and the host's consent;
nations whose units the other side refuses come with a coalition (or a decision of the European Union) and
neutral ones with a mandate of the United Nations; a government that has not decided has to. No size is looked
at here, and no likelihood given.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from truceline.errors import ProblemList, ScenarioError
from truceline.generation.condition_book import DECISION, PARLIAMENT, ConditionBook
from truceline.generation.model import MISSIONS, Clause, Mission
from truceline.generation.pledges import (
    COALITION,
    GUARANTOR,
    INSIDE_POSITIONS,
    OUTSIDE_POSITIONS,
    PARTIES,
    POSITIONS,
    Stance,
)

Sayer = Literal["stated", "law", "rule"]

EVERYBODY = ("ceasefire", "host-consent")
"""Conditions of every contributor: nobody offered people during the fighting, and the host's law admits."""
UN_ROUTE = "mandate.un"
COALITION_ROUTE = "mandate.coalition"
EU_ROUTE = "mandate.eu"
REFUSED_GROUPS = frozenset({"nato_europe", "north_america", "indo_pacific_partner"})
"""Groups whose units the other side refuses under any flag (12 March 2025), with the partners that joined the
calls of the coalition: they come without its consent or not at all."""
NEUTRAL_GROUPS = frozenset({"non_nato_europe", "possible_neutral"})
"""Groups that come under the United Nations alone: neutrals by law, and the usual contributors."""


_ROUTE_RULES: Mapping[str, str] = {
    COALITION_ROUTE: "the other side refuses its units under any flag, so it comes without that consent",
    EU_ROUTE: "a decision of the European Union would bring its members, and the host's law knows that form",
}


@dataclass(frozen=True)
class Wait:
    """One condition of one nation, and who says so."""

    condition: str
    said_by: Sayer
    """The nation in its statement, its law, or a rule of ours."""
    because: str
    """Where that stands, in a sentence."""
    one_of: bool = False
    """True where it is one of several routes and any of them is enough."""


@dataclass(frozen=True)
class Gate:
    """What one nation waits for on a day, for one mission."""

    nation: str
    name: str
    mission: Mission
    clauses: tuple[Clause, ...]
    """Ways to come: everything a clause names has to hold. None for a nation that never comes."""
    waits: tuple[Wait, ...]
    """Every condition of any clause, sorted by key; empty for a nation that never comes."""
    reason: str
    """Why it never comes; empty when it may."""

    @property
    def may_come(self) -> bool:
        """Tell whether there is any way in."""
        return bool(self.clauses)


def list_gates(
    stances: Mapping[str, Stance],
    *,
    book: ConditionBook,
    mission: Mission,
    nation_groups: Mapping[str, str],
    eu_members: Collection[str] = (),
) -> dict[str, Gate]:
    """Return what each nation waits for, sorted by code.

    nation_groups: group of each nation as in the table of nations. eu_members: nations of those groups that
    could also come by a decision of the European Union; none by default.

    Raises
    ------
    ScenarioError
        With every nation that has no group or one we know no route for, every condition that a nation or a
        rule names and the book lacks, and an unknown mission.
    """
    problems = ProblemList()
    if mission not in MISSIONS:
        problems.add("mission", f"{mission!r} is not a mission", f"one of {', '.join(MISSIONS)}")
    for key in (*EVERYBODY, COALITION_ROUTE, UN_ROUTE):
        if key not in book:
            problems.add("conditions", f"{key!r} is missing", "every force is held to it: add it to the book")
    for code, stance in sorted(stances.items()):
        group = nation_groups.get(code, "")
        if stance.is_offer and group not in REFUSED_GROUPS | NEUTRAL_GROUPS:
            found = f"has the group {group!r}, for which no route is known" if group else "has no group"
            hint = f"one of {', '.join(sorted(REFUSED_GROUPS | NEUTRAL_GROUPS))}"
            problems.add(f"nation {code}", found, hint)
        needed = [*stance.conditions, *([DECISION + code] if stance.must_decide_on(mission) else [])]
        for key in needed:
            if key not in book:
                problems.add(
                    f"nation {code}", f"waits for {key!r}, an unknown condition", "add it to the book"
                )
    problems.raise_if_any(ScenarioError, "conditions of nations")
    return {
        code: _make_gate(stance, book, mission, nation_groups.get(code, ""), code in eu_members)
        for code, stance in sorted(stances.items())
    }


def clauses_of(
    stance: Stance,
    *,
    book: ConditionBook,
    mission: Mission,
    nation_groups: Mapping[str, str],
    eu_members: Collection[str] = (),
) -> tuple[Clause, ...]:
    """Return the ways in which one nation comes; none for a nation that never does.

    Raises ScenarioError as `list_gates` does.
    """
    gates = list_gates(
        {stance.nation: stance},
        book=book,
        mission=mission,
        nation_groups=nation_groups,
        eu_members=eu_members,
    )
    return gates[stance.nation].clauses


def _make_gate(stance: Stance, book: ConditionBook, mission: Mission, group: str, in_eu: bool) -> Gate:
    reason = _why_never(stance, mission)
    if reason:
        return Gate(stance.nation, stance.name, mission, (), (), reason)
    waits: dict[str, Wait] = {}

    def add(key: str, said_by: Sayer, because: str, *, one_of: bool = False) -> None:
        waits.setdefault(key, Wait(key, said_by, because, one_of))  # a nation's own word comes before a rule

    for key in stance.conditions:
        said = next(pledge for pledge in stance.statements if key in pledge.conditions)
        add(key, "stated", f"stated by {stance.name} ({said.reference})")
    for key in EVERYBODY:
        add(key, "rule", "nobody comes without it")
    approval = book.approvals.get(stance.nation)
    if PARLIAMENT + stance.nation in book:
        law = f"{approval.legal_basis}: {approval.rule}" if approval else "law asks for a vote"
        add(PARLIAMENT + stance.nation, "law", law)
    if stance.must_decide_on(mission):
        what = "" if stance.is_open else f" on {mission}, of which it has not spoken"
        because = f"its government has not decided{what} ({stance.latest.reference})"
        add(DECISION + stance.nation, "rule", because)
    routes = _find_routes(stance, group, in_eu)
    if group in NEUTRAL_GROUPS:
        bound_by_law = approval is not None and approval.un_mandate
        text = "comes under the United Nations alone"
        law = f"{approval.legal_basis}: {approval.rule}" if approval and bound_by_law else text
        add(UN_ROUTE, "law" if bound_by_law else "rule", law)
    elif routes != (UN_ROUTE,):
        for route in routes:
            add(route, "rule", _ROUTE_RULES[route], one_of=len(routes) > 1)
    common = frozenset(waits) - frozenset(routes)
    clauses = []
    for route in routes:
        requires = book.with_needs(common | {route})
        for key in sorted(requires - frozenset(waits)):
            needing = ", ".join(other for other in sorted(requires) if key in book[other].needs)
            add(key, "rule", f"needed by {needing}")
        if not book.conflicts(requires):
            clauses.append(Clause(requires=requires))
    if not clauses:
        pairs = book.conflicts(book.with_needs(common | {routes[0]}))
        clash = " and ".join(pairs[0])
        return Gate(stance.nation, stance.name, mission, (), (), f"asks for what cannot be together: {clash}")
    return Gate(
        nation=stance.nation,
        name=stance.name,
        mission=mission,
        clauses=tuple(clauses),
        waits=tuple(waits[key] for key in sorted(waits) if any(key in one.requires for one in clauses)),
        reason="",
    )


def _why_never(stance: Stance, mission: Mission) -> str:
    """Return why a nation has no way in, as a sentence; empty when it may come."""
    said = f"({stance.latest.reference})"
    if stance.nation == COALITION:
        return "It is the coalition as a whole and is counted through its members."
    if stance.nation in PARTIES:
        role = "the host" if stance.position == "host" else "a side of the conflict"
        return f"{stance.name} is {role} and contributes nobody."
    if stance.nation == GUARANTOR:
        return f"{stance.name} brings the backstop, which is weighed task by task {said}."
    if stance.position in OUTSIDE_POSITIONS:
        return ""  # what it refuses is to send people; it would lend what serves from outside
    if stance.position not in INSIDE_POSITIONS:
        return f"{stance.name} {POSITIONS[stance.position]} {said}: it offers nothing inside the country."
    if mission in stance.refuses:
        by = "" if stance.missions_basis == "stated" else ", as we read its statement"
        return f"{stance.name} refuses {mission}{by} {said}."
    return ""


def _find_routes(stance: Stance, group: str, in_eu: bool) -> tuple[str, ...]:
    """Return the mandates any one of which brings a nation in."""
    if group in NEUTRAL_GROUPS or UN_ROUTE in stance.conditions:
        return (UN_ROUTE,)
    return (COALITION_ROUTE, EU_ROUTE) if in_eu else (COALITION_ROUTE,)
