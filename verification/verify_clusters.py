"""What follows one incident: size of clusters, silence, delay, distance, and the ladder of retaliation.

Measured on whole runs and on the list of every incident; expected from branching theory. The episodes of Gaza
(61 % one-sided) are told beside the drawn parameters and judged only as inside or outside their band.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from made import FloatArray, list_incidents, made_line, make_settings, run
from verifying import Album, Check, Size, compare_absolute, compare_relative, tell

from truceline.simulate.catalogue import load_ceasefire_assumptions
from truceline.simulate.laws import (
    branching_from_quiet,
    expect_cluster_size,
    find_cluster_chance,
    find_quiet_chance,
)
from truceline.simulate.parameters import draw_parameters
from truceline.simulate.results import N_RUNGS, IncidentTable
from truceline.simulate.run import run_chunk

TITLE = "What follows one incident (R3, R4, R5, R17)"
GAZA_ONE_SIDED = 0.61
"""Share of episodes with no answer, Gaza 2007 to 2014 (Abrahams et al.; ceasefire.md section 1)."""
GAZA_ANSWERS = 3.0
"""Median number of counter-retaliations in the other episodes, from the same abstract."""
CROSSINGS = (0.1, 0.25, branching_from_quiet(GAZA_ONE_SIDED))
UP, STAY = 0.3, 0.6


def verify(size: Size, album: Album) -> list[Check]:
    """Return the checks of what follows one incident."""
    listed = list_incidents(
        size.n(3600, 400),
        seed=23,
        background_rate=5.0,
        n_self=0.35,
        n_cross=0.25,
        delay=0.5,
        escalation_up=UP,
    )
    return [
        *_check_clusters(listed, size, album),
        *_check_silence(size),
        *_check_offspring(listed, size, album),
        *_check_ladder(size),
        *_tell_gaza(size, album),
    ]


def _check_clusters(listed: IncidentTable, size: Size, album: Album) -> list[Check]:
    branching = 0.6
    # a cluster that began in the last twenty days may not be over when the run is
    began = listed.parent[:, None][:, 0] < 0
    ripe = began & (listed.time < listed.time.max() - 20)
    members = np.bincount(listed.root, minlength=len(listed))
    sizes = members[ripe]
    seen = np.bincount(np.minimum(sizes, 30), minlength=31)[1:] / len(sizes)
    expected = np.array([find_cluster_chance(branching, k) for k in range(1, 31)])
    expected[-1] = 1 - expected[:-1].sum()

    def paint(axis: Any) -> None:
        axis.plot(range(1, 30), expected[:-1], label="Borel distribution")
        axis.plot(range(1, 30), seen[:-1], "o", markersize=3, label="simulated")
        axis.set(xlabel="incidents in a cluster", ylabel="share of clusters", yscale="log")
        axis.legend()

    figure = album.draw("clusters", paint)
    worst = int(np.argmax(np.abs(seen - expected)))
    name = f"share of clusters of {worst + 1}, the furthest off of all sizes (R4)"
    return [
        compare_relative(
            "incidents in a cluster at n = 0.6 (R3)",
            float(sizes.mean()),
            expect_cluster_size(branching),
            size.room(0.04),
            figure,
        ),
        compare_absolute(name, float(seen[worst]), float(expected[worst]), size.room(0.008), figure),
    ]


def _check_silence(size: Size) -> list[Check]:
    checks = []
    for cross in CROSSINGS:
        sums = run(size.n(1000), 400, seed=22, n_self=0.25, n_cross=cross)
        silent = sums.column("n_unanswered").sum() / sums.column("n_incidents").sum()
        name = f"incidents that nobody answers at n_cross = {cross:.3g} (R5, R17)"
        checks.append(compare_absolute(name, float(silent), find_quiet_chance(cross), size.room(0.005)))
        clusters = sums.column("n_unanswered_clusters").sum() / sums.column("n_clusters").sum()
        expected = _expect_one_sided(0.25, cross)
        name = f"clusters of one side alone at n_cross = {cross:.3g}"
        checks.append(compare_absolute(name, float(clusters), expected, size.room(0.01)))
    return checks


def _expect_one_sided(own: float, cross: float) -> float:
    """Return the chance that a whole cluster stays on one side: P = exp(-cross - own (1 - P))."""
    chance = 1.0
    for _ in range(500):
        chance = float(np.exp(-cross - own * (1 - chance)))
    return chance


def _check_offspring(listed: IncidentTable, size: Size, album: Album) -> list[Check]:
    child = np.flatnonzero(listed.parent >= 0)
    parent = listed.parent[child]
    delay = listed.time[child] - listed.time[parent]
    # beyond four standard deviations of an end, none can have been thrown back into the line
    inner = (np.abs(listed.km[parent] - 50) < 44) & (np.abs(listed.km[child] - 50) < 50)
    distance = (listed.km[child] - listed.km[parent])[inner]

    def paint(axis: Any) -> None:
        at = np.linspace(0, 4, 60)
        axis.hist(delay, bins=at, density=True, color="0.8", label="simulated")
        axis.plot(at, 2 * np.exp(-2 * at), label="exponential, mean half a day")
        axis.set(xlabel="days from an incident to what follows it", ylabel="density")
        axis.legend()

    figure = album.draw("delays", paint)
    crossed = (listed.side[child] != listed.side[parent]).mean()
    return [
        compare_relative("mean delay of half a day", float(delay.mean()), 0.5, size.room(0.03), figure),
        compare_relative("variance of the delay", float(delay.var()), 0.25, size.room(0.08), figure),
        compare_relative("spread along the line of 1.5 km", float(distance.std()), 1.5, size.room(0.03)),
        compare_absolute("share of offspring on the other side", float(crossed), 0.25 / 0.6, size.room(0.01)),
    ]


def _check_ladder(size: Size) -> list[Check]:
    sums = run(size.n(1000), 400, seed=24, n_self=0.3, n_cross=0.3, escalation_up=UP)
    steps = sums.ladder / sums.ladder.sum(axis=1, keepdims=True)
    expected = np.zeros((N_RUNGS, N_RUNGS))
    for rung in range(N_RUNGS):  # what would leave the ladder stays at its end
        expected[rung, min(rung + 1, N_RUNGS - 1)] += UP
        expected[rung, rung] += STAY
        expected[rung, max(rung - 1, 0)] += 1 - UP - STAY
    worst = np.unravel_index(np.argmax(np.abs(steps - expected)), expected.shape)
    name = f"step of the ladder furthest off, rung {worst[0]} to {worst[1]}"
    return [compare_absolute(name, float(steps[worst]), float(expected[worst]), size.room(0.01))]


def _tell_gaza(size: Size, album: Album) -> list[Check]:
    """Hold the episodes of Gaza against what the drawn parameters give, on a line that nobody watches."""
    n = size.n(4096)
    draws = draw_parameters(load_ceasefire_assumptions(), first=0, n=n, seed=25)
    sums = run_chunk(made_line(), draws, make_settings(120), 25)
    clusters = sums.column("n_clusters")
    share = (sums.column("n_unanswered_clusters") / np.maximum(clusters, 1))[clusters > 20]
    low, middle, high = (float(q) for q in np.quantile(share, (0.1, 0.5, 0.9)))
    chains: FloatArray = sums.chains[1:].astype(np.float64)
    answers = float(np.searchsorted(np.cumsum(chains) / chains.sum(), 0.5) + 1)

    def paint(axis: Any) -> None:
        axis.hist(share, bins=40, color="0.8")
        axis.axvline(GAZA_ONE_SIDED, color="C3", label="Gaza 2007 to 2014")
        axis.axvspan(low, high, alpha=0.15, label="80 % of the draws")
        axis.set(xlabel="share of clusters that stay on one side", ylabel="replicates")
        axis.legend()

    figure = album.draw("one_sided", paint)
    outside = max(0.0, float(share.min()) - GAZA_ONE_SIDED, GAZA_ONE_SIDED - float(share.max()))
    inside = Check(
        "one-sided episodes of Gaza lie among the draws", GAZA_ONE_SIDED, middle, outside, 0.0, "", figure
    )
    return [
        inside,
        tell("median length of the chain of answers where there is one, for Gaza's", answers, GAZA_ANSWERS),
    ]
