"""Words of the simulated ceasefire: the condition each chance of holding carries, baselines, bands, warnings.

Sentences and formats only; nothing is computed. No chance that a truce holds leaves this file without the
baseline and the factor it rests on in the same sentence: pages, figures and the terminal all speak from here.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from truceline.units import format_chance

if TYPE_CHECKING:
    from truceline.simulate.ensemble import Outcome
    from truceline.simulate.sensitivity import Answer

BASELINE_WORDS = {"minsk": "Minsk-type", "armistice": "armistice-type"}
"""The two named baselines as readers meet them; they are never averaged."""
BASELINE_NOTES = {
    "minsk": "a recommitment without consequence, broken after two weeks on average",
    "armistice": "a truce that became an armistice, of which about half fail in the long run",
}
CONDITION = "if the backstop changes the daily hazard by the factor r"
"""The condition under which every chance of holding is said, with the factor left open."""
NOT_A_FORECAST = (
    "Simulated under named assumptions, not a forecast. Two baselines stand side by side and are never"
    " averaged; the backstop is a factor r that nobody can estimate."
)
BAND_NOTE = (
    "Band: 80 % of replicates. Each draws its assumptions from their ranges, so it shows what is not known,"
    " not the noise of the simulation."
)
HORIZON_WORDS = {30: "30 days", 365: "12 months", 1826: "60 months"}
RUNG_WORDS = {
    "small_arms": "Small arms",
    "mortar": "Mortars",
    "tank_or_heavy": "Tanks, heavy weapons",
    "artillery": "Artillery",
    "rocket_artillery": "Rocket artillery",
}
TRANSFER = (
    "Nearly every estimate behind the dial comes from civil wars with the consent of the parties, against"
    " lightly armed parties, by impartial forces. None is for a nuclear-armed party on a line of 1,200 km,"
    " and none is for a partial coalition.",
    "Missions go to hard cases, and leave when it looks bad. Studies disagree on which way that bends their"
    " results, so that the ranges here are not narrowed for it.",
    "What a guarantor would do, and what a party intends, cannot be estimated from counts. They are factors"
    " turned by hand. The studies bound the imagination; they do not predict.",
)
"""The warning on carrying results over, in plain words."""
TRANSFER_SHORT = (
    "Readings come from civil wars with consent and impartial forces; none is for a nuclear-armed party or a"
    " partial coalition."
)
"""The same, short enough for the small print of a picture."""
PARAMETER_WORDS = {
    "background_rate": "background rate",
    "background_cv": "wandering of the rate",
    "n_self": "own follow-ups",
    "n_cross": "replies (retaliation)",
    "delay": "delay of replies",
    "spread": "spread along the line",
    "size_mean": "violations an incident",
    "size_dispersion": "tail of their number",
    "first_week_level": "level of the first days",
    "return_time": "days to the old level",
    "deliberate_share": "deliberate share",
    "deterrence_threshold": "deterrence threshold",
    "deterrence_width": "deterrence width",
    "displaced_share": "displaced share",
    "p_consequence": "chance of a consequence",
    "escalation_up": "escalation",
    "clarification": "clarification",
    "hr_monitor": "monitoring's own factor",
    "hazard_exponent": "hazard follows incidents",
    "hazard_shape": "early days are worse",
    "false_report_rate": "false reports",
    "wrong_side": "wrong side named",
    "night_share": "share at night",
    "luck": "luck (no assumption)",
}
"""Names of drawn assumptions that fit beside a bar; the table of assumptions has them whole."""


def source_of(outcome: Outcome) -> str:
    """Return the line that says what made a figure: version, watch, replicates, days, seed, what is fixed."""
    made = outcome.provenance
    fixed = f", fixed: {', '.join(made.overrides)}" if made.overrides else ""
    return (
        f"Truceline {made.version}, watch {made.scenario} {made.scenario_hash}, {made.method}, seed"
        f" {made.seed}{fixed}."
    )


def say_factor(factor: float) -> str:
    """Return the condition with its factor, to stand before a chance of holding."""
    return f"if the backstop changes the daily hazard by the factor r = {factor:.2f}"


def say_baseline(baseline: str) -> str:
    """Return the words for a baseline, to stand before or after `say_factor`."""
    return f"under the {name_baseline(baseline)} baseline"


def name_baseline(baseline: str) -> str:
    """Return what readers call a baseline."""
    return BASELINE_WORDS.get(baseline, baseline)


def title_baseline(baseline: str) -> str:
    """Return a baseline with a capital, to begin a line with."""
    name = name_baseline(baseline)
    return name[:1].upper() + name[1:]


def say_horizon(days: int) -> str:
    """Return a horizon in words: months where it is a round number of them."""
    return HORIZON_WORDS.get(days, f"{days:,} days")


def show_chance(value: float) -> str:
    """Return a chance as whole per cent, never as 0 or 100 unless it is; a dash where it is not known."""
    return "–" if not math.isfinite(value) else format_chance(value)


def show_band(low: float, high: float) -> str:
    """Return the two ends of a band of chances."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    first, last = show_chance(low), show_chance(high)
    if first == last:
        return first
    return f"{first.removesuffix(' %') if not first.startswith('<') else first} to {last}"


def show_count(value: float) -> str:
    """Return a count or a rate with as many digits as anybody should read."""
    if not math.isfinite(value):
        return "–"
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2g}" if abs(value) < 10 else f"{value:.0f}"


def show_span(low: float, high: float) -> str:
    """Return the two ends of a band of counts."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    return f"{show_count(low)} to {show_count(high)}"


def show_signed(value: float, digits: int = 1) -> str:
    """Return a difference with its sign, in per cent points or counts as the caller has them."""
    text = f"{abs(value):,.{digits}f}"
    if float(text.replace(",", "")) == 0:
        return text
    return f"{'+' if value > 0 else '−'}{text}"


def show_money(value: float, currency: str) -> str:
    """Return an amount in millions or thousand millions of a currency."""
    if not math.isfinite(value):
        return "–"
    if abs(value) >= 1e9:
        return f"{currency} {value / 1e9:,.2f} bn"
    if abs(value) >= 1e6:
        return f"{currency} {value / 1e6:,.0f} M"
    return f"{currency} {value:,.0f}"


def say_collapse(outcome: Outcome) -> str:
    """Return how often the fire itself comes back, which is not counted as broken, in small print."""
    share = outcome.summary.share_of_replicates_with("surge_day")
    multiple, run = (outcome.settings.constant(name) for name in ("surge_multiple", "surge_days"))
    return (
        f"Not counted as broken: the {show_chance(share)} of replicates in which incidents stay above"
        f" {multiple:g} times the first week's level for {run:g} days."
    )


def say_answer(answer: Answer) -> str:
    """Return what an answer is, with the condition where it is a chance of holding."""
    if answer.kind == "holds":
        return f"Holds {say_horizon(answer.days)}, {name_baseline(answer.baseline)} baseline, r = 1.00"
    return {"violations": "Violations a day", "detected": "Share of incidents detected"}[answer.kind]


def say_answer_fully(answer: Answer) -> str:
    """Return what an answer is, with the whole condition where it is a chance of holding."""
    if answer.kind != "holds":
        return say_answer(answer)
    return f"Holds {say_horizon(answer.days)}, {say_baseline(answer.baseline)}, {say_factor(1.0)}"


def show_answer(kind: str, value: float) -> str:
    """Return one value of an answer, as its axis and its table show it."""
    if not math.isfinite(value):
        return "–"
    return show_count(value) if kind == "violations" else f"{100 * value:.3g} %"
