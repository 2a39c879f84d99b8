"""Words and cells for talks on a terminal of a hundred columns: scales, readings, names, marks.

It computes nothing; what a number means stands in `truceline.talks`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from truceline.cli._console import print_line
from truceline.talks.model import Board, Issue
from truceline.trace import Traced

WIDTH = 100
"""Columns that plain lines are wrapped to."""
CHART_COLUMNS = 21
"""Places of a line chart between its ends."""
_NO_BREAK = "\N{NO-BREAK SPACE}"
_WIDE, _MIDDLE = 50.0, 5.0
"""Spans of a scale from which values bear no decimal, and one."""


def tell_place(value: float, issue: Issue) -> str:
    """Return a value on an issue's scale, with the digits that its span allows."""
    digits = 0 if issue.span >= _WIDE else 1 if issue.span >= _MIDDLE else 2
    text = f"{value:.{digits}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def tell_stretch(low: float, high: float, issue: Issue) -> str:
    """Return a stretch of a scale; one value where both ends read the same."""
    first, last = tell_place(low, issue), tell_place(high, issue)
    return first if first == last else f"{first}-{last}"


def tell_coded(number: Traced, issue: Issue) -> str:
    """Return a coded number with its range."""
    low, high = number.bounds
    value = tell_place(number.value, issue)
    return value if low == high else f"{value} ({tell_stretch(low, high, issue)})"


def tell_readings(share: float) -> str:
    """Return a share of readings as so many of a hundred; never none or all unless it is."""
    if 0 < share < 0.005:
        return "<1"
    return ">99" if 0.995 <= share < 1 else f"{100 * share:.0f}"


def tell_name(actor: str, board: Board) -> str:
    """Return an actor's name without what is added in brackets."""
    return board.actors[actor].name.partition(" (")[0]


def tell_actors(actors: Iterable[str], board: Board) -> str:
    """Return names, parted by commas."""
    return ", ".join(tell_name(actor, board) for actor in actors)


def tell_change(before: float, after: float, issue: Issue) -> str:
    """Return two values of a scale that differ, with as many digits as it takes to see that they do."""
    first, last = tell_place(before, issue), tell_place(after, issue)
    if first == last:
        first, last = f"{before:.2f}", f"{after:.2f}"
    return f"{first} to {last}" if first != last else f"just off {tell_place(before, issue)}"


def tell_shift(shift: float, issue: Issue) -> str:
    """Return a signed distance on a scale; empty where it is rounding."""
    size = tell_place(abs(shift), issue)
    return "" if size == "0" else f"{'+' if shift > 0 else '-'}{size}"


def draw_place(number: Traced, issue: Issue) -> str:
    """Return a scale as a line: ``|..--o---..|``, with the value and its range."""

    def at(value: float) -> int:
        return round((value - issue.low_end) / issue.span * (CHART_COLUMNS - 1))

    low, high = (at(value) for value in number.bounds)
    marks = ["-" if low <= n <= high else "." for n in range(CHART_COLUMNS)]
    marks[at(number.value)] = "o"
    return f"|{''.join(marks)}|"


def print_wrapped(text: str, indent: str = "", hanging: str = "") -> None:
    """Print a paragraph folded to the width; `indent` is before every line, `hanging` before later ones."""
    lines = textwrap.wrap(
        text.replace(" %", f"{_NO_BREAK}%"),
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + hanging,
        break_on_hyphens=False,
    )
    for line in lines or [""]:
        print_line(line.replace(_NO_BREAK, " "))


def fold(text: str, columns: int) -> str:
    """Return a text folded into a cell of so many columns."""
    return "\n".join(textwrap.wrap(text, columns, break_on_hyphens=False))


def join_sentences(parts: Sequence[str]) -> str:
    """Return parts as one sentence, parted by semicolons."""
    return "; ".join(part for part in parts if part)
