"""Turn a day's report into a page: head, large numbers, summary in the field's fixed order, then the parts.

Order of the summary: violations by region, casualties, damage, fire at the mission, weapons and flights,
restrictions, watching, trend, corrections. It words what the report says and adds nothing up.
"""

from __future__ import annotations

from datetime import timedelta

from truceline.events.kinds import Releasability
from truceline.monitor.day_model import DayReport, RegionDay, TrendLine
from truceline.monitor.day_tally import Count, People
from truceline.publish.daily_page import Bullets, Page, Section, Stat
from truceline.publish.daily_phrases import say_hours, say_region
from truceline.publish.daily_sections import make_sections
from truceline.publish.daily_words import Words, plain

_EDITIONS = {
    Releasability.parties: "notice.edition_parties",
    Releasability.public: "notice.edition_public",
}
_ORDINALS = ("zero.first", "zero.second", "zero.third")


def _title(report: DayReport, words: Words) -> str:
    if report.is_draft:
        return words.say("page.draft")
    return words.say("page.title", number=str(report.number), year=str(report.year))


def view_day(report: DayReport, words: Words) -> Page:
    """Return the page of a report in one language."""
    return Page(
        language=words.language,
        brand=words.say("page.brand"),
        title=_title(report, words),
        mission=plain(report.mission),
        lines=_head_lines(report, words),
        notices=_notices(report, words),
        stats=_stats(report, words),
        sections=(
            Section("summary", words.say("section.summary"), (Bullets(_summary(report, words)),)),
            *make_sections(report, words),
        ),
        contents=words.say("page.contents"),
        footer=words.say("page.footer", change=report.as_of),
        page_word=words.say("page.page"),
    )


def _head_lines(report: DayReport, words: Words) -> tuple[str, ...]:
    end = words.local(report.period_to)
    as_of = words.say(
        "head.as_of", time=words.time(report.period_to), date=words.weekday(end.date()), zone=report.zone
    )
    period = words.say(
        "head.period",
        n=len(report.nights),
        start=words.moment(report.period_from),
        end=words.moment(report.period_to),
    )
    issued = words.say("head.issued", moment=words.moment(report.issued_at))
    return (as_of, period, issued)


def _notices(report: DayReport, words: Words) -> tuple[str, ...]:
    notices = []
    if report.is_simulated:
        notices.append(words.say("notice.simulated"))
    if report.level is not Releasability.mission:
        said = words.say(_EDITIONS[report.level], n=report.n_unreleased, all=len(report.rows))
        notices.append(said)
    if report.corrects is not None:
        notices.append(words.say("notice.corrects", number=str(report.corrects)))
    return tuple(notices)


def _stats(report: DayReport, words: Words) -> tuple[Stat, ...]:
    total, before = report.total, report.previous
    hours, harm = report.sums.hours, report.sums.harm
    killed, hurt = harm.killed[1], harm.hurt[1]
    shares = words.list(
        [
            words.say(f"stat.{status}", count=total[f"status.{status}"].best)
            for status in ("verified", "corroborated", "reported")
        ]
    )
    return (
        Stat(
            words.say("stat.violations"),
            words.whole(total.violations.best),
            _band(total.violations, words),
            words.say("stat.previous_split", previous=before.violations, split=shares),
        ),
        Stat(
            words.say("stat.explosions"),
            words.whole(total.explosions.best),
            _band(total.explosions, words),
            words.say(
                "stat.previous_undetermined",
                previous=before.explosions,
                undetermined=total["phase.undetermined"].best,
            ),
        ),
        Stat(
            words.say("stat.people"),
            words.say("stat.killed_hurt", killed=killed, hurt=hurt),
            words.say("stat.killed_hurt_names"),
            words.say("stat.people_more", n=harm.n_lines),
            is_alarm=bool(killed or hurt),
        ),
        Stat(
            words.say("stat.watched"),
            say_hours(words, hours.watched),
            words.say("stat.lost", hours=say_hours(words, hours.lost)),
            words.say("stat.watched_more", previous=say_hours(words, hours.previous)),
        ),
    )


def _band(count: Count, words: Words) -> str:
    if count.low == count.high:
        return words.say("stat.exact", n=count.n_incidents)
    bounds = words.range(words.whole(count.low), words.whole(count.high))
    return words.say("stat.band", range=bounds, n=count.n_incidents)


def _summary(report: DayReport, words: Words) -> tuple[tuple[str, str], ...]:
    items: list[tuple[str, str]] = []
    shown = [r for r in report.regions if r.tally.violations.n_incidents or r.previous.violations.n_incidents]
    if report.zero_days.is_today:
        items.append((words.say("lead.zero"), _say_zero(report, words)))
    items += [(say_region(words, region.name), say_region_count(region, report, words)) for region in shown]
    silent = [say_region(words, region.name) for region in report.regions if region not in shown]
    if silent and not report.zero_days.is_today:
        items.append((words.join(silent), words.say("summary.none")))
    items += [
        (words.say("lead.casualties"), _say_casualties(report, words)),
        (words.say("lead.damage"), _say_damage(report, words)),
        (words.say("lead.mission"), _say_fire_at_mission(report, words)),
        (words.say("lead.weapons"), _say_weapons(report, words)),
        (words.say("lead.restrictions"), _say_restrictions(report, words)),
        (words.say("lead.watching"), _say_watching(report, words)),
    ]
    whole = [line for line in report.trend if not line.region]
    items += [(words.say("lead.trend"), say_trend(line, words)) for line in whole]
    if report.corrections:
        items.append((words.say("lead.corrections"), _say_corrections(report, words)))
    return tuple(items)


