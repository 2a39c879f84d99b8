"""Print a simulated ceasefire: the process, what is seen, whether it holds, what another plan changes.

Text only. No chance of holding is printed without its baseline and the factor r; nothing is averaged over
them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from truceline.cli._console import Row, print_line, print_table, print_title
from truceline.publish.simulate_words import (
    BAND_NOTE,
    CONDITION,
    NOT_A_FORECAST,
    PARAMETER_WORDS,
    name_baseline,
    say_answer,
    say_horizon,
    show_answer,
    show_band,
    show_chance,
    show_count,
    show_money,
    show_signed,
    show_span,
    title_baseline,
)
from truceline.simulate.backstop_dial import read_break_evens
from truceline.simulate.catalogue import PREFIX
from truceline.simulate.dial_readings import list_readings
from truceline.simulate.parameters import PARAMETERS, draw_parameters
from truceline.simulate.process import compose, describe_process, say_process
from truceline.simulate.results import DIAL, HORIZONS
from truceline.simulate.settings import BASELINES
from truceline.simulate.sketch import RATIO

if TYPE_CHECKING:
    from truceline.scenario.assumption import AssumptionSet
    from truceline.simulate.backstop_dial import Threshold
    from truceline.simulate.ensemble import Comparison, Outcome
    from truceline.simulate.sensitivity import AnswerSensitivity, Sensitivity
    from truceline.simulate.settings import Settings
    from truceline.simulate.summary import Band
    from truceline.simulate.watch import Watch

SHOWN_FACTORS = (0.25, 0.5, 1.0, 1.2)
"""Factors shown where the whole dial was not asked for: those with a named reading."""
N_SHOWN = 6
"""Assumptions listed for each answer."""
PROCESS_HEADS = (
    "days",
    "level",
    "background",
    "left undone",
    "incidents",
    "detected",
    "verified",
    "attributed",
    "violations",
    *(f"{name_baseline(name)} hazard" for name in BASELINES),
)
"""Heads of `describe_process`, short enough for a terminal."""
_COUNTS = {
    "n_incidents": "incidents",
    "n_violations": "violations in them",
    "n_detected": "incidents detected",
    "n_verified": "incidents verified",
    "n_attributed": "incidents attributed",
    "n_deterred": "deliberate ones deterred",
    "n_displaced": "of these, moved elsewhere",
    "n_false_reports": "reports of nothing",
}
_SHARES = {
    "detected_share": "share detected",
    "verified_share": "share verified",
    "attributed_share": "share attributed",
    "unanswered_share": "clusters never answered",
}
_CHANGES = (
    "n_incidents",
    "n_violations",
    "n_deterred",
    "n_displaced",
    "detected_share",
    "verified_share",
    "attributed_share",
)
"""What is compared between plans, apart from holding."""


def print_question(watches: Sequence[Watch], settings: Settings, n_replicates: int, seed: int) -> None:
    """Print what is about to be simulated."""
    print_title(f"{watches[0].label}: a ceasefire, simulated")
    for sentence in dict.fromkeys(sentence for watch in watches for sentence in watch.sentences()):
        print_line(sentence)
    print_line(f"{settings.n_days:,} days, {n_replicates:,} replicates, seed {seed}.")
    print_line(NOT_A_FORECAST)


def print_process(
    watch: Watch,
    assumptions: AssumptionSet,
    settings: Settings,
    fixed: Mapping[str, float],
    cap_branching: float | None,
) -> None:
    """Print the process as a table of epochs and rates, before anything of it is simulated."""
    stated = {name: assumptions.value(PREFIX + name) for name in PARAMETERS}
    central = draw_parameters(
        assumptions, first=0, n=1, seed=0, fixed={**stated, **fixed}, cap_branching=cap_branching
    )
    process = compose(watch, central, settings)
    rows = describe_process(process)[1:]
    print_line()
    print_title(f"The process, before anything is simulated: {watch.label}")
    print_line("At the stated value of every assumption; each replicate draws its own from their ranges.")
    print_table(PROCESS_HEADS, [Row(row) for row in rows])
    print_line("Rates and hazards a day, on the whole line; hazards under the baseline named, if r = 1.00.")
    for sentence in say_process(process):
        print_line(sentence)
    if fixed:
        held = ", ".join(f"{name} = {value:g}" for name, value in sorted(fixed.items()))
        print_line(f"Fixed for all replicates by you: {held}.")


def print_outcome(found: Comparison, *, sweep: bool, threshold: Threshold | None) -> None:
    """Print what came out: what happens and is seen, whether it holds, what other plans change."""
    print_line()
    _print_seen(found.outcomes)
    for outcome in found.outcomes:
        print_line()
        _print_holding(outcome, DIAL if sweep else SHOWN_FACTORS)
    _print_how_to_read(found.outcomes)
    if found.differences:
        print_line()
        _print_differences(found)
    print_line()
    _print_triggers(found)
    if threshold is not None:
        print_line()
        _print_break_even(found.outcomes[0], threshold)


def print_end(found: Comparison) -> None:
    """Print how the tables are to be read, and with which seed they can be made again."""
    first = found.outcomes[0]
    print_line()
    print_line(BAND_NOTE)
    band = first.summary.band("n_incidents")
    if band.median > 0:
        off = max(band.median_high - band.median, band.median - band.median_low) / band.median
        print_line(
            f"More replicates would move the median number of incidents by at most {100 * off:.1f} % (95 %); "
            f"medians and bands are read off bins {100 * (RATIO - 1):.0f} % wide."
        )
    if first.summary.n_capped:
        share = first.summary.n_capped / first.summary.n
        print_line(
            f"In {first.summary.n_capped:,} replicates ({show_chance(share)}) the branching ratio was cut "
            f"to {first.cap_branching:g}, as you asked; without it they would never end."
        )
    print_line(f"Seed {first.seed}: the same seed gives the same numbers, whatever the number of workers.")


def print_sensitivity(found: Sensitivity) -> None:
    """Print on which assumptions each answer hangs: the largest total index first, each with its interval."""
    for one in found.answers:
        print_line()
        print_title(f"{say_answer(one.answer)}: on which assumptions it hangs")
        share, half = one.assumption_share
        if not one.indices:
            print_line("It does not vary.")
            continue
        print_line(
            f"{_say_index(share, half)} of its variance comes from assumptions alone, the rest from luck too."
        )
        bars = {bar.name: bar for bar in one.bars}
        rows = []
        for index in one.indices[:N_SHOWN]:
            bar = bars.get(index.name)
            ends = "" if bar is None else f"{_say_at(one, bar.at_low)} to {_say_at(one, bar.at_high)}"
            rows.append(
                Row(
                    [
                        PARAMETER_WORDS.get(index.name, index.name),
                        _say_index(index.first, index.first_half),
                        _say_index(index.total, index.total_half),
                        ends,
                    ]
                )
            )
        print_table(["assumption", "alone", "with others", "answer, low to high end"], rows)
    print_line()
    print_line(
        f"{found.n_replicates:,} replicates of their own; Sobol shares of variance with 95 % intervals. They "
        "say what moves the model, not what moves the world."
    )


def _say_at(one: AnswerSensitivity, value: float) -> str:
    """Return an answer in its own unit: violations are explained as logarithms of one more than a day's."""
    return show_answer(one.answer.kind, math.expm1(value) if one.answer.kind == "violations" else value)


