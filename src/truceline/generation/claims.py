"""The score sheet of published claims: reproduced, challenged or not testable, with a sentence and a number.

Units as each claim and `ClaimInputs` name them. The claims are a packaged table; `claim_verdicts` holds one
judge for each. A verdict is about this plan's numbers under this plan's assumptions, not about who was right.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from functools import cache
from typing import Any

from truceline.errors import ProblemList
from truceline.generation.claim_model import (
    VERDICTS,
    Band,
    Claim,
    ClaimInputs,
    ClaimScore,
    Finding,
    PostureFigures,
    Verdict,
)
from truceline.generation.claim_verdicts import JUDGES, UNTESTABLE
from truceline.scenario.reference import Row, parse_rows, read_number, read_table

__all__ = [
    "VERDICTS",
    "Band",
    "Claim",
    "ClaimInputs",
    "ClaimScore",
    "PostureFigures",
    "Verdict",
    "count_verdicts",
    "read_claims",
    "score_claims",
]

_DIGITS = 9  # a difference of shares must not show the rounding of its terms


@cache
def read_claims() -> tuple[Claim, ...]:
    """Return the published claims in the order of their table. Raises TableError where it is malformed."""
    return parse_rows(read_table("claims"), parse_claim, "claims")


def score_claims(inputs: ClaimInputs, claims: Sequence[Claim] | None = None) -> tuple[ClaimScore, ...]:
    """Return a verdict on every claim, in the order of the claims (default: the packaged ones).

    A claim is `firm` when moving any one range of the inputs to either end leaves its verdict as it is.
    """
    moved = tuple(_move_ranges(inputs))
    return tuple(_score(claim, inputs, moved) for claim in (read_claims() if claims is None else claims))


def count_verdicts(scores: Sequence[ClaimScore]) -> dict[Verdict, int]:
    """Return how many claims have each verdict."""
    return {verdict: sum(score.verdict == verdict for score in scores) for verdict in VERDICTS}


def parse_claim(row: Row, problems: ProblemList) -> Claim | None:
    """Return a row of the claims as a record; notes what is wrong with it and then returns None."""
    where = f"claims/{row['claim_id']}"
    before = len(problems.problems)
    if row["claim_id"] not in JUDGES:
        problems.add(where, "is a claim without a judge", f"one of {', '.join(JUDGES)}")
    numbers: list[float] = []
    try:
        low, high = read_number(row["low"]), read_number(row["high"])
        numbers = [float(text) for text in row["of"].split("|") if text]
    except ValueError as error:
        problems.add(where, str(error), "write numbers, or leave the cell empty")
        return None
    if (low is None) != (high is None) or (low is not None and high is not None and low > high):
        problems.add(where, f"{low} to {high} is no range", "write both, the lowest first, or neither")
    if len(problems.problems) > before:
        return None
    return Claim(
        key=row["claim_id"],
        date=row["date"],
        text=row["claim"],
        metric=row["metric"],
        low=low,
        high=high,
        unit=row["unit"],
        of=tuple(numbers),
        of_unit=row["of_unit"],
        test=row["test"],
        source=row["source"],
        source_url=row["source_url"],
        confidence=row["confidence"],
    )


def _score(claim: Claim, inputs: ClaimInputs, moved: Sequence[ClaimInputs]) -> ClaimScore:
    judge = JUDGES[claim.key]
    finding = judge(claim, inputs)
    firm = None
    if finding.holds is not None:
        firm = all(judge(claim, other).holds == finding.holds for other in moved)
    verdict = _name_verdict(claim, finding)
    number = None if finding.number is None else round(finding.number, _DIGITS)
    return ClaimScore(claim, verdict, finding.sentence, number, finding.unit, firm)


def _name_verdict(claim: Claim, finding: Finding) -> Verdict:
    if finding.holds is None:
        return "not testable" if claim.key in UNTESTABLE else "not testable yet"
    return "reproduced" if finding.holds else "challenged"


def _move_ranges(inputs: ClaimInputs) -> Iterator[ClaimInputs]:
    """Yield the inputs with one range at a time at its low, then at its high end; postures move together."""
    for each in fields(inputs):
        band = getattr(inputs, each.name)
        if isinstance(band, Band):
            for end in (band.low, band.high):
                changes: dict[str, Any] = {each.name: replace(band, value=end)}
                yield replace(inputs, **changes)
    for which in ("low", "high"):
        postures = tuple(
            replace(posture, people=replace(posture.people, value=getattr(posture.people, which)))
            for posture in inputs.postures
        )
        yield replace(inputs, postures=postures)
