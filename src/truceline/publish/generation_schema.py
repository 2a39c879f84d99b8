"""Who would come, as plan.json has it: the records of cases, pledges, conditions, tasks and claims.

People, units of capabilities, shares between 0 and 1, days, months, USD bn; units stand in the names of keys.
Beside every number of people stands its basis: "stated" by the nation, or "ours" with its range where nobody
stated one. A number whose basis is "ours" must never be quoted without it. Records only.
"""

from __future__ import annotations

from typing import Any, Literal

from truceline.generation.model import Mission, SizeBasis, State
from truceline.publish.basis_record import BasisRecord
from truceline.publish.record import Record


class SizeRecord(Record):
    """A number of people or units, its range, and whose it is."""

    value: float | None
    low: float | None
    high: float | None
    basis: SizeBasis
    """stated: the nation said so; ours: nobody did and it is our estimate; none: nothing is offered."""


class PledgeRecord(Record):
    """The statement that counts for one nation on the day."""

    code: str
    name: str
    pledge_id: str
    date: str
    position: str
    stage: str
    size_low_people: int | None
    """Fewest people stated; null where no size was stated."""
    size_high_people: int | None
    size_words: str
    stages: dict[str, str]
    """Size in words by stage (announced, approved, deployed); stages are never added."""
    conditions: list[str]
    caveats: list[str]
    accepts: list[str]
    refuses: list[str]
    statement: str
    source: str
    source_url: str
    confidence: str


class WaitRecord(Record):
    """One condition of one nation."""

    condition: str
    said_by: str
    """stated (by the nation), law, or rule (ours)."""
    one_of: bool
    """Whether it is one of several routes of which any is enough."""


class ContributorRecord(Record):
    """One contributor: what it could bring if its conditions were met, and what it waits for."""

    code: str
    name: str
    people: SizeRecord
    sustained_people: SizeRecord | None
    """What it can keep abroad without end: our estimate."""
    units: dict[str, SizeRecord]
    """Units of enablers by capability: holdings after our readiness and release."""
    refuses: list[str]
    note: str
    may_come: bool
    reason: str
    """Why it never comes; empty when it may."""
    waits: list[WaitRecord]


class ConditionRecord(Record):
    """One named condition."""

    key: str
    label: str
    kind: str
    state: State
    lead_days: float | None
    """Days from when it can begin; null where it takes none of its own."""
    lead_low_days: float | None
    lead_high_days: float | None
    after: list[str]
    waited_for_by: list[str]
    """Contributors that wait for it, by code."""


class RequirementRecord(Record):
    """What the force needs of one capability."""

    capability: str
    label: str
    unit: str
    kind: str
    priority: int
    essential: bool
    need: dict[str, Any]
    """Number as a tree: value, range, rule and assumptions."""


class EnduranceRecord(Record):
    """How long a contributor can keep up what it sends."""

    breaks_at_months: float | None
    """Month in which its rotation breaks; null when it never does."""
    lasts: bool
    sustained_people: float
    """Most it could keep up without end: ours."""
    tied_up_people: float
    """People deployed, resting and preparing."""
    pool_people: float
    """Usable people behind the tours: ours."""


class ContributionRecord(Record):
    """What one contributor brings in a case."""

    code: str
    name: str
    people: SizeRecord
    units: dict[str, float]
    """People or units by capability; a split of `people` has its basis, units of enablers are ours."""
    people_share: float
    effort_share: float | None
    """People sent as a share of what it can keep abroad without end (ours)."""
    endurance: EnduranceRecord | None


class FillRecord(Record):
    """How far one requirement is met in a case."""

    capability: str
    needed: float
    given: float
    filled_share: float
    short: float
    why: str


class CaseRecord(Record):
    """Who comes when the conditions of a case are met."""

    key: str
    label: str
    sentence: str
    met: list[str]
    codes: list[str]
    """Contributors whose conditions are met."""
    people: SizeRecord
    people_ours: float
    """Part of `people` that rests on sizes nobody stated."""
    supported: SizeRecord
    binding: str
    """Capability that limits the people supported; empty when none does."""
    gap_share: float
    """Distance of the allocation from its proven bound; 0 when optimal."""
    contributions: list[ContributionRecord]
    fills: list[FillRecord]


class SubstituteRecord(Record):
    """What would stand in for a task."""

    words: str
    one_off_usd_bn: tuple[float | None, float | None] | None
    yearly_usd_bn: tuple[float | None, float | None] | None
    cost_is_known: bool
    cost_is_ours: bool
    price_year: int | None
    months: tuple[float, float] | None
    months_are_ours: bool
    source: str
    source_url: str


class BackstopRecord(Record):
    """One line of the backstop: a capability that a task fills, or the promise that fills none."""

    task: str
    task_label: str
    group: str
    capability: str
    label: str
    unit: str
    needed: SizeRecord | None
    held: SizeRecord | None
    gap: SizeRecord | None
    substitute: SubstituteRecord | None


class TaskWorthRecord(Record):
    """What one task changes in one measure."""

    task: str
    measure: str
    alone: float
    """With no other task."""
    last: float
    """Lost when it alone is taken away from all."""
    shapley: float
    interaction: float
    """Shapley value less the value alone: what it gains or loses by meeting the others."""
    least: float
    most: float


class MeasureRecord(Record):
    """One measure of the backstop's worth, from nothing of it to all."""

    key: str
    label: str
    unit: str
    without: float
    with_all: float


class PairRecord(Record):
    """Two tasks that need each other (above zero) or replace each other (below)."""

    first: str
    second: str
    measure: str
    interaction: float


class WorthRecord(Record):
    """What the tasks of the backstop are worth."""

    basis: SizeBasis
    """ours: people, and what follows from them, rest on sizes that nobody stated."""
    measures: list[MeasureRecord]
    tasks: list[TaskWorthRecord]
    changes_nothing: list[str]
    pairs: list[PairRecord]


class UnlockingSetRecord(Record):
    """One smallest set of conditions."""

    conditions: list[str]
    codes: list[str]
    value: float
    lead_days: float | None


class UnlockingRecord(Record):
    """Smallest sets of conditions that bring the target."""

    signature: Literal["sequential", "joint"]
    target: float
    target_words: str
    basis: SizeBasis
    """ours: who comes then includes contributors whose size is ours."""
    reachable: bool
    best_value: float
    best_codes: list[str]
    shortfall: float
    fragile: list[str]
    sets: list[UnlockingSetRecord]


class ClaimRecord(Record):
    """One published claim and what became of it here."""

    key: str
    claim: str
    verdict: str
    firm: bool | None
    """Whether the verdict stays when any one range moves to an end; null where there is none."""
    sentence: str
    number: float | None
    unit: str
    source: str
    source_url: str


class GenerationRecord(Record):
    """Everything said about nations, for one posture on one day."""

    as_of: str
    mission: Mission
    posture: str
    burden: str
    supplied: dict[str, float]
    """Share of a backstop task's gap that the guarantor fills; all of it for tasks not named."""
    case: str
    """Key of the case shown in full."""
    basis: BasisRecord
    pledges: list[PledgeRecord]
    contributors: list[ContributorRecord]
    conditions: list[ConditionRecord]
    requirements: list[RequirementRecord]
    cases: list[CaseRecord]
    backstop: list[BackstopRecord]
    worth: WorthRecord | None
    unlocking: list[UnlockingRecord]
    claims: list[ClaimRecord]
    headlines: list[dict[str, Any]]
    """Numbers as trees, that `truceline explain` unfolds."""
    warnings: list[str]
