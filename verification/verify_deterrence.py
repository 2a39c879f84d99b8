"""What being seen changes: nothing where nothing is deliberate, and only places where all moves.

Two runs with one seed have the same luck incident by incident, so that 'nothing changes' is checked to the
last incident and not on average.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from made import CALM, made_line, run
from verifying import Album, Check, Size, compare_absolute

from truceline.simulate.results import ChunkSums
from truceline.simulate.watch import Watch, no_watch

TITLE = "Deterrence, displacement, clarification"
CONTAGION: dict[str, Any] = {"n_self": 0.25, "n_cross": 0.25, "background_cv": 0.6}
DAYS = 200


def verify(size: Size, album: Album) -> list[Check]:
    """Return the checks of deterrence."""
    return [
        *_check_nothing_deliberate(size),
        *_check_no_consequence(size),
        *_check_all_moves(size, album),
        *_check_none_moves(size, album),
        *_check_clarification(size),
    ]


def _everywhere(p: float) -> Watch:
    return made_line(p, p, p)


def _western_half(p: float) -> Watch:
    chances = np.where(np.arange(100) < 50, p, 0.0)[:, None, None]
    return made_line(chances, chances, chances)


def _truth_differs(first: ChunkSums, second: ChunkSums) -> float:
    """Return by how much the true numbers of any replicate differ."""
    names = ("n_incidents", "n_violations", "n_background", "n_replies", "highest_rung")
    return float(max(np.abs(first.column(name) - second.column(name)).max() for name in names))


def _check_nothing_deliberate(size: Size) -> list[Check]:
    watch, n = _everywhere(0.9), size.n(500)
    seen, unseen = (
        run(n, DAYS, watch=w, seed=41, deliberate_share=0.0, **CONTAGION) for w in (watch, no_watch(watch))
    )
    off = _truth_differs(seen, unseen)
    name = "nothing deliberate: truth of every replicate, watched and not"
    reports = float(seen.column("n_detected").sum() / seen.column("n_incidents").sum())
    return [
        Check(name, 0.0, off, off, 0.0),
        compare_absolute("nothing deliberate: share reported at p = 0.9", reports, 0.9, size.room(0.005)),
    ]


def _check_no_consequence(size: Size) -> list[Check]:
    """Check the lesson of 400,000 recorded violations: without consequence no detection deters."""
    numbers = {"deliberate_share": 1.0, "p_consequence": 0.0, "displaced_share": 0.0, **CONTAGION}
    watch = _everywhere(1.0)
    seen, unseen = (run(size.n(500), DAYS, watch=w, seed=42, **numbers) for w in (watch, no_watch(watch)))
    off = _truth_differs(seen, unseen)
    return [Check("no consequence: truth of every replicate, all seen and nothing seen", 0.0, off, off, 0.0)]


def _check_all_moves(size: Size, album: Album) -> list[Check]:
    """Check that none is gone where every deterred incident moves: the west is watched, the east is not."""
    numbers = {"deliberate_share": 1.0, "displaced_share": 1.0, "displacement_reach": 100.0}
    watch = _western_half(0.35)
    seen, unseen = (run(size.n(2000), DAYS, watch=w, seed=43, **numbers) for w in (watch, no_watch(watch)))
    gone = float(np.abs(seen.column("n_background") - unseen.column("n_background")).max())
    west, east = (seen.by_sector[:, :, 0].sum(axis=1) / _sum_all(seen))[:2]
    left = _share_left(0.35)

    def paint(axis: Any) -> None:
        before = unseen.by_sector[:, :, 0].sum(axis=1) / _sum_all(unseen)
        axis.bar([0, 1], before, 0.4, label="nobody watches")
        axis.bar([0.4, 1.4], [west, east], 0.4, label="the west is watched, everything moves")
        axis.set(xticks=[0.2, 1.2], xticklabels=["west", "east"], ylabel="share of true incidents")
        axis.legend()

    figure = album.draw("displacement", paint)
    return [
        Check("all moves: incidents that are gone, of any replicate", 0.0, gone, gone, 0.0, "", figure),
        compare_absolute(
            "all moves: share of incidents left in the watched half",
            float(west),
            0.5 * left,
            size.room(0.005),
            figure,
        ),
    ]


def _sum_all(sums: ChunkSums) -> float:
    """Return all true incidents."""
    return float(sums.by_sector[:, :, 0].sum())


def _share_left(q: float) -> float:
    """Return the share of deliberate incidents left at q, D(q)/D(0) with D = 1/(1 + exp((q - q*)/w))."""
    threshold, width = CALM["deterrence_threshold"], CALM["deterrence_width"]
    return float((1 + np.exp(-threshold / width)) / (1 + np.exp((q - threshold) / width)))


def _check_none_moves(size: Size, album: Album) -> list[Check]:
    share = 0.5
    chances = (0.2, 0.25, 0.3, 0.35, 0.4)
    measured, expected = [], []
    for p in chances:
        watch = _everywhere(p)
        numbers = {"deliberate_share": share, "displaced_share": 0.0}
        seen, unseen = (
            run(size.n(1000), DAYS, watch=w, seed=44, **numbers) for w in (watch, no_watch(watch))
        )
        measured.append(float(seen.column("n_background").sum() / unseen.column("n_background").sum()))
        expected.append(1 - share * (1 - _share_left(p)))

    def paint(axis: Any) -> None:
        curve = np.linspace(0, 0.6, 100)
        axis.plot(curve, [1 - share * (1 - _share_left(q)) for q in curve], label="half of them deliberate")
        axis.plot(chances, measured, "o", label="simulated")
        axis.set(xlabel="attributed and made to answer, q", ylabel="share of incidents left", ylim=(0, 1.05))
        axis.legend()

    figure = album.draw("deterrence", paint)
    return [
        compare_absolute(f"none moves: share of background left at q = {p:g}", m, e, size.room(0.01), figure)
        for p, m, e in zip(chances, measured, expected, strict=True)
    ]


def _check_clarification(size: Size) -> list[Check]:
    """Check that verified incidents are answered less: n_cross falls to its clarified share for them."""
    left, p, cross = 0.5, 0.6, 0.4
    numbers = {"n_self": 0.2, "n_cross": cross, "clarification": left}
    sums = run(size.n(1000), DAYS, watch=made_line(0.8, p, 0.0), seed=45, **numbers)
    quiet = float(sums.column("n_unanswered").sum() / sums.column("n_incidents").sum())
    expected = (1 - p) * np.exp(-cross) + p * np.exp(-left * cross)
    return [
        compare_absolute(
            "incidents nobody answers where 0.6 are verified", quiet, float(expected), size.room(0.005)
        )
    ]
