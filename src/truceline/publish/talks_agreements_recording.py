"""Fill the records of plan.json about agreements: how each is received, and the force behind it.

Shares and people are rounded here. Nothing is computed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from truceline.publish.record import number_or_null
from truceline.publish.talks_record import (
    AgreementRecord,
    BackingRecord,
    CodedRecord,
    ForceRecord,
    SenderRecord,
    TermRecord,
    VerdictRecord,
)

if TYPE_CHECKING:
    from truceline.plan.talks import AgreementForce
    from truceline.talks.acceptance import Reception
    from truceline.trace import Traced

SHARE_DECIMALS = 4
_PEOPLE_DECIMALS = 1


def record_agreement(one: Reception) -> AgreementRecord:
    """Return an agreement with how it is received."""
    agreement = one.agreement
    return AgreementRecord(
        key=agreement.key,
        label=agreement.label,
        sentence=agreement.sentence,
        source=agreement.source,
        terms=[
            TermRecord(
                key=term.key,
                kind=term.kind,
                label=term.label,
                asks=list(term.asks),
                meets=list(term.meets),
                bars=list(term.bars),
                note=term.note,
            )
            for term in agreement.terms
        ],
        points={issue: record_coded(point) for issue, point in agreement.points.items()},
        verdicts=[
            VerdictRecord(
                actor=verdict.actor,
                word=verdict.word,
                issues=list(verdict.issues),
                gain=round(verdict.gain, SHARE_DECIMALS),
                gains={issue: round(gain, SHARE_DECIMALS) for issue, gain in verdict.gains.items()},
                accepts=verdict.accepts,
                accepts_share=round_share(verdict.accepts_share),
                vetoes=list(verdict.vetoes),
                blocks_on=list(verdict.blocks_on),
                asked_by=list(verdict.asked_by),
                refuses=list(verdict.refuses),
                blocks_share=round_share(verdict.blocks_share),
            )
            for verdict in one.verdicts
        ],
        backing=[
            BackingRecord(
                issue=backing.issue,
                weight_share=round(backing.weight_share, SHARE_DECIMALS),
                quota_share=round(backing.quota_share, SHARE_DECIMALS),
                enough=backing.is_enough,
            )
            for backing in one.backing
        ],
        accepting=list(one.accepting),
        rejecting=list(one.rejecting),
        blocking=list(one.blocking),
        could_block=list(one.could_block),
        stands=one.stands,
        stands_share=round_share(one.stands_share),
    )


def record_force(one: AgreementForce) -> ForceRecord:
    """Return the force behind an agreement."""
    result = one.result
    people = None if result is None else result.people
    low, high = (None, None) if people is None else people.bounds
    return ForceRecord(
        agreement=one.agreement.key,
        posture=one.posture,
        posture_label=one.posture_label,
        needed_people=None if one.needed is None else _people(one.needed.value),
        met=list(one.met),
        votes=list(one.votes),
        people=None if people is None else _people(people.value),
        people_low=None if low is None else _people(low),
        people_high=None if high is None else _people(high),
        people_ours=None if result is None else _people(result.people_ours),
        basis=None if result is None else ("ours" if result.people_ours > 0 else "stated"),
        supported_people=None if result is None else _people(result.supported.value),
        binding="" if result is None else result.binding,
        filled_share=round_share(one.filled_share),
        detect=round_share(one.detect),
        senders=[
            SenderRecord(
                code=sender.code,
                name=sender.name,
                basis=sender.basis,
                people=_people(sender.people.value),
                people_low=_people(sender.people.bounds[0]),
                people_high=_people(sender.people.bounds[1]),
            )
            for sender in (() if result is None else result.contributions)
        ],
        waiting={code: list(keys) for code, keys in one.waiting.items()},
        notes=list(one.notes),
    )


def record_coded(traced: Traced) -> CodedRecord:
    """Return a coded number with its range."""
    low, high = traced.bounds
    return CodedRecord(low=low, value=traced.value, high=high)


def round_share(value: float | None) -> float | None:
    """Return a share to the digits of the document, or nothing where there is none."""
    return number_or_null(value, SHARE_DECIMALS)


def _people(value: float) -> float:
    return round(value, _PEOPLE_DECIMALS)
