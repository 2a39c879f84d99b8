"""Fill the records of plan.json with what was found about nations, and the basis to ask again.

The records are in `generation_schema`. People and units are rounded to hundredths, chances to six places.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from truceline.generation.model import SizeBasis
from truceline.publish.basis_record import record_basis
from truceline.publish.generation_schema import (
    BackstopRecord,
    CaseRecord,
    ClaimRecord,
    ConditionRecord,
    ContributionRecord,
    ContributorRecord,
    EnduranceRecord,
    FillRecord,
    GenerationRecord,
    MeasureRecord,
    PairRecord,
    PledgeRecord,
    RequirementRecord,
    SizeRecord,
    SubstituteRecord,
    TaskWorthRecord,
    UnlockingRecord,
    UnlockingSetRecord,
    WaitRecord,
    WorthRecord,
)
from truceline.publish.generation_words import (
    any_ours,
    basis_of_sum,
    conditions_of,
    size_of_stage,
    waited_for_by,
)
from truceline.publish.record import number_or_null, tree_of

if TYPE_CHECKING:
    from truceline.generation.backstop import BackstopRow, BackstopWorth
    from truceline.generation.endurance import Endurance
    from truceline.generation.result import CaseResult, Contribution, Generation
    from truceline.generation.unlock import Unlocking
    from truceline.trace import Traced

__all__ = ["GenerationRecord", "record_generation"]

_PEOPLE_DECIMALS = 2
_CHANCE_DECIMALS = 6


def record_generation(generation: Generation) -> GenerationRecord:
    """Return what was found about nations as a record."""
    return GenerationRecord(
        as_of=generation.as_of.isoformat(),
        mission=generation.basis.mission,
        posture=generation.basis.posture,
        burden=generation.burden,
        supplied=dict(generation.supplied),
        case=generation.case_key,
        basis=record_basis(generation.basis),
        pledges=_pledges(generation),
        contributors=_contributors(generation),
        conditions=_conditions(generation),
        requirements=[
            RequirementRecord(
                capability=one.capability.key,
                label=one.capability.label,
                unit=one.capability.unit,
                kind=one.capability.kind,
                priority=one.capability.priority,
                essential=one.capability.essential,
                need=tree_of(one.need),
            )
            for one in generation.requirements
        ],
        cases=[_case(result) for result in generation.cases.values()],
        backstop=[_backstop(row) for row in generation.backstop_rows],
        worth=None if generation.backstop is None else _worth(generation, generation.backstop),
        unlocking=[_unlocking(generation, one) for one in generation.unlocking],
        claims=_claims(generation),
        headlines=[tree_of(traced) for traced in generation.headlines.values()],
        warnings=[str(problem) for problem in generation.warnings],
    )


def _size(traced: Traced, basis: SizeBasis) -> SizeRecord:
    return SizeRecord(
        value=number_or_null(traced.value, _PEOPLE_DECIMALS),
        low=number_or_null(traced.low, _PEOPLE_DECIMALS),
        high=number_or_null(traced.high, _PEOPLE_DECIMALS),
        basis=basis,
    )


def _pledges(generation: Generation) -> list[PledgeRecord]:
    return [
        PledgeRecord(
            code=code,
            name=stance.name,
            pledge_id=stance.latest.pledge_id,
            date=stance.latest.date,
            position=stance.position,
            stage=stance.latest.stage,
            size_low_people=stance.size_low,
            size_high_people=stance.size_high,
            size_words=stance.size_words,
            stages={stage: size_of_stage(pledge) for stage, pledge in stance.by_stage.items()},
            conditions=list(stance.conditions),
            caveats=list(stance.caveats),
            accepts=list(stance.accepts),
            refuses=list(stance.refuses),
            statement=stance.latest.statement,
            source=stance.latest.source,
            source_url=stance.latest.source_url,
            confidence=stance.latest.confidence,
        )
        for code, stance in generation.stances.items()
    ]


def _contributors(generation: Generation) -> list[ContributorRecord]:
    found = []
    for code, offer in generation.offers.items():
        gate = generation.gates.get(code)
        found.append(
            ContributorRecord(
                code=code,
                name=offer.name,
                people=_size(offer.people, offer.basis),
                sustained_people=None if offer.sustained is None else _size(offer.sustained, "ours"),
                units={key: _size(units, "ours") for key, units in offer.units.items()},
                refuses=list(offer.refuses),
                note=offer.note,
                may_come=gate is not None and gate.may_come,
                reason="" if gate is None else gate.reason,
                waits=[
                    WaitRecord(condition=wait.condition, said_by=wait.said_by, one_of=wait.one_of)
                    for wait in (gate.waits if gate is not None else ())
                ],
            )
        )
    return found


def _conditions(generation: Generation) -> list[ConditionRecord]:
    waiting, known, found = waited_for_by(generation), conditions_of(generation), []
    for key, state in generation.states.items():
        condition = known.get(key)
        lead = None if condition is None or condition.kind == "composite" else condition.lead
        found.append(
            ConditionRecord(
                key=key,
                label=generation.condition_labels.get(key, key),
                kind="" if condition is None else condition.kind,
                state=state,
                lead_days=None if lead is None else number_or_null(lead.value),
                lead_low_days=None if lead is None else number_or_null(lead.low),
                lead_high_days=None if lead is None else number_or_null(lead.high),
                after=[] if condition is None else list(condition.after),
                waited_for_by=waiting.get(key, []),
            )
        )
    return found


def _case(result: CaseResult) -> CaseRecord:
    basis = basis_of_sum(result.people_ours)
    return CaseRecord(
        key=result.case.key,
        label=result.case.label,
        sentence=result.case.sentence,
        met=sorted(result.case.met),
        codes=list(result.codes),
        people=_size(result.people, basis),
        people_ours=round(result.people_ours, _PEOPLE_DECIMALS),
        supported=_size(result.supported, basis),
        binding=result.binding,
        gap_share=round(result.gap, _CHANCE_DECIMALS),
        contributions=[_contribution(one) for one in result.contributions],
        fills=[
            FillRecord(
                capability=fill.requirement.capability.key,
                needed=round(fill.requirement.units, _PEOPLE_DECIMALS),
                given=round(fill.given, _PEOPLE_DECIMALS),
                filled_share=round(fill.share, _CHANCE_DECIMALS),
                short=round(fill.short, _PEOPLE_DECIMALS),
                why=fill.why,
            )
            for fill in result.fills
        ],
    )


def _contribution(one: Contribution) -> ContributionRecord:
    return ContributionRecord(
        code=one.code,
        name=one.name,
        people=_size(one.people, one.basis),
        units={key: round(units, _PEOPLE_DECIMALS) for key, units in one.units.items()},
        people_share=round(one.people_share, _CHANCE_DECIMALS),
        effort_share=None if one.effort is None else round(one.effort, _CHANCE_DECIMALS),
        endurance=None if one.endurance is None else _endurance(one.endurance),
    )


def _endurance(one: Endurance) -> EnduranceRecord:
    return EnduranceRecord(
        breaks_at_months=number_or_null(one.breaks_at_months),
        lasts=math.isinf(one.breaks_at_months),
        sustained_people=round(one.sustained_people, _PEOPLE_DECIMALS),
        tied_up_people=round(one.tied_up_people, _PEOPLE_DECIMALS),
        pool_people=round(one.pool, _PEOPLE_DECIMALS),
    )


def _backstop(row: BackstopRow) -> BackstopRecord:
    substitute = row.substitute
    return BackstopRecord(
        task=row.task.key,
        task_label=row.task.label,
        group=row.task.group,
        capability=row.capability,
        label=row.label,
        unit=row.unit,
        needed=None if row.need is None else _size(row.need, "stated"),
        held=None if row.held is None else _size(row.held, "ours"),
        gap=None if row.gap is None else _size(row.gap, "ours"),
        substitute=None
        if substitute is None
        else SubstituteRecord(
            words=substitute.words,
            one_off_usd_bn=_ends(row.one_off),
            yearly_usd_bn=_ends(row.yearly),
            cost_is_known=row.cost_is_known,
            cost_is_ours=substitute.cost_is_ours,
            price_year=substitute.price_year,
            months=substitute.months,
            months_are_ours=substitute.months_are_ours,
            source=substitute.source,
            source_url=substitute.source_url,
        ),
    )


def _ends(traced: Traced | None) -> tuple[float | None, float | None] | None:
    if traced is None:
        return None
    low, high = traced.bounds
    return number_or_null(low), number_or_null(high)


def _worth(generation: Generation, worth: BackstopWorth) -> WorthRecord:
    keys = [measure.key for measure in worth.measures]
    return WorthRecord(
        basis="ours" if any_ours(generation) else "stated",
        measures=[
            MeasureRecord(
                key=measure.key,
                label=measure.label,
                unit=measure.unit,
                without=round(float(worth.values[0, column]), _CHANCE_DECIMALS),
                with_all=round(float(worth.values[-1, column]), _CHANCE_DECIMALS),
            )
            for column, measure in enumerate(worth.measures)
        ],
        tasks=[
            TaskWorthRecord(
                task=one.task.key,
                measure=key,
                alone=round(one.alone[key], _CHANCE_DECIMALS),
                last=round(one.last[key], _CHANCE_DECIMALS),
                shapley=round(one.shapley[key], _CHANCE_DECIMALS),
                interaction=round(one.shapley[key] - one.alone[key], _CHANCE_DECIMALS),
                least=round(one.least[key], _CHANCE_DECIMALS),
                most=round(one.most[key], _CHANCE_DECIMALS),
            )
            for one in worth.worth
            for key in keys
        ],
        changes_nothing=[one.task.key for one in worth.worth if one.changes_nothing],
        pairs=[
            PairRecord(first=a, second=b, measure=key, interaction=round(value, _CHANCE_DECIMALS))
            for key in keys
            for a, b, value in worth.strongest_pairs(key)
        ],
    )


def _unlocking(generation: Generation, one: Unlocking) -> UnlockingRecord:
    codes = {code for found in one.sets for code in found.codes} | set(one.best_in)
    ours = any(generation.offers[code].basis == "ours" for code in codes if code in generation.offers)
    return UnlockingRecord(
        signature="joint" if one.joint else "sequential",
        target=one.target,
        target_words=generation.unlock_target,
        basis="ours" if ours else "stated",
        reachable=one.reachable,
        best_value=round(one.best_value, _CHANCE_DECIMALS),
        best_codes=list(one.best_in),
        shortfall=round(one.shortfall, _CHANCE_DECIMALS),
        fragile=list(one.fragile),
        sets=[
            UnlockingSetRecord(
                conditions=list(found.conditions),
                codes=list(found.codes),
                value=round(found.value, _CHANCE_DECIMALS),
                lead_days=number_or_null(found.lead_days),
            )
            for found in one.sets
        ],
    )


def _claims(generation: Generation) -> list[ClaimRecord]:
    return [
        ClaimRecord(
            key=score.claim.key,
            claim=score.claim.text,
            verdict=score.verdict,
            firm=score.firm,
            sentence=score.sentence,
            number=number_or_null(score.number),
            unit=score.unit,
            source=score.claim.source,
            source_url=score.claim.source_url,
        )
        for score in generation.claims
    ]
