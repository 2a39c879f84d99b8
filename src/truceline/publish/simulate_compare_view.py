"""What the answers hang on and what another plan changes, as the report shows it.

Strings as readers see them. Chances of holding are those under the baseline named beside them, with a
backstop that changes nothing (r = 1.00); the template says so over each table.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from truceline.publish.simulate_figures import unscale
from truceline.publish.simulate_words import (
    PARAMETER_WORDS,
    name_baseline,
    say_answer,
    say_answer_fully,
    say_factor,
    say_horizon,
    show_answer,
    show_chance,
    show_count,
    show_signed,
    title_baseline,
)
from truceline.simulate.results import HORIZONS
from truceline.simulate.sensitivity import LUCK
from truceline.simulate.settings import BASELINES

if TYPE_CHECKING:
    from truceline.simulate.ensemble import Comparison, Difference, Outcome
    from truceline.simulate.sensitivity import AnswerSensitivity, Sensitivity
    from truceline.simulate.summary import Band

Row = dict[str, Any]
NO_EFFECT = 1.0
COUNTS = {
    "n_incidents": "Incidents",
    "n_violations": "Violations in them",
    "n_background": "Incidents that answer nothing",
    "n_replies": "Answers of the other side",
    "n_deliberate": "Deliberate incidents planned",
    "n_deterred": "Of these, deterred",
    "n_displaced": "Of the deterred, moved elsewhere",
    "n_false_reports": "Reports with nothing behind them",
    "n_triggers": "Times the trigger rule was met",
    "n_false_triggers": "Of these, false",
}
"""Measures of a replicate that are shown, with their names."""
SHARES = {
    "detected_share": "Incidents detected",
    "verified_share": "Incidents verified",
    "attributed_share": "Incidents attributed to a side",
    "violations_detected_share": "Violations detected",
    "wrong_side_share": "Attributions that name the wrong side",
    "deterred_share": "Deliberate incidents deterred",
    "unanswered_share": "Clusters that are never answered",
}
_N_NAMED = 3


def view_sensitivity(found: Sensitivity) -> Row:
    """Return the table of answers, the tables behind it, and what there is nothing to say of."""
    return {
        "n": f"{found.n_replicates:,}",
        "days": f"{found.n_days:,}",
        "seed": str(found.seed),
        "rows": [_view_answer(one) for one in found.answers],
        "tables": [_view_answer_table(one) for one in found.answers if one.indices],
        "nothing": [_say_nothing(one) for one in found.answers if not one.indices],
    }


def _say_nothing(one: AnswerSensitivity) -> str:
    """Return why an answer has no bars and no indices."""
    if one.answer.kind != "holds":
        return f"{say_answer(one.answer)}: it does not vary."
    return (
        f"Under the {name_baseline(one.answer.baseline)} baseline, {say_factor(NO_EFFECT)}, the chance of"
        f" holding {say_horizon(one.answer.days)} is {show_chance(one.high)} or less in nine of ten draws:"
        " what is assumed moves it little enough that no index is given."
    )


def _view_answer(one: AnswerSensitivity) -> Row:
    share, half = one.assumption_share
    kind = one.answer.kind
    named = [each for each in one.indices if each.name != LUCK][:_N_NAMED]
    low, high = (_show_value(kind, unscale(one, value)) for value in (one.low, one.high))
    return {
        "label": say_answer_fully(one.answer),
        "median": _show_value(kind, unscale(one, one.median)),
        "band": low if low == high else f"{low} to {high}",
        "share": "nothing to explain" if math.isnan(share) else f"{100 * share:.0f} % ± {100 * half:.0f}",
        "named": "; ".join(
            f"{PARAMETER_WORDS.get(each.name, each.name)} {each.total:.2f} ± {each.total_half:.2f}"
            for each in named
        ),
    }


def _show_value(kind: str, value: float) -> str:
    return show_answer(kind, value) if kind == "violations" else show_chance(value)


def _view_answer_table(one: AnswerSensitivity) -> Row:
    indices = {each.name: each for each in one.indices}
    rows = []
    for bar in one.bars:
        index = indices.get(bar.name)
        rows.append(
            {
                "name": PARAMETER_WORDS.get(bar.name, bar.name),
                "range": f"{bar.low:.3g} to {bar.high:.3g}",
                "low": _show_value(one.answer.kind, unscale(one, bar.at_low)),
                "high": _show_value(one.answer.kind, unscale(one, bar.at_high)),
                "first": "–" if index is None else f"{index.first:.2f} ± {index.first_half:.2f}",
                "total": "–" if index is None else f"{index.total:.2f} ± {index.total_half:.2f}",
            }
        )
    luck = indices.get(LUCK)
    if luck is not None:
        rows.append(
            {
                "name": PARAMETER_WORDS[LUCK],
                "range": "",
                "low": "",
                "high": "",
                "first": f"{luck.first:.2f} ± {luck.first_half:.2f}",
                "total": f"{luck.total:.2f} ± {luck.total_half:.2f}",
            }
        )
    return {"label": say_answer_fully(one.answer), "short": say_answer(one.answer), "rows": rows}


def view_comparison(comparison: Comparison) -> Row | None:
    """Return the differences of the other watches to the first; None where there is no other."""
    if not comparison.differences:
        return None
    first = comparison.outcomes[0]
    return {
        "first": first.label,
        "n": f"{first.n_replicates:,}",
        "others": [_view_difference(first, one) for one in comparison.differences],
    }


def _view_difference(first: Outcome, other: Difference) -> Row:
    bands, above, own = other.bands(), other.share_above_zero(), first.summary.bands()
    rows = []
    for name, label in {**COUNTS, **SHARES}.items():
        is_share = name in SHARES
        if not bands[name].n:
            continue
        base = show_chance(own[name].median) if is_share else show_count(own[name].median)
        rows.append(_difference_row(label, base, bands[name], above[name], is_share=is_share))
    holding = []
    for baseline in BASELINES:
        for days in HORIZONS:
            name = f"{baseline}_survival_{days}"
            if bands[name].n:
                label = f"{title_baseline(baseline)} baseline, r = 1.00: holds {say_horizon(days)}"
                base = show_chance(own[name].median)
                holding.append(_difference_row(label, base, bands[name], above[name], is_share=True))
    return {"label": other.label, "rows": rows, "holding": holding}


def _difference_row(label: str, base: str, band: Band, above: float, *, is_share: bool) -> Row:
    """Return one row: what the first has, and what the other has more or less of under the same luck."""
    scale = 100 if is_share else 1
    digits = 1 if is_share else 0
    low, median, high = (show_signed(scale * value, digits) for value in (band.low, band.median, band.high))
    return {
        "label": label,
        "first": base,
        "median": median,
        "band": f"{low} to {high}",
        "unit": "points" if is_share else "",
        "more": show_chance(above),
    }
