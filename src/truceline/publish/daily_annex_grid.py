"""The annex as a reader sees it: every incident a row, in the columns of the OSCE mission's table and ours.

The same rows leave as CSV in full; a page shows so many and says how many it leaves to the file.
"""

from __future__ import annotations

import math

from truceline.monitor.day_lines import DayRow
from truceline.monitor.day_model import DayReport
from truceline.publish.daily_page import Grid, Head, Row, Section
from truceline.publish.daily_phrases import (
    say_observation,
    say_percent,
    say_place,
    say_position,
    say_region,
    say_side,
    say_status,
    say_untold,
    say_when,
)
from truceline.publish.daily_words import Words, plain

MAX_ROWS = 600
"""Rows on a page; a day of more has them in the file alone."""
_ABOUT = "rounded_count"


def make_annex_section(report: DayReport, words: Words) -> Section:
    """Return the annex: rows by region, each with its number."""
    heads = (
        Head(words.say("head.no"), is_number=True, share=0.45),
        Head(words.say("head.place"), share=1.4),
        Head(words.say("head.event_location"), share=1.35),
        Head(words.say("head.observed_by"), share=1.15),
        Head(words.say("head.means"), share=1.2),
        Head(words.say("head.count"), is_number=True, share=0.95),
        Head(words.say("head.observation"), share=1.35),
        Head(words.say("head.description"), share=1.35),
        Head(words.say("head.weapon"), share=1.1),
        Head(words.say("head.date_time"), share=1.2),
        Head(words.say("head.clause"), share=1.2),
        Head(words.say("head.verification"), share=1.4),
        Head(words.say("head.attribution"), share=1.25),
    )
    rows: list[Row] = []
    region: str | None = None
    for number, row in enumerate(report.rows[:MAX_ROWS], start=1):
        if row.region != region:
            region = row.region
            rows.append(Row((say_region(words, region),), "group"))
        rows.append(Row(_cells(number, row, report, words), "" if row.is_counted else "out"))
    left = len(report.rows) - min(len(report.rows), MAX_ROWS)
    note = words.say("note.annex") if rows else words.say("note.nothing")
    if left:
        note = f"{words.say('note.annex_left', n=left)} {note}"
    as_of = words.say("grid.annex", date=words.date(report.nights[-1]))
    return Section(
        "annex",
        words.say("section.annex"),
        (Grid("annex-rows", as_of, heads, tuple(rows), note, is_small=True),),
        is_wide=True,
    )


def _cells(number: int, row: DayRow, report: DayReport, words: Words) -> tuple[str, ...]:
    return (
        words.whole(number),
        say_place(words, report, row.place, row.control_side, is_withheld=row.is_unreleased),
        say_position(words, row, report.delay_h),
        words.list(plain(post) for post in row.posts) or say_untold(words, report),
        say_observation(words, row.observation, row.means),
        words.count(row.count),
        words.name("kind", row.kind) if row.kind else words.name("class", row.act_class),
        _describe(row, words),
        _say_weapon(row, words),
        say_when(words, row.time_from, row.time_to, row.time_precision),
        _say_clauses(row, words),
        say_status(
            words, row.status, is_claim=row.is_claim, claimant=say_side(words, report, row.claimed_by)
        ),
        _say_attribution(row, report, words),
    )


def _describe(row: DayRow, words: Words) -> str:
    parts = [words.name("phase", row.phase)] if row.phase else []
    if row.is_exercise:
        parts.append(words.say("describe.exercise"))
    if row.not_counted:
        parts.append(words.say(f"describe.not_counted_{row.not_counted}"))
    if _ABOUT in row.flags:
        parts.append(words.say("describe.about"))
    return words.list(parts, "list.semicolon") or words.say("sign.none")


def _say_weapon(row: DayRow, words: Words) -> str:
    if row.is_unreleased:
        return words.say("word.withheld")
    if row.weapon in ("", "unknown"):
        return words.say("weapon.unknown")
    name = words.name("weapon", row.weapon)
    if not math.isfinite(row.p_weapon):
        return name
    return words.say("attribution.weapon", weapon=name, p=say_percent(words, row.p_weapon))


def _say_clauses(row: DayRow, words: Words) -> str:
    clause = plain(row.clause)
    if not row.other_clauses:
        return clause
    others = [plain(one.partition(":")[2]) for one in row.other_clauses]
    return words.say("clause.also", clause=clause, others=words.list(others))


def _say_attribution(row: DayRow, report: DayReport, words: Words) -> str:
    if row.side not in report.sides:
        return words.say("attribution.none")
    side, p, basis = say_side(words, report, row.side), say_percent(words, row.p_side), plain(row.side_basis)
    if not p:
        return side
    if not basis:
        return words.say("attribution.side", side=side, p=p)
    return words.say("attribution.basis", side=side, p=p, basis=basis)
