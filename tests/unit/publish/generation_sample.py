"""A small, hand-made answer of force generation: stated, ours and none; long names; zero gaps; hostile text.

Every number is invented. Nothing is generated here, so that tests of products do not depend on how it is.
"""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

import numpy as np

from truceline.errors import Problem
from truceline.generation.backstop import TASKS, BackstopRow, BackstopWorth, Measure, weigh_backstop
from truceline.generation.backstop_tables import facts_about, read_substitutes
from truceline.generation.cases import Case
from truceline.generation.claims import Band, ClaimInputs, score_claims
from truceline.generation.conditions import read_conditions
from truceline.generation.endurance import Endurance
from truceline.generation.gating import Gate, Wait
from truceline.generation.model import (
    Basis,
    Capability,
    Clause,
    Offer,
    Requirement,
    SizeBasis,
    TaskNeed,
    WatchOutcomes,
)
from truceline.generation.register import Pledge, Stance
from truceline.generation.result import CaseResult, Contribution, Fill, Generation
from truceline.generation.unlock import Branch, Unlocking, UnlockingSet
from truceline.trace import Traced

DAY = date(2026, 1, 31)
HOSTILE = '<script>alert("pledge")</script>'
LONG_NAME = "United Island Republics of the Northern Archipelago and the Outer Shoals"
UNSTATED = {"AAA": "Aland", "LNG": LONG_NAME, "NON": "Noland"}
"""Nations that stated no size: none of them may stand beside a bare number of people."""
CAPABILITIES = (
    Capability("observation", "Observation posts, masts and patrols", "person", "people", 1, 30),
    Capability("logistics", "Logistics units", "person", "people", 2, 30),
    Capability("manoeuvre", "Deterrence brigades", "person", "people", 3, 600),
    Capability("medevac", "Evacuation helicopters", "aircraft", "enabler", 1, 1, essential=True),
    Capability("air-defence", "Air and missile defence batteries", "battery", "enabler", 3, 1),
    Capability("isr-sea", "Maritime patrol aircraft", "aircraft", "enabler", 4, 1),
)
NEEDS = {
    "observation": 6000.0,
    "logistics": 2000.0,
    "manoeuvre": 4200.0,
    "medevac": 8.0,
    "air-defence": 5.0,
    "isr-sea": 0.0,
}
MEASURES = (
    Measure("people", "people who come", "person"),
    Measure("detect", "incidents detected", "1"),
    Measure("substitute_money", "cost of what stands in", "USD bn", more_is_better=False),
)


def traced(name: str, value: float, unit: str = "person", spread: float = 0.0) -> Traced:
    """Return a number with a range of `spread` either way."""
    low, high = (value * (1 - spread), value * (1 + spread)) if spread else (None, None)
    return Traced(name, value, unit, f"Sample {name}", low=low, high=high, evidence="computed")


def pledge(code: str, name: str, high: int | None, **changes: Any) -> Pledge:
    """Return an announcement of a nation."""
    values: dict[str, Any] = {
        "pledge_id": f"P-{code}",
        "nation": code,
        "name": name,
        "date": "2026-01",
        "day": DAY,
        "until": None,
        "stage": "announced",
        "position": "will_send_conditional",
        "forms": ("land",),
        "size_low": None,
        "size_high": high,
        "size_note": "",
        "location": "",
        "conditions": ("ceasefire",),
        "conditions_as_said": (),
        "caveats": ("no-front-line",),
        "accepts": ("observation",),
        "refuses": (),
        "missions_basis": "open",
        "amends": "",
        "statement": f"{name} would send people once the fighting ends",
        "source": "Sample Press",
        "source_url": "https://example.org/pledge",
        "confidence": "high",
    }
    return Pledge(**{**values, **changes})


def stance(one: Pledge) -> Stance:
    """Return the stance of a nation with one statement."""
    return Stance(
        nation=one.nation,
        name=one.name,
        latest=one,
        size_from=one if one.has_size else None,
        forms=one.forms,
        location=one.location,
        conditions=one.conditions,
        caveats=one.caveats,
        accepts=one.accepts,
        refuses=one.refuses,
        missions_basis=one.missions_basis,
        statements=(one,),
        by_stage={one.stage: one},
    )


