"""Tables of the dial, of break-even, of false triggers and of sensitivity, as plain rows.

Chances and shares from 0 to 1. Each row names its baseline and its factor: no chance of holding stands alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from truceline.publish.table import Table, number, share, text
from truceline.simulate.backstop_dial import read_break_evens, read_dial
from truceline.simulate.dial_readings import list_readings
from truceline.simulate.false_triggers import read_triggers

if TYPE_CHECKING:
    from truceline.simulate.backstop_dial import Threshold
    from truceline.simulate.ensemble import Outcome
    from truceline.simulate.sensitivity import Sensitivity

DIAL = Table(
    "backstop_dial",
    "Chance of holding at the named readings of the dial",
    "Every chance holds only under the baseline of its row, if the backstop changes the daily hazard by"
    " factor_r. Readings come from other wars; none is more likely than another.",
    (
        text("baseline", "Named baseline of the daily hazard; baselines are never averaged"),
        number("days", "day", "Days from the ceasefire", 0),
        number("factor_r", "1", "Factor by which the backstop is taken to change the daily hazard", 3),
        text("reading", "Who read it so; empty between the marks"),
        text("source", "Where it was read"),
        share("p_holds_mean", "Chance that it holds: mean over draws of what is assumed"),
        share("p_holds_low", "A tenth of the draws is below"),
        share("p_holds_median", "Half of the draws are below"),
        share("p_holds_high", "A tenth of the draws is above"),
    ),
)
BREAK_EVEN = Table(
    "break_even",
    "Factor at which the backstop is worth its cost to who asked",
    "The cost is counted for the whole horizon; months of war avoided are counted against a backstop that"
    " changes nothing, under the baseline of the row.",
    (
        text("baseline", "Named baseline"),
        number("days", "day", "Horizon", 0),
        number("cost_per_year", "money", "Cost of the backstop a year", 0),
        number("threshold_per_month", "money", "What a month of war avoided may cost", 0),
        text("currency", "Currency of both"),
        number("months_needed", "month", "Months of war to be avoided within the horizon", 3),
        number("months_most", "month", "Months avoided at the lowest factor of the dial", 3),
        number("factor_r", "1", "Break-even factor; empty where no factor on the dial is enough", 3),
        number("factor_r_dear", "1", "The same at the highest cost", 3),
        number("factor_r_cheap", "1", "The same at the lowest cost", 3),
    ),
)
TRIGGERS = Table(
    "false_triggers",
    "Chance of a false trigger within a year",
    "If false reports that name a side come independently of each other; a campaign of false claims fires"
    " sooner.",
    (
        number("more_than_k", "1", "The rule fires at more than this many reports", 0),
        number("window_days", "day", "Window in which they are counted", 0),
        share("ppv", "Share of reports that name a side and are right"),
        number("reports_per_day", "1/day", "Such reports against one side, middle of the replicates", 4),
        share("p_false_trigger", "Chance of at least one false trigger within a year"),
    ),
)
SENSITIVITY = Table(
    "sensitivity",
    "On which assumptions each answer hangs",
    "Chances of holding are those at r = 1. Answers at the ends of a range are means with all else at its"
    " value; violations are explained on the scale of ln(1 + a day). Intervals are 95 %, from replicates or"
    " bootstrap.",
    (
        text("answer", "Answer: <baseline>_<days> is a chance of holding at r = 1"),
        text("assumption", "Short name; luck is no assumption"),
        number("range_low", "", "Low end of its range"),
        number("range_high", "", "High end"),
        number("at_low", "", "Answer there", 6),
        number("at_low_half", "", "Half the interval of the difference to the centre", 6),
        number("at_high", "", "Answer at the high end", 6),
        number("at_high_half", "", "Half the interval", 6),
        number("first_index", "1", "Sobol index alone", 4),
        number("first_half", "1", "Half its interval", 4),
        number("total_index", "1", "Sobol index with all others", 4),
        number("total_half", "1", "Half its interval", 4),
    ),
)


def list_dial_tables(
    outcome: Outcome, sensitivity: Sensitivity | None = None, threshold: Threshold | None = None
) -> dict[str, Table]:
    """Return the tables by name; those without a row are left out."""
    tables = [_fill_dial(outcome), _fill_triggers(outcome)]
    if threshold is not None:
        tables.append(_fill_break_even(outcome, threshold))
    if sensitivity is not None:
        tables.append(_fill_sensitivity(sensitivity))
    return {table.name: table for table in tables if table.rows}


def _fill_dial(outcome: Outcome) -> Table:
    named = {one.factor: one for one in list_readings()}
    rows = []
    for curve in read_dial(outcome.summary):
        for factor in sorted({*curve.factors.tolist(), *named}):
            one = named.get(factor)
            words = ("", "") if one is None else (one.label, one.source)
            rows.append((curve.baseline, curve.days, factor, *words, *curve.at(factor)))
    return DIAL.filled(rows)


def _fill_triggers(outcome: Outcome) -> Table:
    found = read_triggers(outcome.summary, outcome.settings)
    return TRIGGERS.filled(
        (one.more_than, one.window_days, one.ppv, one.reports_per_day, one.chance) for one in found.table
    )


def _fill_break_even(outcome: Outcome, threshold: Threshold) -> Table:
    return BREAK_EVEN.filled(
        (
            one.baseline,
            one.days,
            threshold.cost_per_year,
            threshold.per_month,
            threshold.currency,
            one.months_needed,
            one.months_most,
            one.factor,
            one.factor_low,
            one.factor_high,
        )
        for one in read_break_evens(outcome.summary, threshold)
    )


def _fill_sensitivity(found: Sensitivity) -> Table:
    rows = []
    for one in found.answers:
        indices = {each.name: each for each in one.indices}
        bars = {each.name: each for each in one.bars}
        for name in dict.fromkeys((*bars, *indices)):
            bar, index = bars.get(name), indices.get(name)
            moved = (
                [None] * 6
                if bar is None
                else [bar.low, bar.high, bar.at_low, bar.at_low_half, bar.at_high, bar.at_high_half]
            )
            spread = (
                [None] * 4
                if index is None
                else [index.first, index.first_half, index.total, index.total_half]
            )
            rows.append((one.answer.key, name, *moved, *spread))
    return SENSITIVITY.filled(rows)
