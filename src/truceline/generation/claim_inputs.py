"""What the score sheet needs, gathered from a plan's basis, its situation and its cases.

Units as `claim_model.ClaimInputs` names them; what a plan does not have stays None. Nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from truceline.generation.backstop import BackstopRow, BackstopWorth, bill_substitutes
from truceline.generation.claim_model import Band, BandBasis, ClaimInputs, PostureFigures
from truceline.generation.model import Basis, Requirement
from truceline.generation.nations import pool_people, sustained_people
from truceline.generation.outcomes import read_outcome
from truceline.generation.readiness import count_any_form, count_ready
from truceline.generation.result import CaseResult, Contribution
from truceline.generation.situation import Situation
from truceline.generation.worth import GUARANTEE, fill_intelligence
from truceline.scenario.assumption import AssumptionSet
from truceline.trace import ENDS, Traced

APRIL, SEPTEMBER = date(2025, 4, 10), date(2025, 9, 5)
"""Days of the two published counts of nations (claims C11 and C12)."""


@dataclass(frozen=True)
class ClaimPrices:
    """Prices that claims about money are held against; what a person costs is worked out elsewhere."""

    person_year_usd: Band
    """One person deployed for a year."""
    usd_per_gbp: float


def gather_inputs(
    basis: Basis,
    situation: Situation,
    requirements: Sequence[Requirement],
    cases: Mapping[str, CaseResult],
    rows: Sequence[BackstopRow],
    worth: BackstopWorth | None,
    assumptions: AssumptionSet,
    prices: ClaimPrices | None = None,
) -> ClaimInputs:
    """Return the numbers that the verdicts on published claims rest on.

    prices: None where nobody works out what a person costs; claims about money are then not testable.
    """
    whole, without = cases.get("coalition"), cases.get("no-backstop")
    uk = _contribution(whole, "GBR")
    bill = bill_substitutes(rows, (), assumptions) if rows else None
    leading = worth.leading_task("people") if worth is not None else None
    return ClaimInputs(
        line_km=basis.length_km,
        postures=tuple(
            PostureFigures(each.key, each.label, each.mission, Band.of(each.people, "plan"), each.detect)
            for each in basis.postures
        ),
        tour_months=assumptions.value("rotation.tour"),
        dwell_months=assumptions.value("rotation.dwell"),
        offered=_sum_offers(whole, situation),
        generated=Band.of(whole.people, "ours") if whole else None,
        generated_stated=whole.people.value - whole.people_ours if whole else None,
        generated_no_backstop=Band.of(without.people, "ours") if without else None,
        sustained_senders=_sum_capacity(_senders(situation), situation, assumptions),
        sustained_nato_europe=_sum_capacity(
            [code for code, nation in situation.nations.items() if nation.group == "nato_europe"],
            situation,
            assumptions,
        ),
        surge_share=Band.of(assumptions.trace("generation.surge_share"), "published"),
        sustained_uk=_sum_capacity(["GBR"], situation, assumptions),
        sustained_france=_sum_capacity(["FRA"], situation, assumptions),
        sustained_germany=_sum_capacity(["DEU"], situation, assumptions),
        brigade_people=assumptions.value("deterrence.brigade_people"),
        ready_april_2025=count_ready(situation.register, situation.book, APRIL).count,
        any_form_september_2025=count_any_form(situation.register, SEPTEMBER).count,
        tankers_needed=_row_band(rows, "refuelling", "need"),
        tankers_held=_row_band(rows, "refuelling", "held"),
        satellites_needed=_row_band(rows, "isr-space", "need"),
        satellites_held=_row_band(rows, "isr-space", "held"),
        detect_with_us=_detect(basis, requirements, situation, whole, brought=True),
        detect_without_us=_detect(basis, requirements, situation, whole, brought=False),
        substitute_one_off=_sum_rows(rows, "one_off"),
        substitute_yearly=_sum_rows(rows, "yearly"),
        substitute_unknown=bill.unknown if bill is not None else (),
        person_year_usd=prices.person_year_usd if prices is not None else None,
        usd_per_gbp=prices.usd_per_gbp if prices is not None else None,
        uk_people=Band.of(uk.people, uk.basis) if uk is not None and uk.basis != "none" else None,
        uk_tied_up=_tied_up(uk.people, uk.endurance.multiplier, "ours" if uk.basis == "ours" else "plan")
        if uk is not None and uk.endurance is not None and uk.basis != "none"
        else None,
        uk_pool=Band.of(pool, "ours")
        if (pool := pool_people(situation.nations["GBR"], assumptions))
        else None,
        uk_defence_pct=situation.nations["GBR"].defence_share_pct,
        canada_people=_offer_band(situation, "CAN"),
        canada_capacity=_capacity_before_commitments(situation, "CAN", assumptions),
        canada_latvia=sum(
            each.people for each in situation.nations["CAN"].commitments if "Latvia" in each.place
        ),
        guarantee_share=_share_of(worth, GUARANTEE),
        leading_task=leading[0].label if leading is not None else "",
        leading_share=leading[1] if leading is not None else None,
    )


def _tied_up(people: Traced, multiplier: float, basis: BandBasis) -> Band:
    value, low, high = (people.at(end) * multiplier for end in ENDS)
    return Band(value, low, high, basis)


def _contribution(result: CaseResult | None, code: str) -> Contribution | None:
    return next((each for each in result.contributions if each.code == code), None) if result else None


def _senders(situation: Situation) -> list[str]:
    """Return the nations that had said they would send people, on conditions."""
    return [
        code
        for code, stance in situation.stances.items()
        if stance.is_offer and not stance.is_open and situation.offers[code].basis != "none"
    ]


def _sum_capacity(codes: Collection[str], situation: Situation, assumptions: AssumptionSet) -> Band | None:
    known = [sustained_people(situation.nations[code], assumptions) for code in sorted(codes)]
    parts = [each for each in known if each is not None]
    return _sum_bands(parts)


def _sum_bands(parts: Sequence[Traced]) -> Band | None:
    """Return the sum of some numbers, lows and highs added up; None without any."""
    if not parts:
        return None
    value, low, high = (sum(each.at(end) for each in parts) for end in ENDS)
    return Band(value, low, high, "ours")


def _capacity_before_commitments(situation: Situation, code: str, assumptions: AssumptionSet) -> Band | None:
    free = assumptions.replaced({"generation.commitment_weight": 0.0})
    return _sum_capacity([code], situation, free)


def _offer_band(situation: Situation, code: str) -> Band | None:
    offer = situation.offers.get(code)
    return Band.of(offer.people, offer.basis) if offer is not None and offer.basis != "none" else None


def _row_band(rows: Sequence[BackstopRow], capability: str, field: str) -> Band | None:
    for row in rows:
        traced = getattr(row, field)
        if row.capability == capability and traced is not None:
            return Band.of(traced, "ours")
    return None


def _sum_rows(rows: Sequence[BackstopRow], field: str) -> Band | None:
    parts = [traced for row in rows if (traced := getattr(row, field)) is not None]
    return _sum_bands(parts)


def _detect(
    basis: Basis,
    requirements: Sequence[Requirement],
    situation: Situation,
    whole: CaseResult | None,
    *,
    brought: bool,
) -> float | None:
    """Return what the fully manned watch detects with what others hold, and with every gap filled."""
    if basis.outcomes is None or whole is None:
        return None
    tasks = frozenset(basis.outcomes.tasks) if brought else frozenset()
    filled = fill_intelligence(requirements, situation.offers_of(whole.codes), tasks, {}, basis)
    return read_outcome(basis.outcomes, "detect", 1.0, filled)


def _sum_offers(whole: CaseResult | None, situation: Situation) -> Band | None:
    """Return all that those who come could bring, whatever this force has work for."""
    return None if whole is None else _sum_bands([situation.offers[code].people for code in whole.codes])


def _share_of(worth: BackstopWorth | None, task: str) -> float | None:
    if worth is None:
        return None
    sizes = {each.task.key: abs(each.shapley["people"]) for each in worth.worth}
    total = sum(sizes.values())
    return sizes[task] / total if total > 0 and task in sizes else None
