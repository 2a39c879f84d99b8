"""Print when the force is there: dates with bands, approvals by nation, strength by week, what-ifs.

Text only, days from the ceasefire. A number or date that rests on a size nobody stated carries a `~`.
"""

from __future__ import annotations

import json
from itertools import groupby

from truceline.cli._console import Row, print_line, print_table, print_title
from truceline.cli._generation_words import tell_day, tell_ours
from truceline.deployment.model import WeekBound
from truceline.deployment.timeline import STAGES
from truceline.generation.result import Generation
from truceline.plan.dates import MOST_SHARE, PlanDates
from truceline.publish.dates_record import ours_of, record_dates, week_end
from truceline.publish.dates_words import ALL_THERE, MIDDLE, WHY_LATER, say_band, say_day, say_never_share
from truceline.publish.sizes import format_units
from truceline.units import format_people, format_share

OURS_LINE = "~ ours: rests on people of whom nobody stated how many; not their word."


def print_dates(title: str, generation: Generation, dates: PlanDates) -> None:
    """Print the answer: what was asked, capability, approvals, strength, what-ifs and the spread."""
    basis = generation.basis
    print_title(f"{title}: {basis.posture_label}, as known on {tell_day(generation.as_of)}")
    print_line(
        f"Case {dates.case}: {dates.case_label}. Days from the ceasefire, {dates.flow.days} looked at."
    )
    print_line(f"{dates.movement.what_if.label}.")
    if dates.people <= 0:
        print_line(
            f"Nobody comes in this case: needed {format_people(basis.deployed.value)} people, there none."
        )
        return
    ours = f", of which {tell_ours(dates.people_ours)} ours" if dates.people_ours > 0 else ""
    number = tell_ours(dates.people) if dates.people_ours > 0 else format_people(dates.people)
    print_line(f"{number} people come{ours}; {format_people(basis.deployed.value)} are needed.")
    print_line()
    _print_capability(dates)
    print_line()
    _print_approvals(dates)
    print_line()
    _print_weeks(dates)
    if len(dates.what_ifs) > 1:
        print_line()
        _print_what_ifs(dates)
    _print_spread(dates)
    if dates.people_ours > 0:
        print_line(OURS_LINE)


def dump_dates(title: str, generation: Generation, dates: PlanDates) -> str:
    """Return the document of the command as text; the same answer gives the same bytes."""
    record = record_dates(dates, generation.basis.posture).model_dump(mode="json", exclude={"headlines"})
    data = {
        "schema": "truceline.deploy/1",
        "scenario": generation.basis.scenario,
        "title": title,
        "as_of": generation.as_of.isoformat(),
        **record,
        "warnings": [str(problem) for problem in generation.warnings],
    }
    return json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False)


def _print_capability(dates: PlanDates) -> None:
    draws, timeline, is_ours = dates.draws, dates.timeline, dates.people_ours > 0
    print_title("First and full capability")
    rows = []
    for stage, label in STAGES.items():
        band = None if draws is None else draws.stages[stage]
        words = [
            label,
            "",
            _day(timeline.days[stage], is_ours=is_ours),
            say_band(band, "-"),
            say_never_share(band),
        ]
        rows.append(Row(words, style="bold"))
        for one in timeline.criteria:
            if one.criterion.stage != stage:
                continue
            band = None if draws is None else draws.criteria.get(one.criterion.key)
            rows.append(
                Row(
                    [
                        f"  {one.criterion.label}",
                        format_share(one.criterion.share.value),
                        _day(one.day, is_ours=is_ours),
                        say_band(band, "-"),
                        say_never_share(band),
                    ]
                )
            )
    band = None if draws is None else draws.half
    words = ["Half of those who come", "", _day(dates.half_day, is_ours=is_ours)]
    rows.append(Row([*words, say_band(band, "-"), say_never_share(band)]))
    rows.append(
        Row([f"{format_share(MOST_SHARE)} of those who come", "", _day(dates.most_day, is_ours=is_ours)])
    )
    print_table(["days until", "at least", "day", "80 % of draws", "never"], rows)
    print_line(f"day: {MIDDLE}. {WHY_LATER}" if draws is not None else f"day: {MIDDLE}.")
    for stage in STAGES:
        for missing in timeline.missing(stage):
            print_line(f"Missing: {missing}.")
    if dates.exact_half_day is not None and abs(dates.exact_half_day - dates.half_day) >= 1:
        print_line(f"The exact allocation has half of them there by day {dates.exact_half_day:,.0f}.")


