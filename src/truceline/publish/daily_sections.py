"""The parts of the daily report after its summary: violations, harm, weapons, restrictions, corrections.

Tables with their notes, each number as the report has it. How the parts are ordered follows the daily reports
of the OSCE mission; effort, clauses, trend and corrections are what those lacked.
"""

from __future__ import annotations

from truceline.events.kinds import Observation, Phase, Releasability
from truceline.monitor.day_lines import PlaceLine
from truceline.monitor.day_model import DayReport, RegionDay
from truceline.monitor.day_tally import CLASS_GROUPS, ActClass, Hours, Tally
from truceline.publish.daily_annex_grid import make_annex_section
from truceline.publish.daily_findings import (
    make_corrections,
    make_effort,
    make_harm,
    make_restrictions,
    make_weapons,
    say_ratio,
)
from truceline.publish.daily_page import Block, Grid, Head, Paragraph, Plate, Row, Section
from truceline.publish.daily_phrases import (
    say_hours,
    say_or_dash,
    say_place_line,
    say_region,
    say_side,
)
from truceline.publish.daily_words import Words, plain, start

PHASES = (Phase.impact, Phase.outgoing, Phase.airburst, Phase.in_flight, Phase.undetermined)
"""In the order of a daily report."""
STATUSES = ("verified", "corroborated", "reported")


def make_sections(report: DayReport, words: Words) -> tuple[Section, ...]:
    """Return the parts in their order; those that have nothing to say, say so."""
    return (
        Section("map", words.say("section.map"), _charts(report, words)),
        Section("violations", words.say("section.violations"), _violations(report, words)),
        Section("harm", words.say("section.harm"), make_harm(report, words)),
        Section("weapons", words.say("section.weapons"), make_weapons(report, words)),
        Section("restrictions", words.say("section.restrictions"), make_restrictions(report, words)),
        Section("effort", words.say("section.effort"), make_effort(report, words)),
        Section("corrections", words.say("section.corrections"), make_corrections(report, words)),
        Section("counting", words.say("section.counting"), _counting(report, words)),
        make_annex_section(report, words),
    )


def _charts(report: DayReport, words: Words) -> tuple[Block, ...]:
    plates = [Plate("map", words.say("plate.map")), Plate("trail", words.say("plate.trail"))]
    if report.year_means:
        plates.append(Plate("year", words.say("plate.year")))
    return tuple(plates)


def _violations(report: DayReport, words: Words) -> tuple[Block, ...]:
    blocks: list[Block] = [_main_grid(report, words), *_region_paragraphs(report, words)]
    for name, keys, heads in (
        ("classes", [f"class.{c}" for c in ActClass], [f"class.{c}" for c in ActClass]),
        ("phases", [f"phase.{p}" for p in PHASES], [f"phase.{p}" for p in PHASES]),
        (
            "noticed",
            [*(f"noticed.{o}" for o in Observation), "noticed."],
            [*(f"noticed.{o}" for o in Observation), "noticed.unknown"],
        ),
        ("status", [f"status.{s}" for s in STATUSES], [f"established.{s}" for s in STATUSES]),
    ):
        texts = [words.say(head) for head in heads]
        blocks.append(_split_grid(report, words, name, list(zip(keys, texts, strict=True))))
    sides = [("a", say_side(words, report, "a")), ("b", say_side(words, report, "b"))]
    places = [
        *((f"place.{key}", words.say("head.held", side=name)) for key, name in sides),
        ("place.contested", words.say("head.contested")),
        ("place.", words.say("head.not_known")),
    ]
    by = [
        *((f"by.{key}", words.say("head.by", side=name)) for key, name in sides),
        ("by.", words.say("head.not_investigated")),
    ]
    blocks.append(_split_grid(report, words, "sides", [*places, *by]))
    blocks += _totals(report, words)
    return tuple(blocks)


def _main_grid(report: DayReport, words: Words) -> Grid:
    """Return the table of regions: violations beside what was watched and what was to be expected."""
    heads = (
        Head(words.say("head.region"), share=1.7),
        Head(words.say("head.violations"), is_number=True, share=1.5),
        Head(words.say("head.previous"), is_number=True),
        Head(words.say("head.explosions"), is_number=True, share=1.5),
        Head(words.say("head.previous"), is_number=True),
        Head(words.say("head.watched_h"), is_number=True),
        Head(words.say("head.previous_h"), is_number=True),
        Head(words.say("head.lost_h"), is_number=True),
        Head(words.say("head.ratio"), is_number=True, share=1.3),
    )
    rows = [
        Row(_main_cells(say_region(words, r.name), r.name, r.tally, r.previous, report, words))
        for r in report.regions
    ]
    all_ = words.say("word.all")
    rows.append(Row(_main_cells(all_, None, report.total, report.previous, report, words), "total"))
    note = words.say("note.exercise_in" if report.include_exercises else "note.exercise_out")
    return Grid(
        "regions",
        words.say("grid.regions"),
        heads,
        tuple(rows),
        f"{words.say('note.regions')} {note}",
    )


