"""A simulated ceasefire made by hand: no kernel, quick, and with every field that a report reads."""

from __future__ import annotations

from functools import cache

import numpy as np

from truceline.simulate.catalogue import load_ceasefire_assumptions
from truceline.simulate.ensemble import Comparison, Difference, Outcome
from truceline.simulate.parameters import PARAMETERS, Draws, draw_parameters
from truceline.simulate.results import (
    COUNT_EDGES,
    COUNTED,
    DAY_MEASURE,
    DAY_MEASURES,
    DIAL,
    HORIZONS,
    MEASURE,
    MEASURES,
    N_CHAIN,
    N_RUNGS,
    N_SIDES,
    N_SURVIVAL_BINS,
    STAGES,
    SURVIVAL_EVERY,
    ChunkSums,
)
from truceline.simulate.sensitivity import (
    LUCK,
    AnswerSensitivity,
    Bar,
    Index,
    Sensitivity,
    list_answers,
)
from truceline.simulate.settings import BASELINES, Settings, read_settings
from truceline.simulate.sketch import make_sketch
from truceline.simulate.summary import measure_replicates, summarise_chunk
from truceline.simulate.watch import Watch, make_watch

N = 100
SEED = 7


@cache
def made_watch(label: str = "Observers", seen: float = 0.6) -> Watch:
    """Return a line of forty kilometres that notices `seen` of what happens."""
    return make_watch(
        seen, seen / 2, seen / 10, n_bins=40, sectors=["North"] * 20 + ["South <1>"] * 20, label=label
    )


def made_chunk(watch: Watch, draws: Draws, settings: Settings, seed: int, seen: float) -> ChunkSums:
    """Return sums as `run_chunk` would: made up, but nested and consistent where a report looks."""
    random = np.random.default_rng(seed)
    n, n_days = len(draws), settings.n_days
    rate = draws.values["background_rate"] * 4 / (1 - draws.branching)
    incidents = random.poisson(rate * n_days).astype(float)
    measures = np.zeros((n, len(MEASURES)))

    def put(name: str, values: object) -> None:
        measures[:, MEASURE[name]] = values

    put("n_incidents", incidents)
    for name, share in (("n_detected", 1.0), ("n_verified", 0.5), ("n_attributed", 0.1)):
        put(name, np.round(incidents * share * seen))
    put("n_attributed_wrong", np.round(0.05 * incidents * 0.1 * seen))
    put("n_violations", np.round(incidents * draws.values["size_mean"]))
    put("n_violations_detected", np.round(seen * incidents * draws.values["size_mean"]))
    put("n_background", np.round(0.5 * incidents))
    put("n_deliberate", np.round(0.25 * incidents))
    put("n_deterred", np.round(0.05 * incidents * seen))
    put("n_displaced", np.round(0.02 * incidents * seen))
    put("n_replies", np.round(0.2 * incidents))
    put("n_clusters", np.round(0.5 * incidents))
    put("n_unanswered_clusters", np.round(0.3 * incidents))
    put("highest_rung", 3)
    put("n_false_reports", 12)
    put("n_false_attributed", 2)
    put("n_triggers", random.poisson(0.4, n))
    put("n_false_triggers", np.minimum(random.poisson(0.1, n), measures[:, MEASURE["n_triggers"]]))
    put("first_response_day", np.nan)
    put("surge_day", np.where(random.random(n) < 0.1, 100.0, np.nan))
    put("runaway_day", np.nan)
    hazard = {}
    days = np.arange(0, n_days + 1, SURVIVAL_EVERY, dtype=float)
    for name, h0 in zip(BASELINES, settings.hazards, strict=True):
        hazard[name] = h0 * draws.values["hr_monitor"]
        for horizon in HORIZONS:
            put(f"{name}_hazard_{horizon}", hazard[name] * horizon if horizon <= n_days else np.nan)
    alive = ~(measures[:, MEASURE["surge_day"], np.newaxis] <= days)
    survival = np.zeros((len(BASELINES), len(DIAL), len(days)))
    strict = np.zeros_like(survival)
    counts = np.zeros((len(BASELINES), len(DIAL), len(HORIZONS), N_SURVIVAL_BINS), dtype=np.int64)
    for i, name in enumerate(BASELINES):
        for j, factor in enumerate(DIAL):
            chance = np.exp(-factor * hazard[name][:, np.newaxis] * days)
            survival[i, j] = chance.sum(axis=0)
            strict[i, j] = (chance * alive).sum(axis=0)
            for k, horizon in enumerate(HORIZONS):
                if horizon <= n_days:
                    at = np.exp(-factor * hazard[name] * horizon)
                    bins = np.minimum((at * N_SURVIVAL_BINS).astype(int), N_SURVIVAL_BINS - 1)
                    counts[i, j, k] = np.bincount(bins, minlength=N_SURVIVAL_BINS)
    per_day = random.poisson(rate[:, np.newaxis], (n, n_days))
    day_counts = np.zeros((len(COUNTED), n_days, len(COUNT_EDGES)), dtype=np.int64)
    for c, factor in enumerate((1.0, seen, 8.0, 8.0 * seen)):
        bins = np.searchsorted(COUNT_EDGES, np.floor(per_day * factor), side="right") - 1
        np.add.at(day_counts[c], (np.broadcast_to(np.arange(n_days), bins.shape), bins), 1)
    day_sums = np.zeros((n_days, len(DAY_MEASURES)))
    day_sums[:, DAY_MEASURE["n_running"]] = n
    day_sums[:, DAY_MEASURE["n_incidents"]] = per_day.sum(axis=0)
    ladder = np.diag([600, 200, 50, 40, 10]) + np.diag([150, 50, 12, 10], 1) + np.diag([60, 15, 10, 3], -1)
    chains = np.zeros(N_CHAIN, dtype=np.int64)
    chains[:6] = (610, 240, 90, 40, 15, 5)
    shares = np.array([1.0, seen, seen / 2, seen / 10])
    return ChunkSums(
        n=n,
        measures=measures,
        day_sums=day_sums,
        day_counts=day_counts,
        survival=survival,
        survival_strict=strict,
        survival_counts=counts,
        ladder=ladder.astype(np.int64),
        chains=chains,
        by_rung=np.round(np.outer([6000, 2500, 600, 700, 200], shares)).astype(np.int64),
        by_sector=np.round(np.ones((len(watch.sector_names), N_SIDES, len(STAGES))) * 5000 * shares).astype(
            np.int64
        ),
        sectors=watch.sector_names,
    )