def stances() -> dict[str, Stance]:
    """Return what was said: two stated, two without a size, one that sends nobody, one in hostile words."""
    pledges = (
        pledge("AAA", "Aland", None, size_note="several thousand", confidence="low"),
        pledge("BBB", "Bland", 900, stage="approved"),
        pledge("GBR", "United Kingdom", 7500, caveats=()),
        pledge(
            "HST", f"Host {HOSTILE}", 40, statement=HOSTILE, source=HOSTILE, source_url="javascript:alert(1)"
        ),
        pledge("LNG", LONG_NAME, None, position="open_undecided"),
        pledge("NON", "Noland", None, position="opposed", stage="none", statement="stays out"),
    )
    return {one.nation: stance(one) for one in pledges}


def gate(code: str, name: str, keys: tuple[str, ...], reason: str = "") -> Gate:
    """Return what a nation waits for."""
    waits = tuple(Wait(key, "stated" if key == "ceasefire" else "law", "sample") for key in keys)
    clauses = (Clause(frozenset(keys)),) if keys else ()
    return Gate(code, name, "observation", clauses, waits, reason)


def offer(
    code: str, name: str, people: float, basis: SizeBasis, units: dict[str, float] | None = None
) -> Offer:
    """Return what a contributor could bring."""
    spread = 0.5 if basis == "ours" else 0.0
    return Offer(
        code=code,
        name=name,
        people=traced(f"offer.{code}.people", people, spread=spread),
        basis=basis,
        sustained=traced(f"offer.{code}.sustained", max(people, 1000.0), spread=0.5)
        if code != "NAT"
        else None,
        pool=traced(f"offer.{code}.pool", 10 * max(people, 1000.0), spread=0.5) if code != "NAT" else None,
        units={
            key: traced(f"offer.{code}.{key}", value, "unit", 0.5) for key, value in (units or {}).items()
        },
        note="sample",
    )


def endurance(code: str, people: float, pool: float, breaks: float) -> Endurance:
    """Return how long a contributor lasts."""
    tied = traced(f"endurance.{code}.tied_up", 4 * people)
    return Endurance(
        deployed=people,
        pool=pool,
        contingents=4,
        breaks_at_months=breaks,
        breaks_low=6.0 if math.isfinite(breaks) else 18.0,
        breaks_high=math.inf,
        sustained_people=pool / 4,
        multiplier=4.0,
        tied_up_people=tied.value,
        tied_up_share=tied.value / pool,
        traced=tied,
        sustained=traced(f"endurance.{code}.sustained", pool / 4, spread=0.5),
        breaks=None,
    )


def contribution(
    code: str, name: str, basis: SizeBasis, units: dict[str, float], total: float
) -> Contribution:
    """Return what a contributor brings: people are the sum of its people units."""
    people = sum(value for key, value in units.items() if key in ("observation", "logistics", "manoeuvre"))
    pool = 71_000.0 if code == "GBR" else 10 * people + 1.0
    return Contribution(
        code=code,
        name=name,
        basis=basis,
        people=traced(f"generation.coalition.people.{code}", people, spread=0.5 if basis == "ours" else 0.0),
        units=units,
        people_share=people / total if total else 0.0,
        effort=people / 9000 if people else None,
        endurance=endurance(code, people, pool, 12.0 if code == "LNG" else math.inf) if people else None,
    )


def requirements() -> tuple[Requirement, ...]:
    """Return what the force needs."""
    return tuple(
        Requirement(one, replace(traced(f"need.{one.key}", NEEDS[one.key], one.unit, 0.2), formula="a * b"))
        for one in CAPABILITIES
    )


def fills(given: dict[str, float]) -> tuple[Fill, ...]:
    """Return how far each requirement is met."""
    found = []
    for one in requirements():
        have = given.get(one.capability.key, 0.0)
        short = max(0.0, one.units - have)
        share = min(1.0, have / one.units) if one.units else 1.0
        found.append(Fill(one, have, share, short, "no more of it is in hand" if short else ""))
    return tuple(found)


