"""Dates as numbers that can be unfolded: stages, criteria, half of those who come, approvals by nation.

Days from the ceasefire. A day that never comes is a number that does not exist, and its note says why.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from truceline.deployment.draws import DayBand, trace_day
from truceline.deployment.readiness import Schedule
from truceline.deployment.timeline import STAGES, CriterionDay, Stage
from truceline.trace import Traced

if TYPE_CHECKING:
    from truceline.plan.dates import PlanDates

_HOW_HALF = "people in place, from approvals, notice and movement through the network"


def list_date_headlines(dates: PlanDates) -> list[Traced]:
    """Return the numbers that can be unfolded: stages, criteria, shares of those who come, approvals."""
    draws, timeline = dates.draws, dates.timeline
    approved = [_trace_approval(schedule, dates.names) for schedule in dates.calendar]
    last = approved[-1:]
    criteria = {one.criterion.key: _trace_criterion(one, dates) for one in timeline.criteria}
    found = []
    stages: tuple[tuple[Stage, str], ...] = (("first", "dates.ioc"), ("full", "dates.foc"))
    for stage, name in stages:
        parts = [criteria[one.criterion.key] for one in timeline.criteria if one.criterion.stage == stage]
        label = f"Days from the ceasefire to {STAGES[stage]}"
        day = timeline.days[stage]
        band = None if draws is None else draws.stages[stage]
        made = trace_day(name, label, day, band, [*parts, *last], note=_say_draws(band, dates))
        note = "; ".join(timeline.missing(stage)) or "nothing was asked of it"
        found.append(made or _never(name, label, [*parts, *last], note, dates))
    label = "Days from the ceasefire until half of the people who come are in place"
    band = None if draws is None else draws.half
    half = trace_day("dates.half", label, dates.half_day, band, last, note=_say_draws(band, dates))
    if half is not None:
        found.append(replace(half, formula=_HOW_HALF))
    else:
        note = "nobody comes in this case" if dates.people <= 0 else "still on the way at the end"
        found.append(_never("dates.half", label, last, note, dates))
    return [*found, *criteria.values(), *approved]


def _say_draws(band: DayBand | None, dates: PlanDates) -> str:
    """Return where eight tenths of the draws lie: an end that never comes has no place in a range."""
    if band is None:
        return ""
    low, high = (f"day {day:,.0f}" if math.isfinite(day) else "never" for day in (band.p10, band.p90))
    span = f"80 % of draws: {low}" if low == high else f"80 % of draws: {low} to {high}"
    return (
        f"{span} in {dates.flow.days} days; the day itself: every lead time, load and capacity at its middle"
    )


def _trace_criterion(one: CriterionDay, dates: PlanDates) -> Traced:
    name, criterion = f"dates.{one.criterion.key}", one.criterion
    band = None if dates.draws is None else dates.draws.criteria.get(criterion.key)
    words = _say_draws(band, dates)
    made = trace_day(name, criterion.label, one.day, band, [criterion.share], note=words)
    return made or _never(name, criterion.label, [criterion.share], one.missing, dates)


def _trace_approval(schedule: Schedule, names: Mapping[str, str]) -> Traced:
    """Return the day of a nation's last approval: estimated, with what it waits for."""
    waited = [step for step in schedule.steps if not step.met]
    last = schedule.last
    return Traced(
        name=f"dates.approved.{schedule.nation}",
        value=schedule.approved_day,
        unit="day",
        label=f"Days from the ceasefire until {names.get(schedule.nation, schedule.nation)} may move",
        formula="the last of what it waits for, each begun once what comes before it is there",
        parts=tuple({step.lead.name: step.lead for step in waited}.values()),
        low=schedule.approved_low,
        high=schedule.approved_high,
        evidence="computed",
        note="estimated: lead times are judgements" + (f"; last: {last.label}" if last is not None else ""),
    )


def _never(name: str, label: str, parts: list[Traced], note: str, dates: PlanDates) -> Traced:
    """Return a day that never comes as a number that does not exist, with the reason."""
    said = (
        note
        if note.startswith("nobody comes") or "never in" in note
        else f"never in {dates.flow.days} days: {note}"
    )
    return Traced(
        name,
        math.nan,
        "day",
        label,
        "the last of its criteria, from approvals, notice and movement through the network",
        tuple(parts),
        evidence="computed",
        note=said,
    )
