"""Will it hold: the whole ceasefire with feedback, the self-exciting process alone, its likelihood, memory.

The whole model runs on a made line of 1,068 km for a year, both cores, compiled before the clock. Beside it
stands the same process as agents in Mesa, on both cores too, at the central values of all parameters; their
mean counts are compared, for a peer that does something else is none. A dimension is a stretch of line of its
own: one bin against forty. tick and hawkesbook simulate and fit the self-exciting process alone, which is a
part of ours: no watch, no place, no feedback. Their times are those of one call after a first one. tick holds
the decay in its likelihood and keeps the sums that hang on it: both its first and its later calls are told.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from book import (
    N_CORES,
    NOT_INSTALLED,
    QUICK,
    Row,
    Settings,
    is_installed,
    percent,
    report,
    run_apart,
    seconds,
)
from peer_hawkes import BRANCHING, DECAY, RATE, best, make_times
from simulate_cases import central_values, make_arrays

from truceline.simulate.catalogue import load_ceasefire_assumptions
from truceline.simulate.ensemble import simulate_plan
from truceline.simulate.fit import _point_kernels
from truceline.simulate.fit.generate import simulate_self_exciting
from truceline.simulate.parameters import PARAMETERS, Draws, draw_parameters
from truceline.simulate.results import MEASURE
from truceline.simulate.run import run_chunk
from truceline.simulate.settings import read_settings
from truceline.simulate.watch import make_watch

TITLE = "Will it hold: the ceasefire, simulated"

DAYS = 365
GOAL_PER_S, GOAL_LIKELIHOOD = 5e6, 20e6
CAP = 0.9
"""Branching ratio to which draws are lowered; the ranges as they stand stay below it."""
TRIES = 3
"""Best of so many."""
TURNS = 8
"""The same where two figures are close: they take turns, so that other work on the machine meets both."""
MEMORY_DAYS = 30
MEMORY_GOAL = 1.2
"""Times the memory of a thousand replicates that a hundred thousand may take."""
PEER_LIMIT_S = 300.0
NOISE = 0.05
"""Share by which forty dimensions may look slower than one between two runs."""


def measure(settings: Settings) -> tuple[str, list[Row]]:
    """Return the rows of the section."""
    n_events = settings.pick(200_000, 1_000_000)
    rows = [
        *_whole_rows(settings),
        *_dimension_rows(settings),
        _alone_row(n_events),
        _likelihood_row(settings.pick(200_000, 500_000)),
        *_memory_rows(settings),
    ]
    note = f"{DAYS} days, {N_CORES} threads, seeds fixed; a numpy prototype is noted with 2.4 M incidents/s"
    return f"{note} on one core (not measured here)", rows


def draw(n: int, *, is_central: bool = False) -> Draws:
    """Return parameters drawn from their ranges, or all at their central values."""
    values = central_values()
    fixed = {name: values[name] for name in PARAMETERS} if is_central else {}
    return draw_parameters(load_ceasefire_assumptions(), first=0, n=n, seed=1, fixed=fixed, cap_branching=CAP)


def run_whole(n: int, *, n_bins: int = 1068, is_central: bool = False) -> dict[str, float]:
    """Run replicates on both cores; return incidents, mean counts of a replicate, and seconds.

    `core_seconds` is the time that processors worked: a machine with other work to do changes it little.
    """
    watch = make_watch(**make_arrays(n_bins))
    rules = read_settings(load_ceasefire_assumptions(), n_days=DAYS)
    draws = draw(n, is_central=is_central)
    run_chunk(watch, draws.take(slice(0, 2)), rules, 1, threads=N_CORES)  # compiled before the clock
    walls, cores = [], []
    for _ in range(TRIES):
        started, worked = time.perf_counter(), time.process_time()
        found = run_chunk(watch, draws, rules, 1, threads=N_CORES)
        walls.append(time.perf_counter() - started)
        cores.append(time.process_time() - worked)
    means = {name: float(found.measures[:, column].mean()) for name, column in MEASURE.items()}
    incidents = float(found.measures[:, MEASURE["n_incidents"]].sum())
    return {**means, "incidents": incidents, "seconds": min(walls), "core_seconds": min(cores)}


def _whole_rows(settings: Settings) -> list[Row]:
    n = settings.pick(400, 4_000)
    drawn = run_whole(n)
    speed = drawn["incidents"] / drawn["seconds"]
    rows = [
        Row(
            f"whole model with feedback, {n:,} replicates, all parameters drawn",
            f"{per_second(speed)}, {drawn['incidents'] / 1e6:.1f} M incidents in {seconds(drawn['seconds'])}",
            "none does this",
            f"{per_second(drawn['incidents'] / drawn['core_seconds'])} for each core at work",
            goal=f"{per_second(GOAL_PER_S)} on {N_CORES} cores",
            met=None if settings.quick else speed >= GOAL_PER_S,
        )
    ]
    central = run_whole(n, is_central=True)
    speed = central["incidents"] / central["seconds"]
    peer, told = f"Mesa {NOT_INSTALLED}", ""
    if is_installed("mesa"):
        n_peer = settings.pick(20, 100)
        found = run_apart("peer_mesa", n_peer, DAYS, N_CORES, timeout_s=PEER_LIMIT_S)
        if "failed" in found:
            peer = f"Mesa {found['failed']}"
        else:
            theirs = found["incidents"] / found["seconds"]
            peer = f"Mesa {found['version']}: {per_second(theirs)} ({n_peer} replicates)"
            for_core = central["incidents"] / central["core_seconds"]
            ratio = for_core / (found["incidents"] / found["core_seconds"])
            told = f"{ratio:,.0f} x for each core at work; {_compare_means(central, found)}"
    rows.append(Row(f"the same at central values, {n:,} replicates", per_second(speed), peer, told))
    rows.append(_workers_row(settings.pick(1_024, 8_192)))
    return rows


def _compare_means(ours: dict[str, float], peer: dict[str, Any]) -> str:
    """Return how far the peer's mean counts are from ours."""
    pairs = {
        "incidents": "n_incidents",
        "verified": "n_verified",
        "replies": "n_replies",
        "triggers": "n_triggers",
        "hazard": "minsk_hazard_365",
    }
    told = [
        f"{theirs} {peer[theirs] / peer['replicates'] / ours[name] - 1:+.1%}"
        for theirs, name in pairs.items()
    ]
    return f"its means beside ours: {', '.join(told)}"


