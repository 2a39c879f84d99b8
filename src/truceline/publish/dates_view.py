"""When the force is there, as the report shows it: dates, what binds, approvals, criteria, what-ifs.

Strings as readers see them; the template lays them out. A number or day that rests on a size nobody stated
carries its mark in the string itself. Nothing is computed.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from truceline.deployment.model import add_people
from truceline.deployment.timeline import STAGES
from truceline.publish.dates_record import ours_of, week_end
from truceline.publish.dates_words import ALL_THERE, MIDDLE, WHY_LATER, say_band, say_day, say_never_share
from truceline.publish.sizes import ABOUT, DIGITS, OURS, format_units, round_to, show_range
from truceline.units import format_people, format_share

if TYPE_CHECKING:
    from truceline.deployment.draws import DayBand
    from truceline.deployment.model import WeekBound
    from truceline.plan.dates import PlanDates

Row = dict[str, Any]


def view_dates(dates: PlanDates | None) -> Row | None:
    """Return everything the template shows about dates, or None where they were not asked for."""
    if dates is None:
        return None
    draws = dates.draws
    return {
        "answer": _answer(dates),
        "asked": dates.movement.what_if.label,
        "case": dates.case_label,
        "days": f"{dates.flow.days:,}",
        "comes": dates.people > 0,
        "is_ours": dates.people_ours > 0,
        "capability": _view_capability(dates),
        "missing": list(dict.fromkeys([*dates.timeline.missing("first"), *dates.timeline.missing("full")])),
        "middle": MIDDLE,
        "why_later": WHY_LATER,
        "binding": _view_binding(dates),
        "approvals": _view_approvals(dates),
        "what_ifs": _view_what_ifs(dates),
        "what_if_days": [f"day {day}" for day in (dates.what_ifs[0].at if dates.what_ifs else ())],
        "draws": "" if draws is None else f"{draws.n:,}",
        "seed": "" if draws is None else str(draws.seed),
        "carried": "" if draws is None else draws.carried,
        "carriers": [
            {"label": one.label, "share": format_share(one.share)}
            for one in (() if draws is None else draws.carriers)
        ],
        "exact": _say_exact(dates),
    }


def show_count(value: float, ours: float) -> str:
    """Return people, marked and rounded where any of them rest on sizes nobody stated; ours: that part."""
    if round(ours) == 0:
        return format_people(value)
    return f"{ABOUT}{format_units(round_to(value, DIGITS))}{f' {OURS}' if ours > 0.995 * value else ''}"


def _answer(dates: PlanDates) -> list[str]:
    if dates.people <= 0:
        return [f"Nobody comes in this case ({dates.case_label}), so that there is no date."]
    is_ours, draws, horizon = dates.people_ours > 0, dates.draws, dates.flow.days
    half = say_day(dates.half_day, is_ours=is_ours)
    said = [_say_people(dates)]
    if half == "never":
        said.append(f"Half of them are never in place within {horizon} days.")
    else:
        said.append(f"Half of them are in place by day {half} if every lead time is at its middle")
        said[-1] += f"{_say_draws(None if draws is None else draws.half)}."
    for stage, label in STAGES.items():
        day = dates.timeline.days[stage]
        band = None if draws is None else draws.stages[stage]
        if say_day(day, is_ours=False) == "never":
            said.append(f"{label[:1].upper()}{label[1:]}: never within {horizon} days.")
        else:
            words = f"{label[:1].upper()}{label[1:]}: day {say_day(day, is_ours=is_ours)}"
            said.append(f"{words}{_say_draws(band)}.")
    return said


def _say_people(dates: PlanDates) -> str:
    """Return how many come, with the part that is ours and its range."""
    if dates.people_ours <= 0:
        return f"{format_people(dates.people)} people come in this case."
    sent = dates.movement.movements
    span = show_range(*add_people(sent))
    number, part = (format_units(round_to(n, DIGITS)) for n in (dates.people, dates.people_ours))
    whose = f"all {OURS}" if number == part else f"of which {ABOUT}{part} {OURS}"
    return f"{ABOUT} {number} people {span} come in this case, {whose}: sizes nobody stated."


def _say_draws(band: DayBand | None) -> str:
    """Return the band of a day for a sentence."""
    if band is None:
        return ""
    span = say_band(band)
    if span == "never":
        return ", but in hardly any draw"
    low, _, high = span.partition("\N{EN DASH}")
    return f"; in eight of ten draws between day {low} and {high if high == 'never' else f'day {high}'}"


def _view_capability(dates: PlanDates) -> list[Row]:
    draws, is_ours = dates.draws, dates.people_ours > 0
    rows = []

    def add(label: str, wanted: str, day: float, band: DayBand | None, kind: str, reached: str = "") -> None:
        rows.append(
            {
                "label": label,
                "wanted": wanted,
                "reached": reached,
                "day": say_day(day, is_ours=is_ours),
                "band": say_band(band),
                "middle": "" if band is None else say_day(band.p50, is_ours=False),
                "never": say_never_share(band),
                "kind": kind,
            }
        )

    for stage, label in STAGES.items():
        name = label[:1].upper() + label[1:]
        add(name, "", dates.timeline.days[stage], None if draws is None else draws.stages[stage], "stage")
        for one in dates.timeline.criteria:
            if one.criterion.stage == stage:
                band = None if draws is None else draws.criteria.get(one.criterion.key)
                wanted = format_share(one.criterion.share.value)
                add(one.criterion.label, wanted, one.day, band, "part", format_share(one.reached))
    half = None if draws is None else draws.half
    add("Half of the people who come", format_share(0.5), dates.half_day, half, "stage")
    return rows


def _view_binding(dates: PlanDates) -> list[Row]:
    """Return what binds, weeks of one reason together."""
    rows = []

    def told(one: WeekBound) -> tuple[str, str]:
        return one.reason, one.label

    for _, group in groupby(dates.flow.weeks, key=told):
        weeks = list(group)
        first, last = weeks[0], weeks[-1]
        day = week_end(last.week, dates)
        shares = [one.share for one in weeks]
        least, most = format_share(min(shares)), format_share(max(shares))
        rows.append(
            {
                "weeks": str(first.week) if first is last else f"{first.week}\N{EN DASH}{last.week}",
                "days": f"{7 * (first.week - 1)}\N{EN DASH}{day}",
                "people": show_count(float(dates.timeline.total[day]), float(dates.timeline.ours[day])),
                "binds": ALL_THERE if last.reason == "nobody" else last.label,
                "share": ""
                if last.reason == "nobody"
                else (least if least == most else f"{least} to {most}"),
            }
        )
    return rows


def _view_approvals(dates: PlanDates) -> list[Row]:
    ours, rows = ours_of(dates), []
    for one in dates.calendar:
        sent = [each for each in dates.movement.movements if each.nation == one.nation]
        people = sum(each.people for each in sent)
        low, high = add_people(sent)
        is_ours = one.nation in ours
        last = one.last
        rows.append(
            {
                "name": dates.names.get(one.nation, one.nation),
                "people": show_count(people, people if is_ours else 0.0) if people > 0 else "enablers",
                "range": show_range(low, high) if is_ours else "",
                "is_ours": is_ours,
                "day": f"{one.approved_day:,.0f}",
                "span": f"{one.approved_low:,.0f} to {one.approved_high:,.0f}",
                "last": "" if last is None else last.label,
                "steps": [
                    f"{step.label}: day {step.begin:,.0f} to {step.end:,.0f}"
                    for step in one.steps
                    if not step.met
                ],
            }
        )
    return rows


def _view_what_ifs(dates: PlanDates) -> list[Row]:
    is_ours = dates.people_ours > 0
    return [
        {
            "label": one.what_if.label,
            "is_base": one is dates.what_ifs[0],
            "days": [
                say_day(day, is_ours=is_ours)
                for day in (one.days["first"], one.days["full"], one.half_day, one.most_day)
            ],
            "people": [
                f"{ABOUT}{format_units(round_to(n, DIGITS))}" if is_ours and round(n) else format_people(n)
                for n in one.at.values()
            ],
        }
        for one in dates.what_ifs
    ]


def _say_exact(dates: PlanDates) -> str:
    if dates.exact_half_day is None or abs(dates.exact_half_day - dates.half_day) < 0.5:
        return ""
    return f"The exact allocation has half of them in place by day {dates.exact_half_day:,.0f}."
