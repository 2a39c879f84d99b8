"""Everything known of nations and conditions on one day, for one mission, gathered from the register.

People and units as in `model`. It reads and puts together; who comes in a case is settled in `matching`.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from truceline.generation.commitments import Commitments
from truceline.generation.condition_book import ConditionBook
from truceline.generation.conditions import read_conditions
from truceline.generation.gating import COALITION_ROUTE, EVERYBODY, Gate, Wait, list_gates
from truceline.generation.model import Actor, Clause, Composite, Mission, Offer, Requirement, State
from truceline.generation.nations import POOL, Nation, read_nations
from truceline.generation.offers import list_offers
from truceline.generation.pledges import Stance
from truceline.generation.register import Register, read_register
from truceline.scenario.assumption import AssumptionSet
from truceline.scenario.load import PACKAGED_PLEDGES
from truceline.scenario.model import Contributors

POOL_ACCESS = "nato-assets"
"""Condition under which the allies let their pooled aircraft go."""
GUARANTOR = "us."
"""Begins the keys of conditions that are tasks of the backstop."""


@dataclass(frozen=True, eq=False)
class Situation:
    """What was known on a day."""

    day: date
    mission: Mission
    nations: Mapping[str, Nation]
    register: Register
    book: ConditionBook
    stances: Mapping[str, Stance]
    """What every nation had said, by code."""
    states: Mapping[str, State]
    offers: Mapping[str, Offer]
    """What each could bring, by code; the pool of NATO among them."""
    gates: Mapping[str, Gate]
    """What each waits for, by code; the pool of NATO among them."""

    def list_actors(self, sizes: Mapping[str, float] | None = None) -> tuple[Actor, ...]:
        """Return those that may come at all, as the solver of commitments sees them.

        sizes: people by code in place of the offers' own values.
        """
        return tuple(
            Actor(code, self.offers[code].people.value if sizes is None else sizes[code], gate.clauses)
            for code, gate in self.gates.items()
            if gate.may_come and code in self.offers
        )

    def commit(self) -> Commitments:
        """Return the conditional commitments of the day, composites of the book included."""
        return Commitments(self.list_actors(), self.book.composites())

    def offers_of(self, codes: Collection[str]) -> dict[str, Offer]:
        """Return the offers of some contributors, sorted by code."""
        return {code: self.offers[code] for code in sorted(codes)}


def read_situation(
    contributors: Contributors,
    day: date,
    mission: Mission,
    assumptions: AssumptionSet,
    requirements: Sequence[Requirement],
) -> Situation:
    """Return what was known of nations and conditions on `day`.

    requirements: what the force needs; a task of the backstop that it has no need of does not count towards
    what a nation means by a backstop.

    Raises TableError for a register or conditions that cannot be used, ScenarioError where they contradict
    each other.
    """
    nations = read_nations()
    names = {code: nation.name for code, nation in nations.items()}
    whole = read_conditions(
        contributors.conditions, contributors.states, nations=names, assumptions=assumptions
    )
    composites = [_keep_needed(composite, requirements) for composite in whole.composites()]
    book = ConditionBook(whole.values(), composites, whole.approvals)
    path = None if contributors.pledges == PACKAGED_PLEDGES else Path(contributors.pledges)
    register = read_register(path, known_nations=tuple(nations), known_conditions=book)
    stances = register.on(day)
    groups = {code: nation.group for code, nation in nations.items()}
    gates = list_gates(stances, book=book, mission=mission, nation_groups=groups)
    offers = list_offers(stances, assumptions, nations=nations)
    if POOL in offers and POOL_ACCESS in book:
        gates[POOL] = _gate_pool(offers[POOL], book, mission)
    return Situation(
        day=day,
        mission=mission,
        nations=nations,
        register=register,
        book=book,
        stances=stances,
        states=book.states(day),
        offers=offers,
        gates=gates,
    )


def _keep_needed(composite: Composite, requirements: Sequence[Requirement]) -> Composite:
    """Return a condition made of tasks with those left out that this force has no need of.

    The share of them that is wanted stays as it was, rounded up. A condition made of anything else, or of
    tasks none of which is needed, stays as it is.
    """
    needed = {GUARANTOR + each.capability.backstop_task for each in requirements if each.units > 0}
    members = composite.members & needed
    if not members or not all(key.startswith(GUARANTOR) for key in composite.members):
        return composite
    at_least = math.ceil(composite.at_least * len(members) / len(composite.members))
    return replace(composite, members=members, at_least=at_least)


def _gate_pool(offer: Offer, book: ConditionBook, mission: Mission) -> Gate:
    """Return what the pooled aircraft wait for: what the coalition waits for, and the allies' assent."""
    because = {
        POOL_ACCESS: "pooled aircraft fly where all allies agree, the United States among them",
        COALITION_ROUTE: "pooled aircraft go with a coalition of allies",
    }
    keys = [key for key in (*EVERYBODY, COALITION_ROUTE, POOL_ACCESS) if key in book]
    waits = tuple(Wait(key, "rule", because.get(key, "nobody comes without it")) for key in sorted(keys))
    return Gate(offer.code, offer.name, mission, (Clause(requires=frozenset(keys)),), waits, "")
