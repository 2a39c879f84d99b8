"""What the watch makes of the truth: fewer sensors, fewer reports of the same truth; chances are kept.

Common random numbers are checked too: the difference between two watches is found with less noise than from
runs with luck of their own, and a replicate is the same whatever chunk it is run in.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from made import list_incidents, made_line, make_draws, make_settings, run
from verifying import Album, Check, Size, compare_absolute, compare_relative

from truceline.simulate.results import add_chunks
from truceline.simulate.run import run_chunk
from truceline.simulate.watch import remove_sensor

TITLE = "What the watch makes of the truth"
CONTAGION: dict[str, Any] = {"n_self": 0.25, "n_cross": 0.25, "background_cv": 0.6}
DETECT, VERIFY, ATTRIBUTE = 0.6, 0.4, 0.25
DAYS = 200


def verify(size: Size, album: Album) -> list[Check]:
    """Return the checks of reports against truth."""
    return [
        *_check_chances(size),
        *_check_sensor_removed(size, album),
        *_check_same_incidents(size),
        *_check_false_reports(size),
        _check_common_numbers(size),
        _check_chunks(size),
    ]


def _check_chances(size: Size) -> list[Check]:
    sums = run(
        size.n(1000), DAYS, watch=made_line(DETECT, VERIFY, ATTRIBUTE), seed=51, wrong_side=0.1, **CONTAGION
    )
    true = sums.column("n_incidents").sum()
    shares = {
        name: float(sums.column(f"n_{name}").sum() / true) for name in ("detected", "verified", "attributed")
    }
    expected = dict(zip(shares, (DETECT, VERIFY, ATTRIBUTE), strict=True))
    checks = [
        compare_absolute(f"share of incidents {name}", shares[name], expected[name], size.room(0.005))
        for name in shares
    ]
    wrong = float(sums.column("n_attributed_wrong").sum() / sums.column("n_attributed").sum())
    return [
        *checks,
        compare_absolute("share of attributions that name the wrong side", wrong, 0.1, size.room(0.005)),
    ]


def _check_sensor_removed(size: Size, album: Album) -> list[Check]:
    """Check that reports fall where a sensor is removed while the truth does not; nothing is deliberate."""
    whole = made_line(DETECT, VERIFY, ATTRIBUTE)
    blind = remove_sensor(whole, km=50.0, reach_km=10.0)
    before, after = (run(size.n(500), DAYS, watch=w, seed=52, **CONTAGION) for w in (whole, blind))
    truth = float(np.abs(before.column("n_incidents") - after.column("n_incidents")).max())
    more = float((after.column("n_detected") - before.column("n_detected")).max())
    gap = (np.abs(blind.middles_km - 50.0) <= 10.0).mean()
    fell = float(after.column("n_detected").sum() / before.column("n_detected").sum())

    def paint(axis: Any) -> None:
        axis.plot(before.column("n_detected"), after.column("n_detected"), ".", markersize=3)
        top = before.column("n_detected").max()
        axis.plot([0, top], [0, top], "k:", label="as many")
        axis.plot([0, top], [0, top * (1 - gap)], "C1", label="less what the gap hides")
        axis.set(xlabel="reports with all sensors", ylabel="reports with one removed")
        axis.legend(title="one point a replicate; the truth is the same")

    figure = album.draw("sensor_removed", paint)
    return [
        Check(
            "a sensor is removed: change of the truth of any replicate", 0.0, truth, truth, 0.0, "", figure
        ),
        Check(
            "a sensor is removed: replicates with more reports", 0.0, more, max(0.0, more), 0.0, "", figure
        ),
        compare_absolute(
            "a sensor is removed: share of the reports left", fell, float(1 - gap), size.room(0.02), figure
        ),
    ]


def _check_same_incidents(size: Size) -> list[Check]:
    """Check incident by incident: what the poorer watch reports, the better one does."""
    numbers: dict[str, Any] = {"replicate": 0, "seed": 53, **CONTAGION}
    rich = list_incidents(size.n(3600, 400), watch=made_line(0.8, 0.6, 0.4), **numbers)
    poor = list_incidents(size.n(3600, 400), watch=made_line(0.3, 0.2, 0.1), **numbers)
    _, first, second = np.intersect1d(rich.key, poor.key, return_indices=True)
    alone = len(rich) + len(poor) - 2 * len(first)
    moved = (rich.time[first] != poor.time[second]) | (rich.size[first] != poor.size[second])
    same = float(alone + moved.sum())
    lost = float((poor.detected[second] & ~rich.detected[first]).sum())
    lost += float((poor.attributed[second] & ~rich.attributed[first]).sum())
    return [
        Check("two watches of one truth: incidents that differ", 0.0, same, same, 0.0),
        Check("two watches of one truth: reports the better one misses", 0.0, lost, lost, 0.0),
    ]


def _check_false_reports(size: Size) -> list[Check]:
    rate = 0.5
    sums = run(size.n(500), DAYS, watch=made_line(DETECT, VERIFY, ATTRIBUTE), seed=54, false_report_rate=rate)
    a_day = float(sums.column("n_false_reports").mean() / DAYS)
    named = float(sums.column("n_false_attributed").sum() / sums.column("n_false_reports").sum())
    return [
        compare_relative("false reports a day on 100 km", a_day, rate, size.room(0.02)),
        compare_absolute(
            "share of them that are checked and blamed on a side", named, ATTRIBUTE / DETECT, size.room(0.01)
        ),
    ]


def _check_common_numbers(size: Size) -> Check:
    """Check that the difference of two watches is found with far less noise by common random numbers."""
    numbers = {"deliberate_share": 0.5, **CONTAGION}
    good, poor = made_line(0.5, 0.4, 0.35), made_line(0.4, 0.3, 0.25)
    n = size.n(1000, 100)
    first, common = (run(n, DAYS, watch=w, seed=55, **numbers).column("n_incidents") for w in (good, poor))
    apart = run(n, DAYS, watch=poor, seed=56, **numbers).column("n_incidents")
    ratio = float((first - common).var() / (first - apart).var())
    name = "variance of the difference of two watches, common numbers against apart"
    return Check(name, 0.0, ratio, ratio, 0.5)


def _check_chunks(size: Size) -> Check:
    """Check that two halves added up are the whole, to the last digit."""
    n = size.n(500, 20)
    watch, settings = made_line(DETECT, VERIFY, ATTRIBUTE), make_settings(DAYS)
    draws = make_draws(n, deliberate_share=0.5, **CONTAGION)
    whole = run_chunk(watch, draws, settings, 57)
    halves = [
        run_chunk(watch, draws.take(part), settings, 57) for part in (slice(0, n // 3), slice(n // 3, n))
    ]
    joined = add_chunks(*halves)
    off = float(
        np.nanmax(np.abs(whole.measures - joined.measures)) + np.abs(whole.survival - joined.survival).max()
    )
    return Check("a run in two chunks against one", 0.0, off, off, 0.0)
