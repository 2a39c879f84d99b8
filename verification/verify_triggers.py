"""The guarantor's rule on noise: how often more than K false reports in W days blame one side.

Reports with nothing behind them come as a Poisson process, half against either side. Expected from a plain
simulation of daily counts, and from the closed form where there is one; the approximation that the report
prints beside the dial is told.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from made import made_line, run
from verifying import Album, Check, Size, compare_absolute, compare_relative, tell

from truceline.simulate.false_triggers import false_trigger_chance

TITLE = "The guarantor's rule on noise"
YEAR = 365
RATE = 0.4
"""False reports a day on 100 km, all of them named: half as many against each side."""
WINDOW = 7
COUNTS = (3, 5, 6, 7)
"""K, from nearly certain to rare within a year."""
NOISE_ONLY = {"background_rate": 0.0, "false_report_rate": RATE}


def verify(size: Size, album: Album) -> list[Check]:
    """Return the checks of the trigger rule."""
    return [*_check_single(size), *_check_windows(size, album), *_check_no_noise(size)]


def _run(n: int, seed: int, count: float, window: float, **numbers: float) -> Any:
    rule = {"trigger_count": count, "trigger_days": window, "trigger_response": 0.5}
    return run(n, YEAR, watch=made_line(1.0, 1.0, 1.0), seed=seed, constants=rule, **numbers)


def _check_single(size: Size) -> list[Check]:
    """Check the rule that any one report meets: as often as days with a report."""
    sums = _run(size.n(2000), 71, 0, 1, **NOISE_ONLY)
    expected = 2 * YEAR * (1 - np.exp(-RATE / 2))
    fired = sums.column("n_false_triggers")
    answered = float(sums.column("n_responses").sum() / sums.column("n_triggers").sum())
    return [
        compare_relative(
            "triggers of a year at K = 0, W = 1", float(fired.mean()), float(expected), size.room(0.01)
        ),
        compare_absolute(
            "share of them that the guarantor answers, r = 0.5", answered, 0.5, size.room(0.005)
        ),
    ]


def _check_windows(size: Size, album: Album) -> list[Check]:
    simulated, drawn, formula = [], [], []
    days = np.random.default_rng(72).poisson(RATE / 2, (size.n(20_000), 2, YEAR))
    sums = np.cumsum(np.pad(days, ((0, 0), (0, 0), (1, 0))), axis=2)
    fullest = (sums[:, :, WINDOW:] - sums[:, :, :-WINDOW]).max(axis=(1, 2))
    for count in COUNTS:
        chunk = _run(size.n(10_000), 73, count, WINDOW, **NOISE_ONLY)
        simulated.append(float((chunk.column("n_false_triggers") > 0).mean()))
        drawn.append(float((fullest > count).mean()))
        one_side = false_trigger_chance(RATE / 2, more_than=count, window_days=WINDOW)
        formula.append(1 - (1 - one_side) ** 2)

    def paint(axis: Any) -> None:
        axis.plot(COUNTS, formula, label="printed approximation")
        axis.plot(COUNTS, drawn, "s", label="plain counts")
        axis.plot(COUNTS, simulated, "o", markersize=4, label="simulated")
        axis.set(xlabel=f"K: more than so many in {WINDOW} days", ylabel="a false trigger within a year")
        axis.legend()

    figure = album.draw("false_triggers", paint)
    checks = []
    for index, count in enumerate(COUNTS):
        name = f"years with a false trigger at K = {count}"
        checks.append(compare_absolute(name, simulated[index], drawn[index], size.room(0.02), figure))
        checks.append(
            tell(f"{name}, for the printed approximation", simulated[index], formula[index], figure)
        )
    return checks


def _check_no_noise(size: Size) -> list[Check]:
    """Check that without false reports and wrong names no trigger is false, and that some are pulled."""
    sums = _run(size.n(200), 74, 2, WINDOW, background_rate=1.0)
    false, pulled = float(sums.column("n_false_triggers").max()), float(sums.column("n_triggers").mean())
    return [
        Check("no noise: false triggers of any year", 0.0, false, false, 0.0),
        Check("no noise: true triggers of a year, at least", 1.0, pulled, max(0.0, 1.0 - pulled), 0.0),
    ]