def _say_corrections(report: DayReport, words: Words) -> str:
    totals = [
        words.say("summary.correction", number=f"{c.number}/{c.year}", said=c.said, holds=c.holds)
        for c in report.corrections
        if c.figure == "all.violations.best"
    ]
    return " ".join([*totals, words.say("summary.corrections", n=len(report.corrections))])


def say_region_count(region: RegionDay, report: DayReport, words: Words) -> str:
    """Return a region's violations, explosions among them, the period before, and what is an exercise."""
    violations, before = region.tally.violations, region.previous
    parts = []
    if violations.n_incidents:
        said = _say_explosions(region.tally.explosions, words)
        parts.append(words.say("summary.violations", n=violations, count=violations, explosions=said))
    else:
        parts.append(words.say("summary.no_violations"))
    if len(region.nights) > 1:
        nights = [
            words.say("summary.night", day=words.day(night), count=count)
            for night, count in zip(report.nights, region.nights, strict=True)
        ]
        parts.append(words.say("summary.nights", nights=words.join(nights)))
    exercise = region.tally["exercise"]
    if exercise.n_incidents and report.include_exercises:
        parts.append(words.say("summary.exercise_in", count=exercise))
    elif exercise.n_incidents:
        parts.append(words.say("summary.exercise_out", count=exercise))
    if region.tally["claim"].n_incidents:
        parts.append(words.say("summary.claim", count=region.tally["claim"]))
    if before.violations.n_incidents:
        said = _say_explosions(before.explosions, words)
        parts.append(words.say("summary.previous", count=before.violations, explosions=said))
    else:
        parts.append(words.say("summary.previous_none"))
    return " ".join(parts)


def _say_explosions(count: Count, words: Words) -> str:
    if not count.n_incidents:
        return words.say("count.no_explosions")
    return words.say("count.explosions", n=count, count=count)


def say_trend(line: TrendLine, words: Words) -> str:
    """Return a ratio to expected and what it amounts to."""
    ratio = words.say(
        "trend.ratio",
        observed=words.decimal(line.observed, 0),
        expected=words.decimal(line.expected, 1),
        ratio=words.decimal(line.ratio, 2),
        range=words.range(words.decimal(line.ratio_low, 2), words.decimal(line.ratio_high, 2)),
    )
    return f"{ratio} {words.say(f'trend.{line.state}')}"


def _say_zero(report: DayReport, words: Words) -> str:
    zero = report.zero_days
    since = words.date(zero.since)
    if not zero.is_watched:
        return words.say("zero.unwatched")
    if len(report.nights) == 1 and zero.n_days <= len(_ORDINALS):
        said = words.say(_ORDINALS[zero.n_days - 1], since=since)
    else:
        said = words.say("zero.nth", n=zero.n_days, since=since)
    left_out = words.say("zero.left_out", n=zero.n_unwatched) if zero.n_unwatched else ""
    return " ".join(filter(None, (said, left_out)))


def _say_casualties(report: DayReport, words: Words) -> str:
    told, fire = report.sums.casualties, report.sums.of_fire
    parts = [words.say("summary.no_casualties")] if not fire.n_lines else []
    if told.n_lines:
        people = _say_people(told, words)
        parts = [words.say("summary.casualties", n=told.n_lines, firm=told.n_firm, **people)]
    if fire.n_lines:
        key = "summary.casualties_of_fire" if told.n_lines else "summary.casualties_of_fire_alone"
        parts.append(words.say(key, n=fire.n_lines, **_say_people(fire, words)))
    return " ".join(parts)


def _say_people(people: People, words: Words) -> dict[str, str]:
    return {"killed": words.count(Count(*people.killed)), "hurt": words.count(Count(*people.hurt))}


def _say_damage(report: DayReport, words: Words) -> str:
    damage = report.sums.damage
    if not damage.n_lines:
        return words.say("summary.no_damage")
    return words.say("summary.damage", n=damage.n_lines, firm=damage.n_firm)


def _say_fire_at_mission(report: DayReport, words: Words) -> str:
    n = report.sums.n_fire_at_mission
    return words.say("summary.mission", n=n) if n else words.say("summary.no_mission")


def _say_weapons(report: DayReport, words: Words) -> str:
    n_weapons, n_flights = report.sums.n_weapons, report.sums.n_flights
    weapons = words.say("summary.weapons", n=n_weapons) if n_weapons else words.say("summary.no_weapons")
    flights = words.say("summary.flights", n=n_flights) if n_flights else words.say("summary.no_flights")
    return f"{weapons} {flights}"


def _say_restrictions(report: DayReport, words: Words) -> str:
    if not report.restrictions:
        return words.say("summary.no_restrictions")
    split = [
        words.say("summary.restriction", state=words.name("state", state), count=n)
        for state, n in report.sums.n_restrictions.items()
    ]
    return words.say("summary.restrictions", n=len(report.restrictions), split=words.join(split))


def _say_watching(report: DayReport, words: Words) -> str:
    if not report.effort:
        return words.say("summary.no_watching")
    hours = report.sums.hours
    said = words.say(
        "summary.watching",
        hours=say_hours(words, hours.watched),
        previous=say_hours(words, hours.previous),
        lost=say_hours(words, hours.lost),
    )
    if report.sums.unwatched:
        unwatched = [say_region(words, name) for name in report.sums.unwatched]
        said = f"{said} {words.say('summary.unwatched', regions=words.join(unwatched))}"
    return said


def describe_period(report: DayReport, words: Words) -> str:
    """Return the period in a few words, for the titles of figures."""
    last = report.nights[-1]
    return words.range(words.day(last - timedelta(days=len(report.nights) - 1)), words.date(last))