def _workers_row(n: int) -> Row:
    """Return the row of everything that a command does: drawing, workers, summaries."""
    watch = make_watch(**make_arrays())
    assumptions = load_ceasefire_assumptions()
    rules = read_settings(assumptions, n_days=DAYS)
    spent = {}
    for workers in (1, N_CORES):
        started = time.perf_counter()
        outcome = simulate_plan(
            watch,
            assumptions=assumptions,
            settings=rules,
            n_replicates=n,
            seed=1,
            cap_branching=CAP,
            workers=workers,
        )
        spent[workers] = time.perf_counter() - started
    incidents = float(outcome.summary.day_sums[:, 0].sum())
    told = ", ".join(f"{per_second(incidents / s)} with {w} in {seconds(s)}" for w, s in spent.items())
    return Row(f"everything a command does but pages, {n:,} replicates, 1 and {N_CORES} processes", told)


def _time_dimensions(n: int) -> dict[int, float]:
    """Return incidents for each second of one core at work, by number of bins; best of turns."""
    rules, draws = read_settings(load_ceasefire_assumptions(), n_days=DAYS), draw(n, is_central=True)
    watches = {n_bins: make_watch(**make_arrays(n_bins)) for n_bins in (1, 40, 1068)}
    speed = dict.fromkeys(watches, 0.0)
    for _ in range(TURNS):
        for n_bins, watch in watches.items():
            worked = time.process_time()
            found = run_chunk(watch, draws, rules, 1)
            worked = time.process_time() - worked
            incidents = float(found.measures[:, MEASURE["n_incidents"]].sum())
            speed[n_bins] = max(speed[n_bins], incidents / worked)
    return speed


def _dimension_rows(settings: Settings) -> list[Row]:
    speed = _time_dimensions(settings.pick(100, 400))
    peer = f"tick {NOT_INSTALLED}"
    if is_installed("tick"):
        told = []
        for n_dimensions, n_events in ((1, 500_000), (40, settings.pick(10_000, 40_000))):
            peer_run = run_apart(
                "peer_hawkes", "tick", "simulate", n_dimensions, n_events, timeout_s=PEER_LIMIT_S
            )
            told.append(_speed_of(peer_run, f"{n_dimensions}:"))
        peer = f"tick, the process alone, one thread: {', '.join(told)}"
    ours = ", ".join(f"{n_bins}: {per_second(value)}" for n_bins, value in speed.items())
    ratio = speed[40] / speed[1]
    rows = [
        Row(
            "whole model by number of bins of line (dimensions), for each core at work",
            ours,
            peer,
            f"40 beside 1: {ratio:.2f} x as fast for each incident",
            "40 no slower than 1",
            ratio >= 1.0 - NOISE,
        )
    ]
    n_runs, days = settings.pick(100, 1_000), 90
    many, what = f"tick {NOT_INSTALLED}", f"{n_runs:,} runs of {days} days at 36 incidents a day"
    started = time.perf_counter()
    n_ours = sum(
        len(simulate_self_exciting(RATE, BRANCHING, DECAY, float(days), seed)) for seed in range(n_runs)
    )
    spent = time.perf_counter() - started
    if is_installed("tick"):
        found = run_apart("peer_hawkes", "tick", "many", 1, n_runs, days, timeout_s=PEER_LIMIT_S)
        many = f"tick SimuHawkesMulti, {N_CORES} threads: {_speed_of(found, '')}"
    rows.append(Row(f"the process alone, {what}", f"{per_second(n_ours / spent)} (one thread)", many))
    return rows


