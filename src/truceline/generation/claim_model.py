"""The nouns of the score sheet: what was claimed, what a plan can say about it, and the verdict.

People, months, units, USD bn, shares between 0 and 1; each field names its own. Nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from truceline.generation.model import Mission
from truceline.trace import Traced

BandBasis = Literal["plan", "ours", "stated", "published"]
"""Who stands behind a number: the plan, nobody (our prior, marked as such), a nation, or a publication."""

Verdict = Literal["reproduced", "challenged", "not testable", "not testable yet"]
"""`not testable`: no plan could say. `not testable yet`: this one lacks what it takes."""
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)


@dataclass(frozen=True)
class Band:
    """A number with its range and who stands behind it."""

    value: float
    low: float
    high: float
    basis: BandBasis = "plan"

    @classmethod
    def of(cls, traced: Traced, basis: BandBasis = "plan") -> Band:
        """Return a traced number as a band; one without a range is its own ends."""
        return cls(traced.value, *traced.bounds, basis)


@dataclass(frozen=True)
class PostureFigures:
    """One posture of the plan."""

    key: str
    label: str
    mission: Mission
    people: Band
    detect: float | None = None
    """Share of incidents detected; None without a map."""


@dataclass(frozen=True)
class ClaimInputs:
    """Everything the verdicts need, as plain numbers; None for what a plan does not have."""

    line_km: float | None = None
    postures: tuple[PostureFigures, ...] = ()
    tour_months: float | None = None
    dwell_months: float | None = None
    offered: Band | None = None
    """People of every offer whose conditions are met with the whole backstop, whatever the plan needs."""
    generated: Band | None = None
    """People who would come with the whole backstop (case `coalition`), at most what the plan needs."""
    generated_stated: float | None = None
    """Part of them in sizes that nations stated."""
    generated_no_backstop: Band | None = None
    sustained_senders: Band | None = None
    """People whom the nations that would send can keep abroad without end."""
    sustained_nato_europe: Band | None = None
    surge_share: Band | None = None
    """Share of people on active duty who are taken as usable."""
    sustained_uk: Band | None = None
    sustained_france: Band | None = None
    sustained_germany: Band | None = None
    brigade_people: float | None = None
    ready_april_2025: int | None = None
    """Nations ready on 10 April 2025, while the backstop was unknown."""
    any_form_september_2025: int | None = None
    """Nations that had offered anything in any form by 5 September 2025."""
    tankers_needed: Band | None = None
    tankers_held: Band | None = None
    """Tankers that others than the US would bring, after readiness and release."""
    satellites_needed: Band | None = None
    satellites_held: Band | None = None
    detect_with_us: float | None = None
    """Share of incidents detected with every intelligence task of the backstop."""
    detect_without_us: float | None = None
    """The same with only what others hold."""
    substitute_one_off: Band | None = None
    """USD bn, once, for what stands in for the whole backstop."""
    substitute_yearly: Band | None = None
    """USD bn a year."""
    substitute_unknown: tuple[str, ...] = ()
    """What the two leave out because nobody knows its cost."""
    person_year_usd: Band | None = None
    """A person deployed for a year: incremental where published for such a force, else full."""
    usd_per_gbp: float | None = None
    uk_people: Band | None = None
    """People whom the United Kingdom would send."""
    uk_tied_up: Band | None = None
    """People whom they bind: deployed, resting and preparing."""
    uk_pool: Band | None = None
    """Usable people from whom the United Kingdom mans tours."""
    uk_defence_pct: float | None = None
    """Its defence spending now, per cent of GDP."""
    canada_people: Band | None = None
    """People whom Canada would send."""
    canada_capacity: Band | None = None
    """People whom Canada can keep abroad without end, before what it does already."""
    canada_latvia: float | None = None
    """People whom Canada has in Latvia."""
    guarantee_share: float | None = None
    """The guarantee's share of what the whole backstop changes in people, by Shapley value."""
    leading_task: str = ""
    """The task with the largest share, in words."""
    leading_share: float | None = None


@dataclass(frozen=True)
class Claim:
    """One published claim."""

    key: str
    date: str
    """Day, month or year it was made."""
    text: str
    metric: str
    low: float | None
    high: float | None
    unit: str
    of: tuple[float, ...]
    """Other quantities the claim is about, in `of_unit`."""
    of_unit: str
    test: str
    """What a model can do to test it."""
    source: str
    source_url: str
    confidence: str


@dataclass(frozen=True)
class Finding:
    """What a plan says about a claim."""

    holds: bool | None
    """None where it cannot say."""
    sentence: str
    number: float | None = None
    unit: str = ""


@dataclass(frozen=True)
class ClaimScore:
    """A line of the score sheet."""

    claim: Claim
    verdict: Verdict
    sentence: str
    """One sentence; a number that rests on sizes nobody stated says "ours" and gives its range."""
    number: float | None
    """The number the verdict rests on, in `unit`; None where there is none."""
    unit: str
    firm: bool | None
    """Whether no single range, moved to either end, turns the verdict; None where there is no verdict."""


Judge = Callable[[Claim, ClaimInputs], Finding]
"""Says what the inputs make of a claim."""
