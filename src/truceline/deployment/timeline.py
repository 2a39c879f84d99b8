"""Strength over time by nation and capability, and the day each written criterion of readiness is met.

People, days from the ceasefire, shares of what the force needs. A criterion that is never met within the days
looked at is said to be so, with what is missing. Training, trust and orders are not in it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from truceline.deployment.flow import days_until
from truceline.deployment.model import FloatArray, Flow, Movement
from truceline.errors import Problem, ScenarioError
from truceline.generation.model import Requirement, WatchOutcomes
from truceline.scenario.assumption import AssumptionSet
from truceline.trace import Traced

Stage = Literal["first", "full"]
Measure = Literal["capability", "people", "every", "detection"]
STAGES: Mapping[Stage, str] = {"first": "first operating capability", "full": "full operating capability"}
NAMED_MAX = 3
"""Capabilities named as missing; the rest are counted."""
WATCH = "observation"
"""Capability whose people man the watch."""


@dataclass(frozen=True)
class Criterion:
    """One thing that has to be true before a force counts as operating."""

    key: str
    stage: Stage
    label: str
    measure: Measure
    """A capability, all people, the least filled capability, or what the watch detects."""
    share: Traced
    """Of the need; for detection, of what the full watch detects."""
    capability: str = ""


@dataclass(frozen=True)
class CriterionDay:
    """When a criterion was met."""

    criterion: Criterion
    day: float
    """inf where it is never met within the days looked at."""
    reached: float
    """Share reached at the end."""
    missing: str
    """What is missing where it is never met, in words."""


@dataclass(frozen=True, eq=False)
class Timeline:
    """Strength over time and the days of first and full operating capability."""

    by_nation: Mapping[str, FloatArray]
    """(days + 1,) people in place."""
    by_capability: Mapping[str, FloatArray]
    total: FloatArray
    ours: FloatArray
    """(days + 1,) people in place whose number rests on sizes nobody stated."""
    criteria: tuple[CriterionDay, ...]
    days: Mapping[Stage, float]
    """Day on which the last criterion of a stage is met; inf where one never is."""
    horizon: int

    def missing(self, stage: Stage) -> tuple[str, ...]:
        """Return what is missing for a stage; empty when it is reached."""
        return tuple(one.missing for one in self.criteria if one.criterion.stage == stage and one.missing)


def list_criteria(
    requirements: Sequence[Requirement], assumptions: AssumptionSet, outcomes: WatchOutcomes | None = None
) -> tuple[Criterion, ...]:
    """Return our written criteria for first and full operating capability, as far as the force needs them.

    outcomes: what the watch sees by how much of it is manned; None asks for people of the watch instead.
    """
    needed = {one.capability.key for one in requirements if one.capability.kind == "people" and one.units > 0}
    trace = assumptions.trace
    found: list[Criterion] = []
    if WATCH in needed:
        share = trace("deployment.first_watch_share")
        if outcomes is not None:
            label = "The watch detects its share of what the whole watch would"
            found.append(Criterion("watch", "first", label, "detection", share, WATCH))
        else:
            label = "The watch is manned to its share"
            found.append(Criterion("watch", "first", label, "capability", share, WATCH))
    for capability, label in (
        ("headquarters", "Headquarters run"),
        ("reaction", "Reaction forces are in place"),
        ("medical", "Medical units are in place"),
    ):
        if capability in needed:
            share = trace(f"deployment.first_{capability}_share")
            found.append(Criterion(capability, "first", label, "capability", share, capability))
    if needed:
        full, least = trace("deployment.full_share"), trace("deployment.full_capability_share")
        found.append(
            Criterion("people", "full", "People are there to their share of the need", "people", full)
        )
        found.append(
            Criterion("every-kind", "full", "Every kind of unit is there to its share", "every", least)
        )
    return tuple(found)


def follow(
    flow: Flow,
    requirements: Sequence[Requirement],
    criteria: Sequence[Criterion],
    outcomes: WatchOutcomes | None = None,
) -> Timeline:
    """Return strength over time and when each criterion is met.

    Raises ScenarioError where a criterion names a capability the force needs none of, or detection without
    outcomes.
    """
    by_capability = _sum_by(flow, lambda one: one.capability)
    ours = np.array([one.is_ours for one in flow.movements], bool)
    needs = {one.capability.key: one for one in requirements if one.capability.kind == "people"}
    met = []
    for criterion in criteria:
        series = measure(criterion, by_capability, {key: one.units for key, one in needs.items()}, outcomes)
        day = days_until(series, criterion.share.value)
        words = ""
        if math.isinf(day):
            words = _say_missing(criterion, by_capability, flow, needs, float(series[-1]))
        met.append(CriterionDay(criterion, day, float(series[-1]), words))
    return Timeline(
        by_nation=_sum_by(flow, lambda one: one.nation),
        by_capability=by_capability,
        total=flow.strength,
        ours=flow.in_place[ours].sum(axis=0),
        criteria=tuple(met),
        days={stage: stage_day(met, stage) for stage in STAGES},
        horizon=flow.days,
    )


def stage_day(met: Sequence[CriterionDay], stage: Stage) -> float:
    """Return the day on which the last criterion of a stage is met; inf where one never is, or none."""
    return max((one.day for one in met if one.criterion.stage == stage), default=math.inf)


def measure(
    criterion: Criterion,
    by_capability: Mapping[str, FloatArray],
    needs: Mapping[str, float],
    outcomes: WatchOutcomes | None,
) -> FloatArray:
    """Return (days + 1,) the share that a criterion asks about."""
    wanted = {key: need for key, need in needs.items() if need > 0}
    n = len(next(iter(by_capability.values()), np.zeros(1)))
    shares = {
        key: np.minimum(1.0, by_capability.get(key, np.zeros(n)) / need) for key, need in wanted.items()
    }
    if criterion.measure in ("capability", "detection") and criterion.capability not in wanted:
        found = f"the force needs no {criterion.capability!r}"
        raise ScenarioError("criteria", [Problem(criterion.key, found, "take the criterion out")])
    if criterion.measure == "capability":
        return shares[criterion.capability]
    if criterion.measure == "people":
        there = sum((share * wanted[key] for key, share in shares.items()), np.zeros(n))
        return np.asarray(there / max(sum(wanted.values()), 1e-9))
    if criterion.measure == "every":
        return np.asarray(np.minimum.reduce(list(shares.values()))) if shares else np.zeros(n)
    if outcomes is None:
        found = "what the watch sees is not known for a plan without a map"
        raise ScenarioError("criteria", [Problem(criterion.key, found, "ask for a capability instead")])
    curve = outcomes.detect[:, 0]
    seen = np.interp(shares[criterion.capability], outcomes.strength, curve)
    return np.asarray(seen / curve[-1]) if curve[-1] > 0 else np.zeros(n)


def _sum_by(flow: Flow, key: Callable[[Movement], str]) -> dict[str, FloatArray]:
    found: dict[str, FloatArray] = {}
    for one, row in zip(flow.movements, flow.in_place, strict=True):
        found[key(one)] = found.get(key(one), np.zeros(flow.days + 1)) + row
    return dict(sorted(found.items()))


def _say_missing(
    criterion: Criterion,
    by_capability: Mapping[str, FloatArray],
    flow: Flow,
    needs: Mapping[str, Requirement],
    reached: float,
) -> str:
    """Return what is missing at the end, and whether anybody brings it at all."""
    keys = [criterion.capability] if criterion.capability else list(needs)
    parts = []
    for key in keys:
        need = needs[key].units
        there = float(by_capability[key][-1]) if key in by_capability else 0.0
        bringing = [one for one in flow.movements if one.capability == key]
        coming = sum(one.people for one in bringing)
        short = need * (criterion.share.value if criterion.measure != "people" else 1.0) - there
        if short <= 1e-6 * need:
            continue
        why = "nobody brings more" if coming <= there * (1 + 1e-6) + 1e-6 else "still on the way"
        told = f"{there:,.0f}"
        if any(one.is_ours for one in bringing):  # nobody stated it: never a bare number
            told = f"about {told} (ours)"
        parts.append(f"{told} of {need:,.0f} {needs[key].capability.label.lower()} ({why})")
    if len(parts) > NAMED_MAX:
        parts = [*parts[:NAMED_MAX], f"and {len(parts) - NAMED_MAX} more kinds"]
    what = "; ".join(parts) or f"{reached:.0%} reached"
    return f"{criterion.label} ({criterion.share.value:.0%}): never in {flow.days} days: {what}"
