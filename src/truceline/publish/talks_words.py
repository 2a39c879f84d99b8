"""Words for talks: places on a scale, shares of readings, verdicts and seats, for the page and the terminal.

Formats only. A share of readings is a share of draws of our own codings of the same words: it is never put
as a chance of anything.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from truceline.publish.sizes import ABOUT

if TYPE_CHECKING:
    from truceline.talks.answers import Answer
    from truceline.talks.model import Issue, Place, Seat
    from truceline.talks.sampling import Spread

OUR_CODING = (
    f"Every position, salience, power and quota here is our own coding of public words, marked {ABOUT} or"
    " drawn with its range; no actor gave a number."
)
"""Said once, where the first coded number stands."""
READINGS = "readings of the same words"
"""What a share of draws is a share of."""
ABSENT = "Absent is not neutral: who has said nothing is counted nowhere, and not in the middle."
WHAT_STANDS = (
    "An agreement stands where every quota is reached and nobody blocks it: by a veto, or by withholding the"
    " yes that one of its terms asks for. An actor accepts where what it settles lies nearer to what it asked"
    " for than no agreement does."
)
VERDICT_SIGNS = {
    "accepts": "+",
    "leans to yes": "(+)",
    "leans to no": "(\N{MINUS SIGN})",
    "rejects": "\N{MINUS SIGN}",
    "silent": "\N{MIDDLE DOT}",
}
"""Signs beside the words, so that a cell can be read without its colour."""
BLOCKS_SIGN = "\N{BLACK SQUARE}"
SEAT_SIGNS: dict[Seat, str] = {
    "party": "\N{BLACK CIRCLE}",
    "consulted": "\N{CIRCLE WITH LEFT HALF BLACK}",
    "absent": "\N{WHITE CIRCLE}",
}
NONE = "\N{EN DASH}"
_DASH = "\N{EN DASH}"
_WIDE_SCALE = 20.0
"""A scale at least as wide is shown in whole numbers: a coding is worth no more."""


def say_value(issue: Issue, value: float | None) -> str:
    """Return a place on an issue's scale, without its unit; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return NONE
    return f"{value:.0f}" if issue.span >= _WIDE_SCALE else f"{value:.1f}"


def say_span(issue: Issue, low: float | None, high: float | None) -> str:
    """Return a stretch of an issue's scale; one value where both ends read alike, nothing without them."""
    if low is None or high is None:
        return ""
    ends = dict.fromkeys((say_value(issue, low), say_value(issue, high)))
    return _DASH.join(ends)


def say_coded(issue: Issue, place: Place) -> str:
    """Return a coded position with its mark and range."""
    low, high = place.position.bounds
    return f"{ABOUT}{say_value(issue, place.position.value)} ({say_span(issue, low, high)})"


def say_answer(issue: Issue, answer: Answer) -> str:
    """Return where a model puts an outcome: a value, a stretch where it has no single one, or a dash.

    In brackets where the model comes back to one place and does not settle there.
    """
    if answer.value is not None:
        return say_value(issue, answer.value)
    span = say_span(issue, answer.low, answer.high)
    return f"({span})" if span and not answer.has_spread else span or NONE


def say_band(issue: Issue, spread: Spread | None) -> str:
    """Return where eight tenths of the readings lie; nothing without draws."""
    return "" if spread is None else say_span(issue, spread.band.low, spread.band.high)


def say_readings(share: float | None) -> str:
    """Return a share of readings as so many of a hundred, never none or all unless it is."""
    if share is None:
        return ""
    if 0 < share < 0.005:
        return "fewer than 1 of 100"
    if 0.995 <= share < 1:
        return "more than 99 of 100"
    return f"{100 * share:.0f} of 100"


def show_readings(share: float | None) -> str:
    """Return the same for a tight cell: the number of a hundred alone."""
    if share is None:
        return ""
    if 0 < share < 0.005:
        return "<1"
    return ">99" if 0.995 <= share < 1 else f"{100 * share:.0f}"


def say_scale(issue: Issue) -> str:
    """Return the scale of an issue with the meaning of both ends."""
    unit = f" {issue.unit}" if issue.unit else ""
    return f"{issue.low_end:g} ({issue.low_means}) to {issue.high_end:g}{unit} ({issue.high_means})"


def say_between(issue: Issue, value: float) -> str:
    """Return the meanings of the marks on either side of a value, or of the one it lies at."""
    marks = sorted(
        {issue.low_end: issue.low_means, issue.high_end: issue.high_means, **dict(issue.marks)}.items()
    )
    near = [means for at, means in marks if abs(at - value) <= issue.span / 40]
    if near:
        return f"at \N{LEFT DOUBLE QUOTATION MARK}{near[0]}\N{RIGHT DOUBLE QUOTATION MARK}"
    below = [means for at, means in marks if at < value]
    above = [means for at, means in marks if at > value]
    if not below or not above:
        return ""
    quoted = [
        f"\N{LEFT DOUBLE QUOTATION MARK}{means}\N{RIGHT DOUBLE QUOTATION MARK}"
        for means in (below[-1], above[0])
    ]
    return f"between {' and '.join(quoted)}"
