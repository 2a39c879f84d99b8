"""The dial as the report shows it: readings with their sources, chances over r, break-even, false triggers.

Strings as readers see them. Each table says in its caption on which condition its chances hang.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from truceline.publish.simulate_words import (
    CONDITION,
    name_baseline,
    say_horizon,
    show_band,
    show_chance,
    show_count,
    show_money,
    title_baseline,
)
from truceline.publish.wording import EVIDENCE_WORDS
from truceline.simulate.backstop_dial import read_break_evens, read_dial, survive_strictly
from truceline.simulate.dial_readings import force_size_factor, list_readings, load_dial_records
from truceline.simulate.false_triggers import read_triggers
from truceline.simulate.results import DIAL
from truceline.simulate.settings import BASELINES

if TYPE_CHECKING:
    from truceline.simulate.backstop_dial import BreakEven, DialCurve, Threshold
    from truceline.simulate.ensemble import Outcome

Row = dict[str, Any]
_MONTH, _YEAR = 30, 365
_LEAST = 1e-12
"""Stands for a chance too small for the arithmetic: it is not nought while false reports come in."""
_TROOPS = (0, 2_500, 5_000, 7_500, 10_000, 20_000)
"""Forces for which the line of force size is written out."""


def view_dial(outcome: Outcome, threshold: Threshold | None = None) -> Row:
    """Return everything the report says of the backstop."""
    curves = read_dial(outcome.summary)
    return {
        "caption": f"Chance that the truce holds, {CONDITION} of the row: mean over the draws, below it 80 %"
        " of them and, at named readings, their median",
        "heads": [
            f"{title_baseline(one.baseline)} baseline: holds {say_horizon(one.days)}" for one in curves
        ],
        "rows": _view_rows(curves),
        "collapse": _say_collapse(outcome),
        "break_even": _view_break_even(outcome, threshold),
        "force_size": [f"{f'{n:,}' if n else 'none'}, r = {force_size_factor(n):.2f}" for n in _TROOPS],
        "force_size_note": str(load_dial_records()["force_size.log_slope"].source),
        "triggers": _view_triggers(outcome),
    }


def _view_rows(curves: tuple[DialCurve, ...]) -> list[Row]:
    """Return a row for each mark of the dial: named readings with their source, and the steps between."""
    named = {one.factor: one for one in list_readings()}
    rows = []
    for factor in sorted(set(DIAL) | set(named), reverse=True):
        one = named.get(factor)
        cells = []
        for curve in curves:
            mean, low, median, high = curve.at(factor)
            cells.append(
                {
                    "mean": show_chance(mean),
                    "band": show_band(low, high),
                    "median": f"median {show_chance(median)}",
                }
            )
        rows.append(
            {
                "factor": f"{factor:.2f}",
                "name": "" if one is None else one.label,
                "source": "" if one is None else one.source,
                "evidence": "" if one is None else EVIDENCE_WORDS.get(one.evidence, one.evidence),
                "is_named": one is not None,
                "cells": cells,
            }
        )
    return rows


def _say_collapse(outcome: Outcome) -> str:
    """Return how often the fire itself comes back, which no factor on a hazard changes, and what it means."""
    share = outcome.summary.share_of_replicates_with("surge_day")
    multiple, run = (outcome.settings.constant(name) for name in ("surge_multiple", "surge_days"))
    said = (
        f"In {show_chance(share)} of replicates incidents stay above {multiple:g} times the first week's"
        f" level for {run:g} days in a row within the {outcome.summary.n_days:,} days simulated. The fire has"
        " come back there, which raises the daily hazard; it does not end the truce by itself here: the dial"
        " turns the hazard, not the fire on the line."
    )
    days = _YEAR if outcome.summary.n_days >= _YEAR else _MONTH
    if days > outcome.summary.n_days:
        return said
    strict = [
        f"{show_chance(survive_strictly(outcome.summary, one, 1.0, days))} under the {name_baseline(one)}"
        " baseline"
        for one in BASELINES
    ]
    return (
        f"{said} Whoever calls that broken as well reads a mean chance of holding {say_horizon(days)}, if"
        f" the backstop changes the daily hazard by the factor r = 1.00, of {' and '.join(strict)}."
    )


def _view_break_even(outcome: Outcome, threshold: Threshold | None) -> Row | None:
    if threshold is None:
        return None
    span = ""
    if math.isfinite(threshold.cost_low):
        low, high = (show_money(n, threshold.currency) for n in (threshold.cost_low, threshold.cost_high))
        span = f" ({low} to {high})"
    found = read_break_evens(outcome.summary, threshold)
    return {
        "cost": show_money(threshold.cost_per_year, threshold.currency) + span,
        "per_month": show_money(threshold.per_month, threshold.currency),
        "source": threshold.source,
        "sentences": [_say_break_even(one, threshold) for one in found],
    }


def _say_break_even(one: BreakEven, threshold: Threshold) -> str:
    where = f"Under the {name_baseline(one.baseline)} baseline and over {say_horizon(one.days)}, "
    need = f"the backstop has to avoid {one.months_needed:.2g} months of war to be worth its cost"
    if not one.is_on_dial:
        return (
            f"{where}{need}; at r = {DIAL[0]:g}, the end of the dial, it avoids"
            f" {max(0.0, one.months_most):.2g}."
            " No factor on the dial is enough."
        )
    ends = ""
    if math.isfinite(threshold.cost_low):
        low = f"r = {one.factor_low:.2f}" if math.isfinite(one.factor_low) else "off the dial"
        high = f"r = {one.factor_high:.2f}" if math.isfinite(one.factor_high) else "off the dial"
        ends = f" ({low} at the highest cost, {high} at the lowest)"
    enough = f"it does if it changes the daily hazard by the factor r = {one.factor:.2f} or less{ends}"
    return f"{where}{need}; {enough}."


def _view_triggers(outcome: Outcome) -> Row:
    """Return the table of false triggers: a row for each K, a column for each PPV."""
    found = read_triggers(outcome.summary, outcome.settings)
    ppvs = list(dict.fromkeys(one.ppv for one in found.table))
    counts = list(dict.fromkeys(one.more_than for one in found.table))
    chance = {(one.more_than, one.ppv): one.chance for one in found.table}
    ppv = "–" if math.isnan(found.ppv) else show_chance(found.ppv)
    return {
        "caption": (
            "Chance of at least one false trigger within a year, if reports that name a side come at"
            f" {show_count(found.reports_per_day)} a day against each side (middle of the replicates), the"
            " share of the column of them is right (PPV), and the rule fires at more than K in"
            f" {found.window_days:,} days; false ones independent of each other"
        ),
        "heads": [show_chance(one) for one in ppvs],
        "rows": [
            {
                "count": f"{count:,}",
                "is_rule": count == found.more_than,
                "cells": [show_chance(max(chance[count, one], _LEAST)) for one in ppvs],
            }
            for count in counts
        ],
        "simulated": (
            f"In the simulation, where the middle replicate has a PPV of {ppv} under the drawn rates of false"
            f" reports and of wrong attributions, the rule of more than {found.more_than:,} in"
            f" {found.window_days:,} days is met falsely at least once in"
            f" {show_chance(found.simulated_share)} of replicates within {found.n_days:,} days, and"
            f" {show_count(found.simulated_per_year)} times a year in the mean. A trigger counts as false"
            " when correctly attributed incidents alone would not have met the rule."
        ),
    }
