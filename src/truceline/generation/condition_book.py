"""The named conditions of a force: what each waits for and excludes, how long it takes, whether it holds.

Times in days from the ceasefire. Lead times nobody published are judgements with wide ranges. What is not
known stays unknown: a day without a recorded state is never taken as met or as refused. Whether a condition
is likely, or wise, is not asked.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from itertools import combinations

from truceline.errors import Problem, ProblemList, ScenarioError
from truceline.generation.approvals import Approval
from truceline.generation.model import Composite, State
from truceline.trace import End, Traced

KINDS: Mapping[str, str] = {
    "peace": "what the sides agree between them",
    "consent": "who lets the force in, or asks for it",
    "mandate": "in whose name it stands and by which rules",
    "backstop": "what the United States would bring",
    "composite": "met when enough of its members are",
    "monitoring": "who watches the ceasefire",
    "parliament": "one nation's parliament",
    "decision": "one nation's government",
}
"""Kinds of conditions, each with its meaning."""
PARLIAMENT = "parliament."
"""Begins the key of a condition that a nation's parliament agrees; its code follows."""
DECISION = "decision."
"""Begins the key of a condition that a nation's government decides; its code follows."""


@dataclass(frozen=True)
class StateRecord:
    """What was known of a condition from one day on."""

    day: date
    date: str
    """The date as the table has it."""
    state: State
    statement: str
    source: str
    source_url: str
    confidence: str


@dataclass(frozen=True)
class Condition:
    """Something that has to be true before a nation comes."""

    key: str
    label: str
    kind: str
    """One of KINDS."""
    lead: Traced
    """Days it takes once it can begin; ``condition.<key>.lead``. A composite takes none of its own."""
    after: tuple[str, ...] = ()
    """Conditions it can only begin after, where they are waited for at all."""
    needs: tuple[str, ...] = ()
    """Conditions without which it cannot hold."""
    excludes: tuple[str, ...] = ()
    """Conditions that cannot hold together with it, named on either side."""
    history: tuple[StateRecord, ...] = ()
    """What was known of it, oldest first."""
    note: str = ""
    comes_with_ceasefire: bool = False
    """Whether it is part of what any ceasefire force would bring about, and not a nation's own condition."""

    def state_on(self, day: date) -> State:
        """Return the latest recorded state by that day; unknown where nothing was recorded."""
        known = [record.state for record in self.history if record.day <= day]
        return known[-1] if known else "unknown"


