"""Tables of when the force is there: strength by week, calendar of approvals, dates of capability, what-ifs.

Days from the ceasefire; an empty day never comes within the days looked at. People; shares. What rests on a
size nobody stated has the basis ours and its range: copy both with the number or neither.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from truceline.plan.model import Plan
from truceline.publish.dates_record import DatesRecord, DayRecord, n_weeks, record_dates, week_end
from truceline.publish.table import Table, number, people, share, text

if TYPE_CHECKING:
    from truceline.deployment.model import Movement
    from truceline.plan.dates import PlanDates

BASIS = text("basis", "ours as soon as any of it rests on a size nobody stated, else stated")
_DAYS = (
    number("day", "day", "With every lead time, load and capacity at its middle; empty: never", 1),
    number("p10", "day", "A tenth of the draws are there by then; empty: fewer ever are", 1),
    number("p50", "day", "Half of them", 1),
    number("p90", "day", "Nine tenths of them", 1),
    share("never_share", "Draws in which it does not come within the days looked at"),
)

STRENGTH = Table(
    "strength",
    "Strength by week",
    "People in place at the end of each week: all of them with what kept the others away, then by nation and"
    " by capability. Low and high are the range of sizes in proportion; p10 and p90 are those of the draws.",
    (
        number("week", "1", "1 begins at the ceasefire", 0),
        number("end_day", "day", "Last day of the week", 0),
        text("of", "all, nation or capability"),
        text("key", "Code of the nation or key of the capability"),
        people("people", "In place"),
        people("low", "With every size at its low end"),
        people("high", "With every size at its high end"),
        BASIS,
        people("people_ours", "Part of the people that rests on sizes nobody stated"),
        people("p10", "A tenth of the draws stay below"),
        people("p50", "Half of the draws stay below"),
        people("p90", "Nine tenths of the draws stay below"),
        text("binds", "What kept most people away in that week"),
        text("reason", "Its kind"),
        text("node", "The node that was used up, if it was one"),
        share("bound_share", "Part of the waiting that this accounts for"),
        people("waiting", "People not yet in place, mean of the week"),
    ),
)

APPROVALS = Table(
    "approvals_calendar",
    "Calendar of approvals",
    "What each nation waits for before its units may move. Lead times are estimates by analysts or by us, and"
    " nothing says how likely a vote is. The row 'approved' is the last of them.",
    (
        text("nation", "Code"),
        text("name", "Name"),
        people("people", "People who wait for it"),
        people("low", "Lowest number"),
        people("high", "Highest number"),
        BASIS,
        text("condition", "Key of the condition, or approved"),
        text("label", "What is waited for"),
        text("kind", "Its kind"),
        number("begin_day", "day", "Begins, every lead time at its middle", 1),
        number("end_day", "day", "Ends", 1),
        number("begin_low_day", "day", "Begins, every lead time at its short end", 1),
        number("end_low_day", "day", "Ends, every lead time at its short end", 1),
        number("end_high_day", "day", "Ends, every lead time at its long end", 1),
        text("met", "Whether it held already"),
    ),
)

CAPABILITY = Table(
    "capability_dates",
    "Dates of first and full operating capability",
    "Days by written criteria of ours. Draws come later than the middle: lead times may stretch more than"
    " they may shrink, and the last of many counts.",
    (
        text("what", "Key of a stage, a criterion or a part of those who come"),
        text("stage", "first or full; empty for a part of those who come"),
        text("label", "What has to be there"),
        share("wanted_share", "Share that counts"),
        share("reached_share", "Share reached at the end of the days looked at"),
        *_DAYS,
        BASIS,
        text("missing", "What is missing where it never comes"),
    ),
)

WHAT_IFS = Table(
    "what_ifs",
    "What would change the dates",
    "One change each to the same plan, every lead time, load and capacity at its middle. Nothing says whether"
    " anybody would do it.",
    (
        text("what_if", "Key"),
        text("label", "What is changed"),
        number("first_day", "day", "First operating capability; empty: never", 1),
        number("full_day", "day", "Full operating capability; empty: never", 1),
        number("half_day", "day", "Half of the people who come are in place", 1),
        number("most_day", "day", "Nine tenths of them", 1),
        *(people(f"people_day_{day}", f"In place on day {day}") for day in (30, 60, 90, 180, 365)),
        BASIS,
    ),
)


def _fill_strength(dates: PlanDates, record: DatesRecord) -> Iterable[Sequence[Any]]:
    movements = dates.movement.movements
    place = dates.flow.in_place
    nations = sorted({one.nation for one in movements})
    capabilities = sorted({one.capability for one in movements})
    for week in record.weeks:
        low, high = _ends(dates, week.end_day, lambda one: True)
        yield (
            *(week.week, week.end_day, "all", "all", week.people, low, high, record.basis, week.people_ours),
            *(week.p10, week.p50, week.p90),
            *(week.binds, week.reason, week.node, week.share, week.waiting),
        )
    groups: list[tuple[str, str, Callable[[Movement], bool]]] = [
        *(("nation", key, lambda one, key=key: one.nation == key) for key in nations),
        *(("capability", key, lambda one, key=key: one.capability == key) for key in capabilities),
    ]
    for what, key, is_in in groups:
        rows = [g for g, one in enumerate(movements) if is_in(one)]
        for week_number in range(1, n_weeks(dates) + 1):
            day = week_end(week_number, dates)
            value = float(place[rows, day].sum())
            ours = float(sum(place[g, day] for g in rows if movements[g].is_ours))
            low, high = _ends(dates, day, is_in)
            basis = "ours" if any(movements[g].is_ours for g in rows) else "stated"
            yield (
                week_number,
                day,
                what,
                key,
                value,
                low,
                high,
                basis,
                ours,
                *[None] * 3,
                "",
                "",
                "",
                None,
                None,
            )


def _ends(dates: PlanDates, day: int, is_in: Callable[[Movement], bool]) -> tuple[float, float]:
    """Return people in place with every size of a group at its low and at its high end, in proportion."""
    low = high = 0.0
    for one, row in zip(dates.flow.movements, dates.flow.in_place, strict=True):
        if not is_in(one) or one.people <= 0:
            continue
        share_there = float(row[day]) / one.people
        fewest, most = one.people_bounds
        low += share_there * fewest
        high += share_there * most
    return low, high


def _fill_approvals(_: PlanDates, record: DatesRecord) -> Iterable[Sequence[Any]]:
    for one in record.approvals:
        who = (one.nation, one.name, one.people, one.people_low, one.people_high, one.basis)
        for step in one.steps:
            yield (
                *who,
                *(step.key, step.label, step.kind, step.begin_day, step.end_day),
                *(step.begin_low_day, step.end_low_day, step.end_high_day, step.met),
            )
        yield (
            *(*who, "approved", "May move", "", None, one.approved_day),
            *(None, one.approved_low_day, one.approved_high_day, None),
        )


def _fill_capability(_: PlanDates, record: DatesRecord) -> Iterable[Sequence[Any]]:
    for stage in record.stages:
        key = {"first": "ioc", "full": "foc"}[stage.stage]
        yield (key, stage.stage, stage.label, None, None, *_of_day(stage.when), "; ".join(stage.missing))
        for one in record.criteria:
            if one.stage == stage.stage:
                yield (
                    *(one.key, one.stage, one.label, one.wanted_share, one.reached_share),
                    *(*_of_day(one.when), one.missing),
                )
    yield ("half", "", "Half of the people who come", 0.5, None, *_of_day(record.half), "")
    label = "Nine tenths of the people who come"
    yield ("most", "", label, 0.9, None, record.most_day, None, None, None, None, record.basis, "")


def _of_day(when: DayRecord) -> tuple[Any, ...]:
    return when.day, when.p10, when.p50, when.p90, when.never_share, when.basis


def _fill_what_ifs(_: PlanDates, record: DatesRecord) -> Iterable[Sequence[Any]]:
    for one in record.what_ifs:
        yield (
            *(one.key, one.label, one.first_day, one.full_day, one.half_day, one.most_day),
            *(one.people_at_day.get(str(day)) for day in (30, 60, 90, 180, 365)),
            one.basis,
        )


def _of_dates(
    table: Table, rows: Callable[[PlanDates, DatesRecord], Iterable[Sequence[Any]]]
) -> tuple[Table, Callable[[Plan], Table]]:
    """Return a table with the function that fills it; without dates, or where nobody comes, no rows."""

    def fill(plan: Plan) -> Table:
        if plan.dates is None or not plan.dates.calendar:
            return table
        return table.filled(rows(plan.dates, record_dates(plan.dates, plan.chosen_key)))

    return table, fill


TABLES = (
    _of_dates(STRENGTH, _fill_strength),
    _of_dates(APPROVALS, _fill_approvals),
    _of_dates(CAPABILITY, _fill_capability),
    _of_dates(WHAT_IFS, _fill_what_ifs),
)
