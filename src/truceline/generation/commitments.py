"""Who is in, when each comes only on conditions and some wait for others: least and greatest fixed points.

People for sizes. *Sequential*: nobody is in at first and each waits for those its clause names; a circle of
mutual waiting stays out. *Joint*: all sign at once, each bound only if one of its clauses holds among those
who sign; a circle then holds itself up. Whether a condition is met, and on which day, is said elsewhere.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from truceline.errors import ProblemList, ScenarioError
from truceline.generation.model import Actor, Clause, Composite

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

ROUNDING_SHARE = 1e-9
"""A sum may fall short of a threshold by this share of all people together: sizes need not be whole."""
WORD_BITS = 63
"""Bits used of each 64-bit word, so that no number is ever negative."""
CONTRIBUTION_STEPS = 100_000
"""Rounds after which graded pledges that still fall are given up."""
SETTLED_SHARE = 1e-12
"""Graded pledges are settled when no one changes by more than this share of the largest endowment."""


@dataclass(frozen=True, eq=False)
class ClauseTables:
    """Commitments as arrays for the compiled loop: row k is a clause, bits are conditions or contributors."""

    conditions: tuple[str, ...]
    """Bit i of a mask says that condition i is met; composite j has bit len(conditions) + j in `requires`."""
    codes: tuple[str, ...]
    composite_members: IntArray
    """(m,) conditions that count towards each composite."""
    composite_at_least: IntArray
    """(m,) how many of them must be met."""
    first_clause: IntArray
    """(n + 1,) where the clauses of each contributor start."""
    requires: IntArray
    """(k,) conditions and composites each clause names."""
    waits_for: IntArray
    """(k, w) contributors each clause names, in words of `WORD_BITS`."""
    least_others: FloatArray
    """(k,) people the others bring together, at least."""
    size: FloatArray
    """(n,) people."""


class Commitments:
    """Contributors with their clauses, checked once; `settle` says who is in."""

    def __init__(self, actors: Sequence[Actor], composites: Sequence[Composite] = ()) -> None:
        """Check the names and sizes; raises ScenarioError with every problem found."""
        _check(actors, composites)
        self.actors = tuple(sorted(actors, key=lambda actor: actor.code))
        self.composites = tuple(sorted(composites, key=lambda composite: composite.key))
        self.codes = tuple(actor.code for actor in self.actors)
        made = {composite.key for composite in self.composites}
        named = {key for actor in self.actors for clause in actor.clauses for key in clause.requires}
        members = {key for composite in self.composites for key in composite.members}
        self.conditions: tuple[str, ...] = tuple(sorted((named - made) | members))
        """Every plain condition that a clause or a composite names, sorted."""
        self._made = made
        self._place = {code: place for place, code in enumerate(self.codes)}
        self._size = [actor.size for actor in self.actors]
        self.slack_people = ROUNDING_SHARE * math.fsum(self._size)
        """Rounding allowed when people are compared with the total that a clause asks for."""
        bit = {key: 1 << place for place, key in enumerate((*self.conditions, *sorted(made)))}
        self._bit = bit
        self._groups = [(_join(bit, c.members), c.at_least, bit[c.key]) for c in self.composites]
        self._clauses = [
            [(_join(bit, c.requires), self._mask_of(c.actors), c.min_total_of_others) for c in actor.clauses]
            for actor in self.actors
        ]

    def settle(self, met: Collection[str], *, joint: bool = False) -> tuple[str, ...]:
        """Return the codes of those who are in when the conditions `met` hold, sorted.

        A clause holds when all it requires is met, all contributors it names are in and the others bring at
        least its total. Sequential is the least fixed point, from nobody; joint the greatest, from everybody.
        Both only ever grow when more is met (Tarski 1955). Conditions that no clause names change nothing.
        Raises ScenarioError where `met` names a composite: that follows from its members.
        """
        held = self._held(met)
        everyone = (1 << len(self.actors)) - 1
        inside, total = (everyone, math.fsum(self._size)) if joint else (0, 0.0)
        changed = True
        while changed:
            changed = False
            for place, clauses in enumerate(self._clauses):
                me, size = 1 << place, self._size[place]
                if bool(inside & me) != joint:
                    continue  # who has come stays, who has left stays away
                others = total + self.slack_people - (size if joint else 0.0)
                holds = any(
                    not requires & ~held and not waits & ~inside and others >= least
                    for requires, waits, least in clauses
                )
                if holds != joint:
                    inside ^= me
                    total += -size if joint else size
                    changed = True
        return tuple(code for place, code in enumerate(self.codes) if inside >> place & 1)

    def total(self, codes: Iterable[str]) -> float:
        """Return the people that the contributors `codes` bring together."""
        return math.fsum(self._size[self._place[code]] for code in codes)

    def narrow(
        self, always: Collection[str], candidates: Collection[str], *, joint: bool = False
    ) -> Commitments:
        """Return the part that still depends on `candidates` when `always` is met and nothing else can be.

        Who is in already loses its clauses' conditions; who cannot come, and clauses that cannot hold, are
        left out. ``narrow(a, c).settle(s)`` is ``settle(a + s)`` for every s within c, by the same `joint`.
        """
        base = frozenset(self.settle(always, joint=joint))
        top = frozenset(self.settle({*always, *candidates}, joint=joint))
        met, open_ = frozenset(always), frozenset(candidates) - frozenset(always)
        left: dict[str, Composite | None] = {}
        for composite in self.composites:
            at_least = composite.at_least - len(composite.members & met)
            members = composite.members & open_
            if at_least > len(members):
                left[composite.key] = None
            elif at_least > 0:
                left[composite.key] = Composite(composite.key, members, at_least)
        done = met | {composite.key for composite in self.composites if composite.key not in left}
        could = open_ | {key for key, composite in left.items() if composite is not None}
        most = self.total(top) + self.slack_people
        actors = []
        for actor in self.actors:
            if actor.code in base:
                actors.append(Actor(actor.code, actor.size, (Clause(),)))
            elif actor.code in top:
                clauses = [
                    Clause(clause.requires - done, clause.actors - base, clause.min_total_of_others)
                    for clause in actor.clauses
                    if clause.requires - done <= could
                    and clause.actors <= top
                    and most - actor.size >= clause.min_total_of_others
                ]
                actors.append(Actor(actor.code, actor.size, _drop_weaker(clauses)))
        used = {key for actor in actors for clause in actor.clauses for key in clause.requires}
        return Commitments(actors, [c for key, c in left.items() if c is not None and key in used])

    def tabulate(self, conditions: Sequence[str]) -> ClauseTables:
        """Return the arrays of the compiled loop, with `conditions` (all that are named, or more) as bits.

        Raises ScenarioError when conditions and composites together are more than `WORD_BITS`.
        """
        names = (*conditions, *(composite.key for composite in self.composites))
        if len(names) > WORD_BITS:
            problems = ProblemList()
            found = f"{len(names)} of them still matter; {WORD_BITS} is the most that are searched"
            problems.add("conditions", found, "say which are met already, or name fewer candidates")
            problems.raise_if_any(ScenarioError, "conditions")
        bit = {key: 1 << place for place, key in enumerate(names)}
        clauses = [clause for actor in self.actors for clause in actor.clauses]
        n_words = max(1, -(-len(self.actors) // WORD_BITS))
        waits_for = np.zeros((len(clauses), n_words), dtype=np.int64)
        for row, clause in enumerate(clauses):
            for code in clause.actors:
                word, place = divmod(self._place[code], WORD_BITS)
                waits_for[row, word] |= 1 << place
        counts = [len(actor.clauses) for actor in self.actors]
        return ClauseTables(
            conditions=tuple(conditions),
            codes=self.codes,
            composite_members=_integers(_join(bit, c.members) for c in self.composites),
            composite_at_least=_integers(c.at_least for c in self.composites),
            first_clause=np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]).astype(np.int64),
            requires=_integers(_join(bit, clause.requires) for clause in clauses),
            waits_for=waits_for,
            least_others=np.array([clause.min_total_of_others for clause in clauses], dtype=np.float64),
            size=np.array(self._size, dtype=np.float64),
        )

    def _mask_of(self, codes: Iterable[str]) -> int:
        return sum(1 << self._place[code] for code in codes)

    def _held(self, met: Collection[str]) -> int:
        """Return the bits of the conditions that are met, composites worked out."""
        if isinstance(met, str):
            raise TypeError("met is a collection of conditions, not one string")
        problems = ProblemList()
        for key in sorted(self._made.intersection(met)):
            found = "is a condition made of others; it cannot be met by itself"
            problems.add(key, found, "name the members that are met")
        problems.raise_if_any(ScenarioError, "conditions met")
        held = _join(self._bit, self._bit.keys() & set(met))
        for members, at_least, bit in self._groups:
            if (held & members).bit_count() >= at_least:
                held |= bit
        return held


def settle_contributions(
    reactions: Sequence[Callable[[tuple[float, ...]], float]], endowments: Sequence[float]
) -> tuple[float, ...]:
    """Return the most that all give when each binds itself to a reaction: the greatest fixed point.

    Parameters
    ----------
    reactions
        What each gives when all give the profile it is called with (its own entry should not matter); must
        not fall when others give more. Cut to between nothing and the endowment.
    endowments
        The most that each can give, in any one unit.

    Starts with everybody giving all and lets each fall to its reaction, together, until nobody changes: the
    binding conditional commitments of Heitzig, Games 16(6):58 (2025).
    Raises ScenarioError for an endowment below zero, a reaction that rises as others give less, or one that
    never settles.
    """
    problems = ProblemList()
    if len(reactions) != len(endowments):
        problems.add("reactions", f"{len(reactions)} for {len(endowments)} endowments", "give one for each")
    for place, endowment in enumerate(endowments):
        if not (math.isfinite(endowment) and endowment >= 0):
            problems.add(f"endowments[{place}]", f"{endowment:g} cannot be given", "write zero or more")
    problems.raise_if_any(ScenarioError, "contributions")
    profile = tuple(float(endowment) for endowment in endowments)
    settled = SETTLED_SHARE * max(profile, default=0.0)
    for _ in range(CONTRIBUTION_STEPS):
        lower = tuple(
            min(max(float(reaction(profile)), 0.0), endowment)
            for reaction, endowment in zip(reactions, endowments, strict=True)
        )
        for place, (new, old) in enumerate(zip(lower, profile, strict=True)):
            if not new <= old + settled:
                found = f"gives {new:g} after {old:g} although nobody gives more than before"
                problems.add(f"reactions[{place}]", found, "make it rise with what others give, or stay")
        problems.raise_if_any(ScenarioError, "contributions")
        if all(old - new <= settled for new, old in zip(lower, profile, strict=True)):
            return tuple(0.0 if new <= 2.0 * settled else new for new in lower)
        profile = lower
    problems.add("reactions", f"still falling after {CONTRIBUTION_STEPS:,} rounds", "make them steeper")
    problems.raise_if_any(ScenarioError, "contributions")
    raise AssertionError("a problem was added above")


def _join(bit: dict[str, int], keys: Iterable[str]) -> int:
    return sum(bit[key] for key in keys)


def _integers(values: Iterable[int]) -> IntArray:
    return np.array(list(values), dtype=np.int64)


def _drop_weaker(clauses: Sequence[Clause]) -> tuple[Clause, ...]:
    """Return the clauses without those that hold only when another one does."""
    kept: list[Clause] = []
    for clause in sorted(clauses, key=_order_of_clause):
        implied = any(
            other.requires <= clause.requires
            and other.actors <= clause.actors
            and other.min_total_of_others <= clause.min_total_of_others
            for other in kept
        )
        if not implied:
            kept.append(clause)
    return tuple(kept)


def _order_of_clause(clause: Clause) -> tuple[int, int, float, list[str], list[str]]:
    total = clause.min_total_of_others
    return len(clause.requires), len(clause.actors), total, sorted(clause.requires), sorted(clause.actors)


def _check(actors: Sequence[Actor], composites: Sequence[Composite]) -> None:
    """Raise ScenarioError for names that are double, unknown or circular, and for numbers that cannot be."""
    problems = ProblemList()
    codes = Counter(actor.code for actor in actors)
    for code, times in sorted(codes.items()):
        if times > 1:
            problems.add(f"contributor {code}", f"is there {times} times", "join its clauses in one")
    for actor in actors:
        where = f"contributor {actor.code}"
        if not (math.isfinite(actor.size) and actor.size >= 0):
            problems.add(where, f"{actor.size:g} is not a number of people", "write zero or more")
        for number, clause in enumerate(actor.clauses, start=1):
            place = f"{where}, clause {number}"
            for code in sorted(clause.actors - codes.keys()):
                known = "one of " + ", ".join(sorted(codes)[:8]) + (" ..." if len(codes) > 8 else "")
                problems.add(place, f"waits for '{code}', which is no contributor", known)
            if actor.code in clause.actors:
                problems.add(place, "waits for itself", "leave its own code out")
            total = clause.min_total_of_others
            if not (math.isfinite(total) and total >= 0):
                problems.add(place, f"{total:g} is not a number of people of others", "write zero or more")
    keys = Counter(composite.key for composite in composites)
    for key, times in sorted(keys.items()):
        if times > 1:
            problems.add(f"condition {key}", f"is made of others {times} times over", "keep one of them")
    for composite in composites:
        where = f"condition {composite.key}"
        for key in sorted(composite.members & keys.keys()):
            problems.add(where, f"counts '{key}', itself made of others", "count plain conditions only")
        if not 1 <= composite.at_least <= len(composite.members):
            found = f"wants {composite.at_least} of {len(composite.members)} members"
            problems.add(where, found, f"write 1 to {len(composite.members)}")
    problems.raise_if_any(ScenarioError, "commitments")