def _say_index(value: float, half: float) -> str:
    return f"{value:.2f} ± {half:.2f}"


def _print_seen(outcomes: Sequence[Outcome]) -> None:
    """Print what happens and what is seen of it: a row for each measure, a column for each watch."""
    print_title(f"What happens in {outcomes[0].summary.n_days:,} days, and what is seen of it")
    bands = [outcome.summary.bands() for outcome in outcomes]
    rows = [Row([label, *(_count_cell(each[name]) for each in bands)]) for name, label in _COUNTS.items()]
    rows += [Row([label, *(_share_cell(each[name]) for each in bands)]) for name, label in _SHARES.items()]
    print_table(["in one replicate", *(outcome.label for outcome in outcomes)], rows)
    print_line("Median, in brackets 80 % of replicates.")


def _print_holding(outcome: Outcome, factors: Sequence[float]) -> None:
    """Print chances of holding: a row for each factor, a column for each baseline and horizon."""
    summary = outcome.summary
    known = [days for days in HORIZONS if days <= summary.n_days]
    print_title(f"{outcome.label}: does it hold, {CONDITION}")
    if not known:
        print_line(f"{summary.n_days} days were simulated; chances are told from {HORIZONS[0]} days on.")
        return
    pairs = [(baseline, days) for baseline in BASELINES for days in known]
    heads = [f"{title_baseline(baseline)}, {say_horizon(days)}" for baseline, days in pairs]
    readings = {round(one.factor, 6): one.label for one in list_readings()}
    rows = [
        Row(
            [
                f"r = {factor:.2f}",
                *(_holding_cell(outcome, baseline, factor, days) for baseline, days in pairs),
                readings.get(round(factor, 6), ""),
            ]
        )
        for factor in factors
    ]
    print_table(["", *heads, "who reads r so"], rows)


