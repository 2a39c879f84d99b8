"""What is to be reached, as a user writes it, and the smallest sets of conditions that reach it.

People, shares. A target is a measure that never falls when one more contributor comes; lead times in days
from the book of conditions. Material tasks of the backstop count together here: ten of them in every mixture
would bury the answer.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from truceline.errors import Problem, ScenarioError
from truceline.generation.allocation import BurdenRule
from truceline.generation.commitments import Commitments
from truceline.generation.matching import count_units, fill_enabler, match_offers
from truceline.generation.model import Basis, Offer, Requirement
from truceline.generation.outcomes import read_outcome
from truceline.generation.situation import Situation
from truceline.generation.unlock import Unlocking, find_unlocking_sets
from truceline.generation.worth import fill_intelligence
from truceline.siting.problems import Progress
from truceline.trace import End

_FORM = re.compile(r"(people|detect|fill)(?:\.([a-z][a-z-]*))?\s*=\s*([0-9][0-9,]*(?:\.[0-9]+)?)\s*(%?)")
_HINT = "write people=10000, people=50%, detect=0.5, fill=0.8 or fill.air-defence=1"


@dataclass(frozen=True)
class Target:
    """What has to be reached."""

    measure: str
    """people, detect, fill, or fill.<capability>."""
    value: float
    unit: str
    """person, or 1 for a share."""
    words: str
    """As a reader would say it."""


def read_target(text: str, requirements: Sequence[Requirement], basis: Basis) -> Target:
    """Return a target from ``measure=value``; empty asks for the people of the plan.

    Raises ScenarioError for what is not a target, a capability the force has no need of, or detection where
    the plan has no map.
    """
    deployed = basis.deployed.value
    if not text:
        return Target("people", deployed, "person", f"{deployed:,.0f} people, as planned")
    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise _refuse(text, "is not a target", _HINT)
    kind, capability, written, percent = match.groups()
    value = float(written.replace(",", "")) / (100 if percent else 1)
    if capability and kind != "fill":
        raise _refuse(text, f"{kind} has no parts", _HINT)
    if kind == "people":
        value = value * deployed if percent else value
        return Target("people", value, "person", f"{value:,.0f} people")
    if value > 1:
        raise _refuse(text, f"{value:g} is not a share", "write 0 to 1, or a percentage")
    if kind == "detect":
        if basis.outcomes is None:
            raise _refuse(text, "the plan has no map, so nothing is detected", "ask for people or fill")
        return Target("detect", value, "1", f"{value:.0%} of incidents detected")
    if not capability:
        return Target("fill", value, "1", f"every capability {value:.0%} full")
    needs = {each.capability.key: each for each in requirements}
    if capability not in needs:
        raise _refuse(text, f"'{capability}' is not a capability", f"one of {', '.join(sorted(needs))}")
    label = needs[capability].capability.label
    if not needs[capability].units > 0:
        raise _refuse(text, f"this force has no need of {label.lower()}", "ask for another capability")
    return Target(f"fill.{capability}", value, "1", f"{label.lower()} {value:.0%} full")


def _refuse(text: str, found: str, hint: str) -> ScenarioError:
    return ScenarioError("target", [Problem(text, found, hint)])


def seek_target(
    target: Target,
    requirements: Sequence[Requirement],
    situation: Situation,
    basis: Basis,
    burden: BurdenRule,
    *,
    joint: bool,
    bound: End = "value",
    progress: Progress | None = None,
) -> Unlocking:
    """Return every smallest set of conditions that reaches a target from where things stand on the day.

    joint: all sign together. bound: of the lead times. A composite of the book (enough of the guarantor's
    material tasks) counts as one condition, as soon as its quickest members could be there. Raises
    ScenarioError for a capability that nobody holds.
    """
    book, actors = situation.book, situation.list_actors()
    held = {key for key, state in situation.states.items() if state == "met"}
    composites = {one.key: one for one in book.composites()}
    commitments = Commitments(actors)
    _check_held(target, requirements, situation)

    def lead_days(keys: frozenset[str]) -> float:
        plain, waits = set(keys) - set(composites), [0.0]
        for key in set(keys) & set(composites):
            one = composites[key]
            alone = sorted(book.lead_days(plain | {member}, bound, met=held) for member in one.members - held)
            missing = one.at_least - len(one.members & held)
            waits += alone[missing - 1 : missing]
        return max(book.lead_days(plain, bound, met=held), *waits)

    return find_unlocking_sets(
        commitments,
        candidates=[key for key in commitments.conditions if key in book],
        value=_measure(target, requirements, situation, basis, burden),
        target=target.value,
        always=held,
        excludes=book.exclusive_pairs,
        needs=book.needs,
        joint=joint,
        lead_days=lead_days,
        progress=progress,
    )


def count_fitting(requirements: Sequence[Requirement], offers: Sequence[Offer]) -> float:
    """Return the most people of some offers that the force has work for, their caveats kept.

    A flow from nations through what they do not refuse to what is needed (Ford and Fulkerson 1956), in whole
    people: unlike an allocation by priority it never falls when one more nation comes.
    """
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import maximum_flow

    needs = [each for each in requirements if each.capability.kind == "people" and each.units > 0]
    n, c = len(offers), len(needs)
    if not n or not c:
        return 0.0
    capacity = np.zeros((n + c + 2, n + c + 2), dtype=np.int32)
    for i, offer in enumerate(offers):
        capacity[0, 2 + i] = math.floor(offer.people.value)
        for j, each in enumerate(needs):
            if each.capability.key not in offer.refuses:
                capacity[2 + i, 2 + n + j] = capacity[0, 2 + i]
    capacity[2 + n :, 1] = [math.ceil(each.units) for each in needs]
    return float(maximum_flow(csr_matrix(capacity), 0, 1).flow_value)


def _check_held(target: Target, requirements: Sequence[Requirement], situation: Situation) -> None:
    """Refuse a target on an enabler that no contributor of the day holds: no condition unlocks that."""
    key = target.measure.removeprefix("fill.")
    for each in requirements:
        if each.capability.key != key or each.capability.kind == "people":
            continue
        might_come = [situation.offers[actor.code] for actor in situation.list_actors()]
        if not count_units(might_come, key) > 0:
            found = f"{each.capability.label.lower()}: nobody who might come holds any"
            hint = "see `truceline backstop`" if each.capability.backstop_task else "ask for another"
            raise ScenarioError("target", [Problem(target.measure, found, hint)])


def _measure(
    target: Target,
    requirements: Sequence[Requirement],
    situation: Situation,
    basis: Basis,
    burden: BurdenRule,
) -> Callable[[tuple[str, ...]], float]:
    """Return the measure of a target as a function of who is in; it never falls when one more comes."""
    needs = {each.capability.key: each for each in requirements}

    def people(codes: tuple[str, ...]) -> float:
        return count_fitting(requirements, [situation.offers[code] for code in codes])

    def detect(codes: tuple[str, ...]) -> float:
        assert basis.outcomes is not None  # noqa: S101  # read_target refuses otherwise
        offers = situation.offers_of(codes)
        strength = min(1.0, people(codes) / basis.deployed.value) if basis.deployed.value > 0 else 1.0
        filled = fill_intelligence(requirements, offers, frozenset(), {}, basis)
        return read_outcome(basis.outcomes, "detect", strength, filled)

    def fill(codes: tuple[str, ...]) -> float:
        found = match_offers(requirements, situation.offers_of(codes), burden, even=True)
        return 0.0 if found is None else float(found.fill_share.min())

    def fill_one(codes: tuple[str, ...]) -> float:
        each = needs[target.measure.removeprefix("fill.")]
        key, block = each.capability.key, each.capability.block
        if each.capability.kind == "enabler":
            return fill_enabler(each, situation.offers_of(codes), ())
        free = [code for code in codes if key not in situation.offers[code].refuses]
        given = block * sum(math.floor(situation.offers[code].people.value / block) for code in free)
        return min(1.0, given / each.units)

    return {"people": people, "detect": detect, "fill": fill}.get(target.measure, fill_one)