def _alone_row(n_events: int) -> Row:
    """Return the row of one long path of the process alone."""
    horizon = n_events * (1 - BRANCHING) / RATE
    simulate_self_exciting(RATE, BRANCHING, DECAY, 10.0, 1)
    found: list[Any] = []
    spent = best(lambda: found.append(simulate_self_exciting(RATE, BRANCHING, DECAY, horizon, 1)))
    told = _tell_peers(("tick", "hawkesbook"), "simulate", 1, n_events, tell=lambda peer: _speed_of(peer, ""))
    ours = f"{per_second(len(found[-1]) / spent)} (one thread, sorted)"
    return Row(f"the process alone, one path of {n_events:,} events", ours, told)


def _likelihood_row(n_events: int) -> Row:
    """Return the row of the likelihood with its gradient by background, branching and decay."""
    times, horizon = make_times(n_events)
    gaps, tail = np.diff(times, prepend=0.0), horizon - times[-1]
    call: Callable[[], Any] = lambda: _point_kernels.log_likelihood(gaps, tail, RATE, BRANCHING, DECAY)  # noqa: E731
    ours = call()[0]
    speed = len(times) / best(call)
    apart = []

    def tell(peer: dict[str, Any]) -> str:
        if "failed" in peer:
            return str(peer["failed"])
        n = peer["events"]
        apart.append(abs(peer["value"] / ours - 1))
        if "again" in peer:
            again = per_second(n / peer["again"])
            return f"{per_second(n / peer['seconds'])}, again at the same decay {again} ({N_CORES} threads)"
        value = per_second(n / peer["value_alone"])
        return f"{per_second(n / peer['seconds'])} (value alone {value})"

    told = _tell_peers(("tick", "hawkesbook"), "likelihood", n_events, tell=tell)
    what = f"log-likelihood with gradient, {n_events:,} events"
    goal = per_second(GOAL_LIKELIHOOD)
    same = f"values within {max(apart):.0e}" if apart else ""
    return Row(what, f"{per_second(speed)} (one thread)", told, same, goal, speed >= GOAL_LIKELIHOOD)


def _tell_peers(tools: tuple[str, ...], *task: object, tell: Callable[[dict[str, Any]], str]) -> str:
    """Return what each peer did, in words."""
    told = []
    for tool in tools:
        if not is_installed(tool):
            told.append(f"{tool} {NOT_INSTALLED}")
            continue
        told.append(f"{tool}: {tell(run_apart('peer_hawkes', tool, *task, timeout_s=PEER_LIMIT_S))}")
    return "; ".join(told)


def _memory_rows(settings: Settings) -> list[Row]:
    few, many = 1_000, 100_000
    small = run_apart("bench_simulate", few, timeout_s=PEER_LIMIT_S)
    what = f"peak memory, {MEMORY_DAYS} days, {few:,} and {many:,} replicates"
    if "failed" in small:
        return [Row(what, str(small["failed"]))]
    told = f"{small['peak_bytes'] / 1e6:.0f} MB"
    if settings.quick:
        return [Row(what, f"{told}; {QUICK}")]
    large = run_apart("bench_simulate", many, timeout_s=PEER_LIMIT_S)
    if "failed" in large:
        return [Row(what, f"{told}; {large['failed']}")]
    grown = large["peak_bytes"] / small["peak_bytes"]
    ours = f"{told}, {large['peak_bytes'] / 1e6:.0f} MB ({seconds(large['seconds'])})"
    goal = f"at most {MEMORY_GOAL:g} x"
    return [Row(what, ours, comparison=f"{percent(grown - 1)} more", goal=goal, met=grown <= MEMORY_GOAL)]


def _speed_of(peer: dict[str, Any], label: str) -> str:
    if "failed" in peer:
        return f"{label} {peer['failed']}".strip()
    return f"{label} {per_second(peer['events'] / peer['seconds'])}".strip()


def per_second(value: float) -> str:
    """Return incidents or events a second in millions."""
    return f"{value / 1e6:.3g} M/s"


def measure_memory(n: int) -> None:
    """Simulate in this process and tell the peak of its memory."""
    assumptions = load_ceasefire_assumptions()
    started = time.perf_counter()
    simulate_plan(
        make_watch(**make_arrays()),
        assumptions=assumptions,
        settings=read_settings(assumptions, n_days=MEMORY_DAYS),
        n_replicates=n,
        seed=1,
        cap_branching=CAP,
    )
    report({"seconds": time.perf_counter() - started})


if __name__ == "__main__":
    measure_memory(int(sys.argv[1]))
