"""One small verdict for each published claim: what the plan's own numbers make of it.

People, months, units, USD bn and shares as `ClaimInputs` has them. The claimed figures come from the claims
table and every other number from the inputs: nothing is canned, so each verdict can turn. What a claim says
about intentions, or about a war, is not judged.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from truceline.generation.claim_model import Band, Claim, ClaimInputs, Finding, Judge, PostureFigures
from truceline.generation.readiness import COUNT_TOLERANCE
from truceline.units import format_people, format_share

ABOUT_SHARE = 0.2
"""A number within this share of a claimed one is the claimed one: people who speak of 40,000 mean about that.
Our choice."""
EXACT_SHARE = 0.05
"""The same for arithmetic that should come out, such as the factor of a rotation. Our choice."""
FAR_MORE_SHARE = 0.25
"""What goes unseen has to grow by this share before a force is called far more exposed. Our choice."""
AS_WELL_SHARE = 0.9
"""A posture that detects this share of what the best one does is said to do as well. Our choice."""
HALF = 0.5
"""Part of a claimed range that has to be covered before it counts as reproduced. Our choice."""
OTHER_TOURS_MONTHS = (4.0, 9.0)
"""Tours shown beside the plan's: the French and the US practice (staffing_factors/SF087)."""
TASK_FACTOR = 1.5
"""Postures that differ by less than this factor do not show that the task matters. Our choice."""

UNTESTABLE: Mapping[str, str] = {
    "C08": "the capacity of every nation is built on this very ratio, so that agreement proves nothing",
    "C25": "no plan shows what deters anyone; only who would come with and without it can be shown",
}
"""Claims that no plan can judge, and why."""


def _line_needs(claim: Claim, x: ClaimInputs) -> Finding:
    watch = _smallest(x, "observation")
    if watch is None:
        return _lacking("a posture that observes")
    density = ""
    if x.line_km:
        density = (
            f", {watch.people.value / x.line_km:.0f} per km where {format_people(_low(claim))} would be "
            f"{_low(claim) / x.line_km:.0f}"
        )
    told = f"Watching the line takes {_tell(watch.people)} people ({watch.label}){density}."
    return Finding(_about(watch.people.value, claim), told, watch.people.value, "person")


def _wanted_force(claim: Claim, x: ClaimInputs) -> Finding:
    supply = x.sustained_nato_europe
    if supply is None:
        return _lacking("the capacity of NATO Europe")
    share = format_share(supply.value / _low(claim))
    told = (
        f"NATO Europe can keep {_tell(supply)} people abroad without end, {share} of the "
        f"{format_people(_low(claim))} wanted."
    )
    return Finding(supply.value >= _low(claim), told, supply.value, "person")


def _force_by_task(claim: Claim, x: ClaimInputs) -> Finding:
    if len(x.postures) < 2:
        return _lacking("more than one posture")
    ordered = sorted(x.postures, key=lambda posture: (posture.people.value, posture.key))
    least, most = ordered[0], ordered[-1]
    covered = min(most.people.value, _high(claim)) - max(least.people.value, _low(claim))
    differ = most.people.value >= TASK_FACTOR * least.people.value
    told = (
        f"By task the plan runs from {_tell(least.people)} people ({least.label}) to {_tell(most.people)} "
        f"({most.label}), which is {format_share(max(0.0, covered) / (_high(claim) - _low(claim)))} of the "
        f"range that was claimed."
    )
    holds = differ and covered >= HALF * (_high(claim) - _low(claim))
    return Finding(holds, told, most.people.value, "person")


def _offer_size(claim: Claim, x: ClaimInputs) -> Finding:
    offered = x.offered or x.generated
    if offered is None:
        return _lacking("who would come")
    stated, alone = x.generated_stated or 0.0, ""
    if x.generated_no_backstop is not None:
        alone = f"; this force would get {_tell(x.generated_no_backstop)} without the backstop"
    told = (
        f"With the whole backstop nations would bring {_tell(offered)} people, {format_people(stated)} of "
        f"them in sizes that they stated{alone}."
    )
    return Finding(_about(offered.value, claim), told, offered.value, "person")


