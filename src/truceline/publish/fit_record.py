"""fit.json: everything a fit found, as a document with a versioned name; what does not exist is null."""

from __future__ import annotations

import json
from math import isfinite
from typing import TYPE_CHECKING, Any

from truceline import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from truceline.simulate.fit.count_fitting import CountFit
    from truceline.simulate.fit.count_study import CountStudy
    from truceline.simulate.fit.point_results import Estimate, PointFit
    from truceline.simulate.fit.timed_study import TimedStudy
    from truceline.simulate.fit.truce_scores import TruceScores
    from truceline.simulate.fit.truce_steps import TruceStep

SCHEMA = "truceline.fit/1"
"""Name and version of the document."""
DIGITS = 6
"""Significant digits kept: more than any of it is known to."""

Json = dict[str, Any]


def dump_fit(
    *,
    source: Mapping[str, str],
    seed: int,
    studies: Sequence[CountStudy] = (),
    step: TruceStep | None = None,
    truces: TruceScores | None = None,
    timed: Sequence[TimedStudy] = (),
) -> str:
    """Return the document as text; `source` is the hash of each file read, by its short name."""
    document: Json = {
        "schema": SCHEMA,
        "version": __version__,
        "source": dict(source),
        "seed": seed,
        "counts": [record_study(one) for one in studies],
        "timed": [record_timed(one) for one in timed],
        "truce_step": None if step is None else record_step(step),
        "truces": None if truces is None else record_truces(truces),
    }
    return json.dumps(clean(document), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def record_study(study: CountStudy) -> Json:
    """Return what was found of one series."""
    series, verdict, contest = study.series, study.verdict, study.contest
    fits = {
        "self_exciting": (verdict.self_exciting, verdict.naive_interval),
        "wandering": (verdict.wandering, None),
        "both": (verdict.both, verdict.branching_interval),
    }
    return {
        "region": series.name,
        "first_day": series.first_day.isoformat(),
        "last_day": series.last_day.isoformat(),
        "periods": len(series),
        "days_reported": series.n_days_covered,
        "days_spanned": series.n_days_spanned,
        "counts_per_day": series.rate_per_day,
        "fits": {name: _record_fit(fit, interval) for name, (fit, interval) in fits.items()},
        "contagion": {
            "is_shown": verdict.is_contagion_shown,
            "is_wandering_shown": verdict.is_wandering_shown,
            "likelihood_ratio": verdict.contagion_ratio,
            "wandering_likelihood_ratio": verdict.wandering_ratio,
            "likelihood_ratio_if_background_changes_daily": verdict.daily_ratio,
            "used": verdict.fit.kind,
            "says": verdict.sentence,
        },
        "scores": [
            {
                "model": one.key,
                "label": one.label,
                "minus_log_score": one.mean,
                "behind_winner": contest.behind(one.key, contest.winner.key).mean,
                "behind_winner_standard_error": contest.behind(one.key, contest.winner.key).standard_error,
            }
            for one in contest.scores
        ],
        "periods_fitted": contest.n_fitted,
        "periods_scored": contest.n_scored,
        "winner": contest.winner.key,
        "self_exciting_beats_weighted_means": contest.candidate_wins,
        "says": study.winner_sentence,
        "pit": {
            key: {"counts": list(one.counts), "expected": one.expected, "p": one.p, "seed": one.seed}
            for key, one in study.pit.items()
        },
        "fano": [
            {
                "days": one.days,
                "seen": one.seen,
                "windows": one.n_windows,
                "made_p10": one.made_low,
                "made_p50": one.made_middle,
                "made_p90": one.made_high,
                "implied_by_forecasts": one.implied,
            }
            for one in study.fano
        ],
    }


def _record_fit(fit: CountFit, interval: tuple[float, float] | None) -> Json:
    return {
        "parameters": {
            name: {"value": fit.value(name), "standard_error": fit.standard_error.get(name, float("nan"))}
            for name in fit.free
        },
        "at_edge": list(fit.at_bound),
        "branching_interval_95": None if interval is None else list(interval),
        "log_likelihood": fit.log_likelihood,
        "aic": fit.aic,
    }


def record_timed(study: TimedStudy) -> Json:
    """Return what was found of the timed incidents of one region."""
    verdict, check = study.verdict, study.residuals
    fits = {"self_exciting": verdict.naive, "wandering": verdict.wandering, "both": verdict.both}
    return {
        "region": study.series.name,
        "first": study.series.first.isoformat(),
        "days": study.series.days,
        "incidents": len(study.series.times),
        "sides": list(study.series.side_names),
        "fits": {name: _record_point(fit) for name, fit in fits.items()},
        "contagion": {
            "is_shown": verdict.is_contagion_shown,
            "likelihood_ratio": verdict.ratio,
            "p": verdict.p_value,
            "bootstrap": verdict.n_bootstrap,
            "says": verdict.sentence,
        },
        "scores": [
            {"model": one.key, "label": one.label, "log_score": one.per_event, "gain": one.gain}
            for one in study.scores.scores
        ],
        "winner": study.scores.best.key,
        "self_exciting_wins": study.scores.self_exciting_wins,
        "says": study.scores.sentence,
        "gaps": {
            "distance": check.distance,
            "p": check.p_bootstrap,
            "p_without_bootstrap": check.p_naive,
            "bootstrap": check.n_bootstrap,
            "seed": check.seed,
            "says": check.sentence,
        },
    }


def _record_point(fit: PointFit) -> Json:
    def told(one: Estimate) -> Json:
        return {"value": one.value, "standard_error": one.standard_error}

    return {
        "background_per_day": [told(one) for one in fit.mu],
        "n_self": told(fit.n_self),
        "n_cross": told(fit.n_cross),
        "memory_days": told(fit.memory_days),
        "background_cv": told(fit.background_cv),
        "persistence": told(fit.persistence),
        "log_likelihood": fit.log_likelihood,
        "aic": fit.aic,
        "notes": list(fit.notes),
    }


def record_step(step: TruceStep) -> Json:
    """Return the step at a truce; an endless return time is null."""
    return {
        "truce_day": step.truce_day.isoformat(),
        "before_per_day": step.before,
        "before_is": step.before_source,
        "after_per_day": step.after,
        "after_until": step.after_by.isoformat(),
        "factor": step.factor,
        "first_level": step.level,
        "first_level_80": list(step.level_interval),
        "return_days": step.return_days,
        "return_days_80": list(step.return_interval),
        "is_climbing": step.is_climbing,
        "periods": step.n_periods,
    }


def record_truces(found: TruceScores) -> Json:
    """Return how long the truces lasted and the leave-one-out scores."""
    spells = found.truces.spells
    rows = zip(found.truces.names, spells.days.tolist(), spells.is_over.tolist(), strict=True)
    return {
        "truces": [{"truce": name, "days": days, "is_over": is_over} for name, days, is_over in rows],
        "lasted_longer": [
            {"days": day, "share": share, "share_80": [low, high]} for day, share, low, high in found.curve
        ],
        "leave_one_out": [
            {
                "forecast": one.label,
                "integrated_brier": one.brier,
                "integrated_brier_80": list(one.brier_interval),
                "concordance": one.concordance,
                "concordance_80": list(one.concordance_interval),
            }
            for one in found.scores
        ],
        "pairs": found.n_pairs,
        "seed": found.seed,
    }


def clean(value: Any) -> Any:
    """Return a structure with rounded numbers and null where there is none, for JSON."""
    if isinstance(value, dict):
        return {key: clean(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [clean(each) for each in value]
    if isinstance(value, bool) or value is None or isinstance(value, int | str):
        return value
    number = float(value)
    return float(f"{number:.{DIGITS}g}") if isfinite(number) else None