def _main_cells(
    label: str, region: str | None, now: Tally, before: Tally, report: DayReport, words: Words
) -> tuple[str, ...]:
    """Return one row; region None is the whole mission."""
    hours = report.sums.hours if region is None else report.sums.hours_by_region.get(region, Hours())
    trend = next((line for line in report.trend if line.region == (region or "")), None)
    is_other = region == ""
    return (
        label,
        words.count(now.violations),
        words.whole(before.violations.best),
        words.count(now.explosions),
        words.whole(before.explosions.best),
        *(say_hours(words, value) for value in (hours.watched, hours.previous, hours.lost)),
        say_ratio(trend, words) if trend and not is_other else words.say("sign.none"),
    )


def _region_paragraphs(report: DayReport, words: Words) -> list[Block]:
    return [
        Paragraph(_where(region, report, words), lead=say_region(words, region.name))
        for region in report.regions
        if region.tally.violations.n_incidents
    ]


def _where(region: RegionDay, report: DayReport, words: Words) -> str:
    """Return where the majority occurred, and how the explosions were assessed."""
    violations, together = region.tally.violations, region.places_count
    parts = []
    if region.places:
        places = words.join([_say_place(p, region, report, words) for p in region.places])
        is_most = 2 * together.best > violations.best
        key = "where.majority" if is_most else "where.most"
        key = "where.some" if region.unreleased.n_incidents and not is_most else key
        key = "where.all" if together.best == violations.best else key
        parts.append(words.say(key, count=together.best, all=violations.best, places=places))
    elif not region.unreleased.n_incidents:
        parts.append(words.say("where.unnamed", all=violations.best))
    if region.unreleased.n_incidents:
        parts.append(words.say("where.unreleased", n=region.unreleased.best))
    if region.others:
        parts.append(words.say("where.others", names=words.join([plain(name) for name in region.others])))
    return " ".join(parts)


def _say_place(line: PlaceLine, region: RegionDay, report: DayReport, words: Words) -> str:
    is_alone = len(region.places) == 1
    return say_place_line(words, report, line, region.centre, with_count=not is_alone)


def _split_grid(report: DayReport, words: Words, name: str, columns: list[tuple[str, str]]) -> Grid:
    """Return a table that splits the counts of each region; columns that are empty everywhere stay out."""
    shown = [(key, text) for key, text in columns if report.total[key].n_incidents]
    heads = (
        Head(words.say("head.region"), share=1.7),
        *(Head(start(text), is_number=True) for _, text in shown),
    )
    parts = [(say_region(words, r.name), r.tally) for r in report.regions if r.tally.violations.n_incidents]
    rows = [Row((label, *(say_or_dash(words, tally[key]) for key, _ in shown))) for label, tally in parts]
    total = (words.say("word.all"), *(say_or_dash(words, report.total[key]) for key, _ in shown))
    return Grid(
        name,
        words.say(f"grid.{name}"),
        heads,
        (*rows, Row(total, "total")) if shown else (),
        words.say(f"note.{name}") if shown else words.say("note.nothing"),
    )


def _totals(report: DayReport, words: Words) -> list[Block]:
    """Return running totals since each agreement, and the counts by clause."""
    blocks: list[Block] = []
    if report.since:
        heads = (
            Head(words.say("head.since"), share=2.2),
            Head(words.say("head.violations"), is_number=True, share=1.4),
            *(Head(words.say(f"total.{'_'.join(classes)}"), is_number=True) for classes in CLASS_GROUPS),
        )
        rows = []
        for line in report.since:
            began = words.date(words.local(line.agreement.since).date())
            label = words.say("since.label", title=plain(line.agreement.title), date=began, n=line.n_days)
            cells = [words.count(line.tally.violations), *(words.whole(c.best) for c in line.groups)]
            rows.append(Row((label, *cells)))
        blocks.append(Grid("since", words.say("grid.since"), heads, tuple(rows), words.say("note.since")))
    if report.clauses:
        heads = (
            Head(words.say("head.agreement"), share=1.5),
            Head(words.say("head.clause"), share=1.5),
            Head(words.say("head.violations"), is_number=True),
            Head(words.say("head.incidents"), is_number=True),
            Head(words.say("head.previous"), is_number=True),
        )
        titles = {line.agreement.name: line.agreement.title for line in report.since}
        rows = [
            Row(
                (
                    plain(titles.get(line.agreement, line.agreement)),
                    plain(line.clause),
                    say_or_dash(words, line.count),
                    words.whole(line.count.n_incidents),
                    say_or_dash(words, line.previous),
                )
            )
            for line in report.clauses
        ]
        blocks.append(
            Grid("clauses", words.say("grid.clauses"), heads, tuple(rows), words.say("note.clauses"))
        )
    return blocks


def _counting(report: DayReport, words: Words) -> tuple[Block, ...]:
    keys: tuple[str, ...] = ("unit", "once", "when", "bounds", "exercise", "claims", "positions", "effort")
    values = {"hours": words.decimal(report.delay_h, 0), "decimals": report.position_decimals}
    if report.level is not Releasability.mission:
        keys = (*keys, "edition")
    return tuple(
        Paragraph(words.say(f"rule.{key}", **values), lead=words.say(f"rule_lead.{key}")) for key in keys
    )
