"""Which smallest sets of conditions bring a target within reach, and which is met soonest. Exact.

The value (people, least fill, coverage) may be anything that never falls when one more contributor comes;
days for lead times. A set is given by the conditions that still have to be met, beside those that hold
already. How likely a condition is, and who could bring it about, is not asked.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from truceline.errors import Problem, ProblemList, ScenarioError
from truceline.generation._unlock_search import UnlockSearch
from truceline.generation.commitments import Commitments
from truceline.siting.problems import Progress

Pairs = Collection[tuple[str, str]]
Value = Callable[[tuple[str, ...]], float]

ROUNDING_SHARE = 1e-9
"""A value below the target by this share of it reaches it: the rest is rounding."""
MOST_BRANCHES = 1_024
"""Ways out of the exclusive pairs beyond which the question is refused."""
MOST_NAMED = 12
"""Contributors named in one message; the rest are counted."""


@dataclass(frozen=True)
class UnlockingSet:
    """One smallest set of conditions that brings the target."""

    conditions: tuple[str, ...]
    """What still has to be met, sorted; none when the target is reached already."""
    codes: tuple[str, ...]
    """Contributors who are then in, sorted."""
    value: float
    lead_days: float | None
    """Days until all of it can be met; None where no lead times were given."""


@dataclass(frozen=True)
class Branch:
    """As much as can be met together: adding any other candidate would break an exclusive pair."""

    conditions: tuple[str, ...]
    codes: tuple[str, ...]
    value: float


@dataclass(frozen=True)
class Unlocking:
    """Every smallest set of conditions that brings a target, or how near the best comes."""

    target: float
    joint: bool
    """Whether all sign together; otherwise each waits for those its condition names."""
    always: tuple[str, ...]
    """Conditions that hold already."""
    candidates: tuple[str, ...]
    """Conditions that might be met."""
    barred: tuple[str, ...]
    """Candidates that cannot be: something that holds excludes them, or what they need is no candidate."""
    branches: tuple[Branch, ...]
    """With everything met that goes together, best first."""
    sets: tuple[UnlockingSet, ...]
    """By lead time, then size, then names; empty when the target is out of reach."""
    n_evaluated: int
    """Sets of conditions settled."""
    n_values: int
    """Values asked for."""

    @property
    def reachable(self) -> bool:
        """Whether any permitted set brings the target."""
        return bool(self.sets)

    @property
    def best_value(self) -> float:
        """The most that any permitted set brings."""
        return self.branches[0].value

    @property
    def best_in(self) -> tuple[str, ...]:
        """Who is in then."""
        return self.branches[0].codes

    @property
    def shortfall(self) -> float:
        """What the best lacks to the target; 0 when it is reachable."""
        return 0.0 if self.reachable else max(0.0, self.target - self.best_value)

    @property
    def fragile(self) -> tuple[str, ...]:
        """Conditions in every set: without any one of them the target is out of reach."""
        inside = [set(found.conditions) for found in self.sets]
        return tuple(sorted(set.intersection(*inside))) if inside else ()

    @property
    def idle(self) -> tuple[str, ...]:
        """Candidates in no set: the target never waits for them."""
        used = {key for found in self.sets for key in found.conditions}
        return tuple(key for key in self.candidates if key not in used)

    @property
    def quickest(self) -> UnlockingSet | None:
        """The set met soonest; None without lead times, or when no set's lead time is finite.

        Soonest of all sets, smallest or not, as long as meeting more never takes less time.
        """
        first = self.sets[0] if self.sets else None
        known = first is not None and first.lead_days is not None and math.isfinite(first.lead_days)
        return first if known else None


@dataclass(frozen=True)
class UnlockingChange:
    """What a new statement or a new day did to the unlocking sets."""

    gained: tuple[UnlockingSet, ...]
    """Sets that are new."""
    lost: tuple[UnlockingSet, ...]
    """Sets that no longer do, or are no longer the smallest."""
    kept: tuple[UnlockingSet, ...]
    """Sets there before and after, as they are after."""
    advanced: tuple[tuple[UnlockingSet, UnlockingSet], ...]
    """Sets of which a part has been met meanwhile: before, and what is left of it after."""
    newly_fragile: tuple[str, ...]
    """Conditions in every set now that were not before."""
    no_longer_fragile: tuple[str, ...]
    """Conditions that were in every set: met meanwhile, or there is now a way round them."""


def find_unlocking_sets(
    commitments: Commitments,
    *,
    candidates: Sequence[str],
    value: Value,
    target: float,
    always: Collection[str] = (),
    excludes: Pairs = (),
    needs: Mapping[str, Collection[str]] | None = None,
    joint: bool = False,
    lead_days: Callable[[frozenset[str]], float] | None = None,
    most_sets: int = 10_000,
    progress: Progress | None = None,
) -> Unlocking:
    """Return every inclusion-minimal set of candidate conditions that brings `value` to `target`.

    Parameters
    ----------
    candidates
        Conditions that might be met; those in `always` are met already and are passed over.
    value
        Maps the codes of those who are in, sorted, to a number that never falls when one more comes. Asked
        once at most for each distinct tuple, and not at all where the answer follows from a smaller or
        larger one.
    excludes
        Pairs that cannot both be met.
    needs
        What else has to be met for a condition to be (all the way down).
    joint
        All sign together (greatest fixed point) instead of each waiting for others (least).
    lead_days
        Days until all conditions of a set can be met.
    most_sets
        Sets beyond which the question is refused as too wide.

    A set is permitted when it holds no excluded pair and, with each member, what that member needs. Call it
    *through* when its part whose needs are met brings the target, or when it holds an excluded pair. Being
    through never ends when conditions are added, and the smallest sets that are through are the excluded
    pairs and exactly the sets asked for: one that holds no pair holds only members whose needs are met, or a
    smaller one would do. They are found by dualising and advancing (Gunopulos et al., ACM TODS 28, 2003):
    every such set must hold a condition missing from each largest set that is not through, so the smallest
    sets that do so are tried; one that fails grows to another such largest set, until all are through.

    Raises
    ------
    ScenarioError
        When two conditions in `always` exclude each other, the target is no number, the value falls when
        more come, a value or lead time is no number, or there is too much to list (conditions, branches of
        exclusive pairs, sets).
    """
    held, open_ = frozenset(always), sorted(set(candidates) - set(always))
    _check(held, target, most_sets, excludes)
    closure = _close_needs(open_, held, needs or {})
    barred = _find_barred(open_, held, closure, excludes)
    free = [key for key in open_ if key not in barred]
    part = commitments.narrow(held, free, joint=joint)
    named = set(part.conditions)
    matter = sorted(named.union(*(closure[key] for key in named)))
    pairs = sorted({(min(pair), max(pair)) for pair in excludes if set(pair) <= set(matter)})
    line = target - ROUNDING_SHARE * abs(target)
    search = UnlockSearch(
        part,
        matter,
        value=value,
        target=line,
        excludes=pairs,
        needs={key: closure[key] for key in matter},
        joint=joint,
    )
    branches = []
    for chosen in _largest({_keep_served(branch, closure) for branch in _list_branches(matter, pairs)}):
        codes = search.codes(chosen)
        branches.append(Branch(tuple(sorted(chosen)), codes, search.value_of(codes)))
    branches.sort(key=lambda branch: (-branch.value, branch.conditions))
    found = search.list_sets(most_sets, progress) if branches[0].value >= line else []
    sets = [_describe(search, conditions, line, lead_days) for conditions in found]
    sets.sort(key=lambda one: (one.lead_days or 0.0, len(one.conditions), one.conditions))
    return Unlocking(
        target=float(target),
        joint=joint,
        always=tuple(sorted(held)),
        candidates=tuple(open_),
        barred=tuple(sorted(barred)),
        branches=tuple(branches),
        sets=tuple(sets),
        n_evaluated=search.n_evaluated,
        n_values=search.n_values,
    )


def explain_unreachable(unlocking: Unlocking, *, unit: str = "") -> Problem:
    """Return the message for a target beyond reach: how much the best brings, who is in, what it lacks."""
    unit = f" {unit}" if unit else ""
    best = unlocking.branches[0]
    more = f" and {len(best.codes) - MOST_NAMED} more" if len(best.codes) > MOST_NAMED else ""
    who = f"with {', '.join(best.codes[:MOST_NAMED]) or 'nobody'}{more} in"
    how = "all signing together" if unlocking.joint else "each waiting for the others"
    others = f", the best of {len(unlocking.branches)} ways" if len(unlocking.branches) > 1 else ""
    return Problem(
        "target",
        f"{unlocking.target:,.6g}{unit} is beyond reach, {how}: everything that can be met together"
        f"{others} brings {unlocking.best_value:,.6g}{unit} {who}, {unlocking.shortfall:,.6g} short",
        f"set the target at {unlocking.best_value:,.6g} or below, or name more candidate conditions",
    )


def compare_unlockings(before: Unlocking, after: Unlocking) -> UnlockingChange:
    """Return what changed between two answers to the same question, for instance on two days.

    A set whose other conditions have been met meanwhile has advanced; it is neither lost nor gained.
    """
    now = {one.conditions: one for one in after.sets}
    then = {one.conditions: one for one in before.sets}
    met = set(after.always) - set(before.always)
    left = {one.conditions: tuple(key for key in one.conditions if key not in met) for one in before.sets}
    advanced = [(one, now[left[key]]) for key, one in then.items() if left[key] != key and left[key] in now]
    passed_on = {one.conditions for one, _ in advanced}
    arrived = {one.conditions for _, one in advanced}
    return UnlockingChange(
        gained=tuple(one for key, one in now.items() if key not in then and key not in arrived),
        lost=tuple(one for key, one in then.items() if key not in now and key not in passed_on),
        kept=tuple(one for key, one in now.items() if key in then),
        advanced=tuple(advanced),
        newly_fragile=tuple(sorted(set(after.fragile) - set(before.fragile))),
        no_longer_fragile=tuple(sorted(set(before.fragile) - set(after.fragile))),
    )


def _describe(
    search: UnlockSearch,
    conditions: tuple[str, ...],
    line: float,
    lead_days: Callable[[frozenset[str]], float] | None,
) -> UnlockingSet:
    """Return a set with who is in, its value and its lead time, all checked."""
    codes = search.codes(conditions)
    value, days = search.value_of(codes), None
    problems = ProblemList()
    if not value >= line:
        found = f"is {value:,.6g} where fewer contributors brought {line:,.6g} or more"
        problems.add("value", found, "use a measure that never falls when one more comes")
    if lead_days is not None:
        days = float(lead_days(frozenset(conditions)))
        if not days >= 0:
            found = f"{days:g} for {', '.join(conditions) or 'no condition'} is not a time"
            problems.add("lead days", found, "write zero or more")
    problems.raise_if_any(ScenarioError, "unlocking sets")
    return UnlockingSet(conditions, codes, value, days)


def _check(always: frozenset[str], target: float, most_sets: int, excludes: Pairs) -> None:
    problems = ProblemList()
    if not math.isfinite(target):
        problems.add("target", f"{target:g} is not a number to reach", "write a finite number")
    if most_sets < 1:
        problems.add("most sets", f"{most_sets} leaves no room for an answer", "write 1 or more")
    for one, other in sorted({(min(pair), max(pair)) for pair in excludes}):
        if one == other:
            problems.add(f"condition {one}", "excludes itself", "leave it out of the candidates instead")
        elif {one, other} <= always:
            found = f"is met together with {other}, which excludes it"
            problems.add(f"condition {one}", found, "say which of the two holds")
    problems.raise_if_any(ScenarioError, "unlocking sets")


def _close_needs(
    open_: Sequence[str], held: frozenset[str], needs: Mapping[str, Collection[str]]
) -> dict[str, frozenset[str]]:
    """Return, for each candidate, all it needs that does not hold yet, all the way down, itself included."""
    closure = {}
    for key in open_:
        reached, front = {key}, [key]
        while front:
            for other in needs.get(front.pop(), ()):
                if other not in held and other not in reached:
                    reached.add(other)
                    front.append(other)
        closure[key] = frozenset(reached)
    return closure


def _find_barred(
    open_: Sequence[str], held: frozenset[str], closure: Mapping[str, frozenset[str]], excludes: Pairs
) -> set[str]:
    """Return candidates that no permitted set holds."""
    shut = {a for a, b in excludes if b in held} | {b for a, b in excludes if a in held}
    could = frozenset(open_) - shut
    return {
        key
        for key in open_
        if not closure[key] <= could or any({one, other} <= closure[key] for one, other in excludes)
    }


def _keep_served(keys: frozenset[str], closure: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Return the part of some conditions whose needs are among them."""
    return frozenset(key for key in keys if closure[key] <= keys)


