"""What of the backstop is missing: for each task what is needed, held by others, and what would stand in.

Units of capabilities, USD bn (once, and a year), months. The tasks and what is known about them are in
`backstop_tables`. The US is never counted among the holders, and no total is made of figures nobody has: an
unknown cost stays unknown and is named beside the sum of the known ones. Nothing is bought or advised here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from truceline.generation.backstop_tables import (
    TASKS,
    BackstopFact,
    BackstopTask,
    CostBasis,
    Substitute,
    closing_months,
    facts_about,
    read_substitutes,
)
from truceline.generation.model import Offer, Requirement
from truceline.scenario.assumption import AssumptionSet
from truceline.trace import End, Traced

PEOPLE_PER_RATE = 1000.0
"""People whom a cost "per 1,000 people" is for."""
MONEY = "USD bn"
_PER_WORDS: Mapping[CostBasis, str] = {
    "unit": "each",
    "task": "for the whole task",
    "1000 people": "for 1,000 people",
    "none": "not for sale",
}
NOT_THE_US = "USA"
"""Whose holdings are the backstop itself."""


@dataclass(frozen=True, eq=False)
class BackstopRow:
    """One line of a task: a capability it fills, or the promise that fills none."""

    task: BackstopTask
    capability: str
    """Empty for the guarantee."""
    label: str
    unit: str
    need: Traced | None
    """Units the force needs; None for the guarantee, which is not counted."""
    held: Traced | None
    """Units that others would bring, after readiness and release: ``backstop.held.<capability>``."""
    gap: Traced | None
    """Units missing: ``backstop.gap.<capability>``."""
    substitute: Substitute | None
    """None where no row of the table names one."""
    one_off: Traced | None
    """USD bn, once, for this gap, with the range of the price; None where unknown or not for sale."""
    yearly: Traced | None
    facts: tuple[BackstopFact, ...]
    """What was published about the task."""

    @property
    def cost_is_known(self) -> bool:
        """Tell whether anybody, or we with a range, can say what closing this gap costs."""
        if self.gap is not None and not self.gap.value > 0:
            return True  # nothing is missing, and nothing costs nothing
        return self.one_off is not None or self.yearly is not None

    @property
    def closing_months(self) -> tuple[float, float] | None:
        """Published months until Europeans could do it alike; a substitute may be sooner."""
        return closing_months(self.facts)

    @property
    def months(self) -> tuple[float, float] | None:
        """Months until the substitute works; None where there is none."""
        return None if self.substitute is None else self.substitute.months


@dataclass(frozen=True, eq=False)
class SubstituteBill:
    """What stands in for the tasks that the US does not bring."""

    total: Traced
    """``backstop.substitute_cost`` in USD bn: what is bought once, and some years of running cost."""
    unknown: tuple[str, ...]
    """Capabilities left out because nobody knows the cost."""


def pool_holdings(offers: Mapping[str, Offer]) -> dict[str, Traced]:
    """Return what all contributors but the US would bring of each enabler: ``backstop.held.<capability>``.

    Low and high are sums of lows and highs: holdings share their readiness and may all be poor at once.
    """
    found: dict[str, list[Traced]] = {}
    for code in sorted(offers):
        if code != NOT_THE_US:
            for capability, units in offers[code].units.items():
                found.setdefault(capability, []).append(units)
    return {capability: _add_up(capability, parts) for capability, parts in sorted(found.items())}


def list_backstop(
    requirements: Sequence[Requirement],
    held: Mapping[str, Traced],
    deployed: Traced,
    *,
    tasks: Sequence[BackstopTask] = TASKS,
    substitutes: Sequence[Substitute] | None = None,
) -> tuple[BackstopRow, ...]:
    """Return what is needed, held by others and missing for every task, with its substitute and its cost.

    Parameters
    ----------
    requirements
        What the force needs; only capabilities of a task are looked at.
    held
        Units of others by capability, from `pool_holdings`; what is not in it is held by nobody.
    deployed
        People deployed, ``force.deployed``: some substitutes are priced per 1,000 of them.
    """
    needs = {each.capability.key: each for each in requirements}
    listed = {each.capability: each for each in (read_substitutes() if substitutes is None else substitutes)}
    promise = {each.task: each for each in listed.values() if not each.capability}
    rows: list[BackstopRow] = []
    for task in tasks:
        facts = facts_about(task.key)
        if not task.is_material:
            words = promise.get(task.key)
            rows.append(BackstopRow(task, "", task.label, "", None, None, None, words, None, None, facts))
        for capability in task.capabilities:
            if capability in needs:
                need, substitute = needs[capability], listed.get(capability)
                rows.append(_weigh_line(task, need, held.get(capability), substitute, deployed, facts))
    return tuple(rows)


def bill_substitutes(
    rows: Sequence[BackstopRow],
    brought: Collection[str],
    assumptions: AssumptionSet,
    *,
    supplied: Mapping[str, float] | None = None,
) -> SubstituteBill:
    """Return what it costs to close the gaps that the tasks in `brought` leave open.

    Total = sum of one-off + `backstop.substitute_years` * sum of yearly. Each value is the middle of its
    range of prices; lows add up to the low and highs to the high, with the gaps and the years as they
    stand. The guarantee costs nothing because it cannot be
    bought, which is not to say that it is free.

    supplied: share of a task's gap that is filled where it is brought, 0 to 1; all of it where nothing is
    said. The rest has to be bought.
    """
    years = assumptions.trace("backstop.substitute_years")
    shares = {key: (supplied or {}).get(key, 1.0) for key in brought}
    open_rows = [row for row in rows if row.task.is_material and shares.get(row.task.key, 0.0) < 1]
    once = [_leave_open(row.one_off, row.task, shares) for row in open_rows if row.one_off is not None]
    yearly = [_leave_open(row.yearly, row.task, shares) for row in open_rows if row.yearly is not None]

    def total(which: End) -> float:
        running = sum(each.at(which) for each in yearly)
        return sum(each.at(which) for each in once) + years.value * running

    names = [each.name for each in once]
    running = [each.name for each in yearly]
    terms = [*names, *([f"{years.name} * ({' + '.join(running)})"] if running else [])]
    unknown = tuple(row.capability for row in open_rows if not row.cost_is_known)
    traced = Traced(
        "backstop.substitute_cost",
        total("value"),
        MONEY,
        "Cost of what stands in for the tasks of the backstop that are not brought",
        formula=" + ".join(terms),
        parts=(*once, *([years, *yearly] if yearly else [])),
        low=total("low"),
        high=total("high"),
        evidence="computed",
        note=_say_unknown(unknown),
    )
    return SubstituteBill(traced, unknown)


def _leave_open(cost: Traced, task: BackstopTask, shares: Mapping[str, float]) -> Traced:
    """Return a cost for the part of a gap that the US leaves open."""
    share = shares.get(task.key, 0.0)
    if share <= 0:
        return cost
    filled = Traced(
        f"backstop.supplied.{task.key}",
        share,
        "1",
        f"{task.label}: share of the gap that the US fills",
        evidence="stated",
    )
    return Traced(
        f"{cost.name}.rest",
        (1 - share) * cost.value,
        MONEY,
        f"{cost.label}, for what the US leaves open",
        formula=f"(1 - {filled.name}) * {cost.name}",
        parts=(filled, cost),
        low=(1 - share) * cost.at("low"),
        high=(1 - share) * cost.at("high"),
        evidence="computed",
    )


def _weigh_line(
    task: BackstopTask,
    requirement: Requirement,
    held: Traced | None,
    substitute: Substitute | None,
    deployed: Traced,
    facts: tuple[BackstopFact, ...],
) -> BackstopRow:
    capability, need = requirement.capability, requirement.need
    held = held or Traced(
        f"backstop.held.{capability.key}",
        0.0,
        capability.unit,
        f"{capability.label} that others would bring",
        evidence="computed",
        note="no contributor is known to bring any",
    )
    gap = Traced(
        f"backstop.gap.{capability.key}",
        max(0.0, need.value - held.value),
        need.unit,
        f"{capability.label} missing without the US",
        formula=f"max(0, {need.name} - {held.name})",
        parts=(need, held),
        low=max(0.0, need.at("low") - held.at("high")),
        high=max(0.0, need.at("high") - held.at("low")),
        evidence="computed",
    )
    one_off = yearly = None
    if substitute is not None:
        one_off = _price(gap, substitute, deployed, substitute.one_off_usd_bn, "one_off")
        yearly = _price(gap, substitute, deployed, substitute.yearly_usd_bn, "yearly")
    return BackstopRow(
        task,
        capability.key,
        capability.label,
        capability.unit,
        need,
        held,
        gap,
        substitute,
        one_off,
        yearly,
        facts,
    )


def _price(
    gap: Traced,
    substitute: Substitute,
    deployed: Traced,
    rate: tuple[float, float] | None,
    which: Literal["one_off", "yearly"],
) -> Traced | None:
    """Return what closing a gap costs once or a year; None where nobody knows or nothing is for sale.

    The range is that of the price, for the gap as it stands: the gap has a range of its own, and the worst of
    both at once would say nothing.
    """
    if rate is None or substitute.per == "none":
        return None
    low, high = rate
    name = f"backstop.{which}.{substitute.capability}"
    how = "Running a year" if which == "yearly" else "Bought once"
    leaf = Traced(
        f"{name}.rate",
        (low + high) / 2,
        MONEY,
        f"{how}, {_PER_WORDS[substitute.per]}: {substitute.words}",
        low=low,
        high=high,
        evidence=substitute.cost_evidence,
        source=substitute.cost_source,
        note=f"prices of {substitute.price_year}; {substitute.note}",
    )
    need, missing = gap.parts[0], gap.value
    parts: tuple[Traced, ...] = (gap, leaf)
    formula = f"{gap.name} * {leaf.name}"
    if substitute.per != "unit" and need.value > 0:
        parts, formula = (gap, need, leaf), f"{gap.name} / {need.name} * {leaf.name}"
        missing /= need.value
    if substitute.per == "1000 people":
        parts, formula = (*parts, deployed), f"{formula} * {deployed.name} / {PEOPLE_PER_RATE:g}"
        missing *= deployed.value / PEOPLE_PER_RATE
    return Traced(
        name,
        missing * leaf.value,
        MONEY,
        f"{'A year of' if which == 'yearly' else 'Once, for'} {substitute.words}",
        formula=formula,
        parts=parts,
        low=missing * low,
        high=missing * high,
        evidence="computed",
    )


def _add_up(capability: str, parts: Sequence[Traced]) -> Traced:
    return Traced(
        f"backstop.held.{capability}",
        sum(each.value for each in parts),
        parts[0].unit,
        "Held by all contributors but the US, after readiness and release",
        formula=" + ".join(each.name for each in parts),
        parts=tuple(parts),
        low=sum(each.at("low") for each in parts),
        high=sum(each.at("high") for each in parts),
        evidence="computed",
    )


def _say_unknown(unknown: Sequence[str]) -> str:
    told = (
        "the middle of wide ranges of prices, for the gaps as they stand; the gaps have ranges of their own"
    )
    return f"{told}; not in it, because nobody knows: {', '.join(unknown)}" if unknown else told
