"""The answer of force generation: who comes in each case, what is short, what the backstop is worth.

People; units of capabilities; shares between 0 and 1. Records only: `make` fills them, products read them. A
number that rests on a size nobody stated carries basis "ours" and a range, and is never shown without both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from truceline.errors import Problem
from truceline.generation.backstop import BackstopRow, BackstopWorth
from truceline.generation.cases import Case
from truceline.generation.claims import ClaimScore
from truceline.generation.condition_book import ConditionBook
from truceline.generation.endurance import Endurance
from truceline.generation.gating import Gate
from truceline.generation.model import Basis, Offer, Requirement, SizeBasis, State
from truceline.generation.register import Stance
from truceline.generation.unlock import Unlocking
from truceline.trace import Traced


@dataclass(frozen=True, eq=False)
class Contribution:
    """What one contributor brings in a case."""

    code: str
    name: str
    basis: SizeBasis
    """Who said how many people: the nation, or nobody and the number is ours; "none" where no people come."""
    people: Traced
    """People it sends, with the range of what it could send; ``generation.<case>.people.<code>``."""
    units: Mapping[str, float]
    """By capability: people or units it brings; only what is above zero."""
    people_share: float
    """Share of all people sent."""
    effort: float | None
    """People sent as a share of what it can keep abroad without end (ours); None where that is unknown."""
    endurance: Endurance | None
    """How long its rotation lasts; None where its pool is unknown or it sends nobody."""


@dataclass(frozen=True, eq=False)
class Fill:
    """How far one requirement is met."""

    requirement: Requirement
    given: float
    """People or units, from all who come."""
    share: float
    """Filled share, at most 1."""
    short: float
    """People or units missing."""
    why: str
    """What it is short of, in words; empty when it is full."""


@dataclass(frozen=True, eq=False)
class CaseResult:
    """Who comes when the conditions of a case are met."""

    case: Case
    codes: tuple[str, ...]
    """Contributors whose conditions are met."""
    contributions: tuple[Contribution, ...]
    """Those that bring something, most people first."""
    fills: tuple[Fill, ...]
    """Every requirement, in order of priority."""
    people: Traced
    """People sent, ``generation.<case>.people``; low and high from the offers of those who come."""
    people_ours: float
    """Part of `people` that rests on sizes nobody stated."""
    supported: Traced
    """People of them whom the enablers in hand can support, ``generation.<case>.supported``."""
    binding: str
    """Capability that limits `supported`; empty when none does."""
    gap: float
    """Distance of the allocation from its proven bound; 0 when optimal."""


@dataclass(frozen=True, eq=False)
class Generation:
    """Everything said about nations for one posture on one day."""

    basis: Basis
    as_of: date
    burden: str
    supplied: Mapping[str, float]
    """Share of the gap of a backstop task that the guarantor fills; all of it for tasks not named."""
    case_key: str
    """The case shown in full."""
    stances: Mapping[str, Stance]
    """What every nation had said by that day, by code."""
    offers: Mapping[str, Offer]
    """What each could bring, by code."""
    gates: Mapping[str, Gate]
    """What each waits for, and who says so, by code."""
    states: Mapping[str, State]
    """Every condition on that day."""
    book: ConditionBook
    """The conditions themselves: labels, lead times, what they wait for and exclude."""
    requirements: tuple[Requirement, ...]
    cases: Mapping[str, CaseResult]
    backstop_rows: tuple[BackstopRow, ...]
    """Needed, held, gap and substitute for each task."""
    backstop: BackstopWorth | None
    """What each task is worth alone, together and by Shapley split."""
    unlocking: tuple[Unlocking, ...]
    """Smallest sets of conditions for the target: each waits for the others, and all sign together."""
    unlock_target: str
    """The target in words."""
    claims: tuple[ClaimScore, ...]
    headlines: Mapping[str, Traced]
    """Numbers by name that `truceline explain` unfolds."""
    warnings: tuple[Problem, ...]

    @property
    def condition_labels(self) -> dict[str, str]:
        """What each condition is, in words, by key."""
        return {key: condition.label for key, condition in self.book.items()}

    @property
    def shown(self) -> CaseResult:
        """The case shown in full."""
        return self.cases[self.case_key]