def _print_approvals(dates: PlanDates) -> None:
    print_title("Calendar of approvals: estimated")
    ours = ours_of(dates)
    rows = []
    for one in dates.calendar:
        people = sum(each.people for each in dates.movement.movements if each.nation == one.nation)
        sent = (
            "enablers" if people <= 0 else (tell_ours(people) if one.nation in ours else format_units(people))
        )
        last = one.last
        rows.append(
            Row(
                [
                    dates.names.get(one.nation, one.nation),
                    sent if people > 0 else "enablers",
                    f"{one.approved_day:,.0f}",
                    f"{one.approved_low:,.0f} to {one.approved_high:,.0f}",
                    "" if last is None else last.label,
                ]
            )
        )
    print_table(["nation", "people", "may move on day", "all short to all long", "waits last for"], rows)


def _print_weeks(dates: PlanDates) -> None:
    """Print people in place by week; weeks in which nothing changes are told together."""
    print_title("Strength by week, and what keeps the others away")
    draws, is_ours = dates.draws, dates.people_ours > 0
    rows = []

    def told(one: WeekBound) -> tuple[int, str]:
        return round(float(dates.timeline.total[week_end(one.week, dates)])), one.label

    for _, group in groupby(dates.flow.weeks, key=told):
        weeks = list(group)
        first, last = weeks[0], weeks[-1]
        day = week_end(last.week, dates)
        people = float(dates.timeline.total[day])
        band = ""
        if draws is not None:
            band = "-".join(format_people(float(draws.strength[p][day])) for p in (0.1, 0.9))
        rows.append(
            Row(
                [
                    str(first.week) if first is last else f"{first.week}-{last.week}",
                    str(day),
                    tell_ours(people) if is_ours and people > 0 else format_people(people),
                    band,
                    format_share(last.share) if last.reason != "nobody" else "",
                    ALL_THERE if last.reason == "nobody" else last.label,
                ]
            )
        )
    print_table(["week", "to day", "in place", "80 % of draws", "of the waiting", "what binds"], rows)


def _print_what_ifs(dates: PlanDates) -> None:
    print_title("What if")
    is_ours = dates.people_ours > 0
    heads = ["first", "full", "half", format_share(MOST_SHARE)]
    days = list(dates.what_ifs[0].at)
    rows = []
    for one in dates.what_ifs:
        values = (one.days["first"], one.days["full"], one.half_day, one.most_day)
        people = [tell_ours(n) if is_ours and n > 0 else format_people(n) for n in one.at.values()]
        label = "As asked" if one is dates.what_ifs[0] else one.what_if.label
        rows.append(Row([*(_day(day, is_ours=is_ours) for day in values), *people, label]))
    print_table([*heads, *(f"on day {day}" for day in days), "what if"], rows)
    print_line(f"Days to first and full capability, and to half and most of those who come: {MIDDLE}.")


def _print_spread(dates: PlanDates) -> None:
    draws = dates.draws
    if draws is None:
        print_line("No draws were asked for.")
        return
    print_line()
    if draws.carriers:
        print_line(f"What carries the spread of: {draws.carried}")
        for one in draws.carriers:
            print_line(f"  {format_share(one.share)}  {one.label}")
    print_line(f"{draws.n:,} draws of every lead time, load and capacity; seed {draws.seed}.")


def _day(day: float, *, is_ours: bool) -> str:
    return say_day(day, is_ours=is_ours, about="~")