def _rotation_factor(claim: Claim, x: ClaimInputs) -> Finding:
    if x.tour_months is None or x.dwell_months is None:
        return _lacking("a rotation")
    factor = (x.tour_months + x.dwell_months) / x.tour_months
    deployed = claim.of[0]
    others = " and ".join(
        f"{format_people(deployed * (tour + x.dwell_months) / tour)} with tours of {tour:g}"
        for tour in OTHER_TOURS_MONTHS
    )
    told = (
        f"{format_people(deployed)} deployed bind {format_people(deployed * factor)} with tours of "
        f"{x.tour_months:g} months and {x.dwell_months:g} at home (factor {factor:.2f}), {others} months."
    )
    holds = _low(claim) * (1 - EXACT_SHARE) <= factor <= _high(claim) * (1 + EXACT_SHARE)
    return Finding(holds, told, deployed * factor, "person")


def _feasible_force(claim: Claim, x: ClaimInputs) -> Finding:
    senders = x.sustained_senders
    if senders is None:
        return _lacking("the capacity of those who would send")
    place = "between" if _low(claim) <= senders.value < _high(claim) else "not between"
    whole = ""
    if x.sustained_nato_europe is not None:
        whole = f"; all NATO Europe {_tell(x.sustained_nato_europe)}"
    told = (
        f"Those who would send can keep {_tell(senders)} people abroad without end, {place} the "
        f"{format_people(_low(claim))} called a push and the {format_people(_high(claim))} called "
        f"impossible{whole}."
    )
    return Finding(place == "between", told, senders.value, "person")


def _usable_share(claim: Claim, x: ClaimInputs) -> Finding:
    used = "" if x.surge_share is None else f" ({format_share(x.surge_share.value, 1)} here)"
    told = f"Not judged{used}: {UNTESTABLE[claim.key]}."
    return Finding(None, told, None if x.surge_share is None else x.surge_share.value, "1")


def _one_brigade_each(claim: Claim, x: ClaimInputs) -> Finding:
    nations = {"UK": x.sustained_uk, "France": x.sustained_france, "Germany": x.sustained_germany}
    known = {name: band for name, band in nations.items() if band is not None}
    if len(known) < len(nations) or not x.brigade_people:
        return _lacking("the capacity of the three nations")
    size = x.brigade_people
    brigades = {name: band.value / size for name, band in known.items()}
    parts = ", ".join(f"{name} {_tell(band)}" for name, band in known.items())
    told = (
        f"Kept abroad without end are {parts}: {min(brigades.values()):.1f} to {max(brigades.values()):.1f} "
        f"brigades of {format_people(size)} each."
    )
    floor = _low(claim) * (1 - ABOUT_SHARE)
    holds = min(brigades.values()) >= floor and max(brigades.values()) < _high(claim) + 1
    return Finding(holds, told, min(brigades.values()), "brigade")


def _two_lead_nations(claim: Claim, x: ClaimInputs) -> Finding:
    uk, france = x.sustained_uk, x.sustained_france
    if uk is None or france is None:
        return _lacking("the capacity of the two nations")
    both = uk.value + france.value
    told = (
        f"What they can keep abroad without end is {_tell(uk)} for the UK and {_tell(france)} for France, "
        f"together about {format_people(both)} (ours), against at most {format_people(_low(claim))} and "
        f"{format_people(_high(claim))}."
    )
    return Finding(uk.value <= _low(claim) and both <= _high(claim), told, both, "person")


def _ready_without_us(claim: Claim, x: ClaimInputs) -> Finding:
    if x.ready_april_2025 is None:
        return _lacking("the register of April 2025")
    told = (
        f"On 10 April 2025 the register has {x.ready_april_2025} nations ready while the backstop was "
        f"unknown, where {_low(claim):.0f} were reported; two of those named had not yet spoken in it."
    )
    near = abs(x.ready_april_2025 - _low(claim)) <= COUNT_TOLERANCE
    return Finding(near, told, float(x.ready_april_2025), "nation")


