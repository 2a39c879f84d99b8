"""What the daily report found beside the violations: harm, weapons, restrictions, effort, corrections.

A table for each, with its note; where there is nothing, the note says so.
"""

from __future__ import annotations

import math

from truceline.events.kinds import Releasability
from truceline.monitor.day_lines import HarmLine, RestrictionLine, SightingLine
from truceline.monitor.day_model import Correction, DayReport, TrendLine
from truceline.monitor.day_tally import ActClass
from truceline.publish.daily_page import Block, Grid, Head, Paragraph, Row
from truceline.publish.daily_phrases import (
    say_hours,
    say_observation,
    say_people,
    say_place,
    say_region,
    say_side,
    say_status,
    say_untold,
    say_when,
)
from truceline.publish.daily_words import Words, plain

MAX_CHANGES = 4
"""Changes named beside a correction; a period may have been touched by dozens."""


def make_harm(report: DayReport, words: Words) -> tuple[Block, ...]:
    """Return people hurt and things damaged."""
    heads = (
        Head(words.say("head.what"), share=1.2),
        Head(words.say("head.where"), share=1.8),
        Head(words.say("head.when"), share=1.4),
        Head(words.say("head.killed"), is_number=True, share=0.7),
        Head(words.say("head.injured"), is_number=True, share=0.7),
        Head(words.say("head.how_known"), share=1.6),
        Head(words.say("head.sources"), share=1.4),
        Head(words.say("head.verification"), share=1.4),
    )
    rows = tuple(
        Row(
            (
                _say_harm(harm.kind, harm.target, words),
                _say_where(harm, report, words),
                say_when(words, harm.time_from, harm.time_to, harm.time_precision),
                say_people(words, harm.killed),
                say_people(words, harm.hurt),
                _say_noticed(harm, words),
                words.list(plain(source) for source in harm.sources[:3]) or _say_no_source(report, words),
                say_status(
                    words,
                    harm.status,
                    is_claim=harm.is_claim,
                    claimant=say_side(words, report, harm.claimed_by),
                ),
            )
        )
        for harm in report.harms
    )
    note = words.say("note.harm") if rows else words.say("note.no_harm")
    return (Grid("harm-rows", words.say("grid.harm"), heads, rows, note, is_small=True),)


def _say_where(line: HarmLine | SightingLine, report: DayReport, words: Words) -> str:
    place = say_place(words, report, line.place, line.control_side, is_withheld=line.is_unreleased)
    return words.list([place, say_region(words, line.region)])


def _say_noticed(line: HarmLine | SightingLine, words: Words) -> str:
    if line.is_unreleased:
        return words.say("word.withheld")
    return say_observation(words, line.observation, line.means)


def _say_no_source(report: DayReport, words: Words) -> str:
    return "" if report.level is Releasability.mission else words.say("word.withheld")


def _say_harm(kind: str, target: str, words: Words) -> str:
    what = words.name("kind", kind) if kind else words.say("word.withheld")
    return words.say("harm.to", what=what, target=words.name("target", target)) if target else what


def make_weapons(report: DayReport, words: Words) -> tuple[Block, ...]:
    """Return weapons, positions and flights: in violation, noted, in the air."""
    movement = [line for line in report.sightings if line.group == "movement"]
    air = [line for line in report.sightings if line.group == "air"]
    broken = [line for line in movement if line.verdict == "violation"]
    other = [line for line in movement if line.verdict != "violation"]
    return (
        _sighting_grid("in-violation", "grid.weapons_in", "note.no_weapons_in", broken, report, words),
        _sighting_grid("noted", "grid.weapons_noted", "note.no_weapons_noted", other, report, words),
        _sighting_grid("flights", "grid.flights", "note.no_flights", air, report, words),
    )


