"""Tables of who would come: contributors, capabilities, contributions by case, pledges and conditions.

People, units of capabilities, shares, days, months. Beside every number of people or units stands its basis:
"stated" by the nation, or "ours" with low and high where nobody stated one. Copy all three or none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from truceline.plan.model import Plan
from truceline.publish.generation_words import basis_of_sum, conditions_of, size_of_stage, waited_for_by
from truceline.publish.table import Table, number, people, share, text

if TYPE_CHECKING:
    from truceline.generation.result import CaseResult, Contribution, Generation
    from truceline.trace import Traced

BASIS = text(
    "basis", "stated: the nation said so; ours: nobody did and it is our estimate; none: nothing is offered"
)
STAGES = ("announced", "approved", "deployed")

CONTRIBUTORS = Table(
    "contributors",
    "Who could come",
    "What each could bring if its conditions were met, on the day of the plan. Where the basis is ours the"
    " number is an estimate with a wide range, and must not be quoted without it.",
    (
        text("code", "ISO 3166 code, or NAT for the pool held by NATO"),
        text("name", "Name"),
        people("people", "People inside the country of the mission"),
        people("low", "Lowest number"),
        people("high", "Highest number"),
        BASIS,
        people("sustained_people", "Kept abroad without end, for every task: ours, always"),
        people("sustained_low", "Lowest number"),
        people("sustained_high", "Highest number"),
        text("units", "Enablers it could bring, in units after our readiness and release: ours, always"),
        text("refuses", "Capabilities that its limits rule out"),
        text("may_come", "Whether there is any way in for this mission"),
        text("reason", "Why it never comes"),
        text("waits_for", "Conditions it waits for, by key; who says so in brackets"),
        text("note", "The stance in words, with its date"),
    ),
)

CAPABILITIES = Table(
    "capabilities",
    "What the force needs",
    "Quantities follow from the plan by the rule of each row; the range moves every assumption of the rule to"
    " its unfavourable end at once.",
    (
        text("capability", "Key"),
        text("label", "What it is"),
        text("kind", "people, or an enabler that is a holding of its own"),
        text("unit", "What is counted"),
        number("needed", "see unit", "Units needed", 2),
        number("low", "see unit", "Lowest", 2),
        number("high", "see unit", "Highest", 2),
        number("priority", "1", "1 is filled first", 0),
        text("is_essential", "Whether the force cannot be larger than this supports"),
        text("backstop_task", "Task of the backstop that would bring it"),
        text("rule", "How the quantity is made, in the names of its parts"),
        text("note", "What must be said with it"),
    ),
)

CASES = Table(
    "cases",
    "Cases side by side",
    "What is assumed to hold in each case, and who would come then. A sum of which any part is ours has the"
    " basis ours.",
    (
        text("case", "Key"),
        text("label", "Name for readers"),
        text("is_shown", "Whether it is the case shown in full"),
        text("sentence", "What is assumed"),
        number("nations", "1", "Nations that send people", 0),
        people("people", "People sent"),
        people("low", "Lowest number"),
        people("high", "Highest number"),
        BASIS,
        people("people_ours", "Part of the people that rests on sizes nobody stated"),
        people("supported_people", "People whom the enablers in hand can support; same basis"),
        text("binding", "Capability that limits them"),
        share("gap_share", "Distance of the allocation from its proven bound"),
    ),
)

CONTRIBUTIONS = Table(
    "contributions",
    "Who brings what, by case",
    "One row for each contributor and capability; the row 'all' is its sum of people. Low and high of a"
    " capability are the contributor's own range in proportion.",
    (
        text("case", "Key of the case"),
        text("code", "Contributor"),
        text("name", "Its name"),
        text("capability", "Capability, or all people"),
        number("units", "see unit", "People or units brought", 2),
        text("unit", "What is counted"),
        BASIS,
        number("low", "see unit", "Lowest, where known", 2),
        number("high", "see unit", "Highest, where known", 2),
        share("people_share", "Share of all people sent"),
        share("effort_share", "People sent as a share of what it can keep abroad without end (ours)"),
        people("tied_up_people", "Deployed, resting and preparing; same basis as the people"),
        number("breaks_at_months", "month", "Month in which its rotation breaks (ours); empty: never", 1),
    ),
)

FILL = Table(
    "fill",
    "How far each requirement is met, by case",
    "Given is a sum over all who come; its basis is ours as soon as any of it is.",
    (
        text("case", "Key of the case"),
        text("capability", "Capability"),
        number("needed", "see unit", "Units needed", 2),
        number("given", "see unit", "Units brought", 2),
        text("unit", "What is counted"),
        BASIS,
        number("low", "see unit", "Lowest of what is brought, each contributor's range in proportion", 2),
        number("high", "see unit", "Highest", 2),
        share("filled_share", "Filled share"),
        number("short", "see unit", "Units missing", 2),
        text("why", "What it is short of"),
    ),
)

PLEDGES = Table(
    "pledges",
    "What every nation had said by the day",
    "The latest statement counts. Announced, approved and deployed are three different things: never add"
    " them. A size is in words where it was, and 'none stated' where it was not.",
    (
        text("code", "ISO 3166 code, or COA for the coalition as a whole"),
        text("name", "Name"),
        text("pledge_id", "Row of the register"),
        text("date", "When it was said"),
        text("position", "Where the nation stands"),
        text("is_offer", "Whether it offers people inside the country or has left it open"),
        people("size_low_people", "Fewest people stated; empty where none"),
        people("size_high_people", "Most people stated; empty where none"),
        *(
            text(stage, f"What is {stage}: the size in words, with its date; empty where nothing is")
            for stage in STAGES
        ),
        text("conditions", "Conditions the statement names, by key"),
        text("caveats", "National limits"),
        text("accepts", "Missions it would join"),
        text("refuses", "Missions it refuses"),
        text("missions_basis", "stated, coded (our reading) or open (nothing was said)"),
        text("statement", "What was said"),
        text("source", "Where it was read"),
        text("source_url", "Address of the source"),
        text("confidence", "How far the source is to be relied on"),
    ),
)

CONDITIONS = Table(
    "conditions",
    "Conditions",
    "What has to be true before nations come, what was known of it on the day, and how long it takes once it"
    " can begin. Lead times are estimates.",
    (
        text("condition", "Key, as `--meet` takes it"),
        text("label", "What it is"),
        text("kind", "peace, consent, mandate, backstop, monitoring, parliament, decision or composite"),
        text("state", "met, unmet or unknown"),
        number("lead_days", "day", "Days it takes once it can begin", 1),
        number("lead_low_days", "day", "Shortest", 1),
        number("lead_high_days", "day", "Longest", 1),
        text("evidence", "Grade of the lead time"),
        text("after", "What it can only begin after"),
        text("needs", "What it cannot hold without"),
        text("excludes", "What cannot hold together with it"),
        number("waiting", "1", "Contributors that wait for it", 0),
        text("waited_for_by", "Their codes"),
        text("source", "Where the lead time comes from"),
    ),
)


def of_generation(
    table: Table, rows: Callable[[Generation], Iterable[tuple[Any, ...]]]
) -> tuple[Table, Callable[[Plan], Table]]:
    """Return a table with the function that fills it; without nations it has no rows."""

    def fill(plan: Plan) -> Table:
        return table if plan.generation is None else table.filled(rows(plan.generation))

    return table, fill


def _three(traced: Traced | None) -> tuple[float | None, float | None, float | None]:
    return (None, None, None) if traced is None else (traced.value, traced.low, traced.high)


def list_contributors(generation: Generation) -> Iterable[tuple[Any, ...]]:
    """Yield every offer by code."""
    for code, offer in generation.offers.items():
        gate = generation.gates.get(code)
        waits = gate.waits if gate is not None else ()
        yield (
            code,
            offer.name,
            *_three(offer.people),
            offer.basis,
            *_three(offer.sustained),
            "; ".join(f"{key} {units.value:g}" for key, units in offer.units.items() if units.value > 0),
            "; ".join(offer.refuses),
            gate is not None and gate.may_come,
            gate.reason if gate is not None else "",
            "; ".join(f"{wait.condition} ({wait.said_by})" for wait in waits),
            offer.note,
        )


def list_capabilities(generation: Generation) -> Iterable[tuple[Any, ...]]:
    """Yield every requirement with its rule."""
    for one in generation.requirements:
        capability = one.capability
        yield (
            capability.key,
            capability.label,
            capability.kind,
            capability.unit,
            *_three(one.need),
            capability.priority,
            capability.essential,
            capability.backstop_task,
            one.need.formula,
            one.need.note,
        )


def list_cases(generation: Generation) -> Iterable[tuple[Any, ...]]:
    """Yield every case."""
    for key, result in generation.cases.items():
        yield (
            key,
            result.case.label,
            key == generation.case_key,
            result.case.sentence,
            sum(one.people.value > 0 for one in result.contributions),
            *_three(result.people),
            basis_of_sum(result.people_ours),
            result.people_ours,
            result.supported.value,
            result.binding,
            result.gap,
        )


def list_contributions(generation: Generation) -> Iterable[tuple[Any, ...]]:
    """Yield what each contributor brings in each case: its people in all, then by capability."""
    for key, result in generation.cases.items():
        kinds = {fill.requirement.capability.key: fill.requirement.capability for fill in result.fills}
        for one in result.contributions:
            if one.people.value > 0:
                yield (key, one.code, one.name, "all", one.people.value, "person", *_of_people(one))
            for capability, units in one.units.items():
                kind = kinds[capability]
                basis = one.basis if kind.kind == "people" else "ours"
                span = _range_of_units(generation, one, capability, kind.kind)
                yield (key, one.code, one.name, capability, units, kind.unit, basis, *span, *[None] * 4)


def _range_of_units(
    generation: Generation, one: Contribution, capability: str, kind: str
) -> tuple[float | None, float | None]:
    """Return the range of what it brings of a capability: that of its offer, in proportion."""
    offer = generation.offers.get(one.code)
    whole = one.people if kind == "people" else None if offer is None else offer.units.get(capability)
    if whole is None or whole.low is None or whole.high is None or not whole.value > 0:
        return None, None
    units = one.units[capability]
    return units * whole.low / whole.value, units * whole.high / whole.value


def _of_people(one: Contribution) -> tuple[Any, ...]:
    lasting = one.endurance
    breaks = None if lasting is None or math.isinf(lasting.breaks_at_months) else lasting.breaks_at_months
    tied = None if lasting is None else lasting.tied_up_people
    return (one.basis, one.people.low, one.people.high, one.people_share, one.effort, tied, breaks)


def list_fill(generation: Generation) -> Iterable[tuple[Any, ...]]:
    """Yield how far each requirement is met in each case."""
    for key, result in generation.cases.items():
        for fill in result.fills:
            capability = fill.requirement.capability
            yield (
                key,
                capability.key,
                fill.requirement.units,
                fill.given,
                capability.unit,
                _basis_of_fill(result, capability.key, capability.kind, fill.given),
                *_range_of_fill(generation, result, capability.key, capability.kind),
                fill.share,
                fill.short,
                fill.why,
            )


def _range_of_fill(
    generation: Generation, result: CaseResult, capability: str, kind: str
) -> tuple[float | None, float | None]:
    """Return the sum of ranges; a contributor without one counts as it stands."""
    ends = [
        (units if low is None else low, units if high is None else high)
        for one in result.contributions
        if (units := one.units.get(capability, 0.0)) > 0
        for low, high in [_range_of_units(generation, one, capability, kind)]
    ]
    return (sum(low for low, _ in ends), sum(high for _, high in ends)) if ends else (None, None)


def _basis_of_fill(result: CaseResult, capability: str, kind: str, given: float) -> str:
    if not given > 0:
        return "none"
    if kind != "people":
        return "ours"
    ours = sum(one.units.get(capability, 0.0) for one in result.contributions if one.basis == "ours")
    return basis_of_sum(ours)


def list_pledges(generation: Generation) -> Iterable[tuple[Any, ...]]:
    """Yield the statement that counts for each nation."""
    for code, stance in generation.stances.items():
        latest = stance.latest
        yield (
            code,
            stance.name,
            latest.pledge_id,
            latest.date,
            stance.position,
            stance.is_offer,
            stance.size_low,
            stance.size_high,
            *(size_of_stage(stance.by_stage[stage]) if stage in stance.by_stage else "" for stage in STAGES),
            "; ".join(stance.conditions),
            "; ".join(stance.caveats),
            "; ".join(stance.accepts),
            "; ".join(stance.refuses),
            stance.missions_basis,
            latest.statement,
            latest.source,
            latest.source_url,
            latest.confidence,
        )


def list_conditions(generation: Generation) -> Iterable[tuple[Any, ...]]:
    """Yield every condition with its state, its lead time and who waits for it."""
    book, waiting = conditions_of(generation), waited_for_by(generation)
    for key, state in generation.states.items():
        one = book.get(key)
        lead = None if one is None or one.kind == "composite" else one.lead
        codes = waiting.get(key, [])
        yield (
            key,
            generation.condition_labels.get(key, key),
            "" if one is None else one.kind,
            state,
            *_three(lead),
            "" if lead is None else lead.evidence,
            "" if one is None else "; ".join(one.after),
            "" if one is None else "; ".join(one.needs),
            "" if one is None else "; ".join(one.excludes),
            len(codes),
            "; ".join(codes),
            "" if lead is None else lead.source,
        )


TABLES = (
    of_generation(CASES, list_cases),
    of_generation(CONTRIBUTORS, list_contributors),
    of_generation(CAPABILITIES, list_capabilities),
    of_generation(CONTRIBUTIONS, list_contributions),
    of_generation(FILL, list_fill),
    of_generation(PLEDGES, list_pledges),
    of_generation(CONDITIONS, list_conditions),
)
"""Description of every table with the function that fills it, in the order of products."""
