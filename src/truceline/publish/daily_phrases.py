"""Small phrases of the daily report: where, when, by whom noticed, how well established.

Each reads one line of a day's report and says it; nothing is counted here.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from truceline.events.kinds import Releasability, TimePrecision
from truceline.monitor.day_lines import DayRow, PlaceLine
from truceline.monitor.day_model import DayReport
from truceline.monitor.day_tally import Count
from truceline.publish.daily_words import Words, plain

_COARSE_TIMES = {
    str(p) for p in (TimePrecision.day, TimePrecision.week, TimePrecision.month, TimePrecision.year)
}
_M_PER_KM = 1000.0


def say_when(words: Words, time_from: datetime, time_to: datetime, precision: str) -> str:
    """Return the time of something as exactly as it is known, by the clock of the mission."""
    first = words.local(time_from)
    if precision in _COARSE_TIMES:
        last = words.local(max(time_from, time_to - timedelta(seconds=1)))
        return words.range(words.day(first.date()), words.day(last.date()))
    last = words.local(time_to)
    if first.date() == last.date():
        times = words.range(words.time(time_from), words.time(time_to))
        return words.say("when.at", day=words.day(first.date()), time=times)
    ends = [
        words.say("when.at", day=words.day(at.date()), time=words.time(moment))
        for at, moment in ((first, time_from), (last, time_to))
    ]
    return words.say("when.span", start=ends[0], end=ends[1])


def say_region(words: Words, region: str) -> str:
    """Return the name of a region; the others together have one too."""
    return plain(region) or words.say("region.other")


def say_side(words: Words, report: DayReport, side: str) -> str:
    """Return the name of a side; a, b, or nobody."""
    return plain(report.sides[side]) if side in report.sides else words.say("side.unknown")


def say_control(words: Words, report: DayReport, side: str) -> str:
    """Return who holds a place."""
    if side in report.sides:
        return words.say("control.side", side=plain(report.sides[side]))
    return words.say("control.contested" if side == "contested" else "control.unknown")


def say_place(
    words: Words, report: DayReport, place: str, control_side: str, *, is_withheld: bool = False
) -> str:
    """Return a place with who holds it."""
    if not place:
        return words.say("word.withheld" if is_withheld else "place.unnamed")
    held = say_control(words, report, control_side)
    return words.say("place.held", place=plain(place), control=held)


def say_place_line(words: Words, report: DayReport, line: PlaceLine, centre: str, *, with_count: bool) -> str:
    """Return a place with who holds it and where it lies from the regional centre."""
    held = say_control(words, report, line.control_side)
    where = {"place": plain(line.place), "control": held}
    if not math.isfinite(line.distance_m) or not centre:
        if not with_count:
            return words.say("place.held", **where)
        return words.say("place.counted", **where, count=line.count.best)
    where |= {
        "distance": words.decimal(line.distance_m / _M_PER_KM, 0),
        "direction": words.compass(line.bearing_deg),
        "centre": plain(centre),
    }
    if not with_count:
        return words.say("place.from", **where)
    return words.say("place.counted_from", **where, count=line.count.best)


def say_untold(words: Words, report: DayReport) -> str:
    """Return what stands where nobody is named: a dash, or that an edition for others names nobody."""
    return words.say("sign.none" if report.level is Releasability.mission else "word.withheld")


def say_position(words: Words, row: DayRow, delay_h: float) -> str:
    """Return where an incident was: range and bearing from a post, or coordinates with their error."""
    if row.is_unreleased:
        return words.say("position.unreleased")
    if row.is_withheld:
        return words.say("position.withheld", hours=words.decimal(delay_h, 0))
    if row.location_post:
        low = row.range_min_m if math.isfinite(row.range_min_m) else 0.0
        distances = words.range(*(_kilometres(words, value) for value in (low, row.range_max_m)))
        return words.say(
            "position.from_post",
            distance=distances,
            direction=words.compass(row.bearing_deg),
            post=plain(row.location_post),
        )
    if math.isfinite(row.lon):
        where = {"lat": words.decimal(row.lat, 3), "lon": words.decimal(row.lon, 3)}
        if not math.isfinite(row.sigma_m):
            return words.say("position.point", **where)
        return words.say("position.point_error", **where, sigma=_error(words, row.sigma_m))
    return words.say("position.unknown")


def say_observation(words: Words, observation: str, means: tuple[str, ...]) -> str:
    """Return verb and means: recorded (camera, patrol)."""
    verb = words.name("noticed", observation) if observation else words.say("noticed.unknown")
    known = [words.name("means", one) for one in means if one != "unknown"]
    if not known:
        return verb
    return words.say("observation.with", verb=verb, means=words.list(known))


def say_status(words: Words, status: str, *, is_claim: bool, claimant: str = "") -> str:
    """Return how far something is established; a party's claim stays labelled as one."""
    said = words.name("status", status)
    return words.say("word.claim", status=said, side=claimant) if is_claim else said


def say_people(words: Words, people: tuple[int, int, int]) -> str:
    """Return a number of people, with its range where there is one; a dash for nobody."""
    low, best, high = people
    return words.count(Count(low, best, high)) if high else words.say("sign.none")


def say_or_dash(words: Words, count: Count) -> str:
    """Return a count; a dash where nothing was counted."""
    return words.count(count) if count.n_incidents else words.say("sign.none")


def say_hours(words: Words, hours: float) -> str:
    """Return hours, to a tenth below a hundred; a dash where they are not known."""
    if not math.isfinite(hours):
        return words.say("sign.none")
    return words.decimal(hours, 0 if hours >= 100 or hours == round(hours) else 1)


def say_percent(words: Words, share: float) -> str:
    """Return a probability in whole per cent; empty where it is not known."""
    return words.say("sign.percent", value=words.decimal(100 * share, 0)) if math.isfinite(share) else ""


def _kilometres(words: Words, metres: float) -> str:
    km = metres / _M_PER_KM
    return words.decimal(km, 0 if km == round(km) else 1)


def _error(words: Words, sigma_m: float) -> str:
    """Return a standard deviation to two digits, in metres or kilometres."""
    if sigma_m >= _M_PER_KM:
        return words.say("unit.km", value=words.decimal(sigma_m / _M_PER_KM, 1))
    return words.say("unit.m", value=words.decimal(round(sigma_m, -1), 0))