def _sighting_grid(
    name: str, title: str, none: str, lines: list[SightingLine], report: DayReport, words: Words
) -> Grid:
    heads = (
        Head(words.say("head.number"), is_number=True, share=0.5),
        Head(words.say("head.type"), share=1.2),
        Head(words.say("head.where"), share=2.0),
        Head(words.say("head.when"), share=1.4),
        Head(words.say("head.source"), share=1.4),
        Head(words.say("head.clause"), share=1.4),
        Head(words.say("head.finding"), share=1.2),
        Head(words.say("head.verification"), share=1.2),
    )
    rows = tuple(
        Row(
            (
                words.count(line.count),
                _say_type(line, words),
                _say_where(line, report, words),
                say_when(words, line.time_from, line.time_to, line.time_precision),
                _say_noticed(line, words),
                plain(line.clause) or words.say("sign.none"),
                words.name("verdict", line.verdict) if line.verdict else words.say("verdict.none"),
                say_status(words, line.status, is_claim=line.is_claim, claimant=words.say("side.unknown")),
            )
        )
        for line in lines
    )
    return Grid(name, words.say(title), heads, rows, "" if rows else words.say(none), is_small=True)


def _say_type(line: SightingLine, words: Words) -> str:
    if line.is_unreleased:
        return words.say("word.withheld")
    kind = words.name("kind", line.kind)
    if line.kind == "weapon_present" and line.weapon:
        return words.name("weapon", line.weapon)
    return kind


def make_restrictions(report: DayReport, words: Words) -> tuple[Block, ...]:
    """Return what prevented the watching; an edition for others tells it by the day."""
    is_own = report.level is Releasability.mission
    heads = (
        Head(words.say("head.restriction"), share=1.0),
        Head(words.say("head.where"), share=1.8),
        Head(words.say("head.when"), share=1.5),
        Head(words.say("head.hours"), is_number=True, share=0.6),
        Head(words.say("head.means"), share=0.8),
        Head(words.say("head.who"), share=1.5),
        Head(words.say("head.words"), share=2.0),
    )
    rows = tuple(
        Row(
            (
                words.name("state", line.state),
                words.list([_say_barred(line, words), say_region(words, line.region)]),
                say_when(words, line.time_from, line.time_to, "minute" if is_own else "day"),
                say_hours(words, line.lost_h),
                words.name("means", line.means) if line.means else words.say("sign.none"),
                _say_cause(line.cause, report, words),
                words.say("word.quoted", words=plain(line.words))
                if line.words
                else say_untold(words, report),
            )
        )
        for line in report.restrictions
    )
    note = words.say("note.restrictions") if rows else words.say("note.no_restrictions")
    return (Grid("restriction-rows", words.say("grid.restrictions"), heads, rows, note, is_small=True),)


def _say_barred(line: RestrictionLine, words: Words) -> str:
    return plain(line.place) or words.say("word.withheld" if line.is_unreleased else "place.unnamed")


def _say_cause(cause: str, report: DayReport, words: Words) -> str:
    if cause in report.sides:
        return say_side(words, report, cause)
    if report.level is not Releasability.mission:
        return words.say("word.withheld")
    return plain(cause) or words.say("word.not_told")


def make_effort(report: DayReport, words: Words) -> tuple[Block, ...]:
    """Return hours watched and ratios to expected."""
    has_corrected = any(math.isfinite(line.corrected_best) for line in report.effort)
    heads = (
        Head(words.say("head.region"), share=1.5),
        Head(words.say("head.means"), share=1.2),
        Head(words.say("head.posts"), is_number=True),
        Head(words.say("head.watched_h"), is_number=True),
        Head(words.say("head.previous_h"), is_number=True),
        Head(words.say("head.lost_h"), is_number=True),
        *((Head(words.say("head.corrected"), is_number=True, share=1.6),) if has_corrected else ()),
    )
    rows = []
    for line in report.effort:
        corrected = words.say("sign.none")
        if math.isfinite(line.corrected_best):
            ends = [words.decimal(v, 0) for v in (line.corrected_low, line.corrected_high)]
            corrected = words.catalogue.numbers.about.format(
                best=words.decimal(line.corrected_best, 0), range=words.range(*ends)
            )
        rows.append(
            Row(
                (
                    say_region(words, line.region),
                    words.name("means", line.means),
                    words.whole(line.n_posts),
                    say_hours(words, line.watched_h),
                    say_hours(words, line.previous_watched_h),
                    say_hours(words, line.lost_h),
                    *((corrected,) if has_corrected else ()),
                )
            )
        )
    note = words.say("note.effort") if rows else words.say("note.no_effort")
    if has_corrected:
        note = f"{note} {words.say('note.corrected')}"
    blocks: list[Block] = [Grid("effort-rows", words.say("grid.effort"), heads, tuple(rows), note)]
    if report.trend:
        blocks.append(_trend_grid(report, words))
    return tuple(blocks)