def _any_form(claim: Claim, x: ClaimInputs) -> Finding:
    if x.any_form_september_2025 is None:
        return _lacking("the register of September 2025")
    told = (
        f"On 5 September 2025 the register has {x.any_form_september_2025} nations offering something in any "
        f"form, on land, at sea, in the air or in training; the {_low(claim):.0f} were never named."
    )
    near = abs(x.any_form_september_2025 - _low(claim)) <= COUNT_TOLERANCE
    return Finding(near, told, float(x.any_form_september_2025), "nation")


def _three_options(claim: Claim, x: ClaimInputs) -> Finding:
    senders = x.sustained_senders
    if senders is None or not senders.value > 0:
        return _lacking("the capacity of those who would send")
    small, medium, large, _ = claim.of
    parts = [format_share(size / senders.value) for size in (small, medium, large)]
    told = (
        f"Those who would send can keep {_tell(senders)} people abroad, of whom the small force takes "
        f"{parts[0]}, the medium one {parts[1]} and the large one {parts[2]} or more."
    )
    holds = small <= senders.value < large
    return Finding(holds, told, large / senders.value, "1")


def _tankers(claim: Claim, x: ClaimInputs) -> Finding:
    return _fleet(
        x.tankers_needed,
        x.tankers_held,
        "tankers",
        "Europeans have {} of the aircraft of both",
        claim,
        below=1.0,
    )


def _satellites(claim: Claim, x: ClaimInputs) -> Finding:
    limit = _high(claim) * (1 + ABOUT_SHARE)
    return _fleet(
        x.satellites_needed,
        x.satellites_held,
        "imaging satellites",
        "Europeans have {} of NATO's",
        claim,
        below=limit,
    )


def _fleet(
    needed: Band | None, held: Band | None, noun: str, fleets: str, claim: Claim, *, below: float
) -> Finding:
    """Say whether what others would bring is less than a share of what the plan needs."""
    if needed is None or held is None:
        return _lacking(f"how many {noun} it needs")
    said = fleets.format(format_share(_low(claim)))
    if not needed.value > 0:
        return Finding(False, f"This force needs no {noun}, although {said}.", 0.0, "1")
    share = held.value / needed.value
    told = (
        f"This force needs {_tell(needed)} {noun} and others would bring {_tell(held)}: "
        f"{format_share(share)} of the need, where {said}."
    )
    return Finding(share < below, told, share, "1")


def _exposure(claim: Claim, x: ClaimInputs) -> Finding:
    if x.detect_with_us is None or x.detect_without_us is None:
        return _lacking("what is seen with and without US intelligence")
    with_us, without = 1 - x.detect_with_us, 1 - x.detect_without_us
    growth = without / with_us - 1 if with_us > 0 else (0.0 if without <= 0 else math.inf)
    grown = format_share(growth) if math.isfinite(growth) else "without limit"
    told = (
        f"Without US intelligence {format_share(x.detect_without_us, 1)} of incidents are detected instead "
        f"of {format_share(x.detect_with_us, 1)}, so that what goes unseen grows by {grown}; warning of an "
        f"attack is not in this test."
    )
    drop = 100 * (x.detect_with_us - x.detect_without_us)
    return Finding(growth >= FAR_MORE_SHARE, told, drop, "percentage points")


def _whole_replacement(claim: Claim, x: ClaimInputs) -> Finding:
    once, yearly = x.substitute_one_off, x.substitute_yearly
    if once is None or yearly is None:
        return _lacking("what would stand in for the backstop")
    years = claim.of[0]
    bill = Band(
        value=once.value + years * yearly.value,
        low=once.low + years * yearly.low,
        high=once.high + years * yearly.high,
        basis="ours",
    )
    left_out = f", without {', '.join(x.substitute_unknown)}" if x.substitute_unknown else ""
    told = (
        f"What would stand in for the backstop of this force costs "
        f"{_tell(bill, digits=1, before='USD ', after=' bn')} in {years:g} years{left_out}: "
        f"{format_share(bill.value / _low(claim), 1)} of a sum that is for the defence of all Europe."
    )
    return Finding(bill.value >= _low(claim) * (1 - ABOUT_SHARE), told, bill.value, "USD bn")