def _list_branches(keys: Sequence[str], pairs: Pairs) -> list[frozenset[str]]:
    """Return the largest subsets of `keys` without an excluded pair; raises ScenarioError when too many.

    One condition after the other joins: every branch keeps what goes with the newcomer, and a branch that
    has to give something up for it stays beside that as it was.
    """
    rivals: dict[str, set[str]] = {key: set() for key in keys}
    for one, other in pairs:
        rivals[one].add(other)
        rivals[other].add(one)
    branches = [frozenset(key for key in keys if not rivals[key])]
    for key in sorted(key for key in keys if rivals[key]):
        stay = {branch for branch in branches if branch & rivals[key]}
        joined = _largest({(branch - rivals[key]) | {key} for branch in branches})
        branches = sorted(stay | joined, key=sorted)
        if len(branches) > MOST_BRANCHES:
            problems = ProblemList()
            found = f"leave more than {MOST_BRANCHES:,} ways to choose between conditions"
            problems.add("exclusive pairs", found, "say of some which of them holds")
            problems.raise_if_any(ScenarioError, "unlocking sets")
    return branches


def _largest(sets: Collection[frozenset[str]]) -> set[frozenset[str]]:
    """Return the sets that lie within no other."""
    return {one for one in sets if not any(one < other for other in sets)}
