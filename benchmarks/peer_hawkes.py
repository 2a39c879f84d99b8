"""Other people's self-exciting processes, each in a process of its own: python -m peer_hawkes tool task ...

tool: tick or hawkesbook. task: `simulate dimensions events`, `many dimensions runs days` (tick alone, its own
threads) or `likelihood events`. All have branching ratio 0.6 and mean delay half a day. Dimensions share
background and offspring evenly, so that the sum over dimensions is the same process however many there are.
Prints JSON: events, seconds.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np
from book import N_CORES, report

BRANCHING, DECAY = 0.6, 2.0
RATE = 14.4
"""Background a day over all dimensions; 36 incidents a day with what follows."""
REPEATS = 5


def main() -> None:
    """Run one task with one tool."""
    tool, task, *numbers = sys.argv[1:]
    calls = {
        ("tick", "simulate"): simulate_tick,
        ("tick", "many"): simulate_many_tick,
        ("tick", "likelihood"): likelihood_tick,
        ("hawkesbook", "simulate"): simulate_hawkesbook,
        ("hawkesbook", "likelihood"): likelihood_hawkesbook,
    }
    report(calls[tool, task](*map(int, numbers)))


def make_times(n_events: int) -> tuple[np.ndarray, float]:
    """Return times of about `n_events` and the day watching ended, the same for everybody."""
    from truceline.simulate.fit.generate import simulate_self_exciting

    horizon = n_events * (1 - BRANCHING) / RATE
    return simulate_self_exciting(RATE, BRANCHING, DECAY, horizon, 3), horizon


def best(call: Any) -> float:
    """Return the least time of several calls."""
    spent = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        call()
        spent.append(time.perf_counter() - started)
    return min(spent)


def _tick(n_dimensions: int, days: float, seed: int = 1) -> Any:
    from tick.hawkes import SimuHawkesExpKernels

    return SimuHawkesExpKernels(
        np.full((n_dimensions, n_dimensions), BRANCHING / n_dimensions),
        DECAY,
        baseline=np.full(n_dimensions, RATE / n_dimensions),
        end_time=days,
        seed=seed,
        verbose=False,
    )


def simulate_tick(n_dimensions: int, n_events: int) -> dict[str, float]:
    """Draw one long path."""
    _tick(n_dimensions, 2.0).simulate()
    path = _tick(n_dimensions, n_events * (1 - BRANCHING) / RATE)
    started = time.perf_counter()
    path.simulate()
    return {"events": path.n_total_jumps, "seconds": time.perf_counter() - started}


def simulate_many_tick(n_dimensions: int, n_runs: int, days: int) -> dict[str, float]:
    """Draw many paths with its own threads."""
    from tick.hawkes import SimuHawkesMulti

    many = SimuHawkesMulti(_tick(n_dimensions, float(days)), n_simulations=n_runs, n_threads=N_CORES)
    started = time.perf_counter()
    many.simulate()
    return {"events": int(np.sum(many.n_total_jumps)), "seconds": time.perf_counter() - started}


def likelihood_tick(n_events: int) -> dict[str, float]:
    """Value and gradient by background and branching; the decay is held, its sums made in the first call."""
    from tick.hawkes import ModelHawkesExpKernLogLik

    times, horizon = make_times(n_events)
    at = np.array([RATE, BRANCHING])
    models = []

    def first() -> None:
        model = ModelHawkesExpKernLogLik(DECAY, n_threads=N_CORES)
        model.fit([times], end_times=horizon)
        model.loss_and_grad(at)
        models.append(model)

    from_scratch = best(first)
    again = best(lambda: models[-1].loss_and_grad(at))
    # Its loss is minus the mean log-likelihood of an event, beside that of one event a day without memory.
    value = -float(models[-1].loss(at)) * len(times) - horizon
    return {"events": len(times), "seconds": from_scratch, "again": again, "value": value}


def simulate_hawkesbook(n_dimensions: int, n_events: int) -> dict[str, float]:
    """Draw one path by composition; one dimension is all it has."""
    import hawkesbook

    if n_dimensions != 1:
        raise SystemExit("hawkesbook simulates one dimension so")
    theta = np.array([RATE, BRANCHING * DECAY, DECAY])
    hawkesbook.exp_simulate_by_composition(theta, 10)
    started = time.perf_counter()
    found = hawkesbook.exp_simulate_by_composition(theta, n_events)
    return {"events": len(found), "seconds": time.perf_counter() - started}


def likelihood_hawkesbook(n_events: int) -> dict[str, float]:
    """Value, then gradient by all three parameters: two calls, for it has no one that gives both."""
    import hawkesbook

    times, horizon = make_times(n_events)
    theta = np.array([RATE, BRANCHING * DECAY, DECAY])

    def both() -> None:
        hawkesbook.exp_log_likelihood(times, horizon, theta)
        hawkesbook.deriv_exp_log_likelihood(times, horizon, theta)

    both()
    alone = best(lambda: hawkesbook.exp_log_likelihood(times, horizon, theta))
    value = float(hawkesbook.exp_log_likelihood(times, horizon, theta))
    return {"events": len(times), "seconds": best(both), "value_alone": alone, "value": value}


if __name__ == "__main__":
    main()
