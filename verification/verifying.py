"""What every group of checks shares: how much to run, what a check found, where figures and the table go.

A check compares one measured number with one known beforehand. Its threshold holds at full size; a smaller
run has more noise and is given more room in proportion, 1/sqrt(share), unless the check is exact.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from truceline.files import write_atomically

HEADING = ("group", "check", "figure", "threshold", "expected", "measured", "off by", "verdict")
FIGURE_SIZE = (6.4, 3.6)
"""Inches: two stand side by side on a page."""
SHORT_SHARE = 0.02
"""Of the full size, for the test suite: seconds instead of minutes."""


@dataclass(frozen=True)
class Size:
    """How much of the full size to run."""

    share: float = 1.0

    def n(self, full: int, least: int = 1) -> int:
        """Return how many of `full` replicates to run."""
        return max(least, round(full * self.share))

    def room(self, threshold: float) -> float:
        """Return a threshold of chance for this size: noise falls with the root of the number."""
        return threshold / math.sqrt(min(1.0, self.share))


@dataclass(frozen=True)
class Check:
    """One check: what was expected, what was found, how far off it may be."""

    name: str
    expected: float
    measured: float
    off: float
    """Distance between the two, in the measure of the threshold."""
    threshold: float
    unit: str = ""
    """'%' where distance and threshold are shares of what was expected, else nothing."""
    figure: str = ""
    is_told: bool = False
    """True where nothing is judged: the figure is shown because the specification asks for it."""

    @property
    def passed(self) -> bool:
        """Tell whether the measured number is within the threshold; never where it is no number."""
        return self.is_told or self.off <= self.threshold

    @property
    def verdict(self) -> str:
        """Return the word for the table."""
        return "told" if self.is_told else "yes" if self.passed else "NO"

    def cells(self, group: str) -> tuple[str, ...]:
        """Return the row of the table as text."""
        scale = 100.0 if self.unit == "%" else 1.0
        unit = " %" if self.unit == "%" else ""
        threshold = "" if self.is_told else f"{scale * self.threshold:.3g}{unit}"
        off = f"{scale * self.off:.2g}{unit}"
        numbers = (f"{self.expected:.6g}", f"{self.measured:.6g}")
        return (group, self.name, self.figure, threshold, *numbers, off, self.verdict)


def compare_relative(
    name: str, measured: float, expected: float, threshold: float, figure: str = ""
) -> Check:
    """Return a check of the relative distance from what is expected."""
    off = abs(measured / expected - 1)
    return Check(name, expected, measured, off, threshold, "%", figure)


def compare_absolute(
    name: str, measured: float, expected: float, threshold: float, figure: str = ""
) -> Check:
    """Return a check of the distance from what is expected."""
    return Check(name, expected, measured, abs(measured - expected), threshold, "", figure)


def tell(name: str, measured: float, expected: float, figure: str = "") -> Check:
    """Return a line that is shown and not judged."""
    return Check(name, expected, measured, abs(measured - expected), 0.0, "", figure, is_told=True)


@dataclass(frozen=True)
class Album:
    """Where figures go; without a folder none is drawn."""

    folder: Path | None = None

    def draw(self, name: str, paint: Callable[[Any], None]) -> str:
        """Let `paint` draw on an axis, write it as `name`.svg and return the file's name."""
        if self.folder is None:
            return ""
        import matplotlib as mpl

        mpl.use("Agg")
        from matplotlib import pyplot as plt

        with mpl.rc_context({"svg.hashsalt": name, "svg.fonttype": "none", "font.size": 9}):
            figure, axis = plt.subplots(figsize=FIGURE_SIZE, layout="constrained")
            paint(axis)
            axis.spines[["top", "right"]].set_visible(False)
            written = io.StringIO()
            figure.savefig(written, format="svg", metadata={"Date": None})  # the same bytes every time
            plt.close(figure)
        write_atomically(self.folder / f"{name}.svg", written.getvalue())
        return f"{name}.svg"


def to_markdown(found: Sequence[tuple[str, str, Sequence[Check]]], size: Size) -> str:
    """Return the page: one table, the groups' titles as bold lines. found: (group, title, checks)."""
    share = (
        "at full size" if size.share == 1 else f"at {size.share:g} of the full size, with wider thresholds"
    )
    lines = [
        "# Checks of the simulated ceasefire against what is known",
        "<!-- Written by verification/run_all.py: run it again instead of editing. -->",
        "",
        f"Run {share}. What each shows: [README.md](../README.md).",
        "",
        f"| {' | '.join(HEADING[1:])} |",
        f"|{'---|' * (len(HEADING) - 1)}",
    ]
    for group, title, checks in found:
        lines.append(f"| **{title}** | | | | | | |")
        for check in checks:
            _, name, figure, *rest = check.cells(group)
            lines.append(f"| {' | '.join((name, f'[figure]({figure})' if figure else '', *rest))} |")
    return "\n".join([*lines, ""])


def to_csv(found: Sequence[tuple[str, str, Sequence[Check]]]) -> str:
    """Return the same table for machines."""
    written = io.StringIO()
    table = csv.writer(written, lineterminator="\n")
    table.writerow(HEADING)
    for group, _, checks in found:
        table.writerows(check.cells(group) for check in checks)
    return written.getvalue()