def case_result(
    key: str, label: str, brought: tuple[tuple[str, str, SizeBasis, dict[str, float]], ...]
) -> CaseResult:
    """Return a case in which these contributors bring these units."""
    people_keys = ("observation", "logistics", "manoeuvre")
    given: dict[str, float] = {}
    for _, _, _, units in brought:
        for capability, value in units.items():
            given[capability] = given.get(capability, 0.0) + value
    total = sum(given.get(capability, 0.0) for capability in people_keys)
    contributions = tuple(
        contribution(code, name, basis, units, total) for code, name, basis, units in brought
    )
    ours = sum(one.people.value for one in contributions if one.basis == "ours")
    people = Traced(
        f"generation.{key}.people",
        total,
        "person",
        f"People sent: {label}",
        low=total - ours / 2,
        high=total + ours / 2,
    )
    supported = Traced(f"generation.{key}.supported", total * 0.7, "person", "People supported")
    return CaseResult(
        case=Case(key, label, frozenset({"ceasefire"}), f"What is assumed in {label.lower()}."),
        codes=tuple(code for code, *_ in brought),
        contributions=contributions,
        fills=fills(given),
        people=people,
        people_ours=ours,
        supported=supported,
        binding="medevac" if total else "",
        gap=0.0,
    )


def cases() -> dict[str, CaseResult]:
    """Return three cases: nobody, stated sizes alone, and all together."""
    uk: tuple[str, str, SizeBasis, dict[str, float]] = (
        "GBR",
        "United Kingdom",
        "stated",
        {"observation": 3300.0, "logistics": 4200.0, "medevac": 3.0},
    )
    bland: tuple[str, str, SizeBasis, dict[str, float]] = ("BBB", "Bland", "stated", {"logistics": 900.0})
    ours: tuple[tuple[str, str, SizeBasis, dict[str, float]], ...] = (
        ("AAA", "Aland", "ours", {"observation": 1230.0, "logistics": 60.0, "air-defence": 2.0}),
        ("LNG", LONG_NAME, "ours", {"manoeuvre": 600.0}),
        ("NAT", "NATO pool", "none", {"medevac": 1.0}),
    )
    found = (
        case_result("today", "As things stood", ()),
        case_result("no-backstop", "Without the United States", (uk, bland)),
        case_result("coalition", "With the whole backstop", (uk, *ours, bland)),
    )
    return {one.case.key: one for one in found}


def backstop_rows() -> tuple[BackstopRow, ...]:
    """Return a gap, a task without one, one that is not needed, and the promise."""
    substitutes = {one.capability: one for one in read_substitutes()}
    rows = []
    for task in TASKS:
        if not task.is_material:
            rows.append(
                BackstopRow(
                    task,
                    "",
                    task.label,
                    "",
                    None,
                    None,
                    None,
                    substitutes.get(""),
                    None,
                    None,
                    facts_about(task.key),
                )
            )
        for key in task.capabilities:
            need = {"isr-sea": 0.0, "air-defence": 5.0, "refuelling": 2.0}.get(key, 10.0)
            held = {"isr-sea": 3.0, "air-defence": 2.0, "refuelling": 9.0, "command": 0.0}.get(key, 6.0)
            gap = max(0.0, need - held)
            cost = traced(f"backstop.cost.{key}", 0.4 * gap, "USD bn", 0.5) if key != "medevac" else None
            rows.append(
                BackstopRow(
                    task,
                    key,
                    f"{key.replace('-', ' ').capitalize()} units",
                    "battery" if key == "air-defence" else "aircraft",
                    traced(f"need.{key}", need, "unit", 0.1),
                    traced(f"backstop.held.{key}", held, "unit", 0.5) if held else None,
                    traced(f"backstop.gap.{key}", gap, "unit", 0.5),
                    substitutes.get(key),
                    cost,
                    cost,
                    facts_about(task.key),
                )
            )
    return tuple(rows)


@cache
def worth() -> BackstopWorth:
    """Return eleven tasks: five of the material ones unlock people, two raise detection, most do nothing."""

    def evaluate(brought: frozenset[str]) -> dict[str, float]:
        material = len(brought - {"guarantee", "isr-sea"})
        people = 8400.0 + (1890.0 if material >= 4 else 0.0) + 150.0 * ("refuelling" in brought)
        detect = (
            0.5 + 0.1 * ("isr-space" in brought) + 0.04 * (not {"isr-space", "isr-air"}.isdisjoint(brought))
        )
        return {"people": people, "detect": detect, "substitute_money": 12.0 - material}

    return weigh_backstop(TASKS, (), evaluate, MEASURES)


