"""The record of plan.json about dates: approvals, strength by week, what binds, capability, what-ifs.

Days from the ceasefire (null: never within the days looked at), people, shares between 0 and 1. Whatever
rests on a size nobody stated has ``basis: ours``; a date has the 80 % band of the draws, whose seed is kept.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

from truceline.deployment.model import add_people
from truceline.deployment.timeline import STAGES
from truceline.errors import OutputError, Problem
from truceline.plan.date_questions import DateQuestion
from truceline.publish.record import Record, number_or_null
from truceline.publish.shared_trees import write_trees

if TYPE_CHECKING:
    from collections.abc import Iterable

    from truceline.deployment.draws import DayBand
    from truceline.deployment.readiness import Schedule
    from truceline.plan.dates import Outlook, PlanDates
    from truceline.publish.document import PlanDocument

Whose = Literal["ours", "stated"]
_DAY_DECIMALS, _PEOPLE_DECIMALS, _SHARE_DECIMALS = 1, 1, 4
WEEK = 7


class DayRecord(Record):
    """A day, and where it lies over all draws."""

    day: float | None
    """With every lead time at its middle; null where it never comes in the days looked at."""
    p10: float | None = None
    """A tenth of the draws are there by then; null without draws, or where fewer ever are."""
    p50: float | None = None
    p90: float | None = None
    never_share: float | None = None
    """Draws in which it does not come in the days looked at; null without draws."""
    basis: Whose


class StageRecord(Record):
    """First or full operating capability."""

    stage: Literal["first", "full"]
    label: str
    when: DayRecord
    missing: list[str]
    """Why it never comes; empty where it does."""


class CriterionRecord(Record):
    """One written criterion."""

    key: str
    stage: Literal["first", "full"]
    label: str
    wanted_share: float
    reached_share: float
    when: DayRecord
    missing: str


class StepRecord(Record):
    """One thing a nation waits for."""

    key: str
    label: str
    kind: str
    begin_day: float
    end_day: float
    begin_low_day: float
    end_low_day: float
    end_high_day: float
    met: bool
    """Whether it held already and takes no time."""


class ApprovalRecord(Record):
    """The calendar of one nation: estimated."""

    nation: str
    name: str
    people: float
    people_low: float | None
    people_high: float | None
    basis: Whose
    approved_day: float
    approved_low_day: float
    approved_high_day: float
    waits_last_for: str
    steps: list[StepRecord]


class WeekRecord(Record):
    """A week: who is there at its end, and what kept the others away."""

    week: int
    end_day: int
    people: float
    people_ours: float
    p10: float | None
    p50: float | None
    p90: float | None
    binds: str
    """In words."""
    reason: str
    node: str
    share: float
    """Part of the waiting that this accounts for."""
    waiting: float


class NationWeeksRecord(Record):
    """People of one nation in place at the end of each week."""

    nation: str
    basis: Whose
    people: list[float]


class OutlookRecord(Record):
    """The dates of one what-if, every lead time at its middle."""

    key: str
    label: str
    first_day: float | None
    full_day: float | None
    half_day: float | None
    most_day: float | None
    """Nine tenths of the people who come."""
    people_at_day: dict[str, float]
    basis: Whose


class DateCarrierRecord(Record):
    """An assumption and its part of the spread."""

    name: str
    label: str
    share: float
    later: bool
    """Whether more of it makes the force later."""


class DatesRecord(Record):
    """When the force of one case is there."""

    posture: str
    case: str
    question: str
    """What was asked, in words."""
    days: int
    """Days looked at."""
    early_days: float
    next_door_people: float
    own_network: bool
    """Whether the network is another than the packaged one."""
    people: float
    people_ours: float
    basis: Whose
    n_draws: int
    seed: int
    stages: list[StageRecord]
    criteria: list[CriterionRecord]
    half: DayRecord
    """Half of the people who come are in place."""
    most_day: float | None
    exact_half_day: float | None
    """`half` by the exact allocation; null where it was not asked."""
    approvals: list[ApprovalRecord]
    weeks: list[WeekRecord]
    nations: list[NationWeeksRecord]
    what_ifs: list[OutlookRecord]
    spread_of: str
    """The day whose spread `carriers` share out."""
    carriers: list[DateCarrierRecord]
    headlines: list[dict[str, Any]]
    """Numbers as trees, each part written once."""


def record_dates(dates: PlanDates, posture: str) -> DatesRecord:
    """Return the dates of a plan as a record."""
    draws, question = dates.draws, dates.question
    basis = whose(dates)
    return DatesRecord(
        posture=posture,
        case=dates.case,
        question=dates.movement.what_if.label,
        days=dates.flow.days,
        early_days=question.early_days,
        next_door_people=question.next_door,
        own_network=question.nodes is not None or question.routes is not None,
        people=_people(dates.people),
        people_ours=_people(dates.people_ours),
        basis=basis,
        n_draws=0 if draws is None else draws.n,
        seed=question.seed,
        stages=[
            StageRecord(
                stage=stage,
                label=label,
                when=_when(dates.timeline.days[stage], None if draws is None else draws.stages[stage], basis),
                missing=list(dates.timeline.missing(stage)),
            )
            for stage, label in STAGES.items()
        ],
        criteria=[
            CriterionRecord(
                key=one.criterion.key,
                stage=one.criterion.stage,
                label=one.criterion.label,
                wanted_share=one.criterion.share.value,
                reached_share=round(one.reached, _SHARE_DECIMALS),
                when=_when(one.day, None if draws is None else draws.criteria.get(one.criterion.key), basis),
                missing=one.missing,
            )
            for one in dates.timeline.criteria
        ],
        half=_when(dates.half_day, None if draws is None else draws.half, basis),
        most_day=_day(dates.most_day),
        exact_half_day=None if dates.exact_half_day is None else _day(dates.exact_half_day),
        approvals=[_approval(one, dates) for one in dates.calendar],
        weeks=list(_weeks(dates)),
        nations=[
            NationWeeksRecord(
                nation=nation,
                basis="ours" if nation in ours_of(dates) else "stated",
                people=[_people(series[week_end(week, dates)]) for week in range(1, n_weeks(dates) + 1)],
            )
            for nation, series in dates.timeline.by_nation.items()
        ],
        what_ifs=[_outlook(one, basis) for one in dates.what_ifs],
        spread_of="" if draws is None else draws.carried,
        carriers=[
            DateCarrierRecord(
                name=one.name, label=one.label, share=round(one.share, _SHARE_DECIMALS), later=one.later
            )
            for one in (() if draws is None else draws.carriers)
        ],
        headlines=write_trees(dates.headlines.values()),
    )


def question_of_document(item: str, document: PlanDocument) -> DateQuestion:
    """Return what a finished plan asked about movement; the default question where it asked nothing.

    Raises OutputError for a plan made with another network than the packaged one: its files are not in it.
    """
    if document.dates is not None and document.dates.own_network:
        hint = "ask its scenario, or give the network again: --nodes FILE --routes FILE"
        raise OutputError("plan", [Problem(item, "was made with a network of its own", hint)])
    return question_of_record(document.dates) or DateQuestion()


def question_of_record(record: DatesRecord | None) -> DateQuestion | None:
    """Return what a record asked; None without one, or where its network is not the packaged one."""
    if record is None or record.own_network:
        return None
    return DateQuestion(days=record.days, early_days=record.early_days, next_door=record.next_door_people)


def whose(dates: PlanDates) -> Whose:
    """Return whose the dates are: ours as soon as any of the people are."""
    return "ours" if dates.people_ours > 0 else "stated"


def ours_of(dates: PlanDates) -> frozenset[str]:
    """Return the nations of whom nobody stated how many."""
    return frozenset(one.nation for one in dates.movement.movements if one.is_ours)


def n_weeks(dates: PlanDates) -> int:
    """Return the weeks looked at, the last one perhaps shorter."""
    return math.ceil(dates.flow.days / WEEK)


def week_end(week: int, dates: PlanDates) -> int:
    """Return the last day of a week."""
    return min(WEEK * week, dates.flow.days)


def _weeks(dates: PlanDates) -> Iterable[WeekRecord]:
    curves = None if dates.draws is None else dates.draws.strength
    for one in dates.flow.weeks:
        day = week_end(one.week, dates)
        low, middle, high = (
            (None, None, None) if curves is None else (_people(curves[p][day]) for p in (0.1, 0.5, 0.9))
        )
        yield WeekRecord(
            week=one.week,
            end_day=day,
            people=_people(dates.timeline.total[day]),
            people_ours=_people(dates.timeline.ours[day]),
            p10=low,
            p50=middle,
            p90=high,
            binds=one.label,
            reason=one.reason,
            node=one.node,
            share=round(one.share, _SHARE_DECIMALS),
            waiting=_people(one.waiting),
        )


def _approval(one: Schedule, dates: PlanDates) -> ApprovalRecord:
    sent = [each for each in dates.movement.movements if each.nation == one.nation]
    last = one.last
    low, high = add_people(sent)
    return ApprovalRecord(
        nation=one.nation,
        name=dates.names.get(one.nation, one.nation),
        people=_people(sum(each.people for each in sent)),
        people_low=_people(low),
        people_high=_people(high),
        basis="ours" if one.nation in ours_of(dates) else "stated",
        approved_day=round(one.approved_day, _DAY_DECIMALS),
        approved_low_day=round(one.approved_low, _DAY_DECIMALS),
        approved_high_day=round(one.approved_high, _DAY_DECIMALS),
        waits_last_for="" if last is None else last.label,
        steps=[
            StepRecord(
                key=step.key,
                label=step.label,
                kind=step.kind,
                begin_day=round(step.begin, _DAY_DECIMALS),
                end_day=round(step.end, _DAY_DECIMALS),
                begin_low_day=round(step.begin_low, _DAY_DECIMALS),
                end_low_day=round(step.end_low, _DAY_DECIMALS),
                end_high_day=round(step.end_high, _DAY_DECIMALS),
                met=step.met,
            )
            for step in one.steps
        ],
    )


def _outlook(one: Outlook, basis: Whose) -> OutlookRecord:
    return OutlookRecord(
        key=one.what_if.key,
        label=one.what_if.label,
        first_day=_day(one.days["first"]),
        full_day=_day(one.days["full"]),
        half_day=_day(one.half_day),
        most_day=_day(one.most_day),
        people_at_day={str(day): _people(people) for day, people in one.at.items()},
        basis=basis,
    )


def _when(day: float, band: DayBand | None, basis: Whose) -> DayRecord:
    if band is None:
        return DayRecord(day=_day(day), basis=basis)
    return DayRecord(
        day=_day(day),
        p10=_day(band.p10),
        p50=_day(band.p50),
        p90=_day(band.p90),
        never_share=round(band.never_share, _SHARE_DECIMALS),
        basis=basis,
    )


def _day(value: float) -> float | None:
    return number_or_null(value, _DAY_DECIMALS)


def _people(value: float) -> float:
    return round(float(value), _PEOPLE_DECIMALS)