def _trend_grid(report: DayReport, words: Words) -> Grid:
    heads = (
        Head(words.say("head.region"), share=1.2),
        Head(words.say("head.observed"), is_number=True, share=0.8),
        Head(words.say("head.expected"), is_number=True, share=0.8),
        Head(words.say("head.ratio"), is_number=True, share=1.2),
        Head(words.say("head.meaning"), share=4.0),
    )
    rows = tuple(
        Row(
            (
                say_region(words, line.region) if line.region else words.say("word.all"),
                words.decimal(line.observed, 0),
                words.decimal(line.expected, 1),
                say_ratio(line, words),
                words.say(f"trend.{line.state}"),
            )
        )
        for line in report.trend
    )
    return Grid("trend-rows", words.say("grid.trend"), heads, rows, words.say("note.trend"))


def make_corrections(report: DayReport, words: Words) -> tuple[Block, ...]:
    """Return figures of earlier reports that no longer hold, under the changes that altered them."""
    if not report.corrections:
        if report.corrects is not None:
            return (Paragraph(words.say("note.no_other_corrections", number=str(report.corrects))),)
        return (Paragraph(words.say("note.no_corrections")),)
    heads = (
        Head(words.say("head.region"), share=1.2),
        Head(words.say("head.figure"), share=2.0),
        Head(words.say("head.said"), is_number=True, share=0.7),
        Head(words.say("head.holds"), is_number=True, share=0.7),
    )
    told = [one for one in report.corrections if _is_main(one.figure)]
    rows: list[Row] = []
    last: tuple[int, int] | None = None
    for one in told:
        if (one.year, one.number) != last:
            last = (one.year, one.number)
            rows.append(Row((_say_changes(one, words),), "group"))
        area, what = say_figure(one.figure, report, words)
        rows.append(Row((area, what, words.whole(one.said), words.whole(one.holds))))
    note = words.say("note.corrections", n=len(report.corrections) - len(told))
    return (Grid("correction-rows", words.say("grid.corrections"), heads, tuple(rows), note, is_small=True),)


def _is_main(figure: str) -> bool:
    """Tell whether a page shows the figure; the others are in daily.json."""
    ends = (".violations.best", f".class.{ActClass.explosion}.best", "killed.best", "hurt.best")
    return figure.endswith(ends) or (".status." in figure and figure.endswith(".best"))


def _say_changes(one: Correction, words: Words) -> str:
    """Return which report is corrected, and by which changes."""
    said = [
        words.say(
            "change.line",
            number=str(change.change_id),
            moment=words.moment(change.at),
            who=plain(change.who),
            what=plain(change.what),
            why=plain(change.why) or words.say("word.no_reason"),
        )
        if change.who
        else words.say(
            "change.bare",
            number=str(change.change_id),
            moment=words.moment(change.at),
            what=plain(change.what),
        )
        for change in one.changes[-MAX_CHANGES:]
    ]
    left = len(one.changes) - len(said)
    if left:
        said.append(words.say("change.more", n=left))
    return words.say(
        "change.of_report",
        number=f"{one.number}/{one.year}",
        end=words.moment(one.period_to),
        changes=words.list(said, "list.semicolon"),
    )


def say_figure(figure: str, report: DayReport, words: Words) -> tuple[str, str]:
    """Return area and name of a figure that pages show: region.Donetsk.class.explosion.best."""
    path = figure.removesuffix(".best")
    area = words.say("word.all")
    for region in report.regions:
        start = f"region.{region.name or 'other'}."
        if path.startswith(start):
            path, area = path.removeprefix(start), say_region(words, region.name)
    path = path.removeprefix("all.")
    family, _, word = path.partition(".")
    if family == "status":
        return area, words.name("established", word)
    return area, words.name("class", word) if family == "class" else words.name("figure", family)


def say_ratio(line: TrendLine, words: Words) -> str:
    """Return a ratio to expected with its interval; a dash where there is none."""
    if not math.isfinite(line.ratio):
        return words.say("sign.none")
    bounds = words.range(words.decimal(line.ratio_low, 1), words.decimal(line.ratio_high, 1))
    return words.catalogue.numbers.about.format(best=words.decimal(line.ratio, 1), range=bounds)
