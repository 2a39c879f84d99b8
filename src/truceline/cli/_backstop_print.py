"""Print what the backstop is worth: needed, held and missing for each task, and what each task changes.

Text only; units of capabilities, USD bn, months, people and shares. What others hold is our readiness of
published holdings, so every number of it is marked as ours.
"""

from __future__ import annotations

from collections.abc import Sequence

from truceline.cli._console import Row, print_line, print_table, print_title
from truceline.cli._generation_words import (
    tell_change,
    tell_day,
    tell_money,
    tell_names,
    tell_ours,
    tell_span,
    tell_value,
)
from truceline.generation.backstop import BackstopRow, BackstopWorth, Measure, SweepPoint, TaskWorth
from truceline.generation.claims import ClaimScore, count_verdicts
from truceline.generation.result import Generation
from truceline.publish.sizes import format_units
from truceline.trace import Traced

PEOPLE = "people"
"""The measure whose value alone and last are printed beside its split."""
HEADS = {
    "offered": "on offer",
    "days": "days",
    "detect_sent": "detected",
    "detect": "if complete: detected",
    "verify": "verified",
    "weakest": "weakest crossing",
    "substitute_cost": "cost, USD bn",
}
"""Short heads of columns for measures that have long names."""
PAIRS_SHOWN = 4
"""Pairs of tasks told for one measure."""
LEAST_PAIR_SHARE = 0.05
"""Interactions below this share of what the whole backstop changes are left to the JSON."""


def print_heading(generation: Generation, title: str) -> None:
    """Print what was planned, the day, and between which worlds the backstop is weighed."""
    basis = generation.basis
    print_title(f"{title}: {basis.posture_label}, as known on {tell_day(generation.as_of)}")
    print_line(
        "What the United States would bring, beside a coalition that otherwise has all it waits for; "
        "every set of tasks is tried."
    )


def print_backstop_rows(rows: Sequence[BackstopRow]) -> None:
    """Print what each task needs, what others hold, what is missing and what would stand in."""
    print_title("Needed, held by others, missing")
    heads = [
        "task",
        "unit",
        "needed",
        "held",
        "missing",
        "costs instead, USD",
        "months",
        "what would stand in",
    ]
    idle = [row.label for row in rows if row.need is not None and row.need.value <= 0]
    print_table(heads, [_gap_row(row) for row in rows if row.label not in idle])
    if idle:
        print_line(f"This force needs none of: {tell_names(idle)}.")
    print_line(
        "~ held by others: published holdings times our readiness and release, never the nations' word."
    )
    unknown = [row.label for row in rows if not row.cost_is_known]
    if unknown:
        print_line(f"What it would cost nobody knows: {tell_names(unknown)}.")


def print_worth(worth: BackstopWorth) -> None:
    """Print what each task changes alone, last and by its fair share, the pairs that matter, the rest."""
    print_title("What each task changes")
    for measure in worth.measures:
        print_line(_range_sentence(worth, measure))
    print_line()
    shown = [each for each in worth.worth if _is_told(each, worth.measures)]
    people = [measure for measure in worth.measures if measure.key == PEOPLE]
    has_people = any(_is_told(each, people) for each in worth.worth)
    rest = [measure for measure in worth.measures if measure.key != PEOPLE]
    heads = ["task", *(["people: alone", "taken last", "fair share"] if has_people else [])]
    heads += [HEADS.get(measure.key, measure.label) for measure in rest]
    if shown:
        print_table(heads, [_worth_row(each, has_people, rest) for each in sorted(shown, key=_by_people)])
        print_line(
            "Fair share: Shapley value over all sets of tasks, the parts of which add up to the whole."
        )
    for measure in worth.measures:
        _print_pairs(worth, measure)
    nothing = [each.task.label for each in worth.worth if each.changes_nothing]
    little = [each.task.label for each in worth.worth if not each.changes_nothing and each not in shown]
    if little:
        print_line(f"Changes too little to show: {tell_names(little)}.")
    if nothing:
        print_line(f"Changes nothing that is measured here: {tell_names(nothing)}.")
    if worth.unknown_costs:
        print_line(f"Left out of the costs, nobody knows them: {tell_names(worth.unknown_costs)}.")
    print_line("People rest on sizes that nobody stated (ours): compare tasks, do not quote one number.")


def print_sweep(points: Sequence[SweepPoint], worth: BackstopWorth) -> None:
    """Print how the guarantee's worth in people on offer hangs on how many tasks nations mean."""
    total = sum(each.shapley["offered"] for each in worth.worth)
    print_title("What nobody has said: how many tasks a nation means by a backstop")
    rows = [
        Row(
            [
                f"{point.at:g}",
                tell_change(point.shapley, "person"),
                tell_change(total - point.shapley, "person"),
            ]
        )
        for point in points
    ]
    print_table(["of ten tasks", "guarantee, people on offer", "all tasks together"], rows)
    print_line("Fair shares. Counted are only the tasks that this force needs, in the same proportion.")


