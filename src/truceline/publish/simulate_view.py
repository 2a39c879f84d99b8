"""The simulated ceasefire as its report shows it: what is seen, whether it holds, on what that hangs.

Strings as readers see them; the template lays them out. Every chance of holding carries its baseline and the
factor r in its own sentence, caption or head of a column, and baselines are never averaged. Nothing is
computed here.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from truceline.publish.simulate_compare_view import (
    COUNTS,
    NO_EFFECT,
    SHARES,
    view_comparison,
    view_sensitivity,
)
from truceline.publish.simulate_dial_view import view_dial
from truceline.publish.simulate_sources_view import (
    command_line,
    view_assumptions,
    view_process,
    view_provenance,
)
from truceline.publish.simulate_words import (
    BAND_NOTE,
    BASELINE_NOTES,
    NOT_A_FORECAST,
    RUNG_WORDS,
    TRANSFER,
    name_baseline,
    say_factor,
    say_horizon,
    show_band,
    show_chance,
    show_count,
    show_span,
    title_baseline,
)
from truceline.simulate.dial_readings import list_studies
from truceline.simulate.results import DIAL, HORIZONS
from truceline.simulate.settings import BASELINES
from truceline.simulate.watch import RUNGS

if TYPE_CHECKING:
    from truceline.simulate.backstop_dial import Threshold
    from truceline.simulate.ensemble import Comparison, Outcome
    from truceline.simulate.sensitivity import Sensitivity

Row = dict[str, Any]


def view_simulation(
    comparison: Comparison, sensitivity: Sensitivity | None = None, threshold: Threshold | None = None
) -> Row:
    """Return everything the template shows; the first outcome is the plan, the others stand beside it."""
    first = comparison.outcomes[0]
    return {
        "title": f"Will it hold? {first.label}",
        "label": first.label,
        "not_a_forecast": NOT_A_FORECAST,
        "band_note": BAND_NOTE,
        "lede": _say_what(first),
        "stats": _view_stats(first),
        "answer": _say_answer(first),
        "baselines": [
            {"name": f"{title_baseline(name)} baseline", "text": BASELINE_NOTES[name]} for name in BASELINES
        ],
        "dial": view_dial(first, threshold),
        "counts": _view_counts(first),
        "shares": _view_shares(first),
        "sectors": _view_sectors(first),
        "ladder": _say_ladder(first),
        "sensitivity": None if sensitivity is None else view_sensitivity(sensitivity),
        "comparison": view_comparison(comparison),
        "changes": _say_changes(first),
        "cannot": _say_cannot(first),
        "transfer": TRANSFER,
        "studies": list_studies(),
        "process": view_process(first),
        "assumptions": view_assumptions(first),
        "provenance": view_provenance(comparison),
        "command": command_line(comparison, with_sensitivity=sensitivity is not None, threshold=threshold),
    }


def _say_what(outcome: Outcome) -> str:
    return (
        f"{' '.join(outcome.watch.sentences())} {outcome.n_replicates:,} replicates of"
        f" {outcome.summary.n_days:,} days, seed {outcome.seed}."
    )


def _view_stats(outcome: Outcome) -> list[Row]:
    bands, n_days = outcome.summary.bands(), outcome.summary.n_days
    violations, seen = bands["n_violations"], bands["detected_share"]
    stats = [
        {
            "what": "Violations a day, mean of the days",
            "number": show_count(violations.median / n_days),
            "band": f"80 % of draws: {show_span(violations.low / n_days, violations.high / n_days)}",
            "more": f"in {show_count(bands['n_incidents'].median / n_days)} incidents a day, whatever their"
            " size.",
            "is_alarm": False,
        },
        {
            "what": "Incidents detected, of those simulated",
            "number": show_chance(seen.median),
            "band": f"80 % of draws: {show_band(seen.low, seen.high)}",
            "more": f"{show_chance(bands['verified_share'].median)} verified,"
            f" {show_chance(bands['attributed_share'].median)} attributed to a side.",
            "is_alarm": False,
        },
    ]
    horizon = _longest(outcome)
    if horizon:
        stats += [_view_holding_stat(outcome, baseline, horizon) for baseline in BASELINES]
    return stats


def _longest(outcome: Outcome) -> int:
    """Return the horizon of the large numbers: twelve months, or the longest known below it; 0 for none."""
    known = [days for days in HORIZONS[:2] if days <= outcome.summary.n_days]
    return known[-1] if known else 0


def _view_holding_stat(outcome: Outcome, baseline: str, days: int) -> Row:
    low, median, high = outcome.summary.survival_band(baseline, NO_EFFECT, days)
    mean = outcome.summary.survival_mean(baseline, NO_EFFECT, days)
    return {
        "what": f"Holds {say_horizon(days)}, {name_baseline(baseline)}",
        "number": show_chance(mean),
        "band": f"80 % of draws: {show_band(low, high)}; median {show_chance(median)}",
        "more": f"under this baseline, {say_factor(NO_EFFECT)}: no effect."
        f" {BASELINE_NOTES[baseline].capitalize()}.",
        "is_alarm": True,
    }


def _say_answer(outcome: Outcome) -> list[str]:
    """Return the answer in sentences, each chance with its condition."""
    said = []
    days = _longest(outcome)
    for baseline in BASELINES if days else ():
        parts = []
        for factor in (1.0, 0.5, 0.25):
            low, _, high = outcome.summary.survival_band(baseline, factor, days)
            mean = outcome.summary.survival_mean(baseline, factor, days)
            parts.append((factor, show_chance(mean), show_band(low, high)))
        (first, number, band), *others = parts
        rest = ", and ".join(f"of {n} ({b}) if by r = {f:.2f}" for f, n, b in others)
        said.append(
            f"Under the {name_baseline(baseline)} baseline, {say_factor(first)}, the truce holds for"
            f" {say_horizon(days)} with a chance of {number} (80 % of draws: {band}); {rest}."
        )
    if said and _are_apart(outcome, days):
        said.append(
            "The two baselines lie further apart than the whole dial reaches. Which of them a truce will"
            " resemble is not something this simulation can tell."
        )
    return said


def _are_apart(outcome: Outcome, days: int) -> bool:
    """Tell whether the best of one baseline on the dial is worse than the worst of the other."""
    best = outcome.summary.survival_mean(BASELINES[0], DIAL[0], days)
    worst = outcome.summary.survival_mean(BASELINES[1], DIAL[-1], days)
    return best < worst


def _view_counts(outcome: Outcome) -> list[Row]:
    bands = outcome.summary.bands()
    return [
        {
            "label": label,
            "median": show_count(bands[name].median),
            "band": show_span(bands[name].low, bands[name].high),
            "mean": show_count(bands[name].mean),
        }
        for name, label in COUNTS.items()
    ]


def _view_shares(outcome: Outcome) -> list[Row]:
    bands = outcome.summary.bands()
    return [
        {
            "label": label,
            "median": show_chance(bands[name].median),
            "band": show_band(bands[name].low, bands[name].high),
        }
        for name, label in SHARES.items()
        if bands[name].n
    ]


def _view_sectors(outcome: Outcome) -> list[Row]:
    summary = outcome.summary
    whole = max(int(summary.by_sector[:, :, 0].sum()), 1)
    rows = []
    for name, sides in zip(summary.sectors, summary.by_sector, strict=True):
        happened, *seen = (int(n) for n in sides.sum(axis=0))
        cells = [show_chance(n / happened) if happened else "–" for n in seen]
        rows.append({"name": name, "share": show_chance(happened / whole), "seen": cells})
    return rows


def _say_ladder(outcome: Outcome) -> list[str]:
    summary = outcome.summary
    clusters = int(summary.chains.sum())
    unanswered = summary.chains[0] / clusters if clusters else math.nan
    counts = summary.by_rung[:, 0]
    heavy = int(counts[2:].sum()) / max(int(counts.sum()), 1)
    highest = summary.band("highest_rung")
    said = [
        f"Under the drawn assumptions {show_chance(unanswered)} of clusters of incidents are never answered"
        " by the other side; of the episodes in Gaza 2007 to 2014, 61 % were one-sided.",
        f"{show_chance(heavy)} of incidents are of tanks, artillery or rockets, where the ladder began at the"
        " shares of the assumptions below.",
    ]
    if highest.n and highest.median >= 0:
        rung = RUNG_WORDS[RUNGS[round(highest.median)]].lower()
        said.append(f"The heaviest weapon of the middle replicate is {rung}.")
    return said


def _say_changes(outcome: Outcome) -> list[tuple[str, str]]:
    """Return what the plan changes in the simulation, with how much."""
    bands = outcome.summary.bands()
    seen, verified, named = (bands[f"{one}_share"] for one in ("detected", "verified", "attributed"))
    deterred, displaced = bands["deterred_share"], bands["displaced_share"]
    said = [
        (
            "What is known.",
            f"It detects {show_chance(seen.median)} of incidents, verifies {show_chance(verified.median)} and"
            f" names a side for {show_chance(named.median)}, with the chances to see of the plan.",
        ),
        (
            "What somebody dares.",
            f"Of incidents that somebody decides on, {show_chance(deterred.median)} (80 % of draws:"
            f" {show_band(deterred.low, deterred.high)}) are left undone at their first place, if being"
            " named has a consequence with the chance drawn. Without one nothing is deterred, however much"
            " is seen: that is the lesson of 400,000 recorded violations in one year.",
        ),
    ]
    if displaced.n:
        said.append(
            (
                "Where it happens.",
                f"Of those deterred, {show_chance(displaced.median)} (80 % of draws:"
                f" {show_band(displaced.low, displaced.high)}) happen elsewhere, at the place and hour where"
                " least is seen, under the drawn share of displacement.",
            )
        )
    cleared = "What was verified is answered less often, by the drawn factor of clarification."
    return [*said, ("What is answered.", cleared)]


def _say_cannot(outcome: Outcome) -> list[tuple[str, str]]:
    """Return what no watch changes here, and why."""
    record = outcome.assumptions["ceasefire.hr_monitor"]
    low, high = record.bounds
    return [
        ("The baseline.", "Whether a truce is of the Minsk type or of the armistice type is politics."),
        (
            "The guarantor.",
            "Whether anybody answers a breach is the dial. More posts do not turn it.",
        ),
        (
            "Accidents and fear.",
            "What nobody decided on is not deterred. It is only cleared up sooner.",
        ),
        (
            "The effect of being watched on the truce itself.",
            f"It is assumed, not computed: one factor between {low:g} and {high:g} on the daily hazard, the"
            " same for a large and a small watch. Above one it provokes.",
        ),
        (
            "What is not seen.",
            "A quiet report is not a quiet line: compare simulated reports with reports, never with truth.",
        ),
    ]