def _extra_troops(claim: Claim, x: ClaimInputs) -> Finding:
    if not x.postures:
        return _lacking("a force")
    most = max(x.postures, key=lambda posture: (posture.people.value, posture.key))
    wanted = claim.of[0]
    share = most.people.value / wanted
    told = (
        f"The largest posture ({most.label}) has {_tell(most.people)} people, {format_share(share)} of "
        f"{format_people(wanted)}: the claim prices the defence of Europe, not a force for this line."
    )
    if share >= 1 - ABOUT_SHARE:
        told = (
            f"The largest posture ({most.label}) has {_tell(most.people)} people, {format_share(share)} of "
            f"{format_people(wanted)}."
        )
    return Finding(share >= 1 - ABOUT_SHARE, told, share, "1")


def _price_of_a_post(claim: Claim, x: ClaimInputs) -> Finding:
    rate = x.person_year_usd
    if rate is None:
        return _lacking("what a person costs in a year")
    yearly = claim.of[0] * rate.value / 1e9
    told = (
        f"A person costs {_tell(rate, before='USD ')} a year here, where the claim comes to "
        f"{_low(claim):,.0f}; {format_people(claim.of[0])} people would cost USD {yearly:.1f} bn a year."
    )
    return Finding(_about(rate.value, claim), told, rate.value, "USD a year")


def _budget_room(claim: Claim, x: ClaimInputs) -> Finding:
    if x.person_year_usd is None or x.uk_people is None or not x.usd_per_gbp:
        return _lacking("what the UK contingent costs")
    cost = x.uk_people.value * x.person_year_usd.value / x.usd_per_gbp / 1e9
    told = (
        f"A UK contingent of {_tell(x.uk_people)} people would cost GBP {cost:.1f} bn a year, "
        f"{format_share(cost / _low(claim))} of the GBP {_low(claim):g} bn by which spending is to rise."
    )
    return Finding(cost <= _low(claim), told, cost, "GBP bn a year")


def _spending_path(claim: Claim, x: ClaimInputs) -> Finding:
    if x.uk_tied_up is None or x.uk_pool is None or not x.uk_defence_pct:
        return _lacking("what a UK contingent ties up")
    bound = replace(x.uk_tied_up, basis="plan") if x.uk_tied_up.basis == "stated" else x.uk_tied_up
    planned, wanted = claim.of[0], _high(claim)
    at_planned = x.uk_pool.value * planned / x.uk_defence_pct
    at_wanted = x.uk_pool.value * wanted / x.uk_defence_pct
    told = (
        f"A UK contingent binds {_tell(bound)} people, and if usable strength grew with "
        f"spending from {_tell(x.uk_pool)} at {x.uk_defence_pct:g} % of GDP there would be "
        f"{format_people(at_planned)} at {planned:g} % and {format_people(at_wanted)} at {wanted:g} % (ours)."
    )
    holds = at_planned < x.uk_tied_up.value <= at_wanted
    return Finding(holds, told, at_planned, "person")


def _mix_for_mass(claim: Claim, x: ClaimInputs) -> Finding:
    known = [posture for posture in x.postures if posture.detect is not None]
    small = [posture for posture in known if posture.people.value <= _high(claim)]
    if not known:
        return _lacking("what its postures detect")
    best = max(known, key=lambda posture: (posture.detect or 0.0, posture.key))
    if not small:
        told = f"No posture has {format_people(_high(claim))} people or fewer."
        return Finding(False, told, min(posture.people.value for posture in known), "person")
    chosen = max(small, key=lambda posture: (posture.detect or 0.0, posture.key))
    told = (
        f"With {_tell(chosen.people)} people and sensors {chosen.label} detects "
        f"{format_share(chosen.detect or 0.0)} of incidents, where the best posture ({best.label}, "
        f"{_tell(best.people)} people) detects {format_share(best.detect or 0.0)}."
    )
    holds = (chosen.detect or 0.0) >= AS_WELL_SHARE * (best.detect or 0.0)
    return Finding(holds, told, chosen.detect or 0.0, "1")