def unlocking(*, joint: bool, reachable: bool = True) -> Unlocking:
    """Return smallest sets: more than are drawn, with two fragile conditions; or a target out of reach."""
    common = ("ceasefire", "host-consent", "mandate.coalition")
    others = ("parliament.DEU", "us.guarantee", "parliament.ESP", "decision.POL", "us.refuelling", "terms")
    sets = [
        UnlockingSet((*common, first, second), ("AAA", "GBR"), 8730.0, 40.0 + 7 * i + j)
        for i, first in enumerate(others)
        for j, second in enumerate(others[i + 1 :])
    ]
    if joint:
        sets = [UnlockingSet(common, ("AAA", "BBB", "GBR"), 9690.0, 40.0), *sets[3:5]]
    best = Branch((*common, *others), ("AAA", "BBB", "GBR", "LNG"), 10_290.0)
    return Unlocking(
        target=8000.0 if reachable else 50_000.0,
        joint=joint,
        always=(),
        candidates=(*common, *others),
        barred=(),
        branches=(best,),
        sets=tuple(sets) if reachable else (),
        n_evaluated=64,
        n_values=12,
    )


def basis() -> Basis:
    """Return what the sample was made from."""
    outcomes = WatchOutcomes(
        tasks=("isr-space",),
        strength=np.array([0.5, 1.0]),
        detect=np.array([[0.3, 0.4], [0.5, 1 / 3]]),
        verify=np.array([[0.2, 0.3], [0.4, 0.5]]),
        weakest=np.array([[0.01, 0.02], [0.03, 0.04]]),
        note="sample outcomes",
    )
    return Basis(
        scenario="small-line",
        posture="observers",
        posture_label="Observers on both sides",
        mission="observation",
        length_km=41.3,
        brigades=0.5,
        n_sectors=2,
        tasks=(TaskNeed("posts", "watch", "Posts", 10.0, "post", 1 / 3),),
        deployed=replace(
            traced("force.deployed", 12_200.0), parts=(traced("a", 12_000.0), traced("b", 200.0))
        ),
        supplies=(traced("force.supplies_per_day", 40.0, "t/day"),),
        outcomes=outcomes,
    )


@cache
def sample() -> Generation:
    """Return the whole answer."""
    book = read_conditions(nations={"AAA": "Aland", "LNG": LONG_NAME})
    said = stances()
    known = book.states(DAY)
    wanted = ("ceasefire", "host-consent", "mandate.coalition", "parliament.DEU", "us.guarantee", "terms")
    results = cases()
    inputs = ClaimInputs(
        line_km=1200.0,
        tour_months=6.0,
        dwell_months=18.0,
        sustained_nato_europe=Band(82_600, 41_300, 123_900, "ours"),
        generated=Band(10_290, 9345, 11_235, "ours"),
        generated_stated=8400.0,
    )
    return Generation(
        basis=basis(),
        as_of=DAY,
        burden="stated-first",
        case_key="coalition",
        stances=said,
        offers={
            "AAA": offer("AAA", "Aland", 5449.0, "ours", {"air-defence": 2.0}),
            "BBB": offer("BBB", "Bland", 900.0, "stated"),
            "GBR": offer("GBR", "United Kingdom", 7500.0, "stated", {"medevac": 3.0}),
            "HST": offer("HST", f"Host {HOSTILE}", 40.0, "stated"),
            "LNG": offer("LNG", LONG_NAME, 600.0, "ours"),
            "NAT": offer("NAT", "NATO pool", 0.0, "none", {"medevac": 1.0}),
            "NON": offer("NON", "Noland", 0.0, "none"),
        },
        gates={
            "AAA": gate("AAA", "Aland", ("ceasefire", "us.guarantee")),
            "BBB": gate("BBB", "Bland", ("ceasefire", "parliament.DEU")),
            "GBR": gate("GBR", "United Kingdom", ("ceasefire", "host-consent", "mandate.coalition")),
            "HST": gate("HST", f"Host {HOSTILE}", ("ceasefire",)),
            "LNG": gate("LNG", LONG_NAME, ("ceasefire", "terms")),
            "NON": gate("NON", "Noland", (), "opposes or stays out (P-NON, 2026-01)"),
        },
        states={key: known[key] for key in wanted},
        supplied={},
        book=book,
        requirements=requirements(),
        cases=results,
        backstop_rows=backstop_rows(),
        backstop=worth(),
        unlocking=(unlocking(joint=False), unlocking(joint=True)),
        unlock_target="8,000 people",
        claims=score_claims(inputs),
        headlines={"generation.people": replace(results["coalition"].people, name="generation.people")},
        warnings=(Problem("pledges", "sample warning", "nothing to do", warning=True),),
    )
