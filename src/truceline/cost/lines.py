"""Lines of a budget, and the only way to add them: on one basis, in one currency, at prices of one year.

Money. Lines carry low and high; the ends of a total are the sums of the ends, as if all
prices moved together.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from truceline.errors import ProblemList, ScenarioError

Heading = Literal[
    "people",
    "posts",
    "masts",
    "drones",
    "drone-services",
    "lift-in",
    "lift-out",
    "camp",
    "sustainment",
    "start-up",
    "contingency",
]
HEADINGS: tuple[Heading, ...] = get_args(Heading)
"""What money is spent on, in the order it is shown."""


@dataclass(frozen=True)
class Amount:
    """Money with its range."""

    value: float
    low: float
    high: float
    ours: bool = False
    """Whether a size that nobody stated is in it."""


@dataclass(frozen=True)
class CostLine:
    """One cell of a budget."""

    year: int
    """1 is the first year."""
    heading: Heading
    task: str
    capability: str
    nation: str
    """Code; empty for what nobody sends."""
    amount: Amount
    """With the range of prices: the force is the same whoever sends it."""
    sent: Amount
    """With the range of people too: what the nation may bring, or what may be left to nobody."""
    basis: str
    """What the money counts: a basis of cost, or a word that says why it is not summed."""
    currency: str
    price_year: int


def add_lines(lines: Iterable[CostLine], *, sent: bool = False) -> Amount:
    """Return the sum of lines, with the range of prices, or with that of the people sent.

    The second is for the lines of one nation: ranges of people of several do not add, for what one does not
    send is left to nobody.

    Raises
    ------
    ScenarioError
        When they are on more than one basis, in more than one currency or at prices of more than one year.
    """
    found = list(lines)
    problems = ProblemList()
    for what, kinds, hint in (
        ("basis", {line.basis for line in found}, "show them side by side"),
        ("currency", {line.currency for line in found}, "convert them with a table of rates first"),
        ("price year", {str(line.price_year) for line in found}, "bring them to one year first"),
    ):
        if len(kinds) > 1:
            problems.add("total", f"has lines of more than one {what}: {', '.join(sorted(kinds))}", hint)
    problems.raise_if_any(ScenarioError, "costs cannot be added")
    return add_amounts(line.sent if sent else line.amount for line in found)


def add_amounts(amounts: Iterable[Amount]) -> Amount:
    """Return the sum of amounts that are known to be alike; a sum with one of ours in it is marked."""
    found = list(amounts)
    return Amount(
        math.fsum(amount.value for amount in found),
        math.fsum(amount.low for amount in found),
        math.fsum(amount.high for amount in found),
        any(amount.ours and amount.high > 0 for amount in found),
    )


def group_lines(
    lines: Iterable[CostLine], key: Callable[[CostLine], str], *, sent: bool = False
) -> dict[str, Amount]:
    """Return the sum of lines by a key, keys in order of appearance. Raises as `add_lines`."""
    groups: dict[str, list[CostLine]] = {}
    for line in lines:
        groups.setdefault(key(line), []).append(line)
    add_lines(line for group in groups.values() for line in group)
    return {name: add_lines(group, sent=sent) for name, group in groups.items()}