def print_claims(claims: Sequence[ClaimScore]) -> None:
    """Print the score sheet of published claims: verdict first, then what was claimed and what is found."""
    print_title("What has been claimed")
    counts = [f"{n} {verdict}" for verdict, n in count_verdicts(claims).items() if n]
    print_line(f"{len(claims)} claims: {', '.join(counts)}.")
    rows = [
        Row([score.claim.key, _told_verdict(score), score.claim.text, score.sentence]) for score in claims
    ]
    print_table(["claim", "verdict", "what was said", "what this plan finds"], rows)
    if any(score.firm is False for score in claims):
        print_line("? the verdict turns when one range is moved to its end.")


def _told_verdict(score: ClaimScore) -> str:
    return f"{score.verdict} ?" if score.firm is False else score.verdict


def _gap_row(row: BackstopRow) -> Row:
    is_short = row.gap is not None and row.gap.value > 0
    low, high = row.months or (None, None)
    return Row(
        [
            row.label,
            row.unit,
            "" if row.need is None else format_units(row.need.value),
            "" if row.held is None else tell_ours(row.held.value),
            _told_gap(row),
            _told_cost(row) if is_short or row.gap is None else "",
            "" if row.substitute is None else tell_span(low, high),
            "" if row.substitute is None else row.substitute.words,
        ],
        "yellow" if is_short else "",
    )


def _told_cost(row: BackstopRow) -> str:
    if not row.task.is_material:
        return "not for sale"
    mark = "~" if row.substitute is not None and row.substitute.cost_is_ours else ""
    parts = [(row.one_off, "once"), (row.yearly, "a year")]
    told = [
        f"{mark}{_money(amount)} {when}" for amount, when in parts if amount is not None and _is_some(amount)
    ]
    return ", ".join(told) if told or row.cost_is_known else "not known"


def _is_some(amount: Traced) -> bool:
    return max(amount.value, amount.high or 0.0) > 0


def _told_gap(row: BackstopRow) -> str:
    if row.gap is None:
        return "cannot be counted"
    return tell_ours(row.gap.value) if row.gap.value > 0 else "nothing"


def _money(amount: Traced) -> str:
    low, high = (amount.value if end is None else end for end in (amount.low, amount.high))
    return tell_money(low, high)


def _is_told(each: TaskWorth, measures: Sequence[Measure]) -> bool:
    """Tell whether a row of the table would say anything but `none`."""
    return any(
        tell_change(found[measure.key], measure.unit) != "none"
        for measure in measures
        for found in (each.alone, each.last, each.shapley)
    )


def _by_people(each: TaskWorth) -> tuple[float, ...]:
    """Order tasks by what they are worth in people, then in the other measures."""
    first = abs(each.shapley.get(PEOPLE, 0.0))
    return (-first, *(-abs(value) for key, value in each.shapley.items() if key != PEOPLE))


def _worth_row(each: TaskWorth, has_people: bool, rest: Sequence[Measure]) -> Row:
    people = (each.alone, each.last, each.shapley) if has_people else ()
    return Row(
        [
            each.task.label,
            *(tell_change(found[PEOPLE], "person") for found in people),
            *(tell_change(each.shapley[measure.key], measure.unit) for measure in rest),
        ]
    )


def _range_sentence(worth: BackstopWorth, measure: Measure) -> str:
    column = worth.index(measure.key)
    none, everything = float(worth.values[0, column]), float(worth.values[-1, column])
    told = f"{tell_value(none, measure.unit)} without any task"
    if tell_change(everything - none, measure.unit) == "none":
        return f"{measure.label}: {told}, and no different with all of them"
    return f"{measure.label}: {told}, {tell_value(everything, measure.unit)} with all of them"


def _print_pairs(worth: BackstopWorth, measure: Measure) -> None:
    """Print the pairs of tasks that need each other, or either of which will do."""
    column = worth.index(measure.key)
    whole = abs(float(worth.values[-1, column] - worth.values[0, column]))
    labels = {task.key: task.label for task in worth.tasks}
    told = []
    for first, second, value in worth.strongest_pairs(measure.key, PAIRS_SHOWN):
        if abs(value) < LEAST_PAIR_SHARE * whole:
            continue
        how = "need each other" if (value > 0) == measure.more_is_better else "stand in for each other"
        told.append(f"{labels[first]} and {labels[second]} {how} ({tell_change(value, measure.unit)})")
    if told:
        print_line(f"Pairs in {measure.label.lower()}: {'; '.join(told)}.")
