"""Match requirements with those who come in a case: who brings what, what is short, what can be carried.

People and units of capabilities. Whole platoons, battalions and units; ranges of a total come from allocating
again with every offer at its low and at its high end. Which conditions hold is given by the case.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from truceline.generation.allocation import Allocation, AllocationProblem, BurdenRule, allocate
from truceline.generation.burden import burden_keys
from truceline.generation.cases import Case
from truceline.generation.endurance import trace_endurance
from truceline.generation.model import Basis, Offer, Requirement
from truceline.generation.result import CaseResult, Contribution, Fill
from truceline.generation.situation import GUARANTOR, Situation
from truceline.scenario.assumption import AssumptionSet
from truceline.trace import ENDS, End, Traced

FULL = 1e-9
"""A requirement this near to full is full: shares are sums of rounded numbers."""
LEAST_FILL = "matching.essential_fill_share"


def match_offers(
    requirements: Sequence[Requirement],
    offers: Mapping[str, Offer],
    burden: BurdenRule,
    end: End = "value",
    *,
    even: bool = False,
) -> Allocation | None:
    """Return who brings what of the requirements that are above zero; None where nobody is in.

    offers: those that are in, by code. end: of each offer's people and units. even: every capability counts
    alike, whatever its priority.
    """
    wanted = [each for each in requirements if each.units > 0]
    if not offers or not wanted:
        return None
    codes = tuple(sorted(offers))
    key, stated = burden_keys(burden, [offers[code] for code in codes])
    people_cap = np.array([max(0.0, offers[code].people.at(end)) for code in codes])
    blocks = np.array([each.capability.block for each in wanted])
    is_people = np.array([each.capability.kind == "people" for each in wanted])
    cap = np.zeros((len(codes), len(wanted)), dtype=np.int64)
    for n, code in enumerate(codes):
        for c, each in enumerate(wanted):
            if is_people[c]:
                free = 0.0 if each.capability.key in offers[code].refuses else people_cap[n] / blocks[c]
            else:
                units = offers[code].units.get(each.capability.key)
                free = 0.0 if units is None else units.at(end) / blocks[c]
            cap[n, c] = math.floor(free + FULL)
    return allocate(
        AllocationProblem(
            nations=codes,
            capabilities=tuple(each.capability.key for each in wanted),
            need_blocks=np.array([math.ceil(each.units / each.capability.block - FULL) for each in wanted]),
            priority=np.array([1 if even else each.capability.priority for each in wanted]),
            people_per_block=np.where(is_people, blocks, 0.0),
            people_cap=people_cap,
            block_cap=cap,
            stated=stated,
            key=key,
            burden=burden,
        )
    )


def count_units(offers: Iterable[Offer], capability: str, end: End = "value") -> float:
    """Return the units of an enabler that some offers hold together, at one end of their ranges."""
    return sum(offer.units[capability].at(end) for offer in offers if capability in offer.units)


def fill_enabler(
    requirement: Requirement,
    offers: Mapping[str, Offer],
    brought: Collection[str],
    supplied: Mapping[str, float] | None = None,
    end: End = "value",
) -> float:
    """Return the share of the need of an enabler that is filled; 0 where nothing is needed.

    offers: those that are in. brought: tasks that the guarantor brings. supplied: share of the gap it fills
    for a task it brings; all of it where nothing is said.
    """
    if not requirement.units > 0:
        return 0.0
    task = requirement.capability.backstop_task
    share = min(1.0, count_units(offers.values(), requirement.capability.key, end) / requirement.units)
    return share + (1 - share) * (supplied or {}).get(task, 1.0) if task in brought else share


@dataclass(frozen=True)
class Carried:
    """How many people the enablers in hand can carry."""

    people: float
    """At most those sent."""
    binding: str
    """Capability that limits them; empty when none does."""
    fill: Mapping[str, float]
    """Share filled of each essential enabler, help of the guarantor included."""


def carry_people(
    people: float,
    deployed: float,
    requirements: Sequence[Requirement],
    offers: Mapping[str, Offer],
    brought: Collection[str],
    assumptions: AssumptionSet,
    supplied: Mapping[str, float] | None = None,
    end: End = "value",
) -> Carried:
    """Return how many of `people` the essential enablers in hand can carry.

    The whole force (`deployed` people) is carried when every essential enabler is filled to
    `matching.essential_fill_share`; with less, the people carried fall in proportion to the scarcest.

    offers: those that are in. brought: tasks that the guarantor brings. supplied: share of the gap it fills
    for a task it brings; all of it where nothing is said.
    """
    least = assumptions.value(LEAST_FILL)
    fill: dict[str, float] = {}
    for each in requirements:
        capability = each.capability
        if capability.kind == "people" or not capability.essential or not each.units > 0:
            continue
        fill[capability.key] = fill_enabler(each, offers, brought, supplied, end)
    scarcest = min(fill, key=lambda key: (fill[key], key), default="")
    most = deployed * min(1.0, fill[scarcest] / least) if scarcest else math.inf
    return Carried(min(people, most), scarcest if most < people - FULL else "", fill)


def tasks_in(met: Collection[str]) -> frozenset[str]:
    """Return the tasks of the backstop among met conditions."""
    return frozenset(key.removeprefix(GUARANTOR) for key in met if key.startswith(GUARANTOR))


def settle_case(
    case: Case,
    situation: Situation,
    requirements: Sequence[Requirement],
    basis: Basis,
    burden: BurdenRule,
    assumptions: AssumptionSet,
    supplied: Mapping[str, float],
    codes: tuple[str, ...] | None = None,
) -> CaseResult:
    """Return who comes in a case, what they bring and what is short.

    codes: who comes, where that is known already; None asks the conditions.

    Raises ScenarioError where commitments contradict each other.
    """
    codes = situation.commit().settle(case.met) if codes is None else codes
    offers = situation.offers_of(codes)
    found = {end: match_offers(requirements, offers, burden, end) for end in ENDS}
    allocation = found["value"]
    name = f"generation.{case.key.split()[0]}"
    contributions = _list_contributions(name, allocation, offers, requirements, assumptions)
    totals = {end: 0.0 if one is None else float(one.people.sum()) for end, one in found.items()}
    people = Traced(
        f"{name}.people",
        totals["value"],
        "person",
        f"People sent: {case.label[:1].lower()}{case.label[1:]}",
        formula=" + ".join(each.people.name for each in contributions if each.people.value > 0) or "0",
        parts=tuple(each.people for each in contributions if each.people.value > 0),
        low=min(totals.values()),
        high=max(totals.values()),
        evidence="computed",
        note=f"{case.sentence} The range: every offer at its low end, and at its high end, allocated anew.",
    )
    brought = tasks_in(case.met)
    carried = {
        end: carry_people(
            totals[end], basis.deployed.value, requirements, offers, brought, assumptions, supplied, end
        )
        for end in ENDS
    }
    supported = Traced(
        f"{name}.supported",
        carried["value"].people,
        "person",
        f"People sent whom the enablers in hand can carry: {case.label[:1].lower()}{case.label[1:]}",
        formula=f"min({people.name}, force.deployed * scarcest essential enabler / {LEAST_FILL})",
        parts=(people, basis.deployed, assumptions.trace(LEAST_FILL)),
        low=min(one.people for one in carried.values()),
        high=max(one.people for one in carried.values()),
        evidence="computed",
        note=_say_fill(carried["value"], requirements),
    )
    return CaseResult(
        case=case,
        codes=codes,
        contributions=contributions,
        fills=_list_fills(allocation, requirements, offers),
        people=people,
        people_ours=sum(each.people.value for each in contributions if each.basis == "ours"),
        supported=supported,
        binding=carried["value"].binding,
        gap=0.0 if allocation is None else allocation.gap,
    )


def _say_fill(carried: Carried, requirements: Sequence[Requirement]) -> str:
    labels = {each.capability.key: each.capability.label for each in requirements}
    shares = ", ".join(f"{labels[key].lower()} {share:.0%}" for key, share in carried.fill.items())
    return f"essential enablers filled: {shares}" if shares else "nothing essential is asked for"


def _list_contributions(
    name: str,
    allocation: Allocation | None,
    offers: Mapping[str, Offer],
    requirements: Sequence[Requirement],
    assumptions: AssumptionSet,
) -> tuple[Contribution, ...]:
    if allocation is None:
        return ()
    blocks = {each.capability.key: each.capability.block for each in requirements}
    total = float(allocation.people.sum())
    found = []
    for n, code in enumerate(allocation.problem.nations):
        offer, people = offers[code], float(allocation.people[n])
        units = {
            key: float(allocation.blocks[n, c]) * blocks[key]
            for c, key in enumerate(allocation.problem.capabilities)
            if allocation.blocks[n, c] > 0
        }
        if not units:
            continue
        sustained = offer.sustained
        found.append(
            Contribution(
                code=code,
                name=offer.name,
                basis=offer.basis if people > 0 else "none",
                people=_trace_people(f"{name}.people.{code}", people, offer),
                units=units,
                people_share=people / total if total > 0 else 0.0,
                effort=people / sustained.value if sustained is not None and sustained.value > 0 else None,
                endurance=trace_endurance(offer, people, assumptions) if people > 0 and offer.pool else None,
            )
        )
    return tuple(sorted(found, key=lambda each: (-each.people.value, each.code)))


def _trace_people(name: str, people: float, offer: Offer) -> Traced:
    """Return what a nation sends, with the range of its offer in proportion."""
    value = offer.people.value
    low, high = (offer.people.at(end) * people / value if value > 0 else people for end in ("low", "high"))
    ours = " (ours: it stated no number)" if offer.basis == "ours" else ""
    return Traced(
        name,
        people,
        "person",
        f"{offer.name}: people sent{ours}",
        formula=f"what the allocation takes of {offer.people.name}",
        parts=(offer.people,),
        low=low if high > low else None,
        high=high if high > low else None,
        evidence="computed",
    )


def _list_fills(
    allocation: Allocation | None, requirements: Sequence[Requirement], offers: Mapping[str, Offer]
) -> tuple[Fill, ...]:
    given: dict[str, float] = {}
    why: dict[str, str] = {}
    if allocation is not None:
        totals = allocation.blocks.sum(axis=0)
        given = dict(zip(allocation.problem.capabilities, totals.tolist(), strict=True))
        why = {short.capability: short.reason for short in allocation.list_shortfalls()}
    found = []
    for each in sorted(requirements, key=lambda one: one.capability.priority):
        capability = each.capability
        amount = given.get(capability.key, 0.0) * capability.block
        share = min(1.0, amount / each.units) if each.units > 0 else 1.0
        reason = why.get(capability.key, "nobody comes" if each.units > 0 and not offers else "")
        found.append(
            Fill(each, amount, share, max(0.0, each.units - amount), "" if share >= 1 - FULL else reason)
        )
    return tuple(found)
