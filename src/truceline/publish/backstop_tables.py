"""Tables of the backstop, of what unlocks a force, and of published claims.

Units of capabilities, people, shares, USD bn, days, months. Needs follow from the plan; what is held, and so
what is missing, rests on readiness and release that are ours: those numbers have their range beside them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from truceline.publish.generation_tables import BASIS, of_generation
from truceline.publish.generation_words import basis_of_sum, rests_on_ours
from truceline.publish.table import Table, number, text

if TYPE_CHECKING:
    from truceline.generation.result import Generation
    from truceline.trace import Traced

BACKSTOP = Table(
    "backstop",
    "The backstop: needed, held, missing",
    "A line for each capability that a task of the backstop would fill, and one for the promise. Costs and"
    " months are of the substitute named, for this gap; empty where nobody knows, which is not nothing.",
    (
        text("task", "Key of the task"),
        text("task_label", "What it is"),
        text("group", "air support, logistics, intelligence, command or political"),
        text("capability", "Capability the line is about; empty for the promise"),
        text("unit", "What is counted"),
        number("needed", "see unit", "Units the force needs", 2),
        number("held", "see unit", "Units others would bring", 2),
        number("held_low", "see unit", "Lowest", 2),
        number("held_high", "see unit", "Highest", 2),
        text("basis", "Whose the units held and missing are: ours, after readiness and release"),
        number("gap", "see unit", "Units missing", 2),
        number("gap_low", "see unit", "Lowest", 2),
        number("gap_high", "see unit", "Highest", 2),
        text("substitute", "What could stand in"),
        number("one_off_low_usd_bn", "USD bn", "Lowest cost, once", 4),
        number("one_off_high_usd_bn", "USD bn", "Highest cost, once", 4),
        number("yearly_low_usd_bn", "USD bn", "Lowest cost a year", 4),
        number("yearly_high_usd_bn", "USD bn", "Highest cost a year", 4),
        text("cost_evidence", "Grade of the cost; judgement and general are ours, unknown is unknown"),
        number("months_low", "month", "Soonest that the substitute works", 1),
        number("months_high", "month", "Latest", 1),
        text("months_evidence", "Grade of the months"),
        number("closing_months_low", "month", "Soonest that others could do the same, as published", 1),
        number("closing_months_high", "month", "Latest, as published", 1),
        text("source", "Where it was read"),
        text("source_url", "Address of the source"),
    ),
)

BACKSTOP_VALUES = Table(
    "backstop_values",
    "What each task of the backstop is worth",
    "A row for each task and measure, every set of tasks evaluated. The Shapley values of a measure add up to"
    " what the whole backstop changes. Where the basis is ours the values rest on sizes nobody stated.",
    (
        text("task", "Key of the task"),
        text("measure", "What is changed"),
        text("unit", "Unit of the values; 1 for shares between 0 and 1"),
        number("alone", "see unit", "Change with no other task", 6),
        number("last", "see unit", "Lost when it alone is taken away from all", 6),
        number("shapley", "see unit", "Its part of the whole", 6),
        number(
            "interaction", "see unit", "Shapley less alone: what it gains or loses by meeting the others", 6
        ),
        number("least", "see unit", "Smallest change, over every company of other tasks", 6),
        number("most", "see unit", "Largest such change", 6),
        BASIS,
        text("changes_nothing", "Whether it changes no measure whatever else there is"),
        number("without", "see unit", "The measure with nothing of the backstop", 6),
        number("with_all", "see unit", "The measure with all of it", 6),
    ),
)

UNLOCKING = Table(
    "unlocking",
    "Smallest sets of conditions that bring the target",
    "Sequential: each waits for those it named. Joint: all sign at once. Without any one condition of a set"
    " the target is missed. The value is people, or a share where the target is one.",
    (
        text("signature", "sequential or joint"),
        text("target", "What is to be reached"),
        number("rank", "1", "1 is met soonest", 0),
        number("lead_days", "day", "Days from a ceasefire until all of it can be met", 1),
        number("n_conditions", "1", "Conditions in the set", 0),
        text("conditions", "Their keys; fragile ones, which are in every set, have a star"),
        number("value", "see target", "What is reached then", 4),
        BASIS,
        text("codes", "Who is in then"),
    ),
)

CLAIMS = Table(
    "claims",
    "Published claims",
    "What this plan makes of each claim under its assumptions; not about who was right. A verdict is firm"
    " when no single range, moved to an end, turns it.",
    (
        text("claim", "Row of the packaged table"),
        text("date", "When it was made"),
        text("words", "The claim"),
        text("verdict", "reproduced, challenged, not testable, or not testable yet"),
        text("is_firm", "Whether the verdict stays when one range moves; empty where there is none"),
        text("sentence", "Why, with ours said where a number rests on a size nobody stated"),
        number("value", "see unit", "Number the verdict rests on"),
        text("unit", "Its unit"),
        text("test", "What a model can do to test it"),
        text("confidence", "How far the source is to be relied on"),
        text("source", "Where it was read"),
        text("source_url", "Address of the source"),
    ),
)


def _ends(traced: Traced | None) -> tuple[float | None, float | None]:
    return (None, None) if traced is None else traced.bounds


def list_backstop(generation: Generation) -> Iterable[tuple[Any, ...]]:
    """Yield every line of the backstop."""
    for row in generation.backstop_rows:
        substitute = row.substitute
        yield (
            row.task.key,
            row.task.label,
            row.task.group,
            row.capability,
            row.unit,
            None if row.need is None else row.need.value,
            None if row.held is None else row.held.value,
            *_ends(row.held),
            "" if row.need is None else "ours",
            None if row.gap is None else row.gap.value,
            *_ends(row.gap),
            "" if substitute is None else substitute.words,
            *_ends(row.one_off),
            *_ends(row.yearly),
            "" if substitute is None else substitute.cost_evidence,
            *((None, None) if row.months is None else row.months),
            "" if substitute is None else substitute.months_evidence,
            *((None, None) if row.closing_months is None else row.closing_months),
            "" if substitute is None else substitute.source,
            "" if substitute is None else substitute.source_url,
        )


def list_values(generation: Generation) -> Iterable[tuple[Any, ...]]:
    """Yield what each task is worth in each measure."""
    worth = generation.backstop
    if worth is None:
        return
    for one in worth.worth:
        for column, measure in enumerate(worth.measures):
            key = measure.key
            yield (
                one.task.key,
                key,
                measure.unit,
                one.alone[key],
                one.last[key],
                one.shapley[key],
                one.shapley[key] - one.alone[key],
                one.least[key],
                one.most[key],
                basis_of_sum(float(rests_on_ours(generation, key))),
                one.changes_nothing,
                float(worth.values[0, column]),
                float(worth.values[-1, column]),
            )


def list_unlocking(generation: Generation) -> Iterable[tuple[Any, ...]]:
    """Yield every smallest set, sequential and joint."""
    for one in generation.unlocking:
        for rank, found in enumerate(one.sets, start=1):
            days = found.lead_days
            ours = any(
                generation.offers[code].basis == "ours" for code in found.codes if code in generation.offers
            )
            yield (
                "joint" if one.joint else "sequential",
                generation.unlock_target,
                rank,
                days if days is not None and math.isfinite(days) else None,
                len(found.conditions),
                "; ".join(f"{key}*" if key in one.fragile else key for key in found.conditions),
                found.value,
                "ours" if ours else "stated",
                "; ".join(found.codes),
            )


def list_claims(generation: Generation) -> Iterable[tuple[Any, ...]]:
    """Yield the score sheet."""
    for score in generation.claims:
        claim = score.claim
        yield (
            claim.key,
            claim.date,
            claim.text,
            score.verdict,
            score.firm,
            score.sentence,
            score.number,
            score.unit,
            claim.test,
            claim.confidence,
            claim.source,
            claim.source_url,
        )


TABLES = (
    of_generation(BACKSTOP, list_backstop),
    of_generation(BACKSTOP_VALUES, list_values),
    of_generation(UNLOCKING, list_unlocking),
    of_generation(CLAIMS, list_claims),
)
"""Description of every table with the function that fills it, in the order of products."""