class ConditionBook(Mapping[str, Condition]):
    """Every condition by key, sorted. Immutable."""

    def __init__(
        self,
        conditions: Iterable[Condition],
        composites: Iterable[Composite] = (),
        approvals: Mapping[str, Approval] | None = None,
    ) -> None:
        self._conditions = {one.key: one for one in sorted(conditions, key=lambda one: one.key)}
        self._composites = tuple(sorted(composites, key=lambda composite: composite.key))
        self.approvals: Mapping[str, Approval] = dict(approvals or {})
        """How nations authorise a deployment, by code."""
        self._pairs = frozenset(
            (min(key, other), max(key, other))
            for key, condition in self._conditions.items()
            for other in condition.excludes
        )

    def __getitem__(self, key: str) -> Condition:
        return self._conditions[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._conditions)

    def __len__(self) -> int:
        return len(self._conditions)

    @property
    def exclusive_pairs(self) -> tuple[tuple[str, str], ...]:
        """Every pair of conditions that cannot hold together, sorted."""
        return tuple(sorted(self._pairs))

    @property
    def needs(self) -> dict[str, tuple[str, ...]]:
        """What each condition cannot hold without, for those that need something."""
        return {key: one.needs for key, one in self._conditions.items() if one.needs}

    def composites(self) -> tuple[Composite, ...]:
        """Return the conditions made of others."""
        return self._composites

    def states(self, day: date) -> dict[str, State]:
        """Return what was known of every condition on a day.

        A composite is met when enough members are, unmet when too few are left that could be, else unknown.
        """
        states = {key: condition.state_on(day) for key, condition in self._conditions.items()}
        for composite in self._composites:
            members = [states[member] for member in composite.members]
            if members.count("met") >= composite.at_least:
                states[composite.key] = "met"
            elif len(members) - members.count("unmet") < composite.at_least:
                states[composite.key] = "unmet"
            else:
                states[composite.key] = "unknown"
        return states

    def conflicts(self, keys: Collection[str]) -> tuple[tuple[str, str], ...]:
        """Return the pairs within a set that cannot hold together, sorted."""
        self.check(keys)
        return tuple(pair for pair in combinations(sorted(set(keys)), 2) if pair in self._pairs)

    def missing_needs(self, keys: Collection[str]) -> tuple[tuple[str, str], ...]:
        """Return each condition of a set with one it needs and the set lacks, sorted."""
        self.check(keys)
        held = set(keys)
        return tuple(
            (key, need) for key in sorted(held) for need in sorted(self[key].needs) if need not in held
        )

    def with_needs(self, keys: Collection[str]) -> frozenset[str]:
        """Return a set with everything its members need, and what those need in turn."""
        self.check(keys)
        held, waiting = set(keys), list(keys)
        while waiting:
            new = [need for need in self[waiting.pop()].needs if need not in held]
            held.update(new)
            waiting.extend(new)
        return frozenset(held)

    def lead_days(self, keys: Collection[str], bound: End = "value", *, met: Collection[str] = ()) -> float:
        """Return the days until every condition of a set holds: the longest chain of those that wait.

        A condition begins when all those it comes after are there, as far as they are in the set; what is
        not in the set is not waited for, and what is met already costs nothing. A composite stands for as
        many of its members as it wants: those in the set or met, then the quickest.

        Raises ScenarioError for unknown keys.
        """
        self.check([*keys, *met])
        waiting = self._with_members(set(keys), set(met), bound) - set(met)
        finish: dict[str, float] = {}
        for key in _order(waiting, lambda key: self[key].after):
            begin = max((finish[other] for other in self[key].after if other in finish), default=0.0)
            finish[key] = begin + self[key].lead.at(bound)
        return max(finish.values(), default=0.0)

    def _with_members(self, keys: set[str], met: set[str], bound: End) -> set[str]:
        """Return a set with the members that its composites still want, the quickest first."""
        whole = set(keys)
        for composite in self._composites:
            if composite.key in keys - met:
                there = composite.members & (keys | met)
                days = {key: self[key].lead.at(bound) for key in sorted(composite.members - there)}
                whole.update(sorted(days, key=days.__getitem__)[: max(0, composite.at_least - len(there))])
        return whole

    def check(self, keys: Collection[str]) -> None:
        """Raise ScenarioError that names every key the book does not have."""
        problems = ProblemList()
        for key in sorted(set(keys)):
            if key not in self._conditions:
                problems.add("conditions", f"{key!r} is not a known condition", suggest_key(key, self))
        problems.raise_if_any(ScenarioError, "conditions")


def suggest_key(key: str, known: Collection[str]) -> str:
    """Return a hint with the keys nearest to a mistaken one."""
    near = get_close_matches(key, sorted(known), n=3, cutoff=0.5)
    return f"did you mean {' or '.join(near)}?" if near else "see the table of conditions"


def find_rings(conditions: Mapping[str, Condition]) -> tuple[tuple[str, ...], ...]:
    """Return the circular conditions: rings in which each one waits for, or needs, the next.

    Each ring once, from its first name in the alphabet; empty when there is none.
    """
    names = {
        key: sorted({*condition.after, *condition.needs} & conditions.keys())
        for key, condition in conditions.items()
    }
    rings: set[tuple[str, ...]] = set()
    done: set[str] = set()
    for start in sorted(names):
        path: list[str] = []
        stack: list[Iterator[str]] = [iter([start])]
        while stack:
            name = next(stack[-1], None)
            if name is None:
                stack.pop()
                if path:
                    done.add(path.pop())
            elif name in path:
                ring = path[path.index(name) :]
                turn = ring.index(min(ring))
                rings.add((*ring[turn:], *ring[:turn]))
            elif name not in done:
                path.append(name)
                stack.append(iter(names[name]))
    return tuple(sorted(rings))


def _order(keys: Collection[str], after: Callable[[str], tuple[str, ...]]) -> list[str]:
    """Return keys so that each comes behind all those of the set it waits for; the book has no rings."""
    ordered: list[str] = []
    left = sorted(keys)
    while left:
        ready = [key for key in left if not any(other in left for other in after(key))]
        if not ready:
            ring = " > ".join(left)
            raise ScenarioError("conditions", [Problem(ring, "wait for each other", "break the ring")])
        ordered += ready
        left = [key for key in left if key not in ready]
    return ordered


def check_lead(low: float, value: float, high: float, where: str, problems: ProblemList) -> None:
    """Note a lead time whose range does not hold its value."""
    if not (low <= value <= high and math.isfinite(high)):
        found = f"the range {low:g} to {high:g} does not hold {value:g}"
        problems.add(where, found, "put low, value and high in order")