def _print_how_to_read(outcomes: Sequence[Outcome]) -> None:
    """Print what stands under the tables of holding."""
    constants = outcomes[0].settings.constants
    multiple, days = (constants[name] for name in ("surge_multiple", "surge_days"))
    shares = [outcome.summary.share_of_replicates_with("surge_day") for outcome in outcomes]
    told = "; ".join(
        f"{show_chance(share)} of replicates ({outcome.label})"
        for share, outcome in zip(shares, outcomes, strict=True)
    )
    print_line(
        "Mean chance over the draws under the baseline that heads the column, in brackets 80 % of draws. "
        "r = 1 changes nothing."
    )
    print_line(
        f"Not counted as broken, whatever r: where, under the drawn assumptions, the fire comes back to more "
        f"than {multiple:g} times the first week's level for {days:g} days. It happens in {told}."
    )


def _holding_cell(outcome: Outcome, baseline: str, factor: float, days: int) -> str:
    mean = outcome.summary.survival_mean(baseline, factor, days)
    low, _, high = outcome.summary.survival_band(baseline, factor, days)
    return f"{show_chance(mean)} ({show_band(low, high)})"


def _print_differences(found: Comparison) -> None:
    """Print what other watches change, replicate by replicate under the same luck."""
    first = found.outcomes[0]
    print_title(f"What changes against {first.label}, under the same luck")
    known = [days for days in HORIZONS if days <= first.summary.n_days]
    for difference in found.differences:
        bands, more = difference.bands(), difference.share_above_zero()
        names = [*_CHANGES, *(f"{baseline}_survival_{days}" for baseline in BASELINES for days in known)]
        rows = []
        for name in names:
            is_share = name not in _COUNTS
            band = bands[name]
            cells = [_signed(band.median, is_share), _signed_span(band, is_share)]
            rows.append(Row([_say_change(name), *cells, show_chance(more[name])]))
        print_table([difference.label, "median change", "80 % of replicates", "more of it in"], rows)
    print_line(
        "Changes are of one replicate, in counts or per cent points. Holding is told under the baseline "
        "named, if the backstop changes nothing (r = 1.00)."
    )


def _say_change(name: str) -> str:
    if "_survival_" in name:
        baseline, _, days = name.split("_")
        return f"holds {say_horizon(int(days))}, {name_baseline(baseline)}, r = 1.00"
    return {**_COUNTS, **_SHARES}[name]


def _signed(value: float, is_share: bool) -> str:
    """Return a change with its sign: counts as counts, shares in per cent points."""
    if not math.isfinite(value):
        return "–"
    if is_share:
        return f"{show_signed(100 * value)} points"
    return show_signed(value, 0)


def _signed_span(band: Band, is_share: bool) -> str:
    if not math.isfinite(band.low):
        return ""
    low, high = ((100 * value, 1) if is_share else (value, 0) for value in (band.low, band.high))
    return f"{show_signed(*low)} to {show_signed(*high)}"


def _print_triggers(found: Comparison) -> None:
    """Print how often the declared rule would fire, and how often on noise."""
    constants = found.outcomes[0].settings.constants
    count, days = (constants[name] for name in ("trigger_count", "trigger_days"))
    for outcome in found.outcomes:
        summary = outcome.summary
        if summary.mean("n_attributed") + summary.mean("n_false_attributed") == 0:
            continue
        fires, wrongly = (summary.share_above_zero(name) for name in ("n_triggers", "n_false_triggers"))
        print_line(
            f"{outcome.label}: a rule that fires on more than {count:g} incidents attributed to one side in "
            f"{days:g} days fires in {show_chance(fires)} of replicates within {summary.n_days:,} days under "
            f"the drawn assumptions, and in {show_chance(wrongly)} at least once wrongly: on false reports "
            "or a wrong name."
        )


def _print_break_even(outcome: Outcome, threshold: Threshold) -> None:
    """Print the factor at which the backstop is worth its cost to who asked, under each baseline."""
    currency = threshold.currency
    print_title("Break-even of the backstop")
    print_line(
        f"Cost {show_money(threshold.cost_per_year, currency)} a year ({threshold.source}). "
        f"A month of war avoided may cost {show_money(threshold.per_month, currency)}."
    )
    for one in read_break_evens(outcome.summary, threshold):
        where = f"Under the {name_baseline(one.baseline)} baseline over {say_horizon(one.days)}"
        if one.is_on_dial:
            print_line(
                f"{where}: worth its cost if the backstop changes the daily hazard by a factor r of "
                f"{one.factor:.2f} or less ({one.months_needed:.1f} months of war avoided)."
            )
        else:
            print_line(
                f"{where}: worth its cost at no factor r of the dial: {one.months_needed:.1f} months of war "
                f"would have to be avoided, and at r = {DIAL[0]:.2f} it is {one.months_most:.1f}."
            )


def _count_cell(band: Band) -> str:
    return f"{show_count(band.median)} ({show_span(band.low, band.high)})"


def _share_cell(band: Band) -> str:
    span = show_band(band.low, band.high)
    return f"{show_chance(band.median)} ({span})" if span else show_chance(band.median)