def _leave_latvia(claim: Claim, x: ClaimInputs) -> Finding:
    sent, capacity, there = x.canada_people, x.canada_capacity, x.canada_latvia
    if sent is None or capacity is None or there is None:
        return _lacking("what Canada would send")
    left = capacity.value - there
    told = (
        f"Of {_tell(capacity)} people whom Canada can keep abroad, {format_people(there)} are in Latvia and "
        f"about {format_people(max(0.0, left))} are left (ours), against {_tell(sent)} it would send."
    )
    return Finding(sent.value > left, told, left, "person")


def _upper_bound(claim: Claim, x: ClaimInputs) -> Finding:
    line = _largest(x, "interposition")
    if line is None:
        return _lacking("a posture between the sides")
    told = f"Standing between the sides takes {_tell(line.people)} people ({line.label})"
    if line.people.high > line.people.value:
        told += f", and at the unfavourable end of the ranges {format_people(line.people.high)}"
    return Finding(line.people.high >= _low(claim), f"{told}.", line.people.high, "person")


def _only_deterrent(claim: Claim, x: ClaimInputs) -> Finding:
    told = f"Not judged: {UNTESTABLE[claim.key]}"
    if x.guarantee_share is not None:
        told += (
            f", and of the people whom the backstop brings the guarantee accounts for "
            f"{format_share(x.guarantee_share)}"
        )
        if x.leading_task and x.leading_share is not None:
            told += f" (most: {x.leading_task}, {format_share(x.leading_share)})"
    return Finding(None, f"{told}.", x.guarantee_share, "1")


JUDGES: Mapping[str, Judge] = {
    "C01": _line_needs,
    "C02": _wanted_force,
    "C03": _force_by_task,
    "C04": _offer_size,
    "C05": _rotation_factor,
    "C06": _rotation_factor,
    "C07": _feasible_force,
    "C08": _usable_share,
    "C09": _one_brigade_each,
    "C10": _two_lead_nations,
    "C11": _ready_without_us,
    "C12": _any_form,
    "C13": _three_options,
    "C14": _tankers,
    "C15": _satellites,
    "C16": _exposure,
    "C17": _whole_replacement,
    "C18": _extra_troops,
    "C19": _price_of_a_post,
    "C20": _budget_room,
    "C21": _spending_path,
    "C22": _mix_for_mass,
    "C23": _leave_latvia,
    "C24": _upper_bound,
    "C25": _only_deterrent,
}
"""Who judges which claim."""


def _lacking(what: str) -> Finding:
    return Finding(None, f"This plan does not have {what}.")


def _about(value: float, claim: Claim) -> bool:
    return _low(claim) * (1 - ABOUT_SHARE) <= value <= _high(claim) * (1 + ABOUT_SHARE)


def _low(claim: Claim) -> float:
    """Return the claimed number, or the lower one; a claim without one is judged without asking."""
    return math.nan if claim.low is None else claim.low


def _high(claim: Claim) -> float:
    return math.nan if claim.high is None else claim.high


def _tell(band: Band, *, digits: int = 0, before: str = "", after: str = "") -> str:
    """Return a number in words; one that nobody stated says whose it is and how far it may be off."""
    told = f"{before}{band.value:,.{digits}f}{after}"
    if band.basis in ("plan", "published"):
        return told
    span = f"{band.low:,.{digits}f} to {band.high:,.{digits}f}"
    if band.basis == "ours":
        return f"about {told} (ours: {span})"
    if band.low < band.value == band.high:
        return f"up to {told} (stated)"
    return f"{told} (stated)" if band.low == band.high else f"{told} (stated: {span})"


def _smallest(x: ClaimInputs, mission: str) -> PostureFigures | None:
    found = [posture for posture in x.postures if posture.mission == mission]
    return min(found, key=lambda posture: (posture.people.value, posture.key), default=None)


def _largest(x: ClaimInputs, mission: str) -> PostureFigures | None:
    found = [posture for posture in x.postures if posture.mission == mission]
    return max(found, key=lambda posture: (posture.people.value, posture.key), default=None)