@cache
def made_outcome(n_days: int = 365, label: str = "Observers", seen: float = 0.6) -> Outcome:
    """Return an outcome of N replicates."""
    assumptions = load_ceasefire_assumptions()
    settings = read_settings(assumptions, n_days=n_days)
    draws = draw_parameters(assumptions, first=0, n=N, seed=SEED)
    watch = made_watch(label, seen)
    chunk = made_chunk(watch, draws, settings, SEED, seen)
    return Outcome(watch, settings, assumptions, summarise_chunk(chunk, draws), SEED)


@cache
def made_comparison(n_days: int = 365, *, alone: bool = False) -> Comparison:
    """Return two watches under the same luck, or one alone."""
    assert N_RUNGS == 5
    first = made_outcome(n_days)
    if alone:
        return Comparison((first,), ())
    other = made_outcome(n_days, "Nobody <watches>", 0.1)
    assumptions, settings = first.assumptions, first.settings
    draws = draw_parameters(assumptions, first=0, n=N, seed=SEED)
    rows = [
        measure_replicates(made_chunk(one.watch, draws, settings, SEED, seen))
        for one, seen in ((first, 0.6), (other, 0.1))
    ]
    return Comparison((first, other), (Difference(other.label, make_sketch(rows[1] - rows[0])),))


@cache
def made_sensitivity() -> Sensitivity:
    """Return what the answers hang on, made up: the first assumptions carry most, luck a little."""
    answers = []
    for k, answer in enumerate(list_answers(365)):
        scale = {"holds": 0.2, "violations": 3.0, "detected": 0.5}[answer.kind]
        names = PARAMETERS[k : k + 10]
        bars = tuple(
            Bar(name, 0.1, 3.0, scale - 0.1 / (i + 1), scale + 0.1 / (i + 1), 0.01, 0.02)
            for i, name in enumerate(names)
        )
        indices = tuple(
            Index(name, 0.4 / (i + 1), 0.05, 0.5 / (i + 1), 0.06) for i, name in enumerate((*names, LUCK))
        )
        answers.append(AnswerSensitivity(answer, scale, bars, indices, 0.5 * scale, scale, 1.5 * scale))
    return Sensitivity(tuple(answers), SEED, 20, 32, 1_000, 365)
